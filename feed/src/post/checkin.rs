//! At the door: what the guest signs, the guest's record of it, and the door's countersignature.

use serde::{Deserialize, Serialize};
use serde_bytes::Bytes;

use super::{Body, Post, Reserved};
use crate::{EntryId, FeedId, NetId, codec};

const DOMAIN: &[u8] = b"klatch/checkin/1\0";

#[derive(Deserialize, Serialize)]
pub(super) struct Arrive {
    #[serde(default, skip_serializing)]
    occ: Option<Reserved>,
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
    #[serde(default, skip_serializing)]
    occ: Option<Reserved>,
    #[serde(with = "serde_bytes")]
    sig: [u8; 64],
    #[serde(skip_serializing_if = "Option::is_none")]
    rsvp: Option<EntryId>,
    #[serde(with = "serde_bytes")]
    salt: [u8; 16],
    guest: FeedId,
    #[serde(with = "serde_bytes")]
    nonce: [u8; 16],
}

impl Body for Arrive {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[event] = refs else { return None };
        let Self { occ, sig: signature, door, rsvp, salt: _, nonce } = self;
        occ.is_none().then_some(Post::Arrive { event, door, nonce, rsvp, signature })
    }
}

impl Body for Checkin {
    fn post(self, refs: &[EntryId]) -> Option<Post> {
        let &[event] = refs else { return None };
        let Self { occ, sig: signature, rsvp, salt: _, guest, nonce } = self;
        occ.is_none().then_some(Post::Checkin { event, guest, nonce, rsvp, signature })
    }
}

/// What both records of one check-in have in common.
pub(super) struct Proof<'a> {
    pub(super) nonce: &'a [u8; 16],
    pub(super) rsvp: Option<EntryId>,
    pub(super) signature: &'a [u8; 64],
    pub(super) salt: [u8; 16],
}

impl Arrive {
    pub(super) fn of(door: &FeedId, proof: &Proof<'_>) -> Self {
        let &Proof { nonce, rsvp, signature, salt } = proof;
        Self { occ: None, sig: *signature, door: *door, rsvp, salt, nonce: *nonce }
    }
}

impl Checkin {
    pub(super) fn of(guest: &FeedId, proof: &Proof<'_>) -> Self {
        let &Proof { nonce, rsvp, signature, salt } = proof;
        Self { occ: None, sig: *signature, rsvp, salt, guest: *guest, nonce: *nonce }
    }
}

/// What a guest signs at the door: domain, network, and canonical `[event, occurrence, door, nonce, rsvp]`.
/// The occurrence is null until events repeat. Source: spec/meetup.md, "check-in".
pub fn checkin_message(
    net: &NetId,
    event: &EntryId,
    door: &FeedId,
    nonce: &[u8; 16],
    rsvp: Option<&EntryId>,
) -> Vec<u8> {
    let occurrence = None::<u32>;
    let said = codec::encode(&(event, occurrence, door, Bytes::new(nonce), rsvp));
    [DOMAIN, net.as_bytes(), &said].concat()
}
