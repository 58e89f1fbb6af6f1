//! A crowd of light clients in one process: each has a key, a network of its own, a Noise channel and an
//! exchange, and holds in memory what the pub serves. They dial and wait after failures as nodes do.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use klatch::clock::{self, Stopwatch};
use klatch_feed::{Draft, EntryId, FeedId, Head, NetId, Post, SecretKey, Seq, chunk};
use klatch_gossip::link::{self, OpenError};
use klatch_gossip::noise::{Channel, Local, Network, Side};
use klatch_gossip::peers::{Book, Source};
use klatch_store::Incoming;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;

use super::log::{Common, Log};
use crate::corpus::NETWORK;

/// Entries of each feed that all want.
pub(crate) const ENTRIES: Seq = 3;
/// How long an address may take to answer at all, as in a node.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Where the pub is, and what it and its clients have in common.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Scene {
    pub(crate) key: [u8; 32],
    pub(crate) hub: FeedId,
    pub(crate) address: SocketAddr,
    /// How many feeds all want, the pub's own and each client's own besides.
    pub(crate) feeds: u32,
    /// Which of the clients these are.
    pub(crate) clients: Range<u32>,
}

/// How many tries it took until all were caught up.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Tries {
    pub(crate) all: u64,
    /// Nobody listened, or the system let the other end wait too long.
    pub(crate) unreached: u64,
    /// Closed before or during the handshake: a limit held.
    pub(crate) turned_away: u64,
}

/// When an entry came to each, in milliseconds since 1970, and the bytes of the chunk it came in.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Came {
    pub(crate) at_ms: Vec<u64>,
    pub(crate) chunk_bytes: usize,
}

/// The clients, seen from outside.
pub(crate) struct Crowd {
    count: usize,
    happened: mpsc::UnboundedReceiver<Happened>,
    level: BTreeSet<u32>,
    tries: Tries,
    came: BTreeMap<(Seq, u32), u64>,
    chunk_bytes: usize,
}

/// Something that happened to a client.
pub(super) enum Happened {
    Unreached,
    TurnedAway,
    Connected,
    Level(u32),
    Down(u32),
    /// Entries of the pub's own feed.
    Came {
        client: u32,
        seqs: (Seq, Seq),
        at_ms: u64,
        bytes: usize,
    },
}

pub(crate) fn secret(what: &[u8], n: u32) -> SecretKey {
    SecretKey::from_seed(&Sha256::new().chain_update(what).chain_update(n.to_be_bytes()).finalize().into())
}

/// Feed number `n` of those that all want.
pub(crate) fn wanted(n: u32) -> (Incoming, Vec<EntryId>) {
    feed(&secret(b"crowd feed", n), ENTRIES)
}

/// What client `n` has written.
pub(crate) fn own(n: u32) -> (Incoming, Vec<EntryId>) {
    feed(&secret(b"crowd client", n), 1)
}

/// The network of all this.
pub(super) fn net() -> NetId {
    NetId::of_name(NETWORK)
}

/// A feed as a chunk that a pub takes in, and the ids of its entries.
fn feed(secret: &SecretKey, count: Seq) -> (Incoming, Vec<EntryId>) {
    let (mut head, mut entries) = (Head::empty(secret.feed()), Vec::new());
    for n in 0..count {
        let post = Post::Comment {
            object: EntryId::new([1; 32]),
            reply: None,
            text: format!("entry {n}"),
            tone: None,
        };
        let mut draft: Draft = post.draft(1_900_000_000_000, [0; 16]).expect("it is within all limits");
        draft.refs.clear();
        let (entry, next) = head.sign(&net(), secret, draft).expect("it is within all limits");
        entries.push(entry);
        head = next;
    }
    let ids = entries.iter().map(|entry| entry.id()).collect();
    let unverified: Vec<_> = entries.iter().map(|entry| &**entry).collect();
    let chunk = chunk::encode(&unverified, |_| true);
    (Incoming { feed: head.feed, base8: None, chunk }, ids)
}

/// Connects from client `n`'s place: each is in a network of its own, as strangers in many places are.
pub(super) async fn connect(n: u32, address: SocketAddr) -> io::Result<TcpStream> {
    let [_, _, high, low] = n.to_be_bytes();
    let connect = async {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((Ipv4Addr::new(127, 1 + high, low, 1), 0)))?;
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    tokio::time::timeout(CONNECT_MAX, connect).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
}

