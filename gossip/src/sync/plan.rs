//! What to ask this peer for: it says what it holds of my wants, I ask for what I lack.
//!
//! One request a feed and sixteen in all are under way; the rest waits for a place. A feed is looked at
//! (`consider`) whenever something about it changes, and that is the only place where requests are made,
//! so none is made twice. Absent on purpose: choosing among peers; each exchange asks for itself.
//! Source: spec/gossip.md, "exchange".

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use klatch_feed::{AcceptError, FeedId, K, Seq, chunk};

use super::frontier::{Place, WANTS_PER_SESSION_MAX, WantList};
use super::message::{BODIES_MAX, Get, Id8, Message, Part, Row, WANTS_MAX};
use super::{Breach, Desk, FeedState, Ingest, Outcome, Output, Reason, Shelf};

/// Most requests one side may have unanswered.
pub const REQUESTS_MAX: usize = 16;

/// What the peer said of a feed that I want. All zero: nothing yet.
#[derive(Debug, Default)]
pub(super) struct Claim {
    /// How many entries it holds.
    pub(super) len: Seq,
    /// The last of them, until it was seen to stand on my chain.
    pub(super) tip8: Option<Id8>,
    /// Its cap.
    pub(super) cap: Option<Seq>,
    /// Where my last request started; the same again would bring nothing new.
    asked: Seq,
    /// The last place that came over this connection.
    got: Seq,
}

/// A request under way.
#[derive(Debug)]
pub(super) enum Task {
    /// Chunks, of which the next starts here.
    Entries { next: Seq, to: Seq },
    /// Bodies.
    Bodies { from: Seq, to: Seq },
    /// Ids: the chains agree at `lo` and differ at `hi`.
    Ids { lo: Seq, hi: Seq, seqs: Vec<Seq> },
    /// The peer's branch from the first entry that differs.
    Segment { at: Seq },
}

/// Chunks handed over and not answered.
#[derive(Debug)]
struct Flight {
    count: u32,
    end: Seq,
}

#[derive(Debug)]
struct Ticket {
    idx: u32,
    first: Seq,
}

/// This side's half of the asking.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) wants: WantList<Claim>,
    refused: BTreeSet<FeedId>,
    announced: bool,
    scopes: VecDeque<usize>, // How many feeds each unanswered `Wants` added.
    listing: bool,           // A scope came, the last delta of its answer did not.
    pub(super) active: BTreeMap<u32, Task>,
    waiting: BTreeSet<u32>, // For a place in `active`.
    flights: BTreeMap<u32, Flight>,
    tickets: BTreeMap<u64, Ticket>,
    ticket_next: u64,
    pub(super) branched: BTreeMap<u32, Seq>, // A place where the peer's chain is another than mine.
    pub(super) rounds: BTreeMap<u32, u8>,    // Of searches, in this session.
    pub(super) orphans: BTreeSet<FeedId>,    // Asked for ids, then wanted no longer.
    bodies_asked: BTreeMap<u32, Seq>,        // Up to here.
}

impl Plan {
    pub(super) const fn new() -> Self {
        Self {
            wants: WantList::new(),
            refused: BTreeSet::new(),
            announced: false,
            scopes: VecDeque::new(),
            listing: false,
            active: BTreeMap::new(),
            waiting: BTreeSet::new(),
            flights: BTreeMap::new(),
            tickets: BTreeMap::new(),
            ticket_next: 0,
            branched: BTreeMap::new(),
            rounds: BTreeMap::new(),
            orphans: BTreeSet::new(),
            bodies_asked: BTreeMap::new(),
        }
    }

    /// Whether all that this side wants and the peer holds is here, as far as it has said.
    pub(super) fn is_level(&self) -> bool {
        self.announced
            && !self.listing
            && self.scopes.is_empty()
            && self.active.is_empty()
            && self.waiting.is_empty()
            && self.flights.is_empty()
    }

    /// The owner wants these feeds now: announces the difference.
    pub(super) fn want(&mut self, feeds: Vec<FeedId>, desk: &mut Desk<'_>) {
        let wanted: BTreeSet<FeedId> = feeds.into_iter().chain([desk.me]).collect();
        self.refused.retain(|feed| wanted.contains(feed));
        let is_gone = |(feed, idx): (FeedId, u32)| (!wanted.contains(&feed)).then_some(idx);
        let mut del: Vec<u32> = self.wants.feeds().filter_map(is_gone).collect();
        del.sort_unstable();
        let room = WANTS_PER_SESSION_MAX - self.wants.len();
        let new = |feed: &FeedId| self.wants.find(feed).is_none() && !self.refused.contains(feed);
        let add: Vec<FeedId> = wanted.into_iter().filter(new).take(room).collect();
        self.forget(&del);
        self.wants.extend(add.iter().map(|feed| (*feed, Claim::default())));
        self.announced = true;

        let mut dels = del.chunks(WANTS_MAX);
        let mut adds = add.chunks(WANTS_MAX);
        loop {
            let (add, del) = match (adds.next(), dels.next()) {
                (None, None) => break,
                (add, del) => (add.unwrap_or_default().to_vec(), del.unwrap_or_default().to_vec()),
            };
            if !add.is_empty() {
                self.scopes.push_back(add.len());
            }
            desk.out.send(&Message::Wants { add, del });
        }
    }

