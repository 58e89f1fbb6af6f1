//! An event in one line of a list: what is on, and how one person stands with it.

use chrono::{Days, TimeDelta};
use serde::{Deserialize, Serialize};

use super::{EventState, SeatLine, is_default};
use crate::post::{Role, instant};
use crate::{EntryId, FeedId};

/// The longest that an event goes on, in milliseconds: spec/posts.md, "minutes", and whole days to the end of the last.
pub const LONGEST_MS: i64 = 15 * 24 * 60 * 60 * 1000;

/// One event in a list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct AgendaLine {
    pub id: EntryId,
    /// The occurrence of a series, by its original local start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occ: Option<String>,
    pub title: String,
    pub start: String,
    pub zone: String,
    /// Milliseconds since 1970; `None` where this node does not know the zone.
    pub start_ms: Option<i64>,
    /// The same of the end, see [`end_ms`].
    pub end_ms: Option<i64>,
    pub place: String,
    pub group: Option<EntryId>,
    pub capacity: Option<u32>,
    /// Persons with a seat, guests of guests included.
    pub seated: u32,
    /// Persons who wait.
    pub waiting: u32,
    pub cancelled: bool,
    /// Why, in short: never kept, but looked up by who lists it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: String,
    /// Only the dates count.
    #[serde(default, skip_serializing_if = "is_default")]
    pub all_day: bool,
    /// Whether anything said of it is hidden: its state says which words are not to be shown.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hidden: bool,
    /// How the person it was made for stands with the event.
    pub mine: Option<Standing>,
}

/// How somebody stands with an event.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Has a seat.
    Seated,
    /// Waits, at this place from 1.
    Waiting(u32),
    /// Would have a seat; no host has seen the answer yet.
    Provisional,
    /// No host has seen the answer yet, and no seat is free.
    Unranked,
    /// Had a line, and a host gave it up.
    Released,
    /// Said maybe.
    Maybe,
    /// Said no.
    No,
}

impl AgendaLine {
    /// The line of `event` in the list of `who`.
    pub fn of(event: &EventState, who: &FeedId) -> Self {
        Self {
            id: event.id,
            occ: event.occ.clone(),
            title: event.title.clone(),
            start: event.start.clone(),
            zone: event.zone.clone(),
            start_ms: start_ms(&event.start, &event.zone),
            end_ms: end_ms(event, &event.start),
            place: event.place.clone(),
            group: event.group,
            capacity: event.capacity,
            seated: persons(&event.seated),
            waiting: persons(&event.waiting),
            cancelled: event.cancelled,
            reason: String::new(),
            all_day: event.all_day,
            hidden: !event.hidden.is_empty(),
            mine: standing(event, who),
        }
    }

    /// The lines of an event in the list of `who`: one, or one for each occurrence of a series, by name.
    /// `special` are the occurrences that something was said about.
    pub fn all(event: &EventState, special: &[EventState], who: &FeedId) -> Vec<Self> {
        let whole = Self::of(event, who);
        if event.founded_start.is_none() {
            return vec![whole];
        }
        let line = |occ: String| match special.iter().find(|state| state.occ.as_ref() == Some(&occ)) {
            Some(state) => Self::of(state, who),
            None => {
                let start = event.plain_start(&occ);
                let (start_ms, end_ms) = (start_ms(&start, &event.zone), end_ms(event, &start));
                Self { start_ms, end_ms, occ: Some(occ), start, ..whole.clone() }
            }
        };
        event.occurrence_names().into_iter().map(line).collect()
    }
}

/// A local start as milliseconds since 1970, also one that the clocks skip ([`instant`]); `None` where this
/// node does not know the zone.
pub fn start_ms(start: &str, zone: &str) -> Option<i64> {
    instant(start, zone).ok().map(|at| at.timestamp_millis())
}

/// When an event that begins at that local time is over, in milliseconds since 1970: of whole days, when the last of
/// them is. `None` where the zone is not known.
pub fn end_ms(event: &EventState, start: &str) -> Option<i64> {
    let begins = instant(start, &event.zone).ok()?;
    let end = match event.all_day {
        true => {
            let days = event.minutes.div_ceil(24 * 60).max(1);
            let date = begins.date_naive().checked_add_days(Days::new(days.into()))?;
            instant(&format!("{date}T00:00"), &event.zone).ok()?
        }
        false => begins.checked_add_signed(TimeDelta::minutes(event.minutes.into()))?,
    };
    Some(end.timestamp_millis())
}

/// How `who` stands with `event`, if they answered.
pub fn standing(event: &EventState, who: &FeedId) -> Option<Standing> {
    let among = |lines: &[SeatLine]| lines.iter().position(|line| line.feed == *who);
    if among(&event.seated).is_some() {
        return Some(Standing::Seated);
    }
    if let Some(at) = among(&event.waiting) {
        return Some(Standing::Waiting(u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1)));
    }
    if among(&event.provisional).is_some() {
        return Some(Standing::Provisional);
    }
    if among(&event.unranked).is_some() {
        return Some(Standing::Unranked);
    }
    if among(&event.released).is_some() {
        return Some(Standing::Released);
    }
    if among(&event.maybe).is_some() {
        return Some(Standing::Maybe);
    }
    event.no.contains(who).then_some(Standing::No)
}

/// Whether somebody hosts an event, or said that they come or may.
pub fn concerns(event: &EventState, who: &FeedId) -> bool {
    hosts(event, who) || matches!(standing(event, who), Some(stands) if stands != Standing::No)
}

/// Whether somebody has the role host or above there, and no cut.
pub fn hosts(event: &EventState, who: &FeedId) -> bool {
    event.hosts.iter().any(|line| line.feed == *who && line.role <= Role::Host && line.cut.is_none())
}

/// Persons on these lines.
pub fn persons(lines: &[SeatLine]) -> u32 {
    lines.iter().fold(0, |sum, line| sum.saturating_add(line.party))
}
