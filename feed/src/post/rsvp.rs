//! What guests say about their own coming: asking for a seat or not, confirming, being there.

use serde::{Deserialize, Serialize};

use super::{Answer, Body, Post, PostError, count, distinct, line, number};
use crate::EntryId;

/// Most persons one RSVP can ask for, its author included.
pub const PARTY_MAX: u32 = 20;

#[derive(Deserialize, Serialize)]
pub(super) struct Rsvp {
    #[serde(skip_serializing_if = "Option::is_none")]
    occ: Option<String>,
    note: String,
    // Random, so that the few possible answers cannot be guessed from the hash of a dropped body.
    #[serde(with = "serde_bytes")]
    salt: [u8; 16],
    party: u32,
    answer: Answer,
}

impl Body for Rsvp {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let (&event, seen) = refs.split_first()?;
        let Self { occ, note, salt: _, party, answer } = self;
        Some(Post::Rsvp { event, seen: seen.to_vec(), answer, party, note, occ })
    }
}

#[derive(Deserialize, Serialize)]
pub(super) struct Confirm {
    #[serde(skip_serializing_if = "Option::is_none")]
    occ: Option<String>,
    #[serde(with = "serde_bytes")]
    salt: [u8; 16],
}

#[derive(Deserialize, Serialize)]
pub(super) struct Here {
    #[serde(skip_serializing_if = "Option::is_none")]
    occ: Option<String>,
    #[serde(with = "serde_bytes")]
    salt: [u8; 16],
}

impl Body for Confirm {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[event, rsvp] = refs else { return None };
        Some(Post::Confirm { event, rsvp, occ: self.occ })
    }
}

impl Body for Here {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[event] = refs else { return None };
        Some(Post::Here { event, occ: self.occ })
    }
}

impl Confirm {
    pub(super) fn of(occ: Option<&str>, salt: [u8; 16]) -> Self {
        Self { occ: occ.map(str::to_owned), salt }
    }
}

impl Here {
    pub(super) fn of(occ: Option<&str>, salt: [u8; 16]) -> Self {
        Self { occ: occ.map(str::to_owned), salt }
    }
}

impl Rsvp {
    pub(super) fn of(answer: Answer, party: u32, note: &str, occ: Option<&str>, salt: [u8; 16]) -> Self {
        Self { occ: occ.map(str::to_owned), note: note.to_owned(), salt, party, answer }
    }
}

pub(super) fn check(seen: &[EntryId], party: u32, note: &str) -> Result<(), PostError> {
    count("seen", seen.len(), 0..=7)?;
    distinct("seen", seen)?;
    number("party", party, 1..=PARTY_MAX)?;
    line("note", note, 0..=200)
}
