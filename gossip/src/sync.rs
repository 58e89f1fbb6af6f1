//! Replication with one peer as a state machine without I/O.
//!
//! Reads of the log are an argument ([`Shelf`], a snapshot that answers at once); writes are outputs,
//! because only the store's owner may accept an entry. After each [`Exchange::handle`], drain
//! [`Exchange::poll_output`] to `None`, then wait until [`Exchange::poll_timeout`].
//! Source: spec/gossip.md, "exchange".

use klatch_feed::{AcceptError, EntryId, FeedId, ForkProof, NetId, Seq};

/// Milliseconds of a monotonic clock that the caller keeps.
pub type Millis = u64;

/// What is held of one feed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FeedState {
    /// Accepted entries (an anchor, at most the cap).
    pub len: Seq,
    /// The last accepted entry; `None` iff `len` is 0.
    pub tip: Option<EntryId>,
    /// The lowest proven fork's cap, if any.
    pub cap: Option<Seq>,
}

/// What an exchange reads of the log. Two implementations: the store's reader in `node`, and memory in `sim`.
/// Everything it answers is accepted, or part of a proof.
pub trait Shelf {
    /// What is held of `feed`; `None` if nothing is.
    fn state(&self, feed: &FeedId) -> Option<FeedState>;
    /// Ids at these places of the accepted chain, `None` past its end.
    fn ids(&self, feed: &FeedId, seqs: &[Seq]) -> Vec<Option<EntryId>>;
    /// A chunk in compact form from `from` on, at most [`klatch_feed::K`] entries, that ends on an anchor;
    /// `None` past the end. `headers_only` leaves droppable bodies out.
    fn chunk(&self, feed: &FeedId, from: Seq, headers_only: bool) -> Option<Vec<u8>>;
    /// Bodies of the entries `from..from+count`, `None` where not held; stops early at 768 KiB.
    fn bodies(&self, feed: &FeedId, from: Seq, count: u32) -> Vec<Option<Vec<u8>>>;
    /// Places of accepted entries whose bodies are not held and may be asked for, at most 256.
    fn missing_bodies(&self, feed: &FeedId) -> Vec<Seq>;
    /// The proof behind the feed's cap.
    fn proof(&self, feed: &FeedId) -> Option<ForkProof>;
    /// Feeds with an entry that refs `object`, with the place of one such entry; at most 4,096.
    fn about(&self, object: &EntryId) -> Vec<(FeedId, Seq)>;
}

/// A chunk that came, for the store's owner to accept or refuse.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ingest {
    /// Names it in [`Input::Ingested`].
    pub ticket: u64,
    /// Whose feed.
    pub feed: FeedId,
    /// First eight bytes of the id before its first entry; `None` iff it starts at 1.
    pub base8: Option<[u8; 8]>,
    /// The compact form.
    pub chunk: Vec<u8>,
}

/// What became of an [`Ingest`]. Source: spec/gossip.md, "a chunk that came".
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Durable; the feed now has this state. Also where all of it was held before.
    Accepted(FeedState),
    /// It starts after the end of what is held (another peer was slower): ask again from there.
    Gap(FeedState),
    /// Its base is another entry than the one held there: perhaps a fork; find the place.
    OtherBranch(FeedState),
    /// It differs from what is held, and proved a fork; the proof is already kept.
    Forked(FeedState),
    /// The sender's fault: end the connection.
    Faulty(AcceptError),
    /// This node will not hold more of that feed (quota, disk, block): stop asking.
    Refused,
}

/// Something a feed changed by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// Which feed.
    pub feed: FeedId,
    /// Objects that its new entries ref, with the place of one such entry each.
    pub objects: Vec<(EntryId, Seq)>,
}

/// How a pub answered a [`Output::Redeem`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Redeemed {
    /// 0 = welcome; else why not (spec/pub.md, "codes").
    pub code: u16,
    /// The pub's name for itself.
    pub name: String,
    /// Bytes it keeps for this member.
    pub quota: u64,
}

/// A door's challenge, and what is signed over it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Challenge {
    /// Which event.
    pub event: EntryId,
    /// Random, fresh.
    pub nonce: [u8; 16],
}

/// A guest's answer to a door.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DoorAnswer {
    /// What is answered.
    pub challenge: Challenge,
    /// The RSVP to check in; `None` = a walk-in.
    pub rsvp: Option<EntryId>,
    /// The guest's signature: `klatch_feed::post::checkin_message`.
    pub signature: [u8; 64],
}

