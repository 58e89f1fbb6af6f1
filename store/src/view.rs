//! Views: groups and events, folded in the transaction that accepts what they are made of.
//!
//! A view is a cache of what `klatch_feed` folds from the entries at hand, and may be dropped at any time.

pub(crate) mod rebuild;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use klatch_feed::post::{Person, kind};
use klatch_feed::{EntryId, EventState, Fact, Facts, GroupState, Lineage, NetId, Verified, codec};
use redb::{ReadableTable, TableDefinition, WriteTransaction};
use serde::Serialize;

use crate::DiskError;
use crate::index::{Found, Touched, find, founded_event, read_fact};
use crate::table::{EVENTS, GROUPS, REFS, Read, TOMBS, numbered, place_of, ref_key, split, tomb_key};
use crate::{agenda, succession};

/// Folds what was touched, and the events of groups whose roles were. Returns what is another now.
pub(crate) fn refold(
    tx: &WriteTransaction,
    net: &NetId,
    touched: &Touched,
) -> Result<Vec<EntryId>, DiskError> {
    let mut objects = touched.objects.clone();
    for group in &touched.roles {
        objects.extend(events_of(tx, group)?);
    }
    let mut changed = Vec::new();
    let lineage = lineage_for(tx, &objects)?;
    for id in objects {
        if fold_into(tx, net, &id, &lineage)? {
            changed.push(id);
        }
    }
    Ok(changed)
}

/// Who is who; nobody asks where there is nothing to fold.
pub(crate) fn lineage_for<'a>(
    tx: &impl Read,
    objects: impl IntoIterator<Item = &'a EntryId>,
) -> Result<Arc<Lineage>, DiskError> {
    match objects.into_iter().next() {
        Some(_) => succession::lineage(tx).map(Arc::new),
        None => Ok(Arc::default()),
    }
}

/// Every group and event that has a view.
pub(crate) fn all(tx: &impl Read) -> Result<Vec<EntryId>, DiskError> {
    let mut all = Vec::new();
    for table in [GROUPS, EVENTS] {
        for row in tx.open(table)?.iter()? {
            all.push(EntryId::new(row?.0.value()));
        }
    }
    Ok(all)
}

/// Folds one object and keeps the result. Says whether it is another than before.
pub(crate) fn fold_into(
    tx: &WriteTransaction,
    net: &NetId,
    id: &EntryId,
    lineage: &Arc<Lineage>,
) -> Result<bool, DiskError> {
    let folded = folded(tx, net, id, lineage)?;
    let group = keep(tx, GROUPS, id, folded.group.as_ref())?;
    let event = keep(tx, EVENTS, id, folded.event.as_ref())?;
    if event.0 {
        agenda::put(tx, id, event.1.as_deref(), folded.event.as_ref())?;
    }
    Ok(group.0 || event.0)
}

/// Puts a view in its table, or takes it out. Says whether it is another than before, and what it was.
fn keep<T: Serialize>(
    tx: &WriteTransaction,
    table: TableDefinition<'_, [u8; 32], &'static [u8]>,
    id: &EntryId,
    state: Option<&T>,
) -> Result<(bool, Option<Vec<u8>>), DiskError> {
    let mut table = tx.open_table(table)?;
    let before = table.get(id.as_bytes())?.map(|held| held.value().to_vec());
    let after = state.map(codec::encode);
    if before == after {
        return Ok((false, before));
    }
    match &after {
        Some(state) => drop(table.insert(id.as_bytes(), &state[..])?),
        None => drop(table.remove(id.as_bytes())?),
    }
    Ok((true, before))
}

/// What an entry founds: one of the two, or neither.
#[derive(Default)]
pub(crate) struct Folded {
    pub(crate) group: Option<GroupState>,
    pub(crate) event: Option<EventState>,
}

/// The group or the event that `id` founds, by what is accepted now.
pub(crate) fn folded(
    tx: &impl Read,
    net: &NetId,
    id: &EntryId,
    lineage: &Arc<Lineage>,
) -> Result<Folded, DiskError> {
    let mut gathering = Gathering { tx, people: BTreeMap::new(), facts: Facts::default() };
    gathering.facts.set_lineage(lineage.clone());
    let Some((founding, group)) = gathering.founding(id)? else { return Ok(Folded::default()) };
    gathering.about(id)?;
    if founding == kind::GROUP {
        return Ok(Folded { group: gathering.facts.group(*id), event: None });
    }
    if founding != kind::EVENT {
        return Ok(Folded::default());
    }
    if let Some(group) = group {
        gathering.founding(&group)?;
        gathering.about(&group)?;
    }
    Ok(Folded { group: None, event: gathering.facts.event(net, *id) })
}

/// Events that name `group`, accepted ones.
fn events_of(tx: &impl Read, group: &EntryId) -> Result<BTreeSet<EntryId>, DiskError> {
    let mut events = BTreeSet::new();
    for row in tx.open(REFS)?.range(ref_key(group, 0)..=ref_key(group, u64::MAX))? {
        let (_, fact) = row?;
        events.extend(founded_event(fact.value()));
    }
    Ok(events)
}

/// Facts as they are collected.
struct Gathering<'t, T> {
    tx: &'t T,
    people: BTreeMap<u32, Person>,
    facts: Facts,
}

impl<T: Read> Gathering<'_, T> {
    /// Adds the entry that founds `id`, which counts even in quarantine. Returns its kind and first ref.
    fn founding(&mut self, id: &EntryId) -> Result<Option<(klatch_feed::Kind, Option<EntryId>)>, DiskError> {
        let Some(Found { entry, num, is_accepted }) = find(self.tx, id)? else { return Ok(None) };
        let (kind, first_ref) = (entry.header().kind, entry.header().refs.first().copied());
        let author = self.person(num)?;
        let fact = Fact::of(&Verified::trusted(entry), author.genesis);
        self.facts.insert(Fact { quarantined: !is_accepted, ..fact });
        Ok(Some((kind, first_ref)))
    }

    /// Adds everything accepted that points at `id` first, and the tombstones of that.
    fn about(&mut self, id: &EntryId) -> Result<(), DiskError> {
        let table = self.tx.open(REFS)?;
        let mut found = Vec::new();
        for row in table.range(ref_key(id, 0)..=ref_key(id, u64::MAX))? {
            let (key, fact) = row?;
            if !fact.value().is_empty() {
                found.push((place_of(&key.value()), fact.value().to_vec()));
            }
        }
        drop(table);
        let table = self.tx.open(TOMBS)?;
        let are_tombs = table.first()?.is_some();
        let mut tombs = Vec::new();
        for (place, _) in found.iter().filter(|_| are_tombs) {
            for row in table.range(tomb_key(*place, 0)..=tomb_key(*place, u64::MAX))? {
                let (key, fact) = row?;
                tombs.push((place_of(&key.value()), fact.value().to_vec()));
            }
        }
        drop(table);
        for (place, bytes) in found.into_iter().chain(tombs) {
            let (num, seq) = split(place);
            let author = self.person(num)?;
            self.facts.insert(read_fact(&bytes, author, seq)?);
        }
        Ok(())
    }

    fn person(&mut self, num: u32) -> Result<Person, DiskError> {
        if let Some(person) = self.people.get(&num) {
            return Ok(*person);
        }
        let (feed, genesis) = numbered(self.tx, num)?;
        let person = Person { feed, genesis: genesis.ok_or(DiskError::Table { table: "numbers" })? };
        self.people.insert(num, person);
        Ok(person)
    }
}
