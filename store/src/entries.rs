//! Entries as they lie: runs of one feed's consecutive entries, one row each, filled by bytes.
//!
//! A row is `count u16 || base 32 || tip 32 || anchors || chunk`: the ids before its first entry and of its
//! last one, one bit an entry for known anchors (lowest bit first, ceil(count / 8) bytes), and the
//! entries in the compact form of `klatch_feed::chunk`, which is also what travels. A row can be checked
//! alone: hashing leads from `base` to `tip` or the row is damaged. Rows are the truth; everything else
//! is made from them.

mod write;

pub(crate) use write::{append, rewrite, set_anchor, truncate};

use std::ops::RangeInclusive;

use klatch_feed::chunk::{self, Bodies};
use klatch_feed::{EntryId, FeedId, Seq, Unverified};
use redb::ReadableTable;

use crate::DiskError;
use crate::error::{Damage, corrupt};
use crate::table::{FeedRow, NO_ID, RUNS, Read, place, split, take};

/// An entry apart from its row, to be checked alone: the id before it, or zeros, and a chunk of that one entry.
pub(crate) fn alone(entry: &Unverified) -> Vec<u8> {
    let prev = entry.header().prev.unwrap_or(NO_ID);
    [&prev.as_bytes()[..], &chunk::encode(&[entry], |_| true)].concat()
}

/// The entry that [`alone`] made these bytes of.
pub(crate) fn read_alone(feed: FeedId, seq: Seq, bytes: &[u8]) -> Result<Unverified, DiskError> {
    let entry = bytes.split_first_chunk::<32>().and_then(|(prev, chunk)| {
        let prev = EntryId::new(*prev);
        chunk::decode(feed, (prev != NO_ID).then_some(prev), chunk).ok()?.pop()
    });
    entry.filter(|entry| entry.header().seq == seq).ok_or(corrupt(feed, seq, Damage::Hash))
}

/// One row, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) first: Seq,
    pub(crate) count: u32,
    base: EntryId,
    tip: EntryId,
    anchors: Vec<u8>,
    pub(crate) chunk: Vec<u8>,
}

impl Row {
    fn decode(feed: FeedId, first: Seq, bytes: &[u8]) -> Result<Self, DiskError> {
        let mut rest = bytes;
        let row = (|| {
            let count = u32::from(u16::from_be_bytes(*take(&mut rest)?));
            let base = EntryId::new(*take(&mut rest)?);
            let tip = EntryId::new(*take(&mut rest)?);
            let (anchors, chunk) = rest.split_at_checked(count.div_ceil(8) as usize)?;
            (chunk::span(chunk).ok()? == (first, count) && count > 0).then(|| Self {
                first,
                count,
                base,
                tip,
                anchors: anchors.to_vec(),
                chunk: chunk.to_vec(),
            })
        })();
        row.ok_or(corrupt(feed, first, Damage::Form))
    }

    fn encode(&self) -> Vec<u8> {
        let count = u16::try_from(self.count).expect("a row of 16 KiB holds fewer than 65,536 entries");
        let ids = [&self.base.as_bytes()[..], self.tip.as_bytes()].concat();
        [&count.to_be_bytes()[..], &ids, &self.anchors, &self.chunk].concat()
    }

    pub(crate) fn bytes(&self) -> usize {
        2 + 32 + 32 + self.anchors.len() + self.chunk.len()
    }

    pub(crate) fn last(&self) -> Seq {
        self.first + (self.count - 1)
    }

    /// The id before its first entry.
    pub(crate) fn base(&self) -> Option<EntryId> {
        (self.base != NO_ID).then_some(self.base)
    }

    pub(crate) fn tip(&self) -> EntryId {
        self.tip
    }

    pub(crate) fn is_anchor(&self, seq: Seq) -> bool {
        let bit = seq - self.first;
        self.anchors[bit as usize / 8] & 1 << (bit % 8) != 0
    }

    fn mark_anchor(&mut self, seq: Seq) {
        let bit = seq - self.first;
        self.anchors[bit as usize / 8] |= 1 << (bit % 8);
    }

    /// Its entries, re-hashed: what comes back is what was stored.
    pub(crate) fn entries(&self, feed: FeedId) -> Result<Vec<Unverified>, DiskError> {
        let entries = chunk::decode(feed, self.base(), &self.chunk)
            .map_err(|_| corrupt(feed, self.first, Damage::Form))?;
        match entries.last() {
            Some(last) if last.id() == self.tip => Ok(entries),
            _ => Err(corrupt(feed, self.first, Damage::Hash)),
        }
    }
}

