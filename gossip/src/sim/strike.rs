//! What each fault does to a world, and how everything heals.

use std::collections::BTreeSet;

use klatch_feed::{EntryId, FeedId, Seq, Unverified, chunk};
use sha2::Digest;

use super::check::Failure;
use super::faults::{END_AT, Fault, HEAL_AT};
use super::{Event, REDIAL, World};
use crate::sync::{Input, Millis, Shelf};

/// When, after everything healed, everybody writes once more, how often who may not tries again, and until when.
const LAST_WORD_AFTER: Millis = 20_000;
const LAST_WORD_EVERY: Millis = 5_000;
const LAST_WORD_UNTIL: Millis = END_AT - 40_000;
/// No message takes longer on any link once everything has healed.
const HEALED_LATENCY_MAX: Millis = 150;

impl World {
    pub(super) fn fault(&mut self, fault: Fault) -> Result<(), Failure> {
        self.trace.update(format!("{fault:?}"));
        let now = self.schedule.now;
        match fault {
            Fault::Write { node, count } => return self.write(node, count),
            Fault::Reset => return self.reset(),
            Fault::Cut { node, both, lasts } => {
                self.cover.cuts += 1;
                self.cover.one_way += u64::from(!both);
                self.cut(node, [1, u32::from(both)]);
                self.until(lasts, Event::Uncut { node });
            }
            Fault::Split { split, lasts } => {
                self.cover.splits += 1;
                self.split = Some(split);
                self.reroute();
                self.until(lasts, Event::Rejoin);
            }
            Fault::Pause { node, lasts } => {
                self.cover.pauses += 1;
                self.nodes[node].paused = (now + lasts).min(HEAL_AT);
            }
            Fault::Crash { node, down, quiet } => {
                self.cover.crashes += 1;
                self.crash(node, quiet);
                self.schedule.after(down, Event::Restart { node });
            }
            Fault::CrashAtCommit { node } => self.nodes[node].dies_next = true,
            Fault::Rewant { node } if node != 0 => {
                self.cover.rewants += 1;
                let everybody: Vec<FeedId> = self.everybody().into_iter().collect();
                let wants = everybody.into_iter().filter(|_| self.dice.percent(60)).collect();
                return self.want(node, wants);
            }
            Fault::Rewant { .. } => {}
            Fault::Forget { node, own } => {
                self.cover.forgotten += 1;
                for met in self.nodes[node].shelf.met.values_mut() {
                    match own {
                        true => met.asked = None,
                        false => met.served = None,
                    }
                }
            }
            Fault::Block { node, other, lasts } => return self.block(node, other, lasts),
            Fault::Bring { author, node } => return self.bring(author, node),
            Fault::Succeed { author, node, unheard } => return self.succeed(author, node, unheard),
            Fault::DropBodies { node } => {
                for feed in self.everybody() {
                    if feed != self.nodes[node].author.feed() {
                        self.nodes[node].shelf.drop_bodies(&feed);
                    }
                }
            }
            Fault::Full { node, lasts } => {
                self.cover.full_disks += 1;
                self.nodes[node].is_full = true;
                self.until(lasts, Event::Freed { node });
            }
            Fault::Restore { node, after, witness } if self.nodes[node].early.is_none() => {
                self.nodes[node].early = Some(self.nodes[node].shelf.clone());
                self.until(after, Event::SetBack { node, witness });
            }
            Fault::Restore { .. } => {}
            Fault::Twin => self.twin(),
            Fault::Clock { node, wall, ahead, permille } => {
                self.cover.clocks += 1;
                self.nodes[node].author.wall = wall;
                self.clock(node, ahead, permille);
            }
            Fault::Freeze { node, lasts } => {
                self.cover.frozen += 1;
                self.clock(node, 0, 0);
                self.until(lasts, Event::Thaw { node });
            }
        }
        Ok(())
    }

    /// What ends a fault happens after this long, or when everything heals.
    fn until(&mut self, lasts: Millis, event: Event) {
        self.schedule.at((self.schedule.now + lasts).min(HEAL_AT), event);
    }

    fn write(&mut self, at: usize, count: u64) -> Result<(), Failure> {
        let now = self.schedule.now;
        if !self.nodes[at].can_write(now) {
            return Ok(());
        }
        if self.is_recovering(at) {
            return if self.nodes[at].is_warned() { Ok(()) } else { Err(Failure::Silenced { node: at }) };
        }
        if let Some(until) = self.nodes[at].waits(now) {
            self.cover.writes_waited += 1;
            self.schedule.at(until, Event::Fault(Fault::Write { node: at, count }));
            return Ok(());
        }
        let is_healed = now >= HEAL_AT;
        self.cover.last_words += u64::from(is_healed);
        let node = &mut self.nodes[at];
        node.has_last_word |= is_healed;
        let mut entries = Vec::new();
        for _ in 0..count {
            if self.dice.percent(20) {
                entries.push(node.author.write_unsigned(self.shape.body));
            }
            let refs = if self.dice.percent(30) { vec![self.event] } else { Vec::new() };
            entries.push(node.author.write(refs, self.shape.body));
        }
        node.known.extend(entries.iter().map(Unverified::id));
        node.chain.extend_from_slice(&entries);
        let change = node.shelf.append_all(entries);
        self.tell(at, vec![change])
    }

