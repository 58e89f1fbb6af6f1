//! The steering of events that this node hosts: when it is looked at, and what is kept of it.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::meetup::attendance;
use klatch_feed::{EntryId, EventState, FeedId, Post};
use klatch_store::{Changes, DiskError, Snapshot};

use super::Owner;
use crate::clock;
use crate::daemon::local::{Local, Spaces};
use crate::daemon::steering::{self, Around, Noted, Step};
use crate::daemon::{Admit, seats};

/// Occurrences of a series that are looked at: those that are not over, the soonest.
const OCCURRENCES_MAX: usize = 16;

/// What is remembered of an event or occurrence.
#[derive(Clone, Copy)]
enum What {
    Drawn = 1,
    Released = 2,
}

impl Owner {
    /// Does what there is to do at events that changed. `changes.feeds` are in the order in which they came.
    pub(super) fn rank(&mut self, changes: &Changes) -> Result<Option<Changes>, DiskError> {
        let arrived: BTreeMap<_, _> =
            changes.feeds.iter().enumerate().map(|(at, (feed, _))| (*feed, at)).collect();
        self.steer(&changes.objects, &arrived, clock::now())
    }

    /// Does what is due at `now_ms`; answers when something is next.
    pub(super) fn due(&mut self, now_ms: i64) -> Result<Option<i64>, DiskError> {
        let due: Vec<_> = self.deadlines.iter().filter(|(_, at)| **at <= now_ms).map(|(id, _)| *id).collect();
        if !due.is_empty()
            && let Some(changes) = self.steer(&due, &BTreeMap::new(), now_ms)?
        {
            self.committed(changes)?;
        }
        Ok(self.next_deadline())
    }

    /// When something is to be done without anything coming in.
    pub(super) fn next_deadline(&self) -> Option<i64> {
        self.deadlines.values().min().copied()
    }

    fn steer(
        &mut self,
        events: &[EntryId],
        arrived: &BTreeMap<FeedId, usize>,
        now_ms: i64,
    ) -> Result<Option<Changes>, DiskError> {
        if self.options.admit == Admit::Manual {
            return Ok(None);
        }
        if self.is_paused() || self.store.held().is_some() {
            self.was_paused |= self.is_paused(); // Ranked once posting goes on.
            return Ok(None);
        }
        let snapshot = self.shared.reader.snapshot()?;
        let (mut posts, mut sets, mut no_shows) = (Vec::new(), Vec::new(), None);
        for id in events {
            self.deadlines.remove(id);
            let Some(event) = snapshot.event(id)? else { continue };
            if !seats::gives(&event, &self.shared.me) {
                continue;
            }
            if event.no_show_max > 0 && no_shows.is_none() {
                no_shows = Some(stayed_away(&snapshot, &self.shared.me, now_ms)?);
            }
            let members = match event.group.filter(|_| event.in_group) {
                Some(group) => snapshot.group(&group)?.map(|group| group.members).unwrap_or_default(),
                None => Vec::new(),
            };
            let members = members.into_iter().collect();
            let (states, mut next) = states(&snapshot, event, now_ms)?;
            for state in &states {
                let around = Around {
                    me: self.shared.me,
                    now_ms,
                    arrived,
                    members: &members,
                    no_shows: no_shows.as_ref().unwrap_or(&BTreeMap::new()),
                    ranked: &self.ranked,
                };
                let noted = Noted {
                    drawn: noted(&snapshot, state, What::Drawn)?,
                    released: noted(&snapshot, state, What::Released)?,
                };
                let Step { posts: more, ranked, drawn, released, next_ms } =
                    steering::step(state, &around, &noted, &mut draw);
                sets.extend(drawn.map(|rsvps| note(state, What::Drawn, &rsvps)));
                sets.extend(released.map(|rsvps| note(state, What::Released, &rsvps)));
                posts.extend(more);
                self.ranked.extend(ranked.into_iter().map(|rsvp| (rsvp, state.occ.clone())));
                next = next.into_iter().chain(next_ms).min();
            }
            self.deadlines.extend(next.map(|at| (*id, at)));
        }
        if !sets.is_empty() {
            self.set_local(&sets)?;
        }
        self.say(&posts, "RSVPs wait: the node could not rank them")
    }

