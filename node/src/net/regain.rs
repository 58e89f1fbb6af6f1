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
            Ok(false) if self.pauses.doubters.len() < DOUBTERS_MAX => {
                if self.pauses.doubters.insert(peer) {
                    tracing::warn!(%peer, len, "says that it holds more of this log: asking for it");
                    self.pause(Reason::Said(id));
                }
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
        let over: Vec<_> =
            self.pauses.until.iter().filter(|(_, until)| **until <= now).map(|(why, _)| *why).collect();
        for why in over {
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
        if self.pauses.until.is_empty() {
            self.handle.pause(true);
        }
        let until = self.now() + PAUSE;
        self.pauses.until.entry(why).or_insert(until);
    }

    fn unpause(&mut self, why: Reason) {
        if self.pauses.until.remove(&why).is_some() && self.pauses.until.is_empty() {
            self.handle.pause(false);
        }
    }
}
