//! Groups and who may do what: founding, joining, roles and their taking. Grant, revoke and endorse are for
//! events too.

use serde::{Deserialize, Serialize};

use super::form::or_default;
use super::{
    Body, Joining, Person, Post, PostError, Problem, Role, Schedulers, Silence, count, distinct, line, number,
};
use crate::{EntryId, Seq};

/// Most seats one grant hands over, and one event has.
pub(super) const SEATS_MAX: u32 = 100_000;

#[derive(Deserialize, Serialize)]
pub(super) struct Group {
    name: String,
    owners: Vec<Person>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_open")]
    joining: Joining,
    #[serde(skip_serializing_if = "Option::is_none")]
    silence: Option<Silence>,
    schedulers: Schedulers,
}

fn is_open(joining: &Joining) -> bool {
    *joining == Joining::Open
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
    #[serde(skip_serializing_if = "Option::is_none")]
    from_seq: Option<Seq>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Accept {
    subject: Person,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_seq: Option<Seq>,
}

/// What is endorsed stands in the refs.
#[derive(Deserialize, Serialize)]
pub(super) struct Endorse {}

/// Statements stand in the refs.
#[derive(Deserialize, Serialize)]
pub(super) struct Present {}

#[derive(Deserialize, Serialize)]
pub(super) struct Silent {
    heir: Person,
    #[serde(skip_serializing_if = "Option::is_none")]
    cut_id: Option<EntryId>,
    cut_seq: Seq,
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
        let Self { name, owners, joining, silence, schedulers } = self;
        refs.is_empty().then_some(Post::Group { name, owners, schedulers, joining, silence })
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
        let (&object, lifts) = refs.split_first()?;
        let Self { role, quota, subject, from_seq } = self;
        Some(Post::Grant { object, subject, role, quota, lifts: lifts.to_vec(), from_seq })
    }
}

impl Body for Accept {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let (&group, lifts) = refs.split_first()?;
        Some(Post::Accept { group, subject: self.subject, lifts: lifts.to_vec(), from_seq: self.from_seq })
    }
}

impl Body for Endorse {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let (&object, entries) = refs.split_first()?;
        Some(Post::Endorse { object, entries: entries.to_vec() })
    }
}

impl Body for Present {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let (&group, statements) = refs.split_first()?;
        Some(Post::Present { group, statements: statements.to_vec() })
    }
}

impl Body for Silent {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[group] = refs else { return None };
        let Self { heir, cut_id, cut_seq, subject } = self;
        Some(Post::Silent { group, subject, heir, cut_seq, cut_id })
    }
}

impl Body for Revoke {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[object] = refs else { return None };
        Some(Post::Revoke { object, subject: self.subject, cut_seq: self.cut_seq, cut_id: self.cut_id })
    }
}

impl Group {
    pub(super) fn of(
        name: &str,
        owners: &[Person],
        schedulers: Schedulers,
        joining: Joining,
        silence: Option<Silence>,
    ) -> Self {
        Self { name: name.to_owned(), owners: owners.to_vec(), joining, silence, schedulers }
    }
}

impl Grant {
    pub(super) fn of(subject: &Person, role: Role, quota: u32, from_seq: Option<Seq>) -> Self {
        Self { role, quota, subject: *subject, from_seq }
    }
}

impl Accept {
    pub(super) fn of(subject: &Person, from_seq: Option<Seq>) -> Self {
        Self { subject: *subject, from_seq }
    }
}

impl Silent {
    pub(super) fn of(subject: &Person, heir: &Person, cut_seq: Seq, cut_id: Option<EntryId>) -> Self {
        Self { heir: *heir, cut_id, cut_seq, subject: *subject }
    }
}

impl Revoke {
    pub(super) fn of(subject: &Person, cut_seq: Seq, cut_id: Option<EntryId>) -> Self {
        Self { cut_id, cut_seq, subject: *subject }
    }
}

pub(super) fn check_group(name: &str, owners: &[Person], silence: Option<Silence>) -> Result<(), PostError> {
    line("name", name, 1..=120)?;
    count("owners", owners.len(), 0..=8)?;
    distinct("owners", owners)?;
    let Some(Silence { owners, members }) = silence else { return Ok(()) };
    number("silence", owners, 0..=8)?;
    // One member alone would be anybody whom an organizer accepted.
    number("silence", members, if members == 0 { 0..=0 } else { 2..=10_000 })?;
    match owners + members {
        0 => Err(PostError { field: "silence", problem: Problem::Nobody }),
        _ => Ok(()),
    }
}

/// Revokes that are lifted, and from where on their subject counts again.
pub(super) fn check_lifts(lifts: &[EntryId], from_seq: Option<Seq>) -> Result<(), PostError> {
    count("lifts", lifts.len(), 0..=7)?;
    distinct("lifts", lifts)?;
    match (lifts.is_empty(), from_seq) {
        (true, None) => Ok(()),
        (false, Some(seq)) => number("from_seq", seq, 1..=Seq::MAX),
        _ => Err(PostError { field: "from_seq", problem: Problem::Lifts }),
    }
}

/// Entries that a post is about, beside its object.
pub(super) fn check_named(field: &'static str, entries: &[EntryId]) -> Result<(), PostError> {
    count(field, entries.len(), 1..=7)?;
    distinct(field, entries)
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
