//! What people say on groups and events: comments with replies, announcements, thanks; and polls.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::meetup::{AttendanceLine, HiddenLine, RoleLine};
use klatch_feed::post::{Person, Role, Tone, kind};
use klatch_feed::{EntryId, FeedId, GroupState, Post, Seq, Verified};
use klatch_store::{DiskError, Snapshot};

use super::{COMMENTS_MAX, CommentLine, HiddenBy, On, POINTING_MAX, PollLine, PollOption, Refusal, Response};
use crate::daemon::inbox::{Notice, What};
use crate::daemon::local::{Spaces, outdone};
use crate::daemon::{Among, Sentence, called};
use crate::names;

/// What decides how the comments on an object are shown.
pub(in crate::daemon) struct Place<'a> {
    pub(in crate::daemon) id: EntryId,
    pub(in crate::daemon) roles: &'a [RoleLine],
    /// Who came; nobody comes to a group.
    pub(in crate::daemon) attendance: &'a [AttendanceLine],
    pub(in crate::daemon) hidden: &'a [HiddenLine],
}

impl Place<'_> {
    /// What a comment is said as, where its author may say it so.
    fn tone(&self, author: &FeedId, tone: Option<Tone>) -> Option<Tone> {
        tone.filter(|tone| may_say(*tone, author, self.roles, self.attendance))
    }
}

/// Whether somebody may say something as that: hosts announce, and who was there thanks.
pub(in crate::daemon) fn may_say(
    tone: Tone,
    author: &FeedId,
    roles: &[RoleLine],
    attendance: &[AttendanceLine],
) -> bool {
    match tone {
        Tone::Announcement => {
            roles.iter().any(|line| line.feed == *author && line.role <= Role::Host && line.cut.is_none())
        }
        Tone::Thanks => attendance.iter().any(|line| line.feed == *author),
    }
}

/// Accepted entries of a kind that point at `object`, but those of whom nobody hears.
pub(super) fn pointing(
    snapshot: &Snapshot,
    object: &EntryId,
    of: klatch_feed::Kind,
) -> Result<Vec<Verified>, DiskError> {
    read_unblocked(snapshot, snapshot.pointing_at(object, &[of], POINTING_MAX)?)
}

/// The entries at these places, but those of whom nobody hears.
fn read_unblocked(snapshot: &Snapshot, places: Vec<(FeedId, Seq)>) -> Result<Vec<Verified>, DiskError> {
    let (mut found, mut hearing) = (Vec::new(), Hearing::default());
    for (feed, seq) in places {
        if hearing.hears(snapshot, &feed)? {
            found.extend(snapshot.entries(&feed, seq, 1)?.pop());
        }
    }
    Ok(found)
}

/// Whose words are shown here: each key is looked up once.
#[derive(Default)]
pub(super) struct Hearing(BTreeMap<FeedId, bool>);

impl Hearing {
    pub(super) fn hears(&mut self, snapshot: &Snapshot, feed: &FeedId) -> Result<bool, DiskError> {
        if let Some(is_heard) = self.0.get(feed) {
            return Ok(*is_heard);
        }
        let is_heard = is_heard(snapshot, feed)?;
        self.0.insert(*feed, is_heard);
        Ok(is_heard)
    }
}

/// Whether what a key says is shown here: it is not blocked, and it is somebody's.
pub(in crate::daemon) fn is_heard(snapshot: &Snapshot, feed: &FeedId) -> Result<bool, DiskError> {
    let is_blocked = snapshot.local(Spaces::BLOCK, feed.as_bytes())?.is_some();
    Ok(!is_blocked && outdone(snapshot, &*snapshot.lineage()?, feed)?.is_none())
}

