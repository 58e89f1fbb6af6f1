//! Sealing a text for some eyes, and opening what was sealed. Source: spec/posts.md, "sealing".
//!
//! Absent on purpose: whom a text should reach, and whether its author may say it (`node`); randomness, which
//! is given as a seed.

use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use hpke::aead::{AeadTag, ChaCha20Poly1305 as HpkeChaCha};
use hpke::inout::InOutBuf;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use zeroize::Zeroizing;

use crate::post::{PostError, Purpose, check_text};
use crate::{EntryId, FeedId, NetId, Post, PublicKey, SecretKey, codec};

/// Longest text, in bytes.
pub const TEXT_BYTES_MAX: usize = 2000;
/// Comes before what is bound: a sealed text of this version.
const DOMAIN: &[u8] = b"klatch/sealed/1\0";
/// Zeros before the text. Two keys that open one box would have to agree on them, so all readers read the same.
const ZEROS: usize = 32;
/// What is sealed has one of these sizes, so that only they tell how long the text is.
const SIZES: [usize; 4] = [256, 512, 1024, 2048];

type Enc = <X25519HkdfSha256 as Kem>::EncappedKey;
type Reader = <X25519HkdfSha256 as Kem>::PublicKey;
type Opener = <X25519HkdfSha256 as Kem>::PrivateKey;

/// What a sealed text is bound to: under any other author, event, occurrence, purpose or network it does not open.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields of the post, and whose it is")]
pub struct Place<'a> {
    pub net: &'a NetId,
    pub author: &'a FeedId,
    pub event: &'a EntryId,
    pub occ: Option<&'a str>,
    pub purpose: Purpose,
}

impl Place<'_> {
    fn info(&self) -> Vec<u8> {
        let Self { net, author, event, occ, purpose } = self;
        [DOMAIN, net.as_bytes(), &codec::encode(&(event, occ, author, purpose))].concat()
    }
}

/// Why what is sealed for a reader does not open: it was made for another place, or not as the page says.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("sealed for this reader, but not by this author for this event")]
pub struct OpenError;

/// Seals a text for up to [`crate::post::READERS_MAX`] readers. `seed`: 32 random bytes, for this text alone.
///
/// A reader is passed over whose key nobody can sign with, or whose first 8 bytes are those of one before.
///
/// # Errors
///
/// A text past its limits, and more readers than fit.
pub fn seal(place: Place<'_>, text: &str, readers: &[FeedId], seed: &[u8; 32]) -> Result<Post, PostError> {
    check_text("text", text, 1..=TEXT_BYTES_MAX)?;
    let info = place.info();
    let mut random = ChaCha20Rng::from_seed(*seed);
    let mut key = Zeroizing::new([0; 32]);
    random.fill_bytes(&mut *key);
    let mut keys: Vec<([u8; 8], [u8; 80])> = Vec::new();
    for reader in readers {
        let Ok(public) = PublicKey::parse(reader) else { continue };
        if keys.iter().all(|(held, _)| *held != first8(reader)) {
            keys.push((first8(reader), wrap(&public.sealing_key(), &info, &key, &mut random)));
        }
    }
    let size = SIZES.into_iter().find(|size| ZEROS + text.len() <= *size).expect("the longest text fits");
    // Room for the tag, so that no half of the text is left behind by growing.
    let mut sealed = Vec::with_capacity(size + 16);
    sealed.resize(ZEROS, 0);
    sealed.extend_from_slice(text.as_bytes());
    sealed.resize(size, 0);
    let cipher = cipher_of(&key);
    cipher.encrypt_in_place(&[0; 12].into(), &info, &mut sealed).expect("a short text can be sealed");
    let Place { event, occ, purpose, .. } = place;
    let post = Post::Sealed { event: *event, purpose, keys, sealed, occ: occ.map(str::to_owned) };
    post.check_limits().map(|()| post)
}

/// Opens what was sealed at a place, if it was for the feed of `secret`.
///
/// # Errors
///
/// [`OpenError`] where it names that feed and does not open.
pub fn open(
    place: Place<'_>,
    keys: &[([u8; 8], [u8; 80])],
    sealed: &[u8],
    secret: &SecretKey,
) -> Result<Option<String>, OpenError> {
    let mine = first8(&secret.feed());
    let Some((_, wrapped)) = keys.iter().find(|(reader, _)| *reader == mine) else { return Ok(None) };
    let info = place.info();
    let key = unwrap(&secret.opening_key(), &info, wrapped).ok_or(OpenError)?;
    let mut plain = Zeroizing::new(sealed.to_vec());
    let cipher = cipher_of(&key);
    cipher.decrypt_in_place(&[0; 12].into(), &info, &mut *plain).map_err(|_| OpenError)?;
    read(&plain).map(|text| Some(text.to_owned())).ok_or(OpenError)
}

/// The text of what was sealed; `None` where it is not in the one form.
fn read(plain: &[u8]) -> Option<&str> {
    let (zeros, rest) = plain.split_at_checked(ZEROS)?;
    let end = rest.iter().rposition(|byte| *byte != 0)? + 1;
    let size = SIZES.into_iter().find(|size| ZEROS + end <= *size)?;
    let text = std::str::from_utf8(&rest[..end]).ok()?;
    let fits = plain.len() == size && zeros.iter().all(|byte| *byte == 0);
    (fits && check_text("text", text, 1..=TEXT_BYTES_MAX).is_ok()).then_some(text)
}

/// Takes the key where it lies: a copy would not be wiped.
fn cipher_of(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new_from_slice(key).expect("32 bytes are a key")
}

fn first8(feed: &FeedId) -> [u8; 8] {
    *feed.as_bytes().first_chunk().expect("a feed has 32 bytes")
}

/// The key of a text for one reader: what is sent along, and the key sealed.
fn wrap(reader: &[u8; 32], info: &[u8], key: &[u8; 32], random: &mut ChaCha20Rng) -> [u8; 80] {
    let mut out = [0; 80];
    let reader = Reader::from_bytes(reader).expect("any 32 bytes are an X25519 key");
    let (enc, rest) = out.split_at_mut(32);
    let (sealed, tag) = rest.split_at_mut(32);
    sealed.copy_from_slice(key);
    let done = hpke::single_shot_seal_inout_detached_with_rng::<HpkeChaCha, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &reader,
        info,
        InOutBuf::from(&mut *sealed),
        &[],
        random,
    );
    // It fails for points of small order alone, and no feed has such a key.
    let (made, made_tag) = done.expect("a reader's key is a key");
    enc.copy_from_slice(&made.to_bytes());
    tag.copy_from_slice(&made_tag.to_bytes());
    out
}

fn unwrap(secret: &[u8; 32], info: &[u8], wrapped: &[u8; 80]) -> Option<Zeroizing<[u8; 32]>> {
    let (enc, rest) = wrapped.split_at(32);
    let (sealed, tag) = rest.split_at(32);
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(sealed);
    let opened = hpke::single_shot_open_inout_detached::<HpkeChaCha, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &Opener::from_bytes(secret).ok()?,
        &Enc::from_bytes(enc).ok()?,
        info,
        InOutBuf::from(&mut key[..]),
        &[],
        &AeadTag::<HpkeChaCha>::from_bytes(tag).ok()?,
    );
    opened.ok().map(|()| key)
}

#[cfg(test)]
mod tests;
