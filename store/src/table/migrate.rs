//! From one schema to the next: one function a step, all run in one transaction.
//!
//! A step is added here together with the new number in [`SCHEMA`] and a test that starts from the old one.

use redb::{ReadableTable, TableDefinition, WriteTransaction};

use super::{BRANCHES, FEEDS, SCHEMA, SUCCESSORS, set_meta};
use crate::view::rebuild;
use crate::{DiskError, ids};

/// A step from schema n (its place in [`STEPS`] plus one) to n + 1.
type Step = fn(&WriteTransaction) -> Result<(), DiskError>;

/// Schemas 4 to 9 changed views and what they are found by; schema 10, which makes all that is derived anew, knows of a
/// line whether it is of whole days and has hidden words, which events concern the owner, the kind of whatever points at
/// something, and keeps what is announced.
const STEPS: [Step; SCHEMA as usize - 1] = [
    successions,
    segment_ids,
    |_| Ok(()),
    |_| Ok(()),
    |_| Ok(()),
    |_| Ok(()),
    |_| Ok(()),
    |_| Ok(()),
    rebuild::begin,
];

/// Schema 2 and before kept ids in a B-tree of their own.
const IDS_2: TableDefinition<'_, ids::Key, ()> = TableDefinition::new("ids");

fn segment_ids(tx: &WriteTransaction) -> Result<(), DiskError> {
    let held = tx.open_table(IDS_2)?;
    let keys = held.iter()?.map(|row| Ok(row?.0.value())).collect::<Result<Vec<_>, DiskError>>()?;
    drop(held);
    tx.delete_table(IDS_2)?;
    ids::add(tx, &keys)
}

/// Brings a store of schema `from`, which is not newer than this program, up to [`SCHEMA`].
pub(crate) fn up(tx: &WriteTransaction, from: u32) -> Result<(), DiskError> {
    run(tx, from, &STEPS)
}

/// Schema 2 knows successions: two tables more, and a byte more in each row of `feeds`.
fn successions(tx: &WriteTransaction) -> Result<(), DiskError> {
    tx.open_table(SUCCESSORS)?;
    tx.open_table(BRANCHES)?;
    let mut feeds = tx.open_table(FEEDS)?;
    let mut rows = Vec::new();
    for row in feeds.iter()? {
        let (feed, row) = row?;
        rows.push((feed.value(), [row.value(), &[0]].concat()));
    }
    rows.iter().try_for_each(|(feed, row)| feeds.insert(feed, &row[..]).map(drop))?;
    Ok(())
}

fn run(tx: &WriteTransaction, from: u32, steps: &[Step]) -> Result<(), DiskError> {
    let done = (from as usize).checked_sub(1).filter(|done| *done <= steps.len());
    let left = &steps[done.ok_or(DiskError::Table { table: "meta" })?..];
    left.iter().try_for_each(|step| step(tx))?;
    set_meta(tx, "schema", &(steps.len() as u32 + 1).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use redb::TableHandle;
    use redb::backends::InMemoryBackend;

    use super::*;
    use crate::table::{AGENDA, ANNOUNCED, EVENTS, REFS, meta};

    #[test]
    fn ids_of_schema_2_are_found_in_schema_3() {
        let db = redb::Builder::new().create_with_backend(InMemoryBackend::new()).unwrap();
        let tx = db.begin_write().unwrap();
        let keys: Vec<ids::Key> = (0..3_000_u128).map(|n| (n << 70 | n).to_be_bytes()).collect();
        let mut table = tx.open_table(IDS_2).unwrap();
        keys.iter().for_each(|key| drop(table.insert(key, ()).unwrap()));
        drop(table);
        run(&tx, 2, &STEPS[..2]).unwrap();
        assert_eq!(meta(&tx, "schema").unwrap(), Some(3_u32.to_be_bytes()));
        let held = ids::open(&tx).unwrap();
        assert_eq!(held.count(), 3_000);
        assert!(keys.iter().all(|key| held.contains(key).unwrap()));
        drop(held);
        assert!(!tx.list_tables().unwrap().any(|table| table.name() == "ids"));
    }

    #[test]
    fn what_schemas_before_10_derived_is_made_anew_from_the_entries() {
        for from in 4..=9 {
            let db = redb::Builder::new().create_with_backend(InMemoryBackend::new()).unwrap();
            let tx = db.begin_write().unwrap();
            // Of another form than today's.
            let agenda_4: TableDefinition<'_, [u8; 40], &[u8]> = TableDefinition::new("agenda");
            tx.open_table(agenda_4).unwrap().insert([1; 40], &b"a line"[..]).unwrap();
            let announced_9: TableDefinition<'_, [u8; 40], ()> = TableDefinition::new("announced");
            tx.open_table(announced_9).unwrap().insert([1; 40], ()).unwrap();
            tx.open_table(EVENTS).unwrap().insert([2; 32], &b"a state"[..]).unwrap();
            tx.open_table(REFS).unwrap().insert([3; 40], &b""[..]).unwrap();
            up(&tx, from).unwrap();
            assert_eq!(tx.open_table(AGENDA).unwrap().iter().unwrap().count(), 0);
            assert_eq!(tx.open_table(EVENTS).unwrap().iter().unwrap().count(), 0);
            assert_eq!(tx.open_table(REFS).unwrap().iter().unwrap().count(), 0);
            assert_eq!(tx.open_table(ANNOUNCED).unwrap().iter().unwrap().count(), 0);
            assert_eq!(rebuild::stage(&tx).unwrap(), Some(rebuild::Stage::Index(0)));
        }
    }

    #[test]
    fn steps_run_in_order_from_the_stores_own_schema() {
        let db = redb::Builder::new().create_with_backend(InMemoryBackend::new()).unwrap();
        let tx = db.begin_write().unwrap();
        let steps: [Step; 3] = [
            |_| panic!("schema 1 is passed already"),
            |tx| set_meta(tx, "trace", b"b"),
            |tx| {
                let before = meta::<1>(tx, "trace")?.unwrap();
                set_meta(tx, "trace", &[&before[..], b"c"].concat())
            },
        ];
        run(&tx, 2, &steps).unwrap();
        assert_eq!(meta::<2>(&tx, "trace").unwrap().unwrap(), *b"bc");
        assert_eq!(meta(&tx, "schema").unwrap(), Some(4_u32.to_be_bytes()));
        assert!(run(&tx, 0, &steps).is_err(), "there is no schema 0");
        assert!(run(&tx, 5, &steps).is_err(), "a newer schema has no steps");
    }
}
