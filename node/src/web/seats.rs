//! Seats of an event: who has one, who waits where and why, whom nobody has ranked; and what hosts do about it.

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use klatch_feed::meetup::SeatLine;
use klatch_feed::post::{EventFields, Role};
use klatch_feed::{EventState, FeedId};
use serde::Deserialize;

use super::App;
use super::ask::{Problem, Typed, Visit, Wrong, escaped, no_number, take};
use super::event::{role, why};
use super::face::Face;
use super::frame::{Frame, Page, Tab};
use super::home::seats;
use super::rights;
use super::series::{self, Date};
use super::settings::attached;
use super::when::When;
use crate::daemon::{EventLocal, Refusal, Request, persons};
use crate::foreign;
use crate::guests::to_csv;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/event/{id}/seats", get(show))
        .route("/event/{id}/seats/people", post(seat))
        .route("/event/{id}/seats/capacity", post(capacity))
        .route("/event/{id}/seats/roles", post(roles))
        .route("/event/{id}/guests", get(guests))
        .route("/event/{id}/guests.csv", get(table))
}

/// Which date, and of whom to say why.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    on: Option<String>,
    why: Option<String>,
}

/// What was typed, and what was wrong with it.
#[derive(Debug, Default)]
struct Draft {
    capacity: String,
    who: String,
    quota: String,
    role: String,
    capacity_wrong: Option<Wrong>,
    role_wrong: Option<Wrong>,
    wrong: Option<Wrong>,
}

impl Draft {
    /// Whether this role is chosen; templates hand over references.
    fn is_role(&self, role: &str) -> bool {
        self.role == role
    }
    fn is_who(&self, feed: &str) -> bool {
        self.who == feed
    }
    /// Whether a role was refused for the seats that go with it.
    fn is_quota_wrong(&self) -> bool {
        self.role_wrong.as_ref().is_some_and(|wrong| wrong.is_at("quota"))
    }
}

/// People who stand alike, and what can be done with them.
#[derive(Debug)]
struct List {
    title: String,
    people: Vec<Line>,
    admit: bool,
    release: Option<&'static str>,
}

#[derive(Debug)]
struct Line {
    face: Face,
    /// Guests, confirmed, stale.
    notes: String,
    /// On the waiting list, from 1.
    place: Option<usize>,
    by: Option<String>,
    /// Where the page says why.
    why_href: String,
    why: Vec<String>,
}

/// Somebody with a role.
#[derive(Debug)]
struct Host {
    face: Face,
    role: String,
    quota: Option<u32>,
    closed: bool,
    cut: bool,
    /// Whether I may let what they post count.
    endorse: bool,
    /// Whether I may take the role.
    revoke: bool,
}

