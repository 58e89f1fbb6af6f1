//! What hosts hide is shown nowhere: neither the words of an update nor those of an event that its group hides.
//! The fold keeps their meaning, so they are taken out where this node answers. Source: spec/meetup.md, "hiding".

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use klatch_feed::meetup::HiddenLine;
use klatch_feed::meetup::agenda::AgendaLine;
use klatch_feed::post::EventFields;
use klatch_feed::{EntryId, EventState, Post};
use klatch_store::{DiskError, Snapshot};

use super::On;
use crate::daemon::response::{HiddenBy, Refusal};

/// What stands in the place of a title.
const TITLE: &str = "(hidden)";

/// That its group hides the event as a whole.
pub(super) fn by_group(snapshot: &Snapshot, event: &EventState) -> Result<Option<HiddenLine>, DiskError> {
    let Some(group) = event.group.filter(|_| event.in_group) else { return Ok(None) };
    let group = snapshot.group(&group)?;
    Ok(group.and_then(|group| group.hidden.into_iter().find(|line| line.entry == event.id)))
}

/// The updates that are hidden, with what they said.
fn updates(snapshot: &Snapshot, event: &EventState) -> Result<Vec<(HiddenLine, EventFields)>, DiskError> {
    let mut found = Vec::new();
    for line in &event.hidden {
        let Some(entry) = snapshot.entry(&line.entry)? else { continue };
        let header = entry.header();
        if let Some(Post::Update { fields, .. }) = Post::read(header.kind, &header.refs, entry.body()) {
            found.push((line.clone(), *fields));
        }
    }
    Ok(found)
}

/// The event without the words that are hidden.
pub(in crate::daemon) fn veiled(snapshot: &Snapshot, mut event: EventState) -> Result<EventState, DiskError> {
    let all = by_group(snapshot, &event)?.is_some();
    let said = updates(snapshot, &event)?;
    let is = |of: &dyn Fn(&EventFields) -> bool| all || said.iter().any(|(_, fields)| of(fields));
    let title = is(&|fields| fields.title.as_ref() == Some(&event.title));
    let place = is(&|fields| fields.place.as_ref() == Some(&event.place));
    let access = is(&|fields| fields.access.as_ref() == Some(&event.access));
    let online = is(&|fields| fields.online.as_ref() == Some(&event.online));
    let about = is(&|fields| fields.about.as_ref() == Some(&event.about));
    let cost = is(&|fields| fields.cost.as_ref() == Some(&event.cost));
    let tags = is(&|fields| fields.tags.as_ref() == Some(&event.tags));
    let questions = is(&|fields| fields.questions.as_ref() == Some(&event.questions));
    if title {
        event.title = TITLE.to_owned();
    }
    for (hides, text) in [
        (place, &mut event.place),
        (access, &mut event.access),
        (online, &mut event.online),
        (about, &mut event.about),
        (cost, &mut event.cost),
    ] {
        if hides {
            text.clear();
        }
    }
    if tags {
        event.tags.clear();
    }
    if questions {
        event.questions.clear();
    }
    Ok(event)
}

impl On<'_> {
    /// Who hid the event or words of it, and why.
    pub(super) fn hiding(&self, event: &EventState) -> Result<Vec<HiddenBy>, Refusal> {
        let updates = updates(self.snapshot, event)?.into_iter().map(|(line, _)| line);
        let lines = by_group(self.snapshot, event)?.into_iter().chain(updates);
        lines.map(|line| self.hidden_by(&line)).collect()
    }

    /// The lines of a list without the words that are hidden. Where it was searched for words, what these find no
    /// longer is left out.
    pub(super) fn veiled_lines(
        &self,
        lines: Vec<AgendaLine>,
        words: Option<&str>,
    ) -> Result<Vec<AgendaLine>, Refusal> {
        let mut events = BTreeMap::<EntryId, Option<EventState>>::new();
        let mut shown = Vec::new();
        for mut line in lines {
            let event = match events.entry(line.id) {
                Entry::Occupied(held) => held.into_mut(),
                Entry::Vacant(free) => free.insert(self.hides(&line.id)?),
            };
            if let Some(event) = event {
                let found = |words: &str| finds(event, words);
                if words.is_some_and(|words| !found(words)) {
                    continue;
                }
                line.title.clone_from(&event.title);
                line.place.clone_from(&event.place);
            }
            shown.push(line);
        }
        Ok(shown)
    }

    /// The event without its hidden words, if it has any.
    fn hides(&self, id: &EntryId) -> Result<Option<EventState>, Refusal> {
        let Some(event) = self.snapshot.event(id)? else { return Ok(None) };
        let veiled = veiled(self.snapshot, event.clone())?;
        Ok(Some(veiled).filter(|veiled| *veiled != event))
    }
}

/// Whether each of the words begins one of what is shown of an event.
fn finds(event: &EventState, words: &str) -> bool {
    let shown = [&event.title, &event.place, &event.about].map(|text| text.to_lowercase()).join(" ");
    let parts = |text: &str| -> Vec<String> {
        text.to_lowercase().split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect()
    };
    let shown = parts(&shown);
    let mut asked = parts(words).into_iter().filter(|word| !word.is_empty());
    asked.all(|word| shown.iter().any(|part| part.starts_with(&word)))
}
