//! The loop of one connection: socket, channel, exchange and owner, each served as the others leave room.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use klatch_feed::FeedId;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

use super::allowance::Allowance;
use super::orders::{Changed, Orders};
use super::{
    Ended, FAREWELL_MAX, INBOX_BYTES_MAX, LIFE_MAX, OUTBOX_BYTES_MAX, PENDING_MAX, Ports, STALL_MAX,
    TURN_MESSAGES_MAX, Traffic, UNANSWERED_BYTES_MAX,
};
use crate::noise::Channel;
use crate::noise::frame::{FrameError, Inbox, Outbox};
use crate::sync::{Exchange, Input, Millis, Output, Shelf};

/// What one read of the socket may bring.
const READ_BYTES_MAX: usize = 64 * 1024;

/// An output of more bytes than these is large.
const LARGE_BYTES: usize = 64 * 1024;

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

/// One connection and all it holds.
pub(super) struct Pump<S, F> {
    stream: S,
    clock: Clock,
    exchange: Exchange,
    channel: Channel,
    shelf: F,
    orders: Orders,
    outputs: mpsc::Sender<Box<Output>>,
    traffic: Arc<Traffic>,
    inbox: Inbox,
    outbox: Outbox,
    /// Sealed, and sent up to `wire_sent`.
    wire: Vec<u8>,
    wire_sent: usize,
    /// For the owner, and what it takes without what is ingested.
    pending: VecDeque<Box<Output>>,
    pending_bytes: usize,
    /// Changes that the exchange has not been told of.
    changed: Changed,
    /// Bytes of each ingest that the owner has not answered, by ticket.
    unanswered: BTreeMap<u64, usize>,
    /// What the peer may still say.
    allowance: Allowance,
    /// Something was sent since the exchange was last told that there is room.
    room_owed: bool,
    closing: Option<Ended>,
}

