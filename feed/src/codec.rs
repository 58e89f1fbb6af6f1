//! Canonical CBOR: the one place that calls serde_cbor. Source: spec/feed.md, "encoding".
//!
//! Two checks, each against what the other would miss:
//!
//! - [`scan`] reads the heads alone, before anything is decoded and without recursion or allocation. It
//!   refuses what is not in the deterministic encoding (serde_cbor takes longer integers, indefinite
//!   lengths, tags, floats and unsorted or repeated keys without a word) and whatever claims more depth or
//!   length than there is.
//! - [`decode`] re-encodes what it decoded and compares, which refuses canonical bytes that say the same
//!   value in another shape: a struct as an array or under numbers, a key the form does not have, text for bytes.
//!
//! Headers and chunks are read with a `Cursor` by hand, since they are read by the hundred thousand.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_cbor::Value;

/// Deepest nesting of arrays and maps in anything Klatch reads.
pub const DEPTH_MAX: usize = 16;

/// Why bytes are not the canonical encoding of what was expected. `at` is the offset of the item at fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum CodecError {
    /// Longer than what is being read may be.
    #[error("{found} bytes where at most {max} are allowed")]
    TooLong { found: usize, max: usize },
    /// Nested deeper than [`DEPTH_MAX`].
    #[error("nested deeper than {DEPTH_MAX} at byte {at}")]
    TooDeep { at: usize },
    /// A length or count that the bytes which follow cannot hold.
    #[error("the item at byte {at} claims more than the bytes that follow")]
    Truncated { at: usize },
    /// Bytes after the end.
    #[error("bytes left over from byte {at}")]
    Trailing { at: usize },
    /// An integer, length or count that has a shorter encoding.
    #[error("the number at byte {at} has a shorter encoding")]
    LongForm { at: usize },
    /// An indefinite length.
    #[error("indefinite length at byte {at}")]
    Indefinite { at: usize },
    /// A head that CBOR reserves, or a break where nothing is open.
    #[error("no item begins with the byte at {at}")]
    Reserved { at: usize },
    /// A tag.
    #[error("tag at byte {at}")]
    Tag { at: usize },
    /// A float.
    #[error("float at byte {at}")]
    Float { at: usize },
    /// A simple value other than false, true and null.
    #[error("unknown simple value at byte {at}")]
    Simple { at: usize },
    /// Text that is not UTF-8.
    #[error("text at byte {at} is not UTF-8")]
    Utf8 { at: usize },
    /// A map key that is neither an integer nor a string.
    #[error("map key at byte {at} is neither an integer nor a string")]
    Key { at: usize },
    /// A map key that does not sort after the one before it, or repeats it.
    #[error("map key at byte {at} is out of order or there twice")]
    KeyOrder { at: usize },
    /// Canonical bytes of the right value in another shape than its own.
    #[error("another shape of the same value from byte {at}")]
    NotCanonical { at: usize },
    /// Canonical CBOR, but another item than the form has there.
    #[error("no {wanted} at byte {at}")]
    Shape { at: usize, wanted: &'static str },
    /// Canonical CBOR of another form, in serde's words.
    #[error("not the expected form: {0}")]
    Form(String),
}

/// The canonical bytes of `value`. Maps come out with sorted keys whatever order serde gives.
///
/// # Panics
///
/// If `value` fails to serialise or holds a float; no form of Klatch does.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let bytes = try_encode(value).expect("forms of Klatch serialise");
    debug_assert_eq!(scan(&bytes), Ok(()), "forms of Klatch have a canonical encoding");
    bytes
}

/// Reads `bytes`, at most `max` of them, as the one canonical encoding of a `T`.
///
/// # Errors
///
/// A [`CodecError`] for any other bytes, those of a value with more in it than `T` holds included.
pub fn decode<T: DeserializeOwned + Serialize>(bytes: &[u8], max: usize) -> Result<T, CodecError> {
    check(bytes, max)?;
    let value: T = serde_cbor::from_slice(bytes).map_err(|error| CodecError::Form(error.to_string()))?;
    // Serde writes a struct's fields as declared; only if that differs is sorting worth its cost.
    let again = serde_cbor::to_vec(&value).map_err(|error| CodecError::Form(error.to_string()))?;
    if again == bytes {
        return Ok(value);
    }
    let again = try_encode(&value).map_err(|error| CodecError::Form(error.to_string()))?;
    if again == bytes {
        return Ok(value);
    }
    let same = again.iter().zip(bytes).take_while(|(a, b)| a == b).count();
    Err(CodecError::NotCanonical { at: same })
}

