//! What entries say: one enum, one file per kind in `post/`. Source: spec/posts.md.
//!
//! Objects and entries a post is about stand in the header's refs, so that a node that dropped the body
//! still knows them; all else stands in the body, a canonical CBOR map with text keys. Refs, first to last,
//! follow the fields of the variant: an object is always `refs[0]`. A body that does not fit its kind says
//! nothing: [`Post::read`] returns `None`, never an error.
//!
//! Absent on purpose: what a post does to a group or event (`meetup`), and who may say it.

mod checkin;
mod event;
mod form;
mod group;
mod identity;
pub mod kind;
mod limit;
mod poll;
mod repeat;
mod rsvp;
mod seal;
mod seat;
mod talk;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::succession::Succeeds;
use crate::{EntryId, FeedId, Seq};

pub use checkin::checkin_message;
pub use event::{EventFields, instant, local_start};
pub(crate) use event::{START_FORM, parse_start};
use form::Body;
pub(crate) use limit::text as check_text;
pub use limit::{PostError, Problem};
use limit::{count, distinct, line, number, text};
pub use repeat::{OCCURRENCES_MAX, Rule, RuleError};
pub use rsvp::PARTY_MAX;
pub use seal::READERS_MAX;

/// A person as authority and trust name them: a feed together with its first entry, so that a thief who
/// signs a second first entry gains nothing.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Person {
    /// The feed.
    pub feed: FeedId,
    /// The id of its entry 1.
    pub genesis: EntryId,
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

/// How one becomes a member of a group.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Joining {
    /// By joining.
    #[default]
    Open,
    /// By joining and being accepted.
    Approval,
    /// The same, and nobody should ask who was not accepted before.
    Invite,
}

/// How many must say that an owner is silent. 0 = that many never can.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Silence {
    /// Other owners.
    pub owners: u32,
    /// Accepted members.
    pub members: u32,
}

/// How a host's running node ranks those who ask for a seat.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// In the order in which they reached it.
    #[default]
    First,
    /// Members of the group before others.
    Members,
    /// Nobody by itself.
    Approval,
    /// By lot, when answers close.
    Lottery,
}

/// What the door notes of somebody besides that they came.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StampKind {
    /// Came after it had begun.
    Late,
    /// Left before the end.
    Left,
}

/// What a comment is, besides text.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// A host tells everybody.
    Announcement,
    /// Somebody who was there says thanks.
    Thanks,
}

/// Whom and what sealed text is for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// From who was there, to the hosts.
    Feedback,
    /// From who answered yes, to the hosts: what the event asks.
    Answers,
    /// From a host to the seated: the exact place.
    Address,
}

