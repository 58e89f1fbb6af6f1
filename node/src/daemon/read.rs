//! Requests that change nothing: answered from a snapshot, beside the owner.

mod agenda;
pub(crate) mod cancelled;
mod door;
mod guests;
pub(crate) mod hidden;
mod inbox;
pub(super) mod person;
mod published;
pub(super) mod talk;
pub(super) mod updates;
mod voided;
mod what;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use klatch_feed::meetup::SeatLine;
use klatch_feed::post::{Purpose, kind};
use klatch_feed::{EntryId, EventState, FeedId, Post, Seq, Verified};
use klatch_store::{DiskError, Held, Snapshot};

use super::hold::Hold;
use super::local::{self, Spaces};
use super::refusal::{Among, Refusal};
use super::request::{PollRequest, Request};
use super::response::*;
use super::sentence::Sentence;
use super::{Progress, Shared, occurrence, recovery, sealing};
use crate::calendar::Dated;
use crate::clock;
use crate::door::arrivals::CheckIns;
use crate::home;
use crate::names;
use crate::network::hex;
use crate::share::{ADDRESSES_MAX, ShareLine};
pub(super) use inbox::Said;
pub(super) use person::follow_line;
use talk::Place;
pub(super) use talk::{hides, may_say, read, settled};
pub(super) use what::what;

/// So soon after an event its author says its details: the same command wrote both.
const WITH_IT_MS: u64 = 1_000;
/// Most entries of one answer to `log`.
const LOG_MAX: u32 = 1000;
/// Most entries about an event that are looked through for comments.
pub(super) const POINTING_MAX: usize = 20_000;
/// Most comments shown with an event.
const COMMENTS_MAX: usize = 500;

/// Answers what changes nothing; `None` where the owner has to.
pub(super) fn answer(
    shared: &Shared,
    addresses: &[String],
    request: &Request,
    progress: Progress<'_>,
) -> Option<Result<Response, Refusal>> {
    let on = |read: &mut dyn FnMut(&On<'_>) -> Result<Response, Refusal>| {
        Some(match shared.reader.snapshot() {
            Ok(snapshot) => read(&On { shared, snapshot: &snapshot }),
            Err(error) => Err(error.into()),
        })
    };
    match request {
        Request::Id => on(&mut |on| on.id()),
        Request::ScheduledAs { uids } => on(&mut |on| on.scheduled_as(uids)),
        Request::Follows => on(&mut |on| on.follows()),
        Request::Inbox => on(&mut |on| on.inbox()),
        Request::Person { who } => on(&mut |on| on.one_person(who.as_deref())),
        Request::GroupList => on(&mut |on| on.groups()),
        Request::GroupShow { group } => on(&mut |on| Ok(Response::Group(Box::new(on.group(group)?)))),
        Request::GroupLocal { group } => on(&mut |on| on.group_local(group)),
        Request::EventList { group, from_ms, max } => {
            on(&mut |on| on.events(group.as_deref(), *from_ms, *max))
        }
        Request::EventFind { find, group, from_ms, max } => {
            on(&mut |on| on.find(find, group.as_deref(), *from_ms, *max))
        }
        Request::EventShow { event, on: date } => {
            on(&mut |on| Ok(Response::Event(Box::new(on.event_on(event, date.as_deref())?))))
        }
        Request::EventLocal { event, on: date } => {
            on(&mut |on| on.local(on.event_on(event, date.as_deref())?))
        }
        Request::Updates { event } => on(&mut |on| on.updates(event)),
        Request::Voided { object, who } => on(&mut |on| on.voided(object, who)),
        Request::DoorAnswer { event, code, trust } => on(&mut |on| on.door_answer(event, code, *trust)),
        Request::EventAttendance { event, on: date } => on(&mut |on| on.attendance(event, date.as_deref())),
        Request::GroupAttendance { group, who } => on(&mut |on| on.records(group, who.as_deref())),
        Request::Poll(PollRequest::Show { poll }) => on(&mut |on| on.poll(poll)),
        Request::Why { event, on: date, who } => on(&mut |on| on.why(event, date.as_deref(), who.as_deref())),
        Request::Share { object } => on(&mut |on| on.share(object, addresses)),
        Request::Log { who, after, max } => on(&mut |on| on.log(who.as_deref(), *after, *max)),
        Request::Calendar { objects } => on(&mut |on| on.calendar(objects)),
        Request::Guests { event } => on(&mut |on| on.guests(event)),
        Request::Published { object, among } => on(&mut |on| on.published(object, *among)),
        Request::ExportFeed { who, from } => on(&mut |on| on.piece(who.as_deref(), *from)),
        Request::Recovery => on(&mut |on| on.recovery()),
        Request::Backup { file } => on(&mut |on| on.backup(file, progress)),
        Request::Storage => on(&mut |on| {
            let mut kept = Kept::default();
            for (_, state) in on.snapshot.feeds()? {
                kept.feeds += 1;
                kept.entries += u64::from(state.len);
                kept.bytes += state.bytes;
            }
            Ok(Response::Storage(kept))
        }),
        Request::Verify => on(&mut |on| {
            let klatch_store::Report { feeds, entries, bytes, problems } = on.snapshot.verify(progress)?;
            Ok(Response::Verified(VerifiedReport { feeds, entries, bytes, problems }))
        }),
        _ => None,
    }
}

