//! What can go wrong below: opening, the disk itself, and appending.

use std::path::PathBuf;

use klatch_feed::{EntryError, FeedId, NetId, Seq};

use crate::Held;

/// Why a store does not open, or is not made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no database, and nothing says that there ever was one.
    #[error("there is no store in {}", .home.display())]
    Missing {
        /// Where it was looked for.
        home: PathBuf,
    },
    /// There is no database, but a witness that one was there: nothing is made in its place.
    #[error(
        "the database is gone from {}, but its head witness is there and knows {seq} own entries: \
         move this home away, and `klatch restore` a backup in its place, or `klatch init --recover` with the words",
        .home.display()
    )]
    Lost {
        /// Where it was looked for.
        home: PathBuf,
        /// Own entries that the witness knows; 0 also where it is unreadable.
        seq: Seq,
    },
    /// A store is to be made where one is already.
    #[error("there is a store in {} already", .home.display())]
    Exists {
        /// Where.
        home: PathBuf,
    },
    /// Another process has it open.
    #[error("the store is in use by another process")]
    InUse,
    /// It was made for another network.
    #[error(
        "the database here was made for another network: put back the network.json that was made with it"
    )]
    OtherNetwork {
        /// Which, by its id.
        found: NetIdHex,
    },
    /// It was made for another feed.
    #[error(
        "the database here belongs to {found}, not to {wanted}: put back the feed.key that was made with it"
    )]
    OtherOwner {
        /// Whose it is.
        found: FeedId,
        /// Who wants to open it.
        wanted: FeedId,
    },
    /// A newer Klatch wrote it.
    #[error("the store has schema {found}, this program knows up to {known}: use a newer Klatch")]
    Newer {
        /// Its schema.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// It is a database, but not a whole store.
    #[error(
        "the store is damaged: {0}; move this home away, and `klatch restore` a backup in its place, or `klatch init \
         --recover` with the words"
    )]
    Damaged(#[source] DiskError),
    /// The disk would not.
    #[error(transparent)]
    Disk(DiskError),
}

/// A network's id as hex, for people to compare.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NetIdHex(pub [u8; 32]);

impl From<&NetId> for NetIdHex {
    fn from(net: &NetId) -> Self {
        Self(*net.as_bytes())
    }
}

impl std::fmt::Display for NetIdHex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The disk failed, or holds something it should not.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// No room. What was to be written is not; all that was there before still is.
    #[error("the disk is full: make room on the one that holds the home, and try again")]
    Full,
    /// The database library reports a failure.
    #[error("database: {0}")]
    Database(#[source] Box<redb::Error>),
    /// The database library panicked, as it does on some damaged pages; nothing was written.
    #[error("the database is damaged: reading it ended in \"{said}\"")]
    Panicked {
        /// What it said.
        said: String,
    },
    /// A failure closed the database, and it could not be opened again yet; the next write tries anew.
    #[error("the database is closed after a failure")]
    Closed,
    /// What is stored of a feed is not what was stored.
    #[error("entry {seq} of {feed} is damaged on disk: {damage}")]
    Corrupt {
        /// Whose.
        feed: FeedId,
        /// The first entry of the damaged row, or the damaged one.
        seq: Seq,
        /// How it shows.
        damage: Damage,
    },
    /// A row of another table is not in its form.
    #[error("table {table} holds a damaged row")]
    Table {
        /// Which.
        table: &'static str,
    },
    /// The witness file cannot be read or written. Where this follows an append, its entries may be there: the
    /// store was opened anew, and says so.
    #[error("head witness: {0}")]
    Witness(#[source] std::io::Error),
    /// Another file operation in the home.
    #[error("{what}: {source}")]
    File {
        /// Which operation.
        what: &'static str,
        /// Why not.
        source: std::io::Error,
    },
}

/// How damage to stored entries shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Damage {
    /// A row is not in its form.
    #[error("its row is not in the form it was written in")]
    Form,
    /// Hashes do not lead from the row's first entry to its last.
    #[error("it is not the entry whose hash was kept")]
    Hash,
    /// A row does not follow the one before.
    #[error("it does not follow the entry before it")]
    Link,
    /// A row that should be there is not.
    #[error("it is missing")]
    Missing,
    /// A known anchor's signature does not verify.
    #[error("its signature does not verify")]
    Signature,
}

/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Appending could fork the feed.
    #[error("{0}")]
    Held(Held),
    /// A draft that may not be signed.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The disk would not.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// Whether there is no room: on the disk, or for this user of it.
pub(crate) fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

impl From<redb::Error> for DiskError {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(io) if is_full(&io) => Self::Full,
            error => Self::Database(Box::new(error)),
        }
    }
}

macro_rules! from_redb {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for DiskError {
            fn from(error: redb::$error) -> Self {
                redb::Error::from(error).into()
            }
        }
    )*};
}
from_redb!(StorageError, TableError, TransactionError, CommitError, SetDurabilityError);

impl From<redb::DatabaseError> for OpenError {
    fn from(error: redb::DatabaseError) -> Self {
        use redb::{DatabaseError as E, StorageError as S};
        match error {
            E::DatabaseAlreadyOpen | E::LockProtocolMismatch => Self::InUse,
            E::Storage(S::Io(io)) if is_full(&io) => Self::Disk(DiskError::Full),
            E::Storage(S::Io(io)) => match io.kind() {
                // What redb says of a file that is none of its own, or too short for what it claims.
                std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof => {
                    Self::Damaged(redb::Error::Io(io).into())
                }
                _ => Self::Disk(redb::Error::Io(io).into()),
            },
            error @ (E::Storage(S::Corrupted(_)) | E::UpgradeRequired(_) | E::RepairAborted) => {
                Self::Damaged(redb::Error::from(error).into())
            }
            error => Self::Disk(redb::Error::from(error).into()),
        }
    }
}

/// Where in the log a damage sits; shortens what is said of it.
pub(crate) fn corrupt(feed: FeedId, seq: Seq, damage: Damage) -> DiskError {
    DiskError::Corrupt { feed, seq, damage }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn a_disk_and_a_quota_without_room_are_full() {
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
            assert!(matches!(redb::StorageError::Io(kind.into()).into(), DiskError::Full), "{kind}");
            let opening = redb::DatabaseError::Storage(redb::StorageError::Io(kind.into()));
            assert!(matches!(opening.into(), OpenError::Disk(DiskError::Full)), "{kind}");
        }
        let other = redb::StorageError::Io(ErrorKind::PermissionDenied.into());
        assert!(matches!(other.into(), DiskError::Database(_)));
    }
}
