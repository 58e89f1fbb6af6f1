//! Vectors of single entries: well-formed ones, and each way of not being one.

use klatch_feed::{EntryId, SecretKey};
use serde_json::{Value, json};

use super::{Files, case, file};
use crate::feeds::{NETWORK, net, secret};
use crate::raw::{
    self, AUTHOR, BODY_HASH, KIND, PREV, REFS, RawHeader, SEQ, SIZE, TIME, body_hash, bytes, hex, null, uint,
};

pub(crate) fn files() -> Files {
    [
        good(),
        encoding(),
        shape(),
        version(),
        author(),
        seq(),
        prev(),
        time(),
        kind(),
        size(),
        refs(),
        body(),
        control_body(),
        signature(),
    ]
    .into()
}

const BODY: &[u8] = b"\xa1\x61t\x65hello"; // {"t": "hello"}

/// A case whose header is signed as it stands, well-formed or not.
fn entry(what: &str, verdict: &str, header: &[u8], body: Option<&[u8]>) -> Value {
    signed(what, verdict, header, &raw::sign(&net(), &secret(1), header), body)
}

fn signed(what: &str, verdict: &str, header: &[u8], signature: &[u8], body: Option<&[u8]>) -> Value {
    let mut fields = json!({
        "network": NETWORK, "header": hex(header), "signature": hex(signature), "body": body.map(hex),
    });
    if verdict == "ok" {
        fields["id"] = raw::id(header, signature).to_string().into();
    }
    case(what, verdict, fields)
}

fn comment() -> RawHeader {
    RawHeader::comment(&secret(1), BODY)
}

fn changed(what: &str, verdict: &str, item: usize, to: Vec<u8>) -> Value {
    entry(what, verdict, &comment().with(item, to).encode(), Some(BODY))
}

fn good() -> (String, Value) {
    let author = secret(1);
    let spoken = |what,
                  seq: u32,
                  prev: Option<[u8; 32]>,
                  kind: u16,
                  refs: &[[u8; 32]],
                  body: &[u8],
                  held: bool| {
        let time_ms = 1_790_000_000_000_u64 + u64::from(seq);
        let header = RawHeader([
            uint(1),
            bytes(author.feed().as_bytes()),
            uint(seq.into()),
            prev.map_or(null(), |prev| bytes(&prev)),
            uint(time_ms),
            uint(kind.into()),
            uint(body.len() as u64),
            bytes(&body_hash(body)),
            raw::refs(refs),
        ]);
        let mut case = entry(what, "ok", &header.encode(), held.then_some(body));
        case["fields"] = json!({
            "author": author.feed(), "seq": seq, "prev": prev.map(EntryId::new), "time_ms": time_ms, "kind": kind,
            "size": body.len(), "body_hash": hex(&body_hash(body)),
            "refs": refs.iter().map(|id| EntryId::new(*id)).collect::<Vec<_>>(),
        });
        case
    };
    let prev = Some([0xaa; 32]);
    let cases = vec![
        spoken("entry 1, control", 1, None, 0, &[], BODY, true),
        spoken("a comment with one ref", 2, prev, 258, &[[0xbb; 32]], BODY, true),
        spoken("the same without its body", 2, prev, 258, &[[0xbb; 32]], BODY, false),
        spoken("an empty body", 3, prev, 258, &[], b"", true),
        spoken("an empty body is held whether it comes along or not", 3, prev, 258, &[], b"", false),
        spoken("an unknown kind, and a body that is no CBOR", 4, prev, 65_535, &[], b"\xff", true),
        spoken("refs in the author's order", 5, prev, 258, &[[3; 32], [1; 32], [2; 32]], BODY, true),
    ];
    file("entry_good", "entry", "Well-formed entries, signed by their author.", cases)
}

