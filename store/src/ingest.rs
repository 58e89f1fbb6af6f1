//! What becomes of a chunk that came: accepted, a gap, another branch, a proof of a fork, or a fault.
//! Source: spec/gossip.md, "a chunk that came".

use klatch_feed::chunk::{self, Bodies, ChunkError, DecodeError};
use klatch_feed::{AcceptError, EntryId, FeedId, ForkProof, Head, K, PublicKey, Seq, Unverified};

use crate::ahead::{Ends, Ready};
use crate::batch::Batch;
use crate::entries;
use crate::table::FeedRow;
use crate::{DiskError, FeedState, Held, Incoming, Outcome, recovering};

/// Where the feeds of `chunks` end before the first of them; not `me`, whose chunks come in a recovery only.
pub(crate) fn ends(batch: &mut Batch<'_>, me: &FeedId, chunks: &[Incoming]) -> Result<Ends, DiskError> {
    let mut ends = Ends::new();
    for Incoming { feed, .. } in chunks.iter().filter(|incoming| incoming.feed != *me) {
        if let (false, Ok(key)) = (ends.contains_key(feed), batch.key(feed)) {
            let row = batch.row(feed)?.unwrap_or(FeedRow::new(0));
            ends.insert(*feed, (key, head(*feed, &row)));
        }
    }
    Ok(ends)
}

fn head(feed: FeedId, row: &FeedRow) -> Head {
    Head { feed, len: row.stored, tip: (row.stored > 0).then_some(row.end) }
}

/// Takes one chunk into the batch. `me` is the store's owner: who extends their feed makes the store
/// recovering. `ready` is what was found out of the chunk ahead.
pub(crate) fn take(
    batch: &mut Batch<'_>,
    me: &FeedId,
    incoming: &Incoming,
    ready: Option<Ready>,
) -> Result<Outcome, DiskError> {
    let feed = incoming.feed;
    let row = batch.row(&feed)?;
    let key = match batch.key(&feed) {
        Ok(key) => key,
        Err(source) => return Ok(Outcome::Faulty(AcceptError::Key { feed, source })),
    };
    let (first, last) = match span(feed, &incoming.chunk) {
        Ok(span) => span,
        Err(fault) => return Ok(Outcome::Faulty(fault)),
    };
    let row = row.unwrap_or(FeedRow::new(0));
    let state = FeedState::of(&row);
    if first > row.stored.saturating_add(1) {
        return Ok(Outcome::Gap(state));
    }
    // Nothing above a cap is ever added, and nothing below one is open where more is stored than it allows.
    let is_done = row.limit().is_some_and(|limit| first > limit);
    if first == row.stored.saturating_add(1) {
        let base = (row.stored > 0).then(|| row.end.tip8());
        return match (is_done, incoming.base8 == base) {
            (true, _) => Ok(Outcome::Accepted(state)),
            (false, false) => Ok(Outcome::OtherBranch(state)),
            (false, true) => extend(batch, me, &key, row, &incoming.chunk, ready),
        };
    }
    overlap(batch, me, &key, row, incoming, first..=last)
}

/// First and last place of a chunk that may be accepted at all.
fn span(feed: FeedId, bytes: &[u8]) -> Result<(Seq, Seq), AcceptError> {
    let (first, count) = chunk::span(bytes).map_err(|source| AcceptError::Chunk { feed, source })?;
    if count > K {
        return Err(AcceptError::Chunk { feed, source: ChunkError::Count(count as usize) });
    }
    Ok((first, first + (count - 1)))
}

