//! What keeps a group and its events in order, on the page: owners who fell silent, posts that a cut voids, changes
//! that are hidden, dates of a series.

use super::organizer::{Two, between, form, scheduled, two};
use crate::browser::{Answer, Browser};
use crate::person::{Network, eventually};

#[test]
fn an_owner_is_said_to_be_silent_and_one_word_of_theirs_ends_it() {
    let Two { ana, ben, at_ana, at_ben, .. } = &two();
    let odd = [("name", "Walks"), ("silence_members", "many")];
    let refused = at_ana.post("/groups/new", &odd);
    assert_eq!(refused.status, 422);
    refused.says("value=\"many\"").says("“When an owner falls silent”");
    let fields = [("name", "Walks"), ("owner", &ben.feed), ("silence_owners", "1"), ("joining", "open")];
    let founded = at_ana.post("/groups/new", &fields);
    let group = founded.header("location").unwrap().split('/').nth(2).unwrap().to_owned();
    let path = format!("/group/{group}/silence");
    at_ana.page(&format!("/group/{group}")).says(&format!("href=\"{path}\""));
    eventually("the group comes", || (at_ben.get(&path).status == 200).then_some(()));
    at_ben.page(&path).says("It takes one other owner who names").says("Nobody says");
    let state =
        |owner: &str, heir: &str| at_ben.post(&path, &[("do", "state"), ("owner", owner), ("heir", heir)]);
    let own = state(&ana.feed, &ana.feed);
    assert_eq!(own.status, 422, "nobody goes on for themselves");
    let german = Browser { address: at_ben.address, cookie: format!("{}; lang=de", at_ben.cookie) };
    let own_german = german.post(&path, &[("do", "state"), ("owner", &*ana.feed), ("heir", &*ana.feed)]);
    own_german.says("Niemand macht für sich selbst weiter");
    assert!(!own_german.body.contains("lang=\"en\">"), "{}", own_german.body);
    own.says("role=\"alert\"").says(&format!("<option value=\"{}\" selected>", ana.feed));
    assert_eq!(state(&ana.feed, &ben.feed).status, 303);
    at_ben.page(&path).says(">silent</span>").says("Said by 1 member, 1 of them an owner.");
    eventually("ana is told", || at_ana.page(&path).body.contains("Others say that you are").then_some(()));
    at_ana.page("/inbox").says(&format!("href=\"{path}\"")).says("I am here");
    let link = format!("href=\"{path}\"");
    eventually("the group leads there too", || {
        at_ana.page(&format!("/group/{group}")).body.contains(&link).then_some(())
    });
    at_ana.done(&path, &[("do", "present")]).says("Said: you are here.").says("Nobody says");
    assert_eq!(at_ana.post(&path, &[("do", "present")]).status, 422, "nobody says so any more");
    // A group that was founded without it.
    let founded = at_ana.post("/groups/new", &[("name", "Talks"), ("joining", "open")]);
    let other = founded.header("location").unwrap().split('/').nth(2).unwrap();
    at_ana.page(&format!("/group/{other}/silence")).says("founded without that");
    let plain = at_ana.page(&format!("/group/{other}"));
    assert!(!plain.body.contains("/silence\""), "{}", plain.body);
}

