//! Who succeeded whom, and what that makes of the old feed: its chain is the one that the successor keeps.
//!
//! Statements are kept as they came, best first, as many as [`SUCCESSORS_MAX`] for one feed; one of them may
//! *count*: its whole chain is held, and is the feed. What a chain had that took its place is kept aside in
//! `branches`, so that what it founded stays, and so that a better succession finds it again.
//! Source: spec/feed.md, "succession".

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::post::Person;
use klatch_feed::succession::SUCCESSORS_MAX;
use klatch_feed::{EntryId, FeedId, K, Lineage, PublicKey, Seq, Succession, Successor, Unverified, chunk};
use redb::ReadableTable;

use crate::batch::Batch;
use crate::index::is_stored;
use crate::table::{
    BRANCHES, FeedRow, NO_ID, PROOFS, Read, SUCCESSORS, branch_key, drop_tokens, place, place_of, split, take,
};
use crate::{DiskError, entries};

/// A statement that is kept: who goes on, after which entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Kept {
    /// Who is succeeded by whom, and after which place.
    pub succession: Succession,
    /// The id of the last entry that is kept.
    pub keep_id: EntryId,
    /// It counts: the old feed is that chain.
    pub counts: bool,
    /// The successor's entry 1 as it travels: `header || signature`.
    pub signed: Vec<u8>,
    /// ... and its body.
    pub body: Vec<u8>,
}

impl Kept {
    fn of(successor: &Successor) -> Self {
        let (signed, body) = successor.encode();
        let (succession, keep_id) = (successor.succession(), successor.keep_id());
        Self { succession, keep_id, counts: false, signed, body }
    }

    fn key(&self) -> [u8; 64] {
        key(&self.succession.old.feed, &self.succession.new.genesis)
    }

    fn encode(&self) -> Vec<u8> {
        let Succession { old, keep, new } = &self.succession;
        let signed_len = u16::try_from(self.signed.len()).expect("a header and a signature are short");
        [
            &[u8::from(self.counts)][..],
            &keep.to_be_bytes(),
            self.keep_id.as_bytes(),
            old.genesis.as_bytes(),
            new.feed.as_bytes(),
            &signed_len.to_be_bytes(),
            &self.signed,
            &self.body,
        ]
        .concat()
    }

    fn decode(key: &[u8; 64], bytes: &[u8]) -> Result<Self, DiskError> {
        let (mut names, mut rest) = (&key[..], bytes);
        let kept = (|| {
            let old = FeedId::new(*take(&mut names)?);
            let new_genesis = EntryId::new(*take(&mut names)?);
            let [counts] = *take(&mut rest)?;
            let keep = Seq::from_be_bytes(*take(&mut rest)?);
            let keep_id = EntryId::new(*take(&mut rest)?);
            let old = Person { feed: old, genesis: EntryId::new(*take(&mut rest)?) };
            let new = Person { feed: FeedId::new(*take(&mut rest)?), genesis: new_genesis };
            let signed_len = usize::from(u16::from_be_bytes(*take(&mut rest)?));
            let (signed, body) = rest.split_at_checked(signed_len)?;
            let succession = Succession { old, keep, new };
            let (signed, body) = (signed.to_vec(), body.to_vec());
            Some(Self { succession, keep_id, counts: counts == 1, signed, body })
        })();
        kept.ok_or(DiskError::Table { table: "successors" })
    }
}

fn key(old: &FeedId, new_genesis: &EntryId) -> [u8; 64] {
    let mut key = [0; 64];
    key[..32].copy_from_slice(old.as_bytes());
    key[32..].copy_from_slice(new_genesis.as_bytes());
    key
}

/// What is kept about a feed, best first.
pub(crate) fn kept(tx: &impl Read, old: &FeedId) -> Result<Vec<Kept>, DiskError> {
    let (low, high) = (key(old, &NO_ID), key(old, &EntryId::new([0xff; 32])));
    let mut kept = Vec::new();
    for row in tx.open(SUCCESSORS)?.range(low..=high)? {
        let (key, value) = row?;
        kept.push(Kept::decode(&key.value(), value.value())?);
    }
    kept.sort_by_key(|kept| kept.succession.rank());
    Ok(kept)
}

