//! Replication with one peer as a state machine without I/O.
//!
//! Reads of the log are an argument ([`Shelf`], a snapshot that answers at once); writes are outputs,
//! because only the store's owner may accept an entry. After each [`Exchange::handle`], drain
//! [`Exchange::poll_output`] to `None`, then wait until [`Exchange::poll_timeout`].
//! Source: spec/gossip.md, "exchange".

mod about;
mod compare;
mod errand;
mod fork;
mod frontier;
pub mod memory;
pub mod message;
mod outbox;
mod plan;
mod serve;

use std::collections::BTreeMap;
use std::sync::Arc;

use klatch_feed::{AcceptError, EntryId, FeedId, ForkProof, NetId, Seq};

pub use about::{HINTS_PER_SESSION_MAX, OBJECTS_MAX};
pub use errand::{DOOR_MESSAGES_PER_MINUTE_MAX, REDEEMS_MAX};
pub use fork::SEARCH_ROUNDS_MAX;
pub use frontier::PLACES_MAX;
pub use plan::{GRAFT_AFTER, REQUESTS_MAX};
pub use serve::{HAVE_AFTER, TAG_TABLES_MAX, TOKEN_AFTER};

use about::About;
use compare::Keys;
use errand::Errands;
use frontier::Caps;
use memory::{Asked, Memory, Served};
use message::{Id8, Message, Side};
use outbox::Outbox;
use plan::{Marks, Plan, narrowed};
use serve::Serve;

/// Proofs about feeds that do not concern this node that a peer may send in a session; they are passed over.
pub const STRANGE_PROOFS_MAX: u32 = 64;
/// How often, at most, it is said how much is still to come.
const COMING_EVERY: Millis = 250;

/// A side that has sent nothing for this long says that it is still here.
pub const PING_AFTER: Millis = 30_000;
/// A side from which nothing came for this long is gone.
pub const SILENT_AFTER: Millis = 90_000;

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
    /// Length and cap before the first of these commits.
    pub before: (Seq, Option<Seq>),
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
    Wants(Arc<Interest>),
    /// From here on the peer may read whom this node wants: it joined a pub.
    Open,
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

impl Input {
    /// [`Input::Wants`] of feeds that matter alike.
    pub fn wants(feeds: impl IntoIterator<Item = FeedId>) -> Self {
        Self::Wants(Arc::new(feeds.into_iter().collect()))
    }
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
    Listens {
        /// From here on.
        add: Vec<FeedId>,
        /// No longer.
        del: Vec<FeedId>,
    },
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

/// Replication with one peer.
#[derive(Debug)]
pub struct Exchange {
    ground: Ground,
    is_narrow: bool,
    phase: Phase,
    heard: Millis,
    memory: Memory,
    interest: Option<Arc<Interest>>,
    plan: Plan,
    serve: Serve,
    about: About,
    errands: Errands,
    holds: Seq,
    is_level: bool,
    strange_proofs: u32,
    coming: (u32, u64),
    coming_at: Millis,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// Nothing was sent.
    Fresh,
    /// `Resume` was sent, the peer's has not come.
    Greeting,
    /// Both have.
    Open,
    /// Nothing is taken in any more.
    Closed,
}

/// What the parts of an exchange work with while they handle one input.
struct Desk<'a> {
    net: NetId,
    me: FeedId,
    peer: FeedId,
    keys: Keys,
    open: bool,
    places_max: usize,
    marks: &'a mut Marks,
    shelf: &'a dyn Shelf,
    out: &'a mut Outbox,
    caps: &'a mut Caps,
}

/// What all parts of an exchange share.
#[derive(Debug)]
struct Ground {
    net: NetId,
    me: FeedId,
    peer: FeedId,
    keys: Keys,
    marks: Marks,
    places_max: usize,
    is_open: bool,
    out: Outbox,
    caps: Caps,
}

impl Ground {
    fn desk<'a>(&'a mut self, shelf: &'a dyn Shelf) -> Desk<'a> {
        let Self { net, me, peer, keys, marks, places_max, is_open, out, caps } = self;
        Desk {
            net: *net,
            me: *me,
            peer: *peer,
            keys: *keys,
            open: *is_open,
            places_max: *places_max,
            marks,
            shelf,
            out,
            caps,
        }
    }
}

