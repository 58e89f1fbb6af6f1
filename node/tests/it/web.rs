//! The page over HTTP, against real nodes: who is let in, what is shown, what forms do.

mod addresses;
mod api;
mod confirm;
mod door;
mod lists;
mod operator;
mod organizer;
mod polls;
mod public;
mod scan;
mod talk;
mod upkeep;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use klatch::web::guard::BODY_BYTES_MAX;
use klatch::web::live::STREAMS_MAX;
use klatch::web::{CONNECTIONS_MAX, HEAD_BYTES_MAX};

use crate::browser::Browser;
use crate::person::{Network, PATIENCE, eventually};

#[test]
fn a_link_lets_one_in_once_and_nobody_comes_in_without() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let link = node.ready["page"].as_str().unwrap().to_owned();
    let browser = Browser::at(&node);
    let home = browser.page("/");
    home.says("What is on").says("Nothing here yet");
    assert_eq!(home.header("cache-control"), Some("no-store"));
    let policy = home.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(home.header(name), Some(value), "{name}");
    }
    let again = browser.get(&link[link.find("/enter").unwrap()..]);
    assert_eq!(again.status, 410, "a link that was used is worth nothing");
    assert_eq!(again.header("set-cookie"), None);
    let stranger = Browser { address: browser.address, cookie: String::new() };
    for path in ["/", "/inbox", "/live", "/nowhere"] {
        let refused = stranger.get(path);
        assert_eq!(refused.status, 403, "{path}");
        refused.says("klatch page");
        assert_eq!(
            refused.header("x-content-type-options"),
            Some("nosniff"),
            "refusals have the same headers"
        );
    }
    let forged = Browser { cookie: format!("{}=0", browser.cookie.split('=').next().unwrap()), ..stranger };
    assert_eq!(forged.get("/").status, 403);
    // A new link, by the command line.
    let fresh = ana.json(&["page"])["page"].as_str().unwrap().to_owned();
    assert_ne!(fresh, link);
    Browser::follow(&fresh).page("/");
    let token = ana.json(&["page", "--token"])["token"].as_str().unwrap().to_owned();
    let (host, bearer) = (browser.host(), format!("Bearer {token}"));
    let lines = [("host", &*host), ("authorization", &*bearer)];
    assert_eq!(browser.ask("GET", "/", &lines, "").status, 403, "the token is for scripts");
    node.stop();
    assert!(ana.refused(&["page"]).contains("klatch up"));
}

#[test]
fn another_host_another_origin_and_odd_paths_get_nothing() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let (host, port) = (browser.host(), browser.address.port());
    let cookie = ("cookie", &*browser.cookie);
    for good in [host.clone(), format!("localhost:{port}"), format!("[::1]:{port}")] {
        assert_eq!(browser.ask("GET", "/", &[("host", &good), cookie], "").status, 200, "{good}");
    }
    let evil = [
        format!("evil.example:{port}"),
        "127.0.0.1".to_owned(),
        format!("127.0.0.1:{}", port ^ 1),
        format!("localhost.evil.example:{port}"),
        format!("127.0.0.1:{port}.evil.example"),
        format!("127.0.0.1:{port}@evil.example"),
        String::new(),
    ];
    for host in &evil {
        let refused = browser.ask("GET", "/", &[("host", host), cookie], "");
        assert_eq!(refused.status, 421, "{host}: {refused:?}");
    }
    let twice = [("host", &*host), ("host", "evil.example"), cookie];
    assert!([400, 421].contains(&browser.ask("GET", "/", &twice, "").status));
    let absolute = browser.ask("GET", "http://evil.example/", &[("host", &host), cookie], "");
    assert_eq!(absolute.status, 421, "{absolute:?}");

    let event = ana.schedules("Tea");
    let path = format!("/event/{event}/answer");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let origin = format!("http://{host}");
    let post = |lines: &[(&str, &str)]| {
        let lines = [&[("host", &*host), form][..], lines].concat();
        browser.ask("POST", &path, &lines, "answer=yes").status
    };
    let other_port = format!("http://127.0.0.1:{}", port ^ 1);
    for origin in ["http://evil.example", "null", &other_port, "https://127.0.0.1", &format!("{origin}/"), ""]
    {
        assert_eq!(post(&[("origin", origin), cookie]), 403, "{origin}");
    }
    assert_eq!(post(&[cookie]), 403, "a browser says where a form comes from");
    assert_eq!(post(&[cookie, ("sec-fetch-site", "cross-site")]), 403);
    assert_eq!(post(&[cookie, ("sec-fetch-site", "same-site")]), 403);
    assert_eq!(post(&[("origin", &origin)]), 403, "without the cookie");
    assert_eq!(post(&[("origin", &origin), ("sec-fetch-site", "same-origin")]), 403, "without the cookie");
    assert_eq!(ana.event(&event).unwrap()["seated"].as_array().unwrap().len(), 0, "nothing was done");
    assert_eq!(post(&[cookie, ("sec-fetch-site", "same-origin")]), 303);
    assert_eq!(post(&[cookie, ("origin", &origin)]), 303);

    for path in [
        "/assets/../feed.key",
        "/assets/..%2f..%2ffeed.key",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets//etc/passwd",
        "/assets/",
        "/assets/style.css",
    ] {
        let answer = browser.get(path);
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    assert_eq!(browser.get("/nowhere").status, 404);
    assert_eq!(browser.get(&format!("/event/entry1{}", "q".repeat(58))).status, 422, "a mistyped id");
    assert_eq!(browser.get("/event/Nothing").status, 404);
}

