//! How fast a log is checked, each figure beside its ceiling measured in the same run. Reports; asserts nothing.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use klatch_feed::chunk::{self, Bodies};
use klatch_feed::{Draft, Head, Header, Kind, NetId, PublicKey, SecretKey, Unverified};
use sha2::{Digest, Sha256};

const ENTRIES: usize = 256;
const BODY_BYTES: usize = 194;

/// Runs `work` for about half a second, thrice; the median of how often a second it did `units`.
fn rate(units: usize, mut work: impl FnMut()) -> f64 {
    let mut rates = [0.0; 3];
    for rate in &mut rates {
        let (start, mut rounds) = (Instant::now(), 0_u32);
        while start.elapsed() < Duration::from_millis(500) {
            work();
            rounds += 1;
        }
        *rate = f64::from(rounds) * units as f64 / start.elapsed().as_secs_f64();
    }
    rates.sort_by(f64::total_cmp);
    rates[1]
}

/// Bytes that do not compress and differ from entry to entry.
fn body(n: usize) -> Vec<u8> {
    let block = |at: usize| Sha256::digest([n.to_be_bytes(), at.to_be_bytes()].concat());
    (0..BODY_BYTES.div_ceil(32)).flat_map(block).take(BODY_BYTES).collect()
}

/// One line: a figure, and what share of its ceiling that is.
fn line(what: &str, rate: f64, ceiling: Option<(&str, f64)>) {
    match ceiling {
        Some((name, ceiling)) => {
            println!("{what:<44} {rate:>12.0} /s   {:>5.1} % of {name}", 100.0 * rate / ceiling)
        }
        None => println!("{what:<44} {rate:>12.0} /s"),
    }
}

fn main() {
    let net = NetId::of_name("klatch-bench");
    let secret = SecretKey::from_seed(&[7; 32]);
    let key = PublicKey::parse(&secret.feed()).expect("a made key may sign");
    let empty = Head::empty(secret.feed());
    let mut head = empty;
    let mut entries: Vec<Unverified> = Vec::new();
    for n in 0..ENTRIES {
        let draft = Draft { kind: Kind(258), refs: Vec::new(), body: body(n), time_ms: 1_790_000_000_000 };
        let (entry, next) = head.sign(&net, &secret, draft).expect("within limits");
        head = next;
        entries.push((*entry).clone());
    }
    let chunk = chunk::encode(&entries.iter().collect::<Vec<_>>(), |_| true);
    let last = &entries[ENTRIES - 1];
    let header = last.header().encode();
    let message = [&b"klatch/entry/1\0"[..], net.as_bytes(), &header].concat();

    let bytes = vec![0x5a_u8; 254];
    let hash = rate(100, || (0..100).for_each(|_| _ = black_box(Sha256::digest(black_box(&bytes)))));
    let verify = rate(10, || {
        (0..10).for_each(|_| assert!(key.verify(&[black_box(&message)], black_box(last.signature()))));
    });
    let sign = rate(10, || (0..10).for_each(|_| _ = black_box(secret.sign(&[black_box(&message)]))));
    let encode = rate(100, || (0..100).for_each(|_| _ = black_box(black_box(last.header()).encode())));
    let decode = rate(100, || (0..100).for_each(|_| _ = black_box(Header::decode(black_box(&header)))));

    // What an entry costs whoever checks it: one hash over its body, one over header and signature.
    let (body_bytes, entry_bytes) = (vec![0_u8; 18 + BODY_BYTES], vec![0_u8; 12 + header.len() + 64]);
    let hashes = rate(ENTRIES, || {
        for _ in 0..ENTRIES {
            black_box(Sha256::digest(black_box(&body_bytes)));
            black_box(Sha256::digest(black_box(&entry_bytes)));
        }
    });
    let ceiling = 1.0 / (1.0 / hashes + 1.0 / (verify * ENTRIES as f64));
    let accept =
        rate(ENTRIES, || _ = black_box(empty.accept(&net, &key, black_box(&chunk)).expect("accepted")));
    let rebuild = rate(ENTRIES, || {
        black_box(chunk::decode(secret.feed(), None, black_box(&chunk)).expect("a chunk"));
    });
    let slice = rate(ENTRIES, || {
        black_box(chunk::slice(&[black_box(&chunk)], 1, ENTRIES as u32, Bodies::Within).expect("a slice"));
    });
    let copy = rate(ENTRIES, || _ = black_box(black_box(&chunk).clone()));

    println!(
        "{ENTRIES} entries of {BODY_BYTES} B: {} B each in a chunk, header {} B",
        chunk.len() / ENTRIES,
        header.len()
    );
    line("SHA-256 of 254 B", hash, None);
    line("signatures checked, strict", verify, None);
    line("signatures made", sign, None);
    line("headers encoded", encode, None);
    line("headers decoded", decode, None);
    line("raw: both hashes and 1/256 signature", ceiling, None);
    line("entries accepted, chunks of 256", accept, Some(("raw", ceiling)));
    line("entries rebuilt, no signature", rebuild, Some(("raw hashes", hashes)));
    line("entries sliced", slice, Some(("copying", copy)));
}
