//! What a node wants of others: its own feed and those it follows, and for everything it takes part in,
//! everybody who wrote about it. Source: spec/gossip.md, "want set".

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::{EntryId, EventState, FeedId, GroupState};
use klatch_gossip::sync::{Class, Interest};
use klatch_store::{DiskError, Snapshot};

use super::local::{self, Spaces};

/// Most feeds known to have written about one object.
const ABOUT_MAX: usize = 4096;

/// Feeds and objects that a node asks its peers for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Wants {
    /// Feeds to fetch, those on probation included.
    pub feeds: BTreeSet<FeedId>,
    /// Groups and events to ask about.
    pub objects: BTreeSet<EntryId>,
    /// Feeds wanted for a hint alone: at most [`super::PROBATION_BYTES_MAX`] of each.
    pub probation: BTreeSet<FeedId>,
    /// Of the feeds, those whose owner has a say in what this node takes part in, and its own: first of all.
    pub soon: BTreeSet<FeedId>,
    /// Of the feeds, those that are followed, a pub's members and pubs.
    pub followed: BTreeSet<FeedId>,
}

impl Wants {
    /// The feeds as exchanges ask for them: what makes the events that are near before all else.
    pub fn interest(&self) -> Interest {
        let class = |feed: &FeedId| {
            if self.soon.contains(feed) {
                Class::Soon
            } else if self.followed.contains(feed) {
                Class::Followed
            } else if self.probation.contains(feed) {
                Class::Trial
            } else {
                Class::Known
            }
        };
        Interest { feeds: self.feeds.iter().map(|feed| (*feed, class(feed))).collect() }
    }
}

/// Who may have written about what, as peers say.
pub(super) type Hints = BTreeMap<EntryId, BTreeSet<FeedId>>;

/// Computes the wants of `me`. `mine` are the objects that own entries point at.
pub(super) fn compute(
    snapshot: &Snapshot,
    me: FeedId,
    mine: &BTreeSet<EntryId>,
    hints: &Hints,
) -> Result<Wants, DiskError> {
    let blocked = local::feeds(snapshot, Spaces::BLOCK)?;
    let known = known(snapshot, me)?;
    let (groups, events) = (snapshot.groups()?, snapshot.events()?);
    let mut objects: BTreeSet<EntryId> = local::objects(snapshot, Spaces::OPENED)?.into_iter().collect();
    objects.extend(mine);
    let near = |founder: &FeedId, roles: &[klatch_feed::meetup::RoleLine]| {
        known.contains(founder) || roles.iter().any(|line| line.feed == me)
    };
    objects.extend(groups.iter().filter(|g| near(&g.founder, &g.roles)).map(|g| g.id));
    objects.extend(events.iter().filter(|e| near(&e.author, &e.hosts)).map(|e| e.id));
    // An event leads to its group and a group to the events that count in it (not to all that claim to), so
    // that roles are known where they count.
    objects.extend(
        events.iter().filter(|e| objects.contains(&e.id)).filter_map(|e| e.group).collect::<Vec<_>>(),
    );
    objects.extend(
        events
            .iter()
            .filter(|e| e.in_group && e.group.is_some_and(|g| objects.contains(&g)))
            .map(|e| e.id)
            .collect::<Vec<_>>(),
    );

    let mut soon: BTreeSet<FeedId> = snapshot.lineage()?.line(me).into_iter().collect();
    let near = groups.iter().filter(|g| objects.contains(&g.id));
    soon.extend(near.flat_map(|g| g.roles.iter().map(|line| line.feed).chain([g.founder])));
    let near = events.iter().filter(|e| objects.contains(&e.id));
    soon.extend(near.flat_map(|e| e.hosts.iter().map(|line| line.feed).chain([e.author])));
    let followed = known.clone();
    let mut feeds = known;
    groups.iter().filter(|g| objects.contains(&g.id)).for_each(|g| feeds.extend(in_group(g)));
    events.iter().filter(|e| objects.contains(&e.id)).for_each(|e| feeds.extend(in_event(e)));
    let mut probation = BTreeSet::new();
    for object in &objects {
        feeds.extend(snapshot.about(object, ABOUT_MAX)?.into_iter().map(|(feed, _)| feed));
        probation.extend(hints.get(object).into_iter().flatten());
    }
    probation.retain(|feed| !feeds.contains(feed) && !blocked.contains_key(feed));
    feeds.extend(&probation);
    feeds.retain(|feed| !blocked.contains_key(feed));
    Ok(Wants { feeds, objects, probation, soon, followed })
}

/// Whom `me` knows by their own doing: what is wanted before the log was looked through. Who connects meanwhile is no
/// stranger for that.
pub(super) fn at_start(snapshot: &Snapshot, me: FeedId) -> Result<Wants, DiskError> {
    let blocked = local::feeds(snapshot, Spaces::BLOCK)?;
    let followed = known(snapshot, me)?;
    let feeds = followed.iter().filter(|feed| !blocked.contains_key(feed)).copied().collect();
    let soon = snapshot.lineage()?.line(me).into_iter().collect();
    Ok(Wants { feeds, followed, soon, ..Wants::default() })
}

/// Whom `me` follows or keeps, and pubs.
fn known(snapshot: &Snapshot, me: FeedId) -> Result<BTreeSet<FeedId>, DiskError> {
    let mut known: BTreeSet<FeedId> = local::feeds(snapshot, Spaces::FOLLOW)?.into_keys().collect();
    known.extend(local::feeds(snapshot, Spaces::MEMBER)?.into_keys());
    known.extend(local::feeds(snapshot, Spaces::PUB)?.into_keys());
    known.insert(me);
    known.extend(lines(snapshot, &known)?);
    Ok(known)
}

/// Every key under which one of these wrote or goes on: what they said under one counts for all.
fn lines(snapshot: &Snapshot, known: &BTreeSet<FeedId>) -> Result<BTreeSet<FeedId>, DiskError> {
    let lineage = snapshot.lineage()?;
    let mut keys: BTreeSet<FeedId> = known.iter().flat_map(|feed| lineage.line(*feed)).collect();
    // Whether somebody succeeds another cannot be known before the other's log is here.
    let statements = snapshot.all_successors()?;
    for _ in 0..klatch_feed::succession::LINKS_MAX {
        let is_new = |feed: &FeedId| keys.contains(feed);
        let olds: Vec<FeedId> = statements
            .iter()
            .filter(|kept| is_new(&kept.succession.new.feed) && !is_new(&kept.succession.old.feed))
            .map(|kept| kept.succession.old.feed)
            .collect();
        if olds.is_empty() {
            break;
        }
        keys.extend(olds);
    }
    Ok(keys)
}

fn in_group(group: &GroupState) -> impl Iterator<Item = FeedId> {
    let roles = group.roles.iter().map(|line| line.feed);
    roles.chain(group.members.iter().copied()).chain([group.founder])
}

fn in_event(event: &EventState) -> impl Iterator<Item = FeedId> {
    let lines = [&event.seated, &event.waiting, &event.provisional, &event.unranked, &event.maybe];
    let answered = lines.into_iter().flatten().map(|line| line.feed);
    let hosts = event.hosts.iter().map(|line| line.feed);
    let arrived = event.attendance.iter().map(|line| line.feed);
    answered.chain(hosts).chain(arrived).chain(event.no.iter().copied()).chain([event.author])
}