/// Reads a body: canonical bytes, in which keys that `T` does not know are passed over. What `T` does know
/// must stand there as `T` itself would write it (a key left out where `T` writes null is the same).
///
/// # Errors
///
/// A [`CodecError`] for any other bytes.
pub fn decode_open<T: DeserializeOwned + Serialize>(bytes: &[u8], max: usize) -> Result<T, CodecError> {
    check(bytes, max)?;
    let form = |error: serde_cbor::Error| CodecError::Form(error.to_string());
    let value: T = serde_cbor::from_slice(bytes).map_err(form)?;
    let own = serde_cbor::to_vec(&value).map_err(form)?;
    if own == bytes {
        return Ok(value); // As nearly all are: no key that `T` does not know, and its fields in order.
    }
    let own: Value = serde_cbor::from_slice(&own).map_err(form)?;
    let given: Value = serde_cbor::from_slice(bytes).map_err(form)?;
    if covers(&given, &own) { Ok(value) } else { Err(CodecError::NotCanonical { at: 0 }) }
}

/// Reads back what this program itself encoded and kept. `T` may be a part of it; nothing is compared.
///
/// # Errors
///
/// [`CodecError::Form`] if it was damaged since.
pub fn decode_own<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    serde_cbor::from_slice(bytes).map_err(|error| CodecError::Form(error.to_string()))
}

/// Whether `given` is `own` but for map keys that `own` lacks, and for keys whose value in `own` is null.
fn covers(given: &Value, own: &Value) -> bool {
    match (given, own) {
        (Value::Map(given), Value::Map(own)) => own.iter().all(|(key, own)| match given.get(key) {
            Some(given) => covers(given, own),
            None => *own == Value::Null,
        }),
        (Value::Array(given), Value::Array(own)) => {
            given.len() == own.len() && given.iter().zip(own).all(|(given, own)| covers(given, own))
        }
        _ => given == own,
    }
}

fn check(bytes: &[u8], max: usize) -> Result<(), CodecError> {
    if bytes.len() > max {
        return Err(CodecError::TooLong { found: bytes.len(), max });
    }
    scan(bytes)
}

/// Sorts map keys by way of `Value`, whose order is that of the encoded keys.
fn try_encode<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_cbor::Error> {
    let unsorted = serde_cbor::to_vec(value)?;
    serde_cbor::to_vec(&serde_cbor::from_slice::<Value>(&unsorted)?)
}

/// An array or map whose items are not all read.
#[derive(Clone, Copy, Default)]
struct Open {
    items_left: u64,
    is_map: bool,
    last_key: Option<(usize, usize)>,
}

/// Checks that `bytes` are one item in deterministic encoding, at most [`DEPTH_MAX`] deep: heads only,
/// one pass, a stack of fixed size.
///
/// # Errors
///
/// The first [`CodecError`] from the left.
pub fn scan(bytes: &[u8]) -> Result<(), CodecError> {
    let mut cursor = Cursor::new(bytes);
    let mut stack = [Open::default(); DEPTH_MAX];
    let mut depth = 0;
    loop {
        let at = cursor.at;
        let is_key = depth > 0 && stack[depth - 1].is_map && stack[depth - 1].items_left % 2 == 0;
        let (major, count) = cursor.head()?;
        match major {
            BYTES => _ = cursor.take(count),
            TEXT => _ = std::str::from_utf8(cursor.take(count)).map_err(|_| CodecError::Utf8 { at })?,
            ARRAY | MAP | SIMPLE if is_key => return Err(CodecError::Key { at }),
            ARRAY | MAP if depth == DEPTH_MAX => return Err(CodecError::TooDeep { at }),
            ARRAY | MAP if count > 0 => {
                let is_map = major == MAP;
                let items_left = if is_map { 2 * count } else { count };
                stack[depth] = Open { items_left, is_map, last_key: None };
                depth += 1;
                continue;
            }
            _ => {}
        }
        if is_key {
            let map = &mut stack[depth - 1];
            if map.last_key.is_some_and(|(from, to)| bytes[from..to] >= bytes[at..cursor.at]) {
                return Err(CodecError::KeyOrder { at });
            }
            map.last_key = Some((at, cursor.at));
        }
        // An item is complete, and with it every array and map that it fills.
        while depth > 0 {
            stack[depth - 1].items_left -= 1;
            if stack[depth - 1].items_left > 0 {
                break;
            }
            depth -= 1;
        }
        if depth == 0 {
            return cursor.finish();
        }
    }
}

const UINT: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const SIMPLE: u8 = 7;
const NULL: u64 = 22;

