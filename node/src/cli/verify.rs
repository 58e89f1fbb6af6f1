//! `klatch verify` and `klatch rebuild`

use clap::Args;

use super::exit::CliError;
use super::output::{Printer, count, plain};
use super::reach::{Node, take};
use crate::daemon::Request;

/// Check every byte of the log on disk: hashes, links, signatures, and the views made from them
#[derive(Args, Debug)]
pub(super) struct VerifyArgs {}

/// Make all views again from the log
///
/// Views (groups, events, names, indexes) are a cache of what the entries say. This drops them and folds all
/// entries again; no entry is touched.
#[derive(Args, Debug)]
pub(super) struct RebuildArgs {}

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
    answer?;
    out.result(&serde_json::json!({ "rebuilt": true }), |_| "all views are made again".to_owned())
}
