//! One entry: header, signature, body; bytes to `Unverified` to `Verified`.

use crate::codec::CodecError;
use crate::{EntryId, FeedId, Seq};

/// Longest header, in bytes.
pub const HEADER_BYTES_MAX: usize = 512;
/// Longest body, in bytes.
pub const BODY_BYTES_MAX: usize = 16_384;
/// Longest body of a control entry, in bytes.
pub const CONTROL_BODY_BYTES_MAX: usize = 2_048;
/// Most entries one entry can point at.
pub const REFS_MAX: usize = 8;
/// Latest claim of time, in milliseconds since 1970.
pub const TIME_MS_MAX: u64 = (1 << 53) - 1;

/// What an entry is about, and whether its body may be missing. Source: spec/posts.md, "kinds".
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Kind(pub u16);

impl Kind {
    /// 0 to 63: the body is part of acceptance and is kept for ever.
    pub fn is_control(self) -> bool {
        self.0 < 64
    }
    /// Below 256: read by the fold of groups and events.
    pub fn is_fold(self) -> bool {
        self.0 < 256
    }
}

/// The signed part of an entry, but for `version` (always 1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Header {
    /// Whose log.
    pub author: FeedId,
    /// Place in it, from 1.
    pub seq: Seq,
    /// The entry before; `None` iff `seq` is 1.
    pub prev: Option<EntryId>,
    /// When, as the author claims: milliseconds since 1970.
    pub time_ms: u64,
    /// What.
    pub kind: Kind,
    /// Bytes of the body.
    pub size: u32,
    /// Hash of the body, covering its size.
    pub body_hash: [u8; 32],
    /// Entries it points at, distinct, in the author's order.
    pub refs: Vec<EntryId>,
}

/// Why bytes are not an entry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EntryError {
    /// The header is not canonical CBOR of the right shape.
    #[error("header: {0}")]
    Codec(#[from] CodecError),
    /// A version this node does not know.
    #[error("entry version {0} is not known here")]
    Version(u64),
    /// A number past its limit, a ref twice, `prev` where none may be ...
    #[error("header: {0} is out of its limits")]
    Limit(&'static str),
    /// The body is not the one the header names.
    #[error("the body of entry {seq} is not the one its header names")]
    Body {
        /// Which entry.
        seq: Seq,
    },
    /// A control entry without its body.
    #[error("entry {seq} is a control entry and came without its body")]
    ControlBody {
        /// Which entry.
        seq: Seq,
    },
}

impl Header {
    /// The canonical 9-element array. Source: spec/feed.md, "header".
    pub fn encode(&self) -> Vec<u8> {
        todo!()
    }
    /// Reads a header within all limits.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        let _ = bytes;
        todo!()
    }
    /// What `body` must hash to: SHA-256 over domain, size and bytes.
    pub fn hash_body(body: &[u8]) -> [u8; 32] {
        let _ = body;
        todo!()
    }
}

/// A well-formed entry whose author nobody has checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unverified {
    pub(crate) header: Header,
    pub(crate) signature: [u8; 64],
    pub(crate) id: EntryId,
    pub(crate) body: Option<Vec<u8>>,
}

/// An entry accepted under the anchor rule (spec/feed.md, "acceptance"). Made by [`crate::Head`] alone,
/// and by [`Verified::trusted`] from what this node accepted before.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified(pub(crate) Unverified);

impl Unverified {
    /// Puts header, signature and body together; checks the body (if any) against the header.
    pub fn new(header: Header, signature: [u8; 64], body: Option<Vec<u8>>) -> Result<Self, EntryError> {
        let _ = (header, signature, body);
        todo!()
    }
    /// Its header.
    pub fn header(&self) -> &Header {
        &self.header
    }
    /// Its signature.
    pub fn signature(&self) -> &[u8; 64] {
        &self.signature
    }
    /// Its id.
    pub fn id(&self) -> EntryId {
        self.id
    }
    /// Its body, if it came along or is held. The empty body is always held.
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }
}

impl Verified {
    /// Takes an entry back from the disk, where only accepted ones go. The caller vouches for it.
    pub fn trusted(entry: Unverified) -> Self {
        Self(entry)
    }
}

impl std::ops::Deref for Verified {
    type Target = Unverified;
    fn deref(&self) -> &Unverified {
        &self.0
    }
}

/// What somebody wants to say, before it has a place in their log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Draft {
    /// What.
    pub kind: Kind,
    /// Entries it points at.
    pub refs: Vec<EntryId>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// When: milliseconds since 1970.
    pub time_ms: u64,
}
