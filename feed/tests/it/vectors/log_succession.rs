//! Vectors of succession: the first entry that states it, the chain that it keeps, and which of several counts.

use klatch_feed::post::{Person, Post};
use klatch_feed::succession::heir;
use klatch_feed::{
    Draft, EntryId, FeedId, Head, Header, Kind, Lineage, NetId, RecoveryWords, SALT_BYTES, SecretKey, Seq,
    Succeeds, Succession, Successor, Unverified, Verified, chunk,
};
use serde_json::{Value, json};

use super::{Files, case, file};
use crate::raw::{hex, unhex};

const NETWORK: &str = "klatch-test";

pub(crate) fn files() -> Files {
    [statement(), branch(), choice(), first()].into()
}

fn words() -> RecoveryWords {
    RecoveryWords::from_entropy(&[0; 32])
}

fn net() -> NetId {
    NetId::of_name(NETWORK)
}

/// Signs these drafts one after the other.
fn log(head: Head, secret: &SecretKey, drafts: impl IntoIterator<Item = Draft>) -> (Vec<Verified>, Head) {
    drafts.into_iter().fold((Vec::new(), head), |(mut entries, head), draft| {
        let (entry, head) = head.sign(&net(), secret, draft).unwrap();
        entries.push(entry);
        (entries, head)
    })
}

fn genesis(recovery: [u8; 32], succeeds: Option<Succeeds>) -> Draft {
    Post::Genesis { recovery, succeeds: succeeds.map(Box::new) }.draft(1_790_000_000_000, [0; 16]).unwrap()
}

fn note(text: &str) -> Draft {
    let body = Post::Profile { name: text.to_owned(), about: String::new(), links: vec![] };
    body.draft(1_790_000_000_001, [0; 16]).unwrap()
}

/// The first entry of the old feed: what succeeds it hangs on that.
fn old_first() -> Verified {
    let secret = words().feed_key(None);
    log(Head::empty(secret.feed()), &secret, [genesis(words().commitment(None), None)]).0.remove(0)
}

fn old() -> Person {
    Person { feed: words().feed_key(None).feed(), genesis: old_first().id() }
}

fn keep_id() -> EntryId {
    EntryId::new([0xbb; 32])
}

const SALT: [u8; SALT_BYTES] = [0xcc; 16];

/// A first entry of the feed that goes on after that entry of the old one.
fn successor(keep: (Seq, EntryId)) -> Verified {
    let (secret, next) = (words().feed_key(Some(SALT)), words().commitment(Some(SALT)));
    let key = words().recovery_key(None);
    let succeeds = Succeeds::sign(&net(), &key, old(), keep, SALT, &secret.feed(), &next);
    log(Head::empty(secret.feed()), &secret, [genesis(next, Some(succeeds))]).0.remove(0)
}

fn raw(entry: &Unverified) -> Value {
    json!({
        "header": hex(&entry.header().encode()), "signature": hex(entry.signature()),
        "body": hex(entry.body().unwrap()),
    })
}

