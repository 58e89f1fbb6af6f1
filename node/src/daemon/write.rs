//! Requests that change something: each becomes posts and local facts, checked against what the log says,
//! so that nobody signs a post that would say nothing.

mod door;
mod events;
mod groups;
mod profile;
mod rights;
mod sealing;
mod seating;
mod talk;

use std::fmt::Display;

use klatch_feed::meetup::RoleLine;
use klatch_feed::post::{EventFields, Person, Role};
use klatch_feed::{EntryId, EventState, FeedId, GroupState, Post, Verified};
use klatch_store::{Incoming, Snapshot};

use super::local::{self, Local, Spaces};
use super::refusal::Refusal;
use super::request::Request;
use super::response::{Created, Deleted, FollowLine, Imported, Opened, Response};
use super::sentence::Sentence;
use super::{Among, Shared, delete, hidden, read};
use crate::foreign;
use crate::names;
use crate::network::{unhex, unhex_any};
use crate::share::{Address, ShareLine};
use events::Dates;
pub(crate) use rights::below;
pub(super) use rights::role_word;
use rights::{right, role_in};
use sealing::FirstAddress;

/// Longest petname, in bytes.
const PETNAME_BYTES_MAX: usize = 60;
/// Most entries that one tombstone takes back: spec/posts.md, "tombstone".
const TARGETS_MAX: usize = 8;
/// Most updates that one update replaces: spec/posts.md, "update".
const REPLACES_MAX: usize = 7;

/// Turns the entries of a plan into its answer.
type Then = Box<dyn FnOnce(&[Verified]) -> Response + Send>;

/// A write that is ready to be committed.
pub(super) struct Plan {
    pub(super) posts: Vec<Post>,
    pub(super) locals: Vec<Local>,
    /// What to say next of the event that `posts` found: free text has no place in a founding entry.
    pub(super) details: Option<EventFields>,
    /// The address of that event, for some eyes.
    pub(super) address: Option<FirstAddress>,
    /// The poll that this event comes of.
    pub(super) settles: Option<EntryId>,
    /// What a calendar knows that event by.
    pub(super) uid: Option<String>,
    /// The answer, given the entries that the posts became.
    pub(super) then: Then,
}

impl Plan {
    /// What is said next of `event`, once it has its id.
    pub(super) fn next(&self, event: EntryId) -> Vec<Post> {
        let details = self.details.clone().map(Box::new);
        let update = details.map(|fields| Post::Update { event, replaces: Vec::new(), fields, occ: None });
        let settled = self.settles.map(|poll| Post::Settled { poll, event });
        // Its form was checked when it was planned.
        let address = self.address.iter().flat_map(|first| first.posts(event).unwrap_or_default());
        update.into_iter().chain(address).chain(settled).collect()
    }

    /// What is kept of `event` beside the log, once it has its id.
    pub(super) fn kept(&self, event: EntryId) -> Option<Local> {
        let key = local::uid_key(self.uid.as_deref()?);
        Some(Local { space: Spaces::IMPORTED, key, value: Some(event.as_bytes().to_vec()) })
    }

    fn post(post: Post) -> Self {
        Self::posts(vec![post], |entries| Response::Created(created(entries)))
    }
    /// The same, with what else there is to know.
    fn noting(self, notes: Vec<String>) -> Self {
        Self { then: Box::new(|entries| Response::Created(Created { notes, ..created(entries) })), ..self }
    }
    fn posts(posts: Vec<Post>, then: impl FnOnce(&[Verified]) -> Response + Send + 'static) -> Self {
        Self {
            posts,
            locals: Vec::new(),
            details: None,
            address: None,
            settles: None,
            uid: None,
            then: Box::new(then),
        }
    }
    fn local(locals: Vec<Local>, response: Response) -> Self {
        Self { locals, ..Self::posts(Vec::new(), |_| response) }
    }
}

fn created(entries: &[Verified]) -> Created {
    let entry = entries.first().expect("one entry per post");
    let header = entry.header();
    let (id, feed, seq) = (entry.id(), header.author, header.seq);
    Created { id, feed, seq, lifts: vec![], role: None, notes: vec![] }
}

