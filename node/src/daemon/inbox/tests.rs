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
    assert_eq!(told(&released, 10_000).0, [What::Released { rsvp, waited: true }]);
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
    assert!(is_news(Some(&at(1)), &seat) && is_news(Some(&seat), &What::Released { rsvp, waited: false }));
    // A seat that was told is given up; who only waited is taken off the list, once.
    let released = |waited| What::Released { rsvp, waited };
    assert_eq!(after(Some(&seat), released(true)), released(false));
    assert_eq!(after(Some(&released(false)), released(true)), released(false));
    assert_eq!(after(Some(&at(1)), released(true)), released(true));
    assert_eq!(after(Some(&What::Released { rsvp: other, waited: false }), released(true)), released(true));
    assert_eq!(after(None, released(true)), released(true));
    let said = |what| Notice::undated(event().id, "Tea", what).sentence();
    assert_eq!(said(released(true)), "a host took you off the list: Tea");

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
    assert_eq!(sentence, "A\u{fffd} answered you on T\u{fffd}: two lines\u{fffd}[2J");
}

fn is_news(before: Option<&What>, what: &What) -> bool {
    news(before, what) == News::Tell
}

#[test]
fn of_whole_days_the_date_is_told_and_they_end_with_the_last() {
    let days = EventState { all_day: true, start: "2026-12-01T00:00".into(), minutes: 2 * 1440, ..seated() };
    let look = of_event(&days, &me(), before(10_000));
    assert_eq!(
        look.notices[0].sentence(),
        "you have a seat: Tea, Tue 1 Dec 2026".replace("seat:", "seat for 2:")
    );
    // 2026-12-02T23:00Z, and the midnight after.
    assert_eq!(of_event(&days, &me(), START + 1710 * MINUTE).notices.len(), 1);
    assert_eq!(of_event(&days, &me(), START + 1770 * MINUTE).notices, []);
}

#[test]
fn what_a_group_made_of_somebody_is_news_where_others_did_it() {
    let what = |change: &dyn Fn(&mut GroupState)| {
        let mut group = GroupState { asking: vec![], ..group(None) };
        change(&mut group);
        let told = told_of_group(&group);
        assert!(told.len() < 2, "{told:?}");
        told.into_iter().next().map(|notice| notice.what)
    };
    let role = |role| Some(What::Role { role });
    assert_eq!(what(&|_| {}), None);
    assert_eq!(what(&|group| group.asking = vec![me()]), Some(What::Asks));
    assert_eq!(what(&|group| group.members = vec![me()]), Some(What::Joined));
    assert_eq!(what(&|group| group.removed = vec![me()]), Some(What::Removed));
    let line = |cut| RoleLine { feed: me(), role: Role::Host, quota: None, cut };
    assert_eq!(what(&|group| group.roles.push(line(None))), role(Role::Host));
    assert_eq!(what(&|group| group.roles.push(line(Some(3)))), Some(What::Removed));
    // A founder's own group, and an owner whom statements call silent: told otherwise.
    assert_eq!(what(&|group| (group.founder, group.roles) = (me(), vec![line(None)])), None);
    let role = |role| What::Role { role };
    let joins = [What::Asks, What::Removed].map(|before| news(Some(&before), &What::Joined));
    assert_eq!(joins, [News::Tell; 2]);
    assert_eq!(news(None, &What::Joined), News::Known, "who joins an open group knows it");
    assert_eq!(news(Some(&role(Role::Host)), &What::Joined), News::Known);
    assert_eq!([news(None, &What::Asks), news(Some(&What::Asks), &What::Asks)], [News::Note, News::Known]);
    assert_eq!(news(None, &What::Removed), News::Tell);
    assert_eq!(news(Some(&role(Role::Host)), &role(Role::Owner)), News::Tell);
    assert_eq!(news(Some(&role(Role::Host)), &role(Role::Host)), News::Known);
}

#[test]
fn a_question_is_said_where_the_event_is_called_otherwise() {
    let settled = |question: &str| {
        let (group, question) = ("Rust".to_owned(), Some(question.to_owned()));
        Notice::undated(event().id, "Tea", What::Scheduled { group, question }).sentence()
    };
    assert_eq!(settled("Tea"), "the poll you voted in is settled in Rust: Tea");
    assert_eq!(settled("When?"), "the poll you voted in is settled in Rust: When?: Tea");
}

