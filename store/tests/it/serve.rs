//! Reading: what is served is what came, cut on anchors.

use klatch_feed::chunk;
use klatch_store::{Incoming, SetLocal};

use crate::{Author, accept, accept_all, assert_sound, note, store};

#[test]
fn a_store_passes_on_what_it_took_to_the_next_one() {
    let mut ben = Author::new(2);
    ben.notes(700);
    let (_home, mut first) = store();
    accept_all(&mut first, &ben);
    let (_home, mut second) = store();
    let served = first.reader().snapshot().unwrap();
    let mut from = 1;
    while let Some(chunk) = served.chunk(&ben.feed(), from, false).unwrap() {
        let base8 = (from > 1).then(|| ben.id(from - 1).tip8());
        let (start, count) = chunk::span(&chunk).unwrap();
        assert_eq!(start, from);
        accept(&mut second, &Incoming { feed: ben.feed(), base8, chunk });
        from += count;
    }
    assert_eq!(from, 701);
    let held = second.reader().snapshot().unwrap().entries(&ben.feed(), 1, 1000).unwrap();
    assert!(held.iter().map(|entry| &**entry).eq(&ben.log));
    assert_sound(&second);
}

#[test]
fn a_chunk_from_anywhere_ends_on_an_anchor_and_stays_within_its_limits() {
    // Known anchors at 40, 296 (bodies past what a chunk may hold) and 300.
    let mut ben = Author::new(2);
    ben.notes(40);
    for at in 41..=296_u32 {
        ben.say(note(&vec![at as u8; 5_000]));
    }
    ben.notes(4);
    let (_home, mut store) = store();
    for (from, to) in [(1, 40), (41, 296), (297, 300)] {
        let whole = to - from < 100;
        accept(&mut store, &ben.chunk_with(from, to, whole));
    }
    let bodies: Vec<_> = ben.log[40..296].iter().map(|entry| entry.body().map(<[u8]>::to_vec)).collect();
    store.fill(&ben.feed(), 41, &bodies).unwrap();
    let snapshot = store.reader().snapshot().unwrap();
    let cases = [
        // from, headers only, last place
        (1, false, Some(40)),
        (1, true, Some(40)),
        (40, false, Some(40)),
        (41, false, Some(296)),
        (41, true, Some(296)),
        (200, false, Some(300)),
        (295, false, Some(300)),
        (300, false, Some(300)),
        (301, false, None),
        (0, false, None),
    ];
    for (from, headers_only, last) in cases {
        let chunk = snapshot.chunk(&ben.feed(), from, headers_only).unwrap();
        let span = chunk.as_ref().map(|chunk| chunk::span(chunk).unwrap());
        assert_eq!(span.map(|(start, count)| start + count - 1), last, "from {from}");
        let Some(chunk) = chunk else { continue };
        assert!(chunk.len() <= chunk::CHUNK_BYTES_SOFT, "from {from}: {} bytes", chunk.len());
        let prev = (from > 1).then(|| ben.id(from - 1));
        let entries = chunk::decode(ben.feed(), prev, &chunk).unwrap();
        assert_eq!(entries.last().unwrap().id(), ben.id(last.unwrap()), "from {from}");
        assert_eq!(entries[0].body().is_none(), headers_only, "from {from}: the first body");
    }
}

#[test]
fn ids_entries_and_beginnings_are_found_where_they_are() {
    let (mut ben, mut cat) = (Author::new(2), Author::new(3));
    ben.notes(300);
    cat.notes(2);
    let (_home, mut store) = store();
    accept_all(&mut store, &ben);
    accept_all(&mut store, &cat);
    let snapshot = store.reader().snapshot().unwrap();
    let ids = snapshot.ids(&ben.feed(), &[0, 1, 2, 256, 300, 301]).unwrap();
    let wanted = [None, Some(1), Some(2), Some(256), Some(300), None];
    assert_eq!(ids, wanted.map(|seq| seq.map(|seq| ben.id(seq))));
    assert_eq!(snapshot.entry(&cat.id(2)).unwrap().as_deref(), Some(&cat.log[1]));
    assert_eq!(snapshot.genesis(&cat.feed()).unwrap(), Some(cat.id(1)));
    assert_eq!(snapshot.entries(&ben.feed(), 299, 9).unwrap().len(), 2);
    assert_eq!(snapshot.entries(&ben.feed(), 5, 0).unwrap().len(), 0);
    let id = cat.id(1);
    for len in [3, 8, 20, 32] {
        assert_eq!(snapshot.entries_starting(&id.as_bytes()[..len], 9).unwrap(), [id], "{len} bytes");
    }
    assert_eq!(snapshot.entries_starting(&[], 7).unwrap().len(), 7);
    let mut other = *id.as_bytes();
    other[31] ^= 1;
    assert_eq!(snapshot.entries_starting(&other, 9).unwrap(), []);
    assert_eq!(snapshot.feeds().unwrap().len(), 2);
}

#[test]
fn local_facts_come_back_by_space() {
    let (home, mut store) = store();
    let set: [SetLocal<'_>; 4] = [
        ("follow", b"b", Some(b"2")),
        ("follow", b"a", Some(b"1")),
        ("followed", b"c", Some(b"3")),
        ("fol", b"d", Some(b"4")),
    ];
    store.set_local(&set).unwrap();
    let store = crate::reopen(&home, store);
    let snapshot = store.reader().snapshot().unwrap();
    assert_eq!(
        snapshot.locals("follow").unwrap(),
        [(b"a".to_vec(), b"1".to_vec()), (b"b".to_vec(), b"2".to_vec())]
    );
    let mut store = store;
    store.set_local(&[("follow", b"a", None)]).unwrap();
    let after = store.reader().snapshot().unwrap();
    assert_eq!(after.local("follow", b"a").unwrap(), None);
    assert_eq!(after.local("followed", b"c").unwrap(), Some(b"3".to_vec()));
    assert_eq!(snapshot.local("follow", b"a").unwrap(), Some(b"1".to_vec()), "a snapshot stays as it was");
}
