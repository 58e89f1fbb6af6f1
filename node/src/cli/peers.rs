//! `klatch peers`

use std::time::Duration;

use clap::Args;

use super::exit::CliError;
use super::online::{self, Online, size};
use super::output::{Ink, Printer, plain, table};
use super::reach::{Node, take};
use crate::config::Config;
use crate::daemon::Request;
use crate::net::report::{Path, PeerLine, still_coming};
use crate::net::{NetRequest, NetResponse};

/// Show who is connected, by which path
///
/// Where no node runs, one runs for a moment to see who is there.
#[derive(Args, Debug)]
pub(super) struct PeersArgs {
    /// How long to look, if no node runs
    #[arg(long = "for", value_name = "TIME", default_value = "5s", value_parser = online::duration)]
    wait: Duration,
    #[command(flatten)]
    online: Online,
}

/// Runs it.
pub(super) fn run(args: &PeersArgs, config: &Config, out: &Printer) -> Result<(), CliError> {
    let node = args.online.node(config)?;
    if let Node::Online(_) = node {
        out.hint(format!("no node runs: looking for {} seconds", args.wait.as_secs()));
        std::thread::sleep(args.wait);
    }
    let NetResponse::Peers(peers) = online::ask(&node, NetRequest::Peers)? else {
        return Err(CliError::Answer);
    };
    out.result(&peers, |ink| table(&peers.iter().map(|peer| row(peer, ink)).collect::<Vec<_>>()))?;
    let me = take!(node.call(Request::Id)?, Me)?;
    if let Some(held) = me.held {
        out.hint(held);
    }
    if let Some(coming) = still_coming(&peers) {
        out.hint(coming);
    }
    if peers.is_empty() {
        out.hint("Nobody is connected: `klatch peer add FEED@HOST:PORT`, `klatch join INVITE`, or be on one network.");
    }
    Ok(())
}

fn row(peer: &PeerLine, ink: Ink) -> Vec<String> {
    let path = match peer.path {
        Path::Lan => "lan",
        Path::Peer => "peer",
        Path::Pub => "pub",
        Path::Member => "member",
    };
    let way = if peer.dialled { "to" } else { "from" };
    let state = match (peer.coming_entries, peer.level) {
        (0, true) => ink.good("level"),
        (0, false) => ink.warn("exchanging"),
        (coming, _) => ink.warn(&format!("{coming} entries to come")),
    };
    vec![
        ink.bold(&plain(&peer.name)),
        path.to_owned(),
        format!("{way} {}", peer.address),
        format!("{} in", size(peer.received)),
        format!("{} out", size(peer.sent)),
        format!("{} s", peer.seconds),
        format!("has {} of your {}", peer.holds, peer.own),
        state,
        ink.dim(&peer.feed.to_string()),
    ]
}