/// A chunk that starts right after what is stored.
fn extend(
    batch: &mut Batch<'_>,
    me: &FeedId,
    key: &PublicKey,
    row: FeedRow,
    chunk: &[u8],
    ready: Option<Ready>,
) -> Result<Outcome, DiskError> {
    let feed = key.feed();
    let head = head(feed, &row);
    let accepted = ready.and_then(|ready| ready.after(&head));
    let accepted = match accepted.unwrap_or_else(|| head.accept(&batch.net, key, chunk)) {
        Ok(accepted) => accepted,
        Err(fault) => return Ok(Outcome::Faulty(fault)),
    };
    if feed == *me {
        // Only another copy of this home can have signed it: what it goes on to sign is not known.
        recovering::begin(batch.tx, &Held::PeerAhead { peer: accepted.head.len, store: row.stored })?;
    }
    let mut new: Vec<&Unverified> = accepted.entries.iter().map(|entry| &**entry).collect();
    // Beyond the cap nothing is kept: the chunk ends on the largest anchor that the cap allows.
    if let Some(limit) = row.limit().filter(|limit| accepted.head.len > *limit) {
        let allowed = |entry: &&Unverified| entry.header().seq <= limit && entry.is_anchor(&batch.net, key);
        new.truncate(new.iter().rposition(allowed).map_or(0, |last| last + 1));
    }
    let Some(last) = new.last().map(|entry| entry.header().seq) else {
        return Ok(Outcome::Accepted(FeedState::of(&row)));
    };
    let rows = chunk::rows(chunk).map_err(|_| crate::error::corrupt(feed, last, crate::Damage::Form))?;
    let row = batch.append(&feed, &new, rows, |seq| seq == last)?;
    Ok(Outcome::Accepted(FeedState::of(&row)))
}

/// A chunk that starts within what is stored.
fn overlap(
    batch: &mut Batch<'_>,
    me: &FeedId,
    key: &PublicKey,
    row: FeedRow,
    incoming: &Incoming,
    span: std::ops::RangeInclusive<Seq>,
) -> Result<Outcome, DiskError> {
    let (feed, first, last) = (incoming.feed, *span.start(), *span.end());
    let state = FeedState::of(&row);
    let base = entries::id_at(batch.tx, feed, &row, first - 1)?;
    let theirs = match chunk::decode(feed, base, &incoming.chunk) {
        Ok(theirs) => theirs,
        Err(error) => return Ok(Outcome::Faulty(fault(feed, error))),
    };
    let mine = entries::between(batch.tx, feed, row.num, first..=last.min(row.stored))?;
    let differs = mine.iter().zip(&theirs).position(|(mine, theirs)| mine.id() != theirs.id());
    let Some(differs) = differs else {
        if last <= row.stored || row.limit().is_some_and(|limit| row.stored >= limit) {
            return Ok(Outcome::Accepted(state));
        }
        return match chunk::slice(&[&incoming.chunk], row.stored + 1, last, Bodies::Within) {
            Ok(rest) => extend(batch, me, key, row, &rest, None),
            Err(source) => Ok(Outcome::Faulty(AcceptError::Chunk { feed, source })),
        };
    };
    let is_theirs = theirs.last().is_some_and(|last| last.is_anchor(&batch.net, key));
    if !is_theirs {
        // Rebuilt on another entry than theirs, any chunk looks unsigned; on the same one it is unsigned.
        let same_base = incoming.base8 == base.as_ref().map(EntryId::tip8);
        let fault = AcceptError::Signature { feed, seq: last };
        return Ok(if same_base { Outcome::Faulty(fault) } else { Outcome::OtherBranch(state) });
    }
    if row.settled {
        return Ok(Outcome::OtherBranch(state)); // Its owner said which of the two is meant.
    }
    let at = first + differs as Seq;
    let end = row.stored.min(at.saturating_add(K - 1));
    let mine = entries::between(batch.tx, feed, row.num, at..=end)?;
    match ForkProof::build(&batch.net, &mine, &theirs[differs..]) {
        Ok(proof) => {
            batch.cap(&proof)?;
            let row = batch.row(&feed)?.unwrap_or(row);
            Ok(Outcome::Forked(FeedState::of(&row)))
        }
        // What is stored ends on an anchor no more than K entries on, so this is damage here, not theirs.
        Err(_) => Err(crate::error::corrupt(feed, at, crate::Damage::Signature)),
    }
}

fn fault(feed: FeedId, error: DecodeError) -> AcceptError {
    match error {
        DecodeError::Chunk(source) => AcceptError::Chunk { feed, source },
        DecodeError::Entry { seq, source } => AcceptError::Entry { feed, seq, source },
    }
}
