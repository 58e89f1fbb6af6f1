//! `klatch group` and `klatch event`: `hide`, `show-again` and `endorse`

use clap::Args;

use super::exit::CliError;
use super::output::{Printer, count};
use super::posted;
use super::reach::Node;
use crate::daemon::Request;

/// Hide posts of others from everybody, for a reason that everybody sees
///
/// They stay in their logs, and what they mean for seats and roles stays; nobody is shown their text. `show-again` undoes it.
#[derive(Args, Debug)]
pub(super) struct HideArgs {
    /// Group or event: id, its beginning, or its name in quotes
    object: String,
    /// Entry ids or their beginnings, as `klatch log` and --json show them
    #[arg(required = true, value_name = "ENTRY", num_args = 1..=64)]
    entries: Vec<String>,
    /// Why, up to 500 bytes
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
}

#[derive(Args, Debug)]
pub(super) struct ShowAgainArgs {
    /// Group or event: id, its beginning, or its name in quotes
    object: String,
    /// Entry ids or their beginnings
    #[arg(required = true, value_name = "ENTRY", num_args = 1..=64)]
    entries: Vec<String>,
}

/// Let posts count that a revoke voids, of somebody junior to you
///
/// In a group it reaches posts about its events too, as far as the group's own revokes void them.
#[derive(Args, Debug)]
pub(super) struct EndorseArgs {
    /// Group or event: id, its beginning, or its name in quotes
    object: String,
    /// Entry ids or their beginnings, as `klatch log` and `klatch event why` show them
    #[arg(required = true, value_name = "ENTRY", num_args = 1..=64)]
    entries: Vec<String>,
}

/// Runs `hide`.
pub(super) fn hide(args: &HideArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let (object, entries, reason) = (args.object.clone(), args.entries.clone(), args.reason.clone());
    posted(Request::Hide { object, entries, on: true, reason }, node, out, |_| {
        format!("{} hidden", these(&args.entries))
    })
}

/// Runs `show-again`.
pub(super) fn show_again(args: &ShowAgainArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let (object, entries, reason) = (args.object.clone(), args.entries.clone(), String::new());
    posted(Request::Hide { object, entries, on: false, reason }, node, out, |_| {
        format!("{} shown again", these(&args.entries))
    })
}

/// Runs `endorse`.
pub(super) fn endorse(args: &EndorseArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let (object, entries) = (args.object.clone(), args.entries.clone());
    posted(Request::Endorse { object, entries }, node, out, |_| format!("{} endorsed", these(&args.entries)))
}

fn these(entries: &[String]) -> String {
    count(entries.len() as u64, "entry", "entries")
}
