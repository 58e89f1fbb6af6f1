//! What a pub shows to everybody on the web: of the groups and events that their hosts made public those that its operator
//! lists. Source: spec/pub.md, "public pages".
//!
//! Guests are left out here, before anything is shown anywhere; people are called what they call themselves.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::meetup::agenda::{end_ms, persons};
use klatch_feed::post::{OCCURRENCES_MAX, instant};
use klatch_feed::{EntryId, EventState};
use klatch_store::{DiskError, Snapshot};
use serde::{Deserialize, Serialize};

use super::{PubResponse, no_effect, role};
use crate::calendar::Dated;
use crate::daemon::{Among, Handle, Local, Refusal, Request, Response, Spaces, hidden, own_name};
use crate::names;
use crate::published::{PUBLIC, Published, PublishedEvent, is_public};
use crate::share::{Address, ShareLine};

/// Most groups and events that may be listed.
pub const LISTED_MAX: usize = 200;
/// Most dates that are shown; earlier ones are left out first.
pub const DATES_MAX: usize = 5_000;

/// What is shown.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Site {
    /// What the pub calls itself.
    pub name: String,
    /// Those that are listed.
    pub groups: Vec<SiteGroup>,
    /// Those that are listed, and those of the groups.
    pub events: Vec<SiteEvent>,
    /// When they are, soonest first.
    pub dates: Vec<SiteDate>,
}

/// A group that is shown.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SiteGroup {
    /// Its id.
    pub id: EntryId,
    /// Its name.
    pub name: String,
    /// What its founder calls themselves.
    pub founder: String,
    /// When its founding entry says that it was written: milliseconds since 1970.
    pub founded_ms: u64,
    /// How many are in it.
    pub members: usize,
    /// The share line.
    pub line: String,
}

/// An event that is shown.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SiteEvent {
    /// What it is, without anybody who answered.
    pub published: PublishedEvent,
    /// The group in which it counts, if that is shown too.
    pub group: Option<EntryId>,
    /// The share line.
    pub line: String,
}

/// A date of an event.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SiteDate {
    /// Its place among the events.
    pub event: usize,
    /// The occurrence of a series, by its original local start.
    pub occ: Option<String>,
    /// Milliseconds since 1970; `None` where this node does not know the zone.
    pub start_ms: Option<i64>,
    /// The same of the end.
    pub end_ms: Option<i64>,
    /// Persons with a seat, guests of guests included.
    pub seated: u32,
    /// Persons who wait.
    pub waiting: u32,
}

/// A group or event that is listed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ListedLine {
    /// Its id.
    pub id: EntryId,
    /// Name or title; nothing where it is not held.
    pub title: Option<String>,
    /// Whether it is a group.
    pub group: bool,
    /// Whether its hosts say that it is public: if not, it is not shown.
    pub public: bool,
}

/// Lists a group or event, or takes it off; answers what is listed then.
pub(super) fn publish(handle: &Handle, object: String, undo: bool) -> Result<PubResponse, Refusal> {
    handle.update_blocking(move |snapshot| {
        role(snapshot)?;
        let id = names::object(snapshot, &object, Among::GroupsAndEvents)?;
        let is_listed = snapshot.local(Spaces::LISTED, id.as_bytes())?.is_some();
        let listed = snapshot.locals(Spaces::LISTED)?.len();
        let (key, problem) = match (undo, is_listed) {
            (false, true) => ("refused-pub-listed", "that is on the public pages already".to_owned()),
            (true, false) => ("refused-pub-unlisted", "that is not on the public pages by itself".to_owned()),
            (false, false) if listed >= LISTED_MAX => {
                let problem = format!("{LISTED_MAX} groups and events are listed already: take some off");
                ("refused-pub-listed-max", problem)
            }
            (false, false) if !may_show(snapshot, &id)? => {
                ("refused-pub-unmarked", unmarked(snapshot, &id, &object)?)
            }
            _ => return Ok((vec![Local::of_object(Spaces::LISTED, &id, (!undo).then(Vec::new))], ())),
        };
        Err(no_effect(key, LISTED_MAX as u64, problem))
    })?;
    listed(handle)
}

/// What is listed.
pub(super) fn listed(handle: &Handle) -> Result<PubResponse, Refusal> {
    let snapshot = handle.reader().snapshot()?;
    role(&snapshot)?;
    let mut lines = Vec::new();
    for id in ids(&snapshot)? {
        let group = snapshot.group(&id)?;
        let event = snapshot.event_titled(&id)?;
        let event = event.map(|event| hidden::title(&snapshot, &id, event)).transpose()?;
        let (is_group, public) = (group.is_some(), may_show(&snapshot, &id)?);
        lines.push(ListedLine {
            id,
            group: is_group,
            title: group.map(|group| group.name).or(event),
            public,
        });
    }
    Ok(PubResponse::Listed(lines))
}

