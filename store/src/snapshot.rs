//! Reading: any number of snapshots, each of one commit.

use std::sync::{Arc, OnceLock};

use klatch_feed::chunk::Bodies;
use klatch_feed::meetup::HiddenLine;
use klatch_feed::meetup::agenda::AgendaLine;
use klatch_feed::meetup::why::Why;
use klatch_feed::{
    EntryId, EventState, Facts, FeedId, ForkProof, GroupState, Kind, Lineage, NetId, Seq, Verified, codec,
};
use memchr::memmem;
use redb::{ReadTransaction, ReadableTable};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::batch::proof_bytes;
use crate::guard::guard;
use crate::shared::{Hold, Shared};
use crate::table::{
    ANNOUNCED, CHANGES, EVENTS, FEEDS, FeedRow, GROUPS, LOCAL, MISSING, NUMBERS, OCCURRENCES, PROFILES, REFS,
    clock, feed_row, numbered, place, place_of, ref_key, split,
};
use crate::{
    Announced, DiskError, FeedState, Found, Kept, Progress, Report, agenda, announced, entries, ids, index,
    lookup, succession, verify,
};

/// Makes snapshots; cheap to clone, `Send + Sync`.
#[derive(Clone, Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    net: NetId,
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>, net: NetId) -> Self {
        Self { shared, net }
    }

    /// A snapshot of the last commit.
    ///
    /// # Errors
    ///
    /// [`DiskError`].
    pub fn snapshot(&self) -> Result<Snapshot, DiskError> {
        let (tx, hold) = guard(|| self.shared.snapshot())?;
        Ok(Snapshot { tx, net: self.net, lineage: OnceLock::new(), _hold: hold })
    }
}

/// Every read through it sees one commit. Held for long, it keeps the disk from reusing freed pages.
///
/// # Errors
///
/// Every method: [`DiskError`], if the disk fails or what it holds is damaged.
pub struct Snapshot {
    pub(crate) tx: ReadTransaction,
    pub(crate) net: NetId,
    lineage: OnceLock<Arc<Lineage>>,
    /// Keeps the database open that it reads, if a compaction puts another in its place.
    _hold: Hold,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("net", &self.net).finish_non_exhaustive()
    }
}

/// A local fact: key and value.
pub type Local = (Vec<u8>, Vec<u8>);

impl Snapshot {
    /// Every feed of which something is held, if only a proof of its fork; by id.
    pub fn feeds(&self) -> Result<Vec<(FeedId, FeedState)>, DiskError> {
        guard(|| {
            let mut feeds = Vec::new();
            for found in self.tx.open_table(FEEDS)?.iter()? {
                let (feed, row) = found?;
                let row = FeedRow::decode(row.value())?;
                if is_held(&row) {
                    feeds.push((FeedId::new(feed.value()), FeedState::of(&row)));
                }
            }
            Ok(feeds)
        })
    }

    /// One feed; `None` if nothing is held of it.
    pub fn state(&self, feed: &FeedId) -> Result<Option<FeedState>, DiskError> {
        guard(|| Ok(self.row(feed)?.filter(is_held).map(|row| FeedState::of(&row))))
    }

    /// The id of its first accepted entry.
    pub fn genesis(&self, feed: &FeedId) -> Result<Option<EntryId>, DiskError> {
        guard(|| match self.row(feed)?.filter(|row| row.len > 0) {
            Some(row) => Ok(numbered(&self.tx, row.num)?.1),
            None => Ok(None),
        })
    }

    /// Ids at places of the accepted chain, `None` past its end and for 0.
    pub fn ids(&self, feed: &FeedId, seqs: &[Seq]) -> Result<Vec<Option<EntryId>>, DiskError> {
        guard(|| {
            let row = self.row(feed)?.unwrap_or(FeedRow::new(0));
            let at = |seq: &Seq| match *seq <= row.len {
                true => entries::id_at(&self.tx, *feed, &row, *seq),
                false => Ok(None),
            };
            seqs.iter().map(at).collect()
        })
    }

