//! Every table, its keys and its values, and the schema version: the disk layout on one page.
//!
//! The layout is this program's own affair; other programs meet it only through the protocol. Integers
//! are big-endian, so that the order of keys is the order of what they mean. A *feed number* (u32) stands
//! for a feed in keys; it is given once and never reused. A *place* is a feed number and a `Seq`.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | name | `schema` u32, `net` 32 B, `owner` 32 B, `instance` 16 B, `numbers` u32 (next feed number), `clock` u64 (last change), `moved` (the owner is another since the witness was written), `recovering` 9 B (why: `recovering.rs`), `rebuild` u64 (place reached) |
//! | `feeds` | feed id | [`FeedRow`] |
//! | `numbers` | feed number | feed id, id of its entry 1 or zeros |
//! | `runs` | place of its first entry | a row: see `entries.rs`. The truth; `id segments` to `profiles` and the views are made from it |
//! | `id segments` | see `ids.rs` | first 8 bytes of entry ids, with their places |
//! | `refs` | id pointed at, place of who points | a [fact](crate::index) if it is the first ref of a fold kind, else the kind, u16 |
//! | `announced` | group or event, place of what is announced there: see `announced.rs` | its kind, its time, and the entry |
//! | `tombs` | place taken back, place of the tombstone | the tombstone's fact |
//! | `missing` | place of a body that is neither held nor taken back | – |
//! | `profiles` | place of a profile | canonical CBOR `[name, about]` |
//! | `groups`, `events` | founding entry's id | canonical CBOR of the folded state; empty while `rebuild` runs |
//! | `occurrences` | series, name | canonical CBOR of the folded occurrence; those that something was said about |
//! | `agenda` | start, event, name | one line of a list: see `agenda.rs` |
//! | `listed` | event | where its lines stand, and under which terms it is found: see `lookup.rs` |
//! | `finder` | term, start of its last line, event | its coordinates where the term is a place, else – |
//! | `changes` | position in the change log | feed number; one row a feed, its latest |
//! | `proofs` | feed number | the fork proof behind the cap |
//! | `successors` | feed that is succeeded, id of the successor's entry 1 | a statement: see `succession.rs` |
//! | `branches` | place, first 8 bytes of the id | an entry of another branch: id before it, chunk of one row |
//! | `local` | space, key | this node's own facts, never replicated |
//!
//! `id segments` cover every stored entry, those in `branches` included; `refs`, `announced`, `tombs`, `missing` and `profiles` the accepted ones alone.
//! Absent on purpose: receipt times, and anything about peers.

pub(crate) mod migrate;

use klatch_feed::{EntryId, FeedId, Seq};
use redb::{
    Key, ReadOnlyTable, ReadTransaction, ReadableTable, Table, TableDefinition, Value, WriteTransaction,
};

use crate::DiskError;

/// The layout described above.
pub const SCHEMA: u32 = 10;

pub(crate) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
pub(crate) const FEEDS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("feeds");
pub(crate) const NUMBERS: TableDefinition<'_, u32, [u8; 64]> = TableDefinition::new("numbers");
pub(crate) const RUNS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("runs");
pub(crate) use crate::agenda::AGENDA;
pub(crate) use crate::ids::IDS;
pub(crate) use crate::lookup::{FINDER, LISTED};
pub(crate) const REFS: TableDefinition<'_, [u8; 40], &[u8]> = TableDefinition::new("refs");
pub(crate) const ANNOUNCED: TableDefinition<'_, [u8; 40], &[u8]> = TableDefinition::new("announced");
pub(crate) const TOMBS: TableDefinition<'_, [u8; 16], &[u8]> = TableDefinition::new("tombs");
pub(crate) const MISSING: TableDefinition<'_, u64, ()> = TableDefinition::new("missing");
pub(crate) const PROFILES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("profiles");
pub(crate) const GROUPS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("groups");
pub(crate) const EVENTS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("events");
pub(crate) const OCCURRENCES: TableDefinition<'_, [u8; 48], &[u8]> = TableDefinition::new("occurrences");
pub(crate) const CHANGES: TableDefinition<'_, u64, u32> = TableDefinition::new("changes");
pub(crate) const PROOFS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("proofs");
pub(crate) const SUCCESSORS: TableDefinition<'_, [u8; 64], &[u8]> = TableDefinition::new("successors");
pub(crate) const BRANCHES: TableDefinition<'_, [u8; 16], &[u8]> = TableDefinition::new("branches");
pub(crate) const LOCAL: TableDefinition<'_, (&str, &[u8]), &[u8]> = TableDefinition::new("local");

