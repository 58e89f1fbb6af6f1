//! Calendars as independent programs read them: the same instants as here, across changes of clocks.

use std::ffi::OsStr;
use std::io::Write as _;
use std::process::Command;

use klatch::calendar::draft::{self, Draft};
use klatch::calendar::{Dated, Options, to_ics};
use klatch_feed::EventState;
use klatch_feed::post::instant;
use serde_json::{Value, json};

/// Each with a day on which its clocks change in spring, in autumn, and a local time that is there twice then.
/// Kolkata's never do.
const ZONES: [(&str, &str, &str, &str); 4] = [
    ("Europe/Lisbon", "2026-03-29", "2026-10-25", "01:30"),
    ("America/New_York", "2026-03-08", "2026-11-01", "01:30"),
    ("Australia/Lord_Howe", "2026-10-04", "2026-04-05", "01:45"),
    ("Asia/Kolkata", "2026-03-29", "2026-10-25", "01:30"),
];

/// An event by what is not usual about it; `id` tells them apart.
fn event(id: u8, zone: &str, start: &str, more: Value) -> EventState {
    let mut state = json!({
        "id": klatch_feed::EntryId::new([id; 32]), "group": null, "in_group": false,
        "author": klatch_feed::FeedId::new([2; 32]), "title": "Tea", "start": start, "zone": zone, "minutes": 90,
        "place": "", "about": "", "capacity": null, "split": false, "revision": 0, "tips": [], "cancelled": false,
        "hosts": [], "seated": [], "waiting": [], "provisional": [], "unranked": [], "maybe": [], "no": [],
        "attendance": [], "incomplete": false,
    });
    for (key, value) in more.as_object().unwrap() {
        state[key] = value.clone();
    }
    serde_json::from_value(state).unwrap()
}

fn whole(event: EventState) -> Dated {
    Dated { event, occurrences: Vec::new(), whole: true, reason: String::new() }
}

/// A series, and what was said about some of its occurrences.
fn series(id: u8, zone: &str, founded: &str, rule: &str, more: Value) -> EventState {
    let mut more = more;
    more["founded_start"] = json!(founded);
    more["repeat"] = json!(rule);
    let start = more.get("start").and_then(Value::as_str).unwrap_or(founded).to_owned();
    event(id, zone, &start, more)
}

