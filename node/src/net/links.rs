//! One connection: what the hub knows of it, and the task that runs it.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use klatch_feed::{FeedId, Seq};
use klatch_gossip::link::{self, Answerer, Ended, LinkId, Orders, Ports, Teller, Traffic};
use klatch_gossip::noise::{Channel, Side};
use klatch_gossip::sync::{Ingest, Input, Output, Setup};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::hub::Event;
use super::report::Path;
use super::shelf::DiskShelf;
use crate::clock::Stopwatch;
use crate::daemon::recovery::Id8;
use crate::daemon::{Handle, Local, Refusal, Spaces};

/// Outputs that may wait for their turn; past it the connection stops handling what comes.
const OUTPUTS_MAX: usize = 64;
/// Bytes of chunks handed to the log at once.
const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A connection that stands.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) peer: FeedId,
    pub(super) side: Side,
    pub(super) path: Path,
    pub(super) address: SocketAddr,
    pub(super) since: Stopwatch,
    pub(super) traffic: Arc<Traffic>,
    /// Whether all that both sides want and hold was exchanged at some time.
    pub(super) caught_up: bool,
    /// How many of this node's own entries the peer holds, as far as is known.
    pub(super) holds: Seq,
    /// What it said of the own feed at the opening.
    pub(super) echo: Option<(Seq, Id8)>,
    /// Feeds and entries that the peer is known to hold and this node does not.
    pub(super) coming: (u32, u64),
    /// Whether the peer may read whom this node wants.
    pub(super) is_open: bool,
    /// [`Handle::losses`] when it began.
    pub(super) losses: u64,
    teller: Teller,
}

/// A connection whose handshake is done.
#[derive(Debug)]
pub(super) struct Met {
    pub(super) stream: TcpStream,
    pub(super) channel: Channel,
    pub(super) address: SocketAddr,
}

/// Where a connection's outputs go.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    pub(super) handle: Handle,
    pub(super) events: mpsc::Sender<Event>,
    /// [`Handle::losses`] before anything was read or said: what is to be remembered stands on that.
    pub(super) losses: u64,
}

impl Link {
    /// A link, and the task that runs it until it ends.
    pub(super) fn start(
        id: LinkId,
        met: Met,
        path: Path,
        setup: Setup,
        around: Surroundings,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (teller, orders) = link::orders();
        let traffic = Arc::new(Traffic::default());
        let link = Self {
            peer: met.channel.peer(),
            side: met.channel.side(),
            path,
            address: met.address,
            since: Stopwatch::start(),
            traffic: Arc::clone(&traffic),
            caught_up: false,
            holds: 0,
            echo: None,
            coming: (0, 0),
            is_open: setup.is_open,
            losses: around.losses,
            teller,
        };
        let ends = (orders, link.teller.answerer());
        (link, run(id, met, setup, ends, traffic, around))
    }

    /// Tells the exchange something; one that has ended hears nothing any more.
    pub(super) fn tell(&self, input: Input) {
        self.teller.tell(input);
    }
}

/// The parts that are large or seldom at work stand in boxes, so that the whole holds each once.
fn run(
    id: LinkId,
    met: Met,
    setup: Setup,
    (orders, answerer): (Orders, Answerer),
    traffic: Arc<Traffic>,
    around: Surroundings,
) -> impl Future<Output = ()> + Send + 'static {
    let (outputs, received) = mpsc::channel(OUTPUTS_MAX);
    let reader = around.handle.reader();
    let shelf = move || Box::new(DiskShelf::open(&reader)) as Box<_>;
    let forward = Forward { id, peer: met.channel.peer(), answerer, around: around.clone(), has_lost: false };
    let ports = Ports { orders, outputs, setup, shelf, traffic };
    let drive = Box::pin(link::drive(met.stream, met.channel, ports));
    async move {
        let whole = pin!(async { tokio::join!(drive, forward.run(received)) });
        let ended = match unless_it_panics(whole).await {
            Some((ended, Ok(()))) => ended,
            Some((_, Err(_))) => Ended::Dismissed,
            None => Ended::Broken,
        };
        let _ = around.events.send(Event::Ended(id, ended)).await; // The hub may be gone: then all is over.
    }
}

