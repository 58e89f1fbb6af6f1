//! What the running node of a host does by itself at an event: whom it ranks when, and whose seat it gives up.
//! Source: spec/meetup.md, "steering".
//!
//! Time, chance and what this node remembers are arguments. What comes out are ordinary posts: no other node can
//! tell them from those of a person.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::meetup::SeatLine;
use klatch_feed::meetup::agenda::start_ms;
use klatch_feed::post::Policy;
use klatch_feed::{EntryId, EventState, FeedId, Post};

use super::seats;

/// Most RSVPs of one release: spec/posts.md, "release".
const RELEASED_MAX: usize = 32;
const MINUTE_MS: i64 = 60_000;

/// RSVPs ranked since the start, and for which occurrence: none is ranked twice, whatever the fold makes of the line.
pub(super) type Ranked = BTreeSet<(EntryId, Option<String>)>;

/// What a host's node goes by, beside the event.
pub(super) struct Around<'a> {
    pub(super) me: FeedId,
    pub(super) now_ms: i64,
    /// In which place somebody's answers reached this node; who is not in it was here before.
    pub(super) arrived: &'a BTreeMap<FeedId, usize>,
    /// Members of the event's group.
    pub(super) members: &'a BTreeSet<FeedId>,
    /// How often somebody stayed away from events of this node.
    pub(super) no_shows: &'a BTreeMap<FeedId, u32>,
    pub(super) ranked: &'a Ranked,
}

/// What is done once at an event or occurrence, and the RSVPs to which it was to be done, in order. Kept before it
/// is posted, so that a node that stops in between does the same, and not another thing, when it starts again.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Noted {
    pub(super) drawn: Option<Vec<EntryId>>,
    pub(super) released: Option<Vec<EntryId>>,
}

/// What is to be done now.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Step {
    pub(super) posts: Vec<Post>,
    /// RSVPs that the posts rank.
    pub(super) ranked: Vec<EntryId>,
    /// What is to be remembered first.
    pub(super) drawn: Option<Vec<EntryId>>,
    pub(super) released: Option<Vec<EntryId>>,
    /// When to look again.
    pub(super) next_ms: Option<i64>,
}

/// What there is to do at an event or occurrence. `draw` gives a number below its argument, each equally likely.
pub(super) fn step(
    event: &EventState,
    around: &Around<'_>,
    noted: &Noted,
    draw: &mut dyn FnMut(usize) -> usize,
) -> Step {
    let mut step = Step::default();
    if !seats::gives(event, &around.me) || is_over(event, around.now_ms) {
        return step;
    }
    if !event.closed.contains(&around.me) {
        rank(event, around, noted, draw, &mut step);
    }
    release(event, around, noted, &mut step);
    step
}

/// Who asks for a seat that this host's node will not give by itself, so that a person has to: all of them where it
/// ranks by hand. `drawn` are those who were in the draw, if there was one.
pub(super) fn by_hand<'e>(
    event: &'e EventState,
    around: &Around<'_>,
    drawn: Option<&[EntryId]>,
    is_manual: bool,
) -> Vec<&'e SeatLine> {
    let is_done = event.closed.contains(&around.me) || is_over(event, around.now_ms);
    if is_done || !seats::gives(event, &around.me) {
        return Vec::new();
    }
    // Each occurrence has its own deadlines.
    let is_whole_series = event.founded_start.is_some() && event.occ.is_none();
    let is_past =
        |minutes| deadline(event, minutes).is_some_and(|at| at.is_none_or(|at| at <= around.now_ms));
    let is_late = !is_whole_series && is_past(event.closes);
    let is_left = |line: &&SeatLine| {
        let away = around.no_shows.get(&line.feed).copied().unwrap_or_default();
        is_manual
            || event.policy == Policy::Approval
            || (event.no_show_max > 0 && away >= event.no_show_max)
            || match event.policy {
                Policy::Lottery => is_late && drawn.is_some_and(|drawn| !drawn.contains(&line.rsvp)),
                _ => is_late,
            }
    };
    seats::unranked(event).filter(is_left).collect()
}

/// Whether nothing tells the occurrences of a series apart: then one line ranks an answer for all of them.
pub(super) fn is_plain(event: &EventState) -> bool {
    event.opens == 0 && event.closes == 0 && matches!(event.policy, Policy::First | Policy::Members)
}

/// When it is over, if this node knows its zone.
pub(super) fn end_ms(event: &EventState) -> Option<i64> {
    klatch_feed::meetup::agenda::end_ms(event, &event.start)
}

/// Whether nobody can come any more: of a series as a whole to none of its dates. What lies in a zone that this node
/// does not know is never over.
pub(super) fn is_over(event: &EventState, now_ms: i64) -> bool {
    let is_past = |end: Option<i64>| end.is_some_and(|end| end <= now_ms);
    match event.founded_start.is_some() && event.occ.is_none() {
        true => {
            let mut dates =
                event.occurrence_names().into_iter().rev().map(|name| event.occurrence_start(&name));
            dates.all(|start| is_past(klatch_feed::meetup::agenda::end_ms(event, &start)))
        }
        false => is_past(end_ms(event)),
    }
}

/// The instant so many minutes before the start. `None`: there is no such deadline.
pub(super) fn deadline(event: &EventState, minutes: u32) -> Option<Option<i64>> {
    let at = || start_ms(&event.start, &event.zone)?.checked_sub(i64::from(minutes) * MINUTE_MS);
    (minutes > 0).then(at)
}

