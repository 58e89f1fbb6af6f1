//! Whose turn it is: what is short or new goes before the rest of what is long, and never keeps it out.

use std::collections::{BTreeSet, VecDeque};

/// Of what is short or new, and of the rest of what is long: how many turns before the other has one.
const URGENT_TURNS: u8 = 4;

/// Where a feed waits for its turn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Turn {
    Urgent = 0,
    Bulk = 1,
}

/// Places with something due, each once in both queues.
#[derive(Debug)]
pub(super) struct Turns {
    queues: [VecDeque<u32>; 2],
    urgent_run: u8,
    queued: BTreeSet<u32>,
}

impl Turns {
    pub(super) const fn new() -> Self {
        Self { queues: [VecDeque::new(), VecDeque::new()], urgent_run: 0, queued: BTreeSet::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queued.is_empty()
    }

    #[cfg(feature = "sim")]
    pub(super) fn len(&self) -> usize {
        self.queued.len()
    }

    pub(super) fn contains(&self, idx: u32) -> bool {
        self.queued.contains(&idx)
    }

    /// Something is due at a place.
    pub(super) fn queue(&mut self, idx: u32, turn: Turn) {
        if self.queued.insert(idx) {
            self.queues[turn as usize].push_back(idx);
        }
    }

    /// The next place whose turn it is, of those that may have one.
    pub(super) fn next(&mut self, may: impl Fn(u32) -> bool) -> Option<u32> {
        let [urgent, bulk] = &mut self.queues;
        let prefer_bulk = self.urgent_run >= URGENT_TURNS && !bulk.is_empty();
        let order = if prefer_bulk { [bulk, urgent] } else { [urgent, bulk] };
        for queue in order {
            let at = queue.iter().position(|idx| may(*idx));
            if let Some(idx) = at.and_then(|at| queue.remove(at)) {
                self.urgent_run = if prefer_bulk { 0 } else { self.urgent_run.saturating_add(1) };
                self.queued.remove(&idx);
                if queue.is_empty() {
                    *queue = VecDeque::new(); // A pub holds thousands of idle exchanges.
                }
                return Some(idx);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(turns: &mut Turns) -> Vec<u32> {
        std::iter::from_fn(|| turns.next(|_| true)).collect()
    }

    #[test]
    fn four_turns_of_what_is_short_or_new_go_before_each_of_the_rest() {
        let mut turns = Turns::new();
        (100..103).for_each(|idx| turns.queue(idx, Turn::Bulk));
        (0..10).for_each(|idx| turns.queue(idx, Turn::Urgent));
        turns.queue(3, Turn::Bulk); // It waits already.
        assert_eq!(order(&mut turns), [0, 1, 2, 3, 100, 4, 5, 6, 7, 101, 8, 9, 102]);
        assert!(turns.is_empty());
    }

    #[test]
    fn who_may_have_no_turn_keeps_nobody_waiting_and_has_its_own_later() {
        let mut turns = Turns::new();
        (0..3).for_each(|idx| turns.queue(idx, Turn::Urgent));
        turns.queue(9, Turn::Bulk);
        assert_eq!(turns.next(|idx| idx == 9), Some(9));
        assert_eq!(turns.next(|idx| idx == 2), Some(2));
        assert_eq!(turns.next(|_| false), None);
        assert_eq!(order(&mut turns), [0, 1]);
    }
}
