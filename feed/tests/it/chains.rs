//! The anchor rule: which chunks a feed grows by.

use klatch_feed::chunk::{CHUNK_BYTES_MAX, ChunkError};
use klatch_feed::codec::CodecError;
use klatch_feed::{AcceptError, Draft, EntryError, EntryId, Head, K, Kind, SecretKey, Unverified};

use proptest::prelude::*;

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
}

#[test]
fn a_megabyte_is_the_longest_chunk() {
    let author = secret(1);
    let full = write(&author, (0..63_u8).map(|n| draft(258, &vec![n; 16_384])));
    let head = Head { feed: author.feed(), len: 63, tip: Some(full[62].id()) };
    let with_last = |size: usize| {
        let last = crate::feeds::grow(&author, head, [draft(258, &vec![0; size])]);
        compact(&[&full[..], &last].concat())
    };
    let size = 300 + CHUNK_BYTES_MAX - with_last(300).len();
    let accept = |chunk: &[u8]| Head::empty(author.feed()).accept(&net(), &key(&author), chunk);
    assert_eq!(accept(&with_last(size)).map(|accepted| accepted.head.len), Ok(64));
    let source = ChunkError::Codec(CodecError::TooLong { found: CHUNK_BYTES_MAX + 1, max: CHUNK_BYTES_MAX });
    assert_eq!(accept(&with_last(size + 1)), Err(AcceptError::Chunk { feed: author.feed(), source }));
}

#[test]
fn an_author_cannot_sign_what_nobody_would_accept() {
    let author = secret(1);
    let head = Head::empty(author.feed());
    let good = draft(258, b"good");
    let id = EntryId::new([1; 32]);
    let cases = [
        (Draft { body: vec![0; 16_385], ..good.clone() }, EntryError::Size(16_385)),
        (Draft { body: vec![0; 2_049], kind: Kind(0), ..good.clone() }, EntryError::Size(2_049)),
        (Draft { time_ms: 1 << 53, ..good.clone() }, EntryError::Time(1 << 53)),
        (Draft { refs: vec![id, id], ..good.clone() }, EntryError::RefTwice),
        (
            Draft { refs: (0..9).map(|n| EntryId::new([n; 32])).collect(), ..good.clone() },
            EntryError::Refs(9),
        ),
    ];
    for (draft, error) in cases {
        assert_eq!(head.sign(&net(), &author, draft), Err(error));
    }
    let full = Head { len: u32::MAX, tip: Some(id), ..head };
    assert_eq!(full.sign(&net(), &author, good), Err(EntryError::Seq(1 << 32)));
}

#[test]
#[should_panic(expected = "own key")]
fn a_feed_is_not_signed_by_another_key() {
    _ = Head::empty(secret(1).feed()).sign(&net(), &secret(2), draft(258, b""));
}

/// The closed form: steps of at most K from anchor to anchor, as far as they go.
fn frontier(is_anchor: &[bool]) -> usize {
    let mut at = 0;
    loop {
        let window = at + 1..=(at + K as usize).min(is_anchor.len());
        match window.rev().find(|seq| is_anchor[seq - 1]) {
            Some(next) => at = next,
            None => return at,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However a chain is cut into chunks, who fetches it ends at its frontier.
    #[test]
    fn every_way_of_fetching_a_chain_ends_at_its_frontier(
        runs in prop::collection::vec((1_usize..4, prop_oneof![4 => 0_usize..40, 1 => 250_usize..260]), 1..4),
        choices in prop::collection::vec(any::<prop::sample::Index>(), 1..8),
    ) {
        let anchors: Vec<bool> = runs
            .into_iter()
            .flat_map(|(good, bad)| [vec![true; good], vec![false; bad]].concat())
            .chain([true])
            .collect();
        let author = secret(1);
        let entries = chain(&author, anchors.len() as u32, |seq| anchors[seq as usize - 1]);
        let (net, key) = (net(), key(&author));
        let mut head = Head::empty(author.feed());
        for choice in choices.iter().cycle() {
            let held = head.len as usize;
            let window = &entries[held..(held + K as usize).min(entries.len())];
            let ends: Vec<usize> = (0..window.len()).filter(|at| anchors[held + at]).collect();
            if ends.is_empty() {
                break;
            }
            let end = ends[choice.index(ends.len())];
            head = head.accept(&net, &key, &compact(&window[..=end])).expect("ends on an anchor").head;
            if let Some(past) = (end + 1..window.len()).find(|at| !anchors[held + at]) {
                let offered = Head::accept(&head, &net, &key, &compact(&window[end + 1..=past]));
                let seq = (held + past + 1) as u32;
                prop_assert_eq!(offered, Err(AcceptError::Signature { feed: author.feed(), seq }));
            }
        }
        prop_assert_eq!(head.len as usize, frontier(&anchors));
    }
}
