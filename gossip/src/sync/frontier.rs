//! Who wants and holds what: a want list whose places never move, and the caps both sides know of.
//!
//! Small on purpose, since a node holds two lists for every connection and a pub ten thousand connections: a
//! feed that the log knows is its number there. What is in motion (requests, searches) stands in `plan` and
//! `serve`, for as long as it is.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::{FeedId, Seq};

use super::Shelf;
use super::memory::Name;
use super::message::Tag8;

/// Most places one want list may have, removed ones included.
pub const PLACES_MAX: usize = 1 << 20;

/// Feeds in the order in which they were announced; a removed one leaves a hole. `T` is kept of each.
#[derive(Debug)]
pub(super) struct WantList<T> {
    rows: Vec<Slot<T>>,
    numbered: Vec<u32>, // Live places of feeds with a number, by number.
    strangers: Vec<Name>,
    by_feed: BTreeMap<FeedId, u32>, // Live places of those without.
    by_tag: BTreeMap<Tag8, u32>,
    removed: BTreeSet<FeedId>,
}

/// One place. `name` is a feed's number in the log, or [`STRANGER`] and where else the name stands, or [`HOLE`].
#[derive(Debug)]
struct Slot<T> {
    name: u32,
    row: T,
}

/// So many feeds find their place in a long list one by one.
const FEW: usize = 16;
/// A list that grows again gets room for this part of it.
const SPARE: usize = 16;

const STRANGER: u32 = 1 << 31;
const HOLE: u32 = u32::MAX;

/// What stands at a place of a want list.
pub(super) enum Place<T> {
    /// A feed, unless only a tag is known of it.
    Live(Option<FeedId>, T),
    /// A feed that is wanted no longer.
    Hole,
    /// Nothing was ever announced there.
    Beyond,
}

impl<T: Default> WantList<T> {
    pub(super) const fn new() -> Self {
        Self {
            rows: Vec::new(),
            numbered: Vec::new(),
            strangers: Vec::new(),
            by_feed: BTreeMap::new(),
            by_tag: BTreeMap::new(),
            removed: BTreeSet::new(),
        }
    }

    /// A list as it was remembered.
    pub(super) fn of(names: impl IntoIterator<Item = Name>) -> Self {
        let mut list = Self::new();
        list.extend(names.into_iter().map(|name| (name, T::default())).collect());
        list
    }

    /// The list, to be remembered.
    pub(super) fn names(&self) -> Vec<Name> {
        self.rows.iter().map(|slot| self.name(slot.name)).collect()
    }

    fn name(&self, name: u32) -> Name {
        match name {
            HOLE => Name::Hole,
            number if number < STRANGER => Name::Number(number),
            stranger => self.strangers[(stranger - STRANGER) as usize],
        }
    }

    /// How many places there are, holes included.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many are no holes.
    pub(super) fn live_len(&self) -> usize {
        self.numbered.len() + self.by_feed.len() + self.by_tag.len()
    }

    /// Whether there are tags that stand for no feed known here.
    pub(super) fn has_tags(&self) -> bool {
        !self.by_tag.is_empty()
    }

    /// Appends feeds, none of which is in the list. A few cost no walk over a list that is long.
    pub(super) fn extend(&mut self, names: Vec<(Name, T)>) {
        // Exactly, or nearly so: lists change seldom, and a pub holds thousands of them.
        if self.rows.capacity() - self.rows.len() < names.len() {
            self.rows.reserve_exact(names.len().max(self.rows.len() / SPARE));
        }
        let mut numbered = Vec::new();
        for (name, row) in names {
            let idx = u32::try_from(self.rows.len()).expect("at most 1,048,576 places");
            let name = self.enter(name, idx, &mut numbered);
            self.rows.push(Slot { name, row });
        }
        self.order(numbered);
    }

    /// Takes live places of feeds with a number in, in the order of their numbers.
    fn order(&mut self, new: Vec<u32>) {
        if self.numbered.capacity() - self.numbered.len() < new.len() {
            self.numbered.reserve_exact(new.len().max(self.numbered.len() / SPARE));
        }
        let rows = &self.rows;
        if new.len() > FEW {
            self.numbered.extend(new);
            self.numbered.sort_by_key(|idx| rows[*idx as usize].name); // Most stands in order already.
            return;
        }
        for idx in new {
            let name = rows[idx as usize].name;
            let at = self.numbered.partition_point(|other| rows[*other as usize].name < name);
            self.numbered.insert(at, idx);
        }
    }

    /// Notes where a name stands; what the place is to be called.
    fn enter(&mut self, name: Name, idx: u32, numbered: &mut Vec<u32>) -> u32 {
        match name {
            Name::Number(number) if number < STRANGER => {
                numbered.push(idx);
                return number;
            }
            Name::Number(_) | Name::Hole => return HOLE,
            Name::Feed(feed) => drop(self.by_feed.insert(feed, idx)),
            Name::Tag(tag) => drop(self.by_tag.insert(tag, idx)),
        }
        self.strangers.push(name);
        STRANGER + u32::try_from(self.strangers.len() - 1).expect("at most as many as places")
    }

