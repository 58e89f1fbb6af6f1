//! `klatch event schedule` and `klatch event update`

use clap::Args;
use klatch_feed::post::EventFields;

use crate::cli::exit::CliError;
use crate::cli::output::{Printer, plain};
use crate::cli::reach::Node;
use crate::cli::{later, posted, when};
use crate::config::Config;
use crate::daemon::{Request, Schedule};

/// Schedule an event, in a group or on your own
///
/// The time is local time at the place. You give the seats, and may hand a share of them to co-hosts with
/// `klatch event grant`.
#[derive(Args, Debug)]
pub(super) struct ScheduleArgs {
    /// Group id, its beginning, or its name in quotes
    group: Option<String>,
    /// What it is called
    #[arg(long)]
    title: String,
    /// Local date and time, as 2026-12-01T18:30
    #[arg(long)]
    start: String,
    /// IANA zone of the place, as Europe/Lisbon [default: this machine's]
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// How long, as 2h, 90m or 1h30m
    #[arg(long, default_value = "2h")]
    duration: when::Minutes,
    /// Where
    #[arg(long = "where", value_name = "PLACE", default_value = "", hide_default_value = true)]
    place: String,
    /// What it is about, as plain text
    #[arg(long, default_value = "", hide_default_value = true)]
    about: String,
    /// How many persons find room [default: no limit]
    #[arg(long, value_name = "SEATS")]
    capacity: Option<u32>,
    /// Let smaller parties pass a larger one that does not fit
    #[arg(long)]
    split: bool,
    /// Repeat it (not in this version yet)
    #[arg(long, value_name = "RRULE")]
    repeat: Option<String>,
}

/// Change an event; what you do not name stays
#[derive(Args, Debug)]
pub(super) struct UpdateArgs {
    /// Event id, its beginning, or its title in quotes
    event: String,
    /// What it is called
    #[arg(long)]
    title: Option<String>,
    /// Local date and time, as 2026-12-01T18:30
    #[arg(long)]
    start: Option<String>,
    /// IANA zone of the place, as Europe/Lisbon
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// How long, as 2h, 90m or 1h30m
    #[arg(long)]
    duration: Option<when::Minutes>,
    /// Where
    #[arg(long = "where", value_name = "PLACE")]
    place: Option<String>,
    /// What it is about, as plain text
    #[arg(long)]
    about: Option<String>,
    /// How many persons find room
    #[arg(long, value_name = "SEATS")]
    capacity: Option<u32>,
}

/// Runs `schedule`.
pub(super) fn schedule(
    args: &ScheduleArgs,
    config: &Config,
    node: &Node,
    out: &Printer,
) -> Result<(), CliError> {
    if args.repeat.is_some() {
        return later::not_yet("`--repeat`", ": schedule each date by itself");
    }
    let schedule = Schedule {
        group: args.group.clone(),
        title: args.title.clone(),
        start: when::local(&args.start),
        zone: args.tz.clone().unwrap_or_else(|| config.zone.name().to_owned()),
        minutes: args.duration.0,
        place: args.place.clone(),
        about: args.about.clone(),
        capacity: args.capacity,
        split: args.split,
    };
    let at = when::there(&schedule.start, &schedule.zone, schedule.minutes);
    let title = plain(&args.title);
    posted(Request::Schedule(schedule), node, out, |id| format!("scheduled {title} for {at}\n{id}"))?;
    out.hint("Next: `klatch event share` with that id, and give people the line.");
    Ok(())
}

/// Runs `update`.
pub(super) fn update(args: &UpdateArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let fields = EventFields {
        title: args.title.clone(),
        start: args.start.as_deref().map(when::local),
        zone: args.tz.clone(),
        minutes: args.duration.map(|duration| duration.0),
        place: args.place.clone(),
        about: args.about.clone(),
        capacity: args.capacity,
        ..EventFields::default()
    };
    let moved = fields.start.is_some() || fields.zone.is_some() || fields.place.is_some();
    let update = Request::EventUpdate { event: args.event.clone(), fields: Box::new(fields) };
    posted(update, node, out, |_| "changed".to_owned())?;
    if moved {
        out.hint("Answers given for the old time or place stay, and are marked so.");
    }
    Ok(())
}
