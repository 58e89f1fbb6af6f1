//! An organizer's pages over HTTP: events scheduled and changed, seats given, groups founded.

use serde_json::Value;

use crate::browser::{Answer, Browser};
use crate::person::{Network, Person, Up, eventually};

/// What a browser sends of the form of a new event that nobody touched.
const FORM: [(&str, &str); 8] = [
    ("title", "Tea"),
    ("date", "2037-12-08"),
    ("time", "18:30"),
    ("hours", "2"),
    ("zone", "Europe/Lisbon"),
    ("repeat", "never"),
    ("policy", "first"),
    ("place", "Café"),
];

/// That form with other things typed in it.
pub(super) fn form<'a>(typed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = FORM.iter().filter(|(name, _)| typed.iter().all(|(said, _)| said != name)).copied();
    kept.chain(typed.iter().copied()).collect()
}

/// The event that a form led to.
pub(super) fn scheduled(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{answer:?}");
    let path = answer.header("location").unwrap();
    path.trim_start_matches("/event/").split('?').next().unwrap().to_owned()
}

/// What stands between these in a page.
pub(super) fn between<'a>(page: &'a Answer, start: &str, end: &str) -> &'a str {
    let at = page.body.find(start).unwrap_or_else(|| panic!("{start} in {}", page.body));
    page.body[at + start.len()..].split(end).next().unwrap()
}

/// Ana's event with one seat that both know, Ben's node, and both browsers.
pub(super) struct Two {
    pub(super) ana: Person,
    pub(super) ben: Person,
    pub(super) at_ana: Browser,
    pub(super) at_ben: Browser,
    pub(super) event: String,
    _up: [Up; 2],
    _network: Network,
}

pub(super) fn two() -> Two {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    ana.json(&["follow", &ben.feed]);
    ben.json(&["follow", &ana.feed]);
    let up = [ana.on_lan(), ben.on_lan()];
    let (at_ana, at_ben) = (Browser::at(&up[0]), Browser::at(&up[1]));
    let event = scheduled(&at_ana.post("/schedule", &form(&[("capacity", "1"), ("policy", "approval")])));
    ben.event_once(&event, "the event comes", |event| event["place"] == "Café");
    eventually("ben is known by name", || at_ana.page("/groups/new").body.contains("ben").then_some(()));
    Two { ana, ben, at_ana, at_ben, event, _up: up, _network: network }
}

#[test]
fn an_event_is_scheduled_with_all_that_the_form_asks() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let page = browser.page("/schedule");
    page.says("type=\"date\"")
        .says("type=\"time\"")
        .says("<option value=\"Europe/Lisbon\">")
        .says("value=\"UTC\"");
    assert!(
        page.body.len() < 42_000,
        "{} bytes, and 18,000 for the stylesheet and the script",
        page.body.len()
    );
    let event = scheduled(&browser.post(
        "/schedule",
        &form(&[
            ("about", "one\r\ntwo"),
            ("address", "Back door"),
            ("online", "https://example.org/x"),
            ("cost", "3 €"),
            ("access", "no steps"),
            ("tags", "tea, cake"),
            ("questions", "Milk?\r\nSugar?\r\n"),
            ("capacity", "12"),
            ("guests", "1"),
            ("policy", "lottery"),
            ("closes", "2"),
            ("closes_unit", "days"),
            ("repeat", "month"),
            ("count", "3"),
        ]),
    ));
    let shown = ana.event(&event).unwrap();
    let wanted = [
        ("/about", Value::from("one\ntwo")),
        ("/cost", "3 €".into()),
        ("/access", "no steps".into()),
        ("/online", "https://example.org/x".into()),
        ("/tags/1", "cake".into()),
        ("/questions/1", "Sugar?".into()),
        ("/capacity", 12.into()),
        ("/party_max", 2.into()),
        ("/policy", "lottery".into()),
        ("/closes", (2 * 24 * 60).into()),
        ("/minutes", 120.into()),
        ("/repeat", "FREQ=MONTHLY;BYDAY=2TU;COUNT=3".into()),
    ];
    for (at, value) in wanted {
        assert_eq!(shown.pointer(at), Some(&value), "{at} of {shown}");
    }
    let page = browser.page(&format!("/event/{event}?did=schedule"));
    page.says("Scheduled.").says("Back door");
    let answer = between(&page, "<section class=\"card answer screen\"", "</section>");
    assert!(answer.contains("Answers count until: 2 days before"), "{answer}");
    // On paper nobody can answer: there it stands for who did.
    browser
        .done(&format!("/event/{event}/answer"), &[("answer", "maybe")])
        .says("<section class=\"card answer\"");
}

