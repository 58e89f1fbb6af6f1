//! What goes wrong in a world, drawn from its seed: each kind of fault has its own rate ("swarm").

use std::collections::BTreeSet;

use klatch_feed::{FeedId, Unverified, chunk};
use sha2::Digest;

use super::check::Failure;
use super::liar::Lie;
use super::network::Dice;
use super::{BODY_BYTES, Event, REDIAL, World};
use crate::sync::{Input, Millis};

/// When faults end and everything heals.
pub const HEAL_AT: Millis = 120_000;
/// When everybody has to agree.
pub const END_AT: Millis = 240_000;

/// The shape of a world.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Nodes that follow the protocol; node 0 follows nobody and learns of others by hints.
    pub(super) honest: usize,
    /// Nodes that do not.
    pub(super) liars: Vec<Lie>,
    /// Authors that keep no node: their branches are brought in by hand.
    pub(super) wanderers: usize,
    /// Longest delay of a message beyond its link's.
    pub(super) jitter: Millis,
    /// Longest time from a chunk's arrival to its commit.
    pub(super) commit: Millis,
    /// Of a hundred connections, how many are slow: a second to a minute a message.
    pub(super) slow: u64,
}

/// The network in two parts; what passes between them passes through the bridge, if there is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Split {
    side: u32, // A bit a node.
    bridge: Option<usize>,
}

impl Shape {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let lies = [
            Lie::Stale,
            Lie::Truncated,
            Lie::WrongIds,
            Lie::Flipped,
            Lie::Withheld,
            Lie::Noise,
            Lie::WrongPlace,
            Lie::Flood,
        ];
        let liars = if dice.percent(40) { dice.range(1, 2) } else { 0 };
        Self {
            honest: dice.range(3, 6) as usize,
            liars: (0..liars).map(|_| lies[dice.index(lies.len())]).collect(),
            wanderers: dice.range(0, 2) as usize,
            jitter: [0, 20, 400][dice.index(3)],
            commit: [1, 30, 2_000][dice.index(3)],
            slow: [0, 0, 30][dice.index(3)],
        }
    }
}

/// One thing that happens to a world.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// A node's author writes so many entries.
    Write { node: usize, count: u64 },
    /// A connection breaks; what was under way is lost.
    Reset,
    /// Nothing gets through from a node, or (`both`) to it either, until the time is over.
    Cut { node: usize, both: bool, lasts: Millis },
    /// The network falls in two until the time is over.
    Split { split: Split, lasts: Millis },
    /// A node stands still, its clock running on: a laptop that was closed.
    Pause { node: usize, lasts: Millis },
    /// A node dies, and with it what it has not committed.
    Crash { node: usize, down: Millis },
    /// A node wants other feeds for a while.
    Rewant { node: usize },
    /// A wanderer brings a branch of their log to a node: not to node 0, which may not want it, and then
    /// never compares it with what others hold.
    Bring { author: usize, node: usize },
    /// A node loses the bodies it may lose.
    DropBodies { node: usize },
    /// A node is set back to what it held at the start of this, and writes no more.
    Restore { node: usize },
}

/// All that is going to happen, with the times at which it does.
pub(super) fn plan(shape: &Shape, dice: &mut Dice) -> Vec<(Millis, Fault)> {
    let mut faults = Vec::new();
    let nodes = shape.honest;
    let rates: Vec<u64> = (0..9).map(|_| [0, 1, 4][dice.index(3)]).collect();
    let mut add = |count: u64, dice: &mut Dice, draw: &mut dyn FnMut(&mut Dice) -> Fault| {
        for _ in 0..count {
            let fault = draw(dice);
            faults.push((dice.range(1, HEAL_AT - 1), fault));
        }
    };
    let writes = dice.range(5, 20);
    add(writes, dice, &mut |dice| Fault::Write { node: dice.index(nodes), count: dice.range(1, 4) });
    add(rates[0], dice, &mut |_| Fault::Reset);
    add(rates[1], dice, &mut |dice| Fault::Cut {
        node: dice.index(nodes),
        both: dice.percent(50),
        lasts: dice.range(100, 110_000),
    });
    add(rates[2], dice, &mut |dice| Fault::Crash { node: dice.index(nodes), down: dice.range(10, 8_000) });
    add(rates[3], dice, &mut |dice| Fault::Rewant { node: dice.index(nodes) });
    for author in 0..shape.wanderers {
        add(dice.range(1, 3), dice, &mut |dice| Fault::Bring { author, node: 1 + dice.index(nodes - 1) });
    }
    add(rates[5], dice, &mut |dice| Fault::DropBodies { node: dice.index(nodes) });
    add(rates[7], dice, &mut |dice| {
        let side = dice.range(1, (1 << nodes) - 2) as u32;
        let bridge = dice.percent(40).then(|| dice.index(nodes));
        Fault::Split { split: Split { side, bridge }, lasts: dice.range(100, 110_000) }
    });
    add(rates[8], dice, &mut |dice| Fault::Pause {
        node: dice.index(nodes),
        lasts: dice.range(100, 110_000),
    });
    let restores = u64::from(rates[6] == 4);
    add(restores, dice, &mut |dice| Fault::Restore { node: dice.index(nodes) });
    faults
}

