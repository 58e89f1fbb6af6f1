//! Comments with replies, announcements, thanks; polls that become events; profiles. Through the program.

use serde_json::Value;

use crate::person::{Network, Person};

fn comments(person: &Person, event: &str) -> Vec<Value> {
    person.json(&["event", "show", event, "--local"])["comments"].as_array().unwrap().clone()
}

#[test]
fn a_reply_stands_below_its_comment_and_only_a_host_announces() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    let event = ana.schedules("Tea");
    let line = ana.json(&["event", "share", &event])["line"].as_str().unwrap().to_owned();
    ben.json(&["open", &line]);
    let _up = [ana.on_lan(), ben.on_lan()];
    ben.event_once(&event, "the event comes", |event| event["title"] == "Tea");
    let question = ben.json(&["comment", &event, "Is there cake?"])["id"].as_str().unwrap().to_owned();
    let said = ben.refused(&["comment", &event, "Bring cake!", "--announce"]);
    assert!(said.contains("takes a host"), "{said}");
    assert!(ben.refused(&["comment", &event, "Thanks!", "--thanks"]).contains("who was there"));
    crate::person::eventually("the question reaches the host", || {
        comments(&ana, &event).iter().any(|one| one["id"] == question.as_str()).then_some(())
    });
    ana.json(&["comment", &event, "Doors open at six", "--announce"]);
    ana.json(&["comment", &question[..14], "There is"]);
    let shown = comments(&ana, &event);
    let told: Vec<_> = shown.iter().map(|one| (&one["text"], &one["depth"], &one["tone"])).collect();
    assert_eq!(
        told,
        [
            (&"Is there cake?".into(), &Value::Null, &Value::Null),
            (&"There is".into(), &1.into(), &Value::Null),
            (&"Doors open at six".into(), &Value::Null, &"announcement".into()),
        ]
    );
    let screen = String::from_utf8(ana.run(&["event", "show", &event]).stdout).unwrap();
    assert!(
        screen.contains("announces") && screen.contains("    There is") || screen.contains("There is"),
        "{screen}"
    );
}

#[test]
fn a_poll_is_voted_on_and_settled_by_who_asked_into_an_event() {
    let network = Network::new();
    let ana = network.person("ana");
    let group = ana.json(&["group", "create", "Tea"])["id"].as_str().unwrap().to_owned();
    let ask = ["poll", "create", &group, "--question", "Second pot?", "--tz", "Europe/Lisbon"];
    let option = |start| ["--option", start];
    let made = ana.json(&[&ask[..], &option("2126-12-03T18:30"), &option("2126-12-04 18:30")].concat());
    let poll = made["id"].as_str().unwrap();
    assert!(ana.refused(&["poll", "vote", poll, "3"]).contains("1 to 2"));
    ana.json(&["poll", "vote", poll, "1", "2"]);
    ana.json(&["poll", "vote", poll, "2126-12-04"]);
    let shown = ana.json(&["poll", "show", poll]);
    let yes: Vec<_> = (0..2).map(|at| shown["options"][at]["yes"].as_array().unwrap().len()).collect();
    assert_eq!(
        (yes, &shown["votes"], &shown["settled"]),
        (vec![0, 1], &1.into(), &Value::Null),
        "the last vote"
    );
    let screen = String::from_utf8(ana.run(&["group", "show", &group]).stdout).unwrap();
    assert!(screen.contains("Second pot?"), "{screen}");
    let event = ana.json(&["poll", "settle", poll, "2", "--where", "Café", "--capacity", "4"]);
    let state = ana.event(event["id"].as_str().unwrap()).unwrap();
    let fields = ["title", "start", "zone", "place"].map(|name| state[name].as_str().unwrap());
    assert_eq!(fields, ["Second pot?", "2126-12-04T18:30", "Europe/Lisbon", "Café"]);
    assert_eq!((&state["in_group"], &state["capacity"]), (&true.into(), &4.into()));
    assert_eq!(ana.json(&["poll", "show", poll])["settled"], event["id"]);
    assert!(ana.refused(&["poll", "settle", poll, "1"]).contains("settled"));
    assert!(ana.refused(&["poll", "vote", poll, "1"]).contains("settled"));
    let gap = ["poll", "create", &group, "--question", "When?", "--tz", "Europe/Lisbon"];
    let skipped = ana.refused(&[&gap[..], &option("2027-03-28T01:30"), &option("2027-03-29T01:30")].concat());
    assert!(skipped.contains("01:30") || skipped.contains("skip"), "{skipped}");
}

#[test]
fn a_profile_keeps_what_is_not_named_and_a_follow_is_published_only_when_told() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    ana.json(&["profile", "--about", "Tea", "--link", "https://example.org/ana"]);
    assert!(ana.refused(&["profile", "--link", "javascript:alert(1)"]).contains("is no link like https://"));
    ana.json(&["profile", "--name", "Ana M."]);
    assert_eq!(ana.json(&["id"])["name"], "Ana M.");
    assert!(ana.refused(&["profile", "--name", "Ana M."]).contains("already"));
    assert!(ana.refused(&["profile", "--about", "Tea"]).contains("already"), "the text stayed");
    assert!(ana.refused(&["profile"]).contains("--name"));
    let kinds = |person: &Person| -> Vec<u64> {
        let log = person.json(&["log"]);
        log.as_array().unwrap().iter().map(|entry| entry["kind"].as_u64().unwrap()).collect()
    };
    let file = network.file().replace("network.json", "ben.feed");
    ben.run(&["export", "feed", "--out", &file]);
    ana.json(&["import", &file]);
    ana.json(&["follow", &ben.feed]);
    assert!(!kinds(&ana).contains(&257), "following is nobody's business");
    ana.json(&["follow", &ben.feed, "--publish"]);
    assert!(kinds(&ana).contains(&257));
}
