//! The one task that knows every connection: whom to let in, whom to dial, which of two stays, and what
//! each has to hear.
//!
//! It never waits for a connection, nor for the log: what takes time runs in a task of its own and comes
//! back as an [`Event`].

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use klatch_feed::FeedId;
use klatch_gossip::lan::{self, Sighting, Who};
use klatch_gossip::link::{self, Ended, LinkId, OpenError};
use klatch_gossip::noise::{Local, Side};
use klatch_gossip::peers::gate::{Attempt, Gate, Ticket};
use klatch_gossip::peers::roster::Roster;
use klatch_gossip::peers::{Book, Source};
use klatch_gossip::sync::{Input, Interest, Millis, Output};
use klatch_store::Changes;
use tokio::net::TcpStream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::dial::{self, DialError};
use super::doors::{Doors, Look};
use super::guests::{CHECKIN_MAX, Guests};
use super::hearers::Hearers;
use super::joins::Joins;
use super::links::{Link, Met};
use super::listen;
use super::regain::Pauses;
use super::renewal::Renewal;
use super::report::{NetRequest, NetResponse, Path, PeerLine};
use super::strangers::Strangers;
use crate::clock::{self, Stopwatch};
use crate::daemon::{Handle, NetCall, Refusal, Wants, called};
use crate::share::Address;

/// How long connections get to send what they still have when the node stops.
const FAREWELL_MAX: Duration = Duration::from_secs(2);
/// Events that may wait; what brings one waits with it.
pub(super) const EVENTS_MAX: usize = 256;

/// Something that happened outside the hub.
#[derive(Debug)]
pub(super) enum Event {
    /// Somebody opened a connection.
    Knocked(TcpStream, SocketAddr),
    /// ... and shook hands, or did not.
    Answered(Ticket, SocketAddr, Result<Met, OpenError>),
    /// Somebody was dialled.
    Dialled(FeedId, Result<Met, DialError>),
    /// A pub was dialled in order to join it.
    Joining(FeedId, Result<Met, DialError>),
    /// What a name stands for; `again` as it was asked.
    Resolved { feed: FeedId, place: String, source: Source, addrs: Vec<SocketAddr>, again: bool },
    /// A connection wants something done that is not the log's.
    Said(LinkId, Output),
    /// A connection is to be told something, if it still stands.
    Tell(LinkId, Input),
    /// A connection ended.
    Ended(LinkId, Ended),
}

/// Where an answer to a [`NetRequest`] goes.
pub(super) type Reply = oneshot::Sender<Result<NetResponse, Refusal>>;

/// What the hub listens to.
pub(super) struct Ears {
    pub(super) events: mpsc::Receiver<Event>,
    pub(super) calls: mpsc::Receiver<NetCall>,
    pub(super) sightings: Option<mpsc::Receiver<Sighting>>,
    pub(super) stop: watch::Receiver<bool>,
}

pub(super) struct Hub {
    pub(super) handle: Handle,
    pub(super) local: Arc<Local>,
    pub(super) book: Book,
    pub(super) roster: Roster,
    pub(super) links: BTreeMap<LinkId, Link>,
    pub(super) doors: Doors,
    pub(super) guests: Guests,
    pub(super) joins: Joins,
    pub(super) tasks: JoinSet<()>,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) listening: Vec<Address>,
    /// Who is to be told of which changes, and the position in the change log up to which all were.
    pub(super) hearers: Hearers,
    heard: u64,
    pub(super) strangers: Strangers,
    clock: Stopwatch,
    gate: Gate,
    knocking: BTreeMap<Ticket, AbortHandle>,
    /// Connections that fit, whether their handshake is done or not.
    connections_max: usize,
    is_full: bool,
    pub(super) next_link: u64,
    pub(super) wants: Arc<Wants>,
    /// The feeds of `wants`, as exchanges take them.
    pub(super) interest: Arc<Interest>,
    /// Addresses by name, to be asked about again when none of them works.
    pub(super) named: BTreeMap<FeedId, Vec<(String, Source)>>,
    /// Those that are being asked about.
    pub(super) asking: BTreeSet<(FeedId, String)>,
    pub(super) pubs: BTreeSet<FeedId>,
    pub(super) members: BTreeSet<FeedId>,
    pub(super) homes: BTreeSet<FeedId>,
    pub(super) pauses: Pauses,
    renewal: Renewal,
    /// Whether this node is a pub.
    pub(super) is_pub: bool,
}

