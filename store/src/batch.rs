//! One commit's work: every change of the log goes through a [`Batch`], which keeps feeds' rows, indexes,
//! change log and views in step.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::key::KeyError;
use klatch_feed::{EntryId, FeedId, ForkProof, NetId, PublicKey, Seq, Successor, Unverified};
use redb::{ReadableTable, WriteTransaction};

use crate::entries;
use crate::index::{Index, is_taken_back};
use crate::table::{
    CHANGES, FEEDS, FeedRow, NO_ID, NUMBERS, PROOFS, RUNS, SUCCESSORS, clock, drop_tokens, feed_row, meta,
    place, set_meta,
};
use crate::{Changes, DiskError, view};

/// A write transaction, and what was done in it so far.
pub(crate) struct Batch<'t> {
    pub(crate) tx: &'t WriteTransaction,
    pub(crate) net: NetId,
    feeds: BTreeMap<FeedId, FeedRow>,
    keys: BTreeMap<FeedId, Result<PublicKey, KeyError>>,
    /// Lengths and caps as they were.
    before: BTreeMap<FeedId, (Seq, Option<Seq>)>,
    changed: BTreeSet<FeedId>,
    /// Feeds that a succession ended now, at the chain that was held or another.
    pub(crate) replaced: BTreeSet<FeedId>,
    /// See [`Changes::crowded`].
    pub(crate) crowded: bool,
    /// For [`Changes::feeds`]: the first new entry that refs each object.
    pub(crate) said: BTreeMap<FeedId, BTreeMap<EntryId, Seq>>,
    pub(crate) index: Index,
    /// Another succession counts, or one no longer does.
    pub(crate) relined: bool,
}

impl<'t> Batch<'t> {
    pub(crate) fn new(tx: &'t WriteTransaction, net: NetId) -> Self {
        let (feeds, keys, before, changed, replaced, said, index) = Default::default();
        let (crowded, relined) = (false, false);
        Self { tx, net, feeds, keys, before, changed, replaced, crowded, said, index, relined }
    }

    /// The feed's row as it is now; `None` if nothing is known of it.
    pub(crate) fn row(&mut self, feed: &FeedId) -> Result<Option<FeedRow>, DiskError> {
        if let Some(row) = self.feeds.get(feed) {
            return Ok(Some(*row));
        }
        let row = feed_row(self.tx, feed)?;
        self.feeds.extend(row.map(|row| (*feed, row)));
        self.before.entry(*feed).or_insert(row.map_or((0, None), |row| (row.len, row.cap())));
        Ok(row)
    }

    pub(crate) fn row_or_new(&mut self, feed: &FeedId) -> Result<FeedRow, DiskError> {
        match self.row(feed)? {
            Some(row) => Ok(row),
            None => {
                let num = meta(self.tx, "numbers")?.map_or(0, u32::from_be_bytes);
                set_meta(self.tx, "numbers", &(num + 1).to_be_bytes())?;
                let row = FeedRow::new(num);
                self.name(feed, num, None)?;
                self.put(feed, row);
                Ok(row)
            }
        }
    }

    pub(crate) fn name(&self, feed: &FeedId, num: u32, first: Option<EntryId>) -> Result<(), DiskError> {
        let mut name = [0; 64];
        name[..32].copy_from_slice(feed.as_bytes());
        name[32..].copy_from_slice(first.unwrap_or(NO_ID).as_bytes());
        self.tx.open_table(NUMBERS)?.insert(num, name)?;
        Ok(())
    }

    pub(crate) fn put(&mut self, feed: &FeedId, row: FeedRow) {
        self.feeds.insert(*feed, row);
        self.changed.insert(*feed);
    }

    /// The feed's key, parsed once a batch.
    pub(crate) fn key(&mut self, feed: &FeedId) -> Result<PublicKey, KeyError> {
        self.keys.entry(*feed).or_insert_with(|| PublicKey::parse(feed)).clone()
    }

