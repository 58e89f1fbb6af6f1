//! What an entry says, in a few words: in English, and for pages in their language.

use klatch_feed::post::{Answer, Role, StampKind, Tone, kind};
use klatch_feed::{FeedId, Kind, Post, Verified};

use crate::daemon::response::word;
use crate::daemon::sentence::Sentence;
use crate::daemon::write::role_word;
use crate::names;

/// What an entry says.
pub(in crate::daemon) fn what(entry: &Verified) -> Sentence {
    let header = entry.header();
    let Some(post) = Post::read(header.kind, &header.refs, entry.body()) else {
        return match entry.body() {
            None => Sentence::said("log-no-text", "", without_text(header.kind)),
            Some(_) => {
                let text = format!("says something that this version does not know (kind {})", header.kind.0);
                Sentence::said("log-unknown", "", text)
            }
        };
    };
    said(&post)
}

fn said(post: &Post) -> Sentence {
    of_people(post).or_else(|| of_seats(post)).unwrap_or_else(|| of_groups(post))
}

/// A number for a page.
fn many(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// ... of what `count` things are said.
fn counted(key: &'static str, count: usize, text: impl Into<String>) -> Sentence {
    Sentence::counted(key, "", &[("count", many(count))], text)
}

/// ... of what is said of somebody.
fn about(key: &'static str, who: &FeedId, text: impl FnOnce(&str) -> String) -> Sentence {
    let who = names::short(who);
    Sentence::said(key, &who, text(&who))
}

/// Of people and what they say, whatever it is about.
fn of_people(post: &Post) -> Option<Sentence> {
    let plain = |key, text: &str| Sentence::said(key, "", text);
    Some(match post {
        Post::Genesis { succeeds: Some(succeeds), .. } => {
            let (seq, _) = succeeds.keep();
            let old = names::short(&succeeds.old().feed);
            let text = format!("went on from {old}, whose entries 1 to {seq} count");
            Sentence::counted("log-went-on", &old, &[("count", u64::from(seq))], text)
        }
        Post::Genesis { .. } => plain("log-began", "started this log"),
        Post::Profile { name, .. } => Sentence::said("log-profile", name, format!("is called {name:?}")),
        Post::Follow { subject, on: true } => {
            about("log-follow", &subject.feed, |who| format!("follows {who}"))
        }
        Post::Follow { subject, .. } => {
            about("log-unfollow", &subject.feed, |who| format!("no longer follows {who}"))
        }
        Post::Comment { text, tone: Some(Tone::Announcement), .. } => {
            Sentence::said("log-announced", text, format!("announced {text:?}"))
        }
        Post::Comment { text, .. } => Sentence::said("log-said", text, format!("said {text:?}")),
        Post::Tombstone { targets } => {
            counted("log-took-back", targets.len(), format!("took back {} of their entries", targets.len()))
        }
        Post::Hide { entries, on: true, reason, .. } => {
            let key = if reason.is_empty() { "log-hid" } else { "log-hid-why" };
            let text = format!("hid {}{}", count(entries.len(), "entry", "entries"), after_colon(reason));
            Sentence::counted(key, reason, &[("count", many(entries.len()))], text)
        }
        Post::Hide { entries, .. } => {
            let text = format!("showed {} again", count(entries.len(), "entry", "entries"));
            counted("log-showed", entries.len(), text)
        }
        Post::Sealed { keys, .. } => {
            plain("log-sealed", &format!("wrote something that {} can read", keys.len()))
        }
        _ => return None,
    })
}

/// Of an event and who comes.
fn of_seats(post: &Post) -> Option<Sentence> {
    let plain = |key, text: &str| Sentence::said(key, "", text);
    Some(match post {
        Post::Event { title, start, zone, .. } => {
            Sentence::said("log-scheduled", title, format!("scheduled {title:?} for {start} {zone}"))
        }
        Post::Update { .. } => plain("log-changed", "changed an event"),
        Post::Cancel { reason, .. } => {
            let key = if reason.is_empty() { "log-cancelled" } else { "log-cancelled-why" };
            Sentence::said(key, reason, format!("cancelled an event{}", after_colon(reason)))
        }
        Post::Skip { occ, .. } => Sentence::said(
            "log-skipped",
            &occ.replacen('T', " ", 1),
            format!("called off the occurrence of {occ}"),
        ),
        Post::Rsvp { answer, party, .. } => {
            let key = match answer {
                Answer::Yes => "log-yes",
                Answer::Maybe => "log-maybe",
                Answer::No => "log-no",
            };
            let text = match party {
                1 => format!("answered {}", word(*answer)),
                party => format!("answered {} for {party}", word(*answer)),
            };
            Sentence::counted(key, "", &[("count", u64::from(*party))], text)
        }
        Post::Confirm { .. } => plain("log-confirmed", "confirmed their yes"),
        Post::Seat { lines, .. } => {
            counted("log-ranked", lines.len(), format!("ranked {} for seats", lines.len()))
        }
        Post::Release { rsvps, .. } => {
            let text = format!("gave up {}", count(rsvps.len(), "line", "lines"));
            counted("log-gave-up", rsvps.len(), text)
        }
        Post::Close { .. } => plain("log-closed", "closed their list"),
        Post::Arrive { .. } => plain("log-arrived", "arrived"),
        Post::Here { .. } => plain("log-here", "said that they are there"),
        Post::Checkin { guest, .. } => about("log-let-in", guest, |who| format!("checked {who} in")),
        Post::Stamp { guest, what: StampKind::Late, .. } => {
            about("log-late", guest, |who| format!("noted that {who} came late"))
        }
        Post::Stamp { guest, what: StampKind::Left, .. } => {
            about("log-gone", guest, |who| format!("noted that {who} left"))
        }
        _ => return None,
    })
}

/// Of a group, its roles and its polls.
fn of_groups(post: &Post) -> Sentence {
    let plain = |key, text: &str| Sentence::said(key, "", text);
    match post {
        Post::Group { name, .. } => {
            Sentence::said("log-founded", name, format!("founded the group {name:?}"))
        }
        Post::Join { .. } => plain("log-joined", "joined a group"),
        Post::Leave { .. } => plain("log-left", "left a group"),
        Post::Grant { subject, role, .. } => {
            let key = match role {
                Role::Owner => "log-made-owner",
                Role::Organizer => "log-made-organizer",
                Role::Host => "log-made-host",
                Role::Door => "log-made-door",
            };
            about(key, &subject.feed, |who| format!("made {who} {}", role_word(*role)))
        }
        Post::Revoke { subject, cut_seq, .. } => about("log-revoked", &subject.feed, |who| {
            format!("took the roles of {who} after their entry {cut_seq}")
        }),
        Post::Accept { subject, .. } => {
            about("log-accepted", &subject.feed, |who| format!("accepted {who} in a group"))
        }
        Post::Endorse { entries, .. } => {
            let text = format!("let {} entries count that a cut voids", entries.len());
            counted("log-endorsed", entries.len(), text)
        }
        Post::Silent { subject, heir, .. } => about("log-silent", &subject.feed, |who| {
            format!("stated that {who} is silent and {} is to go on", names::short(&heir.feed))
        }),
        Post::Present { .. } => plain("log-present", "answered that they are not silent"),
        Post::Public { on: true, .. } => plain("log-public", "made a group public"),
        Post::Public { .. } => plain("log-private", "made a group public no longer"),
        Post::Poll { question, options, .. } => {
            let text = format!("asked {question:?} with {} options", options.len());
            Sentence::said("log-asked", question, text)
        }
        Post::Vote { yes, .. } => {
            let text = format!("voted for {}", count(yes.len(), "option", "options"));
            counted("log-voted", yes.len(), text)
        }
        Post::Settled { .. } => plain("log-settled", "settled a poll"),
        _ => plain("log-unknown", "says something that this version does not know"),
    }
}

/// What is said where the body is not here: taken back, or still to come.
fn without_text(of: Kind) -> &'static str {
    match of {
        kind::PROFILE => "said who they are; the text is not here",
        kind::FOLLOW => "follows somebody, or no longer; who is not here",
        kind::COMMENT => "said something; the text is not here",
        kind::POLL => "asked something; the text is not here",
        kind::VOTE => "voted; for what is not here",
        kind::SETTLED => "settled a poll",
        kind::SEALED => "wrote something for some to read; the text is not here",
        of if of.is_fold() => "said something of a meetup; what is not here",
        _ => "said something that this version does not know; the text is not here",
    }
}

