//! Two nodes as processes, with real connections and real stores.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use klatch::clock::Stopwatch;
use klatch::daemon::{Created, FollowLine, Request, Response, socket};
use klatch::demo::actor::{Actor, Program};
use klatch::home::Home;
use klatch::net::report::PeerLine;
use klatch::network::Network;
use klatch_feed::{FeedId, Seq};
use klatch_store::Store;
use serde_json::Value;

use crate::ceilings::Ceilings;
use crate::corpus::{Corpus, EACH, ENTRIES, FEEDS, NETWORK};
use crate::{Better, Figure, at, median};

/// Comments whose way to the other node is timed.
const COMMENTS: usize = 400;
/// Between two looks: asking without end would take one of the cores that are measured.
const POLL: Duration = Duration::from_micros(100);
const POLL_LONG: Duration = Duration::from_millis(5);

pub(crate) fn figures(corpus: &Corpus, ceilings: &Ceilings) -> Vec<Figure> {
    let mut pair = Pair::new(corpus);
    let runs: Vec<_> = (0..3).map(|n| pair.replicate(n)).collect();
    let pick = |of: fn(&Run) -> f64| median(runs.iter().map(of).collect());
    let (seconds, wire, memory) = (pick(|run| run.seconds), pick(|run| run.wire), pick(|run| run.memory));
    let bare = corpus.bytes as f64 / ceilings.loopback + ENTRIES / ceilings.rows;
    let mut times = pair.comments(COMMENTS);
    times.sort_by(f64::total_cmp);
    let way = 1000.0 / ceilings.syncs + ceilings.round_trip_ms;
    let bare_way = ("one fdatasync, one trip", way);
    vec![
        Figure::new(
            "replicate 100k entries to an empty node",
            seconds,
            "s",
            ("bare TCP, then bare rows", bare),
            (Better::Less, 0.5),
        ),
        Figure::new(
            "... wire, all overhead in",
            wire,
            "B/entry",
            ("body and signature", 258.0),
            (Better::Less, 285.0),
        ),
        Figure::new(
            "... peak memory of the receiver",
            memory,
            "MB",
            ("the corpus", corpus.bytes as f64 / 1e6),
            (Better::Less, 80.0),
        ),
        Figure::new("post to visible elsewhere, p50", at(&times, 0.5), "ms", bare_way, (Better::Less, 3.0)),
        Figure::new("post to visible elsewhere, p99", at(&times, 0.99), "ms", bare_way, (Better::Less, 25.0)),
    ]
}

/// A node that holds the corpus, and one that is to.
pub(crate) struct Pair {
    folder: tempfile::TempDir,
    network: PathBuf,
    giver: Actor,
    address: String,
    taker: Option<Actor>,
    /// Where that one listens.
    taker_address: String,
}

pub(crate) struct Run {
    seconds: f64,
    wire: f64,
    memory: f64,
}

impl Pair {
    pub(crate) fn new(corpus: &Corpus) -> Self {
        let folder = tempfile::tempdir().expect("there is a temporary folder");
        let network = folder.path().join("network.json");
        let public = Network::public(NETWORK).expect("the name is short");
        std::fs::write(&network, public.to_text()).expect("the folder takes files");
        let mut giver = Actor::new("Giver", folder.path(), &network, program()).expect("it gets a home");
        let home = Home::at(&giver.home);
        let mut store = Store::open(home.dir(), public.id(), giver.feed).expect("the store opens");
        store.ingest(&corpus.chunks).expect("the disk works");
        drop(store);
        let ready: Value = giver.up(&["up", "--listen", "127.0.0.1:0", "--lan", "off"]).expect("it starts");
        let address = ready["listen"][0].as_str().expect("it listens").to_owned();
        for feed in &corpus.feeds {
            let _: Value = giver.ask(&["follow", &feed.to_string()]).expect("it follows");
        }
        Self { folder, network, giver, address, taker: None, taker_address: String::new() }
    }

