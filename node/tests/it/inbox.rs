//! What a running node does by itself as time goes on: what it tells its person, each thing once, and what it
//! does at the events that they host.

use klatch::daemon::{
    Admit, Notice, Options, PollRequest, Request, Response, Schedule, Standing, What, standing,
};
use klatch_feed::post::{EventFields, Joining, Policy, Role, Schedulers, Silence, Tone};
use klatch_feed::{EntryId, EventState, Head, Post, SecretKey, Unverified, chunk};
use klatch_gossip::sync::Ingest;

use crate::owner::{AUTO, Somebody, guest, hinted, wait, yes};

/// 2126-12-01T18:30Z, milliseconds since 1970.
const START: i64 = 4_951_823_400_000;
const MINUTE: i64 = 60_000;

/// An event with one seat, which has to be confirmed an hour before the start, and two who asked for it.
fn evening() -> (Somebody, EntryId, [Somebody; 2]) {
    let host = Somebody::new("Host", AUTO);
    let fields = EventFields { confirm_by: Some(60), ..EventFields::default() };
    let event = host.schedules_with(Some(1), fields);
    let guests = ["Ben", "Cat"].map(|name| guest(name, &host, &event));
    hinted(&host, &event, &guests.each_ref());
    let held = length(&host);
    host.takes(guests.iter().map(Somebody::log).collect());
    for guest in &guests {
        guest.takes(vec![host.log_after(held)]);
    }
    (host, event, guests)
}

fn length(of: &Somebody) -> u32 {
    let snapshot = of.handle().reader().snapshot().unwrap();
    snapshot.state(&of.handle().me()).unwrap().unwrap().len
}

fn stands(event: &EventState, who: &Somebody) -> Option<Standing> {
    standing(event, &who.handle().me())
}

/// All that was told and not heard yet, after the owner did all it was asked.
fn heard(by: &Somebody, notices: &mut tokio::sync::broadcast::Receiver<Notice>) -> Vec<What> {
    wait(by.handle().due(0)).unwrap();
    std::iter::from_fn(|| notices.try_recv().ok()).map(|notice| notice.what).collect()
}

