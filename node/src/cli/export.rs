//! `klatch export` and `klatch import`. The file: spec/files.md, "export file".

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use klatch_feed::{FeedId, NetId};
use serde::Serialize;

use super::draft;
use super::exit::CliError;
use super::output::{Printer, count, plain};
use super::reach::{Node, take};
use super::when::Minutes;
use crate::calendar::{self, Options};
use crate::clock;
use crate::config::Config;
use crate::daemon::{self, Among, Request};
use crate::guests;
use crate::network::{hex, unhex, unhex_any};
use crate::published::{Published, atom, jsonld};

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
        /// Have calendars give an alarm so long before the start, as 1h or 1d
        #[arg(long, value_name = "TIME")]
        alarm: Option<Minutes>,
        #[command(flatten)]
        to: To,
    },
    /// Write a log, as signed, into a file that `klatch import` reads
    Feed {
        /// Whose: feed id, its beginning, petname or name [default: yours]
        #[arg(value_name = "FEED")]
        who: Option<String>,
        #[command(flatten)]
        to: To,
    },
    /// Write guests and attendance of an event as a table (CSV)
    ///
    /// Of a series: who answered for all, then each occurrence that something was said about. Cells that a
    /// spreadsheet would compute begin with an apostrophe.
    Csv {
        /// Event id, its beginning, or its title in quotes
        event: String,
        /// Begin with a mark by which some spreadsheets know UTF-8
        #[arg(long)]
        bom: bool,
        #[command(flatten)]
        to: To,
    },
    /// Write the events of a group as a feed for news readers (Atom)
    Atom {
        /// Group id, its beginning, or its name in quotes
        group: String,
        #[command(flatten)]
        to: To,
    },
    /// Write an event as linked data for a web page (JSON-LD)
    Jsonld {
        /// Event id, its beginning, or its title in quotes
        event: String,
        #[command(flatten)]
        to: To,
    },
}

/// Where it is written.
#[derive(Args, Debug)]
struct To {
    /// Into this file [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over the file, if there is one
    #[arg(long, requires = "out")]
    force: bool,
}

/// Take the log in a file that `klatch export feed` wrote, or the events in a calendar
///
/// Of a log every entry is checked as if a peer had sent it. Of a calendar (iCalendar) it shows what its events
/// would be here, each as the command that schedules it, and what that leaves out; with --yes they are scheduled,
/// but for those that were before. Where some cannot be, each is named by its line, and the exit code is 5.
#[derive(Args, Debug)]
pub(super) struct ImportArgs {
    /// The file
    pub(super) file: PathBuf,
    /// Schedule the events of the calendar
    #[arg(long)]
    pub(super) yes: bool,
    /// ... in this group: its id, its beginning, or its name in quotes [default: on your own]
    #[arg(long, requires = "yes")]
    pub(super) group: Option<String>,
    /// Zone of times in the calendar that name none, or one not known here [default: this machine's]
    #[arg(long, value_name = "ZONE")]
    pub(super) tz: Option<String>,
}

/// Runs `export`.
pub(super) fn export(args: &ExportArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    match &args.command {
        ExportCommand::Ics { objects, alarm, to } => {
            let events = take!(node.call(Request::Calendar { objects: objects.clone() })?, Calendar)?;
            let options = Options { now_ms: clock::now_ms(), alarm: alarm.map(|minutes| minutes.0) };
            let made = calendar::to_ics(&events, options);
            write_to(to, made.text.as_bytes(), out)?;
            out.hint(count(events.len() as u64, "event", "events"));
            for (title, zone) in &made.left_out {
                out.hint(format_args!("{} is left out: {} is no zone known here", plain(title), plain(zone)));
            }
            Ok(())
        }
        ExportCommand::Feed { who, to } => {
            let (bytes, entries) = read_feed(who.as_deref(), node)?;
            write_to(to, &bytes, out)?;
            out.hint(count(entries, "entry", "entries"));
            Ok(())
        }
        ExportCommand::Csv { event, bom, to } => {
            let guests = take!(node.call(Request::Guests { event: event.clone() })?, Guests)?;
            write_to(to, &guests::to_csv(&guests, *bom), out)?;
            out.hint(count(guests.len() as u64, "row", "rows"));
            Ok(())
        }
        ExportCommand::Atom { group, to } => {
            let group = published(group, Among::Groups, node)?;
            write_to(to, atom::to_atom(&group, None).as_bytes(), out)?;
            out.hint(count(group.events.len() as u64, "event", "events"));
            Ok(())
        }
        ExportCommand::Jsonld { event, to } => {
            let event = published(event, Among::Events, node)?;
            let event = event.events.first().ok_or(CliError::Answer)?;
            write_to(to, jsonld::to_jsonld(event, None).as_bytes(), out)
        }
    }
}

