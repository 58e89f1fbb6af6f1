//! The other pages over HTTP: the first run, people, groups, the network, settings.

use std::path::Path;
use std::process::Child;
use std::sync::mpsc::Receiver;

use klatch::home::Home;
use klatch::web::guard::BODY_BYTES_MAX;
use klatch_feed::RecoveryWords;
use serde_json::Value;

use crate::browser::{Answer, Browser};
use crate::person::{Network, PATIENCE, Person, eventually};

const UP: [&str; 8] = ["up", "--lan", "off", "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0", "--network"];

/// A node that starts where there is no identity; ended when dropped.
struct New {
    child: Child,
    lines: Receiver<Value>,
}

impl New {
    fn at(place: &Person, network: &Network) -> (Self, Browser) {
        let (child, lines) = place.lines(&[&UP[..], &[&network.file()]].concat());
        let new = Self { child, lines };
        let browser = Browser::follow(&new.link());
        (new, browser)
    }

    /// The link into the page of a first run.
    fn link(&self) -> String {
        let said = self.next();
        assert_eq!(said["ready"], false);
        said["page"].as_str().unwrap().to_owned()
    }

    fn next(&self) -> Value {
        self.lines.recv_timeout(PATIENCE).expect("the node says something")
    }
}

impl Drop for New {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The words on the sheet, and which of them are asked for.
fn read(page: &str) -> (Vec<String>, Vec<usize>) {
    let after = |start: &str| -> Vec<String> {
        page.split(start).skip(1).map(|rest| rest.split(['<', '"']).next().unwrap().to_owned()).collect()
    };
    let asked = after("name=\"word").iter().map(|number| number.parse().unwrap()).collect();
    (after("<strong lang=\"en\">"), asked)
}

/// The same words in another order, of which they say themselves that it is wrong: one in 256 would not.
fn swapped(words: &[String]) -> Vec<String> {
    let orders = (1..words.len()).map(|at| {
        let mut words = words.to_vec();
        words.swap(0, at);
        words
    });
    let is_wrong = |words: &Vec<String>| RecoveryWords::parse(&words.join(" ")).is_err();
    orders.into_iter().find(is_wrong).expect("not every order is right")
}

#[test]
fn somebody_new_gets_a_name_and_words_and_the_process_becomes_their_node() {
    let network = Network::new();
    let place = network.person("ana").moved("new");
    let (new, browser) = New::at(&place, &network);
    let first = browser.get("/");
    assert_eq!((first.status, first.header("location")), (303, Some("/start")));
    browser.page("/start").says("What are you called?").says("I was here before");
    let refused = browser.post("/start/name", &[("name", &"x".repeat(61))]);
    assert_eq!(refused.status, 422);
    refused.says(&"x".repeat(61)).says("aria-invalid");
    let lock = Home::at(place.home()).lock().unwrap();
    browser.post("/start/name", &[("name", "Nora")]).says("No home could be made here.");
    drop(lock);
    let sheet = browser.done("/start/name", &[("name", "Nora <b>")]);
    assert_eq!(sheet.header("cache-control"), Some("no-store"));
    let (first_words, _) = read(&sheet.body);
    assert_eq!(first_words.len(), 24);
    // Other words are drawn, and the first are worth nothing.
    browser.done("/start/again", &[]).says("What are you called?");
    let sheet = browser.done("/start/name", &[("name", "Nora <b>")]);
    let (words, asked) = read(&sheet.body);
    assert_ne!(words, first_words);
    assert_eq!(asked.len(), 3);
    let (_, same) = read(&browser.page("/start/words").body);
    assert_eq!(same, asked, "looking again asks for the same");
    let field = |number: &usize| format!("word{number}");
    let fields: Vec<_> = asked.iter().map(|number| (field(number), words[number - 1].clone())).collect();
    let mut wrong: Vec<_> = fields.iter().map(|(name, word)| (&**name, &**word)).collect();
    wrong[1].1 = "zoo zoo";
    let mistyped = browser.post("/start/words", &wrong);
    assert_eq!(mistyped.status, 422);
    mistyped.says("value=\"zoo zoo\"").says(&format!("value=\"{}\"", wrong[0].1));
    assert!(place.run(&["id"]).status.code() == Some(1), "nobody is anybody before the words are confirmed");
    let right: Vec<_> = fields.iter().map(|(name, word)| (&**name, &**word)).collect();
    browser.done("/start/words", &right).says("You are here. Now find people.");
    let ready = new.next();
    assert_eq!(ready["ready"], true);
    assert_eq!(place.json(&["id"])["name"], "Nora <b>");
    assert_eq!(browser.get("/start/words").header("location"), Some("/"), "the words are shown no more");
    browser.page("/").says("Nothing here yet").says("You are \u{2068}Nora &#60;b&#62;\u{2069}");
    drop(new);
    // With these words, and no other machine, they come back.
    let again = place.moved("again");
    let (newer, browser) = New::at(&again, &network);
    browser.page("/start/back").says("24 recovery words");
    let few = browser.post("/start/back", &[("words", "one two")]);
    assert_eq!(few.status, 422);
    few.says("That is 2 words");
    assert!(!few.body.contains("one two"), "words are not shown again");
    let swapped = swapped(&words);
    assert_eq!(browser.post("/start/back", &[("words", &swapped.join(" "))]).status, 422);
    let back =
        browser.done("/start/back", &[("words", &format!(" {}\r\n", words.join("\r\n").to_uppercase()))]);
    back.says("This is your home again.").says("Coming back").says("Nothing of yours is here yet.");
    assert_eq!(newer.next()["feed"], ready["feed"]);
    assert_eq!(again.json(&["recover"])["posting"], "recovering");
    let early = browser.post("/network/accept", &[("len", "0")]);
    assert_eq!(early.status, 422, "nobody was met");
    early.says("id=\"unaccepted\" role=\"alert\"><p>That cannot be said now: see below");
    assert!(!early.body.contains("aria-invalid"), "nothing is wrong with what another form takes: {early:?}");
}

/// Sends a file as the form of a first run does.
fn send(browser: &Browser, name: &str, bytes: &[u8]) -> Answer {
    send_as(browser, "file", name, bytes)
}

fn send_as(browser: &Browser, field: &str, name: &str, bytes: &[u8]) -> Answer {
    let host = browser.host();
    let file = format!("content-disposition: form-data; name=\"{field}\"; filename=\"{name}\"");
    let body = [format!("--x\r\n{file}\r\n\r\n").as_bytes(), bytes, b"\r\n--x--\r\n"].concat();
    let head = format!(
        "POST /start/restore/file HTTP/1.1\r\nconnection: close\r\nhost: {host}\r\norigin: http://{host}\r\n\
         cookie: {}\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: {}\r\n\r\n",
        browser.cookie,
        body.len()
    );
    browser.raw(&[head.as_bytes(), &body].concat())
}

#[test]
fn a_backup_comes_back_in_a_first_run_as_a_file_that_is_sent_and_by_its_path() {
    let network = Network::new();
    let ana = network.person("ana");
    let event = ana.schedules("Tea");
    for at in 0..40_u8 {
        let text: String =
            (0..7_900_u32).map(|n| char::from(b'a' + (n * n + u32::from(at)) as u8 % 26)).collect();
        ana.json(&["comment", &event, &text]);
    }
    let file = ana.home().with_file_name("ana.backup");
    let path = file.to_str().unwrap();
    ana.json(&["backup", path]);
    let bytes = std::fs::read(&file).unwrap();
    assert!(bytes.len() > BODY_BYTES_MAX, "more than another form may carry: {}", bytes.len());
    let entries = ana.json(&["id"])["entries"].clone();

    let sent = ana.moved("sent");
    let (new, browser) = New::at(&sent, &network);
    browser.page("/start").says("href=\"/start/restore\"");
    browser.page("/start/restore").says("type=\"file\"").says("Never run the old home");
    for (odd, said) in [(&b""[..], "not empty"), (b"no backup at all", "no whole backup")] {
        let refused = send(&browser, "mine<b>.backup", odd);
        assert_eq!(refused.status, 422, "{refused:?}");
        refused.says(said);
        assert!(!refused.body.contains("/dev/fd"), "{}", refused.body);
    }
    assert_eq!(send_as(&browser, "other", "mine", &bytes).status, 422, "that form has one field");
    let cut = send(&browser, "mine", &bytes[..bytes.len() - 1]);
    assert_eq!(cut.status, 422);
    assert!(sent.run(&["id"]).status.code() == Some(1), "nobody is here yet");
    let done = send(&browser, "mine", &bytes);
    assert_eq!((done.status, done.header("location")), (303, Some("/network?did=restore")), "{done:?}");
    assert_eq!(new.next()["feed"], ana.feed.as_str());
    browser.page("/network?did=restore").says("Your home is back.").says("Coming back");
    assert_eq!(sent.json(&["recover"])["posting"], "recovering");
    assert_eq!(sent.json(&["id"])["entries"], entries);
    assert_eq!(send(&browser, "mine", &bytes).header("location"), Some("/"), "there is somebody");
    let left: Vec<_> = std::fs::read_dir(sent.home()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.iter().all(|path| !path.to_str().unwrap().contains("backup")), "{left:?}");
    drop(new);

    let named = ana.moved("named");
    let (new, browser) = New::at(&named, &network);
    let odd = [
        ("ana.backup", "Write the whole path"),
        ("/nowhere/<b>", "There is no such file"),
        ("", "Write the whole path"),
    ];
    for (odd, said) in odd {
        let refused = browser.post("/start/restore", &[("path", odd)]);
        assert_eq!(refused.status, 422, "{odd}");
        refused.says(said);
        assert!(!refused.body.contains("<b>"), "{}", refused.body);
    }
    browser.done("/start/restore", &[("path", path)]).says("Your home is back.");
    assert_eq!(new.next()["feed"], ana.feed.as_str());
}

/// What a node that runs at the deepest level of its log must not have said.
fn tells_nothing(log: &Path, words: &[String], secrets: &[&str]) {
    let told = std::fs::read_to_string(log).unwrap();
    assert!(!told.is_empty(), "it says something");
    for secret in secrets {
        assert!(secret.len() >= 64 && !told.contains(secret), "{secret} is in {told}");
    }
    // In whatever form: as a line, a list, or the fields of a form.
    let letters = |c: char| if c.is_ascii_alphabetic() { c.to_ascii_lowercase() } else { ' ' };
    let told = told.chars().map(letters).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
    for pair in words.windows(2) {
        assert!(!format!(" {told} ").contains(&format!(" {} ", pair.join(" "))), "{pair:?} is in {told}");
    }
    for word in words {
        assert!(!told.contains(&format!(" word {word} ")), "{word} is in {told}");
    }
}

#[test]
fn the_log_of_a_first_run_and_a_recovery_holds_neither_words_nor_what_lets_one_in() {
    let network = Network::new();
    let place = network.person("ana").moved("new");
    let log = place.home().with_extension("log");
    let file = network.file();
    let args = [&UP[..], &[&*file]].concat();
    let (child, lines) = place.logged(&args, &log);
    let new = New { child, lines };
    let first = new.link();
    let browser = Browser::follow(&first);
    let sheet = browser.done("/start/name", &[("name", "Nora")]);
    let (words, asked) = read(&sheet.body);
    assert_eq!(words.len(), 24);
    let field = |number: &usize| (format!("word{number}"), words[number - 1].clone());
    let fields: Vec<_> = asked.iter().map(field).collect();
    let right: Vec<_> = fields.iter().map(|(name, word)| (&**name, &**word)).collect();
    let wrong: Vec<_> = right.iter().map(|(name, _)| (*name, &*words[0])).collect();
    assert_eq!(browser.post("/start/words", &wrong).status, 422);
    browser.done("/start/words", &right);
    let ready = new.next();
    let second = place.json(&["page"])["page"].as_str().unwrap().to_owned();
    Browser::follow(&second).page("/settings");
    let token = place.json(&["page", "--token"])["token"].as_str().unwrap().to_owned();
    let (host, bearer) = (browser.host(), format!("Bearer {token}"));
    let lines = [("host", &*host), ("authorization", &*bearer), ("content-type", "application/json")];
    assert_eq!(browser.ask("POST", "/api/v1/id", &lines, "{}").status, 200);
    drop(new);
    let secret = |link: &str| link.rsplit('/').next().unwrap().to_owned();
    let cookie = |browser: &Browser| browser.cookie.split('=').nth(1).unwrap().to_owned();
    let links = [&first, ready["page"].as_str().unwrap(), &second].map(secret);
    tells_nothing(&log, &words, &[&links[0], &links[1], &links[2], &cookie(&browser), &token]);

    let again = place.moved("again");
    let log = again.home().with_extension("log");
    let (child, lines) = again.logged(&args, &log);
    let newer = New { child, lines };
    let link = newer.link();
    let browser = Browser::follow(&link);
    let swapped = swapped(&words);
    assert_eq!(browser.post("/start/back", &[("words", &swapped.join(" "))]).status, 422);
    browser.done("/start/back", &[("words", &words.join(" "))]);
    newer.next();
    browser.page("/");
    drop(newer);
    tells_nothing(&log, &words, &[&secret(&link), &cookie(&browser)]);
    tells_nothing(&log, &swapped, &[]);
}

#[test]
fn whoever_is_cut_off_before_the_words_are_confirmed_starts_again() {
    let network = Network::new();
    let place = network.person("ana").moved("new");
    let (new, browser) = New::at(&place, &network);
    browser.done("/start/name", &[("name", "Nora")]);
    drop(new);
    let (_new, browser) = New::at(&place, &network);
    browser.page("/start").says("What are you called?");
}

#[test]
fn people_are_found_followed_named_and_blocked() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    let host = ana.on_lan();
    let guest = ben.on_lan();
    let event = ana.schedules("Tea");
    let browser = Browser::at(&guest);
    browser.page("/people").says(&ben.feed).says("class=\"qr\"");
    eventually("who is near is shown", || {
        browser.page("/people").body.contains(&format!("/person/{}/follow", ana.feed)).then_some(())
    });
    let odd = [
        ("feed1nobody", "neither a line that begins with klatch:"),
        ("klatch:entry1x", "copy it whole"),
        ("klatch:join/9/x", "copy the whole line"),
        ("Come along! klatch:entry1x See you, Ana", "copy it whole"),
        ("That is ours: klatch:join/9/x", "copy the whole line"),
        ("<b>", "neither a line that begins with klatch:"),
    ];
    for (odd, said) in odd {
        let refused = browser.post("/people/paste", &[("text", odd)]);
        assert!(refused.status == 422, "{odd}: {refused:?}");
        refused.says("aria-invalid").says(said);
    }
    let page = browser.done("/people/paste", &[("text", &format!(" {}\r\n", ana.feed))]);
    page.says("You follow them.");
    let path = format!("/person/{}", ana.feed);
    eventually("what they are called comes", || {
        browser.page(&path).body.contains("<bdi>ana</bdi>").then_some(())
    });
    let page = browser.done(&format!("{path}/follow"), &[("petname", "Anna & Co")]);
    page.says("<bdi>Anna &#38; Co</bdi>").says("calls themselves");
    browser.page("/people").says("Anna &#38; Co");
    // Followed again from a list, where nobody is named, they are called what they were.
    browser.done(&format!("{path}/unfollow"), &[]);
    browser.done(&format!("{path}/follow"), &[]).says("<bdi>Anna &#38; Co</bdi>");
    eventually("what they host comes", || browser.page("/").body.contains(&event).then_some(()));
    browser.done(&format!("{path}/block"), &[]).says("Blocked.");
    browser.page("/settings").says("Anna &#38; Co");
    let page = browser.done(&format!("{path}/follow"), &[("petname", "")]);
    assert!(!page.body.contains("Anna") && page.body.contains("<bdi>ana</bdi>"), "{}", page.body);
    let wrapped = browser.post("/people/paste", &[("text", "klatch:entry1q\r\nqq")]);
    assert_eq!(wrapped.status, 422);
    wrapped.says("klatch:entry1q\r\nqq</textarea>");
    browser.done(&format!("{path}/unfollow"), &[]).says("You follow them no longer.");
    drop(host);
}

