//! Events: scheduled, changed, called off; and what their local times mean.
//!
//! Whether a zone is known and a local time exists in it is asked when somebody schedules, never when an
//! entry is read: a verdict that all nodes must share cannot depend on a version of the zone data.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::form::or_default;
use super::group::SEATS_MAX;
use super::repeat::Rule;
use super::rsvp::PARTY_MAX;
use super::{Body, Policy, Post, PostError, Problem, count, distinct, line, number, text};
use crate::EntryId;

/// Two weeks.
pub(super) const MINUTES_MAX: u32 = 20_160;
/// A year before the start.
const DEADLINE_MINUTES_MAX: u32 = 525_600;
/// Most occurrences beside the rule, and exceptions from it.
const STARTS_MAX: usize = 64;
pub(crate) const START_FORM: &str = "%Y-%m-%dT%H:%M";

/// The fields of an event that can change. What an event has beyond its founding
/// body comes with its first update: the founding body is kept for ever, that of an update can be taken back.
///
/// Limits and meaning: spec/posts.md, "fields of an event".
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct EventFields {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geo: Option<(i32, i32)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub except: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all_day: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_by: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party_max: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub questions: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm_by: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_show_max: Option<u32>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Event {
    zone: String,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "std::ops::Not::not")]
    split: bool,
    start: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<String>,
    minutes: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity: Option<u32>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Update {
    #[serde(skip_serializing_if = "Option::is_none")]
    occ: Option<String>,
    #[serde(flatten)]
    fields: EventFields,
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
        Some(Post::Event { group, title, start, zone, minutes, capacity, split, repeat })
    }
}

impl Body for Update {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let (&event, replaces) = refs.split_first()?;
        let Self { occ, fields } = self;
        Some(Post::Update { event, replaces: replaces.to_vec(), fields: Box::new(fields), occ })
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
        repeat: Option<&str>,
    ) -> Self {
        let (zone, start, title) = (zone.to_owned(), start.to_owned(), title.to_owned());
        Self { zone, split, start, title, repeat: repeat.map(str::to_owned), minutes, capacity }
    }
}

impl Update {
    pub(super) fn of(fields: &EventFields, occ: Option<&str>) -> Self {
        Self { occ: occ.map(str::to_owned), fields: fields.clone() }
    }
}

impl Cancel {
    pub(super) fn of(reason: &str) -> Self {
        Self { reason: reason.to_owned() }
    }
}

/// The limits of every field that is there.
pub(super) fn check_fields(fields: &EventFields) -> Result<(), PostError> {
    let EventFields {
        geo,
        cost,
        tags,
        zone,
        about,
        extra,
        opens,
        place,
        start,
        title,
        access,
        closes,
        except,
        online,
        policy,
        repeat,
        all_day,
        minutes,
        capacity,
        cancel_by,
        party_max,
        questions,
        confirm_by,
        no_show_max,
    } = fields;
    let (_, _): (&Option<Policy>, &Option<bool>) = (policy, all_day); // Every value fits.
    let within = |name, value: &Option<u32>, range| value.map_or(Ok(()), |value| number(name, value, range));
    let one_line = |name, value: &Option<String>, bytes| match value {
        Some(value) => line(name, value, bytes),
        None => Ok(()),
    };
    one_line("title", title, 1..=120)?;
    start.as_deref().map_or(Ok(()), |start| parse_start(start).map(drop))?;
    one_line("zone", zone, 1..=64)?;
    within("minutes", minutes, 1..=MINUTES_MAX)?;
    one_line("place", place, 0..=300)?;
    geo.map_or(Ok(()), check_geo)?;
    access.as_deref().map_or(Ok(()), |said| text("access", said, 0..=1000))?;
    one_line("online", online, 0..=300)?;
    about.as_deref().map_or(Ok(()), |about| text("about", about, 0..=4000))?;
    one_line("cost", cost, 0..=100)?;
    tags.as_deref().map_or(Ok(()), |tags| lines("tags", tags, 8, 32))?;
    questions.as_deref().map_or(Ok(()), |asked| lines("questions", asked, 10, 200))?;
    within("capacity", capacity, 1..=SEATS_MAX)?;
    within("party_max", party_max, 1..=PARTY_MAX)?;
    within("no_show_max", no_show_max, 0..=100)?;
    for (name, before) in
        [("opens", opens), ("closes", closes), ("confirm_by", confirm_by), ("cancel_by", cancel_by)]
    {
        within(name, before, 0..=DEADLINE_MINUTES_MAX)?;
    }
    repeat.as_deref().filter(|rule| !rule.is_empty()).map_or(Ok(()), check_rule)?;
    extra.as_deref().map_or(Ok(()), |starts| check_starts("extra", starts))?;
    except.as_deref().map_or(Ok(()), |starts| check_starts("except", starts))
}

