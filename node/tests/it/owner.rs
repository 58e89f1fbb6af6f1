//! The owner of the log, in this process: what it takes from others, how it ranks, and when it stops posting.

use std::future::Future;

use klatch::daemon::create::create;
use klatch::daemon::{Admit, Daemon, Handle, Local, Options, Refusal, Request, Response, Schedule, Spaces};
use klatch::home::Home;
use klatch::network::Network;
use klatch_feed::post::{Answer, EventFields, Role};
use klatch_feed::{EntryId, EventState, FeedId};
use klatch_gossip::sync::{Ingest, Outcome};
use tempfile::TempDir;

/// Somebody with a home, whose owner runs in this process.
pub(crate) struct Somebody {
    dir: TempDir,
    daemon: Option<Daemon>,
}

pub(crate) const AUTO: Options = Options { live: true, admit: Admit::Auto };

impl Somebody {
    pub(crate) fn new(name: &str, options: Options) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let network = Network::public("owner tests").unwrap();
        create(&Home::at(dir.path().join("home")), &network, name, |_, _| Ok(())).unwrap();
        let mut somebody = Self { dir, daemon: None };
        somebody.start(options);
        somebody
    }

    pub(crate) fn home(&self) -> Home {
        Home::at(self.dir.path().join("home"))
    }

    pub(crate) fn start(&mut self, options: Options) {
        let home = self.home();
        self.daemon = Some(Daemon::start(&home, home.lock().unwrap(), options).unwrap());
    }

    pub(crate) fn restart(&mut self, options: Options) {
        self.daemon = None; // Lets go of the home.
        self.start(options);
    }

    pub(crate) fn handle(&self) -> Handle {
        self.daemon.as_ref().unwrap().handle()
    }

    pub(crate) fn ask(&self, request: Request) -> Result<Response, Refusal> {
        self.handle().call(request)
    }

    pub(crate) fn posts(&self, request: Request) -> EntryId {
        match self.ask(request) {
            Ok(Response::Created(created)) => created.id,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn schedules(&self, capacity: Option<u32>) -> EntryId {
        self.schedules_with(capacity, EventFields::default())
    }

    pub(crate) fn schedules_with(&self, capacity: Option<u32>, fields: EventFields) -> EntryId {
        self.posts(Request::Schedule(Schedule {
            group: None,
            title: "Tea".to_owned(),
            start: "2126-12-01T18:30".to_owned(),
            zone: "UTC".to_owned(),
            minutes: 60,
            place: String::new(),
            about: String::new(),
            capacity,
            split: false,
            repeat: None,
            fields: Box::new(fields),
            address: None,
            uid: None,
        }))
    }

    pub(crate) fn event(&self, id: &EntryId) -> EventState {
        self.handle().reader().snapshot().unwrap().event(id).unwrap().unwrap()
    }

    /// Their whole log, as a peer would send it.
    pub(crate) fn log(&self) -> Ingest {
        self.log_after(0)
    }

    pub(crate) fn log_after(&self, held: u32) -> Ingest {
        let (snapshot, feed) = (self.handle().reader().snapshot().unwrap(), self.handle().me());
        let chunk = snapshot.chunk(&feed, held + 1, false).unwrap().unwrap();
        let base = if held == 0 { None } else { snapshot.ids(&feed, &[held]).unwrap()[0] };
        Ingest { ticket: 0, feed, base8: base.map(|id| id.tip8()), chunk }
    }

    /// Takes logs in one round, as from one peer.
    pub(crate) fn takes(&self, logs: Vec<Ingest>) -> Vec<Outcome> {
        wait(self.handle().ingest(FeedId::new([9; 32]), logs)).unwrap()
    }
}

pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub(crate) fn yes(event: &EntryId) -> Request {
    let (event, note) = (event.to_string(), String::new());
    Request::Rsvp { event, on: None, answer: Answer::Yes, party: 1, note, answers: vec![] }
}

/// A guest who holds the host's log and said yes.
pub(crate) fn guest(name: &str, host: &Somebody, event: &EntryId) -> Somebody {
    let guest = Somebody::new(name, AUTO);
    guest.ask(Request::Follow { who: host.handle().me().to_string(), petname: None }).unwrap();
    assert!(matches!(guest.takes(vec![host.log()])[..], [Outcome::Accepted(_)]));
    guest.posts(yes(event));
    guest
}

pub(crate) fn hinted(host: &Somebody, event: &EntryId, guests: &[&Somebody]) {
    for guest in guests {
        wait(host.handle().hint(*event, guest.handle().me())).unwrap();
    }
}

#[test]
fn a_co_host_who_comes_late_seats_who_waits_on_the_hosts_list() {
    let host = Somebody::new("Host", AUTO);
    let event = host.schedules(Some(2));
    let mut cohost = Somebody::new("Cle", Options { admit: Admit::Manual, ..AUTO });
    cohost.ask(Request::Follow { who: host.handle().me().to_string(), petname: None }).unwrap();
    host.ask(Request::Follow { who: cohost.handle().me().to_string(), petname: None }).unwrap();
    host.takes(vec![cohost.log()]);
    let (object, who) = (event.to_string(), cohost.handle().me().to_string());
    host.ask(Request::Grant { object, who, role: Role::Host, quota: 1 }).unwrap();
    let guests = ["Ben", "Cat"].map(|name| guest(name, &host, &event));
    hinted(&host, &event, &guests.each_ref());
    host.takes(guests.iter().map(Somebody::log).collect());
    let state = host.event(&event);
    assert_eq!((state.seated.len(), state.waiting.len()), (1, 1), "one seat is not the host's to give");
    cohost.takes(vec![host.log()]);
    hinted(&cohost, &event, &guests.each_ref());
    cohost.takes(guests.iter().map(Somebody::log).collect());
    assert_eq!(cohost.event(&event).waiting.len(), 1, "it does nothing by itself yet");
    cohost.restart(AUTO);
    wait(cohost.handle().due(0)).unwrap();
    let state = cohost.event(&event);
    assert_eq!((state.seated.len(), state.waiting.len()), (2, 0));
}

#[test]
fn a_guest_who_brings_more_gets_their_seats_where_they_are_free() {
    let host = Somebody::new("Host", AUTO);
    let event = host.schedules(Some(3));
    let ben = guest("Ben", &host, &event);
    hinted(&host, &event, &[&ben]);
    host.takes(vec![ben.log()]);
    let seats = || host.event(&event).seated.first().map(|line| (line.party, line.asked));
    assert_eq!(seats(), Some((1, None)));
    let (mut held, parties) =
        (host.handle().reader().snapshot().unwrap(), [(3, (3, None)), (4, (3, Some(4)))]);
    for (party, seated) in parties {
        let len = held.state(&ben.handle().me()).unwrap().unwrap().len;
        let Request::Rsvp { event, on, answer, note, answers, .. } = yes(&event) else { unreachable!() };
        ben.posts(Request::Rsvp { event, on, answer, party, note, answers });
        host.takes(vec![ben.log_after(len)]);
        assert_eq!(seats(), Some(seated), "for {party}");
        held = host.handle().reader().snapshot().unwrap();
    }
    // By hand neither, since a line for all four would wait.
    let (people, on) = (vec![ben.handle().me().to_string()], None);
    let refused = host.ask(Request::Admit { event: event.to_string(), on, people });
    let Err(Refusal::NoEffect { problem }) = refused else { panic!("{refused:?}") };
    assert!(problem.to_string().contains("asks for 1 more; your share has room for 0"), "{problem}");
}

#[test]
fn a_host_takes_the_answers_of_strangers_it_heard_of_and_seats_them_in_their_order() {
    let host = Somebody::new("Host", AUTO);
    let event = host.schedules(Some(2));
    let guests = ["Ben", "Cat", "Dan"].map(|name| guest(name, &host, &event));
    let feeds = guests.each_ref().map(|guest| guest.handle().me());
    let refused = host.takes(vec![guests[0].log()]);
    assert_eq!(refused, [Outcome::Refused], "nobody has named them yet");

    hinted(&host, &event, &guests.each_ref());
    for at in [2, 0, 1] {
        assert!(matches!(host.takes(vec![guests[at].log()])[..], [Outcome::Accepted(_)]));
    }
    let state = host.event(&event);
    let mut first = [feeds[2], feeds[0]];
    first.sort();
    assert_eq!(state.seated.iter().map(|line| line.feed).collect::<Vec<_>>(), first);
    assert_eq!(state.waiting.iter().map(|line| line.feed).collect::<Vec<_>>(), [feeds[1]]);
    let wants = host.handle().wants().borrow().clone();
    assert!(wants.probation.is_empty(), "who answered is wanted for that");
    assert!(feeds.iter().all(|feed| wants.feeds.contains(feed)));
}

#[test]
fn answers_that_come_in_one_round_are_seated_as_they_came() {
    let host = Somebody::new("Host", AUTO);
    let event = host.schedules(Some(1));
    let guests = ["Ben", "Cat", "Dan"].map(|name| {
        let guest = Somebody::new(name, AUTO);
        let (feed, theirs) = (guest.handle().me().to_string(), host.handle().me().to_string());
        host.ask(Request::Follow { who: feed, petname: None }).unwrap();
        guest.ask(Request::Follow { who: theirs, petname: None }).unwrap();
        host.takes(vec![guest.log()]);
        guest.takes(vec![host.log()]);
        guest.posts(yes(&event));
        guest
    });
    let outcomes = host.takes([2, 1, 0].map(|at: usize| guests[at].log_after(2)).into());
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Accepted(_))), "{outcomes:?}");
    let state = host.event(&event);
    let order: Vec<_> = state.seated.iter().chain(&state.waiting).map(|line| line.feed).collect();
    assert_eq!(order, [2, 1, 0].map(|at: usize| guests[at].handle().me()));
}