#[test]
fn a_shared_line_leads_to_the_event_and_the_network_page_tells_how_it_came() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    let (host, guest) = (ana.alone(), ben.alone());
    let event = ana.schedules("Tea");
    let (hanna, browser) = (Browser::at(&host), Browser::at(&guest));
    let shared = hanna.page(&format!("/share/{event}"));
    let line = ana.json(&["event", "share", &event])["line"].as_str().unwrap().to_owned();
    shared.says(&line.replace('&', "&#38;")).says("class=\"qr\"");
    let opened = browser.post("/people/paste", &[("text", &line)]);
    let path = opened.header("location").unwrap().to_owned();
    assert!(path.starts_with(&format!("/object/{event}")), "{path}");
    eventually("it comes", || {
        let answer = browser.get(&path);
        (answer.status == 303)
            .then(|| assert_eq!(answer.header("location"), Some(&*format!("/event/{event}"))))
    });
    eventually("who is connected is told", || {
        let page = browser.page("/network").body;
        (page.contains("ana") && page.contains("All that both want is exchanged.")).then_some(())
    });
    let page = browser.page("/network");
    page.says("All is well");
    let nowhere = format!("{}@nowhere", ana.feed);
    let odd = [
        ("meet.example.org:4747", "with an @ between"),
        ("feed1x@meet.example.org:4747", "What stands before the @ is no id"),
        (&*nowhere, "What stands after the @ is no address"),
    ];
    for (odd, said) in odd {
        let refused = browser.post("/network/peer", &[("peer", odd)]);
        assert_eq!(refused.status, 422);
        refused.says(&format!("value=\"{odd}\"")).says(said);
    }
    browser.done("/network/peer", &[("peer", &format!("{}@{}", ana.feed, host.address()))]).says("Added");
    let own = format!("{}@127.0.0.1:9", ben.feed);
    browser.done("/network/peer", &[("peer", &own)]).says("It is your own id, though");
    let accepted = browser.post("/network/accept", &[("len", "1")]);
    assert_eq!(accepted.status, 422, "there is nothing to recover");
    accepted.says("id=\"unaccepted\"");
}

