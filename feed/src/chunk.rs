//! The compact form of consecutive entries of one feed: the one byte form on the wire and on disk.
//!
//! `[first_seq, version, [*row]]` with `row = [kind, time_ms, refs, sig, body]`, or
//! `[kind, time_ms, refs, sig, size, body_hash]` where the body is left out. Author, seq and prev are
//! derived. Source: spec/feed.md, "compact form".

use crate::codec::{self, CodecError, Cursor};
use crate::entry::{self, VERSION};
use crate::{EntryError, EntryId, FeedId, Header, Kind, Seq, Unverified};

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
    /// Places outside 1 to 4294967295.
    #[error("{count} entries from place {first} on, where places are 1 to 4294967295")]
    Places {
        /// First place claimed.
        first: u64,
        /// Entries claimed.
        count: u64,
    },
    /// A slice of what the chunks do not hold, or of chunks that do not follow one another.
    #[error("entries {from} to {to} are not all in these chunks, one after another")]
    Range {
        /// First entry wanted.
        from: Seq,
        /// Last entry wanted.
        to: Seq,
    },
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
    /// All that are there, as far as the whole stays within [`CHUNK_BYTES_SOFT`]: the earlier first.
    Within,
    /// Control bodies only ("headers only").
    ControlOnly,
}

/// Encodes consecutive entries. `keep_body` says whose body goes along; control bodies always do.
///
/// # Panics
///
/// If there is no entry.
pub fn encode(entries: &[&Unverified], keep_body: impl Fn(&Unverified) -> bool) -> Vec<u8> {
    let first = entries.first().expect("a chunk has at least one entry").header.seq;
    let mut out = begin(first, entries.len());
    put_rows(&mut out, entries, keep_body);
    out
}

/// The rows alone of the chunk that [`encode`] makes of these entries with all bodies at hand; of any number.
pub fn encode_rows(entries: &[&Unverified]) -> Vec<u8> {
    let mut out = Vec::with_capacity(300 * entries.len());
    put_rows(&mut out, entries, |_| true);
    out
}

/// The rows alone of a chunk, as they lie. Only what stands before them is read.
///
/// # Errors
///
/// [`ChunkError`] if what stands before the rows is not that of a chunk.
pub fn rows(chunk: &[u8]) -> Result<&[u8], ChunkError> {
    let (cursor, ..) = open(chunk)?;
    Ok(&chunk[cursor.at()..])
}

/// The chunk of `count` rows from place `first` on that were cut out of chunks: the parts of `rows`, one
/// after another. Nothing in them is read.
pub fn wrap(first: Seq, count: u32, rows: &[&[u8]]) -> Vec<u8> {
    let mut out = begin(first, count as usize);
    rows.iter().for_each(|part| out.extend_from_slice(part));
    out
}

fn put_rows(out: &mut Vec<u8>, entries: &[&Unverified], keep_body: impl Fn(&Unverified) -> bool) {
    for entry in entries {
        let Unverified { header, signature, body, .. } = entry;
        let inline = body.as_ref().filter(|_| is_inline(header) || keep_body(entry));
        codec::put_array(out, if inline.is_some() { 5 } else { 6 });
        codec::put_uint(out, header.kind.0.into());
        codec::put_uint(out, header.time_ms);
        entry::put_refs(out, &header.refs);
        codec::put_bytes(out, signature);
        match inline {
            Some(body) => codec::put_bytes(out, body),
            None => {
                codec::put_uint(out, header.size.into());
                codec::put_bytes(out, &header.body_hash);
            }
        }
    }
}

/// Whether the body may not be left out of a row.
fn is_inline(header: &Header) -> bool {
    header.kind.is_control() || header.size == 0
}

fn begin(first: Seq, count: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + 300 * count);
    codec::put_array(&mut out, 3);
    codec::put_uint(&mut out, first.into());
    codec::put_uint(&mut out, VERSION);
    codec::put_array(&mut out, count);
    out
}

/// Place of the first entry, and how many there are, without decoding the rows.
///
/// # Errors
///
/// [`ChunkError`] if what stands before the rows is not that of a chunk.
pub fn span(chunk: &[u8]) -> Result<(Seq, u32), ChunkError> {
    let (_, first, count) = open(chunk)?;
    Ok((first, count))
}

