//! What was changed of an event, entry by entry: for its hosts, who may hide one.

use std::cmp::Reverse;

use klatch_feed::post::{EventFields, kind};
use klatch_feed::{EntryId, FeedId, Post};
use serde::{Deserialize, Serialize};

use super::{HiddenBy, On, POINTING_MAX, Refusal, Response, hidden};
use crate::daemon::called;

/// So many of the newest are told, and all that are hidden.
const UPDATES_MAX: usize = 200;

/// One update of an event, whether it counts or not.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct UpdateLine {
    pub id: EntryId,
    pub feed: FeedId,
    pub name: String,
    pub time_ms: u64,
    /// The one date of a series that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occ: Option<String>,
    /// What it says; nothing where it is hidden, or the group hides the event.
    #[serde(default)]
    pub fields: Box<EventFields>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<HiddenBy>,
}

impl On<'_> {
    /// The updates of an event, newest first by their claimed times; those of the blocked too, since they count.
    pub(super) fn updates(&self, event: &str) -> Result<Response, Refusal> {
        let event = self.event_on(event, None)?;
        let lineage = self.snapshot.lineage()?;
        let mut lines = Vec::new();
        for (feed, seq) in self.snapshot.pointing_at(&event.id, &[kind::UPDATE], POINTING_MAX)? {
            let Some(entry) = self.snapshot.entries(&feed, seq, 1)?.pop() else { continue };
            let header = entry.header();
            let Some(Post::Update { event: about, fields, occ, .. }) =
                Post::read(header.kind, &header.refs, entry.body())
            else {
                continue;
            };
            if about != event.id {
                continue;
            }
            let (id, feed) = (entry.id(), lineage.now(header.author));
            let hidden = event.hidden.iter().find(|line| line.entry == id);
            let hidden = hidden.map(|line| self.hidden_by(line)).transpose()?;
            let is_shown = hidden.is_none() && hidden::by_group(&event).is_none();
            let fields = if is_shown { fields } else { Box::default() };
            let name = called(self.snapshot, &feed)?;
            lines.push(UpdateLine { id, feed, name, time_ms: header.time_ms, occ, fields, hidden });
        }
        lines.sort_by_key(|line| (Reverse(line.time_ms), line.id));
        let mut place = 0;
        lines.retain(|line| {
            place += 1;
            place <= UPDATES_MAX || line.hidden.is_some()
        });
        Ok(Response::Updates(lines))
    }
}
