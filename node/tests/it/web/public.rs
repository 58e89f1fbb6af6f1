//! A pub's public pages: what is listed, for anybody, and nobody who only answered.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};

use klatch::clock::Stopwatch;
use klatch::daemon::{Daemon, Options, Request};
use klatch::pub_server::PubRequest;
use klatch::pub_server::site::{DATES_MAX, LISTED_MAX};
use klatch::web::public::rates::{BURST, PER_SECOND};
use klatch::web::public::{CONNECTIONS_MAX, HEAD_BYTES_MAX};
use klatch_feed::Post;
use klatch_feed::post::EventFields;
use serde_json::Value;

use crate::browser::{Answer, Browser};
use crate::exports::says;
use crate::person::{Network, PATIENCE, Person, Up, eventually};

/// A pub on loopback whose pages stand somewhere, under this address.
fn open(hub: &Person, more: &[&str]) -> (Up, Browser) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let args = ["pub", "up", "--public", &port, "--lan", "off", "--listen", &port, "--pages", "127.0.0.1:0"];
    let running = hub.up(&[&args[..], more].concat());
    let at = running.ready["pages"].as_str().unwrap();
    let address = at.strip_prefix("http://").unwrap().trim_end_matches('/').parse().unwrap();
    (running, Browser { address, cookie: String::new() })
}

/// As a stranger asks, from an address of their own behind a proxy.
fn from(reader: &Browser, asker: &str, path: &str, lines: &[(&str, &str)]) -> Answer {
    let lines = [&[("host", "meet.example.org"), ("x-forwarded-for", asker)][..], lines].concat();
    reader.ask("GET", path, &lines, "")
}

/// An event far ahead, so that it is to come whenever this runs.
fn schedules(person: &Person, group: &str, title: &str, more: &[&str]) -> String {
    let args = [
        "event",
        "schedule",
        group,
        "--title",
        title,
        "--start",
        "2099-12-01T18:30",
        "--tz",
        "Europe/Lisbon",
    ];
    person.json(&[&args[..], more].concat())["id"].as_str().unwrap().to_owned()
}

/// One that is public, in no group.
fn schedules_alone(person: &Person, title: &str) -> String {
    let when = ["--start", "2099-12-01T18:30", "--tz", "Europe/Lisbon", "--public"];
    let made = person.json(&[&["event", "schedule", "--title", title][..], &when].concat());
    made["id"].as_str().unwrap().to_owned()
}

/// As somebody who never asked before: none of these runs into the limit of one address.
fn get(reader: &Browser, path: &str) -> Answer {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let [_, high, middle, low] = ASKED.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    from(reader, &format!("10.{high}.{middle}.{low}"), path, &[])
}

/// The page behind a path that must be there.
fn page(reader: &Browser, path: &str) -> Answer {
    let answer = get(reader, path);
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer
}

fn shown(reader: &Browser, path: &str, text: &str) -> Answer {
    eventually(&format!("{path} says {text:?}"), || {
        let answer = get(reader, path);
        (answer.status == 200 && answer.body.contains(text)).then_some(answer)
    })
}

