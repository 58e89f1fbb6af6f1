//! Views: groups and events, folded in the transaction that accepts what they are made of.
//!
//! A view is a cache of what `klatch_feed` folds from the entries at hand, and may be dropped at any time.

pub(crate) mod rebuild;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use klatch_feed::meetup::Group;
use klatch_feed::post::{Person, kind};
use klatch_feed::{EntryId, EventState, Fact, Facts, GroupState, Lineage, NetId, Verified, codec};
use redb::{ReadableTable, TableDefinition, WriteTransaction};
use serde::Serialize;

use crate::DiskError;
use crate::guard::guard;
use crate::index::{Found, Touched, find, founded_event, is_fact, read_fact};
use crate::table::{
    EVENTS, GROUPS, NUMBERS, OCCURRENCES, REFS, Read, TOMBS, named, place_of, ref_key, split, tomb_key,
};
use crate::{agenda, lookup, succession};

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
    let mut changed = BTreeSet::new();
    let lineage = lineage_for(tx, &objects)?;
    fold_each(tx, net, &objects, &lineage, |id, folded| {
        if keep_all(tx, id, &folded?)? {
            changed.insert(*id);
        }
        Ok(())
    })?;
    Ok(changed.into_iter().collect())
}

/// Folds groups and events, one after another. What a group says is gathered and folded once for all its events:
/// a role given in a large group would else read all of it for each.
pub(crate) fn fold_each<'a, T: Read>(
    tx: &T,
    net: &NetId,
    objects: impl IntoIterator<Item = &'a EntryId>,
    lineage: &Arc<Lineage>,
    mut each: impl FnMut(&EntryId, Result<Folded, DiskError>) -> Result<(), DiskError>,
) -> Result<(), DiskError> {
    let mut groups = BTreeMap::<Option<EntryId>, Vec<EntryId>>::new();
    for id in objects {
        match guard(|| founding(tx, id)) {
            Ok(Some((kind::GROUP, _))) => groups.entry(Some(*id)).or_default().push(*id),
            Ok(Some((kind::EVENT, group))) => groups.entry(group).or_default().push(*id),
            Ok(_) => each(id, Ok(Folded::default()))?,
            Err(error) => each(id, Err(error))?,
        }
    }
    for (group, objects) in groups {
        let facts = match guard(|| gather(tx, group, lineage)) {
            Ok(facts) => facts,
            Err(error) => {
                let mut error = Some(error);
                for id in objects {
                    // An error is said once; the others of the group cannot be folded either.
                    each(&id, Err(error.take().unwrap_or(DiskError::Table { table: "refs" })))?;
                }
                continue;
            }
        };
        let persons = facts.persons();
        let named = group.and_then(|group| persons.group(group));
        for id in objects {
            let folded = match &named {
                Some(named) if group == Some(id) => {
                    Ok(Folded { group: Some(named.state()), ..Folded::default() })
                }
                _ => guard(|| event(tx, net, id, named.as_ref(), lineage)),
            };
            each(&id, folded)?;
        }
    }
    Ok(())
}