/// Every statement that is kept.
pub(crate) fn all(tx: &impl Read) -> Result<Vec<Kept>, DiskError> {
    let mut all = Vec::new();
    for row in tx.open(SUCCESSORS)?.iter()? {
        let (key, value) = row?;
        all.push(Kept::decode(&key.value(), value.value())?);
    }
    Ok(all)
}

/// The successions that count.
pub(crate) fn lineage(tx: &impl Read) -> Result<Lineage, DiskError> {
    let all = all(tx)?.into_iter().filter(|kept| kept.counts).map(|kept| kept.succession);
    Ok(Lineage::new(all))
}

/// The entry of another branch at this place whose id begins like `id8`.
pub(crate) fn aside(
    tx: &impl Read,
    feed: FeedId,
    place: u64,
    id8: [u8; 8],
) -> Result<Option<Unverified>, DiskError> {
    match tx.open(BRANCHES)?.get(branch_key(place, id8))? {
        Some(row) => entries::read_alone(feed, split(place).1, row.value()).map(Some),
        None => Ok(None),
    }
}

/// Every entry of other branches of the feed of this number, with the bytes of its row.
pub(crate) fn asides(tx: &impl Read, feed: FeedId, num: u32) -> Result<Vec<(Unverified, usize)>, DiskError> {
    let (low, high) = (branch_key(place(num, 0), [0; 8]), branch_key(place(num, Seq::MAX), [0xff; 8]));
    let mut found = Vec::new();
    for row in tx.open(BRANCHES)?.range(low..=high)? {
        let (key, value) = row?;
        let seq = split(place_of(&key.value()[..8])).1;
        found.push((entries::read_alone(feed, seq, value.value())?, value.value().len()));
    }
    Ok(found)
}

/// A chain that leads to an entry to keep: it leaves the stored one after `common`.
struct Chain {
    common: Seq,
    rest: Vec<Unverified>,
}

