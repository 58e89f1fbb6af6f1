//! Discovery for real: several processes on this machine's loopback, and hosts in network namespaces of their own
//! beside an avahi.
//!
//! The test binary starts itself: with `KLATCH_LAN_NODE` set, a test here is one node that advertises, looks out and
//! prints what it sees until its input ends.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use klatch_feed::{FeedId, NetId};
use klatch_gossip::lan::{Advert, Lan, Reach, Sighting, Who};

/// Long enough for any machine; a test that passes never waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

const NODE: &str = "KLATCH_LAN_NODE";

fn feed(n: u8) -> FeedId {
    FeedId::new([n; 32])
}

/// If this process is to be a node: be one. `n reach bound network`.
fn be_a_node_if_told() -> bool {
    let Ok(told) = std::env::var(NODE) else { return false };
    let [n, reach, bound, network] = *told.split(' ').collect::<Vec<_>>() else { panic!("{told}") };
    let n: u8 = n.parse().unwrap();
    let reach = if reach == "loopback" { Reach::Loopback } else { Reach::Interfaces };
    let advert = Advert {
        feed: feed(n),
        net: NetId::of_name(network),
        bound: bound.parse().unwrap(),
        discoverable: true,
        instance: u64::from(std::process::id()).to_be_bytes(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (lan, mut sightings) = Lan::start(advert, reach, 0).unwrap();
        let (end, mut ended) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let _ = std::io::stdin().read_line(&mut String::new());
            let _ = end.send(());
        });
        loop {
            let sighting = tokio::select! {
                _ = &mut ended => break,
                sighting = sightings.recv() => sighting.unwrap(),
            };
            let (verb, who, mut addrs) = match sighting {
                Sighting::Seen { who, addrs, .. } => ("seen", who, addrs),
                Sighting::Gone { who, addrs } => ("gone", who, addrs),
            };
            let Who::Feed(who) = who else { continue };
            addrs.sort();
            for addr in addrs {
                println!("node: {verb} {} {addr}", who.as_bytes()[0]);
            }
            std::io::stdout().flush().unwrap();
        }
        lan.stop().await;
    });
    true
}

struct Node {
    child: Child,
    input: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
    told: Vec<String>,
}

