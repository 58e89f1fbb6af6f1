//! What the owner of the log tells a connection, until the connection takes it.
//!
//! Not a queue of messages: changes of the log are merged by feed, and of two want lists only the later one
//! waits. [`Input::Listening`], which says that changes were told, never overtakes them. So a connection that does not
//! get to listen costs its owner a mark a feed, however much happens meanwhile, and the owner never waits. An idle one
//! holds no memory but the lock.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::poll_fn;
use std::mem::discriminant;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use klatch_feed::{EntryId, FeedId};

use crate::sync::{Change, Input};

/// The owner's end. Dropping it closes the connection.
#[derive(Debug)]
pub struct Teller(Arc<Shared>);

/// For who answers what the connection asked: does not keep it open.
#[derive(Clone, Debug)]
pub struct Answerer(Arc<Shared>);

/// The connection's end.
#[derive(Debug)]
pub struct Orders(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    changed: Changed,
    others: VecDeque<Input>,
    /// One of the two ends is gone.
    is_closed: bool,
    listener: Option<Waker>,
}

/// Changes by feed: one a feed, however many there are.
#[derive(Debug, Default)]
pub(super) struct Changed(BTreeMap<FeedId, Change>);

impl Changed {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what changed since.
    pub(super) fn merge(&mut self, changes: Vec<Change>) {
        for change in changes {
            match self.0.entry(change.feed) {
                Entry::Vacant(free) => drop(free.insert(change)),
                Entry::Occupied(mut held) => join(held.get_mut(), change),
            }
        }
    }

    /// All of it as one input; nothing is left.
    pub(super) fn take(&mut self) -> Input {
        Input::Changed(std::mem::take(&mut self.0).into_values().collect())
    }
}

/// Makes one change of two.
fn join(held: &mut Change, later: Change) {
    held.before = held.before.filter(|_| later.before.is_some());
    held.clock.1 = held.clock.1.max(later.clock.1);
    let known: BTreeSet<EntryId> = held.objects.iter().map(|(object, _)| *object).collect();
    held.objects.extend(later.objects.into_iter().filter(|(object, _)| !known.contains(object)));
}

/// Both ends.
pub fn orders() -> (Teller, Orders) {
    let shared = Arc::<Shared>::default();
    (Teller(Arc::clone(&shared)), Orders(shared))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner) // Each change of it is whole.
    }

    fn tell(&self, input: Input) {
        let mut waiting = self.lock();
        if waiting.is_closed {
            return;
        }
        match input {
            Input::Changed(changes) => waiting.changed.merge(changes),
            whole @ (Input::Wants(_) | Input::Objects(_)) => {
                waiting.others.retain(|older| discriminant(older) != discriminant(&whole));
                waiting.others.push_back(whole);
            }
            other => waiting.others.push_back(other),
        }
        let listener = waiting.listener.take();
        drop(waiting);
        listener.into_iter().for_each(Waker::wake);
    }

    /// Takes nothing more; what waits still waits.
    fn close(&self) {
        let mut waiting = self.lock();
        waiting.is_closed = true;
        let listener = waiting.listener.take();
        drop(waiting);
        listener.into_iter().for_each(Waker::wake);
    }
}

impl Teller {
    /// Tells the connection something; one that has ended hears nothing any more.
    pub fn tell(&self, input: Input) {
        self.0.tell(input);
    }

