//! Who succeeds whom: statements go to everybody who wants the old feed, and who holds another chain than the
//! one that a successor keeps fetches that one whole. Source: spec/gossip.md, "succession".
//!
//! Whether a statement says anything, and whether a chain is the one that is kept, is the owner's to judge, who
//! has the old feed's first entry; here a statement is known to be signed by its author and by a recovery key.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::succession::SUCCESSORS_MAX;
use klatch_feed::{EntryId, FeedId, Seq, Successor};

use super::fork::SEARCH_ROUNDS_MAX;
use super::message::{Get, Id8, Message, Part};
use super::plan::{Claim, Plan, Size, Task, before, id8_at};
use super::{Breach, Desk, Exchange, FeedState, Output, Reason, Shelf};

/// Statements about feeds that do not concern this node that a peer may send in a session.
pub const STRANGE_SUCCESSORS_MAX: u32 = 64;
/// Most bytes of chunks that are fetched to take the place of another branch: past it the fetch is given up.
pub const BRANCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What a node keeps about who succeeds a feed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Succeeded {
    /// Place and id of the last entry of each chain that would take the place of what is held: of the statements that
    /// are better than the one whose chain the feed is, or of all.
    pub ends: Vec<(Seq, EntryId)>,
    /// The feed is the chain of a statement: nothing follows it.
    pub is_closed: bool,
    /// All statements that could count: id of the successor's entry 1, its `header || signature`, its body.
    pub statements: Vec<(EntryId, Vec<u8>, Vec<u8>)>,
}

impl Succeeded {
    /// Whether a feed that ends so is one of those chains.
    fn is_end(&self, (len, tip8): (Seq, Id8)) -> bool {
        self.ends.iter().any(|(seq, id)| (*seq, id.tip8()) == (len, tip8))
    }
}

/// What this connection has seen of statements.
#[derive(Debug, Default)]
pub(super) struct Heirs {
    /// Feeds about which the peer may lack some.
    owed: BTreeSet<FeedId>,
    /// Those that went to the peer.
    sent: BTreeSet<EntryId>,
    /// Those that came from it: it may have sent one before it had mine.
    came: BTreeSet<EntryId>,
    said: BTreeMap<FeedId, usize>,
    heard: BTreeMap<FeedId, usize>,
    strange: u32,
}

/// A branch that is fetched, to be handed over whole.
#[derive(Debug)]
pub(super) struct Branch {
    next: Seq,
    to: Seq,
    chunks: Vec<Vec<u8>>,
    bytes: usize,
}

impl Branch {
    pub(super) const fn new(from: Seq, to: Seq) -> Self {
        Self { next: from, to, chunks: Vec::new(), bytes: 0 }
    }
}

impl Exchange {
    /// The peer should know who succeeds these feeds, as far as it wants them or they are its own.
    pub(super) fn owe_heirs(&mut self, feeds: impl IntoIterator<Item = FeedId>, shelf: &dyn Shelf) {
        for feed in feeds {
            let is_theirs = feed == self.ground.peer || self.serve.is_to_be_told(&feed, shelf);
            if is_theirs && shelf.succeeded(&feed).is_some() {
                self.heirs.owed.insert(feed);
            }
        }
    }

    /// Sends the statements that the peer lacks: before all else about these feeds.
    pub(super) fn send_heirs(&mut self, shelf: &dyn Shelf) {
        while let Some(feed) = self.heirs.owed.pop_first() {
            self.serve.said(); // Also where all came from the peer: a token is to cover it.
            let statements = shelf.succeeded(&feed).map(|kept| kept.statements).unwrap_or_default();
            for (id, signed, body) in statements {
                let Heirs { sent, came, said, .. } = &mut self.heirs;
                let said = said.entry(feed).or_default();
                // Those that it gets no more of now it gets when we meet again.
                if *said < SUCCESSORS_MAX && !came.contains(&id) && sent.insert(id) {
                    *said += 1;
                    self.ground.out.send(&Message::Succ { signed, body });
                }
            }
        }
    }

    /// The peer says who succeeds a feed that one of us wants, or mine.
    pub(super) fn heir(&mut self, signed: &[u8], body: &[u8], shelf: &dyn Shelf) -> Result<(), Reason> {
        let successor = Successor::decode(&self.ground.net, signed, body).map_err(|_| Breach::Malformed)?;
        let (succession, me) = (successor.succession(), self.ground.me);
        let (old, id) = (succession.old.feed, succession.new.genesis);
        let is_held = shelf.state(&old).is_some();
        if old != me && !is_held && !self.plan.wants.ever_had(&old, shelf) {
            self.heirs.strange += 1; // I may have wanted it when we last met.
            let is_within = self.heirs.strange <= STRANGE_SUCCESSORS_MAX;
            return if is_within { Ok(()) } else { Err(Breach::Limit("successions of no concern").into()) };
        }
        let heard = self.heirs.heard.entry(old).or_default();
        *heard += 1;
        if *heard > SUCCESSORS_MAX {
            return Err(Breach::Limit("successions of one feed").into());
        }
        if !self.heirs.came.insert(id) {
            return Err(Breach::Repeated.into());
        }
        let kept = shelf.succeeded(&old).map(|kept| kept.statements).unwrap_or_default();
        if !kept.iter().any(|(kept, ..)| *kept == id) {
            self.ground.out.push(Output::Succeeded(Box::new(successor))); // Once it is kept, the feed has changed.
        }
        Ok(())
    }
}

