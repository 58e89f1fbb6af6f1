//! Two exchanges over a real channel: on loopback TCP, and on streams in memory where the clock stands still.
//! The owner of each log is a task, as in the program.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use klatch_feed::{EntryId, FeedId, ForkProof, NetId, SecretKey, Seq, Unverified};
use klatch_gossip::link::{
    self, Answerer, Ended, LIFE_MAX, Ports, STALL_MAX, Teller, Traffic, UNANSWERED_BYTES_MAX,
};
use klatch_gossip::noise::frame::{FrameError, Inbox, MESSAGE_BYTES_MAX, Outbox};
use klatch_gossip::noise::{Channel, Local, Network};
use klatch_gossip::sim::author::Author;
use klatch_gossip::sim::shelf::Memory;
use klatch_gossip::sync::message::{Get, Message, Part};
use klatch_gossip::sync::{Breach, FeedState, Input, Output, Reason, Setup, Shelf};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

pub(crate) fn net() -> NetId {
    NetId::of_name("loopback")
}

pub(crate) fn local(seed: u8) -> Local {
    Local::new(Network::public(net()), SecretKey::from_seed(&[seed; 32])).unwrap()
}

/// A log that its owner's task and its link's both reach.
#[derive(Clone)]
pub(crate) struct Shared(pub(crate) Arc<Mutex<Memory>>);

impl Shared {
    pub(crate) fn new(log: Memory) -> Self {
        Self(Arc::new(Mutex::new(log)))
    }
}

impl Shelf for Shared {
    fn state(&self, feed: &FeedId) -> Option<FeedState> {
        self.0.lock().unwrap().state(feed)
    }
    fn ids(&self, feed: &FeedId, seqs: &[Seq]) -> Vec<Option<EntryId>> {
        self.0.lock().unwrap().ids(feed, seqs)
    }
    fn chunk(&self, feed: &FeedId, from: Seq, headers_only: bool) -> Option<Vec<u8>> {
        self.0.lock().unwrap().chunk(feed, from, headers_only)
    }
    fn bodies(&self, feed: &FeedId, from: Seq, count: u32) -> Vec<Option<Vec<u8>>> {
        self.0.lock().unwrap().bodies(feed, from, count)
    }
    fn missing_bodies(&self, feed: &FeedId, after: Seq) -> Vec<Seq> {
        self.0.lock().unwrap().missing_bodies(feed, after)
    }
    fn incomplete(&self) -> Vec<FeedId> {
        self.0.lock().unwrap().incomplete()
    }
    fn proof(&self, feed: &FeedId) -> Option<ForkProof> {
        self.0.lock().unwrap().proof(feed)
    }
    fn number(&self, feed: &FeedId) -> Option<u32> {
        self.0.lock().unwrap().number(feed)
    }
    fn feed(&self, number: u32) -> Option<FeedId> {
        self.0.lock().unwrap().feed(number)
    }
    fn clock(&self) -> u64 {
        self.0.lock().unwrap().clock()
    }
    fn changed(&self, feed: &FeedId) -> u64 {
        self.0.lock().unwrap().changed(feed)
    }
    fn changed_since(&self, clock: u64, max: usize) -> Option<Vec<FeedId>> {
        self.0.lock().unwrap().changed_since(clock, max)
    }
    fn held(&self) -> Vec<FeedId> {
        self.0.lock().unwrap().held()
    }
    fn about(&self, object: &EntryId) -> Vec<(FeedId, Seq)> {
        self.0.lock().unwrap().about(object)
    }
}

/// One node with one link.
pub(crate) struct Node {
    pub(crate) log: Shared,
    pub(crate) teller: Teller,
    /// How often the link said that it is level.
    caught_up: watch::Receiver<u32>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) link: JoinHandle<Ended>,
    /// Whether the owner answers; else it keeps what it is asked.
    answers: watch::Sender<bool>,
    /// What the owner posts just before it next hears about what the peer asks.
    draft: Arc<Mutex<Option<Unverified>>>,
    unanswered_bytes: watch::Receiver<usize>,
}

