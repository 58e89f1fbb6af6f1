//! What a peer may not send, each with how the connection ends; and that nothing it sends makes a panic.

use klatch_feed::{EntryId, FeedId, ForkProof, NetId, Unverified, chunk};
use klatch_gossip::sim::author::Author;
use klatch_gossip::sim::shelf::Memory as Shelf;
use klatch_gossip::sync::Shelf as _;
use klatch_gossip::sync::memory::{Asked, Memory};
use klatch_gossip::sync::message::{Get, Message, Mode, Named, Part, Row, Side};
use klatch_gossip::sync::{
    Breach, Challenge, Change, DoorAnswer, Exchange, Input, Output, PING_AFTER, Reason, Redeemed,
    SILENT_AFTER, Setup,
};
use proptest::prelude::*;

/// Place of the feed that the node wants, and of the one it holds that the peer wants.
pub(crate) const WANTED: u32 = 0;
const HELD: u32 = 0;
const ROWS: u32 = 3;

/// A node that wants one feed of which it holds nothing, and holds one of three entries, facing a peer
/// that has wanted that one and says what each case lets it say.
pub(crate) struct Node {
    pub(crate) shelf: Shelf,
    exchange: Exchange,
    pub(crate) ended: Option<Reason>,
    pub(crate) sent: Vec<Message>,
    unsent: usize,
    pub(crate) now: u64,
    /// Statements that were handed to the owner.
    pub(crate) succeeded: usize,
    /// Chains that were.
    pub(crate) branches: usize,
    /// What was kept with each token.
    pub(crate) kept: Vec<Asked>,
}

pub(crate) fn net() -> NetId {
    NetId::of_name("hostile")
}

/// Authors by number: 1 the node, 2 the peer, 3 wanted, 4 held, 5 a stranger.
pub(crate) fn author(number: u64) -> Author {
    Author::new(net(), number)
}

pub(crate) fn entries(number: u64, count: usize) -> Vec<Unverified> {
    let mut author = author(number);
    (0..count).map(|_| author.write(Vec::new(), 40)).collect()
}

pub(crate) fn compact(entries: &[Unverified]) -> Vec<u8> {
    chunk::encode(&entries.iter().collect::<Vec<_>>(), |_| true)
}

pub(crate) fn resume() -> Message {
    Message::Resume { proto: 1, token: None, root: None, want_n: 0, yours: None }
}

impl Node {
    pub(crate) fn new() -> Self {
        let mut node = Self::with(Memory::default());
        node.give(Input::wants(vec![author(3).feed()]));
        assert_eq!(node.idx(author(3).feed()), WANTED, "the cases below stand on this order");
        node
    }

    /// ... that remembers this of the peer, and has not said yet what it wants.
    pub(crate) fn with(memory: Memory) -> Self {
        let (me, peer) = (author(1).feed(), author(2).feed());
        let mut shelf = Shelf::new(net(), me);
        entries(4, 3).into_iter().for_each(|entry| drop(shelf.append(entry)));
        let exchange = Exchange::new(
            Setup { is_open: true, places_max: 100_000, memory, ..Setup::new(net(), me, peer, [7; 32]) },
            0,
        );
        Self {
            shelf,
            exchange,
            ended: None,
            sent: Vec::new(),
            unsent: 0,
            now: 0,
            succeeded: 0,
            branches: 0,
            kept: Vec::new(),
        }
    }

    /// Both have greeted and said what they want.
    pub(crate) fn open() -> Self {
        let mut node = Self::new();
        node.hear(resume());
        node.hear(Message::Wants { root: None, add: vec![author(4).feed()].into(), del: vec![] });
        node.hear(Message::Scope(Some(vec![1])));
        node
    }

    fn idx(&self, feed: FeedId) -> u32 {
        let lists = self.sent.iter().filter_map(|message| match message {
            Message::Wants { add: Named::Keys(add), .. } => Some(add),
            _ => None,
        });
        lists.flatten().position(|wanted| *wanted == feed).unwrap() as u32
    }

