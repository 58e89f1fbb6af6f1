//! The door to the outside: where this node listens.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::Lan;
use super::hub::Event;

/// Where a node listens unless told otherwise, if nobody else does.
pub const PORT: u16 = 4747;
/// How long to leave a listener alone that takes nobody.
const PAUSE: Duration = Duration::from_millis(100);

/// Binds where it was told to, else on the usual port, else on any that is free.
pub(super) async fn bind(asked: Option<SocketAddr>, lan: Lan) -> io::Result<TcpListener> {
    if let Some(address) = asked {
        return TcpListener::bind(address).await;
    }
    // `::` takes IPv4 as well; a machine without IPv6 has `0.0.0.0`.
    let hosts = match lan {
        Lan::Loopback => vec![Ipv4Addr::LOCALHOST.into()],
        Lan::On | Lan::Off => vec![Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()],
    };
    let places =
        [PORT, 0].into_iter().flat_map(|port| hosts.iter().map(move |host| SocketAddr::new(*host, port)));
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for place in places {
        match TcpListener::bind(place).await {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Hands over whoever knocks until the hub is gone.
pub(super) async fn accept(listener: TcpListener, events: mpsc::Sender<Event>) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                if events.send(Event::Knocked(stream, address)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                // Out of open files, say: others may close some.
                tracing::warn!(%error, "the listener takes nobody");
                tokio::time::sleep(PAUSE).await;
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
