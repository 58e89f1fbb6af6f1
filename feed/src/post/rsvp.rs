//! A request for a seat, or the taking back of one.

use serde::{Deserialize, Serialize};

use super::{Answer, Body, Post, PostError, Reserved, count, distinct, line, number};
use crate::EntryId;

/// Most persons one RSVP can ask for, its author included.
pub(super) const PARTY_MAX: u32 = 20;

#[derive(Deserialize, Serialize)]
pub(super) struct Rsvp {
    #[serde(default, skip_serializing)]
    occ: Option<Reserved>,
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
        occ.is_none().then_some(Post::Rsvp { event, seen: seen.to_vec(), answer, party, note })
    }
}

impl Rsvp {
    pub(super) fn of(answer: Answer, party: u32, note: &str, salt: [u8; 16]) -> Self {
        Self { occ: None, note: note.to_owned(), salt, party, answer }
    }
}

pub(super) fn check(seen: &[EntryId], party: u32, note: &str) -> Result<(), PostError> {
    count("seen", seen.len(), 0..=7)?;
    distinct("seen", seen)?;
    number("party", party, 1..=PARTY_MAX)?;
    line("note", note, 0..=200)
}
