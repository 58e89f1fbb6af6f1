//! People here who want in at a door elsewhere: answers its challenge when there is one, waits for its word.
//! Which challenge to answer is decided in [`crate::door::guest`]. Source: spec/door.md, "the guest's side".

use klatch_feed::post::checkin_message;
use klatch_feed::{EntryId, FeedId, Post};
use klatch_gossip::link::LinkId;
use klatch_gossip::peers::Source;
use klatch_gossip::sync::{Challenge, DoorAnswer, Input, Millis};

use super::doors::{event_of, state_at};
use super::hub::{Hub, Reply};
use super::report::{CheckedIn, NetResponse};
use crate::daemon::{Refusal, Sentence, called, hidden};
use crate::door::code::DoorCode;
use crate::door::guest::{self, Challenges, Step, Wish};

/// How long a guest's node looks for a door.
pub(super) const CHECKIN_MAX: Millis = 20_000;

/// Challenges that doors show, and people here who want in.
#[derive(Debug, Default)]
pub(super) struct Guests {
    challenges: Challenges,
    wishes: Vec<Pending>,
}

/// A person who wants in, until a door has spoken.
#[derive(Debug)]
struct Pending {
    want: Want,
    until: Millis,
    asked: Option<Asked>,
    reply: Reply,
}

/// What they want, as they typed it: the event may still be on its way here.
#[derive(Debug)]
struct Want {
    event: String,
    on: Option<String>,
    code: Option<DoorCode>,
    trust: Option<FeedId>,
}

/// What a door was sent.
#[derive(Clone, Debug)]
struct Asked {
    link: LinkId,
    door: FeedId,
    answer: DoorAnswer,
}

/// What became of a step.
enum Followed {
    Asked(Asked),
    Waiting,
    Told(NetResponse),
}

impl Guests {
    pub(super) fn next_at(&self) -> Option<Millis> {
        self.wishes.iter().map(|pending| pending.until).min()
    }
}

fn refused(key: &'static str, who: &str, problem: impl Into<String>) -> Refusal {
    Refusal::Net { problem: Sentence::said(key, who, problem) }
}

fn misread(problem: impl Into<Sentence>) -> Refusal {
    Refusal::Field { field: "code".to_owned(), problem: problem.into() }
}

impl Hub {
    /// A person here wants in.
    pub(super) fn checkin(
        &mut self,
        (event, on): (String, Option<String>),
        code: Option<String>,
        trust: Option<FeedId>,
        until: Millis,
        reply: Reply,
    ) {
        let code = match code.map(|text| text.parse::<DoorCode>()).transpose() {
            Ok(code) => code,
            Err(error) => return drop(reply.send(Err(misread(error)))),
        };
        if let Some(code) = &code {
            let (door, places) = (code.door, code.addresses.clone());
            places.iter().for_each(|at| self.place(door, at.to_string(), Source::Given));
        }
        let want = Want { event, on, code, trust };
        self.guests.wishes.push(Pending { want, until, asked: None, reply });
        self.press_wishes();
    }

    /// What they want in the log's terms, or that they have it already.
    fn wish(&self, want: &Want) -> Result<Result<Wish, NetResponse>, Refusal> {
        let (code, trust) = (want.code.clone(), want.trust);
        let snapshot = self.handle.reader().snapshot()?;
        // Which date of a series is meant the code says, where nobody else does.
        let on = want.on.as_deref().or(code.as_ref().and_then(|code| code.occ.as_deref()));
        let state = match (event_of(&snapshot, (&want.event, on)), &code) {
            (Ok(state), Some(code)) if state.id != code.event => {
                let text = format!("that code is for another event than {:?}", state.title);
                return Err(misread(Sentence::said("refused-other-event", &state.title, text)));
            }
            (Ok(state), Some(code)) if state.occ != code.occ => {
                let text = format!("that code is for another date of {:?}", state.title);
                return Err(misread(Sentence::said("refused-other-date", &state.title, text)));
            }
            (Ok(state), _) => state,
            // Somebody passing by knows no more of it than its code says.
            (Err(Refusal::Unknown { .. }), Some(code)) => {
                let occ = code.occ.clone();
                return Ok(Ok(Wish { event: code.event, occ, code: Some(code.clone()), trust }));
            }
            (Err(refusal), _) => return Err(refusal),
        };
        if state.cancelled {
            let text = format!("{:?} is cancelled", state.title);
            return Err(refused("refused-cancelled", &state.title, text));
        }
        let me = self.handle.me();
        if let Some(line) = state.attendance.iter().find(|line| line.feed == me)
            && let Some(door) = line.doors.first()
        {
            return Ok(Err(NetResponse::CheckedIn(CheckedIn {
                id: None,
                event: state.id,
                title: state.title.clone(),
                door: *door,
                door_name: called(&snapshot, door)?,
                walk_in: line.rsvp.is_none(),
                already: true,
            })));
        }
        Ok(Ok(Wish { event: state.id, occ: state.occ, code, trust }))
    }

