//! `klatch log`

use clap::Args;

use super::exit::CliError;
use super::follow::{FORKED, goes_on, still_counts};
use super::output::{Printer, plain, table};
use super::reach::{Node, take};
use super::when;
use crate::config::Config;
use crate::daemon::Request;
use crate::names::short;

/// Show the entries of a log, oldest first
///
/// Of your own log also those that do not count: of a fork, what stands after it, or on the branch that was not kept.
#[derive(Args, Debug)]
pub(super) struct LogArgs {
    /// Whose: feed id, its beginning, petname or name [default: yours]
    #[arg(value_name = "FEED")]
    who: Option<String>,
    /// Only entries after this one
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    after: u32,
    /// At most so many, up to 1,000
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    max: u32,
}

/// Runs it.
pub(super) fn run(args: &LogArgs, config: &Config, node: &Node, out: &Printer) -> Result<(), CliError> {
    let request = Request::Log { who: args.who.clone(), after: args.after, max: args.max };
    let lines = take!(node.call(request)?, Log)?;
    out.result(&lines, |ink| {
        let row = |line: &crate::daemon::LogLine| {
            let at = when::instant(line.time_ms, config.zone);
            let what = match line.aside {
                true => format!("{} {}", ink.warn("does not count:"), plain(&line.what)),
                false => plain(&line.what),
            };
            vec![format!("{:>5}", line.seq), ink.dim(&short(&line.id)), at, what]
        };
        table(&lines.iter().map(row).collect::<Vec<_>>())
    })?;
    let whose = take!(node.call(Request::Person { who: args.who.clone() })?, Person)?;
    if let Some(cap) = whose.cap {
        out.hint(format_args!("This log is forked after entry {cap}: {}.", still_counts(cap)));
        out.hint(FORKED);
    }
    if lines.iter().any(|line| line.aside) {
        out.hint(
            "What does not count stands past the fork, or on the branch that was not kept. It is on this machine alone: post \
             again what you miss of it.",
        );
    }
    if let Some(text) = goes_on(&whose) {
        out.hint(text);
    }
    if lines.len() >= args.max as usize {
        let last = lines.last().map_or(args.after, |line| line.seq);
        out.hint(format_args!("There may be more: add `--after {last}`."));
    }
    Ok(())
}
