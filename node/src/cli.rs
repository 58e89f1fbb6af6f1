//! The command line: the tree, the flags of every command, and how one is run. One file per subcommand.
//!
//! Results go to standard output, all else to standard error; every command that names things takes ids,
//! their beginnings, petnames, names and titles ([`crate::names`]).

mod attendance;
mod backup;
mod checkin;
mod comment;
mod completions;
mod delete;
mod demo;
mod door;
mod draft;
mod event;
mod exit;
mod export;
mod follow;
mod group;
mod hide;
mod id;
mod inbox;
mod init;
mod join;
mod log;
mod online;
mod open;
mod output;
mod page;
mod peer;
mod peers;
mod poll;
mod profile;
mod pubs;
mod reach;
mod recover;
mod rsvp;
mod scan;
mod share;
mod succeed;
mod up;
mod verify;
mod when;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use klatch_feed::EntryId;
use klatch_feed::post::Role;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as ValueError, StrDeserializer};

pub use exit::{CliError, Exit};
pub(crate) use export::append_piece;
pub use output::{Ink, Printer, plain};
pub use reach::Node;

use crate::config::{Config, Global};
use crate::daemon::{Created, Request};
use reach::take;

/// Meetup without the company: groups, events, RSVPs and check-ins that belong to the people in them.
///
/// Everybody keeps one signed log of their own posts; nodes replicate the logs of the people they follow and
/// of the groups they are in, on the same network or through pubs. Every node makes the same meetup of them.
#[derive(Debug, Parser)]
#[command(name = "klatch", version, max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Init(init::InitArgs),
    Id(id::IdArgs),
    Follow(follow::FollowArgs),
    Unfollow(follow::UnfollowArgs),
    Block(follow::BlockArgs),
    Follows(follow::FollowsArgs),
    Group(group::GroupArgs),
    Event(event::EventArgs),
    Rsvp(rsvp::RsvpArgs),
    Confirm(event::seats::ConfirmArgs),
    Comment(comment::CommentArgs),
    Poll(poll::PollArgs),
    Profile(profile::ProfileArgs),
    Delete(delete::DeleteArgs),
    Open(open::OpenArgs),
    Door(door::DoorArgs),
    Checkin(checkin::CheckinArgs),
    Scan(scan::ScanArgs),
    Inbox(inbox::InboxArgs),
    Up(up::UpArgs),
    Page(page::PageArgs),
    Peers(peers::PeersArgs),
    Peer(peer::PeerArgs),
    Join(join::JoinArgs),
    Pub(pubs::PubArgs),
    Log(log::LogArgs),
    Verify(verify::VerifyArgs),
    Rebuild(verify::RebuildArgs),
    Compact(verify::CompactArgs),
    Export(export::ExportArgs),
    Import(export::ImportArgs),
    Backup(backup::BackupArgs),
    Restore(backup::RestoreArgs),
    Recover(recover::RecoverArgs),
    Succeed(succeed::SucceedArgs),
    Completions(completions::CompletionsArgs),
}

/// How `--help` groups the commands. A test sees to it that each stands in one.
pub const GROUPS: &[(&str, &[&str])] = &[
    ("You and others", &["init", "id", "profile", "follow", "unfollow", "block", "follows"]),
    (
        "Groups and events",
        &[
            "open", "group", "event", "rsvp", "confirm", "comment", "poll", "delete", "inbox", "door",
            "checkin", "scan",
        ],
    ),
    ("The node", &["up", "page", "peers", "peer", "join", "pub"]),
    (
        "The log",
        &[
            "log", "verify", "rebuild", "compact", "export", "import", "backup", "restore", "recover",
            "succeed",
        ],
    ),
    ("This program", &["demo", "completions"]),
];

const EXAMPLES: &str = "\
Examples:
  klatch init --name Ana                     an identity, and its recovery words
  klatch open 'klatch:entry1…'               what somebody shared with you
  klatch rsvp 'Tea and Rust' yes --guests 1
  klatch event show entry1qw3x               an unambiguous beginning of an id will do

Exit codes: 0 done, 1 could not, 2 usage, 3 nothing matched, 4 a node runs but does not answer, 5 not all could be done, 70 a bug.";

/// The command tree, with its help in groups.
pub fn command() -> clap::Command {
    let command = Cli::command();
    let mut commands = String::new();
    for (title, names) in GROUPS {
        commands += &format!("{title}:\n");
        for name in *names {
            let about = command.find_subcommand(name).and_then(|sub| sub.get_about()).cloned();
            commands += &format!("  {name:<12} {}\n", about.unwrap_or_default());
        }
        commands.push('\n');
    }
    let template = "{about-with-newline}\n{usage-heading} {usage}\n\n".to_owned()
        + &commands
        + "Options:\n{options}{after-help}";
    command.help_template(template).after_help(EXAMPLES)
}

