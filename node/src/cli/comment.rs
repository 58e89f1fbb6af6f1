//! `klatch comment`

use clap::Args;

use super::exit::CliError;
use super::output::Printer;
use super::posted;
use super::reach::Node;
use crate::daemon::Request;

/// Say something on an event or a group
#[derive(Args, Debug)]
pub(super) struct CommentArgs {
    /// Event or group: id, its beginning, or its title in quotes
    object: String,
    /// What you say, up to 8,000 bytes
    text: String,
}

/// Runs it.
pub(super) fn run(args: &CommentArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let request = Request::Comment { object: args.object.clone(), text: args.text.clone() };
    posted(request, node, out, |_| "said".to_owned())
}