    /// Tags in the list turned out to stand for these feeds; their places. Ordered once for all of them.
    pub(super) fn resolve(&mut self, found: &[(Tag8, FeedId)], shelf: &dyn Shelf) -> Vec<u32> {
        let (mut places, mut numbered) = (Vec::new(), Vec::new());
        for (tag, feed) in found {
            let Some(idx) = self.by_tag.remove(tag) else { continue };
            let name = self.enter(Name::of(*feed, shelf), idx, &mut numbered);
            self.rows[idx as usize].name = name;
            places.push(idx);
        }
        self.order(numbered);
        places
    }

    /// Leaves holes. False, and nothing further is removed, where there is nothing to remove.
    pub(super) fn remove(&mut self, places: &[u32], shelf: &dyn Shelf) -> bool {
        let mut were_live = true;
        for idx in places {
            let Some(slot) = self.rows.get(*idx as usize).filter(|slot| slot.name != HOLE) else {
                were_live = false;
                break;
            };
            match self.name(slot.name) {
                Name::Number(number) => {
                    if places.len() <= FEW
                        && let Some(at) = self.numbered_at(number)
                    {
                        self.numbered.remove(at);
                    }
                    self.removed.extend(shelf.feed(number));
                }
                Name::Feed(feed) => {
                    self.by_feed.remove(&feed);
                    self.removed.insert(feed);
                }
                Name::Tag(tag) => drop(self.by_tag.remove(&tag)),
                Name::Hole => {}
            }
            self.rows[*idx as usize] = Slot { name: HOLE, row: T::default() };
        }
        if places.len() > FEW {
            let rows = &self.rows;
            self.numbered.retain(|idx| rows[*idx as usize].name != HOLE);
        }
        were_live
    }

    /// Where the feed of that number stands among those that have one.
    fn numbered_at(&self, number: u32) -> Option<usize> {
        self.numbered.binary_search_by_key(&number, |idx| self.rows[*idx as usize].name).ok()
    }

    /// Where `feed` stands.
    pub(super) fn find(&self, feed: &FeedId, shelf: &dyn Shelf) -> Option<u32> {
        self.by_feed.get(feed).copied().or_else(|| {
            let at = self.numbered_at(shelf.number(feed)?)?;
            Some(self.numbered[at])
        })
    }

    /// Whether a tag stands in the list for a feed that is not known.
    pub(super) fn has_tag(&self, tag: &Tag8) -> bool {
        self.by_tag.contains_key(tag)
    }

    /// Whether `feed` stands in the list or stood there in this session.
    pub(super) fn ever_had(&self, feed: &FeedId, shelf: &dyn Shelf) -> bool {
        self.find(feed, shelf).is_some() || self.removed.contains(feed)
    }

    /// What is kept of the feed at `idx`, if it is live.
    pub(super) fn row(&mut self, idx: u32) -> Option<&mut T> {
        self.rows.get_mut(idx as usize).filter(|slot| slot.name != HOLE).map(|slot| &mut slot.row)
    }

    /// As [`WantList::row`], to be looked at.
    pub(super) fn peek(&self, idx: u32) -> Option<&T> {
        self.rows.get(idx as usize).filter(|slot| slot.name != HOLE).map(|slot| &slot.row)
    }

    /// The feed at `idx`, if it is live and known.
    pub(super) fn feed(&self, idx: u32, shelf: &dyn Shelf) -> Option<FeedId> {
        match self.name(self.rows.get(idx as usize)?.name) {
            Name::Number(number) => shelf.feed(number),
            Name::Feed(feed) => Some(feed),
            Name::Tag(_) | Name::Hole => None,
        }
    }

    /// What stands at `idx`.
    pub(super) fn at(&mut self, idx: u32, shelf: &dyn Shelf) -> Place<&mut T> {
        let feed = self.feed(idx, shelf);
        match self.rows.get_mut(idx as usize) {
            Some(slot) if slot.name == HOLE => Place::Hole,
            Some(slot) => Place::Live(feed, &mut slot.row),
            None => Place::Beyond,
        }
    }

    /// All live places, in order.
    pub(super) fn places(&self) -> impl Iterator<Item = u32> + '_ {
        let live = self.rows.iter().enumerate().filter(|(_, slot)| slot.name != HOLE);
        live.map(|(idx, _)| u32::try_from(idx).expect("at most 1,048,576 places"))
    }

    /// All live places with their feeds, where these are known.
    pub(super) fn feeds<'a>(&'a self, shelf: &'a dyn Shelf) -> impl Iterator<Item = (FeedId, u32)> + 'a {
        self.places().filter_map(|idx| Some((self.feed(idx, shelf)?, idx)))
    }
}

