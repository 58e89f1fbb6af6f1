//! Two exchanges and nothing between them: what arrives, and what it costs.

use klatch_feed::{EntryId, FeedId, ForkProof, NetId, Unverified};
use klatch_gossip::sim::author::Author;
use klatch_gossip::sim::shelf::Memory as Log;
use klatch_gossip::sync::memory::Memory;
use klatch_gossip::sync::message::{Get, Message, Part};
use klatch_gossip::sync::{Change, Exchange, FeedState, Input, Outcome, Output, Reason, Setup, Shelf};

/// A node with one connection; its owner commits at once.
pub(crate) struct Side {
    pub(crate) shelf: Log,
    exchange: Exchange,
    setup: Setup,
    pub(crate) now: u64,
    pub(crate) sent: Vec<Message>,
    pub(crate) hints: Vec<(EntryId, FeedId, u32)>,
    pub(crate) caught_up: usize,
    /// What the peer is said to hold of this side's own feed, each time it changed.
    holds: Vec<u32>,
    pub(crate) closed: Option<Reason>,
    outcomes: Vec<Outcome>,
    pub(crate) met: Memory,
    pub(crate) coming: Vec<(u32, u64)>,
    verdict: Option<Outcome>,
    /// What it asked to be told of, if its owner heeds that late.
    pub(crate) unheeded: Option<Vec<Output>>,
}

pub(crate) fn net() -> NetId {
    NetId::of_name("converge")
}

/// The log of the node of author `number`, with nothing in it.
pub(crate) fn empty_log(number: u64) -> Log {
    Log::new(net(), Author::new(net(), number).feed())
}

/// Two that do not show each other whom they want.
pub(crate) fn tagged_pair(a: u64, b: u64) -> (Side, Side) {
    let (mut a, mut b) = pair(a, b);
    for side in [&mut a, &mut b] {
        side.hang_up(|setup| Setup { is_open: false, ..setup });
    }
    (a, b)
}

pub(crate) fn pair(a: u64, b: u64) -> (Side, Side) {
    let (a, b) = (Author::new(net(), a).feed(), Author::new(net(), b).feed());
    (Side::new(a, b), Side::new(b, a))
}

impl Side {
    fn new(me: FeedId, peer: FeedId) -> Self {
        let setup = Setup { is_open: true, ..Setup::new(net(), me, peer, [7; 32]) };
        Self {
            shelf: Log::new(net(), me),
            exchange: Exchange::new(setup.clone(), 0),
            setup,
            now: 0,
            sent: Vec::new(),
            hints: Vec::new(),
            caught_up: 0,
            holds: Vec::new(),
            closed: None,
            outcomes: Vec::new(),
            met: Memory::default(),
            coming: Vec::new(),
            verdict: None,
            unheeded: None,
        }
    }

    pub(crate) fn give(&mut self, input: Input) {
        self.exchange.handle(self.now, input, &self.shelf);
    }

    /// From here on its owner tells of what it asked for.
    pub(crate) fn heed(&mut self) {
        for _ in self.unheeded.take().into_iter().flatten() {
            self.give(Input::Listening(self.shelf.clock()));
        }
    }

    /// Time passes, and the exchange is woken.
    pub(crate) fn pass(&mut self, millis: u64) {
        self.now += millis;
        self.give(Input::Elapsed);
    }

