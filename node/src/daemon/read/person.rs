//! One person, as this node knows them.

use klatch_feed::{FeedId, Post, Seq};
use klatch_store::{DiskError, Snapshot};

use super::{EarlierLog, FollowLine, On, Refusal, Response};
use crate::daemon::local::{self, Spaces};

impl On<'_> {
    /// With the links of their profile, which lists leave out: they are read from the log.
    pub(super) fn one_person(&self, who: Option<&str>) -> Result<Response, Refusal> {
        let feed = self.person(who)?;
        let links = profile(self.snapshot, &feed)?.map(|profile| profile.links).unwrap_or_default();
        Ok(Response::Person(FollowLine { links, ..follow_line(self.snapshot, feed)? }))
    }
}

/// What somebody says of themselves.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(in crate::daemon) struct Profile {
    pub(in crate::daemon) name: String,
    pub(in crate::daemon) about: String,
    pub(in crate::daemon) links: Vec<String>,
}

/// The newest profile in a log.
pub(in crate::daemon) fn profile(snapshot: &Snapshot, feed: &FeedId) -> Result<Option<Profile>, DiskError> {
    let Some(entry) = snapshot.profile_entry(feed, Seq::MAX)? else { return Ok(None) };
    let header = entry.header();
    Ok(match Post::read(header.kind, &header.refs, entry.body()) {
        Some(Post::Profile { name, about, links }) => Some(Profile { name, about, links }),
        _ => None,
    })
}

/// Somebody in a list.
pub(in crate::daemon) fn follow_line(snapshot: &Snapshot, feed: FeedId) -> Result<FollowLine, DiskError> {
    let state = snapshot.state(&feed)?;
    let lineage = snapshot.lineage()?;
    let line = lineage.line(feed);
    let mut before = Vec::new();
    for earlier in line.iter().take_while(|earlier| **earlier != feed) {
        let entries = snapshot.state(earlier)?.map_or(0, |state| state.len);
        before.push(EarlierLog { feed: *earlier, entries });
    }
    let (name, about) = snapshot.profile(&feed)?.unzip();
    Ok(FollowLine {
        before,
        now: line.last().copied().filter(|now| *now != feed),
        feed,
        petname: local::petname(snapshot, &feed)?,
        name,
        about: about.unwrap_or_default(),
        links: Vec::new(),
        entries: state.map_or(0, |state| state.len),
        bytes: state.map_or(0, |state| state.bytes),
        cap: state.and_then(|state| state.cap),
        followed: snapshot.local(Spaces::FOLLOW, feed.as_bytes())?.is_some(),
        blocked: snapshot.local(Spaces::BLOCK, feed.as_bytes())?.is_some(),
    })
}
