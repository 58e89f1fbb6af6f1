//! A group: who has a role, who is a member, which events count. Source: spec/meetup.md, "groups".

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::about::About;
use super::hide::{self, Hidden};
use super::persons;
use super::roles::{self, Roles, Roots, Seniority, Silenced};
use super::{Fact, Facts, GroupState, HiddenLine, Person, Role, Schedulers, SilentLine};
use crate::post::{Joining, Silence, kind};
use crate::{EntryId, FeedId, Post, Seq};

/// A group, folded: what its own state and that of each of its events is made from.
pub struct Group<'a> {
    pub(super) id: EntryId,
    facts: &'a Facts,
    founder: FeedId,
    name: String,
    schedulers: Schedulers,
    joining: Joining,
    silence: Option<Silence>,
    about: About<'a>,
    pub(super) roles: Roles<'static>,
    /// Joins and leaves in the order of each log.
    joins: BTreeMap<Person, Vec<(Seq, bool)>>,
    silent: Vec<SilentLine>,
    hidden: Hidden,
}

impl<'a> Group<'a> {
    /// `None` if the founding entry is not held or says nothing. It counts even in quarantine: its id is
    /// its content, so a founder who forks cannot take the group along.
    pub(super) fn fold(facts: &'a Facts, id: EntryId, taken_back: &BTreeSet<EntryId>) -> Option<Self> {
        let founding = facts.get(&id)?;
        let Some(Post::Group { name, owners, schedulers, joining, silence }) = founding.post() else {
            return None;
        };
        let about = About::gather(facts, id, taken_back);
        let mut people = vec![(founding.author, Role::Owner, Seniority::root(0, Role::Owner, 0, 0))];
        people.extend((0..).zip(owners).map(|(place, p)| {
            (facts.lineage.first(&p), Role::Owner, Seniority::root(1, Role::Owner, 1, place))
        }));
        let roots = |silenced| Roots { people: people.clone(), tier: 1, silenced, above: None };
        let roles = Roles::resolve(roots(vec![]), &about);
        let mut joins = BTreeMap::<_, Vec<_>>::new();
        for said in about.iter() {
            let is_in = match about.post(said) {
                Some(Post::Join { .. }) => true,
                Some(Post::Leave { .. }) => false,
                _ => continue,
            };
            joins.entry(*said.author()).or_default().push((said.fact.seq, is_in));
        }
        let founder = founding.author.feed;
        let (silent, hidden) = Default::default();
        let mut group = Self {
            id,
            facts,
            founder,
            name,
            schedulers,
            joining,
            silence,
            about,
            roles,
            joins,
            silent,
            hidden,
        };
        // Who may speak of silence is judged by the roles as they are without it: so it is a function of the set.
        let (silent, silenced) = group.silenced();
        group.silent = silent;
        if !silenced.is_empty() {
            group.roles = Roles::resolve(roots(silenced), &group.about);
        }
        group.hidden = hide::hidden(&group.about, &group.roles, Role::Organizer);
        Some(group)
    }

    /// That it hides the event, if it does.
    pub(super) fn hides(&self, event: &EntryId) -> Option<HiddenLine> {
        self.hidden.lines.iter().find(|line| line.entry == *event).cloned()
    }

    /// Whether the event that `founding` founds, which names this group, counts in it.
    pub(super) fn schedules(&self, founding: &Fact) -> bool {
        let Fact { id, author, seq, quarantined, .. } = founding;
        let has_right = match self.schedulers {
            Schedulers::Organizers => self.roles.right(founding, Role::Organizer).is_some(),
            Schedulers::Members => self.is_member_at(author, *seq) && self.roles.counts(author, *seq, id),
        };
        has_right && !quarantined
    }

    /// Whether `person` was a member when they wrote entry `seq`: a role they hold, or the last of their
    /// joins and leaves before it was a join, and somebody accepted them where that is asked for.
    fn is_member_at(&self, person: &Person, seq: Seq) -> bool {
        let is_accepted = self.joining == Joining::Open || self.roles.accepted.contains(person);
        (self.joined_at(person, seq) && is_accepted) || self.roles.rank_of(person).is_some()
    }

    fn joined_at(&self, person: &Person, seq: Seq) -> bool {
        let joins = self.joins.get(person).map_or(&[][..], Vec::as_slice);
        joins.iter().take_while(|(at, _)| *at < seq).last().is_some_and(|(_, is_in)| *is_in)
    }

    /// Whether somebody is a member now. After a cut that nobody lifted nobody is.
    pub(super) fn is_member(&self, person: &Person) -> bool {
        self.roles.cut(person).is_none() && self.is_member_at(person, Seq::MAX)
    }

