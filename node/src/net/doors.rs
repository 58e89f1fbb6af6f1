//! Doors and guests on connections: carries what [`crate::door`] decides. Source: spec/meetup.md, "check-in".

use std::collections::BTreeMap;

use klatch_feed::post::checkin_message;
use klatch_feed::{EntryId, EventState, FeedId, Post};
use klatch_gossip::link::LinkId;
use klatch_gossip::peers::Source;
use klatch_gossip::sync::{Challenge, DoorAnswer, Input, Millis};
use klatch_store::Snapshot;

use super::hub::{Event, Hub, Reply};
use super::report::{Arrival, CheckedIn, DoorView, NetResponse};
use crate::clock;
use crate::daemon::{Among, Refusal, called, persons};
use crate::door::code::{self, DoorCode};
use crate::door::guest::{self, Challenges, Step, Wish};
use crate::door::host::{Admission, Door, Turned};
use crate::door::may_countersign;
use crate::names;

/// How long a look at a door waits for news.
pub const LOOK_MAX: Millis = 20_000;
/// How long a guest's node looks for a door.
pub const CHECKIN_MAX: Millis = 20_000;
/// Most doors that one node has open.
const OPEN_MAX: usize = 16;

/// Doors that are open here, challenges that others show, and people here who want in.
#[derive(Debug, Default)]
pub(super) struct Doors {
    open: BTreeMap<EntryId, Open>,
    challenges: Challenges,
    wishes: Vec<Pending>,
}

#[derive(Debug)]
struct Open {
    door: Door,
    title: String,
    expected: u32,
    arrived: Vec<Arrival>,
    version: u64,
    /// Who waits for news, and until when.
    looking: Vec<(Millis, Reply)>,
}

/// A person who wants in, until a door has spoken.
#[derive(Debug)]
struct Pending {
    wish: Wish,
    until: Millis,
    asked: Option<Asked>,
    reply: Reply,
}

/// What a door was sent.
#[derive(Clone, Copy, Debug)]
struct Asked {
    link: LinkId,
    door: FeedId,
    answer: DoorAnswer,
}

impl Doors {
    pub(super) fn next_at(&self) -> Option<Millis> {
        let wishes = self.wishes.iter().map(|pending| pending.until);
        let looks = self.open.values().flat_map(|open| open.looking.iter().map(|(until, _)| *until));
        let doors = self.open.values().map(|open| open.door.next_at());
        wishes.chain(looks).chain(doors).min()
    }
}

fn refused(problem: impl ToString) -> Refusal {
    Refusal::Net { problem: problem.to_string() }
}

fn event_of(snapshot: &Snapshot, text: &str) -> Result<EventState, Refusal> {
    let id = names::event(snapshot, text)?;
    snapshot.event(&id)?.ok_or_else(|| Refusal::Unknown { text: text.to_owned(), among: Among::Events })
}

// The host's side.
impl Hub {
    /// Opens a door if it is not open, and answers when there is something newer than `after`.
    pub(super) fn door_look(&mut self, event: &str, after: u64, within: Millis, reply: Reply) {
        let id = match self.door_open(event) {
            Ok(id) => id,
            Err(refusal) => return drop(reply.send(Err(refusal))),
        };
        let now = self.now();
        let open = self.doors.open.get_mut(&id).expect("it was just opened");
        open.door.watch(now);
        open.looking.push((now + within.min(LOOK_MAX), reply));
        if open.version > after {
            self.door_show(id);
        }
    }

