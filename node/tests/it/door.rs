//! A real door and a real guest on one network, without a pub.

use serde_json::Value;

use crate::person::{Network, PATIENCE, Person, Up, eventually};

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

#[test]
fn an_answer_on_the_guests_screen_takes_no_network_and_a_second_scan_says_when_and_by_whom() {
    let network = Network::new();
    let (ana, cid) = (network.person("ana"), network.person("cid"));
    let event = ana.schedules("Tea");
    let (child, lines) = ana.lines(&["door", &event, "--lan", "off"]);
    let door = Door { child, lines };
    let first = door.lines.recv_timeout(std::time::Duration::from_secs(60)).expect("the door opens");
    let code = first["code"].as_str().unwrap().to_owned();
    let show = ["checkin", &event, "--code", &code, "--show"];
    assert!(cid.refused(&show).contains("nothing in the log says"));
    let answer = cid.json(&[&show[..], &["--trust", &ana.feed]].concat());
    let answer = answer["code"].as_str().unwrap();
    let scanned = ana.json(&["door", &event, "--scan", answer]);
    assert_eq!((&scanned["feed"], &scanned["walk_in"]), (&cid.feed.as_str().into(), &true.into()));
    assert_eq!((&scanned["first"]["door"], &scanned["again"]), (&ana.feed.as_str().into(), &().into()));
    assert_eq!(door.arrival()["feed"], cid.feed.as_str());
    let again = ana.json(&["door", &event, "--scan", answer]);
    assert_eq!((&again["again"], &again["first"]), (&1.into(), &scanned["first"]));
    let told = door.lines.recv_timeout(std::time::Duration::from_secs(60)).expect("the second scan is told");
    assert_eq!(told["again"]["first"], scanned["first"]);
    let forged = answer.replace(&cid.feed, &ana.feed);
    assert!(ana.refused(&["door", &event, "--scan", &forged]).contains("not signed by whom it names"));
    door.closes();
    assert!(ana.refused(&["door", &event, "--scan", answer]).contains("running node"), "nothing is open");
}

#[test]
fn a_door_counts_stamps_and_undoes_what_it_wrote_and_no_other_does() {
    let evening = evening();
    let Evening { ana, ben, event, .. } = &evening;
    let (door, code) = evening.opens();
    let answer = ben.json(&["checkin", event, "--code", &code, "--show"])["code"].clone();
    let scan = ["door", event, "--scan", answer.as_str().unwrap()];
    let note = |note: [&str; 2]| ["door", event, note[0], note[1]].map(str::to_owned);
    let asked = |args: &[String]| -> Vec<String> { args.to_vec() };
    let refused = |args: &[String]| ana.refused(&asked(args).iter().map(|arg| &arg[..]).collect::<Vec<_>>());
    let done = |args: &[&str]| ana.json(args);
    assert!(refused(&note(["--late", &ben.feed])).contains("has not arrived"));
    ben.json(&["checkin", event]);
    door.arrival();
    done(&["door", event, "--late", &ben.feed]);
    assert!(refused(&note(["--late", &ben.feed])).contains("already"));
    done(&["door", event, "--left", &ben.feed]);
    let persons = |count: &str| done(&["door", event, "--count", &ben.feed, "--persons", count]);
    let line = || ana.json(&["event", "show", event])["attendance"][0].clone();
    persons("3");
    assert_eq!(
        (&line()["persons"], &line()["late"], &line()["left"]),
        (&3.into(), &true.into(), &true.into())
    );
    persons("2");
    assert_eq!(line()["persons"], 2, "fewer than before");
    let report = ana.json(&["event", "attendance", event]);
    assert_eq!((&report["report"]["attended"], &report["report"]["over"]), (&2.into(), &false.into()));
    assert!(ben.refused(&["door", event, "--undo", &ben.feed]).contains("door or a higher role"));
    assert_eq!(done(&scan)["again"], 1);
    done(&["door", event, "--undo", &ben.feed]);
    assert_eq!(line(), serde_json::Value::Null, "out again, on every count");
    ben.event_once(event, "the guest learns of it", |event| event["attendance"] == serde_json::json!([]));
    // Not by the answer that was undone: the door shows each connection another challenge by and by.
    assert!(ben.refused(&["checkin", event]).contains("used that code already"));
    assert_eq!(done(&scan)["again"], Value::Null, "who was out again was not scanned before");
    door.closes();
}

#[test]
fn a_door_counts_persons_as_the_seats_are_counted() {
    let evening = evening();
    let Evening { ana, ben, event, .. } = &evening;
    ben.json(&["rsvp", event, "yes", "--guests", "1"]);
    ana.event_once(event, "there are two seats", |event| event["seated"][0]["party"] == 2);
    let shown = std::thread::scope(|scope| {
        let door = scope.spawn(|| ana.run(&["door", event, "--until", "1"]));
        ben.json(&["checkin", event]);
        String::from_utf8(door.join().unwrap().stdout).unwrap()
    });
    assert!(shown.ends_with("is open: 2 have a seat\n2 of 2  ben and 1 guest\n"), "{shown}");
}

#[test]
fn who_has_no_door_says_so_themselves_and_is_shown_apart() {
    let network = Network::new();
    let ana = network.person("ana");
    let event = ana.schedules("Tea");
    ana.json(&["checkin", &event, "--self"]);
    let shown = ana.json(&["event", "show", &event]);
    assert_eq!(
        (&shown["here"][0], &shown["attendance"]),
        (&ana.feed.as_str().into(), &serde_json::json!([]))
    );
    assert!(ana.refused(&["checkin", &event, "--self"]).contains("already"));
    let text = String::from_utf8(ana.run(&["event", "show", &event]).stdout).unwrap();
    assert!(text.contains("no door has seen them"), "{text}");
}

