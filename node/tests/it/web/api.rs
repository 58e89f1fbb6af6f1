//! The API over HTTP, against a real node: who may ask, what is answered, and that the document tells the truth.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use klatch::config::Config;
use klatch::daemon::{Daemon, Options};
use klatch::web::guard::BODY_BYTES_MAX;
use klatch::web::{Web, Where};
use serde_json::{Value, json};

use crate::browser::{Answer, Browser};
use crate::person::{Network, PATIENCE, Person, Up};

/// A script that holds the token of a run.
struct Script {
    browser: Browser,
    bearer: String,
}

impl Script {
    fn of(person: &Person, node: &Up) -> Self {
        let token = person.json(&["page", "--token"])["token"].as_str().unwrap().to_owned();
        let page = node.ready["page"].as_str().unwrap();
        let address = page.strip_prefix("http://").unwrap().split('/').next().unwrap().parse().unwrap();
        Self { browser: Browser { address, cookie: String::new() }, bearer: format!("Bearer {token}") }
    }

    fn send(&self, name: &str, kind: &str, body: &str) -> Answer {
        let host = self.browser.host();
        let lines = [("host", &*host), ("authorization", &*self.bearer), ("content-type", kind)];
        self.browser.ask("POST", &format!("/api/v1/{name}"), &lines, body)
    }

    fn get(&self, path: &str) -> Answer {
        let host = self.browser.host();
        self.browser.ask("GET", path, &[("host", &*host), ("authorization", &*self.bearer)], "")
    }

    /// Status and what came with it.
    fn ask(&self, name: &str, fields: Value) -> (u16, Value) {
        let answer = self.send(name, "application/json", &fields.to_string());
        assert_eq!(answer.header("content-type"), Some("application/json"), "{name}: {answer:?}");
        (answer.status, serde_json::from_str(&answer.body).unwrap())
    }

    fn done(&self, name: &str, fields: Value) -> Value {
        let (status, answer) = self.ask(name, fields);
        assert_eq!(status, 200, "{name}: {answer}");
        answer
    }

    /// Status and kind of a refusal.
    fn refused(&self, name: &str, fields: Value) -> (u16, String) {
        let (status, answer) = self.ask(name, fields);
        assert!(answer["error"]["message"].is_string(), "{name}: {answer}");
        (status, answer["error"]["kind"].as_str().unwrap().to_owned())
    }
}

/// Whether a value is as a schema says: as much of JSON Schema as the document uses.
fn check(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let wrong = || Err(format!("{value} is not {schema}"));
    if let Some(name) = schema["$ref"].as_str() {
        let target = document.pointer(name.trim_start_matches('#')).ok_or_else(|| name.to_owned())?;
        return check(document, target, value);
    }
    if let Some(kinds) = schema["oneOf"].as_array() {
        let found = kinds.iter().any(|kind| check(document, kind, value).is_ok());
        return if found { Ok(()) } else { wrong() };
    }
    if let Some(words) = schema["enum"].as_array() {
        return if words.contains(value) { Ok(()) } else { wrong() };
    }
    match schema["type"].as_str() {
        None => Ok(()),
        Some("null") if value.is_null() => Ok(()),
        Some("string") if value.is_string() => Ok(()),
        Some("boolean") if value.is_boolean() => Ok(()),
        Some("integer") if value.is_i64() || value.is_u64() => Ok(()),
        Some("array") if value.is_array() => {
            value.as_array().unwrap().iter().try_for_each(|each| check(document, &schema["items"], each))
        }
        Some("object") if value.is_object() => {
            let (fields, known) = (value.as_object().unwrap(), schema["properties"].as_object());
            for name in schema["required"].as_array().into_iter().flatten() {
                fields.get(name.as_str().unwrap()).ok_or_else(|| format!("no {name} in {value}"))?;
            }
            for (name, each) in fields {
                match (known.and_then(|known| known.get(name)), &schema["additionalProperties"]) {
                    (Some(kind), _) => check(document, kind, each)?,
                    (None, Value::Bool(false)) => return Err(format!("{name} is in no schema: {value}")),
                    (None, kind) if kind.is_object() => check(document, kind, each)?,
                    (None, _) => {}
                }
            }
            Ok(())
        }
        Some(_) => wrong(),
    }
}

