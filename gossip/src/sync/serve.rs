//! What the peer wants of me: answers in turn, and new entries as they come.
//!
//! Nothing is queued but the fact that something is due: what is sent is read when there is room for it,
//! so a slow peer costs a number a feed and bursts become one chunk. What was told by a `Delta` the peer
//! asks for by `Get`, what was never told is pushed; so nothing is sent twice. Absent on purpose: lazy
//! peers. Source: spec/gossip.md, "exchange".

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use klatch_feed::{FeedId, Seq, chunk};

use super::frontier::{Place, WANTS_PER_SESSION_MAX, WantList};
use super::message::{DELTA_ROWS_MAX, Get, Message, Part, Row, Side};
use super::plan::{REQUESTS_MAX, id8_at};
use super::{Breach, Desk, FeedState};

/// What I know of the peer's copy of a feed that it wants.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// It holds that many: it said so, or they came from it or went to it.
    at: Option<Seq>,
    /// I told it that I hold that many; it asks for what it lacks of them.
    told: Seq,
    /// ... under this cap.
    told_cap: Option<Seq>,
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
    wants: WantList<Known>,
    echo: Option<(FeedId, Seq)>,   // What the peer holds of my own feed.
    answers: VecDeque<Range<u32>>, // Places that one `Wants` added.
    ids: VecDeque<(FeedId, Vec<Seq>)>,
    gets: BTreeMap<u32, Open>,
    turn: VecDeque<u32>, // Places with something due, each once.
    queued: BTreeSet<u32>,
}

impl Serve {
    pub(super) const fn new() -> Self {
        Self {
            wants: WantList::new(),
            echo: None,
            answers: VecDeque::new(),
            ids: VecDeque::new(),
            gets: BTreeMap::new(),
            turn: VecDeque::new(),
            queued: BTreeSet::new(),
        }
    }

    /// Whether nothing is due.
    pub(super) fn is_idle(&self) -> bool {
        self.answers.is_empty() && self.ids.is_empty() && self.turn.is_empty()
    }

    /// The peer holds this much of my own feed, which it may not have announced to want yet.
    pub(super) fn echoed(&mut self, me: FeedId, len: Seq) {
        self.echo = Some((me, len));
    }

    /// How much of my own feed the peer holds, as far as it said so or was sent it.
    pub(super) fn holds(&mut self, me: &FeedId) -> Seq {
        let echoed = self.echo.map_or(0, |(_, len)| len);
        let known = self.wants.find(me).and_then(|idx| self.wants.live(idx)).and_then(|(_, known)| known.at);
        known.unwrap_or(0).max(echoed)
    }

    /// The peer wants other feeds. `claimed` is what it said of one when I asked.
    pub(super) fn wanted(
        &mut self,
        add: &[FeedId],
        del: &[u32],
        claimed: impl Fn(&FeedId) -> Option<Seq>,
    ) -> Result<(), Breach> {
        if !self.wants.remove(del) {
            return Err(Breach::Unsolicited("the removal of a feed"));
        }
        for idx in del {
            self.gets.remove(idx);
        }
        if self.wants.len() + add.len() > WANTS_PER_SESSION_MAX {
            return Err(Breach::Limit("feeds wanted in a session"));
        }
        if add.iter().any(|feed| self.wants.find(feed).is_some()) {
            return Err(Breach::Repeated);
        }
        let echo = |feed: &FeedId| self.echo.filter(|(me, _)| me == feed).map(|(_, len)| len);
        let known =
            |feed: &FeedId| (*feed, Known { at: claimed(feed).max(echo(feed)), told: 0, told_cap: None });
        let rows: Vec<_> = add.iter().map(known).collect();
        let start = self.wants.len();
        self.wants.extend(rows);
        if !add.is_empty() {
            let place = |at: usize| u32::try_from(at).expect("at most 100,000 places");
            self.answers.push_back(place(start)..place(self.wants.len()));
        }
        Ok(())
    }

    /// The peer holds that much of a feed.
    pub(super) fn knows(&mut self, feed: &FeedId, len: Seq) {
        if let Some(idx) = self.wants.find(feed)
            && let Some((_, known)) = self.wants.live(idx)
        {
            known.at = known.at.max(Some(len));
        }
    }

    /// The peer states what it holds of a feed that it wants itself.
    pub(super) fn stated(&mut self, row: Row, desk: &mut Desk<'_>) -> Result<(), Breach> {
        match self.wants.at(row.idx) {
            Place::Live(feed, known) => {
                known.at = known.at.max(Some(row.len));
                if let Some(cap) = row.cap {
                    desk.caps.note(feed, cap);
                }
                if let Some(mine) = desk.shelf.state(&feed).and_then(|state| state.cap) {
                    desk.caps.owe(feed, mine);
                }
                Ok(())
            }
            Place::Hole | Place::Beyond => Err(Breach::Unsolicited("a row")),
        }
    }

