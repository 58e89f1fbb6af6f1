//! The network: who is connected and by which path, what is still coming, what is kept, and whether I can post.

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use klatch_feed::FeedId;
use serde::Deserialize;

use super::App;
use super::ask::{Problem, Typed, Visit, Wrong, said, take};
use super::face::Face;
use super::frame::{Frame, Page, Tab};
use super::when;
use super::words::{Arg, Words};
use crate::daemon::{Posting, RecoveryView, Refusal, Request, Response as Answer};
use crate::foreign;
use crate::net::report::{NetRequest, NetResponse, Path as Way, PeerLine};
use crate::share::Address;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/network", get(network))
        .route("/network/peer", post(add))
        .route("/network/accept", post(accept))
}

/// One connection.
#[derive(Debug)]
struct Line {
    face: Face,
    way: String,
    address: String,
    /// What is exchanged.
    state: String,
    is_level: bool,
    /// How many of my entries they hold, of how many.
    holds: u32,
    own: u32,
    traffic: String,
}

/// Whether I can post.
#[derive(Debug)]
struct Standing {
    title: String,
    /// What the node says of it, in English.
    why: Option<String>,
    facts: Vec<String>,
    next: String,
    /// The last own entry, where it may be said that it is the last.
    accept: Option<u32>,
}

#[derive(askama::Template)]
#[template(path = "network.html")]
struct NetworkPage {
    frame: Frame,
    peers: Vec<Line>,
    coming: Option<String>,
    kept: String,
    addresses: Vec<String>,
    standing: Standing,
    forked: Vec<(Face, String)>,
    draft: Draft,
}

/// What was typed, and what was wrong with it or with what was said of one's own log.
#[derive(Debug, Default)]
struct Draft {
    peer: String,
    peer_wrong: Option<Wrong>,
    accept_wrong: Option<Wrong>,
}

async fn network(visit: Visit) -> Result<Page<NetworkPage>, Problem> {
    page(&visit, Draft::default()).await.map(Page)
}

async fn page(visit: &Visit, draft: Draft) -> Result<NetworkPage, Problem> {
    let words = visit.words();
    let peers = match visit.ask(Request::Net(NetRequest::Peers)).await {
        Ok(Answer::Net(NetResponse::Peers(peers))) => peers,
        _ => Vec::new(),
    };
    let kept = take!(visit, Request::Storage, Storage)?;
    let view = take!(visit, Request::Recovery, Recovery)?;
    let follows = take!(visit, Request::Follows, Follows)?;
    let most = peers.iter().max_by_key(|peer| peer.coming_entries).filter(|peer| peer.coming_entries > 0);
    let forked = follows.iter().filter_map(|line| {
        Some((Face::of(&line.feed, line.called().unwrap_or_default()), words.count("network-cap", line.cap?)))
    });
    Ok(NetworkPage {
        frame: visit.frame_at(Tab::Network, "/network".to_owned()).await?,
        peers: peers.iter().map(|peer| told(peer, words)).collect(),
        coming: most.map(|peer| {
            let (entries, feeds) = (peer.coming_entries, u64::from(peer.coming_feeds));
            words.with("network-coming", &[("count", Arg::Number(entries)), ("feeds", Arg::Number(feeds))])
        }),
        kept: words.with(
            "network-kept",
            &[
                ("count", Arg::Number(kept.entries)),
                ("feeds", Arg::Number(kept.feeds)),
                ("size", Arg::Own(&size(kept.bytes))),
            ],
        ),
        addresses: visit.handle.addresses(),
        standing: standing(&view, visit),
        forked: forked.collect(),
        draft,
    })
}

fn told(peer: &PeerLine, words: Words) -> Line {
    let way = words.say(match peer.path {
        Way::Lan => "network-lan",
        Way::Peer => "network-peer",
        Way::Pub => "network-pub",
        Way::Member => "network-member",
    });
    let state = match (peer.level, peer.coming_entries) {
        (_, coming) if coming > 0 => words.count("network-peer-coming", coming),
        (true, _) => words.say("network-level"),
        (false, _) => words.say("network-comparing"),
    };
    let (received, sent) = (size(peer.received), size(peer.sent));
    let args = [("received", Arg::Own(&received)), ("sent", Arg::Own(&sent))];
    Line {
        face: Face::of(&peer.feed, &peer.name),
        way,
        address: peer.address.to_string(),
        state,
        is_level: peer.level && peer.coming_entries == 0,
        holds: peer.holds,
        own: peer.own,
        traffic: words.with("network-traffic", &args),
    }
}

/// `12.3 MB`
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "kB", "MB", "GB"];
    let mut unit = 0;
    let (mut whole, mut tenths) = (bytes, 0);
    while whole >= 1000 && unit + 1 < UNITS.len() {
        (whole, tenths) = (whole / 1000, whole % 1000 / 100);
        unit += 1;
    }
    match (unit, whole) {
        (1.., ..10) => format!("{whole}.{tenths}\u{a0}{}", UNITS[unit]),
        _ => format!("{whole}\u{a0}{}", UNITS[unit]),
    }
}