/// What `future` comes to; `None` where it panicked. A connection that broke must still be reported as ended, or it
/// would count for ever; nobody looks at what it has left.
async fn unless_it_panics<T>(mut future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    poll_fn(|context| {
        let poll = AssertUnwindSafe(|| future.as_mut().poll(context));
        catch_unwind(poll).map_or(Poll::Ready(None), |poll| poll.map(Some))
    })
    .await
}

/// Carries what a connection wants done to those who do it.
struct Forward {
    id: LinkId,
    peer: FeedId,
    answerer: Answerer,
    around: Surroundings,
    /// Something that came could not be written, and only a meeting without a newer token brings it again.
    has_lost: bool,
}

impl Forward {
    /// Runs until the connection has ended and all of it is handed over.
    async fn run(mut self, mut outputs: mpsc::Receiver<Box<Output>>) -> Result<(), Refusal> {
        let (mut chunks, mut bytes) = (Vec::new(), 0);
        while let Some(output) = outputs.recv().await {
            let mut next = Some(*output);
            // Chunks that wait are committed together; everything else keeps its place among them.
            while let Some(output) = next.take() {
                match output {
                    Output::Ingest(chunk) => {
                        bytes += chunk.chunk.len();
                        chunks.push(chunk);
                        if bytes < BATCH_BYTES_MAX {
                            next = outputs.try_recv().ok().map(|output| *output);
                        }
                    }
                    other => {
                        self.ingest(std::mem::take(&mut chunks)).await?;
                        self.pass(other).await?;
                        bytes = 0;
                    }
                }
            }
            self.ingest(std::mem::take(&mut chunks)).await?;
            bytes = 0;
        }
        Ok(())
    }

    async fn ingest(&self, chunks: Vec<Ingest>) -> Result<(), Refusal> {
        if chunks.is_empty() {
            return Ok(());
        }
        let tickets: Vec<_> = chunks.iter().map(|chunk| chunk.ticket).collect();
        let outcomes = self.around.handle.ingest(self.peer, chunks).await?;
        for (ticket, outcome) in tickets.into_iter().zip(outcomes) {
            self.answerer.tell(Input::Ingested(ticket, outcome));
        }
        Ok(())
    }

    async fn remember(&self, space: &'static str, bytes: Vec<u8>) -> Result<(), Refusal> {
        let Surroundings { handle, losses, .. } = &self.around;
        handle.remember(Local::of_feed(space, &self.peer, Some(bytes)), *losses).await
    }

    async fn pass(&mut self, output: Output) -> Result<(), Refusal> {
        let handle = &self.around.handle;
        match output {
            Output::Fork(proof) => handle.fork(proof).await,
            Output::Succeeded(successor) => {
                self.has_lost |= !handle.succeeded(successor).await?;
                Ok(())
            }
            Output::Keep(_) if self.has_lost => Ok(()),
            Output::Branch(feed, chunks) => handle.branch(feed, chunks).await,
            Output::Bodies(feed, from, bodies) => handle.bodies(feed, from, bodies).await,
            Output::Hint(object, author, _) => handle.hint(object, author).await,
            Output::Keep(asked) => self.remember(Spaces::ASKED, asked.encode()).await,
            Output::Remember(served) => self.remember(Spaces::SERVED, served.encode()).await,
            other => {
                let said = Event::Said(self.id, other);
                self.around.events.send(said).await.map_err(|_| Refusal::Stopping)
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write as _;
    use std::path::Path as Folder;
    use std::process::Command;

    use klatch_feed::post::{Person, Post};
    use klatch_feed::succession::SUCCESSORS_MAX;
    use klatch_feed::{EntryId, Head, SecretKey, Succeeds, Successor, Unverified, chunk};
    use klatch_gossip::sync::Outcome;
    use klatch_gossip::sync::memory::Asked;

    use super::*;
    use crate::daemon::create::create;
    use crate::daemon::{Daemon, Options};
    use crate::home::Home;
    use crate::network::Network;

    #[tokio::test]
    async fn a_connection_that_breaks_still_comes_to_an_end() {
        let breaks_late = async {
            tokio::task::yield_now().await;
            panic!("as a bug would");
        };
        assert_eq!(unless_it_panics(pin!(breaks_late)).await, None::<()>);
        assert_eq!(unless_it_panics(pin!(async { 7 })).await, Some(7));
    }

    /// A small file system in memory, gone on drop.
    struct Small<'p>(&'p Folder);

    impl Drop for Small<'_> {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg("-l").arg(self.0).status();
        }
    }

