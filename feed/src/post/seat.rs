//! A host ranks RSVPs.

use serde::{Deserialize, Serialize};

use super::rsvp::PARTY_MAX;
use super::{Body, Post, PostError, Reserved, count, distinct, number};
use crate::EntryId;

#[derive(Deserialize, Serialize)]
pub(super) struct Seat {
    #[serde(default, skip_serializing)]
    occ: Option<Reserved>,
    lines: Vec<(EntryId, u32)>,
}

impl Body for Seat {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[event] = refs else { return None };
        self.occ.is_none().then_some(Post::Seat { event, lines: self.lines })
    }
}

impl Seat {
    pub(super) fn of(lines: &[(EntryId, u32)]) -> Self {
        Self { occ: None, lines: lines.to_vec() }
    }
}

pub(super) fn check(lines: &[(EntryId, u32)]) -> Result<(), PostError> {
    count("lines", lines.len(), 1..=32)?;
    distinct("lines", &lines.iter().map(|(rsvp, _)| *rsvp).collect::<Vec<_>>())?;
    lines.iter().try_for_each(|(_, persons)| number("lines", *persons, 1..=PARTY_MAX))
}
