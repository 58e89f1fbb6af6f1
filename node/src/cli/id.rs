//! `klatch id`

use clap::Args;

use super::exit::CliError;
use super::output::{Printer, count, plain};
use super::reach::{Node, take};
use crate::daemon::Request;

/// Show who you are: your feed id, name and network
#[derive(Args, Debug)]
pub(super) struct IdArgs {}

/// Runs it.
pub(super) fn run(_: &IdArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let me = take!(node.call(Request::Id)?, Me)?;
    out.result(&me, |_| me.feed.to_string())?;
    let name = me.name.as_deref().map_or("no name yet".to_owned(), plain);
    out.hint(format_args!(
        "{name} · network {} · {}",
        plain(&me.network),
        count(me.entries, "entry", "entries")
    ));
    if let Some(held) = me.held {
        out.hint(held);
    }
    Ok(())
}