/// The space of `local` for what peers gave this node to resume by, and by which it may skip what it holds.
/// Such a token vouches for data: what lowers a feed's length or drops its bodies drops every token with
/// it, in the same transaction. (A tombstone does not: nobody owes the body that it takes back.)
pub const TOKENS: &str = "token";

/// A transaction that tables can be read through: a reader's snapshot, or the writer's own work so far.
/// The writer must drop a table before it opens it again.
pub(crate) trait Read {
    type Table<'t, K: Key + 'static, V: Value + 'static>: ReadableTable<K, V>
    where
        Self: 't;

    fn open<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'_, K, V>,
    ) -> Result<Self::Table<'_, K, V>, DiskError>;
}

impl Read for ReadTransaction {
    type Table<'t, K: Key + 'static, V: Value + 'static> = ReadOnlyTable<K, V>;

    fn open<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'_, K, V>,
    ) -> Result<ReadOnlyTable<K, V>, DiskError> {
        Ok(self.open_table(table)?)
    }
}

impl Read for WriteTransaction {
    type Table<'t, K: Key + 'static, V: Value + 'static> = Table<'t, K, V>;

    fn open<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'_, K, V>,
    ) -> Result<Table<'_, K, V>, DiskError> {
        Ok(self.open_table(table)?)
    }
}

/// Calls a function of a transaction with each of these tables.
macro_rules! each {
    ($tx:ident.$call:ident: $($table:ident)*) => {{ $($tx.$call($table)?;)* }};
}

/// ... with each table that is made from `runs`.
macro_rules! derived {
    ($tx:ident.$call:ident) => {
        each!($tx.$call: IDS REFS ANNOUNCED TOMBS MISSING PROFILES GROUPS EVENTS OCCURRENCES AGENDA LISTED FINDER)
    };
}

/// ... with each of all others.
macro_rules! kept {
    ($tx:ident.$call:ident) => {
        each!($tx.$call: META FEEDS NUMBERS RUNS CHANGES PROOFS SUCCESSORS BRANCHES LOCAL)
    };
}

/// Makes every table, so that readers find them all.
pub(crate) fn make_all(tx: &WriteTransaction) -> Result<(), DiskError> {
    kept!(tx.open_table);
    make_derived(tx)
}

/// Fails unless every table is there.
pub(crate) fn find_all(tx: &ReadTransaction) -> Result<(), DiskError> {
    kept!(tx.open_table);
    derived!(tx.open_table);
    Ok(())
}

/// Makes the tables that `rebuild` drops.
pub(crate) fn make_derived(tx: &WriteTransaction) -> Result<(), DiskError> {
    derived!(tx.open_table);
    Ok(())
}

/// Drops the tables that are made from `runs`.
pub(crate) fn drop_derived(tx: &WriteTransaction) -> Result<(), DiskError> {
    derived!(tx.delete_table);
    Ok(())
}

/// Stands for the id before entry 1.
pub(crate) const NO_ID: EntryId = EntryId::new([0; 32]);

/// A feed number and a `Seq` as one key.
pub(crate) const fn place(num: u32, seq: Seq) -> u64 {
    (num as u64) << 32 | seq as u64
}

/// The feed number and `Seq` of a key.
pub(crate) const fn split(place: u64) -> (u32, Seq) {
    ((place >> 32) as u32, place as u32)
}

