//! Why somebody stands with an event as they do: the rules that decided, each with the entries it rests on.
//!
//! Made from the very structures that the fold decides by, so that it cannot tell another story.
//!
//! Absent on purpose: words. Who shows it has names, zones and a language.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::about::About;
use super::agenda::{Standing, standing};
use super::event::{Event, Folded, lottery};
use super::seats::Void;
use super::{Facts, Role};
use crate::post::Answer;
use crate::{EntryId, FeedId, NetId, Post};

/// A verdict and what it rests on, in the order in which the rules decide.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Why {
    pub feed: FeedId,
    pub standing: Option<Standing>,
    pub reasons: Vec<Reason>,
}

/// One rule applied. `entry`: the post that it rests on.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Reason {
    /// The event, or this occurrence, is called off.
    Cancelled { entry: EntryId },
    /// They never answered.
    NoAnswer,
    /// They took their last answer back.
    TookBack { entry: EntryId },
    /// Their last answer.
    Answered { entry: EntryId, answer: Answer, party: u32 },
    /// Time or place are others now than in the answer: these updates say so.
    Stale { entries: Vec<EntryId> },
    /// They still mean it.
    Confirmed { entry: EntryId },
    /// Somebody ranked them and it does not count. `by`: the entry that voids the line.
    Void { entry: EntryId, host: FeedId, why: VoidLine, by: Option<EntryId> },
    /// The line that counts: at this place, from 1, of the host's list, with so many persons before it.
    Ranked { entry: EntryId, host: FeedId, place: u32, persons: u32, before: u32 },
    /// How many seats that host has to give (`None`: no limit), and the grants by which they came.
    Share { host: FeedId, seats: Option<u32>, entries: Vec<EntryId> },
    /// The line fits into the share.
    Fits,
    /// It does not, or an earlier one did not: so it waits, at this place of the whole list from 1.
    Waits { place: u32 },
    /// Their line was given up, and no other stands.
    Released { entry: EntryId, host: FeedId },
    /// No host has ranked the answer. By lot it has this place, from 1, among so many, for so many free seats.
    Lot { place: u32, of: u32, free: Option<u32> },
    /// Doors that countersigned, and what they stamped.
    Attended { doors: Vec<FeedId>, entries: Vec<EntryId> },
    /// They say that they are there, and no door does.
    Here { entries: Vec<EntryId> },
}

/// Why a line does not count.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum VoidLine {
    /// Its author had no right to give seats, or no more.
    NoRight,
    /// The guest said something else, or took the answer back, after the one it names.
    AnsweredSince,
    /// It was given up.
    Released,
    /// Another line of that host counts instead.
    OtherLine,
    /// The host had closed their list.
    Closed,
}

impl Reason {
    /// The posts that it rests on.
    pub fn entries(&self) -> Vec<EntryId> {
        match self {
            Self::NoAnswer | Self::Fits | Self::Waits { .. } | Self::Lot { .. } => vec![],
            Self::Cancelled { entry }
            | Self::TookBack { entry }
            | Self::Answered { entry, .. }
            | Self::Confirmed { entry }
            | Self::Ranked { entry, .. }
            | Self::Released { entry, .. } => vec![*entry],
            Self::Void { entry, by, .. } => [Some(*entry), *by].into_iter().flatten().collect(),
            Self::Stale { entries }
            | Self::Share { entries, .. }
            | Self::Attended { entries, .. }
            | Self::Here { entries } => entries.clone(),
        }
    }
}

