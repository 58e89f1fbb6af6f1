//! What is said about lists of wants while much else goes on: tokens, and what is told in between.

use klatch_feed::ForkProof;
use klatch_gossip::sync::message::{Get, Message, Mode, Named, Part, Row, Side};
use klatch_gossip::sync::{
    HAVE_AFTER, Input, REQUESTS_MAX, SEARCH_ROUNDS_MAX, TAG_TABLES_MAX, TOKEN_AFTER, tag_in,
};

use crate::hostile::{Node, WANTED, author, entries, net};

/// The name of the list that a node announced last.
pub(crate) fn root(node: &Node) -> [u8; 16] {
    let mut roots = node.sent.iter().filter_map(|message| match message {
        Message::Wants { root, .. } => *root,
        _ => None,
    });
    roots.next_back().unwrap()
}

#[test]
fn of_a_flood_of_tokens_one_in_half_a_minute_is_kept_and_nobody_is_blamed() {
    let mut node = Node::open();
    node.hear(Message::Delta { more: false, side: Side::Yours, rows: Vec::new() });
    let root = root(&node);
    for (now, kept) in [(0, 1), (TOKEN_AFTER / 2 - 1, 1), (TOKEN_AFTER / 2, 2), (TOKEN_AFTER, 3)] {
        node.now = now;
        (0..100).for_each(|n| node.hear(Message::Token { token: [n; 16], root }));
        assert_eq!((node.kept.len(), &node.ended), (kept, &None), "after {now} ms");
    }
}

/// Whoever wants much that is held, is told of it and fetches none, keeps nobody busy with every small message.
#[test]
fn what_was_told_and_is_not_fetched_is_not_looked_at_again_with_every_message() {
    const FEEDS: u64 = 320;
    let mut node = Node::open();
    let feeds: Vec<_> = (100..100 + FEEDS)
        .map(|n| {
            drop(node.shelf.append(entries(n, 1).remove(0)));
            author(n).feed()
        })
        .collect();
    for some in feeds.chunks(16) {
        let mut add = some.to_vec();
        add.sort_unstable();
        node.hear(Message::Wants { root: None, add: add.into(), del: vec![] });
    }
    let told = node.sent.iter().map(|message| match message {
        Message::Delta { side: Side::Yours, rows, .. } => rows.len() as u64,
        _ => 0,
    });
    assert!(told.sum::<u64>() >= FEEDS, "all of it was told");
    let reads = |node: &mut Node, message: Message| {
        let before = node.shelf.asked.get();
        node.hear(message);
        node.shelf.asked.get() - before
    };
    assert_eq!(reads(&mut node, Message::Ping), 0);
    let fetched =
        reads(&mut node, Message::Get(Get { idx: 7, from: 1, to: 1, part: Part::Entries, base8: None }));
    assert!(fetched < 10, "{fetched} reads for one feed of {FEEDS}");
    assert_eq!(node.ended, None);
}

#[test]
fn nothing_is_told_of_lazy_feeds_in_the_middle_of_a_comparison() {
    let mut node = Node::new();
    node.hear(crate::hostile::resume());
    let authors: Vec<u64> = (10..40).collect();
    authors.iter().for_each(|n| drop(node.shelf.append(entries(*n, 1).remove(0))));
    let mut feeds: Vec<_> = authors.iter().map(|n| author(*n).feed()).collect();
    feeds.sort_unstable();
    node.hear(Message::Wants { root: None, add: feeds.clone().into(), del: vec![] });
    assert!(matches!(node.sent.last(), Some(Message::Prints { .. })), "so many are compared");
    node.hear(Message::Mode(vec![(0, Mode::Lazy, 1)]));
    let forks = authors.iter().copied().find(|n| author(*n).feed() == feeds[0]).unwrap();
    let mut other = author(forks);
    other.go_back(&[], 1);
    let proof = ForkProof::build(&net(), &entries(forks, 1), &[other.write(vec![], 40)]).unwrap();
    let change = node.shelf.fork(&proof).unwrap();
    node.give(Input::Changed(vec![change]));
    let told = |node: &Node| {
        let is_told = |message: &&Message| {
            let is_row = |row: &Row| row.idx == 0 && row.cap.is_some();
            matches!(message, Message::Delta { rows, .. } if rows.iter().any(is_row))
        };
        (node.sent.iter().filter(is_told).count(), node.sent.len())
    };
    let before = told(&node);
    node.now = HAVE_AFTER;
    node.give(Input::Elapsed);
    assert_eq!(told(&node), before, "the comparison is not over");
    node.hear(Message::Prints { side: Side::Mine, open: vec![0; 4], prints: vec![] });
    node.now += HAVE_AFTER;
    node.give(Input::Elapsed);
    assert_eq!((node.ended.clone(), told(&node).0), (None, 1), "and then it is told");
}