#[test]
fn whoever_is_followed_is_known_by_their_first_entry_too() {
    let (host, ben) = (Somebody::new("Host", AUTO), Somebody::new("Ben", AUTO));
    let event = host.schedules(None);
    let feed = ben.handle().me();
    let trusted = || {
        let snapshot = host.handle().reader().snapshot().unwrap();
        snapshot.local(Spaces::FOLLOW, feed.as_bytes()).unwrap().unwrap()
    };
    let grant = |who: &FeedId| {
        let (object, who) = (event.to_string(), who.to_string());
        host.ask(Request::Grant { object, who, role: Role::Door, quota: 0 })
    };
    host.ask(Request::Follow { who: feed.to_string(), petname: None }).unwrap();
    assert!(matches!(grant(&feed), Err(Refusal::NotHeld { .. })));
    host.takes(vec![ben.log()]);
    let genesis = host.handle().reader().snapshot().unwrap().genesis(&feed).unwrap().unwrap();
    assert_eq!(trusted(), genesis.as_bytes());
    grant(&feed).unwrap();
    let other = vec![Local::of_feed(Spaces::FOLLOW, &feed, Some(vec![1; 32]))];
    wait(host.handle().set_local(other)).unwrap();
    assert!(matches!(grant(&feed), Err(Refusal::NoEffect { .. })), "another first entry is another person");
}

