//! How a command reaches the log: through the node that runs, or by opening the store itself.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use super::exit::CliError;
use crate::clock::Stopwatch;
use crate::daemon::{Admit, Daemon, Options, Progress, Request, Response, socket};
use crate::home::{Home, HomeError, Lock};
use crate::net;
use crate::running::{RunError, Running};

/// How long to wait for another process to let go of the home or to listen.
const PATIENCE: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(20);

/// Whoever owns the log now.
#[derive(Debug)]
pub enum Node {
    /// A node that runs, and listens here.
    Running(PathBuf),
    /// This process, for as long as the command takes.
    Here(Daemon),
    /// The same, and it meets others.
    Online(Box<Running>),
}

impl Node {
    /// Finds a node that runs, or becomes the owner; retries both while another process has the home.
    pub fn find(home: &Home) -> Result<Self, CliError> {
        let here = |lock| Ok(Self::Here(Daemon::start(home, lock, Options::default())?));
        Self::find_or(home, here)
    }

    /// As [`Node::find`], where what is asked takes others: a node of its own meets them as `config` says.
    pub(super) fn find_online(home: &Home, config: net::Config) -> Result<Self, CliError> {
        let ready = |_: &_| Ok::<_, RunError>(());
        let online =
            |lock| Ok(Self::Online(Box::new(Running::start(home, lock, (Admit::Manual, config), ready)?)));
        Self::find_or(home, online)
    }

    /// Takes the home for a node, once a command that has it is done. One that runs is no reason to wait.
    pub(super) fn lock(home: &Home) -> Result<Lock, CliError> {
        let (path, started) = (home.socket()?, Stopwatch::start());
        loop {
            match home.lock() {
                Err(HomeError::InUse { .. })
                    if started.elapsed() < PATIENCE && UnixStream::connect(&path).is_err() =>
                {
                    std::thread::sleep(STEP);
                }
                taken => return Ok(taken?),
            }
        }
    }

    fn find_or(home: &Home, own: impl Fn(Lock) -> Result<Self, CliError>) -> Result<Self, CliError> {
        home.check()?;
        let path = home.socket()?;
        let started = Stopwatch::start();
        loop {
            if UnixStream::connect(&path).is_ok() {
                return Ok(Self::Running(path));
            }
            match home.lock() {
                Ok(lock) => return own(lock),
                Err(HomeError::InUse { .. }) if started.elapsed() < PATIENCE => std::thread::sleep(STEP),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether a node runs, so that what is posted goes out at once.
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Running(_))
    }

    /// Asks, and waits for the answer.
    pub fn call(&self, request: Request) -> Result<Response, CliError> {
        self.call_with(request, &mut |_, _| {})
    }

    /// As [`Node::call`], telling how far long work is.
    pub fn call_with(&self, request: Request, progress: Progress<'_>) -> Result<Response, CliError> {
        Ok(match self {
            Self::Running(path) => socket::ask(path, &request, progress)??,
            Self::Here(daemon) => daemon.handle().call_with(request, progress)?,
            Self::Online(running) => running.handle().call_with(request, progress)?,
        })
    }
}

/// Takes the one kind of answer that a request has.
macro_rules! take {
    ($answer:expr, $kind:ident) => {
        match $answer {
            $crate::daemon::Response::$kind(value) => Ok(value),
            _ => Err($crate::cli::CliError::Answer),
        }
    };
}
pub(crate) use take;
