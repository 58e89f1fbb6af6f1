//! What hosts hide from everybody in a group or event. Source: spec/meetup.md, "hiding".

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::about::About;
use super::roles::Roles;
use super::{HiddenLine, Role};
use crate::post::kind;
use crate::{EntryId, Post};

/// What is hidden.
#[derive(Default)]
pub(super) struct Hidden {
    /// By entry.
    pub(super) lines: Vec<HiddenLine>,
    /// Whether a word of somebody with the right is not held.
    pub(super) incomplete: bool,
}

/// Of each entry the word of the most senior author counts, and of theirs the last.
pub(super) fn hidden(about: &About<'_>, roles: &Roles<'_>, least: Role) -> Hidden {
    let mut words = BTreeMap::<EntryId, _>::new();
    let mut incomplete = false;
    for said in about.iter().filter(|said| said.fact.kind == kind::HIDE) {
        let Some(rank) = roles.right(said.fact, least) else { continue };
        let Some(Post::Hide { entries, on, .. }) = about.post(said) else {
            incomplete |= said.is_missing();
            continue;
        };
        for entry in entries {
            let word = (rank, Reverse(said.fact.seq), said.fact.id, *on);
            words.entry(*entry).and_modify(|held| *held = word.min(*held)).or_insert(word);
        }
    }
    let line = |(entry, (rank, _, hide, on)): (EntryId, (usize, _, EntryId, bool))| {
        on.then(|| HiddenLine { entry, by: roles.principals[rank].person.feed, hide })
    };
    Hidden { lines: words.into_iter().filter_map(line).collect(), incomplete }
}
