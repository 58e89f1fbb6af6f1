//! What was changed of an event, for its hosts, who may hide the words of a change; and for the organizers of its group,
//! who may hide the event.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono_tz::Tz;
use klatch_feed::EventState;
use klatch_feed::post::{EventFields, Role};
use serde::Deserialize;
use serde_json::Value;

use super::App;
use super::ask::{Problem, Typed, Visit, Wrong, label, take};
use super::event::view::policy;
use super::face::Face;
use super::frame::{Frame, Page, Tab};
use super::prose::Prose;
use super::repeats;
use super::rights;
use super::talk::hidden_by;
use super::when::{self, When};
use super::words::Words;
use crate::daemon::{HiddenBy, Refusal, Request, UpdateLine};
use crate::published::marked;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/event/{id}/changes", get(show).post(act))
}

/// One change, or the event as it was scheduled.
#[derive(Debug)]
struct Line {
    id: String,
    face: Face,
    stamp: String,
    at: String,
    /// The date of a series that it is about.
    on: Option<String>,
    /// What is said in words: the name of each field, and what it says.
    texts: Vec<(String, Prose)>,
    /// The names of the fields that say something else.
    others: String,
    hidden: Option<String>,
    /// Whether I may hide it, or show it again.
    may_hide: bool,
}

#[derive(askama::Template)]
#[template(path = "updates.html")]
struct UpdatesPage {
    frame: Frame,
    id: String,
    title: String,
    lines: Vec<Line>,
    form: HideForm,
    wrong: Option<Wrong>,
}

impl UpdatesPage {
    /// Whether it was about nothing that has a form here.
    fn is_about_none(&self) -> bool {
        !self.lines.iter().any(|line| line.may_hide && self.is_about(&line.id))
    }

    /// Whether this is what the form that was refused was about; templates hand over references.
    fn is_about(&self, entry: &str) -> bool {
        self.wrong.is_some() && self.form.entry == entry
    }
}

/// What is to be hidden or shown again.
#[derive(Debug, Default, Deserialize)]
struct HideForm {
    #[serde(default)]
    entry: String,
    #[serde(rename = "do", default)]
    what: String,
    #[serde(default)]
    reason: String,
}

/// Leaves, of what is hidden, what an event is made of: itself and its changes, and no comment.
pub(super) async fn without_comments(visit: &Visit, event: &mut EventState) -> Result<(), Problem> {
    if !event.hidden.is_empty() {
        let (id, request) = (event.id, Request::Updates { event: event.id.to_string() });
        let updates = take!(visit, request, Updates)?;
        let is_of_it = |entry| entry == id || updates.iter().any(|line| line.id == entry);
        event.hidden.retain(|line| is_of_it(line.entry));
    }
    Ok(())
}

async fn page(visit: &Visit, id: &str) -> Result<UpdatesPage, Problem> {
    let request = Request::EventLocal { event: id.to_owned(), on: None };
    let local = take!(visit, request, Local)?;
    let (event, words, me) = (&local.event, visit.words(), visit.handle.me());
    let organizes = match event.group.filter(|_| event.in_group) {
        Some(group) => {
            let group = take!(visit, Request::GroupShow { group: group.to_string() }, Group)?;
            rights::role(&group.roles, &me).is_some_and(|role| role <= Role::Organizer)
        }
        None => false,
    };
    let mine = match organizes {
        true => rights::role(&event.hosts, &me),
        false => Some(rights::need(visit, &event.title, &event.hosts, Role::Host)?),
    };
    let may_hide = mine.is_some_and(|role| role <= Role::Host);
    let updates = take!(visit, Request::Updates { event: event.id.to_string() }, Updates)?;
    let mut lines: Vec<Line> = updates.iter().map(|line| told(line, may_hide, visit)).collect();
    let whole = event.hidden.iter().find(|line| line.entry == event.id);
    let whole = whole.map(|line| HiddenBy {
        feed: line.by,
        name: local.name(&line.by),
        reason: local.hidden.first().map(|by| by.reason.clone()).unwrap_or_default(),
    });
    lines.push(founding(event, local.name(&event.author), whole.as_ref(), organizes, words));
    Ok(UpdatesPage {
        frame: visit.frame_at(Tab::Home, format!("/event/{}/changes", event.id)).await?,
        id: event.id.to_string(),
        title: words.title(&event.title),
        lines,
        form: HideForm::default(),
        wrong: None,
    })
}

fn told(line: &UpdateLine, may_hide: bool, visit: &Visit) -> Line {
    let words = visit.words();
    let (stamp, at) = when::instant(line.time_ms, visit.look.zone, words);
    let (texts, others) = said(&line.fields, words);
    Line {
        id: line.id.to_string(),
        face: Face::of(&line.feed, &line.name),
        stamp,
        at,
        on: line.occ.as_deref().map(|occ| start(occ, false, words)),
        texts,
        others,
        hidden: line.hidden.as_ref().map(|by| hidden_by(by, words)),
        may_hide,
    }
}

