//! Content lines (RFC 5545, section 3.1). The crate `icalendar` escapes and folds each; components are put
//! together here, because the crate gives every one of them, zones and alarms too, a random UID.

use icalendar::{Component as _, Event, EventLike as _, Property};

use crate::foreign;

/// A component as it is written: its name and its lines, those of components within it included.
pub(super) struct Component {
    name: &'static str,
    lines: String,
}

impl Component {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, lines: String::new() }
    }

    /// Adds a line. Values of a type other than text go as they are: they are made from numbers here.
    pub(super) fn line(&mut self, property: Property) {
        let line: Result<String, _> = property.try_into();
        self.lines += &line.expect("a string takes any line");
    }

    /// Adds a line whose value cannot hold what people write.
    pub(super) fn fixed(&mut self, key: &str, value: impl Into<String>) {
        self.line(Property::new(key, value));
    }

    /// Adds a line that people wrote.
    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.line(Property::new(key, foreign::lines(text)));
    }

    /// Adds a list of words that people wrote.
    pub(super) fn categories(&mut self, words: &[String]) {
        let mut event = Event::new(); // Only this knows how to escape the items and not what is between them.
        event.categories(words.iter().map(|word| foreign::line(word)));
        for property in event.multi_properties().get("CATEGORIES").into_iter().flatten() {
            self.line(property.clone());
        }
    }

    pub(super) fn push(&mut self, child: Self) {
        self.lines += &child.finish();
    }

    pub(super) fn finish(self) -> String {
        let Self { name, lines } = self;
        format!("BEGIN:{name}\r\n{lines}END:{name}\r\n")
    }
}
