//! A store of a million entries: whether ingest stays as fast as it fills, what the fold costs, how fast the
//! store opens, and how soon "what is on" is there.

use std::path::Path;

use klatch::clock::Stopwatch;
use klatch_feed::{EntryId, FeedId, NetId};
use klatch_store::{Snapshot, Store};
use redb::{Database, ReadableDatabase, TableDefinition};

use crate::corpus::{Corpus, ENTRIES, FEEDS, NETWORK};
use crate::disk::{store, take_in};
use crate::{Better, Figure, median, mixed};

/// Rounds of corpus A before corpus B: 900,000 entries.
pub(crate) const ROUNDS: u32 = 9;

pub(crate) fn figures() -> Vec<Figure> {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let (mut store, secret) = store(folder.path());
    let rates: Vec<f64> = (0..ROUNDS)
        .map(|round| ENTRIES / take_in(&mut store, &Corpus::sign_from(1_000 + round * FEEDS).chunks))
        .collect();
    let last = rates[rates.len() - 1];
    let mixed = mixed::ENTRIES / take_in(&mut store, &mixed::sign());
    let (series, date, log) = mixed::series();
    take_in(&mut store, &log);
    store.set_local(&[("bench", b"key", Some(b"value"))]).expect("the disk works");
    let busy = crashed(folder.path(), secret.feed());
    store.rest().expect("the disk works");
    let rested = crashed(folder.path(), secret.feed());
    drop(store);
    let (open, first, bare) = cleanly(folder.path(), secret.feed());
    let [found, near, one] = asked(folder.path(), secret.feed(), (&series, &date));
    vec![
        Figure::new(
            "bulk ingest, 800k entries stored before",
            last,
            "entries/s",
            ("the same, none stored before", rates[0]),
            (Better::More, 400_000.0),
        ),
        Figure::told(
            "... of corpus B, folded, 900k stored before",
            mixed,
            "entries/s",
            ("corpus A beside it", last),
            Better::More,
        ),
        Figure::new(
            "open 1 M entries, closed cleanly",
            open,
            "ms",
            ("redb alone, first table", bare.open),
            (Better::Less, 50.0),
        ),
        Figure::new(
            "... after a crash of a node at rest",
            rested.0,
            "ms",
            ("redb alone, first table", rested.1),
            (Better::Less, 300.0),
        ),
        Figure::told(
            "... after a crash right behind a small commit",
            busy.0,
            "ms",
            ("redb alone, first table", busy.1),
            Better::Less,
        ),
        Figure::new(
            "what is on, 1 M entries, the next 100 events",
            first,
            "ms",
            ("redb alone, the rows read", bare.read),
            (Better::Less, 1.0),
        ),
        Figure::new(
            "... a word in 1,000 titles, the next 100",
            found,
            "ms",
            ("redb alone, as many rows", bare.read),
            (Better::Less, 1.0),
        ),
        Figure::new(
            "... around a place, the next 100",
            near,
            "ms",
            ("redb alone, as many rows", bare.read),
            (Better::Less, 1.0),
        ),
        Figure::new(
            "... a series of 200 dates, and one of them",
            one,
            "ms",
            ("redb alone, 100 rows", bare.read),
            (Better::Less, 1.0),
        ),
    ]
}

/// The first answer to each of these questions after opening: a word in titles, a place, a date of a series.
fn asked(folder: &Path, me: FeedId, (series, date): (&EntryId, &str)) -> [f64; 3] {
    let first = |ask: &dyn Fn(&Snapshot)| {
        let runs = [(); 3].map(|()| {
            let store = Store::open(folder, NetId::of_name(NETWORK), me).expect("it opens");
            let clock = Stopwatch::start();
            ask(&store.reader().snapshot().expect("it reads"));
            ms(clock)
        });
        median(runs.to_vec())
    };
    let word = first(&|snapshot| {
        let found = snapshot.search("evening 7", Some(NOW_MS), 100).expect("it reads");
        assert!(!found.lines.is_empty() && !found.cut);
    });
    let place = first(&|snapshot| {
        let found = snapshot.near((38_500_000, -9_000_000), 25_000, Some(NOW_MS), 100).expect("it reads");
        assert!(!found.lines.is_empty() && !found.cut);
    });
    let one = first(&|snapshot| {
        let event = snapshot.event(series).expect("it reads").expect("it is there");
        let date = snapshot.occurrence(series, date).expect("it reads").expect("it is there");
        assert!(event.occurrences.len() == 16 && date.place == "Room 16");
    });
    [word, place, one]
}