    /// A chunk of accepted entries from `from` on, at most `klatch_feed::K`, that ends on an anchor; `None`
    /// past the end and for 0. Copied from the stored rows once they are re-hashed. Droppable bodies are
    /// left out if `headers_only`, or where the way to the next anchor does not fit into a chunk with them.
    pub fn chunk(&self, feed: &FeedId, from: Seq, headers_only: bool) -> Result<Option<Vec<u8>>, DiskError> {
        let bodies = if headers_only { Bodies::ControlOnly } else { Bodies::Within };
        guard(|| match self.row(feed)? {
            Some(row) => entries::served(&self.tx, *feed, &row, from, bodies),
            None => Ok(None),
        })
    }

    /// Accepted entries from `from` on, at most `max`, re-hashed.
    pub fn entries(&self, feed: &FeedId, from: Seq, max: usize) -> Result<Vec<Verified>, DiskError> {
        guard(|| {
            let Some(row) = self.row(feed)?.filter(|row| from <= row.len && max > 0) else {
                return Ok(Vec::new());
            };
            let from = from.max(1);
            let more = Seq::try_from(max - 1).unwrap_or(Seq::MAX);
            let to = row.len.min(from.saturating_add(more));
            let found = entries::between(&self.tx, *feed, row.num, from..=to)?;
            Ok(found.into_iter().map(Verified::trusted).collect())
        })
    }

    /// One accepted entry.
    pub fn entry(&self, id: &EntryId) -> Result<Option<Verified>, DiskError> {
        guard(|| {
            let found = index::find(&self.tx, id)?;
            let accepted = found.filter(|found| found.is_accepted);
            Ok(accepted.map(|found| Verified::trusted(found.entry)))
        })
    }

    /// Ids of accepted entries that start with these bytes, at most `max`, by id as far as eight bytes tell.
    pub fn entries_starting(&self, prefix: &[u8], max: usize) -> Result<Vec<EntryId>, DiskError> {
        guard(|| {
            let head = &prefix[..prefix.len().min(8)];
            let (mut low, mut high) = ([0; 16], [0xff; 16]);
            low[..head.len()].copy_from_slice(head);
            high[..head.len()].copy_from_slice(head);
            let mut found = Vec::new();
            ids::open(&self.tx)?.range(&low, &high, |key| {
                if found.len() == max {
                    return Ok(false);
                }
                let (num, seq) = split(place_of(&key));
                let (feed, _) = numbered(&self.tx, num)?;
                let row = self.row(&feed)?.ok_or(DiskError::Table { table: "feeds" })?;
                let id = if seq <= row.len { entries::id_at(&self.tx, feed, &row, seq)? } else { None };
                found.extend(id.filter(|id| id.as_bytes().starts_with(prefix)));
                Ok(true)
            })?;
            Ok(found)
        })
    }

    /// Places after `after` of accepted entries whose bodies are neither held nor taken back, at most `max`.
    pub fn missing_bodies(&self, feed: &FeedId, after: Seq, max: usize) -> Result<Vec<Seq>, DiskError> {
        guard(|| {
            let Some(row) = self.row(feed)? else { return Ok(Vec::new()) };
            let Some(from) = after.checked_add(1) else { return Ok(Vec::new()) };
            let table = self.tx.open_table(MISSING)?;
            let places = table.range(place(row.num, from)..=place(row.num, Seq::MAX))?.take(max);
            places.map(|found| Ok(split(found?.0.value()).1)).collect()
        })
    }

    /// The proof behind a cap.
    pub fn proof(&self, feed: &FeedId) -> Result<Option<ForkProof>, DiskError> {
        guard(|| {
            let Some(row) = self.row(feed)? else { return Ok(None) };
            let bytes = proof_bytes(&self.tx, row.num)?;
            let proof = bytes.map(|bytes| ForkProof::decode(&self.net, &bytes)).transpose();
            proof.map_err(|_| DiskError::Table { table: "proofs" })
        })
    }

