//! Comparing what two nodes hold of an agreed list of feeds, at a cost that follows the difference.
//!
//! The places compared are cut into intervals, the same on both sides: one side sends a fingerprint of each,
//! the other answers with those that differ here and the fingerprints of what they are cut into, and so on by
//! turns, down to single places. Each message goes one level deeper, so a peer that never agrees costs a few
//! messages and no more. Absent on purpose: what is done about a difference. Source: spec/gossip.md, "comparing".

use hkdf::Hkdf;
use sha2::{Digest, Sha256};

use super::message::{PRINTS_BYTES_MAX, Tag8};
use super::{Breach, FeedState};
use klatch_feed::{FeedId, Seq};

/// An interval with more places than this is cut, into as many.
const FAN: u32 = 16;
/// As many places are told one by one at once.
const FLAT_MAX: u32 = 256;
/// With as many, the first message starts a level further down.
const LARGE_MIN: u32 = 65_536;
/// Bytes of the fingerprint of an interval, and of a single place.
const PRINT_BYTES: usize = 6;
const TAG_BYTES: usize = 4;

/// Keys that both ends of one connection derive from its handshake, and nobody else can.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    prints: [u8; 32],
    /// For tags of lists that begin in this connection.
    pub(super) salt: [u8; 32],
}

impl Keys {
    pub(super) fn of(session: &[u8; 32]) -> Self {
        let derive = |info: &[u8]| {
            let mut key = [0; 32];
            let expanded = Hkdf::<Sha256>::new(None, session).expand(info, &mut key);
            expanded.expect("one block is always to be had");
            key
        };
        Self { prints: derive(b"klatch/fp/1\0"), salt: derive(b"klatch/tag/1\0") }
    }

    /// What one place adds to the fingerprint of its interval.
    fn print(&self, idx: u32, state: &FeedState) -> u64 {
        let mut hash = Sha256::new();
        hash.update(self.prints);
        hash.update(idx.to_be_bytes());
        hash.update(state.len.to_be_bytes());
        hash.update(state.cap.unwrap_or(Seq::MAX).to_be_bytes());
        hash.update(state.tip.map_or([0; 32], |tip| *tip.as_bytes()));
        let hash: [u8; 32] = hash.finalize().into();
        u64::from_be_bytes(*hash.first_chunk().expect("a hash has 32 bytes"))
    }
}

/// The tag of a feed in a list that begins in the connection of this handshake hash. Source: spec/gossip.md, "tags".
pub fn tag_in(session: &[u8; 32], feed: &FeedId) -> Tag8 {
    tag(&Keys::of(session).salt, feed)
}

/// A feed's name under a salt. Source: spec/gossip.md, "tags".
pub(super) fn tag(salt: &[u8; 32], feed: &FeedId) -> Tag8 {
    use hmac::{Hmac, KeyInit, Mac};
    let mac = Hmac::<Sha256>::new_from_slice(salt).expect("HMAC takes keys of any length");
    let mac: [u8; 32] = mac.chain_update(feed.as_bytes()).finalize().into_bytes().into();
    *mac.first_chunk().expect("a hash has 32 bytes")
}

/// One comparison under way, as either side keeps it.
#[derive(Debug)]
pub(super) struct Compare {
    places: Vec<u32>,
    /// What the last message gave fingerprints of, as ranges of `places`.
    printed: Vec<(u32, u32)>,
    /// ... place by place.
    is_flat: bool,
}

/// What the last fingerprints showed.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The answer's bits: which of them differ.
    pub(super) open: Vec<u8>,
    /// Places whose intervals agree.
    pub(super) equal: Vec<u32>,
    /// The answer's fingerprints, one level deeper; empty where single places, or too many, differ.
    pub(super) prints: Vec<u8>,
    /// Without fingerprints: the places that may differ.
    pub(super) differ: Vec<u32>,
}

/// What both ends hold, by place.
pub(super) type States<'a> = &'a mut dyn FnMut(u32) -> FeedState;

impl Compare {
    /// Of these places, in ascending order; the side that serves the list makes the first message of it.
    pub(super) fn new(places: Vec<u32>) -> Self {
        let all = (0, count(&places));
        let printed = match all.1 {
            0..=FLAT_MAX => vec![all],
            more => {
                let once: Vec<_> = cut(all).collect();
                if more < LARGE_MIN { once } else { once.into_iter().flat_map(cut).collect() }
            }
        };
        Self { places, printed, is_flat: all.1 <= FLAT_MAX }
    }

    /// The fingerprints of the first message.
    pub(super) fn first(&self, keys: &Keys, states: States<'_>) -> Vec<u8> {
        self.print(keys, states)
    }

    /// The fingerprints that came last, against mine.
    ///
    /// # Errors
    ///
    /// [`Breach::Malformed`] if they are not as many as the last step opened.
    pub(super) fn hear(&mut self, keys: &Keys, prints: &[u8], states: States<'_>) -> Result<Found, Breach> {
        let mine = self.print(keys, states);
        if prints.len() != mine.len() {
            return Err(Breach::Malformed);
        }
        let size = self.print_bytes();
        let same = prints.chunks(size).zip(mine.chunks(size)).map(|(theirs, mine)| theirs == mine);
        let differs: Vec<bool> = same.map(|same| !same).collect();
        let mut found = Found { open: bits(&differs), ..Found::default() };
        self.descend(&differs, &mut found);
        let many = differs.iter().filter(|differs| **differs).count() * 2 > differs.len();
        if self.printed.is_empty() {
            return Ok(found);
        }
        // Where intervals are large, that many differ says little of how many places do.
        let is_cheaper = many && self.is_flat && differs.len() >= FAN as usize;
        if is_cheaper || !self.fits() {
            found.differ = self.rest();
        } else {
            found.prints = self.print(keys, states);
        }
        Ok(found)
    }