fn encoding() -> (String, Value) {
    let good = comment().encode();
    let wrapped = |major: u8, rest: &[u8]| [&[major][..], rest].concat();
    let cases = vec![
        changed("seq in two bytes", "long-form", SEQ, vec![0x18, 2]),
        changed(
            "the author's length in three bytes",
            "long-form",
            AUTHOR,
            [&[0x59, 0, 32][..], &[1; 32]].concat(),
        ),
        changed("time as a float", "float", TIME, vec![0xf9, 0x3c, 0]),
        changed("time under a tag", "tag", TIME, [vec![0xc1], uint(1_790_000_000_000)].concat()),
        changed("refs as an indefinite array", "indefinite", REFS, vec![0x9f, 0xff]),
        changed("a body hash of 4 GiB", "truncated", BODY_HASH, vec![0x5a, 0xff, 0xff, 0xff, 0xff]),
        changed("refs of 2^64 - 1", "truncated", REFS, [vec![0x9b], vec![0xff; 8]].concat()),
        entry("an indefinite array", "indefinite", &[&[0x9f], &good[1..], &[0xff]].concat(), Some(BODY)),
        entry("a byte after the end", "trailing", &[&good[..], &[0]].concat(), Some(BODY)),
        entry("its last byte missing", "truncated", &good[..good.len() - 1], Some(BODY)),
        entry("a million arrays, cut to the longest header", "shape", &[0x81; 512], Some(BODY)),
        entry("513 bytes", "too-long", &[0x81; 513], Some(BODY)),
        entry("under a tag", "tag", &wrapped(0xc0, &good), Some(BODY)),
        entry("nothing", "truncated", &[], Some(BODY)),
    ];
    file("entry_encoding", "entry", "A header is canonical CBOR of at most 512 bytes.", cases)
}

fn shape() -> (String, Value) {
    let items = comment().0;
    let ten = raw::array(&[&items[..], &[uint(0)]].concat());
    let cases = vec![
        entry("eight items", "shape", &raw::array(&items[..8]), Some(BODY)),
        entry("ten items", "shape", &ten, Some(BODY)),
        entry("a map", "shape", &[vec![0xa9], items.concat(), items.concat()].concat(), Some(BODY)),
        changed("a text for the author", "shape", AUTHOR, [&[0x78, 32][..], &[b'a'; 32]].concat()),
        changed("seq as text", "shape", SEQ, vec![0x61, b'2']),
        changed("a negative time", "shape", TIME, vec![0x20]),
        changed("prev of 31 bytes", "shape", PREV, bytes(&[0xaa; 31])),
        changed("prev as the empty string", "shape", PREV, bytes(&[])),
        changed("a body hash of null", "shape", BODY_HASH, null()),
        changed("a ref of 31 bytes", "shape", REFS, raw::array(&[bytes(&[1; 31])])),
        changed("a ref of null", "shape", REFS, raw::array(&[null()])),
        changed("refs of null", "shape", REFS, null()),
        changed("size false", "shape", SIZE, vec![0xf4]),
    ];
    file("entry_shape", "entry", "A header is an array of nine items, each of its type.", cases)
}

fn version() -> (String, Value) {
    let cases = vec![changed("0", "version", 0, uint(0)), changed("2", "version", 0, uint(2))];
    file("entry_version", "entry", "Version 1 is the only one.", cases)
}

fn author() -> (String, Value) {
    let mut weak = [0; 32];
    weak[0] = 1;
    let mut off_curve = [0; 32];
    off_curve[0] = 2;
    let cases = vec![
        changed("31 bytes", "shape", AUTHOR, bytes(&[1; 31])),
        changed("a key of small order", "key-weak", AUTHOR, bytes(&weak)),
        changed("no key", "key-encoding", AUTHOR, bytes(&off_curve)),
        changed("somebody else's key", "signature", AUTHOR, bytes(secret(2).feed().as_bytes())),
    ];
    file("entry_author", "entry", "The author is a key that may sign, and signed.", cases)
}

fn seq() -> (String, Value) {
    let first = |what, verdict, seq| {
        entry(what, verdict, &comment().with(SEQ, uint(seq)).with(PREV, null()).encode(), Some(BODY))
    };
    let cases = vec![
        first("1", "ok", 1),
        first("0", "seq", 0),
        changed("2^32 - 1", "ok", SEQ, uint((1 << 32) - 1)),
        changed("2^32", "seq", SEQ, uint(1 << 32)),
        changed("2^64 - 1", "seq", SEQ, uint(u64::MAX)),
    ];
    file("entry_seq", "entry", "Places are 1 to 2^32 - 1.", cases)
}

fn prev() -> (String, Value) {
    let cases = vec![
        changed("none at place 2", "prev", PREV, null()),
        changed("one at place 1", "prev", SEQ, uint(1)),
    ];
    file("entry_prev", "entry", "Entry 1 alone, and always, has none before it.", cases)
}

fn time() -> (String, Value) {
    let cases = vec![
        changed("0", "ok", TIME, uint(0)),
        changed("2^53 - 1, in the year 287396", "ok", TIME, uint((1 << 53) - 1)),
        changed("2^53", "time", TIME, uint(1 << 53)),
    ];
    file("entry_time", "entry", "A time is at most 2^53 - 1 ms; nothing else is asked of it.", cases)
}

