//! Everybody of an event, a line each.

use std::collections::BTreeMap;

use klatch_feed::meetup::SeatLine;
use klatch_feed::{EntryId, EventState, FeedId, Post};

use super::On;
use crate::daemon::local;
use crate::daemon::refusal::Refusal;
use crate::daemon::response::Response;
use crate::guests::GuestLine;

impl On<'_> {
    /// Of a series: what holds for all, then each occurrence that something was said about.
    pub(super) fn guests(&self, text: &str) -> Result<Response, Refusal> {
        let event = self.event(text)?;
        let mut lines = Vec::new();
        for state in std::iter::once(&event).chain(&self.occurrences(&event)?) {
            lines.extend(self.guests_of(state)?);
        }
        Ok(Response::Guests(lines))
    }

    fn guests_of(&self, event: &EventState) -> Result<Vec<GuestLine>, Refusal> {
        let lists = [
            ("seated", &event.seated),
            ("waiting", &event.waiting),
            ("provisional", &event.provisional),
            ("unranked", &event.unranked),
            ("released", &event.released),
            ("maybe", &event.maybe),
        ];
        let mut guests = Vec::new();
        for (standing, list) in lists {
            for (at, line) in list.iter().enumerate() {
                let place = (standing == "waiting").then_some(at + 1);
                guests.push(GuestLine { place, ..self.guest(event, &line.feed, standing, Some(line))? });
            }
        }
        for feed in &event.no {
            guests.push(self.guest(event, feed, "no", None)?);
        }
        let known: BTreeMap<FeedId, ()> = guests.iter().map(|guest| (guest.feed, ())).collect();
        let others = event.attendance.iter().map(|line| &line.feed).chain(&event.here);
        for feed in others.filter(|feed| !known.contains_key(*feed)) {
            guests.push(self.guest(event, feed, "none", None)?);
        }
        Ok(guests)
    }

    fn guest(
        &self,
        event: &EventState,
        feed: &FeedId,
        standing: &str,
        line: Option<&SeatLine>,
    ) -> Result<GuestLine, Refusal> {
        let called = |feed: &FeedId| local::called(self.snapshot, feed);
        let arrived = event.attendance.iter().find(|line| line.feed == *feed);
        let doors = arrived.map(|line| &line.doors[..]).unwrap_or_default();
        Ok(GuestLine {
            occ: event.occ.clone(),
            name: called(feed)?,
            feed: *feed,
            standing: standing.to_owned(),
            place: None,
            party: line.map_or(0, |line| line.party),
            by: line.and_then(|line| line.by).map(|host| called(&host)).transpose()?,
            confirmed: line.is_some_and(|line| line.confirmed),
            stale: line.is_some_and(|line| line.stale),
            note: line.map(|line| self.note(&line.rsvp)).transpose()?.unwrap_or_default(),
            arrived: arrived.is_some(),
            persons: arrived.and_then(|line| line.persons),
            late: arrived.is_some_and(|line| line.late),
            left: arrived.is_some_and(|line| line.left),
            doors: doors.iter().map(called).collect::<Result<_, _>>()?,
            here: event.here.contains(feed),
        })
    }

    /// What a guest wrote beside an answer.
    fn note(&self, rsvp: &EntryId) -> Result<String, Refusal> {
        let Some(entry) = self.snapshot.entry(rsvp)? else { return Ok(String::new()) };
        let header = entry.header();
        Ok(match Post::read(header.kind, &header.refs, entry.body()) {
            Some(Post::Rsvp { note, .. }) => note,
            _ => String::new(),
        })
    }
}