    /// Somebody goes on as somebody else.
    fn successor(network: &Network, number: u32) -> Box<Successor> {
        let mut seed = [2; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        succeeds(network, number, FeedId::new(seed))
    }

    fn succeeds(network: &Network, number: u32, old: FeedId) -> Box<Successor> {
        let seed = |what: u8| {
            let mut seed = [what; 32];
            seed[..4].copy_from_slice(&number.to_be_bytes());
            seed
        };
        let (net, new) = (network.id(), SecretKey::from_seed(&seed(1)));
        let old = Person { feed: old, genesis: EntryId::new(seed(3)) };
        let keep = (3, EntryId::new(seed(4)));
        let recovery = SecretKey::from_seed(&seed(5));
        let succeeds = Succeeds::sign(&net, &recovery, old, keep, [6; 16], &new.feed(), &[7; 32]);
        let post = Post::Genesis { recovery: [7; 32], succeeds: Some(Box::new(succeeds)) };
        let (entry, _) = Head::empty(new.feed()).sign(&net, &new, post.draft(1, [0; 16]).unwrap()).unwrap();
        Box::new(Successor::check(&net, Unverified::clone(&entry)).unwrap())
    }

    fn asked(n: u8) -> Asked {
        Asked { token: [n; 16], root: [n; 16], salt: None, list: vec![], held: vec![], owed: vec![] }
    }

    /// What is remembered of a peer, once all was written that was said before.
    async fn remembered(handle: &Handle, peer: &FeedId) -> Option<Asked> {
        // What nobody waits for is written last in its round: the second question is of a later one.
        handle.set_local(vec![]).await.unwrap();
        handle.set_local(vec![]).await.unwrap();
        let held = handle.reader().snapshot().unwrap().local(Spaces::ASKED, peer.as_bytes()).unwrap();
        held.and_then(|bytes| Asked::decode(&bytes))
    }

    /// The log of a new identity.
    pub(in crate::net) fn started(folder: &Folder) -> (Daemon, Network) {
        let (home, network) = (Home::at(folder.join("home")), Network::public("test").unwrap());
        create(&home, &network, "Ana", |_, _| Ok(())).unwrap();
        let options = Options { live: true, ..Options::default() };
        (Daemon::start(&home, home.lock().unwrap(), options).unwrap(), network)
    }

    /// Somebody who is followed begins when all places for who succeeds them are taken by what says nothing.
    pub(in crate::net) async fn crowd(handle: &Handle, network: &Network) {
        let secret = SecretKey::from_seed(&[8; 32]);
        handle.set_local(vec![Local::of_feed(Spaces::FOLLOW, &secret.feed(), Some(vec![]))]).await.unwrap();
        for number in 0..SUCCESSORS_MAX as u32 {
            assert!(handle.succeeded(succeeds(network, number, secret.feed())).await.unwrap());
        }
        let genesis = Post::Genesis { recovery: [1; 32], succeeds: None }.draft(1, [0; 16]).unwrap();
        let (first, _) = Head::empty(secret.feed()).sign(&network.id(), &secret, genesis).unwrap();
        let chunk = chunk::encode(&[&first], |_| true);
        let ingest = Ingest { ticket: 1, feed: secret.feed(), base8: None, chunk };
        let outcomes = handle.ingest(FeedId::new([9; 32]), vec![ingest]).await.unwrap();
        assert!(matches!(outcomes[..], [Outcome::Accepted(_)]), "{outcomes:?}");
    }

    #[tokio::test]
    async fn no_token_is_kept_of_a_meeting_that_began_before_a_statement_may_have_been_crowded_out() {
        let folder = tempfile::tempdir().unwrap();
        let (daemon, network) = started(folder.path());
        let (handle, peer) = (daemon.handle(), FeedId::new([9; 32]));
        let meets = async |losses, token| {
            let (outputs, received) = mpsc::channel(1);
            let (events, _said) = mpsc::channel(1);
            let around = Surroundings { handle: handle.clone(), events, losses };
            let (teller, _orders) = link::orders();
            let forward =
                Forward { id: LinkId(1), peer, answerer: teller.answerer(), around, has_lost: false };
            outputs.send(Box::new(Output::Keep(asked(token)))).await.unwrap();
            drop(outputs);
            forward.run(received).await.unwrap();
            remembered(&handle, &peer).await
        };
        let before = handle.losses();
        assert_eq!(meets(before, 1).await, Some(asked(1)));
        crowd(&handle, &network).await;
        assert_eq!(meets(before, 2).await, None, "what was said on that connection may be lost");
        assert_eq!(meets(handle.losses(), 3).await, Some(asked(3)));
    }

    #[tokio::test]
    async fn no_token_is_kept_of_a_meeting_of_which_a_statement_found_no_room() {
        let folder = tempfile::tempdir().unwrap();
        let mount = ["-t", "tmpfs", "-o", "size=16m", "tmpfs"];
        let mounted = Command::new("mount").args(mount).arg(folder.path()).output();
        if !mounted.is_ok_and(|mount| mount.status.success()) {
            let absent = "a full disk needs the right to mount a tmpfs";
            assert!(std::env::var_os("KLATCH_REQUIRE").is_none(), "{absent}");
            let _ = writeln!(std::io::stderr(), "SKIPPED: {absent}");
            return;
        }
        let _small = Small(folder.path());
        let (home, network) = (Home::at(folder.path().join("home")), Network::public("full").unwrap());
        create(&home, &network, "Ana", |_, _| Ok(())).unwrap();
        let daemon = Daemon::start(&home, home.lock().unwrap(), Options::default()).unwrap();
        let (handle, peer) = (daemon.handle(), FeedId::new([9; 32]));
        let ballast = folder.path().join("ballast");
        std::fs::write(&ballast, vec![0; 12 << 20]).unwrap();
        // Large ones first, then what they left room for.
        for size in [200_000, 20_000, 2_000] {
            let mut number = 0_u32;
            let fact = |key: u32| {
                let key = [size as u32, key].map(u32::to_be_bytes).concat();
                Local { space: Spaces::PETNAME, key, value: Some(vec![7; size]) }
            };
            while handle.set_local(vec![fact(number)]).await.is_ok() {
                number += 1;
            }
        }
        let mut number = 0;
        while handle.succeeded(successor(&network, number)).await.unwrap() {
            number += 1;
        }
        for (is_full, kept) in [(true, None), (false, Some(asked(1)))] {
            let (outputs, received) = mpsc::channel(1);
            let (events, mut said) = mpsc::channel(1);
            let around = Surroundings { handle: handle.clone(), events, losses: handle.losses() };
            let (teller, _orders) = link::orders();
            let forward =
                Forward { id: LinkId(1), peer, answerer: teller.answerer(), around, has_lost: false };
            let meets = async {
                // Each is passed on when the event after it is.
                outputs.send(Box::new(Output::Succeeded(successor(&network, number)))).await.unwrap();
                outputs.send(Box::new(Output::CaughtUp)).await.unwrap();
                assert!(matches!(said.recv().await, Some(Event::Said(LinkId(1), Output::CaughtUp))));
                if is_full {
                    std::fs::remove_file(&ballast).unwrap();
                    let fact = Local { space: Spaces::PETNAME, key: vec![8; 32], value: Some(vec![]) };
                    handle.set_local(vec![fact]).await.unwrap(); // There is room again.
                }
                outputs.send(Box::new(Output::Keep(asked(u8::from(!is_full))))).await.unwrap();
                drop(outputs);
            };
            tokio::join!(async { forward.run(received).await.unwrap() }, meets);
            assert_eq!(remembered(&handle, &peer).await, kept, "while the disk is full: {is_full}");
        }
    }
}
