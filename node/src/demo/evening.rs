//! The story itself, scene by scene. Every scene ends with something observed at another node than acted.

use klatch_feed::meetup::SeatLine;
use klatch_feed::post::Role;
use klatch_feed::{EventState, FeedId, GroupState};
use serde::Deserialize;
use serde_json::Value;

use super::actor::{Running, Trouble};
use super::{Part, Stage, word};
use crate::clock;
use crate::daemon::{Created, FollowLine};
use crate::net::report::{CheckedIn, Path, PeerLine};
use crate::pub_server::Invited;

use Part::{Ana, Ben, Cleo, CoHost, Host, Pub};

const EVERYBODY_ELSE: [Part; 5] = [CoHost, Ana, Ben, Cleo, Pub];
const ON_LOOPBACK: [&str; 5] = ["up", "--listen", "127.0.0.1:0", "--lan", "loopback"];

/// Plays it all; the account holds what was seen as far as it came.
pub(super) fn play(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    nodes_start(stage)?;
    pub_lets_in(stage)?;
    guests_follow(stage)?;
    let group = group_is_founded(stage)?;
    let event = event_is_scheduled(stage, &group)?;
    co_host_is_named(stage, &event)?;
    two_get_seats(stage, &event)?;
    third_waits(stage, &event)?;
    one_cancels(stage, &event)?;
    pub_goes_away(stage)?;
    doors_open(stage, &event)?;
    pub_comes_back(stage, &event)?;
    stage.compare(&event)
}

fn nodes_start(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let mut scene = stage.scene("Six nodes start");
    for who in [Host, CoHost, Ana, Ben] {
        let _: Value = stage.actor_mut(who).up(&ON_LOOPBACK)?;
    }
    let far = ["up", "--listen", "127.0.0.1:0", "--lan", "off"];
    let _: Value = stage.actor_mut(Cleo).up(&far)?;
    pub_starts(stage)?;
    for who in [Host, CoHost, Ana, Ben] {
        let found = stage.actor(who).until("the others on the LAN", |actor| {
            let peers: Vec<PeerLine> = actor.ask(&["peers"])?;
            let found = peers.iter().filter(|peer| peer.path == Path::Lan).count();
            Ok(if found >= 3 { Ok(found) } else { Err(format!("{found} of 3")) })
        })?;
        stage.saw(&mut scene, who, format!("found {found} nodes by DNS-SD"))?;
    }
    for who in [Cleo, Pub] {
        stage.saw(&mut scene, who, "sees nobody: it is not on that LAN")?;
        if let Some(peer) = stage.peers(who)?.first() {
            return Err(Trouble::Differs(format!("{} is connected with {}", who.name(), peer.name)));
        }
    }
    stage.done(scene);
    Ok(())
}

/// The pub listens at the same address whenever it is there, since that is what its invites say.
fn pub_starts(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let address = stage.pub_address.clone();
    let _: Value = stage
        .actor_mut(Pub)
        .up(&["pub", "up", "--listen", &address, "--public", &address, "--lan", "off"])?;
    Ok(())
}

fn pub_lets_in(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let mut scene = stage.scene("The pub lets three in, with one line to paste");
    let invited: Invited = stage.types(&mut scene, Pub, &["pub", "invite", "--uses", "3"])?;
    for who in [Host, CoHost, Cleo] {
        let _: Value = stage.actor(who).ask(&["join", &invited.invite])?;
        scene.typed(who, &["join", "LINE"]);
    }
    let members: Vec<Value> = stage.actor(Pub).ask(&["pub", "members"])?;
    if members.len() != 3 {
        return Err(Trouble::Differs(format!("the pub has {} members, not 3", members.len())));
    }
    stage.saw(&mut scene, Pub, "has 3 members")?;
    stage.done(scene);
    Ok(())
}

fn guests_follow(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let mut scene = stage.scene("The guests and the co-host follow Hana; she follows none of them");
    let host = stage.actor(Host).feed;
    for who in [CoHost, Ana, Ben, Cleo] {
        let _: Value = stage.types(&mut scene, who, &["follow", &host.to_string(), "--as", "Hana"])?;
    }
    for who in [CoHost, Ana, Ben, Cleo] {
        let entries = stage.actor(who).until("the log of Hana", |actor| {
            let lines: Vec<FollowLine> = actor.ask(&["follows"])?;
            let held = lines.iter().find(|line| line.feed == host).map_or(0, |line| line.entries);
            Ok(if held > 0 { Ok(held) } else { Err("nothing of it".to_owned()) })
        })?;
        stage.saw(&mut scene, who, format!("holds her log, {entries} entries"))?;
    }
    only_path(stage, Cleo, Path::Pub)?;
    let lines: Vec<FollowLine> = stage.actor(Host).ask(&["follows"])?;
    let followed =
        |part: &Part| lines.iter().any(|line| line.followed && line.feed == stage.actor(*part).feed);
    if let Some(part) = [CoHost, Ana, Ben, Cleo].iter().find(|part| followed(part)) {
        return Err(Trouble::Differs(format!("Hana follows {}", part.name())));
    }
    stage.saw(&mut scene, Host, "follows none of them")?;
    stage.done(scene);
    Ok(())
}

