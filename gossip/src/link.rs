//! One connection: drives a [`Channel`] and an [`Exchange`] over a stream of bytes.
//!
//! [`initiate`] or [`respond`] makes the channel; whoever called them then decides whether to keep the peer
//! ([`crate::peers`]), and [`drive`] runs until the connection ends. `drive` owns nothing of the log: it
//! reads through a [`Shelf`], and whatever would write goes to the owner as an [`Output`].
//!
//! Three things keep a connection's memory bounded without a deadlock between two nodes that send to each other:
//! nothing that came is handled while [`OUTBOX_BYTES_MAX`] wait to be sent, or while the owner has
//! [`UNANSWERED_BYTES_MAX`] or [`PENDING_MAX`] outputs to work off; but what comes is still read and decrypted, up
//! to [`INBOX_BYTES_MAX`]: more than the other side can have waiting when it, too, has stopped handling. Changes
//! of the log that meet a full outbox are merged by feed, so a slow reader costs no queue.
//!
//! Two more keep one that talks without end from taking the time of others: after [`TURN_MESSAGES_MAX`] messages
//! other connections have their turn, and an `allowance` of frames and messages comes back at a steady rate.
//!
//! Absent on purpose: TCP itself (callers set `TCP_NODELAY`), and retries. Source: spec/gossip.md, "connections".

mod allowance;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use klatch_feed::{EntryId, FeedId};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use allowance::Allowance;

use crate::noise::frame::{FrameError, Inbox, Outbox};
use crate::noise::{
    Channel, FIRST_BYTES, HandshakeError, Initiator, Local, Responder, SECOND_BYTES, THIRD_BYTES,
};
use crate::sync::{Change, Exchange, Input, Millis, Output, Reason, Setup, Shelf};

/// A handshake takes at most this long, all three messages.
pub const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
/// A connection lives at most this long; then a new one brings fresh keys.
pub const LIFE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// A peer that takes none of the bytes waiting for it for this long is gone.
pub const STALL_MAX: Duration = Duration::from_secs(60);
/// What a connection that ends still has to send is given this long.
pub const FAREWELL_MAX: Duration = Duration::from_secs(1);
/// Messages are handled while fewer bytes than these wait to be sent.
pub const OUTBOX_BYTES_MAX: usize = 256 * 1024;
/// The socket is read while fewer decrypted bytes than these wait to be handled.
pub const INBOX_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Messages are handled while the owner has fewer bytes than these to accept or refuse.
pub const UNANSWERED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Messages are handled while fewer outputs than these wait for the owner.
pub const PENDING_MAX: usize = 256;

/// Messages handled before other connections have their turn.
pub const TURN_MESSAGES_MAX: usize = 256;

/// Least and most room that one read of the socket is given.
const READ_BYTES_MIN: usize = 2 * 1024;
const READ_BYTES_MAX: usize = 256 * 1024;

/// A connection of this process, as its owner numbers them.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LinkId(pub u64);

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum OpenError {
    /// [`HANDSHAKE_MAX`] passed.
    #[error("the other end took too long")]
    TooSlow,
    /// It closed without a word: what a node does that is not looked for, or in another network.
    #[error("no answer: nobody there is {0} in this network")]
    NoAnswer(FeedId),
    /// It closed in the middle.
    #[error("the other end closed the connection")]
    Hangup,
    /// It answered, and wrongly.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The socket failed.
    #[error(transparent)]
    Io(io::Error),
}