impl Batch<'_> {
    /// Keeps a statement, if it is a new one, and looks at what it makes of the old feed. Whether it is kept.
    pub(crate) fn succeed(&mut self, successor: &Successor) -> Result<bool, DiskError> {
        let new = Kept::of(successor);
        let old = new.succession.old.feed;
        let before = kept(self.tx, &old)?;
        let is_known = before.iter().any(|kept| kept.key() == new.key());
        // Whoever counts has to be beaten: the rest can never count.
        let is_worse = |kept: &Kept| kept.counts && kept.succession.rank() < new.succession.rank();
        if is_known || before.iter().any(is_worse) {
            return Ok(false);
        }
        self.flush()?;
        let row = self.row_or_new(&old)?;
        if self.first(&old, &row)?.is_some_and(|first| !successor.is_of(&first)) {
            return Ok(false);
        }
        self.tx.open_table(SUCCESSORS)?.insert(new.key(), &new.encode()[..])?;
        let chosen = self.settle(&old)?;
        let is_kept = chosen.iter().any(|kept| kept.key() == new.key());
        if is_kept {
            self.touch(&old)?;
        }
        Ok(is_kept)
    }

    /// Looks at all that is kept about `old`: drops what says nothing here, and makes the feed the chain of
    /// the best one whose chain is held. What is left, best first.
    pub(crate) fn settle(&mut self, old: &FeedId) -> Result<Vec<Kept>, DiskError> {
        let all = kept(self.tx, old)?;
        if all.is_empty() {
            return Ok(all);
        }
        self.flush()?;
        let Some(row) = self.row(old)? else { return Ok(all) };
        let first = self.first(old, &row)?;
        let is_full = all.len() >= SUCCESSORS_MAX;
        let (mut left, mut is_decided) = (Vec::new(), false);
        for mut one in all {
            let says =
                |first: &Unverified| self.successor(&one).is_ok_and(|successor| successor.is_of(first));
            let is_idle = first.as_ref().is_some_and(|first| !says(first));
            if is_full && is_idle && !self.crowded {
                drop_tokens(self.tx)?;
                self.crowded = true;
            }
            if is_decided || is_idle {
                self.tx.open_table(SUCCESSORS)?.remove(one.key())?;
                continue;
            }
            if one.counts {
                is_decided = true;
            } else if let Some(chain) = self.chain_to(old, &row, &one)? {
                self.put_in_place(old, &chain, one.succession.keep)?;
                (one.counts, is_decided) = (true, true);
                self.tx.open_table(SUCCESSORS)?.insert(one.key(), &one.encode()[..])?;
                self.relined = true;
            }
            left.push(one);
        }
        // The one that counts, the last, has a place, however many better ones there are whose chains nobody holds.
        while left.len() > SUCCESSORS_MAX {
            let worst = left.remove(left.len() - 1 - usize::from(is_decided));
            self.tx.open_table(SUCCESSORS)?.remove(worst.key())?;
        }
        Ok(left)
    }

    /// Entry 1, if it is held.
    fn first(&self, old: &FeedId, row: &FeedRow) -> Result<Option<Unverified>, DiskError> {
        match row.stored {
            0 => Ok(None),
            _ => Ok(entries::between(self.tx, *old, row.num, 1..=1)?.pop()),
        }
    }

    fn successor(&self, kept: &Kept) -> Result<Successor, DiskError> {
        let successor = Successor::decode(&self.net, &kept.signed, &kept.body);
        successor.map_err(|_| DiskError::Table { table: "successors" })
    }

    /// The chain to the entry that is kept, if all of it is held and it is accepted up to there.
    fn chain_to(&self, old: &FeedId, row: &FeedRow, kept: &Kept) -> Result<Option<Chain>, DiskError> {
        let (mut seq, mut id) = (kept.succession.keep, kept.keep_id);
        let mut rest = Vec::new();
        loop {
            if entries::id_at(self.tx, *old, row, seq)? == Some(id) {
                break;
            }
            let Some(entry) = aside(self.tx, *old, place(row.num, seq), id.tip8())? else { return Ok(None) };
            let prev = entry.header().prev;
            if entry.id() != id {
                return Ok(None); // Its id begins alike, and is another.
            }
            rest.push(entry);
            seq -= 1;
            match prev {
                Some(prev) => id = prev,
                None => break,
            }
        }
        rest.reverse();
        self.judged(old, row, kept, Chain { common: seq, rest })
    }

    /// The chain, if it ends on the entry that is kept and is accepted up to there.
    fn judged(
        &self,
        old: &FeedId,
        row: &FeedRow,
        kept: &Kept,
        chain: Chain,
    ) -> Result<Option<Chain>, DiskError> {
        let successor = self.successor(kept)?;
        if chain.common == 0 && !chain.rest.first().is_some_and(|first| successor.is_of(first)) {
            return Ok(None); // The chain of another first entry.
        }
        // What is stored was accepted: an anchor is never further back than one step.
        let from = self.anchor_before(old, row, chain.common)?;
        let mut judged = entries::between(self.tx, *old, row.num, from + 1..=chain.common)?;
        judged.extend(chain.rest.iter().cloned());
        Ok(successor.keeps(&self.net, from, &judged).then_some(chain))
    }

    /// The last anchor before the stored entry `seq`, or before what follows it where nothing is kept of it.
    fn anchor_before(&self, old: &FeedId, row: &FeedRow, seq: Seq) -> Result<Seq, DiskError> {
        let Ok(key) = PublicKey::parse(old) else { return Ok(0) };
        let low = seq.saturating_sub(K - 1).max(1);
        if seq <= 1 {
            return Ok(0);
        }
        let before = entries::between(self.tx, *old, row.num, low..=seq - 1)?;
        let anchor = before.iter().rev().find(|entry| entry.is_anchor(&self.net, &key));
        Ok(anchor.map_or(low - 1, |entry| entry.header().seq))
    }

    /// Takes the chain that a peer sent from the place after one that both hold: if it leads to the entry that
    /// is kept by a statement that could count, the feed is that chain from here on. Whether it did.
    pub(crate) fn replace(&mut self, old: &FeedId, chunks: &[Vec<u8>]) -> Result<bool, DiskError> {
        self.flush()?;
        let Some(row) = self.row(old)? else { return Ok(false) };
        let Some(chain) = self.linked(old, &row, chunks)? else { return Ok(false) };
        let Some(last) = chain.rest.last() else { return Ok(false) };
        let end = (last.header().seq, last.id());
        let wanted = kept(self.tx, old)?.into_iter().take_while(|kept| !kept.counts);
        let Some(wanted) = wanted.into_iter().find(|kept| (kept.succession.keep, kept.keep_id) == end) else {
            return Ok(false);
        };
        let Some(chain) = self.judged(old, &row, &wanted, chain)? else { return Ok(false) };
        // Put aside, it is found like any other chain.
        chain.rest.iter().try_for_each(|entry| self.put_aside(old, entry))?;
        Ok(self.settle(old)?.iter().any(|kept| kept.counts && kept.key() == wanted.key()))
    }

    /// The entries of the chunks that are not stored, if they link to what is.
    fn linked(&self, old: &FeedId, row: &FeedRow, chunks: &[Vec<u8>]) -> Result<Option<Chain>, DiskError> {
        let first = chunks.first().and_then(|chunk| chunk::span(chunk).ok()).map(|(first, _)| first);
        let Some(mut common) = first.and_then(|first| first.checked_sub(1)).filter(|seq| *seq <= row.stored)
        else {
            return Ok(None);
        };
        let mut prev = entries::id_at(self.tx, *old, row, common)?;
        let mut rest: Vec<Unverified> = Vec::new();
        for chunk in chunks {
            let Ok(part) = chunk::decode(*old, prev, chunk) else { return Ok(None) };
            if part.first().map(|entry| entry.header().seq) != Some(common + rest.len() as Seq + 1) {
                return Ok(None);
            }
            prev = part.last().map(Unverified::id);
            for entry in part {
                if rest.is_empty() && entries::id_at(self.tx, *old, row, common + 1)? == Some(entry.id()) {
                    common += 1; // Held already.
                } else {
                    rest.push(entry);
                }
            }
        }
        Ok(Some(Chain { common, rest }))
    }

    /// Makes the feed what it has up to `chain.common`, and then the rest of the chain, which ends at `keep`.
    fn put_in_place(&mut self, old: &FeedId, chain: &Chain, keep: Seq) -> Result<(), DiskError> {
        let Some(mut row) = self.row(old)? else { return Ok(()) };
        let (common, above) = (chain.common, row.len);
        self.replaced.insert(*old);
        let lost = entries::between(self.tx, *old, row.num, common + 1..=row.stored)?;
        // As it is no longer accepted, before what it made is taken out.
        let len = above.min(common);
        (row.tip, row.len) = (entries::id_at(self.tx, *old, &row, len)?.unwrap_or(NO_ID), len);
        self.put(old, row);
        self.store(old, &row)?;
        drop_tokens(self.tx)?;
        let out: Vec<_> = lost.iter().filter(|entry| entry.header().seq <= above).cloned().collect();
        self.index.remove(self.tx, *old, row.num, &out, false)?;
        self.unsay(old, len);
        self.flush()?;
        for entry in &lost {
            self.put_aside(old, entry)?;
        }
        let mut row = self.row(old)?.unwrap_or(row);
        entries::truncate(self.tx, *old, &mut row, common)?;
        let rest: Vec<&Unverified> = chain.rest.iter().collect();
        let key = PublicKey::parse(old).ok();
        let anchors: BTreeSet<Seq> = rest
            .iter()
            .filter(|entry| key.as_ref().is_some_and(|key| entry.is_anchor(&self.net, key)))
            .map(|entry| entry.header().seq)
            .collect();
        entries::append(self.tx, *old, &mut row, &rest, &chunk::encode_rows(&rest), |seq| {
            anchors.contains(&seq)
        })?;
        self.put(old, row);
        if let Some(first) = chain.rest.first().filter(|_| common == 0) {
            self.name(old, row.num, Some(first.id()))?;
        }
        for entry in &chain.rest {
            self.take_from_aside(old, entry)?;
        }
        let mut row = self.row(old)?.unwrap_or(row);
        if chain.rest.is_empty() {
            entries::set_anchor(self.tx, *old, row.num, keep)?;
        }
        let back = entries::between(self.tx, *old, row.num, row.len + 1..=keep)?;
        (row.len, row.tip, row.cap, row.settled) = (row.stored, row.end, Seq::MAX, true);
        self.tx.open_table(PROOFS)?.remove(row.num)?;
        self.put(old, row);
        self.store(old, &row)?;
        self.index.forget(self.tx, row.num, &back)?; // Listed anew; some were listed aside.
        self.note(old, row.num, &back.iter().collect::<Vec<_>>());
        Ok(())
    }

    fn put_aside(&mut self, old: &FeedId, entry: &Unverified) -> Result<(), DiskError> {
        let Some(mut row) = self.row(old)? else { return Ok(()) };
        let (here, value) = (place(row.num, entry.header().seq), entries::alone(entry));
        let key = branch_key(here, entry.id().tip8());
        if self.tx.open_table(BRANCHES)?.insert(key, &value[..])?.is_none() {
            row.bytes += value.len() as u64;
            self.index.touch(entry); // Its id stays listed.
            self.put(old, row);
        }
        Ok(())
    }

    fn take_from_aside(&mut self, old: &FeedId, entry: &Unverified) -> Result<(), DiskError> {
        let Some(mut row) = self.row(old)? else { return Ok(()) };
        let key = branch_key(place(row.num, entry.header().seq), entry.id().tip8());
        if let Some(value) = self.tx.open_table(BRANCHES)?.remove(key)? {
            row.bytes -= value.value().len() as u64;
            self.put(old, row);
        }
        Ok(())
    }

    /// Deletes what is held of other branches, and lets none of the statements count.
    pub(crate) fn forget_branches(&mut self, old: &FeedId) -> Result<(), DiskError> {
        let Some(mut row) = self.row(old)? else { return Ok(()) };
        let asides: Vec<_> = asides(self.tx, *old, row.num)?.into_iter().map(|(entry, _)| entry).collect();
        for entry in &asides {
            self.take_from_aside(old, entry)?;
        }
        self.index.forget(self.tx, row.num, &asides)?;
        for mut one in kept(self.tx, old)?.into_iter().filter(|kept| kept.counts) {
            one.counts = false;
            self.tx.open_table(SUCCESSORS)?.insert(one.key(), &one.encode()[..])?;
            self.relined = true;
        }
        row = self.row(old)?.unwrap_or(row);
        row.settled = false;
        self.put(old, row);
        Ok(())
    }
}

