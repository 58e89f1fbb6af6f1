//! The door of an event, for whoever stands at it: the code that guests answer, the field for their answers, who is
//! there and who is not. Dark, large, for one hand. Source: spec/door.md.
//!
//! Opening it is a form's doing. To look at this page is to keep it open then: the node renews the code each half minute and says so to open
//! pages, which then look again. Where there is no script, the page reloads itself.

use std::cmp::Reverse;

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use klatch_feed::meetup::AttendanceLine;
use klatch_feed::meetup::attendance::{came, headcount};
use klatch_feed::post::Role;
use klatch_feed::{EventState, FeedId};
use serde::Deserialize;

use super::App;
use super::ask::{Problem, Typed, Visit, Wrong, escaped, something_else, take};
use super::face::Face;
use super::frame::{Frame, Page, Scheme, Tab};
use super::series::{self, Date};
use super::when::When;
use super::words::Arg;
use super::{picture, rights, scan, when};
use crate::daemon::{DoorNote, EventLocal, Refusal, Request, Response as Answer, Sentence, persons};
use crate::door::code::AnswerCode;
use crate::net::report::DoorView;
use crate::net::{NetRequest, NetResponse};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/event/{id}/door", get(show))
        .route("/event/{id}/door/open", post(open))
        .route("/event/{id}/door/scan", post(take_in))
        .route("/event/{id}/door/note", post(note))
        .route("/event/{id}/door/close", post(close))
        .layer(map_response(scan::with_camera))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    on: Option<String>,
    /// Whom to look for.
    #[serde(default)]
    q: String,
    /// Who was let in last.
    seen: Option<String>,
}

/// What was typed, and what was wrong with it.
#[derive(Debug, Default)]
struct Draft {
    code: String,
    wrong: Option<Wrong>,
}

/// Somebody who is there.
#[derive(Debug)]
struct Here {
    face: Face,
    persons: u32,
    walk_in: bool,
    late: bool,
    left: bool,
    /// When and by whom they were let in first.
    since: String,
    /// How often they were scanned again.
    again: u32,
    /// Whether this door wrote it, and may take it back.
    is_ours: bool,
}

/// Somebody who is not.
#[derive(Debug)]
struct Missing {
    face: Face,
    party: u32,
    seated: bool,
}

/// An open door.
#[derive(Debug)]
struct Open {
    code: String,
    picture: Option<String>,
    count: String,
    here: Vec<Here>,
    missing: Vec<Missing>,
    /// Who says that they are there, and no door does.
    claim: Vec<Face>,
    /// Who was let in last.
    seen: Option<Here>,
}

#[derive(askama::Template)]
#[template(path = "door.html")]
struct DoorPage {
    frame: Frame,
    id: String,
    on: String,
    tail: String,
    title: String,
    q: String,
    /// `None` where it is closed, or a date is to be chosen first.
    open: Option<Open>,
    choose: bool,
    dates: Vec<Date>,
    draft: Draft,
}

async fn net(visit: &Visit, request: NetRequest) -> Result<NetResponse, Refusal> {
    match visit.ask(Request::Net(request)).await? {
        Answer::Net(answer) => Ok(answer),
        _ => Err(something_else()),
    }
}

fn look(id: &str, on: Option<String>, open_only: bool) -> NetRequest {
    NetRequest::Door { event: id.to_owned(), on, after: 0, within_ms: 0, open_only }
}

async fn page(visit: &Visit, id: &str, asked: Asked, draft: Draft) -> Result<DoorPage, Problem> {
    let on = asked.on.filter(|on| !on.is_empty());
    let request = Request::EventLocal { event: id.to_owned(), on: on.clone() };
    let local = take!(visit, request, Local)?;
    let event = &local.event;
    rights::need(visit, &event.title, &event.hosts, Role::Door)?;
    if event.cancelled {
        let problem = format!("{:?} is cancelled: it has no door", event.title);
        let problem = Sentence::said("refused-cancelled", &event.title, problem);
        return Err(visit.problem(&Refusal::NoEffect { problem }));
    }
    let q = asked.q.trim().to_owned();
    let choose = event.founded_start.is_some() && event.occ.is_none();
    let open = match choose {
        true => None,
        false => match net(visit, look(id, on, true)).await {
            Ok(NetResponse::Door(view)) => Some(opened(&local, &view, &q, asked.seen.as_deref(), visit)),
            Err(Refusal::NoEffect { .. }) => None,
            Ok(_) => return Err(visit.odd()),
            Err(refusal) => return Err(visit.problem(&refusal)),
        },
    };
    let more = if q.is_empty() { String::new() } else { format!("q={}", escaped(&q)) };
    let here = back(&event.id.to_string(), event.occ.as_deref(), &more);
    let mut frame = visit.frame_at(Tab::None, here).await?;
    frame.scheme = Scheme::Dark; // It is evening, and the light goes on others' faces.
    Ok(DoorPage {
        frame,
        id: event.id.to_string(),
        tail: series::tail(event.occ.as_deref()),
        on: event.occ.clone().unwrap_or_default(),
        title: visit.words().title(&event.title),
        q,
        open,
        choose,
        dates: series::dates(visit, event, "door").await?,
        draft,
    })
}

