//! The control socket of a node, with callers that err.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use klatch::daemon::create::create;
use klatch::daemon::{Daemon, Options, Refusal, Request, Response, socket};
use klatch::home::Home;
use klatch::network::Network;
use tempfile::TempDir;

/// A home whose socket answers.
struct Open {
    _dir: TempDir,
    path: PathBuf,
    _daemon: Daemon,
    _runtime: tokio::runtime::Runtime,
}

impl Open {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("home"));
        create(&home, &Network::public("socket tests").unwrap(), "Ana", |_, _| Ok(())).unwrap();
        let daemon = Daemon::start(&home, home.lock().unwrap(), Options::default()).unwrap();
        let path = home.socket().unwrap();
        std::fs::write(&path, "left by a node that was killed").unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(async { socket::listen(&path) }).unwrap();
        runtime.spawn(socket::serve(listener, daemon.handle()));
        Self { _dir: dir, path, _daemon: daemon, _runtime: runtime }
    }

    /// Sends bytes, and reads the one line that comes back.
    fn sends(&self, bytes: &[u8]) -> String {
        let mut stream = UnixStream::connect(&self.path).unwrap();
        // The node may hang up before it has read everything that is too long.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut line = String::new();
        let _ = BufReader::new(stream).read_line(&mut line);
        line
    }

    fn still_answers(&self) {
        let answer = socket::ask(&self.path, &Request::Id, &mut |_, _| {}).unwrap();
        assert!(matches!(answer, Ok(Response::Me(me)) if me.entries == 2));
    }
}

#[test]
fn only_the_owner_of_the_home_can_reach_it() {
    let node = Open::new();
    assert_eq!(std::fs::metadata(&node.path).unwrap().permissions().mode() & 0o777, 0o600);
    node.still_answers();
}

#[test]
fn a_request_that_is_none_is_refused_with_what_is_wrong() {
    let node = Open::new();
    for request in ["\n", "nonsense\n", "{}\n", "{\"unheard_of\": {}}\n", "\"id\" and more\n", "[[[[\n"] {
        let line = node.sends(request.as_bytes());
        assert!(line.contains("request"), "{request:?}: {line:?}");
    }
    let _ = node.sends(&[0xff; 100]);
    node.still_answers();
}

#[test]
fn a_request_past_its_limit_costs_no_more_than_the_limit() {
    let node = Open::new();
    let max = usize::try_from(socket::REQUEST_BYTES_MAX).unwrap();
    let comment =
        |bytes: usize| Request::Comment { object: "x".to_owned(), text: "y".repeat(bytes), tone: None };
    let over = serde_json::to_vec(&comment(0)).unwrap().len();
    let mut whole = serde_json::to_vec(&comment(max - over - 1)).unwrap();
    whole.push(b'\n');
    assert_eq!(whole.len(), max);
    assert!(node.sends(&whole).contains("unknown"), "the longest is read: nothing is called x");
    whole.insert(whole.len() - 4, b'y');
    assert!(!node.sends(&whole).contains("unknown"), "one byte more is not");
    let asked = socket::ask(&node.path, &comment(max), &mut |_, _| {});
    assert!(matches!(asked, Err(socket::AskError::TooLong(_))));
    node.still_answers();
}

#[test]
fn a_caller_that_goes_away_is_not_waited_for() {
    let node = Open::new();
    for _ in 0..50 {
        let mut stream = UnixStream::connect(&node.path).unwrap();
        stream.write_all(b"\"ver").unwrap();
        drop(stream);
    }
    let mut silent = UnixStream::connect(&node.path).unwrap();
    node.still_answers();
    silent.write_all(b"\"id\"\n").unwrap();
    let mut answer = String::new();
    silent.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"me\""), "{answer}");
}

#[test]
fn long_work_tells_how_far_it_is() {
    let node = Open::new();
    let mut steps = Vec::new();
    let answer = socket::ask(&node.path, &Request::Verify, &mut |done, total| steps.push((done, total)));
    assert!(matches!(answer.unwrap(), Ok(Response::Verified(report)) if report.problems.is_empty()));
    assert_eq!(steps.last(), Some(&(2, 2)), "{steps:?}");
    let refused = socket::ask(&node.path, &Request::Net(klatch::net::NetRequest::Peers), &mut |_, _| {});
    assert_eq!(refused.unwrap(), Err(Refusal::NoNode));
}
