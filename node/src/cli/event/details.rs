//! What `klatch event show` says of an event beside time, place and people, in words.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use klatch_feed::EventState;
use klatch_feed::post::{Policy, Rule};

use crate::cli::output::{Ink, count, plain, plain_lines};
use crate::cli::when;

/// Most coming dates of a series that are listed.
const DATES_MAX: usize = 6;

/// Name and value of what there is to say.
pub(super) fn rows(event: &EventState, now: DateTime<Utc>, ink: Ink) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    let mut said = |name, text: &str| {
        if !text.is_empty() {
            rows.push((name, plain_lines(text, "              ")));
        }
    };
    if let Some((lat, lon)) = event.geo {
        said("at", &format!("{:.6}, {:.6}", f64::from(lat) / 1e6, f64::from(lon) / 1e6));
    }
    said("access", &event.access);
    said("online", &event.online);
    said("cost", &event.cost);
    said("tags", &event.tags.join(", "));
    said("repeats", &repeats(event));
    for (index, date) in coming(event, now, ink).into_iter().enumerate() {
        rows.push((if index == 0 { "dates" } else { "" }, date));
    }
    if let Some(max) = event.party_max {
        rows.push(("parties", format!("of at most {}", count(max, "person", "persons"))));
    }
    let policy = match event.policy {
        Policy::First => "",
        Policy::Members => "members of the group first",
        Policy::Approval => "by hand: a host approves each answer",
        Policy::Lottery => "by lot, when answers close",
    };
    if !policy.is_empty() {
        rows.push(("ranked", policy.to_owned()));
    }
    let deadlines = [
        ("opens", event.opens, "answers are ranked from"),
        ("closes", event.closes, "answers are ranked until"),
        ("confirm", event.confirm_by, "a seat must be confirmed by"),
        ("cancel", event.cancel_by, "a no comes late after"),
    ];
    for (name, minutes, what) in deadlines.into_iter().filter(|(_, minutes, _)| *minutes > 0) {
        rows.push((name, format!("{what} {}", deadline(event, minutes))));
    }
    if event.no_show_max > 0 {
        let times = count(event.no_show_max, "no-show", "no-shows");
        rows.push(("no-shows", format!("after {times} a host decides by hand")));
    }
    for (index, question) in event.questions.iter().enumerate() {
        rows.push((if index == 0 { "asks" } else { "" }, plain(question)));
    }
    rows
}

/// The rule in words.
fn repeats(event: &EventState) -> String {
    if event.occ.is_some() {
        return "one of a series".to_owned();
    }
    match event.repeat.as_deref() {
        _ if event.founded_start.is_none() => String::new(),
        Some(rule) if !rule.is_empty() => {
            rule.parse::<Rule>().map_or_else(|_| plain(rule), |rule| rule.to_string())
        }
        _ => "no more".to_owned(),
    }
}

/// The next dates of a series, and how each stands.
fn coming(event: &EventState, now: DateTime<Utc>, ink: Ink) -> Vec<String> {
    let names = if event.occ.is_none() { event.occurrence_names() } else { vec![] };
    let mut dates = Vec::new();
    let mut left = 0_u32;
    for name in names {
        let start = event.occurrence_start(&name);
        let at = klatch_feed::post::instant(&start, &event.zone).ok();
        if at.is_some_and(|at| at.to_utc() < now) {
            continue;
        }
        if dates.len() == DATES_MAX {
            left += 1;
            continue;
        }
        let mut text = if event.all_day { when::days(&start, event.minutes) } else { when::date(&start) };
        if start != name {
            text += &ink.dim(&format!(" (--on {name})"));
        }
        if event.occurrences.iter().any(|line| line.occ == name && line.cancelled) {
            text += &format!(" {}", ink.warn("cancelled"));
        }
        dates.push(text);
    }
    if left > 0 {
        dates.push(format!("and {left} more"));
    }
    dates
}

/// `Wed 2 Dec, 18:30 (24h before)`, in the event's own zone.
fn deadline(event: &EventState, minutes: u32) -> String {
    let before = match (minutes / 1440, minutes % 1440 / 60, minutes % 60) {
        (days, 0, 0) if days > 0 => count(days, "day", "days"),
        (days, hours, 0) => count(days * 24 + hours, "hour", "hours"),
        _ => count(minutes, "minute", "minutes"),
    };
    let at = klatch_feed::post::instant(&event.start, &event.zone).ok();
    let at: Option<DateTime<Tz>> =
        at.and_then(|at| at.checked_sub_signed(chrono::TimeDelta::minutes(minutes.into())));
    // Of a series each occurrence has its own.
    match at.filter(|_| event.founded_start.is_none() || event.occ.is_some()) {
        Some(at) => format!("{} ({before} before)", at.format("%a %-d %b, %H:%M")),
        None => format!("{before} before the start"),
    }
}
