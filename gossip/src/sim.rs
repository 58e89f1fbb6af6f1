//! A simulated network with a seed and a virtual clock, driving the real [`crate::sync::Exchange`].
//!
//! Nodes with logs in memory dial each other, write, commit late, crash, lose bodies, are set back and cut off,
//! fill their disks, block each other, run twice under one key; some are pubs; clocks and links do what they
//! like; some lie. What may go wrong is listed in `faults`, each kind with its own rate drawn from the seed.
//! After [`faults::HEAL_AT`] nothing goes wrong any more, everybody writes once more, and at
//! [`faults::END_AT`] all honest nodes must agree (`check`). One seed is one run, to the byte. Nothing in here
//! is part of a node: it is for tests, and for `examples/sim.rs`, which runs many seeds.

pub mod author;
pub mod check;
mod cover;
pub mod faults;
mod heed;
pub mod liar;
mod meet;
mod network;
mod node;
pub mod shelf;
pub mod shrink;
mod strike;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use klatch_feed::{EntryId, FeedId, NetId, Seq};
use sha2::{Digest, Sha256};

use crate::sync::message::Message;
use crate::sync::{Change, Input, Millis, Output, Reason};
use author::Author;
use check::{Coverage, Failure, Truth};
use faults::{END_AT, Fault, HEAL_AT, Shape, Split};
use liar::{Liar, Lie};
use network::{Dice, Link, Schedule};
use node::{Node, Pending};

/// How long who was hung up on waits before dialling again.
const REDIAL: Millis = 1_500;
/// Most places that a node keeps of a peer's list: few, so that a flood is soon past it.
const PLACES_MAX: usize = 512;
/// Most bytes that one side sends before any of them has left: what is made at a time, one message, and small ones.
const UNSENT_MAX: usize = (256 + 1_024 + 64) * 1_024;
/// Bulk is made until this much waits to leave.
const BULK_UNSENT_MAX: usize = 256 * 1_024;
/// Most things that an exchange may keep: a few for each place of two lists.
const KEPT_MAX: usize = 6 * PLACES_MAX;
/// Size of most bodies.
const BODY_BYTES: usize = 40;

/// What is left of a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Report {
    /// What happened, how often.
    pub coverage: Coverage,
    /// Over every message and fault in order: two runs of one seed have the same.
    pub trace: [u8; 32],
}

/// Runs the world of one seed.
///
/// # Errors
///
/// [`Failure`]: what must hold did not. The seed alone replays it.
pub fn run(seed: u64) -> Result<Report, Failure> {
    run_with(seed, |_| true)
}

/// Runs the world of one seed with some of its faults only, named by their place in [`faults`](faults()).
///
/// # Errors
///
/// As [`run`].
pub fn run_with(seed: u64, happens: impl Fn(usize) -> bool) -> Result<Report, Failure> {
    let mut world = World::new(seed, happens);
    world.live()?;
    world.judge()?;
    Ok(Report { coverage: world.cover, trace: world.trace.finalize().into() })
}

/// What happens in the world of one seed besides messages, in the order of drawing: when, and what.
pub fn faults(seed: u64) -> Vec<(Millis, String)> {
    let mut dice = Dice::new(seed);
    let shape = Shape::draw(&mut dice);
    let plan = World::draw(&shape, &mut dice).2;
    plan.into_iter().map(|(when, fault)| (when, format!("{fault:?}"))).collect()
}

struct World {
    net: NetId,
    dice: Dice,
    schedule: Schedule<Event>,
    shape: Shape,
    nodes: Vec<Node>,
    edges: BTreeSet<(usize, usize)>,
    split: Option<Split>,
    links: BTreeMap<u64, Link>,
    link_next: u64,
    wanderers: Vec<Author>,
    truth: Truth,
    event: EntryId, // What some entries are about; node 0 asks for them.
    cover: Coverage,
    trace: Sha256,
}

type Drawn = (BTreeSet<(usize, usize)>, Vec<(Millis, (usize, usize))>, Vec<(Millis, Fault)>);

