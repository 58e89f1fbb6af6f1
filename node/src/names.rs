//! What people call things: an id, an unambiguous beginning of one, a petname, a name or a title.
//!
//! Ids win over names, and petnames over what people call themselves, so that nobody can name themselves
//! into somebody else's place. Nothing is guessed: two that match are a question, not an answer.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::{EntryId, EventState, FeedId, Kind, Verified};
use klatch_store::{DiskError, Snapshot};

use crate::daemon::{Among, Refusal, Sentence, Spaces, hidden, today};

/// Fewest letters after `feed1` or `entry1` that may stand for an id.
pub const BEGINNING_MIN: usize = 4;
/// Letters of an id in full, after its `1`: 52 for 32 bytes, 6 for the checksum.
const ID_LETTERS: usize = 58;
/// Most entries that are looked at for a beginning of an id.
const ENTRIES_MAX: usize = 4096;
/// Most candidates that are shown.
const CANDIDATES_MAX: usize = 8;

/// A beginning of an id, long enough to be pasted back.
pub fn short(id: &impl ToString) -> String {
    let text = id.to_string();
    let end = text.find('1').map_or(text.len(), |one| (one + 9).min(text.len()));
    text[..end].to_owned()
}

/// Finds the person that `text` names. A full id need not be known; all else must be.
pub fn person(snapshot: &Snapshot, me: FeedId, text: &str) -> Result<FeedId, Refusal> {
    let text = text.trim();
    if text == "me" {
        return Ok(me);
    }
    if let Some(letters) = text.strip_prefix("feed1") {
        if letters.len() >= ID_LETTERS {
            return text.parse().map_err(|error: klatch_feed::id::IdError| mistyped(text, &error));
        }
        beginning(text, letters)?;
        let known = people(snapshot, me)?;
        return one(
            text,
            Among::People,
            known.keys().filter(|feed| feed.to_string().starts_with(text)),
            |feed| known.get(feed).cloned().unwrap_or_default(),
        );
    }
    // People are meant, who have one name under all their keys.
    let lineage = snapshot.lineage()?;
    let petnames = snapshot.locals(Spaces::PETNAME)?;
    let now = |feed: FeedId| today(snapshot, &lineage, &feed);
    let petnamed = petnames
        .into_iter()
        .filter(|(_, name)| name == text.as_bytes())
        .filter_map(|(key, _)| Some(now(FeedId::new(key.try_into().ok()?))))
        .collect::<Result<BTreeSet<_>, _>>()?;
    if !petnamed.is_empty() {
        return one(text, Among::People, petnamed.iter(), |_| text.to_owned());
    }
    let known = people(snapshot, me)?;
    let named = known.iter().filter(|(_, name)| same(name, text)).map(|(feed, _)| now(*feed));
    let named = named.collect::<Result<BTreeSet<_>, _>>()?;
    one(text, Among::People, named.iter(), |feed| known.get(feed).cloned().unwrap_or_default())
}

/// Everybody this node has heard of, with what they call themselves.
fn people(snapshot: &Snapshot, me: FeedId) -> Result<BTreeMap<FeedId, String>, DiskError> {
    let mut known = BTreeMap::new();
    for (feed, _) in snapshot.feeds()? {
        known.insert(feed, snapshot.profile(&feed)?.map(|(name, _)| name).unwrap_or_default());
    }
    for space in [Spaces::FOLLOW, Spaces::PETNAME, Spaces::BLOCK, Spaces::PEER, Spaces::PUB, Spaces::MEMBER] {
        for (key, _) in snapshot.locals(space)? {
            if let Ok(bytes) = <[u8; 32]>::try_from(key) {
                known.entry(FeedId::new(bytes)).or_default();
            }
        }
    }
    known.entry(me).or_default();
    Ok(known)
}

/// Finds the group that `text` names.
pub fn group(snapshot: &Snapshot, text: &str) -> Result<EntryId, Refusal> {
    object(snapshot, text, Among::Groups)
}

