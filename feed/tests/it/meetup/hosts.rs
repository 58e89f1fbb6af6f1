//! What hosts and guests say about seats besides ranking and answering: releasing, closing, confirming, hiding.

use klatch_feed::EntryId;
use klatch_feed::Post;
use klatch_feed::post::{Answer, Role, Schedulers, StampKind};

use crate::people::*;

fn release(town: &mut Town, who: usize, event: EntryId, rsvps: &[EntryId]) -> EntryId {
    town.say(who, &Post::Release { event, rsvps: rsvps.to_vec(), occ: None })
}

fn confirm(town: &mut Town, who: usize, event: EntryId, rsvp: EntryId) -> EntryId {
    town.say(who, &Post::Confirm { event, rsvp, occ: None })
}

fn confirmed(town: &Town, event: EntryId) -> String {
    let seated = town.event_state(event).seated;
    let feeds: Vec<_> = seated.iter().filter(|line| line.confirmed).map(|line| line.feed).collect();
    town.names(&feeds)
}

fn hide(town: &mut Town, who: usize, object: EntryId, entry: EntryId, on: bool) -> EntryId {
    town.say(who, &Post::Hide { object, entries: vec![entry], on, reason: String::new() })
}

#[test]
fn a_line_given_up_lets_the_list_move_up_and_the_guest_needs_a_new_answer() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(1));
    let (ben, cai) = (town.yes(BEN, event), town.yes(CAI, event));
    town.admit(ANA, event, &[ben, cai]);
    release(&mut town, CAI, event, &[ben]);
    assert_eq!(town.lists(event), "seated ben; waiting cai", "cai is no host");
    release(&mut town, ANA, event, &[ben]);
    assert_eq!(town.lists(event), "seated cai; released ben");
    town.admit(ANA, event, &[ben]);
    assert_eq!(town.lists(event), "seated cai; released ben", "a line for the same answer stays void");
    let again = town.yes(BEN, event);
    assert_eq!(town.lists(event), "seated cai; unranked ben");
    town.admit(ANA, event, &[again]);
    assert_eq!(town.lists(event), "seated cai; waiting ben");
}

#[test]
fn a_host_gives_up_their_own_lines_and_those_of_juniors() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(4));
    town.grant(ANA, event, BEN, Role::Host, 2);
    let (dee, eli) = (town.yes(DEE, event), town.yes(ELI, event));
    town.admit(ANA, event, &[dee]);
    town.admit(BEN, event, &[eli]);
    release(&mut town, BEN, event, &[dee, eli]);
    assert_eq!(town.lists(event), "seated dee; released eli", "dee has the senior's line");
    release(&mut town, ANA, event, &[dee]);
    assert_eq!(town.lists(event), "released dee, eli");
}

#[test]
fn a_release_of_a_later_answer_gives_up_the_lines_for_those_before_it() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(1));
    let (ben, cai) = (town.yes(BEN, event), town.yes(CAI, event));
    town.admit(ANA, event, &[ben, cai]);
    let again = town.yes(BEN, event);
    assert_eq!(town.lists(event), "seated ben; waiting cai", "the line for the first yes stands");
    release(&mut town, ANA, event, &[again]);
    assert_eq!(town.lists(event), "seated cai; released ben");
}

#[test]
fn a_release_in_another_order_of_arrival_is_the_same() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(1));
    let ben = town.yes(BEN, event);
    town.admit(ANA, event, &[ben]);
    let id = release(&mut town, ANA, event, &[ben]);
    let without: klatch_feed::Facts = town.all().into_iter().filter(|fact| fact.id != id).collect();
    assert_eq!(town.lists_of(&without.event(&town.net, event).unwrap()), "seated ben");
    assert_eq!(town.lists(event), "released ben");
}

