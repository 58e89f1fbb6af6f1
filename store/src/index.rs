//! What is derived from entries one by one: ids, refs with facts, tombstones, missing bodies, profiles.
//!
//! A *fact* is an accepted entry as the fold needs it, kept under what the entry points at first, so that
//! folding an object is one range scan: `id 32 || kind u16 || count u8 || refs || body`, where the body is
//! `0`, or `1` and its bytes. Whatever else points at something leaves its kind alone. All of it is gathered over a batch and inserted sorted, since a B-tree takes
//! sorted keys several times faster.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::post::kind;
use klatch_feed::{EntryId, Fact, FeedId, Kind, Post, Seq, Unverified, codec};
use redb::{ReadableTable, WriteTransaction};

use crate::error::{Damage, corrupt};
use crate::table::{
    ANNOUNCED, FeedRow, MISSING, PROFILES, REFS, Read, TOMBS, feed_row, id_key, numbered, place, place_of,
    ref_key, split, take, tomb_key,
};
use crate::{DiskError, announced, entries, ids, succession};

/// Objects to fold again.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Groups and events, as far as ids alone tell.
    pub(crate) objects: BTreeSet<EntryId>,
    /// Those of them whose roles may have changed: a group's events are to be folded too.
    pub(crate) roles: BTreeSet<EntryId>,
}

impl Touched {
    fn by(&mut self, id: EntryId, kind: Kind, refs: &[EntryId]) {
        if matches!(kind, kind::GROUP | kind::EVENT) {
            self.objects.insert(id);
        }
        if kind == kind::GROUP {
            self.roles.insert(id);
        }
        if let Some((object, others)) = refs.split_first().filter(|_| kind.is_fold()) {
            self.objects.insert(*object);
            if kind == kind::HIDE {
                self.objects.extend(others); // An event says itself that its group hides it.
            }
            let is_of_seats = matches!(kind, kind::SEAT | kind::RELEASE | kind::CLOSE | kind::SKIP);
            if kind.is_control() && !is_of_seats && !matches!(kind, kind::EVENT | kind::TOMBSTONE) {
                self.roles.insert(*object);
            }
        }
    }
}

/// Rows to add, and what they touch.
#[derive(Debug, Default)]
pub(crate) struct Index {
    ids: Vec<[u8; 16]>,
    refs: Vec<([u8; 40], Vec<u8>)>,
    announced: Vec<([u8; 40], Vec<u8>)>,
    missing: Vec<u64>,
    profiles: Vec<(u64, Vec<u8>)>,
    tombstones: Vec<(FeedId, u64, Unverified)>,
    pub(crate) touched: Touched,
    /// Feeds whose rows were rewritten, since bodies were taken back: bytes gained or lost.
    pub(crate) rewritten: BTreeMap<FeedId, i64>,
}

impl Index {
    /// Takes in a stored entry. What is not accepted is found by its id alone.
    pub(crate) fn add(&mut self, feed: FeedId, num: u32, entry: &Unverified, is_accepted: bool) {
        let header = entry.header();
        let here = place(num, header.seq);
        self.ids.push(id_key(&entry.id(), here));
        self.touched.by(entry.id(), header.kind, if is_accepted { &header.refs } else { &[] });
        if !is_accepted {
            return;
        }
        for (index, target) in header.refs.iter().enumerate() {
            self.refs.push((ref_key(target, here), ref_bytes(entry, index)));
        }
        self.announced
            .extend(announced::on(entry).map(|object| (ref_key(&object, here), announced::bytes(entry))));
        if entry.body().is_none() {
            self.missing.push(here);
        }
        if let Some(profile) = profile(entry) {
            self.profiles.push((here, profile));
        }
        if !targets(entry).is_empty() {
            self.tombstones.push((feed, here, entry.clone()));
        }
    }

    /// Inserts all that was taken in, then lets the tombstones work.
    pub(crate) fn flush(&mut self, tx: &WriteTransaction) -> Result<(), DiskError> {
        self.ids.sort_unstable();
        self.refs.sort_unstable();
        if !self.ids.is_empty() {
            ids::add(tx, &std::mem::take(&mut self.ids))?;
        }
        let mut table = tx.open_table(REFS)?;
        self.refs.drain(..).try_for_each(|(key, fact)| table.insert(key, &fact[..]).map(drop))?;
        drop(table);
        let mut table = tx.open_table(ANNOUNCED)?;
        self.announced.drain(..).try_for_each(|(key, entry)| table.insert(key, &entry[..]).map(drop))?;
        drop(table);
        let mut table = tx.open_table(MISSING)?;
        self.missing.drain(..).try_for_each(|key| table.insert(key, ()).map(drop))?;
        drop(table);
        let mut table = tx.open_table(PROFILES)?;
        self.profiles.drain(..).try_for_each(|(key, profile)| table.insert(key, &profile[..]).map(drop))?;
        drop(table);
        for (feed, here, tombstone) in std::mem::take(&mut self.tombstones) {
            self.take_back(tx, feed, here, &tombstone)?;
        }
        Ok(())
    }

