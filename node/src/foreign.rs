//! Text of other people, made harmless before it goes where another program reads it: a terminal, a calendar,
//! a table, a feed reader.
//!
//! What each form has to escape is the business of whoever writes that form; here is what none of them escapes.

/// Whether a character steers a terminal, turns the direction of writing around, breaks a line where the form
/// does not expect it, or is none in XML.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

/// One line: people write several where they may, so the end of one is a blank; what is unsafe is shown as `�`.
pub fn line(text: &str) -> String {
    let shown = |c| match c {
        '\n' => ' ',
        c if is_unsafe(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// As [`line()`], with line feeds and tabs left in.
pub fn lines(text: &str) -> String {
    text.chars().map(|c| if is_unsafe(c) && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c }).collect()
}

/// Text that is an address on the web: `http` or `https`, and only characters that a URL has (RFC 3986), so that
/// it goes unquoted into any form and opens nothing but a page.
pub fn link(text: &str) -> Option<&str> {
    let scheme_end = text.find("://")?;
    let (scheme, rest) = (&text[..scheme_end], &text[scheme_end + 3..]);
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
    (is_web && !rest.is_empty() && !rest.starts_with('/') && rest.chars().all(is_plain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_characters_are_shown_and_not_obeyed() {
        let cases = [
            ("a title", "a title"),
            ("\x1b[2Jgone", "\u{fffd}[2Jgone"),
            ("two\nlines", "two lines"),
            ("a\u{202e}b\u{2066}c\u{2069}", "a\u{fffd}b\u{fffd}c\u{fffd}"),
            ("one\u{2028}two\u{85}three", "one\u{fffd}two\u{fffd}three"),
            ("no character of XML: \u{ffff}", "no character of XML: \u{fffd}"),
            ("é ü 東京 🎉", "é ü 東京 🎉"),
        ];
        for (text, shown) in cases {
            assert_eq!(line(text), shown);
            assert_eq!(lines(text), if text.contains('\n') { text } else { shown });
        }
    }

    #[test]
    fn only_addresses_on_the_web_are_links() {
        for good in ["https://example.org", "HTTP://example.org/a?b=c&d=%20#e", "http://[2001:db8::1]:80/"] {
            assert_eq!(link(good), Some(good));
        }
        let bad = [
            "javascript:alert(1)",
            "javascript://example.org/%0aalert(1)",
            " https://example.org",
            "https://",
            "https:///etc/passwd",
            "https://example.org/a b",
            "https://example.org/\r\nBEGIN:VEVENT",
            "https://example.org/\">",
            "https://example.org/\u{202e}",
            "file:///etc/passwd",
            "data:text/html,x",
            "example.org",
            "",
        ];
        for bad in bad {
            assert_eq!(link(bad), None, "{bad}");
        }
    }
}