    fn door_open(&mut self, event: &str) -> Result<EntryId, Refusal> {
        let state = event_of(&self.handle.reader().snapshot()?, event)?;
        if self.doors.open.contains_key(&state.id) {
            return Ok(state.id);
        }
        if !may_countersign(&state, &self.handle.me()) {
            let (yours, wanted) = ("nobody with a role".to_owned(), "the door or a higher role".to_owned());
            return Err(Refusal::Right { object: format!("{:?}", state.title), yours, wanted });
        }
        if state.cancelled {
            return Err(refused(format!("{:?} is cancelled", state.title)));
        }
        if self.doors.open.len() >= OPEN_MAX {
            return Err(refused(format!("{OPEN_MAX} doors are open here already")));
        }
        let door = Door::open(state.id, self.now(), &mut clock::random);
        let (title, looking) = (state.title.clone(), Vec::new());
        let open = Open { door, title, expected: 0, arrived: Vec::new(), version: 0, looking };
        self.doors.open.insert(state.id, open);
        self.door_refresh(state.id);
        self.links
            .keys()
            .copied()
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|link| self.challenge(state.id, link));
        Ok(state.id)
    }

    pub(super) fn door_close(&mut self, event: &str) -> Result<NetResponse, Refusal> {
        let state = event_of(&self.handle.reader().snapshot()?, event)?;
        match self.doors.open.remove(&state.id) {
            Some(_) => Ok(NetResponse::Closed),
            None => Err(Refusal::NoEffect { problem: "that door is not open".to_owned() }),
        }
    }

    /// Shows one connection a fresh challenge.
    fn challenge(&mut self, event: EntryId, link: LinkId) {
        let now = self.now();
        if let Some(open) = self.doors.open.get_mut(&event) {
            let nonce = open.door.challenge(now, link, &mut clock::random);
            self.tell(link, Input::Challenge(Challenge { event, nonce }));
        }
    }

    pub(super) fn door_link_up(&mut self, link: LinkId) {
        let events: Vec<_> = self.doors.open.keys().copied().collect();
        events.into_iter().for_each(|event| self.challenge(event, link));
        self.press_wishes();
    }

    pub(super) fn door_link_down(&mut self, link: LinkId) {
        self.doors.challenges.forget(link);
        for pending in &mut self.doors.wishes {
            if pending.asked.is_some_and(|asked| asked.link == link) {
                pending.asked = None; // Whether it was written down, the door's log will say.
            }
        }
        self.press_wishes();
    }

    pub(super) fn door_changed(&mut self, objects: &[EntryId]) {
        let open: Vec<_> = objects.iter().filter(|id| self.doors.open.contains_key(id)).copied().collect();
        open.into_iter().for_each(|event| self.door_refresh(event));
        if self.doors.wishes.iter().any(|pending| objects.contains(&pending.wish.event)) {
            self.press_wishes();
        }
    }

    /// Reads anew who came; tells who looks if that is news.
    fn door_refresh(&mut self, event: EntryId) {
        let me = self.handle.me();
        let read = || -> Result<_, Refusal> {
            let snapshot = self.handle.reader().snapshot()?;
            let state = snapshot.event(&event)?;
            let lines = state.iter().flat_map(|state| &state.attendance).map(|line| {
                let (feed, walk_in, here) = (line.feed, line.rsvp.is_none(), line.doors.contains(&me));
                Ok(Arrival { feed, name: called(&snapshot, &feed)?, walk_in, here })
            });
            let arrived = lines.collect::<Result<Vec<_>, Refusal>>()?;
            Ok((state.map_or(0, |state| persons(&state.seated)), arrived))
        };
        match (read(), self.doors.open.get_mut(&event)) {
            (Ok((expected, mut arrived)), Some(open)) => {
                // In the order in which they came here; the fold has them by id.
                let place = |feed: &FeedId| open.arrived.iter().position(|held| held.feed == *feed);
                arrived.sort_by_key(|arrival| place(&arrival.feed).unwrap_or(usize::MAX));
                if (expected, &arrived) != (open.expected, &open.arrived) || open.version == 0 {
                    (open.expected, open.arrived) = (expected, arrived);
                    self.door_news(event);
                }
            }
            (Err(error), _) => tracing::error!(%error, "who came cannot be read"),
            (Ok(_), None) => {}
        }
    }

    fn door_news(&mut self, event: EntryId) {
        if let Some(open) = self.doors.open.get_mut(&event) {
            open.version += 1;
        }
        self.door_show(event);
    }

    /// Answers everybody who looks.
    fn door_show(&mut self, event: EntryId) {
        let now = self.now();
        let addresses = self.listening.iter().take(code::ADDRESSES_MAX).cloned().collect();
        if let Some(open) = self.doors.open.get_mut(&event) {
            let code = DoorCode { event, door: self.handle.me(), nonce: open.door.screen(), addresses };
            let view = DoorView {
                event,
                title: open.title.clone(),
                code: code.to_string(),
                good_for_ms: open.door.good_for(now),
                expected: open.expected,
                arrived: open.arrived.clone(),
                version: open.version,
            };
            for (_, reply) in open.looking.drain(..) {
                let _ = reply.send(Ok(NetResponse::Door(view.clone()))); // Who looked has gone.
            }
        }
    }

    /// A guest answers a challenge.
    pub(super) fn door_answered(&mut self, link: LinkId, answer: &DoorAnswer) {
        let Some(guest) = self.links.get(&link).map(|link| link.peer) else { return };
        let event = answer.challenge.event;
        match self.judge(link, guest, answer) {
            Ok(Admission::Already) => self.tell(link, Input::DoorVerdict(event, None)),
            Ok(Admission::Post(post)) => {
                let (handle, events) = (self.handle.clone(), self.events.clone());
                self.tasks.spawn(async move {
                    let written = handle.post(vec![*post]).await.inspect_err(|error| {
                        tracing::error!(%guest, %error, "a check-in could not be written down");
                    });
                    let verdict = written.err().map(|_| Turned::NotWritten.to_string());
                    let _ = events.send(Event::Tell(link, Input::DoorVerdict(event, verdict))).await;
                });
            }
            Err(turned) => {
                tracing::info!(%guest, %turned, "turned away at the door");
                self.tell(link, Input::DoorVerdict(event, Some(turned.to_string())));
            }
        }
    }

    fn judge(&mut self, link: LinkId, guest: FeedId, answer: &DoorAnswer) -> Result<Admission, Turned> {
        let now = self.now();
        let unreadable = |error| {
            tracing::error!(%error, "the event cannot be read");
            Turned::NotWritten
        };
        let open = self.doors.open.get_mut(&answer.challenge.event).ok_or(Turned::NotOpen)?;
        let snapshot = self.handle.reader().snapshot().map_err(unreadable)?;
        let state = snapshot.event(&open.door.event()).map_err(unreadable)?.ok_or(Turned::NotOpen)?;
        let rsvp_of = |id: &EntryId| {
            let entry = snapshot.entry(id).ok().flatten()?;
            let header = entry.header();
            let event = *header.refs.first()?;
            Some((header.author, event))
        };
        let mine = (&self.handle.net_id(), self.handle.me());
        open.door.judge(now, mine, &state, (link, guest), answer, rsvp_of)
    }

    /// Renews what has lapsed, closes what nobody watches, and answers who waited long enough.
    pub(super) fn door_tick(&mut self) {
        let now = self.now();
        self.doors.open.retain(|event, open| {
            let unwatched = open.door.is_unwatched(now);
            if unwatched {
                tracing::info!(%event, "nobody watches the door: closed");
            }
            !unwatched
        });
        let events: Vec<_> = self.doors.open.keys().copied().collect();
        for event in events {
            let Some(open) = self.doors.open.get_mut(&event) else { continue };
            if open.door.renew(now, &mut clock::random) {
                self.door_news(event);
                let links: Vec<_> = self.links.keys().copied().collect();
                links.into_iter().for_each(|link| self.challenge(event, link));
            } else if open.looking.iter().any(|(until, _)| *until <= now) {
                self.door_show(event);
            }
        }
        let late = |pending: &mut Pending| pending.until <= now;
        let late: Vec<_> = self.doors.wishes.extract_if(.., late).collect();
        for pending in late {
            let answer = self.gave_up(&pending);
            let _ = pending.reply.send(answer); // Who asked has gone.
        }
    }
}