    /// A second end, for answers.
    pub fn answerer(&self) -> Answerer {
        Answerer(Arc::clone(&self.0))
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Answerer {
    /// As [`Teller::tell`].
    pub fn tell(&self, input: Input) {
        self.0.tell(input);
    }
}

impl Orders {
    /// What waits, if anything: changes as one, and as late as may be.
    pub(super) fn try_next(&mut self) -> Option<Input> {
        self.0.lock().next()
    }

    /// The next thing told; `None` once the owner let go and all of it is taken. Nothing is lost where the future is dropped.
    pub(super) async fn next(&mut self) -> Option<Input> {
        poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&mut self, context: &Context<'_>) -> Poll<Option<Input>> {
        let mut waiting = self.0.lock();
        if let Some(input) = waiting.next() {
            return Poll::Ready(Some(input));
        }
        if waiting.is_closed {
            return Poll::Ready(None);
        }
        let listener = context.waker();
        if !waiting.listener.as_ref().is_some_and(|known| known.will_wake(listener)) {
            waiting.listener = Some(listener.clone());
        }
        Poll::Pending
    }
}

impl Drop for Orders {
    fn drop(&mut self) {
        *self.0.lock() = Waiting { is_closed: true, ..Waiting::default() };
    }
}

impl Waiting {
    fn next(&mut self) -> Option<Input> {
        let is_told = !matches!(self.others.front(), Some(Input::Listening(_))) || self.changed.is_empty();
        let next = is_told.then(|| self.others.pop_front()).flatten();
        if self.others.is_empty() {
            self.others = VecDeque::new(); // A pub holds thousands of idle links.
        }
        next.or_else(|| (!self.changed.is_empty()).then(|| self.changed.take()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: FeedId = FeedId::new([1; 32]);
    const BEN: FeedId = FeedId::new([2; 32]);

    fn change(feed: FeedId, object: u8, clock: u64) -> Input {
        let (before, objects) = (Some((7, None)), vec![(EntryId::new([object; 32]), 8)]);
        Input::Changed(vec![Change { feed, before, clock: (clock, clock), objects }])
    }

    #[test]
    fn a_thousand_changes_of_two_feeds_wait_as_two() {
        let (teller, mut orders) = orders();
        for n in 0..500 {
            teller.tell(change(ANA, 1, 2 * n));
            teller.tell(change(BEN, 2, 2 * n + 1));
        }
        teller.tell(change(BEN, 3, 1_000));
        let Some(Input::Changed(changes)) = orders.try_next() else { panic!("nothing changed") };
        let seen: Vec<_> = changes.iter().map(|c| (c.feed, c.clock, c.objects.len())).collect();
        assert_eq!(seen, [(ANA, (0, 998), 1), (BEN, (1, 1_000), 2)]);
        assert!(orders.try_next().is_none());
    }

    #[test]
    fn only_the_last_of_several_want_lists_waits_and_all_else_keeps_its_order() {
        let (teller, mut orders) = orders();
        for n in 0..9 {
            teller.tell(Input::wants((0..n).map(|n| FeedId::new([n as u8; 32]))));
            teller.tell(Input::Objects(vec![EntryId::new([1; 32]); n]));
        }
        teller.tell(Input::Redeem([1; 16]));
        teller.answerer().tell(Input::Redeem([2; 16]));
        assert!(matches!(orders.try_next(), Some(Input::Wants(interest)) if interest.feeds.len() == 8));
        assert!(matches!(orders.try_next(), Some(Input::Objects(objects)) if objects.len() == 8));
        assert!(matches!(orders.try_next(), Some(Input::Redeem(secret)) if secret == [1; 16]));
        assert!(matches!(orders.try_next(), Some(Input::Redeem(secret)) if secret == [2; 16]));
        assert!(orders.try_next().is_none());
    }

    #[test]
    fn that_a_feed_became_another_chain_is_not_lost_between_other_changes() {
        let (teller, mut orders) = orders();
        teller.tell(change(ANA, 1, 4));
        let other = Change { feed: ANA, before: None, clock: (5, 5), objects: Vec::new() };
        teller.tell(Input::Changed(vec![other]));
        teller.tell(change(ANA, 1, 6));
        let Some(Input::Changed(changes)) = orders.try_next() else { panic!("nothing changed") };
        let seen: Vec<_> = changes.iter().map(|change| (change.before, change.clock)).collect();
        assert_eq!(seen, [(None, (4, 6))]);
    }

    #[test]
    fn that_changes_were_told_is_said_after_them() {
        let (teller, mut orders) = orders();
        teller.tell(change(ANA, 1, 4));
        teller.tell(Input::Redeem([1; 16]));
        teller.tell(Input::Listening(4));
        teller.tell(change(BEN, 1, 5));
        assert!(matches!(orders.try_next(), Some(Input::Redeem(_))));
        assert!(matches!(orders.try_next(), Some(Input::Changed(changes)) if changes.len() == 2));
        assert!(matches!(orders.try_next(), Some(Input::Listening(4))));
        assert!(orders.try_next().is_none());
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_a_word_and_by_the_end() {
        let (teller, mut orders) = orders();
        let answerer = teller.answerer();
        let listening = tokio::spawn(async move {
            let first = orders.next().await;
            (first, orders.next().await)
        });
        tokio::task::yield_now().await; // It waits now.
        answerer.tell(change(ANA, 1, 1));
        tokio::task::yield_now().await; // It waits again.
        drop(teller); // The answerer alone does not keep it open.
        let (first, second) = listening.await.unwrap();
        assert!(matches!(first, Some(Input::Changed(_))) && second.is_none());
    }

    #[tokio::test]
    async fn what_was_said_before_the_end_is_heard() {
        let (teller, mut orders) = orders();
        teller.tell(Input::Redeem([1; 16]));
        teller.tell(change(ANA, 1, 1));
        drop(teller);
        assert!(matches!(orders.next().await, Some(Input::Redeem(_))));
        assert!(matches!(orders.next().await, Some(Input::Changed(_))));
        assert!(orders.next().await.is_none());
    }

    #[test]
    fn nothing_gathers_where_nobody_listens_any_more() {
        let (teller, orders) = orders();
        drop(orders);
        teller.tell(Input::Redeem([1; 16]));
        teller.tell(change(ANA, 1, 1));
        let waiting = teller.0.lock();
        assert!(waiting.others.is_empty() && waiting.changed.is_empty());
    }
}
