//! What is on, by time: a line for each event, so that a list need not read what else is known of them.
//!
//! Kept in the transaction that folds the event. A key is the start as a u64 whose order is that of time
//! (unknown zones last), then the event's id.

use klatch_feed::meetup::agenda::{AgendaLine, start_ms};
use klatch_feed::{EntryId, EventState, FeedId, codec};
use redb::{ReadableTable, TableDefinition, WriteTransaction};
use serde::Deserialize;

use crate::DiskError;
use crate::table::{EVENTS, Read, meta};

type Key = [u8; 40];
pub(crate) const AGENDA: TableDefinition<'_, Key, &[u8]> = TableDefinition::new("agenda");

/// Where an event stands in it, and its line.
pub(crate) type Line = (Key, Vec<u8>);

/// The part of a folded event that its place is made from.
#[derive(Deserialize)]
struct Start {
    start: String,
    zone: String,
}

/// The line of `event` for the owner of the store.
pub(crate) fn line(tx: &impl Read, event: &EventState) -> Result<Line, DiskError> {
    let me = meta(tx, "owner")?.map(FeedId::new).ok_or(DiskError::Table { table: "meta" })?;
    let line = AgendaLine::of(event, &me);
    Ok((key(line.start_ms, &event.id), codec::encode(&line)))
}

/// Puts an event in its place, or takes it out. `before` is its view as it was.
pub(crate) fn put(
    tx: &WriteTransaction,
    id: &EntryId,
    before: Option<&[u8]>,
    after: Option<&EventState>,
) -> Result<(), DiskError> {
    let line = after.map(|event| line(tx, event)).transpose()?;
    let mut table = tx.open_table(AGENDA)?;
    if let Some(before) = before.filter(|view| !view.is_empty()) {
        let at: Start = codec::decode_own(before).map_err(|_| DiskError::Table { table: "events" })?;
        table.remove(key(start_ms(&at.start, &at.zone), id))?;
    }
    if let Some((key, line)) = line {
        table.insert(key, &line[..])?;
    }
    Ok(())
}

/// Makes all of it again, from the views.
pub(crate) fn remake(tx: &WriteTransaction) -> Result<(), DiskError> {
    tx.delete_table(AGENDA)?;
    tx.open_table(AGENDA)?;
    let views = tx.open_table(EVENTS)?;
    for row in views.iter()? {
        let (id, view) = row?;
        if !view.value().is_empty() {
            let event: EventState =
                codec::decode_own(view.value()).map_err(|_| DiskError::Table { table: "events" })?;
            put(tx, &EntryId::new(id.value()), None, Some(&event))?;
        }
    }
    Ok(())
}

/// Lines of events that begin at `from_ms` or later, or all; soonest first, until `each` has enough.
pub(crate) fn from(
    tx: &impl Read,
    from_ms: Option<i64>,
    mut each: impl FnMut(AgendaLine) -> bool,
) -> Result<(), DiskError> {
    let low = from_ms.map_or([0; 40], |from| key(Some(from), &EntryId::new([0; 32])));
    for row in tx.open(AGENDA)?.range(low..)? {
        let line = codec::decode_own(row?.1.value()).map_err(|_| DiskError::Table { table: "agenda" })?;
        if !each(line) {
            break;
        }
    }
    Ok(())
}

fn key(start_ms: Option<i64>, id: &EntryId) -> Key {
    let at = start_ms.map_or(u64::MAX, |at| at.cast_unsigned() ^ 1 << 63);
    let mut key = [0; 40];
    key[..8].copy_from_slice(&at.to_be_bytes());
    key[8..].copy_from_slice(id.as_bytes());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_time_and_unknown_zones_come_last() {
        let id = |byte| EntryId::new([byte; 32]);
        let keys = [Some(i64::MIN), Some(-1), Some(0), Some(1), Some(i64::MAX - 1), None];
        assert!(keys.map(|at| key(at, &id(9))).is_sorted());
        assert!(key(Some(5), &id(1)) < key(Some(5), &id(2)));
        assert!(key(Some(5), &id(255)) < key(Some(6), &id(0)));
    }
}
