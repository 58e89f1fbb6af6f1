//! What goes wrong in a world, drawn from its seed: each kind of fault has its own rate ("swarm").

use super::liar::Lie;
use super::network::Dice;
use crate::sync::Millis;

/// When faults end and everything heals.
pub const HEAL_AT: Millis = 120_000;
/// When everybody has to agree.
pub const END_AT: Millis = 240_000;

/// How long what comes almost at once takes.
const BURST: Millis = 4_000;

/// The shape of a world.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Nodes that follow the protocol; node 0 follows nobody and learns of others by hints.
    pub(super) honest: usize,
    /// The last of them is a second copy of this one.
    pub(super) twin_of: Option<usize>,
    /// Nodes that do not.
    pub(super) liars: Vec<Lie>,
    /// Which of the honest ones are pubs, a bit a node: they ask less of those who are none.
    pubs: u32,
    /// Authors that keep no node: their branches are brought in by hand.
    pub(super) wanderers: usize,
    /// Longest delay of a message beyond its link's.
    pub(super) jitter: Millis,
    /// Longest time from a chunk's arrival to its commit.
    pub(super) commit: Millis,
    /// Of a hundred connections, how many are slow: a second to a minute a message.
    pub(super) slow: u64,
    /// ... and how many let a few kilobytes a second through.
    pub(super) throttled: u64,
    /// Of a hundred attempts to connect, how many are refused.
    pub(super) refused: u64,
    /// Size of most bodies.
    pub(super) body: usize,
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
            Lie::Slow,
            Lie::Flood,
            Lie::Echo,
        ];
        let liars = if dice.percent(40) { dice.range(1, 2) } else { 0 };
        let base = dice.range(3, 6) as usize;
        let twin_of = dice.percent(20).then(|| 1 + dice.index(base - 1));
        let honest = base + usize::from(twin_of.is_some());
        Self {
            honest,
            twin_of,
            pubs: if dice.percent(50) { dice.range(1, (1 << honest) - 1) as u32 } else { 0 },
            liars: (0..liars).map(|_| lies[dice.index(lies.len())]).collect(),
            wanderers: dice.range(0, 2) as usize,
            jitter: [0, 20, 400][dice.index(3)],
            commit: [1, 30, 2_000][dice.index(3)],
            slow: [0, 0, 30][dice.index(3)],
            throttled: [0, 0, 40][dice.index(3)],
            refused: [0, 10, 60][dice.index(3)],
            body: if dice.percent(8) { 12_000 } else { 40 },
        }
    }

    /// Whether this is a pub.
    pub(super) fn is_pub(&self, node: usize) -> bool {
        self.pubs >> node & 1 == 1
    }

    /// How many are no second copy of another.
    pub(super) fn people(&self) -> usize {
        self.honest - usize::from(self.twin_of.is_some())
    }
}

impl Split {
    /// Whether it stands between these two.
    pub(super) fn parts(self, ends: [usize; 2]) -> bool {
        let [a, b] = ends.map(|node| self.side >> node & 1);
        a != b && !ends.iter().any(|node| self.bridge == Some(*node))
    }
}

/// One thing that happens to a world.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// A node's author writes so many entries.
    Write { node: usize, count: u64 },
    /// A connection breaks at some byte: what lies before it has come, the rest is lost.
    Reset,
    /// Nothing gets through from a node, or (`both`) to it either, until the time is over.
    Cut { node: usize, both: bool, lasts: Millis },
    /// The network falls in two until the time is over.
    Split { split: Split, lasts: Millis },
    /// A node stands still, its clock running on: a laptop that was closed.
    Pause { node: usize, lasts: Millis },
    /// A node dies, and with it what it has not committed. Where it is `quiet`, others do not see it go.
    Crash { node: usize, down: Millis, quiet: bool },
    /// A node dies between its next commit and the word of it.
    CrashAtCommit { node: usize },
    /// A node wants other feeds for a while.
    Rewant { node: usize },
    /// A node will have nothing to do with another for a while.
    Block { node: usize, other: usize, lasts: Millis },
    /// A wanderer brings a branch of their log to a node: not to node 0, which may not want it, and then
    /// never compares it with what others hold.
    Bring { author: usize, node: usize },
    /// Somebody goes on after one of a wanderer's branches, of which a node holds all; or, where it is `unheard`, after
    /// an entry that nobody has.
    Succeed { author: usize, node: usize, unheard: bool },
    /// A node loses what it remembers of its lists of wants, or of the others' lists.
    Forget { node: usize, own: bool },
    /// A node loses the bodies it may lose.
    DropBodies { node: usize },
    /// A disk is full for a while: nothing is kept.
    Full { node: usize, lasts: Millis },
    /// After this long a node is set back to what it held at the start of this. With a `witness` it knows.
    Restore { node: usize, after: Millis, witness: bool },
    /// The second copy of a node begins, with all that the first holds now.
    Twin,
    /// A node's calendar shows this from here on; its clock jumps ahead, and keeps another pace.
    Clock { node: usize, wall: u64, ahead: Millis, permille: u64 },
    /// A node's clock stands still for a while, and the node does not.
    Freeze { node: usize, lasts: Millis },
}