#[test]
fn how_often_people_came_is_for_hosts_and_ones_own_for_everybody() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    let group = ana.json(&["group", "create", "Tea"])["id"].as_str().unwrap().to_owned();
    ana.json(&[
        "event",
        "schedule",
        &group,
        "--title",
        "First",
        "--start",
        "2020-05-06T19:30",
        "--tz",
        "Europe/Lisbon",
        "--duration",
        "2h",
        "--where",
        "Café",
    ]);
    ana.json(&["rsvp", "First", "yes"]);
    let records = ana.json(&["group", "attendance", &group]);
    assert_eq!((&records["events"], &records["people"][0]["events"]), (&1.into(), &1.into()));
    let line = ana.json(&["group", "share", &group])["line"].as_str().unwrap().to_owned();
    ben.json(&["follow", &ana.feed]);
    let _up = [ana.on_lan(), ben.on_lan()];
    ben.json(&["open", &line]);
    ben.event_once("First", "the event comes", |event| event["title"] == "First");
    assert!(ben.refused(&["group", "attendance", &group]).contains("takes a host"));
    assert_eq!(ben.json(&["group", "attendance", &group, "me"])["people"], serde_json::json!([]));
}

#[test]
fn a_door_of_a_series_is_that_of_one_date() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    let when = ["--start", "2037-12-01T18:30", "--tz", "Europe/Lisbon", "--repeat", "weekly", "--count", "3"];
    let made = ana.json(&[&["event", "schedule", "--title", "Tea"][..], &when].concat());
    let event = made["id"].as_str().unwrap();
    let line = ana.json(&["event", "share", event])["line"].as_str().unwrap().to_owned();
    ben.json(&["open", &line]);
    let _up = [ana.on_lan(), ben.on_lan()];
    ben.event_once(event, "the event comes", |event| event["title"] == "Tea");
    ben.json(&["rsvp", event, "yes"]);
    for command in [&["door", event][..], &["event", "attendance", event], &["checkin", event, "--self"]] {
        assert!(ana.refused(command).contains("which date"), "{command:?}");
    }
    assert!(ana.refused(&["door", event, "--on", "2037-12-02"]).contains("no occurrence"));
    let seated = |event: &Value| event["seated"].as_array().is_some_and(|seated| seated.len() == 1);
    ana.event_once(event, "ben has a seat", seated);
    let (mut child, lines) = ana.lines(&["door", event, "--on", "2037-12-08"]);
    let code = lines.recv_timeout(PATIENCE).unwrap()["code"].as_str().unwrap().to_owned();
    let other = ben.refused(&["checkin", event, "--on", "2037-12-15", "--code", &code]);
    assert!(other.contains("another date"), "{other}");
    let nobody = ben.refused(&["checkin", event, "--on", "2037-12-15", "--for", "1s"]);
    assert!(nobody.contains("no door"), "a challenge for one date answers none for another: {nobody}");
    let done = ben.json(&["checkin", event, "--on", "2037-12-08"]);
    assert_eq!((&done["walk_in"], &done["already"]), (&false.into(), &false.into()));
    // The door's word comes at once, its entry with the log.
    eventually("ben's own node has it", || {
        let state = ben.json(&["event", "show", event, "--on", "2037-12-08"]);
        (state["attendance"].as_array()?.len() == 1).then_some(())
    });
    assert_eq!(ben.json(&["checkin", event, "--code", &code])["already"], true, "the code says which date");
    let said = || lines.recv_timeout(PATIENCE).unwrap();
    // Besides it at most another code is shown.
    let mut lines = std::iter::repeat_with(said).take(3);
    let arrived = lines.find_map(|line| line.get("arrived").cloned()).unwrap();
    assert_eq!(arrived["feed"], ben.feed.as_str(), "the door's own screen has who came on that date");
    let came = |date: &str| {
        let state = ana.json(&["event", "show", event, "--on", date]);
        (state["attendance"].as_array().unwrap().len(), state["here"].as_array().map_or(0, Vec::len))
    };
    eventually("the door's word is here", || (came("2037-12-08") == (1, 0)).then_some(()));
    assert_eq!([came("2037-12-01"), came("2037-12-15")], [(0, 0); 2], "of that date alone");
    assert!(ana.event(event).unwrap()["attendance"].as_array().unwrap().is_empty(), "nor of the series");
    ben.json(&["checkin", event, "--on", "2037-12-15", "--self"]);
    eventually("ben's own word is here", || (came("2037-12-15") == (0, 1)).then_some(()));
    let report = ana.json(&["event", "attendance", event, "--on", "2037-12-08"]);
    assert_eq!(report["report"]["attended"], 1, "{report}");
    assert!(ana.refused(&["door", event, "--on", "2037-12-01", "--late", "ben"]).contains("has not arrived"));
    ana.json(&["door", event, "--on", "2037-12-08", "--late", "ben"]);
    let (mut other, opened) = ana.lines(&["door", event, "--on", "2037-12-01"]);
    opened.recv_timeout(PATIENCE).unwrap();
    ben.json(&["checkin", event, "--on", "2037-12-01"]);
    eventually("ben is in on another date", || (came("2037-12-01") == (1, 0)).then_some(()));
    ana.json(&["door", event, "--on", "2037-12-08", "--undo", "ben"]);
    assert_eq!([came("2037-12-08"), came("2037-12-01")], [(0, 0), (1, 0)], "on that date alone");
    for child in [&mut child, &mut other] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
