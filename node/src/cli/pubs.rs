//! `klatch pub`

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::exit::CliError;
use super::online::{self, size};
use super::output::{Ink, Printer, plain, table};
use super::reach::{Node, take};
use super::up::{self, UpArgs};
use super::when;
use crate::config::Config;
use crate::daemon::Request;
use crate::pub_server::site::ListedLine;
use crate::pub_server::{MemberLine, PubRequest, PubResponse, Refused, Status};
use crate::web::public::{Base, Public};

/// Run a pub: a node that a community keeps running, so that its members meet without being on together
#[derive(Args, Debug)]
pub(super) struct PubArgs {
    #[command(subcommand)]
    command: PubCommand,
}

#[derive(Debug, Subcommand)]
enum PubCommand {
    Up(PubUpArgs),
    Invite(InviteArgs),
    /// List who is in
    Members,
    Remove(RemoveArgs),
    Publish(PublishArgs),
    /// Show what is used of its limits, and what is refused
    Status,
}

/// Run this home's node as a pub; its address and limits are kept once they were said
#[derive(Args, Debug)]
struct PubUpArgs {
    /// Where members reach it: what invites carry
    #[arg(long, value_name = "HOST:PORT")]
    public: Option<String>,
    /// What it keeps of all others together [default: 10G]
    #[arg(long, value_name = "SIZE", value_parser = online::bytes)]
    max_disk: Option<u64>,
    /// What it keeps of one member [default: 64M]
    #[arg(long, value_name = "SIZE", value_parser = online::bytes)]
    per_member: Option<u64>,
    /// Serve public pages of what `klatch pub publish` lists, to everybody, there; a proxy adds TLS. Say it at each start
    #[arg(long, value_name = "ADDRESS:PORT")]
    pages: Option<SocketAddr>,
    /// Under which address people find them, as https://meet.example.org [default: where they are served]
    #[arg(long, value_name = "URL", requires = "pages")]
    site: Option<Base>,
    #[command(flatten)]
    up: UpArgs,
}

/// Make an invite: one line to give to people
#[derive(Args, Debug)]
struct InviteArgs {
    /// How many people it lets in
    #[arg(long, value_name = "N", default_value_t = 1)]
    uses: u32,
    /// How long it is good for
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = online::duration)]
    expires: Duration,
}

/// Put a group or event on the public pages, or list what is there
///
/// Only what hosts made public is shown: `klatch event schedule --public` or `event update --public`, and
/// `klatch group public`. Of a group, those of its events that are public themselves. Guests are never shown.
#[derive(Args, Debug)]
struct PublishArgs {
    /// Id, its beginning, or the name or title in quotes [default: list what is there]
    #[arg(value_name = "OBJECT")]
    object: Option<String>,
    /// Take it off
    #[arg(long, requires = "object")]
    undo: bool,
}

/// Remove a member: no more of their log is kept, and what nobody else's groups need is dropped
#[derive(Args, Debug)]
struct RemoveArgs {
    /// Feed id, its beginning, or a name
    #[arg(value_name = "FEED")]
    who: String,
    /// Let somebody who was removed join again
    #[arg(long)]
    undo: bool,
}