// The guest's side.
impl Hub {
    /// A person here wants in.
    pub(super) fn checkin(&mut self, event: &str, code: Option<String>, trust: Option<FeedId>, reply: Reply) {
        match self.wish(event, code, trust) {
            Ok(Ok(wish)) => {
                if let Some(code) = &wish.code {
                    let (door, places) = (code.door, code.addresses.clone());
                    places.iter().for_each(|at| self.place(door, at.to_string(), Source::Given));
                }
                let until = self.now() + CHECKIN_MAX;
                self.doors.wishes.push(Pending { wish, until, asked: None, reply });
                self.press_wishes();
            }
            Ok(Err(done)) => drop(reply.send(Ok(done))),
            Err(refusal) => drop(reply.send(Err(refusal))),
        }
    }

    /// What they want, or that they have it already.
    fn wish(
        &self,
        event: &str,
        code: Option<String>,
        trust: Option<FeedId>,
    ) -> Result<Result<Wish, NetResponse>, Refusal> {
        let misread = |problem: String| Refusal::Field { field: "code".to_owned(), problem };
        let code =
            code.map(|text| text.parse::<DoorCode>()).transpose().map_err(|e| misread(e.to_string()))?;
        let snapshot = self.handle.reader().snapshot()?;
        let state = match (event_of(&snapshot, event), &code) {
            (Ok(state), Some(code)) if state.id != code.event => {
                return Err(misread(format!("that code is for another event than {:?}", state.title)));
            }
            (Ok(state), _) => state,
            // Somebody passing by knows no more of it than its code says.
            (Err(Refusal::Unknown { .. }), Some(code)) => {
                return Ok(Ok(Wish { event: code.event, code: Some(code.clone()), trust }));
            }
            (Err(refusal), _) => return Err(refusal),
        };
        if state.cancelled {
            return Err(refused(format!("{:?} is cancelled", state.title)));
        }
        let me = self.handle.me();
        if let Some(line) = state.attendance.iter().find(|line| line.feed == me)
            && let Some(door) = line.doors.first()
        {
            return Ok(Err(NetResponse::CheckedIn(CheckedIn {
                id: None,
                event: state.id,
                title: state.title.clone(),
                door: *door,
                door_name: called(&snapshot, door)?,
                walk_in: line.rsvp.is_none(),
                already: true,
            })));
        }
        Ok(Ok(Wish { event: state.id, code, trust }))
    }

