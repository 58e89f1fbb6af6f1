//! What this node's person was told, so that each thing is told once, also after a restart.

use klatch_feed::post::kind;
use klatch_feed::{EntryId, EventState, FeedId, GroupState, Kind, Seq, Verified};
use klatch_store::{Changes, DiskError, Snapshot};
use serde::{Deserialize, Serialize};

use super::Owner;
use crate::clock;
use crate::daemon::inbox::{self, News, Notice, What};
use crate::daemon::local::{Local, Spaces};
use crate::daemon::news;
use crate::daemon::read::hidden;
use crate::daemon::read::talk::{self, Place};

/// After so long it is forgotten what was told: longer than any deadline lies before its event (spec/posts.md).
const FORGOTTEN_AFTER_MS: u64 = 400 * 24 * 60 * 60 * 1000;

/// Entries of a feed that are looked through for comments, from the first that came with a commit.
const LOOK: usize = 256;

/// What was told last.
#[derive(Deserialize, Serialize)]
struct Told {
    told_ms: u64,
    what: What,
}

impl Owner {
    /// Tells what was not told before. It is noted first: who is told twice stops reading.
    pub(super) fn tell(&mut self, snapshot: &Snapshot, notices: Vec<Notice>) -> Result<(), DiskError> {
        let told_ms = clock::now_ms();
        let (mut sets, mut news) = (Vec::new(), Vec::new());
        for notice in inbox::without_repeats(notices) {
            let before = told(snapshot, &notice)?;
            let what = inbox::after(before.as_ref().map(|told| &told.what), notice.what.clone());
            let notice = Notice { what, ..notice };
            let verdict = inbox::news(before.as_ref().map(|told| &told.what), &notice.what);
            if verdict == News::Known {
                continue;
            }
            let before_ms = before.map(|told| told.told_ms).filter(|_| verdict == News::Note);
            let value = Told { told_ms: before_ms.unwrap_or(told_ms), what: notice.what.clone() };
            let value = Some(serde_json::to_vec(&value).expect("a notice is JSON"));
            sets.push(Local { space: Spaces::TOLD, key: key(&notice), value });
            if verdict == News::Tell {
                news.push(Notice { told_ms: Some(told_ms), ..notice });
            }
        }
        if sets.is_empty() {
            return Ok(());
        }
        self.store_local(&sets)?;
        for notice in news {
            let _ = self.shared.notices.send(notice); // Nobody may be listening.
        }
        Ok(())
    }

    /// Tells what others said on events, groups and polls that own entries are about, and asked in groups that this
    /// node's person is in.
    pub(super) fn tell_said(&mut self, changes: &Changes) -> Result<(), DiskError> {
        let me = self.shared.me;
        let wants = self.shared.wants.borrow().clone();
        let here =
            |(object, _): &&(EntryId, Seq)| self.mine.contains(object) || wants.objects.contains(object);
        let (mut snapshot, mut notices) = (None, Vec::new());
        for (feed, refs) in &changes.feeds {
            for (object, from) in refs.iter().filter(here).filter(|_| *feed != me) {
                let snapshot = match &mut snapshot {
                    Some(snapshot) => snapshot,
                    None => snapshot.insert(self.shared.reader.snapshot()?),
                };
                let entries = snapshot.entries(feed, *from, LOOK)?;
                let is_said = |of: Kind| match of {
                    kind::COMMENT | kind::SETTLED => self.mine.contains(object),
                    of => of == kind::POLL,
                };
                let said = entries.iter().filter(|entry| is_said(entry.header().kind));
                let said: Vec<_> = said.filter(|entry| entry.header().refs.first() == Some(object)).collect();
                if !said.is_empty() && talk::is_heard(snapshot, feed)? {
                    notices.extend(heard(snapshot, &me, object, &said)?);
                    notices.extend(news::said(snapshot, &me, &said, clock::now())?);
                }
            }
        }
        match snapshot {
            Some(snapshot) if !notices.is_empty() => self.tell(&snapshot, notices),
            _ => Ok(()),
        }
    }

    /// Forgets what was told long ago.
    pub(super) fn forget_told(&mut self, snapshot: &Snapshot) -> Result<(), DiskError> {
        let now_ms = clock::now_ms();
        let is_old = |value: &[u8]| match serde_json::from_slice::<Told>(value) {
            Ok(told) => !told.what.is_lasting() && told.told_ms.saturating_add(FORGOTTEN_AFTER_MS) < now_ms,
            Err(_) => true,
        };
        let rows = snapshot.locals(Spaces::TOLD)?.into_iter().filter(|(_, value)| is_old(value));
        let sets: Vec<_> = rows.map(|(key, _)| Local { space: Spaces::TOLD, key, value: None }).collect();
        if sets.is_empty() { Ok(()) } else { self.store_local(&sets) }
    }
}

/// What those comments on an object tell `me`.
fn heard(
    snapshot: &Snapshot,
    me: &FeedId,
    object: &EntryId,
    said: &[&Verified],
) -> Result<Vec<Notice>, DiskError> {
    let veiled = |event| hidden::veiled(snapshot, event);
    let (event, group) = (snapshot.event(object)?.map(veiled).transpose()?, snapshot.group(object)?);
    let (place, title) = match (&event, &group) {
        (Some(event), _) => {
            let EventState { id, hosts, attendance, hidden, title, .. } = event;
            (Place { id: *id, roles: hosts, attendance, hidden }, title)
        }
        (None, Some(group)) => {
            let GroupState { id, roles, hidden, name, .. } = group;
            (Place { id: *id, roles, attendance: &[], hidden }, name)
        }
        (None, None) => return Ok(Vec::new()),
    };
    let mut notices = Vec::new();
    for entry in said {
        notices.extend(talk::notice(snapshot, me, &place, title, entry)?);
    }
    Ok(notices)
}

/// The notice, with when the running node told that, if it did.
pub(in crate::daemon) fn as_told(snapshot: &Snapshot, notice: Notice) -> Result<Notice, DiskError> {
    let told = told(snapshot, &notice)?;
    let what = inbox::after(told.as_ref().map(|told| &told.what), notice.what.clone());
    let told_ms = told.filter(|told| told.what == what).map(|told| told.told_ms);
    Ok(Notice { what, told_ms, ..notice })
}

fn told(snapshot: &Snapshot, notice: &Notice) -> Result<Option<Told>, DiskError> {
    let value = snapshot.local(Spaces::TOLD, &key(notice))?;
    Ok(value.and_then(|value| serde_json::from_slice(&value).ok()))
}

/// The object, what kind of notice, and the occurrence, the comment, the poll or who is to go on.
fn key(notice: &Notice) -> Vec<u8> {
    let occ = notice.occ.as_deref().unwrap_or_default();
    let about = notice.what.about().map(|id| &id[..]).unwrap_or_default();
    [&notice.object.as_bytes()[..], &[notice.what.code()], occ.as_bytes(), about].concat()
}
