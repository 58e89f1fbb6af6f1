//! What the store does alone: others' entries in bulk, and one's own posts.

use std::path::Path;

use klatch::clock::Stopwatch;
use klatch_feed::NetId;
use klatch_store::{Incoming, Outcome, Store};

use crate::ceilings::Ceilings;
use crate::corpus::{Corpus, ENTRIES, FEEDS, NETWORK, author, comment};
use crate::{Better, Figure, median};

/// Chunks in one transaction: some 10,000 entries.
const BATCH: usize = 40;
/// Own posts that each wait for the disk.
const SINGLE: u32 = 300;
/// Own posts in one group, and how many groups.
const GROUP: u32 = 1_000;
const GROUPS: u32 = 10;

pub(crate) fn figures(corpus: &Corpus, ceilings: &Ceilings) -> Vec<Figure> {
    let runs = [(); 3].map(|()| ingest(corpus));
    let rate = median(runs.iter().map(|run| run.0).collect());
    let bytes = median(runs.iter().map(|run| run.1).collect());
    let compacted = runs[0].2;
    let (single, grouped) = own_posts();
    vec![
        Figure::new(
            "bulk ingest, verified, indexed, folded",
            rate,
            "entries/s",
            ("bare redb rows", ceilings.rows),
            (Better::More, 400_000.0),
        ),
        Figure::new(
            "disk, with indexes, not compacted",
            bytes,
            "B/entry",
            ("body and signature", 258.0),
            (Better::Less, 330.0),
        ),
        Figure::new(
            "... after compaction",
            compacted,
            "B/entry",
            ("body and signature", 258.0),
            (Better::Less, 330.0),
        ),
        Figure::new(
            "own posts, durable one by one",
            single,
            "1/s",
            ("fdatasync", ceilings.syncs),
            (Better::More, 0.4 * ceilings.syncs),
        ),
        Figure::new(
            "own posts, grouped",
            grouped,
            "1/s",
            ("signatures, one core", ceilings.signs),
            (Better::More, 25_000.0),
        ),
    ]
}

/// A new store, and whose it is.
pub(crate) fn store(folder: &Path) -> (Store, klatch_feed::SecretKey) {
    let secret = author(FEEDS);
    let store = Store::create(folder, NetId::of_name(NETWORK), secret.feed()).expect("the folder is empty");
    (store, secret)
}

/// Seconds in which a store takes the chunks in, each batch durable.
pub(crate) fn take_in(store: &mut Store, chunks: &[Incoming]) -> f64 {
    let clock = Stopwatch::start();
    for batch in chunks.chunks(BATCH) {
        let (outcomes, _) = store.ingest(batch).expect("the disk works");
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Accepted(_))), "{outcomes:?}");
    }
    clock.elapsed().as_secs_f64()
}

/// Entries a second into an empty store, each batch durable; and bytes of the file for each, then compacted.
fn ingest(corpus: &Corpus) -> (f64, f64, f64) {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let (mut store, secret) = store(folder.path());
    let seconds = take_in(&mut store, &corpus.chunks);
    drop(store);
    let bytes = || {
        let file = std::fs::metadata(folder.path().join("klatch.redb")).expect("the store is one file");
        file.len() as f64 / ENTRIES
    };
    let filled = bytes();
    let mut store = Store::open(folder.path(), NetId::of_name(NETWORK), secret.feed()).expect("it opens");
    store.compact(&mut |_, _| {}).expect("there is room for a copy");
    drop(store);
    (ENTRIES / seconds, filled, bytes())
}

/// Own posts a second, one by one and in groups.
fn own_posts() -> (f64, f64) {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let (mut store, secret) = store(folder.path());
    let clock = Stopwatch::start();
    for n in 0..SINGLE {
        store.append(&secret, vec![comment(FEEDS, n)]).expect("the disk works");
    }
    let single = f64::from(SINGLE) / clock.elapsed().as_secs_f64();
    let groups: Vec<Vec<_>> =
        (1..=GROUPS).map(|group| (0..GROUP).map(|n| comment(FEEDS + group, n)).collect()).collect();
    let clock = Stopwatch::start();
    for drafts in groups {
        store.append(&secret, drafts).expect("the disk works");
    }
    (single, f64::from(GROUP * GROUPS) / clock.elapsed().as_secs_f64())
}
