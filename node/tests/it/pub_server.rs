//! A real pub: who is let in, what it keeps, and that two people meet through it.

use klatch::daemon::{Daemon, Options, Request, Response};
use klatch::pub_server::invite::InviteLine;
use klatch::pub_server::members::{self, Code};
use klatch::pub_server::{PubRequest, PubResponse};

use crate::person::{Network, Person, Up, eventually};

/// Starts `person`'s node as a pub that invites lead to.
fn open(person: &Person, limits: &[&str]) -> Up {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let args = ["pub", "up", "--public", &port, "--lan", "off", "--listen", &port];
    person.up(&[&args[..], limits].concat())
}

fn invite(hub: &Person, uses: &str) -> String {
    hub.json(&["pub", "invite", "--uses", uses])["invite"].as_str().unwrap().to_owned()
}

fn join(person: &Person, invite: &str) -> serde_json::Value {
    person.json(&["join", invite, "--lan", "off"])
}

#[test]
fn two_people_who_are_never_online_together_meet_through_a_pub() {
    let network = Network::new();
    let (hub, ana, ben) = (network.person("hub"), network.person("ana"), network.person("ben"));
    let running = open(&hub, &[]);
    let line = invite(&hub, "2");
    let joined = join(&ana, &line);
    assert_eq!((&joined["name"], &joined["quota"]), (&"hub".into(), &(64 << 20).into()));
    join(&ben, &line);

    let event = ana.schedules("Tea");
    let share = ana.json(&["event", "share", &event])["line"].as_str().unwrap().to_owned();
    let host = ana.alone();
    hub.event_once(&event, "the pub has the event", |event| event["place"] == "Café");
    host.stop();

    let guest = ben.alone();
    ben.json(&["open", &share]);
    ben.event_once(&event, "the guest has it from the pub", |event| event["place"] == "Café");
    ben.json(&["rsvp", &event, "yes"]);
    hub.event_once(&event, "the pub has the answer", |event| {
        event["provisional"][0]["feed"] == ben.feed.as_str()
    });
    guest.stop();

    let host = ana.alone();
    let seated = ana.event_once(&event, "the host seats the guest", |event| {
        event["seated"][0]["feed"] == ben.feed.as_str()
    });
    hub.event_once(&event, "the pub has the seat", |event| *event == seated);
    host.stop();
    let guest = ben.alone();
    ben.event_once(&event, "the guest sees the seat", |event| *event == seated);
    drop((running, guest));
}

#[test]
fn what_a_member_posts_reaches_who_wants_it_while_all_are_connected_from_when_they_want_it() {
    let network = Network::new();
    let (hub, ana, ben) = (network.person("hub"), network.person("ana"), network.person("ben"));
    let running = open(&hub, &[]);
    let line = invite(&hub, "2");
    join(&ana, &line);
    join(&ben, &line);
    let both = (ana.alone(), ben.alone());
    let event = ana.schedules("Tea");
    hub.event_once(&event, "the pub has the event", |event| event["place"] == "Café");
    assert_eq!(ben.event(&event), None, "nobody told Ben of it");
    ben.json(&["follow", &ana.feed]); // No address of hers: from here on the pub is to tell Ben.
    ben.event_once(&event, "the guest has it from the pub", |event| event["place"] == "Café");
    let next = ana.schedules("Cake"); // About nothing that Ben asks about: it comes for its author's sake.
    ben.event_once(&next, "the guest has what was posted since", |event| event["title"] == "Cake");
    ben.json(&["rsvp", &event, "yes"]);
    ana.event_once(&event, "the host seats the guest", |event| {
        event["seated"][0]["feed"] == ben.feed.as_str()
    });
    ben.event_once(&event, "the guest sees the seat", |event| {
        event["seated"][0]["feed"] == ben.feed.as_str()
    });
    drop((running, both));
}

#[test]
fn a_pub_keeps_what_its_members_answer_even_of_a_host_who_is_no_member() {
    let network = Network::new();
    let (hub, ben, dan) = (network.person("hub"), network.person("ben"), network.person("dan"));
    let running = open(&hub, &[]);
    join(&ben, &invite(&hub, "1"));
    // Nothing of Dan's log points at the event but the entry that founds it.
    let founded = [
        "event",
        "schedule",
        "--title",
        "Tea",
        "--start",
        "2026-12-01T18:30",
        "--tz",
        "UTC",
        "--duration",
        "1h",
    ];
    let event = dan.json(&founded)["id"].as_str().unwrap().to_owned();
    let line = {
        let host = dan.up(&["up", "--lan", "off", "--listen", "127.0.0.1:0", "--admit", "manual"]);
        let line = dan.json(&["event", "share", &event])["line"].as_str().unwrap().to_owned();
        let guest = ben.alone();
        assert_eq!(ben.json(&["open", &line])["held"], true);
        guest.stop();
        host.stop();
        line
    };
    let guest = ben.alone();
    ben.json(&["rsvp", &event, "yes"]);
    let kept = hub.event_once(&event, "the pub has what its member answered", |event| {
        event["provisional"][0]["feed"] == ben.feed.as_str()
    });
    assert_eq!(kept["author"], dan.feed.as_str());
    drop((running, guest, line));
}

