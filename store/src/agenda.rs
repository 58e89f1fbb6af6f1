//! What is on, by time: a line for each event and for each occurrence of a series, so that a list need not
//! read what else is known of them.
//!
//! Kept in the transaction that folds the event; lines that stay the same are left alone. A key is a start as
//! a u64 whose order is that of time (unknown zones last), the event's id, and the occurrence's name.

use klatch_feed::meetup::agenda::{AgendaLine, LONGEST_MS};
use klatch_feed::{EntryId, EventState, FeedId, codec};
use redb::{ReadableTable, TableDefinition, WriteTransaction};

use crate::DiskError;
use crate::table::Read;

pub(crate) type Key = [u8; 56];
pub(crate) const AGENDA: TableDefinition<'_, Key, &[u8]> = TableDefinition::new("agenda");

/// An occurrence's name, as it stands in keys; zeros for an event that is no series.
pub(crate) type OccKey = [u8; 16];

/// Where a line of an event stands.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Spot {
    pub(crate) start: u64,
    pub(crate) occ: OccKey,
}

impl Spot {
    /// As it is kept: its start and its name.
    pub(crate) const BYTES: usize = 8 + 16;
}

/// The name of an occurrence in a key. Names are local starts, which all have that length.
pub(crate) fn occ_key(occ: Option<&str>) -> OccKey {
    let mut key = [0; 16];
    key.iter_mut().zip(occ.unwrap_or_default().bytes()).for_each(|(to, from)| *to = from);
    key
}

/// A time as keys have it.
pub(crate) fn order(start_ms: Option<i64>) -> u64 {
    start_ms.map_or(u64::MAX, |at| at.cast_unsigned() ^ 1 << 63)
}

/// The time that [`order`] has so.
pub(crate) fn time(order: u64) -> Option<i64> {
    (order != u64::MAX).then_some((order ^ 1 << 63).cast_signed())
}

pub(crate) fn key(id: &EntryId, spot: Spot) -> Key {
    let mut key = [0; 56];
    key[..8].copy_from_slice(&spot.start.to_be_bytes());
    key[8..40].copy_from_slice(id.as_bytes());
    key[40..].copy_from_slice(&spot.occ);
    key
}

/// The lines of an event for `me`, soonest first. `special` are the occurrences that something was said about.
pub(crate) fn lines(me: &FeedId, event: &EventState, special: &[EventState]) -> Vec<(Spot, Vec<u8>)> {
    let placed = |line: AgendaLine| {
        let spot = Spot { start: order(line.start_ms), occ: occ_key(line.occ.as_deref()) };
        (spot, codec::encode(&line))
    };
    let mut lines: Vec<_> = AgendaLine::all(event, special, me).into_iter().map(placed).collect();
    lines.sort_unstable();
    lines
}

/// Puts the lines of an event where those at `before` were.
pub(crate) fn write(
    tx: &WriteTransaction,
    id: &EntryId,
    before: &[Spot],
    after: &[(Spot, Vec<u8>)],
) -> Result<(), DiskError> {
    let mut table = tx.open_table(AGENDA)?;
    for gone in before.iter().filter(|spot| after.binary_search_by_key(*spot, |(at, _)| *at).is_err()) {
        table.remove(key(id, *gone))?;
    }
    for (spot, line) in after {
        let key = key(id, *spot);
        if table.get(key)?.is_none_or(|held| held.value() != line) {
            table.insert(key, &line[..])?;
        }
    }
    Ok(())
}

/// Where lines begin that may go on at `from_ms`.
pub(crate) fn since(from_ms: Option<i64>) -> u64 {
    from_ms.map_or(0, |from| order(Some(from.saturating_sub(LONGEST_MS))))
}

/// Whether a line begins at `from_ms` or later, or goes on then.
pub(crate) fn goes_on(line: &AgendaLine, from_ms: Option<i64>) -> bool {
    let (Some(from), Some(start)) = (from_ms, line.start_ms) else { return true };
    start >= from || line.end_ms.is_some_and(|end| end > from)
}

/// Lines that begin at `from_ms` or later or go on then, or all; soonest first, until `each` has enough.
pub(crate) fn from(
    tx: &impl Read,
    from_ms: Option<i64>,
    mut each: impl FnMut(AgendaLine) -> bool,
) -> Result<(), DiskError> {
    let low = key(&EntryId::new([0; 32]), Spot { start: since(from_ms), occ: [0; 16] });
    for row in tx.open(AGENDA)?.range(low..)? {
        let line = read(row?.1.value())?;
        if goes_on(&line, from_ms) && !each(line) {
            break;
        }
    }
    Ok(())
}

/// A stored line.
pub(crate) fn read(line: &[u8]) -> Result<AgendaLine, DiskError> {
    codec::decode_own(line).map_err(|_| DiskError::Table { table: "agenda" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_time_and_unknown_zones_come_last() {
        let id = |byte| EntryId::new([byte; 32]);
        let at = |start_ms, occ| Spot { start: order(start_ms), occ: occ_key(occ) };
        let keys = [Some(i64::MIN), Some(-1), Some(0), Some(1), Some(i64::MAX - 1), None];
        assert!(keys.map(|start| key(&id(9), at(start, None))).is_sorted());
        assert!(key(&id(1), at(Some(5), None)) < key(&id(2), at(Some(5), None)));
        assert!(key(&id(255), at(Some(5), None)) < key(&id(0), at(Some(6), None)));
        let names = ["2026-12-03T18:30", "2026-12-10T18:30"];
        assert!(key(&id(1), at(None, Some(names[0]))) < key(&id(1), at(None, Some(names[1]))));
    }
}
