//! Meeting again, and meeting with much in common: what it costs, and that nothing is missed whatever either side
//! remembers or has lost.

use klatch_feed::FeedId;
use klatch_gossip::sim::author::Author;
use klatch_gossip::sync::message::{Message, Mode};
use klatch_gossip::sync::{GRAFT_AFTER, HAVE_AFTER, Input, Setup, TOKEN_AFTER};

use crate::converge::{Side, net, settle};

/// Authors 100 to 100 + count, each with one entry, held by both.
fn common(a: &mut Side, b: &mut Side, count: u64) -> Vec<Author> {
    let mut authors: Vec<Author> = (0..count).map(|n| Author::new(net(), 100 + n)).collect();
    for author in &mut authors {
        let entry = author.write(Vec::new(), 40);
        a.add(entry.clone());
        b.add(entry);
    }
    authors
}

fn feeds(authors: &[Author]) -> Vec<FeedId> {
    authors.iter().map(Author::feed).collect()
}

/// Both hang up and meet again, with what each remembers; a new name for the connection.
fn again(a: &mut Side, b: &mut Side, wants: &[FeedId], session: u8) {
    for side in [&mut *a, &mut *b] {
        side.hang_up(|setup| Setup { session: [session; 32], secret: [session ^ 0x55; 32], ..setup });
    }
    a.give(Input::wants(wants.to_vec()));
    b.give(Input::wants(wants.to_vec()));
    settle(a, b);
}

fn bytes(side: &Side) -> usize {
    side.sent.iter().map(|message| message.encode().len()).sum()
}

fn met(count: u64) -> (Side, Side, Vec<Author>) {
    let (mut a, mut b) = crate::converge::tagged_pair(1, 2);
    let authors = common(&mut a, &mut b, count);
    let wants = feeds(&authors);
    a.give(Input::wants(wants.clone()));
    b.give(Input::wants(wants));
    settle(&mut a, &mut b);
    assert!(a.met.asked.is_some() && b.met.served.is_some(), "they will know each other again");
    (a, b, authors)
}

#[test]
fn where_nothing_changed_meeting_again_is_one_message_each_way_and_its_answer() {
    let (mut a, mut b, authors) = met(1_000);
    again(&mut a, &mut b, &feeds(&authors), 2);
    let total = bytes(&a) + bytes(&b);
    assert!(total <= 300, "{total} bytes: {:?} {:?}", a.sent, b.sent);
    assert!(matches!(a.sent[..], [Message::Resume { .. }, Message::Delta { .. }]), "{:?}", a.sent);
    assert_eq!((a.caught_up, b.caught_up), (1, 1));
}

#[test]
fn what_changed_meanwhile_is_fetched_and_nothing_else_is_said() {
    let (mut a, mut b, mut authors) = met(1_000);
    for author in authors.iter_mut().step_by(100) {
        b.shelf.append(author.write(Vec::new(), 40));
    }
    again(&mut a, &mut b, &feeds(&authors), 2);
    for author in &authors {
        assert_eq!(a.len(author.feed()), b.len(author.feed()));
    }
    let entries: usize = b.chunk_bytes();
    let total = bytes(&a) + bytes(&b) - entries;
    assert!(total <= 1_000, "{total} bytes besides the entries");
}

#[test]
fn who_lost_the_memory_of_a_peer_compares_and_misses_nothing() {
    for lost in ["tokens here", "all here", "all there", "what is held"] {
        let (mut a, mut b, mut authors) = met(300);
        for author in authors.iter_mut().step_by(30) {
            b.shelf.append(author.write(Vec::new(), 40));
        }
        match lost {
            "tokens here" => b.met.served.as_mut().unwrap().tokens.clear(),
            "all here" => b.met.served = None,
            "all there" => a.met.asked = None,
            _ => {
                // A is set back to before it held anything: what it remembers is set back with it.
                (a.shelf, a.met) = (crate::converge::empty_log(1), Default::default());
            }
        }
        again(&mut a, &mut b, &feeds(&authors), 2);
        for author in &authors {
            assert_eq!(a.len(author.feed()), b.len(author.feed()), "{lost}");
        }
        assert_eq!((&a.closed, &b.closed), (&None, &None), "{lost}");
    }
}

#[test]
fn an_older_token_is_as_good() {
    let (mut a, mut b, mut authors) = met(300);
    let older = a.met.clone();
    b.shelf.append(authors[7].write(Vec::new(), 40));
    let wants = feeds(&authors);
    again(&mut a, &mut b, &wants, 2);
    assert_ne!(a.met.asked, older.asked, "there was something to vouch for");
    a.met = older;
    again(&mut a, &mut b, &wants, 3);
    let total = bytes(&a) + bytes(&b);
    assert!(total <= 400, "{total} bytes: what changed since is stated, and no more");
    assert_eq!((&a.closed, &b.closed), (&None, &None));
}

/// B says something new, and so much time passes.
fn more(a: &mut Side, b: &mut Side, author: &mut Author, millis: u64) {
    b.write(author, 1, 40);
    settle(a, b);
    a.pass(millis);
    b.pass(millis);
    settle(a, b);
}

