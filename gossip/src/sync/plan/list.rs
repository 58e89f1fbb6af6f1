//! The list of what I want of this peer: announced, or taken up again where the last meeting left it; and what
//! the peer holds of it, compared at a cost that follows the difference.
//! Source: spec/gossip.md, "meeting again" and "comparing".

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use klatch_feed::FeedId;

use super::{Asking, Plan, state_of};
use crate::sync::compare::{Compare, bits, flags, tag};
use crate::sync::frontier::{PLACES_MAX, WantList};
use crate::sync::memory::{Asked, Name};
use crate::sync::message::{Mark16, Message, Named, Side, Tag8, WANTS_MAX};
use crate::sync::serve::{ROWS_AT_ONCE_MAX, TOKEN_AFTER};
use crate::sync::{Breach, Class, Desk, FeedState, Interest, Millis, Output, Shelf};

/// An entry that a peer told of is expected from another one for this long.
pub const GRAFT_AFTER: Millis = 1_500;

/// A token that comes sooner after the last one is passed over: half of what lies between two that are given.
const VOUCHED_AFTER: Millis = TOKEN_AFTER / 2;

/// Where the list of wants stands.
#[derive(Debug)]
pub(super) struct List {
    phase: Phase,
    /// What both call it, and the salt of its tags.
    root: Option<Mark16>,
    salt: Option<[u8; 32]>,
    scopes: VecDeque<Range<u32>>, // Places that each unanswered `Wants` added.
    answering: bool,              // The answer has begun, and its last delta has not come.
    comparing: Option<Compare>,
    /// Came, and holds as soon as all that came before it does.
    token: Option<Mark16>,
    vouched_at: Option<Millis>, // When the last one came that was not passed over.
    kept: Option<(Mark16, Vec<u32>)>,
    /// What was owed when the token came, until the answer states it.
    pub(super) owed: BTreeSet<u32>,
    /// ... that was stated to the peer instead, and when: a token may have crossed that.
    pub(super) restated: BTreeSet<u32>,
    restated_at: Millis,
    is_complete: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// Nothing was announced.
    Fresh,
    /// `Resume` named a list, and the peer has not said whether it knows it.
    Recalling,
    /// Both sides know the list.
    Agreed,
}

impl List {
    pub(super) const fn new() -> Self {
        Self {
            phase: Phase::Fresh,
            root: None,
            salt: None,
            scopes: VecDeque::new(),
            answering: false,
            comparing: None,
            token: None,
            vouched_at: None,
            kept: None,
            owed: BTreeSet::new(),
            restated: BTreeSet::new(),
            restated_at: 0,
            is_complete: false,
        }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.phase == Phase::Agreed && !self.answering && self.scopes.is_empty() && self.comparing.is_none()
    }
}

