//! Polls on the page: asked, voted on, made an event; without script.

use crate::browser::Browser;
use crate::person::{Network, Person, Up, eventually};

/// Ana, who founded a group, and Ben, who follows her; both nodes run.
struct Two {
    ana: Person,
    ben: Person,
    at_ana: Browser,
    at_ben: Browser,
    group: String,
    _up: [Up; 2],
    _network: Network,
}

fn two() -> Two {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    ana.json(&["follow", &ben.feed]);
    ben.json(&["follow", &ana.feed]);
    let up = [ana.on_lan(), ben.on_lan()];
    let group = ana.json(&["group", "create", "Tea & Rust"])["id"].as_str().unwrap().to_owned();
    let (at_ana, at_ben) = (Browser::at(&up[0]), Browser::at(&up[1]));
    Two { ana, ben, at_ana, at_ben, group, _up: up, _network: network }
}

#[test]
fn a_group_is_asked_for_a_date_votes_and_who_asked_makes_it_an_event() {
    let Two { at_ana, at_ben, group, _up, _network, .. } = two();
    let ask = format!("/group/{group}/poll");
    at_ana.page(&format!("/group/{group}")).says(&format!("href=\"{ask}\""));
    at_ana.page(&ask).says("type=\"datetime-local\"").says("value=\"UTC\"");
    // What is refused stays as it was typed.
    let question = ("question", "Second <pot>?");
    let zone = ("zone", "Europe/Lisbon");
    let one = at_ana.post(&ask, &[question, zone, ("hours", "2"), ("option", "2037-12-03T18:30")]);
    assert_eq!(one.status, 422, "one date is no choice");
    one.says("value=\"Second &#60;pot&#62;?\"").says("value=\"2037-12-03T18:30\" aria-invalid=true");
    let days: Vec<String> = (1..=13).map(|day| format!("2037-12-{day:02}T18:30")).collect();
    let many: Vec<_> = days.iter().map(|day| ("option", &**day)).chain([question, zone]).collect();
    let refused = at_ana.post(&ask, &[&many[..], &[("hours", "2")]].concat());
    assert_eq!(refused.status, 422, "one more than there may be");
    refused.says("value=\"2037-12-13T18:30\"");
    let odd = at_ana.post(&ask, &[question, zone, ("hours", "two")]);
    odd.says("value=\"two\" aria-invalid=true");
    let dates = [("option", "2037-12-03T18:30:00"), ("option", ""), ("option", "2037-12-04T18:30")];
    let asked = at_ana.done(&ask, &[&[question, zone, ("hours", "2")][..], &dates].concat());
    asked.says("Second &#60;pot&#62;?").says("Thursday 3 December 2037, 18:30–20:30").says("0 votes");
    let page = eventually("the poll comes to the group's page", || {
        let page = at_ben.get(&format!("/group/{group}")).body;
        page.split_once("href=\"/poll/").map(|(_, rest)| rest.split('"').next().unwrap().to_owned())
    });
    let poll = format!("/poll/{page}");

    assert_eq!(at_ben.get(&ask).status, 409, "who is no member asks it nothing");
    at_ben.done(&format!("{poll}/vote"), &[("option", "1"), ("option", "2")]).says("Your vote counts.");
    let voted = at_ben.done(&format!("{poll}/vote"), &[("option", "2")]);
    voted.says("1 vote").says("value=\"2\" checked");
    assert!(!voted.body.contains("value=\"1\" checked"), "the last vote counts");
    assert!(!voted.body.contains(&format!("{poll}/settle")), "who did not ask makes no event of it");
    let odd = at_ben.post(&format!("{poll}/vote"), &[("option", "3")]);
    assert_eq!(odd.status, 422);
    odd.says("Choose a date of the poll, 1 to 2.");
    let barred = at_ben.post(&format!("{poll}/settle"), &[("option", "2"), ("title", "Mine")]);
    assert_eq!(barred.status, 422, "nor does a form that they make up");
    let seen = eventually("the vote comes", || {
        let page = at_ana.page(&poll);
        page.body.contains("1 vote").then_some(page)
    });
    seen.says("<bdi>ben</bdi>").says("most so far");

    let settle = format!("{poll}/settle");
    let event = [("option", "2"), ("title", "Second pot"), ("place", "Café")];
    let bad = at_ana.post(&settle, &[&event[..], &[("capacity", "many")]].concat());
    assert_eq!(bad.status, 422);
    bad.says("value=\"many\" aria-invalid=true").says("value=\"Café\"").says("value=\"2\" selected");
    let made = at_ana.done(&settle, &[&event[..], &[("capacity", "4")]].concat());
    made.says("The date is fixed")
        .says("Friday 4 December 2037, 18:30–20:30")
        .says("Second pot")
        .says("Café");
    let over = at_ana.page(&poll);
    over.says("The date is fixed.").says("href=\"/object/entry1");
    assert!(!over.body.contains("type=\"checkbox\""), "it is over");
    assert!(!at_ana.page(&format!("/group/{group}")).body.contains(&poll), "and off the list");
    assert_eq!(at_ana.post(&format!("{poll}/vote"), &[("option", "1")]).status, 422);
}

#[test]
fn who_asks_and_schedules_nothing_in_the_group_is_told_whom_to_turn_to() {
    let Two { ana, ben, at_ana, at_ben: browser, group, _up, _network } = two();
    eventually("the group comes", || ben.run(&["group", "show", &group]).status.success().then_some(()));
    browser.done(&format!("/group/{group}/join"), &[]).says("You joined.");
    let fields = [("question", "When?"), ("zone", "Europe/Lisbon"), ("minutes", "90")];
    let dates = [("option", "2037-12-03T18:30"), ("option", "2037-12-04T18:30")];
    let asked = browser.done(&format!("/group/{group}/poll"), &[&fields[..], &dates].concat());
    asked.says("only organizers schedule in this group");
    assert!(!asked.body.contains("/settle\""));
    let id = asked.body.split_once("action=\"/poll/").unwrap().1.split('/').next().unwrap();
    let poll = format!("/poll/{id}");
    // Whom they turned to makes the event of it.
    eventually("the poll comes", || at_ana.get(&poll).body.contains("/settle\"").then_some(()));
    let event = [("option", "1"), ("title", "Tea"), ("place", "")];
    at_ana.done(&format!("{poll}/settle"), &event).says("The date is fixed").says("Tea");
    // What is hidden says who hid it, and offers nothing.
    let again = browser.done(
        &format!("/group/{group}/poll"),
        &[&[("question", "Pills?")][..], &fields[1..], &dates].concat(),
    );
    let id = again.body.split_once("action=\"/poll/").unwrap().1.split('/').next().unwrap().to_owned();
    eventually("the second poll comes", || {
        at_ana.get(&format!("/poll/{id}")).body.contains("Pills?").then_some(())
    });
    ana.json(&["group", "hide", &group, &id, "--reason", "advertising"]);
    let hidden = at_ana.page(&format!("/poll/{id}"));
    hidden.says("Hidden by").says("advertising");
    assert!(
        !hidden.body.contains("Pills?")
            && !hidden.body.contains("/vote\"")
            && !hidden.body.contains("/settle\"")
    );
}
