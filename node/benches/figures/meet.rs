//! What meeting costs two exchanges when much is held on both sides and little differs: bytes, round trips and
//! time, over logs in memory that hold states and no entries but the new ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use klatch::clock::Stopwatch;
use klatch_feed::{EntryId, FeedId, ForkProof, NetId, Seq, Unverified, chunk};
use klatch_gossip::sync::memory::Memory;
use klatch_gossip::sync::message::Message;
use klatch_gossip::sync::{Change, Exchange, FeedState, Input, Interest, Outcome, Output, Setup, Shelf};
use sha2::{Digest, Sha256};

use crate::corpus::{author, comment};
use crate::{Better, Figure};

/// Sealing adds so much to what is sent at once, and framing to each message.
const FRAME_BYTES: usize = 2 + 16;
const MESSAGE_BYTES: usize = 4;
/// A row of a changed feed, its request and what names its chunk, at the least.
const CHANGE_BYTES: f64 = 13.0 + 18.0 + 12.0;

pub(crate) fn figures() -> Vec<Figure> {
    let mut figures = Vec::new();
    let small = Met::new(1_000);
    let agreed = small.first(false);
    figures.push(Figure::new(
        "first meeting, 1,000 feeds: tags, a feed",
        agreed.lists as f64 / 1_000.0,
        "B",
        ("a tag", 8.0),
        (Better::Less, 8.5),
    ));
    figures.push(Figure::new(
        "... keys, a feed",
        small.first(true).lists as f64 / 1_000.0,
        "B",
        ("a key", 32.0),
        (Better::Less, 34.5),
    ));
    for (count, changed, goals) in [
        (1_000, 0, [400.0, 1.0]),
        (1_000, 10, [1_000.0, 3.0]),
        (100_000, 10, [1_000.0, 3.0]),
        (1_000_000, 0, [400.0, 1.0]),
        (1_000_000, 10, [1_000.0, 3.0]),
        (1_000_000, 1_000, [100_000.0, 10.0]),
    ] {
        figures.extend(again(count, changed, true, goals));
    }
    for (count, changed, goals) in [
        (1_000, 10, [3_000.0, 4.0]),
        (100_000, 10, [6_000.0, 4.0]),
        (1_000_000, 0, [6_000.0, 4.0]),
        (1_000_000, 10, [6_000.0, 4.0]),
        (1_000_000, 1_000, [600_000.0, 10.0]),
    ] {
        figures.extend(again(count, changed, false, goals));
    }
    figures
}

/// Two that met before, of whose feeds some have changed at one; with the token, or without.
fn again(count: u32, changed: u32, token: bool, goals: [f64; 2]) -> Vec<Figure> {
    let met = Met::new(count);
    let run = met.again(changed, token);
    let name = |what: &str| -> &'static str {
        let how = if token { "met before" } else { "token lost" };
        Box::leak(format!("{how}, {count} feeds, {changed} changed: {what}").into_boxed_str())
    };
    let least = 120.0 + f64::from(changed) * CHANGE_BYTES;
    let mut figures = vec![
        Figure::new(name("bytes"), run.bytes as f64, "B", ("the changes", least), (Better::Less, goals[0])),
        Figure::new(name("trips"), run.trips, "trips", ("a question", 1.0), (Better::Less, goals[1])),
    ];
    if count == 1_000 && changed == 10 {
        let goal = if token { 5.0 } else { 20.0 };
        figures.push(Figure::new(
            name("time"),
            run.millis,
            "ms",
            ("a hash a feed", f64::from(count) * 0.0003),
            (Better::Less, goal),
        ));
    }
    figures
}

/// A log of states.
#[derive(Clone)]
struct Light {
    feeds: Arc<Vec<FeedId>>,
    states: Vec<FeedState>,
    fresh: BTreeMap<u32, Vec<u8>>,
    changed: BTreeMap<u32, u64>,
    clock: u64,
}

impl Light {
    fn place(&self, feed: &FeedId) -> Option<u32> {
        let at = u32::from_be_bytes(*feed.as_bytes().first_chunk()?);
        (self.feeds.get(at as usize) == Some(feed)).then_some(at)
    }
}

