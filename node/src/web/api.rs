//! The HTTP API: the requests of the command line, as JSON, for scripts. Source: spec/page.md, "the API".
//!
//! A request goes to `/api/v1/NAME` with its fields as an object; the answer is what `--json` prints. Absent on
//! purpose: anything that the command line cannot ask.

mod document;
mod table;

use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use serde_json::{Map, Value, json};

use super::ask::status;
use super::words::Words;
use super::{App, live};
use crate::daemon::{self, Refusal, Request};
use table::{LEFT_OUT, ROWS, Row};

static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| serde_json::to_string_pretty(&document::document()).expect("a value is JSON"));

/// What a program is told that may not ask.
pub(super) const NO_TOKEN: &str =
    "say `Authorization: Bearer TOKEN` with the token of this run, which `klatch page --token` prints";
const NO_SUCH: &str = "no_such_request";
const SEE: &str = "there is no such request: see /api/v1/openapi.json";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/openapi.json", get(document).fallback(to_be_read))
        .route("/api/v1/events", get(events).fallback(to_be_read))
        .route("/api/v1/{*name}", post(call).fallback(to_be_posted))
        .route("/api/{*name}", any(nowhere))
        .route("/api/", any(nowhere))
}

async fn document() -> Response {
    json_of(StatusCode::OK, DOCUMENT.clone())
}

async fn events(State(app): State<App>) -> Response {
    let Some(handle) = app.handle() else { return nobody() };
    live::stream(&app, &handle).unwrap_or_else(|| {
        refused(StatusCode::SERVICE_UNAVAILABLE, "streams", &Words::English.say("problem-streams"))
    })
}

fn json_of(status: StatusCode, text: String) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], text).into_response()
}

/// Why nothing was done, for a program.
pub(super) fn refused(status: StatusCode, kind: &str, message: &str) -> Response {
    json_of(status, json!({ "error": { "kind": kind, "message": message } }).to_string())
}

async fn to_be_posted() -> Response {
    refused(StatusCode::METHOD_NOT_ALLOWED, "method", "requests are sent with POST")
}

async fn to_be_read() -> Response {
    refused(StatusCode::METHOD_NOT_ALLOWED, "method", "this is read with GET")
}

async fn nowhere() -> Response {
    refused(StatusCode::NOT_FOUND, NO_SUCH, SEE)
}

fn nobody() -> Response {
    let message = "nobody lives here yet: finish the first run";
    refused(StatusCode::SERVICE_UNAVAILABLE, "no_identity", message)
}

async fn call(
    State(app): State<App>,
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // What is no text names nothing.
    let Ok(Path(name)) = name else { return nowhere().await };
    let request = match read(&name, &headers, &body) {
        Ok(request) => request,
        Err((status, kind, message)) => return refused(status, kind, &message),
    };
    if let Request::Backup { file } = &request
        && file.is_relative()
    {
        let problem = "name it whole, as /home/ana/klatch.backup: the node runs in a folder of its own";
        return not_done(&Refusal::Field { field: "file".to_owned(), problem: problem.into() });
    }
    let Some(handle) = app.handle() else { return nobody() };
    let asked = tokio::task::spawn_blocking(move || handle.call(request)).await;
    match asked.unwrap_or(Err(Refusal::Stopping)) {
        Ok(response) => answered(&response),
        Err(refusal) => not_done(&refusal),
    }
}

type Unread = (StatusCode, &'static str, String);

fn read(name: &str, headers: &HeaderMap, body: &[u8]) -> Result<Request, Unread> {
    let Some(row) = ROWS.iter().find(|row| row.name == name) else {
        let left_out = LEFT_OUT.iter().find(|(left_out, _)| *left_out == name);
        let why = left_out.map_or(SEE, |(_, why)| why);
        return Err((StatusCode::NOT_FOUND, NO_SUCH, why.to_owned()));
    };
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        let message = "say `Content-Type: application/json`".to_owned();
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", message));
    }
    let fields = serde_json::from_slice::<Map<String, Value>>(body)
        .map_err(|error| (StatusCode::BAD_REQUEST, "json", format!("not an object of JSON: {error}")))?;
    request(row, fields).map_err(|error| (StatusCode::BAD_REQUEST, "request", error))
}

/// The request that a row and its fields mean.
fn request(row: &Row, fields: Map<String, Value>) -> Result<Request, String> {
    let mut names = row.name.rsplit('/');
    let last = names.next().unwrap_or_default();
    let mut value = match (row.fields.is_empty(), fields.keys().next()) {
        (true, Some(field)) => return Err(format!("{} takes no fields, and there is `{field}`", row.name)),
        (true, None) => json!(last),
        // A few are checked here, since the request itself lets unknown fields pass.
        (false, _) => {
            let (known, _) = document::fields(row.fields);
            if let Some(odd) = fields.keys().find(|name| known.iter().all(|field| field.name != *name)) {
                return Err(format!("unknown field `{odd}`"));
            }
            json!({ last: fields })
        }
    };
    for outer in names {
        value = json!({ outer: value });
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        // The path begins with the names of the request, which its address says already.
        let path = error.path().to_string();
        let outer = row.name.replace('/', ".") + ".";
        match path.strip_prefix(&outer) {
            Some(field) => format!("{field}: {}", error.inner()),
            None => error.inner().to_string(),
        }
    })
}

/// What `--json` prints: the answer without its kind.
fn answered(response: &daemon::Response) -> Response {
    let bare = |value: Value| match value {
        Value::Object(fields) if fields.len() == 1 => {
            fields.into_iter().next().map_or(Value::Null, |(_, value)| value)
        }
        // There is nothing to show.
        _ => json!({ "done": true }),
    };
    let value = match response {
        daemon::Response::Pub(inner) => serde_json::to_value(inner),
        daemon::Response::Net(inner) => serde_json::to_value(inner),
        _ => serde_json::to_value(response),
    };
    match value {
        Ok(value) => json_of(StatusCode::OK, bare(value).to_string()),
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, "answer", &error.to_string()),
    }
}

/// A refusal: its kind, what belongs to it, and the sentence that the command line prints.
fn not_done(refusal: &Refusal) -> Response {
    let (kind, mut fields) = match serde_json::to_value(refusal) {
        Ok(Value::Object(outer)) => match outer.into_iter().next() {
            Some((kind, Value::Object(fields))) => (kind, fields),
            _ => ("refused".to_owned(), Map::new()),
        },
        Ok(Value::String(kind)) => (kind, Map::new()),
        _ => ("refused".to_owned(), Map::new()),
    };
    fields.insert("kind".to_owned(), json!(kind));
    fields.insert("message".to_owned(), json!(refusal.to_string()));
    json_of(status(refusal), json!({ "error": fields }).to_string())
}

#[cfg(test)]
mod tests;
