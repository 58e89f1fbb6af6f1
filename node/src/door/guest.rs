//! The guest's side of a door: which of the challenges that were shown to answer. No I/O, clock or randomness.

use std::collections::BTreeMap;

use klatch_feed::{EntryId, EventState, FeedId};
use klatch_gossip::link::LinkId;
use klatch_gossip::sync::{Challenge, Millis};

use super::code::DoorCode;
use super::host::NONCE_LIFE;

/// Most events whose challenges are remembered for one connection: an honest door has few.
pub const EVENTS_PER_LINK_MAX: usize = 16;
/// A challenge is answered up to this age, so that the answer arrives before it lapses.
const ANSWER_WITHIN: Millis = NONCE_LIFE - 5_000;

/// The challenges that doors show this node now, the newest of each connection and event.
#[derive(Debug, Default)]
pub struct Challenges {
    shown: BTreeMap<LinkId, BTreeMap<EntryId, Shown>>,
}

#[derive(Clone, Copy, Debug)]
struct Shown {
    door: FeedId,
    nonce: [u8; 16],
    at: Millis,
}

/// What a person who wants in has said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wish {
    /// To which event.
    pub event: EntryId,
    /// Read off a door's screen.
    pub code: Option<DoorCode>,
    /// A door they trust, though this node knows of no role of its.
    pub trust: Option<FeedId>,
}

/// What to do about a wish now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Sign this and send it on this connection.
    Answer {
        /// On which connection.
        link: LinkId,
        /// Whose challenge.
        door: FeedId,
        /// Which.
        nonce: [u8; 16],
    },
    /// There is a door, but nothing here says that it is one.
    Stranger(FeedId),
    /// No door yet.
    Wait,
}

impl Challenges {
    /// `door` shows a challenge on a connection.
    pub fn note(&mut self, now: Millis, link: LinkId, door: FeedId, challenge: Challenge) {
        let held = self.shown.entry(link).or_default();
        held.retain(|_, shown| now.saturating_sub(shown.at) < NONCE_LIFE);
        if held.len() < EVENTS_PER_LINK_MAX || held.contains_key(&challenge.event) {
            held.insert(challenge.event, Shown { door, nonce: challenge.nonce, at: now });
        }
    }

    /// A connection ended.
    pub fn forget(&mut self, link: LinkId) {
        self.shown.remove(&link);
    }

    /// What to do about `wish`, as the log says of the event in `state`. `connected` are the connections by feed.
    pub fn step(
        &self,
        now: Millis,
        wish: &Wish,
        state: Option<&EventState>,
        connected: &BTreeMap<FeedId, LinkId>,
    ) -> Step {
        let holds = |door: &FeedId| state.is_some_and(|state| super::may_countersign(state, door));
        let trusted = |door: &FeedId| wish.trust == Some(*door) || holds(door);
        if let Some(code) = &wish.code {
            return match connected.get(&code.door) {
                Some(link) if trusted(&code.door) => {
                    Step::Answer { link: *link, door: code.door, nonce: code.nonce }
                }
                Some(_) => Step::Stranger(code.door),
                None => Step::Wait,
            };
        }
        let live = |shown: &&Shown| now.saturating_sub(shown.at) < ANSWER_WITHIN;
        let shown = self.shown.iter().filter_map(|(link, events)| Some((*link, events.get(&wish.event)?)));
        let mut stranger = None;
        for (link, shown) in shown.filter(|(_, shown)| live(shown)) {
            if trusted(&shown.door) {
                return Step::Answer { link, door: shown.door, nonce: shown.nonce };
            }
            stranger = Some(shown.door);
        }
        stranger.map_or(Step::Wait, Step::Stranger)
    }
}

/// The RSVP that a guest checks in: their latest yes, whatever became of it; `None` = a walk-in.
pub fn rsvp_of(state: &EventState, guest: &FeedId) -> Option<EntryId> {
    let lines = [&state.seated, &state.waiting, &state.provisional, &state.unranked];
    lines.into_iter().flatten().find(|line| line.feed == *guest).map(|line| line.rsvp)
}