impl Split {
    /// Whether it stands between these two.
    fn parts(self, ends: [usize; 2]) -> bool {
        let [a, b] = ends.map(|node| self.side >> node & 1);
        a != b && !ends.iter().any(|node| self.bridge == Some(*node))
    }
}

impl World {
    pub(super) fn fault(&mut self, fault: Fault) -> Result<(), Failure> {
        self.trace.update(format!("{fault:?}"));
        match fault {
            Fault::Write { node, count } => return self.write(node, count),
            Fault::Reset => {
                let ids: Vec<u64> = self.links.keys().copied().collect();
                if !ids.is_empty() {
                    self.cover.resets += 1;
                    let unlucky = ids[self.dice.index(ids.len())];
                    self.hang_up(unlucky);
                }
            }
            Fault::Cut { node, both, lasts } => {
                self.cover.cuts += 1;
                self.cut(node, [1, u32::from(both)]);
                let ends = (self.schedule.now + lasts).min(HEAL_AT);
                self.schedule.at(ends, Event::Uncut { node });
            }
            Fault::Split { split, lasts } => {
                self.cover.splits += 1;
                self.split = Some(split);
                self.reroute();
                let ends = (self.schedule.now + lasts).min(HEAL_AT);
                self.schedule.at(ends, Event::Rejoin);
            }
            Fault::Pause { node, lasts } => {
                self.cover.pauses += 1;
                self.nodes[node].paused = (self.schedule.now + lasts).min(HEAL_AT);
            }
            Fault::Crash { node, down } => {
                self.cover.crashes += 1;
                self.crash(node);
                self.schedule.after(down, Event::Restart { node });
            }
            Fault::Rewant { node } if node != 0 => {
                self.cover.rewants += 1;
                let everybody: Vec<FeedId> = self.everybody().into_iter().collect();
                let wants = everybody.into_iter().filter(|_| self.dice.percent(60)).collect();
                return self.want(node, wants);
            }
            Fault::Rewant { .. } => {}
            Fault::Bring { author, node } => return self.bring(author, node),
            Fault::DropBodies { node } => {
                for feed in self.everybody() {
                    if feed != self.nodes[node].author.feed() {
                        self.nodes[node].shelf.drop_bodies(&feed);
                    }
                }
            }
            Fault::Restore { node } if self.nodes[node].early.is_none() => {
                self.nodes[node].early = Some(self.nodes[node].shelf.clone());
            }
            Fault::Restore { .. } => {}
        }
        Ok(())
    }

    fn write(&mut self, at: usize, count: u64) -> Result<(), Failure> {
        let node = &mut self.nodes[at];
        if !node.is_up || node.is_set_back || self.schedule.now < node.paused {
            return Ok(());
        }
        let mut entries = Vec::new();
        for _ in 0..count {
            if self.dice.percent(20) {
                entries.push(node.author.write_unsigned(BODY_BYTES));
            }
            let refs = if self.dice.percent(30) { vec![self.event] } else { Vec::new() };
            entries.push(node.author.write(refs, BODY_BYTES));
        }
        node.chain.extend_from_slice(&entries);
        let change = node.shelf.append_all(entries);
        self.tell(at, vec![change])
    }

