//! One owner of the log, and the typed requests that everything else sends it.
//!
//! A dedicated thread owns the [`Store`]: every write goes through its queue, which it drains and
//! commits together. Reads take snapshots beside it and wait for nobody. The command line, the socket
//! and the network part hold a [`Handle`]; nobody else holds the store. Absent on purpose: sockets to
//! other nodes, which are the network part's.

pub(crate) mod boot;
pub mod create;
mod delete;
mod hold;
pub(crate) mod inbox;
mod local;
mod news;
pub(crate) mod occurrence;
mod owner;
mod read;
pub mod recovery;
mod refusal;
mod request;
mod response;
mod room;
mod sealing;
mod seats;
mod sentence;
pub mod socket;
mod steering;
pub mod succeed;
mod wants;
mod write;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use klatch_feed::{EntryId, FeedId, ForkProof, NetId, Post, SecretKey, Seq, Successor};
use klatch_gossip::sync::{Ingest, Millis, Outcome};
use klatch_store::{Changes, DiskError, Held, OpenError, Reader, Snapshot, Store};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

pub use inbox::{Notice, What};
pub use local::{Local, Spaces};
pub(crate) use local::{called, own_name, people, today};
pub(crate) use read::cancelled;
pub(crate) use read::hidden::{self, TITLE as HIDDEN_TITLE};
pub use refusal::*;
pub use request::{DoorNote, Find, PollRequest, Request, Schedule};
pub use response::*;
pub use room::{NoRoom, Quota};
pub use sentence::{Said, Sentence};
pub use wants::Wants;
pub(crate) use write::below;

use crate::clock::Stopwatch;
use crate::home::{Home, HomeError, Lock};
use crate::net::{NetRequest, NetResponse};
use crate::network::Network;
use crate::pub_server;
use crate::web::session::Sessions;
use owner::regain::own_id8;
use owner::{Command, Owner, Update};
use recovery::{Evidence, Heard, Id8, Recovery};
use succeed::OpenHomeError;

/// Commands that may wait for the owner; who sends more waits with them.
const QUEUE_MAX: usize = 1024;
/// Commits that a slow listener may lag behind before it has to look for itself.
const CHANGES_MAX: usize = 1024;
/// Notices that wait for whoever tells them.
const NOTICES_MAX: usize = 256;
/// Bytes of a feed that is wanted only because somebody hinted at it.
pub const PROBATION_BYTES_MAX: u64 = 1024 * 1024;

/// How a node treats what reaches it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Keep [`Handle::wants`] current and rank RSVPs: off for one command on the log.
    pub live: bool,
    /// Who ranks RSVPs to the events this node's owner hosts.
    pub admit: Admit,
}

/// Who ranks RSVPs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Admit {
    /// The node, in the order in which they reach it.
    #[default]
    Auto,
    /// `klatch event admit` alone.
    Manual,
}

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The home.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The database.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The system gives no thread.
    #[error("no thread for the log: {0}")]
    Thread(std::io::Error),
}

/// A started node. Dropping it stops the owner after what it was asked so far.
#[derive(Debug)]
pub struct Daemon {
    handle: Option<Handle>,
    thread: Option<JoinHandle<()>>,
}

/// The way to the owner. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    queue: mpsc::Sender<Command>,
    shared: Arc<Shared>,
}

