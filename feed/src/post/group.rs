//! Groups and who may do what: group, join, leave, grant, revoke. Grant and revoke are for events too.

use serde::{Deserialize, Serialize};

use super::{Body, Person, Post, PostError, Problem, Role, Schedulers, count, line, number};
use crate::{EntryId, Seq};

/// Most seats one grant hands over, and one event has.
pub(super) const SEATS_MAX: u32 = 100_000;

#[derive(Deserialize, Serialize)]
pub(super) struct Group {
    name: String,
    owners: Vec<Person>,
    schedulers: Schedulers,
}

/// Join and leave say all they have to say by kind and refs.
#[derive(Deserialize, Serialize)]
pub(super) struct Join {}

#[derive(Deserialize, Serialize)]
pub(super) struct Leave {}

#[derive(Deserialize, Serialize)]
pub(super) struct Grant {
    role: Role,
    quota: u32,
    subject: Person,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Revoke {
    #[serde(skip_serializing_if = "Option::is_none")]
    cut_id: Option<EntryId>,
    cut_seq: Seq,
    subject: Person,
}

impl Body for Group {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let Self { name, owners, schedulers } = self;
        refs.is_empty().then_some(Post::Group { name, owners, schedulers })
    }
}

impl Body for Join {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[group] = refs else { return None };
        Some(Post::Join { group })
    }
}

impl Body for Leave {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[group] = refs else { return None };
        Some(Post::Leave { group })
    }
}

impl Body for Grant {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[object] = refs else { return None };
        Some(Post::Grant { object, subject: self.subject, role: self.role, quota: self.quota })
    }
}

impl Body for Revoke {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[object] = refs else { return None };
        Some(Post::Revoke { object, subject: self.subject, cut_seq: self.cut_seq, cut_id: self.cut_id })
    }
}

impl Group {
    pub(super) fn of(name: &str, owners: &[Person], schedulers: Schedulers) -> Self {
        Self { name: name.to_owned(), owners: owners.to_vec(), schedulers }
    }
}

impl Grant {
    pub(super) fn of(subject: &Person, role: Role, quota: u32) -> Self {
        Self { role, quota, subject: *subject }
    }
}

impl Revoke {
    pub(super) fn of(subject: &Person, cut_seq: Seq, cut_id: Option<EntryId>) -> Self {
        Self { cut_id, cut_seq, subject: *subject }
    }
}

pub(super) fn check_group(name: &str, owners: &[Person]) -> Result<(), PostError> {
    line("name", name, 1..=120)?;
    count("owners", owners.len(), 0..=8)?;
    super::distinct("owners", owners)
}

pub(super) fn check_grant(role: Role, quota: u32) -> Result<(), PostError> {
    number("quota", quota, 0..=SEATS_MAX)?;
    if role == Role::Door && quota > 0 {
        return Err(PostError { field: "quota", problem: Problem::DoorQuota });
    }
    Ok(())
}

pub(super) fn check_revoke(cut_seq: Seq, cut_id: Option<&EntryId>) -> Result<(), PostError> {
    if (cut_seq == 0) == cut_id.is_none() {
        return Ok(());
    }
    Err(PostError { field: "cut_id", problem: Problem::Cut })
}
