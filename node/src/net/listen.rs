//! The door to the outside: where this node listens.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use klatch_gossip::peers::{gate, room};
use klatch_gossip::sync::Millis;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;

use super::files;
use super::hub::Event;
use super::{Config, Lan};

/// Where a node listens unless told otherwise, if nobody else does.
pub const PORT: u16 = 4747;
/// Long enough to join a pub, or to fetch what somebody was pointed to.
const STRANGER_SAFE_FOR: Millis = 60_000;
/// How long to leave a listener alone that takes nobody.
const PAUSE: Duration = Duration::from_millis(100);
/// Connections that the system may hold until this node takes them: where thousands come at once, as after a
/// pub's restart, each that finds no room waits a second or more. The system may allow fewer.
const BACKLOG: u32 = 4096;

/// Binds where it was told to, else on the usual port, else, unless it stays there, on any that is free.
pub(super) fn bind(config: &Config) -> io::Result<TcpListener> {
    if let Some(address) = config.listen {
        return bind_at(address);
    }
    // `::` takes IPv4 as well; a machine without IPv6 has `0.0.0.0`.
    let hosts = match config.lan {
        Lan::Loopback => vec![Ipv4Addr::LOCALHOST.into()],
        Lan::On | Lan::Off => vec![Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()],
    };
    let ports = if config.stays { &[PORT][..] } else { &[PORT, 0] };
    let places = ports.iter().flat_map(|port| hosts.iter().map(move |host| SocketAddr::new(*host, *port)));
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for place in places {
        match bind_at(place) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Where that is, for whoever is told that it is taken.
pub(super) fn place(config: &Config) -> String {
    match config.listen {
        Some(address) => address.to_string(),
        None if config.stays => format!("port {PORT}"),
        None => "any port".to_owned(),
    }
}

fn bind_at(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    if cfg!(unix) {
        socket.set_reuseaddr(true)?; // A restart need not wait for old connections to be forgotten.
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Unfinished handshakes that are let in: a share of all connections, so that they leave room for others.
pub(super) fn knocks(connections_max: usize) -> gate::Limits {
    let mut limits = gate::Limits::default();
    limits.half_open.places_max = limits.half_open.places_max.min(connections_max / 4);
    limits
}

/// Connections of strangers: a share of all, or whoever brings enough keys keeps the known ones out.
pub(super) const fn strangers(connections_max: usize) -> room::Limits {
    room::Limits { places_max: connections_max / 4, net_max: usize::MAX, safe_for: STRANGER_SAFE_FOR }
}

/// Hands over whoever knocks until the hub is gone.
pub(super) async fn accept(listener: TcpListener, events: mpsc::Sender<Event>) {
    let mut is_well = true;
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                is_well = true;
                // One that takes both kinds names IPv4 as `::ffff:192.0.2.7`, which nobody writes.
                let address = SocketAddr::new(address.ip().to_canonical(), address.port());
                if events.send(Event::Knocked(stream, address)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                if is_well {
                    let advice =
                        if files::ran_out(&error) { ": allow this process more open files" } else { "" };
                    tracing::warn!("nobody is let in for now: {error}{advice}"); // Once, not at each attempt.
                }
                is_well = false;
                tokio::time::sleep(PAUSE).await; // Or it would fail without end, and leave time for nothing else.
            }
        }
    }
}

/// Small messages are answered at once, not gathered.
pub(super) fn tune(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a socket cannot be told not to wait");
    }
}
