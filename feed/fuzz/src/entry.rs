//! One entry: header, signature and body.

use klatch_feed::entry::{HEADER_BYTES_MAX, TIME_MS_MAX};
use klatch_feed::{Header, PublicKey, Unverified, codec};
use serde_bytes::ByteArray;

use crate::{author, net, part};

type B32 = ByteArray<32>;
type Form = (u64, B32, u64, Option<B32>, u64, u64, u64, B32, Vec<B32>);

/// Input: the header with its length in two bytes, 64 bytes of signature, and the body; without a body
/// it is left out.
pub fn check(bytes: &[u8]) {
    header(bytes);
    let mut left = bytes;
    let Some(header_bytes) = part(&mut left) else { return };
    header(header_bytes);
    let Ok(header) = Header::decode(header_bytes) else { return };
    let Some((signature, body)) = left.split_first_chunk::<64>() else { return };
    let body = (!body.is_empty()).then_some(body);
    let fits = match body {
        Some(body) => body.len() == header.size as usize && Header::hash_body(body) == header.body_hash,
        None => header.size == 0 || !header.kind.is_control(),
    };
    let entry = Unverified::new(header.clone(), *signature, body.map(<[u8]>::to_vec));
    assert_eq!(entry.is_ok(), fits, "{entry:?}");
    let Ok(entry) = entry else { return };
    assert_eq!((entry.header(), entry.signature()), (&header, signature));
    let key = PublicKey::parse(&author().feed()).expect("a key");
    let net = net();
    let signed = [&b"klatch/entry/1\0"[..], net.as_bytes(), header_bytes];
    assert_eq!(entry.is_anchor(&net, &key), key.verify(&signed, signature));
}

/// Reads a header both ways.
fn header(bytes: &[u8]) {
    let read = Header::decode(bytes);
    assert_eq!(read.is_ok(), reference(bytes), "{read:?}");
    if let Ok(header) = read {
        assert_eq!(header.encode(), bytes);
    }
}

/// spec/feed.md, "header" and "limits", over serde.
pub(crate) fn reference(bytes: &[u8]) -> bool {
    let Ok(form) = codec::decode::<Form>(bytes, HEADER_BYTES_MAX) else { return false };
    let (version, _, seq, prev, time, kind, size, hash, refs) = form;
    let body_max = if kind < 64 { 2_048 } else { 16_384 };
    let are_distinct = refs.iter().enumerate().all(|(at, id)| !refs[..at].contains(id));
    version == 1
        && (1..=u64::from(u32::MAX)).contains(&seq)
        && prev.is_none() == (seq == 1)
        && time <= TIME_MS_MAX
        && kind <= u64::from(u16::MAX)
        && size <= body_max
        && (size > 0 || *hash == Header::hash_body(&[]))
        && refs.len() <= 8
        && are_distinct
}
