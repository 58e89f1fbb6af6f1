//! What hosts hide is shown nowhere: neither the words of an update nor those of an event that its group hides.
//! The fold keeps their meaning, so they are taken out where this node answers. Source: spec/meetup.md, "hiding".

use std::collections::BTreeMap;

use klatch_feed::meetup::HiddenLine;
use klatch_feed::meetup::agenda::AgendaLine;
use klatch_feed::post::EventFields;
use klatch_feed::{EntryId, EventState, FeedId, Post};
use klatch_store::{DiskError, Snapshot, Titled, words};
use serde::{Deserialize, Serialize};

use super::{On, cancelled};
use crate::daemon::refusal::Refusal;
use crate::daemon::{Find, occurrence};
use crate::published::{is_public, marked};

/// Who hid something for everybody, and why.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct HiddenBy {
    pub feed: FeedId,
    pub name: String,
    pub reason: String,
}

/// What stands in the place of a title.
pub(crate) const TITLE: &str = "(hidden)";

/// That its group hides the event as a whole.
pub(crate) fn by_group(event: &EventState) -> Option<&HiddenLine> {
    event.hidden.iter().find(|line| line.entry == event.id)
}

/// The updates that are hidden, with what they said.
fn updates(snapshot: &Snapshot, event: &EventState) -> Result<Vec<(HiddenLine, EventFields)>, DiskError> {
    let mut found = Vec::new();
    for line in &event.hidden {
        let Some(entry) = snapshot.entry(&line.entry)? else { continue };
        let header = entry.header();
        // What is said of one date holds for no other.
        if let Some(Post::Update { fields, occ, .. }) = Post::read(header.kind, &header.refs, entry.body())
            && (occ.is_none() || occ == event.occ)
        {
            found.push((line.clone(), *fields));
        }
    }
    Ok(found)
}

/// The event without the words that are hidden.
pub(crate) fn veiled(snapshot: &Snapshot, mut event: EventState) -> Result<EventState, DiskError> {
    if event.hidden.is_empty() {
        return Ok(event);
    }
    if by_group(&event).is_none() {
        return without_updates(snapshot, event);
    }
    event.title = TITLE.to_owned();
    let EventState { place, access, online, about, cost, .. } = &mut event;
    [place, access, online, about, cost].into_iter().for_each(String::clear);
    event.tags.clear();
    event.questions.clear();
    event.geo = None;
    Ok(event)
}

/// ... without what hidden updates say: in its place stands what they changed.
fn without_updates(snapshot: &Snapshot, mut event: EventState) -> Result<EventState, DiskError> {
    let said = updates(snapshot, &event)?;
    let is = |of: &dyn Fn(&EventFields) -> bool| said.iter().any(|(_, fields)| of(fields));
    // All that stands in the entries is read only where some of it is shown.
    let is_shown = is(&|fields| fields.title.as_ref() == Some(&event.title))
        || is(&|fields| fields.place.as_ref() == Some(&event.place))
        || is(&|fields| fields.access.as_ref() == Some(&event.access))
        || is(&|fields| fields.online.as_ref() == Some(&event.online))
        || is(&|fields| fields.about.as_ref() == Some(&event.about))
        || is(&|fields| fields.cost.as_ref() == Some(&event.cost))
        || is(&|fields| fields.tags.as_ref() == Some(&event.tags))
        || is(&|fields| fields.geo.is_some() && fields.geo == event.geo)
        || is(&|fields| fields.questions.as_ref() == Some(&event.questions));
    if !is_shown {
        return Ok(event);
    }
    let facts = snapshot.facts(&event.id)?;
    let shown = facts.and_then(|facts| facts.shown(event.id, event.occ.as_deref())).unwrap_or_default();
    // Who hides words makes nothing public that hosts took back.
    let mut tags = shown.tags.unwrap_or_default();
    if !is_public(&event.tags) {
        tags = marked(tags, false);
    }
    // Nor do they send anybody at a new time to the place of an older one.
    let is_moved = is(&|fields| {
        fields.place.as_ref() == Some(&event.place) && (fields.start.is_some() || fields.zone.is_some())
    }) && shown.place.as_ref() != Some(&event.place);
    event.title = shown.title.unwrap_or_else(|| TITLE.to_owned());
    event.place = shown.place.unwrap_or_default();
    event.access = shown.access.unwrap_or_default();
    event.online = shown.online.unwrap_or_default();
    event.about = shown.about.unwrap_or_default();
    event.cost = shown.cost.unwrap_or_default();
    event.tags = tags;
    event.questions = shown.questions.unwrap_or_default();
    event.geo = shown.geo;
    if is_moved {
        event.place.clear();
        event.access.clear();
        event.geo = None;
    }
    Ok(event)
}

impl On<'_> {
    /// Who hid the event or words of it, and why.
    pub(super) fn hiding(&self, event: &EventState) -> Result<Vec<HiddenBy>, Refusal> {
        let updates = updates(self.snapshot, event)?.into_iter().map(|(line, _)| line);
        by_group(event).cloned().into_iter().chain(updates).map(|line| self.hidden_by(&line)).collect()
    }

    /// Why an event is cancelled, as a list says it; empty where it is not, or nothing is to be shown.
    fn cancelled_why(&self, event: &EntryId) -> Result<String, DiskError> {
        let Some(event) = self.snapshot.event(event)? else { return Ok(String::new()) };
        Ok(cancelled::in_short(&cancelled::reason(self.snapshot, &event)?))
    }

    /// The lines of a list without the words that are hidden. What was looked for and is found by such alone is left
    /// out.
    pub(super) fn veiled_lines(
        &self,
        lines: Vec<AgendaLine>,
        find: Option<&Find>,
    ) -> Result<Vec<AgendaLine>, Refusal> {
        let (mut shown, mut reasons) = (Vec::new(), BTreeMap::new());
        for mut line in lines {
            if line.cancelled {
                line.reason = match reasons.get(&line.id) {
                    Some(reason) => String::clone(reason),
                    None => reasons.entry(line.id).or_insert(self.cancelled_why(&line.id)?).clone(),
                };
            }
            if line.hidden {
                let Some(event) = self.snapshot.event(&line.id)? else { continue };
                let event =
                    veiled(self.snapshot, occurrence::at(self.snapshot, event, line.occ.as_deref())?)?;
                let is_found = match find {
                    None => true,
                    Some(Find::Near { .. }) => event.geo.is_some(),
                    Some(Find::Search { words }) => finds(&event, words),
                };
                if !is_found {
                    continue;
                }
                (line.title, line.place) = (event.title, event.place);
            }
            shown.push(line);
        }
        Ok(shown)
    }
}

/// What an event is called, without words that are hidden.
pub(crate) fn title(snapshot: &Snapshot, id: &EntryId, event: Titled) -> Result<String, DiskError> {
    let whole = if event.hidden { snapshot.event(id)? } else { None };
    Ok(whole.map(|whole| veiled(snapshot, whole)).transpose()?.map_or(event.title, |whole| whole.title))
}

/// Whether each of the words begins one of what is shown of an event.
fn finds(event: &EventState, asked: &str) -> bool {
    let shown: Vec<_> = event.tags.iter().chain([&event.title]).flat_map(|text| words(text)).collect();
    words(asked).all(|word| shown.iter().any(|shown| shown.starts_with(&word)))
}
