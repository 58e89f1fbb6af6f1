//! One occurrence of a series, as people name it and as it stands.

use klatch_feed::EventState;
use klatch_store::Snapshot;

use super::Refusal;
use crate::names;

/// The event, or the occurrence of it that `on` names.
pub(super) fn at(snapshot: &Snapshot, event: EventState, on: Option<&str>) -> Result<EventState, Refusal> {
    let Some(on) = on else { return Ok(event) };
    let occ = names::occurrence(&event, on)?;
    Ok(snapshot.occurrence(&event.id, &occ)?.unwrap_or_else(|| event.plain_occurrence(&occ)))
}
