//! A bounded number of places that the networks people come from share evenly, so that a few of them never keep
//! everybody else out. Source: spec/gossip.md, "limits before authentication".

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use thiserror::Error;

use crate::sync::Millis;

/// How many have a place, and who loses it to a newcomer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Places in all.
    pub places_max: usize,
    /// Places of one /24 or /48.
    pub net_max: usize,
    /// So long nobody from as crowded a network takes a place.
    pub safe_for: Millis,
}

/// Nobody makes room for a newcomer.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Full {
    /// All places are taken, and as evenly as they can be.
    #[error("no place is left")]
    All,
    /// So are those of its network.
    #[error("no place is left for that network")]
    Net,
}

/// Who has a place and since when. `K` names a place, and is never used again.
#[derive(Debug)]
pub struct Room<K> {
    limits: Limits,
    places: BTreeMap<K, (IpAddr, Millis)>,
    nets: BTreeMap<IpAddr, BTreeSet<(Millis, K)>>,
    /// The most crowded network first, and of those as crowded the one whose oldest came first.
    crowds: BTreeSet<(Reverse<usize>, Millis, IpAddr)>,
}

impl<K: Copy + Ord> Room<K> {
    /// Nobody is in.
    pub const fn new(limits: Limits) -> Self {
        Self { limits, places: BTreeMap::new(), nets: BTreeMap::new(), crowds: BTreeSet::new() }
    }

    /// Gives somebody from `addr` a place; who loses theirs to it, if anybody does.
    ///
    /// # Errors
    ///
    /// [`Full`]: the newcomer has no place.
    pub fn enter(&mut self, now: Millis, key: K, addr: IpAddr) -> Result<Option<K>, Full> {
        let net = net(addr.to_canonical());
        let loser = self.loser(now, net)?;
        if let Some(loser) = loser {
            self.leave(&loser);
        }
        self.places.insert(key, (net, now));
        self.recount(net, |places| places.insert((now, key)));
        Ok(loser)
    }

    /// Gives up a place; false if it was lost before.
    pub fn leave(&mut self, key: &K) -> bool {
        let Some((net, since)) = self.places.remove(key) else { return false };
        self.recount(net, |places| places.remove(&(since, *key)));
        true
    }

    /// How many places are taken.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Who has a place.
    pub fn keys(&self) -> impl Iterator<Item = K> + '_ {
        self.places.keys().copied()
    }

    /// The oldest of the network with the most, if the shares are more even without it or it had its time.
    fn loser(&self, now: Millis, net: IpAddr) -> Result<Option<K>, Full> {
        let here = self.nets.get(&net).map_or(0, BTreeSet::len);
        let (from, full) = if here >= self.limits.net_max {
            (Some(net), Full::Net)
        } else if self.places.len() >= self.limits.places_max {
            (self.crowds.first().map(|(_, _, net)| *net), Full::All)
        } else {
            return Ok(None);
        };
        let places = from.and_then(|from| self.nets.get(&from)).ok_or(full)?;
        let (since, oldest) = *places.first().ok_or(full)?;
        let is_fairer = places.len() > here + 1;
        let had_its_time = now.saturating_sub(since) >= self.limits.safe_for;
        if is_fairer || had_its_time { Ok(Some(oldest)) } else { Err(full) }
    }

    fn recount(&mut self, net: IpAddr, change: impl FnOnce(&mut BTreeSet<(Millis, K)>) -> bool) {
        let places = self.nets.entry(net).or_default();
        let rank = |places: &BTreeSet<(Millis, K)>| {
            places.first().map(|(since, _)| (Reverse(places.len()), *since, net))
        };
        if let Some(before) = rank(places) {
            self.crowds.remove(&before);
        }
        change(places);
        match rank(places) {
            Some(after) => drop(self.crowds.insert(after)),
            None => drop(self.nets.remove(&net)),
        }
    }
}

/// Who share their places: a /24, an IPv6 /48.
fn net(addr: IpAddr) -> IpAddr {
    prefix(addr, 24, 48)
}

