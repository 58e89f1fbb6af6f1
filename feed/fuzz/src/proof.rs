//! Proofs of forks: as bytes, and built from branches.

use arbitrary::{Arbitrary, Unstructured};
use klatch_feed::{
    Draft, EntryId, FeedId, ForkError, ForkProof, Head, Header, Kind, PublicKey, Unverified, codec,
};
use serde_cbor::Value;
use sha2::{Digest, Sha256};

use crate::{author, net};

/// Input: zero and the bytes of a proof, or any other byte and what two branches are built from.
pub fn check(bytes: &[u8]) {
    match bytes.split_first() {
        Some((0, bytes)) => read(bytes),
        Some((_, bytes)) => drop(build(&mut Unstructured::new(bytes))),
        None => {}
    }
}

/// Reads both ways.
fn read(bytes: &[u8]) {
    let proof = ForkProof::decode(&net(), bytes);
    let reference = reference(bytes);
    assert_eq!(proof.is_ok(), reference.is_some(), "{proof:?}");
    let (Ok(proof), Some((cap, branches))) = (proof, reference) else { return };
    assert_eq!(proof.encode(), bytes);
    assert_eq!((u64::from(proof.cap()), proof.branches()), (cap, branches));
}

/// spec/feed.md, "forks", over a tree of values: the cap and the first ids.
fn reference(bytes: &[u8]) -> Option<(u64, [EntryId; 2])> {
    let Value::Array(items) = codec::decode(bytes, 64 + 512 * (3 + 512 + 64)).ok()? else { return None };
    let [Value::Bytes(author), Value::Array(a), Value::Array(b)] = &items[..] else { return None };
    let author: [u8; 32] = author[..].try_into().ok()?;
    let [(seq_a, prev_a, id_a), (seq_b, prev_b, id_b)] = [segment(author, a)?, segment(author, b)?];
    let stands = seq_a == seq_b && prev_a == prev_b && id_a < id_b;
    stands.then_some((u64::from(seq_a) - 1, [id_a, id_b]))
}

/// Place, prev and id of the first entry of a segment that is one.
fn segment(author: [u8; 32], items: &[Value]) -> Option<(u32, Option<EntryId>, EntryId)> {
    let feed = FeedId::new(author);
    let key = PublicKey::parse(&feed).ok()?;
    let mut first = None;
    let mut before: Option<(u32, EntryId)> = None;
    for (at, item) in items.iter().enumerate() {
        let Value::Bytes(item) = item else { return None };
        let (bytes, signature) = item.split_last_chunk::<64>()?;
        let header = Header::decode(bytes).ok().filter(|_| crate::entry::reference(bytes))?;
        let follows = before.is_none_or(|(seq, id)| (header.seq, header.prev) == (seq + 1, Some(id)));
        let net = net();
        let signed = [&b"klatch/entry/1\0"[..], net.as_bytes(), bytes];
        let is_last = at + 1 == items.len();
        if header.author != feed || !follows || key.verify(&signed, signature) != is_last || at >= 256 {
            return None;
        }
        let id = EntryId::new(Sha256::digest([b"klatch/id/1\0", bytes, &signature[..]].concat()).into());
        first = first.or(Some((header.seq, header.prev, id)));
        before = Some((header.seq, id));
    }
    first
}

/// One entry of a branch: what it says, and whether its own signature is good.
#[derive(Arbitrary)]
struct Item {
    says: u8,
    is_signed: bool,
}

/// Builds the proof of two branches that go apart after a shared beginning: there is one iff each has an
/// anchor and they start with different entries; it caps there, and is one and the same either way round.
fn build(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let shared: u8 = input.int_in_range(0..=2)?;
    let mut root = Head::empty(author().feed());
    for _ in 0..shared {
        root = write(&root, &Item { says: 0, is_signed: true }).1;
    }
    let mut branches = [Vec::new(), Vec::new()];
    for branch in &mut branches {
        let mut head = root;
        for _ in 0..input.int_in_range(1..=6)? {
            let (entry, next) = write(&head, &Item::arbitrary(input)?);
            branch.push(entry);
            head = next;
        }
    }
    let [a, b] = &branches;
    let key = PublicKey::parse(&author().feed()).expect("a key");
    let has_anchor = |branch: &Vec<Unverified>| branch.iter().any(|entry| entry.is_anchor(&net(), &key));
    let stands = a[0].id() != b[0].id() && has_anchor(a) && has_anchor(b);
    let proof = ForkProof::build(&net(), a, b);
    assert_eq!(proof.is_ok(), stands, "{proof:?}");
    let Ok(proof) = proof else { return Ok(()) };
    assert_eq!(proof.cap(), u32::from(shared));
    assert_eq!(ForkProof::build(&net(), b, a).as_ref(), Ok(&proof));
    read(&proof.encode());

    // With its segments exchanged, or one bit another, it proves nothing.
    let mut bytes = proof.encode();
    let mut items: Vec<Value> = codec::decode(&bytes, bytes.len()).expect("canonical");
    items.swap(1, 2);
    assert_eq!(ForkProof::decode(&net(), &codec::encode(&items)), Err(ForkError::Order));
    let at = input.choose_index(bytes.len())?;
    bytes[at] ^= 1 << input.int_in_range(0..=7)?;
    assert!(ForkProof::decode(&net(), &bytes).is_err(), "byte {at}");
    read(&bytes);
    Ok(())
}

fn write(head: &Head, item: &Item) -> (Unverified, Head) {
    let draft = Draft { kind: Kind(258), refs: vec![], body: vec![item.says; 3], time_ms: 0 };
    let (entry, next) = head.sign(&net(), &author(), draft).expect("within all limits");
    if item.is_signed {
        return ((*entry).clone(), next);
    }
    let mut signature = *entry.signature();
    signature[40] ^= 1;
    let entry = Unverified::new(entry.header().clone(), signature, entry.body().map(<[u8]>::to_vec));
    let entry = entry.expect("only the signature is another");
    let next = Head { tip: Some(entry.id()), ..next };
    (entry, next)
}
