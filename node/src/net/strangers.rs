//! Connections with strangers: how many there may be, and where they run: on a thread of their own that gives way to
//! all others.
//!
//! Whatever a stranger asks for takes time that nobody followed is to wait for, and each message may take much of
//! it. So the threads that serve whom this node wants are never theirs, and where the cores are too few the
//! system runs those first. Source: spec/gossip.md, "connections".

use std::io;

use klatch_gossip::link::LinkId;
use klatch_gossip::peers::room::Room;
use tokio::runtime::{self, Handle, Runtime};

use super::listen;

/// The thread's name, as the system's tools show it.
const NAME: &str = "klatch-stranger";

/// How far it gives way: a thread of the usual priority gets some nine times as much.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Their places, and the thread. Dropping lets it end by itself, with all that runs on it.
#[derive(Debug)]
pub(super) struct Strangers {
    /// Connections that strangers dialled.
    pub(super) places: Room<LinkId>,
    thread: Option<Runtime>,
}

impl Strangers {
    /// `connections_max` is of all connections, of which they may have a share.
    pub(super) fn start(connections_max: usize) -> io::Result<Self> {
        let mut thread = runtime::Builder::new_multi_thread();
        thread.worker_threads(1).thread_name(NAME).on_thread_start(give_way()).enable_all();
        let thread = Some(thread.build()?);
        Ok(Self { places: Room::new(listen::strangers(connections_max)), thread })
    }

    /// What to spawn their tasks on.
    pub(super) fn thread(&self) -> &Handle {
        self.thread.as_ref().expect("it runs until it is dropped").handle()
    }
}

impl Drop for Strangers {
    fn drop(&mut self) {
        self.thread.take().into_iter().for_each(Runtime::shutdown_background); // Waiting is not for tasks to do.
    }
}

/// What makes a thread give way, from where the one that calls this stands: the process may have been started to give way
/// itself. A thread has at first the priority of the one that started it, which may give way already.
fn give_way() -> impl Fn() + Send + Sync + 'static {
    #[cfg(target_os = "linux")]
    let own = rustix::process::getpriority_process(None);
    move || {
        // Elsewhere a process has one priority for all its threads.
        #[cfg(target_os = "linux")]
        if let Err(error) =
            own.and_then(|own| rustix::process::setpriority_process(None, own.saturating_add(NICE)))
        {
            tracing::warn!(%error, "strangers have the priority of all others");
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[test]
    fn every_thread_of_strangers_gives_way_as_far_whichever_started_it() {
        let strangers = Strangers::start(64).unwrap();
        let (first, started) = strangers.thread().block_on(async {
            let first = tokio::spawn(async {
                let started = tokio::task::spawn_blocking(|| getpriority_process(None)).await.unwrap();
                (getpriority_process(None), started)
            });
            first.await.unwrap()
        });
        let wanted = getpriority_process(None).map(|own| (own + NICE).min(19));
        assert_eq!((first, started), (wanted, wanted));
    }
}
