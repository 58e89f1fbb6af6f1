//! Events and series: scheduled, changed, one occurrence called off, and answered.

use klatch_feed::meetup::agenda::{persons, start_ms};
use klatch_feed::post::{Answer, EventFields, Policy, Role, Rule, local_start};
use klatch_feed::{EntryId, EventState, FeedId, Post};

use super::{On, Plan, REPLACES_MAX, cancelled, check_link, created, field, field_said, no_effect, said};
use crate::clock;
use crate::daemon::hold::{self, Hold};
use crate::daemon::{Refusal, Response, Schedule, Sentence, hidden, local, occurrence, steering};
use crate::names;

/// Dates that a series gets besides its rule, or loses.
pub(super) struct Dates {
    pub(super) extra: Vec<String>,
    pub(super) except: Vec<String>,
}

impl On<'_> {
    pub(super) fn schedule(&self, new: Schedule) -> Result<Plan, Refusal> {
        let group = new.group.map(|text| names::group(self.snapshot, &text)).transpose()?;
        if let Some(id) = &group {
            self.may_schedule(&self.group(id)?)?;
        }
        if let Some(event) =
            new.uid.as_deref().map(|uid| local::scheduled_as(self.snapshot, uid)).transpose()?.flatten()
        {
            let event = hidden::veiled(self.snapshot, event)?;
            let text = format!("already scheduled as {:?}, {}", event.title, event.id);
            return Err(no_effect(said("refused-scheduled", &event.title, text)));
        }
        if let Some(rule) = &new.repeat {
            begins_with(rule, &new.start, &new.zone)?;
        }
        let fields = EventFields {
            place: Some(new.place).filter(|text| !text.is_empty()),
            about: Some(new.about).filter(|text| !text.is_empty()),
            ..*new.fields
        };
        check_link("online", fields.online.as_deref())?;
        Deadlines::default().with(&fields).check()?;
        let address = self.first_address(new.address)?;
        let mut notes: Vec<_> = past(&new.start, &new.zone).into_iter().collect();
        if new.split {
            notes.push(split(new.capacity));
        }
        let event = Post::Event {
            group,
            title: new.title,
            start: new.start,
            zone: new.zone,
            minutes: new.minutes,
            capacity: new.capacity,
            split: new.split,
            repeat: new.repeat,
        };
        let details = Some(fields).filter(|fields| *fields != EventFields::default());
        Ok(Plan { details, address, uid: new.uid, ..Plan::post(event).noting(notes) })
    }

    pub(super) fn update(
        &self,
        event: &str,
        on: Option<&str>,
        (mut fields, address): (EventFields, Option<String>),
        dates: &Dates,
    ) -> Result<Plan, Refusal> {
        let event = occurrence::at(self.snapshot, self.event(event)?, on)?;
        if event.cancelled {
            return Err(no_effect(said(
                "refused-cancelled",
                &event.title,
                format!("{:?} is cancelled, and that is final", event.title),
            )));
        }
        self.hosts(&event, Role::Organizer)?;
        check_link("online", fields.online.as_deref())?;
        if !dates.extra.is_empty() || !dates.except.is_empty() {
            set_dates(&event, dates, &mut fields)?;
        }
        let address = match &address {
            Some(text) => self.address(event.clone(), text)?,
            None => Vec::new(),
        };
        if fields == EventFields::default() && !address.is_empty() {
            return Ok(Plan::posts(address, |entries| Response::Created(created(entries))));
        }
        if fields == EventFields::default() {
            return Err(no_effect(said(
                "refused-nothing",
                "",
                "say what changes: `klatch event update --help` lists what can",
            )));
        }
        let of_series = fields.repeat.is_some() || fields.extra.is_some() || fields.except.is_some();
        if of_series && event.founded_start.is_none() {
            let problem = format!(
                "{:?} does not repeat: only `klatch event schedule --repeat` makes a series",
                event.title
            );
            return Err(no_effect(said("refused-no-series", &event.title, problem)));
        }
        if of_series && on.is_some() {
            return Err(no_effect("how a series repeats is said of all of it: leave --on out"));
        }
        if let (Some(rule), Some(start)) = (&fields.repeat, &event.founded_start)
            && !rule.is_empty()
        {
            begins_with(rule, start, &event.zone)?;
        }
        let mut notes = Vec::new();
        if fields.start.is_some() || fields.zone.is_some() {
            let start = fields.start.as_deref().unwrap_or(&event.start);
            let zone = fields.zone.as_deref().unwrap_or(&event.zone);
            local_start(start, zone)?;
            notes.extend(past(start, zone));
        }
        let seated = persons(&event.seated);
        if let Some(capacity) = fields.capacity.filter(|capacity| *capacity < seated) {
            notes.push(format!("persons who have seats: {seated}; seats there are now: {capacity}. Whoever does not fit waits, first in the list"));
        }
        let held = Deadlines::of(&event);
        let deadlines = held.with(&fields);
        // What contradicts already hinders no other change.
        if deadlines != held {
            deadlines.check()?;
        }
        let replaces = event.tips.into_iter().take(REPLACES_MAX).collect();
        let update = Post::Update { event: event.id, replaces, fields: Box::new(fields), occ: event.occ };
        let posts = [update].into_iter().chain(address).collect();
        Ok(Plan::posts(posts, |entries| Response::Created(created(entries))).noting(notes))
    }

    /// Calls one occurrence off.
    pub(super) fn skip(&self, event: &str, on: &str) -> Result<Plan, Refusal> {
        let event = occurrence::at(self.snapshot, self.event(event)?, Some(on))?;
        self.hosts(&event, Role::Organizer)?;
        match event.occ {
            Some(_) if event.cancelled => {
                Err(no_effect(cancelled_on(&event.title, &format!("{on} already"))))
            }
            Some(occ) => Ok(Plan::post(Post::Skip { event: event.id, occ })),
            None => {
                let problem = format!("{:?} does not repeat", event.title);
                Err(no_effect(said("refused-no-series", &event.title, problem)))
            }
        }
    }

    pub(super) fn rsvp(
        &self,
        event: &str,
        on: Option<&str>,
        (answer, party, note): (Answer, u32, String),
        answers: &[String],
    ) -> Result<Plan, Refusal> {
        let event = occurrence::at(self.snapshot, self.event(event)?, on)?;
        if event.cancelled && answer != Answer::No {
            return Err(no_effect(match on.filter(|_| event.occ.is_some()) {
                Some(on) => cancelled_on(&event.title, on),
                None => cancelled(&event.title),
            }));
        }
        let notes = about_answer(&event, &self.me, (answer, party), clock::now())?;
        let answers = self.answers(&event, answers)?;
        let seen = self.seen(&event)?;
        let rsvp = Post::Rsvp { event: event.id, seen, answer, party, note, occ: event.occ };
        let posts = [rsvp].into_iter().chain(answers).collect();
        Ok(Plan::posts(posts, |entries| Response::Created(created(entries))).noting(notes))
    }

    /// The updates that an answer was given after: who answers for a series has seen of its dates, too, which were moved.
    fn seen(&self, event: &EventState) -> Result<Vec<EntryId>, Refusal> {
        let mut seen = event.tips.clone();
        let mut dates: Vec<_> = event.occurrences.iter().filter(|date| !date.cancelled).collect();
        dates.sort_by(|a, b| a.start.cmp(&b.start));
        for date in dates {
            if seen.len() >= REPLACES_MAX {
                break;
            }
            let Some(date) = self.snapshot.occurrence(&event.id, &date.occ)? else { continue };
            if !steering::is_over(&date, clock::now()) {
                seen.extend(date.tips.iter().filter(|tip| !seen.contains(tip)).copied().collect::<Vec<_>>());
            }
        }
        seen.truncate(REPLACES_MAX);
        Ok(seen)
    }
}

