//! How a person is shown: a name, and initials on a hue that belongs to their feed.

use klatch_feed::FeedId;

use crate::foreign;
use crate::names::short;

/// How many hues the stylesheet has.
const HUES: u8 = 12;

/// A person on a page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Face {
    pub(super) feed: String,
    /// Harmless, and never empty.
    pub(super) name: String,
    pub(super) initials: String,
    /// The class of the hue.
    pub(super) hue: String,
}

impl Face {
    pub(super) fn of(feed: &FeedId, name: &str) -> Self {
        let name = if name.trim().is_empty() { short(feed) } else { foreign::line(name) };
        let hue = format!("hue-{}", feed.as_bytes()[0] % HUES);
        Self { feed: feed.to_string(), initials: initials(&name), hue, name }
    }
}

/// The first letters of the first and the last word.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let (first, last) = (words.next(), words.next_back());
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_letters_of_names() {
        let cases =
            [("Ana", "A"), ("ana maria costa", "AC"), ("ß x", "SSX"), ("🎉 !", ""), ("東京 太郎", "東太")];
        for (name, shown) in cases {
            assert_eq!(initials(name), shown, "{name}");
        }
    }

    #[test]
    fn who_has_no_name_is_shown_by_the_beginning_of_their_id() {
        let feed = FeedId::new([25; 32]);
        let face = Face::of(&feed, " ");
        assert_eq!((face.name, face.hue), (short(&feed), "hue-1".to_owned()));
    }
}
