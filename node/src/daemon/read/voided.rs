//! What somebody posted that does not count since they were cut: what their seniors may let count all the same.

use std::collections::BTreeSet;

use klatch_feed::Seq;
use klatch_feed::post::Person;

use super::{Among, LOG_MAX, On, Refusal, Response, log_line};
use crate::names;

impl On<'_> {
    /// ... in the group or event `object`, and in the events of that group: of each of their keys as much as a log
    /// shows at once, the last first.
    pub(super) fn voided(&self, object: &str, who: &str) -> Result<Response, Refusal> {
        let object = names::object(self.snapshot, object, Among::GroupsAndEvents)?;
        let feed = self.person(Some(who))?;
        let events = self.snapshot.group(&object)?.map(|group| group.events).unwrap_or_default();
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
            lines.extend(entries.iter().rev().filter(|entry| void.contains(&entry.id())).map(log_line));
        }
        Ok(Response::Log(lines))
    }
}
