//! What somebody posted who was cut or put out, for their seniors to let it count all the same.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use klatch_feed::post::Role;

use super::App;
use super::ask::{Problem, Typed, Visit, Wrong, said, take};
use super::face::Face;
use super::frame::{Frame, Page, Tab};
use super::rights;
use super::when;
use crate::daemon::{LogLine, Refusal, Request};

/// Most entries that are shown.
const SHOWN_MAX: usize = 100;

pub(super) fn routes() -> Router<App> {
    let of_group = get(async |visit, Path(ids)| show(visit, Place::Group, ids).await)
        .post(async |visit, Path(ids), Typed(form)| act(visit, Place::Group, ids, form).await);
    let of_event = get(async |visit, Path(ids)| show(visit, Place::Event, ids).await)
        .post(async |visit, Path(ids), Typed(form)| act(visit, Place::Event, ids, form).await);
    Router::new().route("/group/{id}/endorse/{who}", of_group).route("/event/{id}/endorse/{who}", of_event)
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Event,
    Group,
}

impl Place {
    /// The page of those whom it is about.
    fn back(self, id: &str) -> String {
        match self {
            Self::Event => format!("/event/{id}/seats"),
            Self::Group => format!("/group/{id}/people"),
        }
    }
}

/// One entry.
#[derive(Debug)]
struct Line {
    id: String,
    stamp: String,
    at: String,
    what: String,
    chosen: bool,
}

#[derive(askama::Template)]
#[template(path = "endorse.html")]
struct EndorsePage {
    frame: Frame,
    action: String,
    back: String,
    title: String,
    face: Face,
    lines: Vec<Line>,
    wrong: Option<Wrong>,
}

/// Id of the event or group, and of the person.
type Ids = (String, String);

async fn page(
    visit: &Visit,
    place: Place,
    (id, who): &Ids,
    chosen: &[String],
) -> Result<EndorsePage, Problem> {
    let (object, title, roles) = match place {
        Place::Event => {
            let event = take!(visit, Request::EventShow { event: id.clone(), on: None }, Event)?;
            (event.id, event.title, event.hosts)
        }
        Place::Group => {
            let group = take!(visit, Request::GroupShow { group: id.clone() }, Group)?;
            (group.id, group.name, group.roles)
        }
    };
    rights::need(visit, &title, &roles, Role::Host)?;
    let person = take!(visit, Request::Person { who: Some(who.clone()) }, Person)?;
    let request = Request::Voided { object: object.to_string(), who: person.feed.to_string() };
    let void = take!(visit, request, Log)?;
    let lines = void.iter().take(SHOWN_MAX).map(|line| told(line, chosen, visit)).collect();
    let (tab, kind) = match place {
        Place::Event => (Tab::Home, "event"),
        Place::Group => (Tab::Groups, "group"),
    };
    let action = format!("/{kind}/{object}/endorse/{}", person.feed);
    Ok(EndorsePage {
        frame: visit.frame_at(tab, action.clone()).await?,
        action,
        back: place.back(&object.to_string()),
        title: visit.words().title(&title),
        face: Face::of(&person.feed, person.called().unwrap_or_default()),
        lines,
        wrong: None,
    })
}

fn told(line: &LogLine, chosen: &[String], visit: &Visit) -> Line {
    let (stamp, at) = when::instant(line.time_ms, visit.look.zone, visit.words());
    let id = line.id.to_string();
    Line { stamp, at, what: said(visit.words(), &line.what), chosen: chosen.contains(&id), id }
}

async fn show(visit: Visit, place: Place, ids: Ids) -> Result<Page<EndorsePage>, Problem> {
    page(&visit, place, &ids, &[]).await.map(Page)
}

async fn act(visit: Visit, place: Place, ids: Ids, form: Vec<(String, String)>) -> Response {
    let chosen = form.into_iter().filter(|(name, _)| name == "entry").map(|(_, id)| id);
    let entries: Vec<String> = chosen.collect();
    let asked = match entries.is_empty() {
        true => Err(None),
        false => {
            let request = Request::Endorse { object: ids.0.clone(), entries: entries.clone() };
            visit.ask(request).await.map_err(Some)
        }
    };
    let wrong = match asked {
        Ok(_) => return visit.done(&place.back(&ids.0), "did-endorse"),
        Err(Some(refusal @ Refusal::Right { .. })) => return visit.problem(&refusal).into_response(),
        Err(Some(refusal)) => Wrong::of(visit.words(), &refusal),
        Err(None) => Wrong::said(visit.words(), "endorse-none"),
    };
    match page(&visit, place, &ids, &entries).await {
        Ok(page) => {
            let page = EndorsePage { wrong: Some(wrong), ..page };
            (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}
