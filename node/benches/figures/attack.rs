//! What honest people notice while others attack: the same posts, in peace and under attack, in the same run.
//!
//! The attackers are on this machine, so some of what they cost is theirs and not the node's: they run on one
//! thread, in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use klatch::clock::Stopwatch;
use klatch::network::Network;
use klatch_feed::SecretKey;
use klatch_gossip::noise;
use klatch_gossip::sync::message::{Get, Message, Part};
use tokio::runtime;

use crate::corpus::{Corpus, NETWORK};
use crate::liar::{Hand, Target, wants};
use crate::lies::{Lie, flood};
use crate::wire::Pair;
use crate::{Better, Figure, median};

/// What no limit ends, each by [`EACH`] liars at once.
const FLOODS: [Lie; 4] = [Lie::FloodPings, Lie::FloodIds, Lie::FloodGets, Lie::Reserved];
const EACH: u8 = 2;
/// What a limit ends, told again and again on new connections.
const LIES: [Lie; 4] = [Lie::FloodWants, Lie::FloodAbout, Lie::HugeNesting, Lie::Replay];
/// Times that peace and attack take turns: the machine may be busier in one minute than in the next.
const TURNS: usize = 3;
/// Comments of each turn.
const COMMENTS: usize = 100;
/// Longer than all attackers take to be let in.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn figures(corpus: &Corpus) -> Vec<Figure> {
    let mut pair = Pair::new(corpus);
    pair.replicate(0);
    let target = target(&pair);
    let (mut in_peace, mut under_attack) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        in_peace.extend(pair.comments(COMMENTS));
        let attack = Attack::start(&pair, &target);
        under_attack.extend(pair.comments(COMMENTS));
        attack.end();
    }
    let (in_peace, under_attack) = (median(in_peace), median(under_attack));
    let peace = ("the same in peace", in_peace);
    let name = "post to visible under attack on its reader, p50";
    vec![
        Figure::told(name, under_attack, "ms", peace, Better::Less),
        Figure::new(
            "... beside the same in peace",
            under_attack / in_peace,
            "times",
            ("in peace", 1.0),
            (Better::Less, 2.0),
        ),
    ]
}

fn target(pair: &Pair) -> Target {
    let (address, feed, honest): (SocketAddr, _, _) = pair.taker_place();
    let public = Network::public(NETWORK).expect("the name is short");
    Target { address, feed, network: noise::Network::new(public.id(), *public.key()), honest }
}

/// Attackers at work.
struct Attack {
    liars: runtime::Runtime,
    /// Lies that ended as the spec says.
    told: Arc<AtomicU32>,
}

impl Attack {
    /// Starts all of them, and waits until those who stay are there.
    fn start(pair: &Pair, target: &Target) -> Self {
        let liars = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let (liars, told) = (liars.expect("a thread to attack with"), Arc::new(AtomicU32::new(0)));
        for number in 0..EACH {
            for lie in FLOODS {
                liars.spawn(flood_for_ever(lie, number, target.clone()));
            }
            liars.spawn(read_nothing(number, target.clone()));
        }
        for lie in LIES {
            liars.spawn(tell_for_ever(lie, target.clone(), Arc::clone(&told)));
        }
        let attack = Self { liars, told };
        let (expected, clock) = (usize::from(EACH) * (FLOODS.len() + 1), Stopwatch::start());
        while pair.taker_peers().len() <= expected {
            assert!(clock.elapsed() < PATIENCE, "not all attackers were let in: {:?}", pair.taker_peers());
            thread::sleep(Duration::from_millis(20));
        }
        attack
    }

    fn end(self) {
        self.liars.shutdown_background();
        assert!(self.told.load(Ordering::Relaxed) > 0, "no lie was told to its end");
    }
}

fn somebody(lie: u8, number: u8) -> SecretKey {
    let mut seed = [0xa7; 32];
    (seed[0], seed[1]) = (lie, number);
    SecretKey::from_seed(&seed)
}

async fn flood_for_ever(lie: Lie, number: u8, target: Target) {
    loop {
        if let Ok(mut hand) = Hand::greet(&target, somebody(lie as u8, number), &[]).await {
            let _ = flood(lie, &mut hand, &target, usize::MAX).await; // However it ends, it begins again.
        }
        tokio::task::yield_now().await;
    }
}

async fn tell_for_ever(lie: Lie, target: Target, told: Arc<AtomicU32>) {
    loop {
        let is_ended = lie.tell(&target).await.is_ok_and(|(end, _)| end == lie.ends());
        told.fetch_add(u32::from(is_ended), Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
}

/// Asks for everything and takes none of it.
async fn read_nothing(number: u8, target: Target) {
    let Ok(mut hand) = Hand::greet(&target, somebody(0xff, number), &[]).await else { return };
    let get = |idx| Message::Get(Get { idx, from: 1, to: u32::MAX, part: Part::Entries, base8: None });
    let _ = hand.say(&wants(vec![target.honest, target.feed])).await; // Cut off or not, it stays.
    let _ = hand.say_all(&[get(0), get(1)]).await;
    std::future::pending::<()>().await; // The connection stands as long as the hand does.
}
