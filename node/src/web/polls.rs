//! Polls of a group about when an event should be: who could come when, one's own vote, and the event that comes of
//! it. Asking a new one: `ask`.

mod ask;

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use klatch_feed::post::{Role, Schedulers, instant};
use klatch_feed::{FeedId, GroupState};
use serde::Deserialize;

use super::App;
use super::ask::{Problem, Typed, Visit, Wrong, no_number, take};
use super::face::Face;
use super::frame::{Frame, Page, Tab};
use super::rights;
use super::talk::hidden_by;
use super::when::When;
use crate::daemon::{PollLine, PollRequest, Refusal, Request, Response as Answer};
use crate::foreign;

/// Most people who are named beside a date; the rest is a number.
const FACES_MAX: usize = 40;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/poll/{id}", get(show))
        .route("/poll/{id}/vote", post(vote))
        .route("/poll/{id}/settle", post(settle))
        .route("/poll/{id}/hide", post(hide))
        .route("/group/{id}/poll", get(ask::show).post(ask::ask))
}

/// A date that is offered.
#[derive(Debug)]
struct Choice {
    when: When,
    /// From 1, as forms name it.
    number: usize,
    yes: usize,
    people: Vec<Face>,
    /// How many more than those named.
    more: usize,
    is_mine: bool,
    /// Nobody could come on another date more.
    is_best: bool,
}

/// Whether I may make an event of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Settling {
    /// I neither asked nor organize the group, or there is an event already.
    No,
    /// I asked, and do not schedule in this group.
    Barred,
    Yes,
}

/// What was typed, and what was wrong with it.
#[derive(Debug, Default)]
struct Draft {
    /// The numbers that were ticked.
    ticked: Option<Vec<String>>,
    vote_wrong: Option<Wrong>,
    option: String,
    title: Option<String>,
    place: String,
    capacity: String,
    settle_wrong: Option<Wrong>,
    reason: String,
    hide_wrong: Option<Wrong>,
}

impl Draft {
    fn is_option(&self, number: &usize) -> bool {
        self.option == number.to_string()
    }
    /// Attributes of a field of the event: whether it was refused.
    fn bad(&self, field: &str) -> &'static str {
        let is_it = self.settle_wrong.as_ref().is_some_and(|wrong| wrong.is_at(field));
        if is_it { "aria-invalid=true aria-describedby=unsettled" } else { "" }
    }
}

#[derive(askama::Template)]
#[template(path = "poll.html")]
struct PollPage {
    frame: Frame,
    id: String,
    /// Id and name of the group, if it is here.
    group: Option<(String, String)>,
    question: String,
    by: Face,
    votes: usize,
    zone: String,
    choices: Vec<Choice>,
    /// Where the event is that came of it.
    event: Option<String>,
    settling: Settling,
    /// Who hid it and why; then nothing else of it is shown.
    hidden: Option<String>,
    /// Whether I may hide it, or show it again.
    may_hide: bool,
    draft: Draft,
}

impl PollPage {
    fn may_settle(&self) -> bool {
        self.settling == Settling::Yes
    }
    fn is_barred(&self) -> bool {
        self.settling == Settling::Barred
    }
}

async fn page(visit: &Visit, id: String, mut draft: Draft) -> Result<PollPage, Problem> {
    let poll = take!(visit, Request::Poll(PollRequest::Show { poll: id }), Poll)?;
    let group = group(visit, &poll).await?;
    let me = visit.handle.me();
    let settling = match &group {
        _ if poll.hidden.is_some() || poll.settled.is_some() => Settling::No,
        Some(group) if organizes(group, &me) || (poll.author == me && may_schedule(group, &me)) => {
            Settling::Yes
        }
        _ if poll.author == me => Settling::Barred,
        _ => Settling::No,
    };
    draft.title.get_or_insert_with(|| poll.question.clone());
    let face = |feed: &FeedId| Face::of(feed, poll.names.get(feed).map_or("", String::as_str));
    Ok(PollPage {
        frame: visit.frame_at(Tab::Groups, format!("/poll/{}", poll.id)).await?,
        id: poll.id.to_string(),
        may_hide: group.as_ref().is_some_and(|group| organizes(group, &me)),
        group: group.map(|group| (group.id.to_string(), foreign::line(&group.name))),
        question: foreign::line(&poll.question),
        by: face(&poll.author),
        votes: poll.votes,
        zone: foreign::line(&poll.zone),
        choices: choices(&poll, draft.ticked.as_deref(), visit),
        event: poll.settled.map(|event| format!("/object/{event}")),
        settling,
        hidden: poll.hidden.as_ref().map(|by| hidden_by(by, visit.words())),
        draft,
    })
}

/// The group that was asked; `None` while it is not here.
async fn group(visit: &Visit, poll: &PollLine) -> Result<Option<Box<GroupState>>, Problem> {
    match visit.ask(Request::GroupShow { group: poll.group.to_string() }).await {
        Ok(Answer::Group(group)) => Ok(Some(group)),
        Ok(_) => Err(visit.odd()),
        Err(Refusal::Unknown { .. }) => Ok(None),
        Err(refusal) => Err(visit.problem(&refusal)),
    }
}

fn organizes(group: &GroupState, me: &FeedId) -> bool {
    rights::role(&group.roles, me).is_some_and(|role| role <= Role::Organizer)
}

