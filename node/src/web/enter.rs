//! The way in: a link that works once, exchanged for the cookie. And what is nowhere.

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::App;
use super::ask::{Look, Problem};
use super::frame::{Frame, Page, Tab};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/enter/{secret}", get(enter))
}

#[derive(askama::Template)]
#[template(path = "enter.html")]
struct EnterPage {
    frame: Frame,
}

async fn enter(State(app): State<App>, Path(secret): Path<String>, request: Request) -> Response {
    let look = Look::of(request.method(), request.headers(), request.uri(), app.zone());
    match app.sessions().enter(&secret) {
        true => {
            // Not a redirect: one that follows a link on another site would leave a strict cookie out.
            let page = EnterPage { frame: Frame::new(&look, Tab::None, None) };
            ([(SET_COOKIE, app.sessions().cookie())], Page(page)).into_response()
        }
        false => Problem::new(look, StatusCode::GONE, "problem-link").into_response(),
    }
}

/// Whatever has no page.
pub(super) async fn nothing(State(app): State<App>, request: Request) -> Problem {
    let look = Look::of(request.method(), request.headers(), request.uri(), app.zone());
    Problem::new(look, StatusCode::NOT_FOUND, "problem-nothing")
}
