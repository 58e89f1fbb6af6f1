//! `klatch peer`

use clap::{Args, Subcommand};
use klatch_feed::FeedId;

use super::exit::CliError;
use super::output::Printer;
use super::reach::{Node, take};
use crate::daemon::Request;
use crate::share::Address;

/// Tell the node where others can be reached
#[derive(Args, Debug)]
pub(super) struct PeerArgs {
    #[command(subcommand)]
    command: PeerCommand,
}

#[derive(Debug, Subcommand)]
enum PeerCommand {
    /// Add an address at which somebody's node listens
    Add {
        /// Whose node, and where: feed1…@192.0.2.7:4747
        #[arg(value_name = "FEED@HOST:PORT")]
        peer: Peer,
    },
    /// Mark somebody whose node keeps your log for you
    ///
    /// When your home recovers, one of the two nodes whose word suffices has to be a pub you joined or one
    /// marked so.
    Home {
        /// Feed id, its beginning, petname or name
        #[arg(value_name = "FEED")]
        who: String,
        /// Take the mark away
        #[arg(long)]
        off: bool,
    },
}

/// `feed1…@host:port`
#[derive(Clone, Debug)]
struct Peer {
    feed: FeedId,
    address: Address,
}

impl std::str::FromStr for Peer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (feed, address) = text.split_once('@').ok_or("expected FEED@HOST:PORT")?;
        let feed = feed.parse().map_err(|error: klatch_feed::id::IdError| error.to_string())?;
        let address = address.parse().map_err(|error: crate::share::AddressError| error.to_string())?;
        Ok(Self { feed, address })
    }
}

/// Runs it.
pub(super) fn run(args: &PeerArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    match &args.command {
        PeerCommand::Add { peer } => add(peer, node, out),
        PeerCommand::Home { who, off } => home(who, !off, node, out),
    }
}

fn home(who: &str, on: bool, node: &Node, out: &Printer) -> Result<(), CliError> {
    let line = take!(node.call(Request::PeerHome { who: who.to_owned(), on })?, Person)?;
    let marked = serde_json::json!({ "feed": line.feed, "home": on });
    out.result(&marked, |_| match on {
        true => format!("{} keeps your log", line.feed),
        false => format!("{} is no home of your log", line.feed),
    })
}

fn add(peer: &Peer, node: &Node, out: &Printer) -> Result<(), CliError> {
    node.call(Request::PeerAdd { feed: peer.feed, address: peer.address.to_string() })?;
    let added = serde_json::json!({ "feed": peer.feed, "address": peer.address.as_str() });
    out.result(&added, |_| format!("{} at {}", peer.feed, peer.address))?;
    if take!(node.call(Request::Id)?, Me)?.feed == peer.feed {
        out.hint("This is your own id: only another copy of your home answers there, and no two may run.");
    }
    out.hint(match node.is_running() {
        true => "The node dials it now; `klatch peers` shows who is connected.",
        false => "It is dialled when `klatch up` runs.",
    });
    Ok(())
}