/// All that is going to happen, with the times at which it does.
pub(super) fn plan(shape: &Shape, dice: &mut Dice) -> Vec<(Millis, Fault)> {
    let mut faults = Vec::new();
    let nodes = shape.honest;
    let rates: Vec<u64> = (0..16).map(|_| [0, 1, 4][dice.index(3)]).collect();
    let mut add = |count: u64, dice: &mut Dice, draw: &mut dyn FnMut(&mut Dice) -> Fault| {
        for _ in 0..count {
            let fault = draw(dice);
            faults.push((dice.range(1, HEAL_AT - 1), fault));
        }
    };
    let long = |dice: &mut Dice| dice.range(100, 110_000);
    let writes = dice.range(5, 20);
    add(writes, dice, &mut |dice| Fault::Write { node: dice.index(nodes), count: dice.range(1, 4) });
    add(rates[0], dice, &mut |_| Fault::Reset);
    add(rates[1], dice, &mut |dice| {
        let (node, both) = (dice.index(nodes), dice.percent(50));
        Fault::Cut { node, both, lasts: long(dice) }
    });
    add(rates[2], dice, &mut |dice| Fault::Crash {
        node: dice.index(nodes),
        down: dice.range(10, 8_000),
        quiet: dice.percent(40),
    });
    add(rates[3], dice, &mut |dice| Fault::Rewant { node: dice.index(nodes) });
    for author in 0..shape.wanderers {
        add(dice.range(1, 3), dice, &mut |dice| Fault::Bring { author, node: 1 + dice.index(nodes - 1) });
    }
    add(rates[14], dice, &mut |dice| Fault::Forget { node: dice.index(nodes), own: dice.percent(50) });
    add(rates[5], dice, &mut |dice| Fault::DropBodies { node: dice.index(nodes) });
    add(rates[7], dice, &mut |dice| {
        let side = dice.range(1, (1 << nodes) - 2) as u32;
        let bridge = dice.percent(40).then(|| dice.index(nodes));
        Fault::Split { split: Split { side, bridge }, lasts: long(dice) }
    });
    add(rates[8], dice, &mut |dice| Fault::Pause { node: dice.index(nodes), lasts: long(dice) });
    add(rates[9], dice, &mut |dice| Fault::CrashAtCommit { node: dice.index(nodes) });
    add(rates[10], dice, &mut |dice| Fault::Block {
        node: dice.index(nodes),
        other: dice.index(nodes),
        lasts: dice.range(1_000, 40_000),
    });
    add(rates[11], dice, &mut |dice| Fault::Full { node: dice.index(nodes), lasts: dice.range(100, 40_000) });
    add(rates[12], dice, &mut |dice| Fault::Freeze { node: dice.index(nodes), lasts: long(dice) });
    let centuries = 400 * 365 * 86_400_000;
    add(rates[13], dice, &mut |dice| Fault::Clock {
        node: dice.index(nodes),
        wall: dice.range(0, centuries),
        ahead: if dice.percent(50) { dice.range(0, 200_000) } else { 0 },
        permille: [500, 900, 1_000, 1_100, 2_000][dice.index(5)],
    });
    let restores = u64::from(rates[6] == 4);
    add(restores, dice, &mut |dice| Fault::Restore {
        node: dice.index(shape.people()),
        after: dice.range(1_000, 60_000),
        witness: dice.percent(50),
    });
    add(u64::from(shape.twin_of.is_some()), dice, &mut |_| Fault::Twin);
    // Branches that come almost at once: what is told of one meets what was sent of another.
    for author in (0..shape.wanderers).filter(|_| rates[15] > 0) {
        let begins = dice.range(1, HEAL_AT - BURST - 1);
        for _ in 0..2 * rates[15] {
            let when = begins + dice.range(0, BURST);
            faults.push((when, Fault::Bring { author, node: 1 + dice.index(nodes - 1) }));
        }
    }
    for author in 0..shape.wanderers {
        for _ in 0..rates[4] {
            let (when, node) = (dice.range(1, HEAL_AT - 1), 1 + dice.index(nodes - 1));
            faults.push((when, Fault::Succeed { author, node, unheard: dice.percent(20) }));
        }
    }
    faults
}
