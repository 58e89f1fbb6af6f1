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
    shown: BTreeMap<LinkId, BTreeMap<(EntryId, Option<String>), Shown>>,
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
    /// To which occurrence of it, where it is a series.
    pub occ: Option<String>,
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
        let Challenge { event, occ, nonce } = challenge;
        let place = (event, occ);
        if held.len() < EVENTS_PER_LINK_MAX || held.contains_key(&place) {
            held.insert(place, Shown { door, nonce, at: now });
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
        let place = (wish.event, wish.occ.clone());
        let shown = self.shown.iter().filter_map(|(link, events)| Some((*link, events.get(&place)?)));
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

#[cfg(test)]
mod tests {
    use klatch_feed::meetup::RoleLine;
    use klatch_feed::post::Role;

    use super::*;

    const EVENT: EntryId = EntryId::new([1; 32]);
    const HOST: FeedId = FeedId::new([3; 32]);
    const STRANGER: FeedId = FeedId::new([4; 32]);

    fn state() -> EventState {
        let host = RoleLine { feed: HOST, role: Role::Owner, quota: None, cut: None };
        let json = serde_json::json!({
            "id": EVENT, "group": null, "in_group": false, "author": HOST, "title": "Tea",
            "start": "2026-12-01T18:30", "zone": "Europe/Lisbon", "minutes": 60, "place": "", "about": "",
            "capacity": null, "split": false, "revision": 0, "tips": [], "cancelled": false, "hosts": [host],
            "seated": [], "waiting": [], "provisional": [], "unranked": [], "maybe": [], "no": [],
            "attendance": [], "incomplete": false,
        });
        serde_json::from_value(json).unwrap()
    }

    fn wish() -> Wish {
        Wish { event: EVENT, occ: None, code: None, trust: None }
    }

    /// The host on connection 1 and a stranger on connection 2, each showing a challenge at 0.
    fn shown() -> (Challenges, BTreeMap<FeedId, LinkId>) {
        let mut challenges = Challenges::default();
        let connected = BTreeMap::from([(HOST, LinkId(1)), (STRANGER, LinkId(2))]);
        for (feed, link) in &connected {
            let nonce = [u8::try_from(link.0).unwrap(); 16];
            challenges.note(0, *link, *feed, Challenge { event: EVENT, occ: None, nonce });
        }
        (challenges, connected)
    }

    #[test]
    fn only_a_door_that_the_log_knows_or_the_person_trusts_is_answered() {
        let (challenges, connected) = shown();
        let host = Step::Answer { link: LinkId(1), door: HOST, nonce: [1; 16] };
        let trusted = Step::Answer { link: LinkId(2), door: STRANGER, nonce: [2; 16] };
        let step = |wish: &Wish, state: Option<&EventState>| challenges.step(1, wish, state, &connected);
        assert_eq!(step(&wish(), Some(&state())), host);
        assert!(matches!(step(&wish(), None), Step::Stranger(_)), "an event this node knows nothing of");
        assert_eq!(step(&Wish { trust: Some(STRANGER), ..wish() }, None), trusted);
        let mut cut = state();
        cut.hosts[0].cut = Some(1);
        assert!(matches!(step(&wish(), Some(&cut)), Step::Stranger(_)), "a host who was cut off");
        assert_eq!(step(&Wish { event: EntryId::new([9; 32]), ..wish() }, Some(&state())), Step::Wait);
        let other = Some("2026-12-08T18:30".to_owned());
        assert_eq!(step(&Wish { occ: other, ..wish() }, Some(&state())), Step::Wait, "another occurrence");
    }

    #[test]
    fn a_code_is_for_the_door_that_it_names() {
        let (challenges, connected) = shown();
        let code = |door| DoorCode { event: EVENT, occ: None, door, nonce: [7; 16], addresses: Vec::new() };
        let step = |door, connected: &_| {
            let wish = Wish { code: Some(code(door)), ..wish() };
            challenges.step(1, &wish, Some(&state()), connected)
        };
        assert_eq!(step(HOST, &connected), Step::Answer { link: LinkId(1), door: HOST, nonce: [7; 16] });
        assert_eq!(step(STRANGER, &connected), Step::Stranger(STRANGER));
        assert_eq!(step(HOST, &BTreeMap::new()), Step::Wait, "not reached yet");
    }

    #[test]
    fn a_challenge_is_answered_while_there_is_time_and_forgotten_with_its_connection() {
        let (mut challenges, connected) = shown();
        let step = |challenges: &Challenges, now| challenges.step(now, &wish(), Some(&state()), &connected);
        assert!(matches!(step(&challenges, ANSWER_WITHIN - 1), Step::Answer { .. }));
        assert_eq!(step(&challenges, ANSWER_WITHIN), Step::Wait);
        challenges.forget(LinkId(1));
        assert_eq!(step(&challenges, 1), Step::Stranger(STRANGER));
    }

    #[test]
    fn one_event_too_many_on_a_connection_is_passed_over() {
        let mut challenges = Challenges::default();
        let event = |n: usize| EntryId::new([u8::try_from(n).unwrap(); 32]);
        for n in 0..=EVENTS_PER_LINK_MAX {
            challenges.note(0, LinkId(1), HOST, Challenge { event: event(n), occ: None, nonce: [0; 16] });
        }
        let held = |challenges: &Challenges| challenges.shown[&LinkId(1)].len();
        assert_eq!(held(&challenges), EVENTS_PER_LINK_MAX);
        challenges.note(1, LinkId(1), HOST, Challenge { event: event(0), occ: None, nonce: [5; 16] });
        assert_eq!(
            challenges.shown[&LinkId(1)][&(event(0), None)].nonce,
            [5; 16],
            "a newer one takes its place"
        );
        challenges.note(
            NONCE_LIFE,
            LinkId(1),
            HOST,
            Challenge { event: event(99), occ: None, nonce: [0; 16] },
        );
        assert_eq!(held(&challenges), 2, "what has lapsed makes room");
    }
}
