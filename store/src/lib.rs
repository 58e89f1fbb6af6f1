//! The disk: entries, frontier, change log, and the views kept by the fold.
//!
//! One writer ([`Store`]), any number of readers ([`Reader`], each read a snapshot). Everything that one
//! commit accepts, indexes and folds stands in one transaction. An own entry is durable, in the database
//! and in the head witness, before [`Store::append`] returns.

use std::path::Path;

use klatch_feed::{
    AcceptError, Draft, EntryId, EventState, FeedId, ForkProof, GroupState, NetId, SecretKey, Seq, Verified,
};

/// What is held of one feed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FeedState {
    /// Accepted entries: the largest anchor at or below the cap.
    pub len: Seq,
    /// The last accepted entry.
    pub tip: Option<EntryId>,
    /// The lowest proven fork's cap.
    pub cap: Option<Seq>,
    /// Bytes its rows take.
    pub bytes: u64,
}

/// One chunk for [`Store::ingest`].
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Whose.
    pub feed: FeedId,
    /// First eight bytes of the id before its first entry; `None` iff it starts at 1.
    pub base8: Option<[u8; 8]>,
    /// The compact form.
    pub chunk: Vec<u8>,
}

/// What became of it: as `klatch_gossip::sync::Outcome`, less the refusals that are the node's.
#[derive(Clone, Debug, Eq, PartialEq)]
#[allow(missing_docs)]
pub enum Outcome {
    Accepted(FeedState),
    Gap(FeedState),
    OtherBranch(FeedState),
    Forked(FeedState),
    Faulty(AcceptError),
    /// It extends the node's own feed, which only the node itself may: own feed longer elsewhere. The store now refuses appends.
    OwnLonger(FeedState),
}

/// What one commit changed: for live push and views.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Changes {
    /// Feeds with new entries, bodies or caps, and the objects their new entries ref with a place each.
    pub feeds: Vec<(FeedId, Vec<(EntryId, Seq)>)>,
    /// Groups and events whose folded state is another now.
    pub objects: Vec<EntryId>,
}

/// Why own appends are refused. The full recovery comes with succession.
#[derive(Clone, Debug, Eq, PartialEq)]
#[allow(missing_docs)]
pub enum Held {
    /// The witness knows a later own entry than the database.
    WitnessAhead { witness: Seq, store: Seq },
    /// The feed is not empty and there is no witness.
    WitnessMissing { store: Seq },
    /// The witness belongs to another instance of the database: one of the two was restored.
    WitnessOther { witness: Seq, store: Seq },
    /// A peer delivered own entries that this store does not hold.
    PeerAhead { peer: Seq, store: Seq },
    /// Two branches of the own feed are proven.
    Forked { cap: Seq },
}

/// The one writer.
#[derive(Debug)]
pub struct Store {}

/// Any number of readers; cheap to clone, `Send + Sync`.
#[derive(Clone, Debug)]
pub struct Reader {}

/// A snapshot: every read through it sees one commit.
#[derive(Debug)]
pub struct Snapshot {}

/// Why a store does not open.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum OpenError {
    #[error("placeholder")]
    Placeholder,
}

/// The disk failed, or holds something it should not.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum DiskError {
    #[error("placeholder")]
    Placeholder,
}

