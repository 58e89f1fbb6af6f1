//! Which connections are to be told of a commit: those whose peers listen to one of its feeds or objects, and those
//! on which this side asks for all that it wants.
//!
//! A pub's members are told of what they want alone, so a commit costs as much as there are who want it, however
//! many are connected. Source: spec/gossip.md, "a pub asks less".

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::{EntryId, FeedId};
use klatch_gossip::link::LinkId;
use klatch_gossip::sync::{Change, Others};
use klatch_store::Changes;

use super::audience::Audience;

/// Connections by what they are to hear of.
#[derive(Debug, Default)]
pub(super) struct Hearers {
    feeds: Audience<FeedId>,
    objects: Audience<EntryId>,
    /// Told of everything.
    all: BTreeSet<LinkId>,
    /// Told of feeds that are new here: one may be what the peer names by a tag.
    new: BTreeSet<LinkId>,
    /// Told of any feed for the same reason.
    any: BTreeSet<LinkId>,
    /// What is asked for on a connection whatever its peer listens to.
    own: BTreeMap<LinkId, [FeedId; 2]>,
}

impl Hearers {
    /// A connection on which all that this node wants is asked for.
    pub(super) fn enter_wide(&mut self, link: LinkId) {
        self.all.insert(link);
    }

    /// A connection on which nothing is asked for but what its peer wants too, and these.
    pub(super) fn enter_narrow(&mut self, link: LinkId, own: [FeedId; 2]) {
        self.own.insert(link, own);
        self.feeds.listen(link, &own, &[]);
    }

    /// The peer listens to other feeds from here on.
    pub(super) fn listen(&mut self, link: LinkId, add: &[FeedId], del: &[FeedId], others: Others) {
        let Some(own) = self.own.get(&link) else { return }; // It hears everything, or is gone.
        let del: Vec<FeedId> = del.iter().filter(|feed| !own.contains(feed)).copied().collect();
        self.feeds.listen(link, add, &del);
        for (set, kind) in [(&mut self.new, Others::New), (&mut self.any, Others::Any)] {
            set.remove(&link);
            set.extend((others == kind).then_some(link));
        }
    }

    /// The peer asks about an object.
    pub(super) fn listen_about(&mut self, link: LinkId, object: EntryId) {
        if self.own.contains_key(&link) {
            self.objects.listen(link, &[object], &[]);
        }
    }

    /// The connection is gone.
    pub(super) fn leave(&mut self, link: LinkId) {
        self.feeds.leave(link);
        self.objects.leave(link);
        self.own.remove(&link);
        for set in [&mut self.all, &mut self.new, &mut self.any] {
            set.remove(&link);
        }
    }

