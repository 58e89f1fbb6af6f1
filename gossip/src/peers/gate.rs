//! Who may try a handshake: limits that hold before anybody is known. Source: spec/gossip.md, "limits before authentication".

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use thiserror::Error;

use crate::sync::Millis;

/// The limits; [`Default`] is what the spec says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Unfinished handshakes in all.
    pub half_open_max: u32,
    /// Unfinished handshakes from one /24 or /48.
    pub half_open_net_max: u32,
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
            half_open_max: 512,
            half_open_net_max: 32,
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
    #[error("too many unfinished handshakes")]
    Full,
    /// Too many of them come from that network.
    #[error("too many unfinished handshakes from that network")]
    NetFull,
    /// Too many failed from that address.
    #[error("too many failed handshakes from that address")]
    Failures,
}

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

/// Counts unfinished and failed handshakes. Call [`Self::leave`] once for each [`Self::enter`] that let somebody in.
#[derive(Debug, Default)]
pub struct Gate {
    limits: Limits,
    half_open: u32,
    nets: BTreeMap<IpAddr, u32>,
    failures: BTreeMap<IpAddr, Bucket>,
}

/// Thousandths of a failed handshake still allowed.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: u64,
    at: Millis,
    per_second: u32,
}

impl Gate {
    /// With other limits than the spec's.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Lets a connection from `addr` try, or says why not.
    ///
    /// # Errors
    ///
    /// [`Refused`]: close it without reading.
    pub fn enter(&mut self, now: Millis, addr: IpAddr) -> Result<(), Refused> {
        let addr = addr.to_canonical();
        if self.half_open >= self.limits.half_open_max {
            return Err(Refused::Full);
        }
        if self.nets.get(&net(addr)).is_some_and(|&open| open >= self.limits.half_open_net_max) {
            return Err(Refused::NetFull);
        }
        let burst = self.limits.failures_burst;
        if self.failures.get(&host(addr)).is_some_and(|bucket| bucket.left_at(now, burst) < 1000) {
            return Err(Refused::Failures);
        }
        self.half_open += 1;
        *self.nets.entry(net(addr)).or_default() += 1;
        Ok(())
    }

    /// Unfinished handshakes.
    pub fn half_open(&self) -> usize {
        self.half_open as usize
    }

    /// The handshake with `addr` is over.
    pub fn leave(&mut self, now: Millis, addr: IpAddr, attempt: Attempt) {
        let addr = addr.to_canonical();
        self.half_open = self.half_open.saturating_sub(1);
        if let Some(open) = self.nets.get_mut(&net(addr)) {
            *open -= 1;
            if *open == 0 {
                self.nets.remove(&net(addr));
            }
        }
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

/// Whose unfinished handshakes are counted together: a /24, an IPv6 /48.
fn net(addr: IpAddr) -> IpAddr {
    prefix(addr, 24, 48)
}

fn prefix(addr: IpAddr, bits_v4: u32, bits_v6: u32) -> IpAddr {
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

    #[test]
    fn the_33rd_of_one_network_and_the_513th_of_all_are_refused() {
        let mut gate = Gate::default();
        for n in 0..32 {
            assert_eq!(gate.enter(0, ip(&format!("192.0.2.{n}"))), Ok(()), "{n}");
        }
        assert_eq!(gate.enter(0, ip("192.0.2.99")), Err(Refused::NetFull));
        assert_eq!(
            gate.enter(0, ip("::ffff:192.0.2.99")),
            Err(Refused::NetFull),
            "the same, mapped into IPv6"
        );
        for n in 0..480 {
            assert_eq!(gate.enter(0, ip(&format!("10.0.{n}.1", n = n % 256 + n / 256))), Ok(()), "{n}");
        }
        assert_eq!(gate.enter(0, ip("203.0.113.1")), Err(Refused::Full));
        gate.leave(0, ip("192.0.2.0"), Attempt::Stranger);
        assert_eq!(gate.enter(0, ip("203.0.113.1")), Ok(()), "one left, one enters");
        assert_eq!(gate.enter(0, ip("192.0.2.0")), Err(Refused::Full));
    }

    #[test]
    fn an_ipv6_site_counts_as_one_network() {
        let mut gate = Gate::default();
        for n in 0..32 {
            assert_eq!(gate.enter(0, ip(&format!("2001:db8:1:{n:x}::1"))), Ok(()));
        }
        assert_eq!(gate.enter(0, ip("2001:db8:1:ffff::2")), Err(Refused::NetFull));
        assert_eq!(gate.enter(0, ip("2001:db8:2::1")), Ok(()), "the next /48");
    }

    /// Lets `count` handshakes fail at `now`; how many were let in.
    fn fail(gate: &mut Gate, now: Millis, addr: IpAddr, count: u32) -> u32 {
        (0..count)
            .map(|_| match gate.enter(now, addr) {
                Ok(()) => {
                    gate.leave(now, addr, Attempt::Failed);
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
        gate.enter(0, cafe).unwrap();
        gate.leave(0, cafe, Attempt::Member);
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
            gate.enter(0, addr).unwrap();
            gate.leave(0, addr, Attempt::Stranger);
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
