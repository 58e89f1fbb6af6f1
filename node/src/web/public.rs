//! A pub's public pages: what is on, for anybody who has a browser, a calendar or a reader. Source: spec/page.md,
//! "public pages".
//!
//! What strangers ask is answered from memory: a task reads what is to be shown when something changed, so that no
//! request reaches the log. Absent on purpose: sessions, forms, script, guests, and TLS, which a proxy adds.

mod files;
pub mod rates;
mod view;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use askama::Template as _;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{
    ACCEPT_LANGUAGE, ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName,
    IF_NONE_MATCH, REFERRER_POLICY, RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::guard::is_odd;
use super::serve::{Limits, serve};
use super::words::Words;
use super::{TAKEN_WITHIN, assets};
use crate::clock::Stopwatch;
use crate::daemon::{Handle, Refusal, Request as Ask, Response as Answered};
use crate::network::hex;
use crate::pub_server::site::Site;
use crate::pub_server::{PubRequest, PubResponse};
use rates::Rates;

/// Most connections at once.
pub const CONNECTIONS_MAX: usize = 256;
/// How long the head of a request may take to come, and how long a connection may wait for its next.
pub const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// Longest head of a request, in bytes.
pub const HEAD_BYTES_MAX: usize = 8 * 1024;
/// Most connections of one address at once; of IPv6, of one network of 64 bits.
pub const OF_ONE_MAX: usize = 32;
pub(super) const LIMITS: Limits = Limits {
    connections: CONNECTIONS_MAX,
    of_one: OF_ONE_MAX,
    head_within: HEAD_WITHIN,
    head_bytes: HEAD_BYTES_MAX,
    taken_within: TAKEN_WITHIN,
};
/// Changes within this time are shown together.
const TOGETHER: Duration = Duration::from_secs(1);

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; \
                      frame-ancestors 'none'";
/// Whoever got something may keep it for so long without asking again.
const FRESH: &str = "public, max-age=60";

/// The address under which people find the pages, without a slash at its end: `https://meet.example.org`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Base(String);

/// Why a text is no such address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("write it as https://meet.example.org, without a path")]
pub struct BaseError;

impl FromStr for Base {
    type Err = BaseError;

    fn from_str(text: &str) -> Result<Self, BaseError> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let host = text.strip_prefix("https://").or(text.strip_prefix("http://")).ok_or(BaseError)?;
        let is_host = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        match !host.is_empty() && host.len() <= 259 && host.chars().all(is_host) {
            true => Ok(Self(text.to_owned())),
            false => Err(BaseError),
        }
    }
}

/// Pages that are served until this is dropped.
#[derive(Debug)]
pub struct Public {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

/// Why no pages are served.
#[derive(Debug, thiserror::Error)]
pub enum PublicError {
    /// There.
    #[error("the public pages cannot be served at {0}: {1}; name another place with --pages")]
    Bind(SocketAddr, io::Error),
    /// The node.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// What all requests share.
#[derive(Clone, Debug)]
struct Pages(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    site: watch::Receiver<Arc<Site>>,
    base: String,
    rates: Mutex<Rates>,
    clock: Stopwatch,
}

/// Who sent a request: the other end of the connection.
#[derive(Clone, Copy, Debug)]
struct Peer(IpAddr);

impl Public {
    /// Binds and serves what the pub shows. Blocks until it is read for the first time.
    pub fn start(address: SocketAddr, base: Option<Base>, handle: Handle) -> Result<Self, PublicError> {
        let (show, site) = watch::channel(Arc::new(read(&handle)?));
        let bind = || {
            let listener = std::net::TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .thread_name("klatch-public")
                .enable_all()
                .build()?;
            let listener = {
                let _inside = runtime.enter();
                tokio::net::TcpListener::from_std(listener)?
            };
            Ok((listener.local_addr()?, listener, runtime))
        };
        let (bound, listener, runtime) = bind().map_err(|error| PublicError::Bind(address, error))?;
        let base = base.map_or_else(|| format!("http://{bound}"), |base| base.0);
        let shared = Shared { site, base, rates: Mutex::default(), clock: Stopwatch::start() };
        let router = router(Pages(Arc::new(shared)));
        let of_peer = move |peer: SocketAddr| router.clone().layer(Extension(Peer(peer.ip())));
        runtime.spawn(serve(listener, LIMITS, of_peer));
        runtime.spawn(follow(handle, show));
        Ok(Self { address: bound, runtime: Some(runtime) })
    }

