//! The own feed: appends, the witness, and when appends are refused.

use klatch_feed::Post;
use klatch_store::{AppendError, Held, OpenError, Outcome, SettleError, Store};

use crate::{Author, accept_all, assert_sound, ingest, net, note, reopen, state, store};

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
            Some(held) => {
                assert!(matches!(appended, Err(AppendError::Held(why)) if why == held), "{name}");
                let mut store = reopen(&home, store);
                assert_eq!(store.held(), Some(held), "{name}: until it is settled");
                store.settle(state(&store, &Author::new(1)).0).unwrap();
                append(&mut store, 1);
                assert_eq!(reopen(&home, store).held(), None, "{name}");
            }
        }
    }
}

/// A store with `count` own entries, and the log that it holds, to go on elsewhere.
fn with_own(count: usize) -> (tempfile::TempDir, Store, Author) {
    let (home, mut store) = store();
    append(&mut store, count);
    let mine = store.reader().snapshot().unwrap().entries(&Author::new(1).feed(), 1, 999).unwrap();
    let mut me = Author::new(1);
    me.log = mine.iter().map(|entry| (**entry).clone()).collect();
    (home, store, me)
}

#[test]
fn a_longer_own_feed_from_a_peer_is_taken_and_nothing_is_signed_until_it_is_settled() {
    let (home, mut store, mut me) = with_own(2);
    me.notes(3);
    assert!(matches!(ingest(&mut store, &me.chunk(1, 2)), Outcome::Accepted(_)), "what I have is fine");
    assert_eq!(store.held(), None);
    let mut unsigned = me.fork(2);
    unsigned.unsigned(b"x");
    assert!(matches!(ingest(&mut store, &unsigned.chunk(3, 3)), Outcome::Faulty(_)), "a word is no proof");
    assert_eq!(store.held(), None);
    assert!(matches!(ingest(&mut store, &me.chunk(2, 4)), Outcome::Accepted(state) if state.len == 4));
    let held = Some(Held::PeerAhead { peer: 4, store: 2 });
    assert_eq!(store.held(), held);
    let mut store = reopen(&home, store);
    assert_eq!((store.held(), state(&store, &me).0), (held.clone(), 4), "a restart ends nothing");
    let refused = store.append(&me.secret(), vec![note(b"x")]);
    assert!(matches!(refused, Err(AppendError::Held(why)) if Some(&why) == held.as_ref()));
    assert!(matches!(ingest(&mut store, &me.chunk(5, 5)), Outcome::Accepted(state) if state.len == 5));
    assert_eq!(store.held(), held, "the first reason stays");
    assert!(matches!(store.settle(4), Err(SettleError::Moved { len: 5 })), "the last one is another by now");
    store.settle(5).unwrap();
    assert_eq!(store.held(), None);
    append(&mut store, 1);
    let store = reopen(&home, store);
    assert_eq!((store.held(), state(&store, &me).0), (None, 6), "the witness is up to date again");
    assert_sound(&store);
}

#[test]
fn a_store_made_from_words_takes_its_own_feed_from_the_first_entry_on() {
    let (home, mut store) = store();
    store.recover(&Held::Words).unwrap();
    let mut me = Author::new(1);
    me.notes(300);
    assert!(matches!(store.settle(1), Err(SettleError::Moved { len: 0 })));
    accept_all(&mut store, &me);
    let mut store = reopen(&home, store);
    assert_eq!((store.held(), state(&store, &me).0), (Some(Held::Words), 300));
    store.settle(300).unwrap();
    append(&mut store, 1);
    let store = reopen(&home, store);
    assert_eq!((store.held(), state(&store, &me).0), (None, 301));
}

#[test]
fn a_feed_that_is_forked_is_not_settled() {
    let (_home, mut store, me) = with_own(3);
    store.recover(&Held::Words).unwrap();
    let mut twin = me.fork(1);
    twin.notes(1);
    assert!(matches!(ingest(&mut store, &twin.chunk(2, 2)), Outcome::Forked(_)));
    assert_eq!(store.held(), Some(Held::Forked { cap: 1 }), "that is the worse of the two");
    assert!(matches!(store.settle(3), Err(SettleError::Forked(Held::Forked { cap: 1 }))));
}

#[test]
fn a_fork_of_the_own_feed_is_proven_capped_and_held() {
    let (home, mut store) = store();
    append(&mut store, 3);
    let mine = store.reader().snapshot().unwrap().entries(&Author::new(1).feed(), 1, 9).unwrap();
    let mut me = Author::new(1);
    me.log = mine.iter().take(1).map(|entry| (**entry).clone()).collect();
    me.post(&Post::Profile { name: "Twin".into(), about: String::new(), links: vec![] });
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
