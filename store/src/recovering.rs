//! RECOVERING: the store takes its owner's entries from peers like anybody's, and signs none.
//! Source: spec/feed.md, "recovering".
//!
//! Kept in `meta`, in the transaction that finds the reason; so neither a restart nor a newer witness ends
//! it, only [`crate::Store::settle`].

use klatch_feed::Seq;
use redb::WriteTransaction;

use crate::table::{META, Read, meta, set_meta, take};
use crate::{DiskError, Held};

const KEY: &str = "recovering";
/// A number that says the reason, and two places.
const BYTES: usize = 9;

/// The reason, if the store is recovering.
pub(crate) fn read(tx: &impl Read) -> Result<Option<Held>, DiskError> {
    meta::<BYTES>(tx, KEY)?.map(|row| decode(&row).ok_or(DiskError::Table { table: "meta" })).transpose()
}

/// Begins recovering, unless the store is recovering already: the first reason stays.
pub(crate) fn begin(tx: &WriteTransaction, why: &Held) -> Result<(), DiskError> {
    match (read(tx)?, encode(why)) {
        (None, Some(row)) => set_meta(tx, KEY, &row),
        _ => Ok(()),
    }
}

pub(crate) fn end(tx: &WriteTransaction) -> Result<(), DiskError> {
    tx.open_table(META)?.remove(KEY)?;
    Ok(())
}

fn encode(why: &Held) -> Option<[u8; BYTES]> {
    let (tag, a, b): (u8, Seq, Seq) = match *why {
        Held::WitnessAhead { witness, store } => (1, witness, store),
        Held::WitnessMissing { store } => (2, store, 0),
        Held::WitnessOther { witness, store } => (3, witness, store),
        Held::WitnessDiffers { at } => (4, at, 0),
        Held::PeerAhead { peer, store } => (5, peer, store),
        Held::Restored { store } => (6, store, 0),
        Held::Words => (7, 0, 0),
        Held::Forked { .. } | Held::Succeeded { .. } | Held::Outdone { .. } => return None,
    };
    let mut row = [tag; BYTES];
    row[1..5].copy_from_slice(&a.to_be_bytes());
    row[5..].copy_from_slice(&b.to_be_bytes());
    Some(row)
}

fn decode(mut row: &[u8]) -> Option<Held> {
    let [tag] = *take(&mut row)?;
    let a = Seq::from_be_bytes(*take(&mut row)?);
    let b = Seq::from_be_bytes(*take(&mut row)?);
    Some(match tag {
        1 => Held::WitnessAhead { witness: a, store: b },
        2 => Held::WitnessMissing { store: a },
        3 => Held::WitnessOther { witness: a, store: b },
        4 => Held::WitnessDiffers { at: a },
        5 => Held::PeerAhead { peer: a, store: b },
        6 => Held::Restored { store: a },
        7 => Held::Words,
        _ => return None,
    })
}

/// Why recovering does not end.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The own feed is capped: nothing after the cap would count.
    #[error(transparent)]
    Forked(Held),
    /// The own feed is at another entry than the one that was found to be its last.
    #[error("the own feed has {len} entries by now: look at the last one again")]
    Moved {
        /// How many own entries are held.
        len: Seq,
    },
    /// The disk would not.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_comes_back_and_no_other_bytes_are_one() {
        let reasons = [
            Held::WitnessAhead { witness: 7, store: 3 },
            Held::WitnessMissing { store: 4 },
            Held::WitnessOther { witness: 1, store: 5 },
            Held::WitnessDiffers { at: 6 },
            Held::PeerAhead { peer: 9, store: 2 },
            Held::Restored { store: Seq::MAX },
            Held::Words,
        ];
        for why in reasons {
            assert_eq!(encode(&why).and_then(|row| decode(&row)), Some(why));
        }
        assert_eq!(encode(&Held::Forked { cap: 1 }), None, "a cap is in the feed's row");
        assert_eq!((decode(&[0; BYTES]), decode(&[8; BYTES]), decode(&[7])), (None, None, None));
    }
}
