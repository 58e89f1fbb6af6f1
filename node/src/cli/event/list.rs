//! `klatch event list`

use std::cell::Cell;
use std::collections::BTreeMap;

use clap::Args;

use super::fields::geo;
use crate::cli::exit::CliError;
use crate::cli::output::{Ink, Printer, plain, table};
use crate::cli::reach::Node;
use crate::cli::when;
use crate::clock;
use crate::config::Config;
use crate::daemon::{EventLine, Find, Request, Response, Standing};
use crate::names::short;
use crate::net::report::still_coming;
use crate::net::{NetRequest, NetResponse};

/// List events, soonest first
#[derive(Args, Debug)]
pub(super) struct ListArgs {
    /// Only those of this group
    group: Option<String>,
    /// Past events too, and more than the next 100
    #[arg(long)]
    all: bool,
    /// Only those around a place, as 38.7223,-9.1393; of a series what comes next
    #[arg(long, value_name = "LAT,LON", allow_hyphen_values = true, value_parser = geo)]
    near: Option<(i32, i32)>,
    /// ... within so many kilometres
    #[arg(long, value_name = "KM", default_value_t = 25, requires = "near", value_parser = clap::value_parser!(u32).range(1..=500))]
    within: u32,
    /// Only those with such words in title or tags (the beginnings do); of a series what comes next
    #[arg(long, value_name = "WORDS", conflicts_with = "near")]
    search: Option<String>,
}

/// An event that began this long ago is past.
const PAST_AFTER_MS: i64 = 24 * 60 * 60 * 1000;

/// Most events shown without --all.
const SHOWN_MAX: u32 = 100;

/// Most that are looked through for those.
const LOOKED_MAX: u32 = 1_000;
/// Dates of each series that are shown without --all: one that goes on for ever would be all that is shown.
const DATES_MAX: usize = 3;

/// Leaves the later dates of each series out; how many.
fn leave_out_later(events: &mut Vec<EventLine>) -> usize {
    let (mut dates, before) = (BTreeMap::<_, usize>::new(), events.len());
    events.retain(|line| {
        let so_far = dates.entry(line.id).or_default();
        *so_far += 1;
        line.occ.is_none() || *so_far <= DATES_MAX
    });
    before - events.len()
}

/// Runs it.
pub(super) fn run(args: &ListArgs, config: &Config, node: &Node, out: &Printer) -> Result<(), CliError> {
    let find = match (args.near, &args.search) {
        (Some(geo), _) => Some(Find::Near { geo, radius_m: args.within * 1000 }),
        (None, Some(words)) => Some(Find::Search { words: words.clone() }),
        (None, None) => None,
    };
    let cut = Cell::new(false);
    let ask = |from_ms, max| {
        let group = args.group.clone();
        let request = match find.clone() {
            Some(find) => Request::EventFind { find, group, from_ms, max },
            None => Request::EventList { group, from_ms, max },
        };
        match node.call(request)? {
            Response::Events(lines) => Ok(lines),
            Response::Found(found) => {
                cut.set(found.cut);
                Ok(found.lines)
            }
            _ => Err(CliError::Answer),
        }
    };
    let now = i64::try_from(clock::now_ms()).unwrap_or(i64::MAX);
    let mut events = match args.all {
        true => ask(None, u32::MAX)?,
        false => ask(Some(now - PAST_AFTER_MS), LOOKED_MAX)?,
    };
    let later = if args.all { 0 } else { leave_out_later(&mut events) };
    let are_more = !args.all && events.len() > SHOWN_MAX as usize;
    if are_more {
        events.truncate(SHOWN_MAX as usize);
    }
    let row = |event: &EventLine, ink: Ink| {
        let at = when::there(&event.start, &event.zone, 0).replacen('–', "\0", 1);
        let day_and_time = match event.all_day {
            true => when::days(&event.start, whole_days(event)),
            false => at.split('\0').next().unwrap_or_default().to_owned(),
        };
        let start_ms = event.start_ms.filter(|_| !event.all_day);
        let place = when::here(start_ms, &event.zone, config.zone).unwrap_or_default();
        vec![
            day_and_time,
            ink.bold(&plain(&event.title)),
            plain(&event.place),
            room(event, ink),
            mine(event.mine.filter(|_| !event.cancelled), ink),
            ink.dim(&short(&event.id)),
            place,
        ]
    };
    out.result(&events, |ink| table(&events.iter().map(|event| row(event, ink)).collect::<Vec<_>>()))?;
    if later > 0 {
        out.hint(format_args!(
            "Of each series the next {DATES_MAX} dates: `klatch event show` has the others, and --all."
        ));
    }
    if are_more {
        out.hint(format_args!("These are the next {SHOWN_MAX}; add --all for the rest."));
    }
    if cut.get() {
        out.warn(match &find {
            None => "There are more events in the group than one question looks through.",
            Some(_) => {
                "There is more than was looked through: ask for fewer, by another word or a smaller circle."
            }
        });
    }
    if events.is_empty() {
        match if args.all { 0 } else { ask(None, u32::MAX)?.len() } {
            0 if find.is_some() => out.hint("No event is known here that fits."),
            0 => out.hint("No event is known here: `klatch event schedule`, or `klatch open LINE`."),
            past => out.hint(format_args!("Nothing is coming up; {past} are past: add --all.")),
        }
    }
    // What is on may be told before the rest of it has come; without a running node nothing is coming.
    if let Ok(Response::Net(NetResponse::Peers(peers))) = node.call(Request::Net(NetRequest::Peers))
        && let Some(coming) = still_coming(&peers)
    {
        out.hint(coming);
    }
    Ok(())
}

/// How many minutes its days would have without a change of clocks, which moves an end by less than half a day.
fn whole_days(event: &EventLine) -> u32 {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let (Some(start), Some(end)) = (event.start_ms, event.end_ms) else { return 0 };
    let days = end.saturating_sub(start).saturating_add(DAY_MS / 2) / DAY_MS;
    u32::try_from(days).unwrap_or_default().saturating_mul(24 * 60)
}

fn room(event: &EventLine, ink: Ink) -> String {
    match event.cancelled {
        true if event.reason.is_empty() => ink.warn("cancelled"),
        true => format!("{}: {}", ink.warn("cancelled"), plain(&event.reason)),
        false => super::show::room(event.seated, event.capacity, event.waiting),
    }
}

fn mine(standing: Option<Standing>, ink: Ink) -> String {
    match standing {
        None => String::new(),
        Some(Standing::Seated) => ink.good("you have a seat"),
        Some(Standing::Waiting(at)) => ink.warn(&format!("you wait, place {at}")),
        Some(Standing::Provisional | Standing::Unranked) => "you said yes".to_owned(),
        Some(Standing::Released) => ink.warn("your seat was given up"),
        Some(Standing::Maybe) => "you said maybe".to_owned(),
        Some(Standing::No) => "you said no".to_owned(),
    }
}
