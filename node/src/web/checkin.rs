//! A guest at a door: its code answered over the network, or by what this screen shows; or, where there is no door,
//! one's own word. Source: spec/door.md, "the guest's side".

use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use klatch_feed::FeedId;
use serde::Deserialize;

use super::App;
use super::ask::{Problem, Typed, Visit, Wrong, escaped, something_else};
use super::face::Face;
use super::frame::{Frame, Page, Tab};
use super::{picture, scan};
use crate::daemon::{EventLocal, Refusal, Request, Response as Answer, Sentence};
use crate::door::code::DoorCode;
use crate::door::may_countersign;
use crate::net::{NetRequest, NetResponse};

/// How long a door is looked for.
const LOOK_MS: u64 = 10_000;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/checkin", get(show).post(check_in)).layer(map_response(scan::with_camera))
}

/// Where, and by which code.
#[derive(Clone, Debug, Default, Deserialize)]
struct Asked {
    event: Option<String>,
    on: Option<String>,
    #[serde(default)]
    code: String,
}

impl Asked {
    /// A door's code says of which event it is.
    fn leads_to(&mut self, door: &DoorCode) {
        (self.event, self.on) = (Some(door.event.to_string()), door.occ.clone());
    }
}

#[derive(askama::Template)]
#[template(path = "checkin.html")]
struct CheckinPage {
    frame: Frame,
    event: String,
    on: String,
    title: Option<String>,
    /// Who let me in.
    doors: Vec<Face>,
    /// I said that I am there.
    is_here: bool,
    code: String,
    wrong: Option<Wrong>,
    /// The answer for the door's eyes, and as a picture.
    answer: Option<(String, Option<String>)>,
    /// A door that nothing in the log calls one.
    stranger: Option<Face>,
    how: String,
}

/// The event as far as it is here.
async fn local(
    visit: &Visit,
    event: Option<&str>,
    on: Option<&str>,
) -> Result<Option<Box<EventLocal>>, Problem> {
    let Some(event) = event.filter(|event| !event.is_empty()) else { return Ok(None) };
    let on = on.filter(|on| !on.is_empty()).map(str::to_owned);
    match visit.ask(Request::EventLocal { event: event.to_owned(), on }).await {
        Ok(Answer::Local(local)) => Ok(Some(local)),
        Ok(_) => Err(visit.odd()),
        // Somebody passing by knows no more of it than its code says.
        Err(Refusal::Unknown { .. }) => Ok(None),
        Err(refusal) => Err(visit.problem(&refusal)),
    }
}

/// The page of one event, of one date.
fn at(event: &str, on: &str) -> String {
    let on = if on.is_empty() { String::new() } else { format!("&on={}", escaped(on)) };
    format!("/checkin?event={}{on}", escaped(event))
}

async fn page(visit: &Visit, asked: Asked) -> Result<CheckinPage, Problem> {
    let local = local(visit, asked.event.as_deref(), asked.on.as_deref()).await?;
    let me = visit.handle.me();
    let mine = local.as_ref().and_then(|local| local.event.attendance.iter().find(|line| line.feed == me));
    let face = |local: &EventLocal, feed: &FeedId| Face::of(feed, &local.name(feed));
    let event = local.as_ref().map(|local| local.event.id.to_string()).or(asked.event).unwrap_or_default();
    let on = asked.on.unwrap_or_default();
    Ok(CheckinPage {
        frame: visit.frame_at(Tab::None, at(&event, &on)).await?,
        title: local.as_ref().map(|local| visit.words().title(&local.event.title)),
        doors: match (&local, mine) {
            (Some(local), Some(mine)) => mine.doors.iter().map(|door| face(local, door)).collect(),
            _ => Vec::new(),
        },
        is_here: local.as_ref().is_some_and(|local| local.event.here.contains(&me)),
        event,
        on,
        code: asked.code,
        wrong: None,
        answer: None,
        stranger: None,
        how: String::new(),
    })
}

async fn show(visit: Visit, Query(asked): Query<Asked>) -> Result<Page<CheckinPage>, Problem> {
    page(&visit, asked).await.map(Page)
}

