//! What must hold: at every step that honest nodes do not blame each other and nothing is sent again and again, at
//! the end that all agree and hold what the branches that exist imply.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::{EntryId, FeedId, NetId, PublicKey, Seq, Succeeds, Successor, Unverified, chunk};

use super::World;
pub use super::cover::Coverage;
use super::node::{Node, reached};
use crate::sync::message::{Get, Message, Mode, Part};
use crate::sync::{FeedState, Reason, Shelf};

/// What a world did wrong.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Failure {
    /// An honest node ended a connection with an honest one, blaming it.
    #[error("node {node} blamed honest node {peer}: {reason}")]
    Blame {
        /// Who ended it.
        node: usize,
        /// With whom.
        peer: usize,
        /// Why.
        reason: Reason,
    },
    /// An entry crossed one connection in one direction twice.
    #[error("node {node} sent entry {seq} of the feed at place {idx} too often over one connection")]
    Twice {
        /// Who sent it.
        node: usize,
        /// Of which feed, by its place in the receiver's list.
        idx: u32,
        /// Which.
        seq: Seq,
    },
    /// After everything healed a node holds something else than it should.
    #[error("node {node} holds {found:?} of {feed}, and should hold {wanted:?}")]
    Differs {
        /// Who.
        node: usize,
        /// Of which feed.
        feed: FeedId,
        /// What it holds.
        found: Box<Option<FeedState>>,
        /// What it should.
        wanted: Box<Option<FeedState>>,
    },
    /// An honest node keeps more than it may for one connection.
    #[error("node {node} keeps {kept} things for one connection, and {unsent} bytes wait to leave it")]
    Memory {
        /// Who.
        node: usize,
        /// Entries of all its lists.
        kept: usize,
        /// Bytes sent that have not left.
        unsent: usize,
    },
    /// Two nodes that met came to another end with what they remember of each other than without it.
    #[error("node {node} got {found:?} of {feed} by its token, and {wanted:?} without")]
    Token {
        /// Who.
        node: usize,
        /// Of which feed.
        feed: FeedId,
        /// With it.
        found: Box<Option<FeedState>>,
        /// Without.
        wanted: Box<Option<FeedState>>,
    },
    /// Two nodes between which nothing had changed said more than that.
    #[error("nodes {nodes:?} met again with nothing to say, and said {bytes} bytes")]
    Talk {
        /// Who.
        nodes: [usize; 2],
        /// Both together.
        bytes: usize,
    },
    /// A node was not told that somebody holds what its key signed elsewhere.
    #[error("node {node} signs on, and others hold what its key signed and it does not know")]
    Unwarned {
        /// Who.
        node: usize,
    },
    /// A node signs nothing, and nobody has proved to it that there is a reason.
    #[error("node {node} signs nothing, and nobody has shown it anything of its key's that it did not hold")]
    Silenced {
        /// Who.
        node: usize,
    },
    /// A node counts entries of its own as held by a peer that are none.
    #[error("node {node} believes that node {peer} holds {held} of its entries, and wrote {wrote}")]
    Believed {
        /// Who.
        node: usize,
        /// Of whom.
        peer: usize,
        /// How many.
        held: Seq,
        /// How many there are.
        wrote: Seq,
    },
    /// An honest node made bulk while what it had sent before waited to leave.
    #[error("node {node} made {made} bytes of bulk while {unsent} waited to leave it")]
    Bulk {
        /// Who.
        node: usize,
        /// How many more.
        made: usize,
        /// How many waited.
        unsent: usize,
    },
}

/// An entry by the place of its feed, its own, and the hash of its body: a feed may become another chain.
type Said = (u32, Seq, [u8; 32]);

/// Reads along what one connection carries.
#[derive(Debug, Default)]
pub(super) struct Witness {
    /// How often an entry went over it, each way.
    seen: [BTreeMap<Said, u8>; 2],
    /// Statements that went over it, by whom they succeed: for each the chain that it keeps may go once more, be it held in
    /// quarantine.
    statements: BTreeMap<FeedId, u8>,
}