    pub(crate) fn give(&mut self, input: Input) {
        self.exchange.handle(self.now, input, &self.shelf);
        while let Some(output) = self.exchange.poll_output() {
            match output {
                Output::Send(bytes) => {
                    self.unsent += bytes.len();
                    self.sent.push(Message::decode(&bytes).unwrap());
                }
                Output::Ingest(ingest) => {
                    let (outcome, _) = self.shelf.ingest(ingest.feed, ingest.base8, &ingest.chunk);
                    self.exchange.handle(self.now, Input::Ingested(ingest.ticket, outcome), &self.shelf);
                }
                Output::Succeeded(_) => self.succeeded += 1,
                Output::Branch(..) => self.branches += 1,
                Output::Listens { .. } | Output::ListensAbout(_) => {
                    let clock = self.shelf.clock();
                    self.exchange.handle(self.now, Input::Listening(clock), &self.shelf);
                }
                Output::Keep(asked) => self.kept.push(asked),
                Output::Close(reason) => self.ended = Some(reason),
                _ => {}
            }
        }
    }

    pub(crate) fn hear(&mut self, message: Message) {
        self.give(Input::Message(message.encode()));
    }

    /// The peer says that it holds `len` entries of what is wanted, and is asked for them.
    fn offered(len: u32) -> Self {
        let mut node = Self::open();
        let row = Row { idx: WANTED, len, tip8: Some([7; 8]), cap: None };
        node.hear(Message::Delta { more: false, side: Side::Yours, rows: vec![row] });
        assert!(matches!(node.sent.last(), Some(Message::Get(_))), "{:?}", node.sent.last());
        node
    }
}

fn prints(side: Side) -> Message {
    Message::Prints { side, open: vec![], prints: vec![0; 4] }
}

pub(crate) fn limit(what: &'static str) -> Option<Reason> {
    Some(Reason::Protocol(Breach::Limit(what)))
}

fn unsolicited(what: &'static str) -> Option<Reason> {
    Some(Reason::Protocol(Breach::Unsolicited(what)))
}

pub(crate) const MALFORMED: Option<Reason> = Some(Reason::Protocol(Breach::Malformed));
pub(crate) const REPEATED: Option<Reason> = Some(Reason::Protocol(Breach::Repeated));

fn get(idx: u32) -> Message {
    Message::Get(Get { idx, from: 1, to: 3, part: Part::Entries, base8: None })
}

#[test]
fn bytes_that_are_no_message_end_the_connection() {
    let nested = [vec![0x84, 7, 0, 0xf6], vec![0x81; 1_000_000]].concat();
    let cases: [(&str, Vec<u8>, Option<Reason>); 13] = [
        ("nothing", vec![], MALFORMED),
        ("random bytes", b"GET / HTTP/1.1".to_vec(), MALFORMED),
        ("a number that is not known", vec![0x81, 0x18, 40], MALFORMED),
        ("an integer longer than it need be", vec![0x82, 0x18, 31, 0x18, 1], MALFORMED),
        ("an array's length longer than it need be", vec![0x98, 23, 0x18, 200], MALFORMED),
        ("a number longer than it need be", vec![0x81, 0x19, 0, 29], MALFORMED),
        ("an indefinite array", vec![0x9f, 0x18, 29, 0xff], MALFORMED),
        ("bytes after the end", vec![0x81, 0x18, 29, 0], MALFORMED),
        ("an item too many", vec![0x82, 0x18, 29, 0], MALFORMED),
        ("a float", vec![0x82, 0x18, 31, 0xf9, 0x3c, 0], MALFORMED),
        ("4 GiB inside", vec![0x84, 7, 0, 0xf6, 0x5a, 0xff, 0xff, 0xff, 0xff, 1], MALFORMED),
        ("nesting of a million", nested, MALFORMED),
        ("a byte too long", vec![0x81; 1_048_577], limit("bytes in a message")),
    ];
    for (name, bytes, ends) in cases {
        let mut node = Node::open();
        node.give(Input::Message(bytes));
        assert_eq!(node.ended, ends, "{name}");
        assert!(matches!(node.sent.last(), Some(Message::Error(_))), "{name}: it is told why");
    }
}

#[test]
fn what_is_reserved_or_free_is_passed_over() {
    for number in [12, 17, 18] {
        let mut node = Node::open();
        node.give(Input::Message(vec![0x82, number, 0xff]));
        assert_eq!(node.ended, None, "{number}");
    }
    let later = [&[0x98, 24, 0x18, 200][..], &[0x99, 1, 0, 0x18, 200]].map(<[u8]>::to_vec);
    let known = [vec![0x81, 0x18, 26], vec![0x81, 0x18, 128], vec![0x81, 0x19, 1, 0, 0xff]];
    for bytes in known.into_iter().chain(later) {
        let mut node = Node::open();
        node.give(Input::Message(bytes.clone()));
        assert_eq!(node.ended, None, "{bytes:?}");
    }
}

