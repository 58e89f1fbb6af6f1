//! The page: Klatch for people who do not use a terminal. Served on loopback by a running node, for whoever
//! follows a link that it printed. Source: spec/page.md.
//!
//! This file binds, keeps what the pages share and lists their routes; nothing else. No handler touches the
//! store: each builds a [`crate::daemon::Request`] and awaits the answer, as the command line does.
//!
//! # How to add a page
//!
//! 1. `web/NAME.rs` with `pub(super) fn routes() -> Router<App>`, and its line `.merge(NAME::routes())` in
//!    `router`.
//! 2. A handler takes a `ask::Visit` (who looks, in which language, and the way to the daemon), asks with
//!    `take!(visit, Request::…, Kind)?` and returns `Result<Page<NAMEPage>, Problem>`; the template's struct has a
//!    field `frame: Frame`, from `visit.frame(Tab::…).await?`.
//! 3. `web/pages/NAME.html` starts with `{% extends "base.html" %}`. What may change while it is looked at
//!    stands in elements with `data-live="word"`; forms stand outside of those.
//! 4. Words: `web/words/{en,de}/NAME.ftl`, each named in `words`; keys begin with the page's name.
//! 5. A form posts to its own path: `Typed(form): Typed<Form>`. Done: `visit.done("/back", "did-something")`.
//!    Refused: the page again with status 422, a `ask::Wrong` at its field and all that was typed.
//! 6. Text of people goes through `face::Face`, `prose::Prose` or [`crate::foreign::line`]; times through
//!    `when`. Templates escape all else; `|safe` is for nothing but pictures that we drew.

mod api;
mod ask;
mod assets;
mod attendance;
mod change;
mod checkin;
mod door;
mod endorse;
mod enter;
mod event;
mod face;
mod found;
mod frame;
mod groups;
pub mod guard;
mod home;
mod inbox;
pub mod live;
mod look;
mod members;
mod network;
mod operator;
mod people;
mod picture;
mod polls;
mod prose;
pub mod public;
mod repeats;
mod rights;
pub mod scan;
mod schedule;
mod seats;
mod series;
mod serve;
pub mod session;
mod settings;
mod setup;
mod silence;
mod stream;
mod talk;
mod updates;
mod when;
pub mod words;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use chrono_tz::Tz;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::daemon::Handle;
use crate::home::Home;
use crate::network::Network;
use live::STREAMS_MAX;
use serve::{Limits, serve};
use session::Sessions;
use setup::Setup;

/// The port that is taken if it is free.
pub const PORT: u16 = 4748;
/// Most connections at once.
pub const CONNECTIONS_MAX: usize = 64;
/// How long the head of a request may take to come, and how long a connection may wait for its next.
pub const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// Longest head of a request, in bytes.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;

/// How long the other end may take nothing of what is said to it. Public pages have the same.
pub const TAKEN_WITHIN: Duration = Duration::from_secs(30);

const LIMITS: Limits = Limits {
    connections: CONNECTIONS_MAX,
    of_one: CONNECTIONS_MAX, // There is this machine alone.
    head_within: HEAD_WITHIN,
    head_bytes: HEAD_BYTES_MAX,
    taken_within: TAKEN_WITHIN,
};

/// Where the page is served.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Where {
    /// On loopback: at [`PORT`] if it is free, else at any.
    #[default]
    Somewhere,
    /// There.
    At(SocketAddr),
    /// Nowhere.
    Off,
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Somewhere => f.write_str("127.0.0.1"),
            Self::At(address) => address.fmt(f),
            Self::Off => f.write_str("off"),
        }
    }
}

/// Why a text names no place for the page.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WhereError {
    /// Neither `off` nor an address.
    #[error("write it as 127.0.0.1:4748, or off")]
    Form,
    /// Others could reach it.
    #[error(
        "the page is for whoever sits at this machine, so it is served on loopback only (127.0.0.1:{0} or [::1]:{0}); \
         from elsewhere, `ssh -L {0}:127.0.0.1:{0} THIS-MACHINE` brings it to yours"
    )]
    Open(u16),
}

impl FromStr for Where {
    type Err = WhereError;

    fn from_str(text: &str) -> Result<Self, WhereError> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let address: SocketAddr = text.parse().map_err(|_| WhereError::Form)?;
        // The two that `Host` may name.
        match address.ip() {
            IpAddr::V4(Ipv4Addr::LOCALHOST) | IpAddr::V6(Ipv6Addr::LOCALHOST) => Ok(Self::At(address)),
            _ => Err(WhereError::Open(address.port())),
        }
    }
}

/// What all pages share. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sessions: Arc<Sessions>,
    handle: OnceLock<Handle>,
    zone: Tz,
    streams: Arc<Semaphore>,
    /// One picture is read at a time.
    pictures: Semaphore,
    /// One backup is made and sent at a time.
    backups: Arc<Semaphore>,
    home: Home,
    setup: Arc<Setup>,
}

