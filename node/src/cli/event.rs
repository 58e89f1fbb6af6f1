//! `klatch event`

mod details;
mod fields;
mod list;
pub(super) mod on;
mod schedule;
pub(super) mod seats;
mod show;
mod why;

use clap::{Args, Subcommand};
use klatch_feed::post::Role;

use super::attendance::{self, EventAttendanceArgs};
use super::exit::CliError;
use super::group::lifting;
use super::hide;
use super::output::{Printer, count, plain};
use super::reach::Node;
use super::share::{self, ShareArgs};
use super::{ROLES, posted, role_name, words};
use crate::config::Config;
use crate::daemon::Request;

/// Schedule, show and run events
#[derive(Args, Debug)]
pub(super) struct EventArgs {
    #[command(subcommand)]
    command: EventCommand,
}

#[derive(Debug, Subcommand)]
enum EventCommand {
    Schedule(Box<schedule::ScheduleArgs>),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Update(Box<schedule::UpdateArgs>),
    Cancel(CancelArgs),
    Skip(SkipArgs),
    Admit(seats::AdmitArgs),
    Release(seats::ReleaseArgs),
    Close(seats::CloseArgs),
    Grant(GrantArgs),
    Revoke(RevokeArgs),
    Endorse(hide::EndorseArgs),
    Hide(hide::HideArgs),
    /// Show again what was hidden
    ShowAgain(hide::ShowAgainArgs),
    Share(ShareArgs),
    Attendance(EventAttendanceArgs),
    Feedback(FeedbackArgs),
    Why(why::WhyArgs),
}

/// Call an event off, for good
#[derive(Args, Debug)]
struct CancelArgs {
    /// Event id, its beginning, or its title in quotes
    event: String,
    /// Why, up to 500 bytes
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
}

/// Call one occurrence of a series off, for good
#[derive(Args, Debug)]
struct SkipArgs {
    /// Event id, its beginning, or its title in quotes
    event: String,
    /// Its date, or its local start
    #[arg(long, value_name = "DATE")]
    on: String,
}

/// Make somebody a host or a door of an event, and hand them a share of the seats
#[derive(Args, Debug)]
struct GrantArgs {
    /// Event id, its beginning, or its title in quotes
    event: String,
    /// To whom: feed id, its beginning, petname or name
    #[arg(value_name = "FEED")]
    who: String,
    /// owner, organizer, host or door
    #[arg(value_parser = words::<Role>(ROLES))]
    role: Role,
    /// Seats of yours that they give from now on
    #[arg(long, value_name = "SEATS", default_value_t = 0)]
    quota: u32,
}

/// Take every role in an event from somebody junior to you
#[derive(Args, Debug)]
struct RevokeArgs {
    /// Event id, its beginning, or its title in quotes
    event: String,
    /// From whom: feed id, its beginning, petname or name
    #[arg(value_name = "FEED")]
    who: String,
}

/// Tell the hosts how it was; only they can read it
#[derive(Args, Debug)]
struct FeedbackArgs {
    /// Event id, its beginning, or its title in quotes
    event: String,
    /// What you say, up to 2,000 bytes
    text: String,
    #[command(flatten)]
    on: on::On,
}

/// Runs it.
pub(super) fn run(args: &EventArgs, config: &Config, node: &Node, out: &Printer) -> Result<(), CliError> {
    match &args.command {
        EventCommand::Schedule(args) => schedule::schedule(args, config, node, out),
        EventCommand::List(args) => list::run(args, config, node, out),
        EventCommand::Show(args) => show::run(args, config, node, out),
        EventCommand::Update(args) => schedule::update(args, node, out),
        EventCommand::Cancel(args) => {
            let request = Request::EventCancel { event: args.event.clone(), reason: args.reason.clone() };
            posted(request, node, out, |_| "cancelled".to_owned())
        }
        EventCommand::Skip(args) => {
            let request = Request::EventSkip { event: args.event.clone(), on: args.on.clone() };
            posted(request, node, out, |_| format!("cancelled on {}", plain(&args.on)))
        }
        EventCommand::Admit(args) => seats::admit(args, node, out),
        EventCommand::Release(args) => seats::release(args, node, out),
        EventCommand::Close(args) => seats::close(args, node, out),
        EventCommand::Grant(args) => {
            let (object, who) = (args.event.clone(), args.who.clone());
            let request = Request::Grant { object, who, role: args.role, quota: args.quota };
            lifting(request, node, out, |role| {
                let role = role_name(role.unwrap_or(args.role));
                match args.quota {
                    0 => format!("{} is {role} now", plain(&args.who)),
                    seats => {
                        let seats = count(u64::from(seats), "seat", "seats");
                        format!("{} is {role} now, and gives {seats} of yours", plain(&args.who))
                    }
                }
            })
        }
        EventCommand::Revoke(args) => {
            let request = Request::Revoke { object: args.event.clone(), who: args.who.clone() };
            posted(request, node, out, |_| format!("{} has no role any more", plain(&args.who)))
        }
        EventCommand::Endorse(args) => hide::endorse(args, node, out),
        EventCommand::Hide(args) => hide::hide(args, node, out),
        EventCommand::ShowAgain(args) => hide::show_again(args, node, out),
        EventCommand::Share(args) => share::run(args, node, out),
        EventCommand::Feedback(args) => {
            let (event, on, text) = (args.event.clone(), args.on.on.clone(), args.text.clone());
            posted(Request::Feedback { event, on, text }, node, out, |_| "told the hosts".to_owned())
        }
        EventCommand::Attendance(args) => attendance::event(args, node, out),
        EventCommand::Why(args) => why::run(args, node, out),
    }
}