/// Whether its hosts say that everybody may read of it.
fn may_show(snapshot: &Snapshot, id: &EntryId) -> Result<bool, DiskError> {
    let event = snapshot.event(id)?.is_some_and(|event| is_public(&event.tags));
    Ok(event || snapshot.group(id)?.is_some_and(|group| group.public))
}

/// That nothing is shown without a word of its hosts, and how they give it.
fn unmarked(snapshot: &Snapshot, id: &EntryId, called: &str) -> Result<String, DiskError> {
    let (who, how) = match snapshot.event(id)? {
        Some(_) => ("a host", "klatch event update EVENT --public"),
        None => ("an owner", "klatch group public GROUP"),
    };
    Ok(format!(
        "{called:?} is not public, as far as is known here: {who} makes it so with `{how}`, or on their page"
    ))
}

fn ids(snapshot: &Snapshot) -> Result<Vec<EntryId>, DiskError> {
    let rows = snapshot.locals(Spaces::LISTED)?.into_iter();
    Ok(rows.filter_map(|(key, _)| Some(EntryId::new(key.try_into().ok()?))).collect())
}

/// All that is shown. Reads every event of every group that is listed.
pub(super) fn site(handle: &Handle) -> Result<Site, Refusal> {
    let snapshot = handle.reader().snapshot()?;
    let role = role(&snapshot)?;
    let address = role.public.and_then(|text| text.parse::<Address>().ok());
    let mut site = Site { name: own_name(&snapshot, &handle.me())?, ..Site::default() };
    let mut events: BTreeMap<EntryId, (PublishedEvent, Option<EntryId>)> = BTreeMap::new();
    for id in ids(&snapshot)? {
        let group = snapshot.group(&id)?;
        if group.as_ref().is_some_and(|group| !group.public) {
            continue;
        }
        let Some(published) = published(handle, &id)? else { continue };
        let of = group.as_ref().map(|_| id);
        let public = |event: &PublishedEvent| is_public(&event.dated.event.tags);
        for event in published.events.into_iter().filter(public) {
            let known = events.entry(event.dated.event.id).or_insert((event, of));
            known.1 = known.1.or(of);
        }
        if let Some(group) = group {
            let line = line(handle, &id, address.as_ref())?;
            let (founder, founded_ms, members) =
                (published.author, published.founded_ms, group.members.len());
            site.groups.push(SiteGroup { id, name: group.name, founder, founded_ms, members, line });
        }
    }
    for (id, (mut published, group)) in events {
        leave_out(&mut published);
        site.dates.extend(dates(&published, site.events.len()));
        bare(&mut published);
        site.events.push(SiteEvent { published, group, line: line(handle, &id, address.as_ref())? });
    }
    site.groups.sort_by(|one, other| one.name.cmp(&other.name));
    site.keep_latest();
    Ok(site)
}

impl Site {
    /// Dates soonest first and no more than are shown, and the events that have one.
    fn keep_latest(&mut self) {
        self.dates.sort_by_key(|date| date.start_ms.unwrap_or(i64::MAX));
        let over = self.dates.len().saturating_sub(DATES_MAX);
        self.dates.drain(..over);
        let shown: BTreeSet<usize> = self.dates.iter().map(|date| date.event).collect();
        let places: BTreeMap<usize, usize> = shown.iter().copied().zip(0..).collect();
        let mut at = 0..;
        self.events.retain(|_| at.next().is_some_and(|at| shown.contains(&at)));
        self.dates.iter_mut().for_each(|date| date.event = places[&date.event]);
    }
}

/// `None` where it is not here, or its group hides it.
fn published(handle: &Handle, id: &EntryId) -> Result<Option<Published>, Refusal> {
    let request = Request::Published { object: id.to_string(), among: Among::GroupsAndEvents };
    match handle.call(request) {
        Ok(Response::Published(published)) => Ok(Some(*published)),
        Err(error @ (Refusal::Disk { .. } | Refusal::Stopping)) => Err(error),
        Ok(_) | Err(_) => Ok(None),
    }
}

/// The share line that leads to this pub. Where it has no public address it names none: those of its own network are
/// nobody's business.
fn line(handle: &Handle, id: &EntryId, address: Option<&Address>) -> Result<String, Refusal> {
    let Response::Share(text) = handle.call(Request::Share { object: id.to_string() })? else {
        return Err(Refusal::Stopping);
    };
    let line = text
        .line
        .parse::<ShareLine>()
        .map_err(|error| Refusal::Mistyped { text: text.line.clone(), problem: error.to_string().into() })?;
    Ok(ShareLine { addresses: address.into_iter().cloned().collect(), ..line }.to_string())
}

