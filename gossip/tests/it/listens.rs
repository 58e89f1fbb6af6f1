//! Who is told only of what its peer listens to misses nothing, whenever its owner begins to tell.

use klatch_feed::{EntryId, FeedId};
use klatch_gossip::sim::author::Author;
use klatch_gossip::sync::message::Message;
use klatch_gossip::sync::{Change, Input, Others, Output, Shelf as _};

use crate::converge::{Side, net, pair, settle, tagged_pair};

/// Two that hold an entry of each of these, and want them; the owner of the first does not tell of changes yet.
fn unheeded(count: u64) -> (Side, Side, Vec<Author>) {
    let (mut a, mut b) = pair(1, 2);
    let mut authors: Vec<Author> = (0..count).map(|n| Author::new(net(), 100 + n)).collect();
    for author in &mut authors {
        let entry = author.write(Vec::new(), 40);
        a.add(entry.clone());
        b.add(entry);
    }
    a.unheeded = Some(Vec::new());
    let wants: Vec<FeedId> = authors.iter().map(Author::feed).collect();
    a.give(Input::wants(wants.clone()));
    b.give(Input::wants(wants));
    settle(&mut a, &mut b);
    (a, b, authors)
}

fn tokens(side: &Side) -> usize {
    side.count(|message| matches!(message, Message::Token { .. }))
}

#[test]
fn what_changed_before_it_was_listened_to_is_sent_once_it_is() {
    for count in [3, 40] {
        let (mut a, mut b, mut authors) = unheeded(count);
        a.shelf.append(authors[1].write(Vec::new(), 40)); // Nobody tells of it.
        settle(&mut a, &mut b);
        assert_eq!(b.len(authors[1].feed()), 1, "{count} feeds");
        a.heed();
        settle(&mut a, &mut b);
        assert_eq!(b.len(authors[1].feed()), 2, "{count} feeds");
        assert_eq!(b.len(authors[2].feed()), 1);
    }
}

/// A token vouches for all up to a position; what was told of one feed says nothing of another that is not heeded.
#[test]
fn no_token_is_given_before_all_that_is_wanted_is_listened_to() {
    let (mut a, mut b, mut authors) = unheeded(40);
    a.shelf.append(authors[1].write(Vec::new(), 40));
    a.add(authors[2].write(Vec::new(), 40)); // Told, and later.
    settle(&mut a, &mut b);
    a.pass(61_000);
    settle(&mut a, &mut b);
    assert_eq!((tokens(&a), b.len(authors[2].feed())), (0, 2));
    a.heed();
    settle(&mut a, &mut b);
    assert_eq!((tokens(&a), b.len(authors[1].feed())), (1, 2));
    for side in [&mut a, &mut b] {
        side.hang_up(|setup| setup);
    }
    let wants: Vec<FeedId> = authors.iter().map(Author::feed).collect();
    a.give(Input::wants(wants.clone()));
    b.give(Input::wants(wants));
    settle(&mut a, &mut b);
    assert_eq!(a.count(|message| matches!(message, Message::Prints { .. })), 0, "the token is known");
    assert!(a.closed.is_none() && b.closed.is_none());
}

#[test]
fn who_wrote_before_an_object_was_listened_to_is_named_once_it_is() {
    let (mut a, mut b) = pair(1, 2);
    let object = EntryId::new([5; 32]);
    a.unheeded = Some(Vec::new());
    a.give(Input::wants([]));
    b.give(Input::wants([]));
    b.give(Input::Objects(vec![object]));
    settle(&mut a, &mut b);
    let mut cleo = Author::new(net(), 3);
    a.shelf.append(cleo.write(vec![object], 40));
    settle(&mut a, &mut b);
    assert!(a.unheeded.as_ref().unwrap().iter().any(|asked| matches!(asked, Output::ListensAbout(_))));
    assert_eq!(b.hints.len(), 0);
    a.heed();
    settle(&mut a, &mut b);
    assert_eq!(b.hints, [(object, cleo.feed(), 1)]);
}

/// As a pub's hub does: the first change of a feed is told to who names some feed by a tag that was not found out.
#[test]
fn a_feed_that_is_named_by_a_tag_is_listened_to_from_its_first_entry_on() {
    let (mut a, mut b) = tagged_pair(1, 2);
    a.unheeded = Some(Vec::new());
    let mut cleo = Author::new(net(), 3);
    b.give(Input::wants([cleo.feed()]));
    a.give(Input::wants([]));
    settle(&mut a, &mut b);
    let asked = a.unheeded.as_ref().unwrap().last().cloned();
    assert!(matches!(asked, Some(Output::Listens { others: Others::New, .. })), "{asked:?}");
    a.heed();
    a.unheeded = Some(Vec::new());
    let change: Change = a.shelf.append(cleo.write(Vec::new(), 40));
    assert_eq!((change.before, change.clock.1), (Some((0, None)), a.shelf.clock()));
    a.give(Input::Changed(vec![change]));
    settle(&mut a, &mut b);
    assert_eq!(b.len(cleo.feed()), 1);
    let asked = a.unheeded.as_ref().unwrap().last().cloned();
    let Some(Output::Listens { add, others, .. }) = asked else { panic!("{asked:?}") };
    assert!(add == [cleo.feed()] && others == Others::None || others == Others::New, "{add:?} {others:?}");
}
