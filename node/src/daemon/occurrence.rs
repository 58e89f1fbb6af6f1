//! One occurrence of a series, as people name it and as it stands.

use klatch_feed::EventState;
use klatch_store::Snapshot;

use super::{Refusal, Sentence, hidden};
use crate::names;

/// The event, or the occurrence of it that `on` names.
pub(crate) fn at(snapshot: &Snapshot, event: EventState, on: Option<&str>) -> Result<EventState, Refusal> {
    // Refusals tell its title.
    let event = hidden::veiled(snapshot, event)?;
    let Some(on) = on else { return Ok(event) };
    let occ = names::occurrence(&event, on)?;
    match snapshot.occurrence(&event.id, &occ)? {
        Some(state) => Ok(hidden::veiled(snapshot, state)?),
        None => Ok(event.plain_occurrence(&occ)),
    }
}

/// The event, or of a series the one occurrence that `on` names: people come to a date, not to a series.
pub(crate) fn one(snapshot: &Snapshot, event: EventState, on: Option<&str>) -> Result<EventState, Refusal> {
    let state = at(snapshot, event, on)?;
    if state.founded_start.is_some() && state.occ.is_none() {
        let problem = format!("{:?} repeats: say which date is meant, as 2026-12-10", state.title);
        let problem = Sentence::said("refused-which-date", &state.title, problem);
        return Err(Refusal::Field { field: "on".to_owned(), problem });
    }
    Ok(state)
}