impl Node {
    /// Drives a link over `stream`; `wants` is said at once.
    fn start<S>(log: Memory, local: &Local, stream: S, channel: Channel, wants: &[FeedId]) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Self::over(Shared::new(log), local, stream, channel, wants)
    }

    /// As [`Node::start`], over a log that outlives the link.
    pub(crate) fn over<S>(log: Shared, local: &Local, stream: S, channel: Channel, wants: &[FeedId]) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (teller, orders) = link::orders();
        let (to_owner, outputs) = mpsc::channel(16);
        let traffic = Arc::new(Traffic::default());
        let shelf = log.clone();
        let (peer, session) = (channel.peer(), *channel.handshake_hash());
        let ports = Ports {
            orders,
            setup: Setup::new(net(), local.feed(), peer, session),
            outputs: to_owner,
            shelf: move || Box::new(shelf.clone()) as Box<dyn Shelf>,
            traffic: Arc::clone(&traffic),
        };
        teller.tell(Input::wants(wants.to_vec()));
        let link = tokio::spawn(link::drive(stream, channel, ports));
        let (answers, answering) = watch::channel(true);
        let (is_level, caught_up) = watch::channel(0);
        let (holds, unanswered_bytes) = watch::channel(0);
        let draft = Arc::default();
        // The task must not keep the link alive.
        let owner =
            own(log.clone(), outputs, teller.answerer(), answering, is_level, holds, Arc::clone(&draft));
        tokio::spawn(owner);
        Self { log, teller, caught_up, traffic, link, answers, draft, unanswered_bytes }
    }

    pub(crate) fn len(&self, feed: FeedId) -> Seq {
        self.log.state(&feed).map_or(0, |state| state.len)
    }

    /// Appends, and tells the link.
    fn write(&self, author: &mut Author, size: usize) {
        let change = self.log.0.lock().unwrap().append(author.write(Vec::new(), size));
        self.teller.tell(Input::Changed(vec![change]));
    }

    /// Waits until `feed` is `len` long here and the link is level.
    async fn holds(&mut self, feed: FeedId, len: Seq) {
        while self.len(feed) < len || *self.caught_up.borrow() == 0 {
            soon(self.caught_up.changed()).await.unwrap();
        }
    }
}

/// What a broken link would wait for for ever fails instead. On a clock that stands still it costs nothing.
async fn soon<T>(awaited: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(120), awaited).await.expect("within two minutes")
}

async fn own(
    log: Shared,
    mut outputs: mpsc::Receiver<Box<Output>>,
    answerer: Answerer,
    mut answering: watch::Receiver<bool>,
    caught_up: watch::Sender<u32>,
    holds: watch::Sender<usize>,
    draft: Arc<Mutex<Option<Unverified>>>,
) {
    while let Some(output) = outputs.recv().await {
        match *output {
            Output::Ingest(ingest) => {
                holds.send_modify(|bytes| *bytes += ingest.chunk.len());
                if !*answering.borrow() {
                    // Takes what comes, and answers none of it until told.
                    let mut held = vec![ingest];
                    while !*answering.borrow() {
                        tokio::select! {
                            _ = answering.changed() => {}
                            Some(output) = outputs.recv() => if let Output::Ingest(ingest) = *output {
                                holds.send_modify(|bytes| *bytes += ingest.chunk.len());
                                held.push(ingest);
                            },
                        }
                    }
                    held.into_iter().for_each(|ingest| accept(&log, &answerer, ingest, &holds));
                } else {
                    accept(&log, &answerer, ingest, &holds);
                }
            }
            Output::CaughtUp => {}
            Output::Keep(_) | Output::Remember(_) | Output::Coming { .. } | Output::Echo(..) => continue,
            Output::Listens { .. } => {
                let clock = log.clock();
                answerer.tell(Input::Listening(clock));
                continue;
            }
            Output::ListensAbout(_) => {
                if let Some(entry) = draft.lock().unwrap().take() {
                    answerer.tell(Input::Changed(vec![log.0.lock().unwrap().append(entry)]));
                }
                answerer.tell(Input::Listening(log.clock()));
                continue;
            }
            other => panic!("{other:?}"),
        }
        caught_up.send_modify(|count| *count += 1);
    }
}

