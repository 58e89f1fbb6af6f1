//! Local facts: what this node's owner decided and never publishes. Each space maps a key to a value.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::{EntryId, EventState, FeedId, Lineage, Successor, Unverified};
use klatch_store::{DiskError, Snapshot};
use sha2::{Digest, Sha256};

/// One fact to set; `None` removes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Local {
    /// Which space.
    pub space: &'static str,
    /// The key.
    pub key: Vec<u8>,
    /// The value.
    pub value: Option<Vec<u8>>,
}

/// Names of the spaces.
#[derive(Debug)]
pub struct Spaces;

impl Spaces {
    /// feed → id of its first entry, or nothing if that was not held yet.
    pub const FOLLOW: &'static str = "follow";
    /// feed → the name its follower gave it.
    pub const PETNAME: &'static str = "petname";
    /// feed → nothing.
    pub const BLOCK: &'static str = "block";
    /// Group or event opened by a share line → nothing.
    pub const OPENED: &'static str = "opened";
    /// feed → JSON list of `host:port`.
    pub const PEER: &'static str = "peer";
    /// Feed whose node keeps copies of the own log → nothing.
    pub const HOME: &'static str = "home";
    /// `boot` → the run of the machine in which there was contact last.
    pub const BOOT: &'static str = "boot";
    /// Feed of a pub's member → what the pub notes of them.
    pub const MEMBER: &'static str = "member";
    /// Feed of a pub that was joined → what it answered.
    pub const PUB: &'static str = "pub";
    /// SHA-256 of an invite's secret → its terms and uses, at the pub.
    pub const INVITE: &'static str = "invite";
    /// Feed that a pub removed → nothing.
    pub const REMOVED: &'static str = "removed";
    /// Peer → what this node got of it, as far as the peer vouches: deleted by the store with what it vouches for.
    pub const ASKED: &'static str = klatch_store::TOKENS;
    /// Peer → what this node sent it.
    pub const SERVED: &'static str = "served";
    /// Event, what was done there once, and the occurrence → the RSVPs to which it was to be done.
    pub const STEERED: &'static str = "steered";
    /// Event or group, what kind of notice, and the occurrence, comment, poll or heir → what was told last, as JSON.
    pub const TOLD: &'static str = "told";
    /// SHA-256 of what a calendar knows an event by → the event that was scheduled from it.
    pub const IMPORTED: &'static str = "imported";
    /// Group or event that a pub shows on its public pages → nothing.
    pub const LISTED: &'static str = "listed";
    /// What a node is besides a node → how its operator set it.
    pub const ROLE: &'static str = "role";
}

impl Local {
    /// A fact about a feed.
    pub fn of_feed(space: &'static str, feed: &FeedId, value: Option<Vec<u8>>) -> Self {
        Self { space, key: feed.as_bytes().to_vec(), value }
    }
    /// A fact about a group or event.
    pub fn of_object(space: &'static str, id: &EntryId, value: Option<Vec<u8>>) -> Self {
        Self { space, key: id.as_bytes().to_vec(), value }
    }
}

/// The feeds that a space is keyed by, with their values.
pub(crate) fn feeds(snapshot: &Snapshot, space: &str) -> Result<BTreeMap<FeedId, Vec<u8>>, DiskError> {
    let rows = snapshot.locals(space)?;
    Ok(rows.into_iter().filter_map(|(key, value)| Some((FeedId::new(key.try_into().ok()?), value))).collect())
}

/// As [`feeds`], each person under the key of today alone.
pub(crate) fn people(snapshot: &Snapshot, space: &str) -> Result<BTreeMap<FeedId, Vec<u8>>, DiskError> {
    let lineage = snapshot.lineage()?;
    let mut rows = feeds(snapshot, space)?;
    let known: BTreeSet<FeedId> = rows.keys().copied().collect();
    rows.retain(|feed, _| lineage.now(*feed) == *feed || !known.contains(&lineage.now(*feed)));
    Ok(rows)
}

