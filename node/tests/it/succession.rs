//! Going on under another key, with real nodes: what forked is one log again, and all that hung on it stays.

use serde_json::Value;

use crate::person::{Network, Person, Up, eventually};
use crate::recovery::Pub;

const QUICK: [&str; 7] = ["up", "--lan", "off", "--listen", "127.0.0.1:0", "--settle-ms", "300"];

fn group(person: &Person, title: &str) -> String {
    person.json(&["group", "create", title])["id"].as_str().unwrap().to_owned()
}

fn entries(person: &Person) -> u64 {
    person.json(&["id"])["entries"].as_u64().unwrap()
}

fn meets(person: &Person, other: &Person, up: &Up) {
    person.json(&["peer", "add", &format!("{}@{}", other.feed, up.address())]);
}

/// Goes on under the next key; the same home, whose owner has another id now.
pub(crate) fn succeeds(person: &mut Person, args: &[&str]) -> Value {
    let args = [&["succeed", "--json"], args].concat();
    let done = person.typed(&args, &format!("{}\n", person.words));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let made: Value = serde_json::from_slice(&done.stdout).unwrap();
    person.feed = made["feed"].as_str().unwrap().to_owned();
    made
}

fn said(person: &Person, args: &[&str], typed: &str) -> String {
    let done = person.typed(args, typed);
    assert_eq!(done.status.code(), Some(1), "klatch {args:?}");
    String::from_utf8(done.stderr).unwrap()
}

fn posting(person: &Person, state: &str) -> Value {
    eventually("posting is as it should be", || {
        let view = person.json(&["recover"]);
        (view["posting"] == state).then_some(view)
    })
}

/// What `klatch follows` says of the one person whom `person` follows.
fn followed(person: &Person) -> Value {
    let lines = person.json(&["follows"]);
    let lines = lines.as_array().unwrap();
    assert_eq!(lines.len(), 1, "one person: {lines:?}");
    lines[0].clone()
}

/// Waits until `person` follows whoever `whom` is now, with so many entries of the log before and of this one.
fn sees(person: &Person, whom: &Person, before: u64, now: u64) -> Value {
    eventually("the successor is followed", || {
        let line = followed(person);
        let is_so = line["feed"] == whom.feed.as_str()
            && line["before"][0]["entries"] == before
            && line["entries"] == now
            && line["cap"] == Value::Null;
        is_so.then_some(line)
    })
}

/// An event as everybody agrees on it, by its bytes.
fn event(person: &Person, id: &str) -> Vec<u8> {
    person.run(&["event", "show", id, "--json"]).stdout
}

const EVENT: [&str; 8] =
    ["--start", "2030-12-01T18:30", "--tz", "Europe/Lisbon", "--duration", "2h", "--capacity", "2"];

