//! Why a node does not do what it is asked: what `--json` prints as an error, and what pages say in their language.

use klatch_feed::post::Role;
use klatch_store::{AppendError, DiskError};
use serde::{Deserialize, Serialize};

use super::sentence::Sentence;

/// Why a request was not done.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each field stands in its message")]
pub enum Refusal {
    #[error("nothing matches {text:?} among the {among} this node knows")]
    Unknown { text: String, among: Among },
    #[error("{text:?} may be {}: name one of them so", list(candidates))]
    Ambiguous { text: String, candidates: Vec<String> },
    /// A mistyped id, and what is wrong with it.
    #[error("{text:?}: {problem}")]
    Mistyped { text: String, problem: Sentence },
    #[error("{field}: {problem}")]
    Field { field: String, problem: Sentence },
    #[error(
        "nothing of {who} is here yet, so they cannot be named for certain: follow them and let `klatch up` fetch"
    )]
    NotHeld { who: String },
    #[error("you {yours} in {object:?}, and this takes {wanted}")]
    Right {
        object: String,
        yours: String,
        wanted: Sentence,
        /// The least role that suffices, for who says it in another language.
        #[serde(skip)]
        least: Option<Role>,
    },
    /// Nothing was posted, since it would change nothing.
    #[error("{problem}")]
    NoEffect { problem: Sentence },
    /// The own feed may not grow now.
    #[error("{problem}")]
    Held { problem: Sentence },
    /// There is no backup.
    #[error("{problem}")]
    Backup { problem: Sentence },
    #[error("the disk: {problem}")]
    Disk { problem: Sentence },
    #[error("this needs a running node: start one with `klatch up`")]
    NoNode,
    #[error("this node serves no page: start it without `--web off`")]
    NoPage,
    #[error("{problem}")]
    Net { problem: Sentence },
    #[error("the node is stopping")]
    Stopping,
}

/// What was looked through.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "words")]
pub enum Among {
    People,
    Groups,
    Events,
    GroupsAndEvents,
    /// Entries of one's own log.
    Own,
    /// Entries of anybody: comments, polls.
    Entries,
}

impl std::fmt::Display for Among {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::People => "people",
            Self::Groups => "groups",
            Self::Events => "events",
            Self::GroupsAndEvents => "groups and events",
            Self::Own => "entries of your log that",
            Self::Entries => "entries that",
        })
    }
}

fn list(candidates: &[String]) -> String {
    candidates.join(", or ")
}

impl From<klatch_store::BackupError> for Refusal {
    fn from(error: klatch_store::BackupError) -> Self {
        match error {
            klatch_store::BackupError::Disk(error) => {
                Self::Backup { problem: Sentence::said(on_disk(&error), "", error.to_string()) }
            }
            error => Self::Backup { problem: error.to_string().into() },
        }
    }
}

impl From<DiskError> for Refusal {
    fn from(error: DiskError) -> Self {
        let plain = match error {
            DiskError::Corrupt { .. } | DiskError::Table { .. } | DiskError::Panicked { .. } => {
                format!("{error}: `klatch verify` says what mends it")
            }
            _ => error.to_string(),
        };
        Self::Disk { problem: Sentence::said(on_disk(&error), "", plain) }
    }
}

/// What a page says of it.
fn on_disk(error: &DiskError) -> &'static str {
    match error {
        DiskError::Full => "refused-disk-full",
        DiskError::Closed | DiskError::Database(_) => "refused-disk-failed",
        _ => "refused-disk-damaged",
    }
}

impl From<AppendError> for Refusal {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Held(held) => Self::Held { problem: super::recovery::plainly(&held).into() },
            AppendError::Disk(disk) => disk.into(),
            AppendError::Entry(entry) => {
                Self::Field { field: "entry".to_owned(), problem: entry.to_string().into() }
            }
        }
    }
}

impl From<klatch_feed::post::PostError> for Refusal {
    fn from(error: klatch_feed::post::PostError) -> Self {
        Self::Field { field: error.field.to_owned(), problem: error.problem.into() }
    }
}