#[test]
fn what_was_typed_stays_and_the_error_stands_at_its_field() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let cases = [
        ("title", "title", "x\u{7}"),
        ("zone", "zone", "Europe/Atlantis"),
        ("hours", "hours", "400"),
        ("time", "time", ""),
        ("capacity", "capacity", "0"),
        ("guests", "guests", "20"),
        ("repeat", "repeat", "last"),
        ("online", "online", "a\u{7}b"),
        ("closes", "closes", "9000000"),
        ("policy", "closes", "lottery"),
    ];
    for (name, at, text) in cases {
        let refused = browser.post("/schedule", &form(&[("about", "<kept> & whole"), (name, text)]));
        assert_eq!(refused.status, 422, "{name}: {refused:?}");
        refused.says("&#60;kept&#62; &#38; whole").says("id=\"refused\"");
        assert_eq!(refused.body.matches("id=\"refused\"").count(), 1, "{name}");
        let field = between(&refused, &format!(" name=\"{at}\""), ">");
        assert!(field.contains("aria-invalid=true aria-describedby=refused"), "{name}: {field}");
    }
    // Clocks skip this hour in Lisbon.
    let skipped = browser.post("/schedule", &form(&[("date", "2027-03-28"), ("time", "01:30")]));
    assert_eq!(skipped.status, 422);
    skipped.says("value=\"2027-03-28\"").says("value=\"01:30\"");
    // One past what an event may ask: spec/posts.md.
    let eleven = "q\n".repeat(10) + "r";
    let distinct: String = (0..11).map(|at| format!("{at}?\n")).collect();
    for questions in [eleven, distinct] {
        assert_eq!(browser.post("/schedule", &form(&[("questions", &questions)])).status, 422);
    }
    assert!(ana.json(&["event", "list"]).as_array().unwrap().is_empty(), "nothing was scheduled");
}

#[test]
fn a_calendar_of_elsewhere_fills_the_form_and_schedules_nothing() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let calendar = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Choir\r\nDTSTART;TZID=Europe/Berlin:20371203T190000\r\n\
                    DTEND;TZID=Europe/Berlin:20371203T203000\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\nLOCATION:Hall\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let filled = browser.post("/schedule/calendar", &[("calendar", calendar)]);
    assert_eq!(filled.status, 200);
    filled
        .says("value=\"Choir\"")
        .says("value=\"2037-12-03\"")
        .says("value=\"19:00\"")
        .says("value=\"Europe/Berlin\"");
    filled.says("value=\"Hall\"").says("<option value=\"other\" selected>FREQ=WEEKLY;COUNT=4</option>");
    let refused = browser.post("/schedule/calendar", &[("calendar", "BEGIN:<kept>")]);
    assert_eq!(refused.status, 422);
    refused.says("BEGIN:&#60;kept&#62;").says("aria-invalid");
    assert!(ana.json(&["event", "list"]).as_array().unwrap().is_empty());
}