impl On<'_> {
    /// The comments on an object as a thread: each followed by its replies, in the order of claimed times.
    pub(super) fn comments(&self, place: &Place<'_>) -> Result<Vec<CommentLine>, Refusal> {
        let lineage = self.snapshot.lineage()?;
        let mut comments = Vec::new();
        // Where there are more than are shown, the newest are.
        let mut said = pointing(self.snapshot, &place.id, kind::COMMENT)?;
        said.sort_by_key(|entry| std::cmp::Reverse(entry.header().time_ms));
        for entry in said {
            let header = entry.header();
            let Some(Post::Comment { object, reply, text, tone }) =
                Post::read(header.kind, &header.refs, entry.body())
            else {
                continue;
            };
            if object != place.id || comments.len() == COMMENTS_MAX {
                continue;
            }
            let (id, feed) = (entry.id(), lineage.now(header.author));
            let hidden = place.hidden.iter().find(|line| line.entry == id);
            let hidden = hidden.map(|line| self.hidden_by(line)).transpose()?;
            let (feed, name, text) = match hidden {
                Some(_) => (feed, String::new(), String::new()),
                None => (feed, called(self.snapshot, &feed)?, text),
            };
            let (time_ms, tone) = (header.time_ms, place.tone(&feed, tone));
            comments.push(CommentLine { id, feed, name, time_ms, text, reply, depth: 0, tone, hidden });
        }
        Ok(thread(comments))
    }

    pub(super) fn hidden_by(&self, line: &HiddenLine) -> Result<HiddenBy, Refusal> {
        let post = self.snapshot.entry(&line.hide)?;
        let reason = match post.as_ref().and_then(read) {
            Some(Post::Hide { reason, .. }) => reason,
            _ => String::new(),
        };
        Ok(HiddenBy { feed: line.by, name: called(self.snapshot, &line.by)?, reason })
    }

    /// The questions of a group's polls that no event came of yet, and that nobody hides.
    pub(super) fn polls(&self, group: &GroupState) -> Result<BTreeMap<EntryId, String>, Refusal> {
        let (mut polls, mut hearing) = (BTreeMap::new(), Hearing::default());
        for row in self.snapshot.announced([group.id], POINTING_MAX, |of, _| of == kind::POLL)? {
            let entry = self.snapshot.read(&row)?;
            let id = entry.id();
            if let Some(Post::Poll { question, .. }) = read(&entry)
                && group.hidden.iter().all(|line| line.entry != id)
                && hearing.hears(self.snapshot, &entry.header().author)?
                && settled(self.snapshot, &id, Some(group), entry.header().author)?.is_none()
            {
                polls.insert(id, question);
            }
        }
        Ok(polls)
    }

    /// The poll that `text` names: an event that came of one is named in its place often enough.
    fn poll_of(&self, text: &str) -> Result<EntryId, Refusal> {
        let found = names::entry_of(self.snapshot, text, kind::POLL);
        if let Err(Refusal::Unknown { .. }) = &found
            && let Ok(id) = names::object(self.snapshot, text, Among::GroupsAndEvents)
        {
            let text = match self.snapshot.is_group(&id)? {
                true => "this is a group: `klatch group show` lists its polls",
                false => "this is an event: `klatch event show` shows it",
            };
            return Err(Refusal::NoEffect { problem: Sentence::said("refused-no-poll", "", text) });
        }
        found
    }

    pub(super) fn poll(&self, text: &str) -> Result<Response, Refusal> {
        let id = self.poll_of(text)?;
        let entry = self.snapshot.entry(&id)?;
        let Some(Post::Poll { group, question, zone, minutes, options }) = entry.as_ref().and_then(read)
        else {
            return Err(Refusal::NoEffect {
                problem: Sentence::said(
                    "refused-no-poll",
                    "",
                    "the poll's text is not here, or was taken back",
                ),
            });
        };
        let lineage = self.snapshot.lineage()?;
        let author = entry.map(|entry| lineage.now(entry.header().author)).unwrap_or(self.shared.me);
        let asked = self.snapshot.group(&group)?;
        let settled = settled(self.snapshot, &id, asked.as_ref(), author)?;
        if let Some(line) = hides(asked.as_ref(), &id) {
            let hidden = Some(self.hidden_by(line)?);
            let (question, zone, options, names) = Default::default();
            let (votes, minutes) = (0, 0);
            let poll = PollLine {
                id,
                group,
                author,
                question,
                zone,
                minutes,
                options,
                votes,
                settled,
                names,
                hidden,
            };
            return Ok(Response::Poll(Box::new(poll)));
        }
        let votes = votes(self.snapshot, &id)?;
        let mut lines = Vec::new();
        for (at, start) in options.into_iter().enumerate() {
            let yes = votes.iter().filter(|(_, yes)| yes.contains(&at)).map(|(feed, _)| *feed).collect();
            lines.push(PollOption { start, yes });
        }
        let mut names = BTreeMap::new();
        for feed in votes.keys().copied().chain([author]) {
            names.insert(feed, called(self.snapshot, &feed)?);
        }
        let (options, votes, hidden) = (lines, votes.len(), None);
        let poll =
            PollLine { id, group, author, question, zone, minutes, options, votes, settled, names, hidden };
        Ok(Response::Poll(Box::new(poll)))
    }
}

/// That the group hides a poll of it.
pub(in crate::daemon) fn hides<'g>(group: Option<&'g GroupState>, poll: &EntryId) -> Option<&'g HiddenLine> {
    group?.hidden.iter().find(|line| line.entry == *poll)
}

