//! What must hold: at every step that honest nodes do not blame each other and nothing is sent again and again, at
//! the end that all agree and hold what the branches that exist imply.

use std::collections::BTreeMap;

use klatch_feed::{EntryId, FeedId, NetId, PublicKey, Seq, Unverified, chunk};

use super::World;
use crate::sync::message::{Message, Mode};
use crate::sync::{FeedState, Reason, Shelf};

/// How often what a simulation is for did happen.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(missing_docs)]
pub struct Coverage {
    pub entries: u64,
    pub pushes: u64,
    pub chunks: u64,
    pub overlaps: u64,
    pub gaps: u64,
    pub searches: u64,
    pub forks_searched: u64,
    pub forks_overlapped: u64,
    pub proofs_relayed: u64,
    pub bodies: u64,
    pub hints: u64,
    pub cuts: u64,
    pub resets: u64,
    pub crashes: u64,
    pub commits_lost: u64,
    pub rewants: u64,
    pub silences: u64,
    pub liars_closed: u64,
    pub own_longer: u64,
    pub caps_below_tip: u64,
    pub splits: u64,
    pub pauses: u64,
    pub slow_links: u64,
    pub twisted: u64,
    pub links: u64,
    pub bytes: u64,
    pub tokens_kept: u64,
    pub recalls: u64,
    pub comparisons: u64,
    pub lazy: u64,
    pub resent: u64,
}

impl Coverage {
    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        for ((_, mine), (_, theirs)) in self.counters().into_iter().zip({ *other }.counters()) {
            *mine += *theirs;
        }
    }

    /// Every counter with its name.
    pub fn counters(&mut self) -> [(&'static str, &mut u64); 31] {
        [
            ("entries", &mut self.entries),
            ("pushes", &mut self.pushes),
            ("chunks", &mut self.chunks),
            ("overlaps", &mut self.overlaps),
            ("gaps", &mut self.gaps),
            ("searches", &mut self.searches),
            ("forks searched", &mut self.forks_searched),
            ("forks overlapped", &mut self.forks_overlapped),
            ("proofs relayed", &mut self.proofs_relayed),
            ("bodies", &mut self.bodies),
            ("hints", &mut self.hints),
            ("cuts", &mut self.cuts),
            ("resets", &mut self.resets),
            ("crashes", &mut self.crashes),
            ("commits lost", &mut self.commits_lost),
            ("rewants", &mut self.rewants),
            ("silences", &mut self.silences),
            ("liars closed", &mut self.liars_closed),
            ("own longer", &mut self.own_longer),
            ("caps below the tip", &mut self.caps_below_tip),
            ("splits", &mut self.splits),
            ("pauses", &mut self.pauses),
            ("slow links", &mut self.slow_links),
            ("floods", &mut self.twisted),
            ("links", &mut self.links),
            ("bytes", &mut self.bytes),
            ("tokens kept", &mut self.tokens_kept),
            ("recalls", &mut self.recalls),
            ("comparisons", &mut self.comparisons),
            ("lazy", &mut self.lazy),
            ("resent", &mut self.resent),
        ]
    }
}

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
    #[error("node {node} sent entry {seq} of the feed at place {idx} three times over one connection")]
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
    /// A node that was set back was not told that its own feed is longer elsewhere.
    #[error("node {node} was set back and may still append")]
    Unwarned {
        /// Who.
        node: usize,
    },
}

/// Reads along what one connection carries.
#[derive(Debug, Default)]
pub(super) struct Witness {
    seen: [BTreeMap<(u32, Seq), u8>; 2],
}

impl Witness {
    /// Notes a message from a side; an entry in it that went the same way twice before. Once more may happen in a
    /// race: a push that crosses entries from elsewhere is asked for again.
    pub(super) fn sees(
        &mut self,
        from: usize,
        message: &Message,
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
        for seq in whole.map(|entry| entry.header().seq) {
            let times = self.seen[from].entry((idx, seq)).or_default();
            *times = times.saturating_add(1);
            cover.resent += u64::from(*times == 2);
            often = often.or((*times > 2).then_some((idx, seq)));
        }
        often
    }
}

/// Every branch of every feed that exists in a world: what everybody has to end up with.
#[derive(Debug, Default)]
pub(super) struct Truth {
    branches: BTreeMap<FeedId, Vec<Vec<Unverified>>>,
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
    /// largest anchor at or below the cap.
    pub(super) fn state(&self, net: &NetId, feed: &FeedId, found: Option<Seq>) -> Option<FeedState> {
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
        for node in &self.nodes[..self.shape.honest] {
            self.truth.add(node.reached(&self.nodes[..self.shape.honest]));
        }
        for (at, node) in self.nodes[..self.shape.honest].iter().enumerate() {
            for feed in self.truth.feeds() {
                let wanted = self.wanted(&feed);
                let is_own = feed == node.author.feed();
                let is_unwanted = at == 0 && !is_own && !node.hinted.contains(&feed);
                if is_unwanted || self.is_set_back(&feed) {
                    continue;
                }
                let found = node.shelf.state(&feed);
                if found != wanted {
                    return Err(Failure::Differs {
                        node: at,
                        feed,
                        found: found.into(),
                        wanted: wanted.into(),
                    });
                }
                self.cover.caps_below_tip +=
                    u64::from(wanted.is_some_and(|state| state.cap > Some(state.len)));
            }
            if node.is_set_back {
                let feed = node.author.feed();
                let held = node.shelf.state(&feed).map_or(0, |state| state.len);
                let elsewhere = self.wanted(&feed).map_or(0, |state| state.len);
                if elsewhere > held && !node.shelf.own_is_longer {
                    return Err(Failure::Unwarned { node: at });
                }
            }
        }
        self.judge_hints()
    }

    /// Whether its author's node was set back: it does not hold its own feed any more, and may stand
    /// between those who do and those who want it.
    fn is_set_back(&self, feed: &FeedId) -> bool {
        self.nodes.iter().any(|node| node.is_set_back && node.author.feed() == *feed)
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
                if !is_told && !self.is_set_back(&feed) {
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