#[test]
fn one_past_each_limit_is_refused() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let event = ana.schedules("Tea");
    let path = format!("/event/{event}/comment");
    let frame = "text=".len();
    let body = |bytes: usize| "x".repeat(bytes - frame);
    let fits = browser.post(&path, &[("text", "")]);
    assert_eq!(fits.status, 422, "an empty comment is none: {fits:?}");
    // Letters are escaped to three bytes by the form; so the body is written as it is.
    let (host, origin) = (browser.host(), format!("http://{}", browser.host()));
    let lines = [
        ("host", &*host),
        ("origin", &*origin),
        ("cookie", &*browser.cookie),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let most = browser.ask("POST", &path, &lines, &format!("text={}", body(BODY_BYTES_MAX)));
    assert_eq!(
        most.status, 422,
        "as much as a form may carry is read, and too long a comment: {}",
        most.head
    );
    let more = browser.ask("POST", &path, &lines, &format!("text={}", body(BODY_BYTES_MAX + 1)));
    assert_eq!(more.status, 413, "{}", more.head);
    let long = "x".repeat(HEAD_BYTES_MAX);
    let head = browser.ask("GET", "/", &[("host", &host), ("cookie", &browser.cookie), ("x", &long)], "");
    assert_eq!(head.status, 431, "{head:?}");
    browser.page("/");

    let open = || TcpStream::connect(browser.address).unwrap();
    let request = format!("GET /inbox HTTP/1.1\r\nhost: {host}\r\ncookie: {}\r\n\r\n", browser.cookie);
    let answers = |stream: &mut TcpStream| {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let _ = stream.write_all(request.as_bytes());
        matches!(stream.read(&mut [0; 16]), Ok(read) if read > 0)
    };
    // Connections that were closed a moment ago may count still.
    let mut held = eventually("all places are free again", || {
        let mut held: Vec<_> = (0..CONNECTIONS_MAX).map(|_| open()).collect();
        held.iter_mut().all(&answers).then_some(held)
    });
    assert!(!answers(&mut open()), "one more than may be connected is closed");
    held.truncate(CONNECTIONS_MAX / 2);
    eventually("a place that was left is free", || answers(&mut open()).then_some(()));
}

#[test]
fn an_open_page_hears_of_changes_and_streams_leave_room_for_others() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let listen = || {
        let mut stream = TcpStream::connect(browser.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head =
            format!("GET /live HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\n\r\n", browser.host(), browser.cookie);
        stream.write_all(head.as_bytes()).unwrap();
        BufReader::new(stream)
    };
    let until = |lines: &mut BufReader<TcpStream>, wanted: &str| {
        let mut line = String::new();
        while !line.contains(wanted) {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "the stream ended before {wanted:?}");
        }
    };
    let mut streams: Vec<_> = (0..STREAMS_MAX).map(|_| listen()).collect();
    for stream in &mut streams {
        until(stream, ": here");
    }
    assert_eq!(browser.get("/live").status, 503, "one more stream than there may be");
    browser.page("/").says("Nothing here yet");
    let json =
        ("authorization", format!("Bearer {}", ana.json(&["page", "--token"])["token"].as_str().unwrap()));
    let full = browser.ask("GET", "/api/v1/events", &[("host", &browser.host()), (json.0, &json.1)], "");
    assert_eq!((full.status, full.header("content-type")), (503, Some("application/json")));
    full.says("\"kind\":\"streams\"");
    let event = ana.schedules("Tea");
    until(&mut streams[0], "event: change");
    browser.page("/").says("Tea").says(&format!("/event/{event}"));
    streams.clear();
    eventually("who listens no more makes room", || {
        let mut stream = listen();
        stream.get_ref().set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        line.contains("200").then_some(())
    });
    node.stop();
}

