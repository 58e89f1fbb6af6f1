//! `klatch event list`

use clap::Args;

use crate::cli::exit::CliError;
use crate::cli::output::{Ink, Printer, plain, table};
use crate::cli::reach::{Node, take};
use crate::cli::when;
use crate::clock;
use crate::config::Config;
use crate::daemon::{EventLine, Request, Response, Standing};
use crate::names::short;
use crate::net::report::still_coming;
use crate::net::{NetRequest, NetResponse};

/// List events, soonest first
#[derive(Args, Debug)]
pub(super) struct ListArgs {
    /// Only those of this group
    group: Option<String>,
    /// Past events too
    #[arg(long)]
    all: bool,
}

/// An event that began this long ago is past.
const PAST_AFTER_MS: i64 = 24 * 60 * 60 * 1000;

/// Runs it.
pub(super) fn run(args: &ListArgs, config: &Config, node: &Node, out: &Printer) -> Result<(), CliError> {
    let mut events = take!(node.call(Request::EventList { group: args.group.clone() })?, Events)?;
    let now = i64::try_from(clock::now_ms()).unwrap_or(i64::MAX);
    let before = events.len();
    events.retain(|event| args.all || event.start_ms.is_none_or(|at| at > now - PAST_AFTER_MS));
    let row = |event: &EventLine, ink: Ink| {
        let at = when::there(&event.start, &event.zone, 0).replacen('–', "\0", 1);
        let day_and_time = at.split('\0').next().unwrap_or_default().to_owned();
        let place = when::here(event.start_ms, &event.zone, config.zone).unwrap_or_default();
        vec![
            day_and_time,
            ink.bold(&plain(&event.title)),
            plain(&event.place),
            room(event, ink),
            mine(event.mine, ink),
            ink.dim(&short(&event.id)),
            place,
        ]
    };
    out.result(&events, |ink| table(&events.iter().map(|event| row(event, ink)).collect::<Vec<_>>()))?;
    match (events.len(), before) {
        (0, 0) => out.hint("No event is known here: `klatch event schedule`, or `klatch open LINE`."),
        (0, past) => out.hint(format_args!("Nothing is coming up; {past} are past: add --all.")),
        _ => {}
    }
    // What is on may be told before the rest of it has come; without a running node nothing is coming.
    if let Ok(Response::Net(NetResponse::Peers(peers))) = node.call(Request::Net(NetRequest::Peers))
        && let Some(coming) = still_coming(&peers)
    {
        out.hint(coming);
    }
    Ok(())
}

fn room(event: &EventLine, ink: Ink) -> String {
    match event.cancelled {
        true => ink.warn("cancelled"),
        false => super::show::room(event.seated, event.capacity, event.waiting),
    }
}

fn mine(standing: Option<Standing>, ink: Ink) -> String {
    match standing {
        None => String::new(),
        Some(Standing::Seated) => ink.good("you have a seat"),
        Some(Standing::Waiting(at)) => ink.warn(&format!("you wait, place {at}")),
        Some(Standing::Provisional | Standing::Unranked) => "you said yes".to_owned(),
        Some(Standing::Maybe) => "you said maybe".to_owned(),
        Some(Standing::No) => "you said no".to_owned(),
    }
}
