//! Series and lookups: every occurrence in the list, one folded by itself, and events by group, place and words.

use klatch_feed::meetup::agenda::Standing;
use klatch_feed::post::{Answer, EventFields, Role, Schedulers};
use klatch_feed::{EntryId, Post};
use klatch_store::{Found, Store};

use crate::{Author, accept_all, assert_sound, store};

const FIRST: &str = "2026-12-03T19:00";
const SECOND: &str = "2026-12-10T19:00";
const THIRD: &str = "2026-12-17T19:00";
/// 2026-12-10T12:00Z: the first is over.
const NOW: Option<i64> = Some(1_796_904_000_000);

fn event(title: &str, start: &str, group: Option<EntryId>, repeat: Option<&str>) -> Post {
    Post::Event {
        group,
        title: title.into(),
        start: start.into(),
        zone: "Europe/Lisbon".into(),
        minutes: 60,
        capacity: Some(1),
        split: false,
        repeat: repeat.map(str::to_owned),
    }
}

fn players() -> Post {
    let (name, schedulers) = ("Go players".into(), Schedulers::Organizers);
    Post::Group { name, owners: vec![], schedulers, joining: Default::default(), silence: None }
}

fn update(event: EntryId, occ: Option<&str>, fields: EventFields) -> Post {
    Post::Update { event, replaces: vec![], fields: Box::new(fields), occ: occ.map(str::to_owned) }
}

fn at(lat: f64, lon: f64) -> EventFields {
    let millionths = |degrees: f64| (degrees * 1e6) as i32;
    EventFields { geo: Some((millionths(lat), millionths(lon))), ..EventFields::default() }
}

/// Title and start of each.
fn list(found: &Found) -> Vec<String> {
    found.lines.iter().map(|line| format!("{} {}", line.title, line.start)).collect()
}

fn agenda(store: &Store) -> Vec<String> {
    let mut lines = Vec::new();
    let each = |line| {
        lines.push(line);
        true
    };
    store.reader().snapshot().unwrap().agenda(None, each).unwrap();
    list(&Found { lines, cut: false })
}

#[test]
fn every_occurrence_of_a_series_is_in_the_list_where_it_is_now() {
    let (mut ana, mut me) = (Author::new(2), Author::new(1));
    let series = ana.post(&event("Go", FIRST, None, Some("FREQ=WEEKLY;COUNT=3")));
    ana.post(&event("Tea", "2026-12-10T18:00", None, None));
    let (_home, mut store) = store();
    accept_all(&mut store, &ana);
    let all = [
        format!("Go {FIRST}"),
        "Tea 2026-12-10T18:00".to_owned(),
        format!("Go {SECOND}"),
        format!("Go {THIRD}"),
    ];
    assert_eq!(agenda(&store), all);
    assert_sound(&store);
    let snapshot = store.reader().snapshot().unwrap();
    let plain = snapshot.occurrence(&series, SECOND).unwrap().unwrap();
    assert_eq!((plain.occ.as_deref(), &plain.start[..]), (Some(SECOND), SECOND));
    for none in ["2026-12-04T19:00", "2026-12-10", "", "2026-12-10T19:00Z"] {
        assert_eq!(snapshot.occurrence(&series, none).unwrap(), None, "{none}");
    }

    // One is moved before the tea, one is called off, all have another title; and I go to one.
    let moved = EventFields { start: Some("2026-12-09T20:00".into()), ..EventFields::default() };
    ana.post(&update(series, Some(SECOND), moved));
    ana.post(&Post::Skip { event: series, occ: THIRD.into() });
    let renamed = EventFields { title: Some("Go again".into()), ..EventFields::default() };
    ana.post(&update(series, None, renamed));
    accept_all(&mut store, &ana);
    let rsvp = Post::Rsvp {
        event: series,
        seen: vec![],
        answer: Answer::Yes,
        party: 1,
        note: String::new(),
        occ: Some(SECOND.into()),
    };
    let draft = rsvp.draft(1, [0; 16]).unwrap();
    let (own, changes) = store.append(&me.secret(), vec![draft.clone()]).unwrap();
    me.say(draft);
    assert_eq!(changes.objects, [series], "one occurrence alone is another now");
    let all = ["Go again 2026-12-03T19:00", "Go again 2026-12-09T20:00", "Tea 2026-12-10T18:00"];
    assert_eq!(agenda(&store)[..3], all);
    ana.post(&Post::Seat { event: series, lines: vec![(own[0].id(), 1)], occ: Some(SECOND.into()) });
    accept_all(&mut store, &ana);
    let mut lines = Vec::new();
    store
        .reader()
        .snapshot()
        .unwrap()
        .agenda(None, |line| {
            lines.push((line.occ, line.cancelled, line.mine));
            true
        })
        .unwrap();
    assert_eq!(lines[0], (Some(FIRST.into()), false, None));
    assert_eq!(lines[1], (Some(SECOND.into()), false, Some(Standing::Seated)));
    assert_eq!(lines[3], (Some(THIRD.into()), true, None));
    let snapshot = store.reader().snapshot().unwrap();
    let second = snapshot.occurrence(&series, SECOND).unwrap().unwrap();
    assert_eq!((&second.start[..], second.seated.len()), ("2026-12-09T20:00", 1));
    assert!(snapshot.event(&series).unwrap().unwrap().seated.is_empty());
    assert_sound(&store);
    let before = (lines, second);
    store.rebuild(&mut |_, _| {}).unwrap();
    let mut lines = Vec::new();
    let snapshot = store.reader().snapshot().unwrap();
    snapshot
        .agenda(None, |line| {
            lines.push((line.occ, line.cancelled, line.mine));
            true
        })
        .unwrap();
    assert_eq!((lines, snapshot.occurrence(&series, SECOND).unwrap().unwrap()), before);
    assert_sound(&store);
    store.forget(&ana.feed()).unwrap();
    assert_eq!(agenda(&store), [""; 0]);
    assert_eq!(store.reader().snapshot().unwrap().occurrence(&series, SECOND).unwrap(), None);
    assert_sound(&store);
}

