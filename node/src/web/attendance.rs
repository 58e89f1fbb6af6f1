//! How an event went, for who holds a role at it: who asked, had a seat, came, was excused, stayed away. And how
//! often people came to the events of a group: its hosts see everybody, others themselves.

use axum::Router;
use axum::extract::{Path, Query};
use axum::routing::get;
use klatch_feed::meetup::attendance::{Record, Turnout};
use klatch_feed::post::Role;

use super::App;
use super::ask::{Problem, Visit, take};
use super::change::On;
use super::face::Face;
use super::frame::{Frame, Page, Tab};
use super::when::When;
use super::words::{Arg, Words};
use super::{rights, series};
use crate::daemon::Request;
use crate::foreign;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/event/{id}/attendance", get(show)).route("/group/{id}/attendance", get(records))
}

/// How it went for somebody.
#[derive(Debug)]
struct Line {
    face: Face,
    asked: String,
    seats: String,
    came: String,
    words: String,
}

#[derive(askama::Template)]
#[template(path = "attendance.html")]
struct AttendancePage {
    frame: Frame,
    id: String,
    tail: String,
    title: String,
    when: When,
    /// How many confirmed, walked in, were excused, stayed away.
    summary: String,
    people: Vec<Line>,
    asked: u32,
    seats: u32,
    came: u32,
}

async fn show(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<On>,
) -> Result<Page<AttendancePage>, Problem> {
    let on = asked.date();
    let event = take!(visit, Request::EventShow { event: id.clone(), on: on.clone() }, Event)?;
    rights::need(&visit, &event.title, &event.hosts, Role::Door)?;
    let said = take!(visit, Request::EventAttendance { event: id, on }, Attendance)?;
    let (report, words) = (&said.report, visit.words());
    let line = |one: &Turnout| Line {
        face: Face::of(&one.feed, said.names.get(&one.feed).map_or("", String::as_str)),
        asked: number(one.requested),
        seats: number(one.seated),
        came: number(one.attended),
        words: told(one, words),
    };
    let mut people: Vec<Line> = report.people.iter().map(line).collect();
    people.sort_by_key(|line| line.face.name.to_lowercase());
    let counts = [
        ("confirmed", report.confirmed),
        ("walked", report.walked_in),
        ("excused", report.excused),
        ("away", report.no_shows),
    ];
    let key = if report.over { "attendance-over" } else { "attendance-not-over" };
    Ok(Page(AttendancePage {
        frame: visit.frame(Tab::Home).await?,
        id: event.id.to_string(),
        tail: series::tail(event.occ.as_deref()),
        title: words.title(&event.title),
        when: When::of_event(&event, None, visit.look.zone, words),
        summary: words.with(key, &counts.map(|(name, count)| (name, Arg::Number(count.into())))),
        people,
        asked: report.requested,
        seats: report.seated,
        came: report.attended,
    }))
}

#[derive(askama::Template)]
#[template(path = "records.html")]
struct RecordsPage {
    frame: Frame,
    id: String,
    name: String,
    events: usize,
    /// Whether others are shown too.
    is_all: bool,
    /// Each with the numbers of the columns.
    people: Vec<(Face, [String; 7])>,
}

async fn records(visit: Visit, Path(id): Path<String>) -> Result<Page<RecordsPage>, Problem> {
    let group = take!(visit, Request::GroupShow { group: id.clone() }, Group)?;
    let me = visit.handle.me();
    let is_all = rights::role(&group.roles, &me).is_some_and(|role| role <= Role::Host);
    let who = (!is_all).then(|| me.to_string());
    let said = take!(visit, Request::GroupAttendance { group: id, who }, Records)?;
    let line = |one: &Record| {
        let counts =
            [one.events, one.seated, one.confirmed, one.attended, one.late, one.excused, one.no_shows];
        let face = Face::of(&one.feed, said.names.get(&one.feed).map_or("", String::as_str));
        (face, counts.map(number))
    };
    let mut people: Vec<_> = said.people.iter().map(line).collect();
    people.sort_by_key(|(face, _)| face.name.to_lowercase());
    Ok(Page(RecordsPage {
        frame: visit.frame(Tab::Groups).await?,
        id: group.id.to_string(),
        name: foreign::line(&group.name),
        events: said.events,
        is_all,
        people,
    }))
}

/// A nought is a gap, so that what there is stands out.
fn number(count: u32) -> String {
    if count == 0 { String::new() } else { count.to_string() }
}

fn told(one: &Turnout, words: Words) -> String {
    let said = [
        (one.confirmed, "event-confirmed"),
        (one.walk_in, "door-walk-in-word"),
        (one.late, "door-late-word"),
        (one.left, "door-left-word"),
        (one.here, "attendance-here"),
        (one.excused, "attendance-excused"),
        (one.no_show, "attendance-away"),
    ];
    let said = said.into_iter().filter(|(is_so, _)| *is_so).map(|(_, key)| words.say(key));
    said.collect::<Vec<_>>().join(", ")
}