/// Every connection of `who` is of that path, and there is one.
fn only_path(stage: &Stage<'_>, who: Part, path: Path) -> Result<(), Trouble> {
    stage.actor(who).until(&format!("connections by {} alone", word(path)), |actor| {
        let peers: Vec<PeerLine> = actor.ask(&["peers"])?;
        let paths: Vec<_> =
            peers.iter().map(|peer| format!("{} by {}", peer.name, word(peer.path))).collect();
        let alone = !peers.is_empty() && peers.iter().all(|peer| peer.path == path);
        Ok(if alone { Ok(()) } else { Err(paths.join(", ")) })
    })
}

fn group_is_founded(stage: &mut Stage<'_>) -> Result<String, Trouble> {
    let mut scene = stage.scene("Hana founds a group, and the others join it");
    let made: Created = stage.types(&mut scene, Host, &["group", "create", "Tea and Rust"])?;
    let group = made.id.to_string();
    for who in [CoHost, Ana, Ben, Cleo] {
        until_group(stage, who, &group, 1)?;
        let _: Value = stage.types(&mut scene, who, &["group", "join", "Tea and Rust"])?;
    }
    for who in [Host, CoHost, Ana, Ben, Cleo] {
        until_group(stage, who, &group, 5)?;
        stage.saw(&mut scene, who, "sees 5 members")?;
    }
    stage.done(scene);
    Ok(group)
}

fn until_group(stage: &Stage<'_>, who: Part, group: &str, members: usize) -> Result<(), Trouble> {
    stage.actor(who).until(&format!("a group of {members}"), |actor| {
        let state: Option<GroupState> = actor.find(&["group", "show", group])?;
        let now = state.map_or(0, |state| state.members.len());
        Ok(if now >= members { Ok(()) } else { Err(format!("{now} members")) })
    })
}

fn event_is_scheduled(stage: &mut Stage<'_>, group: &str) -> Result<String, Trouble> {
    let mut scene = stage.scene("Hana schedules an evening: two seats for three people");
    let start = in_a_week();
    let made: Created = stage.types(
        &mut scene,
        Host,
        &[
            "event",
            "schedule",
            group,
            "--title",
            "Tea and borrow checks",
            "--start",
            &start,
            "--tz",
            "Europe/Lisbon",
            "--duration",
            "2h",
            "--where",
            "Café A Brasileira",
            "--capacity",
            "2",
        ],
    )?;
    let event = made.id.to_string();
    for who in EVERYBODY_ELSE {
        stage.actor(who).until_event(&event, "the event", |_| true)?;
        stage.saw(&mut scene, who, "sees the event, 2 seats free")?;
    }
    stage.done(scene);
    Ok(event)
}

/// A local start some days from now, since the demo has no date of its own.
fn in_a_week() -> String {
    let ms = i64::try_from(clock::now_ms()).unwrap_or_default();
    let day = chrono::DateTime::from_timestamp_millis(ms).unwrap_or_default() + chrono::Days::new(7);
    day.format("%Y-%m-%dT19:30").to_string()
}

fn co_host_is_named(stage: &mut Stage<'_>, event: &str) -> Result<(), Trouble> {
    let mut scene = stage.scene("Hana makes Kai a host of it");
    let kai = stage.actor(CoHost).feed;
    let _: Created = stage.types(&mut scene, Host, &["event", "grant", event, &kai.to_string(), "host"])?;
    let is_host =
        |state: &EventState| state.hosts.iter().any(|line| line.feed == kai && line.role == Role::Host);
    for who in [CoHost, Ben, Cleo] {
        stage.actor(who).until_event(event, "Kai among the hosts", is_host)?;
        stage.saw(&mut scene, who, "sees Kai among the hosts")?;
    }
    stage.done(scene);
    Ok(())
}

fn two_get_seats(stage: &mut Stage<'_>, event: &str) -> Result<(), Trouble> {
    let mut scene = stage.scene("Ana and Ben say yes, and Hana's node seats them");
    for who in [Ana, Ben] {
        let feed = stage.actor(who).feed;
        let _: Created = stage.types(&mut scene, who, &["rsvp", event, "yes"])?;
        for at in [Host, who] {
            stage.actor(at).until_event(event, &format!("a seat for {}", who.name()), |state| {
                has(&state.seated, feed)
            })?;
        }
        stage.saw(&mut scene, who, "has a seat, given by Hana")?;
    }
    stage.saw(&mut scene, Host, "sees 2 of 2 seats taken, by people it does not follow")?;
    stage.done(scene);
    Ok(())
}

