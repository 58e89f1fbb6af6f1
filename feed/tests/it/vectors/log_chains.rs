//! Vectors of runs of entries: chunks that a feed grows by or does not, slices, proofs of a fork.

use klatch_feed::chunk::{self, Bodies, CHUNK_BYTES_SOFT};
use klatch_feed::{EntryId, ForkProof, Head, SecretKey, Unverified};
use serde_json::{Value, json};

use super::{Files, case, file};
use crate::chains::chain;
use crate::feeds::{NETWORK, compact, draft, grow, net, secret, write};
use crate::raw::{self, KIND, PREV, REFS, RawHeader, SEQ, SIZE, TIME, array, bytes, hex, null, uint};

pub(crate) fn files() -> Files {
    [
        chain_good(),
        chain_gap(),
        chain_branch(),
        chain_author(),
        chain_anchor(),
        chain_interior(),
        chain_count(),
        chain_places(),
        chain_encoding(),
        chain_row(),
        chain_limits(),
        chain_control_body(),
        chain_body(),
        slice_good(),
        slice_range(),
        proof_good(),
        proof_bad(),
    ]
    .into()
}

/// A run written row by row, each signed as it stands.
struct Run {
    author: SecretKey,
    next: u64,
    prev: Option<[u8; 32]>,
    rows: Vec<Vec<u8>>,
}

impl Run {
    fn new() -> Self {
        Self { author: secret(1), next: 1, prev: None, rows: Vec::new() }
    }

    /// Adds a row with these header items changed, its body along.
    fn say(self, changes: &[(usize, Vec<u8>)], body: &[u8]) -> Self {
        self.row(changes, body, |_| bytes(body))
    }

    /// ... its body left out.
    fn hush(self, changes: &[(usize, Vec<u8>)], body: &[u8]) -> Self {
        self.row(changes, body, |header| [&header.0[SIZE][..], &bytes(&raw::body_hash(body))].concat())
    }

    fn row(
        mut self,
        changes: &[(usize, Vec<u8>)],
        body: &[u8],
        tail: impl Fn(&RawHeader) -> Vec<u8>,
    ) -> Self {
        let mut header = RawHeader::comment(&self.author, body)
            .with(SEQ, uint(self.next))
            .with(PREV, self.prev.map_or(null(), |prev| bytes(&prev)));
        for (item, to) in changes {
            header = header.with(*item, to.clone());
        }
        let encoded = header.encode();
        let signature = raw::sign(&net(), &self.author, &encoded);
        let tail = tail(&header);
        let items = if tail[0] >> 5 == 0 { 6 } else { 5 };
        let [_, _, _, _, time, kind, _, _, refs] = header.0;
        self.rows.push([raw::head(4, items), kind, time, refs, bytes(&signature), tail].concat());
        self.prev = Some(*raw::id(&encoded, &signature).as_bytes());
        self.next += 1;
        self
    }

    fn chunk(&self) -> Vec<u8> {
        assemble(1, &self.rows)
    }
}

fn assemble(first: u64, rows: &[Vec<u8>]) -> Vec<u8> {
    array(&[uint(first), uint(1), array(rows)])
}

fn empty() -> Head {
    Head::empty(secret(1).feed())
}

/// The head after these entries.
fn after(entries: &[Unverified]) -> Head {
    let last = entries.last().expect("entries");
    Head { feed: last.header().author, len: last.header().seq, tip: Some(last.id()) }
}

fn offered(what: &str, verdict: &str, head: Head, chunk: &[u8]) -> Value {
    let fields = json!({
        "network": NETWORK, "feed": head.feed, "len": head.len, "tip": head.tip, "chunk": hex(chunk),
    });
    case(what, verdict, fields)
}

fn accepted(what: &str, head: Head, chunk: &[u8], entries: &[Unverified]) -> Value {
    let mut case = offered(what, "ok", head, chunk);
    let then = after(entries);
    case["then"] = json!({ "len": then.len, "tip": then.tip });
    case
}

