//! `klatch open`

use std::time::Duration;

use clap::Args;
use klatch_feed::EntryId;

use super::exit::CliError;
use super::online::{self, Online};
use super::output::Printer;
use super::reach::{Node, take};
use crate::clock::Stopwatch;
use crate::config::Config;
use crate::daemon::{Opened, Refusal, Request, Response};
use crate::net::{NetRequest, NetResponse};

/// Between two looks at what has come.
const STEP: Duration = Duration::from_millis(50);

/// Open a line that somebody shared: follow its host, and fetch the event or group
///
/// Such a line starts with `klatch:entry1`; `klatch event share` and `klatch group share` print them. Where no
/// node runs, one runs for as long as fetching takes.
#[derive(Args, Debug)]
pub(super) struct OpenArgs {
    /// The whole line, in quotes
    line: String,
    /// How long to wait for it to come
    #[arg(long = "for", value_name = "TIME", default_value = "10s", value_parser = online::duration)]
    within: Duration,
    #[command(flatten)]
    online: Online,
}

/// Runs it.
pub(super) fn run(args: &OpenArgs, config: &Config, out: &Printer) -> Result<(), CliError> {
    let node = args.online.node(config)?;
    let opened = take!(node.call(Request::Open { line: args.line.clone() })?, Opened)?;
    let began = Stopwatch::start();
    let mut name = name(&node, &opened.id)?;
    // The founding entry comes first: what else there is of it follows until the peers are level.
    while began.elapsed() < args.within && !(name.is_some() && is_level(&node)?) {
        std::thread::sleep(STEP);
        name = self::name(&node, &opened.id)?;
    }
    let opened = Opened { held: name.is_some(), ..opened };
    out.result(&opened, |ink| {
        let name = name.as_deref().map(|name| format!("{}\n", ink.bold(name))).unwrap_or_default();
        format!("{name}{}\nfollowing its host {}", opened.id, opened.host)
    })?;
    out.hint(match (opened.held, node.is_running()) {
        (true, _) => {
            "It is here: `klatch event show` or `klatch group show` with that id, then `klatch rsvp`."
        }
        (false, true) => "It comes as soon as its host or somebody who has it is reached.",
        (false, false) => "Nobody who has it was reached: it comes when `klatch up` runs and reaches them.",
    });
    Ok(())
}

/// What it is called, once it is here.
fn name(node: &Node, id: &EntryId) -> Result<Option<String>, CliError> {
    let (event, group) = (
        Request::EventShow { event: id.to_string(), on: None },
        Request::GroupShow { group: id.to_string() },
    );
    for request in [event, group] {
        match node.call(request) {
            Ok(Response::Event(event)) => return Ok(Some(super::plain(&event.title))),
            Ok(Response::Group(group)) => return Ok(Some(super::plain(&group.name))),
            Ok(_) => return Err(CliError::Answer),
            Err(CliError::Refused(Refusal::Unknown { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Whether all that some peer has for this node is here.
fn is_level(node: &Node) -> Result<bool, CliError> {
    match online::ask(node, NetRequest::Peers)? {
        NetResponse::Peers(peers) => Ok(peers.iter().any(|peer| peer.level)),
        _ => Err(CliError::Answer),
    }
}
