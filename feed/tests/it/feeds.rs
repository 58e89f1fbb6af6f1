//! Feeds to test with: honest ones, and ones whose author skips the rules.

use klatch_feed::{Draft, Head, Kind, NetId, PublicKey, SecretKey, Unverified};

pub(crate) const NETWORK: &str = "klatch-test";

pub(crate) fn net() -> NetId {
    NetId::of_name(NETWORK)
}

/// The key of seed `n, n, n …`.
pub(crate) fn secret(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

pub(crate) fn key(secret: &SecretKey) -> PublicKey {
    PublicKey::parse(&secret.feed()).expect("a made key may sign")
}

pub(crate) fn draft(kind: u16, body: &[u8]) -> Draft {
    Draft { kind: Kind(kind), refs: Vec::new(), body: body.to_vec(), time_ms: 1_790_000_000_000 }
}

/// Signs the drafts one after another.
pub(crate) fn write(secret: &SecretKey, drafts: impl IntoIterator<Item = Draft>) -> Vec<Unverified> {
    grow(secret, Head::empty(secret.feed()), drafts)
}

pub(crate) fn grow(
    secret: &SecretKey,
    mut head: Head,
    drafts: impl IntoIterator<Item = Draft>,
) -> Vec<Unverified> {
    let mut entries = Vec::new();
    for draft in drafts {
        let (entry, next) = head.sign(&net(), secret, draft).expect("drafts within limits");
        head = next;
        entries.push((*entry).clone());
    }
    entries
}

/// The compact form with all bodies.
pub(crate) fn compact(entries: &[Unverified]) -> Vec<u8> {
    klatch_feed::chunk::encode(&entries.iter().collect::<Vec<_>>(), |_| true)
}
