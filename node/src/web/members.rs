//! The people of a group as its organizers see them: who asks, who is in, who has a role, who was removed.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use klatch_feed::FeedId;
use klatch_feed::meetup::RoleLine;
use klatch_feed::post::Role;
use serde::Deserialize;

use super::App;
use super::ask::{Problem, Typed, Visit, Wrong, take};
use super::event::role;
use super::face::Face;
use super::frame::{Frame, Page, Tab};
use super::rights;
use crate::daemon::{GroupLocal, Refusal, Request};
use crate::foreign;
use crate::names::short;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/group/{id}/people", get(show).post(change))
}

/// Somebody in the group.
#[derive(Debug)]
struct Member {
    face: Face,
    role: Option<String>,
    cut: bool,
    /// Whether I may let what they post count.
    endorse: bool,
    /// Whether I may take the role.
    revoke: bool,
    /// Whether I may put them out.
    remove: bool,
}

#[derive(askama::Template)]
#[template(path = "members.html")]
struct MembersPage {
    frame: Frame,
    id: String,
    name: String,
    asking: Vec<Face>,
    members: Vec<Member>,
    removed: Vec<Face>,
    /// Ids and names of those to whom a role may be given.
    people: Vec<(String, String)>,
    /// Words and names of the roles that I may give.
    roles: Vec<(&'static str, String)>,
    who: String,
    wrong: Option<Wrong>,
}

impl MembersPage {
    fn is_who(&self, feed: &str) -> bool {
        self.who == feed
    }
}

pub(super) fn name(local: &GroupLocal, feed: &FeedId) -> String {
    local.names.get(feed).cloned().unwrap_or_else(|| short(feed))
}

async fn page(visit: &Visit, id: &str) -> Result<MembersPage, Problem> {
    let local = take!(visit, Request::GroupLocal { group: id.to_owned() }, GroupLocal)?;
    let (group, words) = (&local.group, visit.words());
    let mine = rights::need(visit, &group.name, &group.roles, Role::Organizer)?;
    let face = |feed: &FeedId| Face::of(feed, &name(&local, feed));
    let mut roles: Vec<_> = rights::given_by(mine).map(|(one, word)| (word, role(words, one))).collect();
    roles.insert(0, ("member", words.say("members-member")));
    Ok(MembersPage {
        frame: visit.frame_at(Tab::Groups, format!("/group/{}/people", group.id)).await?,
        id: group.id.to_string(),
        name: foreign::line(&group.name),
        asking: group.asking.iter().map(face).collect(),
        members: members(&local, visit),
        removed: group.removed.iter().map(face).collect(),
        people: people(visit, &local).await?,
        roles,
        who: String::new(),
        wrong: None,
    })
}

/// Everybody in it: those with a role first, most senior first.
fn members(local: &GroupLocal, visit: &Visit) -> Vec<Member> {
    let (group, words) = (&local.group, visit.words());
    let me = group.roles.iter().position(|line| line.feed == visit.handle.me());
    let below = |at: usize| me.is_some_and(|me| me < at);
    let with = |(at, line): (usize, &RoleLine)| Member {
        face: Face::of(&line.feed, &name(local, &line.feed)),
        role: Some(role(words, line.role)),
        cut: line.cut.is_some(),
        endorse: below(at),
        revoke: below(at) && line.cut.is_none(),
        remove: below(at) && line.cut.is_none(),
    };
    let has_role = |feed: &&FeedId| group.roles.iter().any(|line| line.feed == **feed);
    let without = |feed: &FeedId| Member {
        face: Face::of(feed, &name(local, feed)),
        role: None,
        cut: false,
        endorse: false,
        revoke: false,
        remove: true,
    };
    let plain = group.members.iter().filter(|feed| !has_role(feed)).map(without);
    group.roles.iter().enumerate().map(with).chain(plain).collect()
}

/// The members and whom I follow.
pub(super) async fn people(visit: &Visit, local: &GroupLocal) -> Result<Vec<(String, String)>, Problem> {
    let me = visit.handle.me();
    let members = local.group.members.iter().filter(|feed| **feed != me);
    let mut people: Vec<(FeedId, String)> = members.map(|feed| (*feed, name(local, feed))).collect();
    for line in take!(visit, Request::Follows, Follows)?.into_iter().filter(|line| line.followed) {
        if people.iter().all(|(feed, _)| *feed != line.feed) {
            people.push((line.feed, line.called().map_or_else(|| short(&line.feed), str::to_owned)));
        }
    }
    people.sort_by_key(|(_, name)| name.to_lowercase());
    Ok(people.into_iter().map(|(feed, name)| (feed.to_string(), foreign::line(&name))).collect())
}

async fn show(visit: Visit, Path(id): Path<String>) -> Result<Page<MembersPage>, Problem> {
    page(&visit, &id).await.map(Page)
}

/// What to do with whom.
#[derive(Debug, Deserialize)]
struct MemberForm {
    #[serde(rename = "do")]
    what: String,
    who: String,
    #[serde(default)]
    role: String,
}

async fn change(visit: Visit, Path(id): Path<String>, Typed(form): Typed<MemberForm>) -> Response {
    let (group, who) = (id.clone(), form.who.clone());
    let (request, did) = match (&*form.what, &*form.role) {
        ("accept", _) | ("grant", "member") => (Request::GroupAccept { group, who }, "did-member"),
        ("remove", _) => (Request::GroupRemove { group, who }, "did-remove"),
        ("revoke", _) => (Request::Revoke { object: group, who }, "did-revoke"),
        ("grant", role) => match rights::named(role) {
            Some(role) => (Request::Grant { object: group, who, role, quota: 0 }, "did-grant"),
            None => return visit.nothing().into_response(),
        },
        _ => return visit.nothing().into_response(),
    };
    match visit.ask(request).await {
        Ok(_) => visit.done(&format!("/group/{id}/people"), did),
        Err(refusal @ Refusal::Right { .. }) => visit.problem(&refusal).into_response(),
        Err(refusal) => match page(&visit, &id).await {
            Ok(page) => {
                let wrong = Some(Wrong::of(visit.words(), &refusal));
                let page = MembersPage { wrong, who: form.who, ..page };
                (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response()
            }
            Err(problem) => problem.into_response(),
        },
    }
}