/// What is read beside the owner.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) me: FeedId,
    pub(crate) network: Network,
    pub(crate) secret: Arc<SecretKey>,
    pub(crate) reader: Reader,
    pub(crate) changes: broadcast::Sender<Arc<Changes>>,
    pub(crate) wants: watch::Sender<Arc<Wants>>,
    /// What this node's person is to be told.
    pub(crate) notices: broadcast::Sender<Notice>,
    /// The first listener to that hears it from the start on.
    pub(crate) unheard: Mutex<Option<broadcast::Receiver<Notice>>>,
    /// Who ranks RSVPs.
    pub(crate) admit: Admit,
    /// Says that local facts changed.
    pub(crate) facts: watch::Sender<()>,
    /// Says that a door that is open here shows something else.
    pub(crate) doors: watch::Sender<()>,
    /// Feeds whose chunks were refused last, and why.
    pub(crate) refused: Mutex<BTreeMap<FeedId, NoRoom>>,
    /// What was read of the own log for the inbox.
    said: Mutex<read::Said>,
    /// Why own posts are refused now, if they are.
    pub(crate) held: Mutex<Option<Held>>,
    /// What is known of a recovery, while there is one.
    pub(crate) recovery: Mutex<Option<Recovery>>,
    /// Another node with the own key is connected.
    pub(crate) twin: AtomicBool,
    settle: AtomicU64,
    clock: Stopwatch,
    /// Own posts wait while a peer's word is looked into.
    pub(crate) paused: AtomicBool,
    addresses: Mutex<Vec<String>>,
    connections: Mutex<Option<usize>>,
    /// The most that any peer is known to hold of the own feed, since the node started.
    pub(crate) sent: AtomicU32,
    /// See [`Handle::losses`]; the owner alone counts.
    pub(crate) losses: AtomicU64,
    net: OnceLock<mpsc::Sender<NetCall>>,
    page: OnceLock<Arc<Sessions>>,
}

impl Shared {
    /// Milliseconds since the node started.
    pub(crate) fn now(&self) -> Millis {
        Millis::try_from(self.clock.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    /// A recovery that begins now.
    fn begin(&self, why: &Held) -> Recovery {
        let snapshot = self.reader.snapshot();
        let state = snapshot.and_then(|snapshot| snapshot.state(&self.me)).ok().flatten();
        let settle = self.settle.load(Ordering::Relaxed);
        let mut recovery = Recovery::new(settle, self.now(), why.least(), state.map_or(0, |state| state.len));
        if self.twin.load(Ordering::Relaxed) {
            recovery.twin(self.now(), true);
        }
        recovery
    }

    /// How far a recovery is; `None` if there is none.
    pub(crate) fn standing(&self) -> Option<Evidence> {
        let evidence = self.recovery.lock().unwrap_or_else(PoisonError::into_inner);
        evidence.as_ref().map(|recovery| recovery.standing(self.now()))
    }
}

/// A request for the network part, and where its answer goes.
#[derive(Debug)]
pub struct NetCall {
    /// What is asked.
    pub request: NetRequest,
    /// Where to answer.
    pub reply: oneshot::Sender<Result<NetResponse, Refusal>>,
}

/// Progress of long work: done and total, in entries.
pub type Progress<'a> = &'a mut (dyn FnMut(u64, u64) + Send);

impl Daemon {
    /// Starts the owner of `home`, which must be finished and `lock`ed.
    pub fn start(home: &Home, lock: Lock, options: Options) -> Result<Self, StartError> {
        home.check()?;
        let network = home.network()?;
        let (secret, store) = succeed::open(home, &network).map_err(|error| match error {
            OpenHomeError::Home(error) => StartError::Home(error),
            OpenHomeError::Store(error) => StartError::Store(error),
        })?;
        Self::of(store, secret, network, lock, options)
    }

    /// Starts the owner of a store that is open.
    pub fn of(
        store: Store,
        secret: SecretKey,
        network: Network,
        lock: Lock,
        options: Options,
    ) -> Result<Self, StartError> {
        let (handle, owner, commands) = Self::prepared(store, secret, network, options);
        let thread = std::thread::Builder::new()
            .name("klatch-log".to_owned())
            .spawn(move || {
                let _lock = lock; // Let go of only after the store is closed.
                owner.run(commands);
            })
            .map_err(StartError::Thread)?;
        Ok(Self { handle: Some(handle), thread: Some(thread) })
    }

    /// All that there is before the owner runs.
    fn prepared(
        store: Store,
        secret: SecretKey,
        network: Network,
        options: Options,
    ) -> (Handle, Owner, mpsc::Receiver<Command>) {
        let (queue, commands) = mpsc::channel(QUEUE_MAX);
        let (notices, unheard) = broadcast::channel(NOTICES_MAX);
        let shared = Arc::new(Shared {
            me: secret.feed(),
            network,
            secret: Arc::new(secret),
            reader: store.reader(),
            changes: broadcast::Sender::new(CHANGES_MAX),
            wants: watch::Sender::new(Arc::default()),
            notices,
            unheard: Mutex::new(Some(unheard)),
            admit: options.admit,
            facts: watch::Sender::new(()),
            doors: watch::Sender::new(()),
            refused: Mutex::default(),
            said: Mutex::default(),
            held: Mutex::default(),
            recovery: Mutex::default(),
            settle: AtomicU64::new(recovery::SETTLE),
            clock: Stopwatch::start(),
            paused: AtomicBool::new(false),
            twin: AtomicBool::new(false),
            addresses: Mutex::default(),
            connections: Mutex::default(),
            sent: AtomicU32::new(0),
            losses: AtomicU64::new(0),
            net: OnceLock::new(),
            page: OnceLock::new(),
        });
        if options.live {
            match shared.reader.snapshot().and_then(|snapshot| wants::at_start(&snapshot, shared.me)) {
                Ok(wants) => drop(shared.wants.send_replace(Arc::new(wants))),
                Err(error) => tracing::error!(%error, "whom this node follows cannot be read yet"),
            }
        }
        let mut owner = Owner::new(store, Arc::clone(&shared), options);
        owner.note_held();
        owner.tell_dropped();
        (Handle { queue, shared }, owner, commands)
    }

    /// A way to the owner.
    pub fn handle(&self) -> Handle {
        self.handle.clone().expect("there is a handle until the daemon is dropped")
    }
}

impl Drop for Daemon {
    /// Waits until the store is closed. Clones of the handle are refused from here on.
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            // The queue may be full, and this may be a task of a runtime: a plain `try` until it takes.
            while let Err(mpsc::error::TrySendError::Full(_)) = handle.queue.try_send(Command::Stop) {
                std::thread::yield_now();
            }
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // A panic there has been reported by the hook.
        }
    }
}

