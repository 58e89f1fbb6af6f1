//! Succession: a new feed that goes on where an old one is to end. Source: spec/feed.md, "succession".
//!
//! The statement stands in the new feed's first entry and is signed by the recovery key that the old feed's
//! first entry committed to. Which of several counts, and who a [`Person`] is by now, are pure functions of
//! the set of statements.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::chain::K;
use crate::entry::Header;
use crate::key::SALT_BYTES;
use crate::post::{Person, kind};
use crate::{EntryError, EntryId, FeedId, NetId, Post, PublicKey, RecoveryWords, SecretKey, Seq, Unverified};

const DOMAIN: &[u8] = b"klatch/succeed/1\0";

/// Most successions that one person may have had; links past it say nothing.
pub const LINKS_MAX: usize = 64;
/// Most successors that are kept of one feed.
pub const SUCCESSORS_MAX: usize = 16;

/// What the first entry of a feed says of the feed that it succeeds.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Succeeds {
    #[serde(rename = "sig", with = "serde_bytes")]
    signature: [u8; 64],
    feed: FeedId,
    #[serde(with = "serde_bytes")]
    salt: [u8; SALT_BYTES],
    genesis: EntryId,
    keep_id: EntryId,
    keep_seq: Seq,
    #[serde(with = "serde_bytes")]
    recovery: [u8; 32],
}

impl Succeeds {
    /// States that feed `new`, whose first entry commits to `commitment`, succeeds `old` after entry
    /// `keep_seq`, whose id is `keep_id`. `recovery` is the key that `old`'s first entry committed to, `salt` what
    /// the keys of `new` were drawn from, besides the words.
    pub fn sign(
        net: &NetId,
        recovery: &SecretKey,
        old: Person,
        (keep_seq, keep_id): (Seq, EntryId),
        salt: [u8; SALT_BYTES],
        new: &FeedId,
        commitment: &[u8; 32],
    ) -> Self {
        let mut statement = Self {
            signature: [0; 64],
            feed: old.feed,
            salt,
            genesis: old.genesis,
            keep_id,
            keep_seq,
            recovery: *recovery.feed().as_bytes(),
        };
        statement.signature = recovery.sign(&[&statement.message(net, new, commitment)]);
        statement
    }

    /// What an entry says of a feed that its author succeeds, if it is a first entry. Nothing is checked.
    pub fn said_in(entry: &Unverified) -> Option<Self> {
        let header = entry.header();
        match Post::read(header.kind, &header.refs, entry.body()) {
            Some(Post::Genesis { succeeds, .. }) if header.seq == 1 => succeeds.map(|said| *said),
            _ => None,
        }
    }

    /// What a body says of a feed that its author succeeds, if it is a first entry's.
    pub fn in_body(body: &[u8]) -> Option<Self> {
        match Post::read(kind::GENESIS, &[], Some(body)) {
            Some(Post::Genesis { succeeds, .. }) => succeeds.map(|said| *said),
            _ => None,
        }
    }

    /// Whether the recovery key signed it for the feed `new`, whose first entry commits to `commitment`.
    pub fn is_signed(&self, net: &NetId, new: &FeedId, commitment: &[u8; 32]) -> bool {
        let key = PublicKey::parse(&FeedId::new(self.recovery));
        key.is_ok_and(|key| key.verify(&[&self.message(net, new, commitment)], &self.signature))
    }

    /// Whether the recovery key is the one that the old feed's first entry committed to.
    pub fn is_committed(&self, commitment: &[u8; 32]) -> bool {
        Sha256::digest(self.recovery)[..] == *commitment
    }

    /// Who is succeeded.
    pub const fn old(&self) -> Person {
        Person { feed: self.feed, genesis: self.genesis }
    }

    /// The last entry of the old feed that counts.
    pub const fn keep(&self) -> (Seq, EntryId) {
        (self.keep_seq, self.keep_id)
    }

    /// What the new feed's keys were drawn from, besides the words.
    pub const fn salt(&self) -> [u8; SALT_BYTES] {
        self.salt
    }

    fn message(&self, net: &NetId, new: &FeedId, commitment: &[u8; 32]) -> Vec<u8> {
        [
            DOMAIN,
            net.as_bytes(),
            self.feed.as_bytes(),
            self.genesis.as_bytes(),
            &u64::from(self.keep_seq).to_be_bytes(),
            self.keep_id.as_bytes(),
            &self.salt,
            new.as_bytes(),
            commitment,
        ]
        .concat()
    }
}

