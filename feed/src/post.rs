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
mod group;
mod identity;
pub mod kind;
mod limit;
mod rsvp;
mod seat;
mod talk;
#[cfg(test)]
mod tests;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use crate::entry::{BODY_BYTES_MAX, CONTROL_BODY_BYTES_MAX};
use crate::succession::Succeeds;
use crate::{Draft, EntryId, FeedId, Kind, Seq, codec};

pub use checkin::checkin_message;
pub use event::local_start;
pub use limit::{PostError, Problem};
use limit::{count, distinct, line, number, text};

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

/// One thing said.
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
        /// The newest updates of the event that the author had seen: `EventState::tips`, at most 7.
        seen: Vec<EntryId>,
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

/// The fields of an event that can change. What an event has beyond its founding body (place, about) comes
/// with its first update: the founding body is kept for ever, that of an update can be taken back.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct EventFields {
    /// As the event's.
    pub title: Option<String>,
    /// As the event's.
    pub start: Option<String>,
    /// As the event's.
    pub zone: Option<String>,
    /// As the event's.
    pub minutes: Option<u32>,
    /// One line, at most 300 bytes.
    pub place: Option<String>,
    /// At most 4000 bytes.
    pub about: Option<String>,
    /// As the event's.
    pub capacity: Option<u32>,
}

/// A key of the body that this version knows only as not for it: a post that carries it says nothing here.
type Reserved = IgnoredAny;

/// The body of one kind, as it lies in the entry.
trait Body: DeserializeOwned + Serialize {
    /// What it says together with the refs; `None` where they do not fit. Limits are checked after.
    fn post(self, refs: &[EntryId]) -> Option<Post>;
}

impl Post {
    /// Reads what an entry says. `None`: an unknown kind, a body that is absent or does not fit its kind.
    ///
    /// A pure function of its arguments, for ever: no zone data, no clock.
    pub fn read(kind: Kind, refs: &[EntryId], body: Option<&[u8]>) -> Option<Self> {
        let body = body?;
        let post = match kind {
            kind::GENESIS => read::<identity::Genesis>(kind, refs, body),
            kind::GROUP => read::<group::Group>(kind, refs, body),
            kind::EVENT => read::<event::Event>(kind, refs, body),
            kind::JOIN => read::<group::Join>(kind, refs, body),
            kind::LEAVE => read::<group::Leave>(kind, refs, body),
            kind::GRANT => read::<group::Grant>(kind, refs, body),
            kind::REVOKE => read::<group::Revoke>(kind, refs, body),
            kind::SEAT => read::<seat::Seat>(kind, refs, body),
            kind::TOMBSTONE => read::<talk::Tombstone>(kind, refs, body),
            kind::RSVP => read::<rsvp::Rsvp>(kind, refs, body),
            kind::UPDATE => read::<event::Update>(kind, refs, body),
            kind::ARRIVE => read::<checkin::Arrive>(kind, refs, body),
            kind::CHECKIN => read::<checkin::Checkin>(kind, refs, body),
            kind::CANCEL => read::<event::Cancel>(kind, refs, body),
            kind::PROFILE => read::<identity::Profile>(kind, refs, body),
            kind::FOLLOW => read::<identity::Follow>(kind, refs, body),
            kind::COMMENT => read::<talk::Comment>(kind, refs, body),
            _ => None,
        }?;
        post.check().is_ok().then_some(post)
    }

    /// The kind, refs and body that say it, checked against every limit. `salt`: 16 random bytes, which
    /// the kinds with guessable bodies (rsvp, arrive, check-in) carry.
    ///
    /// # Errors
    ///
    /// The first field past its limit; for an event also a zone that is not known here and a local start
    /// that its clocks skip.
    pub fn draft(&self, time_ms: u64, salt: [u8; 16]) -> Result<Draft, PostError> {
        self.check()?;
        match self {
            Self::Event { start, zone, .. } => event::check_local(Some(start), Some(zone))?,
            Self::Update { fields, .. } => {
                event::check_local(fields.start.as_deref(), fields.zone.as_deref())?;
            }
            _ => {}
        }
        let (refs, body) = (self.refs(), self.body(salt));
        distinct("refs", &refs)?;
        Ok(Draft { kind: self.kind(), refs, body, time_ms })
    }