fn event(
    tx: &impl Read,
    net: &NetId,
    id: EntryId,
    named: Option<&Group<'_>>,
    lineage: &Arc<Lineage>,
) -> Result<Folded, DiskError> {
    let facts = gather(tx, [id], lineage)?;
    let (event, occurrences) = facts.persons().events(net, id, named).unzip();
    Ok(Folded { group: None, event, occurrences: occurrences.unwrap_or_default() })
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

/// Keeps what an object is folded to. Says whether it is another than before.
pub(crate) fn keep_all(tx: &WriteTransaction, id: &EntryId, folded: &Folded) -> Result<bool, DiskError> {
    let group = keep(tx, GROUPS, id, folded.group.as_ref())?;
    let event = keep(tx, EVENTS, id, folded.event.as_ref())?;
    let occurrences = keep_occurrences(tx, id, &folded.occurrences)?;
    if event || occurrences {
        lookup::put(tx, id, folded.event.as_ref().map(|event| (event, &folded.occurrences[..])))?;
    }
    Ok(group || event || occurrences)
}

/// Puts a view in its table, or takes it out. Says whether it is another than before.
fn keep<T: Serialize>(
    tx: &WriteTransaction,
    table: TableDefinition<'_, [u8; 32], &'static [u8]>,
    id: &EntryId,
    state: Option<&T>,
) -> Result<bool, DiskError> {
    let mut table = tx.open_table(table)?;
    let after = state.map(codec::encode);
    if table.get(id.as_bytes())?.as_ref().map(|held| held.value()) == after.as_deref() {
        return Ok(false);
    }
    match &after {
        Some(state) => drop(table.insert(id.as_bytes(), &state[..])?),
        None => drop(table.remove(id.as_bytes())?),
    }
    Ok(true)
}

/// Puts the occurrences that something was said about in place of those of before. Says whether any is another.
fn keep_occurrences(tx: &WriteTransaction, id: &EntryId, special: &[EventState]) -> Result<bool, DiskError> {
    let mut table = tx.open_table(OCCURRENCES)?;
    let mut after: BTreeMap<[u8; 48], Vec<u8>> = BTreeMap::new();
    for state in special {
        after.insert(occurrence_key(id, state.occ.as_deref()), codec::encode(state));
    }
    let mut gone = Vec::new();
    for row in table.range(occurrence_keys(id))? {
        let (key, state) = row?;
        let key = key.value();
        match after.get(&key).is_some_and(|after| after == state.value()) {
            true => drop(after.remove(&key)),
            false => gone.push(key),
        }
    }
    gone.iter().try_for_each(|key| table.remove(key).map(drop))?;
    after.iter().try_for_each(|(key, state)| table.insert(key, &state[..]).map(drop))?;
    Ok(!gone.is_empty() || !after.is_empty())
}

/// Where an occurrence of an event is kept.
pub(crate) fn occurrence_key(id: &EntryId, occ: Option<&str>) -> [u8; 48] {
    let mut key = [0; 48];
    key[..32].copy_from_slice(id.as_bytes());
    key[32..].copy_from_slice(&agenda::occ_key(occ));
    key
}

/// ... and all of them.
pub(crate) fn occurrence_keys(id: &EntryId) -> std::ops::RangeInclusive<[u8; 48]> {
    let mut last = [0xff; 48];
    last[..32].copy_from_slice(id.as_bytes());
    occurrence_key(id, None)..=last
}

/// The occurrences of an event that something was said about, by name.
pub(crate) fn occurrences(tx: &impl Read, id: &EntryId) -> Result<Vec<EventState>, DiskError> {
    let mut special = Vec::new();
    for row in tx.open(OCCURRENCES)?.range(occurrence_keys(id))? {
        let state = codec::decode_own(row?.1.value());
        special.push(state.map_err(|_| DiskError::Table { table: "occurrences" })?);
    }
    Ok(special)
}

/// What an entry founds: one of the two, or neither.
#[derive(Default)]
pub(crate) struct Folded {
    pub(crate) group: Option<GroupState>,
    pub(crate) event: Option<EventState>,
    /// Of a series: the occurrences that something was said about.
    pub(crate) occurrences: Vec<EventState>,
}

/// All that the state of the group or event that `id` founds is made of; `None` if it founds neither.
pub(crate) fn facts(
    tx: &impl Read,
    id: &EntryId,
    lineage: &Arc<Lineage>,
) -> Result<Option<Facts>, DiskError> {
    match founding(tx, id)? {
        Some((kind::GROUP, _)) => gather(tx, [*id], lineage).map(Some),
        Some((kind::EVENT, group)) => gather(tx, group.into_iter().chain([*id]), lineage).map(Some),
        _ => Ok(None),
    }
}

/// What founds these, and everything about them.
fn gather(
    tx: &impl Read,
    objects: impl IntoIterator<Item = EntryId>,
    lineage: &Arc<Lineage>,
) -> Result<Facts, DiskError> {
    let mut gathering = Gathering { tx, people: BTreeMap::new(), facts: Facts::default() };
    gathering.facts.set_lineage(lineage.clone());
    for id in objects {
        gathering.founding(&id)?;
        gathering.about(&id)?;
    }
    Ok(gathering.facts)
}

/// The kind and the first ref of an entry that may found something.
fn founding(tx: &impl Read, id: &EntryId) -> Result<Option<(klatch_feed::Kind, Option<EntryId>)>, DiskError> {
    let Some(Found { entry, .. }) = find(tx, id)? else { return Ok(None) };
    Ok(Some((entry.header().kind, entry.header().refs.first().copied())))
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
    /// Adds the entry that founds `id`, which counts even in quarantine.
    fn founding(&mut self, id: &EntryId) -> Result<(), DiskError> {
        let Some(Found { entry, num, is_accepted }) = find(self.tx, id)? else { return Ok(()) };
        let numbers = self.tx.open(NUMBERS)?;
        let author = person(&numbers, &mut self.people, num)?;
        let fact = Fact::of(&Verified::trusted(entry), author.genesis);
        self.facts.insert(Fact { quarantined: !is_accepted, ..fact });
        Ok(())
    }

    /// Adds everything accepted that points at `id` first, and the tombstones of that.
    fn about(&mut self, id: &EntryId) -> Result<(), DiskError> {
        let table = self.tx.open(REFS)?;
        let mut found = Vec::new();
        for row in table.range(ref_key(id, 0)..=ref_key(id, u64::MAX))? {
            let (key, fact) = row?;
            if is_fact(fact.value()) {
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
        let numbers = self.tx.open(NUMBERS)?;
        for (place, bytes) in found.into_iter().chain(tombs) {
            let (num, seq) = split(place);
            let author = person(&numbers, &mut self.people, num)?;
            self.facts.insert(read_fact(&bytes, author, seq)?);
        }
        Ok(())
    }
}

/// Who has that number, looked up once.
fn person(
    numbers: &impl ReadableTable<u32, [u8; 64]>,
    people: &mut BTreeMap<u32, Person>,
    num: u32,
) -> Result<Person, DiskError> {
    if let Some(person) = people.get(&num) {
        return Ok(*person);
    }
    let (feed, genesis) = named(numbers, num)?;
    let person = Person { feed, genesis: genesis.ok_or(DiskError::Table { table: "numbers" })? };
    people.insert(num, person);
    Ok(person)
}
