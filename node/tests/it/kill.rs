//! `kill -9` at random moments, in the middle of posting and of replicating: 100 times in all.
//!
//! Moments are drawn from a seed that is printed; `KLATCH_SEED=N` draws the same ones again (what the machine
//! was doing at them is its own affair). Nothing here is judged by a clock.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use klatch::clock;
use klatch::daemon::{Created, FollowLine, LogLine, Me, VerifiedReport};
use klatch::demo::actor::{Actor, Trouble};
use klatch::home::Home;
use klatch::network::Network;
use klatch_feed::{EntryId, Post, Seq};
use klatch_store::Store;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::Value;

use crate::demo::program;

/// Kills in each of the two tests.
const KILLS: usize = 50;
/// Entries of the log that is replicated: enough that a kill finds most of it still to come.
const LONG: Seq = 20_000;
/// Rounds after which the second test gives up to hit the middle.
const ROUNDS_MAX: usize = 8 * KILLS;

/// Random moments.
struct Moments(ChaCha8Rng);

impl Moments {
    fn new() -> Self {
        let given = std::env::var_os("KLATCH_SEED").map(|seed| seed.to_string_lossy().parse().unwrap());
        let seed = given.unwrap_or_else(|| u64::from_be_bytes(clock::random()));
        println!("seed {seed}");
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn below(&mut self, max: u64) -> u64 {
        self.0.next_u64() % max
    }

    /// Lets other processes run for up to so long.
    fn pass(&mut self, millis_max: u64) {
        std::thread::sleep(Duration::from_micros(self.below(millis_max * 1000)));
    }
}

struct Place {
    folder: tempfile::TempDir,
    network: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let network = folder.path().join("network.json");
        std::fs::write(&network, Network::new("kill", [9; 32]).unwrap().to_text()).unwrap();
        Self { folder, network }
    }

    fn actor(&self, name: &str) -> Actor {
        Actor::new(name, self.folder.path(), &self.network, program()).unwrap()
    }
}

/// Starts a node on loopback without discovery, and returns where it listens.
fn up(actor: &mut Actor, listen: &str) -> Result<String, Trouble> {
    let ready: Value = actor.up(&["up", "--listen", listen, "--lan", "off"])?;
    Ok(ready["listen"][0].as_str().unwrap().to_owned())
}

/// The whole of a log as this node holds it: ids in order.
fn log(actor: &Actor, who: &str) -> Result<Vec<EntryId>, Trouble> {
    let mut ids = Vec::new();
    loop {
        let after = ids.len().to_string();
        let lines: Vec<LogLine> = actor.ask(&["log", who, "--max", "1000", "--after", &after])?;
        for line in &lines {
            assert_eq!(line.seq as usize, ids.len() + 1, "a log has one entry at each place");
            ids.push(line.id);
        }
        if lines.is_empty() {
            return Ok(ids);
        }
    }
}

/// Everything on disk is whole, and making the views again changes none.
fn is_whole(actor: &Actor, object: &str) -> Result<(), Trouble> {
    let report: VerifiedReport = actor.ask(&["verify"])?;
    assert_eq!(report.problems, Vec::<String>::new());
    let kept = actor.run(&["group", "show", object])?;
    let _: Value = actor.ask(&["rebuild"])?;
    assert_eq!(actor.run(&["group", "show", object])?, kept, "the view that was kept is the one made again");
    let _: Value = actor.ask(&["compact"])?;
    assert_eq!(actor.run(&["group", "show", object])?, kept, "a running node compacts under its readers");
    let report: VerifiedReport = actor.ask(&["verify"])?;
    assert_eq!(report.problems, Vec::<String>::new(), "after the compaction");
    let me: Me = actor.ask(&["id"])?;
    assert_eq!(me.held, None, "own posts are taken");
    Ok(())
}

/// Posts until told to stop, and returns what was acknowledged.
fn post(actor: &Actor, group: &str, stop: &AtomicBool) -> Vec<EntryId> {
    let mut acknowledged = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        // A command whose node is killed under it may fail: then nothing was acknowledged.
        if let Ok(created) = actor.ask::<Created, _>(&["comment", group, "another"]) {
            acknowledged.push(created.id);
        }
    }
    acknowledged
}