impl Handle {
    /// Asks, and waits for the answer. Blocks: from async code, use `tokio::task::spawn_blocking`.
    pub fn call(&self, request: Request) -> Result<Response, Refusal> {
        self.call_with(request, &mut |_, _| {})
    }

    /// As [`Handle::call`], telling how far long work is.
    pub fn call_with(&self, request: Request, progress: Progress<'_>) -> Result<Response, Refusal> {
        if let Request::Net(request) = request {
            return self.call_net(request);
        }
        if let Request::Pub(request) = request {
            return pub_server::answer(self, request).map(Response::Pub);
        }
        if let Request::Page { token } = request {
            return self.page(token);
        }
        if let Some(answer) = read::answer(&self.shared, &self.addresses(), &request, progress) {
            return answer;
        }
        let (told, mut tell) = mpsc::channel(16);
        let (reply, answer) = oneshot::channel();
        let command = Command::Call { request, progress: told, reply };
        self.queue.blocking_send(command).map_err(|_| Refusal::Stopping)?;
        while let Some((done, total)) = tell.blocking_recv() {
            progress(done, total);
        }
        answer.blocking_recv().map_err(|_| Refusal::Stopping)?
    }

    fn call_net(&self, request: NetRequest) -> Result<Response, Refusal> {
        let net = self.shared.net.get().ok_or(Refusal::NoNode)?;
        let (reply, answer) = oneshot::channel();
        net.blocking_send(NetCall { request, reply }).map_err(|_| Refusal::Stopping)?;
        answer.blocking_recv().map_err(|_| Refusal::Stopping)?.map(Response::Net)
    }

    fn page(&self, token: bool) -> Result<Response, Refusal> {
        let without = || if self.shared.net.get().is_some() { Refusal::NoPage } else { Refusal::NoNode };
        let sessions = self.shared.page.get().ok_or_else(without)?;
        Ok(Response::Page(if token { sessions.token() } else { sessions.link() }))
    }

