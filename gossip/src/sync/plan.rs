//! What to ask this peer for: it says what it holds of my wants, I ask for what I lack.
//!
//! One request a feed is under way, and so many in all as `plan/requests.rs` has places for; the rest waits for
//! one, the most urgent class first. A feed is looked at (`consider`) whenever something about it changes, and that is the only place
//! where requests are made, so none is made twice. How the list of wants comes about is in `plan/list.rs`.
//! Absent on purpose: choosing among peers; each exchange asks for itself, and which of several peers sends
//! what is new settles by what came twice (`Mode`). Source: spec/gossip.md, "exchange".

mod came;
mod list;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::{FeedId, Seq};

pub(super) use came::before;
pub use list::GRAFT_AFTER;
pub(super) use list::{Marks, narrowed};
pub use requests::{ALL_REQUESTS_MAX, REQUESTS_MAX};
pub(super) use requests::{Size, Task};

use super::frontier::{Place, WantList};
use super::message::{BODIES_MAX, Get, Id8, MODES_MAX, Message, Mode, Part, Row};
use super::{Breach, Class, Desk, FeedState, Millis, Shelf};
use came::{Flight, Ticket};
use list::List;
use requests::Requests;

/// What is kept of each feed that I want, for as long as I do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asking {
    /// The last place that came over this connection.
    got: Seq,
    class: Class,
    /// The peer said that it holds something of it.
    holds: bool,
    /// I asked that what is new be told and not sent.
    is_lazy: bool,
}

/// What the peer said of a feed of which it holds more, or another, than I do.
#[derive(Debug, Default)]
pub(super) struct Claim {
    /// How many entries it holds.
    pub(super) len: Seq,
    /// The last of them, until it was seen to stand on my chain.
    pub(super) tip8: Option<Id8>,
    /// Its cap.
    pub(super) cap: Option<Seq>,
    /// Where my last request started; the same again would bring nothing new.
    pub(super) asked: Seq,
}

impl Claim {
    const fn level(mine: &FeedState) -> Self {
        Self { len: mine.len, tip8: None, cap: mine.cap, asked: 0 }
    }
}

/// This side's half of the asking.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) wants: WantList<Asking>,
    list: List,
    /// Of the feeds that are not level, as far as is known; an absent one is.
    pub(super) claims: BTreeMap<u32, Claim>,
    refused: BTreeSet<FeedId>,
    pub(super) requests: Requests,
    pub(super) lagging: BTreeMap<u32, Millis>, // Told to exist and expected from another peer until then.
    modes: BTreeMap<u32, Mode>,                // To be said.
    flights: BTreeMap<u32, Flight>,
    tickets: BTreeMap<u64, Ticket>,
    ticket_next: u64,
    pub(super) branched: BTreeMap<u32, Seq>, // A place where the peer's chain is another than mine.
    pub(super) ends: BTreeMap<u32, (Seq, Id8)>, // Its end, as the peer stated it.
    /// What the peer said of feeds that end here in another chain, which a successor keeps: a better one may come.
    pub(super) others: BTreeMap<u32, Claim>,
    pub(super) fetched: BTreeSet<u32>, // Whose kept chain was got, or given up, since the peer's last word.
    pub(super) rounds: BTreeMap<u32, u8>, // Of searches, in this session.
    pub(super) orphans: BTreeSet<FeedId>, // Asked for ids, then wanted no longer.
    bodies_asked: BTreeMap<u32, Seq>,  // Up to here.
}

impl Plan {
    pub(super) const fn new() -> Self {
        Self {
            wants: WantList::new(),
            list: List::new(),
            claims: BTreeMap::new(),
            refused: BTreeSet::new(),
            requests: Requests::new(),
            lagging: BTreeMap::new(),
            modes: BTreeMap::new(),
            flights: BTreeMap::new(),
            tickets: BTreeMap::new(),
            ticket_next: 0,
            branched: BTreeMap::new(),
            ends: BTreeMap::new(),
            others: BTreeMap::new(),
            fetched: BTreeSet::new(),
            rounds: BTreeMap::new(),
            orphans: BTreeSet::new(),
            bodies_asked: BTreeMap::new(),
        }
    }