#[test]
fn the_first_message_is_resume_and_there_is_one() {
    let mut early = Node::new();
    early.hear(Message::Ping);
    assert_eq!(early.ended, unsolicited("a message before the first"));
    let mut twice = Node::open();
    twice.hear(resume());
    assert_eq!(twice.ended, unsolicited("a second first message"));
    let mut other = Node::new();
    other.hear(Message::Resume { proto: 2, token: None, root: None, want_n: 0, yours: None });
    assert_eq!(other.ended, Some(Reason::Protocol(Breach::Version)));
    let mut leaving = Node::open();
    leaving.hear(Message::Error(9));
    assert_eq!(leaving.ended, Some(Reason::Peer(9)));
    assert!(
        !leaving.sent.iter().any(|message| matches!(message, Message::Error(_))),
        "no answer to an error"
    );
}

#[test]
fn what_nobody_asked_for_ends_the_connection() {
    let row = |idx| Row { idx, len: 1, tip8: Some([0; 8]), cap: None };
    let delta = |side, idx| Message::Delta { more: false, side, rows: vec![row(idx)] };
    let chunk = compact(&entries(3, 1));
    let feed = author(3).feed();
    let (object, event) = (EntryId::new([1; 32]), EntryId::new([2; 32]));
    let redeemed = Redeemed { code: 0, name: String::new(), quota: 0 };
    let cases = [
        ("a row past the list", delta(Side::Yours, 2), "a row"),
        ("a row past its own list", delta(Side::Mine, 1), "a row"),
        ("a request past its list", get(1), "a request"),
        (
            "the removal of nothing",
            Message::Wants { root: None, add: vec![].into(), del: vec![1] },
            "the removal of a feed",
        ),
        ("a second scope", Message::Scope(Some(vec![0])), "a scope"),
        ("a list forgotten that was not named", Message::Scope(None), "a scope"),
        ("fingerprints of no list", prints(Side::Yours), "fingerprints"),
        ("an answer to no fingerprints", prints(Side::Mine), "fingerprints"),
        ("a mode past the end", Message::Mode(vec![(7, Mode::Lazy, 1)]), "a mode"),
        ("a length past the end", Message::Have(vec![(7, 1)]), "a length"),
        ("a chunk", Message::Chunk { idx: WANTED, base8: None, chunk: Some(chunk.clone()) }, "a chunk"),
        ("no chunk", Message::Chunk { idx: WANTED, base8: None, chunk: None }, "a chunk"),
        ("a push past the list", Message::Push { idx: 2, base8: None, chunk }, "a push"),
        ("bodies", Message::Bodies { idx: WANTED, from: 1, bodies: vec![None] }, "bodies"),
        ("ids", Message::Ids { feed, ids: vec![None] }, "ids"),
        ("hints", Message::Hints { object, rows: vec![] }, "hints"),
        ("a pub's answer", Message::Redeemed(redeemed), "a pub's answer"),
        ("a verdict", Message::DoorVerdict(event, None), "a door's verdict"),
    ];
    for (name, message, what) in cases {
        let mut node = Node::open();
        node.hear(message);
        assert_eq!(node.ended, unsolicited(what), "{name}");
    }
}

#[test]
fn a_chunk_that_no_honest_node_sends_ends_the_connection() {
    let good = entries(3, 3);
    let mut unsigned = author(3);
    let open_end = vec![unsigned.write(vec![], 40), unsigned.write_unsigned(40)];
    let alien = entries(5, 2);
    let mut long = author(3);
    let long: Vec<Unverified> = (0..257).map(|_| long.write(vec![], 24)).collect();
    let mut cut = compact(&good);
    cut.pop();
    let mut flipped = compact(&good);
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let cases = [
        ("it does not end on an anchor", compact(&open_end)),
        ("entries by another key", compact(&alien)),
        ("257 entries", compact(&long)),
        ("cut off", cut),
        ("a bit flipped", flipped),
    ];
    for (name, chunk) in cases {
        let mut node = Node::offered(2);
        node.hear(Message::Chunk { idx: WANTED, base8: None, chunk: Some(chunk) });
        node.give(Input::Elapsed); // The owner's answer came; what follows from it is polled here.
        assert!(matches!(node.ended, Some(Reason::Chunk(_))), "{name}: {:?}", node.ended);
        assert!(node.sent.contains(&Message::Error(6)), "{name}");
    }
}

