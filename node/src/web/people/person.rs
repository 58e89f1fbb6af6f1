//! One person: what is known of them, and what this node does about them.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::daemon::{FollowLine, Request};
use crate::foreign;
use crate::web::ask::{Problem, Typed, Visit, Wrong, take};
use crate::web::face::Face;
use crate::web::frame::{Frame, Page, Tab};
use crate::web::prose::Prose;

#[derive(askama::Template)]
#[template(path = "person.html")]
pub(super) struct PersonPage {
    frame: Frame,
    face: Face,
    is_me: bool,
    /// What they call themselves, where this node calls them otherwise.
    own_name: Option<String>,
    petname: String,
    about: Prose,
    /// Where else they are found.
    links: Prose,
    followed: bool,
    blocked: bool,
    entries: u32,
    /// How many entries count of a log that forked.
    cap: Option<u32>,
    /// Under which key they go on.
    now: Option<String>,
    /// How many entries they wrote under earlier keys.
    before: u64,
    wrong: Option<Wrong>,
}

impl PersonPage {
    /// Whether what they are to be called was refused.
    fn is_misnamed(&self) -> bool {
        self.wrong.as_ref().is_some_and(|wrong| wrong.is_at("petname"))
    }
}

pub(super) async fn show(visit: Visit, Path(feed): Path<String>) -> Result<Page<PersonPage>, Problem> {
    page(&visit, feed, None, None).await.map(Page)
}

async fn page(
    visit: &Visit,
    feed: String,
    petname: Option<String>,
    wrong: Option<Wrong>,
) -> Result<PersonPage, Problem> {
    let line: FollowLine = take!(visit, Request::Person { who: Some(feed) }, Person)?;
    let name = line.called().unwrap_or_default().to_owned();
    Ok(PersonPage {
        frame: visit.frame_at(Tab::People, format!("/person/{}", line.feed)).await?,
        is_me: line.feed == visit.handle.me(),
        own_name: line.name.as_deref().filter(|own| *own != name).map(foreign::line),
        petname: petname.or_else(|| line.petname.clone()).unwrap_or_default(),
        face: Face::of(&line.feed, &name),
        about: Prose::of(&line.about),
        links: Prose::links(&line.links),
        followed: line.followed,
        blocked: line.blocked,
        entries: line.entries,
        cap: line.cap,
        now: line.now.map(|feed| feed.to_string()),
        before: line.before.iter().map(|log| u64::from(log.entries)).sum(),
        wrong,
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct FollowForm {
    /// Absent where somebody is followed from a list: what they are called stays.
    petname: Option<String>,
}

pub(super) async fn follow(
    visit: Visit,
    Path(feed): Path<String>,
    Typed(form): Typed<FollowForm>,
) -> Response {
    let petname = form.petname.map(|petname| petname.trim().to_owned());
    let request = Request::Follow { who: feed.clone(), petname: petname.clone() };
    act(&visit, feed, request, "did-follow", petname).await
}

pub(super) async fn unfollow(visit: Visit, Path(feed): Path<String>) -> Response {
    act(&visit, feed.clone(), Request::Unfollow { who: feed }, "did-unfollow", None).await
}

pub(super) async fn block(visit: Visit, Path(feed): Path<String>) -> Response {
    act(&visit, feed.clone(), Request::Block { who: feed }, "did-block", None).await
}

async fn act(visit: &Visit, feed: String, request: Request, did: &str, petname: Option<String>) -> Response {
    let wrong = match visit.ask(request).await {
        Ok(_) => return visit.done(&format!("/person/{feed}"), did),
        Err(refusal) => Wrong::of(visit.words(), &refusal),
    };
    match page(visit, feed, petname, Some(wrong)).await {
        Ok(page) => (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response(),
        Err(problem) => problem.into_response(),
    }
}
