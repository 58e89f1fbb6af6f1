//! A replication that breaks off at any point goes on from what was durable.
//!
//! Real nodes speak through a proxy that counts each byte. One test kills a side, or both, when a random number
//! of bytes has crossed; the other cuts the link after an exact number of bytes of one direction, drawn over the
//! whole transfer, its handshake included. Each session is held to one sum: what crossed is at most what
//! meeting costs, and what the taker did not hold durably when the session began. So no durable entry crosses
//! twice, whichever sessions broke off before.
//!
//! The seed is printed: `KLATCH_SEED=N` draws the same points again, `KLATCH_ROUNDS=N` draws so many in each test.

mod proxy;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use klatch::clock;
use klatch::daemon::{Request, Response, socket};
use klatch::demo::actor::{Actor, Trouble};
use klatch::home::Home;
use klatch::network::Network;
use klatch_feed::{Draft, EntryId, FeedId, Head, K, NetId, Post, SecretKey, Seq, Unverified, chunk};
use klatch_store::{Incoming, Snapshot, Store};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::Value;

use crate::demo::program;
use proxy::{Cut, Proxy, Session, Way};

/// Interruptions in each of the two tests, unless `KLATCH_ROUNDS` says otherwise.
const ROUNDS: u64 = 100;
/// Entries in the feeds that are replicated: short ones, and some to each side of what one chunk holds.
const FEEDS: [Seq; 8] = [1, 3, 60, 255, 256, 257, 400, 700];
/// Sessions that break off before a taker is left in peace: its node waits longer each time before it dials again.
const BREAKS_MAX: usize = 3;
/// Sessions of one taker that may end before the giver has said a word: see [`End::Unmet`].
const UNMET_MAX: usize = 12;
/// What meeting costs each way at most, entries not counted: handshake, lists and states of these feeds.
const MEETING_BYTES_MAX: u64 = 1_536;
/// The messages of a handshake each way, with their lengths.
const HANDSHAKE_BYTES: [u64; 2] = [194, 66 + 162];
/// What a chunk costs beside its own bytes: the message's head, and a frame of its own.
const CHUNK_HEAD_BYTES_MAX: u64 = 64;
/// What a request costs.
const GET_BYTES_MAX: u64 = 96;

/// Random choices, the same for the same seed and lane.
struct Dice(ChaCha8Rng);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end.max(1)
    }
}

fn dice(lanes: u64) -> Vec<Dice> {
    let seed = number("KLATCH_SEED").unwrap_or_else(|| u64::from_be_bytes(clock::random()));
    println!("seed {seed}");
    (0..lanes).map(|lane| Dice(ChaCha8Rng::seed_from_u64(seed.wrapping_add(lane)))).collect()
}

/// A number that whoever runs the test gives.
fn number(name: &str) -> Option<u64> {
    std::env::var_os(name).map(|text| text.to_string_lossy().parse().unwrap())
}

/// The feeds' chunks as a peer would send them.
fn corpus(net: &NetId) -> (Vec<FeedId>, Vec<Incoming>) {
    let (mut feeds, mut chunks) = (Vec::new(), Vec::new());
    for (number, len) in FEEDS.into_iter().enumerate() {
        let secret = SecretKey::from_seed(&[0x60 + u8::try_from(number).unwrap(); 32]);
        let mut head = Head::empty(secret.feed());
        feeds.push(head.feed);
        let mut entries = Vec::new();
        for seq in 0..len {
            let (entry, next) = head.sign(net, &secret, comment(seq)).unwrap();
            entries.push(entry);
            head = next;
        }
        let mut base8 = None;
        for run in entries.chunks(K as usize) {
            let run: Vec<&Unverified> = run.iter().map(|entry| &**entry).collect();
            chunks.push(Incoming { feed: head.feed, base8, chunk: chunk::encode(&run, |_| true) });
            base8 = run.last().map(|entry| entry.id().tip8());
        }
    }
    (feeds, chunks)
}

fn comment(seq: Seq) -> Draft {
    let text = format!("{seq} ").repeat(8 + (seq % 40) as usize);
    let post = Post::Comment {
        object: EntryId::new([1; 32]),
        reply: None,
        text: text.trim().to_owned(),
        tone: None,
    };
    let mut draft = post.draft(1_900_000_000_000 + u64::from(seq), [0; 16]).unwrap();
    draft.refs.clear(); // Nobody asks who wrote about it.
    draft
}

