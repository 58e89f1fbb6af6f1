//! A hostile peer against a real node, with an honest one beside it: each lie ends as the spec says or does no
//! harm, memory and bytes stay bounded, and the honest peer is neither blamed nor starved.
//!
//! The liar is `examples/hostile`, which speaks the real handshake and frames.

#[path = "../../examples/hostile/liar.rs"]
mod liar;
#[path = "../../examples/hostile/lies.rs"]
mod lies;

use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use clap::ValueEnum;
use klatch::daemon::{Created, FollowLine, Me, Request, Response, socket};
use klatch::demo::actor::{Actor, Trouble};
use klatch::home::Home;
use klatch::net::report::PeerLine;
use klatch::network::Network;
use klatch_feed::{FeedId, Post, SecretKey, Seq};
use klatch_gossip::noise;
use klatch_gossip::sync::message::{Get, Message, Part};
use klatch_store::Store;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::time::timeout;

use crate::demo::program;
use liar::{End, Hand, Target, wants};
use lies::Lie;

/// What the target may take beyond what it had, for all lies one after another.
const LIES_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// What one connection may make it keep: what came and waits to be handled, and what waits to be sent.
const CONNECTION_BYTES_MAX: u64 = 5 * 1024 * 1024;
/// What it may send to a liar who asks for nothing: greeting, wishes, a search that leads nowhere, an error.
const SENT_BYTES_MAX: u64 = 32 * 1024;
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The target, and an honest peer of it; each follows the other.
struct Scene {
    folder: tempfile::TempDir,
    victim: Actor,
    honest: Actor,
    target: Target,
    group: String,
    /// How long the logs are.
    said: [Seq; 2],
    /// The honest peer's end of the connection, as the victim sees it.
    link: SocketAddr,
}

fn ask(actor: &Actor, request: Request) -> Response {
    let path = Home::at(&actor.home).socket().unwrap();
    socket::ask(&path, &request, &mut |_, _| {}).unwrap().unwrap()
}

fn up(actor: &mut Actor) -> Result<String, Trouble> {
    let ready: Value = actor.up(&["up", "--listen", "127.0.0.1:0", "--lan", "off"])?;
    Ok(ready["listen"][0].as_str().unwrap().to_owned())
}

impl Scene {
    /// The honest peer has `long` comments to give beside.
    fn new(long: usize) -> Result<Self, Trouble> {
        let folder = tempfile::tempdir().unwrap();
        let network = folder.path().join("network.json");
        let public = Network::new("hostile", [9; 32]).unwrap();
        std::fs::write(&network, public.to_text()).unwrap();
        let actor = |name| Actor::new(name, folder.path(), &network, program());
        let (mut victim, mut honest) = (actor("Vera")?, actor("Hope")?);
        let group = victim.ask::<Created, _>(&["group", "create", "Tea"])?;
        let mut said = [group.seq, 0];
        if long > 0 {
            said[1] = write_long(&honest, &public, group.id, long);
        }
        for (at, whom) in [(&victim, honest.feed), (&honest, victim.feed)] {
            let _: Value = at.ask(&["follow", &whom.to_string()])?;
        }
        let address = up(&mut victim)?;
        let _: Value = honest.ask(&["peer", "add", &format!("{}@{address}", victim.feed)])?;
        up(&mut honest)?;
        let net = noise::Network::new(public.id(), *public.key());
        let target = Target {
            address: address.parse().unwrap(),
            feed: victim.feed,
            network: net,
            honest: honest.feed,
        };
        let link = victim.until("the honest peer", |victim| {
            let peers: Vec<PeerLine> = victim.ask(&["peers"])?;
            Ok(peers.first().map(|line| line.address).ok_or_else(|| "nobody".to_owned()))
        })?;
        let group = group.id.to_string();
        let mut scene = Self { folder, victim, honest, target, group, said, link };
        scene.all_is_well("before any lie")?;
        Ok(scene)
    }

