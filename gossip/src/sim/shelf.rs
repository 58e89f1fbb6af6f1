//! A log in memory: what a store keeps and how it accepts, without the disk.
//!
//! The rules are those of the real store (spec/gossip.md, "a chunk that came"), over `klatch_feed` itself. Who
//! succeeds whom is in `shelf/heirs.rs`.

mod heirs;

use std::cell::Cell;
use std::collections::BTreeMap;

use klatch_feed::chunk::{self, CHUNK_BYTES_SOFT};
use klatch_feed::{AcceptError, EntryId, FeedId, ForkProof, Header, K, NetId, PublicKey, Seq, Unverified};

use crate::sync::memory::Memory as Met;
use crate::sync::{Change, FeedState, Outcome, Shelf, Succeeded};
use heirs::Kept;

/// Logs by feed.
#[derive(Clone, Debug)]
pub struct Memory {
    net: NetId,
    me: FeedId,
    feeds: BTreeMap<FeedId, Chain>,
    numbers: Vec<FeedId>,
    clock: u64,
    /// What is remembered of other nodes: kept, and set back, with the log.
    pub met: BTreeMap<FeedId, Met>,
    about: BTreeMap<EntryId, BTreeMap<FeedId, Seq>>,
    /// What is kept about who succeeds whom: what came by [`Memory::keep`], or as a test lays it down.
    pub succeeded: BTreeMap<FeedId, Succeeded>,
    heirs: BTreeMap<FeedId, Vec<Kept>>,
    /// Another node held more of this node's own feed: it does not know what its key signed.
    pub own_is_longer: bool,
    /// How often it was asked what it holds of a feed.
    pub asked: Cell<u64>,
}

/// One feed. Entries past `len` are quarantined: kept, but neither served nor counted.
#[derive(Clone, Debug)]
struct Chain {
    key: PublicKey,
    entries: Vec<Unverified>,
    /// Chains that are held besides, from the first entry on.
    aside: Vec<Vec<Unverified>>,
    len: Seq,
    proof: Option<ForkProof>,
    number: u32,
    changed: u64,
}

impl Memory {
    /// An empty log of the node that writes `me`.
    pub fn new(net: NetId, me: FeedId) -> Self {
        Self {
            net,
            me,
            feeds: BTreeMap::new(),
            numbers: Vec::new(),
            clock: 0,
            met: BTreeMap::new(),
            about: BTreeMap::new(),
            succeeded: BTreeMap::new(),
            heirs: BTreeMap::new(),
            own_is_longer: false,
            asked: Cell::new(0),
        }
    }

    /// Is what it was some time ago, and remembers no more of others than it did then.
    pub fn set_back(&mut self, early: Self) {
        *self = early;
    }

    /// A feed's chain, which is begun if there is none.
    fn chain_of(&mut self, feed: FeedId, key: PublicKey) -> &mut Chain {
        self.feeds.entry(feed).or_insert_with(|| {
            let number = u32::try_from(self.numbers.len()).expect("fewer feeds than 2^32");
            self.numbers.push(feed);
            Chain { key, entries: Vec::new(), aside: Vec::new(), len: 0, proof: None, number, changed: 0 }
        })
    }

    /// Notes a change in the change log; `before` as in [`Change`].
    fn changes(
        &mut self,
        feed: FeedId,
        before: Option<(Seq, Option<Seq>)>,
        objects: Vec<(EntryId, Seq)>,
    ) -> Change {
        self.clock += 1;
        let clock = self.clock;
        if let Some(chain) = self.feeds.get_mut(&feed) {
            chain.changed = clock;
            if before.is_none_or(|before| chain.len < before.0) {
                self.met.values_mut().for_each(|met| met.asked = None); // No token outlives what it vouches for.
            }
        }
        Change { feed, before, clock: (clock, clock), objects }
    }

    /// Accepts or refuses a chunk, as a store does; what changed, if anything did.
    pub fn ingest(
        &mut self,
        feed: FeedId,
        base8: Option<[u8; 8]>,
        chunk: &[u8],
    ) -> (Outcome, Option<Change>) {
        let is_own = feed == self.me;
        match self.judge(feed, base8, chunk) {
            // It is the chain of a statement: nothing is added, and nobody forks it.
            Ok(_) if self.is_closed(&feed) => (Outcome::Accepted(self.state_of(&feed)), None),
            Ok(Verdict::Fork(proof)) => {
                let change = self.fork(&proof);
                (Outcome::Forked(self.state_of(&feed)), change)
            }
            Ok(Verdict::Extends(fresh)) => {
                self.own_is_longer |= is_own && !fresh.is_empty();
                let change = self.extend(feed, fresh);
                (Outcome::Accepted(self.state_of(&feed)), change)
            }
            Err(outcome) => (outcome, None),
        }
    }

