//! `spec/vectors/posts/`: bodies and what they say, within limits and one past them.

use klatch_feed::{EntryId, Kind, Post};
use serde_cbor::Value as Cbor;
use serde_json::{Value, json};

use super::{Files, case, file, read, settle};

/// CBOR of a body: text that begins with `0x` stands for bytes.
fn cbor(value: &Value) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(is) => Cbor::Bool(*is),
        Value::Number(n) => Cbor::Integer(n.as_i64().expect("bodies hold integers").into()),
        Value::String(text) => match text.strip_prefix("0x") {
            Some(hex) => Cbor::Bytes(unhex(hex)),
            None => Cbor::Text(text.clone()),
        },
        Value::Array(items) => Cbor::Array(items.iter().map(cbor).collect()),
        Value::Object(map) => {
            Cbor::Map(map.iter().map(|(key, value)| (Cbor::Text(key.clone()), cbor(value))).collect())
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
    (0..hex.len()).step_by(2).map(byte).collect()
}

/// `n` repeated to that many bytes, as text for [`cbor`].
fn bytes(n: u8, count: usize) -> Value {
    format!("0x{}", hex(&vec![n; count])).into()
}

fn x(bytes: usize) -> Value {
    "x".repeat(bytes).into()
}

fn person(n: u8) -> Value {
    json!({ "feed": bytes(n, 32), "genesis": bytes(n + 100, 32) })
}

/// A statement that this feed succeeds another.
fn succeeds(keep_seq: Value) -> Value {
    json!({ "feed": bytes(1, 32), "genesis": bytes(2, 32), "keep_id": bytes(3, 32), "keep_seq": keep_seq,
        "recovery": bytes(4, 32), "sig": bytes(5, 64) })
}

/// Each kind with the number of refs and a body of a middling size.
fn samples() -> Vec<(&'static str, u16, usize, Value)> {
    let salt = bytes(7, 16);
    let event = json!({ "title": "First evening", "start": "2026-12-01T18:30", "zone": "Europe/Lisbon",
        "minutes": 120, "capacity": 2 });
    let (nonce, sig) = (bytes(3, 16), bytes(4, 64));
    vec![
        ("genesis", 0, 0, json!({ "recovery": bytes(9, 32) })),
        ("genesis that succeeds", 0, 0, json!({ "recovery": bytes(9, 32), "succeeds": succeeds(7.into()) })),
        ("group", 1, 0, json!({ "name": "Rust Lisbon", "owners": [person(1)], "schedulers": "members" })),
        ("event", 2, 1, event),
        ("join", 3, 1, json!({})),
        ("leave", 4, 1, json!({})),
        ("grant", 5, 1, json!({ "subject": person(2), "role": "host", "quota": 5 })),
        ("revoke", 6, 1, json!({ "subject": person(2), "cut_seq": 9, "cut_id": bytes(8, 32) })),
        ("seat", 8, 1, json!({ "lines": [[bytes(1, 32), 1], [bytes(2, 32), 20]] })),
        ("tombstone", 11, 2, json!({})),
        ("rsvp", 64, 2, json!({ "answer": "yes", "party": 2, "note": "with a dog", "salt": salt })),
        ("update", 65, 2, json!({ "place": "Café", "about": "line\nline" })),
        ("arrive", 66, 1, json!({ "door": bytes(1, 32), "nonce": nonce, "sig": sig, "salt": salt })),
        (
            "check-in",
            67,
            1,
            json!({ "guest": bytes(1, 32), "nonce": nonce, "rsvp": bytes(2, 32), "sig": sig, "salt": salt }),
        ),
        ("cancel", 68, 1, json!({ "reason": "rain" })),
        ("profile", 256, 0, json!({ "name": "Ana", "about": "" })),
        ("follow", 257, 0, json!({ "subject": person(3), "on": true })),
        ("comment", 258, 2, json!({ "text": "See you there" })),
    ]
}

