//! Rules by which events repeat mean what another program of RFC 5545 makes of them.

use chrono::{Datelike, Days, NaiveDate};
use klatch_feed::post::{OCCURRENCES_MAX, Rule};
use proptest::prelude::*;
use proptest::sample::subsequence;

/// Past it the other program gives up.
const YEAR_MAX: i32 = 2400;

fn rule() -> impl Strategy<Value = String> {
    const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let nths: Vec<String> =
        ["1", "2", "3", "4", "5", "-1"].iter().flat_map(|n| DAYS.map(|day| format!("{n}{day}"))).collect();
    let month_days: Vec<String> = (1..=31).chain([-1]).map(|day| day.to_string()).collect();
    let weekly = subsequence(DAYS.to_vec(), 0..=7).prop_shuffle().prop_map(|days| match days.is_empty() {
        true => "FREQ=WEEKLY".to_owned(),
        false => format!("FREQ=WEEKLY;BYDAY={}", days.join(",")),
    });
    let nth = subsequence(nths, 1..=4).prop_map(|days| format!("FREQ=MONTHLY;BYDAY={}", days.join(",")));
    let on =
        subsequence(month_days, 1..=4).prop_map(|days| format!("FREQ=MONTHLY;BYMONTHDAY={}", days.join(",")));
    let every = prop_oneof![
        Just("FREQ=DAILY".to_owned()),
        weekly,
        nth,
        on,
        Just("FREQ=MONTHLY".to_owned()),
        Just("FREQ=YEARLY".to_owned()),
    ];
    let end = prop_oneof![
        Just(String::new()),
        (1..=200_u32).prop_map(|count| format!(";COUNT={count}")),
        (2020..2060_i32, 1..=366_u32).prop_map(|(year, day)| {
            let date = NaiveDate::from_yo_opt(year, day).unwrap_or_default();
            format!(";UNTIL={}", date.format("%Y%m%d"))
        }),
    ];
    (every, 1..=30_u32, end).prop_map(|(every, interval, end)| match interval {
        1 => format!("{every}{end}"),
        _ => format!("{every};INTERVAL={interval}{end}"),
    })
}

/// The dates as the `rrule` crate has them.
fn theirs(rule: &str, start: NaiveDate) -> Vec<NaiveDate> {
    // Their end is an instant: the last of that day.
    let rule = match rule.split_once("UNTIL=") {
        Some((front, date)) => format!("{front}UNTIL={date}T235959Z"),
        None => rule.to_owned(),
    };
    let text = format!("DTSTART:{}T120000Z\nRRULE:{rule}", start.format("%Y%m%d"));
    // An end before the start is an error there.
    let Ok(set) = text.parse::<rrule::RRuleSet>() else {
        assert!(rule.contains("UNTIL"), "{text}");
        return vec![];
    };
    set.all(OCCURRENCES_MAX as u16).dates.iter().map(|at| at.date_naive()).collect()
}

#[test]
fn a_date_that_a_rule_names_twice_is_one() {
    let rule: Rule = "FREQ=MONTHLY;BYDAY=4WE,-1WE;COUNT=3".parse().unwrap();
    let dates = rule.dates(NaiveDate::from_ymd_opt(2026, 2, 25).unwrap());
    let dates: Vec<String> = dates.iter().map(ToString::to_string).collect();
    assert_eq!(dates, ["2026-02-25", "2026-03-25", "2026-04-22"], "in February the fourth is the last");
}

proptest! {
    #[test]
    fn a_rule_names_the_dates_that_rfc_5545_does(text in rule(), ahead in 0..4000_u64) {
        let day = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap() + Days::new(ahead);
        let parsed: Rule = text.parse().unwrap();
        let first = theirs(&text, day).first().copied();
        prop_assert_eq!(parsed.names(day), first == Some(day), "{} from {}", text, day);
        // The start is always one of ours; so begin where the rule does.
        let Some(start) = first else { return Ok(()) };
        let within = |dates: Vec<NaiveDate>| -> Vec<_> {
            dates.into_iter().filter(|date| date.year() < YEAR_MAX).collect()
        };
        prop_assert_eq!(within(parsed.dates(start)), within(theirs(&text, start)), "{} from {}", text, start);
    }
}
