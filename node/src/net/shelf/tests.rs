//! Two exchanges over two real stores: who succeeds a feed, and the branch that is kept, reach whoever wants it.

use klatch_feed::chunk;
use klatch_feed::post::Post;
use klatch_feed::{Draft, FeedId, Head, Kind, NetId, SecretKey, Seq, Succeeds, Successor, Unverified};
use klatch_gossip::sync::memory::Memory;
use klatch_gossip::sync::message::{Message, Part};
use klatch_gossip::sync::{self, BRANCH_BYTES_MAX, Change, Exchange, Input, Output, Reason, Setup};
use klatch_store::{Changes, Incoming, Outcome, Store};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::DiskShelf;

fn net() -> NetId {
    NetId::of_name("successions")
}

fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

/// The recovery key of the feed of key `n`, and its commitment.
fn recovery(n: u8) -> (SecretKey, [u8; 32]) {
    let secret = key(n + 100);
    let commitment = Sha256::digest(secret.feed().as_bytes()).into();
    (secret, commitment)
}

/// A log in memory.
#[derive(Clone)]
struct Log {
    n: u8,
    entries: Vec<Unverified>,
}

impl Log {
    fn new(n: u8, succeeds: Option<Succeeds>) -> Self {
        let mut log = Self { n, entries: Vec::new() };
        let post = Post::Genesis { recovery: recovery(n).1, succeeds: succeeds.map(Box::new) };
        log.say(post.draft(1, [0; 16]).unwrap());
        log
    }

    fn say(&mut self, draft: Draft) {
        let len = self.entries.len() as Seq;
        let head = Head { feed: key(self.n).feed(), len, tip: self.entries.last().map(Unverified::id) };
        self.entries.push(Unverified::clone(&head.sign(&net(), &key(self.n), draft).unwrap().0));
    }

    fn notes(mut self, count: usize, size: usize, salt: u8) -> Self {
        for _ in 0..count {
            self.say(Draft { kind: Kind(400), refs: vec![], body: vec![salt; size], time_ms: 1 });
        }
        self
    }

    fn feed(&self) -> FeedId {
        key(self.n).feed()
    }

    fn chunks(&self) -> Vec<Incoming> {
        let mut first = 0_usize;
        let parts = self.entries.chunks(40).map(|part| {
            let base8 = first.checked_sub(1).map(|at| self.entries[at].id().tip8());
            first += part.len();
            let part: Vec<&Unverified> = part.iter().collect();
            Incoming { feed: self.feed(), base8, chunk: chunk::encode(&part, |_| true) }
        });
        parts.collect()
    }
}

/// Somebody goes on as the feed of key `new` after the last entry of that log.
fn heir(old: &Log, new: u8) -> Successor {
    let last = old.entries.last().unwrap();
    let person = klatch_feed::post::Person { feed: old.feed(), genesis: old.entries[0].id() };
    let keep = (last.header().seq, last.id());
    let (feed, (_, next)) = (key(new).feed(), recovery(new));
    let succeeds = Succeeds::sign(&net(), &recovery(old.n).0, person, keep, [new; 16], &feed, &next);
    Successor::check(&net(), Log::new(new, Some(succeeds)).entries.remove(0)).unwrap()
}

/// A node with a real store and one connection; its owner commits at once.
struct Side {
    store: Store,
    exchange: Exchange,
    setup: Setup,
    sent: Vec<Message>,
    closed: Option<Reason>,
    wants: Vec<FeedId>,
    /// The owner is busy: what it is to keep of successors waits.
    is_busy: bool,
    waiting: Vec<Successor>,
    now: u64,
    _home: TempDir,
}

impl Side {
    fn new(me: u8, peer: u8) -> Self {
        let home = tempfile::tempdir().unwrap();
        let store = Store::create(home.path(), net(), key(me).feed()).unwrap();
        let setup = Setup { is_open: true, ..Setup::new(net(), key(me).feed(), key(peer).feed(), [7; 32]) };
        let (exchange, wants, waiting) = (Exchange::new(setup.clone(), 0), Vec::new(), Vec::new());
        let (sent, closed, is_busy) = (vec![], None, false);
        Self { store, exchange, setup, sent, closed, wants, is_busy, waiting, now: 0, _home: home }
    }

    fn hold(&mut self, log: &Log) {
        let (_, changes) = self.store.ingest(&log.chunks()).unwrap();
        self.tell(changes);
    }

    fn succeed(&mut self, successor: &Successor) {
        let changes = self.store.succeed(successor).unwrap();
        self.tell(changes);
    }

