//! `klatch verify`, `klatch rebuild` and `klatch compact`

use clap::Args;

use super::exit::CliError;
use super::output::{Printer, count, plain};
use super::reach::{Node, take};
use crate::daemon::{Dropped, Rebuilt, Request};

/// Check every byte of the log on disk: hashes, links, signatures, and the views made from them
#[derive(Args, Debug)]
pub(super) struct VerifyArgs {}

/// Make all views again from the log
///
/// Views (groups, events, names, indexes) are a cache of what the entries say. This drops them and folds all
/// entries again. No entry is touched, but that a feed of somebody else in which `klatch verify` finds a damaged entry
/// is cut off before it: it lists these, and `klatch up` fetches the rest again from peers.
#[derive(Args, Debug)]
pub(super) struct RebuildArgs {}

/// Give back the room of what was deleted, and leave no byte of it in the log's file
///
/// Writes all that is held into a fresh file, which then takes the place of the old one; a node may run
/// meanwhile. It needs room for both files. Killed at any point, it leaves everything as it was. What the disk
/// itself, its snapshots and your backups keep of the old file is not Klatch's to erase.
#[derive(Args, Debug)]
pub(super) struct CompactArgs {}

/// Runs `verify`.
pub(super) fn verify(_: &VerifyArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let bar = out.bar("checking");
    let answer = node.call_with(Request::Verify, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let report = take!(answer?, Verified)?;
    out.result(&report, |ink| {
        let mut text: String = report
            .problems
            .iter()
            .map(|problem| format!("{} {}\n", ink.warn("damaged"), plain(problem)))
            .collect();
        text += &format!(
            "{} of {}, {}",
            count(report.entries, "entry", "entries"),
            count(report.feeds, "feed", "feeds"),
            count(report.bytes, "byte", "bytes"),
        );
        if report.problems.is_empty() {
            text += &format!(": {}", ink.good("all good"));
        }
        text
    })?;
    match report.problems.len() {
        0 => Ok(()),
        many => Err(CliError::Damaged(many)),
    }
}

/// Runs `rebuild`.
pub(super) fn rebuild(_: &RebuildArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let bar = out.bar("folding");
    let answer = node.call_with(Request::Rebuild, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let Rebuilt { dropped } = take!(answer?, Rebuilt)?;
    out.result(&serde_json::json!({ "rebuilt": true, "dropped": dropped }), |ink| {
        let line = |Dropped { name, after, entries, .. }: &Dropped| {
            let entries = count(*entries, "entry", "entries");
            format!("{} {entries} of {} after entry {after}\n", ink.warn("dropped"), plain(name))
        };
        let lines: String = dropped.iter().map(line).collect();
        lines + "all views are made again"
    })?;
    out.hint(match dropped.is_empty() {
        true => "`klatch verify` says whether all is good now.",
        false => "What was dropped was damaged. `klatch up` fetches it again, from peers that hold it.",
    });
    Ok(())
}

/// Runs `compact`.
pub(super) fn compact(_: &CompactArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let bar = out.bar("copying");
    let answer = node.call_with(Request::Compact, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let file = take!(answer?, Compacted)?;
    out.result(&file, |_| {
        let (before, after) = (count(file.before, "byte", "bytes"), count(file.after, "byte", "bytes"));
        format!("{before} before, {after} now")
    })
}
