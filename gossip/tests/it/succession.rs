//! Who succeeds whom, as a peer may say it and as it may not. That a kept branch travels is tested where there
//! are stores, in `node`.

use klatch_feed::post::{Person, Post};
use klatch_feed::succession::SUCCESSORS_MAX;
use klatch_feed::{EntryId, ForkProof, Head, SecretKey, Succeeds, Successor, Unverified};
use klatch_gossip::sync::message::{Message, Named, Part, Row, Side};
use klatch_gossip::sync::{Breach, Input, Reason, STRANGE_SUCCESSORS_MAX, Succeeded, tag_in};

use crate::hostile::{MALFORMED, Node, WANTED, author, compact, entries, net, resume};
use crate::lists::root;

fn key(n: u8, what: u8) -> SecretKey {
    let mut seed = [what; 32];
    seed[0] = n;
    SecretKey::from_seed(&seed)
}

/// A key of recovery `recovery` says that feed `new` succeeds the author of that number, after entry 3.
pub(crate) fn heir(recovery: u8, new: u8, old: u64) -> Successor {
    Successor::check(&net(), first_entry(recovery, new, old)).unwrap()
}

fn first_entry(recovery: u8, new: u8, old: u64) -> Unverified {
    let (secret, commitment) = (key(new, 0xaa), [new; 32]);
    let old = Person { feed: author(old).feed(), genesis: EntryId::new([1; 32]) };
    let keep = (3, EntryId::new([3; 32]));
    let key = key(recovery, 0xbb);
    let succeeds = Succeeds::sign(&net(), &key, old, keep, [0; 16], &secret.feed(), &commitment);
    let post = Post::Genesis { recovery: commitment, succeeds: Some(Box::new(succeeds)) };
    let draft = post.draft(1_790_000_000_000, [0; 16]).unwrap();
    let (entry, _) = Head::empty(secret.feed()).sign(&net(), &secret, draft).unwrap();
    Unverified::clone(&entry)
}

fn say(successor: &Successor) -> Message {
    let (signed, body) = successor.encode();
    Message::Succ { signed, body }
}

fn breach(breach: Breach) -> Option<Reason> {
    Some(Reason::Protocol(breach))
}

/// Authors whose feeds the node of `hostile` wants, holds, or is.
const OF_CONCERN: [u64; 3] = [3, 4, 1];

#[test]
fn a_successor_that_nobody_signed_is_no_message() {
    let entry = first_entry(1, 2, 3);
    let (signed, body) = heir(1, 2, 3).encode();
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        changed
    };
    let cases = [
        ("nobody's signature", with(signed.len() - 1, &signed), body.clone()),
        ("another body than the one named", signed.clone(), with(body.len() - 1, &body)),
        ("half a header", signed[..100].to_vec(), body.clone()),
        ("nothing", vec![], vec![]),
    ];
    for (name, signed, body) in cases {
        let mut node = Node::open();
        node.hear(Message::Succ { signed, body });
        assert_eq!(node.ended, breach(Breach::Malformed), "{name}");
    }
    let mut early = Node::new();
    early.hear(say(&Successor::check(&net(), entry).unwrap()));
    assert!(matches!(early.ended, Some(Reason::Protocol(Breach::Unsolicited(_)))), "before the greeting");
}

#[test]
fn sixteen_statements_of_one_feed_are_heard_in_a_session_and_none_twice() {
    for old in OF_CONCERN {
        let mut node = Node::open();
        let said = |n: usize| say(&heir(1, n as u8, old));
        for n in 0..SUCCESSORS_MAX {
            node.hear(said(n));
            assert_eq!((&node.ended, node.succeeded), (&None, n + 1), "{old}: statement {n}");
        }
        node.hear(said(SUCCESSORS_MAX));
        assert!(matches!(node.ended, Some(Reason::Protocol(Breach::Limit(_)))), "{:?}", node.ended);
        let mut node = Node::open();
        node.hear(said(0));
        node.hear(said(0));
        assert_eq!(node.ended, breach(Breach::Repeated), "{old}");
    }
}

#[test]
fn sixty_four_statements_of_no_concern_are_passed_over() {
    let mut node = Node::open();
    for n in 0..STRANGE_SUCCESSORS_MAX {
        node.hear(say(&heir(1, n as u8, 1000 + u64::from(n))));
        assert_eq!((&node.ended, node.succeeded), (&None, 0));
    }
    node.hear(say(&heir(1, 200, 2000)));
    assert!(matches!(node.ended, Some(Reason::Protocol(Breach::Limit(_)))), "{:?}", node.ended);
    let mut fresh = Node::new();
    fresh.hear(resume());
    fresh.hear(say(&heir(1, 2, 3)));
    assert_eq!((fresh.ended, fresh.succeeded), (None, 1), "as the first word after the greeting");
}

