//! Seats as hosts and guests handle them by hand, and every verdict explained.

use klatch::daemon::{Admit, Options, Refusal, Request, Response, Standing, WhyLocal};
use klatch_feed::meetup::why::Reason;
use klatch_feed::post::Answer;
use klatch_feed::{EntryId, Post};

use crate::fresh::Fresh;
use crate::owner::{Somebody, guest, hinted, wait};

const MANUAL: Options = Options { live: true, admit: Admit::Manual };

fn release(event: &EntryId, who: &Somebody) -> Request {
    let people = vec![who.handle().me().to_string()];
    Request::Release { event: event.to_string(), on: None, people }
}

fn why(asked: &Somebody, event: &EntryId, on: Option<&str>, who: &Somebody) -> WhyLocal {
    let (on, who) = (on.map(str::to_owned), Some(who.handle().me().to_string()));
    match asked.ask(Request::Why { event: event.to_string(), on, who }) {
        Ok(Response::Why(why)) => *why,
        other => panic!("{other:?}"),
    }
}

/// A host with a small event, and guests who said yes to it in this order.
fn evening(capacity: u32) -> (Somebody, EntryId, [Somebody; 2]) {
    let host = Somebody::new("Host", MANUAL);
    let event = host.schedules(Some(capacity));
    let guests = ["Ben", "Cat"].map(|name| guest(name, &host, &event));
    hinted(&host, &event, &guests.each_ref());
    host.takes(guests.iter().map(Somebody::log).collect());
    (host, event, guests)
}

