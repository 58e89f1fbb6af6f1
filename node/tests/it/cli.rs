//! Transcripts of the command line, without a node: what people and scripts see.

use serde_json::json;

use crate::fresh::Fresh;

/// An organizer with a group and an event of two seats.
fn organizer() -> (Fresh, String) {
    let ana = Fresh::named("Ana");
    ana.ok(&["group", "create", "Lisbon Rust"]);
    let event = ana.json(&[
        "event",
        "schedule",
        "Lisbon Rust",
        "--title",
        "Tea and Rust",
        "--start",
        "2126-12-01T18:30",
        "--tz",
        "Europe/Lisbon",
        "--where",
        "Café Central",
        "--about",
        "Bring a cup",
        "--capacity",
        "2",
    ]);
    (ana, event["id"].as_str().unwrap().to_owned())
}

#[test]
fn init_names_the_feed_and_shows_24_words_once() {
    let home = Fresh::empty();
    let made = home.json(&["init", "--name", "Ana"]);
    assert!(made["feed"].as_str().unwrap().starts_with("feed1"));
    assert_eq!(made["name"], "Ana");
    let words = made["words"].as_str().unwrap();
    assert_eq!(words.split(' ').count(), 24);
    assert_eq!(home.json(&["id"])["feed"], made["feed"]);
    for entry in std::fs::read_dir(home.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let three = words.split(' ').take(3).collect::<Vec<_>>().join(" ");
        assert!(
            !bytes.windows(three.len()).any(|window| window == three.as_bytes()),
            "words are kept nowhere"
        );
    }
}

#[test]
fn the_words_go_to_standard_error_and_the_id_to_standard_output() {
    let home = Fresh::empty();
    let ended = home.run(&["init", "--name", "Ana"]);
    let shown = ended.err.lines().filter(|line| line.starts_with("  ")).count();
    assert_eq!((ended.code, shown), (0, 6), "{}", ended.err);
    assert_eq!(ended.out, home.ok(&["id"]));
}

#[test]
fn who_answers_again_means_the_people_they_bring_too_unless_they_say_otherwise() {
    let (ana, id) = organizer();
    let party = |ana: &Fresh| {
        let event = ana.json(&["event", "show", &id]);
        let mut lines = ["seated", "provisional", "unranked", "maybe"].iter();
        lines.find_map(|list| event[list][0]["party"].as_u64()).unwrap()
    };
    for (answer, persons) in [
        (&["yes", "--guests", "1"][..], 2),
        (&["yes"], 2),
        (&["maybe"], 2),
        (&["yes"], 2),
        (&["yes", "--guests", "0"], 1),
        (&["yes"], 1),
    ] {
        ana.ok(&[&["rsvp", &id], answer].concat());
        assert_eq!(party(&ana), persons, "{answer:?}");
    }
}

#[test]
fn an_event_is_shown_with_its_seats_in_the_zones_of_place_and_reader() {
    let (ana, id) = organizer();
    ana.ok(&["rsvp", "tea and rust", "yes", "--guests", "1"]);
    let line = ana.json(&["event", "admit", "Tea and Rust"])["id"].as_str().unwrap()[..14].to_owned();
    ana.ok(&["comment", "Tea and Rust", "see you there"]);
    let shown = ana.ok(&["event", "show", "Tea and Rust"]);
    let wanted = format!(
        "Tea and Rust  {id}\n  \
           when   Sun 1 Dec 2126, 18:30–20:30 Europe/Lisbon\n         \
                  19:30 in Europe/Berlin\n  \
           where  Café Central\n  \
           group  Lisbon Rust\n  \
           owner  Ana, gives 2 seats\n  \
           seats  2 of 2 seats taken\n  \
           you    have a seat · {line}\n\n  \
           Bring a cup\n\n\
         have a seat\n  \
           Ana  +1  by Ana\n\n\
         comments\n  "
    );
    assert!(shown.starts_with(&wanted), "{shown}");
    assert!(shown.ends_with("\n    see you there\n"), "{shown}");
    let listed = ana.ok(&["event", "list"]);
    assert!(
        listed.starts_with("Sun 1 Dec 2126, 18:30  Tea and Rust  Café Central  2 of 2 seats taken"),
        "{listed}"
    );
    // What was said of it as it was scheduled is no change, what is said later is one.
    assert_eq!(ana.json(&["event", "show", &id])["revision"], json!(1));
    ana.ok(&["event", "update", &id, "--about", "Bring two"]);
    let shown = ana.ok(&["event", "show", &id]);
    assert!(shown.contains("\n  changed  1 time\n"), "{shown}");
}

