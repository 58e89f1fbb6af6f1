//! Text for some eyes: to whom it goes, and what of it this node can read. Source: spec/meetup.md, "sealed text".

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::post::{PostError, Purpose, READERS_MAX, Role, kind};
use klatch_feed::sealed::{self, Place, TEXT_BYTES_MAX};
use klatch_feed::{EntryId, EventState, FeedId, NetId, Post, Seq, Verified};
use klatch_store::{DiskError, Snapshot};

use super::Shared;
use super::local::{self, Spaces};
use super::response::{AnswerLine, SealedLine};
use crate::clock;

/// Longest answer to one question.
pub(super) const ANSWER_BYTES_MAX: usize = 500;
/// Most entries about an event that are looked through.
const POINTING_MAX: usize = 20_000;
/// Of each author the latest that are opened: a crowd of one keeps nobody's word out.
const OF_ONE_MAX: usize = 20;

/// The hosts who read what guests seal: all with the role host or above and no cut.
pub(super) fn hosts(event: &EventState) -> impl Iterator<Item = FeedId> {
    let hosts = event.hosts.iter().filter(|line| line.role <= Role::Host && line.cut.is_none());
    hosts.map(|line| line.feed)
}

/// The posts that say `text` to its readers, and to `author`, who reads each of them.
pub(super) fn seal(
    net: &NetId,
    author: &FeedId,
    (event, occ): (&EntryId, Option<&str>),
    (purpose, text): (Purpose, &str),
    readers: impl IntoIterator<Item = FeedId>,
) -> Result<Vec<Post>, PostError> {
    let others: BTreeSet<_> = readers.into_iter().filter(|reader| reader != author).collect();
    let others: Vec<_> = others.into_iter().collect();
    let place = Place { net, author, event, occ, purpose };
    let post = |others: &[FeedId]| {
        let readers = [&[*author], others].concat();
        sealed::seal(place, text, &readers, &clock::random())
    };
    match others.is_empty() {
        true => Ok(vec![post(&[])?]),
        false => others.chunks(READERS_MAX - 1).map(post).collect(),
    }
}

/// Answers as texts that fit: lines of a question, a tab and the answer.
pub(super) fn answer_texts(answers: &[(&str, &str)]) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for (question, answer) in answers {
        let line = format!("{question}\t{answer}");
        match texts.last_mut().filter(|text| text.len() + 1 + line.len() <= TEXT_BYTES_MAX) {
            Some(text) => *text += &format!("\n{line}"),
            None => texts.push(line),
        }
    }
    texts
}

/// What of the text about an event is for this node's owner, in the order of claimed times.
pub(super) fn opened(
    shared: &Shared,
    snapshot: &Snapshot,
    event: &EventState,
) -> Result<Vec<SealedLine>, DiskError> {
    let lineage = snapshot.lineage()?;
    let mut by_author = BTreeMap::<FeedId, Vec<_>>::new();
    for (entry, purpose) in of_event(snapshot, event)? {
        let (author, seq) = (entry.header().author, entry.header().seq);
        let person = lineage.now(author);
        if may_say(purpose, &person, event) {
            let place = lineage.line(author).iter().position(|key| *key == author);
            by_author.entry(person).or_default().push(((place, seq), entry));
        }
    }
    let mut lines = Vec::new();
    for (feed, mut entries) in by_author {
        entries.sort_by_key(|(place, _)| *place);
        let latest = entries.split_off(entries.len().saturating_sub(OF_ONE_MAX));
        let mut of_one = Vec::new();
        for (_, entry) in latest {
            let Some((purpose, text)) = open(shared, &entry) else { continue };
            let answers = if purpose == Purpose::Answers { answers(&text) } else { Vec::new() };
            let (id, time_ms, name) = (entry.id(), entry.header().time_ms, local::called(snapshot, &feed)?);
            of_one.push(SealedLine { id, feed, name, time_ms, purpose, text, answers });
        }
        keep_latest(&mut of_one);
        lines.append(&mut of_one);
    }
    lines.sort_by_key(|line| (line.time_ms, line.id));
    Ok(lines)
}

