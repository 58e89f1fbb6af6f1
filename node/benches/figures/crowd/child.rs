//! The crowd's processes: this program again, told what to do by lines of JSON. They end when nobody tells them
//! anything more, however this process ends.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::ops::Range;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use klatch::clock;
use klatch_feed::Seq;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::clients::{Came, Crowd, Scene, Tries, connect};

/// The argument that makes a child of this program.
pub(crate) const ARGUMENT: &str = "crowd-child";

/// What a child is, said once.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) enum Part {
    /// Clients of a pub.
    Clients(Scene),
    /// Bare connections to this address.
    Bare { address: SocketAddr, clients: Range<u32> },
}

/// What a child is asked; it answers each by one line.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) enum Ask {
    /// Once all are caught up: in how many tries.
    Level,
    /// Once none is connected.
    Down,
    /// Once all hold this entry of the pub's own: when it came.
    Got(Seq),
    /// Once all bare connections have read so many bytes: when.
    Read(usize),
}

/// One of the crowd's processes. Dropping it ends it.
pub(crate) struct Process {
    child: Child,
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(part: &Part) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut command = Command::new(program);
        command.arg(ARGUMENT).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("there is room for another process");
        let asks = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut process = Self { child, asks, answers };
        process.say(part);
        process
    }

    fn say(&mut self, line: &impl Serialize) {
        let mut text = serde_json::to_string(line).expect("numbers and names are JSON");
        text.push('\n');
        let asks = self.asks.as_mut().expect("it is there until the end");
        asks.write_all(text.as_bytes()).expect("the child listens");
    }

    /// Asks; [`Self::hear`] waits for the answer.
    pub(crate) fn ask(&mut self, ask: Ask) {
        self.say(&ask);
    }

    pub(crate) fn hear<T: DeserializeOwned>(&mut self) -> T {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the child answers");
        serde_json::from_str(&line).expect("a child says why on stderr when it breaks")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.asks = None;
        let _ = self.child.kill(); // It may have ended by itself.
        let _ = self.child.wait();
    }
}

/// What a child does until nobody asks any more.
pub(crate) fn run() {
    super::open_files();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("there is epoll");
    let mut first = String::new();
    std::io::stdin().read_line(&mut first).expect("a child is told what it is");
    let (told, mut asks) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let ask: Ask = serde_json::from_str(&line).expect("it is asked in JSON");
            if told.send(ask).is_err() {
                return;
            }
        }
        std::process::exit(0); // Whoever asked is gone, or wants no more.
    });
    match serde_json::from_str(&first).expect("it is told in JSON") {
        Part::Clients(scene) => runtime.block_on(async {
            let mut crowd = Crowd::start(scene);
            while let Some(ask) = asks.recv().await {
                match ask {
                    Ask::Level => answer::<Tries>(&crowd.all_level().await),
                    Ask::Down => {
                        crowd.all_down().await;
                        answer(&());
                    }
                    Ask::Got(seq) => answer::<Came>(&crowd.all_got(seq).await),
                    Ask::Read(_) => unreachable!("clients of a pub are not bare"),
                }
            }
        }),
        Part::Bare { address, clients } => runtime.block_on(async {
            let mut streams = Vec::new();
            for n in clients {
                streams.push(connect(n, address).await.expect("the bare server takes all"));
            }
            answer(&());
            while let Some(Ask::Read(bytes)) = asks.recv().await {
                let mut reading = JoinSet::new();
                for mut stream in streams.drain(..) {
                    reading.spawn(async move {
                        stream.read_exact(&mut vec![0; bytes]).await.expect("the bare server sends");
                        (stream, clock::now_ms())
                    });
                }
                answer(&()); // It reads now.
                let done = reading.join_all().await;
                let (read, at_ms): (Vec<_>, Vec<u64>) = done.into_iter().unzip();
                streams = read;
                answer(&at_ms);
            }
        }),
    }
}

fn answer<T: Serialize>(answer: &T) {
    println!("{}", serde_json::to_string(answer).expect("numbers are JSON"));
}