#[test]
fn show_as_json_is_the_folded_state_and_local_adds_what_only_this_node_knows() {
    let (ana, id) = organizer();
    let shown = ana.json(&["event", "show", &id]);
    assert_eq!((&shown["id"], &shown["capacity"]), (&json!(id), &json!(2)));
    for local in ["start_ms", "names", "mine", "delivery"] {
        assert!(shown.get(local).is_none(), "{local} is not state");
    }
    assert_eq!(ana.ok(&["event", "show", &id, "--json"]), ana.ok(&["event", "show", &id, "--json", "-q"]));
    ana.ok(&["rsvp", &id, "yes"]);
    let local = ana.json(&["event", "show", &id, "--local"]);
    assert_eq!(local["event"]["id"], json!(id));
    assert_eq!((&local["mine"], &local["delivery"]), (&json!("provisional"), &json!("written")));
    ana.ok(&["event", "admit", &id]);
    let local = ana.json(&["event", "show", &id, "--local"]);
    assert_eq!((&local["mine"], &local["delivery"]), (&json!("seated"), &json!("seen")));
}

#[test]
fn things_are_found_by_id_beginning_title_and_petname() {
    let (ana, id) = organizer();
    let ben = Fresh::named("Ben").json(&["id"])["feed"].as_str().unwrap().to_owned();
    for name in [&id, &id[..12], "Tea and Rust", "TEA AND RUST"] {
        assert_eq!(ana.json(&["event", "show", name])["id"], json!(id), "{name}");
    }
    ana.ok(&["follow", &ben, "--as", "Benni"]);
    for name in [&ben, &ben[..12], "Benni"] {
        ana.ok(&["follow", name]);
    }
    let follows = ana.json(&["follows"]);
    assert_eq!(follows.as_array().unwrap().len(), 1);
    assert_eq!((&follows[0]["feed"], &follows[0]["petname"]), (&json!(ben), &json!("Benni")));
    ana.ok(&["unfollow", "Benni"]);
    assert_eq!(ana.json(&["follows"]), json!([]));
    ana.ok(&["block", "Benni"]);
    assert_eq!(ana.json(&["follows"])[0]["blocked"], json!(true));
}

#[test]
fn a_share_line_opens_on_another_home() {
    let (ana, id) = organizer();
    let shared = ana.json(&["event", "share", "Tea and Rust"]);
    assert_eq!(shared["reachable"], json!(false), "no node runs");
    let line = shared["line"].as_str().unwrap();
    assert!(line.starts_with(&format!("klatch:{id}?host=feed1")), "{line}");
    let ben = Fresh::named("Ben");
    let opened = ben.json(&["open", &format!("{line}&at=127.0.0.1:1"), "--for", "1s", "--lan", "off"]);
    assert_eq!((&opened["id"], &opened["addresses"]), (&json!(id), &json!(["127.0.0.1:1"])));
    assert_eq!(ben.json(&["follows"])[0]["feed"], opened["host"]);
}