    fn tell(&mut self, changes: Changes) {
        let clock = changes.clock;
        let before = |feed: &FeedId| changes.before.get(feed).copied();
        let change = |(feed, objects): &(FeedId, Vec<_>)| Change {
            feed: *feed,
            before: before(feed),
            clock: (clock, clock),
            objects: objects.clone(),
        };
        self.give(Input::Changed(changes.feeds.iter().map(change).collect()));
    }

    fn give(&mut self, input: Input) {
        let shelf = DiskShelf::open(&self.store.reader());
        self.exchange.handle(self.now, input, &shelf);
    }

    fn want(&mut self, feeds: impl IntoIterator<Item = FeedId>) {
        self.wants = feeds.into_iter().collect();
        self.give(Input::wants(self.wants.clone()));
    }

    /// The connection ends, and the next one begins with what is remembered.
    fn meet_again(&mut self) {
        self.setup.secret[0] += 1;
        self.exchange = Exchange::new(self.setup.clone(), self.now);
        self.sent.clear();
        self.give(Input::wants(self.wants.clone()));
    }

    fn work(&mut self) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        while let Some(output) = self.exchange.poll_output() {
            match output {
                Output::Send(bytes) => {
                    self.sent.push(Message::decode(&bytes).unwrap());
                    messages.push(bytes);
                }
                Output::Ingest(ingest) => {
                    let incoming =
                        Incoming { feed: ingest.feed, base8: ingest.base8, chunk: ingest.chunk.clone() };
                    let (mut outcomes, changes) = self.store.ingest(&[incoming]).unwrap();
                    self.tell(changes);
                    let outcome = told(outcomes.remove(0));
                    self.give(Input::Ingested(ingest.ticket, outcome));
                }
                Output::Fork(proof) => {
                    let changes = self.store.adopt(&proof).unwrap();
                    self.tell(changes);
                }
                Output::Succeeded(successor) if self.is_busy => self.waiting.push(*successor),
                Output::Succeeded(successor) => self.succeed(&successor),
                Output::Branch(feed, chunks) => {
                    let (_, changes) = self.store.replace(&feed, &chunks).unwrap();
                    self.tell(changes);
                }
                Output::Close(reason) => self.closed = Some(reason),
                Output::Listens { .. } | Output::ListensAbout(_) => {
                    let clock = self.store.reader().snapshot().unwrap().clock().unwrap();
                    self.give(Input::Listening(clock));
                }
                Output::Keep(asked) => self.setup.memory.asked = Some(asked),
                Output::Remember(served) => self.setup.memory.served = Some(served),
                _ => {}
            }
        }
        messages
    }

    fn state(&self, log: &Log) -> (Seq, bool, Option<Seq>) {
        let state = self.store.reader().snapshot().unwrap().state(&log.feed()).unwrap();
        state.map_or((0, false, None), |state| {
            let is_its = log.entries.get(state.len as usize - 1).map(Unverified::id) == state.tip;
            (state.len, is_its, state.cap)
        })
    }

    fn count(&self, is: impl Fn(&Message) -> bool) -> usize {
        self.sent.iter().filter(|message| is(message)).count()
    }
}

fn both_want<const N: usize>(a: &mut Side, b: &mut Side, feeds: [FeedId; N]) {
    a.want(feeds);
    b.want(feeds);
}

fn meet_again(a: &mut Side, b: &mut Side) {
    a.meet_again();
    b.meet_again();
}

fn told(outcome: Outcome) -> sync::Outcome {
    let state = |s: klatch_store::FeedState| sync::FeedState { len: s.len, tip: s.tip, cap: s.cap };
    match outcome {
        Outcome::Accepted(s) => sync::Outcome::Accepted(state(s)),
        Outcome::Gap(s) => sync::Outcome::Gap(state(s)),
        Outcome::OtherBranch(s) => sync::Outcome::OtherBranch(state(s)),
        Outcome::Forked(s) => sync::Outcome::Forked(state(s)),
        Outcome::Faulty(error) => sync::Outcome::Faulty(error),
    }
}

fn meet(a: &mut Side, b: &mut Side) {
    loop {
        let (from_a, from_b) = (a.work(), b.work());
        if from_a.is_empty() && from_b.is_empty() {
            break;
        }
        from_a.into_iter().for_each(|message| b.give(Input::Message(message)));
        from_b.into_iter().for_each(|message| a.give(Input::Message(message)));
        a.give(Input::Room);
        b.give(Input::Room);
    }
    assert_eq!((&a.closed, &b.closed), (&None, &None), "nobody is blamed");
    for side in [a, b] {
        let report = side.store.reader().snapshot().unwrap().verify(&mut |_, _| {}).unwrap();
        assert_eq!(report.problems, Vec::<String>::new());
    }
}

/// Two branches after entry 3, of these many further entries and of bodies of this size.
fn branches(here: usize, there: usize, size: usize) -> (Log, Log) {
    let common = Log::new(2, None).notes(2, 9, 0);
    (common.clone().notes(here, size, 1), common.notes(there, 9, 2))
}

