//! Vectors of what stands by itself: networks, ids, the encoding, signatures, recovery words.

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::{EdwardsPoint, Scalar};
use klatch_feed::{FeedId, RecoveryWords, SecretKey};
use serde_json::{Value, json};

use super::{Files, case, file};
use crate::feeds::secret;
use crate::raw::{self, hex};

pub(crate) fn files() -> Files {
    [
        network(),
        ids(),
        encoding_good(),
        encoding_bad(),
        encoding_depth(),
        encoding_lengths(),
        signature_keys(),
        signature_crafted(),
        words_keys(),
        words_bad(),
    ]
    .into()
}

fn network() -> (String, Value) {
    let cases = ["klatch-test", "", "Tuesdays, Lisboa – só nós"].map(|name| {
        let net = raw::sha256(&[b"klatch/net/1\0", name.as_bytes()]);
        case("the hash of a name", "ok", json!({ "name": name, "net": hex(&net) }))
    });
    file("network_id", "network", "A network's id is a hash of its public name.", cases.into())
}

fn ids() -> (String, Value) {
    let bytes = *secret(1).feed().as_bytes();
    let feed = FeedId::new(bytes).to_string();
    let entry = klatch_feed::EntryId::new([0xee; 32]).to_string();
    let typo = feed.replacen("feed1", "feed1q", 1);
    let mut swapped = feed.clone().into_bytes();
    swapped.swap(10, 11);
    let spell = |prefix: &str, data: &[u8]| {
        bech32::encode::<bech32::Bech32m>(bech32::Hrp::parse(prefix).unwrap(), data).unwrap()
    };
    let older = bech32::encode::<bech32::Bech32>(bech32::Hrp::parse("feed").unwrap(), &bytes).unwrap();
    let good = |what, of, text: &str, hexed: &[u8], lower: &str| {
        case(what, "ok", json!({ "of": of, "text": text, "hex": hex(hexed), "lower": lower }))
    };
    let bad = |what, verdict, text: String| case(what, verdict, json!({ "of": "feed", "text": text }));
    let cases = vec![
        good("a feed", "feed", &feed, &bytes, &feed),
        good("an entry", "entry", &entry, &[0xee; 32], &entry),
        good("all in capitals", "feed", &feed.to_uppercase(), &bytes, &feed),
        bad("both cases mixed", "checksum", feed.replacen("feed", "Feed", 1)),
        bad("a letter too many", "checksum", typo),
        bad("two letters swapped", "checksum", String::from_utf8(swapped).unwrap()),
        bad("bech32 where bech32m is meant", "checksum", older),
        bad("four bits set past the 32 bytes", "checksum", padded(&bytes)),
        bad("an entry where a feed is meant", "prefix", entry),
        bad("31 bytes", "length", spell("feed", &bytes[..31])),
        bad("33 bytes", "length", spell("feed", &[7; 33])),
        bad("nothing", "checksum", String::new()),
        bad("hex", "checksum", hex(&bytes)),
    ];
    file("id_text", "id", "Ids are bech32m with the prefix feed or entry, one text for each.", cases)
}

/// The 32 bytes with the four spare bits of the last letter set.
fn padded(bytes: &[u8; 32]) -> String {
    use bech32::primitives::iter::{ByteIterExt, Fe32IterExt};
    let hrp = bech32::Hrp::parse("feed").unwrap();
    let mut letters: Vec<_> = bytes.iter().copied().bytes_to_fes().collect();
    let last = letters.last_mut().unwrap();
    *last = bech32::Fe32::try_from(last.to_u8() | 0xf).unwrap();
    letters.into_iter().with_checksum::<bech32::Bech32m>(&hrp).chars().collect()
}

fn encoded(what: &str, verdict: &str, bytes: &str) -> Value {
    case(what, verdict, json!({ "hex": bytes }))
}