impl Hub {
    pub(super) fn new(
        handle: Handle,
        local: Arc<Local>,
        events: mpsc::Sender<Event>,
        listening: Vec<Address>,
        strangers: Strangers,
        connections_max: usize,
    ) -> Self {
        Self {
            book: Book::new(handle.me()),
            roster: Roster::new(handle.me(), *local.static_key()),
            links: BTreeMap::new(),
            doors: Doors::default(),
            guests: Guests::default(),
            joins: Joins::default(),
            tasks: JoinSet::new(),
            hearers: Hearers::default(),
            heard: 0,
            strangers,
            clock: Stopwatch::start(),
            gate: Gate::new(listen::knocks(connections_max)),
            knocking: BTreeMap::new(),
            connections_max,
            is_full: false,
            next_link: 0,
            wants: Arc::default(),
            interest: Arc::default(),
            named: BTreeMap::new(),
            asking: BTreeSet::new(),
            pubs: BTreeSet::new(),
            members: BTreeSet::new(),
            homes: BTreeSet::new(),
            pauses: Pauses::default(),
            renewal: Renewal::default(),
            is_pub: false,
            handle,
            local,
            events,
            listening,
        }
    }

    /// Runs until told to stop, then lets every connection send what it still has.
    pub(super) async fn run(mut self, mut ears: Ears) {
        let (mut changes, mut wants, mut facts) =
            (self.handle.changes(), self.handle.wants(), self.handle.facts());
        self.wants = wants.borrow_and_update().clone();
        self.interest = Arc::new(self.wants.interest());
        self.look_up_facts();
        self.pause_at_start();
        loop {
            self.handle.set_connections(self.links.len());
            self.dial_due();
            let wake = self.next_at().map(|at| Duration::from_millis(at.saturating_sub(self.now())));
            tokio::select! {
                _ = ears.stop.changed() => break,
                event = ears.events.recv() => event.into_iter().for_each(|event| self.on(event)),
                call = ears.calls.recv() => call.into_iter().for_each(|call| self.call(call)),
                heard = changes.recv() => self.on_changes(heard),
                Ok(()) = wants.changed() => {
                    let now = wants.borrow_and_update().clone();
                    self.on_wants(now);
                }
                Ok(()) = facts.changed() => {
                    self.look_up_facts();
                    self.look();
                }
                sighting = sighted(&mut ears.sightings) => self.on_sighting(sighting),
                Some(done) = self.tasks.join_next() => if let Err(error) = done && !error.is_cancelled() {
                    tracing::error!(%error, "a task of the network broke");
                },
                () = tokio::time::sleep(wake.unwrap_or(Duration::MAX)), if wake.is_some() => self.tick(),
            }
        }
        self.links.clear();
        drop(ears); // Or tasks that still have something to say would wait for the hub.
        let farewell = async { while self.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(FAREWELL_MAX, farewell).await; // Who is slower is cut off.
    }

    /// Milliseconds since the hub started.
    pub(super) fn now(&self) -> Millis {
        Millis::try_from(self.clock.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    pub(super) fn next_at(&self) -> Option<Millis> {
        let parts = [
            self.book.next_dial_at(),
            self.doors.next_at(),
            self.guests.next_at(),
            self.joins.next_at(),
            self.pauses.next_at(),
            self.renewal.next_at(),
        ];
        parts.into_iter().flatten().min()
    }

    pub(super) fn tick(&mut self) {
        self.door_tick();
        self.guest_tick();
        self.join_tick();
        self.pause_tick();
        if self.renewal.is_due(self.now()) {
            let since = self.handle.losses();
            self.links.retain(|_, link| link.losses == since); // Whoever came after that said all anew.
        }
    }

    fn call(&mut self, NetCall { request, reply }: NetCall) {
        match request {
            NetRequest::Peers => drop(reply.send(self.peers())),
            NetRequest::Join { line } => self.join(&line, reply),
            NetRequest::Door { event, on, after, within_ms, open_only } => {
                let look = Look { after, within: within_ms, open_only };
                self.door_look((&event, on.as_deref()), look, reply);
            }
            NetRequest::DoorClose { event, on } => drop(reply.send(self.door_close((&event, on.as_deref())))),
            NetRequest::DoorScan { code } => self.door_scan(&code, reply),
            NetRequest::Checkin { event, on, code, trust, within_ms } => {
                let until = self.now() + within_ms.min(CHECKIN_MAX);
                self.checkin((event, on), code, trust, until, reply);
            }
        }
    }

    fn peers(&self) -> Result<NetResponse, Refusal> {
        let snapshot = self.handle.reader().snapshot()?;
        let own = snapshot.state(&self.handle.me())?.map_or(0, |state| state.len);
        let line = |link: &Link| {
            Ok(PeerLine {
                feed: link.peer,
                name: called(&snapshot, &link.peer)?,
                path: match self.path(&link.peer, link.address) {
                    Path::Peer => link.path, // As it was when they met: an advert may have ended since.
                    known => known,
                },
                address: link.address,
                dialled: link.side == Side::Initiator,
                received: link.traffic.received(),
                sent: link.traffic.sent(),
                seconds: link.since.elapsed().as_secs(),
                level: link.caught_up,
                holds: link.holds,
                own,
                coming_feeds: link.coming.0,
                coming_entries: link.coming.1,
            })
        };
        Ok(NetResponse::Peers(self.links.values().map(line).collect::<Result<_, Refusal>>()?))
    }

    pub(super) fn on(&mut self, event: Event) {
        match event {
            Event::Knocked(stream, address) => self.knocked(stream, address),
            Event::Answered(ticket, address, answered) => self.answered(ticket, address, answered),
            Event::Dialled(feed, dialled) => self.dialled(feed, dialled),
            Event::Joining(feed, dialled) => self.join_dialled(feed, dialled),
            Event::Resolved { feed, place, source, addrs, again } => {
                self.asking.remove(&(feed, place));
                match again {
                    true => self.book.asked_again(self.now(), feed, source, &addrs),
                    false => drop(self.book.learn(self.now(), feed, source, &addrs)),
                }
            }
            Event::Said(link, output) => self.said(link, output),
            Event::Tell(link, input) => self.tell(link, input),
            Event::Ended(link, ended) => self.ended(link, &ended),
        }
    }

    pub(super) fn tell(&self, link: LinkId, input: Input) {
        if let Some(link) = self.links.get(&link) {
            link.tell(input);
        }
    }

    fn knocked(&mut self, mut stream: TcpStream, address: SocketAddr) {
        let connections = self.links.len() + self.gate.half_open();
        let was_full = std::mem::replace(&mut self.is_full, connections >= self.connections_max);
        if self.is_full {
            if !was_full {
                tracing::warn!(connections, "nobody more is let in: allow this process more open files");
            }
            return;
        }
        let ticket = match self.gate.enter(self.now(), address.ip()) {
            Ok((ticket, replaced)) => {
                if let Some(slow) = replaced.and_then(|replaced| self.knocking.remove(&replaced)) {
                    slow.abort();
                }
                ticket
            }
            Err(refused) => {
                tracing::debug!(%address, %refused, "closed at accept");
                return;
            }
        };
        let (local, events) = (Arc::clone(&self.local), self.events.clone());
        let knocking = self.tasks.spawn(async move {
            listen::tune(&stream);
            let channel = link::respond(&mut stream, &local).await;
            let met = channel.map(|channel| Met { stream, channel, address });
            let _ = events.send(Event::Answered(ticket, address, met)).await; // The hub is gone: so is all else.
        });
        self.knocking.insert(ticket, knocking);
    }

    fn answered(&mut self, ticket: Ticket, address: SocketAddr, answered: Result<Met, OpenError>) {
        let now = self.now();
        self.knocking.remove(&ticket);
        match answered {
            Ok(met) => {
                let is_known = self.is_known(&met.channel.peer());
                let attempt = if is_known { Attempt::Member } else { Attempt::Stranger };
                self.gate.leave(now, ticket, attempt);
                let _ = self.meet(met); // Who is not kept is closed, and said so in the log.
            }
            Err(error) => {
                self.gate.leave(now, ticket, Attempt::Failed);
                tracing::debug!(%address, %error, "no handshake");
            }
        }
    }

    fn dial_due(&mut self) {
        while let Some(next) = self.book.next_dial(self.now()) {
            let (local, events) = (Arc::clone(&self.local), self.events.clone());
            self.tasks.spawn(async move {
                let met = dial::dial(&local, next.feed, &next.addrs).await;
                let _ = events.send(Event::Dialled(next.feed, met)).await;
            });
        }
    }

    fn dialled(&mut self, feed: FeedId, dialled: Result<Met, DialError>) {
        match dialled {
            Ok(met) => {
                let _ = self.meet(met); // As above.
            }
            Err(error) => {
                tracing::debug!(%feed, %error, "not reached");
                self.book.failed(self.now(), &feed, random());
                for (place, source) in self.named.get(&feed).cloned().unwrap_or_default() {
                    self.resolve(feed, place, source, true); // It may have moved.
                }
            }
        }
    }

    fn said(&mut self, id: LinkId, output: Output) {
        match output {
            Output::CaughtUp => {
                if let Some(link) = self.links.get_mut(&id) {
                    link.caught_up = true;
                }
                self.level(id);
                self.press_wishes();
            }
            Output::Holds(len) => {
                if let Some(link) = self.links.get_mut(&id) {
                    link.holds = len;
                }
                self.handle.note_sent(len);
            }
            Output::Echo(len, id8) => self.echoed(id, len, id8),
            Output::Coming { feeds, entries } => {
                if let Some(link) = self.links.get_mut(&id) {
                    link.coming = (feeds, entries);
                }
            }
            Output::Listens { add, del, others } => {
                self.hearers.listen(id, &add, &del, others);
                self.tell(id, Input::Listening(self.heard));
            }
            Output::ListensAbout(object) => {
                self.hearers.listen_about(id, object);
                self.tell(id, Input::Listening(self.heard));
            }
            Output::Redeem(secret) => self.redeem(id, secret),
            Output::Redeemed(answer) => self.redeemed(id, &answer),
            Output::Challenged(challenge) => self.challenged(id, challenge),
            Output::DoorAnswered(answer) => self.door_answered(id, answer),
            Output::DoorVerdict(event, verdict) => self.door_verdict(id, event, verdict),
            other => tracing::error!(?other, "an output that is not the hub's"),
        }
    }

    pub(super) fn on_changes(&mut self, heard: Result<Arc<Changes>, RecvError>) {
        match heard {
            Ok(changes) => {
                self.heard = self.heard.max(changes.clock);
                for (link, told) in self.hearers.told(&changes) {
                    self.tell(link, Input::Changed(told));
                }
                self.door_changed(&changes.objects);
                if changes.feeds.iter().any(|(feed, _)| *feed == self.handle.me()) {
                    self.look();
                }
                if !changes.objects.is_empty() {
                    self.press_wishes();
                }
                if changes.crowded {
                    tracing::warn!(
                        "a peer kept out who goes on for somebody, with statements that say nothing: connecting anew"
                    );
                    self.renewal.ask(self.now());
                }
            }
            Err(RecvError::Lagged(missed)) => {
                // Nothing says any more what each connection has missed: a new one compares everything.
                tracing::warn!(missed, "the network fell behind the log: connecting anew");
                self.links.clear();
            }
            Err(RecvError::Closed) => {} // The owner is stopping, and stops this next.
        }
    }

    fn on_wants(&mut self, wants: Arc<Wants>) {
        let (feeds, objects) = (wants.feeds != self.wants.feeds, wants.objects != self.wants.objects);
        self.wants = wants;
        if feeds {
            self.interest = Arc::new(self.wants.interest());
            self.acquaint();
        }
        for link in self.links.values() {
            if feeds {
                link.tell(Input::Wants(Arc::clone(&self.interest)));
            }
            if objects {
                link.tell(Input::Objects(self.wants.objects.iter().copied().collect()));
            }
        }
    }

    fn on_sighting(&mut self, sighting: Sighting) {
        let named = |who| match who {
            Who::Feed(feed) => Some(feed),
            Who::Tag(tag) => {
                let known = self.wants.feeds.iter().copied().chain([self.handle.me()]);
                lan::bearer(known, tag, clock::today())
            }
        };
        match sighting {
            Sighting::Seen { who, addrs, .. } => {
                if let Some(feed) = named(who) {
                    tracing::debug!(%feed, ?addrs, "seen on the LAN");
                    self.book.learn(self.now(), feed, Source::Lan, &addrs);
                }
            }
            Sighting::Gone { who, addrs } => {
                if let Some(feed) = named(who) {
                    self.book.gone(&feed, &addrs);
                }
            }
        }
    }
}

/// The next sighting; never, where nobody looks.
async fn sighted(sightings: &mut Option<mpsc::Receiver<Sighting>>) -> Sighting {
    if let Some(receiver) = sightings
        && let Some(sighting) = receiver.recv().await
    {
        return sighting;
    }
    *sightings = None;
    std::future::pending().await
}

pub(super) fn random() -> u64 {
    u64::from_be_bytes(clock::random())
}
