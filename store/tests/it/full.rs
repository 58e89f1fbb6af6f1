//! A full disk: an error, nothing half-written, and on once there is room again.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use klatch_feed::Post;
use klatch_store::{AppendError, DiskError, Held, Store};

use crate::crash::Fragile;
use crate::{Author, assert_sound, draft, net, note, state};

/// A small file system in memory, gone on drop.
struct Small<'p>(&'p Path);

impl<'p> Small<'p> {
    fn mount(path: &'p Path) -> Option<Self> {
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(path).output();
        mounted.is_ok_and(|mount| mount.status.success()).then_some(Self(path))
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_refuses_a_post_whole_and_takes_it_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let Some(small) = Small::mount(folder.path()) else {
        let absent = "a full disk needs the right to mount a tmpfs";
        assert!(std::env::var_os("KLATCH_REQUIRE").is_none(), "{absent}");
        // Not `eprintln`: what that prints is hidden where a test passes.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {absent}");
        return;
    };
    let me = Author::new(1);
    let ballast = folder.path().join("ballast");
    std::fs::write(&ballast, vec![0; 1 << 20]).unwrap();
    let mut store = Store::create(folder.path(), net(), me.feed()).unwrap();
    let mut posted = 0;
    let refused = loop {
        match store.append(&me.secret(), vec![note(&[7; 16_000]); 8]) {
            Ok(_) => posted += 8,
            Err(error) => break error,
        }
        assert!(posted < 1_000, "4 MiB never fill up");
    };
    assert!(matches!(refused, AppendError::Disk(DiskError::Full)), "{refused:?}");
    assert!(store.append(&me.secret(), vec![note(&[7; 16_000]); 8]).is_err(), "still full");
    std::fs::remove_file(&ballast).unwrap();
    store.append(&me.secret(), vec![note(b"room again")]).unwrap();
    assert_eq!((state(&store, &me).0, store.held()), (posted + 1, None));
    assert_sound(&store);
    drop(store);
    let store = Store::open(folder.path(), net(), me.feed()).unwrap();
    assert_eq!((state(&store, &me).0, store.held()), (posted + 1, None));
    drop(store);
    drop(small);
}

#[test]
fn a_store_that_lost_posts_shows_them_on_a_full_disk_and_takes_them_when_there_is_room() {
    let (me, disk) = (Author::new(1), Fragile::default());
    let mut store = Store::create_on(Arc::new(disk.clone()), net(), me.feed()).unwrap();
    store.append(&me.secret(), vec![note(b"durable")]).unwrap();
    store.rest().unwrap();
    for n in 0..5 {
        store.append(&me.secret(), vec![note(&[n; 14_000])]).unwrap(); // The witness has them, the database not yet.
    }
    let crashed = disk.killed();
    crashed.fills(true);
    let mut store = Store::open_on(Arc::new(crashed.clone()), net(), me.feed()).unwrap();
    for attempt in 0..2 {
        assert_eq!(state(&store, &me).0, 6, "{attempt}: what was acknowledged can be read");
        let refused = store.append(&me.secret(), vec![note(b"no room")]);
        assert!(matches!(refused, Err(AppendError::Disk(DiskError::Full))), "{attempt}: {refused:?}");
    }
    drop(store);
    let mut store = Store::open_on(Arc::new(crashed.clone()), net(), me.feed()).unwrap();
    assert_eq!(state(&store, &me).0, 6, "opened again, still without room");
    crashed.fills(false);
    store.append(&me.secret(), vec![note(b"room again")]).unwrap();
    assert_eq!((state(&store, &me).0, store.held()), (7, None));
    assert_eq!(store.take_returned(), [], "who opened the store has read them");
    assert_sound(&store);
    drop(store);
    let store = Store::open_on(Arc::new(crashed), net(), me.feed()).unwrap();
    assert_eq!((state(&store, &me).0, store.held()), (7, None));
}

#[test]
fn what_was_acknowledged_can_be_read_when_a_later_write_finds_no_room() {
    let (me, disk) = (Author::new(1), Fragile::default());
    let mut store = Store::create_on(Arc::new(disk.clone()), net(), me.feed()).unwrap();
    store.append(&me.secret(), vec![note(b"durable")]).unwrap();
    store.rest().unwrap();
    for n in 0..5 {
        store.append(&me.secret(), vec![note(&[n; 14_000])]).unwrap();
    }
    disk.fills(true);
    for attempt in 0..3 {
        let refused = store.set_local(&[("space", b"key", Some(b"value"))]);
        assert!(matches!(refused, Err(DiskError::Full)), "{attempt}: {refused:?}");
        assert_eq!(state(&store, &me).0, 6, "{attempt}");
        assert_eq!(store.take_returned(), [], "{attempt}: told when they were posted");
    }
    disk.fills(false);
    store.append(&me.secret(), vec![note(b"room again")]).unwrap();
    assert_eq!((state(&store, &me).0, store.held()), (7, None));
    assert_sound(&store);
}

/// A full disk with a store of one own post, whose witness is gone.
fn full_and_without_witness() -> Fragile {
    let (me, disk) = (Author::new(1), Fragile::default());
    let mut store = Store::create_on(Arc::new(disk.clone()), net(), me.feed()).unwrap();
    store.append(&me.secret(), vec![note(b"durable")]).unwrap();
    store.rest().unwrap();
    let crashed = disk.killed();
    crashed.loses_witness();
    crashed.fills(true);
    crashed
}

#[test]
fn a_store_that_may_have_lost_posts_holds_them_back_though_there_is_no_room_to_write_that() {
    let (me, crashed) = (Author::new(1), full_and_without_witness());
    let mut store = Store::open_on(Arc::new(crashed.clone()), net(), me.feed()).unwrap();
    let why = Some(Held::WitnessMissing { store: 1 });
    assert_eq!(store.held(), why, "before anybody tries to post");
    assert!(store.append(&me.secret(), vec![note(b"a fork, perhaps")]).is_err());
    crashed.fills(false);
    let refused = store.append(&me.secret(), vec![note(b"a fork, perhaps")]);
    assert!(matches!(refused, Err(AppendError::Held(_))), "{refused:?}");
    drop(store);
    let store = Store::open_on(Arc::new(crashed), net(), me.feed()).unwrap();
    assert_eq!((store.held(), state(&store, &me).0), (why, 1), "it is written now");
}

#[test]
fn a_recovery_that_there_was_no_room_to_write_ends_like_any_other() {
    let (me, crashed) = (Author::new(1), full_and_without_witness());
    let mut store = Store::open_on(Arc::new(crashed.clone()), net(), me.feed()).unwrap();
    assert_eq!(store.held(), Some(Held::WitnessMissing { store: 1 }));
    crashed.fills(false);
    store.settle(1).unwrap();
    assert_eq!(store.held(), None);
    store.append(&me.secret(), vec![note(b"on it goes")]).unwrap();
}

#[test]
fn a_rebuild_that_finds_no_room_is_gone_on_with_when_there_is_some() {
    let (me, disk) = (Author::new(1), Fragile::default());
    let mut store = Store::create_on(Arc::new(disk.clone()), net(), me.feed()).unwrap();
    let (title, start, zone) = ("Tea".to_owned(), "2026-12-01T18:30".to_owned(), "UTC".to_owned());
    let (minutes, capacity) = (60, None);
    let event =
        Post::Event { group: None, title, start, zone, minutes, capacity, split: false, repeat: None };
    store.append(&me.secret(), vec![draft(&event)]).unwrap();
    store.rest().unwrap();
    let whole = disk.killed();
    drop(store);
    let mut unfinished = 0;
    for after in 0..40 {
        let cut = whole.killed();
        let mut store = Store::open_on(Arc::new(cut.clone()), net(), me.feed()).unwrap();
        cut.fails_after(after);
        let done = store.rebuild(&mut |_, _| {});
        drop(store);
        let full = cut.killed();
        full.fills(true);
        let mut store = Store::open_on(Arc::new(full.clone()), net(), me.feed()).unwrap();
        let events = store.reader().snapshot().unwrap().events().unwrap();
        unfinished += usize::from(events.is_empty());
        assert!(done.is_err() || !events.is_empty(), "what is done is done");
        full.fills(false);
        store.append(&me.secret(), vec![note(b"room again")]).unwrap();
        assert_eq!(store.reader().snapshot().unwrap().events().unwrap().len(), 1, "cut after {after}");
        assert_sound(&store);
    }
    assert!(unfinished > 0, "no cut left a rebuild to go on with");
}
