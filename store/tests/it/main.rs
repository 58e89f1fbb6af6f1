//! The store seen from outside. Authors and chunks for all of it stand here.

#![allow(clippy::unwrap_used, reason = "what the tests share may fail them")]

mod agenda;
mod backup;
mod compact;
mod crash;
mod damage;
mod failing;
mod full;
mod held;
mod ingest;
mod lookup;
mod migrate;
mod model;
mod posted;
mod rebuild;
mod serve;
mod succession;
mod town;

use std::sync::OnceLock;

use klatch_feed::post::Person;
use klatch_feed::{
    Draft, EntryId, FeedId, Head, Header, Kind, NetId, Post, SecretKey, Seq, Unverified, chunk,
};
use klatch_store::{Incoming, Outcome, Report, Store};
use tempfile::TempDir;

const NOTE: Kind = Kind(400);

fn net() -> NetId {
    static NET: OnceLock<NetId> = OnceLock::new();
    *NET.get_or_init(|| NetId::of_name("klatch tests"))
}

/// Somebody who writes a log, in memory.
#[derive(Clone)]
struct Author {
    seed: u8,
    log: Vec<Unverified>,
}

impl Author {
    fn new(seed: u8) -> Self {
        Self { seed, log: Vec::new() }
    }

    fn secret(&self) -> SecretKey {
        SecretKey::from_seed(&[self.seed; 32])
    }

    fn feed(&self) -> FeedId {
        self.secret().feed()
    }

    fn person(&self) -> Person {
        Person { feed: self.feed(), genesis: self.id(1) }
    }

    fn head(&self) -> Head {
        Head { feed: self.feed(), len: self.log.len() as Seq, tip: self.log.last().map(Unverified::id) }
    }

    fn say(&mut self, draft: Draft) -> EntryId {
        let (entry, _) = self.head().sign(&net(), &self.secret(), draft).unwrap();
        self.log.push((*entry).clone());
        entry.id()
    }

    fn post(&mut self, post: &Post) -> EntryId {
        self.say(draft(post))
    }

    /// `count` entries that say nothing, each with its own body.
    fn notes(&mut self, count: usize) -> &mut Self {
        for _ in 0..count {
            let body = format!("note {} of {}", self.log.len() + 1, self.seed);
            self.say(note(body.as_bytes()));
        }
        self
    }

    /// An entry whose signature is none: it can be held, but nothing can end on it.
    fn unsigned(&mut self, body: &[u8]) -> &mut Self {
        let Head { feed, len, tip } = self.head();
        let header = Header {
            author: feed,
            seq: len + 1,
            prev: tip,
            time_ms: 0,
            kind: NOTE,
            size: body.len() as u32,
            body_hash: Header::hash_body(body),
            refs: Vec::new(),
        };
        self.log.push(Unverified::new(header, [1; 64], Some(body.to_vec())).unwrap());
        self
    }

    /// The same log up to `len`, to go on differently.
    fn fork(&self, len: usize) -> Self {
        Self { seed: self.seed, log: self.log[..len].to_vec() }
    }

    /// Entries `from..=to` as a chunk.
    fn chunk(&self, from: Seq, to: Seq) -> Incoming {
        self.chunk_with(from, to, true)
    }

    fn chunk_with(&self, from: Seq, to: Seq, bodies: bool) -> Incoming {
        let part: Vec<_> = self.log[from as usize - 1..to as usize].iter().collect();
        let base8 = (from > 1).then(|| self.log[from as usize - 2].id().tip8());
        Incoming { feed: self.feed(), base8, chunk: chunk::encode(&part, |_| bodies) }
    }

    /// The whole log, in chunks.
    fn chunks(&self) -> Vec<Incoming> {
        let len = self.log.len() as Seq;
        (1..=len).step_by(256).map(|from| self.chunk(from, len.min(from + 255))).collect()
    }

    fn id(&self, seq: Seq) -> EntryId {
        self.log[seq as usize - 1].id()
    }
}

fn note(body: &[u8]) -> Draft {
    Draft { kind: NOTE, refs: Vec::new(), body: body.to_vec(), time_ms: 1_700_000_000_000 }
}

fn draft(post: &Post) -> Draft {
    post.draft(1_700_000_000_000, [9; 16]).unwrap()
}

/// A new store in a folder of its own, owned by the author of seed 1.
fn store() -> (TempDir, Store) {
    let home = tempfile::tempdir().unwrap();
    let store = Store::create(home.path(), net(), Author::new(1).feed()).unwrap();
    (home, store)
}

fn reopen(home: &TempDir, store: Store) -> Store {
    drop(store);
    Store::open(home.path(), net(), Author::new(1).feed()).unwrap()
}

/// Takes one chunk that is to be accepted.
fn accept(store: &mut Store, incoming: &Incoming) {
    let outcome = ingest(store, incoming);
    assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
}

fn ingest(store: &mut Store, incoming: &Incoming) -> Outcome {
    store.ingest(std::slice::from_ref(incoming)).unwrap().0.pop().unwrap()
}

fn accept_all(store: &mut Store, author: &Author) {
    let (outcomes, _) = store.ingest(&author.chunks()).unwrap();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Accepted(_))), "{outcomes:?}");
}

fn verify(store: &Store) -> Report {
    store.reader().snapshot().unwrap().verify(&mut |_, _| {}).unwrap()
}

/// A group that its founder alone leads.
fn group() -> Post {
    let (schedulers, joining) = Default::default();
    Post::Group { name: "Rust".into(), owners: vec![], schedulers, joining, silence: None }
}

/// An event, in a group or by itself.
fn tea(group: Option<EntryId>) -> Post {
    let (title, start, zone) = ("Tea".into(), "2026-12-03T19:00".into(), "UTC".into());
    Post::Event { group, title, start, zone, minutes: 60, capacity: None, split: false, repeat: None }
}

/// All entries, indexes and views are in order, and each view is what all its facts fold to at once: the store folds
/// what a group says apart from what is said of its events.
fn assert_sound(store: &Store) {
    assert_eq!(verify(store).problems, Vec::<String>::new());
    let snapshot = store.reader().snapshot().unwrap();
    let facts = |id: EntryId| snapshot.facts(&id).unwrap().unwrap();
    for group in snapshot.groups().unwrap() {
        assert_eq!(facts(group.id).group(group.id), Some(group));
    }
    for event in snapshot.events().unwrap() {
        let (folded, occurrences) = facts(event.id).events(&snapshot.net(), event.id).unwrap();
        assert_eq!(folded, event);
        for folded in occurrences {
            let held = snapshot.occurrence(&event.id, folded.occ.as_deref().unwrap()).unwrap();
            assert_eq!(held, Some(folded));
        }
    }
}

/// Accepted length, tip and cap.
fn state(store: &Store, author: &Author) -> (Seq, Option<EntryId>, Option<Seq>) {
    let state = store.reader().snapshot().unwrap().state(&author.feed()).unwrap();
    state.map_or((0, None, None), |state| (state.len, state.tip, state.cap))
}
