//! What the machine gives without a node: the same number of bare connections, the same bytes to all of them, and
//! handshakes.

use std::sync::Arc;

use klatch::clock::{self, Stopwatch};
use klatch_feed::NetId;
use klatch_gossip::noise::{Initiator, Local, Network, Responder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::broadcast;

use super::child::{Ask, Part, Process};
use super::clients::secret;
use super::{Fan, shares};

const HANDSHAKES: u32 = 1_000;

/// The same bytes to so many bare connections in tasks of their own.
pub(crate) fn connections(count: u32, bytes: usize, rounds: usize) -> Fan {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("there is epoll");
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a port");
        let address = listener.local_addr().expect("it is bound");
        let parts = shares(count).map(|clients| Process::start(&Part::Bare { address, clients }));
        let mut processes: Vec<Process> = parts.collect();
        let (post, _) = broadcast::channel::<Arc<[u8]>>(4);
        for _ in 0..count {
            let (mut stream, _) = listener.accept().await.expect("it is let in");
            let mut posts = post.subscribe();
            tokio::spawn(async move {
                let _ = stream.set_nodelay(true);
                loop {
                    tokio::select! {
                        read = stream.read_u8() => if read.is_err() { return },
                        post = posts.recv() => match post {
                            Ok(post) => if stream.write_all(&post).await.is_err() { return },
                            Err(_) => return,
                        },
                    }
                }
            });
        }
        processes.iter_mut().for_each(Process::hear::<()>);
        let mut fan = Fan::default();
        for _ in 0..rounds {
            processes.iter_mut().for_each(|process| process.ask(Ask::Read(bytes)));
            processes.iter_mut().for_each(Process::hear::<()>);
            let start_ms = clock::now_ms();
            post.send(vec![7; bytes].into()).expect("all listen");
            let came = processes.iter_mut().flat_map(Process::hear::<Vec<u64>>);
            fan.note(start_ms, came.collect());
        }
        fan
    })
}

/// Handshakes a second on one core, the work of both sides.
pub(crate) fn handshakes() -> f64 {
    let network = Network::new(NetId::of_name("bare"), [9; 32]);
    let local = |n| Local::new(network.clone(), secret(b"bare", n)).expect("the system gives randomness");
    let (ana, ben) = (local(1), local(2));
    let clock = Stopwatch::start();
    for _ in 0..HANDSHAKES {
        let (initiator, first) = Initiator::start(&ana, ben.feed()).expect("it has a key");
        let (responder, second) = Responder::answer(&ben, &first).expect("it is the right one");
        let (_, third) = initiator.finish(&ana, &second).expect("it is the right one");
        responder.finish(&ben, &third).expect("it is well-formed");
    }
    f64::from(HANDSHAKES) / clock.elapsed().as_secs_f64()
}