    /// A door shows a challenge.
    pub(super) fn challenged(&mut self, link: LinkId, challenge: Challenge) {
        let Some(door) = self.links.get(&link).map(|link| link.peer) else { return };
        self.doors.challenges.note(self.now(), link, door, challenge);
        self.press_wishes();
    }

    /// Does for everybody who wants in what can be done now.
    pub(super) fn press_wishes(&mut self) {
        for pending in std::mem::take(&mut self.doors.wishes) {
            if pending.asked.is_some() {
                self.doors.wishes.push(pending);
                continue;
            }
            match self.step(&pending.wish) {
                Ok(Step::Answer { link, door, nonce }) => match self.sign(&pending.wish, door, nonce) {
                    Ok(answer) => {
                        self.tell(link, Input::DoorAnswer(answer));
                        let asked = Some(Asked { link, door, answer });
                        self.doors.wishes.push(Pending { asked, ..pending });
                    }
                    Err(refusal) => drop(pending.reply.send(Err(refusal))),
                },
                // What gives it the role may still be on its way, until all that it has is here.
                Ok(Step::Stranger(door)) if self.is_level_with(&door) => {
                    let _ = pending.reply.send(self.stranger(door)); // Who asked has gone.
                }
                Ok(Step::Stranger(_) | Step::Wait) => self.doors.wishes.push(pending),
                Err(refusal) => drop(pending.reply.send(Err(refusal))),
            }
        }
    }