    /// What either posts the other sees, over the connection that has stood all the time, and nobody is blamed.
    fn all_is_well(&mut self, when: &str) -> Result<(), Trouble> {
        for (from, to, said) in [(&self.victim, &self.honest, 0), (&self.honest, &self.victim, 1)] {
            if self.said[said] > 0 {
                see(to, from, self.said[said])?;
            }
            let request = Request::Comment { object: self.group.clone(), text: when.to_owned(), tone: None };
            let Response::Created(created) = ask(from, request) else { panic!("{when}") };
            self.said[said] = created.seq;
            see(to, from, created.seq)?;
        }
        let peers: Vec<PeerLine> = self.victim.ask(&["peers"])?;
        let honest = peers.iter().find(|line| line.feed == self.honest.feed);
        assert_eq!(honest.map(|line| line.address), Some(self.link), "{when}: the honest peer was cut off");
        let me: Me = self.victim.ask(&["id"])?;
        assert_eq!(me.held, None, "{when}: own posts are taken");
        Ok(())
    }

    fn follow(&self, who: &Actor, lie: Lie) -> Result<(), Trouble> {
        let _: Value = who.ask(&["follow", &lie.secret().feed().to_string()])?;
        Ok(())
    }

    /// What a node holds of a feed that it follows.
    fn holds(&self, at: &Actor, feed: FeedId) -> FollowLine {
        let Response::Follows(lines) = ask(at, Request::Follows) else { panic!("follows were asked for") };
        lines.into_iter().find(|line| line.feed == feed).unwrap()
    }

    /// Bytes that the victim has had resident at most.
    fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.victim.pid().unwrap())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

fn see(at: &Actor, whose: &Actor, seq: Seq) -> Result<(), Trouble> {
    at.until(&format!("entry {seq} of {}", whose.name), |at| {
        let request = Request::Log { who: Some(whose.feed.to_string()), after: seq - 1, max: 1 };
        match ask(at, request) {
            Response::Log(lines) if lines.is_empty() => Ok(Err("nothing new".to_owned())),
            _ => Ok(Ok(())),
        }
    })
}

/// A log that the store itself writes; how long it is.
fn write_long(actor: &Actor, network: &Network, group: klatch_feed::EntryId, count: usize) -> Seq {
    let home = Home::at(&actor.home);
    let _lock = home.lock().unwrap();
    let mut store = Store::open(home.dir(), network.id(), actor.feed).unwrap();
    let text = |n| format!("comment {n} {}", "and so on ".repeat(40));
    let draft = |n| Post::Comment { object: group, reply: None, text: text(n), tone: None };
    let drafts = (0..count).map(|n| draft(n).draft(1_900_000_000_000, [0; 16]).unwrap()).collect();
    store.append(&home.secret().unwrap(), drafts).unwrap();
    store.reader().snapshot().unwrap().state(&actor.feed).unwrap().unwrap().len
}

/// What the liar does, within a minute.
fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { timeout(PATIENCE, work).await.expect("within a minute") })
}

#[test]
fn each_lie_ends_as_the_spec_says_and_harms_nobody() -> Result<(), Trouble> {
    let mut scene = Scene::new(0)?;
    for lie in [Lie::BadSignature, Lie::BadInterior, Lie::WithheldTail, Lie::PushTwice, Lie::ForgedProof] {
        scene.follow(&scene.victim, lie)?;
    }
    for lie in [Lie::BadInterior, Lie::Equivocate, Lie::StolenProof] {
        scene.follow(&scene.victim, lie)?;
        scene.follow(&scene.honest, lie)?;
    }
    let before = scene.peak();
    let mut lies = Lie::value_variants().to_vec();
    lies.sort_by_key(|lie| *lie == Lie::FloodHints); // Last: after it the target asks everybody for what was invented.
    for lie in lies {
        let (end, bytes) = run(lie.tell(&scene.target)).unwrap_or_else(|error| panic!("{lie:?}: {error}"));
        assert_eq!(end, lie.ends(), "{lie:?}");
        assert!(lie.is_flood() || bytes <= SENT_BYTES_MAX, "{lie:?} was sent {bytes} bytes");
        scene.all_is_well(&format!("after {lie:?}"))?;
    }
    let taken = scene.peak() - before;
    assert!(taken <= LIES_BYTES_MAX, "{taken} bytes");
    println!("{} lies, {} KiB more at the peak", Lie::value_variants().len(), taken / 1024);

    // What a liar may do to its own feed reaches everybody alike.
    let whole = Lie::BadInterior.secret().feed();
    see_whole(&scene, whole, 3)?;
    for at in [&scene.victim, &scene.honest] {
        let forked = at.until("the fork", |at| {
            let line = scene.holds(at, Lie::Equivocate.secret().feed());
            Ok(if line.cap.is_some() { Ok(line) } else { Err(format!("{line:?}")) })
        })?;
        assert_eq!(forked.cap, Some(0), "both branches begin at entry 1");
    }
    for (at, whom) in [(&scene.victim, &scene.honest), (&scene.honest, &scene.victim)] {
        assert_eq!(scene.holds(at, whom.feed).cap, None, "who lies to nobody is not said to have forked");
    }
    assert!(scene.folder.path().exists());
    Ok(())
}

