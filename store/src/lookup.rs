//! Which events are in a group, near a place, called so, or the owner's own: lookups kept in the transaction that folds them.
//!
//! `listed` says for each event where its lines stand in the agenda and under which *terms* it is found;
//! `finder` has a row for each term. A term is a tag, and: a group's id; a cell of a map; a word and a zero; nothing, where it is the owner's own.
//! The row's key goes on with the start of the last line and the event's id, so that what is over is never
//! looked at, however much that is. Series have tags of their own (capitals): when they are on next stands in
//! `listed`, whereas all else comes in order of time, so that a list ends where it is full.

mod map;

use std::collections::BTreeSet;

use klatch_feed::meetup::agenda::{AgendaLine, concerns};
use klatch_feed::{EntryId, EventState, FeedId};
use redb::{ReadableTable, TableDefinition, WriteTransaction};

use crate::DiskError;
use crate::agenda::{self, AGENDA, Spot, order};
use crate::table::{EVENTS, Read, meta, take};

pub(crate) const LISTED: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("listed");
pub(crate) const FINDER: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("finder");

/// Most rows that one question looks at.
const LOOKED_MAX: usize = 2_000;
/// Most words of a question.
const WORDS_MAX: usize = 8;
/// What is longer is cut there.
const WORD_BYTES_MAX: usize = 64;

const GROUP: u8 = b'g';
const PLACE: u8 = b'p';
const WORD: u8 = b'w';
const MINE: u8 = b'm';

/// What a question found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Found {
    /// Soonest first.
    pub lines: Vec<AgendaLine>,
    /// There was more than one question may look at: some may be missing.
    pub cut: bool,
}

/// Where an event stands in the agenda and under which terms it is found. An event without a line (a series
/// whose every date is excluded) has none.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Listing {
    /// In order.
    spots: Vec<Spot>,
    /// With what is kept beside each.
    terms: BTreeSet<(Vec<u8>, Vec<u8>)>,
}

type Row = (Vec<u8>, Vec<u8>);

impl Listing {
    /// The listing of `event` for `me`.
    fn of(me: &FeedId, event: &EventState, special: &[EventState], lines: &[(Spot, Vec<u8>)]) -> Self {
        let spots: Vec<_> = lines.iter().map(|(spot, _)| *spot).collect();
        if spots.is_empty() {
            return Self::default();
        }
        let mut terms = BTreeSet::new();
        if let Some(group) = event.group.filter(|_| event.in_group) {
            terms.insert(([&[GROUP], &group.as_bytes()[..]].concat(), vec![]));
        }
        if let Some(geo) = event.geo {
            let cells = map::cells(geo).into_iter();
            terms.extend(cells.map(|cell| ([&[PLACE], &cell[..]].concat(), map::encode(geo))));
        }
        for text in event.tags.iter().chain([&event.title]) {
            terms.extend(words(text).map(|word| ([&[WORD], word.as_bytes(), &[0]].concat(), vec![])));
        }
        if special.iter().chain([event]).any(|state| concerns(state, me)) {
            terms.insert((vec![MINE], vec![]));
        }
        Self { spots, terms }
    }

    /// Its rows of `finder`.
    fn rows(&self, id: &EntryId) -> BTreeSet<Row> {
        let Some(last) = self.spots.last() else { return BTreeSet::new() };
        let is_series = self.spots.iter().any(|spot| spot.occ != [0; 16]);
        let row = |(term, value): &Row| {
            let mut key = [&term[..], &last.start.to_be_bytes(), id.as_bytes()].concat();
            if is_series {
                key[0].make_ascii_uppercase();
            }
            (key, value.clone())
        };
        self.terms.iter().map(row).collect()
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = (self.spots.len() as u16).to_be_bytes().to_vec(); // At most 200: see `Rule`.
        for spot in &self.spots {
            out.extend_from_slice(&spot.start.to_be_bytes());
            out.extend_from_slice(&spot.occ);
        }
        for (term, value) in &self.terms {
            out.extend_from_slice(&[term.len() as u8, value.len() as u8]); // Words are cut, the rest is short.
            out.extend_from_slice(term);
            out.extend_from_slice(value);
        }
        out
    }

    fn decode(bytes: &[u8]) -> Result<Self, DiskError> {
        let mut rest = bytes;
        let listing = (|| {
            let count = u16::from_be_bytes(*take(&mut rest)?);
            let spot =
                |_| Some(Spot { start: u64::from_be_bytes(*take(&mut rest)?), occ: *take(&mut rest)? });
            let spots = (0..count).map(spot).collect::<Option<_>>()?;
            let row = |row: Option<(&[u8], &[u8])>| row.map(|(term, value)| (term.to_vec(), value.to_vec()));
            let terms = Terms(rest).map(row).collect::<Option<_>>()?;
            Some(Self { spots, terms })
        })();
        listing.ok_or(DiskError::Table { table: "listed" })
    }
}

