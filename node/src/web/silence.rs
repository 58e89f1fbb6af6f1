//! Owners of a group who are silent: how many have to say so, who does and who is to go on; and the word of an owner
//! who is there. Source: spec/meetup.md.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use klatch_feed::FeedId;
use klatch_feed::meetup::SilentLine;
use klatch_feed::post::{Role, Silence};
use serde::Deserialize;

use super::App;
use super::ask::{Problem, Typed, Visit, Wrong, take};
use super::face::Face;
use super::frame::{Frame, Page, Tab};
use super::members;
use super::words::{Arg, Words};
use crate::daemon::{Refusal, Request};
use crate::foreign;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/group/{id}/silence", get(show).post(act))
}

/// What is stated of one owner with one who is to go on.
#[derive(Debug)]
struct Line {
    subject: Face,
    heir: Face,
    said: String,
    reached: bool,
}

#[derive(askama::Template)]
#[template(path = "silence.html")]
struct SilencePage {
    frame: Frame,
    id: String,
    name: String,
    rule: String,
    lines: Vec<Line>,
    /// Somebody states it of me.
    of_me: bool,
    /// Whether my word could count.
    may_state: bool,
    /// Ids and names of the owners but me, and of who may go on.
    owners: Vec<(String, String)>,
    heirs: Vec<(String, String)>,
    draft: Draft,
    wrong: Option<Wrong>,
}

/// What was chosen.
#[derive(Debug, Default, Deserialize)]
struct Draft {
    #[serde(rename = "do", default)]
    what: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    heir: String,
}

impl Draft {
    /// Templates hand over references.
    fn is_owner(&self, feed: &str) -> bool {
        self.owner == feed
    }
    fn is_heir(&self, feed: &str) -> bool {
        self.heir == feed
    }
}

/// How many have to say it.
fn rule(silence: Option<Silence>, words: Words) -> String {
    let Some(Silence { owners, members }) = silence else { return words.say("silence-rule-none") };
    let args = [("owners", Arg::Number(owners.into())), ("members", Arg::Number(members.into()))];
    words.with(
        match (owners, members) {
            (0, _) => "silence-rule-members",
            (_, 0) => "silence-rule-owners",
            _ => "silence-rule-both",
        },
        &args,
    )
}

fn line(line: &SilentLine, names: &BTreeMap<FeedId, String>, words: Words) -> Line {
    let face = |feed: &FeedId| Face::of(feed, names.get(feed).map_or("", String::as_str));
    let args = [("owners", Arg::Number(line.owners.into())), ("members", Arg::Number(line.members.into()))];
    Line {
        subject: face(&line.subject),
        heir: face(&line.heir),
        said: words.with("silence-said", &args),
        reached: line.reached,
    }
}

async fn page(visit: &Visit, id: &str) -> Result<SilencePage, Problem> {
    let local = take!(visit, Request::GroupLocal { group: id.to_owned() }, GroupLocal)?;
    let (group, words, me) = (&local.group, visit.words(), visit.handle.me());
    let is_owner = |line: &&klatch_feed::meetup::RoleLine| line.role == Role::Owner && line.cut.is_none();
    let named = |feed: &FeedId| (feed.to_string(), foreign::line(&members::name(&local, feed)));
    let owners = group.roles.iter().filter(is_owner).map(|line| line.feed).filter(|feed| *feed != me);
    let mut heirs = members::people(visit, &local).await?;
    heirs.insert(0, (me.to_string(), words.say("people-you")));
    Ok(SilencePage {
        frame: visit.frame_at(Tab::Groups, format!("/group/{}/silence", group.id)).await?,
        id: group.id.to_string(),
        name: foreign::line(&group.name),
        rule: rule(group.silence, words),
        lines: group.silent.iter().map(|one| line(one, &local.names, words)).collect(),
        of_me: group.silent.iter().any(|line| line.subject == me),
        may_state: group.silence.is_some() && local.voice,
        owners: owners.map(|feed| named(&feed)).collect(),
        heirs,
        draft: Draft::default(),
        wrong: None,
    })
}

async fn show(visit: Visit, Path(id): Path<String>) -> Result<Page<SilencePage>, Problem> {
    page(&visit, &id).await.map(Page)
}

async fn act(visit: Visit, Path(id): Path<String>, Typed(form): Typed<Draft>) -> Response {
    let group = id.clone();
    let (request, did) = match &*form.what {
        "present" => (Request::Present { group }, "did-present"),
        "state" => {
            (Request::Silent { group, owner: form.owner.clone(), heir: form.heir.clone() }, "did-silent")
        }
        _ => return visit.nothing().into_response(),
    };
    match visit.ask(request).await {
        Ok(_) => visit.done(&format!("/group/{id}/silence"), did),
        Err(refusal @ Refusal::Right { .. }) => visit.problem(&refusal).into_response(),
        Err(refusal) => match page(&visit, &id).await {
            Ok(page) => {
                let wrong = Some(Wrong::of(visit.words(), &refusal));
                let page = SilencePage { wrong, draft: form, ..page };
                (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response()
            }
            Err(problem) => problem.into_response(),
        },
    }
}
