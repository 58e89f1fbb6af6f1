//! Rules by which events repeat: a subset of RFC 5545's RRULE that means one thing. Source: spec/posts.md, "rules".
//!
//! Own code and no crate: which dates a rule names is part of the fold, so it must not change with a version
//! of somebody else's. A test compares it with the `rrule` crate.
//!
//! Absent on purpose: zones. A rule is about local dates; at which instant an occurrence begins is display.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

/// Most occurrences of one series, those beside its rule included.
pub const OCCURRENCES_MAX: usize = 200;
const RULE_BYTES_MAX: usize = 200;
const INTERVAL_MAX: u32 = 99;
/// Past it a date has no form in an entry.
const YEAR_MAX: i32 = 9999;
const DAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Mon),
    ("TU", Weekday::Tue),
    ("WE", Weekday::Wed),
    ("TH", Weekday::Thu),
    ("FR", Weekday::Fri),
    ("SA", Weekday::Sat),
    ("SU", Weekday::Sun),
];

/// Why a text is no rule.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum RuleError {
    #[error("{0:?} is not a part of a rule like FREQ=WEEKLY;BYDAY=TH or FREQ=MONTHLY;BYDAY=2TH")]
    Part(String),
    #[error("{0:?} is there twice, or does not go with the rest of the rule")]
    Misplaced(String),
    #[error("a rule begins with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY")]
    Frequency,
    #[error("{bytes} bytes, where at most {RULE_BYTES_MAX} are allowed")]
    TooLong { bytes: usize },
}

/// How often.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Every {
    Day,
    /// On these days of the week; none = that of the start.
    Week(Vec<Weekday>),
    /// On that of the start where both are empty.
    Month {
        /// The n-th such day; the last for -1.
        weekdays: Vec<(i8, Weekday)>,
        /// The last for -1.
        days: Vec<i8>,
    },
    Year,
}

/// Where a rule ends by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    Never,
    Count(usize),
    Until(NaiveDate),
}

/// A rule, understood.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    every: Every,
    interval: u32,
    end: End,
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        if text.len() > RULE_BYTES_MAX {
            return Err(RuleError::TooLong { bytes: text.len() });
        }
        let mut parts = text.split(';');
        let every = match parts.next() {
            Some("FREQ=DAILY") => Every::Day,
            Some("FREQ=WEEKLY") => Every::Week(vec![]),
            Some("FREQ=MONTHLY") => Every::Month { weekdays: vec![], days: vec![] },
            Some("FREQ=YEARLY") => Every::Year,
            _ => return Err(RuleError::Frequency),
        };
        let mut rule = Self { every, interval: 1, end: End::Never };
        let mut seen = Vec::new();
        for part in parts {
            let unknown = || RuleError::Part(part.to_owned());
            let (key, value) = part.split_once('=').ok_or_else(unknown)?;
            if seen.contains(&key) {
                return Err(RuleError::Misplaced(part.to_owned()));
            }
            seen.push(key);
            if !rule.read(key, value).ok_or_else(unknown)? {
                return Err(RuleError::Misplaced(part.to_owned()));
            }
        }
        Ok(rule)
    }
}

impl Rule {
    /// Takes one part in. `None`: it is not one; false: it does not go with the rest.
    fn read(&mut self, key: &str, value: &str) -> Option<bool> {
        match (key, &mut self.every) {
            ("INTERVAL", _) => self.interval = number(value, INTERVAL_MAX)?,
            ("COUNT" | "UNTIL", _) if self.end != End::Never => return Some(false),
            ("COUNT", _) => {
                let max = u32::try_from(OCCURRENCES_MAX).unwrap_or(u32::MAX);
                self.end = End::Count(usize::try_from(number(value, max)?).ok()?);
            }
            ("UNTIL", _) => {
                let date = NaiveDate::parse_from_str(value, "%Y%m%d").ok()?;
                self.end = End::Until(Some(date).filter(|date| date.format("%Y%m%d").to_string() == value)?);
            }
            ("BYDAY", Every::Week(days)) => {
                *days = list(value, weekday)?;
                days.sort_by_key(Weekday::num_days_from_monday);
            }
            ("BYDAY", Every::Month { weekdays, days }) if days.is_empty() => *weekdays = list(value, nth)?,
            ("BYMONTHDAY", Every::Month { weekdays, days }) if weekdays.is_empty() => {
                *days = list(value, month_day)?;
            }
            ("BYDAY" | "BYMONTHDAY", _) => return Some(false),
            _ => return None,
        }
        Some(true)
    }

    /// The dates it names from `start` on, in order, at most [`OCCURRENCES_MAX`]. `start` is always one, the
    /// first that a count counts.
    pub fn dates(&self, start: NaiveDate) -> Vec<NaiveDate> {
        let most = if let End::Count(count) = self.end { count } else { OCCURRENCES_MAX };
        let mut dates = vec![start];
        for step in 0.. {
            let Some(mut found) = self.period(start, step) else { break };
            found.sort_unstable();
            found.dedup(); // The last Wednesday may be the fourth.
            for date in found.into_iter().filter(|date| *date > start) {
                let is_past = matches!(self.end, End::Until(last) if date > last);
                if is_past || date.year() > YEAR_MAX || dates.len() >= most {
                    return dates;
                }
                dates.push(date);
            }
        }
        dates
    }

