//! What is said on an event or a group, as their pages show it: the newest, each below what it answers. And one
//! thing that was said, for who may take it back or hide it.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use klatch_feed::EntryId;
use klatch_feed::post::{Role, Tone};
use serde::Deserialize;

use super::App;
use super::ask::{Problem, Typed, Visit, Wrong, take};
use super::change::On;
use super::face::Face;
use super::frame::{Frame, Page, Tab};
use super::prose::Prose;
use super::words::{Arg, Words};
use super::{rights, series, when};
use crate::daemon::{CommentLine, HiddenBy, Request};

/// So many comments are shown at first, and so many more each time.
const PART: usize = 50;

pub(super) fn routes() -> Router<App> {
    let of_event = get(async |visit, Path(ids), Query(on)| show(visit, Place::Event, ids, on).await)
        .post(async |visit, Path(ids), Typed(form)| act(visit, Place::Event, ids, form).await);
    let of_group = get(async |visit, Path(ids), Query(on)| show(visit, Place::Group, ids, on).await)
        .post(async |visit, Path(ids), Typed(form)| act(visit, Place::Group, ids, form).await);
    Router::new().route("/event/{id}/said/{entry}", of_event).route("/group/{id}/said/{entry}", of_group)
}

/// Which comments are asked for, and what can be done about them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shown<'a> {
    /// How many of the newest; 0 for as many as are shown at first.
    pub(super) newest: usize,
    /// One that is shown however old it is: it is to be answered.
    pub(super) reply: Option<&'a str>,
    /// The page of what they are on: `/event/ID`.
    pub(super) at: &'a str,
    /// `?on=…`, or nothing.
    pub(super) tail: &'a str,
    /// Whether whoever looks may hide them.
    pub(super) may_hide: bool,
}

/// Those that are shown, and how many more there are.
#[derive(Debug)]
pub(super) struct Comments {
    pub(super) lines: Vec<Comment>,
    /// How many are not shown.
    pub(super) older: usize,
    /// How many to ask for, to see more of them.
    pub(super) next: usize,
}

/// One comment.
#[derive(Debug)]
pub(super) struct Comment {
    pub(super) id: String,
    pub(super) face: Face,
    pub(super) stamp: String,
    pub(super) at: String,
    pub(super) text: Prose,
    /// At most 4: deeper ones stand where their parents do.
    pub(super) depth: u32,
    pub(super) tone: Option<String>,
    pub(super) hidden: Option<String>,
    /// Where it is taken back or hidden, by whom who may.
    pub(super) act: Option<String>,
}

impl Comments {
    /// Of all, in the order of their threads.
    pub(super) fn of(all: &[CommentLine], shown: Shown<'_>, visit: &Visit) -> Self {
        let newest = shown.newest.max(PART);
        let kept = kept(all, newest, shown.reply);
        let lines = all.iter().filter(|line| kept.contains(&line.id));
        Self {
            older: all.len() - kept.len(),
            next: newest.saturating_add(PART),
            lines: lines.map(|line| comment(line, acts(line, shown, visit), visit)).collect(),
        }
    }
}

/// The newest, the one that is to be answered, and what they answer.
fn kept(all: &[CommentLine], newest: usize, reply: Option<&str>) -> BTreeSet<EntryId> {
    let mut by_time: Vec<&CommentLine> = all.iter().collect();
    by_time.sort_by_key(|line| std::cmp::Reverse(line.time_ms));
    let mut kept: BTreeSet<EntryId> = by_time.iter().take(newest).map(|line| line.id).collect();
    kept.extend(all.iter().map(|line| line.id).filter(|id| reply == Some(&*id.to_string())));
    // What is answered stands above its answers.
    let mut wanted = BTreeSet::new();
    for line in all.iter().rev() {
        if kept.contains(&line.id) || wanted.contains(&line.id) {
            kept.insert(line.id);
            wanted.extend(line.reply);
        }
    }
    kept
}

/// Who hid something, and why.
pub(super) fn hidden_by(by: &HiddenBy, words: Words) -> String {
    let args = [("who", Arg::Foreign(&by.name)), ("reason", Arg::Foreign(&by.reason))];
    words.with(if by.reason.trim().is_empty() { "event-hidden-plain" } else { "event-hidden" }, &args)
}

/// Where something is done about it, if whoever looks may.
fn acts(line: &CommentLine, shown: Shown<'_>, visit: &Visit) -> Option<String> {
    let is_mine = line.feed == visit.handle.me() && line.hidden.is_none();
    (is_mine || shown.may_hide).then(|| format!("{}/said/{}{}", shown.at, line.id, shown.tail))
}

fn comment(line: &CommentLine, act: Option<String>, visit: &Visit) -> Comment {
    let words = visit.words();
    let (stamp, at) = when::instant(line.time_ms, visit.look.zone, words);
    let tone = line.tone.map(|tone| match tone {
        Tone::Announcement => words.say("event-announcement"),
        Tone::Thanks => words.say("event-thanks"),
    });
    let hidden = line.hidden.as_ref().map(|by| hidden_by(by, words));
    Comment {
        id: line.id.to_string(),
        face: Face::of(&line.feed, &line.name),
        stamp,
        at,
        text: Prose::of(&line.text),
        depth: line.depth.min(4),
        tone,
        hidden,
        act,
    }
}