    /// Appends an entry that follows what is held and is an anchor. No check is made.
    pub fn append(&mut self, entry: Unverified) -> Change {
        self.append_all(vec![entry])
    }

    /// Appends entries that follow what is held; the last is an anchor. No check is made.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn append_all(&mut self, entries: Vec<Unverified>) -> Change {
        let feed = entries[0].header().author;
        self.extend(feed, entries).expect("there are entries")
    }

    /// Keeps a proof, if its cap is lower than the one known.
    pub fn fork(&mut self, proof: &ForkProof) -> Option<Change> {
        let feed = proof.author();
        let key = PublicKey::parse(&feed).ok().filter(|_| !self.is_closed(&feed))?;
        let net = self.net;
        let chain = self.chain_of(feed, key);
        let before = chain.before();
        if chain.proof.as_ref().is_some_and(|known| known.cap() <= proof.cap()) {
            return None;
        }
        chain.proof = Some(proof.clone());
        chain.len = chain.accepted(&net, proof.cap());
        Some(self.changes(feed, Some(before), Vec::new()))
    }

    /// Keeps what is said about who succeeds a feed. No check is made.
    pub fn succeed(&mut self, feed: FeedId, kept: Succeeded) -> Change {
        let before = self.feeds.get(&feed).map_or((0, None), Chain::before);
        self.succeeded.insert(feed, kept);
        self.changes(feed, Some(before), Vec::new())
    }

    /// Keeps bodies that came late, where they are the ones that the headers name.
    pub fn fill(&mut self, feed: FeedId, from: Seq, bodies: Vec<Option<Vec<u8>>>) -> Option<Change> {
        let chain = self.feeds.get_mut(&feed)?;
        let before = chain.before();
        let mut is_changed = false;
        for (seq, body) in (from..).zip(bodies) {
            let Some(body) = body else { continue };
            let Some(entry) = chain.entries.get_mut(seq as usize - 1) else { break };
            if entry.body().is_none() && Header::hash_body(&body) == entry.header().body_hash {
                let whole = Unverified::new(entry.header().clone(), *entry.signature(), Some(body));
                *entry = whole.expect("the same entry with the body that its header names");
                is_changed = true;
            }
        }
        is_changed.then(|| self.changes(feed, Some(before), Vec::new()))
    }

    /// Forgets the bodies of a feed that may be forgotten.
    pub fn drop_bodies(&mut self, feed: &FeedId) {
        for entry in self.feeds.get_mut(feed).into_iter().flat_map(|chain| &mut chain.entries) {
            if !entry.header().kind.is_control() && entry.header().size > 0 {
                let bare = Unverified::new(entry.header().clone(), *entry.signature(), None);
                *entry = bare.expect("a droppable body may be absent");
            }
        }
    }

    /// All that is stored of a feed, oldest first: what is accepted, and what a cap quarantines.
    pub fn entries(&self, feed: &FeedId) -> &[Unverified] {
        self.feeds.get(feed).map(|chain| &chain.entries[..]).unwrap_or_default()
    }

    /// Ids of the accepted entries of a feed, oldest first.
    pub fn accepted(&self, feed: &FeedId) -> Vec<EntryId> {
        let accepted =
            |chain: &Chain| chain.entries[..chain.len as usize].iter().map(Unverified::id).collect();
        self.feeds.get(feed).map(accepted).unwrap_or_default()
    }

    fn state_of(&self, feed: &FeedId) -> FeedState {
        self.state(feed).unwrap_or(FeedState { len: 0, tip: None, cap: None })
    }

    fn judge(&self, feed: FeedId, base8: Option<[u8; 8]>, chunk: &[u8]) -> Result<Verdict, Outcome> {
        let faulty = |source| Outcome::Faulty(AcceptError::Chunk { feed, source });
        let (first, count) = chunk::span(chunk).map_err(faulty)?;
        if count > K {
            return Err(faulty(chunk::ChunkError::Count(count as usize)));
        }
        let key =
            PublicKey::parse(&feed).map_err(|source| Outcome::Faulty(AcceptError::Key { feed, source }))?;
        let state = self.state_of(&feed);
        if first > state.len + 1 {
            return Err(Outcome::Gap(state));
        }
        let held = self.feeds.get(&feed).map(|chain| &chain.entries[..]).unwrap_or_default();
        let prev = first.checked_sub(2).map(|before| held[before as usize].id());
        if prev.map(|id| id.tip8()) != base8 {
            return Err(Outcome::OtherBranch(state));
        }
        let entries = chunk::decode(feed, prev, chunk).map_err(|error| match error {
            chunk::DecodeError::Chunk(source) => faulty(source),
            chunk::DecodeError::Entry { seq, source } => {
                Outcome::Faulty(AcceptError::Entry { feed, seq, source })
            }
        })?;
        let last = entries.last().expect("a chunk has at least one entry");
        if !last.is_anchor(&self.net, &key) {
            return Err(Outcome::Faulty(AcceptError::Signature { feed, seq: last.header().seq }));
        }
        let held = &held[first as usize - 1..];
        match entries.iter().zip(held).position(|(theirs, mine)| theirs.id() != mine.id()) {
            Some(at) => match ForkProof::build(&self.net, &held[at..], &entries[at..]) {
                Ok(proof) => Ok(Verdict::Fork(proof)),
                Err(_) => Err(Outcome::OtherBranch(state)), // My branch has no anchor there: quarantined.
            },
            None => Ok(Verdict::Extends(entries.into_iter().skip(held.len()).collect())),
        }
    }

    fn extend(&mut self, feed: FeedId, fresh: Vec<Unverified>) -> Option<Change> {
        if fresh.is_empty() {
            return None;
        }
        let key = PublicKey::parse(&feed).expect("its chunk was verified");
        let net = self.net;
        let chain = self.chain_of(feed, key);
        let state = chain.before();
        let cap = chain.proof.as_ref().map_or(Seq::MAX, ForkProof::cap);
        let before = chain.len;
        // Beyond the cap nothing is kept: what was is only what had been accepted without one.
        let allowed = |entry: &Unverified| entry.header().seq <= cap && entry.is_anchor(&net, &chain.key);
        let kept = match cap {
            Seq::MAX => fresh.len(),
            _ => fresh.iter().rposition(allowed).map_or(0, |last| last + 1),
        };
        if kept == 0 {
            return None;
        }
        chain.entries.extend(fresh.into_iter().take(kept));
        chain.len = match cap {
            Seq::MAX => Seq::try_from(chain.entries.len()).expect("a Seq each"),
            _ => chain.accepted(&net, cap),
        };
        let mut objects = BTreeMap::new();
        for entry in &chain.entries[before as usize..chain.len as usize] {
            for object in &entry.header().refs {
                objects.entry(*object).or_insert(entry.header().seq); // The first: a cap may take later ones away.
            }
        }
        for (object, seq) in &objects {
            self.about.entry(*object).or_default().entry(feed).or_insert(*seq);
        }
        let before = (!self.settle(feed)).then_some(state);
        Some(self.changes(feed, before, objects.into_iter().collect()))
    }
}