fn check_geo((lat, lon): (i32, i32)) -> Result<(), PostError> {
    let within = |found: i32, max: u32| match found.unsigned_abs() <= max {
        true => Ok(()),
        false => Err(PostError { field: "geo", problem: Problem::Geo }),
    };
    within(lat, 90_000_000)?;
    within(lon, 180_000_000)
}

/// A few distinct lines.
pub(super) fn lines(
    field: &'static str,
    said: &[String],
    most: usize,
    bytes: usize,
) -> Result<(), PostError> {
    count(field, said.len(), 0..=most)?;
    distinct(field, said)?;
    said.iter().try_for_each(|said| line(field, said, 1..=bytes))
}

fn check_starts(field: &'static str, starts: &[String]) -> Result<(), PostError> {
    count(field, starts.len(), 0..=STARTS_MAX)?;
    distinct(field, starts)?;
    starts
        .iter()
        .try_for_each(|start| parse_start(start).map(drop))
        .map_err(|error| PostError { field, ..error })
}

/// A rule by which events repeat.
pub(super) fn check_rule(rule: &str) -> Result<(), PostError> {
    match rule.parse::<Rule>() {
        Ok(_) => Ok(()),
        Err(error) => Err(PostError { field: "repeat", problem: Problem::Rule(error) }),
    }
}

/// The name of an occurrence is a local start.
pub(super) fn check_occ(occ: &str) -> Result<(), PostError> {
    parse_start(occ).map(drop).map_err(|error| PostError { field: "occ", ..error })
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

/// The instant at which an occurrence starts, for whoever shows it: as [`local_start`], but where the clocks
/// skip the time it is as far after the gap as the time is after its begin. Nobody chose that time: a rule
/// named the date. Source: spec/meetup.md, "series".
///
/// # Errors
///
/// `start` is not of that form, or `zone` is not known here.
pub fn instant(start: &str, zone: &str) -> Result<DateTime<Tz>, PostError> {
    let (tz, local) = (parse_zone(zone)?, parse_start(start)?);
    // The last minute before the gap, and from there on as the time goes: no zone ever skipped more than a day.
    let at = (0..=1440).find_map(|minutes| {
        let before = TimeDelta::minutes(minutes);
        let at = tz.from_local_datetime(&local.checked_sub_signed(before)?).earliest()?;
        at.checked_add_signed(before)
    });
    at.ok_or(PostError { field: "start", problem: Problem::Start })
}

/// A local date and time in the one form that entries have.
pub(crate) fn parse_start(start: &str) -> Result<NaiveDateTime, PostError> {
    let parsed = NaiveDateTime::parse_from_str(start, START_FORM).ok();
    // chrono reads more than it writes ("2026-1-2T3:4", "+2026"): only what it writes is the form.
    parsed
        .filter(|at| start.len() == 16 && at.format(START_FORM).to_string() == start)
        .ok_or(PostError { field: "start", problem: Problem::Start })
}

fn parse_zone(zone: &str) -> Result<Tz, PostError> {
    zone.parse().map_err(|_| PostError { field: "zone", problem: Problem::Zone { zone: zone.to_owned() } })
}
