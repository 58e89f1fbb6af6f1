//! Every verdict names the entries that it rests on.

use klatch_feed::meetup::agenda::Standing;
use klatch_feed::meetup::why::{Reason, VoidLine, Why};
use klatch_feed::post::{Answer, Role, StampKind};
use klatch_feed::{EntryId, Post};

use crate::people::*;

fn why(town: &Town, event: EntryId, who: usize) -> Why {
    town.facts().why(&town.net, event, None, town.feed(who)).unwrap()
}

#[test]
fn a_seat_rests_on_an_answer_a_line_and_a_share() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(3));
    let grant = town.grant(ANA, event, BEN, Role::Host, 2);
    let cai = town.rsvp(CAI, event, Answer::Yes, 2);
    let dee = town.yes(DEE, event);
    let line = town.seat(BEN, event, &[(cai, 2), (dee, 1)]);
    let host = town.feed(BEN);
    let answered = |entry, party| Reason::Answered { entry, answer: Answer::Yes, party };
    let share = || Reason::Share { host, seats: Some(2), entries: vec![grant] };
    let seated = why(&town, event, CAI);
    assert_eq!(seated.standing, Some(Standing::Seated));
    let ranked = |place, persons, before| Reason::Ranked { entry: line, host, place, persons, before };
    assert_eq!(seated.reasons, [answered(cai, 2), ranked(1, 2, 0), share(), Reason::Fits]);
    let waits = why(&town, event, DEE);
    assert_eq!(waits.standing, Some(Standing::Waiting(1)));
    assert_eq!(waits.reasons, [answered(dee, 1), ranked(2, 1, 2), share(), Reason::Waits { place: 1 }]);
}

#[test]
fn a_void_line_names_what_voids_it() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(3));
    let ben = town.yes(BEN, event);
    let line = town.admit(ANA, event, &[ben]);
    let no = town.no(BEN, event);
    let host = town.feed(ANA);
    let void = |why, by| Reason::Void { entry: line, host, why, by };
    assert!(why(&town, event, BEN).reasons.contains(&void(VoidLine::AnsweredSince, Some(no))));
    let again = town.yes(BEN, event);
    let second = town.admit(ANA, event, &[again]);
    let release = town.say(ANA, &Post::Release { event, rsvps: vec![again], occ: None });
    let told = why(&town, event, BEN);
    assert_eq!(told.standing, Some(Standing::Released));
    let given_up = Reason::Void { entry: second, host, why: VoidLine::Released, by: Some(release) };
    assert!(told.reasons.contains(&given_up), "{told:?}");
    assert!(told.reasons.contains(&Reason::Released { entry: release, host }), "{told:?}");
}

#[test]
fn a_line_of_a_host_who_was_cut_names_the_revoke() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(3));
    town.grant(ANA, event, BEN, Role::Host, 3);
    let cai = town.yes(CAI, event);
    let line = town.admit(BEN, event, &[cai]);
    let revoke = town.revoke(ANA, event, BEN, 0);
    let void = Reason::Void { entry: line, host: town.feed(BEN), why: VoidLine::NoRight, by: Some(revoke) };
    let told = why(&town, event, CAI);
    assert!(told.reasons.contains(&void), "{told:?}");
    assert!(told.reasons.contains(&Reason::Lot { place: 1, of: 1, free: Some(3) }), "{told:?}");
}

#[test]
fn everybody_has_a_reason_and_their_standing_is_the_states() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(1));
    let ben = town.yes(BEN, event);
    town.admit(ANA, event, &[ben]);
    let taken = town.yes(CAI, event);
    town.take_back(CAI, taken);
    let came = town.check_in(ANA, DEE, event, None);
    let late = town.say(ANA, &Post::Stamp { event, guest: town.feed(DEE), what: StampKind::Late, occ: None });
    let here = town.say(ELI, &Post::Here { event, occ: None });
    let cancel = town.say(ANA, &Post::Cancel { event, reason: String::new() });
    assert_eq!(
        why(&town, event, CAI).reasons,
        [Reason::Cancelled { entry: cancel }, Reason::TookBack { entry: taken }]
    );
    let doors = vec![town.feed(ANA)];
    assert_eq!(
        why(&town, event, DEE).reasons,
        [
            Reason::Cancelled { entry: cancel },
            Reason::NoAnswer,
            Reason::Attended { doors, entries: vec![came, late] }
        ],
    );
    assert_eq!(
        why(&town, event, ELI).reasons,
        [Reason::Cancelled { entry: cancel }, Reason::NoAnswer, Reason::Here { entries: vec![here] }],
    );
    assert_eq!(why(&town, event, GUS).reasons, [Reason::Cancelled { entry: cancel }, Reason::NoAnswer]);
}