#[test]
fn four_tokens_of_a_list_are_remembered_and_a_fifth_makes_the_oldest_one_unknown() {
    for (which, is_known) in [(1, true), (0, false)] {
        let (mut a, mut b, mut authors) = met(300);
        let mut kept = vec![a.met.clone()];
        for _ in 0..4 {
            more(&mut a, &mut b, &mut authors[7], TOKEN_AFTER);
            kept.push(a.met.clone());
        }
        let tokens: Vec<_> = kept.iter().map(|met| met.asked.as_ref().unwrap().token).collect();
        assert!((1..5).all(|at| !tokens[..at].contains(&tokens[at])), "five tokens");
        a.met = kept.remove(which);
        again(&mut a, &mut b, &feeds(&authors), 2);
        let compared = b.count(|m| matches!(m, Message::Prints { .. }));
        assert_eq!(compared == 0, is_known, "token {which}: {:?}", b.sent);
        assert_eq!((&a.closed, &b.closed), (&None, &None));
    }
}

#[test]
fn a_list_gets_one_token_in_a_minute_and_none_where_nothing_was_said() {
    let (mut a, mut b, mut authors) = met(30);
    let tokens = |side: &Side| side.count(|m| matches!(m, Message::Token { .. }));
    assert_eq!(tokens(&b), 1);
    more(&mut a, &mut b, &mut authors[7], TOKEN_AFTER - 1);
    assert_eq!(tokens(&b), 1, "the minute is not over");
    more(&mut a, &mut b, &mut authors[8], 1);
    assert_eq!(tokens(&b), 2, "for both");
    for _ in 0..3 {
        a.pass(TOKEN_AFTER);
        b.pass(TOKEN_AFTER);
        settle(&mut a, &mut b);
    }
    assert_eq!(tokens(&b), 2);
}

#[test]
fn a_feed_followed_in_between_is_added_to_the_known_list() {
    let (mut a, mut b, authors) = met(300);
    let mut new = Author::new(net(), 7);
    b.shelf.append(new.write(Vec::new(), 40));
    let mut wants = feeds(&authors);
    wants.remove(0);
    wants.push(new.feed());
    again(&mut a, &mut b, &wants, 2);
    assert_eq!(a.len(new.feed()), 1);
    let lists: Vec<_> = a.sent.iter().filter(|m| matches!(m, Message::Wants { .. })).collect();
    assert!(matches!(&lists[..], [Message::Wants { add, del, .. }] if add.len() == 1 && del.len() == 1));
}

#[test]
fn what_is_owed_and_has_changed_since_is_sent_once() {
    let (mut a, mut b, mut authors) = met(3);
    a.met.asked.as_mut().unwrap().owed = (0..4).collect(); // As where there was no room for it.
    b.shelf.append(authors[1].write(Vec::new(), 40));
    again(&mut a, &mut b, &feeds(&authors), 2);
    assert_eq!(a.len(authors[1].feed()), 2);
    let brings = |message: &&Message| matches!(message, Message::Chunk { .. } | Message::Push { .. });
    assert_eq!(b.sent.iter().filter(brings).count(), 1, "{:?}", b.sent);
}

#[test]
fn strangers_with_much_in_common_compare_by_tags_and_fingerprints() {
    let (mut a, mut b) = crate::converge::tagged_pair(1, 2);
    let mut authors = common(&mut a, &mut b, 1_000);
    for author in authors.iter_mut().step_by(100) {
        b.shelf.append(author.write(Vec::new(), 40));
    }
    let wants = feeds(&authors);
    a.give(Input::wants(wants.clone()));
    b.give(Input::wants(wants));
    settle(&mut a, &mut b);
    for author in &authors {
        assert_eq!(a.len(author.feed()), b.len(author.feed()));
    }
    let lists = |side: &Side| side.size_of(|m| matches!(m, Message::Wants { .. } | Message::Scope(_)));
    let scope = lists(&a) + lists(&b);
    assert!(scope <= 2 * 9_500, "{scope} bytes to agree on 2 x 1,001 feeds");
    let prints = |side: &Side| side.size_of(|m| matches!(m, Message::Prints { .. }));
    assert!(prints(&a) + prints(&b) <= 2 * 2_600, "{} {}", prints(&a), prints(&b));
    for message in a.sent.iter().chain(&b.sent) {
        let bytes = message.encode();
        for author in &authors {
            let key = author.feed();
            assert!(!bytes.windows(32).any(|at| at == key.as_bytes()), "no key is told: {message:?}");
        }
    }
}

#[test]
fn a_tag_that_fits_nothing_yet_is_known_when_its_feed_comes() {
    let (mut a, mut b) = crate::converge::tagged_pair(1, 2);
    let mut author = Author::new(net(), 3);
    a.give(Input::wants(vec![author.feed()]));
    b.give(Input::wants(vec![author.feed()]));
    settle(&mut a, &mut b);
    b.write(&mut author, 3, 40);
    settle(&mut a, &mut b);
    assert_eq!(a.len(author.feed()), 3);
}