/// The event as it was scheduled; only its group hides that.
fn founding(
    event: &EventState,
    name: String,
    hidden: Option<&HiddenBy>,
    may_hide: bool,
    words: Words,
) -> Line {
    Line {
        id: event.id.to_string(),
        face: Face::of(&event.author, &name),
        stamp: String::new(),
        at: words.say("updates-founded"),
        on: None,
        texts: Vec::new(),
        others: String::new(),
        hidden: hidden.map(|by| hidden_by(by, words)),
        may_hide,
    }
}

/// What an event's page calls it.
fn name(field: &str, words: Words) -> String {
    match field {
        "cost" => words.say("event-cost"),
        "access" => words.say("event-access"),
        "online" => words.say("event-online"),
        "tags" => words.say("updates-tags"),
        "geo" => words.say("updates-geo"),
        "no_show_max" => words.say("updates-no-shows"),
        "except" => words.say("change-left-out"),
        field => label(words, field),
    }
}

/// A start by the event's own clock.
fn start(text: &str, all_day: bool, words: Words) -> String {
    let when = When::of(text, "", None, 0, Tz::UTC, words);
    if all_day { when.of_whole_days(text, words).there } else { when.there }
}

/// What is said in words, and the names of what else is said.
fn said(fields: &EventFields, words: Words) -> (Vec<(String, Prose)>, String) {
    let mut fields = fields.clone();
    let all_day = fields.all_day == Some(true);
    let mut told = Vec::new();
    let mut take =
        |field: &str, text: Option<String>| told.extend(text.map(|text| (name(field, words), text)));
    take("start", fields.start.take().map(|text| start(&text, all_day, words)));
    for (field, dates) in [("extra", fields.extra.take()), ("except", fields.except.take())] {
        let said =
            |dates: Vec<String>| dates.iter().map(|date| start(date, all_day, words)).collect::<Vec<_>>();
        take(field, dates.map(|dates| said(dates).join("\n")));
    }
    take("repeat", fields.repeat.take().map(|rule| repeats::of_rule(&rule, words)));
    take("policy", fields.policy.take().map(|given| policy(given, words)));
    let mut others = Vec::new();
    // The tag by which an event is public is no word of it.
    if let Some(tags) = fields.tags.take() {
        match marked(tags.clone(), false).is_empty() && !tags.is_empty() {
            true => others.push(words.say("schedule-public")),
            false => take("tags", Some(marked(tags, false).join("\n"))),
        }
    }
    let Ok(Value::Object(rest)) = serde_json::to_value(fields) else { return Default::default() };
    for (field, value) in &rest {
        match value {
            Value::String(text) => take(field, Some(text.clone())),
            Value::Array(list) if list.iter().all(Value::is_string) => {
                let list: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
                take(field, Some(list.join("\n")));
            }
            _ => others.push(name(field, words)),
        }
    }
    (told.into_iter().map(|(name, text)| (name, Prose::of(&text))).collect(), others.join(", "))
}

async fn show(visit: Visit, Path(id): Path<String>) -> Result<Page<UpdatesPage>, Problem> {
    page(&visit, &id).await.map(Page)
}

async fn act(visit: Visit, Path(id): Path<String>, Typed(form): Typed<HideForm>) -> Response {
    let on = match &*form.what {
        "hide" => true,
        "show" => false,
        _ => return visit.nothing().into_response(),
    };
    let reason = form.reason.trim().to_owned();
    let asked = match object(&visit, &id, &form.entry).await {
        Ok(object) => {
            let entries = vec![form.entry.clone()];
            visit.ask(Request::Hide { object, entries, on, reason: reason.clone() }).await
        }
        Err(problem) => return problem.keeping([("change-reason", &*reason)]).into_response(),
    };
    match asked {
        Ok(_) => visit.done(&format!("/event/{id}/changes"), if on { "did-hide" } else { "did-show" }),
        Err(refusal @ Refusal::Right { .. }) => {
            visit.problem(&refusal).keeping([("change-reason", &*reason)]).into_response()
        }
        Err(refusal) => match page(&visit, &id).await {
            Ok(page) => {
                let wrong = Some(Wrong::of(visit.words(), &refusal));
                let page = UpdatesPage { form, wrong, ..page };
                (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response()
            }
            Err(problem) => problem.keeping([("change-reason", &*reason)]).into_response(),
        },
    }
}

/// Where it is hidden: a change in its event, and the event in its group.
async fn object(visit: &Visit, id: &str, entry: &str) -> Result<String, Problem> {
    let event = take!(visit, Request::EventShow { event: id.to_owned(), on: None }, Event)?;
    let group = event.group.filter(|_| entry == event.id.to_string());
    Ok(group.unwrap_or(event.id).to_string())
}