#[test]
fn what_is_listed_is_shown_to_everybody_and_no_guest_and_nothing_else_is() {
    let network = Network::new();
    let (hub, ana, guest) = (network.person("hub"), network.person("ana"), network.person("zebulon"));
    let (running, reader) = open(&hub, &["--site", "https://meet.example.org"]);
    page(&reader, "/").says("Nothing is coming up");
    let invite = hub.json(&["pub", "invite", "--uses", "2"])["invite"].as_str().unwrap().to_owned();
    for person in [&ana, &guest] {
        person.json(&["join", &invite, "--lan", "off"]);
    }
    let (host, answers) = (ana.alone(), guest.alone());
    let group = ana.json(&["group", "create", "Makers", "--public"])["id"].as_str().unwrap().to_owned();
    let seats = ["--public", "--capacity", "20", "--about", "Bring a cup", "--tag", "tea", "--where", "Café"];
    let event = schedules(&ana, "Makers", "Tea & <Cake>", &seats);
    let apart = schedules(&ana, "Makers", "For members", &["--tag", "Public"]);
    let series = schedules(&ana, "Makers", "Weekly pot", &["--public", "--repeat", "weekly", "--count", "4"]);
    let private = ["--on", "2099-12-22", "--title", "Only for us", "--public=false"];
    ana.json(&[&["event", "update", &series][..], &private].concat());
    let other = ana.schedules("Dinner at home");
    hub.event_once(&other, "the pub holds what Ana hosts", |event| event["title"] == "Dinner at home");
    guest.json(&["open", ana.json(&["event", "share", &event])["line"].as_str().unwrap()]);
    guest.event_once(&event, "the guest has the event", |event| event["place"] == "Café");
    guest.json(&["rsvp", &event, "yes"]);
    hub.event_once(&event, "the pub has the seat", |event| event["seated"][0]["feed"] == guest.feed.as_str());
    hub.json(&["follow", &ana.feed, "--as", "Troublemaker"]);

    assert_eq!(get(&reader, &format!("/e/{event}")).status, 404, "nobody listed it");
    let listed = hub.json(&["pub", "publish", "Makers"]);
    assert_eq!((&listed[0]["id"], &listed[0]["group"]), (&Value::from(&*group), &Value::from(true)));
    assert_eq!(listed[0]["public"], true);
    for unsaid in [&apart, &other] {
        let said = hub.refused(&["pub", "publish", unsaid]);
        assert!(said.contains("klatch event update EVENT --public"), "{said}");
    }
    assert!(hub.refused(&["pub", "publish", "Makers"]).contains("already"));
    assert!(hub.refused(&["pub", "publish", &event, "--undo"]).contains("not on the public pages"));
    let front = shown(&reader, "/", "Tea &#38; &#60;Cake&#62;");
    front.says("Weekly pot").says("Tuesday 1 December 2099").says("1 of 20 seats").says("Makers");
    assert_eq!(front.body.matches("Weekly pot").count(), 1, "of a series what comes next");
    let tea = page(&reader, &format!("/e/{event}"));
    tea.says("Tea &#38; &#60;Cake&#62;")
        .says("18:30–20:30")
        .says("Bring a cup")
        .says("Café")
        .says("<bdi>ana</bdi>");
    for page in [&tea, &page(&reader, &format!("/g/{group}"))] {
        page.says("<a class=\"button strong\" href=\"#how\">").says("id=\"how\"");
    }
    tea.says(&format!("<link rel=\"canonical\" href=\"https://meet.example.org/e/{event}\">"));
    tea.says("<meta property=\"og:title\" content=\"Tea &#38; &#60;Cake&#62;\">");
    front.says("<meta name=\"description\" content=\"What is on, as the pub hub shows it\">");
    tea.says(&format!("klatch:{event}?host={}&#38;at={}", ana.feed, running.address()));
    let data = jsonld(&tea);
    assert_eq!(data["url"], format!("https://meet.example.org/e/{event}"));
    assert_eq!(data["maximumAttendeeCapacity"], 20);
    let files = ["/", "/sitemap.xml", "/robots.txt"].map(str::to_owned).into_iter().chain(
        [&group].into_iter().flat_map(|id| ["", ".ics", ".atom", ".svg"].map(|end| format!("/g/{id}{end}"))),
    );
    let of = |id: &str| ["", ".ics", ".svg"].map(|end| format!("/e/{id}{end}"));
    let files = files.chain(of(&event)).chain(of(&series));
    for path in files {
        let answer = page(&reader, &path);
        let people = ["zebulon", &guest.feed, "Troublemaker"];
        let unmarked =
            ["For members", &apart, "Dinner", &other, "Only for us", "2099-12-22T", "?on=2099-12-22"];
        let the_mark = ["CATEGORIES:tea,public", "term=\"public\"", "\"public\"", ">public<"];
        for hidden in people.into_iter().chain(unmarked).chain(the_mark) {
            assert!(!answer.body.contains(hidden), "{hidden} is in {path}: {answer:?}");
        }
    }
    for hidden in [&apart, &other] {
        assert_eq!(get(&reader, &format!("/e/{hidden}")).status, 404);
    }
    let date = page(&reader, &format!("/e/{series}?on=2099-12-08"));
    date.says("Tuesday 8 December 2099").says("All dates of this series");
    page(&reader, &format!("/e/{series}.ics")).says("EXDATE;TZID=Europe/Lisbon:20991222T183000");
    for none in ["2099-12-09", "2099-12-22"] {
        assert_eq!(get(&reader, &format!("/e/{series}?on={none}")).status, 404, "{none}");
    }

    let why = "The roof leaks, ".repeat(6) + "as it did last year";
    ana.json(&["event", "cancel", &event, "--reason", &why]);
    shown(&reader, &format!("/e/{event}"), "Cancelled").says(&why);
    let listed = shown(&reader, &format!("/g/{group}"), "The roof leaks, ");
    assert!(!listed.says("…").body.contains("last year"), "a list says it in short: {listed:?}");
    hub.json(&["pub", "publish", "Makers", "--undo"]);
    eventually("it is taken off", || (get(&reader, &format!("/e/{event}")).status == 404).then_some(()));
    hub.json(&["pub", "publish", &event]);
    let alone = shown(&reader, &format!("/e/{event}"), "Tea");
    assert!(!alone.body.contains("Makers"), "the group is not listed: {}", alone.body);
    drop((host, answers, running));
}

