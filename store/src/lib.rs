//! The disk: entries, frontier, change log, and the views kept by the fold.
//!
//! One writer ([`Store`]), any number of readers ([`Reader`], each read a snapshot). Everything that one
//! commit accepts, indexes and folds stands in one transaction. An own entry is durable, in the database
//! and in the head witness, before [`Store::append`] returns.
//!
//! Two files in the home: `klatch.redb` and `head.witness`. What of them may be trusted:
//!
//! - rows of entries are the truth, and are re-hashed whenever they are read or served;
//! - indexes and views are caches of it: [`Store::rebuild`] makes the same ones again;
//! - local facts ([`Store::set_local`]) exist nowhere else, so a backup is of the whole file.
//!
//! Absent on purpose: clocks, networks, keys at rest, and any repair by guessing. A damaged or missing
//! database is an error that says so; it never becomes an empty one.

mod batch;
mod disk;
mod entries;
mod error;
mod guard;
mod index;
mod ingest;
mod snapshot;
mod store;
mod table;
mod verify;
mod view;
mod witness;

use klatch_feed::{AcceptError, EntryId, FeedId, Seq};

pub use disk::{Disk, Home};
pub use error::{AppendError, Damage, DiskError, NetIdHex, OpenError};
pub use guard::panics_are_caught;
pub use snapshot::{Local, Reader, Snapshot};
pub use store::Store;
pub use table::{SCHEMA, TOKENS};

/// What is held of one feed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FeedState {
    /// Accepted entries: the largest anchor at or below the cap.
    pub len: Seq,
    /// The last accepted entry; `None` iff `len` is 0.
    pub tip: Option<EntryId>,
    /// The lowest proven fork's cap.
    pub cap: Option<Seq>,
    /// Bytes its rows take, entries in quarantine included.
    pub bytes: u64,
}

impl FeedState {
    fn of(row: &table::FeedRow) -> Self {
        Self { len: row.len, tip: (row.len > 0).then_some(row.tip), cap: row.cap(), bytes: row.bytes }
    }
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
pub enum Outcome {
    /// All that the feed's cap allows of it is held now, or was held before.
    Accepted(FeedState),
    /// It starts after the end of what is held.
    Gap(FeedState),
    /// Its base is another entry than the one held there: perhaps a fork below.
    OtherBranch(FeedState),
    /// It differs from what is held and proves a fork; the proof is kept.
    Forked(FeedState),
    /// The sender's fault.
    Faulty(AcceptError),
    /// It extends the node's own feed, which only the node itself may: another store posted under this key.
    /// Nothing of it is kept, and appends are refused from now on.
    OwnLonger(FeedState),
}

/// What one commit changed: for live push and views.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Changes {
    /// Feeds with new entries, bodies or caps, by feed number, and what their new entries point at, with the
    /// place of the first that does.
    pub feeds: Vec<(FeedId, Vec<(EntryId, Seq)>)>,
    /// Groups and events whose folded state is another now, by id.
    pub objects: Vec<EntryId>,
    /// The change log's position after the commit; 0 where it changed nothing of the log.
    pub clock: u64,
}

/// Why own appends are refused. The full recovery comes with succession.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum Held {
    /// The witness knows a later own entry than the database.
    #[error(
        "this store holds {store} own entries, but {witness} were posted from it: it was restored from an \
         older copy. Posting is off, since it would fork the feed. Put back the newest copy of klatch.redb"
    )]
    WitnessAhead { witness: Seq, store: Seq },
    /// There is no readable witness where one should be.
    #[error(
        "head.witness is missing or unreadable beside a store with {store} own entries, so nothing says \
         whether these are all that were posted. Posting is off, since it could fork the feed. Put \
         head.witness back from where klatch.redb came from"
    )]
    WitnessMissing { store: Seq },
    /// The witness belongs to another instance of the database: one of the two was restored.
    #[error(
        "head.witness (entry {witness}) belongs to another store than klatch.redb (entry {store}): one of \
         them was copied here alone. Posting is off, since it could fork the feed. Put both back from one place"
    )]
    WitnessOther { witness: Seq, store: Seq },
    /// Witness and database name different entries at one place.
    #[error(
        "entry {at} of this store is another than the one posted from it. Posting is off, since it would \
         fork the feed. Put back the newest copy of klatch.redb"
    )]
    WitnessDiffers { at: Seq },
    /// A peer delivered own entries that this store does not hold.
    #[error(
        "a peer holds {peer} entries under this key, this store {store}: another copy of it posted. Posting \
         is off, since it would fork the feed. Go on with the copy that posted last"
    )]
    PeerAhead { peer: Seq, store: Seq },
    /// Two branches of the own feed are proven.
    #[error(
        "this feed is forked after entry {cap}: two copies of the key posted. Nobody counts what comes after \
         it, so posting is off. Start over with `klatch init` in a new home"
    )]
    Forked { cap: Seq },
}

/// One local fact to set: space, key, and the value, or `None` to remove it.
pub type SetLocal<'a> = (&'a str, &'a [u8], Option<&'a [u8]>);

/// Progress of long work: done and total, in entries.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// What [`Snapshot::verify`] found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// Feeds looked at.
    pub feeds: u64,
    /// Entries re-hashed.
    pub entries: u64,
    /// Bytes of their rows.
    pub bytes: u64,
    /// What is wrong, one line each, naming feed and place; empty = all good. Stops at 1,000.
    pub problems: Vec<String>,
}
