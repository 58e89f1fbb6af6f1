//! `klatch group`

mod show;

use clap::{Args, Subcommand};
use klatch_feed::post::{Joining, Role, Schedulers, Silence};

use super::attendance::{self, GroupAttendanceArgs};
use super::exit::CliError;
use super::hide;
use super::output::{Printer, count, plain};
use super::reach::{Node, take};
use super::share::{self, ShareArgs};
use super::{ROLES, goes_out, posted, role_name, words};
use crate::config::Config;
use crate::daemon::Request;
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
    /// Make somebody a member who asks to be one, or let in again who was removed
    ///
    /// Who is accepted before they join is invited: their join needs nobody any more.
    Accept(MemberArgs),
    /// Remove a member: nothing later of theirs counts in the group
    Remove(MemberArgs),
    Grant(GrantArgs),
    Revoke(RevokeArgs),
    Endorse(hide::EndorseArgs),
    Silent(SilentArgs),
    /// Answer all statements that you, an owner, are silent
    Present(OneArgs),
    Hide(hide::HideArgs),
    /// Show again what was hidden
    ShowAgain(hide::ShowAgainArgs),
    Public(PublicArgs),
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
    /// Who becomes a member: whoever joins, who joins and is accepted, or who was invited
    #[arg(long, default_value = "open", value_parser = words::<Joining>(&["open", "approval", "invite"]))]
    joining: Joining,
    /// So many other owners can say that an owner is silent, and who goes on; 0 = owners cannot
    #[arg(long, value_name = "K", default_value_t = 0)]
    silence_owners: u32,
    /// So many members, owners among them, can say so; 0, or 2 at least
    #[arg(long, value_name = "M", default_value_t = 0)]
    silence_members: u32,
    /// Let everybody read of it on the pages of a pub, as `klatch group public` does
    #[arg(long)]
    public: bool,
}

/// Let everybody read of a group on the pages of a pub, as its owner
///
/// The pub's operator lists it then: name, founder and the number of members are shown, never who they are. Each of its
/// events is shown only if it is public itself: `klatch event schedule --public`, or `event update --public`.
#[derive(Args, Debug)]
struct PublicArgs {
    /// Group id, its beginning, or its name in quotes
    group: String,
    /// No longer: pages show neither it nor its events from now on; who read it has read it
    #[arg(long)]
    undo: bool,
}

impl CreateArgs {
    fn silence(&self) -> Option<Silence> {
        let silence = Silence { owners: self.silence_owners, members: self.silence_members };
        Some(silence).filter(|silence| *silence != Silence { owners: 0, members: 0 })
    }
}

#[derive(Args, Debug)]
struct MemberArgs {
    /// Group id, its beginning, or its name in quotes
    group: String,
    /// Whom: feed id, its beginning, petname or name
    #[arg(value_name = "FEED")]
    who: String,
}

/// State that an owner is silent, and who is to go on for them
///
/// No clock measures silence: as many owners or members as the group was founded with have to say so, of the same
/// owner and with the same heir. An owner who comes back undoes it by `klatch group present`.
#[derive(Args, Debug)]
struct SilentArgs {
    /// Group id, its beginning, or its name in quotes
    group: String,
    /// The owner: feed id, its beginning, petname or name
    owner: String,
    /// Who is to be an owner in their place
    #[arg(long, value_name = "FEED")]
    heir: String,
}

#[derive(Args, Debug)]
struct OneArgs {
    /// Group id, its beginning, or its name in quotes
    group: String,
}