/// Sealed entries about an event or occurrence, but those of the blocked and those that are hidden.
fn of_event(snapshot: &Snapshot, event: &EventState) -> Result<Vec<(Verified, Purpose)>, DiskError> {
    let blocked = local::feeds(snapshot, Spaces::BLOCK)?;
    let mut found = Vec::new();
    for (feed, seq) in snapshot.pointing_at(&event.id, &[kind::SEALED], POINTING_MAX)? {
        if blocked.contains_key(&feed) {
            continue;
        }
        let Some(entry) = snapshot.entries(&feed, seq, 1)?.pop() else { continue };
        let is_hidden = event.hidden.iter().any(|line| line.entry == entry.id());
        if let Some(Post::Sealed { event: about, purpose, occ, .. }) = read(&entry)
            && about == event.id
            && (occ.is_none() || occ == event.occ)
            && !is_hidden
        {
            found.push((entry, purpose));
        }
    }
    Ok(found)
}

fn read(entry: &Verified) -> Option<Post> {
    let header = entry.header();
    if header.kind != kind::SEALED {
        return None;
    }
    Post::read(header.kind, &header.refs, entry.body())
}

/// What a sealed entry says, if this node's owner is one of its readers.
fn open(shared: &Shared, entry: &Verified) -> Option<(Purpose, String)> {
    let Post::Sealed { event, purpose, keys, sealed, occ } = read(entry)? else { return None };
    let (net, author) = (shared.network.id(), entry.header().author);
    let place = Place { net: &net, author: &author, event: &event, occ: occ.as_deref(), purpose };
    match sealed::open(place, &keys, &sealed, &shared.secret) {
        Ok(text) => Some((purpose, text?)),
        Err(error) => {
            tracing::debug!(entry = %entry.id(), %error);
            None
        }
    }
}

/// Whether somebody may say something of that kind: feedback who was there, answers who answered, the address a host.
fn may_say(purpose: Purpose, who: &FeedId, event: &EventState) -> bool {
    match purpose {
        Purpose::Feedback => event.attendance.iter().any(|line| line.feed == *who),
        Purpose::Answers => super::read::lines(event).any(|line| line.feed == *who) || event.no.contains(who),
        Purpose::Address => hosts(event).any(|host| host == *who),
    }
}

fn answers(text: &str) -> Vec<AnswerLine> {
    let pair = |line: &str| line.split_once('\t').map(|(question, answer)| (question.into(), answer.into()));
    let pairs = text.lines().filter_map(pair);
    pairs.map(|(question, answer)| AnswerLine { question, answer }).collect()
}

/// Of one author, given in the order of their log: the last address, of each question the last answer, all feedback.
fn keep_latest(lines: &mut Vec<SealedLine>) {
    let mut answered = BTreeSet::new();
    let mut has_address = false;
    for line in lines.iter_mut().rev() {
        match line.purpose {
            Purpose::Feedback => {}
            Purpose::Address if has_address => line.text.clear(),
            Purpose::Address => has_address = true,
            Purpose::Answers => {
                line.text.clear();
                line.answers.retain(|answer| answered.insert(answer.question.clone()));
            }
        }
    }
    lines.retain(|line| !line.text.is_empty() || !line.answers.is_empty());
}

/// An event, and of a series the occurrence if one is meant.
type Object = (EntryId, Option<String>);

/// The addresses that this node's owner sealed: a host's node seals them for whoever gets a seat later.
#[derive(Debug, Default)]
pub(super) struct Addresses(BTreeMap<Object, Address>);

#[derive(Debug)]
struct Address {
    /// Where in the own log the text was said last.
    seq: Seq,
    text: [u8; 32],
    readers: BTreeSet<[u8; 8]>,
}

