use proptest::prelude::*;

use super::*;

const ME: FeedId = FeedId::new([5; 32]);

fn feed(n: u8) -> FeedId {
    FeedId::new([n; 32])
}

fn at(n: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, n], 4747))
}

/// The next dials at `now`, until there is none.
fn dials(book: &mut Book, now: Millis) -> Vec<FeedId> {
    std::iter::from_fn(|| book.next_dial(now)).map(|dial| dial.feed).collect()
}

#[test]
fn the_lan_and_the_followed_come_first() {
    let mut book = Book::new(ME);
    book.follow(BTreeSet::from([feed(6), feed(8)]));
    book.learn(0, feed(7), Source::Lan, &[at(7)]);
    book.learn(0, feed(6), Source::Lan, &[at(6)]);
    book.learn(0, feed(8), Source::Given, &[at(8)]);
    book.learn(0, feed(9), Source::Pub, &[at(9)]);
    assert_eq!(dials(&mut book, 0), [feed(6), feed(8), feed(9), feed(7)]);
    assert_eq!(dials(&mut book, 1_000_000), [], "each is being dialled");
}

#[test]
fn on_the_lan_the_larger_key_waits_for_the_smaller_to_dial() {
    let mut book = Book::new(ME);
    book.learn(100, feed(4), Source::Lan, &[at(4)]);
    book.learn(100, feed(6), Source::Lan, &[at(6)]);
    assert_eq!(dials(&mut book, 100), [feed(6)]);
    assert_eq!(book.next_dial_at(), Some(100 + LAN_DELAY));
    assert_eq!(dials(&mut book, 100 + LAN_DELAY), [feed(4)]);
}

#[test]
fn another_node_with_my_own_key_is_dialled_like_the_followed() {
    let mut book = Book::new(ME);
    book.learn(0, feed(4), Source::Lan, &[at(4)]);
    book.learn(1, ME, Source::Lan, &[at(5)]);
    book.learn(1, feed(8), Source::Given, &[at(8)]);
    assert_eq!(dials(&mut book, 1 + LAN_DELAY), [ME, feed(8), feed(4)]);
}

#[test]
fn waits_double_up_to_five_minutes_and_lie_in_the_upper_half() {
    for random in [0, 1_000_003, u64::MAX] {
        let mut book = Book::new(ME);
        book.learn(0, feed(6), Source::Given, &[at(6)]);
        let mut now = 0;
        for n in 0..40 {
            assert_eq!(book.next_dial(now).map(|dial| dial.feed), Some(feed(6)), "{n}");
            book.failed(now, &feed(6), random);
            let waited = book.next_dial_at().unwrap() - now;
            let whole = (WAIT_FIRST << n.min(20)).min(WAIT_MAX);
            assert!((whole / 2..=whole).contains(&waited), "failure {n}: {waited} of {whole}");
            assert_eq!(book.next_dial(now + waited - 1), None, "not a millisecond sooner");
            now += waited;
        }
    }
}

#[test]
fn a_connection_that_held_starts_afresh_and_one_that_broke_off_counts_as_a_failure() {
    for (held, failures) in [(HELD_MIN, 1), (HELD_MIN - 1, 5)] {
        let mut book = Book::new(ME);
        book.learn(0, feed(6), Source::Given, &[at(6)]);
        for _ in 0..4 {
            book.failed(0, &feed(6), 0);
        }
        book.connected(100_000, feed(6), Side::Initiator, Some(at(6)));
        assert_eq!(book.next_dial_at(), None, "connected");
        book.disconnected(100_000 + held, &feed(6), 0);
        assert_eq!(book.known[&feed(6)].failures, failures);
    }
}

#[test]
fn a_new_address_ends_the_wait_and_a_known_one_does_not() {
    for source in [Source::Lan, Source::Given, Source::Pub] {
        let mut book = Book::new(ME);
        book.learn(0, feed(6), source, &[at(6)]);
        for _ in 0..10 {
            book.failed(0, &feed(6), 0);
        }
        let waiting = book.next_dial_at().unwrap();
        book.learn(50, feed(6), source, &[at(6)]);
        assert_eq!(book.next_dial_at(), Some(waiting), "nothing new: {source:?}");
        book.asked_again(55, feed(6), source, &[at(8)]);
        assert_eq!(
            book.next_dial_at(),
            Some(waiting),
            "of a name that stands for another address: {source:?}"
        );
        book.learn(60, feed(6), source, &[at(7)]);
        assert_eq!(book.next_dial_at(), Some(60), "{source:?}");
        assert_eq!(book.addrs(&feed(6)).len(), 3);
    }
}

#[test]
fn what_worked_is_tried_first_and_what_left_is_not_tried() {
    let mut book = Book::new(ME);
    book.learn(0, feed(6), Source::Given, &[at(1)]);
    book.learn(1, feed(6), Source::Lan, &[at(2), at(3)]);
    assert_eq!(book.next_dial(1).unwrap().addrs, [at(2), at(3), at(1)], "the LAN first");
    book.connected(2, feed(6), Side::Initiator, Some(at(1)));
    book.disconnected(3, &feed(6), 0);
    book.gone(&feed(6), &[at(1), at(2)]);
    let dial = book.next_dial(1_000_000).unwrap();
    assert_eq!(dial.addrs, [at(1), at(3)], "what a person entered stays, whatever the LAN says");
    book.failed(1_000_000, &feed(6), 0);
    book.forget(&feed(6));
    assert!(book.known.is_empty());
}

