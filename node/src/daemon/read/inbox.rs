//! All that concerns this node's person now: what `klatch inbox` lists.

use std::collections::BTreeSet;

use klatch_feed::EntryId;
use klatch_feed::post::kind;

use super::talk::{self, Place};
use super::{On, Refusal, Response, hidden};
use crate::clock;
use crate::daemon::inbox::{self, Notice};
use crate::daemon::owner::{looked_at, told_ms};

/// Most comments that are listed, the newest.
const COMMENTS_MAX: usize = 50;
/// Own entries read at once.
const LOOK: usize = 512;

impl On<'_> {
    /// What is soonest comes first, then comments, the newest first.
    pub(super) fn inbox(&self) -> Result<Response, Refusal> {
        let (me, now_ms) = (self.shared.me, clock::now());
        let commented = self.commented()?;
        let (mut notices, mut comments) = (Vec::new(), Vec::new());
        for event in self.snapshot.events()? {
            // Only what concerns this person is looked at closely.
            let concerns = inbox::concerns(&event, &me);
            if concerns || commented.contains(&event.id) {
                let place = Place {
                    id: event.id,
                    roles: &event.hosts,
                    attendance: &event.attendance,
                    hidden: &event.hidden,
                };
                let title = hidden::veiled(self.snapshot, event.clone())?.title;
                comments.extend(talk::notices(self.snapshot, &me, &place, &title)?);
            }
            if concerns {
                let event = hidden::veiled(self.snapshot, event)?;
                notices.extend(looked_at(self.snapshot, event, &me, now_ms)?);
            }
        }
        for group in self.snapshot.groups()? {
            if group.members.contains(&me) || commented.contains(&group.id) {
                let place =
                    Place { id: group.id, roles: &group.roles, attendance: &[], hidden: &group.hidden };
                comments.extend(talk::notices(self.snapshot, &me, &place, &group.name)?);
            }
        }
        notices.sort_by_key(|notice| (notice.start_ms.is_none(), notice.start_ms, notice.object));
        comments.sort_by_key(|(time_ms, notice)| (std::cmp::Reverse(*time_ms), notice.object));
        comments.truncate(COMMENTS_MAX);
        notices.extend(comments.into_iter().map(|(_, notice)| notice));
        let told = |notice: Notice| Ok(Notice { told_ms: told_ms(self.snapshot, &notice)?, ..notice });
        Ok(Response::Inbox(notices.into_iter().map(told).collect::<Result<_, Refusal>>()?))
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
