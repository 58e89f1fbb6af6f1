//! What one answer costs where many answered before, and what a host's node does by itself at each.

use std::path::Path;

use klatch::clock::Stopwatch;
use klatch::daemon::create::create;
use klatch::daemon::{Admit, Daemon, Handle, Options, Request, Response, Schedule};
use klatch::home::Home;
use klatch::network::Network;
use klatch_feed::post::{Answer, EventFields, Joining, Person, Role, Schedulers};
use klatch_feed::{EntryId, FeedId, NetId, Post, Unverified, chunk};
use klatch_gossip::sync::{Ingest, Outcome};
use klatch_store::Incoming;

use crate::corpus::NETWORK;
use crate::disk::{store, take_in};
use crate::mixed::{Writer, chunks};
use crate::{Better, Figure, median};

/// Guests of the large event.
const CROWD: u32 = 10_000;
/// Answers that are timed, each by itself.
const TIMED: u32 = 21;
/// Answers at an event that a node steers.
const STEERED: u32 = 60;
/// Events of the large group.
const DATES: u32 = 100;
/// Lines of one seat post.
const LINES: usize = 32;

pub(crate) fn figures() -> Vec<Figure> {
    let (crowd, few) = (answers(CROWD), answers(0));
    let (series, event) = (steered(Some("FREQ=WEEKLY;COUNT=30")), steered(None));
    let (large, small) = (in_group(CROWD, DATES), in_group(TIMED, 1));
    vec![
        Figure::told(
            "one answer more at an event of 10,000, durable",
            crowd,
            "ms",
            ("the same at an event of none", few),
            Better::Less,
        ),
        Figure::told(
            "one answer to a series, 16 dates steered by its host",
            series,
            "ms",
            ("the same to an event", event),
            Better::Less,
        ),
        Figure::told(
            "one answer in a group of 10,000 with 100 events, durable",
            large.answer,
            "ms",
            ("the same in a group of 21 with one", small.answer),
            Better::Less,
        ),
        Figure::told(
            "one role given there, durable",
            large.grant,
            "ms",
            ("the same in a group of 21 with one", small.grant),
            Better::Less,
        ),
    ]
}

fn yes(event: EntryId) -> Post {
    let (seen, note) = (Vec::new(), String::new());
    Post::Rsvp { event, seen, answer: Answer::Yes, party: 1, note, occ: None }
}

/// A guest's whole log: one answer.
fn answered(net: &NetId, number: u32, event: EntryId) -> (EntryId, Vec<Incoming>) {
    let mut guest = Writer::new(number);
    let rsvp = guest.post(net, &yes(event));
    (rsvp, chunks(&guest.head, &guest.entries))
}

/// How long a store takes to keep and fold one answer more, where so many have seats, in ms.
fn answers(before: u32) -> f64 {
    let net = NetId::of_name(NETWORK);
    let mut host = Writer::new(2_000_000);
    let event = host.post(
        &net,
        &Post::Event {
            group: None,
            title: "Street party".into(),
            start: "2030-06-01T14:00".into(),
            zone: "Europe/Lisbon".into(),
            minutes: 480,
            capacity: Some(CROWD),
            split: false,
            repeat: None,
        },
    );
    let (mut rsvps, mut logs) = (Vec::new(), Vec::new());
    for number in 0..before {
        let (rsvp, log) = answered(&net, 2_100_000 + number, event);
        rsvps.push((rsvp, 1));
        logs.extend(log);
    }
    for lines in rsvps.chunks(LINES) {
        host.post(&net, &Post::Seat { event, lines: lines.to_vec(), occ: None });
    }
    logs.extend(chunks(&host.head, &host.entries));
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let (mut store, _) = store(folder.path());
    let (outcomes, _) = store.ingest(&logs).expect("the disk works");
    assert_eq!(outcomes.len(), logs.len());
    let runs = (0..TIMED).map(|number| {
        let (_, log) = answered(&net, 2_200_000 + number, event);
        1_000.0 * take_in(&mut store, &log)
    });
    let middle = median(runs.collect());
    let state = store.reader().snapshot().expect("it reads").event(&event).expect("it reads");
    let state = state.expect("it is there");
    assert_eq!(
        state.seated.len() + state.provisional.len() + state.unranked.len(),
        (before + TIMED) as usize
    );
    middle
}

/// What one post costs in a group, in ms.
struct InGroup {
    answer: f64,
    grant: f64,
}

