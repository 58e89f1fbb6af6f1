//! Indexes and views are a cache: the order in which entries came, and `rebuild`, make the same ones.

use klatch_feed::post::{Answer, EventFields, Role, Schedulers};
use klatch_feed::{EntryId, EventState, ForkProof, GroupState, Post};
use klatch_store::{Outcome, Store};

use crate::{Author, accept_all, assert_sound, net, note, store, verify};

/// A group, its event with two seats, three guests and what they say; the event's and the group's id.
fn evening() -> (Vec<Author>, EntryId, EntryId) {
    let mut people: Vec<Author> = (2..=6).map(Author::new).collect();
    for person in &mut people {
        person.post(&Post::Genesis { recovery: [person.seed; 32], succeeds: None });
    }
    let [ana, ben, cat, dan, eve] = &mut people[..] else { unreachable!("five people") };
    let group = ana.post(&Post::Group {
        name: "Go players".into(),
        owners: vec![eve.person()],
        schedulers: Schedulers::Organizers,
        joining: Default::default(),
        silence: None,
    });
    let event = ana.post(&Post::Event {
        group: Some(group),
        title: "Thursday".into(),
        start: "2026-12-03T19:00".into(),
        zone: "Europe/Lisbon".into(),
        minutes: 120,
        capacity: Some(2),
        split: false,
        repeat: None,
    });
    let yes = |seen: Vec<EntryId>| Post::Rsvp {
        event,
        seen,
        answer: Answer::Yes,
        party: 1,
        note: String::new(),
        occ: None,
    };
    let rsvps = [ben.post(&yes(vec![])), cat.post(&yes(vec![])), dan.post(&yes(vec![]))];
    ben.post(&Post::Join { group });
    ana.post(&Post::Seat { event, lines: rsvps.map(|rsvp| (rsvp, 1)).to_vec(), occ: None });
    let fields = EventFields { place: Some("Café A".into()), ..EventFields::default() };
    let update = ana.post(&Post::Update { event, replaces: vec![], fields: Box::new(fields), occ: None });
    cat.post(&Post::Comment { object: event, reply: None, text: "see you".into(), tone: None });
    ben.post(&Post::Tombstone { targets: vec![rsvps[0]] });
    ana.post(&Post::Grant {
        object: group,
        subject: dan.person(),
        role: Role::Organizer,
        quota: 0,
        from_seq: None,
        lifts: vec![],
    });
    let lost = dan.post(&Post::Event {
        group: Some(group),
        title: "Friday".into(),
        start: "2026-12-04T19:00".into(),
        zone: "Europe/Lisbon".into(),
        minutes: 60,
        capacity: None,
        split: false,
        repeat: None,
    });
    let (cut_seq, cut_id) = (1, Some(dan.id(1)));
    eve.post(&Post::Comment { object: lost, reply: None, text: "hm".into(), tone: None });
    eve.post(&Post::Revoke { object: group, subject: dan.person(), cut_seq, cut_id });
    dan.post(&yes(vec![update]));
    (people, group, event)
}

fn views(store: &Store) -> (Vec<GroupState>, Vec<EventState>) {
    let snapshot = store.reader().snapshot().unwrap();
    (snapshot.groups().unwrap(), snapshot.events().unwrap())
}

