//! A guest's answer to a door's code, and how an evening went.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::meetup::attendance::{self, Report};
use klatch_feed::post::{Role, checkin_message, kind};
use klatch_feed::{EntryId, EventState, FeedId, Post};
use klatch_gossip::sync::{Challenge, DoorAnswer};

use super::{
    AnswerText, AttendanceRecords, AttendanceReport, On, POINTING_MAX, Refusal, Response, hidden, instants,
};
use crate::clock;
use crate::daemon::{Sentence, called, occurrence};
use crate::door::code::{AnswerCode, DoorCode, DoorCodeError};
use crate::door::{guest, may_countersign};
use crate::names;

impl On<'_> {
    /// An answer that goes to the door by its eyes: what [`crate::net`] does where both are connected.
    pub(super) fn door_answer(
        &self,
        event: &str,
        code: &str,
        trust: Option<FeedId>,
    ) -> Result<Response, Refusal> {
        let misread = |problem: Sentence| Refusal::Field { field: "code".to_owned(), problem };
        let code: DoorCode = code.parse().map_err(|error: DoorCodeError| misread(error.into()))?;
        let state = match self.event(event).and_then(|state| Ok(hidden::veiled(self.snapshot, state)?)) {
            Ok(state) if state.id != code.event => {
                let text = format!("that code is for another event than {:?}", state.title);
                return Err(misread(Sentence::said("refused-other-event", &state.title, text)));
            }
            Ok(state) => Some(occurrence::one(self.snapshot, state, code.occ.as_deref())?),
            // Somebody passing by knows no more of it than its code says.
            Err(Refusal::Unknown { .. }) => None,
            Err(refusal) => return Err(refusal),
        };
        let problem = |problem: Sentence| Refusal::NoEffect { problem };
        if let Some(state) = state.as_ref().filter(|state| state.cancelled) {
            let text = format!("{:?} is cancelled", state.title);
            return Err(problem(Sentence::said("refused-cancelled", &state.title, text)));
        }
        let holds = state.as_ref().is_some_and(|state| may_countersign(state, &code.door));
        if !holds && trust != Some(code.door) {
            let name = called(self.snapshot, &code.door)?;
            let text = format!(
                "nothing in the log says that {name} holds the door: if you trust them, add --trust {}",
                code.door
            );
            return Err(problem(text.into()));
        }
        let DoorCode { event, occ, door, nonce, .. } = code;
        let me = self.shared.me;
        let rsvp = state.and_then(|state| guest::rsvp_of(&state, &me));
        let net = self.shared.network.id();
        let message = checkin_message(&net, &event, occ.as_deref(), &door, &nonce, rsvp.as_ref());
        let signature = self.shared.secret.sign(&[&message]);
        let answer = DoorAnswer { challenge: Challenge { event, occ, nonce }, rsvp, signature };
        let code = AnswerCode { guest: me, answer }.to_string();
        Ok(Response::AnswerCode(AnswerText { code }))
    }

    pub(super) fn attendance(&self, event: &str, on: Option<&str>) -> Result<Response, Refusal> {
        let report = self.report(&occurrence::one(self.snapshot, self.event(event)?, on)?)?;
        let names = self.names(report.people.iter().map(|one| one.feed))?;
        Ok(Response::Attendance(Box::new(AttendanceReport { report, names })))
    }

    /// How often people came to the events of a group that are over. Hosts see everybody, others themselves.
    pub(super) fn records(&self, group: &str, who: Option<&str>) -> Result<Response, Refusal> {
        let group = self.group(group)?;
        let who = who.map(|who| names::person(self.snapshot, self.shared.me, who)).transpose()?;
        let role = group.roles.iter().find(|line| line.feed == self.shared.me).map(|line| line.role);
        if role.is_none_or(|role| role > Role::Host) && who != Some(self.shared.me) {
            let yours = role.map_or("have no role", |_| "are a door").to_owned();
            let wanted = "a host; `me` shows your own".into();
            let (object, least) = (group.name, Some(Role::Host));
            return Err(Refusal::Right { object, yours, wanted, least });
        }
        let mut reports = Vec::new();
        for id in &group.events {
            let Some(event) = self.snapshot.event(id)? else { continue };
            for line in &event.occurrences {
                if let Some(state) = self.snapshot.occurrence(id, &line.occ)? {
                    reports.push(self.report(&state)?);
                }
            }
            if event.founded_start.is_none() {
                reports.push(self.report(&event)?);
            }
        }
        reports.retain(|report| report.over);
        let mut people = attendance::records(&reports);
        people.retain(|one| who.is_none_or(|who| one.feed == who));
        let names = self.names(people.iter().map(|one| one.feed))?;
        Ok(Response::Records(AttendanceRecords { events: reports.len(), people, names }))
    }

    fn names(&self, feeds: impl Iterator<Item = FeedId>) -> Result<BTreeMap<FeedId, String>, Refusal> {
        feeds.map(|feed| Ok((feed, called(self.snapshot, &feed)?))).collect()
    }

    fn report(&self, event: &EventState) -> Result<Report, Refusal> {
        let now = i64::try_from(clock::now_ms()).unwrap_or(i64::MAX);
        let over = instants(event).1.is_some_and(|end| end <= now);
        Ok(attendance::report(event, &self.ranked(event)?, over))
    }

    /// Who said no and has an answer on some host's list, be it one that they took back.
    fn ranked(&self, event: &EventState) -> Result<BTreeSet<FeedId>, Refusal> {
        if event.no.is_empty() {
            return Ok(BTreeSet::new());
        }
        let lineage = self.snapshot.lineage()?;
        let gives =
            |feed: &FeedId| event.hosts.iter().any(|line| line.feed == *feed && line.role <= Role::Host);
        let (mut answers, mut lines) = (BTreeMap::<EntryId, FeedId>::new(), Vec::new());
        for (feed, seq) in self.snapshot.pointing_at(&event.id, &[kind::RSVP, kind::SEAT], POINTING_MAX)? {
            let Some(entry) = self.snapshot.entries(&feed, seq, 1)?.pop() else { continue };
            let (header, author) = (entry.header(), lineage.now(feed));
            if header.kind == kind::RSVP && event.no.contains(&author) {
                answers.insert(entry.id(), author);
            }
            if header.kind == kind::SEAT
                && gives(&author)
                && let Some(Post::Seat { lines: given, occ, .. }) =
                    Post::read(header.kind, &header.refs, entry.body())
                && (occ.is_none() || occ == event.occ)
            {
                lines.extend(given.into_iter().map(|(rsvp, _)| rsvp));
            }
        }
        Ok(lines.iter().filter_map(|rsvp| answers.get(rsvp).copied()).collect())
    }
}
