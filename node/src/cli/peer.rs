//! `klatch peer`

use clap::{Args, Subcommand};
use klatch_feed::FeedId;

use super::exit::CliError;
use super::output::Printer;
use super::reach::Node;
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
    let PeerCommand::Add { peer } = &args.command;
    node.call(Request::PeerAdd { feed: peer.feed, address: peer.address.to_string() })?;
    let added = serde_json::json!({ "feed": peer.feed, "address": peer.address.as_str() });
    out.result(&added, |_| format!("{} at {}", peer.feed, peer.address))?;
    out.hint(match node.is_running() {
        true => "The node dials it now; `klatch peers` shows who is connected.",
        false => "It is dialled when `klatch up` runs.",
    });
    Ok(())
}