#[test]
fn a_series_that_gets_shorter_leaves_nothing_behind() {
    let mut ana = Author::new(2);
    let series = ana.post(&event("Go", FIRST, None, Some("FREQ=WEEKLY;COUNT=3")));
    ana.post(&Post::Skip { event: series, occ: THIRD.into() });
    let (_home, mut store) = store();
    accept_all(&mut store, &ana);
    assert_eq!(agenda(&store).len(), 3);
    let shorter = EventFields { repeat: Some("FREQ=WEEKLY;COUNT=2".into()), ..EventFields::default() };
    ana.post(&update(series, None, shorter));
    accept_all(&mut store, &ana);
    assert_eq!(agenda(&store), [format!("Go {FIRST}"), format!("Go {SECOND}")]);
    assert_eq!(store.reader().snapshot().unwrap().occurrence(&series, THIRD).unwrap(), None);
    assert_sound(&store);
    let none = EventFields { except: Some(vec![FIRST.into(), SECOND.into()]), ..EventFields::default() };
    ana.post(&update(series, None, none));
    accept_all(&mut store, &ana);
    assert_eq!(agenda(&store), [""; 0]);
    assert_sound(&store);
}

#[test]
fn a_group_lists_what_counts_in_it_from_now_on() {
    let (mut ana, mut ben) = (Author::new(2), Author::new(3));
    ben.notes(1);
    let group = ana.post(&players());
    ana.post(&event("past", "2026-12-01T19:00", Some(group), None));
    let series = ana.post(&event("Go", FIRST, Some(group), Some("FREQ=WEEKLY;COUNT=3")));
    ana.post(&event("Tea", "2026-12-11T19:00", Some(group), None));
    ana.post(&event("elsewhere", "2026-12-11T19:00", None, None));
    let not_his = ben.post(&event("Spam", "2026-12-11T19:00", Some(group), None));
    let (_home, mut store) = store();
    accept_all(&mut store, &ben);
    accept_all(&mut store, &ana);
    let inside = |store: &Store, from, max| {
        let found = store.reader().snapshot().unwrap().events_in(&group, from, max).unwrap();
        assert!(!found.cut);
        list(&found)
    };
    let coming = [format!("Go {SECOND}"), "Tea 2026-12-11T19:00".to_owned(), format!("Go {THIRD}")];
    assert_eq!(inside(&store, NOW, 9), coming);
    assert_eq!(inside(&store, NOW, 2), coming[..2]);
    assert_eq!(inside(&store, None, 9).len(), 5);
    assert_sound(&store);
    // His counts once he has the right, and the series no more once nothing of it is left.
    let role = Role::Organizer;
    let (object, subject) = (group, ben.person());
    ana.post(&Post::Grant { object, subject, role, quota: 0, from_seq: None, lifts: vec![] });
    let over = EventFields { repeat: Some(String::new()), ..EventFields::default() };
    ana.post(&update(series, None, over));
    accept_all(&mut store, &ana);
    let mut both = ["Spam 2026-12-11T19:00", "Tea 2026-12-11T19:00"];
    let mut listed = inside(&store, NOW, 9);
    listed.sort();
    both.sort();
    assert_eq!(listed, both);
    assert!(store.reader().snapshot().unwrap().event(&not_his).unwrap().unwrap().in_group);
    assert_sound(&store);
}