/// The terms of an encoded listing, each with what is kept beside it; `None` where it is not one.
struct Terms<'b>(&'b [u8]);

impl<'b> Terms<'b> {
    /// Those of a whole listing, past its spots.
    fn of(mut listing: &'b [u8]) -> Option<Self> {
        let count = u16::from_be_bytes(*take(&mut listing)?);
        Some(Self(listing.split_at_checked(usize::from(count) * Spot::BYTES)?.1))
    }
}

impl<'b> Iterator for Terms<'b> {
    type Item = Option<(&'b [u8], &'b [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut rest = std::mem::take(&mut self.0); // Nothing more behind what is none.
        if rest.is_empty() {
            return None;
        }
        Some((|| {
            let [term, value] = *take(&mut rest)?;
            let (term, rest) = rest.split_at_checked(term.into())?;
            let (value, rest) = rest.split_at_checked(value.into())?;
            self.0 = rest;
            Some((term, value))
        })())
    }
}

/// The words of a text by which events are found, in small letters.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| {
        let mut word = word.to_lowercase();
        word.truncate(word.floor_char_boundary(WORD_BYTES_MAX));
        word
    })
}

/// Whose store it is.
fn owner(tx: &impl Read) -> Result<FeedId, DiskError> {
    meta(tx, "owner")?.map(FeedId::new).ok_or(DiskError::Table { table: "meta" })
}

fn listing(tx: &impl Read, id: &EntryId) -> Result<Listing, DiskError> {
    let table = tx.open(LISTED)?;
    table.get(id.as_bytes())?.map_or_else(|| Ok(Listing::default()), |held| Listing::decode(held.value()))
}

/// Lists an event as it is now, or takes it out; rewrites only what is another than before.
pub(crate) fn put(
    tx: &WriteTransaction,
    id: &EntryId,
    event: Option<(&EventState, &[EventState])>,
) -> Result<(), DiskError> {
    let before = listing(tx, id)?;
    let (mut lines, mut after) = (Vec::new(), Listing::default());
    if let Some((event, special)) = event {
        let me = owner(tx)?;
        lines = agenda::lines(&me, event, special);
        after = Listing::of(&me, event, special, &lines);
    }
    agenda::write(tx, id, &before.spots, &lines)?;
    if after == before {
        return Ok(());
    }
    let (old, new) = (before.rows(id), after.rows(id));
    let mut finder = tx.open_table(FINDER)?;
    old.difference(&new).try_for_each(|(key, _)| finder.remove(&key[..]).map(drop))?;
    new.difference(&old).try_for_each(|(key, value)| finder.insert(&key[..], &value[..]).map(drop))?;
    let mut listed = tx.open_table(LISTED)?;
    match after.spots.is_empty() {
        true => drop(listed.remove(id.as_bytes())?),
        false => drop(listed.insert(id.as_bytes(), &after.encode()[..])?),
    }
    Ok(())
}

/// Lists every event anew, from the views.
pub(crate) fn remake(tx: &WriteTransaction) -> Result<(), DiskError> {
    for row in tx.open_table(EVENTS)?.iter()? {
        let (id, view) = row?;
        if view.value().is_empty() {
            continue;
        }
        let id = EntryId::new(id.value());
        let event = klatch_feed::codec::decode_own(view.value());
        let event: EventState = event.map_err(|_| DiskError::Table { table: "events" })?;
        let special = crate::view::occurrences(tx, &id)?;
        put(tx, &id, Some((&event, &special)))?;
    }
    Ok(())
}

/// What is on in a group from `from_ms` on, be it that it goes on then, at most `max`: of a series every date, or what
/// comes next.
pub(crate) fn events_in(
    tx: &impl Read,
    group: &EntryId,
    from_ms: Option<i64>,
    max: usize,
    every_date: bool,
) -> Result<Found, DiskError> {
    let mut look = Look::new(tx, from_ms, max, every_date);
    look.under(GROUP, group.as_bytes(), &mut |_, _| Ok(true))?;
    look.found()
}

/// What is on within `radius_m` of a place from `from_ms` on, at most `max`: of a series what comes next.
pub(crate) fn near(
    tx: &impl Read,
    geo: (i32, i32),
    radius_m: u32,
    from_ms: Option<i64>,
    max: usize,
) -> Result<Found, DiskError> {
    let mut look = Look::new(tx, from_ms, max, false);
    for cell in map::around(geo, radius_m) {
        look.under(PLACE, &cell, &mut |_, there| {
            let there = map::decode(there).ok_or(DiskError::Table { table: "finder" })?;
            Ok(map::metres(geo, there) <= f64::from(radius_m))
        })?;
    }
    look.found()
}

