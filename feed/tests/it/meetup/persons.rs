//! Persons who go on under another key.

use klatch_feed::Succession;
use klatch_feed::post::{Answer, Person, Role, Schedulers};

use crate::people::*;

#[test]
fn a_host_goes_on_with_what_they_kept_and_nothing_after_it() {
    let mut town = Town::new();
    let event = town.event(BEN, None, Some(2));
    let (first, lost) = (town.yes(CAI, event), town.yes(GUS, event));
    town.admit(BEN, event, &[first]);
    let keep = town.len(BEN);
    town.admit(BEN, event, &[lost]);
    assert_eq!(town.lists(event), "seated cai, gus");
    town.goes_on(BEN, keep, ELI);
    assert_eq!(town.lists(event), "seated cai; provisional gus", "the line on the other branch is gone");
    assert_eq!(town.roles(&town.event_state(event).hosts), "eli owner 2");
    let late = town.yes(DEE, event);
    town.admit(ELI, event, &[late]);
    assert_eq!(town.lists(event), "seated cai, dee; unranked gus");
    town.goes_on(ELI, 1, FAY);
    let state = town.event_state(event);
    assert_eq!(
        (state.seated.len(), state.provisional.len(), state.unranked.len()),
        (1, 1, 1),
        "the line is gone"
    );
}

#[test]
fn a_guest_goes_on_in_the_seat_and_answers_for_it() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(1));
    let (mine, next) = (town.yes(CAI, event), town.yes(DEE, event));
    town.admit(ANA, event, &[mine, next]);
    let keep = town.len(CAI);
    town.goes_on(CAI, keep, HOA);
    assert_eq!(town.lists(event), "seated hoa; waiting dee");
    town.take_back(HOA, mine);
    assert_eq!(town.lists(event), "seated hoa; waiting dee", "a tombstone reaches its own feed alone");
    town.no(HOA, event);
    assert_eq!(town.lists(event), "seated dee; no hoa", "the last answer in the log of both");
    town.yes(CAI, event);
    assert_eq!(town.lists(event), "seated dee; no hoa", "the old key says nothing any more");
}

#[test]
fn a_role_may_be_given_to_any_key_of_a_person() {
    for named in [BEN, ELI, FAY] {
        let mut town = Town::new();
        let group = town.group(ANA, &[], Schedulers::Organizers);
        town.grant(ANA, group, named, Role::Organizer, 0);
        town.goes_on(BEN, 1, ELI);
        town.goes_on(ELI, 1, FAY);
        let event = town.event(FAY, Some(group), Some(1));
        assert_eq!(
            town.roles(&town.group_state(group).roles),
            "ana owner, fay organizer",
            "{}",
            NAMES[named]
        );
        assert!(town.event_state(event).in_group, "{}", NAMES[named]);
    }
}

#[test]
fn no_succession_launders_a_revocation() {
    // The place that is honoured in the feed that is named; whether the line of the heir's log still counts.
    for (name, named, cut, seats) in [
        ("all of the old feed", BEN, 2, ""),
        ("more than is kept of it", BEN, 4, ""),
        ("nothing", BEN, 0, ""),
        ("nothing of the heir", ELI, 0, ""),
        ("the heir's first entry", ELI, 1, ""),
        ("the heir's line", ELI, 2, "gus"),
    ] {
        let mut town = Town::new();
        let event = town.event(ANA, None, Some(2));
        town.grant(ANA, event, BEN, Role::Host, 2);
        for answer in [Answer::Yes, Answer::No, Answer::Maybe] {
            town.rsvp(BEN, event, answer, 1);
        }
        let wish = town.yes(GUS, event);
        town.admit(ELI, event, &[wish]);
        // Entries 1 and 2 are kept: the heir's line stands at place 4.
        town.goes_on(BEN, 2, ELI);
        assert_eq!(town.lists(event), "seated gus; provisional eli");
        town.revoke(ANA, event, named, cut);
        let seated: Vec<_> =
            town.event_state(event).seated.iter().map(|line| town.name(&line.feed)).collect();
        assert_eq!(seated.join(" "), seats, "{name}");
    }
}

#[test]
fn a_door_and_a_guest_are_the_same_before_and_after() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(2));
    town.grant(ANA, event, BEN, Role::Door, 0);
    let rsvp = town.yes(CAI, event);
    town.check_in(BEN, CAI, event, Some(rsvp));
    let (door, guest) = (town.len(BEN), town.len(CAI));
    town.goes_on(BEN, door, ELI);
    town.goes_on(CAI, guest, HOA);
    town.check_in(ELI, HOA, event, Some(rsvp));
    let state = town.event_state(event);
    assert_eq!(state.attendance.len(), 1, "one person, whom one person let in twice");
    let line = &state.attendance[0];
    assert_eq!((town.name(&line.feed), town.names(&line.doors)), ("hoa", "eli".into()));
    assert_eq!(line.rsvp, Some(rsvp), "given under the key before");
    // A signature for the heir's challenge is none for the old key's.
    let said = town.signed(DEE, BEN, DEE, event, None);
    town.say(ELI, &said);
    assert_eq!(town.event_state(event).attendance.len(), 1);
}

#[test]
fn a_group_outlives_the_branch_it_was_founded_on() {
    let mut town = Town::new();
    let keep = town.len(BEN);
    let group = town.group(BEN, &[], Schedulers::Organizers);
    town.goes_on(BEN, keep, ELI);
    let event = town.event(ELI, Some(group), None);
    let state = town.group_state(group);
    assert_eq!(town.roles(&state.roles), "eli owner");
    assert_eq!(state.events, [event]);
}

#[test]
fn whoever_signs_another_first_entry_with_the_heirs_key_is_nobodys_heir() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(1));
    let (old, keep) = (town.person(ANA), town.len(ANA));
    town.successions.push(Succession { old, keep, new: Person { feed: town.feed(ELI), ..town.person(BEN) } });
    let wish = town.yes(GUS, event);
    town.admit(ELI, event, &[wish]);
    assert_eq!(town.lists(event), "provisional gus", "a key of that name, another person");
    town.goes_on(ANA, keep + 1, ELI);
    assert_eq!(town.lists(event), "seated gus", "the one that keeps more counts");
}

#[test]
fn what_is_void_is_told_of_each_key_by_its_own_places() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(2));
    town.grant(ANA, event, BEN, Role::Host, 2);
    for answer in [Answer::Yes, Answer::No, Answer::Maybe] {
        town.rsvp(BEN, event, answer, 1);
    }
    town.goes_on(BEN, 2, ELI);
    let places: Vec<_> = [Answer::Yes, Answer::No, Answer::Yes]
        .map(|answer| (town.person(ELI), town.len(ELI) + 1, town.rsvp(ELI, event, answer, 1)))
        .into();
    let of_ben = (1..=town.len(BEN)).map(|seq| {
        let id = town.logs[BEN].entries[seq as usize - 1].id();
        (town.person(BEN), seq, id)
    });
    let all: Vec<_> = of_ben.chain(places.clone()).collect();
    let voided = |town: &Town| town.facts().voided(event, all.iter().copied());
    assert_eq!(voided(&town), [].into());
    let cut = places[0].1;
    town.revoke(ANA, event, ELI, cut);
    let late: Vec<_> = places[1..].iter().map(|(.., id)| *id).collect();
    assert_eq!(voided(&town), late.iter().copied().collect());
    town.say(ANA, &klatch_feed::Post::Endorse { object: event, entries: vec![late[0]] });
    assert_eq!(voided(&town), [late[1]].into());
}