    /// Adds accepted entries that follow the feed's end, which no cap is below. `rows` begin with theirs.
    pub(crate) fn append(
        &mut self,
        feed: &FeedId,
        new: &[&Unverified],
        rows: &[u8],
        is_anchor: impl Fn(Seq) -> bool,
    ) -> Result<FeedRow, DiskError> {
        let mut row = self.row_or_new(feed)?;
        let Some(first) = new.first() else { return Ok(row) };
        if row.stored == 0 {
            self.name(feed, row.num, Some(first.id()))?;
        }
        entries::append(self.tx, *feed, &mut row, new, rows, is_anchor)?;
        (row.len, row.tip) = (row.stored, row.end);
        self.note(feed, row.num, new);
        self.put(feed, row);
        if first.header().seq == 1
            && let Ok(successor) = Successor::check(&self.net, Unverified::clone(first))
        {
            self.succeed(&successor)?;
        }
        Ok(row)
    }

    /// Takes in what accepted entries say.
    pub(crate) fn note(&mut self, feed: &FeedId, num: u32, accepted: &[&Unverified]) {
        let said = self.said.entry(*feed).or_default();
        for entry in accepted {
            for target in &entry.header().refs {
                said.entry(*target).or_insert(entry.header().seq);
            }
            self.index.add(*feed, num, entry, true);
        }
    }

    /// The feed counts as changed, whatever is held of it.
    pub(crate) fn touch(&mut self, feed: &FeedId) -> Result<(), DiskError> {
        let row = self.row_or_new(feed)?;
        self.put(feed, row);
        Ok(())
    }

    /// Lowers the feed's cap to the proof's, unless it is that low already. What is accepted above it goes
    /// into quarantine.
    pub(crate) fn cap(&mut self, proof: &ForkProof) -> Result<bool, DiskError> {
        let (feed, cap) = (proof.author(), proof.cap());
        let mut row = self.row_or_new(&feed)?;
        if row.cap <= cap || row.settled {
            return Ok(false);
        }
        row.cap = cap;
        self.tx.open_table(PROOFS)?.insert(row.num, &proof.encode()[..])?;
        self.put(&feed, row);
        if row.len > cap {
            self.quarantine(&feed, row)?;
        }
        Ok(true)
    }

    /// Brings the accepted length down to the largest anchor at or below the cap.
    fn quarantine(&mut self, feed: &FeedId, mut row: FeedRow) -> Result<(), DiskError> {
        // What this batch already took in must be there to be taken out.
        self.flush()?;
        row = self.row(feed)?.unwrap_or(row);
        let above = row.len;
        let (len, tip) = self.anchor_below(feed, &row)?;
        (row.len, row.tip) = (len, tip);
        self.put(feed, row);
        self.store(feed, &row)?;
        drop_tokens(self.tx)?;
        let out = entries::between(self.tx, *feed, row.num, len + 1..=above)?;
        self.index.remove(self.tx, *feed, row.num, &out, false)?;
        self.unsay(feed, len);
        Ok(())
    }

    /// What came past `len` points at nothing any more.
    pub(crate) fn unsay(&mut self, feed: &FeedId, len: Seq) {
        if let Some(said) = self.said.get_mut(feed) {
            said.retain(|_, first| *first <= len);
        }
    }

    /// The largest anchor at or below the feed's cap: a known one, or else one found by its signature.
    fn anchor_below(&self, feed: &FeedId, row: &FeedRow) -> Result<(Seq, EntryId), DiskError> {
        let key = PublicKey::parse(feed).ok();
        let mut top = row.cap.min(row.len);
        while top > 0 {
            let run = entries::row_at(self.tx, *feed, row.num, top)?;
            for entry in run.entries(*feed)?.iter().rev().filter(|entry| entry.header().seq <= top) {
                let seq = entry.header().seq;
                if run.is_anchor(seq) {
                    return Ok((seq, entry.id()));
                }
                if key.as_ref().is_some_and(|key| entry.is_anchor(&self.net, key)) {
                    entries::set_anchor(self.tx, *feed, row.num, seq)?;
                    return Ok((seq, entry.id()));
                }
            }
            top = run.first - 1;
        }
        Ok((0, NO_ID))
    }

    /// Keeps late bodies of entries from `from` on. Returns how many did not fit their header.
    pub(crate) fn fill(
        &mut self,
        feed: &FeedId,
        from: Seq,
        bodies: &[Option<Vec<u8>>],
    ) -> Result<u32, DiskError> {
        let Some(row) = self.row(feed)? else { return Ok(0) };
        let to = u64::from(from) + bodies.len() as u64;
        let last = Seq::try_from(to.saturating_sub(1)).map_or(row.len, |to| to.min(row.len));
        if from == 0 || from > last {
            return Ok(0);
        }
        let mut misfits = 0;
        for (entry, body) in entries::between(self.tx, *feed, row.num, from..=last)?.iter().zip(bodies) {
            let here = place(row.num, entry.header().seq);
            let (None, Some(body)) = (entry.body(), body) else { continue };
            if is_taken_back(self.tx, here)? {
                continue;
            }
            let whole = Unverified::new(entry.header().clone(), *entry.signature(), Some(body.clone()));
            match whole {
                Ok(whole) => self.index.fill(self.tx, *feed, row.num, &whole)?,
                Err(_) => misfits += 1,
            }
            self.changed.insert(*feed);
        }
        Ok(misfits)
    }