fn see_whole(scene: &Scene, feed: FeedId, len: Seq) -> Result<(), Trouble> {
    for at in [&scene.victim, &scene.honest] {
        at.until("entries with bad signatures inside", |at| {
            let line = scene.holds(at, feed);
            Ok(if line.entries == len { Ok(()) } else { Err(format!("{line:?}")) })
        })?;
    }
    Ok(())
}

#[test]
fn a_stranger_may_want_as_many_feeds_as_a_message_holds_and_who_is_followed_more() -> Result<(), Trouble> {
    let scene = Scene::new(0)?;
    let friend = somebody(79, 2);
    let _: Value = scene.victim.ask(&["follow", &friend.feed().to_string()])?;
    let feeds = |from: u32, to: u32| {
        let feed = |n: u32| FeedId::new(std::array::from_fn(|at| n.to_be_bytes()[at % 4]));
        wants((from..to).map(feed).collect())
    };
    for (who, ends) in [(somebody(79, 1), End::Code(3)), (friend, End::Stands)] {
        run(async {
            let mut hand = Hand::greet(&scene.target, who, &[]).await.unwrap();
            hand.say(&feeds(0, 16_384)).await.unwrap();
            assert_eq!(hand.verdict().await.unwrap(), End::Stands, "as many as there is room for");
            hand.say(&feeds(16_384, 16_385)).await.unwrap();
            assert_eq!(hand.verdict().await.unwrap(), ends, "one more");
        });
    }
    Ok(())
}

/// Asks for a comment of the victim's, which must wait: what its owner is asked to do after it is done before.
fn waits(scene: &Scene, text: &str) -> JoinHandle<Response> {
    let entries = || scene.victim.ask::<Me, _>(&["id"]).unwrap().entries;
    let before = entries();
    let request = Request::Comment { object: scene.group.clone(), text: text.to_owned(), tone: None };
    let path = Home::at(&scene.victim.home).socket().unwrap();
    let post = std::thread::spawn(move || socket::ask(&path, &request, &mut |_, _| {}).unwrap().unwrap());
    for kind in 0..8 {
        let whom = somebody(kind, 99).feed().to_string();
        let _: Value = scene.victim.ask(&["follow", &whom]).unwrap();
    }
    assert!(!post.is_finished(), "{text}");
    assert_eq!(entries(), before, "{text}");
    post
}

/// What waited is done.
fn goes_on(scene: &Scene, post: JoinHandle<Response>) -> Result<Seq, Trouble> {
    scene.victim.until("what waited goes on", |_| match post.is_finished() {
        true => Ok(Ok(())),
        false => Ok(Err("it waits".to_owned())),
    })?;
    let Response::Created(created) = post.join().unwrap() else { panic!("a comment was asked for") };
    Ok(created.seq)
}

#[test]
fn who_claims_more_of_the_own_log_keeps_posts_waiting_while_connected_and_does_not_again()
-> Result<(), Trouble> {
    let mut scene = Scene::new(0)?;
    let secret = || somebody(77, 1);
    let claims = async || {
        let mut hand = Hand::meet(&scene.target, secret()).await.unwrap();
        hand.say(&liar::resume(Some((1_000, [0xec; 8])))).await.unwrap();
        hand.state(&[(scene.target.feed, 1_000, [0xec; 8])]).await.unwrap();
        assert!(hand.asked_for(&scene.target.feed).await.unwrap().is_ok(), "it is to prove it");
        hand
    };
    let is_seen = |scene: &Scene| {
        scene.victim.until("the liar", |victim| {
            let peers: Vec<PeerLine> = victim.ask(&["peers"])?;
            let line = peers.iter().find(|line| line.feed == secret().feed());
            Ok(line.map(|line| line.holds).ok_or_else(|| "not connected".to_owned()))
        })
    };
    let hand = run(claims());
    assert_eq!(is_seen(&scene)?, 0, "what is not there nobody holds");
    let post = waits(&scene, "is it so?");
    drop(hand);
    scene.said[0] = goes_on(&scene, post)?;
    let hand = run(claims());
    is_seen(&scene)?;
    scene.all_is_well("it said so before")?;
    drop(hand);
    Ok(())
}