/// Runs it.
pub(super) fn run(args: &PubArgs, config: &Config, out: &Printer) -> Result<(), CliError> {
    if let PubCommand::Up(args) = &args.command {
        let (public, max_disk, per_member) = (args.public.clone(), args.max_disk, args.per_member);
        let (pages, site) = (args.pages, args.site.clone());
        return up::serve(&args.up, true, config, out, |handle| {
            handle.call(Request::Pub(PubRequest::Set { public, max_disk, per_member }))?;
            Ok(pages.map(|at| Public::start(at, site, handle.clone())).transpose()?)
        });
    }
    let node = Node::find(&config.home)?;
    let ask = |request| take!(node.call(Request::Pub(request))?, Pub);
    match (&args.command, config.zone) {
        (PubCommand::Invite(args), zone) => {
            let minutes = args.expires.as_secs().div_ceil(60);
            let answer = ask(PubRequest::Invite { uses: args.uses, minutes })?;
            let PubResponse::Invite(invited) = answer else { return Err(CliError::Answer) };
            out.result(&invited, |_| invited.invite.clone())?;
            let people =
                if invited.uses == 1 { "one person".to_owned() } else { format!("{} people", invited.uses) };
            let until = when::instant(invited.expires_ms, zone);
            out.hint(format!("It lets {people} in until {until}: they run `klatch join` with that line."));
        }
        (PubCommand::Members, zone) => {
            let PubResponse::Members(members) = ask(PubRequest::Members)? else {
                return Err(CliError::Answer);
            };
            let row = |member: &MemberLine, ink: Ink| {
                let name = member.name.as_deref().map(plain).unwrap_or_default();
                let held = format!("{} of {}", size(member.bytes), size(member.bytes_max));
                let since = format!("since {}", when::instant(member.since_ms, zone));
                vec![ink.bold(&name), held, since, ink.dim(&member.feed.to_string())]
            };
            out.result(&members, |ink| {
                table(&members.iter().map(|member| row(member, ink)).collect::<Vec<_>>())
            })?;
            if members.is_empty() {
                out.hint("Nobody is in yet: `klatch pub invite` makes a line to give to people.");
            }
        }
        (PubCommand::Remove(args), _) => {
            let answer = ask(PubRequest::Remove { who: args.who.clone(), undo: args.undo })?;
            let PubResponse::Removed(removed) = answer else { return Err(CliError::Answer) };
            out.result(&removed, |_| match (args.undo, removed.kept) {
                (true, _) => format!("{} may join again", removed.feed),
                (false, true) => {
                    format!("removed {}; what others' groups need of their log is still kept", removed.feed)
                }
                (false, false) => format!("removed {}, and dropped their log", removed.feed),
            })?;
        }
        (PubCommand::Publish(args), _) => {
            let answer = ask(match &args.object {
                Some(object) => PubRequest::Publish { object: object.clone(), undo: args.undo },
                None => PubRequest::Listed,
            })?;
            let PubResponse::Listed(lines) = answer else { return Err(CliError::Answer) };
            let row = |line: &ListedLine, ink: Ink| {
                let title =
                    line.title.as_deref().map_or_else(|| ink.warn("not here"), |text| ink.bold(&plain(text)));
                let kind = if line.group { "group" } else { "event" };
                let public = if line.public { String::new() } else { ink.warn("not public: not shown") };
                vec![kind.to_owned(), title, ink.dim(&line.id.to_string()), public]
            };
            out.result(&lines, |ink| table(&lines.iter().map(|line| row(line, ink)).collect::<Vec<_>>()))?;
            if lines.is_empty() {
                out.hint("Nothing is on the public pages: `klatch pub publish OBJECT` puts a group or event there.");
            }
        }
        (PubCommand::Status, _) => {
            let PubResponse::Status(status) = ask(PubRequest::Status)? else { return Err(CliError::Answer) };
            out.result(&status, |ink| screen(&status, ink))?;
        }
        (PubCommand::Up(_), _) => unreachable!("it ran above"),
    }
    Ok(())
}

fn screen(status: &Status, ink: Ink) -> String {
    let connections = match status.connections {
        Some(count) => format!("{count} connected"),
        None => ink.warn("not running: start it with `klatch pub up`"),
    };
    let mut text = table(&[
        vec![
            "address".to_owned(),
            status.public.clone().unwrap_or_else(|| ink.warn("none: --public HOST:PORT")),
        ],
        vec!["disk".to_owned(), format!("{} of {}", size(status.bytes), size(status.bytes_max))],
        vec!["logs".to_owned(), status.feeds.to_string()],
        vec!["members".to_owned(), format!("{} of {}", status.members, status.members_max)],
        vec!["invites".to_owned(), format!("{} open", status.invites)],
        vec!["node".to_owned(), connections],
    ]);
    let row = |refused: &Refused| {
        let name = refused.name.as_deref().map(plain).unwrap_or_default();
        let why = format!("{} kept: {}", size(refused.bytes), refused.reason);
        vec![ink.warn("refused"), name, why, ink.dim(&refused.feed.to_string())]
    };
    text += &table(&status.refused.iter().map(row).collect::<Vec<_>>());
    text
}
