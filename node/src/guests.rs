//! Guests and attendance of an event as a table (CSV, RFC 4180) that spreadsheets open.
//!
//! Cells that a spreadsheet would take for a formula begin with an apostrophe: names and notes are others' words.

use klatch_feed::FeedId;
use serde::{Deserialize, Serialize};

use crate::foreign;

/// One person of an event, or of an occurrence.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct GuestLine {
    /// By its original local start; `None` where the whole event is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occ: Option<String>,
    pub name: String,
    pub feed: FeedId,
    /// `seated`, `waiting`, `provisional`, `unranked`, `released`, `maybe`, `no`, or `none` for who gave no answer.
    pub standing: String,
    /// Place on the waiting list, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
    /// For how many persons the answer is.
    pub party: u32,
    /// The host who seated, ranked or released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    pub confirmed: bool,
    /// Time or place changed after the answer.
    pub stale: bool,
    /// What the guest wrote for the hosts.
    pub note: String,
    pub arrived: bool,
    /// How many came, where a door counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persons: Option<u32>,
    pub late: bool,
    pub left: bool,
    /// Who checked them in.
    pub doors: Vec<String>,
    /// They say that they are there, and no door does.
    pub here: bool,
}

const COLUMNS: [&str; 16] = [
    "occurrence",
    "name",
    "feed",
    "standing",
    "place",
    "party",
    "by",
    "confirmed",
    "stale",
    "note",
    "arrived",
    "persons",
    "late",
    "left",
    "doors",
    "here",
];

/// The table. `bom` begins it with a mark by which some spreadsheets know UTF-8.
pub fn to_csv(lines: &[GuestLine], bom: bool) -> Vec<u8> {
    let start = if bom { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(start);
    let rows = std::iter::once(COLUMNS.map(str::to_owned)).chain(lines.iter().map(row));
    for row in rows {
        table.write_record(row).expect("memory takes any row, and all are as long");
    }
    table.into_inner().expect("memory takes any row")
}

fn row(line: &GuestLine) -> [String; 16] {
    let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    let word = |is: bool| if is { "yes".to_owned() } else { String::new() };
    [
        cell(line.occ.as_deref().unwrap_or_default()),
        cell(&line.name),
        line.feed.to_string(),
        line.standing.clone(),
        line.place.map(|place| place.to_string()).unwrap_or_default(),
        line.party.to_string(),
        cell(line.by.as_deref().unwrap_or_default()),
        word(line.confirmed),
        word(line.stale),
        cell(&line.note),
        word(line.arrived),
        number(line.persons),
        word(line.late),
        word(line.left),
        cell(&line.doors.join(", ")),
        word(line.here),
    ]
}

/// Text that no spreadsheet computes. Leading blanks are passed over by some; the wide signs are those of
/// Japanese and Chinese keyboards.
fn cell(text: &str) -> String {
    let begins =
        |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    let is_formula = text.starts_with(begins) || text.trim_start().starts_with(begins);
    let text = foreign::line(text);
    if is_formula { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, shown) in [
            ("Ana", "Ana"),
            ("=HYPERLINK(\"http://example.org\")", "'=HYPERLINK(\"http://example.org\")"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\u{fffd}=1"),
            ("\r=1", "'\u{fffd}=1"),
            (" \u{a0}=1", "' \u{a0}=1"),
            ("＝1", "'＝1"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(cell(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_table_has_a_row_each_and_quotes_what_would_end_a_cell() {
        let line = GuestLine {
            occ: None,
            name: "Ana \"A\", of Lisbon".to_owned(),
            feed: FeedId::new([2; 32]),
            standing: "waiting".to_owned(),
            place: Some(2),
            party: 3,
            by: Some("=Ben".to_owned()),
            confirmed: true,
            stale: false,
            note: "one\ntwo".to_owned(),
            arrived: true,
            persons: Some(2),
            late: false,
            left: false,
            doors: vec!["Cat".to_owned(), "Dan".to_owned()],
            here: false,
        };
        let feed = FeedId::new([2; 32]);
        let wanted = format!(
            "{}\r\n,\"Ana \"\"A\"\", of Lisbon\",{feed},waiting,2,3,'=Ben,yes,,one two,yes,2,,,\"Cat, Dan\",\r\n",
            COLUMNS.join(",")
        );
        assert_eq!(String::from_utf8(to_csv(std::slice::from_ref(&line), false)).unwrap(), wanted);
        assert_eq!(to_csv(&[line], true), format!("\u{feff}{wanted}").into_bytes());
    }
}
