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

/// Somebody's answers, read in the order of their log.
pub(super) struct Guest<'a> {
    pub(super) feed: FeedId,
    /// `None` if the last answer was taken back.
    pub(super) wish: Option<Wish<'a>>,
    /// The last place at which they said something other than yes, or took an answer back; 0 for never.
    /// Lines for RSVPs up to there are void for good, or who comes back would throw out who moved up.
    void_to: Seq,
    /// Each yes since then: its place, and the smallest party from there on.
    smallest: Vec<(Seq, u32)>,
}

/// Everybody who answered, by feed id. An index into it names a guest.
#[derive(Default)]
pub(super) struct Guests<'a> {
    pub(super) list: Vec<Guest<'a>>,
    /// By id: whose (by index), and at which place of their log; `None` for an RSVP that says nothing.
    rsvps: Vec<(EntryId, Option<(usize, Seq)>)>,
    pub(super) incomplete: bool,
}

/// Whose RSVP an id is and at which place of their log: not held here, or held and saying nothing, or that.
type Found = Option<Option<(usize, Seq)>>;

/// A host's line, as far as it is not void.
struct Line {
    /// `None`: the RSVP is not held here. It keeps its places and shows nobody.
    guest: Option<usize>,
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

/// A guest's place: how many persons, and the host (by rank) who gave it.
pub(super) struct Place {
    pub(super) guest: usize,
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

impl<'a> Guest<'a> {
    fn new(feed: FeedId) -> Self {
        Self { feed, wish: None, void_to: 0, smallest: vec![] }
    }

    fn say(&mut self, seq: Seq, wish: Wish<'a>) {
        if wish.answer == Answer::Yes {
            self.smallest.push((seq, wish.party));
        } else {
            self.void_to = seq;
            self.smallest.clear();
        }
        self.wish = Some(wish);
    }

    fn take_back(&mut self, seq: Seq) {
        *self = Self { void_to: seq, ..Self::new(self.feed) };
    }

    /// When all is said: the parties become the smallest from each place on.
    fn settle(&mut self) {
        let mut smallest = u32::MAX;
        for (_, party) in self.smallest.iter_mut().rev() {
            smallest = smallest.min(*party);
            *party = smallest;
        }
    }

    /// How many persons a line for the RSVP at that place of the log can be for; `None` if it is void. What
    /// once came down stays down until there is a new line: others may have moved up.
    fn persons(&self, seq: Seq) -> Option<u32> {
        if seq <= self.void_to {
            return None;
        }
        let at = self.smallest.partition_point(|(at, _)| *at < seq);
        Some(self.smallest.get(at)?.1)
    }
}

impl<'a> Guests<'a> {
    pub(super) fn gather(about: &'a About<'a>) -> Self {
        let mut guests = Self::default();
        for said in about.iter().filter(|said| said.fact.kind == kind::RSVP) {
            let (feed, seq, rsvp) = (said.author().feed, said.fact.seq, said.fact.id);
            if guests.list.last().is_none_or(|last| last.feed != feed) {
                guests.list.push(Guest::new(feed)); // Entries come author by author.
            }
            let place = Some((guests.list.len() - 1, seq));
            let Some(guest) = guests.list.last_mut() else { continue };
            match &said.post {
                Some(Post::Rsvp { event: _, seen, answer, party, note: _ }) => {
                    guests.rsvps.push((rsvp, place));
                    guest.say(seq, Wish { rsvp, answer: *answer, party: *party, seen });
                }
                _ if said.taken_back => {
                    guests.rsvps.push((rsvp, place));
                    guest.take_back(seq);
                }
                _ if said.is_missing() => guests.incomplete = true,
                _ => guests.rsvps.push((rsvp, None)),
            }
        }
        guests.list.iter_mut().for_each(Guest::settle);
        guests.rsvps.sort_unstable_by_key(|(id, _)| *id);
        guests
    }

    fn find(&self, rsvp: &EntryId) -> Found {
        let at = self.rsvps.binary_search_by_key(&rsvp, |(id, _)| id).ok()?;
        Some(self.rsvps[at].1)
    }

    /// One host's lines in the order of the log, less the void ones. Of several for one guest the one for
    /// the latest RSVP stands; of several for one RSVP the first.
    fn standing(&self, lines: Vec<(Seq, EntryId, u32)>) -> Vec<(Seq, Line)> {
        let mut unknown = BTreeSet::new();
        let mut latest = BTreeMap::<usize, (Seq, usize)>::new(); // The place named, and by which line first.
        let lines: Vec<_> = lines.into_iter().map(|(at, rsvp, n)| (at, rsvp, self.find(&rsvp), n)).collect();
        for (line, (.., found, _)) in lines.iter().enumerate() {
            if let Some(Some((guest, seq))) = *found {
                let best = latest.entry(guest).or_insert((seq, line));
                if seq > best.0 {
                    *best = (seq, line);
                }
            }
        }
        let mut stands = |(line, (at, rsvp, found, persons)): (usize, (Seq, EntryId, Found, u32))| match found
        {
            None => unknown.insert(rsvp).then_some((at, Line { guest: None, persons })),
            Some(None) => None,
            Some(Some((guest, seq))) => {
                let persons = self.list[guest].persons(seq)?.min(persons);
                (latest[&guest].1 == line).then_some((at, Line { guest: Some(guest), persons }))
            }
        };
        lines.into_iter().enumerate().filter_map(&mut stands).collect()
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
        let mut seated = vec![false; guests.list.len()];
        let mut listed = vec![false; guests.list.len()];
        for (host, log) in logs.iter().enumerate() {
            let mut room = quotas.as_ref().map(|quotas| quotas[host]);
            let mut is_full = false; // Somebody did not fit: nobody passes them, unless parties may.
            for line in log.iter().filter_map(Item::line) {
                if line.guest.is_some_and(|guest| seated[guest]) {
                    continue; // A more senior host seated them.
                }
                let place = line.guest.map(|guest| Place { guest, persons: line.persons, host });
                if room.is_none_or(|room| line.persons <= room) && (split || !is_full) {
                    room = room.map(|room| room - line.persons);
                    seating.seated.extend(place.inspect(|place| seated[place.guest] = true));
                } else {
                    is_full = true;
                    let first = |place: &Place| !std::mem::replace(&mut listed[place.guest], true);
                    seating.waiting.extend(place.filter(first));
                }
            }
            seating.free = seating.free.zip(room).map(|(free, room)| free + room);
        }
        // Those whom a less senior host seated wait no more.
        seating.waiting.retain(|place| !seated[place.guest]);
        let waiting: u32 = seating.waiting.iter().map(|place| place.persons).sum();
        seating.free = seating.free.map(|free| free.saturating_sub(waiting));
        seating.quotas = quotas;
        seating
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
