//! A person with a home of their own, who runs the real program.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use klatch::clock::Stopwatch;
use serde_json::Value;
use tempfile::TempDir;

/// How long a test waits for a process to bring something about.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// People of one network that nobody else is in, so that tests that run side by side do not meet.
pub(crate) struct Network {
    dir: TempDir,
}

impl Network {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("klatch-").tempdir().unwrap();
        let name = dir.path().file_name().unwrap().to_str().unwrap();
        let file = serde_json::json!({ "name": name, "key": "7a".repeat(32) });
        std::fs::write(dir.path().join("network.json"), file.to_string()).unwrap();
        Self { dir }
    }

    /// Somebody new.
    pub(crate) fn person(&self, name: &'static str) -> Person {
        let home = self.dir.path().join(name);
        let mut person = Person { name, home, feed: String::new(), words: String::new() };
        let made = person.json(&["init", "--name", name, "--network", &self.file()]);
        person.feed = made["feed"].as_str().unwrap().to_owned();
        person.words = made["words"].as_str().unwrap().to_owned();
        person
    }

    /// Its network file.
    pub(crate) fn file(&self) -> String {
        self.dir.path().join("network.json").to_str().unwrap().to_owned()
    }
}

pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) feed: String,
    /// Their recovery words.
    pub(crate) words: String,
    home: PathBuf,
}

impl Person {
    pub(crate) fn home(&self) -> &std::path::Path {
        &self.home
    }

    /// The same person on another machine, where nothing is yet.
    pub(crate) fn moved(&self, folder: &'static str) -> Self {
        let home = self.home.with_file_name(folder);
        Self { name: folder, feed: self.feed.clone(), words: self.words.clone(), home }
    }

    /// The same person on another machine, to which every file of the home was copied.
    pub(crate) fn copied(&self, folder: &'static str) -> Self {
        let copy = self.moved(folder);
        std::fs::create_dir(&copy.home).unwrap();
        for file in std::fs::read_dir(&self.home).unwrap() {
            let file = file.unwrap();
            if file.file_type().unwrap().is_file() {
                std::fs::copy(file.path(), copy.home.join(file.file_name())).unwrap();
            }
        }
        copy
    }

    /// Runs a command with something typed into it.
    pub(crate) fn typed(&self, args: &[&str], text: &str) -> Output {
        use std::io::Write;
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_klatch"));
        command.arg("--home").arg(&self.home).args(args).env("TZ", "UTC").stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs a command that must succeed, and reads its JSON.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let done = self.run(&[args, &["--json"]].concat());
        let (name, said) = (self.name, String::from_utf8_lossy(&done.stderr).into_owned());
        assert!(done.status.success(), "{name}: klatch {args:?}: {said}");
        serde_json::from_slice(&done.stdout)
            .unwrap_or_else(|error| panic!("{name}: klatch {args:?}: {error}"))
    }

    /// Runs a command that must end with 1, and returns what it says.
    pub(crate) fn refused(&self, args: &[&str]) -> String {
        let done = self.run(args);
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(1), "{}: klatch {args:?}: {said}", self.name);
        said
    }

    /// Starts a node, and waits until others can reach it.
    pub(crate) fn up(&self, args: &[&str]) -> Up {
        self.starts(args).ready()
    }

    /// Starts a node.
    pub(crate) fn starts(&self, args: &[&str]) -> Starting {
        let (child, lines) = self.lines(args);
        Starting { child, lines }
    }

    /// A node on loopback that looks for nobody.
    pub(crate) fn alone(&self) -> Up {
        self.up(&["up", "--lan", "off", "--listen", "127.0.0.1:0"])
    }

    /// A node on loopback that looks for others there.
    pub(crate) fn on_lan(&self) -> Up {
        self.up(&["up", "--lan", "loopback", "--listen", "127.0.0.1:0"])
    }

    /// Starts a command that prints lines of JSON.
    pub(crate) fn lines(&self, args: &[&str]) -> (Child, std::sync::mpsc::Receiver<Value>) {
        Self::lines_of(self.command(&[args, &["--json"]].concat()))
    }

    /// The same, and all that it logs stands in `log`.
    pub(crate) fn logged(&self, args: &[&str], log: &Path) -> (Child, std::sync::mpsc::Receiver<Value>) {
        let mut command = self.command(&[args, &["--json"]].concat());
        let log = std::fs::File::create(log).unwrap();
        command.env("KLATCH_LOG", "trace").env("NO_COLOR", "1").stderr(log);
        Self::lines_of(command)
    }

    /// Starts a node that goes on where it may not let a file grow, and is told so instead of ended.
    pub(crate) fn up_in_a_small_room(&self, args: &[&str]) -> Up {
        let inner = self.command(&[args, &["--json"]].concat());
        let mut command = Command::new("sh");
        command
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(inner.get_program())
            .args(inner.get_args());
        command.env("TZ", "UTC").stdin(Stdio::null());
        let (child, lines) = Self::lines_of(command);
        Up { child, ready: lines.recv_timeout(PATIENCE).expect("the node gets ready") }
    }

    fn lines_of(mut command: Command) -> (Child, std::sync::mpsc::Receiver<Value>) {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap();
                if send.send(value).is_err() {
                    return;
                }
            }
        });
        (child, lines)
    }

    /// The folded event as it is printed, once it is here.
    pub(crate) fn event(&self, id: &str) -> Option<Value> {
        let done = self.run(&["event", "show", id, "--json"]);
        done.status.success().then(|| serde_json::from_slice(&done.stdout).unwrap())
    }

    /// The folded event once it is as wanted.
    pub(crate) fn event_once(&self, id: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let what = format!("{}: {what}", self.name);
        eventually(&what, || self.event(id).filter(|event| wanted(event)))
    }

    /// An event with two seats; its id.
    pub(crate) fn schedules(&self, title: &str) -> String {
        let start = ["--start", "2037-12-01T18:30", "--tz", "Europe/Lisbon", "--duration", "2h"];
        let rest = ["--where", "Café", "--capacity", "2"];
        let made = self.json(&[&["event", "schedule", "--title", title][..], &start, &rest].concat());
        made["id"].as_str().unwrap().to_owned()
    }
}

/// A node that is about to be one.
pub(crate) struct Starting {
    child: Child,
    lines: std::sync::mpsc::Receiver<Value>,
}

impl Starting {
    /// Whether it gave up.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until others can reach it.
    pub(crate) fn ready(self) -> Up {
        Up { child: self.child, ready: self.lines.recv_timeout(PATIENCE).expect("the node gets ready") }
    }
}

/// A node that runs until dropped.
pub(crate) struct Up {
    child: Child,
    pub(crate) ready: Value,
}

impl Up {
    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        self.ready["listen"][0].as_str().unwrap()
    }

    /// From here on no file of it grows past so many bytes.
    pub(crate) fn file_bytes_max(&self, bytes: u64) {
        use rustix::process::{Pid, Resource, Rlimit, prlimit};
        let limit = Rlimit { current: Some(bytes), maximum: None };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Fsize, limit).unwrap();
    }

    /// Asks it to end, as a service manager does; it must end well.
    pub(crate) fn stop(mut self) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "a node that is asked to end ends well: {status}");
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill(); // It may have ended.
        let _ = self.child.wait();
    }
}

/// Waits until processes have brought something about; fails by naming it if they never do.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Stopwatch::start();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "never came about: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