#[derive(Debug)]
enum Event {
    Dial(usize, usize),
    Deliver { link: u64, from: usize },
    Room { link: u64, side: usize },
    Wake { link: u64, side: usize },
    Heed { link: u64, side: usize },
    Commit { node: usize, life: u32 },
    Fault(Fault),
    Uncut { node: usize },
    Rejoin,
    Restart { node: usize },
    SetBack { node: usize, witness: bool },
    Freed { node: usize },
    Unblock { node: usize, feed: FeedId },
    Thaw { node: usize },
    Heal,
    LastWord { node: usize },
}

impl World {
    /// Who knows whom, who dials when, and what goes wrong.
    fn draw(shape: &Shape, dice: &mut Dice) -> Drawn {
        let mut edges = BTreeSet::from([(0, 1)]);
        for node in 2..shape.honest + shape.liars.len() {
            edges.insert((1 + dice.index(node.min(shape.honest) - 1), node)); // Who wants all hang together.
            edges.insert((dice.index(node), node));
        }
        let dials = edges.iter().map(|edge| (dice.range(0, 2_000), *edge)).collect();
        (edges, dials, faults::plan(shape, dice))
    }

    fn new(seed: u64, happens: impl Fn(usize) -> bool) -> Self {
        let net = NetId::of_name("sim");
        let mut dice = Dice::new(seed);
        let shape = Shape::draw(&mut dice);
        let mut schedule = Schedule::new();
        let lies = (0..shape.honest).map(|_| None).chain(shape.liars.iter().copied().map(Some));
        let mut nodes: Vec<Node> =
            lies.enumerate().map(|(number, lie)| Node::new(net, number as u64, lie)).collect();
        if let Some(of) = shape.twin_of {
            let twin = &mut nodes[shape.honest - 1];
            *twin = Node::new(net, of as u64, None);
            (twin.is_up, twin.is_born) = (false, false);
        }
        let wanderers = (0..shape.wanderers).map(|number| Author::new(net, 100 + number as u64)).collect();
        let (edges, dials, plan) = Self::draw(&shape, &mut dice);
        for (delay, (a, b)) in dials {
            schedule.after(delay, Event::Dial(a, b));
        }
        for (_, (when, fault)) in plan.into_iter().enumerate().filter(|(number, _)| happens(*number)) {
            schedule.at(when, Event::Fault(fault));
        }
        schedule.at(HEAL_AT, Event::Heal);
        let first = nodes[0].author.write(Vec::new(), BODY_BYTES);
        let event = first.id();
        nodes[0].known.insert(event);
        nodes[0].chain.push(first.clone());
        nodes[0].shelf.append(first);
        let mut world = Self {
            net,
            dice,
            schedule,
            shape,
            nodes,
            edges,
            split: None,
            links: BTreeMap::new(),
            link_next: 0,
            wanderers,
            truth: Truth::default(),
            event,
            cover: Coverage::default(),
            trace: Sha256::new(),
        };
        let everybody = world.everybody();
        for node in &mut world.nodes[1..] {
            node.wants.clone_from(&everybody);
        }
        world
    }

    fn everybody(&self) -> BTreeSet<FeedId> {
        self.nodes.iter().map(|node| &node.author).chain(&self.wanderers).map(Author::feed).collect()
    }