    /// Whether all that this side wants and the peer holds is here, as far as it has said.
    pub(super) fn is_level(&self) -> bool {
        self.list.is_settled()
            && self.requests.is_idle()
            && self.flights.is_empty()
            && self.lagging.is_empty()
    }

    /// When something is due by the clock.
    pub(super) fn next_at(&self) -> Option<Millis> {
        self.lagging.values().min().copied()
    }

    /// Feeds and entries that the peer is known to hold and I do not.
    pub(super) fn coming(&self, shelf: &dyn Shelf) -> (u32, u64) {
        let lacks = |(idx, claim): (&u32, &Claim)| {
            let feed = self.wants.feed(*idx, shelf)?;
            let lacks = claim.len.checked_sub(state_of(shelf, &feed).len)?;
            (lacks > 0).then_some(u64::from(lacks))
        };
        let lacking = self.claims.iter().filter_map(lacks);
        lacking.fold((0, 0), |(feeds, entries), lacks| (feeds + 1, entries + lacks))
    }

    /// Stops wanting what stands at these places.
    fn forget(&mut self, places: &[u32], shelf: &dyn Shelf) {
        for idx in places {
            if let (Some(Task::Ids { .. }), Some(feed)) =
                (self.requests.remove(*idx), self.wants.feed(*idx, shelf))
            {
                self.orphans.insert(feed);
            }
            if let Some(row) = self.wants.row(*idx) {
                let class = row.class;
                self.requests.wait_no_more(class, *idx);
            }
            self.claims.remove(idx);
            self.lagging.remove(idx);
            self.modes.remove(idx);
            self.flights.remove(idx);
            self.branched.remove(idx);
            self.ends.remove(idx);
            self.others.remove(idx);
            self.fetched.remove(idx);
            self.rounds.remove(idx);
            self.bodies_asked.remove(idx);
            self.list.owed.remove(idx);
            self.list.restated.remove(idx);
        }
        self.wants.remove(places, shelf);
    }

    /// What the peer said that it holds of a feed that I want.
    pub(super) fn claimed(&self, feed: &FeedId, shelf: &dyn Shelf) -> Option<Seq> {
        let claim = self.claims.get(&self.wants.find(feed, shelf)?)?;
        (claim.len > 0).then_some(claim.len)
    }

    /// What I hold of what stands at a place of my wants, even if it is nothing.
    pub(super) fn row(&self, idx: u32, shelf: &dyn Shelf) -> Option<Row> {
        let feed = self.wants.feed(idx, shelf)?;
        let FeedState { len, tip, cap } = state_of(shelf, &feed);
        Some(Row { idx, len, tip8: tip.map(|tip| tip.tip8()), cap })
    }

    /// The peer states what it holds of one of my wants; its feed, if I still want it.
    pub(super) fn state(&mut self, row: Row, desk: &mut Desk<'_>) -> Result<Option<FeedId>, Breach> {
        match self.wants.at(row.idx, desk.shelf) {
            Place::Live(feed, asking) => {
                let Row { idx, len, tip8, cap } = row;
                asking.holds = true;
                self.lagging.remove(&idx);
                self.ends.remove(&idx);
                self.others.remove(&idx);
                self.fetched.remove(&idx);
                self.list.owed.remove(&idx);
                self.list.restated.remove(&idx);
                self.claims.insert(idx, Claim { len, tip8, cap, asked: 0 });
                if let (Some(feed), Some(cap)) = (feed, cap) {
                    desk.caps.note(feed, cap);
                }
                self.consider(idx, desk);
                Ok(feed)
            }
            Place::Hole => Ok(None),
            Place::Beyond => Err(Breach::Unsolicited("a row")),
        }
    }

