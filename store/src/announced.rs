//! What is announced on a group or event, whoever says so: comments that say they are announcements, the polls of a
//! group, and the events scheduled in it.
//!
//! Whoever is in a hundred groups asks for all of it at once, and of most of it needs to know only that it is old. So
//! kind and time stand before the entry, `kind u16 || time u64 || id before it || chunk of that one entry`, and the entry
//! is there itself, since a row of `runs` can only be read as a whole.

use klatch_feed::post::{Tone, kind};
use klatch_feed::{EntryId, Kind, Post, Seq, Unverified};
use redb::ReadableTable;

use crate::table::{ANNOUNCED, Read, numbered, place_of, ref_key, split, take};
use crate::{DiskError, entries};

/// What stands before the entry.
const HEAD_BYTES: usize = 2 + 8;

/// Something that is announced, not read yet.
#[derive(Clone, Copy, Debug)]
pub struct Announced {
    /// On which group or event.
    pub object: EntryId,
    /// A comment, a poll or an event.
    pub kind: Kind,
    /// When, as its author claims: ms since 1970.
    pub time_ms: u64,
    place: u64,
}

impl Announced {
    /// Its place in its author's log.
    pub fn seq(&self) -> Seq {
        split(self.place).1
    }

    pub(crate) fn read(&self, tx: &impl Read) -> Result<Unverified, DiskError> {
        let (num, seq) = split(self.place);
        let table = tx.open(ANNOUNCED)?;
        let held = table.get(ref_key(&self.object, self.place))?;
        let entry = held.as_ref().and_then(|row| row.value().get(HEAD_BYTES..));
        entries::read_alone(numbered(tx, num)?.0, seq, entry.ok_or(DiskError::Table { table: "announced" })?)
    }
}

/// On what an entry announces something.
pub(crate) fn on(entry: &Unverified) -> Option<EntryId> {
    let header = entry.header();
    if !matches!(header.kind, kind::COMMENT | kind::POLL | kind::EVENT) {
        return None;
    }
    match Post::read(header.kind, &header.refs, entry.body())? {
        Post::Comment { object, tone: Some(Tone::Announcement), .. } => Some(object),
        Post::Poll { group, .. } => Some(group),
        Post::Event { group, .. } => group,
        _ => None,
    }
}

/// The row of such an entry.
pub(crate) fn bytes(entry: &Unverified) -> Vec<u8> {
    let header = entry.header();
    let head = [&header.kind.0.to_be_bytes()[..], &header.time_ms.to_be_bytes()].concat();
    [head, entries::alone(entry)].concat()
}

/// See [`crate::Snapshot::announced`].
pub(crate) fn there(
    table: &impl ReadableTable<[u8; 40], &'static [u8]>,
    object: EntryId,
    max: usize,
    wants: impl Fn(Kind, u64) -> bool,
    found: &mut Vec<Announced>,
) -> Result<(), DiskError> {
    let full = found.len().saturating_add(max);
    for row in table.range(ref_key(&object, 0)..=ref_key(&object, u64::MAX))? {
        let (key, row) = row?;
        let mut rest = row.value();
        let head = take(&mut rest).zip(take(&mut rest));
        let (kind, time) = head.ok_or(DiskError::Table { table: "announced" })?;
        let (kind, time_ms) = (Kind(u16::from_be_bytes(*kind)), u64::from_be_bytes(*time));
        if found.len() < full && wants(kind, time_ms) {
            found.push(Announced { object, kind, time_ms, place: place_of(&key.value()) });
        }
    }
    Ok(())
}