    /// What is kept about who succeeds a feed, the best first; at most one counts.
    pub fn successors(&self, feed: &FeedId) -> Result<Vec<Kept>, DiskError> {
        guard(|| succession::kept(&self.tx, feed))
    }

    /// Every statement that is kept about who succeeds whom.
    pub fn all_successors(&self) -> Result<Vec<Kept>, DiskError> {
        guard(|| succession::all(&self.tx))
    }

    /// Who is who: the successions that count.
    pub fn lineage(&self) -> Result<Arc<Lineage>, DiskError> {
        if let Some(lineage) = self.lineage.get() {
            return Ok(lineage.clone());
        }
        let lineage = Arc::new(guard(|| succession::lineage(&self.tx))?);
        Ok(self.lineage.get_or_init(|| lineage).clone())
    }

    /// An entry of a feed's own chain as it is stored, be it in quarantine.
    pub fn stored_entry(&self, feed: &FeedId, seq: Seq) -> Result<Option<Verified>, DiskError> {
        guard(|| {
            let Some(row) = self.row(feed)?.filter(|row| seq >= 1 && seq <= row.stored) else {
                return Ok(None);
            };
            let found = entries::between(&self.tx, *feed, row.num, seq..=seq)?.pop();
            Ok(found.map(Verified::trusted))
        })
    }

    /// Entries of a feed from place `from` on that are held and do not count: those past a cap, and those of branches
    /// that a succession does not keep. By place, at most `max`.
    pub fn uncounted(&self, feed: &FeedId, from: Seq, max: usize) -> Result<Vec<Verified>, DiskError> {
        guard(|| {
            let Some(row) = self.row(feed)? else { return Ok(Vec::new()) };
            let first = from.max(row.len.saturating_add(1));
            let last = row.stored.min(first.saturating_add(Seq::try_from(max).unwrap_or(Seq::MAX)));
            let mut found = match first <= last {
                true => entries::between(&self.tx, *feed, row.num, first..=last)?,
                false => Vec::new(),
            };
            let asides = succession::asides(&self.tx, *feed, row.num)?.into_iter().map(|(entry, _)| entry);
            found.extend(asides.filter(|entry| entry.header().seq >= from));
            found.sort_by_key(|entry| entry.header().seq);
            found.truncate(max);
            Ok(found.into_iter().map(Verified::trusted).collect())
        })
    }

    /// How many entries of a feed's chain are stored, those in quarantine included.
    pub fn stored_len(&self, feed: &FeedId) -> Result<Seq, DiskError> {
        guard(|| Ok(self.row(feed)?.map_or(0, |row| row.stored)))
    }

    /// Feeds with an accepted entry that points at `object`, at most `max`, with the place of the first such.
    pub fn about(&self, object: &EntryId, max: usize) -> Result<Vec<(FeedId, Seq)>, DiskError> {
        guard(|| {
            let table = self.tx.open_table(REFS)?;
            let (mut found, mut next) = (Vec::new(), Some(0));
            // One look for each feed, so that the talkative do not crowd out the others.
            while let Some(num) = next.filter(|_| found.len() < max) {
                let range = ref_key(object, place(num, 0))..=ref_key(object, u64::MAX);
                let Some(row) = table.range(range)?.next().transpose()? else { break };
                let (num, seq) = split(place_of(&row.0.value()));
                found.push((numbered(&self.tx, num)?.0, seq));
                next = num.checked_add(1);
            }
            Ok(found)
        })
    }

    /// Accepted entries of these kinds that point at `object`, by feed and place, at most `max`; of fold kinds
    /// (spec/posts.md) only those that name it first. None of other kinds is read, however many there are.
    pub fn pointing_at(
        &self,
        object: &EntryId,
        kinds: &[Kind],
        max: usize,
    ) -> Result<Vec<(FeedId, Seq)>, DiskError> {
        guard(|| {
            let table = self.tx.open_table(REFS)?;
            let mut found = Vec::new();
            for row in table.range(ref_key(object, 0)..=ref_key(object, u64::MAX))? {
                let (key, fact) = row?;
                if !index::is_of(fact.value(), kinds) {
                    continue;
                }
                if found.len() == max {
                    break;
                }
                let (num, seq) = split(place_of(&key.value()));
                found.push((numbered(&self.tx, num)?.0, seq));
            }
            Ok(found)
        })
    }

