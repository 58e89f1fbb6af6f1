//! What stands against somebody: revokes that have to be lifted before a role or membership helps them again, and what
//! of theirs is void by them.

use std::collections::BTreeSet;

use super::about::About;
use super::roles::Roles;
use super::{Facts, Person, Role};
use crate::{EntryId, FeedId, Post, Seq};

/// A revoke that counts and that nobody lifted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Revoke {
    /// The post.
    pub entry: EntryId,
    /// Whose.
    pub by: FeedId,
}

impl Facts {
    /// The revokes of `who` in the group or event `id` that count and are not lifted, the most senior author's
    /// first; for an event not those of its group, which are lifted there.
    pub fn revokes(&self, id: EntryId, who: FeedId) -> Vec<Revoke> {
        let persons = self.persons();
        let subject = self.lineage.first_key(who);
        if let Some(group) = persons.group(id) {
            return standing(self, group.about(), &group.roles, subject);
        }
        let group = persons.group_of(id);
        let Some(event) = persons.event(id, group.as_ref()) else { return vec![] };
        standing(self, &event.about(), &event.roles, subject)
    }

    /// Which of these entries, each with whose key signed it and its place there, do not count in the group or event
    /// `id` since they are past a cut and nobody stands for them. What a succession leaves behind is none of them.
    pub fn voided(
        &self,
        id: EntryId,
        entries: impl IntoIterator<Item = (Person, Seq, EntryId)>,
    ) -> BTreeSet<EntryId> {
        let persons = self.persons();
        let of = |roles: &Roles<'_>| {
            let is_void = |(signer, seq, entry): &(Person, Seq, EntryId)| {
                let place = self.lineage.place(signer, *seq);
                place.is_some_and(|(person, seq)| roles.void_at(&person, seq, entry).is_some())
            };
            entries.into_iter().filter(is_void).map(|(.., entry)| entry).collect()
        };
        if let Some(group) = persons.group(id) {
            return of(&group.roles);
        }
        let group = persons.group_of(id);
        persons.event(id, group.as_ref()).map(|event| of(&event.roles)).unwrap_or_default()
    }

    /// Whether it counts in the group `id` if `who` states now that an owner is silent.
    pub fn has_voice(&self, id: EntryId, who: FeedId) -> bool {
        let first = self.lineage.first_key(who);
        self.persons().group(id).is_some_and(|group| group.speakers().any(|person| person.feed == first))
    }
}

fn standing(facts: &Facts, about: &About<'_>, roles: &Roles<'_>, subject: FeedId) -> Vec<Revoke> {
    let mut found = Vec::new();
    for said in about.iter() {
        let Some(Post::Revoke { subject: named, .. }) = about.post(said) else { continue };
        let named = about.lineage.first(named);
        if named.feed != subject || roles.is_lifted(&named, &said.fact.id) {
            continue;
        }
        let Some(rank) = roles.right(said.fact, Role::Host) else { continue };
        if roles.rank_of(&named).is_none_or(|theirs| rank < theirs) {
            found.push((
                rank,
                said.fact.seq,
                Revoke { entry: said.fact.id, by: facts.lineage.now(said.author().feed) },
            ));
        }
    }
    found.sort_by_key(|(rank, seq, _)| (*rank, *seq));
    found.into_iter().map(|(_, _, revoke)| revoke).collect()
}