fn accept(
    log: &Shared,
    answerer: &Answerer,
    ingest: klatch_gossip::sync::Ingest,
    holds: &watch::Sender<usize>,
) {
    let (outcome, change) = log.0.lock().unwrap().ingest(ingest.feed, ingest.base8, &ingest.chunk);
    holds.send_modify(|bytes| *bytes -= ingest.chunk.len());
    answerer.tell(Input::Changed(change.into_iter().collect()));
    answerer.tell(Input::Ingested(ingest.ticket, outcome));
}

/// Authors 1 and 2, the logs of nodes 1 and 2, each with `count` entries of its own of `size` bytes.
fn two_logs(counts: [usize; 2], size: usize) -> ([Author; 2], [Memory; 2]) {
    let mut authors = [1, 2].map(|n| Author::new(net(), n));
    let mut logs = [1, 2].map(|n| Memory::new(net(), local(n).feed()));
    for n in 0..2 {
        for _ in 0..counts[n] {
            logs[n].append(authors[n].write(Vec::new(), size));
        }
    }
    (authors, logs)
}

/// Two nodes joined by a pipe of `pipe_bytes`, each wanting both authors.
async fn joined(logs: [Memory; 2], wants: &[FeedId], pipe_bytes: usize) -> [Node; 2] {
    let (mut left, mut right) = duplex(pipe_bytes);
    let [ana, ben] = [local(1), local(2)];
    let (anas, bens) =
        tokio::join!(link::initiate(&mut left, &ana, ben.feed()), link::respond(&mut right, &ben));
    let [first, second] = logs;
    [
        Node::start(first, &ana, left, anas.unwrap(), wants),
        Node::start(second, &ben, right, bens.unwrap(), wants),
    ]
}

async fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (dialled, accepted) = tokio::join!(TcpStream::connect(addr), listener.accept());
    (dialled.unwrap(), accepted.unwrap().0)
}

#[tokio::test]
async fn two_nodes_over_tcp_hold_the_same_and_each_byte_is_counted_at_both_ends() {
    let (mut authors, logs) = two_logs([300, 70], 200);
    let feeds = [authors[0].feed(), authors[1].feed()];
    let (mut left, mut right) = tcp_pair().await;
    let [ana, ben] = [local(1), local(2)];
    let expected = ben.feed();
    let (anas, bens) =
        tokio::join!(link::initiate(&mut left, &ana, expected), link::respond(&mut right, &ben));
    let [first, second] = logs;
    let mut ana = Node::start(first, &ana, left, anas.unwrap(), &feeds);
    let mut ben = Node::start(second, &ben, right, bens.unwrap(), &feeds);
    ben.holds(feeds[0], 300).await;
    ana.holds(feeds[1], 70).await;
    ana.write(&mut authors[0], 200);
    ben.holds(feeds[0], 301).await;
    assert_eq!(ana.log.state(&feeds[0]), ben.log.state(&feeds[0]));

    drop(ana.teller);
    assert!(matches!(soon(ana.link).await.unwrap(), Ended::Dismissed));
    assert!(matches!(soon(ben.link).await.unwrap(), Ended::Hangup));
    assert_eq!(ana.traffic.sent(), ben.traffic.received());
    let entry_bytes = 200 + 64;
    let whole = 301 * entry_bytes..301 * (entry_bytes + 60);
    assert!(whole.contains(&ana.traffic.sent()), "each entry once: {}", ana.traffic.sent());
}

#[tokio::test(start_paused = true)]
async fn what_is_posted_just_before_the_peer_asks_about_something_reaches_it() {
    let (mut authors, logs) = two_logs([3, 3], 200);
    let feeds = authors.each_ref().map(Author::feed);
    let mut nodes = joined(logs, &feeds, 65_536).await;
    nodes[0].holds(feeds[1], 3).await;
    nodes[1].holds(feeds[0], 3).await;
    nodes[0].write(&mut authors[0], 200);
    nodes[1].holds(feeds[0], 4).await;
    sleep(Duration::from_secs(20)).await; // All is said, and each knows the other to be level.
    *nodes[0].draft.lock().unwrap() = Some(authors[0].write(Vec::new(), 200));
    nodes[1].teller.tell(Input::Objects(vec![EntryId::new([7; 32])]));
    nodes[1].holds(feeds[0], 5).await;
}

