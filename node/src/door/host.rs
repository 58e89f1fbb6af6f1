//! The host's side of a door: which challenges are live, and whom an answer lets in. No I/O, clock or randomness.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::post::checkin_message;
use klatch_feed::{EntryId, EventState, FeedId, NetId, Post, PublicKey};
use klatch_gossip::link::LinkId;
use klatch_gossip::sync::{DoorAnswer, Millis};

/// A challenge is good for this long. Source: spec/meetup.md, "check-in".
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
    #[error("the signature is not yours over this challenge")]
    Signature,
    #[error("that RSVP is another person's, or for another event")]
    Rsvp,
    #[error("the door could not write it down: tell the host")]
    NotWritten,
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
    /// Opens a door for `event`.
    pub fn open(event: EntryId, now: Millis, draw: Draw<'_>) -> Self {
        let mut door = Self { event, screen: [0; 16], shown_at: now, watched_at: now, live: BTreeMap::new() };
        door.screen = door.issue(now, None, draw);
        door
    }

    /// What it is open for.
    pub fn event(&self) -> EntryId {
        self.event
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
    fn spend(&mut self, now: Millis, nonce: &[u8; 16], link: LinkId, guest: FeedId) -> Result<(), Turned> {
        let lapsed = |issued: &Issued| now.saturating_sub(issued.at) >= NONCE_LIFE;
        let issued = self.live.get_mut(nonce).filter(|issued| !lapsed(issued)).ok_or(Turned::Lapsed)?;
        if issued.to.is_some_and(|to| to != link) {
            return Err(Turned::Lapsed); // Somebody else's: not to be told apart from none.
        }
        if issued.used.insert(guest) { Ok(()) } else { Err(Turned::Used) }
    }

    /// Judges an answer by what the log says of the event. `rsvp_of` an RSVP: who wrote it and for which
    /// event, if it is held.
    pub fn judge(
        &mut self,
        now: Millis,
        (net, me): (&NetId, FeedId),
        state: &EventState,
        (link, guest): (LinkId, FeedId),
        answer: &DoorAnswer,
        rsvp_of: impl FnOnce(&EntryId) -> Option<(FeedId, EntryId)>,
    ) -> Result<Admission, Turned> {
        if answer.challenge.event != self.event {
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
        let signed = checkin_message(net, &self.event, &me, &nonce, answer.rsvp.as_ref());
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
        Ok(Admission::Post(Box::new(Post::Checkin { event, guest, nonce, rsvp, signature })))
    }
}
