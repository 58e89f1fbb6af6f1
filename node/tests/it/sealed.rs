//! Text for some eyes, through the program: who reads it, who does not, and that it leaves no other way.

use std::io::Write as _;
use std::process::Command;

use serde_json::Value;

use crate::person::{Network, PATIENCE, Person, eventually};
use crate::succession::succeeds;

fn sealed(person: &Person, event: &str) -> Vec<Value> {
    let local = person.json(&["event", "show", event, "--local"]);
    local["sealed"].as_array().cloned().unwrap_or_default()
}

fn texts(person: &Person, event: &str, purpose: &str) -> Vec<String> {
    let lines = sealed(person, event);
    let of = lines.iter().filter(|line| line["purpose"] == purpose);
    of.map(|line| line["text"].as_str().unwrap().to_owned()).collect()
}

fn answers(person: &Person, event: &str) -> Vec<(String, String)> {
    let lines = sealed(person, event);
    let pairs = lines.iter().filter_map(|line| line["answers"].as_array()).flatten();
    let text = |pair: &Value, field: &str| pair[field].as_str().unwrap().to_owned();
    pairs.map(|pair| (text(pair, "question"), text(pair, "answer"))).collect()
}

#[test]
fn the_seated_read_the_address_and_the_hosts_what_guests_answer() {
    let network = Network::new();
    let [ana, ben, cai] = ["ana", "ben", "cai"].map(|name| network.person(name));
    let when =
        ["--start", "2126-12-01T18:30", "--tz", "Europe/Lisbon", "--capacity", "1", "--where", "Alfama"];
    let more = ["--address", "Rua 1, ring twice", "--question", "Nuts?", "--question", "Dog?"];
    let made = ana.json(&[&["event", "schedule", "--title", "Tea"][..], &when, &more].concat());
    let event = made["id"].as_str().unwrap().to_owned();
    assert_eq!(texts(&ana, &event, "address"), ["Rua 1, ring twice"], "its author reads it");
    let line = ana.json(&["event", "share", &event])["line"].as_str().unwrap().to_owned();
    ben.json(&["open", &line]);
    cai.json(&["open", &line]);
    let _up = [ana.on_lan(), ben.on_lan(), cai.on_lan()];
    for person in [&ben, &cai] {
        person.event_once(&event, "the event comes", |event| event["questions"][1] == "Dog?");
    }
    assert!(
        ben.refused(&["rsvp", &event, "yes", "--answer", "no", "--answer", "no", "--answer", "?"])
            .contains("2")
    );
    assert!(ben.refused(&["rsvp", &event, "yes", "--answer", &"x".repeat(501)]).contains("500"));
    ben.json(&["rsvp", &event, "yes", "--answer", "no nuts", "--answer", "a dog"]);
    eventually("ben reads the address", || {
        (texts(&ben, &event, "address") == ["Rua 1, ring twice"]).then_some(())
    });
    cai.json(&["rsvp", &event, "yes", "--answer", "", "--answer", "two dogs"]);
    cai.event_once(&event, "cai waits", |event| event["waiting"].as_array().unwrap().len() == 1);
    let pair = |question: &str, answer: &str| (question.to_owned(), answer.to_owned());
    let wanted = [pair("Dog?", "a dog"), pair("Dog?", "two dogs"), pair("Nuts?", "no nuts")];
    eventually("the host reads the answers", || {
        let mut read = answers(&ana, &event);
        read.sort();
        (read == wanted).then_some(())
    });
    assert_eq!(texts(&cai, &event, "address"), Vec::<String>::new(), "who waits does not read it");
    assert_eq!(answers(&cai, &event), [pair("Dog?", "two dogs")], "their own, and no other's");
    // A changed answer to one question leaves the other as it was; a changed address goes to who has the seat now.
    ben.json(&["rsvp", &event, "no", "--answer", "a few nuts"]);
    eventually("cai reads the address", || {
        (texts(&cai, &event, "address") == ["Rua 1, ring twice"]).then_some(())
    });
    ana.json(&["event", "update", &event, "--address", "Rua 2"]);
    eventually("cai reads the new one", || (texts(&cai, &event, "address") == ["Rua 2"]).then_some(()));
    assert_eq!(texts(&ben, &event, "address"), ["Rua 1, ring twice"], "what ben could read, ben keeps");
    eventually("the host reads what changed", || {
        let read = answers(&ana, &event);
        let changed = read.contains(&pair("Nuts?", "a few nuts")) && read.contains(&pair("Dog?", "a dog"));
        (changed && !read.contains(&pair("Nuts?", "no nuts"))).then_some(())
    });
    let screen = String::from_utf8(ana.run(&["event", "show", &event]).stdout).unwrap();
    assert!(
        screen.contains("Rua 2") && screen.contains("Nuts?") && screen.contains("a few nuts"),
        "{screen}"
    );
    nothing_of_it_leaves(&ana, &event, &["Rua 1", "Rua 2", "nuts", "dogs"]);
    let log = ana.json(&["log"]);
    let sealed = log.as_array().unwrap().iter().filter(|entry| entry["kind"] == 262).count();
    assert_eq!(sealed, 4, "for its author, for ben, for cai, and the new one: nobody is told twice");
}