#[test]
fn entries_out_of_order_or_twice_end_the_connection() {
    let good = entries(3, 3);
    let base8 = Some(good[0].id().tip8());
    let mut ahead = Node::offered(3);
    ahead.hear(Message::Chunk { idx: WANTED, base8, chunk: Some(compact(&good[1..])) });
    assert_eq!(ahead.ended, unsolicited("a chunk"), "asked for from entry 1, got from entry 2");

    let mut twice = Node::open();
    let push = Message::Push { idx: WANTED, base8: None, chunk: compact(&good[..1]) };
    twice.hear(push.clone());
    assert_eq!(twice.ended, None);
    twice.hear(push);
    assert_eq!(twice.ended, REPEATED);

    let mut baseless = Node::open();
    baseless.hear(Message::Push { idx: WANTED, base8: None, chunk: compact(&good[1..]) });
    assert_eq!(baseless.ended, MALFORMED, "only entry 1 has no base");

    let mut wanted_twice = Node::open();
    wanted_twice.hear(Message::Wants { root: None, add: vec![author(4).feed()].into(), del: vec![] });
    assert_eq!(wanted_twice.ended, REPEATED);
}

#[test]
fn a_chunk_of_another_branch_is_looked_into_and_nobody_is_blamed() {
    let mine = entries(3, 2);
    let mut other = author(3);
    other.go_back(&[], 1);
    let theirs: Vec<Unverified> = (0..4).map(|_| other.write(Vec::new(), 40)).collect();
    let mut node = Node::open();
    mine.into_iter().for_each(|entry| drop(node.shelf.append(entry)));
    let row = Row { idx: WANTED, len: 4, tip8: Some(theirs[3].id().tip8()), cap: None };
    node.hear(Message::Delta { more: false, side: Side::Yours, rows: vec![row] });
    let base8 = Some(theirs[1].id().tip8());
    node.hear(Message::Chunk { idx: WANTED, base8, chunk: Some(compact(&theirs[2..])) });
    node.give(Input::Elapsed);
    assert_eq!(node.ended, None);
    let search = Message::IdAt { feed: author(3).feed(), seqs: vec![1] };
    assert_eq!(node.sent.last(), Some(&search));
}

#[test]
fn who_asks_from_another_branch_is_told_the_id_there_and_gets_no_pushes() {
    let mut node = Node::open();
    let base8 = Some([0xbb; 8]);
    node.hear(Message::Get(Get { idx: HELD, from: 4, to: 4, part: Part::Entries, base8 }));
    let held = entries(4, 4);
    let answer = Message::Chunk { idx: HELD, base8: Some(held[2].id().tip8()), chunk: None };
    assert_eq!(node.sent.last(), Some(&answer));
    let change = node.shelf.append(held[3].clone());
    node.give(Input::Changed(vec![change]));
    assert!(matches!(node.sent.last(), Some(Message::Delta { .. })), "told, not pushed");
}

#[test]
fn proofs_must_prove_concern_somebody_and_be_new() {
    let proof = |number: u64| {
        let (mut one, mut other) = (author(number), author(number));
        let (a, b) = (one.write(vec![], 40), {
            other.go_back(&[], 1);
            other.write(vec![], 40)
        });
        Message::Fork(ForkProof::build(&net(), &[a], &[b]).unwrap().encode())
    };
    let mut garbage = Node::open();
    garbage.give(Input::Message(vec![0x84, 16, 0x40, 0x80, 0x80]));
    assert_eq!(garbage.ended, MALFORMED);
    let strange = proof(5);
    let passed = flood(Node::open(), |_| strange.clone(), limit("proofs of no concern"));
    assert_eq!(passed, 64, "who met us before may think that we hold it");
    for number in [1, 3, 4] {
        let mut node = Node::open();
        node.hear(proof(number));
        assert_eq!(node.ended, None, "author {number} is the node, wanted, or held");
        node.hear(proof(number));
        assert_eq!(node.ended, REPEATED, "author {number}");
    }
}