/// What a request comes to, as the log stands in `snapshot`.
pub(super) fn plan(shared: &Shared, snapshot: &Snapshot, request: Request) -> Result<Plan, Refusal> {
    let on = On { me: shared.me, shared, snapshot };
    match request {
        Request::Follow { who, petname } => on.follow(&who, petname),
        Request::Unfollow { who } => on.unfollow(&who),
        Request::Block { who } => on.block(&who),
        Request::PeerAdd { feed, address } => on.peer_add(feed, &address),
        Request::PeerHome { who, on: is_home } => on.peer_home(&who, is_home),
        Request::GroupCreate { name, owners, schedulers, joining, silence } => {
            let owners = owners.iter().map(|who| on.person(who)).collect::<Result<_, _>>()?;
            Ok(Plan::post(Post::Group { name, owners, schedulers, joining, silence }))
        }
        Request::GroupAccept { group, who } => on.accept(&group, &who),
        Request::GroupRemove { group, who } => on.remove(&group, &who),
        Request::Endorse { object, entries } => on.endorse(&object, &entries),
        Request::Silent { group, owner, heir } => on.silent(&group, &owner, &heir),
        Request::Present { group } => on.present(&group),
        Request::Hide { object, entries, on: is_on, reason } => on.hide(&object, &entries, is_on, &reason),
        Request::GroupPublic { group, on: is_on } => on.public(&group, is_on),
        Request::GroupJoin { group } => on.join(&group),
        Request::GroupLeave { group } => on.leave(&group),
        Request::Schedule(schedule) => on.schedule(schedule),
        Request::EventUpdate { event, on: date, fields, extra, except, address } => {
            on.update(&event, date.as_deref(), (*fields, address), &Dates { extra, except })
        }
        Request::EventSkip { event, on: date } => on.skip(&event, &date),
        Request::EventCancel { event, reason } => on.cancel(&event, reason),
        Request::Admit { event, on: date, people } => on.admit(&event, date.as_deref(), &people),
        Request::Release { event, on: date, people } => on.release(&event, date.as_deref(), &people),
        Request::Close { event, on: date } => on.close(&event, date.as_deref()),
        Request::Confirm { event, on: date } => on.confirm(&event, date.as_deref()),
        Request::Grant { object, who, role, quota } => on.grant(&object, &who, role, quota),
        Request::Revoke { object, who } => on.revoke(&object, &who),
        Request::Rsvp { event, on: date, answer, party, note, answers } => {
            on.rsvp(&event, date.as_deref(), (answer, party, note), &answers)
        }
        Request::Feedback { event, on: date, text } => on.feedback(&event, date.as_deref(), &text),
        Request::Comment { object, text, tone } => on.comment(&object, text, tone),
        Request::Poll(request) => on.poll(request),
        Request::Profile { name, about, links } => on.profile(name, about, links),
        Request::PublishFollow { who, on: is_on } => on.publish_follow(&who, is_on),
        Request::AtDoor { event, on: date, who, what } => on.at_door((&event, date.as_deref()), &who, what),
        Request::Here { event, on: date } => on.here(&event, date.as_deref()),
        Request::Delete { entries } => on.delete(&entries),
        Request::Open { line } => on.open(&line),
        _ => unreachable!("`read` answers what changes nothing, and the owner rebuilds and imports"),
    }
}

/// The log as one request finds it.
struct On<'a> {
    me: FeedId,
    shared: &'a Shared,
    snapshot: &'a Snapshot,
}