/// What was decided about people and holds for the key under which they went on, where nothing is said of that
/// one: whom one follows, blocks, calls by a name, reaches somewhere, keeps copies for or with.
pub(crate) fn carried(snapshot: &Snapshot) -> Result<Vec<Local>, DiskError> {
    const SPACES: [&str; 8] = [
        Spaces::FOLLOW,
        Spaces::PETNAME,
        Spaces::BLOCK,
        Spaces::PEER,
        Spaces::HOME,
        Spaces::MEMBER,
        Spaces::PUB,
        Spaces::REMOVED,
    ];
    let lineage = snapshot.lineage()?;
    let lines: BTreeSet<Vec<FeedId>> =
        lineage.successions().map(|succession| lineage.line(succession.old.feed)).collect();
    let mut sets = Vec::new();
    for line in lines {
        for space in SPACES {
            let mut known = None;
            for feed in &line {
                let value = snapshot.local(space, feed.as_bytes())?;
                if value.is_none() && known.is_some() {
                    let first = snapshot.genesis(feed)?.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
                    let value = if space == Spaces::FOLLOW { Some(first) } else { known.clone() };
                    sets.push(Local::of_feed(space, feed, value));
                }
                known = value.or(known);
            }
        }
    }
    for feed in feeds(snapshot, Spaces::FOLLOW)?.into_keys() {
        let Some(by) = outdone(snapshot, &lineage, &feed)? else { continue };
        for space in [Spaces::FOLLOW, Spaces::PETNAME] {
            let value = snapshot.local(space, feed.as_bytes())?;
            if value.is_some() {
                sets.push(Local::of_feed(space, &feed, None));
            }
            if value.is_some() && snapshot.local(space, by.as_bytes())?.is_none() {
                let value = if space == Spaces::FOLLOW { Some(Vec::new()) } else { value };
                sets.push(Local::of_feed(space, &by, value));
            }
        }
    }
    Ok(sets)
}

/// The key by which the person goes on who has or had the key `feed`.
pub(crate) fn today(snapshot: &Snapshot, lineage: &Lineage, feed: &FeedId) -> Result<FeedId, DiskError> {
    Ok(outdone(snapshot, lineage, feed)?.unwrap_or_else(|| lineage.now(*feed)))
}

/// The key of today of whom `feed` says to succeed, by one step or by several, where another key does: two copies of a
/// log went on apart from each other, and this one's word is nobody's.
pub(super) fn outdone(
    snapshot: &Snapshot,
    lineage: &Lineage,
    feed: &FeedId,
) -> Result<Option<FeedId>, DiskError> {
    let mut feed = *feed;
    for _ in 0..if lineage.is_empty() { 0 } else { klatch_feed::succession::LINKS_MAX } {
        let Some(first) = snapshot.stored_entry(&feed, 1)? else { break };
        let Ok(successor) = Successor::check(&snapshot.net(), Unverified::clone(&first)) else { break };
        let said = successor.succession();
        let is_of = snapshot.stored_entry(&said.old.feed, 1)?.is_some_and(|first| successor.is_of(&first));
        let Some(counts) = lineage.successions().find(|counts| is_of && counts.old == said.old) else {
            break;
        };
        if counts.new != said.new {
            return Ok(Some(lineage.now(said.old.feed)));
        }
        feed = said.old.feed;
    }
    Ok(None)
}

/// The event that was scheduled from one of a calendar, which has that UID, or that was exported with it. One that
/// was cancelled can be scheduled anew.
pub(crate) fn scheduled_as(snapshot: &Snapshot, uid: &str) -> Result<Option<EventState>, DiskError> {
    let own: Option<EntryId> = uid.strip_suffix("@klatch").and_then(|id| id.parse().ok());
    let kept = snapshot.local(Spaces::IMPORTED, &uid_key(uid))?;
    let kept = kept.and_then(|id| Some(EntryId::new(id.try_into().ok()?)));
    // An event of somebody else's, which is not here, was exported with its id as well.
    for id in own.into_iter().chain(kept) {
        if let Some(event) = snapshot.event(&id)?.filter(|event| !event.cancelled) {
            return Ok(Some(event));
        }
    }
    Ok(None)
}

/// The key of a UID, which may be of any length.
pub(crate) fn uid_key(uid: &str) -> Vec<u8> {
    Sha256::digest(uid).to_vec()
}

/// The groups and events that a space is keyed by.
pub(crate) fn objects(snapshot: &Snapshot, space: &str) -> Result<Vec<EntryId>, DiskError> {
    let rows = snapshot.locals(space)?;
    Ok(rows.into_iter().filter_map(|(key, _)| Some(EntryId::new(key.try_into().ok()?))).collect())
}

/// What a node calls a feed: its petname, else what it calls itself, else a beginning of its id.
pub(crate) fn called(snapshot: &Snapshot, feed: &FeedId) -> Result<String, DiskError> {
    Ok(match petname(snapshot, feed)? {
        Some(name) => name,
        None => own_name(snapshot, feed)?,
    })
}

/// What a feed calls itself, else a beginning of its id: for what is made public. Petnames never are.
pub(crate) fn own_name(snapshot: &Snapshot, feed: &FeedId) -> Result<String, DiskError> {
    Ok(snapshot.profile(feed)?.map_or_else(|| crate::names::short(feed), |(name, _)| name))
}

/// The petname of a feed.
pub(crate) fn petname(snapshot: &Snapshot, feed: &FeedId) -> Result<Option<String>, DiskError> {
    let name = snapshot.local(Spaces::PETNAME, feed.as_bytes())?;
    Ok(name.and_then(|name| String::from_utf8(name).ok()))
}
