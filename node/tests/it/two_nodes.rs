//! Two real nodes: they find each other, and what one posts the other sees.

use crate::person::{Network, Person, eventually};

fn peers(person: &Person) -> Vec<serde_json::Value> {
    person.json(&["peers"]).as_array().unwrap().clone()
}

#[test]
fn a_host_seats_a_guest_whom_they_do_not_follow_and_both_hold_the_same_event() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    let (host, guest) = (ana.alone(), ben.alone());
    let event = ana.schedules("Tea");
    let line = ana.json(&["event", "share", &event])["line"].as_str().unwrap().to_owned();
    assert!(line.contains(host.address()), "the line says where the host is: {line}");
    ben.json(&["open", &line]);
    ben.event_once(&event, "the event comes", |event| event["place"] == "Café");
    ben.json(&["rsvp", &event, "yes"]);
    let seen = ana
        .event_once(&event, "the guest has a seat", |event| event["seated"][0]["feed"] == ben.feed.as_str());
    assert_eq!(seen["seated"][0]["by"], ana.feed.as_str());
    ben.event_once(&event, "they hold the same", |event| *event == seen);
    assert!(ana.json(&["follows"]).as_array().unwrap().is_empty(), "the host follows nobody");
    drop((host, guest));
}

#[test]
fn an_answer_is_written_then_sent_then_seen() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    let event = ana.schedules("Tea");
    let delivery = || ben.json(&["event", "show", &event, "--local"])["delivery"].clone();
    {
        let host = ana.up(&["up", "--lan", "off", "--listen", "127.0.0.1:0", "--admit", "manual"]);
        let line = ana.json(&["event", "share", &event])["line"].as_str().unwrap().to_owned();
        assert_eq!(
            ben.json(&["open", &line, "--lan", "off"])["held"],
            true,
            "fetched without a running node"
        );
        ben.json(&["rsvp", &event, "yes"]);
        assert_eq!(delivery(), "written");
        let guest = ben.alone();
        eventually("somebody has it", || (delivery() == "sent").then_some(()));
        let peer = &peers(&ben)[0];
        assert_eq!(peer["holds"], peer["own"], "{peer}");
        ana.event_once(&event, "it is there", |event| event["provisional"][0]["feed"] == ben.feed.as_str());
        ana.json(&["event", "admit", &event]);
        eventually("the host has ranked it", || (delivery() == "seen").then_some(()));
        guest.stop();
        host.stop();
    }
    assert_eq!(delivery(), "seen");
}

#[test]
fn neighbours_find_each_other_without_being_told_and_what_one_posts_the_other_sees() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    let event = ana.schedules("Tea");
    ben.json(&["follow", &ana.feed]);
    let (host, guest) = (ana.on_lan(), ben.on_lan());
    for (here, there) in [(&ana, &ben), (&ben, &ana)] {
        eventually("they are connected by what they found on the network", || {
            peers(here).into_iter().find(|peer| {
                peer["feed"] == there.feed.as_str() && peer["path"] == "lan" && peer["level"] == true
            })
        });
        assert_eq!(peers(here).len(), 1, "of two connections one stays");
    }
    ben.event_once(&event, "the event comes", |event| event["title"] == "Tea");
    ana.json(&["event", "update", &event, "--title", "Tea and cake"]);
    ben.event_once(&event, "a change comes over the connection that stands", |event| {
        event["title"] == "Tea and cake"
    });
    host.stop();
    eventually("who left is gone", || peers(&ben).is_empty().then_some(()));
    drop(guest);
}

#[test]
fn a_blocked_peer_is_cut_off_and_stays_out() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    let (host, guest) = (ana.alone(), ben.alone());
    ben.json(&["peer", "add", &format!("{}@{}", ana.feed, host.address())]);
    eventually("they are connected", || (!peers(&ana).is_empty()).then_some(()));
    ana.json(&["block", &ben.feed]);
    eventually("the connection is cut", || peers(&ben).is_empty().then_some(()));
    // Ben's node dials again, and learns by each handshake's end that nothing comes of it.
    let event = ana.schedules("Tea");
    ben.json(&["follow", &ana.feed]);
    ana.json(&["follow", &ben.feed]);
    ben.event_once(&event, "following ends the block", |event| event["title"] == "Tea");
    drop((host, guest));
}

#[test]
fn who_listens_where_another_is_looked_for_is_not_taken_for_them() {
    let network = Network::new();
    let (ana, ben, cid) = (network.person("ana"), network.person("ben"), network.person("cid"));
    let event = ana.schedules("Tea");
    let (host, guest) = (ana.alone(), ben.alone());
    ben.json(&["follow", &ana.feed]);
    ben.json(&["peer", "add", &format!("{}@{}", cid.feed, host.address())]);
    // Whoever dials it in earnest gets through: so the wrong one has had its turn by then.
    ben.json(&["peer", "add", &format!("{}@{}", ana.feed, host.address())]);
    ben.event_once(&event, "the right feed answers there", |event| event["title"] == "Tea");
    let feeds: Vec<_> = peers(&ben).iter().map(|peer| peer["feed"].as_str().unwrap().to_owned()).collect();
    assert_eq!(feeds, [ana.feed.as_str()]);
    drop((host, guest));
}

