//! What the peer wants of me: answers in turn, and new entries as they come.
//!
//! Nothing is queued but the fact that something is due: what is sent is read when there is room for it,
//! so a slow peer costs a number a feed and bursts become one chunk. What was told by a `Delta` the peer
//! asks for by `Get`, what was never told is pushed; so nothing is sent twice. What is short or new goes
//! before the rest of what is long. The list itself is in `serve/list.rs`. Source: spec/gossip.md, "exchange".

mod list;
mod turns;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use klatch_feed::{FeedId, K, Seq, chunk};

pub(super) use list::ROWS_AT_ONCE_MAX;
pub use list::{TAG_TABLES_MAX, TOKEN_AFTER};

use super::frontier::{Place, WantList};
use super::message::{DELTA_ROWS_MAX, Get, MODES_MAX, Message, Mode, Part, Row, Side};
use super::plan::{ALL_REQUESTS_MAX, REQUESTS_MAX, id8_at};
use super::{Breach, Change, Desk, FeedState, Millis, Shelf};
use list::List;
use turns::{Turn, Turns};

/// Lengths that are told instead of entries are gathered for this long.
pub const HAVE_AFTER: Millis = 250;

/// Of a feed whose row is to be told whatever the peer says that it holds: what it was told is another chain.
const TO_BE_TOLD: (Seq, Option<Seq>) = (Seq::MAX, None);

/// What I know of the peer's copy of a feed that it wants. As small as can be: a pub keeps millions of them.
#[derive(Clone, Copy, Debug, Default)]
struct Holding {
    known: Known,
    mode: Mode,
    /// How many it holds, where that is known.
    len: Seq,
}

#[derive(Clone, Copy, Debug, Default)]
enum Known {
    #[default]
    Nothing,
    Level,
    Len,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Has {
    Unknown,
    /// All that I held when the last change was taken in.
    Level,
    /// That many: it said so, or they came from it or went to it.
    At(Seq),
}

impl Holding {
    const fn has(self) -> Has {
        match self.known {
            Known::Nothing => Has::Unknown,
            Known::Level => Has::Level,
            Known::Len => Has::At(self.len),
        }
    }

    const fn note(&mut self, has: Has) {
        (self.known, self.len) = match has {
            Has::Unknown => (Known::Nothing, 0),
            Has::Level => (Known::Level, 0),
            Has::At(len) => (Known::Len, len),
        };
    }
}

/// A `Get` being answered.
#[derive(Debug)]
struct Open {
    get: Get,
    next: Seq,
}

/// This side's half of the answering.
#[derive(Debug)]
pub(super) struct Serve {
    wants: WantList<Holding>,
    list: List,
    /// What I told the peer that I hold, of feeds that are not level: it asks for what it lacks of them.
    told: BTreeMap<u32, (Seq, Option<Seq>)>,
    /// Places of which something was said, heard or changed since it was last looked at whether they are level.
    fresh: BTreeSet<u32>,
    /// The position in the change log up to which level feeds are.
    level_at: u64,
    /// ... and up to which changes were taken in.
    seen: u64,
    /// The last change told. Others before it may be missing as long as something is awaited.
    told_at: u64,
    echo: Option<(FeedId, Seq)>, // What the peer holds of my own feed.
    mine_at: Seq,
    ids: VecDeque<(FeedId, Vec<Seq>)>,
    gets: BTreeMap<u32, Open>,
    turns: Turns,
    haves: BTreeSet<u32>,
    haves_at: Option<Millis>,
}

impl Serve {
    pub(super) const fn new() -> Self {
        Self {
            wants: WantList::new(),
            list: List::new(),
            told: BTreeMap::new(),
            fresh: BTreeSet::new(),
            level_at: 0,
            seen: 0,
            told_at: 0,
            echo: None,
            mine_at: 0,
            ids: VecDeque::new(),
            gets: BTreeMap::new(),
            turns: Turns::new(),
            haves: BTreeSet::new(),
            haves_at: None,
        }
    }

    /// Whether nothing is due.
    pub(super) fn is_idle(&self) -> bool {
        self.list.is_idle() && self.ids.is_empty() && self.turns.is_empty() && self.haves.is_empty()
    }

    /// When something is due by the clock; `now` is when this was last asked.
    pub(super) fn next_at(&self, now: Millis) -> Option<Millis> {
        [self.haves_at, self.list.token_at(now)].into_iter().flatten().min()
    }

