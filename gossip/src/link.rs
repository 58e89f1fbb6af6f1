//! One connection: drives a [`Channel`] and an [`Exchange`](crate::sync::Exchange) over a stream of bytes.
//!
//! [`initiate`] or [`respond`] makes the channel; whoever called them then decides whether to keep the peer
//! ([`crate::peers`]), and [`drive`] runs until the connection ends. `drive` owns nothing of the log: it
//! reads through a [`Shelf`], and whatever would write goes to the owner as an [`Output`].
//!
//! Three things keep a connection's memory bounded without a deadlock between two nodes that send to each other:
//! nothing that came is handled while [`OUTBOX_BYTES_MAX`] wait to be sent, or while the owner has
//! [`UNANSWERED_BYTES_MAX`] or [`PENDING_MAX`] outputs to work off; but what comes is still read and decrypted, up
//! to [`INBOX_BYTES_MAX`]: more than the other side can have waiting when it, too, has stopped handling. What the
//! owner says waits as [`Orders`], merged by feed, so a slow reader costs no queue. A connection that has nothing
//! to do holds no buffer at all: a pub has thousands of them.
//!
//! Two more keep one that talks without end from taking the time of others: after [`TURN_MESSAGES_MAX`] messages
//! other connections have their turn, and an `allowance` of frames and messages comes back at a steady rate.
//!
//! Absent on purpose: TCP itself (callers set `TCP_NODELAY`), and retries. Source: spec/gossip.md, "connections".

mod allowance;
mod orders;
mod pump;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use klatch_feed::FeedId;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

pub use orders::{Answerer, Orders, Teller, orders};

use crate::noise::frame::FrameError;
use crate::noise::{
    Channel, FIRST_BYTES, HandshakeError, Initiator, Local, Responder, SECOND_BYTES, THIRD_BYTES,
};
use crate::sync::{Output, Reason, Setup, Shelf};
use pump::Pump;

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
    /// What ran it panicked.
    #[error("a bug in this node broke the connection")]
    Broken,
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
    /// From the owner, who never waits for a connection; dropping the [`Teller`] closes it.
    pub orders: Orders,
    /// To the owner, in order. The owner must go on receiving until [`drive`] returns.
    pub outputs: mpsc::Sender<Box<Output>>,
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
pub fn drive<S, F>(stream: S, channel: Channel, ports: Ports<F>) -> impl Future<Output = Ended> + use<S, F>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn() -> Box<dyn Shelf>,
{
    Box::new(Pump::new(stream, channel, ports)).drive()
}
