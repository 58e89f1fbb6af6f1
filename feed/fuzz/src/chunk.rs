//! The compact form of consecutive entries.

use klatch_feed::chunk::{self, Bodies, CHUNK_BYTES_MAX};
use klatch_feed::{EntryId, FeedId, Head, Header, PublicKey, Seq, Unverified, codec};
use serde_cbor::Value;

use crate::{author, net};

/// Input: a chunk, of the author of the vectors, that follows nothing or, where it does not start at
/// entry 1, an entry whose id is all eights.
pub fn check(bytes: &[u8]) {
    let feed = author().feed();
    let span = chunk::span(bytes);
    let prev = match span {
        Ok((first, _)) if first > 1 => Some(EntryId::new([8; 32])),
        _ => None,
    };
    let read = chunk::decode(feed, prev, bytes);
    let reference = reference(feed, prev, bytes);
    assert_eq!(read.as_ref().ok(), reference.as_ref(), "{:?}", read.as_ref().err());
    accept(feed, prev, bytes, reference.as_deref());
    let Ok(entries) = read else { return };
    let all: Vec<_> = entries.iter().collect();
    assert_eq!(chunk::encode(&all, |entry| entry.body().is_some()), bytes, "encoded again");
    let (first, count) = span.expect("it was decoded");
    assert_eq!(count as usize, entries.len());
    let last = first + (count - 1);
    cut(feed, prev, bytes, &entries, (first, last));
}

/// Slices hold what they cut out, with the ids that the whole has.
fn cut(feed: FeedId, prev: Option<EntryId>, bytes: &[u8], entries: &[Unverified], (first, last): (Seq, Seq)) {
    let middle = first + (last - first) / 2;
    for (from, to) in [(first, last), (first, middle), (middle, last), (last, last)] {
        let at = (from - first) as usize..=(to - first) as usize;
        let before = if from == first { prev } else { Some(entries[*at.start() - 1].id()) };
        for bodies in [Bodies::Within, Bodies::ControlOnly] {
            let slice = chunk::slice(&[bytes], from, to, bodies).expect("it holds these");
            let again = chunk::decode(feed, before, &slice).expect("a slice is a chunk");
            let ids = |entries: &[Unverified]| entries.iter().map(Unverified::id).collect::<Vec<_>>();
            assert_eq!(ids(&again), ids(&entries[at.clone()]), "{from} to {to}");
            let may_drop = |entry: &Unverified| !entry.header().kind.is_control() && entry.header().size > 0;
            if bodies == Bodies::ControlOnly {
                assert!(again.iter().filter(|entry| may_drop(entry)).all(|entry| entry.body().is_none()));
            }
        }
    }
    if let Some(past) = last.checked_add(1) {
        assert!(chunk::slice(&[bytes], first, past, Bodies::Within).is_err(), "past the end");
    }
}

/// The one way for a feed to grow takes it iff it is well-formed, short enough and ends on an anchor.
fn accept(feed: FeedId, prev: Option<EntryId>, bytes: &[u8], entries: Option<&[Unverified]>) {
    let key = PublicKey::parse(&feed).expect("a key");
    let first = entries.map_or(1, |entries| entries[0].header().seq);
    let head = Head { feed, len: first - 1, tip: prev };
    let accepted = head.accept(&net(), &key, bytes);
    let good =
        |entries: &&[Unverified]| entries.len() <= 256 && entries[entries.len() - 1].is_anchor(&net(), &key);
    match (accepted, entries.filter(good)) {
        (Ok(accepted), Some(entries)) => {
            assert_eq!(accepted.head.tip, Some(entries[entries.len() - 1].id()));
            assert_eq!(accepted.entries.len(), entries.len());
        }
        (Err(_), None) => {}
        (accepted, entries) => panic!("{accepted:?} where the rules say {}", entries.is_some()),
    }
}

/// spec/feed.md, "compact form", over a tree of values: every row becomes a header that is encoded and
/// judged as one that came whole.
fn reference(feed: FeedId, prev: Option<EntryId>, bytes: &[u8]) -> Option<Vec<Unverified>> {
    let Value::Array(items) = codec::decode(bytes, CHUNK_BYTES_MAX).ok()? else { return None };
    let [Value::Integer(first), Value::Integer(1), Value::Array(rows)] = &items[..] else { return None };
    let (mut seq, mut prev) = (*first, prev);
    let mut entries = Vec::new();
    for row in rows {
        let entry = row_entry(feed, u32::try_from(seq).ok()?, prev, row)?;
        prev = Some(entry.id());
        seq += 1;
        entries.push(entry);
    }
    (!entries.is_empty()).then_some(entries)
}

fn row_entry(feed: FeedId, seq: Seq, prev: Option<EntryId>, row: &Value) -> Option<Unverified> {
    let Value::Array(items) = row else { return None };
    let [kind, time_ms, refs, signature, rest @ ..] = &items[..] else { return None };
    let (Value::Integer(kind), Value::Integer(time_ms)) = (kind, time_ms) else { return None };
    let (Value::Array(refs), Value::Bytes(signature)) = (refs, signature) else { return None };
    let id = |value: &Value| match value {
        Value::Bytes(bytes) => <[u8; 32]>::try_from(&bytes[..]).ok().map(EntryId::new),
        _ => None,
    };
    let kind = klatch_feed::Kind(u16::try_from(*kind).ok()?);
    let (size, body_hash, body) = match rest {
        [Value::Bytes(body)] if body.len() <= kind.body_bytes_max() => {
            (i128::try_from(body.len()).ok()?, Header::hash_body(body), Some(body.clone()))
        }
        [Value::Integer(size), Value::Bytes(hash)] if *size > 0 && !kind.is_control() => {
            (*size, <[u8; 32]>::try_from(&hash[..]).ok()?, None)
        }
        _ => return None,
    };
    let header = Header {
        author: feed,
        seq,
        prev,
        time_ms: u64::try_from(*time_ms).ok()?,
        kind,
        size: u32::try_from(size).ok()?,
        body_hash,
        refs: refs.iter().map(id).collect::<Option<_>>()?,
    };
    let header = Header::decode(&header.encode()).ok()?;
    Unverified::new(header, <[u8; 64]>::try_from(&signature[..]).ok()?, body).ok()
}
