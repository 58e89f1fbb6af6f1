//! What concerns this node's person now: a seat, a change, a deadline, an answer to what they said.
//! Source: spec/meetup.md, "telling".
//!
//! [`of_event`] is a pure function of an event as folded and of the time. Which of its notices were told already
//! is the owner's to remember ([`is_news`]), and how they are told the program's.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::meetup::agenda::{self, Standing, hosts, standing, start_ms};
use klatch_feed::meetup::{RoleLine, SeatLine};
use klatch_feed::post::Role;
use klatch_feed::{EntryId, EventState, FeedId, GroupState};
use serde::{Deserialize, Serialize};

use crate::foreign;
use crate::names::short;

/// A time as people read it.
const AS_READ: &str = "%a %-d %b %Y, %H:%M";
/// Minutes before the start at which it is soon.
const SOON: i64 = 2 * 60;
/// Minutes before the deadline from which a confirmation is asked for.
const CONFIRM: i64 = 24 * 60;
const MINUTE_MS: i64 = 60_000;
/// Most people whom one notice names.
pub(super) const PEOPLE_MAX: usize = 100;
/// ... in its sentence.
const SAID_MAX: usize = 3;
/// So long what a group made of somebody is listed after it was told.
const LISTED_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// One thing that concerns this node's person.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Notice {
    /// The event, or the group.
    pub object: EntryId,
    /// The occurrence of a series, by its original local start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occ: Option<String>,
    pub title: String,
    /// Local start and zone of an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<i64>,
    /// Only the dates count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_day: bool,
    pub what: What,
    /// Why it is cancelled, if somebody said so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// When the running node told it; absent where none did yet. Milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_ms: Option<u64>,
}

/// What it is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "JSON that people see")]
pub enum What {
    /// A host gave a seat for so many persons.
    Seated { rsvp: EntryId, persons: u32 },
    /// On the waiting list, at this place from 1.
    Waiting { rsvp: EntryId, place: u32 },
    /// A host gave the line up; `waited`: of somebody who had not been told of a seat.
    Released {
        rsvp: EntryId,
        #[serde(default)]
        waited: bool,
    },
    /// Time or place changed after the answer was given.
    Changed { start: String, zone: String, place: String },
    /// It does not take place.
    Cancelled,
    /// The seat is given up then, unless the guest confirms. Milliseconds since 1970.
    ConfirmBy { by_ms: i64 },
    /// It begins soon, at that time.
    Soon { start_ms: i64 },
    /// Somebody answered a comment.
    Reply { comment: EntryId, feed: FeedId, name: String, text: String },
    /// A host announced something.
    Announced { comment: EntryId, feed: FeedId, name: String, text: String },
    /// These ask to join the group, and this person can let them in. Nobody: noted, and not told.
    Asking { people: BTreeMap<FeedId, String> },
    /// It is stated that this person, an owner, is silent, and who is to go on for them; if it is enough, who does.
    Silent { heir: FeedId, name: String, reached: bool },
    /// These said yes, and no node ranks them by itself: this person can. By which answers.
    ToSeat {
        people: BTreeMap<FeedId, String>,
        #[serde(default)]
        rsvps: BTreeSet<EntryId>,
    },
    /// This person asks to join the group: noted, and not told, since it is their own doing.
    Asks,
    /// An organizer let this person in, who had asked or was removed.
    Joined,
    /// Somebody took this person out of the group, or their role there from them.
    Removed,
    /// This person has that role there, by the word of another.
    Role { role: Role },
    /// New in a group of theirs, called so; where it came of a poll that they voted in, what that asked.
    Scheduled {
        group: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question: Option<String>,
    },
    /// A member asks the group when something should be.
    Asked { poll: EntryId, feed: FeedId, name: String, question: String },
}