#[test]
fn an_organizer_changes_what_differs_and_nothing_else() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let event = scheduled(&browser.post("/schedule", &form(&[("about", "first"), ("capacity", "4")])));
    let path = format!("/event/{event}/change");
    let tips = |page: &Answer| between(page, "name=\"tips\" value=\"", "\"").to_owned();
    let page = browser.page(&path);
    page.says("value=\"Café\"").says(">first</textarea>");
    assert!(!page.body.contains("name=\"repeat\""), "what does not repeat cannot begin to");
    let first = tips(&page);
    let same = browser.post(&path, &form(&[("about", "first"), ("capacity", "4"), ("tips", &first)]));
    assert_eq!(same.status, 422);
    same.says("Nothing here differs");
    let done = browser
        .done(&path, &form(&[("about", "second"), ("capacity", "4"), ("place", "Bar"), ("tips", &first)]));
    done.says("Changed.").says("second").says("Bar");
    let shown = ana.event(&event).unwrap();
    assert_eq!((&shown["place"], &shown["capacity"]), (&"Bar".into(), &4.into()));
    // Whoever saw the form before that would take it back.
    let behind = browser.post(&path, &form(&[("about", "third"), ("capacity", "4"), ("tips", &first)]));
    assert_eq!(behind.status, 422);
    behind.says("while you typed").says(">third</textarea>");
    let caught_up = tips(&behind);
    assert_ne!(caught_up, first);
    browser.done(&path, &form(&[("about", "third"), ("capacity", "4"), ("tips", &caught_up)])).says("third");
    let page = browser.page(&path);
    let unlimited =
        browser.post(&path, &form(&[("about", "third"), ("capacity", ""), ("tips", &tips(&page))]));
    assert_eq!(unlimited.status, 422);
    assert!(between(&unlimited, " name=\"capacity\"", ">").contains("aria-invalid"));

    let said = browser.done(&format!("/event/{event}/announce"), &[("text", "Bring\r\ncups")]);
    said.says("Announced.").says("Bring<br>cups").says("Announcement");
    let long = "y".repeat(20_000);
    let refused = browser.post(&format!("/event/{event}/announce"), &[("text", &long)]);
    assert_eq!(refused.status, 422);
    refused.says(&long).says("id=\"unsaid\"");

    let sure = browser.page(&format!("/event/{event}/cancel"));
    sure.says("Call off").says("cannot be taken back");
    let long = "r".repeat(2_000);
    let refused = browser.post(&format!("/event/{event}/cancel"), &[("reason", &long)]);
    assert_eq!(refused.status, 422);
    refused.says(&long);
    assert_eq!(ana.event(&event).unwrap()["cancelled"], false);
    let off = browser.done(&format!("/event/{event}/cancel"), &[("reason", "rain")]);
    off.says("Called off.").says("Nobody had answered.");
    assert!(!off.body.contains("Are you coming?"), "nobody is asked: {}", off.body);
    assert_eq!(ana.event(&event).unwrap()["cancelled"], true);
    browser.page(&path).says("that is final");
}

#[test]
fn a_box_says_whether_everybody_may_read_of_an_event_and_nothing_else_ticks_it() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let ticked = "name=\"public\" aria-describedby=\"everybody\" checked";
    assert!(!browser.page("/schedule").body.contains(ticked));
    let draft = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Choir\r\nDTSTART:20371203T190000Z\r\n\
                 CATEGORIES:public,song\r\nCLASS:PUBLIC\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let draft = browser.post("/schedule/calendar", &[("calendar", draft)]);
    draft.says("value=\"song\"").says("not public here by its category");
    assert!(!draft.body.contains(ticked), "a calendar of elsewhere is no word of a host");
    let german = Browser { address: browser.address, cookie: format!("{}; lang=de", browser.cookie) };
    let draft = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Chor\r\nDTSTART:20371203T190000Z\r\n\
                 RRULE:FREQ=WEEKLY;BYDAY=MO\r\nCATEGORIES:public\r\nLOCATION:Halle\r\nATTENDEE:x\r\nEND:VEVENT\r\n\
                 BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID:20371210T190000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let draft = draft.replace("Halle", &"H".repeat(301));
    german
        .post("/schedule/calendar", &[("calendar", &draft)])
        .says("Die Regel nennt den Beginn selbst nicht")
        .says("Durch seine Kategorie ist es hier nicht öffentlich")
        .says("Angenommen sind 120 Minuten.")
        .says("\u{2068}LOCATION\u{2069} war hier zu lang")
        .says("Nicht übernommen: \u{2068}ATTENDEE\u{2069}.")
        .says("Geänderte Termine darin: 1.");

    let tags = |event: &str| ana.event(event).unwrap()["tags"].clone();
    let event = scheduled(&browser.post("/schedule", &form(&[("tags", "tea"), ("public", "on")])));
    assert_eq!(tags(&event), serde_json::json!(["tea", "public"]));
    let shown = browser.page(&format!("/event/{event}"));
    shown.says("Everybody may read of it, on the pages of a pub.").says(">tea</a>");
    assert!(!shown.body.contains(">public</a>"));
    let path = format!("/event/{event}/change");
    let page = browser.page(&path);
    page.says(ticked).says("name=\"tags\" value=\"tea\"");
    let tips = ("tips", between(&page, "name=\"tips\" value=\"", "\""));
    // All that the box says is that it is ticked: a form without it says no.
    let done = browser.done(&path, &form(&[("tags", "tea"), tips]));
    assert!(!done.body.contains("Everybody may read of it"));
    assert_eq!(tags(&event), serde_json::json!(["tea"]));
}

