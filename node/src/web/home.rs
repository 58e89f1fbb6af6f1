//! Home: what is on, for me first, by day.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::Query;
use axum::routing::get;
use chrono::NaiveDate;
use klatch_feed::EntryId;
use serde::Deserialize;

use super::App;
use super::ask::{Problem, Visit, take};
use super::frame::{Frame, Page, Tab};
use super::when::{self, Listed, When};
use super::words::Words;
use crate::clock;
use crate::daemon::{EventLine, Find, FoundEvents, Request, Standing};
use crate::foreign;

/// Most events that are looked through for mine.
const LOOK_MAX: u32 = 2000;
/// Most events of a list on one page; Home has two of them.
const SHOWN_MAX: usize = 20;
/// So many dates of a series are shown; its page has the rest.
const DATES_MAX: usize = 2;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/", get(home))
}

#[derive(Debug, Deserialize)]
struct Asked {
    /// Words to look for.
    #[serde(default)]
    q: String,
    /// How many of mine were shown already.
    #[serde(default)]
    mine: usize,
    /// How many of the others were.
    #[serde(default)]
    skip: usize,
}

/// One event in a list.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) href: String,
    pub(super) title: String,
    pub(super) when: When,
    pub(super) place: String,
    pub(super) seats: String,
    pub(super) pill: Option<Pill>,
    pub(super) cancelled: bool,
    pub(super) cancelled_why: String,
    pub(super) is_past: bool,
}

/// A state in a word, on a colour that means it.
#[derive(Clone, Debug)]
pub(super) struct Pill {
    /// `good`, `wait`, `bad` or `calm`.
    pub(super) kind: &'static str,
    pub(super) text: String,
}

/// The events of one day of the reader's.
#[derive(Debug)]
struct Day {
    name: String,
    rows: Vec<Row>,
}

#[derive(askama::Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    q: String,
    mine: Vec<Day>,
    /// Where the rest of them is.
    more_mine: Option<usize>,
    others: Vec<Day>,
    more: Option<usize>,
    /// Something was shown already.
    skipped: bool,
    /// There is more than was looked through.
    cut: bool,
    has_past: bool,
}

async fn home(visit: Visit, Query(asked): Query<Asked>) -> Result<Page<HomePage>, Problem> {
    let q = asked.q.trim().to_owned();
    let (lines, cut) = lines(&visit, &q).await?;
    let is_mine = |line: &EventLine| line.mine.is_some_and(|stands| stands != Standing::No);
    let (mine, others): (Vec<_>, Vec<_>) = lines.into_iter().partition(is_mine);
    let has_past = mine.is_empty() && others.is_empty() && q.is_empty() && {
        let request = Request::EventList { group: None, from_ms: None, max: 1 };
        !take!(visit, request, Events)?.is_empty()
    };
    // Whoever leafs through one of the lists sees that alone.
    let (of_mine, of_others) = match (asked.mine, asked.skip) {
        (0, 0) => (Part::of(next_dates(mine), 0), Part::of(next_dates(others), 0)),
        (0, skip) => (Part::default(), Part::of(next_dates(others), skip)),
        (skip, _) => (Part::of(next_dates(mine), skip), Part::default()),
    };
    Ok(Page(HomePage {
        frame: visit.frame(Tab::Home).await?,
        mine: days(&of_mine.lines, &visit),
        more_mine: of_mine.more,
        others: days(&of_others.lines, &visit),
        more: of_others.more,
        q,
        skipped: asked.mine > 0 || asked.skip > 0,
        cut,
        has_past,
    }))
}

/// What is not past and called so, soonest first; and whether there is more than was looked through.
async fn lines(visit: &Visit, q: &str) -> Result<(Vec<EventLine>, bool), Problem> {
    let listed = Listed::now(visit.look.zone);
    let (mut lines, cut) = match q.is_empty() {
        true => {
            let from_ms = Some(listed.since_ms());
            let request = Request::EventList { group: None, from_ms, max: LOOK_MAX + 1 };
            let mut lines = take!(visit, request, Events)?;
            let cut = lines.len() > LOOK_MAX as usize;
            lines.truncate(LOOK_MAX as usize);
            (lines, cut)
        }
        false => {
            let found = search(visit, q, listed.since_ms()).await?;
            (found.lines, found.cut)
        }
    };
    lines.retain(|line| listed.takes(line));
    Ok((lines, cut))
}