    /// A wanderer writes on, sometimes from an earlier place, and leaves the whole branch at a node.
    fn bring(&mut self, author: usize, node: usize) -> Result<(), Failure> {
        let wanderer = &mut self.wanderers[author];
        let feed = wanderer.feed();
        let old = self.truth.longest(&feed);
        // A statement says nothing to who holds another first entry: once there is one, all have the same.
        let least = u64::from(self.truth.is_spoken_for(&feed));
        let keep =
            if self.dice.percent(60) { self.dice.range(least, old.len() as u64) as usize } else { old.len() };
        let mut branch = old[..keep].to_vec();
        let salt = self.schedule.now;
        wanderer.go_back(&branch, salt);
        for _ in 0..self.dice.range(0, 3) {
            branch.push(wanderer.write_unsigned(super::BODY_BYTES));
        }
        for _ in 0..self.dice.range(1, 6) {
            branch.push(wanderer.write(Vec::new(), super::BODY_BYTES));
        }
        if !self.nodes[node].keeps_for_good() || branch.len() > 200 {
            return Ok(());
        }
        let rows: Vec<&Unverified> = branch.iter().collect();
        let bytes = chunk::encode(&rows, |_| true);
        self.truth.add(branch);
        let (_, change) = self.nodes[node].shelf.ingest(feed, None, &bytes);
        self.tell(node, change.into_iter().collect())
    }

    /// Somebody goes on after a wanderer's log, or says so.
    fn succeed(&mut self, author: usize, node: usize, unheard: bool) -> Result<(), Failure> {
        let wanderer = &self.wanderers[author];
        let branches = self.truth.branches(&wanderer.feed());
        let firsts: BTreeSet<_> = branches.iter().map(|branch| branch[0].id()).collect();
        if firsts.len() != 1 || !self.nodes[node].keeps_for_good() {
            return Ok(());
        }
        let branch = branches[self.dice.index(branches.len())].clone();
        self.truth.speak_for(wanderer.feed());
        let len = 1 + self.dice.index(branch.len());
        let (seq, id) = match unheard {
            true => (branch.len() + len, EntryId::new(self.dice.bytes())),
            false => (len, branch[len - 1].id()),
        };
        let keep = (Seq::try_from(seq).expect("a Seq each"), id);
        let successor = wanderer.heir(&branch[0], keep, self.schedule.now);
        let shelf = &mut self.nodes[node].shelf;
        if !unheard {
            shelf.put_aside(branch);
        }
        let change = shelf.keep(&successor);
        let tip = shelf.accepted(&wanderer.feed()).last().copied();
        if change.is_some()
            && shelf.succeeded(&wanderer.feed()).is_some_and(|kept| kept.is_closed)
            && tip == Some(id)
        {
            self.cover.succeeded += 1;
            self.truth.succeed(successor);
        }
        self.tell(node, change.into_iter().collect())
    }

