//! `klatch follow`, `unfollow`, `block` and `follows`

use clap::Args;

use super::exit::CliError;
use super::output::{Ink, Printer, count, plain, table};
use super::reach::{Node, take};
use crate::daemon::{FollowLine, Request};
use crate::names::short;

/// Follow somebody: fetch and keep their log
///
/// Following is your own business: it is written on this machine alone, and nobody is told but the nodes you
/// fetch from.
#[derive(Args, Debug)]
pub(super) struct FollowArgs {
    /// Feed id, or what names somebody this node knows
    #[arg(value_name = "FEED")]
    who: String,
    /// Call them so on this machine
    #[arg(long = "as", value_name = "NAME")]
    petname: Option<String>,
    /// Say so in your log, for everybody who reads it; their log must be here already
    #[arg(long)]
    publish: bool,
}

/// Stop following somebody; what is here stays
#[derive(Args, Debug)]
pub(super) struct UnfollowArgs {
    /// Feed id, its beginning, petname or name
    #[arg(value_name = "FEED")]
    who: String,
    /// Say so in your log, where you had said that you follow them
    #[arg(long)]
    publish: bool,
}

/// Take nothing more from somebody, and speak to their node no longer
///
/// What others pass on about them still counts for seats and attendance, since an event is the same on every
/// node. `klatch follow` ends a block.
#[derive(Args, Debug)]
pub(super) struct BlockArgs {
    /// Feed id, its beginning, petname or name
    #[arg(value_name = "FEED")]
    who: String,
}

/// List whom you follow and whom you block
#[derive(Args, Debug)]
pub(super) struct FollowsArgs {}

/// Runs `follow`.
pub(super) fn follow(args: &FollowArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let request = Request::Follow { who: args.who.clone(), petname: args.petname.clone() };
    let line = take!(node.call(request)?, Person)?;
    if args.publish {
        take!(node.call(Request::PublishFollow { who: args.who.clone(), on: true })?, Created)?;
    }
    out.result(&line, |_| format!("following {}", called(&line)))?;
    if line.entries == 0 {
        out.hint(match node.is_running() {
            true => "Their log comes as soon as a peer has it; `klatch peers` shows who is connected.",
            false => "Their log comes when `klatch up` runs.",
        });
    }
    Ok(())
}

/// Runs `unfollow`.
pub(super) fn unfollow(args: &UnfollowArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let line = take!(node.call(Request::Unfollow { who: args.who.clone() })?, Person)?;
    if args.publish {
        take!(node.call(Request::PublishFollow { who: args.who.clone(), on: false })?, Created)?;
    }
    out.result(&line, |_| format!("no longer following {}", called(&line)))
}

/// Runs `block`.
pub(super) fn block(args: &BlockArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let line = take!(node.call(Request::Block { who: args.who.clone() })?, Person)?;
    out.result(&line, |_| format!("blocked {}", called(&line)))
}

/// Runs `follows`.
pub(super) fn follows(_: &FollowsArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let lines = take!(node.call(Request::Follows)?, Follows)?;
    out.result(&lines, |ink| table(&lines.iter().map(|line| row(line, ink)).collect::<Vec<_>>()))?;
    if lines.iter().any(|line| line.cap.is_some() && !line.blocked) {
        out.hint(FORKED);
    }
    if lines.iter().any(|line| !line.before.is_empty()) {
        out.hint(
            "Who has an earlier key went on under the one shown, with their recovery words: they are one person, and you \
             follow both.",
        );
    }
    if lines.is_empty() {
        out.hint("You follow nobody yet: `klatch follow FEED`, or `klatch open LINE` with a line somebody gave you.");
    }
    Ok(())
}

/// What a fork is, and what its owner can do.
pub(super) const FORKED: &str = "\
A log is forked when its key signed two different entries for one place: two copies of one home, or a stolen key. Nobody can \
tell which is meant, so everybody counts what comes before, and nothing after. Groups and events founded later stay, and \
the others in them go on. Its owner sees the same with `klatch recover`, and goes on under a new key with `klatch succeed` and \
their recovery words, keeping the branch they choose: you then follow the new key without doing anything. Owners who lost \
their words need a new identity: ask them for it, by another way than this log.";

/// What it means that somebody goes on under another key.
pub(super) fn goes_on(line: &FollowLine) -> Option<String> {
    if let Some(now) = &line.now {
        return Some(format!(
            "Its owner went on under a new key: entries 1 to {} count, nothing later. What they say now is in `klatch log {now}`.",
            line.entries
        ));
    }
    let earlier = line.before.last()?;
    Some(format!(
        "They went on under this key with their recovery words. What they said before counts as theirs: `klatch log {}`.",
        earlier.feed
    ))
}

/// What of a log with this cap counts.
pub(super) fn still_counts(cap: klatch_feed::Seq) -> String {
    match cap {
        0 => "nothing of it counts".to_owned(),
        1 => "entry 1 counts, nothing later".to_owned(),
        _ => format!("entries 1 to {cap} count, nothing later"),
    }
}

fn row(line: &FollowLine, ink: Ink) -> Vec<String> {
    let state = match (line.cap, line.blocked, line.entries) {
        (_, true, _) => ink.warn("blocked"),
        (Some(cap), ..) => ink.warn(&format!("forked after entry {cap}: {}", still_counts(cap))),
        (None, false, 0) => ink.warn("nothing here yet"),
        (None, false, entries) => count(entries, "entry", "entries"),
    };
    let earlier: u64 = line.before.iter().map(|log| u64::from(log.entries)).sum();
    let state = match line.before.is_empty() {
        true => state,
        false => format!("{state}, after {} under an earlier key", count(earlier, "entry", "entries")),
    };
    vec![ink.bold(&called(line)), ink.dim(&line.feed.to_string()), state]
}

fn called(line: &FollowLine) -> String {
    match (&line.petname, &line.name) {
        (Some(petname), Some(name)) if petname != name => format!("{} ({})", plain(petname), plain(name)),
        (Some(name), _) | (None, Some(name)) => plain(name),
        (None, None) => short(&line.feed),
    }
}
