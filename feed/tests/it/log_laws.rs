//! What holds for every log: encodings are unique, slices are encodings, and where a feed ends.

use klatch_feed::chunk::{self, Bodies};
use klatch_feed::{Draft, EntryId, Head, Header, Kind, Unverified};
use proptest::prelude::*;

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
}