fn statement() -> (String, Value) {
    let words = words();
    let (secret, next) = (words.feed_key(Some(SALT)), words.commitment(Some(SALT)));
    let signed = |net: &NetId, key: Option<[u8; SALT_BYTES]>, feed: &FeedId, next: &[u8; 32]| {
        Succeeds::sign(net, &words.recovery_key(key), old(), (7, keep_id()), SALT, feed, next)
    };
    let first = |succeeds: Option<Succeeds>| {
        log(Head::empty(secret.feed()), &secret, [genesis(next, succeeds)]).0.remove(0)
    };
    let good = signed(&net(), None, &secret.feed(), &next);
    let judged = |what: &str, verdict: &str, entry: &Verified| {
        let mut fields = json!({ "network": NETWORK, "entry": raw(entry), "old_first": raw(&old_first()) });
        if verdict == "ok" {
            fields["old"] = json!(old());
            fields["keep_seq"] = json!(7);
            fields["keep_id"] = json!(keep_id());
            fields["salt"] = json!(hex(&SALT));
            fields["new"] = json!(Person { feed: secret.feed(), genesis: entry.id() });
        }
        case(what, verdict, fields)
    };
    let bad = |what, verdict, succeeds| judged(what, verdict, &first(Some(succeeds)));
    let elsewhere = NetId::of_name("elsewhere");
    let other = words.feed_key(Some([0xdd; 16])).feed();
    let mut altered = judged("signed by another than its author", "signature", &first(Some(good.clone())));
    altered["entry"]["signature"] = hex(&[7; 64]).into();
    let (_, head) = log(Head::empty(secret.feed()), &secret, [note("first")]);
    let (second, _) = log(head, &secret, [genesis(next, Some(good.clone()))]);
    let cases = vec![
        judged("the first recovery key says that the second feed goes on", "ok", &first(Some(good))),
        bad("for another network", "statement", signed(&elsewhere, None, &secret.feed(), &next)),
        bad("for another new feed", "statement", signed(&net(), None, &other, &next)),
        bad(
            "with another commitment",
            "statement",
            signed(&net(), None, &secret.feed(), &words.commitment(Some([0xdd; 16]))),
        ),
        bad(
            "a recovery key that nobody committed to",
            "commitment",
            signed(&net(), Some(SALT), &secret.feed(), &next),
        ),
        judged("a first entry that succeeds nobody", "genesis", &first(None)),
        judged("not a first entry", "genesis", &second[0]),
        altered,
    ];
    let why =
        "The recovery key that the old first entry committed to signs who goes on, and after which entry.";
    file("succession_statement", "statement", why, cases)
}

/// Two branches after entry 2 of the old feed: one of them is kept.
fn branch() -> (String, Value) {
    let secret = words().feed_key(None);
    let head = Head { feed: secret.feed(), len: 1, tip: Some(old_first().id()) };
    let (common, fork) = log(head, &secret, [note("both agree on this")]);
    let (here, end) = log(fork, &secret, [note("here"), note("here as well")]);
    let (there, _) = log(fork, &secret, [note("there"), note("there as well"), note("and more")]);
    let keeps = successor((end.len, end.tip.unwrap()));
    let offered = |what: &str, verdict: &str, chain: &[&Verified], from: &Head| {
        let chain: Vec<&Unverified> = chain.iter().map(|entry| &***entry).collect();
        let fields = json!({
            "network": NETWORK, "entry": raw(&keeps), "feed": secret.feed(), "len": from.len, "tip": from.tip,
            "chunk": hex(&chunk::encode(&chain, |_| true)),
        });
        case(what, verdict, fields)
    };
    let cases = vec![
        offered("the branch that is kept", "ok", &[&here[0], &here[1]], &fork),
        offered("the same from an earlier anchor", "ok", &[&common[0], &here[0], &here[1]], &head),
        offered("not up to the entry to keep", "keep", &[&here[0]], &fork),
        offered("another branch, up to that place", "keep", &[&there[0], &there[1]], &fork),
        offered("another branch, beyond it", "keep", &[&there[0], &there[1], &there[2]], &fork),
        unsigned(),
    ];
    let why = "A feed that is succeeded is the chain that ends in the entry to keep: who holds another replaces it.";
    file("succession_branch", "branch", why, cases)
}

/// Ends in the entry to keep, which nobody signed.
fn unsigned() -> Value {
    let secret = words().feed_key(None);
    let head = Head { feed: secret.feed(), len: 1, tip: Some(old_first().id()) };
    let (mut entries, _) = log(head, &secret, [note("never signed")]);
    let header = entries.remove(0).header().clone();
    let entry = Unverified::new(header, [7; 64], Some(note("never signed").body)).unwrap();
    let fields = json!({
        "network": NETWORK, "entry": raw(&successor((2, entry.id()))), "feed": secret.feed(), "len": 1,
        "tip": head.tip, "chunk": hex(&chunk::encode(&[&entry], |_| true)),
    });
    case("the entry to keep is no anchor", "keep", fields)
}

