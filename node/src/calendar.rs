//! Events as iCalendar (RFC 5545).
//!
//! Times are written in the zone of the event, and what that zone's clocks do beside them; a series as a rule
//! where a rule says it exactly, else as a list of dates. So every reader comes to the instants that are shown
//! here, whether it trusts its own zone data or what stands in the file.
//!
//! Absent on purpose: METHOD, ORGANIZER and ATTENDEE. An answer is a signed post, and no mail to anybody.

mod content;
pub mod draft;
mod series;
mod zone;

use chrono::{DateTime, Days, NaiveDate, TimeDelta};
use chrono_tz::Tz;
use icalendar::Property;
use klatch_feed::EventState;
use klatch_feed::post::instant;
use serde::{Deserialize, Serialize};

use crate::foreign;
use content::Component;
use zone::{Zones, day, is_once, utc};

/// An event that goes into a calendar.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Dated {
    /// The event; of a series, what holds for all occurrences.
    pub event: EventState,
    /// Of a series: the occurrences that something was said about.
    pub occurrences: Vec<EventState>,
    /// Whether all of it is meant; else those occurrences alone.
    pub whole: bool,
    /// Why the event is cancelled, if it is and somebody said so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// How a calendar is made.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// When, in milliseconds since 1970.
    pub now_ms: u64,
    /// Minutes before the start at which readers are to give an alarm.
    pub alarm: Option<u32>,
}

/// A calendar, and what could not go into it.
#[derive(Debug)]
pub struct Made {
    /// The file.
    pub text: String,
    /// Titles and zones of events whose zone is not known here, so that they have no instant.
    pub left_out: Vec<(String, String)>,
}

/// The calendar of these events.
pub fn to_ics(events: &[Dated], options: Options) -> Made {
    let mut writer = Writer { options, zones: Zones::default(), left_out: Vec::new(), reason: "" };
    let components: Vec<Component> = events.iter().flat_map(|dated| writer.components(dated)).collect();
    let mut calendar = Component::new("VCALENDAR");
    calendar.fixed("VERSION", "2.0");
    calendar.fixed("PRODID", concat!("-//Klatch//klatch ", env!("CARGO_PKG_VERSION"), "//EN"));
    calendar.fixed("CALSCALE", "GREGORIAN");
    writer.zones.components().chain(components).for_each(|component| calendar.push(component));
    Made { text: calendar.finish(), left_out: writer.left_out }
}

struct Writer<'a> {
    options: Options,
    /// Why the event that is written is cancelled.
    reason: &'a str,
    zones: Zones,
    left_out: Vec<(String, String)>,
}

impl<'a> Writer<'a> {
    fn components(&mut self, dated: &'a Dated) -> Vec<Component> {
        let event = &dated.event;
        self.reason = &dated.reason;
        if event.founded_start.is_some() {
            return self.series(dated);
        }
        match Times::of(event) {
            Some(times) => vec![self.event(event, &times, Vec::new())],
            None => {
                self.left_out.push((event.title.clone(), event.zone.clone()));
                Vec::new()
            }
        }
    }

    /// One component: `of_series` are the lines that make it a series or an occurrence of one.
    fn event(&mut self, event: &EventState, times: &Times, of_series: Vec<Property>) -> Component {
        let mut lines = Component::new("VEVENT");
        lines.fixed("UID", format!("{}@klatch", event.id));
        let now = i64::try_from(self.options.now_ms).ok().and_then(DateTime::from_timestamp_millis);
        lines.fixed("DTSTAMP", now.unwrap_or_default().format("%Y%m%dT%H%M%SZ").to_string());
        lines.fixed("SEQUENCE", event.revision.to_string());
        lines.fixed("STATUS", if event.cancelled { "CANCELLED" } else { "CONFIRMED" });
        for (key, at) in [("DTSTART", times.start), ("DTEND", times.end)] {
            lines.line(if times.is_plain() { self.moment(key, at, times.all_day) } else { utc(key, at) });
        }
        of_series.into_iter().for_each(|line| lines.line(line));
        lines.text("SUMMARY", &event.title);
        let texts = [("LOCATION", event.place.clone()), ("DESCRIPTION", description(event))];
        texts.iter().filter(|(_, text)| !text.is_empty()).for_each(|(key, text)| lines.text(key, text));
        if event.cancelled && !self.reason.is_empty() {
            lines.text("COMMENT", self.reason);
        }
        if let Some((lat, lon)) = event.geo {
            lines.fixed("GEO", format!("{};{}", degrees(lat), degrees(lon)));
        }
        if let Some(link) = foreign::link(&event.online) {
            lines.fixed("URL", link);
        }
        if !event.tags.is_empty() {
            lines.categories(&event.tags);
        }
        if let Some(minutes) = self.options.alarm.filter(|_| !event.cancelled) {
            let mut alarm = Component::new("VALARM");
            alarm.fixed("ACTION", "DISPLAY");
            alarm.fixed("TRIGGER", format!("-PT{minutes}M"));
            alarm.text("DESCRIPTION", &event.title);
            lines.push(alarm);
        }
        lines
    }

    /// A moment, or the day of one.
    fn moment(&mut self, key: &str, at: DateTime<Tz>, all_day: bool) -> Property {
        if all_day { day(key, at.date_naive()) } else { self.zones.moment(key, at) }
    }
}

/// When an event or occurrence is.
struct Times {
    start: DateTime<Tz>,
    /// Of whole days: a moment of the day after the last.
    end: DateTime<Tz>,
    all_day: bool,
}

impl Times {
    /// `None` where the zone is not known here.
    fn of(event: &EventState) -> Option<Self> {
        let start = instant(&event.start, &event.zone).ok()?;
        let all_day = event.all_day;
        let end = match all_day {
            true => {
                let days = event.minutes.div_ceil(24 * 60).max(1);
                let date = date_of(event)?.checked_add_days(Days::new(days.into()))?;
                instant(&format!("{date}T12:00"), &event.zone).ok()?
            }
            false => start.checked_add_signed(TimeDelta::minutes(event.minutes.into()))?,
        };
        Some(Self { start, end, all_day })
    }

    /// Whether a reader who adds the length to what the clock says, or takes the later of two hours with one
    /// name, comes to the same begin and end.
    fn is_plain(&self) -> bool {
        let length = self.end.signed_duration_since(self.start);
        let is_steady = self.start.naive_local().checked_add_signed(length) == Some(self.end.naive_local());
        self.all_day || (is_steady && is_once(self.start) && is_once(self.end))
    }
}

/// The local date on which an event begins.
fn date_of(event: &EventState) -> Option<NaiveDate> {
    event.start.get(..10)?.parse().ok()
}

/// What else people should know, as one text.
fn description(event: &EventState) -> String {
    let named = |name: &str, text: &str| match text.is_empty() {
        true => String::new(),
        false => format!("{name}: {text}"),
    };
    let online = foreign::link(&event.online).unwrap_or_default();
    let parts = [
        event.about.clone(),
        named("Online", online),
        named("Access", &event.access),
        named("Cost", &event.cost),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// Millionths of a degree as degrees.
pub(crate) fn degrees(millionths: i32) -> String {
    let sign = if millionths < 0 { "-" } else { "" };
    let all = millionths.unsigned_abs();
    format!("{sign}{}.{:06}", all / 1_000_000, all % 1_000_000)
}

#[cfg(test)]
mod tests;