    fn live(&mut self) -> Result<(), Failure> {
        while let Some(event) = self.schedule.next(END_AT) {
            self.trace.update(self.schedule.now.to_be_bytes());
            if let Some(until) = self.paused(&event) {
                self.schedule.at(until, event);
                continue;
            }
            match event {
                Event::Dial(a, b) => self.dial(a, b)?,
                Event::Deliver { link, from } => self.deliver(link, from)?,
                Event::Room { link, side } => self.give(link, side, Input::Room)?,
                Event::Wake { link, side } => {
                    if let Some(at) = self.links.get_mut(&link) {
                        at.wake[side] = None;
                    }
                    self.give(link, side, Input::Elapsed)?;
                }
                Event::Heed { link, side } => {
                    if let Some(at) = self.links.get_mut(&link) {
                        at.heed[side].next();
                        let clock = crate::sync::Shelf::clock(&self.nodes[at.ends[side]].shelf);
                        self.give(link, side, Input::Listening(clock))?;
                    }
                }
                Event::Commit { node, life } if self.nodes[node].life == life => self.commit(node)?,
                Event::Commit { .. } => {}
                Event::Fault(fault) => self.fault(fault)?,
                Event::Uncut { node } => self.cut(node, [0, 0]),
                Event::Rejoin => {
                    self.split = None;
                    self.reroute();
                }
                Event::Restart { node } => {
                    self.nodes[node].is_up = self.nodes[node].is_born;
                    self.redial(node, 0);
                }
                Event::SetBack { node, witness } => self.set_back(node, witness),
                Event::Freed { node } => self.has_room(node),
                Event::Unblock { node, feed } => self.unblock(node, feed)?,
                Event::Thaw { node } => self.clock(node, 0, 1_000),
                Event::LastWord { node } => self.last_word(node)?,
                Event::Heal => {
                    self.meet_both_ways()?;
                    self.meet_set_back()?;
                    self.heal()?;
                }
            }
        }
        Ok(())
    }

    fn dial(&mut self, a: usize, b: usize) -> Result<(), Failure> {
        let is_linked = self.links.values().any(|link| link.ends == [a, b] && link.dead == [false; 2]);
        if is_linked || self.is_apart(a, b) || !self.nodes[a].is_up || !self.nodes[b].is_up {
            return Ok(()); // Who restarts dials again.
        }
        let is_bad = |rate: u64, world: &mut Self| world.schedule.now < HEAL_AT && world.dice.percent(rate);
        if is_bad(self.shape.refused, self) {
            self.cover.refused += 1;
            self.schedule.after(REDIAL, Event::Dial(a, b));
            return Ok(());
        }
        self.links.retain(|_, link| link.ends != [a, b]); // Half of one was left: the newer one stays.
        let feeds = [a, b].map(|node| self.nodes[node].author.feed());
        let is_slow = is_bad(self.shape.slow, self);
        let latency = if is_slow { self.dice.range(1_000, 60_000) } else { [1, 10, 150][self.dice.index(3)] };
        let is_throttled = is_bad(self.shape.throttled, self);
        let rate = if is_throttled { self.dice.range(1, 20) } else { 0 };
        self.cover.slow_links += u64::from(is_slow);
        self.cover.throttled += u64::from(is_throttled);
        let setups = self.setups([a, b], feeds);
        let now = self.schedule.now;
        let clocks = [a, b].map(|node| self.nodes[node].clock.now(now));
        let mut link = Link::new([a, b], setups, clocks, (now, latency, rate));
        link.blocked = self.blocked([a, b]);
        let id = self.link_next;
        self.link_next += 1;
        self.links.insert(id, link);
        self.cover.links += 1;
        for (side, node) in [(0, a), (1, b)] {
            self.give(id, side, Input::wants(self.nodes[node].wants()))?;
            if node == 0 {
                self.give(id, side, Input::Objects(vec![self.event]))?;
            }
        }
        Ok(())
    }

    fn deliver(&mut self, id: u64, from: usize) -> Result<(), Failure> {
        let Some(link) = self.links.get_mut(&id) else { return Ok(()) };
        if link.blocked[from] {
            link.stalled[from] += 1;
            return Ok(());
        }
        let Some(message) = link.flying[from].pop_front() else { return Ok(()) };
        if link.flying[from].is_empty() {
            let slow = self.dice.range(0, self.shape.jitter);
            self.schedule.after(slow, Event::Room { link: id, side: from });
        }
        self.give(id, 1 - from, Input::Message(message))
    }