    /// A door shows a challenge.
    pub(super) fn challenged(&mut self, link: LinkId, challenge: Challenge) {
        let Some(door) = self.links.get(&link).map(|link| link.peer) else { return };
        self.guests.challenges.note(self.now(), link, door, challenge);
        self.press_wishes();
    }

    /// Does for everybody who wants in what can be done now.
    pub(super) fn press_wishes(&mut self) {
        for mut pending in std::mem::take(&mut self.guests.wishes) {
            let done = if pending.asked.is_some() { None } else { self.press(&mut pending) };
            match done {
                Some(answer) => drop(pending.reply.send(answer)), // Who asked may have gone.
                None => self.guests.wishes.push(pending),
            }
        }
    }

    /// Answers a door if there is one; otherwise what whoever asked is to be told, if that is known.
    fn press(&self, pending: &mut Pending) -> Option<Result<NetResponse, Refusal>> {
        let wish = match self.wish(&pending.want) {
            Ok(Ok(wish)) => wish,
            Ok(Err(done)) => return Some(Ok(done)),
            Err(Refusal::Unknown { .. }) => return None, // It may be on its way.
            Err(refusal) => return Some(Err(refusal)),
        };
        match self.step(&wish).and_then(|step| self.follow(&wish, step)) {
            Ok(Followed::Asked(asked)) => pending.asked = Some(asked),
            Ok(Followed::Waiting) => {}
            Ok(Followed::Told(answer)) => return Some(Ok(answer)),
            Err(refusal) => return Some(Err(refusal)),
        }
        None
    }

    fn follow(&self, wish: &Wish, step: Step) -> Result<Followed, Refusal> {
        Ok(match step {
            Step::Answer { link, door, nonce } => {
                let answer = self.sign(wish, door, nonce)?;
                self.tell(link, Input::DoorAnswer(answer.clone()));
                Followed::Asked(Asked { link, door, answer })
            }
            // What gives it the role may still be on its way, until all that it has is here.
            Step::Stranger(door) if self.is_level_with(&door) => Followed::Told(self.stranger(door)?),
            Step::Stranger(_) | Step::Wait => Followed::Waiting,
        })
    }

    fn step(&self, wish: &Wish) -> Result<Step, Refusal> {
        let state = state_at(&self.handle.reader().snapshot()?, &(wish.event, wish.occ.clone()))?;
        let connected = self.roster.iter().map(|(feed, link, _)| (feed, link)).collect();
        Ok(self.guests.challenges.step(self.now(), wish, state.as_ref(), &connected))
    }

    fn is_level_with(&self, feed: &FeedId) -> bool {
        let link = self.roster.link(feed).and_then(|link| self.links.get(&link));
        link.is_some_and(|link| link.caught_up)
    }

    fn stranger(&self, door: FeedId) -> Result<NetResponse, Refusal> {
        let name = called(&self.handle.reader().snapshot()?, &door)?;
        Ok(NetResponse::Stranger { door, name })
    }

