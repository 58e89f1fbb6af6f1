//! Which revokes stand against somebody: what has to be lifted before a role or membership helps them again.

use super::about::About;
use super::roles::Roles;
use super::{Facts, Role};
use crate::{EntryId, FeedId, Post};

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