#[test]
fn a_mark_that_is_taken_back_takes_it_off_whatever_is_listed_and_brings_it_back() {
    let network = Network::new();
    let hub = network.person("hub");
    let (_running, reader) = open(&hub, &[]);
    hub.json(&["group", "create", "Makers"]);
    let said = hub.refused(&["pub", "publish", "Makers"]);
    assert!(said.contains("an owner makes it so with `klatch group public GROUP`"), "{said}");
    let group = hub.json(&["group", "public", "Makers"])["id"].as_str().unwrap().to_owned();
    assert!(hub.refused(&["group", "public", "Makers"]).contains("public already"));
    let [tea, cake] =
        ["Tea", "Cake"].map(|title| schedules(&hub, "Makers", title, &["--public", "--tag", "x"]));
    let listed = |object: &str, undo: &[&str]| hub.json(&[&["pub", "publish", object], undo].concat());
    let group_page = format!("/g/{}", listed("Makers", &[])[0]["id"].as_str().unwrap());
    listed("Cake", &[]);
    shown(&reader, &group_page, "Tea");
    assert_ne!(group_page, format!("/g/{group}"), "that is the word, and not the group");
    let gone = |path: &str| {
        eventually(&format!("{path} is taken off"), || (get(&reader, path).status == 404).then_some(()));
    };

    hub.json(&["event", "update", &tea, "--tag", "strong"]);
    shown(&reader, &format!("/e/{tea}"), ">strong<");
    hub.json(&["event", "update", &tea, "--public=false"]);
    gone(&format!("/e/{tea}"));
    assert!(!page(&reader, &group_page).body.contains("Tea"));
    assert_eq!(hub.event(&tea).unwrap()["tags"], serde_json::json!(["strong"]));
    hub.json(&["event", "update", &tea, "--public"]);
    shown(&reader, &group_page, "Tea");

    hub.json(&["group", "public", "Makers", "--undo"]);
    gone(&group_page);
    gone(&format!("/e/{tea}"));
    let alone = page(&reader, &format!("/e/{cake}"));
    assert!(!alone.body.contains("Makers"), "the group is not public: {}", alone.body);
    let shown_here = |line: &Value| (line["title"].as_str().unwrap().to_owned(), line["public"] == true);
    let mut lines: Vec<_> =
        hub.json(&["pub", "publish"]).as_array().unwrap().iter().map(shown_here).collect();
    lines.sort();
    assert_eq!(lines, [("Cake".to_owned(), true), ("Makers".to_owned(), false)]);
    hub.json(&["group", "public", "Makers"]);
    shown(&reader, &group_page, "Tea");
}