#[test]
fn a_log_travels_as_a_file() {
    let (ana, id) = organizer();
    let file = ana.beside("ana.klatch");
    ana.ok(&["export", "feed", "--out", file.to_str().unwrap()]);
    let ben = Fresh::named("Ben");
    let imported = ben.json(&["import", file.to_str().unwrap()]);
    assert_eq!(imported["entries"], ana.json(&["id"])["entries"]);
    assert_eq!(ben.ok(&["event", "show", &id, "--json"]), ana.ok(&["event", "show", &id, "--json"]));
    let state = ["event", "show", "Tea and Rust", "--json"];
    ben.ok(&["rebuild"]);
    assert_eq!(ben.ok(&state), ana.ok(&state));
    let file = ben.json(&["compact"]);
    assert!(file["before"].as_u64() >= file["after"].as_u64() && file["after"].as_u64() > Some(0), "{file}");
    assert!(ben.ok(&["compact"]).ends_with(" bytes now\n"));
    assert_eq!(ben.ok(&state), ana.ok(&state));
    assert!(ben.ok(&["verify"]).ends_with("all good\n"));
}

#[test]
fn roles_are_given_and_taken() {
    let (ana, event) = organizer();
    let ben = Fresh::named("Ben");
    let file = ben.beside("ben.klatch");
    ben.ok(&["export", "feed", "--out", file.to_str().unwrap()]);
    ana.ok(&["import", file.to_str().unwrap()]);
    ana.ok(&["event", "grant", &event, "Ben", "host", "--quota", "1"]);
    let hosts = ana.json(&["event", "show", &event])["hosts"].clone();
    let quotas: Vec<_> = hosts.as_array().unwrap().iter().map(|line| line["quota"].clone()).collect();
    assert_eq!(quotas, [json!(1), json!(1)]);
    // A share can be given with a role that is there already.
    ana.ok(&["event", "grant", &event, "Ben", "host", "--quota", "1"]);
    assert_eq!(ana.json(&["event", "show", &event])["hosts"][1]["quota"], json!(2));
    ana.fails(&["event", "grant", &event, "Ben", "host"], 1, &["Ben is a host in", "already"]);
    ana.ok(&["event", "revoke", &event, "Ben"]);
    let hosts = ana.json(&["event", "show", &event])["hosts"].clone();
    assert_eq!(hosts[0]["quota"], json!(2), "what a cut host held returns: {hosts}");
    ana.fails(&["event", "revoke", &event, "Ana"], 1, &["senior"]);
}

#[test]
fn what_would_not_count_is_not_signed() {
    let (ana, _) = organizer();
    let file = ana.beside("ana.klatch");
    ana.ok(&["export", "feed", "--out", file.to_str().unwrap()]);
    let ben = Fresh::named("Ben");
    ben.ok(&["import", file.to_str().unwrap()]);
    let schedule = ["event", "schedule", "Lisbon Rust", "--title", "Mine", "--start", "2126-12-01T18:30"];
    ben.fails(&schedule, 1, &["you have no role in \"Lisbon Rust\", and this takes an organizer"]);
    ben.fails(&["event", "update", "Tea and Rust", "--title", "Mine"], 1, &["this takes an organizer"]);
    ben.fails(&["event", "cancel", "Tea and Rust"], 1, &["this takes an organizer"]);
    ben.fails(&["event", "admit", "Tea and Rust"], 1, &["this takes a host"]);
    ben.fails(&["group", "grant", "Lisbon Rust", "me", "host"], 1, &["somebody above that role"]);
    ben.fails(&["group", "revoke", "Lisbon Rust", "Ana"], 1, &["somebody senior"]);
    ben.fails(&["group", "leave", "Lisbon Rust"], 1, &["not a member"]);
    ben.fails(&["follow", "me"], 1, &["this is you"]);
    ben.fails(&["unfollow", "Ana"], 1, &["do not follow"]);
    assert_eq!(ben.json(&["id"])["entries"], 2);
}