impl Witness {
    /// Notes a message from a side; an entry in it that went the same way too often before. Twice may happen in a race:
    /// a push that crosses entries from elsewhere is asked for again. `at` tells which feed is meant by a place there.
    pub(super) fn sees(
        &mut self,
        from: usize,
        message: &Message,
        at: impl Fn(u32) -> Option<FeedId>,
        cover: &mut Coverage,
    ) -> Option<(u32, Seq)> {
        let (idx, bytes) = match message {
            Message::Resume { token: Some(_), .. } => {
                cover.recalls += 1;
                return None;
            }
            Message::Prints { .. } => {
                cover.comparisons += 1;
                return None;
            }
            Message::Mode(rows) => {
                cover.lazy += rows.iter().filter(|(_, mode, _)| *mode == Mode::Lazy).count() as u64;
                return None;
            }
            Message::Fork(_) => {
                cover.proofs_relayed += 1;
                return None;
            }
            Message::Succ { body, .. } => {
                cover.successions_relayed += 1;
                let said = self.statements.entry(Succeeds::in_body(body)?.old().feed).or_default();
                *said = said.saturating_add(1);
                return None;
            }
            Message::Get(Get { part: Part::Bodies, .. }) => {
                cover.bodies_apart += 1;
                return None;
            }
            Message::IdAt { .. } => {
                cover.searches += 1;
                return None;
            }
            Message::Chunk { idx, chunk: Some(bytes), .. } => {
                cover.chunks += 1;
                (*idx, bytes)
            }
            Message::Push { idx, chunk, .. } => {
                cover.pushes += 1;
                (*idx, chunk)
            }
            _ => return None,
        };
        let (first, _) = chunk::span(bytes).ok()?;
        // Any author and any id before will do to read the rows.
        let prev = (first > 1).then_some(EntryId::new([0; 32]));
        let entries = chunk::decode(FeedId::new([0; 32]), prev, bytes).ok()?;
        cover.entries += entries.len() as u64;
        let whole = entries.iter().filter(|entry| entry.body().is_some());
        let mut often = None;
        let chains = at(idx).and_then(|feed| self.statements.get(&feed)).copied().unwrap_or_default();
        for (seq, said) in whole.map(|entry| (entry.header().seq, entry.header().body_hash)) {
            let times = self.seen[from].entry((idx, seq, said)).or_default();
            *times = times.saturating_add(1);
            cover.resent += u64::from(*times == 2);
            often = often.or((*times > chains.saturating_add(2)).then_some((idx, seq)));
        }
        often
    }
}

/// Every branch of every feed that exists in a world: what everybody has to end up with.
#[derive(Debug, Default)]
pub(super) struct Truth {
    branches: BTreeMap<FeedId, Vec<Vec<Unverified>>>,
    /// The best of the statements that somebody's log followed.
    succeeded: BTreeMap<FeedId, Successor>,
    /// Feeds about which any were made.
    spoken_for: BTreeSet<FeedId>,
}

impl Truth {
    /// A branch, from the first entry on; it replaces one that it continues.
    pub(super) fn add(&mut self, branch: Vec<Unverified>) {
        let Some(feed) = branch.first().map(|entry| entry.header().author) else { return };
        let branches = self.branches.entry(feed).or_default();
        branches.retain(|other| common(other, &branch) < other.len());
        if branches.iter().all(|other| common(other, &branch) < branch.len()) {
            branches.push(branch);
        }
    }

    /// Somebody goes on after a feed, with all of the chain that is kept.
    pub(super) fn succeed(&mut self, successor: Successor) {
        let rank = |successor: &Successor| successor.succession().rank();
        let held = self.succeeded.entry(successor.succession().old.feed).or_insert_with(|| successor.clone());
        if rank(&successor) < rank(held) {
            *held = successor;
        }
    }

    /// A statement is made about a feed.
    pub(super) fn speak_for(&mut self, feed: FeedId) {
        self.spoken_for.insert(feed);
    }

    /// Whether one was.
    pub(super) fn is_spoken_for(&self, feed: &FeedId) -> bool {
        self.spoken_for.contains(feed)
    }

    /// The branches of a feed.
    pub(super) fn branches(&self, feed: &FeedId) -> &[Vec<Unverified>] {
        self.branches.get(feed).map(|branches| &branches[..]).unwrap_or_default()
    }

    /// The longest branch of a feed.
    pub(super) fn longest(&self, feed: &FeedId) -> Vec<Unverified> {
        let branches = self.branches.get(feed).into_iter().flatten();
        branches.max_by_key(|branch| branch.len()).cloned().unwrap_or_default()
    }

    /// All feeds that exist.
    pub(super) fn feeds(&self) -> impl Iterator<Item = FeedId> + '_ {
        self.branches.keys().copied()
    }

    /// The closed form. The cap is the longest beginning that all branches share; but a branch counts only as far
    /// as `found`, the lowest cap that anybody proved, lets it be accepted: what lies between its last anchor
    /// there and the cap shows nowhere, so that a lower fork in it need not be found. What is held is the
    /// largest anchor at or below the cap. A feed that is succeeded is what its best successor keeps.
    pub(super) fn state(&self, net: &NetId, feed: &FeedId, found: Option<Seq>) -> Option<FeedState> {
        if let Some(successor) = self.succeeded.get(feed) {
            let (len, tip) = (successor.succession().keep, Some(successor.keep_id()));
            return Some(FeedState { len, tip, cap: None });
        }
        let branches = self.branches.get(feed)?;
        let key = PublicKey::parse(feed).ok()?;
        let as_seq = |len: usize| Seq::try_from(len).expect("a Seq each");
        let anchor = |branch: &[Unverified], most: usize| {
            (1..=most.min(branch.len())).rev().find(|len| branch[len - 1].is_anchor(net, &key)).unwrap_or(0)
        };
        let allowed = |branch: &Vec<Unverified>| anchor(branch, found.map_or(usize::MAX, |cap| cap as usize));
        let longest = branches.iter().max_by_key(|branch| allowed(branch))?;
        let fits = |branch: &Vec<Unverified>| common(longest, branch) >= allowed(branch);
        let (len, cap) = match branches.iter().all(fits) {
            true => (allowed(longest), found),
            false => {
                let shared = branches.iter().map(|branch| common(longest, branch)).min().unwrap_or(0);
                (anchor(longest, shared), Some(as_seq(shared)))
            }
        };
        Some(FeedState { len: as_seq(len), tip: len.checked_sub(1).map(|at| longest[at].id()), cap })
    }
}