/// The log as one request finds it.
struct On<'a> {
    shared: &'a Shared,
    snapshot: &'a Snapshot,
}

impl On<'_> {
    fn id(&self) -> Result<Response, Refusal> {
        let me = self.shared.me;
        let entries = self.snapshot.state(&me)?.map_or(0, |state| state.len);
        let name = self.snapshot.profile(&me)?.map(|(name, _)| name);
        let network = self.shared.network.name().to_owned();
        let held = self.held().map(|held| recovery::plainly(&held));
        Ok(Response::Me(Me { feed: me, name, network, entries, held }))
    }

    fn held(&self) -> Option<Held> {
        self.shared.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn recovery(&self) -> Result<Response, Refusal> {
        let (me, held, now) = (self.shared.me, self.held(), self.shared.now());
        let entries = self.snapshot.state(&me)?.map_or(0, |state| state.len);
        let last = match entries {
            0 => None,
            _ => self.snapshot.entries(&me, entries, 1)?.first().map(log_line),
        };
        let standing = self.shared.standing().unwrap_or_default();
        let mut confirmed = Vec::new();
        for (feed, home) in &standing.confirmed {
            let name = local::called(self.snapshot, feed)?;
            confirmed.push(Confirmed { feed: *feed, name, home: *home });
        }
        Ok(Response::Recovery(Box::new(RecoveryView {
            posting: match &held {
                None => Posting::On,
                Some(Held::Forked { .. }) => Posting::Forked,
                Some(Held::Succeeded { .. } | Held::Outdone { .. }) => Posting::Succeeded,
                Some(_) => Posting::Recovering,
            },
            why: held.map(|held| held.to_string()),
            entries,
            last,
            confirmed,
            twin: standing.twin || self.shared.twin.load(Ordering::Relaxed),
            known: standing.least,
            ready_in_ms: standing.ready_at.map(|at| at.saturating_sub(now)),
            accept_in_ms: standing.accept_at.map(|at| at.saturating_sub(now)),
        })))
    }

    fn backup(&self, file: &Path, progress: Progress<'_>) -> Result<Response, Refusal> {
        let key = self.shared.secret.seed();
        let network = self.shared.network.to_text();
        let parts: [(&str, &[u8]); 2] = [(home::KEY_PART, &*key), (home::NETWORK_PART, network.as_bytes())];
        // What is damaged is copied as it is: it is said now, while there may be an earlier backup.
        let problems = match self.snapshot.verify(&mut *progress) {
            Ok(report) => report.problems,
            Err(error) => vec![error.to_string()],
        };
        self.snapshot.backup(file, &parts, progress)?;
        let me = self.shared.me;
        let entries = self.snapshot.state(&me)?.map_or(0, |state| state.len);
        let bytes = std::fs::metadata(file).map_or(0, |held| held.len());
        Ok(Response::BackedUp(BackedUp { file: file.to_owned(), bytes, feed: me, entries, problems }))
    }

    fn follows(&self) -> Result<Response, Refusal> {
        let mut feeds: BTreeSet<FeedId> = local::feeds(self.snapshot, Spaces::FOLLOW)?.into_keys().collect();
        feeds.extend(local::feeds(self.snapshot, Spaces::BLOCK)?.into_keys());
        // One line a person: under the key they have today.
        let lineage = self.snapshot.lineage()?;
        let feeds: BTreeSet<FeedId> = feeds.into_iter().map(|feed| lineage.now(feed)).collect();
        let lines = feeds.into_iter().map(|feed| follow_line(self.snapshot, feed));
        Ok(Response::Follows(lines.collect::<Result<_, _>>()?))
    }

    fn groups(&self) -> Result<Response, Refusal> {
        let me = self.shared.me;
        let line = |group: klatch_feed::GroupState| GroupLine {
            id: group.id,
            founder: group.founder,
            members: group.members.len(),
            events: group.events.len(),
            role: group.roles.iter().find(|line| line.feed == me).map(|line| line.role),
            member: group.members.contains(&me),
            name: group.name,
        };
        Ok(Response::Groups(self.snapshot.groups()?.into_iter().map(line).collect()))
    }

    fn group(&self, text: &str) -> Result<klatch_feed::GroupState, Refusal> {
        let id = names::group(self.snapshot, text)?;
        let unknown = || Refusal::Unknown { text: text.to_owned(), among: Among::Groups };
        self.snapshot.group(&id)?.ok_or_else(unknown)
    }

    fn group_local(&self, text: &str) -> Result<Response, Refusal> {
        let group = self.group(text)?;
        let mut names = BTreeMap::new();
        let stated = group.silent.iter().flat_map(|line| [line.subject, line.heir]);
        let hiding = group.hidden.iter().map(|line| line.by);
        let outside = group.asking.iter().chain(&group.removed).copied().chain(stated).chain(hiding);
        let roles = group.roles.iter().map(|line| line.feed);
        for feed in roles.chain(group.members.iter().copied()).chain(outside) {
            names.insert(feed, local::called(self.snapshot, &feed)?);
        }
        let (mut titles, mut order) = (BTreeMap::new(), Vec::new());
        for id in &group.events {
            if let Some(event) = self.snapshot.event_titled(id)? {
                let start_ms = klatch_feed::meetup::agenda::start_ms(&event.start, &event.zone);
                order.push((start_ms.unwrap_or(i64::MAX), event.start.clone(), *id));
                titles.insert(*id, hidden::title(self.snapshot, id, event)?);
            }
        }
        order.sort(); // Last those in zones that are not known here.
        let order = order.into_iter().map(|(_, _, id)| id).collect();
        let place = Place { id: group.id, roles: &group.roles, attendance: &[], hidden: &group.hidden };
        let (comments, polls) = (self.comments(&place)?, self.polls(&group)?);
        let facts = self.snapshot.facts(&group.id)?;
        let voice = facts.is_some_and(|facts| facts.has_voice(group.id, self.shared.me));
        let local = GroupLocal { group, names, titles, order, comments, polls, voice };
        Ok(Response::GroupLocal(Box::new(local)))
    }

    fn event(&self, text: &str) -> Result<EventState, Refusal> {
        let id = names::event(self.snapshot, text)?;
        let unknown = || Refusal::Unknown { text: text.to_owned(), among: Among::Events };
        self.snapshot.event(&id)?.ok_or_else(unknown)
    }

    fn changes(&self, event: &EventState) -> Result<u32, Refusal> {
        let Some(founding) = self.snapshot.entry(&event.id)?.filter(|_| event.revision > 0) else {
            return Ok(event.revision);
        };
        let said = founding.header();
        let next = self.snapshot.entries(&said.author, said.seq.saturating_add(1), 1)?.pop();
        let is_of_it = next.is_some_and(|next| {
            let with_it = next.header().time_ms.abs_diff(said.time_ms) <= WITH_IT_MS;
            let first = |post| matches!(post, Post::Update { event: of, replaces, occ: None, .. } if of == event.id && replaces.is_empty());
            with_it && read(&next).is_some_and(first)
        });
        Ok(event.revision - u32::from(is_of_it))
    }

    fn local(&self, event: EventState) -> Result<Response, Refusal> {
        let me = self.shared.me;
        let comments = self.comments(&Place {
            id: event.id,
            roles: &event.hosts,
            attendance: &event.attendance,
            hidden: &event.hidden,
        })?;
        let mut names = BTreeMap::new();
        let hosts = event.hosts.iter().map(|line| line.feed);
        let arrived = event.attendance.iter().map(|line| line.feed);
        let answered = lines(&event).map(|line| line.feed).chain(event.no.iter().copied());
        let here = event.here.iter().copied();
        for feed in hosts.chain(here).chain(arrived).chain(answered).chain([event.author]) {
            names.insert(feed, local::called(self.snapshot, &feed)?);
        }
        let group = event.group.map(|id| self.snapshot.group(&id)).transpose()?.flatten();
        let mine = standing(&event, &me);
        let ranked = matches!(mine, Some(Standing::Seated | Standing::Waiting(_) | Standing::Released));
        let answer = lines(&event).find(|line| line.feed == me).map(|line| self.snapshot.entry(&line.rsvp));
        let answer = answer.transpose()?.flatten();
        let place = answer.as_ref().map(|entry| entry.header().seq);
        let said =
            answer.and_then(|entry| Post::read(entry.header().kind, &entry.header().refs, entry.body()));
        let note = match said {
            Some(Post::Rsvp { note, .. }) => note,
            _ => String::new(),
        };
        let sent = place.is_some_and(|place| place <= self.shared.sent.load(Ordering::Relaxed));
        let delivery = mine.map(|_| match (ranked, sent) {
            (true, _) => Delivery::Seen,
            (false, true) => Delivery::Sent,
            (false, false) => Delivery::Written,
        });
        let mine_by = match mine {
            Some(_) => self.snapshot.why(&event.id, event.occ.as_deref(), me)?.and_then(|why| why.deciding()),
            None => None,
        };
        let hold = held(&event, mine);
        let (start_ms, end_ms) = instants(&event);
        let group_name = group.map(|group| group.name);
        let mut check_ins = CheckIns::default();
        if !event.attendance.is_empty() {
            check_ins.read(self.snapshot, &event.id)?;
        }
        let first_scans = check_ins.firsts(self.snapshot, &event)?;
        let mut sealed = sealing::opened(self.shared, self.snapshot, &event)?;
        // Where an event is that its group hides is its hosts' alone to know.
        if hidden::by_group(&event).is_some() && !klatch_feed::meetup::agenda::hosts(&event, &me) {
            sealed.retain(|line| line.purpose != Purpose::Address);
        }
        let hidden = self.hiding(&event)?;
        let cancellation = cancelled::cancellation(self.snapshot, &event)?;
        let local = EventLocal {
            changes: self.changes(&event)?,
            start_ms,
            end_ms,
            names,
            group_name,
            mine,
            delivery,
            note,
            hold,
            first_scans,
            mine_by,
            comments,
            sealed,
            hidden,
            cancellation,
            event,
        };
        Ok(Response::Local(Box::new(local)))
    }

    fn why(&self, event: &str, on: Option<&str>, who: Option<&str>) -> Result<Response, Refusal> {
        let event = occurrence::at(self.snapshot, self.event(event)?, on)?;
        let who = self.person(who)?;
        let why = self.snapshot.why(&event.id, event.occ.as_deref(), who)?;
        let why = why.ok_or_else(|| Refusal::Unknown { text: event.id.to_string(), among: Among::Events })?;
        let mut entries = BTreeMap::new();
        for id in why.entries() {
            let Some(entry) = self.snapshot.entry(&id)? else { continue };
            let by_group = hidden::by_group(&event).is_some() && entry.header().kind == kind::CANCEL;
            let is_hidden = by_group || event.hidden.iter().any(|line| line.entry == id);
            entries.insert(id, veiled_line(&entry, is_hidden));
        }
        let mut names = BTreeMap::new();
        for feed in why.people().into_iter().chain(entries.values().map(|line| line.feed)) {
            names.insert(feed, local::called(self.snapshot, &feed)?);
        }
        let hold = held(&event, why.standing);
        let EventState { id, occ, title, .. } = hidden::veiled(self.snapshot, event)?;
        Ok(Response::Why(Box::new(WhyLocal { event: id, occ, title, why, hold, names, entries })))
    }

    fn share(&self, object: &str, addresses: &[String]) -> Result<Response, Refusal> {
        let id = names::object(self.snapshot, object, Among::GroupsAndEvents)?;
        let addresses: Vec<_> =
            addresses.iter().filter_map(|address| address.parse().ok()).take(ADDRESSES_MAX).collect();
        let reachable = !addresses.is_empty();
        let line = ShareLine { object: id, host: self.host(&id)?, addresses };
        Ok(Response::Share(ShareText { line: line.to_string(), reachable }))
    }

    /// Whom to follow for an object: who shares it if they have a role in it, else who founded it.
    fn host(&self, id: &EntryId) -> Result<FeedId, Refusal> {
        let me = self.shared.me;
        let (roles, founder) = match self.snapshot.event(id)? {
            Some(event) => (event.hosts, event.author),
            None => self.snapshot.group(id)?.map_or((Vec::new(), me), |group| (group.roles, group.founder)),
        };
        Ok(if roles.iter().any(|line| line.feed == me) { me } else { founder })
    }

    fn log(&self, who: Option<&str>, after: Seq, max: u32) -> Result<Response, Refusal> {
        let feed = self.person(who)?;
        let (from, max) = (after.saturating_add(1), max.min(LOG_MAX) as usize);
        let entries = self.snapshot.entries(&feed, from, max)?;
        let mut lines: Vec<_> = entries.iter().map(log_line).collect();
        // Who posted it can read it, and post it again.
        if self.snapshot.lineage()?.line(self.shared.me).contains(&feed) {
            lines.extend(self.snapshot.uncounted(&feed, from, max)?.iter().map(aside_line));
            lines.sort_by_key(|line| line.seq);
            // A list goes on after a place: none ends in the middle of one.
            let last = lines.get(max.saturating_sub(1)).map_or(Seq::MAX, |line| line.seq);
            lines.retain(|line| line.seq <= last);
        }
        Ok(Response::Log(lines))
    }

    fn person(&self, who: Option<&str>) -> Result<FeedId, Refusal> {
        who.map_or(Ok(self.shared.me), |who| names::person(self.snapshot, self.shared.me, who))
    }

    /// Events for a calendar: those named, those of the groups named; nobody named = those I answered or host.
    fn calendar(&self, objects: &[String]) -> Result<Response, Refusal> {
        let mut chosen = BTreeSet::new();
        for text in objects {
            chosen.insert(names::object(self.snapshot, text, Among::GroupsAndEvents)?);
        }
        let named = |event: &EventState| {
            chosen.contains(&event.id) || event.group.is_some_and(|g| event.in_group && chosen.contains(&g))
        };
        let mut dated = Vec::new();
        for event in self.snapshot.events()?.into_iter().filter(|event| hidden::by_group(event).is_none()) {
            let occurrences = self.occurrences(&event)?;
            let chosen = match objects.is_empty() {
                true => self.mine(event, occurrences),
                false => named(&event).then_some((event, occurrences, true)),
            };
            dated.extend(chosen.map(|chosen| self.dated(chosen)).transpose()?);
        }
        dated.sort_by_cached_key(|dated| (begins(&dated.event), dated.event.id));
        Ok(Response::Calendar(dated))
    }

    /// What of an event is mine: all of it, or of a series the occurrences for which I answered.
    fn mine(&self, event: EventState, mut occurrences: Vec<EventState>) -> Option<Chosen> {
        let me = &self.shared.me;
        let coming = |state: &EventState| !matches!(standing(state, me), None | Some(Standing::No));
        let whole = coming(&event) || event.hosts.iter().any(|line| line.feed == *me);
        if !whole {
            occurrences.retain(coming);
        }
        (whole || !occurrences.is_empty()).then_some((event, occurrences, whole))
    }

    fn scheduled_as(&self, uids: &[String]) -> Result<Response, Refusal> {
        let mut found = Vec::new();
        for uid in uids {
            if let Some(event) = local::scheduled_as(self.snapshot, uid)? {
                let EventState { id, title, .. } = hidden::veiled(self.snapshot, event)?;
                found.push(ScheduledAs { uid: uid.clone(), id, title });
            }
        }
        Ok(Response::ScheduledAs(found))
    }

    /// ... without what is hidden of it, and with why it is cancelled.
    fn dated(&self, (event, occurrences, whole): Chosen) -> Result<Dated, DiskError> {
        let veiled = |event| hidden::veiled(self.snapshot, event);
        let reason = cancelled::reason(self.snapshot, &event)?;
        let occurrences = occurrences.into_iter().map(veiled).collect::<Result<_, _>>()?;
        Ok(Dated { event: veiled(event)?, occurrences, whole, reason })
    }

    /// The occurrences of a series that something was said about.
    fn occurrences(&self, event: &EventState) -> Result<Vec<EventState>, DiskError> {
        let state = |line: &klatch_feed::meetup::series::OccurrenceLine| {
            self.snapshot.occurrence(&event.id, &line.occ)
        };
        event.occurrences.iter().filter_map(|line| state(line).transpose()).collect()
    }

    fn piece(&self, who: Option<&str>, from: Seq) -> Result<Response, Refusal> {
        let feed = self.person(who)?;
        let Some(chunk) = self.snapshot.chunk(&feed, from, false)? else { return Ok(Response::Piece(None)) };
        let corrupt = |error: klatch_feed::chunk::ChunkError| Refusal::Disk {
            problem: Sentence::said("refused-disk-damaged", "", error.to_string()),
        };
        let (first, count) = klatch_feed::chunk::span(&chunk).map_err(corrupt)?;
        let base = match first {
            1 => None,
            _ => self.snapshot.ids(&feed, &[first - 1])?.first().copied().flatten(),
        };
        let base8 = base.map(|id| hex(&id.tip8()));
        Ok(Response::Piece(Some(Piece { feed, first, count, base8, chunk: hex(&chunk) })))
    }
}

