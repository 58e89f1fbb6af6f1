//! Two nodes of a world meet aside, with nothing between them, on copies of what they hold: with what they
//! remember of each other and without it they have to come to the same end, also where one of them was set back
//! meanwhile, and where nothing changed they have to say next to nothing.

use klatch_feed::FeedId;

use super::check::Failure;
use super::faults::END_AT;
use super::shelf::Memory;
use super::{PLACES_MAX, World};
use crate::sync::message::Message;
use crate::sync::{Exchange, FeedState, Input, Millis, Output, Setup, Shelf};

/// Most bytes that both together say where nothing changed.
const IDLE_BYTES_MAX: usize = 400;
/// How long they are given.
const MEETING: Millis = 20_000;
/// Pairs of a world that meet.
const PAIRS: usize = 3;

struct Party {
    peer: FeedId,
    shelf: Memory,
    exchange: Exchange,
    said: usize,
    is_news: bool, // It told or sent something, or could not name its list.
}

impl Party {
    fn new(shelf: &Memory, setup: Setup) -> Self {
        let peer = setup.peer;
        Self { peer, shelf: shelf.clone(), exchange: Exchange::new(setup, 0), said: 0, is_news: false }
    }

    /// Takes an input and does what follows, at once; messages for the other side.
    fn give(&mut self, now: Millis, input: Input) -> Vec<Vec<u8>> {
        let mut inputs = vec![input];
        let mut messages = Vec::new();
        while let Some(input) = inputs.pop() {
            self.exchange.handle(now, input, &self.shelf);
            while let Some(output) = self.exchange.poll_output() {
                let change = match output {
                    Output::Send(bytes) => {
                        self.said += bytes.len();
                        self.is_news |= is_news(&bytes);
                        messages.push(bytes);
                        None
                    }
                    Output::Ingest(ingest) => {
                        let (outcome, change) = self.shelf.ingest(ingest.feed, ingest.base8, &ingest.chunk);
                        inputs.insert(0, Input::Ingested(ingest.ticket, outcome));
                        change
                    }
                    Output::Fork(proof) => self.shelf.fork(&proof),
                    Output::Bodies(feed, from, bodies) => self.shelf.fill(feed, from, bodies),
                    Output::Succeeded(successor) => self.shelf.keep(&successor),
                    Output::Branch(feed, chunks) => self.shelf.replace(feed, &chunks),
                    Output::Keep(asked) => {
                        self.shelf.met.entry(self.peer).or_default().asked = Some(asked);
                        None
                    }
                    Output::Remember(served) => {
                        self.shelf.met.entry(self.peer).or_default().served = Some(served);
                        None
                    }
                    _ => None,
                };
                inputs.extend(change.map(|change| Input::Changed(vec![change])));
            }
        }
        messages
    }
}

fn is_news(bytes: &[u8]) -> bool {
    match Message::decode(bytes) {
        Ok(Message::Resume { token, .. }) => token.is_none(),
        Ok(Message::Delta { rows, .. }) => !rows.is_empty(),
        Ok(Message::Ping | Message::Token { .. } | Message::About(_) | Message::Hints { .. }) | Err(_) => {
            false
        }
        Ok(_) => true,
    }
}

impl World {
    /// What the two ends of a new connection start from.
    pub(super) fn setups(&mut self, ends: [usize; 2], feeds: [FeedId; 2]) -> [Setup; 2] {
        let session = self.dice.bytes();
        let mut setup = |side: usize| {
            let (me, peer) = (feeds[side], feeds[1 - side]);
            let memory = self.nodes[ends[side]].shelf.met.get(&peer).cloned().unwrap_or_default();
            let is_pub = |side: usize| self.shape.is_pub(ends[side]);
            // Some show their wants to each other, some do not; a pub's members do.
            let is_open = (ends[0] + ends[1]).is_multiple_of(2) || is_pub(1 - side);
            let is_narrow = self.is_narrow(ends[side], ends[1 - side]);
            self.cover.narrow += u64::from(is_narrow);
            let secret = self.dice.bytes();
            let places_max = PLACES_MAX;
            Setup {
                secret,
                is_open,
                is_narrow,
                memory,
                places_max,
                ..Setup::new(self.net, me, peer, session)
            }
        };
        [setup(0), setup(1)]
    }

    /// Whether a node asks another only for what that one wants as well, as a pub does.
    fn is_narrow(&self, node: usize, other: usize) -> bool {
        self.shape.is_pub(node) && !self.shape.is_pub(other)
    }

    /// Two nodes meet, as they are, until neither has more to say.
    fn meet(&mut self, ends: [usize; 2], remember: bool) -> [Party; 2] {
        let shelves = ends.map(|node| self.nodes[node].shelf.clone());
        self.meet_with(ends, &shelves, remember)
    }