/// What stands between the tags of the data, as a parser of HTML finds its end.
fn jsonld(page: &Answer) -> Value {
    let (_, rest) = page.body.split_once("<script type=\"application/ld+json\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn what_people_write_ends_no_page_and_no_file() {
    let network = Network::new();
    let hub = network.person("hub");
    let (_running, reader) = open(&hub, &[]);
    let group = "</title><script>alert(1)</script>";
    hub.json(&["profile", "--name", "\"><svg onload=alert(1)>"]);
    hub.json(&["group", "create", group, "--public"]);
    let titles = [
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "\"><img src=x onerror=alert(1)>",
        "' autofocus onfocus=alert(1) '",
        "{{7*7}} {% raw %} ${7*7}",
        "]]></name><script/>",
        "&lt;script&gt;&#60;script&#62;",
        "javascript:alert(1)",
        "a\u{202e}b\u{2066}c",
    ];
    let events = titles.map(|title| {
        let about = format!("{title}\n\t[2J\u{202e}\u{2066}\nBEGIN:VEVENT\njavascript:alert(1) https://example.org/\"onclick=x");
        let fields = ["--about", &about, "--where", title, "--tag", "<b>", "--public"];
        (schedules(&hub, group, title, &fields), title)
    });
    let id = hub.json(&["pub", "publish", group])[0]["id"].as_str().unwrap().to_owned();
    let front = shown(&reader, "/", &events[8].0);
    let pages =
        ["".to_owned(), format!("g/{id}")].into_iter().chain(events.iter().map(|(id, _)| format!("e/{id}")));
    for (at, path) in pages.enumerate() {
        let page = from(&reader, &format!("192.0.2.{at}"), &format!("/{path}"), &[]);
        assert_eq!(page.status, 200, "{path}");
        let body = page.body.to_lowercase();
        let scripts = body.matches("<script").count();
        assert_eq!(scripts, usize::from(path.starts_with("e/")), "{path}: {body}");
        for bad in ["<img src=x", "<svg", "<b>", "<!--", "href=\"javascript:", "\u{202e}", "/\"onclick"] {
            assert!(!body.contains(bad), "{bad:?} in {path}: {body}");
        }
        assert!(
            page.header("content-security-policy")
                .unwrap()
                .starts_with("default-src 'none'; style-src 'self';")
        );
    }
    for (at, (id, title)) in events.iter().enumerate() {
        let page = from(&reader, &format!("198.51.100.{at}"), &format!("/e/{id}"), &[]);
        let shown: String =
            title.chars().map(|c| if "\u{202e}\u{2066}".contains(c) { '\u{fffd}' } else { c }).collect();
        assert_eq!(jsonld(&page)["name"], shown);
        assert_eq!(jsonld(&page).get("location").and_then(|place| place[1].get("url")), None);
    }
    assert!(!front.body.contains(" style=") && !front.body.contains("onerror=alert(1)>"));
    let atom = page(&reader, &format!("/g/{id}.atom"));
    atom.says("&lt;/title&gt;&lt;script&gt;");
    assert!(!atom.body.contains("<script"), "{}", atom.body);
    let calendar = page(&reader, &format!("/g/{id}.ics"));
    assert_eq!(calendar.body.matches("\r\nBEGIN:VEVENT\r\n").count(), titles.len(), "{}", calendar.body);
}

#[test]
fn a_link_that_is_none_is_text_on_every_page_and_in_no_file_whoever_signed_it() {
    let network = Network::new();
    let hub = network.person("hub");
    let hostile = [
        "javascript:alert(1)",
        " JaVaScRiPt:alert(1)",
        "java\u{200b}script:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example/x",
        "https:evil.example",
        "https://",
        "https://evil.example/\"><script>alert(1)</script>",
        "https://evil.example/'onmouseover='alert(1)",
        "https://evil.example/\u{202e}gpj.exe",
        "http://evil.example/ javascript:alert(1)",
        "</script><script>alert(1)</script>",
        "klatch:join/1/evil.example:1/x/y",
    ];
    let events: Vec<_> = hostile
        .iter()
        .enumerate()
        .map(|(at, online)| {
            let event = schedules_alone(&hub, &format!("Pot {at}"));
            let online = Some(online.trim().to_owned());
            let fields = Box::new(EventFields { online, ..EventFields::default() });
            let (of, replaces) = (event.parse().unwrap(), vec![]);
            says(&hub, Post::Update { event: of, replaces, fields, occ: None });
            event
        })
        .collect();
    let (_running, reader) = open(&hub, &[]);
    events.iter().for_each(|event| drop(hub.json(&["pub", "publish", event])));
    for (event, online) in events.iter().zip(hostile) {
        let page = shown(&reader, &format!("/e/{event}"), "<dt>Online</dt>");
        let body = page.body.to_lowercase();
        assert_eq!(body.matches("<script").count(), 1, "the data alone: {online:?}: {body}");
        let attributes: Vec<_> =
            body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        for link in &attributes {
            let is_ours = ["#main", "#how"].contains(link)
                || link.starts_with('/') && !link.starts_with("//")
                || link.contains(&reader.host());
            let is_whole =
                link.starts_with("http://evil.example/") || link.starts_with("https://evil.example/");
            assert!(is_ours || is_whole, "{online:?} leads to {link:?}");
            assert!(!link.contains(['<', '>', '\'', '\u{202e}', ' ']), "{online:?}: {link:?}");
        }
        let (before, rest) = body.split_once("<script type=").unwrap();
        let markup = [before, rest.split_once("</script>").unwrap().1].concat();
        for bad in ["onmouseover=\"", "onmouseover='", "\u{202e}", "href=javascript"] {
            assert!(!markup.contains(bad), "{bad} of {online:?} in {markup}");
        }
        let url = jsonld(&page)["location"][0]["url"].as_str().map(str::to_owned);
        let file = get(&reader, &format!("/e/{event}.ics")).body.replace("\r\n ", "");
        let line = file.lines().find_map(|line| line.strip_prefix("URL")).map(str::to_owned);
        for told in [url, line].into_iter().flatten() {
            assert!(
                told.contains("://evil.example/") && !told.contains(['<', '\u{202e}']),
                "{online:?}: {told}"
            );
        }
    }
}

#[test]
fn who_has_a_page_already_is_told_so_and_words_are_the_reader_s() {
    let network = Network::new();
    let hub = network.person("hub");
    let (_running, reader) = open(&hub, &[]);
    hub.json(&["group", "create", "Makers", "--public"]);
    let event = schedules(&hub, "Makers", "Tea", &["--public"]);
    let group = hub.json(&["pub", "publish", "Makers"])[0]["id"].as_str().unwrap().to_owned();
    shown(&reader, "/", "Tea");
    let base = format!("http://{}", reader.host());
    let kinds = [
        ("/".to_owned(), "text/html; charset=utf-8", "<h1>What is on</h1>".to_owned()),
        (format!("/g/{group}"), "text/html; charset=utf-8", format!("/g/{group}.atom")),
        (format!("/e/{event}"), "text/html; charset=utf-8", "application/ld+json".to_owned()),
        (format!("/e/{event}.ics"), "text/calendar; charset=utf-8", "SUMMARY:Tea".to_owned()),
        (format!("/g/{group}.ics"), "text/calendar; charset=utf-8", "SUMMARY:Tea".to_owned()),
        (
            format!("/g/{group}.atom"),
            "application/atom+xml; charset=utf-8",
            format!("href=\"{base}/e/{event}\""),
        ),
        (format!("/e/{event}.svg"), "image/svg+xml", "<svg".to_owned()),
        (
            "/sitemap.xml".to_owned(),
            "application/xml; charset=utf-8",
            format!("<loc>{base}/e/{event}</loc><lastmod>2"),
        ),
        ("/robots.txt".to_owned(), "text/plain; charset=utf-8", format!("Sitemap: {base}/sitemap.xml")),
    ];
    for (path, kind, text) in &kinds {
        let page = page(&reader, path);
        page.says(text);
        assert_eq!(page.header("content-type"), Some(*kind), "{path}");
        assert_eq!(page.header("cache-control"), Some("public, max-age=60"), "{path}");
        assert_eq!(page.header("vary"), Some("Accept-Language"), "{path}");
        assert_eq!(page.header("set-cookie"), None);
        let tag = page.header("etag").unwrap();
        for held in [tag, &format!("\"other\", W/{tag}"), "*"] {
            let same = from(&reader, "192.0.2.1", path, &[("if-none-match", held)]);
            assert_eq!((same.status, same.body.len()), (304, 0), "{path} {held}");
            assert_eq!(same.header("etag"), Some(tag));
        }
        assert_eq!(from(&reader, "192.0.2.2", path, &[("if-none-match", "\"other\"")]).status, 200);
        let head = reader.ask("HEAD", path, &[("host", "x")], "");
        assert_eq!((head.status, head.body.len(), head.header("etag")), (200, 0, Some(tag)), "{path}");
    }
    let before = page(&reader, "/").header("etag").unwrap().to_owned();
    let german = from(&reader, "192.0.2.3", "/", &[("accept-language", "de"), ("if-none-match", &before)]);
    assert_eq!(german.status, 200, "another language is another text");
    german.says("<html lang=\"de\"").says("Dienstag, 1. Dezember 2099");
    schedules(&hub, "Makers", "Cake", &["--public"]);
    let after = shown(&reader, "/", "Cake");
    assert_ne!(after.header("etag"), Some(&*before));
    for path in [
        "/?skip=-1",
        "/g/%ff",
        "/g/x",
        "/e/",
        "/e/..%2f..%2ffeed.key",
        &format!("/e/{group}"),
        &format!("/g/{group}.html"),
        "/api/v1/id",
        "/inbox",
    ] {
        let answer = from(&reader, "192.0.2.4", path, &[]);
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    let nowhere = from(&reader, "192.0.2.4", "/nowhere", &[("if-none-match", "*")]);
    assert_eq!((nowhere.status, nowhere.header("etag")), (404, None), "nobody has what is nowhere");
    nowhere.says("There is no such page.");
    for (method, path) in [("POST", "/"), ("PUT", "/nowhere"), ("DELETE", "/assets/x"), ("OPTIONS", "/e/x")] {
        let refused = reader.ask(method, path, &[("host", "x"), ("x-forwarded-for", "192.0.2.5")], "");
        assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")), "{method} {path}");
    }
}

#[test]
fn strangers_get_no_more_than_is_written() {
    let network = Network::new();
    let hub = network.person("hub");
    let (_running, reader) = open(&hub, &[]);
    let head = "x".repeat(HEAD_BYTES_MAX);
    assert_eq!(from(&reader, "192.0.2.1", "/", &[("x", &head)]).status, 431);
    let one = "GET /robots.txt HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 192.0.2.2\r\n";
    let asked = BURST * 2;
    let many = format!("{one}\r\n").repeat(asked as usize - 1) + &format!("{one}connection: close\r\n\r\n");
    let began = Stopwatch::start();
    let all = reader.raw(many.as_bytes());
    let saved = (began.elapsed().as_secs() as u32 + 1) * PER_SECOND;
    let count = |status: &str| {
        let said = format!("HTTP/1.1 {status} ");
        u32::try_from(all.head.matches(&said).count() + all.body.matches(&said).count()).unwrap()
    };
    let (answered, refused) = (count("200"), count("429"));
    assert_eq!(answered + refused, asked, "{all:?}");
    assert!((BURST..=BURST + saved).contains(&answered), "{answered}");
    assert!(all.body.contains("retry-after: 10"), "who is refused is told when to come back: {all:?}");
    assert_eq!(from(&reader, "192.0.2.3", "/robots.txt", &[]).status, 200, "others are answered");

    let open = || TcpStream::connect(reader.address).unwrap();
    let mut asker = 0_u16;
    let mut answers = |stream: &mut TcpStream| {
        asker += 1;
        let [high, low] = asker.to_be_bytes();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request =
            format!("GET /robots.txt HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 198.51.{high}.{low}\r\n\r\n");
        let _ = stream.write_all(request.as_bytes());
        matches!(stream.read(&mut [0; 16]), Ok(read) if read > 0)
    };
    let held = eventually("all places are free again", || {
        let mut held: Vec<_> = (0..CONNECTIONS_MAX).map(|_| open()).collect();
        held.iter_mut().all(&mut answers).then_some(held)
    });
    assert!(!answers(&mut open()), "one more than may be connected is closed");
    drop(held);
    eventually("places that were left are free", || answers(&mut open()).then_some(()));
}

#[test]
fn an_event_whose_dates_are_all_left_out_is_on_no_page_and_in_no_file() {
    let network = Network::new();
    let hub = network.person("hub");
    let (running, _) = open(&hub, &[]);
    hub.json(&["group", "create", "Makers", "--public"]);
    running.stop();
    let home = klatch::home::Home::at(hub.home());
    let daemon = Daemon::start(&home, home.lock().unwrap(), Options::default()).unwrap();
    let schedule = |title: &str, start: &str, repeat: Value| {
        let schedule = serde_json::json!({ "schedule": {
            "group": "Makers", "title": title, "start": start, "zone": "UTC", "minutes": 60, "place": "", "about": "",
            "capacity": null, "split": false, "repeat": repeat, "fields": { "tags": ["public"] },
        } });
        daemon.handle().call(serde_json::from_value(schedule).unwrap()).unwrap();
    };
    schedule("Long ago", "2090-01-01T18:30", Value::Null);
    for at in 0..DATES_MAX / 200 {
        schedule(&format!("Pot {at}"), "2099-01-01T18:30", "FREQ=DAILY;COUNT=200".into());
    }
    let object = "Makers".to_owned();
    daemon.handle().call(Request::Pub(PubRequest::Publish { object, undo: false })).unwrap();
    drop(daemon);
    let found = hub.json(&["event", "list"]);
    let id = |title: &str| {
        let line = found.as_array().unwrap().iter().find(|line| line["title"] == title);
        line.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (early, kept) = (id("Long ago"), id("Pot 0"));
    let group = hub.json(&["group", "list"])[0]["id"].as_str().unwrap().to_owned();
    let (_running, reader) = open(&hub, &[]);
    for path in ["/sitemap.xml".to_owned(), format!("/g/{group}.ics"), format!("/g/{group}.atom")] {
        let file = page(&reader, &path);
        assert!(file.body.contains(&kept) && !file.body.contains(&early), "{path}");
    }
    assert_eq!(get(&reader, &format!("/e/{kept}")).status, 200);
    assert_eq!(get(&reader, &format!("/e/{early}")).status, 404);
}

#[test]
fn a_pub_without_a_public_address_names_none_on_its_pages() {
    let network = Network::new();
    let hub = network.person("hub");
    let event = schedules_alone(&hub, "Tea");
    let args = ["pub", "up", "--lan", "off", "--listen", "127.0.0.1:0", "--pages", "127.0.0.1:0"];
    let running = hub.up(&args);
    let at = running.ready["pages"].as_str().unwrap().strip_prefix("http://").unwrap();
    let reader = Browser { address: at.trim_end_matches('/').parse().unwrap(), cookie: String::new() };
    hub.json(&["pub", "publish", &event]);
    let page = shown(&reader, &format!("/e/{event}"), &format!("klatch:{event}?host={}", hub.feed));
    assert!(!page.body.contains("&#38;at=") && !page.body.contains("at=127."), "{}", page.body);
}

#[test]
fn one_more_than_may_be_listed_is_refused_and_who_is_no_pub_lists_nothing() {
    let network = Network::new();
    let hub = network.person("hub");
    hub.json(&["group", "create", "Makers", "--public"]);
    assert!(hub.refused(&["pub", "publish", "Makers"]).contains("no pub"));
    let (running, reader) = open(&hub, &[]);
    let taken = reader.host();
    running.stop();
    // Without a node: each command has the log for itself.
    let home = klatch::home::Home::at(hub.home());
    let daemon = Daemon::start(&home, home.lock().unwrap(), Options::default()).unwrap();
    let call = |request| daemon.handle().call(Request::Pub(request));
    let publish = |object: &str| call(PubRequest::Publish { object: object.to_owned(), undo: false });
    for at in 0..LISTED_MAX {
        let title = format!("Pot {at}");
        let schedule = serde_json::json!({ "schedule": {
            "group": null, "title": title, "start": "2099-12-01T18:30", "zone": "UTC", "minutes": 60,
            "place": "", "about": "", "capacity": null, "split": false, "fields": { "tags": ["public"] },
        } });
        daemon.handle().call(serde_json::from_value(schedule).unwrap()).unwrap();
        publish(&title).unwrap();
    }
    let error = publish("Makers").unwrap_err();
    assert!(error.to_string().contains("take some off"), "{error}");
    drop(daemon);
    let listener = std::net::TcpListener::bind(&taken).unwrap();
    let said = hub.refused(&["pub", "up", "--lan", "off", "--listen", "127.0.0.1:0", "--pages", &taken]);
    assert!(said.contains("--pages"), "{said}");
    drop(listener);
}

#[test]
fn the_list_of_a_group_leads_on_through_what_comes_and_what_is_over() {
    let network = Network::new();
    let hub = network.person("hub");
    let (_running, reader) = open(&hub, &[]);
    let group = hub.json(&["group", "create", "Makers", "--public"])["id"].as_str().unwrap().to_owned();
    // Three dates of each series are shown; twenty of what is over.
    let series = |count: usize, start: &str, dates: &str| {
        for at in 0..count {
            let title = format!("Pot {start} {at}");
            let when = ["--start", start, "--tz", "UTC", "--repeat", "daily", "--count", dates, "--public"];
            hub.json(&[&["event", "schedule", "Makers", "--title", &title][..], &when].concat());
        }
    };
    series(20, "2099-12-01T18:30", "4");
    series(1, "2001-12-01T18:30", "20");
    hub.json(&["pub", "publish", &group]);
    let path = format!("/g/{group}");
    let rows = |answer: &Answer| answer.body.matches("href=\"/e/").count();
    let full = shown(&reader, &path, "Pot 2099-12-01T18:30 19");
    assert_eq!(rows(&full), 60 + 20);
    assert!(!full.body.contains("skip=") && !full.body.contains("past="), "{}", full.body);
    series(1, "2099-12-20T18:30", "2");
    series(1, "2001-11-01T18:30", "1");
    let more = shown(&reader, &path, &format!("href=\"{path}?past=20\""));
    assert_eq!(rows(&more), 60 + 20);
    more.says(&format!("href=\"{path}?skip=60\""));
    let coming = page(&reader, &format!("{path}?skip=60"));
    assert_eq!(rows(&coming), 2, "{}", coming.body);
    coming.says("Pot 2099-12-20T18:30 0").says(&format!("href=\"{path}\""));
    let past = page(&reader, &format!("{path}?past=20"));
    assert_eq!(rows(&past), 1, "{}", past.body);
    past.says("Pot 2001-11-01T18:30 0");
}
