//! `klatch export` and `klatch import`. The file: spec/files.md, "export file".

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use klatch_feed::{FeedId, NetId};

use super::exit::CliError;
use super::later::{self, LaterArgs};
use super::output::{Printer, count};
use super::reach::{Node, take};
use crate::calendar;
use crate::clock;
use crate::daemon::Request;
use crate::network::{hex, unhex, unhex_any};

/// First bytes of an export file.
const MAGIC: &[u8; 16] = b"klatch/export/1\0";
/// Longest piece in one: a chunk.
const PIECE_BYTES_MAX: usize = klatch_feed::chunk::CHUNK_BYTES_MAX;

/// Write events as a calendar, or a log as a file
#[derive(Args, Debug)]
pub(super) struct ExportArgs {
    #[command(subcommand)]
    command: ExportCommand,
}

#[derive(Debug, Subcommand)]
enum ExportCommand {
    /// Write events as iCalendar
    Ics {
        /// Events or groups [default: what you host or answered with yes or maybe]
        objects: Vec<String>,
        /// Into this file [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Write a log, as signed, into a file that `klatch import` reads
    Feed {
        /// Whose: feed id, its beginning, petname or name [default: yours]
        #[arg(value_name = "FEED")]
        who: Option<String>,
        /// Into this file [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Write guests and attendance as a table (not in this version yet)
    Csv(LaterArgs),
}

/// Take the log in a file that `klatch export feed` wrote
///
/// Every entry is checked as if a peer had sent it.
#[derive(Args, Debug)]
pub(super) struct ImportArgs {
    /// The file
    file: PathBuf,
}

/// Runs `export`.
pub(super) fn export(args: &ExportArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    match &args.command {
        ExportCommand::Ics { objects, out: file } => {
            let events = take!(node.call(Request::Calendar { objects: objects.clone() })?, Calendar)?;
            let text = calendar::to_ics(&events, clock::now_ms());
            write_to(file.as_deref(), text.as_bytes(), out)?;
            out.hint(count(events.len() as u64, "event", "events"));
            Ok(())
        }
        ExportCommand::Feed { who, out: file } => {
            let (bytes, entries) = read_feed(who.as_deref(), node)?;
            write_to(file.as_deref(), &bytes, out)?;
            out.hint(count(entries, "entry", "entries"));
            Ok(())
        }
        ExportCommand::Csv(_) => {
            later::not_yet("`klatch export csv`", ": `klatch event show --json` has it all")
        }
    }
}

fn write_to(file: Option<&Path>, bytes: &[u8], out: &Printer) -> Result<(), CliError> {
    let Some(path) = file else { return out.raw(bytes) };
    let write = || {
        let mut file = File::create_new(path)?; // Never over somebody's file.
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| CliError::File { path: path.to_owned(), source })
}

fn read_feed(who: Option<&str>, node: &Node) -> Result<(Vec<u8>, u32), CliError> {
    let me = take!(node.call(Request::Id)?, Me)?;
    let net = NetId::of_name(&me.network);
    let (mut bytes, mut from) = (Vec::new(), 1);
    while let Some(piece) =
        take!(node.call(Request::ExportFeed { who: who.map(str::to_owned), from })?, Piece)?
    {
        if bytes.is_empty() {
            bytes.extend([&MAGIC[..], net.as_bytes(), piece.feed.as_bytes()].concat());
        }
        let chunk = unhex_any(&piece.chunk).ok_or(CliError::Answer)?;
        let base8: [u8; 8] = piece.base8.as_deref().map_or(Some([0; 8]), unhex).ok_or(CliError::Answer)?;
        bytes.extend(u32::try_from(chunk.len()).map_err(|_| CliError::Answer)?.to_be_bytes());
        bytes.extend(base8);
        bytes.extend(chunk);
        from = piece.first.saturating_add(piece.count);
    }
    Ok((bytes, from - 1))
}

/// Runs `import`.
pub(super) fn import(args: &ImportArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let failed = |source| CliError::File { path: args.file.clone(), source };
    let wrong = |problem| CliError::Import { path: args.file.clone(), problem };
    let mut file = std::io::BufReader::new(File::open(&args.file).map_err(failed)?);
    let mut head = [0; 80];
    file.read_exact(&mut head).map_err(|_| wrong("not a file that `klatch export feed` wrote"))?;
    let me = take!(node.call(Request::Id)?, Me)?;
    let (magic, rest) = head.split_at(16);
    let (net, feed) = rest.split_at(32);
    if magic != MAGIC {
        return Err(wrong("not a file that `klatch export feed` wrote"));
    }
    if net != NetId::of_name(&me.network).as_bytes() {
        return Err(wrong("the log in it belongs to another network"));
    }
    let feed = FeedId::new(feed.try_into().expect("32 bytes were split off"));
    let mut imported = None;
    let mut first = true;
    while let Some((base8, chunk)) = next_piece(&mut file).map_err(wrong)? {
        let base8 = (!first).then(|| hex(&base8));
        first = false;
        let request = Request::ImportFeed { feed, base8, chunk: hex(&chunk) };
        imported = Some(take!(node.call(request)?, Imported)?);
    }
    let imported = imported.ok_or_else(|| wrong("it holds no entries"))?;
    out.result(&imported, |_| {
        format!("{} of {} held", count(imported.entries, "entry", "entries"), imported.feed)
    })?;
    super::goes_out(node, out);
    Ok(())
}

/// First eight bytes of the id before it (zeros at the start), and the chunk.
type Piece = ([u8; 8], Vec<u8>);

/// The next piece; `None` at the end of the file.
fn next_piece(from: &mut impl Read) -> Result<Option<Piece>, &'static str> {
    const CUT: &str = "it is cut off";
    let mut length = Vec::new();
    from.take(4).read_to_end(&mut length).map_err(|_| CUT)?;
    let Ok(length) = <[u8; 4]>::try_from(length.as_slice()) else {
        return if length.is_empty() { Ok(None) } else { Err(CUT) };
    };
    let length = u32::from_be_bytes(length) as usize;
    if length > PIECE_BYTES_MAX {
        return Err("a piece in it is longer than any can be");
    }
    let (mut base8, mut chunk) = ([0; 8], vec![0; length]);
    from.read_exact(&mut base8).and_then(|()| from.read_exact(&mut chunk)).map_err(|_| CUT)?;
    Ok(Some((base8, chunk)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_read_within_their_limits() {
        let piece =
            |length: u32, bytes: usize| [&length.to_be_bytes()[..], &[7; 8], &vec![1; bytes]].concat();
        assert_eq!(next_piece(&mut &piece(3, 3)[..]), Ok(Some(([7; 8], vec![1; 3]))));
        assert_eq!(next_piece(&mut &[][..]), Ok(None));
        assert!(next_piece(&mut &[0, 0][..]).is_err(), "cut in the length");
        assert!(next_piece(&mut &piece(4, 3)[..]).is_err(), "cut in the chunk");
        let max = PIECE_BYTES_MAX as u32;
        assert!(next_piece(&mut &piece(max, PIECE_BYTES_MAX)[..]).is_ok());
        assert!(next_piece(&mut &piece(max + 1, PIECE_BYTES_MAX + 1)[..]).is_err(), "one byte too long");
    }
}
