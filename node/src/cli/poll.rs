//! `klatch poll`

use clap::{Args, Subcommand};

use super::exit::CliError;
use super::output::{Ink, Printer, count, plain, table};
use super::reach::{Node, take};
use super::{posted, when};
use crate::config::Config;
use crate::daemon::{PollLine, PollRequest, Request};
use crate::names::short;

/// Ask a group when an event should be
#[derive(Args, Debug)]
pub(super) struct PollArgs {
    #[command(subcommand)]
    command: PollCommand,
}

#[derive(Debug, Subcommand)]
enum PollCommand {
    Create(CreateArgs),
    Vote(VoteArgs),
    Show(ShowArgs),
    Settle(SettleArgs),
}

/// Offer dates
#[derive(Args, Debug)]
struct CreateArgs {
    /// Group id, its beginning, or its name in quotes
    group: String,
    /// What it would be
    #[arg(long)]
    question: String,
    /// Local date and time, as 2026-12-03T18:30; 2 to 12 of them
    #[arg(long = "option", value_name = "START", required = true)]
    options: Vec<String>,
    /// IANA zone of the place, as Europe/Lisbon [default: this machine's]
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// How long, as 2h, 90m or 1h30m
    #[arg(long, default_value = "2h")]
    duration: when::Minutes,
}

/// Say when you could come; the last vote counts
#[derive(Args, Debug)]
struct VoteArgs {
    /// The poll: id, or its beginning
    poll: String,
    /// Options by number or date; none = you can come on no date
    #[arg(value_name = "OPTION")]
    options: Vec<String>,
}

/// Show who could come when
#[derive(Args, Debug)]
struct ShowArgs {
    /// The poll: id, or its beginning
    poll: String,
}

/// Schedule the event on the date chosen: who asked can, if they schedule in the group, and its organizers
#[derive(Args, Debug)]
struct SettleArgs {
    /// The poll: id, or its beginning
    poll: String,
    /// Option by number or date
    option: String,
    /// What the event is called [default: the question]
    #[arg(long)]
    title: Option<String>,
    /// Where
    #[arg(long = "where", value_name = "PLACE", default_value = "", hide_default_value = true)]
    place: String,
    /// How many persons find room [default: no limit]
    #[arg(long, value_name = "SEATS")]
    capacity: Option<u32>,
}

/// Runs it.
pub(super) fn run(args: &PollArgs, config: &Config, node: &Node, out: &Printer) -> Result<(), CliError> {
    match &args.command {
        PollCommand::Create(args) => {
            let (group, question) = (args.group.clone(), args.question.clone());
            let zone = args.tz.clone().unwrap_or_else(|| config.zone.name().to_owned());
            let options = args.options.iter().map(|start| when::local(start)).collect();
            let request = PollRequest::Create { group, question, zone, minutes: args.duration.0, options };
            posted(Request::Poll(request), node, out, |id| format!("asked\n{id}"))?;
            out.hint("Next: members say `klatch poll vote` with that id; `klatch poll show` counts.");
            Ok(())
        }
        PollCommand::Vote(args) => {
            let (poll, options) = (args.poll.clone(), args.options.clone());
            posted(Request::Poll(PollRequest::Vote { poll, options }), node, out, |_| "voted".to_owned())
        }
        PollCommand::Show(args) => {
            let request = PollRequest::Show { poll: args.poll.clone() };
            let poll = take!(node.call(Request::Poll(request))?, Poll)?;
            out.result(&poll, |ink| screen(&poll, ink))
        }
        PollCommand::Settle(args) => {
            let SettleArgs { poll, option, title, place, capacity } = args;
            let request = PollRequest::Settle {
                poll: poll.clone(),
                option: option.clone(),
                title: title.clone(),
                place: place.clone(),
                capacity: *capacity,
            };
            posted(Request::Poll(request), node, out, |id| format!("settled: scheduled\n{id}"))
        }
    }
}

fn screen(poll: &PollLine, ink: Ink) -> String {
    let settled = poll.settled.map(|event| format!("settled: {event}\n")).unwrap_or_default();
    if let Some(by) = &poll.hidden {
        let why = if by.reason.is_empty() { String::new() } else { format!(": {}", plain(&by.reason)) };
        let hidden = ink.warn(&format!("hidden by {}{why}", plain(&by.name)));
        return format!("{hidden}  {}\n{settled}", ink.dim(&poll.id.to_string()));
    }
    let name =
        |feed: &klatch_feed::FeedId| poll.names.get(feed).map_or_else(|| short(feed), |name| plain(name));
    let head = format!("{}  {}\n", ink.bold(&plain(&poll.question)), ink.dim(&poll.id.to_string()));
    let votes = count(poll.votes as u64, "vote", "votes");
    let row = |(at, option): (usize, &crate::daemon::PollOption)| {
        let names: Vec<_> = option.yes.iter().map(name).collect();
        let start = when::there(&plain(&option.start), &plain(&poll.zone), poll.minutes);
        vec![format!("  {}", at + 1), start, option.yes.len().to_string(), names.join(", ")]
    };
    let rows: Vec<_> = poll.options.iter().enumerate().map(row).collect();
    format!("{head}asked by {}, {votes}\n{}{settled}", name(&poll.author), table(&rows))
}
