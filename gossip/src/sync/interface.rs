//! What an exchange reads, takes in and wants done: all that joins it to the rest of a node.

use std::collections::BTreeMap;
use std::sync::Arc;

use klatch_feed::{AcceptError, EntryId, FeedId, ForkProof, NetId, Seq, Successor};

use super::frontier::PLACES_MAX;
use super::memory::{Asked, Memory, Served};
use super::message::Id8;
use super::succession::Succeeded;

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
    /// Places after `after` of accepted entries whose bodies are not held and may be asked for (the body
    /// of an entry under a tombstone may not), in ascending order, at most 256.
    fn missing_bodies(&self, feed: &FeedId, after: Seq) -> Vec<Seq>;
    /// Feeds with such entries, at most 4,096.
    fn incomplete(&self) -> Vec<FeedId>;
    /// The proof behind the feed's cap.
    fn proof(&self, feed: &FeedId) -> Option<ForkProof>;
    /// Feeds with an entry that refs `object`, with the place of one such entry each, in any order; at
    /// most 4,096.
    fn about(&self, object: &EntryId) -> Vec<(FeedId, Seq)>;
    /// A feed's number in this log: given once, below 2^31, and kept as long as the log itself. `None` where
    /// it never had one.
    fn number(&self, feed: &FeedId) -> Option<u32>;
    /// The feed of a number.
    fn feed(&self, number: u32) -> Option<FeedId>;
    /// The position of the last change in the change log; it only grows. A change of a feed is anything that
    /// another node could be told of it: entries, bodies, a cap.
    fn clock(&self) -> u64;
    /// The position of the last change of a feed; 0 if there was none.
    fn changed(&self, feed: &FeedId) -> u64;
    /// Feeds that changed after a position; `None` if they are more than `max`.
    fn changed_since(&self, clock: u64, max: usize) -> Option<Vec<FeedId>>;
    /// All feeds of which something is held.
    fn held(&self) -> Vec<FeedId>;
    /// What is kept about who succeeds a feed; keeping a statement is a change of that feed.
    fn succeeded(&self, _feed: &FeedId) -> Option<Succeeded> {
        None
    }
    /// All feeds about which something of that is kept.
    fn all_succeeded(&self) -> Vec<FeedId> {
        Vec::new()
    }
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

/// Something a feed changed by, in one commit or several that were not told apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// Which feed.
    pub feed: FeedId,
    /// Length and cap before the first of these commits; `None` where a succession ended it in one of them, at the chain
    /// that was held or another.
    pub before: Option<(Seq, Option<Seq>)>,
    /// Position in the change log after the first of these commits, and after the last.
    pub clock: (u64, u64),
    /// Objects that its new entries ref, with the place of one such entry each.
    pub objects: Vec<(EntryId, Seq)>,
}

/// How much a feed matters to whom wants it: what is more urgent is asked for first.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Class {
    /// One's own, and those that make what was opened: founders and hosts.
    Soon,
    /// Those one follows.
    #[default]
    Followed,
    /// Those who wrote about what one takes part in.
    Known,
    /// Those who are said to have written about it.
    Trial,
}

/// What a node wants.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Interest {
    /// Feeds, each with its class.
    pub feeds: BTreeMap<FeedId, Class>,
}

impl FromIterator<FeedId> for Interest {
    fn from_iter<T: IntoIterator<Item = FeedId>>(feeds: T) -> Self {
        Self { feeds: feeds.into_iter().map(|feed| (feed, Class::default())).collect() }
    }
}

/// What an exchange is about, and what its two sides make of each other.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The network.
    pub net: NetId,
    /// Whose node this is.
    pub me: FeedId,
    /// Whose the other one is.
    pub peer: FeedId,
    /// What both ends of the connection derive from its handshake and share with nobody.
    pub session: [u8; 32],
    /// Random, for this connection and this end of it alone.
    pub secret: [u8; 32],
    /// The peer may read whom this node wants, since it fetches them for it. Other peers get tags, which tell
    /// only who is held on both sides.
    pub is_open: bool,
    /// Of what is wanted, only that is asked for which the peer wants as well: what a pub asks of a member.
    pub is_narrow: bool,
    /// Most places that are kept of the peer's list.
    pub places_max: usize,
    /// What is remembered of the peer.
    pub memory: Memory,
}