/// What the page shows: people as the log has them now, which the door hears of a moment later; of the door the
/// code, and who was scanned again.
fn opened(local: &EventLocal, view: &DoorView, q: &str, seen: Option<&str>, visit: &Visit) -> Open {
    let (event, words) = (&local.event, visit.words());
    let number = |number: u32| Arg::Number(number.into());
    let wanted = q.to_lowercase();
    let fits = |face: &Face| wanted.is_empty() || face.name.to_lowercase().contains(&wanted);
    let face = |feed: &FeedId| Face::of(feed, &local.name(feed));
    let one = |line: &AttendanceLine| one(local, view, line, visit);
    let mut lines: Vec<&AttendanceLine> = event.attendance.iter().collect();
    // Who came last is asked about most.
    lines.sort_by_key(|line| Reverse(local.first_scans.get(&line.feed).map(|first| first.time_ms)));
    let seen = lines.iter().find(|line| seen.is_some_and(|seen| line.feed.to_string() == seen));
    let of = persons(&event.seated);
    Open {
        picture: picture::qr(&view.code),
        code: view.code.clone(),
        count: words.with("door-count", &[("count", number(headcount(event))), ("of", number(of))]),
        seen: seen.map(|line| one(line)),
        here: lines.iter().map(|line| one(line)).filter(|line| fits(&line.face)).collect(),
        missing: missing(event)
            .map(|(feed, party, seated)| Missing { face: face(&feed), party, seated })
            .filter(|line| fits(&line.face))
            .collect(),
        claim: event.here.iter().map(face).filter(|face| fits(face)).collect(),
    }
}

/// Who said yes and is not there: those with a seat first.
fn missing(event: &EventState) -> impl Iterator<Item = (FeedId, u32, bool)> + '_ {
    let is_there = |feed: &FeedId| event.attendance.iter().any(|line| line.feed == *feed);
    let others = event.provisional.iter().chain(&event.waiting).chain(&event.unranked);
    let seated = event.seated.iter().map(|line| (line, true));
    let all = seated.chain(others.map(|line| (line, false)));
    all.filter(move |(line, _)| !is_there(&line.feed)).map(|(line, seated)| (line.feed, line.party, seated))
}

fn one(local: &EventLocal, view: &DoorView, line: &AttendanceLine, visit: &Visit) -> Here {
    let words = visit.words();
    let since = local.first_scans.get(&line.feed).map(|first| {
        let at = when::instant(first.time_ms, visit.look.zone, words).1;
        words.with("door-since", &[("time", Arg::Own(&at)), ("who", Arg::Foreign(&first.door_name))])
    });
    Here {
        face: Face::of(&line.feed, &local.name(&line.feed)),
        persons: came(&local.event, line),
        walk_in: line.rsvp.is_none(),
        late: line.late,
        left: line.left,
        since: since.unwrap_or_default(),
        again: view
            .arrived
            .iter()
            .find(|arrival| arrival.feed == line.feed)
            .map_or(0, |arrival| arrival.again),
        is_ours: line.doors.contains(&visit.handle.me()),
    }
}

