//! What the peer says, handed to the part that it is about. Whether it may come now is judged by that part.

use klatch_feed::{FeedId, ForkProof, Seq};

use super::message::{self, Id8, Mark16, Message, Side};
use super::{Breach, Exchange, Millis, Output, Phase, Reason, STRANGE_PROOFS_MAX, Shelf, narrowed, plan};

/// Feeds that the log is asked about one by one; of more it is asked for all that it knows.
const ASKED_ONE_BY_ONE_MAX: usize = 64;

impl Exchange {
    pub(super) fn hear(&mut self, now: Millis, message: Message, shelf: &dyn Shelf) -> Result<(), Reason> {
        match (self.phase, &message) {
            (Phase::Greeting, Message::Resume { .. } | Message::Error(_)) => {}
            (Phase::Greeting, _) => return Err(Breach::Unsolicited("a message before the first").into()),
            (_, Message::Resume { .. }) => return Err(Breach::Unsolicited("a second first message").into()),
            _ => {}
        }
        match message {
            Message::Resume { proto: message::VERSION, token, root, yours, .. } => {
                self.phase = Phase::Open;
                self.resumed(token, root, yours, shelf);
                if self.is_narrow && !self.plan.is_recalling() {
                    self.want(shelf); // What stands in a list that was taken up again I may ask it for.
                }
                return Ok(());
            }
            Message::Resume { .. } => return Err(Breach::Version.into()),
            Message::Fork(proof) => return self.proof(&proof, shelf),
            Message::Succ { signed, body } => return self.heir(&signed, &body, shelf),
            Message::Wants { .. }
            | Message::Scope(_)
            | Message::Delta { .. }
            | Message::Prints { .. }
            | Message::Mode(_)
            | Message::Have(_)
            | Message::Token { .. } => return self.hear_list(now, message, shelf),
            _ => {}
        }
        let Self { ground, plan, serve, about, errands, .. } = self;
        let mut desk = ground.desk(shelf);
        match message {
            Message::Get(get) => serve.get(get, shelf)?,
            Message::Chunk { idx, base8, chunk } => {
                let held = plan.chunk(idx, base8, chunk, &mut desk)?;
                held.into_iter().for_each(|(feed, len)| serve.knows(&feed, len, None, &mut desk));
            }
            Message::Bodies { idx, from, bodies } => plan.bodies(idx, from, bodies, &mut desk)?,
            Message::Push { idx, base8, chunk } => {
                let held = plan.push(idx, base8, chunk, &mut desk)?;
                held.into_iter().for_each(|(feed, len)| serve.knows(&feed, len, None, &mut desk));
            }
            Message::IdAt { feed, seqs } => serve.id_at(feed, seqs)?,
            Message::Ids { feed, ids } => plan.ids(feed, &ids, &mut desk)?,
            Message::About(object) => {
                if about.asked(object)? {
                    desk.listen(Output::ListensAbout(object));
                }
            }
            Message::Hints { object, rows } => about.hinted(object, rows, desk.out)?,
            Message::Redeem(secret) => errands.redeem(secret, desk.out)?,
            Message::Redeemed(answer) => errands.redeemed(answer, desk.out)?,
            Message::Door(challenge) => errands.challenged(now, challenge, desk.out)?,
            Message::DoorAnswer(answer) => errands.door_answered(now, answer, desk.out)?,
            Message::DoorVerdict(event, refusal) => errands.verdict(event, refusal, desk.out)?,
            Message::Error(code) => return Err(Reason::Peer(code)),
            Message::Ping | Message::Ignored => {}
            other => unreachable!("handled above: {other:?}"),
        }
        Ok(())
    }

    /// The peer's first message: where the last meeting left it, and what it holds of my own feed.
    fn resumed(
        &mut self,
        token: Option<Mark16>,
        root: Option<Mark16>,
        yours: Option<(Seq, Id8)>,
        shelf: &dyn Shelf,
    ) {
        let served = self.memory.served.take();
        let Self { ground, serve, .. } = self;
        let mut desk = ground.desk(shelf);
        serve.resumed(token, root, served, &mut desk);
        if let Some((len, tip8)) = yours {
            desk.out.push(Output::Echo(len, tip8));
            if plan::id8_at(shelf, &desk.me, len) == Some(tip8) {
                serve.echoed(desk.me, len); // If not, its answer to my wants says the same, and is asked for.
            }
        }
        self.owe_heirs(shelf.all_succeeded(), shelf);
    }