    /// Time passes, and the exchange is woken when it says; messages for the other side.
    pub(crate) fn wait(&mut self, millis: u64) -> Vec<Vec<u8>> {
        let (until, mut messages) = (self.now + millis, Vec::new());
        while let Some(at) = self.exchange.poll_timeout().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.give(Input::Elapsed);
            messages.extend(self.work());
        }
        self.now = until;
        messages
    }

    /// The connection ends; the next one starts from what is remembered.
    pub(crate) fn hang_up(&mut self, change: impl FnOnce(Setup) -> Setup) {
        self.setup = change(Setup { memory: self.met.clone(), ..self.setup.clone() });
        self.exchange = Exchange::new(self.setup.clone(), self.now);
        self.sent.clear();
        self.caught_up = 0;
    }

    /// Bytes of the chunks that were sent.
    pub(crate) fn chunk_bytes(&self) -> usize {
        let chunk = |message: &Message| match message {
            Message::Chunk { chunk: Some(chunk), .. } | Message::Push { chunk, .. } => chunk.len(),
            _ => 0,
        };
        self.sent.iter().map(chunk).sum()
    }

    /// Bytes of some of what was sent.
    pub(crate) fn size_of(&self, is: impl Fn(&Message) -> bool) -> usize {
        self.sent.iter().filter(|message| is(message)).map(|message| message.encode().len()).sum()
    }

    pub(crate) fn write(&mut self, author: &mut Author, count: usize, size: usize) {
        for _ in 0..count {
            let entry = author.write(Vec::new(), size);
            self.add(entry);
        }
    }

    pub(crate) fn add(&mut self, entry: Unverified) {
        let change = self.shelf.append(entry);
        self.give(Input::Changed(vec![change]));
    }

    pub(crate) fn len(&self, feed: FeedId) -> u32 {
        self.shelf.state(&feed).map_or(0, |state| state.len)
    }

    /// Does what the exchange wants done; messages for the other side.
    pub(crate) fn work(&mut self) -> Vec<Vec<u8>> {
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
                Output::Holds(len) => self.holds.push(len),
                Output::Close(reason) => self.closed = Some(reason),
                Output::Keep(asked) => self.met.asked = Some(asked),
                Output::Remember(served) => self.met.served = Some(served),
                Output::Coming { feeds, entries } => self.coming.push((feeds, entries)),
                asked @ (Output::Listens { .. } | Output::ListensAbout(_)) => match &mut self.unheeded {
                    Some(unheeded) => unheeded.push(asked),
                    None => self.give(Input::Listening(self.shelf.clock())),
                },
                Output::Echo(..) => {}
                other => panic!("not in these tests: {other:?}"),
            }
        }
        messages
    }

    pub(crate) fn count(&self, is: impl Fn(&Message) -> bool) -> usize {
        self.sent.iter().filter(|message| is(message)).count()
    }
}

/// Lets both talk until neither has anything to say.
pub(crate) fn settle(a: &mut Side, b: &mut Side) {
    for _ in 0..100_000 {
        a.give(Input::Room);
        b.give(Input::Room);
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
    }
    panic!("they never fall silent");
}

#[test]
fn an_empty_node_gets_all_it_wants_and_nothing_else() {
    let (mut a, mut b) = pair(1, 2);
    let (mut wanted, mut other) = (Author::new(net(), 3), Author::new(net(), 4));
    b.write(&mut wanted, 700, 100);
    b.write(&mut other, 5, 100);
    a.give(Input::wants(vec![wanted.feed()]));
    b.give(Input::wants(vec![]));
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
    a.give(Input::wants(vec![author.feed()]));
    b.give(Input::wants(vec![author.feed()]));
    settle(&mut a, &mut b);
    let deltas = b.count(|message| matches!(message, Message::Delta { .. }));
    let before = a.sent.len();
    b.write(&mut author, 2, 100);
    settle(&mut a, &mut b);
    assert_eq!(a.len(author.feed()), 5);
    assert_eq!(b.count(|message| matches!(message, Message::Push { .. })), 2);
    assert_eq!(b.count(|message| matches!(message, Message::Delta { .. })), deltas);
    assert_eq!(a.sent.len(), before, "nothing is said to who sent it");
}

/// Two branches of one log that part after `shared` entries.
fn fork(number: u64, shared: usize, rest: [usize; 2]) -> [Vec<Unverified>; 2] {
    let mut one = Author::new(net(), number);
    let trunk: Vec<Unverified> = (0..shared).map(|_| one.write(Vec::new(), 40)).collect();
    let mut other = Author::new(net(), number);
    other.go_back(&trunk, 1);
    let branch = |author: &mut Author, count| {
        let own = (0..count).map(|_| author.write(Vec::new(), 40)).collect::<Vec<_>>();
        [trunk.clone(), own].concat()
    };
    [branch(&mut one, rest[0]), branch(&mut other, rest[1])]
}

