//! What people, disks and other programs get wrong: each with its exit code and a message that helps.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use klatch::home::Home;
use rustix::fs::FlockOperation;

use crate::fresh::Fresh;
use crate::person::{Network, eventually};

#[test]
fn a_home_without_an_identity_says_how_to_make_one() {
    Fresh::empty().fails(&["id"], 1, &["no identity", "klatch init --name"]);
}

#[test]
fn a_home_that_cannot_be_looked_into_is_not_said_to_be_empty() {
    let home = Fresh::empty();
    fs::write(home.path(), "a file").unwrap();
    home.fails(&["id"], 1, &[home.path().to_str().unwrap(), "Not a directory"]);
}

#[test]
fn a_backup_that_cannot_be_written_names_the_file_that_was_asked_for() {
    let home = Fresh::named("Ana");
    let file = home.path().join("no-folder").join("ana.backup").display().to_string();
    home.fails(&["backup", &file], 1, &[&format!("{file}: ")]);
}

#[test]
fn a_second_init_is_refused_and_changes_nothing() {
    let home = Fresh::named("Ana");
    let (feed, key) = (home.ok(&["id"]), fs::read(home.path().join("feed.key")).unwrap());
    home.fails(&["init", "--name", "Eve"], 1, &["already holds an identity"]);
    assert_eq!(home.ok(&["id"]), feed);
    assert_eq!(fs::read(home.path().join("feed.key")).unwrap(), key);
}

#[test]
fn an_init_that_was_cut_off_can_be_done_again_and_nothing_else_can() {
    let home = Fresh::named("Ana");
    let first = home.ok(&["id"]);
    File::create(home.path().join("init.unfinished")).unwrap();
    home.fails(&["id"], 1, &["did not finish", "run it again"]);
    home.ok(&["init", "--name", "Ana"]);
    assert_ne!(home.ok(&["id"]), first);
    // Cut off right after the key was written: no database yet.
    let home = Fresh::empty();
    fs::create_dir(home.path()).unwrap();
    for name in ["init.unfinished", "network.json", "feed.key"] {
        File::create(home.path().join(name)).unwrap();
    }
    home.ok(&["init", "--name", "Ana"]);
    assert_eq!(home.json(&["id"])["entries"], 2);
}

#[test]
fn a_key_without_a_database_is_no_new_home() {
    let home = Fresh::named("Ana");
    fs::remove_file(home.path().join("klatch.redb")).unwrap();
    home.fails(&["id"], 1, &["the database is gone", "move this home away", "klatch restore"]);
    home.fails(&["init", "--name", "Ana"], 1, &["already holds an identity"]);
    assert!(!home.path().join("klatch.redb").exists(), "nothing is made in its place");
}

#[test]
fn secrets_that_others_may_read_are_refused() {
    for (file, mode) in [("feed.key", 0o640), ("feed.key", 0o604), ("network.json", 0o644)] {
        let home = Fresh::named("Ana");
        let path = home.path().join(file);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600, "{file}");
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        home.fails(&["id"], 1, &["others may read", file, "chmod 600"]);
    }
}