#[test]
fn a_guest_answers_comments_and_takes_the_date_home() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let event = ana.schedules("Tea & <Cake>");
    let browser = Browser::at(&node);
    browser.page("/").says("Tea &#38; &#60;Cake&#62;").says("<span class=\"day\">1</span>");
    let path = format!("/event/{event}");
    let page = browser.page(&path);
    page.says("Tuesday 1 December 2037, 18:30–20:30")
        .says("Café")
        .says("openstreetmap.org/search?query=Caf%C3%A9");
    page.says("Nobody has answered yet");
    let page =
        browser.done(&format!("{path}/answer"), &[("answer", "yes"), ("guests", "1"), ("note", "late")]);
    page.says("Your answer is out").says("Why?").says("The last answer is yes, for 2 persons.");
    eventually("the node gives the seats", || {
        let page = browser.page(&path);
        page.body.contains("You have seats for 2 persons.").then_some(())
    });
    browser.page(&path).says("\u{2066}+1\u{2069}");
    browser.page("/").says("You have a seat").says("2 of 2 seats");
    browser.page("/inbox").says("You have 2 seats");
    let refused =
        browser.post(&format!("{path}/answer"), &[("answer", "yes"), ("guests", "40"), ("note", "kept")]);
    assert_eq!(refused.status, 422);
    refused.says("value=\"40\"").says("value=\"kept\"").says("role=\"alert\"");
    let page = browser.page(&path);
    page.says("id=\"remark\" name=\"note\" value=\"late\"").says("<button name=\"again\" value=\"yes\"");
    for guests in ["-1", "two"] {
        let refused = browser.post(&format!("{path}/answer"), &[("answer", "yes"), ("guests", guests)]);
        assert_eq!(refused.status, 422);
        refused.says(&format!("value=\"{guests}\" aria-invalid=\"true\""));
    }
    // Enter in a field says again what was said.
    browser.done(&format!("{path}/answer"), &[("answer", "maybe"), ("guests", "1"), ("note", "late")]);
    browser.page(&path).says("<button name=\"again\" value=\"maybe\"");
    let again =
        browser.done(&format!("{path}/answer"), &[("again", "maybe"), ("guests", "1"), ("note", "x")]);
    again.says("You said maybe.").says("value=\"x\"");
    let page = browser.done(&format!("{path}/comment"), &[("text", "one\r\nhttps://example.org/x")]);
    page.says(
        "one<br><a href=\"https://example.org/x\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">",
    );
    let long = "y".repeat(20_000);
    let refused = browser.post(&format!("{path}/comment"), &[("text", &long)]);
    assert_eq!(refused.status, 422);
    refused.says(&long).says("aria-invalid");
    let calendar = browser.page(&format!("{path}/calendar.ics"));
    assert_eq!(calendar.header("content-type"), Some("text/calendar; charset=utf-8"));
    calendar.says("BEGIN:VEVENT");
    browser.done(&format!("{path}/answer"), &[("answer", "no")]).says("You said no.");
}

#[test]
fn the_page_speaks_the_reader_s_language_and_is_small() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let event = ana.schedules("Tea");
    let browser = Browser::at(&node);
    let host = browser.host();
    let lines = [("host", &*host), ("cookie", &*browser.cookie), ("accept-language", "de-AT,en;q=0.5")];
    let page = browser.ask("GET", &format!("/event/{event}"), &lines, "");
    page.says("<html lang=\"de\" dir=\"ltr\"").says("Kommst du?").says("Dienstag, 1. Dezember 2037");
    let both = format!("{}; lang=en; scheme=dark", browser.cookie);
    let lines = [("host", &*host), ("cookie", &*both), ("accept-language", "de")];
    browser.ask("GET", "/", &lines, "").says("<html lang=\"en\"").says("data-scheme=\"dark\"");
    let home = browser.page("/");
    assert!(!home.body.contains(" style=") && !home.body.contains("<script>"), "nothing stands inline");
    let asset = |start: &str| {
        let at = home.body.find(start).unwrap_or_else(|| panic!("{start} in {}", home.body));
        home.body[at..].split('"').next().unwrap().to_owned()
    };
    let mut bytes = home.body.len();
    for start in ["/assets/style-", "/assets/live-", "/assets/icon-"] {
        let asset = browser.page(&asset(start));
        assert_eq!(asset.header("cache-control"), Some("public, max-age=31536000, immutable"));
        bytes += asset.body.len();
    }
    assert!(bytes < 60_000, "{bytes}");
}

#[test]
fn the_page_is_served_where_it_is_asked_for_or_not_at_all() {
    let network = Network::new();
    let ana = network.person("ana");
    let base = ["up", "--lan", "off", "--listen", "127.0.0.1:0", "--web"];
    let node = ana.up(&[&base[..], &["off"]].concat());
    assert!(node.ready.get("page").is_none(), "{}", node.ready);
    assert!(ana.refused(&["page"]).contains("--web off"));
    node.stop();
    let node = ana.up(&[&base[..], &["127.0.0.1:0"]].concat());
    let taken = Browser::at(&node).host();
    let ben = network.person("ben");
    let said = ben.refused(&[&base[..], &[&taken]].concat());
    assert!(said.contains("--web off"), "{said}");
    let open = ben.run(&[&base[..], &["0.0.0.0:0"]].concat());
    assert_eq!(open.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&open.stderr).contains("ssh -L"));
}