impl Node {
    /// Starts this binary again as a node, by way of `command` (empty, or one that runs another).
    fn start(test: &str, command: &[&str], told: &str) -> Self {
        let this = std::env::current_exe().unwrap();
        let args = [test, "--exact", "--nocapture", "--test-threads=1"];
        let mut run = match command {
            [] => Command::new(&this),
            [program, rest @ ..] => {
                let mut run = Command::new(program);
                run.args(rest).arg(&this);
                run
            }
        };
        run.args(args).env(NODE, told).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = run.spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // The harness prints its own words before and after, the first of them on the same line.
                if let Some((_, said)) = line.split_once("node: ") {
                    let _ = sender.send(said.to_owned());
                }
            }
        });
        let input = child.stdin.take();
        Self { child, input, lines, told: Vec::new() }
    }

    /// Waits until the node has said this.
    fn says(&mut self, wanted: &str) {
        while !self.told.iter().any(|line| line == wanted) {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.told.push(line),
                Err(_) => panic!("never said {wanted:?}, only {:?}", self.told),
            }
        }
    }

    /// Ends the node, with a goodbye.
    fn leave(mut self) {
        drop(self.input.take());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn processes_on_one_machine_find_each_other_by_loopback_alone() {
    if be_a_node_if_told() {
        return;
    }
    let this = "lan::processes_on_one_machine_find_each_other_by_loopback_alone";
    let network = format!("loopback {}", std::process::id()).replace(' ', "-");
    let start = |n: u8, network: &str| {
        Node::start(this, &[], &format!("{n} loopback 127.0.0.1:{} {network}", 4700 + u16::from(n)))
    };
    let mut ana = start(1, &network);
    let mut ben = start(2, &network);
    ana.says("seen 2 127.0.0.1:4702");
    ben.says("seen 1 127.0.0.1:4701");
    let stranger = start(4, "another-network");
    let mut cyd = start(3, &network);
    for node in [&mut ana, &mut ben] {
        node.says("seen 3 127.0.0.1:4703");
    }
    cyd.says("seen 1 127.0.0.1:4701");
    cyd.says("seen 2 127.0.0.1:4702");
    ben.leave();
    ana.says("gone 2 127.0.0.1:4702");
    cyd.says("gone 2 127.0.0.1:4702");
    for node in [&ana, &cyd] {
        let odd: Vec<_> =
            node.told.iter().filter(|line| line.contains(" 4 ") || !line.contains("127.0.0.1")).collect();
        assert!(odd.is_empty(), "{odd:?}");
    }
    drop(stranger);
}

/// Hosts on one bridge, each a network namespace; removed on drop.
struct Hosts {
    prefix: String,
    names: Vec<&'static str>,
}

impl Hosts {
    /// `None`, said aloud, where there is no right to make namespaces.
    fn on_a_bridge(names: &[&'static str]) -> Option<Self> {
        let hosts = Self { prefix: format!("kl{}", std::process::id()), names: names.to_vec() };
        let switch = hosts.namespace("switch");
        if !ip(&["netns", "add", &switch]) {
            let absent = "network namespaces need root and iproute2";
            assert!(std::env::var_os("KLATCH_REQUIRE").is_none(), "{absent}");
            // Not `eprintln`: what that prints is hidden where a test passes.
            let _ = writeln!(std::io::stderr(), "SKIPPED: discovery between hosts: {absent}");
            return None;
        }
        all_ip(&format!("-n {switch} link add br0 type bridge\n-n {switch} link set br0 up"));
        for (n, name) in (1..).zip(names) {
            let host = hosts.namespace(name);
            all_ip(&format!(
                "netns add {host}
                -n {switch} link add {name} type veth peer name eth0 netns {host}
                -n {switch} link set {name} master br0 up
                -n {host} addr add 10.9.0.{n}/24 dev eth0
                -n {host} addr add fd00:9::{n}/64 dev eth0 nodad
                -n {host} link set lo up
                -n {host} link set eth0 up"
            ));
        }
        Some(hosts)
    }

    fn namespace(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for name in self.names.iter().chain(&["switch"]) {
            ip(&["netns", "del", &self.namespace(name)]);
        }
    }
}

fn ip(args: &[&str]) -> bool {
    Command::new("ip").args(args).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn all_ip(lines: &str) {
    for line in lines.lines() {
        assert!(ip(&line.split_whitespace().collect::<Vec<_>>()), "ip {line}");
    }
}

#[test]
fn hosts_on_a_lan_advertise_the_addresses_that_reach_them_and_no_others() {
    if be_a_node_if_told() {
        return;
    }
    let this = "lan::hosts_on_a_lan_advertise_the_addresses_that_reach_them_and_no_others";
    let Some(hosts) = Hosts::on_a_bridge(&["ana", "ben", "cyd"]) else { return };
    // A container bridge as on many machines, up and with addresses that lead nowhere from the LAN.
    let ana = hosts.namespace("ana");
    all_ip(&format!(
        "-n {ana} link add docker0 type bridge
        -n {ana} addr add 172.17.0.1/16 dev docker0
        -n {ana} link set docker0 up"
    ));
    let start = |name, n: u8, bound: &str| {
        let host = hosts.namespace(name);
        Node::start(this, &["ip", "netns", "exec", &host], &format!("{n} lan {bound} lan"))
    };
    let mut ana = start("ana", 1, "[::]:4701");
    let ben = start("ben", 2, "0.0.0.0:4702");
    let mut cyd = start("cyd", 3, "10.9.0.3:4703");
    cyd.says("seen 1 10.9.0.1:4701");
    cyd.says("seen 1 [fd00:9::1]:4701");
    for node in [&mut ana, &mut cyd] {
        node.says("seen 2 10.9.0.2:4702");
    }
    ana.says("seen 3 10.9.0.3:4703");
    ben.leave();
    ana.says("gone 2 10.9.0.2:4702");
    cyd.says("gone 2 10.9.0.2:4702");
    // All that each was ever told of the others.
    let reachable = ["10.9.0.1:4701", "[fd00:9::1]:4701", "10.9.0.2:4702", "10.9.0.3:4703"];
    for node in [&ana, &cyd] {
        let odd: Vec<_> =
            node.told.iter().filter(|line| !reachable.iter().any(|addr| line.ends_with(addr))).collect();
        assert!(odd.is_empty(), "{odd:?}");
    }
}
