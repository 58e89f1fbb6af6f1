//! The limits of fields, the same for who writes and who reads; and what is said when one is passed.

use std::ops::RangeInclusive;

/// A post that may not be signed, since one of its fields is past its limit.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct PostError {
    /// Which field.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a field, and what would be right.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum Problem {
    #[error("must not be empty")]
    Empty,
    #[error("{bytes} bytes, where at most {max} are allowed")]
    TooLong { bytes: usize, max: usize },
    #[error("the character at byte {at} is not text")]
    Control { at: usize },
    #[error("begins or ends with a space")]
    Untrimmed,
    #[error("{found}, where {min} to {max} are allowed")]
    Range { found: u32, min: u32, max: u32 },
    #[error("{found} of them, where {min} to {max} are allowed")]
    Count { found: usize, min: usize, max: usize },
    #[error("names the same thing twice")]
    Twice,
    #[error("nothing to change")]
    NoChange,
    #[error("a door has no seats to give")]
    DoorQuota,
    #[error("names the entry at cut_seq, and nothing where cut_seq is 0")]
    Cut,
    #[error("not a latitude and longitude")]
    Geo,
    #[error("{0}")]
    Rule(super::RuleError),
    #[error("says from where on somebody counts again, if and only if it lifts a revoke")]
    Lifts,
    #[error("0 for both, where at least one must be able to say it")]
    Nobody,
    #[error("not a local date and time like 2026-12-01T18:30")]
    Start,
    #[error("{zone} is not a time zone like Europe/Lisbon")]
    Zone { zone: String },
    #[error("there is no {start} in {zone}: its clocks go from {from} to {to}")]
    Skipped { start: String, zone: String, from: String, to: String },
}

/// One line that people read: no control character, no other line break, no space at either end.
pub(super) fn line(field: &'static str, said: &str, bytes: RangeInclusive<usize>) -> Result<(), PostError> {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    length(field, said, bytes)?;
    match said.find(breaks) {
        Some(at) => Err(PostError { field, problem: Problem::Control { at } }),
        None if said.trim() != said => Err(PostError { field, problem: Problem::Untrimmed }),
        None => Ok(()),
    }
}

/// Text of several lines: no control characters but line feed and tab.
pub(crate) fn text(field: &'static str, said: &str, bytes: RangeInclusive<usize>) -> Result<(), PostError> {
    length(field, said, bytes)?;
    match said.find(|c: char| c.is_control() && !matches!(c, '\n' | '\t')) {
        Some(at) => Err(PostError { field, problem: Problem::Control { at } }),
        None => Ok(()),
    }
}

fn length(field: &'static str, said: &str, bytes: RangeInclusive<usize>) -> Result<(), PostError> {
    let problem = match said.len() {
        found if found > *bytes.end() => Problem::TooLong { bytes: found, max: *bytes.end() },
        found if found < *bytes.start() => Problem::Empty,
        _ => return Ok(()),
    };
    Err(PostError { field, problem })
}

pub(super) fn number(field: &'static str, found: u32, allowed: RangeInclusive<u32>) -> Result<(), PostError> {
    if allowed.contains(&found) {
        return Ok(());
    }
    let (min, max) = allowed.into_inner();
    Err(PostError { field, problem: Problem::Range { found, min, max } })
}

pub(super) fn count(
    field: &'static str,
    found: usize,
    allowed: RangeInclusive<usize>,
) -> Result<(), PostError> {
    if allowed.contains(&found) {
        return Ok(());
    }
    let (min, max) = allowed.into_inner();
    Err(PostError { field, problem: Problem::Count { found, min, max } })
}

/// Few items each time: comparing all pairs needs no second list.
pub(super) fn distinct<T: PartialEq>(field: &'static str, items: &[T]) -> Result<(), PostError> {
    if items.iter().enumerate().any(|(i, item)| items[..i].contains(item)) {
        return Err(PostError { field, problem: Problem::Twice });
    }
    Ok(())
}
