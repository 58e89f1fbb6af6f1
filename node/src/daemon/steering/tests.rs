use super::*;
use klatch_feed::post::Answer;

const HOST: u8 = 1;
const MINUTE: i64 = MINUTE_MS;

fn feed(n: u8) -> FeedId {
    FeedId::new([n; 32])
}

fn rsvp(n: u8) -> EntryId {
    EntryId::new([n + 100; 32])
}

fn line(n: u8, party: u32) -> SeatLine {
    let (feed, rsvp) = (feed(n), rsvp(n));
    SeatLine { feed, rsvp, answer: Answer::Yes, party, asked: None, by: None, confirmed: false, stale: false }
}

/// An event of the host at 2026-12-01T18:30Z, for which these ask.
fn event(unranked: &[u8]) -> EventState {
    let none: [u8; 0] = [];
    let mut event: EventState = serde_json::from_value(serde_json::json!({
        "id": EntryId::new([9; 32]), "group": null, "in_group": false, "author": feed(HOST), "title": "Tea",
        "start": "2026-12-01T18:30", "zone": "UTC", "minutes": 60, "place": "", "about": "", "capacity": null,
        "split": false, "revision": 0, "tips": none, "cancelled": false,
        "hosts": [{ "feed": feed(HOST), "role": "owner" }], "seated": none, "waiting": none, "provisional": none,
        "unranked": none, "maybe": none, "no": none, "attendance": none, "incomplete": false,
    }))
    .unwrap();
    event.provisional = unranked.iter().map(|n| line(*n, 1)).collect();
    event
}

/// The start of that event, so many minutes earlier.
fn before(minutes: i64) -> i64 {
    1_796_149_800_000 - minutes * MINUTE
}

struct Node {
    now_ms: i64,
    arrived: BTreeMap<FeedId, usize>,
    members: BTreeSet<FeedId>,
    no_shows: BTreeMap<FeedId, u32>,
    ranked: Ranked,
    noted: Noted,
}

fn at(now_ms: i64) -> Node {
    let (arrived, members, no_shows, ranked, noted) = Default::default();
    Node { now_ms, arrived, members, no_shows, ranked, noted }
}

impl Node {
    fn step(&self, event: &EventState) -> Step {
        let Self { now_ms, arrived, members, no_shows, ranked, noted } = self;
        let around = Around { me: feed(HOST), now_ms: *now_ms, arrived, members, no_shows, ranked };
        step(event, &around, noted, &mut |_| 0)
    }

    /// Who waits for a person.
    fn leaves(&self, event: &EventState) -> Vec<u8> {
        let Self { now_ms, arrived, members, no_shows, ranked, noted } = self;
        let around = Around { me: feed(HOST), now_ms: *now_ms, arrived, members, no_shows, ranked };
        let left = by_hand(event, &around, noted.drawn.as_deref(), false);
        left.iter().map(|line| line.rsvp.as_bytes()[0] - 100).collect()
    }

    /// Whom it ranks, and for how many.
    fn ranks(&self, event: &EventState) -> Vec<(u8, u32)> {
        lines(&self.step(event).posts)
    }
}

fn lines(posts: &[Post]) -> Vec<(u8, u32)> {
    let of = |post: &Post| match post {
        Post::Seat { lines, .. } => lines.iter().map(|(id, n)| (id.as_bytes()[0] - 100, *n)).collect(),
        _ => vec![],
    };
    posts.iter().flat_map(of).collect()
}

fn given_up(posts: &[Post]) -> Vec<u8> {
    let of = |post: &Post| match post {
        Post::Release { rsvps, .. } => rsvps.iter().map(|id| id.as_bytes()[0] - 100).collect(),
        _ => vec![],
    };
    posts.iter().flat_map(of).collect()
}

#[test]
fn the_first_to_come_are_ranked_first_and_members_before_others_if_so_asked() {
    let mut node = at(before(999));
    node.arrived = [(feed(4), 0), (feed(2), 1)].into();
    node.members = [feed(2)].into();
    let mut event = event(&[2, 3, 4]);
    assert_eq!(node.ranks(&event), [(3, 1), (4, 1), (2, 1)], "who was here before, then as they came");
    event.policy = Policy::Members;
    assert_eq!(node.ranks(&event), [(2, 1), (3, 1), (4, 1)]);
    event.policy = Policy::Approval;
    assert_eq!(node.ranks(&event), []);
    event.policy = Policy::First;
    node.ranked = [(rsvp(3), None)].into();
    assert_eq!(node.ranks(&event), [(4, 1), (2, 1)], "none twice");
    event.closed = vec![feed(HOST)];
    assert_eq!(node.ranks(&event), []);
}

