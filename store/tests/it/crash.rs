//! Power cuts: whatever was acknowledged is there afterwards, nothing is half there, and views are what a
//! rebuild makes them.
//!
//! The disk lives in memory, keeps what was synced and what was only written apart, and dies after a given
//! number of operations. What was written last then survives in part: whole, not at all, or some sectors.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::{fmt, io};

use klatch_feed::{EntryId, Seq};
use klatch_store::{Disk, OpenError, Store};
use redb::{Builder, Database, DatabaseError, StorageBackend};

use crate::{Author, assert_sound, net, note};

const SECTOR: usize = 512;

/// Steps of a fixed pseudo-random walk (SplitMix64), so that a seed names a run.
pub(crate) struct Walk(u64);

impl Walk {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// One file: what is read back, what a power cut leaves for sure, and what it may leave.
#[derive(Default)]
struct File {
    now: Vec<u8>,
    synced: Vec<u8>,
    pending: Vec<Write>,
}

enum Write {
    Len(usize),
    Bytes(usize, Vec<u8>),
}

impl Write {
    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Len(len) => image.resize(*len, 0),
            Self::Bytes(at, bytes) => {
                image.resize(image.len().max(at + bytes.len()), 0);
                image[*at..at + bytes.len()].copy_from_slice(bytes);
            }
        }
    }
}

impl File {
    fn write(&mut self, write: Write) {
        write.apply(&mut self.now);
        self.pending.push(write);
    }

    fn sync(&mut self) {
        self.synced.clone_from(&self.now);
        self.pending.clear();
    }

    /// What is there after the cut; `lose` says whether unsynced writes may be lost at all.
    fn cut(&mut self, walk: &mut Walk, lose: bool) {
        let mut image = std::mem::take(&mut self.synced);
        for write in self.pending.drain(..) {
            match (write, if lose { walk.below(3) } else { 0 }) {
                (write, 0) => write.apply(&mut image),
                (Write::Bytes(at, bytes), 1) => {
                    for (index, sector) in bytes.chunks(SECTOR).enumerate() {
                        if walk.below(2) == 0 {
                            Write::Bytes(at + index * SECTOR, sector.to_vec()).apply(&mut image);
                        }
                    }
                }
                _ => {}
            }
        }
        (self.now, self.synced) = (image.clone(), image);
    }
}

#[derive(Default)]
struct State {
    /// Database files: who has one open goes on with it when another takes its place.
    files: Vec<File>,
    /// The finished one and the unfinished one, by their places in `files`.
    database: Option<usize>,
    fresh: Option<usize>,
    witness: Option<File>,
    /// Writes and syncs so far, and after how many the power goes.
    done: u64,
    budget: Option<u64>,
    repairs: u64,
    /// Nothing can be written where nothing was: the files have holes, and the disk no room to fill them.
    is_full: bool,
}

#[derive(Clone, Default)]
pub(crate) struct Fragile(Arc<Mutex<State>>);

impl fmt::Debug for Fragile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fragile")
    }
}

impl Fragile {
    fn read<T>(&self, work: impl FnOnce(&State) -> T) -> io::Result<T> {
        let state = self.0.lock().unwrap();
        match state.budget {
            Some(budget) if state.done >= budget => Err(io::Error::other("the power is off")),
            _ => Ok(work(&state)),
        }
    }

    fn change(&self, work: impl FnOnce(&mut State)) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.done += 1;
        if state.budget.is_some_and(|budget| state.done >= budget) {
            return Err(io::Error::other("the power goes"));
        }
        work(&mut state);
        Ok(())
    }

    /// The power goes with the `after`th write or sync from here.
    pub(crate) fn fails_after(&self, after: u64) {
        let mut state = self.0.lock().unwrap();
        state.budget = Some(state.done + after);
    }

    /// From here on there is room, or none.
    pub(crate) fn fills(&self, is_full: bool) {
        self.0.lock().unwrap().is_full = is_full;
    }

    /// Somebody deletes `head.witness`.
    pub(crate) fn loses_witness(&self) {
        self.0.lock().unwrap().witness = None;
    }

    /// Steps of openings that had to read all of a database to find its free pages.
    pub(crate) fn repairs(&self) -> u64 {
        self.0.lock().unwrap().repairs
    }

    /// What `kill -9` leaves: another disk with the files as they are now.
    pub(crate) fn killed(&self) -> Self {
        let state = self.0.lock().unwrap();
        let copy =
            |file: &File| File { now: file.now.clone(), synced: file.now.clone(), pending: Vec::new() };
        let files = state.files.iter().map(copy).collect();
        let witness = state.witness.as_ref().map(copy);
        let (database, fresh) = (state.database, state.fresh);
        Self(Arc::new(Mutex::new(State { files, database, fresh, witness, ..State::default() })))
    }

    /// Cuts the power, and turns it on again.
    pub(crate) fn cut(&self, walk: &mut Walk) {
        let mut state = self.0.lock().unwrap();
        let lose = walk.below(4) > 0;
        state.files.iter_mut().for_each(|file| file.cut(walk, lose));
        if let Some(witness) = &mut state.witness {
            witness.cut(walk, lose);
        }
        state.budget = None;
    }
}

