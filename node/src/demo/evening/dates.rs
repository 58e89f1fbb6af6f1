//! A series of four mornings, of which one is moved and answered for by itself.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate};
use klatch_feed::{EventState, FeedId};

use super::super::actor::Trouble;
use super::super::{Part, Shown, Stage};
use super::EVERYBODY_ELSE;
use crate::clock;
use crate::daemon::Created;

use Part::{Ana, Ben, Cleo, CoHost, Host, Pub};

/// How often it takes place.
const TIMES: u64 = 4;
/// Which of them is moved, counted from 0.
const MOVED: u64 = 1;

/// Plays it; returns the series and all its dates.
pub(super) fn play(stage: &mut Stage<'_>, group: &str) -> Result<Vec<Shown>, Trouble> {
    let first = first_day();
    let day = |nth: u64| first + Days::new(7 * nth);
    let series = is_scheduled(stage, group, &at_nine(first))?;
    let shown: Vec<_> = (0..TIMES).map(|nth| Shown::date(&series, &at_nine(day(nth)))).collect();
    let moved_to = at_nine(day(MOVED) + Days::new(1));
    one_is_moved(stage, &series, &shown, &moved_to)?;
    it_is_answered_for(stage, &shown)?;
    Ok([Shown::event(&series)].into_iter().chain(shown).collect())
}

fn first_day() -> NaiveDate {
    let ms = i64::try_from(clock::now_ms()).unwrap_or_default();
    DateTime::from_timestamp_millis(ms).unwrap_or_default().date_naive() + Days::new(14)
}

fn at_nine(day: NaiveDate) -> String {
    day.format("%Y-%m-%dT09:00").to_string()
}

fn is_scheduled(stage: &mut Stage<'_>, group: &str, start: &str) -> Result<String, Trouble> {
    let mut scene = stage.scene("Hana schedules four mornings in a row; Ana and Cleo come to all of them");
    let times = TIMES.to_string();
    let made: Created = stage.types(
        &mut scene,
        Host,
        &[
            "event",
            "schedule",
            group,
            "--title",
            "Morning tea",
            "--start",
            start,
            "--tz",
            "Europe/Lisbon",
            "--duration",
            "1h",
            "--where",
            "Café A Brasileira",
            "--capacity",
            "2",
            "--repeat",
            "weekly",
            "--count",
            &times,
        ],
    )?;
    let series = made.id.to_string();
    for who in EVERYBODY_ELSE {
        stage.actor(who).until_event(&series, "the series", |_| true)?;
    }
    let both: BTreeSet<_> = [Ana, Cleo].map(|who| stage.actor(who).feed).into();
    for who in [Ana, Cleo] {
        let _: Created = stage.types(&mut scene, who, &["rsvp", &series, "yes"])?;
    }
    for who in [Host, Ana, Cleo] {
        stage.actor(who).until_event(&series, "Ana and Cleo seated", |state| seated(state) == both)?;
        stage.saw(&mut scene, who, "sees Ana and Cleo seated, every week")?;
    }
    stage.done(scene);
    Ok(series)
}

fn one_is_moved(stage: &mut Stage<'_>, series: &str, shown: &[Shown], to: &str) -> Result<(), Trouble> {
    let mut scene = stage.scene("Hana moves the second morning by a day, and that one alone");
    let moved = &shown[MOVED as usize];
    let on = moved.on.as_deref().unwrap_or_default();
    let _: Created =
        stage.types(&mut scene, Host, &["event", "update", series, "--on", on, "--start", to])?;
    for who in [Ana, Cleo, Pub] {
        let is_moved = |state: &EventState| state.start == to && state.seated.iter().all(|line| line.stale);
        stage.actor(who).until_shown(&moved.command("show"), "the other day", is_moved)?;
        stage.saw(&mut scene, who, "sees the new day, and two answers given for the old one")?;
    }
    for other in shown.iter().filter(|other| other.on != moved.on) {
        let stays = |state: &EventState| Some(&state.start) == other.on.as_ref();
        stage.actor(Ana).until_shown(&other.command("show"), "the other mornings as before", stays)?;
    }
    stage.done(scene);
    Ok(())
}

fn it_is_answered_for(stage: &mut Stage<'_>, shown: &[Shown]) -> Result<(), Trouble> {
    let mut scene = stage.scene("For that morning Ana says yes again, Cleo no, and Ben takes the seat");
    let moved = &shown[MOVED as usize];
    let (series, on) = (moved.event.as_str(), moved.on.as_deref().unwrap_or_default());
    let [ana, ben, cleo] = [Ana, Ben, Cleo].map(|who| stage.actor(who).feed);
    for (who, answer) in [(Ana, "yes"), (Cleo, "no"), (Ben, "yes")] {
        let _: Created = stage.types(&mut scene, who, &["rsvp", series, answer, "--on", on])?;
    }
    for who in [Host, CoHost, Ana, Ben, Cleo, Pub] {
        let is_settled = |state: &EventState| {
            seated(state) == BTreeSet::from([ana, ben]) && !state.seated.iter().any(|line| line.stale)
        };
        stage.actor(who).until_shown(
            &moved.command("show"),
            "Ana and Ben seated that morning",
            is_settled,
        )?;
        let all_the_rest = |state: &EventState| seated(state) == BTreeSet::from([ana, cleo]);
        for other in shown.iter().filter(|other| other.on != moved.on) {
            stage.actor(who).until_shown(&other.command("show"), "Ana and Cleo seated", all_the_rest)?;
        }
    }
    for who in [Host, Cleo, Pub] {
        stage.saw(&mut scene, who, "sees Ana and Ben that morning, Ana and Cleo on all others")?;
    }
    stage.done(scene);
    Ok(())
}

fn seated(state: &EventState) -> BTreeSet<FeedId> {
    state.seated.iter().map(|line| line.feed).collect()
}
