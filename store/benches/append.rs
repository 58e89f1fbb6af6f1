//! How fast entries reach the disk, each figure beside its ceiling measured in the same run.
//!
//! Corpus A of the design: 100 feeds of 1,000 entries without refs, incompressible bodies of 194 bytes.
//! Reports and never fails on a clock. `KLATCH_BENCH_FEEDS` (default 100) scales it.

use std::path::Path;
use std::time::{Duration, Instant};

use klatch_feed::{Draft, Head, Kind, NetId, PublicKey, SecretKey, Unverified, chunk};
use klatch_store::{Incoming, Outcome, Store};
use sha2::{Digest, Sha256};

const ENTRIES: u32 = 1_000;
const BODY_BYTES: usize = 194;
const COMMENT: Kind = Kind(258);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let feeds: u32 = std::env::var("KLATCH_BENCH_FEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
    let net = NetId::of_name("klatch benchmarks");
    let home = tempfile::tempdir_in(".")?;
    println!("{feeds} feeds of {ENTRIES} entries, bodies of {BODY_BYTES} B, on {}", home.path().display());
    let corpus: Vec<Vec<Incoming>> = (0..feeds).map(|feed| log(&net, feed)).collect();
    let wire: usize = corpus.iter().flatten().map(|incoming| incoming.chunk.len()).sum();
    let total = u64::from(feeds) * u64::from(ENTRIES);

    let rows = raw_rows(home.path(), &corpus)?;
    let hashes =
        per_second(200_000, || _ = std::hint::black_box(Sha256::digest(std::hint::black_box([7; 254]))));
    let key = SecretKey::from_seed(&[1; 32]);
    let (public, signature) = (PublicKey::parse(&key.feed())?, key.sign(&[b"x"]));
    let checks = per_second(2_000, || assert!(public.verify(&[b"x"], &signature)));

    let path = home.path().join("store");
    std::fs::create_dir(&path)?;
    let me = SecretKey::from_seed(&[255; 32]);
    let mut store = Store::create(&path, net, me.feed())?;
    let cpu = cpu_time();
    let took = ingest(&mut store, &corpus)?;
    let cpu = cpu_time().zip(cpu).map(|(after, before)| (after - before).as_secs_f64());
    let rate = total as f64 / took.as_secs_f64();
    println!("ingest           {rate:>10.0} entries/s, one signature a chunk, indexed and durable");
    if let Some(cpu) = cpu {
        println!("  per CPU second {:>10.0} entries, for when the machine is shared", total as f64 / cpu);
    }
    println!("  raw redb rows  {rows:>10.0} entries/s ({:.2} of it)", rate / rows);
    println!("  raw SHA-256    {hashes:>10.0} of 254 B/s ({:.2} of two an entry)", rate / (hashes / 2.0));
    println!("  verify_strict  {checks:>10.0} /s (ingest is {:.1} times that)", rate / checks);
    let reader = store.reader();
    drop(store);
    let disk = used_bytes(&path.join("klatch.redb"))?;
    println!("compact form     {:>10.1} B/entry", wire as f64 / total as f64);
    println!("file             {:>10.1} B/entry as it is", disk as f64 / total as f64);
    drop(reader);

    let start = Instant::now();
    let mut store = Store::open(&path, net, me.feed())?;
    println!("open             {:>10.1} ms, closed cleanly", start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    let report = store.reader().snapshot()?.verify(&mut |_, _| {})?;
    println!("verify           {:>10.0} entries/s", report.entries as f64 / start.elapsed().as_secs_f64());
    println!("rows             {:>10.1} B/entry", report.bytes as f64 / total as f64);
    assert!(report.problems.is_empty(), "{:?}", report.problems);

    own(&mut store, &me, &home.path().join("fsync"))
}

/// Own posts, one by one and in groups, beside the rate of a bare fdatasync.
fn own(store: &mut Store, me: &SecretKey, file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    use std::io::Write;
    let mut file = std::fs::File::create(file)?;
    file.write_all(&[0; 4096])?;
    let mut failure = None;
    let syncs = per_second(300, || {
        failure = failure.take().or(file.write_all(&[1; 512]).and_then(|()| file.sync_data()).err());
    });
    failure.map_or(Ok(()), Err)?;
    let mut failure = None;
    let mut post = |count: u64| {
        let drafts = (0..count).map(|n| draft(u32::MAX, n as u32)).collect();
        failure = failure.take().or(store.append(me, drafts).err());
    };
    let single = per_second(300, || post(1));
    let grouped = per_second(20, || post(500)) * 500.0;
    failure.map_or(Ok(()), Err)?;
    println!(
        "own, one by one  {single:>10.0} /s, {:.2} of the fdatasync rate ({syncs:.0} /s)",
        single / syncs
    );
    println!("own, in groups   {grouped:>10.0} /s, 500 a commit");
    Ok(())
}

fn log(net: &NetId, feed: u32) -> Vec<Incoming> {
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&feed.to_be_bytes());
    let secret = SecretKey::from_seed(&seed);
    let mut head = Head::empty(secret.feed());
    let mut log = Vec::new();
    for seq in 1..=ENTRIES {
        let (entry, after) = head.sign(net, &secret, draft(feed, seq)).expect("the draft fits all limits");
        log.push(entry);
        head = after;
    }
    let base8 = |from: usize| (from > 0).then(|| log[from - 1].id().tip8());
    let spans = (0..log.len()).step_by(256).map(|from| (from, log.len().min(from + 256)));
    let chunk_of = |(from, to): (usize, usize)| {
        let part: Vec<&Unverified> = log[from..to].iter().map(|entry| &**entry).collect();
        Incoming { feed: secret.feed(), base8: base8(from), chunk: chunk::encode(&part, |_| true) }
    };
    spans.map(chunk_of).collect()
}