#[test]
fn what_began_before_and_goes_on_is_found_like_what_comes() {
    let mut ana = Author::new(2);
    let group = ana.post(&players());
    const DAY: u32 = 24 * 60;
    let lasting = |title: &str, start: &str, minutes, repeat: Option<&str>| {
        let Post::Event { group, title, start, zone, capacity, split, repeat, .. } =
            event(title, start, Some(group), repeat)
        else {
            unreachable!()
        };
        Post::Event { group, title, start, zone, minutes, capacity, split, repeat }
    };
    // Now is the 10th at noon.
    for post in [
        lasting("on fair", "2026-11-26T13:00", 14 * DAY, None),
        lasting("over fair", "2026-11-26T11:00", 14 * DAY, None),
        lasting("on camp", "2026-12-02T19:00", 8 * DAY, Some("FREQ=WEEKLY;COUNT=2")),
        lasting("over camp", "2026-12-09T11:00", DAY, Some("FREQ=YEARLY;COUNT=2")),
        lasting("on tea", "2026-12-10T19:00", 60, None),
    ] {
        let id = ana.post(&post);
        ana.post(&update(id, None, at(38.7223, -9.1393)));
    }
    let (_home, mut store) = store();
    accept_all(&mut store, &ana);
    let snapshot = store.reader().snapshot().unwrap();
    let next = "over camp 2027-12-09T11:00".to_owned();
    let [fair, tea] = ["on fair 2026-11-26T13:00", "on tea 2026-12-10T19:00"].map(str::to_owned);
    let camp = ["on camp 2026-12-02T19:00", "on camp 2026-12-09T19:00"].map(str::to_owned);
    let all = [fair.clone(), camp[0].clone(), camp[1].clone(), tea, next];
    assert_eq!(list(&snapshot.events_in(&group, NOW, 9).unwrap()), all);
    let mut lines = Vec::new();
    snapshot
        .agenda(NOW, |line| {
            lines.push(line);
            true
        })
        .unwrap();
    assert_eq!(list(&Found { lines, cut: false }), all);
    // Of a series what goes on, and what comes next.
    let near = snapshot.near((38_722_300, -9_139_300), 1_000, NOW, 9).unwrap();
    assert_eq!(list(&near), all);
    assert_eq!(list(&snapshot.search("on", NOW, 9).unwrap()), all[..4]);
    // What is over takes no place of what is full.
    assert_eq!(list(&snapshot.search("fair", NOW, 1).unwrap()), [fair]);
}

