//! One application message.

use klatch_feed::{ForkProof, NetId, codec};
use klatch_gossip::sync::message::{MESSAGE_BYTES_MAX, Message};
use serde_cbor::Value;

/// Input: the bytes of a message.
pub fn check(bytes: &[u8]) {
    let read = Message::decode(bytes);
    let value = codec::decode::<Value>(bytes, MESSAGE_BYTES_MAX);
    let Ok(message) = read else { return };
    if message == Message::Ignored {
        return; // Passed over by its number alone.
    }
    if let Message::Fork(proof) = &message {
        assert_eq!(message.encode(), bytes);
        let _ = ForkProof::decode(&NetId::of_name("fuzz"), proof); // Judged when it is looked at.
        return;
    }
    let Ok(Value::Array(items)) = value else { panic!("no canonical array, and yet {message:?}") };
    let encoded = message.encode();
    assert_eq!(Message::decode(&encoded).as_ref(), Ok(&message), "it reads back as what it is");
    match message {
        // Its features are not looked at by this version.
        Message::Resume { .. } => assert_eq!(items.len(), 7),
        _ => assert_eq!(encoded, bytes),
    }
}