pub(super) fn prefix(addr: IpAddr, bits_v4: u32, bits_v6: u32) -> IpAddr {
    match addr {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & (u32::MAX << (32 - bits_v4))).into()),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << (128 - bits_v6)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn room(places_max: usize, net_max: usize) -> Room<u32> {
        Room::new(Limits { places_max, net_max, safe_for: 1_000 })
    }

    #[test]
    fn one_past_its_networks_share_takes_the_oldest_place_there_once_that_had_its_time() {
        let mut room = room(10, 2);
        assert_eq!(room.enter(0, 1, ip("192.0.2.1")), Ok(None));
        assert_eq!(room.enter(500, 2, ip("192.0.2.2")), Ok(None));
        assert_eq!(room.enter(999, 3, ip("192.0.2.3")), Err(Full::Net));
        assert_eq!(room.enter(999, 4, ip("192.0.3.1")), Ok(None), "the next network");
        assert_eq!(room.enter(1_000, 5, ip("::ffff:192.0.2.3")), Ok(Some(1)), "the same, mapped into IPv6");
        assert_eq!(room.enter(1_499, 6, ip("192.0.2.1")), Err(Full::Net));
        assert!(!room.leave(&1) && room.leave(&2));
        assert_eq!(room.enter(1_499, 7, ip("192.0.2.1")), Ok(None), "one left, one enters");
    }

    #[test]
    fn in_a_full_room_who_has_fewer_takes_from_who_has_most_at_once_and_as_many_only_later() {
        let mut room = room(6, 4);
        for n in 0..4 {
            assert_eq!(room.enter(u64::from(n), n, ip("192.0.2.1")), Ok(None));
        }
        assert_eq!(room.enter(4, 4, ip("198.51.100.1")), Ok(None));
        assert_eq!(room.enter(5, 5, ip("198.51.100.1")), Ok(None));
        assert_eq!(room.enter(6, 6, ip("203.0.113.1")), Ok(Some(0)), "none against four");
        assert_eq!(room.enter(7, 7, ip("203.0.113.1")), Ok(Some(1)), "one against three");
        assert_eq!(room.enter(8, 8, ip("203.0.113.1")), Err(Full::All), "all have two");
        assert_eq!(room.enter(9, 9, ip("10.0.0.1")), Ok(Some(2)), "none against two");
        assert_eq!(
            room.enter(10, 10, ip("10.0.0.1")),
            Err(Full::All),
            "one against two is as uneven after it"
        );
        assert_eq!(room.enter(1_003, 11, ip("10.0.0.1")), Err(Full::All), "the oldest of all has one place");
        assert_eq!(room.enter(1_004, 12, ip("10.0.0.1")), Ok(Some(4)), "the oldest of those with the most");
        assert_eq!(room.len(), 6);
    }

    #[test]
    fn many_networks_never_keep_the_last_one_out_for_longer_than_a_place_is_safe() {
        let mut room = room(512, 32);
        for n in 0..512 {
            assert_eq!(room.enter(0, n, ip(&format!("10.{}.{}.1", n / 256, n % 256))), Ok(None));
        }
        assert_eq!(room.enter(999, 600, ip("192.0.2.1")), Err(Full::All));
        assert_eq!(room.enter(1_000, 601, ip("192.0.2.1")), Ok(Some(0)));
        assert_eq!(room.enter(1_000, 602, ip("198.51.100.1")), Ok(Some(1)));
    }

    #[test]
    fn an_ipv6_site_is_one_network() {
        let mut room = room(64, 32);
        for n in 0..32 {
            assert_eq!(room.enter(0, n, ip(&format!("2001:db8:1:{n:x}::1"))), Ok(None));
        }
        assert_eq!(room.enter(0, 32, ip("2001:db8:1:ffff::2")), Err(Full::Net));
        assert_eq!(room.enter(0, 33, ip("2001:db8:2::1")), Ok(None), "the next /48");
    }

    #[test]
    fn a_room_without_places_lets_nobody_in_and_an_empty_one_keeps_nothing() {
        let mut none = room(0, 4);
        assert_eq!(none.enter(0, 1, ip("192.0.2.1")), Err(Full::All));
        assert!(none.is_empty() && none.nets.is_empty());
        let mut room = room(2, 2);
        room.enter(0, 1, ip("192.0.2.1")).unwrap();
        assert!(room.leave(&1) && !room.leave(&1));
        assert!(room.is_empty() && room.nets.is_empty() && room.crowds.is_empty());
    }
}