#[test]
fn nobody_is_ranked_before_it_opens_or_from_when_it_closes() {
    let mut event = event(&[2]);
    (event.opens, event.closes) = (100, 10);
    let cases = [
        (before(101), 0, Some(before(100))),
        (before(100), 1, Some(before(10))),
        (before(10) - 1, 1, Some(before(10))),
        (before(10), 0, None),
    ];
    for (now, ranked, next) in cases {
        let step = at(now).step(&event);
        assert_eq!((step.ranked.len(), step.next_ms), (ranked, next), "{}", before(0) - now);
    }
    event.zone = "Mars/Olympus".to_owned();
    assert_eq!(at(before(50)).ranks(&event), [], "no deadline is known here: a person decides");
}

#[test]
fn a_party_is_ranked_for_as_many_as_one_may_bring_and_who_stayed_away_often_by_hand_only() {
    let mut node = at(before(9));
    let mut event = event(&[3]);
    event.provisional.push(line(2, 5));
    event.party_max = Some(3);
    assert_eq!(node.ranks(&event), [(3, 1), (2, 3)]);
    (event.no_show_max, node.no_shows) = (2, [(feed(3), 2), (feed(2), 1)].into());
    assert_eq!(node.ranks(&event), [(2, 3)]);
    event.no_show_max = 0;
    assert_eq!(node.ranks(&event), [(3, 1), (2, 3)], "0 = never");
}

#[test]
fn lots_are_drawn_once_when_answers_close_for_whoever_asks_then() {
    let mut event = event(&[2, 3, 4]);
    event.policy = Policy::Lottery;
    assert_eq!(at(before(1)).ranks(&event), [], "it never closes");
    event.closes = 30;
    let early = at(before(31)).step(&event);
    assert_eq!((early.posts, early.drawn, early.next_ms), (vec![], None, Some(before(30))));
    let mut node = at(before(30));
    let drawn = node.step(&event);
    // Always swapping with the first turns 2, 3, 4 into 3, 4, 2.
    assert_eq!(lines(&drawn.posts), [(3, 1), (4, 1), (2, 1)]);
    let order = [3, 4, 2].map(rsvp).to_vec();
    assert_eq!(drawn.drawn, Some(order.clone()));
    // It stopped before it had posted: the same order, and nobody who came later.
    node.noted.drawn = Some(order);
    event.provisional.push(line(5, 1));
    let again = node.step(&event);
    assert_eq!((lines(&again.posts), again.drawn), (vec![(3, 1), (4, 1), (2, 1)], None));
    event.provisional.retain(|line| line.feed == feed(5));
    assert_eq!(node.ranks(&event), []);
    assert_eq!(at(before(-60)).step(&event).drawn, None, "it is over");
}

#[test]
fn each_order_of_a_draw_is_as_likely_as_another() {
    let lines = [line(2, 1), line(3, 1), line(4, 1)];
    let mut seen = BTreeMap::new();
    for (third, second) in (0..3).flat_map(|third| (0..2).map(move |second| (third, second))) {
        let mut drawn: Vec<_> = lines.iter().collect();
        shuffle(&mut drawn, &mut |below| if below == 3 { third } else { second });
        *seen.entry(drawn.iter().map(|line| line.feed).collect::<Vec<_>>()).or_insert(0) += 1;
    }
    assert_eq!(seen.into_values().collect::<Vec<_>>(), [1; 6]);
}