#[test]
fn what_somebody_posted_after_they_were_cut_can_count_all_the_same() {
    let Two { ana, ben, at_ana, at_ben, event, .. } = &two();
    let roles = format!("/event/{event}/seats/roles");
    at_ana.done(&roles, &[("who", &ben.feed), ("role", "organizer")]);
    ben.event_once(event, "the role comes", |event| event["hosts"].as_array().unwrap().len() == 2);
    let published = || String::from_utf8(ana.run(&["export", "jsonld", event]).stdout).unwrap();
    assert!(published().contains("\"ben\""), "{}", published());
    let who_hosts = |page: &Answer| between(page, "<h2 id=\"hosts\">", "</section>").to_owned();
    let page = at_ana.page(&format!("/event/{event}"));
    assert!(who_hosts(&page).contains(&ben.feed), "{}", page.body);
    let german = |browser: &Browser| Browser {
        address: browser.address,
        cookie: format!("{}; lang=de", browser.cookie),
    };
    let more = german(at_ben).post(&roles, &[("who", &ana.feed), ("role", "owner")]);
    assert_eq!(more.status, 403);
    more.says("Das darf nur, wer über dieser Rolle steht.");
    let senior = german(at_ben).post(&roles, &[("revoke", &ana.feed)]);
    assert_eq!(senior.status, 403);
    senior.says("Das darf nur, wer über ihnen steht.");
    at_ana.done(&roles, &[("revoke", &ben.feed)]);
    let page = at_ana.page(&format!("/event/{event}"));
    assert!(!who_hosts(&page).contains(&ben.feed), "whose role was taken is shown as no host: {}", page.body);
    assert!(!published().contains("\"ben\""), "{}", published());
    let path = format!("/event/{event}/endorse/{}", ben.feed);
    at_ana.page(&format!("/event/{event}/seats")).says(&format!("href=\"{path}\""));
    at_ana.page(&path).says("They posted nothing here after that");
    at_ben.done(&format!("/event/{event}/comment"), &[("text", "Still here")]);
    let page = eventually("the comment comes", || {
        let page = at_ana.page(&path);
        page.body.contains("name=\"entry\"").then_some(page)
    });
    page.says("said “\u{2068}Still here\u{2069}”");
    german(at_ana).page(&path).says("gesagt: „\u{2068}Still here\u{2069}“");
    german(at_ben).page("/network").says("gesagt: „\u{2068}Still here\u{2069}“");
    let entry = between(&page, "name=\"entry\" value=\"", "\"").to_owned();
    let none = at_ana.post(&path, &[]);
    assert_eq!(none.status, 422);
    none.says("Choose at least one of them.");
    at_ana.done(&path, &[("entry", &entry)]).says("What you chose counts.");
    let last = ana.json(&["log"]).as_array().unwrap().last().unwrap().clone();
    assert!(last["what"].as_str().unwrap().contains("let 1 entries count"), "{last}");
    let refused = at_ana.post(&path, &[("entry", event)]);
    assert_eq!(refused.status, 422, "one's own");
    eventually("the cut comes", || (at_ben.get(&path).status == 403).then_some(()));
    assert_eq!(at_ben.post(&path, &[("entry", &entry)]).status, 403);
}

#[test]
fn the_words_of_a_change_are_hidden_and_shown_again_and_a_comment_that_is_hidden_disturbs_no_form() {
    let Two { ana, at_ana, at_ben, event, .. } = &two();
    let path = format!("/event/{event}/changes");
    assert_eq!(at_ben.get(&path).status, 403);
    at_ana.page(&format!("/event/{event}")).says(&format!("href=\"{path}\""));
    let update = ana.json(&["event", "update", event, "--about", "Kettles <for> sale", "--capacity", "7"]);
    let update = update["id"].as_str().unwrap();
    at_ana.page(&path).says("Kettles &#60;for&#62; sale").says("Also:").says("scheduled it");
    // What is said in no words of a person is said in those of the page.
    ana.json(&["event", "update", event, "--policy", "approval", "--start", "2037-12-03T19:00"]);
    let german = Browser { address: at_ana.address, cookie: format!("{}; lang=de", at_ana.cookie) };
    german.page(&path).says("von Hand: Gastgeber entscheiden").says("Donnerstag, 3. Dezember 2037, 19:00");
    at_ana.page(&path).says("by hand: a host decides").says("Thursday 3 December 2037, 19:00");

    // While the form of the event is open, somebody's comment is hidden.
    let open = at_ana.page(&format!("/event/{event}/change"));
    let tips = between(&open, "name=\"tips\" value=\"", "\"").to_owned();
    let said = ana.json(&["comment", event, "Buy"])["id"].as_str().unwrap().to_owned();
    ana.json(&["event", "hide", event, &said]);
    let typed = [("capacity", "7"), ("policy", "approval"), ("about", "Tea"), ("tips", &*tips)];
    at_ana.done(&format!("/event/{event}/change"), &form(&typed)).says("Changed.");

    // ... and where no reason was given, nothing is promised.
    at_ana.page(&format!("/event/{event}")).says("Hidden by \u{2068}ana\u{2069}. <a");
    let long = "r".repeat(2_000);
    let fields = |what, reason| [("entry", update), ("do", what), ("reason", reason)];
    let refused = at_ana.post(&path, &fields("hide", &long));
    assert_eq!(refused.status, 422);
    refused.says(&long).says("aria-invalid=\"true\" aria-describedby=\"refused\"");
    assert_eq!(at_ben.post(&path, &fields("hide", "mine")).status, 403);
    let open = at_ana.page(&format!("/event/{event}/change"));
    let tips = between(&open, "name=\"tips\" value=\"", "\"").to_owned();
    let hidden = at_ana.done(&path, &fields("hide", "no adverts"));
    hidden.says("It is hidden.").says("no adverts");
    assert!(!hidden.body.contains("Kettles"), "{}", hidden.body);
    let typed = [("capacity", "7"), ("policy", "approval"), ("about", "Cake"), ("tips", &*tips)];
    let behind = at_ana.post(&format!("/event/{event}/change"), &form(&typed));
    assert_eq!(behind.status, 422, "words of the event itself were hidden meanwhile");
    assert_eq!(at_ana.post(&path, &fields("hide", "again")).status, 422);
    let none = at_ana.post(&path, &[("entry", "entry1q"), ("do", "hide"), ("reason", "")]);
    assert_eq!(none.status, 422);
    none.says("role=\"alert\"").says("is mistyped");
    at_ana.done(&path, &fields("show", "")).says("It is shown again.").says("Kettles");

    // A poll is hidden by organizers of the group that it asks.
    let group = ana.json(&["group", "create", "Bakers"])["id"].as_str().unwrap().to_owned();
    let dates = ["--option", "2037-12-01T18:30", "--option", "2037-12-02T18:30"];
    let poll =
        ana.json(&[&["poll", "create", &group, "--question", "Spam?", "--tz", "UTC"][..], &dates].concat());
    let poll = format!("/poll/{}", poll["id"].as_str().unwrap());
    let refused = at_ana.post(&format!("{poll}/hide"), &[("do", "hide"), ("reason", &long)]);
    assert_eq!(refused.status, 422);
    refused.says(&long);
    let hidden = at_ana.done(&format!("{poll}/hide"), &[("do", "hide"), ("reason", "no adverts")]);
    hidden.says("It is hidden.").says("no adverts");
    assert!(!hidden.body.contains("Spam?"), "{}", hidden.body);
    at_ana.done(&format!("{poll}/hide"), &[("do", "show")]).says("Spam?");
    eventually("ben has it", || (at_ben.get(&poll).status == 200).then_some(()));
    assert!(!at_ben.page(&poll).body.contains("/hide\""));
    assert_eq!(at_ben.post(&format!("{poll}/hide"), &[("do", "hide")]).status, 403);

    // The event as a whole is hidden by organizers of its group.
    let group = ana.json(&["group", "create", "Makers"])["id"].as_str().unwrap().to_owned();
    let inside = scheduled(&at_ana.post("/schedule", &form(&[("group", &group)])));
    let path = format!("/event/{inside}/changes");
    let done = at_ana.done(&path, &[("entry", &inside), ("do", "hide"), ("reason", "moved on")]);
    done.says("moved on").says("(its title is hidden)");
    at_ana.done(&path, &[("entry", &inside), ("do", "show")]).says(">Tea</bdi>");
}