/// A reason, if one is given.
fn after_colon(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

/// A number and what it counts.
fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use klatch_feed::EntryId;
    use klatch_feed::post::Person;

    use super::*;
    use crate::web::words::{Arg, Words};

    /// One of each kind that says more than its key.
    fn posts() -> Vec<Post> {
        let (id, feed) = (EntryId::new([7; 32]), FeedId::new([7; 32]));
        let person = Person { feed, genesis: id };
        let rsvp =
            |answer| Post::Rsvp { event: id, seen: vec![], answer, party: 2, note: String::new(), occ: None };
        let hide =
            |on, reason: &str| Post::Hide { object: id, entries: vec![id], on, reason: reason.to_owned() };
        let grant =
            |role| Post::Grant { object: id, subject: person, role, quota: 0, lifts: vec![], from_seq: None };
        let stamp = |what| Post::Stamp { event: id, guest: feed, what, occ: None };
        let roles = [Role::Owner, Role::Organizer, Role::Host, Role::Door].map(grant);
        let more = [
            rsvp(Answer::Yes),
            rsvp(Answer::Maybe),
            rsvp(Answer::No),
            hide(true, ""),
            hide(true, "advert"),
            hide(false, ""),
            stamp(StampKind::Late),
            stamp(StampKind::Left),
            Post::Tombstone { targets: vec![id] },
            Post::Follow { subject: person, on: true },
            Post::Follow { subject: person, on: false },
            Post::Skip { event: id, occ: "2037-12-01T18:30".to_owned() },
            Post::Cancel { event: id, reason: "rain".to_owned() },
            Post::Seat { event: id, lines: vec![(id, 1)], occ: None },
            Post::Release { event: id, rsvps: vec![id], occ: None },
            Post::Endorse { object: id, entries: vec![id] },
            Post::Accept { group: id, subject: person, lifts: vec![], from_seq: None },
            Post::Silent { group: id, subject: person, heir: person, cut_seq: 1, cut_id: None },
            Post::Revoke { object: id, subject: person, cut_seq: 1, cut_id: None },
            Post::Vote { poll: id, yes: vec![1] },
        ];
        roles.into_iter().chain(more).collect()
    }

    #[test]
    fn where_no_reason_is_given_none_is_announced() {
        let id = EntryId::new([7; 32]);
        let cancel = |reason: &str| Post::Cancel { event: id, reason: reason.to_owned() };
        let hide =
            |reason: &str| Post::Hide { object: id, entries: vec![id], on: true, reason: reason.to_owned() };
        let said = [cancel(""), cancel("rain"), hide(""), hide("advert")].map(|post| said(&post).to_string());
        assert_eq!(
            said,
            ["cancelled an event", "cancelled an event: rain", "hid 1 entry", "hid 1 entry: advert"]
        );
    }

    #[test]
    fn a_page_has_all_that_its_words_for_an_entry_take() {
        for post in posts() {
            let sentence = said(&post);
            let page = sentence.page().expect("the page says it");
            let numbers = page.numbers.iter().map(|(name, number)| (*name, Arg::Number(*number)));
            let args: Vec<_> = [("who", Arg::Foreign(&page.who))].into_iter().chain(numbers).collect();
            for words in Words::ALL {
                let text = words.with(page.key, &args);
                assert!(!text.contains(['{', '$']) && text != page.key, "{post:?}: {text}");
                assert!(!text.contains("\u{2068}\u{2069}") && !text.contains("01T18"), "{post:?}: {text}");
            }
        }
    }
}
