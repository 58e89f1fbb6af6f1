//! Runs a vector of the log from its JSON. Form of a case: spec/vectors/README.md.

use klatch_feed::chunk::{self, Bodies, ChunkError};
use klatch_feed::codec::{self, CodecError};
use klatch_feed::id::IdError;
use klatch_feed::key::{KeyError, WordsError};
use klatch_feed::{
    AcceptError, EntryError, EntryId, FeedId, ForkError, ForkProof, Head, Header, NetId, PublicKey,
    RecoveryWords, SecretKey, Unverified,
};
use serde_json::{Value, json};

use super::log_succession;
use crate::raw::{hex, unhex};

/// Checks that each case of the file has its verdict, and what an accepted one yields.
pub(crate) fn run(name: &str, file: &Value) {
    let form = text(file, "form");
    assert!(!text(file, "why").is_empty(), "{name} says why");
    let cases = file["cases"].as_array().expect("cases");
    assert!(!cases.is_empty(), "{name} has cases");
    for case in cases {
        let what = text(case, "what");
        let result = match form {
            "network" => Ok(json!({ "net": hex(NetId::of_name(text(case, "name")).as_bytes()) })),
            "id" => id(case),
            "encoding" => codec::scan(&field(case, "hex")).map(|()| json!({})).map_err(|e| codec_name(&e)),
            "signature" => signature(case),
            "entry" => entry(case),
            "chain" => chain(case),
            "slice" => slice(case),
            "proof" => proof(case),
            "words" => words(case),
            "statement" => log_succession::run_statement(case),
            "branch" => log_succession::run_branch(case),
            "choice" => log_succession::run_choice(case),
            "heir" => log_succession::run_heir(case),
            other => panic!("{name}: no form {other}"),
        };
        let (verdict, yields) = match result {
            Ok(yields) => ("ok", yields),
            Err(verdict) => (verdict, json!({})),
        };
        assert_eq!(verdict, text(case, "verdict"), "{name}: {what}");
        for (key, value) in yields.as_object().expect("an object") {
            assert_eq!(Some(value), case.get(key), "{name}: {what}: {key}");
        }
    }
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_else(|| panic!("text {key} in {case}"))
}

fn field(case: &Value, key: &str) -> Vec<u8> {
    unhex(text(case, key))
}

fn fixed<const N: usize>(case: &Value, key: &str) -> [u8; N] {
    field(case, key).try_into().unwrap_or_else(|_| panic!("{N} bytes of {key}"))
}

/// Bytes, or null.
fn maybe(case: &Value, key: &str) -> Option<Vec<u8>> {
    if case[key].is_null() { None } else { Some(field(case, key)) }
}

fn number(case: &Value, key: &str) -> u32 {
    case[key].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or_else(|| panic!("number {key}"))
}

fn net(case: &Value) -> NetId {
    NetId::of_name(text(case, "network"))
}

fn id(case: &Value) -> Result<Value, &'static str> {
    let bytes = match text(case, "of") {
        "feed" => text(case, "text").parse().map(|id: FeedId| (*id.as_bytes(), id.to_string())),
        _ => text(case, "text").parse().map(|id: EntryId| (*id.as_bytes(), id.to_string())),
    };
    bytes.map(|(bytes, lower)| json!({ "hex": hex(&bytes), "lower": lower })).map_err(|error| match error {
        IdError::Checksum => "checksum",
        IdError::Prefix { .. } => "prefix",
        IdError::Length(_) => "length",
    })
}

fn signature(case: &Value) -> Result<Value, &'static str> {
    let key = PublicKey::parse(&FeedId::new(fixed(case, "key"))).map_err(|e| key_name(&e))?;
    let message = field(case, "message");
    let (half, rest) = message.split_at(message.len() / 2);
    if !key.verify(&[half, rest], &fixed(case, "signature")) {
        return Err("signature");
    }
    if case.get("seed").is_none() {
        return Ok(json!({}));
    }
    let secret = SecretKey::from_seed(&fixed(case, "seed"));
    let signature = secret.sign(&[half, rest]);
    Ok(json!({ "key": hex(secret.feed().as_bytes()), "signature": hex(&signature) }))
}

fn entry(case: &Value) -> Result<Value, &'static str> {
    let name = |error| entry_name(&error);
    let header = Header::decode(&field(case, "header")).map_err(name)?;
    let author = header.author;
    let entry = Unverified::new(header, fixed(case, "signature"), maybe(case, "body")).map_err(name)?;
    let key = PublicKey::parse(&author).map_err(|e| key_name(&e))?;
    if !entry.is_anchor(&net(case), &key) {
        return Err("signature");
    }
    let yields = json!({ "id": entry.id() });
    Ok(if case.get("fields").is_none() {
        yields
    } else {
        json!({ "id": entry.id(), "fields": fields(&entry) })
    })
}

fn fields(entry: &Unverified) -> Value {
    let header = entry.header();
    json!({
        "author": header.author, "seq": header.seq, "prev": header.prev, "time_ms": header.time_ms,
        "kind": header.kind.0, "size": header.size, "body_hash": hex(&header.body_hash), "refs": header.refs,
    })
}

