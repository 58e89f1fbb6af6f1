//! What others read of events: calendars, news feeds, linked data; through the program.

use std::fs::Permissions;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

use klatch::daemon::{Daemon, Options};
use klatch::home::Home;
use klatch_feed::Post;
use serde_json::Value;

use crate::fresh::Fresh;
use crate::person::{Network, Person};

fn export(person: &Person, form: &str, object: &str) -> String {
    let output = person.run(&["export", form, object]);
    assert!(output.status.success(), "{form}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_was_changed_of_one_date_is_told_in_every_form() {
    let network = Network::new();
    let ana = network.person("ana");
    let group = ana.json(&["group", "create", "Rust"])["id"].as_str().unwrap().to_owned();
    let when = ["--start", "2026-12-01T18:30", "--tz", "Europe/Lisbon", "--repeat", "weekly", "--count", "4"];
    let what = ["event", "schedule", &group, "--title", "Tea", "--where", "Garden"];
    let made = ana.json(&[&what[..], &when].concat());
    let event = made["id"].as_str().unwrap();
    let second = ["event", "update", event, "--on", "2026-12-08"];
    let change =
        ["--title", "Long tea", "--where", "Library", "--start", "2026-12-09T20:00", "--duration", "3h"];
    ana.json(&[&second[..], &change].concat());
    ana.json(&["event", "skip", event, "--on", "2026-12-15"]);
    let ics = export(&ana, "ics", event);
    let special =
        ics.split("BEGIN:VEVENT").find(|part| part.contains("RECURRENCE-ID;TZID=Europe/Lisbon:20261208"));
    for line in ["SUMMARY:Long tea", "LOCATION:Library", "DTSTART;TZID=Europe/Lisbon:20261209T200000"] {
        assert!(special.unwrap().contains(line), "{line} in {ics}");
    }
    assert_eq!(ics.matches("STATUS:CANCELLED").count(), 1, "{ics}");
    assert_eq!(ics.matches("SUMMARY:Tea").count(), 2, "the series, and the date that was called off: {ics}");
    let atom = export(&ana, "atom", &group);
    let line = "2026-12-08 18:30: on 2026-12-09 20:00 Europe/Lisbon; 180 minutes; Long tea; Library";
    assert!(atom.contains(line) && atom.contains("2026-12-15 18:30: cancelled"), "{atom}");
    assert!(!atom.contains("2026-12-22"), "nothing was said of the last: {atom}");
    let linked: Value = serde_json::from_str(&export(&ana, "jsonld", event)).unwrap();
    let dates: Vec<_> = linked["subEvent"].as_array().unwrap().iter().collect();
    let told = |at: usize| {
        let date = dates[at];
        let told = [&date["name"], &date["location"][0]["name"], &date["startDate"]];
        told.map(|text| text.as_str().unwrap().to_owned())
    };
    assert_eq!(told(0), ["Tea", "Garden", "2026-12-01T18:30:00+00:00"]);
    assert_eq!(told(1), ["Long tea", "Library", "2026-12-09T20:00:00+00:00"]);
    assert_eq!(dates[2]["eventStatus"], "https://schema.org/EventCancelled");
    assert_eq!(linked["endDate"], dates[3]["endDate"], "the series ends with its last date");
    let endless = ["--start", "2026-12-01T18:30", "--tz", "Europe/Lisbon", "--repeat", "weekly"];
    let made = ana.json(&[&["event", "schedule", "--title", "Choir"][..], &endless].concat());
    let linked: Value = serde_json::from_str(&export(&ana, "jsonld", made["id"].as_str().unwrap())).unwrap();
    assert_eq!(linked.get("endDate"), None, "one without an end has none");
}

/// Says something that no command says.
pub(crate) fn says(person: &Person, post: Post) {
    let home = Home::at(person.home());
    let daemon = Daemon::start(&home, home.lock().unwrap(), Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(daemon.handle().post(vec![post])).unwrap();
}

#[test]
fn what_hosts_hid_is_left_out_of_what_is_made_public() {
    let network = Network::new();
    let ana = network.person("ana");
    let group = ana.json(&["group", "create", "Rust"])["id"].as_str().unwrap().to_owned();
    let when = ["--start", "2026-12-01T18:30", "--tz", "Europe/Lisbon"];
    let schedule = |title: &str| {
        let made = ana.json(&[&["event", "schedule", &group, "--title", title][..], &when].concat());
        made["id"].as_str().unwrap().to_owned()
    };
    let (tea, spam) = (schedule("Tea"), schedule("Buy pills"));
    let change = ["--about", "Visit my shop", "--where", "Library", "--title", "Pills"];
    let update =
        ana.json(&[&["event", "update", &tea][..], &change].concat())["id"].as_str().unwrap().to_owned();
    assert!(export(&ana, "atom", &group).contains("Visit my shop"), "till it is hidden");
    let hide = |object: &str, entry: &str| {
        let (object, entries) = (object.parse().unwrap(), vec![entry.parse().unwrap()]);
        says(&ana, Post::Hide { object, entries, on: true, reason: String::new() });
    };
    hide(&tea, &update);
    hide(&group, &spam);
    let (atom, linked) = (export(&ana, "atom", &group), export(&ana, "jsonld", &tea));
    for hidden in ["Visit my shop", "Library", "Pills", "Buy pills"] {
        assert!(!atom.contains(hidden), "{hidden}: {atom}");
        assert!(!linked.contains(hidden), "{hidden}: {linked}");
    }
    assert!(atom.contains(&tea) && !atom.contains(&spam), "{atom}");
    assert!(ana.refused(&["export", "jsonld", &spam]).contains("hidden"));
}

#[test]
fn a_calendar_is_imported_once_and_what_cannot_be_is_named_by_its_line() {
    let ana = Fresh::named("Ana");
    let file = ana.beside("town.ics");
    let file = file.to_str().unwrap();
    let event = |uid: &str, title: &str, start: &str| {
        format!(
            "BEGIN:VEVENT\r\nUID:{uid}\r\nSUMMARY:{title}\r\nDTSTART;TZID=Europe/Lisbon:{start}\r\nEND:VEVENT\r\n"
        )
    };
    let write = |events: &[String]| {
        std::fs::write(file, format!("BEGIN:VCALENDAR\r\n{}END:VCALENDAR\r\n", events.concat())).unwrap();
    };
    let (tea, cake) = (event("1", "Tea", "21261203T190000"), event("2", "Cake", "21261204T190000"));
    // The third is in an hour that clocks skip: it can be read, and not be scheduled.
    let (odd, skipped) = (event("3", "Odd", "tomorrow"), event("4", "Spring", "20270328T013000"));
    write(&[tea.clone(), odd.clone(), cake.clone(), skipped]);
    let ended = ana.run(&["import", file]);
    assert_eq!(ended.code, 5, "{ended:?}");
    assert!(
        ended.err.contains("line 7: Odd: DTSTART is \"tomorrow\"") && ended.out.contains("Cake"),
        "{ended:?}"
    );
    assert!(ended.err.contains("line 17: Spring: start: there is no 2027-03-28T01:30"), "{ended:?}");
    let ended = ana.run(&["import", file, "--yes", "--json"]);
    assert_eq!(ended.code, 5, "{ended:?}");
    assert!(ended.err.contains("2 of its 4 events cannot be scheduled here"), "{ended:?}");
    let said: Value = serde_json::from_str(&ended.out).unwrap();
    let lines: Vec<_> =
        said["left_out"].as_array().unwrap().iter().map(|left| left["line"].clone()).collect();
    assert_eq!((said["scheduled"].as_array().unwrap().len(), lines), (2, vec![7.into(), 17.into()]));

    // Moved meanwhile at its source, and named twice.
    write(&[event("1", "Tea", "21261210T190000"), cake, event("5", "New", "21261205T190000"), tea]);
    let again = ana.json(&["import", file, "--yes"]);
    let already: Vec<_> = again["already"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    let ids = [0, 1, 0].map(|at: usize| said["scheduled"][at]["id"].clone());
    assert_eq!(already, ids);
    assert_eq!(again["scheduled"].as_array().unwrap().len(), 1);
    assert_eq!(ana.json(&["event", "list"]).as_array().unwrap().len(), 3);

    // What was called off comes again, and what was exported from here is known by its id.
    let id = ids[0].as_str().unwrap();
    ana.ok(&["event", "cancel", id]);
    write(&[
        event("1", "Tea", "21261210T190000"),
        event(&format!("{}@klatch", ids[1].as_str().unwrap()), "Cake", "21261204T190000"),
    ]);
    let again = ana.json(&["import", file, "--yes"]);
    let count = |what: &str| again[what].as_array().unwrap().len();
    assert_eq!((count("scheduled"), count("already")), (1, 1), "{again}");
    // What another node exported is kept by its name there.
    let ben = Fresh::named("Ben");
    let theirs = ben.beside("ana.ics");
    let theirs = theirs.to_str().unwrap();
    ana.ok(&["export", "ics", ids[1].as_str().unwrap(), "--out", theirs]);
    let twice = [(); 2].map(|()| ben.json(&["import", theirs, "--yes"]));
    assert_eq!(twice[1]["already"][0]["id"], twice[0]["scheduled"][0]["id"]);
    assert_eq!(twice[1]["scheduled"].as_array().unwrap().len(), 0);
    write(&[odd]);
    assert_eq!(ana.run(&["import", file, "--yes"]).code, 1, "nothing of it was done");
}

#[test]
fn where_a_file_is_written_json_says_so() {
    let ana = Fresh::named("Ana");
    let file = ana.beside("log.klatch");
    let said = ana.json(&["export", "feed", "--out", file.to_str().unwrap()]);
    assert_eq!(said["file"], file.to_str().unwrap());
    assert_eq!(said["bytes"], std::fs::metadata(&file).unwrap().len());
}

#[test]
fn an_import_that_stops_says_what_was_there_already_and_what_it_stopped_before() {
    let (ana, ben) = (Fresh::named("Ana"), Fresh::named("Ben"));
    let log = ben.beside("ben.klatch");
    ben.ok(&["group", "create", "Rust"]);
    ben.ok(&["export", "feed", "--out", log.to_str().unwrap()]);
    ana.ok(&["import", log.to_str().unwrap()]);
    let file = ana.beside("town.ics");
    let file = file.to_str().unwrap();
    let write = |titles: &[&str]| {
        let event = |title: &&str| {
            format!(
                "BEGIN:VEVENT\r\nUID:{title}\r\nSUMMARY:{title}\r\nDTSTART:21261203T190000Z\r\nEND:VEVENT\r\n"
            )
        };
        let events: String = titles.iter().map(event).collect();
        std::fs::write(file, format!("BEGIN:VCALENDAR\r\n{events}END:VCALENDAR\r\n")).unwrap();
    };
    write(&["Tea"]);
    let tea = ana.json(&["import", file, "--yes"])["scheduled"][0]["id"].clone();
    write(&["Tea", "Cake", "Pie"]);
    let import = ["import", file, "--yes", "--group", "Rust"];
    let stopped = ana.run(&import);
    assert_eq!(stopped.code, 1, "{stopped:?}");
    assert!(stopped.out.contains("Tea is already scheduled"), "{stopped:?}");
    for words in ["0 events scheduled before \"Cake\", and none after", "you have no role in \"Rust\""] {
        assert!(stopped.err.contains(words), "{stopped:?}");
    }
    let ended = ana.run(&[&import[..], &["--json"]].concat());
    let said: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&said["already"][0]["id"], &said["scheduled"]), (&tea, &serde_json::json!([])));
}

#[test]
fn what_is_written_over_stays_as_private_as_it_was_and_links_and_pipes_stay_what_they_are() {
    let ana = Fresh::named("Ana");
    let event =
        ana.json(&["event", "schedule", "--title", "Tea", "--start", "2126-12-01T18:30"])["id"].clone();
    let export = |file: &Path| {
        ana.ok(&["export", "ics", event.as_str().unwrap(), "--out", file.to_str().unwrap(), "--force"])
    };
    let folder = ana.beside("folder");
    std::fs::create_dir(&folder).unwrap();
    let [file, link, pipe] = ["tea.ics", "link.ics", "pipe"].map(|name| folder.join(name));

    std::fs::write(&file, "older").unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    export(&link);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("BEGIN:"), "what it leads to is written");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
    // Both ends, so that nobody waits for the other.
    let mut reader = std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    export(&pipe);
    assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
    let mut head = [0; 6];
    reader.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"BEGIN:");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 3, "nothing else is left");
}
