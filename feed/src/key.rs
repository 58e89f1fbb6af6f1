//! Keys: a feed's secret and public key, and the words both can be drawn from again.
//!
//! Absent on purpose: randomness. `node` draws the bytes.

use crate::FeedId;

/// A feed's secret key. Wiped on drop; `Debug` shows the public half only.
pub struct SecretKey(ed25519_dalek::SigningKey);

/// A public key that passed the rules once: canonical, not of small order. Source: spec/feed.md, "signature".
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicKey(ed25519_dalek::VerifyingKey);

/// Why 32 bytes are not a key that may sign.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// Not a point, or not its one canonical encoding.
    #[error("not the canonical encoding of a point")]
    Encoding,
    /// A point of small order: signs anything.
    #[error("a point of small order")]
    Weak,
}

impl SecretKey {
    /// The key of these 32 bytes (an Ed25519 seed).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }
    /// The seed, for the key file alone.
    pub fn seed(&self) -> zeroize::Zeroizing<[u8; 32]> {
        zeroize::Zeroizing::new(self.0.to_bytes())
    }
    /// The feed that this key writes.
    pub fn feed(&self) -> FeedId {
        FeedId::new(self.0.verifying_key().to_bytes())
    }
    /// Signs the parts, one after another, as one message.
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; 64] {
        let _ = parts;
        todo!()
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey of {}", self.feed())
    }
}

impl PublicKey {
    /// Checks the bytes once; hold the result and use it for every signature of the feed.
    pub fn parse(feed: &FeedId) -> Result<Self, KeyError> {
        let _ = feed;
        todo!()
    }
    /// The strict predicate over the parts as one message. Source: spec/feed.md, "signature".
    pub fn verify(&self, parts: &[&[u8]], signature: &[u8; 64]) -> bool {
        let _ = (parts, signature);
        todo!()
    }
    /// The feed it writes.
    pub fn feed(&self) -> FeedId {
        FeedId::new(self.0.to_bytes())
    }
}

/// 24 English words from which every key of one person is drawn. Source: spec/feed.md, "recovery words".
pub struct RecoveryWords(zeroize::Zeroizing<[u8; 32]>);

/// Why a text is not recovery words.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WordsError {
    /// Not 24 words.
    #[error("recovery words are 24 words, these are {0}")]
    Count(usize),
    /// A word that is not in the list.
    #[error("word {0} is not one of the list")]
    Unknown(usize),
    /// All words known, the checksum is not theirs.
    #[error("the words do not belong together: one of them is another word of the list")]
    Checksum,
}

impl RecoveryWords {
    /// The words of 32 random bytes.
    pub fn from_entropy(entropy: &[u8; 32]) -> Self {
        Self(zeroize::Zeroizing::new(*entropy))
    }
    /// Reads them back, in any case and spacing.
    pub fn parse(text: &str) -> Result<Self, WordsError> {
        let _ = text;
        todo!()
    }
    /// The 24 words, to be shown once.
    pub fn words(&self) -> zeroize::Zeroizing<String> {
        todo!()
    }
    /// Feed key `n`, from 0.
    pub fn feed_key(&self, n: u32) -> SecretKey {
        let _ = n;
        todo!()
    }
    /// Recovery key `n`, from 0.
    pub fn recovery_key(&self, n: u32) -> SecretKey {
        let _ = n;
        todo!()
    }
    /// What the genesis of feed `n` commits to: SHA-256 of recovery key `n`'s public half.
    pub fn commitment(&self, n: u32) -> [u8; 32] {
        let _ = n;
        todo!()
    }
}

