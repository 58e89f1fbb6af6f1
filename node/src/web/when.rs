//! Times as a page shows them: a tile for the day, the event's own clock, and the reader's where it differs.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Offset, TimeDelta, Timelike};
use chrono_tz::Tz;
use klatch_feed::EventState;

use super::words::{Arg, Words};
use crate::clock;
use crate::daemon::EventLine;
use crate::foreign;

/// What began this long ago, and not today, is past.
const PAST_AFTER_MS: i64 = 6 * 60 * 60 * 1000;

const MONTHS: [&str; 12] = [
    "when-january",
    "when-february",
    "when-march",
    "when-april",
    "when-may",
    "when-june",
    "when-july",
    "when-august",
    "when-september",
    "when-october",
    "when-november",
    "when-december",
];

/// From Monday.
pub(super) const DAYS: [&str; 7] = [
    "when-monday",
    "when-tuesday",
    "when-wednesday",
    "when-thursday",
    "when-friday",
    "when-saturday",
    "when-sunday",
];

/// A day as a sheet of a calendar.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Tile {
    pub(super) month: String,
    pub(super) day: String,
    pub(super) weekday: String,
}

/// When something is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct When {
    /// `None` where the start cannot be read.
    pub(super) tile: Option<Tile>,
    /// For machines: `2026-12-01T18:30`.
    pub(super) stamp: String,
    /// `Tuesday 1 December 2026, 18:30–20:30`, by the event's own clock.
    pub(super) there: String,
    /// `18:30`
    pub(super) hour: String,
    pub(super) zone: String,
    /// The same for a reader whose clock shows another time.
    pub(super) here: Option<String>,
}

fn parse(start: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(start, "%Y-%m-%dT%H:%M").ok()
}

impl When {
    pub(super) fn of_event(event: &EventState, start_ms: Option<i64>, reader: Tz, words: Words) -> Self {
        let when = Self::of(&event.start, &event.zone, start_ms, event.minutes, reader, words);
        if event.all_day { when.of_whole_days(&event.start, words) } else { when }
    }

    /// The same where only the date counts.
    pub(super) fn of_whole_days(mut self, start: &str, words: Words) -> Self {
        if let Some(from) = parse(start) {
            self.there = date(from.date(), words);
            self.hour = words.say("when-all-day");
            self.here = None;
        }
        self
    }

    /// Of a local start in a zone; `minutes` = 0: no end is told.
    pub(super) fn of(
        start: &str,
        zone: &str,
        start_ms: Option<i64>,
        minutes: u32,
        reader: Tz,
        words: Words,
    ) -> Self {
        let zone_said = foreign::line(zone);
        let Some(said) = parse(start) else {
            let there = foreign::line(start);
            return Self { there, zone: zone_said, ..Self::default() };
        };
        // Where the clocks skip the time that a rule names, what they say then.
        let zoned = klatch_feed::post::instant(start, zone).ok();
        let from = zoned.map_or(said, |at| at.naive_local());
        let length = TimeDelta::minutes(i64::from(minutes));
        let to = match zoned {
            Some(at) => at.checked_add_signed(length).map(|end| end.naive_local()),
            None => from.checked_add_signed(length),
        };
        let hour = time_of(from);
        let span = match to.filter(|_| minutes > 0) {
            Some(to) if to.date() == from.date() => format!("{hour}–{}", time_of(to)),
            Some(to) => format!("{hour} – {}, {}", short_date(to.date(), words), time_of(to)),
            None => hour.clone(),
        };
        Self {
            tile: Some(Tile::of(from.date(), words)),
            stamp: from.format("%Y-%m-%dT%H:%M").to_string(),
            there: format!("{}, {span}", date(from.date(), words)),
            hour,
            zone: zone_said,
            here: start_ms.and_then(|start_ms| here(start_ms, zone, reader, words)),
        }
    }
}

impl Tile {
    pub(super) fn of(day: NaiveDate, words: Words) -> Self {
        let letters = words.say("when-letters").parse().unwrap_or(3);
        Self {
            month: brief(&words.say(MONTHS[day.month0() as usize % 12]), 3),
            day: day.day().to_string(),
            weekday: brief(&words.say(DAYS[day.weekday().num_days_from_monday() as usize % 7]), letters),
        }
    }
}

/// The first letters: three are enough to tell months and days apart in both languages.
fn brief(word: &str, letters: usize) -> String {
    word.chars().take(letters).collect()
}

