//! Hosts with a network stack each, on one bridge and nothing else: what a café's LAN is.
//!
//! Needs root, network namespaces and avahi. Without, the test says aloud that it skips and why; with
//! `KLATCH_REQUIRE=1` it fails instead.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::IpAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use klatch::daemon::Created;
use klatch::demo::actor::{Actor, Trouble};
use klatch::net::report::CheckedIn;
use klatch::network::Network;
use klatch_feed::{EventState, FeedId};
use serde_json::Value;

use crate::demo::program;

/// Network namespaces joined by a bridge that stands in one more. All are gone when it is dropped.
pub(crate) struct Bridge {
    tag: String,
    hosts: Vec<String>,
}

impl Bridge {
    /// `count` hosts, `10.77.0.1` and `fd77::1` the first. The error is what the machine lacks.
    fn build(count: usize) -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("not root, so no network namespaces".to_owned());
        }
        for tool in ["ip", "dbus-daemon", "avahi-daemon", "avahi-browse"] {
            let found =
                Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            found.map_err(|error| format!("{tool}: {error}"))?;
        }
        static BUILT: AtomicU32 = AtomicU32::new(0); // Tests run side by side.
        let built = BUILT.fetch_add(1, Ordering::Relaxed);
        let tag = format!("kl{}-{built}", std::process::id());
        let mut bridge = Self { tag, hosts: Vec::new() };
        let switch = bridge.name("s");
        bridge.add(&switch)?;
        ip(&["-n", &switch, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0"])?;
        ip(&["-n", &switch, "link", "set", "br0", "up"])?;
        for n in 1..=count {
            let (host, port) = (bridge.name(&n.to_string()), format!("p{n}"));
            bridge.add(&host)?;
            ip(&[
                "-n", &switch, "link", "add", &port, "type", "veth", "peer", "name", "eth0", "netns", &host,
            ])?;
            ip(&["-n", &switch, "link", "set", &port, "master", "br0", "up"])?;
            ip(&["-n", &host, "addr", "add", &format!("10.77.0.{n}/24"), "dev", "eth0"])?;
            ip(&["-n", &host, "addr", "add", &format!("fd77::{n}/64"), "dev", "eth0", "nodad"])?;
            ip(&["-n", &host, "link", "set", "lo", "up"])?;
            ip(&["-n", &host, "link", "set", "eth0", "up"])?;
        }
        Ok(bridge)
    }

    fn name(&self, host: &str) -> String {
        format!("{}-{host}", self.tag)
    }

    fn add(&mut self, host: &str) -> Result<(), String> {
        ip(&["netns", "add", host])?;
        self.hosts.push(host.to_owned());
        Ok(())
    }

    /// The name of host `n`, from 1.
    pub(crate) fn host(&self, n: usize) -> &str {
        &self.hosts[n]
    }

    /// What starts a program on host `n`, from 1.
    pub(crate) fn at(&self, n: usize) -> [&str; 4] {
        ["ip", "netns", "exec", &self.hosts[n]]
    }

    /// The addresses by which host `n` can be reached from the others.
    fn addresses(&self, n: usize) -> BTreeSet<IpAddr> {
        let shown = ip(&["-n", &self.hosts[n], "-j", "addr", "show", "dev", "eth0"]).unwrap();
        let links: Value = serde_json::from_str(&shown).unwrap();
        let lines = links[0]["addr_info"].as_array().unwrap();
        lines.iter().map(|line| line["local"].as_str().unwrap().parse().unwrap()).collect()
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        for host in &self.hosts {
            let _ = ip(&["netns", "del", host]); // Its links go with it. Also while panicking, so no second panic.
        }
    }
}

pub(crate) fn ip(args: &[&str]) -> Result<String, String> {
    let done = Command::new("ip").args(args).output().map_err(|error| format!("ip: {error}"))?;
    match done.status.success() {
        true => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
        false => Err(format!("`ip {}`: {}", args.join(" "), String::from_utf8_lossy(&done.stderr).trim())),
    }
}

