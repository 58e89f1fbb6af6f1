//! The disk: entries, frontier, change log, and the views kept by the fold.
//!
//! One writer ([`Store`]), any number of readers ([`Reader`], each read a snapshot). Everything that one
//! commit accepts, indexes and folds stands in one transaction. All is durable on return; an own entry by the
//! head witness, which keeps it until the database is (see `witness.rs`).
//!
//! Two files in the home: `klatch.redb` and `head.witness`. What of them may be trusted:
//!
//! - rows of entries are the truth, and are re-hashed whenever they are read or served;
//! - indexes and views are caches of it: [`Store::rebuild`] makes the same ones again;
//! - local facts ([`Store::set_local`]) exist nowhere else, so a backup is of the whole file.
//!
//! Absent on purpose: clocks, networks, keys at rest, and any repair by guessing. A damaged or missing
//! database is an error that says so; it never becomes an empty one.

mod agenda;
mod ahead;
mod announced;
mod backup;
mod batch;
mod copy;
mod disk;
mod entries;
mod error;
mod guard;
mod ids;
mod index;
mod ingest;
mod lookup;
mod recovering;
mod shared;
mod snapshot;
mod store;
mod succession;
mod table;
mod verify;
mod view;
mod witness;

use std::collections::BTreeMap;

use klatch_feed::{AcceptError, EntryId, FeedId, Seq};

pub use announced::Announced;
pub use backup::{BackupError, Parts, Restored};
pub use disk::{Disk, Home};
pub use error::{AppendError, Damage, DiskError, NetIdHex, OpenError};
pub use guard::panics_are_caught;
pub use lookup::{Found, words};
pub use recovering::SettleError;
pub use snapshot::{Local, Reader, Snapshot, Titled};
pub use store::{HandOverError, Store};
pub use succession::Kept;
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
}

/// What one commit changed: for live push and views.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Changes {
    /// Feeds with new entries, bodies or caps, by feed number, and what their new entries point at, with the
    /// place of the first that does.
    pub feeds: Vec<(FeedId, Vec<(EntryId, Seq)>)>,
    /// Lengths and caps of these feeds before, but of those that a succession ended now.
    pub before: BTreeMap<FeedId, (Seq, Option<Seq>)>,
    /// Groups and events whose folded state is another now, by id.
    pub objects: Vec<EntryId>,
    /// The change log's position after the commit; 0 where it changed nothing of the log.
    pub clock: u64,
    /// Another succession counts now, or one no longer does: who is who, wherever it was looked up.
    pub lineage: bool,
    /// Statements that say nothing had taken all places that a feed has for them before its first entry was held: others
    /// may be missing, and no peer that said them says them again on its connection. No token is held any more.
    pub crowded: bool,
}

/// Why own appends are refused. All but [`Held::Forked`], [`Held::Succeeded`] and [`Held::Outdone`] are reasons to be
/// recovering: own entries are then taken from peers, until [`Store::settle`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum Held {
    /// The witness knows a later own entry than the database.
    #[error(
        "{witness} entries were posted from this machine, and {store} are here: klatch.redb was put back from an \
         older copy"
    )]
    WitnessAhead { witness: Seq, store: Seq },
    /// There is no readable witness where one should be.
    #[error(
        "head.witness is missing or unreadable, so nothing says whether the {store} entries here are all that \
         you posted"
    )]
    WitnessMissing { store: Seq },
    /// The witness belongs to another instance of the database: one of the two was restored.
    #[error(
        "head.witness (entry {witness}) belongs to another store than klatch.redb (entry {store}): one of them \
         was copied here alone"
    )]
    WitnessOther { witness: Seq, store: Seq },
    /// Witness and database name different entries at one place.
    #[error("entry {at} here is another than the one posted from this machine")]
    WitnessDiffers { at: Seq },
    /// A peer delivered own entries that this store did not hold.
    #[error(
        "a peer holds {peer} entries under your key, and {store} were here: another copy of this home posted. \
         Find it, and stop one of the two for good"
    )]
    PeerAhead { peer: Seq, store: Seq },
    /// The store came out of a backup.
    #[error("this home was restored from a backup with {store} entries of yours; you may have posted since")]
    Restored { store: Seq },
    /// The home was made from recovery words.
    #[error(
        "this home was made from recovery words: what you posted before is still with other people's nodes"
    )]
    Words,
    /// Two branches of the own feed are proven.
    #[error(
        "your log is forked: two copies of your key posted, and they agree on the first {cap} entries only. \
         Nobody counts what either posted after that, so nothing more is posted; what is here stays here"
    )]
    Forked { cap: Seq },
    /// The own feed is succeeded.
    #[error(
        "your log goes on under another key, {by}: with your recovery words somebody said so. Nothing is posted \
         under this one any more"
    )]
    Succeeded { by: FeedId },
    /// The own feed succeeds others, and another successor of one of them counts.
    #[error(
        "two copies of your log went on, each under a key of its own, and the other key counts for everybody: {by}. \
         What was posted under this one counts no more, and nothing is posted under it"
    )]
    Outdone { by: FeedId },
}

impl Held {
    /// Whether own entries are being taken from peers.
    pub const fn is_recovering(&self) -> bool {
        !matches!(self, Self::Forked { .. } | Self::Succeeded { .. } | Self::Outdone { .. })
    }

    /// How many own entries are known to exist, apart from what peers say: fewer are not all.
    pub const fn least(&self) -> Seq {
        match self {
            Self::WitnessAhead { witness, .. } => *witness,
            _ => 0,
        }
    }
}

/// One local fact to set: space, key, and the value, or `None` to remove it.
pub type SetLocal<'a> = (&'a str, &'a [u8], Option<&'a [u8]>);

/// Progress of long work: done and total, in entries.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// What [`Store::compact`] did to the database's file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Compacted {
    /// Its bytes before.
    pub before: u64,
    /// Its bytes after.
    pub after: u64,
}

/// What a rebuild took out of a feed of somebody else, since it was damaged: peers bring it again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CutOff {
    /// Whose.
    pub feed: FeedId,
    /// The last entry that stayed.
    pub after: Seq,
    /// How many after it are gone.
    pub entries: Seq,
}

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