    /// From starting an empty node to asking it for all entries, durable.
    pub(crate) fn replicate(&mut self, n: usize) -> Run {
        let folder = self.folder.path();
        let mut taker =
            Actor::new(&format!("Taker{n}"), folder, &self.network, program()).expect("it gets a home");
        let held: Vec<FollowLine> = self.giver.ask(&["follows"]).expect("it answers");
        let feeds = held.iter().filter(|line| line.entries == EACH).map(|line| line.feed);
        for feed in feeds.chain([self.giver.feed]) {
            let _: Value = taker.ask(&["follow", &feed.to_string()]).expect("it follows");
        }
        let giver = format!("{}@{}", self.giver.feed, self.address);
        let _: Value = taker.ask(&["peer", "add", &giver]).expect("it takes the address");
        let clock = Stopwatch::start();
        let ready: Value = taker.up(&["up", "--listen", "127.0.0.1:0", "--lan", "off"]).expect("it starts");
        while !is_level(&taker) {
            thread::sleep(POLL_LONG);
        }
        let seconds = clock.elapsed().as_secs_f64();
        let peers: Vec<PeerLine> = taker.ask(&["peers"]).expect("it answers");
        let bytes: u64 = peers.iter().map(|line| line.received + line.sent).sum();
        let memory = peak_mb(taker.pid().expect("it runs"));
        ready["listen"][0].as_str().expect("it listens").clone_into(&mut self.taker_address);
        self.taker = Some(taker); // The one before it ends.
        Run { seconds, wire: bytes as f64 / ENTRIES, memory }
    }

    /// Who is connected to the node that has replicated last.
    pub(crate) fn taker_peers(&self) -> Vec<PeerLine> {
        let taker = self.taker.as_ref().expect("a node has replicated");
        taker.ask(&["peers"]).expect("it answers")
    }

    /// Where that node listens, whose it is, and whom it follows.
    pub(crate) fn taker_place(&self) -> (SocketAddr, FeedId, FeedId) {
        let taker = self.taker.as_ref().expect("a node has replicated");
        (self.taker_address.parse().expect("it said so"), taker.feed, self.giver.feed)
    }

    /// Milliseconds from the asking for a comment at one node to its being read at the other, for `count` of them.
    pub(crate) fn comments(&self, count: usize) -> Vec<f64> {
        let taker = self.taker.as_ref().expect("a node has replicated");
        let group: Created = self.giver.ask(&["group", "create", "Figures"]).expect("it posts");
        let object = group.id.to_string();
        let mut seq = group.seq;
        wait_for(taker, &self.giver, seq);
        let times = (0..count).map(|n| {
            let clock = Stopwatch::start();
            let request =
                Request::Comment { object: object.clone(), text: format!("comment {n}"), tone: None };
            let answer = ask(&self.giver, request);
            assert!(matches!(answer, Response::Created(_)), "{answer:?}");
            seq += 1;
            wait_for(taker, &self.giver, seq);
            clock.elapsed().as_secs_f64() * 1000.0
        });
        times.collect()
    }
}

pub(crate) fn program() -> Program {
    Program::at(env!("CARGO_BIN_EXE_klatch"))
}

/// Asks a running node without a process between.
pub(crate) fn ask(actor: &Actor, request: Request) -> Response {
    let path = Home::at(&actor.home).socket().expect("a home has a socket");
    socket::ask(&path, &request, &mut |_, _| {}).expect("it answers").expect("it does what is asked")
}

fn is_level(actor: &Actor) -> bool {
    let Response::Follows(lines) = ask(actor, Request::Follows) else {
        unreachable!("follows were asked for")
    };
    lines.iter().filter(|line| line.entries == EACH).count() == FEEDS as usize
}

fn wait_for(at: &Actor, whose: &Actor, seq: Seq) {
    let request = Request::Log { who: Some(whose.feed.to_string()), after: seq - 1, max: 1 };
    while matches!(ask(at, request.clone()), Response::Log(lines) if lines.is_empty()) {
        thread::sleep(POLL);
    }
}

/// The most memory a process has had resident.
fn peak_mb(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(f64::NAN);
    kib * 1024.0 / 1e6
}
