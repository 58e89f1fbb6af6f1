//! Own posts stand in the head witness first, and in the database, durable, some time later: what a crash takes
//! from the database comes back, and what was put back from an older copy still shows.

use std::fs;
use std::sync::Arc;

use klatch_feed::{EntryId, Seq};
use klatch_store::{AppendError, DiskError, Held, Store};
use redb::{Database, ReadableDatabase, TableDefinition};
use tempfile::TempDir;

use crate::crash::{Fragile, Walk};
use crate::failing::{Failing, Fault};
use crate::{Author, accept, assert_sound, net, note, state, store};

const DATABASE: &str = "klatch.redb";
const WITNESS: &str = "head.witness";
const BLOCK: usize = 4096;

fn me() -> Author {
    Author::new(1)
}

fn post(store: &mut Store, body: &[u8]) -> EntryId {
    store.append(&me().secret(), vec![note(body)]).unwrap().0[0].id()
}

fn own(store: &Store) -> Vec<EntryId> {
    let entries = store.reader().snapshot().unwrap().entries(&me().feed(), 1, 9_999).unwrap();
    entries.iter().map(|entry| entry.id()).collect()
}

fn clock(store: &Store) -> u64 {
    store.reader().snapshot().unwrap().clock().unwrap()
}

/// What `kill -9` leaves: the files as they are now, in another home.
fn killed(home: &TempDir) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    for file in [DATABASE, WITNESS] {
        fs::copy(home.path().join(file), to.path().join(file)).unwrap();
    }
    to
}

fn open(home: &TempDir) -> Store {
    Store::open(home.path(), net(), me().feed()).unwrap()
}

#[test]
fn posts_outlive_a_kill_though_the_database_had_them_in_memory_alone() {
    let (home, mut store) = store();
    let mut ben = Author::new(2);
    ben.notes(20);
    accept(&mut store, &ben.chunk(1, 10));
    let mut posted: Vec<_> = (0..3_u8).map(|n| post(&mut store, &[n; 9_000])).collect();
    let (left, told) = (killed(&home), clock(&store));
    // The witness gone, the database alone is what it was before them.
    let alone = killed(&home);
    fs::remove_file(alone.path().join(WITNESS)).unwrap();
    let old = open(&alone);
    assert!(own(&old).is_empty() && clock(&old) < told, "posts wait for no sync of the database");

    let mut again = open(&left);
    assert_eq!((again.held(), own(&again), clock(&again)), (None, posted.clone(), told));
    assert_sound(&again);
    posted.push(post(&mut again, b"and on"));
    // Whatever else is committed takes along what was not durable yet.
    accept(&mut again, &ben.chunk(11, 20));
    let alone = killed(&left);
    fs::remove_file(alone.path().join(WITNESS)).unwrap();
    assert_eq!(own(&open(&alone)), posted);
    assert_eq!((own(&open(&killed(&left))), clock(&again)), (posted, told + 2));
}

#[test]
fn posts_one_after_another_outlive_any_power_cut_and_the_change_log_stands_where_it_stood() {
    let (mut walk, mut cut_short) = (Walk::new(7), 0);
    for run in 0..60 {
        let disk = Fragile::default();
        let mut store = Store::create_on(Arc::new(disk.clone()), net(), me().feed()).unwrap();
        disk.fails_after(20 + walk.below(520));
        let (mut posted, mut told) = (Vec::new(), 0);
        let mut ended = Ok(());
        for n in 0..150_u16 {
            // Of one block and of many, and groups; more than a half of the witness holds.
            let size = if n.is_multiple_of(7) { 14_000 } else { 30 };
            let drafts = vec![note(&vec![n as u8; size]); 1 + usize::from(n % 5 == 0)];
            match store.append(&me().secret(), drafts) {
                Ok((new, _)) => posted.extend(new.iter().map(|entry| entry.id())),
                Err(error) => ended = Err(error),
            }
            if ended.is_err() || n.is_multiple_of(75) && store.rest().is_err() {
                break;
            }
            told = clock(&store);
        }
        cut_short += usize::from(ended.is_err());
        drop(store);
        disk.cut(&mut walk);
        let store = Store::open_on(Arc::new(disk.clone()), net(), me().feed());
        let mut store = store.unwrap_or_else(|error| panic!("run {run}: {error}"));
        let held = own(&store);
        assert!(held.starts_with(&posted), "run {run}: {} of {}", held.len(), posted.len());
        assert_eq!(store.held(), None, "run {run}: a cut is no restore");
        assert!(clock(&store) >= told, "run {run}: a peer was told {told}");
        assert_sound(&store);
        post(&mut store, b"and on");
    }
    assert!(cut_short > 30, "only {cut_short} runs lost their power");
}