/// Bytes that crossed the socket; `None` = not this way, this time.
struct Moved {
    read: Option<io::Result<usize>>,
    written: Option<io::Result<usize>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin, F: Fn() -> Box<dyn Shelf>> Pump<S, F> {
    pub(super) fn new(stream: S, channel: Channel, ports: Ports<F>) -> Self {
        let clock = Clock::start();
        Self {
            stream,
            exchange: Exchange::new(ports.setup, clock.now()),
            allowance: Allowance::new(clock.now()),
            clock,
            channel,
            shelf: ports.shelf,
            orders: ports.orders,
            outputs: ports.outputs,
            traffic: ports.traffic,
            inbox: Inbox::default(),
            outbox: Outbox::default(),
            wire: Vec::new(),
            wire_sent: 0,
            pending: VecDeque::new(),
            pending_bytes: 0,
            changed: Changed::default(),
            unanswered: BTreeMap::new(),
            room_owed: false,
            closing: None,
        }
    }

    /// Runs until the end; what is for the owner by then still reaches it.
    /// In a box, or the future would hold it twice.
    pub(super) async fn drive(mut self: Box<Self>) -> Ended {
        let ended = self.run().await;
        let Self { pending, outputs, .. } = *self; // All else is let go of, however long the owner takes.
        for output in pending {
            // Only a process that is ending has dropped the other end.
            let _ = outputs.send(output).await;
        }
        ended
    }

    async fn run(&mut self) -> Ended {
        let outputs = self.outputs.clone();
        let mut patience = Patience { life: self.clock.at(0) + LIFE_MAX, write: None, farewell: None };
        let alarm = tokio::time::sleep_until(patience.life);
        tokio::pin!(alarm);
        if let Some(first) = self.orders.try_next() {
            self.take(first); // The first message says how much is wanted.
        }
        loop {
            let is_more = match self.work() {
                Ok(is_more) => is_more,
                Err(error) => return error.into(),
            };
            self.seal();
            if self.wire.is_empty()
                && let Some(ended) = self.closing.take()
            {
                let _ = self.stream.shutdown().await; // The connection is over either way.
                return ended;
            }
            let again = self.allowance.again_at(self.clock.now());
            self.set_alarm(&mut patience, again, alarm.as_mut());
            let is_open = self.closing.is_none();
            let has_room = is_open && again.is_none() && self.inbox.buffered() < INBOX_BYTES_MAX;
            let room = self.room_for_next(&outputs);
            let wire = has_room.then(|| self.inbox.wire());
            tokio::select! {
                moved = transfer(&mut self.stream, wire, &self.wire[self.wire_sent..]) => {
                    if moved.written.is_some() {
                        patience.write = None;
                    }
                    if let Err(ended) = self.moved(moved) {
                        return ended;
                    }
                }
                input = self.orders.next(), if is_open => match input {
                    Some(input) => self.take(input),
                    None => self.closing = Some(Ended::Dismissed),
                },
                permits = outputs.reserve_many(room), if !self.pending.is_empty() => {
                    let Ok(mut permits) = permits else { return Ended::Dismissed };
                    let output = self.pending.pop_front().expect("not empty, by the condition");
                    self.pending_bytes -= weight(&output);
                    permits.next().expect("at least one was asked for").send(output);
                    if self.pending.is_empty() {
                        self.pending = VecDeque::new();
                    }
                }
                () = tokio::task::yield_now(), if is_more => {}
                () = &mut alarm => {
                    if let Some(ended) = patience.ended(self.clock.at(self.clock.now())) {
                        return self.closing.take().unwrap_or(ended);
                    }
                    self.handle(Input::Elapsed, &*(self.shelf)());
                }
            }
        }
    }

    fn moved(&mut self, moved: Moved) -> Result<(), Ended> {
        if let Some(size) = moved.written.transpose()? {
            self.traffic.sent.fetch_add(size as u64, Ordering::Relaxed);
            self.wire_sent += size;
        }
        match moved.read.transpose()? {
            Some(0) => return Err(Ended::Hangup),
            Some(size) => {
                self.traffic.received.fetch_add(size as u64, Ordering::Relaxed);
                let frames = self.inbox.unseal(&mut self.channel)?;
                self.allowance.frames(frames);
                if frames > 0 {
                    self.exchange.heard(self.clock.now());
                    self.exchange.awaits_rest(self.clock.now(), self.inbox.is_part());
                }
            }
            None => {}
        }
        Ok(())
    }

    fn set_alarm(&self, patience: &mut Patience, again: Option<Millis>, alarm: Pin<&mut Sleep>) {
        patience.note(&self.clock, self.closing.is_some(), self.wire.is_empty());
        let due = [self.exchange.poll_timeout(), again].into_iter().flatten().min();
        let wake = patience.ends(due.map(|at| self.clock.at(at)));
        if alarm.deadline() != wake {
            alarm.reset(wake);
        }
    }

    /// Takes what the owner says, and all else that it has said by now.
    fn take(&mut self, first: Input) {
        let (mut next, mut others) = (Some(first), Vec::new());
        while let Some(input) = next {
            match input {
                Input::Changed(changes) => self.changed.merge(changes),
                Input::Listening(_) if !self.changed.is_empty() => {
                    others.extend([self.changed.take(), input])
                }
                other => others.push(other),
            }
            next = self.orders.try_next();
        }
        if !others.is_empty() {
            let shelf = (self.shelf)(); // Opened now, so that it shows all that they tell of.
            others.into_iter().for_each(|other| self.handle(other, &*shelf));
        }
    }

    /// Handles what has come, as far as there is room for what follows from it; whether others are to have
    /// their turn before it goes on.
    fn work(&mut self) -> Result<bool, FrameError> {
        let mut shelf = None;
        for _ in 0..TURN_MESSAGES_MAX {
            if !self.has_room() || self.allowance.again_at(self.clock.now()).is_some() {
                return Ok(false);
            }
            let input = if self.changed.is_empty() {
                match self.inbox.next_message()? {
                    Some(message) => {
                        self.allowance.message(&message);
                        Input::Message(message)
                    }
                    None => {
                        self.exchange.awaits_rest(self.clock.now(), self.inbox.is_part());
                        return Ok(false);
                    }
                }
            } else {
                self.changed.take()
            };
            let shelf = shelf.get_or_insert_with(|| (self.shelf)());
            self.handle(input, &**shelf);
        }
        Ok(true)
    }

    fn has_room(&self) -> bool {
        self.closing.is_none()
            && self.outbox.len() < OUTBOX_BYTES_MAX
            && self.pending.len() < PENDING_MAX
            && self.unanswered.values().sum::<usize>() + self.pending_bytes < UNANSWERED_BYTES_MAX
    }

    /// How much of the way to the owner is to be free for the next output: for what is large, and is not answered
    /// for, all of it, so that one such waits there at a time.
    fn room_for_next(&self, outputs: &mpsc::Sender<Box<Output>>) -> usize {
        match self.pending.front() {
            Some(output) if weight(output) > LARGE_BYTES => outputs.max_capacity(),
            _ => 1,
        }
    }

    fn handle(&mut self, input: Input, shelf: &dyn Shelf) {
        if let Input::Ingested(ticket, _) = &input {
            self.unanswered.remove(ticket);
        }
        self.exchange.handle(self.clock.now(), input, shelf);
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
                    self.pending_bytes += weight(&other);
                    self.pending.push_back(Box::new(other));
                }
            }
        }
    }

    /// Seals the next frame once the last one has left.
    fn seal(&mut self) {
        if self.wire_sent < self.wire.len() {
            return;
        }
        self.wire.clear();
        self.wire_sent = 0;
        let mut is_sealed = self.outbox.seal(&mut self.channel, &mut self.wire);
        if self.room_owed && self.outbox.is_empty() {
            self.room_owed = false;
            self.handle(Input::Room, &*(self.shelf)());
            is_sealed = is_sealed || self.outbox.seal(&mut self.channel, &mut self.wire);
        }
        if !is_sealed {
            self.wire = Vec::new();
        }
    }
}

