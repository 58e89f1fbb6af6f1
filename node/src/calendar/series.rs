//! A series as one rule with its exceptions, or as a list of dates where no rule says the same to every reader;
//! and each occurrence that differs as a component of its own.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use icalendar::Property;
use klatch_feed::EventState;
use klatch_feed::post::{Rule, local_start};

use super::content::Component;
use super::zone::is_once;
use super::{Dated, Times, Writer, date_of};

/// An occurrence as the series alone has it: before anything was said about it.
struct Plain {
    name: String,
    state: EventState,
    times: Times,
}

impl Writer<'_> {
    pub(super) fn series(&mut self, dated: &Dated) -> Vec<Component> {
        let Dated { event, occurrences, whole, .. } = dated;
        let plain = |name: String| {
            let state = event.plain_occurrence(&name);
            Some(Plain { times: Times::of(&state)?, name, state })
        };
        let names = event.occurrence_names();
        let (count, plain) = (names.len(), names.into_iter().filter_map(plain).collect::<Vec<_>>());
        if plain.len() < count {
            self.left_out.push((event.title.clone(), event.zone.clone()));
        }
        let mut components = Vec::new();
        if *whole && !plain.is_empty() {
            let (first, lines) = self.recurrence(event, &plain);
            components.push(self.event(event, &first, lines));
        }
        // Two on one day are one to a reader of whole days: the first stands for both.
        let mut told = BTreeSet::new();
        for Plain { name, state, times } in plain {
            let special = occurrences.iter().find(|special| special.occ.as_ref() == Some(&name));
            let is_told = special.is_some() || (*whole && !times.is_plain());
            let which = self.moment("RECURRENCE-ID", times.start, times.all_day);
            if !is_told || !told.insert(which.value().to_owned()) {
                continue;
            }
            let state = special.unwrap_or(&state);
            match Times::of(state) {
                Some(times) => components.push(self.event(state, &times, vec![which])),
                None => self.left_out.push((state.title.clone(), state.zone.clone())),
            }
        }
        components
    }

    /// When the first is, and what says when the others are.
    fn recurrence(&mut self, event: &EventState, plain: &[Plain]) -> (Times, Vec<Property>) {
        let starts: Vec<_> = plain.iter().map(|one| one.times.start).collect();
        let Some((first, rule, dates)) = by_rule(event) else {
            // The first too: not every reader counts a start that no rule names.
            let mut lines: Vec<_> =
                starts.into_iter().map(|at| self.moment("RDATE", at, event.all_day)).collect();
            lines.dedup();
            return (Times::of(&plain[0].state).expect("it has an instant, as the others"), lines);
        };
        let mut lines = vec![Property::new("RRULE", rule)];
        let is_one = |at: &DateTime<Tz>| starts.contains(at);
        let except = dates.iter().filter(|at| !is_one(at)).copied();
        lines.extend(except.map(|at| self.moment("EXDATE", at, event.all_day)).collect::<Vec<_>>());
        let extra = starts.iter().filter(|at| !dates.contains(at)).copied();
        lines.extend(extra.map(|at| self.moment("RDATE", at, event.all_day)).collect::<Vec<_>>());
        (first, lines)
    }
}

/// The first occurrence by the rule, the rule as every reader understands it, and the instants it names; `None`
/// where readers would differ: the start is none of the rule's own dates, the series was moved to other days
/// than the rule names, or a start falls into a gap, which RFC 5545 lets a reader pass over, or is there twice.
fn by_rule(event: &EventState) -> Option<(Times, String, Vec<DateTime<Tz>>)> {
    let text = event.repeat.as_deref()?;
    let rule: Rule = text.parse().ok()?;
    let founded: NaiveDate = event.founded_start.as_deref()?.get(..10)?.parse().ok()?;
    if !rule.names(founded) {
        return None;
    }
    let time = &event.founded_start.as_deref()?[10..];
    let mut dates = Vec::new();
    let mut first = None;
    for date in rule.dates(founded) {
        let state = event.plain_occurrence(&format!("{date}{time}"));
        if date_of(&state)? != date {
            return None;
        }
        let start = local_start(&state.start, &state.zone).ok()?;
        dates.push(Some(start).filter(|start| event.all_day || is_once(*start))?);
        first = first.or_else(|| Times::of(&state));
    }
    // UNTIL would have to be in UTC, and a rule without an end has one here: all are counted.
    let parts = text.split(';').filter(|part| !part.starts_with("COUNT=") && !part.starts_with("UNTIL="));
    let counted = format!("COUNT={}", dates.len());
    let first = first.filter(Times::is_plain)?;
    Some((first, parts.chain([&counted[..]]).collect::<Vec<_>>().join(";"), dates))
}
