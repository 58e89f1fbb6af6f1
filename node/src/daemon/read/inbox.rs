//! All that concerns this node's person now: what `klatch inbox` lists.
//!
//! Only what concerns them is read: their own events that are not over, what is announced on these and others of theirs,
//! the next events of their groups, and answers to their own comments, however much else there is.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use klatch_feed::post::kind;
use klatch_feed::{EntryId, EventState, FeedId, GroupState, Seq, Verified};

use super::talk::{self, Place};
use super::{On, POINTING_MAX, Refusal, Response, hidden};
use crate::clock;
use crate::daemon::inbox::Notice;
use crate::daemon::news;
use crate::daemon::owner::{LOOK_BACK_MS, as_told, looked_at, of_group};

/// Most comments that are listed, the newest.
const COMMENTS_MAX: usize = 50;
/// Most events of a group that are looked at for whether they are new, the soonest.
const NEW_MAX: usize = 64;
/// Own entries read at once.
const LOOK: usize = 512;

/// The own comments, as far as the own log was read for them.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Said {
    /// What is to be read next of each own key's log.
    next: BTreeMap<FeedId, Seq>,
    comments: Vec<EntryId>,
}

impl On<'_> {
    /// What is soonest comes first, then comments, the newest first.
    pub(super) fn inbox(&self) -> Result<Response, Refusal> {
        let (me, now_ms) = (self.shared.me, clock::now());
        let mut notices = Vec::new();
        // By object, so that each is read once: what is said there to this person.
        let mut said = self.answers()?;
        for (last_ms, id) in self.snapshot.mine()? {
            self.announced(&id, &mut said)?;
            let is_over = last_ms.is_some_and(|last| last.saturating_add(LOOK_BACK_MS) <= now_ms);
            if !is_over && let Some(event) = self.snapshot.event(&id)? {
                notices.extend(looked_at(self.snapshot, event, self.shared, now_ms)?);
            }
        }
        for group in self.snapshot.groups()? {
            notices.extend(of_group(self.snapshot, &group, &me)?);
            if group.members.contains(&me) {
                for entry in self.announced(&group.id, &mut said)? {
                    notices.extend(news::asked(self.snapshot, &me, &group, &entry, now_ms)?);
                }
                for line in self.snapshot.next_in(&group.id, Some(now_ms), NEW_MAX)?.lines {
                    if line.mine.is_none() && news::is_new(self.snapshot, &line.id, now_ms)? {
                        let event = self.snapshot.event(&line.id)?;
                        let new = event
                            .map(|event| news::scheduled(self.snapshot, &event, &me, now_ms))
                            .transpose()?;
                        notices.extend(new.flatten());
                    }
                }
            }
        }
        let mut comments = Vec::new();
        for (object, entries) in &said {
            comments.extend(self.heard(object, entries.values())?);
        }
        notices.sort_by_key(|notice| (notice.start_ms.is_none(), notice.start_ms, notice.object));
        comments.sort_by_key(|(time_ms, notice)| (std::cmp::Reverse(*time_ms), notice.object));
        comments.truncate(COMMENTS_MAX);
        notices.extend(comments.into_iter().map(|(_, notice)| notice));
        let mut listed = Vec::new();
        for notice in notices {
            let notice = as_told(self.snapshot, notice)?;
            if notice.what.is_listed(notice.told_ms, clock::now_ms()) {
                listed.push(notice);
            }
        }
        Ok(Response::Inbox(listed))
    }

    /// What these comments on an object tell, each with the time that it claims.
    fn heard<'e>(
        &self,
        object: &EntryId,
        entries: impl Iterator<Item = &'e Verified>,
    ) -> Result<Vec<(u64, Notice)>, Refusal> {
        let me = &self.shared.me;
        if let Some(event) = self.snapshot.event(object)? {
            let EventState { title, hosts, attendance, hidden, .. } = hidden::veiled(self.snapshot, event)?;
            let place = Place { id: *object, roles: &hosts, attendance: &attendance, hidden: &hidden };
            return talk::notices(self.snapshot, me, &place, &title, entries);
        }
        let Some(group) = self.snapshot.group(object)? else { return Ok(Vec::new()) };
        let GroupState { name, roles, hidden, .. } = group;
        let place = Place { id: *object, roles: &roles, attendance: &[], hidden: &hidden };
        talk::notices(self.snapshot, me, &place, &name, entries)
    }

    /// Takes in what is announced on an object; the polls among it.
    fn announced(&self, object: &EntryId, said: &mut Heard) -> Result<Vec<Verified>, Refusal> {
        let found = talk::read_unblocked(self.snapshot, self.snapshot.announced(object, POINTING_MAX)?)?;
        let (polls, comments): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|entry| entry.header().kind == kind::POLL);
        if !comments.is_empty() {
            said.entry(*object).or_default().extend(comments.into_iter().map(|entry| (entry.id(), entry)));
        }
        Ok(polls)
    }

    /// The answers to own comments.
    fn answers(&self) -> Result<Heard, Refusal> {
        let mut answers = Heard::new();
        let mut said = self.shared.said.lock().unwrap_or_else(PoisonError::into_inner);
        for feed in self.snapshot.lineage()?.line(self.shared.me) {
            let mut from = said.next.get(&feed).copied().unwrap_or(1);
            loop {
                let entries = self.snapshot.entries(&feed, from, LOOK)?;
                let mine = entries.iter().filter(|entry| entry.header().kind == kind::COMMENT);
                said.comments.extend(mine.map(|entry| entry.id()));
                let Some(last) = entries.last() else { break };
                from = last.header().seq.saturating_add(1);
            }
            said.next.insert(feed, from);
        }
        for comment in &said.comments {
            for entry in talk::pointing(self.snapshot, comment, kind::COMMENT)? {
                if let Some(object) = entry.header().refs.first().filter(|object| *object != comment) {
                    answers.entry(*object).or_default().insert(entry.id(), entry);
                }
            }
        }
        Ok(answers)
    }
}

/// Comments by object.
type Heard = BTreeMap<EntryId, BTreeMap<EntryId, Verified>>;