/// A node that keeps a statement about what it wants, by which `whole` is the chain that counts; it holds `mine`.
pub(crate) fn keeps(whole: &[Unverified], mine: &[Unverified]) -> Node {
    let mut node = Node::open();
    mine.iter().for_each(|entry| drop(node.shelf.append(entry.clone())));
    let last = whole.last().unwrap();
    let keep = (last.header().seq, last.id());
    let (ends, is_closed, statements) = (vec![keep], false, Vec::new());
    node.shelf.succeeded.insert(author(3).feed(), Succeeded { ends, is_closed, statements });
    node
}

/// The peer says that it holds that chain.
pub(crate) fn states(node: &mut Node, whole: &[Unverified]) {
    let last = whole.last().unwrap();
    let row = Row { idx: WANTED, len: last.header().seq, tip8: Some(last.id().tip8()), cap: None };
    node.hear(Message::Delta { more: false, side: Side::Yours, rows: vec![row] });
}

/// Entries by author 3 whose first is another one than that of `entries`.
pub(crate) fn others(count: usize) -> Vec<Unverified> {
    let mut other = author(3);
    other.go_back(&[], 1);
    (0..count).map(|_| other.write(Vec::new(), 40)).collect()
}

#[test]
fn nothing_comes_before_the_first_entry_whatever_is_asked_for() {
    let (whole, mine) = (entries(3, 3), others(1));
    let nothing = |base8| Message::Chunk { idx: WANTED, base8, chunk: None };
    let forked = || {
        // It holds nothing of the chain that counts and knows of a fork: it fetches the chain from entry 1 on.
        let mut node = keeps(&whole, &[]);
        let proof = ForkProof::build(&net(), &mine, &whole[..1]).unwrap();
        node.shelf.fork(&proof);
        states(&mut node, &whole);
        node
    };
    let plain = || {
        let mut node = Node::open();
        states(&mut node, &whole);
        node
    };
    let differs_at_one = || {
        let mut node = keeps(&whole, &mine);
        states(&mut node, &whole);
        node.hear(nothing(Some([7; 8]))); // Another base before entry 2 than mine: the branch begins at entry 1.
        node
    };
    let cases: [(&str, &dyn Fn() -> Node, Part); 3] = [
        ("a kept chain", &forked, Part::Entries),
        ("a feed", &plain, Part::Entries),
        ("a kept chain that parts at entry 1", &differs_at_one, Part::Entries),
    ];
    for (name, node, part) in cases {
        let mut node = node();
        assert_eq!(node.ended, None, "{name}");
        assert!(
            matches!(node.sent.last(), Some(Message::Get(get)) if get.from == 1 && get.part == part),
            "{name}: {:?}",
            node.sent.last()
        );
        node.hear(nothing(Some([7; 8])));
        assert_eq!(node.ended, MALFORMED, "{name}");
    }
}

#[test]
fn a_kept_chain_is_fetched_once_until_the_peer_states_it_anew() {
    let (whole, mine) = (entries(3, 3), others(1));
    let mut node = keeps(&whole, &[]);
    node.shelf.fork(&ForkProof::build(&net(), &mine, &whole[..1]).unwrap());
    states(&mut node, &whole);
    let gets = |node: &Node| node.sent.iter().filter(|message| matches!(message, Message::Get(_))).count();
    assert_eq!(gets(&node), 1);
    let chunk = Some(compact(&whole));
    node.hear(Message::Chunk { idx: WANTED, base8: None, chunk });
    assert_eq!((gets(&node), &node.ended), (1, &None), "it is with the owner, who may refuse it");
    let kept = node.shelf.succeeded[&author(3).feed()].clone();
    let change = node.shelf.succeed(author(3).feed(), kept);
    node.give(Input::Changed(vec![change]));
    assert_eq!(gets(&node), 1, "nor is it asked for again when the feed changes");
    states(&mut node, &whole);
    assert_eq!((gets(&node), node.ended), (2, None), "it may hold what is missing by now");
}

