//! Looks at every byte: rows against their hashes, links and signatures; indexes and views against the
//! rows they are made from. Reads only; names feed and place of what is wrong.

use std::collections::BTreeSet;

use klatch_feed::post::kind;
use klatch_feed::{EntryId, FeedId, PublicKey, Unverified, codec};
use redb::{ReadOnlyTable, ReadableTable, ReadableTableMetadata};

use crate::entries::{self, Row};
use crate::error::{Damage, corrupt};
use crate::guard::guard;
use crate::ids::{self, Ids};
use crate::index::{is_taken_back, profile, ref_bytes};
use crate::table::{
    AGENDA, ANNOUNCED, BRANCHES, CHANGES, EVENTS, FEEDS, FINDER, FeedRow, GROUPS, LISTED, MISSING,
    OCCURRENCES, PROFILES, PROOFS, REFS, SUCCESSORS, TOMBS, id_key, meta, numbered, place, ref_key,
};
use crate::{DiskError, Progress, Report, Snapshot, announced, lookup, succession, view};

/// Most problems that a report lists.
const PROBLEMS_MAX: usize = 1_000;

/// Rows that the indexes should have, counted while the entries are read.
#[derive(Debug, Default)]
struct Expected {
    ids: u64,
    refs: u64,
    announced: u64,
    missing: u64,
    profiles: u64,
    views: BTreeSet<EntryId>,
    occurrences: u64,
    agenda: u64,
    finder: u64,
    listed: u64,
}

pub(crate) fn verify(on: &Snapshot, progress: Progress<'_>) -> Result<Report, DiskError> {
    let total = on.stored()?;
    let me = guard(|| meta(&on.tx, "owner"))?.map_or(FeedId::new([0; 32]), FeedId::new);
    let (report, expected) = (Report::default(), Expected::default());
    let mut run = Run { on, me, report, is_damaged: false, expected, total, progress };
    let feeds = guard(|| {
        let mut feeds = Vec::new();
        for row in on.tx.open_table(FEEDS)?.iter()? {
            let (feed, row) = row?;
            feeds.push((FeedId::new(feed.value()), FeedRow::decode(row.value())?));
        }
        Ok::<_, DiskError>(feeds)
    })?;
    for (feed, row) in feeds {
        run.note(|run| run.feed(feed, &row));
    }
    run.note(|run| run.counts());
    run.note(|run| run.views());
    Ok(run.report)
}

/// The tables that each entry is looked up in, opened once a row.
struct Derived {
    ids: Ids<ReadOnlyTable<[u8; 24], &'static [u8]>>,
    refs: ReadOnlyTable<[u8; 40], &'static [u8]>,
    announced: ReadOnlyTable<[u8; 40], &'static [u8]>,
    missing: ReadOnlyTable<u64, ()>,
    profiles: ReadOnlyTable<u64, &'static [u8]>,
}

struct Run<'r> {
    on: &'r Snapshot,
    me: FeedId,
    report: Report,
    /// An entry is damaged: what is derived from it cannot be whole.
    is_damaged: bool,
    expected: Expected,
    total: u64,
    progress: Progress<'r>,
}

