//! What is said about lists of wants while much else goes on: tokens, and what is told in between.

use klatch_feed::ForkProof;
use klatch_gossip::sync::message::{Message, Mode, Row, Side};
use klatch_gossip::sync::{HAVE_AFTER, Input, TOKEN_AFTER};

use crate::hostile::{Node, author, entries, net};

/// The name of the list that a node announced last.
fn root(node: &Node) -> [u8; 16] {
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