impl Plan {
    /// Takes up the list of the last meeting; the peer will say whether it knows it. What `Resume` shows.
    pub(in crate::sync) fn recall(&mut self, asked: &Asked) -> (Mark16, Mark16) {
        let is_held = |at: usize| asked.held.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1);
        let row = |at| Asking { holds: is_held(at), ..Asking::default() };
        self.wants = WantList::new();
        self.wants.extend(asked.list.iter().enumerate().map(|(at, name)| (*name, row(at))).collect());
        self.list.phase = Phase::Recalling;
        (self.list.root, self.list.salt) = (Some(asked.root), asked.salt);
        self.list.kept = Some((asked.token, asked.owed.clone()));
        (asked.token, asked.root)
    }

    /// The owner wants these feeds now: announces the difference, unless it is not yet known to what.
    pub(in crate::sync) fn want(&mut self, wanted: &BTreeMap<FeedId, Class>, desk: &mut Desk<'_>) {
        if self.list.phase == Phase::Recalling {
            return; // The answer leads here again.
        }
        self.list.phase = Phase::Agreed;
        self.refused.retain(|feed| wanted.contains_key(feed));
        let mut del = Vec::new();
        let mut held = BTreeSet::new();
        let places: Vec<u32> = self.wants.places().collect();
        for idx in places {
            match self.wants.feed(idx, desk.shelf).and_then(|feed| Some((feed, *wanted.get(&feed)?))) {
                Some((feed, class)) => {
                    held.insert(feed);
                    self.classify(idx, class);
                }
                None => del.push(idx),
            }
        }
        let new = |feed: &FeedId| !held.contains(feed);
        self.announce_new(wanted, new, del, desk);
    }

    /// Of these feeds those that are not wanted yet are wanted as well.
    pub(in crate::sync) fn want_also(&mut self, wanted: &BTreeMap<FeedId, Class>, desk: &mut Desk<'_>) {
        if self.list.phase != Phase::Agreed {
            return; // The whole list is announced later.
        }
        let known: BTreeSet<FeedId> =
            wanted.keys().filter(|feed| self.wants.find(feed, desk.shelf).is_some()).copied().collect();
        self.announce_new(wanted, |feed| !known.contains(feed), Vec::new(), desk);
    }

    fn announce_new(
        &mut self,
        wanted: &BTreeMap<FeedId, Class>,
        is_new: impl Fn(&FeedId) -> bool,
        del: Vec<u32>,
        desk: &mut Desk<'_>,
    ) {
        let room = PLACES_MAX - self.wants.len();
        let new = |feed: &&FeedId| is_new(feed) && !self.refused.contains(feed);
        let add: Vec<FeedId> = wanted.keys().filter(new).take(room).copied().collect();
        add.iter().for_each(|feed| desk.caps.wanted_anew(feed));
        let (add, names) = self.named(add, desk);
        self.forget(&del, desk.shelf);
        let row = |feed: &FeedId| Asking { class: wanted[feed], ..Asking::default() };
        self.wants.extend(names.iter().map(|feed| (Name::of(*feed, desk.shelf), row(feed))).collect());
        self.announce_all(add, del, desk);
        self.fill(desk); // Requests for what is wanted no longer gave their places back.
    }

    fn classify(&mut self, idx: u32, class: Class) {
        let Some(row) = self.wants.row(idx) else { return };
        let before = std::mem::replace(&mut row.class, class);
        self.requests.classify(before, class, idx);
    }

    /// Feeds in the order in which they are announced, as the peer is to know them.
    fn named(&mut self, add: Vec<FeedId>, desk: &Desk<'_>) -> (Named, Vec<FeedId>) {
        if desk.open {
            return (Named::Keys(add.clone()), add);
        }
        let salt = *self.list.salt.get_or_insert(desk.keys.salt);
        let mut tagged: Vec<(Tag8, FeedId)> = add.into_iter().map(|feed| (tag(&salt, &feed), feed)).collect();
        tagged.sort_unstable();
        tagged.dedup_by_key(|(tag, _)| *tag); // Two feeds under one tag: one of them waits for another salt.
        let (tags, feeds) = tagged.into_iter().unzip();
        (Named::Tags(tags), feeds)
    }

    fn announce_all(&mut self, add: Named, del: Vec<u32>, desk: &mut Desk<'_>) {
        let parts: Vec<Named> = match add {
            Named::Keys(keys) => keys.chunks(WANTS_MAX).map(|part| Named::Keys(part.to_vec())).collect(),
            Named::Tags(tags) => tags.chunks(WANTS_MAX).map(|part| Named::Tags(part.to_vec())).collect(),
        };
        let mut from = self.wants.len() - parts.iter().map(Named::len).sum::<usize>();
        let (mut adds, mut dels) = (parts.into_iter().peekable(), del.chunks(WANTS_MAX).peekable());
        while adds.peek().is_some() || dels.peek().is_some() {
            let add = adds.next().unwrap_or(Named::Keys(Vec::new()));
            let del = dels.next().unwrap_or_default().to_vec();
            let is_last = adds.peek().is_none() && dels.peek().is_none();
            if !add.is_empty() {
                let to = from + add.len();
                let place = |at: usize| u32::try_from(at).expect("at most 1,048,576 places");
                self.list.scopes.push_back(place(from)..place(to));
                from = to;
            }
            // What is called something must be whole.
            self.list.root = is_last.then(|| desk.marks.draw(b"root"));
            self.list.token = None;
            desk.out.send(&Message::Wants { root: self.list.root, add, del });
        }
    }

    /// Feeds that I no longer want, and nothing new.
    pub(super) fn announce(&mut self, add: Vec<FeedId>, del: Vec<u32>, desk: &mut Desk<'_>) {
        self.announce_all(Named::Keys(add), del, desk);
    }

    /// From here on feeds are named by keys: what was named by tags is announced anew.
    pub(in crate::sync) fn reopen(&mut self, wanted: &BTreeMap<FeedId, Class>, desk: &mut Desk<'_>) {
        if self.list.phase == Phase::Agreed && self.list.salt.take().is_some() {
            let all: Vec<u32> = self.wants.places().collect();
            self.forget(&all, desk.shelf);
            self.announce(Vec::new(), all, desk);
            self.want(wanted, desk);
        }
    }

    /// The peer says which of the feeds of one `Wants` it holds, or that it does not know the list.
    /// Whether the list is to be announced.
    pub(in crate::sync) fn scope(&mut self, bitmap: Option<&[u8]>) -> Result<bool, Breach> {
        let Some(bitmap) = bitmap else {
            if self.list.phase != Phase::Recalling {
                return Err(Breach::Unsolicited("a scope"));
            }
            *self = Self::new();
            return Ok(true);
        };
        let unsolicited = Err(Breach::Unsolicited("a scope"));
        if self.list.answering {
            return unsolicited;
        }
        let Some(added) = self.list.scopes.pop_front() else { return unsolicited };
        let flags = flags(bitmap, added.len())?;
        let held: Vec<u32> = added.zip(flags).filter(|(_, held)| *held).map(|(idx, _)| idx).collect();
        for idx in &held {
            if let Some(row) = self.wants.row(*idx) {
                row.holds = true;
            }
        }
        self.list.answering = true;
        self.list.comparing = (held.len() > ROWS_AT_ONCE_MAX).then(|| Compare::new(held));
        Ok(false)
    }

    /// Fingerprints of what the peer holds of my list. Whether this says that it knows the list.
    pub(in crate::sync) fn prints(
        &mut self,
        open: &[u8],
        prints: &[u8],
        desk: &mut Desk<'_>,
    ) -> Result<bool, Breach> {
        let is_recall = self.list.phase == Phase::Recalling;
        if is_recall {
            self.list.phase = Phase::Agreed;
            self.list.kept = None; // The token was not known: nothing is vouched for.
            self.list.answering = true;
            self.list.comparing = Some(Compare::new(self.wants.places().collect()));
        }
        let Some(mut compare) = self.list.comparing.take() else {
            return Err(Breach::Unsolicited("fingerprints"));
        };
        if !open.is_empty() {
            compare.opened(open)?;
        }
        if prints.is_empty() {
            return Err(Breach::Malformed);
        }
        let (keys, shelf, wants) = (desk.keys, desk.shelf, &self.wants);
        let mut states = |idx| held(wants, idx, shelf);
        let found = compare.hear(&keys, prints, &mut states)?;
        desk.out.send(&Message::Prints { side: Side::Mine, open: found.open, prints: found.prints });
        self.list.comparing = Some(compare);
        Ok(is_recall)
    }

    /// The peer states what it holds of my list. Whether this says that it knows the one that `Resume` named.
    pub(in crate::sync) fn is_known(&mut self) -> bool {
        if self.list.phase != Phase::Recalling {
            return false;
        }
        (self.list.phase, self.list.answering) = (Phase::Agreed, true);
        self.list.owed = self.list.kept.take().into_iter().flat_map(|(_, owed)| owed).collect();
        true
    }

    /// The last delta of an answer came.
    pub(in crate::sync) fn listed(&mut self, now: Millis, desk: &mut Desk<'_>) {
        // What I have of these is said, so that the rest is sent. Of what was stated anew it is asked for.
        let owed = std::mem::take(&mut self.list.owed);
        if !owed.is_empty() {
            desk.caps.doubted.extend(&owed);
            (self.list.restated, self.list.restated_at) = (owed, now);
        }
        self.list.answering = false;
        self.list.comparing = None;
    }

    /// Once a session, when it is known what the peer holds: asks for bodies that are missing here.
    pub(in crate::sync) fn complete(&mut self, desk: &mut Desk<'_>) {
        if self.list.is_complete || !self.list.is_settled() {
            return;
        }
        self.list.is_complete = true;
        for feed in desk.shelf.incomplete() {
            if let Some(idx) = self.wants.find(&feed, desk.shelf) {
                self.consider(idx, desk);
            }
        }
    }

    /// Whether the peer's word on the list that `Resume` named is still to come.
    pub(in crate::sync) fn is_recalling(&self) -> bool {
        self.list.phase == Phase::Recalling
    }

    /// The peer vouches that all was sent or told. Keeping that costs as much as the list is long, so not each of a
    /// flood is; nor is one held back, since what it vouches for may be lowered meanwhile.
    pub(in crate::sync) fn vouched(&mut self, now: Millis, token: Mark16, root: Mark16) {
        let is_soon = self.list.vouched_at.is_some_and(|at| now < at + VOUCHED_AFTER);
        if self.list.root == Some(root) && !is_soon {
            (self.list.token, self.list.vouched_at) = (Some(token), Some(now));
            if now >= self.list.restated_at + VOUCHED_AFTER {
                self.list.restated.clear(); // The peer had heard of them when it gave this one.
            }
        }
    }

    /// Keeps the last token, once all that it vouches for is durable.
    pub(in crate::sync) fn keep(&mut self, desk: &mut Desk<'_>) {
        let (Some(token), Some(root)) = (self.list.token, self.list.root) else { return };
        if !self.is_level() {
            return;
        }
        self.list.token = None;
        let list = self.wants.names();
        let holds = |at| {
            let idx = u32::try_from(at).expect("at most 1,048,576 places");
            self.wants.peek(idx).is_some_and(|row| row.holds)
        };
        let held = bits(&(0..list.len()).map(holds).collect::<Vec<_>>());
        let owed = self.owed(desk.shelf);
        let salt = self.list.salt.filter(|_| !desk.open);
        desk.out.push(Output::Keep(Asked { token, root, salt, list, held, owed }));
    }

    /// Places of which the peer holds more, another chain or another cap, than was got.
    fn owed(&self, shelf: &dyn Shelf) -> Vec<u32> {
        let is_owed = |(idx, claim): (&u32, &super::Claim)| {
            let mine = held(&self.wants, *idx, shelf);
            (claim.len > mine.len || claim.cap != mine.cap || claim.tip8.is_some()).then_some(*idx)
        };
        let others = self.others.keys().copied(); // Until the owner keeps a statement that makes it the feed's.
        let others = others.chain(self.list.restated.iter().copied());
        let owed: BTreeSet<u32> = self.claims.iter().filter_map(is_owed).chain(others).collect();
        owed.into_iter().collect()
    }
}

