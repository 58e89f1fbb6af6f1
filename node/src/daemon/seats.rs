//! Ranking RSVPs: a host's node writes down the order in which they reached it. Source: spec/meetup.md, "seats".

use std::collections::BTreeMap;

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

/// The posts that rank everybody who is not, in order of arrival: the place in `arrived`, and for those
/// who were here before (a node that was off, or stopped in between) the lottery's order, first.
pub(super) fn rank(event: &EventState, arrived: &BTreeMap<FeedId, usize>) -> Vec<Post> {
    let mut lines: Vec<_> = unranked(event).collect();
    lines.sort_by_key(|line| arrived.get(&line.feed).map_or(0, |at| at + 1)); // Stable: keeps the lottery's order.
    posts(event, &lines)
}

/// The posts that give these lines, in this order.
pub(super) fn posts(event: &EventState, lines: &[&SeatLine]) -> Vec<Post> {
    let line = |line: &&SeatLine| (line.rsvp, line.party);
    let post = |lines: &[&SeatLine]| Post::Seat {
        event: event.id,
        lines: lines.iter().map(line).collect(),
        occ: event.occ.clone(),
    };
    lines.chunks(LINES_MAX).map(post).collect()
}
