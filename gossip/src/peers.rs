//! Whom to dial, whom to let in, which of two connections stays. No I/O: time and randomness are arguments.
//!
//! [`Book`] keeps addresses and decides the next dial; [`gate`] counts who knocks before we know who it is;
//! [`roster`] keeps who is connected. Absent on purpose: trust. An address is where to dial, and the
//! handshake alone says who is there. Source: spec/gossip.md, "dialling".

pub mod gate;
pub mod room;
pub mod roster;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use klatch_feed::FeedId;

use crate::noise::Side;
use crate::sync::Millis;

/// Feeds that a book learns from the LAN alone.
pub const LAN_FEEDS_MAX: usize = 4096;
/// Feeds that people and invites may enter.
pub const GIVEN_FEEDS_MAX: usize = 1024;
/// Addresses kept of one feed.
pub const ADDRS_MAX: usize = 16;
/// Connections this node has dialled or is dialling, pubs and feeds entered by a person not counted.
pub const DIALLED_MAX: usize = 32;
/// What the wait after the first failure is drawn from.
pub const WAIT_FIRST: Millis = 500;
/// What no wait exceeds.
pub const WAIT_MAX: Millis = 5 * 60 * 1000;
/// A connection that held for this long was no failure.
pub const HELD_MIN: Millis = 10_000;
/// How long the larger of two keys leaves the first dial on the LAN to the smaller.
pub const LAN_DELAY: Millis = 500;

/// Where an address was learned.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Source {
    /// Seen by mDNS, until it is gone.
    Lan,
    /// Entered by a person, or in a line that one opened.
    Given,
    /// A pub that this node has joined.
    Pub,
}

/// The next connection to make: try the addresses in order until one answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Dial {
    /// Who is expected there.
    pub feed: FeedId,
    /// Where, best first; never empty.
    pub addrs: Vec<SocketAddr>,
}

/// Known addresses, and when to dial whom.
#[derive(Debug)]
pub struct Book {
    me: FeedId,
    followed: BTreeSet<FeedId>,
    /// Feeds that may be dialled, or were: few, even where thousands are connected.
    known: BTreeMap<FeedId, Known>,
    connected: BTreeMap<FeedId, Connected>,
}

#[derive(Debug, Default)]
struct Known {
    /// Best first; see [`Known::sort`].
    addrs: Vec<Addr>,
    failures: u32,
    not_before: Millis,
    dialling: bool,
}

#[derive(Clone, Copy, Debug)]
struct Addr {
    addr: SocketAddr,
    source: Source,
    worked: bool,
    seen: Millis,
}

#[derive(Clone, Copy, Debug)]
struct Connected {
    since: Millis,
    dialled_by: Side,
}

impl Book {
    /// An empty book of `me`: who is found under that key is another node that holds it, and dialled like the followed.
    pub fn new(me: FeedId) -> Self {
        Self { me, followed: BTreeSet::new(), known: BTreeMap::new(), connected: BTreeMap::new() }
    }

    /// The feeds that are followed now: dialled before others.
    pub fn follow(&mut self, feeds: BTreeSet<FeedId>) {
        self.followed = feeds;
    }

    /// Notes where `feed` may be. Returns false if there is no room for one more feed.
    ///
    /// A new address ends the wait after failures: somebody saw them there, or says so.
    pub fn learn(&mut self, now: Millis, feed: FeedId, source: Source, addrs: &[SocketAddr]) -> bool {
        let Some(is_new) = self.note(now, feed, source, addrs) else { return false };
        if let Some(known) = self.known.get_mut(&feed).filter(|_| is_new) {
            known.failures = 0;
            let leaves_it = source == Source::Lan && self.me >= feed;
            let first = now + if leaves_it { LAN_DELAY } else { 0 };
            known.not_before = if known.not_before > now { known.not_before.min(first) } else { first };
        }
        true
    }

