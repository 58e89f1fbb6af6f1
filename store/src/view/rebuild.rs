//! Makes everything that is derived from the entries again, in bounded transactions that can be resumed.
//!
//! The place reached stands in `meta`; an opening that finds one goes on from there. First every feed's
//! entries are indexed, and each founding entry leaves an empty view; then the empty views are folded.
//!
//! Damage stops none of it, or the home would not open any more. Another's feed is cut off before a damaged row, at
//! the last place known to be signed, so that peers bring the rest again. What nobody could bring again in its
//! place is kept as it is and passed over: the own feed, and one that a succession ends.

use klatch_feed::post::kind;
use klatch_feed::{FeedId, NetId, Seq, Unverified};
use redb::{ReadableTable, WriteTransaction};

use crate::error::Damage;
use crate::index::Index;
use crate::table::{
    EVENTS, FEEDS, FeedRow, GROUPS, META, NUMBERS, RUNS, Read, drop_derived, drop_tokens, make_derived, meta,
    numbered, place, set_meta, split, take,
};
use crate::{CutOff, DiskError, entries, succession, view};

/// Where a rebuild stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    /// Entries from this place on are to be indexed.
    Index(u64),
    /// Empty views are to be folded.
    Fold,
}

const FOLDING: u64 = u64::MAX;

/// Entries, roughly, that one transaction indexes, and objects that one folds.
const ENTRIES_MAX: u64 = 10_000;
const OBJECTS_MAX: usize = 500;

/// Drops all that is derived.
pub(crate) fn begin(tx: &WriteTransaction) -> Result<(), DiskError> {
    drop_derived(tx)?;
    make_derived(tx)?;
    set_meta(tx, "rebuild", &0_u64.to_be_bytes())
}

/// The stage of an unfinished rebuild.
pub(crate) fn stage(tx: &impl Read) -> Result<Option<Stage>, DiskError> {
    Ok(meta(tx, "rebuild")?.map(|at| match u64::from_be_bytes(at) {
        FOLDING => Stage::Fold,
        at => Stage::Index(at),
    }))
}

/// In `meta`, until somebody is told: what was cut off, 40 bytes each.
const CUT: &str = "cut off";

/// What rebuilds cut off, and nobody was told of yet.
pub(crate) fn cut(tx: &impl Read) -> Result<Vec<CutOff>, DiskError> {
    let table = tx.open(META)?;
    let Some(row) = table.get(CUT)? else { return Ok(Vec::new()) };
    let (mut rest, mut cut) = (row.value(), Vec::new());
    while let (Some(feed), Some(after), Some(held)) = (take(&mut rest), take(&mut rest), take(&mut rest)) {
        let (after, held) = (Seq::from_be_bytes(*after), Seq::from_be_bytes(*held));
        cut.push(CutOff { feed: FeedId::new(*feed), after, entries: held.saturating_sub(after) });
    }
    Ok(cut)
}

/// Somebody is told of it.
pub(crate) fn forget_cut(tx: &WriteTransaction) -> Result<(), DiskError> {
    tx.open_table(META)?.remove(CUT)?;
    Ok(())
}

/// Entries after `after` are gone, of `held`.
fn note_cut(tx: &WriteTransaction, feed: FeedId, after: Seq, held: Seq) -> Result<(), DiskError> {
    let mut row = tx.open(META)?.get(CUT)?.map_or(Vec::new(), |row| row.value().to_vec());
    row.extend_from_slice(feed.as_bytes());
    [after, held].into_iter().for_each(|seq| row.extend_from_slice(&seq.to_be_bytes()));
    set_meta(tx, CUT, &row)
}

/// Does one transaction's worth. Returns how many entries it indexed.
pub(crate) fn step(tx: &WriteTransaction, net: &NetId, stage: Stage) -> Result<u64, DiskError> {
    match stage {
        Stage::Index(from) => index_some(tx, from),
        Stage::Fold => fold_some(tx, net).map(|()| 0),
    }
}