/// Reads canonical items one by one. Every head is checked before it is believed, so what it returns had
/// exactly one encoding.
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How far it has read.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The bytes read since `from`.
    pub(crate) fn since(&self, from: usize) -> &'a [u8] {
        &self.bytes[from..self.at]
    }

    pub(crate) fn uint(&mut self, wanted: &'static str) -> Result<u64, CodecError> {
        self.expect(UINT, wanted)
    }

    pub(crate) fn array(&mut self, wanted: &'static str) -> Result<u64, CodecError> {
        self.expect(ARRAY, wanted)
    }

    pub(crate) fn bytes(&mut self, wanted: &'static str) -> Result<&'a [u8], CodecError> {
        let size = self.expect(BYTES, wanted)?;
        Ok(self.take(size))
    }

    /// A byte string of exactly `N`.
    pub(crate) fn fixed<const N: usize>(&mut self, wanted: &'static str) -> Result<&'a [u8; N], CodecError> {
        let at = self.at;
        self.bytes(wanted)?.try_into().map_err(|_| CodecError::Shape { at, wanted })
    }

    /// A byte string of exactly `N`, or null.
    pub(crate) fn fixed_or_null<const N: usize>(
        &mut self,
        wanted: &'static str,
    ) -> Result<Option<&'a [u8; N]>, CodecError> {
        if self.bytes.get(self.at) == Some(&(SIMPLE << 5 | NULL as u8)) {
            self.at += 1;
            return Ok(None);
        }
        self.fixed(wanted).map(Some)
    }

    /// Nothing may follow.
    pub(crate) fn finish(&self) -> Result<(), CodecError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(CodecError::Trailing { at: self.at }) }
    }

    fn expect(&mut self, major: u8, wanted: &'static str) -> Result<u64, CodecError> {
        let at = self.at;
        match self.head()? {
            (found, count) if found == major => Ok(count),
            _ => Err(CodecError::Shape { at, wanted }),
        }
    }

    /// The next `size` bytes, which [`Self::head`] has found to be there.
    fn take(&mut self, size: u64) -> &'a [u8] {
        let from = self.at;
        self.at += size as usize;
        &self.bytes[from..self.at]
    }

    /// Major type and argument of the item here. A string, array or map it returns can be held by the
    /// bytes that follow.
    #[inline]
    fn head(&mut self) -> Result<(u8, u64), CodecError> {
        let at = self.at;
        let (&first, rest) = self.bytes[at..].split_first().ok_or(CodecError::Truncated { at })?;
        let (major, info) = (first >> 5, first & 31);
        let (argument, extra, least) = match info {
            0..=23 => (u64::from(info), 0, 0),
            24 => (be(rest, 1, at)?, 1, 24),
            25 => (be(rest, 2, at)?, 2, 1 << 8),
            26 => (be(rest, 4, at)?, 4, 1 << 16),
            27 => (be(rest, 8, at)?, 8, 1 << 32),
            31 if (BYTES..=MAP).contains(&major) => return Err(CodecError::Indefinite { at }),
            _ => return Err(CodecError::Reserved { at }),
        };
        match (major, info) {
            (SIMPLE, 20..=22) => {}
            (SIMPLE, 25..=27) => return Err(CodecError::Float { at }),
            (SIMPLE, _) => return Err(CodecError::Simple { at }),
            _ if argument < least => return Err(CodecError::LongForm { at }),
            (TAG, _) => return Err(CodecError::Tag { at }),
            _ => {}
        }
        let left = (rest.len() - extra) as u64;
        let needed = match major {
            BYTES | TEXT | ARRAY => argument,
            MAP => argument.saturating_mul(2),
            _ => 0,
        };
        if needed > left {
            return Err(CodecError::Truncated { at });
        }
        self.at = at + 1 + extra;
        Ok((major, argument))
    }
}

/// The first `size` bytes of `rest` as a big-endian number.
fn be(rest: &[u8], size: usize, at: usize) -> Result<u64, CodecError> {
    let bytes = rest.get(..size).ok_or(CodecError::Truncated { at })?;
    Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

pub(crate) fn put_uint(out: &mut Vec<u8>, number: u64) {
    put_head(out, UINT, number);
}

pub(crate) fn put_array(out: &mut Vec<u8>, items: usize) {
    put_head(out, ARRAY, items as u64);
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_head(out, BYTES, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub(crate) fn put_null(out: &mut Vec<u8>) {
    put_head(out, SIMPLE, NULL);
}

#[inline]
fn put_head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    match argument {
        0..24 => out.push(major | argument as u8),
        24..0x100 => out.extend_from_slice(&[major | 24, argument as u8]),
        0x100..0x1_0000 => {
            out.push(major | 25);
            out.extend_from_slice(&(argument as u16).to_be_bytes());
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(major | 26);
            out.extend_from_slice(&(argument as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&argument.to_be_bytes());
        }
    }
}