enum Verdict {
    Extends(Vec<Unverified>),
    Fork(ForkProof),
}

impl Chain {
    fn before(&self) -> (Seq, Option<Seq>) {
        (self.len, self.proof.as_ref().map(ForkProof::cap))
    }

    /// The largest anchor at or below `cap`.
    fn accepted(&self, net: &NetId, cap: Seq) -> Seq {
        let held = self.entries.len().min(cap as usize);
        let anchor = |at: &usize| self.entries[at - 1].is_anchor(net, &self.key);
        let len = (1..=held).rev().find(anchor).unwrap_or(0);
        Seq::try_from(len).expect("a Seq each")
    }
}

impl Shelf for Memory {
    fn state(&self, feed: &FeedId) -> Option<FeedState> {
        self.asked.set(self.asked.get() + 1);
        let chain = self.feeds.get(feed)?;
        let tip = chain.len.checked_sub(1).map(|at| chain.entries[at as usize].id());
        Some(FeedState { len: chain.len, tip, cap: chain.proof.as_ref().map(ForkProof::cap) })
    }

    fn ids(&self, feed: &FeedId, seqs: &[Seq]) -> Vec<Option<EntryId>> {
        let Some(chain) = self.feeds.get(feed) else { return vec![None; seqs.len()] };
        let id = |seq: &Seq| {
            let at = seq.checked_sub(1).filter(|_| *seq <= chain.len)?;
            chain.entries.get(at as usize).map(Unverified::id)
        };
        seqs.iter().map(id).collect()
    }

