//! The door on the page: two nodes, without script.

use crate::browser::{Answer, Browser};
use crate::person::{Network, Person, Up, eventually};

/// Ana's event with Ben's seat, both running, and Cid, who knows nothing of it.
pub(super) struct Evening {
    pub(super) ana: Person,
    pub(super) ben: Person,
    pub(super) at_ana: Browser,
    pub(super) at_ben: Browser,
    pub(super) event: String,
    _up: [Up; 2],
    network: Network,
}

pub(super) fn evening() -> Evening {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    let event = ana.schedules("Tea");
    ben.json(&["follow", &ana.feed]);
    let up = [ana.on_lan(), ben.on_lan()];
    let (at_ana, at_ben) = (Browser::at(&up[0]), Browser::at(&up[1]));
    ben.event_once(&event, "the event comes", |event| event["place"] == "Café");
    ben.json(&["rsvp", &event, "yes"]);
    ana.event_once(&event, "there is a seat", |event| event["seated"][0]["feed"] == ben.feed.as_str());
    Evening { ana, ben, at_ana, at_ben, event, _up: up, network }
}

/// The code that a page shows.
pub(super) fn code(page: &Answer, start: &str) -> String {
    let at = page.body.find(start).unwrap_or_else(|| panic!("{start} in {}", page.body));
    page.body[at..].split('<').next().unwrap().trim().to_owned()
}

#[test]
fn a_guest_s_answer_lets_them_in_once_and_a_second_scan_says_since_when() {
    let Evening { ana, ben, at_ana, at_ben, event, .. } = &evening();
    let door = format!("/event/{event}/door");
    let closed = at_ana.page(&door);
    closed.says("The door is closed").says(&format!("action=\"{door}/open\""));
    assert!(!closed.body.contains("klatch:door/1/"), "to look opens nothing: {}", closed.body);
    at_ana.page(&format!("/event/{event}")).says(&format!("action=\"{door}/open\""));
    assert_eq!(at_ben.post(&format!("{door}/open"), &[]).status, 403, "who has no role opens none");
    let page = at_ana.done(&format!("{door}/open"), &[]);
    page.says("0 of 1 here")
        .says("<svg ")
        .says("data-scheme=\"dark\"")
        .says("Not here yet (1)")
        .says(&ben.feed);
    let shown = code(&page, "klatch:door/1/");
    let check = [("event", &**event), ("code", &*shown), ("how", "show")];
    let answer = at_ben.post("/checkin", &check);
    assert_eq!(answer.status, 200);
    answer.says("Show this to the door").says("<svg ");
    let answer = code(&answer, "klatch:guest/1/");
    let scan = format!("{door}/scan");
    let bad = at_ana.post(&scan, &[("code", &answer[..answer.len() - 4])]);
    assert_eq!(bad.status, 422);
    bad.says("aria-invalid").says(&answer[..answer.len() - 4]).says("copy the whole line");
    let inside = at_ana.done(&scan, &[("code", &answer)]);
    inside.says("class=\"verdict good\"").says("1 of 1 here").says("let in by").says("Here (1)");
    let twice = at_ana.done(&scan, &[("code", &answer)]);
    twice.says("class=\"verdict wait\"").says("Already in.").says("let in by");
    let note = format!("{door}/note");
    let who = ("who", &*ben.feed);
    at_ana.done(&note, &[who, ("what", "late")]).says("Noted.");
    at_ana.done(&note, &[who, ("what", "persons"), ("persons", "3")]).says("3 of 1 here");
    let late = at_ana.post(&note, &[who, ("what", "late")]);
    assert_eq!(late.status, 422, "they are down as late already");
    for persons in ["0", "21", "x"] {
        let refused = at_ana.post(&note, &[who, ("what", "persons"), ("persons", persons)]);
        assert!([404, 422].contains(&refused.status), "{persons}: {refused:?}");
    }
    assert!(!at_ana.page(&format!("{door}?q=nobody")).body.contains("name=\"what\""));
    at_ana.page(&format!("{door}?q=BEN")).says("name=\"what\" value=\"undo\"");
    at_ana.done(&note, &[who, ("what", "undo"), ("q", "ben")]).says("0 of 1 here").says("value=\"ben\"");
    assert_eq!(ana.event(event).unwrap()["attendance"].as_array().unwrap().len(), 0);
    at_ana.done(&format!("{door}/close"), &[]).says("The door is closed.");
    at_ana.page(&door).says("The door is closed");
    // Another event's door is open here: a code for it is not taken at this one, whichever page is looked at.
    let other = ana.schedules("Cake");
    ben.event_once(&other, "the other event comes", |event| event["place"] == "Café");
    let at_other = code(&at_ana.done(&format!("/event/{other}/door/open"), &[]), "klatch:door/1/");
    let answer_there = at_ben.post("/checkin", &[("event", &other), ("code", &at_other), ("how", "show")]);
    let answer_there = code(&answer_there, "klatch:guest/1/");
    at_ana.done(&format!("{door}/open"), &[]);
    let elsewhere = at_ana.post(&scan, &[("code", &answer_there)]);
    assert_eq!(elsewhere.status, 422);
    elsewhere.says("That code is for another event:").says("Cake").says("id=\"refused\"");
    assert_eq!(ana.event(&other).unwrap()["attendance"].as_array().unwrap().len(), 0, "nobody was let in");
    at_ana.done(&format!("{door}/close"), &[]);
    let closed = at_ana.post(&scan, &[("code", &answer)]);
    assert_eq!(closed.status, 422, "a door that is closed takes nobody");
}

