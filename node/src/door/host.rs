//! The host's side of a door: which challenges are live, and whom an answer lets in. No I/O, clock or randomness.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::post::checkin_message;
use klatch_feed::{EntryId, EventState, FeedId, NetId, Post, PublicKey};
use klatch_gossip::link::LinkId;
use klatch_gossip::sync::{DoorAnswer, Millis};

use crate::daemon::Sentence;

/// A challenge is good for this long. Source: spec/door.md.
pub const NONCE_LIFE: Millis = 60_000;
/// After this long another is shown, so that whoever reads one has time to answer it.
pub const RENEW_AFTER: Millis = 30_000;
/// A door that nobody watches any more closes after this long.
pub const UNWATCHED_MAX: Millis = 60_000;

/// Sixteen fresh random bytes.
pub type Draw<'a> = &'a mut dyn FnMut() -> [u8; 16];

/// One open door.
#[derive(Debug)]
pub struct Door {
    event: EntryId,
    occ: Option<String>,
    /// What the screen shows.
    screen: [u8; 16],
    shown_at: Millis,
    watched_at: Millis,
    live: BTreeMap<[u8; 16], Issued>,
}

#[derive(Debug)]
struct Issued {
    at: Millis,
    /// The connection it was sent on; `None` for the screen's.
    to: Option<LinkId>,
    /// Who has answered it: it is good once for each guest.
    used: BTreeSet<FeedId>,
}

/// Why an answer lets nobody in. Its text is what the guest reads, at most 200 bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself")]
pub enum Turned {
    #[error("this door is not open for that event")]
    NotOpen,
    #[error("this node does not hold the door of that event")]
    NoRole,
    #[error("the event is cancelled")]
    Cancelled,
    #[error("that code has lapsed: take the one the door shows now")]
    Lapsed,
    #[error("you have used that code already: take the one the door shows now")]
    Used,
    #[error("that answer is not signed by whom it names, for this door: take the code that this door shows")]
    Signature,
    #[error("that RSVP is another person's, or for another event")]
    Rsvp,
    #[error("the door could not write it down: tell the host")]
    NotWritten,
}

impl From<Turned> for Sentence {
    fn from(turned: Turned) -> Self {
        let key = match turned {
            Turned::NotOpen => "refused-door-closed",
            Turned::NoRole => "refused-door-role",
            Turned::Cancelled => "refused-door-off",
            Turned::Lapsed => "refused-lapsed",
            Turned::Used => "refused-used",
            Turned::Signature => "refused-signature",
            Turned::Rsvp => "refused-rsvp",
            Turned::NotWritten => "refused-not-written",
        };
        Self::said(key, "", turned.to_string())
    }
}

/// What follows from an answer that is good.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Admission {
    /// Post this; the guest is in once it is durable.
    Post(Box<Post>),
    /// This door has countersigned for the guest before.
    Already,
}

impl Door {
    /// Opens a door for `event`, of a series for the occurrence `occ`.
    pub fn open(event: EntryId, occ: Option<String>, now: Millis, draw: Draw<'_>) -> Self {
        let live = BTreeMap::new();
        let mut door = Self { event, occ, screen: [0; 16], shown_at: now, watched_at: now, live };
        door.screen = door.issue(now, None, draw);
        door
    }

    /// The challenge on the screen.
    pub fn screen(&self) -> [u8; 16] {
        self.screen
    }

    /// How long the screen's challenge is still good.
    pub fn good_for(&self, now: Millis) -> Millis {
        NONCE_LIFE.saturating_sub(now.saturating_sub(self.shown_at))
    }

    /// A fresh challenge for one connection.
    pub fn challenge(&mut self, now: Millis, link: LinkId, draw: Draw<'_>) -> [u8; 16] {
        self.issue(now, Some(link), draw)
    }

    /// Somebody looks at the screen.
    pub fn watch(&mut self, now: Millis) {
        self.watched_at = now;
    }

    /// Whether nobody has for so long that it should close.
    pub fn is_unwatched(&self, now: Millis) -> bool {
        now.saturating_sub(self.watched_at) >= UNWATCHED_MAX
    }

    /// When to renew it, or to close it, unless something happens before.
    pub fn next_at(&self) -> Millis {
        (self.shown_at + RENEW_AFTER).min(self.watched_at + UNWATCHED_MAX)
    }