#[test]
fn after_a_start_of_the_machine_posts_wait_for_the_first_contact() -> Result<(), Trouble> {
    let mut scene = Scene::new(0)?;
    scene.victim.down()?;
    let home = Home::at(&scene.victim.home);
    {
        let _lock = home.lock().unwrap();
        let mut store = Store::open(home.dir(), scene.target.network.id, scene.victim.feed).unwrap();
        store.set_local(&[("boot", b"boot", Some(b"another run of the machine"))]).unwrap();
    }
    // Somebody is known, and does not answer.
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("{}@{}", somebody(78, 1).feed(), deaf.local_addr().unwrap());
    let _: Value = scene.victim.ask(&["peer", "add", &nobody])?;
    let address = up(&mut scene.victim)?;
    let post = waits(&scene, "am I what I was?");
    // The one who holds the log comes: it is level, and what waited is said.
    let _: Value = scene.honest.ask(&["peer", "add", &format!("{}@{address}", scene.victim.feed)])?;
    let seq = goes_on(&scene, post)?;
    see(&scene.honest, &scene.victim, seq)?;
    scene.victim.down()?;
    up(&mut scene.victim)?;
    let request =
        Request::Comment { object: scene.group.clone(), text: "the same run".to_owned(), tone: None };
    assert!(matches!(ask(&scene.victim, request), Response::Created(created) if created.seq == seq + 1));
    Ok(())
}

/// Liars who hold on to their connections, eight of each kind.
const EACH: u8 = 8;

fn somebody(kind: u8, number: u8) -> SecretKey {
    SecretKey::from_seed(&[kind, number, 0x5a].repeat(11)[..32].try_into().unwrap())
}

/// Asks for all there is, again and again, and reads nothing, until the target takes no more of it.
async fn read_nothing(target: &Target, secret: SecretKey) -> Hand {
    let mut hand = Hand::greet(target, secret, &[]).await.unwrap();
    hand.say(&wants(vec![target.honest, target.feed])).await.unwrap();
    let get = |idx| Message::Get(Get { idx, from: 1, to: u32::MAX, part: Part::Entries, base8: None });
    hand.say_all(&[get(0), get(1)]).await.unwrap();
    let ping = vec![Message::Ping; 1_000];
    while let Ok(said) = timeout(Duration::from_millis(500), hand.say_all(&ping)).await {
        said.unwrap();
    }
    hand
}

/// Begins a message of a mebibyte, and sends a hundred bytes of it one by one.
async fn dribble(target: &Target, secret: SecretKey) -> Hand {
    let mut hand = Hand::greet(target, secret, &[]).await.unwrap();
    hand.say_plain(&1_048_576_u32.to_be_bytes()).await.unwrap();
    for _ in 0..100 {
        hand.say_plain(&[0]).await.unwrap();
    }
    hand
}

#[test]
fn liars_who_hold_on_cost_a_bounded_amount_and_starve_nobody() -> Result<(), Trouble> {
    let mut scene = Scene::new(8_000)?;
    let before = scene.peak();
    let target = scene.target.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let liars = runtime.block_on(async {
        let readers = (0..EACH).map(|number| {
            let target = target.clone();
            tokio::spawn(async move { read_nothing(&target, somebody(1, number)).await })
        });
        let mut hands = Vec::new();
        for reader in readers.collect::<Vec<_>>() {
            hands.push(timeout(PATIENCE, reader).await.unwrap().unwrap());
        }
        for number in 0..EACH {
            hands.push(dribble(&target, somebody(2, number)).await);
            let claim = (target.honest, 1_000_000, [7; 8]);
            hands.push(Hand::greet(&target, somebody(3, number), &[claim]).await.unwrap());
        }
        hands
    });
    scene.all_is_well("beside liars who hold on")?;
    let (taken, most) = (scene.peak() - before, u64::from(EACH) * 3 * CONNECTION_BYTES_MAX);
    println!("{} KiB for {} connections", taken / 1024, liars.len());
    assert!(taken <= most, "{taken} bytes");
    let peers: Vec<PeerLine> = scene.victim.ask(&["peers"])?;
    assert_eq!(peers.len(), usize::from(EACH) * 3 + 1, "slow is not hostile until a limit says so");
    Ok(())
}