/// When an event is, and how full: it, or each of its occurrences.
fn dates(published: &PublishedEvent, at: usize) -> Vec<SiteDate> {
    let (event, specials) = (&published.dated.event, &published.dated.occurrences);
    let of = |state: &EventState, occ: Option<String>| {
        let start_ms = instant(&state.start, &state.zone).ok().map(|start| start.timestamp_millis());
        let end_ms = end_ms(state, &state.start);
        let (seated, waiting) = (persons(&state.seated), persons(&state.waiting));
        SiteDate { event: at, occ, start_ms, end_ms, seated, waiting }
    };
    if event.founded_start.is_none() {
        return vec![of(event, None)];
    }
    let names = event.occurrence_names().into_iter();
    let each = names.map(|name| match specials.iter().find(|one| one.occ.as_ref() == Some(&name)) {
        Some(special) => of(special, Some(name)),
        None => of(&event.plain_occurrence(&name), Some(name)),
    });
    each.collect()
}

/// Takes dates of a series out of it whose own tags do not say that they are public.
fn leave_out(published: &mut PublishedEvent) {
    let Dated { event: series, occurrences, .. } = &mut published.dated;
    let out: BTreeSet<String> =
        occurrences.iter().filter(|one| !is_public(&one.tags)).filter_map(|one| one.occ.clone()).collect();
    if out.is_empty() {
        return;
    }
    let mut kept = series.occurrence_names();
    if kept.len() >= OCCURRENCES_MAX {
        // The rule would name later dates in the place of those that are left out.
        kept.retain(|name| !out.contains(name));
        (series.repeat, series.extra) = (Some(String::new()), kept);
    }
    series.except.extend(out.iter().cloned());
    let is_in = |occ: Option<&String>| occ.is_none_or(|occ| !out.contains(occ));
    series.occurrences.retain(|line| is_in(Some(&line.occ)));
    occurrences.retain(|one| is_in(one.occ.as_ref()));
}

/// Takes everybody who answered, and whatever is between them and the hosts, out of it.
fn bare(published: &mut PublishedEvent) {
    let dated = &mut published.dated;
    for event in std::iter::once(&mut dated.event).chain(&mut dated.occurrences) {
        let lists = [
            &mut event.seated,
            &mut event.waiting,
            &mut event.provisional,
            &mut event.unranked,
            &mut event.released,
        ];
        lists.into_iter().for_each(Vec::clear);
        event.maybe.clear();
        event.no.clear();
        event.attendance.clear();
        event.here.clear();
        event.questions.clear();
        event.hidden.clear();
        event.tags.retain(|tag| tag != PUBLIC); // It says nothing to a reader.
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(n: u8) -> SiteEvent {
        let id = EntryId::new([n; 32]);
        let event = serde_json::json!({
            "id": id, "group": null, "in_group": false, "author": klatch_feed::FeedId::new([1; 32]), "title": "Tea",
            "start": "2026-12-01T18:30", "zone": "UTC", "minutes": 60, "place": "", "about": "", "capacity": null,
            "split": false, "revision": 0, "tips": [], "cancelled": false, "hosts": [], "seated": [], "waiting": [],
            "provisional": [], "unranked": [], "maybe": [], "no": [], "attendance": [], "incomplete": false,
        });
        let event = serde_json::from_value(event).unwrap();
        let dated = Dated { event, occurrences: vec![], whole: true, reason: String::new() };
        let published = PublishedEvent { dated, organizers: vec![], founded_ms: 0, updated_ms: 0 };
        SiteEvent { published, group: None, line: String::new() }
    }

    #[test]
    fn one_date_past_the_limit_leaves_the_earliest_out_and_an_event_that_has_no_other() {
        let date =
            |event, start_ms| SiteDate { event, occ: None, start_ms, end_ms: None, seated: 0, waiting: 0 };
        let most = i64::try_from(DATES_MAX).unwrap();
        let mut site = Site { events: vec![event(0), event(1), event(2)], ..Site::default() };
        // The first has the earliest date and no other, the second all but one, the last one without a time.
        site.dates.push(date(0, Some(0)));
        site.dates.extend((1..most).rev().map(|at| date(1, Some(at))));
        let mut full = site.clone();
        full.events.pop();
        full.keep_latest();
        assert_eq!((full.dates.len(), full.events.len(), full.dates[0].start_ms), (DATES_MAX, 2, Some(0)));
        site.dates.push(date(2, None));
        site.keep_latest();
        assert_eq!((site.dates.len(), site.dates[0].start_ms), (DATES_MAX, Some(1)));
        let ids: Vec<_> =
            site.events.iter().map(|event| event.published.dated.event.id.as_bytes()[0]).collect();
        assert_eq!(ids, [1, 2]);
        assert_eq!((site.dates[0].event, site.dates[DATES_MAX - 1].event), (0, 1));
    }
}
