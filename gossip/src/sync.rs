//! Replication with one peer as a state machine without I/O.
//!
//! Reads of the log are an argument ([`Shelf`], a snapshot that answers at once); writes are outputs,
//! because only the store's owner may accept an entry. After each [`Exchange::handle`], drain
//! [`Exchange::poll_output`] to `None`, then wait until [`Exchange::poll_timeout`].
//! Source: spec/gossip.md, "exchange".

mod about;
mod errand;
mod fork;
mod frontier;
pub mod message;
mod outbox;
mod plan;
mod serve;

use klatch_feed::{AcceptError, EntryId, FeedId, ForkProof, NetId, Seq};

pub use about::{HINTS_PER_SESSION_MAX, OBJECTS_MAX};
pub use errand::{DOOR_MESSAGES_PER_MINUTE_MAX, REDEEMS_MAX};
pub use fork::SEARCH_ROUNDS_MAX;
pub use frontier::WANTS_PER_SESSION_MAX;
pub use plan::REQUESTS_MAX;

use about::About;
use errand::Errands;
use frontier::Caps;
use message::{Id8, Message, Side};
use outbox::Outbox;
use plan::Plan;
use serve::Serve;

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
    /// The proof behind the feed's cap.
    fn proof(&self, feed: &FeedId) -> Option<ForkProof>;
    /// Feeds with an entry that refs `object`, with the place of one such entry each, in any order; at
    /// most 4,096.
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
    /// The peer's word at the opening on what it holds of this node's own feed: how much, and the last id.
    Echo(Seq, Id8),
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
    net: NetId,
    me: FeedId,
    peer: FeedId,
    phase: Phase,
    heard: Millis,
    out: Outbox,
    caps: Caps,
    plan: Plan,
    serve: Serve,
    about: About,
    errands: Errands,
    holds: Seq,
    is_level: bool,
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
    shelf: &'a dyn Shelf,
    out: &'a mut Outbox,
    caps: &'a mut Caps,
}

impl Exchange {
    /// A fresh exchange between `me` and `peer` in network `net`.
    pub fn new(net: NetId, me: FeedId, peer: FeedId, now: Millis) -> Self {
        Self {
            net,
            me,
            peer,
            phase: Phase::Fresh,
            heard: now,
            out: Outbox::new(now),
            caps: Caps::default(),
            plan: Plan::new(),
            serve: Serve::new(),
            about: About::default(),
            errands: Errands::default(),
            holds: 0,
            is_level: false,
        }
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Millis, input: Input, shelf: &dyn Shelf) {
        if self.phase == Phase::Closed {
            return;
        }
        self.out.now = now;
        if self.phase == Phase::Fresh {
            self.greet(&input, shelf);
        }
        match self.take(now, input, shelf) {
            Ok(()) => {
                self.make(shelf);
                self.say_held();
                self.say_level();
            }
            Err(reason) => self.close(reason),
        }
    }