    /// The peer tells lengths of feeds whose entries it does not send unasked.
    pub(super) fn told(
        &mut self,
        now: Millis,
        rows: &[(u32, Seq)],
        desk: &mut Desk<'_>,
    ) -> Result<(), Breach> {
        for (idx, len) in rows {
            let feed = match self.wants.at(*idx, desk.shelf) {
                Place::Live(Some(feed), asking) => {
                    asking.holds = true;
                    feed
                }
                Place::Live(None, _) | Place::Hole => continue,
                Place::Beyond => return Err(Breach::Unsolicited("a length")),
            };
            let mine = state_of(desk.shelf, &feed);
            if mine.len >= *len {
                continue;
            }
            let claim = self.claim(*idx, &mine);
            if *len > claim.len {
                (claim.len, claim.tip8, claim.asked) = (*len, None, 0);
            }
            if !self.requests.is_active(*idx) {
                // Spread by peer, so that not all who told of it are asked at once.
                let spread = u64::from(desk.peer.as_bytes()[0]) * 4;
                self.lagging.entry(*idx).or_insert(now + GRAFT_AFTER + spread);
            }
        }
        Ok(())
    }

    /// What was expected from another peer did not come: asks this one, and for what comes next as well.
    pub(super) fn elapsed(&mut self, now: Millis, desk: &mut Desk<'_>) {
        let late: Vec<u32> = self.lagging.iter().filter(|(_, at)| **at <= now).map(|(idx, _)| *idx).collect();
        for idx in late {
            self.lagging.remove(&idx);
            if let Some(row) = self.wants.row(idx).filter(|row| row.is_lazy) {
                row.is_lazy = false;
                self.modes.insert(idx, Mode::Eager);
            }
            self.consider(idx, desk);
        }
    }

    /// Says how feeds shall come from here on.
    pub(super) fn say_modes(&mut self, desk: &mut Desk<'_>) {
        while !self.modes.is_empty() {
            let mut rows = Vec::new();
            while rows.len() < MODES_MAX
                && let Some((idx, mode)) = self.modes.pop_first()
            {
                let Some(feed) = self.wants.feed(idx, desk.shelf) else { continue };
                rows.push((idx, mode, state_of(desk.shelf, &feed).len));
            }
            if !rows.is_empty() {
                desk.out.send(&Message::Mode(rows));
            }
        }
    }

    /// The peer proved a cap: it holds no more than that.
    pub(super) fn proved(&mut self, feed: &FeedId, cap: Seq, shelf: &dyn Shelf) {
        let Some(idx) = self.wants.find(feed, shelf) else { return };
        let claim = self.claim(idx, &state_of(shelf, feed)); // It will say how much it holds.
        if claim.cap.is_none_or(|known| cap < known) {
            claim.cap = Some(cap);
            if claim.len > cap {
                (claim.len, claim.tip8) = (cap, None);
            }
        }
    }