    /// Stops wanting what stands at these places.
    fn forget(&mut self, places: &[u32]) {
        for idx in places {
            if let (Some(Task::Ids { .. }), Some((feed, _))) =
                (self.active.remove(idx), self.wants.live(*idx))
            {
                self.orphans.insert(feed);
            }
            self.waiting.remove(idx);
            self.flights.remove(idx);
            self.branched.remove(idx);
            self.rounds.remove(idx);
            self.bodies_asked.remove(idx);
        }
        self.wants.remove(places);
    }

    /// The peer says which of the feeds of one `Wants` it holds. Its deltas say the same and more; the
    /// bitmap is checked for its form, and marks that they begin.
    pub(super) fn scope(&mut self, bitmap: &[u8]) -> Result<(), Breach> {
        let count = self.scopes.pop_front().ok_or(Breach::Unsolicited("a scope"))?;
        let spare = (8 - count % 8) % 8;
        let fits = bitmap.len() == count.div_ceil(8)
            && bitmap.last().is_none_or(|last| last.leading_zeros() as usize >= spare);
        self.listing = true;
        if fits { Ok(()) } else { Err(Breach::Malformed) }
    }

    /// What the peer said that it holds of a feed that I want.
    pub(super) fn claimed(&self, feed: &FeedId) -> Option<Seq> {
        let claim = self.wants.get(self.wants.find(feed)?)?;
        (claim.len > 0).then_some(claim.len)
    }

    /// What I hold of what stands at a place of my wants, even if it is nothing.
    pub(super) fn row(&mut self, idx: u32, shelf: &dyn Shelf) -> Option<Row> {
        let (feed, _) = self.wants.live(idx)?;
        let FeedState { len, tip, cap } = state_of(shelf, &feed);
        Some(Row { idx, len, tip8: tip.map(|tip| tip.tip8()), cap })
    }

    /// The peer states what it holds of one of my wants; its feed, if I still want it.
    pub(super) fn state(&mut self, row: Row, desk: &mut Desk<'_>) -> Result<Option<FeedId>, Breach> {
        match self.wants.at(row.idx) {
            Place::Live(feed, claim) => {
                let Row { idx, len, tip8, cap } = row;
                *claim = Claim { len, tip8, cap, asked: 0, got: claim.got };
                if let Some(cap) = cap {
                    desk.caps.note(feed, cap);
                }
                self.consider(idx, desk);
                Ok(Some(feed))
            }
            Place::Hole => Ok(None),
            Place::Beyond => Err(Breach::Unsolicited("a row")),
        }
    }

    /// The last delta of an answer came.
    pub(super) fn listed(&mut self) {
        self.listing = false;
    }

    /// The peer proved a cap: it holds no more than that.
    pub(super) fn proved(&mut self, feed: &FeedId, cap: Seq) {
        if let Some(idx) = self.wants.find(feed)
            && let Some((_, claim)) = self.wants.live(idx)
            && claim.cap.is_none_or(|known| cap < known)
        {
            claim.cap = Some(cap);
            if claim.len > cap {
                (claim.len, claim.tip8) = (cap, None); // It will say how much that is.
            }
        }
    }

    /// Looks at one feed and asks for what it lacks, if anything and if there is a place.
    pub(super) fn consider(&mut self, idx: u32, desk: &mut Desk<'_>) {
        self.waiting.remove(&idx);
        if self.active.contains_key(&idx) || self.flights.contains_key(&idx) {
            return; // It will be looked at again when they are done.
        }
        let Some((feed, claim)) = self.wants.live(idx) else { return };
        if claim.len == 0 && claim.cap.is_none() {
            return;
        }
        let mine = state_of(desk.shelf, &feed);
        let (my_cap, their_cap) = (mine.cap.unwrap_or(Seq::MAX), claim.cap.unwrap_or(Seq::MAX));
        if my_cap < their_cap {
            desk.caps.owe(feed, my_cap);
            return; // Its chain may be another beyond the cap: it will state it anew.
        }
        if my_cap > their_cap {
            desk.caps.doubt(feed, idx, their_cap);
            return;
        }
        if let Some(tip8) = claim.tip8
            && claim.len <= mine.len
        {
            claim.tip8 = None;
            if id8_at(desk.shelf, &feed, claim.len) != Some(tip8) {
                self.branched.insert(idx, claim.len);
            }
        }
        let full = self.active.len() >= REQUESTS_MAX;
        if let Some(differs) = self.branched.get(&idx).copied() {
            match full {
                true => drop(self.waiting.insert(idx)),
                false => self.search(idx, feed, differs, desk),
            }
            return;
        }
        let from = mine.len + 1;
        let (to, asked) = (claim.len, claim.asked);
        if to >= from && asked != from {
            if full {
                self.waiting.insert(idx);
                return;
            }
            (claim.asked, claim.got) = (from, mine.len);
            let base8 = mine.tip.map(|tip| tip.tip8());
            self.active.insert(idx, Task::Entries { next: from, to });
            desk.out.send(&Message::Get(Get { idx, from, to, part: Part::Entries, base8 }));
            return;
        }
        self.ask_bodies(idx, feed, to.min(mine.len), full, desk);
    }