/// The form with a door's code that was read from a picture, or why there is none.
pub(super) async fn filled(
    visit: &Visit,
    event: String,
    on: Option<String>,
    code: Result<String, Wrong>,
) -> Response {
    let mut asked = Asked { event: Some(event).filter(|event| !event.is_empty()), on, code: String::new() };
    let wrong = match code {
        Ok(code) => {
            if let Ok(door) = code.parse() {
                asked.leads_to(&door);
            }
            asked.code = code;
            None
        }
        Err(wrong) => Some(wrong),
    };
    match page(visit, asked).await {
        Ok(page) if wrong.is_some() => {
            (StatusCode::UNPROCESSABLE_ENTITY, Page(CheckinPage { wrong, ..page })).into_response()
        }
        Ok(mut page) => {
            page.frame.did = Some(visit.words().say("did-read"));
            Page(page).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// What to do about a door.
#[derive(Debug, Deserialize)]
struct CheckinForm {
    event: Option<String>,
    on: Option<String>,
    #[serde(default)]
    code: String,
    /// `go`, `show` or `here`.
    how: String,
    trust: Option<String>,
}

/// What came of it.
enum Outcome {
    In,
    Here,
    Show(String),
    Stranger(FeedId),
}

async fn check_in(visit: Visit, Typed(form): Typed<CheckinForm>) -> Response {
    let code = form.code.trim().to_owned();
    let mut asked = Asked { event: form.event, on: form.on, code: code.clone() };
    let outcome = match read(&code) {
        Err(refusal) => Err(refusal),
        Ok(door) => {
            if let Some(door) = &door {
                asked.leads_to(door);
            }
            let trust = form.trust.and_then(|trust| trust.parse().ok());
            attempt(&visit, &asked, door.as_ref(), (&form.how, trust)).await
        }
    };
    let page = match page(&visit, asked).await {
        Ok(page) => CheckinPage { how: form.how, ..page },
        Err(problem) => return problem.into_response(),
    };
    match outcome {
        Ok(Outcome::In) => visit.done(&at(&page.event, &page.on), "did-checkin"),
        Ok(Outcome::Here) => visit.done(&at(&page.event, &page.on), "did-here"),
        Ok(Outcome::Show(text)) => {
            let picture = picture::qr(&text);
            Page(CheckinPage { answer: Some((text, picture)), ..page }).into_response()
        }
        Ok(Outcome::Stranger(door)) => {
            let stranger = Some(called(&visit, door).await);
            Page(CheckinPage { stranger, ..page }).into_response()
        }
        Err(refusal) => {
            let wrong = Some(Wrong::of(visit.words(), &refusal));
            (StatusCode::UNPROCESSABLE_ENTITY, Page(CheckinPage { wrong, ..page })).into_response()
        }
    }
}

/// A door's code; nothing where none was typed.
fn read(code: &str) -> Result<Option<DoorCode>, Refusal> {
    let misread = |error: crate::door::code::DoorCodeError| Refusal::Field {
        field: "code".to_owned(),
        problem: error.into(),
    };
    if code.is_empty() { Ok(None) } else { code.parse().map(Some).map_err(misread) }
}

async fn attempt(
    visit: &Visit,
    asked: &Asked,
    door: Option<&DoorCode>,
    (how, trust): (&str, Option<FeedId>),
) -> Result<Outcome, Refusal> {
    let event = asked.event.clone().filter(|event| !event.is_empty());
    let on = asked.on.clone().filter(|on| !on.is_empty());
    let code = (!asked.code.is_empty()).then(|| asked.code.clone());
    let missing = |problem: &str| {
        let problem = Sentence::said("refused-no-code", "", problem);
        Refusal::Field { field: "code".to_owned(), problem }
    };
    let event = event.ok_or_else(|| missing("paste what the door's screen shows: klatch:door/1/…"))?;
    match (how, code) {
        ("here", _) => visit.ask(Request::Here { event, on }).await.map(|_| Outcome::Here),
        ("show", None) => Err(missing("an answer is to a code: paste what the door's screen shows")),
        ("show", Some(code)) => {
            let Some(door) = door else { return Err(missing("no code")) };
            let state = visit.ask(Request::EventShow { event: event.clone(), on }).await;
            let holds = matches!(&state, Ok(Answer::Event(state)) if may_countersign(state, &door.door));
            if !holds && trust != Some(door.door) {
                return Ok(Outcome::Stranger(door.door));
            }
            match visit.ask(Request::DoorAnswer { event, code, trust }).await? {
                Answer::AnswerCode(answer) => Ok(Outcome::Show(answer.code)),
                _ => Err(something_else()),
            }
        }
        (_, code) => {
            let request = NetRequest::Checkin { event, on, code, trust, within_ms: LOOK_MS };
            match visit.ask(Request::Net(request)).await? {
                Answer::Net(NetResponse::CheckedIn(_)) => Ok(Outcome::In),
                Answer::Net(NetResponse::Stranger { door, .. }) => Ok(Outcome::Stranger(door)),
                _ => Err(something_else()),
            }
        }
    }
}

/// Somebody as they are known here.
async fn called(visit: &Visit, feed: FeedId) -> Face {
    let name = match visit.ask(Request::Person { who: Some(feed.to_string()) }).await {
        Ok(Answer::Person(line)) => line.called().map(str::to_owned),
        _ => None,
    };
    Face::of(&feed, &name.unwrap_or_default())
}