fn time_of(at: NaiveDateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// `Tuesday 1 December 2026`
pub(super) fn date(day: NaiveDate, words: Words) -> String {
    said("when-date", day, words)
}

/// `Tuesday 1 December`
pub(super) fn short_date(day: NaiveDate, words: Words) -> String {
    said("when-short-date", day, words)
}

fn said(key: &str, day: NaiveDate, words: Words) -> String {
    let month = words.say(MONTHS[day.month0() as usize % 12]);
    let weekday = words.say(DAYS[day.weekday().num_days_from_monday() as usize % 7]);
    let (number, year) = (day.day().to_string(), day.year().to_string());
    let args = [("weekday", &weekday), ("day", &number), ("month", &month), ("year", &year)];
    words.with(key, &args.map(|(name, text)| (name, Arg::Own(text))))
}

/// The time of a start by the reader's clock; `None` where both clocks agree.
fn here(start_ms: i64, zone: &str, reader: Tz, words: Words) -> Option<String> {
    let at = DateTime::from_timestamp_millis(start_ms)?;
    let (theirs, mine) = (at.with_timezone(&zone.parse::<Tz>().ok()?), at.with_timezone(&reader));
    if theirs.offset().fix() == mine.offset().fix() {
        return None;
    }
    let hour = time_of(mine.naive_local());
    let time = match theirs.date_naive() == mine.date_naive() {
        true => hour,
        false => format!("{}, {hour}", short_date(mine.date_naive(), words)),
    };
    Some(words.with("when-here", &[("time", Arg::Own(&time)), ("zone", Arg::Own(reader.name()))]))
}

/// The reader's day on which an instant falls.
pub(super) fn day(time_ms: i64, reader: Tz) -> Option<NaiveDate> {
    Some(DateTime::from_timestamp_millis(time_ms)?.with_timezone(&reader).date_naive())
}

/// From when on events are listed as not past: what began within six hours, or on the reader's day.
fn listed_from(reader: Tz) -> i64 {
    let now = clock::now();
    let midnight = day(now, reader).map(|today| format!("{today}T00:00"));
    let midnight = midnight.and_then(|start| klatch_feed::post::instant(&start, reader.name()).ok());
    let late = now - PAST_AFTER_MS;
    midnight.map_or(late, |midnight| late.min(midnight.timestamp_millis()))
}

/// What a list of what comes starts with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed {
    from_ms: i64,
    now_ms: i64,
}

impl Listed {
    pub(super) fn now(reader: Tz) -> Self {
        Self { from_ms: listed_from(reader), now_ms: clock::now() }
    }

    /// From when on to ask.
    pub(super) fn since_ms(self) -> i64 {
        self.from_ms
    }

    /// Whether it is not past: its start is none too long ago, or it goes on.
    pub(super) fn takes(self, line: &EventLine) -> bool {
        let begins_then = line.start_ms.is_none_or(|start| start >= self.from_ms);
        begins_then || line.end_ms.is_some_and(|end| end > self.now_ms)
    }
}

/// An instant for a reader, for machines and for people: `Tuesday 1 December, 18:30`, with its year where that is
/// not this one.
pub(super) fn instant(time_ms: u64, reader: Tz, words: Words) -> (String, String) {
    let at = i64::try_from(time_ms).ok().and_then(DateTime::from_timestamp_millis);
    let Some(at) = at.map(|at| at.with_timezone(&reader)) else {
        return (String::new(), words.say("when-never"));
    };
    let local = at.naive_local();
    let stamp = at.format("%Y-%m-%dT%H:%M:%S%:z").to_string();
    let this_year = day(clock::now(), reader).map(|today| today.year());
    let date = if this_year == Some(local.year()) { short_date } else { date };
    (stamp, format!("{}, {}", date(local.date(), words), time_of(local)))
}

/// Today, tomorrow, or the date of a day.
pub(super) fn near_day(day: NaiveDate, today: NaiveDate, words: Words) -> String {
    match (day - today).num_days() {
        0 => words.say("when-today"),
        1 => words.say("when-tomorrow"),
        _ if day.year() == today.year() => short_date(day, words),
        _ => date(day, words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: Words, minutes: u32, reader: Tz) -> When {
        let start_ms = Some(1_796_149_800_000); // 18:30 in Lisbon
        When::of("2026-12-01T18:30", "Europe/Lisbon", start_ms, minutes, reader, words)
    }

    #[test]
    fn a_start_is_told_in_both_languages_and_both_clocks() {
        let english = of(Words::English, 120, chrono_tz::Europe::Berlin);
        assert_eq!(english.there, "Tuesday 1 December 2026, 18:30–20:30");
        assert_eq!(english.here.as_deref(), Some("19:30 in Europe/Berlin"));
        let tile = english.tile.unwrap();
        assert_eq!((&*tile.weekday, &*tile.day, &*tile.month), ("Tue", "1", "Dec"));
        let german = of(Words::German, 6 * 60, chrono_tz::Europe::Lisbon);
        assert_eq!(german.there, "Dienstag, 1. Dezember 2026, 18:30 – Mittwoch, 2. Dezember, 00:30");
        assert_eq!(german.here, None, "the clocks agree");
        let tile = german.tile.unwrap();
        assert_eq!((&*tile.weekday, &*tile.month), ("Di", "Dez"));
    }

    #[test]
    fn another_day_at_the_reader_s_is_named() {
        let far = of(Words::English, 0, chrono_tz::Asia::Tokyo);
        assert_eq!(far.here.as_deref(), Some("Wednesday 2 December, 03:30 in Asia/Tokyo"));
        assert_eq!(far.there, "Tuesday 1 December 2026, 18:30");
    }

    #[test]
    fn an_instant_of_another_year_is_told_with_it() {
        let told = |ms: i64| instant(u64::try_from(ms).unwrap(), chrono_tz::UTC, Words::English).1;
        assert_eq!(told(1_007_231_400_000), "Saturday 1 December 2001, 18:30");
        let now = clock::now();
        let year = day(now, chrono_tz::UTC).unwrap().year().to_string();
        assert!(!told(now).contains(&year), "{}", told(now));
    }

    #[test]
    fn what_is_no_time_is_shown_harmless() {
        let odd = When::of("soon\u{202e}", "Nowhere", None, 5, chrono_tz::UTC, Words::English);
        assert_eq!((odd.there.as_str(), odd.tile), ("soon\u{fffd}", None));
    }
}
