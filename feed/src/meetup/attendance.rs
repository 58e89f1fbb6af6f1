//! How an evening went for each person: asked, seated, confirmed, came, excused, stayed away; and over many
//! events, how often. Source: spec/meetup.md, "steering".
//!
//! Absent on purpose: clocks. Whether an event is over is for the caller to say.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{AttendanceLine, EventState, SeatLine};
use crate::{EntryId, FeedId};

/// How one event went, or one occurrence.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Report {
    pub id: EntryId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occ: Option<String>,
    pub title: String,
    pub start: String,
    /// Whether it is over: before that nobody has stayed away.
    pub over: bool,
    /// Persons in each column, all people taken together.
    pub requested: u32,
    pub seated: u32,
    pub confirmed: u32,
    pub attended: u32,
    pub walked_in: u32,
    /// People, not persons: each of these is one answer.
    pub excused: u32,
    pub no_shows: u32,
    /// By feed id.
    pub people: Vec<Turnout>,
}

/// How one person's evening went.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Turnout {
    pub feed: FeedId,
    /// For how many persons they ask, themselves included; 0 = they do not.
    pub requested: u32,
    /// How many have a seat.
    pub seated: u32,
    pub confirmed: bool,
    /// How many came, as [`came`] counts; 0 = nobody.
    pub attended: u32,
    /// Came without an answer before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub walk_in: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
    /// Says that they were there, and no door does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub here: bool,
    /// Some host had ranked them, and they said no.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub excused: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_show: bool,
}

/// One person over many events.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Record {
    pub feed: FeedId,
    /// At how many events they asked for a seat or came.
    pub events: u32,
    pub seated: u32,
    pub confirmed: u32,
    pub attended: u32,
    pub late: u32,
    pub excused: u32,
    pub no_shows: u32,
}

/// How many persons came with somebody: as many as a door counted, else as many as have a seat, else one.
pub fn came(event: &EventState, line: &AttendanceLine) -> u32 {
    let seated = || event.seated.iter().find(|seat| seat.feed == line.feed).map(|seat| seat.party);
    line.persons.or_else(seated).unwrap_or(1)
}

/// How many persons are there, by the doors.
pub fn headcount(event: &EventState) -> u32 {
    event.attendance.iter().fold(0, |sum, line| sum.saturating_add(came(event, line)))
}

/// Who had a seat at an event that is over and stayed away, by feed id. Nobody did where it was cancelled or no
/// door counted; nor did who says that they were there, or who had a role: a door does not check itself in.
pub fn no_shows(event: &EventState) -> impl Iterator<Item = FeedId> {
    let counted = !event.cancelled && !event.attendance.is_empty();
    let seated = event.seated.iter().map(|line| line.feed).filter(move |_| counted);
    seated.filter(|feed| {
        let came = event.attendance.iter().any(|line| line.feed == *feed) || event.here.contains(feed);
        !came && !event.hosts.iter().any(|line| line.feed == *feed)
    })
}

/// How the event went. `ranked`: who stands, or once stood, on some host's list.
pub fn report(event: &EventState, ranked: &BTreeSet<FeedId>, over: bool) -> Report {
    let mut people = BTreeMap::<FeedId, Turnout>::new();
    let turnout = |feed: FeedId| Turnout {
        feed,
        requested: 0,
        seated: 0,
        confirmed: false,
        attended: 0,
        walk_in: false,
        late: false,
        left: false,
        here: false,
        excused: false,
        no_show: false,
    };
    let asked = [&event.seated, &event.waiting, &event.provisional, &event.unranked, &event.released];
    for line in asked.into_iter().flatten() {
        let SeatLine { feed, party, confirmed, .. } = line;
        let person = people.entry(*feed).or_insert_with(|| turnout(*feed));
        (person.requested, person.confirmed) = (*party, *confirmed);
    }
    for line in &event.seated {
        people.entry(line.feed).or_insert_with(|| turnout(line.feed)).seated = line.party;
    }
    for line in &event.attendance {
        let person = people.entry(line.feed).or_insert_with(|| turnout(line.feed));
        person.attended = came(event, line);
        (person.walk_in, person.late, person.left) = (line.rsvp.is_none(), line.late, line.left);
    }
    for feed in &event.here {
        people.entry(*feed).or_insert_with(|| turnout(*feed)).here = true;
    }
    for feed in event.no.iter().filter(|feed| ranked.contains(feed)) {
        people.entry(*feed).or_insert_with(|| turnout(*feed)).excused = true;
    }
    for feed in no_shows(event).filter(|_| over) {
        people.entry(feed).or_insert_with(|| turnout(feed)).no_show = true;
    }
    let people: Vec<_> = people.into_values().collect();
    let sum = |of: fn(&Turnout) -> u32| people.iter().fold(0_u32, |sum, one| sum.saturating_add(of(one)));
    Report {
        id: event.id,
        occ: event.occ.clone(),
        title: event.title.clone(),
        start: event.start.clone(),
        over,
        requested: sum(|one| one.requested),
        seated: sum(|one| one.seated),
        confirmed: sum(|one| if one.confirmed { one.seated } else { 0 }),
        attended: sum(|one| one.attended),
        walked_in: sum(|one| if one.walk_in { one.attended } else { 0 }),
        excused: sum(|one| one.excused.into()),
        no_shows: sum(|one| one.no_show.into()),
        people,
    }
}

/// Everybody over these events, by feed id.
pub fn records(reports: &[Report]) -> Vec<Record> {
    let mut records = BTreeMap::<FeedId, Record>::new();
    for one in reports.iter().flat_map(|report| &report.people) {
        let zero = || Record {
            feed: one.feed,
            events: 0,
            seated: 0,
            confirmed: 0,
            attended: 0,
            late: 0,
            excused: 0,
            no_shows: 0,
        };
        let record = records.entry(one.feed).or_insert_with(zero);
        record.events += 1;
        record.seated += u32::from(one.seated > 0);
        record.confirmed += u32::from(one.confirmed);
        record.attended += u32::from(one.attended > 0);
        record.late += u32::from(one.late);
        record.excused += u32::from(one.excused);
        record.no_shows += u32::from(one.no_show);
    }
    records.into_values().collect()
}