#[test]
fn a_release_frees_the_places_of_an_answer_that_is_not_here() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(1));
    town.grant(ANA, event, DEE, Role::Host, 0);
    let (ben, cai) = (town.yes(BEN, event), town.yes(CAI, event));
    town.admit(ANA, event, &[ben, cai]);
    let away = |town: &Town| {
        let here: klatch_feed::Facts = town.all().into_iter().filter(|fact| fact.id != ben).collect();
        town.lists_of(&here.event(&town.net, event).unwrap())
    };
    assert_eq!(away(&town), "waiting cai", "the line of whoever is not here yet keeps its place");
    release(&mut town, DEE, event, &[ben]);
    assert_eq!(away(&town), "waiting cai", "a junior gives up no line of a senior");
    release(&mut town, ANA, event, &[ben]);
    assert_eq!(away(&town), "seated cai");
    assert_eq!(town.lists(event), "seated cai; released ben");
}

#[test]
fn a_confirmation_is_for_the_standing_yes_of_its_own_author() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(3));
    let (ben, cai) = (town.yes(BEN, event), town.yes(CAI, event));
    town.admit(ANA, event, &[ben, cai]);
    confirm(&mut town, CAI, event, ben);
    assert_eq!(confirmed(&town, event), "", "nobody confirms for another");
    let said = confirm(&mut town, BEN, event, ben);
    assert_eq!(confirmed(&town, event), "ben");
    town.take_back(BEN, said);
    assert_eq!(confirmed(&town, event), "");
    confirm(&mut town, BEN, event, ben);
    town.no(BEN, event);
    let again = town.yes(BEN, event);
    town.admit(ANA, event, &[again]);
    assert_eq!(confirmed(&town, event), "", "what was confirmed was the yes before the no");
}

#[test]
fn who_closed_their_list_seats_nobody_more_and_those_on_it_still_move_up() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(3));
    town.grant(ANA, event, BEN, Role::Host, 1);
    let rsvps = [CAI, DEE, ELI, FAY].map(|who| town.yes(who, event));
    town.admit(ANA, event, &rsvps[..3]);
    assert_eq!(town.lists(event), "seated cai, dee; waiting eli; unranked fay");
    town.no(CAI, event);
    town.no(DEE, event);
    assert_eq!(town.lists(event), "seated eli; provisional fay; no cai, dee");
    town.say(ANA, &Post::Close { event, occ: None });
    assert_eq!(town.event_state(event).closed.len(), 1);
    assert_eq!(town.lists(event), "seated eli; provisional fay; no cai, dee", "ben's seat is free");
    town.admit(ANA, event, &rsvps[3..]);
    assert_eq!(town.lists(event), "seated eli; provisional fay; no cai, dee", "ana's line comes too late");
    town.say(BEN, &Post::Close { event, occ: None });
    assert_eq!(town.lists(event), "seated eli; unranked fay; no cai, dee");
}

#[test]
fn a_list_closed_twice_was_closed_by_the_first_word() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(3));
    let (ben, cai) = (town.yes(BEN, event), town.yes(CAI, event));
    town.admit(ANA, event, &[ben]);
    let close = Post::Close { event, occ: None };
    town.say(ANA, &close);
    town.admit(ANA, event, &[cai]);
    town.say(ANA, &close);
    assert_eq!(town.lists(event), "seated ben; unranked cai");
}

#[test]
fn a_later_line_after_closing_does_not_cost_the_line_before() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(3));
    let ben = town.yes(BEN, event);
    town.admit(ANA, event, &[ben]);
    town.say(ANA, &Post::Close { event, occ: None });
    let larger = town.rsvp(BEN, event, Answer::Yes, 2);
    town.seat(ANA, event, &[(larger, 2)]);
    assert_eq!(town.lists(event), "seated ben");
}