/// The key that goes on after the entry `keep` of the feed of `old`, and what its entry 1 says. The salts are what the
/// keys of the old feed and of the new one are drawn from ([`RecoveryWords::feed_key`]); the new one is random.
pub fn heir(
    net: &NetId,
    words: &RecoveryWords,
    (old, old_salt): (Person, Option<[u8; SALT_BYTES]>),
    keep: (Seq, EntryId),
    salt: [u8; SALT_BYTES],
) -> (SecretKey, Post) {
    let (secret, recovery) = (words.feed_key(Some(salt)), words.commitment(Some(salt)));
    let old_key = words.recovery_key(old_salt);
    let succeeds = Succeeds::sign(net, &old_key, old, keep, salt, &secret.feed(), &recovery);
    (secret, Post::Genesis { recovery, succeeds: Some(Box::new(succeeds)) })
}

/// The first entry of a feed that succeeds another, checked as far as it can be without the old feed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Successor {
    entry: Unverified,
    succeeds: Succeeds,
}

/// Why bytes are no successor's first entry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SuccessorError {
    /// The entry is ill-formed.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// It is no first entry that succeeds another feed.
    #[error("it is not the first entry of a feed that succeeds another")]
    Genesis,
    /// Its own signature does not hold.
    #[error("its author did not sign it")]
    Signature,
    /// The recovery key's signature does not hold.
    #[error("the recovery key did not sign the succession")]
    Statement,
}

impl Successor {
    /// Checks a first entry: its form, its signature and the recovery key's. Two signatures are checked.
    ///
    /// # Errors
    ///
    /// [`SuccessorError`].
    pub fn check(net: &NetId, entry: Unverified) -> Result<Self, SuccessorError> {
        let header = entry.header();
        let (is_first, new) = (header.seq == 1, header.author);
        let Some(Post::Genesis { recovery, succeeds: Some(succeeds) }) =
            Post::read(header.kind, &header.refs, entry.body()).filter(|_| is_first)
        else {
            return Err(SuccessorError::Genesis);
        };
        if !PublicKey::parse(&new).is_ok_and(|key| entry.is_anchor(net, &key)) {
            return Err(SuccessorError::Signature);
        }
        if !succeeds.is_signed(net, &new, &recovery) {
            return Err(SuccessorError::Statement);
        }
        Ok(Self { entry, succeeds: *succeeds })
    }

    /// Reads `header || signature` and the body, as they travel, and checks them.
    ///
    /// # Errors
    ///
    /// [`SuccessorError`].
    pub fn decode(net: &NetId, signed: &[u8], body: &[u8]) -> Result<Self, SuccessorError> {
        let (header, signature) = signed.split_last_chunk().ok_or(SuccessorError::Genesis)?;
        let entry = Unverified::new(Header::decode(header)?, *signature, Some(body.to_vec()))?;
        Self::check(net, entry)
    }

    /// `header || signature`, and the body.
    pub fn encode(&self) -> (Vec<u8>, Vec<u8>) {
        let signed = [&self.entry.header().encode()[..], self.entry.signature()].concat();
        (signed, self.entry.body().unwrap_or_default().to_vec())
    }

    /// Who is succeeded by whom, and after which place.
    pub fn succession(&self) -> Succession {
        let new = Person { feed: self.entry.header().author, genesis: self.entry.id() };
        Succession { old: self.succeeds.old(), keep: self.succeeds.keep_seq, new }
    }

    /// What the new feed's keys were drawn from, besides the words.
    pub const fn salt(&self) -> [u8; SALT_BYTES] {
        self.succeeds.salt
    }

    /// The id of the last entry of the old feed that counts.
    pub const fn keep_id(&self) -> EntryId {
        self.succeeds.keep_id
    }

    /// Whether the old feed's first entry is the one it names, and committed to the recovery key that signed.
    pub fn is_of(&self, old_first: &Unverified) -> bool {
        let header = old_first.header();
        match Post::read(header.kind, &header.refs, old_first.body()) {
            Some(Post::Genesis { recovery, .. }) => {
                old_first.id() == self.succeeds.genesis
                    && header.author == self.succeeds.feed
                    && header.seq == 1
                    && self.succeeds.is_committed(&recovery)
            }
            _ => false,
        }
    }