    /// A connection breaks. Each side still gets what had left the other before some byte.
    fn reset(&mut self) -> Result<(), Failure> {
        let ids: Vec<u64> = self.links.keys().copied().collect();
        if ids.is_empty() {
            return Ok(());
        }
        self.cover.resets += 1;
        let id = ids[self.dice.index(ids.len())];
        for from in [0, 1] {
            let Some(link) = self.links.get(&id).filter(|link| !link.blocked[from]) else { continue };
            let frames: Vec<usize> = link.flying[from].iter().map(|bytes| bytes.len() + 4).collect();
            let mut rest = self.dice.range(0, frames.iter().sum::<usize>() as u64) as usize;
            for frame in frames {
                if rest < frame {
                    self.cover.cut_frames += u64::from(rest > 0);
                    break;
                }
                rest -= frame;
                let Some(link) = self.links.get_mut(&id) else { break };
                if let Some(message) = link.flying[from].pop_front() {
                    self.give(id, 1 - from, Input::Message(message))?;
                }
            }
        }
        self.hang_up(id);
        Ok(())
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

    /// Wants nothing, then all of it again: so what was refused is asked for once more.
    fn want_anew(&mut self, node: usize, wants: BTreeSet<FeedId>) -> Result<(), Failure> {
        let hinted = std::mem::take(&mut self.nodes[node].hinted);
        self.want(node, BTreeSet::new())?;
        self.nodes[node].hinted.extend(hinted);
        self.want(node, wants)
    }

    fn block(&mut self, node: usize, other: usize, lasts: Millis) -> Result<(), Failure> {
        let feed = self.nodes[other].author.feed();
        if feed == self.nodes[node].author.feed() {
            return Ok(());
        }
        self.cover.blocks += 1;
        self.nodes[node].blocked.insert(feed);
        self.until(lasts, Event::Unblock { node, feed });
        let ends = |id: &u64| self.links[id].ends;
        let apart = |id: &u64| ends(id).iter().any(|end| self.is_apart(node, *end));
        let gone: Vec<u64> = self.sides(node).map(|(id, _)| id).filter(apart).collect();
        gone.into_iter().for_each(|id| self.hang_up(id));
        self.want(node, self.nodes[node].wants.clone())
    }

    pub(super) fn unblock(&mut self, node: usize, feed: FeedId) -> Result<(), Failure> {
        self.nodes[node].blocked.remove(&feed);
        self.want_anew(node, self.nodes[node].wants.clone())?;
        self.redial(node, 0);
        Ok(())
    }

    /// Whether one of these has blocked the other.
    pub(super) fn is_apart(&self, a: usize, b: usize) -> bool {
        let [a, b] = [a, b].map(|node| &self.nodes[node]);
        a.blocked.contains(&b.author.feed()) || b.blocked.contains(&a.author.feed())
    }

    /// There is room on a disk again: the node begins afresh.
    pub(super) fn has_room(&mut self, node: usize) {
        self.nodes[node].is_full = false;
        let ids: Vec<u64> = self.sides(node).map(|(id, _)| id).collect();
        ids.into_iter().for_each(|id| self.hang_up(id));
        self.redial(node, 0);
    }

    fn twin(&mut self) {
        let Some(of) = self.shape.twin_of else { return };
        self.cover.twins += 1;
        let twin = self.shape.honest - 1;
        let (shelf, wants) = (self.nodes[of].shelf.clone(), self.nodes[of].wants.clone());
        let node = &mut self.nodes[twin];
        (node.shelf, node.wants) = (shelf, wants);
        (node.is_born, node.is_up) = (true, true);
        node.take_up(1); // It says other things.
        node.knows_log();
        if self.nodes[of].recovering.is_some() {
            self.nodes[twin].is_witnessed = self.nodes[of].is_witnessed;
            self.recover(twin);
        }
        self.redial(twin, 0);
    }

    pub(super) fn crash(&mut self, node: usize, quiet: bool) {
        let at = &mut self.nodes[node];
        at.is_up = false;
        at.life += 1;
        at.dies_next = false;
        self.cover.commits_lost += at.pending.len() as u64;
        at.pending.clear();
        let sides: Vec<_> = self.sides(node).collect();
        for (id, side) in sides {
            if quiet {
                self.cover.half_open += 1;
                self.links.get_mut(&id).expect("it was just listed").dead[side] = true;
            } else {
                self.hang_up(id);
            }
        }
        self.links.retain(|_, link| link.dead != [true; 2]);
    }

    pub(super) fn set_back(&mut self, node: usize, witness: bool) {
        let Some(early) = self.nodes[node].early.take() else { return };
        self.cover.set_back += 1;
        self.crash(node, false);
        self.nodes[node].set_back(early, self.schedule.now);
        self.nodes[node].recovering = None;
        self.nodes[node].is_witnessed = witness;
        if witness {
            self.recover(node);
        }
        self.schedule.after(10, Event::Restart { node });
    }

    pub(super) fn clock(&mut self, node: usize, ahead: Millis, permille: u64) {
        self.nodes[node].clock.set(self.schedule.now, ahead, permille);
        let sides: Vec<_> = self.sides(node).collect();
        for (id, side) in sides {
            self.schedule.after(0, Event::Wake { link: id, side });
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
        let soon = self.schedule.now + HEALED_LATENCY_MAX;
        for (id, link) in &mut self.links {
            (link.latency, link.rate) = (link.latency.min(HEALED_LATENCY_MAX), 0);
            // What crawls through a throttled link would else take longer than the world lasts.
            link.last_due = link.last_due.map(|due| due.min(soon));
            for from in [0, 1] {
                for _ in 0..link.flying[from].len().saturating_sub(link.stalled[from]) {
                    self.schedule.at(soon, Event::Deliver { link: *id, from });
                }
            }
        }
        for node in 0..self.nodes.len() {
            self.cut(node, [0, 0]);
            let at = &mut self.nodes[node];
            (at.is_up, at.is_full, at.dies_next) = (at.is_born, false, false);
            at.blocked.clear();
            self.clock(node, 0, 1_000);
            let wants = if node == 0 { BTreeSet::new() } else { self.everybody() };
            self.want_anew(node, wants)?;
            self.redial(node, REDIAL);
        }
        for node in 0..self.shape.honest {
            self.schedule.after(LAST_WORD_AFTER, Event::LastWord { node });
        }
        Ok(())
    }

    /// Everybody who may writes once more; who may not yet tries again.
    pub(super) fn last_word(&mut self, node: usize) -> Result<(), Failure> {
        let now = self.schedule.now;
        if now < LAST_WORD_UNTIL && !self.nodes[node].has_last_word {
            self.schedule.after(LAST_WORD_EVERY, Event::LastWord { node });
            if self.nodes[node].waits(now).is_none() {
                return self.write(node, 1);
            }
        }
        Ok(())
    }
}