    /// Looks at one feed and asks for what it lacks, if anything and if there is a place.
    pub(super) fn consider(&mut self, idx: u32, desk: &mut Desk<'_>) {
        let Some(row) = self.wants.row(idx).copied() else { return };
        self.requests.wait_no_more(row.class, idx);
        if self.requests.is_active(idx) || self.flights.contains_key(&idx) {
            return; // It will be looked at again when they are done.
        }
        if self.is_recalling() {
            return; // The peer may know another list, or none.
        }
        let Some(feed) = self.wants.feed(idx, desk.shelf).filter(|_| row.holds) else { return };
        let mine = state_of(desk.shelf, &feed);
        if self.follow_heir(idx, feed, &mine, desk) {
            return;
        }
        let is_known = self.claims.contains_key(&idx);
        let claim = self.claims.entry(idx).or_insert(Claim::level(&mine));
        let (my_cap, their_cap) = (mine.cap.unwrap_or(Seq::MAX), claim.cap.unwrap_or(Seq::MAX));
        if let (false, Some(cap)) = (is_known, mine.cap) {
            desk.caps.owe(feed, cap); // A level peer may lack the proof that has just come here.
        }
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
                self.ends.insert(idx, (claim.len, tip8));
            }
        }
        if let Some(differs) = self.branched.get(&idx).copied() {
            match self.requests.is_full(Size::Large) {
                true => self.requests.wait(Size::Large, row.class, idx),
                false => self.search(idx, feed, differs, desk),
            }
            return;
        }
        let from = mine.len + 1;
        let (to, asked) = (claim.len, claim.asked);
        if to < from {
            self.lagging.remove(&idx);
            self.claims.remove(&idx); // Level, as far as is known.
        } else if self.lagging.contains_key(&idx) {
            return; // Another peer is about to send it.
        } else if asked != from {
            let base8 = mine.tip.map(|tip| tip.tip8());
            let get = Get { idx, from, to, part: Part::Entries, base8 };
            let size = if get.is_small() { Size::Small } else { Size::Large };
            if self.requests.is_full(size) {
                self.requests.wait(size, row.class, idx);
                return;
            }
            claim.asked = from;
            if let Some(row) = self.wants.row(idx) {
                row.got = mine.len;
            }
            self.requests.insert(idx, Task::Entries { next: from, to, size });
            desk.out.send(&Message::Get(get));
            return;
        }
        self.ask_bodies(idx, feed, to.min(mine.len), desk);
    }

    /// The feed waits for a place among the large requests.
    pub(super) fn wait(&mut self, idx: u32, size: Size) {
        let class = self.wants.row(idx).map_or_else(Class::default, |row| row.class);
        self.requests.wait(size, class, idx);
    }

    /// Entries after `place` are asked for, or came.
    pub(super) fn asks_from(&mut self, idx: u32, place: Seq) {
        if let Some(row) = self.wants.row(idx) {
            row.got = place;
        }
    }

    /// Asks for bodies of entries up to `held` that came without, each once a session.
    fn ask_bodies(&mut self, idx: u32, feed: FeedId, held: Seq, desk: &mut Desk<'_>) {
        let asked = self.bodies_asked.get(&idx).copied().unwrap_or(0);
        let missing = desk.shelf.missing_bodies(&feed, asked);
        let mut run = missing.iter().copied().take_while(|seq| *seq <= held).take(BODIES_MAX);
        let Some(from) = run.next() else { return };
        if self.requests.is_full(Size::Large) {
            return self.wait(idx, Size::Large);
        }
        let to =
            run.zip(from + 1..).take_while(|(seq, next)| seq == next).last().map_or(from, |(seq, _)| seq);
        let base8 = id8_at(desk.shelf, &feed, from - 1);
        if base8.is_none() != (from == 1) {
            return; // The shelf contradicts itself; a later snapshot will not.
        }
        self.requests.insert(idx, Task::Bodies { from, to });
        desk.out.send(&Message::Get(Get { idx, from, to, part: Part::Bodies, base8 }));
    }

    /// A request is done: gives its place to others.
    pub(super) fn done(&mut self, idx: u32, desk: &mut Desk<'_>) {
        self.requests.remove(idx);
        self.consider(idx, desk);
        self.fill(desk);
    }

    /// Gives free places among the requests to feeds that wait for one.
    fn fill(&mut self, desk: &mut Desk<'_>) {
        while let Some(next) = self.requests.next() {
            self.consider(next, desk);
        }
    }

    /// What the peer said of a feed; where it said nothing new, it is level with what I hold.
    fn claim(&mut self, idx: u32, mine: &FeedState) -> &mut Claim {
        self.claims.entry(idx).or_insert(Claim::level(mine))
    }
}

/// What is held of a feed, even if it is nothing.
pub(super) fn state_of(shelf: &dyn Shelf, feed: &FeedId) -> FeedState {
    shelf.state(feed).unwrap_or(FeedState { len: 0, tip: None, cap: None })
}

/// The beginning of the id at a place of my accepted chain; `None` at 0 and past the end.
pub(super) fn id8_at(shelf: &dyn Shelf, feed: &FeedId, seq: Seq) -> Option<Id8> {
    if seq == 0 {
        return None;
    }
    shelf.ids(feed, &[seq]).first().copied().flatten().map(|id| id.tip8())
}
