//! The dates of a series, to choose one of: for what is done to a date and not to all of them.

use klatch_feed::EventState;
use klatch_feed::post::instant;

use super::ask::escaped;
use super::when::When;
use super::words::Words;
use crate::clock;

/// Most that are offered.
const DATES_MAX: usize = 12;
/// A date that began this long ago is offered still: its door may be open.
const PAST_MS: i64 = 24 * 60 * 60 * 1000;

/// One date.
#[derive(Debug)]
pub(super) struct Date {
    pub(super) href: String,
    pub(super) text: String,
    pub(super) cancelled: bool,
    pub(super) is_here: bool,
}

/// Those that come, each leading to `page` of the event; none where it does not repeat.
pub(super) fn dates(event: &EventState, page: &str, words: Words) -> Vec<Date> {
    if event.founded_start.is_none() {
        return Vec::new();
    }
    let from = clock::now() - PAST_MS;
    let date = |name: String| {
        let start = event.occurrence_start(&name);
        let at = instant(&start, &event.zone).ok();
        let is_here = event.occ.as_ref() == Some(&name);
        if !is_here && at.is_some_and(|at| at.timestamp_millis() < from) {
            return None;
        }
        let text = When::of(&start, &event.zone, None, 0, chrono_tz::UTC, words).there;
        let cancelled = event.occurrences.iter().any(|line| line.occ == name && line.cancelled);
        Some(Date {
            href: format!("/event/{}/{page}?on={}", event.id, escaped(&name)),
            text,
            cancelled,
            is_here,
        })
    };
    event.occurrence_names().into_iter().filter_map(date).take(DATES_MAX).collect()
}

/// The end of an address that leads to this date.
pub(super) fn tail(on: Option<&str>) -> String {
    on.map(|on| format!("?on={}", escaped(on))).unwrap_or_default()
}
