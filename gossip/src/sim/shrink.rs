//! Makes a failing world smaller: leaves faults out as long as it still fails.

use std::collections::BTreeSet;

use super::check::Failure;

/// The faults of a failing seed (places in [`super::faults`](super::faults())) without any one of which it
/// does not fail, and how it fails with these alone; `None` if the seed does not fail.
pub fn shrink(seed: u64) -> Option<(BTreeSet<usize>, Failure)> {
    let run = |kept: &BTreeSet<usize>| super::run_with(seed, |number| kept.contains(&number)).err();
    let all = (0..super::faults(seed).len()).collect();
    run(&all)?;
    let kept = smallest(all, |kept| run(kept).is_some());
    let failure = run(&kept)?;
    Some((kept, failure))
}

/// Leaves out ever smaller parts of `kept`, while what is left `fails`, until no single one can go.
pub fn smallest(mut kept: BTreeSet<usize>, fails: impl Fn(&BTreeSet<usize>) -> bool) -> BTreeSet<usize> {
    let mut size = kept.len().div_ceil(2);
    while size > 0 {
        let before = kept.len();
        for part in kept.iter().copied().collect::<Vec<_>>().chunks(size) {
            let rest = kept.iter().copied().filter(|number| !part.contains(number)).collect();
            if fails(&rest) {
                kept = rest;
            }
        }
        size = match (size, kept.len() < before) {
            (1, false) => 0,
            (1, true) => 1, // What was needed for one that went may go now.
            _ => size / 2,
        };
    }
    kept
}
