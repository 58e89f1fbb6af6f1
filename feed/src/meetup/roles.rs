//! Who may do what in a group or event: grants, cuts and their lifting, the most senior first. Source:
//! spec/meetup.md, "roles".

use std::collections::{BTreeMap, BTreeSet};

use super::about::About;
use super::{Fact, Person, Role, RoleLine};
use crate::{EntryId, Post, Seq};

/// How senior somebody is; the smaller the more. A right is only ever given to somebody whose seniority is
/// larger than the giver's, which is what lets the queue in [`Roles::resolve`] settle each person once.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Seniority {
    /// 0: the founder of a group, or at an event its group's owners and organizers. 1: everybody else in a
    /// group, or the event's author. 2: everybody else at an event.
    tier: u8,
    role: Role,
    /// Grants between them and the root.
    depth: u32,
    /// Places of those grants, from the root on.
    path: Vec<(Seq, u32)>,
}

impl Seniority {
    /// Somebody who holds a role without a grant. `place` orders roots of one tier, role and depth.
    pub(super) fn root(tier: u8, role: Role, depth: u32, place: u32) -> Self {
        Self { tier, role, depth, path: vec![(0, place)] }
    }

    fn granted(&self, role: Role, seq: Seq, tier: u8) -> Self {
        let path = self.path.iter().copied().chain([(seq, 0)]).collect();
        Self { tier, role, depth: self.depth + 1, path }
    }
}

/// Somebody with a role.
pub(super) struct Principal {
    pub(super) person: Person,
    pub(super) role: Role,
    /// Their last entry that counts, if a senior has cut them and nobody lifted it.
    pub(super) cut: Option<Seq>,
}

/// Seats that one principal hands to another, as asked.
pub(super) struct Handover {
    /// The granter, as an index into the principals.
    pub(super) by: usize,
    pub(super) seq: Seq,
    /// The grant.
    pub(super) grant: EntryId,
    pub(super) to: Person,
    pub(super) quota: u32,
}

/// A stretch of somebody's log that does not count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Void {
    /// The last entry that counts before it.
    after: Seq,
    /// The first that counts again, where it was lifted.
    until: Option<Seq>,
    /// The revoke.
    pub(super) revoke: EntryId,
    /// Who revoked, by rank.
    by: usize,
}

/// An owner who is silent, and who goes on for them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Silenced {
    pub(super) subject: Person,
    pub(super) heir: Person,
    pub(super) cut: Seq,
    /// One of the statements.
    pub(super) statement: EntryId,
}

/// Everybody with a role, and everybody who was cut.
pub(super) struct Roles<'a> {
    /// The most senior first: an index into it is a rank.
    pub(super) principals: Vec<Principal>,
    pub(super) handovers: Vec<Handover>,
    /// Whom an organizer or owner accepted.
    pub(super) accepted: BTreeSet<Person>,
    /// What does not count of principals and others.
    voids: BTreeMap<Person, Vec<Void>>,
    /// By entry: the most senior who endorsed it, by rank.
    endorsed: BTreeMap<EntryId, usize>,
    ranks: BTreeMap<Person, usize>,
    /// Those of the group that an event is in: what is void there is void here.
    above: Option<&'a Self>,
}

#[derive(Clone)]
enum Act {
    Grant { subject: Person, role: Role, quota: u32, lifts: Vec<EntryId>, from: Seq },
    Accept { subject: Person, lifts: Vec<EntryId>, from: Seq },
    Cut { subject: Person, at: Seq },
    Endorse { entries: Vec<EntryId> },
}

/// What was said about somebody whose turn has not come.
#[derive(Default)]
struct Pending {
    /// Each with whether a host revoked.
    revokes: Vec<(Void, bool)>,
    /// Revokes lifted, by whom (by rank), and from where on the subject counts again.
    lifts: Vec<(EntryId, usize, Seq)>,
}

impl Pending {
    /// A lift takes a revoke's end back if its author is at least as senior as the revoker. Hosts cut hosts and
    /// doors: whoever has no role is not theirs to cut.
    fn settle(self, has_role: bool) -> Vec<Void> {
        let counts = |(void, by_host): (Void, bool)| (has_role || !by_host).then_some(void);
        let lifted = |mut void: Void| {
            let lift = self.lifts.iter().filter(|(revoke, by, _)| *revoke == void.revoke && *by <= void.by);
            void.until = lift.map(|(_, _, from)| *from).min();
            void
        };
        self.revokes.iter().copied().filter_map(counts).map(lifted).collect()
    }
}

/// Where roles begin.
pub(super) struct Roots<'a> {
    pub(super) people: Vec<(Person, Role, Seniority)>,
    /// The tier of whoever holds a grant.
    pub(super) tier: u8,
    pub(super) silenced: Vec<Silenced>,
    /// The roles of the group that an event is in.
    pub(super) above: Option<&'a Roles<'a>>,
}