    /// Forgets what has lapsed, and shows another challenge if it is time: then every connection gets one, too.
    pub fn renew(&mut self, now: Millis, draw: Draw<'_>) -> bool {
        self.live.retain(|_, issued| now.saturating_sub(issued.at) < NONCE_LIFE);
        let due = now.saturating_sub(self.shown_at) >= RENEW_AFTER;
        if due {
            self.screen = self.issue(now, None, draw);
            self.shown_at = now;
        }
        due
    }

    fn issue(&mut self, now: Millis, to: Option<LinkId>, draw: Draw<'_>) -> [u8; 16] {
        let nonce = draw();
        self.live.insert(nonce, Issued { at: now, to, used: BTreeSet::new() });
        nonce
    }

    /// Uses a challenge up for this guest.
    fn spend(
        &mut self,
        now: Millis,
        nonce: &[u8; 16],
        link: Option<LinkId>,
        guest: FeedId,
    ) -> Result<(), Turned> {
        let lapsed = |issued: &Issued| now.saturating_sub(issued.at) >= NONCE_LIFE;
        let issued = self.live.get_mut(nonce).filter(|issued| !lapsed(issued)).ok_or(Turned::Lapsed)?;
        if issued.to.is_some() && issued.to != link {
            return Err(Turned::Lapsed); // Somebody else's: not to be told apart from none.
        }
        if issued.used.insert(guest) { Ok(()) } else { Err(Turned::Used) }
    }

    /// Judges an answer by what the log says of the event, or the occurrence. `link`: on which connection it
    /// came; `None` = off the guest's screen. `rsvp_of` an RSVP: who wrote it and for which event, if it is held.
    pub fn judge(
        &mut self,
        now: Millis,
        (net, me): (&NetId, FeedId),
        state: &EventState,
        (link, guest): (Option<LinkId>, FeedId),
        answer: &DoorAnswer,
        rsvp_of: impl FnOnce(&EntryId) -> Option<(FeedId, EntryId)>,
    ) -> Result<Admission, Turned> {
        if (answer.challenge.event, &answer.challenge.occ) != (self.event, &self.occ) {
            return Err(Turned::NotOpen);
        }
        if !super::may_countersign(state, &me) {
            return Err(Turned::NoRole);
        }
        if state.cancelled {
            return Err(Turned::Cancelled);
        }
        let here = |line: &&klatch_feed::meetup::AttendanceLine| line.feed == guest;
        if state.attendance.iter().find(here).is_some_and(|line| line.doors.contains(&me)) {
            return Ok(Admission::Already); // The guest missed the verdict.
        }
        let nonce = answer.challenge.nonce;
        let signed =
            checkin_message(net, &self.event, self.occ.as_deref(), &me, &nonce, answer.rsvp.as_ref());
        let theirs = PublicKey::parse(&guest).is_ok_and(|key| key.verify(&[&signed], &answer.signature));
        if !theirs {
            return Err(Turned::Signature);
        }
        // One that is not held yet may be on its way; the fold judges it when it comes.
        if answer.rsvp.as_ref().and_then(rsvp_of).is_some_and(|of| of != (guest, self.event)) {
            return Err(Turned::Rsvp);
        }
        self.spend(now, &nonce, link, guest)?;
        let (event, rsvp, signature) = (self.event, answer.rsvp, answer.signature);
        Ok(Admission::Post(Box::new(Post::Checkin {
            event,
            guest,
            nonce,
            rsvp,
            signature,
            occ: self.occ.clone(),
            persons: None,
        })))
    }
}

#[cfg(test)]
mod tests {
    use klatch_feed::SecretKey;
    use klatch_feed::meetup::{AttendanceLine, RoleLine};
    use klatch_feed::post::Role;
    use klatch_gossip::sync::Challenge;

    use super::*;

    const EVENT: EntryId = EntryId::new([1; 32]);
    const RSVP: EntryId = EntryId::new([2; 32]);
    const LINK: LinkId = LinkId(7);

    /// Bytes that differ each time.
    fn draw() -> impl FnMut() -> [u8; 16] {
        let mut last = 0;
        move || {
            last += 1;
            [last; 16]
        }
    }

