//! Statements of who succeeds whom: what a peer can say.

use std::sync::LazyLock;

use klatch_feed::post::{Person, Post};
use klatch_feed::{EntryId, Head, SecretKey, Seq, Succeeds, Successor};
use klatch_gossip::sync::message::Message;

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
    let succeeds = Succeeds::sign(&net(), &key(2), person, keep, [number; 16], &secret.feed(), &commitment);
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