/// Caps of forked feeds, as far as they concern this connection. A cap that is absent is infinite.
#[derive(Debug, Default)]
pub(super) struct Caps {
    /// The smallest cap that the peer is known to hold, or was sent.
    theirs: BTreeMap<FeedId, Seq>,
    /// The cap of the last proof that came from the peer.
    proved: BTreeMap<FeedId, Seq>,
    /// Proofs to send.
    pub(super) owed: BTreeSet<FeedId>,
    /// Places of my list at which the peer claims a smaller cap than mine: it shall prove it.
    pub(super) doubted: BTreeSet<u32>,
    /// The smallest claim that was doubted, so that none is doubted twice.
    asked: BTreeMap<FeedId, Seq>,
}

impl Caps {
    /// Notes that the peer holds this cap. Claims count: who claims one does not need the proof.
    pub(super) fn note(&mut self, feed: FeedId, cap: Seq) {
        let known = self.theirs.entry(feed).or_insert(cap);
        *known = cap.min(*known);
    }

    /// Whether the peer lacks the proof behind this cap of mine.
    pub(super) fn lacks(&self, feed: &FeedId, mine: Seq) -> bool {
        self.theirs.get(feed).is_none_or(|theirs| mine < *theirs)
    }

    /// My cap is this one: sends the proof, if the peer lacks it.
    pub(super) fn owe(&mut self, feed: FeedId, mine: Seq) {
        if self.lacks(&feed, mine) {
            self.owed.insert(feed);
        }
    }

    /// A feed is wanted anew: what was doubted of it before may never have been said.
    pub(super) fn wanted_anew(&mut self, feed: &FeedId) {
        self.asked.remove(feed);
    }

    /// Notes a proof that the peer sent; false if it had sent one as good before.
    pub(super) fn note_proof(&mut self, feed: FeedId, cap: Seq) -> bool {
        let fresh = self.proved.get(&feed).is_none_or(|before| cap < *before);
        if fresh {
            self.proved.insert(feed, cap);
            self.note(feed, cap);
        }
        fresh
    }

    /// The peer claims this cap, smaller than mine: asks for the proof, unless it came or was asked for.
    pub(super) fn doubt(&mut self, feed: FeedId, idx: u32, claimed: Seq) {
        let at_most = |caps: &BTreeMap<FeedId, Seq>| caps.get(&feed).is_some_and(|cap| *cap <= claimed);
        if !at_most(&self.proved) && !at_most(&self.asked) {
            self.asked.insert(feed, claimed);
            self.doubted.insert(idx);
        }
    }
}

#[cfg(feature = "sim")]
impl Caps {
    pub(super) fn kept(&self) -> usize {
        self.theirs.len() + self.proved.len() + self.owed.len() + self.doubted.len() + self.asked.len()
    }
}

#[cfg(all(test, feature = "sim"))]
mod tests {
    use klatch_feed::NetId;

    use super::*;
    use crate::sim::author::Author;
    use crate::sim::shelf::Memory;

    /// Forty feeds that the log knows, by the numbers it gave them.
    fn numbered() -> (Memory, Vec<FeedId>) {
        let net = NetId::of_name("frontier");
        let mut authors: Vec<Author> = (0..40).map(|n| Author::new(net, n)).collect();
        let mut log = Memory::new(net, authors[0].feed());
        authors.iter_mut().for_each(|author| drop(log.append(author.write(Vec::new(), 40))));
        (log, authors.iter().map(Author::feed).collect())
    }

    #[test]
    fn feeds_are_found_however_many_came_or_went_at_once() {
        let (log, feeds) = numbered();
        let mut order: Vec<usize> = (0..40).collect();
        order.sort_by_key(|at| at * 23 % 40); // In no order of theirs.
        for (come, go) in [(1, 1), (FEW, FEW), (FEW + 1, FEW + 1), (40, 3), (3, 20)] {
            let mut list = WantList::<u8>::new();
            for some in order.chunks(come) {
                list.extend(some.iter().map(|at| (Name::of(feeds[*at], &log), 0)).collect());
            }
            let place = |list: &WantList<u8>, at: usize| list.find(&feeds[at], &log);
            for (idx, at) in order.iter().enumerate() {
                assert_eq!(place(&list, *at), u32::try_from(idx).ok(), "by {come}");
            }
            let gone: Vec<u32> = (5..5 + u32::try_from(go).unwrap()).collect();
            assert!(list.remove(&gone, &log) && !list.remove(&gone[..1], &log));
            assert_eq!(list.live_len(), 40 - go);
            for (idx, at) in (0..).zip(&order) {
                assert_eq!(place(&list, *at), Some(idx).filter(|idx| !gone.contains(idx)), "{go} went");
            }
        }
    }
}
