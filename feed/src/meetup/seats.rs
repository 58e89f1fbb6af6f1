//! Who has a seat and who waits. Source: spec/meetup.md, "seats".
//!
//! Everything here is recomputed from the set: promotion is not an act but a consequence. What keeps it from
//! taking seats away: each step gives first to what stands earlier in a log, and whatever a guest can do
//! (say no, come with fewer) makes a line smaller, never larger.

use std::collections::{BTreeMap, BTreeSet};

use super::about::About;
use super::roles::Roles;
use super::{Answer, Role, kind};
use crate::{EntryId, FeedId, Post, Seq};

/// A guest's last answer.
pub(super) struct Wish<'a> {
    pub(super) rsvp: EntryId,
    pub(super) answer: Answer,
    pub(super) party: u32,
    pub(super) seen: &'a [EntryId],
}

/// Every guest's answers, read in the order of their log.
#[derive(Default)]
pub(super) struct Guests<'a> {
    pub(super) wishes: BTreeMap<FeedId, Wish<'a>>,
    /// Whose, and at which place; `None` for an RSVP that says nothing.
    rsvps: BTreeMap<EntryId, Option<(FeedId, Seq)>>,
    /// The last place at which a guest said something other than yes, or took an answer back: lines for
    /// RSVPs up to there are void for good, or who comes back would throw out who moved up.
    void_to: BTreeMap<FeedId, Seq>,
    /// Each yes since then: its place, and the smallest party from there on.
    smallest: BTreeMap<FeedId, Vec<(Seq, u32)>>,
    pub(super) incomplete: bool,
}

/// A host's line, as far as it is not void.
struct Line {
    /// `None`: the RSVP is not held here. It keeps its places and shows nobody.
    guest: Option<FeedId>,
    persons: u32,
}

enum Item {
    Line(Line),
    /// Seats handed on to the principal of that rank.
    Handover {
        to: usize,
        asked: u32,
    },
}

/// Somebody's place: how many persons, and the host (by rank) who gave it.
pub(super) struct Place {
    pub(super) guest: FeedId,
    pub(super) persons: u32,
    pub(super) host: usize,
}

pub(super) struct Seating {
    /// By rank: seats for the principal's own lines; `None` where there is no limit.
    pub(super) quotas: Option<Vec<u32>>,
    pub(super) seated: Vec<Place>,
    /// In the list's order.
    pub(super) waiting: Vec<Place>,
    /// Seats that nobody has and nobody on the list waits for; `None` = no limit.
    pub(super) free: Option<u32>,
}

impl<'a> Guests<'a> {
    pub(super) fn gather(about: &'a About<'a>) -> Self {
        let mut guests = Self::default();
        for said in about.iter().filter(|said| said.fact.kind == kind::RSVP) {
            let (guest, seq, rsvp) = (said.author().feed, said.fact.seq, said.fact.id);
            match &said.post {
                Some(Post::Rsvp { event: _, seen, answer, party, note: _ }) => {
                    guests.rsvps.insert(rsvp, Some((guest, seq)));
                    guests.wishes.insert(guest, Wish { rsvp, answer: *answer, party: *party, seen });
                    let since = guests.smallest.entry(guest).or_default();
                    if *answer == Answer::Yes {
                        since.push((seq, *party));
                    } else {
                        guests.void_to.insert(guest, seq);
                        since.clear();
                    }
                }
                _ if said.taken_back => {
                    guests.rsvps.insert(rsvp, Some((guest, seq)));
                    guests.wishes.remove(&guest);
                    guests.void_to.insert(guest, seq);
                    guests.smallest.remove(&guest);
                }
                _ if said.is_missing() => guests.incomplete = true,
                _ => _ = guests.rsvps.insert(rsvp, None),
            }
        }
        for yeses in guests.smallest.values_mut() {
            let mut smallest = u32::MAX;
            for (_, party) in yeses.iter_mut().rev() {
                smallest = smallest.min(*party);
                *party = smallest;
            }
        }
        guests
    }

    /// How many persons a line for the RSVP at that place of the guest's log can be for; `None` if it is
    /// void. What once came down stays down until there is a new line: others may have moved up.
    fn persons(&self, guest: &FeedId, seq: Seq) -> Option<u32> {
        if self.void_to.get(guest).is_some_and(|to| seq <= *to) {
            return None;
        }
        let yeses = self.smallest.get(guest)?;
        let at = yeses.partition_point(|(at, _)| *at < seq);
        Some(yeses.get(at)?.1)
    }

    /// One host's lines in the order of the log, less the void ones. Of several for one guest the one for
    /// the latest RSVP stands; of several for one RSVP the first.
    fn standing(&self, lines: Vec<(Seq, EntryId, u32)>) -> Vec<(Seq, Line)> {
        let mut latest = BTreeMap::<FeedId, Seq>::new();
        for (_, rsvp, _) in &lines {
            if let Some(Some((guest, seq))) = self.rsvps.get(rsvp) {
                let known = latest.entry(*guest).or_insert(*seq);
                *known = *seq.max(known);
            }
        }
        let mut named = BTreeSet::new();
        let stands = |(at, rsvp, persons): (Seq, EntryId, u32)| {
            if !named.insert(rsvp) {
                return None;
            }
            match self.rsvps.get(&rsvp) {
                None => Some((at, Line { guest: None, persons })),
                Some(None) => None,
                Some(Some((guest, seq))) => {
                    let persons = self.persons(guest, *seq)?.min(persons);
                    (latest[guest] == *seq).then_some((at, Line { guest: Some(*guest), persons }))
                }
            }
        };
        lines.into_iter().filter_map(stands).collect()
    }
}