#[derive(askama::Template)]
#[template(path = "seats.html")]
struct SeatsPage {
    frame: Frame,
    id: String,
    on: String,
    /// `?on=…`, or nothing.
    tail: String,
    title: String,
    when: When,
    cancelled: bool,
    seats: String,
    lists: Vec<List>,
    /// How many nobody has ranked.
    unranked: usize,
    closed: bool,
    hosts: Vec<Host>,
    /// Ids and names of those to whom a role may be given.
    people: Vec<(String, String)>,
    /// Words and names of the roles that I may give.
    roles: Vec<(&'static str, String)>,
    may_change: bool,
    dates: Vec<Date>,
    draft: Draft,
}

async fn local(visit: &Visit, id: &str, on: Option<&str>) -> Result<(Box<EventLocal>, Role), Problem> {
    let request = Request::EventLocal { event: id.to_owned(), on: on.map(str::to_owned) };
    let local = take!(visit, request, Local)?;
    let mine = rights::need(visit, &local.event.title, &local.event.hosts, Role::Host)?;
    Ok((local, mine))
}

async fn page(visit: &Visit, id: &str, asked: Asked, mut draft: Draft) -> Result<SeatsPage, Problem> {
    let on = asked.on.filter(|on| !on.is_empty());
    let (local, mine) = local(visit, id, on.as_deref()).await?;
    let (event, words) = (&local.event, visit.words());
    let why = match &asked.why {
        Some(who) => {
            let request = Request::Why { event: id.to_owned(), on: on.clone(), who: Some(who.clone()) };
            let told = take!(visit, request, Why)?;
            Some((who.clone(), why::told(&told, words)))
        }
        None => None,
    };
    if draft.capacity.is_empty() {
        draft.capacity = event.capacity.map(|seats| seats.to_string()).unwrap_or_default();
    }
    // Owners are for groups.
    let roles = rights::given_by(mine).filter(|(role, _)| *role != Role::Owner);
    let me = visit.handle.me();
    let here = format!("/event/{}/seats{}", event.id, series::tail(event.occ.as_deref()));
    Ok(SeatsPage {
        frame: visit.frame_at(Tab::Home, here).await?,
        id: event.id.to_string(),
        tail: series::tail(event.occ.as_deref()),
        on: event.occ.clone().unwrap_or_default(),
        title: words.title(&event.title),
        when: When::of_event(event, local.start_ms, visit.look.zone, words),
        cancelled: event.cancelled,
        seats: seats(words, persons(&event.seated), event.capacity, persons(&event.waiting)),
        lists: lists(&local, why.as_ref(), visit),
        unranked: event.unranked.len() + event.provisional.len(),
        closed: event.closed.contains(&me),
        hosts: hosts(&local, visit),
        people: people(visit, &local).await?,
        roles: roles.map(|(one, word)| (word, role(words, one))).collect(),
        may_change: mine <= Role::Organizer,
        dates: series::dates(visit, event, "seats").await?,
        draft,
    })
}

fn lists(local: &EventLocal, why: Option<&(String, Vec<String>)>, visit: &Visit) -> Vec<List> {
    let (event, words) = (&local.event, visit.words());
    let (seat, place) = (Some("seats-release"), Some("seats-take-off"));
    let all: [(&str, &[SeatLine], bool, Option<&'static str>); 5] = [
        ("event-unranked", &event.unranked, true, place),
        ("event-provisional", &event.provisional, true, seat),
        ("event-waiting", &event.waiting, false, place),
        ("event-seated", &event.seated, false, seat),
        ("event-released", &event.released, true, None),
    ];
    let filled = all.into_iter().filter(|(_, lines, ..)| !lines.is_empty());
    let list = |(key, lines, admit, release): (&str, &[SeatLine], bool, Option<&'static str>)| List {
        title: words.count(key, persons(lines)),
        people: lines
            .iter()
            .enumerate()
            .map(|(at, line)| {
                let place = (key == "event-waiting").then_some(at + 1);
                one(local, line, place, why, visit)
            })
            .collect(),
        admit,
        release,
    };
    filled.map(list).collect()
}

fn one(
    local: &EventLocal,
    line: &SeatLine,
    place: Option<usize>,
    why: Option<&(String, Vec<String>)>,
    visit: &Visit,
) -> Line {
    let (event, words) = (&local.event, visit.words());
    let face = Face::of(&line.feed, &local.name(&line.feed));
    let notes = [
        (line.party > 1).then(|| format!("+{}", line.party - 1)),
        line.confirmed.then(|| words.say("event-confirmed")),
        line.stale.then(|| words.say("seats-stale")),
    ];
    let joint = event.occ.as_deref().map(|on| format!("on={}&", escaped(on))).unwrap_or_default();
    Line {
        notes: notes.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        place,
        by: line.by.map(|by| words.of("seats-by", &local.name(&by))),
        why_href: format!("/event/{}/seats?{joint}why={}#{}", event.id, face.feed, face.feed),
        why: why.filter(|(who, _)| *who == face.feed).map(|(_, told)| told.clone()).unwrap_or_default(),
        face,
    }
}

fn hosts(local: &EventLocal, visit: &Visit) -> Vec<Host> {
    let (event, words) = (&local.event, visit.words());
    // Most senior first: who stands below me can be cut.
    let me = event.hosts.iter().position(|line| line.feed == visit.handle.me());
    let host = |(at, line): (usize, &klatch_feed::meetup::RoleLine)| Host {
        face: Face::of(&line.feed, &local.name(&line.feed)),
        role: role(words, line.role),
        quota: line.quota,
        closed: event.closed.contains(&line.feed),
        cut: line.cut.is_some(),
        endorse: me.is_some_and(|me| me < at) && line.cut.is_some(),
        revoke: me.is_some_and(|me| me < at) && line.cut.is_none(),
    };
    event.hosts.iter().enumerate().map(host).collect()
}

/// Whom I follow and who answered, without those who have a role already.
async fn people(visit: &Visit, local: &EventLocal) -> Result<Vec<(String, String)>, Problem> {
    let event = &local.event;
    let has_role = |feed: &FeedId| event.hosts.iter().any(|line| line.feed == *feed && line.cut.is_none());
    let lists = [&event.seated, &event.waiting, &event.provisional, &event.unranked, &event.maybe];
    let mut people: Vec<(FeedId, String)> =
        lists.into_iter().flatten().map(|line| (line.feed, local.name(&line.feed))).collect();
    for line in take!(visit, Request::Follows, Follows)?.into_iter().filter(|line| line.followed) {
        let name = line.called().map_or_else(|| crate::names::short(&line.feed), str::to_owned);
        people.push((line.feed, name));
    }
    people.sort_by_key(|(feed, name)| (name.to_lowercase(), *feed));
    people.dedup_by_key(|(feed, _)| *feed);
    let open = people.into_iter().filter(|(feed, _)| !has_role(feed));
    Ok(open.map(|(feed, name)| (feed.to_string(), foreign::line(&name))).collect())
}

async fn show(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Page<SeatsPage>, Problem> {
    page(&visit, &id, asked, Draft::default()).await.map(Page)
}

/// Back to the seats, or the page again with what was wrong.
async fn after(
    visit: &Visit,
    id: &str,
    on: Option<String>,
    asked: Result<crate::daemon::Response, Refusal>,
    did: &str,
    draft: impl FnOnce(Wrong) -> Draft,
) -> Response {
    match asked {
        Ok(_) => visit.done(&format!("/event/{id}/seats{}", series::tail(on.as_deref())), did),
        Err(refusal @ Refusal::Right { .. }) => visit.problem(&refusal).into_response(),
        Err(refusal) => {
            let draft = draft(Wrong::of(visit.words(), &refusal));
            match page(visit, id, Asked { on, why: None }, draft).await {
                Ok(page) => (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response(),
                Err(problem) => problem.into_response(),
            }
        }
    }
}

/// What to do, and with whom; nobody = with all who were not ranked.
#[derive(Debug, Deserialize)]
struct SeatForm {
    on: Option<String>,
    who: Option<String>,
    #[serde(rename = "do")]
    what: String,
}

async fn seat(visit: Visit, Path(id): Path<String>, Typed(form): Typed<SeatForm>) -> Response {
    let on = form.on.filter(|on| !on.is_empty());
    let people: Vec<String> = form.who.filter(|who| !who.is_empty()).into_iter().collect();
    let (event, date) = (id.clone(), on.clone());
    let (request, did) = match (&*form.what, people.is_empty()) {
        ("admit", _) => (Request::Admit { event, on: date, people }, "did-admit"),
        ("release", false) => (Request::Release { event, on: date, people }, "did-release"),
        ("close", true) => (Request::Close { event, on: date }, "did-close"),
        _ => return visit.nothing().into_response(),
    };
    let asked = visit.ask(request).await;
    after(&visit, &id, on, asked, did, |wrong| Draft { wrong: Some(wrong), ..Draft::default() }).await
}

/// How many seats there are.
#[derive(Debug, Deserialize)]
struct CapacityForm {
    on: Option<String>,
    #[serde(default)]
    capacity: String,
}

async fn capacity(visit: Visit, Path(id): Path<String>, Typed(form): Typed<CapacityForm>) -> Response {
    let on = form.on.filter(|on| !on.is_empty());
    let asked = match form.capacity.trim().parse() {
        Ok(seats) => {
            let fields = Box::new(EventFields { capacity: Some(seats), ..EventFields::default() });
            let (extra, except) = (Vec::new(), Vec::new());
            let (event, on) = (id.clone(), on.clone());
            visit.ask(Request::EventUpdate { event, on, fields, extra, except, address: None }).await
        }
        Err(_) => Err(no_number("capacity")),
    };
    let draft = |wrong| Draft { capacity: form.capacity, capacity_wrong: Some(wrong), ..Draft::default() };
    after(&visit, &id, on, asked, "did-capacity", draft).await
}

/// To whom a role is given, or from whom it is taken.
#[derive(Debug, Deserialize)]
struct RoleForm {
    on: Option<String>,
    #[serde(default)]
    who: String,
    role: Option<String>,
    #[serde(default)]
    quota: String,
    revoke: Option<String>,
}

async fn roles(visit: Visit, Path(id): Path<String>, Typed(form): Typed<RoleForm>) -> Response {
    let on = form.on.filter(|on| !on.is_empty());
    let who = form.who.trim().to_owned();
    let said = form.role.unwrap_or_default();
    let quota = form.quota.trim();
    let draft = |wrong| Draft {
        who: who.clone(),
        quota: quota.to_owned(),
        role: said.clone(),
        role_wrong: Some(wrong),
        ..Draft::default()
    };
    if let Some(who) = form.revoke {
        let asked = visit.ask(Request::Revoke { object: id.clone(), who }).await;
        return after(&visit, &id, on, asked, "did-revoke", draft).await;
    }
    let Some(role) = rights::named(&said) else { return visit.nothing().into_response() };
    let asked = match if quota.is_empty() { Ok(0) } else { quota.parse() } {
        Ok(quota) => visit.ask(Request::Grant { object: id.clone(), who: who.clone(), role, quota }).await,
        Err(_) => Err(no_number("quota")),
    };
    after(&visit, &id, on, asked, "did-grant", draft).await
}

/// One person on the guest list.
#[derive(Debug)]
struct Guest {
    name: String,
    standing: String,
    persons: u32,
    note: String,
    arrived: bool,
}

#[derive(askama::Template)]
#[template(path = "guests.html")]
struct GuestsPage {
    frame: Frame,
    id: String,
    tail: String,
    title: String,
    when: When,
    place: String,
    seats: String,
    guests: Vec<Guest>,
    dates: Vec<Date>,
}

/// The guest list, to be printed.
async fn guests(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Page<GuestsPage>, Problem> {
    let on = asked.on.filter(|on| !on.is_empty());
    let request = Request::EventLocal { event: id.clone(), on };
    let local = take!(visit, request, Local)?;
    let (event, words): (&EventState, _) = (&local.event, visit.words());
    rights::need(&visit, &event.title, &event.hosts, Role::Door)?;
    let lines = take!(visit, Request::Guests { event: id }, Guests)?;
    let comes = |standing: &str| matches!(standing, "seated" | "provisional" | "waiting" | "unranked");
    let lines = lines.into_iter().filter(|line| line.occ == event.occ);
    let mut guests: Vec<Guest> = lines
        .filter(|line| comes(&line.standing) || line.arrived)
        .map(|line| Guest {
            name: foreign::line(&line.name),
            standing: match (&*line.standing, line.place) {
                ("seated", _) => words.say("seats-has"),
                ("waiting", Some(place)) => words.count("seats-waits", place),
                ("provisional" | "unranked", _) => words.say("home-asked"),
                _ => words.say("seats-walked-in"),
            },
            persons: line.persons.unwrap_or(line.party).max(1),
            note: foreign::line(&line.note),
            arrived: line.arrived,
        })
        .collect();
    guests.sort_by_key(|guest| guest.name.to_lowercase());
    Ok(Page(GuestsPage {
        frame: visit.frame(Tab::Home).await?,
        id: event.id.to_string(),
        tail: series::tail(event.occ.as_deref()),
        title: words.title(&event.title),
        when: When::of_event(event, local.start_ms, visit.look.zone, words),
        place: foreign::line(&event.place),
        seats: seats(words, persons(&event.seated), event.capacity, persons(&event.waiting)),
        guests,
        dates: series::dates(&visit, event, "guests").await?,
    }))
}

/// The same for a spreadsheet, with all that doors noted; of a series all of its dates.
async fn table(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let event = take!(visit, Request::EventShow { event: id.clone(), on: None }, Event)?;
    rights::need(&visit, &event.title, &event.hosts, Role::Door)?;
    let lines = take!(visit, Request::Guests { event: id }, Guests)?;
    // With the mark by which the spreadsheets that most people have know UTF-8.
    Ok(attached("text/csv; charset=utf-8", "guests.csv", to_csv(&lines, true)))
}