impl Exchange {
    /// A fresh exchange.
    pub fn new(setup: Setup, now: Millis) -> Self {
        let Setup { net, me, peer, session, secret, is_open, is_narrow, places_max, memory } = setup;
        let (keys, marks) = (Keys::of(&session), Marks::new(secret));
        let (out, caps) = (Outbox::new(now), Caps::default());
        Self {
            ground: Ground { net, me, peer, keys, marks, places_max, is_open, out, caps },
            is_narrow,
            phase: Phase::Fresh,
            heard: now,
            memory,
            interest: None,
            plan: Plan::new(),
            serve: Serve::new(),
            about: About::default(),
            errands: Errands::default(),
            holds: 0,
            is_level: false,
            strange_proofs: 0,
            coming: (0, 0),
            coming_at: now,
        }
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Millis, input: Input, shelf: &dyn Shelf) {
        if self.phase == Phase::Closed {
            return;
        }
        self.ground.out.now = now;
        if self.phase == Phase::Fresh {
            self.greet(&input, shelf);
        }
        match self.take(now, input, shelf) {
            Ok(()) => {
                self.make(shelf);
                self.say_held(shelf);
                self.settle(now, shelf);
                self.say_level(now, shelf);
            }
            Err(reason) => self.close(reason),
        }
    }