/// What is on from `from_ms` on and has, in title and tags, for each word of `text` one that begins so; at most
/// `max`, of a series what comes next.
pub(crate) fn search(
    tx: &impl Read,
    text: &str,
    from_ms: Option<i64>,
    max: usize,
) -> Result<Found, DiskError> {
    let mut asked: Vec<String> = words(text).take(WORDS_MAX).collect();
    // The longest has the fewest rows, as a rule; the others are looked up.
    asked.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let Some((first, others)) = asked.split_first() else { return Ok(Found::default()) };
    let listed = tx.open(LISTED)?;
    let mut look = Look::new(tx, from_ms, max, false);
    look.under(WORD, first.as_bytes(), &mut |id, _| {
        if others.is_empty() {
            return Ok(true);
        }
        // Not decoded: a common word has a thousand rows.
        let wrong = || DiskError::Table { table: "listed" };
        let held = listed.get(id.as_bytes())?.ok_or_else(wrong)?;
        let terms = || Terms::of(held.value()).ok_or_else(wrong);
        for word in others {
            let mut begin = terms()?.map(|row| row.is_some_and(|(term, _)| begins(term, word)));
            if !begin.any(|it_does| it_does) {
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    look.found()
}

/// The events that concern the owner, over ones too, each with the start of its last line (see [`order`]).
pub(crate) fn mine(tx: &impl Read) -> Result<Vec<(u64, EntryId)>, DiskError> {
    let table = tx.open(FINDER)?;
    let mut found = Vec::new();
    for tag in [MINE, MINE.to_ascii_uppercase()] {
        for row in table.range::<&[u8]>(&[tag][..]..&[tag + 1][..])? {
            let (key, _) = row?;
            let parts = key.value()[1..].split_first_chunk();
            let parts = parts.and_then(|(last, id)| Some((u64::from_be_bytes(*last), *id.first_chunk()?)));
            let (last, id) = parts.ok_or(DiskError::Table { table: "finder" })?;
            found.push((last, EntryId::new(id)));
        }
    }
    Ok(found)
}

/// Whether a term is a word that begins so.
fn begins(term: &[u8], word: &str) -> bool {
    term.strip_prefix(&[WORD]).is_some_and(|term| term.starts_with(word.as_bytes()))
}

/// One question.
struct Look<'t, T> {
    tx: &'t T,
    /// What begins then or later is meant; of what began since `since`, that which goes on.
    from_ms: Option<i64>,
    from: u64,
    since: u64,
    max: usize,
    /// Every occurrence of a series, and not the next alone.
    all: bool,
    /// Rows that it may still look at.
    left: usize,
    cut: bool,
    found: Vec<(Spot, EntryId)>,
}

type Fits<'f> = dyn FnMut(&EntryId, &[u8]) -> Result<bool, DiskError> + 'f;

impl<'t, T: Read> Look<'t, T> {
    fn new(tx: &'t T, from_ms: Option<i64>, max: usize, all: bool) -> Self {
        let from = from_ms.map_or(0, |from| order(Some(from)));
        let since = agenda::since(from_ms);
        Self { tx, from_ms, from, since, max, all, left: LOOKED_MAX, cut: false, found: Vec::new() }
    }

    /// Whether the line there is none of what is over.
    fn takes(&self, spot: Spot, id: &EntryId) -> Result<bool, DiskError> {
        if spot.start >= self.from || spot.start < self.since {
            return Ok(spot.start >= self.from);
        }
        let table = self.tx.open(AGENDA)?;
        let line = table.get(agenda::key(id, spot))?.ok_or(DiskError::Table { table: "agenda" })?;
        Ok(agenda::goes_on(&agenda::read(line.value())?, self.from_ms))
    }

    /// Looks through the terms that begin so.
    fn under(&mut self, tag: u8, term: &[u8], fits: &mut Fits<'_>) -> Result<(), DiskError> {
        self.tagged([&[tag.to_ascii_uppercase()], term].concat(), true, fits)?;
        self.tagged([&[tag], term].concat(), false, fits)
    }

    fn tagged(&mut self, prefix: Vec<u8>, are_series: bool, fits: &mut Fits<'_>) -> Result<(), DiskError> {
        let wrong = || DiskError::Table { table: "finder" };
        let table = self.tx.open(FINDER)?;
        let (mut cursor, mut term, mut here) = (prefix.clone(), Vec::new(), 0);
        'seek: loop {
            for row in table.range::<&[u8]>(&cursor[..]..)? {
                let (key, value) = row?;
                let key = key.value();
                if !key.starts_with(&prefix) {
                    return Ok(());
                }
                if self.left == 0 {
                    self.cut = true;
                    return Ok(());
                }
                self.left -= 1;
                let (front, id) = key.split_last_chunk().ok_or_else(wrong)?;
                let (front, last) = front.split_last_chunk().ok_or_else(wrong)?;
                let (last, id) = (u64::from_be_bytes(*last), EntryId::new(*id));
                if front != term {
                    (term, here) = (front.to_vec(), 0);
                }
                if last < self.since {
                    cursor = [&term[..], &self.since.to_be_bytes()].concat();
                    continue 'seek;
                }
                if !are_series && here == self.max {
                    // What follows under this term comes later than `max` that fit.
                    cursor = [&term[..], &[0xff; 41]].concat();
                    continue 'seek;
                }
                if !fits(&id, value.value())? {
                    continue;
                }
                let spot = Spot { start: last, occ: [0; 16] };
                if are_series {
                    self.series(id)?;
                } else if self.takes(spot, &id)? {
                    self.found.push((spot, id));
                } else {
                    continue;
                }
                here += 1;
            }
            return Ok(());
        }
    }

    fn series(&mut self, id: EntryId) -> Result<(), DiskError> {
        // What goes on does not stand in the place of what comes next.
        let (mut here, mut left) = (self.max, if self.all { self.max } else { 1 });
        for spot in listing(self.tx, &id)?.spots {
            if here > 0 && left > 0 && self.takes(spot, &id)? {
                self.found.push((spot, id));
                here -= 1;
                left -= usize::from(spot.start >= self.from);
            }
        }
        Ok(())
    }

    /// The lines of what was found.
    fn found(mut self) -> Result<Found, DiskError> {
        self.found.sort_unstable_by_key(|(spot, id)| agenda::key(id, *spot));
        self.found.dedup();
        self.found.truncate(self.max);
        let table = self.tx.open(AGENDA)?;
        let line = |(spot, id): &(Spot, EntryId)| {
            let line = table.get(agenda::key(id, *spot))?.ok_or(DiskError::Table { table: "agenda" })?;
            agenda::read(line.value())
        };
        Ok(Found { lines: self.found.iter().map(line).collect::<Result<_, _>>()?, cut: self.cut })
    }
}

/// The lookups of one event, looked at.
pub(crate) struct Checked {
    /// Tables in which something of it is another than it should be.
    pub(crate) wrong: Vec<&'static str>,
    /// How many rows of `agenda` and of `finder` it should have.
    pub(crate) lines: u64,
    pub(crate) rows: u64,
}

/// Compares the lookups of an event with what its state makes them.
pub(crate) fn check(
    tx: &impl Read,
    event: &EventState,
    special: &[EventState],
) -> Result<Checked, DiskError> {
    let (id, me) = (&event.id, owner(tx)?);
    let lines = agenda::lines(&me, event, special);
    let wanted = Listing::of(&me, event, special, &lines);
    let mut wrong = Vec::new();
    let table = tx.open(AGENDA)?;
    for (spot, line) in &lines {
        if table.get(agenda::key(id, *spot))?.is_none_or(|held| held.value() != line) {
            wrong.push("agenda");
        }
    }
    if listing(tx, id)? != wanted {
        wrong.push("listed");
    }
    let (rows, table) = (wanted.rows(id), tx.open(FINDER)?);
    for (key, value) in &rows {
        if table.get(&key[..])?.is_none_or(|held| held.value() != value) {
            wrong.push("finder");
        }
    }
    wrong.dedup();
    Ok(Checked { wrong, lines: lines.len() as u64, rows: rows.len() as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_by_its_words_in_small_letters() {
        let all = |text| words(text).collect::<Vec<_>>();
        assert_eq!(all("Tea, and RUST: Ärger – 2026!"), ["tea", "and", "rust", "ärger", "2026"]);
        assert_eq!(all(" -- "), [""; 0]);
        let long = "ä".repeat(33);
        assert_eq!(all(&long), ["ä".repeat(32)], "cut between letters");
    }

    #[test]
    fn a_listing_comes_back_and_nothing_shorter_does() {
        let spot = |start| Spot { start, occ: agenda::occ_key(Some("2026-12-03T18:30")) };
        let terms = [(b"wtea\0".to_vec(), vec![]), (b"p123".to_vec(), vec![7; 8])].into_iter().collect();
        let listing = Listing { spots: vec![spot(1), spot(2)], terms };
        let bytes = listing.encode();
        assert_eq!(Listing::decode(&bytes).unwrap(), listing);
        for cut in [1, 20, bytes.len() - 1] {
            assert!(Listing::decode(&bytes[..cut]).is_err(), "{cut}");
        }
    }
}