#[test]
fn a_torn_last_record_was_never_acknowledged_and_a_lost_one_before_it_is_noticed() {
    let (home, mut store) = store();
    let posted: Vec<_> = (0..3_u8).map(|n| post(&mut store, &[n; 9])).collect();
    let left = killed(&home);
    let bytes = fs::read(left.path().join(WITNESS)).unwrap();
    // The first half begins with what a new store knows; the three came after that, in the other.
    let block = |n: usize| bytes.len() / 2 + n * BLOCK;
    let cases = [
        ("the last one torn", block(2) + 40, 2, None),
        ("the second one lost", block(1) + 40, 0, Some(Held::WitnessMissing { store: 0 })),
        ("the first one lost", block(0) + 40, 0, Some(Held::WitnessMissing { store: 0 })),
    ];
    for (name, at, there, held) in cases {
        let copy = killed(&left);
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        fs::write(copy.path().join(WITNESS), bad).unwrap();
        let mut store = open(&copy);
        assert_eq!((own(&store), store.held()), (posted[..there].to_vec(), held.clone()), "{name}");
        let refused = store.append(&me().secret(), vec![note(b"x")]);
        assert_eq!(refused.is_err(), held.is_some(), "{name}");
    }
}

#[test]
fn entries_in_the_witness_that_nobody_signed_are_not_appended() {
    use sha2::{Digest, Sha256};
    let (home, mut store) = store();
    post(&mut store, b"a post of mine");
    let left = killed(&home);
    let path = left.path().join(WITNESS);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(14).position(|part| part == b"a post of mine").unwrap();
    bytes[at] = b'A';
    // The sum made good, as whoever writes into the file could.
    let (start, front) = (bytes.len() / 2, 100);
    let length = u32::from_be_bytes(bytes[start + 96..start + 100].try_into().unwrap()) as usize;
    let sum = Sha256::digest(&bytes[start..start + front + length]);
    bytes[start + front + length..start + front + length + 16].copy_from_slice(&sum[..16]);
    fs::write(&path, bytes).unwrap();
    let store = open(&left);
    assert_eq!((own(&store).len(), store.held()), (0, Some(Held::WitnessMissing { store: 0 })));
}

#[test]
fn after_a_rest_an_older_database_put_back_shows_and_a_second_rest_writes_nothing() {
    let (home, mut store) = store();
    post(&mut store, b"one");
    store.rest().unwrap();
    let old = killed(&home);
    let posted = [own(&store)[0], post(&mut store, b"two")];
    assert!(!store.is_at_rest());
    let early = killed(&home);
    fs::copy(old.path().join(DATABASE), early.path().join(DATABASE)).unwrap();
    let healed = open(&early);
    assert_eq!((own(&healed), healed.held()), (posted.to_vec(), None), "as old as the witness bridges");
    store.rest().unwrap();
    assert!(store.is_at_rest());
    let files = [DATABASE, WITNESS].map(|file| fs::read(home.path().join(file)).unwrap());
    store.rest().unwrap();
    assert!([DATABASE, WITNESS].map(|file| fs::read(home.path().join(file)).unwrap()) == files);
    let late = killed(&home);
    fs::copy(old.path().join(DATABASE), late.path().join(DATABASE)).unwrap();
    assert_eq!(open(&late).held(), Some(Held::WitnessAhead { witness: 2, store: 1 }));
}

#[test]
fn a_crash_at_rest_opens_without_reading_the_file_and_one_after_a_commit_reads_it() {
    let disk = Fragile::default();
    let mut store = Store::create_on(Arc::new(disk.clone()), net(), me().feed()).unwrap();
    let mut ben = Author::new(2);
    for n in 0..100_u8 {
        ben.say(note(&[n; 16_000]));
    }
    let reads_all = |disk: &Fragile| {
        let crashed = disk.killed();
        let store = Store::open_on(Arc::new(crashed.clone()), net(), me().feed()).unwrap();
        assert_eq!(state(&store, &ben).0, 100);
        crashed.repairs() > 0
    };
    let chunks: Vec<_> = (1..=100).step_by(50).map(|from| ben.chunk(from, from + 49)).collect();
    store.ingest(&chunks).unwrap();
    let bulk = reads_all(&disk);
    accept(&mut store, &ben.chunk(1, 1));
    store.set_local(&[("space", b"key", Some(b"value"))]).unwrap();
    let small = reads_all(&disk);
    store.rest().unwrap();
    let rested = reads_all(&disk);
    for n in 0..5 {
        post(&mut store, &[n]);
    }
    let posting = reads_all(&disk);
    let all = [bulk, small, rested, posting];
    assert_eq!(all, [false, true, false, false], "after a bulk commit, others, a rest, and posts");
}

