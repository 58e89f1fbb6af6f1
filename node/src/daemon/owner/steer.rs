//! The steering of events that this node hosts: when it is looked at, and what is kept of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use klatch_feed::meetup::agenda::{standing, start_ms};
use klatch_feed::meetup::attendance;
use klatch_feed::{EntryId, EventState, FeedId, GroupState, Post};
use klatch_store::{Changes, DiskError, Snapshot};

use super::Owner;
use crate::clock;
use crate::daemon::inbox::{self, Look, Notice, What};
use crate::daemon::local::{self, Local, Spaces};
use crate::daemon::news;
use crate::daemon::read::{cancelled, hidden};
use crate::daemon::steering::{self, Around, Noted, Step};
use crate::daemon::{Admit, Shared, seats};

/// Occurrences of a series that are looked at: those that are not over, the soonest.
const OCCURRENCES_MAX: usize = 16;
/// ... of those that nothing tells from the series.
const PLAIN_MAX: usize = 2;
/// No event is longer, whatever the zone of an occurrence: spec/posts.md, "event", and two days.
pub(in crate::daemon) const LOOK_BACK_MS: i64 = 16 * 24 * 60 * 60 * 1000;

/// What is remembered of an event or occurrence.
#[derive(Clone, Copy)]
enum Kept {
    Drawn = 1,
    Released = 2,
}

impl Owner {
    /// Does what there is to do at events that changed. `changes.feeds` are in the order in which they came.
    pub(super) fn rank(&mut self, changes: &Changes) -> Result<Vec<Arc<Changes>>, DiskError> {
        let arrived: BTreeMap<_, _> =
            changes.feeds.iter().enumerate().map(|(at, (feed, _))| (*feed, at)).collect();
        let ranked = self.steer(&changes.objects, &arrived, clock::now())?;
        self.tell_said(changes)?;
        Ok(ranked)
    }

    /// Does what is due at `now_ms`; answers when something is next.
    pub(super) fn due(&mut self, now_ms: i64) -> Result<Option<i64>, DiskError> {
        if self.again.is_some_and(|at| at <= now_ms) {
            self.again = None;
            self.rank_all();
        }
        let due: Vec<_> = self.deadlines.iter().filter(|(_, at)| **at <= now_ms).map(|(id, _)| *id).collect();
        if !due.is_empty() {
            for changes in self.steer(&due, &BTreeMap::new(), now_ms)? {
                self.follow(&changes);
            }
        }
        Ok(self.next_deadline())
    }

    /// What is due and cannot be looked at comes with what is tried again.
    pub(super) fn put_off(&mut self, now_ms: i64) {
        self.deadlines.retain(|_, at| *at > now_ms);
        self.try_again();
    }

    /// When something is to be done without anything coming in.
    pub(super) fn next_deadline(&self) -> Option<i64> {
        self.deadlines.values().copied().chain(self.again).min()
    }

    /// Looks at events: gives and releases seats where that is this node's to do, and tells its person what is new.
    fn steer(
        &mut self,
        events: &[EntryId],
        arrived: &BTreeMap<FeedId, usize>,
        now_ms: i64,
    ) -> Result<Vec<Arc<Changes>>, DiskError> {
        let (first, own) = self.look(events, arrived, now_ms)?;
        // What that did to the node's own person is told at once. Nothing is left to rank: no RSVP is ranked twice.
        let then = if own.is_empty() { None } else { self.look(&own, arrived, now_ms)?.0 };
        Ok(first.into_iter().chain(then).collect())
    }