fn encoding_good() -> (String, Value) {
    let cases = [
        ("0", "00"),
        ("23", "17"),
        ("24", "1818"),
        ("255", "18ff"),
        ("256", "190100"),
        ("65536", "1a00010000"),
        ("2^32", "1b0000000100000000"),
        ("-1", "20"),
        ("the empty byte string", "40"),
        ("text", "62c3bc"),
        ("an empty array", "80"),
        ("an empty map", "a0"),
        ("false, true, null", "83f4f5f6"),
        (
            "keys: integers before byte strings before text, shorter before longer",
            "a4010041ff0061610062626200",
        ),
        ("an array in a map in an array", "81a1617881820102"),
    ];
    let cases = cases.map(|(what, bytes)| encoded(what, "ok", bytes));
    file("encoding_good", "encoding", "What canonical CBOR looks like.", cases.into())
}

fn encoding_bad() -> (String, Value) {
    let cases = [
        ("0 in two bytes", "long-form", "1800"),
        ("23 in two bytes", "long-form", "1817"),
        ("255 in three bytes", "long-form", "1900ff"),
        ("65535 in five bytes", "long-form", "1a0000ffff"),
        ("2^32 - 1 in nine bytes", "long-form", "1b00000000ffffffff"),
        ("a byte string's length in two bytes", "long-form", "5801ff"),
        ("an array's count in two bytes", "long-form", "980100"),
        ("an indefinite byte string", "indefinite", "5f41ffff"),
        ("an indefinite array", "indefinite", "9f00ff"),
        ("an indefinite map", "indefinite", "bf616100ff"),
        ("a break by itself", "reserved", "ff"),
        ("a reserved head", "reserved", "1c"),
        ("a tag", "tag", "c000"),
        ("a float of two bytes", "float", "f93c00"),
        ("a float of eight bytes", "float", "fb3ff0000000000000"),
        ("undefined", "simple", "f7"),
        ("simple value 0", "simple", "e0"),
        ("simple value 255", "simple", "f8ff"),
        ("text that is not UTF-8", "utf8", "61ff"),
        ("a surrogate in text", "utf8", "63eda080"),
        ("an array as a key", "key-kind", "a18000"),
        ("a map as a key", "key-kind", "a1a000"),
        ("true as a key", "key-kind", "a1f500"),
        ("a key twice", "key-order", "a2616100616101"),
        ("keys out of order", "key-order", "a2616200616101"),
        ("a longer key before a shorter", "key-order", "a262616100616200"),
        ("a byte after the end", "trailing", "0000"),
        ("nothing at all", "truncated", ""),
    ];
    let cases = cases.map(|(what, verdict, bytes)| encoded(what, verdict, bytes));
    file("encoding_bad", "encoding", "Each way of not being canonical CBOR.", cases.into())
}

fn encoding_depth() -> (String, Value) {
    let nested = |depth: usize| "81".repeat(depth - 1) + "80";
    let cases = vec![
        encoded("16 arrays, one in another", "ok", &nested(16)),
        encoded("17", "too-deep", &nested(17)),
        encoded("a map in 16 arrays", "too-deep", &("81".repeat(16) + "a0")),
        encoded("10,000", "too-deep", &nested(10_000)),
    ];
    file("encoding_depth", "encoding", "Arrays and maps nest at most 16 deep.", cases)
}

fn encoding_lengths() -> (String, Value) {
    let cases = [
        ("a byte string of 4 GiB", "truncated", "5affffffff00"),
        ("a byte string of 2^64 - 1 bytes", "truncated", "5bffffffffffffffff00"),
        ("text of 4 GiB", "truncated", "7affffffff61"),
        ("an array of 2^64 - 1 items", "truncated", "9bffffffffffffffff00"),
        ("a map of 2^63 pairs", "truncated", "bb80000000000000000000"),
        ("a map of one pair with the key alone", "truncated", "a100"),
        ("an array that lacks its last item", "truncated", "820181"),
        ("a head that lacks its last byte", "truncated", "1901"),
    ];
    let cases = cases.map(|(what, verdict, bytes)| encoded(what, verdict, bytes));
    let why =
        "A length or count that the bytes which follow cannot hold is refused before anything is set aside.";
    file("encoding_lengths", "encoding", why, cases.into())
}

