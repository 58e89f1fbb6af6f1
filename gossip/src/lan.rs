//! Neighbours: advertises this node by DNS-SD and tells of others, on every interface or on loopback alone.
//!
//! `mdns-sd` runs a thread of its own with the sockets; this module decides what is said, and what is believed of
//! what others say. Absent on purpose: dialling ([`crate::peers`]) and trust (an advert proves nothing).
//! Source: spec/gossip.md, "DNS-SD".

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use if_addrs::Interface;
use klatch_feed::{FeedId, NetId};
use mdns_sd::{IfKind, IfPredicate, ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent, ServiceInfo};
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::sync::mpsc;

use crate::peers::{ADDRS_MAX, LAN_FEEDS_MAX};

/// The DNS-SD type of a Klatch node.
pub const SERVICE: &str = "_klatch._tcp.local.";

/// How long a goodbye may take.
const GOODBYE_MAX: Duration = Duration::from_millis(500);

/// Where to advertise and to look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// Every interface that is up, but loopback.
    Interfaces,
    /// Loopback alone: nobody off this machine sees or is seen.
    Loopback,
}

/// What a node says of itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Advert {
    /// Its feed.
    pub feed: FeedId,
    /// Its network.
    pub net: NetId,
    /// Where its listener is bound: only addresses that it accepts on are advertised.
    pub bound: SocketAddr,
    /// Whether strangers may learn the feed; else only those who know it already find it.
    pub discoverable: bool,
    /// Random, new each run: names this instance and its host on the LAN.
    pub instance: [u8; 8],
}

/// Who an advert says is there.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Who {
    /// A feed.
    Feed(FeedId),
    /// Somebody whom only those who know the feed recognise: see [`bearer`].
    Tag([u8; 8]),
}

/// Something that changed on the LAN.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sighting {
    /// These addresses, all that are advertised now.
    Seen {
        /// Whose.
        who: Who,
        /// Where; link-local IPv6 ones with their scope. Never empty.
        addrs: Vec<SocketAddr>,
        /// Names of the interfaces they were seen on.
        interfaces: BTreeSet<String>,
    },
    /// These are advertised no more.
    Gone {
        /// Whose.
        who: Who,
        /// Which.
        addrs: Vec<SocketAddr>,
    },
}

/// Why there is no discovery on the LAN.
#[derive(Clone, Debug, Error)]
#[error("mDNS is not possible here: {0}")]
pub struct LanError(#[from] mdns_sd::Error);

/// An advert that stands, and a look-out. Dropping it ends both, without a goodbye.
pub struct Lan {
    daemon: ServiceDaemon,
    advert: Advert,
    reach: Reach,
}

impl Lan {
    /// Advertises and looks out until [`Self::stop`]. `day` counts from 1970-01-01, UTC.
    ///
    /// Runs inside a tokio runtime. An owner that does not receive makes the look-out wait, not forget.
    ///
    /// # Errors
    ///
    /// [`LanError`] if there are no sockets to be had.
    pub fn start(
        advert: Advert,
        reach: Reach,
        day: u32,
    ) -> Result<(Self, mpsc::Receiver<Sighting>), LanError> {
        let daemon = ServiceDaemon::new()?;
        match reach {
            Reach::Interfaces => {
                daemon.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
            }
            Reach::Loopback => {
                daemon.disable_interface(IfKind::All)?;
                daemon.enable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
            }
        }
        let (sightings, receiver) = mpsc::channel(64);
        let lan = Self { daemon, advert, reach };
        lan.advertise(day)?;
        let watch = Watch::new(advert, reach);
        tokio::spawn(look_out(lan.daemon.clone(), watch, sightings));
        Ok((lan, receiver))
    }

    /// Advertises for that day. Who is not discoverable has another tag each day: call it daily.
    ///
    /// # Errors
    ///
    /// [`LanError`] if the thread behind it has ended or is overwhelmed.
    pub fn advertise(&self, day: u32) -> Result<(), LanError> {
        Ok(self.daemon.register(service(&self.advert, self.reach, day)?)?)
    }

    /// Says goodbye, so that nobody dials a node that is not there.
    pub async fn stop(self) {
        let name = format!("{}.{SERVICE}", hex(&self.advert.instance));
        if let Ok(done) = self.daemon.unregister(&name) {
            let _ = tokio::time::timeout(GOODBYE_MAX, done.recv_async()).await;
        }
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        let _ = self.daemon.shutdown(); // Its thread ends at once, or has ended.
    }
}

impl std::fmt::Debug for Lan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lan")
            .field("advert", &self.advert)
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}

