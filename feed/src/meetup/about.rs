//! What a set of facts says about one object, sorted out once: each author's entries in the order of their log.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::{Fact, Facts};
use crate::post::{Person, kind};
use crate::succession::Lineage;
use crate::{EntryId, FeedId, Post, Seq};

/// One entry about the object.
pub(super) struct Said<'a> {
    pub(super) fact: &'a Fact,
    /// `None` if it says nothing: body not held, not fitting, taken back, or of a kind the fold does not read.
    post: Option<Post>,
    pub(super) taken_back: bool,
    /// Whose key signed it: the author's today, or an earlier one.
    pub(super) signer: FeedId,
}

/// Every entry whose first ref is the object and that is not quarantined, by author, place and id.
#[derive(Clone)]
pub(super) struct About<'a> {
    said: Rc<Vec<Said<'a>>>,
    pub(super) lineage: &'a Lineage,
    /// The occurrence that is asked about; `None` = the event, or the series as a whole.
    pub(super) occ: Option<String>,
}

impl Said<'_> {
    pub(super) fn author(&self) -> &Person {
        &self.fact.author
    }

    /// Whether the fold would read a body here that this node does not hold.
    pub(super) fn is_missing(&self) -> bool {
        self.fact.body.is_none() && !self.taken_back
    }
}

impl<'a> About<'a> {
    pub(super) fn gather(facts: &'a Facts, object: EntryId, taken_back: &BTreeSet<EntryId>) -> Self {
        let about = |fact: &&Fact| !fact.quarantined && fact.refs.first() == Some(&object);
        let mut entries: Vec<_> = facts.iter().filter(about).collect();
        // Ids break ties only between the branches of a fork, of which no node accepts both.
        entries.sort_by_key(|fact| (fact.author.feed, fact.seq, fact.id));
        let said = |fact: &'a Fact| {
            let taken_back = taken_back.contains(&fact.id);
            let reads = fact.kind.is_fold() && fact.kind != kind::ARRIVE && !taken_back;
            let signer = facts.signer(fact);
            Said { fact, post: if reads { fact.post() } else { None }, taken_back, signer }
        };
        let said = Rc::new(entries.into_iter().map(said).collect());
        Self { said, lineage: &facts.lineage, occ: None }
    }

    /// The same, for one occurrence.
    pub(super) fn at_occurrence(&self, occ: &str) -> Self {
        Self { said: Rc::clone(&self.said), lineage: self.lineage, occ: Some(occ.to_owned()) }
    }

    /// What an entry says here: nothing if it is about another occurrence.
    pub(super) fn post<'b>(&self, said: &'b Said<'a>) -> Option<&'b Post> {
        said.post.as_ref().filter(|post| post.occ().is_none() || post.occ() == self.occ.as_deref())
    }

    /// The occurrences that something was said about.
    pub(super) fn occurrences(&self) -> BTreeSet<&str> {
        self.iter().filter_map(|said| said.post.as_ref()?.occ()).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Said<'a>> {
        self.said.iter()
    }

    /// The id of that feed's entry at that place, if it is about the object.
    pub(super) fn at(&self, feed: FeedId, seq: Seq) -> Option<EntryId> {
        let place = |said: &Said<'_>| (said.fact.author.feed, said.fact.seq);
        let found = self.said.binary_search_by_key(&(feed, seq), place).ok()?;
        Some(self.said[found].fact.id)
    }
}