    /// Lets a tombstone work: its targets among the author's own earlier entries, control entries
    /// excepted, lose their bodies and are marked.
    fn take_back(
        &mut self,
        tx: &WriteTransaction,
        feed: FeedId,
        here: u64,
        tombstone: &Unverified,
    ) -> Result<(), DiskError> {
        for target in &targets(tombstone) {
            let Some(entry) = own_target(tx, feed, here, target)? else { continue };
            let there = place(split(here).0, entry.header().seq);
            tx.open_table(TOMBS)?.insert(tomb_key(there, here), &fact_bytes(tombstone)[..])?;
            tx.open_table(MISSING)?.remove(there)?;
            tx.open_table(PROFILES)?.remove(there)?;
            self.touched.by(entry.id(), entry.header().kind, &entry.header().refs);
            if entry.body().is_some_and(|body| !body.is_empty()) {
                let header = entry.header().clone();
                let bare = Unverified::new(header, *entry.signature(), None);
                let bare = bare.map_err(|_| corrupt(feed, entry.header().seq, Damage::Form))?;
                self.replace_body(tx, feed, split(here).0, &bare)?;
            }
        }
        Ok(())
    }

    /// Puts the body of `entry`, or its absence, in place of what is stored.
    pub(crate) fn replace_body(
        &mut self,
        tx: &WriteTransaction,
        feed: FeedId,
        num: u32,
        entry: &Unverified,
    ) -> Result<(), DiskError> {
        let header = entry.header();
        let grown = entries::rewrite(tx, feed, num, header.seq, |old| {
            (old.id() == entry.id()).then(|| entry.body().map(<[u8]>::to_vec))
        })?;
        *self.rewritten.entry(feed).or_default() += grown;
        let first_ref = header.refs.first().filter(|_| header.kind.is_fold());
        if let Some(target) = first_ref {
            tx.open_table(REFS)?.insert(ref_key(target, place(num, header.seq)), &fact_bytes(entry)[..])?;
        }
        match (header.kind, header.refs.first(), announced::on(entry)) {
            (_, _, Some(object)) => {
                let key = ref_key(&object, place(num, header.seq));
                tx.open_table(ANNOUNCED)?.insert(key, &announced::bytes(entry)[..])?;
            }
            (kind::COMMENT | kind::POLL, Some(object), None) => {
                tx.open_table(ANNOUNCED)?.remove(ref_key(object, place(num, header.seq)))?;
            }
            _ => {}
        }
        self.touched.by(entry.id(), header.kind, &header.refs);
        Ok(())
    }

    /// Takes a late body in: as [`Index::replace_body`], and what is derived from it.
    pub(crate) fn fill(
        &mut self,
        tx: &WriteTransaction,
        feed: FeedId,
        num: u32,
        entry: &Unverified,
    ) -> Result<(), DiskError> {
        let here = place(num, entry.header().seq);
        self.replace_body(tx, feed, num, entry)?;
        tx.open_table(MISSING)?.remove(here)?;
        if let Some(profile) = profile(entry) {
            tx.open_table(PROFILES)?.insert(here, &profile[..])?;
        }
        Ok(())
    }

    /// Takes out what accepted entries derived, as they no longer are accepted (the feed's row says so
    /// already); `with_ids` also what finds them, as they are to be deleted.
    pub(crate) fn remove(
        &mut self,
        tx: &WriteTransaction,
        feed: FeedId,
        num: u32,
        entries: &[Unverified],
        with_ids: bool,
    ) -> Result<(), DiskError> {
        let mut keys = Vec::new();
        // Latest first, so that a tombstone still finds what it took back.
        for entry in entries.iter().rev() {
            let header = entry.header();
            let here = place(num, header.seq);
            self.touched.by(entry.id(), header.kind, &header.refs);
            for target in &header.refs {
                tx.open_table(REFS)?.remove(ref_key(target, here))?;
            }
            if let Some(object) = announced::on(entry) {
                tx.open_table(ANNOUNCED)?.remove(ref_key(&object, here))?;
            }
            tx.open_table(MISSING)?.remove(here)?;
            tx.open_table(PROFILES)?.remove(here)?;
            if with_ids {
                keys.push(id_key(&entry.id(), here));
            }
            if !targets(entry).is_empty() {
                self.give_back(tx, feed, here, entry)?;
            }
        }
        keys.sort_unstable();
        ids::remove(tx, &keys)
    }