    /// Posts what the node says by itself; `otherwise` is what it means that it could not.
    pub(super) fn say(&mut self, posts: &[Post], otherwise: &str) -> Result<Option<Changes>, DiskError> {
        if posts.is_empty() {
            return Ok(None);
        }
        match self.drafts(posts).and_then(|drafts| Ok(self.store.append(&self.shared.secret, drafts)?)) {
            Ok((entries, changes)) => {
                self.note_mine(&entries);
                Ok(Some(changes))
            }
            Err(error) => {
                tracing::error!(%error, "{otherwise}");
                Ok(None)
            }
        }
    }
}

/// What is steered by itself: an event, or of a series the series and its next occurrences, as far as they
/// need it; and when others come within reach.
fn states(
    snapshot: &Snapshot,
    event: EventState,
    now_ms: i64,
) -> Result<(Vec<EventState>, Option<i64>), DiskError> {
    if event.founded_start.is_none() {
        return Ok((vec![event], None));
    }
    let (id, is_plain) = (event.id, steering::is_plain(&event));
    // Where nothing tells occurrences apart, only those count of which something was said.
    let needs_all = !is_plain || event.confirm_by > 0;
    let names = match needs_all {
        true => event.occurrence_names(),
        false => event.occurrences.iter().map(|line| line.occ.clone()).collect(),
    };
    let (mut states, mut reach) = (Vec::new(), None);
    for name in names {
        let Some(state) = snapshot.occurrence(&id, &name)? else { continue };
        let end = steering::end_ms(&state);
        if end.is_some_and(|end| end <= now_ms) {
            continue;
        }
        if states.len() == OCCURRENCES_MAX {
            reach = states.iter().filter_map(steering::end_ms).min();
            break;
        }
        states.push(state);
    }
    if is_plain {
        states.insert(0, event);
    }
    Ok((states, reach))
}

/// How often each guest had a seat at an event of this node's that is over, and stayed away.
fn stayed_away(snapshot: &Snapshot, me: &FeedId, now_ms: i64) -> Result<BTreeMap<FeedId, u32>, DiskError> {
    let mut found = BTreeMap::new();
    let mut count = |event: &EventState| {
        let is_mine =
            event.hosts.iter().any(|line| line.feed == *me && line.role <= klatch_feed::post::Role::Host);
        if is_mine && steering::end_ms(event).is_some_and(|end| end <= now_ms) {
            let away: BTreeSet<_> = attendance::no_shows(event).collect();
            away.into_iter().for_each(|feed| *found.entry(feed).or_default() += 1);
        }
    };
    for event in snapshot.events()? {
        if event.founded_start.is_none() {
            count(&event);
        }
        for line in &event.occurrences {
            snapshot.occurrence(&event.id, &line.occ)?.iter().for_each(&mut count);
        }
    }
    Ok(found)
}

fn key(event: &EventState, what: What) -> Vec<u8> {
    let occ = event.occ.as_deref().unwrap_or_default();
    [&event.id.as_bytes()[..], &[what as u8], occ.as_bytes()].concat()
}

fn noted(snapshot: &Snapshot, event: &EventState, what: What) -> Result<Option<Vec<EntryId>>, DiskError> {
    let held = snapshot.local(Spaces::STEERED, &key(event, what))?;
    Ok(held.map(|ids| ids.as_chunks::<32>().0.iter().map(|id| EntryId::new(*id)).collect()))
}

fn note(event: &EventState, what: What, rsvps: &[EntryId]) -> Local {
    let value = rsvps.iter().flat_map(|id| *id.as_bytes()).collect();
    Local { space: Spaces::STEERED, key: key(event, what), value: Some(value) }
}

/// A number below `below`. Of 2^64 a remainder is as good as even.
fn draw(below: usize) -> usize {
    usize::try_from(u64::from_be_bytes(clock::random()) % below.max(1) as u64).unwrap_or_default()
}
