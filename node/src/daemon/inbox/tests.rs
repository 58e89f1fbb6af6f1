use super::*;
use klatch_feed::meetup::series::OccurrenceLine;
use klatch_feed::post::Answer;

const MINUTE: i64 = MINUTE_MS;
/// 2026-12-01T18:30Z.
const START: i64 = 1_796_149_800_000;

fn feed(n: u8) -> FeedId {
    FeedId::new([n; 32])
}

fn me() -> FeedId {
    feed(2)
}

fn line(n: u8) -> SeatLine {
    let (feed, rsvp) = (feed(n), EntryId::new([n + 100; 32]));
    SeatLine {
        feed,
        rsvp,
        answer: Answer::Yes,
        party: 2,
        asked: None,
        by: None,
        confirmed: false,
        stale: false,
    }
}

/// An event of somebody else.
fn event() -> EventState {
    let none: [u8; 0] = [];
    serde_json::from_value(serde_json::json!({
        "id": EntryId::new([9; 32]), "group": null, "in_group": false, "author": feed(1), "title": "Tea",
        "start": "2026-12-01T18:30", "zone": "UTC", "minutes": 60, "place": "Here", "about": "", "capacity": 8,
        "split": false, "revision": 0, "tips": none, "cancelled": false,
        "hosts": [{ "feed": feed(1), "role": "owner" }], "seated": none, "waiting": none, "provisional": none,
        "unranked": none, "maybe": none, "no": none, "attendance": none, "incomplete": false,
    }))
    .unwrap()
}

fn seated() -> EventState {
    EventState { seated: vec![line(2)], ..event() }
}

fn before(minutes: i64) -> i64 {
    START - minutes * MINUTE
}

/// What is told of it so many minutes before the start, and how many before it one looks again.
fn told(event: &EventState, minutes: i64) -> (Vec<What>, Option<i64>) {
    let look = of_event(event, &me(), before(minutes));
    (
        look.notices.into_iter().map(|notice| notice.what).collect(),
        look.next_ms.map(|at| (START - at) / MINUTE),
    )
}

#[test]
fn how_one_stands_is_told_as_long_as_it_is_not_over() {
    let rsvp = line(2).rsvp;
    let seat = What::Seated { rsvp, persons: 2 };
    let waits = EventState { waiting: vec![line(3), line(2)], ..event() };
    let released = EventState { released: vec![line(2)], ..event() };
    assert_eq!(told(&seated(), 10_000).0, std::slice::from_ref(&seat));
    assert_eq!(told(&waits, 10_000).0, [What::Waiting { rsvp, place: 2 }]);
    assert_eq!(told(&released, 10_000).0, [What::Released { rsvp }]);
    // An hour long: in the middle of it, and over.
    assert_eq!(told(&seated(), -30), (vec![seat], Some(-60)));
    assert_eq!(told(&seated(), -60), (vec![], None));
    // Whom no host saw yet, who said no, and who did not answer: nothing.
    assert_eq!(told(&EventState { provisional: vec![line(2)], ..event() }, 10_000).0, []);
    assert_eq!(told(&EventState { no: vec![me()], ..event() }, 10), (vec![], None));
    assert_eq!(told(&EventState { seated: vec![line(3)], ..event() }, 10), (vec![], None));
}

#[test]
fn a_start_is_told_two_hours_before_to_who_comes_and_who_hosts() {
    let soon = What::Soon { start_ms: START };
    let comes = EventState { maybe: vec![line(2)], ..event() };
    let mut hosts = event();
    hosts.hosts[0].feed = me();
    for event in [&comes, &hosts] {
        assert_eq!(told(event, 121), (vec![], Some(120)));
        assert_eq!(told(event, 120), (vec![soon.clone()], Some(0)));
        assert_eq!(told(event, 0), (vec![], None));
    }
    // Nobody without a seat is called to the door, and nobody to what is called off.
    for event in [
        EventState { waiting: vec![line(2)], ..event() },
        EventState { unranked: vec![line(2)], ..event() },
        EventState { released: vec![line(2)], ..event() },
        EventState { cancelled: true, ..seated() },
        EventState { cancelled: true, ..hosts },
    ] {
        assert!(!told(&event, 60).0.contains(&soon), "{event:?}");
    }
}