#[test]
fn who_has_not_confirmed_by_the_deadline_loses_the_seat_that_this_node_gave_once() {
    let mut event = event(&[]);
    event.confirm_by = 60;
    let by = |n: u8, host: u8, confirmed: bool| SeatLine { by: Some(feed(host)), confirmed, ..line(n, 1) };
    event.seated = vec![by(2, HOST, false), by(3, HOST, true), by(4, 7, false)];
    event.waiting = vec![by(5, HOST, false)];
    let early = at(before(61)).step(&event);
    assert_eq!((early.posts, early.released, early.next_ms), (vec![], None, Some(before(60))));
    let mut node = at(before(60));
    let done = node.step(&event);
    assert_eq!((given_up(&done.posts), done.released), (vec![2], Some(vec![rsvp(2)])));
    // Who moves up afterwards keeps the seat; who was meant and still has it does not.
    node.noted.released = Some(vec![rsvp(2)]);
    event.seated.push(by(5, HOST, false));
    let again = node.step(&event);
    assert_eq!((given_up(&again.posts), again.released), (vec![2], None));
    event.seated.remove(0);
    assert_eq!(node.step(&event).posts, []);
    assert_eq!(at(before(0)).step(&event), Step::default(), "a node that was off till it began");
    event.founded_start = Some(event.start.clone());
    assert_eq!(at(before(60)).step(&event).posts, [], "each occurrence has its own deadline");
    event.occ = Some(event.start.clone());
    let post = at(before(60)).step(&event).posts.remove(0);
    assert_eq!(post, Post::Release { event: event.id, rsvps: vec![rsvp(5)], occ: event.occ });
}

#[test]
fn a_release_of_many_takes_several_posts() {
    let mut event = event(&[]);
    event.confirm_by = 60;
    let seated = |n: u8| SeatLine { by: Some(feed(HOST)), ..line(n, 1) };
    event.seated = (2..35).map(seated).collect();
    let posts = at(before(60)).step(&event).posts;
    let sizes = posts.iter().map(|post| given_up(std::slice::from_ref(post)).len());
    assert_eq!(sizes.collect::<Vec<_>>(), [RELEASED_MAX, 1]);
}

/// That event with so many seats, of which the host has some.
fn limited(capacity: u32, quota: u32) -> EventState {
    let mut event = event(&[]);
    event.capacity = Some(capacity);
    event.hosts[0].quota = Some(quota);
    event
}

fn by(n: u8, host: u8, party: u32) -> SeatLine {
    SeatLine { by: Some(feed(host)), ..line(n, party) }
}

#[test]
fn a_host_with_free_seats_seats_who_waits_on_the_lists_of_others() {
    let mut event = limited(5, 3);
    event.seated = vec![by(2, 7, 2)];
    event.waiting = vec![by(3, 7, 1), by(4, 7, 2), by(5, 7, 1)];
    event.unranked = vec![line(6, 1)];
    let mut node = at(before(999));
    assert_eq!(node.ranks(&event), [(3, 1), (4, 2), (6, 1)], "those who fit, then who is on no list");
    event.waiting = vec![by(3, 7, 1), by(4, 7, 3), by(5, 7, 1)];
    assert_eq!(node.ranks(&event), [(3, 1), (6, 1)], "nobody passes who does not fit");
    event.split = true;
    assert_eq!(node.ranks(&event), [(3, 1), (5, 1), (6, 1)], "unless the event lets them");
    event.split = false;
    event.seated.push(by(8, HOST, 2));
    assert_eq!(node.ranks(&event), [(3, 1), (6, 1)], "what is left of three");
    event.closes = 1_000;
    assert_eq!(node.ranks(&event), [(3, 1)], "they asked in time");
    event.policy = Policy::Approval;
    assert_eq!(node.ranks(&event), []);
    (event.policy, event.closes) = (Policy::First, 0);
    node.ranked = [(rsvp(3), None)].into();
    assert_eq!(node.ranks(&event), [(6, 1)], "none twice");
    node.ranked.clear();
    (event.no_show_max, node.no_shows) = (2, [(feed(3), 2)].into());
    event.waiting.push(by(7, 7, 1));
    assert_eq!(
        node.ranks(&event),
        [(6, 1)],
        "nor who stayed away too often, and nobody past who does not fit"
    );
    event.waiting.remove(1);
    assert_eq!(node.ranks(&event), [(5, 1), (6, 1)], "others pass them");
    (event.no_show_max, event.opens) = (0, 1_000);
    assert_eq!(at(before(1_001)).ranks(&event), [], "nor before it opens");
    assert_eq!(at(before(1_000)).ranks(&event), [(3, 1), (6, 1)]);
    event.opens = 0;
    event.waiting.insert(0, by(9, HOST, 3));
    assert_eq!(node.ranks(&event), [(6, 1)], "nor past who waits on the host's own list");
}

