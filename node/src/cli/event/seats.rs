//! `klatch event admit`, `release` and `close`; `klatch confirm`

use clap::Args;

use super::on::On;
use crate::cli::exit::CliError;
use crate::cli::output::{Printer, plain};
use crate::cli::reach::{Node, take};
use crate::cli::{goes_out, posted};
use crate::daemon::Request;

/// Give seats by hand, in the order given
///
/// A node that runs does this by itself, as the event's policy says. Lines past your share of the
/// seats are the waiting list.
#[derive(Args, Debug)]
pub(super) struct AdmitArgs {
    /// Event id, its beginning, or its title in quotes
    event: String,
    /// Whom, in this order [default: as far as your share has room, who waits on another host's list and who asks for
    /// more persons; then everybody no host has ranked yet]
    #[arg(value_name = "FEED")]
    people: Vec<String>,
    #[command(flatten)]
    on: On,
}

/// Give up lines that you or a junior of yours gave: who waits moves up
///
/// Whoever is released needs a new answer, and a new line for it, to come back.
#[derive(Args, Debug)]
pub(super) struct ReleaseArgs {
    /// Event id, its beginning, or its title in quotes
    event: String,
    /// Whose lines: feed id, its beginning, petname or name
    #[arg(required = true, value_name = "FEED")]
    people: Vec<String>,
    #[command(flatten)]
    on: On,
}

/// Give no more seats of your share, for good; who has one keeps it
#[derive(Args, Debug)]
pub(super) struct CloseArgs {
    /// Event id, its beginning, or its title in quotes
    event: String,
    #[command(flatten)]
    on: On,
}

/// Say that you still mean your yes
///
/// Some events ask for this up to a deadline, and give the seats of those who did not confirm to others.
#[derive(Args, Debug)]
pub(in crate::cli) struct ConfirmArgs {
    /// Event id, its beginning, or its title in quotes
    event: String,
    #[command(flatten)]
    on: On,
}

/// Runs `event admit`.
pub(super) fn admit(args: &AdmitArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let (event, on, people) = (args.event.clone(), args.on.on.clone(), args.people.clone());
    let admitted = take!(node.call(Request::Admit { event, on, people })?, Admitted)?;
    out.result(&admitted, |_| match admitted.ranked.len() {
        0 => "nobody waits for a host's answer".to_owned(),
        _ => format!("ranked {}", plain(&admitted.names.join(", "))),
    })?;
    if !admitted.ranked.is_empty() {
        goes_out(node, out);
    }
    Ok(())
}

/// Runs `event release`.
pub(super) fn release(args: &ReleaseArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let (event, on, people) = (args.event.clone(), args.on.on.clone(), args.people.clone());
    let released = take!(node.call(Request::Release { event, on, people })?, Released)?;
    out.result(&released, |_| format!("gave up the lines of {}", plain(&released.names.join(", "))))?;
    goes_out(node, out);
    Ok(())
}

/// Runs `event close`.
pub(super) fn close(args: &CloseArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let request = Request::Close { event: args.event.clone(), on: args.on.on.clone() };
    posted(request, node, out, |_| "closed: you give no more seats".to_owned())
}

/// Runs `confirm`.
pub(in crate::cli) fn confirm(args: &ConfirmArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let request = Request::Confirm { event: args.event.clone(), on: args.on.on.clone() };
    posted(request, node, out, |_| "confirmed".to_owned())
}