impl Facts {
    /// Why `who` stands with the event, or with an occurrence of it, as they do; `None` if there is no such.
    pub fn why(&self, net: &NetId, id: EntryId, occ: Option<&str>, who: FeedId) -> Option<Why> {
        let persons = self.persons();
        let group = persons.group_of(id);
        let event = persons.event(id, group.as_ref())?;
        let about = match occ {
            None => event.about(),
            Some(occ) => event.at(occ)?,
        };
        let folded = event.fold(net, &about)?;
        let first = self.lineage.first_key(who);
        let mut reasons = Vec::new();
        reasons.extend(event.cancelled.or(folded.skipped).map(|entry| Reason::Cancelled { entry }));
        match folded.guests.list.iter().position(|guest| guest.feed == first) {
            Some(at) => of_guest(&event, &folded, id, at, &mut reasons),
            None => reasons.push(Reason::NoAnswer),
        }
        lines_without_right(&event, &about, &folded, first, &mut reasons);
        if let Some(entries) = folded.came.get(&first).cloned() {
            let line = folded.state.attendance.iter().find(|line| line.feed == first);
            reasons.push(match line {
                Some(line) => Reason::Attended { doors: line.doors.clone(), entries },
                None => Reason::Here { entries },
            });
        }
        let standing = standing(&folded.state, &first);
        let mut why = Why { feed: first, standing, reasons };
        why.name_by_today(&self.lineage);
        Some(why)
    }
}

fn of_guest(event: &Event<'_>, folded: &Folded<'_>, id: EntryId, at: usize, reasons: &mut Vec<Reason>) {
    let guest = &folded.guests.list[at];
    let state = &folded.state;
    match (&guest.wish, guest.void_by) {
        (Some(wish), _) => {
            let (entry, answer, party) = (wish.rsvp, wish.answer, wish.party);
            reasons.push(Reason::Answered { entry, answer, party });
            let lists = [&state.seated, &state.waiting, &state.provisional, &state.unranked, &state.released];
            let is_stale = lists.into_iter().flatten().any(|line| line.feed == guest.feed && line.stale);
            if is_stale {
                reasons.push(Reason::Stale { entries: state.tips.clone() });
            }
        }
        (None, Some(entry)) => reasons.push(Reason::TookBack { entry }),
        (None, None) => reasons.push(Reason::NoAnswer),
    }
    reasons.extend(guest.confirmation().map(|entry| Reason::Confirmed { entry }));
    let mut is_ranked = false;
    for (rank, host) in event.roles.principals.iter().enumerate() {
        is_ranked |= of_host(event, folded, at, (rank, host.person.feed), reasons);
    }
    if let Some(place) = state.waiting.iter().position(|line| line.feed == guest.feed) {
        reasons.push(Reason::Waits { place: ordinal(place) });
    } else if state.seated.iter().any(|line| line.feed == guest.feed) {
        reasons.push(Reason::Fits);
    } else if let Some((rank, entry)) = guest.last_release().filter(|_| !is_ranked) {
        reasons.push(Reason::Released { entry, host: event.roles.principals[rank].person.feed });
    }
    let mut lots: Vec<_> = state.provisional.iter().chain(&state.unranked).map(|line| line.feed).collect();
    lots.sort_by_key(|feed| (lottery(id, feed), *feed));
    if let Some(place) = lots.iter().position(|feed| *feed == guest.feed) {
        let free = folded.seating.free;
        reasons.push(Reason::Lot { place: ordinal(place), of: ordinal(lots.len()).saturating_sub(1), free });
    }
}

