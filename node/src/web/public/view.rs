//! What the public pages show, made of what the pub reads.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use chrono::NaiveDate;
use klatch_feed::EventState;

use super::Reading;
use crate::clock;
use crate::daemon::cancelled;
use crate::foreign;
use crate::pub_server::site::{Site, SiteDate, SiteGroup};
use crate::published::jsonld;
use crate::web::ask::escaped;
use crate::web::assets;
use crate::web::event::view::{answered, facts, map};
use crate::web::home::{Row, seats};
use crate::web::prose::Prose;
use crate::web::when::{self, When};
use crate::web::words::{Arg, Count, Words};

/// Most events of a list on one page.
pub(super) const SHOWN_MAX: usize = 60;
/// Most that are over, on the page of a group.
pub(super) const PAST_MAX: usize = 20;
/// Most dates of a series that are offered on its page.
const DATES_MAX: usize = 12;
/// Most of its dates on the page of its group.
const NEXT_MAX: usize = 3;
/// Longest description for who shows a link to the page, in characters.
const BRIEF_MAX: usize = 200;

/// What stands around a page.
#[derive(Debug)]
pub(super) struct Top {
    words: Words,
    /// What the pub calls itself.
    name: String,
    /// Where the page is, whole.
    url: String,
    /// What it is about, in a line.
    brief: String,
}

impl Top {
    fn new(reading: &Reading<'_>, path: &str, brief: &str) -> Self {
        let brief = brief.split_whitespace().collect::<Vec<_>>().join(" ");
        Self {
            words: reading.words,
            name: foreign::line(&reading.site.name),
            url: format!("{}{path}", reading.base),
            brief: brief.chars().take(BRIEF_MAX).collect(),
        }
    }

    fn say(&self, key: &str) -> String {
        self.words.say(key)
    }
    fn count(&self, key: &str, count: impl Count) -> String {
        self.words.count(key, count)
    }
    fn of(&self, key: &str, who: &str) -> String {
        self.words.of(key, who)
    }
    fn lang(&self) -> &'static str {
        self.words.tag()
    }
    fn direction(&self) -> &'static str {
        self.words.direction()
    }
    fn style(&self) -> &'static str {
        assets::style()
    }
    fn icon(&self) -> &'static str {
        assets::icon()
    }
}

/// The dates of one day.
#[derive(Debug)]
struct Day {
    name: String,
    rows: Vec<Row>,
}

#[derive(Debug, Template)]
#[template(path = "public/front.html")]
pub(super) struct FrontPage {
    top: Top,
    days: Vec<Day>,
    more: Option<usize>,
    skipped: bool,
    /// Id, name, and how many are in it.
    groups: Vec<(String, String, usize)>,
}

#[derive(Debug, Template)]
#[template(path = "public/group.html")]
pub(super) struct GroupPage {
    top: Top,
    id: String,
    name: String,
    members: usize,
    coming: Vec<Row>,
    /// Where the rest of them is.
    more: Option<usize>,
    past: Vec<Row>,
    more_past: Option<usize>,
    /// Some were shown already.
    skipped: bool,
    line: String,
    /// Where the same is as a picture.
    picture: String,
}

#[derive(Debug, Template)]
#[template(path = "public/event.html")]
pub(super) struct EventPage {
    top: Top,
    id: String,
    title: String,
    when: When,
    is_past: bool,
    is_date: bool,
    cancelled: bool,
    /// Why, in the words of who said so.
    cancelled_why: String,
    incomplete: bool,
    group: Option<(String, String)>,
    place: String,
    map: Option<String>,
    online: Prose,
    facts: Vec<(String, String)>,
    tags: Vec<String>,
    about: Prose,
    seats: String,
    organizers: Vec<String>,
    /// Where each is, when, and whether it is called off.
    dates: Vec<(String, String, bool)>,
    line: String,
    /// Where the same is as a picture.
    picture: String,
    /// JSON in which no character ends a script.
    jsonld: String,
}

#[derive(Debug, Template)]
#[template(path = "public/nothing.html")]
pub(super) struct NothingPage {
    top: Top,
}

pub(super) fn nothing(reading: &Reading<'_>) -> NothingPage {
    NothingPage { top: Top::new(reading, "/", "") }
}