#[test]
fn a_feed_that_a_worse_statement_ends_is_not_added_to_and_the_better_chain_is_fetched_whole() {
    let whole = entries(3, 3);
    let closed = |keep: &[Unverified]| {
        let mut node = keeps(keep, &whole[..1]);
        node.shelf.succeeded.get_mut(&author(3).feed()).unwrap().is_closed = true;
        states(&mut node, &whole);
        node
    };
    let mut node = closed(&whole);
    let Some(Message::Get(get)) = node.sent.last() else { panic!("{:?}", node.sent) };
    assert_eq!((get.from, get.to, get.base8), (2, 3, Some(whole[0].id().tip8())));
    let chunk = Some(compact(&whole[1..]));
    node.hear(Message::Chunk { idx: WANTED, base8: Some(whole[0].id().tip8()), chunk });
    assert_eq!((node.branches, &node.ended), (1, &None), "the owner judges it as a chain of its own");
    // What the peer holds and no statement keeps is asked for neither now nor later.
    let node = closed(&whole[..2]);
    assert!(!node.sent.iter().any(|message| matches!(message, Message::Get(_))), "{:?}", node.sent);
}

#[test]
fn what_a_peer_holds_beside_the_chain_that_counts_is_owed_to_its_token() {
    let whole = entries(3, 3);
    let mut node = Node::open();
    node.shelf.append(whole[0].clone());
    let (ends, statements) = (vec![], vec![]);
    node.shelf.succeeded.insert(author(3).feed(), Succeeded { ends, is_closed: true, statements });
    states(&mut node, &whole);
    let root = root(&node);
    node.hear(Message::Token { token: [1; 16], root });
    let owed = node.kept.iter().map(|asked| asked.owed.clone()).collect::<Vec<_>>();
    assert_eq!(owed, [[WANTED]], "a better statement may make it the feed's");
}

#[test]
fn what_was_stated_before_its_statement_was_kept_is_fetched_however_often_the_feed_was_looked_at() {
    let (whole, mine) = (entries(3, 3), others(1));
    let mut node = keeps(&whole, &mine);
    let kept = node.shelf.succeeded.get_mut(&author(3).feed()).unwrap();
    let (none, better) = (vec![], std::mem::take(&mut kept.ends));
    kept.is_closed = true;
    states(&mut node, &whole);
    for ends in [none, better] {
        assert!(!node.sent.iter().any(|message| matches!(message, Message::Get(_))), "{:?}", node.sent);
        let kept = Succeeded { ends, ..node.shelf.succeeded[&author(3).feed()].clone() };
        let change = node.shelf.succeed(author(3).feed(), kept);
        node.give(Input::Changed(vec![change]));
    }
    assert!(matches!(node.sent.last(), Some(Message::Get(_))), "{:?}", node.sent);
}

#[test]
fn a_chain_that_is_stated_while_another_is_searched_is_looked_at_as_well() {
    let whole = entries(3, 3);
    let mut node = Node::open();
    others(3).into_iter().for_each(|entry| drop(node.shelf.append(entry)));
    states(&mut node, &whole[..1]);
    assert!(matches!(node.sent.last(), Some(Message::Get(get)) if get.part == Part::Headers));
    states(&mut node, &whole);
    node.hear(Message::Chunk { idx: WANTED, base8: None, chunk: None }); // It holds that no more.
    assert!(matches!(node.sent.last(), Some(Message::IdAt { .. })), "{:?}", node.sent);
}

#[test]
fn a_chain_that_took_the_place_of_another_is_told_and_not_pushed() {
    let mut node = Node::open();
    let held = node.shelf.entries(&author(4).feed()).to_vec();
    let (mut writer, mut branch) = (author(4), held[..1].to_vec());
    writer.go_back(&branch, 1);
    branch.extend((1..held.len()).map(|_| writer.write(Vec::new(), 40)));
    let len = u32::try_from(held.len()).unwrap(); // As long as the one before.
    let successor = writer.heir(&branch[0], (len, branch.last().unwrap().id()), 1);
    node.shelf.put_aside(branch);
    let change = node.shelf.keep(&successor).unwrap();
    node.sent.clear();
    node.give(Input::Changed(vec![change]));
    let rows = node.sent.iter().flat_map(|message| match message {
        Message::Delta { rows, .. } => rows.iter().map(|row| row.len).collect(),
        Message::Push { .. } => vec![0],
        _ => vec![],
    });
    assert_eq!(rows.collect::<Vec<_>>(), [len], "{:?}", node.sent);
    assert!(matches!(node.sent.first(), Some(Message::Succ { .. })), "the statement goes before it");
}

