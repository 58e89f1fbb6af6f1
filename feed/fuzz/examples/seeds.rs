//! Writes the first corpus of every target from `spec/vectors`: `cargo run --example seeds -- DIR`, a folder for
//! each target in DIR. What is there already stays.

use std::fs;
use std::path::{Path, PathBuf};

use klatch_feed::meetup::Fact;
use klatch_feed::post::Person;
use klatch_feed::{EntryId, Kind};
use klatch_feed_fuzz::fold;
use serde_json::Value;

/// Longer cases (of limits) are left to the vectors' own tests.
const SEED_BYTES_MAX: usize = 4096;

fn main() -> std::io::Result<()> {
    let Some(out) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: seeds DIR");
        std::process::exit(2);
    };
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors");
    for (folder, target, make) in [
        ("feed/entry_", "entry", entry as fn(&Value) -> Option<Vec<u8>>),
        ("feed/chain_", "chunk", |case| hex(&case["chunk"])),
        ("feed/slice_", "chunk", |case| hex(&case["chunk"])),
        ("feed/proof_", "proof", |case| Some([&[0], &hex(&case["proof"])?[..]].concat())),
        ("posts/", "post", post),
        ("meetup/", "fold", facts),
    ] {
        let dir = out.join(target);
        fs::create_dir_all(&dir)?;
        let (folder, prefix) = folder.split_once('/').expect("a folder and a prefix");
        for file in fs::read_dir(vectors.join(folder))? {
            let path = file?.path();
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if !stem.starts_with(prefix) {
                continue;
            }
            let cases: Value = serde_json::from_slice(&fs::read(&path)?)?;
            for (at, case) in cases["cases"].as_array().into_iter().flatten().enumerate() {
                if let Some(seed) = make(case).filter(|seed| seed.len() <= SEED_BYTES_MAX) {
                    fs::write(dir.join(format!("{stem}_{at}")), seed)?;
                }
            }
        }
    }
    fs::write(out.join("proof/built"), [1; 64])?;
    fs::write(out.join("fold/history"), (1..=255).collect::<Vec<u8>>())
}

fn hex(value: &Value) -> Option<Vec<u8>> {
    let text = value.as_str()?;
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

fn entry(case: &Value) -> Option<Vec<u8>> {
    let header = hex(&case["header"])?;
    let size = u16::try_from(header.len()).ok()?.to_be_bytes();
    Some([&size[..], &header, &hex(&case["signature"])?, &hex(&case["body"]).unwrap_or_default()].concat())
}

fn post(case: &Value) -> Option<Vec<u8>> {
    let kind = u16::try_from(case["kind"].as_u64()?).ok()?.to_be_bytes();
    let refs = case["refs"].as_array()?.len() as u8;
    let body = hex(&case["body"])?;
    Some([&kind[..], &[refs], &(0..refs).collect::<Vec<_>>(), &body].concat())
}

fn facts(case: &Value) -> Option<Vec<u8>> {
    fn field<T: serde::de::DeserializeOwned>(fact: &Value, name: &str) -> Option<T> {
        serde_json::from_value(fact[name].clone()).ok()
    }
    let fact = |fact: &Value| {
        Some(Fact {
            id: field(fact, "id")?,
            author: Person { feed: field(fact, "feed")?, genesis: field(fact, "genesis")? },
            seq: field(fact, "seq")?,
            kind: Kind(field(fact, "kind")?),
            refs: field::<Vec<EntryId>>(fact, "refs")?,
            body: hex(&fact["body"]),
            quarantined: field(fact, "quarantined")?,
        })
    };
    let facts: Vec<_> = case["facts"].as_array()?.iter().map(fact).collect::<Option<_>>()?;
    Some([&[0], &fold::encode(&facts)[..]].concat())
}
