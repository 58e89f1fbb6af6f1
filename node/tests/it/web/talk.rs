//! What can be done on the page about what was said, and about an evening that is over.

use super::door::{Evening, code, evening};
use crate::browser::{Answer, Browser};
use crate::person::eventually;

/// Where a page leads to do something about the comment with these words.
fn act(page: &Answer, words: &str) -> Option<String> {
    let item = page.body.split("<li class=\"depth").find(|item| item.contains(words))?;
    let link = item.split("href=\"").find(|link| link.contains("/said/"))?;
    link.split('"').next().map(str::to_owned)
}

#[test]
fn a_host_hides_and_shows_again_and_everybody_takes_back_their_own() {
    let Evening { ana, at_ana, at_ben, event, .. } = &evening();
    let path = format!("/event/{event}");
    at_ben.done(&format!("{path}/comment"), &[("text", "Buy my <watches>")]);
    at_ana.done(&format!("{path}/comment"), &[("text", "Bring a cup")]);
    let at_host = eventually("the comment comes", || act(&at_ana.page(&path), "watches"));
    eventually("the host's comes", || at_ben.page(&path).body.contains("Bring a cup").then_some(()));
    let guest = at_ben.page(&path);
    assert_eq!(act(&guest, "Bring a cup"), None, "a guest does nothing about what others said");
    let others = act(&at_ana.page(&path), "Bring a cup").unwrap();
    assert_eq!(at_ben.get(&others).status, 403);
    assert_eq!(at_ben.post(&others, &[("do", "hide")]).status, 403);

    at_ana.page(&at_host).says("Buy my &#60;watches&#62;").says("Hide it for everybody");
    let long = "r".repeat(2_000);
    let refused = at_ana.post(&at_host, &[("do", "hide"), ("reason", &long)]);
    assert_eq!(refused.status, 422);
    refused.says(&long).says("aria-invalid=\"true\" aria-describedby=\"refused\"");
    at_ana.done(&at_host, &[("do", "hide"), ("reason", "no adverts")]).says("It is hidden.");
    let seen = eventually("the guest hears of it", || {
        let page = at_ben.page(&path);
        page.body.contains("no adverts").then_some(page)
    });
    assert!(!seen.body.contains("watches"), "{}", seen.body);
    assert_eq!(at_ana.post(&at_host, &[("do", "hide")]).status, 422, "it is hidden already");
    at_ana.done(&at_host, &[("do", "show")]).says("watches");
    eventually("the guest reads it again", || at_ben.page(&path).body.contains("watches").then_some(()));

    let own = act(&at_ben.page(&path), "watches").unwrap();
    let page = at_ben.page(&own);
    page.says("Take it back");
    assert!(!page.body.contains("Hide it"), "{}", page.body);
    let done = at_ben.done(&own, &[("do", "delete")]);
    done.says("Taken back.");
    assert!(!done.body.contains("watches"), "{}", done.body);
    assert_eq!(at_ben.get(&own).status, 404);

    // What an event is called can be hidden too: then it is called as before.
    let change = ana.json(&["event", "update", event, "--title", "Kettles for sale"])["id"]
        .as_str()
        .unwrap()
        .to_owned();
    at_ana.page("/").says("Kettles");
    ana.json(&["event", "hide", event, &change, "--reason", "no adverts"]);
    let german = Browser { address: at_ana.address, cookie: format!("{}; lang=de", at_ana.cookie) };
    for path in ["/".to_owned(), path, format!("/event/{event}/seats")] {
        let page = german.page(&path);
        page.says("Tea");
        assert!(!page.body.contains("Kettles") && !page.body.contains("verborgen)"), "{}", page.body);
    }
    at_ana.page(&format!("/event/{event}")).says("Hidden by \u{2068}ana\u{2069}: \u{2068}no adverts\u{2069}");
    // A form that was open meanwhile makes no title of that.
    let form = at_ana.page(&format!("/event/{event}/change")).body;
    let value = |name: &str| {
        let field = form.split(&format!("name=\"{name}\"")).nth(1).unwrap();
        field.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let [title, date, time, tips] = ["title", "date", "time", "tips"].map(value);
    assert!(!title.contains("Kettles"), "{title}");
    ana.json(&["event", "show-again", event, &change]);
    let fields = [("title", &*title), ("date", &date), ("time", &time), ("zone", "UTC"), ("tips", &tips)];
    let again = at_ana.post(&format!("/event/{event}/change"), &fields);
    assert_eq!(again.status, 422);
    ana.json(&["event", "hide", event, &change, "--reason", "no adverts"]);
    assert!(ana.refused(&["event", "update", event, "--tag", "tea"]).contains("show them again first"));

    let group = ana.json(&["group", "create", "Makers"])["id"].as_str().unwrap().to_owned();
    let path = format!("/group/{group}");
    at_ana.done(&format!("{path}/comment"), &[("text", "Second thoughts")]);
    let own = act(&at_ana.page(&path), "Second").unwrap();
    at_ana.page(&own).says("Take it back").says("Hide it for everybody");
    assert!(!at_ana.done(&own, &[("do", "delete")]).body.contains("Second thoughts"));
}

#[test]
fn hosts_see_how_it_went_and_who_was_there_tells_them_how_it_was() {
    let Evening { ben, at_ana, at_ben, event, .. } = &evening();
    let path = format!("/event/{event}");
    let attendance = format!("{path}/attendance");
    assert_eq!(at_ben.get(&attendance).status, 403);
    let before = at_ana.page(&attendance);
    before.says(&ben.feed).says("It is not over").says("<td>1</td><td>1</td><td></td>");
    let early = at_ben.post(&format!("{path}/feedback"), &[("text", "Too <loud>")]);
    assert_eq!(early.status, 422, "no door saw them yet");
    assert!(!at_ben.page(&path).body.contains("/feedback"));
    let shown = code(&at_ana.done(&format!("{path}/door/open"), &[]), "klatch:door/1/");
    at_ben.done("/checkin", &[("code", &shown), ("how", "go")]);
    eventually("the door counts them", || {
        at_ana.page(&attendance).body.contains("<td>1</td><td>1</td><td>1</td>").then_some(())
    });
    eventually("they know", || at_ben.page(&path).body.contains("/feedback\"").then_some(()));
    let long = "y".repeat(60_000);
    let refused = at_ben.post(&format!("{path}/feedback"), &[("text", &long)]);
    assert_eq!(refused.status, 422);
    refused.says(&long).says("id=\"untold\"");
    at_ben.done(&format!("{path}/feedback"), &[("text", "Too <loud>")]).says("The hosts will hear of it.");
    eventually("the host reads it", || at_ana.page(&path).body.contains("Too &#60;loud&#62;").then_some(()));
}

#[test]
fn a_group_s_hosts_see_how_often_everybody_came_and_others_themselves() {
    let Evening { ana, ben, at_ana, at_ben, .. } = &evening();
    let group = ana.json(&["group", "create", "Makers"])["id"].as_str().unwrap().to_owned();
    let start = (chrono::Utc::now() - chrono::TimeDelta::hours(3)).format("%Y-%m-%dT%H:%M").to_string();
    let when = ["--start", &start, "--tz", "UTC", "--duration", "1h"];
    let event = ana.json(&[&["event", "schedule", &group, "--title", "Over"][..], &when].concat());
    let event = event["id"].as_str().unwrap();
    ana.json(&["rsvp", event, "yes"]);
    eventually("ben holds it", || ben.event(event));
    ben.json(&["rsvp", event, "yes"]);
    let path = format!("/group/{group}/attendance");
    let all = eventually("both have a seat", || {
        let page = at_ana.page(&path);
        (page.body.contains(&ana.feed) && page.body.contains(&ben.feed)).then_some(page)
    });
    all.says("1 event of the group is over.");
    at_ana.page(&format!("/group/{group}")).says(&format!("href=\"{path}\""));
    let own = eventually("ben sees himself", || {
        let page = at_ben.page(&path);
        page.body.contains(&ben.feed).then_some(page)
    });
    own.says("hosts see everybody");
    assert!(!own.body.contains(&ana.feed), "{}", own.body);
}