impl On<'_> {
    fn follow(&self, who: &str, petname: Option<String>) -> Result<Plan, Refusal> {
        let lineage = self.snapshot.lineage()?;
        let feed = lineage.now(names::person(self.snapshot, self.me, who)?);
        if feed == self.me {
            return Err(no_effect(said("refused-you", "", "this is you: your own posts are always here")));
        }
        klatch_feed::PublicKey::parse(&feed).map_err(|error| field("feed", error))?;
        let genesis = self.snapshot.genesis(&feed)?.map(|id| id.as_bytes().to_vec());
        let mut locals = vec![Local::of_feed(Spaces::FOLLOW, &feed, Some(genesis.unwrap_or_default()))];
        // Following somebody again ends a block, under whatever key it was.
        locals.extend(lineage.line(feed).iter().map(|key| Local::of_feed(Spaces::BLOCK, key, None)));
        let mut line = read::follow_line(self.snapshot, feed)?;
        (line.followed, line.blocked) = (true, false);
        if petname.as_deref() == Some("") {
            locals.push(Local::of_feed(Spaces::PETNAME, &feed, None));
            // Of an earlier key it would come back: petnames come along to the next.
            locals.extend(lineage.line(feed).iter().map(|key| Local::of_feed(Spaces::PETNAME, key, None)));
            line.petname = None;
        } else if let Some(name) = petname {
            check_petname(&name)?;
            locals.push(Local::of_feed(Spaces::PETNAME, &feed, Some(name.clone().into_bytes())));
            line.petname = Some(name);
        }
        Ok(Plan::local(locals, Response::Person(line)))
    }

    fn unfollow(&self, who: &str) -> Result<Plan, Refusal> {
        let feed = names::person(self.snapshot, self.me, who)?;
        let line = read::follow_line(self.snapshot, feed)?;
        if !line.followed {
            return Err(no_effect(said("refused-not-followed", "", "you do not follow them")));
        }
        let line = FollowLine { followed: false, ..line };
        let keys = self.snapshot.lineage()?.line(feed);
        let locals = keys.iter().map(|key| Local::of_feed(Spaces::FOLLOW, key, None)).collect();
        Ok(Plan::local(locals, Response::Person(line)))
    }

    fn block(&self, who: &str) -> Result<Plan, Refusal> {
        let feed = names::person(self.snapshot, self.me, who)?;
        if feed == self.me {
            return Err(no_effect(said("refused-you", "", "this is you")));
        }
        let line = FollowLine { followed: false, blocked: true, ..read::follow_line(self.snapshot, feed)? };
        let keys = self.snapshot.lineage()?.line(feed);
        let unfollow = keys.iter().map(|key| Local::of_feed(Spaces::FOLLOW, key, None));
        let block = keys.iter().map(|key| Local::of_feed(Spaces::BLOCK, key, Some(Vec::new())));
        Ok(Plan::local(unfollow.chain(block).collect(), Response::Person(line)))
    }

    fn peer_add(&self, feed: FeedId, address: &str) -> Result<Plan, Refusal> {
        let address: Address = address.parse().map_err(|error| field("address", error))?;
        klatch_feed::PublicKey::parse(&feed).map_err(|error| field("feed", error))?;
        Ok(Plan::local(vec![self.reachable(feed, &[address])?], Response::Done))
    }

    fn peer_home(&self, who: &str, is_home: bool) -> Result<Plan, Refusal> {
        let feed = names::person(self.snapshot, self.me, who)?;
        if feed == self.me {
            return Err(no_effect("this is you: a home is a node other than yours that keeps your log"));
        }
        let line = read::follow_line(self.snapshot, feed)?;
        let keys = self.snapshot.lineage()?.line(feed);
        let fact = |key: &FeedId| Local::of_feed(Spaces::HOME, key, is_home.then(Vec::new));
        Ok(Plan::local(keys.iter().map(fact).collect(), Response::Person(line)))
    }

    /// Remembers addresses of a feed, newest first.
    fn reachable(&self, feed: FeedId, new: &[Address]) -> Result<Local, Refusal> {
        let held = self.snapshot.local(Spaces::PEER, feed.as_bytes())?.unwrap_or_default();
        let held: Vec<String> = serde_json::from_slice(&held).unwrap_or_default();
        let mut all: Vec<String> = new.iter().map(ToString::to_string).collect();
        all.extend(held.into_iter().filter(|old| new.iter().all(|new| new.as_str() != old)));
        all.truncate(crate::share::ADDRESSES_MAX);
        let value = serde_json::to_vec(&all).expect("strings are JSON");
        Ok(Local::of_feed(Spaces::PEER, &feed, Some(value)))
    }

    fn join(&self, group: &str) -> Result<Plan, Refusal> {
        let group = self.group(&names::group(self.snapshot, group)?)?;
        if group.members.contains(&self.me) {
            return Err(no_effect(said(
                "refused-member",
                &group.name,
                format!("you are a member of {:?} already", group.name),
            )));
        }
        self.my_role(&group.id, &group.roles)?;
        self.not_removed(&group)?;
        if group.asking.contains(&self.me) {
            let text = format!("you ask to join {:?} already: an organizer decides", group.name);
            return Err(no_effect(said("refused-asking", &group.name, text)));
        }
        Ok(Plan::post(Post::Join { group: group.id }))
    }

    fn leave(&self, group: &str) -> Result<Plan, Refusal> {
        let group = self.group(&names::group(self.snapshot, group)?)?;
        // Who asks to be let in asks no more.
        if !group.members.contains(&self.me) && !group.asking.contains(&self.me) {
            return Err(no_effect(said(
                "refused-no-member",
                &group.name,
                format!("you are not a member of {:?}", group.name),
            )));
        }
        self.without_role(&group)?;
        Ok(Plan::post(Post::Leave { group: group.id }))
    }

    fn cancel(&self, event: &str, reason: String) -> Result<Plan, Refusal> {
        let event = self.event(event)?;
        self.hosts(&event, Role::Organizer)?;
        if event.cancelled {
            return Err(no_effect(said(
                "refused-cancelled",
                &event.title,
                format!("{:?} is cancelled already", event.title),
            )));
        }
        Ok(Plan::post(Post::Cancel { event: event.id, reason }))
    }

    fn delete(&self, entries: &[String]) -> Result<Plan, Refusal> {
        let targets = delete::targets(self.snapshot, self.me, entries)?;
        let posts = targets.chunks(TARGETS_MAX).map(|some| Post::Tombstone { targets: some.to_vec() });
        Ok(Plan::posts(posts.collect(), |entries| {
            let ids = entries.iter().map(|entry| entry.id()).collect();
            Response::Deleted(Deleted { ids, entries: targets })
        }))
    }

    fn open(&self, line: &str) -> Result<Plan, Refusal> {
        let line: ShareLine = line.parse().map_err(|error: crate::share::ShareError| {
            field_said("line", said("refused-line", "", error.to_string()))
        })?;
        klatch_feed::PublicKey::parse(&line.host).map_err(|error| field("host", error))?;
        let mut locals = vec![Local::of_object(Spaces::OPENED, &line.object, Some(Vec::new()))];
        if line.host != self.me {
            let genesis = self.snapshot.genesis(&line.host)?.map(|id| id.as_bytes().to_vec());
            locals.push(Local::of_feed(Spaces::FOLLOW, &line.host, Some(genesis.unwrap_or_default())));
            if !line.addresses.is_empty() {
                locals.push(self.reachable(line.host, &line.addresses)?);
            }
        }
        let held =
            self.snapshot.event(&line.object)?.is_some() || self.snapshot.group(&line.object)?.is_some();
        let addresses = line.addresses.iter().map(ToString::to_string).collect();
        let opened = Opened { id: line.object, host: line.host, addresses, held };
        Ok(Plan::local(locals, Response::Opened(opened)))
    }

    /// What this node calls somebody, for a sentence that names them.
    fn called(&self, feed: &FeedId) -> String {
        local::called(self.snapshot, feed).unwrap_or_else(|_| names::short(feed))
    }

    fn event(&self, text: &str) -> Result<EventState, Refusal> {
        let id = names::event(self.snapshot, text)?;
        let unknown = || Refusal::Unknown { text: text.to_owned(), among: Among::Events };
        // Refusals tell its title.
        Ok(hidden::veiled(self.snapshot, self.snapshot.event(&id)?.ok_or_else(unknown)?)?)
    }

    fn group(&self, id: &EntryId) -> Result<GroupState, Refusal> {
        let unknown = || Refusal::Unknown { text: id.to_string(), among: Among::Groups };
        self.snapshot.group(id)?.ok_or_else(unknown)
    }

    fn roles(&self, object: &EntryId) -> Result<(String, Vec<RoleLine>), Refusal> {
        Ok(match self.snapshot.event(object)? {
            Some(event) => {
                let EventState { title, hosts, .. } = hidden::veiled(self.snapshot, event)?;
                (title, hosts)
            }
            None => self.group(object).map(|group| (group.name, group.roles))?,
        })
    }

    fn person(&self, who: &str) -> Result<Person, Refusal> {
        let feed = names::person(self.snapshot, self.me, who)?;
        let genesis = self.snapshot.genesis(&feed)?.ok_or(Refusal::NotHeld { who: who.to_owned() })?;
        // Whom one follows is named with their first entry: another one is somebody else's doing.
        let trusted = local::feeds(self.snapshot, Spaces::FOLLOW)?.remove(&feed).unwrap_or_default();
        match trusted.is_empty() || trusted == genesis.as_bytes() {
            true => Ok(Person { feed, genesis }),
            false => {
                let text = format!("{who} has another first entry than when you followed them: ask them");
                Err(no_effect(said("refused-other-person", who, text)))
            }
        }
    }
}

