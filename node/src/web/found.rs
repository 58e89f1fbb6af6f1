//! A new group: its name, who schedules in it, how one becomes a member, who owns it besides oneself.

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use klatch_feed::post::{Joining, Schedulers, Silence};

use super::App;
use super::ask::{Problem, Typed, Visit, Wrong, no_number, take};
use super::face::Face;
use super::frame::{Frame, Page, Tab};
use crate::daemon::{Refusal, Request, Response as Answer};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/groups/new", get(show).post(found))
}

/// What was typed.
#[derive(Debug, Default)]
struct Draft {
    name: String,
    schedulers: String,
    joining: String,
    owners: Vec<String>,
    public: bool,
    silence_owners: String,
    silence_members: String,
    wrong: Option<Wrong>,
}

impl Draft {
    fn is_joining(&self, joining: &str) -> bool {
        self.joining == joining
    }
    fn is_owner(&self, feed: &str) -> bool {
        self.owners.iter().any(|owner| owner == feed)
    }
    /// How many can say that an owner is silent; `None` where nobody can.
    fn silence(&self) -> Result<Option<Silence>, Refusal> {
        let number = |text: &str| match text {
            "" => Ok(0),
            text => text.parse::<u32>().map_err(|_| no_number("silence")),
        };
        let silence =
            Silence { owners: number(&self.silence_owners)?, members: number(&self.silence_members)? };
        Ok(Some(silence).filter(|silence| *silence != Silence { owners: 0, members: 0 }))
    }
    fn is_wrong(&self, field: &str) -> bool {
        self.wrong.as_ref().is_some_and(|wrong| wrong.is_at(field))
    }
}

#[derive(askama::Template)]
#[template(path = "found.html")]
struct FoundPage {
    frame: Frame,
    draft: Draft,
    /// Whom I follow.
    people: Vec<Face>,
}

async fn page(visit: &Visit, draft: Draft) -> Result<FoundPage, Problem> {
    let lines = take!(visit, Request::Follows, Follows)?.into_iter().filter(|line| line.followed);
    let mut people: Vec<Face> =
        lines.map(|line| Face::of(&line.feed, line.called().unwrap_or_default())).collect();
    people.sort_by_key(|face| face.name.to_lowercase());
    let frame = visit.frame_at(Tab::Groups, "/groups/new".to_owned()).await?;
    Ok(FoundPage { frame, draft, people })
}

async fn show(visit: Visit) -> Result<Page<FoundPage>, Problem> {
    let (schedulers, joining) = ("organizers".to_owned(), "open".to_owned());
    page(&visit, Draft { schedulers, joining, ..Draft::default() }).await.map(Page)
}

async fn found(visit: Visit, Typed(fields): Typed<Vec<(String, String)>>) -> Response {
    let all = |name: &str| -> Vec<String> {
        let fields = fields.iter().filter(|(said, text)| said == name && !text.trim().is_empty());
        fields.map(|(_, text)| text.trim().to_owned()).collect()
    };
    let one = |name: &str| all(name).into_iter().next().unwrap_or_default();
    let mut draft = Draft {
        name: one("name"),
        schedulers: one("schedulers"),
        joining: one("joining"),
        owners: all("owner"),
        public: one("public") == "on",
        silence_owners: one("silence_owners"),
        silence_members: one("silence_members"),
        wrong: None,
    };
    let silence = match draft.silence() {
        Ok(silence) => silence,
        Err(refusal) => return refused(&visit, &mut draft, &refusal).await,
    };
    let request = Request::GroupCreate {
        name: draft.name.clone(),
        owners: draft.owners.clone(),
        schedulers: if draft.schedulers == "members" { Schedulers::Members } else { Schedulers::Organizers },
        joining: match &*draft.joining {
            "approval" => Joining::Approval,
            "invite" => Joining::Invite,
            _ => Joining::Open,
        },
        silence,
    };
    match visit.ask(request).await {
        Ok(Answer::Created(created)) => {
            let group = created.id.to_string();
            if draft.public
                && let Err(refusal) = visit.ask(Request::GroupPublic { group: group.clone(), on: true }).await
            {
                return visit.problem(&refusal).into_response();
            }
            visit.done(&format!("/group/{group}/people"), "did-found")
        }
        Ok(_) => visit.odd().into_response(),
        Err(refusal) => refused(&visit, &mut draft, &refusal).await,
    }
}

async fn refused(visit: &Visit, draft: &mut Draft, refusal: &Refusal) -> Response {
    draft.wrong = Some(Wrong::of(visit.words(), refusal));
    match page(visit, std::mem::take(draft)).await {
        Ok(page) => (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response(),
        Err(problem) => problem.into_response(),
    }
}
