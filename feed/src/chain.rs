//! How a feed grows: the anchor rule. Source: spec/feed.md, "acceptance".

use crate::{Draft, EntryError, EntryId, FeedId, NetId, PublicKey, SecretKey, Seq, Verified};

/// Most entries from one anchor to the next.
pub const K: u32 = 256;

/// The end of a feed as somebody holds it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Head {
    /// Whose.
    pub feed: FeedId,
    /// How many entries.
    pub len: Seq,
    /// The last one; `None` iff `len` is 0.
    pub tip: Option<EntryId>,
}

/// What a chunk added.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Accepted {
    /// The entries, oldest first; the last is an anchor.
    pub entries: Vec<Verified>,
    /// The head after them.
    pub head: Head,
}

/// Why a chunk cannot follow the head of its feed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AcceptError {
    /// The compact form is not one.
    #[error("chunk of {feed}: {source}")]
    Chunk {
        /// Whose.
        feed: FeedId,
        /// What is wrong.
        source: crate::chunk::ChunkError,
    },
    /// An entry in it is ill-formed.
    #[error("entry {seq} of {feed}: {source}")]
    Entry {
        /// Whose.
        feed: FeedId,
        /// Which.
        seq: Seq,
        /// What is wrong.
        source: EntryError,
    },
    /// It starts elsewhere than after the head.
    #[error("entry {found} of {feed} does not follow entry {head}")]
    Gap {
        /// Whose.
        feed: FeedId,
        /// Where the head is.
        head: Seq,
        /// Where the chunk starts.
        found: Seq,
    },
    /// The feed's name is not a key that may sign.
    #[error("{feed} is not a key that can sign: {source}")]
    Key {
        /// Whose.
        feed: FeedId,
        /// What is wrong.
        source: crate::key::KeyError,
    },
    /// The last entry's own signature does not verify.
    #[error("the chunk of {feed} that ends at entry {seq} is not signed by its author")]
    Signature {
        /// Whose.
        feed: FeedId,
        /// The last entry.
        seq: Seq,
    },
}

impl Head {
    /// A feed of which nothing is held.
    pub fn empty(feed: FeedId) -> Self {
        Self { feed, len: 0, tip: None }
    }

    /// Accepts a chunk in compact form that starts right after this head and ends on an anchor; checks
    /// every entry's form and one signature. `key` is the feed's, parsed once.
    pub fn accept(&self, net: &NetId, key: &PublicKey, chunk: &[u8]) -> Result<Accepted, AcceptError> {
        let _ = (net, key, chunk);
        todo!()
    }

    /// Signs the next entry of one's own feed.
    pub fn sign(&self, net: &NetId, secret: &SecretKey, draft: Draft) -> Result<(Verified, Self), EntryError> {
        let _ = (net, secret, draft);
        todo!()
    }
}