fn refs(count: usize) -> Vec<EntryId> {
    (0..count).map(|n| EntryId::new([n as u8 + 1; 32])).collect()
}

fn says(what: &str, kind: u16, refs: &[EntryId], body: &[u8], is_good: bool) -> Value {
    let fields = json!({ "kind": kind, "refs": refs, "body": hex(body) });
    case(what, if is_good { "ok" } else { "says nothing" }, fields)
}

fn bytes_of(fields: &Value) -> Vec<u8> {
    klatch_feed::codec::encode(&cbor(fields))
}

fn good() -> Vec<Value> {
    let one = |(what, kind, count, fields): (&str, u16, usize, Value)| {
        let mut case = says(what, kind, &refs(count), &bytes_of(&fields), true);
        case["fields"] = fields;
        case
    };
    samples().into_iter().map(one).collect()
}

/// Each limit that is reached, and one past it: the kind, the field, both values.
fn limits() -> Vec<Value> {
    let owners = |count: u8| (0..count).map(person).collect::<Value>();
    let lines = |count: u8| (0..count).map(|n| json!([bytes(n, 32), 1])).collect::<Value>();
    let table = [
        ("genesis that succeeds", "succeeds", succeeds(1.into()), succeeds(0.into())),
        ("genesis that succeeds", "succeeds", succeeds(u32::MAX.into()), succeeds((1u64 << 32).into())),
        ("group", "name", x(120), x(121)),
        ("group", "name", x(1), x(0)),
        ("group", "owners", owners(8), owners(9)),
        ("event", "title", x(120), x(121)),
        ("event", "zone", x(64), x(65)),
        ("event", "minutes", 20_160.into(), 20_161.into()),
        ("event", "minutes", 1.into(), 0.into()),
        ("event", "capacity", 100_000.into(), 100_001.into()),
        ("event", "capacity", 1.into(), 0.into()),
        ("event", "start", "2028-02-29T23:59".into(), "2027-02-29T23:59".into()),
        ("event", "start", "2026-12-31T00:00".into(), "2026-12-31T24:00".into()),
        ("grant", "quota", 100_000.into(), 100_001.into()),
        ("revoke", "cut_seq", u32::MAX.into(), (1u64 << 32).into()),
        ("seat", "lines", lines(32), lines(33)),
        ("seat", "lines", lines(1), lines(0)),
        ("seat", "lines", json!([[bytes(1, 32), 20]]), json!([[bytes(1, 32), 21]])),
        ("seat", "lines", json!([[bytes(1, 32), 1]]), json!([[bytes(1, 32), 0]])),
        ("rsvp", "party", 20.into(), 21.into()),
        ("rsvp", "party", 1.into(), 0.into()),
        ("rsvp", "note", x(200), x(201)),
        ("rsvp", "salt", bytes(1, 16), bytes(1, 17)),
        ("update", "place", x(300), x(301)),
        ("update", "about", x(4000), x(4001)),
        ("cancel", "reason", x(500), x(501)),
        ("profile", "name", x(60), x(61)),
        ("profile", "about", x(2000), x(2001)),
        ("comment", "text", x(8000), x(8001)),
        ("comment", "text", x(1), x(0)),
    ];
    let mut cases = Vec::new();
    for (name, field, at, past) in table {
        let (_, kind, count, body) = samples().into_iter().find(|sample| sample.0 == name).expect("a kind");
        for (value, is_good) in [(at, true), (past, false)] {
            let mut fields = body.clone();
            fields[field] = value;
            let what = format!("{name}, {field}, {}", if is_good { "at its limit" } else { "past it" });
            cases.push(says(&what, kind, &refs(count), &bytes_of(&fields), is_good));
        }
    }
    for (name, max) in
        [("tombstone", 8), ("rsvp", 8), ("update", 8), ("comment", 2), ("join", 1), ("genesis", 0)]
    {
        let (_, kind, _, fields) = samples().into_iter().find(|sample| sample.0 == name).expect("a kind");
        for (count, is_good) in [(max, true), (max + 1, false)] {
            let what = format!("{name} with {count} refs");
            cases.push(says(&what, kind, &refs(count), &bytes_of(&fields), is_good));
        }
    }
    cases
}

