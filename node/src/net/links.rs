//! One connection: what the hub knows of it, and the task that runs it.

use std::net::SocketAddr;
use std::sync::Arc;

use klatch_feed::{FeedId, Seq};
use klatch_gossip::link::{self, Ended, LinkId, Ports, Traffic};
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
    inputs: mpsc::UnboundedSender<Input>,
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
        let (inputs, receiver) = mpsc::unbounded_channel();
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
            inputs,
        };
        // Weak, so that the connection closes when the hub drops the link.
        let answers = link.inputs.downgrade();
        (link, run(id, met, setup, (receiver, answers), traffic, around))
    }

    /// Tells the exchange something; one that has ended hears nothing any more.
    pub(super) fn tell(&self, input: Input) {
        let _ = self.inputs.send(input);
    }
}

async fn run(
    id: LinkId,
    met: Met,
    setup: Setup,
    (inputs, answers): (mpsc::UnboundedReceiver<Input>, mpsc::WeakUnboundedSender<Input>),
    traffic: Arc<Traffic>,
    around: Surroundings,
) {
    let (outputs, received) = mpsc::channel(OUTPUTS_MAX);
    let reader = around.handle.reader();
    let shelf = move || Box::new(DiskShelf::open(&reader)) as Box<_>;
    let forward = Forward { id, peer: met.channel.peer(), answers, around: around.clone() };
    let ports = Ports { id, inputs, outputs, setup, shelf, traffic };
    let drive = link::drive(met.stream, met.channel, ports);
    let (ended, stopped) = tokio::join!(drive, forward.run(received));
    let ended = if stopped.is_err() { Ended::Dismissed } else { ended };
    let _ = around.events.send(Event::Ended(id, ended)).await; // The hub may be gone: then all is over.
}

/// Carries what a connection wants done to those who do it.
struct Forward {
    id: LinkId,
    peer: FeedId,
    answers: mpsc::WeakUnboundedSender<Input>,
    around: Surroundings,
}

impl Forward {
    /// Runs until the connection has ended and all of it is handed over.
    async fn run(self, mut outputs: mpsc::Receiver<(LinkId, Output)>) -> Result<(), Refusal> {
        let (mut chunks, mut bytes) = (Vec::new(), 0);
        while let Some((_, output)) = outputs.recv().await {
            let mut next = Some(output);
            // Chunks that wait are committed together; everything else keeps its place among them.
            while let Some(output) = next.take() {
                match output {
                    Output::Ingest(chunk) => {
                        bytes += chunk.chunk.len();
                        chunks.push(chunk);
                        if bytes < BATCH_BYTES_MAX {
                            next = outputs.try_recv().ok().map(|(_, output)| output);
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
        if let Some(answers) = self.answers.upgrade() {
            for (ticket, outcome) in tickets.into_iter().zip(outcomes) {
                let _ = answers.send(Input::Ingested(ticket, outcome)); // Ended meanwhile.
            }
        }
        Ok(())
    }

    async fn remember(&self, space: &'static str, bytes: Vec<u8>) -> Result<(), Refusal> {
        self.around.handle.remember(Local::of_feed(space, &self.peer, Some(bytes))).await
    }

    async fn pass(&self, output: Output) -> Result<(), Refusal> {
        let handle = &self.around.handle;
        match output {
            Output::Fork(proof) => handle.fork(proof).await,
            Output::Bodies(feed, from, bodies) => handle.bodies(feed, from, bodies).await,
            Output::Hint(object, author, _) => handle.hint(object, author).await,
            Output::Keep(asked) => self.remember(Spaces::ASKED, asked.encode()).await,
            Output::Remember(served) => self.remember(Spaces::SERVED, served.encode()).await,
            // Every connection hears of every change: nothing is to be done about it.
            Output::Listens { .. } => Ok(()),
            other => {
                let said = Event::Said(self.id, other);
                self.around.events.send(said).await.map_err(|_| Refusal::Stopping)
            }
        }
    }
}
