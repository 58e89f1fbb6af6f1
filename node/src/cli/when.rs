//! Times as people write and read them.

use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, Offset};
use chrono_tz::Tz;

/// How long something takes, in minutes: `2h`, `90m`, `1h30m`, `1d`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Minutes(pub u32);

/// Why a text is no duration.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("write it as 2h, 90m, 1h30m or 1d")]
pub(super) struct MinutesError;

impl FromStr for Minutes {
    type Err = MinutesError;

    fn from_str(text: &str) -> Result<Self, MinutesError> {
        let (mut total, mut number, mut unit_max) = (0u32, String::new(), u32::MAX);
        for c in text.chars() {
            let unit = match c {
                '0'..='9' => {
                    number.push(c);
                    continue;
                }
                'd' => 24 * 60,
                'h' => 60,
                'm' => 1,
                _ => return Err(MinutesError),
            };
            if unit >= unit_max {
                return Err(MinutesError); // Larger units first, each once.
            }
            let count: u32 = number.parse().map_err(|_| MinutesError)?;
            total = count.checked_mul(unit).and_then(|more| total.checked_add(more)).ok_or(MinutesError)?;
            (number, unit_max) = (String::new(), unit);
        }
        match number.is_empty() && total > 0 {
            true => Ok(Self(total)),
            false => Err(MinutesError),
        }
    }
}

/// Local start as it is signed: a blank between date and time becomes the `T`. What it says is checked
/// where it is signed.
pub(super) fn local(text: &str) -> String {
    text.trim().replacen(' ', "T", 1)
}

/// ... of whole days the midnight of its date, which is enough; and the hour that this drops.
pub(super) fn start(text: &str, all_day: bool) -> (String, Option<String>) {
    let start = local(text);
    match (all_day, start.split_once('T')) {
        (true, Some((date, hour))) => {
            (format!("{date}T00:00"), Some(hour.to_owned()).filter(|hour| hour != "00:00"))
        }
        (true, None) => (start + "T00:00", None),
        (false, _) => (start, None),
    }
}

/// `Tue 1 Dec 2026, 18:30–20:30 Europe/Lisbon`, in the event's own zone.
pub(super) fn there(start: &str, zone: &str, minutes: u32) -> String {
    let Ok(mut from) = NaiveDateTime::parse_from_str(start, "%Y-%m-%dT%H:%M") else {
        return format!("{start} {zone}");
    };
    // The end in local time, across a change of clocks where the zone is known here.
    let length = chrono::TimeDelta::minutes(i64::from(minutes));
    let zoned = klatch_feed::post::instant(start, zone).ok();
    // Where the clocks skip the time that a rule names, what they say then.
    from = zoned.map_or(from, |at| at.naive_local());
    let to = match zoned {
        Some(at) => at.checked_add_signed(length).map(|end| end.naive_local()),
        None => from.checked_add_signed(length),
    };
    let end = match to {
        Some(to) if to.date() == from.date() => format!("–{}", to.format("%H:%M")),
        Some(to) => format!(" – {}", to.format("%a %-d %b, %H:%M")),
        None => String::new(),
    };
    format!("{}{end} {zone}", from.format("%a %-d %b %Y, %H:%M"))
}

/// `Tue 1 Dec 2026`, or `Tue 1 Dec 2026 – Thu 3 Dec 2026`: an event of whole days, as many as `minutes` begin.
pub(super) fn days(start: &str, minutes: u32) -> String {
    let date = start.get(..10).and_then(|date| date.parse::<NaiveDate>().ok());
    let Some(first) = date else { return start.to_owned() };
    let more = minutes.div_ceil(24 * 60).saturating_sub(1);
    let last = first.checked_add_days(Days::new(more.into())).filter(|last| *last != first);
    let shown = |date: NaiveDate| date.format("%a %-d %b %Y").to_string();
    let to = last.map(|last| format!(" – {}", shown(last))).unwrap_or_default();
    shown(first) + &to
}

/// `Thu 10 Dec 2026, 18:30`
pub(super) fn date(start: &str) -> String {
    match NaiveDateTime::parse_from_str(start, "%Y-%m-%dT%H:%M") {
        Ok(at) => at.format("%a %-d %b %Y, %H:%M").to_string(),
        Err(_) => start.to_owned(),
    }
}

