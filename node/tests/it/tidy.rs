//! What reviewers forget: which way dependencies point, how long files are, what is left to do, and whether
//! every vector is named where its rule stands.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest source file, in lines.
const LINES_MAX: usize = 700;

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Files below `dir` with that ending, but for what is built.
fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                dirs.push(path);
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<(PathBuf, String)> {
    let crates = ["feed", "store", "gossip", "node"].map(|name| files(&top().join(name), ".rs"));
    let read = |path: PathBuf| (path.clone(), fs::read_to_string(path).unwrap());
    crates.into_iter().flatten().map(read).collect()
}

/// The crates of this workspace that a manifest names outside of its tests.
fn depends_on(name: &str) -> BTreeSet<String> {
    let manifest = fs::read_to_string(top().join(name).join("Cargo.toml")).unwrap();
    let (_, rest) = manifest.split_once("[dependencies]").unwrap();
    let section = rest.split("\n[").next().unwrap();
    section
        .lines()
        .filter_map(|line| line.strip_prefix("klatch-")?.split(['.', ' ']).next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn dependencies_point_one_way() {
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(depends_on("feed"), names(&[]));
    assert_eq!(depends_on("store"), names(&["feed"]));
    assert_eq!(depends_on("gossip"), names(&["feed"]));
    assert_eq!(depends_on("node"), names(&["feed", "gossip", "store"]));
}

#[test]
fn no_source_file_is_too_long() {
    let long = sources().into_iter().map(|(path, text)| (path, text.lines().count()));
    let long: Vec<_> = long.filter(|(_, lines)| *lines > LINES_MAX).collect();
    assert!(long.is_empty(), "split by the state each part owns: {long:?}");
}

#[test]
fn no_catch_all_modules() {
    for (path, _) in sources() {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(!["util.rs", "utils.rs", "common.rs", "helpers.rs", "mod.rs"].contains(&name), "{path:?}");
    }
}

#[test]
fn nothing_is_left_to_do() {
    // Put together here, so that this file does not find itself.
    let words = [
        ["todo", "!("],
        ["unimplemented", "!("],
        ["dbg", "!("],
        ["TO", "DO"],
        ["FIX", "ME"],
        ["#[ig", "nore"],
    ];
    for (path, text) in sources() {
        for word in words.map(|parts| parts.concat()) {
            let at = text.lines().position(|line| line.contains(&word)).map(|line| line + 1);
            assert_eq!(at, None, "{word} in {path:?}");
        }
    }
}

#[test]
fn every_vector_is_named_in_the_spec() {
    let spec = top().join("spec");
    let prose: String = files(&spec, ".md").iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let vectors = files(&spec.join("vectors"), ".json");
    assert!(!vectors.is_empty());
    for path in vectors {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let named = [format!("`{stem}`"), format!("{stem}.json")].iter().any(|name| prose.contains(name));
        assert!(named, "{stem}.json is named nowhere in spec/");
    }
}

#[test]
fn every_page_of_the_spec_is_in_its_index() {
    let index = fs::read_to_string(top().join("spec/README.md")).unwrap();
    for path in files(&top().join("spec"), ".md") {
        let name = path.strip_prefix(top().join("spec")).unwrap().to_str().unwrap();
        assert!(name == "README.md" || index.contains(&format!("({name})")), "{name}");
    }
}
