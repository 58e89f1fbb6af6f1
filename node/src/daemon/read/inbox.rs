//! All that concerns this node's person now: what `klatch inbox` lists.
//!
//! Only what concerns them is read: their own events that are not over, what is announced on these and others of theirs
//! and in their groups, and answers to their own comments, however much else there is. Of what is announced the newest is
//! read, as far as it is listed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use klatch_feed::meetup::{AttendanceLine, HiddenLine, RoleLine};
use klatch_feed::post::kind;
use klatch_feed::{EntryId, EventState, FeedId, GroupState, Seq, Verified};
use klatch_store::Announced;

use super::talk::{self, Hearing, Place};
use super::{On, POINTING_MAX, Refusal, Response, hidden};
use crate::clock;
use crate::daemon::inbox::Notice;
use crate::daemon::news;
use crate::daemon::owner::{LOOK_BACK_MS, as_told, looked_at, of_group};

/// Most comments that are listed, the newest. Source: spec/meetup.md, "telling".
const COMMENTS_MAX: usize = 50;
/// ... and of open polls and of new events.
const ASKED_MAX: usize = 20;
/// Own entries read at once.
const LOOK: usize = 512;

/// The own comments, as far as the own log was read for them.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Said {
    /// What is to be read next of each own key's log.
    next: BTreeMap<FeedId, Seq>,
    comments: Vec<EntryId>,
}

/// Something that was said, on an object.
enum Word {
    Announced(Announced),
    Answer(EntryId, Box<Verified>),
}

/// An event or group, for what is said there.
struct About {
    title: String,
    roles: Vec<RoleLine>,
    attendance: Vec<AttendanceLine>,
    hidden: Vec<HiddenLine>,
}

impl Word {
    /// When it was said, as its author claims; of the same time what stands later in a log comes later.
    fn at(&self) -> (u64, Seq) {
        match self {
            Self::Announced(row) => (row.time_ms, row.seq()),
            Self::Answer(_, entry) => (entry.header().time_ms, entry.header().seq),
        }
    }
}

impl On<'_> {
    /// What is soonest comes first, then comments, the newest first.
    pub(super) fn inbox(&self) -> Result<Response, Refusal> {
        let (me, now_ms) = (self.shared.me, clock::now());
        let (mut notices, mut mine, mut groups) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (last_ms, id) in self.snapshot.mine()? {
            mine.push(id);
            let is_over = last_ms.is_some_and(|last| last.saturating_add(LOOK_BACK_MS) <= now_ms);
            if !is_over && let Some(event) = self.snapshot.event(&id)? {
                notices.extend(looked_at(self.snapshot, event, self.shared, now_ms)?);
            }
        }
        for group in self.snapshot.groups_naming(&me)? {
            notices.extend(of_group(self.snapshot, &group, &me)?);
            if group.members.contains(&me) {
                groups.insert(group.id, group);
            }
        }
        let is_new = |of, time_ms| of != kind::EVENT || news::is_new(time_ms, now_ms);
        let objects = mine.into_iter().chain(groups.keys().copied());
        let (mut said, mut events, mut polls) = (self.answers()?, Vec::new(), Vec::new());
        for row in self.snapshot.announced(objects, POINTING_MAX, is_new)? {
            let of_kind = match row.kind {
                kind::EVENT => &mut events,
                kind::POLL => &mut polls,
                _ => &mut said,
            };
            of_kind.push(Word::Announced(row));
        }
        notices.extend(self.newest(
            events,
            ASKED_MAX,
            |_, entry| match self.snapshot.event(&entry.id())? {
                Some(event) => Ok(news::unanswered(self.snapshot, &event, &me, now_ms)?),
                None => Ok(None),
            },
        )?);
        notices.extend(self.newest(polls, ASKED_MAX, |group, entry| {
            Ok(match groups.get(group) {
                Some(group) => news::asked(self.snapshot, &me, group, entry, now_ms)?,
                None => None, // Of an event there are no polls.
            })
        })?);
        notices.sort_by_key(|notice| (notice.start_ms.is_none(), notice.start_ms, notice.object));
        let (mut about, mut seen) = (BTreeMap::new(), BTreeSet::new());
        notices.extend(self.newest(said, COMMENTS_MAX, |object, entry| {
            // What is announced may answer as well.
            if !seen.insert(entry.id()) {
                return Ok(None);
            }
            let about = match about.get(object) {
                Some(about) => about,
                None => about.entry(*object).or_insert(self.about(object)?),
            };
            let Some(About { title, roles, attendance, hidden }) = about else { return Ok(None) };
            let place = Place { id: *object, roles, attendance, hidden };
            Ok(talk::notice(self.snapshot, &me, &place, title, entry)?)
        })?);
        let mut listed = Vec::new();
        for notice in notices {
            let notice = as_told(self.snapshot, notice)?;
            if notice.what.is_listed(notice.told_ms, clock::now_ms()) {
                listed.push(notice);
            }
        }
        Ok(Response::Inbox(listed))
    }

    /// What the newest of these tell, at most `max`.
    fn newest(
        &self,
        mut words: Vec<Word>,
        max: usize,
        mut tells: impl FnMut(&EntryId, &Verified) -> Result<Option<Notice>, Refusal>,
    ) -> Result<Vec<Notice>, Refusal> {
        words.sort_by_key(|word| Reverse(word.at()));
        let (mut told, mut hearing) = (Vec::new(), Hearing::default());
        for word in words {
            if told.len() == max {
                break;
            }
            let (object, entry) = match word {
                Word::Announced(row) => (row.object, self.snapshot.read(&row)?),
                Word::Answer(object, entry) => (object, *entry),
            };
            if hearing.hears(self.snapshot, &entry.header().author)? {
                told.extend(tells(&object, &entry)?);
            }
        }
        Ok(told)
    }

    fn about(&self, object: &EntryId) -> Result<Option<About>, Refusal> {
        if let Some(event) = self.snapshot.event(object)? {
            let EventState { title, hosts, attendance, hidden, .. } = hidden::veiled(self.snapshot, event)?;
            return Ok(Some(About { title, roles: hosts, attendance, hidden }));
        }
        let Some(group) = self.snapshot.group(object)? else { return Ok(None) };
        let GroupState { name, roles, hidden, .. } = group;
        Ok(Some(About { title: name, roles, attendance: Vec::new(), hidden }))
    }

    /// The answers to own comments.
    fn answers(&self) -> Result<Vec<Word>, Refusal> {
        let mut answers = Vec::new();
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
                let object = entry.header().refs.first().copied();
                if let Some(object) = object.filter(|object| object != comment) {
                    answers.push(Word::Answer(object, Box::new(entry)));
                }
            }
        }
        Ok(answers)
    }
}
