//! Names of feeds, entries and networks.
//!
//! People see bech32m (`feed1…`, `entry1…`); the wire and the disk see 32 bytes.

use std::fmt;
use std::str::FromStr;

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32m, Hrp};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

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
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NetId([u8; 32]);

/// Why a text is not an id.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum IdError {
    /// Not bech32m at all, or a mistyped letter.
    #[error("not an id, or a letter of it is missing or wrong")]
    Checksum,
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

impl EntryId {
    /// The first eight bytes: how frontiers and echoes name a tip.
    pub fn tip8(&self) -> [u8; 8] {
        *self.0.first_chunk().expect("an id has 32 bytes")
    }
}

impl NetId {
    /// The network of that public name. Source: spec/feed.md, "network".
    pub fn of_name(name: &str) -> Self {
        Self(Sha256::new().chain_update(b"klatch/net/1\0").chain_update(name).finalize().into())
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Writes 32 bytes as people see them.
fn write_id(prefix: &'static str, bytes: &[u8; 32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let prefix = Hrp::parse_unchecked(prefix);
    bech32::encode_to_fmt::<Bech32m, _>(f, prefix, bytes).map_err(|_| fmt::Error)
}

/// Reads them back: one text per id, but that all of it may stand in capitals (as a QR code prefers).
fn read_id(wanted: &'static str, text: &str) -> Result<[u8; 32], IdError> {
    let checked = CheckedHrpstring::new::<Bech32m>(text).map_err(|_| IdError::Checksum)?;
    let found = checked.hrp();
    if found != Hrp::parse_unchecked(wanted) {
        return Err(IdError::Prefix { wanted, found: found.to_lowercase() });
    }
    let bytes: Vec<u8> = checked.byte_iter().collect();
    let id: [u8; 32] = bytes.try_into().map_err(|bytes: Vec<u8>| IdError::Length(bytes.len()))?;
    // 256 bits leave four over in the last letter; set, they would be a second text for one id.
    let own = bech32::encode::<Bech32m>(found, &id).map_err(|_| IdError::Checksum)?;
    if own.eq_ignore_ascii_case(text) { Ok(id) } else { Err(IdError::Checksum) }
}

/// Takes an id as bytes (CBOR) or as text (JSON). Text in CBOR is refused by `codec`, as another shape.
struct IdVisitor {
    prefix: &'static str,
}

impl Visitor<'_> for IdVisitor {
    type Value = [u8; 32];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the id of a {}", self.prefix)
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<[u8; 32], E> {
        bytes.try_into().map_err(|_| E::custom(IdError::Length(bytes.len())))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<[u8; 32], E> {
        read_id(self.prefix, text).map_err(E::custom)
    }
}

/// What both kinds of id that people see have in common.
macro_rules! typed_id {
    ($id:ident, $prefix:literal) => {
        impl $id {
            /// The name that these bytes are.
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_id($prefix, &self.0, f)
            }
        }

        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $id {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                read_id($prefix, text).map(Self)
            }
        }

        impl Serialize for $id {
            /// 32 bytes in CBOR, bech32m in JSON.
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                if to.is_human_readable() { to.collect_str(self) } else { to.serialize_bytes(&self.0) }
            }
        }

        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let visitor = IdVisitor { prefix: $prefix };
                if from.is_human_readable() {
                    from.deserialize_str(visitor).map(Self)
                } else {
                    from.deserialize_bytes(visitor).map(Self)
                }
            }
        }
    };
}

typed_id!(FeedId, "feed");
typed_id!(EntryId, "entry");
