//! Links over a simulated TCP: partitions, held packets, ends that go without a word, streams closed one way.
//! Time is virtual and all hosts run in one thread, so that minutes of silence cost nothing.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use klatch_feed::{FeedId, Seq};
use klatch_gossip::link::{self, Ended, HANDSHAKE_MAX, OpenError, STALL_MAX};
use klatch_gossip::sim::author::Author;
use klatch_gossip::sim::shelf::Memory;
use klatch_gossip::sync::{Reason, SILENT_AFTER, Shelf};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};
use turmoil::net::{TcpListener, TcpStream};

use crate::loopback::{Node, Shared, local, net};

const PORT: u16 = 4_747;
const ENTRIES: Seq = 1_200;
const ENTRY_BYTES: usize = 1_000;
const WHOLE: u64 = ENTRIES as u64 * ENTRY_BYTES as u64;

type Heard = Arc<Mutex<Vec<String>>>;

/// A node that holds a megabyte and serves whoever dials; how its links end is noted.
struct Server {
    log: Shared,
    feed: FeedId,
    ended: Heard,
}

impl Server {
    fn new() -> Self {
        let mut author = Author::new(net(), 7);
        let mut log = Memory::new(net(), local(2).feed());
        for _ in 0..ENTRIES {
            log.append(author.write(Vec::new(), ENTRY_BYTES));
        }
        Self { log: Shared::new(log), feed: author.feed(), ended: Heard::default() }
    }

    fn host(&self, sim: &mut turmoil::Sim<'_>) {
        let (log, ended) = (self.log.clone(), Arc::clone(&self.ended));
        sim.host("pub", move || serve(log.clone(), Arc::clone(&ended)));
    }
}

async fn serve(log: Shared, ended: Heard) -> turmoil::Result {
    let listener = TcpListener::bind((IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT)).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        let (log, ended) = (log.clone(), Arc::clone(&ended));
        tokio::spawn(async move {
            let end = match link::respond(&mut stream, &local(2)).await {
                Ok(channel) => {
                    let node = Node::over(log, &local(2), stream, channel, &[]);
                    format!("{:?}", node.link.await.unwrap())
                }
                Err(error) => format!("{error:?}"),
            };
            ended.lock().unwrap().push(end);
        });
    }
}

fn sim(seed: u64) -> turmoil::Sim<'static> {
    turmoil::Builder::new()
        .simulation_duration(Duration::from_secs(1_200))
        .tick_duration(Duration::from_millis(5))
        .min_message_latency(Duration::from_millis(20))
        .max_message_latency(Duration::from_millis(60))
        .tcp_capacity(2)
        .rng_seed(seed)
        .build()
}

/// Dials the server and starts a link; `None` where it cannot be reached.
async fn dial(log: &Shared, feed: FeedId) -> Option<Node> {
    let connecting = timeout(HANDSHAKE_MAX, TcpStream::connect(("pub", PORT)));
    let mut stream = connecting.await.ok()?.ok()?;
    let channel = link::initiate(&mut stream, &local(1), local(2).feed()).await.ok()?;
    Some(Node::over(log.clone(), &local(1), stream, channel, &[feed]))
}

/// Dials until all is here; bytes received in all, and how links ended before.
async fn fetch(log: &Shared, feed: FeedId) -> (u64, Vec<Ended>) {
    let (mut bytes, mut ends) = (0, Vec::new());
    loop {
        let Some(mut node) = dial(log, feed).await else {
            sleep(Duration::from_secs(1)).await;
            continue;
        };
        let ended = loop {
            if node.len(feed) == ENTRIES {
                break None;
            }
            if let Ok(ended) = timeout(Duration::from_millis(50), &mut node.link).await {
                break Some(ended.unwrap());
            }
        };
        bytes += node.traffic.received();
        match ended {
            Some(ended) => ends.push(ended),
            None => return (bytes, ends),
        }
    }
}

fn empty() -> Shared {
    Shared::new(Memory::new(net(), local(1).feed()))
}