/// Reads what stands before the rows.
fn open(chunk: &[u8]) -> Result<(Cursor<'_>, Seq, u32), ChunkError> {
    if chunk.len() > CHUNK_BYTES_MAX {
        return Err(CodecError::TooLong { found: chunk.len(), max: CHUNK_BYTES_MAX }.into());
    }
    let mut cursor = Cursor::new(chunk);
    if cursor.array("array of 3")? != 3 {
        return Err(CodecError::Shape { at: 0, wanted: "array of 3" }.into());
    }
    let first = cursor.uint("first seq")?;
    let version = cursor.uint("version")?;
    if version != VERSION {
        return Err(ChunkError::Version(version));
    }
    let count = cursor.array("rows")?;
    if count == 0 {
        return Err(ChunkError::Count(0));
    }
    let places = ChunkError::Places { first, count };
    let seq = Seq::try_from(first).ok().filter(|seq| *seq > 0).ok_or(places.clone())?;
    let count = u32::try_from(count).ok().filter(|count| seq.checked_add(count - 1).is_some());
    Ok((cursor, seq, count.ok_or(places)?))
}

/// One row, its items found and nothing copied. Limits are not checked, shapes are.
struct Row<'a, R> {
    kind: u64,
    time_ms: u64,
    refs: R,
    signature: &'a [u8; 64],
    body: RowBody<'a>,
    /// The row up to and with the signature, but for its array head.
    stem: &'a [u8],
    whole: &'a [u8],
}

#[derive(Clone, Copy)]
enum RowBody<'a> {
    Inline(&'a [u8]),
    LeftOut { size: u64, hash: &'a [u8; 32] },
}

fn read_row<'a>(
    cursor: &mut Cursor<'a>,
) -> Result<Row<'a, impl ExactSizeIterator<Item = EntryId> + use<'a>>, CodecError> {
    let at = cursor.at();
    let items = cursor.array("row")?;
    let stem_at = cursor.at();
    let kind = cursor.uint("kind")?;
    let time_ms = cursor.uint("time")?;
    let refs = entry::read_refs(cursor)?;
    let signature = cursor.fixed("signature of 64 bytes")?;
    let stem = cursor.since(stem_at);
    let body = match items {
        5 => RowBody::Inline(cursor.bytes("body")?),
        6 => RowBody::LeftOut { size: cursor.uint("size")?, hash: cursor.fixed("body hash of 32 bytes")? },
        _ => return Err(CodecError::Shape { at, wanted: "row of 5 or 6" }),
    };
    Ok(Row { kind, time_ms, refs, signature, body, stem, whole: cursor.since(at) })
}

/// Rebuilds the entries: `prev` is the id of the entry before the first (`None` iff it is entry 1).
/// Ids and links come out right only if `prev` is. No signature is checked.
/// Any number of rows (a disk row may hold more than `K`); the caller checks counts where they matter.
///
/// # Errors
///
/// [`DecodeError`]: not the compact form, or the first of its entries that is ill-formed.
pub fn decode(author: FeedId, prev: Option<EntryId>, chunk: &[u8]) -> Result<Vec<Unverified>, DecodeError> {
    let (mut cursor, first, count) = open(chunk)?;
    // A row takes at least 72 bytes, so the chunk bounds what is set aside for its claim.
    let mut entries = Vec::with_capacity((count as usize).min(chunk.len() / 72));
    let mut header_bytes = Vec::with_capacity(entry::HEADER_BYTES_MAX);
    let mut prev = prev;
    for seq in first..=first + (count - 1) {
        let row = read_row(&mut cursor).map_err(ChunkError::Codec)?;
        let entry = rebuild(author, seq, prev, row, &mut header_bytes)
            .map_err(|source| DecodeError::Entry { seq, source })?;
        prev = Some(entry.id);
        entries.push(entry);
    }
    cursor.finish().map_err(ChunkError::Codec)?;
    Ok(entries)
}

