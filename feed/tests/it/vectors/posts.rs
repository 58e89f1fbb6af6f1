//! `spec/vectors/posts/`: bodies and what they say, within limits and one past them.

use klatch_feed::post::Purpose;
use klatch_feed::sealed::{self, Place};
use klatch_feed::{EntryId, FeedId, Kind, NetId, Post, SecretKey};
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
        "recovery": bytes(4, 32), "salt": bytes(6, 16), "sig": bytes(5, 64) })
}

fn salted(count: usize) -> Value {
    let mut said = succeeds(7.into());
    said["salt"] = bytes(6, count);
    said
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
        (
            "group by approval",
            1,
            0,
            json!({ "name": "Rust Lisbon", "owners": [], "schedulers": "organizers",
            "joining": "approval", "silence": { "owners": 1, "members": 3 } }),
        ),
        (
            "series",
            2,
            1,
            json!({ "title": "Thursdays", "start": "2026-12-03T18:30", "zone": "Europe/Lisbon",
            "minutes": 120, "repeat": "FREQ=MONTHLY;BYDAY=1TH,3TH;COUNT=12" }),
        ),
        (
            "grant that lifts",
            5,
            2,
            json!({ "subject": person(2), "role": "host", "quota": 5, "from_seq": 12 }),
        ),
        ("endorse", 7, 2, json!({})),
        ("seat at an occurrence", 8, 1, json!({ "lines": [[bytes(1, 32), 1]], "occ": "2026-12-17T18:30" })),
        ("release", 9, 1, json!({ "rsvps": [bytes(1, 32)] })),
        ("close", 10, 1, json!({})),
        ("skip", 12, 1, json!({ "occ": "2026-12-17T18:30" })),
        ("accept", 13, 1, json!({ "subject": person(2) })),
        (
            "silent",
            14,
            1,
            json!({ "subject": person(2), "heir": person(3), "cut_seq": 9, "cut_id": bytes(8, 32) }),
        ),
        ("present", 15, 2, json!({})),
        (
            "update of many fields",
            65,
            1,
            json!({ "title": "t", "start": "2026-12-03T19:00", "zone": "Asia/Kolkata",
            "minutes": 60, "capacity": 9, "place": "Café", "geo": [38722252, -9139337], "access": "a ramp",
            "online": "https://example.org/room", "about": "text", "cost": "free", "tags": ["rust", "beginners"],
            "all_day": false, "questions": ["Veggie?"], "policy": "lottery", "party_max": 2, "opens": 10080,
            "closes": 60, "confirm_by": 1440, "cancel_by": 120, "no_show_max": 3, "repeat": "FREQ=WEEKLY;BYDAY=TH",
            "extra": ["2026-12-05T18:30"], "except": ["2026-12-17T18:30"] }),
        ),
        ("update of an occurrence", 65, 1, json!({ "start": "2026-12-18T19:00", "occ": "2026-12-17T18:30" })),
        ("confirm", 69, 2, json!({ "salt": salt })),
        ("hide", 70, 2, json!({ "on": true, "reason": "spam" })),
        ("stamp", 71, 1, json!({ "guest": bytes(1, 32), "what": "late", "salt": salt })),
        ("here", 72, 1, json!({ "salt": salt })),
        ("public", 73, 1, json!({ "on": true })),
        (
            "profile with links",
            256,
            0,
            json!({ "name": "Ana", "about": "", "links": ["https://example.org"] }),
        ),
        ("announcement", 258, 1, json!({ "text": "Bring a coat", "tone": "announcement" })),
        (
            "poll",
            259,
            1,
            json!({ "question": "When?", "zone": "Europe/Lisbon", "minutes": 120,
            "options": ["2026-12-03T18:30", "2026-12-04T18:30"] }),
        ),
        ("vote", 260, 1, json!({ "yes": [1] })),
        ("settled", 261, 2, json!({})),
        (
            "sealed",
            262,
            1,
            json!({ "purpose": "feedback", "keys": [[bytes(1, 8), bytes(2, 80)]], "box": bytes(3, 16) }),
        ),
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

fn silence(owners: u32, members: u32) -> Value {
    json!({ "owners": owners, "members": members })
}

fn texts(count: u8) -> Value {
    (0..count).map(|n| n.to_string()).collect::<Vec<_>>().into()
}

fn ids(count: u8) -> Value {
    (0..count).map(|n| bytes(n, 32)).collect::<Value>()
}

fn keys(count: u8) -> Value {
    (0..count).map(|n| json!([bytes(n, 8), bytes(1, 80)])).collect::<Value>()
}

fn starts(count: u32) -> Value {
    (0..count).map(|n| format!("2026-12-01T{:02}:{:02}", n / 60, n % 60)).collect::<Vec<_>>().into()
}

/// Each limit that is reached, and one past it: the kind, the field, both values.
fn limits() -> Vec<Value> {
    let owners = |count: u8| (0..count).map(person).collect::<Value>();
    let lines = |count: u8| (0..count).map(|n| json!([bytes(n, 32), 1])).collect::<Value>();
    let table = [
        ("genesis that succeeds", "succeeds", succeeds(1.into()), succeeds(0.into())),
        ("genesis that succeeds", "succeeds", succeeds(u32::MAX.into()), succeeds((1u64 << 32).into())),
        ("genesis that succeeds", "succeeds", salted(16), salted(15)),
        ("genesis that succeeds", "succeeds", salted(16), salted(17)),
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
        ("group by approval", "silence", silence(8, 0), silence(9, 0)),
        ("group by approval", "silence", silence(0, 10_000), silence(0, 10_001)),
        ("group by approval", "silence", silence(0, 2), silence(0, 1)),
        (
            "series",
            "repeat",
            "FREQ=DAILY;INTERVAL=99;COUNT=200".into(),
            "FREQ=DAILY;INTERVAL=100;COUNT=200".into(),
        ),
        ("series", "repeat", "FREQ=DAILY;COUNT=200".into(), "FREQ=DAILY;COUNT=201".into()),
        ("series", "repeat", "FREQ=MONTHLY;BYDAY=5MO,-1SU".into(), "FREQ=MONTHLY;BYDAY=6MO".into()),
        ("series", "repeat", "FREQ=MONTHLY;BYMONTHDAY=31,-1".into(), "FREQ=MONTHLY;BYMONTHDAY=32".into()),
        ("grant that lifts", "from_seq", u32::MAX.into(), 0.into()),
        ("release", "rsvps", ids(32), ids(33)),
        ("check-in", "persons", 20.into(), 21.into()),
        ("update", "geo", json!([90_000_000, -180_000_000]), json!([90_000_000, -180_000_001])),
        ("update", "access", x(1000), x(1001)),
        ("update", "online", x(300), x(301)),
        ("update", "cost", x(100), x(101)),
        ("update", "tags", texts(8), texts(9)),
        ("update", "tags", json!([x(32)]), json!([x(33)])),
        ("update", "questions", texts(10), texts(11)),
        ("update", "questions", json!([x(200)]), json!([x(201)])),
        ("update", "party_max", 20.into(), 21.into()),
        ("update", "opens", 525_600.into(), 525_601.into()),
        ("update", "closes", 525_600.into(), 525_601.into()),
        ("update", "confirm_by", 525_600.into(), 525_601.into()),
        ("update", "cancel_by", 525_600.into(), 525_601.into()),
        ("update", "no_show_max", 100.into(), 101.into()),
        ("update", "extra", starts(64), starts(65)),
        ("update", "except", starts(64), starts(65)),
        ("hide", "reason", x(500), x(501)),
        ("profile with links", "links", texts(5), texts(6)),
        ("profile with links", "links", json!([x(200)]), json!([x(201)])),
        ("poll", "question", x(200), x(201)),
        ("poll", "options", starts(12), starts(13)),
        ("vote", "yes", json!([11]), json!([12])),
        ("sealed", "keys", keys(150), keys(151)),
        ("sealed", "box", bytes(1, 2316), bytes(1, 2317)),
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
    for (name, max) in [
        ("tombstone", 8),
        ("rsvp", 8),
        ("update", 8),
        ("comment", 2),
        ("join", 1),
        ("genesis", 0),
        ("grant that lifts", 8),
        ("endorse", 8),
        ("present", 8),
        ("hide", 8),
        ("confirm", 2),
    ] {
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
        ("a key that may be left out and is null", with("occ", Value::Null), true),
        ("an occurrence", with("occ", "2026-12-01T18:30".into()), true),
        ("an occurrence that is no local start", with("occ", "2026-12-01".into()), false),
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
    let on = bytes_of(&json!({ "on": true }));
    cases.push(says("one word on two groups", 73, &refs(2), &on, false));
    let both = json!({ "subject": person(1), "role": "host", "quota": 1, "from_seq": 3 });
    cases.push(says(
        "a grant that counts from somewhere and lifts nothing",
        5,
        &refs(1),
        &bytes_of(&both),
        false,
    ));
    let rule = |rule: &str| bytes_of(&json!({ "repeat": rule }));
    for (what, said, is_good) in [
        ("a rule that ends the series with its first occurrence", "", true),
        ("a rule in other letters", "freq=weekly", false),
        ("a rule that begins otherwise", "INTERVAL=2;FREQ=WEEKLY", false),
        ("a rule with two ends", "FREQ=WEEKLY;COUNT=2;UNTIL=20270101", false),
        ("a rule with a leading zero", "FREQ=WEEKLY;INTERVAL=02", false),
        ("a rule until a date that is none", "FREQ=WEEKLY;UNTIL=20270230", false),
        ("weekdays of a daily rule", "FREQ=DAILY;BYDAY=MO", false),
        ("a weekday twice", "FREQ=WEEKLY;BYDAY=MO,MO", false),
    ] {
        cases.push(says(what, 65, &refs(1), &rule(said), is_good));
    }
    let split =
        json!({ "title": "t", "start": "2026-12-01T18:30", "zone": "UTC", "minutes": 1, "split": null });
    cases.push(says("a bool that may be left out and is null", 2, &[], &bytes_of(&split), true));
    cases.push(says("a kind that nobody knows", 999, &refs(1), &bytes_of(&rsvp()), false));
    cases
}

/// What a text is sealed with, and what it is bound to.
struct Bound {
    author: SecretKey,
    event: EntryId,
    occ: Option<&'static str>,
    purpose: Purpose,
}

impl Bound {
    fn new() -> Self {
        let author = SecretKey::from_seed(&[1; 32]);
        Self { author, event: refs(1)[0], occ: None, purpose: Purpose::Answers }
    }
    /// The text for readers 1, 2 and 3, as a case of reader `n`.
    fn case(&self, what: &str, verdict: &str, n: u8, text: &str) -> Value {
        let net = NetId::of_name(NETWORK);
        let author = self.author.feed();
        let place =
            Place { net: &net, author: &author, event: &self.event, occ: self.occ, purpose: self.purpose };
        let readers = [1, 2, 3].map(|n| SecretKey::from_seed(&[n; 32]).feed());
        let Ok(Post::Sealed { keys, sealed, .. }) = sealed::seal(place, text, &readers, &[5; 32]) else {
            panic!("sealed")
        };
        let key = |(reader, key): &([u8; 8], [u8; 80])| json!({ "reader": hex(reader), "key": hex(key) });
        let fields = json!({
            "network": NETWORK, "author": author, "event": self.event, "occ": self.occ, "purpose": self.purpose,
            "seed": hex(&[n; 32]), "keys": keys.iter().map(key).collect::<Vec<_>>(), "box": hex(&sealed), "text": text,
        });
        case(what, verdict, fields)
    }
}

const NETWORK: &str = "vectors";

fn sealed_texts() -> Vec<Value> {
    let (bound, long) = (Bound::new(), "x".repeat(225));
    let elsewhere = |what: &str, field: &str, value: Value| {
        let mut case = bound.case(what, "does not open", 2, "Nuts?\tno");
        case[field] = value;
        case
    };
    let changed = |what: &str, pointer: &str| {
        let mut case = bound.case(what, "does not open", 2, "Nuts?\tno");
        let held = case.pointer_mut(pointer).expect("a field");
        let mut bytes = unhex(held.as_str().expect("hex"));
        *bytes.last_mut().expect("bytes") ^= 1;
        *held = hex(&bytes).into();
        case
    };
    let occ = Some("2026-12-03T18:30");
    let mut cases = vec![
        bound.case("answers, read by their author", "ok", 1, "Nuts?\tno\nDog?\tyes"),
        bound.case("answers, read by a host", "ok", 2, "Nuts?\tno\nDog?\tyes"),
        bound.case("the longest of the least size", "ok", 2, &"x".repeat(224)),
        bound.case("the shortest of the next", "ok", 2, &long),
        bound.case("the longest text", "ok", 2, &"x".repeat(2000)),
        Bound { purpose: Purpose::Address, occ, ..Bound::new() }.case(
            "the address of an occurrence",
            "ok",
            3,
            "Rua 1",
        ),
        Bound { purpose: Purpose::Feedback, ..Bound::new() }.case(
            "feedback",
            "ok",
            3,
            "Too loud.\nFine else.",
        ),
        bound.case("sealed for others", "not a reader", 4, "Nuts?\tno"),
        elsewhere("moved to another network", "network", "other".into()),
        elsewhere("moved to another author", "author", json!(SecretKey::from_seed(&[2; 32]).feed())),
        elsewhere("moved to another event", "event", json!(refs(2)[1])),
        elsewhere("moved to an occurrence", "occ", occ.into()),
        elsewhere("moved to another purpose", "purpose", "feedback".into()),
        changed("a changed key", "/keys/1/key"),
        changed("a changed text", "/box"),
    ];
    for case in &mut cases {
        if case["verdict"] != "ok" {
            case.as_object_mut().expect("a map").remove("text");
        }
    }
    cases
}

/// What a case of sealed text comes to.
fn opened(case: &Value) -> (&'static str, Option<String>) {
    let text = |field: &str| case[field].as_str().expect("text");
    let net = NetId::of_name(text("network"));
    let author: FeedId = text("author").parse().expect("a feed");
    let event: EntryId = text("event").parse().expect("an id");
    let purpose = serde_json::from_value(case["purpose"].clone()).expect("a purpose");
    let place = Place { net: &net, author: &author, event: &event, occ: case["occ"].as_str(), purpose };
    let of = |value: &Value, field: &str| unhex(value[field].as_str().expect("hex"));
    let key = |key: &Value| {
        let (reader, key) = (of(key, "reader"), of(key, "key"));
        (reader.try_into().expect("8 bytes"), key.try_into().expect("80 bytes"))
    };
    let keys: Vec<_> = case["keys"].as_array().expect("keys").iter().map(key).collect();
    let secret = SecretKey::from_seed(&of(case, "seed").try_into().expect("32 bytes"));
    match sealed::open(place, &keys, &of(case, "box"), &secret) {
        Ok(Some(text)) => ("ok", Some(text)),
        Ok(None) => ("not a reader", None),
        Err(_) => ("does not open", None),
    }
}

#[test]
fn the_vectors_of_posts_are_what_the_rules_make() {
    let made: Files = [
        file("good", "post", "One post of each kind.", good()),
        file("limits", "post", "Each limit at its value, and one past it.", limits()),
        file("shapes", "post", "A body has one shape; what does not fit says nothing.", shapes()),
        file("sealed", "sealed", "A sealed text opens for its readers, at its place alone.", sealed_texts()),
    ]
    .into();
    settle("posts", &made, &[]);
}

#[test]
fn every_vector_of_posts_has_its_verdict() {
    for (name, file) in read("posts") {
        for case in file["cases"].as_array().expect("cases") {
            if file["form"] == "sealed" {
                let (verdict, text) = opened(case);
                let wanted = (case["verdict"].as_str(), case["text"].as_str());
                assert_eq!((Some(verdict), text.as_deref()), wanted, "{name}: {}", case["what"]);
                continue;
            }
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
