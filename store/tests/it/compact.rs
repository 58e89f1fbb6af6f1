//! Compaction: what was deleted is in no file any more, and all else is as it was.

use std::path::Path;
use std::sync::Arc;

use klatch_feed::{Draft, FeedId, Kind, Post};
use klatch_store::Store;

use crate::failing::{Failing, Fault};
use crate::{Author, accept, assert_sound, draft, note, state, store};

/// A kind that the fold reads, so that its bodies are kept as facts as well; no version knows it.
const FACT: Kind = Kind(200);

/// Files of a home in which these bytes stand somewhere.
fn files_with(home: &Path, bytes: &[u8]) -> usize {
    let files = std::fs::read_dir(home).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.filter(|file| file.windows(bytes.len()).any(|part| part == bytes)).count()
}

/// Bodies that the store has of a feed, by place.
fn bodies(store: &Store, feed: &FeedId) -> Vec<bool> {
    let entries = store.reader().snapshot().unwrap().entries(feed, 1, 99).unwrap();
    entries.iter().map(|entry| entry.body().is_some()).collect()
}

#[test]
fn what_a_tombstone_took_back_is_in_no_file_after_a_compaction() {
    let (me, mut ben) = (Author::new(1), Author::new(2));
    let said: [&[u8]; 4] =
        [b"ben's lost comment", b"ben's lost answer", b"my lost comment", b"my lost answer"];
    let about = ben.say(note(b"what it is all about"));
    let fact = |body: &[u8]| Draft { kind: FACT, refs: vec![about], ..note(body) };
    let targets = vec![ben.say(note(said[0])), ben.say(fact(said[1]))];
    let (home, mut store) = store();
    accept(&mut store, &ben.chunk(1, 3));
    let (own, _) = store.append(&me.secret(), vec![note(said[2]), fact(said[3])]).unwrap();
    for text in said {
        assert_eq!(files_with(home.path(), text), 1, "the search finds what is there");
    }

    ben.post(&Post::Tombstone { targets });
    ben.say(note(b"ben goes on"));
    accept(&mut store, &ben.chunk(4, 5));
    let own = own.iter().map(|entry| entry.id()).collect();
    store.append(&me.secret(), vec![draft(&Post::Tombstone { targets: own }), note(b"I go on")]).unwrap();
    assert_eq!(bodies(&store, &ben.feed()), [true, false, false, true, true]);
    assert_eq!(bodies(&store, &me.feed()), [false, false, true, true]);

    let done = store.compact(&mut |_, _| {}).unwrap();
    assert_eq!(done.after, std::fs::metadata(home.path().join("klatch.redb")).unwrap().len());
    for text in said {
        assert_eq!(files_with(home.path(), text), 0, "{}", String::from_utf8_lossy(text));
    }
    assert_eq!(files_with(home.path(), b"ben goes on"), 1, "what nobody took back stays");
    assert_sound(&store);
    let chunk = store.reader().snapshot().unwrap().chunk(&ben.feed(), 1, false).unwrap().unwrap();
    let (_other_home, mut other) = crate::store();
    let incoming = klatch_store::Incoming { feed: ben.feed(), base8: None, chunk };
    accept(&mut other, &incoming);
    assert_eq!(state(&other, &ben), state(&store, &ben), "the chain can be verified without them");
    drop(store);
    assert_eq!(files_with(home.path(), said[0]), 0, "closing writes nothing of it");
}

#[test]
fn a_compaction_changes_nothing_for_readers_and_gives_room_back() {
    let (me, mut ben) = (Author::new(1), Author::new(2));
    let (home, mut store) = store();
    ben.say(note(b"first"));
    for at in 0..150_u8 {
        ben.say(note(&[at; 16_000]));
    }
    (1..=151).step_by(50).for_each(|from| accept(&mut store, &ben.chunk(from, 151.min(from + 49))));
    store.append(&me.secret(), vec![note(b"own")]).unwrap();
    let (reader, before) = (store.reader(), store.reader().snapshot().unwrap());
    let cat = Author::new(3).notes(300).clone();
    crate::accept_all(&mut store, &cat);
    store.forget(&ben.feed()).unwrap();
    let feeds = reader.snapshot().unwrap().feeds().unwrap();
    let (mut steps, mut last) = (0, (0, 0));
    let done = store
        .compact(&mut |at, of| {
            assert!(at >= last.0 && at <= of, "{at} of {of} after {last:?}");
            (steps, last) = (steps + 1, (at, of));
        })
        .unwrap();
    assert!(done.after < done.before / 4, "{done:?}");
    assert!(steps > 10 && last.0 == last.1, "{steps} steps, the last of them {last:?}");
    assert_eq!(before.state(&ben.feed()).unwrap().unwrap().len, 151, "who read before reads on");
    let after = reader.snapshot().unwrap();
    assert_eq!(after.feeds().unwrap(), feeds);
    assert_eq!(after.entry(&cat.id(300)).unwrap().unwrap().id(), cat.id(300));
    assert_sound(&store);
    store.append(&me.secret(), vec![note(b"and on")]).unwrap();
    drop((reader, before, after));
    let store = crate::reopen(&home, store);
    assert_eq!((state(&store, &me).0, store.held()), (2, None));
    assert_sound(&store);
}

#[test]
fn what_a_killed_compaction_left_is_gone_after_the_next_opening() {
    let (home, store) = store();
    let left = home.path().join("klatch.redb.new");
    std::fs::write(&left, b"half a copy").unwrap();
    let store = crate::reopen(&home, store);
    assert!(!left.exists());
    assert_sound(&store);
}

#[test]
fn what_is_posted_after_a_compaction_that_failed_is_in_the_file_that_has_the_name() {
    for renames in [true, false] {
        let (me, net) = (Author::new(1), crate::net());
        let folder = tempfile::tempdir().unwrap();
        let disk = Arc::new(Failing::new(folder.path()));
        let mut store = Store::create_on(disk.clone(), net, me.feed()).unwrap();
        store.append(&me.secret(), vec![note(b"before")]).unwrap();
        disk.fails(Some(Fault::Publish { renames }));
        let error = store.compact(&mut |_, _| {}).unwrap_err().to_string();
        assert!(error.contains("putting the compacted database in place"), "{error}");
        store.append(&me.secret(), vec![note(b"after")]).unwrap();
        assert_eq!(bodies(&store, &me.feed()), [true, true]);
        drop(store);
        disk.fails(None);
        let mut store = Store::open_on(disk.clone(), net, me.feed()).unwrap();
        assert_eq!(bodies(&store, &me.feed()), [true, true], "renamed: {renames}");
        store.append(&me.secret(), vec![note(b"and on")]).unwrap();
        assert_sound(&store);
        let names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "nothing is left over: {names:?}");
    }
}