    /// Deletes everything held of a feed; what is known of its forks and successors stays.
    pub(crate) fn forget(&mut self, feed: &FeedId) -> Result<(), DiskError> {
        self.forget_branches(feed)?;
        let Some(mut row) = self.row(feed)? else { return Ok(()) };
        let stored = entries::between(self.tx, *feed, row.num, 1..=row.stored)?;
        (row.len, row.tip) = (0, NO_ID);
        self.store(feed, &row)?;
        drop_tokens(self.tx)?;
        self.index.remove(self.tx, *feed, row.num, &stored, true)?;
        self.tx.open_table(RUNS)?.retain_in(place(row.num, 0)..=place(row.num, Seq::MAX), |_, _| false)?;
        self.name(feed, row.num, None)?;
        (row.stored, row.end, row.bytes) = (0, NO_ID, 0);
        self.put(feed, row);
        Ok(())
    }

    pub(crate) fn store(&self, feed: &FeedId, row: &FeedRow) -> Result<(), DiskError> {
        self.tx.open_table(FEEDS)?.insert(feed.as_bytes(), &row.encode()[..])?;
        Ok(())
    }

    pub(crate) fn flush(&mut self) -> Result<(), DiskError> {
        self.index.flush(self.tx)?;
        for (feed, grown) in std::mem::take(&mut self.index.rewritten) {
            if let Some(mut row) = self.row(&feed)? {
                row.bytes = row.bytes.saturating_add_signed(grown);
                self.put(&feed, row);
            }
        }
        Ok(())
    }

    /// Writes what is still in memory, moves the changed feeds to the end of the change log, and folds what
    /// was touched. The transaction is then ready to commit.
    pub(crate) fn finish(mut self) -> Result<Changes, DiskError> {
        if self.tx.open_table(SUCCESSORS)?.first()?.is_some() {
            for feed in self.changed.clone() {
                self.settle(&feed)?;
            }
        }
        self.flush()?;
        if self.relined {
            self.index.touched.objects.extend(view::all(self.tx)?);
        }
        let mut clock = if self.changed.is_empty() { 0 } else { clock(self.tx)? };
        let mut by_number: Vec<(FeedRow, FeedId)> =
            self.changed.iter().filter_map(|feed| Some((*self.feeds.get(feed)?, *feed))).collect();
        by_number.sort_unstable_by_key(|(row, _)| row.num);
        let mut log = self.tx.open_table(CHANGES)?;
        for (row, feed) in &mut by_number {
            if row.changed > 0 {
                log.remove(row.changed)?;
            }
            clock += 1;
            row.changed = clock;
            log.insert(clock, row.num)?;
            self.store(feed, row)?;
        }
        drop(log);
        if !by_number.is_empty() {
            set_meta(self.tx, "clock", &clock.to_be_bytes())?;
        }
        let objects = view::refold(self.tx, &self.net, &self.index.touched)?;
        let before = by_number.iter().filter_map(|(_, feed)| Some((*feed, *self.before.get(feed)?)));
        let before = before.filter(|(feed, _)| !self.replaced.contains(feed)).collect();
        let said = &mut self.said;
        let feeds = by_number.iter().map(|(_, feed)| {
            let said = said.remove(feed).unwrap_or_default();
            (*feed, said.into_iter().collect())
        });
        let (feeds, lineage, crowded) = (feeds.collect(), self.relined, self.crowded);
        Ok(Changes { feeds, before, objects, clock, lineage, crowded })
    }
}

/// The proof behind a feed's cap, as bytes.
pub(crate) fn proof_bytes(tx: &impl crate::table::Read, num: u32) -> Result<Option<Vec<u8>>, DiskError> {
    Ok(tx.open(PROOFS)?.get(num)?.map(|bytes| bytes.value().to_vec()))
}
