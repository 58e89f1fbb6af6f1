//! What joins the owner of the log with other nodes: listener, dialler, discovery, and the task that knows
//! every connection.
//!
//! [`Net::start`] binds, advertises, and runs the `hub` until [`Net::stop`]. Chunks go from a connection
//! straight to the owner, who commits together what several bring (`links`); what concerns more than one
//! connection goes through the hub. Exchanges read the log through `shelf`. Absent on purpose: any say in
//! what is kept, which is the owner's ([`crate::daemon`]).

mod audience;
mod dial;
mod doors;
mod files;
mod guests;
mod hearers;
mod hub;
mod joins;
mod links;
mod listen;
mod meet;
mod places;
mod regain;
mod renewal;
pub mod report;
mod shelf;
mod strangers;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use klatch_feed::SecretKey;
use klatch_gossip::lan::{self, Advert, LanError, Reach};
use klatch_gossip::noise::{self, HandshakeError};
use klatch_gossip::sync::Millis;
use klatch_store::DiskError;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

pub use dial::DialError;
pub use listen::PORT;
pub use report::{NetRequest, NetResponse};

use crate::clock;
use crate::daemon::Handle;
use crate::pub_server::Role;
use crate::share::Address;
use hub::{EVENTS_MAX, Ears, Hub};
use strangers::Strangers;

/// Where a node looks for others, and shows itself, without being told of them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Lan {
    /// On every network this machine is in.
    #[default]
    On,
    /// Nowhere.
    Off,
    /// On this machine alone: nobody off it is seen or sees it.
    Loopback,
}

/// How a node meets others.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Config {
    /// Where to listen; `None` = on [`PORT`] if it is free, else anywhere.
    pub listen: Option<SocketAddr>,
    /// Without a place named, [`PORT`] and no other: where members of a pub look for it.
    pub stays: bool,
    /// Whom to look for.
    pub lan: Lan,
    /// How long nothing longer of one's own log must have come before a recovering home posts again;
    /// `None` = [`crate::daemon::recovery::SETTLE`].
    pub settle: Option<Millis>,
}

/// Why a node meets nobody.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The place is taken, or not this machine's.
    #[error("cannot listen on {place}: {source}; name another place with --listen ADDRESS:PORT")]
    Listen {
        /// Where.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// No discovery.
    #[error(transparent)]
    Lan(#[from] LanError),
    /// No fresh keys.
    #[error(transparent)]
    Keys(#[from] HandshakeError),
    /// No thread for strangers.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
    /// The log.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A second network part for one node.
    #[error("this node meets others already")]
    Twice,
}

/// A running network part.
#[derive(Debug)]
pub struct Net {
    listening: SocketAddr,
    stop: watch::Sender<bool>,
    hub: JoinHandle<()>,
    accepting: JoinHandle<()>,
    lan: Option<lan::Lan>,
}

impl Net {
    /// Listens, advertises, and dials whom `handle`'s owner follows. Runs inside a tokio runtime.
    pub async fn start(handle: Handle, config: Config) -> Result<Self, NetError> {
        let calls = handle.serve_net().ok_or(NetError::Twice)?;
        handle.settle_after(config.settle);
        let listener = listen::bind(&config);
        let at = |listener: &TcpListener| listener.local_addr();
        let (listener, listening) = listener
            .and_then(|listener| at(&listener).map(|place| (listener, place)))
            .map_err(|source| NetError::Listen { place: listen::place(&config), source })?;
        let key = *handle.network().key();
        let secret = SecretKey::from_seed(&handle.secret().seed());
        let local = Arc::new(noise::Local::new(noise::Network::new(handle.net_id(), key), secret)?);
        let (lan, sightings) = match discover(&handle, listening, config.lan)? {
            Some((lan, sightings)) => (Some(lan), Some(sightings)),
            None => (None, None),
        };
        let public = Role::read(&handle.reader().snapshot()?)?.and_then(|role| role.public);
        let addresses = reachable(public, listening, config.lan);
        handle.set_addresses(addresses.iter().map(ToString::to_string).collect());
        let (events_in, events) = mpsc::channel(EVENTS_MAX);
        let (stop, stopped) = watch::channel(false);
        let connections_max = files::connections_max();
        let strangers = Strangers::start(connections_max).map_err(NetError::Thread)?;
        let hub = Hub::new(handle, local, events_in.clone(), addresses, strangers, connections_max);
        let ears = Ears { events, calls, sightings, stop: stopped };
        let accepting = tokio::spawn(listen::accept(listener, events_in));
        Ok(Self { listening, stop, hub: tokio::spawn(hub.run(ears)), accepting, lan })
    }

    /// Where it listens.
    pub fn listening(&self) -> SocketAddr {
        self.listening
    }

    /// Says goodbye, lets connections send what they still have, and ends.
    pub async fn stop(self) {
        self.accepting.abort();
        if let Some(lan) = self.lan {
            lan.stop().await;
        }
        self.stop.send_replace(true);
        if let Err(error) = self.hub.await {
            tracing::error!(%error, "the network part broke");
        }
    }
}

type Discovery = (lan::Lan, mpsc::Receiver<lan::Sighting>);

fn discover(handle: &Handle, bound: SocketAddr, lan: Lan) -> Result<Option<Discovery>, NetError> {
    let reach = match lan {
        Lan::Off => return Ok(None),
        Lan::On => Reach::Interfaces,
        Lan::Loopback => Reach::Loopback,
    };
    let (feed, net, instance) = (handle.me(), handle.net_id(), clock::random());
    let advert = Advert { feed, net, bound, discoverable: true, instance };
    Ok(Some(lan::Lan::start(advert, reach, clock::today())?))
}

/// Addresses for lines that people pass on, best first: the public one, then those of this machine that
/// the listener accepts on and that mean the same to others (a link-local one does not).
fn reachable(public: Option<String>, bound: SocketAddr, lan: Lan) -> Vec<Address> {
    let mut ips = match bound.ip() {
        ip if !ip.is_unspecified() => vec![ip],
        any => {
            let all = if_addrs::get_if_addrs()
                .inspect_err(|error| tracing::warn!(%error, "no interfaces are known"));
            let ips = all.unwrap_or_default().into_iter().map(|interface| interface.ip());
            ips.filter(|ip| any.is_ipv6() || ip.is_ipv4()).collect()
        }
    };
    ips.retain(|ip| {
        ip.is_loopback() == (lan == Lan::Loopback || bound.ip().is_loopback()) && !is_link_local(ip)
    });
    ips.sort_by_key(|ip| (ip.is_ipv6(), *ip));
    ips.dedup();
    let places = ips.into_iter().map(|ip| SocketAddr::new(ip, bound.port()).to_string());
    public.into_iter().chain(places).filter_map(|text| text.parse().ok()).collect()
}

fn is_link_local(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}
