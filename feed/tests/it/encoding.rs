//! What the encoding refuses beyond the vectors: the right values in another shape, and what only size shows.

use std::collections::BTreeMap;

use klatch_feed::codec::{self, CodecError};
use klatch_feed::{EntryId, FeedId};
use serde::{Deserialize, Serialize};

use crate::raw::{bytes, unhex};

#[derive(Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct Form {
    b: u64,
    a: Option<String>,
    #[serde(with = "serde_bytes", default)]
    c: Vec<u8>,
}

#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
enum Choice {
    Left,
}

fn form() -> Form {
    Form { b: 7, a: Some("x".into()), c: vec![1] }
}

#[test]
fn a_form_is_written_with_sorted_keys_and_reads_back() {
    let written = codec::encode(&form());
    assert_eq!(written, unhex("a361616178616207616341 01".replace(' ', "").as_str()));
    assert_eq!(codec::decode(&written, 100), Ok(form()));
    assert_eq!(codec::decode_open(&written, 100), Ok(form()));
}

#[test]
fn a_form_has_one_shape() {
    let cases = [
        ("fields as an array", "83076178 4101"),
        ("fields under numbers", "a3 00 07 01 6178 02 4101"),
        ("an integer in a byte string's place, in an array", "a3 6161 6178 6162 07 6163 8101"),
        ("text in a byte string's place", "a3 6161 6178 6162 07 6163 6101"),
    ];
    for (what, bytes) in cases {
        let bytes = unhex(&bytes.replace(' ', ""));
        assert_eq!(codec::scan(&bytes), Ok(()), "{what}: canonical by itself");
        assert!(codec::decode::<Form>(&bytes, 100).is_err(), "{what}, closed");
        assert!(codec::decode_open::<Form>(&bytes, 100).is_err(), "{what}, open");
    }
    for (what, bytes) in [
        ("a variant by number", "00"),
        ("a variant as an array", "8100"),
        ("... of its name", "81644c656674"),
    ] {
        assert!(codec::decode::<Choice>(&unhex(bytes), 100).is_err(), "{what}");
    }
    assert_eq!(codec::decode(&unhex("644c656674"), 100), Ok(Choice::Left));
}

#[test]
fn a_closed_form_refuses_an_unknown_key_and_an_open_one_passes_it_over() {
    let more = unhex("a46161617861620761634101617a00");
    assert_eq!(codec::decode::<Form>(&more, 100), Err(CodecError::NotCanonical { at: 0 }));
    assert_eq!(codec::decode_open(&more, 100), Ok(form()));
}

#[test]
fn an_open_form_takes_a_missing_key_for_null() {
    let less = unhex("a261620761634101");
    assert_eq!(codec::decode_open(&less, 100), Ok(Form { a: None, ..form() }));
    assert_eq!(codec::decode::<Form>(&less, 100), Err(CodecError::NotCanonical { at: 0 }));
}

#[test]
fn a_byte_past_the_limit_is_refused_before_it_is_read() {
    let written = codec::encode(&form());
    let too_long = CodecError::TooLong { found: written.len(), max: written.len() - 1 };
    assert_eq!(codec::decode::<Form>(&written, written.len()), Ok(form()));
    assert_eq!(codec::decode::<Form>(&written, written.len() - 1), Err(too_long.clone()));
    assert_eq!(codec::decode_open::<Form>(&written, written.len() - 1), Err(too_long));
}

#[test]
fn a_million_arrays_cost_no_stack_and_a_claim_of_4_gib_no_memory() {
    let nested = vec![0x81; 1_000_000];
    assert_eq!(codec::scan(&nested), Err(CodecError::TooDeep { at: 16 }));
    let maps = [0xa1, 0x00].repeat(500_000);
    assert_eq!(codec::scan(&maps), Err(CodecError::TooDeep { at: 32 }));
    for head in [0x5a, 0x7a, 0x9a, 0xba] {
        let claim = [head, 0xff, 0xff, 0xff, 0xff, 0];
        assert_eq!(codec::decode::<Vec<u8>>(&claim, 100), Err(CodecError::Truncated { at: 0 }));
    }
}

#[test]
fn an_id_is_bytes_in_cbor_and_text_in_json() {
    let id = EntryId::new([0xee; 32]);
    assert_eq!(codec::encode(&id), bytes(&[0xee; 32]));
    assert_eq!(codec::decode(&bytes(&[0xee; 32]), 100), Ok(id));
    let json = format!("\"{id}\"");
    assert_eq!(serde_json::to_string(&id).unwrap(), json);
    assert_eq!(serde_json::from_str::<EntryId>(&json).unwrap(), id);
    assert!(serde_json::from_str::<FeedId>(&json).is_err(), "an entry is no feed");

    let text = codec::encode(&id.to_string());
    assert!(codec::decode::<EntryId>(&text, 100).is_err(), "text in CBOR");
    assert!(codec::decode::<EntryId>(&bytes(&[0xee; 31]), 100).is_err(), "31 bytes");
    let open = codec::encode(&BTreeMap::from([("id", id.to_string())]));
    assert!(codec::decode_open::<BTreeMap<String, EntryId>>(&open, 100).is_err(), "text in an open form");
}
