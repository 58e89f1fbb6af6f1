//! Proof that an author signed two entries for one place. Source: spec/feed.md, "forks".

use crate::chain::K;
use crate::codec::{self, CodecError, Cursor};
use crate::entry::{self, HEADER_BYTES_MAX, Header};
use crate::key::KeyError;
use crate::{EntryId, FeedId, NetId, PublicKey, Seq, Unverified};

const SIGNATURE_BYTES: usize = 64;
/// Longest proof: two segments of K entries with the longest headers, each item with its CBOR head.
pub const PROOF_BYTES_MAX: usize = 64 + 2 * K as usize * (3 + HEADER_BYTES_MAX + SIGNATURE_BYTES);

/// Two segments of one feed that share `prev`, start at one place with different entries, and each end
/// on their first anchor. Holding one proves that it was checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ForkProof {
    author: FeedId,
    first: Seq,
    branches: [EntryId; 2], // Of the first entries, smaller first.
    bytes: Vec<u8>,
}

/// Why something proves no fork.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ForkError {
    /// Not the form of a proof.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The author's name is not a key that may sign.
    #[error(transparent)]
    Key(#[from] KeyError),
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
    ///
    /// # Errors
    ///
    /// [`ForkError`] if the two prove nothing; a missing segment or anchor is counted as the arguments are.
    pub fn build(net: &NetId, a: &[Unverified], b: &[Unverified]) -> Result<Self, ForkError> {
        let author = a.first().ok_or(ForkError::Segment(0))?.header.author;
        b.first().ok_or(ForkError::Segment(1))?;
        let key = PublicKey::parse(&author)?;
        let mut branches = [(a, 0), (b, 1)];
        branches.sort_by_key(|(branch, _)| branch.first().map(|entry| entry.id));
        let mut bytes = Vec::new();
        codec::put_array(&mut bytes, 3);
        codec::put_bytes(&mut bytes, author.as_bytes());
        for (branch, index) in branches {
            let anchor = branch.iter().take(K as usize).position(|entry| entry.is_anchor(net, &key));
            let segment = &branch[..=anchor.ok_or(ForkError::Anchor(index))?];
            codec::put_array(&mut bytes, segment.len());
            for entry in segment {
                codec::put_bytes(&mut bytes, &[&entry.header.encode()[..], &entry.signature].concat());
            }
        }
        Self::decode(net, &bytes)
    }

    /// Reads and checks the canonical bytes `[author, segment, segment]`, a segment being an array of
    /// `header || signature`. Up to 2 K signatures are checked.
    ///
    /// # Errors
    ///
    /// [`ForkError`] for anything that proves no fork, or is not the one form of its proof.
    pub fn decode(net: &NetId, bytes: &[u8]) -> Result<Self, ForkError> {
        if bytes.len() > PROOF_BYTES_MAX {
            return Err(CodecError::TooLong { found: bytes.len(), max: PROOF_BYTES_MAX }.into());
        }
        let mut cursor = Cursor::new(bytes);
        if cursor.array("array of 3")? != 3 {
            return Err(CodecError::Shape { at: 0, wanted: "array of 3" }.into());
        }
        let author = FeedId::new(*cursor.fixed("author of 32 bytes")?);
        let segments = [Segment::read(&mut cursor, author, 0)?, Segment::read(&mut cursor, author, 1)?];
        cursor.finish()?;

        let [a, b] = &segments;
        if (a.first, a.prev) != (b.first, b.prev) {
            return Err(ForkError::Start);
        }
        if a.id >= b.id {
            return Err(ForkError::Order);
        }
        let key = PublicKey::parse(&author)?;
        for (index, segment) in segments.iter().enumerate() {
            if !segment.ends_on_first_anchor(net, &key) {
                return Err(ForkError::Anchor(index));
            }
        }
        Ok(Self { author, first: a.first, branches: [a.id, b.id], bytes: bytes.to_vec() })
    }

    /// The canonical bytes, as [`Self::decode`] took them.
    pub fn encode(&self) -> Vec<u8> {
        self.bytes.clone()
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
        self.branches
    }
}

/// Consecutive well-formed entries of one feed, without bodies and with no signature checked yet.
struct Segment<'a> {
    first: Seq,
    prev: Option<EntryId>,
    /// Of the first entry.
    id: EntryId,
    /// Header and signature of each.
    items: Vec<(&'a [u8], &'a [u8; SIGNATURE_BYTES])>,
}

impl<'a> Segment<'a> {
    fn read(cursor: &mut Cursor<'a>, author: FeedId, index: usize) -> Result<Self, ForkError> {
        let broken = || ForkError::Segment(index);
        let count = cursor.array("segment")?;
        if count == 0 || count > u64::from(K) {
            return Err(broken());
        }
        let mut segment: Option<Self> = None;
        let mut last: Option<(Seq, EntryId)> = None;
        for _ in 0..count {
            let item = cursor.bytes("header and signature")?;
            let (bytes, signature) = item.split_last_chunk().ok_or_else(broken)?;
            let header = Header::decode(bytes).map_err(|_| broken())?;
            let follows = last
                .is_none_or(|(seq, id)| header.prev == Some(id) && Some(header.seq) == seq.checked_add(1));
            if header.author != author || !follows {
                return Err(broken());
            }
            let id = entry::id_of(bytes, signature);
            last = Some((header.seq, id));
            segment
                .get_or_insert_with(|| Self { first: header.seq, prev: header.prev, id, items: Vec::new() })
                .items
                .push((bytes, signature));
        }
        segment.ok_or_else(broken)
    }

    fn ends_on_first_anchor(&self, net: &NetId, key: &PublicKey) -> bool {
        let is_anchor = |(header, signature): &(&[u8], &[u8; SIGNATURE_BYTES])| {
            entry::is_signed(net, key, header, signature)
        };
        self.items.iter().position(is_anchor) == Some(self.items.len() - 1)
    }
}