fn inbox(of: &Somebody) -> Vec<Notice> {
    match of.ask(Request::Inbox) {
        Ok(Response::Inbox(notices)) => notices,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_seat_is_told_once_also_after_a_restart() {
    let (_host, _event, [mut ben, mut cat]) = evening();
    let told = heard(&ben, &mut ben.handle().notices());
    assert!(matches!(told[..], [What::Seated { persons: 1, .. }]), "{told:?}");
    let told = heard(&cat, &mut cat.handle().notices());
    assert!(matches!(told[..], [What::Waiting { place: 1, .. }]), "{told:?}");
    for guest in [&mut ben, &mut cat] {
        guest.restart(AUTO);
        assert_eq!(heard(guest, &mut guest.handle().notices()), []);
        let listed = inbox(guest);
        assert_eq!(listed.len(), 1);
        assert!(listed[0].told_ms.is_some() && listed[0].title == "Tea", "{listed:?}");
    }
}

#[test]
fn a_hosts_own_seat_is_told_at_once_and_so_is_what_it_has_to_be_confirmed_by() {
    let host = Somebody::new("Host", AUTO);
    let mut notices = host.handle().notices();
    let event = host.schedules_with(Some(1), EventFields { confirm_by: Some(60), ..EventFields::default() });
    let rsvp = host.posts(yes(&event));
    assert_eq!(heard(&host, &mut notices), [What::Seated { rsvp, persons: 1 }]);
    let posted = length(&host);
    wait(host.handle().due(START - 120 * MINUTE)).unwrap();
    let by_ms = START - 60 * MINUTE;
    assert_eq!(heard(&host, &mut notices), [What::ConfirmBy { by_ms }, What::Soon { start_ms: START }]);
    assert_eq!(length(&host), posted, "the second look ranks nobody again");
    wait(host.handle().due(by_ms)).unwrap();
    assert_eq!(heard(&host, &mut notices), [What::Released { rsvp, waited: false }]);
}

#[test]
fn what_is_not_confirmed_in_time_is_given_up_once_and_who_waits_moves_up() {
    let (mut host, event, [ben, cat]) = evening();
    let first = host.handle();
    assert_eq!(wait(first.due(START - 61 * MINUTE)).unwrap(), Some(START - 60 * MINUTE));
    assert_eq!(stands(&host.event(&event), &ben), Some(Standing::Seated));
    wait(first.due(START - 60 * MINUTE)).unwrap();
    drop(first);
    assert_eq!(stands(&host.event(&event), &ben), Some(Standing::Released));
    assert_eq!(stands(&host.event(&event), &cat), Some(Standing::Seated));

    // Cat is not given up as well, though the deadline is past: not now, and not by a node that starts again.
    let posted = length(&host);
    wait(host.handle().due(START - 50 * MINUTE)).unwrap();
    host.restart(AUTO);
    wait(host.handle().due(START - 40 * MINUTE)).unwrap();
    assert_eq!(length(&host), posted);

    let mut told = [&ben, &cat].map(|guest| guest.handle().notices());
    for (guest, notices) in [&ben, &cat].into_iter().zip(&mut told) {
        heard(guest, notices);
        guest.takes(vec![host.log_after(2)]);
    }
    let told = [heard(&ben, &mut told[0]), heard(&cat, &mut told[1])];
    assert!(matches!(told[0][..], [What::Released { waited: false, .. }]), "{told:?}");
    assert!(matches!(told[1][..], [What::Seated { .. }]), "{told:?}");
}

#[test]
fn a_guest_is_asked_to_confirm_and_called_when_it_begins_each_once() {
    let (_host, _event, [ben, _]) = evening();
    let mut notices = ben.handle().notices();
    heard(&ben, &mut notices);
    let mut at = |minutes: i64| {
        wait(ben.handle().due(START - minutes * MINUTE)).unwrap();
        heard(&ben, &mut notices)
    };
    let by_ms = START - 60 * MINUTE;
    assert_eq!(at(60 + 1441), []);
    assert_eq!(at(60 + 1440), [What::ConfirmBy { by_ms }]);
    assert_eq!(at(61 + 60), []);
    assert_eq!(at(120), [What::Soon { start_ms: START }]);
    assert_eq!(at(30), []);
}

#[test]
fn answers_and_announcements_are_told_to_whom_they_concern() {
    let (host, event, [ben, cat]) = evening();
    let [mut hers, mut bens, mut cats] = [&host, &ben, &cat].map(|who| who.handle().notices());
    let comment = |by: &Somebody, object: &EntryId, text: &str, tone| {
        by.posts(Request::Comment { object: object.to_string(), text: text.to_owned(), tone })
    };
    let asked = comment(&ben, &event, "Which door?", None);
    host.takes(vec![ben.log_after(2)]);
    let held = length(&host);
    comment(&host, &asked, "The blue one.", None);
    comment(&host, &event, "Bring a cup.", Some(Tone::Announcement));
    comment(&host, &event, "Only said.", None);
    comment(&host, &asked, "And the red one.", Some(Tone::Announcement));
    for (guest, notices) in [(&ben, &mut bens), (&cat, &mut cats)] {
        heard(guest, notices);
        guest.takes(vec![host.log_after(held)]);
    }
    let texts = |told: Vec<What>| -> Vec<String> {
        let text = |what| match what {
            What::Reply { text, .. } => format!("reply: {text}"),
            What::Announced { text, .. } => format!("announced: {text}"),
            other => panic!("{other:?}"),
        };
        told.into_iter().map(text).collect()
    };
    let [blue, cup] = ["reply: The blue one.", "announced: Bring a cup."];
    assert_eq!(texts(heard(&ben, &mut bens)), [blue, cup, "reply: And the red one."]);
    assert_eq!(texts(heard(&cat, &mut cats)), ["announced: Bring a cup.", "announced: And the red one."]);
    assert!(
        !heard(&host, &mut hers).iter().any(|what| matches!(what, What::Reply { .. })),
        "a question is none"
    );
    let said = |of: &Somebody| {
        let what = inbox(of).into_iter().map(|notice| notice.what);
        texts(what.filter(|what| matches!(what, What::Reply { .. } | What::Announced { .. })).collect())
    };
    assert_eq!(said(&ben), ["reply: And the red one.", cup, blue], "each once, the newest first");
    assert_eq!(said(&cat), ["announced: And the red one.", cup]);
    cat.ask(Request::Block { who: host.handle().me().to_string() }).unwrap();
    assert_eq!(said(&cat), [""; 0], "nothing is heard of the blocked");
}

#[test]
fn what_is_hidden_is_not_told() {
    let (host, event, [ben, _cat]) = evening();
    let mut notices = ben.handle().notices();
    heard(&ben, &mut notices);
    let held = length(&host);
    let fields = EventFields { title: Some("Buy pills".to_owned()), ..EventFields::default() };
    let update = host.posts(Request::EventUpdate {
        event: event.to_string(),
        on: None,
        fields: Box::new(fields),
        extra: vec![],
        except: vec![],
        address: None,
    });
    let (object, entries) = (event.to_string(), vec![update.to_string()]);
    host.posts(Request::Hide { object, entries, on: true, reason: String::new() });
    let (object, text) = (event.to_string(), "Bring a cup.".to_owned());
    host.posts(Request::Comment { object, text, tone: Some(Tone::Announcement) });
    ben.takes(vec![host.log_after(held)]);
    wait(ben.handle().due(START - 100 * MINUTE)).unwrap();
    wait(ben.handle().due(0)).unwrap();
    let told: Vec<_> = std::iter::from_fn(|| notices.try_recv().ok()).collect();
    assert!(told.len() >= 2, "the announcement, and what is soon: {told:?}");
    assert!(told.iter().all(|notice| notice.title == "Tea"), "{told:?}");
}

#[test]
fn a_host_is_told_who_waits_for_their_word_once_and_again_when_somebody_else_does() {
    let fields = EventFields { policy: Some(Policy::Approval), ..EventFields::default() };
    let mut host = Somebody::new("Host", AUTO);
    let event = host.schedules_with(Some(3), fields);
    let [ben, cat] = ["Ben", "Cat"].map(|name| guest(name, &host, &event));
    let waiting = |told: Vec<What>| -> Vec<Vec<String>> {
        let names = |what| match what {
            What::ToSeat { people, .. } => people.into_values().collect(),
            other => panic!("{other:?}"),
        };
        told.into_iter().map(names).collect()
    };
    hinted(&host, &event, &[&ben, &cat]);
    let mut notices = host.handle().notices();
    host.takes(vec![ben.log()]);
    assert_eq!(waiting(heard(&host, &mut notices)), [["Ben"]]);
    host.restart(AUTO);
    hinted(&host, &event, &[&cat]);
    let mut notices = host.handle().notices();
    host.takes(vec![cat.log()]);
    let told = waiting(heard(&host, &mut notices));
    assert_eq!(told.iter().map(Vec::len).collect::<Vec<_>>(), [2]);
    assert!(inbox(&host)[0].next_step().unwrap().starts_with("klatch event admit entry1"));
    let people = vec![];
    host.ask(Request::Admit { event: event.to_string(), on: None, people }).unwrap();
    assert_eq!(inbox(&host), []);

    // Where a person ranks all, whatever the policy.
    host.restart(Options { admit: Admit::Manual, ..AUTO });
    let event = host.schedules(Some(3));
    let dan = guest("Dan", &host, &event);
    hinted(&host, &event, &[&dan]);
    let mut notices = host.handle().notices();
    host.takes(vec![dan.log()]);
    assert_eq!(waiting(heard(&host, &mut notices)), [["Dan"]]);
    assert_eq!(waiting(inbox(&host).into_iter().map(|notice| notice.what).collect()), [["Dan"]]);
}

#[test]
fn organizers_are_told_who_asks_to_join_and_owners_that_they_are_called_silent() {
    let (mut ana, mut ben) = (Somebody::new("Ana", AUTO), Somebody::new("Ben", AUTO));
    let text = |of: &Somebody| of.handle().me().to_string();
    for (one, other) in [(&ana, &ben), (&ben, &ana)] {
        one.ask(Request::Follow { who: text(other), petname: None }).unwrap();
        one.takes(vec![other.log()]);
    }
    let group = ana.posts(Request::GroupCreate {
        name: "Rust".to_owned(),
        owners: vec![],
        schedulers: Schedulers::Organizers,
        joining: Joining::Approval,
        silence: Some(Silence { owners: 0, members: 2 }),
    });
    let (id, mut notices) = (group.to_string(), ana.handle().notices());
    ben.takes(vec![ana.log()]);
    ben.posts(Request::GroupJoin { group: id.clone() });
    // While nothing is told the join comes; the node that starts again tells it.
    drop(notices);
    ana.restart(Options { live: false, ..AUTO });
    let log = ben.log();
    let chunk = log.chunk.iter().map(|byte| format!("{byte:02x}")).collect();
    ana.ask(Request::ImportFeed { feed: log.feed, base8: None, chunk }).unwrap();
    ana.restart(AUTO);
    notices = ana.handle().notices();
    let told = heard(&ana, &mut notices);
    assert!(
        matches!(&told[..], [What::Asking { people }] if people.contains_key(&ben.handle().me())),
        "{told:?}"
    );
    assert_eq!(inbox(&ana)[0].object, group);
    ana.posts(Request::GroupAccept { group: id.clone(), who: text(&ben) });
    assert_eq!(inbox(&ana), []);

    drop((ben.restart(AUTO), heard(&ben, &mut ben.handle().notices())));
    let mut bens = ben.handle().notices();
    ben.takes(vec![ana.log()]);
    assert_eq!(heard(&ben, &mut bens), [What::Joined]);
    assert!(matches!(inbox(&ben)[..], [Notice { what: What::Joined, told_ms: Some(_), .. }]));
    ben.ask(Request::Silent { group: id.clone(), owner: text(&ana), heir: text(&ben) }).unwrap();
    heard(&ana, &mut notices);
    ana.takes(vec![ben.log()]);
    let told = heard(&ana, &mut notices);
    assert!(matches!(&told[..], [What::Silent { reached: false, .. }]), "{told:?}");
    ana.posts(Request::Present { group: id });
    assert_eq!(inbox(&ana), []);
}

/// A group of Ana's that Ben and Cat are in, and all that is held of it held by all.
fn club() -> (Somebody, EntryId, [Somebody; 2]) {
    let ana = Somebody::new("Ana", AUTO);
    let group = ana.posts(Request::GroupCreate {
        name: "Rust".to_owned(),
        owners: vec![],
        schedulers: Schedulers::Members,
        joining: Joining::Open,
        silence: None,
    });
    let others = ["Ben", "Cat"].map(|name| Somebody::new(name, AUTO));
    let all = || others.iter().chain([&ana]);
    for one in all() {
        let known = all().filter(|other| other.handle().me() != one.handle().me());
        for other in known {
            one.ask(Request::Follow { who: other.handle().me().to_string(), petname: None }).unwrap();
        }
    }
    others.iter().for_each(|one| {
        one.takes(vec![ana.log()]);
        one.posts(Request::GroupJoin { group: group.to_string() });
    });
    for one in all() {
        for other in all().filter(|other| other.handle().me() != one.handle().me()) {
            one.takes(vec![other.log()]);
        }
    }
    (ana, group, others)
}

#[test]
fn a_role_is_told_to_who_got_it_once_and_so_is_its_end() {
    let (ana, group, [mut ben, cat]) = club();
    let mut notices = ben.handle().notices();
    assert_eq!(heard(&ben, &mut notices), [], "nobody is told what they did");
    let (object, who) = (group.to_string(), ben.handle().me().to_string());
    let held = length(&ana);
    let role = Role::Organizer;
    ana.posts(Request::Grant { object: object.clone(), who: who.clone(), role, quota: 0 });
    let event = ana.schedules(None);
    ana.posts(Request::Grant { object: event.to_string(), who: who.clone(), role: Role::Host, quota: 0 });
    ben.takes(vec![ana.log_after(held)]);
    let (organizer, host) = (What::Role { role }, What::Role { role: Role::Host });
    // Groups and events are looked at by their ids.
    let told = heard(&ben, &mut notices);
    assert!(told.len() == 2 && [host, organizer].iter().all(|what| told.contains(what)), "{told:?}");
    ben.restart(AUTO);
    let mut notices = ben.handle().notices();
    assert_eq!(heard(&ben, &mut notices), []);
    assert_eq!(inbox(&ben).iter().filter(|notice| notice.told_ms.is_some()).count(), 2);
    let held = length(&ana);
    ana.posts(Request::Revoke { object, who });
    ben.takes(vec![ana.log_after(held)]);
    assert_eq!(heard(&ben, &mut notices), [What::Removed]);
    assert_eq!(inbox(&cat), []);
    assert_eq!(inbox(&ana), []);
}

fn in_group(of: &Somebody, group: &EntryId, title: &str) -> EntryId {
    let Request::Schedule(new) = crate::groups::schedule(group) else { unreachable!() };
    of.posts(Request::Schedule(Schedule { title: title.to_owned(), ..new }))
}

#[test]
fn a_new_event_of_a_group_is_told_to_its_members_once_till_they_answer() {
    let (ana, group, [mut ben, cat]) = club();
    let (mut hers, held) = (ana.handle().notices(), length(&ana));
    let event = in_group(&ana, &group, "Tea");
    let spam = in_group(&ana, &group, "Buy pills");
    let (object, entries) = (group.to_string(), vec![spam.to_string()]);
    ana.posts(Request::Hide { object, entries, on: true, reason: String::new() });
    let gone = in_group(&ana, &group, "Off");
    ana.posts(Request::EventCancel { event: gone.to_string(), reason: String::new() });
    assert_eq!(heard(&ana, &mut hers), []);
    let mut notices = ben.handle().notices();
    ben.takes(vec![ana.log_after(held)]);
    let told = What::Scheduled { group: "Rust".to_owned(), question: None };
    assert_eq!(heard(&ben, &mut notices), std::slice::from_ref(&told));
    ben.restart(AUTO);
    let mut notices = ben.handle().notices();
    assert_eq!(heard(&ben, &mut notices), []);
    let listed = inbox(&ben);
    assert_eq!((listed.len(), &listed[0].what, listed[0].object), (1, &told, event));
    ben.posts(yes(&event));
    assert!(inbox(&ben).iter().all(|notice| notice.what != told));
    // Who left is told nothing.
    cat.posts(Request::GroupLeave { group: group.to_string() });
    cat.takes(vec![ana.log_after(held)]);
    assert_eq!(inbox(&cat), []);
}

#[test]
fn a_poll_is_told_to_the_group_and_what_came_of_it_to_who_voted() {
    let (ana, group, [mut ben, cat]) = club();
    let all = ["2126-12-03T18:30", "2126-12-04T18:30"].map(str::to_owned).to_vec();
    let ask = |question: &str, options: &[String]| {
        let (question, zone, options) = (question.to_owned(), "UTC".to_owned(), options.to_vec());
        ana.posts(Request::Poll(PollRequest::Create {
            group: group.to_string(),
            question,
            zone,
            minutes: 60,
            options,
        }))
    };
    let held = length(&ana);
    let poll = ask("Skating", &all);
    let hidden = ask("Buy pills", &all);
    let (object, entries) = (group.to_string(), vec![hidden.to_string()]);
    ana.posts(Request::Hide { object, entries, on: true, reason: String::new() });
    let mut told = [&ben, &cat].map(|who| who.handle().notices());
    for who in [&ben, &cat] {
        who.takes(vec![ana.log_after(held)]);
    }
    for (who, notices) in [&ben, &cat].into_iter().zip(&mut told) {
        let told = heard(who, notices);
        assert!(
            matches!(&told[..], [What::Asked { question, name, .. }] if question == "Skating" && name == "Ana"),
            "{told:?}"
        );
    }
    ben.restart(AUTO);
    let mut notices = ben.handle().notices();
    assert_eq!(heard(&ben, &mut notices), []);
    let next = |of: &Somebody| inbox(of).iter().map(|notice| notice.next_step().unwrap()).collect::<Vec<_>>();
    assert!(
        matches!(&next(&ben)[..], [next] if next.starts_with("klatch poll show entry1")),
        "{:?}",
        next(&ben)
    );
    // Who joins later finds what was asked before, though nobody told it.
    let dan = Somebody::new("Dan", AUTO);
    dan.ask(Request::Follow { who: ana.handle().me().to_string(), petname: None }).unwrap();
    dan.takes(vec![ana.log()]);
    assert_eq!(inbox(&dan), []);
    dan.posts(Request::GroupJoin { group: group.to_string() });
    let found = inbox(&dan);
    let is_poll =
        matches!(&found[..], [notice] if matches!(notice.what, What::Asked { poll: of, .. } if of == poll));
    assert!(is_poll, "{found:?}");
    let options = vec!["1".to_owned()];
    ben.posts(Request::Poll(PollRequest::Vote { poll: poll.to_string(), options }));
    assert_eq!(inbox(&ben), [], "who voted did what there was to do");
    let held = length(&ana);
    let (option, title, place) = ("1".to_owned(), None, String::new());
    let event = ana.posts(Request::Poll(PollRequest::Settle {
        poll: poll.to_string(),
        option,
        title,
        place,
        capacity: None,
    }));
    for who in [&ben, &cat] {
        who.takes(vec![ana.log_after(held)]);
    }
    let settled = |question: Option<&str>| What::Scheduled {
        group: "Rust".to_owned(),
        question: question.map(str::to_owned),
    };
    assert_eq!(heard(&ben, &mut notices).last(), Some(&settled(Some("Skating"))));
    assert_eq!(heard(&cat, &mut told[1]), [settled(None)]);
    let listed = inbox(&ben);
    assert_eq!((listed.len(), listed[0].object), (1, event));
    assert_eq!(listed[0].what, settled(Some("Skating")));
}

#[test]
fn why_an_event_is_cancelled_is_said_wherever_that_is() {
    let (host, event, [ben, _]) = evening();
    let mut notices = ben.handle().notices();
    let held = length(&host);
    let cancel = |reason: &str| {
        host.posts(Request::EventCancel { event: event.to_string(), reason: reason.to_owned() })
    };
    let said = cancel("The roof leaks.");
    ben.takes(vec![host.log_after(held)]);
    wait(ben.handle().due(0)).unwrap();
    let told: Vec<_> = std::iter::from_fn(|| notices.try_recv().ok()).collect();
    assert!(told.last().unwrap().sentence().ends_with(": The roof leaks."), "{told:?}");
    assert_eq!(inbox(&ben)[0].reason, "The roof leaks.");
    let reason = |of: &Somebody| {
        let Ok(Response::Local(local)) = of.ask(Request::EventLocal { event: event.to_string(), on: None })
        else {
            panic!("no event")
        };
        local.cancellation.map(|said| (said.name, said.reason))
    };
    assert_eq!(reason(&ben), Some(("Host".to_owned(), "The roof leaks.".to_owned())));
    let calendar = |of: &Somebody| match of.ask(Request::Calendar { objects: vec![event.to_string()] }) {
        Ok(Response::Calendar(dated)) => dated[0].reason.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(calendar(&ben), "The roof leaks.");
    let listed = |of: &Somebody| match of.ask(Request::EventList { group: None, from_ms: None, max: 9 }) {
        Ok(Response::Events(lines)) => lines[0].reason.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(listed(&ben), "The roof leaks.");
    let why = |of: &Somebody| match of.ask(Request::Why { event: event.to_string(), on: None, who: None }) {
        Ok(Response::Why(why)) => why.entries[&said].what.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(why(&ben), "cancelled an event: The roof leaks.");
    // A word that is hidden is shown to nobody, and cancels all the same.
    let (object, entries) = (event.to_string(), vec![said.to_string()]);
    host.posts(Request::Hide { object, entries, on: true, reason: String::new() });
    assert_eq!((reason(&host), host.event(&event).cancelled), (None, true));
    assert_eq!((calendar(&host), listed(&host)), (String::new(), String::new()));
    assert_eq!(why(&host), "wrote something whose words are hidden");
}

#[test]
fn what_is_new_in_a_group_is_listed_behind_any_number_of_dates_till_one_of_them_is_answered() {
    let (ana, group, [ben, cat]) = club();
    let held = length(&ana);
    let series = |title: &str| {
        let Request::Schedule(new) = crate::groups::schedule(&group) else { unreachable!() };
        let (title, repeat) = (title.to_owned(), Some("FREQ=WEEKLY;COUNT=60".to_owned()));
        ana.posts(Request::Schedule(Schedule { title, repeat, ..new }))
    };
    let [first, second] = ["Tea", "Cake"].map(series);
    let Request::Schedule(new) = crate::groups::schedule(&group) else { unreachable!() };
    let late = Schedule { title: "Feast".to_owned(), start: "2127-12-01T18:30".to_owned(), ..new };
    let late = ana.posts(Request::Schedule(late));
    ben.takes(vec![ana.log_after(held)]);
    let new = |of: &Somebody| {
        let is_new = |notice: &Notice| matches!(notice.what, What::Scheduled { .. });
        inbox(of)
            .into_iter()
            .filter(is_new)
            .map(|notice| notice.object)
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(new(&ben), [first, second, late].into());
    let Request::Rsvp { event, answer, party, note, answers, .. } = yes(&second) else { unreachable!() };
    let on = Some("2126-12-08".to_owned());
    ben.posts(Request::Rsvp { event, on, answer, party, note, answers });
    assert_eq!(new(&ben), [first, late].into(), "who answers one date has seen it");

    // What somebody says whom one blocks is no news.
    let spam = in_group(&cat, &group, "Buy pills");
    ben.takes(vec![cat.log_after(length(&cat) - 2)]);
    assert!(new(&ben).contains(&spam));
    ben.ask(Request::Block { who: cat.handle().me().to_string() }).unwrap();
    assert!(!new(&ben).contains(&spam));
}

/// Polls of `group` with these questions.
fn asks(of: &Somebody, group: &EntryId, questions: impl Iterator<Item = String>) -> Vec<EntryId> {
    let options = ["2126-12-03T18:30", "2126-12-04T18:30"].map(str::to_owned).to_vec();
    let ask = |question| {
        let (group, zone, options) = (group.to_string(), "UTC".to_owned(), options.clone());
        of.posts(Request::Poll(PollRequest::Create { group, question, zone, minutes: 60, options }))
    };
    questions.map(ask).collect()
}

#[test]
fn of_open_polls_the_newest_twenty_are_listed_and_who_votes_sees_the_next() {
    let (ana, group, [ben, _cat]) = club();
    let held = length(&ana);
    let polls = asks(&ana, &group, (1..=21).map(|n| format!("Evening {n}?")));
    ben.takes(vec![ana.log_after(held)]);
    let listed = || {
        let poll = |notice: &Notice| match notice.what {
            What::Asked { poll, .. } => poll,
            ref what => panic!("{what:?}"),
        };
        inbox(&ben).iter().map(poll).collect::<Vec<_>>()
    };
    let newest: Vec<_> = polls[1..].iter().rev().copied().collect();
    assert_eq!(listed(), newest);
    let options = vec!["1".to_owned()];
    ben.posts(Request::Poll(PollRequest::Vote { poll: newest[0].to_string(), options }));
    assert_eq!(listed(), [&newest[1..], &polls[..1]].concat());
}

#[test]
fn a_poll_that_an_organizer_settled_is_asked_no_longer_and_of_the_blocked_nothing_is() {
    let (ana, group, [ben, cat]) = club();
    let (before, his) = (length(&ana), length(&ben));
    let [poll] = asks(&ben, &group, ["Skating?".to_owned()].into_iter())[..] else { unreachable!() };
    let (object, who) = (group.to_string(), cat.handle().me().to_string());
    ana.posts(Request::Grant { object, who, role: Role::Organizer, quota: 0 });
    for one in [&ana, &cat] {
        one.takes(vec![ben.log_after(his)]);
    }
    let asked =
        |of: &Somebody| inbox(of).iter().filter(|notice| matches!(notice.what, What::Asked { .. })).count();
    assert_eq!([asked(&ana), asked(&cat)], [1, 1]);
    cat.takes(vec![ana.log_after(before)]);
    let hers = length(&cat);
    let (poll, option, place) = (poll.to_string(), "1".to_owned(), String::new());
    cat.posts(Request::Poll(PollRequest::Settle { poll, option, title: None, place, capacity: None }));
    ana.takes(vec![cat.log_after(hers)]);
    assert_eq!([asked(&ana), asked(&cat)], [0, 0]);
    let who = cat.handle().me().to_string();
    ana.ask(Request::Block { who }).unwrap();
    assert_eq!(asked(&ana), 1, "what the blocked say settles nothing");
    assert_eq!(crate::groups::polls(&ana, &group), 1);
    ana.ask(Request::Block { who: ben.handle().me().to_string() }).unwrap();
    assert_eq!((asked(&ana), crate::groups::polls(&ana, &group)), (0, 0));
}

#[test]
fn an_event_that_claims_to_be_a_week_old_is_no_news_in_its_group() {
    const WEEK_MS: u64 = 7 * 24 * 60 * 60 * 1_000;
    let ben = Somebody::new("Ben", AUTO);
    let (net, secret) = (ben.handle().reader().snapshot().unwrap().net(), SecretKey::from_seed(&[5; 32]));
    let (mut head, mut log) = (Head::empty(secret.feed()), Vec::new());
    let now_ms = klatch::clock::now_ms();
    let mut say = |post: Post, time_ms| {
        let (entry, next) = head.sign(&net, &secret, post.draft(time_ms, [7; 16]).unwrap()).unwrap();
        head = next;
        log.push(entry);
        log.last().unwrap().id()
    };
    let genesis = Post::Genesis { recovery: [1; 32], succeeds: None };
    say(genesis, 0);
    let (name, owners, schedulers) = ("Rust".to_owned(), vec![], Schedulers::Members);
    let group = say(Post::Group { name, owners, schedulers, joining: Joining::Open, silence: None }, 0);
    for (title, time_ms) in [("Old", now_ms - WEEK_MS - 1), ("New", now_ms - WEEK_MS / 2)] {
        let (title, start, zone) = (title.to_owned(), "2126-12-03T18:30".to_owned(), "UTC".to_owned());
        let (group, minutes, capacity, split, repeat) = (Some(group), 60, None, false, None);
        say(Post::Event { group, title, start, zone, minutes, capacity, split, repeat }, time_ms);
    }
    let entries: Vec<&Unverified> = log.iter().map(|entry| &**entry).collect();
    ben.ask(Request::Follow { who: secret.feed().to_string(), petname: None }).unwrap();
    let chunk = chunk::encode(&entries, |_| true);
    ben.takes(vec![Ingest { ticket: 0, feed: secret.feed(), base8: None, chunk }]);
    ben.posts(Request::GroupJoin { group: group.to_string() });
    let listed = inbox(&ben).into_iter().map(|notice| notice.title);
    assert_eq!(listed.collect::<Vec<_>>(), ["New"]);
}