fn signed(what: &str, verdict: &str, key: &[u8; 32], message: &[u8], signature: &[u8]) -> Value {
    let fields = json!({ "key": hex(key), "message": hex(message), "signature": hex(signature) });
    case(what, verdict, fields)
}

/// R = identity, S = 0: satisfies the plain equation for a key of small order where k times it vanishes.
fn nobodys_signature() -> [u8; 64] {
    let mut signature = [0; 64];
    signature[0] = 1;
    signature
}

fn signature_keys() -> (String, Value) {
    let mut cases = Vec::new();
    for (index, point) in EIGHT_TORSION.iter().enumerate() {
        let what = format!("point {index} of the eight of small order");
        let key = point.compress().to_bytes();
        cases.push(signed(&what, "key-weak", &key, b"anything", &nobodys_signature()));
    }
    // y = 2^255 - 19 + n, little-endian: the same point as y = n.
    let past_p = |n: u8, sign: u8| {
        let mut key = [0xff; 32];
        (key[0], key[31]) = (0xed + n, 0x7f | sign);
        key
    };
    cases.push(signed("y = p, the same as 0", "key-encoding", &past_p(0, 0), b"", &nobodys_signature()));
    cases.push(signed("y = p + 1, the same as 1", "key-encoding", &past_p(1, 0), b"", &nobodys_signature()));
    let mut minus_zero = [0; 32];
    (minus_zero[0], minus_zero[31]) = (1, 0x80);
    cases.push(signed("x = 0 with the sign of -0", "key-encoding", &minus_zero, b"", &nobodys_signature()));
    let mut off_curve = [0; 32];
    off_curve[0] = 2;
    cases.push(signed("y = 2, on no point", "key-encoding", &off_curve, b"", &nobodys_signature()));
    let why = "A key is the one encoding of a point that is not of small order; no other ever signs.";
    file("signature_keys", "signature", why, cases)
}

