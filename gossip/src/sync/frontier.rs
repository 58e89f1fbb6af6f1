//! Who wants and holds what: a want list whose places never move, and the caps both sides know of.
//!
//! Small on purpose: a node holds two lists for every connection. What is in motion (requests, searches)
//! stands in `plan` and `serve`, for as long as it is.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::{FeedId, Seq};

/// Most places one want list may have in a session, removed ones included.
pub const WANTS_PER_SESSION_MAX: usize = 100_000;

/// Feeds in the order in which they were announced; a removed one leaves a hole. `T` is kept of each.
#[derive(Debug)]
pub(super) struct WantList<T> {
    rows: Vec<(FeedId, Option<T>)>,
    sorted: Vec<u32>, // Live places in the order of their feeds.
}

/// What stands at a place of a want list.
pub(super) enum Place<T> {
    /// A feed.
    Live(FeedId, T),
    /// A feed that is wanted no longer.
    Hole,
    /// Nothing was ever announced there.
    Beyond,
}

impl<T> WantList<T> {
    pub(super) const fn new() -> Self {
        Self { rows: Vec::new(), sorted: Vec::new() }
    }

    /// How many places there are, holes included.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Appends feeds, none of which is in the list.
    pub(super) fn extend(&mut self, feeds: impl IntoIterator<Item = (FeedId, T)>) {
        let start = self.rows.len();
        self.rows.extend(feeds.into_iter().map(|(feed, row)| (feed, Some(row))));
        let places = start..self.rows.len();
        self.sorted.extend(places.map(|idx| u32::try_from(idx).expect("at most 100,000 places")));
        let rows = &self.rows;
        self.sorted.sort_by_key(|idx| rows[*idx as usize].0);
    }

    /// Leaves holes. False, and nothing further is removed, where there is nothing to remove.
    pub(super) fn remove(&mut self, places: &[u32]) -> bool {
        let take = |idx: &u32| self.rows.get_mut(*idx as usize).and_then(|(_, row)| row.take()).is_some();
        let were_live = places.iter().all(take);
        let rows = &self.rows;
        self.sorted.retain(|idx| rows[*idx as usize].1.is_some());
        were_live
    }

    /// Where `feed` stands.
    pub(super) fn find(&self, feed: &FeedId) -> Option<u32> {
        let at = self.sorted.binary_search_by_key(feed, |idx| self.rows[*idx as usize].0).ok()?;
        Some(self.sorted[at])
    }

    /// Whether `feed` stands in the list or stood there once. Looks at every place.
    pub(super) fn ever_had(&self, feed: &FeedId) -> bool {
        self.rows.iter().any(|(row, _)| row == feed)
    }

    /// What is kept of the feed at `idx`, if it is live.
    pub(super) fn get(&self, idx: u32) -> Option<&T> {
        self.rows.get(idx as usize)?.1.as_ref()
    }

    /// What stands at `idx`.
    pub(super) fn at(&mut self, idx: u32) -> Place<&mut T> {
        match self.rows.get_mut(idx as usize) {
            Some((feed, Some(row))) => Place::Live(*feed, row),
            Some((_, None)) => Place::Hole,
            None => Place::Beyond,
        }
    }

    /// The feed at `idx` and what is kept of it, if it is live.
    pub(super) fn live(&mut self, idx: u32) -> Option<(FeedId, &mut T)> {
        match self.at(idx) {
            Place::Live(feed, row) => Some((feed, row)),
            Place::Hole | Place::Beyond => None,
        }
    }

    /// All live feeds, in ascending order, with their places.
    pub(super) fn feeds(&self) -> impl Iterator<Item = (FeedId, u32)> + '_ {
        self.sorted.iter().map(|idx| (self.rows[*idx as usize].0, *idx))
    }
}

/// Caps of forked feeds, as far as they concern this connection. A cap that is absent is infinite.
#[derive(Debug, Default)]
pub(super) struct Caps {
    /// The smallest cap that the peer is known to hold, or was sent.
    theirs: BTreeMap<FeedId, Seq>,
    /// The cap of the last proof that came from the peer.
    proved: BTreeMap<FeedId, Seq>,
    /// Proofs to send.
    pub(super) owed: BTreeSet<FeedId>,
    /// Places of my list at which the peer claims a smaller cap than mine: it shall prove it.
    pub(super) doubted: BTreeSet<u32>,
    /// The smallest claim that was doubted, so that none is doubted twice.
    asked: BTreeMap<FeedId, Seq>,
}

impl Caps {
    /// Notes that the peer holds this cap. Claims count: who claims one does not need the proof.
    pub(super) fn note(&mut self, feed: FeedId, cap: Seq) {
        let known = self.theirs.entry(feed).or_insert(cap);
        *known = cap.min(*known);
    }

    /// Whether the peer lacks the proof behind this cap of mine.
    pub(super) fn lacks(&self, feed: &FeedId, mine: Seq) -> bool {
        self.theirs.get(feed).is_none_or(|theirs| mine < *theirs)
    }

    /// My cap is this one: sends the proof, if the peer lacks it.
    pub(super) fn owe(&mut self, feed: FeedId, mine: Seq) {
        if self.lacks(&feed, mine) {
            self.owed.insert(feed);
        }
    }

    /// Notes a proof that the peer sent; false if it had sent one as good before.
    pub(super) fn note_proof(&mut self, feed: FeedId, cap: Seq) -> bool {
        let fresh = self.proved.get(&feed).is_none_or(|before| cap < *before);
        if fresh {
            self.proved.insert(feed, cap);
            self.note(feed, cap);
        }
        fresh
    }

    /// The peer claims this cap, smaller than mine: asks for the proof, unless it came or was asked for.
    pub(super) fn doubt(&mut self, feed: FeedId, idx: u32, claimed: Seq) {
        let at_most = |caps: &BTreeMap<FeedId, Seq>| caps.get(&feed).is_some_and(|cap| *cap <= claimed);
        if !at_most(&self.proved) && !at_most(&self.asked) {
            self.asked.insert(feed, claimed);
            self.doubted.insert(idx);
        }
    }
}