fn may_schedule(group: &GroupState, me: &FeedId) -> bool {
    organizes(group, me) || (group.schedulers == Schedulers::Members && group.members.contains(me))
}

fn choices(poll: &PollLine, ticked: Option<&[String]>, visit: &Visit) -> Vec<Choice> {
    let (me, words) = (visit.handle.me(), visit.words());
    let most = poll.options.iter().map(|option| option.yes.len()).max().unwrap_or_default();
    let choice = |(at, option): (usize, &crate::daemon::PollOption)| {
        let number = at + 1;
        let start_ms = instant(&option.start, &poll.zone).ok().map(|at| at.timestamp_millis());
        let yes: BTreeSet<&FeedId> = option.yes.iter().collect();
        let face = |feed: &&FeedId| Face::of(feed, poll.names.get(*feed).map_or("", String::as_str));
        Choice {
            when: When::of(&option.start, &poll.zone, start_ms, poll.minutes, visit.look.zone, words),
            number,
            yes: yes.len(),
            people: yes.iter().take(FACES_MAX).map(face).collect(),
            more: yes.len().saturating_sub(FACES_MAX),
            is_mine: match ticked {
                Some(ticked) => ticked.contains(&number.to_string()),
                None => yes.contains(&me),
            },
            is_best: most > 0 && yes.len() == most,
        }
    };
    poll.options.iter().enumerate().map(choice).collect()
}

async fn show(visit: Visit, Path(id): Path<String>) -> Result<Page<PollPage>, Problem> {
    page(&visit, id, Draft::default()).await.map(Page)
}

async fn again(visit: &Visit, id: String, draft: Draft) -> Response {
    match page(visit, id, draft).await {
        Ok(page) => (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// Whether to hide it, and why.
#[derive(Debug, Deserialize)]
struct HideForm {
    #[serde(rename = "do")]
    what: String,
    #[serde(default)]
    reason: String,
}

async fn hide(visit: Visit, Path(id): Path<String>, Typed(form): Typed<HideForm>) -> Response {
    let on = match &*form.what {
        "hide" => true,
        "show" => false,
        _ => return visit.nothing().into_response(),
    };
    let reason = form.reason.trim().to_owned();
    let poll = match take!(visit, Request::Poll(PollRequest::Show { poll: id.clone() }), Poll) {
        Ok(poll) => poll,
        Err(problem) => return problem.into_response(),
    };
    let (object, entries) = (poll.group.to_string(), vec![id.clone()]);
    match visit.ask(Request::Hide { object, entries, on, reason: reason.clone() }).await {
        Ok(_) => visit.done(&format!("/poll/{id}"), if on { "did-hide" } else { "did-show" }),
        Err(refusal @ Refusal::Right { .. }) => visit.problem(&refusal).into_response(),
        Err(refusal) => {
            let hide_wrong = Some(Wrong::of(visit.words(), &refusal));
            again(&visit, id, Draft { reason, hide_wrong, ..Draft::default() }).await
        }
    }
}

async fn vote(visit: Visit, Path(id): Path<String>, Typed(fields): Typed<Vec<(String, String)>>) -> Response {
    let ticked: Vec<String> =
        fields.into_iter().filter(|(name, _)| name == "option").map(|(_, number)| number).collect();
    let request = PollRequest::Vote { poll: id.clone(), options: ticked.clone() };
    match visit.ask(Request::Poll(request)).await {
        Ok(_) => visit.done(&format!("/poll/{id}"), "did-vote"),
        Err(refusal) => {
            let vote_wrong = Some(Wrong::of(visit.words(), &refusal));
            again(&visit, id, Draft { ticked: Some(ticked), vote_wrong, ..Draft::default() }).await
        }
    }
}

/// The event that comes of it.
#[derive(Debug, Deserialize)]
struct SettleForm {
    #[serde(default)]
    option: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    capacity: String,
}

async fn settle(visit: Visit, Path(id): Path<String>, Typed(form): Typed<SettleForm>) -> Response {
    let tidy = |text: &str| text.trim().to_owned();
    let (title, place, seats) = (tidy(&form.title), tidy(&form.place), tidy(&form.capacity));
    let capacity = if seats.is_empty() { Ok(None) } else { seats.parse().map(Some) };
    let asked = match capacity {
        Ok(capacity) => {
            let request = PollRequest::Settle {
                poll: id.clone(),
                option: form.option.clone(),
                title: Some(title.clone()),
                place: place.clone(),
                capacity,
            };
            visit.ask(Request::Poll(request)).await
        }
        Err(_) => Err(no_number("capacity")),
    };
    match asked {
        Ok(Answer::Created(created)) => visit.done(&format!("/event/{}", created.id), "did-settle"),
        Ok(_) => visit.odd().into_response(),
        Err(refusal @ Refusal::Right { .. }) => {
            let typed = [("schedule-what", &*title), ("schedule-place", &*place)];
            visit.problem(&refusal).keeping(typed).into_response()
        }
        Err(refusal) => {
            let settle_wrong = Some(Wrong::of(visit.words(), &refusal));
            let (option, title, capacity) = (form.option, Some(title), seats);
            let draft = Draft { option, title, place, capacity, settle_wrong, ..Draft::default() };
            again(&visit, id, draft).await
        }
    }
}
