//! One entry: header, signature, body; bytes to `Unverified` to `Verified`.

use sha2::{Digest, Sha256};

use crate::codec::{self, CodecError, Cursor};
use crate::{EntryId, FeedId, NetId, PublicKey, SecretKey, Seq};

/// The version of header and compact form that this is.
pub(crate) const VERSION: u64 = 1;
/// What every signature of an entry begins with; the network's id follows.
const SIGNING_DOMAIN: &[u8] = b"klatch/entry/1\0";

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

    /// Longest body of an entry of this kind, in bytes.
    pub fn body_bytes_max(self) -> usize {
        if self.is_control() { CONTROL_BODY_BYTES_MAX } else { BODY_BYTES_MAX }
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
    /// A place that no feed has.
    #[error("place {0}, where 1 to 4294967295 are allowed")]
    Seq(u64),
    /// Entry 1 names one before it, or another entry does not.
    #[error("entry 1 alone, and always, has none before it")]
    Prev,
    /// A time past [`TIME_MS_MAX`].
    #[error("time {0} is past 2^53 - 1")]
    Time(u64),
    /// A kind past 65535.
    #[error("kind {0} is past 65535")]
    Kind(u64),
    /// A body longer than its kind may have.
    #[error("a body of {0} bytes is too long for its kind")]
    Size(u64),
    /// More refs than [`REFS_MAX`].
    #[error("{0} refs, where at most 8 are allowed")]
    Refs(u64),
    /// One ref twice.
    #[error("a ref is there twice")]
    RefTwice,
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
    /// An empty body that was left out of a compact row; it has one form, the empty string.
    #[error("entry {seq} leaves out a body that is empty")]
    EmptyBody {
        /// Which entry.
        seq: Seq,
    },
}

impl Header {
    /// The canonical 9-element array. Source: spec/feed.md, "header".
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(120 + 34 * self.refs.len());
        self.encode_into(&mut out);
        out
    }

    /// Appends what [`Self::encode`] returns: by hand, since it is done for every entry that comes in.
    pub(crate) fn encode_into(&self, out: &mut Vec<u8>) {
        codec::put_array(out, 9);
        codec::put_uint(out, VERSION);
        codec::put_bytes(out, self.author.as_bytes());
        codec::put_uint(out, self.seq.into());
        match &self.prev {
            Some(prev) => codec::put_bytes(out, prev.as_bytes()),
            None => codec::put_null(out),
        }
        codec::put_uint(out, self.time_ms);
        codec::put_uint(out, self.kind.0.into());
        codec::put_uint(out, self.size.into());
        codec::put_bytes(out, &self.body_hash);
        put_refs(out, &self.refs);
    }

    /// Reads a header within all limits.
    ///
    /// # Errors
    ///
    /// [`EntryError`] for whatever no honest author signs.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        if bytes.len() > HEADER_BYTES_MAX {
            return Err(CodecError::TooLong { found: bytes.len(), max: HEADER_BYTES_MAX }.into());
        }
        let mut cursor = Cursor::new(bytes);
        if cursor.array("array of 9")? != 9 {
            return Err(CodecError::Shape { at: 0, wanted: "array of 9" }.into());
        }
        let version = cursor.uint("version")?;
        if version != VERSION {
            return Err(EntryError::Version(version));
        }
        let author = FeedId::new(*cursor.fixed("author of 32 bytes")?);
        let seq = cursor.uint("seq")?;
        let prev = cursor.fixed_or_null("prev of 32 bytes or null")?.map(|prev| EntryId::new(*prev));
        let time_ms = cursor.uint("time")?;
        let kind = cursor.uint("kind")?;
        let size = cursor.uint("size")?;
        let body_hash = *cursor.fixed("body hash of 32 bytes")?;
        let refs = read_refs(&mut cursor)?;
        cursor.finish()?;

        let header = Self {
            author,
            seq: u32::try_from(seq).map_err(|_| EntryError::Seq(seq))?,
            prev,
            time_ms,
            kind: Kind(u16::try_from(kind).map_err(|_| EntryError::Kind(kind))?),
            size: u32::try_from(size).map_err(|_| EntryError::Size(size))?,
            body_hash,
            refs: refs.collect(),
        };
        header.check()?;
        Ok(header)
    }

    /// The limits that the header's bytes alone show.
    pub(crate) fn check(&self) -> Result<(), EntryError> {
        if self.seq == 0 {
            return Err(EntryError::Seq(0));
        }
        if self.prev.is_none() != (self.seq == 1) {
            return Err(EntryError::Prev);
        }
        if self.time_ms > TIME_MS_MAX {
            return Err(EntryError::Time(self.time_ms));
        }
        if self.size as usize > self.kind.body_bytes_max() {
            return Err(EntryError::Size(self.size.into()));
        }
        if self.size == 0 && self.body_hash != Self::hash_body(&[]) {
            return Err(EntryError::Body { seq: self.seq });
        }
        if self.refs.len() > REFS_MAX {
            return Err(EntryError::Refs(self.refs.len() as u64));
        }
        let repeats = |(at, id): (usize, &EntryId)| self.refs[..at].contains(id);
        if self.refs.iter().enumerate().any(repeats) { Err(EntryError::RefTwice) } else { Ok(()) }
    }

    /// What `body` must hash to: SHA-256 over domain, size and bytes.
    pub fn hash_body(body: &[u8]) -> [u8; 32] {
        let size = u32::try_from(body.len()).expect("a body is checked for its limit first");
        Sha256::new()
            .chain_update(b"klatch/body/1\0")
            .chain_update(size.to_be_bytes())
            .chain_update(body)
            .finalize()
            .into()
    }
}

