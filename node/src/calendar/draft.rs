//! A calendar from elsewhere as drafts of events. Nothing is scheduled here: a person looks at a draft first.
//!
//! The file is a stranger's. Its size, how deep it nests and how many events it holds have limits, and what an
//! event here cannot say is named: a rule outside the subset refuses that event, other things are left out.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use icalendar::parser::{Component, Property, read_calendar_simple, unfold};
use klatch_feed::post::{EventFields, Rule, RuleError, instant};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::daemon::Sentence;
use crate::foreign;
use crate::network::hex;
use crate::published::{is_public, marked};

/// Largest file.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Most events in one.
pub const EVENTS_MAX: usize = 20;
/// A calendar, an event, an alarm, and one to spare. The crate's reader calls itself at each.
const DEPTH_MAX: usize = 4;
/// Longest name of an event that goes on as it is; of a longer one goes on what tells it from others.
const UID_BYTES_MAX: usize = 500;
/// Where neither an end nor a length is given.
const MINUTES: u32 = 120;

/// What a calendar holds.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Drafts {
    /// The events that can be scheduled here, in the order of the file.
    pub good: Vec<Draft>,
    /// Those that cannot.
    pub bad: Vec<Bad>,
}

/// What an event of a calendar would be here.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Draft {
    /// Where in the file it begins: a line, from 1.
    pub line: usize,
    /// What other programs know it by; of an event without such a name, what it is and when.
    pub uid: String,
    /// What it is called.
    pub title: String,
    /// Local start.
    pub start: String,
    /// IANA zone.
    pub zone: String,
    /// How long.
    pub minutes: u32,
    /// The rule of a series.
    pub repeat: Option<String>,
    /// What else was understood.
    pub fields: EventFields,
    /// What was not taken over, or not as it stands in the file.
    pub notes: Vec<Sentence>,
}

/// An event that cannot be scheduled here.
#[derive(Debug, Eq, PartialEq)]
pub struct Bad {
    /// Where in the file it begins: a line, from 1.
    pub line: usize,
    /// What it is called there.
    pub title: String,
    /// Why.
    pub error: EventError,
}

/// Why an event of a calendar gives no draft.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum EventError {
    #[error("no {name}")]
    Missing { name: &'static str },
    #[error("{name} is {value:?}, which cannot be read here")]
    Value { name: &'static str, value: String },
    #[error("the zone {zone:?} is not known here: say with --tz which one is meant")]
    Zone { zone: String },
    #[error("its rule {rule:?} is outside of what repeats here: {error}")]
    Rule { rule: String, error: RuleError },
    #[error("it is cancelled")]
    Cancelled,
}

/// Why a file gives no drafts.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum DraftError {
    #[error("longer than {FILE_BYTES_MAX} bytes")]
    TooLong,
    #[error("not text in UTF-8")]
    Text,
    #[error("not a calendar: it does not begin and end as one, or nests deeper than {DEPTH_MAX}")]
    Shape,
    #[error("it holds no event")]
    Empty,
    #[error("it holds more than {EVENTS_MAX} events: take some out")]
    TooMany,
}

/// Reads a calendar. `zone` is where times without a zone are meant; with `is_told`, also those of unknown zones.
pub fn read(bytes: &[u8], zone: Tz, is_told: bool) -> Result<Drafts, DraftError> {
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(DraftError::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| DraftError::Text)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = lines(text);
    let text = unfold(text);
    check_shape(&text)?;
    let roots = read_calendar_simple(&text).map_err(|_| DraftError::Shape)?;
    let calendars = roots.into_iter().filter(|root| root.name == "VCALENDAR");
    let events = calendars.flat_map(|root| root.components).filter(|child| child.name == "VEVENT");
    let placed = events.enumerate().map(|(at, event)| (lines.get(at).copied().unwrap_or_default(), event));
    let (changed, events): (Vec<_>, Vec<_>) =
        placed.partition(|(_, event)| find(event, "RECURRENCE-ID").is_some());
    match events.len() {
        0 => return Err(DraftError::Empty),
        count if count > EVENTS_MAX => return Err(DraftError::TooMany),
        _ => {}
    }
    let mut drafts = Drafts::default();
    for (line, event) in events {
        let reading = Reading { line, event: &event, zone, is_told };
        let mut draft = match reading.draft() {
            Ok(draft) => draft,
            Err(error) => {
                let title = reading.text("SUMMARY", 120, &mut Vec::new()).unwrap_or_default();
                drafts.bad.push(Bad { line, title, error });
                continue;
            }
        };
        let uid = value(&event, "UID");
        let count = changed.iter().filter(|(_, change)| value(change, "UID") == uid).count();
        if count > 0 {
            let text = format!("changed occurrences: {count}; change them after scheduling");
            let count = [("count", u64::try_from(count).unwrap_or(u64::MAX))];
            draft.notes.push(Sentence::counted("schedule-note-changed", "", &count, text));
        }
        drafts.good.push(draft);
    }
    Ok(drafts)
}