#[test]
fn requests_and_answers_are_as_the_document_says_and_as_the_command_line_prints() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let script = Script::of(&ana, &node);
    let document: Value = serde_json::from_str(&script.get("/api/v1/openapi.json").body).unwrap();
    let round = |name: &str, fields: Value| {
        let post = &document["paths"][format!("/api/v1/{name}")]["post"];
        let schema = |at: &str| post.pointer(at).unwrap_or_else(|| panic!("{name} {at}"));
        let asked = schema("/requestBody/content/application~1json/schema");
        check(&document, asked, &fields).unwrap_or_else(|error| panic!("{name}, asked: {error}"));
        let answer = script.done(name, fields);
        let told = schema("/responses/200/content/application~1json/schema");
        check(&document, told, &answer).unwrap_or_else(|error| panic!("{name}, answered: {error}"));
        answer
    };
    let me = round("id", json!({}));
    assert_eq!(me, ana.json(&["id"]));
    let group = round("group_create", json!({ "name": "Makers", "owners": [], "schedulers": "members" }));
    let event = round(
        "schedule",
        json!({
            "group": "Makers", "title": "Tea", "start": "2099-12-01T18:30", "zone": "Europe/Lisbon", "minutes": 120,
            "place": "Café", "about": "", "capacity": 2, "split": false, "fields": { "tags": ["tea"] },
        }),
    );
    let id = event["id"].as_str().unwrap();
    round("rsvp", json!({ "event": "Tea", "answer": "yes", "party": 1, "note": "" }));
    let shown = round("event_show", json!({ "event": id }));
    assert_eq!(shown, ana.event(id).unwrap(), "what --json prints");
    let comment = round("comment", json!({ "object": id, "text": "<b>hello</b>" }));
    round("event_local", json!({ "event": id }));
    round("why", json!({ "event": id }));
    round("event_list", json!({ "max": 10 }));
    round("event_list", json!({ "group": "Makers", "max": 10 }));
    round("storage", json!({}));
    round("event_find", json!({ "find": { "search": { "words": "tea" } }, "max": 10 }));
    round("event_update", json!({ "event": id, "fields": { "place": "Park" } }));
    round("group_show", json!({ "group": group["id"] }));
    round("group_local", json!({ "group": "Makers" }));
    round("group_list", json!({}));
    round("follows", json!({}));
    round("person", json!({ "who": null }));
    round("inbox", json!({}));
    round("profile", json!({ "about": "somebody" }));
    round("share", json!({ "object": "Makers" }));
    let poll = json!({ "group": "Makers", "question": "When?", "zone": "UTC", "minutes": 60, "options": ["2099-12-05T10:00", "2099-12-06T10:00"] });
    let poll = round("poll/create", poll);
    round("poll/vote", json!({ "poll": poll["id"], "options": ["1"] }));
    round("poll/show", json!({ "poll": poll["id"] }));
    round("log", json!({ "after": 0, "max": 100 }));
    round("calendar", json!({ "objects": [] }));
    round("guests", json!({ "event": id }));
    round("published", json!({ "object": id, "among": "events" }));
    round("export_feed", json!({ "from": 1 }));
    round("event_attendance", json!({ "event": id }));
    round("group_attendance", json!({ "group": "Makers" }));
    round("recovery", json!({}));
    round("verify", json!({}));
    round("rebuild", json!({}));
    round("delete", json!({ "entries": [comment["id"]] }));
    round("net/peers", json!({}));
    round("pub/set", json!({ "public": "pub.example.org:4747" }));
    round("pub/invite", json!({ "uses": 1, "minutes": 60 }));
    round("pub/members", json!({}));
    round("pub/status", json!({}));
    round("group_public", json!({ "group": "Makers", "on": true }));
    round("pub/publish", json!({ "object": "Makers", "undo": false }));
    round("pub/listed", json!({}));
    round("pub/site", json!({}));
    let ben = network.person("ben");
    let file = ben.home().with_extension("feed").to_str().unwrap().to_owned();
    assert!(ben.run(&["export", "feed", "--out", &file]).status.success());
    ana.json(&["import", &file]);
    round("grant", json!({ "object": id, "who": ben.feed, "role": "door", "quota": 0 }));
    round("revoke", json!({ "object": id, "who": ben.feed }));
    // Who follows what is on hears that it is off.
    let choir = json!({
        "title": "Choir", "start": "2099-12-01T18:30", "zone": "UTC", "minutes": 60, "place": "", "about": "",
        "split": false, "repeat": "FREQ=WEEKLY",
    });
    let choir = round("schedule", choir);
    let said_last = |object: &Value, said: Value| {
        let published = round("published", json!({ "object": object, "among": "events" }));
        let log = round("log", json!({ "after": said["seq"].as_u64().unwrap() - 1, "max": 1 }));
        assert_eq!(published["events"][0]["updated_ms"], log[0]["time_ms"], "{published}");
    };
    said_last(&choir["id"], round("event_skip", json!({ "event": choir["id"], "on": "2099-12-08" })));
    round("release", json!({ "event": id, "people": [ana.feed] }));
    round("admit", json!({ "event": id, "people": [ana.feed] }));
    said_last(&event["id"], round("event_cancel", json!({ "event": id, "reason": "rain" })));
    assert_eq!(round("event_local", json!({ "event": id }))["cancellation"]["reason"], "rain");
    let change = round("updates", json!({ "event": id }))[0]["id"].clone();
    round("hide", json!({ "object": id, "entries": [change], "on": true, "reason": "advert" }));
    assert_eq!(round("updates", json!({ "event": id }))[0]["hidden"]["reason"], "advert");
    round("voided", json!({ "object": id, "who": ben.feed }));
    round("close", json!({ "event": choir["id"], "on": "2099-12-15" }));
    // Every path is one: what it lacks is said of it, and not that there is none.
    for path in document["paths"].as_object().unwrap().iter().filter(|(_, how)| how.get("post").is_some()) {
        let name = path.0.strip_prefix("/api/v1/").unwrap();
        let answer = script.send(name, "application/json", "{\"no_such_field\": 1}");
        assert_eq!(answer.status, 400, "{name}: {answer:?}");
    }
}