impl Addresses {
    /// Takes note of an own entry, in the order of the log.
    pub(super) fn note(&mut self, shared: &Shared, entry: &Verified) {
        if entry.header().author != shared.me {
            return;
        }
        let Some(Post::Sealed { event, purpose: Purpose::Address, keys, occ, .. }) = read(entry) else {
            return;
        };
        let Some((_, text)) = open(shared, entry) else { return };
        let (seq, text) = (entry.header().seq, digest(&text));
        let readers = keys.iter().map(|(reader, _)| *reader);
        let held =
            self.0.entry((event, occ)).or_insert_with(|| Address { seq, text, readers: BTreeSet::new() });
        if held.text != text {
            *held = Address { seq, text, readers: BTreeSet::new() };
        }
        held.seq = seq;
        held.readers.extend(readers);
    }

    /// The posts that tell the address to those who have a seat at one of these events and cannot read it yet.
    pub(super) fn due(
        &self,
        shared: &Shared,
        snapshot: &Snapshot,
        events: &BTreeSet<EntryId>,
    ) -> Result<Vec<Post>, DiskError> {
        let mut posts = Vec::new();
        for ((id, occ), address) in self.0.iter().filter(|((id, _), _)| events.contains(id)) {
            let Some(event) = snapshot.event(id)? else { continue };
            if event.cancelled || hosts(&event).all(|host| host != shared.me) {
                continue;
            }
            let readers = readers(snapshot, event, occ.as_deref())?;
            let new: Vec<_> =
                readers.into_iter().filter(|feed| !address.readers.contains(&feed.as_bytes()[..8])).collect();
            if new.is_empty() {
                continue;
            }
            // Whoever took their word back says it to nobody any more.
            let entry = snapshot.entries(&shared.me, address.seq, 1)?.pop();
            let Some((purpose, text)) = entry.and_then(|entry| open(shared, &entry)) else { continue };
            let net = shared.network.id();
            match seal(&net, &shared.me, (id, occ.as_deref()), (purpose, &text), new) {
                Ok(more) => posts.extend(more),
                Err(error) => tracing::error!(event = %id, %error, "the address could not be sealed"),
            }
        }
        Ok(posts)
    }
}

/// Who is to read the address: the hosts, and who has a seat; of a series for which one is given, at any occurrence.
pub(super) fn readers(
    snapshot: &Snapshot,
    event: EventState,
    occ: Option<&str>,
) -> Result<BTreeSet<FeedId>, DiskError> {
    let mut readers: BTreeSet<_> = hosts(&event).collect();
    let seated = |state: &EventState| state.seated.iter().map(|line| line.feed).collect::<Vec<_>>();
    let is_plain = occ.is_none_or(|occ| event.occurrences.iter().all(|line| line.occ != occ));
    if is_plain {
        readers.extend(seated(&event));
    }
    for line in event.occurrences.iter().filter(|line| occ.is_none_or(|occ| line.occ == occ)) {
        let state = snapshot.occurrence(&event.id, &line.occ)?;
        readers.extend(state.iter().flat_map(seated));
    }
    Ok(readers)
}