/// An accepted chunk with each of its entries spelled out.
fn spelled(what: &str, head: Head, entries: &[Unverified], with_bodies: bool) -> Value {
    let refs: Vec<_> = entries.iter().collect();
    let chunk = chunk::encode(&refs, |_| with_bodies);
    let mut case = accepted(what, head, &chunk, entries);
    let row = |entry: &Unverified| {
        let body =
            entry.body().filter(|body| with_bodies || entry.header().kind.is_control() || body.is_empty());
        json!({
            "id": entry.id(), "header": hex(&entry.header().encode()), "signature": hex(entry.signature()),
            "body": body.map(hex),
        })
    };
    case["entries"] = entries.iter().map(row).collect();
    case
}

fn three() -> Vec<Unverified> {
    let mut said = [draft(0, b"\xa0"), draft(64, b""), draft(258, &[0x5a; 30])];
    said[1].refs = vec![EntryId::new([9; 32])];
    said[2].refs = vec![EntryId::new([8; 32]), EntryId::new([7; 32])];
    write(&secret(1), said)
}

fn chain_good() -> (String, Value) {
    let entries = three();
    let cases = vec![
        spelled("a whole feed", empty(), &entries, true),
        spelled("the same with the bodies left out that may be", empty(), &entries, false),
        spelled("one entry after two", after(&entries[..2]), &entries[2..], true),
    ];
    file(
        "chain_good",
        "chain",
        "A chunk that follows the head and ends on an anchor; its compact form.",
        cases,
    )
}

fn chain_gap() -> (String, Value) {
    let entries = three();
    let held = after(&entries[..1]);
    let cases = vec![
        offered("one left out", "gap", held, &compact(&entries[2..])),
        offered("one held already", "gap", held, &compact(&entries)),
        offered("not the first", "gap", empty(), &compact(&entries[1..])),
    ];
    file("chain_gap", "chain", "A chunk starts right after the head.", cases)
}

fn chain_branch() -> (String, Value) {
    let author = secret(1);
    let base = write(&author, [draft(0, b"\xa0"), draft(258, b"one way")]);
    let other = grow(&author, after(&base[..1]), [draft(258, b"another way"), draft(258, b"and on")]);
    let cases = vec![
        accepted("on the branch it was signed on", after(&other[..1]), &compact(&other[1..]), &other),
        offered("on the other branch", "signature", after(&base), &compact(&other[1..])),
    ];
    let why = "Prev is mine, not the sender's: the chunk of another branch does not verify.";
    file("chain_branch", "chain", why, cases)
}

fn chain_author() -> (String, Value) {
    let mine = compact(&three());
    let other = Head::empty(secret(2).feed());
    let mut weak = [0; 32];
    weak[0] = 1;
    let cases = vec![
        offered("another feed's", "signature", other, &mine),
        offered(
            "a feed whose name is no key",
            "key-encoding",
            Head::empty(klatch_feed::FeedId::new([2; 32])),
            &mine,
        ),
        offered(
            "a feed whose name is of small order",
            "key-weak",
            Head::empty(klatch_feed::FeedId::new(weak)),
            &mine,
        ),
    ];
    file("chain_author", "chain", "The author is derived, too.", cases)
}

fn chain_anchor() -> (String, Value) {
    let entries = chain(&secret(1), 3, |seq| seq != 3);
    let cases = vec![
        offered("three, the last with nobody's signature", "signature", empty(), &compact(&entries)),
        accepted("the first two", empty(), &compact(&entries[..2]), &entries[..2]),
        offered("the last alone", "signature", after(&entries[..2]), &compact(&entries[2..])),
    ];
    file("chain_anchor", "chain", "A chunk ends on an anchor.", cases)
}

fn chain_interior() -> (String, Value) {
    let entries = chain(&secret(1), 4, |seq| seq == 4);
    let cases = vec![accepted("only the last of four is signed", empty(), &compact(&entries), &entries)];
    file(
        "chain_interior",
        "chain",
        "A bad signature before the last is accepted, the same everywhere.",
        cases,
    )
}

fn chain_count() -> (String, Value) {
    let said = |count: usize| {
        write(&secret(1), (0..count).map(|_| klatch_feed::Draft { time_ms: 0, ..draft(258, b"") }))
    };
    let longest = said(257);
    let cases = vec![
        accepted("256 rows", empty(), &compact(&longest[..256]), &longest[..256]),
        offered("257 rows", "count", empty(), &compact(&longest)),
        offered("no row", "count", empty(), &assemble(1, &[])),
        offered(
            "2^32 rows claimed",
            "truncated",
            empty(),
            &[array(&[])[..0].to_vec(), vec![0x83, 1, 1, 0x9b, 0, 0, 0, 1, 0, 0, 0, 0]].concat(),
        ),
    ];
    file("chain_count", "chain", "A chunk has 1 to 256 rows.", cases)
}