#[test]
fn an_identity_whose_words_were_not_shown_is_made_again_and_a_shown_one_never() {
    let dir = tempfile::tempdir().unwrap();
    let (home, network) = (Home::at(dir.path().join("home")), Network::public("owner tests").unwrap());
    let mut first = None;
    let cut_off = create(&home, &network, "Ana", |feed, _| {
        first = Some(feed);
        Err(std::io::ErrorKind::BrokenPipe.into())
    });
    assert!(cut_off.is_err() && home.check().is_err());
    let second = create(&home, &network, "Ana", |_, _| Ok(())).unwrap();
    assert_ne!(Some(second), first);
    assert!(create(&home, &network, "Ana", |_, _| Ok(())).is_err());
    assert_eq!(home.secret().unwrap().feed(), second);
}

#[test]
fn by_hand_means_by_hand() {
    let host = Somebody::new("Host", Options { admit: Admit::Manual, ..AUTO });
    let event = host.schedules(None);
    let ben = guest("Ben", &host, &event);
    hinted(&host, &event, &[&ben]);
    host.takes(vec![ben.log()]);
    assert_eq!((host.event(&event).seated.len(), host.event(&event).provisional.len()), (0, 1));
    let admit = Request::Admit { event: event.to_string(), on: None, people: Vec::new() };
    assert!(matches!(host.ask(admit.clone()).unwrap(), Response::Admitted(a) if a.ranked.len() == 1));
    assert_eq!(host.event(&event).seated.len(), 1);
    assert!(matches!(host.ask(admit).unwrap(), Response::Admitted(a) if a.id.is_none()), "nobody is left");
}