fn choice() -> (String, Value) {
    let person =
        |n: u8, genesis: u8| Person { feed: FeedId::new([n; 32]), genesis: EntryId::new([genesis; 32]) };
    let one = |keep, new| Succession { old: person(1, 1), keep, new };
    let chosen = |what: &str, all: &[Succession], counts: &Succession| {
        case(what, "ok", json!({ "all": all, "counts": counts }))
    };
    let (more, small, large) = (one(6, person(9, 9)), one(5, person(2, 2)), one(5, person(3, 3)));
    let (low, high) = (one(5, person(2, 1)), one(5, person(2, 2)));
    let cases = vec![
        chosen("keeps more", &[small, more, large], &more),
        chosen("the smaller key", &[large, small], &small),
        chosen("the smaller first entry", &[high, low], &low),
    ];
    let why = "Of several valid successions one counts, whatever came first.";
    file("succession_choice", "choice", why, cases)
}

/// What a second and a third feed begin with.
fn first() -> (String, Value) {
    let words = words();
    let secret = words.feed_key(None);
    let head = Head { feed: secret.feed(), len: 1, tip: Some(old_first().id()) };
    let (kept, _) = log(head, &secret, [note("the last that is kept")]);
    let begins = |what: &str, old: Person, salts: [Option<[u8; SALT_BYTES]>; 2], kept: &Verified| {
        let (keep, salt) = ((kept.header().seq, kept.id()), salts[1].unwrap());
        let (secret, post) = heir(&net(), &words, (old, salts[0]), keep, salt);
        let draft = post.draft(1_790_000_000_000, [0; 16]).unwrap();
        let fields = json!({
            "network": NETWORK, "words": &*words.words(), "old": old, "keep_seq": keep.0, "keep_id": keep.1,
            "salts": salts.map(|salt| salt.map(|salt| hex(&salt))),
            "feed": secret.feed(), "body": hex(&draft.body),
        });
        (case(what, "ok", fields), log(Head::empty(secret.feed()), &secret, [draft]).0.remove(0))
    };
    let (one, two) = (Some([1; 16]), Some([2; 16]));
    let (second, entry) = begins("after the first feed", old(), [None, one], &kept[0]);
    let third = Person { feed: entry.header().author, genesis: entry.id() };
    let cases = vec![
        second,
        begins("by another copy, which keeps the same: another feed", old(), [None, two], &kept[0]).0,
        begins("after the second feed", third, [one, two], &entry).0,
    ];
    let why =
        "The words and a salt give the next feed, and with the entry to keep what its first entry says.";
    file("succession_first", "heir", why, cases)
}

fn entry_of(case: &Value) -> Result<Unverified, &'static str> {
    let read = |key: &str| unhex(case[key].as_str().unwrap());
    let header = Header::decode(&read("header")).map_err(|_| "shape")?;
    Unverified::new(header, read("signature").try_into().unwrap(), Some(read("body"))).map_err(|_| "body")
}

fn successor_of(case: &Value) -> Result<Successor, &'static str> {
    use klatch_feed::succession::SuccessorError as Error;
    let net = NetId::of_name(case["network"].as_str().unwrap());
    let entry = entry_of(&case["entry"])?;
    let signed = [&entry.header().encode()[..], entry.signature()].concat();
    Successor::decode(&net, &signed, entry.body().unwrap()).map_err(|error| match error {
        Error::Entry(_) => "shape",
        Error::Genesis => "genesis",
        Error::Signature => "signature",
        Error::Statement => "statement",
    })
}

/// Judges a first entry from its case.
pub(crate) fn run_statement(case: &Value) -> Result<Value, &'static str> {
    let successor = successor_of(case)?;
    if !successor.is_of(&entry_of(&case["old_first"])?) {
        return Err("commitment");
    }
    let Succession { old, keep, new } = successor.succession();
    Ok(
        json!({ "old": old, "keep_seq": keep, "keep_id": successor.keep_id(), "new": new, "salt": hex(&successor.salt()) }),
    )
}

