//! `klatch delete`

use clap::Args;

use super::exit::CliError;
use super::goes_out;
use super::output::{Printer, count};
use super::reach::{Node, take};
use crate::daemon::Request;

/// Take back something that you posted: a comment, an answer, an update
///
/// Nodes that hear of it neither show nor pass on what the entry said, and it is final. What stays is that there was an
/// entry, when, and of which kind. It asks others to erase; it cannot make anybody forget. Groups, events, roles and
/// what else the rights of others hang on cannot be taken back: `klatch event cancel` calls an event off.
#[derive(Args, Debug)]
pub(super) struct DeleteArgs {
    /// Entry ids or their beginnings, as `klatch log` shows them
    #[arg(required = true, value_name = "ENTRY", num_args = 1..=64)]
    entries: Vec<String>,
}

/// Runs it.
pub(super) fn run(args: &DeleteArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let deleted = take!(node.call(Request::Delete { entries: args.entries.clone() })?, Deleted)?;
    out.result(&deleted, |_| {
        format!("{} taken back", count(deleted.entries.len() as u64, "entry", "entries"))
    })?;
    goes_out(node, out);
    out.hint("The log's file may still hold the bytes, here and elsewhere: then `klatch compact`.");
    Ok(())
}