/// What a piece of a feed is to the store.
pub(super) fn incoming(feed: FeedId, base8: Option<String>, chunk: &str) -> Result<Incoming, Refusal> {
    let wrong = || field("chunk", "not the hex digits that an export holds");
    let base8 = base8.map(|text| unhex(&text).ok_or_else(wrong)).transpose()?;
    Ok(Incoming { feed, base8, chunk: unhex_any(chunk).ok_or_else(wrong)? })
}

/// What the store made of an imported piece.
pub(super) fn imported(feed: FeedId, outcomes: Vec<klatch_store::Outcome>) -> Result<Plan, Refusal> {
    use klatch_store::Outcome;
    let problem = match outcomes.into_iter().next() {
        Some(Outcome::Accepted(state)) => {
            let imported = Imported { feed, entries: state.len };
            return Ok(Plan::local(Vec::new(), Response::Imported(imported)));
        }
        Some(Outcome::Forked(_)) => {
            "it differs from what is here: the author signed two histories, and the proof is kept"
        }
        Some(Outcome::Gap(_)) => "it starts after the end of what is here",
        Some(Outcome::OtherBranch(_)) => "it continues another history than the one here",
        Some(Outcome::Faulty(error)) => return Err(field("file", error)),
        None => "the store said nothing",
    };
    Err(field("file", problem))
}