#[test]
fn scripts_need_the_token_and_pages_their_origin() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let page = Browser::at(&node);
    let script = Script::of(&ana, &node);
    let (host, json) = (page.host(), ("content-type", "application/json"));
    let post = |lines: &[(&str, &str)]| {
        let lines = [&[("host", &*host), json][..], lines].concat();
        page.ask("POST", "/api/v1/id", &lines, "{}")
    };
    let wrong = format!("Bearer {}", "0".repeat(64));
    let bare = script.bearer.trim_start_matches("Bearer ");
    for lines in
        [&[][..], &[("authorization", &*wrong)], &[("authorization", bare)], &[("authorization", "Bearer ")]]
    {
        let refused = post(lines);
        assert_eq!(refused.status, 403, "{refused:?}");
        assert_eq!(refused.header("content-type"), Some("application/json"));
        refused.says("\"error\"").says("klatch page --token");
    }
    for path in ["/api/v1/openapi.json", "/api/v1/events"] {
        assert_eq!(page.ask("GET", path, &[("host", &host)], "").status, 403, "{path}");
    }
    let origin = format!("http://{host}");
    let cookie = ("cookie", &*page.cookie);
    assert_eq!(post(&[cookie]).status, 403, "a page says where it is");
    assert_eq!(post(&[cookie, ("origin", "http://evil.example")]).status, 403);
    let bearer = ("authorization", &*script.bearer);
    assert_eq!(post(&[bearer, ("origin", "http://evil.example")]).status, 403, "whatever it holds");
    assert_eq!(post(&[cookie, ("origin", &origin)]).status, 200);
    let rebound = [("host", "evil.example"), json, bearer];
    let rebound = page.ask("POST", "/api/v1/id", &rebound, "{}");
    assert_eq!(rebound.status, 421);
    rebound.says("\"kind\":\"host\"");
    let answer = post(&[bearer]);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    node.stop();
    let again = ana.alone();
    let late = Script { bearer: script.bearer, ..Script::of(&ana, &again) };
    assert_eq!(late.refused("id", serde_json::json!({})).0, 403, "a token is of one run");
}