#[test]
fn a_witness_of_the_form_before_is_read_once_and_made_anew() {
    use sha2::{Digest, Sha256};
    let slot = |seq: Seq, id: &EntryId, instance: &[u8]| {
        let mut slot = [b"klatchw1" as &[u8], &seq.to_be_bytes(), id.as_bytes(), instance].concat();
        let sum = Sha256::digest(&slot);
        slot.extend_from_slice(&sum[..16]);
        slot.resize(512, 0);
        slot
    };
    let (home, mut store) = store();
    let posted: Vec<_> = (0..3_u8).map(|n| post(&mut store, &[n])).collect();
    drop(store);
    let database = Database::open(home.path().join(DATABASE)).unwrap();
    let meta = TableDefinition::<&str, &[u8]>::new("meta");
    let tx = database.begin_read().unwrap();
    let instance = tx.open_table(meta).unwrap().get("instance").unwrap().unwrap().value().to_vec();
    drop((tx, database));
    let unknown = EntryId::new([9; 32]);
    let cases = [
        (slot(3, &posted[2], &instance), None),
        (slot(2, &posted[1], &instance), None),
        (slot(4, &unknown, &instance), Some(Held::WitnessAhead { witness: 4, store: 3 })),
        (slot(3, &unknown, &instance), Some(Held::WitnessDiffers { at: 3 })),
        (slot(3, &posted[2], &[0; 16]), Some(Held::WitnessOther { witness: 3, store: 3 })),
    ];
    for (newest, held) in cases {
        let copy = killed(&home);
        let file = [slot(1, &posted[0], &instance), newest].concat();
        fs::write(copy.path().join(WITNESS), file).unwrap();
        assert_eq!(open(&copy).held(), held);
        assert_eq!(open(&copy).held(), held, "again");
        let bytes = fs::read(copy.path().join(WITNESS)).unwrap();
        assert_eq!(bytes.starts_with(b"klatchw2"), held.is_none());
        if held.is_none() {
            let mut store = open(&copy);
            post(&mut store, b"and on");
            assert_eq!(own(&open(&killed(&copy)))[..3], posted[..]);
        }
    }
}

#[test]
fn a_post_whose_witness_failed_is_there_or_not_and_the_next_one_follows_what_is() {
    for (written, there) in [(usize::MAX, 1), (200, 0), (0, 0)] {
        for before in 0..2 {
            let folder = tempfile::tempdir().unwrap();
            let disk = Arc::new(Failing::new(folder.path()));
            let mut store = Store::create_on(disk.clone(), net(), me().feed()).unwrap();
            for n in 0..before {
                post(&mut store, &[n]);
            }
            disk.fails(Some(Fault::Witness { written }));
            let refused = store.append(&me().secret(), vec![note(&[7; 9_000])]);
            assert!(matches!(refused, Err(AppendError::Disk(DiskError::Witness(_)))), "{refused:?}");
            disk.fails(None);
            let kept = own(&store);
            assert_eq!(kept.len(), usize::from(before) + there, "{written} bytes");
            let (returned, again) = (store.take_returned(), store.take_returned());
            let of: Vec<_> =
                returned.iter().flat_map(|changes| &changes.feeds).map(|(feed, _)| *feed).collect();
            assert_eq!((of, again), (vec![me().feed(); there], vec![]), "told of once, and of no other");
            let next = post(&mut store, b"and on");
            let all: Vec<_> = kept.into_iter().chain([next]).collect();
            assert_eq!((own(&store), store.held()), (all.clone(), None));
            let left = killed(&folder);
            drop(store);
            for home in [left, folder] {
                let store = open(&home);
                assert_eq!((own(&store), store.held()), (all.clone(), None), "{written} bytes");
                assert_sound(&store);
            }
        }
    }
}
