//! A node that runs in this process: the owner of the log, the control socket, and the network part.
//!
//! `up` and `pub up` run one until a signal; commands that need others for a moment (`join`, `door`,
//! `checkin`, `peers`) run one where none runs already.

use std::io;
use std::path::PathBuf;

use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use crate::daemon::{Admit, Daemon, Handle, Options, StartError, socket};
use crate::home::{Home, HomeError, Lock};
use crate::net::{Config, Net, NetError};

/// A node that runs.
#[derive(Debug)]
pub struct Running {
    // Dropped in this order: the network part has no log to ask once the daemon is gone.
    runtime: Runtime,
    net: Option<Net>,
    signals: Signals,
    serving: JoinHandle<()>,
    socket: PathBuf,
    daemon: Daemon,
}

/// Why no node runs.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The home.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The log.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The network.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The control socket.
    #[error("the control socket {path}: {source}")]
    Socket {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Threads, or signals.
    #[error("the system gives no runtime: {0}")]
    Runtime(io::Error),
}

impl Running {
    /// Starts everything; on return others can reach it. `prepare` sets what has to be there before that.
    pub fn start<E: From<RunError>>(
        home: &Home,
        lock: Lock,
        (admit, config): (Admit, Config),
        prepare: impl FnOnce(&Handle) -> Result<(), E>,
    ) -> Result<Self, E> {
        let path = home.socket().map_err(RunError::from)?;
        let daemon = Daemon::start(home, lock, Options { live: true, admit }).map_err(RunError::from)?;
        let handle = daemon.handle();
        prepare(&handle)?;
        let runtime = Runtime::new().map_err(RunError::Runtime)?;
        let net = runtime.block_on(Net::start(handle.clone(), config)).map_err(RunError::from)?;
        let (listening, signals) = {
            let _inside = runtime.enter();
            let listening = socket::listen(&path);
            let listening = listening.map_err(|source| RunError::Socket { path: path.clone(), source })?;
            (listening, Signals::new().map_err(RunError::Runtime)?)
        };
        let serving = runtime.spawn(socket::serve(listening, handle));
        Ok(Self { runtime, net: Some(net), signals, serving, socket: path, daemon })
    }

    /// The way to its owner.
    pub fn handle(&self) -> Handle {
        self.daemon.handle()
    }

    /// Its network part.
    pub fn net(&self) -> &Net {
        self.net.as_ref().expect("there is one until it stops")
    }

    /// Where the command line finds it.
    pub fn socket(&self) -> &std::path::Path {
        &self.socket
    }

    /// Waits until this process is asked to end.
    pub fn wait(&mut self) {
        self.runtime.block_on(self.signals.next());
    }
}

impl Drop for Running {
    /// Says goodbye to others, then closes the log.
    fn drop(&mut self) {
        self.serving.abort();
        // A socket that nobody serves would make the next command wait for an answer.
        let _ = std::fs::remove_file(&self.socket);
        if let Some(net) = self.net.take() {
            self.runtime.block_on(net.stop());
        }
    }
}

/// Ctrl-C, and what service managers send.
#[derive(Debug)]
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