    /// Whether `chain`, entries of the old feed that follow one another after its anchor `from` (0: from the
    /// start), ends in the entry to keep, and is accepted up to there by steps from anchor to anchor. Checks few
    /// signatures where most hold: the last in each step.
    pub fn keeps(&self, net: &NetId, from: Seq, chain: &[Unverified]) -> bool {
        let Ok(key) = PublicKey::parse(&self.succeeds.feed) else { return false };
        if chain.last().is_none_or(|last| last.id() != self.succeeds.keep_id)
            || chain.last().map(|last| last.header().seq) != Some(self.succeeds.keep_seq)
            || chain.first().map(|first| first.header().seq) != from.checked_add(1)
        {
            return false;
        }
        let mut rest = chain;
        while !rest.is_empty() {
            let step = &rest[..rest.len().min(K as usize)];
            let Some(anchor) = step.iter().rposition(|entry| entry.is_anchor(net, &key)) else {
                return false;
            };
            rest = &rest[anchor + 1..];
        }
        true
    }
}

/// One valid succession: `new` goes on after entry `keep` of `old`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Succession {
    /// Who is succeeded.
    pub old: Person,
    /// The last entry of theirs that counts.
    pub keep: Seq,
    /// Who goes on.
    pub new: Person,
}

impl Succession {
    /// The smaller counts where somebody has several successors: it keeps more, then the smaller key, then
    /// the smaller first entry.
    pub fn rank(&self) -> (Reverse<Seq>, FeedId, EntryId) {
        (Reverse(self.keep), self.new.feed, self.new.genesis)
    }
}

/// Who is who, by a set of valid successions: everybody is known by their first key, and positions in their
/// log go on from one feed to the next.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Lineage {
    /// The one succession that counts, by who is succeeded.
    next: BTreeMap<Person, Succession>,
    /// By who goes on: the first of the line, and how many entries of it come before.
    roots: BTreeMap<Person, (Person, Seq)>,
    /// By the key of the first of a line: the keys of all, the first's left out, in order.
    heirs: BTreeMap<FeedId, Vec<Person>>,
    /// Each of those keys, and the first of its line.
    keys: BTreeMap<FeedId, FeedId>,
}

impl Lineage {
    /// Of all these the ones that count. A person that succeeds several is of the smallest old one's line.
    pub fn new(all: impl IntoIterator<Item = Succession>) -> Self {
        let mut best = BTreeMap::<Person, Succession>::new();
        for succession in all.into_iter().collect::<BTreeSet<_>>() {
            let held = best.entry(succession.old).or_insert(succession);
            if succession.rank() < held.rank() {
                *held = succession;
            }
        }
        let successors: BTreeSet<Person> = best.values().map(|succession| succession.new).collect();
        let mut lineage = Self::default();
        for root in best.keys().filter(|person| !successors.contains(person)) {
            lineage.follow(*root, &best);
        }
        lineage
    }

    fn follow(&mut self, root: Person, best: &BTreeMap<Person, Succession>) {
        let (mut at, mut base) = (root, 0_u32);
        for _ in 0..LINKS_MAX {
            let Some(succession) = best.get(&at) else { return };
            let new = succession.new;
            if new == root || self.roots.contains_key(&new) {
                return;
            }
            base = base.saturating_add(succession.keep);
            self.next.insert(at, *succession);
            self.roots.insert(new, (root, base));
            self.keys.insert(new.feed, root.feed);
            self.heirs.entry(root.feed).or_default().push(new);
            at = new;
        }
    }

    /// Whether nobody was succeeded.
    pub fn is_empty(&self) -> bool {
        self.next.is_empty()
    }

    /// The first of the person's line, and the place in its log of entry `seq` of theirs; `None` if that
    /// entry is past the last one that counts.
    pub fn place(&self, person: &Person, seq: Seq) -> Option<(Person, Seq)> {
        let is_kept = self.next.get(person).is_none_or(|next| seq <= next.keep);
        is_kept.then(|| {
            let (root, base) = self.root(person);
            (root, base.saturating_add(seq))
        })
    }

    /// As [`Lineage::place`], but what is past the last entry that counts is at that entry: for cuts, which
    /// no succession gets round.
    pub fn cut(&self, person: &Person, seq: Seq) -> (Person, Seq) {
        let seq = self.next.get(person).map_or(seq, |next| seq.min(next.keep));
        let (root, base) = self.root(person);
        (root, if seq == 0 && base == 0 { 0 } else { base.saturating_add(seq) })
    }

