//! Series and the fields of events from the command line, without a node.

use crate::fresh::Fresh;

/// A Thursday.
const FIRST: &str = "2126-12-05T18:30";

fn series() -> Fresh {
    let ana = Fresh::named("Ana");
    let repeat = "every 2 weeks on Thursday";
    ana.ok(&[
        "event",
        "schedule",
        "--title",
        "Go night",
        "--start",
        FIRST,
        "--tz",
        "Europe/Lisbon",
        "--repeat",
        repeat,
        "--count",
        "3",
        "--capacity",
        "2",
        "--tag",
        "board games",
        "--geo",
        "38.7223,-9.1393",
    ]);
    ana
}

fn starts(home: &Fresh, args: &[&str]) -> Vec<String> {
    let lines = home.json(&[&["event", "list"], args].concat());
    let line = |line: &serde_json::Value| {
        let cancelled = if line["cancelled"] == true { " cancelled" } else { "" };
        format!("{}{cancelled}", line["start"].as_str().unwrap())
    };
    lines.as_array().unwrap().iter().map(line).collect()
}

#[test]
fn a_series_is_scheduled_in_words_and_each_date_is_listed_answered_moved_and_called_off() {
    let ana = series();
    let all = ["2126-12-05T18:30", "2126-12-19T18:30", "2127-01-02T18:30"];
    assert_eq!(starts(&ana, &[]), all);
    // One that goes on and on does not fill the list.
    ana.ok(&[
        "event",
        "schedule",
        "--title",
        "Birthday",
        "--start",
        "2126-12-06T09:00",
        "--tz",
        "UTC",
        "--repeat",
        "yearly",
    ]);
    let birthdays = ["2126-12-06T09:00", "2127-12-06T09:00", "2128-12-06T09:00"];
    assert_eq!(
        starts(&ana, &[]).into_iter().filter(|start| start.ends_with("09:00")).collect::<Vec<_>>(),
        birthdays
    );
    assert_eq!(starts(&ana, &["--all"]).into_iter().filter(|start| start.ends_with("09:00")).count(), 200);
    ana.ok(&["event", "update", "birthday", "--repeat", "never"]);
    ana.ok(&["event", "update", "birthday", "--except", "2126-12-06"]);
    let shown = ana.ok(&["event", "show", "go night"]);
    for line in [
        "repeats  every 2 weeks on Thursday, 3 times",
        "dates    Thu 5 Dec 2126, 18:30",
        "tags     board games",
    ] {
        assert!(shown.contains(line), "{line} in\n{shown}");
    }

    ana.ok(&["rsvp", "go night", "yes", "--on", "2126-12-19"]);
    let on = ana.json(&["event", "show", "go night", "--on", "2126-12-19"]);
    assert_eq!((on["occ"].as_str(), on["provisional"].as_array().unwrap().len()), (Some(all[1]), 1));
    let whole = ana.json(&["event", "show", "go night"]);
    assert_eq!(whole["provisional"].as_array().unwrap().len(), 0, "for that date alone");

    ana.ok(&["event", "update", "go night", "--on", "2126-12-19", "--start", "2126-12-20T19:00"]);
    let stale = |on: &str| {
        let shown = ana.json(&["event", "show", "go night", "--on", on]);
        shown["provisional"][0]["stale"] == true
    };
    assert!(stale("2126-12-19"), "moved after the answer");
    ana.ok(&["rsvp", "go night", "yes"]);
    ana.ok(&["rsvp", "go night", "no", "--on", "2126-12-05"]);
    ana.ok(&["event", "update", "go night", "--on", "2127-01-02", "--start", "2127-01-03T18:30"]);
    ana.ok(&["rsvp", "go night", "maybe"]);
    ana.ok(&["rsvp", "go night", "yes"]);
    assert!(!stale("2127-01-02"), "moved before the answer for all dates");
    ana.ok(&["event", "update", "go night", "--on", "2127-01-02", "--start", "2127-01-02T18:30"]);
    ana.ok(&["event", "skip", "go night", "--on", "2127-01-02"]);
    ana.fails(&["rsvp", "go night", "yes", "--on", "2127-01-02"], 1, &["is cancelled on 2127-01-02"]);
    let now = ["2126-12-05T18:30", "2126-12-20T19:00", "2127-01-02T18:30 cancelled"];
    assert_eq!(starts(&ana, &[]), now);
    let shown = ana.ok(&["event", "show", "go night"]);
    assert!(shown.contains("Fri 20 Dec 2126, 19:00 (--on 2126-12-19T18:30)"), "{shown}");
    assert!(shown.contains("Thu 2 Jan 2127, 18:30 cancelled"), "{shown}");
    let again = ana.run(&["event", "skip", "go night", "--on", "2127-01-02"]);
    assert!(again.code == 1 && again.err.contains("cancelled on 2127-01-02 already"), "{}", again.err);

    ana.ok(&["event", "update", "go night", "--extra", "2126-12-25", "--except", "2126-12-05"]);
    assert_eq!(starts(&ana, &[]), ["2126-12-20T19:00", "2126-12-25T18:30", "2127-01-02T18:30 cancelled"]);
    ana.ok(&["event", "update", "go night", "--extra", "2126-12-05", "--except", "2126-12-25"]);
    assert_eq!(starts(&ana, &[]), now);
    ana.ok(&["event", "update", "go night", "--repeat", "never"]);
    assert_eq!(starts(&ana, &[]), ["2126-12-05T18:30"]);
}

