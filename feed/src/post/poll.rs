//! When should it be? A poll, the votes, and the event that came of it. None of it is read by the fold.

use serde::{Deserialize, Serialize};

use super::event::{MINUTES_MAX, parse_start};
use super::{Body, Post, PostError, count, distinct, line, number};
use crate::EntryId;

/// Most options of a poll.
const OPTIONS_MAX: usize = 12;

#[derive(Deserialize, Serialize)]
pub(super) struct Poll {
    zone: String,
    minutes: u32,
    options: Vec<String>,
    question: String,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Vote {
    yes: Vec<u32>,
}

/// Poll and event stand in the refs.
#[derive(Deserialize, Serialize)]
pub(super) struct Settled {}

impl Body for Poll {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[group] = refs else { return None };
        let Self { zone, minutes, options, question } = self;
        Some(Post::Poll { group, question, zone, minutes, options })
    }
}

impl Body for Vote {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[poll] = refs else { return None };
        Some(Post::Vote { poll, yes: self.yes })
    }
}

impl Body for Settled {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[poll, event] = refs else { return None };
        Some(Post::Settled { poll, event })
    }
}

impl Poll {
    pub(super) fn of(question: &str, zone: &str, minutes: u32, options: &[String]) -> Self {
        let (zone, question) = (zone.to_owned(), question.to_owned());
        Self { zone, minutes, options: options.to_vec(), question }
    }
}

impl Vote {
    pub(super) fn of(yes: &[u32]) -> Self {
        Self { yes: yes.to_vec() }
    }
}

pub(super) fn check(question: &str, zone: &str, minutes: u32, options: &[String]) -> Result<(), PostError> {
    line("question", question, 1..=200)?;
    line("zone", zone, 1..=64)?;
    number("minutes", minutes, 1..=MINUTES_MAX)?;
    count("options", options.len(), 2..=OPTIONS_MAX)?;
    distinct("options", options)?;
    let option = |start: &String| parse_start(start).map(drop);
    options.iter().try_for_each(option).map_err(|error| PostError { field: "options", ..error })
}

pub(super) fn check_vote(yes: &[u32]) -> Result<(), PostError> {
    count("yes", yes.len(), 0..=OPTIONS_MAX)?;
    distinct("yes", yes)?;
    yes.iter().try_for_each(|at| number("yes", *at, 0..=11))
}