    /// Asks for bodies of entries up to `held` that came without, each once a session.
    fn ask_bodies(&mut self, idx: u32, feed: FeedId, held: Seq, full: bool, desk: &mut Desk<'_>) {
        let asked = self.bodies_asked.get(&idx).copied().unwrap_or(0);
        let missing = desk.shelf.missing_bodies(&feed, asked);
        let mut run = missing.iter().copied().take_while(|seq| *seq <= held).take(BODIES_MAX);
        let Some(from) = run.next() else { return };
        if full {
            self.waiting.insert(idx);
            return;
        }
        let to =
            run.zip(from + 1..).take_while(|(seq, next)| seq == next).last().map_or(from, |(seq, _)| seq);
        let base8 = id8_at(desk.shelf, &feed, from - 1);
        if base8.is_none() != (from == 1) {
            return; // The shelf contradicts itself; a later snapshot will not.
        }
        self.active.insert(idx, Task::Bodies { from, to });
        desk.out.send(&Message::Get(Get { idx, from, to, part: Part::Bodies, base8 }));
    }

    /// A request is done: gives its place to others.
    pub(super) fn done(&mut self, idx: u32, desk: &mut Desk<'_>) {
        self.active.remove(&idx);
        self.consider(idx, desk);
        while self.active.len() < REQUESTS_MAX
            && let Some(next) = self.waiting.pop_first()
        {
            self.consider(next, desk);
        }
    }

    /// An answer to a `Get` came: up to where the peer now certainly holds that feed.
    pub(super) fn chunk(
        &mut self,
        idx: u32,
        base8: Option<Id8>,
        bytes: Option<Vec<u8>>,
        desk: &mut Desk<'_>,
    ) -> Result<Option<(FeedId, Seq)>, Reason> {
        let unsolicited = || Reason::Protocol(Breach::Unsolicited("a chunk"));
        let (feed, claim) = match self.wants.at(idx) {
            Place::Live(feed, claim) => (feed, claim),
            Place::Hole => return Ok(None),
            Place::Beyond => return Err(unsolicited()),
        };
        match (self.active.get_mut(&idx), bytes) {
            (Some(Task::Entries { next, to }), Some(bytes)) => {
                let (first, last) = span(feed, &bytes)?;
                if first != *next || base8.is_none() != (first == 1) {
                    return Err(unsolicited());
                }
                let is_whole = last >= *to;
                *next = last.saturating_add(1);
                claim.came(last);
                self.ingest(idx, feed, base8, (first, last), bytes, desk);
                if is_whole {
                    self.done(idx, desk);
                }
                return Ok(Some((feed, last)));
            }
            (Some(Task::Entries { next, .. }), None) => {
                let before = *next - 1;
                if base8.is_some() && base8 != id8_at(desk.shelf, &feed, before) {
                    self.branched.insert(idx, before);
                }
                self.done(idx, desk);
            }
            (Some(Task::Segment { at }), bytes) => {
                let at = *at;
                if claim.len >= at {
                    (claim.len, claim.tip8) = (at - 1, None); // What lies beyond is not on my chain.
                }
                Self::segment(feed, at, (base8, bytes), desk)?;
                self.done(idx, desk);
            }
            _ => return Err(unsolicited()),
        }
        Ok(None)
    }

    /// New entries came unasked: up to where the peer now certainly holds that feed.
    pub(super) fn push(
        &mut self,
        idx: u32,
        base8: Option<Id8>,
        bytes: Vec<u8>,
        desk: &mut Desk<'_>,
    ) -> Result<Option<(FeedId, Seq)>, Reason> {
        let (feed, claim) = match self.wants.at(idx) {
            Place::Live(feed, claim) => (feed, claim),
            Place::Hole => return Ok(None),
            Place::Beyond => return Err(Breach::Unsolicited("a push").into()),
        };
        let (first, last) = span(feed, &bytes)?;
        if base8.is_none() != (first == 1) {
            return Err(Breach::Malformed.into());
        }
        if first <= claim.got {
            return Err(Breach::Repeated.into());
        }
        claim.came(last);
        let held = desk.shelf.state(&feed).map_or(0, |state| state.len);
        let end = self.flights.get(&idx).map_or(held, |flight| flight.end.max(held));
        if first <= end + 1 && !matches!(self.active.get(&idx), Some(Task::Entries { .. })) {
            self.ingest(idx, feed, base8, (first, last), bytes, desk);
        } else {
            self.consider(idx, desk); // A gap: asks for what lies between, and for this again.
        }
        Ok(Some((feed, last)))
    }

