//! The own feed: appending to it, and what an opening makes of its head witness.

use klatch_feed::{
    Accepted, Draft, EntryId, FeedId, Head, NetId, PublicKey, SecretKey, Seq, Unverified, Verified, chunk,
};
use redb::WriteTransaction;

use super::{Durable, Store};
use crate::batch::Batch;
use crate::guard::guard;
use crate::table::{self, feed_row};
use crate::witness::{self, Place, Record, START, Tip, Verdict, Witness};
use crate::{AppendError, Changes, DiskError, Held, OpenError, SettleError, entries, recovering};

/// How the witness's file stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Book {
    place: Place,
    /// What the first record of the half in use starts from: a database that holds less was put back.
    floor: Seq,
    /// The newest own entry that it knows.
    tip: Tip,
}

impl Book {
    pub(super) const NONE: Self = Self { place: Place::MADE, floor: 0, tip: START };
}

impl Store {
    /// Compares the store with its witness, brings up the one that a kill or a power cut left behind, and makes
    /// a witness where there was none yet, or one of an older form.
    pub(super) fn face_witness(&mut self) -> Result<(), OpenError> {
        let disk = self.disk.clone();
        let witness = witness::read(&*disk).map_err(OpenError::Disk)?;
        let (len, tip, at) = self.own(&witness).map_err(OpenError::Damaged)?;
        if guard(|| super::hand_over::is_unfinished(&self.shared.read()?)).map_err(OpenError::Damaged)? {
            return self.finish_hand_over().map_err(OpenError::Disk);
        }
        if guard(|| recovering::read(&self.shared.read()?)).map_err(OpenError::Damaged)?.is_some() {
            return Ok(()); // The witness is behind or gone by now, and is made anew at the end.
        }
        let place = match &witness {
            Witness::Says(records, place) => {
                self.book.floor = records.first().map_or(0, |first| first.from.0);
                self.book.tip = witness.tip().unwrap_or(START);
                *place
            }
            _ => None,
        };
        self.book.place = place.unwrap_or(Place::MADE);
        match (witness::judge(witness, len, &self.instance, at), place) {
            (Verdict::Good, Some(_)) => Ok(()),
            (Verdict::Mend, Some(_)) => self.mark((len, tip)).map_err(OpenError::Disk),
            (Verdict::Good | Verdict::Mend | Verdict::Create, _) => {
                self.make_witness((len, tip)).map_err(OpenError::Disk)
            }
            (Verdict::Append(records), _) => match self.lost(&records) {
                Some(lost) => self.append_again(&lost, Durable::Now).map_err(OpenError::Disk),
                None => self.begin_recovering(&Held::WitnessMissing { store: len }),
            },
            (Verdict::Hold(held), _) => self.begin_recovering(&held),
        }
    }

    /// As [`Store::face_witness`]; where the disk is full, that is left to the next transaction.
    pub(super) fn face_witness_or_wait(&mut self) -> Result<(), OpenError> {
        match self.face_witness() {
            Err(OpenError::Disk(DiskError::Full)) => {
                self.read_meanwhile();
                Ok(())
            }
            faced => faced,
        }
    }

    /// Shows own posts that the witness alone holds, from memory: for a disk without room to write them, or to write
    /// what else an opening would.
    pub(super) fn show_lost(&mut self) -> Result<(), OpenError> {
        let disk = self.disk.clone();
        let witness = witness::read(&*disk).map_err(OpenError::Disk)?;
        let (len, _, at) = self.own(&witness).map_err(OpenError::Damaged)?;
        if guard(|| {
            Ok(super::hand_over::is_unfinished(&self.shared.read()?)?
                || recovering::read(&self.shared.read()?)?.is_some())
        })
        .map_err(OpenError::Damaged)?
        {
            return Ok(());
        }
        match witness::judge(witness, len, &self.instance, at) {
            Verdict::Append(records) => {
                let lost = self.lost(&records).unwrap_or_default();
                self.append_again(&lost, Durable::Later).map_err(OpenError::Disk)
            }
            _ => Ok(()),
        }
    }