fn common(a: &[Unverified], b: &[Unverified]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a.id() == b.id()).count()
}

impl World {
    pub(super) fn judge(&mut self) -> Result<(), Failure> {
        let honest = &self.nodes[..self.shape.honest];
        for node in honest {
            self.truth.add(node.chain.clone());
            node.lost.iter().for_each(|branch| self.truth.add(reached(branch, honest)));
        }
        for (at, node) in honest.iter().enumerate().filter(|(_, node)| node.is_born) {
            for feed in self.truth.feeds() {
                let wanted = self.wanted(&feed);
                let is_unwanted = at == 0 && feed != node.author.feed() && !node.hinted.contains(&feed);
                let found = node.shelf.state(&feed);
                if !is_unwanted && found != wanted {
                    let (found, wanted) = (found.into(), wanted.into());
                    return Err(Failure::Differs { node: at, feed, found, wanted });
                }
                let is_below = wanted.is_some_and(|state| state.cap > Some(state.len));
                self.cover.caps_below_tip += u64::from(is_below && !is_unwanted);
            }
            self.cover.strangers_told += self.warned(at)?;
            if !node.has_last_word && !node.is_warned() {
                return Err(Failure::Silenced { node: at });
            }
            let own = node.shelf.state(&node.author.feed());
            self.cover.own_forks += u64::from(own.is_some_and(|state| state.cap.is_some()));
        }
        self.judge_hints()?;
        self.meet_idle()
    }

    /// Who was set back, or has a second copy, knows it as soon as anybody holds what it did not sign here.
    fn warned(&self, at: usize) -> Result<u64, Failure> {
        let node = &self.nodes[at];
        let feed = node.author.feed();
        let honest = &self.nodes[..self.shape.honest];
        let is_mine = |entry: &Unverified| node.known.contains(&entry.id());
        let is_strange = |other: &Node| !other.shelf.entries(&feed).iter().all(is_mine);
        match (honest.iter().any(is_strange), node.is_warned()) {
            (true, false) => Err(Failure::Unwarned { node: at }),
            (is_strange, _) => Ok(u64::from(is_strange)),
        }
    }

    /// What everybody should hold of a feed.
    fn wanted(&self, feed: &FeedId) -> Option<FeedState> {
        let honest = &self.nodes[..self.shape.honest];
        let found = honest.iter().filter_map(|node| node.shelf.state(feed)?.cap).min();
        self.truth.state(&self.net, feed, found)
    }

    /// Node 0 must have heard of everybody who wrote about its event.
    fn judge_hints(&self) -> Result<(), Failure> {
        let host = &self.nodes[0];
        for node in &self.nodes[1..self.shape.honest] {
            for (feed, _) in node.shelf.about(&self.event) {
                let is_told = feed == host.author.feed() || host.hinted.contains(&feed);
                if !is_told {
                    let wanted = self.wanted(&feed);
                    return Err(Failure::Differs {
                        node: 0,
                        feed,
                        found: None.into(),
                        wanted: wanted.into(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// Whether a message is made only when there is room for it.
pub(super) fn is_bulk(message: &Message) -> bool {
    matches!(message, Message::Chunk { chunk: Some(_), .. } | Message::Push { .. } | Message::Bodies { .. })
}

#[cfg(test)]
mod tests {
    use super::super::author::Author;
    use super::*;

    #[test]
    fn a_statement_lets_the_chain_of_its_feed_go_once_more_and_no_other() {
        let mut author = Author::new(NetId::of_name("test"), 1);
        let entry = author.write(Vec::new(), 40);
        let (signed, body) = author.heir(&entry, (1, entry.id()), 2).encode();
        let push = |idx| Message::Push { idx, base8: None, chunk: chunk::encode(&[&entry], |_| true) };
        let at = |idx| Some(if idx == 0 { author.feed() } else { FeedId::new([9; 32]) });
        let (mut witness, mut cover) = (Witness::default(), Coverage::default());
        let mut sees = |message: &Message| witness.sees(0, message, at, &mut cover);
        assert_eq!(sees(&Message::Succ { signed, body }), None);
        let times = |idx| std::iter::repeat_with(move || push(idx)).take(4);
        let of: Vec<_> = times(0).map(|message| sees(&message)).collect();
        assert_eq!(of, [None, None, None, Some((0, 1))]);
        let other: Vec<_> = times(1).map(|message| sees(&message)).collect();
        assert_eq!(other, [None, None, Some((1, 1)), Some((1, 1))]);
    }
}
