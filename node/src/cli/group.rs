//! `klatch group`

use clap::{Args, Subcommand};
use klatch_feed::post::{Role, Schedulers};
use klatch_feed::{EntryId, FeedId};

use super::attendance::{self, GroupAttendanceArgs};
use super::exit::CliError;
use super::output::{Ink, Printer, count, plain, table};
use super::reach::{Node, take};
use super::share::{self, ShareArgs};
use super::{ROLES, comment, posted, role_name, words};
use crate::config::Config;
use crate::daemon::{GroupLine, GroupLocal, Request};
use crate::names::short;

/// Found, join and run groups
#[derive(Args, Debug)]
pub(super) struct GroupArgs {
    #[command(subcommand)]
    command: GroupCommand,
}

#[derive(Debug, Subcommand)]
enum GroupCommand {
    Create(CreateArgs),
    /// Become a member
    Join(OneArgs),
    /// Stop being a member
    Leave(OneArgs),
    /// Show a group: roles, members, events
    Show(OneArgs),
    /// List the groups this node knows
    List,
    Grant(GrantArgs),
    Revoke(RevokeArgs),
    Share(ShareArgs),
    Attendance(GroupAttendanceArgs),
}

/// Found a group: you are its first owner
#[derive(Args, Debug)]
struct CreateArgs {
    /// What it is called
    name: String,
    /// Another owner, most senior first; their log must be here already
    #[arg(long = "owner", value_name = "FEED")]
    owners: Vec<String>,
    /// Who may schedule its events
    #[arg(long, default_value = "organizers", value_parser = words::<Schedulers>(&["organizers", "members"]))]
    schedulers: Schedulers,
}

#[derive(Args, Debug)]
struct OneArgs {
    /// Group id, its beginning, or its name in quotes
    group: String,
}

/// Give somebody a role
///
/// An owner gives any role, an organizer host and door, a host door.
#[derive(Args, Debug)]
struct GrantArgs {
    /// Group id, its beginning, or its name in quotes
    group: String,
    /// To whom: feed id, its beginning, petname or name
    #[arg(value_name = "FEED")]
    who: String,
    /// owner, organizer, host or door
    #[arg(value_parser = words::<Role>(ROLES))]
    role: Role,
}

/// Take every role from somebody junior to you
///
/// What they said so far, as far as it is here, keeps counting; nothing later does, whatever time it claims.
#[derive(Args, Debug)]
struct RevokeArgs {
    /// Group id, its beginning, or its name in quotes
    group: String,
    /// From whom: feed id, its beginning, petname or name
    #[arg(value_name = "FEED")]
    who: String,
}

/// Runs it.
pub(super) fn run(args: &GroupArgs, config: &Config, node: &Node, out: &Printer) -> Result<(), CliError> {
    match &args.command {
        GroupCommand::Create(args) => {
            let (name, owners) = (args.name.clone(), args.owners.clone());
            let request = Request::GroupCreate { name, owners, schedulers: args.schedulers };
            posted(request, node, out, |id| format!("founded {}\n{id}", plain(&args.name)))?;
            out.hint("Next: `klatch group share`, and `klatch event schedule` with that id.");
            Ok(())
        }
        GroupCommand::Join(args) => {
            posted(Request::GroupJoin { group: args.group.clone() }, node, out, |_| "joined".to_owned())
        }
        GroupCommand::Leave(args) => {
            posted(Request::GroupLeave { group: args.group.clone() }, node, out, |_| "left".to_owned())
        }
        GroupCommand::Show(args) => {
            if config.json {
                let group = take!(node.call(Request::GroupShow { group: args.group.clone() })?, Group)?;
                return out.result(&group, |_| String::new());
            }
            let local = take!(node.call(Request::GroupLocal { group: args.group.clone() })?, GroupLocal)?;
            out.result(&local, |ink| {
                screen(&local, ink) + &comment::thread(&local.comments, config.zone, ink)
            })
        }
        GroupCommand::List => list(node, out),
        GroupCommand::Grant(args) => {
            let (object, who) = (args.group.clone(), args.who.clone());
            let request = Request::Grant { object, who, role: args.role, quota: 0 };
            posted(request, node, out, |_| format!("{} is {} now", plain(&args.who), role_name(args.role)))
        }
        GroupCommand::Revoke(args) => {
            let request = Request::Revoke { object: args.group.clone(), who: args.who.clone() };
            posted(request, node, out, |_| format!("{} has no role any more", plain(&args.who)))
        }
        GroupCommand::Share(args) => share::run(args, node, out),
        GroupCommand::Attendance(args) => attendance::group(args, node, out),
    }
}

fn list(node: &Node, out: &Printer) -> Result<(), CliError> {
    let groups = take!(node.call(Request::GroupList)?, Groups)?;
    let row = |group: &GroupLine, ink: Ink| {
        let yours = match (group.role, group.member) {
            (Some(role), _) => role_name(role),
            (None, true) => "member",
            (None, false) => "",
        };
        let size = sizes(group.members, group.events);
        vec![ink.bold(&plain(&group.name)), ink.dim(&short(&group.id)), size, yours.to_owned()]
    };
    out.result(&groups, |ink| table(&groups.iter().map(|group| row(group, ink)).collect::<Vec<_>>()))?;
    if groups.is_empty() {
        out.hint("No group is known here: `klatch group create NAME`, or `klatch open LINE`.");
    }
    Ok(())
}

fn sizes(members: usize, events: usize) -> String {
    let (members, events) = (members as u64, events as u64);
    format!("{}, {}", count(members, "member", "members"), count(events, "event", "events"))
}

fn screen(local: &GroupLocal, ink: Ink) -> String {
    let group = &local.group;
    let name =
        |feed: &FeedId| ink.bold(&local.names.get(feed).map_or_else(|| short(feed), |name| plain(name)));
    let mut text = format!("{}  {}\n", ink.bold(&plain(&group.name)), ink.dim(&group.id.to_string()));
    let who = match group.schedulers {
        Schedulers::Organizers => "owners and organizers schedule",
        Schedulers::Members => "every member schedules",
    };
    text += &format!("{who} · {}\n\n", sizes(group.members.len(), group.events.len()));
    let role = |line: &klatch_feed::meetup::RoleLine| {
        let cut = line.cut.map(|seq| ink.warn(&format!("nothing counts after their entry {seq}")));
        vec![
            format!("  {}", role_name(line.role)),
            name(&line.feed),
            ink.dim(&line.feed.to_string()),
            cut.unwrap_or_default(),
        ]
    };
    let mut rows: Vec<_> = group.roles.iter().map(role).collect();
    let roles = |feed| group.roles.iter().any(|line| line.feed == feed);
    let members = group.members.iter().filter(|feed| !roles(**feed));
    rows.extend(members.map(|feed| vec!["  member".to_owned(), name(feed), ink.dim(&feed.to_string())]));
    let title = |id: &EntryId| local.titles.get(id).map(|title| plain(title)).unwrap_or_default();
    let event = |id: &EntryId| vec!["  event".to_owned(), ink.bold(&title(id)), ink.dim(&id.to_string())];
    rows.extend(group.events.iter().map(event));
    let poll = |(id, question): (&EntryId, &String)| {
        vec!["  poll".to_owned(), ink.bold(&plain(question)), ink.dim(&id.to_string())]
    };
    rows.extend(local.polls.iter().map(poll));
    text += &table(&rows);
    if group.incomplete {
        text += &format!("\n{}\n", ink.warn("some texts are not here yet: this may change"));
    }
    text
}
