//! Check-in: two signatures, doors that merge by union.

use klatch_feed::Post;
use klatch_feed::meetup::AttendanceLine;
use klatch_feed::post::Role;

use crate::people::*;

fn arrived(town: &Town, event: klatch_feed::EntryId) -> Vec<(String, String, bool)> {
    let line = |line: &AttendanceLine| {
        let (guest, doors) = (town.name(&line.feed).to_owned(), town.names(&line.doors));
        (guest, doors, line.rsvp.is_none())
    };
    let mut lines: Vec<_> = town.event_state(event).attendance.iter().map(line).collect();
    lines.sort();
    lines
}

fn lines<const N: usize>(lines: [(&str, &str, bool); N]) -> Vec<(String, String, bool)> {
    lines.map(|(guest, doors, walked_in)| (guest.into(), doors.into(), walked_in)).to_vec()
}

#[test]
fn doors_merge_by_union_and_a_walk_in_is_flagged() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(2));
    town.grant(ANA, event, BEN, Role::Door, 0);
    let rsvp = town.yes(DEE, event);
    town.check_in(ANA, DEE, event, Some(rsvp));
    town.check_in(BEN, DEE, event, Some(rsvp));
    town.check_in(BEN, ELI, event, None);
    assert_eq!(arrived(&town, event), lines([("dee", "ana, ben", false), ("eli", "ben", true)]));
    assert_eq!(town.lists(event), "provisional dee", "arriving is no seat");
}

#[test]
fn a_check_in_needs_the_guests_signature_and_a_door_with_the_role() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(2));
    let other = town.event(ANA, None, Some(2));
    town.grant(ANA, event, BEN, Role::Door, 0);
    let rsvp = town.yes(DEE, event);
    let elsewhere = town.yes(DEE, other);
    let strangers = town.yes(ELI, event);
    let post = |town: &Town, rsvp| town.signed(DEE, BEN, DEE, event, rsvp);
    let Post::Checkin { guest, nonce, rsvp: named, signature, .. } = post(&town, Some(rsvp)) else {
        unreachable!("signed makes check-ins")
    };
    let with = |nonce, rsvp, signature| Post::Checkin {
        event,
        guest,
        nonce,
        rsvp,
        signature,
        occ: None,
        persons: None,
    };
    let mut bent = signature;
    bent[0] ^= 1;
    let refused = [
        ("signed by another", BEN, town.signed(ELI, BEN, DEE, event, None)),
        ("signed for another door", ANA, post(&town, Some(rsvp))),
        ("signed for another event", BEN, town.signed(DEE, BEN, DEE, other, None)),
        ("another nonce", BEN, with([6; 16], named, signature)),
        ("another rsvp", BEN, with(nonce, None, signature)),
        ("a bent signature", BEN, with(nonce, named, bent)),
        ("the rsvp of another event", BEN, post(&town, Some(elsewhere))),
        ("the rsvp of another guest", BEN, post(&town, Some(strangers))),
        ("no door", CAI, town.signed(DEE, CAI, DEE, event, Some(rsvp))),
    ]
    .map(|(name, door, said)| {
        // The post names its event itself: the one signed for another stands under this one.
        let Post::Checkin { guest, nonce, rsvp, signature, .. } = said else {
            unreachable!("signed makes check-ins")
        };
        (name, door, Post::Checkin { event, guest, nonce, rsvp, signature, occ: None, persons: None })
    });
    for (name, door, said) in refused {
        town.say(door, &said);
        assert_eq!(arrived(&town, event), lines([]), "{name}");
    }
    town.say(BEN, &post(&town, Some(rsvp)));
    assert_eq!(arrived(&town, event), lines([("dee", "ben", false)]));
}

#[test]
fn what_a_door_wrote_counts_up_to_its_cut_and_until_it_takes_it_back() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(2));
    town.grant(ANA, event, BEN, Role::Door, 0);
    town.check_in(BEN, DEE, event, None);
    let honoured = town.len(BEN);
    let late = town.check_in(BEN, ELI, event, None);
    assert_eq!(arrived(&town, event), lines([("dee", "ben", true), ("eli", "ben", true)]));
    town.take_back(BEN, late);
    assert_eq!(arrived(&town, event), lines([("dee", "ben", true)]));
    town.check_in(BEN, ELI, event, None);
    town.revoke(ANA, event, BEN, honoured);
    assert_eq!(arrived(&town, event), lines([("dee", "ben", true)]));
}

#[test]
fn the_guests_own_record_alone_is_no_attendance() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(2));
    let Post::Checkin { nonce, rsvp, signature, .. } = town.signed(DEE, ANA, DEE, event, None) else {
        unreachable!("signed makes check-ins")
    };
    let door = town.feed(ANA);
    town.say(DEE, &Post::Arrive { event, door, nonce, rsvp, signature, occ: None });
    assert_eq!(arrived(&town, event), lines([]));
}