async fn dial(local: &Local, n: u32, scene: &Scene) -> Result<(TcpStream, Channel), OpenError> {
    let mut stream = connect(n, scene.address).await.map_err(OpenError::Io)?;
    let channel = link::initiate(&mut stream, local, scene.hub).await?;
    Ok((stream, channel))
}

impl Crowd {
    /// These clients, dialling at once. Runs inside a tokio runtime, which ends them when it ends.
    pub(crate) fn start(scene: Scene) -> Self {
        let (told, happened) = mpsc::unbounded_channel();
        let clients = scene.clients.clone();
        let count = clients.len();
        let common = Arc::new(Common::new(scene, told));
        for n in clients {
            tokio::spawn(live(Arc::clone(&common), n));
        }
        Self {
            count,
            happened,
            level: BTreeSet::new(),
            tries: Tries::default(),
            came: BTreeMap::new(),
            chunk_bytes: 0,
        }
    }

    /// Waits until all are connected and caught up; how many tries that took since the last time.
    pub(crate) async fn all_level(&mut self) -> Tries {
        while self.level.len() < self.count {
            self.hear().await;
        }
        std::mem::take(&mut self.tries)
    }

    /// Waits until none is connected.
    pub(crate) async fn all_down(&mut self) {
        while !self.level.is_empty() {
            self.hear().await;
        }
        self.tries = Tries::default();
    }

    /// Waits until all hold the pub's own entry `seq`.
    pub(crate) async fn all_got(&mut self, seq: Seq) -> Came {
        while self.came.range((seq, 0)..=(seq, u32::MAX)).count() < self.count {
            self.hear().await;
        }
        let at_ms = self.came.range((seq, 0)..=(seq, u32::MAX)).map(|(_, at_ms)| *at_ms).collect();
        Came { at_ms, chunk_bytes: self.chunk_bytes }
    }

    async fn hear(&mut self) {
        match self.happened.recv().await.expect("clients go on for ever") {
            Happened::Unreached => {
                self.tries.all += 1;
                self.tries.unreached += 1;
            }
            Happened::TurnedAway => {
                self.tries.all += 1;
                self.tries.turned_away += 1;
            }
            Happened::Connected => self.tries.all += 1,
            Happened::Level(client) => drop(self.level.insert(client)),
            Happened::Down(client) => drop(self.level.remove(&client)),
            Happened::Came { client, seqs: (first, last), at_ms, bytes } => {
                self.chunk_bytes = bytes;
                for seq in first..=last {
                    let before = self.came.insert((seq, client), at_ms);
                    assert!(before.is_none(), "entry {seq} came twice to client {client}");
                }
            }
        }
    }
}

/// One client, as long as the runtime runs.
async fn live(common: Arc<Common>, n: u32) {
    let network = Network::new(net(), common.scene.key);
    let local = Local::new(network, secret(b"crowd client", n)).expect("the system gives randomness");
    let hub = common.scene.hub;
    let (clock, mut book) = (Stopwatch::start(), Book::new(local.feed()));
    let now = || u64::try_from(clock.elapsed().as_millis()).expect("not that long");
    let random = || u64::from_be_bytes(clock::random());
    book.learn(0, hub, Source::Given, &[common.scene.address]);
    let log = Log::new(Arc::clone(&common), n);
    loop {
        let next = book.next_dial_at().expect("the pub is known and not connected");
        tokio::time::sleep(Duration::from_millis(next.saturating_sub(now()))).await;
        if book.next_dial(now()).is_none() {
            continue;
        }
        match dial(&local, n, &common.scene).await {
            Ok((stream, channel)) => {
                common.tell(Happened::Connected);
                book.connected(now(), hub, Side::Initiator, Some(common.scene.address));
                log.talk(local.feed(), stream, channel).await;
                common.tell(Happened::Down(n));
                book.disconnected(now(), &hub, random());
            }
            Err(error) => {
                let is_io = matches!(error, OpenError::Io(_));
                common.tell(if is_io { Happened::Unreached } else { Happened::TurnedAway });
                book.failed(now(), &hub, random());
            }
        }
    }
}