    /// The peer asks for entries.
    pub(super) fn get(&mut self, get: Get) -> Result<(), Breach> {
        let Place::Live(_, known) = self.wants.at(get.idx) else {
            return Err(Breach::Unsolicited("a request"));
        };
        if self.gets.contains_key(&get.idx) || self.gets.len() >= REQUESTS_MAX {
            return Err(Breach::Limit("requests at a time"));
        }
        if get.part == Part::Entries {
            known.at = Some(get.from - 1);
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
    pub(super) fn changed(&mut self, feed: &FeedId) {
        if let Some(idx) = self.wants.find(feed) {
            self.due(idx);
        }
    }

    fn due(&mut self, idx: u32) {
        if self.queued.insert(idx) {
            self.turn.push_back(idx);
        }
    }

    /// Does one thing that is due. Rows of deltas are collected in `rows`, for one message.
    pub(super) fn step(&mut self, rows: &mut Vec<Row>, desk: &mut Desk<'_>) -> bool {
        if let Some(places) = self.answers.pop_front() {
            self.answer(places, desk);
        } else if let Some((feed, seqs)) = self.ids.pop_front() {
            let is_wanted = self.wants.find(&feed).is_some();
            let ids = match is_wanted {
                true => desk.shelf.ids(&feed, &seqs).into_iter().map(|id| id.map(|id| id.tip8())).collect(),
                false => vec![None; seqs.len()],
            };
            desk.out.send(&Message::Ids { feed, ids });
        } else if let Some(idx) = self.turn.pop_front() {
            self.queued.remove(&idx);
            let is_more = match self.gets.remove(&idx) {
                Some(open) => self.answer_get(open, desk),
                None => self.push(idx, rows, desk),
            };
            if is_more {
                self.due(idx);
            }
        } else {
            return false;
        }
        true
    }

    /// Says what is held of the feeds that one `Wants` added.
    fn answer(&mut self, places: Range<u32>, desk: &mut Desk<'_>) {
        let mut bitmap = vec![0_u8; places.len().div_ceil(8)];
        let mut rows = Vec::new();
        for idx in places.clone() {
            let Some((feed, known)) = self.wants.live(idx) else { continue };
            let Some(state) = desk.shelf.state(&feed) else { continue };
            if let Some(row) = known.tell(idx, state) {
                let at = (idx - places.start) as usize;
                bitmap[at / 8] |= 1 << (at % 8);
                rows.push(row);
            }
        }
        desk.out.send(&Message::Scope(bitmap));
        send_rows(Side::Yours, rows, true, desk);
    }

    /// Answers a `Get` by one message; whether more is due for its feed.
    fn answer_get(&mut self, mut open: Open, desk: &mut Desk<'_>) -> bool {
        let Get { idx, from, to, part, base8 } = open.get;
        let Some((feed, known)) = self.wants.live(idx) else { return false };
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
            known.at = None; // What it holds of my chain nobody knows: nothing is pushed.
        }
        let last = bytes.as_deref().and_then(last_of);
        let is_whole = last.is_none_or(|last| last >= to);
        let chunk = bytes.filter(|_| last.is_some());
        desk.out.send(&Message::Chunk { idx, base8: mine8, chunk });
        if let Some(last) = last {
            if part == Part::Entries {
                known.at = Some(last);
            }
            open.next = last.saturating_add(1);
        }
        if !is_whole {
            self.gets.insert(idx, open);
        }
        true
    }

    /// Brings the peer up to date on a feed; whether more is due.
    fn push(&mut self, idx: u32, rows: &mut Vec<Row>, desk: &mut Desk<'_>) -> bool {
        let Some((feed, known)) = self.wants.live(idx) else { return false };
        let Some(state) = desk.shelf.state(&feed) else { return false };
        if let Some(cap) = state.cap {
            desk.caps.owe(feed, cap);
            desk.send_proofs();
        }
        let at = known.at.unwrap_or(0);
        let is_level = known.at.is_some() && at >= known.told;
        if !is_level || state.cap != known.told_cap {
            if known.told != state.len || known.told_cap != state.cap {
                rows.extend(known.tell(idx, state));
            }
            return false;
        }
        if at >= state.len {
            return false;
        }
        let base8 = id8_at(desk.shelf, &feed, at);
        let Some(bytes) = desk.shelf.chunk(&feed, at + 1, false) else { return false };
        let Some(last) = last_of(&bytes) else { return false };
        known.at = Some(last);
        desk.out.send(&Message::Push { idx, base8, chunk: bytes });
        last < state.len
    }
}

impl Known {
    /// The row that tells what I hold, if that is anything; notes that it was told.
    fn tell(&mut self, idx: u32, state: FeedState) -> Option<Row> {
        let FeedState { len, tip, cap } = state;
        (self.told, self.told_cap) = (len, cap);
        (len > 0 || cap.is_some()).then(|| Row { idx, len, tip8: tip.map(|tip| tip.tip8()), cap })
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

/// The last place of a chunk of my own shelf; `None` if it is none, which a later read may mend.
fn last_of(bytes: &[u8]) -> Option<Seq> {
    let (first, count) = chunk::span(bytes).ok()?;
    first.checked_add(count)?.checked_sub(1)
}