#[test]
fn an_invite_is_good_to_its_last_millisecond_and_no_longer() {
    let network = Network::new();
    let (hub, ana) = (network.person("hub"), network.person("ana"));
    let home = klatch::home::Home::at(hub.home());
    let daemon = Daemon::start(&home, home.lock().unwrap(), Options::default()).unwrap();
    let handle = daemon.handle();
    let ask = |request| handle.call(Request::Pub(request)).unwrap();
    ask(PubRequest::Set { public: Some("pub.example:4747".to_owned()), max_disk: None, per_member: None });
    let Response::Pub(PubResponse::Invite(invited)) = ask(PubRequest::Invite { uses: 1, minutes: 1 }) else {
        panic!("no invite");
    };
    let line: InviteLine = invited.invite.parse().unwrap();
    let snapshot = handle.reader().snapshot().unwrap();
    let code_at = |now_ms| {
        let feed = ana.feed.parse().unwrap();
        let answer = members::redeem(&snapshot, handle.me(), feed, &line.secret.digest(), now_ms).unwrap().1;
        Code::of(answer.code)
    };
    assert_eq!(code_at(invited.expires_ms - 1), Code::Welcome);
    assert_eq!(code_at(invited.expires_ms), Code::Expired);
    assert!(Code::Expired.refusal().unwrap().contains("expired"));
}

#[test]
fn an_invite_lets_in_as_many_as_it_says_and_a_member_again_without_a_use() {
    let network = Network::new();
    let (hub, ana, ben) = (network.person("hub"), network.person("ana"), network.person("ben"));
    let running = open(&hub, &[]);
    let line = invite(&hub, "1");
    join(&ana, &line);
    join(&ana, &line);
    assert!(ben.refused(&["join", &line, "--lan", "off"]).contains("used up"));
    let wrong = format!("{}{}", &line[..line.len() - 32], "0".repeat(32));
    assert!(ben.refused(&["join", &wrong, "--lan", "off"]).contains("does not know this invite"));
    let misread = ben.refused(&["join", &line[..line.len() - 1], "--lan", "off"]);
    assert!(misread.contains("32 hex digits"), "{misread}");
    let members = hub.json(&["pub", "members"]);
    assert_eq!((members.as_array().unwrap().len(), &members[0]["feed"]), (1, &ana.feed.as_str().into()));
    drop(running);
}

#[test]
fn a_removed_member_is_told_so_and_their_log_is_dropped_where_nobody_needs_it() {
    let network = Network::new();
    let (hub, ana) = (network.person("hub"), network.person("ana"));
    let running = open(&hub, &[]);
    let line = invite(&hub, "1");
    join(&ana, &line);
    let node = ana.alone();
    eventually("the pub has the member's log", || {
        (hub.json(&["pub", "members"])[0]["entries"].as_u64()? > 0).then_some(())
    });
    node.stop();
    assert_eq!(hub.json(&["pub", "remove", &ana.feed])["kept"], false);
    assert_eq!(hub.json(&["pub", "status"])["feeds"], 1, "its own log alone");
    assert!(hub.refused(&["pub", "remove", &ana.feed]).contains("removed already"));
    assert!(ana.refused(&["join", &line, "--lan", "off"]).contains("removed you"));
    hub.json(&["pub", "remove", "--undo", &ana.feed]);
    assert!(ana.refused(&["join", &line, "--lan", "off"]).contains("used up"), "a use is used");
    join(&ana, &invite(&hub, "1"));
    drop(running);
}

#[test]
fn past_a_members_limit_the_pub_keeps_no_more_says_so_and_goes_on() {
    let network = Network::new();
    let (hub, ana, ben) = (network.person("hub"), network.person("ana"), network.person("ben"));
    let running = open(&hub, &["--per-member", "4K"]);
    let line = invite(&hub, "2");
    join(&ana, &line);
    join(&ben, &line);
    let node = ana.alone();
    let event = ana.schedules("Tea");
    let text = "x".repeat(3000);
    hub.event_once(&event, "what fits is kept", |event| event["place"] == "Café");
    ana.json(&["comment", &event, &text]);
    ana.json(&["comment", &event, &text]);
    let refused = eventually("the pub says what it refuses", || {
        let status = hub.json(&["pub", "status"]);
        status["refused"].get(0).filter(|refused| refused["feed"] == ana.feed.as_str()).cloned()
    });
    assert_eq!(refused["reason"], "the limit of one member is reached");
    assert!(refused["bytes"].as_u64().unwrap() <= 4096);
    // The pub's own posts and other members go on, and nobody is cut off.
    hub.schedules("Open house");
    let other = ben.alone();
    let theirs = ben.schedules("Cake");
    hub.event_once(&theirs, "others are kept", |event| event["title"] == "Cake");
    assert_eq!(hub.json(&["peers"]).as_array().unwrap().len(), 2);
    drop((running, node, other));
}

