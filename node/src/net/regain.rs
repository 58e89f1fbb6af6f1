//! What peers say of this node's own feed: evidence for a recovery, or a reason to post nothing for a moment.
//! Source: spec/feed.md, "recovering".

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::{FeedId, Seq};
use klatch_gossip::link::LinkId;
use klatch_gossip::sync::Millis;

use super::hub::Hub;
use crate::daemon::boot;
use crate::daemon::recovery::{Heard, Id8};

/// How long an unproven word of a peer may keep own posts waiting.
const PAUSE: Millis = 10_000;
/// Most peers whose word has kept them waiting: nobody does so twice.
const DOUBTERS_MAX: usize = 4096;

/// What own posts wait for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Reason {
    /// This machine started anew since the last contact: a snapshot of its disk may have been put back.
    Started,
    /// A peer said that it holds more of the own feed, or another branch.
    Said(LinkId),
}

/// Own posts that wait, and who made them.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    until: BTreeMap<Reason, Millis>,
    doubters: BTreeSet<FeedId>,
    /// When to see whether a recovery is over.
    look_at: Option<Millis>,
    /// Whether the contact after the machine's start is noted.
    noted: bool,
}

impl Pauses {
    pub(super) fn next_at(&self) -> Option<Millis> {
        self.until.values().copied().chain(self.look_at).min()
    }

    /// Begins a wait, which goes on as long as it would have if it has begun already. Whether nothing else is waited for.
    fn begin(&mut self, now: Millis, why: Reason) -> bool {
        let is_first = self.until.is_empty();
        self.until.entry(why).or_insert(now + PAUSE);
        is_first
    }

    /// Ends a wait. Whether it was the last.
    fn end(&mut self, why: Reason) -> bool {
        self.until.remove(&why).is_some() && self.until.is_empty()
    }

    /// What has been waited for long enough.
    fn over(&self, now: Millis) -> Vec<Reason> {
        self.until.iter().filter(|(_, until)| **until <= now).map(|(why, _)| *why).collect()
    }

    /// Whether this peer's word, which is not what is held here, may keep own posts waiting: it may once.
    fn doubts(&mut self, peer: FeedId) -> bool {
        self.doubters.len() < DOUBTERS_MAX && self.doubters.insert(peer)
    }
}

impl Hub {
    /// Before the first contact after this machine started, own posts wait a moment for somebody who may
    /// hold more of the own feed, where there is anybody to ask.
    pub(super) fn pause_at_start(&mut self) {
        let known = self.book.next_dial_at().is_some();
        if known && boot::is_new(&self.handle.reader()) {
            self.pause(Reason::Started);
        }
    }

    /// A peer said at the opening what it holds of the own feed.
    pub(super) fn echoed(&mut self, id: LinkId, len: Seq, id8: Id8) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.echo = Some((len, id8));
        let peer = link.peer;
        match self.handle.agrees((len, id8)) {
            Ok(true) => {}
            Ok(false) if self.handle.held().is_some() => {} // Nothing is posted anyway.
            Ok(false) if self.pauses.doubts(peer) => {
                tracing::warn!(%peer, len, "says that it holds more of this log: asking for it");
                self.pause(Reason::Said(id));
            }
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the own feed cannot be read"),
        }
        self.look();
    }

    /// All that a peer has of the own feed came, as far as it will.
    pub(super) fn level(&mut self, id: LinkId) {
        self.note_contact();
        self.unpause(Reason::Started);
        self.unpause(Reason::Said(id));
        self.look();
    }

    /// A connection ended: who does not deliver is no witness.
    pub(super) fn doubt_down(&mut self, id: LinkId) {
        self.unpause(Reason::Said(id));
        if self.links.get(&id).is_some_and(|link| link.peer == self.handle.me()) {
            self.handle.twin(false);
        }
    }

    /// This machine had contact with others since it started.
    fn note_contact(&mut self) {
        if std::mem::replace(&mut self.pauses.noted, true) {
            return;
        }
        if let Some(fact) = boot::fact() {
            let handle = self.handle.clone();
            self.tasks.spawn(async move {
                if let Err(error) = handle.set_local(vec![fact]).await {
                    tracing::debug!(%error, "the start of this machine was not noted");
                }
            });
        }
    }

    pub(super) fn pause_tick(&mut self) {
        let now = self.now();
        for why in self.pauses.over(now) {
            if why == Reason::Started {
                self.note_contact(); // Nobody was there: the wait is not repeated.
            }
            self.unpause(why);
        }
        if self.pauses.look_at.is_some_and(|at| at <= now) {
            self.look();
        }
    }

    /// Tells a recovery what the connected say; whether it is over, and if not, when to look again.
    pub(super) fn look(&mut self) {
        let heard = self.links.values().filter(|link| link.echo.is_some() || link.caught_up);
        let heard = heard.map(|link| {
            let home = self.pubs.contains(&link.peer) || self.homes.contains(&link.peer);
            Heard { peer: link.peer, home, claim: link.echo }
        });
        let wait = self.handle.hear(heard); // Who is not recovering asks nobody.
        self.pauses.look_at = wait.map(|wait| self.now() + wait.max(1));
    }

    fn pause(&mut self, why: Reason) {
        if self.pauses.begin(self.now(), why) {
            self.handle.pause(true);
        }
    }

    fn unpause(&mut self, why: Reason) {
        if self.pauses.end(why) {
            self.handle.pause(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(n: usize) -> FeedId {
        FeedId::new(std::array::from_fn(|at| n.to_be_bytes()[at % 8]))
    }

    #[test]
    fn own_posts_wait_ten_seconds_for_each_reason_and_go_on_with_the_last() {
        let mut pauses = Pauses::default();
        assert_eq!(pauses.next_at(), None);
        assert!(pauses.begin(5, Reason::Started));
        assert!(!pauses.begin(3_000, Reason::Said(LinkId(7))), "they wait already");
        assert!(!pauses.begin(4_000, Reason::Started), "no longer than from the first word on");
        assert_eq!(pauses.over(10_004), vec![]);
        assert_eq!(pauses.over(10_005), vec![Reason::Started]);
        assert_eq!(pauses.next_at(), Some(10_005));
        assert!(!pauses.end(Reason::Started), "the other goes on");
        assert_eq!((pauses.over(12_999), pauses.over(13_000)), (vec![], vec![Reason::Said(LinkId(7))]));
        assert!(pauses.end(Reason::Said(LinkId(7))));
        assert!(!pauses.end(Reason::Said(LinkId(7))), "once");
        assert_eq!(pauses.next_at(), None);
    }

    #[test]
    fn a_peer_keeps_own_posts_waiting_once_and_so_do_no_more_than_4096_of_them() {
        let mut pauses = Pauses::default();
        assert!(pauses.doubts(feed(0)));
        assert!(!pauses.doubts(feed(0)));
        for n in 1..DOUBTERS_MAX {
            assert!(pauses.doubts(feed(n)), "{n}");
        }
        assert!(!pauses.doubts(feed(DOUBTERS_MAX)), "one more");
    }
}
