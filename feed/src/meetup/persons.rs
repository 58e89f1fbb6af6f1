//! Persons who went on under another key: one log for the fold, the key of today for those who read the
//! result. Source: spec/meetup.md, "persons".

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::event::Event;
use super::group::Group;
use super::{AttendanceLine, EventState, Fact, Facts, GroupState, HiddenLine, RoleLine, SeatLine};
use crate::succession::Lineage;
use crate::{EntryId, FeedId, NetId, Post};

/// Facts by person, each at its place in the log of its author's whole line: what is folded.
///
/// What a succession leaves behind is as if it were above a cap.
pub struct Persons<'a> {
    pub(super) facts: Cow<'a, Facts>,
    pub(super) taken_back: BTreeSet<EntryId>,
}

impl Persons<'_> {
    /// Folds the group `id`; `None` while its founding entry is unknown or says nothing.
    pub fn group(&self, id: EntryId) -> Option<Group<'_>> {
        Group::fold(&self.facts, id, &self.taken_back)
    }

    /// Folds the event `id` and, of a series, each occurrence that something was said about, soonest first.
    /// `named` is the group that it names, folded from these facts or from others of the same log: what a group
    /// says is not looked for here.
    pub fn events(
        &self,
        net: &NetId,
        id: EntryId,
        named: Option<&Group<'_>>,
    ) -> Option<(EventState, Vec<EventState>)> {
        let (state, occurrences) = self.event(id, named)?.states(net)?;
        let now = |state| event_now(state, &self.facts.lineage);
        Some((now(state), occurrences.into_iter().map(now).collect()))
    }

    /// The group that the event `id` names.
    pub(super) fn group_of(&self, id: EntryId) -> Option<Group<'_>> {
        let Some(Post::Event { group, .. }) = self.facts.get(&id)?.post() else { return None };
        self.group(group?)
    }

    pub(super) fn event<'b>(&'b self, id: EntryId, named: Option<&'b Group<'b>>) -> Option<Event<'b>> {
        Event::gather(&self.facts, id, named, &self.taken_back)
    }
}

impl Facts {
    /// The facts as they are folded.
    pub fn persons(&self) -> Persons<'_> {
        let facts = self.by_person();
        let taken_back = facts.taken_back();
        Persons { facts, taken_back }
    }

    fn by_person(&self) -> Cow<'_, Self> {
        if self.lineage.is_empty() || !self.iter().any(|fact| self.lineage.has(&fact.author)) {
            return Cow::Borrowed(self); // Whom they name is looked up where it is read.
        }
        let mut facts = Self { lineage: self.lineage.clone(), ..Self::default() };
        for fact in self.iter() {
            let place = self.lineage.place(&fact.author, fact.seq);
            let is_kept = place.is_some();
            let (author, seq) = place.unwrap_or((self.lineage.first(&fact.author), fact.seq));
            if author.feed != fact.author.feed {
                facts.signers.insert(fact.id, fact.author.feed);
            }
            facts.insert(Fact { author, seq, quarantined: fact.quarantined || !is_kept, ..fact.clone() });
        }
        Cow::Owned(facts)
    }

    /// The key that signed an entry.
    pub(super) fn signer(&self, fact: &Fact) -> FeedId {
        self.signers.get(&fact.id).copied().unwrap_or(fact.author.feed)
    }
}

/// The state of a group with everybody under their key of today.
pub(super) fn group_now(mut state: GroupState, lineage: &Lineage) -> GroupState {
    if !lineage.is_empty() {
        state.founder = lineage.now(state.founder);
        roles_now(&mut state.roles, lineage);
        for feeds in [&mut state.members, &mut state.asking, &mut state.removed] {
            feeds_now(feeds, lineage);
        }
        for line in &mut state.silent {
            (line.subject, line.heir) = (lineage.now(line.subject), lineage.now(line.heir));
        }
        hidden_now(&mut state.hidden, lineage);
    }
    state
}

/// The state of an event with everybody under their key of today.
pub(super) fn event_now(mut state: EventState, lineage: &Lineage) -> EventState {
    if lineage.is_empty() {
        return state;
    }
    state.author = lineage.now(state.author);
    roles_now(&mut state.hosts, lineage);
    let by_feed = [&mut state.seated, &mut state.maybe, &mut state.released];
    for lines in by_feed {
        lines_now(lines, lineage);
        lines.sort_unstable_by_key(|line| line.feed);
    }
    for lines in [&mut state.waiting, &mut state.provisional, &mut state.unranked] {
        lines_now(lines, lineage);
    }
    feeds_now(&mut state.no, lineage);
    feeds_now(&mut state.here, lineage);
    state.closed.iter_mut().for_each(|feed| *feed = lineage.now(*feed));
    hidden_now(&mut state.hidden, lineage);
    for AttendanceLine { feed, doors, .. } in &mut state.attendance {
        *feed = lineage.now(*feed);
        feeds_now(doors, lineage);
    }
    state.attendance.sort_unstable_by_key(|line| line.feed);
    state
}

fn hidden_now(lines: &mut [HiddenLine], lineage: &Lineage) {
    lines.iter_mut().for_each(|line| line.by = lineage.now(line.by));
}

fn roles_now(lines: &mut [RoleLine], lineage: &Lineage) {
    lines.iter_mut().for_each(|line| line.feed = lineage.now(line.feed));
}

fn lines_now(lines: &mut [SeatLine], lineage: &Lineage) {
    for SeatLine { feed, by, .. } in lines {
        *feed = lineage.now(*feed);
        *by = by.map(|by| lineage.now(by));
    }
}

fn feeds_now(feeds: &mut [FeedId], lineage: &Lineage) {
    feeds.iter_mut().for_each(|feed| *feed = lineage.now(*feed));
    feeds.sort_unstable();
}