#[test]
fn a_pub_says_how_it_stands_without_running() {
    let network = Network::new();
    let hub = network.person("hub");
    assert!(hub.refused(&["pub", "status"]).contains("no pub"));
    assert!(hub.refused(&["pub", "invite"]).contains("no pub"));
    open(&hub, &["--max-disk", "1M"]).stop();
    let line = invite(&hub, "3");
    assert!(line.starts_with("klatch:join/1/127.0.0.1:"), "{line}");
    let status = hub.json(&["pub", "status"]);
    assert_eq!((&status["bytes_max"], &status["invites"]), (&(1 << 20).into(), &1.into()));
    assert!(status["connections"].is_null());
    for (uses, problem) in [("0", "1 to 10000"), ("10001", "1 to 10000")] {
        assert!(hub.refused(&["pub", "invite", "--uses", uses]).contains(problem));
    }
    assert!(hub.refused(&["pub", "invite", "--expires", "367d"]).contains("366 days"));
}

#[test]
fn who_is_no_pub_and_who_is_not_there_are_told_apart() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    let node = ana.alone();
    let line = format!("klatch:join/1/{}/{}/{}", node.address(), ana.feed, "0".repeat(32));
    assert!(ben.refused(&["join", &line, "--lan", "off"]).contains("no pub"));
    node.stop();
    assert!(ben.refused(&["join", &line, "--lan", "off"]).contains("cannot be reached"));
}

/// Writes local facts of a home that nobody runs.
fn notes(person: &Person, network: &Network, facts: &[(&str, Vec<u8>, Vec<u8>)]) {
    let text = std::fs::read_to_string(network.file()).unwrap();
    let net = klatch::network::Network::parse(&text).unwrap().id();
    let mut store = klatch_store::Store::open(person.home(), net, person.feed.parse().unwrap()).unwrap();
    let sets: Vec<_> = facts.iter().map(|(space, key, value)| (*space, &key[..], Some(&value[..]))).collect();
    store.set_local(&sets).unwrap();
}

/// Key number `n` of a fact about a feed, or a secret.
fn numbered(n: u32) -> Vec<u8> {
    (0..8).flat_map(|_| (n + 1).to_be_bytes()).collect()
}

#[test]
fn a_pub_has_a_thousand_invites_open_at_once_and_no_more() {
    let network = Network::new();
    let hub = network.person("hub");
    open(&hub, &[]).stop();
    let open_one = |uses: u32, expires_ms: u64| {
        serde_json::json!({ "uses": uses, "used": 0, "expires_ms": expires_ms }).to_string().into_bytes()
    };
    let far = klatch::clock::now_ms() + 3_600_000;
    let mut facts: Vec<_> = (0..998).map(|n| ("invite", numbered(n), open_one(1, far))).collect();
    // Those that are over count no more.
    facts.extend((998..1_010).map(|n| ("invite", numbered(n), open_one(1, 1))));
    notes(&hub, &network, &facts);
    invite(&hub, "1");
    invite(&hub, "1");
    let refused = hub.refused(&["pub", "invite"]);
    assert!(refused.contains("1000 invites are open already"), "{refused}");
    notes(&hub, &network, &[("invite", numbered(0), open_one(1, 1))]);
    invite(&hub, "1");
    hub.refused(&["pub", "invite"]);
}

#[test]
fn a_pub_takes_ten_thousand_members_and_no_more() {
    let network = Network::new();
    let (hub, ana, ben) = (network.person("hub"), network.person("ana"), network.person("ben"));
    let members: Vec<_> =
        (0..9_999).map(|n| ("member", numbered(n), br#"{"since_ms":1}"#.to_vec())).collect();
    notes(&hub, &network, &members);
    let running = open(&hub, &[]);
    let line = invite(&hub, "9");
    assert_eq!(hub.json(&["pub", "status"])["members"], 9_999);
    join(&ana, &line);
    assert_eq!(hub.json(&["pub", "status"])["members"], 10_000);
    let refused = ben.refused(&["join", &line, "--lan", "off"]);
    assert!(refused.contains("takes no more members"), "{refused}");
    join(&ana, &line); // She is in.
    hub.json(&["pub", "remove", &ana.feed]);
    join(&ben, &line);
    assert_eq!(hub.json(&["pub", "status"])["members"], 10_000);
    running.stop();
}