impl What {
    /// Tells kinds apart of which a notice on the same event or occurrence replaces the one before.
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Seated { .. } | Self::Waiting { .. } | Self::Released { .. } => 1,
            Self::Changed { .. } => 2,
            Self::Cancelled => 3,
            Self::ConfirmBy { .. } => 4,
            Self::Soon { .. } => 5,
            Self::Reply { .. } => 6,
            Self::Announced { .. } => 7,
            Self::Asking { .. } => 8,
            Self::Silent { .. } => 9,
            Self::ToSeat { .. } => 10,
            Self::Asks | Self::Joined | Self::Removed | Self::Role { .. } => 11,
            Self::Scheduled { .. } => 12,
            Self::Asked { .. } => 13,
        }
    }

    /// The comment or poll that it is about, or who is to go on: each is told by itself.
    pub(super) fn about(&self) -> Option<&[u8; 32]> {
        match self {
            Self::Reply { comment, .. } | Self::Announced { comment, .. } => Some(comment.as_bytes()),
            Self::Silent { heir, .. } => Some(heir.as_bytes()),
            Self::Asked { poll, .. } => Some(poll.as_bytes()),
            _ => None,
        }
    }

    /// Whether each date of a series has it of its own.
    pub(super) fn is_of_date(&self) -> bool {
        matches!(self, Self::ConfirmBy { .. } | Self::Soon { .. } | Self::ToSeat { .. })
    }

    /// Whether it holds for good, so that what was told of it is never forgotten.
    pub(super) fn is_lasting(&self) -> bool {
        self.code() == 11
    }

    /// Whether the inbox lists it: of what others made of this person only what they were told within that time, or
    /// not yet.
    pub(super) fn is_listed(&self, told_ms: Option<u64>, now_ms: u64) -> bool {
        let is_fresh = told_ms.map(|told| told.saturating_add(LISTED_MS) > now_ms);
        match self {
            Self::Asks => false,
            Self::Asking { people } => !people.is_empty(),
            Self::Joined => is_fresh == Some(true),
            Self::Removed | Self::Role { .. } => is_fresh != Some(false),
            _ => true,
        }
    }
}

impl Notice {
    /// What to type next.
    pub fn next_step(&self) -> Option<String> {
        let object = short(&self.object);
        let on = self.occ.as_deref().map(|occ| format!(" --on {occ}")).unwrap_or_default();
        match &self.what {
            What::Released { .. } | What::Changed { .. } => Some(format!("klatch rsvp {object} yes{on}")),
            What::ConfirmBy { .. } => Some(format!("klatch confirm {object}{on}")),
            What::Silent { .. } => Some(format!("klatch group present {object}")),
            What::Scheduled { .. } => Some(format!("klatch rsvp {object} yes")),
            What::Asked { poll, .. } => Some(format!("klatch poll show {}", short(poll))),
            What::Joined => Some(format!("klatch group show {object}")),
            What::ToSeat { .. } => Some(format!("klatch event admit {object}{on}")),
            What::Asking { people } => {
                let who = people.keys().next().map(short)?;
                Some(format!("klatch group accept {object} {who}"))
            }
            _ => None,
        }
    }

    /// A notice about a group, or about a comment on an event or group.
    pub(crate) fn undated(object: EntryId, title: &str, what: What) -> Self {
        let (occ, start, zone, start_ms, all_day, reason, told_ms) = Default::default();
        Self { object, occ, title: title.to_owned(), start, zone, start_ms, all_day, what, reason, told_ms }
    }