impl Plan {
    /// Looks at a feed that is succeeded; whether there is nothing else to be done about it now.
    pub(super) fn follow_heir(
        &mut self,
        idx: u32,
        feed: FeedId,
        mine: &FeedState,
        desk: &mut Desk<'_>,
    ) -> bool {
        let claim = self.claims.get(&idx);
        let is_level =
            claim.is_none_or(|claim| claim.cap == mine.cap && claim.tip8.is_none() && claim.len <= mine.len);
        if is_level && !self.ends.contains_key(&idx) && !self.others.contains_key(&idx) {
            return false;
        }
        let Some(kept) = desk.shelf.succeeded(&feed) else { return false };
        let is_final = kept.is_closed && kept.ends.is_empty();
        if !is_final && let Some(claim) = self.others.remove(&idx) {
            self.claims.entry(idx).or_insert(claim);
        }
        let stated = self.stated(idx);
        let end = stated.filter(|stated| kept.is_end(*stated));
        if kept.is_closed && end.is_none() {
            // Whatever the peer holds besides is no part of the feed: it will learn that. Or it is, by a better successor
            // that it has told of and the owner has not kept yet.
            let is_other = stated
                .is_some_and(|(len, tip8)| (len, Some(tip8)) != (mine.len, mine.tip.map(|tip| tip.tip8())));
            // Where a search has ended the claim is gone, and what was stated is not.
            let cap = self.claims.remove(&idx).and_then(|claim| claim.cap);
            if let Some((len, tip8)) = stated.filter(|_| is_other) {
                self.others.insert(idx, Claim { len, tip8: Some(tip8), cap, asked: 0 });
            }
            self.ends.remove(&idx);
            self.branched.remove(&idx);
            self.lagging.remove(&idx);
            return is_other;
        }
        let is_capped = mine.cap.is_some() || self.claims.get(&idx).is_some_and(|claim| claim.cap.is_some());
        // It holds no such chain, or has not said so.
        let Some((to, _)) = end else { return false };
        if self.fetched.contains(&idx) {
            return true; // It is with the owner, or was refused.
        }
        if !is_capped && !kept.is_closed && !self.branched.contains_key(&idx) {
            return false; // As far as is known, what is held begins that chain: it grows as any other does.
        }
        if self.requests.is_full(Size::Large) {
            self.wait(idx, Size::Large);
            return true;
        }
        let differs = self.branched.remove(&idx).filter(|differs| (1..=mine.len).contains(differs));
        if let Some(differs) = differs {
            self.narrow(idx, feed, (0, differs), desk);
        } else if mine.len >= to {
            self.narrow(idx, feed, (0, to), desk);
        } else {
            self.fetch(idx, feed, mine.len, to, desk);
        }
        true
    }

    /// What the peer last said that it holds.
    fn stated(&self, idx: u32) -> Option<(Seq, Id8)> {
        let claimed = || self.claims.get(&idx).and_then(|claim| Some((claim.len, claim.tip8?)));
        self.ends.get(&idx).copied().or_else(claimed)
    }

    /// The end of the chain to fetch from this peer, if there is one.
    pub(super) fn branch_to(&self, idx: u32, feed: &FeedId, desk: &Desk<'_>) -> Option<Seq> {
        let stated = self.stated(idx)?;
        desk.shelf.succeeded(feed)?.is_end(stated).then_some(stated.0)
    }

    /// Asks for the peer's chain after `common`, up to its end.
    pub(super) fn fetch(&mut self, idx: u32, feed: FeedId, common: Seq, to: Seq, desk: &mut Desk<'_>) {
        if self.requests.is_full(Size::Whole) {
            if id8_at(desk.shelf, &feed, common + 1).is_some() {
                self.branched.insert(idx, common + 1); // Found out, and still to be known when its turn comes.
            }
            return self.wait(idx, Size::Whole);
        }
        let base8 = id8_at(desk.shelf, &feed, common);
        let rounds = self.rounds.entry(idx).or_insert(0);
        if base8.is_some() != (common > 0) || *rounds >= SEARCH_ROUNDS_MAX {
            self.fetched.insert(idx);
            return;
        }
        *rounds += 1;
        let from = common + 1;
        self.asks_from(idx, common);
        self.requests.insert(idx, Task::Branch(Branch::new(from, to)));
        desk.out.send(&Message::Get(Get { idx, from, to, part: Part::Entries, base8 }));
    }

    /// A part of that chain came, or there is none after the place asked for.
    pub(super) fn branch(
        &mut self,
        idx: u32,
        feed: FeedId,
        base8: Option<Id8>,
        chunk: Option<(Seq, Seq, Vec<u8>)>,
        desk: &mut Desk<'_>,
    ) -> Result<(), Reason> {
        let Some(Task::Branch(mut branch)) = self.requests.remove(idx) else { return Ok(()) };
        let before = before(branch.next, base8)?;
        match chunk {
            Some((first, last, bytes)) => {
                if first != branch.next || base8.is_none() != (first == 1) {
                    return Err(Breach::Unsolicited("a chunk").into());
                }
                branch.next = last.saturating_add(1);
                branch.bytes += bytes.len();
                match branch.bytes <= BRANCH_BYTES_MAX {
                    true => branch.chunks.push(bytes),
                    false => branch.chunks.clear(), // The rest is let pass: it was asked for.
                }
                self.asks_from(idx, last);
                if last < branch.to {
                    self.requests.insert(idx, Task::Branch(branch));
                    return Ok(());
                }
                self.fetched.insert(idx);
                if branch.bytes <= BRANCH_BYTES_MAX {
                    desk.out.push(Output::Branch(feed, branch.chunks));
                }
            }
            None if branch.chunks.is_empty()
                && base8.is_some()
                && base8 != id8_at(desk.shelf, &feed, before) =>
            {
                self.narrow(idx, feed, (0, before), desk); // They part below what is held here.
            }
            None => drop(self.fetched.insert(idx)),
        }
        if !self.requests.is_active(idx) {
            self.done(idx, desk);
        }
        Ok(())
    }
}
