//! Who is connected: which of two connections to one feed stays, and who is not let in at all.
//! Source: spec/gossip.md, "connections".

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::FeedId;
use thiserror::Error;

use crate::link::LinkId;
use crate::noise::Side;

/// The connections that stand, at most one for each feed.
#[derive(Debug)]
pub struct Roster {
    me: FeedId,
    my_static: [u8; 32],
    links: BTreeMap<FeedId, Standing>,
    feeds: BTreeMap<LinkId, FeedId>,
    blocked: BTreeSet<FeedId>,
}

#[derive(Clone, Copy, Debug)]
struct Standing {
    link: LinkId,
    side: Side,
}

/// What to do with a connection whose handshake has ended well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Keep it.
    Keep,
    /// Keep it and close this older one.
    Replace(LinkId),
    /// Close it.
    Refuse(Refusal),
}

/// Why a connection with a good handshake is closed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Refusal {
    /// It is this very process: forget the address.
    #[error("that is this node itself")]
    Myself,
    /// A connection to the same feed stays.
    #[error("already connected")]
    Duplicate,
    /// Blocked.
    #[error("blocked")]
    Blocked,
    /// Strangers have a share of all connections, and it is full.
    #[error("no place is left for strangers")]
    Crowded,
}

impl Roster {
    /// Nobody is connected to `me`, whose process holds `my_static`.
    pub fn new(me: FeedId, my_static: [u8; 32]) -> Self {
        Self { me, my_static, links: BTreeMap::new(), feeds: BTreeMap::new(), blocked: BTreeSet::new() }
    }

    /// Decides on a new connection. If it is kept, it stands until [`Self::leave`].
    ///
    /// `side` is this node's. Both ends come to the same verdict on the same pair of connections.
    pub fn enter(&mut self, link: LinkId, peer: FeedId, peer_static: &[u8; 32], side: Side) -> Verdict {
        if peer == self.me && *peer_static == self.my_static {
            return Verdict::Refuse(Refusal::Myself);
        }
        if self.blocked.contains(&peer) {
            return Verdict::Refuse(Refusal::Blocked);
        }
        let standing = Standing { link, side };
        let Some(older) = self.links.get(&peer).copied() else {
            self.links.insert(peer, standing);
            self.feeds.insert(link, peer);
            return Verdict::Keep;
        };
        // Statics decide between two holders of one key.
        let mine_is_smaller = (self.me, self.my_static) < (peer, *peer_static);
        let smaller_dialled = (side == Side::Initiator) == mine_is_smaller;
        if older.side != side && !smaller_dialled {
            return Verdict::Refuse(Refusal::Duplicate);
        }
        self.links.insert(peer, standing);
        self.feeds.insert(link, peer);
        self.feeds.remove(&older.link);
        Verdict::Replace(older.link)
    }

    /// Whether `peer` is another process that holds this node's own key: tell the user.
    pub fn is_clone(&self, peer: &FeedId) -> bool {
        *peer == self.me
    }

    /// A connection ended. Returns the feed that is no longer connected, if `link` stood for one.
    pub fn leave(&mut self, link: LinkId) -> Option<FeedId> {
        let feed = self.feeds.remove(&link)?;
        self.links.remove(&feed);
        Some(feed)
    }

    /// The feeds that are blocked now; returns the connections to close.
    pub fn block(&mut self, blocked: BTreeSet<FeedId>) -> Vec<LinkId> {
        self.blocked = blocked;
        let stands = |feed: &FeedId| self.links.get(feed).map(|standing| standing.link);
        self.blocked.iter().filter_map(stands).collect()
    }

    /// The connection to `feed`.
    pub fn link(&self, feed: &FeedId) -> Option<LinkId> {
        self.links.get(feed).map(|standing| standing.link)
    }

    /// All connections, by feed.
    pub fn iter(&self) -> impl Iterator<Item = (FeedId, LinkId, Side)> {
        self.links.iter().map(|(feed, standing)| (*feed, standing.link, standing.side))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: FeedId = FeedId::new([1; 32]);
    const LARGE: FeedId = FeedId::new([2; 32]);

    /// Both ends decide on connections (who dialled, in the order in which they came to each end): who stays.
    fn meet(orders: [&[(u64, FeedId)]; 2]) -> [Option<LinkId>; 2] {
        [(SMALL, LARGE, orders[0]), (LARGE, SMALL, orders[1])].map(|(me, peer, order)| {
            let mut roster = Roster::new(me, [0; 32]);
            for &(link, dialler) in order {
                let side = if dialler == me { Side::Initiator } else { Side::Responder };
                if let Verdict::Replace(older) = roster.enter(LinkId(link), peer, &[9; 32], side) {
                    assert_eq!(roster.leave(older), None, "the older one stands for nothing any more");
                }
            }
            roster.link(&peer)
        })
    }

    #[test]
    fn of_two_that_both_sides_dialled_the_smaller_keys_stays_on_both_ends() {
        let (by_small, by_large) = ((1, SMALL), (2, LARGE));
        for orders in [
            [&[by_small, by_large], &[by_small, by_large]],
            [&[by_small, by_large], &[by_large, by_small]],
            [&[by_large, by_small], &[by_small, by_large]],
            [&[by_large, by_small], &[by_large, by_small]],
        ] {
            assert_eq!(meet(orders.map(|order| &order[..])), [Some(LinkId(1)); 2], "{orders:?}");
        }
    }

    #[test]
    fn of_two_that_one_side_dialled_the_newer_stays() {
        for dialler in [SMALL, LARGE] {
            let order = [(1, dialler), (2, dialler)];
            assert_eq!(meet([&order, &order]), [Some(LinkId(2)); 2]);
        }
    }

    #[test]
    fn my_own_process_is_refused_and_another_holder_of_my_key_is_kept() {
        let mut roster = Roster::new(SMALL, [5; 32]);
        assert_eq!(
            roster.enter(LinkId(1), SMALL, &[5; 32], Side::Initiator),
            Verdict::Refuse(Refusal::Myself)
        );
        assert_eq!(roster.enter(LinkId(2), SMALL, &[6; 32], Side::Initiator), Verdict::Keep);
        assert!(roster.is_clone(&SMALL) && !roster.is_clone(&LARGE));
        // Both holders dial: the smaller static decides, here mine.
        assert_eq!(
            roster.enter(LinkId(3), SMALL, &[6; 32], Side::Responder),
            Verdict::Refuse(Refusal::Duplicate)
        );
    }

    #[test]
    fn the_blocked_are_refused_and_those_connected_are_named() {
        let mut roster = Roster::new(SMALL, [0; 32]);
        assert_eq!(roster.enter(LinkId(1), LARGE, &[9; 32], Side::Responder), Verdict::Keep);
        assert_eq!(roster.block(BTreeSet::from([LARGE])), [LinkId(1)]);
        assert_eq!(roster.leave(LinkId(1)), Some(LARGE));
        assert_eq!(
            roster.enter(LinkId(2), LARGE, &[9; 32], Side::Responder),
            Verdict::Refuse(Refusal::Blocked)
        );
    }
}
