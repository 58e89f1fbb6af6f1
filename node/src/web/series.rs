//! The dates of a series, to choose one of: for what is done to a date and not to all of them.

use klatch_feed::EventState;
use klatch_feed::post::instant;

use super::ask::{Problem, Visit, escaped, take};
use super::when::When;
use super::words::Words;
use crate::clock;
use crate::daemon::Request;

/// Most that are offered.
const DATES_MAX: usize = 12;
/// A date that began this long ago is offered still: its door may be open.
const PAST_MS: i64 = 24 * 60 * 60 * 1000;

/// One date.
#[derive(Debug)]
pub(super) struct Date {
    pub(super) href: String,
    /// Its name, as forms carry it.
    pub(super) on: String,
    pub(super) text: String,
    pub(super) cancelled: bool,
    pub(super) is_here: bool,
}

/// The series that a date is one of, whose state alone knows when the others are; `None` where the event is no date.
pub(super) async fn whole(visit: &Visit, event: &EventState) -> Result<Option<Box<EventState>>, Problem> {
    if event.occ.is_none() {
        return Ok(None);
    }
    take!(visit, Request::EventShow { event: event.id.to_string(), on: None }, Event).map(Some)
}

/// Those that come, each leading to `page` of the event; none where it does not repeat.
pub(super) async fn dates(visit: &Visit, event: &EventState, page: &str) -> Result<Vec<Date>, Problem> {
    let whole = whole(visit, event).await?;
    Ok(listed(whole.as_deref().unwrap_or(event), event.occ.as_deref(), page, visit.words()))
}

fn listed(series: &EventState, here: Option<&str>, page: &str, words: Words) -> Vec<Date> {
    if series.founded_start.is_none() {
        return Vec::new();
    }
    let from = clock::now() - PAST_MS;
    let date = |name: String| {
        let start = series.occurrence_start(&name);
        let at = instant(&start, &series.zone).ok();
        let is_here = here == Some(&*name);
        if !is_here && at.is_some_and(|at| at.timestamp_millis() < from) {
            return None;
        }
        let text = When::of(&start, &series.zone, None, 0, chrono_tz::UTC, words).there;
        let cancelled = series.occurrences.iter().any(|line| line.occ == name && line.cancelled);
        Some(Date {
            href: format!("/event/{}/{page}?on={}", series.id, escaped(&name)),
            text,
            cancelled,
            is_here,
            on: name,
        })
    };
    series.occurrence_names().into_iter().filter_map(date).take(DATES_MAX).collect()
}

/// Those that are left out, each with its name.
pub(super) fn left_out(series: &EventState, words: Words) -> Vec<(String, String)> {
    let said = |name: &String| When::of(name, &series.zone, None, 0, chrono_tz::UTC, words).there;
    series.except.iter().map(|name| (name.clone(), said(name))).collect()
}

/// The end of an address that leads to this date.
pub(super) fn tail(on: Option<&str>) -> String {
    on.map(|on| format!("?on={}", escaped(on))).unwrap_or_default()
}
