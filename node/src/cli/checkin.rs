//! `klatch checkin`

use std::io::{BufRead, IsTerminal};
use std::time::Duration;

use clap::Args;
use klatch_feed::FeedId;

use super::event::on::On;
use super::exit::CliError;
use super::online::{self, Online};
use super::output::{Printer, plain};
use super::reach::{Node, take};
use super::{posted, share};
use crate::config::Config;
use crate::daemon::Request;
use crate::net::report::CheckedIn;
use crate::net::{NetRequest, NetResponse};

/// Check in at an event: answer its door
///
/// Looks for the door on this network. Signs only for somebody who holds the door by what is in the log, unless
/// told to trust them. Where there is no network, --show shows an answer to the door's code, which the door
/// scans. Where there is no door at all, --self says that you are there: your word alone, and shown as such.
#[derive(Args, Debug)]
pub(super) struct CheckinArgs {
    /// Event id, its beginning, or its title in quotes
    event: String,
    #[command(flatten)]
    on: On,
    /// What the door's screen shows: klatch:door/1/…
    #[arg(long)]
    code: Option<String>,
    /// Show the answer, for the door to scan, and send nothing
    #[arg(long, requires = "code")]
    show: bool,
    /// Say that you are there, without a door
    #[arg(long = "self", conflicts_with_all = ["code", "show", "trust"])]
    alone: bool,
    /// Sign for this door, whatever the log says
    #[arg(long, value_name = "FEED")]
    trust: Option<FeedId>,
    /// How long to look for the door, at most 20s
    #[arg(long = "for", value_name = "TIME", default_value = "20s", value_parser = online::duration)]
    within: Duration,
    #[command(flatten)]
    online: Online,
}

/// Runs it.
pub(super) fn run(args: &CheckinArgs, config: &Config, out: &Printer) -> Result<(), CliError> {
    if args.alone {
        let said = |_| "you say that you are there; no door has seen you".to_owned();
        let request = Request::Here { event: args.event.clone(), on: args.on.on.clone() };
        return posted(request, &Node::find(&config.home)?, out, said);
    }
    if let (true, Some(code)) = (args.show, &args.code) {
        return show(args, code, config, out);
    }
    let node = args.online.node(config)?;
    let mut trust = args.trust;
    loop {
        match ask(args, trust, &node)? {
            NetResponse::CheckedIn(done) => return out.result(&done, |ink| ink.good(&told(&done))),
            NetResponse::Stranger { door, name } if trust != Some(door) => {
                if !confirmed(door, &name, config)? {
                    return Err(CliError::Stranger { door, name: plain(&name) });
                }
                trust = Some(door);
            }
            _ => return Err(CliError::Answer),
        }
    }
}

/// The answer as text and as a QR code.
fn show(args: &CheckinArgs, code: &str, config: &Config, out: &Printer) -> Result<(), CliError> {
    let (event, code) = (args.event.clone(), code.to_owned());
    let request = Request::DoorAnswer { event, code, trust: args.trust };
    let answer = take!(Node::find(&config.home)?.call(request)?, AnswerCode)?;
    out.result(&answer, |_| answer.code.clone())?;
    out.hint(share::picture(&answer.code));
    out.hint("Show this to the door: it lets you in by `klatch door EVENT --scan`.");
    Ok(())
}

fn ask(args: &CheckinArgs, trust: Option<FeedId>, node: &Node) -> Result<NetResponse, CliError> {
    let (event, on, code) = (args.event.clone(), args.on.on.clone(), args.code.clone());
    let within_ms = u64::try_from(args.within.as_millis()).unwrap_or(u64::MAX);
    online::ask(node, NetRequest::Checkin { event, on, code, trust, within_ms })
}

/// Whether whoever is at the terminal trusts a door that the log does not know.
fn confirmed(door: FeedId, name: &str, config: &Config) -> Result<bool, CliError> {
    let stdin = std::io::stdin();
    if config.json || !stdin.is_terminal() {
        return Ok(false);
    }
    eprint!(
        "{} ({door}) shows a door, but nothing in the log says that they hold it. Sign for them? [y/N] ",
        plain(name)
    );
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).map_err(CliError::Input)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn told(done: &CheckedIn) -> String {
    let (title, door) = (plain(&done.title), plain(&done.door_name));
    let already = if done.already { "already " } else { "" };
    let walk_in = if done.walk_in { ", without an RSVP" } else { "" };
    format!("you are {already}checked in at {title:?} by {door}{walk_in}")
}