fn cancelled_on(title: &str, on: &str) -> Sentence {
    said("refused-cancelled", title, format!("{title:?} is cancelled on {on}"))
}

/// What `me` is to know of their answer; refuses a no to what is over: it would only seem to have come in time.
fn about_answer(
    event: &EventState,
    me: &FeedId,
    (answer, party): (Answer, u32),
    now_ms: i64,
) -> Result<Vec<String>, Refusal> {
    let is_whole_series = event.founded_start.is_some() && event.occ.is_none();
    let begins = start_ms(&event.start, &event.zone).filter(|_| !is_whole_series);
    let mut notes = Vec::new();
    match answer {
        Answer::No => {
            if steering::is_over(event, now_ms) {
                let text = format!("{:?} is over: a no frees no seat any more", event.title);
                return Err(no_effect(said("refused-over", &event.title, text)));
            }
            let cancel_by = steering::deadline(event, event.cancel_by).flatten().filter(|_| !is_whole_series);
            if begins.is_some_and(|begins| begins <= now_ms) {
                notes.push("it has begun already: that no comes late".to_owned());
            } else if let Some(by_ms) = cancel_by.filter(|by_ms| *by_ms <= now_ms) {
                notes.push(format!("that no comes late: it was to be said by {}", hold::local(event, by_ms)));
            }
        }
        Answer::Yes => {
            let held = || Hold::of(event, now_ms).map(|hold| format!("not ranked yet: {}", hold.sentence()));
            notes.extend(line_stands(event, me, party).or_else(held));
            if let Some(most) = event.party_max.filter(|most| *most < party) {
                notes.push(format!(
                    "one answer is for at most {most} here: hosts' nodes give no seats for more"
                ));
            }
        }
        Answer::Maybe => {}
    }
    Ok(notes)
}

