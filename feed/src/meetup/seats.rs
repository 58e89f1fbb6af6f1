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
    pub(super) void_to: Seq,
    /// The entry there.
    pub(super) void_by: Option<EntryId>,
    /// The place of the RSVP that was confirmed last, and the entry that says so; 0 for none.
    confirmed: (Seq, Option<EntryId>),
    /// Each yes since then: its place, and the smallest party from there on.
    smallest: Vec<(Seq, u32)>,
    /// Lines given up: the place up to which the guest's RSVPs are, by whom (by rank), and the entry.
    pub(super) released: Vec<(Seq, usize, EntryId)>,
}

/// Everybody who answered, by feed id. An index into it names a guest.
#[derive(Default)]
pub(super) struct Guests<'a> {
    pub(super) list: Vec<Guest<'a>>,
    /// By id: whose (by index), and at which place of their log; `None` for an RSVP that says nothing.
    rsvps: Vec<(EntryId, Option<(usize, Seq)>)>,
    /// Releases of RSVPs that are not held: of what rank the host is, and the entry.
    released: BTreeMap<EntryId, Vec<(usize, EntryId)>>,
    pub(super) incomplete: bool,
}

/// Whose RSVP an id is and at which place of their log: not held here, or held and saying nothing, or that.
type Found = Option<Option<(usize, Seq)>>;

/// A line as a host wrote it.
#[derive(Clone, Copy)]
pub(super) struct Given {
    pub(super) seq: Seq,
    /// The seat post.
    pub(super) entry: EntryId,
    pub(super) rsvp: EntryId,
    pub(super) persons: u32,
}

/// A host's line, as far as it is not void.
pub(super) struct Line {
    /// Whose, and the place of the RSVP that it names. `None`: that is not held here. It keeps its places and
    /// shows nobody.
    pub(super) guest: Option<(usize, Seq)>,
    pub(super) persons: u32,
}

/// Why a line is void.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Void {
    /// The same RSVP stands in an earlier line of that host.
    Twice,
    /// No RSVP of this event or occurrence.
    NoRsvp,
    /// The guest said something else since, in this entry.
    Answered(Option<EntryId>),
    /// Given up by that entry.
    Released(EntryId),
    /// Another line of that host is for a later RSVP, or came first.
    Other,
    /// The host had closed their list.
    Closed(EntryId),
}

enum Item {
    Line(Line),
    /// Seats handed on to the principal of that rank.
    Handover {
        to: usize,
        asked: u32,
    },
}

