//! Requests under way, and the feeds that wait for a place among them.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::Seq;

use super::super::Class;
use super::super::succession::Branch;

/// Most requests that may bring much of which one side may have no answer yet.
pub const REQUESTS_MAX: usize = 16;
/// ... and most in all: one for few entries costs a place on both sides and little else.
pub const ALL_REQUESTS_MAX: usize = 256;

/// A request under way.
#[derive(Debug)]
pub(in crate::sync) enum Task {
    /// Chunks, of which the next starts here.
    Entries { next: Seq, to: Seq, size: Size },
    /// Bodies.
    Bodies { from: Seq, to: Seq },
    /// Ids: the chains agree at `lo` and differ at `hi`.
    Ids { lo: Seq, hi: Seq, seqs: Vec<Seq> },
    /// The peer's branch from the first entry that differs.
    Segment { at: Seq },
    /// The chain that the feed's successor keeps.
    Branch(Branch),
}

/// How much a request may bring.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::sync) enum Size {
    Small = 0,
    Large = 1,
    /// A chain that is kept in memory until all of it has come.
    Whole = 2,
}

impl Task {
    const fn size(&self) -> Size {
        match self {
            Self::Entries { size, .. } => *size,
            Self::Bodies { .. } | Self::Ids { .. } | Self::Segment { .. } => Size::Large,
            Self::Branch(_) => Size::Whole,
        }
    }
}

/// At most one request a feed.
#[derive(Debug)]
pub(in crate::sync) struct Requests {
    tasks: BTreeMap<u32, Task>,
    /// How many there are of each size.
    counts: [usize; 3],
    waiting: [BTreeSet<(Class, u32)>; 3],
}

impl Requests {
    pub(super) const fn new() -> Self {
        Self { tasks: BTreeMap::new(), counts: [0; 3], waiting: [const { BTreeSet::new() }; 3] }
    }

    /// Whether nothing is under way and nothing waits.
    pub(super) fn is_idle(&self) -> bool {
        self.tasks.is_empty() && self.waiting.iter().all(BTreeSet::is_empty)
    }

    /// Requests and feeds that wait, counted together.
    #[cfg(feature = "sim")]
    pub(super) fn kept(&self) -> usize {
        self.tasks.len() + self.waiting.iter().map(BTreeSet::len).sum::<usize>()
    }

    /// Whether one more of that size would be too many.
    pub(in crate::sync) fn is_full(&self, size: Size) -> bool {
        let [_, large, whole] = self.counts;
        self.tasks.len() >= ALL_REQUESTS_MAX
            || (size >= Size::Large && large + whole >= REQUESTS_MAX)
            || (size == Size::Whole && whole > 0)
    }

    pub(in crate::sync) fn is_active(&self, idx: u32) -> bool {
        self.tasks.contains_key(&idx)
    }

    pub(in crate::sync) fn get(&self, idx: u32) -> Option<&Task> {
        self.tasks.get(&idx)
    }

    pub(super) fn get_mut(&mut self, idx: u32) -> Option<&mut Task> {
        self.tasks.get_mut(&idx)
    }

    pub(in crate::sync) fn insert(&mut self, idx: u32, task: Task) {
        self.counts[task.size() as usize] += 1;
        if let Some(before) = self.tasks.insert(idx, task) {
            self.counts[before.size() as usize] -= 1;
        }
    }

    pub(in crate::sync) fn remove(&mut self, idx: u32) -> Option<Task> {
        let task = self.tasks.remove(&idx)?;
        self.counts[task.size() as usize] -= 1;
        Some(task)
    }

    /// A feed waits for a place.
    pub(super) fn wait(&mut self, size: Size, class: Class, idx: u32) {
        self.waiting[size as usize].insert((class, idx));
    }

    pub(super) fn wait_no_more(&mut self, class: Class, idx: u32) {
        for waiting in &mut self.waiting {
            waiting.remove(&(class, idx));
        }
    }

    /// A feed that may wait is of another class now.
    pub(super) fn classify(&mut self, before: Class, class: Class, idx: u32) {
        for waiting in &mut self.waiting {
            if waiting.remove(&(before, idx)) {
                waiting.insert((class, idx));
            }
        }
    }

    /// The most urgent feed that waits and for which there is a place; it waits no more.
    pub(super) fn next(&mut self) -> Option<u32> {
        let first = |size: Size| {
            let (class, idx) = *self.waiting[size as usize].first().filter(|_| !self.is_full(size))?;
            Some((class, idx, size))
        };
        let (class, idx, size) =
            [Size::Small, Size::Large, Size::Whole].into_iter().filter_map(first).min()?;
        self.waiting[size as usize].remove(&(class, idx));
        Some(idx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_size_has_its_places_and_who_waits_gets_the_one_that_fits() {
        let mut requests = Requests::new();
        let small = || Task::Entries { next: 1, to: 1, size: Size::Small };
        (0..15).for_each(|idx| requests.insert(idx, Task::Segment { at: 1 }));
        assert!(!requests.is_full(Size::Large));
        requests.insert(15, Task::Entries { next: 1, to: 100, size: Size::Large });
        assert!(requests.is_full(Size::Large) && !requests.is_full(Size::Small));
        requests.wait(Size::Large, Class::default(), 1_000);
        assert_eq!(requests.next(), None);
        requests.wait(Size::Small, Class::default(), 1_001);
        assert_eq!(requests.next(), Some(1_001));
        (16..256).for_each(|idx| requests.insert(idx, small()));
        assert!(requests.is_full(Size::Small));
        requests.insert(15, small()); // What was large there is so no more.
        assert_eq!(requests.next(), None, "all places are taken");
        drop(requests.remove(15));
        assert_eq!(requests.next(), Some(1_000));
        assert!(!requests.is_full(Size::Large));
    }

    #[test]
    fn who_waits_is_asked_for_by_class_whatever_the_size() {
        use Class::{Followed, Known, Soon, Trial};
        let mut requests = Requests::new();
        let order = [
            (Size::Small, Soon, 7),
            (Size::Large, Soon, 1),
            (Size::Large, Soon, 6),
            (Size::Small, Followed, 5),
            (Size::Large, Followed, 0),
            (Size::Large, Known, 3),
            (Size::Small, Trial, 2),
        ];
        for (size, class, idx) in [3, 6, 0, 5, 2, 4, 1].map(|at| order[at]) {
            requests.wait(size, class, idx);
        }
        requests.wait(Size::Small, Trial, 4);
        requests.classify(Trial, Soon, 4); // Its author is a host now.
        let asked: Vec<_> = std::iter::from_fn(|| requests.next()).collect();
        assert_eq!(asked, [1, 4, 6, 7, 0, 5, 3, 2]);
    }

    #[test]
    fn of_what_is_kept_in_memory_one_is_under_way() {
        let mut requests = Requests::new();
        requests.insert(0, Task::Branch(Branch::new(1, 9)));
        assert!(requests.is_full(Size::Whole) && !requests.is_full(Size::Large));
        requests.wait(Size::Whole, Class::default(), 1);
        assert_eq!(requests.next(), None);
        (2..17).for_each(|idx| requests.insert(idx, Task::Segment { at: 1 }));
        assert!(requests.is_full(Size::Large), "it is a large one as well");
        drop(requests.remove(0));
        assert_eq!(requests.next(), Some(1));
    }
}
