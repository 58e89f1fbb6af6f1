//! Backups: whole or not there, and recovering when they are put back.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use klatch_store::{BackupError, Held, OpenError, Restored, Store};

use crate::{Author, accept_all, assert_sound, net, note, state, store};

const PARTS: &[(&str, &[u8])] = &[("key", b"secret"), ("network", b"{}")];

fn backup(store: &Store, path: &Path) -> Result<(), BackupError> {
    store.reader().snapshot().unwrap().backup(path, PARTS, &mut |done, total| assert!(done <= total))
}

fn unpack(home: &Path, file: &Path) -> Result<Restored, BackupError> {
    Restored::unpack(home, file, &mut |done, total| assert!(done <= total))
}

/// A store with posts of its own and of others, a name for somebody, and a backup of it.
fn backed_up() -> (tempfile::TempDir, Store, std::path::PathBuf) {
    let (home, mut store) = store();
    store.append(&Author::new(1).secret(), vec![note(b"one"), note(b"two")]).unwrap();
    accept_all(&mut store, Author::new(2).notes(300));
    store.set_local(&[("petname", b"x", Some(b"Ana")), (klatch_store::TOKENS, b"x", Some(b"1"))]).unwrap();
    let file = home.path().join("copy.klatch");
    backup(&store, &file).unwrap();
    (home, store, file)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_backup_comes_back_whole_and_recovering_and_is_itself_not_touched() {
    let (home, mut store, file) = backed_up();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(names(home.path()), ["copy.klatch", "head.witness", "klatch.redb"], "nothing else is left");
    store.append(&Author::new(1).secret(), vec![note(b"after the backup")]).unwrap();
    let before = std::fs::read(&file).unwrap();

    let new = tempfile::tempdir().unwrap();
    let restored = unpack(new.path(), &file).unwrap();
    assert_eq!(restored.parts, PARTS.iter().map(|(n, b)| ((*n).to_owned(), b.to_vec())).collect::<Vec<_>>());
    assert_eq!((restored.owner, restored.own), (Author::new(1).feed(), 2));
    let early = Store::open(new.path(), net(), Author::new(1).feed());
    assert!(matches!(early, Err(OpenError::Missing { .. })), "not a home before it is published");
    restored.publish().unwrap();
    let opened = Store::open(new.path(), net(), Author::new(1).feed()).unwrap();
    assert_eq!(opened.held(), Some(Held::Restored { store: 2 }));
    assert_eq!((state(&opened, &Author::new(1)).0, state(&opened, &Author::new(2)).0), (2, 300));
    let snapshot = opened.reader().snapshot().unwrap();
    assert_eq!(snapshot.local("petname", b"x").unwrap(), Some(b"Ana".to_vec()));
    assert_eq!(snapshot.locals(klatch_store::TOKENS).unwrap(), [], "the home may have used it since");
    assert_sound(&opened);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_backup_overwrites_nothing_and_leaves_no_half_of_itself() {
    let (home, store, file) = backed_up();
    let before = std::fs::read(&file).unwrap();
    assert!(matches!(backup(&store, &file), Err(BackupError::Exists(path)) if path == file));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let nowhere = home.path().join("no such folder").join("copy.klatch");
    assert!(matches!(backup(&store, &nowhere), Err(BackupError::File { .. })));
    assert_eq!(names(home.path()), ["copy.klatch", "head.witness", "klatch.redb"]);
}

#[test]
fn what_is_no_whole_backup_is_refused_and_says_why() {
    let (home, store, file) = backed_up();
    drop(store);
    let new = tempfile::tempdir().unwrap();
    let not_whole = |file: &Path, what: &str| {
        let refused = unpack(new.path(), file);
        assert!(matches!(refused, Err(BackupError::NotWhole { .. })), "{what}: {refused:?}");
        let early = Store::open(new.path(), net(), Author::new(1).feed());
        assert!(matches!(early, Err(OpenError::Missing { .. })), "{what}");
    };
    not_whole(&home.path().join("klatch.redb"), "a store, but no backup");
    let odd = home.path().join("odd");
    let bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    for (at, what) in [
        (5000, "a page"),
        (last - 70, "a part"),
        (last - 50, "a length"),
        (last - 20, "the hash"),
        (last, "the end"),
    ] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        std::fs::write(&odd, &flipped).unwrap();
        not_whole(&odd, what);
    }
    for len in [0, 63, bytes.len() / 2, last] {
        std::fs::write(&odd, &bytes[..len]).unwrap();
        not_whole(&odd, "cut off");
    }
    unpack(new.path(), &file).unwrap().publish().unwrap();
}