/// What a node that is not discoverable is called on `day`. Source: spec/gossip.md, "DNS-SD".
pub fn tag(feed: &FeedId, day: u32) -> [u8; 8] {
    let hash = Sha256::new()
        .chain_update(b"klatch/lan/1\0")
        .chain_update(feed.as_bytes())
        .chain_update(day.to_be_bytes())
        .finalize();
    *hash.first_chunk().expect("SHA-256 has 32 bytes")
}

/// Which of `feeds` bears `tag` on `day`, the day before or the day after.
pub fn bearer(feeds: impl IntoIterator<Item = FeedId>, wanted: [u8; 8], day: u32) -> Option<FeedId> {
    let days = [day, day.wrapping_sub(1), day.wrapping_add(1)];
    feeds.into_iter().find(|feed| days.iter().any(|&day| tag(feed, day) == wanted))
}

fn service(advert: &Advert, reach: Reach, day: u32) -> Result<ServiceInfo, LanError> {
    let instance = hex(&advert.instance);
    let host = format!("klatch-{instance}.local.");
    let who = if advert.discoverable {
        ("feed", advert.feed.to_string())
    } else {
        ("tag", hex(&tag(&advert.feed, day)))
    };
    let txt = [("v", "1".to_owned()), ("net", net_prefix(&advert.net)), who];
    let mut info =
        ServiceInfo::new(SERVICE, &instance, &host, (), advert.bound.port(), &txt[..])?.enable_addr_auto();
    let bound = advert.bound.ip();
    info.set_interfaces(vec![IfKind::Predicate(IfPredicate::new(move |interface| {
        interface.is_loopback() == (reach == Reach::Loopback)
            && accepts(bound, interface.ip())
            && names_one_link(interface, &if_addrs::get_if_addrs().unwrap_or_default())
    }))]);
    // Instance and host are 64 random bits: there is no conflict to probe for, and 750 ms to save.
    info.set_requires_probe(false);
    Ok(info)
}

/// Whether a listener bound to `bound` gets what is sent to `addr`, one of this machine's.
fn accepts(bound: IpAddr, addr: IpAddr) -> bool {
    match bound {
        // Linux and macOS listeners on `::` take IPv4 as well, unless told otherwise.
        IpAddr::V6(any) if any.is_unspecified() => true,
        IpAddr::V4(any) if any.is_unspecified() => addr.is_ipv4(),
        one => one == addr,
    }
}

/// Whether an advert of this address reaches only the link that it is on.
///
/// `mdns-sd` advertises an address on every interface of the same subnet, and the link-local subnet is the same on
/// all: with a container bridge beside the network card, each would be told the other's address. So a
/// link-local address is advertised only while one interface has one. Others need not know it: where
/// there are several interfaces, there is a routable address on each that matters.
fn names_one_link(address: &Interface, all: &[Interface]) -> bool {
    let rivals = |other: &&Interface| {
        other.is_oper_up()
            && !other.is_p2p()
            && !other.is_loopback()
            && other.is_link_local()
            && other.ip().is_ipv4() == address.ip().is_ipv4()
    };
    !address.is_link_local() || all.iter().filter(rivals).all(|other| other.index == address.index)
}

/// Believes adverts as far as they can be.
struct Watch {
    advert: Advert,
    reach: Reach,
    seen: BTreeMap<String, (Who, Vec<SocketAddr>)>,
}

impl Watch {
    fn new(advert: Advert, reach: Reach) -> Self {
        Self { advert, reach, seen: BTreeMap::new() }
    }

