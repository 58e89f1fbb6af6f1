//! An evening among real nodes: what `klatch demo` plays, as processes of this very program.
//!
//! Six homes in one folder, a network of their own (so that two runs on one machine never meet), discovery on
//! the loopback interface alone, and a pub. Nothing is taken from inside a node: the demo types commands, and
//! waits until commands typed elsewhere show what it expects. Absent on purpose: fixed pauses. What is not
//! seen within [`actor::PATIENCE`] did not happen, and the demo says so.

pub mod account;
pub mod actor;
mod evening;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;

use klatch_feed::FeedId;
use sha2::{Digest, Sha256};

use crate::clock::{self, Stopwatch};
use crate::net::report::{Path as Way, PeerLine};
use crate::network::Network;
use account::{Account, Member, Seen, State, Step, Traffic, Typed};
use actor::{Actor, Program, Trouble};

/// Everybody who takes part, in the order in which they are listed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    Host,
    CoHost,
    Ana,
    Ben,
    Cleo,
    Pub,
}

impl Part {
    const ALL: [Self; 6] = [Self::Host, Self::CoHost, Self::Ana, Self::Ben, Self::Cleo, Self::Pub];

    fn name(self) -> &'static str {
        match self {
            Self::Host => "Hana",
            Self::CoHost => "Kai",
            Self::Ana => "Ana",
            Self::Ben => "Ben",
            Self::Cleo => "Cleo",
            Self::Pub => "Pub",
        }
    }

    fn part(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::CoHost => "co-host",
            Self::Ana | Self::Ben | Self::Cleo => "guest",
            Self::Pub => "pub",
        }
    }

    fn reach(self) -> &'static str {
        match self {
            Self::Host | Self::CoHost => "on the LAN, and in the pub",
            Self::Ana | Self::Ben => "on the LAN alone",
            Self::Cleo => "far away: in the pub alone",
            Self::Pub => "away from the LAN, at one address",
        }
    }
}

/// The cast, and what was told so far.
struct Stage<'a> {
    cast: Vec<Actor>,
    account: Account,
    /// The connections of each node when it was last looked at.
    counted: BTreeMap<FeedId, Vec<PeerLine>>,
    /// Where the pub listens.
    pub_address: String,
    tell: &'a mut dyn FnMut(&Account),
}

/// A step that is being played.
struct Scene {
    step: Step,
    clock: Stopwatch,
}

/// Plays the evening with `program` in homes below `folder`; `tell` hears of the cast, then of each step.
pub fn run(program: &Program, folder: &Path, tell: &mut dyn FnMut(&Account)) -> Account {
    let clock = Stopwatch::start();
    let run = clock::random::<6>().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let account = Account {
        ok: false,
        differed: None,
        network: format!("klatch-demo-{run}"),
        homes: folder.to_owned(),
        cast: Vec::new(),
        steps: Vec::new(),
        states: Vec::new(),
        explained: None,
        traffic: Vec::new(),
        millis: 0,
    };
    let mut stage =
        Stage { cast: Vec::new(), account, counted: BTreeMap::new(), pub_address: String::new(), tell };
    let played = stage.raise(program).and_then(|()| evening::play(&mut stage));
    let Stage { cast, mut account, .. } = stage;
    drop(cast); // Ends every node, also where the story broke off.
    account.differed = played.err().map(|trouble| trouble.to_string());
    account.ok = account.differed.is_none();
    account.millis = account::millis(clock.elapsed());
    account
}

