//! Text for some eyes: feedback, answers to questions, and the address.

use klatch_feed::post::Purpose;
use klatch_feed::{EntryId, EventState, FeedId, Post};

use super::{On, Plan, Refusal, created, field, field_said, no_effect, said};
use crate::daemon::sealing::{self, ANSWER_BYTES_MAX};
use crate::daemon::{Response, occurrence};

impl On<'_> {
    /// What somebody who was there tells the hosts alone.
    pub(super) fn feedback(&self, event: &str, on: Option<&str>, text: &str) -> Result<Plan, Refusal> {
        let event = occurrence::at(self.snapshot, self.event(event)?, on)?;
        if event.attendance.iter().all(|line| line.feed != self.me) {
            let which =
                if event.founded_start.is_some() && on.is_none() { ": say with --on which date" } else { "" };
            let title = &event.title;
            let text = format!("feedback is from who was there: no door of {title:?} saw you{which}");
            return Err(no_effect(said("refused-not-there", title, text)));
        }
        let posts = self.sealed(&event, (Purpose::Feedback, text), sealing::hosts(&event))?;
        Ok(Plan::posts(posts, |entries| Response::Created(created(entries))))
    }

    /// Answers to the event's questions, in their order; an empty one says nothing.
    pub(super) fn answers(&self, event: &EventState, answers: &[String]) -> Result<Vec<Post>, Refusal> {
        if answers.len() > event.questions.len() {
            let (asked, title) = (event.questions.len(), &event.title);
            return Err(field(
                "answer",
                format!("answers given: {}, and {title:?} asks for {asked}", answers.len()),
            ));
        }
        let given = event.questions.iter().zip(answers).filter(|(_, answer)| !answer.is_empty());
        let given: Vec<(&str, &str)> = given.map(|(question, answer)| (&question[..], &answer[..])).collect();
        for (question, answer) in &given {
            if answer.len() > ANSWER_BYTES_MAX || answer.contains(char::is_control) {
                let problem = format!("one line of at most {ANSWER_BYTES_MAX} bytes answers {question:?}");
                return Err(field_said("answer", said("refused-answer", question, problem)));
            }
        }
        let mut posts = Vec::new();
        for text in sealing::answer_texts(&given) {
            posts.extend(self.sealed(event, (Purpose::Answers, &text), sealing::hosts(event))?);
        }
        Ok(posts)
    }

    /// The exact address, for the hosts and whoever has a seat by now. The node of its author tells it to who gets one.
    pub(super) fn address(&self, event: EventState, text: &str) -> Result<Vec<Post>, Refusal> {
        let whole = self.snapshot.event(&event.id)?.unwrap_or_else(|| event.clone());
        let readers = sealing::readers(self.snapshot, whole, event.occ.as_deref())?;
        self.sealed(&event, (Purpose::Address, text), readers)
    }

    fn sealed(
        &self,
        event: &EventState,
        said: (Purpose, &str),
        readers: impl IntoIterator<Item = FeedId>,
    ) -> Result<Vec<Post>, Refusal> {
        let (net, object) = (self.shared.network.id(), (&event.id, event.occ.as_deref()));
        Ok(sealing::seal(&net, &self.me, object, said, readers)?)
    }

    /// The address of an event that is not founded yet: for its author, until somebody has a seat.
    pub(super) fn first_address(&self, text: Option<String>) -> Result<Option<FirstAddress>, Refusal> {
        let Some(text) = text else { return Ok(None) };
        let first = FirstAddress { net: self.shared.network.id(), author: self.me, text };
        first.posts(EntryId::new([0; 32]))?; // So that it is refused before the event is there.
        Ok(Some(first))
    }
}

/// What is sealed once the event has its id.
#[derive(Clone)]
pub(in crate::daemon) struct FirstAddress {
    net: klatch_feed::NetId,
    author: FeedId,
    text: String,
}

impl FirstAddress {
    pub(super) fn posts(&self, event: EntryId) -> Result<Vec<Post>, klatch_feed::post::PostError> {
        sealing::seal(&self.net, &self.author, (&event, None), (Purpose::Address, &self.text), [])
    }
}
