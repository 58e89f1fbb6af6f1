//! Who may try a handshake: limits that hold before anybody is known. Source: spec/gossip.md, "limits before authentication".

use std::collections::BTreeMap;
use std::net::IpAddr;

use thiserror::Error;

use super::room::{self, Full, Room, prefix};
use crate::sync::Millis;

/// The limits; [`Default`] is what the spec says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Unfinished handshakes; who is slow makes room for others.
    pub half_open: room::Limits,
    /// Failed handshakes from one address before the rate counts.
    pub failures_burst: u32,
    /// Failed handshakes a second from one address.
    pub failures_per_second: u32,
    /// The same for an address from which a known member has authenticated.
    pub member_failures_per_second: u32,
    /// Addresses whose failures are counted.
    pub addresses_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            half_open: room::Limits { places_max: 512, net_max: 32, safe_for: 2_000 },
            failures_burst: 256,
            failures_per_second: 5,
            member_failures_per_second: 100,
            addresses_max: 65_536,
        }
    }
}

/// Why a connection is closed at accept.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Refused {
    /// Too many handshakes are unfinished.
    #[error("too many unfinished handshakes: {0}")]
    Full(#[from] Full),
    /// Too many failed from that address.
    #[error("too many failed handshakes from that address")]
    Failures,
}

/// A handshake that was let in.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Ticket(u64);

/// How a handshake that was let in ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Attempt {
    /// No channel.
    Failed,
    /// A channel, with a stranger.
    Stranger,
    /// A channel, with a known member: others behind the same address are given more room.
    Member,
}

/// Counts unfinished and failed handshakes. Call [`Self::leave`] when one that was let in is over.
#[derive(Debug)]
pub struct Gate {
    limits: Limits,
    room: Room<Ticket>,
    addrs: BTreeMap<Ticket, IpAddr>,
    next: u64,
    failures: BTreeMap<IpAddr, Bucket>,
}

/// Thousandths of a failed handshake still allowed.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: u64,
    at: Millis,
    per_second: u32,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Gate {
    /// With other limits than the spec's.
    pub fn new(limits: Limits) -> Self {
        let (addrs, failures) = Default::default();
        Self { limits, room: Room::new(limits.half_open), addrs, next: 0, failures }
    }

    /// Lets a connection from `addr` try; the second is the one that it takes the place of, which is over as failed.
    ///
    /// # Errors
    ///
    /// [`Refused`]: close it without reading.
    pub fn enter(&mut self, now: Millis, addr: IpAddr) -> Result<(Ticket, Option<Ticket>), Refused> {
        let addr = addr.to_canonical();
        let burst = self.limits.failures_burst;
        if self.failures.get(&host(addr)).is_some_and(|bucket| bucket.left_at(now, burst) < 1000) {
            return Err(Refused::Failures);
        }
        let ticket = Ticket(self.next);
        let replaced = self.room.enter(now, ticket, addr)?;
        self.next += 1;
        self.addrs.insert(ticket, addr);
        if let Some(replaced) = replaced {
            self.leave(now, replaced, Attempt::Failed);
        }
        Ok((ticket, replaced))
    }

    /// Unfinished handshakes.
    pub fn half_open(&self) -> usize {
        self.room.len()
    }

    /// A handshake is over. One whose place was taken is over already.
    pub fn leave(&mut self, now: Millis, ticket: Ticket, attempt: Attempt) {
        self.room.leave(&ticket);
        let Some(addr) = self.addrs.remove(&ticket) else { return };
        if attempt != Attempt::Stranger && !addr.is_loopback() {
            self.count(now, host(addr), attempt);
        }
    }

    fn count(&mut self, now: Millis, host: IpAddr, attempt: Attempt) {
        let limits = self.limits;
        if !self.failures.contains_key(&host) && self.failures.len() >= limits.addresses_max {
            let full = u64::from(limits.failures_burst) * 1000;
            self.failures.retain(|_, bucket| bucket.left_at(now, limits.failures_burst) < full);
            if self.failures.len() >= limits.addresses_max {
                return;
            }
        }
        let full = u64::from(limits.failures_burst) * 1000;
        let fresh = Bucket { left: full, at: now, per_second: limits.failures_per_second };
        let bucket = self.failures.entry(host).or_insert(fresh);
        (bucket.left, bucket.at) = (bucket.left_at(now, limits.failures_burst), now);
        match attempt {
            Attempt::Failed => bucket.left = bucket.left.saturating_sub(1000),
            _ => bucket.per_second = limits.member_failures_per_second,
        }
    }
}

impl Bucket {
    fn left_at(&self, now: Millis, burst: u32) -> u64 {
        let refilled = now.saturating_sub(self.at).saturating_mul(u64::from(self.per_second));
        self.left.saturating_add(refilled).min(u64::from(burst) * 1000)
    }
}