impl Seating {
    /// `author`: the rank of the event's author, with whom every seat starts.
    pub(super) fn of(
        about: &About<'_>,
        roles: &Roles,
        guests: &Guests<'_>,
        author: usize,
        capacity: Option<u32>,
        split: bool,
    ) -> Self {
        let logs = logs(about, roles, guests);
        let quotas = capacity.map(|capacity| quotas(&logs, roles, author, capacity));
        let mut seating = Self { quotas: None, seated: vec![], waiting: vec![], free: capacity.map(|_| 0) };
        let mut seated = BTreeSet::new();
        let mut listed = BTreeSet::new();
        for (host, log) in logs.iter().enumerate() {
            let mut room = quotas.as_ref().map(|quotas| quotas[host]);
            let mut is_full = false; // Somebody did not fit: nobody passes them, unless parties may.
            for line in log.iter().filter_map(Item::line) {
                if line.guest.is_some_and(|guest| seated.contains(&guest)) {
                    continue; // A more senior host seated them.
                }
                let place = line.guest.map(|guest| Place { guest, persons: line.persons, host });
                if room.is_none_or(|room| line.persons <= room) && (split || !is_full) {
                    room = room.map(|room| room - line.persons);
                    seated.extend(line.guest);
                    seating.seated.extend(place);
                } else {
                    is_full = true;
                    seating.waiting.extend(place.filter(|place| listed.insert(place.guest)));
                }
            }
            seating.free = seating.free.zip(room).map(|(free, room)| free + room);
        }
        // Those whom a less senior host seated wait no more.
        seating.waiting.retain(|place| !seated.contains(&place.guest));
        let waiting: u32 = seating.waiting.iter().map(|place| place.persons).sum();
        seating.free = seating.free.map(|free| free.saturating_sub(waiting));
        seating.quotas = quotas;
        seating
    }

    /// Who is on some host's list, seated or waiting.
    pub(super) fn ranked(&self) -> BTreeSet<FeedId> {
        self.seated.iter().chain(&self.waiting).map(|place| place.guest).collect()
    }
}

impl Item {
    fn line(&self) -> Option<&Line> {
        match self {
            Self::Line(line) => Some(line),
            Self::Handover { .. } => None,
        }
    }
}

/// By rank: what each host said about seats up to their cut, in the order of their log.
fn logs(about: &About<'_>, roles: &Roles, guests: &Guests<'_>) -> Vec<Vec<Item>> {
    let mut lines: Vec<Vec<_>> = roles.principals.iter().map(|_| vec![]).collect();
    for said in about.iter() {
        let Some(Post::Seat { event: _, lines: given }) = &said.post else { continue };
        if let Some(rank) = roles.rank(said.author(), said.fact.seq, Role::Host) {
            lines[rank].extend(given.iter().map(|(rsvp, persons)| (said.fact.seq, *rsvp, *persons)));
        }
    }
    let mut logs: Vec<Vec<(Seq, Item)>> = lines
        .into_iter()
        .map(|lines| guests.standing(lines).into_iter().map(|(seq, line)| (seq, Item::Line(line))).collect())
        .collect();
    for handover in roles.handovers.iter().filter(|handover| handover.quota > 0) {
        let Some(to) = roles.rank_of(&handover.to) else { continue };
        if roles.principals[to].role <= Role::Host {
            let item = Item::Handover { to, asked: handover.quota };
            logs[handover.by].push((handover.seq, item));
        }
    }
    logs.into_iter()
        .map(|mut log| {
            log.sort_by_key(|(seq, _)| *seq); // Stable: lines of one entry keep their order.
            log.into_iter().map(|(_, item)| item).collect()
        })
        .collect()
}

/// Reads the principals in order of seniority, each one's log in its order: a line takes its persons, a
/// handover takes what is asked, as far as there is something left. Since seats are only ever handed to
/// somebody less senior, what a principal receives is settled before their turn; since each takes from what
/// is left, shares are disjoint and their sum never passes `capacity`.
fn quotas(logs: &[Vec<Item>], roles: &Roles, author: usize, capacity: u32) -> Vec<u32> {
    let needs = needs(logs, roles);
    let mut quotas = vec![0; logs.len()];
    quotas[author] = capacity.min(needs[author]);
    // What an author who was cut does not need goes to the most senior who can use it.
    if let Some(heir) = roles.principals.iter().position(|p| p.cut.is_none() && p.role <= Role::Host) {
        quotas[heir] += capacity - quotas[author];
    }
    for rank in 0..logs.len() {
        let mut taken = 0u32;
        for item in &logs[rank] {
            let left = quotas[rank].saturating_sub(taken);
            taken = taken.saturating_add(match item {
                Item::Line(line) => line.persons,
                Item::Handover { to, asked } => {
                    let moved = left.min(*asked).min(needs[*to].saturating_sub(quotas[*to]));
                    quotas[*to] += moved;
                    quotas[rank] -= moved;
                    0
                }
            });
        }
    }
    quotas
}

/// By rank, the most that each can use: of somebody who was cut no more than their lines and handovers up to
/// the cut take, so that the rest stays with who would have handed it to them.
fn needs(logs: &[Vec<Item>], roles: &Roles) -> Vec<u32> {
    let mut needs = vec![u32::MAX; logs.len()];
    for rank in (0..logs.len()).rev() {
        if roles.principals[rank].cut.is_some() {
            let take = |item: &Item| match item {
                Item::Line(line) => line.persons,
                Item::Handover { to, asked } => needs[*to].min(*asked),
            };
            needs[rank] = logs[rank].iter().map(take).fold(0, u32::saturating_add);
        }
    }
    needs
}
