//! Many connections at one node: what holds when they are more than it can keep.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;

use klatch::daemon::Me;
use klatch::demo::actor::{Actor, Trouble};
use klatch::network::Network;
use klatch_feed::SecretKey;
use klatch_gossip::link::{self, OpenError};
use klatch_gossip::noise::{self, Local};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};

use crate::demo::program;

/// Files that the node may open, and connections that fit: half of so few. Source: spec/gossip.md, "limits".
const FILES: u32 = 80;
const CONNECTIONS_MAX: u8 = 40;
/// Connections of strangers among them: a quarter.
const STRANGERS_MAX: u8 = 10;

/// A node that many call.
struct Scene {
    _folder: tempfile::TempDir,
    node: Actor,
    address: SocketAddr,
    network: noise::Network,
    runtime: tokio::runtime::Runtime,
}

impl Scene {
    fn new(wrapper: &[&str]) -> Result<Self, Trouble> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.json");
        let public = Network::new("crowd", [9; 32]).unwrap();
        std::fs::write(&path, public.to_text()).unwrap();
        let mut node = Actor::new("Node", folder.path(), &path, program().within(wrapper))?;
        let ready: Value = node.up(&["up", "--listen", "127.0.0.1:0", "--lan", "off"])?;
        let address = ready["listen"][0].as_str().unwrap().parse().unwrap();
        let network = noise::Network::new(public.id(), *public.key());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Ok(Self { _folder: folder, node, address, network, runtime })
    }

    /// `n` connects from a network of its own and shakes hands.
    fn call(&self, n: u8) -> Result<TcpStream, OpenError> {
        self.call_from(n, n)
    }

    /// `n` connects from a network.
    fn call_from(&self, net: u8, n: u8) -> Result<TcpStream, OpenError> {
        self.runtime.block_on(async {
            let socket = TcpSocket::new_v4().map_err(OpenError::Io)?;
            socket.bind((Ipv4Addr::new(127, 0, net, 1), 0).into()).map_err(OpenError::Io)?;
            let mut stream = socket.connect(self.address).await.map_err(OpenError::Io)?;
            let local = Local::new(self.network.clone(), secret(n)).unwrap();
            link::initiate(&mut stream, &local, self.node.feed).await?;
            Ok(stream)
        })
    }
}

impl Scene {
    /// The node follows so many.
    fn follow(&self, who: Range<u8>) -> Result<(), Trouble> {
        for n in who {
            let _: Value = self.node.ask(&["follow", &secret(n).feed().to_string()])?;
        }
        Ok(())
    }

    /// Whether the node keeps a connection: it says something, or it ends it.
    fn is_kept(&self, stream: &mut TcpStream) -> bool {
        self.runtime.block_on(stream.read_u8()).is_ok()
    }

    /// Waits until the node has closed a connection.
    fn wait_for_end(&self, stream: &mut TcpStream) {
        let mut rest = Vec::new();
        let _ = self.runtime.block_on(stream.read_to_end(&mut rest)); // An end is an end, also a hard one.
    }
}

fn secret(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

fn few_files() -> [String; 4] {
    ["sh", "-c", &format!("ulimit -n {FILES} && exec \"$@\""), "sh"].map(str::to_owned)
}

#[test]
fn past_the_open_files_of_a_node_nobody_is_let_in_and_it_goes_on() -> Result<(), Trouble> {
    let scene = Scene::new(&few_files().each_ref().map(String::as_str))?;
    scene.follow(0..CONNECTIONS_MAX)?;
    let mut crowd: Vec<TcpStream> = (0..CONNECTIONS_MAX).map(|n| scene.call(n).unwrap()).collect();
    let one_more = scene.call(CONNECTIONS_MAX);
    assert!(matches!(one_more, Err(OpenError::NoAnswer(_))), "{one_more:?}");
    let _: Me = scene.node.ask(&["id"])?; // Its own person is still answered.
    crowd.pop();
    scene.node.until("room for one more", |_| {
        Ok(scene.call(CONNECTIONS_MAX).map(drop).map_err(|error| error.to_string()))
    })
}

#[test]
fn strangers_have_a_quarter_of_all_connections_and_share_it_and_who_is_known_finds_room()
-> Result<(), Trouble> {
    let scene = Scene::new(&few_files().each_ref().map(String::as_str))?;
    let (known, joined) = (100, 101);
    scene.follow(known..joined)?;
    // Two strangers of one network, and all others of their own.
    let mut crowd: Vec<TcpStream> =
        (0..STRANGERS_MAX).map(|n| scene.call_from(n.max(1), n).unwrap()).collect();
    assert!(crowd.iter_mut().all(|stream| scene.is_kept(stream)));
    let mut late = scene.call(STRANGERS_MAX).unwrap();
    assert!(scene.is_kept(&mut late), "from a network that has none yet");
    scene.wait_for_end(&mut crowd[0]); // It made room.
    let mut one_more = scene.call(STRANGERS_MAX + 1).unwrap();
    assert!(!scene.is_kept(&mut one_more), "each of the networks has one");
    assert!(scene.is_kept(&mut scene.call(known).unwrap()));
    // Who becomes known leaves its place to another.
    scene.follow(1..2)?;
    scene.node.until("room for a stranger", |_| {
        let mut stream = scene.call(joined).map_err(|error| error.to_string());
        Ok(stream
            .as_mut()
            .map_err(|error| error.clone())
            .and_then(|stream| scene.is_kept(stream).then_some(()).ok_or_else(|| "it was closed".to_owned())))
    })
}
