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
mod hear;
mod interface;
pub mod memory;
pub mod message;
mod outbox;
mod plan;
mod serve;
mod succession;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use klatch_feed::{EntryId, FeedId, NetId, Seq};

pub use about::{HINTS_PER_SESSION_MAX, OBJECTS_MAX};
pub use compare::tag_in;
pub use errand::{DOOR_MESSAGES_PER_MINUTE_MAX, REDEEMS_MAX};
pub use fork::SEARCH_ROUNDS_MAX;
pub use frontier::PLACES_MAX;
pub use interface::*;
pub use plan::{ALL_REQUESTS_MAX, GRAFT_AFTER, REQUESTS_MAX};
pub use serve::{HAVE_AFTER, TAG_TABLES_MAX, TOKEN_AFTER};
pub use succession::{BRANCH_BYTES_MAX, STRANGE_SUCCESSORS_MAX, Succeeded};

use about::About;
use compare::Keys;
use errand::Errands;
use frontier::Caps;
use memory::Memory;
use message::{Message, Side};
use outbox::Outbox;
use plan::{Marks, Plan, narrowed};
use serve::Serve;
use succession::Heirs;

/// Proofs about feeds that do not concern this node that a peer may send in a session; they are passed over.
pub const STRANGE_PROOFS_MAX: u32 = 64;
/// How often, at most, it is said how much is still to come.
const COMING_EVERY: Millis = 250;

/// A side that has sent nothing for this long says that it is still here.
pub const PING_AFTER: Millis = 30_000;
/// A side from which nothing came for this long is gone.
pub const SILENT_AFTER: Millis = 90_000;
/// One message takes at most this long to come whole: the largest of them at 1,024 bytes a second.
pub const MESSAGE_TIME_MAX: Millis = 1_024_000;

/// Milliseconds of a monotonic clock that the caller keeps.
pub type Millis = u64;

/// Replication with one peer.
#[derive(Debug)]
pub struct Exchange {
    ground: Ground,
    is_narrow: bool,
    phase: Phase,
    heard: Millis,
    /// Since when a message has been coming.
    begun: Option<Millis>,
    memory: Memory,
    interest: Option<Arc<Interest>>,
    plan: Plan,
    serve: Serve,
    about: About,
    errands: Errands,
    holds: Seq,
    is_level: bool,
    strange_proofs: u32,
    heirs: Heirs,
    coming: (u32, u64),
    coming_at: Millis,
    /// What is coming may have changed since it was counted.
    is_coming_due: bool,
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
    awaited: &'a mut VecDeque<Awaited>,
}

/// Something that the owner was asked to tell of, and has not said that it does.
#[derive(Debug)]
struct Awaited {
    /// What was read when it was asked: later changes may have been missed.
    since: u64,
    /// An object; `None` = feeds.
    object: Option<EntryId>,
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
    awaited: VecDeque<Awaited>,
}

impl Ground {
    fn desk<'a>(&'a mut self, shelf: &'a dyn Shelf) -> Desk<'a> {
        let Self { net, me, peer, keys, marks, places_max, is_open, out, caps, awaited } = self;
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
            awaited,
        }
    }
}

impl Desk<'_> {
    /// Asks the owner to tell of what the peer listens to.
    fn listen(&mut self, output: Output) {
        let object = match &output {
            Output::ListensAbout(object) => Some(*object),
            _ => None,
        };
        self.awaited.push_back(Awaited { since: self.shelf.clock(), object });
        self.out.push(output);
    }
}

