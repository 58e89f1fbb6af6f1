//! The one writer: making, opening, and every transaction that writes.

mod hand_over;
mod own;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use klatch_feed::succession::LINKS_MAX;
use klatch_feed::{FeedId, ForkProof, NetId, Seq, Succeeds, Successor};
use redb::{Builder, Database, Durability, WriteTransaction};

use crate::batch::Batch;
use crate::disk::{Disk, Home};
use crate::guard::guard;
use crate::shared::Shared;
use crate::table::{self, FeedRow, LOCAL, Read, SCHEMA, feed_row, meta, migrate, set_meta};
use crate::view::rebuild;
use crate::witness::{self, Witness};
use crate::{
    Changes, Compacted, CutOff, DiskError, Held, Incoming, OpenError, Outcome, Progress, Reader, SetLocal,
    ahead, copy, entries, ingest, recovering, succession,
};
use own::Book;

pub use hand_over::HandOverError;

/// The one writer. Readers are got from it and outlive its transactions.
#[derive(Debug)]
pub struct Store {
    disk: Arc<dyn Disk>,
    shared: Arc<Shared>,
    net: NetId,
    me: FeedId,
    instance: [u8; 16],
    book: Book,
    /// The witness holds own entries that the database has in memory alone.
    is_behind: bool,
    /// The last durable commit noted which pages are free, so that nobody has to look after a crash.
    is_noted: bool,
    /// After a failure of the database or the witness: both are looked at anew before the next transaction.
    failed: bool,
    /// What came back from the witness after that, and nobody was told of.
    returned: Vec<Changes>,
    /// What rebuilds cut off, and nobody was told of.
    cut: Vec<CutOff>,
    /// So many own entries could be read before it was looked at anew: of these everybody was told.
    shown: Seq,
    /// Whom the own feed succeeds, once that was looked up in its first entry.
    old: OnceLock<Option<FeedId>>,
    /// Why it is recovering, where there was no room to write that.
    unwritten: Option<Held>,
}

/// What a commit waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Durable {
    /// Nothing: the next durable commit takes it along.
    Later,
    /// One sync.
    Now,
    /// Two syncs, and the free pages noted: a crash after it costs the next opening nothing.
    Noted,
}

/// From so many bytes of chunks on, the second sync is lost in what the first one takes.
const BULK_BYTES: usize = 1024 * 1024;

/// Memory that the database may cache pages in. Its default of 1 GiB would be most of a small server.
const CACHE_BYTES: usize = 32 * 1024 * 1024;

pub(crate) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

impl Store {
    /// Makes a new store in `home`, an existing folder; refuses where either file exists. Killed at any
    /// point, it leaves a home in which this can be done again, or a store that opens.
    ///
    /// # Errors
    ///
    /// [`OpenError::Exists`], [`OpenError::Lost`], [`OpenError::Disk`].
    pub fn create(home: &Path, net: NetId, me: FeedId) -> Result<Self, OpenError> {
        Self::create_on(Arc::new(Home::new(home)), net, me)
    }

    /// Opens the store in `home`; never makes one.
    ///
    /// A store whose witness disagrees with it opens, to be read and to receive; see [`Store::held`]. One that lost
    /// own posts to a crash and finds no room to take them from its witness opens to be read, these posts among the rest:
    /// whatever writes tries to take them first, and is refused with [`DiskError::Full`] till there is room.
    ///
    /// # Errors
    ///
    /// [`OpenError`]: a missing or damaged file, another network, another owner, a newer schema, in use.
    pub fn open(home: &Path, net: NetId, me: FeedId) -> Result<Self, OpenError> {
        Self::open_on(Arc::new(Home::new(home)), net, me)
    }

