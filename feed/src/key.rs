//! Keys: a feed's secret and public key, and the words both can be drawn from again.
//!
//! Absent on purpose: randomness. `node` draws the bytes.

use bip39::{Language, Mnemonic};
use ed25519_dalek::Signature;
use ed25519_dalek::ed25519::signature::MultipartSigner;
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

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
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }
    /// The feed that this key writes.
    pub fn feed(&self) -> FeedId {
        FeedId::new(self.0.verifying_key().to_bytes())
    }
    /// What opens a text that was sealed for this feed: the X25519 scalar of the same key. Source: spec/posts.md, "sealing".
    pub(crate) fn opening_key(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_scalar_bytes())
    }
    /// Signs the parts, one after another, as one message.
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; 64] {
        self.0.multipart_sign(parts).to_bytes()
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey of {}", self.feed())
    }
}

impl PublicKey {
    /// Checks the bytes once; hold the result and use it for every signature of the feed.
    ///
    /// # Errors
    ///
    /// [`KeyError`] for 32 bytes under which nothing counts as signed.
    pub fn parse(feed: &FeedId) -> Result<Self, KeyError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(feed.as_bytes()).map_err(|_| KeyError::Encoding)?;
        // dalek takes y >= p as well, and would so give one key two names.
        if key.to_edwards().compress().as_bytes() != feed.as_bytes() {
            return Err(KeyError::Encoding);
        }
        if key.is_weak() { Err(KeyError::Weak) } else { Ok(Self(key)) }
    }

    /// The strict predicate over the parts as one message. Source: spec/feed.md, "signature".
    pub fn verify(&self, parts: &[&[u8]], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(&parts.concat(), &Signature::from_bytes(signature)).is_ok()
    }

    /// The X25519 key to which texts for the feed are sealed. Source: spec/posts.md, "sealing".
    pub(crate) fn sealing_key(&self) -> [u8; 32] {
        self.0.to_montgomery().to_bytes()
    }

    /// The feed it writes.
    pub fn feed(&self) -> FeedId {
        FeedId::new(self.0.to_bytes())
    }
}

/// 24 English words from which every key of one person is drawn. Source: spec/feed.md, "recovery words".
pub struct RecoveryWords(Zeroizing<[u8; 32]>);

const WORDS: usize = 24;

/// Bytes of what is drawn for each feed that succeeds another.
pub const SALT_BYTES: usize = 16;

/// Why a text is not recovery words.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WordsError {
    /// Not 24 words.
    #[error("recovery words are 24 words, these are {0}")]
    Count(usize),
    /// A word that is not in the list, counted from 1.
    #[error("word {0} is not one of the list")]
    Unknown(usize),
    /// All words known, the checksum is not theirs.
    #[error("the words do not belong together: one of them is another word of the list")]
    Checksum,
}

impl RecoveryWords {
    /// The words of 32 random bytes.
    pub fn from_entropy(entropy: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*entropy))
    }

    /// Reads them back, in any case and spacing.
    ///
    /// # Errors
    ///
    /// [`WordsError`], which names a word by its place alone.
    pub fn parse(text: &str) -> Result<Self, WordsError> {
        let text = Zeroizing::new(text.to_lowercase());
        let count = text.split_whitespace().count();
        if count != WORDS {
            return Err(WordsError::Count(count));
        }
        let mnemonic =
            Mnemonic::parse_in_normalized(Language::English, &text).map_err(|error| match error {
                bip39::Error::UnknownWord(index) => WordsError::Unknown(index + 1),
                _ => WordsError::Checksum,
            })?;
        let (mut bytes, _) = mnemonic.to_entropy_array();
        let entropy = bytes.first_chunk().expect("24 words are 32 bytes");
        let words = Self::from_entropy(entropy);
        bytes.zeroize();
        Ok(words)
    }

    /// The 24 words, to be shown once.
    pub fn words(&self) -> Zeroizing<String> {
        // Room for the longest, so that no half of it is left behind by growing.
        let mut text = Zeroizing::new(String::with_capacity(WORDS * 9));
        for word in self.mnemonic().words() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
        text
    }

    /// The key of the first feed, or of the one that succeeds another and was given this salt.
    pub fn feed_key(&self, salt: Option<[u8; SALT_BYTES]>) -> SecretKey {
        self.derive(b"klatch/feed/1\0", salt)
    }

    /// The recovery key of that feed.
    pub fn recovery_key(&self, salt: Option<[u8; SALT_BYTES]>) -> SecretKey {
        self.derive(b"klatch/recovery/1\0", salt)
    }

    /// What the genesis of that feed commits to: SHA-256 of its recovery key's public half.
    pub fn commitment(&self, salt: Option<[u8; SALT_BYTES]>) -> [u8; 32] {
        Sha256::digest(self.recovery_key(salt).feed().as_bytes()).into()
    }

    fn mnemonic(&self) -> Mnemonic {
        Mnemonic::from_entropy_in(Language::English, self.0.as_slice()).expect("32 bytes are 24 words")
    }

    fn derive(&self, domain: &[u8], salt: Option<[u8; SALT_BYTES]>) -> SecretKey {
        let start = salt.as_ref().map_or(&[0; 4][..], |salt| &salt[..]);
        let stretched = Zeroizing::new(self.mnemonic().to_seed_normalized(""));
        let mut seed = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, stretched.as_slice())
            .expand_multi_info(&[domain, start], seed.as_mut_slice())
            .expect("32 bytes are less than HKDF can give");
        SecretKey::from_seed(&seed)
    }
}

impl std::fmt::Debug for RecoveryWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryWords(hidden)")
    }
}
