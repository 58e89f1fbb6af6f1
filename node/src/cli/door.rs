//! `klatch door`

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use klatch_feed::FeedId;
use serde::Serialize;

use super::exit::CliError;
use super::online::{self, Online};
use super::output::{Ink, Printer, plain};
use super::share;
use crate::clock::Stopwatch;
use crate::config::Config;
use crate::net::report::{Arrival, DoorView};
use crate::net::{NetRequest, NetResponse};
use crate::running::RunError;

/// Open the door of an event: check in who comes, until Ctrl-C
///
/// Guests on the same network run `klatch checkin`, or scan the code. It takes neither a pub nor the
/// internet. With --json, one line for each code that is shown and for each person who arrives.
#[derive(Args, Debug)]
pub(super) struct DoorArgs {
    /// Event id, its beginning, or its title in quotes
    event: String,
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
    let node = args.online.node(config)?;
    let interrupt = Interrupt::listen()?;
    let opened = Stopwatch::start();
    let mut screen = Screen { json: config.json, said: BTreeSet::new(), code: String::new() };
    let mut after = 0;
    loop {
        let within_ms = LOOK.as_millis() as u64;
        let look = NetRequest::Door { event: args.event.clone(), after, within_ms };
        let NetResponse::Door(view) = online::ask(&node, look)? else { return Err(CliError::Answer) };
        if view.version != after {
            after = view.version;
            screen.show(&view, out)?;
        }
        let full = args.until.is_some_and(|count| view.arrived.len() >= count);
        let over = args.within.is_some_and(|within| opened.elapsed() >= within);
        if full || over || interrupt.came() {
            online::ask(&node, NetRequest::DoorClose { event: args.event.clone() })?;
            out.hint(format!("the door is closed; {} arrived", view.arrived.len()));
            return Ok(());
        }
    }
}

/// What the screen, or whoever reads the lines, knows already.
struct Screen {
    json: bool,
    said: BTreeSet<FeedId>,
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
}

impl Screen {
    fn show(&mut self, view: &DoorView, out: &Printer) -> Result<(), CliError> {
        let first = self.code.is_empty();
        if self.code != view.code {
            self.code.clone_from(&view.code);
            match self.json {
                true => line(&Line::Code(&view.code), out)?,
                false if first => out.raw(opening(view, out).as_bytes())?,
                false => {}
            }
            out.hint(format!("{}{}", share::picture(&view.code), view.code));
        }
        for arrival in &view.arrived {
            if self.said.insert(arrival.feed) {
                match self.json {
                    true => line(&Line::Arrived(arrival), out)?,
                    false => out.raw(row(arrival, self.said.len(), view, out.ink).as_bytes())?,
                }
            }
        }
        Ok(())
    }
}

fn line(line: &Line<'_>, out: &Printer) -> Result<(), CliError> {
    let mut bytes = serde_json::to_vec(line).expect("the line is JSON");
    bytes.push(b'\n');
    out.raw(&bytes)
}

fn opening(view: &DoorView, out: &Printer) -> String {
    let title = out.ink.bold(&plain(&view.title));
    format!("the door of {title} is open: {} have a seat\n", view.expected)
}

fn row(arrival: &Arrival, count: usize, view: &DoorView, ink: Ink) -> String {
    let mut text = format!("{count} of {}  {}", view.expected, ink.good(&plain(&arrival.name)));
    if arrival.walk_in {
        text += &ink.warn("  walked in without an RSVP");
    }
    if !arrival.here {
        text += &ink.dim("  at another door");
    }
    text.push('\n');
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
