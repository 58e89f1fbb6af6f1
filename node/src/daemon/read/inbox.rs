//! All that concerns this node's person now: what `klatch inbox` lists.

use std::collections::BTreeSet;

use klatch_feed::post::kind;
use klatch_feed::{EntryId, EventState};

use super::talk::{self, Place};
use super::{On, Refusal, Response, hidden};
use crate::clock;
use crate::daemon::inbox::Notice;
use crate::daemon::owner::{LOOK_BACK_MS, looked_at, of_group, told_ms};

/// Most comments that are listed, the newest.
const COMMENTS_MAX: usize = 50;
/// Own entries read at once.
const LOOK: usize = 512;

impl On<'_> {
    /// What is soonest comes first, then comments, the newest first.
    pub(super) fn inbox(&self) -> Result<Response, Refusal> {
        let (me, now_ms) = (self.shared.me, clock::now());
        let (mut notices, mut comments) = (Vec::new(), Vec::new());
        let mut commented = self.commented()?;
        for (last_ms, id) in self.snapshot.mine()? {
            let is_over = last_ms.is_some_and(|last| last.saturating_add(LOOK_BACK_MS) <= now_ms);
            if let Some(event) = self.talked_about(&id, is_over, &mut comments)? {
                notices.extend(looked_at(self.snapshot, event, self.shared, now_ms)?);
            }
            commented.remove(&id);
        }
        for id in &commented {
            self.talked_about(id, true, &mut comments)?;
        }
        for group in self.snapshot.groups()? {
            notices.extend(of_group(self.snapshot, &group, &me)?);
            if group.members.contains(&me) || commented.contains(&group.id) {
                let place =
                    Place { id: group.id, roles: &group.roles, attendance: &[], hidden: &group.hidden };
                let said = talk::pointing(self.snapshot, &group.id, kind::COMMENT)?;
                comments.extend(talk::notices(self.snapshot, &me, &place, &group.name, &said)?);
            }
        }
        notices.sort_by_key(|notice| (notice.start_ms.is_none(), notice.start_ms, notice.object));
        comments.sort_by_key(|(time_ms, notice)| (std::cmp::Reverse(*time_ms), notice.object));
        comments.truncate(COMMENTS_MAX);
        notices.extend(comments.into_iter().map(|(_, notice)| notice));
        let told = |notice: Notice| Ok(Notice { told_ms: told_ms(self.snapshot, &notice)?, ..notice });
        Ok(Response::Inbox(notices.into_iter().map(told).collect::<Result<_, Refusal>>()?))
    }

    /// Collects what is said to this person on an event, and answers with the event, without what is hidden. Of one
    /// that is over nothing is read where nobody says anything.
    fn talked_about(
        &self,
        id: &EntryId,
        is_over: bool,
        comments: &mut Vec<(u64, Notice)>,
    ) -> Result<Option<EventState>, Refusal> {
        let said = talk::pointing(self.snapshot, id, kind::COMMENT)?;
        if is_over && said.is_empty() {
            return Ok(None);
        }
        let Some(event) = self.snapshot.event(id)? else { return Ok(None) };
        let event = hidden::veiled(self.snapshot, event)?;
        let EventState { hosts, attendance, hidden, .. } = &event;
        let place = Place { id: *id, roles: hosts, attendance, hidden };
        comments.extend(talk::notices(self.snapshot, &self.shared.me, &place, &event.title, &said)?);
        Ok(Some(event).filter(|_| !is_over))
    }

    /// The events and groups on which I said something.
    fn commented(&self) -> Result<BTreeSet<EntryId>, Refusal> {
        let mut objects = BTreeSet::new();
        for feed in self.snapshot.lineage()?.line(self.shared.me) {
            let mut from = 1;
            loop {
                let entries = self.snapshot.entries(&feed, from, LOOK)?;
                let mine = entries.iter().filter(|entry| entry.header().kind == kind::COMMENT);
                objects.extend(mine.filter_map(|entry| entry.header().refs.first()));
                let Some(last) = entries.last() else { break };
                from = last.header().seq.saturating_add(1);
            }
        }
        Ok(objects)
    }
}
