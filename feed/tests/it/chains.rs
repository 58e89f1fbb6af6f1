//! The anchor rule: which chunks a feed grows by.

use klatch_feed::{AcceptError, EntryId, Head, Header, SecretKey, Unverified};

use crate::feeds::{compact, draft, key, net, secret, write};

/// A chain of `count` entries in which those places for which `is_anchor` says no carry nobody's signature.
/// Whoever writes it knows the key, so that everything but these signatures is right.
pub(crate) fn chain(secret: &SecretKey, count: u32, is_anchor: impl Fn(u32) -> bool) -> Vec<Unverified> {
    let mut head = Head::empty(secret.feed());
    let mut entries = Vec::new();
    for seq in 1..=count {
        let said = draft(258, format!("entry {seq}").as_bytes());
        let (signed, _) = head.sign(&net(), secret, said).expect("within limits");
        let mut signature = *signed.signature();
        signature[40] ^= u8::from(!is_anchor(seq));
        let body = signed.body().map(<[u8]>::to_vec);
        let entry = Unverified::new(signed.header().clone(), signature, body).expect("well-formed");
        head = Head { len: seq, tip: Some(entry.id()), ..head };
        entries.push(entry);
    }
    entries
}

#[test]
fn a_chunk_with_a_bad_interior_signature_is_accepted() {
    let author = secret(1);
    let entries = chain(&author, 3, |seq| seq != 2);
    let accepted = Head::empty(author.feed()).accept(&net(), &key(&author), &compact(&entries));
    let accepted = accepted.expect("one good signature at the end answers for the chunk");
    assert_eq!(accepted.head, Head { feed: author.feed(), len: 3, tip: Some(entries[2].id()) });
}

#[test]
fn a_chunk_that_ends_on_a_bad_signature_is_not() {
    let author = secret(1);
    let entries = chain(&author, 3, |seq| seq != 2);
    let refused = Head::empty(author.feed()).accept(&net(), &key(&author), &compact(&entries[..2]));
    assert_eq!(refused, Err(AcceptError::Signature { feed: author.feed(), seq: 2 }));
}

#[test]
fn a_chunk_after_another_entry_than_mine_is_not_signed_for_me() {
    let author = secret(1);
    let entries = write(&author, [draft(258, b"one"), draft(258, b"two")]);
    let other = EntryId::new([7; 32]);
    let head = Head { feed: author.feed(), len: 1, tip: Some(other) };
    let refused = head.accept(&net(), &key(&author), &compact(&entries[1..]));
    assert_eq!(refused, Err(AcceptError::Signature { feed: author.feed(), seq: 2 }));
    assert_ne!(entries[1].header(), &Header { prev: Some(other), ..entries[1].header().clone() });
}
