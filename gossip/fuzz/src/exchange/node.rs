//! The node under attack: its exchange, its log, and a model of what it has asked for.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::succession::SUCCESSORS_MAX;
use klatch_feed::{EntryId, FeedId, Seq, Successor, chunk};
use klatch_gossip::sim::author::Author;
use klatch_gossip::sim::shelf::Memory;
use klatch_gossip::sync::message::{MESSAGE_BYTES_MAX, Message, Named, Part};
use klatch_gossip::sync::{
    ALL_REQUESTS_MAX, BRANCH_BYTES_MAX, Exchange, HINTS_PER_SESSION_MAX, Ingest, Input, Millis, Output,
    Setup, Shelf,
};

use super::peer::{self, AUTHORS, Authored, Places};

/// Bytes that may be handed out between two times of room, besides what each input may add: bulk up to
/// 256 KiB and the message that passes it.
const BULK_BYTES_MAX: usize = 256 * 1024 + MESSAGE_BYTES_MAX;
/// What one input may add besides: a proof for each forked feed, requests, rows, an own list of wants.
const INPUT_BYTES_MAX: usize = 16 * 1024;
/// All statements that are ever sent.
const HEIRS_BYTES_MAX: usize = (peer::AUTHORS as usize + 1) * SUCCESSORS_MAX * 1024;

/// A request as the wire shows it.
enum Asked {
    Entries { to: Seq },
    Bodies,
}

pub(super) struct Node {
    exchange: Exchange,
    log: Memory,
    author: Author,
    written: Seq,
    pub(super) commits_at_once: bool,
    pending: Vec<Ingest>,
    now: Millis,
    is_closed: bool,
    // What the wire showed.
    places: Places,
    asked: BTreeMap<u32, Asked>,
    ids_asked: Vec<FeedId>,
    ticket_last: Option<u64>,
    unsent: usize,
    hints: usize,
    /// Statements of who succeeds whom: handed over and not kept yet, all that came, and how many went out of each feed.
    heirs: Vec<Successor>,
    heirs_came: BTreeSet<EntryId>,
    heirs_said: BTreeMap<FeedId, usize>,
    /// Asked to be told of, and not answered.
    unheeded: usize,
}

impl Node {
    /// It wants three feeds, holds some of one of them and of another, and has written one entry.
    pub(super) fn new() -> Self {
        let mut author = peer::author(1);
        let mut log = Memory::new(peer::net(), author.feed());
        log.append(author.write(vec![], 40));
        log.append_all(peer::branch(4, false)[..4].to_vec());
        log.append_all(peer::branch(5, false)[..2].to_vec());
        let setup = Setup::new(peer::net(), author.feed(), peer::feed(2), [7; 32]);
        let exchange = Exchange::new(Setup { is_open: true, ..setup }, 0);
        let mut node = Self {
            exchange,
            log,
            author,
            written: 1,
            commits_at_once: true,
            pending: Vec::new(),
            now: 0,
            is_closed: false,
            places: Places { node: Vec::new(), peer: Vec::new() },
            asked: BTreeMap::new(),
            ids_asked: Vec::new(),
            ticket_last: None,
            unsent: 0,
            hints: 0,
            heirs: Vec::new(),
            heirs_came: BTreeSet::new(),
            heirs_said: BTreeMap::new(),
            unheeded: 0,
        };
        node.give(Input::wants([2, 3, 4].map(peer::feed)));
        node
    }

    pub(super) fn places(&self) -> Places {
        Places { node: self.places.node.clone(), peer: self.places.peer.clone() }
    }

    pub(super) fn hear(&mut self, message: Message) {
        let bytes = message.encode();
        if bytes.len() > MESSAGE_BYTES_MAX {
            return;
        }
        if !self.is_closed {
            self.note_heard(&message);
        }
        self.give(Input::Message(bytes));
    }

    pub(super) fn elapse(&mut self, millis: Millis) {
        self.now += millis;
        self.give(Input::Elapsed);
    }

    pub(super) fn write(&mut self, count: u8) {
        if self.log.state(&self.author.feed()).is_some_and(|own| own.cap.is_some()) {
            return; // Nobody appends to a log that is known to be forked.
        }
        let entries: Vec<_> = (0..count).map(|at| self.author.write(vec![super::object(at)], 40)).collect();
        self.written += Seq::from(count);
        let change = self.log.append_all(entries);
        self.give(Input::Changed(vec![change]));
    }

    /// Entries of somebody else arrive over another connection.
    pub(super) fn come(&mut self, authored: &Authored) {
        let (feed, bytes) = (peer::feed(authored.author % (AUTHORS + 1)), authored.chunk());
        let (_, change) = self.log.ingest(feed, authored.base8(), &bytes);
        self.give(Input::Changed(change.into_iter().collect()));
    }

    pub(super) fn commit(&mut self) {
        for ingest in std::mem::take(&mut self.pending) {
            let (outcome, change) = self.log.ingest(ingest.feed, ingest.base8, &ingest.chunk);
            self.give(Input::Changed(change.into_iter().collect()));
            self.give(Input::Ingested(ingest.ticket, outcome));
        }
        for successor in std::mem::take(&mut self.heirs) {
            let change = self.log.keep(&successor);
            self.give(Input::Changed(change.into_iter().collect()));
        }
    }

