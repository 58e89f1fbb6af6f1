//! Two exchanges and nothing between them: what arrives, and what it costs.

use klatch_feed::{EntryId, FeedId, NetId};
use klatch_gossip::sim::author::Author;
use klatch_gossip::sim::shelf::Memory;
use klatch_gossip::sync::message::Message;
use klatch_gossip::sync::{Change, Exchange, Input, Outcome, Output, Reason, Shelf};

/// A node with one connection; its owner commits at once.
struct Side {
    shelf: Memory,
    exchange: Exchange,
    sent: Vec<Message>,
    hints: Vec<(EntryId, FeedId, u32)>,
    caught_up: usize,
    closed: Option<Reason>,
    outcomes: Vec<Outcome>,
    verdict: Option<Outcome>,
}

fn net() -> NetId {
    NetId::of_name("converge")
}

fn pair(a: u64, b: u64) -> (Side, Side) {
    let (a, b) = (Author::new(net(), a).feed(), Author::new(net(), b).feed());
    (Side::new(a, b), Side::new(b, a))
}

impl Side {
    fn new(me: FeedId, peer: FeedId) -> Self {
        Self {
            shelf: Memory::new(net(), me),
            exchange: Exchange::new(net(), me, peer, 0),
            sent: Vec::new(),
            hints: Vec::new(),
            caught_up: 0,
            closed: None,
            outcomes: Vec::new(),
            verdict: None,
        }
    }

    fn give(&mut self, input: Input) {
        self.exchange.handle(0, input, &self.shelf);
    }

    fn write(&mut self, author: &mut Author, count: usize, size: usize) {
        for _ in 0..count {
            let entry = author.write(Vec::new(), size);
            self.add(entry);
        }
    }

    fn add(&mut self, entry: klatch_feed::Unverified) {
        let change = self.shelf.append(entry);
        self.give(Input::Changed(vec![change]));
    }

    fn len(&self, feed: FeedId) -> u32 {
        self.shelf.state(&feed).map_or(0, |state| state.len)
    }

    /// Does what the exchange wants done; messages for the other side.
    fn work(&mut self) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        while let Some(output) = self.exchange.poll_output() {
            match output {
                Output::Send(bytes) => {
                    self.sent.push(Message::decode(&bytes).unwrap());
                    messages.push(bytes);
                }
                Output::Ingest(ingest) => {
                    let (mut outcome, change) = self.shelf.ingest(ingest.feed, ingest.base8, &ingest.chunk);
                    outcome = self.verdict.clone().unwrap_or(outcome);
                    self.outcomes.push(outcome.clone());
                    self.give(Input::Changed(change.into_iter().collect()));
                    self.give(Input::Ingested(ingest.ticket, outcome));
                }
                Output::Fork(proof) => {
                    let change: Vec<Change> = self.shelf.fork(&proof).into_iter().collect();
                    self.give(Input::Changed(change));
                }
                Output::Bodies(feed, from, bodies) => {
                    let change = self.shelf.fill(feed, from, bodies);
                    self.give(Input::Changed(change.into_iter().collect()));
                }
                Output::Hint(object, feed, seq) => self.hints.push((object, feed, seq)),
                Output::CaughtUp => self.caught_up += 1,
                Output::Close(reason) => self.closed = Some(reason),
                other => panic!("not in these tests: {other:?}"),
            }
        }
        messages
    }

    fn count(&self, is: impl Fn(&Message) -> bool) -> usize {
        self.sent.iter().filter(|message| is(message)).count()
    }
}

/// Lets both talk until neither has anything to say.
fn settle(a: &mut Side, b: &mut Side) {
    for _ in 0..100_000 {
        let (from_a, from_b) = (a.work(), b.work());
        if from_a.is_empty() && from_b.is_empty() {
            return;
        }
        for message in from_a {
            b.give(Input::Message(message));
        }
        for message in from_b {
            a.give(Input::Message(message));
        }
        a.give(Input::Room);
        b.give(Input::Room);
    }
    panic!("they never fall silent");
}

#[test]
fn an_empty_node_gets_all_it_wants_and_nothing_else() {
    let (mut a, mut b) = pair(1, 2);
    let (mut wanted, mut other) = (Author::new(net(), 3), Author::new(net(), 4));
    b.write(&mut wanted, 700, 100);
    b.write(&mut other, 5, 100);
    a.give(Input::Wants(vec![wanted.feed()]));
    b.give(Input::Wants(vec![]));
    settle(&mut a, &mut b);
    assert_eq!(a.shelf.accepted(&wanted.feed()), b.shelf.accepted(&wanted.feed()));
    assert_eq!(a.len(other.feed()), 0);
    assert_eq!((a.caught_up, &a.closed, &b.closed), (1, &None, &None));
    assert_eq!(b.count(|message| matches!(message, Message::Chunk { .. })), 3);
}

#[test]
fn a_new_entry_is_pushed_once_the_peer_is_level() {
    let (mut a, mut b) = pair(1, 2);
    let mut author = Author::new(net(), 3);
    b.write(&mut author, 3, 100);
    a.give(Input::Wants(vec![author.feed()]));
    b.give(Input::Wants(vec![author.feed()]));
    settle(&mut a, &mut b);
    let deltas = b.count(|message| matches!(message, Message::Delta { .. }));
    b.write(&mut author, 2, 100);
    settle(&mut a, &mut b);
    assert_eq!(a.len(author.feed()), 5);
    assert_eq!(b.count(|message| matches!(message, Message::Push { .. })), 2);
    assert_eq!(b.count(|message| matches!(message, Message::Delta { .. })), deltas);
    let back = |message: &Message| matches!(message, Message::Push { .. } | Message::Chunk { .. });
    assert_eq!(a.count(back), 0, "never echoed to who sent it");
}