    /// An entry that is no longer accepted, and stays where it is found by its id.
    pub(crate) fn touch(&mut self, entry: &Unverified) {
        self.touched.by(entry.id(), entry.header().kind, &[]);
    }

    /// Takes out what finds entries by their ids, where it is there.
    pub(crate) fn forget(
        &mut self,
        tx: &WriteTransaction,
        num: u32,
        entries: &[Unverified],
    ) -> Result<(), DiskError> {
        let key = |entry: &Unverified| id_key(&entry.id(), place(num, entry.header().seq));
        let mut keys: Vec<_> = entries.iter().map(key).collect();
        keys.sort_unstable();
        ids::remove(tx, &keys)?;
        entries.iter().for_each(|entry| self.touch(entry));
        Ok(())
    }

    /// Undoes a tombstone's marks. The bodies are gone, so they count as missing again.
    fn give_back(
        &mut self,
        tx: &WriteTransaction,
        feed: FeedId,
        here: u64,
        tombstone: &Unverified,
    ) -> Result<(), DiskError> {
        for target in &targets(tombstone) {
            let Some(entry) = own_target(tx, feed, here, target)? else { continue };
            let there = place(split(here).0, entry.header().seq);
            tx.open_table(TOMBS)?.remove(tomb_key(there, here))?;
            self.touched.by(entry.id(), entry.header().kind, &entry.header().refs);
            let is_accepted = feed_row(tx, &feed)?.is_some_and(|row| entry.header().seq <= row.len);
            if entry.body().is_none() && is_accepted && !is_taken_back(tx, there)? {
                tx.open_table(MISSING)?.insert(there, ())?;
            }
        }
        Ok(())
    }
}

/// What a tombstone that can be read names; nothing for any other entry.
fn targets(entry: &Unverified) -> Vec<EntryId> {
    let header = entry.header();
    if header.kind != kind::TOMBSTONE {
        return Vec::new();
    }
    match Post::read(header.kind, &header.refs, entry.body()) {
        Some(Post::Tombstone { targets }) => targets,
        _ => Vec::new(),
    }
}

/// Whether an accepted tombstone names the entry at `place`.
pub(crate) fn is_taken_back(tx: &impl Read, place: u64) -> Result<bool, DiskError> {
    Ok(tx.open(TOMBS)?.range(tomb_key(place, 0)..=tomb_key(place, u64::MAX))?.next().transpose()?.is_some())
}

/// The earlier entry of `feed` that a tombstone at `here` names, if it may be taken back.
fn own_target(
    tx: &impl Read,
    feed: FeedId,
    here: u64,
    target: &EntryId,
) -> Result<Option<Unverified>, DiskError> {
    let (num, seq) = split(here);
    for there in places(tx, target)? {
        let (other, earlier) = split(there);
        if other != num || earlier >= seq {
            continue;
        }
        let found = entries::between(tx, feed, num, earlier..=earlier)?.pop();
        if let Some(entry) = found.filter(|entry| entry.id() == *target && !entry.header().kind.is_control())
        {
            return Ok(Some(entry));
        }
    }
    Ok(None)
}

/// Places of stored entries whose ids begin like `id`.
pub(crate) fn places(tx: &impl Read, id: &EntryId) -> Result<Vec<u64>, DiskError> {
    let mut found = Vec::new();
    ids::open(tx)?.range(&id_key(id, 0), &id_key(id, u64::MAX), |key| {
        found.push(place_of(&key));
        Ok(true)
    })?;
    Ok(found)
}

/// A stored entry, found by its id.
pub(crate) struct Found {
    pub(crate) entry: Unverified,
    /// Its feed's number.
    pub(crate) num: u32,
    /// Not above a cap, nor on another branch.
    pub(crate) is_accepted: bool,
}

/// Whether the entry stands in the feed's chain, accepted or not.
pub(crate) fn is_stored(
    tx: &impl Read,
    feed: FeedId,
    row: &FeedRow,
    entry: &Unverified,
) -> Result<bool, DiskError> {
    Ok(entries::id_at(tx, feed, row, entry.header().seq)? == Some(entry.id()))
}

