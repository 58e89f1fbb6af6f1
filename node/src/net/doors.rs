//! Doors that are open here: shows challenges, carries answers, tells whoever looks. What an answer is worth
//! is decided in [`crate::door::host`]. Source: spec/door.md, "the host's side".

use std::collections::BTreeMap;

use klatch_feed::meetup::attendance::headcount;
use klatch_feed::post::Role;
use klatch_feed::{EntryId, EventState, FeedId};
use klatch_gossip::link::LinkId;
use klatch_gossip::sync::{Challenge, DoorAnswer, Input, Millis};
use klatch_store::{DiskError, Snapshot};

use super::hub::{Event, Hub, Reply};
use super::report::{Arrival, DoorView, NetResponse};
use crate::clock;
use crate::daemon::{Among, Refusal, Sentence, hidden, occurrence, persons};
use crate::door::arrivals::{CheckIns, arrivals};
use crate::door::code::{self, AnswerCode, DoorCode};
use crate::door::host::{Admission, Door, Turned};
use crate::door::may_countersign;
use crate::names;

/// How long a look at a door waits for news.
pub(super) const LOOK_MAX: Millis = 20_000;
/// Most doors that one node has open.
const OPEN_MAX: usize = 16;

/// An event, and of a series the occurrence.
type Place = (EntryId, Option<String>);

/// Doors that are open here.
#[derive(Debug, Default)]
pub(super) struct Doors {
    open: BTreeMap<Place, Open>,
}

#[derive(Debug)]
struct Open {
    door: Door,
    title: String,
    expected: u32,
    arrived: Vec<Arrival>,
    headcount: u32,
    check_ins: CheckIns,
    /// How often somebody who was in already was scanned.
    again: BTreeMap<FeedId, u32>,
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

fn refused(problem: impl Into<Sentence>) -> Refusal {
    Refusal::Net { problem: problem.into() }
}

fn not_open() -> Refusal {
    Refusal::NoEffect { problem: Sentence::said("refused-door-closed", "", "that door is not open") }
}

/// How somebody looks at a door.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// What they have seen.
    pub(super) after: u64,
    /// How long they wait for more.
    pub(super) within: Millis,
    /// Whether they look only if it is open.
    pub(super) open_only: bool,
}

/// An event, and the occurrence of a series, as people name them.
type Named<'a> = (&'a str, Option<&'a str>);

pub(super) fn event_of(snapshot: &Snapshot, (text, on): Named<'_>) -> Result<EventState, Refusal> {
    let id = names::event(snapshot, text)?;
    let unknown = || Refusal::Unknown { text: text.to_owned(), among: Among::Events };
    let event = occurrence::one(snapshot, snapshot.event(&id)?.ok_or_else(unknown)?, on)?;
    Ok(hidden::veiled(snapshot, event)?)
}

fn place_of(state: &EventState) -> Place {
    (state.id, state.occ.clone())
}

impl Hub {
    /// Opens a door if it is not open, and answers when there is something newer than `look.after`.
    pub(super) fn door_look(&mut self, event: Named<'_>, look: Look, reply: Reply) {
        let id = match self.door_open(event, look.open_only) {
            Ok(id) => id,
            Err(refusal) => return drop(reply.send(Err(refusal))),
        };
        let now = self.now();
        let open = self.doors.open.get_mut(&id).expect("it was just opened");
        open.door.watch(now);
        open.looking.push((now + look.within.min(LOOK_MAX), reply));
        if open.version > look.after {
            self.door_show(&id);
        }
    }

    fn door_open(&mut self, event: Named<'_>, open_only: bool) -> Result<Place, Refusal> {
        let state = event_of(&self.handle.reader().snapshot()?, event)?;
        let place = place_of(&state);
        if self.doors.open.contains_key(&place) {
            return Ok(place);
        }
        if open_only {
            return Err(not_open());
        }
        if !may_countersign(&state, &self.handle.me()) {
            let is_cut = state.hosts.iter().any(|line| line.feed == self.handle.me());
            let yours = if is_cut { "have a role that was revoked" } else { "have no role" }.to_owned();
            let (object, wanted) = (state.title, "the door or a higher role".into());
            return Err(Refusal::Right { object, yours, wanted, least: Some(Role::Door) });
        }
        if state.cancelled {
            let text = format!("{:?} is cancelled", state.title);
            return Err(refused(Sentence::said("refused-cancelled", &state.title, text)));
        }
        if self.doors.open.len() >= OPEN_MAX {
            return Err(refused(format!("{OPEN_MAX} doors are open here already")));
        }
        let door = Door::open(state.id, state.occ, self.now(), &mut clock::random);
        let open = Open {
            door,
            title: state.title,
            expected: 0,
            arrived: Vec::new(),
            headcount: 0,
            check_ins: CheckIns::default(),
            again: BTreeMap::new(),
            version: 0,
            looking: Vec::new(),
        };
        self.doors.open.insert(place.clone(), open);
        self.door_refresh(&place);
        self.challenge_all(&place);
        Ok(place)
    }