impl Cli {
    /// Reads the command line; prints help or what is wrong with it, and ends the process there.
    pub fn from_args() -> Self {
        let matches = command().get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Runs what it asks for.
    pub fn run(&self) -> Result<(), CliError> {
        let config = Config::new(&self.global)?;
        let out = Printer::new(&config);
        match &self.command {
            Command::Init(args) => return init::run(args, &config, &out),
            Command::Demo(args) => return demo::run(args, &out),
            Command::Completions(args) => return completions::run(args, &out),
            Command::Restore(args) => return backup::bring_back(args, &config, &out),
            Command::Succeed(args) => return succeed::run(args, &config, &out),
            Command::Up(args) => return up::run(args, &config, &out),
            Command::Peers(args) => return peers::run(args, &config, &out),
            Command::Open(args) => return open::run(args, &config, &out),
            Command::Join(args) => return join::run(args, &config, &out),
            Command::Door(args) => return door::run(args, &config, &out),
            Command::Checkin(args) => return checkin::run(args, &config, &out),
            Command::Scan(args) => return scan::run(args, &out),
            Command::Pub(args) => return pubs::run(args, &config, &out),
            _ => {}
        }
        let node = Node::find(&config.home)?;
        match &self.command {
            Command::Id(args) => id::run(args, &node, &out),
            Command::Follow(args) => follow::follow(args, &node, &out),
            Command::Unfollow(args) => follow::unfollow(args, &node, &out),
            Command::Block(args) => follow::block(args, &node, &out),
            Command::Follows(args) => follow::follows(args, &node, &out),
            Command::Group(args) => group::run(args, &config, &node, &out),
            Command::Event(args) => event::run(args, &config, &node, &out),
            Command::Rsvp(args) => rsvp::run(args, &node, &out),
            Command::Inbox(args) => inbox::run(args, &node, &out),
            Command::Confirm(args) => event::seats::confirm(args, &node, &out),
            Command::Comment(args) => comment::run(args, &node, &out),
            Command::Poll(args) => poll::run(args, &config, &node, &out),
            Command::Profile(args) => profile::run(args, &node, &out),
            Command::Delete(args) => delete::run(args, &node, &out),
            Command::Page(args) => page::run(args, &config, &node, &out),
            Command::Peer(args) => peer::run(args, &node, &out),
            Command::Log(args) => log::run(args, &config, &node, &out),
            Command::Verify(args) => verify::verify(args, &node, &out),
            Command::Rebuild(args) => verify::rebuild(args, &node, &out),
            Command::Backup(args) => backup::backup(args, &node, &out),
            Command::Recover(args) => recover::run(args, &config, &node, &out),
            Command::Compact(args) => verify::compact(args, &node, &out),
            Command::Export(args) => export::export(args, &node, &out),
            Command::Import(args) => export::import(args, &config, &node, &out),
            _ => unreachable!("the commands that need no log ran above"),
        }
    }
}

/// Posts something, and says what it became.
fn posted(
    request: Request,
    node: &Node,
    out: &Printer,
    screen: impl FnOnce(EntryId) -> String,
) -> Result<(), CliError> {
    posts(request, node, out, screen).map(drop)
}

/// As [`posted`], with what was posted.
fn posts(
    request: Request,
    node: &Node,
    out: &Printer,
    screen: impl FnOnce(EntryId) -> String,
) -> Result<Created, CliError> {
    let created = take!(node.call(request)?, Created)?;
    out.result(&created, |_| screen(created.id))?;
    created.notes.iter().for_each(|note| out.hint(output::plain(note)));
    goes_out(node, out);
    Ok(created)
}

fn goes_out(node: &Node, out: &Printer) {
    if !node.is_running() {
        out.hint("goes out when `klatch up` runs");
    }
}

const ROLES: &[&str] = &["owner", "organizer", "host", "door"];

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Organizer => "organizer",
        Role::Host => "host",
        Role::Door => "door",
    }
}

/// Reads one of these words as the value that serde knows by that name.
fn words<T: DeserializeOwned + Clone + Send + Sync + 'static>(
    known: &'static [&'static str],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(known).map(|word: String| {
        T::deserialize(StrDeserializer::<ValueError>::new(&word)).expect("each word is a variant's name")
    })
}
