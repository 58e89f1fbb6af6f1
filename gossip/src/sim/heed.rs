//! What the owner of a simulated log tells an exchange of its commits: as a pub does, only what was asked for, and
//! from some time after it was asked for.

use std::collections::{BTreeSet, VecDeque};

use klatch_feed::{EntryId, FeedId};

use crate::sync::{Change, Others, Output};

/// What one exchange is told of.
#[derive(Debug)]
pub(super) struct Heed {
    /// Of everything.
    is_wide: bool,
    /// Of these whatever the peer listens to.
    own: [FeedId; 2],
    feeds: BTreeSet<FeedId>,
    objects: BTreeSet<EntryId>,
    others: Others,
    /// Asked for, and not heeded yet.
    pub(super) asked: VecDeque<Output>,
}

impl Heed {
    pub(super) fn new(is_wide: bool, own: [FeedId; 2]) -> Self {
        let (feeds, objects, asked) = Default::default();
        Self { is_wide, own, feeds, objects, others: Others::None, asked }
    }

    /// Heeds what was asked for first.
    pub(super) fn next(&mut self) {
        match self.asked.pop_front() {
            Some(Output::Listens { add, del, others }) => {
                self.feeds.extend(add);
                self.feeds.retain(|feed| !del.contains(feed));
                self.others = others;
            }
            Some(Output::ListensAbout(object)) => self.objects.extend([object]),
            other => unreachable!("nothing that is heeded: {other:?}"),
        }
    }

    /// Whether a change is told.
    pub(super) fn hears(&self, change: &Change) -> bool {
        self.is_wide
            || self.own.contains(&change.feed)
            || self.feeds.contains(&change.feed)
            || change.objects.iter().any(|(object, _)| self.objects.contains(object))
            || match self.others {
                Others::None => false,
                Others::New => change.before.is_none_or(|before| before == (0, None)),
                Others::Any => true,
            }
    }
}
