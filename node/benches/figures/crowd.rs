//! A pub with thousands of live connections: what each takes, all of them reconnecting at once, and one post to all.
//!
//! The pub is the real program with its default limits; its members are processes beside it, on the same cores.

#[path = "crowd/bare.rs"]
mod bare;
#[path = "crowd/child.rs"]
pub(crate) mod child;
#[path = "crowd/clients.rs"]
mod clients;
#[path = "crowd/log.rs"]
mod log;

use std::ops::Range;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use klatch::clock::{self, Stopwatch};
use klatch::daemon::{Created, Request, Response, Spaces};
use klatch::demo::actor::{Actor, Program};
use klatch::home::Home;
use klatch::network::Network;
use klatch::pub_server::Role;
use klatch::pub_server::members::Member;
use klatch_feed::{FeedId, Seq};
use klatch_store::{Incoming, Store};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;

use crate::corpus::NETWORK;
use crate::wire::{ask, program};
use crate::{Better, Figure, median};
use bare::{connections, handshakes};
use child::{Ask, Part, Process};
use clients::{Came, Scene, Tries};

/// Live connections; `--crowd=N` takes another number, for trying.
pub(crate) const CROWD: u32 = 10_000;
/// Wants of each: the pub, its own, and so many that all want.
const FEEDS: u32 = 198;
/// Processes that the clients are spread over: each may open 20,000 files on most systems, and has one core.
const PROCESSES: u32 = 2;
/// Posts to all.
const POSTS: usize = 10;
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(300);
/// Bytes of a pushed chunk beside the chunk: frame, seal, length, message.
const PUSH_BYTES: usize = 2 + 16 + 4 + 18;
/// What a connection cannot do without: 4 bytes of each want of either side, and the keys of both ways.
const BARE_BYTES: f64 = 200.0 * 2.0 * 4.0 + 2.0 * 32.0;
/// Until what a connection left to be done later is done: tokens, pings, and pages given back.
const REST: Duration = Duration::from_secs(3);

/// One post to all, some times.
#[derive(Debug, Default)]
pub(crate) struct Fan {
    /// Milliseconds of each way, and of the last of each post.
    ways: Vec<f64>,
    lasts: Vec<f64>,
}

impl Fan {
    fn note(&mut self, start_ms: u64, came_ms: Vec<u64>) {
        let ways: Vec<f64> = came_ms.into_iter().map(|at| at.saturating_sub(start_ms) as f64).collect();
        self.lasts.push(ways.iter().copied().fold(0.0, f64::max));
        self.ways.extend(ways);
    }

    fn at(&self, part: f64) -> f64 {
        let mut ways = self.ways.clone();
        ways.sort_by(f64::total_cmp);
        ways[(part * (ways.len() - 1) as f64) as usize].max(1.0) // The clock's step.
    }

    fn last(&self) -> f64 {
        median(self.lasts.clone()).max(1.0)
    }
}

pub(crate) fn figures(count: u32, say: &impl Fn(&str)) -> Vec<Figure> {
    open_files();
    let mut pub_ = Pub::new(count);
    let (idle, mut crowd) = (resident(pub_.pid()), pub_.crowd(count));
    let clock = Stopwatch::start();
    let tries = level(&mut crowd);
    say(&format!(
        "... {count} connected and caught up for the first time in {:.1} s, {tries:?}",
        seconds(&clock)
    ));
    sleep(REST);
    let each = (resident(pub_.pid()) - idle) / f64::from(count) / 1024.0;
    let mut chunk_bytes = 0;
    let mut fan = Fan::default();
    for n in 0..POSTS {
        let (start_ms, seq) = pub_.post(n);
        crowd.iter_mut().for_each(|process| process.ask(Ask::Got(seq)));
        for came in crowd.iter_mut().map(Process::hear::<Came>).collect::<Vec<_>>() {
            chunk_bytes = came.chunk_bytes;
            fan.note(start_ms, came.at_ms);
        }
    }
    let storm = pub_.storm(&mut crowd, say);
    sleep(REST);
    let again = (resident(pub_.pid()) - idle) / f64::from(count) / 1024.0;
    say(&format!("... {again:.1} KiB each after the storm"));
    drop(crowd);
    drop(pub_);
    let bare_fan = connections(count, chunk_bytes + PUSH_BYTES, POSTS);
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let bare_storm = f64::from(count) / handshakes() / cores;
    let bare = |of: fn(&Fan) -> f64| ("the same bytes to as many bare connections", of(&bare_fan));
    let told = |name, value, unit, ceiling| Figure::told(name, value, unit, ceiling, Better::Less);
    vec![
        Figure::new(
            "a pub's live connections, 200 wants: resident",
            each,
            "KiB each",
            ("the numbers of its wants both ways, and two keys", BARE_BYTES / 1024.0),
            (Better::Less, 24.0),
        ),
        told("... all back after a restart", storm, "s", ("as many bare handshakes, both sides", bare_storm)),
        told("... one post to all, p50", fan.at(0.5), "ms", bare(|fan| fan.at(0.5))),
        told("... p99", fan.at(0.99), "ms", bare(|fan| fan.at(0.99))),
        told("... the last", fan.last(), "ms", bare(Fan::last)),
    ]
}

