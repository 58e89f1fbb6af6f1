//! The store of another feed: its owner goes on under a new key, with all that is held and every local fact.
//!
//! Owner and new entries stand in one transaction. The witness names an entry of the owner before until it
//! is made anew right after, which an opening makes up for: `moved` in `meta` says that it is due.

use std::sync::OnceLock;

use klatch_feed::{Draft, Head, SecretKey};

use super::own::append_in;
use super::{Durable, Store};
use crate::table::{META, Read, drop_tokens, feed_row, meta, set_meta};
use crate::{AppendError, DiskError, Held, lookup, recovering};

const KEY: &str = "moved";

/// Why a store does not become another feed's.
#[derive(Debug, thiserror::Error)]
pub enum HandOverError {
    /// There are entries of the new feed already, and new first ones were to be written.
    #[error("{0} has entries already: nobody starts it a second time")]
    Begun(klatch_feed::FeedId),
    /// An entry passes a limit, or the disk would not.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl From<DiskError> for HandOverError {
    fn from(error: DiskError) -> Self {
        Self::Append(error.into())
    }
}

pub(super) fn is_unfinished(tx: &impl Read) -> Result<bool, DiskError> {
    Ok(meta::<0>(tx, KEY)?.is_some())
}

impl Store {
    /// Makes this the store of the feed that `secret` signs. With `drafts` these become its first entries;
    /// without, the feed is taken from peers and the store is recovering. All or nothing, durable on return.
    ///
    /// # Errors
    ///
    /// [`HandOverError`]. Unless it is about the witness, which the next opening makes up for, the store is its
    /// owner's as before.
    pub fn hand_over(mut self, secret: &SecretKey, drafts: Vec<Draft>) -> Result<Self, HandOverError> {
        let (to, net) = (secret.feed(), self.net);
        let file = |source| DiskError::File { what: "drawing random bytes", source };
        let instance = self.disk.random().map_err(file)?;
        let row = super::guard(|| feed_row(&self.shared.read()?, &to))?;
        if !drafts.is_empty() && row.is_some_and(|row| row.stored > 0) {
            return Err(HandOverError::Begun(to));
        }
        let (mut head, mut new) = (Head::empty(to), Vec::new());
        for draft in drafts {
            let (entry, after) = head.sign(&net, secret, draft).map_err(AppendError::from)?;
            head = after;
            new.push(entry);
        }
        self.write(|tx| {
            append_in(tx, net, &to, &new)?;
            set_meta(tx, "owner", to.as_bytes())?;
            lookup::remake(tx)?; // It says how the owner stands.
            set_meta(tx, "instance", &instance)?;
            set_meta(tx, KEY, &[])?;
            drop_tokens(tx)?; // They are the old feed's.
            recovering::end(tx)?;
            match new.is_empty() {
                true => recovering::begin(tx, &Held::Words),
                false => Ok(()),
            }
        })?;
        (self.me, self.instance, self.old) = (to, instance, OnceLock::new());
        self.finish_hand_over()?;
        Ok(self)
    }

    /// Makes the witness of the owner of today.
    pub(super) fn finish_hand_over(&mut self) -> Result<(), DiskError> {
        let tip = self.own_tip()?;
        self.make_witness(tip)?;
        self.commit(Durable::Now, |tx| {
            tx.open_table(META)?.remove(KEY)?;
            Ok(())
        })
    }
}
