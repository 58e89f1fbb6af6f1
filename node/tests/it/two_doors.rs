//! Two doors of one evening, on two machines that do not see each other for half of it.
//!
//! Needs root, as [`crate::namespaces`] does, and says so aloud where it skips. The doors are real nodes, each in
//! a network namespace; guests are keys in this process, whose answers the doors take off their screens.

use std::time::Duration;

use klatch::cli::Node;
use klatch::daemon::{Created, DoorNote, Request, Response};
use klatch::demo::actor::{Actor, Program, Trouble};
use klatch::door::code::{AnswerCode, DoorCode};
use klatch::home::Home;
use klatch::net::report::Arrival;
use klatch::net::{NetRequest, NetResponse};
use klatch::network::{Network, hex};
use klatch_feed::meetup::attendance::headcount;
use klatch_feed::post::{Answer, checkin_message};
use klatch_feed::{EntryId, EventState, Head, NetId, Post, SecretKey, Unverified, chunk};
use klatch_gossip::sync::{Challenge, DoorAnswer};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::Value;

use crate::demo::program;
use crate::namespaces::{bridge_of, ip};

const GUESTS: usize = 200;
const TWICE: usize = 20;

/// Somebody who comes.
struct Guest {
    secret: SecretKey,
    rsvp: EntryId,
    party: u32,
    /// Their whole log, as one chunk.
    chunk: Vec<u8>,
}

impl Guest {
    fn new(net: &NetId, event: EntryId, number: usize) -> Self {
        let mut seed = [0x6e; 32];
        seed[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let secret = SecretKey::from_seed(&seed);
        let party = 1 + number as u32 % 3;
        let (seen, answer, note, occ) = (vec![], Answer::Yes, String::new(), None);
        let posts = [
            Post::Genesis { recovery: [9; 32], succeeds: None },
            Post::Rsvp { event, seen, answer, party, note, occ },
        ];
        let (mut head, mut entries) = (Head::empty(secret.feed()), Vec::new());
        for post in posts {
            let draft = post.draft(1_900_000_000_000, seed[..16].try_into().unwrap()).unwrap();
            let (entry, next) = head.sign(net, &secret, draft).unwrap();
            entries.push(entry);
            head = next;
        }
        let entries_ref: Vec<&Unverified> = entries.iter().map(|entry| &**entry).collect();
        let chunk = chunk::encode(&entries_ref, |_| true);
        Self { rsvp: entries[1].id(), secret, party, chunk }
    }
}

/// A node that runs, by its socket.
struct Door {
    node: Node,
    event: EntryId,
}

impl Door {
    fn of(actor: &Actor, event: EntryId) -> Self {
        Self { node: Node::find(&Home::at(&actor.home)).unwrap(), event }
    }

    fn ask(&self, request: Request) -> Response {
        self.node.call(request).unwrap()
    }

    fn import(&self, guest: &Guest) {
        let (feed, chunk) = (guest.secret.feed(), hex(&guest.chunk));
        let Response::Imported(imported) = self.ask(Request::ImportFeed { feed, base8: None, chunk }) else {
            panic!("not imported")
        };
        assert_eq!(imported.entries, 2);
    }

    /// The guest reads the screen and shows an answer, which is scanned.
    fn scan(&self, net: &NetId, guest: &Guest) -> Arrival {
        let look = NetRequest::Door {
            event: self.event.to_string(),
            on: None,
            after: 0,
            within_ms: 0,
            open_only: false,
        };
        let Response::Net(NetResponse::Door(view)) = self.ask(Request::Net(look)) else {
            panic!("the door is not open")
        };
        let DoorCode { event, occ, door, nonce, .. } = view.code.parse().unwrap();
        let rsvp = Some(guest.rsvp);
        let message = checkin_message(net, &event, occ.as_deref(), &door, &nonce, rsvp.as_ref());
        let signature = guest.secret.sign(&[&message]);
        let answer = DoorAnswer { challenge: Challenge { event, occ, nonce }, rsvp, signature };
        let code = AnswerCode { guest: guest.secret.feed(), answer }.to_string();
        match self.ask(Request::Net(NetRequest::DoorScan { code })) {
            Response::Net(NetResponse::Scanned(arrival)) => arrival,
            other => panic!("{other:?}"),
        }
    }
}

/// Every scan of the evening, by guest and door: all once, and the first few twice; in random order.
fn scans(seed: u64) -> Vec<(usize, usize)> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..GUESTS).chain(0..TWICE).collect();
    for at in (1..order.len()).rev() {
        order.swap(at, random.next_u64() as usize % (at + 1));
    }
    order.into_iter().map(|guest| (guest, random.next_u64() as usize % 2)).collect()
}