    fn ingest(
        &mut self,
        idx: u32,
        feed: FeedId,
        base8: Option<Id8>,
        (first, last): (Seq, Seq),
        chunk: Vec<u8>,
        desk: &mut Desk<'_>,
    ) {
        let ticket = self.ticket_next;
        self.ticket_next += 1;
        self.tickets.insert(ticket, Ticket { idx, first });
        let flight = self.flights.entry(idx).or_insert(Flight { count: 0, end: 0 });
        flight.count += 1;
        flight.end = flight.end.max(last);
        desk.out.push(Output::Ingest(Ingest { ticket, feed, base8, chunk }));
    }

    /// The owner says what became of a chunk.
    pub(super) fn ingested(
        &mut self,
        ticket: u64,
        outcome: Outcome,
        desk: &mut Desk<'_>,
    ) -> Result<(), Reason> {
        let Some(Ticket { idx, first }) = self.tickets.remove(&ticket) else { return Ok(()) };
        if let Some(flight) = self.flights.get_mut(&idx) {
            flight.count -= 1;
            if flight.count == 0 {
                self.flights.remove(&idx);
            }
        }
        let Some((feed, _)) = self.wants.live(idx) else { return Ok(()) };
        match outcome {
            Outcome::Accepted(_) | Outcome::Gap(_) | Outcome::Forked(_) => {}
            Outcome::OtherBranch(_) => drop(self.branched.insert(idx, first - 1)),
            Outcome::Faulty(error) => return Err(Reason::Chunk(error)),
            Outcome::Refused => {
                self.refused.insert(feed);
                self.forget(&[idx]);
                desk.out.send(&Message::Wants { add: Vec::new(), del: vec![idx] });
            }
        }
        if !self.active.contains_key(&idx) {
            self.done(idx, desk);
        }
        Ok(())
    }

    /// Bodies came.
    pub(super) fn bodies(
        &mut self,
        idx: u32,
        from: Seq,
        bodies: Vec<Option<Vec<u8>>>,
        desk: &mut Desk<'_>,
    ) -> Result<(), Breach> {
        let feed = match self.wants.at(idx) {
            Place::Live(feed, _) => feed,
            Place::Hole => return Ok(()),
            Place::Beyond => return Err(Breach::Unsolicited("bodies")),
        };
        match self.active.get(&idx) {
            Some(Task::Bodies { from: asked, to })
                if *asked == from && bodies.len() <= (to - from + 1) as usize =>
            {
                let count = Seq::try_from(bodies.len()).expect("at most 256");
                self.bodies_asked.insert(idx, from + count - 1);
                desk.out.push(Output::Bodies(feed, from, bodies));
                self.done(idx, desk);
                Ok(())
            }
            _ => Err(Breach::Unsolicited("bodies")),
        }
    }
}

impl Claim {
    /// Entries up to `last` came from the peer: it holds them.
    fn came(&mut self, last: Seq) {
        self.got = last;
        if last > self.len {
            (self.len, self.tip8) = (last, None);
        }
    }
}

/// First and last place of a chunk of at most `K` entries.
fn span(feed: FeedId, bytes: &[u8]) -> Result<(Seq, Seq), Reason> {
    let bad = |source| Reason::Chunk(AcceptError::Chunk { feed, source });
    let (first, count) = chunk::span(bytes).map_err(bad)?;
    if count == 0 || count > K || first == 0 {
        return Err(bad(chunk::ChunkError::Count(count as usize)));
    }
    let last = first.checked_add(count - 1).ok_or(Reason::Protocol(Breach::Malformed))?;
    Ok((first, last))
}

/// What is held of a feed, even if it is nothing.
fn state_of(shelf: &dyn Shelf, feed: &FeedId) -> FeedState {
    shelf.state(feed).unwrap_or(FeedState { len: 0, tip: None, cap: None })
}

/// The beginning of the id at a place of my accepted chain; `None` at 0 and past the end.
pub(super) fn id8_at(shelf: &dyn Shelf, feed: &FeedId, seq: Seq) -> Option<Id8> {
    if seq == 0 {
        return None;
    }
    shelf.ids(feed, &[seq]).first().copied().flatten().map(|id| id.tip8())
}
