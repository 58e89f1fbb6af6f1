//! Text of people on a page: paragraphs, lines, and links to the web, which are all that is ever a link.

use crate::foreign;

/// A piece of a line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Piece {
    /// Text, harmless.
    Text(String),
    /// An address that a browser may open, which is also what it is shown as.
    Link(String),
}

/// Lines of pieces; an empty line parts paragraphs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Prose {
    pub(super) paragraphs: Vec<Vec<Vec<Piece>>>,
}

impl Prose {
    pub(super) fn of(text: &str) -> Self {
        let text = foreign::lines(text);
        let mut paragraphs: Vec<Vec<Vec<Piece>>> = Vec::new();
        let mut is_open = false;
        for line in text.lines() {
            let is_blank = line.trim().is_empty();
            if !is_blank && !is_open {
                paragraphs.push(Vec::new());
            }
            if let Some(paragraph) = paragraphs.last_mut().filter(|_| !is_blank) {
                paragraph.push(pieces(line));
            }
            is_open = !is_blank;
        }
        Self { paragraphs }
    }

    /// What somebody gave as links, one below the other: what is none stays text.
    pub(super) fn links(given: &[String]) -> Self {
        let piece = |text: &String| match address(text) {
            Some(link) => Piece::Link(link.to_owned()),
            None => Piece::Text(foreign::line(text)),
        };
        let lines: Vec<_> = given.iter().map(|text| vec![piece(text)]).collect();
        Self { paragraphs: if lines.is_empty() { Vec::new() } else { vec![lines] } }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.paragraphs.is_empty()
    }
}

fn pieces(line: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut text = String::new();
    for word in line.split_inclusive(char::is_whitespace) {
        let shown = word.trim_end();
        // What ends a sentence or brackets an address is no part of it.
        let start = shown.len() - shown.trim_start_matches(['(', '<', '"', '\'']).len();
        let end = shown.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '>', '"', '\'']).len();
        match shown.get(start..end).and_then(address) {
            Some(link) => {
                text.push_str(&word[..start]);
                found.extend((!text.is_empty()).then(|| Piece::Text(std::mem::take(&mut text))));
                found.push(Piece::Link(link.to_owned()));
                text.push_str(&word[end..]);
            }
            None => text.push_str(word),
        }
    }
    found.extend((!text.is_empty()).then_some(Piece::Text(text)));
    found
}

/// What a browser may open: the web, and mail.
pub(super) fn address(text: &str) -> Option<&str> {
    let mail = text.strip_prefix("mailto:").filter(|rest| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._+@".contains(c);
        rest.contains('@') && rest.chars().all(is_plain)
    });
    foreign::link(text).or(mail.map(|_| text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<String> {
        let prose = Prose::of(text);
        let pieces = prose.paragraphs.into_iter().flatten().flatten();
        pieces.filter_map(|piece| if let Piece::Link(link) = piece { Some(link) } else { None }).collect()
    }

    #[test]
    fn addresses_on_the_web_and_of_mail_are_links_and_nothing_else_is() {
        assert_eq!(
            links("see (https://example.org/a_(b), or mailto:ana@example.org."),
            ["https://example.org/a_(b", "mailto:ana@example.org"]
        );
        for text in
            ["javascript:alert(1)", "data:text/html,x", "mailto:<b>@x", "https://a\"onclick=x", "//x.y"]
        {
            assert!(links(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn given_links_are_links_whole_or_text() {
        let given = ["https://example.org/a_(b)", "javascript:alert(1)", "a https://example.org\u{202e}"];
        let lines = &Prose::links(&given.map(str::to_owned)).paragraphs[0];
        assert_eq!(
            lines.concat(),
            [
                Piece::Link("https://example.org/a_(b)".to_owned()),
                Piece::Text("javascript:alert(1)".to_owned()),
                Piece::Text("a https://example.org\u{fffd}".to_owned()),
            ]
        );
        assert!(Prose::links(&[]).is_empty());
    }

    #[test]
    fn nothing_of_a_text_is_lost_and_blank_lines_part_paragraphs() {
        let prose = Prose::of("one https://example.org two\nthree\n\n\nfour\u{202e}");
        assert_eq!(prose.paragraphs.len(), 2);
        assert_eq!(
            prose.paragraphs[0][0],
            [
                Piece::Text("one ".to_owned()),
                Piece::Link("https://example.org".to_owned()),
                Piece::Text(" two".to_owned())
            ]
        );
        assert_eq!(prose.paragraphs[1][0], [Piece::Text("four\u{fffd}".to_owned())]);
        assert!(Prose::of(" \n").is_empty());
    }
}