    /// The peer holds this much of my own feed, which it may not have announced to want yet.
    pub(super) fn echoed(&mut self, me: FeedId, len: Seq) {
        self.echo = Some((me, len));
        self.mine_at = self.mine_at.max(len);
    }

    /// How much of my own feed the peer holds, as far as it said so or was sent it. That it holds what is not here
    /// it may say, and has not shown.
    pub(super) fn holds(&mut self, me: &FeedId, shelf: &dyn Shelf) -> Seq {
        let row = self.wants.find(me, shelf).and_then(|idx| self.wants.peek(idx));
        if let Some(Has::At(at)) = row.map(|row| row.has())
            && at > self.mine_at
            && shelf.state(me).is_some_and(|mine| at <= mine.len)
        {
            self.mine_at = at;
        }
        self.mine_at
    }

    /// Feeds that the peer wants, as far as they are known.
    pub(super) fn feeds<'a>(&'a self, shelf: &'a dyn Shelf) -> impl Iterator<Item = FeedId> + 'a {
        self.wants.feeds(shelf).map(|(feed, _)| feed)
    }

    /// Whether the peer wants a feed, and is not known to have been told all there is of it.
    pub(super) fn is_to_be_told(&self, feed: &FeedId, shelf: &dyn Shelf) -> bool {
        let row = self.wants.find(feed, shelf).and_then(|idx| self.wants.peek(idx));
        row.is_some_and(|row| row.has() != Has::Level || shelf.changed(feed) > self.level_at)
    }

    /// Something was said that the peer is to keep.
    pub(super) fn said(&mut self) {
        self.list.said();
    }

    fn set(&mut self, idx: u32, has: Has) {
        if let Some(row) = self.wants.row(idx) {
            row.note(has);
            if matches!(has, Has::At(_)) {
                self.fresh.insert(idx);
            }
        }
    }

    /// Notes what the peer knows to be held here of a feed, and returns what it knew before.
    fn note_told(&mut self, idx: u32, told: (Seq, Option<Seq>)) -> (Seq, Option<Seq>) {
        self.fresh.insert(idx);
        self.told.insert(idx, told).unwrap_or((0, None))
    }

    /// The peer holds that much of a feed. `cap` is the one it states, if it does: then it may hold less than it did.
    pub(super) fn knows(&mut self, feed: &FeedId, len: Seq, cap: Option<Seq>, desk: &mut Desk<'_>) {
        let found = self.wants.find(feed, desk.shelf).or_else(|| self.untag(*feed, desk));
        let Some((idx, row)) = found.and_then(|idx| Some((idx, self.wants.row(idx)?))) else { return };
        self.fresh.insert(idx);
        let mine = desk.shelf.state(feed);
        match row.has() {
            Has::At(at) if cap.is_some() && len < at => {
                row.note(Has::Unknown);
                self.due(idx);
            }
            Has::At(at) => row.note(Has::At(at.max(len))),
            Has::Unknown => row.note(Has::At(len)),
            Has::Level if mine.is_some_and(|mine| len <= mine.len) => {}
            Has::Level => {
                row.note(Has::At(len)); // What came from it does not go back.
                self.note_told(idx, mine.map_or((0, None), |mine| (mine.len, mine.cap)));
            }
        }
    }

    /// The peer states what it holds of a feed that it wants itself: what it lacks is sent, or told. The feed, if it is
    /// known here.
    pub(super) fn stated(&mut self, row: Row, desk: &mut Desk<'_>) -> Result<Option<FeedId>, Breach> {
        let feed = match self.wants.at(row.idx, desk.shelf) {
            Place::Live(Some(feed), _) => feed,
            Place::Live(None, _) => return Ok(None),
            Place::Hole | Place::Beyond => return Err(Breach::Unsolicited("a row")),
        };
        if let Some(cap) = row.cap {
            desk.caps.note(feed, cap);
        }
        let mine = desk.shelf.state(&feed);
        if let Some(cap) = mine.and_then(|state| state.cap) {
            desk.caps.owe(feed, cap);
        }
        let is_mine = row.len == 0 || id8_at(desk.shelf, &feed, row.len) == row.tip8;
        // Of a feed that a succession ended nobody is ahead: what it holds besides is another chain.
        let is_ahead = !is_ended(desk.shelf, &feed) && mine.is_none_or(|mine| row.len > mine.len);
        self.set(row.idx, if is_mine || is_ahead { Has::At(row.len) } else { Has::Unknown });
        self.note_told(row.idx, if is_mine { (row.len, row.cap) } else { (0, None) });
        self.due(row.idx);
        Ok(Some(feed))
    }

