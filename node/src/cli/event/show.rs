//! `klatch event show`

use chrono::DateTime;
use clap::Args;
use klatch_feed::meetup::attendance::{came, headcount};
use klatch_feed::meetup::{RoleLine, SeatLine};
use klatch_feed::post::{Purpose, Role};

use super::details;
use super::on::On;
use crate::cli::exit::CliError;
use crate::cli::output::{Ink, Printer, count, plain, plain_lines, table};
use crate::cli::reach::{Node, take};
use crate::cli::{comment, role_name, when};
use crate::clock;
use crate::config::Config;
use crate::daemon::{AnswerLine, Delivery, EventLocal, Request, SealedLine, Standing, persons};
use crate::guests::GuestLine;
use crate::names::short;

/// Show an event: when, where, who has a seat, who waits
///
/// With --json, the state that every node with the same entries has, byte for byte. With --local, that and
/// what only this node knows: names, instants, how far your answer got.
#[derive(Args, Debug)]
pub(super) struct ShowArgs {
    /// Event id, its beginning, or its title in quotes
    event: String,
    #[command(flatten)]
    on: On,
    /// With --json: add what only this node knows
    #[arg(long)]
    local: bool,
}

/// Runs it.
pub(super) fn run(args: &ShowArgs, config: &Config, node: &Node, out: &Printer) -> Result<(), CliError> {
    let on = args.on.on.clone();
    if config.json && !args.local {
        let event = take!(node.call(Request::EventShow { event: args.event.clone(), on })?, Event)?;
        return out.result(&event, |_| String::new());
    }
    let local = take!(node.call(Request::EventLocal { event: args.event.clone(), on })?, Local)?;
    let guests = guests(&local, config, node)?;
    out.result(&local, |ink| screen(&local, &guests, config, ink))?;
    let waits = matches!(local.mine, Some(Standing::Provisional | Standing::Unranked));
    if waits && local.hold.is_none() {
        out.hint(match (local.delivery, node.is_running()) {
            (Some(Delivery::Sent), _) => "Your answer is out; no host's node has ranked it yet.",
            (_, true) => "Nobody has your answer yet: it goes out as soon as a peer is reached.",
            (_, false) => "Your answer goes out when `klatch up` runs.",
        });
    }
    Ok(())
}

/// `2 of 2 seats taken, 1 waiting`
pub(super) fn room(seated: u32, capacity: Option<u32>, waiting: u32) -> String {
    let seats = match capacity {
        Some(capacity) => format!("{seated} of {} taken", count(capacity, "seat", "seats")),
        None => format!("{seated} coming"),
    };
    if waiting == 0 { seats } else { format!("{seats}, {waiting} waiting") }
}

/// The guests who noted something, where a host looks: notes are for the hosts.
fn guests(local: &EventLocal, config: &Config, node: &Node) -> Result<Vec<GuestLine>, CliError> {
    let me = take!(node.call(Request::Id)?, Me)?.feed;
    let is_mine = |line: &RoleLine| line.feed == me && line.role <= Role::Host && line.cut.is_none();
    if config.json || !local.event.hosts.iter().any(is_mine) {
        return Ok(Vec::new());
    }
    let mut guests = take!(node.call(Request::Guests { event: local.event.id.to_string() })?, Guests)?;
    guests.retain(|guest| guest.occ == local.event.occ && !guest.note.is_empty());
    Ok(guests)
}

