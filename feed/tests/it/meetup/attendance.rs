//! How an evening went: who asked, was seated, came, was excused, stayed away.

use std::collections::BTreeSet;

use klatch_feed::meetup::attendance::{Turnout, headcount, records, report};
use klatch_feed::post::{Answer, Role, StampKind};
use klatch_feed::{EntryId, Post};

use crate::people::*;

/// What is said of each person: `ben asked 2, seated 2, came 3 late`.
fn told(town: &Town, people: &[Turnout]) -> Vec<String> {
    let line = |one: &Turnout| {
        let counts = [(one.requested, "asked"), (one.seated, "seated"), (one.attended, "came")];
        let flags = [
            (one.confirmed, "confirmed"),
            (one.walk_in, "walked in"),
            (one.late, "late"),
            (one.left, "left"),
            (one.here, "here"),
            (one.excused, "excused"),
            (one.no_show, "no-show"),
        ];
        let counts = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{word} {n}"));
        let flags = flags.iter().filter(|(on, _)| *on).map(|(_, word)| (*word).to_owned());
        format!("{}: {}", town.name(&one.feed), counts.chain(flags).collect::<Vec<_>>().join(", "))
    };
    let mut lines: Vec<_> = people.iter().map(line).collect();
    lines.sort();
    lines
}

/// Ana's evening: ben (2) and cai are seated and come, ben with three; dee is seated and stays away; eli was
/// seated and said no; fay walks in; gus says that he is there; hoa has a seat and keeps the door.
fn evening(town: &mut Town) -> EntryId {
    let event = town.event(ANA, None, Some(8));
    let ben = town.rsvp(BEN, event, Answer::Yes, 2);
    let rsvps = [CAI, DEE, ELI, GUS, HOA].map(|who| town.yes(who, event));
    town.seat(ANA, event, &[(ben, 2)]);
    town.admit(ANA, event, &rsvps);
    town.grant(ANA, event, HOA, Role::Door, 0);
    town.say(CAI, &Post::Confirm { event, rsvp: rsvps[0], occ: None });
    town.no(ELI, event);
    let Post::Checkin { event, guest, nonce, rsvp, signature, occ, .. } =
        town.signed(BEN, HOA, BEN, event, Some(ben))
    else {
        unreachable!("signed makes check-ins")
    };
    town.say(HOA, &Post::Checkin { event, guest, nonce, rsvp, signature, occ, persons: Some(3) });
    town.check_in(ANA, CAI, event, Some(rsvps[0]));
    town.check_in(HOA, FAY, event, None);
    town.say(HOA, &Post::Stamp { event, guest: town.feed(CAI), what: StampKind::Late, occ: None });
    town.say(GUS, &Post::Here { event, occ: None });
    event
}

const WHILE_ON: [&str; 7] = [
    "ben: asked 2, seated 2, came 3",
    "cai: asked 1, seated 1, came 1, confirmed, late",
    "dee: asked 1, seated 1",
    "eli: excused",
    "fay: came 1, walked in",
    "gus: asked 1, seated 1, here",
    "hoa: asked 1, seated 1",
];

#[test]
fn an_evening_is_told_person_by_person_and_nobody_stays_away_before_it_is_over() {
    let mut town = Town::new();
    let event = evening(&mut town);
    let state = town.event_state(event);
    let ranked = BTreeSet::from([town.feed(ELI)]);
    let during = report(&state, &ranked, false);
    assert_eq!(told(&town, &during.people), WHILE_ON);
    let after = report(&state, &ranked, true);
    let mut over = WHILE_ON;
    over[2] = "dee: asked 1, seated 1, no-show";
    assert_eq!(told(&town, &after.people), over, "who keeps the door, and who says they were there, were");
    let sums = [after.requested, after.seated, after.confirmed, after.attended, after.walked_in];
    assert_eq!((sums, after.excused, after.no_shows), ([6, 6, 1, 5, 1], 1, 1));
    assert_eq!((during.no_shows, headcount(&state)), (0, 5));
}

#[test]
fn who_said_no_before_a_host_ranked_them_needs_no_excuse() {
    let mut town = Town::new();
    let event = evening(&mut town);
    let told = told(&town, &report(&town.event_state(event), &BTreeSet::new(), true).people);
    assert!(!told.iter().any(|line| line.starts_with("eli")), "{told:?}");
}

#[test]
fn where_no_door_counted_or_it_was_cancelled_nobody_stayed_away() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(8));
    let rsvp = town.yes(DEE, event);
    town.admit(ANA, event, &[rsvp]);
    let none = BTreeSet::new();
    assert_eq!(report(&town.event_state(event), &none, true).no_shows, 0, "no door");
    town.check_in(ANA, FAY, event, None);
    assert_eq!(report(&town.event_state(event), &none, true).no_shows, 1);
    town.say(ANA, &Post::Cancel { event, reason: String::new() });
    assert_eq!(report(&town.event_state(event), &none, true).no_shows, 0, "cancelled");
}

#[test]
fn a_record_counts_events_and_not_persons() {
    let mut town = Town::new();
    let events = [evening(&mut town), evening(&mut town)];
    let ranked = BTreeSet::from([town.feed(ELI)]);
    let reports = events.map(|event| report(&town.event_state(event), &ranked, true));
    let records = records(&reports);
    let of = |who: usize| records.iter().find(|record| record.feed == town.feed(who)).unwrap();
    let counts = |who| {
        let one = of(who);
        [one.events, one.seated, one.confirmed, one.attended, one.late, one.excused, one.no_shows]
    };
    assert_eq!(counts(BEN), [2, 2, 0, 2, 0, 0, 0]);
    assert_eq!(counts(CAI), [2, 2, 2, 2, 2, 0, 0]);
    assert_eq!(counts(DEE), [2, 2, 0, 0, 0, 0, 2]);
    assert_eq!(counts(ELI), [2, 0, 0, 0, 0, 2, 0]);
    assert_eq!(records.len(), 7);
}
