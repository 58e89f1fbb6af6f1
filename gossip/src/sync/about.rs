//! Who wrote about an object: asked for and answered, now and as more appear.
//!
//! This is how a host's node learns of an RSVP by somebody it does not follow. Hints are unchecked; the
//! entries themselves prove them. Source: spec/gossip.md, "about".

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::{EntryId, FeedId, Seq};

use super::message::{HINTS_MAX, Message};
use super::outbox::Outbox;
use super::{Breach, Change, Output, Shelf};

/// Most objects one side may ask about in a session.
pub const OBJECTS_MAX: usize = 4_096;
/// Most hints one side may give in a session; after that many it falls silent.
pub const HINTS_PER_SESSION_MAX: usize = 65_536;

/// Both halves of the asking.
#[derive(Debug, Default)]
pub(super) struct About {
    interest: BTreeSet<EntryId>,
    asked: BTreeSet<EntryId>,
    unanswered: BTreeSet<EntryId>,
    heard: usize,

    told: BTreeMap<EntryId, BTreeSet<FeedId>>, // What the peer asked about, and whom it was told of.
    told_count: usize,
    unseen: BTreeSet<EntryId>, // Asked by the peer and not answered yet.
    fresh: BTreeMap<EntryId, BTreeMap<FeedId, Seq>>, // New since it was answered.
}

impl About {
    /// The owner asks about these objects now. What was asked once stays asked: the peer is not told
    /// otherwise, its hints are passed over.
    pub(super) fn ask(&mut self, objects: Vec<EntryId>, out: &mut Outbox) {
        self.interest = objects.into_iter().collect();
        for object in &self.interest {
            if self.asked.len() < OBJECTS_MAX && self.asked.insert(*object) {
                self.unanswered.insert(*object);
                out.send(&Message::About(*object));
            }
        }
    }

    /// Whether every question has had its first answer.
    pub(super) fn is_answered(&self) -> bool {
        self.unanswered.is_empty()
    }

    /// The peer gives hints.
    pub(super) fn hinted(
        &mut self,
        object: EntryId,
        rows: Vec<(FeedId, Seq)>,
        out: &mut Outbox,
    ) -> Result<(), Breach> {
        if !self.asked.contains(&object) {
            return Err(Breach::Unsolicited("hints"));
        }
        self.heard += rows.len();
        if self.heard > HINTS_PER_SESSION_MAX {
            return Err(Breach::Limit("hints in a session"));
        }
        self.unanswered.remove(&object);
        if self.interest.contains(&object) {
            for (author, seq) in rows {
                out.push(Output::Hint(object, author, seq));
            }
        }
        Ok(())
    }

    /// The peer asks. Whether it had not.
    pub(super) fn asked(&mut self, object: EntryId) -> Result<bool, Breach> {
        if self.told.contains_key(&object) {
            return Ok(false); // Subscribed already.
        }
        if self.told.len() >= OBJECTS_MAX {
            return Err(Breach::Limit("objects asked about"));
        }
        self.told.insert(object, BTreeSet::new());
        self.unseen.insert(object);
        Ok(true)
    }

    /// Commits may have brought entries about an object and not been told of.
    pub(super) fn missed(&mut self, object: EntryId, shelf: &dyn Shelf) {
        let Some(told) = self.told.get(&object) else { return };
        let fresh: BTreeMap<_, _> =
            shelf.about(&object).into_iter().filter(|(author, _)| !told.contains(author)).collect();
        if !fresh.is_empty() {
            self.fresh.entry(object).or_default().extend(fresh);
        }
    }

    /// A commit brought entries that ref objects.
    pub(super) fn changed(&mut self, change: &Change) {
        for (object, seq) in &change.objects {
            if let Some(told) = self.told.get(object)
                && !told.contains(&change.feed)
            {
                self.fresh.entry(*object).or_default().insert(change.feed, *seq);
            }
        }
    }

    /// Whether nothing is left to tell.
    pub(super) fn is_idle(&self) -> bool {
        self.unseen.is_empty() && self.fresh.is_empty()
    }

    /// Sends one answer, if there is one to send. A first answer is sent even when it is empty.
    pub(super) fn step(&mut self, peer: FeedId, shelf: &dyn Shelf, out: &mut Outbox) -> bool {
        if let Some(object) = self.unseen.pop_first() {
            self.fresh.remove(&object);
            let rows = self.untold(object, peer, shelf.about(&object));
            out.send(&Message::Hints { object, rows });
            return true;
        }
        let Some(mut first) = self.fresh.first_entry() else { return false };
        let object = *first.key();
        // What one message does not hold comes with the next.
        let authors = match first.get().keys().nth(HINTS_MAX).copied() {
            Some(next) => {
                let rest = first.get_mut().split_off(&next);
                std::mem::replace(first.get_mut(), rest)
            }
            None => first.remove(),
        };
        let rows = self.untold(object, peer, authors);
        if !rows.is_empty() {
            out.send(&Message::Hints { object, rows });
        }
        true
    }

    /// Of `rows`, those that the peer has not heard and does not know by itself.
    fn untold(
        &mut self,
        object: EntryId,
        peer: FeedId,
        rows: impl IntoIterator<Item = (FeedId, Seq)>,
    ) -> Vec<(FeedId, Seq)> {
        let room = HINTS_MAX.min(HINTS_PER_SESSION_MAX - self.told_count);
        let told = self.told.entry(object).or_default();
        let new = |(author, _): &(FeedId, Seq)| *author != peer && told.insert(*author);
        let rows: Vec<_> = rows.into_iter().filter(new).take(room).collect();
        self.told_count += rows.len();
        rows
    }
}
