use super::*;

fn form(said: &[(&str, &str)]) -> Form {
    let day = NaiveDate::from_ymd_opt(2026, 12, 8).unwrap();
    let mut form = Form::blank(Tz::Europe__Lisbon, day, None);
    said.iter().for_each(|(name, text)| form.set(name, text));
    form
}

#[test]
fn words_of_the_form_are_rules_of_the_day_it_begins() {
    let cases = [
        ("never", "2026-12-08", None),
        ("week", "2026-12-08", Some("FREQ=WEEKLY;BYDAY=TU")),
        ("fortnight", "2026-12-10", Some("FREQ=WEEKLY;INTERVAL=2;BYDAY=TH")),
        ("month", "2026-12-08", Some("FREQ=MONTHLY;BYDAY=2TU")),
        ("month", "2026-12-31", Some("FREQ=MONTHLY;BYDAY=5TH")),
        ("last", "2026-12-31", Some("FREQ=MONTHLY;BYDAY=-1TH")),
    ];
    for (repeat, date, rule) in cases {
        let schedule = form(&[("repeat", repeat), ("date", date)]).schedule().unwrap();
        assert_eq!(schedule.repeat.as_deref(), rule, "{repeat} {date}");
    }
    let ends = form(&[("repeat", "other"), ("rule", "every 3 weeks"), ("count", "4")]).schedule().unwrap();
    assert_eq!(ends.repeat.as_deref(), Some("FREQ=WEEKLY;INTERVAL=3;COUNT=4"));
    let both = form(&[("repeat", "week"), ("until", "2027-02-01"), ("count", "4")]).schedule().unwrap_err();
    assert!(matches!(&both, Refusal::Field { field, .. } if field == "repeat"), "{both:?}");
}

#[test]
fn an_end_where_nothing_repeats_is_refused_and_a_rule_that_stays_loses_its_old_one() {
    for end in [("until", "2027-02-01"), ("count", "4")] {
        let refused = form(&[("repeat", "never"), end]).schedule().unwrap_err();
        assert!(matches!(&refused, Refusal::Field { field, .. } if field == "repeat"), "{refused:?}");
    }
    let kept = |typed: &[(&str, &str)], rule| form(typed).rule("2026-12-08T18:30", Some(rule)).unwrap();
    let weekly = "FREQ=WEEKLY;COUNT=3;BYDAY=TU";
    assert_eq!(kept(&[("repeat", "keep")], weekly), None);
    let until = kept(&[("repeat", "keep"), ("until", "2027-02-01")], weekly);
    assert_eq!(until.as_deref(), Some("FREQ=WEEKLY;BYDAY=TU;UNTIL=20270201"));
}

#[test]
fn whole_days_begin_at_midnight_and_are_whole() {
    for (hours, days) in [("2", 1), ("", 1), ("24", 1), ("25", 2)] {
        let schedule = form(&[("all_day", "on"), ("hours", hours)]).schedule().unwrap();
        assert_eq!((&*schedule.start, schedule.minutes), ("2026-12-08T00:00", days * DAY_MINUTES), "{hours}");
    }
}

#[test]
fn what_is_left_empty_is_not_said() {
    let schedule =
        form(&[("title", "Tea"), ("guests", "1"), ("closes", "2"), ("opens", "3"), ("opens_unit", "days")]);
    let schedule = schedule.schedule().unwrap();
    assert_eq!((&*schedule.start, schedule.minutes, schedule.capacity), ("2026-12-08T18:30", 120, None));
    let fields = EventFields {
        party_max: Some(2),
        closes: Some(120),
        opens: Some(3 * DAY_MINUTES),
        ..EventFields::default()
    };
    assert_eq!(*schedule.fields, fields);
}

#[test]
fn what_is_no_number_is_refused_at_its_field() {
    for (name, field) in [
        ("hours", "minutes"),
        ("minutes", "minutes"),
        ("capacity", "capacity"),
        ("guests", "party_max"),
        ("closes", "closes"),
    ] {
        let refused = form(&[(name, "-1")]).schedule().unwrap_err();
        assert!(matches!(&refused, Refusal::Field { field: at, .. } if at == field), "{name}: {refused:?}");
        assert!(SHOWN.contains(&field), "{field} has no place on the page");
    }
}

#[test]
fn a_form_that_is_behind_keeps_what_was_typed_and_takes_all_else_as_it_is_now() {
    let author = klatch_feed::FeedId::new([1; 32]);
    let before: EventState = serde_json::from_value(serde_json::json!({
        "id": klatch_feed::EntryId::new([1; 32]), "group": null, "in_group": false, "author": author, "title": "Tea",
        "start": "2026-12-01T18:30", "zone": "Europe/Lisbon", "minutes": 60, "place": "Attic", "about": "Bring cups\n",
        "capacity": 4, "split": false, "revision": 0, "tips": [], "cancelled": false, "hosts": [], "seated": [],
        "waiting": [], "provisional": [], "unranked": [], "maybe": [], "no": [], "attendance": [], "incomplete": false,
    }))
    .unwrap();
    let mut form = Form::of(Form::of_event(&before).typed.into_iter().collect());
    form.set("place", "Cellar");
    form.set("capacity", "");
    let now = EventState {
        title: "An older word".to_owned(),
        start: "2026-12-02T00:00".to_owned(),
        place: "Garden".to_owned(),
        about: "Bring nothing".to_owned(),
        all_day: true,
        tips: vec![klatch_feed::EntryId::new([2; 32])],
        ..before.clone()
    };
    assert!(!form.is_behind(&before) && form.is_behind(&now));
    form.catch_up(&now);
    assert!(!form.is_behind(&now));
    let said = ["title", "date", "all_day", "about", "place", "capacity"].map(|name| form.get(name));
    assert_eq!(said, ["An older word", "2026-12-02", "on", "Bring nothing", "Cellar", ""]);
    form.catch_up(&before);
    let said = ["title", "date", "all_day", "place"].map(|name| form.get(name));
    assert_eq!(said, ["Tea", "2026-12-01", "", "Cellar"], "and what was unchecked is so");

    // A number goes with its unit, and minutes with their hours.
    let mut form = Form::of(Form::of_event(&before).typed.into_iter().collect());
    form.set("hours", "2");
    form.set("opens", "3");
    form.catch_up(&EventState { minutes: 90, opens: 1_440, closes: 60, ..before });
    let said =
        ["hours", "minutes", "opens", "opens_unit", "closes", "closes_unit"].map(|name| form.get(name));
    assert_eq!(said, ["2", "", "3", "hours", "1", "hours"]);
}
