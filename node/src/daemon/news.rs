//! What is new in the groups that this node's person is in: events that somebody else scheduled, and polls.
//! Source: spec/meetup.md, "telling".

use klatch_feed::post::kind;
use klatch_feed::{EntryId, EventState, FeedId, GroupState, Post, Verified};
use klatch_store::{DiskError, Snapshot};

use super::inbox::{Notice, What, notice};
use super::local::{Spaces, called};
use super::read::hidden;
use super::steering;
use super::{read, standing};

/// For so long after it was written, as its author claims, an event is new. Who joins a group is told of no more.
const NEW_MS: u64 = 7 * 24 * 60 * 60 * 1000;
/// Most entries that are read of who settled by an event.
const SETTLED_MAX: usize = 16;

/// That an event is new in a group of `me`, who has not answered; nothing where it is their own or over.
pub(super) fn scheduled(
    snapshot: &Snapshot,
    event: &EventState,
    me: &FeedId,
    now_ms: i64,
) -> Result<Option<Notice>, DiskError> {
    // What is old costs no more than this.
    let written_ms = snapshot.entry(&event.id)?.map_or(0, |entry| entry.header().time_ms);
    if is_new(written_ms, now_ms) { unanswered(snapshot, event, me, now_ms) } else { Ok(None) }
}

/// ... however long ago it was written.
pub(super) fn unanswered(
    snapshot: &Snapshot,
    event: &EventState,
    me: &FeedId,
    now_ms: i64,
) -> Result<Option<Notice>, DiskError> {
    let Some(group) = event.group.filter(|_| event.in_group) else { return Ok(None) };
    let is_done = event.cancelled || event.author == *me || standing(event, me).is_some();
    if is_done || hidden::by_group(event).is_some() || steering::is_over(event, now_ms) {
        return Ok(None);
    }
    if is_blocked(snapshot, &event.author)? {
        return Ok(None);
    }
    // Who answered one date of a series has seen it.
    for date in &event.occurrences {
        let state = snapshot.occurrence(&event.id, &date.occ)?;
        if state.is_some_and(|state| standing(&state, me).is_some()) {
            return Ok(None);
        }
    }
    let Some(group) = snapshot.group(&group)?.filter(|group| group.members.contains(me)) else {
        return Ok(None);
    };
    let question = voted(snapshot, event, me)?;
    let shown = hidden::veiled(snapshot, event.clone())?;
    Ok(Some(notice(&shown, What::Scheduled { group: group.name, question })))
}

/// Whether what claims that it was written then is new.
pub(super) fn is_new(written_ms: u64, now_ms: i64) -> bool {
    written_ms.saturating_add(NEW_MS) > u64::try_from(now_ms).unwrap_or(0)
}

fn has_voted(snapshot: &Snapshot, poll: &EntryId, me: &FeedId) -> Result<bool, DiskError> {
    for key in snapshot.lineage()?.line(*me) {
        if !snapshot.pointing_by(&key, poll, &[kind::VOTE], 1)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the poll asked that `me` voted in and an event came of.
fn voted(snapshot: &Snapshot, event: &EventState, me: &FeedId) -> Result<Option<String>, DiskError> {
    for (feed, seq) in snapshot.pointing_at(&event.id, &[kind::SETTLED], SETTLED_MAX)? {
        let entry = snapshot.entries(&feed, seq, 1)?.pop();
        let Some(Post::Settled { poll, event: of }) = entry.as_ref().and_then(read::read) else { continue };
        let Some(asked) = snapshot.entry(&poll)? else { continue };
        let Some(Post::Poll { group, question, .. }) = read::read(&asked) else { continue };
        let group = snapshot.group(&group)?;
        if of != event.id
            || read::hides(group.as_ref(), &poll).is_some()
            || read::settled(snapshot, &poll, group.as_ref(), asked.header().author)? != Some(event.id)
        {
            continue;
        }
        if has_voted(snapshot, &poll, me)? {
            return Ok(Some(question));
        }
    }
    Ok(None)
}

/// That this entry, a poll by a member, asks `group`, of which `me` is one, for a date: nothing once it is settled,
/// hidden, past, or `me` voted.
pub(super) fn asked(
    snapshot: &Snapshot,
    me: &FeedId,
    group: &GroupState,
    entry: &Verified,
    now_ms: i64,
) -> Result<Option<Notice>, DiskError> {
    let (poll, read) = (entry.id(), read::read(entry));
    let Some(Post::Poll { group: of, question, zone, options, .. }) = read else { return Ok(None) };
    let lineage = snapshot.lineage()?;
    let feed = lineage.now(entry.header().author);
    let is_past = |start: &String| {
        klatch_feed::meetup::agenda::start_ms(start, &zone).is_some_and(|start_ms| start_ms <= now_ms)
    };
    let by_member = feed != *me && group.members.contains(&feed) && group.members.contains(me);
    if of != group.id || !by_member || options.iter().all(is_past) || is_blocked(snapshot, &feed)? {
        return Ok(None);
    }
    if read::hides(Some(group), &poll).is_some()
        || has_voted(snapshot, &poll, me)?
        || read::settled(snapshot, &poll, Some(group), entry.header().author)?.is_some()
    {
        return Ok(None);
    }
    let name = called(snapshot, &feed)?;
    let what = What::Asked { poll, feed, name, question };
    Ok(Some(Notice::undated(group.id, &group.name, what)))
}

/// What these entries, polls of one group or words that settle one poll, tell `me`.
pub(super) fn said(
    snapshot: &Snapshot,
    me: &FeedId,
    said: &[&Verified],
    now_ms: i64,
) -> Result<Vec<Notice>, DiskError> {
    let mut notices = Vec::new();
    for entry in said {
        match read::read(entry) {
            Some(Post::Poll { group, .. }) => {
                if let Some(group) = snapshot.group(&group)? {
                    notices.extend(asked(snapshot, me, &group, entry, now_ms)?);
                }
            }
            Some(Post::Settled { event, .. }) => {
                if let Some(event) = snapshot.event(&event)? {
                    notices.extend(scheduled(snapshot, &event, me, now_ms)?);
                }
            }
            _ => {}
        }
    }
    Ok(notices)
}

fn is_blocked(snapshot: &Snapshot, feed: &FeedId) -> Result<bool, DiskError> {
    Ok(snapshot.local(Spaces::BLOCK, feed.as_bytes())?.is_some())
}
