//! One person of the story: a home of their own, and real `klatch` processes on it.
//!
//! Everything goes through the command line, as it would by hand, so the demo and the tests over processes
//! prove what people use. No state of a node is reached in any other way.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use klatch_feed::{EventState, FeedId};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::cli::Exit;
use crate::clock::Stopwatch;

/// How long one command, and one state that is waited for, may usually take before it counts as not coming.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks at a state that another process brings about.
const LOOK_EVERY: Duration = Duration::from_millis(40);
/// How much of a node's own words an error repeats, in bytes.
const WORDS_BYTES_MAX: u64 = 2_000;

/// Why the story does not go on.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each message says it")]
pub enum Trouble {
    #[error("{who}: cannot start {program:?}: {source}")]
    Start { who: String, program: OsString, source: std::io::Error },
    #[error("{who}: `klatch {command}` ended with {status}: {words}")]
    Failed { who: String, command: String, status: ExitStatus, words: String },
    #[error("{who}: `klatch {command}` did not end in time")]
    Slow { who: String, command: String },
    #[error("{who}: `klatch {command}` answered something else: {source}: {text}")]
    Form { who: String, command: String, source: serde_json::Error, text: String },
    #[error("{who}: waited in vain to see {what}; last seen: {last}")]
    Late { who: String, what: String, last: String },
    #[error("{who}: the node ended: {words}")]
    Ended { who: String, words: String },
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("no address on loopback: {0}")]
    Loopback(std::io::Error),
    #[error("{0}")]
    Differs(String),
    #[error("interrupted")]
    Interrupted,
}

/// How to start the program, and whether to go on at all.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program and what stands before its own arguments, for example `ip netns exec NAME klatch`.
    pub command: Vec<OsString>,
    /// How long one command, and one state that is waited for, may take before it counts as not coming.
    pub patience: Duration,
    /// Set by whoever hears that the story is to end.
    pub interrupted: Arc<AtomicBool>,
}

impl Program {
    /// The program at this path.
    pub fn at(path: impl Into<OsString>) -> Self {
        Self { command: vec![path.into()], patience: PATIENCE, interrupted: Arc::default() }
    }

    /// The same, started by way of `wrapper`.
    pub fn within(&self, wrapper: &[&str]) -> Self {
        let command = wrapper.iter().map(OsString::from).chain(self.command.iter().cloned()).collect();
        Self { command, ..self.clone() }
    }

    fn check(&self) -> Result<(), Trouble> {
        match self.interrupted.load(Ordering::Relaxed) {
            true => Err(Trouble::Interrupted),
            false => Ok(()),
        }
    }
}

/// One person and their processes. Dropping kills those.
#[derive(Debug)]
pub struct Actor {
    /// What they are called.
    pub name: String,
    /// Their home.
    pub home: PathBuf,
    /// Who they are.
    pub feed: FeedId,
    program: Program,
    node: Option<Running>,
}

/// A process that runs until it is ended, and prints a line of JSON for whatever happens.
#[derive(Debug)]
pub struct Running {
    who: String,
    log: PathBuf,
    child: Child,
    lines: Receiver<String>,
    program: Program,
}

#[derive(Deserialize)]
struct Made {
    feed: FeedId,
}

impl Actor {
    /// Makes somebody a home below `folder`, by `klatch init`.
    pub fn new(name: &str, folder: &Path, network: &Path, program: Program) -> Result<Self, Trouble> {
        let home = folder.join(name.to_lowercase());
        let nobody_yet = FeedId::new([0; 32]);
        let actor = Self { name: name.to_owned(), home, feed: nobody_yet, program, node: None };
        let init: [&OsStr; 5] =
            ["init".as_ref(), "--name".as_ref(), name.as_ref(), "--network".as_ref(), network.as_ref()];
        let made: Made = actor.ask(&init)?;
        Ok(Self { feed: made.feed, ..actor })
    }

    fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let (program, before) = self.program.command.split_first().expect("a program has a path");
        let mut command = Command::new(program);
        command.args(before).arg("--home").arg(&self.home).arg("--json").args(args);
        // Whoever sits at this machine is not to be notified of what happens in a story.
        command.env_remove("KLATCH_HOME").env_remove("DBUS_SESSION_BUS_ADDRESS").stdin(Stdio::null());
        command
    }

    /// Runs one command to its end and returns what it printed.
    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Vec<u8>, Trouble> {
        self.program.check()?;
        let mut command = self.command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|source| self.start_error(source))?;
        let (told, tell) = mpsc::channel();
        let mut stderr = child.stderr.take().expect("it is piped");
        let mut stdout = child.stdout.take().expect("it is piped");
        let words = thread::spawn(move || {
            let mut words = String::new();
            let _ = stderr.by_ref().take(WORDS_BYTES_MAX).read_to_string(&mut words); // Only for a message.
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
            words
        });
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stdout.read_to_end(&mut bytes); // A broken pipe shows in the exit status.
            let _ = told.send(bytes); // Nobody waits any more: it was too slow.
        });
        let Ok(bytes) = tell.recv_timeout(self.program.patience) else {
            let _ = child.kill(); // It may have ended this moment.
            let _ = child.wait();
            return Err(Trouble::Slow { who: self.name.clone(), command: spell(args) });
        };
        let status = child.wait().map_err(|source| self.start_error(source))?;
        let words = words.join().unwrap_or_default().trim().to_owned();
        match status.success() {
            true => Ok(bytes),
            false => Err(Trouble::Failed { who: self.name.clone(), command: spell(args), status, words }),
        }
    }

    /// Runs one command and reads the JSON it printed.
    pub fn ask<T: DeserializeOwned, S: AsRef<OsStr>>(&self, args: &[S]) -> Result<T, Trouble> {
        let bytes = self.run(args)?;
        serde_json::from_slice(&bytes).map_err(|source| self.form_error(&spell(args), source, &bytes))
    }

    /// As [`Self::ask`]; `None` where nothing here has the name that was given.
    pub fn find<T: DeserializeOwned, S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Option<T>, Trouble> {
        match self.ask(args) {
            Ok(found) => Ok(Some(found)),
            Err(Trouble::Failed { status, .. }) if status.code() == Some(Exit::NoMatch as i32) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// Looks again and again until `look` finds it; says what was last seen if it never does.
    ///
    /// # Errors
    ///
    /// [`Trouble::Late`] after [`Program::patience`]; at once whatever `look` fails with.
    pub fn until<T>(
        &self,
        what: &str,
        mut look: impl FnMut(&Self) -> Result<Result<T, String>, Trouble>,
    ) -> Result<T, Trouble> {
        let clock = Stopwatch::start();
        loop {
            self.program.check()?;
            match look(self)? {
                Ok(seen) => return Ok(seen),
                Err(last) if clock.elapsed() > self.program.patience => {
                    return Err(Trouble::Late { who: self.name.clone(), what: what.to_owned(), last });
                }
                Err(_) => thread::sleep(LOOK_EVERY),
            }
        }
    }

    /// Waits until this node folds the event so that `wanted` holds, and returns that state.
    pub fn until_event(
        &self,
        event: &str,
        what: &str,
        wanted: impl Fn(&EventState) -> bool,
    ) -> Result<EventState, Trouble> {
        self.until_shown(&["event", "show", event], what, wanted)
    }

    /// As [`Self::until_event`], of what this command shows: an event, or one date of a series.
    pub fn until_shown(
        &self,
        show: &[&str],
        what: &str,
        wanted: impl Fn(&EventState) -> bool,
    ) -> Result<EventState, Trouble> {
        self.until(what, |actor| {
            Ok(match actor.find::<EventState, _>(show)? {
                Some(state) if wanted(&state) => Ok(state),
                Some(state) => Err(outline(&state)),
                None => Err("no such event yet".to_owned()),
            })
        })
    }

    /// Starts a process that runs until it is ended.
    pub fn spawn<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Running, Trouble> {
        self.program.check()?;
        let log = self.home.join("demo.log");
        let words = File::options().create(true).append(true).open(&log);
        let words = words.map_err(|source| Trouble::File { path: log.clone(), source })?;
        let mut command = self.command(args);
        command.stdout(Stdio::piped()).stderr(words);
        let mut child = command.spawn().map_err(|source| self.start_error(source))?;
        let stdout = child.stdout.take().expect("it is piped");
        let (told, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if told.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Running { who: self.name.clone(), log, child, lines, program: self.program.clone() })
    }

    /// Starts the node with `args` (`up …` or `pub up …`) and returns what it says once it is ready.
    pub fn up<T: DeserializeOwned>(&mut self, args: &[&str]) -> Result<T, Trouble> {
        let mut node = self.spawn(args)?;
        let ready = node.line()?;
        self.node = Some(node);
        Ok(ready)
    }

    /// Asks the node to end, and waits for it.
    pub fn down(&mut self) -> Result<(), Trouble> {
        self.node.take().map_or(Ok(()), Running::end)
    }

    /// Ends the node as `kill -9` would.
    pub fn kill(&mut self) {
        self.node = None;
    }

    /// The process number of the node, if one was started.
    pub fn pid(&self) -> Option<u32> {
        self.node.as_ref().map(|node| node.child.id())
    }

    /// The same person at another terminal, without the node.
    pub fn elsewhere(&self) -> Self {
        let (name, home, program) = (self.name.clone(), self.home.clone(), self.program.clone());
        Self { name, home, feed: self.feed, program, node: None }
    }

    fn start_error(&self, source: std::io::Error) -> Trouble {
        let program = self.program.command.first().cloned().unwrap_or_default();
        Trouble::Start { who: self.name.clone(), program, source }
    }

    fn form_error(&self, command: &str, source: serde_json::Error, bytes: &[u8]) -> Trouble {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(400)]).into_owned();
        Trouble::Form { who: self.name.clone(), command: command.to_owned(), source, text }
    }
}