const AGENDA: TableDefinition<'_, [u8; 56], &[u8]> = TableDefinition::new("agenda");
/// Some events of the corpus are past by then: it is the middle of 2030.
const NOW_MS: i64 = 1_909_000_000_000;

/// What redb takes by itself, in ms.
struct Bare {
    open: f64,
    read: f64,
}

fn bare(folder: &Path) -> Bare {
    let clock = Stopwatch::start();
    let database = Database::open(folder.join("klatch.redb")).expect("redb opens it");
    let tx = database.begin_read().expect("redb reads");
    let table = tx.open_table(AGENDA).expect("the table is there");
    let open = ms(clock);
    let clock = Stopwatch::start();
    let bytes: usize = redb::ReadableTable::iter(&table)
        .expect("redb reads")
        .take(100)
        .map(|row| row.expect("redb reads").1.value().len())
        .sum();
    assert!(bytes > 0);
    Bare { open, read: ms(clock) }
}

/// Opening, the first query after it, and what redb alone takes.
fn cleanly(folder: &Path, me: FeedId) -> (f64, f64, Bare) {
    let runs = [(); 3].map(|()| {
        let clock = Stopwatch::start();
        let store = Store::open(folder, NetId::of_name(NETWORK), me).expect("it opens");
        let open = ms(clock);
        let clock = Stopwatch::start();
        let mut next = Vec::new();
        let snapshot = store.reader().snapshot().expect("it reads");
        let from = Some(NOW_MS);
        snapshot
            .agenda(from, |line| {
                next.push(line);
                next.len() < 100
            })
            .expect("it reads");
        assert_eq!(next.len(), 100);
        (open, ms(clock))
    });
    let bares = [(); 3].map(|()| bare(folder));
    let bare = Bare {
        open: median(bares.iter().map(|bare| bare.open).collect()),
        read: median(bares.iter().map(|bare| bare.read).collect()),
    };
    let pick = |of: fn(&(f64, f64)) -> f64| median(runs.iter().map(of).collect());
    (pick(|run| run.0), pick(|run| run.1), bare)
}

/// Opening what a power cut leaves: a copy of the files while the store is open; and redb alone on another. Behind
/// a commit that did not note the free pages, redb reads every page of the file to find them.
fn crashed(folder: &Path, me: FeedId) -> (f64, f64) {
    let copy = || {
        let to = tempfile::tempdir().expect("there is a temporary folder");
        for file in std::fs::read_dir(folder).expect("the folder can be read") {
            let file = file.expect("the folder can be read");
            let copy = to.path().join(file.file_name());
            std::fs::copy(file.path(), &copy).expect("there is room for a copy");
            // What a power cut leaves is on the disk already: else the first sync of the opening would write it all.
            std::fs::File::open(&copy).and_then(|copy| copy.sync_all()).expect("the copy is written");
        }
        to
    };
    let runs = [(); 3].map(|()| {
        let to = copy();
        let clock = Stopwatch::start();
        let store = Store::open(to.path(), NetId::of_name(NETWORK), me).expect("it opens");
        let open = ms(clock);
        drop(store);
        (open, bare(copy().path()).open)
    });
    let pick = |of: fn(&(f64, f64)) -> f64| median(runs.iter().map(of).collect());
    (pick(|run| run.0), pick(|run| run.1))
}

fn ms(clock: Stopwatch) -> f64 {
    clock.elapsed().as_secs_f64() * 1_000.0
}
