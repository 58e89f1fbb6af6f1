//! What came: answers to requests and what is new, handed to the owner, and what became of it.

use klatch_feed::{AcceptError, FeedId, K, Seq, chunk};

use super::{Claim, Plan, Task, id8_at, state_of};
use crate::sync::frontier::Place;
use crate::sync::message::{Id8, Mode};
use crate::sync::{Breach, Desk, FeedState, Ingest, Outcome, Output, Reason};

/// Chunks handed over and not answered.
#[derive(Debug)]
pub(super) struct Flight {
    count: u32,
    end: Seq,
}

#[derive(Debug)]
pub(super) struct Ticket {
    idx: u32,
    first: Seq,
    /// All of these places were held when it came: by the same entries, or it is another branch.
    was_held: bool,
}

impl Plan {
    /// An answer to a `Get` came: up to where the peer now certainly holds that feed.
    pub(in crate::sync) fn chunk(
        &mut self,
        idx: u32,
        base8: Option<Id8>,
        bytes: Option<Vec<u8>>,
        desk: &mut Desk<'_>,
    ) -> Result<Option<(FeedId, Seq)>, Reason> {
        let unsolicited = || Reason::Protocol(Breach::Unsolicited("a chunk"));
        let feed = match self.wants.at(idx, desk.shelf) {
            Place::Live(Some(feed), _) => feed,
            Place::Live(None, _) | Place::Hole => return Ok(None),
            Place::Beyond => return Err(unsolicited()),
        };
        match (self.requests.get_mut(idx), bytes) {
            (Some(Task::Branch(_)), bytes) => {
                let bytes = match bytes {
                    Some(bytes) => span(feed, &bytes).map(|(first, last)| Some((first, last, bytes)))?,
                    None => None,
                };
                self.branch(idx, feed, base8, bytes, desk)?;
            }
            (Some(Task::Entries { next, to, .. }), Some(bytes)) => {
                let (first, last) = span(feed, &bytes)?;
                if first != *next || base8.is_none() != (first == 1) {
                    return Err(unsolicited());
                }
                let is_whole = last >= *to;
                *next = last.saturating_add(1);
                self.came(idx, last, &state_of(desk.shelf, &feed));
                self.ingest(idx, feed, base8, (first, last), bytes, desk);
                if is_whole {
                    self.done(idx, desk);
                }
                return Ok(Some((feed, last)));
            }
            (Some(Task::Entries { next, .. }), None) => {
                let before = before(*next, base8)?;
                if base8.is_some() && base8 != id8_at(desk.shelf, &feed, before) {
                    self.branched.insert(idx, before);
                }
                self.done(idx, desk);
            }
            (Some(Task::Segment { at }), bytes) => {
                let at = *at;
                before(at, base8)?;
                // What lies beyond is not on my chain. A claim with a tip was not searched, or stated anew meanwhile.
                let is_searched = |claim: &&mut Claim| claim.len >= at && claim.tip8.is_none();
                if let Some(claim) = self.claims.get_mut(&idx).filter(is_searched) {
                    claim.len = at - 1;
                }
                Self::segment(feed, at, (base8, bytes), desk)?;
                self.done(idx, desk);
            }
            _ => return Err(unsolicited()),
        }
        Ok(None)
    }

    /// New entries came unasked: up to where the peer now certainly holds that feed.
    pub(in crate::sync) fn push(
        &mut self,
        idx: u32,
        base8: Option<Id8>,
        bytes: Vec<u8>,
        desk: &mut Desk<'_>,
    ) -> Result<Option<(FeedId, Seq)>, Reason> {
        let (feed, asking) = match self.wants.at(idx, desk.shelf) {
            Place::Live(Some(feed), asking) => (feed, asking),
            Place::Live(None, _) | Place::Hole => return Ok(None),
            Place::Beyond => return Err(Breach::Unsolicited("a push").into()),
        };
        let (first, last) = span(feed, &bytes)?;
        if base8.is_none() != (first == 1) {
            return Err(Breach::Malformed.into());
        }
        if first <= asking.got {
            return Err(Breach::Repeated.into());
        }
        asking.holds = true;
        let mine = state_of(desk.shelf, &feed);
        self.came(idx, last, &mine);
        let held = mine.len;
        let end = self.flights.get(&idx).map_or(held, |flight| flight.end.max(held));
        if first <= end + 1 && !matches!(self.requests.get(idx), Some(Task::Entries { .. })) {
            self.ingest(idx, feed, base8, (first, last), bytes, desk);
        } else {
            self.consider(idx, desk); // A gap: asks for what lies between, and for this again.
        }
        Ok(Some((feed, last)))
    }

