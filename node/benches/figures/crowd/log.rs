//! What a client of the crowd holds, and how its exchange reads and fills it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use klatch::clock;
use klatch_feed::{EntryId, FeedId, ForkProof, Head, PublicKey, Seq, chunk};
use klatch_gossip::link::{self, Answerer, Ended, Ports, Traffic};
use klatch_gossip::noise::Channel;
use klatch_gossip::sync::memory::Memory;
use klatch_gossip::sync::{Change, FeedState, Ingest, Input, Outcome, Output, Setup, Shelf};
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::clients::{Happened, Scene, net, own, wanted};

/// Outputs that may wait, as in a node.
const OUTPUTS_MAX: usize = 64;
/// Where the change log of a client stands before anything has come.
const CLOCK_FIRST: u64 = 1;

/// What all clients of this process share.
pub(super) struct Common {
    pub(super) scene: Scene,
    base: BTreeMap<FeedId, Vec<EntryId>>,
    /// All get the same bytes: the checks of one are the checks of all, or they would only measure themselves.
    checked: Mutex<BTreeMap<[u8; 32], Vec<EntryId>>>,
    happened: mpsc::UnboundedSender<Happened>,
}

/// A client's log.
#[derive(Clone)]
pub(super) struct Log {
    client: u32,
    me: FeedId,
    common: Arc<Common>,
    state: Arc<Mutex<State>>,
}

struct State {
    own: Vec<EntryId>,
    /// Feeds that are longer here than in the base, and when they changed last.
    grown: BTreeMap<FeedId, (Vec<EntryId>, u64)>,
    clock: u64,
    memory: Memory,
}

impl Common {
    pub(super) fn new(scene: Scene, happened: mpsc::UnboundedSender<Happened>) -> Self {
        let feeds = (0..scene.feeds).map(wanted);
        let base = feeds.map(|(incoming, ids)| (incoming.feed, ids)).collect();
        Self { scene, base, checked: Mutex::default(), happened }
    }

    pub(super) fn tell(&self, happened: Happened) {
        let _ = self.happened.send(happened); // Nobody looks any more: all ends.
    }

    /// The ids of the entries in a chunk that follows `head`, checked as a node checks.
    fn check(&self, head: Head, chunk: &[u8]) -> Vec<EntryId> {
        let name = Sha256::new().chain_update(head.feed.as_bytes()).chain_update(chunk).finalize().into();
        let mut checked = self.checked.lock().expect("nobody panics with it");
        let ids = checked.entry(name).or_insert_with(|| {
            let key = PublicKey::parse(&head.feed).expect("the pub serves feeds that are keys");
            let accepted = head.accept(&net(), &key, chunk).expect("the pub sends good chunks");
            accepted.entries.iter().map(|entry| entry.id()).collect()
        });
        ids.clone()
    }
}

