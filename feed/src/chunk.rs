//! The compact form of consecutive entries of one feed: the one byte form on the wire and on disk.
//!
//! `[first_seq, version, [*row]]` with `row = [kind, time_ms, refs, sig, body]`, or
//! `[kind, time_ms, refs, sig, size, body_hash]` where the body is left out. Author, seq and prev are
//! derived. Source: spec/feed.md, "compact form".

use crate::codec::CodecError;
use crate::{EntryError, EntryId, FeedId, Seq, Unverified};

/// A sender leaves droppable bodies out once a chunk would pass this many bytes.
pub const CHUNK_BYTES_SOFT: usize = 768 * 1024;
/// Longest chunk anybody accepts.
pub const CHUNK_BYTES_MAX: usize = 1024 * 1024;

/// Why bytes are not a compact chunk.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ChunkError {
    /// Not canonical, or not that shape.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// No row, or more than [`crate::K`].
    #[error("{0} entries, where 1 to 256 are allowed")]
    Count(usize),
    /// A version this node does not know.
    #[error("entry version {0} is not known here")]
    Version(u64),
}

/// Encodes consecutive entries. `keep_body` says whose body goes along; control bodies always do.
pub fn encode(entries: &[&Unverified], keep_body: impl Fn(&Unverified) -> bool) -> Vec<u8> {
    let _ = (entries, &keep_body);
    todo!()
}

/// Place of the first entry, and how many there are, without decoding the rows.
pub fn span(chunk: &[u8]) -> Result<(Seq, u32), ChunkError> {
    let _ = chunk;
    todo!()
}

/// Rebuilds the entries: `prev` is the id of the entry before the first (`None` iff it is entry 1).
/// Ids and links come out right only if `prev` is. No signature is checked.
/// Any number of rows (a disk row may hold more than `K`); the caller checks counts where they matter.
pub fn decode(author: FeedId, prev: Option<EntryId>, chunk: &[u8]) -> Result<Vec<Unverified>, DecodeError> {
    let _ = (author, prev, chunk);
    todo!()
}

/// Why a chunk cannot be rebuilt into entries.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DecodeError {
    /// The whole.
    #[error(transparent)]
    Chunk(#[from] ChunkError),
    /// One entry.
    #[error("entry {seq}: {source}")]
    Entry {
        /// Which.
        seq: Seq,
        /// What is wrong.
        source: EntryError,
    },
}

/// Which bodies a slice takes along.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bodies {
    /// All that are there, until [`CHUNK_BYTES_SOFT`]; then control bodies only.
    Within,
    /// Control bodies only ("headers only").
    ControlOnly,
}

/// Cuts entries `from..=to` out of consecutive chunks of one feed by copying rows, and joins them to one chunk.
pub fn slice(chunks: &[&[u8]], from: Seq, to: Seq, bodies: Bodies) -> Result<Vec<u8>, ChunkError> {
    let _ = (chunks, from, to, bodies);
    todo!()
}