/// Starts a command that posts, kills it after a random while, and returns what it acknowledged until then.
fn post_and_kill(home: &Path, group: &str, moments: &mut Moments) -> Option<EntryId> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_klatch"));
    command.arg("--home").arg(home).args(["--json", "comment", group, "alone"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    moments.pass(30);
    child.kill().unwrap();
    child.wait().unwrap();
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    serde_json::from_str::<Created>(&text).ok().map(|created| created.id)
}

#[test]
fn a_node_killed_while_it_posts_loses_nothing_that_it_acknowledged() -> Result<(), Trouble> {
    let mut moments = Moments::new();
    let place = Place::new();
    let (mut ana, mut ben) = (place.actor("Ana"), place.actor("Ben"));
    let (me, group) =
        (ana.feed.to_string(), ana.ask::<Created, _>(&["group", "create", "Tea"])?.id.to_string());
    let _: Value = ben.ask(&["follow", &me])?;
    let address = up(&mut ben, "127.0.0.1:0")?;
    let _: Value = ana.ask(&["peer", "add", &format!("{}@{address}", ben.feed)])?;
    let mut acknowledged = BTreeSet::new();
    for round in 0..KILLS {
        if round % 2 == 0 {
            // The command owns the log.
            acknowledged.extend(post_and_kill(&ana.home, &group, &mut moments));
        } else {
            // A node does, and two commands ask it.
            up(&mut ana, "127.0.0.1:0")?;
            let stop = AtomicBool::new(false);
            std::thread::scope(|scope| {
                let (group, stop) = (&group, &stop);
                let terminals = [ana.elsewhere(), ana.elsewhere()];
                let posting = terminals.map(|at| scope.spawn(move || post(&at, group, stop)));
                moments.pass(120);
                ana.kill();
                stop.store(true, Ordering::Relaxed);
                posting.into_iter().for_each(|thread| acknowledged.extend(thread.join().unwrap()));
            });
        }
        let held: BTreeSet<_> = log(&ana, &me)?.into_iter().collect();
        let lost: Vec<_> = acknowledged.difference(&held).collect();
        assert_eq!(lost, Vec::<&EntryId>::new(), "round {round}: acknowledged, and not in the log");
        if round % 10 == 9 {
            is_whole(&ana, &group)?;
        }
    }
    up(&mut ana, "127.0.0.1:0")?;
    let ids = log(&ana, &me)?;
    let held = ben.until("the whole log of Ana", |ben| holds(ben, &ana, ids.len() as Seq))?;
    assert_eq!(held.cap, None, "no fork");
    assert_eq!(log(&ben, &me)?, ids);
    println!("{} acknowledged of {} in the log", acknowledged.len(), ids.len());
    is_whole(&ben, &group)
}

/// Whether `at` holds so many entries of `whose`.
fn holds(at: &Actor, whose: &Actor, entries: Seq) -> Result<Result<FollowLine, String>, Trouble> {
    let lines: Vec<FollowLine> = at.ask(&["follows"])?;
    let line = lines.into_iter().find(|line| line.feed == whose.feed);
    Ok(match line {
        Some(line) if line.entries >= entries => Ok(line),
        Some(line) => Err(format!("{} of {entries} entries", line.entries)),
        None => Err("nothing".to_owned()),
    })
}

/// A long log, written by the store itself: as many commands would take minutes.
fn write_long(actor: &Actor, group: EntryId) {
    let home = Home::at(&actor.home);
    let _lock = home.lock().unwrap();
    let (network, secret) = (home.network().unwrap(), home.secret().unwrap());
    let mut store = Store::open(home.dir(), network.id(), actor.feed).unwrap();
    for batch in 0..LONG / 1000 {
        let draft = |n| Post::Comment {
            object: group,
            reply: None,
            text: format!("comment {n} of {batch}"),
            tone: None,
        };
        let drafts = (0..1000).map(|n| draft(n).draft(1_900_000_000_000, [0; 16]).unwrap()).collect();
        store.append(&secret, drafts).unwrap();
    }
}

#[test]
fn either_side_of_a_replication_may_be_killed_and_it_goes_on() -> Result<(), Trouble> {
    let mut moments = Moments::new();
    let place = Place::new();
    let mut ana = place.actor("Ana");
    let group = ana.ask::<Created, _>(&["group", "create", "Tea"])?.id;
    write_long(&ana, group);
    let (ids, me) = (log(&ana, "Ana")?, ana.feed.to_string());
    let address = up(&mut ana, "127.0.0.1:0")?;
    let follower = |n: usize| -> Result<Actor, Trouble> {
        let ben = place.actor(&format!("Ben{n}"));
        let _: Value = ben.ask(&["follow", &me])?;
        let _: Value = ben.ask(&["peer", "add", &format!("{me}@{address}")])?;
        Ok(ben)
    };
    let (mut ben, mut homes, mut had, mut inside) = (follower(0)?, 1, 0, 0);
    for round in 0.. {
        assert!(round < ROUNDS_MAX, "only {inside} of {round} kills came before all was there");
        if inside == KILLS {
            break;
        }
        up(&mut ben, "127.0.0.1:0")?;
        moments.pass(250);
        let told = holds(&ben, &ana, 0)?.map_or(0, |line| line.entries);
        if moments.below(2) == 0 {
            ana.kill();
            up(&mut ana, &address)?;
        }
        ben.kill();
        let now = holds(&ben, &ana, 0)?.map_or(0, |line| line.entries);
        assert!(now >= had.max(told), "round {round}: {had}, then {told} entries were held, and {now} are");
        inside += usize::from(now < ids.len() as Seq);
        had = now;
        if round % 10 == 9 {
            let report: VerifiedReport = ben.ask(&["verify"])?;
            assert_eq!(report.problems, Vec::<String>::new());
        }
        if now == ids.len() as Seq {
            assert_eq!(log(&ben, &me)?, ids);
            (ben, homes, had) = (follower(homes)?, homes + 1, 0);
        }
    }
    up(&mut ben, "127.0.0.1:0")?;
    let held = ben.until("the whole log", |ben| holds(ben, &ana, ids.len() as Seq))?;
    assert_eq!(held.cap, None, "no fork");
    assert_eq!(log(&ben, &me)?, ids);
    println!("{inside} kills inside, {homes} homes");
    is_whole(&ben, &group.to_string())
}