    /// Notes what a name stands for that was asked about once more, since no address led to `feed`. That ends no wait:
    /// there are names that stand for other addresses each time.
    pub fn asked_again(&mut self, now: Millis, feed: FeedId, source: Source, addrs: &[SocketAddr]) {
        self.note(now, feed, source, addrs);
    }

    /// Whether one of these addresses is new; `None` if there is no room.
    fn note(&mut self, now: Millis, feed: FeedId, source: Source, addrs: &[SocketAddr]) -> Option<bool> {
        if addrs.is_empty() || !self.known.contains_key(&feed) && self.is_full(source) {
            return None;
        }
        let known = self.known.entry(feed).or_default();
        let mut is_new = false;
        for &addr in addrs {
            if let Some(held) = known.addrs.iter_mut().find(|held| held.addr == addr) {
                held.seen = now;
                held.source = held.source.max(source);
                continue;
            }
            known.addrs.push(Addr { addr, source, worked: false, seen: now });
            is_new = true;
        }
        known.sort();
        while known.addrs.len() > ADDRS_MAX {
            known.drop_least();
        }
        Some(is_new)
    }

    /// Forgets what [`Source::Lan`] said of `feed`: it left, or fell silent.
    pub fn gone(&mut self, feed: &FeedId, addrs: &[SocketAddr]) {
        if let Some(known) = self.known.get_mut(feed) {
            known.addrs.retain(|held| held.source != Source::Lan || !addrs.contains(&held.addr));
        }
        self.drop_if_unused(feed);
    }

    /// Forgets all addresses of `feed`.
    pub fn forget(&mut self, feed: &FeedId) {
        if let Some(known) = self.known.get_mut(feed) {
            known.addrs.clear();
        }
        self.drop_if_unused(feed);
    }

    /// Whom to dial now, if anybody. Counts as dialling until [`Self::failed`] or [`Self::connected`].
    pub fn next_dial(&mut self, now: Millis) -> Option<Dial> {
        let feed = self
            .candidates()
            .filter(|&(_, known)| known.not_before <= now)
            .min_by_key(|&(feed, known)| (self.rank(feed, known), known.not_before, *feed))?;
        let feed = *feed.0;
        let known = self.known.get_mut(&feed).expect("it was just found");
        known.dialling = true;
        Some(Dial { feed, addrs: known.addrs.iter().map(|held| held.addr).collect() })
    }

    /// When [`Self::next_dial`] may have something, if nothing else happens; `None` if never.
    pub fn next_dial_at(&self) -> Option<Millis> {
        self.candidates().map(|(_, known)| known.not_before).min()
    }

    /// No address of `feed` led to a channel. `random` is any number, new each time.
    pub fn failed(&mut self, now: Millis, feed: &FeedId, random: u64) {
        if let Some(known) = self.known.get_mut(feed) {
            known.dialling = false;
            known.wait_longer(now, random);
        }
        self.drop_if_unused(feed);
    }

    /// A channel to `feed` stands and is kept. `addr` is where it was reached, if this side dialled.
    pub fn connected(&mut self, now: Millis, feed: FeedId, dialled_by: Side, addr: Option<SocketAddr>) {
        self.connected.insert(feed, Connected { since: now, dialled_by });
        let Some(known) = self.known.get_mut(&feed) else { return };
        if dialled_by == Side::Initiator {
            known.dialling = false;
        }
        for held in &mut known.addrs {
            held.worked = Some(held.addr) == addr || held.worked && addr.is_none();
        }
        known.sort();
    }

    /// The dial ended without a connection of its own, since another one to the same feed stays.
    pub fn superseded(&mut self, feed: &FeedId) {
        if let Some(known) = self.known.get_mut(feed) {
            known.dialling = false;
        }
    }