/// Where something was said.
#[derive(Clone, Copy, Debug)]
enum Place {
    Event,
    Group,
}

#[derive(askama::Template)]
#[template(path = "said.html")]
struct SaidPage {
    frame: Frame,
    /// Where the form goes, and what it was said on.
    action: String,
    back: String,
    title: String,
    on: String,
    line: Comment,
    is_mine: bool,
    may_hide: bool,
    reason: String,
    wrong: Option<Wrong>,
}

impl SaidPage {
    fn is_wrong(&self, field: &str) -> bool {
        self.wrong.as_ref().is_some_and(|wrong| wrong.is_at(field))
    }
}

/// Id of the event or group, and of the comment.
type Ids = (String, String);

async fn page(visit: &Visit, place: Place, (id, entry): &Ids, on: Option<&str>) -> Result<SaidPage, Problem> {
    let (title, comments, roles, least) = match place {
        Place::Event => {
            let request = Request::EventLocal { event: id.clone(), on: on.map(str::to_owned) };
            let local = take!(visit, request, Local)?;
            (local.event.title, local.comments, local.event.hosts, Role::Host)
        }
        Place::Group => {
            let local = take!(visit, Request::GroupLocal { group: id.clone() }, GroupLocal)?;
            (local.group.name, local.comments, local.group.roles, Role::Organizer)
        }
    };
    let line = comments.iter().find(|line| line.id.to_string() == *entry).ok_or_else(|| visit.nothing())?;
    let me = visit.handle.me();
    let is_mine = line.feed == me && line.hidden.is_none();
    let may_hide = rights::role(&roles, &me).is_some_and(|role| role <= least);
    if !is_mine {
        rights::need(visit, &title, &roles, least)?;
    }
    let back = back(place, id, on);
    let (tab, kind) = match place {
        Place::Event => (Tab::Home, "event"),
        Place::Group => (Tab::Groups, "group"),
    };
    let action = format!("/{kind}/{id}/said/{entry}");
    Ok(SaidPage {
        frame: visit.frame_at(tab, format!("{action}{}", series::tail(on))).await?,
        action,
        back,
        title: visit.words().title(&title),
        on: on.unwrap_or_default().to_owned(),
        line: comment(line, None, visit),
        is_mine,
        may_hide,
        reason: String::new(),
        wrong: None,
    })
}

fn back(place: Place, id: &str, on: Option<&str>) -> String {
    match place {
        Place::Event => format!("/event/{id}{}", series::tail(on)),
        Place::Group => format!("/group/{id}"),
    }
}

async fn show(visit: Visit, place: Place, ids: Ids, asked: On) -> Result<Page<SaidPage>, Problem> {
    page(&visit, place, &ids, asked.date().as_deref()).await.map(Page)
}

/// What to do about it.
#[derive(Debug, Deserialize)]
struct SaidForm {
    on: Option<String>,
    #[serde(rename = "do")]
    what: String,
    #[serde(default)]
    reason: String,
}

async fn act(visit: Visit, place: Place, ids: Ids, form: SaidForm) -> Response {
    let on = form.on.filter(|on| !on.is_empty());
    let (object, entries, reason) = (ids.0.clone(), vec![ids.1.clone()], form.reason.trim().to_owned());
    let (request, did) = match &*form.what {
        "hide" => (Request::Hide { object, entries, on: true, reason: reason.clone() }, "did-hide"),
        "show" => (Request::Hide { object, entries, on: false, reason: String::new() }, "did-show"),
        "delete" => (Request::Delete { entries }, "did-delete"),
        _ => return visit.nothing().into_response(),
    };
    match visit.ask(request).await {
        Ok(_) => visit.done(&back(place, &ids.0, on.as_deref()), did),
        Err(refusal) => match page(&visit, place, &ids, on.as_deref()).await {
            Ok(page) => {
                let wrong = Some(Wrong::of(visit.words(), &refusal));
                let page = SaidPage { reason, wrong, ..page };
                (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response()
            }
            Err(problem) => problem.keeping([("change-reason", &*reason)]).into_response(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_shown_with_what_they_answer() {
        let all = [
            CommentLine::test(1, 10, None),
            CommentLine::test(2, 20, Some(1)),
            CommentLine::test(3, 90, Some(2)),
            CommentLine::test(4, 30, None),
            CommentLine::test(5, 80, None),
            CommentLine::test(6, 5, Some(5)),
        ];
        let shown = |newest, reply: Option<u8>| {
            let reply = reply.map(|n| EntryId::new([n; 32]).to_string());
            let kept = kept(&all, newest, reply.as_deref());
            all.iter()
                .filter(|line| kept.contains(&line.id))
                .map(|line| line.id.as_bytes()[0])
                .collect::<Vec<_>>()
        };
        assert_eq!(shown(1, None), [1, 2, 3], "an answer with all that it answers");
        assert_eq!(shown(2, None), [1, 2, 3, 5]);
        assert_eq!(shown(1, Some(6)), [1, 2, 3, 5, 6], "the one that is to be answered");
        assert_eq!(shown(9, None), [1, 2, 3, 4, 5, 6]);
    }
}
