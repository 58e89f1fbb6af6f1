//! A damaged file is an error, a held feed or a problem that `verify` names: never a panic, never an emptied
//! store, and nothing damaged is served.

use std::fs;
use std::path::Path;

use klatch_feed::Post;
use klatch_store::{CutOff, Held, OpenError, Store, TOKENS};
use redb::ReadableTable;
use tempfile::TempDir;

use crate::{Author, accept, accept_all, assert_sound, group, net, note, state, store, verify};

/// A quiet panic hook for what the store catches; all else speaks as before.
fn hush() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let speak = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !klatch_store::panics_are_caught() {
                speak(panic);
            }
        }));
    });
}

/// Some of everything, closed; the last commit is an own one, so that losing it shows in the witness.
fn filled() -> (TempDir, Vec<u8>) {
    let (home, mut store) = store();
    let (mut ben, mut cat) = (Author::new(2), Author::new(3));
    ben.notes(400);
    cat.notes(3);
    accept_all(&mut store, &ben);
    accept_all(&mut store, &cat);
    store.set_local(&[("space", b"key", Some(b"value"))]).unwrap();
    for body in [b"one", b"two"] {
        store.append(&Author::new(1).secret(), vec![note(body)]).unwrap();
    }
    drop(store);
    let bytes = fs::read(home.path().join("klatch.redb")).unwrap();
    (home, bytes)
}

/// Everything that is read of a store, or the first error.
fn read_all(store: &Store) -> Result<Vec<Vec<u8>>, String> {
    let all = || {
        let snapshot = store.reader().snapshot()?;
        let mut all = Vec::new();
        for (feed, state) in snapshot.feeds()? {
            let mut from = 1;
            while let Some(chunk) = snapshot.chunk(&feed, from, false)? {
                from += klatch_feed::chunk::span(&chunk).unwrap().1;
                all.push(chunk);
            }
            if from <= state.len {
                all.push(b"short".to_vec());
            }
        }
        for (_, value) in snapshot.locals("space")? {
            all.push(value);
        }
        Ok::<_, klatch_store::DiskError>(all)
    };
    all().map_err(|error| error.to_string())
}

