//! Who arrived: the guest signed the door's challenge, the door countersigned. Source: spec/meetup.md, "check-in".

use std::collections::{BTreeMap, BTreeSet};

use super::about::About;
use super::roles::Roles;
use super::{AttendanceLine, Role};
use crate::post::{checkin_message, kind};
use crate::{EntryId, FeedId, NetId, Post, PublicKey, Seq};

/// What all doors know of one guest. A union: doors that were apart for the evening need no order.
#[derive(Default)]
struct Arrival {
    doors: BTreeSet<FeedId>,
    /// The latest in the guest's log of the RSVPs checked in.
    rsvp: Option<(Seq, EntryId)>,
}

/// Attendance by feed id, and whether a check-in by somebody with the right is not held.
pub(super) fn attendance(
    net: &NetId,
    event: EntryId,
    about: &About<'_>,
    roles: &Roles,
) -> (Vec<AttendanceLine>, bool) {
    let rsvps: BTreeMap<EntryId, (FeedId, Seq)> = about
        .iter()
        .filter(|said| said.fact.kind == kind::RSVP)
        .map(|said| (said.fact.id, (said.fact.author.feed, said.fact.seq)))
        .collect();
    let mut arrivals = BTreeMap::<FeedId, Arrival>::new();
    let mut incomplete = false;
    for said in about.iter().filter(|said| said.fact.kind == kind::CHECKIN) {
        if roles.rank(said.author(), said.fact.seq, Role::Door).is_none() {
            continue;
        }
        let Some(Post::Checkin { event: _, guest, nonce, rsvp, signature }) = &said.post else {
            incomplete |= said.is_missing();
            continue;
        };
        let (door, person) = (said.author().feed, about.lineage.first_key(*guest));
        // An RSVP that is not held yet may turn out to be somebody else's: until then nobody arrived.
        let named = match rsvp {
            None => None,
            Some(id) => match rsvps.get(id) {
                Some((author, seq)) if *author == person => Some((*seq, *id)),
                _ => continue,
            },
        };
        let message = checkin_message(net, &event, &said.signer, nonce, rsvp.as_ref());
        if !PublicKey::parse(guest).is_ok_and(|key| key.verify(&[&message], signature)) {
            continue;
        }
        let arrival = arrivals.entry(person).or_default();
        arrival.doors.insert(door);
        arrival.rsvp = arrival.rsvp.max(named);
    }
    let line = |(feed, Arrival { doors, rsvp }): (FeedId, Arrival)| AttendanceLine {
        feed,
        doors: doors.into_iter().collect(),
        rsvp: rsvp.map(|(_, id)| id),
    };
    (arrivals.into_iter().map(line).collect(), incomplete)
}
