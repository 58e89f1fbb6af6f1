//! The thread that owns the store: takes what waits in the queue, and commits it together.

mod follow;
mod intake;
pub(super) mod regain;
mod steer;
mod tell;

pub(super) use steer::{LOOK_BACK_MS, looked_at, of_group};
pub(super) use tell::as_told;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use klatch_feed::{Draft, EntryId, FeedId, ForkProof, Post, Seq, Successor, Verified};
use klatch_gossip::sync::{self, Ingest};
use klatch_store::{Changes, Compacted, DiskError, Snapshot, Store};
use tokio::runtime::{self, Runtime};
use tokio::sync::{mpsc, oneshot};

use super::local::{Local, Spaces};
use super::refusal::Refusal;
use super::request::Request;
use super::response::{CompactedFile, Rebuilt, Response};
use super::sealing::Addresses;
use super::steering::Ranked;
use super::wants::{self, Hints};
use super::write::{self, Plan};
use super::{Options, Shared};
use crate::clock;

/// Most commands taken into one round, and most bytes of chunks: a commit stays short enough to wait for.
const ROUND_MAX: usize = 256;
const ROUND_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most feeds kept as hints about one object.
const HINTS_MAX: usize = 4096;
/// ... and about all together, so that invented ones leave room in want lists for the feeds that are followed.
const HINTS_ALL_MAX: usize = 16_384;

/// So long after the last command the store may write what it had put off.
const REST_AFTER: Duration = Duration::from_secs(1);
/// Longest wait before the clock is read again: somebody may set it, or the machine sleep.
const LOOK: Duration = Duration::from_secs(60);
const LOOK_MS: i64 = 60_000;

/// What the owner is asked to do.
#[derive(Debug)]
pub(super) enum Command {
    Call {
        request: Request,
        progress: mpsc::Sender<(u64, u64)>,
        reply: oneshot::Sender<Result<Response, Refusal>>,
    },
    Ingest {
        from: FeedId,
        batch: Vec<Ingest>,
        reply: oneshot::Sender<Vec<sync::Outcome>>,
    },
    Fork(Box<ForkProof>),
    Succeeded {
        successor: Box<Successor>,
        reply: oneshot::Sender<bool>,
    },
    Branch {
        feed: FeedId,
        chunks: Vec<Vec<u8>>,
    },
    Bodies {
        feed: FeedId,
        from: Seq,
        bodies: Vec<Option<Vec<u8>>>,
    },
    Hint {
        object: EntryId,
        author: FeedId,
    },
    Post {
        posts: Vec<Post>,
        reply: oneshot::Sender<Result<Vec<EntryId>, Refusal>>,
    },
    Local {
        sets: Vec<Local>,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    /// What is remembered of peers: nobody waits for it, and nobody is told.
    Remember {
        memory: Local,
        losses: u64,
    },
    Update(Update),
    Forget {
        feed: FeedId,
        reply: oneshot::Sender<Result<bool, Refusal>>,
    },
    /// Own entry `len` is the last, as peers say: a recovery is over.
    Settle {
        len: Seq,
    },
    /// Own posts need wait no longer.
    GoOn,
    /// Does what is due at that time, by whatever clock; answers when something is next.
    Due {
        now_ms: i64,
        reply: oneshot::Sender<Result<Option<i64>, Refusal>>,
    },
    Stop,
}

/// Decides on local facts, and then tells whether they are durable.
pub(super) struct Update(pub(super) Decide);
type Decide = Box<dyn FnOnce(&Snapshot) -> (Vec<Local>, Tell) + Send>;
type Tell = Box<dyn FnOnce(Result<(), Refusal>) + Send>;

impl fmt::Debug for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Update")
    }
}

pub(super) struct Owner {
    store: Store,
    shared: Arc<Shared>,
    options: Options,
    /// Objects that own entries, and those of a pub's members, point at.
    mine: BTreeSet<EntryId>,
    /// Where the reading of a feed for `mine` goes on.
    noted: BTreeMap<FeedId, Seq>,
    hints: Hints,
    /// How many those are.
    hinted: usize,
    /// What this node's owner sealed for whoever has a seat.
    addresses: Addresses,
    ranked: Ranked,
    /// When something is to be done at an event without anything coming in: milliseconds since 1970.
    deadlines: BTreeMap<EntryId, i64>,
    /// When all events are looked at again, since something could not be done.
    again: Option<i64>,
    /// Own posts that wait while a peer's word is looked into, in order.
    waiting: Vec<Command>,
    /// Whether something was kept waiting since nothing last was.
    was_paused: bool,
}

/// A planned write, and where its answer goes.
type Write = (Plan, oneshot::Sender<Result<Response, Refusal>>);

