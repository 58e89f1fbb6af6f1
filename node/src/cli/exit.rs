//! How a command ends: its error, and the number the shell sees.

use std::io;
use std::path::PathBuf;

use crate::calendar::draft::DraftError;
use crate::config::NoHome;
use crate::daemon::create::CreateError;
use crate::daemon::socket::AskError;
use crate::daemon::succeed::SucceedError;
use crate::daemon::{Refusal, StartError};
use crate::home::HomeError;
use crate::network::NetworkError;
use crate::running::RunError;
use crate::web::Where;
use crate::web::public::PublicError;
use crate::web::scan::PictureError;

/// What the shell sees.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// It could not be done.
    CouldNot = 1,
    /// The command line is not one.
    Usage = 2,
    /// Nothing, or more than one thing, matched what was named.
    NoMatch = 3,
    /// A node runs but does not answer.
    NoAnswer = 4,
    /// Not all of it could be done.
    Partly = 5,
    /// A bug in Klatch.
    Bug = 70,
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each message says it")]
pub enum CliError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Create(#[from] CreateError),
    #[error(transparent)]
    Succeed(#[from] SucceedError),
    #[error(transparent)]
    Pages(#[from] PublicError),
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error(transparent)]
    NoHome(#[from] NoHome),
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("{path} exists, and is not written over: take another name, or say --force")]
    Exists { path: PathBuf },
    #[error("{path}: {source}")]
    Network { path: PathBuf, source: NetworkError },
    #[error("{path}: {problem}")]
    Import { path: PathBuf, problem: &'static str },
    #[error("{path}: {problem}")]
    Calendar { path: PathBuf, problem: DraftError },
    #[error(
        "{path}: {bad} of its {events} events cannot be scheduled here: the lines above say which, and why"
    )]
    Events { path: PathBuf, bad: usize, events: usize },
    #[error("{path}: {problem}")]
    Picture { path: PathBuf, problem: PictureError },
    #[error(
        "{path}: there is no QR code to be seen in it; go closer, and have the whole code in the picture"
    )]
    NoCode { path: PathBuf },
    #[error("{0}")]
    Usage(String),
    #[error(
        "{0} of the log's parts are damaged: the lines above say what mends them; where one says nothing, a backup does, by `klatch restore` into an empty folder"
    )]
    Damaged(usize),
    #[error(
        "{file} is made, and as damaged as the home it was made from ({problems} problems, above): keep the backups that you \
         made before it, mend the home as the lines say, and make another"
    )]
    DamagedBackup { file: PathBuf, problems: usize },
    #[error(
        "{name} ({door}) shows a door, but nothing in the log says that they hold it: \
         ask the host, and repeat with --trust {door} if it is right"
    )]
    Stranger { door: klatch_feed::FeedId, name: String },
    #[error("standard input: {0}")]
    Input(io::Error),
    #[error("the evening did not go as it should: {0}")]
    Demo(String),
    #[error("Ctrl-C cannot be heard: {0}")]
    Signals(io::Error),
    #[error(
        "the page cannot be served at {place}: {source}; name another place with --web 127.0.0.1:PORT, or --web off"
    )]
    Page { place: Where, source: io::Error },
    #[error("standard output: {0}")]
    Output(io::Error),
    /// The node answered something else than was asked: both halves are this program.
    #[error("the node gave another answer than was asked for; is it of another version?")]
    Answer,
}

impl CliError {
    /// The number it ends with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Refused(Refusal::Unknown { .. } | Refusal::Ambiguous { .. }) => Exit::NoMatch,
            Self::NoCode { .. } => Exit::NoMatch,
            Self::Events { bad, events, .. } if bad < events => Exit::Partly,
            Self::Usage(_) => Exit::Usage,
            Self::Ask(_) | Self::Answer => Exit::NoAnswer,
            _ => Exit::CouldNot,
        }
    }
}