fn shapes() -> Vec<Value> {
    let rsvp = || json!({ "answer": "yes", "party": 1, "note": "", "salt": bytes(7, 16) });
    let with = |key: &str, value: Value| {
        let mut fields = rsvp();
        fields[key] = value;
        bytes_of(&fields)
    };
    let without = |key: &str| {
        let mut fields = rsvp();
        fields.as_object_mut().expect("a map").remove(key);
        bytes_of(&fields)
    };
    let values = Value::Array(rsvp().as_object().expect("a map").values().cloned().collect());
    let trailing = [bytes_of(&rsvp()), vec![0]].concat();
    let cases = [
        ("as it should be", bytes_of(&rsvp()), true),
        ("a key that nobody knows", with("later", 1.into()), true),
        ("a reserved key that is null", with("occ", Value::Null), true),
        ("a reserved key", with("occ", "2026-12-01T18:30".into()), false),
        ("a key left out", without("party"), false),
        ("text for a number", with("party", "1".into()), false),
        ("a number for a text", with("answer", 0.into()), false),
        ("bytes for a text", with("note", bytes(120, 1)), false),
        ("an answer that nobody knows", with("answer", "perhaps".into()), false),
        ("a line of two lines", with("note", "a\nb".into()), false),
        ("a line with a line separator", with("note", "a\u{2028}b".into()), false),
        ("a line that ends in a space", with("note", "a ".into()), false),
        ("a line with an escape", with("note", "a\u{1b}[2J".into()), false),
        ("an array of the values", bytes_of(&values), false),
        ("something after the map", trailing, false),
        ("nothing at all", vec![], false),
    ];
    let mut cases: Vec<_> =
        cases.iter().map(|(what, body, is_good)| says(what, 64, &refs(1), body, *is_good)).collect();
    let door = json!({ "subject": person(1), "role": "door", "quota": 1 });
    cases.push(says("a door with seats", 5, &refs(1), &bytes_of(&door), false));
    let cut = json!({ "subject": person(1), "cut_seq": 0, "cut_id": bytes(1, 32) });
    cases.push(says("a cut at 0 that names an entry", 6, &refs(1), &bytes_of(&cut), false));
    cases.push(says("an update of nothing", 65, &refs(1), &bytes_of(&json!({})), false));
    cases.push(says("an rsvp without an event", 64, &[], &bytes_of(&rsvp()), false));
    cases.push(says("a kind that nobody knows", 999, &refs(1), &bytes_of(&rsvp()), false));
    cases
}

#[test]
fn the_vectors_of_posts_are_what_the_rules_make() {
    let made: Files = [
        file("good", "post", "One post of each kind.", good()),
        file("limits", "post", "Each limit at its value, and one past it.", limits()),
        file("shapes", "post", "A body has one shape; what does not fit says nothing.", shapes()),
    ]
    .into();
    settle("posts", &made, &[]);
}

#[test]
fn every_vector_of_posts_has_its_verdict() {
    for (name, file) in read("posts") {
        for case in file["cases"].as_array().expect("cases") {
            let kind = Kind(u16::try_from(case["kind"].as_u64().expect("a kind")).expect("16 bits"));
            let refs: Vec<EntryId> = serde_json::from_value(case["refs"].clone()).expect("ids");
            let body = unhex(case["body"].as_str().expect("hex"));
            let post = Post::read(kind, &refs, Some(&body));
            assert_eq!(post.is_some(), case["verdict"] == "ok", "{name}: {}", case["what"]);
            if let (Some(post), false) = (post, case["fields"].is_null()) {
                let draft = post.draft(0, [7; 16]).expect("what reads can be written");
                assert_eq!((draft.refs, draft.body), (refs, body), "{name}: {}", case["what"]);
            }
        }
    }
}
