//! An event as JSON-LD. The text can stand within a page as it is: no character in it ends a script.

use chrono::TimeDelta;
use klatch_feed::EventState;
use klatch_feed::post::instant;
use serde_json::{Map, Value, json};

use super::PublishedEvent;
use crate::calendar::{Dated, degrees};
use crate::foreign;

/// The event. Of a series, with each of its occurrences. `url` is the page that it is on, if there is one.
pub fn to_jsonld(published: &PublishedEvent, url: Option<&str>) -> String {
    let Dated { event, occurrences, .. } = &published.dated;
    let mut object = object(event);
    let whole = [("@context", json!("https://schema.org")), ("@id", json!(format!("klatch:{}", event.id)))];
    object.extend(whole.map(|(key, value)| (key.to_owned(), value)));
    if let Some(url) = url {
        object.insert("url".into(), json!(url));
    }
    let person = |name: &String| json!({ "@type": "Person", "name": foreign::line(name) });
    object.insert("organizer".into(), published.organizers.iter().map(person).collect());
    if event.founded_start.is_some() {
        object.insert("@type".into(), json!("EventSeries"));
        // It ends with its last date, if it has one.
        object.remove("endDate");
        let names = event.occurrence_names();
        let at = |name: &String| {
            let special = occurrences.iter().find(|special| special.occ.as_ref() == Some(name));
            special.cloned().unwrap_or_else(|| event.plain_occurrence(name))
        };
        if let Some(end) = names.last().filter(|_| ends(event)).and_then(|name| times(&at(name)).1) {
            object.insert("endDate".into(), json!(end));
        }
        let occurrence = |name: &String| Value::Object(self::object(&at(name)));
        object.insert("subEvent".into(), names.iter().map(occurrence).collect());
    }
    let text = serde_json::to_string_pretty(&object).expect("text and numbers are JSON");
    // Outside of strings JSON has none of these.
    let escaped = text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    escaped + "\n"
}

fn object(event: &EventState) -> Map<String, Value> {
    let mut all = Map::new();
    let mut put = |key: &str, value: Value| drop(all.insert(key.to_owned(), value));
    put("@type", json!("Event"));
    put("name", json!(foreign::line(&event.title)));
    let (start, end) = times(event);
    put("startDate", json!(start));
    if let Some(end) = end {
        put("endDate", json!(end));
    }
    let status = if event.cancelled { "EventCancelled" } else { "EventScheduled" };
    put("eventStatus", json!(format!("https://schema.org/{status}")));
    if !event.about.is_empty() {
        put("description", json!(foreign::lines(&event.about)));
    }
    let mut locations = Vec::new();
    if !event.place.is_empty() || event.geo.is_some() {
        let mut place = json!({ "@type": "Place", "name": foreign::line(&event.place) });
        if let Some((lat, lon)) = event.geo {
            place["geo"] =
                json!({ "@type": "GeoCoordinates", "latitude": degrees(lat), "longitude": degrees(lon) });
        }
        locations.push(place);
    }
    if let Some(link) = foreign::link(&event.online) {
        locations.push(json!({ "@type": "VirtualLocation", "url": link }));
    }
    if !locations.is_empty() {
        put("location", Value::Array(locations));
    }
    if let Some(capacity) = event.capacity {
        put("maximumAttendeeCapacity", json!(capacity));
    }
    if !event.tags.is_empty() {
        put("keywords", event.tags.iter().map(|tag| json!(foreign::line(tag))).collect());
    }
    all
}

/// Whether a series has a last date.
fn ends(event: &EventState) -> bool {
    let rule = event.repeat.as_deref().unwrap_or_default();
    rule.is_empty() || rule.split(';').any(|part| part.starts_with("UNTIL=") || part.starts_with("COUNT="))
}

/// Begin and end: dates, or instants with the offset of the place; local time alone where its zone is not known.
fn times(event: &EventState) -> (String, Option<String>) {
    let Ok(start) = instant(&event.start, &event.zone) else {
        return (foreign::line(&event.start), None);
    };
    if event.all_day {
        let last = TimeDelta::days(i64::from(event.minutes.div_ceil(24 * 60)).max(1) - 1);
        let last = start.date_naive().checked_add_signed(last);
        return (start.date_naive().to_string(), last.map(|date| date.to_string()));
    }
    let end = start.checked_add_signed(TimeDelta::minutes(event.minutes.into()));
    (start.to_rfc3339(), end.map(|end| end.to_rfc3339()))
}