#[test]
fn another_networks_node_does_not_answer() {
    let (one, other) = (Network::new(), Network::new());
    let (ana, ben) = (one.person("ana"), other.person("ben"));
    let host = ana.up(&["pub", "up", "--public", "127.0.0.1:1", "--lan", "off", "--listen", "127.0.0.1:0"]);
    let invite = ana.json(&["pub", "invite"])["invite"]
        .as_str()
        .unwrap()
        .replace("127.0.0.1:1/", &format!("{}/", host.address()));
    let said = ben.refused(&["join", &invite, "--lan", "off"]);
    assert!(said.contains("no answer") && said.contains(&ana.feed), "{said}");
}

#[test]
fn a_node_that_is_asked_to_end_leaves_nothing_in_the_way_of_the_next() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let socket = node.ready["socket"].as_str().unwrap().to_owned();
    assert!(std::path::Path::new(&socket).exists());
    node.stop();
    assert!(!std::path::Path::new(&socket).exists());
    ana.schedules("Tea");
    ana.alone().stop();
}

#[test]
fn a_place_that_is_taken_and_a_home_in_use_are_said_so() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    let node = ana.alone();
    let said = ben.refused(&["up", "--lan", "off", "--listen", node.address()]);
    assert!(said.contains("cannot listen on") && said.contains(node.address()), "{said}");
    let said = ana.refused(&["up", "--lan", "off"]);
    assert!(said.contains(&node.ready["process"].to_string()), "the process that has it: {said}");
}

#[test]
fn who_runs_no_node_still_sees_who_is_there() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    let host = ana.on_lan();
    let seen = ben.json(&["peers", "--for", "5s", "--lan", "loopback"]);
    assert_eq!(seen[0]["feed"], ana.feed.as_str(), "{seen}");
    drop(host);
}

#[test]
fn what_is_taken_back_is_in_no_file_of_either_node_after_a_compaction() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    let event = ana.schedules("Tea");
    let (host, guest) = (ana.alone(), ben.alone());
    ben.json(&["follow", &ana.feed]);
    ben.json(&["peer", "add", &format!("{}@{}", ana.feed, host.address())]);
    let said = "the key is under the third pot";
    let comment = ana.json(&["comment", &event, said])["id"].as_str().unwrap().to_owned();
    let other = ana.json(&["comment", &event, "bring cups"])["id"].as_str().unwrap().to_owned();
    let comments = |who: &Person| {
        let shown = who.run(&["event", "show", &event, "--local", "--json"]);
        let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).ok()?;
        Some(shown["comments"].as_array()?.len())
    };
    eventually("Ben has both", || (comments(&ben) == Some(2)).then_some(()));
    let own = ben.json(&["comment", &event, "I will"])["id"].as_str().unwrap().to_owned();
    eventually("Ana has his", || (comments(&ana) == Some(3)).then_some(()));

    for (named, says) in [
        (&event[..], "cannot be taken back"),
        (&own, "only its author"),
        ("entry1qqqqqq", "nothing matches"),
        ("Tea", "klatch log"),
    ] {
        let refused = ana.run(&["delete", &comment, named]);
        let why = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && why.contains(says), "{named}: {why}");
    }
    assert_eq!(comments(&ana), Some(3), "all or nothing");
    let done = ana.json(&["delete", &comment[..14]]);
    assert_eq!(done["entries"], serde_json::json!([comment]), "{done}");
    assert_eq!(done["ids"].as_array().unwrap().len(), 1);
    assert!(ana.refused(&["delete", &comment]).contains("already"));
    for who in [&ana, &ben] {
        eventually("nobody shows it", || (comments(who) == Some(2)).then_some(()));
    }
    for who in [&ana, &ben] {
        who.json(&["compact"]);
        let files = std::fs::read_dir(who.home()).unwrap().map(|file| file.unwrap().path());
        for file in files.filter(|path| path.is_file()) {
            let bytes = std::fs::read(&file).unwrap();
            let is_there = bytes.windows(said.len()).any(|part| part == said.as_bytes());
            assert!(!is_there, "{}: {file:?}", who.name);
        }
        assert_eq!(who.json(&["verify"])["problems"], serde_json::json!([]));
    }
    let many = ana.json(&["delete", &other]);
    assert_eq!(many["entries"], serde_json::json!([other]));
    guest.stop();
    host.stop();
}
