//! A new event, in a group or on one's own; also from a calendar of elsewhere, as a draft.

pub(super) mod form;

use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::Days;
use klatch_feed::post::{Role, Schedulers};
use serde::Deserialize;

use super::App;
use super::ask::{Problem, Typed, Visit, Wrong, said, take};
use super::frame::{Frame, Page, Tab};
use super::when;
use crate::calendar::draft::{self, DraftError, Drafts, EventError};
use crate::clock;
use crate::daemon::{GroupLine, Refusal, Request, Response as Answer, Sentence};
use crate::foreign;
use form::Form;

/// Most groups that are offered.
const GROUPS_MAX: usize = 100;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/schedule", get(show).post(schedule)).route("/schedule/calendar", post(draft))
}

#[derive(Debug, Deserialize)]
struct Asked {
    group: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "schedule.html")]
struct SchedulePage {
    frame: Frame,
    form: Form,
    /// Ids and names of those in which I may schedule.
    groups: Vec<(String, String)>,
    zones: Vec<&'static str>,
    guests_max: u32,
    /// A calendar that was pasted, if it could not be read, and why.
    pasted: String,
    unread: Option<Wrong>,
    /// What of a calendar was not taken over, in English.
    notes: Vec<String>,
    /// What `fields.html` asks of every page that shows it.
    is_new: bool,
    is_series: bool,
    rule: String,
}

/// The day that is proposed: in a week.
fn proposed(visit: &Visit) -> chrono::NaiveDate {
    let today = when::day(clock::now(), visit.look.zone).unwrap_or_default();
    today.checked_add_days(Days::new(7)).unwrap_or(today)
}

async fn page(visit: &Visit, form: Form) -> Result<SchedulePage, Problem> {
    let groups = groups(visit, form.get("group")).await?;
    Ok(SchedulePage {
        groups,
        frame: visit.frame_at(Tab::Home, "/schedule".to_owned()).await?,
        form,
        zones: form::zones(visit.look.zone),
        guests_max: form::guests_max(),
        pasted: String::new(),
        unread: None,
        notes: Vec::new(),
        is_new: true,
        is_series: false,
        rule: String::new(),
    })
}

/// The groups in which I may schedule, the one that is asked for among them.
async fn groups(visit: &Visit, asked: &str) -> Result<Vec<(String, String)>, Problem> {
    let leads = |line: &GroupLine| matches!(line.role, Some(Role::Owner | Role::Organizer));
    let mut lines = take!(visit, Request::GroupList, Groups)?;
    lines.retain(|line| leads(line) || line.member);
    lines.sort_by_key(|line| line.id.to_string() != asked);
    let mut open = Vec::new();
    for line in lines.into_iter().take(GROUPS_MAX) {
        let may = leads(&line) || {
            let group = take!(visit, Request::GroupShow { group: line.id.to_string() }, Group)?;
            group.schedulers == Schedulers::Members
        };
        if may {
            open.push((line.id.to_string(), foreign::line(&line.name)));
        }
    }
    Ok(open)
}

async fn show(visit: Visit, Query(asked): Query<Asked>) -> Result<Page<SchedulePage>, Problem> {
    let form = Form::blank(visit.look.zone, proposed(&visit), asked.group);
    page(&visit, form).await.map(Page)
}

/// The page with what was typed, after it was refused.
async fn again(visit: &Visit, mut form: Form, refusal: &Refusal) -> Response {
    form.wrong = Some(Wrong::of(visit.words(), refusal));
    match page(visit, form).await {
        Ok(page) => (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn schedule(visit: Visit, Typed(fields): Typed<Vec<(String, String)>>) -> Response {
    let form = Form::of(fields);
    let asked = match form.schedule() {
        Ok(schedule) => visit.ask(Request::Schedule(schedule)).await,
        Err(refusal) => Err(refusal),
    };
    match asked {
        Ok(Answer::Created(created)) => visit.done(&format!("/event/{}", created.id), "did-schedule"),
        Ok(_) => visit.odd().into_response(),
        Err(refusal) => again(&visit, form, &refusal).await,
    }
}

#[derive(Debug, Deserialize)]
struct Pasted {
    #[serde(default)]
    calendar: String,
}

/// The form filled in from a calendar; nothing is scheduled yet.
async fn draft(visit: Visit, Typed(pasted): Typed<Pasted>) -> Response {
    let blank = || Form::blank(visit.look.zone, proposed(&visit), None);
    let read = draft::read(pasted.calendar.trim().as_bytes(), visit.look.zone, false);
    let first = match read {
        Ok(Drafts { good, bad }) => match (good.into_iter().next(), bad.first()) {
            (None, Some(bad)) => Err(unfit(&bad.error)),
            (first, _) => Ok(first),
        },
        Err(error) => Err(unread(&error)),
    };
    let (form, notes) = match &first {
        Ok(Some(draft)) => (Form::of_draft(draft, proposed(&visit)), draft.notes.clone()),
        _ => (blank(), Vec::new()),
    };
    let page = match page(&visit, form).await {
        Ok(page) => page,
        Err(problem) => return problem.into_response(),
    };
    match first {
        Err(problem) => {
            let refusal = Refusal::Field { field: "calendar".to_owned(), problem };
            let unread = Some(Wrong::of(visit.words(), &refusal));
            let page = SchedulePage { pasted: pasted.calendar, unread, ..page };
            (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response()
        }
        Ok(_) => {
            let notes = notes.iter().map(|note| said(visit.words(), note)).collect();
            Page(SchedulePage { notes, ..page }).into_response()
        }
    }
}

/// Why a calendar gives no draft.
fn unread(error: &DraftError) -> Sentence {
    let key = match error {
        DraftError::TooLong => "schedule-unread-long",
        DraftError::Text | DraftError::Shape => "schedule-unread-shape",
        DraftError::Empty => "schedule-unread-empty",
        DraftError::TooMany => "schedule-unread-many",
    };
    Sentence::said(key, "", error.to_string())
}

/// ... and an event in it.
fn unfit(error: &EventError) -> Sentence {
    let (key, who) = match error {
        EventError::Missing { name } => ("schedule-unread-missing", *name),
        EventError::Value { value, .. } => ("schedule-unread-value", &**value),
        EventError::Zone { zone } => ("schedule-unread-zone", &**zone),
        EventError::Rule { rule, .. } => ("schedule-unread-rule", &**rule),
        EventError::Cancelled => ("schedule-unread-cancelled", ""),
    };
    Sentence::said(key, who, error.to_string())
}