#[test]
fn groups_are_joined_talked_in_and_left() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    browser.page("/groups").says("No group is known here yet");
    let group = ana.json(&["group", "create", "Tea & Rust"])["id"].as_str().unwrap().to_owned();
    let path = format!("/group/{group}");
    browser.page("/groups").says("Tea &#38; Rust").says("owner");
    browser.page(&path).says("1 member").says("Everybody may join.");
    let page = browser.done(&format!("{path}/comment"), &[("text", "hello\r\n\r\nyou")]);
    page.says("<p dir=\"auto\">hello</p><p dir=\"auto\">you</p>");
    let refused = browser.post(&format!("{path}/comment"), &[("text", &"z".repeat(20_000))]);
    assert_eq!(refused.status, 422);
    refused.says("role=\"alert\"").says(&"z".repeat(20_000));
    let refused = browser.post(&format!("{path}/join"), &[]);
    assert_eq!(refused.status, 422, "who founded it is a member");
    refused.says("already");
    let refused = browser.post(&format!("{path}x/join"), &[]);
    assert_eq!(refused.status, 422, "no such group");
    browser.page(&format!("/share/{group}")).says("klatch:entry1");
}

#[test]
fn settings_change_the_profile_the_look_and_give_copies() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let page =
        browser.done("/settings/profile", &[("name", "Ana C."), ("about", "tea\r\nhttps://example.org")]);
    page.says("Saved.").says("value=\"Ana C.\"").says("tea\nhttps://example.org");
    browser.page(&format!("/person/{}", ana.feed)).says("href=\"https://example.org\"");
    let refused = browser.post("/settings/profile", &[("name", ""), ("about", "kept")]);
    assert_eq!(refused.status, 422);
    refused.says("kept</textarea>");
    // Links stand on the page of a person whole, and what is none is refused and stays in its field.
    let both = "https://example.org/a_(b)\r\n\r\n http://example.net ";
    let kept = [("name", "Ana C."), ("about", "tea")];
    browser
        .done("/settings/profile", &[&kept[..], &[("links", both)]].concat())
        .says(">https://example.org/a_(b)\nhttp://example.net</textarea>");
    browser
        .page(&format!("/person/{}", ana.feed))
        .says("<a href=\"https://example.org/a_(b)\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">")
        .says("<br><a href=\"http://example.net\"");
    for bad in [
        "javascript:alert(1)",
        "https://a.example\nhttps://b.example\nhttps://c.example\nhttps://d.example\nhttps://e.example\nhttps://f.example",
    ] {
        let refused = browser.post("/settings/profile", &[&kept[..], &[("links", bad)]].concat());
        assert_eq!(refused.status, 422, "{bad}");
        refused.says(&format!(">{bad}</textarea>"));
    }
    assert_eq!(ana.json(&["profile", "--about", "more"])["feed"], ana.feed.as_str());
    browser.page("/settings").says("http://example.net</textarea>");
    browser.done("/settings/profile", &[&kept[..], &[("links", "")]].concat());
    assert!(!browser.page(&format!("/person/{}", ana.feed)).body.contains("Elsewhere"));
    let look = browser.post("/look", &[("lang", "de"), ("back", "/settings")]);
    assert_eq!((look.status, look.header("location")), (303, Some("/settings")));
    assert_eq!(
        look.header("set-cookie"),
        Some("lang=de; HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000")
    );
    let look = browser.post("/look", &[("scheme", "dark"), ("back", "//evil.example")]);
    assert_eq!(look.header("location"), Some("/"));
    assert!(look.header("set-cookie").unwrap().starts_with("scheme=dark;"));
    browser.page("/settings/calendar.ics").says("BEGIN:VCALENDAR");
    assert!(browser.page(&format!("/settings/feed/{}", ana.feed)).body.starts_with("klatch/export/1"));
    let copy = browser.post("/settings/backup", &[]);
    assert_eq!(copy.status, 200, "{}", copy.head);
    assert_eq!(copy.header("content-disposition"), Some("attachment; filename=\"klatch.backup\""));
    assert!(copy.body.len() > 1000);
    eventually("the copy in the home is gone", || {
        let mut names = std::fs::read_dir(ana.home()).unwrap().map(|file| file.unwrap().file_name());
        (!names.any(|name| name.to_string_lossy().starts_with("backup"))).then_some(())
    });
}

