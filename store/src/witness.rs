//! The head witness: a small file beside the database that holds the newest own entries.
//!
//! An own entry is posted once it stands here, synced: one sync of a few blocks in a row, where the database
//! would write a dozen pages all over its file. The database has the entry in the same moment, for readers, and
//! makes it durable later ([`crate::Store::rest`], or any other commit). What a crash takes from the database
//! is appended again from here at the next opening, checked like a peer's.
//!
//! And it is a witness: a database that was restored, or "repaired" to an older commit, is behind what its owner
//! already published; appending to it would fork the feed. An opening compares the two ([`judge`]).
//!
//! Two halves of [`HALF_BYTES`], each with *records* in a row. A record starts on a block of [`BLOCK_BYTES`], so
//! that a torn write spoils none that was acknowledged: `"klatchw2" || instance 16 B || from u32 || id of entry
//! from || to u32 || id of entry to || length u32 || chunk of the entries from + 1 to to, in compact form ||
//! SHA-256 of these, first 16 B`, zeros up to the next block. The ids are zeros for entry 0. A record without
//! entries (`from` = `to`, no chunk) only says how far the feed goes. Each record in a half follows the one
//! before. The half whose last record goes farther counts; of two that go as far, the one that starts later.
//!
//! *The database holds, durable, whatever the first record of a half starts from.* So a half is begun, over what
//! is old in it, only where nothing of the other half is needed any more but as a witness: which it stays until
//! the new first record is whole.
//!
//! No part of the protocol: another program may keep its head in another way. Before, the file held two slots of
//! 512 bytes, written in turn: `"klatchw1" || seq u32 || id || instance || SHA-256 of these, first 16 B`.

use klatch_feed::{EntryId, K, Seq, Unverified, chunk};
use sha2::{Digest, Sha256};

use crate::disk::Disk;
use crate::table::{NO_ID, take};
use crate::{DiskError, Held};

const BLOCK_BYTES: usize = 4096;
const HALF_BYTES: usize = 64 * BLOCK_BYTES;
const MAGIC: &[u8; 8] = b"klatchw2";
/// A record's bytes before its chunk.
const FRONT_BYTES: usize = 8 + 16 + 36 + 36 + 4;
const SUM_BYTES: usize = 16;

/// A place in the own feed: zeros for entry 0.
pub(crate) type Tip = (Seq, EntryId);

/// What one append wrote here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Record {
    /// Which store.
    pub(crate) instance: [u8; 16],
    /// What its entries follow.
    pub(crate) from: Tip,
    /// The last of them.
    pub(crate) to: Tip,
    /// Empty iff there are none.
    pub(crate) chunk: Vec<u8>,
}

impl Record {
    /// Says how far the feed goes.
    pub(crate) fn mark(instance: [u8; 16], at: Tip) -> Self {
        Self { instance, from: at, to: at, chunk: Vec::new() }
    }

    /// Holds entries that follow `from`; `None` where they are too many or too long for a record.
    pub(crate) fn of(instance: [u8; 16], from: Tip, entries: &[&Unverified]) -> Option<Self> {
        let last = entries.last().filter(|_| entries.len() <= K as usize)?;
        let chunk = chunk::encode(entries, |_| true);
        let fits = FRONT_BYTES + chunk.len() + SUM_BYTES <= HALF_BYTES;
        fits.then(|| Self { instance, from, to: (last.header().seq, last.id()), chunk })
    }

    /// Whole blocks.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(BLOCK_BYTES);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.instance);
        for (seq, id) in [self.from, self.to] {
            out.extend_from_slice(&seq.to_be_bytes());
            out.extend_from_slice(id.as_bytes());
        }
        out.extend_from_slice(&(self.chunk.len() as u32).to_be_bytes());
        out.extend_from_slice(&self.chunk);
        let sum = Sha256::digest(&out);
        out.extend_from_slice(&sum[..SUM_BYTES]);
        out.resize(out.len().next_multiple_of(BLOCK_BYTES), 0);
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(MAGIC)?;
        let instance = *take(&mut rest)?;
        let from = tip(&mut rest)?;
        let to = tip(&mut rest)?;
        let length = u32::from_be_bytes(*take(&mut rest)?) as usize;
        let (chunk, rest) = rest.split_at_checked(length)?;
        let sum = Sha256::digest(&bytes[..FRONT_BYTES + length]);
        let is_whole = rest.get(..SUM_BYTES)? == &sum[..SUM_BYTES] && (from == to) == chunk.is_empty();
        is_whole.then(|| Self { instance, from, to, chunk: chunk.to_vec() })
    }

    fn blocks_bytes(&self) -> usize {
        (FRONT_BYTES + self.chunk.len() + SUM_BYTES).next_multiple_of(BLOCK_BYTES)
    }

    fn follows(&self, before: &Self) -> bool {
        (self.instance, self.from) == (before.instance, before.to)
    }
}