    /// One look at events. Answers with what it posted, and with the events where that may concern its own person.
    fn look(
        &mut self,
        events: &[EntryId],
        arrived: &BTreeMap<FeedId, usize>,
        now_ms: i64,
    ) -> Result<(Option<Arc<Changes>>, Vec<EntryId>), DiskError> {
        let is_paused = self.is_paused();
        let may_post = !is_paused && self.store.held().is_none() && self.options.admit == Admit::Auto;
        let (me, nobody) = (self.shared.me, BTreeMap::new());
        let is_manual = self.shared.admit == Admit::Manual;
        let snapshot = self.shared.reader.snapshot()?;
        let (mut posts, mut sets, mut no_shows, mut news) = (Vec::new(), Vec::new(), None, Vec::new());
        let (mut own, mut fresh) = (Vec::new(), BTreeSet::new());
        for id in events {
            self.deadlines.remove(id);
            let Some(event) = snapshot.event(id)? else {
                if let Some(group) = snapshot.group(id)? {
                    news.extend(of_group(&snapshot, &group, &me)?);
                }
                continue;
            };
            let (gives, concerns) = (seats::gives(&event, &me), inbox::concerns(&event, &me));
            news.extend(news::scheduled(&snapshot, &event, &me, now_ms)?);
            if !gives && !concerns {
                continue;
            }
            // Ranked once posting goes on.
            self.was_paused |= gives && is_paused;
            if gives && event.no_show_max > 0 && no_shows.is_none() {
                no_shows = Some(stayed_away(&snapshot, &me, now_ms)?);
            }
            let members = match event.group.filter(|_| event.in_group && gives) {
                Some(group) => snapshot.group(&group)?.map(|group| group.members).unwrap_or_default(),
                None => Vec::new(),
            };
            let members = members.into_iter().collect();
            let by = By { me, now_ms, no_shows: no_shows.as_ref().unwrap_or(&nobody), is_manual };
            let (states, mut next) = states(&snapshot, event, now_ms)?;
            for State { state, steered, special } in &states {
                let look = told_of(&snapshot, state, &by)?;
                next = next.into_iter().chain(look.next_ms).min();
                news.extend(of_its_own(look.notices, *special));
                if !gives || !may_post || !steered {
                    continue;
                }
                let around = Around {
                    me,
                    now_ms,
                    arrived,
                    members: &members,
                    no_shows: by.no_shows,
                    ranked: &self.ranked,
                };
                let noted = Noted {
                    drawn: noted(&snapshot, state, Kept::Drawn)?,
                    released: noted(&snapshot, state, Kept::Released)?,
                };
                let Step { posts: more, ranked, drawn, released, next_ms } =
                    steering::step(state, &around, &noted, &mut draw);
                sets.extend(drawn.map(|rsvps| note(state, Kept::Drawn, &rsvps)));
                sets.extend(released.map(|rsvps| note(state, Kept::Released, &rsvps)));
                if !more.is_empty() && standing(state, &me).is_some() && own.last() != Some(id) {
                    own.push(*id);
                }
                posts.extend(more);
                let ranked: Vec<_> = ranked.into_iter().map(|rsvp| (rsvp, state.occ.clone())).collect();
                self.ranked.extend(ranked.iter().cloned());
                fresh.extend(ranked);
                next = next.into_iter().chain(next_ms).min();
            }
            self.deadlines.extend(next.map(|at| (*id, at)));
        }
        if !sets.is_empty() {
            self.store_local(&sets)?;
        }
        let changes = self.say(&posts, "RSVPs wait: the node could not rank them");
        if changes.is_none() {
            self.ranked.retain(|rsvp| !fresh.contains(rsvp));
            own.clear();
        }
        self.tell(&snapshot, news)?;
        Ok((changes, own))
    }

    /// Posts what the node says by itself, and tells everybody: at once, since whoever is told of a later commit alone
    /// takes this one for known. `otherwise` is what it means that it could not, and tries again later.
    pub(super) fn say(&mut self, posts: &[Post], otherwise: &str) -> Option<Arc<Changes>> {
        if posts.is_empty() {
            return None;
        }
        match self.drafts(posts).and_then(|drafts| Ok(self.store.append(&self.shared.secret, drafts)?)) {
            Ok((entries, changes)) => {
                self.note_mine(&entries);
                let changes = Arc::new(changes);
                self.broadcast(Arc::clone(&changes));
                Some(changes)
            }
            Err(error) => {
                tracing::error!(%error, "{otherwise}");
                self.note_held(); // It may be why.
                self.try_again();
                None
            }
        }
    }
}