impl Shelf for Light {
    fn state(&self, feed: &FeedId) -> Option<FeedState> {
        self.place(feed).map(|at| self.states[at as usize])
    }
    fn ids(&self, feed: &FeedId, seqs: &[Seq]) -> Vec<Option<EntryId>> {
        // One chain for both: the id at a place is the same wherever it is held.
        let held = self.state(feed).map_or(0, |state| state.len);
        seqs.iter().map(|seq| (*seq > 0 && *seq <= held).then(|| id(feed, *seq))).collect()
    }
    fn chunk(&self, feed: &FeedId, _: Seq, _: bool) -> Option<Vec<u8>> {
        self.place(feed).and_then(|at| self.fresh.get(&at)).cloned()
    }
    fn bodies(&self, _: &FeedId, _: Seq, _: u32) -> Vec<Option<Vec<u8>>> {
        Vec::new()
    }
    fn missing_bodies(&self, _: &FeedId, _: Seq) -> Vec<Seq> {
        Vec::new()
    }
    fn incomplete(&self) -> Vec<FeedId> {
        Vec::new()
    }
    fn proof(&self, _: &FeedId) -> Option<ForkProof> {
        None
    }
    fn about(&self, _: &EntryId) -> Vec<(FeedId, Seq)> {
        Vec::new()
    }
    fn number(&self, feed: &FeedId) -> Option<u32> {
        self.place(feed)
    }
    fn feed(&self, number: u32) -> Option<FeedId> {
        self.feeds.get(number as usize).copied()
    }
    fn clock(&self) -> u64 {
        self.clock
    }
    fn changed(&self, feed: &FeedId) -> u64 {
        self.place(feed).and_then(|at| self.changed.get(&at)).copied().unwrap_or(0)
    }
    fn changed_since(&self, clock: u64, max: usize) -> Option<Vec<FeedId>> {
        let changed = self.changed.iter().filter(|(_, at)| **at > clock);
        let feeds: Vec<_> = changed.map(|(at, _)| self.feeds[*at as usize]).take(max + 1).collect();
        (feeds.len() <= max).then_some(feeds)
    }
    fn held(&self) -> Vec<FeedId> {
        self.feeds.to_vec()
    }
}

fn id(feed: &FeedId, seq: Seq) -> EntryId {
    EntryId::new(
        Sha256::new().chain_update(feed.as_bytes()).chain_update(seq.to_be_bytes()).finalize().into(),
    )
}

/// Two nodes that hold the same of many feeds; one wants them of the other.
struct Met {
    log: Light,
    /// One more entry, for whatever feed: nobody checks it here.
    entry: Vec<u8>,
}

#[derive(Default)]
struct Run {
    bytes: usize,
    lists: usize,
    trips: f64,
    millis: f64,
}

struct Side {
    log: Light,
    exchange: Exchange,
    met: Memory,
    out: Vec<Vec<u8>>,
}

impl Met {
    fn new(count: u32) -> Self {
        let feed = |at: u32| {
            let mut bytes: [u8; 32] = Sha256::digest(at.to_be_bytes()).into();
            bytes[..4].copy_from_slice(&at.to_be_bytes());
            FeedId::new(bytes)
        };
        let feeds: Vec<FeedId> = (0..count).map(feed).collect();
        let state = |feed: &FeedId| FeedState { len: 1, tip: Some(id(feed, 1)), cap: None };
        let states = feeds.iter().map(state).collect();
        let (fresh, changed) = (BTreeMap::new(), BTreeMap::new());
        let log = Light { feeds: Arc::new(feeds), states, fresh, changed, clock: 1 };
        let secret = author(0);
        let net = NetId::of_name("meet");
        let head = klatch_feed::Head::empty(secret.feed());
        let (_, head) = head.sign(&net, &secret, comment(0, 0)).expect("it is within all limits");
        let (second, _) = head.sign(&net, &secret, comment(0, 1)).expect("it is within all limits");
        let second: &Unverified = &second;
        Self { log, entry: chunk::encode(&[second], |_| true) }
    }

    fn sides(&self, logs: [Light; 2], met: [Memory; 2], session: u8, is_open: bool) -> [Side; 2] {
        let (a, b) = (FeedId::new([0xff; 32]), FeedId::new([0xfe; 32]));
        let [log_a, log_b] = logs;
        let [met_a, met_b] = met;
        let side = |me, peer, log, met: Memory| {
            let setup = Setup::new(NetId::of_name("meet"), me, peer, [session; 32]);
            let setup = Setup { secret: [session ^ 0x55; 32], is_open, memory: met.clone(), ..setup };
            Side { log, exchange: Exchange::new(setup, 0), met, out: Vec::new() }
        };
        [side(a, b, log_a, met_a), side(b, a, log_b, met_b)]
    }

    /// They meet for the first time.
    fn first(&self, is_open: bool) -> Run {
        let logs = [self.log.clone(), self.log.clone()];
        self.run(&mut self.sides(logs, Default::default(), 1, is_open))
    }

