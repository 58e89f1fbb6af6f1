//! Who succeeds whom, in a log in memory. Source: spec/feed.md, "succession".
//!
//! That a statement is about the first entry that is held is all that is judged of it besides its chain: whose
//! recovery key signed it is not, as first entries of simulated logs commit to none.

use klatch_feed::succession::SUCCESSORS_MAX;
use klatch_feed::{EntryId, FeedId, PublicKey, Seq, Successor, Unverified, chunk};

use super::Memory;
use crate::sync::{Change, Succeeded};

/// A statement that is kept.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    successor: Successor,
    counts: bool,
}

impl Kept {
    fn end(&self) -> (Seq, EntryId) {
        (self.successor.succession().keep, self.successor.keep_id())
    }
}

impl Memory {
    /// Keeps a statement, unless a better one counts; what changed.
    pub fn keep(&mut self, successor: &Successor) -> Option<Change> {
        let succession = successor.succession();
        let old = succession.old.feed;
        let key = PublicKey::parse(&old).ok()?;
        let heirs = self.heirs.entry(old).or_default();
        let is_known = |kept: &Kept| kept.successor.succession().new == succession.new;
        let is_worse = |kept: &Kept| kept.counts && kept.successor.succession().rank() < succession.rank();
        if heirs.iter().any(|kept| is_known(kept) || is_worse(kept)) {
            return None;
        }
        heirs.push(Kept { successor: successor.clone(), counts: false });
        heirs.sort_by_key(|kept| kept.successor.succession().rank());
        let before = self.chain_of(old, key).before();
        let before = (!self.settle(old)).then_some(before);
        let is_kept = |heirs: &Vec<Kept>| heirs.iter().any(is_known);
        self.heirs.get(&old).is_some_and(is_kept).then(|| self.changes(old, before, Vec::new()))
    }

    /// A chain is held from here on, from the first entry on, that the feed is not.
    pub fn put_aside(&mut self, branch: Vec<Unverified>) {
        let Some(feed) = branch.first().map(|first| first.header().author) else { return };
        if let Ok(key) = PublicKey::parse(&feed) {
            self.chain_of(feed, key).aside.push(branch);
        }
    }

    /// Puts the chain that a peer sent, from some place on, in the place of what is held; what changed, if it is the
    /// chain of a statement that could count.
    pub fn replace(&mut self, feed: FeedId, chunks: &[Vec<u8>]) -> Option<Change> {
        let chain = self.feeds.get(&feed)?;
        let (first, _) = chunk::span(chunks.first()?).ok()?;
        let mut branch = chain.entries.get(..first.checked_sub(1)? as usize)?.to_vec();
        for bytes in chunks {
            let part = chunk::decode(feed, branch.last().map(Unverified::id), bytes).ok()?;
            if part.first()?.header().seq as usize != branch.len() + 1 {
                return None;
            }
            branch.extend(part);
        }
        self.put_aside(branch);
        self.settle(feed).then(|| self.changes(feed, None, Vec::new()))
    }

    /// Whether the feed is the chain of a statement.
    pub(super) fn is_closed(&self, feed: &FeedId) -> bool {
        self.succeeded.get(feed).is_some_and(|kept| kept.is_closed)
    }

    /// Makes the feed the chain of the best statement whose chain is held. Whether that is another one now.
    pub(super) fn settle(&mut self, feed: FeedId) -> bool {
        let (Some(heirs), Some(chain)) = (self.heirs.get_mut(&feed), self.feeds.get_mut(&feed)) else {
            return false;
        };
        if let Some(first) = chain.entries.first().map(Unverified::id) {
            heirs.retain(|kept| kept.successor.succession().old.genesis == first);
        }
        let net = self.net;
        let is_chain = |branch: &[Unverified], kept: &Kept| {
            let len = kept.end().0 as usize;
            branch.get(..len).is_some_and(|branch| kept.successor.keeps(&net, 0, branch))
        };
        let mut is_decided = false;
        for kept in heirs.iter_mut() {
            if kept.counts {
                break;
            }
            let mut held = std::iter::once(&chain.entries).chain(&chain.aside);
            let found = held.find(|branch| is_chain(branch, kept)).cloned();
            let Some(mut branch) = found else { continue };
            let keep = kept.end().0;
            chain.aside.extend([std::mem::take(&mut chain.entries), branch.clone()]);
            branch.truncate(keep as usize);
            (chain.entries, chain.len, chain.proof) = (branch, keep, None);
            (kept.counts, is_decided) = (true, true);
            break;
        }
        // What is worse than the one that counts never will.
        let counting = heirs.iter().position(|kept| kept.counts);
        heirs.truncate(counting.map_or(SUCCESSORS_MAX, |at| at + 1));
        if heirs.len() > SUCCESSORS_MAX {
            heirs.drain(SUCCESSORS_MAX - 1..heirs.len() - 1);
        }
        let statement = |kept: &Kept| {
            let (signed, body) = kept.successor.encode();
            (kept.successor.succession().new.genesis, signed, body)
        };
        let succeeded = Succeeded {
            ends: heirs.iter().take_while(|kept| !kept.counts).map(Kept::end).collect(),
            is_closed: heirs.iter().any(|kept| kept.counts),
            statements: heirs.iter().map(statement).collect(),
        };
        self.succeeded.insert(feed, succeeded);
        is_decided
    }
}