    /// Two nodes with these logs meet until neither has more to say.
    fn meet_with(&mut self, ends: [usize; 2], shelves: &[Memory; 2], remember: bool) -> [Party; 2] {
        let feeds = ends.map(|node| self.nodes[node].author.feed());
        let [mut a, mut b] = self.setups(ends, feeds);
        for (setup, shelf) in [&mut a, &mut b].into_iter().zip(shelves) {
            let met = shelf.met.get(&setup.peer).filter(|_| remember);
            (setup.memory, setup.places_max) = (met.cloned().unwrap_or_default(), usize::MAX);
        }
        let mut parties = [Party::new(&shelves[0], a), Party::new(&shelves[1], b)];
        let mut now = 0;
        let wants = ends.map(|node| Input::wants(self.nodes[node].wants()));
        let mut flying: [Vec<Vec<u8>>; 2] = Default::default();
        for ((party, out), wants) in parties.iter_mut().zip(&mut flying).zip(wants) {
            out.extend(party.give(now, wants));
        }
        loop {
            let mut is_quiet = true;
            for from in [0, 1] {
                for message in std::mem::take(&mut flying[from]) {
                    is_quiet = false;
                    let answers = parties[1 - from].give(now, Input::Message(message));
                    flying[1 - from].extend(answers);
                }
                let more = parties[from].give(now, Input::Room);
                flying[from].extend(more);
            }
            if is_quiet && flying.iter().all(Vec::is_empty) {
                let next = parties.iter().filter_map(|party| party.exchange.poll_timeout()).min();
                let Some(next) = next.filter(|next| *next < MEETING) else { return parties };
                now = next.max(now + 1);
                for (party, out) in parties.iter_mut().zip(&mut flying) {
                    out.extend(party.give(now, Input::Elapsed));
                }
            }
        }
    }

    /// Pairs of honest nodes that would meet.
    fn pairs(&self) -> Vec<[usize; 2]> {
        let is_fit = |node: usize| node < self.shape.honest && self.nodes[node].is_born;
        let pairs = self.edges.iter().filter(|(a, b)| is_fit(*a) && is_fit(*b) && !self.is_apart(*a, *b));
        pairs.map(|(a, b)| [*a, *b]).take(PAIRS).collect()
    }

    /// With what they remember and without it nodes have to end with the same.
    pub(super) fn meet_both_ways(&mut self) -> Result<(), Failure> {
        for ends in self.pairs() {
            let met = [true, false].map(|remember| self.meet(ends, remember));
            self.cover.meetings += 1;
            self.end_alike(ends, &met)?;
        }
        Ok(())
    }

    /// Two nodes met, and then one is set back to what it held and remembered before, and writes on: what the other
    /// remembers is newer than it. Nothing in the world comes of it.
    pub(super) fn meet_set_back(&mut self) -> Result<(), Failure> {
        let dice = self.dice.clone();
        for ends in self.pairs() {
            for back in [0, 1] {
                let mut shelves = self.meet(ends, true).map(|party| party.shelf);
                let node = &self.nodes[ends[back]];
                shelves[back].set_back(node.shelf.clone());
                let me = node.author.feed();
                let [own, theirs] = [back, 1 - back].map(|side| shelves[side].state(&me));
                let len = |state: Option<FeedState>| state.map_or(0, |state| state.len);
                if own.is_none_or(|own| own.cap.is_none()) && len(theirs) <= len(own) {
                    let entry = node.author.would_write(shelves[back].entries(&me), super::BODY_BYTES);
                    shelves[back].append(entry);
                }
                let met = [true, false].map(|remember| self.meet_with(ends, &shelves, remember));
                self.cover.set_back_meetings += 1;
                self.end_alike(ends, &met)?;
            }
        }
        self.dice = dice;
        Ok(())
    }

    /// Whether both came to the same end with what they remember (the first) and without.
    fn end_alike(&self, ends: [usize; 2], met: &[[Party; 2]; 2]) -> Result<(), Failure> {
        for side in [0, 1] {
            let mut wants: Vec<FeedId> = self.nodes[ends[side]].wants();
            if self.is_narrow(ends[side], ends[1 - side]) {
                // What the other wanted when they last met, and wants no more, may still be asked for at once.
                let other = &self.nodes[ends[1 - side]];
                let theirs = other.wants();
                wants.retain(|feed| theirs.contains(feed) || *feed == other.author.feed());
            }
            for feed in wants {
                let [found, wanted] = [0, 1].map(|how: usize| met[how][side].shelf.state(&feed));
                if found != wanted {
                    let (node, found, wanted) = (ends[side], found.into(), wanted.into());
                    return Err(Failure::Token { node, feed, found, wanted });
                }
            }
        }
        Ok(())
    }

    /// Where all is said, meeting again costs next to nothing, and nothing new comes of it; nor without a token.
    pub(super) fn meet_idle(&mut self) -> Result<(), Failure> {
        debug_assert!(self.schedule.now <= END_AT);
        for ends in self.pairs() {
            let parties = self.meet(ends, true);
            let bytes = parties[0].said + parties[1].said;
            if parties.iter().any(|party| party.is_news) {
                continue; // The last token is older than the last word.
            }
            self.cover.idle_meetings += 1;
            if bytes > IDLE_BYTES_MAX {
                return Err(Failure::Talk { nodes: ends, bytes });
            }
        }
        self.meet_both_ways()
    }
}
