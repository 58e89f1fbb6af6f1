//! Who succeeds whom, as a peer may say it and as it may not. That a kept branch travels is tested where there
//! are stores, in `node`.

use klatch_feed::post::{Person, Post};
use klatch_feed::succession::SUCCESSORS_MAX;
use klatch_feed::{EntryId, Head, SecretKey, Succeeds, Successor, Unverified};
use klatch_gossip::sync::message::Message;
use klatch_gossip::sync::{Breach, Reason, STRANGE_SUCCESSORS_MAX};

use crate::hostile::{Node, author, net, resume};

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
    let succeeds = Succeeds::sign(&net(), &key(recovery, 0xbb), old, keep, &secret.feed(), &commitment);
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
