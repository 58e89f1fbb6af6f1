//! The own feed: appends, the witness, and when appends are refused.

use klatch_feed::Post;
use klatch_store::{AppendError, Held, OpenError, Outcome, Store};

use crate::{Author, assert_sound, ingest, net, note, reopen, state, store};

const DATABASE: &str = "klatch.redb";
const WITNESS: &str = "head.witness";

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::copy(from, to).unwrap();
}

fn append(store: &mut Store, count: usize) {
    let drafts = (0..count).map(|n| note(format!("own {n}").as_bytes())).collect();
    let (new, changes) = store.append(&Author::new(1).secret(), drafts).unwrap();
    assert_eq!((new.len(), changes.feeds.len()), (count, 1));
}

#[test]
fn own_entries_are_there_after_reopening_and_go_on() {
    let (home, mut store) = store();
    append(&mut store, 1);
    append(&mut store, 300);
    let mut store = reopen(&home, store);
    assert_eq!(store.held(), None);
    append(&mut store, 2);
    let me = Author::new(1);
    assert_eq!(state(&store, &me).0, 303);
    assert_sound(&store);
    assert!(store.append(&me.secret(), Vec::new()).unwrap().0.is_empty());
}

#[test]
fn a_draft_past_a_limit_appends_nothing() {
    let (_home, mut store) = store();
    append(&mut store, 1);
    let snapshot = store.reader().snapshot().unwrap();
    let drafts = vec![note(b"fits"), note(&[0; 16_385])];
    let refused = store.append(&Author::new(1).secret(), drafts);
    assert!(matches!(refused, Err(AppendError::Entry(_))), "{refused:?}");
    assert_eq!(state(&store, &Author::new(1)).0, 1);
    assert_eq!(snapshot.feeds().unwrap().len(), 1, "readers go on undisturbed");
}

#[test]
fn every_disagreement_between_store_and_witness_is_held_or_mended() {
    type Act = fn(&std::path::Path, &std::path::Path);
    // `old` holds both files as they were after 2 of 5 own entries, `other` those of another store.
    let cases: [(&str, Act, Option<Held>); 7] = [
        ("untouched", |_, _| {}, None),
        ("witness of an earlier append", |home, old| copy(&old.join(WITNESS), &home.join(WITNESS)), None),
        (
            "database of an earlier append",
            |home, old| copy(&old.join(DATABASE), &home.join(DATABASE)),
            Some(Held::WitnessAhead { witness: 5, store: 2 }),
        ),
        (
            "witness gone",
            |home, _| std::fs::remove_file(home.join(WITNESS)).unwrap(),
            Some(Held::WitnessMissing { store: 5 }),
        ),
        (
            "witness spoilt",
            |home, _| std::fs::write(home.join(WITNESS), [7; 1024]).unwrap(),
            Some(Held::WitnessMissing { store: 5 }),
        ),
        (
            "witness of another store",
            |home, old| copy(&old.join("other").join(WITNESS), &home.join(WITNESS)),
            Some(Held::WitnessOther { witness: 1, store: 5 }),
        ),
        (
            "witness of a copy that went on",
            |home, old| copy(&old.join("twin").join(WITNESS), &home.join(WITNESS)),
            Some(Held::WitnessDiffers { at: 3 }),
        ),
    ];
    for (name, act, held) in cases {
        let (home, mut store) = store();
        let old = tempfile::tempdir().unwrap();
        append(&mut store, 2);
        drop(store);
        for file in [DATABASE, WITNESS] {
            copy(&home.path().join(file), &old.path().join(file));
        }
        for (folder, copied) in [("other", false), ("twin", true)] {
            let path = old.path().join(folder);
            std::fs::create_dir(&path).unwrap();
            let mut other = if copied {
                copy(&old.path().join(DATABASE), &path.join(DATABASE));
                copy(&old.path().join(WITNESS), &path.join(WITNESS));
                Store::open(&path, net(), Author::new(1).feed()).unwrap()
            } else {
                Store::create(&path, net(), Author::new(1).feed()).unwrap()
            };
            other.append(&Author::new(1).secret(), vec![note(b"elsewhere")]).unwrap();
        }
        let mut store = Store::open(home.path(), net(), Author::new(1).feed()).unwrap();
        append(&mut store, 3);
        drop(store);
        act(home.path(), old.path());

        let mut store = Store::open(home.path(), net(), Author::new(1).feed()).unwrap();
        assert_eq!(store.held(), held, "{name}");
        assert_sound(&store);
        let appended = store.append(&Author::new(1).secret(), vec![note(b"x")]);
        match held {
            None => drop(appended.unwrap()),
            Some(held) => assert!(matches!(appended, Err(AppendError::Held(why)) if why == held), "{name}"),
        }
    }
}

