//! The vectors in `spec/vectors/`: written from fixed inputs under `UPDATE=1`, compared otherwise, and run from
//! their JSON alone as another implementation would run them.

mod log_chains;
mod log_entries;
mod log_run;
mod log_succession;
mod log_texts;
mod meetups;
mod posts;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

pub(crate) use self::log_run::codec_name;

/// Vector files by name, without `.json`.
pub(crate) type Files = BTreeMap<String, Value>;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors").join(name)
}

/// Every vector file of a folder of `spec/vectors/`.
pub(crate) fn read(name: &str) -> Files {
    let file = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.expect("readable folder").path();
        let text = fs::read_to_string(&path).expect("readable file");
        let stem = path.file_stem().expect("named").to_str().expect("plain name").to_owned();
        (stem, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    };
    fs::read_dir(folder(name)).expect("the folder of vectors").map(file).collect()
}

/// Compares the files on disk with what they are made from; under `UPDATE=1` writes them. Files that are not
/// made here (`by_hand`) are left alone; any other has no reason to be there.
pub(crate) fn settle(name: &str, made: &Files, by_hand: &[&str]) {
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(folder(name)).expect("a folder to write to");
        for (file, case) in made {
            let text = serde_json::to_string_pretty(case).expect("JSON") + "\n";
            fs::write(folder(name).join(file).with_extension("json"), text).expect("a file to write");
        }
    }
    let mut held = read(name);
    held.retain(|file, _| !by_hand.contains(&file.as_str()));
    for (file, case) in made {
        assert_eq!(held.remove(file).as_ref(), Some(case), "{name}/{file}.json: run with UPDATE=1 if meant");
    }
    assert!(held.is_empty(), "nothing makes {:?}", held.keys());
}

/// One file: the form of its cases, the rule it shows, and the cases.
pub(crate) fn file(name: &str, form: &str, why: &str, cases: Vec<Value>) -> (String, Value) {
    (name.to_owned(), json!({ "form": form, "why": why, "cases": cases }))
}

/// One case: what it is, its verdict, and the fields of its form.
pub(crate) fn case(what: &str, verdict: &str, mut fields: Value) -> Value {
    fields["what"] = what.into();
    fields["verdict"] = verdict.into();
    fields
}

#[test]
fn the_vectors_of_the_log_are_what_the_rules_make() {
    let parts = [log_texts::files(), log_entries::files(), log_chains::files(), log_succession::files()];
    let made: Files = parts.into_iter().flatten().collect();
    settle("feed", &made, &["signature_rfc8032"]);
}

#[test]
fn every_vector_of_the_log_has_its_verdict() {
    let files = read("feed");
    assert!(files.len() >= 40, "{} files", files.len());
    for (name, file) in &files {
        log_run::run(name, file);
    }
}

#[test]
fn every_vector_of_the_log_is_named_in_its_page() {
    let page = fs::read_to_string(folder("").join("../feed.md")).expect("spec/feed.md");
    let unnamed: Vec<_> =
        read("feed").into_keys().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(unnamed.is_empty(), "spec/feed.md does not name {unnamed:?}");
}
