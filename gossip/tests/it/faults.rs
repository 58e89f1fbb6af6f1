//! Many simulated worlds: what goes wrong in them is drawn from the seed.

use std::collections::BTreeSet;

use klatch_gossip::sim::{self, check::Coverage, shrink::smallest};

#[test]
fn every_world_converges_and_each_kind_of_trouble_occurs() {
    let mut total = Coverage::default();
    for seed in 0..500 {
        match sim::run(seed) {
            Ok(report) => total.add(&report.coverage),
            Err(failure) => panic!("seed {seed}: {failure}"),
        }
    }
    for (name, count) in total.counters() {
        assert!(count >= 10, "all worlds together had {count} {name}");
    }
}

#[test]
fn one_seed_is_one_run() {
    for seed in [0, 7, 42] {
        assert_eq!(sim::run(seed), sim::run(seed), "seed {seed}");
    }
    assert_ne!(sim::run(0).map(|report| report.trace), sim::run(1).map(|report| report.trace));
}

#[test]
fn a_failing_world_is_shrunk_to_the_faults_it_takes() {
    for wanted in [vec![], vec![0], vec![3, 17], vec![18, 19, 20], vec![0, 7, 8, 30]] {
        let wanted = BTreeSet::from_iter(wanted);
        assert_eq!(smallest((0..31).collect(), |kept| kept.is_superset(&wanted)), wanted);
    }
}

#[test]
fn a_world_without_some_of_its_faults_is_another_and_each_has_one_course() {
    let even = |number: usize| number.is_multiple_of(2);
    assert_eq!(sim::run_with(7, even), sim::run_with(7, even));
    assert_ne!(sim::run_with(7, even), sim::run(7));
    assert_eq!(sim::run_with(7, |number| number < sim::faults(7).len()), sim::run(7), "these are all");
}