#[test]
fn a_longer_own_feed_from_a_peer_stops_appends_for_good_and_keeps_nothing() {
    let (home, mut store) = store();
    append(&mut store, 2);
    let mine = store.reader().snapshot().unwrap().entries(&Author::new(1).feed(), 1, 9).unwrap();
    let mut me = Author::new(1);
    me.log = mine.iter().map(|entry| (**entry).clone()).collect();
    me.notes(3);
    assert!(matches!(ingest(&mut store, &me.chunk(1, 2)), Outcome::Accepted(_)), "what I have is fine");
    assert_eq!(store.held(), None);
    let mut unsigned = me.fork(2);
    unsigned.unsigned(b"x");
    assert!(matches!(ingest(&mut store, &unsigned.chunk(3, 3)), Outcome::Faulty(_)), "a word is no proof");
    assert_eq!(store.held(), None);
    assert!(matches!(ingest(&mut store, &me.chunk(2, 5)), Outcome::OwnLonger(state) if state.len == 2));
    let held = Some(Held::PeerAhead { peer: 5, store: 2 });
    assert_eq!(store.held(), held);
    let store = reopen(&home, store);
    assert_eq!((store.held(), state(&store, &me).0), (held, 2));
}

#[test]
fn a_fork_of_the_own_feed_is_proven_capped_and_held() {
    let (home, mut store) = store();
    append(&mut store, 3);
    let mine = store.reader().snapshot().unwrap().entries(&Author::new(1).feed(), 1, 9).unwrap();
    let mut me = Author::new(1);
    me.log = mine.iter().take(1).map(|entry| (**entry).clone()).collect();
    me.post(&Post::Profile { name: "Twin".into(), about: String::new() });
    assert!(matches!(ingest(&mut store, &me.chunk(2, 2)), Outcome::Forked(state) if state.cap == Some(1)));
    let store = reopen(&home, store);
    assert_eq!(store.held(), Some(Held::Forked { cap: 1 }));
    assert_sound(&store);
}

#[test]
fn a_store_is_never_made_where_one_was() {
    let me = Author::new(1).feed();
    let home = tempfile::tempdir().unwrap();
    assert!(matches!(Store::open(home.path(), net(), me), Err(OpenError::Missing { .. })));
    let mut first = Store::create(home.path(), net(), me).unwrap();
    append(&mut first, 4);
    assert!(matches!(Store::open(home.path(), net(), me), Err(OpenError::InUse)));
    drop(first);
    assert!(matches!(Store::create(home.path(), net(), me), Err(OpenError::Exists { .. })));
    std::fs::remove_file(home.path().join(DATABASE)).unwrap();
    assert!(matches!(Store::open(home.path(), net(), me), Err(OpenError::Lost { seq: 4, .. })));
    assert!(matches!(Store::create(home.path(), net(), me), Err(OpenError::Lost { seq: 4, .. })));
    assert!(!home.path().join(DATABASE).exists());
}

#[test]
fn another_network_or_owner_does_not_open() {
    let (home, store) = store();
    drop(store);
    let elsewhere = klatch_feed::NetId::of_name("elsewhere");
    let me = Author::new(1).feed();
    assert!(matches!(Store::open(home.path(), elsewhere, me), Err(OpenError::OtherNetwork { .. })));
    let other = Store::open(home.path(), net(), Author::new(2).feed());
    assert!(matches!(other, Err(OpenError::OtherOwner { found, .. }) if found == me));
}

#[test]
fn files_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (home, store) = store();
    let mode = |name| std::fs::metadata(home.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(DATABASE), mode(WITNESS)), (0o600, 0o600));
    drop(store);
    std::fs::set_permissions(home.path().join(DATABASE), PermissionsExt::from_mode(0o644)).unwrap();
    drop(Store::open(home.path(), net(), Author::new(1).feed()).unwrap());
    assert_eq!(mode(DATABASE), 0o600);
}

#[test]
fn an_unfinished_database_is_begun_anew() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("klatch.redb.new"), b"half a database").unwrap();
    let me = Author::new(1).feed();
    assert!(matches!(Store::open(home.path(), net(), me), Err(OpenError::Missing { .. })));
    let mut store = Store::create(home.path(), net(), me).unwrap();
    append(&mut store, 1);
    drop(store);
    // Killed between the two files: no own entry yet, so the witness is made up for.
    let (home, store) = crate::store();
    drop(store);
    std::fs::remove_file(home.path().join(WITNESS)).unwrap();
    let mut store = Store::open(home.path(), net(), me).unwrap();
    append(&mut store, 1);
    assert!(home.path().join(WITNESS).exists());
}