    /// How many own entries are stored, the last one, and the last of them that the witness could know.
    fn own(&self, witness: &Witness) -> Result<(Seq, EntryId, EntryId), DiskError> {
        guard(|| {
            let tx = self.shared.read()?;
            let Some(row) = feed_row(&tx, &self.me)? else { return Ok((0, table::NO_ID, table::NO_ID)) };
            let known = witness.tip().map_or(0, |(seq, _)| seq.min(row.stored));
            let at = entries::id_at(&tx, self.me, &row, known)?.unwrap_or(table::NO_ID);
            Ok((row.stored, row.end, at))
        })
    }

    fn begin_recovering(&mut self, why: &Held) -> Result<(), OpenError> {
        self.unwritten = Some(why.clone()); // It holds, whether there is room to write it or not.
        self.commit(Durable::Now, |tx| recovering::begin(tx, why)).map_err(OpenError::Disk)?;
        self.unwritten = None;
        Ok(())
    }

    /// What records hold, if all of it is as it should be.
    fn lost(&self, records: &[Record]) -> Option<Vec<Accepted>> {
        let lost = records.iter().filter(|record| !record.chunk.is_empty());
        lost.map(|record| self.accepted(record)).collect()
    }

    /// What a record holds, checked like a peer's, and each signature besides: own entries are all anchors.
    fn accepted(&self, record: &Record) -> Option<Accepted> {
        let (len, id) = record.from;
        let head = Head { feed: self.me, len, tip: (len > 0).then_some(id) };
        let key = PublicKey::parse(&self.me).ok()?;
        let accepted = head.accept(&self.net, &key, &record.chunk).ok()?;
        accepted.entries.iter().all(|entry| entry.is_anchor(&self.net, &key)).then_some(accepted)
    }

    /// Appends what the witness holds and the store lost, in the groups that it was posted in: so the change log
    /// comes to stand where it stood.
    fn append_again(&mut self, lost: &[Accepted], how: Durable) -> Result<(), DiskError> {
        let (me, net) = (self.me, self.net);
        let groups = self.commit(how, |tx| {
            let groups = lost.iter().map(|group| append_in(tx, net, &me, &group.entries));
            groups.collect::<Result<Vec<_>, _>>()
        })?;
        let groups = groups.into_iter().zip(lost).filter(|(_, group)| group.head.len > self.shown);
        self.returned.extend(groups.map(|(changes, _)| changes));
        Ok(())
    }

    /// Ends recovering: own entry `len` was found to be the last one, and appends go on after it.
    ///
    /// # Errors
    ///
    /// [`SettleError`]; the store is recovering then, as before.
    pub fn settle(&mut self, len: Seq) -> Result<(), SettleError> {
        if let Some(held) = self.held().filter(|held| !held.is_recovering()) {
            return Err(SettleError::Forked(held));
        }
        let (seq, id) = self.own_tip()?;
        if seq != len {
            return Err(SettleError::Moved { len: seq });
        }
        // The witness first: a store that is recovering does not look at it.
        self.make_witness((seq, id))?;
        self.write(recovering::end)?;
        self.unwritten = None; // That it was to recover could not be written; now it need not.
        Ok(())
    }

    pub(super) fn own_tip(&self) -> Result<Tip, DiskError> {
        let row = guard(|| feed_row(&self.shared.read()?, &self.me))?;
        Ok(row.map_or(START, |row| (row.stored, row.end)))
    }

