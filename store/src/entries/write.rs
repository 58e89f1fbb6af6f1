//! Writing rows: appending at the end, and replacing the bodies of one row.

use std::ops::RangeInclusive;

use klatch_feed::chunk;
use klatch_feed::{EntryId, FeedId, Seq, Unverified};
use redb::WriteTransaction;

use super::{Row, id_at, row_at};
use crate::DiskError;
use crate::error::{Damage, corrupt};
use crate::table::{FeedRow, NO_ID, RUNS, place};

/// Fullest row. redb gives a value that does not share its page the next power of two of 4 KiB; of 16 KiB
/// its leaf header takes 4 bytes, the key 8 and the value's end 4. A row just past it would waste 16 KiB.
const ROW_BYTES_MAX: usize = 16 * 1024 - 16;

/// Bytes of a row before its entries: count, base, tip, and the chunk's own head at its longest.
const ROW_HEAD_BYTES: usize = 2 + 32 + 32 + (1 + 5 + 1 + 3);

/// By how much a chunk's head may grow when entries are added.
const HEAD_GROWTH_BYTES: usize = 4;

/// Adds entries that follow `row`'s end. `rows` are theirs in the compact form, with their bodies and
/// perhaps more rows after them: copied as they came. `is_anchor` says which are known anchors.
pub(crate) fn append(
    tx: &WriteTransaction,
    feed: FeedId,
    row: &mut FeedRow,
    entries: &[&Unverified],
    rows: &[u8],
    is_anchor: impl Fn(Seq) -> bool,
) -> Result<(), DiskError> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(()) };
    let first_new = first.header().seq;
    debug_assert_eq!(first_new, row.stored + 1);
    let tail = match row.stored {
        0 => None,
        stored => Some(row_at(tx, feed, row.num, stored)?),
    };
    let tail = tail.filter(|tail| tail.bytes() + HEAD_GROWTH_BYTES + compact_bytes(first) < ROW_BYTES_MAX);
    let mut runs = tx.open_table(RUNS)?;
    let mut base = tail.as_ref().map_or(row.end, |tail| tail.base);
    row.bytes -= tail.as_ref().map_or(0, |tail| tail.bytes() as u64);
    let mut rest = rows;
    for span in spans(tail.as_ref(), entries) {
        let (from, to) = (*span.start(), *span.end());
        let old = tail.as_ref().filter(|tail| tail.first == from);
        let part = &entries[(from.max(first_new) - first_new) as usize..=(to - first_new) as usize];
        let (new, others) = rest.split_at(part.iter().map(|entry| compact_bytes(entry)).sum());
        rest = others;
        let before = old.map_or(Ok(&[][..]), |tail| chunk::rows(&tail.chunk));
        let before = before.map_err(|_| corrupt(feed, from, Damage::Form))?;
        let chunk = chunk::wrap(from, to - from + 1, &[before, new]);
        let tip = part[part.len() - 1].id();
        let written = filled(span, base, tip, chunk, |seq| {
            if seq < first_new { old.is_some_and(|tail| tail.is_anchor(seq)) } else { is_anchor(seq) }
        });
        runs.insert(place(row.num, from), &written.encode()[..])?;
        row.bytes += written.bytes() as u64;
        base = tip;
    }
    (row.stored, row.end) = (last.header().seq, last.id());
    Ok(())
}

/// Writes the row that holds `seq` again, with what `body` makes of each entry's body: `None` leaves it as
/// it is. Returns by how many bytes the feed's rows grew.
pub(crate) fn rewrite(
    tx: &WriteTransaction,
    feed: FeedId,
    num: u32,
    seq: Seq,
    body: impl Fn(&Unverified) -> Option<Option<Vec<u8>>>,
) -> Result<i64, DiskError> {
    let old = row_at(tx, feed, num, seq)?;
    let entries = old.entries(feed)?.into_iter().map(|entry| match body(&entry) {
        None => Ok(entry),
        Some(body) => Unverified::new(entry.header().clone(), *entry.signature(), body)
            .map_err(|_| corrupt(feed, entry.header().seq, Damage::Form)),
    });
    let entries = entries.collect::<Result<Vec<_>, _>>()?;
    let entries: Vec<&Unverified> = entries.iter().collect();
    let mut runs = tx.open_table(RUNS)?;
    runs.remove(place(num, old.first))?;
    let (mut base, mut grown) = (old.base, -(old.bytes() as i64));
    for span in spans(None, &entries) {
        let (from, to) = (*span.start(), *span.end());
        let part = &entries[(from - old.first) as usize..=(to - old.first) as usize];
        let tip = part[part.len() - 1].id();
        let written = filled(span, base, tip, chunk::encode(part, |_| true), |seq| old.is_anchor(seq));
        runs.insert(place(num, from), &written.encode()[..])?;
        grown += written.bytes() as i64;
        base = tip;
    }
    Ok(grown)
}

