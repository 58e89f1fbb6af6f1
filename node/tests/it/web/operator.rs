//! A pub's operator at the page.

use crate::browser::{Answer, Browser};
use crate::person::{Network, Person, Up, eventually};

/// Starts somebody's node as a pub that has a page.
fn open(person: &Person) -> Up {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    person.up(&["pub", "up", "--public", &port, "--lan", "off", "--listen", &port])
}

/// What stands in the page between these.
fn between<'a>(page: &'a Answer, start: &str, end: &str) -> &'a str {
    page.body.split(start).nth(1).and_then(|rest| rest.split(end).next()).unwrap_or_default()
}

#[test]
fn an_operator_invites_sees_and_removes_members_and_lists_what_is_public() {
    let network = Network::new();
    let (hub, ana) = (network.person("hub"), network.person("ana"));
    let plain = ana.alone();
    let at_ana = Browser::at(&plain);
    assert_eq!(at_ana.get("/pub").status, 409, "no pub");
    assert!(!at_ana.page("/settings").body.contains("href=\"/pub\""));
    plain.stop();

    let running = open(&hub);
    let browser = Browser::at(&running);
    browser.page("/settings").says("href=\"/pub\"");
    browser.page("/pub").says("Nobody is in yet").says("No invite is open.").says(hub_address(&running));
    for (uses, days, field) in [("0", "7", "uses"), ("many", "7", "uses"), ("1", "9999", "days")] {
        let refused = browser.post("/pub/invite", &[("uses", uses), ("days", days)]);
        assert_eq!(refused.status, 422, "{uses} {days}");
        refused.says(&format!("value=\"{uses}\"")).says("id=\"uninvited\"");
        assert!(between(&refused, &format!("name=\"{field}\""), ">").contains("aria-invalid"), "{field}");
        assert!(!refused.body.contains("lang=\"en\">"), "in words of the page");
    }
    let made = browser.post("/pub/invite", &[("uses", "2"), ("days", "3")]);
    assert_eq!((made.status, made.header("cache-control")), (200, Some("no-store")));
    made.says("It lets 2 people in until").says("1 invite is open.");
    let invite = between(&made, "readonly>", "<").to_owned();
    assert!(invite.starts_with("klatch:join/1/"), "{invite}");
    assert!(!browser.page("/pub").body.contains(&invite), "it is shown once");

    ana.json(&["join", &invite, "--lan", "off"]);
    eventually("the member is there", || browser.page("/pub").body.contains(&ana.feed).then_some(()));
    let who = ("who", &*ana.feed);
    let out = browser.done("/pub/member", &[who]);
    out.says("They are out").says("<details open>").says(&format!("value=\"{}\"", ana.feed));
    let twice = browser.post("/pub/member", &[who]);
    assert_eq!(twice.status, 422);
    twice.says("They are removed already.");
    assert!(!twice.body.contains(&ana.feed), "who is to go out is not offered to be let in: {twice:?}");
    let nobody = browser.post("/pub/member", &[("who", ""), ("undo", "true")]);
    nobody.says("Choose or type who it is.").says("<details open>");
    browser.post("/pub/page", &[("object", "")]).says("Choose or type what it is about.");
    browser.done("/pub/member", &[who, ("undo", "true")]).says("They may join again.");

    let group = hub.json(&["group", "create", "Makers"])["id"].as_str().unwrap().to_owned();
    let refused = browser.post("/pub/page", &[("object", "Makers")]);
    assert_eq!(refused.status, 422);
    refused.says("value=\"Makers\"").says("have not made that public");
    hub.json(&["group", "public", &group]);
    let listed = browser.done("/pub/page", &[("object", "Makers")]);
    listed.says("It is listed.").says(&format!("href=\"/group/{group}\""));
    let off = browser.done(&format!("/pub/page/{group}"), &[]);
    off.says("It is taken off.").says("Nothing yet.");
}

/// Where members reach it.
fn hub_address(running: &Up) -> &str {
    running.ready["listen"][0].as_str().unwrap()
}