#[test]
fn what_a_group_made_of_somebody_is_listed_for_a_month() {
    let is_listed = |what: &What, told| what.is_listed(told, LISTED_MS + 5);
    let (asks, joined, removed) = (What::Asks, What::Joined, What::Removed);
    assert_eq!([None, Some(5), Some(6)].map(|told| is_listed(&removed, told)), [true, false, true]);
    assert_eq!([None, Some(5), Some(6)].map(|told| is_listed(&joined, told)), [false, false, true]);
    let role = What::Role { role: Role::Host };
    assert_eq!([None, Some(5), Some(6)].map(|told| is_listed(&role, told)), [true, false, true]);
    assert!(!is_listed(&asks, Some(6)));
    // What was told of these is kept, since they hold for good.
    assert!(
        [&asks, &joined, &removed, &role].iter().all(|what| what.is_lasting())
            && !What::Cancelled.is_lasting()
    );
    assert!(!is_listed(&What::Asking { people: BTreeMap::new() }, Some(6)));
}

#[test]
fn who_was_made_a_host_of_an_event_is_told_unless_the_group_makes_them_one() {
    let line = |feed, role, cut| RoleLine { feed, role, quota: None, cut };
    let with = |role, cut| EventState { hosts: vec![line(me(), role, cut)], ..event() };
    let told = |event: &EventState, in_group| hosting(event, &me(), in_group).map(|notice| notice.what);
    let host = Some(What::Role { role: Role::Host });
    assert_eq!(told(&with(Role::Host, None), None), host);
    assert_eq!(told(&with(Role::Host, None), Some(Role::Door)), host);
    for (event, in_group) in [
        (event(), None),
        (with(Role::Door, None), None),
        (with(Role::Host, Some(4)), None),
        (with(Role::Host, None), Some(Role::Host)),
        (with(Role::Host, None), Some(Role::Owner)),
        (EventState { author: me(), ..with(Role::Owner, None) }, None),
        (EventState { cancelled: true, ..with(Role::Host, None) }, None),
        (EventState { occ: Some("2026-12-08T18:30".into()), ..with(Role::Host, None) }, None),
    ] {
        assert_eq!(told(&event, in_group), None, "{event:?} {in_group:?}");
    }
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
    let is_asked =
        |group: &GroupState| told_of_group(group).iter().any(|told| matches!(told.what, What::Asking { .. }));
    assert!(is_asked(&group(Some(Role::Organizer))));
    for role in [None, Some(Role::Host)] {
        assert!(!is_asked(&group(role)));
    }
    let mut cut = group(Some(Role::Organizer));
    cut.roles[1].cut = Some(3);
    assert!(!is_asked(&cut));
    let asking =
        |people: &[u8]| What::Asking { people: people.iter().map(|n| (feed(*n), String::new())).collect() };
    assert!(
        is_news(Some(&asking(&[3, 4])), &asking(&[4, 5])) && !is_news(Some(&asking(&[3, 4])), &asking(&[4]))
    );
    // Who is dealt with is forgotten, so that they are told when they ask again.
    assert_eq!(news(Some(&asking(&[3])), &asking(&[])), News::Note);
    assert_eq!(news(Some(&asking(&[])), &asking(&[])), News::Known);
    assert_eq!(news(None, &asking(&[])), News::Known);
    assert!(is_news(Some(&asking(&[])), &asking(&[3])));
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
    let mut told = told_of_group(&silent(vec![says(2, 1, false), says(2, 3, true), says(1, 3, true)]));
    told.retain(|told| matches!(told.what, What::Silent { .. }));
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
        "waiting for you to give a seat: N3, N4, N5 and 3 more: Tea, Tue 1 Dec 2026, 18:30 UTC"
    );
    assert_eq!(to_seat(&event(), &[], name), Ok(None));
    // By answer: the same person asks again with another.
    let of = |line: &SeatLine| to_seat(&event(), &[line], name).unwrap().unwrap();
    let again = SeatLine { rsvp: EntryId::new([200; 32]), ..line(3) };
    let (first, second) = (of(&line(3)), of(&again));
    assert!(is_news(Some(&first.what), &second.what) && !is_news(Some(&first.what), &first.what));
    // Of one date, what the series does not say.
    let dated = |notice: &Notice| Notice { occ: Some("2026-12-08T18:30".into()), ..notice.clone() };
    assert_eq!(without_repeats(vec![first.clone(), dated(&first), dated(&second)]), [first, dated(&second)]);
    assert!(second.what.is_of_date());
}
