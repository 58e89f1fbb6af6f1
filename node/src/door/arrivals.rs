//! Which door saw somebody first, and when by its own clock: for people's eyes, never for the fold.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use klatch_feed::meetup::AttendanceLine;
use klatch_feed::post::kind;
use klatch_feed::{EntryId, EventState, FeedId, Lineage, Post, Seq};
use klatch_store::{DiskError, Snapshot};

use crate::daemon::called;
use crate::net::report::{Arrival, FirstScan};

/// Most entries about an event that are looked through.
const POINTING_MAX: usize = 100_000;

/// The check-ins to one event, read once each.
#[derive(Debug, Default)]
pub struct CheckIns {
    read: BTreeMap<(FeedId, Seq), Option<CheckIn>>,
}

/// One, as its door wrote it.
#[derive(Clone, Debug)]
struct CheckIn {
    guest: FeedId,
    occ: Option<String>,
    time_ms: u64,
}

impl CheckIns {
    /// Reads those that came since.
    pub fn read(&mut self, snapshot: &Snapshot, event: &EntryId) -> Result<(), DiskError> {
        for place in snapshot.pointing_at(event, &[kind::CHECKIN], POINTING_MAX)? {
            if let Entry::Vacant(free) = self.read.entry(place) {
                free.insert(check_in(snapshot, place)?);
            }
        }
        Ok(())
    }

    /// Who comes first of the doors that count for each guest, in `event`'s attendance.
    pub fn firsts(
        &self,
        snapshot: &Snapshot,
        event: &EventState,
    ) -> Result<BTreeMap<FeedId, FirstScan>, DiskError> {
        let lineage = snapshot.lineage()?;
        let mut of_guest = BTreeMap::<FeedId, Vec<((FeedId, Seq), u64)>>::new();
        for (place, check_in) in &self.read {
            let Some(check_in) = check_in.as_ref().filter(|check_in| check_in.occ == event.occ) else {
                continue;
            };
            of_guest.entry(lineage.now(check_in.guest)).or_default().push((*place, check_in.time_ms));
        }
        let mut firsts = BTreeMap::new();
        for line in &event.attendance {
            let found = of_guest.get(&line.feed).map_or(&[][..], Vec::as_slice);
            if let Some((door, time_ms)) = first(snapshot, &lineage, line, found)? {
                let door_name = called(snapshot, &door)?;
                firsts.insert(line.feed, FirstScan { door, door_name, time_ms });
            }
        }
        Ok(firsts)
    }
}

/// The earliest of these check-ins that one of the line's doors stands by.
fn first(
    snapshot: &Snapshot,
    lineage: &Lineage,
    line: &AttendanceLine,
    found: &[((FeedId, Seq), u64)],
) -> Result<Option<(FeedId, u64)>, DiskError> {
    let mut first = None;
    for ((feed, seq), time_ms) in found {
        let door = lineage.now(*feed);
        if !line.doors.contains(&door) {
            continue;
        }
        // Of several by one door some may have been taken back since.
        let several = found.iter().filter(|((other, _), _)| other == feed).count() > 1;
        if several && check_in(snapshot, (*feed, *seq))?.is_none() {
            continue;
        }
        if first.is_none_or(|(_, earliest)| *time_ms < earliest) {
            first = Some((door, *time_ms));
        }
    }
    Ok(first)
}

fn check_in(snapshot: &Snapshot, (feed, seq): (FeedId, Seq)) -> Result<Option<CheckIn>, DiskError> {
    let Some(entry) = snapshot.entries(&feed, seq, 1)?.pop() else { return Ok(None) };
    let header = entry.header();
    if header.kind != kind::CHECKIN {
        return Ok(None);
    }
    Ok(match Post::read(header.kind, &header.refs, entry.body()) {
        Some(Post::Checkin { guest, occ, .. }) => Some(CheckIn { guest, occ, time_ms: header.time_ms }),
        _ => None,
    })
}

/// Everybody who came, by feed id, as the door `me` shows them.
pub fn arrivals(
    snapshot: &Snapshot,
    event: &EventState,
    me: FeedId,
    mut firsts: BTreeMap<FeedId, FirstScan>,
) -> Result<Vec<Arrival>, DiskError> {
    let arrival = |line: &AttendanceLine| {
        Ok(Arrival {
            feed: line.feed,
            name: called(snapshot, &line.feed)?,
            walk_in: line.rsvp.is_none(),
            here: line.doors.contains(&me),
            persons: klatch_feed::meetup::attendance::came(event, line),
            late: line.late,
            left: line.left,
            first: firsts.remove(&line.feed),
            again: 0,
        })
    };
    event.attendance.iter().map(arrival).collect()
}
