//! A group: who has a role, who is a member, which events count. Source: spec/meetup.md, "groups".

use std::collections::{BTreeMap, BTreeSet};

use super::about::About;
use super::roles::{Roles, Seniority};
use super::{Fact, Facts, GroupState, Person, Role, Schedulers};
use crate::{EntryId, FeedId, Post, Seq};

pub(super) struct Group<'a> {
    id: EntryId,
    founder: FeedId,
    name: String,
    schedulers: Schedulers,
    about: About<'a>,
    pub(super) roles: Roles,
    /// Joins and leaves in the order of each log.
    joins: BTreeMap<Person, Vec<(Seq, bool)>>,
}

impl<'a> Group<'a> {
    /// `None` if the founding entry is not held or says nothing. It counts even in quarantine: its id is
    /// its content, so a founder who forks cannot take the group along.
    pub(super) fn fold(facts: &'a Facts, id: EntryId, taken_back: &BTreeSet<EntryId>) -> Option<Self> {
        let founding = facts.get(&id)?;
        let Some(Post::Group { name, owners, schedulers }) = founding.post() else { return None };
        let about = About::gather(facts, id, taken_back);
        let mut roots = vec![(founding.author, Role::Owner, Seniority::root(0, Role::Owner, 0, 0))];
        roots.extend((0..).zip(owners).map(|(place, p)| {
            (facts.lineage.first(&p), Role::Owner, Seniority::root(1, Role::Owner, 1, place))
        }));
        let roles = Roles::resolve(roots, BTreeMap::new(), 1, &about);
        let mut joins = BTreeMap::<_, Vec<_>>::new();
        for said in about.iter() {
            let is_in = match said.post {
                Some(Post::Join { .. }) => true,
                Some(Post::Leave { .. }) => false,
                _ => continue,
            };
            joins.entry(*said.author()).or_default().push((said.fact.seq, is_in));
        }
        Some(Self { id, founder: founding.author.feed, name, schedulers, about, roles, joins })
    }

    /// Whether the event that `founding` founds, which names this group, counts in it.
    pub(super) fn schedules(&self, founding: &Fact) -> bool {
        let Fact { author, seq, quarantined, .. } = founding;
        let has_right = match self.schedulers {
            Schedulers::Organizers => self.roles.rank(author, *seq, Role::Organizer).is_some(),
            Schedulers::Members => self.is_member_at(author, *seq),
        };
        has_right && !quarantined
    }

    /// Whether `person` was a member when they wrote entry `seq`: a role they hold, or the last of their
    /// joins and leaves before it was a join. After a cut nobody is.
    fn is_member_at(&self, person: &Person, seq: Seq) -> bool {
        if self.roles.cuts.get(person).is_some_and(|cut| seq > *cut) {
            return false;
        }
        let joins = self.joins.get(person).map_or(&[][..], Vec::as_slice);
        let joined = joins.iter().take_while(|(at, _)| *at < seq).last().is_some_and(|(_, is_in)| *is_in);
        joined || self.roles.rank_of(person).is_some()
    }

    fn members(&self) -> BTreeSet<FeedId> {
        let people = self.joins.keys().chain(self.roles.principals.iter().map(|p| &p.person));
        let now =
            |person: &&Person| !self.roles.cuts.contains_key(person) && self.is_member_at(person, Seq::MAX);
        people.filter(now).map(|person| person.feed).collect()
    }

    pub(super) fn state(&self, facts: &Facts) -> GroupState {
        let events = facts.iter().filter(|fact| {
            fact.refs.first() == Some(&self.id)
                && matches!(fact.post(), Some(Post::Event { .. }))
                && self.schedules(fact)
        });
        GroupState {
            id: self.id,
            founder: self.founder,
            name: self.name.clone(),
            schedulers: self.schedulers,
            roles: self.roles.lines(|_| None),
            members: self.members().into_iter().collect(),
            events: events.map(|fact| fact.id).collect(),
            incomplete: self.about.iter().any(|said| said.fact.kind.is_control() && said.is_missing()),
        }
    }
}
