//! What entries say.

use klatch_feed::post::PostError;
use klatch_feed::{EntryId, Kind, Post, codec};
use serde_cbor::Value;

/// Input: kind in two bytes, how many refs in one, a byte for each ref, and the body.
pub fn check(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first_chunk() else { return };
    let Some((&count, rest)) = rest.split_first() else { return };
    let Some((refs, body)) = rest.split_at_checked(usize::from(count % 9)) else { return };
    let kind = Kind(u16::from_be_bytes(*kind));
    let refs: Vec<_> = refs.iter().map(|byte| EntryId::new([*byte; 32])).collect();
    if refs.iter().enumerate().any(|(at, id)| refs[..at].contains(id)) {
        return; // No header has such refs.
    }
    assert_eq!(Post::read(kind, &refs, None), None);
    let Some(post) = Post::read(kind, &refs, Some(body)) else { return };
    assert_eq!(post.kind(), kind);
    assert_eq!(codec::scan(body), Ok(()), "only canonical bytes say anything");
    assert!(body.len() <= kind.body_bytes_max());
    match post.draft(7, [3; 16]) {
        Ok(draft) => {
            assert_eq!((draft.kind, &draft.refs), (kind, &refs));
            assert_eq!(Post::read(kind, &refs, Some(&draft.body)), Some(post.clone()), "what it writes");
        }
        // Zones and skipped hours are the writer's affair: a reader has no zone data.
        Err(PostError { field: "zone" | "start", .. }) => {
            assert!(matches!(post, Post::Event { .. } | Post::Update { .. } | Post::Poll { .. }));
        }
        Err(error) => panic!("read, and not to be written: {error}"),
    }
    unknown_key(kind, &refs, body, &post);
}

/// A later version's key changes nothing, as long as the body stays within its limit.
fn unknown_key(kind: Kind, refs: &[EntryId], body: &[u8], post: &Post) {
    let Ok(Value::Map(mut map)) = codec::decode(body, body.len()) else { return };
    map.insert(Value::Text("a key of the next version".into()), Value::Null);
    let longer = codec::encode(&Value::Map(map));
    if longer.len() <= kind.body_bytes_max() {
        assert_eq!(Post::read(kind, refs, Some(&longer)).as_ref(), Some(post), "with one more key");
    }
}
