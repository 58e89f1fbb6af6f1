//! A group or an event, as it is made public.

use klatch_feed::meetup::RoleLine;
use klatch_feed::post::Role;
use klatch_feed::{EntryId, EventState};

use super::{On, cancelled, hidden};
use crate::calendar::Dated;
use crate::daemon::local;
use crate::daemon::refusal::{Among, Refusal};
use crate::daemon::response::Response;
use crate::names;
use crate::published::{Published, PublishedEvent};

impl On<'_> {
    pub(super) fn published(&self, text: &str, among: Among) -> Result<Response, Refusal> {
        let id = names::object(self.snapshot, text, among)?;
        let published = match self.snapshot.event(&id)? {
            Some(event) => Published {
                id: id.to_string(),
                title: hidden::veiled(self.snapshot, event.clone())?.title,
                author: local::own_name(self.snapshot, &event.author)?,
                founded_ms: self.claimed(&id)?,
                events: vec![self.published_event(self.shown(event)?)?],
            },
            None => {
                let group = self.group(&id.to_string())?;
                let mut events = Vec::new();
                for id in &group.events {
                    if group.hidden.iter().any(|line| line.entry == *id) {
                        continue;
                    }
                    let event = self.snapshot.event(id)?;
                    events.extend(event.map(|event| self.published_event(event)).transpose()?);
                }
                events.sort_by(|one, other| one.dated.event.start.cmp(&other.dated.event.start));
                Published {
                    id: id.to_string(),
                    author: local::own_name(self.snapshot, &group.founder)?,
                    title: group.name,
                    founded_ms: self.claimed(&id)?,
                    events,
                }
            }
        };
        Ok(Response::Published(Box::new(published)))
    }

    /// The event, if its group does not hide it.
    fn shown(&self, event: EventState) -> Result<EventState, Refusal> {
        let Some(line) = hidden::by_group(&event) else { return Ok(event) };
        let by = local::called(self.snapshot, &line.by)?;
        Err(Refusal::NoEffect { problem: format!("{by} has hidden that event from its group").into() })
    }

    fn published_event(&self, event: EventState) -> Result<PublishedEvent, Refusal> {
        let founded_ms = self.claimed(&event.id)?;
        let mut updated_ms = founded_ms;
        for tip in &event.tips {
            updated_ms = updated_ms.max(self.claimed(tip)?);
        }
        let stands = |line: &&RoleLine| line.role <= Role::Organizer && line.cut.is_none();
        let others = event.hosts.iter().filter(stands).map(|line| line.feed);
        let feeds = std::iter::once(event.author).chain(others.filter(|feed| *feed != event.author));
        let organizers = feeds.map(|feed| local::own_name(self.snapshot, &feed)).collect::<Result<_, _>>()?;
        let mut occurrences = Vec::new();
        for occurrence in self.occurrences(&event)? {
            for tip in &occurrence.tips {
                updated_ms = updated_ms.max(self.claimed(tip)?);
            }
            occurrences.push(hidden::veiled(self.snapshot, occurrence)?);
        }
        updated_ms = updated_ms.max(cancelled::called_off_ms(self.snapshot, &event)?);
        let reason = cancelled::reason(self.snapshot, &event)?;
        let event = hidden::veiled(self.snapshot, event)?;
        let dated = Dated { event, occurrences, whole: true, reason };
        Ok(PublishedEvent { dated, organizers, founded_ms, updated_ms })
    }

    /// When an entry says that it was written.
    fn claimed(&self, id: &EntryId) -> Result<u64, Refusal> {
        Ok(self.snapshot.entry(id)?.map_or(0, |entry| entry.header().time_ms))
    }
}