/// How much of each feed is held.
type Held = BTreeMap<FeedId, Seq>;

/// A giver who holds the corpus, and takers who find it through a proxy.
struct Lane {
    folder: tempfile::TempDir,
    net: NetId,
    feeds: Vec<FeedId>,
    giver: Actor,
    address: String,
    proxy: Proxy,
    /// The home of a taker who has fetched nothing yet.
    fresh: Actor,
    takers: usize,
    dice: Dice,
}

/// What interrupts a session, once so much has crossed.
#[derive(Clone, Copy, Debug)]
struct Break {
    of: Of,
    cut: Cut,
}

/// What breaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Of {
    Link,
    Giver,
    Taker,
    Both,
}

impl Of {
    fn is_giver(self) -> bool {
        matches!(self, Self::Giver | Self::Both)
    }

    fn is_taker(self) -> bool {
        matches!(self, Self::Taker | Self::Both)
    }
}

/// What there was to see.
#[derive(Debug, Default)]
struct Tally {
    inside: usize,
    in_handshake: usize,
    late: usize,
    resumed: usize,
    unmet: usize,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// All was there.
    Whole,
    /// As it was planned.
    Broken,
    /// Before the giver had said a word after the handshake. Who dials gives up after 5 s, and does not wait for a
    /// giver who starts that slowly on a busy machine; who is killed may have dialled again just before.
    Unmet,
}

impl Lane {
    /// ... and the corpus in a store of the test's own, to compare with while the giver runs.
    fn new(dice: Dice) -> Result<(Self, Store), Trouble> {
        let folder = tempfile::tempdir().unwrap();
        let network = folder.path().join("network.json");
        let public = Network::new("resume", [9; 32]).unwrap();
        std::fs::write(&network, public.to_text()).unwrap();
        let net = public.id();
        let actor = |name| Actor::new(name, folder.path(), &network, program());
        let (mut giver, fresh) = (actor("Giver")?, actor("Taker")?);
        let (feeds, chunks) = corpus(&net);
        Store::open(&giver.home, net, giver.feed).unwrap().ingest(&chunks).unwrap();
        copy(&giver.home, &folder.path().join("corpus"));
        let corpus = Store::open(&folder.path().join("corpus"), net, giver.feed).unwrap();
        let address = up(&mut giver, "127.0.0.1:0")?;
        let proxy = Proxy::start(&address);
        for feed in &feeds {
            let _: Value = fresh.ask(&["follow", &feed.to_string()])?;
        }
        let _: Value = fresh.ask(&["peer", "add", &format!("{}@{}", giver.feed, proxy.address())])?;
        let lane = Self { folder, net, feeds, giver, address, proxy, fresh, takers: 0, dice };
        Ok((lane, corpus))
    }

    /// Somebody who has fetched nothing.
    fn taker(&mut self) -> Actor {
        self.takers += 1;
        let mut taker = self.fresh.elsewhere();
        taker.home = self.folder.path().join(format!("taker{}", self.takers));
        copy(&self.fresh.home, &taker.home);
        taker
    }

    /// What is durable at a node that does not run.
    fn at_rest(&self, who: &Actor) -> Held {
        let store = Store::open(&who.home, self.net, who.feed).unwrap();
        self.held(&store.reader().snapshot().unwrap())
    }

    fn held(&self, snapshot: &Snapshot) -> Held {
        let len = |feed: &FeedId| snapshot.state(feed).unwrap().map_or(0, |state| state.len);
        self.feeds.iter().map(|feed| (*feed, len(feed))).collect()
    }

    /// What a node that runs says it holds: all of it is durable.
    fn now(&self, who: &Actor) -> Held {
        let path = Home::at(&who.home).socket().unwrap();
        let answer = socket::ask(&path, &Request::Follows, &mut |_, _| {}).unwrap().unwrap();
        let Response::Follows(lines) = answer else { panic!("{answer:?}") };
        let lines = lines.into_iter().filter(|line| self.feeds.contains(&line.feed));
        lines.map(|line| (line.feed, line.entries)).collect()
    }