#[test]
fn one_date_of_a_series_is_changed_and_another_called_off() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let event = scheduled(&browser.post("/schedule", &form(&[("repeat", "week"), ("count", "3")])));
    let path = format!("/event/{event}/change");
    let all = browser.page(&path);
    all.says("Change all dates").says("on=2037-12-15T18:30").says("value=\"keep\" selected");
    let (second, third) = ("2037-12-15T18:30", "2037-12-22T18:30");
    let page = browser.page(&format!("{path}?on={second}"));
    page.says("Change this date").says("value=\"2037-12-15\"");
    let tips = between(&page, "name=\"tips\" value=\"", "\"").to_owned();
    let typed = form(&[("on", second), ("date", "2037-12-15"), ("time", "20:00"), ("tips", &tips)]);
    let typed: Vec<_> = typed.into_iter().filter(|(name, _)| *name != "repeat").collect();
    browser.done(&path, &typed).says("20:00");
    assert_eq!(ana.event(&event).unwrap()["start"], "2037-12-08T18:30", "the others stay");
    browser.page(&format!("/event/{event}/cancel?on={third}")).says("Only this date");
    browser.done(&format!("/event/{event}/cancel"), &[("on", third)]).says("This date is called off.");
    let shown = ana.event(&event).unwrap();
    assert_eq!(shown["cancelled"], false);
    let all = browser.page(&path);
    let tips = between(&all, "name=\"tips\" value=\"", "\"").to_owned();
    let ends = form(&[("repeat", "week"), ("count", "5"), ("tips", &tips)]);
    browser.done(&path, &ends);
    assert_eq!(ana.event(&event).unwrap()["repeat"], "FREQ=WEEKLY;BYDAY=TU;COUNT=5");
    let all = browser.page(&path);
    let tips = between(&all, "name=\"tips\" value=\"", "\"").to_owned();
    browser.done(&path, &form(&[("repeat", "keep"), ("count", "4"), ("tips", &tips)]));
    assert_eq!(ana.event(&event).unwrap()["repeat"], "FREQ=WEEKLY;BYDAY=TU;COUNT=4", "the end alone changes");
    browser.page(&format!("/event/{event}/seats")).says("on=2037-12-15T18:30");
}

#[test]
fn seats_are_given_and_given_up_and_more_are_made() {
    let Two { ana, ben, at_ana, at_ben, event, .. } = &two();
    let seats = format!("/event/{event}/seats");
    at_ana.page(&seats).says("Nobody has answered yet");
    let answered =
        at_ben.done(&format!("/event/{event}/answer"), &[("answer", "yes"), ("note", "<b>late</b>")]);
    answered.says("A host decides on each answer.");
    // Ben is there before his answer is: he can be given a role.
    eventually("ana hears of the answer", || {
        (!at_ana.page(&seats).body.contains("Nobody has answered yet")).then_some(())
    });
    let people = format!("{seats}/people");
    let who = ("who", &*ben.feed);
    at_ana.done(&people, &[who, ("do", "admit")]).says("Admitted.").says("Have a seat (1)");
    at_ana.page(&format!("{seats}?why={}", ben.feed)).says("The last answer is yes.");
    let list = at_ana.page(&format!("/event/{event}/guests"));
    list.says("has a seat").says("&#60;b&#62;late&#60;/b&#62;").says("<table class=\"guests\">");
    // Ana wants in too: no seat is left, until there are two.
    at_ana.done(&format!("/event/{event}/answer"), &[("answer", "yes")]);
    at_ana
        .done(&people, &[("do", "admit")])
        .says("Wait (1)")
        .says("1 of 1 seat, 1 waiting")
        .says("Take off the list");
    let refused = at_ana.post(&format!("{seats}/capacity"), &[("capacity", "0")]);
    assert_eq!(refused.status, 422);
    refused.says("id=\"uncounted\"").says("value=\"0\"");
    at_ana.done(&format!("{seats}/capacity"), &[("capacity", "2")]).says("Have a seat (2)");
    at_ana.done(&people, &[who, ("do", "release")]).says("Given up by a host (1)");
    let twice = at_ana.post(&people, &[who, ("do", "release")]);
    assert_eq!(twice.status, 422);
    twice.says("role=\"alert\"");
    ben.event_once(event, "ben hears of it", |event| event["released"][0]["feed"] == ben.feed.as_str());
    at_ana.done(&people, &[("do", "close")]).says("list closed");
    assert_eq!(at_ana.post(&people, &[("do", "dance")]).status, 404);
    assert_eq!(ana.event(event).unwrap()["closed"][0], ana.feed.as_str());
}

