//! Check-in between a door and a guest on one connection. Source: spec/door.md.
//!
//! The door shows each connection a fresh challenge, and its screen another; the guest signs one; the door
//! writes its countersignature down before it says so; then the guest writes down theirs. [`host`] and
//! [`guest`] decide, and touch neither sockets nor clocks: [`crate::net`] carries what they say. [`arrivals`]
//! tells which door saw somebody first.

pub mod arrivals;
pub mod code;
pub mod guest;
pub mod host;

use klatch_feed::{EventState, FeedId};

/// Whether entries of `feed` countersign check-ins to the event: any role does, up to its cut, which the
/// fold judges entry by entry; who is cut now writes nothing that counts.
pub fn may_countersign(state: &EventState, feed: &FeedId) -> bool {
    state.hosts.iter().any(|line| line.feed == *feed && line.cut.is_none())
}