    /// Hands an input to one side of a link, and does what follows from it.
    fn give(&mut self, id: u64, side: usize, input: Input) -> Result<(), Failure> {
        let mut todo = VecDeque::from([(id, side, input)]);
        while let Some((id, side, input)) = todo.pop_front() {
            let Some(link) = self.links.get_mut(&id).filter(|link| !link.dead[side]) else { continue };
            let number = link.ends[side];
            let node = &self.nodes[number];
            let now = node.clock.now(self.schedule.now);
            if matches!(input, Input::Room) {
                link.unsent[side] = 0;
            }
            let exchange = &mut link.exchanges[side];
            match node.lie {
                Some(lie) => exchange.handle(now, input, &Liar { shelf: &node.shelf, lie }),
                None => exchange.handle(now, input, &node.shelf),
            }
            while let Some(output) =
                self.links.get_mut(&id).and_then(|link| link.exchanges[side].poll_output())
            {
                self.act(id, side, output, &mut todo)?;
            }
            if let Some(link) = self.links.get_mut(&id)
                && let Some(at) = link.exchanges[side].poll_timeout()
                && let Some(at) = self.nodes[number].clock.when(at)
                && link.wake[side].is_none_or(|set| at < set)
            {
                link.wake[side] = Some(at);
                self.schedule.at(at, Event::Wake { link: id, side });
            }
            if let Some(link) = self.links.get(&id).filter(|_| self.nodes[number].lie.is_none()) {
                let (kept, unsent) = (link.exchanges[side].kept(), link.unsent[side]);
                if kept > KEPT_MAX || unsent > UNSENT_MAX {
                    return Err(Failure::Memory { node: number, kept, unsent });
                }
            }
        }
        Ok(())
    }

    fn act(
        &mut self,
        id: u64,
        side: usize,
        output: Output,
        todo: &mut VecDeque<(u64, usize, Input)>,
    ) -> Result<(), Failure> {
        let link = self.links.get_mut(&id).expect("its output was just polled");
        let node = link.ends[side];
        let pending = match output {
            Output::Send(bytes) => {
                self.trace.update([node as u8]);
                self.trace.update(&bytes);
                self.cover.bytes += bytes.len() as u64;
                let message = Message::decode(&bytes).expect("what an exchange sends can be read");
                let (exchange, shelf) = (&link.exchanges[side], &self.nodes[node].shelf);
                let at = |idx| exchange.serves(idx, shelf);
                let twice = link.witness.sees(side, &message, at, &mut self.cover);
                let is_honest = link.ends.iter().all(|end| self.nodes[*end].lie.is_none());
                let (made, unsent) = (bytes.len(), link.unsent[side]);
                if check::is_bulk(&message) && unsent >= BULK_UNSENT_MAX && self.nodes[node].lie.is_none() {
                    return Err(Failure::Bulk { node, made, unsent });
                }
                if let Some((idx, seq)) = twice.filter(|_| is_honest) {
                    return Err(Failure::Twice { node, idx, seq });
                }
                let said = match self.nodes[node].lie {
                    Some(lie) => lie.twist(bytes, &mut self.dice),
                    None => vec![bytes],
                };
                self.cover.twisted += u64::from(said.len() > 1);
                let is_slow = self.nodes[link.ends[1 - side]].lie == Some(Lie::Slow);
                for bytes in said {
                    let reading = if is_slow { self.dice.range(100, 10_000) } else { 0 };
                    let delay = self.dice.range(0, self.shape.jitter) + reading;
                    let due = link.due(side, self.schedule.now, delay, bytes.len());
                    self.cover.slow_readers += u64::from(is_slow);
                    link.unsent[side] += bytes.len();
                    link.flying[side].push_back(bytes);
                    self.schedule.at(due, Event::Deliver { link: id, from: side });
                }
                return Ok(());
            }
            Output::Ingest(ingest) => Pending::Ingest { link: id, side, ingest },
            Output::Fork(proof) => {
                self.cover.forks_searched += 1;
                Pending::Fork(proof)
            }
            Output::Succeeded(successor) => Pending::Succeeded { link: id, side, successor },
            Output::Branch(feed, chunks) => Pending::Branch(feed, chunks),
            Output::Bodies(feed, from, bodies) => Pending::Bodies(feed, from, bodies),
            Output::Hint(_, author, _) => {
                self.cover.hints += 1;
                if self.nodes[node].hinted.insert(author) {
                    let wants = self.nodes[node].wants();
                    todo.extend(self.sides(node).map(|(id, side)| (id, side, Input::wants(wants.clone()))));
                }
                return Ok(());
            }
            asked @ (Output::Listens { .. } | Output::ListensAbout(_)) => {
                link.heed[side].asked.push_back(asked);
                self.schedule.after(id * 13 % 47, Event::Heed { link: id, side });
                return Ok(());
            }
            Output::Close(reason) => return self.closed(id, side, reason),
            Output::CaughtUp => {
                link.caught_up[side] = true;
                self.nodes[node].is_level(id);
                return Ok(());
            }
            Output::Echo(len, id8) => {
                let peer = self.nodes[link.ends[1 - side]].author.feed();
                self.echoed(node, (id, peer), (len, id8));
                return Ok(());
            }
            Output::Holds(held) => {
                let (peer, wrote) = (
                    link.ends[1 - side],
                    self.nodes[node].shelf.entries(&self.nodes[node].author.feed()).len() as Seq,
                );
                let is_honest = self.nodes[node].lie.is_none();
                return match held > wrote && is_honest {
                    true => Err(Failure::Believed { node, peer, held, wrote }),
                    false => Ok(()),
                };
            }
            Output::Keep(_) | Output::Remember(_) if self.nodes[node].is_full => return Ok(()),
            Output::Keep(_) if link.has_lost[side] => return Ok(()),
            Output::Keep(asked) => {
                self.cover.tokens_kept += 1;
                let peer = self.nodes[self.links[&id].ends[1 - side]].author.feed();
                Pending::Keep(peer, asked) // After what came before it, as all that an owner is told.
            }
            Output::Remember(served) => {
                let peer = self.nodes[self.links[&id].ends[1 - side]].author.feed();
                self.nodes[node].shelf.met.entry(peer).or_default().served = Some(served);
                return Ok(());
            }
            _ => return Ok(()),
        };
        if self.nodes[node].pending.is_empty() {
            let life = self.nodes[node].life;
            let delay = self.dice.range(0, self.shape.commit);
            self.schedule.after(delay, Event::Commit { node, life });
        }
        self.nodes[node].pending.push(pending);
        Ok(())
    }