/// How long a store takes to keep and fold an answer, and a role, in a group of so many members and events.
fn in_group(members: u32, events: u32) -> InGroup {
    let net = NetId::of_name(NETWORK);
    let mut host = Writer::new(2_400_000);
    let group = host.post(
        &net,
        &Post::Group {
            name: "Walkers".into(),
            owners: vec![],
            schedulers: Schedulers::Organizers,
            joining: Joining::Open,
            silence: None,
        },
    );
    let dates: Vec<_> = (0..events)
        .map(|number| {
            let event = Post::Event {
                group: Some(group),
                title: format!("Walk {number}"),
                start: "2030-06-01T14:00".into(),
                zone: "Europe/Lisbon".into(),
                minutes: 240,
                capacity: Some(20),
                split: false,
                repeat: None,
            };
            host.post(&net, &event)
        })
        .collect();
    let mut logs = chunks(&host.head, &host.entries);
    let mut people = Vec::new();
    for number in 0..members.max(TIMED) {
        let mut member = Writer::new(2_500_000 + number);
        let genesis = member.post(&net, &Post::Join { group });
        people.push(Person { feed: member.head.feed, genesis });
        logs.extend(chunks(&member.head, &member.entries));
    }
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let (mut store, _) = store(folder.path());
    store.ingest(&logs).expect("the disk works");
    let answers = (0..TIMED).map(|number| {
        let (_, log) = answered(&net, 2_600_000 + number, dates[0]);
        1_000.0 * take_in(&mut store, &log)
    });
    let answer = median(answers.collect());
    let grants = people.iter().take(TIMED as usize).map(|subject| {
        let (subject, role) = (*subject, Role::Host);
        let before = host.entries.last().map(|entry| entry.id().tip8());
        host.post(
            &net,
            &Post::Grant { object: group, subject, role, quota: 0, lifts: vec![], from_seq: None },
        );
        let entry: &Unverified = host.entries.last().expect("it was just said");
        let chunk = chunk::encode(&[entry], |_| true);
        1_000.0 * take_in(&mut store, &[Incoming { feed: host.head.feed, base8: before, chunk }])
    });
    let grant = median(grants.collect());
    let state = store.reader().snapshot().expect("it reads").group(&group).expect("it reads");
    let state = state.expect("it is there");
    assert_eq!((state.roles.len(), state.events.len()), (1 + TIMED as usize, events as usize));
    InGroup { answer, grant }
}

/// How long a host's node takes for an answer and all that follows from it, in ms.
fn steered(repeat: Option<&str>) -> f64 {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let network = Network::public(NETWORK).expect("a short name");
    let daemon = host(folder.path(), &network);
    let handle = daemon.handle();
    let event = schedules(&handle, repeat);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let peer = FeedId::new([9; 32]);
    let runs = (0..STEERED).map(|number| {
        let (_, log) = answered(&network.id(), 2_300_000 + number, event);
        let feed = log[0].feed;
        let batch =
            log.into_iter().map(|Incoming { feed, base8, chunk }| Ingest { ticket: 0, feed, base8, chunk });
        let batch = batch.collect();
        runtime.block_on(async {
            handle.hint(event, feed).await.expect("the node runs");
            let clock = Stopwatch::start();
            let outcomes = handle.ingest(peer, batch).await.expect("the node runs");
            assert!(matches!(outcomes[..], [Outcome::Accepted(_)]), "{outcomes:?}");
            // Answered once all before it is done, what the node does by itself included.
            handle.due(0).await.expect("the node runs");
            clock.elapsed().as_secs_f64() * 1_000.0
        })
    });
    let middle = median(runs.collect());
    let state = handle.reader().snapshot().expect("it reads").event(&event).expect("it reads");
    assert_eq!(state.expect("it is there").seated.len(), STEERED as usize);
    middle
}

fn host(folder: &Path, network: &Network) -> Daemon {
    let home = Home::at(folder.join("home"));
    create(&home, network, "Host", |_, _| Ok(())).expect("the folder is empty");
    let options = Options { live: true, admit: Admit::Auto };
    Daemon::start(&home, home.lock().expect("nobody else has it"), options).expect("it starts")
}

/// An event, or a series whose seats have to be confirmed: so its host's node looks at each of its next 16 dates.
fn schedules(handle: &Handle, repeat: Option<&str>) -> EntryId {
    let fields = EventFields { confirm_by: Some(60), ..EventFields::default() };
    let schedule = Schedule {
        group: None,
        title: "Tea".to_owned(),
        start: "2126-12-01T18:30".to_owned(),
        zone: "UTC".to_owned(),
        minutes: 60,
        place: String::new(),
        about: String::new(),
        capacity: Some(1_000),
        split: false,
        repeat: repeat.map(str::to_owned),
        fields: Box::new(fields),
        address: None,
        uid: None,
    };
    match handle.call(Request::Schedule(schedule)) {
        Ok(Response::Created(created)) => created.id,
        other => panic!("{other:?}"),
    }
}
