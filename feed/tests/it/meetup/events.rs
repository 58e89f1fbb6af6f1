//! Changes of an event, cancelling it, and what is missing.

use klatch_feed::meetup::{Fact, Facts};
use klatch_feed::post::{Answer, EventFields, Role};
use klatch_feed::{EntryId, Post};

use crate::people::*;

fn titled(title: &str) -> EventFields {
    EventFields { title: Some(title.into()), ..EventFields::default() }
}

fn placed(place: &str) -> EventFields {
    EventFields { place: Some(place.into()), ..EventFields::default() }
}

/// Ana's event, with ben as organizer and cai as host.
fn event(town: &mut Town) -> EntryId {
    let event = town.event(ANA, None, Some(2));
    town.grant(ANA, event, BEN, Role::Organizer, 0);
    town.grant(ANA, event, CAI, Role::Host, 1);
    event
}

#[test]
fn organizers_change_fields_and_hosts_do_not() {
    let mut town = Town::new();
    let event = event(&mut town);
    town.update(CAI, event, &[], titled("by a host"));
    town.update(DEE, event, &[], titled("by a guest"));
    let state = town.event_state(event);
    assert_eq!((state.title.as_str(), state.revision), ("First evening", 0));
    let update = town.update(BEN, event, &[], titled("by an organizer"));
    let state = town.event_state(event);
    assert_eq!((state.title.as_str(), state.revision, state.tips), ("by an organizer", 1, vec![update]));
    assert_eq!(state.start, "2026-12-01T18:30", "what an update leaves out stays");
}

#[test]
fn an_update_stands_until_another_replaces_it_field_by_field() {
    let mut town = Town::new();
    let event = event(&mut town);
    let title = town.update(ANA, event, &[], titled("one"));
    let place = town.update(ANA, event, &[title], placed("Café"));
    let state = town.event_state(event);
    assert_eq!((state.title.as_str(), state.place.as_str(), state.tips), ("one", "Café", vec![place]));
    let again = town.update(BEN, event, &[place], titled("two"));
    let state = town.event_state(event);
    assert_eq!((state.title.as_str(), state.place.as_str(), state.tips), ("two", "Café", vec![again]));
}

#[test]
fn of_concurrent_changes_the_senior_authors_counts_then_the_later_in_the_log() {
    let mut town = Town::new();
    let event = event(&mut town);
    while town.len(BEN) < town.len(ANA) + 3 {
        town.say(BEN, &Post::Profile { name: "Ben".into(), about: String::new(), links: vec![] });
    }
    let by_ben = town.update(BEN, event, &[], titled("ben, later in his log than ana in hers"));
    let by_ana = town.update(ANA, event, &[], titled("ana"));
    assert_eq!(town.event_state(event).title, "ana");
    let mut tips = vec![by_ana, by_ben];
    tips.sort();
    assert_eq!(town.event_state(event).tips, tips);
    town.update(ANA, event, &[], titled("ana again"));
    assert_eq!(town.event_state(event).title, "ana again");
}

#[test]
fn an_update_taken_back_counts_no_more_but_what_it_replaced_stays_replaced_for_who_replaced_it() {
    let mut town = Town::new();
    let event = event(&mut town);
    let one = town.update(ANA, event, &[], titled("one"));
    let two = town.update(ANA, event, &[one], titled("two"));
    town.take_back(ANA, two);
    let state = town.event_state(event);
    assert_eq!((state.title.as_str(), state.revision, state.tips), ("one", 1, vec![one]));
    town.update(BEN, event, &[two], titled("three"));
    assert_eq!(town.event_state(event).title, "three", "ben had seen what two had seen");
}

#[test]
fn an_answer_given_for_another_time_or_place_is_stale() {
    let mut town = Town::new();
    let event = event(&mut town);
    let stale = |town: &Town| {
        let state = town.event_state(event);
        let lines = [state.provisional, state.unranked, state.maybe].concat();
        let mut feeds: Vec<_> = lines.iter().filter(|line| line.stale).map(|line| line.feed).collect();
        feeds.sort();
        town.names(&feeds)
    };
    let place = town.update(ANA, event, &[], placed("Café"));
    town.yes(DEE, event);
    let seen = |seen: &[EntryId]| {
        let (answer, seen) = (Answer::Maybe, seen.to_vec());
        Post::Rsvp { event, seen, answer, party: 1, note: String::new(), occ: None }
    };
    town.say(ELI, &seen(&[place]));
    assert_eq!(stale(&town), "dee", "who had not seen the place");
    let title = town.update(ANA, event, &[place], titled("another"));
    assert_eq!(stale(&town), "dee", "a title asks nobody again");
    let start = EventFields { start: Some("2026-12-02T18:30".into()), ..EventFields::default() };
    let start = town.update(BEN, event, &[title], start);
    assert_eq!(stale(&town), "dee, eli");
    town.say(ELI, &seen(&[start]));
    assert_eq!(stale(&town), "dee", "what a seen update replaces was seen too");
    // Two at once, both seen.
    let west = EventFields { zone: Some("Atlantic/Azores".into()), ..EventFields::default() };
    let (a, b) = (town.update(ANA, event, &[start], placed("Bar")), town.update(BEN, event, &[start], west));
    town.say(FAY, &seen(&[a, b]));
    assert_eq!(stale(&town), "dee, eli");
}

