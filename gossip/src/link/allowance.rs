//! How much of a node's time one peer may take by talking. Source: spec/gossip.md, "connections".

use crate::sync::Millis;
use crate::sync::message::number::{BODIES, CHUNK, PUSH};

/// What a peer may spend at once, after it has been quiet.
const MAX: i64 = 32_768;
/// What it gets back in a millisecond.
const PER_MILLI: i64 = 8;
/// What a spent allowance must be again before anything more is taken in, so that it is looked at seldom.
const AGAIN: i64 = 256;
/// Bytes of a message that cost as much as a frame.
const BYTES_PER_UNIT: usize = 256;

/// Units left: a frame costs one, and so do 256 bytes, begun, of a message that brings no entries.
/// Entries are free, since only those that were asked for come without ending the connection.
#[derive(Debug)]
pub(super) struct Allowance {
    left: i64,
    at: Millis,
    is_spent: bool,
}

impl Allowance {
    pub(super) const fn new(now: Millis) -> Self {
        Self { left: MAX, at: now, is_spent: false }
    }

    /// So many frames came.
    pub(super) fn frames(&mut self, count: usize) {
        self.spend(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// A message is handled.
    pub(super) fn message(&mut self, bytes: &[u8]) {
        // The number follows the array's head; those of entries take one byte.
        if !bytes.get(1).is_some_and(|number| [CHUNK, BODIES, PUSH].contains(number)) {
            self.spend(i64::try_from(bytes.len().div_ceil(BYTES_PER_UNIT)).unwrap_or(i64::MAX));
        }
    }

    fn spend(&mut self, units: i64) {
        self.left = self.left.saturating_sub(units);
        self.is_spent |= self.left <= 0;
    }

    /// When more may be taken in, if that is not now.
    pub(super) fn again_at(&mut self, now: Millis) -> Option<Millis> {
        let gained = i64::try_from(now.saturating_sub(self.at)).unwrap_or(i64::MAX).saturating_mul(PER_MILLI);
        self.left = self.left.saturating_add(gained).min(MAX);
        self.at = now;
        self.is_spent &= self.left < AGAIN;
        let lacks = u64::try_from(AGAIN.saturating_sub(self.left)).unwrap_or(0);
        self.is_spent.then(|| now.saturating_add(lacks.div_ceil(PER_MILLI as u64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_comes_back_and_never_more_than_there_was() {
        let mut allowance = Allowance::new(0);
        allowance.frames(32_767);
        assert_eq!(allowance.again_at(0), None, "one is left");
        allowance.frames(1);
        assert_eq!(allowance.again_at(0), Some(32));
        assert_eq!(allowance.again_at(31), Some(32));
        assert_eq!(allowance.again_at(32), None);
        assert_eq!(allowance.again_at(1_000_000), None);
        allowance.frames(32_768);
        assert_eq!(allowance.again_at(1_000_000), Some(1_000_032), "a long silence saves no more up");
    }

    #[test]
    fn entries_are_free_and_all_else_costs_by_its_length() {
        let mut allowance = Allowance::new(0);
        for number in [CHUNK, BODIES, PUSH] {
            allowance.message(&[&[0x84, number][..], &[0; 1_000_000]].concat());
        }
        allowance.message(&[0x81, 0x18, 29]);
        allowance.message(&[&[0x85, 2][..], &[0; 255]].concat());
        assert_eq!(allowance.left, MAX - 1 - 2);
        allowance.message(&[]);
        assert_eq!(allowance.left, MAX - 3);
    }
}