/// Hears the message that `message` makes of each number, until the connection ends; the last number.
fn flood(mut node: Node, message: impl Fn(u32) -> Message, ends: Option<Reason>) -> u32 {
    for number in 0..200_000 {
        node.hear(message(number));
        if node.ended.is_some() {
            assert_eq!(node.ended, ends);
            return number;
        }
    }
    panic!("it may go on for ever: {ends:?}");
}

fn numbered(number: u32) -> [u8; 32] {
    let mut bytes = [0xee; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    bytes
}

#[test]
fn one_past_each_limit_of_a_session_ends_the_connection() {
    let object = |number| EntryId::new(numbered(number));
    let challenge = Challenge { event: object(0), occ: None, nonce: [0; 16] };
    let answer = DoorAnswer { challenge: challenge.clone(), rsvp: None, signature: [0; 64] };
    let feed = author(4).feed();
    let full = || {
        let mut node = Node::open();
        node.shelf.append(author(5).write(vec![], 40));
        // What waits to be sent is more than there is room for, so that requests stay unanswered.
        (0..8_000).for_each(|_| node.give(Input::Challenge(challenge.clone())));
        node
    };
    let at_once = limit("requests at a time");
    assert_eq!(flood(full(), |_| get(HELD), at_once.clone()), 1, "two requests for one feed");
    let ask = |_| Message::IdAt { feed, seqs: vec![1] };
    assert_eq!(flood(full(), ask, at_once.clone()), 16);
    assert_eq!(flood(Node::open(), |n| Message::About(object(n)), limit("objects asked about")), 4_096);
    assert_eq!(flood(Node::open(), |_| Message::Redeem([0; 16]), limit("secrets at a time")), 1);
    let doors = flood(Node::open(), |_| Message::Door(challenge.clone()), limit("challenges in a minute"));
    assert_eq!(doors, 16);
    let answers =
        flood(Node::open(), |_| Message::DoorAnswer(answer.clone()), limit("answers to a door at a time"));
    assert_eq!(answers, 1);
    let wants = |n: u32| {
        let add = (n * 10_000..(n + 1) * 10_000).map(|n| FeedId::new(numbered(n)));
        let add: Vec<_> = add.collect();
        Message::Wants { root: None, add: add.into(), del: vec![] }
    };
    assert_eq!(flood(Node::open(), wants, limit("feeds wanted")), 9, "one stood there before");
    let wanting = || {
        let mut node = full();
        node.hear(wants(0));
        node
    };
    let get = |to| move |idx| Message::Get(Get { idx, from: 1, to, part: Part::Entries, base8: None });
    assert_eq!(flood(wanting(), get(16), at_once.clone()), 256, "for few entries each");
    assert_eq!(flood(wanting(), get(17), at_once.clone()), 16, "for more");
    let bodies = |idx| Message::Get(Get { idx, from: 1, to: 1, part: Part::Bodies, base8: None });
    assert_eq!(flood(wanting(), bodies, at_once), 16, "a body may be long");
}

#[test]
fn secrets_answers_and_hints_are_counted_over_the_session() {
    let mut node = Node::open();
    for _ in 0..8 {
        node.hear(Message::Redeem([1; 16]));
        node.give(Input::RedeemAnswer(Redeemed { code: 1, name: String::new(), quota: 0 }));
    }
    assert_eq!(node.ended, None);
    node.hear(Message::Redeem([1; 16]));
    assert_eq!(node.ended, limit("secrets in a session"));

    let mut node = Node::open();
    let challenge = Challenge { event: EntryId::new([3; 32]), occ: None, nonce: [0; 16] };
    for minute in 0..2 {
        node.now = minute * 60_000;
        for _ in 0..16 {
            let challenge = challenge.clone();
            node.hear(Message::DoorAnswer(DoorAnswer { challenge, rsvp: None, signature: [0; 64] }));
            node.give(Input::DoorVerdict(EntryId::new([3; 32]), Some("no".into())));
        }
    }
    assert_eq!(node.ended, None);
    node.hear(Message::DoorAnswer(DoorAnswer { challenge, rsvp: None, signature: [0; 64] }));
    assert_eq!(node.ended, limit("answers to a door in a minute"));

    let mut node = Node::open();
    let object = EntryId::new([4; 32]);
    node.give(Input::Objects(vec![object]));
    let hints = |n: u32| Message::Hints {
        object,
        rows: (n * 4_096..(n + 1) * 4_096).map(|n| (FeedId::new(numbered(n)), 1)).collect(),
    };
    assert_eq!(flood(node, hints, limit("hints in a session")), 16);
}

#[test]
fn who_gave_as_many_hints_as_a_session_holds_gives_no_more() {
    let mut node = Node::open();
    let object = EntryId::new([4; 32]);
    node.hear(Message::About(object));
    let tell = |node: &mut Node, from: u32, to: u32| {
        let wrote = |n: u32| {
            let (feed, clock) = (FeedId::new(numbered(n)), (u64::from(n), u64::from(n)));
            Change { feed, before: Some((0, None)), clock, objects: vec![(object, 1)] }
        };
        node.give(Input::Changed((from..to).map(wrote).collect()));
        (0..32).for_each(|_| node.give(Input::Room));
        let hints = node.sent.iter().filter_map(|message| match message {
            Message::Hints { rows, .. } => Some(rows.len()),
            _ => None,
        });
        assert!(hints.clone().all(|rows| rows <= 4_096));
        hints.sum::<usize>()
    };
    assert_eq!(tell(&mut node, 0, 65_535), 65_535);
    assert_eq!(tell(&mut node, 65_535, 65_537), 65_536, "as many as the peer takes");
    assert_eq!(tell(&mut node, 65_537, 65_600), 65_536);
    assert_eq!(node.ended, None, "it goes on without");
}

#[test]
fn one_past_each_limit_of_a_message_ends_the_connection() {
    let feeds = |count: u32| (0..count).map(|n| FeedId::new(numbered(n))).collect::<Vec<_>>();
    let row = |idx| Row { idx, len: 1, tip8: Some([0; 8]), cap: None };
    let object = EntryId::new([1; 32]);
    let rows = |count: u32| feeds(count).into_iter().map(|feed| (feed, 1)).collect();
    let event = EntryId::new([1; 32]);
    let redeemed = Redeemed { code: 0, name: "x".repeat(201), quota: 0 };
    let delta = Message::Delta { more: false, side: Side::Yours, rows: (0..16_385).map(row).collect() };
    let bodies = |from, to| Message::Get(Get { idx: HELD, from, to, part: Part::Bodies, base8: None });
    let cases = [
        ("feeds wanted in a message", Message::Wants { root: None, add: feeds(16_385).into(), del: vec![] }),
        (
            "feeds unwanted in a message",
            Message::Wants { root: None, add: vec![].into(), del: (0..16_385).collect() },
        ),
        ("feeds in a scope", Message::Scope(Some(vec![0; 2_049]))),
        ("rows in a delta", delta),
        ("bodies asked for", bodies(1, 257)),
        ("bodies in a message", Message::Bodies { idx: 0, from: 1, bodies: vec![None; 257] }),
        ("bytes in a body", Message::Bodies { idx: 0, from: 1, bodies: vec![Some(vec![0; 16_385])] }),
        ("places asked for", Message::IdAt { feed: author(4).feed(), seqs: (1..=65).collect() }),
        ("ids in a message", Message::Ids { feed: author(4).feed(), ids: vec![None; 65] }),
        (
            "bytes of fingerprints",
            Message::Prints { side: Side::Mine, open: vec![], prints: vec![0; 786_433] },
        ),
        ("fingerprints opened", Message::Prints { side: Side::Mine, open: vec![0; 24_577], prints: vec![] }),
        ("modes in a message", Message::Mode((0..4_097).map(|idx| (idx, Mode::Lazy, 1)).collect())),
        ("lengths in a message", Message::Have((0..4_097).map(|idx| (idx, 1)).collect())),
        ("hints in a message", Message::Hints { object, rows: rows(4_097) }),
        ("bytes in a name", Message::Redeemed(redeemed)),
        ("bytes in a verdict", Message::DoorVerdict(event, Some("x".repeat(201)))),
    ];
    for (what, message) in cases {
        let mut node = Node::open();
        node.hear(message);
        assert_eq!(node.ended, limit(what), "{what}");
    }
    let mut occurrence = vec![0x84, 0x18, 24, 0x58, 32];
    occurrence.extend([[1; 32].as_slice(), &[0x78, 201], &[b'x'; 201], &[0x50], &[0; 16]].concat());
    let mut node = Node::open();
    node.give(Input::Message(occurrence));
    assert_eq!(node.ended, limit("bytes in an occurrence"));
    let mut node = Node::open();
    node.hear(bodies(1, 256));
    assert_eq!(node.ended, None, "the limit itself is allowed");
}

#[test]
fn silence_is_broken_after_half_a_minute_and_ends_after_one_and_a_half() {
    let mut node = Node::open();
    node.sent.clear();
    node.now = PING_AFTER;
    node.give(Input::Elapsed);
    assert_eq!(node.sent, [Message::Ping]);
    node.now = SILENT_AFTER - 1;
    node.give(Input::Elapsed);
    assert_eq!(node.ended, None);
    node.now = SILENT_AFTER;
    node.give(Input::Elapsed);
    assert_eq!(node.ended, Some(Reason::Silent));
    assert_eq!(node.exchange.poll_timeout(), None);
}

/// Bytes handed out between two `Room`s: the measure, and one largest message of each kind of list.
const UNSENT_BYTES_MAX: usize = 256 * 1024 + 2 * 1_048_576;

fn messages() -> impl Strategy<Value = Vec<u8>> {
    let idx = 0..ROWS;
    let seq = prop_oneof![0..6_u32, any::<u32>()];
    let base8 = prop::option::of(prop_oneof![
        Just(entries(4, 1)[0].id().tip8()),
        Just(entries(3, 1)[0].id().tip8()),
        any::<[u8; 8]>()
    ]);
    let part = prop_oneof![Just(Part::Entries), Just(Part::Headers), Just(Part::Bodies)];
    let side = prop_oneof![Just(Side::Yours), Just(Side::Mine)];
    let feed = (1..6_u64).prop_map(|number| author(number).feed());
    let piece = (3..5_u64, 0..4_usize, 1..4_usize).prop_map(|(number, from, count)| {
        let all = entries(number, 8);
        compact(&all[from..from + count])
    });
    let row = (idx.clone(), seq.clone(), base8.clone(), prop::option::of(seq.clone()))
        .prop_map(|(idx, len, tip8, cap)| Row { idx, len, tip8, cap });
    prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => Just(resume().encode()),
        3 => (prop::collection::btree_set(feed.clone(), 0..3), prop::collection::btree_set(idx.clone(), 0..2))
            .prop_map(|(add, del)| Message::Wants {
                root: None,
                add: add.into_iter().collect::<Vec<_>>().into(),
                del: del.into_iter().collect(),
            }.encode()),
        1 => any::<u8>().prop_map(|bits| Message::Scope(Some(vec![bits & 3])).encode()),
        6 => (any::<bool>(), side, row)
            .prop_map(|(more, side, row)| Message::Delta { more, side, rows: vec![row] }.encode()),
        6 => (idx.clone(), seq.clone(), seq.clone(), part, base8.clone())
            .prop_map(|(idx, from, to, part, base8)| Message::Get(Get { idx, from, to, part, base8 }).encode()),
        4 => (idx.clone(), base8.clone(), prop::option::of(piece.clone()))
            .prop_map(|(idx, base8, chunk)| Message::Chunk { idx, base8, chunk }.encode()),
        4 => (idx.clone(), base8.clone(), piece)
            .prop_map(|(idx, base8, chunk)| Message::Push { idx, base8, chunk }.encode()),
        2 => (idx, seq.clone(), 1..3_usize)
            .prop_map(|(idx, from, count)| Message::Bodies { idx, from, bodies: vec![None; count] }.encode()),
        2 => (feed.clone(), prop::collection::btree_set(seq, 1..4))
            .prop_map(|(feed, seqs)| Message::IdAt { feed, seqs: seqs.into_iter().collect() }.encode()),
        2 => (feed, prop::collection::vec(base8, 1..4))
            .prop_map(|(feed, ids)| Message::Ids { feed, ids }.encode()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_series_of_messages_panics_or_fills_memory(
        series in prop::collection::vec((messages(), any::<bool>()), 1..40),
    ) {
        let mut node = Node::open();
        node.unsent = 0;
        for (bytes, room) in series {
            node.give(Input::Message(bytes));
            if room {
                node.unsent = 0;
                node.give(Input::Room);
            }
            prop_assert!(node.unsent <= UNSENT_BYTES_MAX, "{} bytes wait to be sent", node.unsent);
        }
    }
}