impl Stage<'_> {
    /// Gives everybody a home.
    fn raise(&mut self, program: &Program) -> Result<(), Trouble> {
        let network =
            Network::new(&self.account.network, clock::random()).expect("the name is short, on one line");
        let path = self.account.homes.join("network.json");
        std::fs::write(&path, network.to_text())
            .map_err(|source| Trouble::File { path: path.clone(), source })?;
        for part in Part::ALL {
            let actor = Actor::new(part.name(), &self.account.homes, &path, program.clone())?;
            let (feed, name) = (actor.feed, actor.name.clone());
            self.account.cast.push(Member { name, part: part.part(), feed, reach: part.reach() });
            self.account.traffic.push(Traffic {
                who: part.name().to_owned(),
                received: BTreeMap::new(),
                sent: BTreeMap::new(),
            });
            self.cast.push(actor);
        }
        self.pub_address = free_address()?;
        (self.tell)(&self.account);
        Ok(())
    }

    fn actor(&self, who: Part) -> &Actor {
        &self.cast[who as usize]
    }

    fn actor_mut(&mut self, who: Part) -> &mut Actor {
        &mut self.cast[who as usize]
    }

    fn scene(&self, title: impl Into<String>) -> Scene {
        let step = Step { title: title.into(), typed: Vec::new(), seen: Vec::new(), millis: 0 };
        Scene { step, clock: Stopwatch::start() }
    }

    /// The step is over: it is told.
    fn done(&mut self, mut scene: Scene) {
        scene.step.millis = account::millis(scene.clock.elapsed());
        self.account.steps.push(scene.step);
        (self.tell)(&self.account);
    }

    /// Types a command that posts something or changes who is followed, and reads what it printed.
    fn types<T: serde::de::DeserializeOwned>(
        &self,
        scene: &mut Scene,
        who: Part,
        args: &[&str],
    ) -> Result<T, Trouble> {
        let answer = self.actor(who).ask(args)?;
        scene.typed(who, args);
        Ok(answer)
    }

    /// Notes what was observed at a node, and what came to it since it was last looked at.
    fn saw(&mut self, scene: &mut Scene, who: Part, what: impl Into<String>) -> Result<(), Trouble> {
        let came = self.count(who)?;
        scene.step.seen.push(Seen { who: who.name().to_owned(), what: what.into(), came });
        Ok(())
    }

    /// Adds up what came and went since the last look, by path; returns what came.
    fn count(&mut self, who: Part) -> Result<BTreeMap<String, u64>, Trouble> {
        let now = self.peers(who)?;
        let feed = self.actor(who).feed;
        let before = self.counted.remove(&feed).unwrap_or_default();
        let mut came = BTreeMap::new();
        let traffic = &mut self.account.traffic[who as usize];
        for line in &now {
            let same = |old: &&PeerLine| {
                old.address == line.address && old.feed == line.feed && old.received <= line.received
            };
            let (had, gave) = before.iter().find(same).map_or((0, 0), |old| (old.received, old.sent));
            let (path, got) = (word(line.path).to_owned(), line.received - had);
            *traffic.sent.entry(path.clone()).or_default() += line.sent.saturating_sub(gave);
            *traffic.received.entry(path.clone()).or_default() += got;
            if got > 0 {
                *came.entry(path).or_default() += got;
            }
        }
        self.counted.insert(feed, now);
        Ok(came)
    }

    /// These nodes start anew: what they count begins at 0 again.
    fn forget_counts(&mut self, whom: &[Part]) {
        for who in whom {
            self.counted.remove(&self.cast[*who as usize].feed);
        }
    }

    fn peers(&self, who: Part) -> Result<Vec<PeerLine>, Trouble> {
        self.actor(who).ask(&["peers"])
    }

    /// Compares what every node prints of all of these, byte for byte.
    fn compare(&mut self, shown: &[Shown]) -> Result<(), Trouble> {
        let mut texts = Vec::new();
        for who in Part::ALL {
            let texts_here = shown.iter().map(|shown| self.actor(who).run(&shown.command("show")));
            let texts_here = texts_here.collect::<Result<Vec<_>, _>>()?;
            let whole = texts_here.concat();
            let sha256 = Sha256::digest(&whole).iter().map(|byte| format!("{byte:02x}")).collect();
            self.account.states.push(State { who: who.name().to_owned(), sha256, bytes: whole.len() });
            texts.push((who, texts_here));
        }
        let (first, expected) = &texts[0];
        for (who, found) in &texts {
            if let Some(at) = (0..shown.len()).find(|at| found[*at] != expected[*at]) {
                return Err(Trouble::Differs(format!(
                    "{} and {} fold an event differently: compare `klatch {} --json` in their homes",
                    first.name(),
                    who.name(),
                    actor::spell(&shown[at].command("show"))
                )));
            }
        }
        Ok(())
    }
}

/// An event, or one date of a series, as commands name it.
struct Shown {
    event: String,
    on: Option<String>,
}

impl Shown {
    fn event(event: &str) -> Self {
        Self { event: event.to_owned(), on: None }
    }

    fn date(event: &str, on: &str) -> Self {
        Self { on: Some(on.to_owned()), ..Self::event(event) }
    }

    /// `klatch event VERB` of it.
    fn command(&self, verb: &'static str) -> Vec<&str> {
        let on = self.on.iter().flat_map(|on| ["--on", on.as_str()]);
        ["event", verb, self.event.as_str()].into_iter().chain(on).collect()
    }
}

/// A way by which nodes are connected, in a word.
fn word(way: Way) -> &'static str {
    match way {
        Way::Lan => "lan",
        Way::Peer => "peer",
        Way::Pub => "pub",
        Way::Member => "member",
    }
}

/// An address on loopback that nobody listens at, for a pub that has to be found there again.
fn free_address() -> Result<String, Trouble> {
    let bound = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    Ok(bound.map_err(Trouble::Loopback)?.to_string())
}

impl Scene {
    fn typed(&mut self, who: Part, args: &[&str]) {
        self.step.typed.push(Typed { who: who.name().to_owned(), command: actor::spell(args) });
    }
}