/// Removes what is stored of a feed after entry `to`.
pub(crate) fn truncate(
    tx: &WriteTransaction,
    feed: FeedId,
    row: &mut FeedRow,
    to: Seq,
) -> Result<(), DiskError> {
    if to >= row.stored {
        return Ok(());
    }
    let cut = if to > 0 { Some(row_at(tx, feed, row.num, to)?).filter(|cut| cut.last() > to) } else { None };
    let end = id_at(tx, feed, row, to)?.unwrap_or(NO_ID);
    let mut gone = 0;
    let mut runs = tx.open_table(RUNS)?;
    let from = cut.as_ref().map_or(to + 1, |cut| cut.first);
    runs.retain_in(place(row.num, from)..=place(row.num, Seq::MAX), |_, run| {
        gone += run.len() as u64;
        false
    })?;
    row.bytes = row.bytes.saturating_sub(gone);
    if let Some(cut) = cut {
        let entries = cut.entries(feed)?;
        let left: Vec<&Unverified> = entries.iter().filter(|entry| entry.header().seq <= to).collect();
        let chunk = chunk::encode(&left, |_| true);
        let written = filled(cut.first..=to, cut.base, end, chunk, |seq| cut.is_anchor(seq));
        runs.insert(place(row.num, cut.first), &written.encode()[..])?;
        row.bytes += written.bytes() as u64;
    }
    (row.stored, row.end) = (to, end);
    Ok(())
}

/// Notes that the signature of entry `seq` was checked and verifies.
pub(crate) fn set_anchor(tx: &WriteTransaction, feed: FeedId, num: u32, seq: Seq) -> Result<(), DiskError> {
    let mut row = row_at(tx, feed, num, seq)?;
    row.mark_anchor(seq);
    tx.open_table(RUNS)?.insert(place(num, row.first), &row.encode()[..])?;
    Ok(())
}

fn filled(
    span: RangeInclusive<Seq>,
    base: EntryId,
    tip: EntryId,
    chunk: Vec<u8>,
    is_anchor: impl Fn(Seq) -> bool,
) -> Row {
    let (first, count) = (*span.start(), span.end() - span.start() + 1);
    let anchors = vec![0; count.div_ceil(8) as usize];
    let mut row = Row { first, count, base, tip, anchors, chunk };
    span.filter(|seq| is_anchor(*seq)).for_each(|seq| row.mark_anchor(seq));
    debug_assert!(base != NO_ID || first == 1);
    row
}

/// Cuts `entries`, put behind `tail`, into rows that are as full as they may be.
fn spans(tail: Option<&Row>, entries: &[&Unverified]) -> Vec<RangeInclusive<Seq>> {
    let (Some(head), Some(last)) = (entries.first(), entries.last()) else { return Vec::new() };
    let mut cuts = Vec::new();
    let mut from = tail.map_or(head.header().seq, |tail| tail.first);
    let mut bytes = tail.map_or(ROW_HEAD_BYTES, |tail| tail.bytes() + HEAD_GROWTH_BYTES);
    for entry in entries {
        let (seq, size) = (entry.header().seq, compact_bytes(entry));
        if seq > from && bytes + size + 1 > ROW_BYTES_MAX {
            cuts.push(from..=seq - 1);
            (from, bytes) = (seq, ROW_HEAD_BYTES);
        }
        // One byte of anchor bits for every eighth entry.
        bytes += size + usize::from((seq - from).is_multiple_of(8));
    }
    cuts.push(from..=last.header().seq);
    cuts
}

/// Bytes that an entry takes in a chunk.
fn compact_bytes(entry: &Unverified) -> usize {
    let header = entry.header();
    let body = match entry.body() {
        Some(body) => head_bytes(body.len() as u64) + body.len(),
        None => head_bytes(header.size.into()) + 34,
    };
    let refs = 1 + 34 * header.refs.len();
    1 + head_bytes(header.kind.0.into()) + head_bytes(header.time_ms) + refs + 66 + body
}

/// Bytes of a canonical CBOR head with this argument.
fn head_bytes(argument: u64) -> usize {
    match argument {
        0..24 => 1,
        24..0x100 => 2,
        0x100..0x1_0000 => 3,
        0x1_0000..0x1_0000_0000 => 5,
        _ => 9,
    }
}
