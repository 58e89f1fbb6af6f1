//! Runs many simulated worlds: `cargo run -p klatch-gossip --features sim --example sim -- --from 0 --count 10000`.
//!
//! Says after every thousand how far it is, so that a stopped run can go on from there. Ends with 1 at the
//! first world that fails, with its seed and the fewest of its faults with which it still fails; `--from SEED
//! --count 1` replays one world and shows the hash of all that happened in it.

use std::process::ExitCode;

use klatch_gossip::sim::{self, check::Coverage, shrink::shrink};

fn main() -> ExitCode {
    let Some((from, count)) = arguments() else {
        eprintln!("usage: sim [--from SEED] [--count N]");
        return ExitCode::from(2);
    };
    let mut total = Coverage::default();
    for seed in from..from.saturating_add(count) {
        match sim::run(seed) {
            Ok(report) => {
                total.add(&report.coverage);
                if count == 1 {
                    let hash: String = report.trace.iter().map(|byte| format!("{byte:02x}")).collect();
                    println!("seed {seed}: trace {hash}");
                }
            }
            Err(failure) => {
                println!("seed {seed}: {failure}");
                explain(seed);
                return ExitCode::FAILURE;
            }
        }
        if (seed + 1 - from).is_multiple_of(1_000) {
            println!("{} worlds agree; go on with --from {}", seed + 1 - from, seed + 1);
        }
    }
    for (name, count) in total.counters() {
        println!("{count:>12} {name}");
    }
    ExitCode::SUCCESS
}

/// Shows which faults it takes.
fn explain(seed: u64) {
    let faults = sim::faults(seed);
    let Some((kept, failure)) = shrink(seed) else { return };
    println!("with {} of its {} faults: {failure}", kept.len(), faults.len());
    for number in kept {
        let (when, fault) = &faults[number];
        println!("{when:>8} ms  {fault}");
    }
}

/// First seed, and how many; `None` for anything that is not understood.
fn arguments() -> Option<(u64, u64)> {
    let (mut from, mut count) = (0, 1_000);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next()?.parse().ok()?;
        match word.as_str() {
            "--from" => from = value,
            "--count" => count = value,
            _ => return None,
        }
    }
    Some((from, count))
}
