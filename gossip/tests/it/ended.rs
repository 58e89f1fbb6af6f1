//! Feeds that a succession ended: what a peer said of them is not lost, and it hears which chain they are.

use klatch_gossip::sync::memory::{Asked, Memory, Name};
use klatch_gossip::sync::message::{Message, Mode, Part, Row, Side};
use klatch_gossip::sync::{Change, Input, Succeeded};

use crate::hostile::{Node, WANTED, author, compact, entries, resume};
use crate::succession::{heir, kept, others, states};

/// The place of the feed of author 4 in the peer's list.
const HELD: u32 = 0;

fn rows(sent: &[Message]) -> Vec<(u32, u32)> {
    let rows = sent.iter().flat_map(|message| match message {
        Message::Delta { side: Side::Yours, rows, .. } => &rows[..],
        _ => &[],
    });
    rows.map(|row| (row.idx, row.len)).collect()
}

#[test]
fn what_a_peer_stated_outlives_the_search_for_it_and_the_statement_that_ended_the_feed() {
    let (whole, mine) = (entries(3, 3), others(3));
    let mut node = Node::open();
    mine.into_iter().for_each(|entry| drop(node.shelf.append(entry)));
    states(&mut node, &whole);
    let Some(Message::IdAt { feed, seqs }) = node.sent.last().cloned() else { panic!("{:?}", node.sent) };
    let ids = seqs.iter().map(|seq| Some(whole[*seq as usize - 1].id().tip8())).collect();
    node.hear(Message::Ids { feed, ids });
    assert!(
        matches!(node.sent.last(), Some(Message::Get(get)) if get.part == Part::Headers),
        "{:?}",
        node.sent
    );
    // The peer gives nothing to prove a fork by: the search is over.
    node.hear(Message::Chunk { idx: WANTED, base8: None, chunk: None });
    node.sent.clear();
    let end = (3, whole[2].id());
    for (ends, is_fetched) in [(vec![], false), (vec![end], true)] {
        let kept = Succeeded { ends, is_closed: true, statements: Vec::new() };
        let change = node.shelf.succeed(author(3).feed(), kept);
        node.give(Input::Changed(vec![change]));
        let asks = node.sent.iter().any(|message| matches!(message, Message::Get(_) | Message::IdAt { .. }));
        assert_eq!(asks, is_fetched, "{:?}", node.sent);
    }
}

/// A node whose feed of author 4 became another chain of three entries, and the change that says so.
fn replaced() -> (Node, Change) {
    let mut node = Node::open();
    let held = node.shelf.entries(&author(4).feed()).to_vec();
    let (mut writer, mut branch) = (author(4), held[..1].to_vec());
    writer.go_back(&branch, 1);
    branch.extend((0..2).map(|_| writer.write(Vec::new(), 40)));
    let successor = writer.heir(&branch[0], (3, branch[2].id()), 1);
    node.shelf.put_aside(branch);
    let change = node.shelf.keep(&successor).unwrap();
    (node, change)
}

#[test]
fn a_peer_that_says_what_it_holds_meanwhile_is_told_which_chain_it_is_all_the_same() {
    for have in [0, 2, 3, 11] {
        let (mut node, change) = replaced();
        let lazy = |have| Message::Mode(vec![(HELD, Mode::Lazy, have)]);
        node.hear(lazy(3));
        node.give(Input::Changed(vec![change]));
        node.hear(lazy(have)); // Of its own chain.
        node.sent.clear();
        node.now += 250;
        node.give(Input::Elapsed);
        assert_eq!(rows(&node.sent), [(HELD, 3)], "{have}: {:?}", node.sent);
        assert!(!node.sent.iter().any(|message| matches!(message, Message::Have(_))), "{have}");
    }
}