/// On which line, from 1, each event of the calendars in a file begins. What folds is never a begin.
fn lines(text: &str) -> Vec<usize> {
    let (mut open, mut lines) = (Vec::new(), Vec::new());
    let begins =
        |line: &str, word: &str| line.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    for (at, line) in text.lines().enumerate() {
        if begins(line, "BEGIN:") {
            let name = &line["BEGIN:".len()..];
            if name == "VEVENT" && open == ["VCALENDAR"] {
                lines.push(at + 1);
            }
            open.push(name);
        } else if begins(line, "END:") {
            open.pop();
        }
    }
    lines
}

/// Sees that the reader of the crate, which calls itself for each component in another, does not go deep.
fn check_shape(text: &str) -> Result<(), DraftError> {
    let mut open: Vec<String> = Vec::new();
    for line in text.lines().map(str::to_ascii_uppercase) {
        if let Some(name) = line.strip_prefix("BEGIN:") {
            open.push(name.to_owned());
        } else if let Some(name) = line.strip_prefix("END:")
            && open.pop().as_deref() != Some(name)
        {
            return Err(DraftError::Shape);
        }
        if open.len() > DEPTH_MAX {
            return Err(DraftError::Shape);
        }
    }
    if open.is_empty() { Ok(()) } else { Err(DraftError::Shape) }
}

fn find<'a>(event: &'a Component<'_>, name: &str) -> Option<&'a Property<'a>> {
    event.properties.iter().find(|property| property.name == name)
}

fn value<'a>(event: &'a Component<'_>, name: &str) -> &'a str {
    find(event, name).map_or("", |property| property.val.as_str().trim())
}

/// What of an event goes over into a draft.
const TAKEN: [&str; 17] = [
    "SUMMARY",
    "DTSTART",
    "DTEND",
    "DURATION",
    "RRULE",
    "EXDATE",
    "RDATE",
    "LOCATION",
    "DESCRIPTION",
    "GEO",
    "URL",
    "CATEGORIES",
    "STATUS",
    "UID",
    "DTSTAMP",
    "SEQUENCE",
    "CREATED",
];

/// One event as it is read.
struct Reading<'a> {
    line: usize,
    event: &'a Component<'a>,
    zone: Tz,
    is_told: bool,
}

/// A moment of a calendar.
enum Moment {
    Day(NaiveDate),
    Local(NaiveDateTime, Tz),
}