fn kind() -> (String, Value) {
    let cases =
        vec![changed("65535", "ok", KIND, uint(65_535)), changed("65536", "kind", KIND, uint(65_536))];
    file("entry_kind", "entry", "A kind is at most 65535; unknown ones are carried.", cases)
}

fn size() -> (String, Value) {
    let sized = |what, verdict, kind: u64, size: usize, held: bool| {
        let body = vec![0x61; size];
        let header = comment()
            .with(KIND, uint(kind))
            .with(SIZE, uint(size as u64))
            .with(BODY_HASH, bytes(&body_hash(&body)));
        entry(what, verdict, &header.encode(), held.then_some(&body))
    };
    let cases = vec![
        sized("16384 bytes", "ok", 258, 16_384, false),
        sized("16385 bytes", "size", 258, 16_385, false),
        sized("2048 bytes of a control entry", "ok", 63, 2_048, true),
        sized("2049 bytes of a control entry", "size", 63, 2_049, true),
        sized("2049 bytes of the lowest kind that is not control", "ok", 64, 2_049, false),
        changed("2^32", "size", SIZE, uint(1 << 32)),
    ];
    file("entry_size", "entry", "A body is at most 16384 bytes, a control entry's 2048.", cases)
}

fn refs() -> (String, Value) {
    let ids = |count: u8| (1..=count).map(|n| [n; 32]).collect::<Vec<_>>();
    let cases = vec![
        changed("8", "ok", REFS, raw::refs(&ids(8))),
        changed("9", "refs", REFS, raw::refs(&ids(9))),
        changed("one twice, side by side", "ref-twice", REFS, raw::refs(&[[1; 32], [1; 32]])),
        changed("one twice, far apart", "ref-twice", REFS, raw::refs(&[[1; 32], [2; 32], [3; 32], [1; 32]])),
    ];
    file("entry_refs", "entry", "At most eight refs, all different.", cases)
}

fn body() -> (String, Value) {
    let header = comment().encode();
    let lying = comment().with(SIZE, uint(BODY.len() as u64 - 1)).encode();
    let empty = comment().with(SIZE, uint(0)).encode();
    let cases = vec![
        entry("another of the same size", "body", &header, Some(&[0; 8])),
        entry("its first bytes", "body", &header, Some(&BODY[..7])),
        entry("a byte more", "body", &header, Some(&[BODY, &[0]].concat())),
        entry("the right hash, one byte less claimed", "body", &lying, Some(BODY)),
        entry("size 0 and not the hash of the empty body", "body", &empty, None),
    ];
    file("entry_body", "entry", "A body that is there is the one that size and hash name.", cases)
}

fn control_body() -> (String, Value) {
    let of = |kind| comment().with(KIND, uint(kind)).encode();
    let cases = vec![
        entry("kind 63 with it", "ok", &of(63), Some(BODY)),
        entry("kind 0 without", "control-body", &of(0), None),
        entry("kind 63 without", "control-body", &of(63), None),
        entry("kind 64 without", "ok", &of(64), None),
    ];
    file(
        "entry_control_body",
        "entry",
        "A control entry is nothing without its body; any other stands alone.",
        cases,
    )
}

fn signature() -> (String, Value) {
    let header = comment().encode();
    let author = secret(1);
    let own = raw::sign(&net(), &author, &header);
    let mut flipped = own;
    flipped[63] ^= 0x10;
    let elsewhere = klatch_feed::NetId::of_name("another network");
    let undomained = |author: &SecretKey| author.sign(&[net().as_bytes(), &header]);
    let again =
        raw::sign_with_nonce(&author, 5, &[&b"klatch/entry/1\0"[..], net().as_bytes(), &header].concat());
    let cases = vec![
        signed("its author's", "ok", &header, &own, Some(BODY)),
        signed("its author's by another nonce: another id", "ok", &header, &again, Some(BODY)),
        signed("one bit off", "signature", &header, &flipped, Some(BODY)),
        signed("another author's", "signature", &header, &raw::sign(&net(), &secret(2), &header), Some(BODY)),
        signed(
            "for another network",
            "signature",
            &header,
            &raw::sign(&elsewhere, &author, &header),
            Some(BODY),
        ),
        signed("without the domain", "signature", &header, &undomained(&author), Some(BODY)),
        signed(
            "over another header",
            "signature",
            &header,
            &raw::sign(&net(), &author, &header[1..]),
            Some(BODY),
        ),
    ];
    file("entry_signature", "entry", "An anchor carries its author's signature for this network.", cases)
}