    /// The notice in one line, harmless in a terminal.
    pub fn sentence(&self) -> String {
        let title = foreign::line(&self.title);
        let at = |start: &str, zone: &str| match klatch_feed::post::instant(start, zone) {
            Ok(at) if self.all_day => at.format("%a %-d %b %Y").to_string(),
            Ok(at) => format!("{} {zone}", at.format(AS_READ)),
            Err(_) => format!("{} {}", foreign::line(&start.replacen('T', " ", 1)), foreign::line(zone)),
        };
        let when = match (&self.start, &self.zone) {
            (Some(start), Some(zone)) => format!(", {}", at(start, zone)),
            _ => String::new(),
        };
        match &self.what {
            What::Seated { persons: 1, .. } => format!("you have a seat: {title}{when}"),
            What::Seated { persons, .. } => format!("you have a seat for {persons}: {title}{when}"),
            What::Waiting { place, .. } => {
                format!("you are at place {place} of the waiting list: {title}{when}")
            }
            What::Released { waited: false, .. } => format!("a host gave your seat up: {title}{when}"),
            What::Released { .. } => format!("a host took you off the list: {title}{when}"),
            What::Changed { start, zone, place } => {
                let there =
                    if place.is_empty() { String::new() } else { format!(", {}", foreign::line(place)) };
                format!("changed since you answered: {title} is {}{there}", at(start, zone))
            }
            What::Cancelled if self.reason.is_empty() => format!("cancelled: {title}{when}"),
            What::Cancelled => format!("cancelled: {title}{when}: {}", foreign::line(&self.reason)),
            What::ConfirmBy { by_ms } => {
                let by = self.zone.as_deref().and_then(|zone| local(*by_ms, zone)).unwrap_or_default();
                format!("confirm{by} that you come, or the seat is given up: {title}{when}")
            }
            What::Soon { .. } => format!("begins soon: {title}{when}"),
            What::Reply { name, text, .. } => {
                format!("{} answered you on {title}: {}", foreign::line(name), foreign::line(text))
            }
            What::Announced { name, text, .. } => {
                format!("{} announces on {title}: {}", foreign::line(name), foreign::line(text))
            }
            What::Asking { people } => format!("asking to join {title}: {}", named(people)),
            What::Silent { name, reached: false, .. } => {
                format!(
                    "it is stated in {title} that you are silent, and that {} is to go on for you",
                    foreign::line(name)
                )
            }
            What::Silent { name, .. } => {
                format!(
                    "you are taken for silent in {title}: {} goes on for you until you answer",
                    foreign::line(name)
                )
            }
            What::ToSeat { people, .. } => {
                format!("waiting for you to give a seat: {}: {title}{when}", named(people))
            }
            What::Asks => format!("you ask to join {title}"),
            What::Joined => format!("you were let into {title}"),
            What::Removed => format!("you were removed from {title}: what you do there counts no more"),
            What::Role { role } => format!("you are {} of {title} now{when}", a_role(*role)),
            What::Scheduled { group, question: None } => {
                format!("new in {}: {title}{when}", foreign::line(group))
            }
            What::Scheduled { group, question: Some(question) } => {
                // An event that came of a poll is called as that asked, unless somebody named it.
                let question = foreign::line(question);
                let asked = if question == title { String::new() } else { question + ": " };
                format!("the poll you voted in is settled in {}: {asked}{title}{when}", foreign::line(group))
            }
            What::Asked { name, question, .. } => {
                format!("{} asks {title} for a date: {}", foreign::line(name), foreign::line(question))
            }
        }
    }
}

fn a_role(role: Role) -> &'static str {
    match role {
        Role::Owner => "an owner",
        Role::Organizer => "an organizer",
        Role::Host => "a host",
        Role::Door => "a doorkeeper",
    }
}

/// The first of them by name, and how many more.
fn named(people: &BTreeMap<FeedId, String>) -> String {
    let names: Vec<_> = people.values().take(SAID_MAX).map(|name| foreign::line(name)).collect();
    let more = people.len().saturating_sub(SAID_MAX);
    names.join(", ") + &(if more == 0 { String::new() } else { format!(" and {more} more") })
}

/// ` by Thu 10 Dec 2026, 18:30` in a zone, if this node knows it.
fn local(at_ms: i64, zone: &str) -> Option<String> {
    let zone: chrono_tz::Tz = zone.parse().ok()?;
    let at = chrono::DateTime::from_timestamp_millis(at_ms)?;
    Some(format!(" by {}", at.with_timezone(&zone).format(AS_READ)))
}