    /// The first key of the line that `feed` is a key of.
    pub fn first_key(&self, feed: FeedId) -> FeedId {
        self.keys.get(&feed).copied().unwrap_or(feed)
    }

    /// The first of the person's line.
    pub fn first(&self, person: &Person) -> Person {
        self.root(person).0
    }

    /// The key by which the person goes on who has or had the key `feed`.
    pub fn now(&self, feed: FeedId) -> FeedId {
        let first = self.first_key(feed);
        self.heirs.get(&first).and_then(|heirs| heirs.last()).map_or(first, |heir| heir.feed)
    }

    fn root(&self, person: &Person) -> (Person, Seq) {
        self.roots.get(person).copied().unwrap_or((*person, 0))
    }

    /// Whether the person succeeded somebody, or was succeeded.
    pub fn has(&self, person: &Person) -> bool {
        self.next.contains_key(person) || self.roots.contains_key(person)
    }

    /// Every key of the line that `feed` is a key of, in order; `feed` alone where it is of none.
    pub fn line(&self, feed: FeedId) -> Vec<FeedId> {
        let first = self.first_key(feed);
        let heirs = self.heirs.get(&first).into_iter().flatten().map(|heir| heir.feed);
        [first].into_iter().chain(heirs).collect()
    }

    /// Everybody whose feed is succeeded, and by whom.
    pub fn successions(&self) -> impl Iterator<Item = &Succession> {
        self.next.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(n: u8) -> Person {
        Person { feed: FeedId::new([n; 32]), genesis: EntryId::new([n; 32]) }
    }

    fn after(old: u8, keep: Seq, new: u8) -> Succession {
        Succession { old: person(old), keep, new: person(new) }
    }

    #[test]
    fn of_several_the_one_that_keeps_more_counts_then_the_smaller_key_then_the_smaller_first_entry() {
        let other_genesis = |n: u8, id: u8| Person { genesis: EntryId::new([id; 32]), ..person(n) };
        let cases = [
            ("keeps more", after(1, 5, 9), after(1, 4, 2)),
            ("smaller key", after(1, 5, 2), after(1, 5, 3)),
            (
                "smaller first entry",
                Succession { old: person(1), keep: 5, new: other_genesis(2, 1) },
                Succession { old: person(1), keep: 5, new: other_genesis(2, 3) },
            ),
        ];
        for (name, counts, other) in cases {
            for all in [[counts, other], [other, counts]] {
                let lineage = Lineage::new(all);
                assert_eq!(lineage.successions().collect::<Vec<_>>(), [&counts], "{name}");
                assert_eq!(lineage.first(&other.new), other.new, "{name}: the other is nobody's heir");
            }
        }
    }

    #[test]
    fn a_line_is_one_log() {
        let line = Lineage::new([after(1, 5, 2), after(2, 3, 3)]);
        let cases = [
            (1, 5, Some((1, 5))),
            (1, 6, None),
            (2, 1, Some((1, 6))),
            (2, 3, Some((1, 8))),
            (2, 4, None),
            (3, 9, Some((1, 17))),
            (7, 9, Some((7, 9))),
        ];
        for (who, seq, place) in cases {
            let wanted = place.map(|(first, seq)| (person(first), seq));
            assert_eq!(line.place(&person(who), seq), wanted, "entry {seq} of {who}");
        }
        assert_eq!(line.now(person(1).feed), person(3).feed);
        assert_eq!(line.now(person(7).feed), person(7).feed);
        assert_eq!(line.cut(&person(1), 9), (person(1), 5), "a cut on the other branch is before all heirs");
        assert_eq!(line.cut(&person(1), 0), (person(1), 0));
        assert_eq!(line.cut(&person(2), 0), (person(1), 5));
    }

    #[test]
    fn circles_and_endless_lines_end() {
        let circle = Lineage::new([after(1, 5, 2), after(2, 5, 1)]);
        assert!(circle.is_empty(), "nobody is the first of it");
        assert!(Lineage::new([after(1, 5, 1)]).is_empty());
        let tail = Lineage::new([after(1, 5, 2), after(2, 5, 3), after(3, 5, 2)]);
        assert_eq!(tail.now(person(1).feed), person(3).feed);
        let long = Lineage::new((0..=LINKS_MAX as u8).map(|n| after(n, 1, n + 1)));
        assert_eq!(long.now(person(0).feed), person(LINKS_MAX as u8).feed);
    }
}