    /// A wanderer writes on, sometimes from an earlier place, and leaves the whole branch at a node.
    fn bring(&mut self, author: usize, node: usize) -> Result<(), Failure> {
        let wanderer = &mut self.wanderers[author];
        let feed = wanderer.feed();
        let old = self.truth.longest(&feed);
        let keep =
            if self.dice.percent(60) { self.dice.range(0, old.len() as u64) as usize } else { old.len() };
        let mut branch = old[..keep].to_vec();
        let salt = self.schedule.now;
        wanderer.go_back(&branch, salt);
        for _ in 0..self.dice.range(0, 3) {
            branch.push(wanderer.write_unsigned(BODY_BYTES));
        }
        for _ in 0..self.dice.range(1, 6) {
            branch.push(wanderer.write(Vec::new(), BODY_BYTES));
        }
        if !self.nodes[node].is_up || self.nodes[node].early.is_some() || branch.len() > 200 {
            return Ok(()); // Who will be set back would lose it, and nobody else might have it.
        }
        let rows: Vec<&Unverified> = branch.iter().collect();
        let bytes = chunk::encode(&rows, |_| true);
        self.truth.add(branch);
        let (_, change) = self.nodes[node].shelf.ingest(feed, None, &bytes);
        self.tell(node, change.into_iter().collect())
    }

    pub(super) fn want(&mut self, node: usize, wants: BTreeSet<FeedId>) -> Result<(), Failure> {
        self.nodes[node].wants = wants;
        let wants = self.nodes[node].wants();
        let sides: Vec<_> = self.sides(node).collect();
        for (id, side) in sides {
            self.give(id, side, Input::wants(wants.clone()))?;
        }
        Ok(())
    }

    pub(super) fn crash(&mut self, node: usize) {
        let at = &mut self.nodes[node];
        at.is_up = false;
        at.life += 1;
        self.cover.commits_lost += at.pending.len() as u64;
        at.pending.clear();
        if let Some(early) = at.early.take() {
            at.shelf = early;
            at.is_set_back = true;
        }
        let ids: Vec<u64> = self.sides(node).map(|(id, _)| id).collect();
        for id in ids {
            self.hang_up(id);
        }
    }

    /// The connection is gone, with all that was under way; its ends dial again.
    pub(super) fn hang_up(&mut self, id: u64) {
        if let Some(link) = self.links.remove(&id) {
            let [a, b] = link.ends;
            let delay = self.dice.range(10, REDIAL);
            self.schedule.after(delay, Event::Dial(a, b));
        }
    }

    pub(super) fn redial(&mut self, node: usize, delay: Millis) {
        for (a, b) in self.edges.iter().filter(|(a, b)| [*a, *b].contains(&node)) {
            self.schedule.after(delay, Event::Dial(*a, *b));
        }
    }

    pub(super) fn blocked(&self, ends: [usize; 2]) -> [bool; 2] {
        if self.split.is_some_and(|split| split.parts(ends)) {
            return [true; 2];
        }
        let [a, b] = ends.map(|node| self.nodes[node].cuts);
        [a[0] + b[1] > 0, b[0] + a[1] > 0]
    }

    /// Blocks or frees the ways out of and into a node.
    pub(super) fn cut(&mut self, node: usize, cuts: [u32; 2]) {
        self.nodes[node].cuts = cuts;
        self.reroute();
    }

    /// What is blocked now; what waited and is blocked no more goes on.
    pub(super) fn reroute(&mut self) {
        let ids: Vec<_> = self.links.keys().copied().collect();
        for id in ids {
            let blocked = self.blocked(self.links[&id].ends);
            let link = self.links.get_mut(&id).expect("it was just listed");
            link.blocked = blocked;
            for from in [0, 1] {
                if !blocked[from] {
                    for _ in 0..std::mem::take(&mut link.stalled[from]) {
                        self.schedule.after(0, Event::Deliver { link: id, from });
                    }
                }
            }
        }
    }

    /// Until when what happens in a node that stands still has to wait.
    pub(super) fn paused(&self, event: &Event) -> Option<Millis> {
        let end = |link: &u64, side: usize| Some(self.links.get(link)?.ends[side]);
        let node = match event {
            Event::Deliver { link, from } => end(link, 1 - from)?,
            Event::Room { link, side } | Event::Wake { link, side } => end(link, *side)?,
            Event::Commit { node, .. } => *node,
            _ => return None,
        };
        Some(self.nodes[node].paused).filter(|until| self.schedule.now < *until)
    }

    /// From here on nothing goes wrong, and everybody wants everything; but node 0, which goes by hints.
    pub(super) fn heal(&mut self) -> Result<(), Failure> {
        self.split = None;
        for link in self.links.values_mut() {
            link.latency = link.latency.min(150);
        }
        for node in 0..self.nodes.len() {
            self.cut(node, [0, 0]);
            self.nodes[node].is_up = true;
            if node != 0 {
                self.want(node, self.everybody())?;
            }
            if self.nodes[node].early.is_some() {
                self.crash(node);
                self.nodes[node].is_up = true;
            }
            self.redial(node, REDIAL);
        }
        Ok(())
    }
}
