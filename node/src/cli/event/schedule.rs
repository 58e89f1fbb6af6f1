//! `klatch event schedule` and `klatch event update`

use clap::Args;
use klatch_feed::post::{EventFields, Rule};

use super::fields::FieldArgs;
use super::on::On;

use crate::cli::exit::CliError;
use crate::cli::output::{Printer, plain};
use crate::cli::reach::{Node, take};
use crate::cli::{posted, when};
use crate::config::Config;
use crate::daemon::{Refusal, Request, Schedule};
use crate::repeat::{self, RepeatError};

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
    /// Local date and time, as 2026-12-01T18:30; with --all-day the date is enough
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
    /// Where exactly: only those who have a seat, and the hosts, can read it
    #[arg(long, value_name = "TEXT")]
    address: Option<String>,
    /// How many persons find room [default: no limit]
    #[arg(long, value_name = "SEATS")]
    capacity: Option<u32>,
    /// Let smaller parties pass a larger one that does not fit
    #[arg(long)]
    split: bool,
    /// Repeat it: "weekly", "every 2 weeks on Thursday", "monthly on the second Thursday", or an RRULE
    #[arg(long, value_name = "RULE")]
    repeat: Option<String>,
    #[command(flatten)]
    end: EndArgs,
    #[command(flatten)]
    fields: FieldArgs,
}

/// Where a rule ends.
#[derive(Args, Debug)]
struct EndArgs {
    /// Last date on which it can repeat, as 2027-06-30
    #[arg(long, value_name = "DATE", requires = "repeat", conflicts_with = "count")]
    until: Option<String>,
    /// How many times, the first included [default: 200 at most]
    #[arg(long, value_name = "N", requires = "repeat")]
    count: Option<u32>,
}

impl EndArgs {
    /// The rule that `words` say, with this end.
    fn rule(&self, words: &str) -> Result<String, CliError> {
        let wrong = |error: RepeatError| CliError::Usage(format!("--repeat: {error}"));
        let rule = repeat::rule(words).map_err(wrong)?;
        repeat::ending(&rule, self.until.as_deref(), self.count).map_err(wrong)
    }
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
    /// Where exactly: only those who have a seat, and the hosts, can read it
    #[arg(long, value_name = "TEXT")]
    address: Option<String>,
    /// How many persons find room
    #[arg(long, value_name = "SEATS")]
    capacity: Option<u32>,
    #[command(flatten)]
    on: On,
    /// Of a series: how it repeats from now on; "never" = the first and the extra dates only
    #[arg(long, value_name = "RULE")]
    repeat: Option<String>,
    #[command(flatten)]
    end: EndArgs,
    /// Of a series: one more date, or local start
    #[arg(long, value_name = "DATE")]
    extra: Vec<String>,
    /// Of a series: a date that is none of it; to call one off and say so, `klatch event skip`
    #[arg(long, value_name = "DATE")]
    except: Vec<String>,
    #[command(flatten)]
    fields: FieldArgs,
}

/// Runs `schedule`.
pub(super) fn schedule(
    args: &ScheduleArgs,
    config: &Config,
    node: &Node,
    out: &Printer,
) -> Result<(), CliError> {
    let repeat = args.repeat.as_deref().map(|words| args.end.rule(words)).transpose()?;
    let repeats = repeat.as_deref().and_then(|rule| rule.parse::<Rule>().ok());
    let fields = args.fields.fields(&[]);
    let (start, dropped) = when::start(&args.start, fields.all_day == Some(true));
    let schedule = Schedule {
        group: args.group.clone(),
        title: args.title.clone(),
        start,
        zone: args.tz.clone().unwrap_or_else(|| config.zone.name().to_owned()),
        minutes: args.duration.0,
        place: args.place.clone(),
        about: args.about.clone(),
        capacity: args.capacity,
        split: args.split,
        repeat,
        fields: Box::new(fields),
        address: args.address.clone(),
        uid: None,
    };
    let at = match schedule.fields.all_day {
        Some(true) => when::days(&schedule.start, schedule.minutes),
        _ => when::there(&schedule.start, &schedule.zone, schedule.minutes),
    };
    let title = plain(&args.title);
    let every = repeats.map(|rule| format!(", {rule}")).unwrap_or_default();
    posted(Request::Schedule(schedule), node, out, |id| format!("scheduled {title} for {at}{every}\n{id}"))?;
    hour_dropped(dropped.as_deref(), out);
    out.hint("Next: `klatch event share` with that id, and give people the line.");
    Ok(())
}

fn hour_dropped(hour: Option<&str>, out: &Printer) {
    if let Some(hour) = hour {
        out.hint(format_args!("Whole days have no hour: {} is dropped.", plain(hour)));
    }
}

/// Runs `update`.
pub(super) fn update(args: &UpdateArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let tags = match args.fields.needs_tags() {
        true => {
            let request = Request::EventLocal { event: args.event.clone(), on: args.on.on.clone() };
            let local = take!(node.call(request)?, Local)?;
            if !local.hidden.is_empty() {
                let problem = "words of that event are hidden, and its other tags may be among them: show them \
                               again first (`klatch event show-again`)";
                return Err(Refusal::NoEffect { problem: problem.into() }.into());
            }
            local.event.tags
        }
        false => Vec::new(),
    };
    let set = args.fields.fields(&tags);
    let is_all_day = match (&args.start, set.all_day) {
        (Some(_), None) => {
            let (event, on) = (args.event.clone(), args.on.on.clone());
            take!(node.call(Request::EventShow { event, on })?, Event)?.all_day
        }
        (_, all_day) => all_day == Some(true),
    };
    let start = args.start.as_deref().map(|start| when::start(start, is_all_day));
    let (start, dropped) = start.unzip();
    let fields = EventFields {
        title: args.title.clone(),
        start,
        zone: args.tz.clone(),
        minutes: args.duration.map(|duration| duration.0),
        place: args.place.clone(),
        about: args.about.clone(),
        capacity: args.capacity,
        repeat: match args.repeat.as_deref() {
            Some("never") => Some(String::new()),
            words => words.map(|words| args.end.rule(words)).transpose()?,
        },
        ..set
    };
    let moved = fields.start.is_some() || fields.zone.is_some() || fields.place.is_some();
    let update = Request::EventUpdate {
        event: args.event.clone(),
        on: args.on.on.clone(),
        fields: Box::new(fields),
        extra: args.extra.clone(),
        except: args.except.clone(),
        address: args.address.clone(),
    };
    posted(update, node, out, |_| "changed".to_owned())?;
    hour_dropped(dropped.flatten().as_deref(), out);
    if moved {
        out.hint("Answers given for the old time or place stay, and are marked so.");
    }
    Ok(())
}