#[test]
fn what_a_series_cannot_be_is_refused_and_says_why() {
    let ana = series();
    ana.ok(&["event", "schedule", "--title", "Tea", "--start", FIRST, "--tz", "Europe/Lisbon"]);
    let schedule =
        ["event", "schedule", "--title", "x", "--tz", "UTC", "--start", "2126-12-04T18:30", "--repeat"];
    let cases: [(&[&str], &str); 8] = [
        (
            &["every Thursday"],
            "Wednesday 4 Dec 2126, the start, is no date of every week on Thursday: begin on Thursday 5 Dec 2126",
        ),
        (&["sometimes"], "\"sometimes\" is not understood here"),
        (&["weekly", "--count", "201"], "COUNT=201"),
        (&["weekly", "--count", "3", "--until", "2127-01-01"], "cannot be used with"),
        (&["weekly", "--until", "soon"], "soon is no date"),
        (&["daily, 3 times", "--count", "3"], "COUNT=3"),
        (&["FREQ=HOURLY"], "FREQ=DAILY"),
        (&["weekly", "--geo", "91,0"], "no latitude and longitude"),
    ];
    for (args, wanted) in cases {
        let ended = ana.run(&[&schedule[..], args].concat());
        assert!(ended.code != 0 && ended.err.contains(wanted), "{args:?}: {}", ended.err);
    }
    let cases: [(&[&str], &str); 6] = [
        (&["event", "update", "Tea", "--repeat", "weekly"], "does not repeat"),
        (&["event", "update", "Tea", "--on", FIRST, "--title", "x"], "no series"),
        (&["event", "update", "go night", "--on", "2126-12-06", "--title", "x"], "has no occurrence then"),
        (&["event", "update", "go night", "--on", "2126-12-05", "--repeat", "daily"], "leave --on out"),
        (&["event", "update", "go night"], "say what changes"),
        (&["rsvp", "Tea", "yes", "--on", "2126-12-05"], "no series"),
    ];
    for (args, wanted) in cases {
        let ended = ana.run(args);
        assert!(ended.code != 0 && ended.err.contains(wanted), "{args:?}: {}", ended.err);
    }
}

#[test]
fn events_are_found_by_group_place_and_words() {
    let ana = series();
    ana.ok(&["group", "create", "Lisbon Rust"]);
    let tea = ["event", "schedule", "Lisbon Rust", "--title", "Tea and Rust", "--tz", "Europe/Lisbon"];
    ana.ok(&[&tea[..], &["--start", "2126-12-06T18:30", "--geo", "41.1579,-8.6291"]].concat());
    assert_eq!(starts(&ana, &["lisbon rust"]), ["2126-12-06T18:30"]);
    assert_eq!(starts(&ana, &["--near", "38.72,-9.14"]), [FIRST], "the next of the series alone");
    assert_eq!(starts(&ana, &["--near", "38.72,-9.14", "--within", "300"]).len(), 2);
    assert_eq!(starts(&ana, &["--search", "board"]), [FIRST]);
    assert_eq!(starts(&ana, &["--search", "RUST tea"]), ["2126-12-06T18:30"]);
    assert_eq!(starts(&ana, &["lisbon rust", "--search", "board"]), [""; 0]);
    assert_eq!(starts(&ana, &["--search", "chess"]), [""; 0]);
}

