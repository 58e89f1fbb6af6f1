//! Doors that are open here: shows challenges, carries answers, tells whoever looks. What an answer is worth
//! is decided in [`crate::door::host`]. Source: spec/door.md, "the host's side".

use std::collections::BTreeMap;

use klatch_feed::{EntryId, EventState, FeedId};
use klatch_gossip::link::LinkId;
use klatch_gossip::sync::{Challenge, DoorAnswer, Input, Millis};
use klatch_store::Snapshot;

use super::hub::{Event, Hub, Reply};
use super::report::{Arrival, DoorView, NetResponse};
use crate::clock;
use crate::daemon::{Among, Refusal, called, persons};
use crate::door::code::{self, DoorCode};
use crate::door::host::{Admission, Door, Turned};
use crate::door::may_countersign;
use crate::names;

/// How long a look at a door waits for news.
pub(super) const LOOK_MAX: Millis = 20_000;
/// Most doors that one node has open.
const OPEN_MAX: usize = 16;

/// Doors that are open here.
#[derive(Debug, Default)]
pub(super) struct Doors {
    open: BTreeMap<EntryId, Open>,
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

impl Doors {
    pub(super) fn next_at(&self) -> Option<Millis> {
        let looks = self.open.values().flat_map(|open| open.looking.iter().map(|(until, _)| *until));
        let doors = self.open.values().map(|open| open.door.next_at());
        looks.chain(doors).min()
    }
}

fn refused(problem: impl ToString) -> Refusal {
    Refusal::Net { problem: problem.to_string() }
}

pub(super) fn event_of(snapshot: &Snapshot, text: &str) -> Result<EventState, Refusal> {
    let id = names::event(snapshot, text)?;
    snapshot.event(&id)?.ok_or_else(|| Refusal::Unknown { text: text.to_owned(), among: Among::Events })
}

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
    }

    pub(super) fn door_changed(&mut self, objects: &[EntryId]) {
        let open: Vec<_> = objects.iter().filter(|id| self.doors.open.contains_key(id)).copied().collect();
        open.into_iter().for_each(|event| self.door_refresh(event));
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

    /// Renews what has lapsed, closes what nobody watches, and answers who looked long enough.
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
    }
}