    /// Where they are bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Public {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn read(handle: &Handle) -> Result<Site, Refusal> {
    match handle.call(Ask::Pub(PubRequest::Site))? {
        Answered::Pub(PubResponse::Site(site)) => Ok(*site),
        _ => Err(Refusal::Stopping),
    }
}

/// Reads again whenever something changed, and never more than half of the time.
async fn follow(handle: Handle, show: watch::Sender<Arc<Site>>) {
    use tokio::sync::broadcast::error::RecvError;
    let (mut changes, mut facts) = (handle.changes(), handle.facts());
    loop {
        let changed = tokio::select! {
            change = changes.recv() => !matches!(change, Err(RecvError::Closed)),
            fact = facts.changed() => fact.is_ok(),
        };
        if !changed {
            return;
        }
        tokio::time::sleep(TOGETHER).await;
        changes = changes.resubscribe();
        facts.mark_unchanged();
        let (asked, took) = (handle.clone(), Stopwatch::start());
        match tokio::task::spawn_blocking(move || read(&asked)).await {
            Ok(Ok(site)) => drop(show.send_replace(Arc::new(site))),
            Ok(Err(Refusal::Stopping)) => return,
            Ok(Err(error)) => tracing::warn!(%error, "the public pages show what they did before"),
            // A bug; the next change may be read all the same.
            Err(error) => tracing::error!(%error, "the public pages show what they did before"),
        }
        tokio::time::sleep(took.elapsed()).await;
    }
}

fn router(pages: Pages) -> Router {
    Router::new()
        .route("/", get(front))
        .route("/g/{name}", get(group))
        .route("/e/{name}", get(event))
        .route("/sitemap.xml", get(sitemap))
        .route("/robots.txt", get(robots))
        .route("/assets/{name}", get(assets::asset))
        .fallback(nothing)
        .layer(from_fn_with_state(pages.clone(), guard))
        .with_state(pages)
}

/// Whom a request is from. A proxy on this machine says for whom it asks; nobody else is believed.
fn asker(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let last = lines.next_back().and_then(|line| line.rsplit(',').next()?.trim().parse().ok());
    last.filter(|_| peer.to_canonical().is_loopback()).unwrap_or(peer)
}

async fn guard(State(pages): State<Pages>, peer: Extension<Peer>, request: Request, next: Next) -> Response {
    let from = asker(peer.0.0, request.headers());
    let now_ms = u64::try_from(pages.0.clock.elapsed().as_millis()).unwrap_or(u64::MAX);
    let may = pages.0.rates.lock().unwrap_or_else(PoisonError::into_inner).take(now_ms, from);
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let said = request.headers().clone();
    let mut response = match (may, is_read) {
        (true, true) => match next.run(request).await {
            response if is_odd(&response) => Reading::of(&pages, &said).nothing(),
            response => response,
        },
        (true, false) => (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response(),
        (false, _) => (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "10")]).into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "strict-origin-when-cross-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Who reads, and what there is to read.
struct Reading<'a> {
    site: Arc<Site>,
    base: &'a str,
    words: Words,
    headers: &'a HeaderMap,
}

impl<'a> Reading<'a> {
    fn of(pages: &'a Pages, headers: &'a HeaderMap) -> Self {
        let said = headers.get(ACCEPT_LANGUAGE).and_then(|said| said.to_str().ok());
        let words = said.and_then(Words::of_accepted).unwrap_or_default();
        Self { site: Arc::clone(&pages.0.site.borrow()), base: &pages.0.base, words, headers }
    }

    /// The body, or that the reader has it already.
    fn answer(&self, kind: &'static str, body: String) -> Response {
        let tag = format!("\"{}\"", hex(&Sha256::digest(body.as_bytes())[..16]));
        let said = self.headers.get_all(IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
        let mut tags = said.flat_map(|line| line.split(',')).map(str::trim);
        let is_held = tags.any(|held| held == "*" || held.strip_prefix("W/").unwrap_or(held) == tag);
        let mut response = match is_held {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => ([(CONTENT_TYPE, kind)], body).into_response(),
        };
        let headers = response.headers_mut();
        headers.insert(ETAG, HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\"")));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(FRESH));
        headers.insert(VARY, HeaderValue::from_static("Accept-Language"));
        response
    }

