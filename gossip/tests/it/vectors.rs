//! The messages as another implementation can check them: `spec/vectors/gossip/messages*.json`.

use std::fs;
use std::path::PathBuf;

use klatch_feed::{EntryId, ForkProof, NetId};
use klatch_gossip::sim::author::Author;
use klatch_gossip::sync::message::{Get, Message, Mode, Named, Part, Row, Side};
use klatch_gossip::sync::{Challenge, DoorAnswer, Reason, Redeemed};
use serde_json::{Value, json};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

/// Compares with the file, or writes it where UPDATE is set; what the file says.
fn file(name: &str, made: &Value) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors/gossip").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, serde_json::to_string_pretty(made).unwrap() + "\n").unwrap();
    }
    let held: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(&held, made, "{name} is made from other messages: UPDATE=1 writes it again");
    held
}

/// The next item of canonical CBOR as JSON: byte strings as hex, text as `{"text": …}`.
fn item(bytes: &mut &[u8]) -> Value {
    let (head, rest) = bytes.split_first().unwrap();
    let size = match head & 31 {
        few @ 0..=23 => {
            *bytes = rest;
            usize::from(few)
        }
        more => {
            let (number, rest) = rest.split_at(1 << (more - 24));
            *bytes = rest;
            number.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
        }
    };
    let mut take = |size: usize| {
        let (taken, rest) = bytes.split_at(size);
        *bytes = rest;
        taken
    };
    match head >> 5 {
        0 => json!(size),
        2 => json!(hex(take(size))),
        3 => json!({ "text": String::from_utf8(take(size).to_vec()).unwrap() }),
        4 => (0..size).map(|_| item(bytes)).collect(),
        _ => match head {
            0xf4 => json!(false),
            0xf5 => json!(true),
            0xf6 => Value::Null,
            other => panic!("no message has an item {other:02x}"),
        },
    }
}

fn messages() -> Vec<(&'static str, Message)> {
    let net = NetId::of_name("vectors");
    let (ana, ben) = (Author::new(net, 1).feed(), Author::new(net, 2).feed());
    let (mut one, mut other) = (Author::new(net, 3), Author::new(net, 3));
    other.go_back(&[], 1);
    let (left, right) = (one.write(vec![], 24), other.write(vec![], 24));
    let proof = ForkProof::build(&net, std::slice::from_ref(&left), std::slice::from_ref(&right)).unwrap();
    let compact = klatch_feed::chunk::encode(&[&left], |_| true);
    let event = EntryId::new([0xe1; 32]);
    let (id8, next8) = ([1, 2, 3, 4, 5, 6, 7, 8], [9; 8]);
    let challenge = Challenge { event, occ: None, nonce: [0x0c; 16] };
    let of_occurrence = |occ: &str| Challenge { occ: Some(occ.to_owned()), ..challenge.clone() };
    let mut feeds = vec![ana, ben];
    feeds.sort();
    let get = |part, base8, from| Message::Get(Get { idx: 1, from, to: 300, part, base8 });
    let row = |idx, len, tip8, cap| Row { idx, len, tip8, cap };
    vec![
        (
            "resume, nothing held",
            Message::Resume { proto: 1, token: None, root: None, want_n: 0, yours: None },
        ),
        (
            "resume with an echo",
            Message::Resume { proto: 1, token: None, root: None, want_n: 300, yours: Some((70_000, id8)) },
        ),
        ("two feeds wanted", Message::Wants { root: None, add: feeds.into(), del: vec![] }),
        (
            "resume with a token and the list it goes with",
            Message::Resume { proto: 1, token: Some([7; 16]), root: Some([8; 16]), want_n: 2, yours: None },
        ),
        (
            "two feeds wanted by tags, and what the list is called",
            Message::Wants { root: Some([8; 16]), add: Named::Tags(vec![id8, next8]), del: vec![] },
        ),
        ("a list that is not known", Message::Scope(None)),
        (
            "fingerprints of two intervals of the receiver's list",
            Message::Prints { side: Side::Yours, open: vec![], prints: [id8, next8].concat() },
        ),
        (
            "the second of them differs: state all of it",
            Message::Prints { side: Side::Mine, open: vec![0b10], prints: vec![] },
        ),
        (
            "a feed to be told of, a feed to be sent",
            Message::Mode(vec![(0, Mode::Lazy, 9), (3, Mode::Eager, 0)]),
        ),
        ("two lengths", Message::Have(vec![(0, 10), (3, 70_000)])),
        ("a token", Message::Token { token: [7; 16], root: [8; 16] }),
        ("two feeds unwanted", Message::Wants { root: None, add: vec![].into(), del: vec![0, 24] }),
        ("the first and the tenth of ten held", Message::Scope(Some(vec![0x01, 0x02]))),
        (
            "held of yours: one feed; one capped; one of which only the proof is held",
            Message::Delta {
                more: false,
                side: Side::Yours,
                rows: vec![
                    row(0, 5, Some(id8), None),
                    row(1, 4, Some(next8), Some(4)),
                    row(9, 0, None, Some(0)),
                ],
            },
        ),
        (
            "held of mine: nothing, prove the cap you claim",
            Message::Delta { more: false, side: Side::Mine, rows: vec![row(9, 0, None, None)] },
        ),
        ("entries from the first on", get(Part::Entries, None, 1)),
        ("entries from the 256th on, without bodies", get(Part::Headers, Some(id8), 256)),
        ("bodies", get(Part::Bodies, Some(id8), 200)),
        (
            "a chunk from the first entry on",
            Message::Chunk { idx: 1, base8: None, chunk: Some(compact.clone()) },
        ),
        ("nothing to send: another branch", Message::Chunk { idx: 1, base8: Some(id8), chunk: None }),
        (
            "two bodies, one not held",
            Message::Bodies { idx: 1, from: 200, bodies: vec![Some(vec![0xb0]), None] },
        ),
        ("a push", Message::Push { idx: 1, base8: None, chunk: compact }),
        ("ids asked for", Message::IdAt { feed: ana, seqs: vec![1, 500, 100_000] }),
        ("ids, one not held", Message::Ids { feed: ana, ids: vec![Some(id8), Some(next8), None] }),
        ("a proof of a fork at entry 1", Message::Fork(proof.encode())),
        ("who succeeds a feed", {
            let (signed, body) = crate::succession::heir(7, 8, 1).encode();
            Message::Succ { signed, body }
        }),
        ("who wrote about this", Message::About(event)),
        ("two did", Message::Hints { object: event, rows: vec![(ana, 7), (ben, 1)] }),
        ("nobody did", Message::Hints { object: event, rows: vec![] }),
        ("an invite's secret", Message::Redeem([0x5e; 16])),
        ("welcome", Message::Redeemed(Redeemed { code: 0, name: "Café Klatch".into(), quota: 64 << 20 })),
        ("a door's challenge", Message::Door(challenge.clone())),
        ("a door's challenge for an occurrence", Message::Door(of_occurrence("2026-12-10T18:30"))),
        ("... with as long a name as can be", Message::Door(of_occurrence(&"x".repeat(200)))),
        (
            "a guest's answer",
            Message::DoorAnswer(DoorAnswer {
                challenge: challenge.clone(),
                rsvp: Some(event),
                signature: [0x51; 64],
            }),
        ),
        (
            "a walk-in's answer",
            Message::DoorAnswer(DoorAnswer { challenge, rsvp: None, signature: [0x51; 64] }),
        ),
        ("countersigned", Message::DoorVerdict(event, None)),
        ("not countersigned", Message::DoorVerdict(event, Some("this code has lapsed".into()))),
        ("still here", Message::Ping),
        ("the end, for a limit", Message::Error(3)),
    ]
}