async fn show(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Page<DoorPage>, Problem> {
    page(&visit, &id, asked, Draft::default()).await.map(Page)
}

async fn again(visit: &Visit, id: &str, asked: Asked, draft: Draft) -> Response {
    match page(visit, id, asked, draft).await {
        Ok(page) => (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// The door with an answer that was read from a picture, or why there is none.
pub(super) async fn filled(
    visit: &Visit,
    id: &str,
    on: Option<String>,
    code: Result<String, Wrong>,
) -> Response {
    let asked = Asked { on, ..Asked::default() };
    let code = match code {
        Ok(code) => code,
        Err(wrong) => {
            return again(visit, id, asked, Draft { code: String::new(), wrong: Some(wrong) }).await;
        }
    };
    match page(visit, id, asked, Draft { code, wrong: None }).await {
        Ok(mut page) => {
            page.frame.did = Some(visit.words().say("did-read"));
            Page(page).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// Where the door of that date is.
fn back(id: &str, on: Option<&str>, more: &str) -> String {
    let tail = series::tail(on);
    let joint = if tail.is_empty() { "?" } else { "&" };
    if more.is_empty() {
        format!("/event/{id}/door{tail}")
    } else {
        format!("/event/{id}/door{tail}{joint}{more}")
    }
}

/// What a guest's screen shows.
#[derive(Debug, Deserialize)]
struct ScanForm {
    on: Option<String>,
    #[serde(default)]
    code: String,
}

/// What is wrong with an answer that is for another event or date than this door's; other codes say that themselves.
async fn elsewhere(visit: &Visit, id: &str, on: Option<&str>, code: &str) -> Option<Wrong> {
    let challenge = code.parse::<AnswerCode>().ok()?.answer.challenge;
    let shown =
        async |event: String, on: Option<String>| match visit.ask(Request::EventShow { event, on }).await {
            Ok(Answer::Event(event)) => Some(event),
            _ => None,
        };
    let here = shown(id.to_owned(), on.map(str::to_owned)).await?;
    if (challenge.event, &challenge.occ) == (here.id, &here.occ) {
        return None;
    }
    let words = visit.words();
    Some(match shown(challenge.event.to_string(), challenge.occ).await {
        Some(there) => {
            let when = When::of_event(&there, None, visit.look.zone, words).there;
            let args = [("who", Arg::Foreign(&there.title)), ("time", Arg::Own(&when))];
            Wrong::told(words.with("door-elsewhere", &args))
        }
        None => Wrong::said(words, "door-elsewhere-unknown"),
    })
}

async fn take_in(visit: Visit, Path(id): Path<String>, Typed(form): Typed<ScanForm>) -> Response {
    let on = form.on.filter(|on| !on.is_empty());
    if let wrong @ Some(_) = elsewhere(&visit, &id, on.as_deref(), &form.code).await {
        let asked = Asked { on, ..Asked::default() };
        return again(&visit, &id, asked, Draft { code: form.code, wrong }).await;
    }
    match net(&visit, NetRequest::DoorScan { code: form.code.clone() }).await {
        Ok(NetResponse::Scanned(arrival)) => {
            visit.done(&back(&id, on.as_deref(), &format!("seen={}", arrival.feed)), "did-scan")
        }
        Ok(_) => visit.odd().into_response(),
        Err(refusal) => {
            let wrong = Some(Wrong::of(visit.words(), &refusal));
            again(&visit, &id, Asked { on, ..Asked::default() }, Draft { code: form.code, wrong }).await
        }
    }
}

/// What the door notes of whom.
#[derive(Debug, Deserialize)]
struct NoteForm {
    on: Option<String>,
    #[serde(default)]
    q: String,
    who: String,
    what: String,
    persons: Option<String>,
}

async fn note(visit: Visit, Path(id): Path<String>, Typed(form): Typed<NoteForm>) -> Response {
    let on = form.on.filter(|on| !on.is_empty());
    let persons = form.persons.as_deref().and_then(|text| text.trim().parse().ok());
    let what = match (&*form.what, persons) {
        ("undo", _) => DoorNote::Undo,
        ("late", _) => DoorNote::Late,
        ("left", _) => DoorNote::Left,
        ("persons", Some(persons)) => DoorNote::Persons(persons),
        _ => return visit.nothing().into_response(),
    };
    let request = Request::AtDoor { event: id.clone(), on: on.clone(), who: form.who, what };
    match visit.ask(request).await {
        Ok(_) => {
            let more = if form.q.is_empty() { String::new() } else { format!("q={}", escaped(&form.q)) };
            visit.done(&back(&id, on.as_deref(), &more), "did-note")
        }
        Err(refusal @ Refusal::Right { .. }) => visit.problem(&refusal).into_response(),
        Err(refusal) => {
            let wrong = Some(Wrong::of(visit.words(), &refusal));
            let asked = Asked { on, q: form.q, seen: None };
            again(&visit, &id, asked, Draft { code: String::new(), wrong }).await
        }
    }
}

/// Which date of a series.
#[derive(Debug, Deserialize)]
struct DateForm {
    on: Option<String>,
}

async fn open(visit: Visit, Path(id): Path<String>, Typed(form): Typed<DateForm>) -> Response {
    let on = form.on.filter(|on| !on.is_empty());
    match net(&visit, look(&id, on.clone(), false)).await {
        Ok(_) => visit.done(&back(&id, on.as_deref(), ""), "did-door-open"),
        Err(refusal) => visit.problem(&refusal).into_response(),
    }
}

async fn close(visit: Visit, Path(id): Path<String>, Typed(form): Typed<DateForm>) -> Response {
    let on = form.on.filter(|on| !on.is_empty());
    let tail = series::tail(on.as_deref());
    match net(&visit, NetRequest::DoorClose { event: id.clone(), on }).await {
        // One that nobody looked at for a minute has closed itself.
        Ok(_) | Err(Refusal::NoEffect { .. }) => visit.done(&format!("/event/{id}{tail}"), "did-door-close"),
        Err(refusal) => visit.problem(&refusal).into_response(),
    }
}