/// What one host's list says of a guest. Whether a line of it stands.
fn of_host(
    event: &Event<'_>,
    folded: &Folded<'_>,
    guest: usize,
    (rank, host): (usize, FeedId),
    reasons: &mut Vec<Reason>,
) -> bool {
    let list = &folded.lists[rank];
    let (mut place, mut before, mut stands) = (0u32, 0u32, false);
    for (given, judged) in list.given.iter().zip(folded.guests.judge(rank, &list.given, list.closed)) {
        let names = || folded.guests.author_of(&given.rsvp).map(|(feed, _)| feed);
        let is_theirs = names() == Some(folded.guests.list[guest].feed);
        let entry = given.entry;
        match judged {
            Ok(line) => {
                place += 1;
                if is_theirs {
                    stands = true;
                    reasons.push(Reason::Ranked { entry, host, place, persons: line.persons, before });
                    let seats = folded.seating.quotas.as_ref().map(|quotas| quotas[rank]);
                    let person = event.roles.principals[rank].person;
                    let grants = event.roles.handovers.iter().filter(|handover| handover.to == person);
                    let entries = grants.filter(|handover| handover.quota > 0).map(|handover| handover.grant);
                    reasons.push(Reason::Share { host, seats, entries: entries.collect() });
                }
                before = before.saturating_add(line.persons);
            }
            Err(void) if is_theirs => {
                let (why, by) = match void {
                    Void::Answered(by) => (VoidLine::AnsweredSince, by),
                    Void::Released(by) => (VoidLine::Released, Some(by)),
                    Void::Closed(by) => (VoidLine::Closed, Some(by)),
                    Void::Twice | Void::NoRsvp | Void::Other => (VoidLine::OtherLine, None),
                };
                reasons.push(Reason::Void { entry, host, why, by });
            }
            Err(_) => {}
        }
    }
    stands
}

/// Lines for that guest by authors who had no right to write them.
fn lines_without_right(
    event: &Event<'_>,
    about: &About<'_>,
    folded: &Folded<'_>,
    guest: FeedId,
    reasons: &mut Vec<Reason>,
) {
    for said in about.iter() {
        let Some(Post::Seat { lines, .. }) = about.post(said) else { continue };
        if event.roles.right(said.fact, Role::Host).is_some() {
            continue;
        }
        let theirs =
            |(rsvp, _): &(EntryId, u32)| folded.guests.author_of(rsvp).is_some_and(|(feed, _)| feed == guest);
        if lines.iter().any(theirs) {
            let (entry, host) = (said.fact.id, said.author().feed);
            let by = event.roles.void_at(said.author(), said.fact.seq, &entry);
            reasons.push(Reason::Void { entry, host, why: VoidLine::NoRight, by });
        }
    }
}

impl Why {
    /// The entries that the reasons name, each once.
    pub fn entries(&self) -> BTreeSet<EntryId> {
        self.reasons.iter().flat_map(Reason::entries).collect()
    }

    /// Everybody who occurs in it.
    pub fn people(&self) -> BTreeSet<FeedId> {
        let named = |reason: &Reason| match reason {
            Reason::Void { host, .. }
            | Reason::Ranked { host, .. }
            | Reason::Share { host, .. }
            | Reason::Released { host, .. } => vec![*host],
            Reason::Attended { doors, .. } => doors.clone(),
            _ => vec![],
        };
        self.reasons.iter().flat_map(named).chain([self.feed]).collect()
    }

    /// The one entry that says how they stand: the line or release of a host, or else their own word.
    pub fn deciding(&self) -> Option<EntryId> {
        let by_host = self.reasons.iter().rev().find_map(|reason| match reason {
            Reason::Ranked { entry, .. } | Reason::Released { entry, .. } => Some(*entry),
            _ => None,
        });
        let own = self.reasons.iter().find_map(|reason| match reason {
            Reason::Answered { entry, .. } | Reason::TookBack { entry } => Some(*entry),
            _ => None,
        });
        by_host.or(own)
    }

    /// Everybody under their key of today.
    fn name_by_today(&mut self, lineage: &crate::Lineage) {
        self.feed = lineage.now(self.feed);
        for reason in &mut self.reasons {
            match reason {
                Reason::Void { host, .. }
                | Reason::Ranked { host, .. }
                | Reason::Share { host, .. }
                | Reason::Released { host, .. } => *host = lineage.now(*host),
                Reason::Attended { doors, .. } => {
                    doors.iter_mut().for_each(|door| *door = lineage.now(*door))
                }
                _ => {}
            }
        }
    }
}

fn ordinal(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX).saturating_add(1)
}
