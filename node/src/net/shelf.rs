//! The log as exchanges read it: one snapshot of the store for each batch of inputs.

#[cfg(test)]
mod tests;

use klatch_feed::{EntryId, FeedId, ForkProof, Seq};
use klatch_gossip::sync::{FeedState, Shelf, Succeeded};
use klatch_store::{DiskError, Kept, Reader, Snapshot};

/// Most feeds named for one object. Source: spec/gossip.md, "limits".
const ABOUT_MAX: usize = 4096;
/// Most missing bodies asked for at once.
const MISSING_MAX: usize = 256;
/// Most feeds with missing bodies that are looked at when two nodes meet.
const INCOMPLETE_MAX: usize = 4096;
/// Bodies stop here, so that they fit one message. Source: spec/gossip.md, "limits".
const BODIES_BYTES_MAX: usize = 768 * 1024;

/// A snapshot, or nothing where the disk gives none: a node that cannot read serves nothing, and says so
/// in its own log, but blames no peer and takes no wrong step, since what it would ask for again is
/// accepted as held.
#[derive(Debug)]
pub(super) struct DiskShelf(Option<Snapshot>);

impl DiskShelf {
    /// The log as it is now.
    pub(super) fn open(reader: &Reader) -> Self {
        Self(readable("a snapshot", reader.snapshot()))
    }

    fn read<T>(&self, what: &'static str, read: impl FnOnce(&Snapshot) -> Result<T, DiskError>) -> Option<T> {
        self.0.as_ref().and_then(|snapshot| readable(what, read(snapshot)))
    }

    /// Every feed with an entry about `object`, its author included: who asks may know the id alone.
    fn involved(&self, object: &EntryId) -> Vec<(FeedId, Seq)> {
        let founder = self.read("an entry", |s| s.entry(object)).flatten();
        let founder = founder.map(|entry| (entry.header().author, entry.header().seq));
        let mut about: Vec<(FeedId, Seq)> = founder.into_iter().collect();
        about.extend(self.read("who wrote about it", |s| s.about(object, ABOUT_MAX)).unwrap_or_default());
        about.sort_unstable();
        about.dedup_by_key(|(feed, _)| *feed);
        about.truncate(ABOUT_MAX);
        about
    }
}

/// What could be read; what could not is the operator's to know of.
fn readable<T>(what: &'static str, read: Result<T, DiskError>) -> Option<T> {
    read.inspect_err(|error| tracing::error!(%error, "cannot read {what} for a peer")).ok()
}

impl Shelf for DiskShelf {
    fn state(&self, feed: &FeedId) -> Option<FeedState> {
        let state = self.read("a feed", |s| s.state(feed)).flatten()?;
        Some(FeedState { len: state.len, tip: state.tip, cap: state.cap })
    }

    fn ids(&self, feed: &FeedId, seqs: &[Seq]) -> Vec<Option<EntryId>> {
        self.read("ids", |s| s.ids(feed, seqs)).unwrap_or_else(|| vec![None; seqs.len()])
    }

    fn chunk(&self, feed: &FeedId, from: Seq, headers_only: bool) -> Option<Vec<u8>> {
        self.read("a chunk", |s| s.chunk(feed, from, headers_only)).flatten()
    }

    fn bodies(&self, feed: &FeedId, from: Seq, count: u32) -> Vec<Option<Vec<u8>>> {
        let count = count.min(klatch_feed::K) as usize;
        let entries = self.read("bodies", |s| s.entries(feed, from, count)).unwrap_or_default();
        let mut room = BODIES_BYTES_MAX;
        let bodies = entries.iter().map_while(|entry| {
            let body = entry.body();
            room = room.checked_sub(body.map_or(0, <[u8]>::len))?;
            Some(body.map(<[u8]>::to_vec))
        });
        bodies.collect()
    }

    fn missing_bodies(&self, feed: &FeedId, after: Seq) -> Vec<Seq> {
        self.read("what is missing", |s| s.missing_bodies(feed, after, MISSING_MAX)).unwrap_or_default()
    }

    fn incomplete(&self) -> Vec<FeedId> {
        self.read("what is missing", |s| s.incomplete(INCOMPLETE_MAX)).unwrap_or_default()
    }

    fn proof(&self, feed: &FeedId) -> Option<ForkProof> {
        self.read("a proof", |s| s.proof(feed)).flatten()
    }

    fn about(&self, object: &EntryId) -> Vec<(FeedId, Seq)> {
        self.involved(object)
    }

    fn number(&self, feed: &FeedId) -> Option<u32> {
        self.read("a feed's number", |s| s.number(feed)).flatten()
    }

    fn feed(&self, number: u32) -> Option<FeedId> {
        self.read("a number's feed", |s| s.feed(number)).flatten()
    }

    fn clock(&self) -> u64 {
        self.read("the change log", Snapshot::clock).unwrap_or(0)
    }

    fn changed(&self, feed: &FeedId) -> u64 {
        self.read("the change log", |s| s.changed(feed)).flatten().unwrap_or(0)
    }

    fn changed_since(&self, clock: u64, max: usize) -> Option<Vec<FeedId>> {
        let changes = self.read("the change log", |s| s.changes_since(clock, max.saturating_add(1)))?;
        (changes.len() <= max).then(|| changes.into_iter().map(|(_, feed)| feed).collect())
    }

    fn succeeded(&self, feed: &FeedId) -> Option<Succeeded> {
        let kept = self.read("who succeeds a feed", |s| s.successors(feed))?;
        let statement = |kept: &Kept| (kept.succession.new.genesis, kept.signed.clone(), kept.body.clone());
        let wanted = kept.iter().take_while(|kept| !kept.counts);
        (!kept.is_empty()).then(|| Succeeded {
            ends: wanted.map(|kept| (kept.succession.keep, kept.keep_id)).collect(),
            is_closed: kept.iter().any(|kept| kept.counts),
            statements: kept.iter().map(statement).collect(),
        })
    }

    fn all_succeeded(&self) -> Vec<FeedId> {
        let all = self.read("who succeeds whom", Snapshot::all_successors).unwrap_or_default();
        let mut feeds: Vec<_> = all.into_iter().map(|kept| kept.succession.old.feed).collect();
        feeds.dedup();
        feeds
    }

    fn held(&self) -> Vec<FeedId> {
        let feeds = self.read("the feeds", Snapshot::feeds).unwrap_or_default();
        feeds.into_iter().map(|(feed, _)| feed).collect()
    }
}
