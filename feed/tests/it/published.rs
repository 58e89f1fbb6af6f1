//! Vectors that others published, from the folder that `KLATCH_VECTORS` names. They are not part of the project:
//! where the variable is unset, each test says aloud that it checks nothing. The
//! same rules stand in spec/vectors/feed/ as cases of our own.

use klatch_feed::codec;
use klatch_feed::key::KeyError;
use klatch_feed::{FeedId, PublicKey};
use serde_json::Value;
use std::io::Write;

use crate::raw::unhex;
use crate::vectors::codec_name;

fn published(file: &str) -> Option<Vec<Value>> {
    let Some(folder) = std::env::var_os("KLATCH_VECTORS") else {
        // Not `eprintln`: what that prints is hidden where a test passes.
        let _ = writeln!(std::io::stderr(), "SKIPPED: KLATCH_VECTORS is unset, {file} is not checked");
        return None;
    };
    let path = std::path::Path::new(&folder).join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).expect("a JSON array"))
}

fn field(case: &Value, key: &str) -> Vec<u8> {
    unhex(case[key].as_str().unwrap_or_else(|| panic!("{key} in {case}")))
}

/// "Taming the many EdDSAs": one pinned verdict each.
#[test]
fn the_edge_cases_of_ed25519_have_their_verdicts() {
    let Some(cases) = published("ed25519-speccheck-cases.json") else { return };
    let pinned = [
        "weak key",      // 0: A of small order, S = 0
        "weak key",      // 1: A of small order
        "bad signature", // 2: R of small order
        "good",          // 3: A and R with a part of small order, the plain equation holds
        "bad signature", // 4: only the cofactored equation holds
        "bad signature", // 5: the same, with k multiplied by the cofactor first
        "bad signature", // 6: S > L
        "bad signature", // 7: S far past L
        "bad signature", // 8: R not canonical, reduced in the hash
        "bad signature", // 9: R not canonical
        "no key",        // 10: A not canonical
        "no key",        // 11: A not canonical, not reduced in the hash
    ];
    assert_eq!(cases.len(), pinned.len());
    for (index, (case, pinned)) in cases.iter().zip(pinned).enumerate() {
        let key: [u8; 32] = field(case, "pub_key").try_into().expect("32 bytes");
        let signature: [u8; 64] = field(case, "signature").try_into().expect("64 bytes");
        let verdict = match PublicKey::parse(&FeedId::new(key)) {
            Err(KeyError::Weak) => "weak key",
            Err(KeyError::Encoding) => "no key",
            Ok(key) if key.verify(&[&field(case, "message")], &signature) => "good",
            Ok(_) => "bad signature",
        };
        assert_eq!(verdict, pinned, "case {index}");
    }
}

/// RFC 8949, appendix A: what of it is canonical here, and why the rest is not.
#[test]
fn the_examples_of_cbor_have_their_verdicts() {
    let Some(cases) = published("cbor-appendix-a.json") else { return };
    let mut counts = std::collections::BTreeMap::new();
    for case in &cases {
        let bytes = field(case, "hex");
        // By RFC 8949's own tables, not by the code under test: major type and additional information.
        let indefinite = case["roundtrip"] == false && bytes[0] >> 5 != 7;
        let pinned = match bytes[0] {
            _ if indefinite => "indefinite",
            0xc0..=0xdb => "tag",
            0xf9..=0xfb => "float",
            0xe0..=0xf3 | 0xf7 | 0xf8 => "simple",
            _ => "ok",
        };
        let verdict = codec::scan(&bytes).map_or_else(|error| codec_name(&error), |()| "ok");
        assert_eq!(verdict, pinned, "{case}");
        *counts.entry(verdict).or_insert(0) += 1;
    }
    let expected = [("float", 22), ("indefinite", 11), ("ok", 37), ("simple", 4), ("tag", 8)];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn every_malformed_encoding_of_cbor_is_refused() {
    let Some(cases) = published("cbor-fail.json") else { return };
    assert!(cases.len() >= 600, "{} cases", cases.len());
    for case in &cases {
        assert!(codec::scan(&field(case, "hex")).is_err(), "{case}");
    }
}