#[test]
fn two_branches_meet_and_both_sides_end_at_the_entry_before_them() {
    for (shared, rest) in [(0, [1, 1]), (1, [3, 3]), (5, [1, 4]), (300, [2, 700]), (700, [300, 1])] {
        let (mut a, mut b) = pair(1, 2);
        let feed = Author::new(net(), 3).feed();
        let [left, right] = fork(3, shared, rest);
        left.into_iter().for_each(|entry| a.add(entry));
        right.into_iter().for_each(|entry| b.add(entry));
        a.give(Input::wants(vec![feed]));
        b.give(Input::wants(vec![feed]));
        settle(&mut a, &mut b);
        assert_eq!((&a.closed, &b.closed), (&None, &None), "nobody is blamed");
        for side in [&a, &b] {
            let state = side.shelf.state(&feed).unwrap();
            assert_eq!((state.len as usize, state.cap.map(|cap| cap as usize)), (shared, Some(shared)));
            let rounds = side.count(|message| matches!(message, Message::IdAt { .. }));
            assert!(rounds <= 3, "{shared} {rest:?}: {rounds} rounds");
        }
        assert_eq!(a.shelf.accepted(&feed), b.shelf.accepted(&feed));
    }
}

#[test]
fn a_peer_that_a_cap_left_nothing_is_told_what_grows_below_it() {
    let (mut a, mut b) = pair(1, 2);
    let feed = Author::new(net(), 3).feed();
    let mut author = Author::new(net(), 3);
    let mut left: Vec<Unverified> = (0..3).map(|_| author.write_unsigned(40)).collect();
    author.go_back(&left[..2], 1);
    let fork = author.write(Vec::new(), 40);
    author.go_back(&left, 0);
    left.push(author.write(Vec::new(), 40));
    a.shelf.fork(&ForkProof::build(&net(), &left[2..], &[fork]).unwrap());
    let change = b.shelf.append_all(left);
    b.give(Input::Changed(vec![change]));
    a.give(Input::wants(vec![feed]));
    b.give(Input::wants(vec![feed]));
    settle(&mut a, &mut b);
    assert_eq!((a.shelf.state(&feed), b.len(feed)), (b.shelf.state(&feed), 0), "no anchor stands at 1 or 2");
    author.go_back(&[], 2);
    let other = [author.write(Vec::new(), 40), author.write(Vec::new(), 40)];
    let change = a.shelf.append_all(other.to_vec());
    a.give(Input::Changed(vec![change]));
    settle(&mut a, &mut b);
    let left = FeedState { len: 0, tip: None, cap: Some(0) };
    assert_eq!(
        (a.shelf.state(&feed), b.shelf.state(&feed)),
        (Some(left), Some(left)),
        "a lower fork was found"
    );
}

#[test]
fn a_proof_goes_ahead_of_the_chunks_it_cuts_short() {
    let (mut a, mut b) = pair(1, 2);
    let feed = Author::new(net(), 3).feed();
    let [left, right] = fork(3, 10, [5, 5]);
    let proof = ForkProof::build(&net(), &left[10..], &right[10..]).unwrap();
    right.into_iter().for_each(|entry| b.add(entry));
    b.shelf.fork(&proof);
    a.give(Input::wants(vec![feed]));
    b.give(Input::wants(vec![]));
    settle(&mut a, &mut b);
    assert_eq!(a.shelf.state(&feed), b.shelf.state(&feed));
    let place = |is: fn(&Message) -> bool| b.sent.iter().position(is).unwrap();
    let (fork, chunk) =
        (place(|m| matches!(m, Message::Fork(_))), place(|m| matches!(m, Message::Chunk { .. })));
    assert!(fork < chunk);
}

