//! The demo, as whoever has just built the program meets it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use klatch::demo::actor::Program;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// The program under test, with patience for a machine that runs all tests at once.
pub(crate) fn program() -> Program {
    Program { patience: Duration::from_secs(60), ..Program::at(env!("CARGO_BIN_EXE_klatch")) }
}

fn demo(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_klatch"));
    command.arg("demo").args(args).env("TMPDIR", folder).stdin(Stdio::null());
    command
}

/// Command lines of processes that were started with something below `folder`.
fn left_over(folder: &Path) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(folder.to_str().unwrap())).collect()
}

#[test]
fn the_demo_observes_every_step_and_all_six_nodes_agree() {
    let folder = tempfile::tempdir().unwrap();
    let done = demo(folder.path(), &["--json"]).output().unwrap();
    let account: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert!(done.status.success(), "{}", account["differed"]);
    assert_eq!((&account["ok"], &account["differed"]), (&Value::Bool(true), &Value::Null));
    let states = account["states"].as_array().unwrap();
    assert_eq!(states.len(), 6);
    assert!(states.iter().all(|state| state["sha256"] == states[0]["sha256"]), "{states:?}");
    // Five people, at an evening, a series and its four dates.
    let explained = &account["explained"];
    assert_eq!((&explained["verdicts"], &explained["nodes"]), (&Value::from(30), &Value::from(6)));
    let steps = account["steps"].as_array().unwrap();
    for step in steps {
        assert_ne!(step["seen"].as_array().unwrap().len(), 0, "a step that nobody saw: {step}");
    }
    // Cleo's RSVP had no other way to Hana than the pub.
    let waits = steps.iter().find(|step| step["title"].as_str().unwrap().contains("waits")).unwrap();
    let cleo = &waits["seen"].as_array().unwrap().iter().find(|seen| seen["who"] == "Cleo").unwrap()["came"];
    assert!(cleo["pub"].as_u64().unwrap() > 0 && cleo["lan"].is_null(), "{cleo}");
    assert_eq!(left_over(folder.path()), Vec::<String>::new());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the homes are gone");
}

#[test]
fn no_node_outlives_a_demo_that_is_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = demo(folder.path(), &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The third step is told once all nodes run.
    lines.by_ref().map_while(Result::ok).find(|line| line.starts_with(" 3 ")).unwrap();
    assert_ne!(left_over(folder.path()).len(), 0, "nodes run");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    lines.by_ref().for_each(drop);
    let mut words = String::new();
    child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(words.contains("interrupted"), "{words}");
    assert_eq!(left_over(folder.path()), Vec::<String>::new());
}
