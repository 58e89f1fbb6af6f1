use std::collections::BTreeSet;

use klatch_feed::EntryId;

use super::*;

fn keys() -> Keys {
    Keys::of(&[7; 32])
}

fn state(len: Seq) -> FeedState {
    let tip = (len > 0).then(|| EntryId::new(Sha256::digest(len.to_be_bytes()).into()));
    FeedState { len, tip, cap: None }
}

/// Plays a comparison of `count` places, of which `changed` differ: what the serving side finds to state,
/// what it takes for equal, messages and bytes.
fn play(count: u32, changed: &BTreeSet<u32>) -> (BTreeSet<u32>, BTreeSet<u32>, usize, usize) {
    let places: Vec<u32> = (0..count).map(|at| at * 3).collect(); // With holes between.
    let mut server = |idx: u32| state(idx + 1);
    let mut asker = |idx: u32| state(idx + 1 + u32::from(changed.contains(&(idx / 3))));
    let (mut serving, mut asking) = (Compare::new(places.clone()), Compare::new(places));
    let (mut equal, mut messages) = (BTreeSet::new(), 1);
    let mut prints = serving.first(&keys(), &mut server);
    let mut bytes = prints.len();
    for _ in 0..8 {
        let found = asking.hear(&keys(), &prints, &mut asker).unwrap();
        (messages, bytes) = (messages + 1, bytes + found.open.len() + found.prints.len());
        let told = serving.opened(&found.open).unwrap();
        equal.extend(told.equal);
        if found.prints.is_empty() {
            return (told.differ.into_iter().chain(serving.rest()).collect(), equal, messages, bytes);
        }
        let found = serving.hear(&keys(), &found.prints, &mut server).unwrap();
        equal.extend(found.equal);
        if found.prints.is_empty() {
            return (found.differ.into_iter().collect(), equal, messages, bytes);
        }
        (messages, bytes) = (messages + 1, bytes + found.open.len() + found.prints.len());
        asking.opened(&found.open).unwrap();
        prints = found.prints;
    }
    panic!("it never ends");
}

#[test]
fn what_differs_is_found_and_the_rest_is_equal() {
    for count in [1, 2, 15, 16, 17, 255, 256, 257, 300, 4_097, 65_535, 65_536, 100_000] {
        for changed in [0, 1, 2, 10] {
            let step = (count / 10).max(1);
            let changed: BTreeSet<u32> = (0..changed).map(|n| n * step).filter(|at| *at < count).collect();
            let (differ, equal, ..) = play(count, &changed);
            let wanted: BTreeSet<u32> = changed.iter().map(|at| at * 3).collect();
            assert!(differ.is_superset(&wanted), "{count} places, {changed:?}");
            assert!(equal.is_disjoint(&wanted), "{count} places, {changed:?}");
            assert_eq!(differ.len() + equal.len(), count as usize, "{count} places, {changed:?}");
            if changed.len() * 32 < count as usize || changed.len() < 2 && count > 16 {
                assert_eq!(differ, wanted, "{count} places: few differ, so they are found one by one");
            }
        }
    }
}

/// Bytes of a row, roughly: place, length, beginning of an id.
const ROW_BYTES: usize = 14;

#[test]
fn where_all_differs_all_is_stated_and_finding_it_out_costs_little() {
    for count in [1, 256, 257, 70_000] {
        let (differ, _, messages, bytes) = play(count, &(0..count).collect());
        assert_eq!(differ.len(), count as usize);
        assert!(messages <= 5, "{count} places: {messages} messages");
        assert!(bytes <= differ.len() * ROW_BYTES, "{count} places: {bytes} bytes besides the rows");
    }
}

#[test]
fn the_cost_follows_the_difference() {
    for (count, changed, most) in [(1_000, 10, 3_000), (1_000_000, 10, 5_000), (1_000_000, 1_000, 250_000)] {
        let changed: BTreeSet<u32> = (0..changed).map(|n| n * (count / changed) + 7).collect();
        let (differ, _, messages, prints) = play(count, &changed);
        let bytes = prints + differ.len() * ROW_BYTES;
        assert!(bytes <= most && messages <= 6, "{count} feeds: {bytes} bytes in {messages} messages");
    }
}

#[test]
fn fingerprints_of_another_number_are_refused() {
    let mut compare = Compare::new((0..300).collect());
    let prints = compare.first(&keys(), &mut |_| state(1));
    assert_eq!(prints.len(), 16 * PRINT_BYTES);
    for bad in [&prints[1..], &[], &[0; 17 * PRINT_BYTES]] {
        assert_eq!(compare.hear(&keys(), bad, &mut |_| state(1)).unwrap_err(), Breach::Malformed);
    }
    for bad in [&[][..], &[0], &[0; 3]] {
        assert_eq!(compare.opened(bad).unwrap_err(), Breach::Malformed);
    }
    let mut three = Compare::new(vec![0, 1, 2]);
    assert_eq!(three.opened(&[0b1000]).unwrap_err(), Breach::Malformed, "a spare bit");
}

#[test]
fn each_part_of_a_state_and_the_place_are_in_a_print() {
    let whole = FeedState { cap: Some(9), ..state(4) };
    let print = |idx, state| keys().print(idx, &state);
    let wanted = print(3, whole);
    assert_ne!(print(4, whole), wanted);
    assert_ne!(print(3, FeedState { len: 3, ..whole }), wanted);
    assert_ne!(print(3, FeedState { tip: None, ..whole }), wanted);
    assert_ne!(print(3, FeedState { cap: None, ..whole }), wanted);
    assert_ne!(Keys::of(&[8; 32]).print(3, &whole), wanted);
}

/// `spec/vectors/gossip/prints.json`, as another implementation can check it.
#[test]
fn tags_and_prints_are_those_of_the_vectors() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors/gossip/prints.json");
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let keys = keys();
    let feed = FeedId::new([0x0f; 32]);
    let states = [
        (0, FeedState { len: 0, tip: None, cap: None }),
        (3, FeedState { len: 70_000, tip: Some(EntryId::new([0xe1; 32])), cap: None }),
        (4, FeedState { len: 9, tip: Some(EntryId::new([0xe2; 32])), cap: Some(12) }),
    ];
    let case = |(idx, state): &(u32, FeedState)| {
        serde_json::json!({
            "place": idx, "len": state.len, "tip": state.tip.map(|tip| hex(tip.as_bytes())), "cap": state.cap,
            "print": hex(&keys.print(*idx, state).to_be_bytes()),
        })
    };
    let sum = states.iter().fold(0_u64, |sum, (idx, state)| sum.wrapping_add(keys.print(*idx, state)));
    let made = serde_json::json!({
        "why": "Tags and fingerprints of one connection, whose handshake hash is given.",
        "handshake_hash": hex(&[7; 32]),
        "tag": { "feed": hex(feed.as_bytes()), "tag": hex(&tag(&keys.salt, &feed)) },
        "places": states.iter().map(case).collect::<Vec<_>>(),
        "interval_of_all_three": hex(&interval(sum)),
    });
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let held: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(held, made, "UPDATE=1 writes it again");
}