fn chain(case: &Value) -> Result<Value, &'static str> {
    let feed: FeedId = text(case, "feed").parse().expect("a feed");
    let key = PublicKey::parse(&feed).map_err(|e| key_name(&e))?;
    let tip = case["tip"].as_str().map(|tip| tip.parse().expect("an entry"));
    let head = Head { feed, len: number(case, "len"), tip };
    let accepted = head.accept(&net(case), &key, &field(case, "chunk")).map_err(|error| match error {
        AcceptError::Chunk { source, .. } => chunk_name(&source),
        AcceptError::Entry { source, .. } => entry_name(&source),
        AcceptError::Gap { .. } => "gap",
        AcceptError::Key { source, .. } => key_name(&source),
        AcceptError::Signature { .. } => "signature",
    })?;
    let row = |entry: &klatch_feed::Verified| {
        json!({
            "id": entry.id(), "header": hex(&entry.header().encode()), "signature": hex(entry.signature()),
            "body": entry.body().map(hex),
        })
    };
    let yields = json!({ "then": { "len": accepted.head.len, "tip": accepted.head.tip } });
    if case.get("entries").is_none() {
        return Ok(yields);
    }
    let rows: Vec<_> = accepted.entries.iter().map(row).collect();
    // The encoder is normative: these entries, with these bodies, have these bytes.
    let all: Vec<&Unverified> = accepted.entries.iter().map(|entry| &**entry).collect();
    let again = chunk::encode(&all, |entry| entry.body().is_some());
    Ok(json!({ "then": yields["then"], "entries": rows, "chunk": hex(&again) }))
}

fn slice(case: &Value) -> Result<Value, &'static str> {
    let stored: Vec<_> = case["stored"].as_array().expect("chunks").iter().collect();
    let stored: Vec<_> = stored.iter().map(|chunk| unhex(chunk.as_str().expect("hex"))).collect();
    let stored: Vec<_> = stored.iter().map(Vec::as_slice).collect();
    let bodies = match text(case, "bodies") {
        "within" => Bodies::Within,
        _ => Bodies::ControlOnly,
    };
    let slice = chunk::slice(&stored, number(case, "from"), number(case, "to"), bodies);
    slice.map(|chunk| json!({ "chunk": hex(&chunk) })).map_err(|error| chunk_name(&error))
}

fn proof(case: &Value) -> Result<Value, &'static str> {
    let proof = ForkProof::decode(&net(case), &field(case, "proof")).map_err(|error| match error {
        ForkError::Codec(error) => codec_name(&error),
        ForkError::Key(error) => key_name(&error),
        ForkError::Start => "start",
        ForkError::Order => "order",
        ForkError::Segment(_) => "segment",
        ForkError::Anchor(_) => "anchor",
    })?;
    let bytes = proof.encode();
    Ok(
        json!({ "proof": hex(&bytes), "author": proof.author(), "cap": proof.cap(), "branches": proof.branches() }),
    )
}

fn words(case: &Value) -> Result<Value, &'static str> {
    let words = RecoveryWords::parse(text(case, "words")).map_err(|error| match error {
        WordsError::Count(_) => "count",
        WordsError::Unknown(_) => "unknown",
        WordsError::Checksum => "checksum",
    })?;
    let public = |key: SecretKey| hex(key.feed().as_bytes());
    let salts = [None, Some(unhex(text(case, "salt")).try_into().unwrap())];
    Ok(json!({
        "as_shown": &*words.words(),
        "feed": salts.map(|salt| public(words.feed_key(salt))),
        "recovery": salts.map(|salt| public(words.recovery_key(salt))),
        "commitment": salts.map(|salt| hex(&words.commitment(salt))),
    }))
}

pub(crate) fn codec_name(error: &CodecError) -> &'static str {
    match error {
        CodecError::TooLong { .. } => "too-long",
        CodecError::TooDeep { .. } => "too-deep",
        CodecError::Truncated { .. } => "truncated",
        CodecError::Trailing { .. } => "trailing",
        CodecError::LongForm { .. } => "long-form",
        CodecError::Indefinite { .. } => "indefinite",
        CodecError::Reserved { .. } => "reserved",
        CodecError::Tag { .. } => "tag",
        CodecError::Float { .. } => "float",
        CodecError::Simple { .. } => "simple",
        CodecError::Utf8 { .. } => "utf8",
        CodecError::Key { .. } => "key-kind",
        CodecError::KeyOrder { .. } => "key-order",
        CodecError::NotCanonical { .. } | CodecError::Shape { .. } | CodecError::Form(_) => "shape",
    }
}

fn key_name(error: &KeyError) -> &'static str {
    match error {
        KeyError::Encoding => "key-encoding",
        KeyError::Weak => "key-weak",
    }
}

fn entry_name(error: &EntryError) -> &'static str {
    match error {
        EntryError::Codec(error) => codec_name(error),
        EntryError::Version(_) => "version",
        EntryError::Seq(_) => "seq",
        EntryError::Prev => "prev",
        EntryError::Time(_) => "time",
        EntryError::Kind(_) => "kind",
        EntryError::Size(_) => "size",
        EntryError::Refs(_) => "refs",
        EntryError::RefTwice => "ref-twice",
        EntryError::Body { .. } => "body",
        EntryError::ControlBody { .. } => "control-body",
        EntryError::EmptyBody { .. } => "empty-body",
    }
}

fn chunk_name(error: &ChunkError) -> &'static str {
    match error {
        ChunkError::Codec(error) => codec_name(error),
        ChunkError::Count(_) => "count",
        ChunkError::Version(_) => "version",
        ChunkError::Places { .. } => "places",
        ChunkError::Range { .. } => "range",
    }
}
