//! Time, chance and links: messages arrive in order or not at all, after a delay, unless a way is blocked.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::check::Witness;
use super::heed::Heed;
use crate::sync::{Exchange, Millis, Setup};

/// The one source of chance in a world.
#[derive(Clone, Debug)]
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

/// A node's own clock: it starts anywhere, runs fast or slow, jumps ahead, and may stand still.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    at: Millis,
    shows: Millis,
    permille: u64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { at: 0, shows: 0, permille: 1_000 }
    }
}

impl Clock {
    /// What it shows.
    pub(super) fn now(&self, now: Millis) -> Millis {
        self.shows + (now - self.at) * self.permille / 1_000
    }

    /// When it will show this; never, while it stands still.
    pub(super) fn when(&self, shows: Millis) -> Option<Millis> {
        let to_come = shows.saturating_sub(self.shows);
        (self.permille > 0).then(|| self.at + (to_come * 1_000).div_ceil(self.permille))
    }

    /// From now on it runs at this pace, and that much ahead.
    pub(super) fn set(&mut self, now: Millis, ahead: Millis, permille: u64) {
        *self = Self { at: now, shows: self.now(now) + ahead, permille };
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
    /// Bytes that pass in a millisecond; 0 = any number.
    pub(super) rate: u64,
    /// Bytes that each side has sent since all it had sent before had left.
    pub(super) unsent: [usize; 2],
    /// Ends that are gone without a word: what is sent to them vanishes.
    pub(super) dead: [bool; 2],
    /// Whether each side has said that it is caught up.
    pub(super) caught_up: [bool; 2],
    /// What it was told could not be written, on each side.
    pub(super) has_lost: [bool; 2],
    /// What each exchange is told of commits.
    pub(super) heed: [Heed; 2],
    /// Watches what is sent.
    pub(super) witness: Witness,
}

impl Link {
    pub(super) fn new(
        ends: [usize; 2],
        setups: [Setup; 2],
        clocks: [Millis; 2],
        (now, latency, rate): (Millis, Millis, u64),
    ) -> Self {
        let heed = [0, 1]
            .map(|side: usize| Heed::new(!setups[side].is_narrow, [setups[side].me, setups[side].peer]));
        let [a, b] = setups;
        Self {
            ends,
            heed,
            exchanges: [Exchange::new(a, clocks[0]), Exchange::new(b, clocks[1])],
            flying: Default::default(),
            stalled: [0; 2],
            blocked: [false; 2],
            last_due: [now; 2],
            wake: [None; 2],
            latency,
            rate,
            unsent: [0; 2],
            dead: [false; 2],
            caught_up: [false; 2],
            has_lost: [false; 2],
            witness: Witness::default(),
        }
    }

    /// When a message of so many bytes that side `from` sends now arrives.
    pub(super) fn due(&mut self, from: usize, now: Millis, jitter: Millis, bytes: usize) -> Millis {
        let takes = (bytes as u64).checked_div(self.rate).unwrap_or(0);
        let due = (now + self.latency + jitter).max(self.last_due[from]) + takes;
        self.last_due[from] = due;
        due
    }
}