fn tip(rest: &mut &[u8]) -> Option<Tip> {
    Some((Seq::from_be_bytes(*take(rest)?), EntryId::new(*take(rest)?)))
}

/// Where the next record goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    half: usize,
    /// Bytes of the records in it.
    used: usize,
}

impl Place {
    /// The place of the first record in a file just made, and after it.
    pub(crate) const MADE: Self = Self { half: 0, used: BLOCK_BYTES };

    /// The beginning of the other half.
    pub(crate) const fn other(self) -> Self {
        Self { half: 1 - self.half, used: 0 }
    }

    /// Whether this is the place after the first record of a half, of so many bytes.
    pub(crate) const fn is_first(self, bytes: usize) -> bool {
        self.used == bytes
    }

    /// Whether as many bytes fit after what is there.
    pub(crate) const fn has_room(self, bytes: usize) -> bool {
        self.used + bytes <= HALF_BYTES
    }

    /// Writes a record here; durable on return. Returns the place after it.
    pub(crate) fn write(self, disk: &dyn Disk, record: &[u8]) -> Result<Self, DiskError> {
        let at = self.half * HALF_BYTES + self.used;
        disk.write_witness(at as u64, record).map_err(DiskError::Witness)?;
        Ok(Self { used: self.used + record.len(), ..self })
    }
}

/// What the file says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Witness {
    /// There is no file.
    Absent,
    /// There is one, and what it says last cannot be read.
    Unreadable,
    /// The records of the half that counts, and the place after them; none in a file of the form before.
    Says(Vec<Record>, Option<Place>),
}

impl Witness {
    /// The newest own entry that it knows.
    pub(crate) fn tip(&self) -> Option<Tip> {
        match self {
            Self::Says(records, _) => records.last().map(|record| record.to),
            _ => None,
        }
    }
}

pub(crate) fn read(disk: &dyn Disk) -> Result<Witness, DiskError> {
    let bytes = disk.read_witness().map_err(DiskError::Witness)?;
    Ok(bytes.map_or(Witness::Absent, |bytes| parse(&bytes)))
}

fn parse(bytes: &[u8]) -> Witness {
    if let Some(mark) = slots::newest(bytes) {
        return Witness::Says(vec![mark], None);
    }
    let halves = bytes.chunks(HALF_BYTES).take(2).map(in_a_row).enumerate();
    let newest = halves.max_by_key(|(_, records)| Some((records.last()?.to.0, records.first()?.from.0)));
    let Some((half, records)) = newest.filter(|(_, records)| !records.is_empty()) else {
        return Witness::Unreadable;
    };
    // A record that goes farther than the last readable one has lost one before it: that one was acknowledged.
    let goes_farther = |record: &Record| records.last().is_some_and(|last| record.to.0 > last.to.0);
    if bytes.chunks(BLOCK_BYTES).enumerate().any(|(block, _)| {
        Record::decode(&bytes[block * BLOCK_BYTES..]).is_some_and(|record| goes_farther(&record))
    }) {
        return Witness::Unreadable;
    }
    let used = records.iter().map(Record::blocks_bytes).sum();
    Witness::Says(records, Some(Place { half, used }))
}

/// The records of a half up to one that is not whole or does not follow: what is left of an older round.
fn in_a_row(half: &[u8]) -> Vec<Record> {
    let (mut rest, mut records) = (half, Vec::<Record>::new());
    while let Some(record) = Record::decode(rest) {
        if records.last().is_some_and(|before| !record.follows(before)) {
            break;
        }
        rest = rest.get(record.blocks_bytes()..).unwrap_or_default();
        records.push(record);
    }
    records
}