/// How a connection ended.
#[derive(Debug, Error)]
pub enum Ended {
    /// The exchange ended it.
    #[error(transparent)]
    Closed(Reason),
    /// The peer closed it.
    #[error("the peer closed the connection")]
    Hangup,
    /// The owner let go of the inputs.
    #[error("this node closed the connection")]
    Dismissed,
    /// [`LIFE_MAX`] passed: dial again.
    #[error("the connection is a day old")]
    Expired,
    /// [`STALL_MAX`] passed.
    #[error("the peer stopped reading")]
    Stalled,
    /// Bytes that are no frames.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The socket failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Bytes that crossed the socket since the handshake, counted as they cross.
#[derive(Debug, Default)]
pub struct Traffic {
    received: AtomicU64,
    sent: AtomicU64,
}

impl Traffic {
    /// Bytes received.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Bytes sent.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

/// What joins a connection to the one who owns the log.
#[derive(Debug)]
pub struct Ports<F> {
    /// Named in every output.
    pub id: LinkId,
    /// From the owner, who never waits for a connection; dropping the other end closes it.
    pub inputs: mpsc::UnboundedReceiver<Input>,
    /// To the owner, in order. The owner must go on receiving until [`drive`] returns.
    pub outputs: mpsc::Sender<(LinkId, Output)>,
    /// What the exchange starts from.
    pub setup: Setup,
    /// Opens the log as it is now. Called once for each batch of inputs.
    pub shelf: F,
    /// Where bytes are counted.
    pub traffic: Arc<Traffic>,
}

/// Shakes hands with `expected` on a stream that this side opened.
///
/// # Errors
///
/// [`OpenError`]. Where the network key or the expected feed is wrong it is [`OpenError::NoAnswer`].
pub async fn initiate<S>(stream: &mut S, local: &Local, expected: FeedId) -> Result<Channel, OpenError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let handshake = async {
        let (initiator, first) = Initiator::start(local, expected)?;
        send(stream, &first).await?;
        let second = match receive::<SECOND_BYTES>(stream, 2).await {
            Err(OpenError::Hangup) => return Err(OpenError::NoAnswer(expected)),
            other => other?,
        };
        let (channel, third) = initiator.finish(local, &second)?;
        send(stream, &third).await?;
        Ok(channel)
    };
    timeout(HANDSHAKE_MAX, handshake).await.unwrap_or(Err(OpenError::TooSlow))
}

/// Answers a handshake on a stream that the other side opened.
///
/// # Errors
///
/// [`OpenError`]; the caller drops the stream without a word.
pub async fn respond<S>(stream: &mut S, local: &Local) -> Result<Channel, OpenError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let handshake = async {
        let first = receive::<FIRST_BYTES>(stream, 1).await?;
        let (responder, second) = Responder::answer(local, &first)?;
        send(stream, &second).await?;
        let third = receive::<THIRD_BYTES>(stream, 3).await?;
        Ok(responder.finish(local, &third)?)
    };
    timeout(HANDSHAKE_MAX, handshake).await.unwrap_or(Err(OpenError::TooSlow))
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, message: &[u8]) -> Result<(), OpenError> {
    let prefix = u16::try_from(message.len()).expect("handshake messages are at most 192 bytes");
    let frame = [&prefix.to_be_bytes()[..], message].concat();
    stream.write_all(&frame).await.map_err(open_error)
}

/// Each handshake message has one length, so any other is refused by its prefix.
async fn receive<const N: usize>(
    stream: &mut (impl AsyncRead + Unpin),
    message: u8,
) -> Result<[u8; N], OpenError> {
    let found = usize::from(stream.read_u16().await.map_err(open_error)?);
    if found != N {
        return Err(HandshakeError::Length { message, expected: N, found }.into());
    }
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.map_err(open_error)?;
    Ok(bytes)
}

fn open_error(error: io::Error) -> OpenError {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};

    match error.kind() {
        UnexpectedEof | ConnectionReset | BrokenPipe => OpenError::Hangup,
        _ => OpenError::Io(error),
    }
}

/// Runs the connection until it ends, and says how.
///
/// All outputs that came before the end reach the owner.
pub async fn drive<S, F>(stream: S, channel: Channel, ports: Ports<F>) -> Ended
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn() -> Box<dyn Shelf>,
{
    let clock = Clock::start();
    let exchange = Exchange::new(ports.setup, clock.now());
    let mut pump = Pump {
        exchange,
        channel,
        shelf: ports.shelf,
        inbox: Inbox::default(),
        outbox: Outbox::default(),
        wire: Vec::new(),
        wire_sent: 0,
        pending: VecDeque::new(),
        changed: BTreeMap::new(),
        unanswered: BTreeMap::new(),
        allowance: Allowance::new(clock.now()),
        room_owed: false,
        closing: None,
    };
    let mut inputs = ports.inputs;
    let ended = pump.run(stream, &clock, &mut inputs, (ports.id, &ports.outputs), &ports.traffic).await;
    for output in pump.pending {
        // Only a process that is ending has dropped the other end.
        let _ = ports.outputs.send((ports.id, output)).await;
    }
    ended
}

/// Milliseconds since the connection was made.
struct Clock(Instant);

#[expect(clippy::disallowed_methods, reason = "the one place that gives exchanges their time")]
impl Clock {
    fn start() -> Self {
        Self(Instant::now())
    }

    fn now(&self) -> Millis {
        Millis::try_from(self.0.elapsed().as_millis()).expect("less than 500 million years")
    }

    fn at(&self, millis: Millis) -> Instant {
        self.0 + Duration::from_millis(millis)
    }
}

