//! Seats that are to be confirmed, on the page of the event.

use chrono::{TimeDelta, Utc};

use super::organizer::{Two, form, scheduled, two};
use crate::person::eventually;

#[test]
fn a_seat_is_asked_for_from_a_day_before_its_deadline_and_who_waits_is_told_of_no_seat() {
    let Two { at_ana, at_ben, .. } = &two();
    let soon = (Utc::now() + TimeDelta::hours(20)).format("%Y-%m-%d %H:%M").to_string();
    let (date, time) = soon.split_once(' ').unwrap();
    let confirmed = |typed: &[(&str, &str)]| {
        let asks = [("capacity", "1"), ("zone", "UTC"), ("confirm_by", "1"), ("confirm_by_unit", "hours")];
        let event = scheduled(&at_ana.post("/schedule", &form(&[&asks[..], typed].concat())));
        let path = format!("/event/{event}");
        eventually("the event comes", || (at_ben.get(&path).status == 200).then_some(()));
        at_ben.done(&format!("{path}/answer"), &[("answer", "yes")]);
        let has_seat = || at_ben.page(&path).body.contains("You have a seat").then_some(());
        eventually("ben has the seat", has_seat);
        path
    };
    let (near, far) = (confirmed(&[("date", date), ("time", time)]), confirmed(&[]));
    at_ana.done(&format!("{near}/answer"), &[("answer", "yes")]);
    let waits = eventually("ana waits", || {
        let page = at_ana.page(&near);
        page.body.contains("at place 1 of the list").then_some(page)
    });
    waits.says("You can say already that you come if you get one:");
    let form_of = |path: &str| format!("action=\"{path}/confirm\"");
    let page = at_ben.page(&near);
    page.says("or your seat is given up:").says(&form_of(&near));
    assert!(!at_ben.page(&far).body.contains(&form_of(&far)), "years before");
    let done = at_ben.done(&format!("{near}/confirm"), &[("on", "")]);
    done.says("Confirmed: they count on you.");
    assert!(!done.body.contains(&form_of(&near)), "{done:?}");
}
