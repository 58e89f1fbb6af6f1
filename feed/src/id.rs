//! Names of feeds, entries and networks.
//!
//! People see bech32m (`feed1…`, `entry1…`); the wire and the disk see 32 bytes.

use std::fmt;
use std::str::FromStr;

/// Position of an entry in its feed, from 1. Where a length is meant, 0 is "none yet".
pub type Seq = u32;

/// A feed's name: the 32 bytes of its Ed25519 public key. Any bytes do; whether they are a key that
/// can sign is what [`crate::PublicKey::parse`] decides.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FeedId([u8; 32]);

/// An entry's name: SHA-256 over its header and signature. Source: spec/feed.md, "id".
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EntryId([u8; 32]);

/// A network's permanent name, in every signature. Source: spec/feed.md, "network".
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NetId([u8; 32]);

/// Why a text is not an id.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum IdError {
    /// Not bech32m at all, or a mistyped letter.
    #[error("not an id: {0}")]
    Checksum(String),
    /// A well-typed id of another thing.
    #[error("this is the id of a {found}, not of a {wanted}")]
    Prefix {
        /// The beginning that was expected.
        wanted: &'static str,
        /// The beginning that was found.
        found: String,
    },
    /// The right beginning, another length.
    #[error("an id holds 32 bytes, this one {0}")]
    Length(usize),
}

impl FeedId {
    /// The name that these bytes are.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl EntryId {
    /// The name that these bytes are.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
    /// The first eight bytes: how frontiers and echoes name a tip.
    pub fn tip8(&self) -> [u8; 8] {
        todo!()
    }
}

impl NetId {
    /// The network of that public name. Source: spec/feed.md, "network".
    pub fn of_name(name: &str) -> Self {
        let _ = name;
        todo!()
    }
    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for FeedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f;
        todo!("feed1…")
    }
}

impl fmt::Debug for FeedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for FeedId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let _ = text;
        todo!()
    }
}

impl serde::Serialize for FeedId {
    /// 32 bytes in CBOR, bech32m in JSON.
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let _ = to;
        todo!()
    }
}

impl<'de> serde::Deserialize<'de> for FeedId {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let _ = from;
        todo!()
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f;
        todo!("entry1…")
    }
}

impl fmt::Debug for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EntryId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let _ = text;
        todo!()
    }
}

impl serde::Serialize for EntryId {
    /// 32 bytes in CBOR, bech32m in JSON.
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let _ = to;
        todo!()
    }
}

impl<'de> serde::Deserialize<'de> for EntryId {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let _ = from;
        todo!()
    }
}
