//! `klatch comment`

use clap::Args;

use chrono_tz::Tz;
use klatch_feed::post::Tone;

use super::exit::CliError;
use super::output::{Ink, Printer, plain, plain_lines};
use super::reach::Node;
use super::{posted, when};
use crate::daemon::{CommentLine, Request};
use crate::names::short;

/// How deep a thread is set in at most.
const DEPTH_MAX: u32 = 8;

/// Say something on an event or a group, or answer what somebody said
#[derive(Args, Debug)]
pub(super) struct CommentArgs {
    /// Event or group: id, its beginning, or its title in quotes; or the id of a comment, which this answers
    object: String,
    /// What you say, up to 8,000 bytes
    text: String,
    /// Tell everybody, as a host
    #[arg(long, conflicts_with = "thanks")]
    announce: bool,
    /// Give thanks, as somebody who was there
    #[arg(long)]
    thanks: bool,
}

/// Runs it.
pub(super) fn run(args: &CommentArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let tone = match (args.announce, args.thanks) {
        (true, _) => Some(Tone::Announcement),
        (_, true) => Some(Tone::Thanks),
        _ => None,
    };
    let request = Request::Comment { object: args.object.clone(), text: args.text.clone(), tone };
    posted(request, node, out, |_| "said".to_owned())
}

/// Comments as a thread, each answer set in below what it answers.
pub(super) fn thread(comments: &[CommentLine], zone: Tz, ink: Ink) -> String {
    let mut text = String::new();
    if !comments.is_empty() {
        text.push_str("\ncomments\n");
    }
    for comment in comments {
        let indent = "  ".repeat(1 + comment.depth.min(DEPTH_MAX) as usize);
        let at = ink.dim(&format!("{}  {}", when::instant(comment.time_ms, zone), short(&comment.id)));
        if let Some(by) = &comment.hidden {
            let mut hidden = format!("hidden by {}", plain(&by.name));
            if !by.reason.is_empty() {
                hidden += &format!(": {}", plain_lines(&by.reason, &format!("{indent}  ")));
            }
            text += &format!("{indent}{}  {at}\n", ink.dim(&hidden));
            continue;
        }
        let tone = match comment.tone {
            Some(Tone::Announcement) => ink.warn("announces  "),
            Some(Tone::Thanks) => ink.good("says thanks  "),
            None => String::new(),
        };
        let said = plain_lines(&comment.text, &format!("{indent}  "));
        text += &format!("{indent}{}  {tone}{at}\n{indent}  {said}\n", ink.bold(&plain(&comment.name)));
    }
    text
}