/// Begins the next feed from its case.
pub(crate) fn run_heir(case: &Value) -> Result<Value, &'static str> {
    let net = NetId::of_name(case["network"].as_str().unwrap());
    let words = RecoveryWords::parse(case["words"].as_str().unwrap()).unwrap();
    let old: Person = serde_json::from_value(case["old"].clone()).unwrap();
    let keep_seq: Seq = serde_json::from_value(case["keep_seq"].clone()).unwrap();
    let keep_id: EntryId = serde_json::from_value(case["keep_id"].clone()).unwrap();
    let salt = |at: usize| case["salts"][at].as_str().map(|text| unhex(text).try_into().unwrap());
    let (secret, post) = heir(&net, &words, (old, salt(0)), (keep_seq, keep_id), salt(1).unwrap());
    let draft = post.draft(1_790_000_000_000, [0; 16]).unwrap();
    let body = hex(&draft.body);
    let (entry, _) = Head::empty(secret.feed()).sign(&net, &secret, draft).unwrap();
    assert!(Successor::check(&net, Unverified::clone(&entry)).is_ok());
    Ok(json!({ "feed": secret.feed(), "body": body }))
}

/// Judges a branch of the old feed from its case.
pub(crate) fn run_branch(case: &Value) -> Result<Value, &'static str> {
    let successor = successor_of(case)?;
    let feed: FeedId = serde_json::from_value(case["feed"].clone()).unwrap();
    let tip: Option<EntryId> = serde_json::from_value(case["tip"].clone()).unwrap();
    let from: Seq = serde_json::from_value(case["len"].clone()).unwrap();
    let chain = chunk::decode(feed, tip, &unhex(case["chunk"].as_str().unwrap())).map_err(|_| "shape")?;
    let keeps = successor.keeps(&NetId::of_name(case["network"].as_str().unwrap()), from, &chain);
    if keeps { Ok(json!({})) } else { Err("keep") }
}

/// Chooses among successions, in either order.
pub(crate) fn run_choice(case: &Value) -> Result<Value, &'static str> {
    let all: Vec<Succession> = serde_json::from_value(case["all"].clone()).unwrap();
    let of = |all: Vec<Succession>| Lineage::new(all).successions().copied().collect::<Vec<_>>();
    let reversed = all.iter().rev().copied().collect();
    let counts = of(all);
    assert_eq!(counts, of(reversed), "{}", case["what"]);
    Ok(json!({ "counts": counts[0] }))
}

#[test]
fn a_chain_that_is_kept_may_hold_bad_signatures_within_a_step_and_none_longer() {
    let secret = words().feed_key(None);
    for (bad, is_kept) in [(255, true), (256, false)] {
        let mut head = Head { feed: secret.feed(), len: 1, tip: Some(old_first().id()) };
        let mut chain = Vec::new();
        for n in 0..=bad {
            let (entry, _) = head.sign(&net(), &secret, note("as often as it takes")).unwrap();
            let signature = if n == bad { *entry.signature() } else { [7; 64] };
            let body = entry.body().map(<[u8]>::to_vec);
            let entry = Unverified::new(entry.header().clone(), signature, body).unwrap();
            head = Head { len: head.len + 1, tip: Some(entry.id()), ..head };
            chain.push(entry);
        }
        let keeps = successor((head.len, head.tip.unwrap()));
        let keeps = Successor::check(&net(), Unverified::clone(&keeps)).unwrap();
        assert_eq!(keeps.keeps(&net(), 1, &chain), is_kept, "{bad} bad signatures");
        assert!(!keeps.keeps(&net(), 0, &chain), "it does not start there");
        assert!(!keeps.keeps(&net(), Seq::MAX, &chain));
        assert!(!keeps.keeps(&net(), 1, &[]));
    }
}

#[test]
fn keys_that_sign_successions_stay_out_of_debug() {
    let shown = format!("{:?} {:?}", words(), words().recovery_key(None));
    assert!(
        shown.contains("hidden") && !shown.contains(&hex(&*words().recovery_key(None).seed())),
        "{shown}"
    );
    assert_eq!(successor((7, keep_id())).header().kind, Kind(0));
}
