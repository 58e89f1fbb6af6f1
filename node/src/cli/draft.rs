//! `klatch import` of a calendar: drafts of events, which are looked at before they are scheduled.

use chrono_tz::Tz;
use klatch_feed::post::local_start;
use serde::Serialize;

use super::exit::CliError;
use super::export::ImportArgs;
use super::output::{Ink, Printer, count, plain};
use super::reach::{Node, take};
use crate::calendar::draft::{self, Bad, Draft, Drafts};
use crate::config::Config;
use crate::daemon::{Created, Refusal, Request, Schedule, ScheduledAs};

/// Whether a file that begins so is meant to be a calendar.
pub(super) fn is_calendar(start: &[u8]) -> bool {
    let start = start.strip_prefix("\u{feff}".as_bytes()).unwrap_or(start).trim_ascii_start();
    start.get(..6).is_some_and(|name| name.eq_ignore_ascii_case(b"BEGIN:"))
}

/// What an import comes to.
#[derive(Default, Serialize)]
struct Import {
    /// What would be scheduled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    drafts: Vec<Draft>,
    scheduled: Vec<Created>,
    already: Vec<ScheduledAs>,
    left_out: Vec<LeftOut>,
}

/// An event that cannot be scheduled here.
#[derive(Serialize)]
struct LeftOut {
    /// Where it begins in the file.
    line: usize,
    title: String,
    problem: String,
}

/// Shows what the calendar in `bytes` would be here; schedules it where `args` say so.
pub(super) fn import(
    args: &ImportArgs,
    bytes: &[u8],
    config: &Config,
    node: &Node,
    out: &Printer,
) -> Result<(), CliError> {
    let zone = match &args.tz {
        Some(name) => {
            let unknown = || CliError::Usage(format!("{name:?} is not a time zone like Europe/Lisbon"));
            name.parse::<Tz>().map_err(|_| unknown())?
        }
        None => config.zone,
    };
    let refused = |problem| CliError::Calendar { path: args.file.clone(), problem };
    let Drafts { good, bad } = draft::read(bytes, zone, args.tz.is_some()).map_err(refused)?;
    let events = good.len() + bad.len();
    let left_out = |Bad { line, title, error }| LeftOut { line, title, problem: error.to_string() };
    let mut import = Import { left_out: bad.into_iter().map(left_out).collect(), ..Import::default() };
    let (mut screens, mut stopped) = (String::new(), None);
    for draft in good {
        // Asked for each by itself: a file may name one twice.
        let asked = Request::ScheduledAs { uids: vec![draft.uid.clone()] };
        if let Some(already) = take!(node.call(asked)?, ScheduledAs)?.pop() {
            screens += &format!("{} is already scheduled as {}\n", plain(&draft.title), already.id);
            import.already.push(already);
        } else if let Err(error) = local_start(&draft.start, &draft.zone) {
            let (line, title) = (draft.line, draft.title);
            import.left_out.push(LeftOut { line, title, problem: error.to_string() });
        } else if !args.yes {
            screens += &screen(&draft, out.ink);
            import.drafts.push(draft);
        } else {
            let request = Request::Schedule(schedule(&draft, args.group.clone()));
            match node.call(request).and_then(|answer| take!(answer, Created)) {
                Ok(one) => {
                    screens += &format!("scheduled {}\n{}\n", plain(&draft.title), one.id);
                    import.scheduled.push(one);
                }
                Err(CliError::Refused(refusal @ Refusal::Field { .. })) => {
                    let (line, title) = (draft.line, draft.title);
                    import.left_out.push(LeftOut { line, title, problem: refusal.to_string() });
                }
                Err(error) if screens.is_empty() => return Err(error),
                Err(error) => {
                    stopped = Some((error, draft.title));
                    break;
                }
            }
        }
    }
    import.left_out.sort_by_key(|left| left.line);
    out.result(&import, |_| screens)?;
    for LeftOut { line, title, problem } in &import.left_out {
        let title = if title.is_empty() { String::new() } else { format!("{}: ", plain(title)) };
        out.warn(format_args!("line {line}: {title}{}", plain(problem)));
    }
    if let Some((error, title)) = stopped {
        let done = count(import.scheduled.len() as u64, "event", "events");
        out.hint(format_args!("{done} scheduled before {:?}, and none after.", plain(&title)));
        return Err(error);
    }
    if !import.drafts.is_empty() {
        out.hint("Nothing is scheduled yet: --yes does it, with --group in a group.");
    }
    if !import.scheduled.is_empty() {
        super::goes_out(node, out);
    }
    match import.left_out.len() {
        0 => Ok(()),
        bad => Err(CliError::Events { path: args.file.clone(), bad, events }),
    }
}

fn schedule(draft: &Draft, group: Option<String>) -> Schedule {
    let Draft { uid, title, start, zone, minutes, repeat, fields, .. } = draft.clone();
    Schedule {
        group,
        title,
        start,
        zone,
        minutes,
        place: String::new(),
        about: String::new(),
        capacity: None,
        split: false,
        repeat,
        fields: Box::new(fields),
        address: None,
        uid: Some(uid),
    }
}

/// The command that would schedule it, and what that leaves out.
fn screen(draft: &Draft, ink: Ink) -> String {
    let Draft { title, start, zone, minutes, repeat, fields, notes, .. } = draft;
    let degrees = |(lat, lon)| [lat, lon].map(crate::calendar::degrees).join(",");
    let mut args = vec![("title", title.clone()), ("start", start.clone()), ("tz", zone.clone())];
    args.push(("duration", format!("{minutes}m")));
    let texts = [
        ("repeat", repeat.clone()),
        ("where", fields.place.clone()),
        ("geo", fields.geo.map(degrees)),
        ("online", fields.online.clone()),
        ("about", fields.about.clone()),
    ];
    args.extend(texts.into_iter().filter_map(|(name, text)| Some((name, text?))));
    args.extend(fields.tags.iter().flatten().map(|tag| ("tag", tag.clone())));
    let mut text = format!("{}\n  klatch event schedule", ink.bold(&plain(title)));
    for (name, value) in args {
        text += &format!(" \\\n    --{name} {}", quoted(&value));
    }
    if fields.all_day == Some(true) {
        text += " \\\n    --all-day";
    }
    text.push('\n');
    // What `event update` says afterwards, and --yes at once.
    for (name, starts) in [("extra", &fields.extra), ("except", &fields.except)] {
        if let Some(starts) = starts {
            text += &format!("  {name}: {}\n", plain(&starts.join(", ")));
        }
    }
    for note in notes {
        text += &format!("  {}\n", ink.warn(&plain(note)));
    }
    text
}

/// As a shell takes it for one word, whatever is in it. Line feeds within a word are shown as such, in ANSI-C form.
fn quoted(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(|line| plain(line).replace('\'', "'\\''")).collect();
    format!("'{}'", lines.join("'$'\\n''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_one_word() {
        assert_eq!(quoted("Tea"), "'Tea'");
        assert_eq!(quoted("it's $(rm) `x`\nnext"), "'it'\\''s $(rm) `x`'$'\\n''next'");
        assert_eq!(quoted("a\x1b[2J"), "'a\u{fffd}[2J'");
    }

    #[test]
    fn a_calendar_is_known_by_how_it_begins() {
        for start in ["BEGIN:VCALENDAR", "\u{feff}begin:vcalendar", "\r\n BEGIN:VCALENDAR"] {
            assert!(is_calendar(start.as_bytes()), "{start}");
        }
        for start in ["", "klatch/export/1\0", "BEGIN"] {
            assert!(!is_calendar(start.as_bytes()), "{start}");
        }
    }
}
