//! Which occurrences a series has, and when each begins, in local time. Source: spec/meetup.md, "series".
//!
//! Absent on purpose: instants. Two zones and two versions of the zone data agree on what is here.

use chrono::{NaiveDateTime, NaiveTime};
use serde::{Deserialize, Serialize};

use super::EventState;
use crate::post::{EventFields, OCCURRENCES_MAX, Rule, START_FORM, parse_start};

/// An occurrence that something was said about.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct OccurrenceLine {
    /// Its original local start, which names it.
    pub occ: String,
    /// Its local start now.
    pub start: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
}

impl OccurrenceLine {
    pub(super) fn of(state: &EventState) -> Option<Self> {
        let EventState { occ, start, cancelled, .. } = state;
        Some(Self { occ: occ.clone()?, start: start.clone(), cancelled: *cancelled })
    }
}

impl EventState {
    /// The names of a series' occurrences, soonest first, those called off included; none where it is no series.
    pub fn occurrence_names(&self) -> Vec<String> {
        let Some(start) = &self.founded_start else { return vec![] };
        let fields = EventFields {
            repeat: self.repeat.clone(),
            extra: Some(self.extra.clone()),
            except: Some(self.except.clone()),
            ..EventFields::default()
        };
        occurrences(start, &fields)
    }

    /// When an occurrence of the series begins now, in local time.
    pub fn occurrence_start(&self, occ: &str) -> String {
        match self.occurrences.iter().find(|line| line.occ == occ) {
            Some(line) => line.start.clone(),
            None => self.plain_start(occ),
        }
    }

    /// When one begins that nothing was said about.
    pub(super) fn plain_start(&self, occ: &str) -> String {
        self.founded_start.as_deref().map_or_else(|| occ.to_owned(), |from| moved(occ, from, &self.start))
    }

    /// An occurrence of a series that nothing was said about: as the series, at its own time. `self` is the
    /// state of the series.
    pub fn plain_occurrence(&self, occ: &str) -> Self {
        Self {
            occ: Some(occ.to_owned()),
            start: self.plain_start(occ),
            occurrences: vec![],
            attendance: vec![],
            here: vec![],
            ..self.clone()
        }
    }
}

/// The names of all occurrences, soonest first: original local starts, whether called off or not.
///
/// `start` and `fields.repeat` are those of the founding body, or the rule as it is now; what cannot be read
/// names nothing but the first.
pub(super) fn occurrences(start: &str, fields: &EventFields) -> Vec<String> {
    let Ok(first) = parse_start(start) else { return vec![] };
    let (date, time): (_, NaiveTime) = (first.date(), first.time());
    let rule = fields.repeat.as_deref().and_then(|rule| rule.parse::<Rule>().ok());
    let dates = rule.map_or_else(|| vec![date], |rule| rule.dates(date));
    let mut all: Vec<_> = dates.into_iter().map(|date| form(date.and_time(time))).collect();
    all.extend(fields.extra.iter().flatten().cloned());
    all.retain(|start| !fields.except.iter().flatten().any(|none| none == start));
    all.sort_unstable(); // The form sorts by time.
    all.dedup();
    all.truncate(OCCURRENCES_MAX);
    all
}

/// `occ` moved as far in local time as `from` is from `to`; `occ` itself where that is no time any more.
pub(super) fn moved(occ: &str, from: &str, to: &str) -> String {
    let moved = || {
        let [occ, from, to] = [occ, from, to].map(|start| parse_start(start).ok());
        occ?.checked_add_signed(to? - from?)
    };
    let text = moved().map(form).filter(|text| parse_start(text).is_ok());
    text.unwrap_or_else(|| occ.to_owned())
}

fn form(at: NaiveDateTime) -> String {
    at.format(START_FORM).to_string()
}
