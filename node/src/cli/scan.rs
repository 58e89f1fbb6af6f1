//! `klatch scan`
//!
//! The page reads pictures by this command too, in a process of its own: those who made the readers did not have in
//! mind what somebody may hold before a camera to break them, or to keep them busy.

use std::fs::File;
use std::io::{Read, stdin};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use clap::Args;
use rustix::process::{Resource, Rlimit, setrlimit};

use super::exit::CliError;
use super::output::{Printer, plain};
use crate::web::scan::{PICTURE_BYTES_MAX, PictureError, codes};

/// Most memory that reading may take, in bytes, and most of a processor, in seconds: also where whoever started it has gone.
const MEMORY_MAX: u64 = 1 << 30;
const PROCESSOR_MAX: u64 = 60;

/// Read the QR codes in a picture: of doors, guests, shared lines, invites, ids
///
/// It is a JPEG or PNG of at most 25 million pixels. Nothing is done with what they say.
#[derive(Args, Debug)]
pub(super) struct ScanArgs {
    /// The picture; - = standard input
    file: PathBuf,
    /// Say as JSON what came of it, whatever that is
    #[arg(long, hide = true)]
    for_page: bool,
}

/// Runs it.
pub(super) fn run(args: &ScanArgs, out: &Printer) -> Result<(), CliError> {
    let failed = |source| CliError::File { path: args.file.clone(), source };
    let mut picture = Vec::new();
    match args.file == Path::new("-") {
        true => read(stdin().lock(), &mut picture).map_err(CliError::Input)?,
        false => read(File::open(&args.file).map_err(failed)?, &mut picture).map_err(failed)?,
    }
    let wrong = |problem| CliError::Picture { path: args.file.clone(), problem };
    if picture.len() > PICTURE_BYTES_MAX {
        return Err(wrong(PictureError::Bytes));
    }
    for (what, most) in [(Resource::As, MEMORY_MAX), (Resource::Cpu, PROCESSOR_MAX)] {
        let most = Rlimit { current: Some(most), maximum: Some(most) };
        let _ = setrlimit(what, most); // Where there is no such limit, it is read without.
    }
    std::panic::set_hook(Box::new(|_| {})); // It is no bug of ours.
    let found = catch_unwind(|| codes(&picture)).unwrap_or(Ok(Vec::new()));
    if args.for_page {
        println!("{}", serde_json::to_string(&found).expect("texts and numbers are JSON"));
        return Ok(());
    }
    let codes = found.map_err(wrong)?;
    if codes.is_empty() {
        return Err(CliError::NoCode { path: args.file.clone() });
    }
    out.result(&codes, |_| codes.iter().map(|code| plain(code)).collect::<Vec<_>>().join("\n"))
}

/// As much as may be, and a byte more.
fn read(from: impl Read, into: &mut Vec<u8>) -> std::io::Result<()> {
    from.take(PICTURE_BYTES_MAX as u64 + 1).read_to_end(into).map(drop)
}
