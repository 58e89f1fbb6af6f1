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