/// One database file of it, open.
#[derive(Clone, Debug)]
struct Opened(Fragile, usize);

impl StorageBackend for Opened {
    fn len(&self) -> io::Result<u64> {
        self.0.read(|state| state.files[self.1].now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let at = offset as usize;
        self.0.read(|state| match state.files[self.1].now.get(at..at + out.len()) {
            Some(bytes) => {
                out.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        })?
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.change(|state| state.files[self.1].write(Write::Len(len as usize)))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.change(|state| state.files[self.1].sync())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let at = offset as usize;
        let is_hole = |file: &File| {
            file.now.get(at..at + data.len()).is_none_or(|old| old.iter().all(|byte| *byte == 0))
        };
        if self.0.read(|state| state.is_full && is_hole(&state.files[self.1]))? {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.change(|state| state.files[self.1].write(Write::Bytes(at, data.to_vec())))
    }
}

impl Disk for Fragile {
    fn home(&self) -> &Path {
        Path::new("in memory")
    }

    fn holds_database(&self) -> io::Result<bool> {
        self.read(|state| state.database.is_some())
    }

    fn database_bytes(&self) -> io::Result<u64> {
        self.read(|state| state.database.map_or(0, |at| state.files[at].now.len() as u64))
    }

    fn new_database(&self, builder: &Builder) -> Result<Database, DatabaseError> {
        let mut at = 0;
        self.change(|state| {
            at = state.files.len();
            state.files.push(File::default());
            state.fresh = Some(at);
        })?;
        builder.create_with_backend(Opened(self.clone(), at))
    }

    fn publish_database(&self) -> io::Result<()> {
        self.change(|state| state.database = state.fresh.take())
    }

    fn drop_unfinished(&self) -> io::Result<()> {
        self.change(|state| state.fresh = None)
    }

    fn open_database(&self, _: &Builder) -> Result<Database, DatabaseError> {
        let at = self.read(|state| state.database.expect("it is looked for first"))?;
        let disk = self.clone();
        let mut builder = Builder::new();
        builder.set_repair_callback(move |_| disk.0.lock().unwrap().repairs += 1);
        builder.create_with_backend(Opened(self.clone(), at))
    }

    fn read_witness(&self) -> io::Result<Option<Vec<u8>>> {
        self.read(|state| state.witness.as_ref().map(|file| file.now.clone()))
    }

    fn new_witness(&self, bytes: &[u8]) -> io::Result<()> {
        let file = File { now: bytes.to_vec(), synced: bytes.to_vec(), pending: Vec::new() };
        self.change(|state| state.witness = Some(file))
    }

    fn write_witness(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let write = Write::Bytes(offset as usize, bytes.to_vec());
        self.change(|state| state.witness.as_mut().unwrap().write(write))?;
        self.change(|state| state.witness.as_mut().unwrap().sync())
    }

    fn random(&self) -> io::Result<[u8; 16]> {
        Ok([3; 16])
    }
}

/// What was acknowledged.
#[derive(Default)]
struct Acked {
    own: Vec<EntryId>,
    ben: Seq,
    fact: Option<u64>,
}

/// Posts, receives and notes until the power goes or all is done.
fn live(store: &mut Store, ben: &Author, acked: &mut Acked) -> Result<(), Box<dyn std::error::Error>> {
    let me = Author::new(1).secret();
    for turn in 0..12_u64 {
        let drafts = (0..=turn % 3).map(|n| note(format!("{turn} {n}").as_bytes())).collect();
        let (new, _) = store.append(&me, drafts)?;
        acked.own.extend(new.iter().map(|entry| entry.id()));
        let from = turn as Seq * 20 + 1;
        store.ingest(&[ben.chunk(from, from + 9), ben.chunk(from + 10, from + 19)])?;
        acked.ben = from + 19;
        store.set_local(&[("turn", b"", Some(&turn.to_be_bytes()))])?;
        acked.fact = Some(turn);
    }
    Ok(())
}

#[test]
fn what_was_acknowledged_outlives_any_power_cut() {
    let me = Author::new(1);
    let mut ben = Author::new(2);
    for at in 0..240 {
        let about = (at > 0).then(|| ben.id(1)).into_iter().collect();
        ben.say(klatch_feed::Draft { refs: about, ..note(&[at as u8; 150]) });
    }
    let whole = Fragile::default();
    let mut store = Store::create_on(Arc::new(whole.clone()), net(), me.feed()).unwrap();
    let made = whole.0.lock().unwrap().done;
    live(&mut store, &ben, &mut Acked::default()).unwrap();
    drop(store);
    let operations = whole.0.lock().unwrap().done;

    let (mut walk, mut lost) = (Walk(1), 0);
    for run in 0..80 {
        let disk = Fragile::default();
        let mut store = Store::create_on(Arc::new(disk.clone()), net(), me.feed()).unwrap();
        let budget = made + 1 + walk.below(operations - made);
        disk.0.lock().unwrap().budget = Some(budget);
        let mut acked = Acked::default();
        let ended = live(&mut store, &ben, &mut acked);
        drop(store);
        lost += usize::from(ended.is_err());
        disk.cut(&mut walk);

        let store = Store::open_on(Arc::new(disk.clone()), net(), me.feed());
        let mut store = store.unwrap_or_else(|error| panic!("run {run}, cut at {budget}: {error}"));
        assert_eq!(store.held(), None, "run {run}: a cut is no restore");
        let snapshot = store.reader().snapshot().unwrap();
        let own = snapshot.entries(&me.feed(), 1, 999).unwrap();
        let own: Vec<_> = own.iter().map(|entry| entry.id()).collect();
        assert!(own.starts_with(&acked.own), "run {run}: {} of {}", own.len(), acked.own.len());
        let held = snapshot.state(&ben.feed()).unwrap().map_or(0, |state| state.len);
        assert!(held >= acked.ben && held.is_multiple_of(20), "run {run}: {held} of {}", acked.ben);
        let fact = snapshot.local("turn", b"").unwrap();
        let fact = fact.map(|fact| u64::from_be_bytes(fact.try_into().unwrap()));
        assert!(fact >= acked.fact, "run {run}: {fact:?} of {:?}", acked.fact);
        assert_sound(&store);
        store.append(&me.secret(), vec![note(b"and on")]).unwrap();
    }
    assert!(lost > 40, "only {lost} runs lost their power");
}

#[test]
fn a_store_whose_making_was_cut_short_is_made_again_or_opens() {
    let me = Author::new(1);
    let whole = Fragile::default();
    drop(Store::create_on(Arc::new(whole.clone()), net(), me.feed()).unwrap());
    let operations = whole.0.lock().unwrap().done;
    let (mut walk, mut again) = (Walk(2), 0);
    for budget in 1..operations {
        let disk = Fragile::default();
        disk.0.lock().unwrap().budget = Some(budget);
        drop(Store::create_on(Arc::new(disk.clone()), net(), me.feed()));
        disk.cut(&mut walk);
        let store = match Store::open_on(Arc::new(disk.clone()), net(), me.feed()) {
            Err(OpenError::Missing { .. }) => {
                again += 1;
                Store::create_on(Arc::new(disk.clone()), net(), me.feed())
            }
            opened => opened,
        };
        let mut store = store.unwrap_or_else(|error| panic!("cut at {budget}: {error}"));
        store.append(&me.secret(), vec![note(b"first")]).unwrap();
        assert_sound(&store);
    }
    assert!(again > 5 && again < operations - 1, "{again} of {operations} were made again");
}

#[test]
fn a_rebuild_that_was_cut_short_goes_on_at_the_next_opening() {
    let me = Author::new(1);
    let mut ben = Author::new(2);
    ben.notes(40);
    for cut in 1..30 {
        let disk = Fragile::default();
        let mut store = Store::create_on(Arc::new(disk.clone()), net(), me.feed()).unwrap();
        crate::accept_all(&mut store, &ben);
        {
            let mut state = disk.0.lock().unwrap();
            state.budget = Some(state.done + cut);
        }
        let ended = store.rebuild(&mut |_, _| {});
        drop(store);
        disk.cut(&mut Walk(cut));
        let store = Store::open_on(Arc::new(disk.clone()), net(), me.feed()).unwrap();
        assert_sound(&store);
        assert!(ended.is_err() || cut > 5, "a cut after {cut} operations left it whole");
    }
}

#[test]
fn a_compaction_cut_short_at_any_point_leaves_all_that_was_there() {
    let me = Author::new(1);
    let mut ben = Author::new(2);
    ben.notes(40);
    let (mut walk, mut cuts, mut done) = (Walk(3), 0, false);
    while !done {
        cuts += 1;
        let disk = Fragile::default();
        let mut store = Store::create_on(Arc::new(disk.clone()), net(), me.feed()).unwrap();
        crate::accept_all(&mut store, &ben);
        store.append(&me.secret(), vec![note(b"own")]).unwrap();
        store.set_local(&[("space", b"key", Some(b"value"))]).unwrap();
        {
            let mut state = disk.0.lock().unwrap();
            state.budget = Some(state.done + cuts);
        }
        done = store.compact(&mut |_, _| {}).is_ok();
        drop(store);
        disk.cut(&mut walk);
        let mut store = Store::open_on(Arc::new(disk.clone()), net(), me.feed())
            .unwrap_or_else(|error| panic!("cut after {cuts} operations: {error}"));
        assert_sound(&store);
        let states = [&me, &ben].map(|author| crate::state(&store, author).0);
        assert_eq!((states, store.held()), ([1, 40], None), "cut after {cuts} operations");
        let snapshot = store.reader().snapshot().unwrap();
        assert_eq!(snapshot.local("space", b"key").unwrap().as_deref(), Some(&b"value"[..]));
        assert_eq!(disk.0.lock().unwrap().fresh, None, "nothing unfinished stays");
        store.append(&me.secret(), vec![note(b"and on")]).unwrap();
    }
    assert!(cuts > 20, "it took {cuts} operations only");
}