    /// Signs and appends own posts in one group commit, in the given order: durable on return. Without drafts,
    /// nothing is written.
    ///
    /// # Errors
    ///
    /// [`AppendError`]; nothing is appended then, unless it is [`DiskError::Witness`] or a failure of the database
    /// after the witness had them, which the next transaction or opening makes up for.
    ///
    /// # Panics
    ///
    /// If `secret` is not the owner's: a feed is signed by its own key.
    pub fn append(
        &mut self,
        secret: &SecretKey,
        drafts: Vec<Draft>,
    ) -> Result<(Vec<Verified>, Changes), AppendError> {
        let (me, net) = (self.me, self.net);
        if self.failed {
            self.reopen()?; // It may hold more then than it does now.
        }
        if let Some(held) = self.held() {
            return Err(AppendError::Held(held));
        }
        if drafts.is_empty() {
            return Ok(<_>::default());
        }
        let from = self.own_tip()?;
        let mut head = Head { feed: me, len: from.0, tip: (from.0 > 0).then_some(from.1) };
        let mut new = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let (entry, after) = head.sign(&net, secret, draft)?;
            head = after;
            new.push(entry);
        }
        let work = |tx: &WriteTransaction| append_in(tx, net, &me, &new);
        let entries: Vec<&Unverified> = new.iter().map(|entry| &**entry).collect();
        let tip = (head.len, head.tip.unwrap_or(table::NO_ID));
        let Some(record) = Record::of(self.instance, from, &entries) else {
            let changes = self.write(work)?;
            self.mark(tip)?;
            return Ok((new, changes));
        };
        let record = record.encode();
        let place = self.room(record.len())?;
        let disk = self.disk.clone();
        let mut after = place;
        let changes = self.write_as(Durable::Later, |tx| {
            let changes = work(tx)?;
            // The last that can fail: from here on they are posted.
            after = place.write(&*disk, &record)?;
            Ok(changes)
        })?;
        let floor = if after.is_first(record.len()) { from.0 } else { self.book.floor };
        self.book = Book { place: after, floor, tip };
        Ok((new, changes))
    }

    /// Where the next record goes: over what is old in the other half, where the database holds all of it.
    fn room(&mut self, bytes: usize) -> Result<Place, DiskError> {
        if self.is_behind {
            if self.book.place.has_room(bytes) {
                return Ok(self.book.place);
            }
            self.write(|_| Ok(()))?;
        }
        Ok(self.book.place.other())
    }

    /// Says in the witness that the database holds, durable, all up to `tip`.
    fn mark(&mut self, tip: Tip) -> Result<(), DiskError> {
        let record = Record::mark(self.instance, tip).encode();
        match self.book.place.other().write(&*self.disk, &record) {
            Ok(place) => {
                self.book = Book { place, floor: tip.0, tip };
                Ok(())
            }
            Err(error) => {
                self.failed = true; // Whether it is there shows when the file is read again.
                Err(error)
            }
        }
    }

    /// Makes the witness anew: `tip` is the last own entry, durable in the database.
    pub(super) fn make_witness(&mut self, tip: Tip) -> Result<(), DiskError> {
        let place = witness::create(&*self.disk, &Record::mark(self.instance, tip))?;
        self.book = Book { place, floor: tip.0, tip };
        Ok(())
    }

    /// Makes the witness's file anew with what it says, and none of what it held besides.
    pub(super) fn clear_witness(&mut self) -> Result<(), DiskError> {
        if let Witness::Says(records, _) = witness::read(&*self.disk)?
            && let Some(last) = records.last()
        {
            self.book.place = witness::create(&*self.disk, &Record::mark(last.instance, last.to))?;
            self.book.floor = last.to.0;
        }
        Ok(())
    }

    /// For when nothing has been written for a while: what only the witness holds goes to the database as well, so
    /// that an older copy of it put back shows; and the database notes what it would have to find out by
    /// reading all of its file after a crash. Nothing is written where that was done before.
    ///
    /// # Errors
    ///
    /// [`DiskError`]; nothing is lost then.
    pub fn rest(&mut self) -> Result<(), DiskError> {
        if !self.is_at_rest() {
            self.write_as(Durable::Noted, |_| Ok(()))?;
            self.put_in_witness()?;
        }
        Ok(())
    }

    /// Whether [`Store::rest`] would write nothing.
    pub fn is_at_rest(&self) -> bool {
        !self.failed && !self.is_behind && self.is_noted && self.book.floor == self.book.tip.0
    }

    fn put_in_witness(&mut self) -> Result<(), DiskError> {
        let is_recovering = guard(|| recovering::read(&self.shared.read()?))?.is_some();
        if self.book.floor == self.book.tip.0 || is_recovering { Ok(()) } else { self.mark(self.book.tip) }
    }

    /// What closing the database does not do by itself.
    pub(super) fn close(&mut self) -> Result<(), DiskError> {
        if self.failed {
            return Ok(()); // The next opening has it all from the witness.
        }
        if self.is_behind {
            self.commit(Durable::Now, |_| Ok(()))?;
        }
        self.put_in_witness()
    }
}

/// Adds own entries, each of them an anchor.
pub(super) fn append_in(
    tx: &WriteTransaction,
    net: NetId,
    me: &FeedId,
    new: &[Verified],
) -> Result<Changes, DiskError> {
    let mut batch = Batch::new(tx, net);
    let entries: Vec<&Unverified> = new.iter().map(|entry| &**entry).collect();
    batch.append(me, &entries, &chunk::encode_rows(&entries), |_| true)?;
    batch.finish()
}