impl App {
    fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }
    /// The way to the node; `None` before there is an identity.
    fn handle(&self) -> Option<Handle> {
        self.0.handle.get().cloned()
    }
    fn zone(&self) -> Tz {
        self.0.zone
    }
    fn streams(&self) -> &Arc<Semaphore> {
        &self.0.streams
    }
    fn pictures(&self) -> &Semaphore {
        &self.0.pictures
    }
    fn backups(&self) -> &Arc<Semaphore> {
        &self.0.backups
    }
    fn home(&self) -> &Home {
        &self.0.home
    }
    fn setup(&self) -> &Arc<Setup> {
        &self.0.setup
    }
}

/// A first run that is served.
#[derive(Debug)]
#[must_use]
pub struct FirstRun(Arc<Setup>);

impl FirstRun {
    /// Waits until there is an identity.
    pub fn wait(self) {
        self.0.wait();
    }
}

/// A page that is served until this is dropped.
#[derive(Debug)]
pub struct Web {
    app: App,
    runtime: Option<Runtime>,
}

impl Web {
    /// Binds and serves; `None` where nothing is to be, or where a place that nobody named cannot be had.
    pub fn start(place: Where, config: &Config) -> io::Result<Option<Self>> {
        let listener = match place {
            Where::Off => return Ok(None),
            Where::At(address) => std::net::TcpListener::bind(address)?,
            Where::Somewhere => match somewhere() {
                Ok(listener) => listener,
                Err(error) => {
                    tracing::warn!(%error, "no page: nothing can be bound on loopback");
                    return Ok(None);
                }
            },
        };
        listener.set_nonblocking(true)?;
        let sessions = Arc::new(Sessions::new(listener.local_addr()?));
        let streams = Arc::new(Semaphore::new(STREAMS_MAX));
        let (pictures, backups) = (Semaphore::new(1), Arc::new(Semaphore::new(1)));
        let (zone, home, setup) = (config.zone, config.home.clone(), Arc::default());
        let handle = OnceLock::new();
        let app = App(Arc::new(Shared { sessions, handle, zone, streams, pictures, backups, home, setup }));
        // A thread of its own: what pages take is not taken from the exchange with others.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("klatch-page")
            .enable_all()
            .build()?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let router = router(app.clone());
        runtime.spawn(serve(listener, LIMITS, move |_| router.clone()));
        Ok(Some(Self { app, runtime: Some(runtime) }))
    }

    /// The node that the pages are about, from here on.
    pub fn attach(&self, handle: Handle) {
        handle.serve_page(Arc::clone(&self.app.0.sessions));
        let _ = self.app.0.handle.set(handle); // A process runs one node.
    }

    /// Serves the first run from here on: it makes an identity in `network`.
    pub fn first_run(&self, network: Network) -> FirstRun {
        self.app.setup().open(&self.app.0.home, network);
        FirstRun(Arc::clone(self.app.setup()))
    }

    /// A new link into it.
    pub fn link(&self) -> String {
        self.app.sessions().link()
    }
}

impl Drop for Web {
    /// Waits for nobody: streams never end by themselves.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn somewhere() -> io::Result<std::net::TcpListener> {
    let at = |port| std::net::TcpListener::bind((IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    at(PORT).or_else(|_| at(0))
}

fn router(app: App) -> Router {
    Router::new()
        .merge(api::routes())
        .merge(assets::routes())
        .merge(attendance::routes())
        .merge(change::routes())
        .merge(checkin::routes())
        .merge(door::routes())
        .merge(endorse::routes())
        .merge(enter::routes())
        .merge(event::routes())
        .merge(found::routes())
        .merge(groups::routes())
        .merge(home::routes())
        .merge(inbox::routes())
        .merge(live::routes())
        .merge(look::routes())
        .merge(members::routes())
        .merge(network::routes())
        .merge(operator::routes())
        .merge(people::routes())
        .merge(polls::routes())
        .merge(scan::routes())
        .merge(schedule::routes())
        .merge(seats::routes())
        .merge(settings::routes())
        .merge(setup::routes())
        .merge(silence::routes())
        .merge(talk::routes())
        .merge(updates::routes())
        .fallback(enter::nothing)
        .method_not_allowed_fallback(enter::nothing)
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_for_this_machine_alone() {
        assert_eq!("off".parse(), Ok(Where::Off));
        for good in ["127.0.0.1:0", "[::1]:4748"] {
            assert_eq!(good.parse(), Ok(Where::At(good.parse().unwrap())));
        }
        for open in
            ["0.0.0.0:4748", "[::]:4748", "127.9.9.9:4748", "192.0.2.7:4748", "[::ffff:192.0.2.7]:4748"]
        {
            let error = open.parse::<Where>().unwrap_err();
            assert_eq!(error, WhereError::Open(4748), "{open}");
            assert!(error.to_string().contains("ssh -L 4748:127.0.0.1:4748"), "{error}");
        }
        for none in ["", "on", "127.0.0.1", "localhost:4748"] {
            assert_eq!(none.parse::<Where>(), Err(WhereError::Form), "{none}");
        }
    }
}