impl Log {
    pub(super) fn new(common: Arc<Common>, client: u32) -> Self {
        let (incoming, ids) = own(client);
        let state = State { own: ids, grown: BTreeMap::new(), clock: CLOCK_FIRST, memory: Memory::default() };
        Self { client, me: incoming.feed, common, state: Arc::new(Mutex::new(state)) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with it")
    }

    /// Runs one connection to its end.
    pub(super) async fn talk(&self, me: FeedId, stream: TcpStream, channel: Channel) -> Ended {
        let (teller, orders) = link::orders();
        teller.tell(Input::wants(self.common.base.keys().copied().chain([self.common.scene.hub, me])));
        let (outputs, received) = mpsc::channel(OUTPUTS_MAX);
        let scene = &self.common.scene;
        let setup = Setup {
            secret: clock::random(),
            is_open: true, // It has joined the pub.
            memory: self.lock().memory.clone(),
            ..Setup::new(net(), me, scene.hub, *channel.handshake_hash())
        };
        let log = self.clone();
        let shelf = move || Box::new(log.clone()) as Box<dyn Shelf>;
        let ports = Ports { orders, outputs, setup, shelf, traffic: Arc::<Traffic>::default() };
        let drive = Box::pin(link::drive(stream, channel, ports));
        tokio::join!(drive, self.own(received, teller.answerer())).0
    }

    /// The owner of the log: takes in what came.
    async fn own(&self, mut received: mpsc::Receiver<Box<Output>>, answerer: Answerer) {
        while let Some(output) = received.recv().await {
            match *output {
                Output::Ingest(ingest) => {
                    let (outcome, change) = self.ingest(&ingest);
                    change.into_iter().for_each(|change| answerer.tell(Input::Changed(vec![change])));
                    answerer.tell(Input::Ingested(ingest.ticket, outcome));
                }
                Output::Keep(asked) => self.lock().memory.asked = Some(asked),
                Output::Remember(served) => self.lock().memory.served = Some(served),
                Output::Listens { .. } | Output::ListensAbout(_) => {
                    let clock = self.lock().clock;
                    answerer.tell(Input::Listening(clock));
                }
                Output::CaughtUp => self.common.tell(Happened::Level(self.client)),
                _ => {}
            }
        }
    }

    fn ingest(&self, ingest: &Ingest) -> (Outcome, Option<Change>) {
        let Ingest { feed, base8, chunk, .. } = ingest;
        let mut ids = self.ids_of(feed, <[EntryId]>::to_vec);
        let before = seq(&ids);
        let tip = ids.last().copied();
        let state = FeedState { len: before, tip, cap: None };
        let (first, count) = chunk::span(chunk).expect("the pub sends good chunks");
        if *feed == self.common.scene.hub {
            let (client, seqs) = (self.client, (first, first + count - 1));
            self.common.tell(Happened::Came { client, seqs, at_ms: clock::now_ms(), bytes: chunk.len() });
        }
        if first > before + 1 {
            return (Outcome::Gap(state), None);
        }
        if first <= before {
            return (Outcome::Accepted(state), None); // Held: counted above as having come again.
        }
        if *base8 != tip.map(|tip| tip.tip8()) {
            return (Outcome::OtherBranch(state), None);
        }
        ids.extend(self.common.check(Head { feed: *feed, len: before, tip }, chunk));
        let state = FeedState { len: seq(&ids), tip: ids.last().copied(), cap: None };
        let mut log = self.lock();
        log.clock += 1;
        let clock = log.clock;
        log.grown.insert(*feed, (ids, clock));
        let change =
            Change { feed: *feed, before: Some((before, None)), clock: (clock, clock), objects: Vec::new() };
        (Outcome::Accepted(state), Some(change))
    }

    fn ids_of<T>(&self, feed: &FeedId, read: impl FnOnce(&[EntryId]) -> T) -> T {
        let log = self.lock();
        let ids = match log.grown.get(feed) {
            Some((ids, _)) => Some(ids),
            None if *feed == self.me => Some(&log.own),
            None => self.common.base.get(feed),
        };
        read(ids.map(Vec::as_slice).unwrap_or_default())
    }
}

fn seq(ids: &[EntryId]) -> Seq {
    Seq::try_from(ids.len()).expect("feeds are short here")
}

impl Shelf for Log {
    fn state(&self, feed: &FeedId) -> Option<FeedState> {
        self.ids_of(feed, |ids| {
            (!ids.is_empty()).then(|| FeedState { len: seq(ids), tip: ids.last().copied(), cap: None })
        })
    }

    fn ids(&self, feed: &FeedId, seqs: &[Seq]) -> Vec<Option<EntryId>> {
        let at = |ids: &[EntryId], seq: Seq| ids.get(seq.checked_sub(1)? as usize).copied();
        self.ids_of(feed, |ids| seqs.iter().map(|seq| at(ids, *seq)).collect())
    }

    fn clock(&self) -> u64 {
        self.lock().clock
    }

    fn changed(&self, feed: &FeedId) -> u64 {
        let grown = self.lock().grown.get(feed).map(|(_, clock)| *clock);
        grown.unwrap_or(if self.state(feed).is_some() { CLOCK_FIRST } else { 0 })
    }

    fn changed_since(&self, clock: u64, max: usize) -> Option<Vec<FeedId>> {
        let changed = self.held().into_iter().filter(|feed| self.changed(feed) > clock);
        let changed: Vec<_> = changed.take(max.saturating_add(1)).collect();
        (changed.len() <= max).then_some(changed)
    }

    fn held(&self) -> Vec<FeedId> {
        let grown: Vec<FeedId> = self.lock().grown.keys().copied().collect();
        let mut held: Vec<FeedId> = self.common.base.keys().copied().chain(grown).chain([self.me]).collect();
        held.sort_unstable();
        held.dedup();
        held
    }

    // Lists in memory name feeds by keys.

    fn number(&self, _: &FeedId) -> Option<u32> {
        None
    }

    fn feed(&self, _: u32) -> Option<FeedId> {
        None
    }

    // All that a client holds it has from the pub, who never asks for it.

    fn chunk(&self, _: &FeedId, _: Seq, _: bool) -> Option<Vec<u8>> {
        None
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
}