fn chain_places() -> (String, Value) {
    let row = Run::new().say(&[], b"").rows;
    let at_end = Head { feed: secret(1).feed(), len: u32::MAX - 1, tip: Some(EntryId::new([0xaa; 32])) };
    let last = grow(&secret(1), at_end, [draft(258, b"the last there can be")]);
    let beyond =
        Run { next: u64::from(u32::MAX), prev: Some([0xaa; 32]), ..Run::new() }.say(&[], b"").say(&[], b"");
    let cases = vec![
        accepted("place 2^32 - 1", at_end, &compact(&last), &last),
        offered("one more", "places", at_end, &assemble(u64::from(u32::MAX), &beyond.rows)),
        offered("place 0", "places", empty(), &assemble(0, &row)),
        offered("place 2^32", "places", empty(), &assemble(1 << 32, &row)),
    ];
    file("chain_places", "chain", "Places are 1 to 2^32 - 1.", cases)
}

fn chain_encoding() -> (String, Value) {
    let run = Run::new().say(&[], b"one");
    let good = run.chunk();
    let row = &run.rows[0];
    let rows = array(std::slice::from_ref(row));
    let patched = |from: &[u8], to: &[u8]| {
        let at = good.windows(from.len()).position(|window| window == from).expect("found");
        [&good[..at], to, &good[at + from.len()..]].concat()
    };
    let kind = uint(258);
    let bad = |what, verdict, chunk: &[u8]| offered(what, verdict, empty(), chunk);
    let cases = vec![
        bad("first place in two bytes", "long-form", &[&[0x83, 0x18, 1, 1][..], &rows].concat()),
        bad("an indefinite array", "indefinite", &[&[0x9f, 1, 1][..], &rows, &[0xff]].concat()),
        bad("rows as an indefinite array", "indefinite", &[&[0x83, 1, 1, 0x9f][..], row, &[0xff]].concat()),
        bad(
            "a row as an indefinite array",
            "indefinite",
            &[&[0x83, 1, 1, 0x81, 0x9f][..], &row[1..], &[0xff]].concat(),
        ),
        bad("a kind in five bytes", "long-form", &patched(&kind, &[0x1a, 0, 0, 1, 2])),
        bad("a body's length in two bytes", "long-form", &patched(b"\x43one", b"\x58\x03one")),
        bad("a body of 4 GiB", "truncated", &patched(b"\x43one", b"\x5a\xff\xff\xff\xffone")),
        bad("a byte after the end", "trailing", &[&good[..], &[0]].concat()),
        bad("its last byte missing", "truncated", &good[..good.len() - 1]),
        bad("version 2", "version", &[&[0x83, 1, 2][..], &rows].concat()),
        bad("four items", "shape", &[&[0x84, 1, 1][..], &rows, &[0]].concat()),
        bad("a map of rows", "shape", &[&[0x83, 1, 1, 0xa1, 0][..], row].concat()),
        bad("a thousand arrays", "shape", &[0x81; 1000]),
        bad("nothing", "truncated", &[]),
    ];
    file("chain_encoding", "chain", "A chunk is canonical CBOR, [first, version, rows].", cases)
}

fn chain_row() -> (String, Value) {
    let whole = Run::new().say(&[], b"one").rows.remove(0);
    let left_out = Run::new().hush(&[], b"one").rows.remove(0);
    let of =
        |items: u8, row: &[u8], more: &[u8]| assemble(1, &[[&[0x80 | items][..], &row[1..], more].concat()]);
    let bad = |what, verdict, chunk: &[u8]| offered(what, verdict, empty(), chunk);
    let short = [&whole[..whole.len() - 4], &[0xf6]].concat();
    let signature = whole.windows(2).position(|window| window == [0x58, 64]).expect("a signature");
    let cut = [&whole[..signature], &[0x58, 63], &whole[signature + 3..]].concat();
    let cases = vec![
        bad("seven items", "shape", &of(7, &left_out, &[0])),
        bad("four items", "shape", &of(4, &whole[..whole.len() - 4], &[])),
        bad("five items with a size for the body", "shape", &of(5, &left_out, &[])),
        bad("six items with a body for the size", "shape", &of(6, &whole, &bytes(&[0; 32]))),
        bad("null for the body", "shape", &assemble(1, &[short])),
        bad("a signature of 63 bytes", "shape", &assemble(1, &[cut])),
    ];
    let why =
        "A row is [kind, time, refs, signature, body], or [kind, time, refs, signature, size, body hash].";
    file("chain_row", "chain", why, cases)
}