impl Run<'_> {
    /// Runs one part; what stops it is a problem of the report, and the next part still runs.
    fn note(&mut self, part: impl FnOnce(&mut Self) -> Result<(), DiskError>) {
        if let Err(error) = guard(|| part(self)) {
            self.problem(error.to_string());
        }
    }

    fn problem(&mut self, what: String) {
        if self.report.problems.len() < PROBLEMS_MAX {
            self.report.problems.push(what);
        }
    }

    fn feed(&mut self, feed: FeedId, row: &FeedRow) -> Result<(), DiskError> {
        self.report.feeds += 1;
        if let Err(error) = guard(|| self.names(feed, row)) {
            self.damaged(feed, row, &error);
            return Ok(());
        }
        let key = PublicKey::parse(&feed).ok();
        let (mut bytes, mut next, mut end) = (0, 1, None);
        while next <= row.stored {
            // One row a time, so that a damaged one does not hide the others.
            let run = match guard(|| entries::row_at(&self.on.tx, feed, row.num, next)) {
                Ok(run) => run,
                Err(error) => {
                    self.damaged(feed, row, &error);
                    return Ok(());
                }
            };
            if run.first != next || run.base() != end {
                self.damaged(feed, row, &corrupt(feed, next, Damage::Link));
            }
            bytes += run.bytes() as u64;
            if let Err(error) = guard(|| self.run(feed, row, key.as_ref(), &run)) {
                self.damaged(feed, row, &error);
            }
            (next, end) = (run.last() + 1, Some(run.tip()));
            self.report.entries += u64::from(run.count);
            (self.progress)(self.report.entries, self.total);
        }
        let asides = succession::asides(&self.on.tx, feed, row.num)?;
        let ids = if asides.is_empty() { None } else { Some(ids::open(&self.on.tx)?) };
        for (entry, size) in asides {
            bytes += size as u64;
            self.expected.ids += 1;
            let here = place(row.num, entry.header().seq);
            if let Some(ids) = &ids
                && !ids.contains(&id_key(&entry.id(), here))?
            {
                self.problem(format!(
                    "another branch of {feed} is not in table id segments{}",
                    self.remedy()
                ));
            }
            if matches!(entry.header().kind, kind::GROUP | kind::EVENT) {
                self.expected.views.insert(entry.id());
            }
        }
        for problem in succession::problems(&self.on.tx, &self.on.net, feed, row)? {
            self.problem(problem);
        }
        self.report.bytes += bytes;
        if end != (row.stored > 0).then_some(row.end) || next != row.stored + 1 || bytes != row.bytes {
            self.problem(format!(
                "{feed}: its row in table feeds is not what its {} entries say",
                row.stored
            ));
        }
        Ok(())
    }

    /// An entry that cannot be read, and what mends that.
    fn damaged(&mut self, feed: FeedId, row: &FeedRow, error: &DiskError) {
        self.is_damaged = true;
        self.problem(match feed == self.me || row.settled {
            true => format!(
                "{error}: move this home away, and bring it back by `klatch restore` of a backup, or by `klatch init \
                 --recover` with the recovery words"
            ),
            false => format!(
                "{error}: it is of another; `klatch rebuild` drops it and what follows it there, and `klatch up` \
                 fetches them again from peers"
            ),
        });
    }

    /// What mends an index or a view, where that is known.
    fn remedy(&self) -> &'static str {
        if self.is_damaged { "" } else { ": run rebuild" }
    }

    /// What other tables say of the feed as a whole.
    fn names(&mut self, feed: FeedId, row: &FeedRow) -> Result<(), DiskError> {
        let tx = &self.on.tx;
        let first = if row.stored > 0 { entries::id_at(tx, feed, row, 1)? } else { None };
        if numbered(tx, row.num)? != (feed, first) {
            self.problem(format!("{feed}: its number or first entry in table numbers is another"));
        }
        if tx.open_table(CHANGES)?.get(row.changed)?.map(|num| num.value()) != Some(row.num) {
            self.problem(format!("{feed}: it is not in the change log"));
        }
        let proof = self.on.proof(&feed)?;
        if proof.as_ref().map(|proof| (proof.author(), proof.cap())) != row.cap().map(|cap| (feed, cap)) {
            self.problem(format!("{feed}: its cap is not what its fork proof says"));
        }
        Ok(())
    }

    fn run(
        &mut self,
        feed: FeedId,
        row: &FeedRow,
        key: Option<&PublicKey>,
        run: &Row,
    ) -> Result<(), DiskError> {
        let tx = &self.on.tx;
        let derived = Derived {
            ids: ids::open(tx)?,
            refs: tx.open_table(REFS)?,
            announced: tx.open_table(ANNOUNCED)?,
            missing: tx.open_table(MISSING)?,
            profiles: tx.open_table(PROFILES)?,
        };
        for entry in run.entries(feed)? {
            let seq = entry.header().seq;
            let is_anchor = run.is_anchor(seq);
            if is_anchor && !key.is_some_and(|key| entry.is_anchor(&self.on.net, key)) {
                self.problem(corrupt(feed, seq, Damage::Signature).to_string());
            }
            if !is_anchor && (seq == row.len || seq == row.stored) {
                self.problem(format!(
                    "entry {seq} of {feed} ends what is held and is not known to be signed"
                ));
            }
            if seq == row.len && entry.id() != row.tip {
                self.problem(format!("{feed}: the tip in table feeds is not its entry {seq}"));
            }
            self.indexes(feed, row, &entry, &derived)?;
        }
        Ok(())
    }

    /// Whether all that is derived from the entry is there.
    fn indexes(
        &mut self,
        feed: FeedId,
        row: &FeedRow,
        entry: &Unverified,
        derived: &Derived,
    ) -> Result<(), DiskError> {
        let (tx, header) = (&self.on.tx, entry.header());
        let here = place(row.num, header.seq);
        let mut absent = Vec::new();
        self.expected.ids += 1;
        if !derived.ids.contains(&id_key(&entry.id(), here))? {
            absent.push("id segments");
        }
        if matches!(header.kind, kind::GROUP | kind::EVENT) {
            self.expected.views.insert(entry.id());
        }
        if header.seq <= row.len {
            for (index, target) in header.refs.iter().enumerate() {
                self.expected.refs += 1;
                let value = ref_bytes(entry, index);
                if derived.refs.get(ref_key(target, here))?.is_none_or(|held| held.value() != value) {
                    absent.push("refs");
                }
            }
            if let Some(object) = announced::on(entry) {
                self.expected.announced += 1;
                let held = derived.announced.get(ref_key(&object, here))?;
                if held.is_none_or(|held| held.value() != announced::bytes(entry)) {
                    absent.push("announced");
                }
            }
            let is_missing = entry.body().is_none() && !is_taken_back(tx, here)?;
            self.expected.missing += u64::from(is_missing);
            if derived.missing.get(here)?.is_some() != is_missing {
                absent.push("missing");
            }
            let profile = profile(entry);
            self.expected.profiles += u64::from(profile.is_some());
            if derived.profiles.get(here)?.map(|held| held.value().to_vec()) != profile {
                absent.push("profiles");
            }
        }
        for table in absent {
            let seq = header.seq;
            self.problem(format!(
                "entry {seq} of {feed} is not in table {table} as it should be{}",
                self.remedy()
            ));
        }
        Ok(())
    }

    /// Whether the indexes hold nothing besides.
    fn counts(&mut self) -> Result<(), DiskError> {
        let tx = &self.on.tx;
        let tables = [
            ("id segments", ids::open(tx)?.count(), self.expected.ids),
            ("refs", tx.open_table(REFS)?.len()?, self.expected.refs),
            ("announced", tx.open_table(ANNOUNCED)?.len()?, self.expected.announced),
            ("missing", tx.open_table(MISSING)?.len()?, self.expected.missing),
            ("profiles", tx.open_table(PROFILES)?.len()?, self.expected.profiles),
            ("changes", tx.open_table(CHANGES)?.len()?, self.report.feeds),
        ];
        for (table, found, wanted) in tables {
            if found != wanted {
                let remedy = self.remedy();
                self.problem(format!("table {table} has {found} where {wanted} should be{remedy}"));
            }
        }
        // Read through, so that damage in them shows too.
        tx.open_table(SUCCESSORS)?.iter()?.try_for_each(|row| row.map(drop))?;
        tx.open_table(BRANCHES)?.iter()?.try_for_each(|row| row.map(drop))?;
        tx.open_table(TOMBS)?.iter()?.try_for_each(|row| row.map(drop))?;
        Ok(tx.open_table(PROOFS)?.iter()?.try_for_each(|row| row.map(drop))?)
    }

    /// Whether every view is what the fold makes now, and stands on an entry.
    fn views(&mut self) -> Result<(), DiskError> {
        let tx = &self.on.tx;
        for table in [GROUPS, EVENTS] {
            for row in tx.open_table(table)?.iter()? {
                self.expected.views.insert(EntryId::new(row?.0.value()));
            }
        }
        let views = std::mem::take(&mut self.expected.views);
        let lineage = view::lineage_for(tx, &views)?;
        view::fold_each(tx, &self.on.net, &views, &lineage, |id, folded| {
            self.note(|this| this.view(id, &folded?));
            Ok(())
        })?;
        let tables = [
            ("occurrences", tx.open_table(OCCURRENCES)?.len()?, self.expected.occurrences),
            ("agenda", tx.open_table(AGENDA)?.len()?, self.expected.agenda),
            ("listed", tx.open_table(LISTED)?.len()?, self.expected.listed),
            ("finder", tx.open_table(FINDER)?.len()?, self.expected.finder),
        ];
        for (table, found, wanted) in tables {
            if found != wanted {
                let remedy = self.remedy();
                self.problem(format!("table {table} has {found} where {wanted} should be{remedy}"));
            }
        }
        Ok(())
    }

    fn view(&mut self, id: &EntryId, folded: &view::Folded) -> Result<(), DiskError> {
        let tx = &self.on.tx;
        if let Some(event) = &folded.event {
            let lookups = lookup::check(tx, event, &folded.occurrences)?;
            self.expected.agenda += lookups.lines;
            self.expected.listed += u64::from(lookups.lines > 0);
            self.expected.finder += lookups.rows;
            for table in lookups.wrong {
                self.problem(format!("{id} in table {table} is not as it should be{}", self.remedy()));
            }
        }
        self.expected.occurrences += folded.occurrences.len() as u64;
        for state in &folded.occurrences {
            let key = view::occurrence_key(id, state.occ.as_deref());
            let held = tx.open_table(OCCURRENCES)?.get(key)?.map(|held| held.value().to_vec());
            if held != Some(codec::encode(state)) {
                let occ = state.occ.as_deref().unwrap_or_default();
                self.problem(format!("the view of {id} on {occ} is not what it folds to{}", self.remedy()));
            }
        }
        let views = [folded.group.as_ref().map(codec::encode), folded.event.as_ref().map(codec::encode)];
        for (table, state) in [GROUPS, EVENTS].into_iter().zip(views) {
            let held = tx.open_table(table)?.get(id.as_bytes())?.map(|held| held.value().to_vec());
            if held != state {
                self.problem(format!("the view of {id} is not what its entries fold to{}", self.remedy()));
            }
        }
        Ok(())
    }
}
