//! What a command prints: results to standard output, all else to standard error.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::exit::CliError;
use crate::config::Config;
use crate::foreign;

/// Prints in the way the command line asked for.
#[derive(Debug)]
pub struct Printer {
    json: bool,
    quiet: bool,
    /// How text is set off.
    pub ink: Ink,
}

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub struct Ink(bool);

impl Printer {
    /// The way `config` asks for.
    pub fn new(config: &Config) -> Self {
        Self { json: config.json, quiet: config.quiet, ink: Ink(config.paint) }
    }

    /// Whether pictures and other extras have a place.
    pub fn is_plain_screen(&self) -> bool {
        !self.json && !self.quiet
    }

    /// Prints the result: as JSON, or as the text that `screen` makes of it.
    pub fn result<T: Serialize>(
        &self,
        value: &T,
        screen: impl FnOnce(Ink) -> String,
    ) -> Result<(), CliError> {
        let mut text = match self.json {
            true => serde_json::to_string_pretty(value).expect("answers are JSON"),
            false => screen(self.ink),
        };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        self.raw(text.as_bytes())
    }

    /// Prints bytes as they are. A reader that went away has had enough.
    pub fn raw(&self, bytes: &[u8]) -> Result<(), CliError> {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            done => done.map_err(CliError::Output),
        }
    }

    /// Says what could be done next.
    pub fn hint(&self, text: impl std::fmt::Display) {
        if self.is_plain_screen() {
            let _ = writeln!(io::stderr(), "{text}"); // Nobody is left to tell if this fails.
        }
    }

    /// Says on standard error what programs must not miss either: what is printed is not all. Nothing with --quiet.
    pub fn warn(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{text}"); // As above.
        }
    }

    /// Shows how far long work is, at a terminal.
    pub fn bar(&self, what: &'static str) -> ProgressBar {
        if !self.is_plain_screen() || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} entries, {eta}")
            .expect("the template is one");
        ProgressBar::new(0).with_style(style).with_message(what)
    }
}

impl Ink {
    /// No colours.
    pub const PLAIN: Self = Self(false);

    fn set(self, code: &str, text: &str) -> String {
        match self.0 {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
    /// Titles.
    pub fn bold(self, text: &str) -> String {
        self.set("1", text)
    }
    /// What is there to be copied rather than read.
    pub fn dim(self, text: &str) -> String {
        self.set("2", text)
    }
    /// What went well.
    pub fn good(self, text: &str) -> String {
        self.set("32", text)
    }
    /// What needs a look.
    pub fn warn(self, text: &str) -> String {
        self.set("33", text)
    }
}

/// Text of other people, harmless in a terminal.
pub fn plain(text: &str) -> String {
    foreign::line(text)
}

/// As [`plain`], of several lines, each set in by `indent`.
pub(super) fn plain_lines(text: &str, indent: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join(&format!("\n{indent}"))
}

/// `1 entry`, `2 entries`.
pub(super) fn count(number: impl Into<u64>, one: &str, many: &str) -> String {
    let number = number.into();
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Rows in columns; the last column is as long as it likes.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| wide(cell)).max().unwrap_or(0);
    let widths: Vec<_> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            line.push_str(cell);
            if at + 1 < row.len() {
                line.extend(std::iter::repeat_n(' ', widths[at] - wide(cell) + 2));
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// How many characters of a cell are seen: without the colours around it.
fn wide(cell: &str) -> usize {
    let mut seen = 0;
    let mut chars = cell.chars();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => drop(chars.by_ref().find(|c| *c == 'm')),
            _ => seen += 1,
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_others_stay_set_in() {
        assert_eq!(plain_lines("one\r\ntwo\u{85}\nthree", "  "), "one\n  two\u{fffd}\n  three");
    }

    #[test]
    fn columns_line_up_with_and_without_colour() {
        let bold = Ink(true).bold("ab");
        let text = table(&[vec![bold.clone(), "x".into()], vec!["abcd".into(), "y".into()]]);
        assert_eq!(text, format!("{bold}    x\nabcd  y\n"));
    }
}
