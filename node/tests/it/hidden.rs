//! What hosts hide, and what stands in its place.

use klatch::daemon::{Among, Find, FoundEvents, Request, Response, Schedule};
use klatch_feed::post::{EventFields, Joining, Role, Tone};
use klatch_feed::{EntryId, EventState};

use crate::groups::{founds, grant, meet, people, refusals, schedule, text};
use crate::owner::Somebody;

/// Every answer of a node that shows an event.
fn shown(at: &Somebody, group: &EntryId, event: &EntryId) -> String {
    let (group, event, updated) = (group.to_string(), event.to_string(), event.to_string());
    let from_ms = None;
    let requests = [
        Request::EventShow { event: event.clone(), on: None },
        Request::EventLocal { event: event.clone(), on: None },
        Request::EventList { group: None, from_ms, max: 9 },
        Request::EventList { group: Some(group.clone()), from_ms, max: 9 },
        Request::EventFind { find: Find::Search { words: "pills".into() }, group: None, from_ms, max: 9 },
        Request::Calendar { objects: vec![group.clone()] },
        Request::Calendar { objects: vec![event.clone()] },
        Request::GroupLocal { group: group.clone() },
        Request::Why { event, on: None, who: None },
        Request::Published { object: group, among: Among::Groups },
        Request::Inbox,
        Request::Updates { event: updated },
    ];
    let answer = |request| serde_json::to_string(&at.ask(request).unwrap()).unwrap();
    requests.map(answer).join("\n").to_lowercase()
}

#[test]
fn an_event_or_update_that_is_hidden_is_shown_by_no_answer_of_a_node() {
    let [ana, ben] = people(["Ana", "Ben"]);
    meet(&[&ana, &ben]);
    let id = founds(&ana, &[], Joining::Open, None);
    ana.posts(grant(&id, &ben, Role::Organizer));
    meet(&[&ana, &ben]);
    let Request::Schedule(new) = schedule(&id) else { unreachable!() };
    let (title, about, place) = ("Cheap pills".to_owned(), "spam".to_owned(), "spam hall".to_owned());
    let words = |text: &str| Some(text.to_owned());
    let fields = Box::new(EventFields {
        cost: words("spam money"),
        access: words("spam stairs"),
        online: words("https://spam.example"),
        tags: Some(vec!["spam".to_owned()]),
        questions: Some(vec!["spam?".to_owned()]),
        geo: Some((38_000_000, -9_000_000)),
        ..EventFields::default()
    });
    let event = ben.posts(Request::Schedule(Schedule { title, about, place, fields, ..new }));
    ben.posts(crate::owner::yes(&event));
    meet(&[&ana, &ben]);
    assert!(shown(&ben, &id, &event).matches("pills").count() > 8);
    let hide = |object: &EntryId, entry: EntryId, on| Request::Hide {
        object: object.to_string(),
        entries: vec![entry.to_string()],
        on,
        reason: "advertising".to_owned(),
    };
    ana.posts(hide(&id, event, true));
    meet(&[&ana, &ben]);
    for at in [&ana, &ben] {
        let all = shown(at, &id, &event);
        assert!(!all.contains("pills") && !all.contains("spam"), "{all}");
        assert!(all.contains("advertising") && !all.contains("\"geo\""), "{all}");
        let near = Find::Near { geo: (38_000_000, -9_000_000), radius_m: 1_000 };
        for find in [Find::Search { words: "pills".into() }, near] {
            let found = at.ask(Request::EventFind { find, group: None, from_ms: None, max: 9 });
            assert!(matches!(&found, Ok(Response::Found(found)) if found.lines.is_empty()), "{found:?}");
        }
        for object in [id, event] {
            let dated = at.ask(Request::Calendar { objects: vec![object.to_string()] });
            assert!(matches!(&dated, Ok(Response::Calendar(dated)) if dated.is_empty()), "{dated:?}");
        }
        let (text, on) = (event.to_string(), Some("2126-12-01".to_owned()));
        let said = refusals(
            at,
            [
                Request::Close { event: text.clone(), on: on.clone() },
                Request::Comment { object: text.clone(), text: "x".to_owned(), tone: Some(Tone::Thanks) },
                Request::EventSkip { event: text, on: on.unwrap() },
            ],
        );
        assert!(said.iter().all(|said| said.contains("(hidden)") && !said.contains("pills")), "{said:?}");
    }
    ana.posts(hide(&id, event, false));
    meet(&[&ana, &ben]);
    assert!(shown(&ben, &id, &event).contains("pills"));

    let tip = ben.event(&event).tips[0];
    ana.posts(hide(&event, tip, true));
    meet(&[&ana, &ben]);
    let all = shown(&ben, &id, &event);
    assert!(all.contains("pills") && !all.contains("spam") && all.contains("advertising"), "{all}");
    ana.posts(hide(&event, tip, false));
    meet(&[&ana, &ben]);
    assert!(shown(&ben, &id, &event).matches("spam").count() > 8);
    let fields = Box::new(EventFields { title: words("Spam"), ..EventFields::default() });
    let (on, extra, except, address) = (None, vec![], vec![], None);
    let named =
        ben.posts(Request::EventUpdate { event: event.to_string(), on, fields, extra, except, address });
    ana.takes(vec![ben.log()]);
    ana.posts(hide(&event, named, true));
    let lines = shown(&ana, &id, &event);
    // The older word comes back.
    assert!(lines.contains("\"title\":\"cheap pills\"") && !lines.contains("\"title\":\"spam\""), "{lines}");
}