fn admit(host: &Somebody, event: &EntryId, people: &[&Somebody]) -> EntryId {
    let people = people.iter().map(|who| who.handle().me().to_string()).collect();
    match host.ask(Request::Admit { event: event.to_string(), on: None, people }) {
        Ok(Response::Admitted(admitted)) => admitted.id.unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_waits_moves_up_when_a_host_gives_a_line_up_and_both_are_told_why() {
    let (host, event, [ben, cat]) = evening(1);
    let line = admit(&host, &event, &[&ben, &cat]);
    assert_eq!(why(&host, &event, None, &cat).why.standing, Some(Standing::Waiting(1)));
    let Ok(Response::Released(released)) = host.ask(release(&event, &ben)) else { panic!("not released") };
    assert_eq!(released.people, [ben.handle().me()]);

    let told = why(&host, &event, None, &ben);
    assert_eq!(told.why.standing, Some(Standing::Released));
    assert!(told.why.entries().contains(&released.ids[0]), "{told:?}");
    assert!(told.entries[&released.ids[0]].what.starts_with("gave up"), "{told:?}");
    let moved = why(&host, &event, None, &cat);
    assert_eq!((moved.why.standing, moved.why.deciding()), (Some(Standing::Seated), Some(line)));

    // A new answer is not ranked by itself, and a guest cannot release anybody.
    let refused = ben.ask(release(&event, &cat));
    assert!(matches!(refused, Err(Refusal::NoEffect { .. } | Refusal::Right { .. })), "{refused:?}");
    let again = host.ask(release(&event, &ben));
    assert!(matches!(again, Err(Refusal::NoEffect { .. })), "given up already: {again:?}");
}

#[test]
fn a_junior_gives_up_no_line_of_a_senior() {
    let (host, event, [ben, cat]) = evening(2);
    admit(&host, &event, &[&cat]);
    let (object, who) = (event.to_string(), ben.handle().me().to_string());
    host.posts(Request::Grant { object, who, role: klatch_feed::post::Role::Host, quota: 1 });
    ben.takes(vec![host.log_after(1)]);
    ben.takes(vec![host.log()]);
    hinted(&ben, &event, &[&cat]);
    ben.takes(vec![cat.log()]);
    let refused = ben.ask(release(&event, &cat));
    assert!(matches!(refused, Err(Refusal::Right { .. })), "{refused:?}");
    assert_eq!(ben.event(&event).released, []);
}

#[test]
fn who_closed_their_list_ranks_nobody_more() {
    let (host, event, [ben, cat]) = evening(2);
    admit(&host, &event, &[&ben]);
    let close = || Request::Close { event: event.to_string(), on: None };
    host.posts(close());
    assert_eq!(host.event(&event).closed, [host.handle().me()]);
    let refused = host.ask(close());
    assert!(matches!(refused, Err(Refusal::NoEffect { .. })), "{refused:?}");
    let people = vec![cat.handle().me().to_string()];
    let refused = host.ask(Request::Admit { event: event.to_string(), on: None, people });
    assert!(matches!(refused, Err(Refusal::NoEffect { .. })), "{refused:?}");
}

#[test]
fn a_guest_confirms_once_and_only_a_yes() {
    let (host, event, [ben, _]) = evening(2);
    let confirm = || Request::Confirm { event: event.to_string(), on: None };
    let confirmed = ben.posts(confirm());
    assert!(ben.event(&event).provisional[0].confirmed);
    assert!(why(&ben, &event, None, &ben).why.reasons.contains(&Reason::Confirmed { entry: confirmed }));
    let refused = ben.ask(confirm());
    assert!(matches!(refused, Err(Refusal::NoEffect { .. })), "{refused:?}");
    let refused = host.ask(confirm());
    assert!(matches!(refused, Err(Refusal::NoEffect { .. })), "the host said nothing: {refused:?}");
}

#[test]
fn an_occurrence_has_its_own_lines_and_its_own_why() {
    let host = Somebody::new("Host", MANUAL);
    let series = Post::Event {
        group: None,
        title: "Tea".to_owned(),
        start: "2126-12-01T18:30".to_owned(),
        zone: "UTC".to_owned(),
        minutes: 60,
        capacity: Some(1),
        split: false,
        repeat: Some("FREQ=WEEKLY;COUNT=3".to_owned()),
    };
    let event = wait(host.handle().post(vec![series])).unwrap()[0];
    host.posts(Request::Rsvp {
        event: event.to_string(),
        answers: vec![],
        on: None,
        answer: Answer::Yes,
        party: 1,
        note: String::new(),
    });
    let on = Some("2126-12-08".to_owned());
    let admitted = host.ask(Request::Admit { event: event.to_string(), on, people: vec![] });
    assert!(
        matches!(admitted, Ok(Response::Admitted(ref admitted)) if admitted.ranked.len() == 1),
        "{admitted:?}"
    );
    let standing = |on| why(&host, &event, on, &host).why.standing;
    assert_eq!(standing(Some("2126-12-08T18:30")), Some(Standing::Seated));
    assert_eq!(standing(Some("2126-12-15")), Some(Standing::Provisional));
    assert_eq!(standing(None), Some(Standing::Provisional));
    let told = why(&host, &event, Some("2126-12-08"), &host);
    assert_eq!(told.occ.as_deref(), Some("2126-12-08T18:30"));
    for (on, says) in [("2126-12-09", "no occurrence then"), ("yesterday", "no occurrence then")] {
        let refused = host.ask(Request::Close { event: event.to_string(), on: Some(on.to_owned()) });
        assert!(
            matches!(&refused, Err(Refusal::Mistyped { problem, .. }) if problem.contains(says)),
            "{refused:?}"
        );
    }
}

#[test]
fn the_command_line_tells_a_verdict_by_its_rules_and_entries() {
    let ana = Fresh::named("Ana");
    let event =
        ana.json(&["event", "schedule", "--title", "Tea", "--start", "2126-12-01T18:30", "--capacity", "2"]);
    let event = event["id"].as_str().unwrap();
    assert!(ana.ok(&["event", "why", event]).contains("there is no answer"));
    ana.ok(&["rsvp", "Tea", "yes"]);
    assert!(
        ana.ok(&["event", "why", "Tea"])
            .contains("no host has ranked the answer: by lot it is at place 1 of 1")
    );
    ana.ok(&["event", "admit", "Tea"]);
    ana.ok(&["confirm", "Tea"]);
    ana.fails(&["confirm", "Tea"], 1, &["you confirmed that answer already"]);
    let told = ana.ok(&["event", "why", "Tea"]);
    let wanted = [
        "Ana has a seat: Tea\n",
        "the last answer is yes ",
        "seats: answers\n",
        "the answer is confirmed",
        "Ana ranked the answer at place 1, for 1 person, with 0 persons before",
        ": ranked 1 for seats ",
        "Ana has 2 seats to give",
        "the line fits: a seat",
    ];
    let mut rest = &told[..];
    for words in wanted {
        let at = rest.find(words).unwrap_or_else(|| panic!("{words:?} in its place of {told}"));
        rest = &rest[at..];
    }
    let json = ana.json(&["event", "why", "Tea"]);
    assert_eq!((&json["standing"], json["reasons"].as_array().unwrap().len()), (&"seated".into(), 5));
    assert_eq!(json["reasons"][0]["rule"], "answered");
    ana.ok(&["event", "release", "Tea", "me"]);
    assert!(ana.ok(&["event", "show", "Tea"]).contains("said yes, and a host gave the seat up · entry1"));
    let told = ana.ok(&["event", "why", "Tea"]);
    assert!(told.contains("a line of Ana does not count: it was given up"), "{told}");
    ana.fails(&["confirm", "Tea"], 1, &["a host gave your seat up"]);
    ana.ok(&["event", "close", "Tea"]);
    ana.fails(&["event", "admit", "Tea", "me"], 1, &["you closed your list"]);
    ana.fails(&["event", "admit", "Tea", "--on", "2126-12-01"], 1, &["is no series: leave --on out"]);
}

#[test]
fn who_cannot_be_ranked_or_comes_late_is_told_why() {
    let ana = Fresh::named("Ana");
    let schedule = |title: &str, start: &str, more: &[&str]| {
        let what = ["event", "schedule", "--title", title, "--start", start, "--tz", "UTC"];
        ana.run(&[&what[..], more].concat()).err
    };
    let later = "2126-12-01T18:30";
    schedule("Approved", later, &["--policy", "approval", "--party-max", "2"]);
    let said = ana.run(&["rsvp", "Approved", "yes", "--guests", "2"]).err;
    assert!(said.contains("not ranked yet: a host decides by hand"), "{said}");
    assert!(said.contains("at most 2") && !said.contains("A host's node gives"), "{said}");
    for shown in [ana.ok(&["event", "show", "Approved"]), ana.ok(&["event", "why", "Approved"])] {
        assert!(shown.contains("a host decides by hand"), "{shown}");
    }
    assert_eq!(ana.json(&["event", "show", "Approved", "--local"])["hold"], "a host decides by hand");
    assert_eq!(ana.json(&["rsvp", "Approved", "no"])["notes"], serde_json::Value::Null);
    assert_eq!(ana.json(&["event", "show", "Approved", "--local"])["hold"], serde_json::Value::Null);

    let said = schedule("Over", "2020-12-01T18:30", &[]);
    assert!(said.contains("that start is past"), "{said}");
    ana.fails(&["rsvp", "Over", "no"], 1, &["is over: a no frees no seat"]);
    let said = schedule("Split", later, &["--split", "--capacity", "4"]);
    assert!(said.contains("a smaller party passes a larger one"), "{said}");
    assert!(schedule("Wide", later, &["--split"]).contains("--split changes nothing"));
    ana.ok(&["rsvp", "Split", "yes", "--guests", "2"]);
    ana.ok(&["event", "admit", "Split"]);
    assert!(!ana.run(&["event", "update", "Split", "--capacity", "3"]).err.contains("persons who"));
    let said = ana.run(&["event", "update", "Split", "--capacity", "2"]).err;
    assert!(said.contains("persons who have seats: 3; seats there are now: 2"), "{said}");
}

#[test]
fn a_share_larger_than_what_is_left_says_how_much_of_it_moves() {
    let (ana, ben) = (Fresh::named("Ana"), Fresh::named("Ben"));
    let file = ben.beside("ben.klatch");
    ben.ok(&["export", "feed", "--out", file.to_str().unwrap()]);
    ana.ok(&["import", file.to_str().unwrap()]);
    ana.ok(&["event", "schedule", "--title", "Tea", "--start", "2126-12-01T18:30", "--capacity", "3"]);
    ana.ok(&["rsvp", "Tea", "yes", "--note", "late by 10"]);
    ana.ok(&["event", "admit", "Tea"]);
    let page = ana.ok(&["event", "show", "Tea"]);
    assert!(page.contains("notes, for the hosts\n  Ana  late by 10\n"), "{page}");
    let shown = ana.run(&["event", "grant", "Tea", "Ben", "host", "--quota", "1"]);
    assert_eq!(shown.out, "Ben is host now, and gives 1 seat of yours\n");
    let granted = ana.json(&["event", "grant", "Tea", "Ben", "host", "--quota", "5"]);
    assert_eq!(granted["notes"][0], "you have 2 seats, and lines for 1 of them: as it stands 1 of 5 move");
    let hosts = ana.json(&["event", "show", "Tea"])["hosts"].clone();
    assert_eq!((&hosts[0]["quota"], &hosts[1]["quota"]), (&1.into(), &2.into()));
}