#[test]
fn a_partition_longer_than_silence_ends_both_ends_and_the_next_link_goes_on_where_it_was() {
    for seed in 0..4 {
        let server = Server::new();
        let (mut sim, log, feed) = (sim(seed), empty(), server.feed);
        server.host(&mut sim);
        let mine = log.clone();
        sim.client("me", async move {
            let cut = async {
                while mine.state(&feed).map_or(0, |state| state.len) < 300 {
                    sleep(Duration::from_millis(5)).await;
                }
                turmoil::partition("me", "pub");
                sleep(Duration::from_millis(SILENT_AFTER) + STALL_MAX).await;
                turmoil::repair("me", "pub");
            };
            let ((bytes, ends), ()) = tokio::join!(fetch(&mine, feed), cut);
            assert!(matches!(ends[..], [Ended::Closed(Reason::Silent)]), "{ends:?}");
            assert!(bytes < WHOLE * 3 / 2, "{bytes} bytes for {WHOLE}");
            Ok(())
        });
        sim.run().unwrap();
        assert_eq!(log.state(&feed), server.log.state(&feed), "seed {seed}");
        let ended = server.ended.lock().unwrap();
        assert!(ended[0] == "Stalled" || ended[0] == "Closed(Silent)", "seed {seed}: {ended:?}");
    }
}

#[test]
fn packets_held_back_for_less_than_silence_end_nothing_and_are_not_sent_again() {
    let server = Server::new();
    let (mut sim, log, feed) = (sim(1), empty(), server.feed);
    server.host(&mut sim);
    let mine = log.clone();
    sim.client("me", async move {
        let hold = async {
            while mine.state(&feed).map_or(0, |state| state.len) < 300 {
                sleep(Duration::from_millis(5)).await;
            }
            turmoil::hold("me", "pub");
            sleep(STALL_MAX - Duration::from_secs(5)).await;
            turmoil::release("me", "pub");
        };
        let ((bytes, ends), ()) = tokio::join!(fetch(&mine, feed), hold);
        assert!(ends.is_empty(), "{ends:?}");
        assert!(bytes < WHOLE * 5 / 4, "{bytes} bytes for {WHOLE}");
        Ok(())
    });
    sim.run().unwrap();
    assert_eq!(log.state(&feed), server.log.state(&feed));
}

#[test]
fn a_host_that_dies_without_a_word_and_comes_back_is_dialled_again() {
    let server = Server::new();
    let (mut sim, log, feed) = (sim(2), empty(), server.feed);
    server.host(&mut sim);
    let (mine, is_done) = (log.clone(), Arc::new(Mutex::new(false)));
    let done = Arc::clone(&is_done);
    sim.client("me", async move {
        let (_, ends) = fetch(&mine, feed).await;
        assert_eq!(ends.len(), 1, "{ends:?}");
        *done.lock().unwrap() = true;
        Ok(())
    });
    while log.state(&feed).map_or(0, |state| state.len) < 300 {
        sim.step().unwrap();
    }
    sim.crash("pub");
    for _ in 0..400 {
        sim.step().unwrap();
    }
    sim.bounce("pub");
    sim.run().unwrap();
    assert!(*is_done.lock().unwrap());
    assert_eq!(log.state(&feed), server.log.state(&feed));
}

#[test]
fn who_stops_in_a_handshake_is_let_go_in_time_and_who_closes_one_way_is_let_go_at_once() {
    let server = Server::new();
    let mut sim = sim(3);
    server.host(&mut sim);
    sim.host("mute", || async {
        let listener = TcpListener::bind((IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT)).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            tokio::spawn(async move { while stream.read_u8().await.is_ok() {} });
        }
    });
    sim.client("me", async {
        // Nobody answers.
        let started = Instant::now();
        let mut stream = TcpStream::connect(("mute", PORT)).await?;
        let nobody = link::initiate(&mut stream, &local(1), local(2).feed()).await;
        assert!(matches!(nobody, Err(OpenError::TooSlow)), "{nobody:?}");
        assert!(started.elapsed() < HANDSHAKE_MAX + Duration::from_secs(1));
        // Says half of the first message and no more.
        let mut half = TcpStream::connect(("pub", PORT)).await?;
        half.write_all(&[0, 64, 1, 2, 3]).await?;
        let nothing = timeout(HANDSHAKE_MAX + Duration::from_secs(1), half.read(&mut [0; 8])).await?;
        assert!(!matches!(nothing, Ok(1..)), "without a byte: {nothing:?}");
        // Shakes hands and closes its way out: the link is over, and says so by closing the other way.
        let mut stream = TcpStream::connect(("pub", PORT)).await?;
        link::initiate(&mut stream, &local(1), local(2).feed()).await?;
        stream.shutdown().await?;
        let rest = async { while matches!(stream.read(&mut [0; 4_096]).await, Ok(1..)) {} };
        timeout(Duration::from_secs(2), rest).await?;
        Ok(())
    });
    sim.run().unwrap();
    assert_eq!(*server.ended.lock().unwrap(), ["TooSlow", "Hangup"]);
}
