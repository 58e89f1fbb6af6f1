//! Text on things, its hiding, the taking back of anything, and who may read of a group.

use serde::{Deserialize, Serialize};

use super::{Body, Post, PostError, Tone, count, distinct, text};
use crate::EntryId;

#[derive(Deserialize, Serialize)]
pub(super) struct Comment {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tone: Option<Tone>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Hide {
    on: bool,
    reason: String,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Public {
    on: bool,
}

/// A tombstone's targets are its refs.
#[derive(Deserialize, Serialize)]
pub(super) struct Tombstone {}

impl Body for Comment {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let (&object, replies) = refs.split_first()?;
        let (&[] | &[_]) = replies else { return None };
        Some(Post::Comment { object, reply: replies.first().copied(), text: self.text, tone: self.tone })
    }
}

impl Body for Tombstone {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        Some(Post::Tombstone { targets: refs.to_vec() })
    }
}

impl Body for Hide {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let (&object, entries) = refs.split_first()?;
        Some(Post::Hide { object, entries: entries.to_vec(), on: self.on, reason: self.reason })
    }
}

impl Body for Public {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[group] = refs else { return None };
        Some(Post::Public { group, on: self.on })
    }
}

impl Comment {
    pub(super) fn of(text: &str, tone: Option<Tone>) -> Self {
        Self { text: text.to_owned(), tone }
    }
}

impl Hide {
    pub(super) fn of(on: bool, reason: &str) -> Self {
        Self { on, reason: reason.to_owned() }
    }
}

impl Public {
    pub(super) fn of(on: bool) -> Self {
        Self { on }
    }
}

pub(super) fn check_comment(said: &str) -> Result<(), PostError> {
    text("text", said, 1..=8000)
}

pub(super) fn check_tombstone(targets: &[EntryId]) -> Result<(), PostError> {
    count("targets", targets.len(), 1..=8)?;
    distinct("targets", targets)
}