impl Owner {
    pub(super) fn new(store: Store, shared: Arc<Shared>, options: Options) -> Self {
        let (mine, noted, hints, hinted, ranked, deadlines, again) = Default::default();
        let (addresses, waiting, was_paused) = (Addresses::default(), Vec::new(), false);
        Self {
            store,
            shared,
            options,
            mine,
            noted,
            hints,
            hinted,
            addresses,
            ranked,
            deadlines,
            again,
            waiting,
            was_paused,
        }
    }

    pub(super) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        self.rank_all();
        if self.options.live {
            // Whoever asks first is not to wait for the own log and the disk's pages. A failure shows when they ask.
            let _ = super::read::answer(&self.shared, &[], &Request::Inbox, &mut |_, _| {});
        }
        // One command on the log closes the store right after, and needs no timer.
        let timer = self.options.live.then(|| runtime::Builder::new_current_thread().enable_time().build());
        let timer = timer.and_then(|timer| {
            timer.inspect_err(|error| tracing::warn!(%error, "nothing is done on time, and the log rests only when the node stops")).ok()
        });
        while let Some(first) = self.next(timer.as_ref(), &mut commands) {
            let mut round = vec![first];
            let mut bytes = 0;
            while round.len() < ROUND_MAX && bytes < ROUND_BYTES_MAX {
                let Ok(next) = commands.try_recv() else { break };
                if let Command::Ingest { batch, .. } = &next {
                    bytes += batch.iter().map(|ingest| ingest.chunk.len()).sum::<usize>();
                }
                round.push(next);
            }
            if self.round(round) {
                break;
            }
            self.come_back();
            self.tell_dropped();
            self.go_on();
        }
    }

    /// Waits for the next command. Till it comes, does what is due, and puts the store to rest where none comes
    /// for a while.
    fn next(&mut self, timer: Option<&Runtime>, commands: &mut mpsc::Receiver<Command>) -> Option<Command> {
        let mut has_rested = false; // A failure is tried again after the next command.
        while let Some(timer) = timer {
            let rest = (!has_rested && !self.store.is_at_rest()).then_some(REST_AFTER);
            let left = |at: i64| u64::try_from(at.saturating_sub(clock::now())).unwrap_or_default();
            let due = self.next_deadline().map(|at| Duration::from_millis(left(at)).min(LOOK));
            let Some(wait) = rest.into_iter().chain(due).min() else { break };
            let next = async { tokio::time::timeout(wait, commands.recv()).await };
            match timer.block_on(next) {
                Ok(next) => return next,
                Err(_) if self.next_deadline().is_some_and(|at| at <= clock::now()) => {
                    if let Err(error) = self.due(clock::now()) {
                        tracing::error!(%error, "what is due waits");
                        self.put_off(clock::now());
                    }
                }
                Err(_) if rest == Some(wait) => {
                    has_rested = true;
                    self.log_failure("putting the log to rest", |owner| owner.store.rest());
                    self.come_back();
                }
                Err(_) => {} // The clock is read again.
            }
        }
        commands.blocking_recv()
    }

    /// Works one round off; whether to stop.
    fn round(&mut self, round: Vec<Command>) -> bool {
        let (mut deliveries, mut writes, mut memories) = (Vec::new(), Vec::new(), Vec::new());
        let (mut stop, mut hinted) = (false, false);
        for command in round {
            match command {
                Command::Ingest { from, batch, reply } => deliveries.push((from, batch, reply)),
                Command::Post { .. } if self.is_paused() => self.wait(command),
                Command::Post { posts, reply } => self.post(posts, reply),
                Command::Call { request: Request::AcceptHead { len }, reply, .. } => {
                    let _ = reply.send(self.accept_head(len));
                }
                Command::Call { request: Request::Rebuild, progress, reply, .. } => {
                    let tell = &mut |done, total| {
                        let _ = progress.try_send((done, total)); // Who reads slowly sees fewer steps.
                    };
                    let done = self.store.rebuild(tell).and_then(|cut| self.dropped(cut));
                    let _ = reply
                        .send(done.map(|dropped| Response::Rebuilt(Rebuilt { dropped })).map_err(Into::into));
                }
                Command::Call { request: Request::Compact, progress, reply } => {
                    let tell = &mut |done, total| {
                        let _ = progress.try_send((done, total)); // As for a rebuild.
                    };
                    let done = self.store.compact(tell).map(|Compacted { before, after }| {
                        Response::Compacted(CompactedFile { before, after })
                    });
                    let _ = reply.send(done.map_err(Into::into));
                }
                Command::Call { request, progress, reply } => match self.plan(request.clone()) {
                    Ok(plan) if !plan.posts.is_empty() && self.is_paused() => {
                        self.wait(Command::Call { request, progress, reply });
                    }
                    Ok(plan) => writes.push((plan, reply)),
                    Err(refusal) => drop(reply.send(Err(refusal))),
                },
                Command::Settle { len } => self.settle(len),
                Command::Due { now_ms, reply } => drop(reply.send(self.due(now_ms).map_err(Into::into))),
                Command::GoOn => {} // `go_on` follows every round.
                Command::Stop => stop = true,
                Command::Local { sets, reply } => {
                    let done = self.set_local(&sets).and_then(|()| self.rewant());
                    let _ = reply.send(done.map_err(Into::into));
                }
                Command::Remember { memory, losses } => memories.push((memory, losses)),
                Command::Succeeded { successor, reply } => {
                    let done = self.store.succeed(&successor).map(|changes| self.committed(changes));
                    let _ = reply.send(done.is_ok());
                    self.log_failure("keeping who succeeds a feed", |_| done);
                }
                Command::Update(update) => self.update(update),
                Command::Hint { object, author } => hinted |= self.heard(object, author),
                Command::Forget { feed, reply } => drop(reply.send(self.forget(&feed).map_err(Into::into))),
                other => self.log_failure("keeping what a peer sent", |owner| owner.take(other)),
            }
        }
        if hinted {
            self.log_failure("following a hint", Self::rewant); // Once: hints come by the thousand.
        }
        self.ingest(deliveries);
        self.write(writes);
        // Here: what was committed above may have lost what a token vouches for.
        let now = self.shared.losses.load(Ordering::Relaxed);
        let holds = |(memory, losses): &(Local, u64)| memory.space != Spaces::ASKED || *losses == now;
        let memories: Vec<_> = memories.into_iter().filter(holds).map(|(memory, _)| memory).collect();
        if !memories.is_empty() {
            self.log_failure("remembering what peers hold", |owner| owner.store_local(&memories));
        }
        stop
    }

    fn wait(&mut self, command: Command) {
        self.was_paused = true;
        self.waiting.push(command);
    }

    /// Keeps a hint about an object that is asked about; whether it is new.
    fn heard(&mut self, object: EntryId, author: FeedId) -> bool {
        if !self.shared.wants.borrow().objects.contains(&object) {
            return false;
        }
        let about = self.hints.entry(object).or_default();
        let is_new = self.hinted < HINTS_ALL_MAX && about.len() < HINTS_MAX && about.insert(author);
        self.hinted += usize::from(is_new);
        is_new
    }

    /// What asks for no answer.
    fn take(&mut self, command: Command) -> Result<(), DiskError> {
        let changes = match command {
            Command::Fork(proof) => self.store.adopt(&proof)?,
            Command::Branch { feed, .. } if !self.wants(&feed) => return Ok(()),
            Command::Branch { feed, chunks } => self.replace(&feed, &chunks)?,
            Command::Bodies { feed, from, bodies } => self.store.fill(&feed, from, &bodies)?.1,
            _ => unreachable!("`round` answers the rest"),
        };
        self.committed(changes);
        Ok(())
    }

    /// Whether this node keeps anything of that feed.
    fn wants(&self, feed: &FeedId) -> bool {
        *feed == self.shared.me || self.shared.wants.borrow().feeds.contains(feed)
    }

    fn replace(&mut self, feed: &FeedId, chunks: &[Vec<u8>]) -> Result<Changes, DiskError> {
        let (is_replaced, changes) = self.store.replace(feed, chunks)?;
        match is_replaced {
            true => tracing::info!(%feed, "is the branch now that its owner keeps"),
            false => tracing::debug!(%feed, "what a peer sent is not the branch that its owner keeps"),
        }
        Ok(changes)
    }

    fn plan(&mut self, request: Request) -> Result<Plan, Refusal> {
        if let Request::ImportFeed { feed, base8, chunk } = request {
            return self.import(feed, base8, &chunk);
        }
        write::plan(&self.shared, &self.shared.reader.snapshot()?, request)
    }

    fn import(&mut self, feed: FeedId, base8: Option<String>, chunk: &str) -> Result<Plan, Refusal> {
        let incoming = write::incoming(feed, base8, chunk)?;
        let (outcomes, changes) = self.store.ingest(&[incoming])?;
        self.committed(changes);
        write::imported(feed, outcomes)
    }

    /// Commits planned writes together; the details of new events, and what is kept of them, in a second commit, since
    /// they name them: a node that stops in between has the event without either.
    fn write(&mut self, writes: Vec<Write>) {
        let (mut drafts, mut locals, mut ready) = (Vec::new(), Vec::new(), Vec::new());
        for (plan, reply) in writes {
            match self.planned(&plan) {
                Ok(mut own) => {
                    drafts.append(&mut own);
                    locals.extend(plan.locals.clone());
                    ready.push((plan, reply));
                }
                Err(refusal) => drop(reply.send(Err(refusal))),
            }
        }
        match self.write_all(&ready, drafts, &locals) {
            Ok(entries) => {
                let mut rest = &entries[..];
                for (plan, reply) in ready {
                    let (own, others) = rest.split_at(plan.posts.len());
                    rest = others;
                    let _ = reply.send(Ok((plan.then)(own)));
                }
            }
            Err(refusal) => ready.into_iter().for_each(|(_, reply)| drop(reply.send(Err(refusal.clone())))),
        }
    }

    /// The drafts of a plan, once all that it will say is known to be within its limits.
    fn planned(&self, plan: &Plan) -> Result<Vec<Draft>, Refusal> {
        self.drafts(&plan.next(EntryId::new([0; 32])))?;
        self.drafts(&plan.posts)
    }

    fn write_all(
        &mut self,
        ready: &[Write],
        drafts: Vec<Draft>,
        locals: &[Local],
    ) -> Result<Vec<Verified>, Refusal> {
        let entries = self.append(drafts, locals)?;
        let mut rest = &entries[..];
        let (mut details, mut kept) = (Vec::new(), Vec::new());
        for (plan, _) in ready {
            let (own, others) = rest.split_at(plan.posts.len());
            rest = others;
            details.extend(own.first().map(|entry| plan.next(entry.id())).unwrap_or_default());
            kept.extend(own.first().and_then(|entry| plan.kept(entry.id())));
        }
        self.append(self.drafts(&details)?, &kept)?;
        Ok(entries)
    }

    fn post(&mut self, posts: Vec<Post>, reply: oneshot::Sender<Result<Vec<EntryId>, Refusal>>) {
        let done = self.drafts(&posts).and_then(|drafts| self.append(drafts, &[]));
        let _ = reply.send(done.map(|entries| entries.iter().map(|entry| entry.id()).collect()));
    }

    fn drafts(&self, posts: &[Post]) -> Result<Vec<Draft>, Refusal> {
        let draft = |post: &Post| post.draft(clock::now_ms(), clock::random());
        posts.iter().map(draft).collect::<Result<_, _>>().map_err(Into::into)
    }

    fn append(&mut self, drafts: Vec<Draft>, locals: &[Local]) -> Result<Vec<Verified>, Refusal> {
        let mut entries = Vec::new();
        if !drafts.is_empty() {
            let done = self.store.append(&self.shared.secret, drafts);
            let (own, changes) = done.inspect_err(|_| self.note_held())?;
            entries = own;
            self.note_mine(&entries);
            self.committed(changes);
        }
        if !locals.is_empty() {
            self.set_local(locals)?;
            self.rewant()?;
        }
        Ok(entries)
    }

    fn set_local(&mut self, sets: &[Local]) -> Result<(), DiskError> {
        self.store_local(sets)?;
        self.shared.facts.send_replace(());
        Ok(())
    }

    /// As [`Owner::set_local`], and nobody is told.
    fn store_local(&mut self, sets: &[Local]) -> Result<(), DiskError> {
        let sets: Vec<_> = sets.iter().map(|set| (set.space, &set.key[..], set.value.as_deref())).collect();
        self.store.set_local(&sets)
    }

    fn update(&mut self, Update(decide): Update) {
        match self.shared.reader.snapshot() {
            Ok(snapshot) => {
                let (sets, tell) = decide(&snapshot);
                let done = match sets.is_empty() {
                    true => Ok(()),
                    false => self.set_local(&sets).and_then(|()| self.rewant()),
                };
                tell(done.map_err(Into::into));
            }
            // Dropping `decide` drops the way to answer, which its caller takes for a refusal.
            Err(error) => tracing::error!(%error, "the log cannot be read"),
        }
    }

    /// Drops a feed that nothing wants; whether it stays.
    fn forget(&mut self, feed: &FeedId) -> Result<bool, DiskError> {
        self.note_members()?; // A node that is not live has not looked yet.
        let wants = wants::compute(&self.shared.reader.snapshot()?, self.shared.me, &self.mine, &self.hints)?;
        if wants.feeds.contains(feed) {
            return Ok(true);
        }
        let changes = self.store.forget(feed)?;
        self.committed(changes);
        Ok(false)
    }

    fn log_failure(&mut self, what: &str, work: impl FnOnce(&mut Self) -> Result<(), DiskError>) {
        if let Err(error) = work(self) {
            tracing::error!(%error, "{what}");
        }
    }
}