fn index_some(tx: &WriteTransaction, from: u64) -> Result<u64, DiskError> {
    let (mut num, mut seq) = split(from);
    let mut index = Index::default();
    let mut done = 0;
    while done < ENTRIES_MAX {
        let Some((next, ())) =
            tx.open(NUMBERS)?.range(num..)?.next().transpose()?.map(|(k, _)| (k.value(), ()))
        else {
            num = u32::MAX;
            break;
        };
        if next != num {
            (num, seq) = (next, 0);
        }
        let (feed, _) = numbered(tx, num)?;
        let row = row_of(tx, &feed)?;
        if seq >= row.stored {
            let asides = match succession::asides(tx, feed, num) {
                Err(DiskError::Corrupt { .. }) => Vec::new(),
                asides => asides?,
            };
            for (entry, _) in asides {
                index.add(feed, num, &entry, false);
                note_founding(tx, &entry)?;
            }
            (num, seq) = (num + 1, 0);
            continue;
        }
        let read = entries::each_row(tx, feed, num, seq + 1..=row.stored, |run| {
            for entry in run.entries(feed)?.iter().filter(|entry| entry.header().seq > seq) {
                index.add(feed, num, entry, entry.header().seq <= row.len);
                note_founding(tx, entry)?;
                done += 1;
            }
            seq = run.last();
            Ok(done < ENTRIES_MAX)
        });
        match read {
            Err(DiskError::Corrupt { seq: at, damage, .. }) => {
                if cut_off(tx, feed, row, at)? {
                    begin(tx)?; // A part of what is gone may have been indexed.
                    return Ok(done);
                }
                // Rows that do not link are read one by one.
                if damage != Damage::Link {
                    let runs = tx.open(RUNS)?;
                    let next = runs.range(place(num, at.saturating_add(1))..=place(num, Seq::MAX))?.next();
                    let next = next.transpose()?.map(|(key, _)| split(key.value()).1);
                    seq = next.map_or(row.stored, |next| next.saturating_sub(1));
                }
            }
            read => read?,
        }
    }
    index.flush(tx)?;
    for (feed, grown) in std::mem::take(&mut index.rewritten) {
        let mut row = row_of(tx, &feed)?;
        row.bytes = row.bytes.saturating_add_signed(grown);
        tx.open_table(FEEDS)?.insert(feed.as_bytes(), &row.encode()[..])?;
    }
    let at = if num == u32::MAX { FOLDING } else { place(num, seq) };
    set_meta(tx, "rebuild", &at.to_be_bytes())?;
    Ok(done)
}

/// Takes the rows from the damaged entry `at` on out of a feed, and what comes before it up to the last known anchor:
/// it is fetched again like anything that is not held. Whether it did.
fn cut_off(tx: &WriteTransaction, feed: FeedId, mut row: FeedRow, at: Seq) -> Result<bool, DiskError> {
    let is_own = meta(tx, "owner")? == Some(*feed.as_bytes());
    if is_own || row.settled {
        return Ok(false);
    }
    let mut to = at.saturating_sub(1);
    while to > 0 {
        let run = entries::row_at(tx, feed, row.num, to)?;
        if let Some(anchor) = (run.first..=to).rev().find(|seq| run.is_anchor(*seq)) {
            to = anchor;
            break;
        }
        to = run.first - 1;
    }
    note_cut(tx, feed, to, row.stored)?;
    entries::truncate(tx, feed, &mut row, to)?;
    if to < row.len {
        (row.len, row.tip) = (to, row.end);
    }
    if to == 0 {
        let mut name = [0; 64];
        name[..32].copy_from_slice(feed.as_bytes());
        tx.open_table(NUMBERS)?.insert(row.num, name)?;
    }
    tx.open_table(FEEDS)?.insert(feed.as_bytes(), &row.encode()[..])?;
    drop_tokens(tx)?; // Peers vouched for what is gone.
    Ok(true)
}

fn row_of(tx: &impl Read, feed: &FeedId) -> Result<FeedRow, DiskError> {
    crate::table::feed_row(tx, feed)?.ok_or(DiskError::Table { table: "feeds" })
}

/// Leaves an empty view for what `entry` founds, to be folded when all is indexed.
fn note_founding(tx: &WriteTransaction, entry: &Unverified) -> Result<(), DiskError> {
    let table = match entry.header().kind {
        kind::GROUP => GROUPS,
        kind::EVENT => EVENTS,
        _ => return Ok(()),
    };
    tx.open_table(table)?.insert(entry.id().as_bytes(), &[][..])?;
    Ok(())
}

fn fold_some(tx: &WriteTransaction, net: &NetId) -> Result<(), DiskError> {
    let mut empty = Vec::new();
    for table in [GROUPS, EVENTS] {
        for row in tx.open(table)?.iter()? {
            let (id, state) = row?;
            if state.value().is_empty() && empty.len() < OBJECTS_MAX {
                empty.push(klatch_feed::EntryId::new(id.value()));
            }
        }
    }
    if empty.is_empty() {
        tx.open_table(META)?.remove("rebuild")?;
    }
    let lineage = view::lineage_for(tx, &empty)?;
    view::fold_each(tx, net, &empty, &lineage, |id, folded| {
        let folded = match folded {
            // No view of what is made of damaged entries, nor of what belongs to it.
            Err(DiskError::Corrupt { .. } | DiskError::Table { table: "refs" }) => view::Folded::default(),
            folded => folded?,
        };
        view::keep_all(tx, id, &folded).map(drop)
    })
}
