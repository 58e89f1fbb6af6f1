//! Finding the place where the peer's chain leaves mine, and proving the fork.
//!
//! Chains that differ at one place differ at every later one, so asking for ids at up to 64 places a
//! round finds the first in six rounds at most. The answers are hints: only the proof that is built at
//! the end counts, and a search that leads nowhere is given up for the session.
//! Source: spec/gossip.md, "forks on the wire".

use klatch_feed::{AcceptError, FeedId, ForkProof, K, Seq, chunk};

use super::message::{Get, IDS_MAX, Id8, Message, Part};
use super::plan::{Plan, Task, id8_at};
use super::{Breach, Desk, Output, Reason};

/// Most rounds of asking for ids that one feed is worth in a session.
pub const SEARCH_ROUNDS_MAX: u8 = 40;

impl Plan {
    /// Starts at a place where the chains differ.
    pub(super) fn search(&mut self, idx: u32, feed: FeedId, differs: Seq, desk: &mut Desk<'_>) {
        self.branched.remove(&idx);
        if differs > 0 && id8_at(desk.shelf, &feed, differs).is_some() {
            self.narrow(idx, feed, (0, differs), desk);
        }
    }

    /// The chains agree at `lo` and differ at `hi`: asks for what lies between, or for the branch itself.
    pub(super) fn narrow(&mut self, idx: u32, feed: FeedId, (lo, hi): (Seq, Seq), desk: &mut Desk<'_>) {
        if hi <= lo {
            return; // Nothing lies between.
        }
        if hi == lo + 1 {
            if let Some(to) = self.branch_to(idx, &feed, desk) {
                return self.fetch(idx, feed, lo, to, desk);
            }
            let base8 = id8_at(desk.shelf, &feed, lo);
            if base8.is_some() == (lo > 0) {
                self.requests.insert(idx, Task::Segment { at: hi });
                desk.out.send(&Message::Get(Get { idx, from: hi, to: hi, part: Part::Headers, base8 }));
            }
            return;
        }
        let rounds = self.rounds.entry(idx).or_insert(0);
        if *rounds >= SEARCH_ROUNDS_MAX {
            return;
        }
        *rounds += 1;
        let seqs = places_between(lo, hi);
        self.requests.insert(idx, Task::Ids { lo, hi, seqs: seqs.clone() });
        desk.out.send(&Message::IdAt { feed, seqs });
    }

    /// The peer tells its ids at the places asked for.
    pub(super) fn ids(
        &mut self,
        feed: FeedId,
        ids: &[Option<Id8>],
        desk: &mut Desk<'_>,
    ) -> Result<(), Breach> {
        let Some(idx) = self.wants.find(&feed, desk.shelf) else {
            return if self.orphans.remove(&feed) { Ok(()) } else { Err(Breach::Unsolicited("ids")) };
        };
        let Some(Task::Ids { lo, hi, seqs }) = self.requests.get(idx) else {
            return if self.orphans.remove(&feed) { Ok(()) } else { Err(Breach::Unsolicited("ids")) };
        };
        if ids.len() != seqs.len() {
            return Err(Breach::Malformed);
        }
        let (mut lo, mut hi) = (*lo, *hi);
        let mine = desk.shelf.ids(&feed, seqs);
        let mut is_known = true;
        for ((seq, mine), theirs) in seqs.iter().zip(mine).zip(ids) {
            match (mine, theirs) {
                (Some(mine), Some(theirs)) if mine.tip8() == *theirs => lo = *seq,
                (Some(_), Some(_)) => {
                    hi = *seq;
                    break;
                }
                _ => {
                    is_known = false; // One of the chains became shorter: whoever's it is will say so.
                    break;
                }
            }
        }
        self.requests.remove(idx);
        if is_known {
            self.narrow(idx, feed, (lo, hi), desk);
        }
        if !self.requests.is_active(idx) {
            self.done(idx, desk);
        }
        Ok(())
    }

    /// The peer's branch from the first differing entry on: with mine, it is the proof.
    pub(super) fn segment(
        feed: FeedId,
        at: Seq,
        (base8, theirs): (Option<Id8>, Option<Vec<u8>>),
        desk: &mut Desk<'_>,
    ) -> Result<(), Reason> {
        let Some(theirs) = theirs else { return Ok(()) };
        let before = at - 1;
        let prev = match before {
            0 => None,
            _ => desk.shelf.ids(&feed, &[before]).first().copied().flatten(),
        };
        if prev.is_some() != (before > 0) || prev.map(|id| id.tip8()) != base8 {
            return Ok(()); // The hints led astray.
        }
        let theirs = chunk::decode(feed, prev, &theirs).map_err(|error| faulty(feed, error))?;
        let mine = desk.shelf.chunk(&feed, at, true).and_then(|mine| chunk::decode(feed, prev, &mine).ok());
        if theirs.first().map(|entry| entry.header().seq) != Some(at) || theirs.len() > K as usize {
            return Err(Breach::Unsolicited("a chunk").into());
        }
        if let Some(mine) = mine
            && let Ok(proof) = ForkProof::build(&desk.net, &mine, &theirs)
        {
            desk.out.push(Output::Fork(proof));
        }
        Ok(())
    }
}

/// Up to 64 places strictly between `lo` and `hi`, evenly spread; all of them if they are that few.
fn places_between(lo: Seq, hi: Seq) -> Vec<Seq> {
    let inside = u64::from(hi - lo - 1);
    let count = inside.min(IDS_MAX as u64);
    let place = |i: u64| u64::from(lo) + (i * (inside + 1)) / (count + 1);
    (1..=count).map(|i| Seq::try_from(place(i)).expect("between two places")).collect()
}

fn faulty(feed: FeedId, error: chunk::DecodeError) -> Reason {
    Reason::Chunk(match error {
        chunk::DecodeError::Chunk(source) => AcceptError::Chunk { feed, source },
        chunk::DecodeError::Entry { seq, source } => AcceptError::Entry { feed, seq, source },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_inside_ascending_and_all_when_few() {
        assert_eq!(places_between(0, 2), [1]);
        assert_eq!(places_between(10, 14), [11, 12, 13]);
        for (lo, hi) in [(0, 66), (0, 67), (3, 1_000), (0, Seq::MAX)] {
            let places = places_between(lo, hi);
            assert!(places.len() <= IDS_MAX, "{lo} {hi}");
            assert!(places.is_sorted_by(|a, b| a < b), "{lo} {hi}");
            assert!(lo < places[0] && places[places.len() - 1] < hi, "{lo} {hi}");
        }
    }

    #[test]
    fn any_fork_is_found_within_the_rounds() {
        for at in [1, 2, 63, 64, 65, 4_096, 99_999, Seq::MAX - 1] {
            let (mut lo, mut hi, mut rounds) = (0, Seq::MAX, 0);
            while hi > lo + 1 {
                for seq in places_between(lo, hi) {
                    if seq >= at {
                        hi = seq;
                        break;
                    }
                    lo = seq;
                }
                rounds += 1;
            }
            assert_eq!(hi, at);
            assert!(rounds <= 6, "{at}: {rounds} rounds");
        }
    }
}
