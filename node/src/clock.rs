//! The one place that reads time and randomness.

#![expect(clippy::disallowed_methods, reason = "this is where time and randomness come in")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970 by this machine's clock, within what an entry can carry.
pub fn now_ms() -> u64 {
    // A clock before 1970 reads as 1970: time is the author's claim, and never decides anything.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX).min(klatch_feed::entry::TIME_MS_MAX)
}

/// As [`now_ms`], to be compared with the starts of events.
pub fn now() -> i64 {
    i64::try_from(now_ms()).unwrap_or(i64::MAX)
}

/// Days since 1970-01-01, UTC, by this machine's clock.
pub fn today() -> u32 {
    u32::try_from(now_ms() / (24 * 60 * 60 * 1000)).unwrap_or(u32::MAX)
}

/// `N` bytes of the system's randomness.
///
/// # Panics
///
/// Where the system has none to give: no key may be drawn then, and no node may run.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives randomness");
    bytes
}

/// Monotonic time since it was started.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        Self(Instant::now())
    }
    /// How long ago that was.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The zone in which the person at this machine reads times: `TZ`, else the system's, else UTC.
pub fn local_zone() -> chrono_tz::Tz {
    let named = std::env::var("TZ").ok().map(|tz| tz.trim_start_matches(':').to_owned());
    let linked = || {
        let target = std::fs::read_link("/etc/localtime").ok()?;
        Some(target.to_str()?.split_once("zoneinfo/")?.1.to_owned())
    };
    named.or_else(linked).and_then(|name| name.parse().ok()).unwrap_or(chrono_tz::UTC)
}
