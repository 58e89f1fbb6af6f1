//! A hostile peer: speaks the real handshake and protocol to a node, and lies, one behaviour a name.
//!
//! `cargo run --example hostile -- --network network.json --feed feed1… --at 127.0.0.1:4747 --honest feed1… flood-pings`
//!
//! Prints how each lie ended. Some lies need the target to follow the liar: `--who` prints whom.

mod liar;
mod lies;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use klatch::network::Network;
use klatch_feed::FeedId;
use klatch_gossip::noise;

use liar::Target;
use lies::Lie;

/// Lie to a node of your own
#[derive(Debug, Parser)]
struct Args {
    /// The network file of the target's home
    #[arg(long, value_name = "FILE")]
    network: PathBuf,
    /// Whose node the target is
    #[arg(long, value_name = "FEED")]
    feed: FeedId,
    /// Where it listens
    #[arg(long, value_name = "ADDRESS:PORT")]
    at: SocketAddr,
    /// Somebody whom the target follows, and who is to be blamed
    #[arg(long, value_name = "FEED")]
    honest: FeedId,
    /// Only say which feeds lie, so that the target may follow them
    #[arg(long)]
    who: bool,
    /// How often to tell each
    #[arg(long, value_name = "N", default_value_t = 1)]
    times: u32,
    /// What to do; everything, unless named
    #[arg(value_enum)]
    lies: Vec<Lie>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let lies = if args.lies.is_empty() { Lie::value_variants().to_vec() } else { args.lies };
    if args.who {
        lies.iter().for_each(|lie| println!("{} tells {lie:?}", lie.secret().feed()));
        return ExitCode::SUCCESS;
    }
    let text = std::fs::read_to_string(&args.network).map_err(|error| error.to_string());
    let network = match text.and_then(|text| Network::parse(&text).map_err(|error| error.to_string())) {
        Ok(network) => noise::Network::new(network.id(), *network.key()),
        Err(problem) => {
            eprintln!("{}: {problem}", args.network.display());
            return ExitCode::FAILURE;
        }
    };
    let target = Target { address: args.at, feed: args.feed, network, honest: args.honest };
    let mut all_as_said = true;
    for lie in lies.iter().flat_map(|lie| (0..args.times).map(move |_| *lie)) {
        let told = lie.tell(&target).await;
        let is_as_said = matches!(&told, Ok((end, _)) if *end == lie.ends());
        all_as_said &= is_as_said;
        println!("{lie:?}: {told:?}{}", if is_as_said { "" } else { ", which is not what the spec says" });
    }
    if all_as_said { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
