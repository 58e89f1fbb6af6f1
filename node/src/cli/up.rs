//! `klatch up`

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use klatch_feed::FeedId;
use serde::Serialize;
use tracing_subscriber::EnvFilter;

use super::exit::CliError;
use super::init::network_of;
use super::output::Printer;
use super::reach::Node;
use crate::config::Config;
use crate::daemon::{Admit, Handle};
use crate::desktop;
use crate::home::HomeError;
use crate::net::{self, Lan};
use crate::running::{RunError, Running};
use crate::web::public::Public;
use crate::web::{Web, Where};

/// Run the node until Ctrl-C: find others, exchange what is new, rank RSVPs to your events
#[derive(Args, Debug)]
pub(super) struct UpArgs {
    /// Where to listen [default: port 4747; where that is taken, `klatch up` takes any]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Where to look for others, and show yourself
    #[arg(long, value_name = "WHERE", value_enum, default_value_t)]
    lan: Lan,
    /// Who ranks RSVPs to your events: the node, as they reach it, or you, by `klatch event admit`
    #[arg(long, value_name = "WHO", value_enum, default_value_t)]
    admit: Admit,
    /// Shortens the minute for which a recovering home waits for something longer of its own log: for tests
    #[arg(long, hide = true, value_name = "MS", env = "KLATCH_SETTLE_MS", hide_env = true)]
    settle_ms: Option<u64>,
    /// Where the page for people is served, on loopback only; or off [default: port 4748 if it is free, else any]
    #[arg(long, value_name = "ADDRESS:PORT|off")]
    web: Option<Where>,
    /// Where there is no identity yet: `default`, or the network file for the one that the page makes
    #[arg(long, value_name = "FILE|default", default_value = "default")]
    network: PathBuf,
}

/// What a node says once others can reach it. One line of JSON.
#[derive(Serialize)]
struct Ready {
    ready: bool,
    feed: FeedId,
    /// Where the listener is bound.
    listen: Vec<SocketAddr>,
    /// Addresses for lines that people pass on.
    addresses: Vec<String>,
    lan: &'static str,
    socket: String,
    process: u32,
    /// A link into the page, good for one visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    /// Where everybody reads what a pub shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<String>,
}

/// Runs it.
pub(super) fn run(args: &UpArgs, config: &Config, out: &Printer) -> Result<(), CliError> {
    serve(args, false, config, out, |_| Ok(None))
}

/// Runs a node; `prepare` sets what has to be there before others reach it, and starts the pages for everybody.
pub(super) fn serve(
    args: &UpArgs,
    is_pub: bool,
    config: &Config,
    out: &Printer,
    prepare: impl FnOnce(&Handle) -> Result<Option<Public>, CliError>,
) -> Result<(), CliError> {
    let place = args.web.unwrap_or_default();
    let is_new = match config.home.check() {
        Err(HomeError::Missing(_) | HomeError::Unfinished(_)) if place != Where::Off => true,
        checked => checked.map(|()| false)?,
    };
    log(config.quiet);
    let web = Web::start(place, config).map_err(|source| CliError::Page { place, source })?;
    if is_new {
        first_run(args, web.as_ref(), config, out)?;
    }
    let meet = net::Config { listen: args.listen, stays: is_pub, lan: args.lan, settle: args.settle_ms };
    let mut public = None;
    let prepare = |handle: &Handle| {
        public = prepare(handle)?;
        Ok::<_, CliError>(())
    };
    let mut running = Running::start(&config.home, Node::lock(&config.home)?, (args.admit, meet), prepare)?;
    let handle = running.handle();
    if let Some(web) = &web {
        web.attach(handle.clone());
    }
    desktop::tell(handle.notices()).map_err(RunError::Runtime)?;
    let ready = Ready {
        ready: true,
        feed: handle.me(),
        listen: vec![running.net().listening()],
        addresses: handle.addresses(),
        lan: match args.lan {
            Lan::On => "on",
            Lan::Off => "off",
            Lan::Loopback => "loopback",
        },
        socket: running.socket().display().to_string(),
        process: std::process::id(),
        page: web.as_ref().map(Web::link),
        pages: public.as_ref().map(|public| format!("http://{}/", public.address())),
    };
    let held = handle.held();
    drop(handle);
    say(&ready, args.listen, config, out)?;
    if let Some(held) = held {
        out.hint(held);
    }
    running.wait();
    out.hint("stopping");
    drop((web, public)); // Nobody asks a node that is closing.
    Ok(())
}

/// Somebody without an identity gets one on the page.
fn first_run(args: &UpArgs, web: Option<&Web>, config: &Config, out: &Printer) -> Result<(), CliError> {
    let network = network_of(&args.network)?;
    let Some(web) = web else { return Ok(config.home.check()?) };
    let waits = web.first_run(network);
    let page = web.link(); // Whoever follows it at once finds a first run that takes what they say.
    if config.json {
        let mut line = serde_json::json!({ "ready": false, "page": page }).to_string();
        line.push('\n');
        out.raw(line.as_bytes())?;
    } else {
        out.raw(format!("page: {page}\n").as_bytes())?;
        out.hint("There is no identity here yet: open the link above, and this becomes your node.");
    }
    waits.wait();
    Ok(())
}

fn say(ready: &Ready, named: Option<SocketAddr>, config: &Config, out: &Printer) -> Result<(), CliError> {
    if config.json {
        let mut line = serde_json::to_vec(ready).expect("the line is JSON");
        line.push(b'\n');
        return out.raw(&line);
    }
    let mut text = format!("{} listens on {}\n", out.ink.bold(&ready.feed.to_string()), ready.listen[0]);
    if named.is_none() && ready.listen[0].port() != net::PORT {
        text += &format!("port {} is taken, so this is another one; name one with --listen\n", net::PORT);
    }
    text += &match ready.addresses.split_first() {
        Some((first, [])) => format!("others reach it at {first}\n"),
        Some((first, more)) => format!("others reach it at {first}, or {}\n", more.join(", ")),
        None => "no address of this machine reaches it from elsewhere\n".to_owned(),
    };
    if let Some(page) = &ready.page {
        text += &format!("page: {page}\n");
    }
    if let Some(pages) = &ready.pages {
        text += &format!("public pages: {pages}\n");
    }
    out.raw(text.as_bytes())?;
    out.hint(match ready.lan {
        "off" => "it looks for nobody on the local network; Ctrl-C ends it",
        "loopback" => "it looks for others on this machine alone; Ctrl-C ends it",
        _ => "it looks for others on the local network; Ctrl-C ends it",
    });
    Ok(())
}

/// What happens goes to standard error; `KLATCH_LOG` says how much of it.
fn log(quiet: bool) {
    let usual = if quiet { "error" } else { "klatch=info,warn" };
    let filter = EnvFilter::try_from_env("KLATCH_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let to_stderr = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let to_stderr = to_stderr.with_target(false).with_ansi(std::io::stderr().is_terminal());
    let _ = to_stderr.try_init(); // Fails only where somebody listens already.
}
