//! What the demo tells: each step with what was seen of it, for people and for machines.

use std::collections::BTreeMap;
use std::time::Duration;

use klatch_feed::FeedId;
use serde::Serialize;

use crate::cli::Ink;

/// The whole story. With `--json`, this is what is printed: its field names are stable.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Account {
    /// Every step was observed, and all nodes agree.
    pub ok: bool,
    /// What went wrong or differed, if anything did.
    pub differed: Option<String>,
    /// The network of this run alone.
    pub network: String,
    /// Where the homes are, or were.
    pub homes: std::path::PathBuf,
    pub cast: Vec<Member>,
    pub steps: Vec<Step>,
    /// The events as each node folds them at the end.
    pub states: Vec<State>,
    /// The verdicts that every node was asked to explain.
    pub explained: Option<Explained>,
    pub traffic: Vec<Traffic>,
    pub millis: u64,
}

/// One of the cast.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Member {
    pub name: String,
    /// What they are in the story.
    pub part: &'static str,
    pub feed: FeedId,
    /// How their node reaches others at first.
    pub reach: &'static str,
}

/// One thing that happened, and who saw it.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Step {
    pub title: String,
    /// Who typed it, and what, as far as the step is a command.
    pub typed: Vec<Typed>,
    pub seen: Vec<Seen>,
    pub millis: u64,
}

/// A command somebody typed.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Typed {
    pub who: String,
    pub command: String,
}

/// What was really observed at one node.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Seen {
    pub who: String,
    pub what: String,
    /// Bytes that came to this node during the step, by path: `lan`, `pub` or `peer`.
    pub came: BTreeMap<String, u64>,
}

/// One node's fold.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct State {
    pub who: String,
    /// SHA-256 of what `klatch event show --json` printed of all events and dates, in hex.
    pub sha256: String,
    pub bytes: usize,
}

/// The verdicts that were asked why: how everybody stands with every event and date.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Explained {
    /// How many, by each of the nodes.
    pub verdicts: usize,
    pub nodes: usize,
    /// The rules that were given as reasons, by each node.
    pub reasons: usize,
    /// The different entries that those rest on.
    pub entries: usize,
}

/// What one node received and sent in the whole story, by path.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Traffic {
    pub who: String,
    pub received: BTreeMap<String, u64>,
    pub sent: BTreeMap<String, u64>,
}

/// Characters of the column of names.
const NAME_WIDTH: usize = 6;

impl Account {
    /// The first lines: who takes part.
    pub fn opening(&self, ink: Ink) -> String {
        let mut text = format!(
            "{}\n{}\n\n",
            ink.bold("An evening among real nodes"),
            ink.dim(&format!("{} processes, network {}, loopback only", self.cast.len(), self.network)),
        );
        for member in &self.cast {
            let id = crate::names::short(&member.feed);
            text += &format!(
                "  {:<NAME_WIDTH$} {:<8} {}  {}\n",
                member.name,
                member.part,
                ink.dim(&id),
                member.reach
            );
        }
        text
    }

    /// The last lines: whether all agree, and what it took.
    pub fn ending(&self, ink: Ink) -> String {
        let mut text = String::new();
        if !self.states.is_empty() {
            text += &format!("\n{}\n", ink.bold("The events, as each node folds them"));
            for state in &self.states {
                let hash = state.sha256.get(..16).unwrap_or(&state.sha256);
                text += &format!("  {:<NAME_WIDTH$} {} bytes  sha256 {hash}…\n", state.who, state.bytes);
            }
        }
        if !self.traffic.is_empty() {
            text += &format!("\n{}\n", ink.bold("Bytes on the wire"));
            for line in &self.traffic {
                let (received, sent) = (paths(&line.received), paths(&line.sent));
                text += &format!("  {:<NAME_WIDTH$} in {received:<34}  out {sent}\n", line.who);
            }
        }
        if let Some(Explained { verdicts, nodes, reasons, entries }) = self.explained {
            text += &format!(
                "\n{verdicts} verdicts explained, by each of {nodes} nodes with the same {reasons} reasons; they rest on {entries} entries, and every node holds those.\n"
            );
        }
        let took = seconds(self.millis);
        text += &match &self.differed {
            None => {
                ink.good(&format!("\nAll {} nodes agree, byte for byte, after {took}.\n", self.states.len()))
            }
            Some(what) => format!("\n{}\n  {what}\n", ink.warn(&format!("It differed, after {took}:"))),
        };
        text
    }
}

impl Step {
    /// The step as a paragraph.
    pub fn text(&self, number: usize, ink: Ink) -> String {
        let mut text =
            format!("\n{number:>2}  {}  {}\n", ink.bold(&self.title), ink.dim(&seconds(self.millis)));
        for typed in &self.typed {
            text += &format!(
                "    {:<NAME_WIDTH$} {}\n",
                typed.who,
                ink.dim(&format!("$ klatch {}", brief(&typed.command)))
            );
        }
        for seen in &self.seen {
            let came =
                if seen.came.is_empty() { String::new() } else { format!("  ({})", paths(&seen.came)) };
            text +=
                &format!("    {:<NAME_WIDTH$} {} {}{}\n", seen.who, ink.good("✓"), seen.what, ink.dim(&came));
        }
        text
    }
}

/// A command with its ids cut short: they are long, and stand whole in `--json`.
fn brief(command: &str) -> String {
    let word = |word: &str| match word.starts_with("feed1") || word.starts_with("entry1") {
        true => match word.split_once('@') {
            Some((feed, address)) => format!("{}…@{address}", crate::names::short(&feed)),
            None => format!("{}…", crate::names::short(&word)),
        },
        false => word.to_owned(),
    };
    command.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// A duration as the account counts it.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn seconds(millis: u64) -> String {
    match millis {
        0..1000 => format!("{millis} ms"),
        _ => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
    }
}

fn paths(bytes: &BTreeMap<String, u64>) -> String {
    let one = |(path, bytes): (&String, &u64)| match bytes {
        0..10_000 => format!("{path} {bytes} B"),
        _ => format!("{path} {} kB", bytes / 1000),
    };
    bytes.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_tells_who_typed_what_and_who_saw_it_by_which_path() {
        let step = Step {
            title: "Cleo waits".to_owned(),
            typed: vec![Typed {
                who: "Cleo".to_owned(),
                command: "rsvp entry1qqqqqqqqqqqqqqqqqqqqqqqqq yes".to_owned(),
            }],
            seen: vec![Seen {
                who: "Hana".to_owned(),
                what: "third in line".to_owned(),
                came: BTreeMap::from([("lan".to_owned(), 412), ("pub".to_owned(), 15_300)]),
            }],
            millis: 1_250,
        };
        let text = "\n 3  Cleo waits  1.2 s\n    Cleo   $ klatch rsvp entry1qqqqqqqq… yes\n    Hana   ✓ third in line  (lan 412 B, pub 15 kB)\n";
        assert_eq!(step.text(3, Ink::PLAIN), text);
    }
}