/// An event or an occurrence that is looked at by itself.
struct State {
    state: EventState,
    /// Whether a host's node has something to do there that it does not do for the series as a whole.
    steered: bool,
    /// Whether something was said about it, and not only about the series.
    special: bool,
}

/// What is looked at by itself: an event, or of a series the series and its next occurrences; and when others
/// come within reach.
fn states(
    snapshot: &Snapshot,
    event: EventState,
    now_ms: i64,
) -> Result<(Vec<State>, Option<i64>), DiskError> {
    if event.founded_start.is_none() {
        return Ok((vec![State { state: event, steered: true, special: true }], None));
    }
    // Where nothing tells occurrences apart, one line ranks an answer for all of them.
    let (is_plain, all_count) = (steering::is_plain(&event), event.confirm_by > 0);
    let (mut states, mut reach, mut plain) = (Vec::new(), None, 0);
    for name in event.occurrence_names() {
        let start = start_ms(&event.occurrence_start(&name), &event.zone);
        if start.is_some_and(|start| start.saturating_add(LOOK_BACK_MS) <= now_ms) {
            continue;
        }
        let special = event.occurrences.iter().any(|line| line.occ == name);
        let steered = !is_plain || special || all_count;
        plain += usize::from(!steered);
        if states.len() == OCCURRENCES_MAX || (!steered && plain > PLAIN_MAX) {
            reach = states.iter().filter_map(|State { state, .. }| steering::end_ms(state)).min();
            continue;
        }
        let state = if special { snapshot.occurrence(&event.id, &name)? } else { None };
        let state = state.unwrap_or_else(|| event.plain_occurrence(&name));
        if steering::end_ms(&state).is_some_and(|end| end <= now_ms) {
            plain -= usize::from(!steered);
            continue;
        }
        states.push(State { state, steered, special });
    }
    states.insert(0, State { state: event, steered: is_plain, special: true });
    Ok((states, reach))
}

/// What concerns this node's person of an event and, of a series, its next occurrences.
pub(in crate::daemon) fn looked_at(
    snapshot: &Snapshot,
    event: EventState,
    shared: &Shared,
    now_ms: i64,
) -> Result<Vec<Notice>, DiskError> {
    let (me, is_manual) = (shared.me, shared.admit == Admit::Manual);
    let no_shows = match event.no_show_max > 0 && seats::gives(&event, &me) {
        true => stayed_away(snapshot, &me, now_ms)?,
        false => BTreeMap::new(),
    };
    let by = By { me, now_ms, no_shows: &no_shows, is_manual };
    let (states, _) = states(snapshot, event, now_ms)?;
    let mut notices = Vec::new();
    for State { state, special, .. } in &states {
        notices.extend(of_its_own(told_of(snapshot, state, &by)?.notices, *special));
    }
    Ok(inbox::without_repeats(notices))
}

/// What concerns `me` of a group.
pub(in crate::daemon) fn of_group(
    snapshot: &Snapshot,
    group: &GroupState,
    me: &FeedId,
) -> Result<Vec<Notice>, DiskError> {
    inbox::of_group(group, me, |feed| local::called(snapshot, feed))
}

/// Whose notices are made, and when.
struct By<'a> {
    me: FeedId,
    now_ms: i64,
    no_shows: &'a BTreeMap<FeedId, u32>,
    is_manual: bool,
}

