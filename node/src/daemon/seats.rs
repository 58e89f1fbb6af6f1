//! Ranking RSVPs: whose seats a host gives, and the posts that give them. Source: spec/meetup.md, "seats".

use klatch_feed::meetup::SeatLine;
use klatch_feed::post::Role;
use klatch_feed::{EventState, FeedId, Post};

/// Most lines of one seat post.
const LINES_MAX: usize = 32;

/// Whether `me` gives seats of `event`: as its author or host, with a share of the seats where they are limited.
pub(super) fn gives(event: &EventState, me: &FeedId) -> bool {
    let mine = event.hosts.iter().find(|line| line.feed == *me);
    let share = |quota: Option<u32>| event.capacity.is_none() || quota.is_some_and(|seats| seats > 0);
    !event.cancelled && mine.is_some_and(|line| line.role != Role::Door && share(line.quota))
}

/// Everybody who asks for a seat and is on no host's list yet, in the lottery's order.
pub(super) fn unranked(event: &EventState) -> impl Iterator<Item = &SeatLine> {
    event.provisional.iter().chain(&event.unranked)
}

/// For how many a new line for that answer is.
fn wanted(line: &SeatLine, party_max: Option<u32>) -> u32 {
    line.asked.unwrap_or(line.party).min(party_max.unwrap_or(u32::MAX))
}

/// For how many the share of `me` still has room, beside their own lines.
pub(super) fn room(event: &EventState, me: &FeedId) -> u32 {
    let quota = event.hosts.iter().find(|line| line.feed == *me).and_then(|line| line.quota);
    let taken = event.seated.iter().chain(&event.waiting).filter(|line| line.by == Some(*me));
    let taken = taken.fold(0_u32, |sum, line| sum.saturating_add(line.party));
    event.capacity.map_or(u32::MAX, |_| quota.unwrap_or_default().saturating_sub(taken))
}

/// Whom `me` can seat with what their own lines leave of their share: who waits on the lists of others alone, in the
/// list's order, and, where nobody waits after that, guests of their own who ask for more than their line is for. Only
/// who fits, and nobody past the first who does not, unless the event lets smaller parties pass; and who `may` alone.
pub(super) fn spare<'e>(
    event: &'e EventState,
    me: &FeedId,
    party_max: Option<u32>,
    may: &dyn Fn(&SeatLine) -> bool,
) -> Vec<&'e SeatLine> {
    let is_mine = |line: &&SeatLine| line.by == Some(*me);
    let mut room = room(event, me);
    if !event.split && event.waiting.iter().any(|line| is_mine(&line)) {
        return Vec::new(); // Who waits on their own list is not passed.
    }
    let mut takes = |persons: u32| {
        let left = room.checked_sub(persons);
        room = left.unwrap_or(room);
        left.is_some()
    };
    let (mut found, mut is_full) = (Vec::new(), false);
    for line in event.waiting.iter().filter(|line| !is_mine(line) && may(line)) {
        match (event.split || !is_full) && takes(wanted(line, party_max)) {
            true => found.push(line),
            false => is_full = true,
        }
    }
    if found.len() == event.waiting.len() {
        let more = |line: &&SeatLine| wanted(line, party_max).saturating_sub(line.party);
        let asking = event
            .seated
            .iter()
            .filter(is_mine)
            .filter(|line| line.asked.is_some() && more(line) > 0 && may(line));
        found.extend(asking.filter(|line| takes(more(line))));
    }
    found
}

/// The posts that give these lines, in this order, each for at most so many persons.
pub(super) fn posts(event: &EventState, lines: &[&SeatLine], party_max: Option<u32>) -> Vec<Post> {
    let line = |line: &&SeatLine| (line.rsvp, wanted(line, party_max));
    let post = |lines: &[&SeatLine]| Post::Seat {
        event: event.id,
        lines: lines.iter().map(line).collect(),
        occ: event.occ.clone(),
    };
    lines.chunks(LINES_MAX).map(post).collect()
}
