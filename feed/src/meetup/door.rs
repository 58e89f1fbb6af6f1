//! Who arrived: the guest signed the door's challenge, the door countersigned. Source: spec/meetup.md, "check-in".

use std::collections::{BTreeMap, BTreeSet};

use super::about::About;
use super::roles::Roles;
use super::seats::Guests;
use super::{AttendanceLine, Role};
use crate::post::{StampKind, checkin_message, kind};
use crate::{EntryId, FeedId, NetId, Post, PublicKey, Seq};

/// What all doors know of one guest. A union: doors that were apart for the evening need no order.
#[derive(Default)]
struct Arrival {
    doors: BTreeSet<FeedId>,
    /// The latest in the guest's log of the RSVPs checked in.
    rsvp: Option<(Seq, EntryId)>,
    /// The most that a door counted.
    persons: Option<u32>,
    stamps: BTreeSet<StampKind>,
    said: Vec<EntryId>,
}

/// Who came, as the doors and the guests say it.
pub(super) struct Attendance {
    /// By feed id.
    pub(super) lines: Vec<AttendanceLine>,
    /// Who says so themselves and no door does, by feed id.
    pub(super) here: Vec<FeedId>,
    /// What each of both rests on.
    pub(super) said: BTreeMap<FeedId, Vec<EntryId>>,
    /// Whether a check-in by somebody with the right is not held.
    pub(super) incomplete: bool,
}

impl Attendance {
    pub(super) fn of(
        net: &NetId,
        event: EntryId,
        about: &About<'_>,
        roles: &Roles<'_>,
        guests: &Guests<'_>,
    ) -> Self {
        let mut arrivals = BTreeMap::<FeedId, Arrival>::new();
        let (mut stamps, mut here) = (Vec::new(), BTreeMap::<FeedId, Vec<EntryId>>::new());
        let mut incomplete = false;
        for said in about.iter() {
            let is_doors = matches!(said.fact.kind, kind::CHECKIN | kind::STAMP);
            if is_doors && roles.right(said.fact, Role::Door).is_none() {
                continue;
            }
            match about.post(said) {
                Some(Post::Checkin { event: _, guest, nonce, rsvp, signature, persons, occ }) => {
                    let (door, person) = (said.author().feed, about.lineage.first_key(*guest));
                    // An RSVP that is not held yet may turn out to be somebody else's: until then nobody arrived.
                    let named = match rsvp {
                        None => None,
                        Some(id) => match guests.author_of(id) {
                            Some((author, seq)) if author == person => Some((seq, *id)),
                            _ => continue,
                        },
                    };
                    let message =
                        checkin_message(net, &event, occ.as_deref(), &said.signer, nonce, rsvp.as_ref());
                    if !PublicKey::parse(guest).is_ok_and(|key| key.verify(&[&message], signature)) {
                        continue;
                    }
                    // In a series a check-in is for one occurrence.
                    if occ.as_deref() != about.occ.as_deref() {
                        continue;
                    }
                    let arrival = arrivals.entry(person).or_default();
                    arrival.doors.insert(door);
                    arrival.rsvp = arrival.rsvp.max(named);
                    arrival.persons = arrival.persons.max(*persons);
                    arrival.said.push(said.fact.id);
                }
                Some(Post::Stamp { event: _, guest, what, occ }) if *occ == about.occ => {
                    stamps.push((about.lineage.first_key(*guest), *what, said.fact.id));
                }
                Some(Post::Here { event: _, occ }) if *occ == about.occ => {
                    here.entry(said.author().feed).or_default().push(said.fact.id);
                }
                Some(_) => {}
                None => incomplete |= is_doors && said.is_missing(),
            }
        }
        for (guest, what, id) in stamps {
            if let Some(arrival) = arrivals.get_mut(&guest) {
                arrival.stamps.insert(what);
                arrival.said.push(id);
            }
        }
        here.retain(|guest, _| !arrivals.contains_key(guest));
        let here_by_feed = here.keys().copied().collect();
        let mut said = here;
        said.extend(arrivals.iter_mut().map(|(feed, arrival)| (*feed, std::mem::take(&mut arrival.said))));
        let line = |(feed, arrival): (FeedId, Arrival)| AttendanceLine {
            feed,
            doors: arrival.doors.into_iter().collect(),
            rsvp: arrival.rsvp.map(|(_, id)| id),
            persons: arrival.persons,
            late: arrival.stamps.contains(&StampKind::Late),
            left: arrival.stamps.contains(&StampKind::Left),
        };
        Self { lines: arrivals.into_iter().map(line).collect(), here: here_by_feed, said, incomplete }
    }
}
