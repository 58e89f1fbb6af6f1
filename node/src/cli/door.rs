//! `klatch door`

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use klatch_feed::FeedId;
use serde::Serialize;

use super::event::on::On;
use super::exit::CliError;
use super::online::{self, Online};
use super::output::{Ink, Printer, count, plain};
use super::reach::Node;
use super::{posted, share, when};
use crate::clock::Stopwatch;
use crate::config::Config;
use crate::daemon::{DoorNote, Request};
use crate::net::report::{Arrival, DoorView};
use crate::net::{NetRequest, NetResponse};
use crate::running::RunError;

/// Open the door of an event: check in who comes, until Ctrl-C
///
/// Guests on the same network run `klatch checkin`, or scan the code; where there is no network, their screen
/// shows an answer that --scan takes. It takes neither a pub nor the internet. Several doors need no link to
/// each other: what they wrote is one list as soon as they meet. With --json, one line for each code that is
/// shown and for each person who arrives or is scanned again.
///
/// With one of the options that name somebody, changes what this door wrote of them, and ends.
#[derive(Args, Debug)]
pub(super) struct DoorArgs {
    /// Event id, its beginning, or its title in quotes
    event: String,
    #[command(flatten)]
    on: On,
    /// Let in whose screen shows this: klatch:guest/1/…; the door must be open here
    #[arg(long, value_name = "CODE", group = "one")]
    scan: Option<String>,
    /// Take back that they came: what this door wrote, and no other
    #[arg(long, value_name = "WHO", group = "one")]
    undo: Option<String>,
    /// Note that they came late
    #[arg(long, value_name = "WHO", group = "one")]
    late: Option<String>,
    /// Note that they left early
    #[arg(long, value_name = "WHO", group = "one")]
    left: Option<String>,
    /// Note how many came with them, by --persons
    #[arg(long, value_name = "WHO", group = "one", requires = "persons")]
    count: Option<String>,
    /// So many persons, themselves included
    #[arg(long, value_name = "N", requires = "count", value_parser = clap::value_parser!(u32).range(1..=20))]
    persons: Option<u32>,
    /// Close after this long
    #[arg(long = "for", value_name = "TIME", value_parser = online::duration)]
    within: Option<Duration>,
    /// Close once so many people have arrived
    #[arg(long, value_name = "N")]
    until: Option<usize>,
    #[command(flatten)]
    online: Online,
}

/// How long one look at the door takes if nothing happens: how soon Ctrl-C is heard.
const LOOK: Duration = Duration::from_millis(250);

/// Runs it.
pub(super) fn run(args: &DoorArgs, config: &Config, out: &Printer) -> Result<(), CliError> {
    if let Some(code) = &args.scan {
        return scan(code, config, out);
    }
    if let Some((who, what, said)) = args.note() {
        let node = Node::find(&config.home)?;
        let (event, on) = (args.event.clone(), args.on.on.clone());
        let request = Request::AtDoor { event, on, who: who.to_owned(), what };
        return posted(request, &node, out, |_| format!("{} {said}", plain(who)));
    }
    keep_open(args, config, out)
}

impl DoorArgs {
    /// What is to be noted of whom, and what to say then.
    fn note(&self) -> Option<(&str, DoorNote, String)> {
        if let (Some(who), Some(persons)) = (&self.count, self.persons) {
            let said = format!("counts as {}", count(persons, "person", "persons"));
            return Some((who, DoorNote::Persons(persons), said));
        }
        let notes = [
            (&self.undo, DoorNote::Undo, "is out again: this door takes its check-in back"),
            (&self.late, DoorNote::Late, "came late"),
            (&self.left, DoorNote::Left, "left"),
        ];
        let mut given = notes.into_iter().filter_map(|(who, what, said)| Some((who.as_deref()?, what, said)));
        given.next().map(|(who, what, said)| (who, what, said.to_owned()))
    }
}

fn scan(code: &str, config: &Config, out: &Printer) -> Result<(), CliError> {
    let node = Node::find(&config.home)?;
    let NetResponse::Scanned(arrival) = online::ask(&node, NetRequest::DoorScan { code: code.to_owned() })?
    else {
        return Err(CliError::Answer);
    };
    out.result(&arrival, |ink| person(&arrival, config, ink))
}