#[test]
fn who_serves_a_feed_without_wanting_it_hears_of_its_fork_too() {
    let (mut a, mut b) = pair(1, 2);
    let feed = Author::new(net(), 3).feed();
    let [left, right] = fork(3, 2, [1, 1]);
    a.shelf.fork(&ForkProof::build(&net(), &left[2..], &right[2..]).unwrap());
    right.into_iter().for_each(|entry| b.add(entry));
    a.give(Input::wants(vec![feed]));
    b.give(Input::wants(vec![]));
    settle(&mut a, &mut b);
    assert_eq!(b.shelf.state(&feed).unwrap().cap, Some(2));
    assert_eq!(a.shelf.state(&feed), b.shelf.state(&feed));
}

#[test]
fn a_peer_that_forked_hears_of_it_first() {
    let (mut a, mut b) = pair(1, 2);
    let [left, right] = fork(2, 1, [1, 1]);
    let proof = ForkProof::build(&net(), &left[1..], &right[1..]).unwrap();
    left.into_iter().for_each(|entry| drop(a.shelf.append(entry)));
    a.shelf.fork(&proof);
    right.into_iter().for_each(|entry| drop(b.shelf.append(entry)));
    settle(&mut a, &mut b);
    assert!(matches!(&a.sent[..2], [Message::Resume { .. }, Message::Fork(_)]), "{:?}", a.sent);
    assert_eq!(b.shelf.state(&Author::new(net(), 2).feed()).unwrap().cap, Some(1));
}

#[test]
fn a_node_set_back_is_told_by_whoever_holds_more_of_its_feed() {
    let (mut a, mut b) = pair(1, 2);
    let mut own = Author::new(net(), 1);
    let entries: Vec<Unverified> = (0..4).map(|_| own.write(Vec::new(), 40)).collect();
    entries[..2].iter().cloned().for_each(|entry| drop(a.shelf.append(entry)));
    entries.into_iter().for_each(|entry| b.add(entry));
    a.give(Input::wants(vec![]));
    b.give(Input::wants(vec![]));
    settle(&mut a, &mut b);
    assert!(a.shelf.own_is_longer);
    assert_eq!(a.len(own.feed()), 4, "and has it back");
}

#[test]
fn own_posts_are_pushed_without_a_question_to_who_echoed_them() {
    let (mut a, mut b) = pair(1, 2);
    let mut own = Author::new(net(), 1);
    for _ in 0..3 {
        let entry = own.write(Vec::new(), 40);
        a.shelf.append(entry.clone());
        b.shelf.append(entry);
    }
    a.give(Input::wants(vec![]));
    b.give(Input::wants(vec![own.feed()]));
    settle(&mut a, &mut b);
    let before = a.sent.len();
    a.write(&mut own, 1, 40);
    assert!(matches!(&a.work()[..], [_]), "one message");
    assert!(matches!(&a.sent[before..], [Message::Push { .. }]), "{:?}", &a.sent[before..]);
    assert_eq!(a.holds, [3, 4], "as it echoed, then as it was sent");
}

#[test]
fn bodies_left_out_are_fetched_later_and_lost_ones_are_asked_for_once() {
    let (mut a, mut b) = pair(1, 2);
    let mut author = Author::new(net(), 3);
    b.write(&mut author, 200, 12_000); // 2.4 MB: three times what goes inline.
    a.give(Input::wants(vec![author.feed()]));
    b.give(Input::wants(vec![]));
    settle(&mut a, &mut b);
    assert!(a.shelf.missing_bodies(&author.feed(), 0).is_empty());
    let asks = |message: &Message| matches!(message, Message::Get(Get { part: Part::Bodies, .. }));
    assert!(a.count(asks) >= 2, "768 KiB an answer");

    let (mut a, mut b) = pair(1, 2);
    b.write(&mut Author::new(net(), 4), 3, 40);
    b.shelf.drop_bodies(&Author::new(net(), 4).feed());
    a.give(Input::wants(vec![Author::new(net(), 4).feed()]));
    b.give(Input::wants(vec![]));
    settle(&mut a, &mut b);
    assert_eq!(a.shelf.missing_bodies(&Author::new(net(), 4).feed(), 0), [1, 2, 3]);
    assert_eq!(a.count(asks), 1);
}