pub(super) fn front(reading: &Reading<'_>, skip: usize) -> FrontPage {
    let (site, words) = (&*reading.site, reading.words);
    let mut seen = BTreeSet::new();
    // Of a series what comes next.
    let coming: Vec<_> = coming(site).filter(|date| seen.insert(date.event)).collect();
    let skip = skip.min(coming.len());
    let mut days: Vec<(Option<NaiveDate>, Day)> = Vec::new();
    for date in coming.iter().skip(skip).take(SHOWN_MAX) {
        let state = state(site, date);
        let day = state.start.get(..10).and_then(|day| day.parse().ok());
        if days.last().is_none_or(|(last, _)| *last != day) {
            let name = day.map_or_else(|| words.say("home-someday"), |day| when::date(day, words));
            days.push((day, Day { name, rows: Vec::new() }));
        }
        if let Some((_, day)) = days.last_mut() {
            day.rows.push(row(&state, date, reason(site, date), words));
        }
    }
    let groups = site.groups.iter();
    FrontPage {
        top: Top::new(reading, "/", &named(words, "public-brief", &site.name)),
        days: days.into_iter().map(|(_, day)| day).collect(),
        more: (coming.len() > skip + SHOWN_MAX).then_some(skip + SHOWN_MAX),
        skipped: skip > 0,
        groups: groups
            .map(|group| (group.id.to_string(), foreign::line(&group.name), group.members))
            .collect(),
    }
}

/// The page of a group, past so many that come and so many that are over. Who leafs through one list sees that alone.
pub(super) fn group(reading: &Reading<'_>, group: &SiteGroup, skip: usize, skip_past: usize) -> GroupPage {
    let (site, words) = (&*reading.site, reading.words);
    let is_its =
        |date: &&SiteDate| site.events.get(date.event).is_some_and(|event| event.group == Some(group.id));
    let row = |date: &SiteDate| row(&state(site, date), date, reason(site, date), words);
    let mut listed = BTreeMap::<usize, usize>::new();
    let is_next = |date: &&SiteDate| {
        let count = listed.entry(date.event).or_default();
        *count += 1;
        *count <= NEXT_MAX
    };
    let mut past: Vec<_> = site.dates.iter().filter(|date| is_over(date)).filter(is_its).collect();
    past.reverse();
    let coming: Vec<_> = coming(site).filter(is_its).filter(is_next).collect();
    let (coming, past) = match (skip, skip_past) {
        (0, 0) => (part(coming, 0, SHOWN_MAX), part(past, 0, PAST_MAX)),
        (0, skip) => ((Vec::new(), None), part(past, skip, PAST_MAX)),
        (skip, _) => (part(coming, skip, SHOWN_MAX), (Vec::new(), None)),
    };
    let name = foreign::line(&group.name);
    GroupPage {
        top: Top::new(reading, &format!("/g/{}", group.id), &named(words, "public-group-brief", &group.name)),
        id: group.id.to_string(),
        members: group.members,
        coming: coming.0.into_iter().map(row).collect(),
        more: coming.1,
        past: past.0.into_iter().map(row).collect(),
        more_past: past.1,
        skipped: skip > 0 || skip_past > 0,
        line: group.line.clone(),
        picture: format!("/g/{}.svg", group.id),
        name,
    }
}

/// So much of a list past `skip`, and where the rest is.
fn part(dates: Vec<&SiteDate>, skip: usize, most: usize) -> (Vec<&SiteDate>, Option<usize>) {
    let end = skip.saturating_add(most);
    let more = (dates.len() > end).then_some(end);
    (dates.into_iter().skip(skip).take(most).collect(), more)
}

