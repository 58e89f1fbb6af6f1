//! Why an event does not take place, in the words of who cancelled it. The fold reads no word of that.
//! Source: spec/meetup.md, "changes".

use std::cmp::Reverse;

use klatch_feed::post::{Person, Role, kind};
use klatch_feed::{EntryId, EventState, FeedId, Kind, Post, Seq, Verified};
use klatch_store::{DiskError, Snapshot};
use serde::{Deserialize, Serialize};

use super::{POINTING_MAX, hidden};
use crate::daemon::local::called;

/// Characters of a reason in a list.
const SHORT_MAX: usize = 80;

/// Who cancelled an event, and why.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Cancellation {
    pub entry: EntryId,
    pub feed: FeedId,
    pub name: String,
    /// When, as the author claims: milliseconds since 1970.
    pub time_ms: u64,
    /// May be empty.
    pub reason: String,
}

/// The word on it that is shown: of those that say why before those that do not, the most senior's, and of theirs the
/// last. `None` where nobody cancelled all of it, nothing that they said is here, or it is hidden.
pub(in crate::daemon) fn cancellation(
    snapshot: &Snapshot,
    event: &EventState,
) -> Result<Option<Cancellation>, DiskError> {
    if !event.cancelled || hidden::by_group(event).is_some() {
        return Ok(None);
    }
    let mut found = Vec::new();
    for Said { entry, feed, rank, place } in by_organizers(snapshot, event, &[kind::CANCEL])? {
        let (id, header) = (entry.id(), entry.header());
        let Some(Post::Cancel { event: of, reason }) = Post::read(header.kind, &header.refs, entry.body())
        else {
            continue;
        };
        if of == event.id && event.hidden.iter().all(|line| line.entry != id) {
            found.push(((reason.is_empty(), rank, Reverse(place)), (id, feed, header.time_ms, reason)));
        }
    }
    let first = found.into_iter().min_by_key(|(order, _)| *order);
    let Some((_, (entry, feed, time_ms, reason))) = first else { return Ok(None) };
    let name = called(snapshot, &feed)?;
    Ok(Some(Cancellation { entry, feed, name, time_ms, reason }))
}

/// What a list has room for of why an event is cancelled: the first line, cut.
pub(crate) fn in_short(reason: &str) -> String {
    let line = reason.lines().next().unwrap_or_default();
    let short: String = line.chars().take(SHORT_MAX).collect();
    if short.len() < reason.len() { short + "…" } else { short }
}

/// The reason alone, empty where none is to be shown.
pub(in crate::daemon) fn reason(snapshot: &Snapshot, event: &EventState) -> Result<String, DiskError> {
    Ok(cancellation(snapshot, event)?.map(|said| said.reason).unwrap_or_default())
}

/// When it or a date of it was last called off, as who did that claims: milliseconds since 1970; 0 if nobody did.
pub(super) fn called_off_ms(snapshot: &Snapshot, event: &EventState) -> Result<u64, DiskError> {
    let said = by_organizers(snapshot, event, &[kind::CANCEL, kind::SKIP])?;
    Ok(said.iter().map(|said| said.entry.header().time_ms).max().unwrap_or_default())
}

/// What somebody said who may change the event.
struct Said {
    entry: Verified,
    /// Whose it is by now.
    feed: FeedId,
    /// Their place among the hosts, the most senior first.
    rank: usize,
    /// Where in all that they wrote.
    place: Seq,
}

/// What counts of these kinds of post about an event.
fn by_organizers(snapshot: &Snapshot, event: &EventState, kinds: &[Kind]) -> Result<Vec<Said>, DiskError> {
    let lineage = snapshot.lineage()?;
    let mut found = Vec::new();
    for (feed, seq) in snapshot.pointing_at(&event.id, kinds, POINTING_MAX)? {
        let Some(entry) = snapshot.entries(&feed, seq, 1)?.pop() else { continue };
        let Some(genesis) = snapshot.genesis(&feed)? else { continue };
        let Some((_, place)) = lineage.place(&Person { feed, genesis }, seq) else { continue };
        let feed = lineage.now(feed);
        let rank = event.hosts.iter().position(|line| {
            let counts = line.cut.is_none_or(|cut| place <= cut);
            line.feed == feed && line.role <= Role::Organizer && counts
        });
        if let Some(rank) = rank {
            found.push(Said { entry, feed, rank, place });
        }
    }
    Ok(found)
}