fn is_succ(message: &Message) -> bool {
    matches!(message, Message::Succ { .. })
}

#[test]
fn whoever_holds_another_branch_ends_with_the_kept_one() {
    // Entries of either branch; whether the fork is proven at whoever keeps, and at the other.
    for (here, there) in [(2, 2), (2, 5), (5, 2), (100, 3), (1, 300)] {
        for proven in [[false, false], [true, false], [false, true], [true, true]] {
            let (kept, other) = branches(here, there, 30);
            let proof =
                klatch_feed::ForkProof::build(&net(), &kept.entries[3..], &other.entries[3..]).unwrap();
            let (mut a, mut b) = (Side::new(10, 11), Side::new(11, 10));
            a.hold(&kept);
            b.hold(&other);
            for (side, is_proven) in [&mut a, &mut b].into_iter().zip(proven) {
                if is_proven {
                    let changes = side.store.adopt(&proof).unwrap();
                    side.tell(changes);
                }
                side.want([kept.feed()]);
            }
            a.succeed(&heir(&kept, 3));
            meet(&mut a, &mut b);
            let end = (kept.entries.len() as Seq, true, None);
            let name = format!("{here} and {there}, proven {proven:?}");
            assert_eq!((a.state(&kept), b.state(&kept)), (end, end), "{name}");
            assert_eq!((a.count(is_succ), b.count(is_succ)), (1, 0), "{name}: once, and not back");
        }
    }
}

#[test]
fn who_learns_of_it_while_connected_follows_and_passes_it_on() {
    let (kept, other) = branches(3, 4, 30);
    let successor = heir(&kept, 3);
    for is_late in [false, true] {
        let (mut a, mut b) = (Side::new(10, 11), Side::new(11, 10));
        a.hold(&kept);
        b.hold(&other);
        both_want(&mut a, &mut b, [kept.feed()]);
        meet(&mut a, &mut b);
        assert_eq!((a.state(&kept).2, b.state(&kept).2), (Some(3), Some(3)), "forked, as far as both know");
        // The one who knows holds the branch, or hears of it from elsewhere and has the other one.
        if is_late {
            b.succeed(&successor)
        } else {
            a.succeed(&successor)
        }
        meet(&mut a, &mut b);
        let end = (6, true, None);
        assert_eq!((a.state(&kept), b.state(&kept)), (end, end), "late: {is_late}");
        // What is left behind is not sent, and nobody else starts a quarrel.
        meet_again(&mut a, &mut b);
        meet(&mut a, &mut b);
        assert_eq!((a.state(&kept), b.state(&kept)), (end, end));
        assert_eq!(a.count(|message| matches!(message, Message::Fork(_))), 0);
    }
}

#[test]
fn who_holds_nothing_fetches_old_and_new_and_a_better_successor_turns_both() {
    let (kept, other) = branches(3, 6, 30);
    let (worse, better) = (heir(&kept, 3), heir(&other, 4));
    let (mut a, mut b) = (Side::new(10, 11), Side::new(11, 10));
    a.hold(&kept);
    a.succeed(&worse);
    both_want(&mut a, &mut b, [kept.feed()]);
    meet(&mut a, &mut b);
    assert_eq!(b.state(&kept), (6, true, None));
    assert_eq!(b.store.reader().snapshot().unwrap().lineage().unwrap().now(kept.feed()), key(3).feed());
    // A third one brings a statement that keeps more: of a chain that nobody here holds.
    b.succeed(&better);
    meet(&mut a, &mut b);
    assert_eq!((a.state(&kept), b.state(&kept)), ((6, true, None), (6, true, None)), "until it is held");
    let (mut c, mut d) = (Side::new(12, 11), b);
    d.setup.peer = key(12).feed();
    d.setup.memory = Memory::default();
    c.hold(&other);
    c.want([kept.feed()]);
    d.meet_again();
    meet(&mut c, &mut d);
    assert_eq!((c.state(&other), d.state(&other)), ((9, true, None), (9, true, None)));
    let mut b = d;
    (b.setup.peer, b.setup.memory) = (key(10).feed(), Memory::default());
    a.setup.memory = Memory::default();
    meet_again(&mut a, &mut b);
    meet(&mut a, &mut b);
    assert_eq!((a.state(&other), b.state(&other)), ((9, true, None), (9, true, None)));
}

