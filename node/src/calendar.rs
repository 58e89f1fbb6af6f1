//! Events as iCalendar (RFC 5545).
//!
//! Times are written as UTC instants, so that no reader needs this program's idea of a zone; zones, changes
//! and repetition in full come with the whole meetup domain.

use chrono::{DateTime, TimeDelta};
use icalendar::{Calendar, Component, Event, EventLike, EventStatus};
use klatch_feed::EventState;

/// The calendar of these events, as of `now_ms`. Those whose zone is not known here are left out.
pub fn to_ics(events: &[EventState], now_ms: u64) -> String {
    let mut calendar = Calendar::new();
    let now = i64::try_from(now_ms).ok().and_then(DateTime::from_timestamp_millis).unwrap_or_default();
    for event in events {
        let Ok(start) = klatch_feed::post::local_start(&event.start, &event.zone) else { continue };
        let start = start.to_utc();
        let Some(end) = start.checked_add_signed(TimeDelta::minutes(i64::from(event.minutes))) else {
            continue;
        };
        let mut entry = Event::with_uid(&format!("{}@klatch", event.id));
        entry.timestamp(now).sequence(event.revision).starts(start).ends(end).summary(&event.title);
        if !event.place.is_empty() {
            entry.location(&event.place);
        }
        if !event.about.is_empty() {
            entry.description(&event.about);
        }
        entry.status(if event.cancelled { EventStatus::Cancelled } else { EventStatus::Confirmed });
        calendar.push(entry.done());
    }
    calendar.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use klatch_feed::{EntryId, FeedId};

    fn event(title: &str) -> EventState {
        let (id, author) = (EntryId::new([1; 32]), FeedId::new([2; 32]));
        let none: [u8; 0] = [];
        serde_json::from_value(serde_json::json!({
            "id": id, "group": null, "in_group": false, "author": author, "title": title,
            "start": "2026-07-01T18:30", "zone": "Europe/Lisbon", "minutes": 90, "place": "Café; Central, 2",
            "about": "two\nlines", "capacity": null, "split": false, "revision": 3, "tips": none,
            "cancelled": false, "hosts": none, "seated": none, "waiting": none, "provisional": none,
            "unranked": none, "maybe": none, "no": none, "attendance": none, "incomplete": false,
        }))
        .expect("a state")
    }

    #[test]
    fn an_event_becomes_an_instant_with_its_revision() {
        let text = to_ics(&[event("Tea")], 0);
        for line in [
            "DTSTART:20260701T173000Z", // Lisbon is an hour ahead of UTC in summer.
            "DTEND:20260701T190000Z",
            "DTSTAMP:19700101T000000Z",
            "SEQUENCE:3",
            "STATUS:CONFIRMED",
            "LOCATION:Café\\; Central\\, 2",
            "DESCRIPTION:two\\nlines",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
    }

    #[test]
    fn a_title_cannot_start_a_line_of_its_own() {
        let text = to_ics(&[event("Tea\r\nEND:VEVENT\r\nBEGIN:VALARM")], 0);
        assert_eq!(text.lines().filter(|line| line.starts_with("END:VEVENT")).count(), 1, "{text}");
        assert!(!text.lines().any(|line| line.starts_with("BEGIN:VALARM")), "{text}");
    }

    #[test]
    fn what_has_no_instant_here_is_left_out() {
        let mut event = event("Tea");
        event.zone = "Mars/Olympus".to_owned();
        assert!(!to_ics(&[event], 0).contains("VEVENT"));
    }
}
