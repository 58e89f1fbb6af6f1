//! What holds for every log: encodings are unique, slices are encodings, and where a feed ends.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::chunk::{self, Bodies};
use klatch_feed::{Draft, EntryId, ForkProof, Head, Header, Kind, Unverified, codec};
use proptest::prelude::*;
use serde_cbor::Value;

use crate::feeds::{compact, key, net, secret, write};

fn drafts(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Draft>> {
    let kind = prop_oneof![0_u16..64, 64_u16..256, 256_u16..=u16::MAX];
    let refs = prop::collection::btree_set(any::<[u8; 32]>(), 0..=8);
    let body = prop::collection::vec(any::<u8>(), 0..400);
    let time = prop_oneof![0_u64..1 << 53, Just(0), Just((1 << 53) - 1)];
    let draft = (kind, refs, body, time).prop_map(|(kind, refs, body, time_ms)| Draft {
        kind: Kind(kind),
        refs: refs.into_iter().map(EntryId::new).collect(),
        body,
        time_ms,
    });
    prop::collection::vec(draft, count)
}

/// The entries without the bodies that may be left out.
fn without_bodies(entries: &[Unverified]) -> Vec<Unverified> {
    let strip = |entry: &Unverified| {
        let body = entry.body().filter(|_| entry.header().kind.is_control()).map(<[u8]>::to_vec);
        Unverified::new(entry.header().clone(), *entry.signature(), body).expect("well-formed")
    };
    entries.iter().map(strip).collect()
}

/// A proof that the author of `entry` also signed another entry for its place.
fn fork_of(entry: &Unverified) -> Vec<u8> {
    let author = secret(1);
    let other = Draft { kind: Kind(258), refs: Vec::new(), body: b"the other".to_vec(), time_ms: 0 };
    let (other, _) = Head::empty(author.feed()).sign(&net(), &author, other).expect("within limits");
    let proof = ForkProof::build(&net(), std::slice::from_ref(entry), std::slice::from_ref(&*other));
    proof.expect("a fork").encode()
}

/// Gives the bytes to everything that reads bytes; what takes them must give the same bytes back.
fn read_all(bytes: &[u8]) {
    let author = secret(1);
    if let Ok(header) = Header::decode(bytes) {
        assert_eq!(header.encode(), bytes);
    }
    if let Ok(entries) = chunk::decode(author.feed(), None, bytes) {
        let again = chunk::encode(&entries.iter().collect::<Vec<_>>(), |entry| entry.body().is_some());
        assert_eq!(again, bytes);
    }
    if let Ok((first, count)) = chunk::span(bytes) {
        _ = chunk::slice(&[bytes], first, first.saturating_add(count - 1), Bodies::Within);
    }
    if let Ok(proof) = ForkProof::decode(&net(), bytes) {
        assert_eq!(proof.encode(), bytes);
    }
    _ = Head::empty(author.feed()).accept(&net(), &key(&author), bytes);
    match codec::decode::<Value>(bytes, bytes.len()) {
        Ok(value) => assert_eq!(codec::encode(&value), bytes),
        Err(error) => assert_eq!(codec::scan(bytes), Err(error), "whatever is canonical is some value"),
    }
}

fn key_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]{0,3}", "[a-z]{22,26}"]
}

/// A map written in the order of its pairs.
struct Pairs<'a>(&'a [(String, i64)]);

