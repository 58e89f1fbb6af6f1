//! The work on chunks that needs no database, done ahead of the writer on another core: finding the
//! entries of a chunk, hashing them, and checking the one signature.
//!
//! What comes out counts only if the feed still ends where it was thought to end; the writer compares, and
//! does the work itself where that is not so. So nothing depends on whether anybody worked ahead.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, Scope};

use klatch_feed::{AcceptError, Accepted, FeedId, Head, NetId, PublicKey, chunk};

use crate::Incoming;

/// Chunks that are ready at most before the writer takes one: 256 entries each, so about 1,500 entries.
const AHEAD_MAX: usize = 6;
/// Bytes below which starting a thread costs more than it saves.
const ALONE_BYTES_MAX: usize = 128 * 1024;

/// What a feed's chunk came to, if the feed ended at `head`.
#[derive(Debug)]
pub(crate) struct Ready {
    head: Head,
    accepted: Result<Accepted, AcceptError>,
}

impl Ready {
    /// What the chunk adds to `head`, if that is what it was tried on.
    pub(crate) fn after(self, head: &Head) -> Option<Result<Accepted, AcceptError>> {
        (self.head == *head).then_some(self.accepted)
    }
}

/// Where feeds end, as far as is known before the first chunk, and the keys of those that may grow.
pub(crate) type Ends = BTreeMap<FeedId, (PublicKey, Head)>;

/// Starts working on `chunks`, in order; one answer comes for each, `None` where there is none. Does
/// nothing, and gives no answer, where the chunks are too few to pay for a thread.
pub(crate) fn work<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    net: &'env NetId,
    mut ends: Ends,
    chunks: &'env [Incoming],
) -> Receiver<Option<Ready>> {
    let (ready, receiver) = sync_channel(AHEAD_MAX);
    if chunks.iter().map(|incoming| incoming.chunk.len()).sum::<usize>() > ALONE_BYTES_MAX {
        let worker = move || {
            // The writer gone means that it failed: nobody needs the rest.
            let _ = chunks.iter().all(|incoming| ready.send(one(net, &mut ends, incoming)).is_ok());
        };
        // Without a thread, the writer does it all.
        drop(Builder::new().name("chunks".into()).spawn_scoped(scope, worker));
    }
    receiver
}

fn one(net: &NetId, ends: &mut Ends, incoming: &Incoming) -> Option<Ready> {
    let (key, head) = ends.get_mut(&incoming.feed)?;
    let (first, _) = chunk::span(&incoming.chunk).ok()?;
    let follows = first.checked_sub(1) == Some(head.len);
    if !follows || incoming.base8 != head.tip.map(|tip| tip.tip8()) {
        return None;
    }
    let ready = Ready { head: *head, accepted: head.accept(net, key, &incoming.chunk) };
    if let Ok(accepted) = &ready.accepted {
        *head = accepted.head;
    }
    Some(ready)
}
