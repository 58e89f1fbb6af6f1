//! What the machine itself gives, in the same run: no figure can be better.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::thread;

use klatch::clock::Stopwatch;
use klatch_feed::{FeedId, PublicKey};
use redb::{Database, TableDefinition};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::corpus::{Corpus, ENTRIES, author};
use crate::median;

/// One of them, for the table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ceiling {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
}

/// All of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ceilings {
    /// Entries a second into bare redb rows of 16 KiB, durable every 10,000.
    pub(crate) rows: f64,
    /// Bytes of such a database for each entry.
    pub(crate) row_bytes: f64,
    /// Hashes of 300 bytes a second, one core.
    pub(crate) hashes: f64,
    /// `verify_strict` a second, one core.
    pub(crate) verifies: f64,
    /// Signatures a second, one core.
    pub(crate) signs: f64,
    /// Bytes a second over a bare TCP connection on loopback.
    pub(crate) loopback: f64,
    /// Milliseconds of a byte there and back on it.
    pub(crate) round_trip_ms: f64,
    /// `fdatasync` a second after 4 KiB each.
    pub(crate) syncs: f64,
}

const ROW: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("rows");
const ROW_BYTES: usize = 16_000;
const HASHES: u32 = 1_000_000;
const CHECKS: u32 = 5_000;
const STREAM_BYTES: usize = 1 << 30;
const PINGS: u32 = 2_000;
const SYNCS: u32 = 500;

impl Ceilings {
    pub(crate) fn measure(corpus: &Corpus) -> Self {
        let (rows, row_bytes) = rows(corpus);
        let (loopback, round_trip_ms) = loopback().expect("loopback works");
        let (verifies, signs) = signatures();
        let syncs = syncs().expect("the disk takes 4 KiB");
        Self { rows, row_bytes, hashes: hashes(), verifies, signs, loopback, round_trip_ms, syncs }
    }

    pub(crate) fn list(&self) -> Vec<Ceiling> {
        let line = |name, value, unit| Ceiling { name, value, unit };
        vec![
            line("bare redb rows of 16 KiB, durable", self.rows, "entries/s"),
            line("... on disk", self.row_bytes, "B/entry"),
            line("SHA-256 of 300 B, one core", self.hashes, "1/s"),
            line("verify_strict, one core", self.verifies, "1/s"),
            line("signatures, one core", self.signs, "1/s"),
            line("bare TCP on loopback", self.loopback / 1e6, "MB/s"),
            line("... a byte there and back", self.round_trip_ms, "ms"),
            line("fdatasync after 4 KiB", self.syncs, "1/s"),
        ]
    }
}

fn per_second(count: f64, clock: Stopwatch) -> f64 {
    count / clock.elapsed().as_secs_f64()
}

/// The corpus's bytes, as rows without meaning; ten transactions, as the store would take.
fn rows(corpus: &Corpus) -> (f64, f64) {
    let bytes: Vec<u8> = corpus.chunks.iter().flat_map(|incoming| incoming.chunk.iter().copied()).collect();
    let rows: Vec<_> = bytes.chunks(ROW_BYTES).collect();
    let run = || {
        let folder = tempfile::tempdir().expect("there is a temporary folder");
        let path = folder.path().join("rows.redb");
        let database = Database::create(&path).expect("redb makes a file");
        let clock = Stopwatch::start();
        for (group, rows) in rows.chunks(rows.len().div_ceil(10)).enumerate() {
            let write = database.begin_write().expect("redb writes");
            let mut table = write.open_table(ROW).expect("redb has a table");
            for (at, row) in rows.iter().enumerate() {
                table.insert((group * rows.len() + at) as u64, *row).expect("redb takes a row");
            }
            drop(table);
            write.commit().expect("redb commits");
        }
        let rate = per_second(ENTRIES, clock);
        drop(database);
        (rate, std::fs::metadata(&path).expect("the file is there").len() as f64 / ENTRIES)
    };
    let runs = [run(), run(), run()];
    (median(runs.map(|run| run.0).into()), median(runs.map(|run| run.1).into()))
}

fn hashes() -> f64 {
    let mut block = [7; 300];
    let clock = Stopwatch::start();
    for _ in 0..HASHES {
        let hash = Sha256::digest(block);
        block[..32].copy_from_slice(&hash); // So that no hash can be left out.
    }
    per_second(f64::from(HASHES), clock)
}

fn signatures() -> (f64, f64) {
    let secret = author(0);
    let feed: FeedId = secret.feed();
    let key = PublicKey::parse(&feed).expect("it is a key");
    let message = [7; 120];
    let clock = Stopwatch::start();
    let signature = (0..CHECKS).fold([0; 64], |last, _| secret.sign(&[&message, &last]));
    let signs = per_second(f64::from(CHECKS), clock);
    assert!(!key.verify(&[&message], &signature));
    let signature = secret.sign(&[&message]);
    let clock = Stopwatch::start();
    assert!((0..CHECKS).all(|_| key.verify(&[&message], &signature)));
    (per_second(f64::from(CHECKS), clock), signs)
}

/// Bytes a second one way, then the time of one byte both ways.
fn loopback() -> std::io::Result<(f64, f64)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let server = thread::spawn(move || -> std::io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let mut buffer = vec![0; 64 * 1024];
        let mut left = STREAM_BYTES;
        while left > 0 {
            left -= stream.read(&mut buffer)?;
        }
        stream.write_all(&[1])?;
        for _ in 0..PINGS {
            stream.read_exact(&mut buffer[..1])?;
            stream.write_all(&buffer[..1])?;
        }
        Ok(())
    });
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let (block, mut byte) = (vec![7; 64 * 1024], [0]);
    let clock = Stopwatch::start();
    for _ in 0..STREAM_BYTES / block.len() {
        stream.write_all(&block)?;
    }
    stream.read_exact(&mut byte)?;
    let rate = per_second(STREAM_BYTES as f64, clock);
    let clock = Stopwatch::start();
    for _ in 0..PINGS {
        stream.write_all(&byte)?;
        stream.read_exact(&mut byte)?;
    }
    let trip = clock.elapsed().as_secs_f64() * 1000.0 / f64::from(PINGS);
    server.join().expect("the server does not panic")?;
    Ok((rate, trip))
}

fn syncs() -> std::io::Result<f64> {
    let folder = tempfile::tempdir()?;
    let file = File::create(folder.path().join("sync"))?;
    file.write_all_at(&[0; 4096], 0)?;
    file.sync_all()?;
    let clock = Stopwatch::start();
    for n in 0..SYNCS {
        file.write_all_at(&[n.to_le_bytes()[0]; 4096], 0)?;
        file.sync_data()?;
    }
    Ok(per_second(f64::from(SYNCS), clock))
}