/// One thing said. `occ`: the occurrence of a series that it is about, by its original local start.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Post {
    /// Entry 1 of every feed.
    Genesis {
        /// SHA-256 of the recovery key's public half.
        recovery: [u8; 32],
        /// The feed that this one succeeds, if any.
        succeeds: Option<Box<Succeeds>>,
    },
    /// Founds a group; its id is this entry's.
    Group {
        /// One line, 1 to 120 bytes.
        name: String,
        /// Owners besides the founder, in order of seniority; at most 8.
        owners: Vec<Person>,
        /// Who may schedule.
        schedulers: Schedulers,
        /// How one becomes a member.
        joining: Joining,
        /// Who can say that an owner is silent, if anybody.
        silence: Option<Silence>,
    },
    /// Founds an event; its id is this entry's.
    Event {
        /// The group it belongs to, if any.
        group: Option<EntryId>,
        /// One line, 1 to 120 bytes.
        title: String,
        /// Local start, `YYYY-MM-DDTHH:MM`.
        start: String,
        /// IANA zone, 1 to 64 bytes.
        zone: String,
        /// How long, in minutes, 1 to 20160.
        minutes: u32,
        /// Persons who find room; `None` = no limit. 1 to 100000.
        capacity: Option<u32>,
        /// Whether a smaller party may pass a larger one that does not fit.
        split: bool,
        /// The rule by which it repeats: the event is a series.
        repeat: Option<String>,
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
        /// Seats handed over (events only), 0 to 100000; 0 for a door.
        quota: u32,
        /// Revokes of the subject that this lifts, at most 7.
        lifts: Vec<EntryId>,
        /// The subject's first entry that counts again; `None` iff nothing is lifted.
        from_seq: Option<Seq>,
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
    /// Lets entries count that a cut voids.
    Endorse {
        /// Group or event.
        object: EntryId,
        /// Which, 1 to 7.
        entries: Vec<EntryId>,
    },
    /// Makes somebody a member, who joined or will.
    Accept {
        /// Which group.
        group: EntryId,
        /// Whom.
        subject: Person,
        /// Revokes of the subject that this lifts, at most 7.
        lifts: Vec<EntryId>,
        /// As in a grant.
        from_seq: Option<Seq>,
    },
    /// States that an owner is silent and who is to go on for them.
    Silent {
        /// Which group.
        group: EntryId,
        /// The owner.
        subject: Person,
        /// Who becomes one.
        heir: Person,
        /// As in a revoke: the owner's last entry honoured.
        cut_seq: Seq,
        /// Its id; `None` iff `cut_seq` is 0.
        cut_id: Option<EntryId>,
    },
    /// An owner answers such statements: they are void.
    Present {
        /// Which group.
        group: EntryId,
        /// Which, 1 to 7.
        statements: Vec<EntryId>,
    },
    /// Ranks RSVPs: position in the author's log is the order. ("admit" is the command.)
    Seat {
        /// Which event.
        event: EntryId,
        /// RSVP and persons, 1 to 32 lines.
        lines: Vec<(EntryId, u32)>,
        #[allow(missing_docs)]
        occ: Option<String>,
    },
    /// Gives up lines: who did not confirm, who was ranked by mistake.
    Release {
        /// Which event.
        event: EntryId,
        /// RSVPs, 1 to 32.
        rsvps: Vec<EntryId>,
        #[allow(missing_docs)]
        occ: Option<String>,
    },
    /// The author ranks nobody more.
    Close {
        /// Which event.
        event: EntryId,
        #[allow(missing_docs)]
        occ: Option<String>,
    },
    /// Calls one occurrence off. Final.
    Skip {
        /// Which series.
        event: EntryId,
        #[allow(missing_docs)]
        occ: String,
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
        /// The newest updates of the event that the author had seen: `EventState::tips`, at most 7.
        seen: Vec<EntryId>,
        /// The answer.
        answer: Answer,
        /// Persons, the author included, 1 to 20.
        party: u32,
        /// One line for the hosts, at most 200 bytes.
        note: String,
        #[allow(missing_docs)]
        occ: Option<String>,
    },
    /// The author still means their yes.
    Confirm {
        /// Which event.
        event: EntryId,
        /// Which answer.
        rsvp: EntryId,
        #[allow(missing_docs)]
        occ: Option<String>,
    },
    /// The author says that they are there, and no door says so.
    Here {
        /// Which event.
        event: EntryId,
        #[allow(missing_docs)]
        occ: Option<String>,
    },
    /// Changes fields of an event; what is `None` stays.
    Update {
        /// Which event.
        event: EntryId,
        /// Updates it replaces, at most 7.
        replaces: Vec<EntryId>,
        /// New values.
        fields: Box<EventFields>,
        #[allow(missing_docs)]
        occ: Option<String>,
    },
    /// Calls the event off. Final: it counts by kind and refs, whatever becomes of the body.
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
        #[allow(missing_docs)]
        occ: Option<String>,
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
        /// How many came, the guest included, 1 to 20; `None` = as many as have a seat.
        persons: Option<u32>,
        #[allow(missing_docs)]
        occ: Option<String>,
    },
    /// What a door notes of a guest besides.
    Stamp {
        /// Which event.
        event: EntryId,
        /// Who.
        guest: FeedId,
        /// What.
        what: StampKind,
        #[allow(missing_docs)]
        occ: Option<String>,
    },
    /// Hides entries for everybody in a group or event, or shows them again.
    Hide {
        /// Group or event.
        object: EntryId,
        /// Which, 1 to 7.
        entries: Vec<EntryId>,
        /// Or show.
        on: bool,
        /// Why, at most 500 bytes.
        reason: String,
    },
    /// Says of a group that everybody may read of it on the pages of a pub, or no longer.
    Public {
        /// Which group.
        group: EntryId,
        /// Or no longer.
        on: bool,
    },
    /// What the author wants to be called.
    Profile {
        /// One line, 1 to 60 bytes.
        name: String,
        /// At most 2000 bytes.
        about: String,
        /// At most 5 lines.
        links: Vec<String>,
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
        /// What more it is.
        tone: Option<Tone>,
    },
    /// Asks when an event should be.
    Poll {
        /// In which group.
        group: EntryId,
        /// One line, 1 to 200 bytes.
        question: String,
        /// IANA zone of the options.
        zone: String,
        /// How long the event would be.
        minutes: u32,
        /// Local starts, 2 to 12.
        options: Vec<String>,
    },
    /// On which of a poll's options the author could come. The last one counts.
    Vote {
        /// Which poll.
        poll: EntryId,
        /// Options by place, from 0.
        yes: Vec<u32>,
    },
    /// The poll's author says which event came of it.
    Settled {
        /// Which poll.
        poll: EntryId,
        /// Which event.
        event: EntryId,
    },
    /// Text that only some can read.
    Sealed {
        /// Which event.
        event: EntryId,
        /// What it is.
        purpose: Purpose,
        /// For each reader the first 8 bytes of their feed, and the sealed key; 1 to 150.
        keys: Vec<([u8; 8], [u8; 80])>,
        /// The sealed text.
        sealed: Vec<u8>,
        #[allow(missing_docs)]
        occ: Option<String>,
    },
}