#[test]
fn a_cancelled_event_stays_so_and_only_organizers_cancel() {
    let mut town = Town::new();
    let event = event(&mut town);
    let cancel = Post::Cancel { event, reason: "rain".into() };
    town.say(CAI, &cancel);
    assert!(!town.event_state(event).cancelled, "by a host");
    let id = town.say(BEN, &cancel);
    assert!(town.event_state(event).cancelled);
    town.take_back(BEN, id);
    assert!(town.event_state(event).cancelled, "the reason can be taken back, the cancelling cannot");
    let dropped =
        town.all().into_iter().map(|fact| if fact.id == id { Fact { body: None, ..fact } } else { fact });
    assert!(Facts::from_iter(dropped).event(&town.net, event).unwrap().cancelled);
}

#[test]
fn a_body_that_is_missing_makes_its_event_incomplete_unless_it_was_taken_back() {
    let mut town = Town::new();
    let event = event(&mut town);
    let (rsvp, update) = (town.yes(DEE, event), town.update(BEN, event, &[], titled("new")));
    let checkin = town.check_in(CAI, ELI, event, None);
    let by_nobody = town.update(DEE, event, &[], titled("no right"));
    let comment = town.say(DEE, &Post::Comment { object: event, reply: None, text: "hi".into(), tone: None });
    let without = |town: &Town, id| {
        let drop_body = |fact: Fact| if fact.id == id { Fact { body: None, ..fact } } else { fact };
        Facts::from_iter(town.all().into_iter().map(drop_body)).event(&town.net, event).unwrap()
    };
    assert!(!town.event_state(event).incomplete);
    for (name, id, incomplete) in [
        ("rsvp", rsvp, true),
        ("update", update, true),
        ("check-in", checkin, true),
        ("update without the right", by_nobody, false),
        ("comment", comment, false),
    ] {
        assert_eq!(without(&town, id).incomplete, incomplete, "{name}");
    }
    town.take_back(DEE, rsvp);
    assert_eq!(without(&town, rsvp), town.event_state(event), "held or not, it says the same");
}

#[test]
fn nothing_is_folded_from_what_founds_nothing() {
    let mut town = Town::new();
    let (event, group) = (event(&mut town), town.group(ANA, &[], Default::default()));
    let rsvp = town.yes(DEE, event);
    let facts = Facts::from_iter(town.all());
    assert_eq!(facts.event(&town.net, group), None);
    assert_eq!(facts.event(&town.net, rsvp), None);
    assert_eq!(facts.group(event), None);
    assert_eq!(Facts::default().event(&town.net, event), None);
}

#[test]
fn adding_a_fact_again_keeps_the_better_of_both() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(1));
    let rsvp = town.yes(BEN, event);
    let fact = town.all().into_iter().find(|fact| fact.id == rsvp).unwrap();
    let worse = Fact { body: None, quarantined: true, ..fact.clone() };
    let both = Facts::from_iter([fact.clone(), worse.clone()]);
    assert_eq!(both, Facts::from_iter([worse, fact.clone()]));
    assert_eq!(both, Facts::from_iter([fact]));
}

#[test]
fn what_is_shown_is_the_newest_word_that_is_not_hidden() {
    let mut town = Town::new();
    let event = event(&mut town);
    let first = town.update(ANA, event, &[], titled("Tea"));
    let both = EventFields { place: Some("Pub".into()), ..titled("Buy pills") };
    let spam = town.update(BEN, event, &[first], both);
    let later = town.update(ANA, event, &[spam], placed("Library"));
    let hide = |on, entries: &[EntryId]| Post::Hide {
        object: event,
        entries: entries.into(),
        on,
        reason: String::new(),
    };
    let shown = |town: &Town| {
        let fields = town.facts().shown(event, None).unwrap();
        (fields.title.unwrap_or_default(), fields.place.unwrap_or_default())
    };
    let words = |title: &str, place: &str| (title.to_owned(), place.to_owned());
    assert_eq!(shown(&town), words("Buy pills", "Library"));
    town.say(DEE, &hide(true, &[spam]));
    assert_eq!(shown(&town), words("Buy pills", "Library"), "a guest hides nothing");
    town.say(CAI, &hide(true, &[spam]));
    assert_eq!(shown(&town), words("Tea", "Library"), "what it replaced counts again");
    town.say(CAI, &hide(true, &[later]));
    assert_eq!(shown(&town), words("Tea", ""));
    town.say(CAI, &hide(true, &[first]));
    assert_eq!(shown(&town), words("First evening", ""), "as it was founded");
    assert_eq!(town.event_state(event).title, "Buy pills", "the fold reads what is hidden");
    town.say(CAI, &hide(false, &[spam, later]));
    assert_eq!(shown(&town), words("Buy pills", "Library"));
    let unknown = EntryId::new([9; 32]);
    assert_eq!(
        (town.facts().shown(unknown, None), town.facts().shown(event, Some("2026-12-01T18:30"))),
        (None, None)
    );
}
