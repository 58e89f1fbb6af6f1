//! Who may do what in a group or event: grants and cuts, the most senior first. Source: spec/meetup.md, "roles".

use std::collections::{BTreeMap, BTreeSet};

use super::about::About;
use super::{Person, Role, RoleLine};
use crate::{Post, Seq};

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
    /// Their last entry that counts, if a senior has cut them.
    pub(super) cut: Option<Seq>,
}

/// Seats that one principal hands to another, as asked.
pub(super) struct Handover {
    /// The granter, as an index into the principals.
    pub(super) by: usize,
    pub(super) seq: Seq,
    pub(super) to: Person,
    pub(super) quota: u32,
}

/// Everybody with a role, and everybody who was cut.
pub(super) struct Roles {
    /// The most senior first: an index into it is a rank.
    pub(super) principals: Vec<Principal>,
    pub(super) handovers: Vec<Handover>,
    /// Last entries that count, of principals and others.
    pub(super) cuts: BTreeMap<Person, Seq>,
    ranks: BTreeMap<Person, usize>,
}

enum Act {
    Grant { subject: Person, role: Role, quota: u32 },
    Cut { subject: Person, at: Seq },
}

impl Roles {
    /// Settles one person after another, the most senior first. When somebody's turn comes only seniors,
    /// all settled, could have cut them or raised them: cut and role are final, and what they granted and
    /// cut up to their own cut applies to those after them. So it ends, and in a mutual revocation the
    /// senior wins.
    ///
    /// `cuts` hold from outside (an event's group). `tier` is that of whoever holds a grant.
    pub(super) fn resolve(
        roots: Vec<(Person, Role, Seniority)>,
        cuts: BTreeMap<Person, Seq>,
        tier: u8,
        about: &About<'_>,
    ) -> Self {
        let acts = acts(about);
        let mut roles = Self { principals: vec![], handovers: vec![], cuts, ranks: BTreeMap::new() };
        let mut candidates = Candidates::default();
        for (person, role, seniority) in roots {
            candidates.raise(person, role, seniority);
        }
        // Hosts cut hosts and doors: whoever turns out to have no role is not theirs to cut.
        let mut cuts_by_hosts = BTreeMap::new();
        while let Some((person, role, seniority)) = candidates.pop() {
            let rank = roles.principals.len();
            let cut =
                [roles.cuts.get(&person), cuts_by_hosts.get(&person)].into_iter().flatten().min().copied();
            if let Some(cut) = cut {
                roles.cuts.insert(person, cut);
            }
            roles.principals.push(Principal { person, role, cut });
            roles.ranks.insert(person, rank);
            let own = acts.get(&person).map_or(&[][..], Vec::as_slice);
            for (seq, act) in own.iter().take_while(|(seq, _)| cut.is_none_or(|cut| *seq <= cut)) {
                match act {
                    Act::Grant { subject, .. } | Act::Cut { subject, .. }
                        if roles.ranks.contains_key(subject) => {} // Themselves, or a senior.
                    Act::Grant { subject, role: given, quota } => {
                        if may_grant(role, *given) {
                            candidates.raise(*subject, *given, seniority.granted(*given, *seq, tier));
                            let (to, quota) = (*subject, *quota);
                            roles.handovers.push(Handover { by: rank, seq: *seq, to, quota });
                        }
                    }
                    Act::Cut { .. } if role == Role::Door => {}
                    Act::Cut { subject, at } => {
                        let cuts = if role == Role::Host { &mut cuts_by_hosts } else { &mut roles.cuts };
                        let lowest = cuts.entry(*subject).or_insert(*at);
                        *lowest = *at.min(lowest);
                    }
                }
            }
        }
        roles
    }

    /// The rank of `person` if they hold at least the role `least` and `seq` is not past their cut.
    pub(super) fn rank(&self, person: &Person, seq: Seq, least: Role) -> Option<usize> {
        let rank = *self.ranks.get(person)?;
        let Principal { role, cut, .. } = self.principals[rank];
        (role <= least && cut.is_none_or(|cut| seq <= cut)).then_some(rank)
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

/// Each author's grants and revokes, in the order of their log.
fn acts(about: &About<'_>) -> BTreeMap<Person, Vec<(Seq, Act)>> {
    let mut acts = BTreeMap::<_, Vec<_>>::new();
    for said in about.iter() {
        let act = match &said.post {
            Some(Post::Grant { object: _, subject, role, quota }) => {
                Act::Grant { subject: about.lineage.first(subject), role: *role, quota: *quota }
            }
            Some(Post::Revoke { object: _, subject, cut_seq, cut_id }) => {
                let (first, mut at) = about.lineage.cut(subject, *cut_seq);
                // Another entry there: the revoker knew another branch, and honours nothing of this one.
                let is_there = about.lineage.place(subject, *cut_seq).is_some();
                let held = if is_there { about.at(first.feed, at) } else { None };
                if held.is_some() && held != *cut_id {
                    (_, at) = about.lineage.cut(subject, 0);
                }
                Act::Cut { subject: first, at }
            }
            _ => continue,
        };
        acts.entry(*said.author()).or_default().push((said.fact.seq, act));
    }
    acts
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