#[test]
fn what_is_no_request_and_what_is_refused_has_a_status_and_a_kind() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    let node = ana.alone();
    let script = Script::of(&ana, &node);
    let known = |status: u16, kind: &str| (status, kind.to_owned());
    for name in ["nothing", "poll", "pub", "net", "poll/", "poll/create/x", "Id", "..%2fid"] {
        assert_eq!(script.refused(name, json!({})), known(404, "no_such_request"), "{name}");
    }
    assert_eq!(script.refused("page", json!({ "token": true })), known(404, "no_such_request"));
    for kind in ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"] {
        assert_eq!(script.send("id", kind, "{}").status, 415, "{kind}");
    }
    assert_eq!(script.send("id", "application/json; charset=utf-8", "{}").status, 200);
    for body in ["", "[]", "\"id\"", "{", "{}{}", "null", "\u{fffd}"] {
        let answer = script.send("id", "application/json", body);
        assert_eq!(answer.status, 400, "{body}");
        answer.says("\"kind\":\"json\"");
    }
    assert_eq!(script.refused("follow", json!({})), known(400, "request"));
    assert_eq!(script.refused("follow", json!({ "who": 5 })), known(400, "request"));
    let text = |bytes: usize| json!({ "text": "x".repeat(bytes) }).to_string();
    let room = BODY_BYTES_MAX - text(0).len();
    assert_eq!(script.send("comment", "application/json", &text(room)).status, 400, "read, and no request");
    let more = script.send("comment", "application/json", &text(room + 1));
    assert_eq!(more.status, 413);
    more.says("\"kind\":\"large\"");
    for (method, path, status, kind) in [
        ("GET", "/api/v1/id", 405, "method"),
        ("POST", "/api/v1/openapi.json", 405, "method"),
        ("POST", "/api/v1/events", 405, "method"),
        ("POST", "/api/v1/%ff", 404, "no_such_request"),
        ("POST", "/api/v1/", 404, "no_such_request"),
        ("GET", "/api/v2/id", 404, "no_such_request"),
        ("GET", "/api/", 404, "no_such_request"),
    ] {
        let (host, bearer) = (script.browser.host(), &*script.bearer);
        let lines = [("host", &*host), ("authorization", bearer), ("content-type", "application/json")];
        let answer = script.browser.ask(method, path, &lines, "{}");
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, Some("application/json")),
            "{path}"
        );
        answer.says(&format!("\"kind\":\"{kind}\""));
    }

    let event = ana.schedules("Tea");
    ana.schedules("Cake");
    ana.schedules("Cake");
    let rsvp = |event: &str, note: &str| json!({ "event": event, "answer": "yes", "party": 1, "note": note });
    assert_eq!(script.refused("rsvp", rsvp("Nothing", "")), known(404, "unknown"));
    assert_eq!(script.refused("rsvp", rsvp("Cake", "")), known(422, "ambiguous"));
    let last = if event.ends_with('q') { "p" } else { "q" };
    let mistyped = format!("{}{last}", &event[..event.len() - 1]);
    assert_eq!(script.refused("rsvp", rsvp(&mistyped, "")), known(422, "mistyped"));
    assert_eq!(script.refused("rsvp", rsvp(&event, "two\nlines")), known(422, "field"));
    assert_eq!(script.refused("pub/status", json!({})), known(409, "no_effect"));
    let grant = json!({ "object": event, "who": ben.feed, "role": "host", "quota": 1 });
    assert_eq!(script.refused("grant", grant), known(404, "not_held"));
    let backup = json!({ "file": "/nowhere/at/all" });
    assert_eq!(script.refused("backup", backup), known(500, "backup"));
    let (status, answer) = script.ask("backup", json!({ "file": "klatch.backup" }));
    assert_eq!(
        (status, &answer["error"]["kind"], &answer["error"]["field"]),
        (422, &"field".into(), &"file".into())
    );
    assert!(answer["error"]["message"].as_str().unwrap().contains("/home/ana/klatch.backup"), "{answer}");
    assert_eq!(script.refused("net/join", json!({ "line": "no invite" })).0, 422);
    let (status, answer) = script.ask("rsvp", rsvp("Nothing", ""));
    assert_eq!(
        (status, &answer["error"]["text"], &answer["error"]["among"]),
        (404, &json!("Nothing"), &json!("events"))
    );
}