/// What there is to tell of an event or occurrence, and when to look again though nothing comes in.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Look {
    pub(super) notices: Vec<Notice>,
    pub(super) next_ms: Option<i64>,
}

/// Whether it is time to confirm a seat at an event or occurrence that asks for that; of a series as a whole always.
pub(crate) fn is_time_to_confirm(event: &EventState, now_ms: i64) -> bool {
    let is_series = event.founded_start.is_some() && event.occ.is_none();
    let start = start_ms(&event.start, &event.zone).filter(|_| !is_series);
    let from = start.map(|start| start.saturating_sub((i64::from(event.confirm_by) + CONFIRM) * MINUTE_MS));
    event.confirm_by > 0 && from.is_none_or(|from| from <= now_ms)
}

/// Whether an event, or some occurrence of it, may concern somebody at all.
pub(super) fn concerns(event: &EventState, me: &FeedId) -> bool {
    agenda::concerns(event, me) || !event.occurrences.is_empty()
}

/// What concerns `me` of an event or occurrence at `now_ms`, milliseconds since 1970. Nothing once it is over.
pub(super) fn of_event(event: &EventState, me: &FeedId, now_ms: i64) -> Look {
    let mut look = Look::default();
    let stands = standing(event, me).filter(|stands| *stands != Standing::No);
    // A series ends with its last occurrence, and each of those is looked at by itself.
    let is_series = event.founded_start.is_some() && event.occ.is_none();
    let start = start_ms(&event.start, &event.zone).filter(|_| !is_series);
    let end = start.and_then(|_| agenda::end_ms(event, &event.start));
    let nobody = stands.is_none() && !hosts(event, me);
    if nobody || end.is_some_and(|end| end <= now_ms) {
        return look;
    }
    let mut found = Vec::new();
    match stands {
        Some(_) if event.cancelled => found.push(What::Cancelled),
        _ if event.cancelled => {}
        Some(stands) => found.extend(mine(event, me, stands)),
        None => {}
    }
    if let Some(start) = start.filter(|_| !event.cancelled) {
        let seat = event.seated.iter().find(|line| line.feed == *me);
        let asks = event.confirm_by > 0 && seat.is_some_and(|line| !line.confirmed);
        let by_ms = start.saturating_sub(i64::from(event.confirm_by) * MINUTE_MS);
        if asks && look.is_in(by_ms, CONFIRM, now_ms) {
            found.push(What::ConfirmBy { by_ms });
        }
        let comes = !matches!(stands, Some(Standing::Waiting(_) | Standing::Unranked | Standing::Released));
        if comes && look.is_in(start, SOON, now_ms) {
            found.push(What::Soon { start_ms: start });
        }
        // What is over is told no more.
        look.again_at(end.filter(|_| !found.is_empty()), now_ms);
    }
    look.notices = found.into_iter().map(|what| notice(event, what)).collect();
    look
}

/// How somebody who answered stands, and whether what they answered to is as it was.
fn mine(event: &EventState, me: &FeedId, stands: Standing) -> Vec<What> {
    let EventState { seated, waiting, released, provisional, unranked, maybe, .. } = event;
    let lines = [seated, waiting, released, provisional, unranked, maybe];
    let Some(line) = lines.into_iter().flatten().find(|line: &&SeatLine| line.feed == *me) else {
        return Vec::new();
    };
    let mut found = match stands {
        Standing::Seated => vec![What::Seated { rsvp: line.rsvp, persons: line.party }],
        Standing::Waiting(place) => vec![What::Waiting { rsvp: line.rsvp, place }],
        Standing::Released => vec![What::Released { rsvp: line.rsvp, waited: true }],
        _ => Vec::new(),
    };
    if line.stale {
        let (start, zone) = (event.start.clone(), event.zone.clone());
        found.push(What::Changed { start, zone, place: event.place.clone() });
    }
    found
}