/// A process of the test's own, ended with it.
struct Daemon(Child);

impl Daemon {
    fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill(); // It may have ended by itself.
        let _ = self.0.wait();
    }
}

/// Another implementation of DNS-SD, on host `n`: the system's usual one, with a bus of its own.
struct Avahi {
    at: Vec<String>,
    bus: String,
    _processes: [Daemon; 2],
}

impl Avahi {
    fn start(bridge: &Bridge, n: usize, folder: &Path) -> Self {
        let bus = format!("unix:path={}", folder.join("bus").display());
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let bus_conf = write(
            "bus.conf",
            &format!(
                "<!DOCTYPE busconfig PUBLIC '-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN'
                 'http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd'>
                 <busconfig><listen>{bus}</listen><auth>EXTERNAL</auth><policy context='default'>
                 <allow user='*'/><allow own='*'/><allow send_destination='*'/><allow receive_sender='*'/>
                 </policy></busconfig>"
            ),
        );
        let avahi_conf = write(
            "avahi.conf",
            "[server]\nuse-ipv4=yes\nuse-ipv6=yes\nenable-dbus=yes\n[publish]\ndisable-publishing=yes\n",
        );
        let mut dbus = Command::new("dbus-daemon");
        let dbus = Daemon::start(dbus.arg("--config-file").arg(bus_conf).args(["--nofork", "--nopidfile"]));
        let at: Vec<_> = bridge.at(n).map(str::to_owned).into();
        // `ip netns exec` gives it a mount namespace: its /run is its own, beside a system-wide avahi's. It
        // may be quicker than the bus, so it tries again.
        let run = "mount -t tmpfs tmpfs /run; \
                   until avahi-daemon --no-drop-root --no-rlimits --no-chroot -f \"$0\"; do sleep 0.1; done";
        let mut avahi = Command::new(&at[0]);
        avahi.args(&at[1..]).args(["sh", "-c", run]).arg(avahi_conf).env("DBUS_SYSTEM_BUS_ADDRESS", &bus);
        Self { at, bus, _processes: [Daemon::start(&mut avahi), dbus] }
    }

    /// Who is on the LAN: each feed with all addresses that are advertised for it.
    fn browse(&self) -> BTreeMap<FeedId, BTreeSet<IpAddr>> {
        let mut browse = Command::new(&self.at[0]);
        browse.args(&self.at[1..]).args(["avahi-browse", "-rpt", "_klatch._tcp"]);
        let done = browse.env("DBUS_SYSTEM_BUS_ADDRESS", &self.bus).output().unwrap();
        let mut seen: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for line in String::from_utf8_lossy(&done.stdout).lines().filter(|line| line.starts_with('=')) {
            // =;interface;protocol;instance;type;domain;host;address;port;"text" …
            let fields: Vec<_> = line.splitn(10, ';').collect();
            let feed = fields[9].split('"').find_map(|text| text.strip_prefix("feed="));
            let (Some(feed), Ok(address)) = (feed, fields[7].parse()) else { continue };
            seen.entry(feed.parse().unwrap()).or_default().insert(address);
        }
        seen
    }
}

/// Whether the machine lets the test run; else the test says so aloud, or fails where it is required.
pub(crate) fn bridge_of(count: usize) -> Option<Bridge> {
    match Bridge::build(count) {
        Ok(bridge) => Some(bridge),
        Err(lack) => {
            assert!(std::env::var_os("KLATCH_REQUIRE").is_none(), "cannot make hosts on a bridge: {lack}");
            // Not `eprintln`: what that prints is hidden where a test passes.
            let _ = writeln!(std::io::stderr(), "SKIPPED: hosts in network namespaces: {lack}");
            None
        }
    }
}

