//! The page's words: one catalogue a language, one file of it a page. Which language: the cookie `lang`, else
//! what the browser asks for, else English.
//!
//! A test compares the catalogues with each other and with the keys that the code names.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::foreign;

/// Reads the files of one language.
macro_rules! catalogue {
    ($language:literal) => {
        &[
            include_str!(concat!("words/", $language, "/frame.ftl")),
            include_str!(concat!("words/", $language, "/when.ftl")),
            include_str!(concat!("words/", $language, "/home.ftl")),
            include_str!(concat!("words/", $language, "/event.ftl")),
            include_str!(concat!("words/", $language, "/groups.ftl")),
            include_str!(concat!("words/", $language, "/inbox.ftl")),
            include_str!(concat!("words/", $language, "/log.ftl")),
            include_str!(concat!("words/", $language, "/network.ftl")),
            include_str!(concat!("words/", $language, "/operator.ftl")),
            include_str!(concat!("words/", $language, "/people.ftl")),
            include_str!(concat!("words/", $language, "/polls.ftl")),
            include_str!(concat!("words/", $language, "/scan.ftl")),
            include_str!(concat!("words/", $language, "/settings.ftl")),
            include_str!(concat!("words/", $language, "/start.ftl")),
            include_str!(concat!("words/", $language, "/schedule.ftl")),
            include_str!(concat!("words/", $language, "/seats.ftl")),
            include_str!(concat!("words/", $language, "/door.ftl")),
            include_str!(concat!("words/", $language, "/found.ftl")),
            include_str!(concat!("words/", $language, "/public.ftl")),
            include_str!(concat!("words/", $language, "/refused.ftl")),
            include_str!(concat!("words/", $language, "/talk.ftl")),
        ]
    };
}

const ENGLISH_FILES: &[&str] = catalogue!("en");
const GERMAN_FILES: &[&str] = catalogue!("de");
static ENGLISH: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::read("en", ENGLISH_FILES));
static GERMAN: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::read("de", GERMAN_FILES));

struct Catalogue(FluentBundle<FluentResource>);

impl Catalogue {
    fn read(tag: &str, files: &[&str]) -> Self {
        let language: LanguageIdentifier = tag.parse().expect("a tag of ours is one");
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // What comes from people is set apart by `Words::with`, and numbers need it not.
        bundle.set_use_isolating(false);
        for file in files {
            let resource = FluentResource::try_new((*file).to_owned()).expect("a test reads every file");
            bundle.add_resource(resource).expect("a test sees to it that no key stands twice");
        }
        Self(bundle)
    }
}

/// A language that the page speaks whole.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Words {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

/// What stands in the place of a placeable.
#[derive(Clone, Copy, Debug)]
pub enum Arg<'a> {
    /// A number, by which a language chooses its form.
    Number(u64),
    /// Words of the page itself.
    Own(&'a str),
    /// Text of people: made harmless, and kept from turning the direction of what stands around it.
    Foreign(&'a str),
}

impl Words {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// Its tag, for `lang` and the cookie.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// What it calls itself.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// In which direction it is written.
    pub fn direction(self) -> &'static str {
        match self {
            Self::English | Self::German => "ltr",
        }
    }

    /// The language of a tag such as `de` or `de-AT`.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let first = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|words| words.tag().eq_ignore_ascii_case(first))
    }

    /// What a browser asks for first among those that there are.
    pub fn of_accepted(accepted: &str) -> Option<Self> {
        let weight = |quality: Option<&str>| {
            quality.and_then(|q| q.trim().strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0)
        };
        let parsed = accepted.split(',').filter_map(|part| {
            let mut parts = part.trim().split(';');
            let words = Self::of_tag(parts.next()?)?;
            Some((weight(parts.next()), words))
        });
        // The first of equals.
        let better = |best: Option<(f32, Self)>, next: (f32, Self)| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        };
        parsed.filter(|(weight, _)| *weight > 0.0).fold(None, better).map(|(_, words)| words)
    }

    /// What something is called; where that is hidden, in words of the page.
    pub fn title(self, title: &str) -> String {
        match title == crate::daemon::HIDDEN_TITLE {
            true => self.say("event-hidden-title"),
            false => foreign::line(title),
        }
    }

    /// The text of a key that takes nothing.
    pub fn say(self, key: &str) -> String {
        self.with(key, &[])
    }

    /// The text of a key that takes `count`.
    pub fn count(self, key: &str, count: impl Count) -> String {
        self.with(key, &[("count", Arg::Number(count.count()))])
    }

    /// The text of a key that takes text of people in the place of `who`.
    pub fn of(self, key: &str, who: &str) -> String {
        self.with(key, &[("who", Arg::Foreign(who))])
    }

    /// The text of a key; an unknown key is shown as it is, and a test sees to it that there is none.
    pub fn with(self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        let bundle = match self {
            Self::English => &ENGLISH.0,
            Self::German => &GERMAN.0,
        };
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let mut values = FluentArgs::new();
        for (name, arg) in args {
            let value: FluentValue<'_> = match arg {
                Arg::Number(number) => FluentValue::from(*number),
                Arg::Own(text) => FluentValue::from(*text),
                Arg::Foreign(text) => FluentValue::from(set_apart(text)),
            };
            values.set(*name, value);
        }
        bundle.format_pattern(pattern, Some(&values), &mut Vec::new()).into_owned()
    }
}

/// Between marks that keep its direction to itself.
fn set_apart(text: &str) -> String {
    format!("\u{2068}{}\u{2069}", foreign::line(text))
}

/// Whatever can be counted: templates hand over what they have.
pub trait Count {
    /// How many.
    fn count(&self) -> u64;
}

impl Count for u64 {
    fn count(&self) -> u64 {
        *self
    }
}
impl Count for u32 {
    fn count(&self) -> u64 {
        u64::from(*self)
    }
}
impl Count for usize {
    fn count(&self) -> u64 {
        u64::try_from(*self).unwrap_or(u64::MAX)
    }
}
impl<T: Count> Count for &T {
    fn count(&self) -> u64 {
        (*self).count()
    }
}

#[cfg(test)]
mod tests;
