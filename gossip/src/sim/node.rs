//! One simulated node: its log, its clock, its disk, and how far it may trust that it knows its own feed.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::{EntryId, FeedId, ForkProof, NetId, Seq, Successor, Unverified, chunk};

use super::author::Author;
use super::check::Failure;
use super::faults::{Fault, HEAL_AT};
use super::liar::Lie;
use super::network::Clock;
use super::shelf::Memory;
use super::{Event, REDIAL, World};
use crate::sync::memory::Asked;
use crate::sync::{Change, Ingest, Input, Millis, Outcome, Shelf};

/// How long a recovering node listens before it believes that nobody holds more of its feed: less than a real one,
/// whose days are longer.
const RECOVERING: Millis = 15_000;
/// ... and with how many it must be caught up.
const RECOVERING_PEERS: usize = 2;
/// How long an unproven word of a peer about this node's own feed keeps its author waiting.
const PAUSE: Millis = 10_000;

pub(super) struct Node {
    pub(super) author: Author,
    pub(super) shelf: Memory,
    pub(super) lie: Option<Lie>,
    pub(super) is_up: bool,
    /// The second copy of an identity begins in the middle.
    pub(super) is_born: bool,
    pub(super) life: u32,
    pub(super) wants: BTreeSet<FeedId>,
    pub(super) hinted: BTreeSet<FeedId>,
    pub(super) pending: Vec<Pending>,
    /// All that its author wrote here and still holds.
    pub(super) chain: Vec<Unverified>,
    /// What it wrote and lost when it was set back: it is there as far as others got it.
    pub(super) lost: Vec<Vec<Unverified>>,
    /// Blocked ways out and in.
    pub(super) cuts: [u32; 2],
    /// Nothing happens in it before.
    pub(super) paused: Millis,
    pub(super) clock: Clock,
    pub(super) is_full: bool,
    /// Feeds it has nothing to do with for a while.
    pub(super) blocked: BTreeSet<FeedId>,
    /// It dies right after its next commit, before anybody hears of it.
    pub(super) dies_next: bool,
    /// To be set back to.
    pub(super) early: Option<Memory>,
    pub(super) is_set_back: bool,
    /// It signs nothing before.
    pub(super) recovering: Option<Millis>,
    /// Its witness told it that it was set back.
    pub(super) is_witnessed: bool,
    /// All that its author signed here, or knew of when this copy of it began.
    pub(super) known: BTreeSet<EntryId>,
    /// Peers who said once that they hold another, or more, of its feed; by connection, until when it waits for them.
    doubters: BTreeSet<FeedId>,
    doubts: BTreeMap<u64, Millis>,
    /// It wrote after everything healed.
    pub(super) has_last_word: bool,
}

pub(super) enum Pending {
    Ingest { link: u64, side: usize, ingest: Ingest },
    Fork(ForkProof),
    Bodies(FeedId, Seq, Vec<Option<Vec<u8>>>),
    Succeeded { link: u64, side: usize, successor: Box<Successor> },
    Branch(FeedId, Vec<Vec<u8>>),
    Keep(FeedId, Asked),
}

impl Node {
    pub(super) fn new(net: NetId, author: u64, lie: Option<Lie>) -> Self {
        let author = Author::new(net, author);
        let shelf = Memory::new(net, author.feed());
        Self {
            author,
            shelf,
            lie,
            is_up: true,
            is_born: true,
            life: 0,
            wants: BTreeSet::new(),
            hinted: BTreeSet::new(),
            pending: Vec::new(),
            chain: Vec::new(),
            lost: Vec::new(),
            cuts: [0; 2],
            paused: 0,
            clock: Clock::default(),
            is_full: false,
            blocked: BTreeSet::new(),
            dies_next: false,
            early: None,
            is_set_back: false,
            recovering: None,
            is_witnessed: false,
            known: BTreeSet::new(),
            doubters: BTreeSet::new(),
            doubts: BTreeMap::new(),
            has_last_word: false,
        }
    }