fn published(object: &str, among: Among, node: &Node) -> Result<Published, CliError> {
    let request = Request::Published { object: object.to_owned(), among };
    Ok(*take!(node.call(request)?, Published)?)
}

/// What was written where, as --json says it: the file itself is not of that form.
#[derive(Serialize)]
struct Written<'a> {
    file: &'a Path,
    bytes: usize,
}

fn write_to(to: &To, bytes: &[u8], out: &Printer) -> Result<(), CliError> {
    let Some(path) = &to.out else { return out.raw(bytes) };
    let written = match to.force {
        true => write_over(path, bytes),
        // Never over somebody's file, unless they say so.
        false => {
            File::create_new(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        }
    };
    written.map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists if !to.force => CliError::Exists { path: path.to_owned() },
        _ => CliError::File { path: path.to_owned(), source },
    })?;
    out.result(&Written { file: path, bytes: bytes.len() }, |_| String::new())
}

/// Writes it beside what is there first, which stays whole until all of this is, and as readable for others as it was.
fn write_over(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let there = match path.metadata() {
        Ok(there) if !there.is_file() => {
            // A device takes it and stays one; a folder does not.
            return OpenOptions::new().write(true).open(path)?.write_all(bytes);
        }
        Ok(there) => Some(there.permissions()),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    // A link goes on leading there.
    let path = if there.is_some() { path.canonicalize()? } else { path.to_owned() };
    let beside = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let new = Permissions::from_mode(0o666); // Of which the umask takes.
    let mut next = tempfile::Builder::new().prefix(".klatch").permissions(new).tempfile_in(beside)?;
    next.write_all(bytes)?;
    if let Some(there) = there {
        next.as_file().set_permissions(there)?;
    }
    next.as_file().sync_all()?;
    next.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

fn read_feed(who: Option<&str>, node: &Node) -> Result<(Vec<u8>, u32), CliError> {
    let me = take!(node.call(Request::Id)?, Me)?;
    let net = NetId::of_name(&me.network);
    let (mut bytes, mut from) = (Vec::new(), 1);
    while let Some(piece) =
        take!(node.call(Request::ExportFeed { who: who.map(str::to_owned), from })?, Piece)?
    {
        append_piece(&mut bytes, net, &piece).ok_or(CliError::Answer)?;
        from = piece.first.saturating_add(piece.count);
    }
    Ok((bytes, from - 1))
}

/// Adds a piece to an export file, and before the first of them the head. `None` if it is not in hex.
pub(crate) fn append_piece(bytes: &mut Vec<u8>, net: NetId, piece: &daemon::Piece) -> Option<()> {
    if bytes.is_empty() {
        bytes.extend([&MAGIC[..], net.as_bytes(), piece.feed.as_bytes()].concat());
    }
    let chunk = unhex_any(&piece.chunk)?;
    let base8: [u8; 8] = piece.base8.as_deref().map_or(Some([0; 8]), unhex)?;
    bytes.extend(u32::try_from(chunk.len()).ok()?.to_be_bytes());
    bytes.extend(base8);
    bytes.extend(chunk);
    Some(())
}

/// Runs `import`.
pub(super) fn import(args: &ImportArgs, config: &Config, node: &Node, out: &Printer) -> Result<(), CliError> {
    let failed = |source| CliError::File { path: args.file.clone(), source };
    let mut file = std::io::BufReader::new(File::open(&args.file).map_err(failed)?);
    if draft::is_calendar(file.fill_buf().map_err(failed)?) {
        let mut bytes = Vec::new();
        file.take(calendar::draft::FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
        return draft::import(args, &bytes, config, node, out);
    }
    if args.yes || args.tz.is_some() {
        return Err(CliError::Usage("--yes and --tz are for calendars, and this file is none".to_owned()));
    }
    import_feed(args, file, node, out)
}

const NEITHER: &str = "neither a log that `klatch export feed` wrote nor a calendar (iCalendar)";

fn import_feed(args: &ImportArgs, mut file: impl Read, node: &Node, out: &Printer) -> Result<(), CliError> {
    let wrong = |problem| CliError::Import { path: args.file.clone(), problem };
    let mut head = [0; 80];
    file.read_exact(&mut head).map_err(|_| wrong(NEITHER))?;
    let me = take!(node.call(Request::Id)?, Me)?;
    let (magic, rest) = head.split_at(16);
    let (net, feed) = rest.split_at(32);
    if magic != MAGIC {
        return Err(wrong(NEITHER));
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
    let whose = take!(node.call(Request::Person { who: Some(imported.feed.to_string()) })?, Person)?;
    if !whose.followed && imported.feed != me.feed {
        out.hint(format_args!(
            "Next: `klatch follow {}`, so that what they write from now on comes by itself.",
            imported.feed
        ));
    }
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