fn seconds(clock: &Stopwatch) -> f64 {
    clock.elapsed().as_secs_f64()
}

/// Waits until all are caught up.
fn level(crowd: &mut [Process]) -> Tries {
    crowd.iter_mut().for_each(|process| process.ask(Ask::Level));
    crowd.iter_mut().map(Process::hear::<Tries>).fold(Tries::default(), |sum, tries| Tries {
        all: sum.all + tries.all,
        unreached: sum.unreached + tries.unreached,
        turned_away: sum.turned_away + tries.turned_away,
    })
}

/// The pub under test.
struct Pub {
    _folder: tempfile::TempDir,
    actor: Actor,
    public: Network,
    address: String,
    group: String,
}

impl Pub {
    fn new(count: u32) -> Self {
        let folder = tempfile::tempdir().expect("there is a temporary folder");
        let network = folder.path().join("network.json");
        let public = Network::public(NETWORK).expect("the name is short");
        std::fs::write(&network, public.to_text()).expect("the folder takes files");
        let program = Program { patience: PATIENCE, ..program() };
        let mut actor = Actor::new("Pub", folder.path(), &network, program).expect("it gets a home");
        fill(&Home::at(&actor.home), &public, actor.feed, count);
        let address = up(&mut actor, "127.0.0.1:0");
        let group: Created = actor.ask(&["group", "create", "Crowd"]).expect("it posts");
        sleep(REST);
        Self { _folder: folder, actor, public, address, group: group.id.to_string() }
    }

    fn pid(&self) -> u32 {
        self.actor.pid().expect("it runs")
    }

    fn crowd(&self, count: u32) -> Vec<Process> {
        let part = |clients| {
            Part::Clients(Scene {
                key: *self.public.key(),
                hub: self.actor.feed,
                address: self.address.parse().expect("it printed an address"),
                feeds: FEEDS,
                clients,
            })
        };
        shares(count).map(|clients| Process::start(&part(clients))).collect()
    }

    /// Posts a comment; when it was asked for, and its place.
    fn post(&self, n: usize) -> (u64, Seq) {
        let request =
            Request::Comment { object: self.group.clone(), text: format!("comment {n}"), tone: None };
        let start_ms = clock::now_ms();
        match ask(&self.actor, request) {
            Response::Created(created) => (start_ms, created.seq),
            other => unreachable!("a comment was posted: {other:?}"),
        }
    }

    /// Restarts the pub; seconds from its listening again until all are caught up.
    fn storm(&mut self, crowd: &mut [Process], say: &impl Fn(&str)) -> f64 {
        self.actor.down().expect("it ends");
        crowd.iter_mut().for_each(|process| process.ask(Ask::Down));
        crowd.iter_mut().for_each(Process::hear::<()>);
        up(&mut self.actor, &self.address);
        let clock = Stopwatch::start();
        let tries = level(crowd);
        say(&format!("... all are back, {tries:?}"));
        seconds(&clock)
    }
}

fn up(actor: &mut Actor, listen: &str) -> String {
    let ready: Value = actor
        .up(&["pub", "up", "--public", "pub.example:4747", "--listen", listen, "--lan", "off"])
        .expect("it starts");
    ready["listen"][0].as_str().expect("it listens").to_owned()
}

/// The pub as it is after its members joined and wrote something: the store writes it at once.
fn fill(home: &Home, network: &Network, me: FeedId, count: u32) {
    let _lock = home.lock().expect("nobody else has it");
    let mut store = Store::open(home.dir(), network.id(), me).expect("the store opens");
    let wanted: Vec<Incoming> = (0..FEEDS).map(|n| clients::wanted(n).0).collect();
    let own: Vec<Incoming> = (0..count).map(|n| clients::own(n).0).collect();
    let member = serde_json::to_vec(&Member { since_ms: 0 }).expect("a number is JSON");
    let follow = |incoming: &Incoming| (Spaces::FOLLOW, incoming.feed.as_bytes().to_vec(), Vec::new());
    let join = |incoming: &Incoming| (Spaces::MEMBER, incoming.feed.as_bytes().to_vec(), member.clone());
    let facts: Vec<_> = wanted.iter().map(follow).chain(own.iter().map(join)).collect();
    let mut sets: Vec<_> =
        facts.iter().map(|(space, key, value)| (*space, key.as_slice(), Some(value.as_slice()))).collect();
    let role = Role::default().to_local();
    sets.push((role.space, &role.key, role.value.as_deref()));
    store.ingest(&wanted).expect("the disk works");
    store.ingest(&own).expect("the disk works");
    store.set_local(&sets).expect("the disk works");
}

/// The clients of each process.
fn shares(count: u32) -> impl Iterator<Item = Range<u32>> {
    (0..PROCESSES).map(move |n| count * n / PROCESSES..count * (n + 1) / PROCESSES)
}

/// Lets this process open as many files as it may.
pub(crate) fn open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("no more than the most");
}

/// Bytes of a process that are in memory.
fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status"));
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(f64::NAN);
    kib * 1024.0
}
