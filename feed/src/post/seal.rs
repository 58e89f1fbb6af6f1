//! Text that only some can read, as it lies in an entry. How it is sealed and opened: [`crate::sealed`].

use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};

use super::{Body, Post, PostError, Problem, Purpose, count, distinct};
use crate::EntryId;

/// Most readers of one post.
pub const READERS_MAX: usize = 150;
/// A sealed text: its tag, and at most 2,300 bytes.
const BOX_BYTES: std::ops::RangeInclusive<usize> = 16..=2316;

#[derive(Deserialize, Serialize)]
pub(super) struct Sealed {
    #[serde(rename = "box")]
    sealed: ByteBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    occ: Option<String>,
    keys: Vec<(ByteArray<8>, ByteArray<80>)>,
    purpose: Purpose,
}

impl Body for Sealed {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[event] = refs else { return None };
        let Self { sealed, occ, keys, purpose } = self;
        let keys = keys.into_iter().map(|(reader, key)| (reader.into_array(), key.into_array())).collect();
        Some(Post::Sealed { event, purpose, keys, sealed: sealed.into_vec(), occ })
    }
}

impl Sealed {
    pub(super) fn of(
        purpose: Purpose,
        keys: &[([u8; 8], [u8; 80])],
        sealed: &[u8],
        occ: Option<&str>,
    ) -> Self {
        let keys = keys.iter().map(|(reader, key)| (ByteArray::new(*reader), ByteArray::new(*key))).collect();
        Self { sealed: ByteBuf::from(sealed), occ: occ.map(str::to_owned), keys, purpose }
    }
}

pub(super) fn check(keys: &[([u8; 8], [u8; 80])], sealed: &[u8]) -> Result<(), PostError> {
    count("keys", keys.len(), 1..=READERS_MAX)?;
    distinct("keys", &keys.iter().map(|(reader, _)| *reader).collect::<Vec<_>>())?;
    if !BOX_BYTES.contains(&sealed.len()) {
        let (bytes, max) = (sealed.len(), *BOX_BYTES.end());
        return Err(PostError { field: "box", problem: Problem::TooLong { bytes, max } });
    }
    Ok(())
}