    /// ... of one feed.
    pub fn pointing_by(
        &self,
        feed: &FeedId,
        object: &EntryId,
        kinds: &[Kind],
        max: usize,
    ) -> Result<Vec<Seq>, DiskError> {
        guard(|| {
            let Some(row) = self.row(feed)? else { return Ok(Vec::new()) };
            let table = self.tx.open_table(REFS)?;
            let mut found = Vec::new();
            for row in
                table.range(ref_key(object, place(row.num, 0))..=ref_key(object, place(row.num, Seq::MAX)))?
            {
                let (key, fact) = row?;
                if found.len() < max && index::is_of(fact.value(), kinds) {
                    found.push(split(place_of(&key.value())).1);
                }
            }
            Ok(found)
        })
    }

    /// What is announced on these objects, whoever says so, of what `wants` takes by kind and claimed time (ms since
    /// 1970): of each by feed and place, at most `max`.
    pub fn announced(
        &self,
        objects: impl IntoIterator<Item = EntryId>,
        max: usize,
        wants: impl Fn(Kind, u64) -> bool,
    ) -> Result<Vec<Announced>, DiskError> {
        guard(|| {
            let (table, mut found) = (self.tx.open_table(ANNOUNCED)?, Vec::new());
            let mut of = |object| announced::there(&table, object, max, &wants, &mut found);
            objects.into_iter().try_for_each(&mut of)?;
            Ok(found)
        })
    }

    /// The entry, re-hashed.
    pub fn read(&self, announced: &Announced) -> Result<Verified, DiskError> {
        guard(|| Ok(Verified::trusted(announced.read(&self.tx)?)))
    }

    /// A folded group.
    pub fn group(&self, id: &EntryId) -> Result<Option<GroupState>, DiskError> {
        guard(|| match self.tx.open_table(GROUPS)?.get(id.as_bytes())? {
            Some(state) => view("groups", state.value()),
            None => Ok(None),
        })
    }

    /// A folded event.
    pub fn event(&self, id: &EntryId) -> Result<Option<EventState>, DiskError> {
        guard(|| match self.tx.open_table(EVENTS)?.get(id.as_bytes())? {
            Some(state) => view("events", state.value()),
            None => Ok(None),
        })
    }

    /// A folded occurrence of a series, by its original local start: as the series where nothing was said about
    /// it. `None` if the event has no such occurrence.
    pub fn occurrence(&self, event: &EntryId, occ: &str) -> Result<Option<EventState>, DiskError> {
        let special = guard(|| {
            let key = crate::view::occurrence_key(event, Some(occ));
            match self.tx.open_table(OCCURRENCES)?.get(key)? {
                Some(state) => view("occurrences", state.value()),
                None => Ok(None),
            }
        })?;
        // The key is cut to the length of a name.
        if special.is_some() && occ.len() == 16 {
            return Ok(special);
        }
        let series = self.event(event)?;
        let series = series.filter(|series| series.occurrence_names().iter().any(|name| name == occ));
        Ok(series.map(|series| series.plain_occurrence(occ)))
    }

    /// What is on in a group from `from_ms` on (ms since 1970; `None` = ever), what goes on then included, soonest first,
    /// at most `max`.
    pub fn events_in(&self, group: &EntryId, from_ms: Option<i64>, max: usize) -> Result<Found, DiskError> {
        guard(|| lookup::events_in(&self.tx, group, from_ms, max, true))
    }

    /// ... of a series what comes next alone.
    pub fn next_in(&self, group: &EntryId, from_ms: Option<i64>, max: usize) -> Result<Found, DiskError> {
        guard(|| lookup::events_in(&self.tx, group, from_ms, max, false))
    }

