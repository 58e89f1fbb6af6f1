//! The open database, which the writer may open anew or exchange under its readers.

use std::sync::{Arc, PoisonError, RwLock};

use redb::{Database, ReadTransaction, ReadableDatabase, WriteTransaction};

use crate::guard::guard;
use crate::{DiskError, OpenError};

/// Held by who reads through one database: while a clone of it is there, that database stays open.
pub(crate) type Hold = Arc<()>;

#[derive(Default)]
struct State {
    /// `None` after a failure, until it could be opened anew.
    database: Option<(Database, Hold)>,
    /// Databases whose files another has replaced, as long as somebody reads through them.
    retired: Vec<(Database, Hold)>,
}

#[derive(Default)]
pub(crate) struct Shared(RwLock<State>);

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    pub(crate) fn read(&self) -> Result<ReadTransaction, DiskError> {
        self.snapshot().map(|(tx, _)| tx)
    }

    /// A transaction that outlives a compaction as long as the hold is kept.
    pub(crate) fn snapshot(&self) -> Result<(ReadTransaction, Hold), DiskError> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (database, hold) = state.database.as_ref().ok_or(DiskError::Closed)?;
        Ok((database.begin_read()?, hold.clone()))
    }

    pub(crate) fn write(&self) -> Result<WriteTransaction, DiskError> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (database, _) = state.database.as_ref().ok_or(DiskError::Closed)?;
        Ok(database.begin_write()?)
    }

    /// Closes the database and opens it anew. It is closed first, since who has it open locks its file.
    pub(crate) fn replace(
        &self,
        open: impl FnOnce() -> Result<Database, OpenError>,
    ) -> Result<(), OpenError> {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state.database.take().into_iter().for_each(|(database, _)| close(database));
        state.database = Some((open()?, Hold::default()));
        Ok(())
    }

    /// Lets go of the database, whose file is replaced by now; who reads through it goes on.
    pub(crate) fn retire(&self) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let last = state.database.take();
        state.retired.extend(last);
    }

    /// Closes the retired databases that nobody reads through any more.
    pub(crate) fn close_retired(&self) {
        if self.0.read().unwrap_or_else(PoisonError::into_inner).retired.is_empty() {
            return;
        }
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let unused = state.retired.extract_if(.., |(_, hold)| Arc::strong_count(hold) == 1);
        unused.for_each(|(database, _)| close(database));
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let state = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        state
            .database
            .take()
            .into_iter()
            .chain(state.retired.drain(..))
            .for_each(|(database, _)| close(database));
    }
}

/// Closing writes the library's notes on free pages, and so panics where they are damaged. What was
/// committed is durable by then, and the next opening makes the notes anew.
fn close(database: Database) {
    let closed = guard(|| -> Result<(), DiskError> {
        drop(database);
        Ok(())
    });
    drop(closed);
}