    /// Whether it names `start` by itself, as the first of its dates. Who schedules a series should see to that,
    /// since other calendars read a start that the rule does not name in different ways.
    pub fn names(&self, start: NaiveDate) -> bool {
        let is_past = matches!(self.end, End::Until(last) if start > last);
        !is_past && self.period(start, 0).is_some_and(|dates| dates.contains(&start))
    }

    /// The dates in the `step`-th day, week, month or year counted; `None` past the end of the calendar.
    fn period(&self, start: NaiveDate, step: u32) -> Option<Vec<NaiveDate>> {
        let ahead = step.checked_mul(self.interval)?;
        let months = |count: u32| {
            let first = start.with_day(1)?.checked_add_months(Months::new(count))?;
            (first.year() <= YEAR_MAX).then_some(first)
        };
        match &self.every {
            Every::Day => Some(vec![start.checked_add_days(Days::new(ahead.into()))?]),
            Every::Week(days) => {
                let back = start.weekday().num_days_from_monday();
                let monday = start.checked_sub_days(Days::new(back.into()))?;
                let monday = monday.checked_add_days(Days::new(u64::from(ahead) * 7))?;
                let on = |ahead: u32| monday.checked_add_days(Days::new(ahead.into()));
                let own = [start.weekday()];
                let days = if days.is_empty() { &own[..] } else { days };
                Some(days.iter().filter_map(|day| on(day.num_days_from_monday())).collect())
            }
            Every::Month { weekdays, days } => {
                let first = months(ahead)?;
                let mut found: Vec<_> = weekdays.iter().filter_map(|day| nth_of(first, *day)).collect();
                let own = [i8::try_from(start.day()).ok()?];
                let days = if weekdays.is_empty() && days.is_empty() { &own[..] } else { days };
                found.extend(days.iter().filter_map(|day| day_of(first, *day)));
                Some(found)
            }
            Every::Year => {
                let first = months(ahead.checked_mul(12)?)?;
                Some(first.with_day(start.day()).into_iter().collect())
            }
        }
    }
}

/// What people read.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, many) = match self.every {
            Every::Day => ("day", "days"),
            Every::Week(_) => ("week", "weeks"),
            Every::Month { .. } => ("month", "months"),
            Every::Year => ("year", "years"),
        };
        match self.interval {
            1 => write!(f, "every {one}")?,
            n => write!(f, "every {n} {many}")?,
        }
        let mut on = Vec::new();
        match &self.every {
            Every::Week(days) => on.extend(days.iter().map(|day| long(*day).to_owned())),
            Every::Month { weekdays, days } => {
                on.extend(weekdays.iter().map(|(n, day)| format!("the {} {}", ordinal(*n), long(*day))));
                on.extend(days.iter().map(|day| match day {
                    -1 => "the last day".to_owned(),
                    day => format!("day {day}"),
                }));
            }
            Every::Day | Every::Year => {}
        }
        if let Some((last, before)) = on.split_last() {
            let before = if before.is_empty() { String::new() } else { before.join(", ") + " and " };
            write!(f, " on {before}{last}")?;
        }
        match self.end {
            End::Never => Ok(()),
            End::Count(1) => f.write_str(", once"),
            End::Count(count) => write!(f, ", {count} times"),
            End::Until(last) => write!(f, ", until {last}"),
        }
    }
}

fn long(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

fn ordinal(n: i8) -> &'static str {
    ["last", "first", "second", "third", "fourth", "fifth"]
        .get(usize::try_from(n).unwrap_or(0))
        .unwrap_or(&"last")
}

/// 1 to `max`, without leading zeros.
fn number(text: &str, max: u32) -> Option<u32> {
    let n: u32 = text.parse().ok()?;
    ((1..=max).contains(&n) && n.to_string() == text).then_some(n)
}

/// Distinct items, at least one.
fn list<T: PartialEq>(text: &str, item: fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let items: Vec<T> = text.split(',').map(item).collect::<Option<_>>()?;
    let is_twice = items.iter().enumerate().any(|(at, item)| items[..at].contains(item));
    (!is_twice).then_some(items)
}

fn weekday(text: &str) -> Option<Weekday> {
    DAYS.iter().find(|(name, _)| *name == text).map(|(_, day)| *day)
}

/// `2TH` or `-1FR`.
fn nth(text: &str) -> Option<(i8, Weekday)> {
    let (n, day) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let n = if n == "-1" { -1 } else { i8::try_from(number(n, 5)?).ok()? };
    Some((n, weekday(day)?))
}

fn month_day(text: &str) -> Option<i8> {
    if text == "-1" { Some(-1) } else { i8::try_from(number(text, 31)?).ok() }
}

/// A day of the month that begins with `first`, where the month has it.
fn day_of(first: NaiveDate, day: i8) -> Option<NaiveDate> {
    match u32::try_from(day) {
        Ok(day) => first.with_day(day),
        Err(_) => first.checked_add_months(Months::new(1))?.pred_opt(),
    }
}

fn nth_of(first: NaiveDate, (n, day): (i8, Weekday)) -> Option<NaiveDate> {
    match u8::try_from(n) {
        Ok(n) => NaiveDate::from_weekday_of_month_opt(first.year(), first.month(), day, n),
        Err(_) => {
            let last = first.checked_add_months(Months::new(1))?.pred_opt()?;
            let back = (7 + last.weekday().num_days_from_monday() - day.num_days_from_monday()) % 7;
            last.checked_sub_days(Days::new(back.into()))
        }
    }
}