fn screen(local: &EventLocal, guests: &[GuestLine], config: &Config, ink: Ink) -> String {
    let event = &local.event;
    let mut text = format!("{}  {}\n", ink.bold(&plain(&event.title)), ink.dim(&event.id.to_string()));
    if event.cancelled {
        let said = local.cancellation.as_ref().filter(|said| !said.reason.is_empty());
        let why = said.map(|said| format!(" by {}: {}", plain(&said.name), plain(&said.reason)));
        text += &format!("{}{}\n", ink.warn("cancelled"), why.unwrap_or_default());
    }
    let at = match event.all_day {
        true => when::days(&plain(&event.start), event.minutes),
        false => when::there(&plain(&event.start), &plain(&event.zone), event.minutes),
    };
    let mut rows = vec![row("when", at)];
    for line in &local.hidden {
        let why = if line.reason.is_empty() { String::new() } else { format!(": {}", plain(&line.reason)) };
        rows.push(row("hidden", ink.warn(&format!("by {}{why}", plain(&line.name)))));
    }
    if let Some(here) = when::here(local.start_ms.filter(|_| !event.all_day), &event.zone, config.zone) {
        rows.push(row("", here));
    }
    if !event.place.is_empty() {
        rows.push(row("where", plain(&event.place)));
    }
    for line in of(local, Purpose::Address) {
        let by = ink.dim(&format!("(by {}, for those who have a seat)", plain(&line.name)));
        rows.push(row("address", format!("{} {by}", plain_lines(&line.text, "              "))));
    }
    if let Some(group) = event.group {
        rows.push(row("group", local.group_name.as_deref().map_or_else(|| short(&group), plain)));
    }
    let now = DateTime::from_timestamp_millis(i64::try_from(clock::now_ms()).unwrap_or(i64::MAX));
    rows.extend(
        details::rows(event, now.unwrap_or_default(), ink).into_iter().map(|(name, text)| row(name, text)),
    );
    for line in &event.hosts {
        let seats = line.quota.filter(|_| line.role <= Role::Host);
        let share =
            seats.map(|seats| format!(", gives {}", count(seats, "seat", "seats"))).unwrap_or_default();
        rows.push(row(role_name(line.role), format!("{}{share}", plain(&local.name(&line.feed)))));
    }
    rows.push(row("seats", room(persons(&event.seated), event.capacity, persons(&event.waiting))));
    if let Some(mine) = local.mine {
        let by = local.mine_by.map(|id| ink.dim(&format!(" · {}", short(&id)))).unwrap_or_default();
        rows.push(row("you", standing(mine, ink) + &by));
        rows.extend(local.hold.as_deref().map(|hold| row("", plain(hold))));
    }
    if local.changes > 0 {
        rows.push(row("changed", count(local.changes, "time", "times")));
    }
    text += &table(&rows);
    if !event.about.is_empty() {
        text += &format!("\n  {}\n", plain_lines(&event.about, "  "));
    }
    text += &people(local);
    text += &arrived(local, config);
    if !guests.is_empty() {
        let row = |guest: &GuestLine| vec![format!("  {}", plain(&guest.name)), plain(&guest.note)];
        text += &format!("\nnotes, for the hosts\n{}", table(&guests.iter().map(row).collect::<Vec<_>>()));
    }
    text += &told(local, config, ink);
    text += &comment::thread(&local.comments, config.zone, ink);
    if event.incomplete {
        text += &format!("\n{}\n", ink.warn("some texts are not here yet: this may change"));
    }
    text
}

fn of(local: &EventLocal, purpose: Purpose) -> impl Iterator<Item = &SealedLine> {
    local.sealed.iter().filter(move |line| line.purpose == purpose)
}

/// What was told to the hosts alone.
fn told(local: &EventLocal, config: &Config, ink: Ink) -> String {
    let mut text = String::new();
    if of(local, Purpose::Answers).next().is_some() {
        text.push_str("\nanswers, for the hosts\n");
    }
    for line in of(local, Purpose::Answers) {
        text += &format!("  {}\n", ink.bold(&plain(&line.name)));
        for AnswerLine { question, answer } in &line.answers {
            text += &format!("    {} {}\n", ink.dim(&plain(question)), plain(answer));
        }
    }
    if of(local, Purpose::Feedback).next().is_some() {
        text.push_str("\nfeedback, for the hosts\n");
    }
    for line in of(local, Purpose::Feedback) {
        let at = ink.dim(&when::instant(line.time_ms, config.zone));
        let said = plain_lines(&line.text, "    ");
        text += &format!("  {}  {at}\n    {said}\n", ink.bold(&plain(&line.name)));
    }
    text
}

fn row(name: &str, value: String) -> Vec<String> {
    vec![format!("  {name}"), value]
}

