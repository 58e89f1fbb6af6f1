//! What hosts and guests say about seats: ranking, giving up, closing, confirming.

use klatch_feed::meetup::SeatLine;
use klatch_feed::post::{Answer, Role};
use klatch_feed::{EventState, FeedId, Post};

use super::{On, Plan, cancelled, created, no_effect, right, role_in, said};
use crate::daemon::response::{Admitted, Released};
use crate::daemon::{Refusal, Response, Sentence, occurrence, seats};
use crate::names;

/// Most RSVPs of one release: spec/posts.md, "release".
const RELEASED_MAX: usize = 32;

impl On<'_> {
    /// The event that `text` names, or the occurrence of it on that date.
    fn event_on(&self, text: &str, on: Option<&str>) -> Result<EventState, Refusal> {
        let event = occurrence::at(self.snapshot, self.event(text)?, on)?;
        match event.cancelled {
            true => Err(no_effect(cancelled(&event.title))),
            false => Ok(event),
        }
    }

    pub(super) fn admit(&self, event: &str, on: Option<&str>, people: &[String]) -> Result<Plan, Refusal> {
        let event = self.event_on(event, on)?;
        self.hosts(&event, Role::Host)?;
        if event.closed.contains(&self.me) {
            let text = format!("you closed your list for {:?}, and that is final", event.title);
            return Err(no_effect(said("refused-closed", &event.title, text)));
        }
        if !seats::gives(&event, &self.me) {
            return Err(no_effect(said(
                "refused-no-share",
                "",
                "you have no share of the seats: the author gives one with `klatch event grant --quota`",
            )));
        }
        // By hand a host seats who waits on another's list, and for more persons, whatever else there is to do.
        let others = event.waiting.iter().filter(|line| line.by != Some(self.me));
        let more = event.seated.iter().filter(|line| line.asked.is_some());
        let mut lines: Vec<_> =
            seats::unranked(&event).chain(&event.released).chain(others).chain(more).collect();
        if people.is_empty() {
            lines = seats::spare(&event, &self.me, None, &|_| true)
                .into_iter()
                .chain(seats::unranked(&event))
                .collect();
        } else {
            let (mut chosen, mut room) = (Vec::new(), seats::room(&event, &self.me));
            for who in people {
                let feed = names::person(self.snapshot, self.me, who)?;
                let line = lines.iter().find(|line| line.feed == feed).copied();
                let line = line.ok_or_else(|| no_effect(unlisted(&event, &feed, who)))?;
                room = match event.seated.contains(line) {
                    true => room - self.more(line, room, who)?,
                    false => room.saturating_sub(line.party),
                };
                chosen.push(line);
            }
            lines = chosen;
        }
        let ranked: Vec<_> = lines.iter().map(|line| line.feed).collect();
        let names = ranked.iter().map(|feed| self.called(feed)).collect();
        Ok(Plan::posts(seats::posts(&event, &lines, None), |entries| {
            Response::Admitted(Admitted { id: entries.first().map(|entry| entry.id()), ranked, names })
        }))
    }

    /// For how many more a line is, for a guest who has a seat: it must give them more where there is room for so many,
    /// and not take the seat away.
    fn more(&self, line: &SeatLine, room: u32, who: &str) -> Result<u32, Refusal> {
        if line.by != Some(self.me) {
            let text = format!("{who} has a seat from another host, who alone can make it for more persons");
            return Err(no_effect(said("refused-more-other", who, text)));
        }
        let more = line.asked.unwrap_or_default().saturating_sub(line.party);
        if more > room {
            let text = format!(
                "{who} has a seat for {} and asks for {more} more; your share has room for {room}: a line for all of \
                 them would put {who} on the waiting list",
                line.party
            );
            let numbers = [("more", more.into()), ("room", room.into())];
            return Err(no_effect(Sentence::counted("refused-more-room", who, &numbers, text)));
        }
        Ok(more)
    }

    pub(super) fn release(&self, event: &str, on: Option<&str>, people: &[String]) -> Result<Plan, Refusal> {
        let event = self.event_on(event, on)?;
        self.hosts(&event, Role::Host)?;
        let mut chosen: Vec<&SeatLine> = Vec::new();
        for who in people {
            let feed = names::person(self.snapshot, self.me, who)?;
            let asking = event.seated.iter().chain(&event.waiting).chain(seats::unranked(&event));
            let line = asking.into_iter().find(|line| line.feed == feed);
            let line = line.ok_or_else(|| {
                no_effect(said(
                    "refused-no-seat",
                    &self.called(&feed),
                    format!("{who} has no seat and waits for none"),
                ))
            })?;
            if line.by.is_some_and(|by| self.is_junior(&event, &by)) {
                let mine = role_in(&event.hosts, &self.me);
                let wanted = "whoever gave that line, or somebody senior to them";
                let wanted = said("refused-right-line", "", wanted);
                return Err(right(&event.title, mine, wanted));
            }
            chosen.push(line);
        }
        let release = |some: &[&SeatLine]| Post::Release {
            event: event.id,
            rsvps: some.iter().map(|line| line.rsvp).collect(),
            occ: event.occ.clone(),
        };
        let people: Vec<_> = chosen.iter().map(|line| line.feed).collect();
        let names = people.iter().map(|feed| self.called(feed)).collect();
        Ok(Plan::posts(chosen.chunks(RELEASED_MAX).map(release).collect(), |entries| {
            Response::Released(Released {
                ids: entries.iter().map(|entry| entry.id()).collect(),
                people,
                names,
            })
        }))
    }

    pub(super) fn close(&self, event: &str, on: Option<&str>) -> Result<Plan, Refusal> {
        let event = self.event_on(event, on)?;
        self.hosts(&event, Role::Host)?;
        match event.closed.contains(&self.me) {
            true => {
                let text = format!("you closed your list for {:?} already", event.title);
                Err(no_effect(said("refused-closed", &event.title, text)))
            }
            false => Ok(Plan::post(Post::Close { event: event.id, occ: event.occ })),
        }
    }

    pub(super) fn confirm(&self, event: &str, on: Option<&str>) -> Result<Plan, Refusal> {
        let event = self.event_on(event, on)?;
        let asking = event.seated.iter().chain(&event.waiting).chain(seats::unranked(&event));
        let mine = asking.into_iter().find(|line| line.feed == self.me && line.answer == Answer::Yes);
        let Some(mine) = mine else {
            let released = event.released.iter().any(|line| line.feed == self.me);
            return Err(no_effect(match released {
                true => said(
                    "refused-given-up",
                    "",
                    "a host gave your seat up: answer `klatch rsvp EVENT yes` again to ask for another",
                ),
                false => said(
                    "refused-no-yes",
                    "",
                    "there is no yes of yours to confirm: `klatch rsvp EVENT yes` asks for a seat",
                ),
            }));
        };
        match mine.confirmed {
            true => Err(no_effect(said("refused-confirmed", "", "you confirmed that answer already"))),
            false => Ok(Plan::posts(
                vec![Post::Confirm { event: event.id, rsvp: mine.rsvp, occ: event.occ.clone() }],
                |entries| Response::Created(created(entries)),
            )),
        }
    }

    /// Whether I stand below `host` in the event.
    fn is_junior(&self, event: &EventState, host: &FeedId) -> bool {
        let place = |feed: &FeedId| event.hosts.iter().position(|line| line.feed == *feed);
        place(&self.me) > place(host)
    }
}

/// Why somebody cannot be ranked.
fn unlisted(event: &EventState, feed: &FeedId, who: &str) -> String {
    let has = |lines: &[SeatLine]| lines.iter().any(|line| line.feed == *feed);
    if has(&event.seated) {
        format!("{who} has a seat already")
    } else if let Some(at) = event.waiting.iter().position(|line| line.feed == *feed) {
        format!("{who} waits already, at place {} of the list: order is not changed by a second line", at + 1)
    } else {
        format!("{who} does not wait for a host's answer")
    }
}
