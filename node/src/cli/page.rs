//! `klatch page`

use std::path::Path;
use std::process::{Command, Stdio};

use clap::Args;
use serde::Serialize;

use super::exit::CliError;
use super::output::Printer;
use super::reach::{Node, take};
use crate::config::Config;
use crate::daemon::Request;

/// Print a link into the page of the node that runs
///
/// It works once, within ten minutes: what it opens is for whoever sits at this machine.
#[derive(Args, Debug)]
pub(super) struct PageArgs {
    /// Open it in the browser
    #[arg(long)]
    open: bool,
    /// Print the token for scripts instead: `Authorization: Bearer TOKEN`; it is of this run of the node
    #[arg(long, conflicts_with = "open")]
    token: bool,
}

#[derive(Serialize)]
struct Link<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

/// Runs it.
pub(super) fn run(args: &PageArgs, config: &Config, node: &Node, out: &Printer) -> Result<(), CliError> {
    let text = take!(node.call(Request::Page { token: args.token })?, Page)?;
    let link = match args.token {
        true => Link { page: None, token: Some(&text) },
        false => Link { page: Some(&text), token: None },
    };
    out.result(&link, |_| text.clone())?;
    if args.open && !open(&config.home.page_file(&text)?) {
        out.hint("No browser could be started: open the link above by yourself.");
    }
    Ok(())
}

/// Asks the desktop to open a file that leads to the page: everybody on this machine sees what programs are started
/// with, and a link is for one.
fn open(file: &Path) -> bool {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(opener);
    command.arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