/// Give somebody a role
///
/// An owner gives any role, an organizer host and door, a host door. Given again after a revoke, it lifts the revoke:
/// what they post from now on counts.
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
            let (schedulers, joining, silence) = (args.schedulers, args.joining, args.silence());
            let request = Request::GroupCreate { name, owners, schedulers, joining, silence };
            let created = take!(node.call(request)?, Created)?;
            if args.public {
                node.call(Request::GroupPublic { group: created.id.to_string(), on: true })?;
            }
            out.result(&created, |_| format!("founded {}\n{}", plain(&args.name), created.id))?;
            goes_out(node, out);
            out.hint("Next: `klatch group share`, and `klatch event schedule` with that id.");
            Ok(())
        }
        GroupCommand::Join(args) => join(&args.group, node, out),
        GroupCommand::Leave(args) => {
            posted(Request::GroupLeave { group: args.group.clone() }, node, out, |_| "left".to_owned())
        }
        GroupCommand::Show(args) => show::show(&args.group, config, node, out),
        GroupCommand::List => show::list(node, out),
        GroupCommand::Accept(args) => {
            let request = Request::GroupAccept { group: args.group.clone(), who: args.who.clone() };
            lifting(request, node, out, |role| match role {
                Some(role) => format!("accepted {}: {} again, as before", plain(&args.who), role_name(role)),
                None => format!("accepted {}", plain(&args.who)),
            })
        }
        GroupCommand::Remove(args) => {
            let request = Request::GroupRemove { group: args.group.clone(), who: args.who.clone() };
            posted(request, node, out, |_| format!("removed {}", plain(&args.who)))?;
            out.hint("What they said so far keeps counting. `klatch group accept` lets them in again.");
            Ok(())
        }
        GroupCommand::Grant(args) => {
            let (object, who) = (args.group.clone(), args.who.clone());
            let request = Request::Grant { object, who, role: args.role, quota: 0 };
            lifting(request, node, out, |role| {
                format!("{} is {} now", plain(&args.who), role_name(role.unwrap_or(args.role)))
            })
        }
        GroupCommand::Silent(args) => silent(args, node, out),
        GroupCommand::Present(args) => {
            let request = Request::Present { group: args.group.clone() };
            posted(request, node, out, |_| "answered: you are here, and nobody goes on for you".to_owned())
        }
        GroupCommand::Endorse(args) => hide::endorse(args, node, out),
        GroupCommand::Hide(args) => hide::hide(args, node, out),
        GroupCommand::ShowAgain(args) => hide::show_again(args, node, out),
        GroupCommand::Public(args) => {
            let request = Request::GroupPublic { group: args.group.clone(), on: !args.undo };
            let did = if args.undo { "public no longer" } else { "public: a pub's operator can list it" };
            posted(request, node, out, |_| did.to_owned())
        }
        GroupCommand::Revoke(args) => {
            let request = Request::Revoke { object: args.group.clone(), who: args.who.clone() };
            posted(request, node, out, |_| {
                format!("{} has no role any more, and is no member", plain(&args.who))
            })?;
            out.hint(
                "What they said so far keeps counting. Let in again, they have their role again as well.",
            );
            Ok(())
        }
        GroupCommand::Share(args) => share::run(args, node, out),
        GroupCommand::Attendance(args) => attendance::group(args, node, out),
    }
}

fn join(group: &str, node: &Node, out: &Printer) -> Result<(), CliError> {
    let created = take!(node.call(Request::GroupJoin { group: group.to_owned() })?, Created)?;
    let state = take!(node.call(Request::GroupShow { group: group.to_owned() })?, Group)?;
    let me = take!(node.call(Request::Id)?, Me)?.feed;
    let is_in = state.members.contains(&me);
    out.result(&created, |_| if is_in { "joined" } else { "asked to join" }.to_owned())?;
    created.notes.iter().for_each(|note| out.hint(plain(note)));
    goes_out(node, out);
    if state.asking.contains(&me) {
        out.hint(match state.joining {
            Joining::Invite => {
                "This group is by invitation: an organizer has to accept you before it counts."
            }
            _ => "You are a member once an organizer accepts you, by `klatch group accept`.",
        });
    }
    Ok(())
}

fn silent(args: &SilentArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let (group, owner, heir) = (args.group.clone(), args.owner.clone(), args.heir.clone());
    let stated = take!(node.call(Request::Silent { group, owner, heir })?, Stated)?;
    out.result(&stated, |_| "stated".to_owned())?;
    goes_out(node, out);
    let local = take!(node.call(Request::GroupLocal { group: stated.group.to_string() })?, GroupLocal)?;
    let mut lines = local.group.silent.iter();
    let line = lines.find(|line| (line.subject, line.heir) == (stated.subject, stated.heir));
    if let Some(line) = line {
        out.hint(show::silence(line, local.group.silence, &|feed| local.name(feed)));
    }
    Ok(())
}

/// Posts what may lift revokes, and says which.
pub(super) fn lifting(
    request: Request,
    node: &Node,
    out: &Printer,
    screen: impl FnOnce(Option<Role>) -> String,
) -> Result<(), CliError> {
    let created = take!(node.call(request)?, Created)?;
    out.result(&created, |_| screen(created.role))?;
    created.notes.iter().for_each(|note| out.hint(plain(note)));
    goes_out(node, out);
    if !created.lifts.is_empty() {
        let lifted: Vec<_> = created.lifts.iter().map(short).collect();
        out.hint(format!(
            "It lifts {} ({}): what they post from now on counts again. What they posted since counts only if you endorse it.",
            count(lifted.len() as u64, "revoke", "revokes"),
            lifted.join(", ")
        ));
    }
    Ok(())
}
