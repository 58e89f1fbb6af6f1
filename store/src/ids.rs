//! Where entries are, by their ids: sorted segments that are merged as they grow.
//!
//! Ids are hashes, so one B-tree of them has all its leaves touched by every commit, and a commit costs the more
//! the more is stored. Here a commit adds its ids as one sorted *segment*; [`FANOUT`] segments of about the same
//! size become one of the next size (a log-structured merge tree, O'Neil et al. 1996). An id is written again
//! once a size, a lookup asks every segment, and both grow with the logarithm of what is stored.
//!
//! A row is `segment u64 || first key` -> keys, packed and ascending, [`PAGE_KEYS`] at most. Row 0 is the
//! directory: `(segment u64, keys u64)*`. Absent on purpose: marks for removed keys; they are taken out of
//! their rows, since feeds are forgotten rarely and are to leave nothing.

use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};

use crate::DiskError;
use crate::table::{Read, take};

/// The first 8 bytes of an entry's id, and its place.
pub(crate) type Key = [u8; 16];

type RowKey = [u8; 24];
pub(crate) const IDS: TableDefinition<'_, RowKey, &[u8]> = TableDefinition::new("id segments");

/// Segments of one size that are merged.
const FANOUT: usize = 4;
/// Keys in a row: with its own key and the leaf's head they fill a page of 16 KiB.
const PAGE_KEYS: usize = 1_022;
const DIRECTORY: RowKey = [0; 24];
const DAMAGED: DiskError = DiskError::Table { table: "id segments" };

type Rows<'t, R> = <R as Read>::Table<'t, RowKey, &'static [u8]>;

/// The ids as one transaction finds them.
pub(crate) struct Ids<T> {
    table: T,
    segments: Vec<Segment>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Segment {
    number: u64,
    keys: u64,
}

impl Segment {
    /// Segments of one size have one tier.
    fn tier(self) -> u32 {
        self.keys.max(1).ilog(FANOUT as u64)
    }
}

/// Opens them to be read.
pub(crate) fn open<R: Read>(tx: &R) -> Result<Ids<Rows<'_, R>>, DiskError> {
    Ids::of(tx.open(IDS)?)
}

/// Adds ids that are not there, ascending.
pub(crate) fn add(tx: &WriteTransaction, keys: &[Key]) -> Result<(), DiskError> {
    let mut ids = Ids::of(tx.open_table(IDS)?)?;
    let mut rest = keys.iter().copied();
    ids.write(|_| Ok(rest.next()))?;
    while let Some(crowded) = ids.crowded() {
        ids.merge(&crowded)?;
    }
    ids.close()
}

/// Takes ids out, ascending; those that are not there are passed over.
pub(crate) fn remove(tx: &WriteTransaction, keys: &[Key]) -> Result<(), DiskError> {
    let mut ids = Ids::of(tx.open_table(IDS)?)?;
    for at in 0..ids.segments.len() {
        ids.take_out(at, keys)?;
    }
    ids.segments.retain(|segment| segment.keys > 0);
    ids.close()
}