/// What became of a file: one letter for the tally.
fn face(home: &Path, whole: &[Vec<u8>], what: &str) -> char {
    let store = match Store::open(home, net(), Author::new(1).feed()) {
        Ok(store) => store,
        Err(OpenError::Damaged(_) | OpenError::Disk(_)) => return 'r',
        // A flip in a name that was written at the making, or in the schema number.
        Err(OpenError::OtherNetwork { .. } | OpenError::OtherOwner { .. } | OpenError::Newer { .. }) => {
            return 'r';
        }
        Err(other) => panic!("{what}: {other}"),
    };
    let report = store.reader().snapshot().and_then(|snapshot| snapshot.verify(&mut |_, _| {}));
    match (read_all(&store), report, store.held()) {
        (_, Err(_), _) => 'v',
        (read, Ok(report), _) if !report.problems.is_empty() => {
            // What is served all the same is a part of what was there.
            for chunk in read.unwrap_or_default() {
                assert!(whole.contains(&chunk) || chunk == b"short", "{what}: {:?}", report.problems);
            }
            'v'
        }
        (Err(error), Ok(_), _) => panic!("{what}: not verified, but: {error}"),
        (Ok(_), Ok(_), Some(Held::WitnessAhead { .. })) => 'h',
        (Ok(read), Ok(_), held) => {
            assert_eq!((held, &read[..]), (None, whole), "{what}: not the same, and nobody says so");
            'g'
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_is_refused_or_named_or_harmless() {
    hush();
    let (home, bytes) = filled();
    let path = home.path().join("klatch.redb");
    let witness = fs::read(home.path().join("head.witness")).unwrap();
    let store = Store::open(home.path(), net(), Author::new(1).feed()).unwrap();
    let whole = read_all(&store).unwrap();
    drop(store);
    // A third of the header's bytes, then places all over the pages in use, spread by a fixed stride.
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let places = (0..320).step_by(3).chain((320..used).step_by(used / 150));
    let mut tally = std::collections::BTreeMap::new();
    for (turn, at) in places.enumerate() {
        let mut bad = bytes.clone();
        bad[at] ^= 1 << (turn % 8);
        fs::write(&path, &bad).unwrap();
        fs::write(home.path().join("head.witness"), &witness).unwrap();
        *tally.entry(face(home.path(), &whole, &format!("byte {at}"))).or_insert(0) += 1;
    }
    assert!(tally[&'r'] > 20 && tally[&'v'] > 20 && tally[&'g'] > 20, "{tally:?}");
}

#[test]
fn a_truncated_file_is_refused_or_named() {
    hush();
    let (home, bytes) = filled();
    let path = home.path().join("klatch.redb");
    let witness = fs::read(home.path().join("head.witness")).unwrap();
    let store = Store::open(home.path(), net(), Author::new(1).feed()).unwrap();
    let whole = read_all(&store).unwrap();
    drop(store);
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let lengths = (0..340).step_by(17).chain((4096..used).step_by(used / 60));
    for len in lengths {
        fs::write(&path, &bytes[..len]).unwrap();
        fs::write(home.path().join("head.witness"), &witness).unwrap();
        let end = face(home.path(), &whole, &format!("cut at {len}"));
        assert_ne!(end, 'g', "cut at {len} of {used}");
    }
}

#[test]
fn a_file_of_another_kind_is_refused() {
    hush();
    let me = Author::new(1).feed();
    let other = redb::TableDefinition::<u64, u64>::new("meta");
    for make in [0, 1] {
        let (home, mut store) = store();
        store.append(&Author::new(1).secret(), vec![note(b"x")]).unwrap();
        drop(store);
        let path = home.path().join("klatch.redb");
        fs::remove_file(&path).unwrap();
        let database = redb::Database::create(&path).unwrap();
        if make == 1 {
            let tx = database.begin_write().unwrap();
            tx.open_table(other).unwrap().insert(1, 1).unwrap();
            tx.commit().unwrap();
        }
        drop(database);
        let opened = Store::open(home.path(), net(), me);
        assert!(matches!(opened, Err(OpenError::Damaged(_))), "{opened:?}");
    }
}

/// Changes one byte of a stored body, and begins to make all views again where `is_rebuilding`, as a program did that
/// was killed then.
fn damage(home: &Path, body: &str, is_rebuilding: bool) {
    let database = redb::Database::open(home.join("klatch.redb")).unwrap();
    let tx = database.begin_write().unwrap();
    {
        let mut runs = tx.open_table(redb::TableDefinition::<u64, &[u8]>::new("runs")).unwrap();
        let holds = |run: &[u8]| run.windows(body.len()).position(|part| part == body.as_bytes());
        let rows = runs.iter().unwrap().map(|row| row.unwrap());
        let mut rows =
            rows.filter_map(|(key, run)| Some((key.value(), run.value().to_vec(), holds(run.value())?)));
        let (key, mut run, at) = rows.next().unwrap();
        drop(rows);
        run[at] ^= 1;
        runs.insert(key, &run[..]).unwrap();
        if is_rebuilding {
            let mut meta = tx.open_table(redb::TableDefinition::<&str, &[u8]>::new("meta")).unwrap();
            meta.insert("rebuild", &[0; 8][..]).unwrap();
        }
    }
    tx.commit().unwrap();
}

#[test]
fn a_damaged_entry_of_another_is_dropped_by_a_rebuild_and_fetched_again() {
    let mut ben = Author::new(2);
    ben.notes(400);
    // What came in two chunks is known to be signed at 256 and 400.
    for (body, is_rebuilding, left) in
        [("note 399 of 2", false, 256), ("note 399 of 2", true, 256), ("note 9 of 2", false, 0)]
    {
        let (home, _) = filled();
        let mut store = Store::open(home.path(), net(), Author::new(1).feed()).unwrap();
        store.set_local(&[(TOKENS, b"peer", Some(b"token"))]).unwrap();
        drop(store);
        damage(home.path(), body, is_rebuilding);
        let mut store = Store::open(home.path(), net(), Author::new(1).feed()).unwrap();
        let cut = match is_rebuilding {
            true => store.take_cut(),
            false => {
                let said = verify(&store).problems.join("; ");
                assert!(said.contains("of another") && said.contains("klatch rebuild"), "{said}");
                store.rebuild(&mut |_, _| {}).unwrap()
            }
        };
        assert_eq!(cut, [CutOff { feed: ben.feed(), after: left, entries: 400 - left }], "{body}");
        assert_eq!(store.take_cut(), [], "said once");
        let token = store.reader().snapshot().unwrap().local(TOKENS, b"peer").unwrap();
        assert_eq!(token, None, "it vouched for what is gone");
        let tip = (left > 0).then(|| ben.id(left));
        assert_eq!(state(&store, &ben), (left, tip, None), "{body}");
        assert_eq!(state(&store, &Author::new(3)).0, 3, "all else is read");
        assert_sound(&store);
        store.append(&Author::new(1).secret(), vec![note(b"three")]).unwrap();
        let mut from = left + 1;
        while from <= 400 {
            let to = 400.min(from + 255);
            accept(&mut store, &ben.chunk(from, to));
            from = to + 1;
        }
        assert_eq!(state(&store, &ben).0, 400, "peers bring it again");
        drop(store);
        let mut store = Store::open(home.path(), net(), Author::new(1).feed()).unwrap();
        assert_eq!(store.take_cut(), []);
        assert_sound(&store);
    }
}

#[test]
fn a_damaged_entry_of_ones_own_stays_and_all_else_is_read() {
    let (home, _) = filled();
    damage(home.path(), "one", false);
    let me = Author::new(1);
    let mut store = Store::open(home.path(), net(), me.feed()).unwrap();
    for _ in 0..2 {
        let problems = verify(&store).problems;
        let said = problems.join("; ");
        assert!(said.contains("entry 1 of") && said.contains("klatch restore"), "{said}");
        assert!(!said.contains("rebuild"), "it would mend nothing: {said}");
        store.rebuild(&mut |_, _| {}).unwrap();
        drop(store);
        store = Store::open(home.path(), net(), me.feed()).unwrap();
        assert_eq!(state(&store, &Author::new(2)).0, 400);
        assert_eq!(state(&store, &me).0, 2, "nothing of it is given up");
    }
}

#[test]
fn a_row_of_an_index_that_says_something_else_is_named_and_made_anew() {
    for table in ["refs", "announced"] {
        let (home, mut store) = store();
        let mut ana = Author::new(2);
        let group = ana.post(&group());
        let options = vec!["2126-12-03T19:00".into(), "2126-12-04T19:00".into()];
        let (question, zone, minutes) = ("When?".into(), "UTC".into(), 60);
        ana.post(&Post::Poll { group, question, zone, minutes, options });
        ana.post(&Post::Join { group });
        accept_all(&mut store, &ana);
        drop(store);
        let database = redb::Database::open(home.path().join("klatch.redb")).unwrap();
        let tx = database.begin_write().unwrap();
        let rows = redb::TableDefinition::<[u8; 40], &[u8]>::new(table);
        let mut rows = tx.open_table(rows).unwrap();
        let (key, mut row) = {
            let (key, row) = rows.last().unwrap().unwrap();
            (key.value(), row.value().to_vec())
        };
        *row.last_mut().unwrap() ^= 1;
        rows.insert(key, &row[..]).unwrap();
        drop(rows);
        tx.commit().unwrap();
        drop(database);
        let mut store = Store::open(home.path(), net(), Author::new(1).feed()).unwrap();
        let problems = verify(&store).problems;
        assert!(problems.iter().any(|problem| problem.contains(&format!("table {table}"))), "{problems:?}");
        store.rebuild(&mut |_, _| {}).unwrap();
        assert_sound(&store);
    }
}