/// In whatever is written for others to read, no word of what is sealed stands.
fn nothing_of_it_leaves(person: &Person, event: &str, words: &[&str]) {
    for what in [
        &["export", "ics", event][..],
        &["export", "csv", event],
        &["export", "jsonld", event],
        &["export", "feed"],
        &["event", "show", event, "--json"],
        &["event", "list"],
        &["log"],
    ] {
        let output = person.run(what);
        assert!(output.status.success(), "{what:?}");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!said.is_empty(), "{what:?}");
        for word in words {
            assert!(!said.contains(word), "{what:?} says {word:?}");
        }
    }
}

#[test]
fn feedback_is_from_who_was_there_and_for_the_hosts() {
    let network = Network::new();
    let [ana, ben, cai] = ["ana", "ben", "cai"].map(|name| network.person(name));
    let event = ana.schedules("Tea");
    let line = ana.json(&["event", "share", &event])["line"].as_str().unwrap().to_owned();
    ben.json(&["open", &line]);
    cai.json(&["open", &line]);
    let _up = [ana.on_lan(), ben.on_lan(), cai.on_lan()];
    for person in [&ben, &cai] {
        person.event_once(&event, "the event comes", |event| event["title"] == "Tea");
        person.json(&["rsvp", &event, "yes"]);
    }
    assert!(ben.refused(&["event", "feedback", &event, "Loud"]).contains("who was there"));
    ana.event_once(&event, "both are seated", |event| event["seated"].as_array().unwrap().len() == 2);
    let (mut door, opened) = ana.lines(&["door", &event]);
    opened.recv_timeout(PATIENCE).expect("the door opens");
    ben.json(&["checkin", &event]);
    ben.event_once(&event, "ben is in", |event| !event["attendance"].as_array().unwrap().is_empty());
    assert!(ben.refused(&["event", "feedback", &event, &"x".repeat(2001)]).contains("2000"));
    ben.json(&["event", "feedback", &event, "Too loud.\nFine else."]);
    eventually("the host reads it", || {
        (texts(&ana, &event, "feedback") == ["Too loud.\nFine else."]).then_some(())
    });
    cai.event_once(&event, "cai sees ben's log", |event| !event["attendance"].as_array().unwrap().is_empty());
    assert!(sealed(&cai, &event).is_empty(), "another guest does not");
    assert_eq!(texts(&ben, &event, "feedback"), ["Too loud.\nFine else."], "who wrote it does");
    nothing_of_it_leaves(&ana, &event, &["Too loud"]);
    door.kill().unwrap();
    door.wait().unwrap();
}