/// The event that came of a poll by `author` in `group`, which may not be here. Source: spec/posts.md, "settled".
pub(in crate::daemon) fn settled(
    snapshot: &Snapshot,
    poll: &EntryId,
    group: Option<&GroupState>,
    author: FeedId,
) -> Result<Option<EntryId>, DiskError> {
    let (lineage, mut words) = (snapshot.lineage()?, Vec::new());
    let (author, roles) = (lineage.now(author), group.map_or(&[][..], |group| &group.roles));
    // Of all who pointed at it, who voted among them, these alone are looked at.
    let organizers = roles.iter().filter(|line| line.role <= Role::Organizer).map(|line| line.feed);
    let asked: BTreeSet<_> = organizers.chain([author]).collect();
    for feed in asked.into_iter().flat_map(|person| lineage.line(person)) {
        let places = snapshot.pointing_by(&feed, poll, &[kind::SETTLED], POINTING_MAX)?;
        if places.is_empty() || !is_heard(snapshot, &feed)? {
            continue;
        }
        let Some(genesis) = snapshot.genesis(&feed)? else { continue };
        for at in places {
            let entry = snapshot.entries(&feed, at, 1)?.pop();
            if let Some(Post::Settled { poll: of, event }) = entry.as_ref().and_then(read)
                && of == *poll
                && let Some((_, seq)) = lineage.place(&Person { feed, genesis }, at)
            {
                words.push(Settles { by: lineage.now(feed), seq, event });
            }
        }
    }
    Ok(settles(words, roles, &author))
}

/// That somebody settled a poll.
struct Settles {
    by: FeedId,
    /// Its place in their log.
    seq: Seq,
    event: EntryId,
}

/// The word of the most senior organizer, or else that of who asked; and of theirs the last.
fn settles(words: Vec<Settles>, roles: &[RoleLine], author: &FeedId) -> Option<EntryId> {
    let rank = |word: &Settles| {
        let counts =
            |line: &RoleLine| line.role <= Role::Organizer && line.cut.is_none_or(|cut| word.seq <= cut);
        let organizer = roles.iter().position(|line| line.feed == word.by && counts(line));
        organizer.or((word.by == *author).then_some(roles.len()))
    };
    let ranked = words.into_iter().filter_map(|word| Some((rank(&word)?, Reverse(word.seq), word.event)));
    ranked.min().map(|(.., event)| event)
}

pub(in crate::daemon) fn read(entry: &Verified) -> Option<Post> {
    Post::read(entry.header().kind, &entry.header().refs, entry.body())
}

/// What everybody voted: of each person the vote latest in their log.
fn votes(snapshot: &Snapshot, poll: &EntryId) -> Result<BTreeMap<FeedId, BTreeSet<usize>>, Refusal> {
    let lineage = snapshot.lineage()?;
    let mut votes = BTreeMap::new();
    for entry in pointing(snapshot, poll, kind::VOTE)? {
        let Some(Post::Vote { yes, .. }) = read(&entry) else { continue };
        let header = entry.header();
        // A later key of the line comes later in the log, whatever its place.
        let person = lineage.line(header.author);
        let place = (person.iter().position(|key| *key == header.author), header.seq);
        let held = votes.entry(lineage.now(header.author)).or_insert((None, BTreeSet::new()));
        if held.0.is_none_or(|before| before < place) {
            *held = (Some(place), yes.into_iter().map(|at| at as usize).collect());
        }
    }
    Ok(votes.into_iter().map(|(feed, (_, yes))| (feed, yes)).collect())
}

/// Puts each reply after what it answers, and sets how deep it stands. An answer to what is not here stands for
/// itself. Claimed times order it, for the eye only.
fn thread(mut comments: Vec<CommentLine>) -> Vec<CommentLine> {
    comments.sort_by_key(|comment| (comment.time_ms, comment.id));
    let here: BTreeSet<_> = comments.iter().map(|comment| comment.id).collect();
    let mut replies = BTreeMap::<Option<EntryId>, Vec<CommentLine>>::new();
    for comment in comments {
        // Refs name what was there before, so nobody can make a ring; the filter is for what is not shown.
        replies.entry(comment.reply.filter(|to| here.contains(to))).or_default().push(comment);
    }
    let mut shown = Vec::new();
    let mut next: Vec<_> = replies.remove(&None).unwrap_or_default().into_iter().rev().collect();
    while let Some(comment) = next.pop() {
        let below = replies.remove(&Some(comment.id)).unwrap_or_default();
        let depth = comment.depth + 1;
        next.extend(below.into_iter().rev().map(|reply| CommentLine { depth, ..reply }));
        shown.push(comment);
    }
    shown
}