    /// As [`Store::create`], on any disk.
    ///
    /// # Errors
    ///
    /// As [`Store::create`].
    pub fn create_on(disk: Arc<dyn Disk>, net: NetId, me: FeedId) -> Result<Self, OpenError> {
        let file = |source| OpenError::Disk(DiskError::File { what: "looking for the database", source });
        if disk.holds_database().map_err(file)? {
            return Err(OpenError::Exists { home: disk.home().into() });
        }
        refuse_lost(&*disk)?;
        let instance = disk
            .random()
            .map_err(|source| OpenError::Disk(DiskError::File { what: "drawing random bytes", source }))?;
        let database = disk.new_database(&builder())?;
        guard(|| {
            let tx = database.begin_write()?;
            table::make_all(&tx)?;
            set_meta(&tx, "schema", &SCHEMA.to_be_bytes())?;
            set_meta(&tx, "net", net.as_bytes())?;
            set_meta(&tx, "owner", me.as_bytes())?;
            set_meta(&tx, "instance", &instance)?;
            Ok(tx.commit()?)
        })
        .map_err(OpenError::Disk)?;
        drop(database);
        disk.publish_database()
            .map_err(|source| OpenError::Disk(DiskError::File { what: "finishing the database", source }))?;
        Self::open_on(disk, net, me)
    }