/// Bytes that an output holds on to until the owner has done it; what is ingested is counted until it is answered.
fn weight(output: &Output) -> usize {
    match output {
        Output::Bodies(_, _, bodies) => bodies.iter().flatten().map(Vec::len).sum(),
        Output::Branch(_, chunks) => chunks.iter().map(Vec::len).sum(),
        Output::Fork(proof) => proof.encode().len(),
        Output::Keep(asked) => size_of_val(&asked.list[..]),
        Output::Remember(served) => size_of_val(&served.list[..]),
        Output::Listens { add, del, .. } => (add.len() + del.len()) * size_of::<FeedId>(),
        _ => 0,
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

/// Reads onto `wire`, where there is room, and writes of `unsent`, as soon as one of the two can be done.
///
/// What comes goes by way of the stack: who waits for it holds no buffer. Nothing is lost where the future is dropped.
async fn transfer<S>(stream: &mut S, mut wire: Option<&mut Vec<u8>>, unsent: &[u8]) -> Moved
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    poll_fn(|context| {
        let mut moved = Moved { read: None, written: None };
        if !unsent.is_empty()
            && let Poll::Ready(written) = Pin::new(&mut *stream).poll_write(context, unsent)
        {
            moved.written = Some(written);
        }
        if let Some(wire) = wire.as_mut() {
            let mut room = [const { MaybeUninit::uninit() }; READ_BYTES_MAX];
            let mut read = ReadBuf::uninit(&mut room);
            if let Poll::Ready(done) = Pin::new(&mut *stream).poll_read(context, &mut read) {
                wire.extend_from_slice(read.filled());
                moved.read = Some(done.map(|()| read.filled().len()));
            }
        }
        match moved {
            Moved { read: None, written: None } => Poll::Pending,
            moved => Poll::Ready(moved),
        }
    })
    .await
}