impl Running {
    /// The next line it prints.
    pub fn line<T: DeserializeOwned>(&mut self) -> Result<T, Trouble> {
        let clock = Stopwatch::start();
        let line = loop {
            self.program.check()?;
            match self.lines.recv_timeout(LOOK_EVERY) {
                Ok(line) => break line,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Trouble::Ended { who: self.who.clone(), words: self.last_words() });
                }
                Err(RecvTimeoutError::Timeout) if clock.elapsed() > self.program.patience => {
                    let (what, last) = ("its next line of output".to_owned(), self.last_words());
                    return Err(Trouble::Late { who: self.who.clone(), what, last });
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        };
        let form = |source| Trouble::Form {
            who: self.who.clone(),
            command: "…".to_owned(),
            source,
            text: line.clone(),
        };
        serde_json::from_str(&line).map_err(form)
    }

    /// Asks it to end, and waits until it has.
    pub fn end(mut self) -> Result<(), Trouble> {
        let _ = kill_process(Pid::from_child(&self.child), Signal::INT); // As Ctrl-C does. It may have ended this moment.
        let clock = Stopwatch::start();
        while clock.elapsed() < self.program.patience {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(_)) => {
                    return Err(Trouble::Ended { who: self.who.clone(), words: self.last_words() });
                }
                Ok(None) => thread::sleep(LOOK_EVERY),
                Err(source) => return Err(Trouble::File { path: self.log.clone(), source }),
            }
        }
        Err(Trouble::Slow { who: self.who.clone(), command: "…, asked to end,".to_owned() })
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    fn last_words(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let from = text.len().saturating_sub(usize::try_from(WORDS_BYTES_MAX).unwrap_or(usize::MAX));
        String::from_utf8_lossy(&text[from..]).trim().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill(); // It may have ended by itself.
        let _ = self.child.wait();
    }
}

/// An event's numbers, for a message.
fn outline(state: &EventState) -> String {
    let mut text = format!("revision {}, {} seated", state.revision, state.seated.len());
    let counts = [
        ("waiting", state.waiting.len()),
        ("provisional", state.provisional.len()),
        ("unranked", state.unranked.len()),
        ("no", state.no.len()),
        ("arrived", state.attendance.len()),
    ];
    for (word, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        let _ = write!(text, ", {count} {word}"); // Writing into a string cannot fail.
    }
    text
}

/// A command as one would type it.
pub fn spell<S: AsRef<OsStr>>(args: &[S]) -> String {
    let word = |arg: &S| {
        let text = arg.as_ref().to_string_lossy().into_owned();
        let plain = |c: char| c.is_alphanumeric() || "-_./:@=".contains(c);
        if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{text}'") }
    };
    args.iter().map(word).collect::<Vec<_>>().join(" ")
}