fn keep_open(args: &DoorArgs, config: &Config, out: &Printer) -> Result<(), CliError> {
    let node = args.online.node(config)?;
    let interrupt = Interrupt::listen()?;
    let opened = Stopwatch::start();
    let mut screen = Screen { config, said: BTreeMap::new(), code: String::new() };
    let mut after = 0;
    loop {
        let within_ms = LOOK.as_millis() as u64;
        let (event, on) = (args.event.clone(), args.on.on.clone());
        let look =
            NetRequest::Door { event: event.clone(), on: on.clone(), after, within_ms, open_only: false };
        let NetResponse::Door(view) = online::ask(&node, look)? else { return Err(CliError::Answer) };
        if view.version != after {
            after = view.version;
            screen.show(&view, out)?;
        }
        let full = args.until.is_some_and(|count| view.arrived.len() >= count);
        let over = args.within.is_some_and(|within| opened.elapsed() >= within);
        if full || over || interrupt.came() {
            online::ask(&node, NetRequest::DoorClose { event, on })?;
            let persons = count(view.headcount, "person is", "persons are");
            out.hint(format!("the door is closed; {} arrived, {persons} there", view.arrived.len()));
            return Ok(());
        }
    }
}

/// What the screen, or whoever reads the lines, knows already.
struct Screen<'a> {
    config: &'a Config,
    /// Who has been told of, and as scanned again how often.
    said: BTreeMap<FeedId, u32>,
    code: String,
}

/// One line of `--json`.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    /// The code that the door shows from now on.
    Code(&'a str),
    /// Somebody arrived.
    Arrived(&'a Arrival),
    /// Somebody who was in already was scanned.
    Again(&'a Arrival),
    /// Somebody is out again.
    Undone(FeedId),
}

impl Screen<'_> {
    fn show(&mut self, view: &DoorView, out: &Printer) -> Result<(), CliError> {
        let first = self.code.is_empty();
        if self.code != view.code {
            self.code.clone_from(&view.code);
            match self.config.json {
                true => line(&Line::Code(&view.code), out)?,
                false if first => out.raw(opening(view, out).as_bytes())?,
                false => {}
            }
            out.hint(format!("{}\n{}", share::picture(&view.code), view.code));
        }
        let mut persons = 0_u32;
        for arrival in &view.arrived {
            persons = persons.saturating_add(arrival.persons);
            match self.said.insert(arrival.feed, arrival.again) {
                None => self.tell(&Line::Arrived(arrival), persons, view, out)?,
                Some(again) if again < arrival.again => {
                    self.tell(&Line::Again(arrival), view.headcount, view, out)?
                }
                Some(_) => {}
            }
        }
        let here: BTreeSet<_> = view.arrived.iter().map(|arrival| arrival.feed).collect();
        let gone: Vec<_> = self.said.keys().filter(|feed| !here.contains(feed)).copied().collect();
        for feed in gone {
            self.said.remove(&feed);
            if self.config.json {
                line(&Line::Undone(feed), out)?;
            }
        }
        Ok(())
    }

    /// `persons`: how many are there with who arrived, as the seats are counted.
    fn tell(&self, what: &Line<'_>, persons: u32, view: &DoorView, out: &Printer) -> Result<(), CliError> {
        let (Line::Arrived(arrival) | Line::Again(arrival)) = what else { return Ok(()) };
        match self.config.json {
            true => line(what, out),
            false => {
                let told = person(arrival, self.config, out.ink);
                out.raw(format!("{persons} of {}  {told}\n", view.expected).as_bytes())
            }
        }
    }
}

fn line(line: &Line<'_>, out: &Printer) -> Result<(), CliError> {
    let mut bytes = serde_json::to_vec(line).expect("the line is JSON");
    bytes.push(b'\n');
    out.raw(&bytes)
}

fn opening(view: &DoorView, out: &Printer) -> String {
    let title = out.ink.bold(&plain(&view.title));
    let date = view.occ.as_deref().map(|occ| format!(" on {}", when::date(&plain(occ)))).unwrap_or_default();
    format!("the door of {title}{date} is open: {} have a seat\n", view.expected)
}

fn person(arrival: &Arrival, config: &Config, ink: Ink) -> String {
    let mut text = ink.good(&plain(&arrival.name));
    if arrival.persons > 1 {
        text += &format!(" and {}", count(arrival.persons - 1, "guest", "guests"));
    }
    if arrival.walk_in {
        text += &ink.warn("  walked in without an RSVP");
    }
    let first = arrival.first.as_ref();
    let since = first
        .map(|first| format!("{} by {}", when::instant(first.time_ms, config.zone), plain(&first.door_name)));
    match since {
        Some(since) if arrival.again > 0 => text += &ink.warn(&format!("  again: in since {since}")),
        Some(since) if !arrival.here => text += &ink.dim(&format!("  at another door, {since}")),
        _ => {}
    }
    text
}

/// Ctrl-C, so that the door is closed and not only left.
struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    fn listen() -> Result<Self, CliError> {
        let came = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&came);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(RunError::Runtime)?;
        std::thread::spawn(move || {
            // Without it Ctrl-C ends the process as it does any other.
            if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
                noted.store(true, Ordering::Relaxed);
            }
        });
        Ok(Self(came))
    }

    fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