#[test]
fn the_33rd_stranger_waits_and_pubs_do_not() {
    let mut book = Book::new(ME);
    for n in 6..6 + DIALLED_MAX as u8 + 1 {
        book.learn(0, feed(n), Source::Lan, &[at(n)]);
    }
    assert_eq!(dials(&mut book, 0).len(), DIALLED_MAX);
    book.learn(0, feed(200), Source::Pub, &[at(200)]);
    assert_eq!(dials(&mut book, 0), [feed(200)]);
    book.connected(1, feed(6), Side::Initiator, Some(at(6)));
    assert_eq!(dials(&mut book, 1), [], "connected by own dialling counts too");
    book.failed(1, &feed(7), 0);
    assert_eq!(dials(&mut book, 1), [feed(6 + DIALLED_MAX as u8)], "one place is free");
}

#[test]
fn one_feed_too_many_is_passed_over_and_one_address_too_many_makes_the_oldest_go() {
    let numbered = |n: usize| {
        let mut bytes = [9; 32];
        bytes[..8].copy_from_slice(&(n as u64).to_be_bytes());
        FeedId::new(bytes)
    };
    let mut book = Book::new(ME);
    for n in 0..LAN_FEEDS_MAX {
        assert!(book.learn(0, numbered(n), Source::Lan, &[at(1)]));
    }
    assert!(!book.learn(0, numbered(LAN_FEEDS_MAX), Source::Lan, &[at(1)]));
    for n in 0..GIVEN_FEEDS_MAX {
        assert!(book.learn(0, numbered(10_000 + n), Source::Given, &[at(1)]), "the LAN takes nobody's place");
    }
    assert!(!book.learn(0, numbered(20_000), Source::Pub, &[at(1)]));

    let mut book = Book::new(ME);
    book.learn(0, feed(6), Source::Given, &[at(200)]);
    for n in 0..ADDRS_MAX as u8 {
        book.learn(Millis::from(n) + 1, feed(6), Source::Lan, &[at(n)]);
    }
    let kept: BTreeSet<_> = book.addrs(&feed(6)).into_iter().collect();
    assert_eq!(kept.len(), ADDRS_MAX);
    assert!(kept.contains(&(at(200), Source::Given)) && !kept.contains(&(at(0), Source::Lan)));
}

#[derive(Clone, Debug)]
enum Step {
    Learn(u8, bool, u8),
    Gone(u8, u8),
    Failed(u8),
    Connected(u8, bool),
    Disconnected(u8),
    Dial,
}

fn step() -> impl Strategy<Value = Step> {
    let few = 0..8_u8;
    prop_oneof![
        (few.clone(), any::<bool>(), few.clone()).prop_map(|(f, lan, a)| Step::Learn(f, lan, a)),
        (few.clone(), few.clone()).prop_map(|(f, a)| Step::Gone(f, a)),
        few.clone().prop_map(Step::Failed),
        (few.clone(), any::<bool>()).prop_map(|(f, dialled)| Step::Connected(f, dialled)),
        few.prop_map(Step::Disconnected),
        Just(Step::Dial),
    ]
}

proptest! {
    /// Whatever happens in whatever order: nobody is dialled who is connected, being dialled, waiting
    /// or unknown; and `next_dial_at` never lies.
    #[test]
    fn nobody_is_dialled_twice_or_too_soon(steps in prop::collection::vec((step(), 0..3000_u64, any::<u64>()), 0..200)) {
        let mut book = Book::new(ME);
        let (mut now, mut connected, mut dialling) = (0, BTreeSet::new(), BTreeSet::new());
        for (step, passed, random) in steps {
            now += passed;
            match step {
                Step::Learn(f, lan, a) => {
                    let source = if lan { Source::Lan } else { Source::Given };
                    book.learn(now, feed(f), source, &[at(a)]);
                }
                Step::Gone(f, a) => book.gone(&feed(f), &[at(a)]),
                Step::Failed(f) if dialling.remove(&feed(f)) => book.failed(now, &feed(f), random),
                Step::Connected(f, dialled) => {
                    let side = if dialled { Side::Initiator } else { Side::Responder };
                    if !dialled || dialling.remove(&feed(f)) {
                        connected.insert(feed(f));
                        book.connected(now, feed(f), side, None);
                    }
                }
                Step::Disconnected(f) if connected.remove(&feed(f)) => book.disconnected(now, &feed(f), random),
                Step::Dial => {
                    let due = book.next_dial_at();
                    let dial = book.next_dial(now);
                    prop_assert_eq!(dial.is_some(), due.is_some_and(|due| due <= now));
                    if let Some(dial) = dial {
                        prop_assert!(!dial.addrs.is_empty());
                        prop_assert!(!connected.contains(&dial.feed));
                        prop_assert!(dialling.insert(dial.feed), "twice at once");
                    }
                }
                _ => {}
            }
        }
    }
}
