//! `klatch group share` and `klatch event share`

use clap::Args;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

use super::exit::CliError;
use super::output::Printer;
use super::reach::{Node, take};
use crate::daemon::Request;

/// Print one line that gives somebody a way in, and the same as a QR code
///
/// It names the group or event, whose log it is in, and where a node can be reached. Who has it runs
/// `klatch open LINE`.
#[derive(Args, Debug)]
pub(super) struct ShareArgs {
    /// Id, its beginning, or the title in quotes
    object: String,
}

/// Runs it.
pub(super) fn run(args: &ShareArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let shared = take!(node.call(Request::Share { object: args.object.clone() })?, Share)?;
    out.result(&shared, |_| shared.line.clone())?;
    out.hint(picture(&shared.line));
    if !shared.reachable {
        out.hint(
            "The line says no address: share it while `klatch up` runs, or with people on the same network.",
        );
    }
    Ok(())
}

/// The line as a picture of half blocks, with the quiet zone that readers need.
pub(super) fn picture(line: &str) -> String {
    match QrCode::new(line) {
        // Light on dark is what most terminals make of it the other way round.
        Ok(code) => code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build(),
        Err(_) => "(too long for a QR code)".to_owned(),
    }
}
