//! Keys and words: what they keep to themselves.

use klatch_feed::key::WordsError;
use klatch_feed::{RecoveryWords, SecretKey};

use crate::raw::hex;

#[test]
fn no_secret_stands_in_debug() {
    let seed = [0x5c; 32];
    let secret = SecretKey::from_seed(&seed);
    assert_eq!(format!("{secret:?}"), format!("SecretKey of {}", secret.feed()));
    let words = RecoveryWords::from_entropy(&seed);
    let shown = format!("{words:?} {words:#?}");
    let list = words.words();
    assert_eq!(list.split(' ').count(), 24);
    for secret in list.split(' ').filter(|word| word.len() > 3).chain([hex(&seed).as_str(), "92, 92"]) {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_word_in_error_is_named_by_its_place_alone() {
    let words = format!("{}klatch {}", "abandon ".repeat(4), "abandon ".repeat(19));
    let error = RecoveryWords::parse(&words).unwrap_err();
    assert_eq!(error, WordsError::Unknown(5));
    assert!(!error.to_string().contains("klatch"));
}

#[test]
fn the_seed_of_a_key_makes_the_key_again() {
    let secret = SecretKey::from_seed(&[3; 32]);
    assert_eq!(*secret.seed(), [3; 32]);
    assert_eq!(SecretKey::from_seed(&secret.seed()).feed(), secret.feed());
}

#[test]
fn parts_are_signed_and_checked_as_one_message() {
    let secret = SecretKey::from_seed(&[3; 32]);
    let key = crate::feeds::key(&secret);
    let signature = secret.sign(&[b"one ", b"message"]);
    assert_eq!(signature, secret.sign(&[b"one message"]));
    assert!(key.verify(&[b"one mess", b"", b"age"], &signature));
    assert!(!key.verify(&[b"one message", b"!"], &signature));
}
