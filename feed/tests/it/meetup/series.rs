//! Events that repeat: their occurrences, what is said of one and of all.

use klatch_feed::EntryId;
use klatch_feed::EventState;
use klatch_feed::Post;
use klatch_feed::post::{Answer, EventFields, Role};

use crate::people::*;

const FIRST: &str = "2026-12-03T18:30";
const SECOND: &str = "2026-12-10T18:30";
const THIRD: &str = "2026-12-17T18:30";

fn thursdays(town: &mut Town, capacity: Option<u32>) -> EntryId {
    let (title, start, zone) = ("Thursdays".into(), FIRST.into(), "Europe/Lisbon".into());
    let repeat = Some("FREQ=WEEKLY;BYDAY=TH;COUNT=3".into());
    town.say(
        ANA,
        &Post::Event { group: None, title, start, zone, minutes: 120, capacity, split: false, repeat },
    )
}

fn answer(town: &mut Town, who: usize, event: EntryId, occ: Option<&str>, answer: Answer) -> EntryId {
    let occ = occ.map(str::to_owned);
    town.say(who, &Post::Rsvp { event, seen: vec![], answer, party: 1, note: String::new(), occ })
}

fn admit(town: &mut Town, event: EntryId, occ: Option<&str>, rsvps: &[EntryId]) {
    let (lines, occ) = (rsvps.iter().map(|rsvp| (*rsvp, 1)).collect(), occ.map(str::to_owned));
    town.say(ANA, &Post::Seat { event, lines, occ });
}

fn update(town: &mut Town, event: EntryId, occ: Option<&str>, fields: EventFields) -> EntryId {
    let (fields, occ) = (Box::new(fields), occ.map(str::to_owned));
    town.say(ANA, &Post::Update { event, replaces: vec![], fields, occ })
}

fn start(start: &str) -> EventFields {
    EventFields { start: Some(start.into()), ..EventFields::default() }
}

/// The occurrence as a node shows it: folded if something was said about it, or else as the series.
fn at(town: &Town, event: EntryId, occ: &str) -> EventState {
    let (series, occurrences) = town.facts().events(&town.net, event).unwrap();
    let special = occurrences.into_iter().find(|state| state.occ.as_deref() == Some(occ));
    special.unwrap_or_else(|| series.plain_occurrence(occ))
}

#[test]
fn a_series_names_its_occurrences_by_the_rule_and_by_extra_and_except() {
    let mut town = Town::new();
    let event = thursdays(&mut town, None);
    assert_eq!(town.event_state(event).occurrence_names(), [FIRST, SECOND, THIRD]);
    let extra = Some(vec!["2026-12-12T11:00".into()]);
    update(
        &mut town,
        event,
        None,
        EventFields { extra, except: Some(vec![SECOND.into()]), ..Default::default() },
    );
    assert_eq!(town.event_state(event).occurrence_names(), [FIRST, "2026-12-12T11:00", THIRD]);
    update(&mut town, event, None, EventFields { repeat: Some(String::new()), ..Default::default() });
    assert_eq!(town.event_state(event).occurrence_names(), [FIRST, "2026-12-12T11:00"]);
}

#[test]
fn an_answer_is_for_all_occurrences_or_for_one() {
    let mut town = Town::new();
    let event = thursdays(&mut town, Some(2));
    let ben = answer(&mut town, BEN, event, None, Answer::Yes);
    let cai = answer(&mut town, CAI, event, Some(SECOND), Answer::Yes);
    admit(&mut town, event, None, &[ben]);
    admit(&mut town, event, Some(SECOND), &[cai]);
    answer(&mut town, BEN, event, Some(THIRD), Answer::No);
    for (occ, lists) in [(FIRST, "seated ben"), (SECOND, "seated ben, cai"), (THIRD, "no ben")] {
        assert_eq!(town.lists_of(&at(&town, event, occ)), lists, "{occ}");
    }
    assert_eq!(town.lists(event), "seated ben", "what holds for all");
    // Whoever says no to one and yes to all again needs a new line there, and there alone.
    let again = answer(&mut town, BEN, event, None, Answer::Yes);
    assert_eq!(town.lists_of(&at(&town, event, THIRD)), "provisional ben");
    assert_eq!(town.lists_of(&at(&town, event, FIRST)), "seated ben");
    admit(&mut town, event, Some(THIRD), &[again]);
    assert_eq!(town.lists_of(&at(&town, event, THIRD)), "seated ben");
}

