//! The inbox: what concerns me now, the most urgent first.

use axum::Router;
use axum::routing::get;

use super::App;
use super::ask::{Problem, Visit, take};
use super::frame::{Frame, Page, Tab};
use super::prose::Prose;
use super::when::{self, When};
use super::words::{Arg, Words};
use crate::daemon::{Notice, Request, What};

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
    // A group's notices are comments, and have no start.
    let place = if notice.start.is_some() || !is_comment(&notice.what) { "event" } else { "object" };
    let next = match notice.what {
        What::Released { .. } | What::Changed { .. } => Some("inbox-answer-again"),
        What::ConfirmBy { .. } => Some("inbox-confirm"),
        What::Reply { .. } => Some("inbox-answer-them"),
        _ => None,
    };
    let when = match (&notice.start, &notice.zone) {
        (Some(start), Some(zone)) => Some(When::of(start, zone, notice.start_ms, 0, visit.look.zone, words)),
        _ => None,
    };
    Item {
        href: format!("/{place}/{}{on}", notice.object),
        title: words.title(&notice.title),
        kind,
        what,
        when,
        text,
        next: next.map(|key| words.say(key)),
    }
}

fn is_comment(what: &What) -> bool {
    matches!(what, What::Reply { .. } | What::Announced { .. })
}

fn told(notice: &Notice, visit: &Visit) -> (&'static str, String, Prose) {
    let words: Words = visit.words();
    let mut said = Prose::default();
    let (kind, what) = match &notice.what {
        What::Seated { persons, .. } => ("good", words.count("inbox-seated", *persons)),
        What::Waiting { place, .. } => ("wait", words.count("inbox-waiting", *place)),
        What::Released { .. } => ("bad", words.say("inbox-released")),
        What::Changed { start, zone, place } => {
            let when = When::of(start, zone, None, 0, visit.look.zone, words).there;
            let args = [("time", Arg::Own(&when)), ("place", Arg::Foreign(place))];
            ("bad", words.with(if place.is_empty() { "inbox-changed" } else { "inbox-moved" }, &args))
        }
        What::Cancelled => ("bad", words.say("inbox-cancelled")),
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
    };
    (kind, what, said)
}