/// An event for a calendar, with its occurrences that something was said about, and whether all of it is meant.
type Chosen = (EventState, Vec<EventState>, bool);

/// Why no host ranked an answer that stands so.
fn held(event: &EventState, standing: Option<Standing>) -> Option<Sentence> {
    let waits = matches!(standing, Some(Standing::Provisional | Standing::Unranked));
    Hold::of(event, clock::now()).filter(|_| waits).map(|hold| hold.sentence())
}

/// By what events are put in order of time: last those in zones that are not known here.
fn begins(event: &EventState) -> (i64, String) {
    (instants(event).0.unwrap_or(i64::MAX), event.start.clone())
}

/// Start and end in milliseconds since 1970, where this node knows the zone.
fn instants(event: &EventState) -> (Option<i64>, Option<i64>) {
    let start = klatch_feed::meetup::agenda::start_ms(&event.start, &event.zone);
    (start, klatch_feed::meetup::agenda::end_ms(event, &event.start))
}

pub(super) fn lines(event: &EventState) -> impl Iterator<Item = &SeatLine> {
    let listed = [&event.seated, &event.waiting, &event.provisional, &event.unranked, &event.released];
    listed.into_iter().chain([&event.maybe]).flatten()
}

fn log_line(entry: &Verified) -> LogLine {
    let header = entry.header();
    LogLine {
        id: entry.id(),
        feed: header.author,
        seq: header.seq,
        time_ms: header.time_ms,
        kind: header.kind.0,
        refs: header.refs.clone(),
        what: what(entry),
        aside: false,
    }
}

/// ... without its words, where they are hidden.
fn veiled_line(entry: &Verified, is_hidden: bool) -> LogLine {
    let line = log_line(entry);
    let what = Sentence::said("log-hidden", "", "wrote something whose words are hidden");
    if is_hidden { LogLine { what, ..line } } else { line }
}

/// ... of an entry that does not count, with all that was said in it.
fn aside_line(entry: &Verified) -> LogLine {
    let header = entry.header();
    let line = LogLine { aside: true, ..log_line(entry) };
    let Some(Post::Update { fields, .. }) = Post::read(header.kind, &header.refs, entry.body()) else {
        return line;
    };
    let fields = serde_json::to_string(&fields).unwrap_or_default();
    LogLine { what: format!("{}: {fields}", line.what).into(), ..line }
}