#[test]
fn what_a_succession_closed_is_told_to_who_holds_its_beginning_and_not_pushed() {
    for is_closed in [false, true] {
        let mut node = Node::open();
        let held = node.shelf.entries(&author(4).feed()).to_vec();
        let kept = Succeeded { ends: vec![], is_closed, statements: vec![] };
        node.shelf.succeeded.insert(author(4).feed(), kept);
        node.sent.clear();
        let row = Row { idx: 0, len: 1, tip8: Some(held[0].id().tip8()), cap: None };
        node.hear(Message::Delta { more: false, side: Side::Mine, rows: vec![row] });
        let is_pushed = node.sent.iter().any(|message| matches!(message, Message::Push { .. }));
        let is_told = node.sent.iter().any(|message| matches!(message, Message::Delta { .. }));
        assert_eq!((is_pushed, is_told), (!is_closed, is_closed), "{:?}", node.sent);
    }
}

/// What a node keeps: these statements about the feed of author 4, whom the peer wants.
pub(crate) fn kept(statements: &[Successor]) -> Succeeded {
    let statement = |successor: &Successor| {
        let (signed, body) = successor.encode();
        (successor.succession().new.genesis, signed, body)
    };
    let ends = vec![(3, EntryId::new([3; 32]))];
    let statements = statements.iter().map(statement).collect();
    Succeeded { ends, is_closed: false, statements }
}

#[test]
fn who_wants_a_succeeded_feed_later_hears_of_it_however_many_feeds_come_with_it() {
    for with in [0, 100] {
        let mut node = Node::open();
        let (successor, old) = (heir(1, 2, 5), author(5).feed());
        node.shelf.append(entries(5, 1).remove(0));
        node.shelf.succeeded.insert(old, kept(std::slice::from_ref(&successor)));
        let mut add: Vec<_> = (100..100 + with).map(|n| author(n).feed()).chain([old]).collect();
        add.sort_unstable();
        node.hear(Message::Wants { root: None, add: add.into(), del: vec![] });
        assert!(node.sent.contains(&say(&successor)), "with {with} others");
    }
}

#[test]
fn who_wants_by_a_tag_what_is_not_held_hears_who_succeeds_it_before_the_first_word_about_it() {
    let mut node = Node::open();
    let (successor, old) = (heir(1, 2, 5), author(5).feed());
    let add = Named::Tags(vec![tag_in(&[7; 32], &old)]);
    node.hear(Message::Wants { root: None, add, del: vec![] });
    node.shelf.succeeded.insert(old, kept(std::slice::from_ref(&successor)));
    let change = node.shelf.append(entries(5, 1).remove(0));
    node.sent.clear();
    node.give(Input::Changed(vec![change]));
    assert_eq!(node.sent.first(), Some(&say(&successor)), "{:?}", node.sent);
    assert!(matches!(node.sent[1..], [Message::Delta { .. } | Message::Push { .. }]), "{:?}", node.sent);
}

#[test]
fn no_more_is_said_of_one_feed_than_the_peer_may_hear() {
    let mut node = Node::open();
    let all: Vec<Successor> = (0..SUCCESSORS_MAX + 4).map(|n| heir(1, n as u8, 4)).collect();
    // Each time others: those kept before were dropped for better ones.
    for some in all.chunks(SUCCESSORS_MAX) {
        node.shelf.succeeded.insert(author(4).feed(), kept(some));
        let change = node.shelf.append(entries(4, 9).remove(node.shelf.entries(&author(4).feed()).len()));
        node.give(Input::Changed(vec![change]));
    }
    let said = node.sent.iter().filter(|message| matches!(message, Message::Succ { .. })).count();
    assert_eq!(said, SUCCESSORS_MAX);
}

#[test]
fn both_may_say_the_same_at_once_even_where_one_has_dropped_it() {
    let mut node = Node::open();
    let successor = heir(1, 2, 4);
    node.shelf.succeeded.insert(author(4).feed(), kept(std::slice::from_ref(&successor)));
    let change = node.shelf.append(entries(4, 4).remove(3));
    node.give(Input::Changed(vec![change]));
    assert!(node.sent.contains(&say(&successor)));
    node.shelf.succeeded.clear();
    node.hear(say(&successor));
    assert_eq!(node.ended, None);
    node.hear(say(&successor));
    assert_eq!(node.ended, Some(Reason::Protocol(Breach::Repeated)));
}