/// The id of the entry with these header bytes and this signature. Source: spec/feed.md, "id".
pub(crate) fn id_of(header: &[u8], signature: &[u8; 64]) -> EntryId {
    let hash = Sha256::new().chain_update(b"klatch/id/1\0").chain_update(header).chain_update(signature);
    EntryId::new(hash.finalize().into())
}

/// Signs header bytes.
pub(crate) fn sign(net: &NetId, secret: &SecretKey, header: &[u8]) -> [u8; 64] {
    secret.sign(&[SIGNING_DOMAIN, net.as_bytes(), header])
}

/// Whether the signature over these header bytes is `key`'s.
pub(crate) fn is_signed(net: &NetId, key: &PublicKey, header: &[u8], signature: &[u8; 64]) -> bool {
    key.verify(&[SIGNING_DOMAIN, net.as_bytes(), header], signature)
}

pub(crate) fn put_refs(out: &mut Vec<u8>, refs: &[EntryId]) {
    codec::put_array(out, refs.len());
    for id in refs {
        codec::put_bytes(out, id.as_bytes());
    }
}

/// Reads an array of ids without allocating; how many there may be is the caller's to check.
pub(crate) fn read_refs<'a>(
    cursor: &mut Cursor<'a>,
) -> Result<impl ExactSizeIterator<Item = EntryId> + use<'a>, CodecError> {
    let count = cursor.array("refs")?;
    let from = cursor.at();
    for _ in 0..count {
        cursor.fixed::<32>("ref of 32 bytes")?;
    }
    let ids = cursor.since(from).chunks_exact(34);
    Ok(ids.map(|item| EntryId::new(*item.last_chunk().expect("a ref is 2 + 32 bytes"))))
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
    /// Puts header, signature and body together; checks the header's limits, and the body (if any) against it.
    ///
    /// # Errors
    ///
    /// [`EntryError`] if a limit is passed, the body is not the one named, or a control entry lacks it.
    pub fn new(header: Header, signature: [u8; 64], body: Option<Vec<u8>>) -> Result<Self, EntryError> {
        header.check()?;
        let seq = header.seq;
        let body = match body {
            None if header.size == 0 => Some(Vec::new()),
            None if header.kind.is_control() => return Err(EntryError::ControlBody { seq }),
            Some(body) if body.len() != header.size as usize => return Err(EntryError::Body { seq }),
            Some(body) if Header::hash_body(&body) != header.body_hash => {
                return Err(EntryError::Body { seq });
            }
            body => body,
        };
        let id = id_of(&header.encode(), &signature);
        Ok(Self { header, signature, id, body })
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
    /// Whether its own signature is `key`'s: whether it is an anchor. Source: spec/feed.md, "acceptance".
    pub fn is_anchor(&self, net: &NetId, key: &PublicKey) -> bool {
        is_signed(net, key, &self.header.encode(), &self.signature)
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
