//! What peers deliver: which chunks this node keeps, and the word that goes back on each.

use std::sync::PoisonError;

use klatch_feed::FeedId;
use klatch_gossip::sync::{self, Ingest};
use klatch_store::{DiskError, Incoming, Snapshot};
use tokio::sync::oneshot;

use super::Owner;
use crate::daemon::room::{Quota, Room};
use crate::pub_server::Role;

/// Chunks that one peer sent, and where their outcomes go.
pub(super) type Delivery = (FeedId, Vec<Ingest>, oneshot::Sender<Vec<sync::Outcome>>);
impl Owner {
    /// Accepts or refuses what peers delivered, all in one commit.
    pub(super) fn ingest(&mut self, deliveries: Vec<Delivery>) {
        if deliveries.is_empty() {
            return;
        }
        let all = deliveries.iter().flat_map(|(_, batch, _)| batch);
        let outcomes = self.accept(&all.collect::<Vec<_>>()).unwrap_or_else(|error| {
            tracing::error!(%error, "nothing of what peers sent could be kept");
            Vec::new()
        });
        let mut outcomes = outcomes.into_iter();
        for (_, batch, reply) in deliveries {
            // Nothing was kept where the disk failed: refused, so that the peer is not blamed for it.
            let mine = batch.iter().map(|_| outcomes.next().unwrap_or(sync::Outcome::Refused));
            let _ = reply.send(mine.collect());
        }
    }

    fn accept(&mut self, batch: &[&Ingest]) -> Result<Vec<sync::Outcome>, DiskError> {
        let snapshot = self.shared.reader.snapshot()?;
        let quota = Role::read(&snapshot)?.map_or_else(Quota::default, |role| role.quota());
        let mut room = Room::new(&snapshot, quota)?;
        let mut wanted = Vec::with_capacity(batch.len());
        for ingest in batch {
            wanted.push(self.may_hold(&snapshot, &mut room, ingest)?);
        }
        let chosen = batch.iter().zip(&wanted).filter(|(_, wanted)| **wanted);
        let incoming: Vec<_> = chosen.map(|(ingest, _)| incoming(ingest)).collect();
        let (outcomes, mut changes) = self.store.ingest(&incoming)?;
        // The store goes by feed; RSVPs are ranked as they came.
        changes.feeds.sort_by_cached_key(|(feed, _)| incoming.iter().position(|came| came.feed == *feed));
        self.committed(changes);
        let mut outcomes = outcomes.into_iter();
        let outcome = |wanted: bool| match wanted {
            true => outcomes.next().map_or(sync::Outcome::Refused, told),
            false => sync::Outcome::Refused,
        };
        Ok(wanted.into_iter().map(outcome).collect())
    }

    /// Whether this node keeps a chunk: of a feed it wants, within what it keeps of such a feed.
    fn may_hold(&self, snapshot: &Snapshot, room: &mut Room, ingest: &Ingest) -> Result<bool, DiskError> {
        if ingest.feed == self.shared.me {
            return Ok(true); // Whatever room others have.
        }
        let wants = self.shared.wants.borrow();
        if !wants.feeds.contains(&ingest.feed) {
            return Ok(false);
        }
        let probation = wants.probation.contains(&ingest.feed);
        drop(wants);
        let taken = room.take(snapshot, ingest, probation)?;
        let mut refused = self.shared.refused.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(match taken {
            Ok(()) => {
                refused.remove(&ingest.feed);
                true
            }
            Err(why) => {
                if refused.insert(ingest.feed, why) != Some(why) {
                    tracing::warn!(feed = %ingest.feed, "kept no further: {why}");
                }
                false
            }
        })
    }
}

fn incoming(ingest: &Ingest) -> Incoming {
    Incoming { feed: ingest.feed, base8: ingest.base8, chunk: ingest.chunk.clone() }
}

/// The store's word in the exchange's terms.
fn told(outcome: klatch_store::Outcome) -> sync::Outcome {
    use klatch_store::Outcome as Store;
    let state = |s: klatch_store::FeedState| sync::FeedState { len: s.len, tip: s.tip, cap: s.cap };
    match outcome {
        Store::Accepted(s) => sync::Outcome::Accepted(state(s)),
        Store::Gap(s) => sync::Outcome::Gap(state(s)),
        Store::OtherBranch(s) => sync::Outcome::OtherBranch(state(s)),
        Store::Forked(s) => sync::Outcome::Forked(state(s)),
        Store::Faulty(error) => sync::Outcome::Faulty(error),
    }
}