#[test]
fn a_group_is_shown_with_names() {
    let (ana, event) = organizer();
    let (me, group) = (ana.ok(&["id"]), ana.json(&["group", "list"])[0]["id"].clone());
    let wanted = format!(
        "Lisbon Rust  {}\nowners and organizers schedule · 1 member, 1 event\n\n  \
           owner  Ana           {me}  event  Tea and Rust  {event}\n",
        group.as_str().unwrap()
    );
    assert_eq!(ana.ok(&["group", "show", "lisbon rust"]), wanted);
    assert_eq!(ana.json(&["group", "show", "Lisbon Rust"])["members"], json!([me.trim()]));
}

#[test]
fn an_update_changes_what_it_names_and_a_cancelled_event_stays_so() {
    let (ana, id) = organizer();
    ana.ok(&["event", "update", &id, "--where", "Jardim da Estrela", "--start", "2126-12-01 19:00"]);
    let shown = ana.json(&["event", "show", &id]);
    assert_eq!((&shown["place"], &shown["start"]), (&json!("Jardim da Estrela"), &json!("2126-12-01T19:00")));
    assert_eq!((&shown["title"], &shown["about"]), (&json!("Tea and Rust"), &json!("Bring a cup")));
    ana.ok(&["event", "cancel", &id, "--reason", "rain"]);
    assert_eq!(ana.json(&["event", "show", &id])["cancelled"], json!(true));
    ana.fails(&["event", "update", &id, "--title", "x"], 1, &["cancelled"]);
    ana.fails(&["rsvp", &id, "yes"], 1, &["cancelled"]);
}

#[test]
fn a_calendar_holds_what_is_mine() {
    let (ana, id) = organizer();
    let text = ana.ok(&["export", "ics"]);
    assert!(text.starts_with("BEGIN:VCALENDAR\r\n"), "{text}");
    assert!(text.contains("DTSTART;TZID=Europe/Lisbon:21261201T183000\r\n"), "{text}");
    assert_eq!(text, text.replace('\n', "\r\n").replace("\r\r", "\r"), "every line ends in CRLF");
    assert!(ana.ok(&["export", "ics", &id]).contains("SUMMARY:Tea and Rust"));
}

#[test]
fn what_is_posted_without_a_node_says_when_it_goes_out_and_quiet_says_nothing() {
    let home = Fresh::named("Ana");
    let ended = home.run(&["group", "create", "One"]);
    assert!(ended.err.contains("goes out when `klatch up` runs"), "{}", ended.err);
    assert_eq!(home.run(&["group", "create", "Two", "--quiet"]).err, "");
}

#[test]
fn colour_is_where_it_was_asked_for() {
    let (ana, _) = organizer();
    assert!(ana.ok(&["event", "list", "--color", "always"]).contains("\x1b[1mTea and Rust\x1b[0m"));
    for args in [&["event", "list"][..], &["event", "list", "--color", "always", "--json"]] {
        assert!(!ana.ok(args).contains('\x1b'), "{args:?}");
    }
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(Fresh::empty().ok(&["completions", shell]).contains("follows"), "{shell}");
    }
}

#[test]
fn a_reader_that_goes_away_has_had_enough() {
    let (ana, _) = organizer();
    let mut child = ana.command(&["log"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_events_of_a_group_are_listed_by_time() {
    let (ana, _) = organizer();
    for (title, start, zone) in [
        ("Fifth", "2126-12-05T18:30", "UTC"),
        ("First", "2125-12-01T18:30", "UTC"),
        ("Third", "2126-12-03T01:00", "UTC"),
        // The same day there, and hours earlier.
        ("Second", "2126-12-03T09:00", "Asia/Tokyo"),
        ("Fourth", "2126-12-04T18:30", "UTC"),
    ] {
        ana.ok(&["event", "schedule", "Lisbon Rust", "--title", title, "--start", start, "--tz", zone]);
    }
    let shown = ana.ok(&["group", "show", "Lisbon Rust"]);
    let calendar = ana.ok(&["export", "ics", "Lisbon Rust"]);
    for text in [shown, calendar] {
        let at = ["First", "Second", "Third", "Fourth", "Fifth"].map(|title| text.find(title).unwrap());
        assert!(at.is_sorted(), "{at:?} in {text}");
    }
}
