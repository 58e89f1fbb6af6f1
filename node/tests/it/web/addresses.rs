//! The address that a page says of itself: what a form was answered with is at one that nobody can look at.

use chrono::{Days, NaiveDate, Utc};

use crate::browser::{Answer, Browser};
use crate::person::Network;

/// Where a form goes, what is refused of it, and the page that it stood on.
type Case<'a> = (String, &'a [(&'a str, &'a str)], String);

/// The address that a page says of itself.
fn here(page: &Answer) -> String {
    let start = " data-here=\"";
    let at = page.body.find(start).unwrap_or_else(|| panic!("no address in {}", page.body));
    page.body[at + start.len()..].split('"').next().unwrap().replace("&#38;", "&")
}

/// So many days ago.
fn ago(days: u64) -> NaiveDate {
    Utc::now().date_naive().checked_sub_days(Days::new(days)).unwrap()
}

#[test]
fn what_was_refused_is_shown_with_the_address_of_its_page() {
    let network = Network::new();
    let (ana, ben) = (network.person("ana"), network.person("ben"));
    let node = ana.alone();
    let browser = Browser::at(&node);
    let (event, long) = (ana.schedules("Tea"), "y".repeat(20_000));
    let group = ana.json(&["group", "create", "Rust"])["id"].as_str().unwrap().to_owned();
    let on = "2037-12-08T18:30";
    let start = ["--start", "2037-12-01T18:30", "--tz", "Europe/Lisbon", "--repeat", "every week"];
    let made = ana.json(&[&["event", "schedule", "--title", "Choir"][..], &start].concat());
    let series = made["id"].as_str().unwrap();
    let (event, series) = (format!("/event/{event}"), format!("/event/{series}"));
    let date = format!("{series}?on={on}");
    let (long, who) = (("text", &*long), ("who", &*ben.feed));
    let cases: [Case; 16] = [
        (format!("{event}/answer"), &[("answer", "yes"), ("guests", "40")], event.clone()),
        (format!("{series}/comment"), &[long, ("on", on)], date.clone()),
        (format!("{series}/announce"), &[long, ("on", on)], format!("{series}/change?on={on}")),
        (format!("{event}/change"), &[("tips", "0")], format!("{event}/change")),
        (format!("{event}/cancel"), &[("reason", long.1)], format!("{event}/cancel")),
        (format!("{event}/seats/capacity"), &[("capacity", "x")], format!("{event}/seats")),
        (format!("{event}/door/scan"), &[("code", "klatch:guest/1/x")], format!("{event}/door")),
        (format!("{series}/door/scan"), &[("code", "x"), ("on", on)], format!("{series}/door?on={on}")),
        (
            format!("{event}/door/note"),
            &[who, ("what", "late"), ("q", "a b")],
            format!("{event}/door?q=a%20b"),
        ),
        (
            "/checkin".to_owned(),
            &[("how", "go"), ("event", &event[7..])],
            format!("/checkin?event={}", &event[7..]),
        ),
        ("/schedule".to_owned(), &[("title", "Tea")], "/schedule".to_owned()),
        ("/schedule/calendar".to_owned(), &[("calendar", "x")], "/schedule".to_owned()),
        (format!("/group/{group}/comment"), &[long], format!("/group/{group}")),
        ("/people/paste".to_owned(), &[("text", "klatch:x")], "/people".to_owned()),
        (format!("/person/{}/follow", ben.feed), &[("petname", "a\tb")], format!("/person/{}", ben.feed)),
        ("/settings/profile".to_owned(), &[("name", "")], "/settings".to_owned()),
    ];
    for (path, fields, wanted) in &cases {
        let refused = browser.post(path, fields);
        assert_eq!(refused.status, 422, "{path}: {refused:?}");
        assert_eq!(&here(&refused), wanted, "{path}");
        assert_eq!(&here(&browser.page(wanted)), wanted, "{path}");
    }
    browser.done(&format!("{event}/door/open"), &[]);
    let scanned = browser.post(&format!("{event}/door/scan"), &[("code", "klatch:guest/1/x")]);
    scanned.says(&format!("<meta http-equiv=\"refresh\" content=\"25;url={event}/door\">"));
    assert_eq!(here(&browser.page(&format!("{event}?did=yes"))), event, "what was done is said once");
    let refused = browser.post("/settings/profile", &[("name", "")]);
    let back = refused.body.split("name=\"back\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let chosen = browser.post("/look", &[("lang", "de"), ("back", back)]);
    assert_eq!(chosen.header("location"), Some("/settings"));
    let dated = browser.post("/look", &[("lang", "de"), ("back", &date)]);
    assert_eq!(dated.header("location"), Some(&*date));
}

#[test]
fn an_address_that_cannot_be_read_is_no_page() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    for path in ["/person/%ff", "/?skip=-1", "/group/x?skip=y", "/no/such/page"] {
        let answer = browser.get(path);
        assert_eq!(answer.status, 404, "{path}");
        answer.says("There is no such page.");
    }
}

#[test]
fn a_series_that_began_is_answered_until_its_last_date_is_over() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let series = |title: &str, days: u64, rule: &str| {
        let start = format!("{}T18:30", ago(days));
        let when = ["--start", &start, "--tz", "UTC", "--duration", "2h", "--repeat", rule];
        let made = ana.json(&[&["event", "schedule", "--title", title][..], &when].concat());
        format!("/event/{}", made["id"].as_str().unwrap())
    };
    let goes_on = series("Choir", 2, "FREQ=WEEKLY");
    let page = browser.page(&goes_on);
    page.says("name=\"answer\" value=\"yes\"");
    assert!(!page.body.contains(">Over<"), "{}", page.body);
    browser.done(&format!("{goes_on}/answer"), &[("answer", "maybe")]).says("You said maybe.");
    let first = browser.page(&format!("{goes_on}?on={}T18:30", ago(2)));
    first.says(">Over<");
    let over = browser.page(&series("Course", 10, "FREQ=DAILY;COUNT=2"));
    over.says(">Over<");
    assert!(!over.body.contains("name=\"answer\""), "{}", over.body);
}

#[test]
fn an_event_of_whole_days_is_over_when_its_last_day_is() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    // Two days that began yesterday at midnight; the minutes alone were over a moment later.
    let start = format!("{}T00:00", ago(1));
    let when = ["--start", &start, "--tz", "UTC", "--duration", "25h", "--all-day"];
    let made = ana.json(&[&["event", "schedule", "--title", "Fair"][..], &when].concat());
    let page = browser.page(&format!("/event/{}", made["id"].as_str().unwrap()));
    assert!(!page.body.contains(">Over<"), "{}", page.body);
    // What began today is listed until the day is over.
    let (today, zone) = (ago(0).to_string(), "UTC");
    let form =
        [("title", "Flea market"), ("date", &*today), ("zone", zone), ("all_day", "on"), ("hours", "2")];
    browser.done("/schedule", &form);
    browser.page("/").says("Flea market");
}