/// What becomes of the line that a host gave to an earlier yes of `me`, if there is one: it is never lost by another.
fn line_stands(event: &EventState, me: &FeedId, party: u32) -> Option<String> {
    let mut lines = event
        .seated
        .iter()
        .map(|line| (line, "seat"))
        .chain(event.waiting.iter().map(|line| (line, "place on the waiting list")));
    let (line, what) = lines.find(|(line, _)| line.feed == *me)?;
    Some(match (party.checked_sub(line.party), line.party - line.party.min(party)) {
        (Some(0), _) => format!("your {what} stands"),
        (Some(more), _) if what == "seat" => format!(
            "your seat for {} stands: for {more} more the host's node decides, where there is room",
            line.party
        ),
        (Some(more), _) => {
            format!("your {what} for {} stands: who gives seats there does not count {more} more", line.party)
        }
        (None, fewer) => format!("your {what} stands, for {fewer} fewer"),
    })
}

/// That a start is past, if it is.
fn past(start: &str, zone: &str) -> Option<String> {
    let is_past = start_ms(start, zone).is_some_and(|at| at <= clock::now());
    is_past.then(|| "that start is past: lists show it as an event that was".to_owned())
}

/// What smaller parties that pass come to.
fn split(capacity: Option<u32>) -> String {
    match capacity {
        Some(_) => "a smaller party passes a larger one that does not fit; if somebody cancels and the larger one fits, \
                    it gets the seats, also those of a smaller party that passed it",
        None => "there is no limit on persons, so nobody has to pass anybody: --split changes nothing",
    }
    .to_owned()
}

/// Minutes before the start, 0 = none, and whether lots are drawn.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Deadlines {
    opens: u32,
    closes: u32,
    confirm_by: u32,
    cancel_by: u32,
    by_lot: bool,
}

impl Deadlines {
    fn of(event: &EventState) -> Self {
        let EventState { opens, closes, confirm_by, cancel_by, policy, .. } = *event;
        Self { opens, closes, confirm_by, cancel_by, by_lot: policy == Policy::Lottery }
    }

