//! Every table of a store copied into another database, row by row: for a backup, and for a compaction.
//!
//! What was deleted, replaced or freed is not copied, so no byte of it is in the new file. (The library's own
//! compaction moves pages within the file, and would leave such bytes on free ones.) Every row is copied as it
//! lies, indexes, views and local facts included: readers find after it what they found before.

use redb::{
    Database, Durability, Key, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    TableDefinition, Value,
};

use crate::{DiskError, Progress, table};

/// Bytes of keys and values in one transaction, so that the copy needs no memory for all of them.
const STEP_BYTES: usize = 8 * 1024 * 1024;

/// One table; redb's definitions are typed, so the list of them is code.
macro_rules! each_table {
    ($act:ident, $on:expr) => {
        each_table!(@ $act, $on, META FEEDS NUMBERS RUNS IDS REFS ANNOUNCED TOMBS MISSING PROFILES GROUPS EVENTS OCCURRENCES
            AGENDA LISTED FINDER CHANGES PROOFS SUCCESSORS BRANCHES LOCAL)
    };
    (@ $act:ident, $on:expr, $($name:ident)*) => {
        $( $on.$act(table::$name)?; )*
    };
}

/// Copies all that `from` holds into the empty database `to`; durable on return. Progress is in rows.
pub(crate) fn all(from: &ReadTransaction, to: &Database, progress: Progress<'_>) -> Result<(), DiskError> {
    let mut copy = Copy { from, to, done: 0, total: 0, progress };
    each_table!(count, copy);
    each_table!(table, copy);
    // Durable at the end only: the file is nobody's before.
    Ok(to.begin_write()?.commit()?)
}

struct Copy<'a, 'p> {
    from: &'a ReadTransaction,
    to: &'a Database,
    done: u64,
    total: u64,
    progress: &'a mut (dyn FnMut(u64, u64) + 'p),
}

impl Copy<'_, '_> {
    fn count<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'_, K, V>,
    ) -> Result<(), DiskError> {
        self.total += self.from.open_table(table)?.len()?;
        Ok(())
    }

    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'_, K, V>,
    ) -> Result<(), DiskError> {
        let from = self.from.open_table(table)?;
        let mut rows = from.iter()?.peekable();
        loop {
            let mut tx = self.to.begin_write()?;
            tx.set_durability(Durability::None)?;
            let mut to = tx.open_table(table)?;
            let mut bytes = 0;
            while let Some(row) = rows.next_if(|_| bytes < STEP_BYTES) {
                let (key, value) = row?;
                let (key, value) = (key.value(), value.value());
                bytes += K::as_bytes(&key).as_ref().len() + V::as_bytes(&value).as_ref().len();
                to.insert(key, value)?;
                self.done += 1;
            }
            drop(to);
            tx.commit()?;
            (self.progress)(self.done, self.total);
            if rows.peek().is_none() {
                break;
            }
        }
        // A copy may take the place of what it was made from.
        let copied = self.to.begin_read()?.open_table(table)?.len()?;
        if copied == from.len()? { Ok(()) } else { Err(DiskError::Table { table: "copied" }) }
    }
}