#[test]
fn a_place_finds_what_is_on_around_it() {
    let mut ana = Author::new(2);
    let series = ana.post(&event("Go", FIRST, None, Some("FREQ=WEEKLY;COUNT=3")));
    ana.post(&update(series, None, at(38.7223, -9.1393)));
    let tea = ana.post(&event("Tea", "2026-12-11T19:00", None, None));
    ana.post(&update(tea, None, at(38.7369, -9.1427))); // 1.7 km
    let porto = ana.post(&event("Porto", "2026-12-11T20:00", None, None));
    ana.post(&update(porto, None, at(41.1579, -8.6291)));
    let west = ana.post(&event("Taveuni", "2026-12-11T21:00", None, None));
    ana.post(&update(west, None, at(-16.8, 179.99)));
    ana.post(&event("nowhere", "2026-12-11T19:00", None, None));
    let (_home, mut store) = store();
    accept_all(&mut store, &ana);
    let near = |store: &Store, lat: i32, lon: i32, radius| {
        list(&store.reader().snapshot().unwrap().near((lat, lon), radius, NOW, 9).unwrap())
    };
    let go = format!("Go {SECOND}");
    assert_eq!(near(&store, 38_722_300, -9_139_300, 1_000), std::slice::from_ref(&go), "the next one alone");
    assert_eq!(near(&store, 38_722_300, -9_139_300, 2_000), [go.clone(), "Tea 2026-12-11T19:00".into()]);
    assert_eq!(near(&store, 38_722_300, -9_139_300, 300_000).len(), 3);
    assert_eq!(near(&store, -16_800_000, -179_990_000, 3_000), ["Taveuni 2026-12-11T21:00"]);
    assert_eq!(near(&store, 50_000_000, 0, 500_000), [""; 0]);
    assert_sound(&store);
    ana.post(&update(tea, None, at(41.1579, -8.6291)));
    accept_all(&mut store, &ana);
    assert_eq!(near(&store, 38_722_300, -9_139_300, 2_000), [go]);
    assert_eq!(near(&store, 41_157_900, -8_629_100, 100).len(), 2);
    assert_sound(&store);
}

#[test]
fn words_of_titles_and_tags_are_found_however_they_are_written() {
    let mut ana = Author::new(2);
    let series = ana.post(&event("Thursday GO for beginners", FIRST, None, Some("FREQ=WEEKLY;COUNT=3")));
    let tags = Some(vec!["board games".into()]);
    ana.post(&update(series, None, EventFields { tags, ..EventFields::default() }));
    let tea = ana.post(&event("Google? No: tea & games", "2026-12-11T19:00", None, None));
    ana.post(&event("Go, long ago", "2026-12-01T19:00", None, None));
    let (_home, mut store) = store();
    accept_all(&mut store, &ana);
    let search = |store: &Store, text: &str| {
        let found = store.reader().snapshot().unwrap().search(text, NOW, 9).unwrap();
        found.lines.iter().map(|line| line.id).collect::<Vec<_>>()
    };
    for (text, found) in [
        ("go", vec![series, tea]), // "Google" begins so
        ("beginners go", vec![series]),
        ("BOARD", vec![series]),
        ("gam", vec![series, tea]),
        ("games tea", vec![tea]),
        ("go go go", vec![series, tea]),
        ("ago", vec![]),
        ("g%", vec![series, tea]),
        ("", vec![]),
        ("games chess", vec![]),
    ] {
        assert_eq!(search(&store, text), found, "{text:?}");
    }
    assert_sound(&store);
    let renamed = EventFields { title: Some("Chess".into()), ..EventFields::default() };
    ana.post(&update(tea, None, renamed));
    accept_all(&mut store, &ana);
    assert_eq!(search(&store, "google"), []);
    assert_eq!(search(&store, "chess"), [tea]);
    assert_sound(&store);
}

#[test]
fn a_question_looks_at_so_many_rows_and_says_so() {
    // 24 titles of one word each that begin alike, 100 times each: 2,400 rows.
    let mut ana = Author::new(2);
    for number in 0..2_400 {
        let title = format!("word{:02}", number % 24);
        ana.post(&event(&title, "2026-12-11T19:00", None, None));
    }
    let (_home, mut store) = store();
    accept_all(&mut store, &ana);
    let search = |text: &str, max| store.reader().snapshot().unwrap().search(text, NOW, max).unwrap();
    let found = search("word", 100);
    assert_eq!((found.lines.len(), found.cut), (100, true));
    let found = search("word07", 100);
    assert_eq!((found.lines.len(), found.cut), (100, false));
    // What is full needs no more of a word: one row is looked at after it.
    let found = search("word", 60);
    assert_eq!((found.lines.len(), found.cut), (60, false));
    assert_sound(&store);
}