/// Both have megabytes to send and the pipe holds four thousand bytes: if either stopped reading because it cannot
/// write, neither would ever go on.
#[tokio::test(start_paused = true)]
async fn two_nodes_that_both_send_in_bulk_never_wait_for_each_other() {
    let (authors, logs) = two_logs([1200, 1200], 2_800);
    let feeds = authors.each_ref().map(Author::feed);
    let mut nodes = joined(logs, &feeds, 4096).await;
    nodes[0].holds(feeds[1], 1200).await;
    nodes[1].holds(feeds[0], 1200).await;
}

#[tokio::test(start_paused = true)]
async fn a_link_hands_over_four_mebibytes_unanswered_and_then_waits() {
    let (authors, logs) = two_logs([4000, 0], 2_800);
    let feed = authors[0].feed();
    let [_ana, mut ben] = joined(logs, &[feed], 65_536).await;
    ben.answers.send_replace(false);
    let largest = MESSAGE_BYTES_MAX;
    while *ben.unanswered_bytes.borrow() < UNANSWERED_BYTES_MAX {
        soon(ben.unanswered_bytes.changed()).await.unwrap();
    }
    // The clock moves only once nobody has anything left to do.
    sleep(Duration::from_secs(20)).await;
    let held = *ben.unanswered_bytes.borrow();
    assert!(held < UNANSWERED_BYTES_MAX + largest, "{held}");
    assert!(ben.len(feed) < 4000);
    ben.answers.send_replace(true);
    ben.holds(feed, 4000).await;
}

/// The other end of a link, by hand.
struct Hand {
    stream: DuplexStream,
    channel: Channel,
    outbox: Outbox,
    inbox: Inbox,
}

impl Hand {
    async fn send(&mut self, message: &Message) {
        self.outbox.push(&message.encode());
        let mut wire = Vec::new();
        while self.outbox.seal(&mut self.channel, &mut wire) {}
        self.stream.write_all(&wire).await.unwrap();
    }

    async fn send_plain(&mut self, plaintext: &[u8]) {
        let mut wire = Vec::new();
        self.channel.seal(plaintext, &mut wire);
        self.stream.write_all(&wire).await.unwrap();
    }

    /// All that the node still says, to the end.
    async fn hear_to_the_end(&mut self) -> Vec<Message> {
        while self.stream.read_buf(self.inbox.wire()).await.unwrap_or(0) > 0 {
            self.inbox.unseal(&mut self.channel).unwrap();
        }
        let mut heard = Vec::new();
        while let Some(message) = self.inbox.next_message().unwrap() {
            heard.push(Message::decode(&message).unwrap());
        }
        heard
    }
}

async fn node_and_hand(log: Memory, wants: &[FeedId]) -> (Node, Hand) {
    let (mut left, mut stream) = duplex(65_536);
    let [ana, ben] = [local(1), local(2)];
    let (anas, bens) =
        tokio::join!(link::initiate(&mut left, &ana, ben.feed()), link::respond(&mut stream, &ben));
    let hand = Hand { stream, channel: bens.unwrap(), outbox: Outbox::default(), inbox: Inbox::default() };
    (Node::start(log, &ana, left, anas.unwrap(), wants), hand)
}

fn resume() -> Message {
    Message::Resume { proto: 1, token: None, root: None, want_n: 0, yours: None }
}

#[tokio::test(start_paused = true)]
async fn what_no_node_sends_ends_the_connection() {
    let empty = || Memory::new(net(), local(1).feed());

    let (node, mut hand) = node_and_hand(empty(), &[]).await;
    hand.stream.write_all(&[0, 16]).await.unwrap();
    assert!(matches!(soon(node.link).await.unwrap(), Ended::Frame(FrameError::Empty(16))));

    let (node, mut hand) = node_and_hand(empty(), &[]).await;
    hand.stream.write_all(&[&[1, 0][..], &[0xa5; 256]].concat()).await.unwrap();
    assert!(matches!(soon(node.link).await.unwrap(), Ended::Frame(FrameError::Undecryptable(_))));

    let (node, mut hand) = node_and_hand(empty(), &[]).await;
    hand.send_plain(&u32::MAX.to_be_bytes()).await;
    assert!(matches!(soon(node.link).await.unwrap(), Ended::Frame(FrameError::TooLong(u32::MAX))));

    // The peer is told why, if it still listens, before the connection ends.
    let (node, mut hand) = node_and_hand(empty(), &[]).await;
    hand.send_plain(&[0, 0, 0, 2, 0x18, 0x18]).await;
    let heard = hand.hear_to_the_end().await;
    assert!(matches!(heard[..], [.., Message::Error(1)]), "{heard:?}");
    assert!(matches!(soon(node.link).await.unwrap(), Ended::Closed(Reason::Protocol(Breach::Malformed))));
}