    /// ... within `radius_m` metres, at most 500 km, of a place in millionths of a degree. Of a series what
    /// comes next.
    pub fn near(
        &self,
        geo: (i32, i32),
        radius_m: u32,
        from_ms: Option<i64>,
        max: usize,
    ) -> Result<Found, DiskError> {
        guard(|| lookup::near(&self.tx, geo, radius_m, from_ms, max))
    }

    /// ... whose title and tags have, for each word of `text` (the first eight count), one that begins so.
    pub fn search(&self, text: &str, from_ms: Option<i64>, max: usize) -> Result<Found, DiskError> {
        guard(|| lookup::search(&self.tx, text, from_ms, max))
    }

    /// The events that the owner hosts, or said yes or maybe to, over ones too; of a series also if it was to one
    /// occurrence. Each with the start of its last occurrence (ms since 1970; `None` where the zone is not known).
    pub fn mine(&self) -> Result<Vec<(Option<i64>, EntryId)>, DiskError> {
        let found = guard(|| lookup::mine(&self.tx))?;
        Ok(found.into_iter().map(|(last, id)| (agenda::time(last), id)).collect())
    }

    /// The network that everything in it belongs to.
    pub fn net(&self) -> NetId {
        self.net
    }

    /// All that the state of a group or event is made of, as it is held here; `None` if it is not.
    pub fn facts(&self, id: &EntryId) -> Result<Option<Facts>, DiskError> {
        let lineage = self.lineage()?;
        guard(|| crate::view::facts(&self.tx, id, &lineage))
    }

    /// Why `who` stands with an event, or with an occurrence of it, as they do; `None` if there is no such.
    pub fn why(&self, id: &EntryId, occ: Option<&str>, who: FeedId) -> Result<Option<Why>, DiskError> {
        Ok(self.facts(id)?.and_then(|facts| facts.why(&self.net, *id, occ, who)))
    }

    /// Every folded group, by id.
    pub fn groups(&self) -> Result<Vec<GroupState>, DiskError> {
        guard(|| {
            let table = self.tx.open_table(GROUPS)?;
            table.iter()?.filter_map(|row| one(row, "groups").transpose()).collect()
        })
    }

    /// ... that names `feed` anywhere in its state; the others are not taken apart.
    pub fn groups_naming(&self, feed: &FeedId) -> Result<Vec<GroupState>, DiskError> {
        guard(|| {
            let (table, name) = (self.tx.open_table(GROUPS)?, memmem::Finder::new(feed.as_bytes()));
            let mut groups = Vec::new();
            for row in table.iter()? {
                let (id, state) = row?;
                if name.find(state.value()).is_some() {
                    groups.extend(one(Ok((id, state)), "groups")?);
                }
            }
            Ok(groups)
        })
    }

    /// Every folded event, by id.
    pub fn events(&self) -> Result<Vec<EventState>, DiskError> {
        guard(|| {
            let table = self.tx.open_table(EVENTS)?;
            table.iter()?.filter_map(|row| one(row, "events").transpose()).collect()
        })
    }

    /// Whether a group is folded here.
    pub fn is_group(&self, id: &EntryId) -> Result<bool, DiskError> {
        guard(|| is_folded(self.tx.open_table(GROUPS)?.get(id.as_bytes())?))
    }

    /// Whether an event is.
    pub fn is_event(&self, id: &EntryId) -> Result<bool, DiskError> {
        guard(|| is_folded(self.tx.open_table(EVENTS)?.get(id.as_bytes())?))
    }

    /// What every folded group is called, by id: nothing else of it is read.
    pub fn group_names(&self) -> Result<Vec<(EntryId, String)>, DiskError> {
        guard(|| {
            let named = |row| Ok(one(row, "groups")?.map(|Named { id, name }| (id, name)));
            self.tx.open_table(GROUPS)?.iter()?.filter_map(|row| named(row).transpose()).collect()
        })
    }