    /// The peer says how feeds shall come.
    pub(super) fn mode(&mut self, rows: &[(u32, Mode, Seq)], desk: &mut Desk<'_>) -> Result<(), Breach> {
        for (idx, mode, have) in rows {
            match self.wants.at(*idx, desk.shelf) {
                Place::Live(feed, row) => {
                    row.mode = *mode;
                    match (mode, feed) {
                        (Mode::Lazy, Some(feed)) => self.knows(&feed, *have, None, desk),
                        (Mode::Eager, _) => self.due(*idx),
                        (Mode::Lazy, None) => {}
                    }
                }
                Place::Hole => {}
                Place::Beyond => return Err(Breach::Unsolicited("a mode")),
            }
        }
        Ok(())
    }

    /// The peer asks for entries.
    pub(super) fn get(&mut self, get: Get, shelf: &dyn Shelf) -> Result<(), Breach> {
        let Place::Live(_, row) = self.wants.at(get.idx, shelf) else {
            return Err(Breach::Unsolicited("a request"));
        };
        let is_full = self.gets.len() >= ALL_REQUESTS_MAX
            || !get.is_small()
                && self.gets.values().filter(|open| !open.get.is_small()).count() >= REQUESTS_MAX;
        if is_full || self.gets.contains_key(&get.idx) {
            return Err(Breach::Limit("requests at a time"));
        }
        if get.part == Part::Entries {
            row.note(Has::At(get.from - 1));
            self.fresh.insert(get.idx);
        }
        self.gets.insert(get.idx, Open { get, next: get.from });
        self.due(get.idx);
        Ok(())
    }

    /// The peer asks for ids.
    pub(super) fn id_at(&mut self, feed: FeedId, seqs: Vec<Seq>) -> Result<(), Breach> {
        if self.ids.len() >= REQUESTS_MAX {
            return Err(Breach::Limit("requests at a time"));
        }
        self.ids.push_back((feed, seqs));
        Ok(())
    }

    /// A commit changed a feed.
    pub(super) fn changed(&mut self, now: Millis, change: &Change, desk: &mut Desk<'_>) {
        let found = self.wants.find(&change.feed, desk.shelf);
        let found = found.or_else(|| self.untag(change.feed, desk));
        self.told(change.clock.1, desk);
        found.into_iter().for_each(|idx| self.grew(now, idx, change.before, change.clock));
    }

    /// All that the peer listens to was told of up to this position.
    pub(super) fn told(&mut self, clock: u64, desk: &Desk<'_>) {
        self.told_at = self.told_at.max(clock);
        if desk.awaited.is_empty() {
            self.seen = self.seen.max(self.told_at);
        }
    }

    /// Changes after a position may have come before they were listened to; their feeds, as far as they are wanted.
    pub(super) fn missed(&mut self, now: Millis, since: u64, desk: &mut Desk<'_>) -> Vec<FeedId> {
        let places = self.changed_since(since, desk);
        let feeds: Vec<_> =
            places.into_iter().filter_map(|idx| Some((idx, self.wants.feed(idx, desk.shelf)?))).collect();
        for (idx, feed) in &feeds {
            self.grew(now, *idx, None, (0, desk.shelf.changed(feed)));
        }
        feeds.into_iter().map(|(_, feed)| feed).collect()
    }

    /// A feed that the peer wants changed between these positions, and was this long before.
    fn grew(&mut self, now: Millis, idx: u32, before: Option<(Seq, Option<Seq>)>, clock: (u64, u64)) {
        let level_at = self.level_at;
        let Some(row) = self.wants.row(idx) else { return };
        self.fresh.insert(idx);
        match (row.has(), before) {
            // It was held already when the two were found to be level.
            (Has::Level, _) if clock.1 <= level_at => return,
            (_, None) => {
                row.note(Has::Unknown); // How much of this chain it holds nobody knows.
                self.told.insert(idx, TO_BE_TOLD);
            }
            (Has::Level, Some(before)) if clock.0 > level_at => {
                row.note(Has::At(before.0));
                self.told.insert(idx, before);
            }
            (Has::Level, Some(_)) => row.note(Has::Unknown),
            (Has::Unknown | Has::At(_), Some(_)) => {}
        }
        match row.mode {
            Mode::Eager => self.due(idx),
            Mode::Lazy => {
                self.haves.insert(idx);
                self.haves_at.get_or_insert(now + HAVE_AFTER);
            }
        }
    }

