//! Why something was refused, in a sentence. Terminals, logs and scripts read it in English; where guests and organizers
//! meet it on the page, it carries the key by which the page's catalogues say it in the reader's language.

use std::fmt;
use std::ops::Deref;

use klatch_feed::post::Problem;
use serde::{Deserialize, Serialize};

/// A sentence in English, and what the page says for it. To another process it is the sentence alone.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(from = "String", into = "String")]
pub struct Sentence {
    text: Box<str>,
    said: Option<Box<Said>>,
}

/// What a page says: a key of its catalogues, and what that takes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Said {
    /// Begins with `refused-`, or with `log-` where it says what an entry does; what is read of a calendar
    /// has keys of the page on which it is.
    pub key: &'static str,
    /// For `$who`: a name, a title or what was typed.
    pub who: String,
    /// By name.
    pub numbers: Vec<(&'static str, u64)>,
}

impl Sentence {
    /// The page says `key` for it, about `who`.
    pub fn said(key: &'static str, who: &str, text: impl Into<String>) -> Self {
        Self::counted(key, who, &[], text)
    }

    /// The same with numbers.
    pub fn counted(
        key: &'static str,
        who: &str,
        numbers: &[(&'static str, u64)],
        text: impl Into<String>,
    ) -> Self {
        let said = Said { key, who: who.to_owned(), numbers: numbers.to_vec() };
        Self { text: text.into().into(), said: Some(Box::new(said)) }
    }

    /// What the page says; `None` where it shows the English.
    pub fn page(&self) -> Option<&Said> {
        self.said.as_deref()
    }
}

impl From<String> for Sentence {
    fn from(text: String) -> Self {
        Self { text: text.into(), said: None }
    }
}

impl From<&str> for Sentence {
    fn from(text: &str) -> Self {
        Self { text: text.into(), said: None }
    }
}

impl From<Sentence> for String {
    fn from(sentence: Sentence) -> Self {
        sentence.text.into()
    }
}

impl Deref for Sentence {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl From<Problem> for Sentence {
    fn from(problem: Problem) -> Self {
        let text = problem.to_string();
        let many = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        match &problem {
            Problem::Empty => Self::said("refused-empty", "", text),
            // Nobody counts in bytes, and how many letters those are that are too many is not known here.
            Problem::TooLong { max, .. } => Self::counted("refused-long", "", &[("max", many(*max))], text),
            Problem::Control { .. } => Self::said("refused-control", "", text),
            Problem::Untrimmed => Self::said("refused-untrimmed", "", text),
            Problem::Range { min, max, .. } => {
                let range = [("min", u64::from(*min)), ("max", u64::from(*max))];
                Self::counted("refused-range", "", &range, text)
            }
            Problem::Count { min, max, .. } => {
                Self::counted("refused-many", "", &[("min", many(*min)), ("max", many(*max))], text)
            }
            Problem::Twice => Self::said("refused-twice", "", text),
            Problem::NoChange => Self::said("refused-nothing", "", text),
            Problem::DoorQuota => Self::said("refused-door-quota", "", text),
            Problem::Start => Self::said("refused-start", "", text),
            Problem::Zone { zone } => Self::said("refused-zone", zone, text),
            Problem::Skipped { start, .. } => Self::said("refused-skipped", start, text),
            Problem::Rule(_) => Self::said("refused-rule", "", text),
            Problem::Cut | Problem::Geo | Problem::Lifts | Problem::Nobody => text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_another_process_a_sentence_is_its_text() {
        let sentence = Sentence::said("refused-cancelled", "Tea", "\"Tea\" is cancelled");
        let written = serde_json::to_string(&sentence).unwrap();
        assert_eq!(written, r#""\"Tea\" is cancelled""#);
        let read: Sentence = serde_json::from_str(&written).unwrap();
        assert_eq!((&*read, read.page()), (&*sentence, None));
    }
}
