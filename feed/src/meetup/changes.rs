//! What an event's fields are, now and as of what somebody had seen. Source: spec/meetup.md, "changes".

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::about::About;
use super::roles::Roles;
use super::{Role, kind};
use crate::post::EventFields;
use crate::{EntryId, Post, Seq};

struct Change<'a> {
    rank: usize,
    seq: Seq,
    id: EntryId,
    fields: &'a EventFields,
}

pub(super) struct Changes<'a> {
    founded: EventFields,
    /// By somebody with the right, readable.
    counted: Vec<Change<'a>>,
    /// Which updates each update replaces, read off the headers, so that it holds for those too that do
    /// not count or were taken back.
    replaces: BTreeMap<EntryId, &'a [EntryId]>,
    /// Whether somebody with the right changed something that is not held here.
    pub(super) incomplete: bool,
}

/// A field of an event.
type Field<T> = fn(&EventFields) -> Option<&T>;

impl<'a> Changes<'a> {
    pub(super) fn gather(founded: EventFields, about: &'a About<'a>, roles: &Roles) -> Self {
        let mut changes = Self { founded, counted: vec![], replaces: BTreeMap::new(), incomplete: false };
        for said in about.iter().filter(|said| said.fact.kind == kind::UPDATE) {
            let (id, seq) = (said.fact.id, said.fact.seq);
            changes.replaces.insert(id, &said.fact.refs[1..]);
            let Some(rank) = roles.rank(said.author(), seq, Role::Organizer) else { continue };
            match &said.post {
                Some(Post::Update { fields, .. }) => changes.counted.push(Change { rank, seq, id, fields }),
                _ => changes.incomplete |= said.is_missing(),
            }
        }
        changes
    }

    /// These updates and all that they replace, and what those replace.
    fn back_from(&self, ids: impl IntoIterator<Item = EntryId>) -> BTreeSet<EntryId> {
        let mut found = BTreeSet::new();
        let mut open: Vec<_> = ids.into_iter().collect();
        while let Some(id) = open.pop() {
            if found.insert(id) {
                open.extend(self.replaces.get(&id).copied().unwrap_or_default());
            }
        }
        found
    }

    /// All that one of these updates replaces.
    fn before<'b>(&self, changes: impl Iterator<Item = &'b Change<'a>>) -> BTreeSet<EntryId>
    where
        'a: 'b,
    {
        self.back_from(changes.filter_map(|change| self.replaces.get(&change.id)).copied().flatten().copied())
    }

    /// One field: of the updates that set it and that no other such one replaces, the most senior author's,
    /// then the one later in the log, then the smaller id. `seen`: as if there were no others.
    fn field<T>(&self, seen: Option<&BTreeSet<EntryId>>, field: Field<T>) -> Option<&T> {
        let sets = |change: &&Change<'_>| {
            field(change.fields).is_some() && seen.is_none_or(|seen| seen.contains(&change.id))
        };
        let replaced = self.before(self.counted.iter().filter(sets));
        let standing = self.counted.iter().filter(sets).filter(|change| !replaced.contains(&change.id));
        let winner = standing.min_by_key(|change| (change.rank, Reverse(change.seq), change.id));
        winner.map_or(field(&self.founded), |change| field(change.fields))
    }

    /// Every field as it is now.
    pub(super) fn now(&self) -> EventFields {
        EventFields {
            title: self.field(None, |f| f.title.as_ref()).cloned(),
            start: self.field(None, |f| f.start.as_ref()).cloned(),
            zone: self.field(None, |f| f.zone.as_ref()).cloned(),
            minutes: self.field(None, |f| f.minutes.as_ref()).copied(),
            place: self.field(None, |f| f.place.as_ref()).cloned(),
            about: self.field(None, |f| f.about.as_ref()).cloned(),
            capacity: self.field(None, |f| f.capacity.as_ref()).copied(),
        }
    }

    /// Whether time or place are others now than for somebody who had seen these updates and what they replace.
    pub(super) fn moved_since(&self, seen: &[EntryId]) -> bool {
        let seen = self.back_from(seen.iter().copied());
        let fields: [Field<String>; 3] = [|f| f.start.as_ref(), |f| f.zone.as_ref(), |f| f.place.as_ref()];
        // No place and an empty place are the same place.
        let place = |text: Option<&String>| text.cloned().unwrap_or_default();
        fields
            .into_iter()
            .any(|field| place(self.field(Some(&seen), field)) != place(self.field(None, field)))
    }

    /// Updates that count and that no other counted one replaces, by id.
    pub(super) fn tips(&self) -> Vec<EntryId> {
        let replaced = self.before(self.counted.iter());
        let ids: BTreeSet<_> = self.counted.iter().map(|change| change.id).collect();
        ids.difference(&replaced).copied().collect()
    }

    pub(super) fn revision(&self) -> u32 {
        u32::try_from(self.counted.len()).unwrap_or(u32::MAX)
    }
}