#[test]
fn a_seat_that_has_to_be_confirmed_says_so_a_day_before_and_till_it_is() {
    let asks = EventState { confirm_by: 1440, ..seated() };
    let ask = What::ConfirmBy { by_ms: before(1440) };
    let is_asked = |event: &EventState, minutes| told(event, minutes).0.contains(&ask);
    assert!(!is_asked(&asks, 1440 + 1441));
    assert_eq!(told(&asks, 1440 + 1441).1, Some(1440 + 1440));
    assert!(is_asked(&asks, 1440 + 1440) && is_asked(&asks, 1441));
    assert!(!is_asked(&asks, 1440));
    let mut said = asks;
    said.seated[0].confirmed = true;
    assert!(!is_asked(&said, 2000));
    assert!(!is_asked(&EventState { confirm_by: 1440, waiting: vec![line(2)], ..event() }, 2000));
}

#[test]
fn a_change_and_an_end_are_told_to_who_answered() {
    let mut moved = seated();
    moved.seated[0].stale = true;
    let (start, zone, place) = ("2026-12-01T18:30".to_owned(), "UTC".to_owned(), "Here".to_owned());
    assert_eq!(told(&moved, 10_000).0[1..], [What::Changed { start, zone, place }]);
    assert_eq!(told(&EventState { cancelled: true, ..seated() }, 10_000), (vec![What::Cancelled], None));
    assert_eq!(told(&EventState { cancelled: true, ..event() }, 10_000), (vec![], None));
}

#[test]
fn a_notice_is_news_once_and_a_place_that_gets_worse_is_none() {
    let (rsvp, other) = (line(2).rsvp, line(3).rsvp);
    let seat = What::Seated { rsvp, persons: 2 };
    let at = |place| What::Waiting { rsvp, place };
    assert!(is_news(None, &seat) && !is_news(Some(&seat), &seat));
    assert!(
        is_news(Some(&at(3)), &at(2)) && !is_news(Some(&at(2)), &at(2)) && !is_news(Some(&at(2)), &at(3))
    );
    assert!(is_news(Some(&at(2)), &What::Waiting { rsvp: other, place: 3 }));
    assert!(is_news(Some(&at(1)), &seat) && is_news(Some(&seat), &What::Released { rsvp }));
    assert!(is_news(Some(&seat), &What::Seated { rsvp, persons: 1 }));
}

#[test]
fn a_date_of_a_series_says_what_the_series_does_not() {
    let series = EventState { founded_start: Some("2026-12-01T18:30".into()), ..seated() };
    let mut date = EventState { occ: Some("2026-12-08T18:30".into()), ..series.clone() };
    let notices = |date: &EventState| {
        let mut all = of_event(&series, &me(), before(10_000)).notices;
        all.extend(of_event(date, &me(), before(10_000)).notices);
        without_repeats(all)
    };
    assert_eq!(notices(&date).len(), 1);
    date.seated = vec![];
    date.waiting = vec![line(2)];
    assert_eq!(notices(&date)[1].occ.as_deref(), Some("2026-12-08T18:30"));
    // The series as a whole is never over, nor soon.
    assert_eq!(told(&series, 60).0.len(), 1);
    assert_eq!(told(&series, -1_000_000).0.len(), 1);
}

#[test]
fn a_series_concerns_who_said_something_about_one_date() {
    let line =
        OccurrenceLine { occ: "2026-12-08T18:30".into(), start: "2026-12-08T18:30".into(), cancelled: false };
    assert!(!concerns(&event(), &me()));
    assert!(concerns(&EventState { occurrences: vec![line], ..event() }, &me()));
    assert!(concerns(&seated(), &me()) && !concerns(&EventState { no: vec![me()], ..event() }, &me()));
}

