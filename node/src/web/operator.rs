//! A pub as its operator sees it: how it stands, who is in, invites, and what it shows to everybody.
//! What makes a node a pub, and its limits, is said where it is started.

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::App;
use super::ask::{Problem, Typed, Visit, Wrong, no_number};
use super::face::Face;
use super::frame::{Frame, Page, Tab};
use super::network::size;
use super::words::Arg;
use super::{picture, when};
use crate::daemon::{Refusal, Request, Response as Answer};
use crate::foreign;
use crate::names::short;
use crate::pub_server::{MemberLine, PubRequest, PubResponse, Removed, Status};

/// How long an invite is good for, in days, where nobody says.
const DAYS: &str = "7";
const DAY_MINUTES: u64 = 24 * 60;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/pub", get(show))
        .route("/pub/invite", post(invite))
        .route("/pub/member", post(member))
        .route("/pub/page", post(publish))
        .route("/pub/page/{id}", post(take_off))
}

/// Somebody who is in.
#[derive(Debug)]
struct Member {
    face: Face,
    held: String,
}

/// Something that is put on the public pages.
#[derive(Debug)]
struct Listed {
    id: String,
    href: String,
    title: String,
    public: bool,
}

/// A fresh invite: it is shown once, in the answer to its form, since whoever has it may come in.
#[derive(Debug)]
struct Fresh {
    line: String,
    picture: Option<String>,
    what: String,
}

#[derive(askama::Template)]
#[template(path = "operator.html")]
struct PubPage {
    frame: Frame,
    address: Option<String>,
    facts: Vec<String>,
    /// Of the room that it may take, in thousandths.
    full: u64,
    members: Vec<Member>,
    /// Whose log is kept no further, and why, in English.
    refused: Vec<(Face, String)>,
    listed: Vec<Listed>,
    fresh: Option<Fresh>,
    draft: Draft,
}

/// What was typed, and what was wrong with it.
#[derive(Debug)]
struct Draft {
    uses: String,
    days: String,
    invite_wrong: Option<Wrong>,
    /// Who was removed, and may be let in again.
    who: String,
    member_wrong: Option<Wrong>,
    again_wrong: Option<Wrong>,
    object: String,
    page_wrong: Option<Wrong>,
}

impl Default for Draft {
    fn default() -> Self {
        let (who, object) = Default::default();
        let (invite_wrong, member_wrong, again_wrong, page_wrong) = Default::default();
        Self {
            uses: "1".to_owned(),
            days: DAYS.to_owned(),
            invite_wrong,
            who,
            member_wrong,
            again_wrong,
            object,
            page_wrong,
        }
    }
}

impl Draft {
    fn is_invite_wrong(&self, field: &str) -> bool {
        self.invite_wrong.as_ref().is_some_and(|wrong| wrong.is_at(field))
    }
}

async fn ask(visit: &Visit, request: PubRequest) -> Result<PubResponse, Refusal> {
    match visit.ask(Request::Pub(request)).await? {
        Answer::Pub(answer) => Ok(answer),
        _ => Err(super::ask::something_else()),
    }
}

/// Whether this node is a pub.
pub(super) async fn is_pub(visit: &Visit) -> bool {
    matches!(ask(visit, PubRequest::Listed).await, Ok(PubResponse::Listed(_)))
}

async fn page(visit: &Visit, draft: Draft, fresh: Option<Fresh>) -> Result<PubPage, Problem> {
    let answer = async |request| ask(visit, request).await.map_err(|refusal| visit.problem(&refusal));
    let PubResponse::Status(status) = answer(PubRequest::Status).await? else { return Err(visit.odd()) };
    let PubResponse::Members(members) = answer(PubRequest::Members).await? else { return Err(visit.odd()) };
    let PubResponse::Listed(listed) = answer(PubRequest::Listed).await? else { return Err(visit.odd()) };
    let face = |feed, name: Option<&str>| Face::of(feed, name.unwrap_or_default());
    let one = |line: crate::pub_server::site::ListedLine| Listed {
        id: line.id.to_string(),
        href: format!("/{}/{}", if line.group { "group" } else { "event" }, line.id),
        title: line.title.as_deref().map_or_else(|| short(&line.id), foreign::line),
        public: line.public,
    };
    Ok(PubPage {
        frame: visit.frame_at(Tab::Settings, "/pub".to_owned()).await?,
        address: status.public.clone(),
        facts: facts(&status, visit),
        full: status.bytes.saturating_mul(1000).checked_div(status.bytes_max).unwrap_or(1000).min(1000),
        members: members.iter().map(|line| told(line, visit)).collect(),
        refused: status
            .refused
            .iter()
            .map(|line| (face(&line.feed, line.name.as_deref()), foreign::line(&line.reason)))
            .collect(),
        listed: listed.into_iter().map(one).collect(),
        fresh,
        draft,
    })
}

