//! The rule of a series in the reader's words.

use klatch_feed::EventState;
use klatch_feed::post::Rule;

use super::when::DAYS;
use super::words::{Arg, Words};

/// How RFC 5545 names the days, from Monday.
const NAMES: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// How an event repeats; the rule as it is where it is none that we understand.
pub(super) fn of_event(event: &EventState, words: Words) -> String {
    of_rule(event.repeat.as_deref().unwrap_or_default(), words)
}

/// The same of a rule by itself.
pub(super) fn of_rule(rule: &str, words: Words) -> String {
    match rule.parse::<Rule>() {
        Ok(_) => said(rule, words).unwrap_or_else(|| rule.to_owned()),
        Err(_) => rule.to_owned(),
    }
}

fn said(rule: &str, words: Words) -> Option<String> {
    let parts: Vec<(&str, &str)> = rule.split(';').filter_map(|part| part.split_once('=')).collect();
    let part = |wanted: &str| parts.iter().find(|(key, _)| *key == wanted).map(|(_, value)| *value);
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
    let key = match part("FREQ")? {
        "DAILY" => "repeats-days",
        "WEEKLY" => "repeats-weeks",
        "MONTHLY" => "repeats-months",
        _ => "repeats-years",
    };
    let mut text = words.count(key, number(part("INTERVAL")).unwrap_or(1));
    let mut days: Vec<String> = Vec::new();
    if let Some(list) = part("BYDAY") {
        let mut named: Vec<&str> = list.split(',').collect();
        if key == "repeats-weeks" {
            named.sort_by_key(|day| NAMES.iter().position(|name| name == day));
        }
        days.extend(named.into_iter().map(|day| weekday(day, words)).collect::<Option<Vec<_>>>()?);
    }
    if let Some(list) = part("BYMONTHDAY") {
        days.extend(list.split(',').map(|day| match day {
            "-1" => words.say("repeats-last-day"),
            day => words.count("repeats-day", day.parse::<u64>().unwrap_or_default()),
        }));
    }
    if let Some((last, before)) = days.split_last() {
        let days = match before {
            [] => last.clone(),
            before => words
                .with("repeats-and", &[("before", Arg::Own(&before.join(", "))), ("last", Arg::Own(last))]),
        };
        text = words.with("repeats-on", &[("what", Arg::Own(&text)), ("days", Arg::Own(&days))]);
    }
    if let Some(count) = number(part("COUNT")) {
        text = words.with("repeats-count", &[("what", Arg::Own(&text)), ("count", Arg::Number(count))]);
    }
    if let Some(until) = part("UNTIL") {
        let (year, rest) = until.split_at_checked(4)?;
        let (month, day) = rest.split_at_checked(2)?;
        let date = format!("{year}-{month}-{day}");
        text = words.with("repeats-until", &[("what", Arg::Own(&text)), ("date", Arg::Own(&date))]);
    }
    Some(text)
}

/// `TH`, or `2TH` and `-1TH`.
fn weekday(text: &str, words: Words) -> Option<String> {
    let (nth, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let day = words.say(DAYS.get(NAMES.iter().position(|known| *known == name)?)?);
    let key = match nth {
        "" => return Some(day),
        "1" => "repeats-first",
        "2" => "repeats-second",
        "3" => "repeats-third",
        "4" => "repeats-fourth",
        "5" => "repeats-fifth",
        _ => "repeats-last",
    };
    Some(words.with(key, &[("day", Arg::Own(&day))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_said_in_both_languages_and_in_english_as_the_node_says_it() {
        let cases = [
            ("FREQ=DAILY", "jeden Tag"),
            ("FREQ=WEEKLY;BYDAY=TH", "jede Woche am Donnerstag"),
            ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,MO,WE", "alle 2 Wochen am Montag, Mittwoch und Freitag"),
            (
                "FREQ=MONTHLY;BYDAY=1MO,3WE,-1SU",
                "jeden Monat am ersten Montag, dritten Mittwoch und letzten Sonntag",
            ),
            ("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=15,-1", "alle 3 Monate am 15. und letzten Tag"),
            ("FREQ=YEARLY;COUNT=1", "jedes Jahr, einmal"),
            ("FREQ=WEEKLY;BYDAY=TU;COUNT=5", "jede Woche am Dienstag, 5-mal"),
            ("FREQ=DAILY;UNTIL=20311224", "jeden Tag, bis 2031-12-24"),
        ];
        for (rule, german) in cases {
            let known: Rule = rule.parse().unwrap();
            assert_eq!(said(rule, Words::English), Some(known.to_string()), "{rule}");
            assert_eq!(said(rule, Words::German).as_deref(), Some(german), "{rule}");
        }
    }
}