    /// As they are once `fields` are said.
    fn with(self, fields: &EventFields) -> Self {
        Self {
            opens: fields.opens.unwrap_or(self.opens),
            closes: fields.closes.unwrap_or(self.closes),
            confirm_by: fields.confirm_by.unwrap_or(self.confirm_by),
            cancel_by: fields.cancel_by.unwrap_or(self.cancel_by),
            by_lot: fields.policy.map_or(self.by_lot, |policy| policy == Policy::Lottery),
        }
    }

    /// Refuses those by which nobody could get or keep a seat. Source: spec/meetup.md, "steering".
    fn check(self) -> Result<(), Refusal> {
        let Self { opens, closes, confirm_by, cancel_by, by_lot } = self;
        // What lies as long before the start as another, or longer, is not after it.
        let is_not_after = |at: u32, other: u32| at > 0 && other > 0 && at >= other;
        let (name, key, problem) = if by_lot && closes == 0 {
            (
                "closes",
                "refused-no-draw",
                "lots are drawn when answers close: say how long before the start that is",
            )
        } else if is_not_after(closes, opens) {
            (
                "closes",
                "refused-closes",
                "answers would close no later than they open: let them close nearer to the start",
            )
        } else if is_not_after(confirm_by, opens) {
            (
                "confirm_by",
                "refused-confirm-early",
                "no seat is given before answers open: ask for a yes nearer to the start than that",
            )
        } else if by_lot && is_not_after(confirm_by, closes) {
            (
                "confirm_by",
                "refused-confirm-draw",
                "lots are drawn when answers close: ask for a yes nearer to the start than that",
            )
        } else if is_not_after(cancel_by, opens) {
            (
                "cancel_by",
                "refused-cancel-early",
                "each no would come late, from when answers open: let it come nearer to the start",
            )
        } else {
            return Ok(());
        };
        Err(field_said(name, said(key, "", problem)))
    }
}

/// Refuses a rule that does not name the start: the fold counts the start all the same, and calendars differ.
fn begins_with(rule: &str, start: &str, zone: &str) -> Result<(), Refusal> {
    let date = local_start(start, zone)?.date_naive();
    let parsed: Rule = rule.parse().map_err(|error| field("repeat", error))?;
    if parsed.names(date) {
        return Ok(());
    }
    let next = parsed.dates(date).into_iter().find(|next| *next > date);
    let next = next.map_or_else(String::new, |next| format!(": begin on {}", next.format("%A %-d %b %Y")));
    let text = format!("{}, the start, is no date of {parsed}{next}", date.format("%A %-d %b %Y"));
    Err(field_said("repeat", said("refused-no-date", &date.format("%Y-%m-%d").to_string(), text)))
}

