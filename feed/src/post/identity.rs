//! Who somebody is: genesis, profile, follow.

use serde::{Deserialize, Serialize};

use super::event::lines;
use super::form::or_default;
use super::{Body, Person, Post, PostError, line, number, text};
use crate::EntryId;
use crate::succession::Succeeds;

#[derive(Deserialize, Serialize)]
pub(super) struct Genesis {
    #[serde(with = "serde_bytes")]
    recovery: [u8; 32],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    succeeds: Option<Box<Succeeds>>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Profile {
    name: String,
    about: String,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    links: Vec<String>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Follow {
    on: bool,
    subject: Person,
}

impl Body for Genesis {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        refs.is_empty().then_some(Post::Genesis { recovery: self.recovery, succeeds: self.succeeds })
    }
}

impl Body for Profile {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        refs.is_empty().then_some(Post::Profile { name: self.name, about: self.about, links: self.links })
    }
}

impl Body for Follow {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        refs.is_empty().then_some(Post::Follow { subject: self.subject, on: self.on })
    }
}

impl Genesis {
    pub(super) fn of(recovery: &[u8; 32], succeeds: Option<&Succeeds>) -> Self {
        Self { recovery: *recovery, succeeds: succeeds.cloned().map(Box::new) }
    }
}

impl Profile {
    pub(super) fn of(name: &str, about: &str, links: &[String]) -> Self {
        Self { name: name.to_owned(), about: about.to_owned(), links: links.to_vec() }
    }
}

impl Follow {
    pub(super) fn of(subject: &Person, on: bool) -> Self {
        Self { on, subject: *subject }
    }
}

pub(super) fn check_genesis(succeeds: Option<&Succeeds>) -> Result<(), PostError> {
    succeeds.map_or(Ok(()), |statement| number("keep_seq", statement.keep().0, 1..=u32::MAX))
}

pub(super) fn check_profile(name: &str, about: &str, links: &[String]) -> Result<(), PostError> {
    line("name", name, 1..=60)?;
    text("about", about, 0..=2000)?;
    lines("links", links, 5, 200)
}