#[test]
fn everything_in_a_home_is_its_owners_alone() {
    let home = Fresh::named("Ana");
    assert_eq!(fs::metadata(home.path()).unwrap().permissions().mode() & 0o7777, 0o700);
    for entry in fs::read_dir(home.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn a_spoilt_key_is_named_and_not_shown() {
    let home = Fresh::named("Ana");
    let path = home.path().join("feed.key");
    let key = fs::read_to_string(&path).unwrap();
    for spoilt in [&key[..40], "", &format!("x{}", &key[1..]), &format!("{}00", key.trim())] {
        fs::write(&path, spoilt).unwrap();
        home.fails(&["id"], 1, &["feed.key is not a key file"]);
        let said = home.run(&["id"]).err;
        assert!(!said.contains(&key[8..24]), "no part of a key is in a message: {said}");
    }
    fs::write(&path, "1".repeat(64)).unwrap();
    home.fails(&["id"], 1, &["belongs to feed1", "put back the feed.key"]);
    fs::write(&path, [0xff; 10]).unwrap();
    home.fails(&["id"], 1, &["feed.key is not a key file", "klatch restore"]);
    fs::remove_file(&path).unwrap();
    home.fails(&["id"], 1, &["feed.key", "is gone", "klatch restore"]);
}

#[test]
fn a_home_of_another_network_is_told_apart() {
    let home = Fresh::named("Ana");
    let text = format!(r#"{{"name": "other", "key": "{}"}}"#, "0".repeat(64));
    fs::write(home.path().join("network.json"), text).unwrap();
    home.fails(&["id"], 1, &["another network", "put back the network.json"]);
    fs::write(home.path().join("network.json"), "{").unwrap();
    home.fails(&["id"], 1, &["network.json", "not a network file"]);
}

#[test]
fn a_file_of_the_home_that_cannot_be_read_is_named() {
    let home = Fresh::named("Ana");
    for name in ["feed.key", "network.json"] {
        let (path, aside) = (home.path().join(name), home.path().join("aside"));
        fs::rename(&path, &aside).unwrap();
        fs::create_dir(&path).unwrap();
        home.fails(&["id"], 1, &[path.to_str().unwrap()]);
        fs::remove_dir(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
    }
    let next = home.path().join("feed.key.next");
    std::os::unix::fs::symlink(&next, &next).unwrap(); // It leads to itself.
    home.fails(&["id"], 1, &[next.to_str().unwrap()]);
    fs::remove_file(&next).unwrap();
    home.ok(&["id"]);
}

#[test]
fn a_damaged_database_is_an_error_and_never_an_empty_log() {
    let home = Fresh::named("Ana");
    let path = home.path().join("klatch.redb");
    let whole = fs::read(&path).unwrap();
    for length in [0, 1, 512, 4096, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let ended = home.run(&["id"]);
        // Room past the last page may be missing without loss; all else is told.
        let fine = ended.code == 0 && home.json(&["id"])["entries"] == 2;
        assert!(fine || (ended.code == 1 && !ended.err.is_empty()), "{length}: {ended:?}");
        assert!(length > 4096 || ended.code == 1, "{length}: {ended:?}");
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(home.json(&["id"])["entries"], 2);
}

#[test]
fn a_flipped_byte_is_told_or_harmless_and_never_a_crash() {
    let home = Fresh::named("Ana");
    home.ok(&["group", "create", "Rust"]);
    let path = home.path().join("klatch.redb");
    let whole = fs::read(&path).unwrap();
    let mut told = 0;
    // Coarsely everywhere, and finely where the database keeps count of its own pages and panics if they differ.
    for at in (0..whole.len()).step_by(whole.len() / 30).chain((12_288..20_480).step_by(97)) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0xff;
        fs::write(&path, &flipped).unwrap();
        let ended = home.run(&["verify"]);
        match ended.code {
            0 => assert!(ended.out.starts_with("3 entries of 1 feed,"), "byte {at}: {ended:?}"),
            1 => told += 1,
            _ => panic!("byte {at}: {ended:?}"),
        }
    }
    assert!(told > 0, "some of the bytes matter");
}

#[test]
fn a_home_in_use_is_refused_by_the_number_of_its_holder() {
    let home = Fresh::named("Ana");
    let held = File::options().write(true).open(home.path().join("klatch.pid")).unwrap();
    rustix::fs::flock(&held, FlockOperation::LockExclusive).unwrap();
    fs::write(home.path().join("klatch.pid"), "4242\n").unwrap();
    home.fails(&["id"], 1, &["in use by process 4242"]);
    drop(held);
    home.ok(&["id"]);
}

#[test]
fn a_node_starts_once_a_command_that_has_the_home_is_done() {
    let network = Network::new();
    let ana = network.person("ana");
    let page = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let lock = Home::at(ana.home()).lock().unwrap();
    let place = ["--lan", "off", "--listen", "127.0.0.1:0", "--web"];
    let mut node = ana.starts(&[&["up"], &place[..], &[&page.to_string()]].concat());
    eventually("it is about to take the home", || {
        (TcpStream::connect(page).is_ok() || node.has_ended()).then_some(())
    });
    drop(lock);
    assert!(!node.ready().address().is_empty());
}

#[test]
fn a_place_that_is_taken_is_named_with_what_to_do_and_a_pub_stays_where_members_look() {
    let home = Fresh::named("Ana");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = taken.local_addr().unwrap().to_string();
    let on_place = format!("cannot listen on {place}: ");
    let up = ["up", "--lan", "loopback", "--web", "off"];
    let listen = [&up[..], &["--listen", &place]].concat();
    home.fails(&listen, 1, &[&on_place, "name another place with --listen"]);
    let page = ["up", "--lan", "loopback", "--web", &place];
    home.fails(&page, 1, &[&format!("served at {place}: "), "name another place with --web"]);
    // The usual port, which the node of another test may have for a moment.
    let _usual = eventually("the usual port is free", || TcpListener::bind("127.0.0.1:4747").ok());
    // What a node says first, also one that goes on.
    let said = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_klatch"));
        command.arg("--home").arg(home.path()).args(args).stdin(Stdio::null());
        let mut node = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(node.stdout.take().unwrap()).lines();
        let said: Vec<_> = lines.take(2).map(Result::unwrap).collect();
        node.kill().unwrap();
        node.wait().unwrap();
        said.join("\n")
    };
    let another = said(&up);
    assert!(another.contains("port 4747 is taken") && another.contains("--listen"), "{another}");
    let of_pub = [&["pub"][..], &up].concat();
    assert_eq!(said(&of_pub), "", "members do not look for it on another port");
    home.fails(&of_pub, 1, &["cannot listen on port 4747: ", "name another place with --listen"]);
}

#[test]
fn a_node_that_does_not_answer_is_exit_code_4() {
    let home = Fresh::named("Ana");
    let listener = std::os::unix::net::UnixListener::bind(home.path().join("klatch.sock")).unwrap();
    let hang_up = std::thread::spawn(move || {
        // The first is the look whether somebody listens, the second the question.
        for _ in 0..2 {
            drop(listener.accept().unwrap());
        }
    });
    home.fails(&["id"], 4, &["does not answer"]);
    hang_up.join().unwrap();
    home.ok(&["id"]); // Nobody listens at what it left behind.
}

#[test]
fn what_is_not_there_or_not_one_thing_is_exit_code_3() {
    let home = Fresh::named("Ana");
    let (mut ids, unknown) = (Vec::new(), format!("entry1{}", "q".repeat(58)));
    for title in ["Same", "Same"] {
        let args = ["event", "schedule", "--title", title, "--start", "2126-12-01T18:30", "--tz", "UTC"];
        ids.push(home.json(&args)["id"].as_str().unwrap().to_owned());
    }
    home.fails(&["event", "show", "Nothing"], 3, &["nothing matches \"Nothing\"", "events"]);
    home.fails(&["event", "show", "same"], 3, &["may be", &ids[0], &ids[1]]);
    home.fails(&["event", "show", &ids[0][..9]], 1, &["at least 4 letters"]);
    home.fails(&["event", "show", &unknown], 1, &["not an id"]);
    home.fails(&["group", "show", &ids[0]], 3, &["groups"]);
    home.fails(&["follow", "feed1qqqqq"], 3, &["nothing matches"]);
    let feed = home.ok(&["id"]);
    let mut mistyped = feed.trim().to_owned();
    let other = if &mistyped[30..31] == "q" { "p" } else { "q" };
    mistyped.replace_range(30..31, other);
    home.fails(&["follow", &mistyped], 1, &["not an id"]);
}

#[test]
fn a_time_that_does_not_exist_is_refused_and_one_that_exists_twice_is_taken() {
    let home = Fresh::named("Ana");
    let schedule = |start, tz| vec!["event", "schedule", "--title", "Tea", "--start", start, "--tz", tz];
    home.fails(&schedule("2027-03-28T01:30", "Europe/Lisbon"), 1, &["start", "Europe/Lisbon"]);
    home.fails(&schedule("2027-02-30T18:30", "Europe/Lisbon"), 1, &["start"]);
    home.fails(&schedule("tomorrow", "Europe/Lisbon"), 1, &["start"]);
    home.fails(&schedule("2027-03-28T01:30", "Mars/Olympus"), 1, &["zone"]);
    home.ok(&schedule("2026-10-25T01:30", "Europe/Lisbon"));
    assert_eq!(
        home.json(&["event", "list", "--all"]).as_array().unwrap().len(),
        1,
        "nothing else was posted"
    );
    home.fails(&["event", "update", "Tea", "--start", "2027-03-28T01:30"], 1, &["start"]);
}

#[test]
fn fields_past_their_limits_are_refused_before_anything_is_posted() {
    let home = Fresh::named("Ana");
    let long = "x".repeat(5000);
    let base = ["event", "schedule", "--title", "Tea", "--start", "2126-12-01T18:30", "--tz", "UTC"];
    for more in [&["--where", &long][..], &["--about", &long], &["--capacity", "0"], &["--duration", "15d"]] {
        home.fails(&[&base, more].concat(), 1, &[]);
    }
    home.fails(&["group", "create", "two\nlines"], 1, &["name"]);
    home.fails(&["group", "create", ""], 1, &["name"]);
    assert_eq!(home.json(&["id"])["entries"], 2);
    Fresh::empty().fails(&["init", "--name", " Ana "], 1, &["name"]);
}

#[test]
fn a_name_that_cannot_be_leaves_the_folder_for_a_better_one() {
    let home = Fresh::empty();
    home.fails(&["init", "--name", ""], 1, &["name"]);
    home.ok(&["init", "--name", "Ana"]);
}

#[test]
fn a_command_line_that_is_none_is_exit_code_2() {
    let home = Fresh::named("Ana");
    for args in [
        &["nonsense"][..],
        &["rsvp", "x", "perhaps"],
        &["rsvp", "x", "yes", "--guests", "20"],
        &["event", "schedule", "--title", "x", "--start", "2126-12-01T18:30", "--duration", "long"],
        &["peer", "add", "feed1@nowhere"],
    ] {
        home.fails(args, 2, &[]);
    }
}

#[test]
fn a_file_that_is_no_export_is_refused() {
    let ana = Fresh::named("Ana");
    let path = ana.beside("ana.klatch");
    let name = path.to_str().unwrap();
    ana.ok(&["export", "feed", "--out", name]);
    ana.fails(&["export", "feed", "--out", name], 1, &["ana.klatch", "exists"]);
    let whole = fs::read(&path).unwrap();
    let ben = Fresh::named("Ben");
    let foreign = [&whole[..16], &[0; 32], &whole[48..]].concat();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for (bytes, says) in [
        (&whole[..79], "neither a log"),
        (&whole[..80], "no entries"),
        (&whole[..whole.len() - 1], "cut off"),
        (&foreign, "another network"),
        (&flipped, "file:"),
        (&b"klatch/export/0\0".repeat(9), "neither a log"),
        (&b"BEGIN:VCALENDAR".repeat(9), "not a calendar"),
    ] {
        fs::write(&path, bytes).unwrap();
        ben.fails(&["import", name], 1, &[says]);
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(ben.json(&["import", name])["entries"], 2);
    ben.fails(&["import", "/nowhere/at.all"], 1, &["/nowhere/at.all"]);
}

#[test]
fn a_share_line_that_is_none_is_refused() {
    let home = Fresh::named("Ana");
    for line in ["https://example.org", "klatch:entry1qqqq", ""] {
        home.fails(&["open", line], 1, &["line"]);
    }
}

#[test]
fn a_long_path_moves_the_socket_and_nothing_else() {
    let base = Fresh::empty();
    let home = base.beside(&"long".repeat(40));
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_klatch"));
        command.args(args).env("KLATCH_HOME", &home).env("XDG_RUNTIME_DIR", base.beside("run"));
        command.output().unwrap()
    };
    assert!(run(&["init", "--name", "Ana"]).status.success());
    assert!(run(&["id"]).status.success());
    assert_eq!(fs::metadata(base.beside("run")).unwrap().permissions().mode() & 0o7777, 0o700);
}

#[test]
fn what_says_nothing_or_means_something_else_is_refused_with_what_to_do() {
    let home = Fresh::named("Ana");
    let group =
        home.json(&["group", "create", "Rust", "--joining", "approval"])["id"].as_str().unwrap().to_owned();
    let event = home.json(&[
        "event",
        "schedule",
        "--title",
        "Tea",
        "--start",
        "2126-12-01",
        "--all-day",
        "--tz",
        "UTC",
    ]);
    let event = event["id"].as_str().unwrap();
    assert_eq!(home.json(&["event", "show", event])["start"], "2126-12-01T00:00");
    home.fails(&["comment", event, "  "], 1, &["say something"]);
    home.fails(&["poll", "show", event], 1, &["this is an event", "klatch event show"]);
    home.fails(&["poll", "show", &group], 1, &["this is a group"]);
    let past = ["--option", "2020-12-01T18:30", "--option", "2020-12-02T18:30"];
    home.fails(
        &[&["poll", "create", &group, "--question", "When?"][..], &past].concat(),
        1,
        &["offer one that is to come"],
    );
    home.fails(&["event", "hide", event, event], 1, &["nothing stands above"]);
    let id = home.ok(&["id"]);
    let feed = id.split_whitespace().find(|word| word.starts_with("feed1")).unwrap();
    let added = home.run(&["peer", "add", &format!("{feed}@127.0.0.1:9")]);
    assert!(added.code == 0 && added.err.contains("your own id"), "{added:?}");
    let message = format!("Come along!\n\nklatch:{event}?host={feed}\n\nSee you, Ana");
    assert!(home.ok(&["open", &message, "--for", "1s"]).contains("Tea"));
    let file = home.path().join("ana.ics").display().to_string();
    home.ok(&["export", "ics", "--out", &file]);
    home.fails(&["export", "ics", "--out", &file], 1, &[&file, "exists", "take another name"]);
    fs::write(&file, "older").unwrap();
    home.ok(&["export", "ics", event, "--out", &file, "--force"]);
    assert!(fs::read_to_string(&file).unwrap().starts_with("BEGIN:VCALENDAR"), "written over");
    home.fails(&["export", "ics", "--force"], 2, &["--out"]);
    let folder = home.beside("folder");
    fs::create_dir(&folder).unwrap();
    home.fails(&["export", "ics", "--out", folder.to_str().unwrap(), "--force"], 1, &["folder"]);
    assert!(folder.is_dir(), "a folder is nothing to write over");
    let moved = home.run(&["event", "update", event, "--start", "2126-12-02 18:30"]);
    assert!(moved.code == 0 && moved.err.contains("18:30 is dropped"), "{moved:?}");
    assert_eq!(home.json(&["event", "show", event])["start"], "2126-12-02T00:00");
}
