//! What entries say: one enum, one struct per kind. Source: spec/posts.md.
//!
//! Objects and entries a post is about stand in the header's refs, so that a node that dropped the body
//! still knows them; all else stands in the body, a canonical CBOR map with text keys. A body that does
//! not fit its kind says nothing: [`Post::read`] returns `None`, never an error.

use serde::{Deserialize, Serialize};

use crate::{EntryId, FeedId, Kind, Seq};

/// A person as authority and trust name them: a feed together with its first entry, so that a thief who
/// signs a second first entry gains nothing.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Person {
    /// The feed.
    pub feed: FeedId,
    /// The id of its entry 1.
    pub genesis: EntryId,
}

/// Kind numbers. Source: spec/posts.md, "kinds".
#[allow(missing_docs)]
pub mod kind {
    use crate::Kind;

    pub const GENESIS: Kind = Kind(0);
    pub const GROUP: Kind = Kind(1);
    pub const EVENT: Kind = Kind(2);
    pub const JOIN: Kind = Kind(3);
    pub const LEAVE: Kind = Kind(4);
    pub const GRANT: Kind = Kind(5);
    pub const REVOKE: Kind = Kind(6);
    // 7 endorse, 9 release, 10 close, 12 hide: reserved.
    pub const SEAT: Kind = Kind(8);
    pub const TOMBSTONE: Kind = Kind(11);
    pub const RSVP: Kind = Kind(64);
    pub const UPDATE: Kind = Kind(65);
    pub const ARRIVE: Kind = Kind(66);
    pub const CHECKIN: Kind = Kind(67);
    pub const CANCEL: Kind = Kind(68);
    pub const PROFILE: Kind = Kind(256);
    pub const FOLLOW: Kind = Kind(257);
    pub const COMMENT: Kind = Kind(258);
}

/// A role in a group or event, most senior first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Grants any role.
    Owner,
    /// Schedules; grants host and door.
    Organizer,
    /// Seats; grants door.
    Host,
    /// Countersigns check-ins.
    Door,
}

/// An answer to an event.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// I want a seat.
    Yes,
    /// I do not come.
    No,
    /// I may.
    Maybe,
}

/// Who may schedule in a group.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedulers {
    /// Organizers and owners.
    #[default]
    Organizers,
    /// Every member.
    Members,
}