    pub(super) fn wants(&self) -> Vec<FeedId> {
        let me = self.author.feed();
        let is_wanted = |feed: &&FeedId| **feed != me && !self.blocked.contains(feed);
        self.wants.union(&self.hinted).filter(is_wanted).copied().collect()
    }

    /// Whether it may write at all: it is there, has room, and knows of no fork of its own feed.
    pub(super) fn can_write(&self, now: Millis) -> bool {
        let own = self.shelf.state(&self.author.feed());
        let is_forked = own.is_some_and(|state| state.cap.is_some());
        self.is_up && self.is_born && !self.is_full && now >= self.paused && !is_forked
    }

    /// Whether it is there and has room, and what it is given now stays: who will be set back would lose it, and nobody
    /// else might have it.
    pub(super) fn keeps_for_good(&self) -> bool {
        self.is_up && self.is_born && !self.is_full && self.early.is_none()
    }

    /// Until when own entries wait for what a peer said that it holds of the own feed.
    pub(super) fn waits(&self, now: Millis) -> Option<Millis> {
        self.doubts.values().copied().filter(|until| now < *until).max()
    }

    /// A peer says what it holds of this node's own feed. That proves nothing: where it is not what is held here, own
    /// entries wait a moment, once for each peer. Whether they do.
    pub(super) fn echoed(&mut self, now: Millis, link: u64, peer: FeedId, claim: (Seq, [u8; 8])) -> bool {
        let held = self.shelf.ids(&self.author.feed(), &[claim.0]).first().copied().flatten();
        if held.is_some_and(|id| id.tip8() == claim.1) || !self.doubters.insert(peer) {
            return false;
        }
        self.doubts.insert(link, now + PAUSE);
        true
    }

    /// All that a peer has of the own feed came.
    pub(super) fn is_level(&mut self, link: u64) {
        self.doubts.remove(&link);
    }

    /// Its author knows of no more than the log has now.
    pub(super) fn knows_log(&mut self) {
        self.known = self.shelf.entries(&self.author.feed()).iter().map(Unverified::id).collect();
    }

    /// Whether somebody proved that its author signs elsewhere, or signed what was lost here.
    pub(super) fn is_warned(&self) -> bool {
        self.shelf.own_is_longer || self.is_witnessed || self.shelf.proof(&self.author.feed()).is_some()
    }

    /// Takes up its own feed where its log stands, on a branch of its own if another goes on from there.
    pub(super) fn take_up(&mut self, salt: u64) {
        self.chain = self.shelf.entries(&self.author.feed()).to_vec();
        self.author.go_back(&self.chain, salt);
    }

    /// The log is what it was some time ago. What was written since is out there, if anybody got it.
    pub(super) fn set_back(&mut self, early: Memory, salt: u64) {
        self.shelf.set_back(early);
        self.is_set_back = true;
        let lost = std::mem::take(&mut self.chain);
        self.lost.push(lost);
        self.take_up(salt);
        self.knows_log();
        self.doubters.clear();
        self.doubts.clear();
    }
}

impl World {
    /// Everything that came since the last commit becomes durable at once, and is answered; or nothing does, on a
    /// full disk.
    pub(super) fn commit(&mut self, node: usize) -> Result<(), Failure> {
        let mut changes = Vec::new();
        let mut answers = Vec::new();
        for pending in std::mem::take(&mut self.nodes[node].pending) {
            let is_full = self.nodes[node].is_full;
            match pending {
                Pending::Ingest { link, side, ingest } => {
                    let ticket = ingest.ticket;
                    let (outcome, change) = self.ingest(node, ingest);
                    changes.extend(change);
                    answers.push((link, side, Input::Ingested(ticket, outcome)));
                }
                Pending::Succeeded { link, side, .. } if is_full => {
                    // It is not asked for again: a token that follows would say that it is here.
                    if let Some(link) = self.links.get_mut(&link) {
                        link.has_lost[side] = true;
                    }
                }
                _ if is_full => {}
                Pending::Fork(proof) => changes.extend(self.nodes[node].shelf.fork(&proof)),
                Pending::Bodies(feed, from, bodies) => {
                    self.cover.bodies += bodies.iter().flatten().count() as u64;
                    changes.extend(self.nodes[node].shelf.fill(feed, from, bodies));
                }
                Pending::Keep(peer, asked) => {
                    self.nodes[node].shelf.met.entry(peer).or_default().asked = Some(asked);
                }
                Pending::Succeeded { successor, .. } => {
                    changes.extend(self.nodes[node].shelf.keep(&successor))
                }
                Pending::Branch(feed, chunks) => {
                    let change = self.nodes[node].shelf.replace(feed, &chunks);
                    self.cover.replaced += u64::from(change.is_some());
                    changes.extend(change);
                }
            }
        }
        if self.nodes[node].dies_next {
            self.cover.commit_crashes += 1;
            self.crash(node, false);
            self.schedule.after(REDIAL, Event::Restart { node });
            return Ok(());
        }
        self.tell(node, changes)?;
        for (link, side, answer) in answers {
            self.give(link, side, answer)?;
        }
        Ok(())
    }

