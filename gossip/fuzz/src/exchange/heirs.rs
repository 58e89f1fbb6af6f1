//! Statements of who succeeds whom: what a peer can say, and an owner that keeps them.

use std::sync::LazyLock;

use klatch_feed::post::{Person, Post};
use klatch_feed::{EntryId, FeedId, Head, SecretKey, Seq, Succeeds, Successor};
use klatch_gossip::sim::shelf::Memory;
use klatch_gossip::sync::message::Message;
use klatch_gossip::sync::{Change, Shelf, Succeeded};

use super::peer::{AUTHORS, branch, feed, net};

/// Statements about each author: more than may be heard of one feed.
const EACH: u8 = 20;

/// About each feed with entries all that can be said, about every other one statement.
static HEIRS: LazyLock<Vec<Vec<Successor>>> = LazyLock::new(|| {
    let all =
        |old: u8| (0..if old <= AUTHORS { EACH } else { 1 }).map(move |number| heir(old, number)).collect();
    (0..=255).map(all).collect()
});

/// Some keep a place of the one branch, some of the other, some what nobody has.
fn heir(old: u8, number: u8) -> Successor {
    let key = |what: u8| {
        SecretKey::from_seed(&[&[number, old, what][..], &[0xdd; 29]].concat().try_into().expect("32"))
    };
    let (secret, commitment) = (key(1), [number; 32]);
    let chain = branch(old, number % 2 == 1);
    let place = match number % 5 {
        0 => 9,
        at => usize::from(number % 4) + usize::from(at),
    };
    let id = chain.get(place - 1).map_or(EntryId::new([number; 32]), |entry| entry.id());
    let person = Person { feed: feed(old), genesis: chain[0].id() };
    let keep = (Seq::try_from(place).expect("at most 9"), id);
    let succeeds = Succeeds::sign(&net(), &key(2), person, keep, &secret.feed(), &commitment);
    let post = Post::Genesis { recovery: commitment, succeeds: Some(Box::new(succeeds)) };
    let draft = post.draft(1_790_000_000_000, [0; 16]).expect("within all limits");
    let (entry, _) = Head::empty(secret.feed()).sign(&net(), &secret, draft).expect("a first entry");
    Successor::check(&net(), (*entry).clone()).expect("both signed it")
}

/// A peer's statement about a feed.
pub(super) fn said(old: u8, number: u8) -> Message {
    let all = &HEIRS[usize::from(old)];
    let (signed, body) = all[usize::from(number) % all.len()].encode();
    Message::Succ { signed, body }
}

/// Keeps a statement as an owner does who believes all of them; what changed.
pub(super) fn keep(log: &mut Memory, successor: &Successor) -> Change {
    let succession = successor.succession();
    let old = succession.old.feed;
    let (signed, body) = successor.encode();
    let mut kept = log.succeeded(&old).unwrap_or_else(|| Succeeded {
        keep: (0, successor.keep_id()),
        counts: false,
        is_closed: false,
        statements: Vec::new(),
    });
    if succession.keep > kept.keep.0 {
        kept.keep = (succession.keep, successor.keep_id());
    }
    kept.statements.push((succession.new.genesis, signed, body));
    kept.counts = counts(log, &old, kept.keep);
    kept.is_closed |= kept.counts;
    log.succeed(old, kept)
}

/// Whether a feed is the chain that the best of the statements keeps.
fn counts(log: &Memory, old: &FeedId, (seq, id): (Seq, EntryId)) -> bool {
    let held = log.accepted(old);
    held.len() == seq as usize && held.last() == Some(&id)
}
