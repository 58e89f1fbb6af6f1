//! `klatch group show` and `list`

use klatch_feed::meetup::SilentLine;
use klatch_feed::post::{Joining, Schedulers, Silence};
use klatch_feed::{EntryId, FeedId};

use crate::cli::comment;
use crate::cli::exit::CliError;
use crate::cli::output::{Ink, Printer, count, plain, table};
use crate::cli::reach::{Node, take};
use crate::cli::role_name;
use crate::config::Config;
use crate::daemon::{GroupLine, GroupLocal, Request};
use crate::names::short;

/// Runs `group show`.
pub(super) fn show(group: &str, config: &Config, node: &Node, out: &Printer) -> Result<(), CliError> {
    let group = group.to_owned();
    if config.json {
        let group = take!(node.call(Request::GroupShow { group })?, Group)?;
        return out.result(&group, |_| String::new());
    }
    let local = take!(node.call(Request::GroupLocal { group })?, GroupLocal)?;
    out.result(&local, |ink| screen(&local, ink) + &comment::thread(&local.comments, config.zone, ink))
}

/// Runs `group list`.
pub(super) fn list(node: &Node, out: &Printer) -> Result<(), CliError> {
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
    let name = |feed: &FeedId| ink.bold(&local.name(feed));
    let mut text = format!("{}  {}\n", ink.bold(&plain(&group.name)), ink.dim(&group.id.to_string()));
    let who = match group.schedulers {
        Schedulers::Organizers => "owners and organizers schedule",
        Schedulers::Members => "every member schedules",
    };
    text +=
        &format!("{who} · {}{}\n", joining(group.joining), sizes(group.members.len(), group.events.len()));
    if let Some(silence) = group.silence {
        text += &format!("{}\n", rule(silence));
    }
    if group.public {
        text += "public: a pub may show it to everybody\n";
    }
    text.push('\n');
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
    let other = |word: &str, feed: &FeedId| vec![word.to_owned(), name(feed), ink.dim(&feed.to_string())];
    rows.extend(group.asking.iter().map(|feed| other(&ink.warn("  asks"), feed)));
    rows.extend(group.removed.iter().map(|feed| other("  removed", feed)));
    let title = |id: &EntryId| local.titles.get(id).map(|title| plain(title)).unwrap_or_default();
    let event = |id: &EntryId| vec!["  event".to_owned(), ink.bold(&title(id)), ink.dim(&id.to_string())];
    rows.extend(local.order.iter().map(event));
    let poll = |(id, question): (&EntryId, &String)| {
        vec!["  poll".to_owned(), ink.bold(&plain(question)), ink.dim(&id.to_string())]
    };
    rows.extend(local.polls.iter().map(poll));
    text += &table(&rows);
    for line in &group.silent {
        text += &format!("\n{}\n", ink.warn(&silence(line, group.silence, &|feed| local.name(feed))));
    }
    if !group.hidden.is_empty() {
        let hidden = count(group.hidden.len() as u64, "post is", "posts are");
        text += &format!("\n{hidden} hidden from everybody\n");
    }
    if group.incomplete {
        text += &format!("\n{}\n", ink.warn("some texts are not here yet: this may change"));
    }
    text
}

impl GroupLocal {
    /// What this node calls somebody.
    pub(super) fn name(&self, feed: &FeedId) -> String {
        self.names.get(feed).map_or_else(|| short(feed), |name| plain(name))
    }
}

fn joining(joining: Joining) -> &'static str {
    match joining {
        Joining::Open => "",
        Joining::Approval => "who joins waits to be accepted · ",
        Joining::Invite => "by invitation: ask to be accepted before you join · ",
    }
}

fn rule(silence: Silence) -> String {
    format!("an owner who is silent can be followed by another if {} say so", enough(silence))
}

fn enough(Silence { owners, members }: Silence) -> String {
    let owners =
        (owners > 0).then(|| format!("{owners} other {}", if owners == 1 { "owner" } else { "owners" }));
    let members = (members > 0)
        .then(|| format!("{members} members who have a role or were accepted, owners among them"));
    owners.into_iter().chain(members).collect::<Vec<_>>().join(", or ")
}

/// What is stated of an owner, and what is still needed.
pub(super) fn silence(line: &SilentLine, rule: Option<Silence>, name: &dyn Fn(&FeedId) -> String) -> String {
    let (subject, heir) = (name(&line.subject), name(&line.heir));
    let said = format!(
        "{} and {} in all state that {subject} is silent and that {heir} is to go on",
        count(line.owners, "owner", "owners"),
        count(line.members, "member", "members"),
    );
    let then = match (line.reached, rule) {
        (true, _) => format!(
            "that is enough: {heir} is an owner, and nothing counts that {subject} posted later. \
             {subject} undoes it by `klatch group present`, whenever they come back"
        ),
        (false, Some(rule)) => format!("it takes {}", enough(rule)),
        (false, None) => "the group has no rule for it, so it changes nothing".to_owned(),
    };
    format!("{said}; {then}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_says_what_it_takes_and_what_it_did() {
        let (ben, cai) = (FeedId::new([1; 32]), FeedId::new([2; 32]));
        let name = |feed: &FeedId| if *feed == ben { "Ben" } else { "Cai" }.to_owned();
        let line = |owners, members, reached| SilentLine {
            subject: ben,
            heir: cai,
            owners,
            members,
            reached,
            statements: vec![],
        };
        let rule = |owners, members| Some(Silence { owners, members });
        assert_eq!(
            silence(&line(1, 2, false), rule(2, 3), &name),
            "1 owner and 2 members in all state that Ben is silent and that Cai is to go on; \
             it takes 2 other owners, or 3 members who have a role or were accepted, owners among them."
        );
        assert_eq!(enough(Silence { owners: 1, members: 0 }), "1 other owner");
        assert_eq!(
            enough(Silence { owners: 0, members: 9 }),
            "9 members who have a role or were accepted, owners among them"
        );
        let reached = silence(&line(1, 1, true), rule(1, 0), &name);
        assert!(reached.contains("Cai is an owner") && reached.contains("klatch group present"), "{reached}");
    }
}