    /// The next thing to do, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop()
    }

    /// When to hand in [`Input::Elapsed`] at the latest; `None` when closed.
    pub fn poll_timeout(&self) -> Option<Millis> {
        match self.phase {
            Phase::Fresh => Some(self.heard),
            Phase::Greeting | Phase::Open => {
                Some((self.out.spoke + PING_AFTER).min(self.heard + SILENT_AFTER))
            }
            Phase::Closed => None,
        }
    }

    fn greet(&mut self, input: &Input, shelf: &dyn Shelf) {
        let want_n = match input {
            Input::Wants(feeds) => u32::try_from(feeds.len()).unwrap_or(u32::MAX),
            _ => 0,
        };
        let held = shelf.state(&self.peer);
        let yours = held.and_then(|state| state.tip.map(|tip| (state.len, tip.tip8())));
        self.phase = Phase::Greeting;
        self.out.send(&Message::Resume { proto: message::VERSION, want_n, yours });
        if let Some(cap) = held.and_then(|state| state.cap) {
            self.caps.owe(self.peer, cap); // The peer should be the first to know that it forked.
        }
    }

    fn take(&mut self, now: Millis, input: Input, shelf: &dyn Shelf) -> Result<(), Reason> {
        let Self { net, me, out, caps, plan, serve, about, errands, .. } = self;
        let mut desk = Desk { net: *net, me: *me, shelf, out, caps };
        match input {
            Input::Message(bytes) => {
                self.heard = now;
                let message = Message::decode(&bytes)?;
                return self.hear(now, message, shelf);
            }
            Input::Wants(feeds) => plan.want(feeds, &mut desk),
            Input::Objects(objects) => about.ask(objects, desk.out),
            Input::Changed(changes) => {
                for change in &changes {
                    about.changed(change);
                    serve.changed(&change.feed);
                    if let Some(idx) = plan.wants.find(&change.feed) {
                        plan.consider(idx, &mut desk);
                    }
                }
            }
            Input::Ingested(ticket, outcome) => {
                plan.ingested(ticket, outcome, &mut desk)?;
            }
            Input::Room => desk.out.emptied(),
            Input::Elapsed if now >= self.heard + SILENT_AFTER => return Err(Reason::Silent),
            Input::Elapsed if now >= desk.out.spoke + PING_AFTER => desk.out.send(&Message::Ping),
            Input::Elapsed => {} // Woken early.
            Input::Redeem(_)
            | Input::RedeemAnswer(_)
            | Input::Challenge(_)
            | Input::DoorAnswer(_)
            | Input::DoorVerdict(..) => errands.local(input, desk.out),
        }
        Ok(())
    }

    fn hear(&mut self, now: Millis, message: Message, shelf: &dyn Shelf) -> Result<(), Reason> {
        match (self.phase, &message) {
            (Phase::Greeting, Message::Resume { .. } | Message::Error(_)) => {}
            (Phase::Greeting, _) => return Err(Breach::Unsolicited("a message before the first").into()),
            (_, Message::Resume { .. }) => return Err(Breach::Unsolicited("a second first message").into()),
            _ => {}
        }
        let Self { net, me, out, caps, plan, serve, about, errands, .. } = self;
        let mut desk = Desk { net: *net, me: *me, shelf, out, caps };
        match message {
            Message::Resume { proto: message::VERSION, yours, .. } => {
                self.phase = Phase::Open;
                if let Some((len, tip8)) = yours {
                    desk.out.push(Output::Echo(len, tip8));
                }
                if let Some((len, tip8)) = yours
                    && plan::id8_at(shelf, me, len) == Some(tip8)
                {
                    serve.echoed(*me, len); // If not, its answer to my wants says the same, and is asked for.
                }
            }
            Message::Resume { .. } => return Err(Breach::Version.into()),
            Message::Wants { add, del } => serve.wanted(&add, &del, |feed| plan.claimed(feed))?,
            Message::Scope(bitmap) => plan.scope(&bitmap)?,
            Message::Delta { more, side: Side::Yours, rows } => {
                for row in rows {
                    if let Some(feed) = plan.state(row, &mut desk)? {
                        serve.knows(&feed, row.len);
                    }
                }
                if !more {
                    plan.listed();
                }
            }
            Message::Delta { side: Side::Mine, rows, .. } => {
                for row in rows {
                    serve.stated(row, &mut desk)?;
                }
            }
            Message::Get(get) => serve.get(get)?,
            Message::Chunk { idx, base8, chunk } => {
                let held = plan.chunk(idx, base8, chunk, &mut desk)?;
                held.into_iter().for_each(|(feed, len)| serve.knows(&feed, len));
            }
            Message::Bodies { idx, from, bodies } => plan.bodies(idx, from, bodies, &mut desk)?,
            Message::Push { idx, base8, chunk } => {
                let held = plan.push(idx, base8, chunk, &mut desk)?;
                held.into_iter().for_each(|(feed, len)| serve.knows(&feed, len));
            }
            Message::IdAt { feed, seqs } => serve.id_at(feed, seqs)?,
            Message::Ids { feed, ids } => plan.ids(feed, &ids, &mut desk)?,
            Message::Fork(proof) => return self.proof(&proof, shelf),
            Message::About(object) => about.asked(object)?,
            Message::Hints { object, rows } => about.hinted(object, rows, desk.out)?,
            Message::Redeem(secret) => errands.redeem(secret, desk.out)?,
            Message::Redeemed(answer) => errands.redeemed(answer, desk.out)?,
            Message::Door(challenge) => errands.challenged(now, challenge, desk.out)?,
            Message::DoorAnswer(answer) => errands.door_answered(now, answer, desk.out)?,
            Message::DoorVerdict(event, refusal) => errands.verdict(event, refusal, desk.out)?,
            Message::Ping | Message::Ignored => {}
            Message::Error(code) => return Err(Reason::Peer(code)),
        }
        Ok(())
    }

    /// The peer proves a fork of a feed that one of us wants, or of mine.
    fn proof(&mut self, bytes: &[u8], shelf: &dyn Shelf) -> Result<(), Reason> {
        let proof = ForkProof::decode(&self.net, bytes).map_err(|_| Breach::Malformed)?;
        let (feed, cap) = (proof.author(), proof.cap());
        let held = shelf.state(&feed);
        let concerns_us = feed == self.me || held.is_some() || self.plan.wants.ever_had(&feed);
        if !concerns_us {
            return Err(Breach::Unsolicited("a proof").into());
        }
        if !self.caps.note_proof(feed, cap) {
            return Err(Breach::Repeated.into());
        }
        self.plan.proved(&feed, cap);
        if held.and_then(|state| state.cap).is_none_or(|mine| cap < mine) {
            self.out.push(Output::Fork(proof)); // Once it is kept, the feed has changed and is looked at again.
        }
        Ok(())
    }

    /// Makes bulk while there is room for it: proofs first, since chunks must not overtake them.
    fn make(&mut self, shelf: &dyn Shelf) {
        let Self { net, me, peer, out, caps, plan, serve, about, .. } = self;
        let mut desk = Desk { net: *net, me: *me, shelf, out, caps };
        let mut rows = Vec::new();
        desk.send_proofs();
        let doubted = std::mem::take(&mut desk.caps.doubted);
        let mine = doubted.into_iter().filter_map(|idx| plan.row(idx, shelf)).collect();
        serve::send_rows(Side::Mine, mine, false, &mut desk);
        while desk.out.has_room() && (serve.step(&mut rows, &mut desk) || about.step(*peer, shelf, desk.out))
        {
        }
        serve::send_rows(Side::Yours, rows, false, &mut desk);
    }

    fn say_held(&mut self) {
        let holds = self.serve.holds(&self.me);
        if holds != self.holds {
            self.holds = holds;
            self.out.push(Output::Holds(holds));
        }
    }

    fn say_level(&mut self) {
        let is_level = self.phase == Phase::Open
            && self.plan.is_level()
            && self.serve.is_idle()
            && self.about.is_answered()
            && self.about.is_idle();
        if is_level && !self.is_level {
            self.out.push(Output::CaughtUp);
        }
        self.is_level = is_level;
    }

    fn close(&mut self, reason: Reason) {
        self.phase = Phase::Closed;
        if let Some(code) = reason.code() {
            self.out.send(&Message::Error(code));
        }
        self.out.push(Output::Close(reason));
    }
}