struct Pump<F> {
    exchange: Exchange,
    channel: Channel,
    shelf: F,
    inbox: Inbox,
    outbox: Outbox,
    /// Sealed, and sent up to `wire_sent`.
    wire: Vec<u8>,
    wire_sent: usize,
    /// For the owner.
    pending: VecDeque<Output>,
    /// Changes that the exchange has not been told of.
    changed: BTreeMap<FeedId, Change>,
    /// Bytes of each ingest that the owner has not answered, by ticket.
    unanswered: BTreeMap<u64, usize>,
    /// What the peer may still say.
    allowance: Allowance,
    /// Something was sent since the exchange was last told that there is room.
    room_owed: bool,
    closing: Option<Ended>,
}

impl<F: Fn() -> Box<dyn Shelf>> Pump<F> {
    async fn run<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: S,
        clock: &Clock,
        inputs: &mut mpsc::UnboundedReceiver<Input>,
        (id, outputs): (LinkId, &mpsc::Sender<(LinkId, Output)>),
        traffic: &Traffic,
    ) -> Ended {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut patience = Patience { life: clock.at(0) + LIFE_MAX, write: None, farewell: None };
        let mut read_room = READ_BYTES_MIN;
        let alarm = tokio::time::sleep_until(patience.life);
        tokio::pin!(alarm);
        if let Ok(first) = inputs.try_recv() {
            self.take(clock.now(), first, inputs); // The first message says how much is wanted.
        }
        loop {
            let is_more = match self.work(clock.now()) {
                Ok(is_more) => is_more,
                Err(error) => return error.into(),
            };
            self.seal(clock.now());
            if self.wire.is_empty()
                && let Some(ended) = self.closing.take()
            {
                let _ = writer.shutdown().await; // The connection is over either way.
                return ended;
            }
            patience.note(clock, self.closing.is_some(), self.wire.is_empty());
            let again = self.allowance.again_at(clock.now()).map(|at| clock.at(at));
            let due = self.exchange.poll_timeout().map(|at| clock.at(at));
            let wake = patience.ends([due, again].into_iter().flatten().min());
            if alarm.deadline() != wake {
                alarm.as_mut().reset(wake);
            }
            let reading =
                self.closing.is_none() && again.is_none() && self.inbox.buffered() < INBOX_BYTES_MAX;
            if reading {
                let room = read_room.max(self.inbox.wanting());
                self.inbox.wire().reserve(room);
            }
            tokio::select! {
                read = reader.read_buf(self.inbox.wire()), if reading => match read {
                    Ok(0) => return Ended::Hangup,
                    Ok(size) => {
                        traffic.received.fetch_add(size as u64, Ordering::Relaxed);
                        read_room = next_room(read_room, size);
                        match self.inbox.unseal(&mut self.channel) {
                            Ok(frames) => self.allowance.frames(frames),
                            Err(error) => return error.into(),
                        }
                    }
                    Err(error) => return error.into(),
                },
                written = writer.write(&self.wire[self.wire_sent..]), if !self.wire.is_empty() => match written {
                    Ok(size) => {
                        traffic.sent.fetch_add(size as u64, Ordering::Relaxed);
                        self.wire_sent += size;
                        patience.write = None;
                    }
                    Err(error) => return error.into(),
                },
                input = inputs.recv(), if self.closing.is_none() => match input {
                    Some(input) => self.take(clock.now(), input, inputs),
                    None => self.closing = Some(Ended::Dismissed),
                },
                permit = outputs.reserve(), if !self.pending.is_empty() => {
                    let Ok(permit) = permit else { return Ended::Dismissed };
                    permit.send((id, self.pending.pop_front().expect("not empty, by the condition")));
                }
                () = tokio::task::yield_now(), if is_more => {}
                () = &mut alarm => {
                    if let Some(ended) = patience.ended(clock.at(clock.now())) {
                        return self.closing.take().unwrap_or(ended);
                    }
                    self.handle(clock.now(), Input::Elapsed, &*(self.shelf)());
                }
            }
        }
    }

    /// Takes what the owner says, and all else that it has said by now.
    fn take(&mut self, now: Millis, first: Input, inputs: &mut mpsc::UnboundedReceiver<Input>) {
        let mut next = Some(first);
        let mut shelf = None;
        while let Some(input) = next {
            match input {
                Input::Changed(changes) => {
                    changes.into_iter().for_each(|change| self.merge(change));
                }
                other => {
                    let shelf = shelf.get_or_insert_with(|| (self.shelf)());
                    self.handle(now, other, &**shelf);
                }
            }
            next = inputs.try_recv().ok();
        }
    }

    /// Keeps a change until there is room for what follows from it: one a feed, however many there are.
    fn merge(&mut self, change: Change) {
        match self.changed.entry(change.feed) {
            Entry::Vacant(free) => drop(free.insert(change)),
            Entry::Occupied(mut held) => {
                let held = held.get_mut();
                held.clock.1 = held.clock.1.max(change.clock.1);
                let known: BTreeSet<EntryId> = held.objects.iter().map(|(object, _)| *object).collect();
                held.objects.extend(change.objects.into_iter().filter(|(object, _)| !known.contains(object)));
            }
        }
    }

    /// Handles what has come, as far as there is room for what follows from it; whether others are to have
    /// their turn before it goes on.
    fn work(&mut self, now: Millis) -> Result<bool, FrameError> {
        let mut shelf = None;
        for _ in 0..TURN_MESSAGES_MAX {
            if !self.has_room() || self.allowance.again_at(now).is_some() {
                return Ok(false);
            }
            let input = if self.changed.is_empty() {
                match self.inbox.next_message()? {
                    Some(message) => {
                        self.allowance.message(&message);
                        Input::Message(message)
                    }
                    None => return Ok(false),
                }
            } else {
                Input::Changed(std::mem::take(&mut self.changed).into_values().collect())
            };
            let shelf = shelf.get_or_insert_with(|| (self.shelf)());
            self.handle(now, input, &**shelf);
        }
        Ok(true)
    }

    fn has_room(&self) -> bool {
        self.closing.is_none()
            && self.outbox.len() < OUTBOX_BYTES_MAX
            && self.pending.len() < PENDING_MAX
            && self.unanswered.values().sum::<usize>() < UNANSWERED_BYTES_MAX
    }

    fn handle(&mut self, now: Millis, input: Input, shelf: &dyn Shelf) {
        if let Input::Ingested(ticket, _) = &input {
            self.unanswered.remove(ticket);
        }
        self.exchange.handle(now, input, shelf);
        while let Some(output) = self.exchange.poll_output() {
            match output {
                Output::Send(message) => {
                    self.outbox.push(&message);
                    self.room_owed = true;
                }
                Output::Close(reason) => self.closing = Some(Ended::Closed(reason)),
                other => {
                    if let Output::Ingest(ingest) = &other {
                        self.unanswered.insert(ingest.ticket, ingest.chunk.len());
                    }
                    self.pending.push_back(other);
                }
            }
        }
    }

    /// Seals the next frame once the last one has left.
    fn seal(&mut self, now: Millis) {
        if self.wire_sent < self.wire.len() {
            return;
        }
        self.wire.clear();
        self.wire_sent = 0;
        let mut is_sealed = self.outbox.seal(&mut self.channel, &mut self.wire);
        if self.room_owed && self.outbox.is_empty() {
            self.room_owed = false;
            self.handle(now, Input::Room, &*(self.shelf)());
            is_sealed = is_sealed || self.outbox.seal(&mut self.channel, &mut self.wire);
        }
        if !is_sealed {
            self.wire.shrink_to(READ_BYTES_MIN); // Idle: a pub holds thousands of links.
        }
    }
}