    pub(super) fn about(&self) -> &About<'a> {
        &self.about
    }

    fn people(&self) -> BTreeSet<Person> {
        self.joins.keys().copied().chain(self.roles.principals.iter().map(|p| p.person)).collect()
    }

    /// What is stated of silent owners, and who is one by that.
    fn silenced(&self) -> (Vec<SilentLine>, Vec<Silenced>) {
        let Some(needed) = self.silence else { return (vec![], vec![]) };
        let mut lines = Vec::new();
        let mut found = BTreeMap::<Person, (SilentLine, Silenced)>::new();
        for ((subject, heir), said) in self.statements() {
            let count = |is_one: &dyn Fn(&Statement<'_>) -> bool| {
                u32::try_from(said.iter().filter(|statement| is_one(statement)).count()).unwrap_or(u32::MAX)
            };
            let owners = count(&|statement| statement.by_owner);
            let members = count(&|_| true);
            let reached = (needed.owners > 0 && owners >= needed.owners)
                || (needed.members > 0 && members >= needed.members);
            let statements = said.iter().map(|statement| statement.fact.id).collect();
            let (of, to) = (subject.feed, heir.feed);
            let line = SilentLine { subject: of, heir: to, owners, members, reached, statements };
            // What any of them honours of the owner's log stays.
            let last = said.iter().max_by_key(|statement| (statement.cut, statement.fact.id));
            if let Some(last) = last.filter(|_| reached) {
                let silenced = Silenced { subject, heir, cut: last.cut, statement: last.fact.id };
                let strength = |line: &SilentLine| (line.owners, line.members);
                let held = found.get(&subject);
                if held.is_none_or(|(held, _)| strength(&line) > strength(held)) {
                    found.insert(subject, (line.clone(), silenced));
                }
            }
            lines.push(line);
        }
        (lines, found.into_values().map(|(_, silenced)| silenced).collect())
    }

    /// By owner and heir: what counts of the statements, of each author the last about that owner.
    fn statements(&self) -> BTreeMap<(Person, Person), Vec<Statement<'_>>> {
        let mut answered = BTreeSet::new();
        for said in self.about.iter() {
            if let Some(Post::Present { group: _, statements }) = self.about.post(said) {
                answered.extend(statements.iter().map(|id| (*said.author(), *id)));
            }
        }
        let mut last = BTreeMap::new();
        for said in self.about.iter() {
            let Some(Post::Silent { group: _, subject, heir, cut_seq, cut_id }) = self.about.post(said)
            else {
                continue;
            };
            let (subject, cut) = roles::cut(&self.about, subject, *cut_seq, cut_id.as_ref());
            let heir = self.about.lineage.first(heir);
            let author = said.author();
            let role_of = |person| self.roles.rank_of(person).map(|rank| &self.roles.principals[rank]);
            let is_owner = role_of(&subject).is_some_and(|p| p.role == Role::Owner && p.cut.is_none());
            let by_owner = self.roles.right(said.fact, Role::Owner).is_some();
            let has_voice = by_owner || self.has_voice(author, said.fact);
            if is_owner && has_voice && heir != subject && *author != subject {
                let statement = Statement { fact: said.fact, by_owner, cut };
                last.insert((subject, *author), (heir, statement)); // Each log comes in its order.
            }
        }
        let mut by_heir = BTreeMap::<_, Vec<_>>::new();
        for ((subject, _), (heir, statement)) in last {
            if !answered.contains(&(subject, statement.fact.id)) {
                by_heir.entry((subject, heir)).or_default().push(statement);
            }
        }
        by_heir
    }

    /// Whether what a member says of silence counts: in an open group anybody could bring their own crowd, so
    /// it takes a role, or being accepted, as well.
    fn has_voice(&self, person: &Person, fact: &Fact) -> bool {
        self.may_speak(person) && self.roles.counts(person, fact.seq, &fact.id)
    }

    fn may_speak(&self, person: &Person) -> bool {
        let is_known = self.roles.accepted.contains(person) || self.roles.rank_of(person).is_some();
        is_known && self.is_member(person)
    }

    /// Whose statements of silence count.
    pub(super) fn speakers(&self) -> impl Iterator<Item = Person> {
        self.people().into_iter().filter(|person| self.may_speak(person))
    }

    /// Whether everybody may read of the group: the word of the most senior owner counts, and of theirs the last.
    /// Besides whether a word of an owner is not held.
    fn public(&self) -> (bool, bool) {
        let (mut word, mut is_missing) = (None, false);
        for said in self.about.iter().filter(|said| said.fact.kind == kind::PUBLIC) {
            let Some(rank) = self.roles.right(said.fact, Role::Owner) else { continue };
            let Some(Post::Public { group: _, on }) = self.about.post(said) else {
                is_missing |= said.is_missing();
                continue;
            };
            let said = (rank, Reverse(said.fact.seq), said.fact.id, *on);
            word = Some(word.map_or(said, |held| said.min(held)));
        }
        (word.is_some_and(|(.., on)| on), is_missing)
    }

    /// Its state, with everybody under their key of today.
    pub fn state(&self) -> GroupState {
        let events = self.facts.iter().filter(|fact| {
            fact.refs.first() == Some(&self.id)
                && matches!(fact.post(), Some(Post::Event { .. }))
                && self.schedules(fact)
        });
        let people = self.people();
        let feeds = |is_one: &dyn Fn(&Person) -> bool| {
            let found: BTreeSet<_> = people.iter().filter(|p| is_one(p)).map(|p| p.feed).collect();
            found.into_iter().collect()
        };
        let asks = |person: &Person| {
            self.joined_at(person, Seq::MAX) && !self.is_member(person) && self.roles.cut(person).is_none()
        };
        let (public, unheard) = self.public();
        let is_missing = self.about.iter().any(|said| said.fact.kind.is_control() && said.is_missing());
        let state = GroupState {
            id: self.id,
            founder: self.founder,
            name: self.name.clone(),
            schedulers: self.schedulers,
            joining: self.joining,
            silence: self.silence,
            roles: self.roles.lines(|_| None),
            members: feeds(&|person| self.is_member(person)),
            asking: feeds(&asks),
            removed: self.roles.removed().into_iter().map(|person| person.feed).collect(),
            silent: self.silent.clone(),
            hidden: self.hidden.lines.clone(),
            public,
            events: events.map(|fact| fact.id).collect(),
            incomplete: is_missing || self.hidden.incomplete || unheard,
        };
        persons::group_now(state, &self.facts.lineage)
    }
}

/// That an owner is silent, said by somebody whose word counts.
struct Statement<'a> {
    fact: &'a Fact,
    by_owner: bool,
    /// The last place of the owner's log that it honours.
    cut: Seq,
}
