//! What is on: by time, moved when an event moves, and as the owner of the store stands.

use klatch_feed::meetup::agenda::{AgendaLine, Standing};
use klatch_feed::post::{Answer, EventFields, Joining, Role, Schedulers};
use klatch_feed::{EntryId, Post};
use klatch_store::Store;

use crate::{Author, accept_all, assert_sound, store};

fn event(title: &str, start: &str, zone: &str) -> Post {
    Post::Event {
        group: None,
        title: title.into(),
        start: start.into(),
        zone: zone.into(),
        minutes: 60,
        capacity: Some(1),
        split: false,
        repeat: None,
    }
}

fn lines(store: &Store, from_ms: Option<i64>, max: usize) -> Vec<AgendaLine> {
    let mut lines = Vec::new();
    let each = |line| {
        lines.push(line);
        lines.len() < max
    };
    store.reader().snapshot().unwrap().agenda(from_ms, each).unwrap();
    lines
}

fn titles(store: &Store, from_ms: Option<i64>, max: usize) -> Vec<String> {
    lines(store, from_ms, max).into_iter().map(|line| line.title).collect()
}

#[test]
fn what_is_on_comes_by_time_wherever_the_clocks_stand() {
    let mut ana = Author::new(2);
    ana.post(&event("later", "2026-12-03T19:00", "Europe/Lisbon"));
    ana.post(&event("first", "2026-12-03T19:30", "Asia/Kolkata"));
    let moving = ana.post(&event("moves", "2026-12-03T18:00", "Europe/Lisbon"));
    ana.post(&event("long ago", "1969-07-20T20:17", "UTC"));
    let (_home, mut store) = store();
    accept_all(&mut store, &ana);
    assert_eq!(titles(&store, None, 9), ["long ago", "first", "moves", "later"]);
    assert_eq!(titles(&store, Some(0), 2), ["first", "moves"]);
    let at = lines(&store, None, 9)[2].start_ms;
    assert_eq!(titles(&store, at, 9), ["moves", "later"], "from that moment on");
    assert_eq!(titles(&store, at.map(|at| at + 3_599_999), 9), ["moves", "later"], "it goes on for an hour");
    assert_eq!(titles(&store, at.map(|at| at + 3_600_000), 9), ["later"]);
    assert_sound(&store);

    let fields = EventFields { start: Some("2026-12-04T08:00".into()), ..EventFields::default() };
    ana.post(&Post::Update { event: moving, replaces: vec![], fields: Box::new(fields), occ: None });
    accept_all(&mut store, &ana);
    assert_eq!(titles(&store, Some(0), 9), ["first", "later", "moves"]);
    assert_sound(&store);
    store.forget(&ana.feed()).unwrap();
    assert_eq!(titles(&store, None, 9), [""; 0]);
    assert_sound(&store);
}

#[test]
fn a_line_says_how_the_owner_stands() {
    let (mut ana, mut me) = (Author::new(2), Author::new(1));
    let id = ana.post(&event("go", "2026-12-03T19:00", "Europe/Lisbon"));
    let rsvp = |event: EntryId, party| Post::Rsvp {
        event,
        seen: vec![],
        answer: Answer::Yes,
        party,
        note: String::new(),
        occ: None,
    };
    let (_home, mut store) = store();
    accept_all(&mut store, &ana);
    assert_eq!(lines(&store, None, 1)[0].mine, None);
    let draft = rsvp(id, 1).draft(1, [0; 16]).unwrap();
    let (own, _) = store.append(&me.secret(), vec![draft.clone()]).unwrap();
    me.say(draft);
    assert_eq!(lines(&store, None, 1)[0].mine, Some(Standing::Provisional));
    ana.post(&Post::Seat { event: id, lines: vec![(own[0].id(), 1)], occ: None });
    accept_all(&mut store, &ana);
    let line = &lines(&store, None, 1)[0];
    assert_eq!((line.mine, line.seated, line.capacity), (Some(Standing::Seated), 1, Some(1)));
    assert_eq!(mine(&store), [(line.start_ms, id)]);
    assert_sound(&store);
    store.rebuild(&mut |_, _| {}).unwrap();
    assert_eq!(&lines(&store, None, 1)[0], line);
    assert_sound(&store);

    let store = store.hand_over(&Author::new(9).secret(), vec![]).unwrap();
    assert_eq!(lines(&store, None, 1)[0].mine, None, "they did not answer");
    assert_eq!(mine(&store), []);
    assert_sound(&store);
}