    fn due(&mut self, idx: u32) {
        self.turns.queue(idx, Turn::Urgent);
    }

    /// The next place whose turn it is. While lists are compared nothing but requests has one, so that all
    /// that was compared is stated before anything is told of it.
    fn next_turn(&mut self) -> Option<u32> {
        let (is_held_up, gets) = (self.list.is_comparing(), &self.gets);
        self.turns.next(|idx| !is_held_up || gets.contains_key(&idx))
    }

    /// Does one thing that is due. Rows of deltas are collected in `rows`, for one message.
    pub(super) fn step(&mut self, rows: &mut Vec<Row>, desk: &mut Desk<'_>) -> bool {
        if self.answer(desk) {
            return true;
        }
        if let Some((feed, seqs)) = self.ids.pop_front() {
            let is_wanted = self.wants.find(&feed, desk.shelf).is_some();
            let ids = match is_wanted {
                true => desk.shelf.ids(&feed, &seqs).into_iter().map(|id| id.map(|id| id.tip8())).collect(),
                false => vec![None; seqs.len()],
            };
            desk.out.send(&Message::Ids { feed, ids });
            return true;
        }
        let Some(idx) = self.next_turn() else { return false };
        let is_more = match self.gets.remove(&idx) {
            Some(open) => self.answer_get(open, desk),
            None => self.push(idx, rows, desk),
        };
        if is_more {
            self.due(idx);
        }
        true
    }

    /// Answers a `Get` by one message; whether more is due for its feed.
    fn answer_get(&mut self, mut open: Open, desk: &mut Desk<'_>) -> bool {
        let Get { idx, from, to, part, base8 } = open.get;
        let Some(feed) = self.wants.feed(idx, desk.shelf) else {
            // Of what is known by its tag alone nothing is held.
            desk.out.send(&match part {
                Part::Bodies => Message::Bodies { idx, from, bodies: vec![None] },
                Part::Entries | Part::Headers => Message::Chunk { idx, base8: None, chunk: None },
            });
            return false;
        };
        if part == Part::Bodies {
            let mut bodies = desk.shelf.bodies(&feed, from, to - from + 1);
            bodies.truncate((to - from + 1) as usize);
            if bodies.is_empty() {
                bodies.push(None);
            }
            desk.out.send(&Message::Bodies { idx, from, bodies });
            return true; // Entries may have come meanwhile.
        }
        let mine8 = id8_at(desk.shelf, &feed, open.next - 1);
        let is_other_branch = open.next == from && mine8 != base8;
        let bytes = match is_other_branch || (open.next > 1 && mine8.is_none()) {
            true => None,
            false => desk.shelf.chunk(&feed, open.next, part == Part::Headers),
        };
        if is_other_branch && part == Part::Entries {
            self.set(idx, Has::Unknown); // What it holds of my chain nobody knows: nothing is pushed.
        }
        let last = bytes.as_deref().and_then(last_of);
        let is_whole = last.is_none_or(|last| last >= to);
        let chunk = bytes.filter(|_| last.is_some());
        desk.out.send(&Message::Chunk { idx, base8: mine8, chunk });
        if let Some(last) = last {
            if part == Part::Entries {
                self.set(idx, Has::At(last));
            }
            open.next = last.saturating_add(1);
        }
        if !is_whole {
            self.gets.insert(idx, open);
            self.turns.queue(idx, Turn::Bulk);
            return false;
        }
        true
    }

    /// Brings the peer up to date on a feed; whether more is due.
    fn push(&mut self, idx: u32, rows: &mut Vec<Row>, desk: &mut Desk<'_>) -> bool {
        let Some(feed) = self.wants.feed(idx, desk.shelf) else { return false };
        let Some(state) = desk.shelf.state(&feed) else { return false };
        if let Some(cap) = state.cap {
            desk.caps.owe(feed, cap);
            desk.send_proofs();
        }
        let Some(has) = self.wants.peek(idx).map(|row| row.has()) else { return false };
        if has == Has::Level {
            return false;
        }
        let told = self.told.get(&idx).copied().unwrap_or((0, None));
        let at = match has {
            Has::At(at) if at >= told.0 && state.cap == told.1 => at,
            Has::At(_) | Has::Unknown | Has::Level => {
                if told != (state.len, state.cap) {
                    rows.extend(self.tell(idx, state));
                }
                return false;
            }
        };
        if at >= state.len {
            return false;
        }
        // So much is asked for when there is room for it; and a chain that a successor keeps may be a better one than the
        // peer's feed ended in.
        if state.len - at > K || is_ended(desk.shelf, &feed) {
            rows.extend(self.tell(idx, state));
            return false;
        }
        let base8 = id8_at(desk.shelf, &feed, at);
        let Some(bytes) = desk.shelf.chunk(&feed, at + 1, false) else { return false };
        let Some(last) = last_of(&bytes) else { return false };
        self.set(idx, Has::At(last));
        self.list.said();
        desk.out.send(&Message::Push { idx, base8, chunk: bytes });
        last < state.len
    }