/// What its owner is asked to listen to waits for the owner, and counts as long as it does.
#[tokio::test(start_paused = true)]
async fn a_link_reads_no_further_while_its_owner_does_not_take_four_mebibytes() {
    const LISTS: u32 = 24;
    let (mut left, mut stream) = duplex(65_536);
    let [ana, ben] = [local(1), local(2)];
    let (anas, bens) =
        tokio::join!(link::initiate(&mut left, &ana, ben.feed()), link::respond(&mut stream, &ben));
    let mut hand =
        Hand { stream, channel: bens.unwrap(), outbox: Outbox::default(), inbox: Inbox::default() };
    let channel = anas.unwrap();
    let (teller, orders) = link::orders();
    let (to_owner, mut outputs) = mpsc::channel(16);
    let traffic = Arc::new(Traffic::default());
    let shelf = Shared::new(Memory::new(net(), ana.feed()));
    let ports = Ports {
        orders,
        setup: Setup::new(net(), ana.feed(), channel.peer(), *channel.handshake_hash()),
        outputs: to_owner,
        shelf: move || Box::new(shelf.clone()) as Box<dyn Shelf>,
        traffic: Arc::clone(&traffic),
    };
    let _link = tokio::spawn(link::drive(left, channel, ports));
    let _said = tokio::spawn(async move {
        hand.send(&resume()).await;
        for list in 0..LISTS {
            let name = |at: u32| {
                FeedId::new(
                    [[list, at].map(u32::to_be_bytes).concat(), vec![9; 24]].concat().try_into().unwrap(),
                )
            };
            let add: Vec<FeedId> = (0..16_384).map(name).collect();
            hand.send(&Message::Wants { root: None, add: add.into(), del: vec![] }).await;
        }
        std::future::pending::<()>().await
    });
    sleep(Duration::from_secs(20)).await; // As above: until nobody has anything left to do.
    let mib = traffic.received() / (1024 * 1024);
    assert!((4..10).contains(&mib), "{mib} MiB of 12");
    let mut listened = 0;
    while listened < LISTS as usize * 16_384 {
        if let Output::Listens { add, .. } = *soon(outputs.recv()).await.unwrap() {
            listened += add.len();
            teller.tell(Input::Listening(0));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_neither_speaks_nor_reads_is_left() {
    let started = Instant::now();
    let (node, _silent) = node_and_hand(Memory::new(net(), local(1).feed()), &[]).await;
    assert!(matches!(soon(node.link).await.unwrap(), Ended::Closed(Reason::Silent)));
    assert_eq!(started.elapsed(), Duration::from_secs(90));
}

/// A link between two ends that carries 2,000 bytes a second each way.
fn slow_link(near: DuplexStream, far: DuplexStream) {
    async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
        let mut bytes = [0; 1_000];
        while let Ok(size @ 1..) = from.read(&mut bytes).await {
            sleep(Duration::from_millis(size as u64 / 2)).await;
            if to.write_all(&bytes[..size]).await.is_err() {
                return;
            }
        }
    }
    let ((near_out, near_in), (far_out, far_in)) = (tokio::io::split(near), tokio::io::split(far));
    tokio::spawn(carry(near_out, far_in));
    tokio::spawn(carry(far_out, near_in));
}

/// A chunk of 700 kB takes six minutes over it: long, and no silence.
#[tokio::test(start_paused = true)]
async fn a_chunk_that_takes_longer_than_silence_comes_over_a_slow_link() {
    let (authors, [log, empty]) = two_logs([250, 0], 2_800);
    let feed = authors[0].feed();
    let [ana, ben] = [local(1), local(2)];
    let ((mut left, near), (far, mut right)) = (duplex(4_096), duplex(4_096));
    slow_link(near, far);
    let (anas, bens) =
        tokio::join!(link::initiate(&mut left, &ana, ben.feed()), link::respond(&mut right, &ben));
    let ana = Node::start(log, &ana, left, anas.unwrap(), &[]);
    let mut ben = Node::start(empty, &ben, right, bens.unwrap(), &[feed]);
    let started = Instant::now();
    while ben.len(feed) < 250 {
        assert!(!ana.link.is_finished() && !ben.link.is_finished(), "after {:?}", started.elapsed());
        let _ = timeout(Duration::from_secs(10), ben.caught_up.changed()).await;
    }
    assert!(started.elapsed() > Duration::from_secs(300), "one chunk: {:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_message_that_dribbles_in_has_seventeen_minutes_and_four_seconds() {
    let longest = u32::try_from(MESSAGE_BYTES_MAX).unwrap().to_be_bytes();
    let (node, mut hand) = node_and_hand(Memory::new(net(), local(1).feed()), &[]).await;
    hand.send(&resume()).await;
    let started = Instant::now();
    hand.send_plain(&longest).await;
    let dribble = async {
        loop {
            sleep(Duration::from_secs(60)).await;
            hand.send_plain(&[0]).await;
        }
    };
    let limit = Reason::Protocol(Breach::Limit("time for one message"));
    tokio::select! {
        ended = node.link => assert!(matches!(ended.unwrap(), Ended::Closed(reason) if reason == limit)),
        () = dribble => {}
    }
    assert_eq!(started.elapsed(), Duration::from_secs(1_024));

    // Whole at the last moment: from then on it is silence that counts, as ever.
    let (node, mut hand) = node_and_hand(Memory::new(net(), local(1).feed()), &[]).await;
    hand.send(&resume()).await;
    let message = Message::Wants { root: None, add: vec![local(3).feed()].into(), del: vec![] }.encode();
    let plain = [&u32::try_from(message.len()).unwrap().to_be_bytes()[..], &message].concat();
    let pause = Duration::from_secs(1_023) / u32::try_from(plain.len() - 1).unwrap();
    hand.send_plain(&plain[..1]).await;
    for byte in &plain[1..] {
        sleep(pause).await;
        hand.send_plain(&[*byte]).await;
    }
    let started = Instant::now();
    assert!(matches!(soon(node.link).await.unwrap(), Ended::Closed(Reason::Silent)));
    assert!(started.elapsed() >= Duration::from_secs(89));
}

/// It asks for much, pings, and takes nothing: what waits for it stays bounded, and a minute is all it gets.
#[tokio::test(start_paused = true)]
async fn a_peer_that_stops_reading_is_left_after_a_minute() {
    let (mut authors, [log, _]) = two_logs([1000, 0], 2_800);
    let feed = authors[0].feed();
    let (node, mut hand) = node_and_hand(log, &[]).await;
    hand.send(&resume()).await;
    hand.send(&Message::Wants { root: None, add: vec![feed].into(), del: vec![] }).await;
    let get = Get { idx: 0, from: 1, to: 1000, part: Part::Entries, base8: None };
    hand.send(&Message::Get(get)).await;
    let started = Instant::now();
    for _ in 0..100 {
        node.write(&mut authors[0], 1000); // Changes do not queue up either.
    }
    assert!(matches!(soon(node.link).await.unwrap(), Ended::Stalled));
    assert_eq!(started.elapsed(), STALL_MAX);
    assert!(node.traffic.sent() <= 65_536 + 2, "no more than the pipe holds: {}", node.traffic.sent());
}

#[tokio::test(start_paused = true)]
async fn a_connection_lives_for_a_day_and_no_longer() {
    let (_, logs) = two_logs([0, 0], 0);
    let started = Instant::now();
    let [ana, ben] = joined(logs, &[], 65_536).await;
    let ended =
        BTreeSet::from([ana.link.await.unwrap(), ben.link.await.unwrap()].map(|ended| ended.to_string()));
    assert_eq!(started.elapsed(), LIFE_MAX);
    assert!(ended.contains(&Ended::Expired.to_string()), "{ended:?}");
}