#[test]
fn a_guest_gets_none_of_it_and_a_co_host_what_their_role_gives() {
    let Two { ana, ben, at_ana, at_ben, event, .. } = &two();
    let pages = ["change", "cancel", "seats", "guests", "door"];
    for page in pages {
        assert_eq!(at_ben.get(&format!("/event/{event}/{page}")).status, 403, "{page}");
    }
    let tries: [(&str, &[(&str, &str)]); 7] = [
        ("change", &form(&[("title", "Mine")])),
        ("cancel", &[("reason", "mine")]),
        ("announce", &[("text", "mine")]),
        ("seats/people", &[("do", "admit")]),
        ("seats/capacity", &[("capacity", "9")]),
        ("seats/roles", &[("who", &ben.feed), ("role", "owner")]),
        ("seats/roles", &[("revoke", &ana.feed)]),
    ];
    for (path, fields) in tries {
        let refused = at_ben.post(&format!("/event/{event}/{path}"), fields);
        assert_eq!(refused.status, 403, "{path}: {refused:?}");
        let typed = fields.iter().find(|(name, _)| ["title", "reason", "text"].contains(name));
        if let Some((_, text)) = typed {
            refused.says(&format!(" readonly dir=\"auto\">{text}</textarea>"));
        }
    }
    let guest = at_ben.page(&format!("/event/{event}"));
    assert!(
        !guest.body.contains("/seats\"") && !guest.body.contains("/change\""),
        "a guest is shown no such way"
    );
    at_ana.page(&format!("/event/{event}")).says("/seats\"").says("/change\"").says("/door/open\"");

    let roles = format!("/event/{event}/seats/roles");
    let bad = at_ana.post(&roles, &[("who", &ben.feed), ("role", "host"), ("quota", "many")]);
    assert_eq!(bad.status, 422);
    bad.says("id=\"ungranted\"").says("value=\"many\"").says("<option value=\"host\" selected>");
    at_ana.done(&roles, &[("who", &ben.feed), ("role", "host"), ("quota", "1")]).says("The role is given.");
    ben.event_once(event, "the role comes", |event| event["hosts"].as_array().unwrap().len() == 2);
    at_ben.page(&format!("/event/{event}/seats")).says("1 seat to give");
    assert_eq!(at_ben.get(&format!("/event/{event}/change")).status, 403, "a host changes nothing");
    at_ana.done(&roles, &[("revoke", &ben.feed)]).says("The role is taken.");
    eventually("the cut comes", || {
        (at_ben.get(&format!("/event/{event}/seats")).status == 403).then_some(())
    });
}

#[test]
fn the_guest_list_is_a_table_as_the_command_line_writes_it_for_who_holds_a_role() {
    let Two { ana, ben, at_ana, at_ben, event, .. } = &two();
    ben.json(&["profile", "--name", "=HYPERLINK(\"https://example.org\")"]);
    let note = ("note", "+1 cake, \"perhaps\"");
    at_ben.done(&format!("/event/{event}/answer"), &[("answer", "yes"), note]);
    let path = format!("/event/{event}/guests.csv");
    let table = eventually("name and answer come", || {
        let table = at_ana.page(&path);
        (table.body.contains("HYPERLINK") && table.body.contains("cake")).then_some(table)
    });
    table.says(",\"'=HYPERLINK(\"\"https://example.org\"\")\",").says(",\"'+1 cake, \"\"perhaps\"\"\",");
    let written = ana.run(&["export", "csv", event, "--bom"]).stdout;
    assert_eq!(table.body.as_bytes(), written);
    assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(table.header("content-disposition"), Some("attachment; filename=\"guests.csv\""));
    at_ana.done(&format!("/event/{event}/door/open"), &[]);
    for page in ["seats", "guests", "door"] {
        at_ana.page(&format!("/event/{event}/{page}")).says(&format!("href=\"{path}\""));
    }
    assert_eq!(at_ben.get(&path).status, 403, "a guest has no list of the others");
}