    /// The row that tells what I hold, if that is anything; notes that it was told.
    fn tell(&mut self, idx: u32, state: FeedState) -> Option<Row> {
        let FeedState { len, tip, cap } = state;
        let before = self.note_told(idx, (len, cap));
        if cap != before.1 {
            self.set(idx, Has::Unknown); // How much of it a cap leaves to the peer, the peer will say.
        }
        self.list.said();
        (len > 0 || cap.is_some()).then(|| Row { idx, len, tip8: tip.map(|tip| tip.tip8()), cap })
    }

    /// Tells lengths of feeds whose entries the peer does not want unasked, once they have gathered.
    pub(super) fn elapsed(&mut self, now: Millis, desk: &mut Desk<'_>) {
        if self.haves_at.is_none_or(|at| at > now) {
            return;
        }
        if !self.list.is_idle() {
            self.haves_at = Some(now + HAVE_AFTER); // A row now would be taken for a part of the answer.
            return;
        }
        self.haves_at = None;
        let (mut rows, mut haves) = (Vec::new(), Vec::new());
        for idx in std::mem::take(&mut self.haves) {
            let Some(feed) = self.wants.feed(idx, desk.shelf) else { continue };
            let Some(state) = desk.shelf.state(&feed) else { continue };
            let Some(row) = self.wants.row(idx).copied() else { continue };
            let told = self.told.get(&idx).copied().unwrap_or((0, None));
            if state.cap != told.1 || row.has() == Has::Unknown || told == TO_BE_TOLD {
                rows.extend(self.tell(idx, state));
            } else if row.has() != Has::At(state.len) && row.has() != Has::Level {
                self.note_told(idx, (state.len, state.cap));
                self.list.said();
                haves.push((idx, state.len));
            }
        }
        haves.retain(|(_, len)| *len > 0);
        haves.chunks(MODES_MAX).for_each(|rows| desk.out.send(&Message::Have(rows.to_vec())));
        send_rows(Side::Yours, rows, false, desk);
    }
}

impl Desk<'_> {
    /// Sends the proofs that the peer lacks.
    pub(super) fn send_proofs(&mut self) {
        while let Some(feed) = self.caps.owed.pop_first() {
            let Some(proof) = self.shelf.proof(&feed) else { continue };
            if self.caps.lacks(&feed, proof.cap()) {
                self.caps.note(feed, proof.cap());
                self.out.send(&Message::Fork(proof.encode()));
            }
        }
    }
}

/// Sends rows, as many messages as they take; an answer has at least one, and its last says so.
pub(super) fn send_rows(side: Side, mut rows: Vec<Row>, is_answer: bool, desk: &mut Desk<'_>) {
    rows.sort_unstable_by_key(|row| row.idx);
    rows.dedup_by_key(|row| row.idx);
    let mut parts = rows.chunks(DELTA_ROWS_MAX).peekable();
    if parts.peek().is_none() && is_answer {
        desk.out.send(&Message::Delta { more: false, side, rows: Vec::new() });
    }
    while let Some(part) = parts.next() {
        let more = parts.peek().is_some();
        desk.out.send(&Message::Delta { more, side, rows: part.to_vec() });
    }
}

/// Whether the feed is the chain of a succession here.
fn is_ended(shelf: &dyn Shelf, feed: &FeedId) -> bool {
    shelf.succeeded(feed).is_some_and(|kept| kept.is_closed)
}

/// The last place of a chunk of my own shelf; `None` if it is none, which a later read may mend.
fn last_of(bytes: &[u8]) -> Option<Seq> {
    let (first, count) = chunk::span(bytes).ok()?;
    first.checked_add(count)?.checked_sub(1)
}