/// What happens to an exchange.
#[derive(Clone, Debug)]
pub enum Input {
    /// One whole application message came.
    Message(Vec<u8>),
    /// The feeds this node wants now (the whole set).
    Wants(Vec<FeedId>),
    /// The groups and events this node asks about now (the whole set).
    Objects(Vec<EntryId>),
    /// A commit changed these feeds.
    Changed(Vec<Change>),
    /// What became of an ingest.
    Ingested(u64, Outcome),
    /// Redeem this invite at the peer.
    Redeem([u8; 16]),
    /// The owner's answer to [`Output::Redeem`].
    RedeemAnswer(Redeemed),
    /// Show the peer this challenge.
    Challenge(Challenge),
    /// Give the peer, a door, this answer.
    DoorAnswer(DoorAnswer),
    /// The door's word on an answer: `None` = countersigned, else why not.
    DoorVerdict(EntryId, Option<String>),
    /// All that was to be sent has left: there is room for more. Bulk (chunks, bodies, long lists) is made
    /// 256 KiB at a time, on this, so that a peer that reads slowly costs no memory here. Hand it in
    /// whenever the outgoing buffer has run empty after an [`Output::Send`].
    Room,
    /// Time passed.
    Elapsed,
}

/// What an exchange wants done.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send this application message.
    Send(Vec<u8>),
    /// Accept this chunk; answer with [`Input::Ingested`]. It may continue this node's own feed: then the
    /// store does not keep it but stops appending, and the answer is [`Outcome::Refused`].
    Ingest(Ingest),
    /// Keep this proof (checked).
    Fork(ForkProof),
    /// Keep these bodies, which came late: from this place on.
    Bodies(FeedId, Seq, Vec<Option<Vec<u8>>>),
    /// Somebody wrote about an object: unchecked, a hint.
    Hint(EntryId, FeedId, Seq),
    /// A peer asks to redeem this secret; answer with [`Input::RedeemAnswer`].
    Redeem([u8; 16]),
    /// The pub's answer.
    Redeemed(Redeemed),
    /// A door shows a challenge.
    Challenged(Challenge),
    /// A guest answers a challenge; answer with [`Input::DoorVerdict`].
    DoorAnswered(DoorAnswer),
    /// The door's word on our answer.
    DoorVerdict(EntryId, Option<String>),
    /// All that both sides want and hold is exchanged, as far as this side knows; said each time it becomes so.
    CaughtUp,
    /// End the connection.
    Close(Reason),
}

/// Why an exchange ends.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Reason {
    /// Nothing came for too long.
    #[error("the peer fell silent")]
    Silent,
    /// A message that is none, or out of turn, or past a limit.
    #[error("the peer broke the protocol: {0}")]
    Protocol(Breach),
    /// A chunk that no honest node sends.
    #[error("the peer sent a bad chunk: {0}")]
    Chunk(AcceptError),
    /// The peer said so.
    #[error("the peer ended it with code {0}")]
    Peer(u16),
}

/// How a peer broke the protocol. Source: spec/gossip.md, "limits" and "exchange".
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Breach {
    /// Not the canonical bytes of any message.
    #[error("a message that is none")]
    Malformed,
    /// Another version of the protocol.
    #[error("it speaks another version of the protocol")]
    Version,
    /// More of something than is allowed.
    #[error("more {0} than is allowed")]
    Limit(&'static str),
    /// An answer to nothing, a message before its time, a place that does not exist.
    #[error("{0} that nobody asked for")]
    Unsolicited(&'static str),
    /// The same entries a second time.
    #[error("entries that it had sent before")]
    Repeated,
}

/// Replication with one peer.
#[derive(Debug)]
pub struct Exchange {}

impl Exchange {
    /// A fresh exchange between `me` and `peer` in network `net`.
    pub fn new(net: NetId, me: FeedId, peer: FeedId, now: Millis) -> Self {
        let _ = (net, me, peer, now);
        todo!()
    }
    /// Takes one input.
    pub fn handle(&mut self, now: Millis, input: Input, shelf: &dyn Shelf) {
        let _ = (now, input, shelf);
        todo!()
    }
    /// The next thing to do, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        todo!()
    }
    /// When to hand in [`Input::Elapsed`] at the latest; `None` when closed.
    pub fn poll_timeout(&self) -> Option<Millis> {
        todo!()
    }
}