    /// ... and every folded event, and when it begins.
    pub fn events_titled(&self) -> Result<Vec<(EntryId, Titled)>, DiskError> {
        guard(|| {
            let mut titled = Vec::new();
            for row in self.tx.open_table(EVENTS)?.iter()? {
                let (id, state) = row?;
                titled.extend(view("events", state.value())?.map(|state| (EntryId::new(id.value()), state)));
            }
            Ok(titled)
        })
    }

    /// What a folded event is called and when it begins: nothing else of it is read.
    pub fn event_titled(&self, id: &EntryId) -> Result<Option<Titled>, DiskError> {
        guard(|| match self.tx.open_table(EVENTS)?.get(id.as_bytes())? {
            Some(state) => view("events", state.value()),
            None => Ok(None),
        })
    }

    /// What is on: lines of events, and of each occurrence of a series, that begin at `from_ms` (ms since 1970) or
    /// later or go on then, or of all; soonest
    /// first, those whose zone is not known here last. `each` answers whether to go on.
    pub fn agenda(
        &self,
        from_ms: Option<i64>,
        each: impl FnMut(AgendaLine) -> bool,
    ) -> Result<(), DiskError> {
        guard(|| agenda::from(&self.tx, from_ms, each))
    }

    /// The newest profile of a feed that can be read and is not taken back: name and about.
    pub fn profile(&self, feed: &FeedId) -> Result<Option<(String, String)>, DiskError> {
        guard(|| {
            let Some(row) = self.row(feed)? else { return Ok(None) };
            let table = self.tx.open_table(PROFILES)?;
            let newest = table.range(place(row.num, 0)..=place(row.num, Seq::MAX))?.next_back();
            match newest.transpose()? {
                Some((_, profile)) => view("profiles", profile.value()),
                None => Ok(None),
            }
        })
    }

    /// The newest entry up to `seq` that says it, with the links that the table leaves out.
    pub fn profile_entry(&self, feed: &FeedId, seq: Seq) -> Result<Option<Verified>, DiskError> {
        let newest = || {
            let Some(row) = self.row(feed)? else { return Ok::<_, DiskError>(None) };
            let table = self.tx.open_table(PROFILES)?;
            let newest = table.range(place(row.num, 0)..=place(row.num, seq))?.next_back();
            Ok(newest.transpose()?.map(|(at, _)| split(at.value()).1))
        };
        match guard(newest)? {
            Some(seq) => Ok(self.entries(feed, seq, 1)?.pop()),
            None => Ok(None),
        }
    }

    /// A local fact.
    pub fn local(&self, space: &str, key: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        guard(|| Ok(self.tx.open_table(LOCAL)?.get((space, key))?.map(|value| value.value().to_vec())))
    }

    /// All local facts of a space, by key.
    pub fn locals(&self, space: &str) -> Result<Vec<Local>, DiskError> {
        guard(|| {
            let table = self.tx.open_table(LOCAL)?;
            let mut found = Vec::new();
            for row in table.range((space, &[][..])..)? {
                let (key, value) = row?;
                let (found_space, key) = key.value();
                if found_space != space {
                    break;
                }
                found.push((key.to_vec(), value.value().to_vec()));
            }
            Ok(found)
        })
    }

    /// Re-hashes, re-links and checks the signatures at known anchors of every entry on disk, and that
    /// indexes and views are what the entries make them. What is wrong is in the report; an error means that
    /// not even the database could be read on.
    pub fn verify(&self, progress: Progress<'_>) -> Result<Report, DiskError> {
        verify::verify(self, progress)
    }

    /// Changes since `after` (a position of the change log), oldest first: position and feed, each feed at
    /// its latest change. At most `max`.
    pub fn changes_since(&self, after: u64, max: usize) -> Result<Vec<(u64, FeedId)>, DiskError> {
        guard(|| {
            let Some(next) = after.checked_add(1) else { return Ok(Vec::new()) };
            let table = self.tx.open_table(CHANGES)?;
            let found = table.range(next..)?.take(max).map(|row| {
                let (at, num) = row?;
                Ok((at.value(), numbered(&self.tx, num.value())?.0))
            });
            found.collect()
        })
    }