#[test]
fn who_asks_about_another_chain_hears_who_ended_the_feed_and_how_it_ends_however_long_theirs_is() {
    for (is_closed, len, rest) in
        [(false, 3, &["how"][..]), (false, 4, &[]), (true, 3, &["how"]), (true, 4, &["how"])]
    {
        let mut node = Node::open();
        let statements = [heir(1, 2, 4)];
        // Kept when last we met, and nothing is said of it anew.
        let kept = Succeeded { is_closed, ..kept(&statements) };
        node.shelf.succeeded.insert(author(4).feed(), kept);
        node.sent.clear();
        let row = Row { idx: HELD, len, tip8: Some([7; 8]), cap: None };
        node.hear(Message::Delta { more: false, side: Side::Mine, rows: vec![row] });
        let said = node.sent.iter().map(|message| match message {
            Message::Succ { .. } => "who",
            Message::Delta { .. } => "how",
            _ => "more",
        });
        assert_eq!(said.collect::<Vec<_>>(), [&["who"], rest].concat(), "{is_closed} {len}: {:?}", node.sent);
        assert_eq!(rows(&node.sent).len(), rest.len());
    }
}

#[test]
fn a_token_that_crosses_the_question_about_what_is_owed_does_not_end_the_debt_and_an_answer_does() {
    let (root, token) = ([2; 16], [3; 16]);
    let list = [3, 4, 1].map(|number| Name::Feed(author(number).feed())).to_vec(); // Its own as well.
    let asked = Asked { token: [1; 16], root, salt: None, list, held: vec![0b11], owed: vec![0, 1, 2] };
    let mut node = Node::with(Memory { asked: Some(asked), served: None });
    node.give(Input::wants(vec![author(3).feed(), author(4).feed()]));
    node.hear(resume());
    // Of one it states what it holds; about the others it is asked, and answers about one.
    let row = Row { idx: 1, len: 3, tip8: Some(entries(4, 3)[2].id().tip8()), cap: None };
    node.hear(Message::Delta { more: false, side: Side::Yours, rows: vec![row] });
    let own = entries(1, 1);
    node.shelf.append(own[0].clone());
    let row = Row { idx: 2, len: 1, tip8: Some(own[0].id().tip8()), cap: None };
    node.hear(Message::Delta { more: false, side: Side::Yours, rows: vec![row] });
    node.hear(Message::Token { token, root });
    let owed = |node: &Node| node.kept.last().map(|asked| (asked.token, asked.owed.clone()));
    assert_eq!(owed(&node), Some((token, vec![0])), "{:?} {:?}", node.ended, node.sent);
    // One that was given when the question had long been heard.
    node.now += 60_000;
    node.hear(Message::Token { token: [4; 16], root });
    assert_eq!(owed(&node), Some(([4; 16], vec![])));
}

#[test]
fn a_debt_outlives_a_token_that_crossed_the_question_however_late_that_is_kept() {
    let (root, token) = ([2; 16], [3; 16]);
    let list = [3, 4, 1].map(|number| Name::Feed(author(number).feed())).to_vec(); // Its own as well.
    let asked = Asked { token: [1; 16], root, salt: None, list, held: vec![0b11], owed: vec![0] };
    let mut node = Node::with(Memory { asked: Some(asked), served: None });
    node.give(Input::wants(vec![author(3).feed(), author(4).feed()]));
    node.hear(resume());
    // It holds one entry more than is held here, and is asked for that.
    let more = entries(4, 4);
    let row = Row { idx: 1, len: 4, tip8: Some(more[3].id().tip8()), cap: None };
    node.hear(Message::Delta { more: false, side: Side::Yours, rows: vec![row] });
    node.hear(Message::Token { token, root });
    assert!(node.kept.is_empty(), "something is under way");
    node.now += 60_000;
    node.hear(Message::Chunk { idx: 1, base8: Some(more[2].id().tip8()), chunk: Some(compact(&more[3..])) });
    let owed = node.kept.last().map(|asked| (asked.token, asked.owed.clone()));
    assert_eq!(owed, Some((token, vec![0])), "{:?} {:?}", node.ended, node.sent);
}
