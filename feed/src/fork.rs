//! Proof that an author signed two entries for one place. Source: spec/feed.md, "forks".

use crate::codec::CodecError;
use crate::{EntryId, FeedId, NetId, Seq, Unverified};

/// Two segments of one feed that share `prev`, start at one place with different entries, and each end
/// on their first anchor. Holding one proves that it was checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ForkProof {
    author: FeedId,
    first: Seq,
    segments: [Vec<Vec<u8>>; 2], // header || signature each; smaller first id first
}

/// Why something proves no fork.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ForkError {
    /// Not the form of a proof.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The segments do not start at one place after one entry.
    #[error("the two segments do not start at one place after one entry")]
    Start,
    /// They start with the same entry, or in the wrong order.
    #[error("the two segments start with the same entry, or the larger comes first")]
    Order,
    /// A segment is ill-formed, broken, or longer than K.
    #[error("segment {0} is not a chain of well-formed entries")]
    Segment(usize),
    /// A segment does not end on its first anchor.
    #[error("segment {0} does not end on its first anchor")]
    Anchor(usize),
}

impl ForkProof {
    /// Builds the proof from two branches, each from the first differing entry on (later entries than
    /// the first anchor are cut off here).
    pub fn build(net: &NetId, a: &[Unverified], b: &[Unverified]) -> Result<Self, ForkError> {
        let _ = (net, a, b);
        todo!()
    }
    /// Reads and checks the canonical bytes `[author, seg_a, seg_b]`.
    pub fn decode(net: &NetId, bytes: &[u8]) -> Result<Self, ForkError> {
        let _ = (net, bytes);
        todo!()
    }
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        todo!()
    }
    /// Whose fork.
    pub fn author(&self) -> FeedId {
        self.author
    }
    /// The feed's cap: the place before the first differing entry.
    pub fn cap(&self) -> Seq {
        self.first - 1
    }
    /// First ids of the two branches, smaller first.
    pub fn branches(&self) -> [EntryId; 2] {
        todo!()
    }
}