/// What is wrong with the statements and the other branches of a feed, for `verify`.
pub(crate) fn problems(
    tx: &impl Read,
    net: &klatch_feed::NetId,
    feed: FeedId,
    row: &FeedRow,
) -> Result<Vec<String>, DiskError> {
    let mut problems = Vec::new();
    let kept = kept(tx, &feed)?;
    let counts: Vec<_> = kept.iter().filter(|kept| kept.counts).collect();
    if counts.len() != usize::from(row.settled) || kept.len() > SUCCESSORS_MAX {
        problems
            .push(format!("{feed}: another number of successions counts than its row in table feeds says"));
    }
    for one in &counts {
        if (row.stored, row.end) != (one.succession.keep, one.keep_id) {
            problems.push(format!("{feed}: it is not the chain that its successor keeps"));
        }
    }
    for one in &kept {
        let read = Successor::decode(net, &one.signed, &one.body).map(|successor| Kept::of(&successor));
        if read.map(|read| Kept { counts: one.counts, ..read }).as_ref() != Ok(one) {
            problems.push(format!("{feed}: a succession in table successors is damaged"));
        }
    }
    let mut seen = BTreeMap::new();
    for (entry, _) in asides(tx, feed, row.num)? {
        let (here, id) = (place(row.num, entry.header().seq), entry.id());
        let is_twice = seen.insert(id, ()).is_some();
        if is_twice || is_stored(tx, feed, row, &entry)? || aside(tx, feed, here, id.tip8())?.is_none() {
            let seq = entry.header().seq;
            problems.push(format!("entry {seq} of another branch of {feed} is not in its place"));
        }
    }
    Ok(problems)
}
