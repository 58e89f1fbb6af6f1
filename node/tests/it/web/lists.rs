//! Lists that are longer than a page, and what goes on still: nothing is cut without a way on.

use crate::browser::{Answer, Browser};
use crate::person::{Network, Person};

/// Most rows of a list, dates of a series in it, and dates that are looked through at home and in a group.
const SHOWN: usize = 20;
const DATES: usize = 2;
const LOOKED_HOME: usize = 2000;
const LOOKED_GROUP: usize = 500;
/// Comments that are shown at first.
const COMMENTS: usize = 50;
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
    // Fourteen days are the most.
    spanning(&ana, "Fair", 12, &["--duration", "336h", "--all-day"]);
    spanning(&ana, "Camp", 2, &["--duration", "96h"]);
    spanning(&ana, "Gone", 14, &["--duration", "336h", "--all-day"]);
    spanning(&ana, "Short", 2, &["--duration", "24h"]);
    // Of a series with a date that goes on, that one and the next.
    let weekly = ["--duration", "96h", "--repeat", "weekly", "--count", "3"];
    spanning(&ana, "Tour", 2, &weekly);
    let browser = Browser::at(&node);
    let page = browser.page("/");
    page.says("Fair").says("Camp").says("Today");
    assert!(!page.body.contains("Gone") && !page.body.contains("Short"), "{}", page.body);
    for word in ["Fair", "camp"] {
        assert_eq!(rows(&browser.page(&format!("/?q={word}"))), 1, "{word} is found while it goes on");
    }
    assert_eq!(rows(&browser.page("/?q=tour")), 2);
    assert_eq!(rows(&browser.page("/?q=gone")), 0);
}

#[test]
fn what_is_off_and_what_is_over_says_so_in_a_list() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let early = (chrono::Utc::now() - chrono::TimeDelta::hours(2)).format("%Y-%m-%dT%H:%M").to_string();
    let when = ["--start", &early, "--tz", "UTC", "--duration", "1m"];
    ana.json(&[&["event", "schedule", "--title", "Dawn"][..], &when].concat());
    let off = schedules(&browser, "Rained off", &[]);
    browser.done(&format!("{off}/cancel"), &[("reason", "rain")]);
    schedules(&browser, "Plain", &[]);
    let page = browser.page("/");
    let row = |title: &str| {
        let before = page.body.split(title).next().unwrap();
        let start = before.rfind("<li><a class=\"row").unwrap_or_else(|| panic!("{title} in {}", page.body));
        page.body[start..].split("</li>").next().unwrap().to_owned()
    };
    assert!(row("Rained off").contains("class=\"row off\"") && row("Rained off").contains(">Cancelled<"));
    assert!(row("Dawn").contains("class=\"row past\"") && row("Dawn").contains(">Over<"), "{}", row("Dawn"));
    assert!(row("Plain").contains("class=\"row\""), "{}", row("Plain"));
}

#[test]
fn home_with_more_than_it_shows_stays_below_60_kb() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let title = "An evening with a title that says what it is about";
    let place = [("place", "Rua Nova do Carvalho 12, third floor"), ("capacity", "40")];
    for at in 0..2 * SHOWN + 5 {
        let event = schedules(&browser, &format!("{title} {at}"), &place);
        if at % 2 == 0 {
            browser.post(&format!("{event}/answer"), &[("answer", "yes")]);
        }
    }
    let page = browser.page("/");
    assert_eq!(rows(&page), 2 * SHOWN);
    let assets: usize = ["/assets/style-", "/assets/live-", "/assets/icon-"]
        .into_iter()
        .map(|start| {
            let at = page.body.find(start).unwrap();
            browser.page(page.body[at..].split('"').next().unwrap()).body.len()
        })
        .sum();
    let whole = page.body.len() + assets;
    assert!(whole <= 60_000, "{} bytes, and {assets} of style, script and icon", page.body.len());
}

#[test]
fn the_newest_comments_are_shown_and_the_rest_is_led_to() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let event = schedules(&browser, "Tea", &[]);
    let group = ana.json(&["group", "create", "Makers"])["id"].as_str().unwrap().to_owned();
    for path in [event, format!("/group/{group}")] {
        let say = |text: &str| browser.post(&format!("{path}/comment"), &[("text", text)]);
        (0..COMMENTS).for_each(|at| assert_eq!(say(&format!("Word number {at}.")).status, 303));
        let shown = |page: &Answer| page.body.matches("Word number ").count();
        assert!(!browser.page(&path).body.contains("older comment"), "as many as are shown");
        say("Word number last.");
        let page = browser.page(&path);
        assert_eq!(shown(&page), COMMENTS);
        page.says("Word number last.");
        assert!(!page.body.contains("Word number 0."), "the oldest is left out");
        let more = link(&page, "Show 1 older comment");
        let all = browser.page(&format!("{path}{}", more.split('#').next().unwrap()));
        assert_eq!(shown(&all), COMMENTS + 1);
        assert!(!all.body.contains("older comment"), "{}", all.body);
        // Whoever answers the oldest sees it.
        let oldest = all.body.split("Word number 0.").next().unwrap();
        let id = oldest.rsplit("id=\"entry1").next().unwrap().split('"').next().unwrap();
        browser.page(&format!("{path}?reply=entry1{id}")).says("Word number 0.");
    }
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
