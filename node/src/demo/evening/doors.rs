//! The evening itself: no pub, no network in the café, and two doors that hear of each other only late.

use klatch_feed::{EventState, FeedId};
use serde::Deserialize;
use serde_json::Value;

use super::super::actor::{Running, Trouble};
use super::super::{Part, Scene, Stage};
use super::{only_path, pub_starts};
use crate::daemon::AnswerText;
use crate::net::report::{Arrival, CheckedIn, Path, PeerLine};

use Part::{Ana, Ben, Cleo, CoHost, Host, Pub};

/// The two sides of the café: a door, and whose node reaches that one alone.
const SIDES: [(Part, &[Part]); 2] = [(Host, &[Ana, Ben]), (CoHost, &[Cleo])];

pub(super) fn play(stage: &mut Stage<'_>, event: &str) -> Result<(), Trouble> {
    let addresses = everybody_comes(stage)?;
    let screens = doors_open(stage, event)?;
    guests_arrive(stage, event, &screens)?;
    doors_meet(stage, event, &addresses[0])?;
    for (screen, _) in screens {
        screen.end()?;
    }
    pub_comes_back(stage, event)
}

/// Everybody starts anew in the café; returns where the doors listen.
fn everybody_comes(stage: &mut Stage<'_>) -> Result<[String; 2], Trouble> {
    let mut scene = stage.scene("The pub goes away; in the café each side reaches one door alone");
    let at_the_cafe = [Host, CoHost, Ana, Ben, Cleo];
    stage.actor_mut(Pub).down()?;
    for who in at_the_cafe {
        stage.actor_mut(who).down()?;
    }
    stage.forget_counts(&[Host, CoHost, Ana, Ben, Cleo, Pub]);
    let mut listens = Vec::new();
    for who in at_the_cafe {
        let ready: Ready = stage.actor_mut(who).up(&["up", "--listen", "127.0.0.1:0", "--lan", "off"])?;
        listens.push(ready.listen.into_iter().next().unwrap_or_default());
    }
    let addresses =
        [Host, CoHost].map(|door| format!("{}@{}", stage.actor(door).feed, listens[door as usize]));
    for ((door, guests), address) in SIDES.iter().zip(&addresses) {
        for who in *guests {
            dials(stage, &mut scene, *who, address)?;
            only_path(stage, *who, Path::Peer)?;
            stage.saw(&mut scene, *who, format!("is connected with {} alone", door.name()))?;
        }
    }
    for ((door, _), (other, _)) in [(SIDES[0], SIDES[1]), (SIDES[1], SIDES[0])] {
        if stage.peers(door)?.iter().any(|peer| peer.feed == stage.actor(other).feed) {
            return Err(Trouble::Differs(format!("{} is connected with {}", door.name(), other.name())));
        }
    }
    stage.done(scene);
    Ok(addresses)
}

/// The line of `up` that says where it listens.
#[derive(Deserialize)]
struct Ready {
    listen: Vec<String>,
}

fn dials(stage: &Stage<'_>, scene: &mut Scene, who: Part, address: &str) -> Result<(), Trouble> {
    let _: Value = stage.actor(who).ask(&["peer", "add", address])?;
    scene.typed(who, &["peer", "add", address]);
    Ok(())
}

/// The doors with the codes that they show.
fn doors_open(stage: &mut Stage<'_>, event: &str) -> Result<Vec<(Running, String)>, Trouble> {
    let mut scene = stage.scene("Two doors open, and neither knows what the other one sees");
    let mut screens = Vec::new();
    for (door, _) in SIDES {
        let mut screen = stage.actor(door).spawn(&["door", event])?;
        let DoorLine { code } = screen.line()?;
        scene.typed(door, &["door", event]);
        stage.saw(&mut scene, door, "shows a code")?;
        screens.push((screen, code));
    }
    stage.done(scene);
    Ok(screens)
}

/// The first line of `klatch door --json`.
#[derive(Deserialize)]
struct DoorLine {
    code: String,
}