impl Reading<'_> {
    fn draft(&self) -> Result<Draft, EventError> {
        if value(self.event, "STATUS").eq_ignore_ascii_case("CANCELLED") {
            return Err(EventError::Cancelled);
        }
        let mut notes = Vec::new();
        let begin = find(self.event, "DTSTART");
        let begin = begin.ok_or(EventError::Missing { name: "DTSTART" })?;
        let begin = self.moment("DTSTART", begin, begin.val.as_str())?;
        let is_series = !value(self.event, "RRULE").is_empty() || find(self.event, "RDATE").is_some();
        let (local, tz, all_day) = self.placed(begin, is_series);
        let start = form(local);
        let mut fields = EventFields { all_day: all_day.then_some(true), ..EventFields::default() };
        let minutes = self.minutes(&start, tz, all_day, &mut notes)?;
        let repeat = self.rule(local, tz)?;
        if is_series {
            fields.except = self.dates("EXDATE", local.time(), tz)?;
            fields.extra = self.dates("RDATE", local.time(), tz)?;
            let names = |rule: &str| rule.parse().is_ok_and(|rule: Rule| rule.names(local.date()));
            if repeat.as_deref().is_some_and(|rule| !names(rule)) {
                let text = "the rule does not name the start itself: here the start is the first";
                notes.push(Sentence::said("schedule-note-first", "", text));
            }
        }
        let title = self.text("SUMMARY", 120, &mut notes);
        let title = title.ok_or(EventError::Missing { name: "SUMMARY" })?;
        fields.place = self.text("LOCATION", 300, &mut notes);
        fields.about = self.lines("DESCRIPTION", 4000, &mut notes);
        fields.geo = self.geo()?;
        fields.online =
            foreign::link(value(self.event, "URL")).filter(|url| url.len() <= 300).map(str::to_owned);
        fields.tags = self.tags();
        if fields.tags.as_deref().is_some_and(is_public) {
            fields.tags = fields.tags.map(|tags| marked(tags, false)).filter(|tags| !tags.is_empty());
            let text = "it is not public here by its category: say so yourself if it should be";
            notes.push(Sentence::said("schedule-note-public", "", text));
        }
        self.note_rest(&mut notes);
        // A series of listed dates repeats by no rule: it is founded with one that names the start alone.
        let repeat = repeat.or_else(|| is_series.then(|| "FREQ=DAILY;COUNT=1".to_owned()));
        let uid = match value(self.event, "UID") {
            "" => format!("{title} {start} {}", tz.name()),
            uid if uid.len() > UID_BYTES_MAX => hex(&Sha256::digest(uid)),
            uid => uid.to_owned(),
        };
        let line = self.line;
        Ok(Draft { line, uid, title, start, zone: tz.name().to_owned(), minutes, repeat, fields, notes })
    }

    fn wrong(&self, name: &'static str, value: &str) -> EventError {
        let value = foreign::line(&value.chars().take(80).collect::<String>());
        EventError::Value { name, value }
    }

    fn moment(&self, name: &'static str, property: &Property<'_>, text: &str) -> Result<Moment, EventError> {
        let text = text.trim();
        if let Ok(date) = NaiveDate::parse_from_str(text, "%Y%m%d") {
            return Ok(Moment::Day(date));
        }
        let (digits, is_utc) = text.strip_suffix('Z').map_or((text, false), |digits| (digits, true));
        let local = NaiveDateTime::parse_from_str(digits, "%Y%m%dT%H%M%S");
        let local = local.map_err(|_| self.wrong(name, text))?;
        let tz = if is_utc { Tz::UTC } else { self.zone_of(property)? };
        Ok(Moment::Local(local, tz))
    }

    fn zone_of(&self, property: &Property<'_>) -> Result<Tz, EventError> {
        let named = property.params.iter().find(|parameter| parameter.key == "TZID");
        let Some(named) = named.and_then(|parameter| parameter.val.as_ref()) else { return Ok(self.zone) };
        let named = named.as_str().trim_matches('"');
        // Some programs put who made the zone before its name.
        let parts: Vec<_> = named.split('/').collect();
        let known = (0..parts.len()).find_map(|from| parts[from..].join("/").parse().ok());
        match known {
            Some(tz) => Ok(tz),
            None if self.is_told => Ok(self.zone),
            None => {
                let zone = foreign::line(&named.chars().take(80).collect::<String>());
                Err(EventError::Zone { zone })
            }
        }
    }

    /// Local start, zone, and whether whole days are meant. What is given in UTC is meant where the reader is,
    /// but for a series, whose days UTC counts.
    fn placed(&self, moment: Moment, is_series: bool) -> (NaiveDateTime, Tz, bool) {
        match moment {
            Moment::Day(date) => (date.and_time(NaiveTime::MIN), self.zone, true),
            Moment::Local(local, Tz::UTC) if !is_series => {
                let here = Tz::UTC.from_utc_datetime(&local).with_timezone(&self.zone);
                let is_clear = self.zone.from_local_datetime(&here.naive_local()).earliest() == Some(here);
                if is_clear { (here.naive_local(), self.zone, false) } else { (local, Tz::UTC, false) }
            }
            Moment::Local(local, tz) => (local, tz, false),
        }
    }

    fn minutes(
        &self,
        start: &str,
        tz: Tz,
        all_day: bool,
        notes: &mut Vec<Sentence>,
    ) -> Result<u32, EventError> {
        let start = instant(start, tz.name()).map_err(|_| self.wrong("DTSTART", start))?;
        let length = match (find(self.event, "DTEND"), value(self.event, "DURATION")) {
            (Some(end), _) => {
                let text = end.val.as_str();
                let end = match self.moment("DTEND", end, text)? {
                    Moment::Day(date) => instant(&form(date.and_time(NaiveTime::MIN)), tz.name()),
                    Moment::Local(local, tz) => instant(&form(local), tz.name()),
                };
                let end: DateTime<Tz> = end.map_err(|_| self.wrong("DTEND", text))?;
                match all_day {
                    true => (end.date_naive() - start.date_naive()).num_minutes(),
                    false => end.signed_duration_since(start).num_minutes(),
                }
            }
            (None, "") if all_day => 24 * 60,
            (None, "") => {
                let (count, text) =
                    ([("count", MINUTES.into())], format!("no end: taken as {MINUTES} minutes"));
                notes.push(Sentence::counted("schedule-note-end", "", &count, text));
                MINUTES.into()
            }
            (None, text) => duration(text).ok_or_else(|| self.wrong("DURATION", text))?.num_minutes(),
        };
        let range = 1..=20_160;
        let minutes = u32::try_from(length).ok().filter(|minutes| range.contains(minutes));
        minutes.ok_or_else(|| self.wrong("DTEND", &format!("{length} minutes after the start")))
    }

    /// The rule in the form that it has here.
    fn rule(&self, start: NaiveDateTime, tz: Tz) -> Result<Option<String>, EventError> {
        let text = value(self.event, "RRULE").to_ascii_uppercase();
        if text.is_empty() {
            return Ok(None);
        }
        let mut parts: Vec<String> = Vec::new();
        let own = [format!("BYMONTH={}", start.format("%-m")), format!("BYMONTHDAY={}", start.format("%-d"))];
        let is_yearly = text.split(';').any(|part| part == "FREQ=YEARLY");
        for part in text.split(';').filter(|part| !part.is_empty() && *part != "WKST=MO") {
            match part.strip_prefix("UNTIL=") {
                Some(until) => parts.push(format!("UNTIL={}", last_date(until, start, tz))),
                None if is_yearly && own.iter().any(|own| own == part) => {} // Says what the start says.
                None if part.starts_with("FREQ=") => parts.insert(0, part.to_owned()),
                None => parts.push(part.to_owned()),
            }
        }
        let rule = parts.join(";");
        match rule.parse::<Rule>() {
            Ok(_) => Ok(Some(rule)),
            Err(error) => {
                let rule = foreign::line(&text.chars().take(200).collect::<String>());
                Err(EventError::Rule { rule, error })
            }
        }
    }

    /// Local starts in lines of dates.
    fn dates(&self, name: &'static str, time: NaiveTime, tz: Tz) -> Result<Option<Vec<String>>, EventError> {
        let mut starts = BTreeSet::new();
        for property in self.event.properties.iter().filter(|property| property.name == name) {
            for text in property.val.as_str().split(',') {
                let local = match self.moment(name, property, text)? {
                    Moment::Day(date) => date.and_time(time),
                    Moment::Local(local, from) if from == tz => local,
                    Moment::Local(local, from) => {
                        let at = instant(&form(local), from.name()).map_err(|_| self.wrong(name, text))?;
                        at.with_timezone(&tz).naive_local()
                    }
                };
                starts.insert(form(local));
            }
        }
        if starts.len() > 64 {
            return Err(self.wrong(name, &format!("{} dates, where at most 64 fit", starts.len())));
        }
        Ok((!starts.is_empty()).then(|| starts.into_iter().collect()))
    }

    /// One line of text, cut where it is too long.
    fn text(&self, name: &str, bytes: usize, notes: &mut Vec<Sentence>) -> Option<String> {
        let text = value(self.event, name).lines().map(str::trim).filter(|line| !line.is_empty());
        let text = foreign::line(&text.collect::<Vec<_>>().join(", "));
        cut(name, text.trim(), bytes, notes)
    }

    fn lines(&self, name: &str, bytes: usize, notes: &mut Vec<Sentence>) -> Option<String> {
        let text = value(self.event, name).replace("\r\n", "\n");
        cut(name, foreign::lines(&text).trim(), bytes, notes)
    }

    fn geo(&self) -> Result<Option<(i32, i32)>, EventError> {
        let text = value(self.event, "GEO");
        if text.is_empty() {
            return Ok(None);
        }
        let degrees = |text: &str, max: f64| {
            let degrees: f64 = text.trim().parse().ok()?;
            (degrees.abs() <= max).then(|| (degrees * 1e6).round() as i32)
        };
        let pair =
            text.split_once(';').and_then(|(lat, lon)| Some((degrees(lat, 90.0)?, degrees(lon, 180.0)?)));
        pair.map(Some).ok_or_else(|| self.wrong("GEO", text))
    }

    fn tags(&self) -> Option<Vec<String>> {
        let lists = self.event.properties.iter().filter(|property| property.name == "CATEGORIES");
        let mut tags: Vec<String> = Vec::new();
        // Commas between the words stand for themselves, those within one are escaped.
        let plainly = |list: &Property<'_>| {
            list.val.as_str().replace("\\\\", "\u{1}").replace("\\,", "\0").replace("\\;", ";")
        };
        let lists: Vec<String> = lists.map(plainly).collect();
        for tag in lists.iter().flat_map(|list| list.split(',')) {
            let tag = tag.replace('\0', ",").replace('\u{1}', "\\");
            let tag = foreign::line(&tag).trim().to_owned();
            if (1..=32).contains(&tag.len()) && !tags.contains(&tag) && tags.len() < 8 {
                tags.push(tag);
            }
        }
        (!tags.is_empty()).then_some(tags)
    }

    /// Names what stays behind.
    fn note_rest(&self, notes: &mut Vec<Sentence>) {
        let names = self.event.properties.iter().map(|property| property.name.as_str());
        let all = names.chain(self.event.components.iter().map(|child| child.name.as_str()));
        let rest = all.filter(|name| !TAKEN.contains(name) && !name.starts_with("X-"));
        let rest: BTreeSet<String> =
            rest.map(|name| foreign::line(name).chars().take(40).collect()).collect();
        if !rest.is_empty() {
            let names = rest.into_iter().take(20).collect::<Vec<_>>().join(", ");
            let text = format!("not taken over: {names}");
            notes.push(Sentence::said("schedule-note-rest", &names, text));
        }
    }
}