    /// What each connection is to be told of a commit; none that is to be told nothing.
    pub(super) fn told(&self, changes: &Changes) -> BTreeMap<LinkId, Vec<Change>> {
        let mut told: BTreeMap<LinkId, Vec<Change>> = BTreeMap::new();
        for (feed, objects) in &changes.feeds {
            let before = changes.before.get(feed).copied();
            let clock = (changes.clock, changes.clock);
            let change = Change { feed: *feed, before, clock, objects: objects.clone() };
            // A statement may end a feed in the commit that brings it.
            let is_new = before.is_none_or(|before| before == (0, None));
            let unnamed = is_new.then_some(&self.new).into_iter().flatten().chain(&self.any);
            let about = objects.iter().flat_map(|(object, _)| self.objects.of(object));
            let who = self.feeds.of(feed).chain(about).chain(self.all.iter().chain(unnamed).copied());
            for link in who {
                let list = told.entry(link).or_default();
                if list.last().is_none_or(|last| last.feed != *feed) {
                    list.push(change.clone());
                }
            }
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: FeedId = FeedId::new([9; 32]);

    fn feed(n: u8) -> FeedId {
        FeedId::new([n; 32])
    }

    fn object(n: u8) -> EntryId {
        EntryId::new([n; 32])
    }

    /// A commit of entries that ref `objects` to feeds that had so many.
    fn commit(feeds: &[(u8, u32)], objects: &[u8]) -> Changes {
        let refs: Vec<_> = objects.iter().map(|n| (object(*n), 1)).collect();
        Changes {
            feeds: feeds.iter().map(|(n, _)| (feed(*n), refs.clone())).collect(),
            before: feeds.iter().map(|(n, len)| (feed(*n), (*len, None))).collect(),
            clock: 5,
            ..Changes::default()
        }
    }

    /// Who is told of which feeds.
    fn told(hearers: &Hearers, changes: &Changes) -> Vec<(u64, Vec<u8>)> {
        let told = hearers.told(changes).into_iter();
        told.map(|(link, changes)| (link.0, changes.iter().map(|change| change.feed.as_bytes()[0]).collect()))
            .collect()
    }

    #[test]
    fn of_a_thousand_members_those_are_told_who_want_the_feed_also_after_their_list_changed() {
        let mut hearers = Hearers::default();
        for n in 0..1_000 {
            hearers.enter_narrow(LinkId(n), [HERE, FeedId::new([0; 32])]);
            hearers.listen(LinkId(n), &[feed(if n == 7 { 2 } else { 3 })], &[], Others::None);
        }
        assert_eq!(told(&hearers, &commit(&[(2, 4)], &[])), [(7, vec![2])]);
        assert_eq!(told(&hearers, &commit(&[(4, 4)], &[])), [], "nobody wants it: nobody is woken");
        hearers.listen(LinkId(8), &[feed(2), feed(4)], &[feed(3)], Others::None);
        hearers.listen(LinkId(7), &[], &[feed(2)], Others::None);
        assert_eq!(told(&hearers, &commit(&[(2, 4), (4, 1)], &[])), [(8, vec![2, 4])]);
        assert_eq!(hearers.told(&commit(&[(3, 1)], &[])).len(), 998);
        hearers.leave(LinkId(8));
        assert_eq!(told(&hearers, &commit(&[(2, 4), (4, 1)], &[])), []);
    }

    #[test]
    fn what_is_asked_of_every_member_is_told_whatever_its_peer_wants() {
        let mut hearers = Hearers::default();
        hearers.enter_narrow(LinkId(1), [HERE, feed(1)]);
        hearers.enter_narrow(LinkId(2), [HERE, feed(2)]);
        hearers.listen(LinkId(1), &[HERE], &[], Others::None);
        hearers.listen(LinkId(1), &[], &[HERE, feed(1)], Others::None);
        assert_eq!(told(&hearers, &commit(&[(9, 4)], &[])), [(1, vec![9]), (2, vec![9])]);
        assert_eq!(told(&hearers, &commit(&[(1, 4)], &[])), [(1, vec![1])]);
    }

    #[test]
    fn who_named_a_feed_by_a_tag_hears_of_it_also_where_a_succession_ended_it_in_the_commit_that_brought_it()
    {
        let mut hearers = Hearers::default();
        hearers.enter_narrow(LinkId(1), [HERE, feed(1)]);
        hearers.listen(LinkId(1), &[HERE], &[], Others::New);
        let ended = Changes { before: BTreeMap::new(), ..commit(&[(3, 0)], &[]) };
        for (changes, who) in [(commit(&[(3, 0)], &[]), 1), (commit(&[(3, 4)], &[]), 0), (ended, 1)] {
            assert_eq!(told(&hearers, &changes).len(), who, "{changes:?}");
        }
    }

    #[test]
    fn on_a_connection_that_asks_for_everything_everything_is_told_once() {
        let mut hearers = Hearers::default();
        hearers.enter_wide(LinkId(1));
        hearers.listen(LinkId(1), &[feed(3)], &[], Others::Any);
        hearers.listen_about(LinkId(1), object(7));
        assert_eq!(told(&hearers, &commit(&[(3, 0), (4, 4)], &[7])), [(1, vec![3, 4])]);
    }

    #[test]
    fn who_asks_about_an_object_hears_of_each_feed_with_an_entry_about_it() {
        let mut hearers = Hearers::default();
        for n in 1..3 {
            hearers.enter_narrow(LinkId(n), [HERE, feed(1)]);
        }
        hearers.listen(LinkId(1), &[feed(3)], &[], Others::None);
        hearers.listen_about(LinkId(1), object(7));
        assert_eq!(told(&hearers, &commit(&[(3, 4), (4, 4)], &[7])), [(1, vec![3, 4])]);
        assert_eq!(told(&hearers, &commit(&[(4, 4)], &[8])), []);
        hearers.leave(LinkId(1));
        assert_eq!(told(&hearers, &commit(&[(3, 4), (4, 4)], &[7])), []);
    }

    #[test]
    fn who_names_feeds_by_tags_hears_of_those_that_it_may_mean() {
        let mut hearers = Hearers::default();
        for (n, others) in [(1, Others::None), (2, Others::New), (3, Others::Any)] {
            hearers.enter_narrow(LinkId(n), [HERE, feed(1)]);
            hearers.listen(LinkId(n), &[], &[], others);
        }
        assert_eq!(told(&hearers, &commit(&[(4, 0)], &[])), [(2, vec![4]), (3, vec![4])]);
        assert_eq!(told(&hearers, &commit(&[(4, 1)], &[])), [(3, vec![4])]);
        hearers.enter_narrow(LinkId(4), [HERE, feed(1)]);
        hearers.listen(LinkId(4), &[], &[], Others::Any);
        hearers.leave(LinkId(4));
        hearers.listen(LinkId(2), &[feed(4)], &[], Others::None);
        hearers.listen(LinkId(3), &[feed(4)], &[], Others::New);
        assert_eq!(told(&hearers, &commit(&[(5, 0)], &[])), [(3, vec![5])]);
        hearers.leave(LinkId(3));
        assert_eq!(told(&hearers, &commit(&[(5, 0)], &[])), []);
    }
}