    fn sign(&self, wish: &Wish, door: FeedId, nonce: [u8; 16]) -> Result<DoorAnswer, Refusal> {
        let me = self.handle.me();
        let state = state_at(&self.handle.reader().snapshot()?, &(wish.event, wish.occ.clone()))?;
        let rsvp = state.and_then(|state| guest::rsvp_of(&state, &me));
        let net = self.handle.net_id();
        let occ = wish.occ.clone();
        let message = checkin_message(&net, &wish.event, occ.as_deref(), &door, &nonce, rsvp.as_ref());
        let signature = self.handle.secret().sign(&[&message]);
        Ok(DoorAnswer { challenge: Challenge { event: wish.event, occ, nonce }, rsvp, signature })
    }

    /// The door's word.
    pub(super) fn door_verdict(&mut self, link: LinkId, event: EntryId, verdict: Option<String>) {
        let asked = |pending: &mut Pending| {
            let sent = |asked: &Asked| asked.link == link && asked.answer.challenge.event == event;
            pending.asked.as_ref().is_some_and(sent)
        };
        let told: Vec<_> = self.guests.wishes.extract_if(.., asked).collect();
        for Pending { asked, reply, .. } in told {
            match (&verdict, asked) {
                (None, Some(asked)) => self.arrive(asked, reply),
                (Some(why), _) => drop(reply.send(Err(refused(
                    "refused-door-said",
                    why,
                    format!("the door said no: {why}"),
                )))),
                (None, None) => {}
            }
        }
    }

    /// Writes down that the door let this guest in.
    fn arrive(&mut self, asked: Asked, reply: Reply) {
        let handle = self.handle.clone();
        let Asked {
            door,
            answer: DoorAnswer { challenge: Challenge { event, occ, nonce }, rsvp, signature },
            ..
        } = asked;
        self.tasks.spawn(async move {
            let post = Post::Arrive { event, door, nonce, rsvp, signature, occ };
            let written = handle.post(vec![post]).await.and_then(|ids| {
                let snapshot = handle.reader().snapshot()?;
                let titled = snapshot.event_titled(&event)?;
                let title = titled.map(|titled| hidden::title(&snapshot, &event, titled)).transpose()?;
                let title = title.unwrap_or_default();
                let (id, door_name) = (ids.first().copied(), called(&snapshot, &door)?);
                let walk_in = rsvp.is_none();
                Ok(NetResponse::CheckedIn(CheckedIn {
                    id,
                    event,
                    title,
                    door,
                    door_name,
                    walk_in,
                    already: false,
                }))
            });
            let _ = reply.send(written); // Who asked has gone; the post stands.
        });
    }

    pub(super) fn guest_link_down(&mut self, link: LinkId) {
        self.guests.challenges.forget(link);
        for pending in &mut self.guests.wishes {
            if pending.asked.as_ref().is_some_and(|asked| asked.link == link) {
                pending.asked = None; // Whether it was written down, the door's log will say.
            }
        }
        self.press_wishes();
    }

    /// Tells everybody for whom time is up.
    pub(super) fn guest_tick(&mut self) {
        let now = self.now();
        let late = |pending: &mut Pending| pending.until <= now;
        let late: Vec<_> = self.guests.wishes.extract_if(.., late).collect();
        for pending in late {
            let answer = self.gave_up(&pending);
            let _ = pending.reply.send(answer); // Who asked has gone.
        }
    }

    /// Time is up.
    fn gave_up(&self, pending: &Pending) -> Result<NetResponse, Refusal> {
        if pending.asked.is_some() {
            let text = "the door has not answered: ask the host whether you are in";
            return Err(refused("refused-door-silent", "", text));
        }
        match self.wish(&pending.want) {
            Ok(Ok(wish)) => {
                if let Ok(Step::Stranger(door)) = self.step(&wish) {
                    return self.stranger(door);
                }
            }
            Ok(Err(done)) => return Ok(done),
            Err(refusal) => return Err(refusal),
        }
        Err(match &pending.want.code {
            None => refused(
                "refused-no-door",
                "",
                "no door of that event was found: is `klatch door` running there, and are both on the same network?",
            ),
            Some(_) => refused(
                "refused-far-door",
                "",
                "the door that shows this code was not reached: are both on the same network?",
            ),
        })
    }
}
