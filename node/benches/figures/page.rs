//! The page of a node that holds a million entries and a thousand events to come, of somebody with twenty answers who is
//! in twenty groups with ten open polls each: how long until the first byte of an answer is there, and how much a browser
//! loads. Then the inbox by itself, without a page being made of it, and once more of who is in a hundred such groups.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use klatch::clock::Stopwatch;
use klatch::daemon::{Daemon, Handle, Options, Request, Response};
use klatch::demo::actor::Actor;
use klatch::home::Home;
use klatch::network::Network;
use klatch_feed::EntryId;
use klatch_store::Store;
use serde_json::Value;

use crate::ceilings::Ceilings;
use crate::corpus::{Corpus, FEEDS, NETWORK};
use crate::disk::take_in;
use crate::million::ROUNDS;
use crate::{Better, Figure, at, median, mixed, wire};

/// Answers of each page that are timed, after [`WARM`] others.
const VISITS: usize = 500;
const WARM: usize = 20;
/// Events of others that the owner said yes to.
const ANSWERED: usize = 20;
/// How often the node is started for the first answer of its inbox; a group is joined each time.
const STARTS: usize = 5;
/// Open polls that an inbox lists.
const POLLS: usize = 20;
/// Groups that are joined before.
const JOINED: usize = 20 - STARTS;

pub(crate) fn figures(ceilings: &Ceilings) -> Vec<Figure> {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let network = folder.path().join("network.json");
    let public = Network::public(NETWORK).expect("the name is short");
    std::fs::write(&network, public.to_text()).expect("the folder takes files");
    let mut reader = Actor::new("Reader", folder.path(), &network, wire::program()).expect("it gets a home");
    let mut store = Store::open(Home::at(&reader.home).dir(), public.id(), reader.feed).expect("it opens");
    for round in 0..ROUNDS {
        take_in(&mut store, &Corpus::sign_from(1_000 + round * FEEDS).chunks);
    }
    take_in(&mut store, &mixed::sign());
    let (groups, chunks) = mixed::groups();
    take_in(&mut store, &chunks);
    let events = store.reader().snapshot().and_then(|snapshot| snapshot.events()).expect("it reads");
    drop(store);
    let _: Value = reader.up(&["up", "--listen", "127.0.0.1:0", "--lan", "off"]).expect("it starts");
    for event in events.iter().step_by(events.len() / ANSWERED) {
        let _: Value = reader.ask(&["rsvp", &event.id.to_string(), "yes"]).expect("it answers");
    }
    reader.down().expect("it ends");
    let owner = Home::at(&reader.home);
    let start = || {
        let lock = owner.lock().expect("nobody has it");
        Daemon::start(&owner, lock, Options { live: true, ..Options::default() }).expect("it starts")
    };
    let alone = (0..STARTS).map(|_| {
        let (daemon, who) = (start(), events[0].author.to_string());
        // Who writes has waited for all that a node does at its start.
        daemon.handle().call(Request::Follow { who, petname: Some("Host".to_owned()) }).expect("it follows");
        asked(&daemon.handle(), 0)
    });
    let alone = median(alone.collect());
    let ready: Value = reader.up(&["up", "--listen", "127.0.0.1:0", "--lan", "off"]).expect("it starts");
    let (joined, others) = groups.split_at(JOINED);
    for group in joined {
        let _: Value = reader.ask(&["group", "join", &group.to_string()]).expect("it joins");
    }
    let mut visitor = Visitor::enter(ready["page"].as_str().expect("it has a page"));
    let trip = ("a byte there and back", ceilings.round_trip_ms);
    let [home, inbox, event] =
        ["/", "/inbox", &format!("/event/{}", events[0].id)].map(|path| times(|| visitor.get(path).first_ms));
    let whole = visitor.whole("/");
    reader.down().expect("it ends");
    let join = |handle: &Handle, group: &EntryId| {
        handle.call(Request::GroupJoin { group: group.to_string() }).expect("it joins");
    };
    let (last, others) = others.split_at(STARTS);
    let firsts = last.iter().map(|group| {
        let daemon = start();
        join(&daemon.handle(), group);
        asked(&daemon.handle(), POLLS)
    });
    let first = median(firsts.collect());
    let daemon = start();
    let handle = daemon.handle();
    let few = times(|| asked(&handle, POLLS));
    others.iter().for_each(|group| join(&handle, group));
    let many = times(|| asked(&handle, POLLS));
    vec![
        Figure::told("Home at 1 M entries, 1,000 events, p50", at(&home, 0.5), "ms", trip, Better::Less),
        Figure::new("... to the first byte, p99", at(&home, 0.99), "ms", trip, (Better::Less, 5.0)),
        Figure::new(
            "... all that a browser loads",
            whole,
            "kB",
            ("no bytes at all", 0.0),
            (Better::Less, 60.0),
        ),
        Figure::told("... inbox, p99", at(&inbox, 0.99), "ms", trip, Better::Less),
        Figure::told("... an event, p99", at(&event, 0.99), "ms", trip, Better::Less),
        Figure::new("inbox at 1 M entries, of no group, first", alone, "ms", trip, (Better::Less, 1.0)),
        Figure::new("... of 20 groups with 200 open polls, first", first, "ms", trip, (Better::Less, 1.0)),
        Figure::new("... from then on, p50", at(&few, 0.5), "ms", trip, (Better::Less, 1.0)),
        Figure::told("... p99", at(&few, 0.99), "ms", trip, Better::Less),
        Figure::told(
            "... of 100 groups with 1,000 open polls, p50",
            at(&many, 0.5),
            "ms",
            trip,
            Better::Less,
        ),
        Figure::told("... p99", at(&many, 0.99), "ms", trip, Better::Less),
    ]
}