#[test]
fn a_group_is_founded_and_its_people_are_let_in_and_put_out() {
    let Two { ana, ben, at_ana, at_ben, .. } = &two();
    let name = "n".repeat(500);
    let refused =
        at_ana.post("/groups/new", &[("name", &name), ("joining", "approval"), ("owner", &ben.feed)]);
    assert_eq!(refused.status, 422);
    refused.says(&name).says("value=\"approval\" checked").says(&format!("value=\"{}\" checked", ben.feed));
    let fields = [("name", "Walks"), ("schedulers", "members"), ("joining", "approval"), ("public", "on")];
    let founded = at_ana.post("/groups/new", &fields);
    assert_eq!(founded.status, 303);
    let path = founded.header("location").unwrap().split('?').next().unwrap().to_owned();
    let group = path.split('/').nth(2).unwrap().to_owned();
    at_ana.page(&path).says("Walks").says("1 member");
    let page = format!("/group/{group}");
    let (public, word) = ("Everybody may read of it, on the pages of a pub.", format!("{page}/public"));
    at_ana.page(&page).says(public).says("Make it public no longer");
    let done = at_ana.done(&word, &[("on", "false")]);
    assert!(!done.body.contains(public) && ana.json(&["group", "show", &group])["public"].is_null());
    at_ana.done(&word, &[("on", "true")]).says("The group is public now").says(public);
    eventually("the group comes", || ben.run(&["group", "show", &group]).status.success().then_some(()));
    assert_eq!(at_ben.get(&path).status, 403);
    assert!(!at_ben.page(&page).body.contains(&word), "who owns nothing is not offered it");
    assert_eq!(at_ben.post(&word, &[("on", "false")]).status, 422);
    assert_eq!(ana.json(&["group", "show", &group])["public"], true);
    ben.json(&["group", "join", &group]);
    eventually("ana is asked", || at_ana.page(&path).body.contains("1 asks to join").then_some(()));
    let who = ("who", &*ben.feed);
    at_ana.done(&path, &[who, ("do", "accept")]).says("They are a member now.").says("2 members");
    eventually("ben may schedule there", || at_ben.page("/schedule").body.contains("Walks").then_some(()));
    let inside = scheduled(&at_ben.post("/schedule", &form(&[("group", &group)])));
    assert_eq!(ben.event(&inside).unwrap()["group"], group.as_str());
    // Another group, whose organizers alone schedule: the form comes back whole.
    let closed = ana.json(&["group", "create", "Talks"])["id"].as_str().unwrap().to_owned();
    eventually("the other group comes", || {
        ben.run(&["group", "show", &closed]).status.success().then_some(())
    });
    let refused = at_ben.post("/schedule", &form(&[("group", &closed), ("about", "A whole evening")]));
    assert_eq!(refused.status, 422);
    refused.says("A whole evening</textarea>").says("value=\"Tea\"").says("id=\"refused\"");
    at_ana.done(&path, &[who, ("do", "grant"), ("role", "organizer")]).says("organizer");
    at_ana.done(&path, &[who, ("do", "revoke")]).says("The role is taken.");
    assert_eq!(ana.json(&["group", "show", &group])["roles"][1]["feed"], ben.feed.as_str());
}

#[test]
fn who_answered_before_time_or_place_changed_is_told_so_until_they_answer_again() {
    let Two { ana, ben, at_ben, event, .. } = &two();
    let (path, stale) = (format!("/event/{event}"), "Time or place changed after you answered.");
    let answer = || at_ben.done(&format!("{path}/answer"), &[("answer", "yes")]);
    assert!(!answer().body.contains(stale));
    ana.json(&["event", "update", event, "--about", "More of it"]);
    ben.event_once(event, "a text changes", |event| event["about"] == "More of it");
    assert!(!at_ben.page(&path).body.contains(stale), "a text asks nobody again");
    ana.json(&["event", "update", event, "--where", "Garden"]);
    ben.event_once(event, "the place changes", |event| event["place"] == "Garden");
    at_ben.page(&path).says(stale);
    assert!(!answer().body.contains(stale));
}

