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
use klatch_store::Changes;
use tokio::sync::{broadcast, mpsc, watch};

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

async fn live(State(app): State<App>, visit: Visit) -> Response {
    stream(&app, &visit.handle).unwrap_or_else(|| {
        Problem::new(visit.look, StatusCode::SERVICE_UNAVAILABLE, "problem-streams").into_response()
    })
}

/// A stream of what changes; `None` where there are as many as there may be.
pub(super) fn stream(app: &App, handle: &Handle) -> Option<Response> {
    let permit = Arc::clone(app.streams()).try_acquire_owned().ok()?;
    let (said, lines) = mpsc::channel(1);
    // Before the answer: a page fetches itself again once it listens, and from then on nothing may pass it by.
    let listening = Listening::new(handle);
    tokio::spawn(tell(listening, said));
    let headers = [(CONTENT_TYPE, "text/event-stream")];
    Some((headers, Body::new(Stream::new(lines, permit))).into_response())
}

/// What a stream is told of. It holds no handle, so that a stream does not keep a stopping node from its end.
struct Listening {
    changes: broadcast::Receiver<Arc<Changes>>,
    facts: watch::Receiver<()>,
    doors: watch::Receiver<()>,
}

impl Listening {
    fn new(handle: &Handle) -> Self {
        Self { changes: handle.changes(), facts: handle.facts(), doors: handle.doors() }
    }

    /// Whether something changed; false once the node is gone.
    async fn next(&mut self) -> bool {
        tokio::select! {
            change = self.changes.recv() => !matches!(change, Err(broadcast::error::RecvError::Closed)),
            fact = self.facts.changed() => fact.is_ok(),
            door = self.doors.changed() => door.is_ok(),
        }
    }

    /// What changed until now is told.
    fn forget(&mut self) {
        use broadcast::error::TryRecvError::{Closed, Empty};
        while !matches!(self.changes.try_recv(), Err(Empty | Closed)) {}
        self.facts.mark_unchanged();
        self.doors.mark_unchanged();
    }
}

/// Says that there is something new until nobody listens.
async fn tell(mut listening: Listening, said: mpsc::Sender<Bytes>) {
    let mut line = Bytes::from_static(b"retry: 1000\n: here\n\n");
    while said.send(line).await.is_ok() {
        line = match tokio::time::timeout(QUIET_MAX, listening.next()).await {
            Ok(true) => {
                tokio::time::sleep(TOGETHER).await;
                listening.forget();
                Bytes::from_static(b"event: change\ndata: 1\n\n")
            }
            Ok(false) => return,
            Err(_) => Bytes::from_static(b": still here\n\n"),
        };
    }
}