#[test]
fn another_implementation_opens_the_vectors() {
    let python = std::env::var_os("KLATCH_PYTHON").unwrap_or_else(|| "python3".into());
    let ready =
        Command::new(&python).args(["-c", "from cryptography.hazmat.primitives import hpke"]).output();
    if !ready.is_ok_and(|output| output.status.success()) {
        let absent = format!("{} with the package cryptography is not here", python.display());
        assert!(std::env::var_os("KLATCH_REQUIRE").is_none(), "{absent}");
        let _ = writeln!(std::io::stderr(), "SKIPPED: sealed text beside another HPKE: {absent}");
        return;
    }
    let root = env!("CARGO_MANIFEST_DIR");
    let file = format!("{root}/../spec/vectors/posts/sealed.json");
    let run =
        Command::new(&python).arg(format!("{root}/tests/sealed_reader.py")).arg(&file).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let read = String::from_utf8(run.stdout).unwrap();
    let read: Vec<Value> = read.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() >= 15 && read.len() == cases.len());
    for (case, read) in cases.iter().zip(&read) {
        assert_eq!(*read, serde_json::json!([case["what"], case["verdict"], case["text"]]));
    }
}

#[test]
fn under_a_new_key_one_reads_what_is_sealed_from_then_on() {
    let network = Network::new();
    let [mut ana, mut ben] = ["ana", "ben"].map(|name| network.person(name));
    let when = ["--start", "2126-12-01T18:30", "--tz", "Europe/Lisbon", "--where", "Alfama"];
    let more = ["--address", "Rua 1, ring twice", "--question", "Nuts?"];
    let made = ana.json(&[&["event", "schedule", "--title", "Tea"][..], &when, &more].concat());
    let event = made["id"].as_str().unwrap().to_owned();
    let line = ana.json(&["event", "share", &event])["line"].as_str().unwrap().to_owned();
    ben.json(&["open", &line]);
    let (ana_up, ben_up) = (ana.on_lan(), ben.on_lan());
    ben.event_once(&event, "the event comes", |event| event["questions"][0] == "Nuts?");
    ben.json(&["rsvp", &event, "yes", "--answer", "no nuts"]);
    let no_nuts = [("Nuts?".to_owned(), "no nuts".to_owned())];
    let nothing = Vec::<String>::new();
    eventually("ben reads the address", || {
        (texts(&ben, &event, "address") == ["Rua 1, ring twice"]).then_some(())
    });
    eventually("the host reads the answer", || (answers(&ana, &event) == no_nuts).then_some(()));

    // A guest goes on: what was sealed for the key before stays shut, and the host's node seals the address again.
    ben_up.stop();
    succeeds(&mut ben, &[]);
    assert_eq!((texts(&ben, &event, "address"), answers(&ben, &event)), (nothing.clone(), vec![]));
    let ben_up = ben.on_lan();
    eventually("ben reads the address again", || {
        (texts(&ben, &event, "address") == ["Rua 1, ring twice"]).then_some(())
    });
    assert_eq!(answers(&ana, &event), no_nuts, "what was said under the key before is that person's word");

    // A host goes on: what guests said is to be said again, and so is the address, which who read it keeps.
    ana_up.stop();
    succeeds(&mut ana, &[]);
    assert_eq!((texts(&ana, &event, "address"), answers(&ana, &event)), (nothing, vec![]));
    let ana_up = ana.on_lan();
    let host = ana.feed.clone();
    ben.event_once(&event, "ana goes on", |event| event["hosts"][0]["feed"] == host.as_str());
    assert_eq!(texts(&ben, &event, "address"), ["Rua 1, ring twice"]);
    ben.json(&["rsvp", &event, "yes", "--answer", "a few nuts"]);
    ana.json(&["event", "update", &event, "--address", "Rua 2"]);
    eventually("the host reads the answer under the new key", || {
        (answers(&ana, &event) == [("Nuts?".to_owned(), "a few nuts".to_owned())]).then_some(())
    });
    eventually("ben reads the new address", || (texts(&ben, &event, "address") == ["Rua 2"]).then_some(()));
    drop((ana_up, ben_up));
}
