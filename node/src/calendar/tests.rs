use klatch_feed::EventState;
use serde_json::{Value, json};

use super::*;

fn event(more: Value) -> EventState {
    let mut state = json!({
        "id": klatch_feed::EntryId::new([1; 32]), "group": null, "in_group": false,
        "author": klatch_feed::FeedId::new([2; 32]), "title": "Tea", "start": "2026-07-01T18:30",
        "zone": "Europe/Lisbon", "minutes": 90, "place": "Café; Central, 2", "about": "two\nlines", "capacity": null,
        "split": false, "revision": 3, "tips": [], "cancelled": false, "hosts": [], "seated": [], "waiting": [],
        "provisional": [], "unranked": [], "maybe": [], "no": [], "attendance": [], "incomplete": false,
    });
    for (key, value) in more.as_object().unwrap() {
        state[key] = value.clone();
    }
    serde_json::from_value(state).unwrap()
}

fn ics(event: EventState) -> String {
    let dated = Dated { event, occurrences: Vec::new(), whole: true, reason: String::new() };
    to_ics(&[dated], Options { now_ms: 0, alarm: Some(60) }).text
}

#[test]
fn an_event_becomes_its_lines() {
    let tags = json!(["rust", "a, b"]);
    let text = ics(event(
        json!({ "geo": [38_715_500, -9_136_000], "tags": tags, "online": "https://example.org/a" }),
    ));
    for line in [
        "DTSTART;TZID=Europe/Lisbon:20260701T183000",
        "DTEND;TZID=Europe/Lisbon:20260701T200000",
        "DTSTAMP:19700101T000000Z",
        "SEQUENCE:3",
        "STATUS:CONFIRMED",
        "LOCATION:Café\\; Central\\, 2",
        "DESCRIPTION:two\\nlines\\n\\nOnline: https://example.org/a",
        "GEO:38.715500;-9.136000",
        "URL:https://example.org/a",
        "CATEGORIES:rust,a\\, b",
        "TRIGGER:-PT60M",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
    }
    assert_eq!(text.matches("UID:").count(), 1, "neither zone nor alarm has one: {text}");
    assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains(['\r', '\n'])), "{text}");
}

#[test]
fn a_cancelled_event_says_so_and_gives_no_alarm() {
    let text = ics(event(json!({ "cancelled": true })));
    assert!(text.contains("STATUS:CANCELLED\r\n") && !text.contains("VALARM"), "{text}");
    assert!(!text.contains("COMMENT"), "{text}");
    let why = |cancelled: bool| {
        let (event, reason) = (event(json!({ "cancelled": cancelled })), "No\nroof".to_owned());
        to_ics(
            &[Dated { event, occurrences: vec![], whole: true, reason }],
            Options { now_ms: 0, alarm: None },
        )
        .text
    };
    assert!(why(true).contains("COMMENT:No\\nroof\r\n") && !why(false).contains("COMMENT"), "{}", why(true));
}

#[test]
fn nothing_that_people_write_starts_a_line_of_its_own() {
    let hostile = "Tea\r\nEND:VEVENT\r\nBEGIN:VALARM\u{2028}X:y";
    let text = ics(event(json!({
        "title": hostile, "place": hostile, "about": hostile, "access": hostile, "cost": hostile,
        "online": format!("https://example.org/{hostile}"), "tags": [hostile],
    })));
    assert_eq!(text.lines().filter(|line| line.starts_with("END:VEVENT")).count(), 1, "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("BEGIN:VALARM")).count(), 1, "{text}");
    assert!(!text.contains("URL") && !text.contains('\u{2028}'), "{text}");
}

#[test]
fn a_series_is_a_rule_with_an_end_or_a_list_of_dates() {
    let series = |founded: &str, start: &str, rule: &str, except: Value| {
        ics(event(json!({ "founded_start": founded, "start": start, "repeat": rule, "except": except })))
    };
    let (thursday, rule) = ("2026-12-03T18:30", "FREQ=WEEKLY;BYDAY=TH");
    let text = series(thursday, thursday, rule, json!(["2026-12-10T18:30"]));
    assert!(text.contains("RRULE:FREQ=WEEKLY;BYDAY=TH;COUNT=200\r\n"), "{text}");
    assert!(text.contains("EXDATE;TZID=Europe/Lisbon:20261210T183000\r\n"), "{text}");
    let text = series(thursday, thursday, "FREQ=WEEKLY;UNTIL=20261217", json!([]));
    assert!(text.contains("RRULE:FREQ=WEEKLY;COUNT=3\r\n"), "{text}");
    let text = series(thursday, "2026-12-04T18:30", "FREQ=WEEKLY;BYDAY=TH;COUNT=2", json!([]));
    assert!(
        !text.contains("RRULE") && text.contains("RDATE;TZID=Europe/Lisbon:20261211T183000\r\n"),
        "{text}"
    );
    let text = series("2026-03-28T01:30", "2026-03-28T01:30", "FREQ=DAILY;COUNT=2", json!([]));
    assert!(
        !text.contains("RRULE") && text.contains("RDATE;TZID=Europe/Lisbon:20260329T023000\r\n"),
        "{text}"
    );
}

#[test]
fn of_a_series_may_be_meant_one_occurrence_alone() {
    let thursday = "2026-12-03T18:30";
    let series = event(json!({ "founded_start": thursday, "start": thursday, "repeat": "FREQ=WEEKLY" }));
    let one = EventState { cancelled: true, ..series.plain_occurrence("2026-12-10T18:30") };
    let dated = Dated { event: series, occurrences: vec![one], whole: false, reason: String::new() };
    let text = to_ics(&[dated], Options { now_ms: 0, alarm: None }).text;
    assert_eq!(text.matches("BEGIN:VEVENT").count(), 1, "{text}");
    assert!(text.contains("RECURRENCE-ID;TZID=Europe/Lisbon:20261210T183000\r\n"), "{text}");
    assert!(text.contains("STATUS:CANCELLED\r\n"), "{text}");
}

#[test]
fn what_has_no_instant_here_is_left_out_and_said() {
    let event = event(json!({ "zone": "Mars/Olympus" }));
    let dated = Dated { event, occurrences: Vec::new(), whole: true, reason: String::new() };
    let made = to_ics(&[dated], Options { now_ms: 0, alarm: None });
    assert!(!made.text.contains("VEVENT"));
    assert_eq!(made.left_out, [("Tea".to_owned(), "Mars/Olympus".to_owned())]);
}