    fn page(&self, template: &impl askama::Template) -> Response {
        match template.render() {
            Ok(text) => self.answer("text/html; charset=utf-8", text),
            Err(error) => unmade(&error),
        }
    }

    /// Not what a reader may have already: what is nowhere has no tag.
    fn nothing(&self) -> Response {
        let kept =
            [(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, FRESH), (VARY, "Accept-Language")];
        match view::nothing(self).render() {
            Ok(text) => (StatusCode::NOT_FOUND, kept, text).into_response(),
            Err(error) => unmade(&error),
        }
    }
}

fn unmade(error: &askama::Error) -> Response {
    tracing::error!(%error, "a public page cannot be made");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

#[derive(Debug, Deserialize)]
struct Asked {
    /// The date of a series.
    on: Option<String>,
    /// How many were shown already.
    #[serde(default)]
    skip: usize,
    /// How many of those that are over.
    #[serde(default)]
    past: usize,
}

async fn front(State(pages): State<Pages>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let reading = Reading::of(&pages, &headers);
    reading.page(&view::front(&reading, asked.skip))
}

async fn group(
    State(pages): State<Pages>,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let reading = Reading::of(&pages, &headers);
    let (id, ending) = name.split_once('.').unwrap_or((&name, ""));
    let Some(group) = reading.site.groups.iter().find(|group| group.id.to_string() == id) else {
        return reading.nothing();
    };
    match ending {
        "" => reading.page(&view::group(&reading, group, asked.skip, asked.past)),
        "ics" => reading.answer("text/calendar; charset=utf-8", files::group_ics(&reading.site, group)),
        "atom" => reading.answer("application/atom+xml; charset=utf-8", files::atom(&reading, group)),
        "svg" => reading.answer("image/svg+xml", files::picture(&group.line)),
        _ => reading.nothing(),
    }
}

async fn event(
    State(pages): State<Pages>,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let reading = Reading::of(&pages, &headers);
    let (id, ending) = name.split_once('.').unwrap_or((&name, ""));
    let mut events = reading.site.events.iter().enumerate();
    let Some((at, event)) = events.find(|(_, event)| event.published.dated.event.id.to_string() == id) else {
        return reading.nothing();
    };
    match ending {
        "" => match view::event(&reading, at, asked.on.as_deref()) {
            Some(page) => reading.page(&page),
            None => reading.nothing(),
        },
        "ics" => reading.answer("text/calendar; charset=utf-8", files::event_ics(event)),
        "svg" => reading.answer("image/svg+xml", files::picture(&event.line)),
        _ => reading.nothing(),
    }
}

async fn sitemap(State(pages): State<Pages>, headers: HeaderMap) -> Response {
    let reading = Reading::of(&pages, &headers);
    let text = files::sitemap(&reading);
    reading.answer("application/xml; charset=utf-8", text)
}

async fn robots(State(pages): State<Pages>, headers: HeaderMap) -> Response {
    let reading = Reading::of(&pages, &headers);
    let text = format!("User-agent: *\nAllow: /\nSitemap: {}/sitemap.xml\n", reading.base);
    reading.answer("text/plain; charset=utf-8", text)
}

async fn nothing(State(pages): State<Pages>, headers: HeaderMap) -> Response {
    Reading::of(&pages, &headers).nothing()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_pages_is_one_of_the_web_without_a_path() {
        for good in ["https://meet.example.org", "http://127.0.0.1:8080", "https://[2001:db8::1]:8443"] {
            assert_eq!(good.parse(), Ok(Base(good.to_owned())));
            assert_eq!(format!("{good}/").parse(), Ok(Base(good.to_owned())));
        }
        for bad in [
            "",
            "meet.example.org",
            "https://",
            "ftp://x",
            "https://x/y",
            "https://x\"y",
            "https://x y",
            "https://x?y",
        ] {
            assert_eq!(bad.parse::<Base>(), Err(BaseError), "{bad}");
        }
    }

    #[test]
    fn only_a_proxy_on_this_machine_is_believed() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static("192.0.2.1, 192.0.2.2"));
        let (near, far) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([198, 51, 100, 1]));
        assert_eq!(asker(near, &headers), IpAddr::from([192, 0, 2, 2]), "what the proxy added is last");
        assert_eq!(asker(far, &headers), far);
        assert_eq!(asker(near, &HeaderMap::new()), near);
        headers.insert("x-forwarded-for", HeaderValue::from_static("nobody"));
        assert_eq!(asker(near, &headers), near);
    }
}
