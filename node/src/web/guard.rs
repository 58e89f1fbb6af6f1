//! The one layer around every route: who asks, from where, how much, and the headers of every answer.
//! Source: spec/page.md, "who may ask" and "answers".

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, HeaderName, ORIGIN,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::ask::{Look, Problem};
use super::session::Sessions;
use super::setup::UPLOAD;
use super::words::Words;
use super::{App, api, scan};

/// Longest body of a request, in bytes.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// How long a body may take to come.
pub const BODY_WITHIN: Duration = Duration::from_secs(30);

/// What every answer says of what may be done with it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // With `no-referrer`, browsers say `Origin: null` of our own forms.
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Lets a request through, or answers it.
pub(super) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let look = Look::of(request.method(), request.headers(), request.uri(), app.zone());
    let is_api = request.uri().path().starts_with("/api/");
    // Who names no page is a program, and lacks the token.
    let is_program = is_api && !request.headers().contains_key(ORIGIN);
    let mut response = match answer(&app, request, next).await {
        Ok(response) => response,
        Err((status, key)) if is_api => {
            let kind = key.split_once('-').map_or(key, |(_, kind)| kind);
            let message = match key {
                "problem-session" => api::NO_TOKEN.to_owned(),
                "problem-origin" if is_program => api::NO_TOKEN.to_owned(),
                key => Words::English.say(key),
            };
            api::refused(status, kind, &message)
        }
        Err((status, key)) => Problem::new(look, status, key).into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let nothing = HeaderValue::from_static("camera=(), microphone=(), geolocation=()");
    headers.entry(scan::PERMISSIONS_POLICY).or_insert(nothing);
    response
}

type Refused = (StatusCode, &'static str);

async fn answer(app: &App, request: Request, next: Next) -> Result<Response, Refused> {
    let is_read = admit(app.sessions(), &request)?;
    let is_picture = request.uri().path() == scan::PATH;
    // A picture takes room: whoever sends the next waits.
    let _turn = if is_picture { app.pictures().acquire().await.ok() } else { None };
    let (parts, body) = request.into_parts();
    let is_backup = parts.uri.path() == UPLOAD;
    let body = match is_read {
        true => Body::empty(),
        // It is as large as a home; who takes it counts what comes.
        false if is_backup => body,
        false => whole(body, if is_picture { scan::PICTURE_BYTES_MAX } else { BODY_BYTES_MAX }).await?,
    };
    let response = next.run(Request::from_parts(parts, body)).await;
    match is_odd(&response) {
        true => Err((StatusCode::NOT_FOUND, "problem-nothing")),
        false => Ok(response),
    }
}

/// Whether the router could not read the address: no page says anything as plain text with that status.
pub(super) fn is_odd(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    response.status() == StatusCode::BAD_REQUEST
        && kind.is_some_and(|kind| kind == "text/plain; charset=utf-8")
}

/// Whether it only reads, if it may be answered.
fn admit(sessions: &Sessions, request: &Request) -> Result<bool, Refused> {
    let (headers, path) = (request.headers(), request.uri().path());
    let host = host(headers, sessions)?;
    if request.uri().authority().is_some_and(|said| said.as_str() != host) {
        return Err((StatusCode::MISDIRECTED_REQUEST, "problem-host"));
    }
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_script = path.starts_with("/api/") && bearer(headers, sessions);
    let is_free = is_read && (path.starts_with("/assets/") || path.starts_with("/enter/"));
    if !is_read && !comes_from(headers, host, is_script) {
        return Err((StatusCode::FORBIDDEN, "problem-origin"));
    }
    if !is_free && !is_script && !cookie(headers, sessions) {
        return Err((StatusCode::FORBIDDEN, "problem-session"));
    }
    Ok(is_read)
}

/// The one `Host`, if it is a name of this page: another one is a site that points its name at this machine.
fn host<'a>(headers: &'a HeaderMap, sessions: &Sessions) -> Result<&'a str, Refused> {
    let mut said = headers.get_all(HOST).iter();
    let host = said.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.strip_suffix(&format!(":{}", sessions.address().port()));
    match (name, said.next()) {
        (Some("127.0.0.1" | "localhost" | "[::1]"), None) => Ok(host),
        _ => Err((StatusCode::MISDIRECTED_REQUEST, "problem-host")),
    }
}

/// Whether a request that may change something comes from this page. A script that proved itself has no page.
fn comes_from(headers: &HeaderMap, host: &str, is_script: bool) -> bool {
    let is_same_site = || headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
    match headers.get(ORIGIN) {
        Some(origin) => origin.to_str().is_ok_and(|origin| origin.strip_prefix("http://") == Some(host)),
        None => is_script || is_same_site(),
    }
}

fn cookie(headers: &HeaderMap, sessions: &Sessions) -> bool {
    let name = sessions.cookie_name();
    cookies(headers).any(|(said, value)| said == name && sessions.knows(value))
}

fn bearer(headers: &HeaderMap, sessions: &Sessions) -> bool {
    let said = headers.get(AUTHORIZATION).and_then(|said| said.to_str().ok());
    said.and_then(|said| said.strip_prefix("Bearer ")).is_some_and(|token| sessions.trusts(token))
}

/// Name and value of every cookie.
pub(super) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

async fn whole(body: Body, bytes_max: usize) -> Result<Body, Refused> {
    match tokio::time::timeout(BODY_WITHIN, to_bytes(body, bytes_max)).await {
        Ok(Ok(bytes)) => Ok(Body::from(bytes)),
        Ok(Err(_)) => Err((StatusCode::PAYLOAD_TOO_LARGE, "problem-large")),
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "problem-slow")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hyper::body::Bytes;
    use tokio::sync::{Semaphore, mpsc};
    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::web::stream::Stream;

    /// A body of one part, which says that it ends so much later.
    async fn body(ends_after: Duration) -> Body {
        let (parts, body) = mpsc::channel(1);
        let permit = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        tokio::spawn(async move {
            parts.send(Bytes::from_static(b"a=b")).await.unwrap();
            sleep(ends_after).await;
        });
        Body::new(Stream::new(body, permit))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_takes_longer_than_it_may_is_waited_for_no_more() {
        let tick = Duration::from_millis(10);
        let timely = whole(body(BODY_WITHIN - tick).await, BODY_BYTES_MAX).await.unwrap();
        assert_eq!(to_bytes(timely, 10).await.unwrap(), "a=b");
        let begun = Instant::now();
        let refused = whole(body(BODY_WITHIN + tick).await, BODY_BYTES_MAX).await.unwrap_err();
        assert_eq!(refused, (StatusCode::REQUEST_TIMEOUT, "problem-slow"));
        assert!((BODY_WITHIN..BODY_WITHIN + tick).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    }
}