    /// The next thing to do, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.ground.out.pop()
    }

    /// When to hand in [`Input::Elapsed`] at the latest; `None` when closed.
    pub fn poll_timeout(&self) -> Option<Millis> {
        match self.phase {
            Phase::Fresh => Some(self.heard),
            Phase::Greeting | Phase::Open => {
                let alive = (self.ground.out.spoke + PING_AFTER).min(self.heard + SILENT_AFTER);
                let due = [self.plan.next_at(), self.serve.next_at(self.ground.out.now)];
                due.into_iter().flatten().fold(Some(alive), |first, at| first.min(Some(at)))
            }
            Phase::Closed => None,
        }
    }

    fn greet(&mut self, input: &Input, shelf: &dyn Shelf) {
        let want_n = match input {
            Input::Wants(interest) => u32::try_from(interest.feeds.len()).unwrap_or(u32::MAX),
            _ => 0,
        };
        let peer = self.ground.peer;
        let held = shelf.state(&peer);
        let yours = held.and_then(|state| state.tip.map(|tip| (state.len, tip.tip8())));
        self.phase = Phase::Greeting;
        self.serve.begin(shelf);
        // What was named by keys is not shown to who may see tags only, and the other way round.
        let asked = self.memory.asked.take().filter(|asked| asked.salt.is_none() == self.ground.is_open);
        let (token, root) = asked.map(|asked| self.plan.recall(&asked)).unzip();
        self.ground.out.send(&Message::Resume { proto: message::VERSION, token, root, want_n, yours });
        if let Some(cap) = held.and_then(|state| state.cap) {
            self.ground.caps.owe(peer, cap); // The peer should be the first to know that it forked.
        }
    }

    fn take(&mut self, now: Millis, input: Input, shelf: &dyn Shelf) -> Result<(), Reason> {
        match input {
            Input::Message(bytes) => {
                self.heard = now;
                let message = Message::decode(&bytes)?;
                return self.hear(now, message, shelf);
            }
            Input::Wants(interest) => {
                self.interest = Some(interest);
                self.want(shelf);
                return Ok(());
            }
            Input::Open => {
                self.ground.is_open = true;
                let wanted = self.wanted(shelf);
                let Self { ground, plan, .. } = self;
                let mut desk = ground.desk(shelf);
                wanted.into_iter().for_each(|wanted| plan.reopen(&wanted, &mut desk));
                return Ok(());
            }
            _ => {}
        }
        let Self { ground, plan, serve, about, errands, heard, .. } = self;
        let mut desk = ground.desk(shelf);
        match input {
            Input::Message(_) | Input::Wants(_) | Input::Open => unreachable!("they were handled above"),
            Input::Objects(objects) => about.ask(objects, desk.out),
            Input::Changed(changes) => {
                for change in &changes {
                    about.changed(change);
                    serve.changed(now, change, &mut desk);
                    if let Some(idx) = plan.wants.find(&change.feed, shelf) {
                        plan.consider(idx, &mut desk);
                    }
                }
            }
            Input::Ingested(ticket, outcome) => {
                plan.ingested(ticket, outcome, &mut desk)?;
            }
            Input::Room => desk.out.emptied(),
            Input::Elapsed if now >= *heard + SILENT_AFTER => return Err(Reason::Silent),
            Input::Elapsed => {
                plan.elapsed(now, &mut desk);
                serve.elapsed(now, &mut desk);
                if now >= desk.out.spoke + PING_AFTER {
                    desk.out.send(&Message::Ping);
                }
            }
            Input::Redeem(_)
            | Input::RedeemAnswer(_)
            | Input::Challenge(_)
            | Input::DoorAnswer(_)
            | Input::DoorVerdict(..) => errands.local(input, desk.out),
        }
        Ok(())
    }

    /// What is to be asked of this peer now, if the owner has said what it wants.
    fn wanted(&self, shelf: &dyn Shelf) -> Option<BTreeMap<FeedId, Class>> {
        let interest = self.interest.as_deref()?;
        let mut wanted = match self.is_narrow {
            true => narrowed(interest, self.serve.feeds(shelf), self.ground.peer),
            false => interest.feeds.clone(),
        };
        wanted.insert(self.ground.me, Class::Soon);
        Some(wanted)
    }

    /// Announces what is wanted, as far as it was not.
    fn want(&mut self, shelf: &dyn Shelf) {
        let wanted = self.wanted(shelf);
        let Self { ground, plan, .. } = self;
        let mut desk = ground.desk(shelf);
        wanted.into_iter().for_each(|wanted| plan.want(&wanted, &mut desk));
    }

    fn hear(&mut self, now: Millis, message: Message, shelf: &dyn Shelf) -> Result<(), Reason> {
        match (self.phase, &message) {
            (Phase::Greeting, Message::Resume { .. } | Message::Error(_)) => {}
            (Phase::Greeting, _) => return Err(Breach::Unsolicited("a message before the first").into()),
            (_, Message::Resume { .. }) => return Err(Breach::Unsolicited("a second first message").into()),
            _ => {}
        }
        match message {
            Message::Resume { proto: message::VERSION, token, root, yours, .. } => {
                self.phase = Phase::Open;
                self.resumed(token, root, yours, shelf);
                return Ok(());
            }
            Message::Resume { .. } => return Err(Breach::Version.into()),
            Message::Fork(proof) => return self.proof(&proof, shelf),
            Message::Wants { .. }
            | Message::Scope(_)
            | Message::Delta { .. }
            | Message::Prints { .. }
            | Message::Mode(_)
            | Message::Have(_)
            | Message::Token { .. } => return self.hear_list(now, message, shelf),
            _ => {}
        }
        let Self { ground, plan, serve, about, errands, .. } = self;
        let mut desk = ground.desk(shelf);
        match message {
            Message::Get(get) => serve.get(get, shelf)?,
            Message::Chunk { idx, base8, chunk } => {
                let held = plan.chunk(idx, base8, chunk, &mut desk)?;
                held.into_iter().for_each(|(feed, len)| serve.knows(&feed, len, shelf));
            }
            Message::Bodies { idx, from, bodies } => plan.bodies(idx, from, bodies, &mut desk)?,
            Message::Push { idx, base8, chunk } => {
                let held = plan.push(idx, base8, chunk, &mut desk)?;
                held.into_iter().for_each(|(feed, len)| serve.knows(&feed, len, shelf));
            }
            Message::IdAt { feed, seqs } => serve.id_at(feed, seqs)?,
            Message::Ids { feed, ids } => plan.ids(feed, &ids, &mut desk)?,
            Message::About(object) => about.asked(object)?,
            Message::Hints { object, rows } => about.hinted(object, rows, desk.out)?,
            Message::Redeem(secret) => errands.redeem(secret, desk.out)?,
            Message::Redeemed(answer) => errands.redeemed(answer, desk.out)?,
            Message::Door(challenge) => errands.challenged(now, challenge, desk.out)?,
            Message::DoorAnswer(answer) => errands.door_answered(now, answer, desk.out)?,
            Message::DoorVerdict(event, refusal) => errands.verdict(event, refusal, desk.out)?,
            Message::Error(code) => return Err(Reason::Peer(code)),
            Message::Ping | Message::Ignored => {}
            other => unreachable!("handled above: {other:?}"),
        }
        Ok(())
    }

    /// The peer's first message: where the last meeting left it, and what it holds of my own feed.
    fn resumed(
        &mut self,
        token: Option<message::Mark16>,
        root: Option<message::Mark16>,
        yours: Option<(Seq, Id8)>,
        shelf: &dyn Shelf,
    ) {
        let served = self.memory.served.take();
        let Self { ground, serve, .. } = self;
        let mut desk = ground.desk(shelf);
        serve.resumed(token, root, served, &mut desk);
        let Some((len, tip8)) = yours else { return };
        desk.out.push(Output::Echo(len, tip8));
        if plan::id8_at(shelf, &desk.me, len) == Some(tip8) {
            serve.echoed(desk.me, len); // If not, its answer to my wants says the same, and is asked for.
        }
    }

    /// What is said about a list of wants, mine or the peer's.
    fn hear_list(&mut self, now: Millis, message: Message, shelf: &dyn Shelf) -> Result<(), Reason> {
        let Self { ground, plan, serve, .. } = self;
        let mut desk = ground.desk(shelf);
        let mut is_recalled = false;
        match message {
            Message::Wants { root, add, del } => {
                let claimed = |feed: &FeedId| plan.claimed(feed, shelf);
                serve.wanted((root, add, &del), claimed, &mut desk)?;
                is_recalled = self.is_narrow && !plan.is_recalling(); // What it wants I may ask it for.
            }
            Message::Scope(bitmap) => is_recalled = plan.scope(bitmap.as_deref())?,
            Message::Delta { more, side: Side::Yours, rows } => {
                for row in rows {
                    if let Some(feed) = plan.state(row, &mut desk)? {
                        serve.knows(&feed, row.len, shelf);
                    }
                }
                is_recalled = !more && plan.listed(&mut desk);
                plan.complete(&mut desk);
            }
            Message::Delta { side: Side::Mine, rows, .. } => {
                for row in rows {
                    serve.stated(row, &mut desk)?;
                }
            }
            Message::Prints { side: Side::Yours, open, prints } => {
                is_recalled = plan.prints(&open, &prints, &mut desk)?;
            }
            Message::Prints { side: Side::Mine, open, prints } => serve.prints(&open, &prints, &mut desk)?,
            Message::Mode(rows) => serve.mode(&rows, &mut desk)?,
            Message::Have(rows) => plan.told(now, &rows, &mut desk)?,
            Message::Token { token, root } => plan.vouched(token, root),
            other => unreachable!("not about lists: {other:?}"),
        }
        if is_recalled {
            self.want(shelf); // Now it is known to what the difference is announced.
        }
        Ok(())
    }

    /// The peer proves a fork of a feed that one of us wants, or of mine.
    fn proof(&mut self, bytes: &[u8], shelf: &dyn Shelf) -> Result<(), Reason> {
        let author = bytes.get(3..35).and_then(|author| author.try_into().ok()).map(FeedId::new);
        let feed = author.ok_or(Breach::Malformed)?;
        let held = shelf.state(&feed);
        if feed != self.ground.me && held.is_none() && !self.plan.wants.ever_had(&feed, shelf) {
            self.strange_proofs += 1; // I may have held it when we last met.
            let is_within = self.strange_proofs <= STRANGE_PROOFS_MAX;
            return if is_within { Ok(()) } else { Err(Breach::Limit("proofs of no concern").into()) };
        }
        let proof = ForkProof::decode(&self.ground.net, bytes).map_err(|_| Breach::Malformed)?;
        let cap = proof.cap();
        if !self.ground.caps.note_proof(feed, cap) {
            return Err(Breach::Repeated.into());
        }
        self.plan.proved(&feed, cap, shelf);
        if held.and_then(|state| state.cap).is_none_or(|mine| cap < mine) {
            self.ground.out.push(Output::Fork(proof)); // Once it is kept, the feed has changed and is looked at again.
        }
        Ok(())
    }

    /// Makes bulk while there is room for it: proofs first, since chunks must not overtake them.
    fn make(&mut self, shelf: &dyn Shelf) {
        let Self { ground, plan, serve, about, .. } = self;
        let mut desk = ground.desk(shelf);
        let mut rows = Vec::new();
        desk.send_proofs();
        let doubted = std::mem::take(&mut desk.caps.doubted);
        let mine = doubted.into_iter().filter_map(|idx| plan.row(idx, shelf)).collect();
        serve::send_rows(Side::Mine, mine, false, &mut desk);
        plan.say_modes(&mut desk);
        if self.phase == Phase::Open {
            while desk.out.has_room()
                && (serve.step(&mut rows, &mut desk) || about.step(desk.peer, shelf, desk.out))
            {}
        }
        serve::send_rows(Side::Yours, rows, false, &mut desk);
        plan.keep(&mut desk);
    }

    /// When all that this side wants is here, the peer gets a token for what it was sent.
    fn settle(&mut self, now: Millis, shelf: &dyn Shelf) {
        let Self { ground, plan, serve, .. } = self;
        if plan.is_level() {
            serve.settle(now, &mut ground.desk(shelf));
        }
    }

    fn say_held(&mut self, shelf: &dyn Shelf) {
        let holds = self.serve.holds(&self.ground.me, shelf);
        if holds != self.holds {
            self.holds = holds;
            self.ground.out.push(Output::Holds(holds));
        }
    }

    fn say_level(&mut self, now: Millis, shelf: &dyn Shelf) {
        let is_level = self.phase == Phase::Open
            && self.plan.is_level()
            && self.serve.is_idle()
            && self.about.is_answered()
            && self.about.is_idle();
        if now >= self.coming_at || is_level != self.is_level {
            self.coming_at = now + COMING_EVERY;
            let coming = self.plan.coming(shelf);
            if coming != self.coming {
                self.coming = coming;
                self.ground.out.push(Output::Coming { feeds: coming.0, entries: coming.1 });
            }
        }
        if is_level && !self.is_level {
            self.ground.out.push(Output::CaughtUp);
        }
        self.is_level = is_level;
    }

    fn close(&mut self, reason: Reason) {
        self.phase = Phase::Closed;
        if let Some(code) = reason.code() {
            self.ground.out.send(&Message::Error(code));
        }
        self.ground.out.push(Output::Close(reason));
    }
}