    fn step(&self, wish: &Wish) -> Result<Step, Refusal> {
        let state = self.handle.reader().snapshot()?.event(&wish.event)?;
        let connected = self.roster.iter().map(|(feed, link, _)| (feed, link)).collect();
        Ok(self.doors.challenges.step(self.now(), wish, state.as_ref(), &connected))
    }

    fn is_level_with(&self, feed: &FeedId) -> bool {
        let link = self.roster.link(feed).and_then(|link| self.links.get(&link));
        link.is_some_and(|link| link.caught_up)
    }

    fn stranger(&self, door: FeedId) -> Result<NetResponse, Refusal> {
        let name = called(&self.handle.reader().snapshot()?, &door)?;
        Ok(NetResponse::Stranger { door, name })
    }

    fn sign(&self, wish: &Wish, door: FeedId, nonce: [u8; 16]) -> Result<DoorAnswer, Refusal> {
        let me = self.handle.me();
        let state = self.handle.reader().snapshot()?.event(&wish.event)?;
        let rsvp = state.and_then(|state| guest::rsvp_of(&state, &me));
        let message = checkin_message(&self.handle.net_id(), &wish.event, &door, &nonce, rsvp.as_ref());
        let signature = self.handle.secret().sign(&[&message]);
        Ok(DoorAnswer { challenge: Challenge { event: wish.event, nonce }, rsvp, signature })
    }

    /// The door's word.
    pub(super) fn door_verdict(&mut self, link: LinkId, event: EntryId, verdict: Option<String>) {
        let asked = |pending: &mut Pending| {
            pending.wish.event == event && pending.asked.is_some_and(|asked| asked.link == link)
        };
        let told: Vec<_> = self.doors.wishes.extract_if(.., asked).collect();
        for Pending { asked, reply, .. } in told {
            match (&verdict, asked) {
                (None, Some(asked)) => self.arrive(asked, reply),
                (Some(why), _) => drop(reply.send(Err(refused(format!("the door said no: {why}"))))),
                (None, None) => {}
            }
        }
    }

    /// Writes down that the door let this guest in.
    fn arrive(&mut self, asked: Asked, reply: Reply) {
        let handle = self.handle.clone();
        let Asked {
            door, answer: DoorAnswer { challenge: Challenge { event, nonce }, rsvp, signature }, ..
        } = asked;
        self.tasks.spawn(async move {
            let post = Post::Arrive { event, door, nonce, rsvp, signature };
            let written = handle.post(vec![post]).await.and_then(|ids| {
                let snapshot = handle.reader().snapshot()?;
                let title = snapshot.event(&event)?.map(|state| state.title).unwrap_or_default();
                let (id, door_name) = (ids.first().copied(), called(&snapshot, &door)?);
                let walk_in = rsvp.is_none();
                Ok(NetResponse::CheckedIn(CheckedIn {
                    id,
                    event,
                    title,
                    door,
                    door_name,
                    walk_in,
                    already: false,
                }))
            });
            let _ = reply.send(written); // Who asked has gone; the post stands.
        });
    }

    /// Time is up.
    fn gave_up(&self, pending: &Pending) -> Result<NetResponse, Refusal> {
        if pending.asked.is_some() {
            return Err(refused("the door has not answered: ask the host whether you are in"));
        }
        if let Ok(Step::Stranger(door)) = self.step(&pending.wish) {
            return self.stranger(door);
        }
        Err(refused(match &pending.wish.code {
            None => {
                "no door of that event was found: is `klatch door` running there, and are both on the same network?"
            }
            Some(_) => "the door that shows this code was not reached: are both on the same network?",
        }))
    }
}
