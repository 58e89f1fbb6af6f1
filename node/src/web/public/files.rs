//! What programs read: calendars, feeds, the list of pages, pictures.

use super::Reading;
use crate::calendar::{self, Dated, Options};
use crate::pub_server::site::{Site, SiteEvent, SiteGroup};
use crate::published::{Published, atom, claimed};
use crate::web::picture::qr;

/// An event as a calendar.
pub(super) fn event_ics(event: &SiteEvent) -> String {
    ics(vec![event.published.dated.clone()], event.published.updated_ms)
}

/// The events of a group as a calendar.
pub(super) fn group_ics(site: &Site, group: &SiteGroup) -> String {
    let events = of(site, group).map(|event| event.published.dated.clone()).collect();
    let latest = of(site, group).map(|event| event.published.updated_ms).fold(group.founded_ms, u64::max);
    ics(events, latest)
}

/// With the time of the latest change as its stamp: the same events are the same file.
fn ics(events: Vec<Dated>, now_ms: u64) -> String {
    calendar::to_ics(&events, Options { now_ms, alarm: None }).text
}

fn of<'a>(site: &'a Site, group: &SiteGroup) -> impl Iterator<Item = &'a SiteEvent> {
    let id = group.id;
    site.events.iter().filter(move |event| event.group == Some(id))
}

/// The events of a group as a feed.
pub(super) fn atom(reading: &Reading<'_>, group: &SiteGroup) -> String {
    let mut events: Vec<_> = of(&reading.site, group).map(|event| event.published.clone()).collect();
    events.sort_by(|one, other| one.dated.event.start.cmp(&other.dated.event.start));
    let (id, title, author) = (group.id.to_string(), group.name.clone(), group.founder.clone());
    let published = Published { id, title, author, founded_ms: group.founded_ms, events };
    atom::to_atom(&published, Some(reading.base))
}

/// Every page, for who looks through the web. Ids and times are all that stands in it.
pub(super) fn sitemap(reading: &Reading<'_>) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    let mut say = |path: String, changed: Option<u64>| {
        let changed = changed.map(|at| format!("<lastmod>{}</lastmod>", claimed(at))).unwrap_or_default();
        text += &format!("<url><loc>{}{path}</loc>{changed}</url>\n", reading.base);
    };
    say("/".to_owned(), None);
    for group in &reading.site.groups {
        say(format!("/g/{}", group.id), None);
    }
    for event in &reading.site.events {
        say(format!("/e/{}", event.published.dated.event.id), Some(event.published.updated_ms));
    }
    text + "</urlset>\n"
}

/// A line as a picture for a camera; an empty one where it is too long.
pub(super) fn picture(line: &str) -> String {
    qr(line).unwrap_or_else(|| "<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_owned())
}
