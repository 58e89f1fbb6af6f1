//! Groups: those I am in, those I know, and one of them.

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use klatch_feed::FeedId;
use klatch_feed::post::{Joining, Role};
use serde::Deserialize;

use super::App;
use super::ask::{Problem, Typed, Visit, Wrong, take};
use super::event::role;
use super::face::Face;
use super::frame::{Frame, Page, Tab};
use super::home::{self, Part, Row};
use super::rights::{self, May};
use super::talk::{Comments, Shown};
use super::when::Listed;
use crate::daemon::{GroupLine, Request};
use crate::foreign;

/// Most people who are shown; the rest is a number.
const FACES_MAX: usize = 120;
/// Most events of a group that are looked through.
const LOOK_MAX: u32 = 500;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/groups", get(groups))
        .route("/group/{id}", get(show))
        .route("/group/{id}/join", post(join))
        .route("/group/{id}/leave", post(leave))
        .route("/group/{id}/comment", post(say))
        .route("/group/{id}/public", post(public))
}

/// A group in a list.
#[derive(Debug)]
struct Line {
    href: String,
    name: String,
    what: String,
    role: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "groups.html")]
struct GroupsPage {
    frame: Frame,
    mine: Vec<Line>,
    others: Vec<Line>,
}

async fn groups(visit: Visit) -> Result<Page<GroupsPage>, Problem> {
    let mut groups = take!(visit, Request::GroupList, Groups)?;
    groups.sort_by_key(|group| group.name.to_lowercase());
    let words = visit.words();
    let line = |group: &GroupLine| Line {
        href: format!("/group/{}", group.id),
        name: foreign::line(&group.name),
        what: format!(
            "{}, {}",
            words.count("groups-members", group.members),
            words.count("groups-events", group.events)
        ),
        role: group.role.map(|held| role(words, held)),
    };
    let (mine, others): (Vec<_>, Vec<_>) =
        groups.iter().partition(|group| group.member || group.role.is_some());
    let lines = |groups: Vec<&GroupLine>| groups.into_iter().map(line).collect();
    Ok(Page(GroupsPage { frame: visit.frame(Tab::Groups).await?, mine: lines(mine), others: lines(others) }))
}

#[derive(askama::Template)]
#[template(path = "group.html")]
struct GroupPage {
    frame: Frame,
    id: String,
    name: String,
    is_member: bool,
    is_asking: bool,
    may: May,
    /// Who leads it, each with what they are.
    roles: Vec<(Face, String)>,
    members: Vec<Face>,
    members_count: usize,
    joining: String,
    /// Whether everybody may read of it on the pages of a pub.
    public: bool,
    /// Whether I may say so.
    is_owner: bool,
    /// Whether anybody can state that an owner is silent, and I am concerned with that: as a member, or as who is called so.
    has_silence: bool,
    events: Vec<Row>,
    /// Where the rest of them is.
    more: Option<usize>,
    /// Some were shown already.
    skipped: bool,
    /// There are more than were looked through.
    cut: bool,
    /// Id and question of each.
    polls: Vec<(String, String)>,
    comments: Comments,
    draft: Draft,
}

/// What was typed and what was wrong with it.
#[derive(Debug, Default)]
struct Draft {
    text: String,
    reply: Option<String>,
    /// How many of the newest comments are to be seen.
    comments: usize,
    wrong: Option<Wrong>,
}

#[derive(Debug, Deserialize)]
struct Asked {
    reply: Option<String>,
    /// How many of the newest comments are to be seen.
    #[serde(default)]
    comments: usize,
    /// How many events were shown already.
    #[serde(default)]
    skip: usize,
}