    fn ana() -> SecretKey {
        SecretKey::from_seed(&[3; 32])
    }
    fn guest() -> SecretKey {
        SecretKey::from_seed(&[4; 32])
    }
    fn net() -> NetId {
        NetId::of_name("klatch")
    }

    /// An event whose door is Ana's.
    fn state() -> EventState {
        let host = RoleLine { feed: ana().feed(), role: Role::Door, quota: None, cut: None };
        let json = serde_json::json!({
            "id": EVENT, "group": null, "in_group": false, "author": ana().feed(), "title": "Tea",
            "start": "2026-12-01T18:30", "zone": "Europe/Lisbon", "minutes": 60, "place": "", "about": "",
            "capacity": null, "split": false, "revision": 0, "tips": [], "cancelled": false, "hosts": [host],
            "seated": [], "waiting": [], "provisional": [], "unranked": [], "maybe": [], "no": [],
            "attendance": [], "incomplete": false,
        });
        serde_json::from_value(json).unwrap()
    }

    fn signed(by: &SecretKey, nonce: [u8; 16], rsvp: Option<EntryId>) -> DoorAnswer {
        let message = checkin_message(&net(), &EVENT, None, &ana().feed(), &nonce, rsvp.as_ref());
        DoorAnswer {
            challenge: Challenge { event: EVENT, occ: None, nonce },
            rsvp,
            signature: by.sign(&[&message]),
        }
    }

    /// What Ana's door says to the guest's answer at `now` on `link`. She holds the guest's RSVP alone.
    fn judge(
        door: &mut Door,
        now: Millis,
        state: &EventState,
        link: LinkId,
        answer: &DoorAnswer,
    ) -> Result<Admission, Turned> {
        let rsvp_of = |id: &EntryId| (*id == RSVP).then(|| (guest().feed(), EVENT));
        door.judge(now, (&net(), ana().feed()), state, (Some(link), guest().feed()), answer, rsvp_of)
    }

    #[test]
    fn a_good_answer_becomes_the_doors_countersignature() {
        let mut draw = draw();
        let mut door = Door::open(EVENT, None, 0, &mut draw);
        let nonce = door.challenge(0, LINK, &mut draw);
        let answer = signed(&guest(), nonce, Some(RSVP));
        let Ok(Admission::Post(post)) = judge(&mut door, 1, &state(), LINK, &answer) else {
            panic!("turned away")
        };
        let (guest, signature) = (guest().feed(), answer.signature);
        assert_eq!(
            *post,
            Post::Checkin {
                event: EVENT,
                guest,
                nonce,
                rsvp: Some(RSVP),
                signature,
                occ: None,
                persons: None
            }
        );
    }

    #[test]
    fn whoever_does_not_belong_in_is_told_why() {
        let bare = EventState { hosts: Vec::new(), ..state() };
        let mut cut = state();
        cut.hosts[0].cut = Some(9);
        let cancelled = EventState { cancelled: true, ..state() };
        let (screen, theirs) = ([1; 16], [2; 16]); // As `draw` gives them.
        let good = signed(&guest(), theirs, None);
        let other = DoorAnswer { challenge: Challenge { event: RSVP, occ: None, nonce: theirs }, ..good };
        let challenge = Challenge { occ: Some("2026-12-08T18:30".to_owned()), ..good.challenge };
        let next = DoorAnswer { challenge, ..good };
        let swapped = DoorAnswer { rsvp: Some(RSVP), ..good.clone() };
        let cases: [(&str, &EventState, LinkId, DoorAnswer, Turned); 10] = [
            ("another event's door", &state(), LINK, other, Turned::NotOpen),
            ("another occurrence's door", &state(), LINK, next, Turned::NotOpen),
            ("this node holds no door", &bare, LINK, good.clone(), Turned::NoRole),
            ("this node was cut off", &cut, LINK, good.clone(), Turned::NoRole),
            ("the event is off", &cancelled, LINK, good.clone(), Turned::Cancelled),
            ("signed by another", &state(), LINK, signed(&ana(), theirs, None), Turned::Signature),
            ("signed over another RSVP", &state(), LINK, swapped, Turned::Signature),
            ("a challenge nobody made", &state(), LINK, signed(&guest(), [9; 16], None), Turned::Lapsed),
            ("another connection's challenge", &state(), LinkId(8), good, Turned::Lapsed),
            (
                "an RSVP that is another's",
                &state(),
                LINK,
                signed(&guest(), screen, Some(EVENT)),
                Turned::Rsvp,
            ),
        ];
        for (name, state, link, answer, turned) in cases {
            let mut draw = draw();
            let mut door = Door::open(EVENT, None, 0, &mut draw);
            door.challenge(0, LINK, &mut draw);
            let rsvp_of = |id: &EntryId| (*id == EVENT).then(|| (ana().feed(), EVENT));
            let said =
                door.judge(1, (&net(), ana().feed()), state, (Some(link), guest().feed()), &answer, rsvp_of);
            assert_eq!(said, Err(turned), "{name}");
            assert!(turned.to_string().len() <= 200, "{name}: the guest could not be told");
        }
    }