    /// The number of its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Genesis { .. } => kind::GENESIS,
            Self::Group { .. } => kind::GROUP,
            Self::Event { .. } => kind::EVENT,
            Self::Join { .. } => kind::JOIN,
            Self::Leave { .. } => kind::LEAVE,
            Self::Grant { .. } => kind::GRANT,
            Self::Revoke { .. } => kind::REVOKE,
            Self::Seat { .. } => kind::SEAT,
            Self::Tombstone { .. } => kind::TOMBSTONE,
            Self::Rsvp { .. } => kind::RSVP,
            Self::Update { .. } => kind::UPDATE,
            Self::Arrive { .. } => kind::ARRIVE,
            Self::Checkin { .. } => kind::CHECKIN,
            Self::Cancel { .. } => kind::CANCEL,
            Self::Profile { .. } => kind::PROFILE,
            Self::Follow { .. } => kind::FOLLOW,
            Self::Comment { .. } => kind::COMMENT,
        }
    }

    fn refs(&self) -> Vec<EntryId> {
        match self {
            Self::Genesis { .. } | Self::Group { .. } | Self::Profile { .. } | Self::Follow { .. } => vec![],
            Self::Event { group, .. } => group.iter().copied().collect(),
            Self::Join { group } | Self::Leave { group } => vec![*group],
            Self::Grant { object, .. } | Self::Revoke { object, .. } => vec![*object],
            Self::Seat { event, .. }
            | Self::Cancel { event, .. }
            | Self::Arrive { event, .. }
            | Self::Checkin { event, .. } => vec![*event],
            Self::Tombstone { targets } => targets.clone(),
            Self::Rsvp { event, seen: others, .. } | Self::Update { event, replaces: others, .. } => {
                [&[*event], others.as_slice()].concat()
            }
            Self::Comment { object, reply, .. } => [*object].into_iter().chain(*reply).collect(),
        }
    }

    fn body(&self, salt: [u8; 16]) -> Vec<u8> {
        match self {
            Self::Genesis { recovery, succeeds } => {
                codec::encode(&identity::Genesis::of(recovery, succeeds.as_deref()))
            }
            Self::Group { name, owners, schedulers } => {
                codec::encode(&group::Group::of(name, owners, *schedulers))
            }
            Self::Event { group: _, title, start, zone, minutes, capacity, split } => {
                codec::encode(&event::Event::of(title, start, zone, *minutes, *capacity, *split))
            }
            Self::Join { .. } => codec::encode(&group::Join {}),
            Self::Leave { .. } => codec::encode(&group::Leave {}),
            Self::Grant { subject, role, quota, .. } => {
                codec::encode(&group::Grant::of(subject, *role, *quota))
            }
            Self::Revoke { subject, cut_seq, cut_id, .. } => {
                codec::encode(&group::Revoke::of(subject, *cut_seq, *cut_id))
            }
            Self::Seat { lines, .. } => codec::encode(&seat::Seat::of(lines)),
            Self::Tombstone { .. } => codec::encode(&talk::Tombstone {}),
            Self::Rsvp { answer, party, note, .. } => {
                codec::encode(&rsvp::Rsvp::of(*answer, *party, note, salt))
            }
            Self::Update { fields, .. } => codec::encode(&event::Update::of(fields)),
            Self::Cancel { reason, .. } => codec::encode(&event::Cancel::of(reason)),
            Self::Arrive { event: _, door, nonce, rsvp, signature } => {
                let proof = checkin::Proof { nonce, rsvp: *rsvp, signature, salt };
                codec::encode(&checkin::Arrive::of(door, &proof))
            }
            Self::Checkin { event: _, guest, nonce, rsvp, signature } => {
                let proof = checkin::Proof { nonce, rsvp: *rsvp, signature, salt };
                codec::encode(&checkin::Checkin::of(guest, &proof))
            }
            Self::Profile { name, about } => codec::encode(&identity::Profile::of(name, about)),
            Self::Follow { subject, on } => codec::encode(&identity::Follow::of(subject, *on)),
            Self::Comment { text, .. } => codec::encode(&talk::Comment::of(text)),
        }
    }

    /// Every limit that does not depend on anything but the post: the same for who writes and who reads.
    fn check(&self) -> Result<(), PostError> {
        match self {
            Self::Genesis { succeeds, .. } => identity::check_genesis(succeeds.as_deref()),
            Self::Join { .. } | Self::Leave { .. } | Self::Follow { .. } => Ok(()),
            Self::Arrive { .. } | Self::Checkin { .. } => Ok(()),
            Self::Group { name, owners, .. } => group::check_group(name, owners),
            Self::Event { group: _, title, start, zone, minutes, capacity, split: _ } => {
                event::check_fields(&EventFields {
                    title: Some(title.clone()),
                    start: Some(start.clone()),
                    zone: Some(zone.clone()),
                    minutes: Some(*minutes),
                    capacity: *capacity,
                    ..EventFields::default()
                })
            }
            Self::Grant { role, quota, .. } => group::check_grant(*role, *quota),
            Self::Revoke { cut_seq, cut_id, .. } => group::check_revoke(*cut_seq, cut_id.as_ref()),
            Self::Seat { lines, .. } => seat::check(lines),
            Self::Tombstone { targets } => talk::check_tombstone(targets),
            Self::Rsvp { seen, party, note, .. } => rsvp::check(seen, *party, note),
            Self::Update { replaces, fields, .. } => event::check_update(replaces, fields),
            Self::Cancel { reason, .. } => text("reason", reason, 0..=500),
            Self::Profile { name, about } => identity::check_profile(name, about),
            Self::Comment { text, .. } => talk::check_comment(text),
        }
    }
}

fn read<B: Body>(kind: Kind, refs: &[EntryId], body: &[u8]) -> Option<Post> {
    let max = if kind.is_control() { CONTROL_BODY_BYTES_MAX } else { BODY_BYTES_MAX };
    codec::decode_open::<B>(body, max).ok()?.post(refs)
}
