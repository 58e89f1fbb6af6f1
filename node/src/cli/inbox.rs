//! `klatch inbox`

use clap::Args;

use super::exit::CliError;
use super::output::{Ink, Printer, table};
use super::reach::{Node, take};
use crate::daemon::{Notice, Request, What};
use crate::names::short;

/// List what concerns you now: your seats, changes, deadlines, what is new in your groups, answers to what you said, and who waits for you
///
/// What is soonest stands first, then comments. A node that runs (`klatch up`) tells each of these once, by
/// the desktop where there is one.
#[derive(Args, Debug)]
pub(super) struct InboxArgs {}

/// Runs it.
pub(super) fn run(InboxArgs {}: &InboxArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let notices = take!(node.call(Request::Inbox)?, Inbox)?;
    let row = |notice: &Notice, ink: Ink| {
        let mark = match notice.what {
            What::Seated { .. } | What::Joined | What::Role { .. } => ink.good("+"),
            What::ConfirmBy { .. } | What::Changed { .. } | What::Cancelled | What::Released { .. } => {
                ink.warn("!")
            }
            What::Asking { .. } | What::Silent { .. } | What::ToSeat { .. } | What::Removed => ink.warn("!"),
            _ => ink.dim("·"),
        };
        let next = notice.next_step().unwrap_or_else(|| short(&notice.object));
        vec![mark, notice.sentence(), ink.dim(&next)]
    };
    out.result(&notices, |ink| table(&notices.iter().map(|notice| row(notice, ink)).collect::<Vec<_>>()))?;
    if notices.is_empty() {
        out.hint("Nothing needs you: `klatch event list` shows what is on.");
    }
    Ok(())
}
