//! `klatch join`

use clap::Args;

use super::exit::CliError;
use super::online::{self, Online, size};
use super::output::{Printer, plain};
use super::reach::Node;
use crate::config::Config;
use crate::net::{NetRequest, NetResponse};

/// Join a pub by the invite that its operator gave you
///
/// The pub keeps your log and those of your groups, and passes them on while you are off.
#[derive(Args, Debug)]
pub(super) struct JoinArgs {
    /// The whole line: klatch:join/1/…
    #[arg(value_name = "INVITE")]
    line: String,
    #[command(flatten)]
    online: Online,
}

/// Runs it.
pub(super) fn run(args: &JoinArgs, config: &Config, out: &Printer) -> Result<(), CliError> {
    let node = args.online.node(config)?;
    let answer = online::ask(&node, NetRequest::Join { line: args.line.clone() })?;
    let NetResponse::Joined(joined) = answer else { return Err(CliError::Answer) };
    out.result(&joined, |ink| {
        let name = if joined.name.is_empty() { joined.feed.to_string() } else { plain(&joined.name) };
        format!(
            "joined {} at {}: it keeps {} of your log",
            ink.bold(&name),
            joined.address,
            size(joined.quota)
        )
    })?;
    if let Node::Online(_) = node {
        out.hint("`klatch up` keeps you in touch with it.");
    }
    Ok(())
}