#[test]
fn a_damaged_log_is_not_handed_out_as_a_backup() {
    let network = Network::new();
    let ana = network.person("ana");
    ana.json(&["group", "create", "Tea of Ana"]);
    crate::recovery::damages(&ana, "Tea of Ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let copy = browser.post("/settings/backup", &[]);
    assert_eq!(copy.status, 409, "{}", copy.head);
    copy.says("The log on this disk is damaged");
    node.stop();
}

#[test]
fn home_shows_the_next_dates_of_a_series_and_leaves_the_rest_to_its_page() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let start =
        ["--start", "2037-12-01T18:30", "--tz", "Europe/Lisbon", "--repeat", "weekly", "--count", "5"];
    ana.json(&[&["event", "schedule", "--title", "Choir"][..], &start].concat());
    ana.json(&[
        "event",
        "schedule",
        "--title",
        "Ball",
        "--start",
        "2037-12-31T20:00",
        "--tz",
        "Europe/Lisbon",
    ]);
    let home = Browser::at(&node).page("/").body;
    let dates: Vec<_> = home.match_indices("?on=").map(|(at, _)| &home[at + 4..at + 14]).collect();
    assert_eq!(dates, ["2037-12-01", "2037-12-08"]);
    assert!(home.contains("Ball"), "what comes later is not pushed off by a series");
}

