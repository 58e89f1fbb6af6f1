//! An event: everything about it, my answer and how it stands, who comes, what is said.

mod act;
pub(super) mod view;
pub(super) mod why;

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::App;
use super::ask::{Problem, Visit, Wrong, take};
use super::frame::{Frame, Page, Tab};
use super::rights::May;
use super::series;
use super::talk::Shown;
use crate::calendar::{self, Options};
use crate::clock;
use crate::daemon::Request;
use view::View;

pub(super) use view::role;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/event/{id}", get(show))
        .route("/event/{id}/answer", post(act::answer))
        .route("/event/{id}/confirm", post(act::confirm))
        .route("/event/{id}/comment", post(act::comment))
        .route("/event/{id}/feedback", post(act::feedback))
        .route("/event/{id}/calendar.ics", get(ics))
}

/// Which occurrence, and what a comment answers.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    on: Option<String>,
    reply: Option<String>,
    /// How many of the newest comments are to be seen.
    #[serde(default)]
    comments: usize,
}

/// What was typed into the page's forms, and what was wrong with it.
#[derive(Debug, Default)]
struct Draft {
    comment: String,
    reply: Option<String>,
    /// How many of the newest comments are to be seen.
    comments: usize,
    comment_wrong: Option<Wrong>,
    feedback: String,
    feedback_wrong: Option<Wrong>,
    guests: Option<String>,
    note: Option<String>,
    answers: Vec<String>,
    answer_wrong: Option<Wrong>,
}

impl Draft {
    /// Whether the answer was refused for what stands in this field.
    fn is_wrong(&self, field: &str) -> bool {
        self.answer_wrong.as_ref().is_some_and(|wrong| wrong.is_at(field))
    }

    /// What was typed for a question; templates hand over references.
    fn answered(&self, at: &usize) -> &str {
        self.answers.get(*at).map_or("", String::as_str)
    }
}

#[derive(askama::Template)]
#[template(path = "event.html")]
struct EventPage {
    frame: Frame,
    view: View,
    draft: Draft,
}

async fn show(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Page<EventPage>, Problem> {
    let draft = Draft { reply: asked.reply, comments: asked.comments, ..Draft::default() };
    page(&visit, id, asked.on, draft).await.map(Page)
}

/// The page with what was typed, after it was refused.
async fn again(visit: &Visit, id: String, on: Option<String>, draft: Draft) -> Response {
    let texts = [
        ("event-feedback", draft.feedback.clone()),
        ("event-comment", draft.comment.clone()),
        ("event-note", draft.note.clone().unwrap_or_default()),
    ];
    match page(visit, id, on, draft).await {
        Ok(page) => (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response(),
        Err(problem) => problem.keeping(texts.iter().map(|(key, text)| (*key, &**text))).into_response(),
    }
}

async fn page(visit: &Visit, id: String, on: Option<String>, draft: Draft) -> Result<EventPage, Problem> {
    let on = on.filter(|on| !on.is_empty());
    let local = take!(visit, Request::EventLocal { event: id.clone(), on: on.clone() }, Local)?;
    let why = match local.mine {
        Some(_) => Some(take!(visit, Request::Why { event: id, on, who: None }, Why)?),
        None => None,
    };
    let series = series::whole(visit, &local.event).await?;
    let at = format!("/event/{}", local.event.id);
    let tail = series::tail(local.event.occ.as_deref());
    let may = May::of(&local.event.hosts, &visit.handle.me());
    let shown = Shown {
        newest: draft.comments,
        reply: draft.reply.as_deref(),
        at: &at,
        tail: &tail,
        may_hide: may.seat,
    };
    let view = View::of(&local, series.as_deref(), why.as_deref(), shown, visit);
    let here = format!("/event/{}{}", view.id, series::tail(local.event.occ.as_deref()));
    Ok(EventPage { frame: visit.frame_at(Tab::Home, here).await?, view, draft })
}

/// The event as a file that calendars take.
async fn ics(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let events = take!(visit, Request::Calendar { objects: vec![id] }, Calendar)?;
    let made = calendar::to_ics(&events, Options { now_ms: clock::now_ms(), alarm: None });
    let headers = [
        (CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"event.ics\""),
    ];
    Ok((headers, made.text).into_response())
}
