//! The entry that spec/feed.md works byte by byte is one that this crate makes.

use klatch_feed::{EntryId, Header, Kind, Unverified, chunk};

use crate::feeds::{NETWORK, key, net, secret};
use crate::raw::{hex, unhex};

fn page() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/feed.md");
    std::fs::read_to_string(path).expect("spec/feed.md")
}

/// The lines of the one fenced block of that name.
fn block<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let fence = format!("```{name}\n");
    let (_, rest) = page.split_once(&fence).unwrap_or_else(|| panic!("a block {name}"));
    rest.split_once("```").expect("its end").0.lines().collect()
}

/// The bytes of a block whose lines are hex, then a remark.
fn dump(page: &str, name: &str) -> Vec<u8> {
    let hex = |line: &&str| line.split(' ').next().expect("a first word").to_owned();
    unhex(&block(page, name).iter().map(hex).collect::<String>())
}

#[test]
fn the_worked_entry_is_one_that_is_made_so() {
    let page = page();
    let author = secret(1);
    let body = b"\xa1atehello";
    let header = Header {
        author: author.feed(),
        seq: 2,
        prev: Some(EntryId::new([0xaa; 32])),
        time_ms: 1_790_000_000_002,
        kind: Kind(258),
        size: 9,
        body_hash: Header::hash_body(body),
        refs: vec![EntryId::new([0xbb; 32])],
    };
    let bytes = header.encode();
    assert_eq!(dump(&page, "header"), bytes);
    let signature = author.sign(&[b"klatch/entry/1\0", net().as_bytes(), &bytes]);
    let entry = Unverified::new(header, signature, Some(body.to_vec())).expect("well-formed");
    assert!(entry.is_anchor(&net(), &key(&author)));
    assert_eq!(dump(&page, "chunk"), chunk::encode(&[&entry], |_| true));

    let values = block(&page, "values").concat().split_whitespace().collect::<String>();
    let id = entry.id();
    assert_eq!(values, format!("signature={}id={}idtext={id}", hex(&signature), hex(id.as_bytes())));
    for told in [
        format!("Network `{NETWORK}`, net_id `{}`", hex(net().as_bytes())),
        format!("`{}`", author.feed()),
        format!("body `{}`", hex(body)),
        format!("The header, {} bytes", bytes.len()),
    ] {
        assert!(page.contains(&told), "the page says {told}");
    }
}

#[test]
fn the_limits_of_the_page_are_those_of_the_code() {
    let page = page();
    let limits = [
        ("header", klatch_feed::entry::HEADER_BYTES_MAX),
        ("body", klatch_feed::entry::BODY_BYTES_MAX),
        ("body of a control kind", klatch_feed::entry::CONTROL_BODY_BYTES_MAX),
        ("chunk", chunk::CHUNK_BYTES_MAX),
        ("proof", klatch_feed::fork::PROOF_BYTES_MAX),
    ];
    for (what, bytes) in limits {
        assert!(page.contains(&format!("| {what} | {bytes} bytes |")), "{what}: {bytes}");
    }
    let counts = [
        ("refs", klatch_feed::entry::REFS_MAX),
        ("rows of a chunk on the wire", klatch_feed::K as usize),
        ("nesting", klatch_feed::codec::DEPTH_MAX),
    ];
    for (what, count) in counts {
        assert!(page.contains(&format!("| {what} | {count} |")), "{what}: {count}");
    }
    assert!(page.contains(&format!("within {} bytes", chunk::CHUNK_BYTES_SOFT)));
}