/// Makes the file, with the mark as its one record: nothing else that a file held before is in it.
pub(crate) fn create(disk: &dyn Disk, mark: &Record) -> Result<Place, DiskError> {
    let mut bytes = mark.encode();
    bytes.resize(2 * HALF_BYTES, 0); // Written once, so that later syncs need not note a longer file.
    disk.new_witness(&bytes).map_err(DiskError::Witness)?;
    Ok(Place::MADE)
}

/// What an opening makes of store and witness.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// They agree.
    Good,
    /// The file is to be made: a new store.
    Create,
    /// The witness is behind, since the process ended between the two writes: bring it up.
    Mend,
    /// The store is behind, since its last commits were not durable yet: append these again.
    Append(Vec<Record>),
    /// Appending could fork the feed.
    Hold(Held),
}

/// Compares them. `len` own entries are stored in the store `instance`; `at` is the id of the entry that is
/// both stored and known to the witness, as late as there is one; zeros for entry 0.
pub(crate) fn judge(witness: Witness, len: Seq, instance: &[u8; 16], at: EntryId) -> Verdict {
    let records = match witness {
        Witness::Absent if len == 0 => return Verdict::Create,
        Witness::Absent | Witness::Unreadable => {
            return Verdict::Hold(Held::WitnessMissing { store: len });
        }
        Witness::Says(records, _) => records,
    };
    let Some(last) = records.last() else { return Verdict::Hold(Held::WitnessMissing { store: len }) };
    let ((seq, id), is_mine) = (last.to, last.instance == *instance);
    match records.iter().position(|record| record.from.0 == len) {
        _ if !is_mine => Verdict::Hold(Held::WitnessOther { witness: seq, store: len }),
        None if seq > len => Verdict::Hold(Held::WitnessAhead { witness: seq, store: len }),
        Some(first) if seq > len && records[first].from.1 != at => {
            Verdict::Hold(Held::WitnessDiffers { at: len })
        }
        Some(first) if seq > len => Verdict::Append(records[first..].to_vec()),
        _ if id != at => Verdict::Hold(Held::WitnessDiffers { at: seq }),
        _ if seq < len => Verdict::Mend,
        _ => Verdict::Good,
    }
}

/// The form before: read once, by the opening that makes the file anew.
mod slots {
    use super::{Digest, EntryId, Record, Seq, Sha256, take};

    const SLOT_BYTES: usize = 512;
    const MARK_BYTES: usize = 60;

    pub(super) fn newest(bytes: &[u8]) -> Option<Record> {
        let marks = bytes.chunks(SLOT_BYTES).take(2).filter_map(decode);
        marks.max_by_key(|mark| mark.to.0)
    }

    fn decode(slot: &[u8]) -> Option<Record> {
        let sum = Sha256::digest(slot.get(..MARK_BYTES)?);
        if slot.get(MARK_BYTES..MARK_BYTES + 16)? != &sum[..16] {
            return None;
        }
        let mut rest = slot.strip_prefix(b"klatchw1")?;
        let (seq, id) = (Seq::from_be_bytes(*take(&mut rest)?), EntryId::new(*take(&mut rest)?));
        Some(Record::mark(*take(&mut rest)?, (seq, id)))
    }
}

/// The place before the first entry.
pub(crate) const START: Tip = (0, NO_ID);

#[cfg(test)]
mod tests {
    use klatch_feed::{Draft, FeedId, Head, Kind, NetId, SecretKey};

    use super::*;

    const MINE: [u8; 16] = [7; 16];

    fn at(seq: Seq) -> Tip {
        if seq == 0 { START } else { (seq, EntryId::new([seq as u8; 32])) }
    }

    /// A record of entries that only their places name, of so many bytes.
    fn record(from: Seq, to: Seq, bytes: usize) -> Record {
        Record { instance: MINE, from: at(from), to: at(to), chunk: vec![to as u8; bytes] }
    }

    fn mark(seq: Seq) -> Record {
        Record::mark(MINE, at(seq))
    }