#[test]
fn sentences_are_one_line_whatever_others_wrote() {
    let text = "two\nlines\u{1b}[2J".to_owned();
    let what = What::Reply { comment: line(2).rsvp, feed: feed(1), name: "A\u{202e}".into(), text };
    let sentence = Notice::undated(event().id, "T\u{7}", what).sentence();
    assert_eq!(sentence, "A\u{fffd} answered you on T\u{fffd}: two\u{fffd}lines\u{fffd}[2J");
}

/// A group of somebody else in which `me` has that role, if any.
fn group(role: Option<Role>) -> GroupState {
    let none: [u8; 0] = [];
    let mine = role.map(|role| serde_json::json!({ "feed": me(), "role": role }));
    let roles: Vec<_> =
        [serde_json::json!({ "feed": feed(1), "role": "owner" })].into_iter().chain(mine).collect();
    serde_json::from_value(serde_json::json!({
        "id": EntryId::new([8; 32]), "founder": feed(1), "name": "Rust", "schedulers": "organizers", "joining": "approval",
        "roles": roles, "members": none, "asking": [feed(3), feed(4)], "events": none, "incomplete": false,
    }))
    .unwrap()
}

fn told_of_group(group: &GroupState) -> Vec<Notice> {
    of_group(group, &me(), |feed| Ok::<_, ()>(format!("N{}", feed.as_bytes()[0]))).unwrap()
}

#[test]
fn who_asks_to_join_is_told_to_who_can_let_them_in() {
    let told = told_of_group(&group(Some(Role::Organizer)));
    assert_eq!(told[0].sentence(), "asking to join Rust: N3, N4");
    assert!(told[0].next_step().unwrap().starts_with("klatch group accept entry1"), "{told:?}");
    for role in [None, Some(Role::Host)] {
        assert_eq!(told_of_group(&group(role)), []);
    }
    let mut cut = group(Some(Role::Organizer));
    cut.roles[1].cut = Some(3);
    assert_eq!(told_of_group(&cut), []);
    let asking =
        |people: &[u8]| What::Asking { people: people.iter().map(|n| (feed(*n), String::new())).collect() };
    assert!(
        is_news(Some(&asking(&[3, 4])), &asking(&[4, 5])) && !is_news(Some(&asking(&[3, 4])), &asking(&[4]))
    );
}

#[test]
fn an_owner_who_is_called_silent_is_told_and_again_when_it_is_enough() {
    let says = |subject, heir, reached| klatch_feed::meetup::SilentLine {
        subject: feed(subject),
        heir: feed(heir),
        owners: 1,
        members: 1,
        reached,
        statements: vec![],
    };
    let silent = |lines| GroupState { silent: lines, asking: vec![], ..group(Some(Role::Owner)) };
    let told = told_of_group(&silent(vec![says(2, 1, false), says(2, 3, true), says(1, 3, true)]));
    let said: Vec<_> = told.iter().map(Notice::sentence).collect();
    assert_eq!(
        said,
        [
            "it is stated in Rust that you are silent, and that N1 is to go on for you",
            "you are taken for silent in Rust: N3 goes on for you until you answer"
        ]
    );
    assert_ne!(told[0].what.about(), told[1].what.about(), "each heir is told by itself");
    let (heir, name) = (feed(1), String::new());
    let stated = |reached| What::Silent { heir, name: name.clone(), reached };
    assert!(is_news(Some(&stated(false)), &stated(true)) && !is_news(Some(&stated(true)), &stated(false)));
}

#[test]
fn who_waits_for_a_person_is_told_by_name_and_only_a_few_in_the_sentence() {
    let lines: Vec<_> = (3..9).map(line).collect();
    let lines: Vec<_> = lines.iter().collect();
    let name = |feed: &FeedId| Ok::<_, ()>(format!("N{}", feed.as_bytes()[0]));
    let told = to_seat(&event(), &lines, name).unwrap().unwrap();
    assert_eq!(
        told.sentence(),
        "waiting for you to give a seat: N3, N4, N5 and 3 more: Tea, 2026-12-01 18:30 UTC"
    );
    assert_eq!(to_seat(&event(), &[], name), Ok(None));
}
