//! How fast an event folds. Prints; fails on nothing. `cargo bench -p klatch-feed --bench fold`.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use klatch_feed::meetup::{Fact, Facts};
use klatch_feed::post::{Answer, EventFields, Person};
use klatch_feed::{EntryId, EventState, FeedId, NetId, Post, Seq, codec};

/// The id of the `n`th thing of a kind: spread like hashes, so that maps are not filled in order.
fn id(kind: u8, n: u32) -> [u8; 32] {
    let mut bytes = [kind; 32];
    bytes[..4].copy_from_slice(&n.wrapping_mul(0x9e37_79b1).to_be_bytes());
    bytes
}

fn fact(who: u32, seq: Seq, kind: u8, n: u32, post: &Post) -> Fact {
    let author = Person { feed: FeedId::new(id(1, who)), genesis: EntryId::new(id(2, who)) };
    let draft = post.draft(0, [n as u8; 16]).expect("posts within their limits");
    let (kind, id) = (draft.kind, EntryId::new(id(kind, n)));
    Fact { id, author, seq, kind, refs: draft.refs, body: Some(draft.body), quarantined: false }
}

/// An event for `guests` with nine seats for every ten, each guest ranked, two updates, each seen by half.
fn evening(guests: u32) -> (Vec<Fact>, EntryId) {
    let (title, start, zone) = ("Evening".into(), "2026-12-01T18:30".into(), "Europe/Lisbon".into());
    let capacity = Some(guests - guests / 10);
    let founding =
        Post::Event { group: None, title, start, zone, minutes: 120, capacity, split: false, repeat: None };
    let mut facts = vec![fact(0, 2, 3, 0, &founding)];
    let event = facts[0].id;
    let mut seen = vec![vec![]];
    for (n, place) in ["Café", "Library"].into_iter().enumerate() {
        let fields = EventFields { place: Some(place.into()), ..EventFields::default() };
        let update = Post::Update { event, replaces: seen[n].clone(), fields: Box::new(fields), occ: None };
        facts.push(fact(0, 3 + n as Seq, 4, n as u32, &update));
        seen.push(vec![facts[facts.len() - 1].id]);
    }
    let rsvps: Vec<_> = (0..guests)
        .map(|n| {
            let (seen, note) = (seen[1 + n as usize % 2].clone(), String::new());
            fact(1 + n, 2, 5, n, &Post::Rsvp { event, seen, answer: Answer::Yes, party: 1, note, occ: None })
        })
        .collect();
    for (n, ranked) in (0..).zip(rsvps.chunks(32)) {
        let lines = ranked.iter().map(|fact| (fact.id, 1)).collect();
        facts.push(fact(0, 5 + n, 6, n, &Post::Seat { event, lines, occ: None }));
    }
    facts.extend(rsvps);
    (facts, event)
}

/// The fastest of some runs: what others do on the machine only ever adds.
fn fastest<T>(mut run: impl FnMut() -> T) -> Duration {
    let times = (0..25).map(|_| {
        let start = Instant::now();
        black_box(run());
        start.elapsed()
    });
    times.min().unwrap_or_default()
}

fn main() {
    let net = NetId::of_name("bench");
    println!("an event with n answers, all ranked; the fastest of 25 runs");
    for guests in [10, 100, 1_000, 10_000] {
        let (facts, event) = evening(guests);
        let read = fastest(|| {
            let read = |fact: &Fact| Post::read(fact.kind, &fact.refs, fact.body.as_deref());
            facts.iter().filter_map(read).count()
        });
        let gather = fastest(|| Facts::from_iter(facts.iter().cloned()));
        let set: Facts = facts.iter().cloned().collect();
        let state = set.event(&net, event).expect("the event is there");
        assert_eq!(state.seated.len(), (guests - guests / 10) as usize, "the fold did its work");
        let fold = fastest(|| set.event(&net, event));
        let bytes = codec::encode(&state);
        let write = fastest(|| codec::encode(&state));
        let again = fastest(|| codec::decode::<EventState>(&bytes, bytes.len()));
        println!(
            "{guests:>6}: fold {:>9.3?} ({:>8.0}/s), of which reading the bodies {read:>9.3?} ({:.0} %); \
             gather {gather:>9.3?}; state {} bytes, encode {write:>9.3?}, decode {again:>9.3?}",
            fold,
            1.0 / fold.as_secs_f64(),
            100.0 * read.as_secs_f64() / fold.as_secs_f64(),
            bytes.len(),
        );
    }
}
