//! The form of a post: how its refs and body are read and written, and the limits of every field.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use super::limit::{distinct, text};
use super::{
    EventFields, Post, PostError, checkin, event, group, identity, kind, poll, rsvp, seal, seat, talk,
};
use crate::entry::{BODY_BYTES_MAX, CONTROL_BODY_BYTES_MAX};
use crate::{Draft, EntryId, Kind, codec};

/// The body of one kind, as it lies in the entry.
pub(super) trait Body: DeserializeOwned + Serialize {
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
            kind::ENDORSE => read::<group::Endorse>(kind, refs, body),
            kind::ACCEPT => read::<group::Accept>(kind, refs, body),
            kind::SILENT => read::<group::Silent>(kind, refs, body),
            kind::PRESENT => read::<group::Present>(kind, refs, body),
            kind::RELEASE => read::<seat::Release>(kind, refs, body),
            kind::CLOSE => read::<seat::Close>(kind, refs, body),
            kind::SKIP => read::<seat::Skip>(kind, refs, body),
            kind::CONFIRM => read::<rsvp::Confirm>(kind, refs, body),
            kind::HERE => read::<rsvp::Here>(kind, refs, body),
            kind::STAMP => read::<checkin::Stamp>(kind, refs, body),
            kind::HIDE => read::<talk::Hide>(kind, refs, body),
            kind::PUBLIC => read::<talk::Public>(kind, refs, body),
            kind::POLL => read::<poll::Poll>(kind, refs, body),
            kind::VOTE => read::<poll::Vote>(kind, refs, body),
            kind::SETTLED => read::<poll::Settled>(kind, refs, body),
            kind::SEALED => read::<seal::Sealed>(kind, refs, body),
            _ => None,
        }?;
        post.check_limits().is_ok().then_some(post)
    }

    /// The kind, refs and body that say it, checked against every limit. `salt`: 16 random bytes, which
    /// the kinds with guessable bodies (rsvp, arrive, check-in) carry.
    ///
    /// # Errors
    ///
    /// The first field past its limit; for an event also a zone that is not known here and a local start
    /// that its clocks skip.
    pub fn draft(&self, time_ms: u64, salt: [u8; 16]) -> Result<Draft, PostError> {
        self.check_limits()?;
        match self {
            Self::Event { start, zone, .. } => event::check_local(Some(start), Some(zone))?,
            Self::Update { fields, .. } => {
                event::check_local(fields.start.as_deref(), fields.zone.as_deref())?;
            }
            Self::Poll { zone, options, .. } => {
                options.iter().try_for_each(|start| event::check_local(Some(start), Some(zone)))?;
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
            Self::Endorse { .. } => kind::ENDORSE,
            Self::Accept { .. } => kind::ACCEPT,
            Self::Silent { .. } => kind::SILENT,
            Self::Present { .. } => kind::PRESENT,
            Self::Release { .. } => kind::RELEASE,
            Self::Close { .. } => kind::CLOSE,
            Self::Skip { .. } => kind::SKIP,
            Self::Confirm { .. } => kind::CONFIRM,
            Self::Here { .. } => kind::HERE,
            Self::Stamp { .. } => kind::STAMP,
            Self::Hide { .. } => kind::HIDE,
            Self::Public { .. } => kind::PUBLIC,
            Self::Poll { .. } => kind::POLL,
            Self::Vote { .. } => kind::VOTE,
            Self::Settled { .. } => kind::SETTLED,
            Self::Sealed { .. } => kind::SEALED,
        }
    }

    pub(super) fn refs(&self) -> Vec<EntryId> {
        match self {
            Self::Genesis { .. } | Self::Group { .. } | Self::Profile { .. } | Self::Follow { .. } => vec![],
            Self::Event { group, .. } => group.iter().copied().collect(),
            Self::Join { group } | Self::Leave { group } | Self::Silent { group, .. } => vec![*group],
            Self::Revoke { object, .. } => vec![*object],
            Self::Seat { event, .. }
            | Self::Release { event, .. }
            | Self::Close { event, .. }
            | Self::Skip { event, .. }
            | Self::Cancel { event, .. }
            | Self::Arrive { event, .. }
            | Self::Checkin { event, .. }
            | Self::Stamp { event, .. }
            | Self::Here { event, .. }
            | Self::Sealed { event, .. } => vec![*event],
            Self::Poll { group, .. } | Self::Public { group, .. } => vec![*group],
            Self::Vote { poll, .. } => vec![*poll],
            Self::Settled { poll, event } => vec![*poll, *event],
            Self::Confirm { event, rsvp, .. } => vec![*event, *rsvp],
            Self::Tombstone { targets } => targets.clone(),
            Self::Rsvp { event: object, seen: others, .. }
            | Self::Update { event: object, replaces: others, .. }
            | Self::Grant { object, lifts: others, .. }
            | Self::Accept { group: object, lifts: others, .. }
            | Self::Endorse { object, entries: others }
            | Self::Present { group: object, statements: others }
            | Self::Hide { object, entries: others, .. } => [&[*object], others.as_slice()].concat(),
            Self::Comment { object, reply, .. } => [*object].into_iter().chain(*reply).collect(),
        }
    }

    pub(super) fn body(&self, salt: [u8; 16]) -> Vec<u8> {
        match self {
            Self::Genesis { recovery, succeeds } => {
                codec::encode(&identity::Genesis::of(recovery, succeeds.as_deref()))
            }
            Self::Group { name, owners, schedulers, joining, silence } => {
                codec::encode(&group::Group::of(name, owners, *schedulers, *joining, *silence))
            }
            Self::Event { group: _, title, start, zone, minutes, capacity, split, repeat } => codec::encode(
                &event::Event::of(title, start, zone, *minutes, *capacity, *split, repeat.as_deref()),
            ),
            Self::Join { .. } => codec::encode(&group::Join {}),
            Self::Leave { .. } => codec::encode(&group::Leave {}),
            Self::Grant { subject, role, quota, from_seq, .. } => {
                codec::encode(&group::Grant::of(subject, *role, *quota, *from_seq))
            }
            Self::Revoke { subject, cut_seq, cut_id, .. } => {
                codec::encode(&group::Revoke::of(subject, *cut_seq, *cut_id))
            }
            Self::Endorse { .. } => codec::encode(&group::Endorse {}),
            Self::Accept { subject, from_seq, .. } => codec::encode(&group::Accept::of(subject, *from_seq)),
            Self::Silent { group: _, subject, heir, cut_seq, cut_id } => {
                codec::encode(&group::Silent::of(subject, heir, *cut_seq, *cut_id))
            }
            Self::Present { .. } => codec::encode(&group::Present {}),
            Self::Seat { event: _, lines, occ } => codec::encode(&seat::Seat::of(lines, occ.as_deref())),
            Self::Release { event: _, rsvps, occ } => {
                codec::encode(&seat::Release::of(rsvps, occ.as_deref()))
            }
            Self::Close { event: _, occ } => codec::encode(&seat::Close::of(occ.as_deref())),
            Self::Skip { event: _, occ } => codec::encode(&seat::Skip::of(occ)),
            Self::Tombstone { .. } => codec::encode(&talk::Tombstone {}),
            Self::Rsvp { event: _, seen: _, answer, party, note, occ } => {
                codec::encode(&rsvp::Rsvp::of(*answer, *party, note, occ.as_deref(), salt))
            }
            Self::Confirm { occ, .. } => codec::encode(&rsvp::Confirm::of(occ.as_deref(), salt)),
            Self::Here { event: _, occ } => codec::encode(&rsvp::Here::of(occ.as_deref(), salt)),
            Self::Update { event: _, replaces: _, fields, occ } => {
                codec::encode(&event::Update::of(fields, occ.as_deref()))
            }
            Self::Cancel { reason, .. } => codec::encode(&event::Cancel::of(reason)),
            Self::Arrive { event: _, door, nonce, rsvp, signature, occ } => {
                let proof = checkin::Proof { nonce, rsvp: *rsvp, signature, occ: occ.as_deref(), salt };
                codec::encode(&checkin::Arrive::of(door, &proof))
            }
            Self::Checkin { event: _, guest, nonce, rsvp, signature, persons, occ } => {
                let proof = checkin::Proof { nonce, rsvp: *rsvp, signature, occ: occ.as_deref(), salt };
                codec::encode(&checkin::Checkin::of(guest, *persons, &proof))
            }
            Self::Stamp { event: _, guest, what, occ } => {
                codec::encode(&checkin::Stamp::of(guest, *what, occ.as_deref(), salt))
            }
            Self::Hide { on, reason, .. } => codec::encode(&talk::Hide::of(*on, reason)),
            Self::Public { group: _, on } => codec::encode(&talk::Public::of(*on)),
            Self::Profile { name, about, links } => codec::encode(&identity::Profile::of(name, about, links)),
            Self::Follow { subject, on } => codec::encode(&identity::Follow::of(subject, *on)),
            Self::Comment { object: _, reply: _, text, tone } => {
                codec::encode(&talk::Comment::of(text, *tone))
            }
            Self::Poll { group: _, question, zone, minutes, options } => {
                codec::encode(&poll::Poll::of(question, zone, *minutes, options))
            }
            Self::Vote { poll: _, yes } => codec::encode(&poll::Vote::of(yes)),
            Self::Settled { .. } => codec::encode(&poll::Settled {}),
            Self::Sealed { event: _, purpose, keys, sealed, occ } => {
                codec::encode(&seal::Sealed::of(*purpose, keys, sealed, occ.as_deref()))
            }
        }
    }

    /// Every limit that does not depend on anything but the post: the same for who writes and who reads.
    pub(crate) fn check_limits(&self) -> Result<(), PostError> {
        self.occ().map_or(Ok(()), event::check_occ)?;
        match self {
            Self::Genesis { succeeds, .. } => identity::check_genesis(succeeds.as_deref()),
            Self::Join { .. } | Self::Leave { .. } | Self::Follow { .. } => Ok(()),
            Self::Arrive { .. } | Self::Stamp { .. } | Self::Here { .. } | Self::Confirm { .. } => Ok(()),
            Self::Close { .. } | Self::Skip { .. } | Self::Public { .. } | Self::Settled { .. } => Ok(()),
            Self::Checkin { persons, .. } => checkin::check(*persons),
            Self::Group { name, owners, silence, .. } => group::check_group(name, owners, *silence),
            Self::Event { group: _, title, start, zone, minutes, capacity, split: _, repeat } => {
                repeat.as_deref().map_or(Ok(()), event::check_rule)?;
                event::check_fields(&EventFields {
                    title: Some(title.clone()),
                    start: Some(start.clone()),
                    zone: Some(zone.clone()),
                    minutes: Some(*minutes),
                    capacity: *capacity,
                    ..EventFields::default()
                })
            }
            Self::Grant { role, quota, lifts, from_seq, .. } => {
                group::check_lifts(lifts, *from_seq)?;
                group::check_grant(*role, *quota)
            }
            Self::Accept { lifts, from_seq, .. } => group::check_lifts(lifts, *from_seq),
            Self::Revoke { cut_seq, cut_id, .. } => group::check_revoke(*cut_seq, cut_id.as_ref()),
            Self::Silent { subject, heir, cut_seq, cut_id, .. } => {
                distinct("heir", &[subject, heir])?;
                group::check_revoke(*cut_seq, cut_id.as_ref())
            }
            Self::Endorse { entries, .. } => group::check_named("entries", entries),
            Self::Present { statements, .. } => group::check_named("statements", statements),
            Self::Seat { lines, .. } => seat::check(lines),
            Self::Release { rsvps, .. } => seat::check_release(rsvps),
            Self::Tombstone { targets } => talk::check_tombstone(targets),
            Self::Rsvp { seen, party, note, .. } => rsvp::check(seen, *party, note),
            Self::Update { replaces, fields, .. } => event::check_update(replaces, fields),
            Self::Cancel { reason, .. } => text("reason", reason, 0..=500),
            Self::Hide { entries, reason, .. } => {
                group::check_named("entries", entries)?;
                text("reason", reason, 0..=500)
            }
            Self::Profile { name, about, links } => identity::check_profile(name, about, links),
            Self::Comment { text, .. } => talk::check_comment(text),
            Self::Poll { group: _, question, zone, minutes, options } => {
                poll::check(question, zone, *minutes, options)
            }
            Self::Vote { yes, .. } => poll::check_vote(yes),
            Self::Sealed { keys, sealed, .. } => seal::check(keys, sealed),
        }
    }

    /// The occurrence it is about, by its original local start; `None` = the event, or all of them.
    pub fn occ(&self) -> Option<&str> {
        match self {
            Self::Skip { occ, .. } => Some(occ),
            Self::Seat { occ, .. }
            | Self::Release { occ, .. }
            | Self::Close { occ, .. }
            | Self::Rsvp { occ, .. }
            | Self::Confirm { occ, .. }
            | Self::Here { occ, .. }
            | Self::Update { occ, .. }
            | Self::Arrive { occ, .. }
            | Self::Checkin { occ, .. }
            | Self::Stamp { occ, .. }
            | Self::Sealed { occ, .. } => occ.as_deref(),
            _ => None,
        }
    }
}

fn read<B: Body>(kind: Kind, refs: &[EntryId], body: &[u8]) -> Option<Post> {
    let max = if kind.is_control() { CONTROL_BODY_BYTES_MAX } else { BODY_BYTES_MAX };
    codec::decode_open::<B>(body, max).ok()?.post(refs)
}

/// A key that may be left out: null says the same.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
