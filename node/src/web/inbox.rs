//! The inbox: what concerns me now, the most urgent first.

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::get;
use klatch_feed::FeedId;
use klatch_feed::post::Role;

use super::App;
use super::ask::{Problem, Visit, take};
use super::frame::{Frame, Page, Tab};
use super::prose::Prose;
use super::when::{self, When};
use super::words::{Arg, Words};
use crate::daemon::{Notice, Request, What};

/// Most people who are named in one line.
const NAMED_MAX: usize = 3;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/inbox", get(inbox))
}

/// One thing that concerns me.
#[derive(Debug)]
struct Item {
    href: String,
    title: String,
    /// `good`, `wait`, `bad` or `calm`.
    kind: &'static str,
    what: String,
    when: Option<When>,
    /// What somebody said.
    text: Prose,
    /// What to do about it.
    next: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "inbox.html")]
struct InboxPage {
    frame: Frame,
    items: Vec<Item>,
}

async fn inbox(visit: Visit) -> Result<Page<InboxPage>, Problem> {
    let notices = take!(visit, Request::Inbox, Inbox)?;
    let items = notices.iter().map(|notice| item(notice, &visit)).collect();
    Ok(Page(InboxPage { frame: visit.frame(Tab::Inbox).await?, items }))
}

fn item(notice: &Notice, visit: &Visit) -> Item {
    let words = visit.words();
    let (kind, what, text) = told(notice, visit);
    let on = notice.occ.as_ref().map(|occ| format!("?on={occ}")).unwrap_or_default();
    // What is said on an event has no start, as what concerns a group has none.
    let place = if notice.start.is_some() { "event" } else { "object" };
    let (place, more) = match notice.what {
        What::Asking { .. } => ("group", "/people"),
        What::Asks | What::Joined | What::Removed => ("group", ""),
        What::ToSeat { .. } => (place, "/seats"),
        What::Silent { .. } => ("group", "/silence"),
        _ => (place, ""),
    };
    let next = match notice.what {
        What::Asking { .. } => Some("inbox-let-in"),
        What::ToSeat { .. } => Some("inbox-give-seats"),
        What::Silent { .. } => Some("silence-present"),
        What::Released { .. } | What::Changed { .. } => Some("inbox-answer-again"),
        What::ConfirmBy { .. } => Some("inbox-confirm"),
        What::Reply { .. } => Some("inbox-answer-them"),
        What::Scheduled { .. } => Some("inbox-answer"),
        What::Asked { .. } => Some("inbox-vote"),
        _ => None,
    };
    let when = match (&notice.start, &notice.zone) {
        (Some(start), Some(zone)) => Some(moment(notice, start, zone, notice.start_ms, visit)),
        _ => None,
    };
    let href = match &notice.what {
        What::Asked { poll, .. } => format!("/poll/{poll}"),
        _ => format!("/{place}/{}{more}{on}", notice.object),
    };
    Item {
        href,
        title: words.title(&notice.title),
        kind,
        what,
        when,
        text,
        next: next.map(|key| words.say(key)),
    }
}

/// A start of what the notice is about: of whole days the date alone.
fn moment(notice: &Notice, start: &str, zone: &str, start_ms: Option<i64>, visit: &Visit) -> When {
    let when = When::of(start, zone, start_ms, 0, visit.look.zone, visit.words());
    if notice.all_day { when.of_whole_days(start, visit.words()) } else { when }
}

/// Of how many people it is, the first of them by name.
fn of_people(words: Words, key: &str, people: &BTreeMap<FeedId, String>) -> String {
    let names: Vec<_> = people.values().take(NAMED_MAX).map(String::as_str).collect();
    let more = if people.len() > NAMED_MAX { " …" } else { "" };
    let names = names.join(", ") + more;
    words.with(key, &[("count", Arg::Number(people.len() as u64)), ("who", Arg::Foreign(&names))])
}

fn role_key(role: Role) -> &'static str {
    match role {
        Role::Owner => "inbox-owner",
        Role::Organizer => "inbox-organizer",
        Role::Host => "inbox-host",
        Role::Door => "inbox-door",
    }
}

fn told(notice: &Notice, visit: &Visit) -> (&'static str, String, Prose) {
    let words: Words = visit.words();
    let mut said = Prose::default();
    let (kind, what) = match &notice.what {
        What::Seated { persons, .. } => ("good", words.count("inbox-seated", *persons)),
        What::Waiting { place, .. } => ("wait", words.count("inbox-waiting", *place)),
        What::Released { waited, .. } => {
            ("bad", words.say(if *waited { "inbox-taken-off" } else { "inbox-released" }))
        }
        What::Changed { start, zone, place } => {
            let when = moment(notice, start, zone, None, visit).there;
            let args = [("time", Arg::Own(&when)), ("place", Arg::Foreign(place))];
            ("bad", words.with(if place.is_empty() { "inbox-changed" } else { "inbox-moved" }, &args))
        }
        What::Cancelled => {
            said = Prose::of(&notice.reason);
            ("bad", words.say("inbox-cancelled"))
        }
        What::ConfirmBy { by_ms } => {
            let zone = notice.zone.as_deref().and_then(|zone| zone.parse().ok()).unwrap_or(visit.look.zone);
            let (_, by) = when::instant(u64::try_from(*by_ms).unwrap_or(0), zone, words);
            ("bad", words.with("inbox-confirm-by", &[("time", Arg::Own(&by))]))
        }
        What::Soon { .. } => ("wait", words.say("inbox-soon")),
        What::Reply { name, text, .. } => {
            said = Prose::of(text);
            ("calm", words.of("inbox-reply", name))
        }
        What::Announced { name, text, .. } => {
            said = Prose::of(text);
            ("calm", words.of("inbox-announced", name))
        }
        What::Asking { people } => ("wait", of_people(words, "inbox-asking", people)),
        What::ToSeat { people, .. } => ("wait", of_people(words, "inbox-to-seat", people)),
        What::Asks => ("wait", words.say("inbox-asks")),
        What::Joined => ("good", words.say("inbox-joined")),
        What::Removed => ("bad", words.say("inbox-removed")),
        What::Role { role } => ("good", words.say(role_key(*role))),
        What::Scheduled { group, question: None } => ("calm", words.of("inbox-scheduled", group)),
        What::Scheduled { group, question: Some(question) } => {
            said = Prose::of(question);
            ("good", words.of("inbox-settled", group))
        }
        What::Asked { name, question, .. } => {
            said = Prose::of(question);
            ("calm", words.of("inbox-asked", name))
        }
        What::Silent { name, reached: false, .. } => ("bad", words.of("inbox-silent", name)),
        What::Silent { name, .. } => ("bad", words.of("inbox-succeeded", name)),
    };
    (kind, what, said)
}