fn draft(feed: u32, seq: u32) -> Draft {
    let mut body = Vec::with_capacity(BODY_BYTES + 32);
    for block in 0..BODY_BYTES.div_ceil(32) as u32 {
        body.extend_from_slice(&Sha256::digest([feed, seq, block].map(u32::to_be_bytes).concat()));
    }
    body.truncate(BODY_BYTES);
    Draft { kind: COMMENT, refs: Vec::new(), body, time_ms: 1_700_000_000_000 + u64::from(seq) }
}

/// Ten feeds a transaction: some 10,000 entries.
fn ingest(store: &mut Store, corpus: &[Vec<Incoming>]) -> Result<Duration, Box<dyn std::error::Error>> {
    let batches: Vec<Vec<Incoming>> = corpus.chunks(10).map(<[_]>::concat).collect();
    let start = Instant::now();
    for batch in &batches {
        let (outcomes, _) = store.ingest(batch)?;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Accepted(_))));
    }
    Ok(start.elapsed())
}

/// The same bytes as rows of 16 KiB with nothing checked, hashed or indexed. Entries a second.
fn raw_rows(home: &Path, corpus: &[Vec<Incoming>]) -> Result<f64, Box<dyn std::error::Error>> {
    let table = redb::TableDefinition::<u64, &[u8]>::new("rows");
    let database = redb::Database::create(home.join("raw.redb"))?;
    let start = Instant::now();
    let mut key = 0;
    for batch in corpus.chunks(10) {
        let tx = database.begin_write()?;
        let mut rows = tx.open_table(table)?;
        for row in batch.iter().flatten().flat_map(|incoming| incoming.chunk.chunks(16 * 1024 - 16)) {
            rows.insert(key, row)?;
            key += 1;
        }
        drop(rows);
        tx.commit()?;
    }
    Ok(corpus.len() as f64 * f64::from(ENTRIES) / start.elapsed().as_secs_f64())
}

fn per_second(times: u32, mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    (0..times).for_each(|_| work());
    f64::from(times) / start.elapsed().as_secs_f64()
}

/// What this thread spent on a processor so far; `None` where Linux is not the system.
fn cpu_time() -> Option<Duration> {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    spent.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Bytes the file takes on disk, holes left out.
fn used_bytes(path: &Path) -> std::io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    Ok(std::fs::metadata(path)?.blocks() * 512)
}