fn standing(mine: Standing, ink: Ink) -> String {
    match mine {
        Standing::Seated => ink.good("have a seat"),
        Standing::Waiting(place) => ink.warn(&format!("wait, place {place} of the list")),
        Standing::Provisional => "said yes; a seat is free, and no host has given it yet".to_owned(),
        Standing::Unranked => "said yes; no host has seen it, and no seat is free".to_owned(),
        Standing::Released => ink.warn("said yes, and a host gave the seat up"),
        Standing::Maybe => "said maybe".to_owned(),
        Standing::No => "said no".to_owned(),
    }
}

/// Everybody who answered, by how they stand.
fn people(local: &EventLocal) -> String {
    let event = &local.event;
    let name = |feed: &klatch_feed::FeedId| plain(&local.name(feed));
    let line = |at: usize, line: &SeatLine, numbered: bool| {
        let place = if numbered { format!("{}. ", at + 1) } else { String::new() };
        let party = if line.party > 1 { format!("+{}", line.party - 1) } else { String::new() };
        let by = line.by.as_ref().map(|host| format!("by {}", name(host))).unwrap_or_default();
        let confirmed = if line.confirmed { "confirmed" } else { "" };
        let stale = if line.stale { "answered before time or place changed" } else { "" };
        let more = line.asked.map(|asked| format!("asks for {asked}")).unwrap_or_default();
        let notes = [confirmed.to_owned(), stale.to_owned(), more];
        [vec![format!("  {place}{}", name(&line.feed)), party, by], notes.to_vec()].concat()
    };
    let mut text = String::new();
    let sections = [
        ("have a seat", &event.seated, false),
        ("wait", &event.waiting, true),
        ("said yes, a seat is free", &event.provisional, false),
        ("said yes, no seat is free", &event.unranked, false),
        ("given up by a host", &event.released, false),
        ("said maybe", &event.maybe, false),
    ];
    for (title, lines, numbered) in sections {
        if !lines.is_empty() {
            let rows: Vec<_> = lines.iter().enumerate().map(|(at, l)| line(at, l, numbered)).collect();
            text += &format!("\n{title}\n{}", table(&rows));
        }
    }
    if !event.no.is_empty() {
        let names: Vec<_> = event.no.iter().map(name).collect();
        text += &format!("\nsaid no\n  {}\n", names.join(", "));
    }
    text
}

/// Who came, as the doors say it; and who says so themselves.
fn arrived(local: &EventLocal, config: &Config) -> String {
    let event = &local.event;
    let name = |feed: &klatch_feed::FeedId| plain(&local.name(feed));
    let mut text = String::new();
    if !event.attendance.is_empty() {
        let row = |line: &klatch_feed::meetup::AttendanceLine| {
            let at = local.first_scans.get(&line.feed).map(|first| when::instant(first.time_ms, config.zone));
            let doors: Vec<_> = line.doors.iter().map(name).collect();
            let notes =
                [(line.rsvp.is_none(), "without an answer before"), (line.late, "late"), (line.left, "left")];
            let notes: Vec<_> = notes.iter().filter(|(on, _)| *on).map(|(_, note)| *note).collect();
            let more = match came(event, line) {
                1 => String::new(),
                persons => format!("+{}", persons - 1),
            };
            let door = format!("door {}", doors.join(", "));
            vec![format!("  {}", name(&line.feed)), more, at.unwrap_or_default(), door, notes.join(", ")]
        };
        let rows: Vec<_> = event.attendance.iter().map(row).collect();
        let persons = count(headcount(event), "person", "persons");
        text += &format!("\narrived: {persons}\n{}", table(&rows));
    }
    if !event.here.is_empty() {
        let names: Vec<_> = event.here.iter().map(name).collect();
        text += &format!("\nsay that they are there, and no door has seen them\n  {}\n", names.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn seats_are_told_in_one_phrase() {
        assert_eq!(super::room(2, Some(2), 1), "2 of 2 seats taken, 1 waiting");
        assert_eq!(super::room(0, Some(1), 0), "0 of 1 seat taken");
        assert_eq!(super::room(7, None, 0), "7 coming");
    }
}
