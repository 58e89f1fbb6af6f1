//! What somebody posted that does not count since they were cut: what their seniors may let count all the same.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::meetup::HiddenLine;
use klatch_feed::post::Person;
use klatch_feed::{EntryId, Seq};

use super::{Among, LOG_MAX, On, Refusal, Response, veiled_line};
use crate::names;

impl On<'_> {
    /// ... in the group or event `object`, and in the events of that group: of each of their keys as much as a log
    /// shows at once, the last first.
    pub(super) fn voided(&self, object: &str, who: &str) -> Result<Response, Refusal> {
        let object = names::object(self.snapshot, object, Among::GroupsAndEvents)?;
        let feed = self.person(Some(who))?;
        let group = self.snapshot.group(&object)?;
        let mut hidden = BTreeMap::new();
        if let Some(group) = &group {
            hidden.insert(object, listed(&group.hidden));
        }
        let events = group.map(|group| group.events).unwrap_or_default();
        let about: BTreeSet<_> = events.into_iter().chain([object]).collect();
        let mut lines = Vec::new();
        let Some(facts) = self.snapshot.facts(&object)? else { return Ok(Response::Log(lines)) };
        for key in self.snapshot.lineage()?.line(feed).into_iter().rev() {
            let Some(genesis) = self.snapshot.genesis(&key)? else { continue };
            let len = self.snapshot.state(&key)?.map_or(0, |state| state.len);
            let from: Seq = len.saturating_sub(LOG_MAX).saturating_add(1);
            let mut entries = self.snapshot.entries(&key, from, LOG_MAX as usize)?;
            entries.retain(|entry| entry.header().refs.iter().any(|target| about.contains(target)));
            let signer = Person { feed: key, genesis };
            let void =
                facts.voided(object, entries.iter().map(|entry| (signer, entry.header().seq, entry.id())));
            for entry in entries.iter().rev().filter(|entry| void.contains(&entry.id())) {
                let mut is_hidden = false;
                for target in entry.header().refs.iter().filter(|target| about.contains(target)) {
                    if !hidden.contains_key(target) {
                        let event = self.snapshot.event(target)?;
                        hidden.insert(*target, event.map(|event| listed(&event.hidden)).unwrap_or_default());
                    }
                    is_hidden |= hidden[target].contains(&entry.id());
                }
                lines.push(veiled_line(entry, is_hidden));
            }
        }
        Ok(Response::Log(lines))
    }
}

fn listed(hidden: &[HiddenLine]) -> BTreeSet<EntryId> {
    hidden.iter().map(|line| line.entry).collect()
}
