//! What people ask of a node that is connected, and what it answers. `--json` prints these.

use std::net::SocketAddr;

use klatch_feed::{EntryId, FeedId, Seq};
use serde::{Deserialize, Serialize};

/// A request that takes connections to other nodes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is the argument of the command that bears its name")]
pub enum NetRequest {
    /// Who is connected, and by which path.
    Peers,
    /// Redeems an invite.
    Join { line: String },
    /// Opens a door, or looks at one that is open. Answers at once if there is something newer than
    /// `after`, else when there is, or after `within_ms`, at most 20 s.
    Door {
        event: String,
        /// The occurrence of a series, by its date or local start.
        #[serde(default)]
        on: Option<String>,
        after: u64,
        within_ms: u64,
        /// Do not open it: say no where it is closed.
        #[serde(default)]
        open_only: bool,
    },
    /// Closes it.
    DoorClose {
        event: String,
        #[serde(default)]
        on: Option<String>,
    },
    /// Lets somebody in at a door that is open here, by the answer that their screen shows.
    DoorScan { code: String },
    /// Answers a door's challenge; waits for one at most `within_ms`, and 20 s.
    Checkin {
        event: String,
        #[serde(default)]
        on: Option<String>,
        code: Option<String>,
        trust: Option<FeedId>,
        within_ms: u64,
    },
}

/// The answer to a [`NetRequest`].
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "named after the requests")]
pub enum NetResponse {
    Peers(Vec<PeerLine>),
    Joined(Joined),
    Door(DoorView),
    Closed,
    Scanned(Arrival),
    CheckedIn(CheckedIn),
    /// A door is there that nothing here calls one: its owner has to be trusted by name.
    Stranger {
        door: FeedId,
        name: String,
    },
}

/// How a connection came about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    /// On this network, or this machine.
    Lan,
    /// By an address that a person gave.
    Peer,
    /// With a pub that this node has joined.
    Pub,
    /// With a member of this pub.
    Member,
}

/// One connection.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct PeerLine {
    pub feed: FeedId,
    pub name: String,
    pub path: Path,
    pub address: SocketAddr,
    /// Whether this side dialled.
    pub dialled: bool,
    /// Bytes since the handshake.
    pub received: u64,
    pub sent: u64,
    /// How long it has stood.
    pub seconds: u64,
    /// Whether all that both sides want and hold was exchanged at some time.
    pub level: bool,
    /// How many of one's own entries the peer holds, as far as is known.
    pub holds: Seq,
    /// ... of so many.
    pub own: Seq,
    /// Feeds of which the peer is known to hold more than is here ...
    pub coming_feeds: u32,
    /// ... and how many entries more.
    pub coming_entries: u64,
}

/// What is still to come, in words: of all peers the one who holds most, since what they hold is much the same.
/// `None` where nothing is.
pub fn still_coming(peers: &[PeerLine]) -> Option<String> {
    let most = peers.iter().max_by_key(|peer| peer.coming_entries).filter(|peer| peer.coming_entries > 0)?;
    let (feeds, entries) = (most.coming_feeds, most.coming_entries);
    let s = |count: u64| if count == 1 { "" } else { "s" };
    let ies = if entries == 1 { "y" } else { "ies" };
    Some(format!("Still coming: {entries} entr{ies} of {feeds} feed{}.", s(feeds.into())))
}

/// A pub that was joined.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Joined {
    pub feed: FeedId,
    pub name: String,
    pub address: String,
    /// Bytes of one's own log that it keeps.
    pub quota: u64,
}

/// A door as its host sees it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct DoorView {
    pub event: EntryId,
    /// The occurrence of a series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occ: Option<String>,
    pub title: String,
    /// What the screen shows.
    pub code: String,
    /// How long that is good for.
    pub good_for_ms: u64,
    /// Persons with a seat.
    pub expected: u32,
    pub arrived: Vec<Arrival>,
    /// Persons who came, by all doors that are heard of.
    pub headcount: u32,
    /// Grows with whatever changes in the above but the time.
    pub version: u64,
}

/// One person who came.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Arrival {
    pub feed: FeedId,
    pub name: String,
    /// Whether they had asked for no seat.
    pub walk_in: bool,
    /// Whether this door countersigned, and not only another one.
    pub here: bool,
    /// How many persons came with them.
    pub persons: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
    /// Who let them in first.
    pub first: Option<FirstScan>,
    /// How often they were scanned at this door since it opened, when they were in already.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub again: u32,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Which door let somebody in first, by what the doors themselves claim.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct FirstScan {
    pub door: FeedId,
    pub door_name: String,
    /// Milliseconds since 1970, by that door's clock.
    pub time_ms: u64,
}

/// What a check-in came to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct CheckedIn {
    /// The `arrive` post in one's own log; `None` if one was checked in already.
    pub id: Option<EntryId>,
    pub event: EntryId,
    pub title: String,
    /// Who countersigned.
    pub door: FeedId,
    pub door_name: String,
    pub walk_in: bool,
    pub already: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_coming_is_told_by_who_holds_most() {
        let peer = |coming_feeds, coming_entries| PeerLine {
            feed: FeedId::new([1; 32]),
            name: String::new(),
            path: Path::Lan,
            address: ([127, 0, 0, 1], 1).into(),
            dialled: true,
            received: 0,
            sent: 0,
            seconds: 0,
            level: false,
            holds: 0,
            own: 0,
            coming_feeds,
            coming_entries,
        };
        let cases = [
            ("nobody", vec![], None),
            ("level with all", vec![peer(0, 0), peer(0, 0)], None),
            ("one entry", vec![peer(1, 1)], Some("Still coming: 1 entry of 1 feed.")),
            (
                "two peers",
                vec![peer(3, 40), peer(31, 12_340)],
                Some("Still coming: 12340 entries of 31 feeds."),
            ),
        ];
        for (name, peers, said) in cases {
            assert_eq!(still_coming(&peers).as_deref(), said, "{name}");
        }
    }
}
