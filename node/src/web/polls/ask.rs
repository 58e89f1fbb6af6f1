//! A new poll: what it would be, and the dates that are offered.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::daemon::{PollRequest, Refusal, Request, Response as Answer, Sentence};
use crate::foreign;
use crate::web::ask::{Problem, Typed, Visit, Wrong, no_number, take};
use crate::web::frame::{Frame, Page, Tab};
use crate::web::schedule::form;

/// Fields for dates that are shown at once.
const SHOWN: usize = 4;
/// ... and with those that are folded away: as many as a poll may offer.
const OPTIONS_MAX: usize = 12;

/// What was typed, and what was wrong with it.
#[derive(Debug, Default)]
struct Draft {
    question: String,
    zone: String,
    hours: String,
    minutes: String,
    options: Vec<String>,
    wrong: Option<Wrong>,
}

impl Draft {
    fn of(fields: Vec<(String, String)>) -> Self {
        let mut draft = Self::default();
        for (name, text) in fields {
            let text = text.trim().to_owned();
            match &*name {
                "question" => draft.question = text,
                "zone" => draft.zone = text,
                "hours" => draft.hours = text,
                "minutes" => draft.minutes = text,
                // Some browsers send seconds.
                "option" if !text.is_empty() => {
                    draft.options.push(text.get(..16).unwrap_or(&text).to_owned());
                }
                _ => {}
            }
        }
        draft
    }

    fn length(&self) -> Result<u32, Refusal> {
        let number = |text: &str| if text.is_empty() { Ok(0) } else { text.parse::<u32>() };
        let (hours, minutes) = (number(&self.hours), number(&self.minutes));
        match (hours, minutes) {
            (Ok(hours), Ok(minutes)) => Ok(hours.saturating_mul(60).saturating_add(minutes)),
            _ => Err(no_number("minutes")),
        }
    }

    /// Attributes of a field: whether it was refused.
    fn bad(&self, field: &str) -> &'static str {
        let is_it = self.wrong.as_ref().is_some_and(|wrong| wrong.is_at(field));
        if is_it { "aria-invalid=true aria-describedby=refused" } else { "" }
    }
}

#[derive(askama::Template)]
#[template(path = "ask.html")]
pub(super) struct AskPage {
    frame: Frame,
    id: String,
    name: String,
    zones: Vec<&'static str>,
    draft: Draft,
    /// Number and text of the fields for dates.
    first: Vec<(usize, String)>,
    rest: Vec<(usize, String)>,
}

async fn page(visit: &Visit, id: String, draft: Draft) -> Result<AskPage, Problem> {
    let group = take!(visit, Request::GroupShow { group: id }, Group)?;
    if !group.members.contains(&visit.handle.me()) {
        let problem = format!("only members of {:?} ask it for a date", group.name);
        let problem = Sentence::said("refused-members-ask", &group.name, problem);
        return Err(visit.problem(&Refusal::NoEffect { problem }));
    }
    let fields = draft.options.len().max(OPTIONS_MAX);
    let field = |at: usize| (at + 1, draft.options.get(at).cloned().unwrap_or_default());
    let shown = draft.options.len().max(SHOWN);
    Ok(AskPage {
        frame: visit.frame_at(Tab::Groups, format!("/group/{}/poll", group.id)).await?,
        id: group.id.to_string(),
        name: foreign::line(&group.name),
        zones: form::zones(visit.look.zone),
        first: (0..shown).map(field).collect(),
        rest: (shown..fields).map(field).collect(),
        draft,
    })
}

pub(super) async fn show(visit: Visit, Path(id): Path<String>) -> Result<Page<AskPage>, Problem> {
    let (zone, hours) = (visit.look.zone.name().to_owned(), "2".to_owned());
    page(&visit, id, Draft { zone, hours, ..Draft::default() }).await.map(Page)
}

pub(super) async fn ask(
    visit: Visit,
    Path(id): Path<String>,
    Typed(fields): Typed<Vec<(String, String)>>,
) -> Response {
    let mut draft = Draft::of(fields);
    let asked = match draft.length() {
        Ok(minutes) => {
            let request = PollRequest::Create {
                group: id.clone(),
                question: draft.question.clone(),
                zone: draft.zone.clone(),
                minutes,
                options: draft.options.clone(),
            };
            visit.ask(Request::Poll(request)).await
        }
        Err(refusal) => Err(refusal),
    };
    match asked {
        Ok(Answer::Created(created)) => visit.done(&format!("/poll/{}", created.id), "did-ask"),
        Ok(_) => visit.odd().into_response(),
        Err(refusal) => {
            draft.wrong = Some(Wrong::of(visit.words(), &refusal));
            let question = draft.question.clone();
            match page(&visit, id, draft).await {
                Ok(page) => (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response(),
                Err(problem) => problem.keeping([("schedule-what", &*question)]).into_response(),
            }
        }
    }
}