    /// The other side says which of my fingerprints differ there.
    ///
    /// # Errors
    ///
    /// [`Breach::Malformed`] if the bits are not as many as I gave.
    pub(super) fn opened(&mut self, open: &[u8]) -> Result<Found, Breach> {
        let differs = flags(open, self.given())?;
        let mut found = Found::default();
        self.descend(&differs, &mut found);
        Ok(found)
    }

    /// All places that are still open.
    pub(super) fn rest(&self) -> Vec<u32> {
        let ranges = self.printed.iter();
        ranges.flat_map(|(lo, hi)| &self.places[*lo as usize..*hi as usize]).copied().collect()
    }

    /// Moves to what the intervals that differ are cut into; what agrees goes to `found`, single places that
    /// differ as well.
    fn descend(&mut self, differs: &[bool], found: &mut Found) {
        let is_flat = self.is_flat;
        let parts: Vec<(u32, u32)> = match is_flat {
            true => self.printed.iter().flat_map(|(lo, hi)| (*lo..*hi).map(|at| (at, at + 1))).collect(),
            false => std::mem::take(&mut self.printed),
        };
        self.printed = Vec::new();
        let mut open = Vec::new();
        for (part, differs) in parts.into_iter().zip(differs) {
            let places = &self.places[part.0 as usize..part.1 as usize];
            match (differs, is_flat) {
                (false, _) => found.equal.extend(places),
                (true, true) => found.differ.extend(places),
                (true, false) => open.push(part),
            }
        }
        let largest = open.iter().map(|(lo, hi)| hi - lo).max().unwrap_or(0);
        self.is_flat = largest <= FAN;
        self.printed = match self.is_flat {
            true => open,
            false => open.into_iter().flat_map(cut).collect(),
        };
    }

    fn print_bytes(&self) -> usize {
        if self.is_flat { TAG_BYTES } else { PRINT_BYTES }
    }

    /// How many fingerprints the last message had.
    fn given(&self) -> usize {
        match self.is_flat {
            true => self.printed.iter().map(|(lo, hi)| (hi - lo) as usize).sum(),
            false => self.printed.len(),
        }
    }

    fn fits(&self) -> bool {
        self.given() * self.print_bytes() <= PRINTS_BYTES_MAX
    }

    fn print(&self, keys: &Keys, states: States<'_>) -> Vec<u8> {
        let is_flat = self.is_flat;
        let mut out = Vec::with_capacity(self.given() * self.print_bytes());
        for (lo, hi) in &self.printed {
            let mut sum = 0_u64;
            for idx in &self.places[*lo as usize..*hi as usize] {
                let print = keys.print(*idx, &states(*idx));
                match is_flat {
                    true => out.extend_from_slice(&print.to_be_bytes()[..TAG_BYTES]),
                    false => sum = sum.wrapping_add(print),
                }
            }
            if !is_flat {
                out.extend_from_slice(&interval(sum));
            }
        }
        out
    }
}

/// The fingerprint of an interval, by the sum of those of its places: the low bytes, as they would be of a
/// sum modulo 2^48.
fn interval(sum: u64) -> [u8; PRINT_BYTES] {
    *sum.to_be_bytes().last_chunk().expect("six of eight bytes")
}

fn count(places: &[u32]) -> u32 {
    u32::try_from(places.len()).expect("a list has at most 1,048,576 places")
}

/// Cuts an interval into sixteen, as even as can be.
fn cut((lo, hi): (u32, u32)) -> impl Iterator<Item = (u32, u32)> {
    let at =
        move |i: u32| lo + u32::try_from(u64::from(hi - lo) * u64::from(i) / u64::from(FAN)).unwrap_or(0);
    (0..FAN).map(move |i| (at(i), at(i + 1)))
}

/// Flags as bits, the first lowest.
pub(super) fn bits(flags: &[bool]) -> Vec<u8> {
    let mut bits = vec![0; flags.len().div_ceil(8)];
    for (at, _) in flags.iter().enumerate().filter(|(_, flag)| **flag) {
        bits[at / 8] |= 1 << (at % 8);
    }
    bits
}

/// So many flags from bits, of which none is spare.
///
/// # Errors
///
/// [`Breach::Malformed`] if the bits are not as many.
pub(super) fn flags(bits: &[u8], count: usize) -> Result<Vec<bool>, Breach> {
    let spare = (8 - count % 8) % 8;
    let fits = bits.len() == count.div_ceil(8)
        && bits.last().is_none_or(|last| last.leading_zeros() as usize >= spare);
    match fits {
        true => Ok((0..count).map(|at| bits[at / 8] >> (at % 8) & 1 == 1).collect()),
        false => Err(Breach::Malformed),
    }
}

#[cfg(test)]
mod tests;