#[test]
fn who_asks_for_more_gets_it_where_it_fits_and_nobody_waits() {
    let mut event = limited(5, 5);
    let more = |n: u8, host: u8, asked: u32| SeatLine { asked: Some(asked), ..by(n, host, 1) };
    event.seated = vec![more(2, HOST, 3), more(3, HOST, 2), more(4, HOST, 3)];
    let node = at(before(999));
    assert_eq!(node.ranks(&event), [(2, 3)], "two seats are free");
    event.seated[0].asked = Some(4);
    assert_eq!(node.ranks(&event), [(3, 2)], "whoever asks for too many keeps the seat");
    event.party_max = Some(3);
    assert_eq!(node.ranks(&event), [(2, 3)], "for no more than one may bring");
    event.party_max = Some(1);
    assert_eq!(node.ranks(&event), []);
    event.party_max = None;
    event.waiting = vec![by(5, 7, 4)];
    assert_eq!(node.ranks(&event), [], "who waits comes first");
    event.waiting.clear();
    event.seated = vec![more(2, 7, 2)];
    assert_eq!(node.ranks(&event), [], "that is the other host's guest");
    (event.capacity, event.seated) = (None, vec![more(2, HOST, 9)]);
    assert_eq!(node.ranks(&event), [(2, 9)], "without a limit");
}

#[test]
fn nobody_gets_a_seat_at_what_is_over() {
    let mut event = limited(5, 3);
    event.waiting = vec![by(3, 7, 1)];
    event.unranked = vec![line(6, 1)];
    let all = [(3, 1), (6, 1)];
    assert_eq!(at(before(-59)).ranks(&event), all, "it goes on");
    assert_eq!(at(before(-60)).ranks(&event), []);
    // A series, while some date is to come.
    event.founded_start = Some(event.start.clone());
    event.repeat = Some("FREQ=DAILY;COUNT=3".into());
    assert_eq!(at(before(-60)).ranks(&event), all);
    let day = 24 * 60;
    assert_eq!(at(before(-2 * day - 59)).ranks(&event), all);
    assert_eq!(at(before(-2 * day - 60)).ranks(&event), []);
    event.occ = Some(event.start.clone());
    assert_eq!(at(before(-60)).ranks(&event), [], "one date of it");
    (event.occ, event.repeat, event.founded_start) = (None, None, None);
    event.zone = "Nowhere/Known".into();
    assert_eq!(at(before(-99_999)).ranks(&event), all, "where nobody knows when that is");
}

#[test]
fn whom_no_rule_ranks_waits_for_a_person() {
    let (two, early) = (event(&[2, 3]), at(before(500)));
    assert!(early.leaves(&two).is_empty());
    let by = |change: fn(&mut EventState)| {
        let mut event = event(&[2, 3]);
        change(&mut event);
        event
    };
    let approval = by(|event| event.policy = Policy::Approval);
    assert_eq!(early.leaves(&approval), [2, 3]);
    assert!(at(before(-60)).leaves(&approval).is_empty(), "it is over");
    assert!(early.leaves(&EventState { closed: vec![feed(HOST)], ..approval.clone() }).is_empty());
    assert!(early.leaves(&EventState { cancelled: true, ..approval }).is_empty());
    let strict = by(|event| event.no_show_max = 2);
    let mut node = at(before(500));
    node.no_shows = [(feed(2), 1), (feed(3), 2)].into();
    assert_eq!(node.leaves(&strict), [3]);
    let closes = by(|event| event.closes = 60);
    assert_eq!((at(before(61)).leaves(&closes), at(before(60)).leaves(&closes)), (vec![], vec![2, 3]));
    let mut drawn = at(before(60));
    let lot = by(|event| (event.policy, event.closes) = (Policy::Lottery, 60));
    assert!(drawn.leaves(&lot).is_empty(), "lots are drawn first");
    drawn.noted.drawn = Some(vec![rsvp(2)]);
    assert_eq!(drawn.leaves(&lot), [3]);
    // Of a series each date has its own deadline.
    let series = by(|event| {
        (event.closes, event.founded_start) = (60, Some(event.start.clone()));
        event.repeat = Some("FREQ=DAILY;COUNT=99".into());
    });
    assert!(at(before(-10_000)).leaves(&series).is_empty());
}