/// Whose failures are counted together: an IPv4 address, an IPv6 /64.
fn host(addr: IpAddr) -> IpAddr {
    prefix(addr, 32, 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_33rd_of_one_network_and_the_513th_of_all_wait_until_somebody_had_two_seconds() {
        let mut gate = Gate::default();
        let (first, _) = gate.enter(0, ip("192.0.2.0")).unwrap();
        for n in 1..32 {
            assert_eq!(gate.enter(1, ip(&format!("192.0.2.{n}"))).unwrap().1, None, "{n}");
        }
        assert_eq!(gate.enter(1_999, ip("192.0.2.99")), Err(Refused::Full(Full::Net)));
        assert_eq!(gate.enter(2_000, ip("192.0.2.99")).unwrap().1, Some(first));
        for n in 0..480 {
            let addr = format!("10.{}.{}.1", n / 256, n % 256);
            assert_eq!(gate.enter(2_000, ip(&addr)).unwrap().1, None, "{n}");
        }
        assert_eq!(gate.half_open(), 512);
        for n in 0..30 {
            let (_, replaced) = gate.enter(2_000, ip(&format!("203.0.{n}.1"))).unwrap();
            assert!(replaced.is_some(), "{n}: taken from the most crowded network");
        }
        assert!(gate.enter(2_000, ip("198.51.100.1")).unwrap().1.is_some(), "of two it loses one");
        let refused = gate.enter(2_000, ip("198.51.101.1"));
        assert_eq!(refused, Err(Refused::Full(Full::All)), "each network has one");
        assert_eq!(gate.half_open(), 512);
    }

    #[test]
    fn whose_place_was_taken_has_failed_once_also_if_the_handshake_ends_after_all() {
        let half_open = room::Limits { places_max: 1, net_max: 1, safe_for: 0 };
        let mut gate = Gate::new(Limits { half_open, failures_burst: 2, ..Limits::default() });
        let addr = ip("192.0.2.1");
        let (first, _) = gate.enter(0, addr).unwrap();
        let (second, replaced) = gate.enter(0, addr).unwrap();
        assert_eq!(replaced, Some(first));
        gate.leave(0, first, Attempt::Failed);
        assert_eq!(gate.half_open(), 1, "the second still has its place");
        gate.leave(0, second, Attempt::Failed);
        assert_eq!(gate.enter(0, addr), Err(Refused::Failures), "two failures, not three");
        assert_eq!(gate.enter(200, addr).unwrap().1, None, "one came back");
    }

    /// Lets `count` handshakes fail at `now`; how many were let in.
    fn fail(gate: &mut Gate, now: Millis, addr: IpAddr, count: u32) -> u32 {
        (0..count)
            .map(|_| match gate.enter(now, addr) {
                Ok((ticket, _)) => {
                    gate.leave(now, ticket, Attempt::Failed);
                    1
                }
                Err(refused) => {
                    assert_eq!(refused, Refused::Failures);
                    0
                }
            })
            .sum()
    }

    #[test]
    fn failures_have_a_burst_of_256_then_five_a_second() {
        let (mut gate, addr) = (Gate::default(), ip("192.0.2.1"));
        assert_eq!(fail(&mut gate, 0, addr, 300), 256);
        assert_eq!(fail(&mut gate, 199, addr, 10), 0);
        assert_eq!(fail(&mut gate, 1000, addr, 10), 5);
        assert_eq!(fail(&mut gate, 10_000_000, addr, 300), 256, "never more than the burst at once");
        assert_eq!(fail(&mut gate, 10_000_000, ip("192.0.2.2"), 300), 256, "another address has its own");
    }

    #[test]
    fn a_members_address_has_more_room_and_loopback_has_no_limit() {
        let (mut gate, cafe) = (Gate::default(), ip("192.0.2.1"));
        let (ticket, _) = gate.enter(0, cafe).unwrap();
        gate.leave(0, ticket, Attempt::Member);
        assert_eq!(fail(&mut gate, 0, cafe, 300), 256);
        assert_eq!(fail(&mut gate, 1000, cafe, 300), 100);
        for home in ["127.0.0.1", "127.1.2.3", "::1"] {
            assert_eq!(fail(&mut gate, 0, ip(home), 5000), 5000, "{home}");
        }
    }

    #[test]
    fn success_costs_nothing() {
        let (mut gate, addr) = (Gate::default(), ip("192.0.2.1"));
        for _ in 0..5000 {
            let (ticket, _) = gate.enter(0, addr).unwrap();
            gate.leave(0, ticket, Attempt::Stranger);
        }
        assert_eq!(fail(&mut gate, 0, addr, 300), 256);
    }

    #[test]
    fn a_full_table_forgets_who_has_recovered_and_counts_nobody_new_meanwhile() {
        let limits = Limits { addresses_max: 2, ..Limits::default() };
        let mut gate = Gate::new(limits);
        assert_eq!(fail(&mut gate, 0, ip("192.0.2.1"), 256), 256);
        assert_eq!(fail(&mut gate, 0, ip("198.51.100.1"), 1), 1);
        assert_eq!(fail(&mut gate, 0, ip("203.0.113.1"), 400), 400, "no room to count it");
        assert_eq!(fail(&mut gate, 0, ip("192.0.2.1"), 1), 0, "who is counted stays counted");
        assert_eq!(fail(&mut gate, 1000, ip("203.0.113.1"), 300), 256, "the second has recovered: room");
        assert_eq!(gate.failures.len(), 2);
    }
}
