//! One evening with fewer seats than people: who waits, moves up, comes back, and loses a seat by not confirming.

use chrono::{DateTime, Days, TimeZone};
use klatch_feed::meetup::SeatLine;
use klatch_feed::{EventState, FeedId};

use super::super::actor::Trouble;
use super::super::{Part, Scene, Stage};
use super::{EVERYBODY_ELSE, only_path};
use crate::clock;
use crate::daemon::{Created, Notice, What};
use crate::net::report::Path;

use Part::{Ana, Ben, Cleo, CoHost, Host, Pub};

/// How long before the start a seat is to be confirmed once Hana wants to know: past, whenever the demo is played.
const BY_NOW: &str = "9d";

pub(super) fn is_scheduled(stage: &mut Stage<'_>, group: &str) -> Result<String, Trouble> {
    let mut scene = stage.scene("Hana schedules an evening with two seats, to be confirmed in time");
    let (start, confirm_by) = in_a_week();
    let made: Created = stage.types(
        &mut scene,
        Host,
        &[
            "event",
            "schedule",
            group,
            "--title",
            "Tea and borrow checks",
            "--start",
            &start,
            "--tz",
            "Europe/Lisbon",
            "--duration",
            "2h",
            "--where",
            "Café A Brasileira",
            "--capacity",
            "2",
            "--confirm-by",
            &confirm_by,
        ],
    )?;
    let event = made.id.to_string();
    for who in EVERYBODY_ELSE {
        stage.actor(who).until_event(&event, "the event", |_| true)?;
        stage.saw(&mut scene, who, "sees the event, 2 seats free")?;
    }
    stage.done(scene);
    Ok(event)
}

/// The first evening in Lisbon a week from now or later, and how long before it a seat is to be confirmed, so
/// that the deadline is some twelve hours from now: the demo has no date of its own.
fn in_a_week() -> (String, String) {
    let zone = chrono_tz::Europe::Lisbon;
    let ms = i64::try_from(clock::now_ms()).unwrap_or_default();
    let now = DateTime::from_timestamp_millis(ms).unwrap_or_default().with_timezone(&zone);
    let evening = |day: chrono::NaiveDate| day.and_hms_opt(19, 30, 0).unwrap_or_default();
    let week = now.naive_local() + Days::new(7);
    let start =
        [week.date(), week.date() + Days::new(1)].map(evening).into_iter().find(|start| *start >= week);
    let start = start.unwrap_or(week);
    let until = zone.from_local_datetime(&start).earliest().map_or(0, |start| (start - now).num_hours());
    (start.format("%Y-%m-%dT%H:%M").to_string(), format!("{}h", until - 12))
}

/// Everything about seats, before the doors open.
pub(super) fn play(stage: &mut Stage<'_>, event: &str) -> Result<(), Trouble> {
    two_get_seats(stage, event)?;
    two_wait(stage, event)?;
    one_cancels(stage, event)?;
    one_comes_back(stage, event)?;
    one_does_not_confirm(stage, event)
}

fn two_get_seats(stage: &mut Stage<'_>, event: &str) -> Result<(), Trouble> {
    let mut scene = stage.scene("Ana and Ben say yes, and Hana's node seats them");
    for who in [Ana, Ben] {
        let feed = stage.actor(who).feed;
        let _: Created = stage.types(&mut scene, who, &["rsvp", event, "yes"])?;
        for at in [Host, who] {
            stage.actor(at).until_event(event, &format!("a seat for {}", who.name()), |state| {
                has(&state.seated, feed)
            })?;
        }
        is_told(stage, &mut scene, who, "a seat", |what| matches!(what, What::Seated { .. }))?;
    }
    let asked = |what: &What| matches!(what, What::ConfirmBy { .. });
    is_told(stage, &mut scene, Ben, "when to confirm", asked)?;
    stage.saw(&mut scene, Host, "sees 2 of 2 seats taken, by people it does not follow")?;
    stage.done(scene);
    Ok(())
}

fn two_wait(stage: &mut Stage<'_>, event: &str) -> Result<(), Trouble> {
    let mut scene = stage.scene("Kai waits, and so does Cleo, who says yes through the pub");
    let order = [stage.actor(CoHost).feed, stage.actor(Cleo).feed];
    for (at, who) in [CoHost, Cleo].into_iter().enumerate() {
        let _: Created = stage.types(&mut scene, who, &["rsvp", event, "yes"])?;
        stage
            .actor(who)
            .until_event(event, "its own place in the waiting list", |state| waits(state, &order[..=at]))?;
        waits_at(stage, &mut scene, who, at + 1)?;
    }
    for who in [Host, Ana] {
        stage.actor(who).until_event(event, "both in the waiting list", |state| waits(state, &order))?;
        stage.saw(&mut scene, who, "sees Kai first in the waiting list, Cleo second")?;
    }
    only_path(stage, Cleo, Path::Pub)?;
    stage.done(scene);
    Ok(())
}