#[test]
fn an_occurrence_moves_with_the_series_until_it_is_moved_itself() {
    let mut town = Town::new();
    let event = thursdays(&mut town, None);
    let ben = answer(&mut town, BEN, event, Some(SECOND), Answer::Yes);
    admit(&mut town, event, Some(SECOND), &[ben]);
    assert_eq!(at(&town, event, SECOND).start, SECOND);
    update(&mut town, event, None, start("2026-12-04T19:00"));
    assert_eq!(at(&town, event, SECOND).start, "2026-12-11T19:00", "a day and half an hour later");
    assert_eq!(at(&town, event, THIRD).start, "2026-12-18T19:00", "also where nothing was said");
    assert!(at(&town, event, SECOND).seated[0].stale, "the answer was for another time");
    update(&mut town, event, Some(SECOND), start("2026-12-09T20:00"));
    assert_eq!(at(&town, event, SECOND).start, "2026-12-09T20:00");
    update(&mut town, event, None, start(FIRST));
    assert_eq!(at(&town, event, SECOND).start, "2026-12-09T20:00", "its own change stays");
    assert_eq!(town.event_state(event).start, FIRST);
}

#[test]
fn a_change_of_all_does_not_undo_a_change_of_one() {
    let mut town = Town::new();
    let event = thursdays(&mut town, None);
    let place = |place: &str| EventFields { place: Some(place.into()), ..EventFields::default() };
    update(&mut town, event, Some(SECOND), place("Garden"));
    update(&mut town, event, None, place("Café"));
    let places = [FIRST, SECOND, THIRD].map(|occ| at(&town, event, occ).place);
    assert_eq!(places, ["Café", "Garden", "Café"]);
}

#[test]
fn one_occurrence_is_called_off_and_stays_so() {
    let mut town = Town::new();
    let event = thursdays(&mut town, None);
    town.say(BEN, &Post::Skip { event, occ: SECOND.into() });
    assert!(!at(&town, event, SECOND).cancelled, "ben has no role");
    let skip = town.say(ANA, &Post::Skip { event, occ: SECOND.into() });
    town.take_back(ANA, skip);
    assert!(at(&town, event, SECOND).cancelled, "taking back does not undo it");
    assert!(!at(&town, event, FIRST).cancelled && !town.event_state(event).cancelled);
    assert_eq!(town.event_state(event).occurrences.len(), 1);
}

#[test]
fn what_is_said_of_an_occurrence_that_is_none_says_nothing() {
    let mut town = Town::new();
    let series = thursdays(&mut town, Some(1));
    answer(&mut town, BEN, series, Some("2026-12-04T18:30"), Answer::Yes);
    let (state, occurrences) = town.facts().events(&town.net, series).unwrap();
    assert!(occurrences.is_empty() && state.occurrences.is_empty());
    let single = town.event(ANA, None, Some(1));
    let ben = answer(&mut town, BEN, single, Some("2026-12-01T18:30"), Answer::Yes);
    admit(&mut town, single, None, &[ben]);
    assert_eq!(town.lists(single), "", "an event that does not repeat has no occurrences");
}

#[test]
fn an_occurrence_that_nothing_was_said_about_is_as_its_fold() {
    let mut town = Town::new();
    let event = thursdays(&mut town, Some(2));
    for who in [BEN, CAI, DEE] {
        let rsvp = answer(&mut town, who, event, None, Answer::Yes);
        admit(&mut town, event, None, &[rsvp]);
    }
    town.grant(ANA, event, ELI, Role::Host, 1);
    update(&mut town, event, None, EventFields { place: Some("Café".into()), ..start("2026-12-03T19:00") });
    let series = town.event_state(event);
    for occ in [FIRST, SECOND, THIRD] {
        let plain = series.plain_occurrence(occ);
        // A maybe of somebody who says nothing after makes the occurrence special, and changes one list.
        answer(&mut town, GUS, event, Some(occ), Answer::Maybe);
        let folded = EventState { maybe: vec![], ..at(&town, event, occ) };
        assert_eq!(plain, folded, "{occ}");
    }
}

#[test]
fn a_check_in_is_at_one_occurrence() {
    let mut town = Town::new();
    let event = thursdays(&mut town, None);
    town.check_in_at(ANA, BEN, event, Some(SECOND));
    town.check_in_at(ANA, CAI, event, None);
    assert_eq!(at(&town, event, SECOND).attendance.len(), 1);
    assert_eq!(at(&town, event, FIRST).attendance.len(), 0);
    let replayed = town.check_in_post(ANA, BEN, event, Some(SECOND));
    let Post::Checkin { event, guest, nonce, rsvp, signature, persons, .. } = replayed else { panic!() };
    town.say(ANA, &Post::Checkin { event, guest, nonce, rsvp, signature, persons, occ: Some(THIRD.into()) });
    assert_eq!(at(&town, event, THIRD).attendance.len(), 0, "signed for another occurrence");
}