fn guests_arrive(stage: &mut Stage<'_>, event: &str, screens: &[(Running, String)]) -> Result<(), Trouble> {
    let mut scene = stage.scene("Ben comes to Hana and Cleo to Kai, who scans Ben as well, from his screen");
    for ((guest, door), (_, code)) in [(Ben, Host), (Cleo, CoHost)].into_iter().zip(screens) {
        let done: CheckedIn = stage.actor(guest).ask(&["checkin", event, "--code", code])?;
        scene.typed(guest, &["checkin", event, "--code", "CODE"]);
        if done.door != stage.actor(door).feed || done.walk_in || done.already {
            return Err(Trouble::Differs(format!("{} was let in otherwise: {done:?}", guest.name())));
        }
        stage.saw(&mut scene, guest, format!("is let in, countersigned by {}", door.name()))?;
    }
    // Ben goes over to the other door, with his screen alone: no node of this side reaches one of that.
    let shown: AnswerText = stage.actor(Ben).ask(&["checkin", event, "--code", &screens[1].1, "--show"])?;
    scene.typed(Ben, &["checkin", event, "--code", "CODE", "--show"]);
    let arrival: Arrival = stage.actor(CoHost).ask(&["door", event, "--scan", &shown.code])?;
    scene.typed(CoHost, &["door", event, "--scan", "ANSWER"]);
    if arrival.feed != stage.actor(Ben).feed || arrival.walk_in || arrival.again > 0 {
        return Err(Trouble::Differs(format!("Kai scanned another Ben: {arrival:?}")));
    }
    stage.saw(&mut scene, CoHost, "lets Ben in, and cannot know that he is in already")?;
    let alone = [(Host, vec![(Ben, vec![Host])]), (CoHost, vec![(Ben, vec![CoHost]), (Cleo, vec![CoHost])])];
    for (door, list) in alone {
        let list = arrivals(stage, &list);
        let state = stage.actor(door).until_event(event, "its own list", |state| arrived(state) == list)?;
        let count = state.attendance.len();
        stage.saw(&mut scene, door, format!("has a list of {count}, as it alone saw it"))?;
    }
    stage.done(scene);
    Ok(())
}

fn doors_meet(stage: &mut Stage<'_>, event: &str, address: &str) -> Result<(), Trouble> {
    let mut scene = stage.scene("The doors meet, and two lists become one");
    dials(stage, &mut scene, CoHost, address)?;
    let whole = whole_list(stage);
    for who in [Host, CoHost, Ana, Ben, Cleo] {
        stage.actor(who).until_event(event, "one list", |state| arrived(state) == whole)?;
        stage.saw(&mut scene, who, "counts 2 arrived: Ben by both doors, Cleo by Kai's")?;
    }
    let peers: Vec<PeerLine> = stage.actor(Cleo).ask(&["peers"])?;
    if peers.len() != 1 {
        return Err(Trouble::Differs(format!(
            "Cleo is connected with {} nodes, not with Kai alone",
            peers.len()
        )));
    }
    stage.done(scene);
    Ok(())
}

fn pub_comes_back(stage: &mut Stage<'_>, event: &str) -> Result<(), Trouble> {
    let mut scene = stage.scene("The pub comes back, and learns what it missed");
    pub_starts(stage)?;
    let whole = whole_list(stage);
    stage.actor(Pub).until_event(event, "both arrivals", |state| arrived(state) == whole)?;
    stage.saw(&mut scene, Pub, "sees both arrivals")?;
    stage.done(scene);
    Ok(())
}

/// Who arrived, by feed, and at which doors.
type Arrivals = Vec<(FeedId, Vec<FeedId>)>;

fn whole_list(stage: &Stage<'_>) -> Arrivals {
    arrivals(stage, &[(Ben, vec![Host, CoHost]), (Cleo, vec![CoHost])])
}

fn arrivals(stage: &Stage<'_>, list: &[(Part, Vec<Part>)]) -> Arrivals {
    let feed = |who: &Part| stage.actor(*who).feed;
    let sorted = |mut feeds: Vec<FeedId>| {
        feeds.sort();
        feeds
    };
    let mut list: Arrivals =
        list.iter().map(|(guest, doors)| (feed(guest), sorted(doors.iter().map(feed).collect()))).collect();
    list.sort();
    list
}

/// The same of a state; only who had answered counts.
fn arrived(state: &EventState) -> Arrivals {
    let answered = state.attendance.iter().filter(|line| line.rsvp.is_some());
    answered.map(|line| (line.feed, line.doors.clone())).collect()
}