#[test]
fn three_hosts_on_a_bridge_meet_by_dns_sd_alone_and_agree() -> Result<(), Trouble> {
    let Some(bridge) = bridge_of(4) else { return Ok(()) };
    let folder = tempfile::tempdir().unwrap();
    let network = folder.path().join("network.json");
    std::fs::write(&network, Network::new("three hosts", [7; 32]).unwrap().to_text()).unwrap();
    let names = ["Hana", "Ana", "Ben"];
    let raise = |n: usize| Actor::new(names[n], folder.path(), &network, program().within(&bridge.at(n + 1)));
    let mut actors = (0..3).map(raise).collect::<Result<Vec<_>, _>>()?;
    for actor in &mut actors {
        let _: Value = actor.up(&["up"])?;
    }
    let [host, ana, ben] = &actors[..] else { unreachable!("three were raised") };

    let event = guests_find_the_event(host, &[ana, ben])?;
    for guest in [ana, ben] {
        let _: Created = guest.ask(&["rsvp", &event, "yes"])?;
        for at in [host, guest] {
            at.until_event(&event, "a seat", |state| {
                state.seated.iter().any(|line| line.feed == guest.feed)
            })?;
        }
    }
    let mut door = host.spawn(&["door", &event])?;
    let _: Value = door.line()?;
    for guest in [ana, ben] {
        let done: CheckedIn = guest.ask(&["checkin", &event])?;
        assert_eq!(done.door, host.feed);
    }
    for actor in &actors {
        actor.until_event(&event, "both arrivals", |state| state.attendance.len() == 2)?;
    }
    let shown =
        actors.iter().map(|actor| actor.run(&["event", "show", &event])).collect::<Result<Vec<_>, _>>()?;
    assert_eq!(shown[0], shown[1]);
    assert_eq!(shown[0], shown[2]);
    let state: EventState = serde_json::from_slice(&shown[0]).unwrap();
    assert_eq!((state.seated.len(), state.attendance.len()), (2, 2));
    avahi_sees(&bridge, &actors, folder.path())
}

/// The guests follow the host, not the other way round, and see what the host makes.
fn guests_find_the_event(host: &Actor, guests: &[&Actor]) -> Result<String, Trouble> {
    for guest in guests {
        let _: Value = guest.ask(&["follow", &host.feed.to_string()])?;
    }
    let group: Created = host.ask(&["group", "create", "Tea and Rust"])?;
    let group = group.id.to_string();
    let schedule =
        ["--start", "2031-05-06T19:30", "--tz", "Europe/Lisbon", "--duration", "2h", "--where", "Rua 1"];
    let made = ["event", "schedule", &group, "--title", "Tea", "--capacity", "2"];
    let event: Created = host.ask(&[&made[..], &schedule].concat())?;
    let event = event.id.to_string();
    for guest in guests {
        guest.until_event(&event, "the event", |_| true)?;
    }
    Ok(event)
}

/// A fourth host's avahi sees all three, each by addresses that reach it and by no other.
fn avahi_sees(bridge: &Bridge, actors: &[Actor], folder: &Path) -> Result<(), Trouble> {
    let avahi = Avahi::start(bridge, 4, folder);
    let wanted: BTreeMap<_, _> =
        actors.iter().zip(1..).map(|(actor, n)| (actor.feed, bridge.addresses(n))).collect();
    for n in 1..=3 {
        let (given, links) = (IpAddr::from([0xfd77, 0, 0, 0, 0, 0, 0, n as u16]), bridge.addresses(n));
        assert!(links.len() == 3 && links.contains(&given), "host {n}, one of each kind: {links:?}");
    }
    actors[0].until("all three in avahi-browse", |_| {
        let seen = avahi.browse();
        // Avahi resolves each name to one address of either kind; which of the two v6 ones is its choice.
        let reaches = |(feed, found): (&FeedId, &BTreeSet<IpAddr>)| {
            let [v4, v6] = [true, false].map(|v4| found.iter().filter(|at| at.is_ipv4() == v4).count());
            (v4, v6) == (1, 1) && wanted.get(feed).is_some_and(|wanted| found.is_subset(wanted))
        };
        let right = seen.len() == wanted.len() && seen.iter().all(reaches);
        Ok(if right { Ok(()) } else { Err(format!("{seen:?}, of {wanted:?}")) })
    })
}