#[test]
fn of_two_branches_that_are_each_kept_by_a_successor_both_end_with_the_better_one_whenever_it_is_kept() {
    // Entries of either branch after the common ones.
    for (here, there) in [(2, 2), (2, 5), (5, 2)] {
        for is_busy in [false, true] {
            let (one, two) = branches(here, there, 30);
            let [first, second] = [heir(&one, 3), heir(&two, 4)];
            let better = if first.succession().rank() < second.succession().rank() { &one } else { &two };
            let (mut a, mut b) = (Side::new(10, 11), Side::new(11, 10));
            for (side, log, heir) in [(&mut a, &one, &first), (&mut b, &two, &second)] {
                side.hold(log);
                side.succeed(heir);
                side.is_busy = is_busy;
            }
            both_want(&mut a, &mut b, [one.feed()]);
            meet(&mut a, &mut b);
            for side in [&mut a, &mut b] {
                side.is_busy = false;
                std::mem::take(&mut side.waiting).iter().for_each(|successor| side.succeed(successor));
            }
            meet(&mut a, &mut b);
            let end = (better.entries.len() as Seq, true, None);
            assert_eq!((a.state(better), b.state(better)), (end, end), "{here}, {there}, busy: {is_busy}");
        }
    }
}

#[test]
fn a_succession_is_a_change_that_a_token_covers() {
    let log = Log::new(2, None).notes(4, 9, 0);
    let (mut a, mut b) = (Side::new(10, 11), Side::new(11, 10));
    a.hold(&log);
    both_want(&mut a, &mut b, [log.feed()]);
    meet(&mut a, &mut b);
    let settle = |a: &mut Side, b: &mut Side| {
        for side in [&mut *a, &mut *b] {
            side.now += 61_000;
            side.give(Input::Elapsed);
        }
        meet(a, b);
    };
    settle(&mut a, &mut b);
    a.succeed(&heir(&log, 3));
    meet_again(&mut a, &mut b);
    meet(&mut a, &mut b);
    assert_eq!(a.count(is_succ), 1, "it changed since the token");
    assert_eq!(b.store.reader().snapshot().unwrap().successors(&log.feed()).unwrap().len(), 1);
    settle(&mut a, &mut b);
    meet_again(&mut a, &mut b);
    meet(&mut a, &mut b);
    assert_eq!((a.count(is_succ), b.count(is_succ)), (0, 0), "and once told, it costs nothing");
    assert!(a.sent.len() <= 4, "one round trip: {:?}", a.sent);
}

#[test]
fn the_owner_of_the_old_feed_is_told_first() {
    let log = Log::new(11, None).notes(4, 9, 0);
    let (mut a, mut b) = (Side::new(10, 11), Side::new(11, 10));
    a.hold(&log);
    a.succeed(&heir(&log, 3));
    both_want(&mut a, &mut b, []);
    meet(&mut a, &mut b);
    assert!(is_succ(&a.sent[1]), "right after the greeting: {:?}", a.sent[1]);
    assert_eq!(b.state(&log), (5, true, None));
    assert!(matches!(b.store.held(), Some(klatch_store::Held::Succeeded { by }) if by == key(3).feed()));
}

#[test]
fn a_branch_past_the_limit_is_given_up_and_one_within_it_is_taken() {
    let size = 16_000;
    let within = BRANCH_BYTES_MAX / (size + 120);
    for (count, is_taken) in [(within, true), (within + 8, false)] {
        let (kept, other) = branches(count, 3, size);
        let (mut a, mut b) = (Side::new(10, 11), Side::new(11, 10));
        a.hold(&kept);
        b.hold(&other);
        a.succeed(&heir(&kept, 3));
        both_want(&mut a, &mut b, [kept.feed()]);
        meet(&mut a, &mut b);
        assert_eq!(b.state(&kept).0 == kept.entries.len() as Seq, is_taken, "{count} of {size} bytes");
        let asked = b.count(
            |message| matches!(message, Message::Get(get) if (get.from, get.part) == (4, Part::Entries)),
        );
        assert_eq!(asked, 1, "and not asked for again");
    }
}

#[test]
fn a_feed_past_that_limit_grows_as_any_other_where_nothing_differs() {
    let log = Log::new(2, None).notes(BRANCH_BYTES_MAX / 16_000 + 8, 16_000, 0);
    for held in [0, 3] {
        let (mut a, mut b) = (Side::new(10, 11), Side::new(11, 10));
        a.hold(&log);
        a.succeed(&heir(&log, 3));
        b.succeed(&heir(&log, 3));
        let begins = Log { n: log.n, entries: log.entries[..held].to_vec() };
        b.hold(&begins);
        both_want(&mut a, &mut b, [log.feed()]);
        meet(&mut a, &mut b);
        assert_eq!(b.state(&log), (log.entries.len() as Seq, true, None), "{held} entries held before");
        let now = b.store.reader().snapshot().unwrap().lineage().unwrap().now(log.feed());
        assert_eq!(now, key(3).feed(), "and then the statement counts");
    }
}
