//! What must hold for any bytes at all: the properties that the fuzz targets check, one module a target.
//!
//! Each reads as the crate reads and as a slow reference does, which is written from `spec/` over serde
//! alone, and compares; and whatever was taken must encode to the bytes it was read from. `cargo test` replays the
//! committed corpus through the same functions.

pub mod chunk;
pub mod entry;
pub mod fold;
pub mod post;
pub mod proof;

use klatch_feed::{NetId, SecretKey};

/// The network of the vectors.
pub const NET: &str = "klatch-test";

/// One target: its name, and what it checks.
pub type Target = (&'static str, fn(&[u8]));

/// Every target of this crate.
pub const TARGETS: [Target; 5] = [
    ("entry", entry::check),
    ("chunk", chunk::check),
    ("proof", proof::check),
    ("post", post::check),
    ("fold", fold::check),
];

fn net() -> NetId {
    NetId::of_name(NET)
}

/// The author of the vectors.
fn author() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

/// Splits off a part that says its own length in two bytes; the rest is `left`.
fn part<'a>(left: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (size, rest) = left.split_first_chunk()?;
    let (part, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*size)))?;
    *left = rest;
    Some(part)
}