/// Finds the event that `text` names.
pub fn event(snapshot: &Snapshot, text: &str) -> Result<EntryId, Refusal> {
    object(snapshot, text, Among::Events)
}

/// Finds the group or event that `text` names.
pub fn object(snapshot: &Snapshot, text: &str, among: Among) -> Result<EntryId, Refusal> {
    let text = text.trim();
    let letters = text.strip_prefix("entry1");
    if letters.is_some_and(|letters| letters.len() >= ID_LETTERS) {
        // Looked up, and not looked for: pages and programs name everything so.
        let id: EntryId = text.parse().map_err(|error: klatch_feed::id::IdError| mistyped(text, &error))?;
        let is_one = (among != Among::Events && snapshot.is_group(&id)?)
            || (among != Among::Groups && snapshot.is_event(&id)?);
        return one(text, among, Some(&id).filter(|_| is_one).into_iter(), |_| String::new());
    }
    let known = objects(snapshot, among)?;
    let title = |id: &EntryId| known.get(id).cloned().unwrap_or_default();
    let Some(letters) = letters else {
        return one(text, among, known.iter().filter(|(_, name)| same(name, text)).map(|(id, _)| id), title);
    };
    beginning(text, letters)?;
    one(text, among, known.keys().filter(|id| id.to_string().starts_with(text)), title)
}

/// Finds the occurrence of a series that `text` means: the date or the local start by which it is named, or else
/// those to which it was moved. Answers with its name.
pub fn occurrence(event: &EventState, text: &str) -> Result<String, Refusal> {
    let wrong = |problem: String| {
        let problem = Sentence::said("refused-no-such-date", &event.title, problem);
        Refusal::Mistyped { text: text.trim().to_owned(), problem }
    };
    let start = text.trim().replacen(' ', "T", 1);
    if event.founded_start.is_none() {
        return Err(wrong(format!("{:?} is no series: leave --on out", event.title)));
    }
    let is_date = start.len() == "2026-12-10".len();
    let means = |name: &str| if is_date { name.get(..10) == Some(&start[..]) } else { name == start };
    let names = event.occurrence_names();
    let mut found: Vec<_> = names.iter().filter(|name| means(name)).cloned().collect();
    if found.is_empty() {
        let moved = event.occurrences.iter().filter(|line| means(&line.start));
        found = moved.map(|line| line.occ.clone()).filter(|occ| names.contains(occ)).collect();
    }
    match &found[..] {
        [one] => Ok(one.clone()),
        [] => Err(wrong(format!(
            "{:?} has no occurrence then; write a date as 2026-12-10: {}",
            event.title,
            names.iter().take(CANDIDATES_MAX).map(|name| &name[..]).collect::<Vec<_>>().join(", ")
        ))),
        _ => Err(Refusal::Ambiguous { text: text.to_owned(), candidates: found }),
    }
}

/// Finds the entry that `text`, an id or a beginning of one, names: any where it is a whole id, else one of `me`.
pub fn own_entry(snapshot: &Snapshot, me: FeedId, text: &str) -> Result<EntryId, Refusal> {
    let is_whole = text.trim().len() >= "entry1".len() + ID_LETTERS;
    entry_where(snapshot, text, Among::Own, |entry| is_whole || entry.header().author == me)
}

/// Finds the entry of anybody that `text`, an id or a beginning of one, names.
pub fn entry(snapshot: &Snapshot, text: &str) -> Result<EntryId, Refusal> {
    entry_where(snapshot, text, Among::Entries, |_| true)
}

/// ... one of that kind.
pub fn entry_of(snapshot: &Snapshot, text: &str, kind: Kind) -> Result<EntryId, Refusal> {
    entry_where(snapshot, text, Among::Entries, |entry| entry.header().kind == kind)
}

