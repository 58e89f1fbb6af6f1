//! Proofs of a fork, at sizes that are no vectors.

use klatch_feed::codec::CodecError;
use klatch_feed::fork::PROOF_BYTES_MAX;
use klatch_feed::{EntryId, ForkError, ForkProof, K, Unverified};

use crate::chains::chain;
use crate::feeds::{draft, net, secret, write};
use crate::raw;

/// A branch of `count` entries from entry 1 on, of which the last alone is an anchor.
fn late(count: u32) -> Vec<Unverified> {
    chain(&secret(1), count, |seq| seq == count)
}

fn other() -> Vec<Unverified> {
    write(&secret(1), [draft(0, b"\xa0")])
}

fn item(entry: &Unverified) -> Vec<u8> {
    [&entry.header().encode()[..], entry.signature()].concat()
}

#[test]
fn a_segment_is_as_long_as_the_way_to_an_anchor_may_be() {
    let proof = ForkProof::build(&net(), &late(K), &other()).expect("256 entries are within K");
    assert!(proof.encode().len() < PROOF_BYTES_MAX);
    assert_eq!(ForkProof::decode(&net(), &proof.encode()), Ok(proof));
    assert_eq!(ForkProof::build(&net(), &late(K + 1), &other()), Err(ForkError::Anchor(0)));

    let items = |entries: &[Unverified]| entries.iter().map(item).collect::<Vec<_>>();
    let (long, other) = (late(K + 1), other());
    let (long_items, other_items) = (items(&long), items(&other));
    let (segments, index) = if long[0].id() < other[0].id() {
        ([&long_items[..], &other_items], 0)
    } else {
        ([&other_items[..], &long_items], 1)
    };
    let bytes = raw::proof(&secret(1), segments);
    assert_eq!(ForkProof::decode(&net(), &bytes), Err(ForkError::Segment(index)));
}

#[test]
fn a_proof_is_the_same_bytes_from_either_side_and_past_any_tail() {
    let long = write(&secret(1), (0..4_u8).map(|n| draft(258, &[n])));
    let proof = ForkProof::build(&net(), &long, &other()).expect("a fork");
    assert_eq!(ForkProof::build(&net(), &other(), &long[..1]), Ok(proof.clone()));
    let mut first: Vec<EntryId> = vec![long[0].id(), other()[0].id()];
    first.sort();
    assert_eq!((proof.branches().to_vec(), proof.cap(), proof.author()), (first, 0, secret(1).feed()));
}

#[test]
fn what_proves_nothing_is_no_proof() {
    let (a, b) = (other(), write(&secret(1), [draft(258, b"x"), draft(258, b"y")]));
    assert_eq!(ForkProof::build(&net(), &[], &a), Err(ForkError::Segment(0)));
    assert_eq!(ForkProof::build(&net(), &a, &[]), Err(ForkError::Segment(1)));
    assert_eq!(ForkProof::build(&net(), &a, &a), Err(ForkError::Order));
    assert_eq!(ForkProof::build(&net(), &a, &b[1..]), Err(ForkError::Start));
    let elsewhere = klatch_feed::NetId::of_name("another network");
    assert!(matches!(ForkProof::build(&elsewhere, &a, &b), Err(ForkError::Anchor(_))));
    let theirs = write(&secret(2), [draft(258, b"z")]);
    assert!(ForkProof::build(&net(), &a, &theirs).is_err());
}

#[test]
fn a_proof_past_its_limit_is_not_looked_at() {
    let max = PROOF_BYTES_MAX;
    let refused = ForkProof::decode(&net(), &vec![0x83; max + 1]);
    assert_eq!(refused, Err(ForkError::Codec(CodecError::TooLong { found: max + 1, max })));
    assert!(matches!(
        ForkProof::decode(&net(), &vec![0x83; max]),
        Err(ForkError::Codec(CodecError::Shape { .. }))
    ));
}