#[test]
fn dates_are_added_to_a_series_left_out_of_it_and_taken_in_again() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let event = scheduled(&browser.post("/schedule", &form(&[("repeat", "week"), ("count", "3")])));
    let path = format!("/event/{event}/dates");
    let dates = || {
        let shown = ana.event(&event).unwrap();
        (shown["extra"].clone(), shown["except"].clone())
    };
    browser.done(&path, &[("date", "2037-12-10"), ("time", "")]).says("The dates are changed.");
    ana.json(&["event", "update", &event, "--repeat", "FREQ=WEEKLY;BYDAY=TU;COUNT=4"]);
    ana.json(&["event", "update", &event, "--on", "2037-12-08", "--about", "Cake"]);
    let changes = browser.page(&format!("/event/{event}/changes"));
    changes.says("every week on Tuesday, 4 times").says("Thursday 10 December 2037, 18:30");
    changes.says("<span class=\"pill calm\">Tuesday 8 December 2037, 18:30</span>");
    ana.json(&["event", "update", &event, "--repeat", "FREQ=WEEKLY;BYDAY=TU;COUNT=3"]);
    browser.done(&path, &[("date", "2037-12-11"), ("time", "09:15:00")]);
    let extra = serde_json::json!(["2037-12-10T18:30", "2037-12-11T09:15"]);
    assert_eq!(dates().0, extra, "without a time it is when the others are");
    let left = browser.done(&path, &[("out", "2037-12-15T18:30")]);
    left.says("name=\"back\" value=\"2037-12-15T18:30\"");
    assert!(!left.body.contains("name=\"out\" value=\"2037-12-15T18:30\""), "{}", left.body);
    assert_eq!(dates().1, serde_json::json!(["2037-12-15T18:30"]));
    browser.done(&path, &[("back", "2037-12-15T18:30")]);
    browser.done(&path, &[("out", "2037-12-10T18:30")]);
    assert_eq!(dates(), (serde_json::json!(["2037-12-11T09:15"]), serde_json::Value::Null));
    let german = Browser { address: browser.address, cookie: format!("{}; lang=de", browser.cookie) };
    german.page(&format!("/event/{event}/change")).says("jede Woche am Dienstag, 3-mal");
    for odd in [[("date", ""), ("time", "20:00")], [("date", "2037-02-30"), ("time", "20:00")]] {
        let refused = browser.post(&path, &odd);
        assert_eq!(refused.status, 422, "{odd:?}");
        refused.says("id=\"undated\"").says("value=\"20:00\"").says("<details id=\"dates\" open>");
    }
}
