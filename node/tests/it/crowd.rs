//! Many connections at one node: what holds when they are more than it can keep.

use std::net::{Ipv4Addr, SocketAddr};

use klatch::daemon::Me;
use klatch::demo::actor::{Actor, Trouble};
use klatch::network::Network;
use klatch_feed::SecretKey;
use klatch_gossip::link::{self, OpenError};
use klatch_gossip::noise::{self, Local};
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};

use crate::demo::program;

/// Files that the node may open, and connections that fit: half of so few. Source: spec/gossip.md, "limits".
const FILES: u32 = 80;
const CONNECTIONS_MAX: u8 = 40;

/// A node that strangers call.
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

    /// Stranger `n` connects from a network of its own and shakes hands.
    fn call(&self, n: u8) -> Result<TcpStream, OpenError> {
        self.runtime.block_on(async {
            let socket = TcpSocket::new_v4().map_err(OpenError::Io)?;
            socket.bind((Ipv4Addr::new(127, 0, n, 1), 0).into()).map_err(OpenError::Io)?;
            let mut stream = socket.connect(self.address).await.map_err(OpenError::Io)?;
            let local = Local::new(self.network.clone(), SecretKey::from_seed(&[n; 32])).unwrap();
            link::initiate(&mut stream, &local, self.node.feed).await?;
            Ok(stream)
        })
    }
}

#[test]
fn past_the_open_files_of_a_node_nobody_is_let_in_and_it_goes_on() -> Result<(), Trouble> {
    let scene = Scene::new(&["sh", "-c", &format!("ulimit -n {FILES} && exec \"$@\""), "sh"])?;
    let mut crowd: Vec<TcpStream> = (0..CONNECTIONS_MAX).map(|n| scene.call(n).unwrap()).collect();
    let one_more = scene.call(CONNECTIONS_MAX);
    assert!(matches!(one_more, Err(OpenError::NoAnswer(_))), "{one_more:?}");
    let _: Me = scene.node.ask(&["id"])?; // Its own person is still answered.
    crowd.pop();
    scene.node.until("room for one more", |_| {
        Ok(scene.call(CONNECTIONS_MAX).map(drop).map_err(|error| error.to_string()))
    })
}
