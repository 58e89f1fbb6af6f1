//! `klatch event attendance` and `klatch group attendance`

use clap::Args;
use klatch_feed::meetup::attendance::{Record, Turnout};

use super::event::on::On;
use super::exit::CliError;
use super::output::{Ink, Printer, count, plain, table};
use super::reach::{Node, take};
use crate::daemon::Request;

/// How an event went: who asked, had a seat, confirmed, came, was excused, stayed away
#[derive(Args, Debug)]
pub(super) struct EventAttendanceArgs {
    /// Event id, its beginning, or its title in quotes
    event: String,
    #[command(flatten)]
    on: On,
}

/// How often people came to the events of a group that are over
///
/// Hosts see everybody; others see themselves, by `me`.
#[derive(Args, Debug)]
pub(super) struct GroupAttendanceArgs {
    /// Group id, its beginning, or its name in quotes
    group: String,
    /// Feed id, its beginning, petname or name [default: everybody]
    who: Option<String>,
}

/// Runs it.
pub(super) fn event(args: &EventAttendanceArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let request = Request::EventAttendance { event: args.event.clone(), on: args.on.on.clone() };
    let said = take!(node.call(request)?, Attendance)?;
    let report = &said.report;
    out.result(&said, |ink| {
        let name = |one: &Turnout| said.names.get(&one.feed).map(|name| plain(name)).unwrap_or_default();
        let mut rows = vec![heads(&["", "asked", "seat", "came", ""], ink)];
        rows.extend(report.people.iter().map(|one| {
            vec![name(one), number(one.requested), number(one.seated), number(one.attended), words(one, ink)]
        }));
        let sums = [report.requested, report.seated, report.attended].map(|sum| sum.to_string());
        let rest = format!(
            "{} confirmed, {} walked in, {} excused, {}",
            report.confirmed,
            report.walked_in,
            report.excused,
            if report.over { count(report.no_shows, "no-show", "no-shows") } else { "not over".to_owned() }
        );
        rows.push(["persons".to_owned()].into_iter().chain(sums).chain([rest]).collect());
        format!("{}  {}\n{}", ink.bold(&plain(&report.title)), plain(&report.start), table(&rows))
    })
}

/// Runs it.
pub(super) fn group(args: &GroupAttendanceArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let request = Request::GroupAttendance { group: args.group.clone(), who: args.who.clone() };
    let said = take!(node.call(request)?, Records)?;
    out.result(&said, |ink| {
        let names = ["", "events", "seat", "confirmed", "came", "late", "excused", "no-show"];
        let mut rows = vec![heads(&names, ink)];
        rows.extend(said.people.iter().map(|one: &Record| {
            let name = said.names.get(&one.feed).map(|name| plain(name)).unwrap_or_default();
            let counts =
                [one.events, one.seated, one.confirmed, one.attended, one.late, one.excused, one.no_shows];
            [name].into_iter().chain(counts.map(number)).collect()
        }));
        format!("{} over\n{}", count(said.events as u64, "event is", "events are"), table(&rows))
    })
}

fn heads(names: &[&str], ink: Ink) -> Vec<String> {
    names.iter().map(|name| ink.dim(name)).collect()
}

/// A nought is a gap, so that what there is stands out.
fn number(count: u32) -> String {
    if count == 0 { String::new() } else { count.to_string() }
}

fn words(one: &Turnout, ink: Ink) -> String {
    let words = [
        (one.confirmed, "confirmed"),
        (one.walk_in, "walked in"),
        (one.late, "late"),
        (one.left, "left early"),
        (one.here, "says they were there"),
        (one.excused, "excused"),
    ];
    let mut said: Vec<_> = words.iter().filter(|(on, _)| *on).map(|(_, word)| (*word).to_owned()).collect();
    said.extend(one.no_show.then(|| ink.warn("stayed away")));
    said.join(", ")
}