    fn chunk(&self, feed: &FeedId, from: Seq, headers_only: bool) -> Option<Vec<u8>> {
        let chain = self.feeds.get(feed)?;
        let start = from.checked_sub(1)? as usize;
        let accepted = chain.entries.get(..chain.len as usize)?;
        let window = accepted.get(start..accepted.len().min(start + K as usize))?;
        let is_tip = start + window.len() == accepted.len();
        let end = match is_tip {
            true => window.len(),
            false => 1 + window.iter().rposition(|entry| entry.is_anchor(&self.net, &chain.key))?,
        };
        let entries: Vec<&Unverified> = window[..end].iter().collect();
        let bytes = std::cell::Cell::new(0);
        let keep = |entry: &Unverified| {
            bytes.set(bytes.get() + entry.header().size as usize + 128);
            !headers_only && bytes.get() < CHUNK_BYTES_SOFT
        };
        (!entries.is_empty()).then(|| chunk::encode(&entries, keep))
    }

    fn bodies(&self, feed: &FeedId, from: Seq, count: u32) -> Vec<Option<Vec<u8>>> {
        let Some(chain) = self.feeds.get(feed) else { return Vec::new() };
        let mut bytes = 0;
        let fits = |body: &Option<Vec<u8>>| {
            bytes += body.as_ref().map_or(1, Vec::len);
            bytes <= CHUNK_BYTES_SOFT
        };
        let entries =
            chain.entries.iter().take(chain.len as usize).skip(from as usize - 1).take(count as usize);
        entries.map(|entry| entry.body().map(<[u8]>::to_vec)).take_while(fits).collect()
    }

    fn missing_bodies(&self, feed: &FeedId, after: Seq) -> Vec<Seq> {
        let Some(chain) = self.feeds.get(feed) else { return Vec::new() };
        let missing = |entry: &&Unverified| entry.body().is_none();
        let entries = chain.entries.iter().take(chain.len as usize).skip(after as usize);
        entries.filter(missing).map(|entry| entry.header().seq).take(256).collect()
    }

    fn incomplete(&self) -> Vec<FeedId> {
        let lacks =
            |chain: &Chain| chain.entries.iter().take(chain.len as usize).any(|entry| entry.body().is_none());
        self.feeds.iter().filter(|(_, chain)| lacks(chain)).map(|(feed, _)| *feed).take(4_096).collect()
    }

    fn proof(&self, feed: &FeedId) -> Option<ForkProof> {
        self.feeds.get(feed)?.proof.clone()
    }

    fn number(&self, feed: &FeedId) -> Option<u32> {
        self.feeds.get(feed).map(|chain| chain.number)
    }

    fn feed(&self, number: u32) -> Option<FeedId> {
        self.numbers.get(number as usize).copied()
    }

    fn clock(&self) -> u64 {
        self.clock
    }

    fn changed(&self, feed: &FeedId) -> u64 {
        self.feeds.get(feed).map_or(0, |chain| chain.changed)
    }

    fn changed_since(&self, clock: u64, max: usize) -> Option<Vec<FeedId>> {
        let changed = self.feeds.iter().filter(|(_, chain)| chain.changed > clock);
        let feeds: Vec<FeedId> = changed.map(|(feed, _)| *feed).take(max.saturating_add(1)).collect();
        (feeds.len() <= max).then_some(feeds)
    }

    fn held(&self) -> Vec<FeedId> {
        self.feeds.keys().copied().collect()
    }

    fn succeeded(&self, feed: &FeedId) -> Option<Succeeded> {
        self.succeeded.get(feed).cloned()
    }

    fn all_succeeded(&self) -> Vec<FeedId> {
        self.succeeded.keys().copied().collect()
    }

    fn about(&self, object: &EntryId) -> Vec<(FeedId, Seq)> {
        let is_held =
            |(feed, seq): &(&FeedId, &Seq)| self.state(feed).is_some_and(|state| **seq <= state.len);
        let authors = self.about.get(object).into_iter().flatten().filter(is_held);
        authors.map(|(feed, seq)| (*feed, *seq)).take(4_096).collect()
    }
}