/// What there is to tell of an event or occurrence, without what is hidden of it.
fn told_of(snapshot: &Snapshot, state: &EventState, by: &By<'_>) -> Result<Look, DiskError> {
    let By { me, now_ms, no_shows, is_manual } = *by;
    let look = inbox::of_event(state, &me, now_ms);
    let (arrived, members, ranked) = Default::default();
    let around = Around { me, now_ms, arrived: &arrived, members: &members, no_shows, ranked: &ranked };
    let drawn = noted(snapshot, state, Kept::Drawn)?;
    let left = steering::by_hand(state, &around, drawn.as_deref(), is_manual);
    let hosts = hosting(snapshot, state, &me)?.filter(|_| !steering::is_over(state, now_ms));
    // Most looks find nothing, and what is hidden is looked up.
    if look.notices.is_empty() && left.is_empty() && hosts.is_none() {
        return Ok(look);
    }
    let shown = hidden::veiled(snapshot, state.clone())?;
    let mut look = inbox::of_event(&shown, &me, now_ms);
    for notice in look.notices.iter_mut().filter(|notice| notice.what == What::Cancelled) {
        notice.reason = cancelled::reason(snapshot, state)?;
    }
    look.notices.extend(inbox::to_seat(&shown, &left, |feed| local::called(snapshot, feed))?);
    look.notices.extend(hosts.map(|notice| Notice { title: shown.title.clone(), ..notice }));
    Ok(look)
}

/// That somebody made `me` a host of it.
fn hosting(snapshot: &Snapshot, state: &EventState, me: &FeedId) -> Result<Option<Notice>, DiskError> {
    // The group is read where there may be something to tell.
    if inbox::hosting(state, me, None).is_none() {
        return Ok(None);
    }
    let group = match state.group.filter(|_| state.in_group) {
        Some(group) => snapshot.group(&group)?,
        None => None,
    };
    let in_group = group.and_then(|group| inbox::role_in(&group.roles, me));
    Ok(inbox::hosting(state, me, in_group))
}

/// Of a date that nothing was said about, what does not hold for the series.
fn of_its_own(notices: Vec<Notice>, special: bool) -> Vec<Notice> {
    notices.into_iter().filter(|notice| special || notice.what.is_of_date()).collect()
}

/// How often each guest had a seat at an event of this node's that is over, and stayed away.
fn stayed_away(snapshot: &Snapshot, me: &FeedId, now_ms: i64) -> Result<BTreeMap<FeedId, u32>, DiskError> {
    let mut found = BTreeMap::new();
    let mut count = |event: &EventState| {
        if klatch_feed::meetup::agenda::hosts(event, me)
            && steering::end_ms(event).is_some_and(|end| end <= now_ms)
        {
            let away: BTreeSet<_> = attendance::no_shows(event).collect();
            away.into_iter().for_each(|feed| *found.entry(feed).or_default() += 1);
        }
    };
    for (_, id) in snapshot.mine()? {
        let Some(event) = snapshot.event(&id)? else { continue };
        if event.founded_start.is_none() {
            count(&event);
        }
        for line in &event.occurrences {
            snapshot.occurrence(&event.id, &line.occ)?.iter().for_each(&mut count);
        }
    }
    Ok(found)
}

fn key(event: &EventState, what: Kept) -> Vec<u8> {
    let occ = event.occ.as_deref().unwrap_or_default();
    [&event.id.as_bytes()[..], &[what as u8], occ.as_bytes()].concat()
}

fn noted(snapshot: &Snapshot, event: &EventState, what: Kept) -> Result<Option<Vec<EntryId>>, DiskError> {
    let held = snapshot.local(Spaces::STEERED, &key(event, what))?;
    Ok(held.map(|ids| ids.as_chunks::<32>().0.iter().map(|id| EntryId::new(*id)).collect()))
}

fn note(event: &EventState, what: Kept, rsvps: &[EntryId]) -> Local {
    let value = rsvps.iter().flat_map(|id| *id.as_bytes()).collect();
    Local { space: Spaces::STEERED, key: key(event, what), value: Some(value) }
}

/// A number below `below`. Of 2^64 a remainder is as good as even.
fn draw(below: usize) -> usize {
    usize::try_from(u64::from_be_bytes(clock::random()) % below.max(1) as u64).unwrap_or_default()
}