fn chain_limits() -> (String, Value) {
    let ids = |count: u8| (1..=count).map(|n| [n; 32]).collect::<Vec<_>>();
    let long = vec![0x61; 16_385];
    // The ill-formed entry comes first, so that a good signature after it covers it.
    let covered = |what, verdict, run: Run| offered(what, verdict, empty(), &run.say(&[], b"after").chunk());
    let cases = vec![
        covered("nine refs", "refs", Run::new().say(&[(REFS, raw::refs(&ids(9)))], b"")),
        covered("a ref twice", "ref-twice", Run::new().say(&[(REFS, raw::refs(&[[1; 32], [1; 32]]))], b"")),
        covered("time 2^53", "time", Run::new().say(&[(TIME, uint(1 << 53))], b"")),
        covered("kind 65536", "kind", Run::new().say(&[(KIND, uint(65_536))], b"")),
        covered("16385 bytes left out", "size", Run::new().hush(&[], &long)),
        covered("2049 bytes of a control body", "size", Run::new().say(&[(KIND, uint(1))], &long[..2_049])),
        covered("an empty body left out", "empty-body", Run::new().hush(&[], b"")),
    ];
    let why = "An ill-formed entry is never accepted, not even under a good signature of a later one.";
    file("chain_limits", "chain", why, cases)
}

fn chain_control_body() -> (String, Value) {
    let control = [(KIND, uint(5))];
    let fold = [(KIND, uint(64))];
    let cases = vec![
        offered(
            "left out",
            "control-body",
            empty(),
            &Run::new().hush(&control, b"one").say(&[], b"after").chunk(),
        ),
        offered("left out of the last", "control-body", empty(), &Run::new().hush(&control, b"one").chunk()),
        case("an rsvp's left out", "ok", {
            let run = Run::new().hush(&fold, b"one");
            let mut fields = offered("", "", empty(), &run.chunk());
            fields["then"] = json!({ "len": 1, "tip": run.prev.map(EntryId::new) });
            fields
        }),
    ];
    file("chain_control_body", "chain", "A control entry's body comes along, always.", cases)
}

fn chain_body() -> (String, Value) {
    let run = Run::new().say(&[], b"one").say(&[], b"two");
    let swap = |from: &[u8], to: &[u8]| {
        let good = run.chunk();
        let at = good.windows(from.len()).position(|window| window == from).expect("found");
        [&good[..at], to, &good[at + from.len()..]].concat()
    };
    let lie = Run::new().say(&[(SIZE, uint(4))], b"one");
    let cases = vec![
        offered("another in the middle", "signature", empty(), &swap(b"\x43one", b"\x43eno")),
        offered("another at the end", "signature", empty(), &swap(b"\x43two", b"\x43owt")),
        offered("a longer one", "signature", empty(), &swap(b"\x43two", b"\x44twoo")),
        offered("signed with the wrong size", "signature", empty(), &lie.chunk()),
    ];
    let why =
        "Size and hash of a body that is there are derived: a wrong body is a chunk that does not verify.";
    file("chain_body", "chain", why, cases)
}

fn sliced(what: &str, verdict: &str, stored: &[Vec<u8>], from: u32, to: u32, bodies: Bodies) -> Value {
    let fields = json!({
        "stored": stored.iter().map(|chunk| hex(chunk)).collect::<Vec<_>>(), "from": from, "to": to,
        "bodies": if bodies == Bodies::Within { "within" } else { "control" },
    });
    case(what, verdict, fields)
}