pub(crate) fn id_key(id: &EntryId, place: u64) -> [u8; 16] {
    join(&id.as_bytes()[..8], &place.to_be_bytes())
}

pub(crate) fn ref_key(target: &EntryId, place: u64) -> [u8; 40] {
    join(target.as_bytes(), &place.to_be_bytes())
}

pub(crate) fn branch_key(place: u64, id8: [u8; 8]) -> [u8; 16] {
    join(&place.to_be_bytes(), &id8)
}

pub(crate) fn tomb_key(target: u64, tombstone: u64) -> [u8; 16] {
    join(&target.to_be_bytes(), &tombstone.to_be_bytes())
}

/// The place in the last eight bytes of a key.
pub(crate) fn place_of(key: &[u8]) -> u64 {
    key.last_chunk().map_or(0, |last| u64::from_be_bytes(*last))
}

fn join<const N: usize>(front: &[u8], back: &[u8]) -> [u8; N] {
    let mut key = [0; N];
    key[..front.len()].copy_from_slice(front);
    key[front.len()..].copy_from_slice(back);
    key
}

/// What the `feeds` table keeps of one feed: 97 bytes, in the order of the fields.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct FeedRow {
    pub(crate) num: u32,
    /// Accepted entries.
    pub(crate) len: Seq,
    /// The last accepted entry, or zeros.
    pub(crate) tip: EntryId,
    /// Entries in rows. More than `len` only where a cap put the rest into quarantine.
    pub(crate) stored: Seq,
    /// The last entry in rows, or zeros.
    pub(crate) end: EntryId,
    /// The lowest proven fork's cap; `u32::MAX` = none.
    pub(crate) cap: Seq,
    /// Bytes of its rows.
    pub(crate) bytes: u64,
    /// Its position in the change log.
    pub(crate) changed: u64,
    /// A succession counts: nothing follows what is held, and no cap is below it.
    pub(crate) settled: bool,
}

impl FeedRow {
    pub(crate) fn new(num: u32) -> Self {
        let (len, tip, stored, end, cap) = (0, NO_ID, 0, NO_ID, Seq::MAX);
        Self { num, len, tip, stored, end, cap, bytes: 0, changed: 0, settled: false }
    }

    /// The last place that may be held, if there is one: the cap, or where a succession ends the feed.
    pub(crate) fn limit(&self) -> Option<Seq> {
        if self.settled { Some(self.len) } else { self.cap() }
    }

    pub(crate) fn cap(&self) -> Option<Seq> {
        (self.cap != Seq::MAX).then_some(self.cap)
    }

    pub(crate) fn encode(&self) -> [u8; 97] {
        let mut out = [0; 97];
        out[..4].copy_from_slice(&self.num.to_be_bytes());
        out[4..8].copy_from_slice(&self.len.to_be_bytes());
        out[8..40].copy_from_slice(self.tip.as_bytes());
        out[40..44].copy_from_slice(&self.stored.to_be_bytes());
        out[44..76].copy_from_slice(self.end.as_bytes());
        out[76..80].copy_from_slice(&self.cap.to_be_bytes());
        out[80..88].copy_from_slice(&self.bytes.to_be_bytes());
        out[88..96].copy_from_slice(&self.changed.to_be_bytes());
        out[96] = u8::from(self.settled);
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DiskError> {
        let mut rest = bytes;
        let row = (|| {
            Some(Self {
                num: u32::from_be_bytes(*take(&mut rest)?),
                len: u32::from_be_bytes(*take(&mut rest)?),
                tip: EntryId::new(*take(&mut rest)?),
                stored: u32::from_be_bytes(*take(&mut rest)?),
                end: EntryId::new(*take(&mut rest)?),
                cap: u32::from_be_bytes(*take(&mut rest)?),
                bytes: u64::from_be_bytes(*take(&mut rest)?),
                changed: u64::from_be_bytes(*take(&mut rest)?),
                settled: *take(&mut rest)? == [1],
            })
        })();
        row.filter(|row| rest.is_empty() && row.len <= row.stored).ok_or(DiskError::Table { table: "feeds" })
    }
}

/// Cuts `N` bytes off the front.
pub(crate) fn take<'b, const N: usize>(rest: &mut &'b [u8]) -> Option<&'b [u8; N]> {
    let (front, back) = rest.split_first_chunk()?;
    *rest = back;
    Some(front)
}