impl<T: ReadableTable<RowKey, &'static [u8]>> Ids<T> {
    fn of(table: T) -> Result<Self, DiskError> {
        let mut segments = Vec::new();
        if let Some(row) = table.get(DIRECTORY)? {
            let mut rest = row.value();
            while !rest.is_empty() {
                let number = u64::from_be_bytes(*take(&mut rest).ok_or(DAMAGED)?);
                let keys = u64::from_be_bytes(*take(&mut rest).ok_or(DAMAGED)?);
                segments.push(Segment { number, keys });
            }
        }
        Ok(Self { table, segments })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.segments.iter().map(|segment| segment.keys).sum()
    }

    pub(crate) fn contains(&self, key: &Key) -> Result<bool, DiskError> {
        for segment in &self.segments {
            if let Some((_, page)) = self.page(segment.number, key)?
                && page.binary_search(key).is_ok()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Those from `low` to `high`, ascending, until `each` answers that it has enough.
    pub(crate) fn range(
        &self,
        low: &Key,
        high: &Key,
        mut each: impl FnMut(Key) -> Result<bool, DiskError>,
    ) -> Result<(), DiskError> {
        let mut merge = self.merged(self.segments.iter().map(|segment| segment.number), low)?;
        while let Some(key) = merge.next(&self.table)? {
            if key > *high || !each(key)? {
                break;
            }
        }
        Ok(())
    }

    fn merged(&self, segments: impl Iterator<Item = u64>, low: &Key) -> Result<Merge, DiskError> {
        let cursors = segments.map(|segment| {
            let page = match self.page(segment, low)? {
                Some((_, page)) => page,
                None => first_page(&self.table, segment, low)?,
            };
            let at = page.partition_point(|key| key < low);
            let mut cursor = Cursor { segment, page, at };
            cursor.turn(&self.table)?;
            Ok(cursor)
        });
        Ok(Merge { cursors: cursors.collect::<Result<_, DiskError>>()? })
    }

    /// The row of a segment that would hold `key`; `None` if all of the segment is above it.
    fn page(&self, segment: u64, key: &Key) -> Result<Option<(RowKey, Vec<Key>)>, DiskError> {
        let rows = row_key(segment, &[0; 16])..=row_key(segment, key);
        let found = self.table.range(rows)?.next_back().transpose()?;
        found.map(|(row, keys)| Ok((row.value(), unpack(keys.value())?))).transpose()
    }

    /// Segments of one tier that are to become one.
    fn crowded(&self) -> Option<Vec<Segment>> {
        let of = |tier| self.segments.iter().copied().filter(move |segment| segment.tier() == tier);
        let mut tiers = self.segments.iter().map(|segment| segment.tier());
        tiers.find(|tier| of(*tier).count() >= FANOUT).map(|tier| of(tier).collect())
    }
}

impl Ids<Table<'_, RowKey, &'static [u8]>> {
    /// Writes what `next` gives as a new segment.
    fn write(
        &mut self,
        mut next: impl FnMut(&Self) -> Result<Option<Key>, DiskError>,
    ) -> Result<(), DiskError> {
        let number = self.segments.iter().map(|segment| segment.number).max().unwrap_or(0) + 1;
        let (mut page, mut keys) = (Vec::with_capacity(PAGE_KEYS), 0);
        loop {
            let key = next(self)?;
            if page.len() == PAGE_KEYS || key.is_none() {
                self.put(number, &page)?;
                keys += page.len() as u64;
                page.clear();
            }
            match key {
                Some(key) => page.push(key),
                None => break,
            }
        }
        self.segments.extend((keys > 0).then_some(Segment { number, keys }));
        Ok(())
    }

    fn put(&mut self, segment: u64, page: &[Key]) -> Result<(), DiskError> {
        if let Some(first) = page.first() {
            self.table.insert(row_key(segment, first), page.as_flattened())?;
        }
        Ok(())
    }

    fn merge(&mut self, parts: &[Segment]) -> Result<(), DiskError> {
        let mut merge = self.merged(parts.iter().map(|part| part.number), &[0; 16])?;
        self.write(|ids| merge.next(&ids.table))?;
        for part in parts {
            let rows = row_key(part.number, &[0; 16])..=row_key(part.number, &[0xff; 16]);
            self.table.retain_in(rows, |_, _| false)?;
        }
        self.segments.retain(|segment| !parts.contains(segment));
        Ok(())
    }

    /// Takes `keys` out of the segment at `at`, row by row.
    fn take_out(&mut self, at: usize, mut keys: &[Key]) -> Result<(), DiskError> {
        while let [first, rest @ ..] = keys {
            keys = rest;
            let Some((row, page)) = self.page(self.segments[at].number, first)? else { continue };
            let here = page.last().map_or(0, |last| rest.partition_point(|key| key <= last));
            let out = [&[*first], &rest[..here]].concat();
            keys = &rest[here..];
            // The row's own key stays: it is at or below what is left.
            let left: Vec<Key> = page.iter().copied().filter(|key| out.binary_search(key).is_err()).collect();
            self.segments[at].keys -= (page.len() - left.len()) as u64;
            match left.len() {
                0 => drop(self.table.remove(row)?),
                count if count < page.len() => drop(self.table.insert(row, left.as_flattened())?),
                _ => {}
            }
        }
        Ok(())
    }

    fn close(mut self) -> Result<(), DiskError> {
        let directory: Vec<u8> = self
            .segments
            .iter()
            .flat_map(|segment| [segment.number.to_be_bytes(), segment.keys.to_be_bytes()])
            .flatten()
            .collect();
        self.table.insert(DIRECTORY, &directory[..])?;
        Ok(())
    }
}

/// Some segments, read as one.
struct Merge {
    cursors: Vec<Cursor>,
}

/// How far a segment has been read.
struct Cursor {
    segment: u64,
    page: Vec<Key>,
    at: usize,
}

impl Merge {
    fn next(&mut self, table: &impl ReadableTable<RowKey, &'static [u8]>) -> Result<Option<Key>, DiskError> {
        let least = self.cursors.iter_mut().filter(|cursor| cursor.at < cursor.page.len());
        let Some(cursor) = least.min_by_key(|cursor| cursor.page[cursor.at]) else { return Ok(None) };
        let key = cursor.page[cursor.at];
        cursor.at += 1;
        cursor.turn(table)?;
        Ok(Some(key))
    }
}

impl Cursor {
    /// Goes on to the next row where this one is read.
    fn turn(&mut self, table: &impl ReadableTable<RowKey, &'static [u8]>) -> Result<(), DiskError> {
        if let (true, Some(last)) = (self.at >= self.page.len(), self.page.last()) {
            (self.page, self.at) = (first_page(table, self.segment, last)?, 0);
        }
        Ok(())
    }
}

/// The first row of a segment that begins above `after`; nothing where there is none.
fn first_page(
    table: &impl ReadableTable<RowKey, &'static [u8]>,
    segment: u64,
    after: &Key,
) -> Result<Vec<Key>, DiskError> {
    let above = u128::from_be_bytes(*after).saturating_add(1).to_be_bytes();
    let rows = row_key(segment, &above)..=row_key(segment, &[0xff; 16]);
    let found = table.range(rows)?.next().transpose()?;
    found.map_or(Ok(Vec::new()), |(_, keys)| unpack(keys.value()))
}

fn unpack(bytes: &[u8]) -> Result<Vec<Key>, DiskError> {
    match bytes.as_chunks() {
        (keys, []) if !keys.is_empty() => Ok(keys.to_vec()),
        _ => Err(DAMAGED),
    }
}

fn row_key(segment: u64, first: &Key) -> RowKey {
    let mut key = [0; 24];
    key[..8].copy_from_slice(&segment.to_be_bytes());
    key[8..].copy_from_slice(first);
    key
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use redb::backends::InMemoryBackend;
    use redb::{Builder, Database};

    use super::*;

    fn database() -> Database {
        Builder::new().create_with_backend(InMemoryBackend::new()).unwrap()
    }

    fn key(n: u64) -> Key {
        // Spread, as hashes are; the same for the same number.
        (u128::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 64 | u128::from(n)).to_be_bytes()
    }

    fn sorted(numbers: impl IntoIterator<Item = u64>) -> Vec<Key> {
        let mut keys: Vec<Key> = numbers.into_iter().map(key).collect();
        keys.sort_unstable();
        keys
    }

    fn all(ids: &Ids<impl ReadableTable<RowKey, &'static [u8]>>, low: &Key, high: &Key) -> Vec<Key> {
        let mut found = Vec::new();
        ids.range(low, high, |key| {
            found.push(key);
            Ok(true)
        })
        .unwrap();
        found
    }

    #[test]
    fn segments_stay_few_and_full_however_ids_come() {
        let db = database();
        let tx = db.begin_write().unwrap();
        let mut added = 0;
        for size in [1_u64, 1, 1, 1, 5_000, 3, 20_000, 20_000, 1, 20_000, 20_000, 1] {
            add(&tx, &sorted(added..added + size)).unwrap();
            added += size;
        }
        let ids = open(&tx).unwrap();
        assert_eq!(ids.count(), added);
        assert!(ids.crowded().is_none(), "{:?}", ids.segments);
        assert_eq!(all(&ids, &[0; 16], &[0xff; 16]), sorted(0..added));
        let rows = ids.table.iter().unwrap().count();
        let most = ids.segments.iter().map(|part| part.keys.div_ceil(PAGE_KEYS as u64)).sum::<u64>() + 1;
        assert_eq!(rows as u64, most, "every row but a segment's last is full, and none is left over");
    }

    #[test]
    fn merging_goes_on_through_all_sizes() {
        let db = database();
        let tx = db.begin_write().unwrap();
        (0..64).for_each(|n| add(&tx, &sorted([n])).unwrap());
        let segments = open(&tx).unwrap().segments;
        assert_eq!(segments.iter().map(|part| part.keys).collect::<Vec<_>>(), [64]);
    }

    #[test]
    fn a_row_of_any_other_length_is_damage() {
        for bytes in [&[][..], &[1; 15], &[1; 17]] {
            let db = database();
            let tx = db.begin_write().unwrap();
            add(&tx, &sorted(0..10)).unwrap();
            tx.open_table(IDS).unwrap().insert(row_key(1, &sorted(0..10)[0]), bytes).unwrap();
            assert!(open(&tx).unwrap().contains(&key(3)).is_err());
        }
        let db = database();
        let tx = db.begin_write().unwrap();
        tx.open_table(IDS).unwrap().insert(DIRECTORY, &[0; 9][..]).unwrap();
        assert!(open(&tx).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn they_are_a_set(
            steps in prop::collection::vec((any::<bool>(), 0_u64..6_000, 1_u64..2_500), 1..24),
            (low, high) in (any::<u64>(), any::<u64>()),
        ) {
            let db = database();
            let tx = db.begin_write().unwrap();
            let mut model = BTreeSet::new();
            for (adds, from, size) in steps {
                let numbers = from..from + size;
                if adds {
                    let new: Vec<Key> =
                        sorted(numbers).into_iter().filter(|key| !model.contains(key)).collect();
                    add(&tx, &new).unwrap();
                    model.extend(new);
                } else {
                    remove(&tx, &sorted(numbers.clone())).unwrap();
                    sorted(numbers).iter().for_each(|key| _ = model.remove(key));
                }
            }
            let ids = open(&tx).unwrap();
            prop_assert_eq!(ids.count(), model.len() as u64);
            prop_assert!(ids.crowded().is_none() || model.len() < PAGE_KEYS * FANOUT * FANOUT);
            let (low, high) = (key(low.min(high)), key(low.max(high)));
            let (low, high) = (low.min(high), low.max(high));
            let wanted: Vec<Key> = model.range(low..=high).copied().collect();
            prop_assert_eq!(all(&ids, &low, &high), wanted);
            for n in 0..50 {
                prop_assert_eq!(ids.contains(&key(n * 170)).unwrap(), model.contains(&key(n * 170)));
            }
        }
    }
}