/// The stored entry `id`, of whatever branch.
pub(crate) fn find(tx: &impl Read, id: &EntryId) -> Result<Option<Found>, DiskError> {
    for there in places(tx, id)? {
        let (num, seq) = split(there);
        let (feed, _) = numbered(tx, num)?;
        let row = feed_row(tx, &feed)?.ok_or(DiskError::Table { table: "feeds" })?;
        let stored = if seq <= row.stored { entries::between(tx, feed, num, seq..=seq)?.pop() } else { None };
        if let Some(entry) = stored.filter(|entry| entry.id() == *id) {
            return Ok(Some(Found { entry, num, is_accepted: seq <= row.len }));
        }
        let other = succession::aside(tx, feed, there, id.tip8())?;
        if let Some(entry) = other.filter(|entry| entry.id() == *id) {
            return Ok(Some(Found { entry, num, is_accepted: false }));
        }
    }
    Ok(None)
}

/// What stands in `refs` for one ref of an entry.
pub(crate) fn ref_bytes(entry: &Unverified, index: usize) -> Vec<u8> {
    let kind = entry.header().kind;
    if index == 0 && kind.is_fold() { fact_bytes(entry) } else { kind.0.to_be_bytes().to_vec() }
}

/// What the `profiles` table keeps of a readable profile.
pub(crate) fn profile(entry: &Unverified) -> Option<Vec<u8>> {
    let header = entry.header();
    if header.kind != kind::PROFILE {
        return None;
    }
    match Post::read(header.kind, &header.refs, entry.body())? {
        Post::Profile { name, about, .. } => Some(codec::encode(&(name, about))),
        _ => None,
    }
}

pub(crate) fn fact_bytes(entry: &Unverified) -> Vec<u8> {
    let header = entry.header();
    let mut out = Vec::with_capacity(36 + 32 * header.refs.len() + entry.body().map_or(0, <[u8]>::len));
    out.extend_from_slice(entry.id().as_bytes());
    out.extend_from_slice(&header.kind.0.to_be_bytes());
    out.push(header.refs.len() as u8);
    header.refs.iter().for_each(|target| out.extend_from_slice(target.as_bytes()));
    match entry.body() {
        None => out.push(0),
        Some(body) => {
            out.push(1);
            out.extend_from_slice(body);
        }
    }
    out
}

/// Reads a fact that stands at `seq` in the log of `author`.
pub(crate) fn read_fact(
    bytes: &[u8],
    author: klatch_feed::post::Person,
    seq: Seq,
) -> Result<Fact, DiskError> {
    let mut rest = bytes;
    let fact = (|| {
        let id = EntryId::new(*take(&mut rest)?);
        let kind = Kind(u16::from_be_bytes(*take(&mut rest)?));
        let [count] = *take(&mut rest)?;
        let refs = (0..count).map(|_| take(&mut rest).map(|id| EntryId::new(*id))).collect::<Option<_>>()?;
        let body = match (take::<1>(&mut rest)?, rest) {
            ([0], []) => None,
            ([1], body) => Some(body.to_vec()),
            _ => return None,
        };
        Some(Fact { id, author, seq, kind, refs, body, quarantined: false })
    })();
    fact.ok_or(DiskError::Table { table: "refs" })
}

/// The entry of a fact, if it founds an event.
pub(crate) fn founded_event(fact: &[u8]) -> Option<EntryId> {
    let (id, kind) = id_and_kind(fact)?;
    (kind == kind::EVENT).then_some(id)
}

/// Whether a row of `refs` is of an entry of one of these kinds: of fold kinds only of one that names it first.
pub(crate) fn is_of(row: &[u8], kinds: &[Kind]) -> bool {
    let fact = id_and_kind(row).map(|(_, kind)| kind);
    let other = || Some(Kind(u16::from_be_bytes(*row.as_array()?))).filter(|kind| !kind.is_fold());
    fact.or_else(other).is_some_and(|kind| kinds.contains(&kind))
}

/// Whether a row of `refs` is a fact.
pub(crate) fn is_fact(row: &[u8]) -> bool {
    id_and_kind(row).is_some()
}

fn id_and_kind(mut fact: &[u8]) -> Option<(EntryId, Kind)> {
    Some((EntryId::new(*take(&mut fact)?), Kind(u16::from_be_bytes(*take(&mut fact)?))))
}