/// One thing said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Post {
    /// Entry 1 of every feed.
    Genesis {
        /// SHA-256 of the recovery key's public half.
        recovery: [u8; 32],
    },
    /// Founds a group; its id is this entry's.
    Group {
        /// One line, 1 to 120 bytes.
        name: String,
        /// Owners besides the founder, in order of seniority; at most 8.
        owners: Vec<Person>,
        /// Who may schedule.
        schedulers: Schedulers,
    },
    /// Founds an event; its id is this entry's.
    Event {
        /// The group it belongs to, if any.
        group: Option<EntryId>,
        /// One line, 1 to 120 bytes.
        title: String,
        /// Local start, `YYYY-MM-DDTHH:MM`.
        start: String,
        /// IANA zone.
        zone: String,
        /// How long, in minutes, 1 to 20160.
        minutes: u32,
        /// Persons who find room; `None` = no limit. 1 to 100000.
        capacity: Option<u32>,
        /// Whether a smaller party may pass a larger one that does not fit.
        split: bool,
    },
    /// The author is a member of the group from here.
    Join {
        /// Which.
        group: EntryId,
    },
    /// ... and no longer.
    Leave {
        /// Which.
        group: EntryId,
    },
    /// Gives a role, and maybe a share of the seats.
    Grant {
        /// Group or event.
        object: EntryId,
        /// To whom.
        subject: Person,
        /// Which role.
        role: Role,
        /// Seats handed over (events only).
        quota: u32,
    },
    /// Takes every role, honouring what the subject said up to `cut_seq`.
    Revoke {
        /// Group or event.
        object: EntryId,
        /// From whom.
        subject: Person,
        /// The last entry honoured; 0 = none.
        cut_seq: Seq,
        /// Its id; `None` iff `cut_seq` is 0.
        cut_id: Option<EntryId>,
    },
    /// Ranks RSVPs: position in the author's log is the order. ("admit" is the command.)
    Seat {
        /// Which event.
        event: EntryId,
        /// RSVP and persons, 1 to 32 lines.
        lines: Vec<(EntryId, u32)>,
    },
    /// The author takes back entries of their own.
    Tombstone {
        /// Which, 1 to 8.
        targets: Vec<EntryId>,
    },
    /// A request for a seat, or the taking back of one.
    Rsvp {
        /// Which event.
        event: EntryId,
        /// The newest update of the event that the author had seen.
        seen: Option<EntryId>,
        /// The answer.
        answer: Answer,
        /// Persons, the author included, 1 to 20.
        party: u32,
        /// One line for the hosts, at most 200 bytes.
        note: String,
    },
    /// Changes fields of an event; what is `None` stays.
    Update {
        /// Which event.
        event: EntryId,
        /// Updates it replaces, at most 7.
        replaces: Vec<EntryId>,
        /// New values.
        fields: EventFields,
    },
    /// Calls the event off. Final.
    Cancel {
        /// Which event.
        event: EntryId,
        /// Why, at most 500 bytes.
        reason: String,
    },
    /// The guest's own record of a check-in.
    Arrive {
        /// Which event.
        event: EntryId,
        /// The door that asked.
        door: FeedId,
        /// The challenge.
        nonce: [u8; 16],
        /// The RSVP checked in, if there was one.
        rsvp: Option<EntryId>,
        /// The guest's signature over the challenge.
        signature: [u8; 64],
    },
    /// The door's countersignature: this guest answered my challenge.
    Checkin {
        /// Which event.
        event: EntryId,
        /// Who.
        guest: FeedId,
        /// The challenge.
        nonce: [u8; 16],
        /// The RSVP checked in; `None` = a walk-in.
        rsvp: Option<EntryId>,
        /// The guest's signature over the challenge.
        signature: [u8; 64],
    },
    /// What the author wants to be called.
    Profile {
        /// One line, 1 to 60 bytes.
        name: String,
        /// At most 2000 bytes.
        about: String,
    },
    /// A published follow. Off by default: following is a local fact.
    Follow {
        /// Whom.
        subject: Person,
        /// Or no longer.
        on: bool,
    },
    /// Text on a group, an event or another comment.
    Comment {
        /// Group or event.
        object: EntryId,
        /// The comment answered.
        reply: Option<EntryId>,
        /// 1 to 8000 bytes.
        text: String,
    },
}

/// The fields of an event that can change.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct EventFields {
    pub title: Option<String>,
    pub start: Option<String>,
    pub zone: Option<String>,
    pub minutes: Option<u32>,
    pub place: Option<String>,
    pub about: Option<String>,
    pub capacity: Option<u32>,
}

/// A post that may not be signed: a field past its limit.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct PostError {
    /// Which field.
    pub field: &'static str,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

impl Post {
    /// Reads what an entry says. `None`: an unknown kind, a body that is absent or does not fit its kind.
    pub fn read(kind: Kind, refs: &[EntryId], body: Option<&[u8]>) -> Option<Self> {
        let _ = (kind, refs, body);
        todo!()
    }

    /// The kind, refs and body that say it, checked against every limit. `salt`: 16 random bytes, which
    /// the kinds with guessable bodies (rsvp, arrive, check-in) carry.
    pub fn draft(&self, time_ms: u64, salt: [u8; 16]) -> Result<crate::Draft, PostError> {
        let _ = (time_ms, salt);
        todo!()
    }
}

/// What a guest signs at the door: domain, network, and canonical `[event, occurrence, door, nonce, rsvp]`.
/// The occurrence is null until events repeat. Source: spec/meetup.md, "check-in".
pub fn checkin_message(
    net: &crate::NetId,
    event: &EntryId,
    door: &FeedId,
    nonce: &[u8; 16],
    rsvp: Option<&EntryId>,
) -> Vec<u8> {
    let _ = (net, event, door, nonce, rsvp);
    todo!()
}
