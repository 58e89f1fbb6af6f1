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

/// The posts that give these lines, in this order, each for at most so many persons.
pub(super) fn posts(event: &EventState, lines: &[&SeatLine], party_max: Option<u32>) -> Vec<Post> {
    let line = |line: &&SeatLine| (line.rsvp, line.party.min(party_max.unwrap_or(u32::MAX)));
    let post = |lines: &[&SeatLine]| Post::Seat {
        event: event.id,
        lines: lines.iter().map(line).collect(),
        occ: event.occ.clone(),
    };
    lines.chunks(LINES_MAX).map(post).collect()
}