#[test]
fn who_asks_about_an_object_hears_of_authors_now_and_later_and_of_each_once() {
    let (mut a, mut b) = pair(1, 2);
    let event = EntryId::new([9; 32]);
    let (mut early, mut late) = (Author::new(net(), 3), Author::new(net(), 4));
    b.add(early.write(vec![event], 40));
    a.give(Input::Objects(vec![event]));
    a.give(Input::wants(vec![]));
    b.give(Input::wants(vec![]));
    settle(&mut a, &mut b);
    assert_eq!(a.hints, [(event, early.feed(), 1)]);
    b.add(early.write(vec![event], 40));
    b.add(late.write(Vec::new(), 40));
    b.add(late.write(vec![event], 40));
    b.add(Author::new(net(), 1).write(vec![event], 40));
    settle(&mut a, &mut b);
    assert_eq!(a.hints, [(event, early.feed(), 1), (event, late.feed(), 2)], "and not of itself");
}

#[test]
fn what_is_refused_is_wanted_no_longer() {
    let (mut a, mut b) = pair(1, 2);
    let mut author = Author::new(net(), 3);
    b.write(&mut author, 600, 40);
    a.verdict = Some(Outcome::Refused);
    a.give(Input::wants(vec![author.feed()]));
    b.give(Input::wants(vec![]));
    settle(&mut a, &mut b);
    let removals = |m: &Message| matches!(m, Message::Wants { del, .. } if !del.is_empty());
    assert_eq!(a.count(removals), 1);
    let before = b.sent.len();
    b.write(&mut author, 1, 40);
    a.give(Input::wants(vec![author.feed()]));
    settle(&mut a, &mut b);
    assert_eq!(b.sent.len(), before, "wanting it again is not enough while it was never unwanted");
    a.give(Input::wants(vec![]));
    a.verdict = None;
    a.give(Input::wants(vec![author.feed()]));
    settle(&mut a, &mut b);
    assert_eq!(a.len(author.feed()), b.len(author.feed()));
}

#[test]
fn a_slow_reader_costs_no_memory_and_gets_a_burst_as_one_chunk() {
    let (mut a, mut b) = pair(1, 2);
    let mut author = Author::new(net(), 3);
    b.write(&mut author, 2_000, 1_000);
    a.give(Input::wants(vec![author.feed()]));
    b.give(Input::wants(vec![]));
    for _ in 0..5 {
        b.work().into_iter().for_each(|message| a.give(Input::Message(message)));
        a.work().into_iter().for_each(|message| b.give(Input::Message(message)));
    }
    let chunks = b.count(|message| matches!(message, Message::Chunk { .. }));
    assert!(chunks <= 2, "{chunks} chunks without room for them");
    b.write(&mut author, 100, 40);
    settle(&mut a, &mut b);
    assert_eq!(a.len(author.feed()), 2_100);
    let pushes = b.count(|message| matches!(message, Message::Push { .. }));
    assert!(pushes <= 1, "{pushes} pushes");
}

#[test]
fn many_feeds_come_through_as_many_requests_as_are_allowed_at_a_time() {
    let (mut a, mut b) = pair(1, 2);
    let length = |number| if number % 10 == 0 { 40 } else { 1 };
    let feeds: Vec<FeedId> = (0..600)
        .map(|number| {
            let mut author = Author::new(net(), 1_000 + number);
            b.write(&mut author, length(number), 40);
            author.feed()
        })
        .collect();
    a.give(Input::wants(feeds.clone()));
    b.give(Input::wants(feeds.clone()));
    settle(&mut a, &mut b);
    assert!((0..).zip(&feeds).all(|(number, feed)| a.len(*feed) as usize == length(number)));
    assert_eq!((a.caught_up, b.caught_up > 0), (1, true));
}
