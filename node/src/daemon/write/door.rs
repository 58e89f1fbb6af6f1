//! What a door notes of somebody who came, and the guest's own word where there is no door. Source:
//! spec/door.md, "after the scan".

use klatch_feed::post::{StampKind, kind};
use klatch_feed::{EntryId, EventState, FeedId, Post};

use super::super::request::DoorNote;
use super::{On, Plan, Refusal, TARGETS_MAX, cancelled, created, no_effect, right, said};
use crate::daemon::{Response, occurrence};
use crate::door::may_countersign;
use crate::names;

/// Most entries about an event that are looked through for own check-ins.
const POINTING_MAX: usize = 100_000;

/// A check-in that this door wrote.
struct Own {
    id: EntryId,
    persons: Option<u32>,
    post: Post,
}

impl On<'_> {
    pub(super) fn at_door(
        &self,
        (event, on): (&str, Option<&str>),
        who: &str,
        what: DoorNote,
    ) -> Result<Plan, Refusal> {
        let event = occurrence::one(self.snapshot, self.event(event)?, on)?;
        if !may_countersign(&event, &self.me) {
            let mine = self.my_role(&event.id, &event.hosts)?;
            return Err(right(
                &event.title,
                mine,
                said("refused-right-door", "", "the door or a higher role"),
            ));
        }
        let guest = self.snapshot.lineage()?.now(names::person(self.snapshot, self.me, who)?);
        let Some(line) = event.attendance.iter().find(|line| line.feed == guest) else {
            return Err(no_effect(said(
                "refused-not-arrived",
                &self.called(&guest),
                format!("{who} has not arrived, as far as this node knows"),
            )));
        };
        match what {
            DoorNote::Late if line.late => Err(no_effect(said(
                "refused-late",
                &self.called(&guest),
                format!("{who} is down as late already"),
            ))),
            DoorNote::Left if line.left => Err(no_effect(said(
                "refused-left",
                &self.called(&guest),
                format!("{who} is down as gone already"),
            ))),
            DoorNote::Late => Ok(self.stamp(&event, guest, StampKind::Late)),
            DoorNote::Left => Ok(self.stamp(&event, guest, StampKind::Left)),
            DoorNote::Undo => self.undo(&event, guest, who),
            DoorNote::Persons(persons) => self.recount(&event, guest, who, persons),
        }
    }

    fn stamp(&self, event: &EventState, guest: FeedId, what: StampKind) -> Plan {
        Plan::post(Post::Stamp { event: event.id, guest, what, occ: event.occ.clone() })
    }

    fn undo(&self, event: &EventState, guest: FeedId, who: &str) -> Result<Plan, Refusal> {
        let own: Vec<_> = self.own_check_ins(event, guest)?.iter().map(|own| own.id).collect();
        if own.is_empty() {
            return Err(other_door(who));
        }
        Ok(Plan::posts(taken_back(&own), |entries| Response::Created(created(entries))))
    }

    /// The fold takes the most that a door counted: whoever counts fewer takes the earlier count back.
    fn recount(&self, event: &EventState, guest: FeedId, who: &str, persons: u32) -> Result<Plan, Refusal> {
        let own = self.own_check_ins(event, guest)?;
        let Some(last) = own.last() else { return Err(other_door(who)) };
        if own.iter().filter_map(|own| own.persons).max() == Some(persons) {
            return Err(no_effect(said(
                "refused-counted",
                &self.called(&guest),
                format!("{who} is counted as {persons} already"),
            )));
        }
        let Post::Checkin { event, guest, nonce, rsvp, signature, occ, .. } = last.post.clone() else {
            return Err(other_door(who));
        };
        let again = Post::Checkin { event, guest, nonce, rsvp, signature, persons: Some(persons), occ };
        let more = own.iter().filter(|own| own.persons.is_some_and(|counted| counted > persons));
        let mut posts = vec![again];
        posts.extend(taken_back(&more.map(|own| own.id).collect::<Vec<_>>()));
        Ok(Plan::posts(posts, |entries| Response::Created(created(entries))))
    }

    /// What this door wrote of the guest, under whichever of their keys, in the order of its log.
    fn own_check_ins(&self, event: &EventState, who: FeedId) -> Result<Vec<Own>, Refusal> {
        let lineage = self.snapshot.lineage()?;
        let mut own = Vec::new();
        let pointing = self.snapshot.pointing_at(&event.id, &[kind::CHECKIN], POINTING_MAX)?;
        for (feed, seq) in pointing.into_iter().filter(|(feed, _)| *feed == self.me) {
            let Some(entry) = self.snapshot.entries(&feed, seq, 1)?.pop() else { continue };
            let header = entry.header();
            if header.kind != kind::CHECKIN {
                continue;
            }
            match Post::read(header.kind, &header.refs, entry.body()) {
                Some(Post::Checkin { event: about, guest, nonce, rsvp, signature, persons, occ })
                    if lineage.now(guest) == who && occ == event.occ =>
                {
                    let post = Post::Checkin { event: about, guest, nonce, rsvp, signature, persons, occ };
                    own.push(Own { id: entry.id(), persons, post });
                }
                _ => {}
            }
        }
        Ok(own)
    }

    pub(super) fn here(&self, event: &str, on: Option<&str>) -> Result<Plan, Refusal> {
        let event = occurrence::one(self.snapshot, self.event(event)?, on)?;
        let title = &event.title;
        if event.cancelled {
            return Err(no_effect(cancelled(title)));
        }
        if event.attendance.iter().any(|line| line.feed == self.me) {
            return Err(no_effect(said(
                "refused-in",
                title,
                format!("a door of {title:?} has let you in already"),
            )));
        }
        if event.here.contains(&self.me) {
            return Err(no_effect(said(
                "refused-here",
                title,
                format!("you have said already that you are at {title:?}"),
            )));
        }
        Ok(Plan::post(Post::Here { event: event.id, occ: event.occ }))
    }
}

fn taken_back(ids: &[EntryId]) -> Vec<Post> {
    ids.chunks(TARGETS_MAX).map(|some| Post::Tombstone { targets: some.to_vec() }).collect()
}

fn other_door(who: &str) -> Refusal {
    let text = format!("{who} came in by another door: only that one can change what it wrote");
    no_effect(said("refused-other-door", "", text))
}
