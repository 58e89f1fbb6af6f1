//! `klatch event why`

use clap::Args;
use klatch_feed::meetup::why::{Reason, VoidLine};
use klatch_feed::{EntryId, FeedId};

use super::on::On;
use crate::cli::exit::CliError;
use crate::cli::output::{Ink, Printer, count, plain, table};
use crate::cli::reach::{Node, take};
use crate::daemon::{Request, Standing, WhyLocal, word};
use crate::names::short;

/// Explain why somebody has a seat, waits or has none: each rule that decided, and the entry it rests on
///
/// The rules are those of the page on meetups, under "seats". `klatch log` shows whole logs.
#[derive(Args, Debug)]
pub(super) struct WhyArgs {
    /// Event id, its beginning, or its title in quotes
    event: String,
    /// Feed id, its beginning, petname or name [default: you]
    #[arg(value_name = "FEED")]
    who: Option<String>,
    #[command(flatten)]
    on: On,
}

/// Runs it.
pub(super) fn run(args: &WhyArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let (event, on, who) = (args.event.clone(), args.on.on.clone(), args.who.clone());
    let why = take!(node.call(Request::Why { event, on, who })?, Why)?;
    out.result(&why, |ink| screen(&why, ink))
}

fn screen(local: &WhyLocal, ink: Ink) -> String {
    let name = local.name(&local.why.feed);
    let stands = match local.why.standing {
        Some(Standing::Seated) => "has a seat".to_owned(),
        Some(Standing::Waiting(place)) => format!("waits, at place {place} of the list"),
        Some(Standing::Provisional) => "said yes; a seat is free, and no host has given it yet".to_owned(),
        Some(Standing::Unranked) => "said yes; no host has ranked it, and no seat is free".to_owned(),
        Some(Standing::Released) => "said yes, and a host gave the seat up".to_owned(),
        Some(Standing::Maybe) => "said maybe".to_owned(),
        Some(Standing::No) => "said no".to_owned(),
        None => "has no seat and asks for none".to_owned(),
    };
    let of = match &local.occ {
        Some(occ) => format!("{}, {}", plain(&local.title), occ.replacen('T', " ", 1)),
        None => plain(&local.title),
    };
    let mut rows = Vec::new();
    for reason in &local.why.reasons {
        rows.push(vec![format!("  {}", local.told(reason)), ink.dim(rule(reason))]);
        for id in reason.entries() {
            rows.push(vec![format!("    {}", local.entry(&id)), ink.dim(&id.to_string())]);
        }
    }
    if let Some(hold) = &local.hold {
        rows.push(vec![format!("  not ranked yet: {}", plain(hold)), ink.dim("steering")]);
    }
    format!("{} {stands}: {}\n{}", ink.bold(&name), ink.bold(&of), table(&rows))
}

impl WhyLocal {
    fn name(&self, feed: &FeedId) -> String {
        self.names.get(feed).map_or_else(|| short(feed), |name| plain(name))
    }

    /// Whose entry that is and what it says: `Ana 12: ranked 2 for seats`.
    fn entry(&self, id: &EntryId) -> String {
        match self.entries.get(id) {
            Some(line) => format!("{} {}: {}", self.name(&line.feed), line.seq, plain(&line.what)),
            None => "an entry that is not here".to_owned(),
        }
    }

    /// A rule in words.
    fn told(&self, reason: &Reason) -> String {
        match reason {
            Reason::Cancelled { .. } => "it is called off, for good".to_owned(),
            Reason::NoAnswer => "there is no answer".to_owned(),
            Reason::TookBack { .. } => "the last answer was taken back".to_owned(),
            Reason::Answered { answer, party, .. } => match party {
                1 => format!("the last answer is {}", word(*answer)),
                party => format!("the last answer is {}, for {party} persons", word(*answer)),
            },
            Reason::Stale { .. } => "time or place changed after that answer".to_owned(),
            Reason::Confirmed { .. } => "the answer is confirmed".to_owned(),
            Reason::Void { host, why, .. } => {
                format!("a line of {} does not count: {}", self.name(host), void(*why))
            }
            Reason::Ranked { host, place, persons, before, .. } => format!(
                "{} ranked the answer at place {place}, for {}, with {} before",
                self.name(host),
                count(u64::from(*persons), "person", "persons"),
                count(u64::from(*before), "person", "persons"),
            ),
            Reason::Share { host, seats: Some(seats), entries } => {
                let by = if entries.is_empty() { "" } else { ", by these grants" };
                format!("{} has {} to give{by}", self.name(host), count(u64::from(*seats), "seat", "seats"))
            }
            Reason::Share { host, seats: None, .. } => {
                format!("{} gives seats without a limit", self.name(host))
            }
            Reason::Fits => "the line fits: a seat".to_owned(),
            Reason::Waits { place } => {
                format!(
                    "that line, or one before it, does not fit: so it waits, at place {place} of the whole list"
                )
            }
            Reason::Released { host, .. } => {
                format!("{} gave the line up, and no other stands", self.name(host))
            }
            Reason::Lot { place, of, free } => {
                let free = free.map_or_else(
                    || "seats without a limit".to_owned(),
                    |free| count(u64::from(free), "free seat", "free seats"),
                );
                format!("no host has ranked the answer: by lot it is at place {place} of {of}, for {free}")
            }
            Reason::Here { .. } => "says that they are there, and no door has seen them".to_owned(),
            Reason::Attended { doors, .. } => {
                let doors: Vec<_> = doors.iter().map(|door| self.name(door)).collect();
                format!("came, as {} countersigned", doors.join(", "))
            }
        }
    }
}

fn void(why: VoidLine) -> &'static str {
    match why {
        VoidLine::NoRight => "they had no right to give seats there",
        VoidLine::AnsweredSince => "the guest said something else after the answer that it names",
        VoidLine::Released => "it was given up",
        VoidLine::OtherLine => "another line of theirs counts",
        VoidLine::Closed => "they had closed their list",
    }
}

/// Where in spec/meetup.md the rule stands.
fn rule(reason: &Reason) -> &'static str {
    match reason {
        Reason::Cancelled { .. } | Reason::Stale { .. } => "changes",
        Reason::NoAnswer | Reason::TookBack { .. } | Reason::Answered { .. } => "seats: answers",
        Reason::Confirmed { .. } => "seats: confirmed",
        Reason::Void { why: VoidLine::NoRight, .. } => "roles",
        Reason::Void { why: VoidLine::OtherLine, .. } => "seats: lines, 1 and 3",
        Reason::Void { .. } => "seats: lines, 2",
        Reason::Ranked { .. } => "seats: lines",
        Reason::Share { .. } => "seats: shares",
        Reason::Fits | Reason::Waits { .. } => "seats: seating",
        Reason::Released { .. } => "seats: released",
        Reason::Lot { .. } => "seats: not ranked",
        Reason::Attended { .. } | Reason::Here { .. } => "check-in",
    }
}
