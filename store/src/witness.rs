//! The head witness: a small file beside the database that knows the newest own entry.
//!
//! A database that was restored, or "repaired" to an older commit, is behind what its owner already
//! published; appending to it would fork the feed. So each own append is written here too, after the
//! database and before anybody hears of it, and an opening compares the two.
//!
//! Two slots of 512 bytes (one sector each, so that a torn write spoils one of them), written in turn:
//! `"klatchw1" || seq u32 || id 32 B || instance 16 B || SHA-256 of these, first 16 B`, zeros after. The
//! slot with the higher seq counts. No part of the protocol: another program may keep its head in another way.

use klatch_feed::{EntryId, Seq};
use sha2::{Digest, Sha256};

use crate::disk::Disk;
use crate::table::{NO_ID, take};
use crate::{DiskError, Held};

const SLOT_BYTES: usize = 512;
const MAGIC: &[u8; 8] = b"klatchw1";
const MARK_BYTES: usize = 60;

/// What a slot says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Mark {
    pub(crate) seq: Seq,
    /// Zeros iff `seq` is 0.
    pub(crate) id: EntryId,
    /// Which store.
    pub(crate) instance: [u8; 16],
}

impl Mark {
    fn encode(&self) -> [u8; SLOT_BYTES] {
        let mut slot = [0; SLOT_BYTES];
        slot[..8].copy_from_slice(MAGIC);
        slot[8..12].copy_from_slice(&self.seq.to_be_bytes());
        slot[12..44].copy_from_slice(self.id.as_bytes());
        slot[44..MARK_BYTES].copy_from_slice(&self.instance);
        let sum = Sha256::digest(&slot[..MARK_BYTES]);
        slot[MARK_BYTES..MARK_BYTES + 16].copy_from_slice(&sum[..16]);
        slot
    }

    fn decode(slot: &[u8]) -> Option<Self> {
        let sum = Sha256::digest(slot.get(..MARK_BYTES)?);
        if slot.get(MARK_BYTES..MARK_BYTES + 16)? != &sum[..16] {
            return None;
        }
        let mut rest = slot.strip_prefix(MAGIC)?;
        Some(Self {
            seq: Seq::from_be_bytes(*take(&mut rest)?),
            id: EntryId::new(*take(&mut rest)?),
            instance: *take(&mut rest)?,
        })
    }
}

/// What the file says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Witness {
    /// There is no file.
    Absent,
    /// There is one, and no slot of it is whole.
    Unreadable,
    /// The newest mark, and the slot it stands in.
    Says(Mark, usize),
}

pub(crate) fn read(disk: &dyn Disk) -> Result<Witness, DiskError> {
    let Some(bytes) = disk.read_witness().map_err(DiskError::Witness)? else { return Ok(Witness::Absent) };
    let marks = bytes.chunks(SLOT_BYTES).take(2).map(Mark::decode).enumerate();
    let newest = marks.filter_map(|(slot, mark)| Some((mark?, slot))).max_by_key(|(mark, _)| mark.seq);
    Ok(newest.map_or(Witness::Unreadable, |(mark, slot)| Witness::Says(mark, slot)))
}

/// Makes the file, with `mark` in the first slot.
pub(crate) fn create(disk: &dyn Disk, mark: &Mark) -> Result<(), DiskError> {
    let bytes = [mark.encode(), [0; SLOT_BYTES]].concat();
    disk.new_witness(&bytes).map_err(DiskError::Witness)
}

/// Writes `mark` over the older slot; `newest` is where the newest mark stands. Returns where it stands now.
pub(crate) fn advance(disk: &dyn Disk, newest: usize, mark: &Mark) -> Result<usize, DiskError> {
    let slot = 1 - newest;
    disk.write_witness((slot * SLOT_BYTES) as u64, &mark.encode()).map_err(DiskError::Witness)?;
    Ok(slot)
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
    /// Appending could fork the feed.
    Hold(Held),
}

/// Compares them. `len` own entries are stored in the store `instance`; `at` is the id of the own entry
/// that the witness names, if the store holds that place.
pub(crate) fn judge(witness: Witness, len: Seq, instance: &[u8; 16], at: Option<EntryId>) -> Verdict {
    match witness {
        Witness::Absent if len == 0 => Verdict::Create,
        Witness::Absent | Witness::Unreadable => Verdict::Hold(Held::WitnessMissing { store: len }),
        Witness::Says(mark, _) if mark.instance != *instance => {
            Verdict::Hold(Held::WitnessOther { witness: mark.seq, store: len })
        }
        Witness::Says(mark, _) if mark.seq > len => {
            Verdict::Hold(Held::WitnessAhead { witness: mark.seq, store: len })
        }
        Witness::Says(mark, _) if mark.seq > 0 && at != Some(mark.id) => {
            Verdict::Hold(Held::WitnessDiffers { at: mark.seq })
        }
        Witness::Says(mark, _) if mark.seq < len => Verdict::Mend,
        Witness::Says(..) => Verdict::Good,
    }
}

impl Mark {
    /// The mark of a store without own entries.
    pub(crate) fn start(instance: [u8; 16]) -> Self {
        Self { seq: 0, id: NO_ID, instance }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINE: [u8; 16] = [7; 16];

    fn says(seq: Seq, id: u8, instance: [u8; 16]) -> Witness {
        Witness::Says(Mark { seq, id: EntryId::new([id; 32]), instance }, 0)
    }

    #[test]
    fn each_disagreement_has_its_verdict() {
        let id = Some(EntryId::new([1; 32]));
        let hold = Verdict::Hold;
        let cases = [
            ("new store", Witness::Absent, 0, None, Verdict::Create),
            ("file lost", Witness::Absent, 3, None, hold(Held::WitnessMissing { store: 3 })),
            ("both slots spoilt", Witness::Unreadable, 0, None, hold(Held::WitnessMissing { store: 0 })),
            ("nothing posted", says(0, 0, MINE), 0, None, Verdict::Good),
            ("agree", says(3, 1, MINE), 3, id, Verdict::Good),
            ("ended between the writes", says(3, 1, MINE), 9, id, Verdict::Mend),
            ("ended before the first mark", says(0, 0, MINE), 9, None, Verdict::Mend),
            ("ahead", says(4, 1, MINE), 3, None, hold(Held::WitnessAhead { witness: 4, store: 3 })),
            ("other id", says(3, 2, MINE), 3, id, hold(Held::WitnessDiffers { at: 3 })),
            ("other id below", says(3, 2, MINE), 9, id, hold(Held::WitnessDiffers { at: 3 })),
            ("other store", says(3, 1, [8; 16]), 3, id, hold(Held::WitnessOther { witness: 3, store: 3 })),
        ];
        for (name, witness, len, at, verdict) in cases {
            assert_eq!(judge(witness, len, &MINE, at), verdict, "{name}");
        }
    }

    #[test]
    fn a_slot_with_any_flipped_bit_says_nothing() {
        let mark = Mark { seq: 5, id: EntryId::new([3; 32]), instance: MINE };
        let slot = mark.encode();
        assert_eq!(Mark::decode(&slot), Some(mark));
        for bit in 0..(MARK_BYTES + 16) * 8 {
            let mut bad = slot;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Mark::decode(&bad), None, "bit {bit}");
        }
        assert_eq!(Mark::decode(&slot[..40]), None);
    }
}
