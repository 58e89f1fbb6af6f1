//! Lists that are longer than a page, and what goes on still: nothing is cut without a way on.

use crate::browser::{Answer, Browser};
use crate::person::{Network, Person};

/// Most rows of a list, dates of a series in it, and dates that are looked through at home and in a group.
const SHOWN: usize = 40;
const DATES: usize = 2;
const LOOKED_HOME: usize = 2000;
const LOOKED_GROUP: usize = 500;
/// Most dates that a series has.
const OCCURRENCES: usize = 200;

/// Schedules by the form, so that many are soon there. Returns the page of the event.
fn schedules(browser: &Browser, title: &str, more: &[(&str, &str)]) -> String {
    let plain = [
        ("title", title),
        ("date", "2037-12-08"),
        ("time", "18:30"),
        ("hours", "2"),
        ("zone", "UTC"),
        ("policy", "first"),
    ];
    let answer = browser.post("/schedule", &[&plain[..], more].concat());
    assert_eq!(answer.status, 303, "{}", answer.head);
    answer.header("location").unwrap().split('?').next().unwrap().to_owned()
}

fn weekly(browser: &Browser, title: &str, more: &[(&str, &str)]) -> String {
    let rule = [("repeat", "week"), ("count", "200")];
    schedules(browser, title, &[&rule[..], more].concat())
}

fn rows(page: &Answer) -> usize {
    page.body.matches("href=\"/event/").count()
}

/// Where a link of this text leads.
fn link(page: &Answer, text: &str) -> String {
    let before = page.body.split(&format!("\">{text}</a>")).next().unwrap();
    assert!(before.len() < page.body.len(), "{text:?} is no link in {}", page.body);
    before.rsplit("href=\"").next().unwrap().replace("&#38;", "&").replace("&amp;", "&")
}

#[test]
fn one_row_more_than_a_page_of_mine_and_of_others_is_led_on_to() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let answered = |at: usize| {
        let event = schedules(&browser, &format!("Mine {at}"), &[]);
        browser.post(&format!("{event}/answer"), &[("answer", "maybe")]);
    };
    (0..SHOWN).for_each(answered);
    let full = browser.page("/");
    assert!(rows(&full) == SHOWN && !full.body.contains("mine="), "{}", full.body);
    answered(SHOWN);
    let first = browser.page("/");
    assert_eq!(rows(&first), SHOWN);
    let rest = browser.page(&link(&first, "More that are for you"));
    assert_eq!(rows(&rest), 1, "{}", rest.body);
    rest.says("For you").says("href=\"/\">Show all that is on");
    // Of a series that I answered as many dates as of any other; then those of others, apart.
    let series = weekly(&browser, "Choir", &[("date", "2037-01-08")]);
    browser.done(&format!("{series}/answer"), &[("answer", "maybe")]);
    let page = browser.page("/");
    assert_eq!(page.body.matches(&format!("href=\"{series}?on=")).count(), DATES);
    page.says(">Mine ");
    (0..=SHOWN).for_each(|at| drop(schedules(&browser, &format!("Other {at}"), &[])));
    let page = browser.page("/");
    assert_eq!(rows(&page), 2 * SHOWN);
    assert_eq!(rows(&browser.page(&link(&page, "More"))), 1);
}

#[test]
fn a_group_s_list_leads_on_too() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let group = ana.json(&["group", "create", "Makers"])["id"].as_str().unwrap().to_owned();
    let path = format!("/group/{group}");
    let in_it = [("group", &*group)];
    (0..SHOWN).for_each(|at| drop(schedules(&browser, &format!("Pot {at}"), &in_it)));
    assert!(!browser.page(&path).body.contains("skip="));
    schedules(&browser, "Last pot", &in_it);
    let page = browser.page(&path);
    assert_eq!(rows(&page), SHOWN);
    let more = link(&page, "More");
    assert!(more.ends_with("#events"), "{more}");
    let rest = browser.page(&format!("{path}{}", more.trim_end_matches("#events")));
    assert_eq!(rows(&rest), 1, "{}", rest.body);
    rest.says("Back to the first");
    // As many as are looked through, and one more.
    let cut = "There is more than is looked through here";
    (1..=2).for_each(|_| drop(weekly(&browser, "Choir", &in_it)));
    let left = LOOKED_GROUP - 2 * OCCURRENCES - SHOWN - 1;
    let some = [("repeat", "week"), ("count", &*left.to_string())];
    schedules(&browser, "Course", &[&some[..], &in_it].concat());
    assert!(!browser.page(&path).body.contains(cut));
    schedules(&browser, "One more", &in_it);
    browser.page(&path).says(cut);
}

#[test]
fn one_date_more_than_is_looked_through_is_said_to_be_left_out() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    (0..LOOKED_HOME / OCCURRENCES).for_each(|at| drop(weekly(&browser, &format!("Choir {at}"), &[])));
    let cut = "There is more than was looked through";
    assert!(!browser.page("/").body.contains(cut));
    schedules(&browser, "One more", &[]);
    browser.page("/").says(cut);
}

fn ago(days: u64) -> chrono::NaiveDate {
    chrono::Utc::now().date_naive() - chrono::Days::new(days)
}

fn spanning(ana: &Person, title: &str, days_ago: u64, more: &[&str]) {
    let start = format!("{}T00:00", ago(days_ago));
    let when = ["--start", &start, "--tz", "UTC"];
    ana.json(&[&["event", "schedule", "--title", title][..], &when, more].concat());
}

#[test]
fn what_lasts_several_days_is_listed_until_the_last_is_over() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    // Fourteen days are the most; those that began so many days ago end today at midnight, or did at the last.
    spanning(&ana, "Fair", 13, &["--duration", "336h", "--all-day"]);
    spanning(&ana, "Camp", 2, &["--duration", "96h"]);
    spanning(&ana, "Gone", 14, &["--duration", "336h", "--all-day"]);
    spanning(&ana, "Short", 2, &["--duration", "24h"]);
    let page = Browser::at(&node).page("/");
    page.says("Fair").says("Camp").says("Today");
    assert!(!page.body.contains("Gone") && !page.body.contains("Short"), "{}", page.body);
}

#[test]
fn on_a_date_of_a_series_every_other_has_its_own_label() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let series = weekly(&browser, "Choir", &[]);
    let id = series.trim_start_matches("/event/");
    ana.json(&["event", "skip", id, "--on", "2037-12-15"]);
    ana.json(&["event", "update", id, "--on", "2037-12-29", "--start", "2037-12-30T19:00"]);
    let dates = [
        ("2037-12-08", "Tuesday 8 December 2037, 18:30"),
        ("2037-12-15", "Tuesday 15 December 2037, 18:30"),
        ("2037-12-22", "Tuesday 22 December 2037, 18:30"),
        ("2037-12-29", "Wednesday 30 December 2037, 19:00"),
    ];
    for page in ["", "/seats", "/guests"] {
        let shown = browser.page(&format!("{series}{page}?on=2037-12-22T18:30"));
        for (day, label) in dates.into_iter().filter(|(day, _)| !page.is_empty() || *day != "2037-12-22") {
            let link = format!("href=\"{series}{page}?on={day}T18:30\"");
            let rest = shown.body.split(&link).nth(1).unwrap_or_else(|| panic!("{link} in {}", shown.body));
            let text = rest.split_once('>').unwrap().1;
            assert!(text.starts_with(label), "{page} {day}: {}", &text[..text.len().min(80)]);
        }
    }
    browser.page(&format!("{series}?on=2037-12-22T18:30")).says("Cancelled");
}