#[test]
fn a_node_that_was_off_ranks_what_came_meanwhile_when_it_starts() {
    let mut host = Somebody::new("Host", Options { admit: Admit::Manual, ..AUTO });
    let event = host.schedules(None);
    let ben = guest("Ben", &host, &event);
    hinted(&host, &event, &[&ben]);
    host.takes(vec![ben.log()]);
    host.daemon = None;
    host.start(AUTO);
    host.ask(Request::Id).unwrap();
    // The owner answers writes only after it woke.
    host.posts(Request::Comment { object: event.to_string(), text: "hello".to_owned(), tone: None });
    assert_eq!(host.event(&event).seated.len(), 1);
}

#[test]
fn nothing_of_a_blocked_feed_is_wanted_or_taken() {
    let host = Somebody::new("Host", AUTO);
    let event = host.schedules(None);
    let ben = guest("Ben", &host, &event);
    let feed = ben.handle().me();
    host.ask(Request::Follow { who: feed.to_string(), petname: None }).unwrap();
    assert!(host.handle().wants().borrow().feeds.contains(&feed));
    host.ask(Request::Block { who: feed.to_string() }).unwrap();
    hinted(&host, &event, &[&ben]);
    assert_eq!(host.takes(vec![ben.log()]), [Outcome::Refused]);
    assert!(!host.handle().wants().borrow().feeds.contains(&feed));
}

#[test]
fn hints_about_what_is_asked_for_are_kept_up_to_their_limit_and_others_not_at_all() {
    let host = Somebody::new("Host", AUTO);
    let event = host.schedules(None);
    let handle = host.handle();
    let feed = |n: u32| FeedId::new([&n.to_be_bytes()[..], &[7; 28]].concat().try_into().unwrap());
    wait(async {
        for n in 0..4097 {
            handle.hint(event, feed(n)).await.unwrap();
        }
        handle.hint(EntryId::new([1; 32]), feed(5000)).await.unwrap();
    });
    // An answer to a write means that all before it was looked at.
    host.posts(Request::Comment { object: event.to_string(), text: "hello".to_owned(), tone: None });
    let wants = handle.wants().borrow().clone();
    assert_eq!(wants.probation.len(), 4096);
    assert!(!wants.feeds.contains(&feed(5000)));
}

#[test]
fn many_who_post_at_once_each_get_a_place_of_their_own() {
    let host = Somebody::new("Host", AUTO);
    let event = host.schedules(None);
    let mut places: Vec<u32> = std::thread::scope(|scope| {
        let post = |n: u32| {
            let (handle, object) = (host.handle(), event.to_string());
            scope.spawn(move || {
                match handle.call(Request::Comment { object, text: n.to_string(), tone: None }) {
                    Ok(Response::Created(created)) => created.seq,
                    other => panic!("{other:?}"),
                }
            })
        };
        let posts: Vec<_> = (0..40).map(post).collect();
        posts.into_iter().map(|post| post.join().unwrap()).collect()
    });
    places.sort_unstable();
    assert_eq!(places, (4..44).collect::<Vec<u32>>());
}

#[test]
fn a_bad_post_in_a_round_spoils_no_other() {
    let host = Somebody::new("Host", AUTO);
    let event = host.schedules(None);
    std::thread::scope(|scope| {
        for n in 0..20usize {
            let (handle, object) = (host.handle(), event.to_string());
            let text = "x".repeat(if n % 2 == 0 { 10 } else { 8001 });
            scope.spawn(move || {
                let done = handle.call(Request::Comment { object, text, tone: None });
                assert_eq!(done.is_ok(), n % 2 == 0, "{done:?}");
            });
        }
    });
}