#[test]
fn a_second_click_in_the_first_run_waits_for_the_first_and_goes_where_it_goes() {
    let network = Network::new();
    let place = network.person("ana").moved("new");
    let (new, browser) = New::at(&place, &network);
    // At once, so often that the two would meet in the middle.
    let both = |browser: &Browser, path: &str, fields: &[(&str, &str)]| {
        std::thread::scope(|scope| {
            let clicks = [(); 2].map(|()| scope.spawn(|| browser.post(path, fields)));
            clicks.map(|click| click.join().unwrap())
        })
    };
    for _ in 0..8 {
        for answer in both(&browser, "/start/name", &[("name", &"x".repeat(61))]) {
            assert_eq!(answer.status, 422, "{answer:?}");
        }
        for answer in both(&browser, "/start/name", &[("name", "Nora")]) {
            let to = answer.header("location");
            assert_eq!(answer.status, 303, "{answer:?}");
            assert!(to == Some("/start/words") || to == Some("/start"), "{answer:?}");
        }
        assert_eq!(browser.get("/start").header("location"), Some("/start/words"), "they are shown still");
        browser.done("/start/again", &[]);
    }
    let sheet = browser.done("/start/name", &[("name", "Nora")]);
    let (words, asked) = read(&sheet.body);
    let fields: Vec<_> =
        asked.iter().map(|number| (format!("word{number}"), words[number - 1].clone())).collect();
    let fields: Vec<_> = fields.iter().map(|(name, word)| (&**name, &**word)).collect();
    for answer in both(&browser, "/start/words", &fields) {
        assert_eq!(answer.status, 303, "{answer:?}");
    }
    assert_eq!(new.next()["ready"], true);
    browser.page("/").says("Nora");
    drop(new);
    let again = place.moved("again");
    let (newer, browser) = New::at(&again, &network);
    for answer in both(&browser, "/start/back", &[("words", &words.join(" "))]) {
        assert_eq!(answer.status, 303, "{answer:?}");
    }
    newer.next();
    browser.page("/").says("Klatch");
}

#[test]
fn what_a_killed_node_left_of_a_download_goes_when_the_next_starts() {
    let network = Network::new();
    let ana = network.person("ana");
    let left = ana.home().join("backup.unfinished-a1B2c3");
    std::fs::create_dir(&left).unwrap();
    std::fs::write(left.join("klatch.backup"), "a key").unwrap();
    let kept = ana.home().join("backup-of-mine");
    std::fs::write(&kept, "theirs").unwrap();
    let node = ana.alone();
    assert!(!left.exists(), "it holds the key");
    assert!(kept.exists(), "nobody else's");
    node.stop();
}
