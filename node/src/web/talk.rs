//! What is said on an event or a group, as their pages show it: the newest, each below what it answers.

use std::collections::BTreeSet;

use klatch_feed::EntryId;
use klatch_feed::post::Tone;

use super::ask::Visit;
use super::face::Face;
use super::prose::Prose;
use super::when;
use super::words::{Arg, Words};
use crate::daemon::{CommentLine, HiddenBy};

/// So many comments are shown at first, and so many more each time.
const PART: usize = 50;

/// Which comments are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shown<'a> {
    /// How many of the newest; 0 for as many as are shown at first.
    pub(super) newest: usize,
    /// One that is shown however old it is: it is to be answered.
    pub(super) reply: Option<&'a str>,
}

/// Those that are shown, and how many more there are.
#[derive(Debug)]
pub(super) struct Comments {
    pub(super) lines: Vec<Comment>,
    /// How many are not shown.
    pub(super) older: usize,
    /// How many to ask for, to see more of them.
    pub(super) next: usize,
}

/// One comment.
#[derive(Debug)]
pub(super) struct Comment {
    pub(super) id: String,
    pub(super) face: Face,
    pub(super) stamp: String,
    pub(super) at: String,
    pub(super) text: Prose,
    /// At most 4: deeper ones stand where their parents do.
    pub(super) depth: u32,
    pub(super) tone: Option<String>,
    pub(super) hidden: Option<String>,
}

impl Comments {
    /// Of all, in the order of their threads.
    pub(super) fn of(all: &[CommentLine], shown: Shown<'_>, visit: &Visit) -> Self {
        let newest = shown.newest.max(PART);
        let kept = kept(all, newest, shown.reply);
        let lines = all.iter().filter(|line| kept.contains(&line.id));
        Self {
            older: all.len() - kept.len(),
            next: newest.saturating_add(PART),
            lines: lines.map(|line| comment(line, visit)).collect(),
        }
    }
}

/// The newest, the one that is to be answered, and what they answer.
fn kept(all: &[CommentLine], newest: usize, reply: Option<&str>) -> BTreeSet<EntryId> {
    let mut by_time: Vec<&CommentLine> = all.iter().collect();
    by_time.sort_by_key(|line| std::cmp::Reverse(line.time_ms));
    let mut kept: BTreeSet<EntryId> = by_time.iter().take(newest).map(|line| line.id).collect();
    kept.extend(all.iter().map(|line| line.id).filter(|id| reply == Some(&*id.to_string())));
    // What is answered stands above its answers.
    let mut wanted = BTreeSet::new();
    for line in all.iter().rev() {
        if kept.contains(&line.id) || wanted.contains(&line.id) {
            kept.insert(line.id);
            wanted.extend(line.reply);
        }
    }
    kept
}

/// Who hid something, and why.
pub(super) fn hidden_by(by: &HiddenBy, words: Words) -> String {
    let args = [("who", Arg::Foreign(&by.name)), ("reason", Arg::Foreign(&by.reason))];
    words.with("event-hidden", &args)
}

fn comment(line: &CommentLine, visit: &Visit) -> Comment {
    let words = visit.words();
    let (stamp, at) = when::instant(line.time_ms, visit.look.zone, words);
    let tone = line.tone.map(|tone| match tone {
        Tone::Announcement => words.say("event-announcement"),
        Tone::Thanks => words.say("event-thanks"),
    });
    let hidden = line.hidden.as_ref().map(|by| hidden_by(by, words));
    Comment {
        id: line.id.to_string(),
        face: Face::of(&line.feed, &line.name),
        stamp,
        at,
        text: Prose::of(&line.text),
        depth: line.depth.min(4),
        tone,
        hidden,
    }
}

#[cfg(test)]
mod tests {
    use klatch_feed::FeedId;

    use super::*;

    fn line(n: u8, time_ms: u64, reply: Option<u8>) -> CommentLine {
        let id = |n: u8| EntryId::new([n; 32]);
        CommentLine {
            id: id(n),
            feed: FeedId::new([n; 32]),
            name: String::new(),
            time_ms,
            text: String::new(),
            reply: reply.map(id),
            depth: 0,
            tone: None,
            hidden: None,
        }
    }

    #[test]
    fn the_newest_are_shown_with_what_they_answer() {
        let all = [
            line(1, 10, None),
            line(2, 20, Some(1)),
            line(3, 90, Some(2)),
            line(4, 30, None),
            line(5, 80, None),
            line(6, 5, Some(5)),
        ];
        let shown = |newest, reply: Option<u8>| {
            let reply = reply.map(|n| EntryId::new([n; 32]).to_string());
            let kept = kept(&all, newest, reply.as_deref());
            all.iter()
                .filter(|line| kept.contains(&line.id))
                .map(|line| line.id.as_bytes()[0])
                .collect::<Vec<_>>()
        };
        assert_eq!(shown(1, None), [1, 2, 3], "an answer with all that it answers");
        assert_eq!(shown(2, None), [1, 2, 3, 5]);
        assert_eq!(shown(1, Some(6)), [1, 2, 3, 5, 6], "the one that is to be answered");
        assert_eq!(shown(9, None), [1, 2, 3, 4, 5, 6]);
    }
}
