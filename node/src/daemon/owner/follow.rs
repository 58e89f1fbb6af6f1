//! What follows from a commit: others are told, and what this node wants, gives and says by itself is looked at anew.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use klatch_feed::post::kind;
use klatch_feed::{EntryId, FeedId, Verified};
use klatch_store::{Changes, CutOff, DiskError, Snapshot};

use super::{LOOK_MS, Owner};
use crate::clock;
use crate::daemon::local::{self, Local, Spaces};
use crate::daemon::response::Dropped;
use crate::daemon::wants;

impl Owner {
    /// Learns what own entries are about, and ranks what came while the node was off.
    pub(super) fn wake(&mut self) -> Result<(), DiskError> {
        self.carry_over()?;
        let snapshot = self.shared.reader.snapshot()?;
        for feed in snapshot.lineage()?.line(self.shared.me) {
            self.note_feed(&snapshot, feed)?;
        }
        self.rewant()?;
        self.forget_told(&snapshot)?;
        let all: BTreeSet<_> = snapshot.events()?.into_iter().map(|event| event.id).collect();
        let groups = snapshot.groups()?.into_iter().map(|group| group.id);
        let objects = all.iter().copied().chain(groups).collect();
        self.rank(&Changes { objects, ..Changes::default() })?;
        self.tell_address(&all)
    }

    pub(super) fn note_mine(&mut self, entries: &[Verified]) {
        // refs[0] is the group or event an entry is about; what founds one is found by its author.
        let about = entries.iter().filter(|entry| entry.header().kind != kind::TOMBSTONE);
        self.mine.extend(about.filter_map(|entry| entry.header().refs.first()));
        entries.iter().for_each(|entry| self.addresses.note(&self.shared, entry));
    }

    /// A pub takes part in whatever its members do. Source: spec/pub.md, "what a pub keeps".
    pub(super) fn note_members(&mut self) -> Result<(), DiskError> {
        let snapshot = self.shared.reader.snapshot()?;
        for feed in local::feeds(&snapshot, Spaces::MEMBER)?.into_keys() {
            self.note_feed(&snapshot, feed)?;
        }
        Ok(())
    }

    pub(super) fn note_feed(&mut self, snapshot: &Snapshot, feed: FeedId) -> Result<(), DiskError> {
        let mut from = self.noted.get(&feed).copied().unwrap_or(1);
        loop {
            let entries = snapshot.entries(&feed, from, 1024)?;
            let Some(last) = entries.last() else { break };
            from = last.header().seq.saturating_add(1);
            self.note_mine(&entries);
        }
        self.noted.insert(feed, from);
        Ok(())
    }

    /// Tells everybody of a commit, and does what follows from it. What was committed stands whatever comes of that,
    /// so no failure of it is the answer to who posted or delivered: it is tried again later.
    pub(super) fn committed(&mut self, changes: Changes) {
        self.note_held();
        if changes == Changes::default() {
            return;
        }
        let changes = Arc::new(changes);
        self.broadcast(Arc::clone(&changes)); // First: the longest way lies before those who wait for it.
        self.follow(&changes);
    }

    /// What follows from a commit that everybody was told of.
    pub(super) fn follow(&mut self, changes: &Changes) {
        if let Err(error) = self.follow_up(changes) {
            tracing::error!(%error, "what follows from new entries waits");
            self.try_again();
        }
    }

    pub(super) fn follow_up(&mut self, changes: &Changes) -> Result<(), DiskError> {
        self.note_grown(changes)?;
        self.note_first_entries(changes)?;
        if changes.lineage {
            self.carry_over()?;
        }
        if !self.options.live {
            return Ok(());
        }
        if changes.lineage || self.matters(changes) {
            self.rewant()?;
        }
        let ranked = self.rank(changes)?;
        let mut seated: BTreeSet<_> = changes.objects.iter().copied().collect();
        seated.extend(ranked.iter().flat_map(|changes| &changes.objects));
        self.tell_address(&seated)
    }

    /// What failed is tried again in a while, whether anything else comes or not.
    pub(super) fn try_again(&mut self) {
        if self.options.live {
            self.again.get_or_insert(clock::now() + LOOK_MS);
        }
    }