#[cfg(feature = "sim")]
impl Plan {
    pub(in crate::sync) fn kept(&self) -> usize {
        let asked = self.requests.kept() + self.lagging.len() + self.bodies_asked.len();
        let came = self.flights.len() + self.tickets.len() + self.branched.len() + self.rounds.len();
        let said = self.claims.len() + self.modes.len() + self.refused.len() + self.orphans.len();
        let chains = self.ends.len() + self.others.len() + self.fetched.len();
        let owed = self.list.owed.len() + self.list.restated.len();
        self.wants.len() + asked + came + said + chains + owed + self.list.scopes.len()
    }
}

/// What I hold of the feed at a place, even if it is nothing.
fn held(wants: &WantList<Asking>, idx: u32, shelf: &dyn Shelf) -> FeedState {
    let feed = wants.feed(idx, shelf);
    feed.map_or(FeedState { len: 0, tip: None, cap: None }, |feed| state_of(shelf, &feed))
}

/// Draws names that nobody can guess from a secret of this connection.
#[derive(Debug)]
pub(in crate::sync) struct Marks {
    secret: [u8; 32],
    drawn: u64,
}

impl Marks {
    pub(in crate::sync) const fn new(secret: [u8; 32]) -> Self {
        Self { secret, drawn: 0 }
    }

    pub(in crate::sync) fn draw(&mut self, what: &[u8]) -> Mark16 {
        use sha2::{Digest, Sha256};
        self.drawn += 1;
        let hash = Sha256::new().chain_update(self.secret).chain_update(self.drawn.to_be_bytes());
        let hash: [u8; 32] = hash.chain_update(what).finalize().into();
        *hash.first_chunk().expect("a hash has 32 bytes")
    }
}

/// What a narrow exchange asks for: of all that is wanted, what the peer wants too, it and me.
pub(in crate::sync) fn narrowed(
    interest: &Interest,
    peers: impl Iterator<Item = FeedId>,
    peer: FeedId,
) -> BTreeMap<FeedId, Class> {
    let both = peers.chain([peer]);
    both.filter_map(|feed| Some((feed, *interest.feeds.get(&feed)?))).collect()
}