#[test]
fn every_field_of_an_event_is_said_and_shown_in_words() {
    let ana = Fresh::named("Ana");
    ana.ok(&[
        "event",
        "schedule",
        "--title",
        "Workshop",
        "--start",
        FIRST,
        "--tz",
        "Europe/Lisbon",
        "--access",
        "ramp at the back",
        "--online",
        "https://example.org/room",
        "--cost",
        "5 euros",
        "--question",
        "What do you eat?",
        "--policy",
        "lottery",
        "--party-max",
        "2",
        "--opens",
        "14d",
        "--closes",
        "2d",
        "--confirm-by",
        "24h",
        "--cancel-by",
        "90m",
        "--no-show-max",
        "3",
    ]);
    let shown = ana.ok(&["event", "show", "Workshop"]);
    for line in [
        "access    ramp at the back",
        "online    https://example.org/room",
        "cost      5 euros",
        "parties   of at most 2 persons",
        "ranked    by lot, when answers close",
        "opens     answers are ranked from Thu 21 Nov, 18:30 (14 days before)",
        "closes    answers are ranked until Tue 3 Dec, 18:30 (2 days before)",
        "confirm   a seat must be confirmed by Wed 4 Dec, 18:30 (1 day before)",
        "cancel    a no comes late after Thu 5 Dec, 17:00 (90 minutes before)",
        "no-shows  after 3 no-shows a host decides by hand",
        "asks      What do you eat?",
    ] {
        assert!(shown.contains(line), "{line} in\n{shown}");
    }
    ana.ok(&[
        "event",
        "update",
        "Workshop",
        "--closes",
        "0",
        "--question",
        "",
        "--policy",
        "first",
        "--all-day",
    ]);
    let state = ana.json(&["event", "show", "Workshop"]);
    assert_eq!(state["all_day"], true);
    for gone in ["closes", "questions", "policy"] {
        assert_eq!(state[gone], serde_json::Value::Null, "{gone}");
    }
    assert_eq!(state["opens"], 14 * 24 * 60);
    ana.fails(&["event", "update", "Workshop", "--policy", "lottery"], 1, &["closes: lots are drawn when"]);
    ana.fails(
        &["event", "update", "Workshop", "--opens", "24h"],
        1,
        &["confirm_by: no seat is given before"],
    );
    ana.ok(&["event", "update", "Workshop", "--policy", "lottery", "--closes", "2d"]);
}

#[test]
fn whole_days_are_told_without_hours() {
    let ana = Fresh::named("Ana");
    let fair = ["event", "schedule", "--title", "Fair", "--start", "2126-12-03T00:00", "--tz", "Asia/Tokyo"];
    let days = ["--all-day", "--duration", "3d"];
    let said = ana.ok(&[&fair[..], &days].concat());
    let shown = ana.ok(&["event", "show", "Fair"]);
    let listed = ana.ok(&["event", "list"]);
    for text in [said, shown, listed] {
        assert!(text.contains("Tue 3 Dec 2126 – Thu 5 Dec 2126"), "{text}");
        assert!(!text.contains("00:00") && !text.contains("Europe/Berlin"), "{text}");
    }
    let weekly = ["--title", "Stall", "--repeat", "weekly", "--count", "2", "--all-day", "--duration", "1d"];
    ana.ok(&[&["event", "schedule", "--start", "2126-12-03T00:00", "--tz", "UTC"][..], &weekly].concat());
    let shown = ana.ok(&["event", "show", "Stall"]);
    assert!(shown.contains("Tue 10 Dec 2126\n") && !shown.contains("00:00"), "{shown}");
}