#[test]
fn each_message_has_these_bytes_and_these_bytes_are_it() {
    let case = |(what, message): &(&str, Message)| {
        let bytes = message.encode();
        let items = item(&mut &bytes[..]);
        json!({ "what": what, "items": items, "hex": hex(&bytes) })
    };
    let messages = messages();
    let made = json!({
        "why": "A message is one canonical CBOR array: its number, then its items.",
        "cases": messages.iter().map(case).collect::<Vec<_>>(),
    });
    let held = file("messages.json", &made);
    for (case, (what, message)) in held["cases"].as_array().unwrap().iter().zip(messages) {
        let bytes = unhex(case["hex"].as_str().unwrap());
        assert_eq!(Message::decode(&bytes), Ok(message), "{what}");
    }
}

/// Bytes that are no message, or past a limit, each one step from a good one.
fn bad() -> Vec<(&'static str, Vec<u8>)> {
    let feed = |first: u8| [vec![0x58, 32, first], vec![0; 31]].concat();
    let wants = |feeds: &[u8]| {
        let list: Vec<u8> = feeds.iter().flat_map(|first| feed(*first)).collect();
        [vec![0x85, 2, 0xf6, 0x80 + feeds.len() as u8], list, vec![0x80, 0xf4]].concat()
    };
    let delta = |side: u8, rows: &[&[u8]]| {
        [vec![0x84, 4, 0xf4, side, 0x80 + rows.len() as u8], rows.concat()].concat()
    };
    let seqs = |count: u8| {
        let list: Vec<u8> =
            (1..=count).flat_map(|seq| if seq < 24 { vec![seq] } else { vec![0x18, seq] }).collect();
        [vec![0x83, 14], feed(1), vec![0x98, count], list].concat()
    };
    vec![
        ("no bytes", vec![]),
        ("an integer, not an array", vec![0x01]),
        ("an empty array", vec![0x80]),
        ("number 0", vec![0x81, 0]),
        ("number 40, neither known, reserved nor free", vec![0x81, 0x18, 40]),
        ("the number 29 in three bytes", vec![0x81, 0x19, 0, 29]),
        ("an array of indefinite length", vec![0x9f, 0x18, 29, 0xff]),
        ("a ping with an item", vec![0x82, 0x18, 29, 0]),
        ("a byte after the end", vec![0x81, 0x18, 29, 0]),
        ("an error code that is a float", vec![0x82, 0x18, 31, 0xf9, 0x3c, 0]),
        ("an error code that is longer than it need be", vec![0x82, 0x18, 31, 0x18, 3]),
        ("an echo of no entries", [vec![0x87, 1, 1, 0, 0xf6, 0xf6, 0, 0x82, 0, 0x48], vec![0; 8]].concat()),
        ("wants out of order", wants(&[2, 1])),
        ("a feed wanted twice", wants(&[1, 1])),
        ("a row with entries and no tip", delta(0, &[&[0x84, 0, 1, 0xf6, 0xf6]])),
        ("a row of mine that says nothing", delta(0, &[&[0x84, 0, 0, 0xf6, 0xf6]])),
        ("rows out of order", delta(0, &[&[0x84, 1, 0, 0xf6, 0], &[0x84, 0, 0, 0xf6, 0]])),
        ("a third side", delta(2, &[])),
        ("a request from entry 0", vec![0x86, 6, 0, 0, 1, 0, 0xf6]),
        ("a request that ends before it starts", [vec![0x86, 6, 0, 3, 2, 0, 0x48], vec![0; 8]].concat()),
        ("a request from entry 2 without a base", vec![0x86, 6, 0, 2, 2, 0, 0xf6]),
        ("a request with unknown flags", vec![0x86, 6, 0, 1, 2, 4, 0xf6]),
        ("257 bodies asked for", vec![0x86, 6, 0, 1, 0x19, 1, 1, 2, 0xf6]),
        ("no bodies", vec![0x84, 8, 0, 1, 0x80]),
        ("a chunk that claims 4 GiB", vec![0x84, 7, 0, 0xf6, 0x5a, 0xff, 0xff, 0xff, 0xff]),
        ("65 places asked for", seqs(65)),
        (
            "a token without the list it goes with",
            [vec![0x87, 1, 1, 0, 0x50], vec![7; 16], vec![0xf6, 0, 0xf6]].concat(),
        ),
        ("tags out of order", {
            let tags = [[2; 8], [1; 8]].concat();
            [vec![0x85, 2, 0xf6, 0x50], tags, vec![0x80, 0xf5]].concat()
        }),
        (
            "tags that end in the middle of one",
            [vec![0x85, 2, 0xf6, 0x4f], vec![1; 15], vec![0x80, 0xf5]].concat(),
        ),
        ("fingerprints of a third side", vec![0x84, 5, 2, 0x40, 0x40]),
        ("a mode that there is none of", vec![0x82, 10, 0x81, 0x83, 0, 0, 0]),
        ("modes out of order", vec![0x82, 10, 0x82, 0x83, 1, 1, 0, 0x83, 0, 1, 0]),
        ("a length of nothing", vec![0x82, 11, 0x81, 0x82, 0, 0]),
        ("a successor whose header is longer than headers are", {
            [vec![0x83, 19, 0x59, 0x02, 0x41], vec![0; 577], vec![0x40]].concat()
        }),
        ("a successor whose body is longer than control bodies are", {
            [vec![0x83, 19, 0x40, 0x59, 0x08, 0x01], vec![0; 2049]].concat()
        }),
        ("a door's challenge for an occurrence of 201 bytes", {
            let event = [vec![0x84, 0x18, 24, 0x58, 32], vec![0xe1; 32]].concat();
            [event, vec![0x78, 201], vec![b'x'; 201], vec![0x50], vec![0x0c; 16]].concat()
        }),
        ("a door's challenge for an occurrence in bytes", {
            let event = [vec![0x84, 0x18, 24, 0x58, 32], vec![0xe1; 32]].concat();
            [event, vec![0x50], vec![b'x'; 16], vec![0x50], vec![0x0c; 16]].concat()
        }),
        ("a secret of 15 bytes", [vec![0x82, 22, 0x4f], vec![0; 15]].concat()),
    ]
}

#[test]
fn bytes_that_are_no_message_end_with_the_code_that_is_written() {
    let code = |bytes: &[u8]| Message::decode(bytes).err().and_then(|breach| Reason::from(breach).code());
    let case =
        |(what, bytes): &(&str, Vec<u8>)| json!({ "what": what, "hex": hex(bytes), "code": code(bytes) });
    let cases: Vec<Value> = bad().iter().map(case).collect();
    assert!(cases.iter().all(|case| case["code"].is_u64()), "each is refused: {cases:#?}");
    let made = json!({
        "why": "What is not the one encoding of a message, or passes a limit, ends the connection with that code.",
        "cases": cases,
    });
    file("messages_bad.json", &made);
}
