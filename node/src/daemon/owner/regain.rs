//! Own posts that wait or are off: a peer's word that is being looked into, and the end of a recovery.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use klatch_feed::Seq;
use klatch_store::{Changes, DiskError, Held, SettleError, Snapshot};

use super::{Command, Owner};
use crate::daemon::recovery::{self, Evidence, Id8};
use crate::daemon::{Refusal, Response, Sentence, Shared};

impl Owner {
    /// Whether own posts wait for a peer to prove what it said.
    pub(super) fn is_paused(&self) -> bool {
        self.shared.paused.load(Ordering::Relaxed)
    }

    /// What waited is done now, if nothing keeps it waiting any more.
    pub(super) fn go_on(&mut self) {
        if self.is_paused() || !self.was_paused {
            return;
        }
        self.was_paused = false;
        let waiting: Vec<Command> = std::mem::take(&mut self.waiting);
        self.round(waiting);
        self.rank_all();
    }

    /// Ranks what came while nothing could be posted.
    pub(super) fn rank_all(&mut self) {
        if self.options.live
            && let Err(error) = self.wake()
        {
            tracing::error!(%error, "what came meanwhile waits");
            self.try_again();
        }
    }

    /// Ends a recovery by the word of peers, if own entry `len` still is the last.
    pub(super) fn settle(&mut self, len: Seq) {
        match self.store.settle(len) {
            Ok(()) => {
                tracing::info!(entries = len, "nothing of this log is missing: posting goes on");
                self.note_held();
                self.rank_all();
            }
            Err(error) => tracing::debug!(%error, "the recovery goes on"),
        }
    }

    /// Ends a recovery by the user's word that nothing newer than own entry `len` exists.
    pub(super) fn accept_head(&mut self, len: Seq) -> Result<Response, Refusal> {
        let refuse = |problem: Sentence| Err(Refusal::Held { problem });
        match self.shared.standing() {
            None => {
                return Err(Refusal::NoEffect {
                    problem: Sentence::said("refused-posting", "", "posting is on already"),
                });
            }
            Some(standing) if !(standing.may_accept || standing.ready) => return refuse(not_yet(&standing)),
            Some(_) => {}
        }
        match self.store.settle(len) {
            Ok(()) => {
                self.note_held();
                self.rank_all();
                Ok(Response::Done)
            }
            Err(SettleError::Disk(error)) => Err(error.into()),
            Err(error) => refuse(error.to_string().into()),
        }
    }

    /// What a peer delivered can put an end to own posts: say so as soon as it is known.
    pub(in crate::daemon) fn note_held(&self) {
        let held = self.store.held();
        let mut known = self.shared.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = held.as_ref().filter(|_| *known != held) {
            tracing::error!("{}", recovery::plainly(why));
        }
        known.clone_from(&held);
        drop(known);
        let recovering = held.filter(Held::is_recovering);
        let mut evidence = self.shared.recovery.lock().unwrap_or_else(PoisonError::into_inner);
        match (&recovering, evidence.is_some()) {
            (Some(why), false) => *evidence = Some(self.shared.begin(why)),
            (None, true) => *evidence = None,
            _ => {}
        }
    }

    /// A recovery counts from when the own feed grew last.
    pub(super) fn note_grown(&self, changes: &Changes) -> Result<(), DiskError> {
        let me = self.shared.me;
        if !changes.feeds.iter().any(|(feed, _)| *feed == me) {
            return Ok(());
        }
        let mut evidence = self.shared.recovery.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(recovery) = evidence.as_mut() else { return Ok(()) };
        let snapshot = self.shared.reader.snapshot()?;
        let len = snapshot.state(&me)?.map_or(0, |state| state.len);
        recovery.holds(self.shared.now(), len, |seq| own_id8(&snapshot, &self.shared, seq));
        Ok(())
    }
}

/// First bytes of the id of an own entry that is held.
pub(in crate::daemon) fn own_id8(snapshot: &Snapshot, shared: &Shared, seq: Seq) -> Option<Id8> {
    // A chain that cannot be read confirms nobody.
    snapshot.ids(&shared.me, &[seq]).ok()?.first()?.as_ref().map(klatch_feed::EntryId::tip8)
}

/// Why the user's word does not suffice yet.
fn not_yet(standing: &Evidence) -> Sentence {
    if standing.twin {
        return Sentence::said(
            "refused-twin",
            "",
            "another node runs with your key: stop it for good, then ask again",
        );
    }
    if let Some(least) = standing.least {
        let text = format!(
            "this machine posted {least} entries and fewer are here: the rest has to come from somebody first"
        );
        return Sentence::counted("refused-least", "", &[("count", least.into())], text);
    }
    match standing.confirmed.is_empty() {
        true => Sentence::said(
            "refused-nobody-met",
            "",
            "nobody who holds your log was met yet, so nothing says how far it went: keep `klatch up` running \
             where others can be met",
        ),
        false => Sentence::said("refused-wait", "", "wait a little: something newer of yours may still come"),
    }
}