    pub(super) fn door_close(&mut self, event: Named<'_>) -> Result<NetResponse, Refusal> {
        let state = event_of(&self.handle.reader().snapshot()?, event)?;
        match self.doors.open.remove(&place_of(&state)) {
            Some(_) => {
                self.handle.door_turned(); // Open pages show its code no longer.
                Ok(NetResponse::Closed)
            }
            None => Err(not_open()),
        }
    }

    /// Shows one connection a fresh challenge.
    fn challenge(&mut self, place: &Place, link: LinkId) {
        let now = self.now();
        if let Some(open) = self.doors.open.get_mut(place) {
            let nonce = open.door.challenge(now, link, &mut clock::random);
            let (event, occ) = place.clone();
            self.tell(link, Input::Challenge(Challenge { event, occ, nonce }));
        }
    }

    fn challenge_all(&mut self, place: &Place) {
        let links: Vec<_> = self.links.keys().copied().collect();
        links.into_iter().for_each(|link| self.challenge(place, link));
    }

    pub(super) fn door_link_up(&mut self, link: LinkId) {
        let places: Vec<_> = self.doors.open.keys().cloned().collect();
        places.iter().for_each(|place| self.challenge(place, link));
    }

    pub(super) fn door_changed(&mut self, objects: &[EntryId]) {
        let open: Vec<_> = self.doors.open.keys().filter(|(id, _)| objects.contains(id)).cloned().collect();
        open.iter().for_each(|place| self.door_refresh(place));
    }

    /// Reads anew who came; tells who looks if that is news.
    fn door_refresh(&mut self, place: &Place) {
        let me = self.handle.me();
        let Some(open) = self.doors.open.get_mut(place) else { return };
        let mut read = || -> Result<_, Refusal> {
            let snapshot = self.handle.reader().snapshot()?;
            let Some(state) = state_at(&snapshot, place)? else { return Ok((0, 0, Vec::new())) };
            open.check_ins.read(&snapshot, &place.0)?;
            let firsts = open.check_ins.firsts(&snapshot, &state)?;
            let arrived = arrivals(&snapshot, &state, me, firsts)?;
            Ok((persons(&state.seated), headcount(&state), arrived))
        };
        let (expected, headcount, mut arrived) = match read() {
            Ok(read) => read,
            Err(error) => return tracing::error!(%error, "who came cannot be read"),
        };
        // Who is out again by an undo was not scanned before.
        open.again.retain(|feed, _| arrived.iter().any(|arrival| arrival.here && arrival.feed == *feed));
        for arrival in &mut arrived {
            arrival.again = open.again.get(&arrival.feed).copied().unwrap_or_default();
        }
        // In the order in which they came here; the fold has them by id.
        let held: BTreeMap<_, _> =
            open.arrived.iter().enumerate().map(|(at, held)| (held.feed, at)).collect();
        arrived.sort_by_key(|arrival| held.get(&arrival.feed).copied().unwrap_or(usize::MAX));
        if (expected, &arrived) != (open.expected, &open.arrived) || open.version == 0 {
            (open.expected, open.headcount, open.arrived) = (expected, headcount, arrived);
            self.door_news(place);
        }
    }

    fn door_news(&mut self, place: &Place) {
        if let Some(open) = self.doors.open.get_mut(place) {
            open.version += 1;
        }
        self.handle.door_turned();
        self.door_show(place);
    }

    /// Answers everybody who looks.
    fn door_show(&mut self, place: &Place) {
        let now = self.now();
        let addresses = self.listening.iter().take(code::ADDRESSES_MAX).cloned().collect();
        if let Some(open) = self.doors.open.get_mut(place) {
            let (event, occ) = place.clone();
            let code = DoorCode {
                event,
                occ: occ.clone(),
                door: self.handle.me(),
                nonce: open.door.screen(),
                addresses,
            };
            let view = DoorView {
                event,
                occ,
                title: open.title.clone(),
                code: code.to_string(),
                good_for_ms: open.door.good_for(now),
                expected: open.expected,
                arrived: open.arrived.clone(),
                headcount: open.headcount,
                version: open.version,
            };
            for (_, reply) in open.looking.drain(..) {
                let _ = reply.send(Ok(NetResponse::Door(view.clone()))); // Who looked has gone.
            }
        }
    }