async fn show(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Page<GroupPage>, Problem> {
    let draft = Draft { reply: asked.reply, comments: asked.comments, ..Draft::default() };
    page(&visit, id, asked.skip, draft).await.map(Page)
}

async fn page(visit: &Visit, id: String, skip: usize, draft: Draft) -> Result<GroupPage, Problem> {
    let local = take!(visit, Request::GroupLocal { group: id.clone() }, GroupLocal)?;
    let listed = Listed::now(visit.look.zone);
    let from_ms = Some(listed.since_ms());
    let mut found = take!(visit, Request::EventList { group: Some(id), from_ms, max: LOOK_MAX + 1 }, Found)?;
    let cut = found.cut || found.lines.len() > LOOK_MAX as usize;
    found.lines.truncate(LOOK_MAX as usize);
    found.lines.retain(|line| listed.takes(line));
    let events = Part::of(home::next_dates(found.lines), skip);
    let (group, words, me) = (&local.group, visit.words(), visit.handle.me());
    let face = |feed: &FeedId| Face::of(feed, local.names.get(feed).map_or("", String::as_str));
    Ok(GroupPage {
        frame: visit.frame_at(Tab::Groups, format!("/group/{}", group.id)).await?,
        id: group.id.to_string(),
        name: foreign::line(&group.name),
        is_member: group.members.contains(&me),
        is_asking: group.asking.contains(&me),
        may: May::of(&group.roles, &me),
        roles: rights::standing(&group.roles)
            .map(|line| (face(&line.feed), role(words, line.role)))
            .collect(),
        members: group.members.iter().take(FACES_MAX).map(face).collect(),
        members_count: group.members.len(),
        joining: words.say(match group.joining {
            Joining::Open => "groups-open",
            Joining::Approval => "groups-approval",
            Joining::Invite => "groups-invite",
        }),
        public: group.public,
        is_owner: rights::role(&group.roles, &me) == Some(Role::Owner),
        has_silence: group.silence.is_some()
            && (group.members.contains(&me) || group.silent.iter().any(|line| line.subject == me)),
        events: events.lines.iter().map(|line| home::row(line, visit)).collect(),
        more: events.more,
        skipped: skip > 0,
        cut,
        polls: local.polls.iter().map(|(id, text)| (id.to_string(), foreign::line(text))).collect(),
        comments: Comments::of(
            &local.comments,
            Shown {
                newest: draft.comments,
                reply: draft.reply.as_deref(),
                at: &format!("/group/{}", group.id),
                tail: "",
                may_hide: May::of(&group.roles, &me).change,
            },
            visit,
        ),
        draft,
    })
}

async fn join(visit: Visit, Path(id): Path<String>) -> Response {
    act(&visit, id.clone(), Request::GroupJoin { group: id }, "did-group-join", Draft::default()).await
}

async fn leave(visit: Visit, Path(id): Path<String>) -> Response {
    act(&visit, id.clone(), Request::GroupLeave { group: id }, "did-group-leave", Draft::default()).await
}

#[derive(Debug, Deserialize)]
struct PublicForm {
    on: bool,
}

async fn public(visit: Visit, Path(id): Path<String>, Typed(form): Typed<PublicForm>) -> Response {
    let did = if form.on { "did-group-public" } else { "did-group-private" };
    act(&visit, id.clone(), Request::GroupPublic { group: id, on: form.on }, did, Draft::default()).await
}

#[derive(Debug, Deserialize)]
struct CommentForm {
    #[serde(default)]
    text: String,
    reply: Option<String>,
}

async fn say(visit: Visit, Path(id): Path<String>, Typed(form): Typed<CommentForm>) -> Response {
    let reply = form.reply.filter(|reply| !reply.is_empty());
    let text = form.text.replace("\r\n", "\n").trim().to_owned();
    let object = reply.clone().unwrap_or_else(|| id.clone());
    let request = Request::Comment { object, text: text.clone(), tone: None };
    act(&visit, id, request, "did-comment", Draft { text, reply, ..Draft::default() }).await
}

async fn act(visit: &Visit, id: String, request: Request, did: &str, draft: Draft) -> Response {
    let wrong = match visit.ask(request).await {
        Ok(_) => return visit.done(&format!("/group/{id}"), did),
        Err(refusal) => Wrong::of(visit.words(), &refusal),
    };
    let text = draft.text.clone();
    match page(visit, id, 0, Draft { wrong: Some(wrong), ..draft }).await {
        Ok(page) => (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response(),
        Err(problem) => problem.keeping([("event-comment", &*text)]).into_response(),
    }
}