    /// What an advert changes.
    fn resolved(&mut self, service: &ResolvedService) -> Vec<Sighting> {
        let Some((who, addrs, interfaces)) = self.believe(service) else {
            return self.removed(service.get_fullname());
        };
        let name = service.get_fullname();
        if !self.seen.contains_key(name) && self.seen.len() >= LAN_FEEDS_MAX {
            return Vec::new();
        }
        let before = self.seen.insert(name.to_owned(), (who, addrs.clone()));
        let mut sightings = Vec::new();
        if let Some((before, mut gone)) = before {
            gone.retain(|addr| before != who || !addrs.contains(addr));
            if !gone.is_empty() {
                sightings.push(Sighting::Gone { who: before, addrs: gone });
            }
        }
        sightings.push(Sighting::Seen { who, addrs, interfaces });
        sightings
    }

    /// What the end of an advert changes.
    fn removed(&mut self, name: &str) -> Vec<Sighting> {
        self.seen.remove(name).map(|(who, addrs)| Sighting::Gone { who, addrs }).into_iter().collect()
    }

    fn believe(&self, service: &ResolvedService) -> Option<(Who, Vec<SocketAddr>, BTreeSet<String>)> {
        let value = |key| service.get_property_val_str(key);
        if value("v") != Some("1") || value("net") != Some(&net_prefix(&self.advert.net)) {
            return None;
        }
        let who = match (value("feed"), value("tag")) {
            (Some(feed), None) => Who::Feed(feed.parse().ok()?),
            (None, Some(tag)) => Who::Tag(unhex(tag)?),
            _ => return None,
        };
        let own_name = format!("{}.{SERVICE}", hex(&self.advert.instance));
        if service.get_fullname() == own_name || service.get_port() == 0 {
            return None;
        }
        let mut places: Vec<_> =
            service.get_addresses().iter().filter_map(|ip| self.place(ip, service.get_port())).collect();
        // A hash set comes in any order, and what is cut off should not depend on it.
        places.sort();
        places.truncate(ADDRS_MAX);
        let interfaces = places.iter().flat_map(|(_, names)| names.iter().cloned()).collect();
        let addrs: Vec<_> = places.into_iter().map(|(addr, _)| addr).collect();
        if addrs.is_empty() { None } else { Some((who, addrs, interfaces)) }
    }

    /// Where to dial, if an advert can mean that.
    fn place(&self, ip: &ScopedIp, port: u16) -> Option<(SocketAddr, Vec<String>)> {
        let addr = ip.to_ip_addr();
        if addr.is_unspecified()
            || addr.is_multicast()
            || addr.is_loopback() != (self.reach == Reach::Loopback)
        {
            return None;
        }
        Some(match ip {
            ScopedIp::V6(v6) if v6.addr().is_unicast_link_local() => {
                let scope = v6.scope_id();
                (SocketAddrV6::new(*v6.addr(), port, 0, scope.index).into(), vec![scope.name.clone()])
            }
            ScopedIp::V6(v6) => (SocketAddr::new(addr, port), vec![v6.scope_id().name.clone()]),
            ScopedIp::V4(v4) => {
                let names = v4.interface_ids().iter().map(|interface| interface.name.clone());
                (SocketAddr::new(addr, port), names.collect())
            }
            _ => return None,
        })
    }
}

/// Passes on what is seen until the daemon ends or nobody listens.
///
/// `mdns-sd` ends a look-out that fell behind, which a flood of adverts can bring about: then another begins,
/// from what is cached.
async fn look_out(daemon: ServiceDaemon, mut watch: Watch, sightings: mpsc::Sender<Sighting>) {
    while let Ok(events) = daemon.browse(SERVICE) {
        while let Ok(event) = events.recv_async().await {
            let news = match event {
                ServiceEvent::ServiceResolved(service) => watch.resolved(&service),
                ServiceEvent::ServiceRemoved(_, name) => watch.removed(&name),
                _ => continue,
            };
            for sighting in news {
                if sightings.send(sighting).await.is_err() {
                    return;
                }
            }
        }
        if sightings.is_closed() {
            return;
        }
    }
}

fn net_prefix(net: &NetId) -> String {
    hex(&net.as_bytes()[..8])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sixteen lower-case digits.
fn unhex(text: &str) -> Option<[u8; 8]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let digits: [u8; 16] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 8];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