/// What concerns `me` of a group. `name` is what somebody is called here.
pub(super) fn of_group<E>(
    group: &GroupState,
    me: &FeedId,
    name: impl Fn(&FeedId) -> Result<String, E>,
) -> Result<Vec<Notice>, E> {
    let mut found = Vec::new();
    let role = role_in(&group.roles, me);
    if role.is_some_and(|role| role <= Role::Organizer) {
        found.push(What::Asking { people: called(&group.asking, &name)? });
    }
    found.extend(membership(group, me, role));
    for line in group.silent.iter().filter(|line| line.subject == *me) {
        found.push(What::Silent { heir: line.heir, name: name(&line.heir)?, reached: line.reached });
    }
    Ok(found.into_iter().map(|what| Notice::undated(group.id, &group.name, what)).collect())
}

/// What a group made of `me`, who has that role there; nothing of what is their own doing alone.
fn membership(group: &GroupState, me: &FeedId, role: Option<Role>) -> Option<What> {
    let is_cut = group.roles.iter().any(|line| line.feed == *me && line.cut.is_some());
    let is_silent = group.silent.iter().any(|line| line.subject == *me && line.reached);
    if group.founder == *me || (is_cut && is_silent) {
        return None;
    }
    match role {
        Some(role) => Some(What::Role { role }),
        None if is_cut || group.removed.contains(me) => Some(What::Removed),
        None if group.asking.contains(me) => Some(What::Asks),
        None => group.members.contains(me).then_some(What::Joined),
    }
}

/// What somebody may do there now.
pub(super) fn role_in(roles: &[RoleLine], who: &FeedId) -> Option<Role> {
    roles.iter().find(|line| line.feed == *who && line.cut.is_none()).map(|line| line.role)
}

/// That `me` was made a host of an event of somebody else, where the group, in which they have that role, does not
/// make them one already.
pub(super) fn hosting(event: &EventState, me: &FeedId, in_group: Option<Role>) -> Option<Notice> {
    let role = role_in(&event.hosts, me).filter(|role| *role <= Role::Host)?;
    let is_given = event.author != *me && in_group.is_none_or(|has| role < has);
    (is_given && event.occ.is_none() && !event.cancelled).then(|| notice(event, What::Role { role }))
}

/// That these answers to an event wait for a person who hosts it; nothing where there are none.
pub(super) fn to_seat<E>(
    event: &EventState,
    lines: &[&SeatLine],
    name: impl Fn(&FeedId) -> Result<String, E>,
) -> Result<Option<Notice>, E> {
    let people: Vec<_> = lines.iter().map(|line| line.feed).collect();
    let rsvps = lines.iter().take(PEOPLE_MAX).map(|line| line.rsvp).collect();
    let what = What::ToSeat { people: called(&people, name)?, rsvps };
    Ok((!people.is_empty()).then(|| notice(event, what)))
}

fn called<E>(
    people: &[FeedId],
    name: impl Fn(&FeedId) -> Result<String, E>,
) -> Result<BTreeMap<FeedId, String>, E> {
    people.iter().take(PEOPLE_MAX).map(|feed| Ok((*feed, name(feed)?))).collect()
}

impl Look {
    /// Whether it is within so many minutes before `at`; if it is too early, when to look again.
    fn is_in(&mut self, at_ms: i64, minutes: i64, now_ms: i64) -> bool {
        let from = at_ms.saturating_sub(minutes * MINUTE_MS);
        self.again_at(Some(if now_ms < from { from } else { at_ms }), now_ms);
        from <= now_ms && now_ms < at_ms
    }

    fn again_at(&mut self, at_ms: Option<i64>, now_ms: i64) {
        self.next_ms = self.next_ms.into_iter().chain(at_ms.filter(|at| *at > now_ms)).min();
    }
}