fn entry_where(
    snapshot: &Snapshot,
    text: &str,
    among: Among,
    fits: impl Fn(&Verified) -> bool,
) -> Result<EntryId, Refusal> {
    let text = text.trim();
    let wrong = |problem: &str| Refusal::Mistyped {
        text: text.to_owned(),
        problem: Sentence::said("refused-id", "", problem),
    };
    let letters = text.strip_prefix("entry1");
    let letters = letters.ok_or_else(|| wrong("expected an entry's id, entry1…: `klatch log` shows them"))?;
    let prefix = match letters.len() >= ID_LETTERS {
        true => {
            let id: EntryId =
                text.parse().map_err(|error: klatch_feed::id::IdError| mistyped(text, &error))?;
            id.as_bytes().to_vec()
        }
        false => {
            beginning(text, letters)?;
            bytes_of(letters).ok_or_else(|| wrong("these are no letters of an id"))?
        }
    };
    let mut found = Vec::new();
    for id in snapshot.entries_starting(&prefix, ENTRIES_MAX)? {
        let is_one = snapshot.entry(&id)?.is_some_and(|entry| fits(&entry));
        if is_one && id.to_string().starts_with(text) {
            found.push(id);
        }
    }
    one(text, among, found.iter(), |_| String::new())
}

/// The whole bytes that letters of bech32 stand for.
fn bytes_of(letters: &str) -> Option<Vec<u8>> {
    const LETTERS: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for letter in letters.chars() {
        bits = (bits << 5 | u32::try_from(LETTERS.find(letter)?).ok()?) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

fn objects(snapshot: &Snapshot, among: Among) -> Result<BTreeMap<EntryId, String>, DiskError> {
    let mut known = BTreeMap::new();
    if among != Among::Events {
        known.extend(snapshot.group_names()?);
    }
    if among != Among::Groups {
        for (id, event) in snapshot.events_titled()? {
            known.insert(id, hidden::title(snapshot, &id, event)?);
        }
    }
    Ok(known)
}

fn same(name: &str, text: &str) -> bool {
    !text.is_empty() && name.to_lowercase() == text.to_lowercase()
}

fn mistyped(text: &str, error: &klatch_feed::id::IdError) -> Refusal {
    Refusal::Mistyped { text: text.to_owned(), problem: Sentence::said("refused-id", "", error.to_string()) }
}

fn beginning(text: &str, letters: &str) -> Result<(), Refusal> {
    match letters.len() < BEGINNING_MIN {
        true => {
            let problem = format!("a beginning of an id has at least {BEGINNING_MIN} letters after the 1");
            let problem = Sentence::said("refused-id", "", problem);
            Err(Refusal::Mistyped { text: text.to_owned(), problem })
        }
        false => Ok(()),
    }
}

/// The one that matches.
fn one<'a, T: Copy + ToString + 'a>(
    text: &str,
    among: Among,
    matches: impl Iterator<Item = &'a T>,
    name: impl Fn(&T) -> String,
) -> Result<T, Refusal> {
    let matches: Vec<_> = matches.collect();
    match matches[..] {
        [] => Err(Refusal::Unknown { text: text.to_owned(), among }),
        [one] => Ok(*one),
        _ => {
            let show = |id: &&T| match name(id) {
                name if name.is_empty() => id.to_string(),
                name => format!("{} ({name})", id.to_string()),
            };
            let mut candidates: Vec<_> = matches.iter().take(CANDIDATES_MAX).map(show).collect();
            if let Some(more) = matches.len().checked_sub(CANDIDATES_MAX).filter(|more| *more > 0) {
                candidates.push(format!("one of {more} more"));
            }
            Err(Refusal::Ambiguous { text: text.to_owned(), candidates })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(text: &str, known: &[&str]) -> Result<String, Refusal> {
        let known: Vec<_> = known.iter().map(|name| Name(name)).collect();
        one(text, Among::Events, known.iter().filter(|n| n.0.starts_with(text)), |_| "Tea".to_owned())
            .map(|name| name.0.to_owned())
    }

    #[derive(Clone, Copy)]
    struct Name<'a>(&'a str);
    #[expect(clippy::to_string_trait_impl, reason = "a stand-in for an id, of any length")]
    impl ToString for Name<'_> {
        fn to_string(&self) -> String {
            self.0.to_owned()
        }
    }

    #[test]
    fn two_that_match_are_a_question() {
        assert_eq!(pick("ab", &["abc", "xyz"]), Ok("abc".to_owned()));
        assert!(matches!(pick("q", &["abc"]), Err(Refusal::Unknown { .. })));
        let Err(Refusal::Ambiguous { candidates, .. }) = pick("ab", &["abc", "abd"]) else {
            panic!("one won")
        };
        assert_eq!(candidates, ["abc (Tea)", "abd (Tea)"]);
    }

    #[test]
    fn a_long_list_of_candidates_is_cut_and_says_so() {
        let Err(Refusal::Ambiguous { candidates, .. }) = pick("a", &["ab"; 10]) else { panic!("one won") };
        assert_eq!((candidates.len(), &candidates[8][..]), (9, "one of 2 more"));
    }

    #[test]
    fn letters_stand_for_the_bytes_that_an_id_begins_with() {
        let id = EntryId::new(std::array::from_fn(|at| (at * 37 + 11) as u8));
        let text = id.to_string();
        for letters in 4..52 {
            let bytes = bytes_of(&text[6..6 + letters]).unwrap();
            assert_eq!((bytes.len(), &bytes[..]), (letters * 5 / 8, &id.as_bytes()[..letters * 5 / 8]));
        }
        assert_eq!(bytes_of("abib"), None, "no letters of an id");
    }

    #[test]
    fn a_beginning_needs_four_letters() {
        assert!(beginning("feed1abc", "abc").is_err());
        assert!(beginning("feed1abcd", "abcd").is_ok());
    }

    #[test]
    fn an_occurrence_is_named_by_its_date_its_start_or_where_it_moved_to() {
        let none: [u8; 0] = [];
        let names = ["2026-12-03T18:30", "2026-12-10T18:30", "2026-12-10T21:00", "2026-12-17T18:30"];
        let event = |series: bool| -> EventState {
            let mut event = serde_json::json!({
                "id": EntryId::new([1; 32]), "group": null, "in_group": false, "author": FeedId::new([2; 32]),
                "title": "Tea", "start": names[0], "zone": "UTC", "minutes": 60, "place": "", "about": "",
                "capacity": null, "split": false, "revision": 0, "tips": none, "cancelled": false, "hosts": none,
                "seated": none, "waiting": none, "provisional": none, "unranked": none, "maybe": none, "no": none,
                "attendance": none, "incomplete": false,
            });
            if series {
                event["founded_start"] = names[0].into();
                event["repeat"] = "FREQ=WEEKLY;COUNT=3".into();
                event["extra"] = serde_json::json!([names[2]]);
                let moved = |occ: &str, to: &str| serde_json::json!({ "occ": occ, "start": to });
                event["occurrences"] =
                    vec![moved(names[3], "2026-12-18T18:30"), moved(names[0], names[1])].into();
            }
            serde_json::from_value(event).expect("a state")
        };
        let tea = event(true);
        assert_eq!(tea.occurrence_names(), names);
        let cases = [
            ("2026-12-03", names[0]),
            (" 2026-12-10 21:00", names[2]),
            ("2026-12-10T18:30", names[1]), // Another one has moved to there, and is not called so.
            ("2026-12-18", names[3]),
        ];
        for (text, occ) in cases {
            assert_eq!(occurrence(&tea, text).as_deref(), Ok(occ), "{text}");
        }
        let Err(Refusal::Ambiguous { candidates, .. }) = occurrence(&tea, "2026-12-10") else {
            panic!("two on one day")
        };
        assert_eq!(candidates, [names[1], names[2]]);
        for text in ["2026-12-04", "", "2026-12", "next"] {
            assert!(matches!(occurrence(&tea, text), Err(Refusal::Mistyped { .. })), "{text}");
        }
        assert!(
            matches!(occurrence(&event(false), "2026-12-03"), Err(Refusal::Mistyped { .. })),
            "no series"
        );
    }
}