fn mine(store: &Store) -> Vec<(Option<i64>, EntryId)> {
    store.reader().snapshot().unwrap().mine().unwrap()
}

#[test]
fn the_owners_own_events_are_those_they_host_or_may_come_to() {
    let (mut ana, mut me) = (Author::new(2), Author::new(1));
    let far = ana.post(&event("far", "2026-12-04T19:00", "UTC"));
    let near = ana.post(&event("near", "2026-12-03T19:00", "UTC"));
    let weekly = ana.post(&Post::Event {
        group: None,
        title: "weekly".into(),
        start: "2026-12-02T19:00".into(),
        zone: "UTC".into(),
        minutes: 60,
        capacity: None,
        split: false,
        repeat: Some("FREQ=WEEKLY;COUNT=3".into()),
    });
    ana.post(&event("of others", "2026-12-03T19:00", "UTC"));
    let (_home, mut store) = store();
    accept_all(&mut store, &ana);
    assert_eq!(mine(&store), []);
    let mut says = |store: &mut Store, event: EntryId, answer, occ: Option<&str>| {
        let (party, note, occ) = (1, String::new(), occ.map(str::to_owned));
        let draft = Post::Rsvp { event, seen: vec![], answer, party, note, occ }.draft(1, [0; 16]).unwrap();
        store.append(&me.secret(), vec![draft.clone()]).unwrap();
        me.say(draft);
    };
    says(&mut store, far, Answer::Yes, None);
    says(&mut store, near, Answer::Maybe, None);
    says(&mut store, weekly, Answer::Yes, Some("2026-12-09T19:00"));
    let at = |day: i64| Some((20_788 + day) * 86_400_000 + 19 * 3_600_000); // From 2026-12-01.
    assert_eq!(mine(&store), [(at(2), near), (at(3), far), (at(15), weekly)]);
    says(&mut store, near, Answer::No, None);
    says(&mut store, weekly, Answer::No, Some("2026-12-09T19:00"));
    assert_eq!(mine(&store), [(at(3), far)]);
    let subject = me.person();
    ana.post(&Post::Grant {
        object: near,
        subject,
        role: Role::Host,
        quota: 0,
        lifts: vec![],
        from_seq: None,
    });
    accept_all(&mut store, &ana);
    assert_eq!(mine(&store), [(at(2), near), (at(3), far)], "a host who does not come");
    assert_sound(&store);
    store.rebuild(&mut |_, _| {}).unwrap();
    assert_eq!(mine(&store).len(), 2);
}

#[test]
fn a_line_says_that_something_of_its_event_is_hidden_also_by_its_group() {
    let mut ana = Author::new(2);
    let (schedulers, joining) = (Schedulers::Organizers, Joining::Open);
    let name = "Rust".to_owned();
    let group = ana.post(&Post::Group { name, owners: vec![], schedulers, joining, silence: None });
    let Post::Event { title, start, zone, minutes, .. } = event("pills", "2026-12-03T19:00", "UTC") else {
        unreachable!()
    };
    let (capacity, split, repeat) = Default::default();
    let event =
        ana.post(&Post::Event { group: Some(group), title, start, zone, minutes, capacity, split, repeat });
    let (_home, mut store) = store();
    accept_all(&mut store, &ana);
    let titled = |store: &Store| store.reader().snapshot().unwrap().event_titled(&event).unwrap();
    assert_eq!(titled(&store).map(|event| (event.title, event.hidden)), Some(("pills".to_owned(), false)));
    for on in [true, false] {
        ana.post(&Post::Hide { object: group, entries: vec![event], on, reason: String::new() });
        accept_all(&mut store, &ana);
        assert_eq!(
            lines(&store, None, 1)[0].hidden,
            on,
            "the line is made anew though no event says anything"
        );
        assert_eq!(titled(&store).map(|event| event.hidden), Some(on));
        assert_sound(&store);
    }
    assert_eq!(store.reader().snapshot().unwrap().event_titled(&group).unwrap(), None);
}
