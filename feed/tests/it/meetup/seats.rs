//! Seats, the waiting list, quotas.

use klatch_feed::Facts;
use klatch_feed::post::{Answer, Role};

use crate::people::*;

#[test]
fn an_rsvp_is_a_request_and_a_seat_is_a_hosts_grant() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(2));
    let ben = town.yes(BEN, event);
    assert_eq!(town.lists(event), "provisional ben");
    town.admit(CAI, event, &[ben]);
    assert_eq!(town.lists(event), "provisional ben", "cai is no host");
    town.admit(ANA, event, &[ben]);
    assert_eq!(town.lists(event), "seated ben");
}

#[test]
fn the_last_answer_in_the_guests_log_counts() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(4));
    for (said, lists) in [
        (Answer::Maybe, "maybe ben"),
        (Answer::Yes, "provisional ben"),
        (Answer::No, "no ben"),
        (Answer::Yes, "provisional ben"),
    ] {
        town.rsvp(BEN, event, said, 1);
        assert_eq!(town.lists(event), lists);
    }
}

#[test]
fn a_hosts_log_is_the_order_and_past_the_quota_it_is_the_waiting_list() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(2));
    let rsvps = [BEN, CAI, DEE, ELI].map(|who| town.yes(who, event));
    town.admit(ANA, event, &[rsvps[2], rsvps[0]]);
    town.admit(ANA, event, &[rsvps[3], rsvps[1]]);
    assert_eq!(town.lists(event), "seated ben, dee; waiting eli, cai");
    town.no(DEE, event);
    assert_eq!(town.lists(event), "seated ben, eli; waiting cai; no dee", "promotion is recomputation");
}

#[test]
fn who_comes_back_needs_a_new_line_and_throws_nobody_out() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(1));
    let (ben, cai) = (town.yes(BEN, event), town.yes(CAI, event));
    town.admit(ANA, event, &[ben, cai]);
    town.no(BEN, event);
    let again = town.yes(BEN, event);
    assert_eq!(town.lists(event), "seated cai; unranked ben");
    town.admit(ANA, event, &[ben]);
    assert_eq!(town.lists(event), "seated cai; unranked ben", "a line for the old rsvp stays void");
    town.admit(ANA, event, &[again]);
    assert_eq!(town.lists(event), "seated cai; waiting ben");
}

#[test]
fn an_answer_taken_back_is_no_answer_and_voids_its_lines() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(1));
    let (ben, cai) = (town.yes(BEN, event), town.yes(CAI, event));
    town.admit(ANA, event, &[ben, cai]);
    town.take_back(CAI, ben);
    assert_eq!(town.lists(event), "seated ben; waiting cai", "only the author takes back");
    town.take_back(BEN, ben);
    assert_eq!(town.lists(event), "seated cai");

    // A no that is taken back does not bring the yes before it back to its seat.
    let dee = town.yes(DEE, event);
    town.admit(ANA, event, &[dee]);
    let no = town.no(DEE, event);
    town.take_back(DEE, no);
    assert_eq!(town.lists(event), "seated cai");
}

#[test]
fn a_party_may_shrink_and_a_larger_one_waits_for_a_new_line() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(4));
    let ben = town.rsvp(BEN, event, Answer::Yes, 2);
    let cai = town.rsvp(CAI, event, Answer::Yes, 2);
    let dee = town.yes(DEE, event);
    town.seat(ANA, event, &[(ben, 2), (cai, 2), (dee, 1)]);
    assert_eq!(town.lists(event), "seated ben 2, cai 2; waiting dee");
    town.yes(BEN, event);
    assert_eq!(town.lists(event), "seated ben, cai 2, dee");
    let larger = town.rsvp(BEN, event, Answer::Yes, 3);
    assert_eq!(town.lists(event), "seated ben, cai 2, dee", "dee moved up and stays");
    town.seat(ANA, event, &[(larger, 3)]);
    assert_eq!(town.lists(event), "seated cai 2, dee; waiting ben 3", "the line for the latest rsvp stands");
}

#[test]
fn a_guest_who_asks_for_more_keeps_the_seat_and_shows_for_how_many_they_ask() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(4));
    let ben = town.rsvp(BEN, event, Answer::Yes, 3);
    town.seat(ANA, event, &[(ben, 2)]);
    let asked = |town: &Town| {
        let state = town.event_state(event);
        (town.lists_of(&state), state.seated.first().and_then(|line| line.asked))
    };
    assert_eq!(asked(&town), ("seated ben 2".into(), None), "the host gave two of three");
    let later = town.rsvp(BEN, event, Answer::Yes, 4);
    assert_eq!(asked(&town), ("seated ben 2".into(), Some(4)));
    town.seat(ANA, event, &[(later, 4)]);
    assert_eq!(asked(&town), ("seated ben 4".into(), None));
    town.rsvp(BEN, event, Answer::Yes, 1);
    assert_eq!(asked(&town), ("seated ben".into(), None), "fewer need no new line");
}