/// Events of every form around the changes of a zone's clocks.
fn events(zone: &str, spring: &str, autumn: &str, twice: &str) -> Vec<Dated> {
    let before = |date: &str, days: u64| {
        let date: chrono::NaiveDate = date.parse().unwrap();
        date.checked_sub_days(chrono::Days::new(days)).unwrap()
    };
    let at = |date: &str, days, time: &str| format!("{}T{time}", before(date, days));
    let weekly =
        |id, date: &str, time: &str, more| series(id, zone, &at(date, 14, time), "FREQ=WEEKLY;COUNT=5", more);
    let monthly = series(
        9,
        zone,
        "2026-01-08T18:30",
        "FREQ=MONTHLY;BYDAY=2TH;UNTIL=20261231",
        json!({
            "extra": ["2026-06-20T11:00", "2026-10-26T18:30"],
            "except": ["2026-05-14T18:30", "2026-01-08T18:30"],
            "start": "2026-01-08T19:15",
        }),
    );
    let moved = EventState {
        start: at(autumn, 0, "20:00"),
        minutes: 200,
        ..monthly.plain_occurrence("2026-04-09T18:30")
    };
    let skipped = EventState { cancelled: true, ..monthly.plain_occurrence("2026-06-20T11:00") };
    let days = json!({ "all_day": true, "minutes": 1500 });
    vec![
        whole(event(1, zone, &at(spring, 0, "18:30"), json!({}))),
        whole(event(2, zone, &at(autumn, 0, twice), json!({ "minutes": 20 }))),
        whole(event(3, zone, &at(autumn, 1, "22:00"), json!({ "minutes": 2880 }))),
        // Ends in the later of two hours with the same name.
        whole(event(4, zone, &at(autumn, 0, "00:30"), json!({ "minutes": 100 }))),
        whole(event(5, zone, &at(spring, 1, "00:00"), days.clone())),
        whole(weekly(6, spring, "18:30", json!({}))),
        whole(weekly(7, autumn, "18:30", json!({}))),
        // One of them in the hour that is not there, and one in that which is there twice.
        whole(series(8, zone, &at(spring, 2, "01:15"), "FREQ=DAILY;COUNT=5", json!({ "minutes": 30 }))),
        Dated { event: monthly, occurrences: vec![moved, skipped], whole: true, reason: String::new() },
        whole(series(10, zone, &at(spring, 2, "02:15"), "FREQ=DAILY;COUNT=5", json!({ "minutes": 30 }))),
        whole(series(11, zone, &at(autumn, 2, twice), "FREQ=DAILY;COUNT=5", json!({ "minutes": 20 }))),
        // Over the change, so that the clock alone does not tell how long.
        whole(weekly(12, autumn, "23:00", json!({ "minutes": 9000 }))),
        whole(weekly(13, spring, "00:00", days)),
        // Moved to another day than the rule names, and begun on one that it does not name.
        whole(weekly(14, spring, "23:00", json!({ "start": at(spring, 13, "01:00") }))),
        whole(series(15, zone, &at(spring, 6, "10:00"), "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=4", json!({}))),
        whole(series(16, zone, "2026-01-31T10:00", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=4", json!({}))),
        whole(series(17, zone, "2026-01-31T10:00", "FREQ=MONTHLY;COUNT=4", json!({}))),
        whole(series(
            18,
            zone,
            "2026-01-05T10:00",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SA;UNTIL=20260615",
            json!({}),
        )),
        whole(series(19, zone, "2026-03-01T10:00", "", json!({ "extra": ["2026-04-01T10:00"] }))),
    ]
}

/// When each is, as it is shown here.
fn shown(dated: &[Dated]) -> Vec<String> {
    let mut lines = Vec::new();
    for Dated { event, occurrences, .. } in dated {
        let occurrence = |name: String| {
            let special = occurrences.iter().find(|special| special.occ.as_ref() == Some(&name));
            special.cloned().unwrap_or_else(|| event.plain_occurrence(&name))
        };
        let states = match event.founded_start {
            Some(_) => event.occurrence_names().into_iter().map(occurrence).collect(),
            None => vec![event.clone()],
        };
        lines.extend(states.iter().map(line));
    }
    lines.sort();
    lines
}

fn line(state: &EventState) -> String {
    let start = instant(&state.start, &state.zone).unwrap();
    let minutes = i64::from(state.minutes);
    let status = if state.cancelled { "CANCELLED" } else { "CONFIRMED" };
    let (start, end) = match state.all_day {
        true => {
            let (first, days) = (start.date_naive(), minutes.unsigned_abs().div_ceil(24 * 60));
            (first.to_string(), (first + chrono::Days::new(days)).to_string())
        }
        false => (start.timestamp().to_string(), (start.timestamp() + minutes * 60).to_string()),
    };
    format!("{}@klatch {start} {end} {status}", state.id)
}

/// A reader that is not here is said, and where all are required, an error.
fn is_here(program: &OsStr, args: &[&str], what: &str) -> bool {
    let ready = Command::new(program).args(args).output();
    let is_here = ready.is_ok_and(|output| output.status.success());
    if !is_here {
        let absent = format!("{} with {what} is not here", program.display());
        assert!(std::env::var_os("KLATCH_REQUIRE").is_none(), "{absent}");
        // Not `eprintln`: what that prints is hidden where a test passes.
        let _ = writeln!(std::io::stderr(), "SKIPPED: calendars beside another reader: {absent}");
    }
    is_here
}

/// Runs a reader over the calendar of each zone and compares.
fn agrees(reader: &OsStr, script: &str, more: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("calendar.ics");
    let script = format!("{}/tests/{script}", env!("CARGO_MANIFEST_DIR"));
    for (zone, spring, autumn, twice) in ZONES {
        let dated = events(zone, spring, autumn, twice);
        let made = to_ics(&dated, Options { now_ms: 0, alarm: Some(60) });
        assert!(made.left_out.is_empty(), "{:?}", made.left_out);
        std::fs::write(&file, &made.text).unwrap();
        let run = Command::new(reader).arg(&script).arg(&file).args(more).output().unwrap();
        assert!(run.status.success(), "{zone}: {}", String::from_utf8_lossy(&run.stderr));
        let text = String::from_utf8(run.stdout).unwrap();
        let mut read: Vec<_> = text.lines().map(str::to_owned).collect();
        read.sort();
        let shown = shown(&dated);
        let lost: Vec<_> = shown.iter().filter(|line| !read.contains(line)).collect();
        let more: Vec<_> = read.iter().filter(|line| !shown.contains(line)).collect();
        assert!(lost.is_empty() && more.is_empty(), "{zone}: not read {lost:#?}, read instead {more:#?}");
        assert_eq!(read, shown, "{zone}: each once");
    }
}

#[test]
fn icalendar_and_recurring_ical_events_read_the_same_instants() {
    let python = std::env::var_os("KLATCH_PYTHON").unwrap_or_else(|| "python3".into());
    let packages = ["-c", "import icalendar, recurring_ical_events"];
    if is_here(&python, &packages, "the packages icalendar and recurring-ical-events") {
        agrees(&python, "calendar_reader.py", &[]);
        agrees(&python, "calendar_reader.py", &["renamed"]);
    }
}

#[test]
fn ical_js_reads_the_same_instants() {
    let node = OsStr::new("node");
    if is_here(node, &["-e", "require('ical.js')"], "the package ical.js") {
        agrees(node, "calendar_reader.cjs", &[]);
    }
}

/// When what was drafted from a calendar would be, as it would be shown here.
fn drafted(text: &[u8], zone: &str) -> Vec<String> {
    let draft::Drafts { good: drafts, bad } = draft::read(text, zone.parse().unwrap(), false).unwrap();
    assert_eq!(bad, []);
    let mut lines = Vec::new();
    for Draft { title, start, zone, minutes, repeat, fields, notes, .. } in drafts {
        assert!(notes.is_empty(), "{title}: {notes:?}");
        let more = json!({
            "minutes": minutes, "all_day": fields.all_day.unwrap_or_default(),
            "extra": fields.extra.unwrap_or_default(), "except": fields.except.unwrap_or_default(),
        });
        let states = match repeat {
            Some(rule) => {
                let state = series(1, &zone, &start, &rule, more);
                state.occurrence_names().iter().map(|name| state.plain_occurrence(name)).collect()
            }
            None => vec![event(1, &zone, &start, more)],
        };
        let told =
            states.iter().map(line).map(|line| line.split(' ').skip(1).take(2).collect::<Vec<_>>().join(" "));
        lines.extend(told.map(|told| format!("{title} {told}")));
    }
    lines.sort();
    lines
}

#[test]
fn what_icalendar_wrote_is_drafted_at_the_same_instants() {
    let python = std::env::var_os("KLATCH_PYTHON").unwrap_or_else(|| "python3".into());
    let packages = ["-c", "import icalendar, recurring_ical_events"];
    if !is_here(&python, &packages, "the packages icalendar and recurring-ical-events") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("calendar.ics");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calendar_writer.py");
    for (zone, spring, autumn, _) in ZONES {
        let run = Command::new(&python).args([script, zone, spring, autumn]).arg(&file).output().unwrap();
        assert!(run.status.success(), "{zone}: {}", String::from_utf8_lossy(&run.stderr));
        let mut written: Vec<_> = String::from_utf8(run.stdout).unwrap().lines().map(str::to_owned).collect();
        written.sort();
        assert_eq!(drafted(&std::fs::read(&file).unwrap(), zone), written, "{zone}");
        if !is_here(OsStr::new("node"), &["-e", "require('ical.js')"], "the package ical.js") {
            continue;
        }
        let again = "const loaded = require('ical.js'), ICAL = loaded.default ?? loaded; \
            const text = require('fs').readFileSync(process.argv[1], 'utf8'); \
            process.stdout.write(ICAL.stringify(ICAL.parse(text)))";
        let run = Command::new("node").args(["-e", again]).arg(&file).output().unwrap();
        assert!(run.status.success(), "{zone}: {}", String::from_utf8_lossy(&run.stderr));
        assert_eq!(drafted(&run.stdout, zone), written, "{zone}, written by ical.js");
    }
}