#[test]
fn what_is_hidden_of_one_date_is_listed_neither_there_nor_are_the_others_without_it() {
    let ana = people(["Ana"]).into_iter().next().unwrap();
    let id = founds(&ana, &[], Joining::Open, None);
    let Request::Schedule(new) = schedule(&id) else { unreachable!() };
    let tags = Some(vec!["green".to_owned()]);
    let fields = Box::new(EventFields { tags, ..EventFields::default() });
    let (repeat, place) = (Some("FREQ=WEEKLY;COUNT=3".to_owned()), "Library".to_owned());
    let event = ana.posts(Request::Schedule(Schedule { repeat, place, fields, ..new }));
    let update = |date: &str, title: Option<&str>, place: &str| {
        let (title, place) = (title.map(str::to_owned), Some(place.to_owned()));
        let fields = Box::new(EventFields { title, place, ..EventFields::default() });
        let (event, on) = (event.to_string(), Some(date.to_owned()));
        ana.posts(Request::EventUpdate { event, fields, on, extra: vec![], except: vec![], address: None })
    };
    let spam = update("2126-12-08", Some("Buy pills"), "Library");
    update("2126-12-15", None, "Garden");
    let listed = |request| match ana.ask(request).unwrap() {
        Response::Events(lines) | Response::Found(FoundEvents { lines, .. }) => {
            lines.into_iter().map(|line| format!("{} at {}", line.title, line.place)).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let all = || listed(Request::EventList { group: None, from_ms: None, max: 9 });
    assert_eq!(all(), ["Tea at Library", "Buy pills at Library", "Tea at Garden"]);
    ana.posts(Request::Hide {
        object: event.to_string(),
        entries: vec![spam.to_string()],
        on: true,
        reason: "advertising".to_owned(),
    });
    assert_eq!(all(), ["Tea at Library", "Tea at Library", "Tea at Garden"]);
    let find = Find::Search { words: "green tea".to_owned() };
    let found = listed(Request::EventFind { find, group: None, from_ms: None, max: 9 });
    assert_eq!(found.len(), 1, "its tags find it though something of it is hidden");
}

#[test]
fn where_an_event_is_that_its_group_hides_its_hosts_alone_are_shown() {
    let [ana, ben, cat] = people(["Ana", "Ben", "Cat"]);
    let id = founds(&ana, &[], Joining::Open, None);
    meet(&[&ana, &ben, &cat]);
    ana.posts(grant(&id, &ben, Role::Organizer));
    meet(&[&ana, &ben, &cat]);
    let Request::Schedule(new) = schedule(&id) else { unreachable!() };
    let event = ben.posts(Request::Schedule(Schedule { address: Some("Back door".to_owned()), ..new }));
    meet(&[&ana, &ben, &cat]);
    cat.posts(crate::owner::yes(&event));
    meet(&[&ana, &ben, &cat]);
    ben.ask(Request::Admit { event: event.to_string(), on: None, people: vec![] }).unwrap();
    meet(&[&ana, &ben, &cat]);
    let shows = |at: &Somebody| match at.ask(Request::EventLocal { event: event.to_string(), on: None }) {
        Ok(Response::Local(local)) => local.sealed.iter().any(|line| line.text == "Back door"),
        other => panic!("{other:?}"),
    };
    // The node that gave the seat seals it again for who has one.
    assert_eq!([&ben, &cat].map(shows), [true, true]);
    let (object, entries) = (id.to_string(), vec![event.to_string()]);
    ana.posts(Request::Hide { object, entries, on: true, reason: String::new() });
    meet(&[&ana, &ben, &cat]);
    assert_eq!([&ben, &cat].map(shows), [true, false]);
}

#[test]
fn who_hides_words_makes_nothing_public_and_sends_nobody_to_the_place_of_another_time() {
    let ana = people(["Ana"]).into_iter().next().unwrap();
    let id = founds(&ana, &[], Joining::Open, None);
    let Request::Schedule(new) = schedule(&id) else { unreachable!() };
    let tags = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    let words = |text: &str| Some(text.to_owned());
    let plain = EventFields::default;
    let update = |event: &EntryId, fields: EventFields| {
        let (event, fields) = (event.to_string(), Box::new(fields));
        ana.posts(Request::EventUpdate {
            event,
            on: None,
            fields,
            extra: vec![],
            except: vec![],
            address: None,
        })
    };
    let shown = |event: &EntryId, hidden: EntryId| -> EventState {
        let (object, entries) = (event.to_string(), vec![hidden.to_string()]);
        ana.posts(Request::Hide { object, entries, on: true, reason: String::new() });
        match ana.ask(Request::EventShow { event: event.to_string(), on: None }) {
            Ok(Response::Event(event)) => *event,
            other => panic!("{other:?}"),
        }
    };
    let scheduled = |public: bool| {
        let tags = tags(if public { &["tea", "public"] } else { &["tea"] });
        let fields = Box::new(EventFields { tags, ..plain() });
        ana.posts(Request::Schedule(Schedule { fields, place: "Café".to_owned(), ..new.clone() }))
    };

    let taken_back = scheduled(true);
    let spam = update(&taken_back, EventFields { tags: tags(&[]), about: words("spam"), ..plain() });
    let event = shown(&taken_back, spam);
    assert_eq!((&*event.about, event.tags), ("", vec!["tea".to_owned()]), "it is not public again");
    let made = scheduled(false);
    let spam = update(&made, EventFields { tags: tags(&["spam", "public"]), ..plain() });
    assert_eq!(shown(&made, spam).tags, ["tea"]);

    let (start, geo) = (words("2126-12-02T18:30"), Some((38_000_000, -9_000_000)));
    let moved = scheduled(false);
    let spam = EventFields { start, place: words("Garden"), geo, ..plain() };
    let spam = update(&moved, EventFields { about: words("spam"), ..spam });
    let event = shown(&moved, spam);
    assert_eq!((&*event.start, &*event.place, event.geo), ("2126-12-02T18:30", "", None));
    // ... but a place that somebody says again stays.
    let said_again = scheduled(false);
    let (start, place) = (words("2126-12-02T18:30"), words("Garden"));
    let spam = EventFields { start, place: place.clone(), about: words("spam"), ..plain() };
    let spam = update(&said_again, spam);
    update(&said_again, EventFields { place, ..plain() });
    assert_eq!(shown(&said_again, spam).place, "Garden");
    let stays = scheduled(false);
    let spam = update(&stays, EventFields { place: words("Garden"), about: words("spam"), ..plain() });
    assert_eq!(shown(&stays, spam).place, "Café");
}

#[test]
fn a_refusal_does_not_say_the_title_that_is_hidden() {
    let [ana, ben] = people(["Ana", "Ben"]);
    let id = founds(&ana, &[], Joining::Open, None);
    meet(&[&ana, &ben]);
    let Request::Schedule(new) = schedule(&id) else { unreachable!() };
    let event = ana.posts(Request::Schedule(Schedule { title: "Cheap pills".to_owned(), ..new }));
    ana.posts(grant(&event, &ben, Role::Host));
    ana.posts(Request::Revoke { object: event.to_string(), who: text(&ben) });
    let (object, entries) = (id.to_string(), vec![event.to_string()]);
    ana.posts(Request::Hide { object, entries, on: true, reason: String::new() });
    meet(&[&ana, &ben]);
    let close = Request::Close { event: event.to_string(), on: None };
    let [said] = refusals(&ben, [close]);
    assert!(said.contains("revoked your role") && !said.contains("pills"), "{said}");
}