fn no_effect(problem: impl Into<Sentence>) -> Refusal {
    Refusal::NoEffect { problem: problem.into() }
}

/// That nothing comes of it any more.
fn cancelled(title: &str) -> Sentence {
    said("refused-cancelled", title, format!("{title:?} is cancelled"))
}

/// See [`Sentence::said`].
fn said(key: &'static str, who: &str, text: impl Into<String>) -> Sentence {
    Sentence::said(key, who, text)
}

fn field(name: &str, problem: impl Display) -> Refusal {
    field_said(name, problem.to_string())
}

fn field_said(name: &str, problem: impl Into<Sentence>) -> Refusal {
    Refusal::Field { field: name.to_owned(), problem: problem.into() }
}

/// What this node posts as a link is one: others' pages and calendars pass over what is not. Empty takes it away.
fn check_link(name: &str, text: Option<&str>) -> Result<(), Refusal> {
    match text.filter(|text| !text.is_empty() && foreign::link(text).is_none()) {
        Some(text) => {
            let problem = format!("{text:?} is no link like https://example.org/meet");
            Err(field_said(name, said("refused-link", text, problem)))
        }
        None => Ok(()),
    }
}

fn check_petname(name: &str) -> Result<(), Refusal> {
    let fits = !name.is_empty() && name.len() <= PETNAME_BYTES_MAX && name.trim() == name;
    match fits && !name.contains(char::is_control) && !name.starts_with("feed1") && name != "me" {
        true => Ok(()),
        false => {
            let text =
                format!("1 to {PETNAME_BYTES_MAX} bytes on one line, and nothing that looks like an id");
            Err(field_said("petname", said("refused-petname", "", text)))
        }
    }
}