/// What a comment on an event or group, called `title`, tells `me`: an answer to a comment of theirs, or what a
/// host announces.
pub(in crate::daemon) fn notice(
    snapshot: &Snapshot,
    me: &FeedId,
    place: &Place<'_>,
    title: &str,
    entry: &Verified,
) -> Result<Option<Notice>, DiskError> {
    let Some(Post::Comment { object, reply, text, tone }) = read(entry) else { return Ok(None) };
    let lineage = snapshot.lineage()?;
    let (comment, feed) = (entry.id(), lineage.now(entry.header().author));
    if feed == *me || object != place.id || place.hidden.iter().any(|line| line.entry == comment) {
        return Ok(None);
    }
    let answered = reply.map(|to| snapshot.entry(&to)).transpose()?.flatten();
    let is_answer = answered.is_some_and(|to| lineage.now(to.header().author) == *me);
    let announces = place.tone(&feed, tone) == Some(Tone::Announcement);
    if !is_answer && !announces {
        return Ok(None);
    }
    let name = called(snapshot, &feed)?;
    let what = match is_answer {
        true => What::Reply { comment, feed, name, text },
        false => What::Announced { comment, feed, name, text },
    };
    Ok(Some(Notice::undated(object, title, what)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_stands_below_what_it_answers_whatever_times_are_claimed() {
        let said = vec![
            CommentLine::test(1, 50, None),
            CommentLine::test(2, 10, Some(1)), // Claims to be older than what it answers.
            CommentLine::test(3, 60, Some(2)),
            CommentLine::test(4, 55, Some(1)),
            CommentLine::test(5, 20, None),
            CommentLine::test(6, 5, Some(99)), // What it answers is not here.
        ];
        let shown: Vec<_> = thread(said).iter().map(|line| (line.id.as_bytes()[0], line.depth)).collect();
        assert_eq!(shown, [(6, 0), (5, 0), (1, 0), (2, 1), (3, 2), (4, 1)]);
    }

    #[test]
    fn the_most_senior_organizer_settles_a_poll_and_else_who_asked() {
        let line = |n: u8, role, cut| RoleLine { feed: FeedId::new([n; 32]), role, quota: None, cut };
        let (owner, organizer) = (line(1, Role::Owner, None), line(2, Role::Organizer, None));
        let roles = [owner, organizer, line(3, Role::Organizer, Some(7)), line(4, Role::Host, None)];
        // Who, where in their log, and for which event; 5 asked.
        type Case<'c> = (&'c [(u8, Seq, u8)], Option<u8>);
        let cases: [Case<'_>; 9] = [
            (&[], None),
            (&[(5, 9, 50)], Some(50)),
            (&[(5, 9, 50), (5, 8, 51)], Some(50)),
            (&[(2, 3, 20), (5, 9, 50)], Some(20)),
            (&[(2, 30, 20), (1, 3, 10)], Some(10)),
            (&[(2, 3, 20), (2, 4, 21), (2, 2, 22)], Some(21)),
            (&[(3, 7, 30), (5, 9, 50)], Some(30)),
            (&[(3, 8, 30), (5, 9, 50)], Some(50)),
            (&[(4, 1, 40), (6, 1, 60)], None),
        ];
        for (said, event) in cases {
            let words = said.iter().map(|(by, seq, event)| Settles {
                by: FeedId::new([*by; 32]),
                seq: *seq,
                event: EntryId::new([*event; 32]),
            });
            let came = settles(words.collect(), &roles, &FeedId::new([5; 32]));
            assert_eq!(came, event.map(|event| EntryId::new([event; 32])), "{said:?}");
        }
    }

    #[test]
    fn only_hosts_announce_and_only_who_was_there_thanks() {
        let line = |n: u8, role, cut| RoleLine { feed: FeedId::new([n; 32]), role, quota: None, cut };
        let roles = [line(1, Role::Host, None), line(2, Role::Door, None), line(3, Role::Owner, Some(7))];
        let came = AttendanceLine {
            feed: FeedId::new([4; 32]),
            doors: vec![],
            rsvp: None,
            persons: None,
            late: false,
            left: false,
        };
        let says = |tone, n: u8| may_say(tone, &FeedId::new([n; 32]), &roles, std::slice::from_ref(&came));
        let announces: Vec<_> = (1..=5).filter(|n| says(Tone::Announcement, *n)).collect();
        let thanks: Vec<_> = (1..=5).filter(|n| says(Tone::Thanks, *n)).collect();
        assert_eq!((announces, thanks), (vec![1], vec![4]));
    }
}