/// When a connection has had its time, whatever the exchange says.
struct Patience {
    life: Instant,
    /// Bytes wait for the peer, and it must take some by then.
    write: Option<Instant>,
    /// The connection is ending, and what waits must have left by then.
    farewell: Option<Instant>,
}

impl Patience {
    fn note(&mut self, clock: &Clock, is_closing: bool, nothing_waits: bool) {
        let now = clock.at(clock.now());
        if is_closing {
            self.farewell.get_or_insert(now + FAREWELL_MAX);
        }
        if nothing_waits {
            self.write = None;
        } else {
            self.write.get_or_insert(now + STALL_MAX);
        }
    }

    /// The next moment at which there is something to do.
    fn ends(&self, exchange: Option<Instant>) -> Instant {
        [self.write, self.farewell, exchange].into_iter().flatten().fold(self.life, Instant::min)
    }

    fn ended(&self, now: Instant) -> Option<Ended> {
        let is_past = |by: Option<Instant>| by.is_some_and(|by| by <= now);
        if is_past(self.write) || is_past(self.farewell) {
            Some(Ended::Stalled)
        } else {
            (self.life <= now).then_some(Ended::Expired)
        }
    }
}

/// Grows with what the socket gives, so that a bulk transfer reads in large pieces and an idle link holds little.
fn next_room(room: usize, size: usize) -> usize {
    if size >= room {
        (room * 4).min(READ_BYTES_MAX)
    } else if size < room / 4 {
        (room / 4).max(READ_BYTES_MIN)
    } else {
        room
    }
}
