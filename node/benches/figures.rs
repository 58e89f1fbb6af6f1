//! The headline figures, each beside its ceiling measured in the same run: `cargo bench -p klatch --bench figures`,
//! with `-- --json` for machines, and `-- disk`, `-- million`, `-- meetup`, `-- page`, `-- wire`, `-- attack`, `-- meet` or `-- crowd` for a part;
//! `--crowd=N` is for trying it with fewer connections.
//!
//! A benchmark reports and never fails on a clock: absolute times wobble on shared machines, so what counts is
//! the ratio to the ceiling (1 = as fast as the raw thing), and whether the goal is met here. Corpus A is 100
//! feeds of 1,000 comments of 194 bytes, without refs. Times are medians of three runs.

#[path = "figures/attack.rs"]
mod attack;
#[path = "figures/ceilings.rs"]
mod ceilings;
#[path = "figures/corpus.rs"]
mod corpus;
#[path = "figures/crowd.rs"]
mod crowd;
#[path = "figures/disk.rs"]
mod disk;
#[path = "../examples/hostile/liar.rs"]
mod liar;
#[path = "../examples/hostile/lies.rs"]
mod lies;
#[path = "figures/meet.rs"]
mod meet;
#[path = "figures/meetup.rs"]
mod meetup;
#[path = "figures/million.rs"]
mod million;
#[path = "figures/mixed.rs"]
mod mixed;
#[path = "figures/page.rs"]
mod page;
#[path = "figures/wire.rs"]
mod wire;

use serde::Serialize;

use ceilings::Ceilings;
use corpus::Corpus;

/// One line of the table.
#[derive(Debug, Serialize)]
struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
    /// The same unit, of what bounds it; measured in this run.
    ceiling: f64,
    /// What the ceiling is.
    ceiling_of: &'static str,
    /// How near the figure is to it: 1 = at it, whichever way is better.
    ratio: f64,
    /// None where a figure only stands beside another.
    goal: Option<f64>,
    met: Option<bool>,
}

/// Which way is better.
#[derive(Clone, Copy, Debug)]
enum Better {
    More,
    Less,
}

#[derive(Debug, Serialize)]
struct Table {
    figures: Vec<Figure>,
    ceilings: Vec<ceilings::Ceiling>,
}

impl Figure {
    fn new(
        name: &'static str,
        value: f64,
        unit: &'static str,
        (ceiling_of, ceiling): (&'static str, f64),
        (better, goal): (Better, f64),
    ) -> Self {
        let (ratio, met) = match better {
            Better::More => (value / ceiling, value >= goal),
            Better::Less => (ceiling / value, value <= goal),
        };
        let (goal, met) = (Some(goal), Some(met));
        Self { name, value, unit, ceiling, ceiling_of, ratio, goal, met }
    }

    /// A figure without a goal of its own.
    fn told(
        name: &'static str,
        value: f64,
        unit: &'static str,
        ceiling: (&'static str, f64),
        better: Better,
    ) -> Self {
        Self { goal: None, met: None, ..Self::new(name, value, unit, ceiling, (better, value)) }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == crowd::child::ARGUMENT) {
        return crowd::child::run();
    }
    let json = args.iter().any(|arg| arg == "--json");
    let crowd = args.iter().find_map(|arg| arg.strip_prefix("--crowd="));
    let crowd = crowd.map_or(crowd::CROWD, |count| count.parse().expect("--crowd takes a number"));
    let named: Vec<&String> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    let wants = |part: &str| named.is_empty() || named.iter().any(|name| *name == part);
    let say = |what: &str| {
        if !json {
            eprintln!("{what} …");
        }
    };
    say("signing corpus A: 100 feeds of 1,000 comments");
    let corpus = Corpus::sign();
    say("ceilings");
    let ceilings = Ceilings::measure(&corpus);
    let mut figures = Vec::new();
    if wants("disk") {
        say("ingest, and own posts");
        figures.extend(disk::figures(&corpus, &ceilings));
    }
    if wants("million") {
        say("a store of a million entries");
        figures.extend(million::figures());
    }
    if wants("meetup") {
        say("answers at large events, and at series");
        figures.extend(meetup::figures());
    }
    if wants("page") {
        say("the page of a node that holds a million entries");
        figures.extend(page::figures(&ceilings));
    }
    if wants("wire") {
        say("two nodes over loopback");
        figures.extend(wire::figures(&corpus, &ceilings));
    }
    if wants("attack") {
        say("a post among attackers");
        figures.extend(attack::figures(&corpus));
    }
    if wants("meet") {
        say("meeting again, in memory");
        figures.extend(meet::figures());
    }
    if wants("crowd") {
        say("a pub with thousands of live connections");
        figures.extend(crowd::figures(crowd, &say));
    }
    let table = Table { figures, ceilings: ceilings.list() };
    match json {
        true => println!("{}", serde_json::to_string_pretty(&table).expect("numbers and words are JSON")),
        false => table.print(),
    }
}

impl Table {
    fn print(&self) {
        println!(
            "\n{:<50} {:>10} {:<11} {:>10} {:>6} {:>10}  met",
            "figure", "value", "unit", "ceiling", "ratio", "goal"
        );
        for f in &self.figures {
            let met = f.met.map_or("-", |met| if met { "yes" } else { "no" });
            println!(
                "{:<50} {:>10} {:<11} {:>10} {:>6.2} {:>10}  {met:<3}  ceiling: {}",
                f.name,
                short(f.value),
                f.unit,
                short(f.ceiling),
                f.ratio,
                f.goal.map_or("-".to_owned(), short),
                f.ceiling_of
            );
        }
        println!("\nCeilings of this run:");
        for ceiling in &self.ceilings {
            println!("  {:<44} {:>10} {}", ceiling.name, short(ceiling.value), ceiling.unit);
        }
    }
}

/// A number with about three digits that count.
fn short(value: f64) -> String {
    match value {
        v if v >= 100_000.0 => format!("{:.0}k", v / 1000.0),
        v if v >= 100.0 => format!("{v:.0}"),
        v => format!("{v:.2}"),
    }
}

/// So far up in sorted measurements: 0.99 is the one that 99 of 100 are not above.
fn at(sorted: &[f64], part: f64) -> f64 {
    sorted[(part * (sorted.len() - 1) as f64) as usize]
}

/// The middle of some measurements.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