#[test]
fn a_fork_by_two_copies_ends_in_one_branch_with_its_seats_and_rights_on_every_node() {
    let network = Network::new();
    let mut ana = network.person("ana");
    let first = ana.feed.clone();
    let (ben, cai) = (network.person("ben"), network.person("cai"));
    let (ben_up, cai_up) = (ben.alone(), cai.alone());
    let tea = group(&ana, "Tea");
    let up = ana.alone();
    for person in [&ben, &cai] {
        person.json(&["follow", &ana.feed, "--as", "Ana of tea"]);
        meets(person, &ana, &up);
    }
    let scheduled = [&["event", "schedule", "Tea", "--title", "First pot"][..], &EVENT].concat();
    let pot = ana.json(&scheduled)["id"].as_str().unwrap().to_owned();
    eventually("Ben has heard of it", || ben.run(&["event", "show", &pot]).status.success().then_some(()));
    ben.json(&["rsvp", &pot, "yes"]);
    eventually("Ben is seated", || {
        let state: Value = serde_json::from_slice(&event(&ana, &pot)).ok()?;
        (state["seated"][0]["feed"] == ben.feed.as_str()).then_some(())
    });
    ana.json(&["follow", &cai.feed]);
    eventually("Cai is known", || (followed(&ana)["entries"] == 2).then_some(()));
    up.stop();
    let common = entries(&ana);

    // As a disk image does it: log, witness and key together.
    let mut twin = ana.copied("twin");
    let door = ana.json(&["event", "grant", &pot, "cai", "door"]);
    assert!(door["id"].is_string());
    group(&ana, "on this machine");
    group(&twin, "on that machine");
    let (one, two) = (ana.up(&QUICK), twin.up(&QUICK));
    for copy in [&ana, &twin] {
        meets(copy, &ben, &ben_up);
        meets(copy, &cai, &cai_up);
    }
    for copy in [&ana, &twin] {
        let view = posting(copy, "forked");
        assert!(view["why"].as_str().unwrap().contains("forked"), "{view}");
        let hint = String::from_utf8(copy.run(&["recover"]).stderr).unwrap();
        assert!(hint.contains("klatch succeed"), "{hint}");
    }
    eventually("Ben knows of the fork", || (followed(&ben)["cap"] == common).then_some(()));
    let running = said(&ana, &["succeed"], &format!("{}\n", ana.words));
    assert!(running.contains("in use by process"), "{running}");
    one.stop();

    let choose = said(&ana, &["succeed"], &format!("{}\n", ana.words));
    for part in ["forked", &format!("--keep {}", common + 2), &format!("--keep {common}"), "on this machine"]
    {
        assert!(choose.contains(part), "it says {part:?}: {choose}");
    }
    let other = said(&ana, &["succeed", "--keep", "1"], &format!("{}\n", ben.words));
    assert!(other.contains("another identity"), "{other}");
    let beyond = said(&ana, &["succeed", "--keep", "99"], &format!("{}\n", ana.words));
    assert!(beyond.contains(&format!("entries 1 to {}", common + 2)), "{beyond}");
    let keep = (common + 2).to_string();
    let made = succeeds(&mut ana, &["--keep", &keep]);
    assert_eq!(made["keep"], common + 2);
    assert_ne!(ana.feed, first);
    assert_eq!(ana.json(&["id"])["name"], "ana");
    let again = said(&ana, &["succeed"], &format!("{}\n", ana.words));
    assert!(again.contains("number 2 of at most") && again.contains("--keep 2"), "{again}");

    let up = ana.up(&QUICK);
    posting(&ana, "on");
    meets(&ana, &ben, &ben_up);
    meets(&ana, &cai, &cai_up);
    for person in [&ben, &cai] {
        let line = sees(person, &ana, common + 2, 2);
        assert_eq!(line["petname"], "Ana of tea", "{line}");
    }
    // The other copy hears of it too, drops its branch, and posts nothing.
    let view = posting(&twin, "succeeded");
    assert!(view["why"].as_str().unwrap().contains(&ana.feed), "{view}");
    assert!(twin.refused(&["group", "create", "more"]).contains("klatch succeed"));
    eventually("the twin has the branch that is kept", || (entries(&twin) == common + 2).then_some(()));
    let names = |person: &Person| {
        let groups = person.json(&["group", "list"]);
        let mut names: Vec<_> = groups
            .as_array()
            .unwrap()
            .iter()
            .map(|group| group["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    assert!(names(&ben).contains(&"on this machine".to_owned()), "the branch that was kept counts");

    // Rights go on: the organizer seats, updates and schedules, the door that was given on the branch holds.
    cai.json(&["rsvp", "First pot", "yes"]);
    eventually("Cai is seated by the new key", || {
        let state: Value = serde_json::from_slice(&event(&cai, &pot)).ok()?;
        let is_seated = state["seated"].as_array()?.len() == 2;
        let by = |line: &Value| line["by"] == ana.feed.as_str();
        (is_seated && state["seated"].as_array()?.iter().all(by)).then_some(())
    });
    ana.json(&["event", "update", "First pot", "--where", "Café Central"]);
    let second = [&["event", "schedule", "Tea", "--title", "Second pot"][..], &EVENT].concat();
    let second = ana.json(&second)["id"].as_str().unwrap().to_owned();
    for id in [&pot, &second] {
        let wanted =
            eventually("Ana's node has it", || Some(event(&ana, id)).filter(|bytes| !bytes.is_empty()));
        for person in [&ben, &cai, &twin] {
            eventually("everybody agrees", || (event(person, id) == wanted).then_some(()));
        }
    }
    let state: Value = serde_json::from_slice(&event(&ben, &pot)).unwrap();
    let roles: Vec<_> = state["hosts"].as_array().unwrap().iter().map(|line| line["feed"].clone()).collect();
    assert_eq!(roles, [Value::from(ana.feed.as_str()), Value::from(cai.feed.as_str())], "{state}");
    assert_eq!(state["place"], "Café Central");
    let shown = ben.json(&["group", "show", &tea]);
    assert_eq!(shown["founder"], ana.feed.as_str());

    // One person, in plain words.
    for args in [&["follows"][..], &["log", "Ana of tea"], &["log", &first]] {
        let shown = ben.run(args);
        let shown = String::from_utf8([shown.stdout, shown.stderr].concat()).unwrap();
        assert!(
            shown.contains("under this key") || shown.contains("earlier key") || shown.contains("new key"),
            "{shown}"
        );
    }
    let shown = String::from_utf8(ben.run(&["event", "show", "First pot"]).stdout).unwrap();
    assert!(shown.contains("Ana of tea"), "{shown}");
    for person in [&ana, &ben, &cai] {
        assert_eq!(person.json(&["verify"])["problems"], serde_json::json!([]), "{}", person.name);
    }

    // The other machine comes along: the same key there, and it posts only when it is sure.
    two.stop();
    let along = succeeds(&mut twin, &[]);
    assert_eq!((twin.feed.as_str(), along.get("keep")), (ana.feed.as_str(), None));
    assert!(twin.refused(&["group", "create", "too early"]).contains("recovery words"));
    up.stop();
    drop((ben_up, cai_up));
}

#[test]
fn who_was_revoked_stays_revoked_and_blocks_hold_under_the_new_key() {
    let network = Network::new();
    let (ana, mut mal) = (network.person("ana"), network.person("mal"));
    let ben = network.person("ben");
    let (ana_up, mal_up) = (ana.alone(), mal.alone());
    let tea = group(&ana, "Tea");
    for person in [&ana, &mal] {
        let (other, up) = if person.name == "ana" { (&mal, &mal_up) } else { (&ana, &ana_up) };
        person.json(&["follow", &other.feed]);
        meets(person, other, up);
    }
    eventually("Mal is known", || (followed(&ana)["entries"] == 2).then_some(()));
    ana.json(&["group", "grant", "Tea", "mal", "organizer"]);
    ana.json(&["group", "revoke", "Tea", "mal"]);
    let cut = |person: &Person| {
        let shown: Value =
            serde_json::from_slice(&person.run(&["group", "show", &tea, "--json"]).stdout).ok()?;
        shown["roles"].as_array()?.iter().find(|line| line["role"] == "organizer").cloned()
    };
    eventually("Mal is told", || cut(&mal).filter(|line| line["cut"] == 2));
    mal_up.stop();
    let before = mal.feed.clone();
    succeeds(&mut mal, &[]);
    let up = mal.alone();
    meets(&mal, &ana, &ana_up);
    sees(&ana, &mal, 2, 2);
    let line = cut(&ana).unwrap();
    assert_eq!((&line["feed"], &line["cut"]), (&Value::from(mal.feed.as_str()), &Value::from(2)), "{line}");
    let refused = mal.run(&[&["event", "schedule", "Tea", "--title", "Mine"][..], &EVENT].concat());
    if refused.status.success() {
        // Whatever was written: it counts in no group.
        let id = mal.json(&["event", "list"])[0]["id"].as_str().unwrap().to_owned();
        eventually("it stands alone", || {
            let state: Value = serde_json::from_slice(&event(&ana, &id)).ok()?;
            (state["in_group"] == false).then_some(())
        });
    }
    // A block of the person holds for every key of theirs.
    ana.json(&["block", &before]);
    let lines = ana.json(&["follows"]);
    assert_eq!(lines.as_array().unwrap().len(), 1, "{lines}");
    assert_eq!(
        (&lines[0]["feed"], &lines[0]["blocked"]),
        (&Value::from(mal.feed.as_str()), &Value::from(true))
    );
    ana.json(&["follow", "mal"]);
    let line = followed(&ana);
    assert_eq!((&line["blocked"], &line["followed"]), (&Value::from(false), &Value::from(true)), "{line}");
    drop((up, ana_up, ben));
}

#[test]
fn from_the_words_alone_an_empty_machine_finds_the_latest_key_and_goes_on_to_the_next() {
    let network = Network::new();
    let mut ana = network.person("ana");
    let first = ana.feed.clone();
    group(&ana, "Tea");
    succeeds(&mut ana, &[]);
    let second = ana.feed.clone();
    group(&ana, "Coffee");
    let ben = network.person("ben");
    let ben_up = ben.alone();
    ben.json(&["follow", &second]);
    let up = ana.alone();
    meets(&ana, &ben, &ben_up);
    sees(&ben, &ana, 3, 3);
    up.stop();

    // The machine is gone. The words give the first key; who is met knows of the second.
    let mut new = ana.moved("new");
    let back = new
        .typed(&["init", "--recover", "--network", &network.file(), "--json"], &format!("{}\n", ana.words));
    let back: Value = serde_json::from_slice(&back.stdout).unwrap();
    assert_eq!(back["feed"], first.as_str());
    let nothing = said(&new, &["succeed"], &format!("{}\n", ana.words));
    assert!(nothing.contains("nothing of your log is here"), "{nothing}");
    let up = new.up(&QUICK);
    meets(&new, &ben, &ben_up);
    let view = posting(&new, "succeeded");
    assert!(view["why"].as_str().unwrap().contains(&second), "{view}");
    up.stop();
    succeeds(&mut new, &[]);
    assert_eq!(new.feed, second, "not a third one: the log went on already");
    let up = new.up(&QUICK);
    meets(&new, &ben, &ben_up);
    eventually("all of both logs is back", || (entries(&new) == 3).then_some(()));
    posting(&new, "recovering");
    up.stop();

    // Nobody else is left to say that this is all: it goes on under a third key, from what is here. Not by itself.
    let unsure = said(&new, &["succeed"], &format!("{}\n", new.words));
    for part in ["klatch up", "--keep 3", "Coffee"] {
        assert!(unsure.contains(part), "it says {part:?}: {unsure}");
    }
    succeeds(&mut new, &["--keep", "3"]);
    assert!(new.feed != first && new.feed != second);
    let made = group(&new, "Cocoa");
    let up = new.up(&QUICK);
    posting(&new, "on");
    meets(&new, &ben, &ben_up);
    let line = eventually("Ben follows the third", || {
        let line = followed(&ben);
        (line["feed"] == new.feed.as_str() && line["entries"] == 3).then_some(line)
    });
    let before: Vec<_> = line["before"].as_array().unwrap().iter().map(|log| log["feed"].clone()).collect();
    assert_eq!(before, [Value::from(first.as_str()), Value::from(second.as_str())], "{line}");
    for (title, role) in [("Tea", "owner"), ("Coffee", "owner"), ("Cocoa", "owner")] {
        let shown = new.json(&["group", "show", title]);
        assert_eq!(shown["founder"], new.feed.as_str(), "{title}");
        assert_eq!(shown["roles"][0]["role"], role);
    }
    eventually("Ben has it", || ben.run(&["group", "show", &made]).status.success().then_some(()));
    // No word and no key of recovery stays on the machine.
    let words = ana.words.split(' ').take(3).collect::<Vec<_>>().join(" ");
    for file in std::fs::read_dir(new.home()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(words.len()).any(|window| window == words.as_bytes()), "{path:?}");
        }
    }
    assert!(!new.home().join("feed.key.next").exists());
    up.stop();
    drop(ben_up);
}

#[test]
fn a_change_of_key_that_was_cut_off_is_finished_or_taken_back() {
    let network = Network::new();
    let mut ana = network.person("ana");
    let old = ana.feed.clone();
    let key = std::fs::read(ana.home().join("feed.key")).unwrap();
    // Killed before the store was the new key's: a key is there that nothing belongs to.
    std::fs::write(ana.home().join("feed.key.next"), "11".repeat(32) + "\n").unwrap();
    std::process::Command::new("chmod").arg("600").arg(ana.home().join("feed.key.next")).status().unwrap();
    assert_eq!(ana.json(&["id"])["feed"], old.as_str());
    assert!(!ana.home().join("feed.key.next").exists());
    let profile = ["profile", "--link", "https://example.org/ana"];
    ana.json(&profile);
    succeeds(&mut ana, &[]);
    assert!(ana.refused(&profile).contains("already"), "who one is goes along, links and all");
    let new = std::fs::read(ana.home().join("feed.key")).unwrap();
    // Killed right after: the store is the new key's, and the file is not there yet.
    std::fs::rename(ana.home().join("feed.key"), ana.home().join("feed.key.next")).unwrap();
    std::fs::write(ana.home().join("feed.key"), &key).unwrap();
    std::process::Command::new("chmod").arg("600").arg(ana.home().join("feed.key")).status().unwrap();
    assert_eq!(ana.json(&["id"])["feed"], ana.feed.as_str());
    assert_eq!(std::fs::read(ana.home().join("feed.key")).unwrap(), new);
    assert!(!ana.home().join("feed.key.next").exists());
    group(&ana, "and on");
}

#[test]
fn a_pub_keeps_a_member_who_goes_on_and_removes_the_person_whole() {
    let network = Network::new();
    let home = Pub::new(&network);
    let mut ana = network.person("ana");
    let up = ana.alone();
    home.takes_in(&ana);
    group(&ana, "Tea");
    let member = |entries: u64| {
        eventually("the pub keeps the member's log", || {
            let members = home.operator.json(&["pub", "members"]);
            assert_eq!(members.as_array().unwrap().len(), 1, "one person: {members}");
            (members[0]["entries"] == entries).then(|| members[0]["feed"].clone())
        })
    };
    assert_eq!(member(3), ana.feed.as_str());
    let old = ana.feed.clone();
    up.stop();
    succeeds(&mut ana, &[]);
    let up = ana.alone();
    assert_eq!(member(2), ana.feed.as_str(), "the invite was for the person, and the pub is still known");
    assert_eq!(home.operator.json(&["pub", "status"])["members"], 1);
    home.operator.json(&["pub", "remove", &old]);
    assert_eq!(home.operator.json(&["pub", "members"]), serde_json::json!([]));
    up.stop();
    // A change of who is who at the pub makes nobody a member again.
    home.up.stop();
    assert_eq!(home.operator.json(&["pub", "members"]), serde_json::json!([]));
    let again = home.operator.alone();
    assert_eq!(home.operator.json(&["pub", "members"]), serde_json::json!([]));
    again.stop();
}

#[test]
fn a_home_that_lacks_entries_known_to_exist_gives_none_up_by_itself() {
    let network = Network::new();
    let mut ana = network.person("ana");
    group(&ana, "Tea");
    let older = std::fs::read(ana.home().join("klatch.redb")).unwrap();
    group(&ana, "Coffee");
    std::fs::write(ana.home().join("klatch.redb"), older).unwrap();
    let (first, here) = (ana.feed.clone(), entries(&ana));
    let refused = said(&ana, &["succeed"], &format!("{}\n", ana.words));
    let known = format!("{} are known to exist, and {here} are here", here + 1);
    for part in [&known, "klatch up", &format!("--keep {here}"), "Tea"] {
        assert!(refused.contains(part), "it says {part:?}: {refused}");
    }
    assert_eq!(ana.json(&["id"])["feed"], first.as_str(), "nothing was done");
    let keep = here.to_string();
    assert_eq!(succeeds(&mut ana, &["--keep", &keep])["keep"], here);
}

#[test]
fn a_home_of_the_log_under_an_earlier_key_can_be_unmarked() {
    let network = Network::new();
    let (ana, mut ben) = (network.person("ana"), network.person("ben"));
    let (up, ben_up) = (ana.alone(), ben.alone());
    ana.json(&["follow", &ben.feed]);
    ana.json(&["peer", "home", &ben.feed]);
    meets(&ana, &ben, &ben_up);
    eventually("Ben is known", || (followed(&ana)["entries"] == 2).then_some(()));
    ben_up.stop();
    let before = ben.feed.clone();
    succeeds(&mut ben, &[]);
    let ben_up = ben.alone();
    meets(&ana, &ben, &ben_up);
    sees(&ana, &ben, 2, 2);
    ana.json(&["peer", "home", &before, "--off"]);
    ben_up.stop();
    up.stop();
    // Whatever carries facts over from one key to the next does so at every opening.
    ana.alone().stop();
    let text = std::fs::read_to_string(network.file()).unwrap();
    let net = klatch::network::Network::parse(&text).unwrap().id();
    let store = klatch_store::Store::open(ana.home(), net, ana.feed.parse().unwrap()).unwrap();
    let marked = store.reader().snapshot().unwrap().locals("home").unwrap();
    assert_eq!(marked, [], "under no key of his");
}