#[test]
fn two_doors_apart_for_half_the_evening_become_one_list() -> Result<(), Trouble> {
    let Some(bridge) = bridge_of(2) else { return Ok(()) };
    let told = std::env::var_os("SEED").map(|seed| seed.to_str().unwrap().parse().unwrap());
    let seed = told.unwrap_or_else(|| u64::from_le_bytes(klatch::clock::random()));
    println!("SEED={seed}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("network.json");
    let network = Network::new("two doors", [7; 32]).unwrap();
    std::fs::write(&file, network.to_text()).unwrap();
    let net = network.id();
    // 200 logs come in and go over: on a machine that is busy with other things that takes its time.
    let patience = Duration::from_secs(300);
    let raise = |n: usize, name| {
        Actor::new(name, folder.path(), &file, Program { patience, ..program().within(&bridge.at(n)) })
    };
    let (mut ana, mut ben) = (raise(1, "Ana")?, raise(2, "Ben")?);
    for actor in [&mut ana, &mut ben] {
        let _: Value = actor.up(&["up"])?;
    }
    let event = two_doors_of_one_event(&ana, &ben)?;
    let guests: Vec<_> = (0..GUESTS).map(|number| Guest::new(&net, event, number)).collect();
    let doors = [Door::of(&ana, event), Door::of(&ben, event)];
    doors.iter().for_each(|door| guests.iter().for_each(|guest| door.import(guest)));
    let event = event.to_string();
    for actor in [&ana, &ben] {
        actor.until_event(&event, "all have a seat", |state| state.seated.len() == GUESTS)?;
    }
    let mut screens = [ana.spawn(&["door", &event])?, ben.spawn(&["door", &event])?];
    for screen in &mut screens {
        let _: Value = screen.line()?;
    }
    let mut seen = vec![Vec::new(); GUESTS];
    let all = scans(seed);
    let (linked, apart) = all.split_at(all.len() / 2);
    let mut evening = |half: &[(usize, usize)]| {
        for &(guest, door) in half {
            let arrival = doors[door].scan(&net, &guests[guest]);
            let again = seen[guest].contains(&door);
            assert!(!again || arrival.again > 0 && arrival.first.is_some(), "a second scan says so");
            seen[guest].push(door);
        }
    };
    evening(linked);
    ip(&["-n", bridge.host(2), "link", "set", "eth0", "down"]).unwrap();
    evening(apart);
    let counted = ana.until_event(&event, "its own", |_| true)?;
    assert!(counted.attendance.len() < GUESTS, "the other door's second half is not here");
    // Guest 0 brought more than they said.
    let first = seen[0][0];
    let (who, what) = (guests[0].secret.feed().to_string(), DoorNote::Persons(7));
    doors[first].ask(Request::AtDoor { event: event.clone(), on: None, who, what });
    ip(&["-n", bridge.host(2), "link", "set", "eth0", "up"]).unwrap();
    let whole = |state: &EventState| {
        let (twice, both) = (seen.iter().filter(|doors| doors.contains(&0) && doors.contains(&1)), 2);
        let met = state.attendance.iter().filter(|line| line.doors.len() == both);
        let recounted = state.attendance.iter().any(|line| line.persons == Some(7));
        state.attendance.len() == GUESTS && met.count() == twice.count() && recounted
    };
    for actor in [&ana, &ben] {
        let state = actor.until_event(&event, "one list", whole)?;
        let persons: u32 = guests.iter().map(|guest| guest.party).sum();
        assert_eq!(headcount(&state), persons - guests[0].party + 7);
        for (guest, doors) in guests.iter().zip(&seen) {
            let line = state.attendance.iter().find(|line| line.feed == guest.secret.feed()).unwrap();
            let mut by: Vec<_> = doors.iter().map(|door| [ana.feed, ben.feed][*door]).collect();
            by.sort();
            by.dedup();
            assert_eq!((&line.doors, line.rsvp), (&by, Some(guest.rsvp)));
        }
    }
    assert_eq!(ana.run(&["event", "show", &event])?, ben.run(&["event", "show", &event])?);
    // Whoever comes to the other door now is told of by the first.
    let alone = seen.iter().position(|doors| !doors.contains(&1)).unwrap();
    let told = doors[1].scan(&net, &guests[alone]);
    assert_eq!((told.first.map(|first| first.door), told.again), (Some(ana.feed), 1));
    Ok(())
}

fn two_doors_of_one_event(ana: &Actor, ben: &Actor) -> Result<EntryId, Trouble> {
    for (one, other) in [(ana, ben), (ben, ana)] {
        let _: Value = one.ask(&["follow", &other.feed.to_string()])?;
    }
    let when =
        ["--start", "2031-05-06T19:30", "--tz", "Europe/Lisbon", "--duration", "2h", "--where", "Rua 1"];
    let event: Created = ana.ask(&[&["event", "schedule", "--title", "Ball"][..], &when].concat())?;
    ana.until("the other door's log", |ana| {
        let grant = ["event", "grant", &event.id.to_string(), &ben.feed.to_string(), "door"];
        Ok(ana.run(&grant).map_err(|error| error.to_string()))
    })?;
    ben.until_event(&event.id.to_string(), "the role", |state| state.hosts.len() == 2)?;
    Ok(event.id)
}
