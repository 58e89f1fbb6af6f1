//! CBOR, headers, chunks and proofs put together item by item, so that a test can write what the crate never
//! would. Shares no code with it.

use klatch_feed::{EntryId, NetId, SecretKey};

/// A head of that major type, in the shortest form.
pub(crate) fn head(major: u8, argument: u64) -> Vec<u8> {
    let major = major << 5;
    match argument {
        0..24 => vec![major | argument as u8],
        24..0x100 => vec![major | 24, argument as u8],
        0x100..0x1_0000 => [&[major | 25][..], &(argument as u16).to_be_bytes()].concat(),
        0x1_0000..0x1_0000_0000 => [&[major | 26][..], &(argument as u32).to_be_bytes()].concat(),
        _ => [&[major | 27][..], &argument.to_be_bytes()].concat(),
    }
}

pub(crate) fn uint(number: u64) -> Vec<u8> {
    head(0, number)
}

pub(crate) fn bytes(bytes: &[u8]) -> Vec<u8> {
    [&head(2, bytes.len() as u64)[..], bytes].concat()
}

pub(crate) fn null() -> Vec<u8> {
    vec![0xf6]
}

pub(crate) fn array(items: &[Vec<u8>]) -> Vec<u8> {
    [head(4, items.len() as u64), items.concat()].concat()
}

pub(crate) fn refs(ids: &[[u8; 32]]) -> Vec<u8> {
    array(&ids.iter().map(|id| bytes(id)).collect::<Vec<_>>())
}

/// SHA-256 of a domain, a size and a body, as the header names it.
pub(crate) fn body_hash(body: &[u8]) -> [u8; 32] {
    sha256(&[b"klatch/body/1\0", &(body.len() as u32).to_be_bytes(), body])
}

pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(parts.concat()).into()
}

/// The nine items of a header, each as bytes that a test may replace by any others.
#[derive(Clone)]
pub(crate) struct RawHeader(pub(crate) [Vec<u8>; 9]);

pub(crate) const AUTHOR: usize = 1;
pub(crate) const SEQ: usize = 2;
pub(crate) const PREV: usize = 3;
pub(crate) const TIME: usize = 4;
pub(crate) const KIND: usize = 5;
pub(crate) const SIZE: usize = 6;
pub(crate) const BODY_HASH: usize = 7;
pub(crate) const REFS: usize = 8;

impl RawHeader {
    /// A comment at place 2 that says `body`.
    pub(crate) fn comment(author: &SecretKey, body: &[u8]) -> Self {
        Self([
            uint(1),
            bytes(author.feed().as_bytes()),
            uint(2),
            bytes(&[0xaa; 32]),
            uint(1_790_000_000_000),
            uint(258),
            uint(body.len() as u64),
            bytes(&body_hash(body)),
            refs(&[]),
        ])
    }

    pub(crate) fn with(mut self, item: usize, bytes: Vec<u8>) -> Self {
        self.0[item] = bytes;
        self
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        array(&self.0)
    }
}

pub(crate) fn sign(net: &NetId, secret: &SecretKey, header: &[u8]) -> [u8; 64] {
    secret.sign(&[b"klatch/entry/1\0", net.as_bytes(), header])
}

pub(crate) fn id(header: &[u8], signature: &[u8]) -> EntryId {
    EntryId::new(sha256(&[b"klatch/id/1\0", header, signature]))
}

/// A fork's proof from segments of `header || signature`.
pub(crate) fn proof(author: &SecretKey, segments: [&[Vec<u8>]; 2]) -> Vec<u8> {
    let segment = |items: &[Vec<u8>]| array(&items.iter().map(|item| bytes(item)).collect::<Vec<_>>());
    array(&[bytes(author.feed().as_bytes()), segment(segments[0]), segment(segments[1])])
}

/// A signature by `secret` with a nonce of the caller's: valid, and another one than `secret` would make.
pub(crate) fn sign_with_nonce(secret: &SecretKey, nonce: u64, message: &[u8]) -> [u8; 64] {
    let key = ed25519_dalek::SigningKey::from_bytes(&secret.seed());
    let nonce = curve25519_dalek::Scalar::from(nonce);
    let point = curve25519_dalek::EdwardsPoint::mul_base(&nonce).compress();
    let challenge = challenge(point.as_bytes(), secret.feed().as_bytes(), message);
    let response = nonce + challenge * key.to_scalar();
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(point.as_bytes());
    signature[32..].copy_from_slice(response.as_bytes());
    signature
}

/// k = SHA-512(R || A || M) mod L.
pub(crate) fn challenge(point: &[u8; 32], key: &[u8; 32], message: &[u8]) -> curve25519_dalek::Scalar {
    use sha2::{Digest, Sha512};
    let hash: [u8; 64] = Sha512::digest([&point[..], key, message].concat()).into();
    curve25519_dalek::Scalar::from_bytes_mod_order_wide(&hash)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    assert_eq!(text.len() % 2, 0, "whole bytes in hex");
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hex");
    (0..text.len()).step_by(2).map(digit).collect()
}