impl Exchange {
    /// A fresh exchange.
    pub fn new(setup: Setup, now: Millis) -> Self {
        let Setup { net, me, peer, session, secret, is_open, is_narrow, places_max, memory } = setup;
        let (keys, marks) = (Keys::of(&session), Marks::new(secret));
        let (out, caps, awaited) = (Outbox::new(now), Caps::default(), VecDeque::new());
        Self {
            ground: Ground { net, me, peer, keys, marks, places_max, is_open, out, caps, awaited },
            is_narrow,
            phase: Phase::Fresh,
            heard: now,
            begun: None,
            memory,
            interest: None,
            plan: Plan::new(),
            serve: Serve::new(),
            about: About::default(),
            errands: Errands::default(),
            holds: 0,
            is_level: false,
            strange_proofs: 0,
            heirs: Heirs::default(),
            coming: (0, 0),
            coming_at: now,
            is_coming_due: false,
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

    /// Something of the peer came, if only a part of a message.
    pub fn heard(&mut self, now: Millis) {
        self.heard = now;
    }

    /// Whether a part of a message is all that has come and was not handed in.
    pub fn awaits_rest(&mut self, now: Millis, is_part: bool) {
        self.begun = is_part.then(|| self.begun.unwrap_or(now));
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
                let whole = self.begun.map(|begun| begun + MESSAGE_TIME_MAX);
                let coming = self.is_coming_due.then_some(self.coming_at);
                let due = [self.plan.next_at(), self.serve.next_at(self.ground.out.now), whole, coming];
                Some(due.into_iter().flatten().fold(alive, Millis::min))
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
        self.owe_heirs([peer], shelf);
    }

    fn take(&mut self, now: Millis, input: Input, shelf: &dyn Shelf) -> Result<(), Reason> {
        match input {
            Input::Message(bytes) => {
                (self.heard, self.begun) = (now, None);
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
        if let Input::Listening(clock) = input {
            self.heeded(now, clock, shelf);
            return Ok(());
        }
        let Self { ground, plan, serve, about, errands, heard, begun, .. } = self;
        let mut desk = ground.desk(shelf);
        match input {
            Input::Message(_) | Input::Wants(_) | Input::Open | Input::Listening(_) => {
                unreachable!("they were handled above")
            }
            Input::Objects(objects) => about.ask(objects, desk.out),
            Input::Changed(changes) => {
                for change in &changes {
                    about.changed(change);
                    serve.changed(now, change, &mut desk);
                    if let Some(idx) = plan.wants.find(&change.feed, shelf) {
                        plan.consider(idx, &mut desk);
                    }
                }
                // Now: feeds that the peer named by tags are known by now.
                self.owe_heirs(changes.iter().map(|change| change.feed), shelf);
            }
            Input::Ingested(ticket, outcome) => {
                plan.ingested(ticket, outcome, &mut desk)?;
            }
            Input::Room => desk.out.emptied(),
            Input::Elapsed if now >= *heard + SILENT_AFTER => return Err(Reason::Silent),
            Input::Elapsed if begun.is_some_and(|begun| now >= begun + MESSAGE_TIME_MAX) => {
                return Err(Breach::Limit("time for one message").into());
            }
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

    /// The owner tells of what was asked for first, from here on: looks for what came between.
    fn heeded(&mut self, now: Millis, clock: u64, shelf: &dyn Shelf) {
        let Some(Awaited { since, object }) = self.ground.awaited.pop_front() else { return };
        if self.ground.awaited.is_empty() {
            self.ground.awaited = VecDeque::new();
        }
        let is_late = shelf.clock() > since;
        let Self { ground, plan, serve, about, .. } = self;
        let mut desk = ground.desk(shelf);
        let mut missed = Vec::new();
        match object.filter(|_| is_late) {
            Some(object) => about.missed(object, shelf),
            None if is_late => missed = serve.missed(now, since, &mut desk),
            None => {}
        }
        for feed in &missed {
            if let Some(idx) = plan.wants.find(feed, shelf) {
                plan.consider(idx, &mut desk);
            }
        }
        serve.told(clock, &desk);
        self.owe_heirs(missed, shelf);
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

    /// Makes bulk while there is room for it: statements and proofs first, since chunks must not overtake them.
    fn make(&mut self, shelf: &dyn Shelf) {
        self.send_heirs(shelf);
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
        // Whatever was handled may have changed it, also what came before this was level.
        self.is_coming_due |= !is_level || self.coming != (0, 0);
        if self.is_coming_due && now >= self.coming_at || is_level != self.is_level {
            self.is_coming_due = false;
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

#[cfg(feature = "sim")]
impl Exchange {
    /// The feed that the peer wants at a place of its list.
    pub fn serves(&self, idx: u32, shelf: &dyn Shelf) -> Option<FeedId> {
        self.serve.feed(idx, shelf)
    }

    /// How many things are kept for this connection, all lists together.
    pub fn kept(&self) -> usize {
        self.plan.kept() + self.serve.kept() + self.ground.caps.kept() + self.ground.out.kept()
    }
}