    /// The page that [`Request::Page`] leads into. Once per daemon.
    pub fn serve_page(&self, sessions: Arc<Sessions>) {
        let _ = self.shared.page.set(sessions); // A process has one page.
    }

    /// The network part takes [`Request::Net`] from here on. Once per daemon.
    pub fn serve_net(&self) -> Option<mpsc::Receiver<NetCall>> {
        let (send, receive) = mpsc::channel(16);
        self.shared.net.set(send).ok().map(|()| receive)
    }

    /// Where this node can be reached, for share lines: `host:port`, best first.
    pub fn set_addresses(&self, mut addresses: Vec<String>) {
        let mut seen = std::collections::BTreeSet::new(); // The public one may be this machine's own.
        addresses.retain(|address| seen.insert(address.clone()));
        *self.shared.addresses.lock().unwrap_or_else(PoisonError::into_inner) = addresses;
    }

    /// What [`Handle::set_addresses`] was told last.
    pub fn addresses(&self) -> Vec<String> {
        self.shared.addresses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many connections are open, as the network part says.
    pub fn set_connections(&self, count: usize) {
        *self.shared.connections.lock().unwrap_or_else(PoisonError::into_inner) = Some(count);
    }

    /// What [`Handle::set_connections`] was told last; `None` where there is no network part.
    pub fn connections(&self) -> Option<usize> {
        *self.shared.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Some peer holds so many of this node's own entries.
    pub fn note_sent(&self, len: Seq) {
        self.shared.sent.fetch_max(len, Ordering::Relaxed);
    }

    /// A recovery waits so long for something longer; `None` = as long as the rules say.
    pub(crate) fn settle_after(&self, wait: Option<Millis>) {
        let wait = wait.unwrap_or(recovery::SETTLE).min(recovery::SETTLE);
        self.shared.settle.store(wait, Ordering::Relaxed);
        let mut evidence = self.shared.recovery.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(recovery) = evidence.as_mut() {
            recovery.settle_after(wait);
        }
    }
    /// Whether what a peer says of the own feed is on the chain held here.
    pub(crate) fn agrees(&self, (len, id8): (Seq, Id8)) -> Result<bool, DiskError> {
        let snapshot = self.shared.reader.snapshot()?;
        Ok(own_id8(&snapshot, &self.shared, len) == Some(id8))
    }
    /// What the connected say of the own feed. While a recovery goes on, answers in how many milliseconds to
    /// come again; ends it when it is over.
    pub(crate) fn hear(&self, heard: impl Iterator<Item = Heard>) -> Option<Millis> {
        let now = self.shared.now();
        let mut evidence = self.shared.recovery.lock().unwrap_or_else(PoisonError::into_inner);
        let recovery = evidence.as_mut()?;
        if let Ok(snapshot) = self.shared.reader.snapshot() {
            let mine = |seq| own_id8(&snapshot, &self.shared, seq);
            for Heard { peer, home, claim } in heard.filter(|heard| heard.peer != self.shared.me) {
                match claim {
                    Some(claim) => recovery.claims(now, peer, home, claim, mine),
                    None => recovery.claims_nothing(peer),
                }
            }
        }
        let standing = recovery.standing(now);
        if standing.ready {
            // Where the queue is full, the next look tries again.
            let _ = self.queue.try_send(Command::Settle { len: recovery.held() });
        }
        Some(standing.ready_at.map_or(recovery::SETTLE, |at| at.saturating_sub(now).max(1000)))
    }
    /// Another node with this node's own key connected, or went.
    pub(crate) fn twin(&self, here: bool) {
        let mut evidence = self.shared.recovery.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.twin.store(here, Ordering::Relaxed);
        if let Some(recovery) = evidence.as_mut() {
            recovery.twin(self.shared.now(), here);
        }
    }
    /// Own posts wait, or go on.
    pub(crate) fn pause(&self, paused: bool) {
        self.shared.paused.store(paused, Ordering::Relaxed);
        if !paused {
            let _ = self.queue.try_send(Command::GoOn); // Where the queue is full, a round follows anyway.
        }
    }
    /// Why own posts are refused now, and what to do, if they are.
    pub fn held(&self) -> Option<String> {
        let held = self.shared.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().map(recovery::plainly)
    }
    /// Whose node this is.
    pub fn me(&self) -> FeedId {
        self.shared.me
    }
    /// The network it belongs to.
    pub fn network(&self) -> &Network {
        &self.shared.network
    }
    /// What the network's name stands for in signatures.
    pub fn net_id(&self) -> NetId {
        self.shared.network.id()
    }
    /// The key, for handshakes and doors. Own posts go through [`Handle::post`].
    pub fn secret(&self) -> Arc<SecretKey> {
        Arc::clone(&self.shared.secret)
    }
    /// Snapshots of the log.
    pub fn reader(&self) -> Reader {
        self.shared.reader.clone()
    }
    /// What every commit from here on changes. Who lags is told so, and has to look for itself.
    pub fn changes(&self) -> broadcast::Receiver<Arc<Changes>> {
        self.shared.changes.subscribe()
    }
    /// What this node wants of others; current while the node is live.
    pub fn wants(&self) -> watch::Receiver<Arc<Wants>> {
        self.shared.wants.subscribe()
    }

    /// Changes whenever local facts do.
    pub fn facts(&self) -> watch::Receiver<()> {
        self.shared.facts.subscribe()
    }
    /// Changes whenever a door that is open here shows another code, or somebody came.
    pub fn doors(&self) -> watch::Receiver<()> {
        self.shared.doors.subscribe()
    }
    /// A door shows something else.
    pub(crate) fn door_turned(&self) {
        self.shared.doors.send_replace(());
    }
    /// Feeds whose chunks were refused last since there is no room for them, and why.
    pub fn refused(&self) -> BTreeMap<FeedId, NoRoom> {
        self.shared.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Accepts or refuses chunks that `from` sent; outcomes in order, after a durable commit.
    pub async fn ingest(&self, from: FeedId, batch: Vec<Ingest>) -> Result<Vec<Outcome>, Refusal> {
        self.ask(|reply| Command::Ingest { from, batch, reply }).await
    }
    /// Keeps a proof that was checked.
    pub async fn fork(&self, proof: ForkProof) -> Result<(), Refusal> {
        self.tell(Command::Fork(Box::new(proof))).await
    }
    /// Keeps who succeeds a feed, if it says anything; `false` where that could not be written.
    pub async fn succeeded(&self, successor: Box<Successor>) -> Result<bool, Refusal> {
        self.ask(|reply| Command::Succeeded { successor, reply }).await
    }
    /// Puts the chain that a successor keeps in the place of the one that is held.
    pub async fn branch(&self, feed: FeedId, chunks: Vec<Vec<u8>>) -> Result<(), Refusal> {
        self.tell(Command::Branch { feed, chunks }).await
    }
    /// Keeps bodies that came late, from this place on.
    pub async fn bodies(&self, feed: FeedId, from: Seq, bodies: Vec<Option<Vec<u8>>>) -> Result<(), Refusal> {
        self.tell(Command::Bodies { feed, from, bodies }).await
    }
    /// Somebody is said to have written about an object: wants them on probation.
    pub async fn hint(&self, object: EntryId, author: FeedId) -> Result<(), Refusal> {
        self.tell(Command::Hint { object, author }).await
    }
    /// Remembers something of a peer. Nobody waits for it: what is lost costs a longer meeting. A token of a meeting that
    /// began at other [`Handle::losses`] is passed over: what it vouches for is not all here.
    pub async fn remember(&self, memory: Local, losses: u64) -> Result<(), Refusal> {
        self.tell(Command::Remember { memory, losses }).await
    }
    /// How often something was lost that peers had said and do not say again on their connections.
    pub fn losses(&self) -> u64 {
        self.shared.losses.load(Ordering::Relaxed)
    }
    /// Posts in one durable commit; ids in order.
    pub async fn post(&self, posts: Vec<Post>) -> Result<Vec<EntryId>, Refusal> {
        self.ask(|reply| Command::Post { posts, reply }).await?
    }
    /// What this node's person is to be told, each once: the first to ask hears it from the node's start on.
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        let first = self.shared.unheard.lock().unwrap_or_else(PoisonError::into_inner).take();
        first.unwrap_or_else(|| self.shared.notices.subscribe())
    }
    /// Does what is due at `now_ms` (milliseconds since 1970) at events that this node hosts; answers when something
    /// is next. The node does so by itself as time goes on.
    pub async fn due(&self, now_ms: i64) -> Result<Option<i64>, Refusal> {
        self.ask(|reply| Command::Due { now_ms, reply }).await?
    }
    /// Sets (or removes) local facts.
    pub async fn set_local(&self, sets: Vec<Local>) -> Result<(), Refusal> {
        self.ask(|reply| Command::Local { sets, reply }).await?
    }
    /// Reads, and sets the local facts that follow, with no other write in between. What `decide` answers
    /// comes back once the facts are durable.
    pub async fn update<T: Send + 'static>(&self, decide: impl Decide<T>) -> Result<T, Refusal> {
        self.ask(|reply| update(decide, reply)).await?
    }
    /// As [`Handle::update`], for who is not async.
    pub fn update_blocking<T: Send + 'static>(&self, decide: impl Decide<T>) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.queue.blocking_send(update(decide, reply)).map_err(|_| Refusal::Stopping)?;
        answer.blocking_recv().map_err(|_| Refusal::Stopping)?
    }
    /// Drops what is held of a feed, unless something wants it: then it stays. Returns whether it stays.
    pub fn forget_blocking(&self, feed: FeedId) -> Result<bool, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.queue.blocking_send(Command::Forget { feed, reply }).map_err(|_| Refusal::Stopping)?;
        answer.blocking_recv().map_err(|_| Refusal::Stopping)?
    }

    async fn tell(&self, command: Command) -> Result<(), Refusal> {
        self.queue.send(command).await.map_err(|_| Refusal::Stopping)
    }
    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.tell(command(reply)).await?;
        answer.await.map_err(|_| Refusal::Stopping)
    }
}

