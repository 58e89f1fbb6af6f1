//! How a feed grows: the anchor rule. Source: spec/feed.md, "acceptance".

use crate::chunk::{self, ChunkError, DecodeError};
use crate::entry::{self, Header, Unverified};
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
        source: ChunkError,
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
    ///
    /// # Errors
    ///
    /// [`AcceptError`]. But for [`AcceptError::Gap`], which a race can cause, no honest peer causes one.
    pub fn accept(&self, net: &NetId, key: &PublicKey, chunk: &[u8]) -> Result<Accepted, AcceptError> {
        let feed = self.feed;
        let in_chunk = |source| AcceptError::Chunk { feed, source };
        let (found, count) = chunk::span(chunk).map_err(in_chunk)?;
        if count > K {
            return Err(in_chunk(ChunkError::Count(count as usize)));
        }
        if u64::from(found) != u64::from(self.len) + 1 {
            return Err(AcceptError::Gap { feed, head: self.len, found });
        }
        let entries = chunk::decode(feed, self.tip, chunk).map_err(|error| match error {
            DecodeError::Chunk(source) => in_chunk(source),
            DecodeError::Entry { seq, source } => AcceptError::Entry { feed, seq, source },
        })?;
        let last = entries.last().expect("a chunk has at least one entry");
        if !last.is_anchor(net, key) {
            return Err(AcceptError::Signature { feed, seq: last.header.seq });
        }
        let head = Self { feed, len: last.header.seq, tip: Some(last.id) };
        Ok(Accepted { entries: entries.into_iter().map(Verified).collect(), head })
    }

    /// Signs the next entry of one's own feed.
    ///
    /// # Errors
    ///
    /// [`EntryError`] if the draft passes a limit.
    ///
    /// # Panics
    ///
    /// If `secret` is another feed's.
    pub fn sign(
        &self,
        net: &NetId,
        secret: &SecretKey,
        draft: Draft,
    ) -> Result<(Verified, Self), EntryError> {
        assert_eq!(secret.feed(), self.feed, "a feed is signed by its own key");
        let seq = self.len.checked_add(1).ok_or(EntryError::Seq(u64::from(self.len) + 1))?;
        let Draft { kind, refs, body, time_ms } = draft;
        if body.len() > kind.body_bytes_max() {
            return Err(EntryError::Size(body.len() as u64));
        }
        let header = Header {
            author: self.feed,
            seq,
            prev: self.tip,
            time_ms,
            kind,
            size: body.len() as u32,
            body_hash: Header::hash_body(&body),
            refs,
        };
        let signature = entry::sign(net, secret, &header.encode());
        let entry = Verified(Unverified::new(header, signature, Some(body))?);
        let head = Self { feed: self.feed, len: seq, tip: Some(entry.id) };
        Ok((entry, head))
    }
}