fn standing(view: &RecoveryView, visit: &Visit) -> Standing {
    let words = visit.words();
    let mut facts = Vec::new();
    if let Some(last) = &view.last {
        let (_, at) = when::instant(last.time_ms, visit.look.zone, words);
        let what = said(words, &last.what);
        let args =
            [("count", Arg::Number(view.entries.into())), ("time", Arg::Own(&at)), ("what", Arg::Own(&what))];
        facts.push(words.with("network-last", &args));
    } else if view.posting != Posting::On {
        facts.push(words.say("network-last-none"));
    }
    let (title, next) = match view.posting {
        Posting::On => ("network-posting", "network-posting-what"),
        Posting::Recovering => ("network-recovering", "network-recovering-next"),
        Posting::Forked => ("network-forked", "network-forked-next"),
        Posting::Succeeded => ("network-succeeded", "network-succeeded-next"),
    };
    let is_recovering = view.posting == Posting::Recovering;
    if is_recovering {
        let names: Vec<_> = view.confirmed.iter().map(|node| foreign::line(&node.name)).collect();
        facts.push(match names.is_empty() {
            true => words.say("network-nobody-delivered"),
            false => words.of("network-delivered", &names.join(", ")),
        });
    }
    let next = match (view.twin, view.known, view.ready_in_ms, view.accept_in_ms) {
        _ if !is_recovering => words.say(next),
        (true, ..) => words.say("network-twin"),
        (_, Some(known), ..) => words.count("network-known", known),
        (_, _, Some(ms), _) => words.count("network-ready", ms.div_ceil(1000)),
        (_, _, None, Some(0)) => words.say("network-accept-now"),
        (_, _, None, Some(ms)) => words.count("network-accept-in", ms.div_ceil(1000)),
        _ => words.say(next),
    };
    let may_accept = is_recovering && !view.twin && view.known.is_none() && view.ready_in_ms.is_none();
    Standing {
        title: words.say(title),
        why: view.why.as_deref().map(foreign::line),
        facts,
        next,
        accept: (may_accept && view.accept_in_ms == Some(0)).then_some(view.entries),
    }
}

#[derive(Debug, Deserialize)]
struct PeerForm {
    #[serde(default)]
    peer: String,
}

/// Says where somebody's node listens: `feed1…@192.0.2.7:4747`.
async fn add(visit: Visit, Typed(form): Typed<PeerForm>) -> Response {
    let typed = form.peer.trim().to_owned();
    let words = visit.words();
    let done = match place(&typed) {
        Ok((feed, address)) => {
            let request = Request::PeerAdd { feed, address: address.to_string() };
            let did = if feed == visit.handle.me() { "did-peer-you" } else { "did-peer" };
            visit.ask(request).await.map(|_| did).map_err(|refusal| Wrong::of(words, &refusal))
        }
        Err(key) => Err(Wrong::said(words, key)),
    };
    let wrong = |wrong| Draft { peer: typed, peer_wrong: Some(wrong), ..Draft::default() };
    answer(&visit, done.map_err(wrong)).await
}

/// Who is there, and where; or the key of what is wrong with it.
fn place(typed: &str) -> Result<(FeedId, Address), &'static str> {
    let (feed, address) = typed.split_once('@').ok_or("network-add-form")?;
    let feed = feed.trim().parse().map_err(|_| "network-add-id")?;
    Ok((feed, address.trim().parse().map_err(|_| "network-add-address")?))
}

#[derive(Debug, Deserialize)]
struct AcceptForm {
    len: u32,
}

/// I say that nothing newer of mine exists.
async fn accept(visit: Visit, Typed(form): Typed<AcceptForm>) -> Response {
    let done = visit.ask(Request::AcceptHead { len: form.len }).await.map(|_| "did-accept");
    let wrong = |refusal| {
        let wrong = match refusal {
            // More became known since the page was made: it says now how that stands.
            Refusal::Held { .. } => Wrong::said(visit.words(), "network-accept-not"),
            refusal => Wrong::of(visit.words(), &refusal),
        };
        Draft { accept_wrong: Some(wrong), ..Draft::default() }
    };
    answer(&visit, done.map_err(wrong)).await
}

async fn answer(visit: &Visit, done: Result<&str, Draft>) -> Response {
    let draft = match done {
        Ok(did) => return visit.done("/network", did),
        Err(draft) => draft,
    };
    match page(visit, draft).await {
        Ok(page) => (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_are_told_in_two_or_three_digits() {
        let cases = [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9_990, "9.9 kB"), (64_000_000, "64 MB")];
        for (bytes, text) in cases {
            assert_eq!(super::size(bytes).replace('\u{a0}', " "), text);
        }
        assert_eq!(super::size(u64::MAX).replace('\u{a0}', " "), "18446744073 GB");
    }
}
