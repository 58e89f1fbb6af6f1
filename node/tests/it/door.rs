//! A real door and a real guest on one network, without a pub.

use crate::person::{Network, Person, Up, eventually};

/// Ana's event with Ben's seat, both running, connected by nothing but discovery on loopback.
struct Evening {
    ana: Person,
    ben: Person,
    cid: Person,
    event: String,
    _up: [Up; 2],
    _network: Network,
}

fn evening() -> Evening {
    let network = Network::new();
    let (ana, ben, cid) = (network.person("ana"), network.person("ben"), network.person("cid"));
    let event = ana.schedules("Tea");
    ben.json(&["follow", &ana.feed]);
    let up = [ana.on_lan(), ben.on_lan()];
    ben.event_once(&event, "the event comes", |event| event["place"] == "Café");
    ben.json(&["rsvp", &event, "yes"]);
    for person in [&ana, &ben] {
        person.event_once(&event, "there is a seat", |event| event["seated"][0]["feed"] == ben.feed.as_str());
    }
    Evening { ana, ben, cid, event, _up: up, _network: network }
}

impl Evening {
    /// Opens Ana's door; the code it shows, and what it says from then on.
    fn opens(&self) -> (Door, String) {
        let (child, lines) = self.ana.lines(&["door", &self.event]);
        let first = lines.recv_timeout(std::time::Duration::from_secs(60)).expect("the door opens");
        (Door { child, lines }, first["code"].as_str().unwrap().to_owned())
    }
}

struct Door {
    child: std::process::Child,
    lines: std::sync::mpsc::Receiver<serde_json::Value>,
}

impl Door {
    /// The next person who arrives.
    fn arrival(&self) -> serde_json::Value {
        loop {
            let line = self.lines.recv_timeout(std::time::Duration::from_secs(60)).expect("somebody arrives");
            if let Some(arrival) = line.get("arrived") {
                return arrival.clone();
            }
        }
    }

    /// Ctrl-C.
    fn closes(mut self) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
fn a_guest_checks_in_and_both_logs_say_so() {
    let evening = evening();
    let Evening { ana, ben, event, .. } = &evening;
    let (door, _) = evening.opens();
    let done = ben.json(&["checkin", event]);
    assert_eq!(
        (&done["door"], &done["walk_in"], &done["already"]),
        (&ana.feed.as_str().into(), &false.into(), &false.into())
    );
    let arrival = door.arrival();
    assert_eq!((&arrival["feed"], &arrival["walk_in"]), (&ben.feed.as_str().into(), &false.into()));
    let here = ana.event_once(event, "the door counts them", |event| {
        event["attendance"][0]["doors"][0] == ana.feed.as_str()
    });
    ben.event_once(event, "so does the guest", |event| *event == here);
    assert_eq!(ben.json(&["checkin", event])["already"], true);
    door.closes();
    // The guest's own record, and the door's, each in its own log.
    let kinds = |person: &Person| -> Vec<u64> {
        let log = person.json(&["log"]);
        log.as_array().unwrap().iter().map(|entry| entry["kind"].as_u64().unwrap()).collect()
    };
    assert!(kinds(ben).contains(&66) && kinds(ana).contains(&67));
}

#[test]
fn somebody_passing_by_is_let_in_by_the_code_on_the_screen_as_a_walk_in() {
    let evening = evening();
    let Evening { ana, cid, event, .. } = &evening;
    let (door, code) = evening.opens();
    // Cid's node knows nothing of the event or of who holds its door: it signs only when told to trust them.
    let args = ["checkin", event, "--code", &code, "--lan", "off"];
    let said = cid.refused(&args);
    assert!(said.contains("nothing in the log says") && said.contains(&ana.feed), "{said}");
    let done = cid.json(&[&args[..], &["--trust", &ana.feed]].concat());
    assert_eq!((&done["walk_in"], &done["door"]), (&true.into(), &ana.feed.as_str().into()));
    assert_eq!(door.arrival()["feed"], cid.feed.as_str());
    door.closes();
}

#[test]
fn a_code_that_nobody_showed_and_one_for_another_event_are_refused() {
    let evening = evening();
    let Evening { ana, ben, event, .. } = &evening;
    let (door, code) = evening.opens();
    let nonce = code.split('/').nth(4).unwrap();
    let stale = code.replace(nonce, &"0".repeat(32));
    assert!(ben.refused(&["checkin", event, "--code", &stale]).contains("lapsed"));
    let other = ana.schedules("Cake");
    ben.event_once(&other, "the other event comes", |event| event["title"] == "Cake");
    assert!(ben.refused(&["checkin", &other, "--code", &code]).contains("another event"));
    assert!(ben.refused(&["checkin", event, "--code", &code[..40]]).contains("copy the whole line"));
    door.closes();
}

#[test]
fn who_has_no_role_opens_no_door_and_who_finds_none_is_told_what_to_check() {
    let evening = evening();
    let Evening { ana, ben, event, .. } = &evening;
    assert!(ben.refused(&["door", event]).contains("door or a higher role"));
    let said = ben.refused(&["checkin", event, "--for", "1s"]);
    assert!(said.contains("no door") && said.contains("same network"), "{said}");
    ana.json(&["event", "cancel", event]);
    ben.event_once(event, "the end of it comes", |event| event["cancelled"] == true);
    assert!(ben.refused(&["checkin", event]).contains("cancelled"));
    assert!(ana.refused(&["door", event]).contains("cancelled"));
}

#[test]
fn a_guest_without_a_running_node_finds_the_door_and_a_second_door_learns_of_it() {
    let evening = evening();
    let Evening { ana, ben, cid, event, .. } = &evening;
    // Ana gives Ben the door as well: two of them, on two nodes.
    ana.json(&["event", "grant", event, &ben.feed, "door"]);
    ben.event_once(event, "the role comes", |event| event["hosts"].as_array().unwrap().len() == 2);
    cid.json(&["follow", &ana.feed]);
    let (door, _) = evening.opens();
    let (second, lines) = ben.lines(&["door", event]);
    let second = Door { child: second, lines };
    let done = eventually("the guest's node learns who holds the door", || {
        let done = cid.run(&["checkin", event, "--lan", "loopback", "--json"]);
        done.status.success().then(|| serde_json::from_slice::<serde_json::Value>(&done.stdout).unwrap())
    });
    assert_eq!(done["walk_in"], true);
    for door in [&door, &second] {
        assert_eq!(door.arrival()["feed"], cid.feed.as_str(), "both doors know, whichever it was");
    }
    door.closes();
    second.closes();
}