#[test]
fn the_tags_of_one_peer_are_compared_with_all_that_is_held_sixteen_times() {
    let mut node = Node::open();
    for n in 0..=TAG_TABLES_MAX {
        let number = 100 + u64::from(n);
        node.shelf.append(entries(number, 1).remove(0));
        let add = Named::Tags(vec![tag_in(&[7; 32], &author(number).feed())]);
        node.hear(Message::Wants { root: None, add, del: vec![] });
        let mut scopes = node.sent.iter().filter_map(|message| match message {
            Message::Scope(bitmap) => bitmap.clone(),
            _ => None,
        });
        assert_eq!(scopes.next_back(), Some(vec![u8::from(n < TAG_TABLES_MAX)]), "list {n}");
    }
    let last = 1 + u32::from(TAG_TABLES_MAX); // After the one that is wanted by its key.
    let is_told = |node: &Node| {
        let is_row = |row: &Row| row.idx == last && row.len == 2;
        let is_told =
            |message: &Message| matches!(message, Message::Delta { rows, .. } if rows.iter().any(is_row));
        node.sent.iter().any(is_told)
    };
    let number = 100 + u64::from(TAG_TABLES_MAX);
    let change = node.shelf.append(entries(number, 2).remove(1));
    assert!(!is_told(&node));
    node.give(Input::Changed(vec![change]));
    assert!(is_told(&node), "it is known once it changes: {:?}", node.sent.last());
}

#[test]
fn a_search_that_leads_nowhere_is_given_up_for_the_session_after_forty_rounds() {
    let mut node = Node::open();
    let feed = author(3).feed();
    entries(3, 9).into_iter().for_each(|entry| drop(node.shelf.append(entry)));
    let asked =
        |node: &Node| node.sent.iter().filter(|message| matches!(message, Message::IdAt { .. })).count();
    for round in 0..=SEARCH_ROUNDS_MAX {
        assert_eq!((asked(&node), &node.ended), (usize::from(round), &None));
        let row = Row { idx: WANTED, len: 9, tip8: Some([round; 8]), cap: None };
        node.hear(Message::Delta { more: false, side: Side::Yours, rows: vec![row] });
        if let (Some(Message::IdAt { seqs, .. }), true) =
            (node.sent.last(), asked(&node) > usize::from(round))
        {
            let ids = vec![None; seqs.len()];
            node.hear(Message::Ids { feed, ids });
        }
    }
    assert_eq!((asked(&node), &node.ended), (usize::from(SEARCH_ROUNDS_MAX), &None));
}

#[test]
fn what_is_wanted_no_longer_gives_its_requests_to_what_waits() {
    let mut node = Node::new();
    node.hear(crate::hostile::resume());
    let authors = 100..100 + REQUESTS_MAX as u64 + 1;
    let feeds: Vec<_> = authors.map(|n| author(n).feed()).collect();
    node.give(Input::wants(feeds.clone()));
    node.hear(Message::Scope(Some(vec![0])));
    node.hear(Message::Delta { more: false, side: Side::Yours, rows: vec![] });
    node.hear(Message::Scope(Some(vec![0xff, 0xff, 1])));
    let gets = |node: &Node| {
        let get = |message: &Message| match message {
            Message::Get(Get { idx, part: Part::Entries, .. }) => Some(*idx),
            _ => None,
        };
        node.sent.iter().filter_map(get).collect::<Vec<_>>()
    };
    let first = node.sent.iter().rev().find_map(|message| match message {
        Message::Wants { add: Named::Keys(add), .. } if add.len() > 2 => Some(add.clone()),
        _ => None,
    });
    let (listed, places) = (first.unwrap(), 2..2 + feeds.len() as u32);
    let row = |idx| Row { idx, len: 100, tip8: Some([1; 8]), cap: None };
    node.hear(Message::Delta { more: false, side: Side::Yours, rows: places.map(row).collect() });
    assert_eq!(gets(&node).len(), REQUESTS_MAX);
    let last = *listed.last().unwrap();
    node.give(Input::wants(vec![last]));
    assert_eq!(gets(&node).last(), Some(&(1 + feeds.len() as u32)), "{:?}", node.ended);
}
