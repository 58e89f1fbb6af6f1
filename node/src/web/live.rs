//! Server-sent events: one word whenever something changed, so that an open page fetches itself again.
//!
//! What changed is not told: a page knows what it shows, and the event would only repeat it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::body::Bytes;
use tokio::sync::{broadcast, mpsc};

use super::App;
use super::ask::{Problem, Visit};
use super::stream::Stream;
use crate::daemon::Handle;

/// Most streams at once, so that they leave connections to everybody else.
pub const STREAMS_MAX: usize = 32;
/// Changes within this time are told as one.
const TOGETHER: Duration = Duration::from_millis(100);
/// A stream says something this often, so that a browser that went away is noticed.
const QUIET_MAX: Duration = Duration::from_secs(15);

pub(super) fn routes() -> Router<App> {
    Router::new().route("/live", get(live))
}

pub(super) async fn live(State(app): State<App>, visit: Visit) -> Response {
    let Ok(permit) = Arc::clone(app.streams()).try_acquire_owned() else {
        return Problem::new(visit.look, StatusCode::SERVICE_UNAVAILABLE, "problem-streams").into_response();
    };
    let (said, lines) = mpsc::channel(1);
    tokio::spawn(watch(visit.handle, said));
    let headers = [(CONTENT_TYPE, "text/event-stream")];
    (headers, Body::new(Stream::new(lines, permit))).into_response()
}

/// Says that there is something new until nobody listens.
async fn watch(handle: Handle, said: mpsc::Sender<Bytes>) {
    let (mut changes, mut facts, mut doors) = (handle.changes(), handle.facts(), handle.doors());
    drop(handle); // So that a stream does not keep a stopping node from its end.
    let mut line = Bytes::from_static(b"retry: 1000\n: here\n\n");
    while said.send(line).await.is_ok() {
        let changed = async {
            tokio::select! {
                change = changes.recv() => !matches!(change, Err(broadcast::error::RecvError::Closed)),
                fact = facts.changed() => fact.is_ok(),
                door = doors.changed() => door.is_ok(),
            }
        };
        line = match tokio::time::timeout(QUIET_MAX, changed).await {
            Ok(true) => {
                tokio::time::sleep(TOGETHER).await;
                while !matches!(
                    changes.try_recv(),
                    Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed)
                ) {}
                facts.mark_unchanged();
                doors.mark_unchanged();
                Bytes::from_static(b"event: change\ndata: 1\n\n")
            }
            Ok(false) => return,
            Err(_) => Bytes::from_static(b": still here\n\n"),
        };
    }
}