/// The row that holds entry `seq`, which is stored.
pub(crate) fn row_at(tx: &impl Read, feed: FeedId, num: u32, seq: Seq) -> Result<Row, DiskError> {
    let runs = tx.open(RUNS)?;
    let found = runs.range(place(num, 0)..=place(num, seq))?.next_back().transpose()?;
    let (key, value) = found.ok_or(corrupt(feed, seq, Damage::Missing))?;
    let row = Row::decode(feed, split(key.value()).1, value.value())?;
    if row.last() < seq { Err(corrupt(feed, seq, Damage::Missing)) } else { Ok(row) }
}

/// Calls `each` with every row that holds one of the stored entries `span`, in order; checks that they
/// follow one another without a gap. `each` answers whether to go on.
pub(crate) fn each_row(
    tx: &impl Read,
    feed: FeedId,
    num: u32,
    span: RangeInclusive<Seq>,
    mut each: impl FnMut(Row) -> Result<bool, DiskError>,
) -> Result<(), DiskError> {
    if span.is_empty() {
        return Ok(());
    }
    let first = row_at(tx, feed, num, *span.start())?;
    let (mut end, mut tip) = (first.last(), first.tip);
    if !each(first)? {
        return Ok(());
    }
    let runs = tx.open(RUNS)?;
    for found in runs.range(place(num, end.saturating_add(1))..=place(num, *span.end()))? {
        let (key, value) = found?;
        let row = Row::decode(feed, split(key.value()).1, value.value())?;
        if row.first != end + 1 {
            return Err(corrupt(feed, end + 1, Damage::Missing));
        }
        if row.base != tip {
            return Err(corrupt(feed, row.first, Damage::Link));
        }
        (end, tip) = (row.last(), row.tip);
        if !each(row)? {
            return Ok(());
        }
    }
    if end < *span.end() { Err(corrupt(feed, end + 1, Damage::Missing)) } else { Ok(()) }
}

/// The stored entries `span`, re-hashed and re-linked.
pub(crate) fn between(
    tx: &impl Read,
    feed: FeedId,
    num: u32,
    span: RangeInclusive<Seq>,
) -> Result<Vec<Unverified>, DiskError> {
    let mut entries = Vec::new();
    each_row(tx, feed, num, span.clone(), |row| {
        entries.extend(row.entries(feed)?.into_iter().filter(|entry| span.contains(&entry.header().seq)));
        Ok(true)
    })?;
    Ok(entries)
}

/// The id of stored entry `seq`; `None` for 0 and past the end.
pub(crate) fn id_at(
    tx: &impl Read,
    feed: FeedId,
    row: &FeedRow,
    seq: Seq,
) -> Result<Option<EntryId>, DiskError> {
    if seq == 0 || seq > row.stored {
        return Ok(None);
    }
    if seq == row.stored {
        return Ok(Some(row.end));
    }
    if seq == row.len {
        return Ok(Some(row.tip));
    }
    Ok(between(tx, feed, row.num, seq..=seq)?.first().map(Unverified::id))
}

/// Most entries in a chunk that is served.
const CHUNK_ENTRIES_MAX: u32 = klatch_feed::K;

/// A chunk of accepted entries from `from` on that ends on a known anchor; `None` past the end. Takes as
/// many entries as fit into [`chunk::CHUNK_BYTES_SOFT`] with their bodies; where not even the next anchor
/// fits, the chunk ends there and bodies are left out. All that is served is re-hashed first.
pub(crate) fn served(
    tx: &impl Read,
    feed: FeedId,
    row: &FeedRow,
    from: Seq,
    bodies: Bodies,
) -> Result<Option<Vec<u8>>, DiskError> {
    if from == 0 || from > row.len {
        return Ok(None);
    }
    let last = row.len.min(from.saturating_add(CHUNK_ENTRIES_MAX - 1));
    let (mut rows, mut bytes, mut to) = (Vec::new(), 0, None);
    each_row(tx, feed, row.num, from..=last, |row| {
        row.entries(feed)?;
        bytes += row.chunk.len();
        let anchors = || (row.first.max(from)..=row.last().min(last)).filter(|seq| row.is_anchor(*seq));
        let fits = bytes <= chunk::CHUNK_BYTES_SOFT || bodies == Bodies::ControlOnly;
        let found = if fits { anchors().next_back() } else { to.or_else(|| anchors().next()) };
        to = found.or(to);
        rows.push(row);
        Ok(fits || to.is_none())
    })?;
    // Chunks were accepted whole, so the next anchor is never more than K away.
    let to = to.ok_or(corrupt(feed, from, Damage::Signature))?;
    let chunks: Vec<&[u8]> = rows.iter().map(|row| &row.chunk[..]).collect();
    chunk::slice(&chunks, from, to, bodies).map(Some).map_err(|_| corrupt(feed, from, Damage::Form))
}
