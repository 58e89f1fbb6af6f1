//! `klatch demo`

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::exit::CliError;
use super::output::{Ink, Printer};
use crate::demo::account::Account;
use crate::demo::actor::{Program, spell};

/// Play an evening among real nodes, and see that they agree
///
/// Starts a host, a co-host, three guests and a pub as processes of this program, each with a home in a
/// temporary folder, on the loopback interface alone: real connections, real logs, real discovery. They found
/// a group and schedule an evening with fewer seats than people, wait, move up, and lose a seat that was not
/// confirmed; answer for one moved date of a series; lose the pub, and check in at two doors that hear of each
/// other only later. Then every node is asked why everybody stands as they do. Ends with 0 only if every step
/// was observed and all nodes agree. Takes less than half a minute.
#[derive(Args, Debug)]
pub(super) struct DemoArgs {
    /// Leave the homes where they are, and say how to go on by hand
    #[arg(long)]
    keep: bool,
}

/// Runs it.
pub(super) fn run(args: &DemoArgs, out: &Printer) -> Result<(), CliError> {
    let interrupted = hear_interrupts().map_err(CliError::Signals)?;
    let exe = std::env::current_exe().map_err(|source| CliError::File { path: "klatch".into(), source })?;
    let program = Program { interrupted, ..Program::at(exe) };
    let temporary = std::env::temp_dir();
    let mut folder = tempfile::Builder::new()
        .prefix("klatch-demo-")
        .tempdir()
        .map_err(|source| CliError::File { path: temporary, source })?;
    folder.disable_cleanup(args.keep);
    let mut shown = Ok(());
    let account = crate::demo::run(&program, folder.path(), &mut |so_far| {
        if shown.is_ok() && out.is_plain_screen() {
            shown = out.raw(latest(so_far, out.ink).as_bytes());
        }
    });
    shown?;
    out.result(&account, |ink| account.ending(ink))?;
    if args.keep {
        out.hint(going_on(&account, folder.path()));
    }
    match account.differed {
        None => Ok(()),
        Some(what) => Err(CliError::Demo(what)),
    }
}

/// What is new in the account.
fn latest(account: &Account, ink: Ink) -> String {
    match account.steps.last() {
        None => account.opening(ink),
        Some(step) => step.text(account.steps.len(), ink),
    }
}

/// Hears Ctrl-C and the request to end, so that no node outlives the demo.
fn hear_interrupts() -> std::io::Result<Arc<AtomicBool>> {
    let heard = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut end) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let told = heard.clone();
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! { _ = interrupt.recv() => {}, _ = end.recv() => {} }
        });
        told.store(true, Ordering::Relaxed);
    });
    Ok(heard)
}

/// How to play on with the homes that were left.
fn going_on(account: &Account, folder: &Path) -> String {
    let mut text =
        format!("\nThe homes are in {}. To play on, each in a terminal of its own:\n", folder.display());
    for member in account.cast.iter().filter(|member| member.part != "pub") {
        let home = folder.join(member.name.to_lowercase());
        let start =
            ["--home".as_ref(), home.as_os_str(), "up".as_ref(), "--lan".as_ref(), "loopback".as_ref()];
        text += &format!("  klatch {}\n", spell::<&std::ffi::OsStr>(&start));
    }
    let home = folder.join("ben");
    let show = ["--home".as_ref(), home.as_os_str(), "event".as_ref(), "list".as_ref()];
    text + &format!("and then, as one of them:\n  klatch {}", spell::<&std::ffi::OsStr>(&show))
}