    fn file(halves: [&[Record]; 2]) -> Vec<u8> {
        let half = |records: &[Record]| {
            let mut bytes: Vec<u8> = records.iter().flat_map(Record::encode).collect();
            bytes.resize(HALF_BYTES, 0);
            bytes
        };
        halves.map(half).concat()
    }

    #[test]
    fn each_disagreement_has_its_verdict() {
        let says = |records: &[Record]| Witness::Says(records.to_vec(), Some(Place::MADE));
        let id = |seq| at(seq).1;
        let (hold, ahead) = (Verdict::Hold, |store| Held::WitnessAhead { witness: 4, store });
        let two = [record(2, 3, 9), record(3, 4, 9)];
        let other = Record { instance: [8; 16], ..record(2, 3, 9) };
        let cases = [
            ("new store", Witness::Absent, 0, id(0), Verdict::Create),
            ("file lost", Witness::Absent, 3, id(3), hold(Held::WitnessMissing { store: 3 })),
            ("spoilt", Witness::Unreadable, 0, id(0), hold(Held::WitnessMissing { store: 0 })),
            ("nothing posted", says(&[mark(0)]), 0, id(0), Verdict::Good),
            ("agree", says(&two), 4, id(4), Verdict::Good),
            ("ended between the writes", says(&two), 9, id(4), Verdict::Mend),
            ("ended before the first mark", says(&[mark(0)]), 9, id(0), Verdict::Mend),
            ("not durable yet", says(&two), 3, id(3), Verdict::Append(two[1..].to_vec())),
            ("nothing of the half durable yet", says(&two), 2, id(2), Verdict::Append(two.to_vec())),
            (
                "the first ones ever",
                says(&[record(0, 3, 9)]),
                0,
                id(0),
                Verdict::Append(vec![record(0, 3, 9)]),
            ),
            ("put back from before the half", says(&two), 1, id(1), hold(ahead(1))),
            ("put back from within a group", says(&[mark(1), record(1, 4, 9)]), 2, id(2), hold(ahead(2))),
            ("ahead", says(&[mark(4)]), 3, id(3), hold(ahead(3))),
            ("other id", says(&two), 4, id(3), hold(Held::WitnessDiffers { at: 4 })),
            ("other id below", says(&two), 9, id(3), hold(Held::WitnessDiffers { at: 4 })),
            (
                "other id before what is not durable",
                says(&two),
                3,
                id(9),
                hold(Held::WitnessDiffers { at: 3 }),
            ),
            ("other store", says(&[other]), 3, id(3), hold(Held::WitnessOther { witness: 3, store: 3 })),
        ];
        for (name, witness, len, at, verdict) in cases {
            assert_eq!(judge(witness, len, &MINE, at), verdict, "{name}");
        }
    }

    #[test]
    fn a_record_with_any_flipped_bit_says_nothing() {
        for record in [mark(5), record(3, 5, 40)] {
            let whole = record.encode();
            assert_eq!(Record::decode(&whole), Some(record.clone()));
            let used = FRONT_BYTES + record.chunk.len() + SUM_BYTES;
            for bit in 0..used * 8 {
                let mut bad = whole.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(Record::decode(&bad), None, "bit {bit}");
            }
            (0..used).for_each(|len| assert_eq!(Record::decode(&whole[..len]), None, "cut at {len}"));
        }
    }

    #[test]
    fn the_half_that_goes_farther_counts_and_the_other_where_its_first_record_is_torn() {
        let says = |bytes: &[u8]| match parse(bytes) {
            Witness::Says(records, place) => Some((records, place.unwrap())),
            _ => None,
        };
        let place = |half, used| Place { half, used };
        let (long, short) = ([record(0, 3, 5_000), record(3, 4, 9)], [record(4, 5, 9)]);
        let both = file([&long, &short]);
        assert_eq!(says(&both), Some((short.to_vec(), place(1, BLOCK_BYTES))));
        let mut torn = both.clone();
        torn[HALF_BYTES + 50] ^= 1;
        assert_eq!(says(&torn), Some((long.to_vec(), place(0, 3 * BLOCK_BYTES))));
        let mut torn = both;
        torn[2 * BLOCK_BYTES + 50] ^= 1;
        assert_eq!(says(&torn), Some((short.to_vec(), place(1, BLOCK_BYTES))), "that half is over");
        assert_eq!(says(&file([&long, &[mark(4)]])), Some((vec![mark(4)], place(1, BLOCK_BYTES))));
        // What an older round left behind the first record of a new one does not follow it.
        let (old, new) = ([record(0, 1, 9), record(1, 2, 9), record(2, 3, 9)], [mark(3), record(3, 4, 9)]);
        let again = [record(4, 5, 9), record(1, 2, 9), record(2, 3, 9)];
        assert_eq!(says(&file([&old, &new])), Some((new.to_vec(), place(1, 2 * BLOCK_BYTES))));
        assert_eq!(says(&file([&again, &new])), Some((again[..1].to_vec(), place(0, BLOCK_BYTES))));
    }

