//! People: whom I follow, who is near, and the ways to somebody new. One person, and what is to be done about them.

mod person;
mod share;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use klatch_feed::FeedId;
use serde::Deserialize;

use super::App;
use super::ask::{Problem, Typed, Visit, Wrong, take};
use super::face::Face;
use super::frame::{Frame, Page, Tab};
use super::words::Words;
use super::{picture, scan};
use crate::daemon::{FollowLine, Refusal, Request, Response as Answer};
use crate::net::NetRequest;
use crate::net::report::{NetResponse, Path as Way, PeerLine};
use crate::share::in_message;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/people", get(people))
        .route("/people/paste", post(paste))
        .layer(map_response(scan::with_camera))
        .route("/person/{feed}", get(person::show))
        .route("/person/{feed}/follow", post(person::follow))
        .route("/person/{feed}/unfollow", post(person::unfollow))
        .route("/person/{feed}/block", post(person::block))
        .route("/share/{object}", get(share::show))
        .route("/object/{id}", get(share::object))
}

/// Somebody in a list, and what is to be said of them.
#[derive(Debug)]
struct Line {
    face: Face,
    what: String,
    is_bad: bool,
}

#[derive(askama::Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    /// Connected on this network, and not followed yet.
    near: Vec<Line>,
    follows: Vec<Line>,
    blocked: usize,
    /// One's own id, and the same as a picture.
    id: String,
    picture: Option<String>,
    pasted: String,
    wrong: Option<Wrong>,
}

async fn people(visit: Visit) -> Result<Page<PeoplePage>, Problem> {
    page(&visit, String::new(), None).await.map(Page)
}

async fn page(visit: &Visit, pasted: String, wrong: Option<Wrong>) -> Result<PeoplePage, Problem> {
    let lines = take!(visit, Request::Follows, Follows)?;
    let near = near(visit).await;
    let is_known = |feed: &FeedId| lines.iter().any(|line| line.feed == *feed);
    let words = visit.words();
    let strange = near.iter().filter(|peer| peer.path == Way::Lan && !is_known(&peer.feed));
    let id = visit.handle.me().to_string();
    Ok(PeoplePage {
        frame: visit.frame_at(Tab::People, "/people".to_owned()).await?,
        near: strange
            .map(|peer| Line {
                face: Face::of(&peer.feed, &peer.name),
                what: words.say("people-here-now"),
                is_bad: false,
            })
            .collect(),
        follows: lines
            .iter()
            .filter(|line| line.followed && !line.blocked)
            .map(|line| told(line, words))
            .collect(),
        blocked: lines.iter().filter(|line| line.blocked).count(),
        picture: picture::qr(&id),
        id,
        pasted,
        wrong,
    })
}

/// Who is connected; nobody where that cannot be told.
async fn near(visit: &Visit) -> Vec<PeerLine> {
    match visit.ask(Request::Net(NetRequest::Peers)).await {
        Ok(Answer::Net(NetResponse::Peers(peers))) => peers,
        _ => Vec::new(),
    }
}

fn told(line: &FollowLine, words: Words) -> Line {
    let (what, is_bad) = match (line.cap, line.entries) {
        _ if line.blocked => (words.say("people-blocked"), true),
        _ if line.now.is_some() => (words.say("people-went-on"), false),
        (Some(_), _) => (words.say("people-forked"), true),
        (None, 0) => (words.say("people-nothing"), false),
        (None, entries) => (words.count("people-entries", entries), false),
    };
    Line { face: Face::of(&line.feed, line.called().unwrap_or_default()), what, is_bad }
}

#[derive(Debug, Deserialize)]
struct PasteForm {
    #[serde(default)]
    text: String,
}

/// Takes whatever somebody was given: a share line, an invite of a pub, somebody's id.
async fn paste(visit: Visit, Typed(form): Typed<PasteForm>) -> Response {
    let typed = form.text.trim().to_owned();
    let text = in_message(in_message(&typed, "klatch:join/"), "klatch:entry1").to_owned();
    let done = if text.starts_with("klatch:join/") {
        let join = NetRequest::Join { line: text.clone() };
        visit.ask(Request::Net(join)).await.map(|_| visit.done("/network", "did-join"))
    } else if text.starts_with("klatch:") {
        visit.ask(Request::Open { line: text.clone() }).await.map(|answer| match answer {
            Answer::Opened(opened) => visit.done(&format!("/object/{}", opened.id), "did-open"),
            _ => visit.odd().into_response(),
        })
    } else {
        let follow = Request::Follow { who: text.clone(), petname: None };
        visit.ask(follow).await.map(|answer| match answer {
            Answer::Person(line) => visit.done(&format!("/person/{}", line.feed), "did-follow"),
            _ => visit.odd().into_response(),
        })
    };
    let wrong = match done {
        Ok(done) => return done,
        Err(Refusal::Unknown { .. }) => Wrong::said(visit.words(), "people-paste-nothing"),
        Err(refusal) => Wrong::of(visit.words(), &refusal),
    };
    match page(&visit, typed, Some(wrong)).await {
        Ok(page) => (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// The page with what was read from a picture, or why there is nothing.
pub(super) async fn filled(visit: &Visit, read: Result<String, Wrong>) -> Response {
    let (text, wrong) = read.map_or_else(|wrong| (String::new(), Some(wrong)), |text| (text, None));
    let is_wrong = wrong.is_some();
    match page(visit, crate::foreign::line(&text), wrong).await {
        Ok(page) if is_wrong => (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response(),
        Ok(mut page) => {
            page.frame.did = Some(visit.words().say("did-read"));
            Page(page).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}