#[test]
fn the_group_that_is_asked_for_is_offered_however_many_there_are() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let found = |at: usize| {
        let answer = browser.post("/groups/new", &[("name", &format!("Group {at}")), ("joining", "open")]);
        answer.header("location").unwrap().split('/').nth(2).unwrap().to_owned()
    };
    let groups: Vec<String> = (0..101).map(found).collect();
    let plain = browser.page("/schedule");
    let option = |group: &str| format!("<option value=\"{group}\"");
    let left_out: Vec<_> = groups.iter().filter(|group| !plain.body.contains(&option(group))).collect();
    assert_eq!(left_out.len(), 1, "a hundred are offered");
    browser
        .page(&format!("/schedule?group={}", left_out[0]))
        .says(&format!("{} selected", option(left_out[0])));
}

/// Who sends what where, and what the page says.
type Case<'a> = (&'a Browser, &'a str, &'a [(&'a str, &'a str)], &'a str);

#[test]
fn what_the_node_refuses_is_said_in_the_language_of_the_page() {
    let Two { ana, at_ana, at_ben, event, .. } = &two();
    let german = |browser: &Browser| Browser {
        address: browser.address,
        cookie: format!("{}; lang=de", browser.cookie),
    };
    let (at_ana, at_ben) = (&german(at_ana), &german(at_ben));
    let long = "x".repeat(3_000);
    let path = format!("/event/{event}");
    let confirm = format!("{path}/confirm");
    let scan = format!("{path}/door/scan");
    let group = ana.json(&["group", "create", "Tee"])["id"].as_str().unwrap().to_owned();
    let of_no_start =
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Chor\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let (poll, public) = (format!("/group/{group}/poll"), format!("/group/{group}/public"));
    let no_date = [("question", "Wann?"), ("zone", "UTC"), ("hours", "2")];
    let cases: [Case<'_>; 15] = [
        (
            at_ana,
            "/schedule",
            &form(&[("title", &long)]),
            "„Wie heißt es?“: Das ist zu lang: Platz ist für etwa 120 Zeichen;",
        ),
        (at_ana, "/groups/new", &[("name", ""), ("joining", "open")], "„Name“: Das darf nicht leer sein."),
        (at_ana, &poll, &no_date, "Erlaubt sind 2 bis 12 davon."),
        (at_ana, &public, &[("on", "vielleicht")], "Dieses Formular ist nicht lesbar."),
        (at_ana, "/schedule/calendar", &[("calendar", "Dienstag")], "Das ist kein Kalender"),
        (
            at_ana,
            "/schedule/calendar",
            &[("calendar", of_no_start)],
            "Dem Treffen fehlt \u{2068}DTSTART\u{2069}.",
        ),
        (at_ana, "/schedule", &form(&[("capacity", "viele")]), "Schreib eine ganze Zahl."),
        (at_ana, "/schedule", &form(&[("online", "hier")]), "ist kein Link wie"),
        (at_ben, &confirm, &[], "Es gibt keine Zusage von dir"),
        (at_ben, &format!("{path}/cancel"), &[("reason", "x")], "Dafür braucht es die Rolle „Organisation“"),
        (at_ana, &scan, &[("code", "klatch:guest/1/x")], "Kopier die ganze Zeile."),
        (at_ana, &format!("/group/{group}/join"), &[], "Du bist schon Mitglied von"),
        (at_ana, "/schedule", &form(&[("policy", "lottery")]), "Gelost wird, wenn Antworten schließen"),
        (at_ana, "/group/entry1q/join", &[], "Das ist keine ganze Kennung"),
        (at_ana, &format!("/group/{group}/leave"), &[], "niemand über dir könnte sie beenden"),
    ];
    for (browser, path, fields, said) in cases {
        let refused = browser.post(path, fields);
        assert!([403, 422].contains(&refused.status), "{path}: {refused:?}");
        refused.says(said);
        assert!(!refused.body.contains("lang=\"en\">"), "{path}: {}", refused.body);
    }
}