fn slice_good() -> (String, Value) {
    let entries = three();
    let stored = [compact(&entries[..2]), compact(&entries[2..])];
    let cut = |what, from: u32, to: u32, bodies| {
        let mut case = sliced(what, "ok", &stored, from, to, bodies);
        let rows: Vec<_> = entries[from as usize - 1..to as usize].iter().collect();
        case["chunk"] = hex(&chunk::encode(&rows, |_| bodies == Bodies::Within)).into();
        case
    };
    let cases = vec![
        cut("all of two rows", 1, 3, Bodies::Within),
        cut("from one row into the next", 2, 3, Bodies::Within),
        cut("without bodies but control bodies and empty ones", 1, 3, Bodies::ControlOnly),
    ];
    file("slice_good", "slice", "A slice is the compact form of the entries it cuts out.", cases)
}

fn slice_range() -> (String, Value) {
    let entries = three();
    let [one, two] = [compact(&entries[..2]), compact(&entries[2..])];
    let bad = |what, stored: &[Vec<u8>], from, to| sliced(what, "range", stored, from, to, Bodies::Within);
    let both = [one.clone(), two.clone()];
    let cases = vec![
        bad("past the end", &both, 2, 4),
        bad("before the beginning", std::slice::from_ref(&two), 2, 3),
        bad("backwards", &both, 3, 2),
        bad("place 0", &both, 0, 2),
        bad("chunks in the wrong order", &[two, one], 1, 3),
        bad("no chunk", &[], 1, 1),
    ];
    file("slice_range", "slice", "A slice lies within chunks that follow one another.", cases)
}

fn proven(what: &str, proof: &[u8], cap: u32, branches: [EntryId; 2]) -> Value {
    let fields = json!({
        "network": NETWORK, "proof": hex(proof), "author": secret(1).feed(), "cap": cap, "branches": branches,
    });
    case(what, "ok", fields)
}

fn built(what: &str, a: &[Unverified], b: &[Unverified]) -> Value {
    let proof = ForkProof::build(&net(), a, b).expect("a fork");
    let mut branches = [a[0].id(), b[0].id()];
    branches.sort();
    proven(what, &proof.encode(), a[0].header().seq - 1, branches)
}

/// Two branches of two entries each after one common entry, and that entry.
fn fork() -> (Unverified, Vec<Unverified>, Vec<Unverified>) {
    let author = secret(1);
    let base = write(&author, [draft(0, b"\xa0")]).remove(0);
    let head = after(std::slice::from_ref(&base));
    let branch = |text: &[u8]| grow(&author, head, [draft(258, text), draft(258, b"on")]);
    let (a, b) = (branch(b"left"), branch(b"right"));
    if a[0].id() < b[0].id() { (base, a, b) } else { (base, b, a) }
}

fn item(entry: &Unverified) -> Vec<u8> {
    [&entry.header().encode()[..], entry.signature()].concat()
}

fn proof_good() -> (String, Value) {
    let (_, a, b) = fork();
    let author = secret(1);
    let again = {
        let header = a[0].header().encode();
        let message = [&b"klatch/entry/1\0"[..], net().as_bytes(), &header].concat();
        let signature = raw::sign_with_nonce(&author, 3, &message);
        Unverified::new(a[0].header().clone(), signature, a[0].body().map(<[u8]>::to_vec))
            .expect("well-formed")
    };
    let late = chain(&author, 3, |seq| seq == 3);
    let cases = vec![
        built("two entries at place 2", &a, &b),
        built("the same, built the other way round", &b, &a),
        built(
            "two first entries: cap 0",
            &write(&author, [draft(0, b"\xa0")]),
            &write(&secret(1), [draft(0, b"\xa1\x61a\x00")]),
        ),
        built("one header, two signatures", &a[..1], &[again]),
        built("a branch whose first anchor is its third entry", &late, &write(&author, [draft(0, b"\xa0")])),
    ];
    file("proof_good", "proof", "Two branches, each up to its first anchor, smaller first id first.", cases)
}

