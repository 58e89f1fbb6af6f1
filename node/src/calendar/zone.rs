//! Local times in calendars, and what a reader needs to know about their zones (VTIMEZONE).
//!
//! Every change of a zone's clocks in the years around a time that is used is written as it happened or will
//! happen by the zone data here. So a reader with older zone data, or none, comes to the same instants.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::{OffsetComponents, OffsetName, Tz};
use icalendar::Property;

use super::content::Component;

/// Nobody changes clocks twice within it.
const STEP_SECONDS: i64 = 6 * 3600;

/// The zones that a calendar uses, with the years in which.
#[derive(Default)]
pub(super) struct Zones(BTreeMap<&'static str, (Tz, BTreeSet<i32>)>);

impl Zones {
    /// The line of a moment in its own zone. Where its local time is there twice: as UTC, since not every reader
    /// takes the earlier one, as RFC 5545 says.
    pub(super) fn moment(&mut self, key: &str, at: DateTime<Tz>) -> Property {
        let (tz, local) = (at.timezone(), at.naive_local());
        if !is_once(at) || is_utc(tz) {
            return utc(key, at);
        }
        let (_, years) = self.0.entry(tz.name()).or_insert_with(|| (tz, BTreeSet::new()));
        years.insert(local.year());
        let mut line = Property::new(key, local.format("%Y%m%dT%H%M%S").to_string());
        line.add_parameter("TZID", tz.name());
        line
    }

    /// What each of them does in those years.
    pub(super) fn components(&self) -> impl Iterator<Item = Component> {
        self.0.values().map(|(tz, years)| component(*tz, years))
    }
}

/// The line of a moment in UTC.
pub(super) fn utc(key: &str, at: DateTime<Tz>) -> Property {
    Property::new(key, at.to_utc().format("%Y%m%dT%H%M%SZ").to_string())
}

/// Whether the clocks of its zone show this time once.
pub(super) fn is_once(at: DateTime<Tz>) -> bool {
    at.timezone().from_local_datetime(&at.naive_local()).single().is_some()
}

fn is_utc(tz: Tz) -> bool {
    matches!(tz, Tz::UTC | Tz::Etc__UTC)
}

/// The line of a whole day.
pub(super) fn day(key: &str, date: NaiveDate) -> Property {
    let mut line = Property::new(key, date.format("%Y%m%d").to_string());
    line.add_parameter("VALUE", "DATE");
    line
}

fn component(tz: Tz, years: &BTreeSet<i32>) -> Component {
    let mut zone = Component::new("VTIMEZONE");
    zone.fixed("TZID", tz.name());
    let mut until = None;
    for year in years {
        // A year more on both sides: what begins at midnight, and what lasts over it.
        let [from, to] = [year - 1, year + 2].map(start_of);
        let Some(first) = until.map_or(Some(from), |until| (until < to).then_some(from.max(until))) else {
            continue;
        };
        if until != Some(first) {
            zone.push(observance(tz, first, first)); // What holds when the span begins.
        }
        changes(tz, first, to).for_each(|(before, at)| zone.push(observance(tz, before, at)));
        until = Some(to);
    }
    zone
}

/// The first instant of a year, by UTC; the ends of the calendar for years past them.
fn start_of(year: i32) -> DateTime<Utc> {
    let first = NaiveDate::from_ymd_opt(year.clamp(0, 9999), 1, 1).unwrap_or_default();
    first.and_time(chrono::NaiveTime::MIN).and_utc()
}

/// Instants from `first` on and before `last` at which the clocks change, each with one just before it.
fn changes(
    tz: Tz,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
    let what = move |seconds: i64| {
        let at = at(seconds).with_timezone(&tz);
        let offset = at.offset();
        (offset.fix(), offset.dst_offset(), offset.abbreviation().map(str::to_owned))
    };
    let steps = (first.timestamp()..last.timestamp()).step_by(STEP_SECONDS as usize);
    steps.filter_map(move |from| {
        let (mut low, mut high) = (from, from + STEP_SECONDS);
        let before = what(low);
        if what(high) == before {
            return None;
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if what(middle) == before { low = middle } else { high = middle }
        }
        Some((at(low), at(high)))
    })
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

/// What holds from `at` on; `before` tells what held until then.
fn observance(tz: Tz, before: DateTime<Utc>, at: DateTime<Utc>) -> Component {
    let [before, now] = [before, at].map(|at| tz.offset_from_utc_datetime(&at.naive_utc()));
    let name = if now.dst_offset() > TimeDelta::zero() { "DAYLIGHT" } else { "STANDARD" };
    let onset: NaiveDateTime = at.naive_utc() + before.fix();
    let mut lines = Component::new(name);
    lines.fixed("DTSTART", onset.format("%Y%m%dT%H%M%S").to_string());
    lines.fixed("TZOFFSETFROM", offset(before.fix().local_minus_utc()));
    lines.fixed("TZOFFSETTO", offset(now.fix().local_minus_utc()));
    if let Some(name) = now.abbreviation() {
        lines.fixed("TZNAME", name);
    }
    lines
}

/// `+0100`, with seconds where there are some: clocks of towns before there were zones.
fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let (minutes, rest) = (seconds.abs() / 60, seconds.abs() % 60);
    let text = format!("{sign}{:02}{:02}", minutes / 60, minutes % 60);
    if rest == 0 { text } else { format!("{text}{rest:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(tz: Tz, years: &[i32]) -> String {
        component(tz, &years.iter().copied().collect()).finish()
    }

    #[test]
    fn every_change_of_the_clocks_around_a_year_is_written_once() {
        let text = zone(Tz::Europe__Lisbon, &[2026]);
        assert_eq!(text.matches("BEGIN:STANDARD").count(), 4, "the span's begin, and three autumns: {text}");
        assert_eq!(text.matches("BEGIN:DAYLIGHT").count(), 3, "{text}");
        let spring =
            "BEGIN:DAYLIGHT\r\nDTSTART:20260329T010000\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100\r\n";
        assert!(text.contains(spring), "{text}");
        let autumn =
            "BEGIN:STANDARD\r\nDTSTART:20261025T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0000\r\n";
        assert!(text.contains(autumn), "{text}");
    }

    #[test]
    fn years_that_touch_are_one_span_and_others_begin_anew() {
        let counts = |years: &[i32]| zone(Tz::Europe__Lisbon, years).matches("BEGIN:STANDARD").count();
        assert_eq!(counts(&[2026, 2027]), 5);
        assert_eq!(counts(&[2026, 2028]), 6);
        assert_eq!(counts(&[2026, 2036]), 8);
    }

    #[test]
    fn half_hours_no_changes_and_clocks_of_towns_are_told() {
        assert!(zone(Tz::Australia__Lord_Howe, &[2026]).contains("TZOFFSETTO:+1030\r\n"));
        let kolkata = zone(Tz::Asia__Kolkata, &[2026]);
        assert_eq!(kolkata.matches("BEGIN:").count(), 2, "{kolkata}");
        assert!(kolkata.contains("TZOFFSETTO:+0530\r\n"), "{kolkata}");
        assert!(zone(Tz::Europe__Lisbon, &[1900]).contains("TZOFFSETTO:-003645\r\n"));
        for year in [i32::MIN + 2, 0, 9999] {
            assert!(zone(Tz::Europe__Lisbon, &[year]).contains("BEGIN:STANDARD"), "{year}");
        }
    }

    #[test]
    fn a_time_that_is_there_twice_is_told_in_utc() {
        let mut zones = Zones::default();
        let twice = NaiveDate::from_ymd_opt(2026, 10, 25).unwrap().and_hms_opt(1, 30, 0).unwrap();
        let found = Tz::Europe__Lisbon.from_local_datetime(&twice);
        let line = |zones: &mut Zones, at| -> String { zones.moment("DTSTART", at).try_into().unwrap() };
        assert_eq!(line(&mut zones, found.earliest().unwrap()), "DTSTART:20261025T003000Z\r\n");
        assert_eq!(line(&mut zones, found.latest().unwrap()), "DTSTART:20261025T013000Z\r\n");
    }
}