/// How long some answers take, after a few others, in order: milliseconds.
fn times(mut answer: impl FnMut() -> f64) -> Vec<f64> {
    let mut times: Vec<f64> = (0..WARM + VISITS).map(|_| answer()).skip(WARM).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// The inbox with that many notices at least, milliseconds.
fn asked(handle: &Handle, least: usize) -> f64 {
    let clock = Stopwatch::start();
    let answer = handle.call(Request::Inbox).expect("it answers");
    let taken = clock.elapsed().as_secs_f64() * 1_000.0;
    assert!(matches!(answer, Response::Inbox(notices) if notices.len() >= least));
    taken
}

/// Somebody with the page open, on one connection.
struct Visitor {
    stream: BufReader<TcpStream>,
    host: String,
    cookie: String,
}

struct Answered {
    first_ms: f64,
    head: Vec<String>,
    body: String,
}

impl Visitor {
    fn enter(link: &str) -> Self {
        let (host, path) =
            link.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("a link");
        let stream = TcpStream::connect(host).expect("it listens");
        stream.set_nodelay(true).expect("a socket");
        let mut visitor =
            Self { stream: BufReader::new(stream), host: host.to_owned(), cookie: String::new() };
        let entered = visitor.get(&format!("/{path}"));
        let cookie = entered.head.iter().find_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = cookie.and_then(|cookie| cookie.split(';').next()).expect("the link lets one in");
        cookie.clone_into(&mut visitor.cookie);
        visitor
    }

    fn get(&mut self, path: &str) -> Answered {
        let Self { stream, host, cookie } = self;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\n\r\n");
        let clock = Stopwatch::start();
        stream.get_mut().write_all(request.as_bytes()).expect("it listens");
        stream.fill_buf().expect("it answers");
        let first_ms = clock.elapsed().as_secs_f64() * 1_000.0;
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).expect("it answers");
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        assert!(head[0].contains(" 200 "), "{path}: {head:?}");
        let length = head.iter().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize =
            length.and_then(|length| length.parse().ok()).expect("a page says how long it is");
        let mut body = vec![0; length];
        stream.read_exact(&mut body).expect("it answers");
        Answered { first_ms, head, body: String::from_utf8(body).expect("pages are text") }
    }

    /// Kilobytes of a page and of what it links under `/assets/`, heads included, not compressed.
    fn whole(&mut self, path: &str) -> f64 {
        let page = self.get(path);
        let linked: BTreeSet<&str> =
            page.body.split('"').filter(|text| text.starts_with("/assets/")).collect();
        assert!(linked.len() >= 3, "style, script and icon: {linked:?}");
        let mut bytes = page.bytes();
        for path in &linked {
            bytes += self.get(path).bytes();
        }
        bytes as f64 / 1_000.0
    }
}

impl Answered {
    fn bytes(&self) -> usize {
        self.body.len() + self.head.iter().map(|line| line.len() + 2).sum::<usize>() + 2
    }
}
