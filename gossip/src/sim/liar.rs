//! A shelf that lies: what a hostile or broken node would serve over a correct exchange.

use std::collections::BTreeSet;

use klatch_feed::{EntryId, FeedId, ForkProof, Seq};

use super::network::Dice;
use super::shelf::Memory;
use crate::sync::message::{Message, Named};
use crate::sync::{FeedState, Shelf};

/// Most feeds that a flood adds to each list; half of them are past the limit of [`super::PLACES_MAX`].
const FLOOD_FEEDS: u64 = 2 * super::PLACES_MAX as u64;

/// How a node lies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lie {
    /// It shows the first half of every feed: harmless, and not to be punished.
    Stale,
    /// Its chunks are cut off.
    Truncated,
    /// Its ids are others.
    WrongIds,
    /// A byte in each chunk is another.
    Flipped,
    /// It says what it holds and gives none of it: harmless, too.
    Withheld,
    /// Now and then it sends random bytes.
    Noise,
    /// Its chunks are about other places of the list.
    WrongPlace,
    /// It reads slowly: harmless as long as it costs nobody anything.
    Slow,
    /// It wants feeds that nobody has, again and again: more than it may.
    Flood,
    /// It says at the opening that it holds more of the other's feed than there is: harmless, and a reason to
    /// wait for it a moment.
    Echo,
}

impl Lie {
    /// What it sends where an honest node would send these bytes.
    pub(super) fn twist(self, bytes: Vec<u8>, dice: &mut Dice) -> Vec<Vec<u8>> {
        match self {
            Self::Noise if dice.percent(10) => {
                vec![(0..dice.range(0, 200)).map(|_| dice.range(0, 255) as u8).collect()]
            }
            Self::Echo => match Message::decode(&bytes) {
                Ok(Message::Resume { proto, token, root, want_n, yours }) => {
                    let more = dice.range(1, 20) as Seq;
                    let len = yours.map_or(0, |(len, _)| len) + more;
                    let yours = dice.bytes().first_chunk().map(|id8| (len, *id8));
                    vec![Message::Resume { proto, token, root, want_n, yours }.encode()]
                }
                _ => vec![bytes],
            },
            Self::WrongPlace => match Message::decode(&bytes) {
                Ok(Message::Chunk { idx, base8, chunk }) => {
                    vec![Message::Chunk { idx: idx + 1, base8, chunk }.encode()]
                }
                Ok(Message::Push { idx, base8, chunk }) => {
                    vec![Message::Push { idx: idx + 1, base8, chunk }.encode()]
                }
                _ => vec![bytes],
            },
            Self::Flood if matches!(Message::decode(&bytes), Ok(Message::Wants { .. })) => {
                let names: Vec<[u8; 32]> = (0..dice.range(1, FLOOD_FEEDS)).map(|_| dice.bytes()).collect();
                let flood = |part: &[[u8; 32]]| {
                    let feeds: BTreeSet<FeedId> = part.iter().copied().map(FeedId::new).collect();
                    let add = Named::Keys(feeds.into_iter().collect());
                    Message::Wants { root: None, add, del: Vec::new() }.encode()
                };
                [bytes].into_iter().chain(names.chunks(100).map(flood)).collect()
            }
            _ => vec![bytes],
        }
    }
}

/// The lying view of a log.
#[derive(Debug)]
pub struct Liar<'a> {
    /// What it really holds.
    pub shelf: &'a Memory,
    /// How it lies about it.
    pub lie: Lie,
}

impl Liar<'_> {
    fn shown(&self, feed: &FeedId) -> Option<Seq> {
        let len = self.shelf.state(feed)?.len;
        Some(if self.lie == Lie::Stale { len / 2 } else { len })
    }
}

impl Shelf for Liar<'_> {
    fn state(&self, feed: &FeedId) -> Option<FeedState> {
        let state = self.shelf.state(feed)?;
        let len = self.shown(feed)?;
        let tip = self.ids(feed, &[len]).pop().flatten();
        (len > 0).then_some(FeedState { len, tip, cap: state.cap })
    }

    fn ids(&self, feed: &FeedId, seqs: &[Seq]) -> Vec<Option<EntryId>> {
        let mut ids = self.shelf.ids(feed, seqs);
        if self.lie == Lie::WrongIds {
            for id in ids.iter_mut().flatten() {
                *id = EntryId::new(id.as_bytes().map(|byte| byte ^ 0x55));
            }
        }
        ids
    }

    fn chunk(&self, feed: &FeedId, from: Seq, headers_only: bool) -> Option<Vec<u8>> {
        let mut bytes = self.shelf.chunk(feed, from, headers_only).filter(|_| self.lie != Lie::Withheld)?;
        let len = bytes.len();
        match self.lie {
            Lie::Truncated => bytes.truncate(len - 1),
            Lie::Flipped => bytes[len / 2] ^= 1,
            _ => {}
        }
        Some(bytes)
    }

    fn bodies(&self, feed: &FeedId, from: Seq, count: u32) -> Vec<Option<Vec<u8>>> {
        self.shelf.bodies(feed, from, count)
    }

    fn missing_bodies(&self, _: &FeedId, _: Seq) -> Vec<Seq> {
        Vec::new()
    }

    fn proof(&self, feed: &FeedId) -> Option<ForkProof> {
        self.shelf.proof(feed)
    }

    fn about(&self, object: &EntryId) -> Vec<(FeedId, Seq)> {
        self.shelf.about(object)
    }

    fn incomplete(&self) -> Vec<FeedId> {
        Vec::new()
    }

    fn number(&self, feed: &FeedId) -> Option<u32> {
        self.shelf.number(feed)
    }

    fn feed(&self, number: u32) -> Option<FeedId> {
        self.shelf.feed(number)
    }

    fn clock(&self) -> u64 {
        self.shelf.clock()
    }

    fn changed(&self, feed: &FeedId) -> u64 {
        self.shelf.changed(feed)
    }

    fn changed_since(&self, clock: u64, max: usize) -> Option<Vec<FeedId>> {
        self.shelf.changed_since(clock, max)
    }

    fn held(&self) -> Vec<FeedId> {
        self.shelf.held()
    }
}