    fn is_whole(held: &Held) -> bool {
        held.values().copied().sum::<Seq>() == FEEDS.iter().sum::<Seq>()
    }

    /// Bytes on the wire, at most, of what is not held; and of asking for it.
    fn missing(&self, giver: &Snapshot, held: &Held) -> [u64; 2] {
        let (mut down, mut up) = (0, 0);
        for (feed, len) in held {
            let mut from = len + 1;
            while let Some(bytes) = giver.chunk(feed, from, false).unwrap() {
                let (first, count) = chunk::span(&bytes).unwrap();
                from = first + count;
                down += bytes.len() as u64 + CHUNK_HEAD_BYTES_MAX;
            }
            up += if from > len + 1 { GET_BYTES_MAX } else { 0 };
        }
        [down, up]
    }
}

/// Starts a node on loopback without discovery, and returns where it listens.
fn up(actor: &mut Actor, listen: &str) -> Result<String, Trouble> {
    let ready: Value = actor.up(&["up", "--listen", listen, "--lan", "off"])?;
    Ok(ready["listen"][0].as_str().unwrap().to_owned())
}

/// A home of its own with the same in it. Nobody runs there.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for file in std::fs::read_dir(from).unwrap().map(|file| file.unwrap().path()) {
        if file.is_file() {
            std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
        }
    }
}

impl Lane {
    /// One taker from nothing to everything, its sessions broken off as `draw` says: until it draws nothing.
    fn replicate(
        &mut self,
        giver: &Snapshot,
        tally: &mut Tally,
        mut draw: impl FnMut(&mut Dice, [u64; 2]) -> Option<Break>,
    ) -> Result<(), Trouble> {
        let mut taker = self.taker();
        up(&mut taker, "127.0.0.1:0")?;
        let mut held: Held = self.feeds.iter().map(|feed| (*feed, 0)).collect();
        let (mut session, mut unmet) = (0, 0);
        loop {
            // Who dials has stored what the session before brought: it dials only once that is answered.
            let client = self.proxy.accept();
            let durable = self.now(&taker);
            assert!(held.iter().all(|(feed, len)| durable[feed] >= *len), "{held:?}, then {durable:?}");
            held = durable;
            tally.resumed += usize::from(session > 0);
            let missing = self.missing(giver, &held);
            let most = [missing[0] + MEETING_BYTES_MAX / 2, missing[1] + MEETING_BYTES_MAX / 2];
            let planned = if session < BREAKS_MAX { draw(&mut self.dice, most) } else { None };
            let running = self.proxy.carry(client, planned.map(|planned| planned.cut));
            let end = self.watch(&mut taker, &running, planned)?;
            let crossed = running.crossed();
            for (way, limit) in [(Way::Down, missing[0]), (Way::Up, missing[1])] {
                let (crossed, limit) = (crossed[way as usize], limit + MEETING_BYTES_MAX);
                assert!(
                    crossed <= limit,
                    "session {session}, {planned:?}: {crossed} B {way:?}, of {limit} at most; held {held:?}"
                );
            }
            if end == End::Unmet {
                (tally.unmet, unmet) = (tally.unmet + 1, unmet + 1);
                assert!(unmet < UNMET_MAX, "they never meet: {tally:?}");
                continue;
            }
            session += 1;
            if let Some(Break { cut, .. }) = planned {
                tally.late += usize::from(end == End::Whole);
                tally.inside += usize::from(end == End::Broken);
                tally.in_handshake += usize::from(cut.after <= HANDSHAKE_BYTES[cut.way as usize]);
            }
            if end == End::Whole {
                break;
            }
            self.restart(&mut taker, planned, &mut held)?;
        }
        taker.kill();
        self.is_the_same(giver, &taker);
        std::fs::remove_dir_all(&taker.home).unwrap();
        Ok(())
    }