    #[test]
    fn a_challenge_lapses_after_a_minute_and_is_good_once_for_each_guest() {
        let mut draw = draw();
        let mut door = Door::open(EVENT, None, 0, &mut draw);
        let answer = signed(&guest(), door.screen(), None);
        assert_eq!(judge(&mut door, NONCE_LIFE, &state(), LINK, &answer), Err(Turned::Lapsed));
        assert!(judge(&mut door, NONCE_LIFE - 1, &state(), LINK, &answer).is_ok());
        assert_eq!(judge(&mut door, NONCE_LIFE - 1, &state(), LINK, &answer), Err(Turned::Used));
        let other = SecretKey::from_seed(&[5; 32]);
        let theirs = signed(&other, door.screen(), None);
        let said =
            door.judge(9, (&net(), ana().feed()), &state(), (Some(LinkId(9)), other.feed()), &theirs, |_| {
                None
            });
        assert!(said.is_ok(), "the screen's is good for every guest");
    }

    #[test]
    fn an_answer_off_the_guests_screen_is_to_what_the_doors_screen_shows() {
        let mut draw = draw();
        let mut door = Door::open(EVENT, None, 0, &mut draw);
        let theirs = door.challenge(0, LINK, &mut draw);
        let mut off_screen = |nonce| {
            let answer = signed(&guest(), nonce, None);
            let mine = (&net(), ana().feed());
            door.judge(1, mine, &state(), (None, guest().feed()), &answer, |_| None).map(drop)
        };
        assert_eq!(off_screen(theirs), Err(Turned::Lapsed), "a connection's own");
        assert_eq!(off_screen([1; 16]), Ok(()));
        assert_eq!(off_screen([1; 16]), Err(Turned::Used));
    }

    #[test]
    fn the_screen_changes_every_half_minute_and_the_one_before_stays_good() {
        let mut draw = draw();
        let mut door = Door::open(EVENT, None, 0, &mut draw);
        let first = door.screen();
        assert!(!door.renew(RENEW_AFTER - 1, &mut draw));
        assert_eq!(door.next_at(), RENEW_AFTER);
        assert!(door.renew(RENEW_AFTER, &mut draw));
        assert_ne!(door.screen(), first);
        let answer = signed(&guest(), first, None);
        assert!(judge(&mut door, RENEW_AFTER + 1, &state(), LINK, &answer).is_ok());
        door.renew(NONCE_LIFE, &mut draw);
        assert!(!door.live.contains_key(&first), "what has lapsed takes no memory");
    }

    #[test]
    fn who_is_in_already_is_in_whatever_they_show() {
        let line = AttendanceLine {
            feed: guest().feed(),
            doors: vec![ana().feed()],
            rsvp: None,
            late: false,
            left: false,
            persons: None,
        };
        let inside = EventState { attendance: vec![line], ..state() };
        let mut door = Door::open(EVENT, None, 0, &mut draw());
        let answer = signed(&guest(), [9; 16], None);
        assert_eq!(judge(&mut door, 1, &inside, LINK, &answer), Ok(Admission::Already));
    }

    #[test]
    fn a_door_that_nobody_watches_closes() {
        let mut door = Door::open(EVENT, None, 0, &mut draw());
        assert!(!door.is_unwatched(UNWATCHED_MAX - 1));
        assert!(door.is_unwatched(UNWATCHED_MAX));
        door.watch(5);
        assert!(!door.is_unwatched(UNWATCHED_MAX));
    }
}
