//! Events for readers on the web: a feed of a group's events (Atom, RFC 4287) and an event as linked data
//! (JSON-LD with the words of schema.org).
//!
//! Absent on purpose: guests, and petnames. What a program makes public of an event is the event.

pub mod atom;
pub mod jsonld;

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};

use crate::calendar::Dated;

/// The tag by which a host says that everybody may read of an event on the pages of a pub. Source: spec/pub.md,
/// "public pages".
pub const PUBLIC: &str = "public";

/// Whether these tags of an event say so.
pub fn is_public(tags: &[String]) -> bool {
    tags.iter().any(|tag| tag == PUBLIC)
}

/// The other tags, and that one where it is to be public.
pub fn marked(tags: impl IntoIterator<Item = String>, public: bool) -> Vec<String> {
    let others = tags.into_iter().filter(|tag| tag != PUBLIC);
    others.chain(public.then(|| PUBLIC.to_owned())).collect()
}

/// A group or an event, as it is made public.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Published {
    /// Id of the group or event.
    pub id: String,
    /// Its name or title.
    pub title: String,
    /// Who founded it, as they call themselves.
    pub author: String,
    /// When its founding entry says that it was written: milliseconds since 1970.
    pub founded_ms: u64,
    /// The event, or those that count in the group; soonest first.
    pub events: Vec<PublishedEvent>,
}

/// An event, as it is made public.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PublishedEvent {
    /// What it is.
    pub dated: Dated,
    /// Its author and whoever else organizes it, as they call themselves.
    pub organizers: Vec<String>,
    /// When its founding entry says that it was written: milliseconds since 1970.
    pub founded_ms: u64,
    /// The same of its latest change.
    pub updated_ms: u64,
}

/// A time that somebody claims; the beginning of 1970 where it is none that RFC 3339 can write.
pub(crate) fn claimed(time_ms: u64) -> String {
    let time = i64::try_from(time_ms).ok().and_then(DateTime::from_timestamp_millis);
    let time = time.filter(|time| time.timestamp() < 253_402_300_800); // The year 10000.
    time.unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests;