impl serde::Serialize for Pairs<'_> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_header_reads_back_as_it_was_written(drafts in drafts(1..4)) {
        for entry in write(&secret(1), drafts) {
            let bytes = entry.header().encode();
            prop_assert!(bytes.len() <= 512);
            prop_assert_eq!(&Header::decode(&bytes), &Ok(entry.header().clone()));
        }
    }

    #[test]
    fn a_chunk_reads_back_as_it_was_written_with_and_without_bodies(drafts in drafts(1..6)) {
        let author = secret(1);
        let entries = write(&author, drafts);
        let all: Vec<_> = entries.iter().collect();
        let full = chunk::encode(&all, |_| true);
        prop_assert_eq!(chunk::span(&full), Ok((1, entries.len() as u32)));
        prop_assert_eq!(chunk::decode(author.feed(), None, &full), Ok(entries.clone()));
        let bare = chunk::encode(&all, |_| false);
        prop_assert_eq!(chunk::decode(author.feed(), None, &bare), Ok(without_bodies(&entries)));
        let accepted = Head::empty(author.feed()).accept(&net(), &key(&author), &bare).expect("accepted");
        prop_assert_eq!(accepted.head.tip, Some(entries[entries.len() - 1].id()));
    }

    #[test]
    fn a_slice_is_the_encoding_of_what_it_cuts_out(
        drafts in drafts(2..8),
        ends in any::<[prop::sample::Index; 3]>(),
    ) {
        let entries = write(&secret(1), drafts);
        let [from, to, cut] = ends.map(|end| end.index(entries.len()));
        let (from, to) = (from.min(to), from.max(to));
        let stored: Vec<Vec<u8>> = [&entries[..cut], &entries[cut..]]
            .iter().filter(|run| !run.is_empty()).map(|run| compact(run)).collect();
        let stored: Vec<&[u8]> = stored.iter().map(Vec::as_slice).collect();
        let cut_out: Vec<_> = entries[from..=to].iter().collect();
        for (bodies, keep) in [(Bodies::Within, true), (Bodies::ControlOnly, false)] {
            prop_assert_eq!(
                chunk::slice(&stored, from as u32 + 1, to as u32 + 1, bodies),
                Ok(chunk::encode(&cut_out, |_| keep))
            );
        }
    }

    #[test]
    fn no_bit_of_a_chunk_can_be_another(drafts in drafts(1..4), at in any::<prop::sample::Index>()) {
        let author = secret(1);
        let mut chunk = compact(&write(&author, drafts));
        let bit = at.index(chunk.len() * 8);
        chunk[bit / 8] ^= 1 << (bit % 8);
        let refused = Head::empty(author.feed()).accept(&net(), &key(&author), &chunk);
        prop_assert!(refused.is_err(), "bit {}", bit);
    }

    #[test]
    fn no_bit_of_an_entry_can_be_another(drafts in drafts(1..2), at in any::<prop::sample::Index>()) {
        let author = secret(1);
        let entry = write(&author, drafts).remove(0);
        let (mut header, mut signature) = (entry.header().encode(), *entry.signature());
        let mut body = entry.body().expect("held").to_vec();
        let bit = at.index((header.len() + 64 + body.len()) * 8);
        let (byte, mask) = (bit / 8, 1 << (bit % 8));
        match byte.checked_sub(header.len()) {
            None => header[byte] ^= mask,
            Some(byte) if byte < 64 => signature[byte] ^= mask,
            Some(byte) => body[byte - 64] ^= mask,
        }
        let stands = Header::decode(&header)
            .and_then(|header| Unverified::new(header, signature, Some(body)))
            .is_ok_and(|entry| entry.header().author == author.feed() && entry.is_anchor(&net(), &key(&author)));
        prop_assert!(!stands, "bit {}", bit);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(
        noise in prop::collection::vec(any::<u8>(), 0..300),
        drafts in drafts(1..4),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
    ) {
        read_all(&noise);
        let author = secret(1);
        let entries = write(&author, drafts);
        for mut bytes in [compact(&entries), entries[0].header().encode(), fork_of(&entries[0])] {
            for (at, byte) in &damage {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            read_all(&bytes);
            read_all(&bytes[..end.index(bytes.len())]);
        }
    }

    #[test]
    fn whatever_order_maps_are_written_in_their_encoding_is_one(pairs in prop::collection::vec((key_text(), any::<i64>()), 0..12)) {
        let mut pairs: Vec<_> = pairs.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect();
        let sorted = codec::encode(&Pairs(&pairs));
        pairs.reverse();
        prop_assert_eq!(&codec::encode(&Pairs(&pairs)), &sorted);
        prop_assert_eq!(codec::scan(&sorted), Ok(()));
        let back: BTreeMap<String, i64> = codec::decode(&sorted, sorted.len()).expect("canonical");
        prop_assert_eq!(back.into_iter().collect::<BTreeSet<_>>(), pairs.into_iter().collect());
    }
}