/// The row of a feed.
pub(crate) fn feed_row(tx: &impl Read, feed: &FeedId) -> Result<Option<FeedRow>, DiskError> {
    tx.open(FEEDS)?.get(feed.as_bytes())?.map(|row| FeedRow::decode(row.value())).transpose()
}

/// The feed of a number, and the id of its first stored entry.
pub(crate) fn numbered(tx: &impl Read, num: u32) -> Result<(FeedId, Option<EntryId>), DiskError> {
    named(&tx.open(NUMBERS)?, num)
}

/// ... where the table is open: opening it costs more than a look into it.
pub(crate) fn named(
    numbers: &impl ReadableTable<u32, [u8; 64]>,
    num: u32,
) -> Result<(FeedId, Option<EntryId>), DiskError> {
    let row = numbers.get(num)?.ok_or(DiskError::Table { table: "numbers" })?.value();
    let mut rest = &row[..];
    let (Some(feed), Some(first)) = (take(&mut rest), take(&mut rest)) else {
        return Err(DiskError::Table { table: "numbers" });
    };
    let first = EntryId::new(*first);
    Ok((FeedId::new(*feed), (first != NO_ID).then_some(first)))
}

/// A fixed-size value of `meta`.
pub(crate) fn meta<const N: usize>(tx: &impl Read, name: &str) -> Result<Option<[u8; N]>, DiskError> {
    let table = tx.open(META)?;
    let Some(row) = table.get(name)? else { return Ok(None) };
    row.value().try_into().map(Some).map_err(|_| DiskError::Table { table: "meta" })
}

pub(crate) fn set_meta(tx: &WriteTransaction, name: &str, value: &[u8]) -> Result<(), DiskError> {
    tx.open_table(META)?.insert(name, value)?;
    Ok(())
}

/// The last position of the change log.
pub(crate) fn clock(tx: &impl Read) -> Result<u64, DiskError> {
    Ok(meta(tx, "clock")?.map_or(0, u64::from_be_bytes))
}

/// Removes every local fact in the space [`TOKENS`].
pub(crate) fn drop_tokens(tx: &WriteTransaction) -> Result<(), DiskError> {
    let next = format!("{TOKENS}\0");
    tx.open_table(LOCAL)?.retain_in((TOKENS, &[][..])..(&next, &[][..]), |_, _| false)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_row_comes_back_and_no_other_length_does() {
        let row = FeedRow {
            num: 7,
            len: 3,
            tip: EntryId::new([1; 32]),
            stored: 5,
            end: EntryId::new([2; 32]),
            cap: 4,
            bytes: 1 << 40,
            changed: 9,
            settled: true,
        };
        let bytes = row.encode();
        assert_eq!(FeedRow::decode(&bytes).unwrap(), row);
        assert!(FeedRow::decode(&bytes[..96]).is_err());
        assert!(FeedRow::decode(&[&bytes[..], &[0]].concat()).is_err());
        let longer_than_stored = FeedRow { len: 6, ..row }.encode();
        assert!(FeedRow::decode(&longer_than_stored).is_err());
    }

    #[test]
    fn keys_sort_as_what_they_mean() {
        assert!(place(1, u32::MAX) < place(2, 0));
        assert_eq!(split(place(7, 9)), (7, 9));
        let id = EntryId::new([5; 32]);
        assert_eq!(place_of(&ref_key(&id, place(7, 9))), place(7, 9));
        assert!(ref_key(&id, place(1, 256)) > ref_key(&id, place(1, 255)));
    }
}