fn one_cancels(stage: &mut Stage<'_>, event: &str) -> Result<(), Trouble> {
    let mut scene = stage.scene("Ana cancels, and everybody who waits moves up");
    let [ana, kai, cleo] = [Ana, CoHost, Cleo].map(|who| stage.actor(who).feed);
    let _: Created = stage.types(&mut scene, Ana, &["rsvp", event, "no"])?;
    let moved =
        |state: &EventState| has(&state.seated, kai) && !has(&state.seated, ana) && waits(state, &[cleo]);
    for who in [Host, Ana, Ben, CoHost, Cleo, Pub] {
        stage.actor(who).until_event(event, "Kai seated in place of Ana", moved)?;
    }
    is_told(stage, &mut scene, CoHost, "a seat", |what| matches!(what, What::Seated { .. }))?;
    waits_at(stage, &mut scene, Cleo, 1)?;
    for who in [Host, Ana, Ben, Pub] {
        stage.saw(&mut scene, who, "sees Ben and Kai seated, Cleo first in the list")?;
    }
    only_path(stage, Cleo, Path::Pub)?;
    stage.done(scene);
    Ok(())
}

fn one_comes_back(stage: &mut Stage<'_>, event: &str) -> Result<(), Trouble> {
    let mut scene = stage.scene("Ana would come after all: to the end of the list");
    let [ana, cleo] = [Ana, Cleo].map(|who| stage.actor(who).feed);
    let _: Created = stage.types(&mut scene, Ana, &["rsvp", event, "yes"])?;
    for who in [Host, Ana, Cleo] {
        stage.actor(who).until_event(event, "Ana behind Cleo", |state| waits(state, &[cleo, ana]))?;
    }
    waits_at(stage, &mut scene, Ana, 2)?;
    stage.saw(&mut scene, Cleo, "keeps the first place: nobody is passed by who returns")?;
    stage.done(scene);
    Ok(())
}

fn one_does_not_confirm(stage: &mut Stage<'_>, event: &str) -> Result<(), Trouble> {
    let mut scene =
        stage.scene("Ben confirms and Kai forgets to; Hana asks for it by now, so Kai's seat goes on");
    let [ana, ben, kai, cleo] = [Ana, Ben, CoHost, Cleo].map(|who| stage.actor(who).feed);
    let _: Created = stage.types(&mut scene, Ben, &["confirm", event])?;
    stage.actor(Host).until_event(event, "that Ben confirms", |state| {
        state.seated.iter().any(|line| line.feed == ben && line.confirmed)
    })?;
    stage.saw(&mut scene, Host, "sees that Ben still means his yes")?;
    let _: Created = stage.types(&mut scene, Host, &["event", "update", event, "--confirm-by", BY_NOW])?;
    let given_up = |state: &EventState| {
        let seated = has(&state.seated, ben) && has(&state.seated, cleo) && state.seated.len() == 2;
        seated && has(&state.released, kai) && waits(state, &[ana])
    };
    for who in [Host, Ana, Ben, CoHost, Cleo, Pub] {
        stage.actor(who).until_event(event, "Cleo seated in place of Kai", given_up)?;
    }
    is_told(stage, &mut scene, CoHost, "the release", |what| matches!(what, What::Released { .. }))?;
    is_told(stage, &mut scene, Cleo, "a seat", |what| matches!(what, What::Seated { .. }))?;
    waits_at(stage, &mut scene, Ana, 1)?;
    for who in [Host, Ben, Pub] {
        stage.saw(&mut scene, who, "sees Ben and Cleo seated, Ana first in the list")?;
    }
    stage.done(scene);
    Ok(())
}

/// The node of `who` has told its person that.
fn is_told(
    stage: &mut Stage<'_>,
    scene: &mut Scene,
    who: Part,
    of_what: &str,
    is_it: impl Fn(&What) -> bool,
) -> Result<(), Trouble> {
    let told = stage.actor(who).until(&format!("that its node tells {of_what}"), |actor| {
        let notices: Vec<Notice> = actor.ask(&["inbox"])?;
        let told = notices.iter().find(|notice| notice.told_ms.is_some() && is_it(&notice.what));
        let others = || notices.iter().map(Notice::sentence).collect::<Vec<_>>().join("; ");
        Ok(told.map(Notice::sentence).ok_or_else(others))
    })?;
    let short = told.split_once(": ").map_or(told.as_str(), |(short, _)| short);
    stage.saw(scene, who, format!("is told “{short}”"))
}

fn waits_at(stage: &mut Stage<'_>, scene: &mut Scene, who: Part, at: usize) -> Result<(), Trouble> {
    is_told(
        stage,
        scene,
        who,
        &format!("place {at} of the waiting list"),
        |what| matches!(what, What::Waiting { place, .. } if usize::try_from(*place) == Ok(at)),
    )
}

fn has(lines: &[SeatLine], feed: FeedId) -> bool {
    lines.iter().any(|line| line.feed == feed)
}

/// Whether exactly these wait, in this order.
fn waits(state: &EventState, order: &[FeedId]) -> bool {
    state.waiting.iter().map(|line| line.feed).eq(order.iter().copied())
}
