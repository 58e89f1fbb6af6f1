//! Writing logs for the simulator: honest entries, forks, and entries whose own signature is bad.

use klatch_feed::post::{Person, Post};
use klatch_feed::{
    Draft, EntryId, FeedId, Head, Kind, NetId, SecretKey, Seq, Succeeds, Successor, Unverified,
};

/// One who signs, and where their log stands.
#[derive(Debug)]
pub struct Author {
    net: NetId,
    secret: SecretKey,
    /// The last entry written, good or bad.
    pub head: Head,
    salt: u64,
    /// What its calendar says; it may be years off.
    pub wall: u64,
}

impl Author {
    /// The author whose key is drawn from `number`.
    pub fn new(net: NetId, number: u64) -> Self {
        let mut seed = [0x51; 32];
        seed[..8].copy_from_slice(&number.to_be_bytes());
        let secret = SecretKey::from_seed(&seed);
        let head = Head::empty(secret.feed());
        Self { net, secret, head, salt: 0, wall: 1_790_000_000_000 }
    }

    /// The feed written.
    pub fn feed(&self) -> FeedId {
        self.head.feed
    }

    /// Forgets what was written after `branch`: what comes next forks the feed, and says something else
    /// for every other `salt`.
    pub fn go_back(&mut self, branch: &[Unverified], salt: u64) {
        self.head = self.head_of(branch);
        self.salt = salt;
    }

    fn head_of(&self, branch: &[Unverified]) -> Head {
        let len = Seq::try_from(branch.len()).expect("a Seq each");
        Head { feed: self.head.feed, len, tip: branch.last().map(Unverified::id) }
    }

    /// What it would write after `branch`; it goes on where it stands.
    pub fn would_write(&self, branch: &[Unverified], size: usize) -> Unverified {
        let draft = self.draft(Vec::new(), size);
        let (entry, _) =
            self.head_of(branch).sign(&self.net, &self.secret, draft).expect("within all limits");
        (*entry).clone()
    }

    /// Writes a comment of `size` bytes on `refs`.
    pub fn write(&mut self, refs: Vec<EntryId>, size: usize) -> Unverified {
        let draft = self.draft(refs, size);
        let (entry, head) = self.head.sign(&self.net, &self.secret, draft).expect("within all limits");
        self.head = head;
        (*entry).clone()
    }

    /// Writes an entry whose own signature does not verify: fit to stand inside a chunk, not at its end.
    pub fn write_unsigned(&mut self, size: usize) -> Unverified {
        let mut good = self.write(Vec::new(), size);
        let mut signature = *good.signature();
        signature[40] ^= 1;
        good = Unverified::new(good.header().clone(), signature, good.body().map(<[u8]>::to_vec))
            .expect("only the signature is another");
        self.head.tip = Some(good.id());
        good
    }

    /// Who goes on after an entry that may be of the author's feed, whose first entry is `first`: another for every
    /// other `number`.
    ///
    /// # Panics
    ///
    /// Never, within the limits of entries.
    pub fn heir(&self, first: &Unverified, keep: (Seq, EntryId), number: u64) -> Successor {
        let seed = |what: u8| {
            let mut seed = [what; 32];
            seed[..8].copy_from_slice(&number.to_be_bytes());
            SecretKey::from_seed(&seed)
        };
        let (secret, recovery, commitment) = (seed(0x71), seed(0x72), [0x73; 32]);
        let old = Person { feed: self.feed(), genesis: first.id() };
        let succeeds = Succeeds::sign(&self.net, &recovery, old, keep, [0; 16], &secret.feed(), &commitment);
        let post = Post::Genesis { recovery: commitment, succeeds: Some(Box::new(succeeds)) };
        let draft = post.draft(1_790_000_000_000, [0; 16]).expect("within all limits");
        let (entry, _) =
            Head::empty(secret.feed()).sign(&self.net, &secret, draft).expect("within all limits");
        Successor::check(&self.net, (*entry).clone()).expect("both keys signed it")
    }

    fn draft(&self, refs: Vec<EntryId>, size: usize) -> Draft {
        let seq = u64::from(self.head.len) + 1;
        let mut body = format!("{seq} {}", self.salt).into_bytes();
        body.resize(size.max(24), b'.');
        Draft { kind: Kind(258), refs, body, time_ms: self.wall + seq }
    }
}
