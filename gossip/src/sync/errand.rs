//! Errands: an invite to redeem, and a guest's answer to a door. The exchange carries them between two
//! owners, one of each kind under way at a time, and judges nothing but their number.
//! Source: spec/gossip.md, "errands".

use std::collections::VecDeque;

use klatch_feed::EntryId;

use super::message::Message;
use super::outbox::Outbox;
use super::{Breach, Challenge, DoorAnswer, Input, Millis, Output, Redeemed};

/// Most secrets a peer may try in a session.
pub const REDEEMS_MAX: u32 = 8;
/// Most challenges, and most answers to them, that a peer may send in a minute.
pub const DOOR_MESSAGES_PER_MINUTE_MAX: u32 = 16;
/// Most answers of this side that wait for the verdict on the one before.
const ANSWERS_WAITING_MAX: usize = 16;
const MINUTE: Millis = 60_000;

#[derive(Debug, Default)]
pub(super) struct Errands {
    redeeming: bool, // I wait for the pub.
    redeems: u32,    // The peer has tried so many.
    redeem_open: bool,
    challenges: Rate,
    answers: Rate,
    answer_open: Option<EntryId>,  // The peer waits for my verdict.
    answered: Option<EntryId>,     // I wait for the peer's verdict.
    waiting: VecDeque<DoorAnswer>, // ... and have more to say.
}

/// Counts within a window of one minute that starts with the first.
#[derive(Debug, Default)]
struct Rate {
    since: Millis,
    count: u32,
}

impl Rate {
    fn take(&mut self, now: Millis, what: &'static str) -> Result<(), Breach> {
        if self.count == 0 || now >= self.since + MINUTE {
            *self = Self { since: now, count: 0 };
        }
        self.count += 1;
        if self.count <= DOOR_MESSAGES_PER_MINUTE_MAX { Ok(()) } else { Err(Breach::Limit(what)) }
    }
}

impl Errands {
    /// What this side's owner wants of the peer, or answers to it.
    pub(super) fn local(&mut self, input: Input, out: &mut Outbox) {
        match input {
            Input::Redeem(secret) if !self.redeeming => {
                self.redeeming = true;
                out.send(&Message::Redeem(secret));
            }
            Input::RedeemAnswer(answer) if self.redeem_open => {
                self.redeem_open = false;
                out.send(&Message::Redeemed(answer));
            }
            Input::Challenge(challenge) => out.send(&Message::Door(challenge)),
            Input::DoorAnswer(answer) if self.waiting.len() < ANSWERS_WAITING_MAX => {
                self.waiting.push_back(answer);
                self.answer_next(out);
            }
            Input::DoorVerdict(event, refusal) if self.answer_open == Some(event) => {
                self.answer_open = None;
                out.send(&Message::DoorVerdict(event, refusal));
            }
            _ => {} // One is under way already, or nobody waits for this any more.
        }
    }

    /// The peer asks to redeem a secret.
    pub(super) fn redeem(&mut self, secret: [u8; 16], out: &mut Outbox) -> Result<(), Breach> {
        if self.redeem_open {
            return Err(Breach::Limit("secrets at a time"));
        }
        self.redeems += 1;
        if self.redeems > REDEEMS_MAX {
            return Err(Breach::Limit("secrets in a session"));
        }
        self.redeem_open = true;
        out.push(Output::Redeem(secret));
        Ok(())
    }

    /// The pub's answer.
    pub(super) fn redeemed(&mut self, answer: Redeemed, out: &mut Outbox) -> Result<(), Breach> {
        if !std::mem::take(&mut self.redeeming) {
            return Err(Breach::Unsolicited("a pub's answer"));
        }
        out.push(Output::Redeemed(answer));
        Ok(())
    }

    /// A door shows a challenge.
    pub(super) fn challenged(
        &mut self,
        now: Millis,
        challenge: Challenge,
        out: &mut Outbox,
    ) -> Result<(), Breach> {
        self.challenges.take(now, "challenges in a minute")?;
        out.push(Output::Challenged(challenge));
        Ok(())
    }

    /// A guest answers one: not necessarily one that was shown here, a guest may have read it off a screen.
    pub(super) fn door_answered(
        &mut self,
        now: Millis,
        answer: DoorAnswer,
        out: &mut Outbox,
    ) -> Result<(), Breach> {
        self.answers.take(now, "answers to a door in a minute")?;
        if self.answer_open.is_some() {
            return Err(Breach::Limit("answers to a door at a time"));
        }
        self.answer_open = Some(answer.challenge.event);
        out.push(Output::DoorAnswered(answer));
        Ok(())
    }

    /// The door's word on the answer.
    pub(super) fn verdict(
        &mut self,
        event: EntryId,
        refusal: Option<String>,
        out: &mut Outbox,
    ) -> Result<(), Breach> {
        if self.answered != Some(event) {
            return Err(Breach::Unsolicited("a door's verdict"));
        }
        self.answered = None;
        out.push(Output::DoorVerdict(event, refusal));
        self.answer_next(out);
        Ok(())
    }

    fn answer_next(&mut self, out: &mut Outbox) {
        if self.answered.is_none()
            && let Some(answer) = self.waiting.pop_front()
        {
            self.answered = Some(answer.challenge.event);
            out.send(&Message::DoorAnswer(answer));
        }
    }
}
