//! Settings: who I am, how pages look, whom I block, and copies of what is mine.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::App;
use super::ask::{Problem, Typed, Visit, Wrong, take};
use super::face::Face;
use super::frame::{Frame, Page, Tab};
use super::operator;
use super::stream::Stream;
use crate::calendar::{self, Options};
use crate::clock;
use crate::daemon::{self, BackedUp, Refusal, Request, Sentence};
use crate::foreign;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/settings", get(settings))
        .route("/settings/profile", post(profile))
        .route("/settings/backup", post(backup))
        .route("/settings/calendar.ics", get(ics))
        .route("/settings/feed/{who}", get(feed))
}

#[derive(askama::Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    frame: Frame,
    id: String,
    form: ProfileForm,
    wrong: Option<Wrong>,
    blocked: Vec<Face>,
    entries: u32,
    /// Whether this node is a pub.
    is_pub: bool,
}

impl SettingsPage {
    /// Whether the profile was refused for what stands in this field.
    fn is_wrong(&self, field: &str) -> bool {
        self.wrong.as_ref().is_some_and(|wrong| wrong.is_at(field))
    }
}

async fn settings(visit: Visit) -> Result<Page<SettingsPage>, Problem> {
    page(&visit, None, None).await.map(Page)
}

async fn page(
    visit: &Visit,
    typed: Option<ProfileForm>,
    wrong: Option<Wrong>,
) -> Result<SettingsPage, Problem> {
    let me = take!(visit, Request::Person { who: None }, Person)?;
    let follows = take!(visit, Request::Follows, Follows)?;
    let said = || ProfileForm {
        name: me.name.clone().unwrap_or_default(),
        about: me.about.clone(),
        links: me.links.join("\n"),
    };
    let form = typed.unwrap_or_else(said);
    let blocked = follows
        .iter()
        .filter(|line| line.blocked)
        .map(|line| Face::of(&line.feed, line.called().unwrap_or_default()));
    Ok(SettingsPage {
        frame: visit.frame_at(Tab::Settings, "/settings".to_owned()).await?,
        id: me.feed.to_string(),
        form,
        wrong,
        blocked: blocked.collect(),
        entries: me.entries,
        is_pub: operator::is_pub(visit).await,
    })
}

#[derive(Debug, Deserialize)]
struct ProfileForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    about: String,
    /// One a line.
    #[serde(default)]
    links: String,
}

async fn profile(visit: Visit, Typed(form): Typed<ProfileForm>) -> Response {
    // Browsers send line ends of another kind than entries have.
    let tidy = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
    let form = ProfileForm { name: tidy(&form.name), about: tidy(&form.about), links: tidy(&form.links) };
    let links = form.links.lines().map(str::trim).filter(|link| !link.is_empty());
    let request = Request::Profile {
        name: Some(form.name.clone()),
        about: Some(form.about.clone()),
        links: Some(links.map(str::to_owned).collect()),
    };
    let wrong = match visit.ask(request).await {
        Ok(_) | Err(Refusal::NoEffect { .. }) => return visit.done("/settings", "did-profile"),
        Err(refusal) => Wrong::of(visit.words(), &refusal),
    };
    match page(&visit, Some(form), Some(wrong)).await {
        Ok(page) => (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// The whole home as one file. It is made in the home, since it holds the key, and gone once it was sent. One at a
/// time: each takes the room of the whole log.
async fn backup(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let Ok(turn) = Arc::clone(app.backups()).acquire_owned().await else { return Err(visit.odd()) };
    let handle = visit.handle.clone();
    // In one piece, also where nobody waits for it any more: then folder and turn go when it is done.
    let make = move || {
        let failed = |error: std::io::Error| Refusal::Backup { problem: error.to_string().into() };
        let folder = app.home().backup_folder().map_err(failed)?;
        let file = folder.path().join("klatch.backup");
        let made = handle.call(Request::Backup { file: file.clone() })?;
        if let daemon::Response::BackedUp(BackedUp { problems, .. }) = &made
            && !problems.is_empty()
        {
            let problem = "the log on this disk is damaged, and so would the backup be: keep those that you have; `klatch verify` \
                           says what mends it, and `klatch backup` copies it as it is";
            return Err(Refusal::NoEffect { problem: Sentence::said("refused-damaged", "", problem) });
        }
        let opened = std::fs::File::open(&file).map_err(failed)?;
        Ok((made, Stream::of_file(opened, folder, turn)))
    };
    let made = tokio::task::spawn_blocking(make).await.unwrap_or(Err(Refusal::Stopping));
    let (made, stream) = made.map_err(|refusal| visit.problem(&refusal))?;
    let daemon::Response::BackedUp(made) = made else { return Err(visit.odd()) };
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_LENGTH, made.bytes.to_string()),
        (CONTENT_DISPOSITION, "attachment; filename=\"klatch.backup\"".to_owned()),
    ];
    Ok((headers, Body::new(stream)).into_response())
}

/// What I host or answered, for a calendar.
async fn ics(visit: Visit) -> Result<Response, Problem> {
    let events = take!(visit, Request::Calendar { objects: Vec::new() }, Calendar)?;
    let made = calendar::to_ics(&events, Options { now_ms: clock::now_ms(), alarm: None });
    Ok(attached("text/calendar; charset=utf-8", "meetups.ics", made.text.into_bytes()))
}

/// A log, as signed, in the file that `klatch import` reads.
async fn feed(visit: Visit, Path(who): Path<String>) -> Result<Response, Problem> {
    let net = visit.handle.net_id();
    let (mut bytes, mut from) = (Vec::new(), 1);
    while let Some(piece) = take!(visit, Request::ExportFeed { who: Some(who.clone()), from }, Piece)? {
        crate::cli::append_piece(&mut bytes, net, &piece).ok_or_else(|| visit.odd())?;
        from = piece.first.saturating_add(piece.count);
    }
    if bytes.is_empty() {
        return Err(visit.problem(&Refusal::NotHeld { who: foreign::line(&who) }));
    }
    Ok(attached("application/octet-stream", "log.klatch", bytes))
}

/// A file to be kept.
pub(super) fn attached(kind: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, disposition)], bytes).into_response()
}