fn facts(status: &Status, visit: &Visit) -> Vec<String> {
    let words = visit.words();
    let (held, most) = (size(status.bytes), size(status.bytes_max));
    let count = |number: usize| Arg::Number(u64::try_from(number).unwrap_or(u64::MAX));
    vec![
        words.with(
            "pub-disk",
            &[("held", Arg::Own(&held)), ("most", Arg::Own(&most)), ("count", count(status.feeds))],
        ),
        words
            .with("pub-members-of", &[("count", count(status.members)), ("most", count(status.members_max))]),
        words.count("pub-invites-open", status.invites),
        words.count("pub-connections", status.connections.unwrap_or_default()),
    ]
}

fn told(line: &MemberLine, visit: &Visit) -> Member {
    let (held, most) = (size(line.bytes), size(line.bytes_max));
    let (_, since) = when::instant(line.since_ms, visit.look.zone, visit.words());
    let args = [("held", Arg::Own(&held)), ("most", Arg::Own(&most)), ("time", Arg::Own(&since))];
    Member {
        face: Face::of(&line.feed, line.name.as_deref().unwrap_or_default()),
        held: visit.words().with("pub-member-held", &args),
    }
}

#[derive(Debug, Deserialize)]
struct Asked {
    /// Who was removed a moment ago: they stand in no list any more.
    #[serde(default)]
    out: String,
}

async fn show(visit: Visit, Query(asked): Query<Asked>) -> Result<Page<PubPage>, Problem> {
    page(&visit, Draft { who: asked.out, ..Draft::default() }, None).await.map(Page)
}

async fn again(visit: &Visit, status: StatusCode, draft: Draft, fresh: Option<Fresh>) -> Response {
    match page(visit, draft, fresh).await {
        Ok(page) => (status, Page(page)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

#[derive(Debug, Deserialize)]
struct InviteForm {
    #[serde(default)]
    uses: String,
    #[serde(default)]
    days: String,
}

async fn invite(visit: Visit, Typed(form): Typed<InviteForm>) -> Response {
    let number = |text: &str, field| text.trim().parse::<u32>().map_err(|_| no_number(field));
    let asked = match (number(&form.uses, "uses"), number(&form.days, "expires")) {
        (Ok(uses), Ok(days)) => {
            ask(&visit, PubRequest::Invite { uses, minutes: u64::from(days) * DAY_MINUTES }).await
        }
        (Err(refusal), _) | (_, Err(refusal)) => Err(refusal),
    };
    match asked {
        Ok(PubResponse::Invite(made)) => {
            let (_, until) = when::instant(made.expires_ms, visit.look.zone, visit.words());
            let args = [("count", Arg::Number(made.uses.into())), ("time", Arg::Own(&until))];
            let fresh = Fresh {
                picture: picture::qr(&made.invite),
                line: made.invite,
                what: visit.words().with("pub-invite-made", &args),
            };
            again(&visit, StatusCode::OK, Draft::default(), Some(fresh)).await
        }
        Ok(_) => visit.odd().into_response(),
        Err(refusal) => {
            let invite_wrong = Some(Wrong::of(visit.words(), &refusal));
            let draft = Draft { uses: form.uses, days: form.days, invite_wrong, ..Draft::default() };
            again(&visit, StatusCode::UNPROCESSABLE_ENTITY, draft, None).await
        }
    }
}

#[derive(Debug, Deserialize)]
struct MemberForm {
    #[serde(default)]
    who: String,
    /// Whether they may join again who were removed.
    #[serde(default)]
    undo: bool,
}

async fn member(visit: Visit, Typed(form): Typed<MemberForm>) -> Response {
    let (who, undo) = (form.who.trim().to_owned(), form.undo);
    match ask(&visit, PubRequest::Remove { who: who.clone(), undo }).await {
        Ok(PubResponse::Removed(_)) if undo => visit.done("/pub", "did-pub-again"),
        Ok(PubResponse::Removed(Removed { feed, kept })) => {
            let did = if kept { "did-pub-remove-kept" } else { "did-pub-remove" };
            visit.done(&format!("/pub?out={feed}"), did)
        }
        Ok(_) => visit.odd().into_response(),
        Err(refusal) => {
            let wrong = Some(Wrong::of(visit.words(), &refusal));
            let draft = match undo {
                true => Draft { who, again_wrong: wrong, ..Draft::default() },
                false => Draft { member_wrong: wrong, ..Draft::default() },
            };
            again(&visit, StatusCode::UNPROCESSABLE_ENTITY, draft, None).await
        }
    }
}

#[derive(Debug, Deserialize)]
struct PageForm {
    #[serde(default)]
    object: String,
}

async fn publish(visit: Visit, Typed(form): Typed<PageForm>) -> Response {
    listing(&visit, form.object.trim().to_owned(), false).await
}

async fn take_off(visit: Visit, Path(id): Path<String>) -> Response {
    listing(&visit, id, true).await
}

async fn listing(visit: &Visit, object: String, undo: bool) -> Response {
    match ask(visit, PubRequest::Publish { object: object.clone(), undo }).await {
        Ok(_) => visit.done("/pub", if undo { "did-pub-unlist" } else { "did-pub-list" }),
        Err(refusal) => {
            let page_wrong = Some(Wrong::of(visit.words(), &refusal));
            let draft = Draft { object, page_wrong, ..Draft::default() };
            again(visit, StatusCode::UNPROCESSABLE_ENTITY, draft, None).await
        }
    }
}
