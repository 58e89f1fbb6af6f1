//! A fresh home, and the real program run in it without a node.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A home in a folder that goes away with it.
pub(crate) struct Fresh {
    dir: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Fresh {
    /// A folder in which nobody has made an identity yet.
    pub(crate) fn empty() -> Self {
        Self { dir: tempfile::Builder::new().prefix("klatch-").tempdir().unwrap() }
    }

    /// An identity of that name.
    pub(crate) fn named(name: &str) -> Self {
        let home = Self::empty();
        home.ok(&["init", "--name", name]);
        home
    }

    /// Where the home is.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// A path beside the home.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_klatch"));
        command.arg("--home").arg(self.path()).args(args).stdin(Stdio::null());
        command.env("TZ", "Europe/Berlin").env_remove("NO_COLOR");
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        let output = self.command(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended {
            code: output.status.code().expect("it ended by itself"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// Runs what must succeed, and gives what it printed.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let ended = self.run(args);
        assert_eq!(ended.code, 0, "klatch {args:?}: {}", ended.err);
        ended.out
    }

    /// Runs what must succeed, and reads its JSON.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let out = self.ok(&[args, &["--json"]].concat());
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("klatch {args:?}: {error} in {out}"))
    }

    /// Runs what must fail, with that exit code and those words in its message.
    pub(crate) fn fails(&self, args: &[&str], code: i32, says: &[&str]) {
        let ended = self.run(args);
        assert_eq!(ended.code, code, "klatch {args:?}: {ended:?}");
        assert_eq!(ended.out, "", "klatch {args:?} prints no result");
        for words in says {
            assert!(ended.err.contains(words), "klatch {args:?} says {words:?}: {}", ended.err);
        }
    }
}
