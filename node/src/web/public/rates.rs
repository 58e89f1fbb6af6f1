//! How often one address may ask: a bucket of tokens for each that asked lately. No clock.

use std::collections::HashMap;
use std::net::IpAddr;

/// Requests that an address may send at once.
pub const BURST: u32 = 100;
/// Requests that it may send a second, beyond that.
pub const PER_SECOND: u32 = 5;
/// Most addresses that are remembered.
pub const ADDRESSES_MAX: usize = 10_000;

/// Tokens are counted in thousandths, so that a millisecond gives a whole number of them.
const WHOLE: u64 = 1_000;

/// The buckets.
#[derive(Debug, Default)]
pub struct Rates {
    held: HashMap<IpAddr, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: u64,
    at_ms: u64,
}

impl Bucket {
    fn at(self, now_ms: u64) -> Self {
        let more = now_ms.saturating_sub(self.at_ms).saturating_mul(PER_SECOND.into());
        let left = self.left.saturating_add(more).min(u64::from(BURST) * WHOLE);
        Self { left, at_ms: self.at_ms.max(now_ms) }
    }
}

impl Rates {
    /// Takes a token of an address; `false` where it has none left. `now_ms` is of any clock that does not run back.
    pub fn take(&mut self, now_ms: u64, from: IpAddr) -> bool {
        let from = site(from);
        if self.held.len() >= ADDRESSES_MAX && !self.held.contains_key(&from) {
            // A full bucket says as much as none. Where all are in use, better to forget than to refuse everybody.
            self.held.retain(|_, bucket| bucket.at(now_ms).left < u64::from(BURST) * WHOLE);
            if self.held.len() >= ADDRESSES_MAX {
                self.held.clear();
            }
        }
        let full = Bucket { left: u64::from(BURST) * WHOLE, at_ms: now_ms };
        let bucket = self.held.entry(from).or_insert(full);
        *bucket = bucket.at(now_ms);
        let has = bucket.left >= WHOLE;
        bucket.left -= if has { WHOLE } else { 0 };
        has
    }
}

/// Whom an address stands for: of IPv6 a network of 64 bits, which is what a household gets.
pub(in crate::web) fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) if !six.is_loopback() => {
            let mut bytes = six.octets();
            bytes[8..].fill(0);
            IpAddr::from(bytes)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn four(last: u16) -> IpAddr {
        let [high, low] = last.to_be_bytes();
        IpAddr::from([192, 0, high, low])
    }

    #[test]
    fn one_more_than_a_burst_waits_for_the_next_token() {
        let mut rates = Rates::default();
        assert!((0..BURST).all(|_| rates.take(5, four(1))));
        assert!(!rates.take(5, four(1)), "one past");
        assert!(rates.take(5, four(2)), "another address has its own");
        let next = 5 + 1000 / u64::from(PER_SECOND);
        assert!(!rates.take(next - 1, four(1)));
        assert!(rates.take(next, four(1)));
        assert!(!rates.take(next, four(1)));
        assert!(!rates.take(0, four(1)), "a clock that runs back gives nothing");
        let later = next + 60 * 60 * 1000;
        assert!((0..BURST).all(|_| rates.take(later, four(1))), "no more than a burst is saved");
        assert!(!rates.take(later, four(1)));
    }

    #[test]
    fn the_addresses_of_one_network_are_one_and_forms_of_one_address_too() {
        let mut rates = Rates::default();
        let near = ["2001:db8::1", "2001:db8::ffff:2"].map(|text| text.parse::<IpAddr>().unwrap());
        assert!((0..BURST).all(|n| rates.take(0, near[(n % 2) as usize])));
        assert!(!rates.take(0, near[0]));
        assert!(rates.take(0, "2001:db8:0:1::1".parse().unwrap()));
        assert!((0..BURST).all(|_| rates.take(0, four(7))));
        assert!(!rates.take(0, "::ffff:192.0.0.7".parse().unwrap()));
    }

    #[test]
    fn one_address_past_the_limit_is_served_and_no_more_are_remembered() {
        let mut rates = Rates::default();
        let addresses = u16::try_from(ADDRESSES_MAX).unwrap();
        assert!((0..addresses).all(|last| rates.take(0, four(last))));
        assert_eq!(rates.held.len(), ADDRESSES_MAX);
        assert!(rates.take(0, four(addresses)));
        assert!(rates.held.len() <= ADDRESSES_MAX);
        let mut rates = Rates::default();
        assert!((0..addresses).all(|last| rates.take(0, four(last))));
        assert!(rates.take(60_000, four(addresses)));
        assert_eq!(rates.held.len(), 1, "those that are full again are as good as new ones");
    }
}