    /// What is said about a list of wants, mine or the peer's.
    fn hear_list(&mut self, now: Millis, message: Message, shelf: &dyn Shelf) -> Result<(), Reason> {
        let Self { ground, plan, serve, .. } = self;
        let mut desk = ground.desk(shelf);
        let (mut is_recalled, mut added, mut stated) = (false, Vec::new(), Vec::new());
        match message {
            Message::Wants { root, add, del } => {
                let claimed = |feed: &FeedId| plan.claimed(feed, shelf);
                added = serve.wanted((root, add, &del), claimed, &mut desk)?;
            }
            Message::Scope(bitmap) => is_recalled = plan.scope(bitmap.as_deref())?,
            Message::Delta { more, side: Side::Yours, rows } => {
                is_recalled = plan.is_known();
                for row in rows {
                    if let Some(feed) = plan.state(row, &mut desk)? {
                        serve.knows(&feed, row.len, row.cap, &mut desk);
                    }
                }
                if !more {
                    plan.listed(now, &mut desk);
                }
                plan.complete(&mut desk);
            }
            Message::Delta { side: Side::Mine, rows, .. } => {
                for row in rows {
                    stated.extend(serve.stated(row, &mut desk)?);
                }
            }
            Message::Prints { side: Side::Yours, open, prints } => {
                is_recalled = plan.prints(&open, &prints, &mut desk)?;
            }
            Message::Prints { side: Side::Mine, open, prints } => serve.prints(&open, &prints, &mut desk)?,
            Message::Mode(rows) => serve.mode(&rows, &mut desk)?,
            Message::Have(rows) => plan.told(now, &rows, &mut desk)?,
            Message::Token { token, root } => plan.vouched(now, token, root),
            other => unreachable!("not about lists: {other:?}"),
        }
        if !added.is_empty() {
            self.added(&added, shelf);
        }
        self.owe_heirs(stated, shelf); // It may hold another chain since it lacks a statement.
        if is_recalled {
            self.want(shelf); // Now it is known to what the difference is announced.
        }
        Ok(())
    }

    /// The peer wants these feeds from now on. What follows costs as much as there are of them.
    fn added(&mut self, added: &[FeedId], shelf: &dyn Shelf) {
        match added.len() {
            0..=ASKED_ONE_BY_ONE_MAX => self.owe_heirs(added.iter().copied(), shelf),
            _ => self.owe_heirs(shelf.all_succeeded(), shelf),
        }
        if let Some(interest) = self.interest.as_deref().filter(|_| self.is_narrow) {
            let wanted = narrowed(interest, added.iter().copied(), self.ground.peer); // It may be asked for them.
            let Self { ground, plan, .. } = self;
            plan.want_also(&wanted, &mut ground.desk(shelf));
        }
    }

    /// The peer proves a fork of a feed that one of us wants, or of mine.
    fn proof(&mut self, bytes: &[u8], shelf: &dyn Shelf) -> Result<(), Reason> {
        let author = bytes.get(3..35).and_then(|author| author.try_into().ok()).map(FeedId::new);
        let feed = author.ok_or(Breach::Malformed)?;
        let held = shelf.state(&feed);
        if feed != self.ground.me && held.is_none() && !self.plan.wants.ever_had(&feed, shelf) {
            self.strange_proofs += 1; // I may have held it when we last met.
            let is_within = self.strange_proofs <= STRANGE_PROOFS_MAX;
            return if is_within { Ok(()) } else { Err(Breach::Limit("proofs of no concern").into()) };
        }
        let proof = ForkProof::decode(&self.ground.net, bytes).map_err(|_| Breach::Malformed)?;
        let cap = proof.cap();
        if !self.ground.caps.note_proof(feed, cap) {
            return Err(Breach::Repeated.into());
        }
        self.plan.proved(&feed, cap, shelf);
        if held.and_then(|state| state.cap).is_none_or(|mine| cap < mine) {
            self.ground.out.push(Output::Fork(proof)); // Once it is kept, the feed has changed and is looked at again.
        }
        Ok(())
    }
}
