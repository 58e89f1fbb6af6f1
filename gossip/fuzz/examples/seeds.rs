//! Writes the first corpus of every target from `spec/vectors`: `cargo run --example seeds -- DIR`, a folder for
//! each target in DIR. An exchange begins from every message alone, and from bytes that draw many.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn main() -> std::io::Result<()> {
    let Some(out) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: seeds DIR");
        std::process::exit(2);
    };
    for target in ["frame", "message", "exchange"] {
        fs::create_dir_all(out.join(target))?;
    }
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors/gossip");
    for name in ["messages", "messages_bad"] {
        let cases: Value = serde_json::from_slice(&fs::read(vectors.join(format!("{name}.json")))?)?;
        for (at, case) in cases["cases"].as_array().into_iter().flatten().enumerate() {
            let Some(message) = hex(&case["hex"]).filter(|message| message.len() <= 4096) else { continue };
            fs::write(out.join(format!("message/{name}_{at}")), &message)?;
            fs::write(out.join(format!("frame/{name}_{at}")), &message)?;
        }
    }
    for seed in 0..16_u8 {
        let byte = |at: u16| {
            (at as u8).wrapping_mul(seed.wrapping_mul(2).wrapping_add(1)).rotate_left(u32::from(seed))
        };
        fs::write(out.join(format!("exchange/drawn_{seed}")), (0..1024).map(byte).collect::<Vec<_>>())?;
    }
    Ok(())
}

fn hex(value: &Value) -> Option<Vec<u8>> {
    let text = value.as_str()?;
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}
