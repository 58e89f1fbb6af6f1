//! What hosts say about seats: ranking, giving up, closing, calling an occurrence off.

use serde::{Deserialize, Serialize};

use super::rsvp::PARTY_MAX;
use super::{Body, Post, PostError, count, distinct, number};
use crate::EntryId;

#[derive(Deserialize, Serialize)]
pub(super) struct Seat {
    #[serde(skip_serializing_if = "Option::is_none")]
    occ: Option<String>,
    lines: Vec<(EntryId, u32)>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Release {
    #[serde(skip_serializing_if = "Option::is_none")]
    occ: Option<String>,
    rsvps: Vec<EntryId>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Close {
    #[serde(skip_serializing_if = "Option::is_none")]
    occ: Option<String>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Skip {
    occ: String,
}

impl Body for Seat {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[event] = refs else { return None };
        Some(Post::Seat { event, lines: self.lines, occ: self.occ })
    }
}

impl Body for Release {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[event] = refs else { return None };
        Some(Post::Release { event, rsvps: self.rsvps, occ: self.occ })
    }
}

impl Body for Close {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[event] = refs else { return None };
        Some(Post::Close { event, occ: self.occ })
    }
}

impl Body for Skip {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[event] = refs else { return None };
        Some(Post::Skip { event, occ: self.occ })
    }
}

impl Seat {
    pub(super) fn of(lines: &[(EntryId, u32)], occ: Option<&str>) -> Self {
        Self { occ: occ.map(str::to_owned), lines: lines.to_vec() }
    }
}

impl Release {
    pub(super) fn of(rsvps: &[EntryId], occ: Option<&str>) -> Self {
        Self { occ: occ.map(str::to_owned), rsvps: rsvps.to_vec() }
    }
}

impl Close {
    pub(super) fn of(occ: Option<&str>) -> Self {
        Self { occ: occ.map(str::to_owned) }
    }
}

impl Skip {
    pub(super) fn of(occ: &str) -> Self {
        Self { occ: occ.to_owned() }
    }
}

pub(super) fn check_release(rsvps: &[EntryId]) -> Result<(), PostError> {
    count("rsvps", rsvps.len(), 1..=32)?;
    distinct("rsvps", rsvps)
}

pub(super) fn check(lines: &[(EntryId, u32)]) -> Result<(), PostError> {
    count("lines", lines.len(), 1..=32)?;
    distinct("lines", &lines.iter().map(|(rsvp, _)| *rsvp).collect::<Vec<_>>())?;
    lines.iter().try_for_each(|(_, persons)| number("lines", *persons, 1..=PARTY_MAX))
}