fn proof_bad() -> (String, Value) {
    let (base, a, b) = fork();
    let author = secret(1);
    let items = |entries: &[Unverified]| entries.iter().map(item).collect::<Vec<_>>();
    let (a1, b1) = (items(&a[..1]), items(&b[..1]));
    let of = |what, verdict, left: &[Vec<u8>], right: &[Vec<u8>]| {
        let proof = raw::proof(&author, [left, right]);
        case(what, verdict, json!({ "network": NETWORK, "proof": hex(&proof) }))
    };
    let raw_case =
        |what, verdict, proof: &[u8]| case(what, verdict, json!({ "network": NETWORK, "proof": hex(proof) }));
    let good = raw::proof(&author, [&a1, &b1]);
    let ill = {
        let header = RawHeader::comment(&author, b"x").with(TIME, uint(1 << 53)).encode();
        [&header[..], &raw::sign(&net(), &author, &header)].concat()
    };
    let unsigned = |entry: &Unverified| {
        let mut item = item(entry);
        *item.last_mut().expect("bytes") ^= 0x10;
        item
    };
    let elsewhere = write(&author, [draft(0, b"\xa0"), draft(258, b"x"), draft(258, b"y")]);
    let other_prev =
        grow(&author, Head { tip: Some(EntryId::new([1; 32])), ..after(&[base]) }, [draft(258, b"z")]);
    let theirs = grow(
        &secret(2),
        Head { feed: secret(2).feed(), len: 1, tip: a[0].header().prev },
        [draft(258, b"z")],
    );
    let sorted = |x: &[Vec<u8>], y: &[Vec<u8>], first: EntryId, second: EntryId| {
        if first < second { (x.to_vec(), y.to_vec()) } else { (y.to_vec(), x.to_vec()) }
    };
    let (start_a, start_b) = sorted(&a1, &items(&elsewhere[2..]), a[0].id(), elsewhere[2].id());
    let (prev_a, prev_b) = sorted(&a1, &items(&other_prev), a[0].id(), other_prev[0].id());
    let cases = vec![
        of("larger first", "order", &b1, &a1),
        of("one branch twice", "order", &a1, &a1),
        of("at two places", "start", &start_a, &start_b),
        of("after two entries", "start", &prev_a, &prev_b),
        of("a branch that goes on past its first anchor", "anchor", &items(&a), &b1),
        of("a branch without an anchor", "anchor", &[unsigned(&a[0])], &[item(&b[0])]),
        of("an empty branch", "segment", &[], &b1),
        of("a branch with a gap", "segment", &[item(&a[0]), item(&elsewhere[2])], &b1),
        of("a branch whose entries do not link", "segment", &[item(&a[0]), item(&b[1])], &b1),
        of("an ill-formed entry", "segment", &[ill], &b1),
        of("another author's entry", "segment", &items(&theirs), &b1),
        of("63 bytes", "segment", &[vec![0; 63]], &b1),
        raw_case("a byte after the end", "trailing", &[&good[..], &[0]].concat()),
        raw_case("two items", "shape", &[&[0x82], &good[1..]].concat()),
        raw_case("an indefinite array", "indefinite", &[&[0x9f], &good[1..], &[0xff]].concat()),
        raw_case("its last byte missing", "truncated", &good[..good.len() - 1]),
    ];
    file("proof_bad", "proof", "Each way of proving nothing.", cases)
}

/// Beside the vectors, since it takes a megabyte: droppable bodies go along as far as the chunk stays within
/// its soft limit, earlier ones first, and what must go along always fits.
#[test]
fn a_slice_keeps_the_bodies_that_fit() {
    let said = (0..100)
        .map(|n| draft(if n % 2 == 0 { 258 } else { 5 }, &vec![n; if n % 2 == 0 { 16_384 } else { 2_048 }]));
    let entries = write(&secret(1), said);
    let slice = chunk::slice(&[&compact(&entries[..50]), &compact(&entries[50..])], 1, 100, Bodies::Within)
        .expect("a slice");
    assert!(slice.len() <= CHUNK_BYTES_SOFT, "{} bytes", slice.len());
    assert!(slice.len() > CHUNK_BYTES_SOFT - 16_500, "{} bytes: another would have fitted", slice.len());
    let entries = chunk::decode(secret(1).feed(), None, &slice).expect("entries");
    let kept: Vec<bool> = entries.iter().map(|entry| entry.body().is_some()).collect();
    let first_dropped = kept.iter().position(|kept| !kept).expect("not all fit");
    assert!(kept[first_dropped..].iter().step_by(2).all(|kept| !kept), "the later ones are left out");
    assert!(kept.iter().skip(1).step_by(2).all(|kept| *kept), "control bodies go along");
}