#[test]
fn what_came_twice_is_told_from_then_on_and_asked_for_when_nobody_else_brings_it() {
    let (mut a, mut b) = crate::converge::pair(1, 2);
    let mut author = Author::new(net(), 3);
    let first = author.write(Vec::new(), 40);
    a.add(first.clone());
    b.add(first);
    let feed = author.feed();
    a.give(Input::wants(vec![feed]));
    b.give(Input::wants(vec![feed]));
    settle(&mut a, &mut b);
    // Both get the next entry elsewhere; B's push of it crosses.
    let second = author.write(Vec::new(), 40);
    a.add(second.clone());
    a.work(); // Its own push is lost on the way: it does not matter here.
    b.add(second);
    settle(&mut a, &mut b);
    let lazy = |m: &Message| matches!(m, Message::Mode(rows) if rows[0].1 == Mode::Lazy);
    assert_eq!(a.count(lazy), 1, "{:?}", a.sent);
    let pushes = b.count(|m| matches!(m, Message::Push { .. }));
    b.write(&mut author, 2, 40);
    settle(&mut a, &mut b);
    assert_eq!(b.count(|m| matches!(m, Message::Push { .. })), pushes, "nothing is sent unasked");
    b.pass(HAVE_AFTER);
    settle(&mut a, &mut b);
    assert_eq!(b.count(|m| matches!(m, Message::Have(_))), 1, "both entries in one word");
    assert_eq!(a.len(feed), 2, "another peer is given time to bring them");
    a.pass(GRAFT_AFTER + 1_020);
    settle(&mut a, &mut b);
    assert_eq!(a.len(feed), 4);
    assert_eq!(a.count(|m| matches!(m, Message::Mode(rows) if rows[0].1 == Mode::Eager)), 1);
    b.write(&mut author, 1, 40);
    settle(&mut a, &mut b);
    assert_eq!(a.len(feed), 5, "from here on it is sent at once again");
}

#[test]
fn a_pub_asks_a_member_for_what_both_want() {
    let (mut a, mut b) = crate::converge::pair(1, 2);
    a.hang_up(|setup| Setup { is_narrow: true, ..setup });
    let (mut shared, mut other, member) =
        (Author::new(net(), 3), Author::new(net(), 4), Author::new(net(), 2));
    b.write(&mut shared, 2, 40);
    b.write(&mut other, 2, 40);
    a.give(Input::wants(vec![shared.feed(), Author::new(net(), 5).feed(), member.feed()]));
    b.give(Input::wants(vec![shared.feed(), other.feed()]));
    settle(&mut a, &mut b);
    assert_eq!((a.len(shared.feed()), a.len(other.feed())), (2, 0));
    let asked: usize =
        a.sent.iter().map(|m| if let Message::Wants { add, .. } = m { add.len() } else { 0 }).sum();
    assert_eq!(asked, 3, "its own feed, the member's, and the one that both want");
}

#[test]
fn a_pub_that_lost_its_own_list_asks_for_what_stands_in_a_members_known_one() {
    let (mut a, mut b) = crate::converge::pair(1, 2);
    a.hang_up(|setup| Setup { is_narrow: true, ..setup });
    let mut shared = Author::new(net(), 3);
    b.write(&mut shared, 2, 40);
    let wants = [shared.feed()];
    a.give(Input::wants(wants.to_vec()));
    b.give(Input::wants(wants.to_vec()));
    settle(&mut a, &mut b);
    assert!(a.met.asked.take().is_some() && b.met.asked.is_some());
    b.shelf.append(shared.write(Vec::new(), 40));
    again(&mut a, &mut b, &wants, 2);
    assert_eq!(b.count(|m| matches!(m, Message::Wants { .. })), 0, "its list is known: {:?}", b.sent);
    assert_eq!(a.len(shared.feed()), 3);
}

/// Each message takes a second, and each is followed by silence: what is said is true all the time.
#[test]
fn it_is_said_how_much_is_still_to_come() {
    let (mut a, mut b) = crate::converge::pair(1, 2);
    let mut author = Author::new(net(), 3);
    b.write(&mut author, 700, 40);
    a.give(Input::wants(vec![author.feed()]));
    b.give(Input::wants(vec![]));
    let mut from_a = a.work();
    while a.len(author.feed()) < 700 {
        from_a.drain(..).for_each(|message| b.give(Input::Message(message)));
        b.give(Input::Room);
        for message in b.work() {
            a.give(Input::Message(message));
            from_a.extend(a.work());
            from_a.extend(a.wait(1_000));
            let lacks = u64::from(700 - a.len(author.feed()));
            let is_told = !a.coming.is_empty();
            assert!(!is_told || a.coming.last() == Some(&(u32::from(lacks > 0), lacks)), "{:?}", a.coming);
        }
    }
    assert_eq!(a.coming, [(1, 700), (1, 444), (1, 188), (0, 0)]);
}