impl<'a> Roles<'a> {
    /// Settles one person after another, the most senior first. When somebody's turn comes only seniors,
    /// all settled, could have cut them or raised them: cut and role are final, and what they granted and
    /// cut up to their own cut applies to those after them. So it ends, and in a mutual revocation the
    /// senior wins.
    pub(super) fn resolve(roots: Roots<'a>, about: &About<'_>) -> Self {
        let Roots { people, tier, silenced, above } = roots;
        let acts = acts(about);
        let mut roles = Self {
            principals: vec![],
            handovers: vec![],
            accepted: BTreeSet::new(),
            voids: BTreeMap::new(),
            endorsed: BTreeMap::new(),
            ranks: BTreeMap::new(),
            above,
        };
        let mut pending = BTreeMap::<Person, Pending>::new();
        let mut candidates = Candidates::default();
        for (person, role, seniority) in people {
            candidates.raise(person, role, seniority);
        }
        while let Some((person, role, seniority)) = candidates.pop() {
            let rank = roles.principals.len();
            let mut voids = pending.remove(&person).unwrap_or_default().settle(true);
            if let Some(Silenced { heir, cut, statement, .. }) =
                silenced.iter().find(|silenced| silenced.subject == person)
            {
                voids.push(Void { after: *cut, until: None, revoke: *statement, by: rank });
                if !roles.ranks.contains_key(heir) {
                    candidates.raise(
                        *heir,
                        Role::Owner,
                        seniority.granted(Role::Owner, *cut, seniority.tier),
                    );
                }
            }
            roles.voids.insert(person, voids);
            roles.ranks.insert(person, rank);
            let cut = roles.cut(&person);
            roles.principals.push(Principal { person, role, cut });
            for (seq, id, act) in acts.get(&person).map_or(&[][..], Vec::as_slice) {
                if !roles.counts(&person, *seq, id) {
                    continue;
                }
                match act {
                    Act::Endorse { entries } if role != Role::Door => roles.endorse(rank, entries),
                    Act::Endorse { .. } => {}
                    Act::Grant { subject, .. } | Act::Accept { subject, .. } | Act::Cut { subject, .. }
                        if roles.ranks.contains_key(subject) => {} // Themselves, or a senior.
                    Act::Grant { subject, role: given, quota, lifts, from } => {
                        if may_grant(role, *given) {
                            candidates.raise(*subject, *given, seniority.granted(*given, *seq, tier));
                            let (to, quota) = (*subject, *quota);
                            roles.handovers.push(Handover { by: rank, seq: *seq, grant: *id, to, quota });
                            let lifts = lifts.iter().map(|revoke| (*revoke, rank, *from));
                            pending.entry(to).or_default().lifts.extend(lifts);
                        }
                    }
                    Act::Accept { subject, lifts, from } => {
                        if role <= Role::Organizer {
                            roles.accepted.insert(*subject);
                            let lifts = lifts.iter().map(|revoke| (*revoke, rank, *from));
                            pending.entry(*subject).or_default().lifts.extend(lifts);
                        }
                    }
                    Act::Cut { .. } if role == Role::Door => {}
                    Act::Cut { subject, at } => {
                        let void = Void { after: *at, until: None, revoke: *id, by: rank };
                        let revokes = &mut pending.entry(*subject).or_default().revokes;
                        revokes.push((void, role == Role::Host));
                    }
                }
            }
        }
        roles.voids.extend(pending.into_iter().map(|(person, said)| (person, said.settle(false))));
        roles
    }

    /// Lets entries count that are void by those who are not senior to the endorser.
    fn endorse(&mut self, rank: usize, entries: &[EntryId]) {
        for id in entries {
            self.endorsed.entry(*id).or_insert(rank); // The most senior come first.
        }
    }

    /// Whether somebody stands for that entry of theirs against a revoke by rank `by`. Nobody does for a senior's.
    fn is_endorsed(&self, person: &Person, id: &EntryId, by: usize) -> bool {
        let is_junior = |rank: usize| self.rank_of(person).is_none_or(|own| own > rank);
        self.endorsed.get(id).is_some_and(|rank| *rank <= by && is_junior(*rank))
    }

    /// Whether that entry of theirs is not void, whatever their role.
    pub(super) fn counts(&self, person: &Person, seq: Seq, id: &EntryId) -> bool {
        self.void_at(person, seq, id).is_none()
    }

    /// The revoke by which that entry of theirs does not count.
    pub(super) fn void_at(&self, person: &Person, seq: Seq, id: &EntryId) -> Option<EntryId> {
        let covers = |void: &&Void| {
            let is_void = seq > void.after && void.until.is_none_or(|until| seq < until);
            is_void && !self.is_endorsed(person, id, void.by)
        };
        let own = self.voids.get(person).into_iter().flatten().find(covers).map(|void| void.revoke);
        own.or_else(|| self.above.and_then(|above| above.void_at(person, seq, id)))
    }