    /// As [`Store::open`], on any disk.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    pub fn open_on(disk: Arc<dyn Disk>, net: NetId, me: FeedId) -> Result<Self, OpenError> {
        let file = |source| OpenError::Disk(DiskError::File { what: "looking for the database", source });
        if !disk.holds_database().map_err(file)? {
            refuse_lost(&*disk)?;
            return Err(OpenError::Missing { home: disk.home().into() });
        }
        let shared = Arc::new(Shared::default());
        shared.replace(|| open_database(&*disk))?;
        // Only now, since until it is open another process may be writing it.
        disk.drop_unfinished().map_err(|source| {
            OpenError::Disk(DiskError::File { what: "removing an unfinished file", source })
        })?;
        let instance = check(&shared, net, me)?;
        let mut store = Self {
            disk,
            shared,
            net,
            me,
            instance,
            book: Book::NONE,
            is_behind: false,
            is_noted: false,
            failed: false,
            returned: Vec::new(),
            cut: Vec::new(),
            shown: 0,
            old: OnceLock::new(),
            unwritten: None,
        };
        store.face_witness_or_wait()?;
        match store.rebuilt(&mut |_, _| {}) {
            Ok(()) | Err(DiskError::Full) => {} // Finished once there is room.
            Err(error) => return Err(OpenError::Disk(error)),
        }
        store.returned.clear(); // Whoever opens a store reads all of it.
        Ok(store)
    }

    /// A reader.
    pub fn reader(&self) -> Reader {
        Reader::new(self.shared.clone(), self.net)
    }

    /// What came back from the witness since the store was opened, or since this was last asked: own posts that a
    /// failure kept from the database.
    pub fn take_returned(&mut self) -> Vec<Changes> {
        std::mem::take(&mut self.returned)
    }

    /// What rebuilds cut off that were finished later than they were asked for: by an opening, or once there was room.
    pub fn take_cut(&mut self) -> Vec<CutOff> {
        std::mem::take(&mut self.cut)
    }

    /// Why appends are refused now, if they are.
    pub fn held(&self) -> Option<Held> {
        let known = guard(|| {
            let tx = self.shared.read()?;
            let row = feed_row(&tx, &self.me)?;
            // Before the first own entry is here, nobody can tell whether a statement says anything.
            let judged = row.is_some_and(|row| row.stored > 0);
            let succeeded = match row.filter(|_| judged) {
                Some(row) => self.succeeded(&tx, &row)?,
                None => None,
            };
            Ok::<_, DiskError>((succeeded, row, recovering::read(&tx)?))
        });
        // A store that cannot be read refuses appends by itself.
        let (succeeded, row, recovering) = known.unwrap_or_default();
        let forked = || row.and_then(|row| row.cap()).map(|cap| Held::Forked { cap });
        succeeded.or_else(forked).or(recovering).or_else(|| self.unwritten.clone())
    }

    /// Who goes on in place of the own feed: after it, or after one of those that it succeeds.
    fn succeeded(&self, tx: &impl Read, own: &FeedRow) -> Result<Option<Held>, DiskError> {
        if let Some(kept) = succession::kept(tx, &self.me)?.into_iter().next() {
            return Ok(Some(Held::Succeeded { by: kept.succession.new.feed }));
        }
        let mut old = match self.old.get() {
            Some(old) => *old,
            None => {
                let said = said_to_succeed(tx, &self.me, own)?;
                *self.old.get_or_init(|| said)
            }
        };
        let mut heir = self.me;
        for _ in 0..LINKS_MAX {
            let Some(at) = old else { break };
            let counts = succession::kept(tx, &at)?.into_iter().find(|kept| kept.counts);
            if let Some(by) = counts.map(|kept| kept.succession.new.feed).filter(|by| *by != heir) {
                return Ok(Some(Held::Outdone { by }));
            }
            let row = feed_row(tx, &at)?;
            (heir, old) = (at, row.map(|row| said_to_succeed(tx, &at, &row)).transpose()?.flatten());
        }
        Ok(None)
    }

    /// Makes the store recovering: it takes own entries from peers and appends none, until
    /// [`Store::settle`]. Nothing changes where it is recovering already.
    ///
    /// # Errors
    ///
    /// [`DiskError`].
    pub fn recover(&mut self, why: &Held) -> Result<(), DiskError> {
        self.write(|tx| recovering::begin(tx, why))
    }

    /// Accepts or refuses chunks, all in one durable transaction; outcomes in order. Best at some 10,000
    /// entries a call, a feed's chunks side by side.
    ///
    /// # Errors
    ///
    /// [`DiskError`]; nothing of the batch is kept then.
    pub fn ingest(&mut self, chunks: &[Incoming]) -> Result<(Vec<Outcome>, Changes), DiskError> {
        let (me, net) = (self.me, self.net);
        let bytes: usize = chunks.iter().map(|incoming| incoming.chunk.len()).sum();
        let how = if bytes < BULK_BYTES { Durable::Now } else { Durable::Noted };
        self.write_as(how, |tx| {
            let mut batch = Batch::new(tx, net);
            let ends = ingest::ends(&mut batch, &me, chunks)?;
            let outcomes = std::thread::scope(|scope| {
                let ready = ahead::work(scope, &net, ends, chunks);
                let each = |chunk| ingest::take(&mut batch, &me, chunk, ready.recv().ok().flatten());
                chunks.iter().map(each).collect::<Result<Vec<_>, _>>()
            })?;
            Ok((outcomes, batch.finish()?))
        })
    }

    /// Keeps a fork proof: lowers the cap, quarantines, refolds. Nothing changes if as low a cap is known.
    ///
    /// # Errors
    ///
    /// [`DiskError`]; nothing is kept then.
    pub fn adopt(&mut self, proof: &ForkProof) -> Result<Changes, DiskError> {
        self.in_batch(|batch| batch.cap(proof).map(drop)).map(|((), changes)| changes)
    }

    /// Keeps a statement of who succeeds a feed. Where the whole chain that it keeps is held, the feed is that
    /// chain; else nothing of the feed changes until the chain comes ([`Store::replace`]), but that the statement
    /// is there to be passed on. Nothing changes if a better one counts.
    ///
    /// # Errors
    ///
    /// [`DiskError`]; nothing is kept then.
    pub fn succeed(&mut self, successor: &Successor) -> Result<Changes, DiskError> {
        self.in_batch(|batch| batch.succeed(successor)).map(|(_, changes)| changes)
    }

    /// Takes the chain of a feed that a successor keeps, from a place after which both chains may differ: it
    /// takes the place of the one that is held, in this one transaction, if it leads to the entry that is kept.
    /// Whether it did.
    ///
    /// # Errors
    ///
    /// [`DiskError`]; nothing is replaced then.
    pub fn replace(&mut self, feed: &FeedId, chunks: &[Vec<u8>]) -> Result<(bool, Changes), DiskError> {
        self.in_batch(|batch| batch.replace(feed, chunks))
    }

    /// Keeps bodies that came late, of entries from `from` on, where they are missing and not taken back.
    /// Returns how many were passed over since they are not what their headers name: the sender's fault.
    ///
    /// # Errors
    ///
    /// [`DiskError`]; nothing is kept then.
    pub fn fill(
        &mut self,
        feed: &FeedId,
        from: Seq,
        bodies: &[Option<Vec<u8>>],
    ) -> Result<(u32, Changes), DiskError> {
        self.in_batch(|batch| batch.fill(feed, from, bodies))
    }

    /// Drops everything held of a feed but the proof of its fork. One's own feed is left as it is.
    ///
    /// # Errors
    ///
    /// [`DiskError`]; nothing is dropped then.
    pub fn forget(&mut self, feed: &FeedId) -> Result<Changes, DiskError> {
        if *feed == self.me {
            return Ok(Changes::default());
        }
        self.in_batch(|batch| batch.forget(feed)).map(|((), changes)| changes)
    }

    /// Sets (or removes) local facts, durable: `(space, key) -> value`. Never replicated.
    ///
    /// # Errors
    ///
    /// [`DiskError`]; nothing is set then.
    pub fn set_local(&mut self, sets: &[SetLocal<'_>]) -> Result<(), DiskError> {
        self.write(|tx| {
            let mut table = tx.open_table(LOCAL)?;
            for (space, key, value) in sets {
                match value {
                    Some(value) => drop(table.insert((*space, *key), *value)?),
                    None => drop(table.remove((*space, *key))?),
                }
            }
            Ok(())
        })
    }

    /// Drops all views and indexes and makes them again from the entries, in many transactions. Readers
    /// miss some of them meanwhile; killed, it goes on at the next opening. Where an entry of another's feed is
    /// damaged, that feed is cut off before it, for peers to bring the rest again: returns which were.
    ///
    /// # Errors
    ///
    /// [`DiskError`].
    pub fn rebuild(&mut self, progress: Progress<'_>) -> Result<Vec<CutOff>, DiskError> {
        self.write(rebuild::begin)?;
        self.rebuilt(progress)?;
        Ok(self.take_cut())
    }

    /// Writes all that is held into a fresh file, which takes the old one's place: the disk gets back what
    /// deletions left, and no byte of a deleted body stays in the store's files. Needs room for both
    /// meanwhile. Readers go on; a snapshot taken before keeps the old file until it is dropped. Killed at
    /// any point, it leaves the old file or the new one, which hold the same. Progress is in rows.
    ///
    /// # Errors
    ///
    /// [`DiskError`]; all that was committed is there then, in the old file or the new one, whichever has the name.
    pub fn compact(&mut self, progress: Progress<'_>) -> Result<Compacted, DiskError> {
        if self.failed {
            self.reopen()?;
        }
        let file = |what| move |source| DiskError::File { what, source };
        let disk = self.disk.clone();
        let bytes = || disk.database_bytes().map_err(file("looking for the database"));
        let before = bytes()?;
        let copied = guard(|| {
            let mut fresh = disk.new_database(&builder()).map_err(redb::Error::from)?;
            copy::all(&self.shared.read()?, &fresh, progress)?;
            // A file grows by more than it needs. What moves within a fresh one leaves nothing deleted behind.
            fresh.compact().map_err(redb::Error::from)?;
            Ok(())
        });
        if let Err(error) = copied {
            // Best effort: the next opening tries again, and the next compaction starts over.
            drop(disk.drop_unfinished());
            return Err(error);
        }
        if let Err(error) = disk.publish_database() {
            // Which of the two has the name now is not known: on with the one that an opening would find, since
            // what is committed to the other would be lost.
            self.failed = true;
            drop(self.reopen());
            drop(disk.drop_unfinished());
            return Err(file("putting the compacted database in place")(error));
        }
        self.shared.retire();
        self.failed = true; // Until the new file is open.
        self.reopen()?;
        self.shared.close_retired();
        Ok(Compacted { before, after: bytes()? })
    }

    fn rebuilt(&mut self, progress: Progress<'_>) -> Result<(), DiskError> {
        let done = self.finish_rebuild(progress);
        if self.failed {
            drop(self.reopen()); // For the readers' sake, as after any failed write.
        }
        done
    }

    /// Goes on with a rebuild that is under way. Opening anew goes on with it too, so no failure here opens anew.
    fn finish_rebuild(&mut self, progress: Progress<'_>) -> Result<(), DiskError> {
        if self.failed {
            return self.reopen();
        }
        let (net, mut done) = (self.net, 0);
        let total = self.reader().snapshot()?.stored()?;
        loop {
            let stage = guard(|| rebuild::stage(&self.shared.read()?))?;
            let Some(stage) = stage else { return self.note_cut() };
            done += self.commit(Durable::Now, |tx| rebuild::step(tx, &net, stage))?;
            progress(done.min(total), total);
        }
    }

    fn note_cut(&mut self) -> Result<(), DiskError> {
        let cut = guard(|| rebuild::cut(&self.shared.read()?))?;
        if !cut.is_empty() {
            self.commit(Durable::Now, rebuild::forget_cut)?;
            self.cut.extend(cut);
        }
        Ok(())
    }

    fn in_batch<T>(
        &mut self,
        work: impl FnOnce(&mut Batch<'_>) -> Result<T, DiskError>,
    ) -> Result<(T, Changes), DiskError> {
        let net = self.net;
        self.write(|tx| {
            let mut batch = Batch::new(tx, net);
            let done = work(&mut batch)?;
            Ok((done, batch.finish()?))
        })
    }

    /// One durable transaction, or none.
    fn write<T>(
        &mut self,
        work: impl FnOnce(&WriteTransaction) -> Result<T, DiskError>,
    ) -> Result<T, DiskError> {
        self.write_as(Durable::Now, work)
    }

    fn write_as<T>(
        &mut self,
        how: Durable,
        work: impl FnOnce(&WriteTransaction) -> Result<T, DiskError>,
    ) -> Result<T, DiskError> {
        if self.failed {
            self.reopen()?;
        }
        let done = self.commit(how, work);
        if self.failed {
            // Tried now for the readers' sake, and again before the next transaction if the disk is still as
            // it was.
            drop(self.reopen());
        }
        done
    }

    /// A transaction on a database that has not failed. It has failed after an error of its own, or of the
    /// witness: the library does not go on after a failed write.
    fn commit<T>(
        &mut self,
        how: Durable,
        work: impl FnOnce(&WriteTransaction) -> Result<T, DiskError>,
    ) -> Result<T, DiskError> {
        self.shared.close_retired();
        let done = guard(|| {
            let mut tx = self.shared.write()?;
            match how {
                Durable::Later => tx.set_durability(Durability::None)?,
                Durable::Now => {}
                Durable::Noted => tx.set_quick_repair(true),
            }
            let done = work(&tx)?;
            tx.commit()?;
            Ok(done)
        });
        match done {
            Ok(_) if how == Durable::Later => self.is_behind = true,
            Ok(_) => (self.is_behind, self.is_noted) = (false, how == Durable::Noted),
            Err(
                DiskError::Full | DiskError::Database(_) | DiskError::Panicked { .. } | DiskError::Witness(_),
            ) => self.failed = true,
            Err(_) => {}
        }
        done
    }

    /// Opens the database to be read, with the own posts that the witness alone holds, till what is to be written can be.
    fn read_meanwhile(&mut self) {
        let disk = self.disk.clone();
        let open = |store: &Self| store.shared.replace(|| open_database(&*disk));
        // The library does not go on after a failed write.
        if open(self).and_then(|()| self.show_lost()).is_err() {
            drop(open(self));
        }
        self.failed = true;
    }

    /// Opens the database anew after a failure; what was committed is there, and what the witness holds.
    fn reopen(&mut self) -> Result<(), DiskError> {
        let disk = self.disk.clone();
        self.shown = self.own_tip().map_or(0, |(seq, _)| seq);
        let opened = self.shared.replace(|| open_database(&*disk)).and_then(|()| {
            (self.failed, self.is_behind, self.is_noted) = (false, false, false);
            let faced = self
                .face_witness()
                .and_then(|()| self.clear_witness().map_err(OpenError::Disk))
                .and_then(|()| self.finish_rebuild(&mut |_, _| {}).map_err(OpenError::Disk));
            if faced.is_err() {
                self.read_meanwhile();
            }
            faced
        });
        match opened {
            Ok(()) => Ok(()),
            Err(OpenError::Disk(error) | OpenError::Damaged(error)) => Err(error),
            Err(_) => Err(DiskError::Closed),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        drop(self.close()); // Best effort: the next opening does the same.
    }
}

/// Whom a feed's own first entry says that it succeeds.
fn said_to_succeed(tx: &impl Read, feed: &FeedId, row: &FeedRow) -> Result<Option<FeedId>, DiskError> {
    let first = entries::between(tx, *feed, row.num, 1..=1)?.pop();
    Ok(first.and_then(|first| Succeeds::said_in(&first)).map(|said| said.old().feed))
}

fn refuse_lost(disk: &dyn Disk) -> Result<(), OpenError> {
    let home = disk.home().into();
    match witness::read(disk).map_err(OpenError::Disk)? {
        Witness::Absent => Ok(()),
        witness => Err(OpenError::Lost { home, seq: witness.tip().map_or(0, |(seq, _)| seq) }),
    }
}

fn open_database(disk: &dyn Disk) -> Result<Database, OpenError> {
    let opened = guard(|| -> Result<_, DiskError> { Ok(disk.open_database(&builder())) });
    opened.map_err(OpenError::Damaged)?.map_err(OpenError::from)
}

/// Whether what was opened is the store that was meant, whole; brings its schema up. Returns its instance.
fn check(shared: &Shared, net: NetId, me: FeedId) -> Result<[u8; 16], OpenError> {
    let damaged = |error| OpenError::Damaged(error);
    let absent = || OpenError::Damaged(DiskError::Table { table: "meta" });
    let schema = guard(|| meta(&shared.read()?, "schema")).map_err(damaged)?;
    let schema = schema.map(u32::from_be_bytes).ok_or_else(absent)?;
    if schema > SCHEMA {
        return Err(OpenError::Newer { found: schema, known: SCHEMA });
    }
    if schema < SCHEMA {
        guard(|| -> Result<(), DiskError> {
            let tx = shared.write()?;
            migrate::up(&tx, schema)?;
            Ok(tx.commit()?)
        })
        .map_err(damaged)?;
    }
    let names = guard(|| {
        let tx = shared.read()?;
        table::find_all(&tx)?;
        Ok((meta(&tx, "net")?, meta(&tx, "owner")?, meta(&tx, "instance")?))
    });
    match names.map_err(damaged)? {
        (Some(found), _, _) if found != *net.as_bytes() => {
            Err(OpenError::OtherNetwork { found: crate::NetIdHex(found) })
        }
        (_, Some(found), _) if found != *me.as_bytes() => {
            Err(OpenError::OtherOwner { found: FeedId::new(found), wanted: me })
        }
        (Some(_), Some(_), Some(instance)) => Ok(instance),
        _ => Err(absent()),
    }
}