#[test]
fn a_line_is_for_at_most_what_was_asked_and_for_less_where_the_host_says_so() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(20));
    let (ben, cai) = (town.rsvp(BEN, event, Answer::Yes, 2), town.rsvp(CAI, event, Answer::Yes, 5));
    town.seat(ANA, event, &[(ben, 9), (cai, 3)]);
    assert_eq!(town.lists(event), "seated ben 2, cai 3");
}

#[test]
fn nobody_passes_who_does_not_fit_unless_the_event_says_split() {
    for (split, lists) in
        [(false, "seated ben 2; waiting cai 3, dee"), (true, "seated ben 2, dee; waiting cai 3")]
    {
        let mut town = Town::new();
        let event = town.event_split(ANA, None, Some(3), split);
        let ben = town.rsvp(BEN, event, Answer::Yes, 2);
        let cai = town.rsvp(CAI, event, Answer::Yes, 3);
        let dee = town.yes(DEE, event);
        town.seat(ANA, event, &[(ben, 2), (cai, 3), (dee, 1)]);
        assert_eq!(town.lists(event), lists, "split: {split}");
    }
}

#[test]
fn a_line_whose_rsvp_is_not_held_keeps_its_places_and_shows_nobody() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(2));
    let (ben, cai) = (town.rsvp(BEN, event, Answer::Yes, 2), town.yes(CAI, event));
    town.seat(ANA, event, &[(ben, 2), (cai, 1)]);
    let without = |id| Facts::from_iter(town.all().into_iter().filter(|fact| fact.id != id));
    let state = without(ben).event(&town.net, event).unwrap();
    assert_eq!(town.lists_of(&state), "waiting cai");
    assert_eq!(town.lists(event), "seated ben 2; waiting cai", "it arrives");
}

#[test]
fn an_rsvp_of_another_event_is_nobodys_seat() {
    let mut town = Town::new();
    let (event, other) = (town.event(ANA, None, Some(2)), town.event(ANA, None, Some(2)));
    let (ben, cai) = (town.yes(BEN, other), town.yes(CAI, event));
    town.admit(ANA, event, &[ben, cai]);
    assert_eq!(town.lists(event), "seated cai");
    assert_eq!(town.lists(other), "provisional ben");
}

#[test]
fn without_a_limit_everybody_ranked_has_a_seat() {
    let mut town = Town::new();
    let event = town.event(ANA, None, None);
    let rsvps = [BEN, CAI].map(|who| town.rsvp(who, event, Answer::Yes, 20));
    town.seat(ANA, event, &[(rsvps[0], 20)]);
    assert_eq!(town.lists(event), "seated ben 20; provisional cai 20");
    assert_eq!(town.roles(&town.event_state(event).hosts), "ana owner");
}

#[test]
fn shares_are_disjoint_and_moved_by_their_holder_alone() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(3));
    let rsvps = [DEE, ELI, FAY, GUS].map(|who| town.yes(who, event));
    town.grant(ANA, event, BEN, Role::Host, 2);
    town.grant(BEN, event, CAI, Role::Door, 0);
    assert_eq!(town.roles(&town.event_state(event).hosts), "ana owner 1, ben host 2, cai door 0");
    town.admit(BEN, event, &[rsvps[0], rsvps[1], rsvps[2]]);
    town.admit(ANA, event, &[rsvps[3]]);
    town.admit(CAI, event, &[rsvps[2]]);
    assert_eq!(town.lists(event), "seated dee, eli, gus; waiting fay");
}

#[test]
fn a_handover_moves_no_more_than_is_left_after_the_lines_before_it() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(3));
    let rsvps = [DEE, ELI, FAY, GUS].map(|who| town.yes(who, event));
    town.admit(ANA, event, &rsvps[..2]);
    town.grant(ANA, event, BEN, Role::Host, 3);
    town.admit(ANA, event, &rsvps[2..3]);
    town.admit(BEN, event, &rsvps[3..]);
    assert_eq!(town.roles(&town.event_state(event).hosts), "ana owner 2, ben host 1");
    assert_eq!(town.lists(event), "seated dee, eli, gus; waiting fay");
    town.no(DEE, event);
    assert_eq!(town.roles(&town.event_state(event).hosts), "ana owner 1, ben host 2", "asked for, now there");
}

#[test]
fn what_a_cut_host_did_not_use_returns_and_their_seats_stay() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(4));
    let rsvps = [DEE, ELI, FAY, GUS].map(|who| town.yes(who, event));
    town.grant(ANA, event, BEN, Role::Host, 4);
    town.admit(BEN, event, &rsvps[..2]);
    let honoured = town.len(BEN);
    town.admit(BEN, event, &rsvps[2..3]);
    town.admit(ANA, event, &rsvps[3..]);
    assert_eq!(town.lists(event), "seated dee, eli, fay; waiting gus");
    town.revoke(ANA, event, BEN, honoured);
    assert_eq!(town.roles(&town.event_state(event).hosts), "ana owner 2, ben host 2 cut 2");
    assert_eq!(town.lists(event), "seated dee, eli, gus; provisional fay");
    town.no(DEE, event);
    assert_eq!(town.roles(&town.event_state(event).hosts), "ana owner 3, ben host 1 cut 2", "later ones too");
    town.grant(ANA, event, CAI, Role::Host, 9);
    assert_eq!(town.roles(&town.event_state(event).hosts), "ana owner 1, ben host 1 cut 2, cai host 2");
}