    fn closed(&mut self, id: u64, side: usize, reason: Reason) -> Result<(), Failure> {
        let link = self.links.remove(&id).expect("it was just closed");
        let [node, peer] = [link.ends[side], link.ends[1 - side]];
        match (reason, self.nodes[node].lie, self.nodes[peer].lie) {
            (Reason::Silent, ..) => self.cover.silences += 1,
            (Reason::Protocol(_) | Reason::Chunk(_), None, Some(_)) => {
                self.cover.liars_closed += 1;
                return Ok(()); // And not dialled again.
            }
            (reason @ (Reason::Protocol(_) | Reason::Chunk(_)), None, None) => {
                return Err(Failure::Blame { node, peer, reason });
            }
            _ => {}
        }
        let [a, b] = link.ends;
        self.schedule.after(REDIAL, Event::Dial(a, b));
        Ok(())
    }

    fn tell(&mut self, node: usize, changes: Vec<Change>) -> Result<(), Failure> {
        if changes.is_empty() {
            return Ok(());
        }
        let sides: Vec<_> = self.sides(node).collect();
        for (id, side) in sides {
            let heed = &self.links[&id].heed[side];
            let told: Vec<Change> = changes.iter().filter(|change| heed.hears(change)).cloned().collect();
            if !told.is_empty() {
                self.give(id, side, Input::Changed(told))?;
            }
        }
        Ok(())
    }

    /// The links of a node in which it takes part still, and its side of each.
    fn sides(&self, node: usize) -> impl Iterator<Item = (u64, usize)> + use<'_> {
        self.links.iter().filter_map(move |(id, link)| {
            let side = link.ends.iter().position(|end| *end == node)?;
            (!link.dead[side]).then_some((*id, side))
        })
    }
}