/// A guest's place: for which of their RSVPs, how many persons, and the host (by rank) who gave it.
pub(super) struct Place {
    pub(super) guest: usize,
    pub(super) seq: Seq,
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
        Self {
            feed,
            wish: None,
            void_to: 0,
            void_by: None,
            confirmed: (0, None),
            smallest: vec![],
            released: vec![],
        }
    }

    fn say(&mut self, seq: Seq, wish: Wish<'a>) {
        if wish.answer == Answer::Yes {
            self.smallest.push((seq, wish.party));
        } else {
            (self.void_to, self.void_by) = (seq, Some(wish.rsvp));
            self.smallest.clear();
        }
        self.wish = Some(wish);
    }

    fn take_back(&mut self, seq: Seq, rsvp: EntryId) {
        *self = Self { void_to: seq, void_by: Some(rsvp), ..Self::new(self.feed) };
    }

    /// The entry by which the standing yes was confirmed.
    pub(super) fn confirmation(&self) -> Option<EntryId> {
        let (seq, entry) = self.confirmed;
        entry.filter(|_| seq > self.void_to && !self.smallest.is_empty())
    }

    /// The release by which no line of a host of that rank for the RSVP at that place stands.
    fn release(&self, seq: Seq, rank: usize) -> Option<EntryId> {
        let covers = |(to, by, _): &&(Seq, usize, EntryId)| seq <= *to && *by <= rank;
        self.released.iter().find(covers).map(|(.., entry)| *entry)
    }

    /// The most senior by whom the last answer was released, with the entry.
    pub(super) fn last_release(&self) -> Option<(usize, EntryId)> {
        let last = self.smallest.last()?.0;
        let covers = |(to, ..): &&(Seq, usize, EntryId)| last <= *to;
        self.released.iter().filter(covers).map(|(_, by, entry)| (*by, *entry)).min()
    }

    /// For how many they ask, if that is by a later answer than the one at `seq` and for more than `persons`.
    pub(super) fn asks_more(&self, seq: Seq, persons: u32) -> Option<u32> {
        let (at, party) = *self.smallest.last()?;
        (at > seq && party > persons).then_some(party)
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
    pub(super) fn gather(about: &'a About<'a>, roles: &Roles<'_>) -> Self {
        let mut guests = Self::default();
        for said in about.iter().filter(|said| said.fact.kind == kind::RSVP) {
            let (feed, seq, rsvp) = (said.author().feed, said.fact.seq, said.fact.id);
            if guests.list.last().is_none_or(|last| last.feed != feed) {
                guests.list.push(Guest::new(feed)); // Entries come author by author.
            }
            let place = Some((guests.list.len() - 1, seq));
            let Some(guest) = guests.list.last_mut() else { continue };
            match about.post(said) {
                Some(Post::Rsvp { event: _, seen, answer, party, note: _, occ: _ }) => {
                    guests.rsvps.push((rsvp, place));
                    guest.say(seq, Wish { rsvp, answer: *answer, party: *party, seen });
                }
                _ if said.taken_back => {
                    guests.rsvps.push((rsvp, place));
                    guest.take_back(seq, rsvp);
                }
                _ if said.is_missing() => guests.incomplete = true,
                _ => guests.rsvps.push((rsvp, None)),
            }
        }
        guests.list.iter_mut().for_each(Guest::settle);
        guests.rsvps.sort_unstable_by_key(|(id, _)| *id);
        guests.hear(about, roles);
        guests
    }

    /// What else was said of RSVPs: that they are still meant, that their lines are given up.
    fn hear(&mut self, about: &About<'_>, roles: &Roles<'_>) {
        for said in about.iter() {
            match about.post(said) {
                Some(Post::Confirm { event: _, rsvp, occ: _ }) => {
                    let Some(Some((guest, seq))) = self.find(rsvp) else { continue };
                    let guest = &mut self.list[guest];
                    if guest.feed == said.author().feed && seq >= guest.confirmed.0 {
                        guest.confirmed = (seq, Some(said.fact.id));
                    }
                }
                Some(Post::Release { event: _, rsvps, occ: _ }) => {
                    let Some(rank) = roles.right(said.fact, Role::Host) else { continue };
                    for rsvp in rsvps {
                        match self.find(rsvp) {
                            Some(Some((guest, seq))) => {
                                self.list[guest].released.push((seq, rank, said.fact.id));
                            }
                            Some(None) => {}
                            None => self.released.entry(*rsvp).or_default().push((rank, said.fact.id)),
                        }
                    }
                }
                None if said.fact.kind == kind::CONFIRM => self.incomplete |= said.is_missing(),
                _ => {}
            }
        }
    }

    /// Whose RSVP that is, and its place in their log, even where it was taken back.
    pub(super) fn author_of(&self, rsvp: &EntryId) -> Option<(FeedId, Seq)> {
        let (guest, seq) = self.find(rsvp)??;
        Some((self.list[guest].feed, seq))
    }

    /// The release by which no line of a host of that rank for an RSVP that is not held stands.
    fn unknown_release(&self, rsvp: &EntryId, rank: usize) -> Option<EntryId> {
        let covers = |(by, _): &&(usize, EntryId)| *by <= rank;
        self.released.get(rsvp)?.iter().find(covers).map(|(_, entry)| *entry)
    }

    fn find(&self, rsvp: &EntryId) -> Found {
        let at = self.rsvps.binary_search_by_key(&rsvp, |(id, _)| id).ok()?;
        Some(self.rsvps[at].1)
    }

    /// One host's lines in the order of the log, each with what became of it. Of several for one guest the one
    /// for the latest RSVP stands; of several for one RSVP the first. `closed`: when the host closed the list.
    pub(super) fn judge(
        &self,
        rank: usize,
        given: &[Given],
        closed: Option<(Seq, EntryId)>,
    ) -> Vec<Result<Line, Void>> {
        let mut unknown = BTreeSet::new();
        let mut latest = BTreeMap::<usize, (Seq, usize)>::new(); // The place named, and by which line first.
        let given: Vec<_> = given.iter().map(|line| (line, self.find(&line.rsvp))).collect();
        let after = |seq: Seq| closed.filter(|(closed, _)| seq > *closed);
        for (at, (line, found)) in given.iter().enumerate() {
            if let (Some(Some((guest, seq))), None) = (*found, after(line.seq)) {
                let best = latest.entry(guest).or_insert((seq, at));
                if seq > best.0 {
                    *best = (seq, at);
                }
            }
        }
        let mut judge = |(at, (line, found)): (usize, &(&Given, Found))| {
            if let Some((_, entry)) = after(line.seq) {
                return Err(Void::Closed(entry));
            }
            let persons = line.persons;
            match *found {
                None if !unknown.insert(line.rsvp) => Err(Void::Twice),
                None => match self.unknown_release(&line.rsvp, rank) {
                    Some(entry) => Err(Void::Released(entry)),
                    None => Ok(Line { guest: None, persons }),
                },
                Some(None) => Err(Void::NoRsvp),
                Some(Some((guest, seq))) => {
                    let who = &self.list[guest];
                    let persons = who.persons(seq).ok_or(Void::Answered(who.void_by))?.min(persons);
                    if latest[&guest].1 != at {
                        return Err(Void::Other);
                    }
                    match who.release(seq, rank) {
                        Some(entry) => Err(Void::Released(entry)),
                        None => Ok(Line { guest: Some((guest, seq)), persons }),
                    }
                }
            }
        };
        given.iter().enumerate().map(&mut judge).collect()
    }
}