pub(super) fn notice(event: &EventState, what: What) -> Notice {
    let is_series = event.founded_start.is_some() && event.occ.is_none();
    let start_ms = start_ms(&event.start, &event.zone).filter(|_| !is_series);
    Notice {
        object: event.id,
        occ: event.occ.clone(),
        title: event.title.clone(),
        start: Some(event.start.clone()),
        zone: Some(event.zone.clone()),
        start_ms,
        all_day: event.all_day,
        what,
        reason: String::new(),
        told_ms: None,
    }
}

/// What to do with a notice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum News {
    Tell,
    /// Keep it, so that what comes after it is told.
    Note,
    Known,
}

/// What is said after `before` was told: a line that was given up was a seat if that was told.
pub(super) fn after(before: Option<&What>, what: What) -> What {
    match (before, what) {
        (Some(What::Seated { .. }), What::Released { rsvp, .. }) => What::Released { rsvp, waited: false },
        (Some(What::Released { rsvp: old, waited }), What::Released { rsvp, .. }) if *old == rsvp => {
            What::Released { rsvp, waited: *waited }
        }
        (_, what) => what,
    }
}

/// What to do with a notice after `before` was told or noted, of the same code and about the same. A place in the
/// list that got worse is not told: whoever waits looks forward. Nor are fewer people, but who comes back is.
pub(super) fn news(before: Option<&What>, what: &What) -> News {
    let tell = |is_news| if is_news { News::Tell } else { News::Known };
    match (before, what) {
        (Some(What::Waiting { rsvp: old, place: before }), What::Waiting { rsvp, place }) => {
            tell(old != rsvp || place < before)
        }
        (before, What::Asking { people }) => {
            let none = BTreeMap::new();
            let old = if let Some(What::Asking { people }) = before { people } else { &none };
            match people.keys().any(|feed| !old.contains_key(feed)) {
                true => News::Tell,
                false if people.len() < old.len() => News::Note,
                false => News::Known,
            }
        }
        // Noted before answers were: by people.
        (Some(What::ToSeat { people: old, rsvps: told }), What::ToSeat { people, .. }) if told.is_empty() => {
            tell(people.keys().any(|feed| !old.contains_key(feed)))
        }
        (Some(What::ToSeat { rsvps: old, .. }), What::ToSeat { rsvps, .. }) => tell(!rsvps.is_subset(old)),
        (Some(What::Silent { reached: old, .. }), What::Silent { reached, .. }) => tell(*reached && !old),
        (Some(What::Scheduled { question: old, .. }), What::Scheduled { question, .. }) => {
            tell(old.is_none() && question.is_some())
        }
        (Some(What::Asked { .. }), What::Asked { .. }) => News::Known,
        (before, What::Asks) if before != Some(&What::Asks) => News::Note,
        (before, What::Joined) => tell(matches!(before, Some(What::Asks | What::Removed))),
        (before, what) => tell(before != Some(what)),
    }
}

/// Leaves out what an occurrence has of the series, which says it already.
pub(super) fn without_repeats(notices: Vec<Notice>) -> Vec<Notice> {
    let whole: Vec<_> = notices.iter().filter(|notice| notice.occ.is_none()).cloned().collect();
    let says = |of: &Notice, notice: &Notice| {
        let is_same = match (&of.what, &notice.what) {
            (What::Changed { .. }, _) => true,
            (What::ToSeat { rsvps: all, .. }, What::ToSeat { rsvps, .. }) => rsvps.is_subset(all),
            (of, what) => of == what,
        };
        of.object == notice.object && of.what.code() == notice.what.code() && is_same
    };
    let is_own = |notice: &Notice| notice.occ.is_none() || !whole.iter().any(|of| says(of, notice));
    notices.into_iter().filter(is_own).collect()
}

#[cfg(test)]
mod tests;