#[test]
fn the_most_senior_hosts_last_word_says_whether_an_entry_is_hidden() {
    let mut town = Town::new();
    let event = town.event(ANA, None, None);
    town.grant(ANA, event, BEN, Role::Host, 0);
    let comment = |town: &mut Town| {
        town.say(DEE, &Post::Comment { object: event, reply: None, text: "spam".into(), tone: None })
    };
    let spam = comment(&mut town);
    let hidden = |town: &Town| {
        let lines = town.event_state(event).hidden;
        lines.iter().map(|line| (line.entry, town.name(&line.by))).collect::<Vec<_>>()
    };
    hide(&mut town, DEE, event, spam, true);
    assert_eq!(hidden(&town), [], "dee has no role");
    hide(&mut town, BEN, event, spam, true);
    assert_eq!(hidden(&town), [(spam, "ben")]);
    hide(&mut town, ANA, event, spam, false);
    assert_eq!(hidden(&town), [], "the senior's word");
    hide(&mut town, BEN, event, spam, true);
    assert_eq!(hidden(&town), []);
    hide(&mut town, ANA, event, spam, true);
    assert_eq!(hidden(&town), [(spam, "ana")], "and of hers the last");
}

#[test]
fn doors_count_persons_and_note_who_came_late_or_left() {
    let mut town = Town::new();
    let event = town.event(ANA, None, None);
    town.grant(ANA, event, BEN, Role::Door, 0);
    let persons = |town: &mut Town, door, count| {
        let Post::Checkin { event, guest, nonce, rsvp, signature, occ, .. } =
            town.signed(DEE, door, DEE, event, None)
        else {
            unreachable!("signed makes check-ins")
        };
        town.say(door, &Post::Checkin { event, guest, nonce, rsvp, signature, persons: Some(count), occ })
    };
    persons(&mut town, ANA, 2);
    let undone = persons(&mut town, BEN, 3);
    let stamp = |town: &mut Town, who, guest, what| {
        let guest = town.feed(guest);
        town.say(who, &Post::Stamp { event, guest, what, occ: None })
    };
    stamp(&mut town, CAI, DEE, StampKind::Left);
    stamp(&mut town, BEN, DEE, StampKind::Late);
    stamp(&mut town, BEN, ELI, StampKind::Late);
    town.say(ELI, &Post::Here { event, occ: None });
    town.say(DEE, &Post::Here { event, occ: None });
    let state = town.event_state(event);
    let line = &state.attendance[0];
    assert_eq!((state.attendance.len(), line.persons, line.late, line.left), (1, Some(3), true, false));
    assert_eq!(town.names(&state.here), "eli", "only whom no door saw");
    town.take_back(BEN, undone);
    let line = &town.event_state(event).attendance[0];
    assert_eq!(
        (town.names(&line.doors), line.persons),
        ("ana".to_owned(), Some(2)),
        "undone by the same door"
    );
}

#[test]
fn an_event_is_hidden_by_its_group_and_by_none_of_its_hosts() {
    let mut town = Town::new();
    let group = town.group(ANA, &[], Schedulers::Members);
    town.grant(ANA, group, BEN, Role::Organizer, 0);
    town.say(CAI, &Post::Join { group });
    let event = town.event(CAI, Some(group), None);
    let alone = town.event(CAI, None, None);
    let by = |town: &Town, event| {
        let lines = town.event_state(event).hidden;
        assert!(lines.iter().all(|line| line.entry == event));
        town.names(&lines.iter().map(|line| line.by).collect::<Vec<_>>())
    };
    hide(&mut town, CAI, group, event, true);
    assert_eq!(by(&town, event), "", "a host there, and in the group a member");
    hide(&mut town, BEN, group, event, true);
    hide(&mut town, BEN, group, alone, true);
    assert_eq!(by(&town, event), "ben");
    assert_eq!(by(&town, alone), "", "it is not in the group");
    let spam = town.say(DEE, &Post::Comment { object: event, reply: None, text: "spam".into(), tone: None });
    hide(&mut town, CAI, event, spam, true);
    let lines = town.event_state(event).hidden;
    assert_eq!(lines.len(), 2);
    assert!(lines.is_sorted_by_key(|line| line.entry));
    hide(&mut town, ANA, group, event, false);
    assert_eq!(town.event_state(event).hidden.len(), 1, "shown again by a senior");
}