    /// Hands one input in, does what follows, and checks what must hold after each.
    pub(super) fn give(&mut self, input: Input) {
        match input {
            Input::Room => self.unsent = 0,
            _ => self.unsent = self.unsent.saturating_sub(INPUT_BYTES_MAX),
        }
        let was_closed = self.is_closed;
        self.exchange.handle(self.now, input, &self.log);
        while let Some(output) = self.exchange.poll_output() {
            assert!(!was_closed, "{output:?} after the end");
            self.act(output);
        }
        assert_eq!(self.exchange.poll_timeout().is_none(), self.is_closed);
        assert!(self.unsent <= BULK_BYTES_MAX + HEIRS_BYTES_MAX, "{} bytes without room", self.unsent);
        assert!(self.asked.len() + self.ids_asked.len() <= ALL_REQUESTS_MAX, "too many requests");
        assert!(self.hints <= HINTS_PER_SESSION_MAX);
        self.judge_log();
        if self.unheeded > 0 {
            self.unheeded -= 1;
            self.give(Input::Listening(self.log.clock()));
        }
        if self.commits_at_once && !(self.pending.is_empty() && self.heirs.is_empty()) {
            self.commit();
        }
    }

    fn act(&mut self, output: Output) {
        match output {
            Output::Send(bytes) => {
                self.unsent += bytes.len();
                assert!(bytes.len() <= MESSAGE_BYTES_MAX);
                let message = Message::decode(&bytes).expect("what an exchange sends can be read");
                assert_eq!(message.encode(), bytes);
                self.note_sent(&message);
            }
            Output::Ingest(ingest) => {
                assert!(self.ticket_last < Some(ingest.ticket), "each ticket once");
                self.ticket_last = Some(ingest.ticket);
                self.pending.push(ingest);
            }
            Output::Fork(proof) => drop(self.log.fork(&proof)),
            Output::Succeeded(successor) => {
                assert!(self.heirs_came.insert(successor.succession().new.genesis), "each statement once");
                self.heirs.push(*successor);
            }
            // Nobody here gives up entries; the exchange hears of no change, as where the owner refused.
            Output::Branch(feed, chunks) => {
                let bytes: usize = chunks.iter().map(Vec::len).sum();
                assert!((1..=BRANCH_BYTES_MAX).contains(&bytes), "{bytes} bytes of a branch");
                assert!(self.log.succeeded(&feed).is_some(), "a branch that no statement keeps");
            }
            Output::Bodies(feed, from, bodies) => drop(self.log.fill(feed, from, bodies)),
            Output::Hint(..) => self.hints += 1,
            Output::Holds(len) => assert!(len <= self.written, "nobody holds what was not written"),
            Output::CaughtUp => assert!(self.asked.is_empty() && self.ids_asked.is_empty()),
            Output::Listens { .. } | Output::ListensAbout(_) => self.unheeded += 1,
            Output::Close(_) => self.is_closed = true,
            _ => {}
        }
    }

    fn note_sent(&mut self, message: &Message) {
        match message {
            Message::Wants { add: Named::Keys(add), del, .. } => {
                self.places.node.extend(add);
                del.iter().for_each(|idx| drop(self.asked.remove(idx)));
            }
            Message::Get(get) => {
                let asked =
                    if get.part == Part::Bodies { Asked::Bodies } else { Asked::Entries { to: get.to } };
                assert!(self.asked.insert(get.idx, asked).is_none(), "one request a feed at a time");
            }
            Message::IdAt { feed, .. } => self.ids_asked.push(*feed),
            Message::Succ { signed, body } => {
                let successor =
                    Successor::decode(&peer::net(), signed, body).expect("it was checked when it came");
                let said = self.heirs_said.entry(successor.succession().old.feed).or_default();
                *said += 1;
                assert!(*said <= SUCCESSORS_MAX, "more statements of a feed than the peer may hear");
            }
            _ => {}
        }
    }

    /// What the peer's message answers.
    fn note_heard(&mut self, message: &Message) {
        match message {
            Message::Wants { add: Named::Keys(add), .. } => self.places.peer.extend(add),
            Message::Chunk { idx, chunk, .. } => {
                let last =
                    chunk.as_deref().map(|bytes| chunk::span(bytes).map(|(first, count)| first - 1 + count));
                let is_last = match (self.asked.get(idx), last) {
                    (Some(Asked::Entries { to }), Some(Ok(last))) => last >= *to,
                    (Some(Asked::Entries { .. }), None) => true,
                    _ => false,
                };
                if is_last {
                    self.asked.remove(idx);
                }
            }
            Message::Bodies { idx, .. } if matches!(self.asked.get(idx), Some(Asked::Bodies)) => {
                self.asked.remove(idx);
            }
            Message::Ids { feed, .. } => {
                if let Some(at) = self.ids_asked.iter().position(|asked| asked == feed) {
                    self.ids_asked.remove(at);
                }
            }
            _ => {}
        }
    }

    /// Nothing but what authors wrote, each feed one branch and no further than its cap; the own feed as
    /// its author wrote it.
    fn judge_log(&self) {
        let own = self.log.state(&self.author.feed()).expect("it has one entry");
        assert!(own.len <= self.written);
        for number in 2..=AUTHORS {
            let feed = peer::feed(number);
            let held = self.log.accepted(&feed);
            let follows = |is_second| {
                let chain = peer::branch(number, is_second);
                held.len() <= chain.len() && held.iter().zip(chain).all(|(id, entry)| *id == entry.id())
            };
            assert!(follows(false) || follows(true), "feed {number}");
            let cap = self.log.state(&feed).and_then(|state| state.cap);
            assert!(cap.is_none_or(|cap| held.len() <= cap as usize), "feed {number} past its cap");
        }
    }
}