    /// The last connection to `feed` ended. `random` is any number, new each time.
    pub fn disconnected(&mut self, now: Millis, feed: &FeedId, random: u64) {
        if let Some(connected) = self.connected.remove(feed)
            && let Some(known) = self.known.get_mut(feed)
        {
            if now.saturating_sub(connected.since) >= HELD_MIN {
                known.failures = 0;
            }
            known.wait_longer(now, random);
        }
        self.drop_if_unused(feed);
    }

    /// The addresses of `feed`, best first.
    pub fn addrs(&self, feed: &FeedId) -> Vec<(SocketAddr, Source)> {
        let known = self.known.get(feed);
        known.into_iter().flat_map(|known| &known.addrs).map(|held| (held.addr, held.source)).collect()
    }

    /// Every feed with an address, in order.
    pub fn feeds(&self) -> impl Iterator<Item = FeedId> {
        self.known.iter().filter(|(_, known)| !known.addrs.is_empty()).map(|(feed, _)| *feed)
    }

    /// Feeds that could be dialled, but for the time.
    fn candidates(&self) -> impl Iterator<Item = (&FeedId, &Known)> {
        let counted = |(feed, known): &(&FeedId, &Known)| {
            !known.is_given() && (known.dialling || self.is_dialled(feed))
        };
        let full = self.known.iter().filter(counted).count() >= DIALLED_MAX;
        self.known.iter().filter(move |(feed, known)| {
            !known.addrs.is_empty()
                && !known.dialling
                && !self.connected.contains_key(feed)
                && (known.is_given() || !full)
        })
    }

    /// Whether this side dialled the connection that stands.
    fn is_dialled(&self, feed: &FeedId) -> bool {
        self.connected.get(feed).is_some_and(|connected| connected.dialled_by == Side::Initiator)
    }

    /// Lower is dialled first.
    fn rank(&self, feed: &FeedId, known: &Known) -> u8 {
        let wanted = *feed == self.me || self.followed.contains(feed) || known.is_given();
        match (known.is_on_lan(), wanted) {
            (true, true) => 0,
            (false, _) => 1,
            (true, false) => 2,
        }
    }

    fn is_full(&self, source: Source) -> bool {
        let given = self.known.values().filter(|known| known.is_given()).count();
        match source {
            Source::Lan => self.known.len() - given >= LAN_FEEDS_MAX,
            Source::Given | Source::Pub => given >= GIVEN_FEEDS_MAX,
        }
    }

    fn drop_if_unused(&mut self, feed: &FeedId) {
        let unused = |known: &Known| known.addrs.is_empty() && !known.dialling;
        if self.known.get(feed).is_some_and(unused) && !self.is_dialled(feed) {
            self.known.remove(feed);
        }
    }
}

impl Known {
    fn is_given(&self) -> bool {
        self.addrs.iter().any(|held| held.source != Source::Lan)
    }

    fn is_on_lan(&self) -> bool {
        self.addrs.iter().any(|held| held.source == Source::Lan)
    }

    /// What worked last, then the LAN, then the newest.
    fn sort(&mut self) {
        self.addrs.sort_by_key(|held| (!held.worked, held.source, std::cmp::Reverse(held.seen), held.addr));
    }

    /// Drops the oldest address of the LAN, which anybody there can forge, else the oldest.
    /// What worked last is dropped last.
    fn drop_least(&mut self) {
        let least = self.addrs.iter().min_by_key(|held| (held.worked, held.source, held.seen)).copied();
        self.addrs.retain(|held| Some(held.addr) != least.map(|least| least.addr));
    }

    /// Exponential, with jitter over its upper half, so that nodes that lost a pub together do not return together.
    fn wait_longer(&mut self, now: Millis, random: u64) {
        let doublings = self.failures.min(20); // More would pass the most anyway.
        self.failures = self.failures.saturating_add(1);
        let half = (WAIT_FIRST << doublings).min(WAIT_MAX) / 2;
        self.not_before = now + half + random % (half + 1);
    }
}

#[cfg(test)]
mod tests;
