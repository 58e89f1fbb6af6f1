//! Corpus A: the same bytes in every run.

use std::thread;

use klatch_feed::{Draft, EntryId, FeedId, Head, NetId, Post, SecretKey, Seq};
use klatch_store::Incoming;
use sha2::{Digest, Sha256};

use crate::mixed;

/// Feeds.
pub(crate) const FEEDS: u32 = 100;
/// Comments in each.
pub(crate) const EACH: Seq = 1_000;
/// Entries in all.
pub(crate) const ENTRIES: f64 = (FEEDS * EACH) as f64;
/// The network the corpus is signed for.
pub(crate) const NETWORK: &str = "figures";
/// Bytes of a comment's body.
const BODY_BYTES: usize = 194;
/// When it all was said.
pub(crate) const TIME_MS: u64 = 1_900_000_000_000;

/// The corpus, as chunks that a peer would send.
pub(crate) struct Corpus {
    /// By feed, in order.
    pub(crate) chunks: Vec<Incoming>,
    /// Whose.
    pub(crate) feeds: Vec<FeedId>,
    /// Bytes of all chunks.
    pub(crate) bytes: usize,
}

/// Author number `n`.
pub(crate) fn author(n: u32) -> SecretKey {
    let seed = Sha256::new().chain_update(b"figures author").chain_update(n.to_be_bytes()).finalize();
    SecretKey::from_seed(&seed.into())
}

/// Comment `n` of an author: its text does not compress, and it refs nothing.
pub(crate) fn comment(author: u32, n: u32) -> Draft {
    let mut text = String::new();
    for block in 0u32.. {
        let hash = Sha256::new().chain_update(author.to_be_bytes()).chain_update(n.to_be_bytes());
        for byte in hash.chain_update(block.to_be_bytes()).finalize() {
            text.push(char::from(b'0' + (byte & 63)));
        }
        if text.len() >= BODY_BYTES {
            break;
        }
    }
    text.truncate(BODY_BYTES - 8); // The map, its key and the length of the text take 8 bytes.
    let post = Post::Comment { object: EntryId::new([1; 32]), reply: None, text, tone: None };
    let mut draft = post.draft(TIME_MS, [0; 16]).expect("it is within all limits");
    draft.refs.clear();
    assert_eq!(draft.body.len(), BODY_BYTES);
    draft
}

impl Corpus {
    /// Signs it anew: some seconds, which no figure counts.
    pub(crate) fn sign() -> Self {
        Self::sign_from(0)
    }

    /// Another of the same shape, by authors from number `from` on.
    pub(crate) fn sign_from(from: u32) -> Self {
        let half = |from: u32| move || (from..from + FEEDS / 2).map(feed).collect::<Vec<_>>();
        let other = thread::spawn(half(from + FEEDS / 2));
        let mut all = half(from)();
        all.extend(other.join().expect("signing does not panic"));
        let feeds = all.iter().map(|(feed, _)| *feed).collect();
        let chunks: Vec<Incoming> = all.into_iter().flat_map(|(_, chunks)| chunks).collect();
        let bytes = chunks.iter().map(|incoming| incoming.chunk.len()).sum();
        Self { chunks, feeds, bytes }
    }
}

fn feed(n: u32) -> (FeedId, Vec<Incoming>) {
    let (net, secret) = (NetId::of_name(NETWORK), author(n));
    let mut head = Head::empty(secret.feed());
    let mut entries = Vec::new();
    for at in 0..EACH {
        let (entry, next) = head.sign(&net, &secret, comment(n, at)).expect("it is within all limits");
        entries.push(entry);
        head = next;
    }
    (head.feed, mixed::chunks(&head, &entries))
}