    fn ingest(&mut self, at: usize, ingest: Ingest) -> (Outcome, Option<Change>) {
        let Ingest { feed, base8, chunk, .. } = ingest;
        let node = &mut self.nodes[at];
        if node.is_full || node.blocked.contains(&feed) {
            self.cover.chunks_refused += 1;
            return (Outcome::Refused, None);
        }
        let first = chunk::span(&chunk).map_or(0, |(first, _)| first);
        let held = node.shelf.state(&feed).map_or(0, |state| state.len);
        let (outcome, change) = node.shelf.ingest(feed, base8, &chunk);
        self.cover.overlaps += u64::from(first <= held);
        self.cover.gaps += u64::from(matches!(outcome, Outcome::Gap(_)));
        self.cover.forks_overlapped += u64::from(matches!(outcome, Outcome::Forked(_)));
        if feed == node.author.feed() && change.is_some() && matches!(outcome, Outcome::Accepted(_)) {
            self.cover.own_longer += 1;
            self.recover(at);
        }
        (outcome, change)
    }

    /// Whether a node does not know yet whether anybody holds more of its feed than itself.
    pub(super) fn is_recovering(&mut self, at: usize) -> bool {
        let Some(until) = self.nodes[at].recovering else { return false };
        let level = self.sides(at).filter(|(id, side)| self.links[id].caught_up[*side]).count();
        if self.schedule.now < until || level < RECOVERING_PEERS {
            return true;
        }
        self.cover.recovered += 1;
        self.nodes[at].recovering = None;
        self.nodes[at].take_up(self.schedule.now);
        false
    }

    /// From here on a node listens before it signs again.
    pub(super) fn recover(&mut self, node: usize) {
        self.cover.recovering += 1;
        self.nodes[node].recovering = Some(self.schedule.now + RECOVERING);
    }
}

impl World {
    /// A peer said at the opening what it holds of a node's own feed; an author may want to write just then.
    pub(super) fn echoed(&mut self, at: usize, (link, peer): (u64, FeedId), claim: (Seq, [u8; 8])) {
        let now = self.schedule.now;
        if !self.nodes[at].echoed(now, link, peer, claim) {
            return;
        }
        self.cover.echoes_doubted += 1;
        if at < self.shape.honest && now + PAUSE < HEAL_AT && self.dice.percent(50) {
            let soon = self.dice.range(0, 500); // Most are level before long.
            self.schedule.after(soon, Event::Fault(Fault::Write { node: at, count: 1 }));
        }
    }
}

/// Of a branch, as much as one of these nodes still holds.
pub(super) fn reached(branch: &[Unverified], nodes: &[Node]) -> Vec<Unverified> {
    let Some(feed) = branch.first().map(|entry| entry.header().author) else { return Vec::new() };
    let shared = |node: &Node| {
        let held = node.shelf.entries(&feed);
        held.iter().zip(branch).take_while(|(held, entry)| held.id() == entry.id()).count()
    };
    branch[..nodes.iter().map(shared).max().unwrap_or(0)].to_vec()
}