/// Works the dates that come and go into what the series has already.
fn set_dates(event: &EventState, dates: &Dates, fields: &mut EventFields) -> Result<(), Refusal> {
    let (mut extra, mut except) = (event.extra.clone(), event.except.clone());
    let time = event.founded_start.as_deref().and_then(|start| start.get(10..)).unwrap_or_default();
    for text in &dates.extra {
        let start = text.trim().replacen(' ', "T", 1);
        let start = if start.len() == 10 { start + time } else { start };
        // What was taken out comes back by itself.
        except.retain(|none| *none != start);
        if !event.occurrence_names().contains(&start) && !event.except.contains(&start) {
            extra.push(start);
        }
    }
    for text in &dates.except {
        let occ = names::occurrence(event, text)?;
        match extra.iter().position(|more| *more == occ) {
            Some(at) => drop(extra.remove(at)),
            None => except.push(occ),
        }
    }
    fields.extra = Some(extra).filter(|extra| *extra != event.extra);
    fields.except = Some(except).filter(|except| *except != event.except);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_that_leave_nobody_a_seat_are_refused() {
        let at = |[opens, closes, confirm_by, cancel_by]: [u32; 4], by_lot| {
            let refused = Deadlines { opens, closes, confirm_by, cancel_by, by_lot }.check();
            refused.err().map(|refusal| match refusal {
                Refusal::Field { field, .. } => field,
                other => panic!("{other:?}"),
            })
        };
        let cases: [([u32; 4], bool, Option<&str>); 13] = [
            ([0, 0, 0, 0], false, None),
            ([0, 60, 90, 90], false, None),
            ([100, 60, 50, 50], true, None),
            ([100, 0, 99, 99], false, None),
            ([0, 60, 0, 70], true, None),
            ([0, 0, 0, 0], true, Some("closes")),
            ([100, 0, 0, 0], true, Some("closes")),
            ([100, 100, 0, 0], false, Some("closes")),
            ([100, 101, 0, 0], false, Some("closes")),
            ([100, 60, 100, 0], false, Some("confirm_by")),
            ([0, 60, 60, 0], true, Some("confirm_by")),
            ([100, 0, 0, 100], false, Some("cancel_by")),
            ([100, 60, 50, 110], true, Some("cancel_by")),
        ];
        for (deadlines, by_lot, refused) in cases {
            assert_eq!(at(deadlines, by_lot).as_deref(), refused, "{deadlines:?}, by lot: {by_lot}");
        }
    }

    #[test]
    fn a_no_that_comes_late_is_noted_and_one_after_the_end_is_refused() {
        let none: [u8; 0] = [];
        let event: EventState = serde_json::from_value(serde_json::json!({
            "id": klatch_feed::EntryId::new([9; 32]), "group": null, "in_group": false,
            "author": klatch_feed::FeedId::new([1; 32]), "title": "Tea", "start": "2026-12-01T18:30", "zone": "UTC",
            "minutes": 60, "place": "", "about": "", "capacity": null, "split": false, "cancel_by": 90, "revision": 0,
            "tips": none, "cancelled": false, "hosts": none, "seated": none, "waiting": none, "provisional": none,
            "unranked": none, "maybe": none, "no": none, "attendance": none, "incomplete": false,
        }))
        .unwrap();
        let series = EventState { founded_start: Some(event.start.clone()), ..event.clone() };
        let no = |event: &EventState, minutes: i64| {
            let now_ms = 1_796_149_800_000 - minutes * 60_000;
            let me = klatch_feed::FeedId::new([2; 32]);
            about_answer(event, &me, (Answer::No, 1), now_ms).map(|notes| notes.join("; "))
        };
        assert_eq!(no(&event, 91).unwrap(), "");
        assert!(no(&event, 90).unwrap().contains("by Tue 1 Dec 2026, 17:00"));
        assert!(no(&event, 0).unwrap().contains("begun already"));
        assert!(no(&event, -59).is_ok() && no(&event, -60).is_err());
        let weekly = EventState { repeat: Some("FREQ=WEEKLY;COUNT=2".to_owned()), ..series };
        assert_eq!(no(&weekly, -600).unwrap(), "", "each date is by itself");
        assert!(no(&weekly, -7 * 1440 - 59).is_ok() && no(&weekly, -7 * 1440 - 60).is_err(), "till the last");
        // Whoever has a line keeps it, whatever they say beside it.
        let me = klatch_feed::FeedId::new([2; 32]);
        let line = serde_json::json!({
            "feed": me, "rsvp": klatch_feed::EntryId::new([7; 32]), "answer": "yes", "party": 2,
        });
        let line: klatch_feed::meetup::SeatLine = serde_json::from_value(line).unwrap();
        let seated = EventState { seated: vec![line.clone()], ..event.clone() };
        let waits = EventState { waiting: vec![line], ..event.clone() };
        let yes =
            |event: &EventState, party| about_answer(event, &me, (Answer::Yes, party), 0).unwrap().join("; ");
        assert!(yes(&event, 2).starts_with("not ranked yet: "));
        assert_eq!(yes(&seated, 2), "your seat stands");
        let more = "your seat for 2 stands: for 1 more the host's node decides, where there is room";
        assert_eq!(yes(&seated, 3), more);
        assert_eq!(yes(&seated, 1), "your seat stands, for 1 fewer");
        assert_eq!(yes(&waits, 2), "your place on the waiting list stands");
    }
}