impl Step {
    /// Whether that deadline is past. Where this node does not know the zone nothing is, and a person decides.
    fn is_past(&mut self, at: Option<i64>, now_ms: i64) -> Option<bool> {
        let at = at?;
        if at > now_ms {
            self.next_ms = Some(self.next_ms.map_or(at, |next| next.min(at)));
        }
        Some(at <= now_ms)
    }
}

fn rank(
    event: &EventState,
    around: &Around<'_>,
    noted: &Noted,
    draw: &mut dyn FnMut(usize) -> usize,
    step: &mut Step,
) {
    let stays_away = |feed: &FeedId| around.no_shows.get(feed).copied().unwrap_or_default();
    let mut lines: Vec<&SeatLine> = seats::unranked(event).collect();
    let is_ranked =
        |rsvp: EntryId| [None, event.occ.clone()].into_iter().any(|occ| around.ranked.contains(&(rsvp, occ)));
    lines.retain(|line| !is_ranked(line.rsvp));
    let may = |line: &SeatLine| event.no_show_max == 0 || stays_away(&line.feed) < event.no_show_max;
    lines.retain(|line| may(line));
    match event.policy {
        Policy::Approval => return,
        Policy::Lottery => draw_lots(event, around, noted, draw, step, &mut lines),
        Policy::First | Policy::Members => in_order(event, around, step, &mut lines),
    }
    // Who waits asked in time: a host who comes later, or whose share grew, need not leave seats empty.
    let is_open =
        deadline(event, event.opens).is_none_or(|opens| step.is_past(opens, around.now_ms) == Some(true));
    let spare = if is_open { seats::spare(event, &around.me, event.party_max, &may) } else { Vec::new() };
    let lines: Vec<_> = spare.into_iter().filter(|line| !is_ranked(line.rsvp)).chain(lines).collect();
    step.ranked = lines.iter().map(|line| line.rsvp).collect();
    step.posts.extend(seats::posts(event, &lines, event.party_max));
}

/// Leaves those who were drawn, in the order of the draw.
fn draw_lots(
    event: &EventState,
    around: &Around<'_>,
    noted: &Noted,
    draw: &mut dyn FnMut(usize) -> usize,
    step: &mut Step,
    lines: &mut Vec<&SeatLine>,
) {
    let is_drawn = deadline(event, event.closes)
        .is_some_and(|closes| step.is_past(closes, around.now_ms) == Some(true))
        // Nobody is drawn for what is over.
        && (noted.drawn.is_some() || end_ms(event).is_some_and(|end| end > around.now_ms));
    if !is_drawn {
        return lines.clear();
    }
    if noted.drawn.is_none() {
        shuffle(lines, draw);
        step.drawn = Some(lines.iter().map(|line| line.rsvp).collect());
    }
    // Whoever answers after the draw was not in it.
    let order = noted.drawn.as_ref().or(step.drawn.as_ref()).map_or(&[][..], Vec::as_slice);
    lines.retain(|line| order.contains(&line.rsvp));
    lines.sort_by_key(|line| order.iter().position(|rsvp| *rsvp == line.rsvp));
}

/// Leaves those whose time it is, as they came.
fn in_order(event: &EventState, around: &Around<'_>, step: &mut Step, lines: &mut Vec<&SeatLine>) {
    let opens = deadline(event, event.opens).map(|opens| step.is_past(opens, around.now_ms));
    if opens.is_some_and(|is_past| is_past != Some(true)) {
        return lines.clear();
    }
    let closes = deadline(event, event.closes).map(|closes| step.is_past(closes, around.now_ms));
    if closes.is_some_and(|is_past| is_past != Some(false)) {
        return lines.clear();
    }
    let members_first = event.policy == Policy::Members;
    let is_later = |feed: &FeedId| members_first && !around.members.contains(feed);
    let place = |feed: &FeedId| around.arrived.get(feed).map_or(0, |at| at + 1);
    lines.sort_by_key(|line| (is_later(&line.feed), place(&line.feed))); // Stable: keeps the lottery's order.
}

/// Each order of the lines equally likely.
fn shuffle(lines: &mut [&SeatLine], draw: &mut dyn FnMut(usize) -> usize) {
    for left in (2..=lines.len()).rev() {
        lines.swap(left - 1, draw(left).min(left - 1));
    }
}

/// Gives up the seats that this node gave to who has not confirmed by the deadline, once.
fn release(event: &EventState, around: &Around<'_>, noted: &Noted, step: &mut Step) {
    let is_whole_series = event.founded_start.is_some() && event.occ.is_none();
    let Some(confirm_by) = deadline(event, event.confirm_by).filter(|_| !is_whole_series) else { return };
    if step.is_past(confirm_by, around.now_ms) != Some(true) {
        return;
    }
    let late = event.seated.iter().filter(|line| line.by == Some(around.me) && !line.confirmed);
    let mut late: Vec<EntryId> = late.map(|line| line.rsvp).collect();
    match &noted.released {
        Some(meant) => late.retain(|rsvp| meant.contains(rsvp)),
        None => {
            if start_ms(&event.start, &event.zone).is_none_or(|start| start <= around.now_ms) {
                return; // A node that was off till then turns nobody away at the door.
            }
            step.released = Some(late.clone());
        }
    }
    let post =
        |rsvps: &[EntryId]| Post::Release { event: event.id, rsvps: rsvps.to_vec(), occ: event.occ.clone() };
    step.posts.extend(late.chunks(RELEASED_MAX).map(post));
}

#[cfg(test)]
mod tests;
