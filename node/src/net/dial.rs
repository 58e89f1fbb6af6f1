//! Dialling: from names to addresses to a channel.

use std::net::SocketAddr;
use std::time::Duration;

use klatch_feed::FeedId;
use klatch_gossip::link::{self, OpenError};
use klatch_gossip::noise::Local;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::links::Met;
use super::listen;

/// How long an address may take to answer at all.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Why no address led to a channel: what the last of them said.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The name stands for nothing.
    #[error("{0} stands for no address")]
    Name(String),
    /// Nobody listens there, or no way leads there.
    #[error("{address}: {source}")]
    Connect {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// It does not answer.
    #[error("{0} does not answer")]
    Silent(SocketAddr),
    /// Somebody is there, and not who was looked for.
    #[error("{address}: {source}")]
    Open {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: OpenError,
    },
}

/// What `host:port` stands for now.
pub(super) async fn resolve(place: &str) -> Result<Vec<SocketAddr>, DialError> {
    let found = timeout(CONNECT_MAX, tokio::net::lookup_host(place)).await;
    let addrs: Vec<_> = found.ok().and_then(Result::ok).into_iter().flatten().collect();
    if addrs.is_empty() { Err(DialError::Name(place.to_owned())) } else { Ok(addrs) }
}

/// Tries addresses in order until `feed` answers at one.
pub(super) async fn dial(local: &Local, feed: FeedId, addrs: &[SocketAddr]) -> Result<Met, DialError> {
    let mut last = DialError::Name(feed.to_string());
    for address in addrs {
        match reach(local, feed, *address).await {
            Ok(met) => return Ok(met),
            Err(error) => {
                tracing::debug!(%feed, %error, "no connection");
                last = error;
            }
        }
    }
    Err(last)
}

async fn reach(local: &Local, feed: FeedId, address: SocketAddr) -> Result<Met, DialError> {
    let connected = timeout(CONNECT_MAX, TcpStream::connect(address)).await;
    let mut stream = match connected {
        Ok(Ok(stream)) => stream,
        Ok(Err(source)) => return Err(DialError::Connect { address, source }),
        Err(_) => return Err(DialError::Silent(address)),
    };
    listen::tune(&stream);
    let channel = link::initiate(&mut stream, local, feed).await;
    let channel = channel.map_err(|source| DialError::Open { address, source })?;
    Ok(Met { stream, channel, address })
}