fn digest(text: &str) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: u8, purpose: Purpose, text: &str) -> SealedLine {
        let answers = if purpose == Purpose::Answers { answers(text) } else { Vec::new() };
        let (id, feed) = (EntryId::new([n; 32]), FeedId::new([1; 32]));
        SealedLine { id, feed, name: String::new(), time_ms: 0, purpose, text: text.to_owned(), answers }
    }

    #[test]
    fn of_one_author_the_last_address_and_the_last_answer_to_each_question_count() {
        let mut lines = vec![
            line(1, Purpose::Address, "Rua 1"),
            line(2, Purpose::Answers, "Nuts?\tyes\nDog?\tno"),
            line(3, Purpose::Feedback, "Fine"),
            line(4, Purpose::Address, "Rua 2"),
            line(5, Purpose::Answers, "Nuts?\tno"),
            line(6, Purpose::Feedback, "Loud"),
        ];
        keep_latest(&mut lines);
        let told: Vec<_> = lines
            .iter()
            .map(|line| {
                let answers = line.answers.iter().map(|one| format!("{}{}", one.question, one.answer));
                (line.id.as_bytes()[0], line.text.clone(), answers.collect::<Vec<_>>().join(","))
            })
            .collect();
        let told: Vec<_> = told.iter().map(|(n, text, answers)| (*n, &text[..], &answers[..])).collect();
        assert_eq!(
            told,
            [(2, "", "Dog?no"), (3, "Fine", ""), (4, "Rua 2", ""), (5, "", "Nuts?no"), (6, "Loud", "")]
        );
    }

    #[test]
    fn only_who_may_say_a_thing_is_shown_as_saying_it() {
        let feed = |n: u8| FeedId::new([n; 32]);
        let host = |n: u8, role: &str, cut: Option<u32>| serde_json::json!({ "feed": feed(n), "role": role, "cut": cut });
        let id = EntryId::new([9; 32]);
        let seat = serde_json::json!({ "feed": feed(5), "rsvp": id, "answer": "yes", "party": 1 });
        let event: EventState = serde_json::from_value(serde_json::json!({
            "id": id, "group": null, "in_group": false, "author": feed(1), "title": "Tea",
            "start": "2026-12-01T18:30", "zone": "Europe/Lisbon", "minutes": 60, "place": "", "about": "",
            "capacity": null, "split": false, "revision": 0, "tips": [], "cancelled": false,
            "hosts": [host(1, "owner", None), host(2, "host", None), host(3, "door", None), host(4, "host", Some(7))],
            "seated": [seat], "waiting": [], "provisional": [], "unranked": [], "maybe": [], "no": [feed(6)],
            "attendance": [{ "feed": feed(7), "doors": [feed(3)], "rsvp": null }], "incomplete": false,
        }))
        .unwrap();
        let say = |purpose| (1..=8).filter(|n| may_say(purpose, &feed(*n), &event)).collect::<Vec<u8>>();
        assert_eq!(say(Purpose::Address), [1, 2], "neither a door nor a host who was cut");
        assert_eq!(say(Purpose::Answers), [5, 6]);
        assert_eq!(say(Purpose::Feedback), [7]);
        assert_eq!(hosts(&event).collect::<Vec<_>>(), [feed(1), feed(2)]);
    }

    #[test]
    fn long_answers_go_into_several_texts_that_fit() {
        let question = "q".repeat(200);
        let answer = "a".repeat(ANSWER_BYTES_MAX);
        let texts = answer_texts(&vec![(&question[..], &answer[..]); 10]);
        assert!(
            texts.iter().all(|text| text.len() <= TEXT_BYTES_MAX),
            "{:?}",
            texts.iter().map(String::len).collect::<Vec<_>>()
        );
        assert_eq!(texts.iter().map(|text| answers(text).len()).sum::<usize>(), 10);
        assert_eq!(texts.len(), 5, "two fit into each");
    }

    #[test]
    fn more_readers_than_a_post_has_are_told_in_several_and_the_author_reads_each() {
        let feeds: Vec<_> = (0..150_u8).map(|n| klatch_feed::SecretKey::from_seed(&[n; 32]).feed()).collect();
        let (net, event) = (NetId::of_name("test"), EntryId::new([1; 32]));
        let posts = |readers: &[FeedId]| {
            let to = readers.iter().copied();
            let posts = seal(&net, &feeds[0], (&event, None), (Purpose::Address, "Rua 1"), to).unwrap();
            let keys = |post: &Post| if let Post::Sealed { keys, .. } = post { keys.len() } else { 0 };
            posts.iter().map(keys).collect::<Vec<_>>()
        };
        assert_eq!(posts(&[]), [1]);
        assert_eq!(posts(&feeds[1..]), [150]);
        let one_more = [&feeds[..], &[klatch_feed::SecretKey::from_seed(&[200; 32]).feed()]].concat();
        assert_eq!(posts(&one_more), [150, 2]);
    }
}
