//! `klatch open`

use clap::Args;

use super::exit::CliError;
use super::output::Printer;
use super::reach::{Node, take};
use crate::daemon::Request;

/// Open a line that somebody shared: follow its host, and fetch the event or group
///
/// Such a line starts with `klatch:entry1`; `klatch event share` and `klatch group share` print them.
#[derive(Args, Debug)]
pub(super) struct OpenArgs {
    /// The whole line, in quotes
    line: String,
}

/// Runs it.
pub(super) fn run(args: &OpenArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let opened = take!(node.call(Request::Open { line: args.line.clone() })?, Opened)?;
    out.result(&opened, |_| format!("{}\nfollowing its host {}", opened.id, opened.host))?;
    out.hint(match (opened.held, node.is_running()) {
        (true, _) => "It is here: `klatch event show` or `klatch group show` with that id.",
        (false, true) => "It comes as soon as its host or somebody who has it is reached.",
        (false, false) => "It comes when `klatch up` runs.",
    });
    Ok(())
}