fn third_waits(stage: &mut Stage<'_>, event: &str) -> Result<(), Trouble> {
    let mut scene = stage.scene("Cleo says yes through the pub, and waits");
    let cleo = stage.actor(Cleo).feed;
    let _: Created = stage.types(&mut scene, Cleo, &["rsvp", event, "yes"])?;
    for who in [Cleo, Host, Ana] {
        stage.actor(who).until_event(event, "Cleo in the waiting list", |state| has(&state.waiting, cleo))?;
        stage.saw(&mut scene, who, "sees Cleo first in the waiting list")?;
    }
    only_path(stage, Cleo, Path::Pub)?;
    stage.done(scene);
    Ok(())
}

fn one_cancels(stage: &mut Stage<'_>, event: &str) -> Result<(), Trouble> {
    let mut scene = stage.scene("Ana cancels, and Cleo moves up");
    let (ana, cleo) = (stage.actor(Ana).feed, stage.actor(Cleo).feed);
    let _: Created = stage.types(&mut scene, Ana, &["rsvp", event, "no"])?;
    let moved =
        |state: &EventState| has(&state.seated, cleo) && !has(&state.seated, ana) && state.waiting.is_empty();
    for who in [Host, Ana, Ben, Cleo, Pub] {
        stage.actor(who).until_event(event, "Cleo seated in place of Ana", moved)?;
        stage.saw(&mut scene, who, "sees Ben and Cleo seated, nobody waiting")?;
    }
    only_path(stage, Cleo, Path::Pub)?;
    stage.done(scene);
    Ok(())
}

fn pub_goes_away(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let mut scene = stage.scene("The pub goes away; Cleo comes to the café");
    stage.actor_mut(Pub).down()?;
    stage.actor_mut(Cleo).down()?;
    stage.forget_counts(&[Pub, Cleo]);
    let _: Value = stage.actor_mut(Cleo).up(&ON_LOOPBACK)?;
    for who in [Cleo, Host, CoHost] {
        only_path(stage, who, Path::Lan)?;
        stage.saw(&mut scene, who, "is connected on the LAN alone")?;
    }
    stage.done(scene);
    Ok(())
}

fn doors_open(stage: &mut Stage<'_>, event: &str) -> Result<(), Trouble> {
    let mut scene = stage.scene("Two doors open, with no pub and no internet");
    let (first, hana_code) = open_door(stage, Host, event)?;
    let (second, kai_code) = open_door(stage, CoHost, event)?;
    for who in [Host, CoHost] {
        scene.typed(who, &["door", event]);
        stage.saw(&mut scene, who, "shows a code")?;
    }
    stage.done(scene);

    let mut scene = stage.scene("Ben checks in with Hana, Cleo with Kai");
    for (guest, host, code) in [(Ben, Host, hana_code), (Cleo, CoHost, kai_code)] {
        let done: CheckedIn = stage.actor(guest).ask(&["checkin", event, "--code", &code])?;
        scene.typed(guest, &["checkin", event, "--code", "CODE"]);
        if done.door != stage.actor(host).feed || done.walk_in || done.already {
            return Err(Trouble::Differs(format!("{} was let in otherwise: {done:?}", guest.name())));
        }
        stage.saw(&mut scene, guest, format!("is let in, countersigned by {}", host.name()))?;
    }
    for who in [Host, CoHost, Ana, Ben, Cleo] {
        stage.actor(who).until_event(event, "both arrivals", |state| both_arrived(stage, state))?;
        stage.saw(&mut scene, who, "sees Ben and Cleo arrived, one at each door")?;
    }
    first.end()?;
    second.end()?;
    stage.done(scene);
    Ok(())
}

fn open_door(stage: &Stage<'_>, host: Part, event: &str) -> Result<(Running, String), Trouble> {
    let mut door = stage.actor(host).spawn(&["door", event])?;
    let DoorLine { code } = door.line()?;
    Ok((door, code))
}

/// The first line of `klatch door --json`.
#[derive(Deserialize)]
struct DoorLine {
    code: String,
}

fn both_arrived(stage: &Stage<'_>, state: &EventState) -> bool {
    [(Ben, Host), (Cleo, CoHost)].iter().all(|(guest, host)| {
        let (guest, host) = (stage.actor(*guest).feed, stage.actor(*host).feed);
        state.attendance.iter().any(|line| line.feed == guest && line.doors == [host] && line.rsvp.is_some())
    })
}

fn pub_comes_back(stage: &mut Stage<'_>, event: &str) -> Result<(), Trouble> {
    let mut scene = stage.scene("The pub comes back, and learns what it missed");
    pub_starts(stage)?;
    stage.actor(Pub).until_event(event, "both arrivals", |state| both_arrived(stage, state))?;
    stage.saw(&mut scene, Pub, "sees both arrivals")?;
    stage.done(scene);
    Ok(())
}

fn has(lines: &[SeatLine], feed: FeedId) -> bool {
    lines.iter().any(|line| line.feed == feed)
}