/// The same start for a reader elsewhere: `19:30 in Europe/Berlin`; `None` where the clocks agree.
pub(super) fn here(start_ms: Option<i64>, zone: &str, reader: Tz) -> Option<String> {
    let at = DateTime::from_timestamp_millis(start_ms?)?;
    let (theirs, mine) = (at.with_timezone(&zone.parse::<Tz>().ok()?), at.with_timezone(&reader));
    if theirs.offset().fix() == mine.offset().fix() {
        return None;
    }
    let form = if theirs.date_naive() == mine.date_naive() { "%H:%M" } else { "%a %-d %b, %H:%M" };
    Some(format!("{} in {reader}", mine.format(form)))
}

/// An instant for a reader: `1 Dec 2026, 18:30`.
pub(super) fn instant(time_ms: u64, reader: Tz) -> String {
    match i64::try_from(time_ms).ok().and_then(DateTime::from_timestamp_millis) {
        Some(at) => at.with_timezone(&reader).format("%-d %b %Y, %H:%M").to_string(),
        None => "at no known time".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let cases = [("2h", 120), ("90m", 90), ("1h30m", 90), ("1d", 1440), ("1d2h3m", 1563)];
        for (text, minutes) in cases {
            assert_eq!(text.parse(), Ok(Minutes(minutes)), "{text}");
        }
        for text in ["", "2", "h", "0m", "2x", "30m1h", "1h1h", "-1h", "99999999999h", "4294967295d"] {
            assert!(text.parse::<Minutes>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_event_is_shown_in_its_own_zone_with_its_end() {
        let cases = [
            ("2026-12-01T18:30", 120, "Tue 1 Dec 2026, 18:30–20:30 Europe/Lisbon"),
            ("2026-12-01T23:00", 120, "Tue 1 Dec 2026, 23:00 – Wed 2 Dec, 01:00 Europe/Lisbon"),
            // The clocks go back at 02:00 in between.
            ("2026-10-25T00:30", 120, "Sun 25 Oct 2026, 00:30–01:30 Europe/Lisbon"),
            // The clocks skip from 01:00 to 02:00.
            ("2026-03-29T01:30", 60, "Sun 29 Mar 2026, 02:30–03:30 Europe/Lisbon"),
        ];
        for (start, minutes, shown) in cases {
            assert_eq!(there(start, "Europe/Lisbon", minutes), shown);
        }
        assert_eq!(there("2026-12-01T18:30", "Mars/Olympus", 60), "Tue 1 Dec 2026, 18:30–19:30 Mars/Olympus");
    }

    #[test]
    fn of_whole_days_the_date_is_enough() {
        let midnight = "2026-12-01T00:00".to_owned();
        assert_eq!(start("2026-12-01", true), (midnight.clone(), None));
        assert_eq!(start("2026-12-01 00:00", true), (midnight.clone(), None));
        assert_eq!(start("2026-12-01 18:30", true), (midnight, Some("18:30".to_owned())));
        assert_eq!(start("2026-12-01 18:30", false), ("2026-12-01T18:30".to_owned(), None));
        assert_eq!(start("2026-12-01", false), ("2026-12-01".to_owned(), None));
    }

    #[test]
    fn whole_days_are_shown_without_hours_and_with_the_last_of_several() {
        let cases = [
            (1440, "Tue 1 Dec 2026"),
            (30, "Tue 1 Dec 2026"),
            (1441, "Tue 1 Dec 2026 – Wed 2 Dec 2026"),
            (3 * 1440, "Tue 1 Dec 2026 – Thu 3 Dec 2026"),
        ];
        for (minutes, shown) in cases {
            assert_eq!(days("2026-12-01T00:00", minutes), shown, "{minutes} minutes");
        }
        assert_eq!(days("soon", 1440), "soon");
    }

    #[test]
    fn a_reader_elsewhere_sees_their_own_time_too() {
        let start = Some(1_796_149_800_000); // 2026-12-01T18:30Z
        assert_eq!(here(start, "Europe/Lisbon", Tz::Europe__London), None);
        assert_eq!(here(start, "Europe/Lisbon", Tz::Europe__Berlin).unwrap(), "19:30 in Europe/Berlin");
        assert_eq!(here(start, "Europe/Lisbon", Tz::Asia__Tokyo).unwrap(), "Wed 2 Dec, 03:30 in Asia/Tokyo");
        assert_eq!(here(None, "Europe/Lisbon", Tz::UTC), None);
    }
}