#[test]
fn any_order_of_feeds_and_chunks_gives_the_same_views_as_rebuilding() {
    let (people, group, event) = evening();
    let (_home, mut first) = store();
    for person in &people {
        accept_all(&mut first, person);
    }
    let wanted = views(&first);
    let snapshot = first.reader().snapshot().unwrap();
    let state = snapshot.event(&event).unwrap().unwrap();
    let feed = |index: usize| people[index].feed();
    let seated: Vec<_> = state.seated.iter().map(|line| line.feed).collect();
    let mut expected = vec![feed(2), feed(3)];
    expected.sort();
    assert_eq!(seated, expected, "Ben took it back, so Dan moved up");
    assert_eq!(state.place, "Café A");
    let group = snapshot.group(&group).unwrap().unwrap();
    assert_eq!(group.events, [event], "Dan's event came after his cut");
    assert_eq!(snapshot.events().unwrap().len(), 2);

    for turn in 0..12_usize {
        let (_home, mut other) = store();
        // Entry by entry, the feeds dealt in another way each time.
        let mut next = vec![1_u32; people.len()];
        let mut at = turn;
        loop {
            let left: Vec<usize> =
                (0..people.len()).filter(|who| next[*who] as usize <= people[*who].log.len()).collect();
            at = (at * 31 + 2 * turn + 1) % 1009;
            let Some(who) = left.get(at % left.len().max(1)) else { break };
            crate::accept(&mut other, &people[*who].chunk(next[*who], next[*who]));
            next[*who] += 1;
        }
        assert_eq!(views(&other), wanted, "turn {turn}");
        assert_sound(&other);
        other.rebuild(&mut |_, _| {}).unwrap();
        assert_eq!(views(&other), wanted, "turn {turn}, rebuilt");
        assert_sound(&other);
    }
}

#[test]
fn changes_name_the_views_that_are_another_now() {
    let (people, group, event) = evening();
    let (_home, mut store) = store();
    let [ana, ben, ..] = &people[..] else { unreachable!("five people") };
    let (_, changes) = store.ingest(&[ana.chunk(1, 3)]).unwrap();
    let mut both = vec![group, event];
    both.sort();
    assert_eq!(changes.objects, both);
    let (_, changes) = store.ingest(&[ben.chunk(1, 2)]).unwrap();
    assert_eq!(changes.objects, [event], "an RSVP");
    let (_, changes) = store.ingest(&[ben.chunk(3, 3)]).unwrap();
    assert_eq!(changes.objects, [group], "a member, whom the event does not show");
    let (_, changes) = store.ingest(&[ana.chunk(4, 4)]).unwrap();
    assert_eq!(changes.objects, [event], "seats");
}

#[test]
fn a_capped_founder_keeps_the_event_and_loses_the_rest() {
    let (people, _, event) = evening();
    let ana = &people[0];
    let mut twin = ana.fork(2);
    twin.say(note(b"another third"));
    let proof = ForkProof::build(&net(), &ana.log[2..], &twin.log[2..]).unwrap();
    let (_home, mut before) = store();
    before.adopt(&proof).unwrap();
    let (_home, mut after) = store();
    for person in people.iter().rev() {
        accept_all(&mut after, person);
    }
    assert!(views(&after).1.iter().any(|state| state.id == event && !state.seated.is_empty()));
    let changes = after.adopt(&proof).unwrap();
    assert!(changes.objects.contains(&event));
    let state = after.reader().snapshot().unwrap().event(&event).unwrap().unwrap();
    assert_eq!((state.author, state.place.as_str(), state.seated.len()), (ana.feed(), "", 0));
    assert_sound(&after);
    let capped = views(&after);
    after.rebuild(&mut |_, _| {}).unwrap();
    assert_eq!(views(&after), capped);
    assert_sound(&after);
    // Dropped altogether, nothing founds the event any more.
    after.forget(&ana.feed()).unwrap();
    assert_eq!(after.reader().snapshot().unwrap().event(&event).unwrap(), None);
    assert_sound(&after);
}

#[test]
fn rebuilding_changes_nothing_and_tells_how_far_it_is() {
    let mut ben = Author::new(2);
    ben.notes(600);
    let (_home, mut store) = store();
    let (outcomes, _) = store.ingest(&ben.chunks()).unwrap();
    assert!(matches!(outcomes[2], Outcome::Accepted(_)));
    let before = verify(&store);
    let mut steps = Vec::new();
    store.rebuild(&mut |done, total| steps.push((done, total))).unwrap();
    assert_eq!(verify(&store), before);
    assert_eq!(steps.last(), Some(&(600, 600)));
    assert_sound(&store);
}