    /// Own posts that came back after a failure are new to everybody.
    pub(super) fn come_back(&mut self) {
        for changes in self.store.take_returned() {
            self.log_failure("looking through what came back", |owner| {
                let snapshot = owner.shared.reader.snapshot()?;
                owner.note_feed(&snapshot, owner.shared.me)
            });
            self.committed(changes);
        }
    }

    /// Whose feeds a rebuild cut off.
    pub(super) fn dropped(&self, cut: Vec<CutOff>) -> Result<Vec<Dropped>, DiskError> {
        let snapshot = self.shared.reader.snapshot()?;
        let line = |CutOff { feed, after, entries }| {
            Ok(Dropped { feed, name: local::called(&snapshot, &feed)?, after, entries })
        };
        cut.into_iter().map(line).collect()
    }

    /// A rebuild that was finished later than it was asked for says by itself what it dropped.
    pub(in crate::daemon) fn tell_dropped(&mut self) {
        let cut = self.store.take_cut();
        for Dropped { feed, name, after, entries } in self.dropped(cut).unwrap_or_default() {
            tracing::warn!(
                %feed,
                "the log of {name} was damaged on this disk: what follows entry {after} is dropped ({entries} entries), \
                 and fetched again from peers"
            );
        }
    }

    /// Who is followed is known by their first entry as well, from when it is held: a second one is not theirs.
    pub(super) fn note_first_entries(&mut self, changes: &Changes) -> Result<(), DiskError> {
        let snapshot = self.shared.reader.snapshot()?;
        let mut sets = Vec::new();
        for (feed, _) in &changes.feeds {
            if snapshot.local(Spaces::FOLLOW, feed.as_bytes())?.is_some_and(|genesis| genesis.is_empty()) {
                let genesis = snapshot.genesis(feed)?.map(|id| id.as_bytes().to_vec());
                sets.extend(genesis.map(|id| Local::of_feed(Spaces::FOLLOW, feed, Some(id))));
            }
        }
        if sets.is_empty() { Ok(()) } else { self.set_local(&sets) }
    }

    /// What this node's owner decided about somebody holds for whoever they go on as.
    pub(super) fn carry_over(&mut self) -> Result<(), DiskError> {
        let snapshot = self.shared.reader.snapshot()?;
        let sets = local::carried(&snapshot)?;
        if sets.is_empty() { Ok(()) } else { self.set_local(&sets) }
    }

    /// Whether a commit can change the wants.
    pub(super) fn matters(&self, changes: &Changes) -> bool {
        let wants = self.shared.wants.borrow();
        let refs = || changes.feeds.iter().flat_map(|(_, refs)| refs);
        let members = || changes.feeds.iter().any(|(feed, _)| self.noted.contains_key(feed));
        !changes.objects.is_empty() || members() || refs().any(|(object, _)| wants.objects.contains(object))
    }

    pub(super) fn rewant(&mut self) -> Result<(), DiskError> {
        if !self.options.live {
            return Ok(());
        }
        self.note_members()?;
        let snapshot = self.shared.reader.snapshot()?;
        if self.store.held().is_some() {
            // Own entries come from peers now.
            for feed in snapshot.lineage()?.line(self.shared.me) {
                self.note_feed(&snapshot, feed)?;
            }
        }
        let wants = wants::compute(&snapshot, self.shared.me, &self.mine, &self.hints)?;
        self.hints.retain(|object, _| wants.objects.contains(object));
        self.hinted = self.hints.values().map(BTreeSet::len).sum();
        self.shared.wants.send_if_modified(|held| {
            let new = **held != wants;
            if new {
                *held = Arc::new(wants);
            }
            new
        });
        Ok(())
    }

    /// Tells the address to those who have a seat at one of these events, where that is this node's to do.
    pub(super) fn tell_address(&mut self, events: &BTreeSet<EntryId>) -> Result<(), DiskError> {
        if self.is_paused() || self.store.held().is_some() {
            return Ok(()); // Whatever changes next at the event makes up for it.
        }
        let snapshot = self.shared.reader.snapshot()?;
        let posts = self.addresses.due(&self.shared, &snapshot, events)?;
        self.say(&posts, "the address waits: the node could not tell it");
        Ok(())
    }

    pub(super) fn broadcast(&self, changes: Arc<Changes>) {
        if changes.crowded {
            self.shared.losses.fetch_add(1, Ordering::Relaxed);
        }
        let _ = self.shared.changes.send(changes); // Nobody may be listening.
    }
}
