//! Time, chance and links: messages arrive in order or not at all, after a delay, unless a way is blocked.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::check::Witness;
use crate::sync::{Exchange, Millis, Setup};

/// The one source of chance in a world.
#[derive(Debug)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// From `low` to `high`, both included.
    pub(super) fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.next_u64() % (high - low + 1)
    }

    pub(super) fn index(&mut self, len: usize) -> usize {
        self.range(0, len as u64 - 1) as usize
    }

    pub(super) fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.range(1, 100) <= chance
    }
}

/// What is going to happen, in order of time, then of planning.
#[derive(Debug)]
pub(super) struct Schedule<T> {
    /// The time now.
    pub(super) now: Millis,
    events: BTreeMap<(Millis, u64), T>,
    planned: u64,
}

impl<T> Schedule<T> {
    pub(super) fn new() -> Self {
        Self { now: 0, events: BTreeMap::new(), planned: 0 }
    }

    pub(super) fn at(&mut self, when: Millis, event: T) {
        self.planned += 1;
        self.events.insert((when.max(self.now), self.planned), event);
    }

    pub(super) fn after(&mut self, delay: Millis, event: T) {
        self.at(self.now + delay, event);
    }

    /// The next event that happens by `end`; time moves there.
    pub(super) fn next(&mut self, end: Millis) -> Option<T> {
        let entry = self.events.first_entry()?;
        if entry.key().0 > end {
            return None;
        }
        self.now = entry.key().0;
        Some(entry.remove())
    }
}

/// One connection between two nodes. Its ends are sides 0 and 1.
#[derive(Debug)]
pub(super) struct Link {
    /// The nodes at its ends.
    pub(super) ends: [usize; 2],
    /// Their exchanges.
    pub(super) exchanges: [Exchange; 2],
    /// What each side has sent and the other has not got, in order.
    pub(super) flying: [std::collections::VecDeque<Vec<u8>>; 2],
    /// Deliveries that fell due while the way from that side was blocked.
    pub(super) stalled: [usize; 2],
    /// Whether nothing gets through from that side.
    pub(super) blocked: [bool; 2],
    /// When the last message from that side arrives: none overtakes it.
    pub(super) last_due: [Millis; 2],
    /// For when each exchange asked to be woken.
    pub(super) wake: [Option<Millis>; 2],
    /// Milliseconds a message takes, at least.
    pub(super) latency: Millis,
    /// Watches what is sent.
    pub(super) witness: Witness,
}

impl Link {
    pub(super) fn new(ends: [usize; 2], setups: [Setup; 2], now: Millis, latency: Millis) -> Self {
        Self {
            ends,
            exchanges: setups.map(|setup| Exchange::new(setup, now)),
            flying: Default::default(),
            stalled: [0; 2],
            blocked: [false; 2],
            last_due: [now; 2],
            wake: [None; 2],
            latency,
            witness: Witness::default(),
        }
    }

    /// When a message that side `from` sends now arrives.
    pub(super) fn due(&mut self, from: usize, now: Millis, jitter: Millis) -> Millis {
        let due = (now + self.latency + jitter).max(self.last_due[from]);
        self.last_due[from] = due;
        due
    }
}