/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum AppendError {
    /// Appending could fork the feed.
    #[error("held")]
    Held(Held),
    #[error(transparent)]
    Entry(#[from] klatch_feed::EntryError),
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// Progress of long work: done and total, in entries.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// What `verify` found wrong, one line each; empty = all good.
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct Report {
    pub feeds: u64,
    pub entries: u64,
    pub bytes: u64,
    pub problems: Vec<String>,
}

impl Store {
    /// Makes a new store in `home` (`klatch.redb`, `head.witness`); refuses where either exists.
    pub fn create(home: &Path, net: NetId, me: FeedId) -> Result<Self, OpenError> {
        let _ = (home, net, me);
        todo!()
    }
    /// Opens it; refuses a missing or damaged file, another network, another owner, a newer schema.
    pub fn open(home: &Path, net: NetId, me: FeedId) -> Result<Self, OpenError> {
        let _ = (home, net, me);
        todo!()
    }
    /// A reader.
    pub fn reader(&self) -> Reader {
        todo!()
    }
    /// Why appends are refused now, if they are.
    pub fn held(&self) -> Option<Held> {
        todo!()
    }
    /// Signs and appends own posts in one durable group commit.
    pub fn append(&mut self, secret: &SecretKey, drafts: Vec<Draft>) -> Result<(Vec<Verified>, Changes), AppendError> {
        let _ = (secret, drafts);
        todo!()
    }
    /// Accepts or refuses chunks, all in one durable transaction; outcomes in order.
    pub fn ingest(&mut self, batch: &[Incoming]) -> Result<(Vec<Outcome>, Changes), DiskError> {
        let _ = batch;
        todo!()
    }
    /// Keeps a fork proof: lowers the cap, quarantines, refolds. Nothing changes if a lower cap is known.
    pub fn adopt(&mut self, proof: &ForkProof) -> Result<Changes, DiskError> {
        let _ = proof;
        todo!()
    }
    /// Keeps bodies that came late; those that do not match their header are passed over (count returned).
    pub fn fill(&mut self, feed: &FeedId, from: Seq, bodies: &[Option<Vec<u8>>]) -> Result<(u32, Changes), DiskError> {
        let _ = (feed, from, bodies);
        todo!()
    }
    /// Drops everything held of a feed that is not one's own.
    pub fn forget(&mut self, feed: &FeedId) -> Result<Changes, DiskError> {
        let _ = feed;
        todo!()
    }
    /// Sets (or removes) local facts, durable: `(space, key) -> value`. Never replicated.
    pub fn set_local(&mut self, sets: &[(&str, &[u8], Option<&[u8]>)]) -> Result<(), DiskError> {
        let _ = sets;
        todo!()
    }
    /// Drops all views and indexes and makes them again from the entries.
    pub fn rebuild(&mut self, progress: Progress<'_>) -> Result<(), DiskError> {
        let _ = progress;
        todo!()
    }
}

impl Reader {
    /// A snapshot of the last commit.
    pub fn snapshot(&self) -> Result<Snapshot, DiskError> {
        todo!()
    }
}

impl Snapshot {
    /// Every feed held, by id.
    pub fn feeds(&self) -> Result<Vec<(FeedId, FeedState)>, DiskError> {
        todo!()
    }
    /// One feed; `None` if nothing is held.
    pub fn state(&self, feed: &FeedId) -> Result<Option<FeedState>, DiskError> {
        let _ = feed;
        todo!()
    }
    /// The id of its first accepted entry.
    pub fn genesis(&self, feed: &FeedId) -> Result<Option<EntryId>, DiskError> {
        let _ = feed;
        todo!()
    }
    /// Ids at places of the accepted chain.
    pub fn ids(&self, feed: &FeedId, seqs: &[Seq]) -> Result<Vec<Option<EntryId>>, DiskError> {
        let _ = (feed, seqs);
        todo!()
    }
    /// A chunk from `from` on that ends on an anchor (see `klatch_gossip::sync::Shelf::chunk`), copied from stored rows, re-hashed.
    pub fn chunk(&self, feed: &FeedId, from: Seq, headers_only: bool) -> Result<Option<Vec<u8>>, DiskError> {
        let _ = (feed, from, headers_only);
        todo!()
    }
    /// Accepted entries from `from` on, at most `max`.
    pub fn entries(&self, feed: &FeedId, from: Seq, max: usize) -> Result<Vec<Verified>, DiskError> {
        let _ = (feed, from, max);
        todo!()
    }
    /// One accepted entry.
    pub fn entry(&self, id: &EntryId) -> Result<Option<Verified>, DiskError> {
        let _ = id;
        todo!()
    }
    /// Accepted entries whose id starts with these bytes, at most `max`.
    pub fn entries_starting(&self, prefix: &[u8], max: usize) -> Result<Vec<EntryId>, DiskError> {
        let _ = (prefix, max);
        todo!()
    }
    /// Places of entries whose bodies are not held and not taken back, at most `max`.
    pub fn missing_bodies(&self, feed: &FeedId, max: usize) -> Result<Vec<Seq>, DiskError> {
        let _ = (feed, max);
        todo!()
    }
    /// The proof behind a cap.
    pub fn proof(&self, feed: &FeedId) -> Result<Option<ForkProof>, DiskError> {
        let _ = feed;
        todo!()
    }
    /// Accepted entries that ref `object`: feed and place, at most `max`.
    pub fn about(&self, object: &EntryId, max: usize) -> Result<Vec<(FeedId, Seq)>, DiskError> {
        let _ = (object, max);
        todo!()
    }
    /// A folded group.
    pub fn group(&self, id: &EntryId) -> Result<Option<GroupState>, DiskError> {
        let _ = id;
        todo!()
    }
    /// A folded event.
    pub fn event(&self, id: &EntryId) -> Result<Option<EventState>, DiskError> {
        let _ = id;
        todo!()
    }
    /// Every folded group, by id.
    pub fn groups(&self) -> Result<Vec<GroupState>, DiskError> {
        todo!()
    }
    /// Every folded event, by id.
    pub fn events(&self) -> Result<Vec<EventState>, DiskError> {
        todo!()
    }
    /// The newest profile of a feed: name and about.
    pub fn profile(&self, feed: &FeedId) -> Result<Option<(String, String)>, DiskError> {
        let _ = feed;
        todo!()
    }
    /// A local fact.
    pub fn local(&self, space: &str, key: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        let _ = (space, key);
        todo!()
    }
    /// All local facts of a space, by key.
    pub fn locals(&self, space: &str) -> Result<Vec<(Vec<u8>, Vec<u8>)>, DiskError> {
        let _ = space;
        todo!()
    }
    /// Re-hashes, re-links and checks the signatures at anchors of every entry on disk, and that views equal their fold.
    pub fn verify(&self, progress: Progress<'_>) -> Result<Report, DiskError> {
        let _ = progress;
        todo!()
    }
    /// Changes since `after` (a position of the change log), oldest first: position and feed. Later: resume tokens.
    pub fn changes_since(&self, after: u64, max: usize) -> Result<Vec<(u64, FeedId)>, DiskError> {
        let _ = (after, max);
        todo!()
    }
}
