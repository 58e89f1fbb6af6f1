//! Events: scheduled, changed, called off; and what their local times mean.
//!
//! Whether a zone is known and a local time exists in it is asked when somebody schedules, never when an
//! entry is read: a verdict that all nodes must share cannot depend on a version of the zone data.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::group::SEATS_MAX;
use super::{Body, EventFields, Post, PostError, Problem, Reserved, count, distinct, line, number, text};
use crate::EntryId;

/// Two weeks.
const MINUTES_MAX: u32 = 20_160;
const START_FORM: &str = "%Y-%m-%dT%H:%M";

#[derive(Deserialize, Serialize)]
pub(super) struct Event {
    zone: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    split: bool,
    start: String,
    title: String,
    #[serde(default, skip_serializing)]
    repeat: Option<Reserved>,
    minutes: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity: Option<u32>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Update {
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minutes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity: Option<u32>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Cancel {
    reason: String,
}

impl Body for Event {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let group = match refs {
            [] => None,
            &[group] => Some(group),
            _ => return None,
        };
        let Self { zone, split, start, title, repeat, minutes, capacity } = self;
        repeat.is_none().then_some(Post::Event { group, title, start, zone, minutes, capacity, split })
    }
}

impl Body for Update {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let (&event, replaces) = refs.split_first()?;
        let Self { zone, about, place, start, title, minutes, capacity } = self;
        let fields = EventFields { title, start, zone, minutes, place, about, capacity };
        Some(Post::Update { event, replaces: replaces.to_vec(), fields })
    }
}

impl Body for Cancel {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[event] = refs else { return None };
        Some(Post::Cancel { event, reason: self.reason })
    }
}

impl Event {
    pub(super) fn of(
        title: &str,
        start: &str,
        zone: &str,
        minutes: u32,
        capacity: Option<u32>,
        split: bool,
    ) -> Self {
        let (zone, start, title) = (zone.to_owned(), start.to_owned(), title.to_owned());
        Self { zone, split, start, title, repeat: None, minutes, capacity }
    }
}

impl Update {
    pub(super) fn of(fields: &EventFields) -> Self {
        let EventFields { title, start, zone, minutes, place, about, capacity } = fields.clone();
        Self { zone, about, place, start, title, minutes, capacity }
    }
}

impl Cancel {
    pub(super) fn of(reason: &str) -> Self {
        Self { reason: reason.to_owned() }
    }
}

/// The limits of every field that is there.
pub(super) fn check_fields(fields: &EventFields) -> Result<(), PostError> {
    let EventFields { title, start, zone, minutes, place, about, capacity } = fields;
    title.as_deref().map_or(Ok(()), |title| line("title", title, 1..=120))?;
    start.as_deref().map_or(Ok(()), |start| parse_start(start).map(drop))?;
    zone.as_deref().map_or(Ok(()), |zone| line("zone", zone, 1..=64))?;
    minutes.map_or(Ok(()), |minutes| number("minutes", minutes, 1..=MINUTES_MAX))?;
    place.as_deref().map_or(Ok(()), |place| line("place", place, 0..=300))?;
    about.as_deref().map_or(Ok(()), |about| text("about", about, 0..=4000))?;
    capacity.map_or(Ok(()), |capacity| number("capacity", capacity, 1..=SEATS_MAX))
}

pub(super) fn check_update(replaces: &[EntryId], fields: &EventFields) -> Result<(), PostError> {
    count("replaces", replaces.len(), 0..=7)?;
    distinct("replaces", replaces)?;
    if *fields == EventFields::default() {
        return Err(PostError { field: "fields", problem: Problem::NoChange });
    }
    check_fields(fields)
}

/// What only who schedules can get wrong: a zone nobody knows, a local time that its clocks skip.
pub(super) fn check_local(start: Option<&str>, zone: Option<&str>) -> Result<(), PostError> {
    match (start, zone) {
        (Some(start), Some(zone)) => local_start(start, zone).map(drop),
        (None, Some(zone)) => parse_zone(zone).map(drop),
        (_, None) => Ok(()),
    }
}

/// The instant at which an event starts: `start` is local time as `YYYY-MM-DDTHH:MM`, `zone` an IANA name.
///
/// Where the clocks are set back and a local time is there twice, the earlier instant.
///
/// # Errors
///
/// `start` is not of that form, `zone` is not known here, or its clocks skip that time: then the problem
/// names the gap.
pub fn local_start(start: &str, zone: &str) -> Result<DateTime<Tz>, PostError> {
    let (tz, local) = (parse_zone(zone)?, parse_start(start)?);
    match tz.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Ok(at),
        LocalResult::None => {
            // No zone ever skipped more than a day.
            let exists = |minutes: i64| {
                let near = local.checked_add_signed(TimeDelta::minutes(minutes))?;
                (!matches!(tz.from_local_datetime(&near), LocalResult::None)).then_some(near)
            };
            let text = |at: Option<NaiveDateTime>| at.unwrap_or(local).format(START_FORM).to_string();
            let from = text((1..=1440).find_map(|m| exists(-m)).map(|at| at + TimeDelta::minutes(1)));
            let to = text((1..=1440).find_map(exists));
            let (start, zone) = (start.to_owned(), zone.to_owned());
            Err(PostError { field: "start", problem: Problem::Skipped { start, zone, from, to } })
        }
    }
}

fn parse_start(start: &str) -> Result<NaiveDateTime, PostError> {
    let parsed = NaiveDateTime::parse_from_str(start, START_FORM).ok();
    // chrono reads more than it writes ("2026-1-2T3:4", "+2026"): only what it writes is the form.
    parsed
        .filter(|at| start.len() == 16 && at.format(START_FORM).to_string() == start)
        .ok_or(PostError { field: "start", problem: Problem::Start })
}

fn parse_zone(zone: &str) -> Result<Tz, PostError> {
    zone.parse().map_err(|_| PostError { field: "zone", problem: Problem::Zone { zone: zone.to_owned() } })
}