async fn search(visit: &Visit, words: &str, from_ms: i64) -> Result<FoundEvents, Problem> {
    let find = Find::Search { words: words.to_owned() };
    let request = Request::EventFind { find, group: None, from_ms: Some(from_ms), max: LOOK_MAX };
    take!(visit, request, Found)
}

/// Without the later dates of each series.
pub(super) fn next_dates(mut lines: Vec<EventLine>) -> Vec<EventLine> {
    let mut dates: BTreeMap<EntryId, usize> = BTreeMap::new();
    lines.retain(|line| {
        let before = dates.entry(line.id).or_default();
        *before += 1;
        line.occ.is_none() || *before <= DATES_MAX
    });
    lines
}

/// So much of a list as is shown at once.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) lines: Vec<EventLine>,
    /// How many there were up to its end, where that is not the end of the list.
    pub(super) more: Option<usize>,
}

impl Part {
    pub(super) fn of(lines: Vec<EventLine>, skip: usize) -> Self {
        let end = skip.saturating_add(SHOWN_MAX);
        let more = (lines.len() > end).then_some(end);
        Self { lines: lines.into_iter().skip(skip).take(SHOWN_MAX).collect(), more }
    }
}

fn days(lines: &[EventLine], visit: &Visit) -> Vec<Day> {
    let (words, zone) = (visit.words(), visit.look.zone);
    let today = when::day(clock::now(), zone);
    // What goes on still is of today.
    let day_of = |line: &EventLine| {
        let day = line.start_ms.and_then(|start_ms| when::day(start_ms, zone));
        day.map(|day| today.map_or(day, |today| day.max(today)))
    };
    let name = |day: Option<NaiveDate>| match (day, today) {
        (Some(day), Some(today)) => when::near_day(day, today, words),
        _ => words.say("home-someday"),
    };
    let mut days: Vec<(Option<NaiveDate>, Day)> = Vec::new();
    for line in lines {
        let day = day_of(line);
        if days.last().is_none_or(|(last, _)| *last != day) {
            days.push((day, Day { name: name(day), rows: Vec::new() }));
        }
        if let Some((_, day)) = days.last_mut() {
            day.rows.push(row(line, visit));
        }
    }
    days.into_iter().map(|(_, day)| day).collect()
}

/// The line of an event in any list.
pub(super) fn row(line: &EventLine, visit: &Visit) -> Row {
    let words = visit.words();
    let on = line.occ.as_ref().map(|occ| format!("?on={occ}")).unwrap_or_default();
    Row {
        href: format!("/event/{}{on}", line.id),
        title: words.title(&line.title),
        when: When::of(&line.start, &line.zone, line.start_ms, 0, visit.look.zone, words),
        place: foreign::line(&line.place),
        seats: seats(words, line.seated, line.capacity, line.waiting),
        pill: line.mine.map(|stands| pill(words, stands)),
        cancelled: line.cancelled,
        cancelled_why: foreign::line(&line.reason),
        is_past: line.end_ms.is_some_and(|end| end <= clock::now()),
    }
}

/// `2 of 12 seats, 1 waiting`
pub(super) fn seats(words: Words, seated: u32, capacity: Option<u32>, waiting: u32) -> String {
    use super::words::Arg::Number;
    let text = match capacity {
        Some(capacity) => {
            let args = [("count", Number(seated.into())), ("capacity", Number(capacity.into()))];
            // More may have one than there are by now: who has a seat keeps it.
            words.with(if seated > capacity { "home-seats-over" } else { "home-seats" }, &args)
        }
        None => words.count("home-coming", seated),
    };
    match waiting {
        0 => text,
        waiting => format!("{text}, {}", words.count("home-waiting", waiting)),
    }
}

/// How I stand, in a word.
pub(super) fn pill(words: Words, stands: Standing) -> Pill {
    let (kind, text) = match stands {
        Standing::Seated => ("good", words.say("home-seated")),
        Standing::Waiting(place) => ("wait", words.count("home-place", place)),
        Standing::Provisional | Standing::Unranked => ("calm", words.say("home-asked")),
        Standing::Released => ("bad", words.say("home-released")),
        Standing::Maybe => ("calm", words.say("home-maybe")),
        Standing::No => ("calm", words.say("home-no")),
    };
    Pill { kind, text }
}