/// The page of an event; `on` names the date of a series. `None` where it has no such date.
pub(super) fn event(reading: &Reading<'_>, at: usize, on: Option<&str>) -> Option<EventPage> {
    let (site, words) = (&*reading.site, reading.words);
    let shown = site.events.get(at)?;
    let of_event: Vec<_> = site.dates.iter().filter(|date| date.event == at).collect();
    let on = on.filter(|on| !on.is_empty());
    let date = match on {
        Some(on) => *of_event.iter().find(|date| is_named(date, on))?,
        // What comes next, else what was last.
        None => of_event.iter().find(|date| !is_over(date)).or(of_event.last())?,
    };
    let state = state(site, date);
    let group = shown.group.and_then(|id| site.groups.iter().find(|group| group.id == id));
    let is_series = date.occ.is_some();
    let others = of_event.iter().filter(|other| is_series && !is_over(other) && other.occ != date.occ);
    let id = state.id.to_string();
    let path = format!("/e/{id}");
    let when = When::of_event(&state, None, chrono_tz::UTC, words);
    let brief = match state.about.trim() {
        "" => format!("{} · {}", when.there, state.place),
        about => about.to_owned(),
    };
    let brief = foreign::lines(&brief);
    let of_date = |other: &&SiteDate| {
        let state = self::state(site, other);
        let text = When::of(&state.start, &state.zone, None, 0, chrono_tz::UTC, words).there;
        (href(&state), text, state.cancelled)
    };
    Some(EventPage {
        jsonld: jsonld::to_jsonld(&shown.published, Some(&format!("{}{path}", reading.base))),
        top: Top::new(reading, &path, &brief),
        title: foreign::line(&state.title),
        is_past: is_over(date),
        is_date: on.is_some() && is_series,
        cancelled: state.cancelled,
        cancelled_why: foreign::line(&shown.published.dated.reason),
        incomplete: state.incomplete,
        group: group.map(|group| (format!("/g/{}", group.id), foreign::line(&group.name))),
        place: foreign::line(&state.place),
        map: map(&state),
        online: Prose::of(&state.online),
        facts: facts(&state, words).into_iter().chain(answered(&state, words)).collect(),
        tags: state.tags.iter().map(|tag| foreign::line(tag)).collect(),
        about: Prose::of(&state.about),
        seats: seats(words, date.seated, state.capacity, date.waiting),
        organizers: shown.published.organizers.iter().map(|name| foreign::line(name)).collect(),
        dates: others.copied().take(DATES_MAX).map(|other| of_date(&other)).collect(),
        line: shown.line.clone(),
        picture: format!("{path}.svg"),
        id,
        when,
    })
}

/// A text with a name in it, for programs: without the marks that keep its direction to itself.
fn named(words: Words, key: &str, name: &str) -> String {
    words.with(key, &[("who", Arg::Own(&foreign::line(name)))])
}

fn is_over(date: &SiteDate) -> bool {
    date.end_ms.is_some_and(|end| end <= clock::now())
}

fn coming(site: &Site) -> impl Iterator<Item = &SiteDate> {
    site.dates.iter().filter(|date| !is_over(date))
}

/// Whether it is the occurrence of that local start, or of that day.
fn is_named(date: &SiteDate, on: &str) -> bool {
    date.occ.as_deref().is_some_and(|occ| occ == on || occ.get(..10) == Some(on))
}

/// The event as it is on that date.
fn state(site: &Site, date: &SiteDate) -> EventState {
    // Both were read together.
    let dated = &site.events[date.event].published.dated;
    match &date.occ {
        None => dated.event.clone(),
        Some(occ) => {
            let special = dated.occurrences.iter().find(|one| one.occ.as_ref() == Some(occ));
            special.cloned().unwrap_or_else(|| dated.event.plain_occurrence(occ))
        }
    }
}

fn href(state: &EventState) -> String {
    let on = state.occ.as_ref().map(|occ| format!("?on={}", escaped(occ)));
    format!("/e/{}{}", state.id, on.unwrap_or_default())
}

/// Why all of the event is cancelled.
fn reason<'s>(site: &'s Site, date: &SiteDate) -> &'s str {
    &site.events[date.event].published.dated.reason
}

fn row(state: &EventState, date: &SiteDate, reason: &str, words: Words) -> Row {
    Row {
        href: href(state),
        title: foreign::line(&state.title),
        when: When::of_event(state, None, chrono_tz::UTC, words),
        place: foreign::line(&state.place),
        seats: seats(words, date.seated, state.capacity, date.waiting),
        pill: None,
        cancelled: state.cancelled,
        cancelled_why: foreign::line(&cancelled::in_short(reason)),
        is_past: is_over(date),
    }
}
