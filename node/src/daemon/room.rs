//! How much of others' logs a node keeps. Past it, their chunks are refused, and own posts go on.

use std::collections::BTreeMap;
use std::sync::Arc;

use klatch_feed::{FeedId, Lineage};
use klatch_gossip::sync::Ingest;
use klatch_store::{DiskError, Snapshot};

use super::PROBATION_BYTES_MAX;
use super::local::Spaces;

/// Bytes of others' logs that are kept; `None` = no limit. A pub has limits: spec/pub.md, "what a pub keeps".
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Quota {
    /// Of all together.
    pub total: Option<u64>,
    /// Of one member's feed.
    pub per_member: Option<u64>,
    /// Of one feed that is no member's.
    pub per_other: Option<u64>,
}

/// Why a chunk is not kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoRoom {
    /// All together are too many.
    #[error("the disk limit is reached")]
    Disk,
    /// Too much of one member.
    #[error("the limit of one member is reached")]
    Member,
    /// Too much of somebody who is no member.
    #[error("the limit of one feed that is no member's is reached")]
    Other,
    /// Too much of somebody who is only said to have written about something.
    #[error("nothing of theirs that is wanted has come within the first MiB")]
    Probation,
}

/// What there is room for in one commit.
pub(super) struct Room {
    quota: Quota,
    total: u64,
    /// By the first key of each person.
    taken: BTreeMap<FeedId, u64>,
    lineage: Arc<Lineage>,
}

impl Room {
    pub(super) fn new(snapshot: &Snapshot, quota: Quota) -> Result<Self, DiskError> {
        let feeds = if quota.total.is_some() { snapshot.feeds()? } else { Vec::new() };
        let total = feeds.iter().fold(0, |sum: u64, (_, state)| sum.saturating_add(state.bytes));
        Ok(Self { quota, total, taken: BTreeMap::new(), lineage: snapshot.lineage()? })
    }

    /// Makes room for a chunk, or says why there is none.
    pub(super) fn take(
        &mut self,
        snapshot: &Snapshot,
        ingest: &Ingest,
        probation: bool,
    ) -> Result<Result<(), NoRoom>, DiskError> {
        // A person has one limit, under however many keys they went on.
        let person = self.lineage.first_key(ingest.feed);
        let held = match self.taken.get(&person) {
            Some(held) => *held,
            None => self.lineage.line(person).iter().try_fold(0, |sum: u64, feed| {
                let bytes = snapshot.state(feed)?.map_or(0, |state| state.bytes);
                Ok::<_, DiskError>(sum.saturating_add(bytes))
            })?,
        };
        let member = snapshot.local(Spaces::MEMBER, ingest.feed.as_bytes())?.is_some();
        Ok(self.fit(person, held, ingest.chunk.len() as u64, member, probation))
    }

    fn fit(&mut self, of: FeedId, held: u64, more: u64, member: bool, probation: bool) -> Result<(), NoRoom> {
        let (feed, total) = (held.saturating_add(more), self.total.saturating_add(more));
        let (per_feed, why) = match member {
            true => (self.quota.per_member, NoRoom::Member),
            false => (self.quota.per_other, NoRoom::Other),
        };
        let over = |bytes: u64, max: Option<u64>| max.is_some_and(|max| bytes > max);
        if over(feed, probation.then_some(PROBATION_BYTES_MAX)) {
            return Err(NoRoom::Probation);
        }
        if over(feed, per_feed) {
            return Err(why);
        }
        if over(total, self.quota.total) {
            return Err(NoRoom::Disk);
        }
        self.taken.insert(of, feed);
        self.total = total;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_reached_by_the_first_byte_past_it() {
        let quota = Quota { total: Some(100), per_member: Some(60), per_other: Some(20) };
        let mut room = Room { quota, total: 10, taken: BTreeMap::new(), lineage: Arc::default() };
        let (ana, ben) = (FeedId::new([1; 32]), FeedId::new([2; 32]));
        assert_eq!(room.fit(ana, 0, 61, true, false), Err(NoRoom::Member));
        assert_eq!(room.fit(ana, 0, 60, true, false), Ok(()));
        assert_eq!(room.fit(ana, 60, 1, true, false), Err(NoRoom::Member));
        assert_eq!(room.fit(ben, 0, 21, false, false), Err(NoRoom::Other));
        assert_eq!(room.fit(ben, 0, 20, false, false), Ok(()));
        // 10 + 60 + 20 are kept; who is refused takes no room.
        assert_eq!(room.fit(FeedId::new([3; 32]), 0, 11, true, false), Err(NoRoom::Disk));
        assert_eq!(room.fit(FeedId::new([3; 32]), 0, 10, true, false), Ok(()));
    }

    #[test]
    fn a_person_has_one_limit_under_all_their_keys() {
        use klatch_feed::Succession;
        use klatch_feed::post::Person;
        let person =
            |n: u8| Person { feed: FeedId::new([n; 32]), genesis: klatch_feed::EntryId::new([n; 32]) };
        let lineage = Arc::new(Lineage::new([Succession { old: person(1), keep: 1, new: person(2) }]));
        let home = tempfile::tempdir().unwrap();
        let me = klatch_feed::SecretKey::from_seed(&[9; 32]).feed();
        let net = klatch_feed::NetId::of_name("room");
        let store = klatch_store::Store::create(home.path(), net, me).unwrap();
        let snapshot = store.reader().snapshot().unwrap();
        let quota = Quota { total: None, per_member: None, per_other: Some(60) };
        let mut room = Room { quota, total: 0, taken: BTreeMap::new(), lineage };
        let mut take = |feed: u8, bytes: usize| {
            let feed = FeedId::new([feed; 32]);
            let ingest = Ingest { ticket: 0, feed, base8: None, chunk: vec![0; bytes] };
            room.take(&snapshot, &ingest, false).unwrap()
        };
        assert_eq!(take(1, 40), Ok(()));
        assert_eq!(take(2, 21), Err(NoRoom::Other));
        assert_eq!(take(2, 20), Ok(()));
        assert_eq!(take(3, 60), Ok(()), "somebody else");
    }

    #[test]
    fn a_feed_on_probation_is_kept_up_to_a_mebibyte() {
        let mut room =
            Room { quota: Quota::default(), total: 0, taken: BTreeMap::new(), lineage: Arc::default() };
        let ana = FeedId::new([1; 32]);
        assert_eq!(room.fit(ana, 1, PROBATION_BYTES_MAX, false, true), Err(NoRoom::Probation));
        assert_eq!(room.fit(ana, 1, PROBATION_BYTES_MAX, false, false), Ok(()));
        assert_eq!(room.fit(ana, 0, PROBATION_BYTES_MAX, false, true), Ok(()));
    }
}