#[test]
fn a_guest_checks_in_over_the_network_and_the_open_door_shows_it() {
    let Evening { ben, at_ana, at_ben, event, .. } = &evening();
    let door = format!("/event/{event}/door");
    let shown = code(&at_ana.done(&format!("{door}/open"), &[]), "klatch:door/1/");
    let done = at_ben.done("/checkin", &[("code", &shown), ("how", "go")]);
    done.says("You are checked in.");
    let inside = || at_ben.page(&format!("/checkin?event={event}")).body.contains("You are in").then_some(());
    eventually("the door's word is in their own log", inside);
    eventually("the door counts them", || at_ana.page(&door).body.contains("1 of 1 here").then_some(()));
    let garbage = at_ben.post("/checkin", &[("code", "klatch:door/1/<x>"), ("how", "go")]);
    assert_eq!(garbage.status, 422);
    garbage.says("klatch:door/1/&#60;x&#62;").says("aria-invalid");
    let nothing = at_ben.post("/checkin", &[("code", ""), ("how", "go")]);
    assert_eq!(nothing.status, 422);
    assert!(ben.event(event).unwrap()["here"].as_array().is_none_or(Vec::is_empty));
}

#[test]
fn a_door_that_the_log_does_not_know_is_signed_for_only_when_trusted() {
    let Evening { ana, at_ana, event, network, .. } = &evening();
    let cid = network.person("cid");
    let node = cid.alone();
    let at_cid = Browser::at(&node);
    let shown = code(&at_ana.done(&format!("/event/{event}/door/open"), &[]), "klatch:door/1/");
    let asked = at_cid.post("/checkin", &[("code", &shown), ("how", "show")]);
    assert_eq!(asked.status, 200);
    asked.says("Do you trust").says(&ana.feed);
    assert!(!asked.body.contains("klatch:guest/1/AAAA") && !asked.body.contains("Show this to the door"));
    let answer = at_cid.post("/checkin", &[("code", &shown), ("how", "show"), ("trust", &ana.feed)]);
    answer.says("Show this to the door");
    let answer = code(&answer, "klatch:guest/1/entry");
    let inside = at_ana.done(&format!("/event/{event}/door/scan"), &[("code", &answer)]);
    inside.says("Came without an answer.").says("walked in");
}

#[test]
fn where_no_door_is_one_s_own_word_stands_apart_and_a_series_asks_for_the_date() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let event = ana.schedules("Tea");
    let said = browser.done("/checkin", &[("event", &event), ("how", "here")]);
    said.says("No door has seen you.");
    let door = browser.done(&format!("/event/{event}/door/open"), &[]);
    door.says("0 of 0 here").says("no door saw them (1)");
    let start = ["--start", "2037-12-01T18:30", "--tz", "Europe/Lisbon", "--repeat", "weekly"];
    let series = ana.json(&[&["event", "schedule", "--title", "Choir"][..], &start].concat());
    let series = series["id"].as_str().unwrap();
    let page = browser.page(&format!("/event/{series}/door"));
    page.says("The door of which date?").says("door?on=2037-12-08T18:30");
    let date = [("on", "2037-12-08T18:30")];
    browser.done(&format!("/event/{series}/door/open"), &date).says("@2037-12-08T18:30/");
    browser.page(&format!("/event/{series}/door?on=2037-12-15T18:30")).says("The door is closed");
    ana.json(&["event", "cancel", &event]);
    assert_eq!(browser.get(&format!("/event/{event}/door")).status, 409, "what is off has no door");
}
