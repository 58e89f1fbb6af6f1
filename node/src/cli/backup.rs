//! `klatch backup` and `klatch restore`

use std::path::PathBuf;

use clap::Args;
use klatch_feed::{FeedId, Seq};
use serde::Serialize;

use super::exit::CliError;
use super::output::{Printer, count, plain};
use super::reach::{Node, take};
use crate::config::Config;
use crate::daemon::create::restore;
use crate::daemon::{BackedUp, Request};

/// Copy the home to a file: your key, your log, and all that is kept of others
///
/// Works while the node runs, and holds what was there at one moment. Who has the file can speak for you:
/// keep it as you keep your recovery words. Nothing is ever overwritten. What is damaged in the home (as `klatch verify`
/// tells) is damaged in the copy as well: that is said, and the command ends with 1.
#[derive(Args, Debug)]
pub(super) struct BackupArgs {
    /// The new file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Bring a backup back, into a home that holds no identity yet
///
/// You may have posted since the backup was made, and posting again at the same place would fork your log. So
/// the home is recovering at first: `klatch up` takes what others hold of yours, and posting goes on when
/// nothing is missing (`klatch recover` shows how far that is). Never run the old home and the new one.
#[derive(Args, Debug)]
pub(super) struct RestoreArgs {
    /// What `klatch backup` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Runs `backup`.
pub(super) fn backup(args: &BackupArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    // The node that writes it may have been started in another folder.
    let file = std::path::absolute(&args.file);
    let file = file.map_err(|source| CliError::File { path: args.file.clone(), source })?;
    let bar = out.bar("copying");
    let answer = node.call_with(Request::Backup { file }, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let made: BackedUp = take!(answer?, BackedUp)?;
    out.result(&made, |ink| {
        let line = |problem: &String| format!("{} {}\n", ink.warn("damaged"), plain(problem));
        let lines: String = made.problems.iter().map(line).collect();
        let (entries, bytes) = (count(made.entries, "entry", "entries"), count(made.bytes, "byte", "bytes"));
        format!("{lines}{}: {entries} of yours, {bytes} in all", made.file.display())
    })?;
    if !made.problems.is_empty() {
        return Err(CliError::DamagedBackup { file: made.file, problems: made.problems.len() });
    }
    out.hint("It holds your key: keep it where nobody else comes. `klatch restore FILE` brings it back.");
    Ok(())
}

#[derive(Serialize)]
struct Back {
    feed: FeedId,
    entries: Seq,
}

/// Runs `restore`.
pub(super) fn bring_back(args: &RestoreArgs, config: &Config, out: &Printer) -> Result<(), CliError> {
    let bar = out.bar("copying");
    let done = restore(&config.home, &args.file, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let (feed, entries) = done?;
    out.result(&Back { feed, entries }, |_| {
        format!("{feed}: {} of yours are back", count(entries, "entry", "entries"))
    })?;
    out.hint(
        "You may have posted more since that backup, so posting is off until other nodes have been asked:\n\
         run `klatch up` where others can be met; `klatch recover` shows how far it is. Never run the old home again.",
    );
    Ok(())
}