    #[test]
    fn a_record_lost_from_before_another_makes_the_file_unreadable() {
        let records = [record(0, 1, 9), record(1, 2, 9), record(2, 3, 9)];
        for (spoilt, readable) in [(0, false), (1, false), (2, true)] {
            let mut bytes = file([&records, &[]]);
            bytes[spoilt * BLOCK_BYTES + 20] ^= 1;
            assert_eq!(parse(&bytes) != Witness::Unreadable, readable, "record {spoilt}");
        }
        for bytes in [vec![], vec![0; 2 * HALF_BYTES], vec![7; 1024]] {
            assert_eq!(parse(&bytes), Witness::Unreadable);
        }
    }

    #[test]
    fn a_record_takes_as_much_as_a_half_and_a_chunk_hold_and_no_more() {
        let (net, secret) = (NetId::of_name("klatch tests"), SecretKey::from_seed(&[1; 32]));
        let feed: FeedId = secret.feed();
        let entries = |count: usize, size: usize| {
            let mut head = Head::empty(feed);
            let draft = Draft { kind: Kind(400), refs: Vec::new(), body: vec![3; size], time_ms: 0 };
            let mut sign = || {
                let (entry, after) = head.sign(&net, &secret, draft.clone()).unwrap();
                head = after;
                (*entry).clone()
            };
            (0..count).map(|_| sign()).collect::<Vec<_>>()
        };
        let of = |entries: &[Unverified]| {
            Record::of(MINE, START, &entries.iter().collect::<Vec<_>>()).map(|record| record.encode().len())
        };
        assert!(of(&entries(K as usize, 9)).is_some());
        assert_eq!(of(&entries(K as usize + 1, 9)), None, "one entry past a chunk");
        let mut most = entries(15, 16_384);
        let room = HALF_BYTES
            - FRONT_BYTES
            - SUM_BYTES
            - chunk::encode(&most.iter().collect::<Vec<_>>(), |_| true).len();
        let last = |size: usize| {
            let head = Head { feed, len: 15, tip: Some(most[14].id()) };
            let draft = Draft { kind: Kind(400), refs: Vec::new(), body: vec![3; size], time_ms: 0 };
            (*head.sign(&net, &secret, draft).unwrap().0).clone()
        };
        let row = chunk::encode_rows(&[&last(1_000)]).len() - 1_000;
        let (fits, over) = (last(room - row), last(room - row + 1));
        most.push(fits);
        assert_eq!(of(&most), Some(HALF_BYTES));
        most.pop();
        most.push(over);
        assert_eq!(of(&most), None, "one byte past a half");
    }

    #[test]
    fn the_newer_of_two_slots_of_the_form_before_is_read() {
        let slot = |seq: Seq| {
            let mut slot = [b"klatchw1" as &[u8], &seq.to_be_bytes(), at(seq).1.as_bytes(), &MINE].concat();
            let sum = Sha256::digest(&slot);
            slot.extend_from_slice(&sum[..16]);
            slot.resize(512, 0);
            slot
        };
        let says = |seq| Witness::Says(vec![mark(seq)], None);
        assert_eq!(parse(&[slot(5), slot(4)].concat()), says(5));
        assert_eq!(parse(&[slot(5), slot(6)].concat()), says(6));
        let mut torn = [slot(5), slot(6)].concat();
        torn[512 + 9] ^= 1;
        assert_eq!(parse(&torn), says(5));
        torn[9] ^= 1;
        assert_eq!(parse(&torn), Witness::Unreadable);
    }
}