    /// The last position of the change log; 0 before the first change.
    pub fn clock(&self) -> Result<u64, DiskError> {
        guard(|| clock(&self.tx))
    }

    /// The position of a feed's latest change, that of its forgetting included; `None` if it was never
    /// heard of.
    pub fn changed(&self, feed: &FeedId) -> Result<Option<u64>, DiskError> {
        guard(|| Ok(self.row(feed)?.map(|row| row.changed)))
    }

    /// A feed's number in keys: given once, kept for ever.
    pub fn number(&self, feed: &FeedId) -> Result<Option<u32>, DiskError> {
        guard(|| Ok(self.row(feed)?.map(|row| row.num)))
    }

    /// The feed of a number.
    pub fn feed(&self, number: u32) -> Result<Option<FeedId>, DiskError> {
        guard(|| {
            let name = self.tx.open_table(NUMBERS)?.get(number)?;
            Ok(name.and_then(|name| name.value().first_chunk().map(|feed| FeedId::new(*feed))))
        })
    }

    /// Feeds with accepted entries whose bodies are neither held nor taken back, at most `max`.
    pub fn incomplete(&self, max: usize) -> Result<Vec<FeedId>, DiskError> {
        guard(|| {
            let table = self.tx.open_table(MISSING)?;
            let (mut found, mut next) = (Vec::new(), Some(0));
            while let Some(num) = next.filter(|_| found.len() < max) {
                let Some(row) = table.range(place(num, 0)..)?.next().transpose()? else { break };
                let (num, _) = split(row.0.value());
                found.push(numbered(&self.tx, num)?.0);
                next = num.checked_add(1);
            }
            Ok(found)
        })
    }

    /// Entries in rows, those in quarantine included.
    pub(crate) fn stored(&self) -> Result<u64, DiskError> {
        guard(|| {
            let mut stored = 0;
            for row in self.tx.open_table(FEEDS)?.iter()? {
                stored += u64::from(FeedRow::decode(row?.1.value())?.stored);
            }
            Ok(stored)
        })
    }

    fn row(&self, feed: &FeedId) -> Result<Option<FeedRow>, DiskError> {
        feed_row(&self.tx, feed)
    }
}

/// The part of an event that says what it is called and when it is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Titled {
    /// As it stands, be it hidden.
    pub title: String,
    /// Local start.
    pub start: String,
    /// IANA name.
    pub zone: String,
    /// Whether anything said of it is hidden, be it that.
    #[serde(default, deserialize_with = "is_any")]
    pub hidden: bool,
}

fn is_any<'d, D: serde::Deserializer<'d>>(lines: D) -> Result<bool, D::Error> {
    Vec::<HiddenLine>::deserialize(lines).map(|lines| !lines.is_empty())
}

fn is_held(row: &FeedRow) -> bool {
    row.stored > 0 || row.cap().is_some()
}

/// A view's state; a view that `rebuild` has yet to fold is none.
fn view<T: DeserializeOwned>(table: &'static str, bytes: &[u8]) -> Result<Option<T>, DiskError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    codec::decode_own(bytes).map(Some).map_err(|_| DiskError::Table { table })
}

fn is_folded(state: Option<redb::AccessGuard<'_, &'static [u8]>>) -> Result<bool, DiskError> {
    Ok(state.is_some_and(|state| !state.value().is_empty()))
}

/// The part of a group that says what it is called.
#[derive(Deserialize)]
struct Named {
    id: EntryId,
    name: String,
}

type Row<'t> = (redb::AccessGuard<'t, [u8; 32]>, redb::AccessGuard<'t, &'static [u8]>);

fn one<T: DeserializeOwned>(
    row: Result<Row<'_>, redb::StorageError>,
    table: &'static str,
) -> Result<Option<T>, DiskError> {
    view(table, row?.1.value())
}