fn rebuild(
    author: FeedId,
    seq: Seq,
    prev: Option<EntryId>,
    row: Row<'_, impl ExactSizeIterator<Item = EntryId>>,
    header_bytes: &mut Vec<u8>,
) -> Result<Unverified, EntryError> {
    let kind = Kind(u16::try_from(row.kind).map_err(|_| EntryError::Kind(row.kind))?);
    if row.refs.len() > entry::REFS_MAX {
        return Err(EntryError::Refs(row.refs.len() as u64));
    }
    let (size, body_hash, body) = match row.body {
        RowBody::LeftOut { size: 0, .. } => return Err(EntryError::EmptyBody { seq }),
        RowBody::LeftOut { .. } if kind.is_control() => return Err(EntryError::ControlBody { seq }),
        RowBody::LeftOut { size, hash } => {
            (u32::try_from(size).map_err(|_| EntryError::Size(size))?, *hash, None)
        }
        RowBody::Inline(body) if body.len() > kind.body_bytes_max() => {
            return Err(EntryError::Size(body.len() as u64));
        }
        RowBody::Inline(body) => (body.len() as u32, Header::hash_body(body), Some(body.to_vec())),
    };
    let refs = row.refs.collect();
    let header = Header { author, seq, prev, time_ms: row.time_ms, kind, size, body_hash, refs };
    header.check()?;
    header_bytes.clear();
    header.encode_into(header_bytes);
    let id = entry::id_of(header_bytes, row.signature);
    Ok(Unverified { header, signature: *row.signature, id, body })
}

/// Cuts entries `from..=to` out of consecutive chunks of one feed by copying rows, and joins them to one chunk.
///
/// # Errors
///
/// [`ChunkError::Range`] if the chunks, which must follow one another, do not hold all of these; the other
/// variants if one of them is not a chunk.
pub fn slice(chunks: &[&[u8]], from: Seq, to: Seq, bodies: Bodies) -> Result<Vec<u8>, ChunkError> {
    let range = ChunkError::Range { from, to };
    let mut rows = Vec::new();
    let mut next = None;
    for chunk in chunks {
        let (mut cursor, first, count) = open(chunk)?;
        if next.is_some_and(|next| next != u64::from(first)) {
            return Err(range);
        }
        next = Some(u64::from(first) + u64::from(count));
        for seq in first..=first + (count - 1) {
            let row = read_row(&mut cursor)?;
            if (from..=to).contains(&seq) {
                rows.push(SliceRow::new(&row));
            }
        }
        cursor.finish()?;
    }
    if from == 0 || from > to || rows.len() as u64 != u64::from(to - from) + 1 {
        return Err(range);
    }
    Ok(join(from, &rows, bodies))
}

/// A row as a slice copies it: whole, or with its body left out.
struct SliceRow<'a> {
    stem: &'a [u8],
    whole: &'a [u8],
    /// The body, if it is there and may be left out.
    body: Option<&'a [u8]>,
}

impl<'a> SliceRow<'a> {
    fn new<R>(row: &Row<'a, R>) -> Self {
        let is_control = u16::try_from(row.kind).is_ok_and(|kind| Kind(kind).is_control());
        let body = match row.body {
            RowBody::Inline(body) if !is_control && !body.is_empty() => Some(body),
            _ => None,
        };
        Self { stem: row.stem, whole: row.whole, body }
    }

    /// Bytes saved by leaving the body out; negative for a short one.
    fn saving(&self) -> isize {
        let Some(body) = self.body else { return 0 };
        let mut size = Vec::with_capacity(9);
        codec::put_uint(&mut size, body.len() as u64);
        let left_out = 1 + self.stem.len() + size.len() + 34;
        self.whole.len() as isize - left_out as isize
    }
}

fn join(first: Seq, rows: &[SliceRow<'_>], bodies: Bodies) -> Vec<u8> {
    let mut out = begin(first, rows.len());
    let whole: usize = rows.iter().map(|row| row.whole.len()).sum();
    let saving: isize = rows.iter().map(SliceRow::saving).sum();
    // What may still be spent on bodies when all are left out to begin with.
    let mut spare = (CHUNK_BYTES_SOFT - out.len()) as isize - (whole as isize - saving);
    for row in rows {
        let keep = match (row.body, bodies) {
            (None, _) => true,
            (Some(_), Bodies::ControlOnly) => false,
            (Some(_), Bodies::Within) => row.saving() <= spare,
        };
        if let (false, Some(body)) = (keep, row.body) {
            codec::put_array(&mut out, 6);
            out.extend_from_slice(row.stem);
            codec::put_uint(&mut out, body.len() as u64);
            codec::put_bytes(&mut out, &Header::hash_body(body));
        } else {
            spare -= row.saving();
            out.extend_from_slice(row.whole);
        }
    }
    out
}