impl Setup {
    /// Two nodes that know nothing of each other, in a connection of this name.
    pub fn new(net: NetId, me: FeedId, peer: FeedId, session: [u8; 32]) -> Self {
        Self {
            net,
            me,
            peer,
            session,
            secret: session,
            is_open: false,
            is_narrow: false,
            places_max: PLACES_MAX,
            memory: Memory::default(),
        }
    }
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
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Challenge {
    /// Which event.
    pub event: EntryId,
    /// Which occurrence of it; `None` for an event that is no series. At most 200 bytes.
    pub occ: Option<String>,
    /// Random, fresh.
    pub nonce: [u8; 16],
}

/// A guest's answer to a door.
#[derive(Clone, Debug, Eq, PartialEq)]
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
    Wants(Arc<Interest>),
    /// From here on the peer may read whom this node wants: it joined a pub.
    Open,
    /// The groups and events this node asks about now (the whole set).
    Objects(Vec<EntryId>),
    /// Commits changed these feeds. Only what an [`Output::Listens`] asked for need be told.
    Changed(Vec<Change>),
    /// One for each [`Output::Listens`] and [`Output::ListensAbout`], in their order: from here on it is heeded, and
    /// what was to be told up to this position of the change log was handed in before. The log that is read now is no
    /// older.
    Listening(u64),
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

impl Input {
    /// [`Input::Wants`] of feeds that matter alike.
    pub fn wants(feeds: impl IntoIterator<Item = FeedId>) -> Self {
        Self::Wants(Arc::new(feeds.into_iter().collect()))
    }
}

/// Feeds that a peer may mean by a tag that was not found out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Others {
    /// None.
    #[default]
    None,
    /// Those of which something is held for the first time.
    New,
    /// Any.
    Any,
}

/// What an exchange wants done.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send this application message.
    Send(Vec<u8>),
    /// Accept this chunk; answer with [`Input::Ingested`]. It may continue this node's own feed: then
    /// another copy of the node signed it.
    Ingest(Ingest),
    /// Keep this proof (checked).
    Fork(ForkProof),
    /// Keep who succeeds a feed (its signatures are checked), if it says anything.
    Succeeded(Box<Successor>),
    /// The chain of a feed that a successor keeps, as a peer has it, from the first place that may differ.
    Branch(FeedId, Vec<Vec<u8>>),
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
    /// The peer holds so many of this node's own entries: it said so, or they were sent to it.
    Holds(Seq),
    /// The peer's claim, unproven, of how much of this node's own feed it holds, and of the id at that place.
    Echo(Seq, Id8),
    /// The peer wants these feeds from here on, and no longer those; those it names by tags once they are known.
    /// Answer with [`Input::Listening`] once changes of them are told.
    Listens {
        /// From here on.
        add: Vec<FeedId>,
        /// No longer.
        del: Vec<FeedId>,
        /// Which others may be meant.
        others: Others,
    },
    /// The peer asks who writes about this object, from here on. Answered alike.
    ListensAbout(EntryId),
    /// So much is known to be held by the peer and not yet here.
    Coming {
        /// How many feeds.
        feeds: u32,
        /// How many entries of them.
        entries: u64,
    },
    /// Remember this of what was got from the peer: all that it vouches for is durable.
    Keep(Asked),
    /// Remember this of what the peer was sent. Nothing depends on its being kept.
    Remember(Served),
    /// All that both sides want and hold is exchanged, as far as this side knows; said each time it becomes so.
    CaughtUp,
    /// End the connection.
    Close(Reason),
}

impl From<Breach> for Reason {
    fn from(breach: Breach) -> Self {
        Self::Protocol(breach)
    }
}

impl Reason {
    /// What the peer is told. Source: spec/gossip.md, "codes".
    pub const fn code(&self) -> Option<u16> {
        Some(match self {
            Self::Protocol(Breach::Malformed) => 1,
            Self::Protocol(Breach::Version) => 2,
            Self::Protocol(Breach::Limit(_)) => 3,
            Self::Protocol(Breach::Unsolicited(_)) => 4,
            Self::Protocol(Breach::Repeated) => 5,
            Self::Chunk(_) => 6,
            Self::Silent => 7,
            Self::Peer(_) => return None,
        })
    }
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