#[test]
fn seats_of_an_author_who_was_cut_go_to_the_most_senior_who_can_use_them() {
    let mut town = Town::new();
    let group = town.group(ANA, &[], Default::default());
    town.grant(ANA, group, BEN, Role::Organizer, 0);
    let event = town.event(BEN, Some(group), Some(3));
    let rsvps = [DEE, ELI].map(|who| town.yes(who, event));
    town.admit(BEN, event, &rsvps[..1]);
    let honoured = town.len(BEN);
    town.revoke(ANA, group, BEN, honoured);
    town.admit(BEN, event, &rsvps[1..]);
    assert_eq!(town.roles(&town.event_state(event).hosts), "ana owner 2, ben owner 1 cut 3");
    assert_eq!(town.lists(event), "seated dee; provisional eli");
    town.admit(ANA, event, &rsvps[1..]);
    assert_eq!(town.lists(event), "seated dee, eli");
}

#[test]
fn who_was_cut_holds_what_those_they_handed_seats_to_used_up_to_their_own_cuts() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(5));
    town.grant(ANA, event, BEN, Role::Organizer, 4);
    town.grant(BEN, event, CAI, Role::Host, 4);
    let dee = town.yes(DEE, event);
    town.admit(CAI, event, &[dee]);
    for who in [BEN, CAI] {
        let honoured = town.len(who);
        town.revoke(ANA, event, who, honoured);
    }
    let hosts = "ana owner 4, ben organizer 0 cut 2, cai host 1 cut 2";
    assert_eq!(town.roles(&town.event_state(event).hosts), hosts);
    assert_eq!(town.lists(event), "seated dee");
}

#[test]
fn a_lower_capacity_takes_from_the_end_of_the_log_and_a_higher_one_gives_to_the_author() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(4));
    let rsvps = [DEE, ELI, FAY].map(|who| town.yes(who, event));
    town.grant(ANA, event, BEN, Role::Host, 1);
    town.admit(ANA, event, &rsvps[..2]);
    town.admit(BEN, event, &rsvps[2..]);
    let lower = town.capacity(ANA, event, &[], 2);
    assert_eq!(town.roles(&town.event_state(event).hosts), "ana owner 1, ben host 1");
    assert_eq!(town.lists(event), "seated dee, fay; waiting eli", "what was handed on first stays so");
    town.capacity(ANA, event, &[lower], 9);
    assert_eq!(town.roles(&town.event_state(event).hosts), "ana owner 8, ben host 1");
    assert_eq!(town.lists(event), "seated dee, eli, fay");
}

#[test]
fn one_person_has_one_seat_whoever_ranked_them() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(2));
    town.grant(ANA, event, BEN, Role::Host, 1);
    let (dee, eli) = (town.yes(DEE, event), town.yes(ELI, event));
    town.admit(BEN, event, &[dee, eli]);
    town.admit(ANA, event, &[dee]);
    assert_eq!(town.lists(event), "seated dee, eli", "ana seats dee, so ben's seat is free");
    let state = town.event_state(event);
    let by = |who| state.seated.iter().find(|line| line.feed == town.feed(who)).unwrap().by;
    assert_eq!((by(DEE), by(ELI)), (Some(town.feed(ANA)), Some(town.feed(BEN))));
}

#[test]
fn a_guest_whom_a_senior_lists_keeps_the_seat_that_a_junior_gave() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(2));
    town.grant(ANA, event, BEN, Role::Host, 1);
    let rsvps = [CAI, DEE, ELI].map(|who| town.yes(who, event));
    town.admit(BEN, event, &rsvps[1..2]);
    town.admit(ANA, event, &[rsvps[0], rsvps[1], rsvps[2]]);
    assert_eq!(town.lists(event), "seated cai, dee; waiting eli");
}

#[test]
fn those_whom_nobody_ranked_stand_in_the_lotterys_order() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(2));
    for who in [BEN, CAI, DEE, ELI] {
        town.yes(who, event);
    }
    let state = town.event_state(event);
    assert_eq!((state.provisional.len(), state.unranked.len()), (2, 2));
    let lot = |line: &klatch_feed::meetup::SeatLine| {
        use sha2::{Digest, Sha256};
        let text = [&b"klatch/lottery/1\0"[..], event.as_bytes(), line.feed.as_bytes()].concat();
        <[u8; 32]>::from(Sha256::digest(text))
    };
    let lots: Vec<_> = state.provisional.iter().chain(&state.unranked).map(lot).collect();
    assert!(lots.is_sorted());
}

#[test]
fn nobody_is_promised_a_seat_that_somebody_on_the_list_waits_for() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(2));
    town.grant(ANA, event, BEN, Role::Host, 0);
    let dee = town.rsvp(DEE, event, Answer::Yes, 2);
    town.yes(ELI, event);
    town.seat(BEN, event, &[(dee, 2)]);
    assert_eq!(town.lists(event), "waiting dee 2; unranked eli");
}
