//! A connection from its handshake to its end: kept or not, what it starts from, and what is left to do after it.

use std::net::SocketAddr;
use std::sync::Arc;

use klatch_feed::FeedId;
use klatch_gossip::link::{Ended, LinkId};
use klatch_gossip::noise::Side;
use klatch_gossip::peers::Source;
use klatch_gossip::peers::roster::{Refusal as Turned, Verdict};
use klatch_gossip::sync::memory::{Asked, Memory, Served};
use klatch_gossip::sync::{Input, PLACES_MAX, Setup};
use klatch_store::DiskError;

use super::hub::{Hub, random};
use super::links::{Link, Met, Surroundings};
use super::report::Path;
use crate::clock;
use crate::daemon::Spaces;

/// Feeds that somebody may want who is not wanted here. Source: spec/gossip.md, "limits".
const STRANGERS_PLACES_MAX: usize = 16_384;

impl Hub {
    /// A handshake is done: keeps the connection, or says why not.
    pub(super) fn meet(&mut self, met: Met) -> Result<(), Turned> {
        let (now, id) = (self.now(), LinkId(self.next_link));
        self.next_link += 1;
        let (peer, side, address) = (met.channel.peer(), met.channel.side(), met.address);
        match self.roster.enter(id, peer, met.channel.peer_static(), side) {
            Verdict::Keep => {}
            Verdict::Replace(older) => self.drop_link(older),
            Verdict::Refuse(refusal) => {
                tracing::debug!(%peer, %refusal, "closed");
                if side == Side::Initiator {
                    self.book.superseded(&peer);
                }
                if refusal == Turned::Myself {
                    self.book.forget(&peer);
                }
                return Err(refusal);
            }
        }
        if side == Side::Responder && !self.is_known(&peer) {
            match self.strangers.places.enter(now, id, address.ip()) {
                Ok(replaced) => replaced.into_iter().for_each(|older| self.drop_link(older)),
                Err(full) => {
                    tracing::debug!(%peer, %address, %full, "a stranger was closed");
                    self.roster.leave(id);
                    return Err(Turned::Crowded);
                }
            }
        }
        if self.roster.is_clone(&peer) {
            tracing::error!(%address, "another node runs with this node's own key: stop one of the two for good");
            self.handle.twin(true);
        }
        self.book.connected(now, peer, side, (side == Side::Initiator).then_some(address));
        let around = Surroundings {
            handle: self.handle.clone(),
            events: self.events.clone(),
            losses: self.handle.losses(),
        };
        let setup = self.setup(&met);
        let is_narrow = setup.is_narrow;
        let (link, run) = Link::start(id, met, self.path(&peer, address), setup, around);
        tracing::info!(%peer, %address, path = ?link.path, "connected");
        match is_narrow {
            true => self.hearers.enter_narrow(id, [self.handle.me(), peer]),
            false => self.hearers.enter_wide(id),
        }
        link.tell(Input::Wants(Arc::clone(&self.interest)));
        link.tell(Input::Objects(self.wants.objects.iter().copied().collect()));
        self.links.insert(id, link);
        match self.is_known(&peer) {
            true => self.tasks.spawn(run),
            false => self.tasks.spawn_on(run, self.strangers.thread()),
        };
        self.join_link_up(id);
        self.door_link_up(id);
        self.press_wishes();
        Ok(())
    }

    /// Whether a peer is no stranger: it is wanted here, a pub, or this node's own key.
    pub(super) fn is_known(&self, peer: &FeedId) -> bool {
        self.wants.feeds.contains(peer) || self.pubs.contains(peer) || *peer == self.handle.me()
    }

    /// Strangers that are none any more give their places to others.
    pub(super) fn acquaint(&mut self) {
        let is_known = |id: &LinkId| self.links.get(id).is_none_or(|link| self.is_known(&link.peer));
        let known: Vec<LinkId> = self.strangers.places.keys().filter(is_known).collect();
        for id in &known {
            self.strangers.places.leave(id);
        }
    }

    /// What an exchange with a peer starts from.
    fn setup(&self, met: &Met) -> Setup {
        let (peer, handle) = (met.channel.peer(), &self.handle);
        let memory = self.remembered(&peer).unwrap_or_else(|error| {
            tracing::error!(%error, "what is known of a peer cannot be read: all is compared");
            Memory::default()
        });
        Setup {
            secret: clock::random(),
            is_open: self.pubs.contains(&peer),
            is_narrow: self.is_pub && !self.pubs.contains(&peer),
            places_max: if self.is_known(&peer) { PLACES_MAX } else { STRANGERS_PLACES_MAX },
            memory,
            ..Setup::new(handle.net_id(), handle.me(), peer, *met.channel.handshake_hash())
        }
    }

    fn remembered(&self, peer: &FeedId) -> Result<Memory, DiskError> {
        let snapshot = self.handle.reader().snapshot()?;
        let asked = snapshot.local(Spaces::ASKED, peer.as_bytes())?;
        let served = snapshot.local(Spaces::SERVED, peer.as_bytes())?;
        Ok(Memory {
            asked: asked.and_then(|bytes| Asked::decode(&bytes)),
            served: served.and_then(|bytes| Served::decode(&bytes)),
        })
    }

    /// How a connection came about, as a person would say.
    pub(super) fn path(&self, peer: &FeedId, address: SocketAddr) -> Path {
        let on_lan = |(addr, source): &(SocketAddr, Source)| {
            *source == Source::Lan && addr.ip().to_canonical() == address.ip().to_canonical()
        };
        if self.pubs.contains(peer) {
            Path::Pub
        } else if self.members.contains(peer) {
            Path::Member
        } else if self.book.addrs(peer).iter().any(on_lan) {
            Path::Lan
        } else {
            Path::Peer
        }
    }

    /// Closes a connection that this side wants no more.
    pub(super) fn drop_link(&mut self, id: LinkId) {
        self.doubt_down(id);
        self.links.remove(&id);
        self.hearers.leave(id);
        self.strangers.places.leave(&id);
        self.guest_link_down(id);
        self.join_link_down(id);
    }

    pub(super) fn ended(&mut self, id: LinkId, ended: &Ended) {
        if let Some(link) = self.links.get(&id) {
            tracing::info!(peer = %link.peer, %ended, "disconnected");
        }
        self.drop_link(id);
        if let Some(feed) = self.roster.leave(id) {
            self.book.disconnected(self.now(), &feed, random());
        }
    }
}