/// Signatures over one message that satisfy a weaker equation than the spec's.
fn signature_crafted() -> (String, Value) {
    let author = secret(1);
    let key = *author.feed().as_bytes();
    let message = b"one message";
    let honest = author.sign(&[message]);
    let mut cases = vec![
        signed("an honest one", "ok", &key, message, &honest),
        signed(
            "another honest one, by another nonce",
            "ok",
            &key,
            message,
            &raw::sign_with_nonce(&author, 77, message),
        ),
        signed("over another message", "signature", &key, b"another message", &honest),
        signed("by another key", "signature", &key, message, &secret(2).sign(&[message])),
    ];

    let mut past_l = honest;
    let mut carry = 0;
    for (byte, addend) in past_l[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(addend) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    cases.push(signed("S + L in place of S", "signature", &key, message, &past_l));

    let scalar = ed25519_dalek::SigningKey::from_bytes(&author.seed()).to_scalar();
    let torsion = EIGHT_TORSION[1];
    let nonce = Scalar::from(77_u64);
    let forge = |point: EdwardsPoint, key: &[u8; 32], nonce: Scalar| {
        let point = point.compress().to_bytes();
        let response = nonce + raw::challenge(&point, key, message) * scalar;
        [point, response.to_bytes()].concat()
    };
    let mixed_r = forge(EdwardsPoint::mul_base(&nonce) + torsion, &key, nonce);
    cases.push(signed(
        "R with a part of order 8: cofactored verifiers take it",
        "signature",
        &key,
        message,
        &mixed_r,
    ));
    let mut non_canonical_r = [0; 64];
    non_canonical_r[..32].copy_from_slice(&[0xff; 32]);
    (non_canonical_r[0], non_canonical_r[31]) = (0xee, 0x7f);
    let response = raw::challenge(&non_canonical_r[..32].try_into().unwrap(), &key, message) * scalar;
    non_canonical_r[32..].copy_from_slice(response.as_bytes());
    cases.push(signed("R = identity, as y = p + 1", "signature", &key, message, &non_canonical_r));
    let small_r = forge(EdwardsPoint::default(), &key, Scalar::ZERO);
    cases.push(signed(
        "R = identity: the equation holds, R is of small order",
        "signature",
        &key,
        message,
        &small_r,
    ));

    // A key with a part of order 8 is neither weak nor ambiguous: it signs when k is a multiple of 8.
    let mixed_key = (EdwardsPoint::mul_base(&scalar) + torsion).compress().to_bytes();
    let by = |wanted: bool| {
        (1_u64..)
            .map(Scalar::from)
            .map(|nonce| forge(EdwardsPoint::mul_base(&nonce), &mixed_key, nonce))
            .find(|signature| {
                let k = raw::challenge(&signature[..32].try_into().unwrap(), &mixed_key, message);
                k.as_bytes()[0].is_multiple_of(8) == wanted
            })
    };
    let (holds, fails) = (by(true).unwrap(), by(false).unwrap());
    cases.push(signed(
        "A with a part of order 8, k a multiple of 8: the equation holds",
        "ok",
        &mixed_key,
        message,
        &holds,
    ));
    cases.push(signed(
        "A with a part of order 8, k not one: only the cofactored equation holds",
        "signature",
        &mixed_key,
        message,
        &fails,
    ));
    let why =
        "S < L; R is the one encoding of [S]B - [k]A; R is not of small order. The equation has no cofactor.";
    file("signature_crafted", "signature", why, cases)
}

/// L, the order of the base point, little-endian.
#[rustfmt::skip]
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn keys_of(what: &str, text: &str, entropy: &[u8; 32]) -> Value {
    let words = RecoveryWords::from_entropy(entropy);
    let public = |key: SecretKey| hex(key.feed().as_bytes());
    let salts = [None, Some([0xbb; 16])];
    let recovery = salts.map(|salt| public(words.recovery_key(salt)));
    let commitment = recovery.each_ref().map(|key| hex(&raw::sha256(&[&raw::unhex(key)])));
    let feed = salts.map(|salt| public(words.feed_key(salt)));
    let fields = json!({
        "words": text,
        "salt": hex(&[0xbb; 16]),
        "as_shown": &*words.words(),
        "feed": feed,
        "recovery": recovery,
        "commitment": commitment,
    });
    case(what, "ok", fields)
}

fn words_keys() -> (String, Value) {
    let art = format!("{}art", "abandon ".repeat(23));
    let counting: [u8; 32] = std::array::from_fn(|at| at as u8);
    let shown = RecoveryWords::from_entropy(&counting).words();
    let cases = vec![
        keys_of("entropy of zeroes", &art, &[0; 32]),
        keys_of("entropy 00 01 02 … 1f", &shown, &counting),
        keys_of("capitals, tabs and line ends", &art.to_uppercase().replace(' ', "\t \n"), &[0; 32]),
    ];
    file(
        "words_keys",
        "words",
        "Recovery words to both public keys and the commitments, of the first feed and of one that goes on after an entry.",
        cases,
    )
}

fn words_bad() -> (String, Value) {
    let abandon = |count: usize| "abandon ".repeat(count);
    let bad = |what, verdict, words: String| case(what, verdict, json!({ "words": words }));
    let cases = vec![
        bad("23 words", "count", abandon(23)),
        bad("12 words that are a good mnemonic elsewhere", "count", abandon(11) + "about"),
        bad("25 words", "count", abandon(24) + "art"),
        bad("none", "count", String::new()),
        bad("a word that is not in the list", "unknown", abandon(22) + "klatch art"),
        bad("a wrong word of the list", "checksum", abandon(23) + "zoo"),
    ];
    file("words_bad", "words", "Recovery words are 24 words of the English list with their checksum.", cases)
}