    /// A guest answers a challenge.
    pub(super) fn door_answered(&mut self, link: LinkId, answer: DoorAnswer) {
        let Some(guest) = self.links.get(&link).map(|link| link.peer) else { return };
        let event = answer.challenge.event;
        match self.judge(Some(link), guest, &answer) {
            Ok(Admission::Already) => {
                self.door_again((event, answer.challenge.occ), guest);
                self.tell(link, Input::DoorVerdict(event, None));
            }
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

    /// Somebody's screen shows their answer, and a person here scans it.
    pub(super) fn door_scan(&mut self, code: &str, reply: Reply) {
        let misread = |problem: code::DoorCodeError| Refusal::Field {
            field: "code".to_owned(),
            problem: problem.into(),
        };
        let AnswerCode { guest, answer } = match code.parse() {
            Ok(code) => code,
            Err(error) => {
                return drop(reply.send(Err(misread(error))));
            }
        };
        let place = (answer.challenge.event, answer.challenge.occ.clone());
        let post = match self.judge(None, guest, &answer) {
            Ok(Admission::Post(post)) => vec![*post],
            Ok(Admission::Already) => {
                self.door_again(place.clone(), guest);
                vec![]
            }
            Err(turned) => return drop(reply.send(Err(refused(turned)))),
        };
        let again = self.doors.open.get(&place).and_then(|open| open.again.get(&guest).copied());
        let (handle, me) = (self.handle.clone(), self.handle.me());
        self.tasks.spawn(async move {
            let written = match post.is_empty() {
                true => Ok(vec![]),
                false => handle.post(post).await,
            };
            let told = written.and_then(|_| {
                let arrival = arrival_of(&handle.reader().snapshot()?, &place, me, guest)?;
                Ok(NetResponse::Scanned(Arrival { again: again.unwrap_or_default(), ..arrival }))
            });
            let _ = reply.send(told); // Who asked has gone; the post stands.
        });
    }

    /// Somebody who is in already was scanned again.
    fn door_again(&mut self, place: Place, guest: FeedId) {
        if let Some(open) = self.doors.open.get_mut(&place) {
            *open.again.entry(guest).or_default() += 1;
            self.door_refresh(&place);
        }
    }

    fn judge(
        &mut self,
        link: Option<LinkId>,
        guest: FeedId,
        answer: &DoorAnswer,
    ) -> Result<Admission, Turned> {
        let now = self.now();
        let unreadable = |error| {
            tracing::error!(%error, "the event cannot be read");
            Turned::NotWritten
        };
        let place = (answer.challenge.event, answer.challenge.occ.clone());
        let open = self.doors.open.get_mut(&place).ok_or(Turned::NotOpen)?;
        let snapshot = self.handle.reader().snapshot().map_err(unreadable)?;
        let state = state_at(&snapshot, &place).map_err(unreadable)?.ok_or(Turned::NotOpen)?;
        let rsvp_of = |id: &EntryId| {
            let entry = snapshot.entry(id).ok().flatten()?;
            let header = entry.header();
            let event = *header.refs.first()?;
            Some((header.author, event))
        };
        let mine = (&self.handle.net_id(), self.handle.me());
        let admission = open.door.judge(now, mine, &state, (link, guest), answer, rsvp_of)?;
        if matches!(admission, Admission::Post(_)) && state.attendance.iter().any(|line| line.feed == guest) {
            // Another door let them in before: this one says so too.
            *open.again.entry(guest).or_default() += 1;
        }
        Ok(admission)
    }

    /// Renews what has lapsed, closes what nobody watches, and answers who looked long enough.
    pub(super) fn door_tick(&mut self) {
        let (now, before) = (self.now(), self.doors.open.len());
        self.doors.open.retain(|(event, _), open| {
            let unwatched = open.door.is_unwatched(now);
            if unwatched {
                tracing::info!(%event, "nobody watches the door: closed");
            }
            !unwatched
        });
        if self.doors.open.len() < before {
            self.handle.door_turned();
        }
        let places: Vec<_> = self.doors.open.keys().cloned().collect();
        for place in &places {
            let Some(open) = self.doors.open.get_mut(place) else { continue };
            if open.door.renew(now, &mut clock::random) {
                self.door_news(place);
                self.challenge_all(place);
            } else if open.looking.iter().any(|(until, _)| *until <= now) {
                self.door_show(place);
            }
        }
    }
}

/// The event, or the occurrence, as it is now.
pub(super) fn state_at(snapshot: &Snapshot, (event, occ): &Place) -> Result<Option<EventState>, DiskError> {
    match occ {
        Some(occ) => snapshot.occurrence(event, occ),
        None => snapshot.event(event),
    }
}

/// One guest as the door `me` shows them.
fn arrival_of(snapshot: &Snapshot, place: &Place, me: FeedId, guest: FeedId) -> Result<Arrival, Refusal> {
    let gone = || refused("the check-in does not count: see `klatch event show`");
    let mut state = state_at(snapshot, place)?.ok_or_else(gone)?;
    state.attendance.retain(|line| line.feed == guest);
    let mut check_ins = CheckIns::default();
    check_ins.read(snapshot, &place.0)?;
    let firsts = check_ins.firsts(snapshot, &state)?;
    arrivals(snapshot, &state, me, firsts)?.pop().ok_or_else(gone)
}