    /// Whether somebody who may has lifted that revoke of theirs.
    pub(super) fn is_lifted(&self, person: &Person, revoke: &EntryId) -> bool {
        let lifted = |void: &Void| void.revoke == *revoke && void.until.is_some();
        self.voids.get(person).into_iter().flatten().any(lifted)
    }

    /// The last entry of theirs that counts, if there is one after which nothing does.
    pub(super) fn cut(&self, person: &Person) -> Option<Seq> {
        let ends = self.voids.get(person).into_iter().flatten().filter(|void| void.until.is_none());
        let above = self.above.and_then(|above| above.cut(person));
        ends.map(|void| void.after).chain(above).min()
    }

    /// Who has no role and was cut.
    pub(super) fn removed(&self) -> BTreeSet<Person> {
        let has_none = |person: &&Person| self.rank_of(person).is_none() && self.cut(person).is_some();
        self.voids.keys().filter(has_none).copied().collect()
    }

    /// The rank of who wrote that, if they hold at least the role `least` and the entry counts.
    pub(super) fn right(&self, fact: &Fact, least: Role) -> Option<usize> {
        let rank = self.rank_of(&fact.author)?;
        let has_right = self.principals[rank].role <= least && self.counts(&fact.author, fact.seq, &fact.id);
        has_right.then_some(rank)
    }

    /// The rank of `person`, whatever their role and cut.
    pub(super) fn rank_of(&self, person: &Person) -> Option<usize> {
        self.ranks.get(person).copied()
    }

    pub(super) fn lines(&self, quota: impl Fn(usize) -> Option<u32>) -> Vec<RoleLine> {
        let line = |(rank, principal): (usize, &Principal)| RoleLine {
            feed: principal.person.feed,
            role: principal.role,
            quota: quota(rank),
            cut: principal.cut,
        };
        self.principals.iter().enumerate().map(line).collect()
    }
}

fn may_grant(granter: Role, given: Role) -> bool {
    match granter {
        Role::Owner => true,
        Role::Organizer | Role::Host => given > granter,
        Role::Door => false,
    }
}

/// Each author's grants, revokes and the like, in the order of their log.
fn acts(about: &About<'_>) -> BTreeMap<Person, Vec<(Seq, EntryId, Act)>> {
    let mut acts = BTreeMap::<_, Vec<_>>::new();
    let from = |subject: &Person, seq: Option<Seq>| about.lineage.cut(subject, seq.unwrap_or(Seq::MAX)).1;
    for said in about.iter() {
        let act = match about.post(said) {
            Some(Post::Grant { object: _, subject, role, quota, lifts, from_seq }) => Act::Grant {
                subject: about.lineage.first(subject),
                role: *role,
                quota: *quota,
                lifts: lifts.clone(),
                from: from(subject, *from_seq),
            },
            Some(Post::Accept { group: _, subject, lifts, from_seq }) => Act::Accept {
                subject: about.lineage.first(subject),
                lifts: lifts.clone(),
                from: from(subject, *from_seq),
            },
            Some(Post::Endorse { object: _, entries }) => Act::Endorse { entries: entries.clone() },
            Some(Post::Revoke { object: _, subject, cut_seq, cut_id }) => {
                let (subject, at) = cut(about, subject, *cut_seq, cut_id.as_ref());
                Act::Cut { subject, at }
            }
            _ => continue,
        };
        acts.entry(*said.author()).or_default().push((said.fact.seq, said.fact.id, act));
    }
    acts
}

/// Whom a cut means, and the last place of their log that it honours.
pub(super) fn cut(
    about: &About<'_>,
    subject: &Person,
    cut_seq: Seq,
    cut_id: Option<&EntryId>,
) -> (Person, Seq) {
    let (first, mut at) = about.lineage.cut(subject, cut_seq);
    // Another entry there: the author knew another branch, and honours nothing of this one.
    let is_there = about.lineage.place(subject, cut_seq).is_some();
    let held = if is_there { about.at(first.feed, at) } else { None };
    if held.is_some() && held.as_ref() != cut_id {
        (_, at) = about.lineage.cut(subject, 0);
    }
    (first, at)
}

/// Those with a role whose turn has not come.
#[derive(Default)]
struct Candidates {
    queue: BTreeSet<(Seniority, Person)>,
    best: BTreeMap<Person, (Seniority, Role)>,
}

impl Candidates {
    /// The highest role and the smallest seniority of all that somebody was given.
    fn raise(&mut self, person: Person, role: Role, seniority: Seniority) {
        let (best, highest) = self.best.entry(person).or_insert_with(|| (seniority.clone(), role));
        *highest = role.min(*highest);
        if seniority < *best {
            self.queue.remove(&(best.clone(), person));
            *best = seniority.clone();
        }
        self.queue.insert((best.clone(), person));
    }

    fn pop(&mut self) -> Option<(Person, Role, Seniority)> {
        let (seniority, person) = self.queue.pop_first()?;
        let (_, role) = self.best.remove(&person).expect("raise sets both");
        Some((person, role, seniority))
    }
}
