//! An event as its organizers change it: all of it, one date of a series, called off, or said something to everybody.

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use klatch_feed::EventState;
use klatch_feed::post::{Role, Tone};
use serde::Deserialize;

use super::App;
use super::ask::{Problem, Typed, Visit, Wrong, take};
use super::frame::{Frame, Page, Tab};
use super::repeats;
use super::rights;
use super::schedule::form::{self, Form};
use super::series::{self, Date};
use super::updates;
use super::when::When;
use crate::daemon::{Refusal, Request};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/event/{id}/change", get(show).post(change))
        .route("/event/{id}/dates", post(set_dates))
        .route("/event/{id}/announce", post(announce))
        .route("/event/{id}/cancel", get(sure).post(cancel))
}

/// Which date of a series.
#[derive(Debug, Default, Deserialize)]
pub(super) struct On {
    pub(super) on: Option<String>,
}

impl On {
    pub(super) fn date(self) -> Option<String> {
        self.on.filter(|on| !on.is_empty())
    }
}

#[derive(askama::Template)]
#[template(path = "change.html")]
struct ChangePage {
    frame: Frame,
    id: String,
    /// The occurrence, as forms carry it.
    on: String,
    title: String,
    when: When,
    cancelled: bool,
    form: Form,
    zones: Vec<&'static str>,
    guests_max: u32,
    is_new: bool,
    is_series: bool,
    rule: String,
    dates: Vec<Date>,
    /// Name and words of those that are left out.
    left_out: Vec<(String, String)>,
    added: DatesForm,
    undated: Option<Wrong>,
    announcement: String,
    unsaid: Option<Wrong>,
}

/// The event as an organizer sees it; a page that says no to everybody else.
async fn event(visit: &Visit, id: &str, on: Option<&str>) -> Result<EventState, Problem> {
    let request = Request::EventShow { event: id.to_owned(), on: on.map(str::to_owned) };
    let mut event = take!(visit, request, Event)?;
    rights::need(visit, &event.title, &event.hosts, Role::Organizer)?;
    // A comment that is hidden changes nothing of what the form shows.
    updates::without_comments(visit, &mut event).await?;
    Ok(*event)
}

async fn page(visit: &Visit, event: &EventState, form: Form) -> Result<ChangePage, Problem> {
    let words = visit.words();
    let here = format!("/event/{}/change{}", event.id, series::tail(event.occ.as_deref()));
    Ok(ChangePage {
        frame: visit.frame_at(Tab::Home, here).await?,
        id: event.id.to_string(),
        on: event.occ.clone().unwrap_or_default(),
        title: visit.words().title(&event.title),
        when: When::of_event(event, None, visit.look.zone, words),
        cancelled: event.cancelled,
        form,
        zones: form::zones(visit.look.zone),
        guests_max: form::guests_max(),
        is_new: false,
        is_series: event.founded_start.is_some() && event.occ.is_none(),
        rule: repeats::of_event(event, words),
        dates: series::dates(visit, event, "change").await?,
        left_out: series::left_out(event, words),
        added: DatesForm::default(),
        undated: None,
        announcement: String::new(),
        unsaid: None,
    })
}

async fn show(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<On>,
) -> Result<Page<ChangePage>, Problem> {
    let event = event(&visit, &id, asked.date().as_deref()).await?;
    page(&visit, &event, Form::of_event(&event)).await.map(Page)
}