/// A page in this process, of whatever lives in `home`.
fn page_of(home: &klatch::home::Home) -> Web {
    let zone = "UTC".parse().unwrap();
    let config = Config { home: home.clone(), json: false, quiet: true, paint: false, zone };
    Web::start(Where::At("127.0.0.1:0".parse().unwrap()), &config).unwrap().unwrap()
}

/// Status and kind of a refusal that a page's own script gets.
fn refused(page: &Browser, name: &str, fields: Value) -> (u16, String) {
    let (host, origin) = (page.host(), format!("http://{}", page.host()));
    let json = ("content-type", "application/json");
    let lines = [("host", &*host), ("origin", &*origin), ("cookie", &*page.cookie), json];
    let answer = page.ask("POST", &format!("/api/v1/{name}"), &lines, &fields.to_string());
    let said: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"));
    (answer.status, said["error"]["kind"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_page_without_an_identity_a_node_or_a_log_says_which_is_missing() {
    let network = Network::new();
    let ana = network.person("ana");
    let home = klatch::home::Home::at(ana.home());
    let web = page_of(&home);
    let page = Browser::follow(&web.link());
    let known = |status: u16, kind: &str| (status, kind.to_owned());
    assert_eq!(refused(&page, "id", json!({})), known(503, "no_identity"));
    let events = page.get("/api/v1/events");
    assert_eq!((events.status, events.header("content-type")), (503, Some("application/json")));
    events.says("\"kind\":\"no_identity\"");
    let daemon = Daemon::start(&home, home.lock().unwrap(), Options::default()).unwrap();
    web.attach(daemon.handle());
    assert_eq!(refused(&page, "net/peers", json!({})), known(503, "no_node"));
    drop(daemon);
    assert_eq!(refused(&page, "profile", json!({ "about": "x" })), known(503, "stopping"));
}

#[test]
fn a_home_that_may_be_behind_its_log_holds_what_scripts_post() {
    let network = Network::new();
    let ana = network.person("ana");
    let file = ana.home().with_extension("backup").to_str().unwrap().to_owned();
    ana.json(&["backup", &file]);
    let back = ana.moved("back");
    back.json(&["restore", &file]);
    let node = back.alone();
    let script = Script::of(&back, &node);
    assert_eq!(script.refused("profile", json!({ "about": "x" })), (409, "held".to_owned()));
}

#[test]
fn rights_others_and_the_disk_say_no_over_http_too() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    let event = ben.schedules("Tea");
    let file = ben.home().with_extension("feed").to_str().unwrap().to_owned();
    assert!(ben.run(&["export", "feed", "--out", &file]).status.success());
    ana.json(&["follow", &ben.feed]);
    ana.json(&["import", &file]);
    let node = ana.up_in_a_small_room(&["up", "--lan", "off", "--listen", "127.0.0.1:0"]);
    let script = Script::of(&ana, &node);
    let known = |status: u16, kind: &str| (status, kind.to_owned());
    let cancel = json!({ "event": event, "reason": "" });
    assert_eq!(script.refused("event_cancel", cancel), known(403, "right"));
    // Nobody listens there.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let invite = format!("klatch:join/1/{closed}/{}/{}", ben.feed, "0".repeat(32));
    assert_eq!(script.refused("net/join", json!({ "line": invite })), known(503, "net"));
    let before = script.done("id", json!({}))["entries"].clone();
    node.file_bytes_max(4096);
    assert_eq!(script.refused("profile", json!({ "about": "x" })), known(500, "disk"));
    assert_eq!(ana.json(&["id"])["entries"], before, "nothing was posted");
}

#[test]
fn a_script_hears_of_changes() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let script = Script::of(&ana, &node);
    let mut stream = TcpStream::connect(script.browser.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (host, bearer) = (script.browser.host(), &script.bearer);
    let head = format!("GET /api/v1/events HTTP/1.1\r\nhost: {host}\r\nauthorization: {bearer}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream);
    let mut until = |wanted: &str| {
        let mut line = String::new();
        while !line.contains(wanted) {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "the stream ended before {wanted:?}");
        }
    };
    until("text/event-stream");
    until(": here");
    script.done("profile", json!({ "about": "new" }));
    until("event: change");
}
