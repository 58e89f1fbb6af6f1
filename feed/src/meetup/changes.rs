//! What an event's fields are, now and as of what somebody had seen. Source: spec/meetup.md, "changes".

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::about::About;
use super::roles::Roles;
use super::{HiddenLine, Role, kind, series};
use crate::post::EventFields;
use crate::{EntryId, Post, Seq};

struct Change<'a> {
    rank: usize,
    seq: Seq,
    id: EntryId,
    /// Of this occurrence alone.
    is_own: bool,
    fields: &'a EventFields,
}

pub(super) struct Changes<'a> {
    founded: EventFields,
    /// The occurrence, by its original start.
    occ: Option<String>,
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
    pub(super) fn gather(founded: EventFields, about: &'a About<'a>, roles: &Roles<'_>) -> Self {
        let (replaces, occ) = (BTreeMap::new(), about.occ.clone());
        let mut changes = Self { founded, occ, counted: vec![], replaces, incomplete: false };
        for said in about.iter().filter(|said| said.fact.kind == kind::UPDATE) {
            let (id, seq) = (said.fact.id, said.fact.seq);
            changes.replaces.insert(id, &said.fact.refs[1..]);
            let Some(rank) = roles.right(said.fact, Role::Organizer) else { continue };
            match about.post(said) {
                Some(Post::Update { fields, occ, .. }) => {
                    changes.counted.push(Change { rank, seq, id, is_own: occ.is_some(), fields });
                }
                _ => changes.incomplete |= said.is_missing(),
            }
        }
        changes
    }

    /// Without what these say: as if they did not count.
    pub(super) fn without(mut self, hidden: &[HiddenLine]) -> Self {
        self.counted.retain(|change| hidden.iter().all(|line| line.entry != change.id));
        self
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
    /// then the one later in the log, then the smaller id. `seen`: as if there were no others. `is_own`: of
    /// those for this occurrence alone, or of the others.
    fn set<T>(&self, seen: Option<&BTreeSet<EntryId>>, is_own: bool, field: Field<T>) -> Option<&T> {
        let sets = |change: &&Change<'_>| {
            let is_seen = seen.is_none_or(|seen| seen.contains(&change.id));
            change.is_own == is_own && field(change.fields).is_some() && is_seen
        };
        let replaced = self.before(self.counted.iter().filter(sets));
        let standing = self.counted.iter().filter(sets).filter(|change| !replaced.contains(&change.id));
        let winner = standing.min_by_key(|change| (change.rank, Reverse(change.seq), change.id));
        winner.and_then(|change| field(change.fields))
    }

    /// One field: what was set for the occurrence, or else for all, or else what the event was founded with.
    fn field<T>(&self, seen: Option<&BTreeSet<EntryId>>, field: Field<T>) -> Option<&T> {
        let of_all = || self.set(seen, false, field).or_else(|| field(&self.founded));
        self.set(seen, true, field).or_else(of_all)
    }

    /// The local start: of an occurrence its own, or else it is moved as far as the series is.
    fn start(&self, seen: Option<&BTreeSet<EntryId>>) -> Option<String> {
        let field: Field<String> = |fields| fields.start.as_ref();
        let Some(occ) = &self.occ else { return self.field(seen, field).cloned() };
        if let Some(own) = self.set(seen, true, field) {
            return Some(own.clone());
        }
        let (from, to) = (self.founded.start.as_ref()?, self.set(seen, false, field));
        Some(to.map_or_else(|| occ.clone(), |to| series::moved(occ, from, to)))
    }

    /// Every field as it is now.
    pub(super) fn now(&self) -> EventFields {
        EventFields {
            geo: self.field(None, |f| f.geo.as_ref()).copied(),
            cost: self.field(None, |f| f.cost.as_ref()).cloned(),
            tags: self.field(None, |f| f.tags.as_ref()).cloned(),
            zone: self.field(None, |f| f.zone.as_ref()).cloned(),
            about: self.field(None, |f| f.about.as_ref()).cloned(),
            extra: self.set(None, false, |f| f.extra.as_ref()).cloned(),
            opens: self.field(None, |f| f.opens.as_ref()).copied(),
            place: self.field(None, |f| f.place.as_ref()).cloned(),
            start: self.start(None),
            title: self.field(None, |f| f.title.as_ref()).cloned(),
            access: self.field(None, |f| f.access.as_ref()).cloned(),
            closes: self.field(None, |f| f.closes.as_ref()).copied(),
            except: self.set(None, false, |f| f.except.as_ref()).cloned(),
            online: self.field(None, |f| f.online.as_ref()).cloned(),
            policy: self.field(None, |f| f.policy.as_ref()).copied(),
            repeat: self.set(None, false, |f| f.repeat.as_ref()).or(self.founded.repeat.as_ref()).cloned(),
            all_day: self.field(None, |f| f.all_day.as_ref()).copied(),
            minutes: self.field(None, |f| f.minutes.as_ref()).copied(),
            capacity: self.field(None, |f| f.capacity.as_ref()).copied(),
            cancel_by: self.field(None, |f| f.cancel_by.as_ref()).copied(),
            party_max: self.field(None, |f| f.party_max.as_ref()).copied(),
            questions: self.field(None, |f| f.questions.as_ref()).cloned(),
            confirm_by: self.field(None, |f| f.confirm_by.as_ref()).copied(),
            no_show_max: self.field(None, |f| f.no_show_max.as_ref()).copied(),
        }
    }

    /// Whether time or place are others now than for somebody who had seen these updates and what they replace.
    pub(super) fn moved_since(&self, seen: &[EntryId]) -> bool {
        let seen = self.back_from(seen.iter().copied());
        let fields: [Field<String>; 2] = [|f| f.zone.as_ref(), |f| f.place.as_ref()];
        // No place and an empty place are the same place.
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        let differs =
            |field: Field<String>| text(self.field(Some(&seen), field)) != text(self.field(None, field));
        self.start(Some(&seen)) != self.start(None) || fields.into_iter().any(differs)
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
