//! The story itself, scene by scene. Every scene ends with something observed at another node than acted.

mod dates;
mod doors;
mod seats;
mod verdicts;

use klatch_feed::post::Role;
use klatch_feed::{EventState, GroupState};
use serde_json::Value;

use super::actor::Trouble;
use super::{Part, Shown, Stage, word};
use crate::daemon::{Created, FollowLine};
use crate::net::report::{Path, PeerLine};
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
    let evening = seats::is_scheduled(stage, &group)?;
    co_host_is_named(stage, &evening)?;
    seats::play(stage, &evening)?;
    let series = dates::play(stage, &group)?;
    doors::play(stage, &evening)?;
    let shown: Vec<_> = [Shown::event(&evening)].into_iter().chain(series).collect();
    stage.compare(&shown)?;
    verdicts::explain(stage, &shown)
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
