//! A TCP proxy on loopback that counts what crosses, and cuts a connection after an exact number of bytes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// How long somebody may take to dial: longer than a node waits before it dials again.
const DIAL_WITHIN: Duration = Duration::from_secs(120);

/// Which way bytes go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    /// To who dialled.
    Down = 0,
    /// From who dialled.
    Up = 1,
}

/// Where to stop: this many bytes cross that way, and none after them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) way: Way,
    pub(crate) after: u64,
    /// Whether the connection stands still there, instead of ending.
    pub(crate) holds: bool,
}

/// Stands between who dials it and one address.
pub(crate) struct Proxy {
    address: SocketAddr,
    target: String,
    clients: Receiver<TcpStream>,
}

/// One connection through it.
pub(crate) struct Session(Arc<Ends>);

struct Ends {
    streams: [TcpStream; 2], // To who dialled, and to the target.
    crossed: [AtomicU64; 2],
    is_over: AtomicBool,
    is_held: AtomicBool,
    cut: Option<Cut>,
}

impl Proxy {
    pub(crate) fn start(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (knocks, clients) = mpsc::channel();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if knocks.send(client).is_err() {
                    return;
                }
            }
        });
        Self { address, target: target.to_owned(), clients }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next who dials. Nothing crosses until [`Self::carry`].
    pub(crate) fn accept(&self) -> TcpStream {
        self.clients.recv_timeout(DIAL_WITHIN).expect("the node dials again")
    }

    /// Carries a connection until an end closes it, it is cut, or [`Session::end`].
    pub(crate) fn carry(&self, client: TcpStream, cut: Option<Cut>) -> Session {
        let server = TcpStream::connect(&self.target).unwrap();
        for stream in [&client, &server] {
            stream.set_nodelay(true).unwrap();
        }
        let (crossed, is_over, is_held) = Default::default();
        let ends = Arc::new(Ends { streams: [client, server], crossed, is_over, is_held, cut });
        for way in [Way::Down, Way::Up] {
            let ends = Arc::clone(&ends);
            std::thread::spawn(move || ends.pour(way));
        }
        Session(ends)
    }
}

impl Session {
    /// Bytes that were handed on, by [`Way`].
    pub(crate) fn crossed(&self) -> [u64; 2] {
        [0, 1].map(|way| self.0.crossed[way].load(Ordering::SeqCst))
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.is_over.load(Ordering::SeqCst)
    }

    /// Whether it stands still where it was to.
    pub(crate) fn is_held(&self) -> bool {
        self.0.is_held.load(Ordering::SeqCst)
    }

    pub(crate) fn end(&self) {
        self.0.end();
    }
}

impl Ends {
    fn pour(&self, way: Way) {
        let (mut from, mut to) = match way {
            Way::Down => (&self.streams[1], &self.streams[0]),
            Way::Up => (&self.streams[0], &self.streams[1]),
        };
        let limit = self.cut.filter(|cut| cut.way == way).map_or(u64::MAX, |cut| cut.after);
        let mut buffer = [0; 16 * 1024];
        let crossed = &self.crossed[way as usize];
        loop {
            let room = (limit - crossed.load(Ordering::SeqCst)).min(buffer.len() as u64) as usize;
            if room == 0 && self.cut.is_some_and(|cut| cut.holds) {
                self.is_held.store(true, Ordering::SeqCst);
                return;
            }
            if room == 0 {
                break;
            }
            let Ok(size @ 1..) = from.read(&mut buffer[..room]) else { break };
            crossed.fetch_add(size as u64, Ordering::SeqCst); // Before, so that nothing is known that was not counted.
            if to.write_all(&buffer[..size]).is_err() {
                break;
            }
        }
        self.end();
    }

    fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        for stream in &self.streams {
            let _ = stream.shutdown(Shutdown::Both); // It may be closed already.
        }
    }
}