fn cut(name: &str, text: &str, bytes: usize, notes: &mut Vec<Sentence>) -> Option<String> {
    if text.len() <= bytes {
        return (!text.is_empty()).then(|| text.to_owned());
    }
    notes.push(Sentence::said("schedule-note-cut", name, format!("{name} is cut to {bytes} bytes")));
    let end = (0..=bytes).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    Some(text[..end].trim_end().to_owned())
}

/// A local time as posts have it: seconds are dropped.
fn form(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%dT%H:%M").to_string()
}

/// The last date on which an occurrence can begin: UNTIL is an instant, and the dates here count at one time of day.
fn last_date(until: &str, start: NaiveDateTime, tz: Tz) -> String {
    let digits = until.strip_suffix('Z').unwrap_or(until);
    let Ok(at) = NaiveDateTime::parse_from_str(digits, "%Y%m%dT%H%M%S") else { return until.to_owned() };
    let local = if digits.len() < until.len() { tz.from_utc_datetime(&at).naive_local() } else { at };
    let date = if local.time() < start.time() { local.date().pred_opt() } else { Some(local.date()) };
    date.unwrap_or(local.date()).format("%Y%m%d").to_string()
}

/// `P1DT2H30M` and the like.
fn duration(text: &str) -> Option<TimeDelta> {
    let mut seconds = 0i64;
    let mut number = String::new();
    for c in text.strip_prefix('+').unwrap_or(text).strip_prefix('P')?.chars() {
        let unit = match c {
            '0'..='9' if number.len() < 9 => {
                number.push(c);
                continue;
            }
            'T' if number.is_empty() => continue,
            'W' => 7 * 86_400,
            'D' => 86_400,
            'H' => 3600,
            'M' => 60,
            'S' => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    number.is_empty().then(|| TimeDelta::try_seconds(seconds)).flatten()
}

#[cfg(test)]
mod tests;