/// How nice each thread of a name is, and how many turns at a core it has had.
#[cfg(target_os = "linux")]
fn threads(pid: u32, name: &str) -> Vec<(i32, u64)> {
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap();
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().map(|task| task.unwrap().path());
    let number = |text: &str, at| text.split(' ').nth(at).unwrap().trim().parse::<i64>().unwrap();
    let look = |task: std::path::PathBuf| {
        let stat = read(task.join("stat"));
        let nice = number(stat.rsplit_once(") ").unwrap().1, 16);
        (i32::try_from(nice).unwrap(), number(&read(task.join("schedstat")), 2).unsigned_abs())
    };
    tasks.filter(|task| read(task.join("comm")).trim() == name).map(look).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn strangers_are_served_by_one_thread_that_gives_way_and_friends_by_others() -> Result<(), Trouble> {
    let mut scene = Scene::new(0)?;
    let look = |scene: &Scene, name| threads(scene.victim.pid().unwrap(), name);
    let log = look(&scene, "klatch-log")[0];
    let before = look(&scene, "klatch-stranger");
    assert_eq!(before.len(), 1);
    assert!(before[0].0 > log.0 || log.0 == 19, "{before:?} beside {log:?}");
    scene.all_is_well("among friends")?;
    assert_eq!(look(&scene, "klatch-stranger"), before, "nothing of a friend's is its to do");
    run(Lie::FloodPings.tell(&scene.target)).unwrap();
    assert!(look(&scene, "klatch-stranger")[0].1 > before[0].1, "a stranger's connection ran elsewhere");
    Ok(())
}

#[test]
fn invented_hints_leave_room_for_whom_one_follows() -> Result<(), Trouble> {
    let mut scene = Scene::new(0)?;
    for name in ["Chess", "Choir", "Climbing", "Coffee", "Cooking"] {
        let _: Value = scene.victim.ask(&["group", "create", name])?;
    }
    let (end, _) = run(Lie::FloodHints.tell(&scene.target)).unwrap();
    assert_eq!(end, Lie::FloodHints.ends());
    // Sixteen messages of 4,096 about six groups were worked off before the one too many.
    let (wanted, is_honest_wanted) = run(async {
        let mut hand = Hand::greet(&scene.target, somebody(4, 0), &[]).await.unwrap();
        hand.verdict().await.unwrap();
        (hand.wanted.len(), hand.place(&scene.honest.feed).is_ok())
    });
    assert!(is_honest_wanted);
    let invented = wanted - 2;
    // One is a true hint, of the honest peer, which is followed anyway.
    assert!((16_383..=16_384).contains(&invented), "{invented} of 24,576");
    let Response::Log(own) = ask(&scene.victim, Request::Log { who: None, after: 0, max: 100 }) else {
        panic!("no log")
    };
    scene.said[0] = own.last().unwrap().seq;
    scene.all_is_well("after invented hints")
}

#[test]
fn handshakes_that_do_not_end_take_the_places_of_their_own_network_alone() -> Result<(), Trouble> {
    let mut scene = Scene::new(0)?;
    let (kept, closed) = run(async {
        let mut streams = Vec::new();
        for number in 0..64_u8 {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(SocketAddr::from(([127, 0, 1, 1 + number], 0))).unwrap();
            let mut stream = socket.connect(scene.target.address).await.unwrap();
            let _ = stream.write_all(&[0]).await; // It may be closed already.
            streams.push(stream);
        }
        let mut closed = 0;
        // Those past the limit are closed at once; the rest within five seconds.
        for stream in &mut streams[32..] {
            closed += usize::from(stream.read_u8().await.is_err());
        }
        (streams, closed)
    });
    assert_eq!(closed, 32, "one past 32 of a network is closed at accept");
    let network = scene.folder.path().join("network.json");
    let mut cleo = Actor::new("Cleo", scene.folder.path(), &network, program())?;
    let _: Value = cleo.ask(&["follow", &scene.victim.feed.to_string()])?;
    let _: Value = cleo.ask(&["peer", "add", &format!("{}@{}", scene.victim.feed, scene.target.address)])?;
    up(&mut cleo)?;
    see(&cleo, &scene.victim, scene.said[0])?;
    scene.all_is_well("beside handshakes that do not end")?;
    drop(kept);
    Ok(())
}