impl Seating {
    /// `author`: the rank of the event's author, with whom every seat starts.
    pub(super) fn of(
        lists: &[HostsList],
        roles: &Roles<'_>,
        guests: &Guests<'_>,
        author: usize,
        (capacity, split): (Option<u32>, bool),
    ) -> Self {
        let logs = logs(lists, roles, guests);
        let quotas = capacity.map(|capacity| quotas(&logs, roles, author, capacity));
        let mut seating = Self { quotas: None, seated: vec![], waiting: vec![], free: capacity.map(|_| 0) };
        let mut seated = vec![false; guests.list.len()];
        let mut listed = vec![false; guests.list.len()];
        for (host, log) in logs.iter().enumerate() {
            let mut room = quotas.as_ref().map(|quotas| quotas[host]);
            let mut is_full = false; // Somebody did not fit: nobody passes them, unless parties may.
            for line in log.iter().filter_map(Item::line) {
                if line.guest.is_some_and(|(guest, _)| seated[guest]) {
                    continue; // A more senior host seated them.
                }
                let place = line.guest.map(|(guest, seq)| Place { guest, seq, persons: line.persons, host });
                if room.is_none_or(|room| line.persons <= room) && (split || !is_full) {
                    room = room.map(|room| room - line.persons);
                    seating.seated.extend(place.inspect(|place| seated[place.guest] = true));
                } else {
                    is_full = true;
                    let first = |place: &Place| !std::mem::replace(&mut listed[place.guest], true);
                    seating.waiting.extend(place.filter(first));
                }
            }
            // Whoever closed their list gives nobody a seat who is not on it.
            let room = room.map(|room| if lists[host].closed.is_some() { 0 } else { room });
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

/// What one host wrote about seats, as far as it counts.
#[derive(Default)]
pub(super) struct HostsList {
    /// In the order of the log.
    pub(super) given: Vec<Given>,
    /// When they closed it, and the entry.
    pub(super) closed: Option<(Seq, EntryId)>,
}

/// By rank: everybody's list.
pub(super) fn lists(about: &About<'_>, roles: &Roles<'_>) -> Vec<HostsList> {
    let mut lists: Vec<_> = roles.principals.iter().map(|_| HostsList::default()).collect();
    for said in about.iter() {
        let (seq, entry) = (said.fact.seq, said.fact.id);
        let rank = || roles.right(said.fact, Role::Host);
        match about.post(said) {
            Some(Post::Seat { event: _, lines, occ: _ }) => {
                let Some(rank) = rank() else { continue };
                let given = lines.iter().map(|&(rsvp, persons)| Given { seq, entry, rsvp, persons });
                lists[rank].given.extend(given);
            }
            Some(Post::Close { event: _, occ: _ }) => {
                let Some(rank) = rank() else { continue };
                // Entries come in the order of each log: the first stays.
                lists[rank].closed.get_or_insert((seq, entry));
            }
            _ => {}
        }
    }
    lists
}

/// By rank: standing lines and handovers in the order of each log.
fn logs(lists: &[HostsList], roles: &Roles<'_>, guests: &Guests<'_>) -> Vec<Vec<Item>> {
    let log = |(rank, list): (usize, &HostsList)| -> Vec<(Seq, Item)> {
        let lines = guests.judge(rank, &list.given, list.closed);
        let seqs = list.given.iter().map(|given| given.seq);
        seqs.zip(lines).filter_map(|(seq, line)| Some((seq, Item::Line(line.ok()?)))).collect()
    };
    let mut logs: Vec<_> = lists.iter().enumerate().map(log).collect();
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
fn quotas(logs: &[Vec<Item>], roles: &Roles<'_>, author: usize, capacity: u32) -> Vec<u32> {
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
fn needs(logs: &[Vec<Item>], roles: &Roles<'_>) -> Vec<u32> {
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