    /// They meet again.
    fn again(&self, changed: u32, token: bool) -> Run {
        let mut sides = self.sides([self.log.clone(), self.log.clone()], Default::default(), 1, true);
        self.run(&mut sides);
        let [a, b] = sides;
        let (mut log, mut served) = (b.log, b.met);
        let count = u32::try_from(self.log.feeds.len()).expect("at most a million");
        for n in 0..changed {
            let at = n * (count / changed) + 7;
            let feed = self.log.feeds[at as usize];
            log.clock += 1;
            log.states[at as usize] = FeedState { len: 2, tip: Some(id(&feed, 2)), cap: None };
            log.fresh.insert(at, self.entry.clone());
            log.changed.insert(at, log.clock);
        }
        if let Some(served) = served.served.as_mut().filter(|_| !token) {
            served.tokens.clear();
        }
        let mut sides = self.sides([a.log, log], [a.met, served], 2, true);
        let run = self.run(&mut sides);
        let [a, b] = &sides;
        assert!(a.log.states == b.log.states, "nothing was missed");
        run
    }

    /// Until both fall silent. The first side wants all feeds.
    fn run(&self, sides: &mut [Side; 2]) -> Run {
        let mut run = Run::default();
        let wants: Interest = self.log.feeds.iter().copied().collect();
        let wants = Arc::new(wants);
        let clock = Stopwatch::start();
        sides[0].give(Input::Wants(wants));
        sides[1].give(Input::wants([]));
        loop {
            let sent = [std::mem::take(&mut sides[0].out), std::mem::take(&mut sides[1].out)];
            let is_token = |bytes: &Vec<u8>| matches!(Message::decode(bytes), Ok(Message::Token { .. }));
            if sent.iter().flatten().all(is_token) {
                for (from, messages) in sent.into_iter().enumerate() {
                    messages.into_iter().for_each(|message| sides[1 - from].give(Input::Message(message)));
                }
                run.millis = clock.elapsed().as_secs_f64() * 1000.0;
                return run;
            }
            run.trips += 0.5;
            for (from, messages) in sent.into_iter().enumerate() {
                run.bytes += if messages.is_empty() { 0 } else { FRAME_BYTES };
                for message in messages {
                    run.count(&message);
                    sides[1 - from].give(Input::Message(message));
                }
            }
        }
    }
}

impl Run {
    /// Counts a message, but for the entries in it.
    fn count(&mut self, bytes: &[u8]) {
        self.bytes += MESSAGE_BYTES + bytes.len();
        match Message::decode(bytes).expect("what an exchange sends can be read") {
            Message::Chunk { chunk: Some(chunk), .. } | Message::Push { chunk, .. } => {
                self.bytes -= chunk.len()
            }
            Message::Wants { .. } | Message::Scope(_) => self.lists += bytes.len(),
            _ => {}
        }
    }
}

impl Side {
    fn give(&mut self, input: Input) {
        self.exchange.handle(0, input, &self.log);
        while let Some(output) = self.exchange.poll_output() {
            match output {
                Output::Send(bytes) => self.out.push(bytes),
                Output::Ingest(ingest) => {
                    let at = self.log.place(&ingest.feed).expect("it was asked for");
                    let before = self.log.states[at as usize];
                    let state = FeedState { len: 2, tip: Some(id(&ingest.feed, 2)), cap: None };
                    self.log.states[at as usize] = state;
                    self.log.clock += 1;
                    let clock = (self.log.clock, self.log.clock);
                    let before = (before.len, before.cap);
                    let change =
                        Change { feed: ingest.feed, before: Some(before), clock, objects: Vec::new() };
                    self.exchange.handle(0, Input::Changed(vec![change]), &self.log);
                    let done = Input::Ingested(ingest.ticket, Outcome::Accepted(state));
                    self.exchange.handle(0, done, &self.log);
                }
                Output::Keep(asked) => self.met.asked = Some(asked),
                Output::Remember(served) => self.met.served = Some(served),
                Output::Listens { .. } => {
                    self.exchange.handle(0, Input::Listening(self.log.clock), &self.log);
                }
                Output::Close(reason) => panic!("no reason to close: {reason}"),
                _ => {}
            }
        }
        if !self.out.is_empty() {
            self.exchange.handle(0, Input::Room, &self.log);
            while let Some(output) = self.exchange.poll_output() {
                if let Output::Send(bytes) = output {
                    self.out.push(bytes);
                }
            }
        }
    }
}
