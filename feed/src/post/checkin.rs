//! At the door: what the guest signs, the guest's record of it, and the door's countersignature.

use serde::{Deserialize, Serialize};
use serde_bytes::Bytes;

use super::rsvp::PARTY_MAX;
use super::{Body, Post, PostError, StampKind, number};
use crate::{EntryId, FeedId, NetId, codec};

const DOMAIN: &[u8] = b"klatch/checkin/1\0";

#[derive(Deserialize, Serialize)]
pub(super) struct Arrive {
    #[serde(skip_serializing_if = "Option::is_none")]
    occ: Option<String>,
    #[serde(with = "serde_bytes")]
    sig: [u8; 64],
    door: FeedId,
    #[serde(skip_serializing_if = "Option::is_none")]
    rsvp: Option<EntryId>,
    #[serde(with = "serde_bytes")]
    salt: [u8; 16],
    #[serde(with = "serde_bytes")]
    nonce: [u8; 16],
}

#[derive(Deserialize, Serialize)]
pub(super) struct Checkin {
    #[serde(skip_serializing_if = "Option::is_none")]
    occ: Option<String>,
    #[serde(with = "serde_bytes")]
    sig: [u8; 64],
    #[serde(skip_serializing_if = "Option::is_none")]
    rsvp: Option<EntryId>,
    #[serde(with = "serde_bytes")]
    salt: [u8; 16],
    guest: FeedId,
    #[serde(with = "serde_bytes")]
    nonce: [u8; 16],
    #[serde(skip_serializing_if = "Option::is_none")]
    persons: Option<u32>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Stamp {
    #[serde(skip_serializing_if = "Option::is_none")]
    occ: Option<String>,
    #[serde(with = "serde_bytes")]
    salt: [u8; 16],
    what: StampKind,
    guest: FeedId,
}

impl Body for Arrive {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[event] = refs else { return None };
        let Self { occ, sig: signature, door, rsvp, salt: _, nonce } = self;
        Some(Post::Arrive { event, door, nonce, rsvp, signature, occ })
    }
}

impl Body for Checkin {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[event] = refs else { return None };
        let Self { occ, sig: signature, rsvp, salt: _, guest, nonce, persons } = self;
        Some(Post::Checkin { event, guest, nonce, rsvp, signature, persons, occ })
    }
}

impl Body for Stamp {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[event] = refs else { return None };
        Some(Post::Stamp { event, guest: self.guest, what: self.what, occ: self.occ })
    }
}

/// What both records of one check-in have in common.
pub(super) struct Proof<'a> {
    pub(super) nonce: &'a [u8; 16],
    pub(super) rsvp: Option<EntryId>,
    pub(super) signature: &'a [u8; 64],
    pub(super) occ: Option<&'a str>,
    pub(super) salt: [u8; 16],
}

impl Arrive {
    pub(super) fn of(door: &FeedId, proof: &Proof<'_>) -> Self {
        let &Proof { nonce, rsvp, signature, occ, salt } = proof;
        Self { occ: occ.map(str::to_owned), sig: *signature, door: *door, rsvp, salt, nonce: *nonce }
    }
}

impl Checkin {
    pub(super) fn of(guest: &FeedId, persons: Option<u32>, proof: &Proof<'_>) -> Self {
        let &Proof { nonce, rsvp, signature, occ, salt } = proof;
        let occ = occ.map(str::to_owned);
        Self { occ, sig: *signature, rsvp, salt, guest: *guest, nonce: *nonce, persons }
    }
}

impl Stamp {
    pub(super) fn of(guest: &FeedId, what: StampKind, occ: Option<&str>, salt: [u8; 16]) -> Self {
        Self { occ: occ.map(str::to_owned), salt, what, guest: *guest }
    }
}

pub(super) fn check(persons: Option<u32>) -> Result<(), PostError> {
    persons.map_or(Ok(()), |persons| number("persons", persons, 1..=PARTY_MAX))
}

/// What a guest signs at the door: domain, network, and canonical `[event, occurrence, door, nonce, rsvp]`.
/// The occurrence is null but for one of a series. Source: spec/meetup.md, "check-in".
pub fn checkin_message(
    net: &NetId,
    event: &EntryId,
    occ: Option<&str>,
    door: &FeedId,
    nonce: &[u8; 16],
    rsvp: Option<&EntryId>,
) -> Vec<u8> {
    let said = codec::encode(&(event, occ, door, Bytes::new(nonce), rsvp));
    [DOMAIN, net.as_bytes(), &said].concat()
}
