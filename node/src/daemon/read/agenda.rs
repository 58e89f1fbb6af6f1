//! What is on: by time, in a group, near a place, or by words.

use klatch_feed::EventState;
use klatch_feed::meetup::agenda::AgendaLine;

use super::{On, hidden};
use crate::daemon::{Find, FoundEvents, Refusal, Response, occurrence};
use crate::names;

impl On<'_> {
    /// The event, or the occurrence of it that `on` names, without what is hidden of it.
    pub(super) fn event_on(&self, text: &str, on: Option<&str>) -> Result<EventState, Refusal> {
        let event = occurrence::at(self.snapshot, self.event(text)?, on)?;
        Ok(hidden::veiled(self.snapshot, event)?)
    }

    pub(super) fn events(
        &self,
        group: Option<&str>,
        from_ms: Option<i64>,
        max: u32,
    ) -> Result<Response, Refusal> {
        let max = max as usize;
        if let Some(text) = group {
            let group = names::group(self.snapshot, text)?;
            let found = self.snapshot.events_in(&group, from_ms, max)?;
            return Ok(Response::Found(FoundEvents {
                lines: self.veiled_lines(found.lines, None)?,
                cut: found.cut,
            }));
        }
        let mut lines = Vec::new();
        self.snapshot.agenda(from_ms, |line| {
            lines.push(line);
            lines.len() < max
        })?;
        Ok(Response::Events(self.veiled_lines(lines, None)?))
    }

    pub(super) fn find(
        &self,
        find: &Find,
        group: Option<&str>,
        from_ms: Option<i64>,
        max: u32,
    ) -> Result<Response, Refusal> {
        let group = group.map(|text| names::group(self.snapshot, text)).transpose()?;
        // Of a group's, those that are in it are picked out of all.
        let most = if group.is_some() { usize::MAX } else { max as usize };
        let mut found = match find {
            Find::Near { geo, radius_m } => self.snapshot.near(*geo, *radius_m, from_ms, most)?,
            Find::Search { words } => self.snapshot.search(words, from_ms, most)?,
        };
        found.lines.retain(|line: &AgendaLine| group.is_none() || line.group == group);
        found.lines.truncate(max as usize);
        Ok(Response::Found(FoundEvents {
            lines: self.veiled_lines(found.lines, Some(find))?,
            cut: found.cut,
        }))
    }
}