    /// Waits until the session is broken off, or all is there.
    fn watch(
        &mut self,
        taker: &mut Actor,
        running: &Session,
        planned: Option<Break>,
    ) -> Result<End, Trouble> {
        let mut is_whole = false;
        taker.until("the end of a session", |taker| {
            let is_broken = running.is_over() || running.is_held();
            is_whole = !is_broken && Self::is_whole(&self.now(taker));
            Ok(if is_broken || is_whole { Ok(()) } else { Err(format!("{:?}", running.crossed())) })
        })?;
        if is_whole {
            return Ok(End::Whole);
        }
        let crossed = running.crossed();
        let Some(Break { of, .. }) =
            planned.filter(|Break { cut, .. }| crossed[cut.way as usize] >= cut.after)
        else {
            let has_met = crossed[Way::Down as usize] > HANDSHAKE_BYTES[Way::Down as usize];
            assert!(!has_met, "nothing breaks by itself: {crossed:?} B crossed, {planned:?}");
            return Ok(End::Unmet);
        };
        if of != Of::Link {
            std::thread::sleep(Duration::from_micros(self.dice.below(8_000))); // Into the middle of a commit.
        }
        if of.is_giver() {
            self.giver.kill();
        }
        if of.is_taker() {
            taker.kill();
        }
        running.end();
        Ok(End::Broken)
    }

    /// Starts anew who was killed.
    fn restart(&mut self, taker: &mut Actor, was: Option<Break>, held: &mut Held) -> Result<(), Trouble> {
        let Some(Break { of, .. }) = was else { return Ok(()) };
        if of.is_giver() {
            up(&mut self.giver, &self.address.clone())?;
        }
        if of.is_taker() {
            let durable = self.at_rest(taker);
            assert!(held.iter().all(|(feed, len)| durable[feed] >= *len), "{held:?}, and then {durable:?}");
            *held = durable;
            up(taker, "127.0.0.1:0")?;
        }
        Ok(())
    }

    fn is_the_same(&self, giver: &Snapshot, taker: &Actor) {
        let store = Store::open(&taker.home, self.net, taker.feed).unwrap();
        let snapshot = store.reader().snapshot().unwrap();
        for feed in &self.feeds {
            assert_eq!(snapshot.state(feed).unwrap(), giver.state(feed).unwrap());
        }
        let report = snapshot.verify(&mut |_, _| {}).unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
    }
}

/// Runs pairs of nodes side by side until so many interruptions came before all was there.
fn run(lanes: u64, draw: impl Fn(&mut Dice, [u64; 2]) -> Option<Break> + Copy + Send) -> Result<(), Trouble> {
    let each = usize::try_from(number("KLATCH_ROUNDS").unwrap_or(ROUNDS).div_ceil(lanes)).unwrap();
    std::thread::scope(|scope| {
        let lane = |dice| {
            scope.spawn(move || -> Result<Tally, Trouble> {
                let (mut lane, corpus) = Lane::new(dice)?;
                let (mut tally, giver) = (Tally::default(), corpus.reader().snapshot().unwrap());
                lane.replicate(&giver, &mut tally, |_, _| None)?; // Undisturbed, it holds to the same sum.
                while tally.inside < each {
                    assert!(tally.late <= 4 * each, "the points come too late: {tally:?}");
                    lane.replicate(&giver, &mut tally, draw)?;
                }
                Ok(tally)
            })
        };
        let lanes: Vec<_> = dice(lanes).into_iter().map(lane).collect();
        for lane in lanes {
            println!("{:?}", lane.join().unwrap()?);
        }
        Ok(())
    })
}

#[test]
fn either_side_killed_at_any_point_goes_on_without_sending_again_what_was_durable() -> Result<(), Trouble> {
    run(2, |dice, [down, _]| {
        let of = match dice.below(6) {
            0 | 1 => Of::Giver,
            2..=4 => Of::Taker,
            _ => Of::Both,
        };
        Some(Break { of, cut: Cut { way: Way::Down, after: dice.below(down), holds: true } })
    })
}

#[test]
fn a_link_cut_at_any_byte_goes_on_without_sending_again_what_was_durable() -> Result<(), Trouble> {
    // More of them: a node waits before it dials again, and nobody works meanwhile.
    run(5, |dice, ways| {
        let (is_up, is_early) = (dice.below(3) == 0, dice.below(4) == 0);
        let (way, most) = if is_up { (Way::Up, ways[1]) } else { (Way::Down, ways[0]) };
        let after = dice.below(if is_early { HANDSHAKE_BYTES[way as usize] } else { most });
        Some(Break { of: Of::Link, cut: Cut { way, after, holds: false } })
    })
}