#[test]
fn a_second_copy_of_a_home_stops_posts_as_soon_as_it_is_seen() {
    let mut ana = Somebody::new("Ana", AUTO);
    let event = ana.schedules(None);
    ana.daemon = None;
    let twin_dir = tempfile::tempdir().unwrap();
    let (from, to) = (ana.dir.path().join("home"), twin_dir.path().join("home"));
    std::fs::create_dir(&to).unwrap();
    for file in std::fs::read_dir(&from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
    let mut twin = Somebody { dir: twin_dir, daemon: None };
    ana.start(AUTO);
    twin.start(AUTO);
    twin.posts(yes(&event));

    assert!(matches!(ana.takes(vec![twin.log_after(3)])[..], [Outcome::Accepted(state)] if state.len > 3));
    let Response::Me(me) = ana.ask(Request::Id).unwrap() else { panic!() };
    assert!(me.entries > 3, "what another copy posted is taken, and said");
    assert!(me.held.is_some_and(|why| why.contains("another copy")));
    assert!(matches!(ana.ask(yes(&event)), Err(Refusal::Held { .. })));
}

#[test]
fn an_event_that_merely_claims_a_group_is_not_asked_about() {
    let host = Somebody::new("Host", AUTO);
    let group = host.posts(Request::GroupCreate {
        name: "Rust".to_owned(),
        owners: Vec::new(),
        schedulers: klatch_feed::post::Schedulers::Organizers,
        joining: klatch_feed::post::Joining::Open,
        silence: None,
    });
    let wants = host.handle().wants().borrow().clone();
    assert_eq!(wants.objects.iter().collect::<Vec<_>>(), [&group]);
    // A stranger's node signs what this one would refuse to: an event in a group of others.
    let ben = Somebody::new("Ben", AUTO);
    let claim = klatch_feed::Post::Event {
        group: Some(group),
        title: "Spam".to_owned(),
        start: "2126-12-01T18:30".to_owned(),
        zone: "UTC".to_owned(),
        minutes: 60,
        capacity: None,
        split: false,
        repeat: None,
    };
    let event = wait(ben.handle().post(vec![claim])).unwrap()[0];
    hinted(&host, &group, &[&ben]);
    assert!(matches!(host.takes(vec![ben.log()])[..], [Outcome::Accepted(_)]));
    assert!(!host.event(&event).in_group);
    assert!(!host.handle().wants().borrow().objects.contains(&event));
}

#[test]
fn who_is_named_before_somebody_with_a_seat_takes_of_the_room_for_their_people() {
    let manual = Options { admit: Admit::Manual, ..AUTO };
    let host = Somebody::new("Host", manual);
    let event = host.schedules(Some(3));
    let [ben, cat] = ["Ben", "Cat"].map(|name| guest(name, &host, &event));
    hinted(&host, &event, &[&ben, &cat]);
    host.takes(vec![ben.log(), cat.log()]);
    let admits = |people: &[&Somebody]| {
        let people = people.iter().map(|who| who.handle().me().to_string()).collect();
        host.ask(Request::Admit { event: event.to_string(), on: None, people })
    };
    let Ok(Response::Admitted(admitted)) = admits(&[&ben]) else { panic!("not admitted") };
    assert_eq!(admitted.names, ["Ben"]);
    let held = host.handle().reader().snapshot().unwrap().state(&ben.handle().me()).unwrap().unwrap().len;
    let Request::Rsvp { event: of, on, answer, note, answers, .. } = yes(&event) else { unreachable!() };
    ben.posts(Request::Rsvp { event: of, on, answer, party: 3, note, answers });
    host.takes(vec![ben.log_after(held)]);
    let refused = admits(&[&cat, &ben]);
    let Err(Refusal::NoEffect { problem }) = refused else { panic!("{refused:?}") };
    assert!(problem.to_string().contains("asks for 2 more; your share has room for 1"), "{problem}");
    admits(&[&ben]).unwrap();
    assert_eq!(host.event(&event).seated[0].party, 3);
}

#[test]
fn an_address_of_a_node_is_given_once_where_it_stands_first() {
    let ana = Somebody::new("Ana", AUTO);
    ana.handle().set_addresses(["a:1", "b:1", "a:1"].map(str::to_owned).to_vec());
    assert_eq!(ana.handle().addresses(), ["a:1", "b:1"]);
}