    /// Entries up to `last` came from the peer: it holds them.
    fn came(&mut self, idx: u32, last: Seq, mine: &FeedState) {
        if let Some(row) = self.wants.row(idx) {
            row.got = last;
        }
        let claim = self.claim(idx, mine);
        if last > claim.len {
            (claim.len, claim.tip8) = (last, None);
        }
    }

    /// What another peer had sent came once more: from here on this one shall tell of it only.
    fn came_twice(&mut self, idx: u32) {
        if let Some(row) = self.wants.row(idx).filter(|row| !row.is_lazy) {
            row.is_lazy = true;
            self.modes.insert(idx, Mode::Lazy);
        }
    }

    fn ingest(
        &mut self,
        idx: u32,
        feed: FeedId,
        base8: Option<Id8>,
        (first, last): (Seq, Seq),
        chunk: Vec<u8>,
        desk: &mut Desk<'_>,
    ) {
        let ticket = self.ticket_next;
        self.ticket_next += 1;
        let was_held = last <= state_of(desk.shelf, &feed).len;
        self.tickets.insert(ticket, Ticket { idx, first, was_held });
        let flight = self.flights.entry(idx).or_insert(Flight { count: 0, end: 0 });
        flight.count += 1;
        flight.end = flight.end.max(last);
        desk.out.push(Output::Ingest(Ingest { ticket, feed, base8, chunk }));
    }

    /// The owner says what became of a chunk.
    pub(in crate::sync) fn ingested(
        &mut self,
        ticket: u64,
        outcome: Outcome,
        desk: &mut Desk<'_>,
    ) -> Result<(), Reason> {
        let Some(Ticket { idx, first, was_held }) = self.tickets.remove(&ticket) else { return Ok(()) };
        if let Some(flight) = self.flights.get_mut(&idx) {
            flight.count -= 1;
            if flight.count == 0 {
                self.flights.remove(&idx);
            }
        }
        let Some(feed) = self.wants.feed(idx, desk.shelf) else { return Ok(()) };
        match outcome {
            Outcome::Accepted(_) if was_held => self.came_twice(idx),
            Outcome::Accepted(_) | Outcome::Gap(_) | Outcome::Forked(_) => {}
            Outcome::OtherBranch(_) => drop(self.branched.insert(idx, first - 1)),
            Outcome::Faulty(error) => return Err(Reason::Chunk(error)),
            Outcome::Refused => {
                self.refused.insert(feed);
                self.forget(&[idx], desk.shelf);
                self.announce(Vec::new(), vec![idx], desk);
            }
        }
        if !self.requests.is_active(idx) {
            self.done(idx, desk);
        }
        Ok(())
    }

    /// Bodies came.
    pub(in crate::sync) fn bodies(
        &mut self,
        idx: u32,
        from: Seq,
        bodies: Vec<Option<Vec<u8>>>,
        desk: &mut Desk<'_>,
    ) -> Result<(), Breach> {
        let feed = match self.wants.at(idx, desk.shelf) {
            Place::Live(Some(feed), _) => feed,
            Place::Live(None, _) | Place::Hole => return Ok(()),
            Place::Beyond => return Err(Breach::Unsolicited("bodies")),
        };
        match self.requests.get(idx) {
            Some(Task::Bodies { from: asked, to })
                if *asked == from && bodies.len() <= (to - from + 1) as usize =>
            {
                let count = Seq::try_from(bodies.len()).expect("at most 256");
                self.bodies_asked.insert(idx, from + count - 1);
                desk.out.push(Output::Bodies(feed, from, bodies));
                self.done(idx, desk);
                Ok(())
            }
            _ => Err(Breach::Unsolicited("bodies")),
        }
    }
}

/// The place before the one at which an answer would have started; nobody holds anything before the first.
pub(in crate::sync) const fn before(start: Seq, base8: Option<Id8>) -> Result<Seq, Breach> {
    match (start.saturating_sub(1), base8) {
        (0, Some(_)) => Err(Breach::Malformed),
        (before, _) => Ok(before),
    }
}

/// First and last place of a chunk of at most `K` entries.
fn span(feed: FeedId, bytes: &[u8]) -> Result<(Seq, Seq), Reason> {
    let bad = |source| Reason::Chunk(AcceptError::Chunk { feed, source });
    let (first, count) = chunk::span(bytes).map_err(bad)?;
    if count == 0 || count > K || first == 0 {
        return Err(bad(chunk::ChunkError::Count(count as usize)));
    }
    let last = first.checked_add(count - 1).ok_or(Reason::Protocol(Breach::Malformed))?;
    Ok((first, last))
}
