use super::*;

fn calendar(lines: &str) -> String {
    let event = lines.replace('\n', "\r\n");
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

fn drafts(lines: &str) -> Result<Vec<Draft>, EventError> {
    let Drafts { good, mut bad } = read(calendar(lines).as_bytes(), Tz::Europe__Lisbon, false).unwrap();
    if bad.is_empty() { Ok(good) } else { Err(bad.remove(0).error) }
}

fn draft(lines: &str) -> Draft {
    drafts(lines).unwrap().remove(0)
}

fn said(notes: &[Sentence]) -> Vec<&str> {
    notes.iter().map(|note| &**note).collect()
}

#[test]
fn a_whole_event_is_understood() {
    let read = draft(
        "SUMMARY:Tea\\, and Rust\nDTSTART;TZID=America/New_York:20260706T183000\nDTEND;TZID=America/New_York:20260706T203000\n\
         RRULE:FREQ=WEEKLY;UNTIL=20260803T223000Z;BYDAY=MO;WKST=MO\nEXDATE;TZID=America/New_York:20260713T183000\n\
         LOCATION:Café\\nSecond floor\nDESCRIPTION:one\\ntwo\nGEO:38.7155;-9.136\nURL:https://example.org/a\n\
         CATEGORIES:rust,tea\nATTENDEE:mailto:ana@example.org\nCLASS:PUBLIC",
    );
    assert_eq!(
        (&read.title[..], &read.start[..], &read.zone[..]),
        ("Tea, and Rust", "2026-07-06T18:30", "America/New_York")
    );
    assert_eq!((read.minutes, read.repeat.as_deref()), (120, Some("FREQ=WEEKLY;UNTIL=20260803;BYDAY=MO")));
    let fields = read.fields;
    assert_eq!(
        (fields.place.as_deref(), fields.about.as_deref()),
        (Some("Café, Second floor"), Some("one\ntwo"))
    );
    assert_eq!(
        (fields.geo, fields.online.as_deref()),
        (Some((38_715_500, -9_136_000)), Some("https://example.org/a"))
    );
    assert_eq!(fields.except, Some(vec!["2026-07-13T18:30".to_owned()]));
    assert_eq!(fields.tags, Some(vec!["rust".to_owned(), "tea".to_owned()]));
    assert_eq!(said(&read.notes), ["not taken over: ATTENDEE, CLASS"]);
}

#[test]
fn a_start_is_read_in_each_form() {
    for (start, local, zone, minutes) in [
        ("DTSTART:20260701T183000Z", "2026-07-01T19:30", "Europe/Lisbon", 120),
        ("DTSTART:20260701T183000", "2026-07-01T18:30", "Europe/Lisbon", 120),
        ("DTSTART;VALUE=DATE:20260701", "2026-07-01T00:00", "Europe/Lisbon", 1440),
        ("DTSTART;VALUE=DATE:20260701\nDTEND;VALUE=DATE:20260704", "2026-07-01T00:00", "Europe/Lisbon", 4320),
        ("DTSTART;VALUE=DATE:20260328\nDTEND;VALUE=DATE:20260330", "2026-03-28T00:00", "Europe/Lisbon", 2880),
        (
            "DTSTART;TZID=/maker.example/1/Asia/Kolkata:20260701T183000",
            "2026-07-01T18:30",
            "Asia/Kolkata",
            120,
        ),
        ("DTSTART:20260701T183000Z\nDURATION:P1DT2H30M", "2026-07-01T19:30", "Europe/Lisbon", 1590),
        // The later of two hours with the same name has no local form.
        ("DTSTART:20261025T013000Z", "2026-10-25T01:30", "UTC", 120),
        // What repeats in UTC does so by UTC's days.
        ("DTSTART:20260701T183000Z\nRRULE:FREQ=DAILY;COUNT=2", "2026-07-01T18:30", "UTC", 120),
    ] {
        let read = draft(&format!("SUMMARY:Tea\n{start}"));
        assert_eq!((&read.start[..], &read.zone[..], read.minutes), (local, zone, minutes), "{start}");
    }
}

#[test]
fn rules_are_brought_into_the_form_here_or_refused_by_name() {
    let rule = |start: &str, rule: &str| drafts(&format!("SUMMARY:Tea\nDTSTART:{start}\nRRULE:{rule}"));
    for (start, text, here) in [
        ("20260701T183000", "INTERVAL=2;FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2"),
        ("20260701T183000", "FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=1", "FREQ=YEARLY"),
        ("20260701T183000", "FREQ=DAILY;UNTIL=20260710", "FREQ=DAILY;UNTIL=20260710"),
        // Ends before the occurrence of that day, and just with it.
        ("20260701T183000", "FREQ=DAILY;UNTIL=20260710T170000Z", "FREQ=DAILY;UNTIL=20260709"),
        ("20260701T183000", "FREQ=DAILY;UNTIL=20260710T173000Z", "FREQ=DAILY;UNTIL=20260710"),
    ] {
        assert_eq!(rule(start, text).unwrap()[0].repeat.as_deref(), Some(here), "{text}");
    }
    for (text, named) in [
        ("FREQ=HOURLY", "FREQ=DAILY"),
        ("FREQ=MONTHLY;BYDAY=TH;BYSETPOS=2", "BYDAY=TH"),
        ("FREQ=DAILY;COUNT=201", "COUNT=201"),
        ("FREQ=YEARLY;BYMONTH=8", "BYMONTH=8"),
        ("FREQ=WEEKLY;WKST=SU", "WKST=SU"),
    ] {
        let error = rule("20260701T183000", text).unwrap_err();
        assert!(matches!(error, EventError::Rule { .. }) && error.to_string().contains(named), "{error}");
    }
}

#[test]
fn what_is_no_calendar_says_why() {
    let start = "DTSTART:20260701T183000";
    for (lines, says) in [
        ("SUMMARY:Tea".to_owned(), "no DTSTART"),
        (start.to_owned(), "no SUMMARY"),
        (format!("SUMMARY:Tea\n{start}\nSTATUS:CANCELLED"), "cancelled"),
        ("SUMMARY:Tea\nDTSTART:tomorrow".to_owned(), "DTSTART is \"tomorrow\""),
        ("SUMMARY:Tea\nDTSTART;TZID=W. Europe Standard Time:20260701T183000".to_owned(), "--tz"),
        (format!("SUMMARY:Tea\n{start}\nDTEND:20260701T183000"), "0 minutes"),
        (format!("SUMMARY:Tea\n{start}\nDTEND:20270701T183000"), "525600 minutes"),
        (format!("SUMMARY:Tea\n{start}\nGEO:north"), "GEO"),
    ] {
        let error = drafts(&lines).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let told = calendar("SUMMARY:Tea\nDTSTART;TZID=W. Europe Standard Time:20260701T183000");
    assert_eq!(read(told.as_bytes(), Tz::Europe__Berlin, true).unwrap().good[0].zone, "Europe/Berlin");
}

#[test]
fn files_have_limits() {
    let event = "BEGIN:VEVENT\r\nSUMMARY:Tea\r\nDTSTART:20260701T183000\r\nEND:VEVENT\r\n";
    let file = |count: usize| format!("BEGIN:VCALENDAR\r\n{}END:VCALENDAR\r\n", event.repeat(count));
    let read = |text: &str| read(text.as_bytes(), Tz::UTC, false);
    assert_eq!(read(&file(EVENTS_MAX)).map(|drafts| drafts.good.len()), Ok(EVENTS_MAX));
    assert_eq!(read(&file(EVENTS_MAX + 1)), Err(DraftError::TooMany));
    assert_eq!(read(&file(0)), Err(DraftError::Empty));
    let padded = |bytes: u64| {
        let (text, name) = (file(1), "X-PAD:");
        let pad = "x".repeat(bytes as usize - text.len() - name.len() - 2);
        text.replacen("BEGIN:VEVENT", &format!("{name}{pad}\r\nBEGIN:VEVENT"), 1)
    };
    assert!(read(&padded(FILE_BYTES_MAX)).is_ok());
    assert_eq!(read(&padded(FILE_BYTES_MAX + 1)), Err(DraftError::TooLong));
    let nested = |depth: usize| {
        let rest = depth - 2;
        let inner = ["BEGIN:X\r\n".repeat(rest), "END:X\r\n".repeat(rest)].concat();
        file(1).replacen("END:VEVENT", &format!("{inner}END:VEVENT"), 1)
    };
    assert!(read(&nested(DEPTH_MAX)).is_ok());
    assert_eq!(read(&nested(DEPTH_MAX + 1)), Err(DraftError::Shape));
}

#[test]
fn hostile_files_are_refused_and_nothing_breaks() {
    let deep = |count: usize| {
        format!("{}{}", "BEGIN:VCALENDAR\r\n".repeat(count), "END:VCALENDAR\r\n".repeat(count))
    };
    let whole = calendar("SUMMARY:Tea\nDTSTART:20260701T183000\nDESCRIPTION:one\\, two");
    for text in [
        String::new(),
        "BEGIN:".to_owned(),
        "BEGIN:VCALENDAR".to_owned(),
        deep(30_000),
        "BEGIN:VCALENDAR\r\n".repeat(60_000),
        "begin:vcalendar\r\nEND:VEVENT\r\n".to_owned(),
        format!("BEGIN:VCALENDAR\r\n{}", ";".repeat(500_000)),
        "\r\n ".repeat(300_000),
    ] {
        assert!(read(text.as_bytes(), Tz::UTC, false).is_err(), "{}", &text[..text.len().min(40)]);
    }
    assert_eq!(read(b"BEGIN:VCALENDAR\xff", Tz::UTC, false), Err(DraftError::Text));
    // Cut or changed at any place: whatever it is then, it is read or refused.
    for at in (0..whole.len()).filter(|at| whole.is_char_boundary(*at)) {
        let _ = read(&whole.as_bytes()[..at], Tz::UTC, false);
        for with in ["\0", ":", ";", "\"", "\r\n", "Z", "=", "\u{202e}"] {
            let _ = read([&whole[..at], with, &whole[at..]].concat().as_bytes(), Tz::UTC, false);
        }
    }
    for date in
        ["00000101T000000", "99991231T235959", "20261301T000000", "20260101T246060", "+20260101T000000"]
    {
        let odd =
            format!("SUMMARY:Tea\nDTSTART:{date}\nRRULE:FREQ=YEARLY\nEXDATE:{date}\nDURATION:P99999999W");
        let _ = read(calendar(&odd).as_bytes(), Tz::UTC, false);
    }
}

#[test]
fn text_is_made_fit_and_said() {
    let start = "DTSTART:20260701T183000Z\nDURATION:PT1H";
    let read = draft(&format!(
        "SUMMARY:{}\n{start}\nURL:javascript:alert(1)\nDESCRIPTION:\x1b[2J\u{202e}x",
        "é".repeat(100)
    ));
    assert_eq!((read.title.len(), read.fields.online), (120, None));
    assert_eq!(read.fields.about.as_deref(), Some("\u{fffd}[2J\u{fffd}x"));
    assert_eq!(said(&read.notes), ["SUMMARY is cut to 120 bytes"]);
}

#[test]
fn a_bad_event_is_named_by_its_line_and_the_good_ones_are_read() {
    let event = |lines: &str| format!("BEGIN:VEVENT\r\n{lines}END:VEVENT\r\n");
    let start = "DTSTART:20260701T183000\r\n";
    let text = [
        "BEGIN:VCALENDAR\r\nX-NAME:folded\r\n once\r\n".to_owned(),
        event(&format!("UID:1\r\nSUMMARY:Tea\r\n{start}")),
        event("UID:2\r\nSUMMARY:Never\r\n"),
        event(&format!("SUMMARY:Moved\r\n{start}UID:1\r\nRECURRENCE-ID:20260701T183000\r\n")),
        event(&format!("SUMMARY:Cake\r\n{start}BEGIN:VALARM\r\nEND:VALARM\r\n")),
        "END:VCALENDAR\r\n".to_owned(),
    ];
    let Drafts { good, bad } = read(text.concat().as_bytes(), Tz::UTC, false).unwrap();
    let good: Vec<_> = good.iter().map(|draft| (draft.line, &draft.uid[..])).collect();
    assert_eq!(good, [(4, "1"), (19, "Cake 2026-07-01T18:30 UTC")]);
    assert_eq!(
        bad,
        [Bad { line: 9, title: "Never".to_owned(), error: EventError::Missing { name: "DTSTART" } }]
    );
    let text = text.concat().replace("BEGIN:VEVENT\r\nUID:2", "begin:VEVENT\r\nUID:2");
    assert_eq!(read(text.as_bytes(), Tz::UTC, false).unwrap().bad[0].line, 9, "in small letters as well");
}

#[test]
fn two_long_uids_stay_two() {
    let tea = calendar("SUMMARY:Tea\nDTSTART:20260701T183000");
    let uid = |last: &str| {
        let text = tea.replace("UID:1", &format!("UID:{}{last}", "x".repeat(500)));
        read(text.as_bytes(), Tz::UTC, false).unwrap().good.remove(0).uid
    };
    let long = uid("");
    assert_eq!(long.len(), 500, "as it is");
    assert!(uid("a") != uid("b") && uid("a").len() == 64);
}