/// What [`Handle::update`] is given: from the log, the facts to set and an answer.
pub trait Decide<T>: FnOnce(&Snapshot) -> Result<(Vec<Local>, T), Refusal> + Send + 'static {}

impl<T, F: FnOnce(&Snapshot) -> Result<(Vec<Local>, T), Refusal> + Send + 'static> Decide<T> for F {}

fn update<T: Send + 'static>(decide: impl Decide<T>, reply: oneshot::Sender<Result<T, Refusal>>) -> Command {
    Command::Update(Update(Box::new(|snapshot| {
        let (sets, answer) = match decide(snapshot) {
            Ok((sets, value)) => (sets, Ok(value)),
            Err(refusal) => (Vec::new(), Err(refusal)),
        };
        let tell = |done: Result<(), Refusal>| drop(reply.send(done.and(answer)));
        (sets, Box::new(tell))
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_one_follows_is_wanted_before_the_log_was_looked_through() {
        let dir = tempfile::tempdir().unwrap();
        let (home, network) = (Home::at(dir.path().join("home")), Network::public("start").unwrap());
        create::create(&home, &network, "Ana", |_, _| Ok(())).unwrap();
        let ben = SecretKey::from_seed(&[7; 32]).feed();
        let daemon = Daemon::start(&home, home.lock().unwrap(), Options::default()).unwrap();
        daemon.handle().call(Request::Follow { who: ben.to_string(), petname: None }).unwrap();
        drop(daemon);
        let (secret, store) = succeed::open(&home, &network).unwrap();
        let live = Options { live: true, ..Options::default() };
        let (handle, _owner, _commands) = Daemon::prepared(store, secret, network, live);
        assert!(handle.wants().borrow().feeds.contains(&ben));
    }
}