fn answer(page: Result<ChangePage, Problem>) -> Response {
    match page {
        Ok(page) => (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn change(
    visit: Visit,
    Path(id): Path<String>,
    Typed(fields): Typed<Vec<(String, String)>>,
) -> Response {
    let mut form = Form::of(fields);
    let on = Some(form.get("on").to_owned()).filter(|on| !on.is_empty());
    let event = match event(&visit, &id, on.as_deref()).await {
        Ok(event) => event,
        Err(problem) => return problem.keeping(form.texts()).into_response(),
    };
    if form.is_behind(&event) {
        form.catch_up(&event);
        form.wrong = Some(Wrong::said(visit.words(), "change-behind"));
        return answer(page(&visit, &event, form).await);
    }
    let asked = match form.change(&event) {
        Ok((fields, address)) => {
            let (extra, except) = (Vec::new(), Vec::new());
            let fields = Box::new(fields);
            let request =
                Request::EventUpdate { event: id.clone(), on: on.clone(), fields, extra, except, address };
            visit.ask(request).await
        }
        Err(refusal) => Err(refusal),
    };
    match asked {
        Ok(_) => visit.done(&format!("/event/{id}{}", series::tail(on.as_deref())), "did-change"),
        Err(refusal) => {
            form.wrong = Some(match refusal {
                Refusal::NoEffect { .. } if !event.cancelled => Wrong::said(visit.words(), "change-nothing"),
                refusal => Wrong::of(visit.words(), &refusal),
            });
            answer(page(&visit, &event, form).await)
        }
    }
}

/// A date that a series has besides, or one of it to leave out.
#[derive(Debug, Default, Deserialize)]
struct DatesForm {
    #[serde(default)]
    date: String,
    #[serde(default)]
    time: String,
    #[serde(default)]
    out: String,
    #[serde(default)]
    back: String,
}

impl DatesForm {
    /// What comes in and what goes out; a date without a time is at the time of the others.
    fn change(&self) -> Result<[Vec<String>; 2], Refusal> {
        let (date, time) = (self.date.trim(), self.time.trim());
        match (&*self.out, &*self.back, date, time) {
            ("", "", "", _) => Err(form::misread("start", "refused-day", "say on which day")),
            ("", "", date, "") => Ok([vec![date.to_owned()], Vec::new()]),
            // Some browsers send seconds.
            ("", "", date, time) => {
                Ok([vec![format!("{date}T{}", time.get(..5).unwrap_or(time))], Vec::new()])
            }
            ("", back, ..) => Ok([vec![back.to_owned()], Vec::new()]),
            (out, ..) => Ok([Vec::new(), vec![out.to_owned()]]),
        }
    }
}

async fn set_dates(visit: Visit, Path(id): Path<String>, Typed(form): Typed<DatesForm>) -> Response {
    let event = match event(&visit, &id, None).await {
        Ok(event) => event,
        Err(problem) => return problem.into_response(),
    };
    let asked = match form.change() {
        Ok([extra, except]) => {
            let (fields, event, on, address) = (Box::default(), id.clone(), None, None);
            visit.ask(Request::EventUpdate { event, on, fields, extra, except, address }).await
        }
        Err(refusal) => Err(refusal),
    };
    match asked {
        Ok(_) => visit.done(&format!("/event/{id}/change"), "did-dates"),
        Err(refusal) => {
            let undated = Some(Wrong::of(visit.words(), &refusal));
            let page = page(&visit, &event, Form::of_event(&event)).await;
            answer(page.map(|page| ChangePage { added: form, undated, ..page }))
        }
    }
}

/// Something that everybody at the event should know.
#[derive(Debug, Deserialize)]
struct Announcement {
    on: Option<String>,
    #[serde(default)]
    text: String,
}

async fn announce(visit: Visit, Path(id): Path<String>, Typed(form): Typed<Announcement>) -> Response {
    let on = On { on: form.on }.date();
    let text = form.text.replace("\r\n", "\n").trim().to_owned();
    let event = match event(&visit, &id, on.as_deref()).await {
        Ok(event) => event,
        Err(problem) => return problem.keeping([("change-announcement", &*text)]).into_response(),
    };
    let request = Request::Comment { object: id.clone(), text: text.clone(), tone: Some(Tone::Announcement) };
    match visit.ask(request).await {
        Ok(_) => visit.done(&format!("/event/{id}{}", series::tail(on.as_deref())), "did-announce"),
        Err(refusal) => {
            let unsaid = Some(Wrong::of(visit.words(), &refusal));
            let page = page(&visit, &event, Form::of_event(&event)).await;
            answer(page.map(|page| ChangePage { announcement: text, unsaid, ..page }))
        }
    }
}

#[derive(askama::Template)]
#[template(path = "cancel.html")]
struct CancelPage {
    frame: Frame,
    id: String,
    on: String,
    title: String,
    when: When,
    reason: String,
    wrong: Option<Wrong>,
    is_series: bool,
}

async fn sure_page(visit: &Visit, event: &EventState, reason: String) -> Result<CancelPage, Problem> {
    let here = format!("/event/{}/cancel{}", event.id, series::tail(event.occ.as_deref()));
    Ok(CancelPage {
        frame: visit.frame_at(Tab::Home, here).await?,
        id: event.id.to_string(),
        on: event.occ.clone().unwrap_or_default(),
        title: visit.words().title(&event.title),
        when: When::of_event(event, None, visit.look.zone, visit.words()),
        reason,
        wrong: None,
        is_series: event.founded_start.is_some() && event.occ.is_none(),
    })
}

/// Asks once more: to call off is final.
async fn sure(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<On>,
) -> Result<Page<CancelPage>, Problem> {
    let event = event(&visit, &id, asked.date().as_deref()).await?;
    sure_page(&visit, &event, String::new()).await.map(Page)
}

/// One date, or all of it.
#[derive(Debug, Deserialize)]
struct CancelForm {
    on: Option<String>,
    #[serde(default)]
    reason: String,
}

async fn cancel(visit: Visit, Path(id): Path<String>, Typed(form): Typed<CancelForm>) -> Response {
    let on = On { on: form.on }.date();
    let reason = form.reason.trim().to_owned();
    let event = match event(&visit, &id, on.as_deref()).await {
        Ok(event) => event,
        Err(problem) => return problem.keeping([("change-reason", &*reason)]).into_response(),
    };
    let (request, did) = match on.clone() {
        Some(on) => (Request::EventSkip { event: id.clone(), on }, "did-skip"),
        None => (Request::EventCancel { event: id.clone(), reason: reason.clone() }, "did-cancel"),
    };
    match visit.ask(request).await {
        Ok(_) => visit.done(&format!("/event/{id}{}", series::tail(on.as_deref())), did),
        Err(refusal) => match sure_page(&visit, &event, reason).await {
            Ok(page) => {
                let wrong = Some(Wrong::of(visit.words(), &refusal));
                (StatusCode::UNPROCESSABLE_ENTITY, Page(CancelPage { wrong, ..page })).into_response()
            }
            Err(problem) => problem.into_response(),
        },
    }
}
