use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::*;

/// Key to the placeables that its text takes.
fn read(files: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        FluentResource::try_new((*file).to_owned()).expect("every file is one");
        let mut key = String::new();
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) = line.split_once(" =").filter(|_| !line.starts_with([' ', '}'])) {
                key = name.to_owned();
                assert!(keys.insert(key.clone(), BTreeSet::new()).is_none(), "{key} stands twice");
            }
            let names = line.split('$').skip(1).map(|rest| {
                rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>()
            });
            keys.entry(key.clone()).or_default().extend(names);
        }
        keys.remove("");
    }
    keys
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.extension().and_then(|ending| ending.to_str()) {
            _ if path.is_dir() => sources(&path, found),
            Some("rs" | "html") if !path.ends_with("words/tests.rs") => found.push(path),
            _ => {}
        }
    }
}

/// Every text in quotes below `src/web`.
fn quoted() -> BTreeSet<String> {
    let mut paths = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web.rs")];
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web"), &mut paths);
    let code = |text: String| {
        text.lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    let texts = paths.iter().map(|path| code(std::fs::read_to_string(path).unwrap()));
    let all = texts.flat_map(|text| text.split('"').map(str::to_owned).collect::<Vec<_>>());
    all.chain(sentences()).collect()
}

/// The keys of sentences that the node itself says: why it refuses something, what an entry does, and what a draft
/// leaves out.
fn sentences() -> Vec<String> {
    let mut paths = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut paths);
    let texts = paths.iter().map(|path| std::fs::read_to_string(path).unwrap());
    let named = |text: String| text.split('"').map(str::to_owned).collect::<Vec<_>>();
    texts
        .flat_map(named)
        .filter(|text| {
            ["refused-", "log-", "schedule-note-"]
                .iter()
                .any(|family| text.len() > family.len() && text.starts_with(family))
        })
        .collect()
}

#[test]
fn both_languages_have_the_same_keys_that_take_the_same() {
    let (english, german) = (read(ENGLISH_FILES), read(GERMAN_FILES));
    assert_eq!(english, german);
    assert!(english.len() > 50);
}

#[test]
fn every_key_that_is_named_is_there_and_every_key_is_named() {
    let (keys, quoted) = (read(ENGLISH_FILES), quoted());
    let unused: Vec<_> = keys.keys().filter(|key| !quoted.contains(*key)).collect();
    assert!(unused.is_empty(), "no page says {unused:?}");
    let first = |key: &str| key.split('-').next().unwrap_or_default().to_owned();
    let families: BTreeSet<String> = keys.keys().map(|key| first(key)).collect();
    let is_key = |text: &&String| {
        text.contains('-')
            && !text.ends_with('-')
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && families.contains(&first(text))
    };
    // So names of classes and fields do not begin as keys do.
    let unknown: Vec<_> = quoted.iter().filter(is_key).filter(|text| !keys.contains_key(*text)).collect();
    assert!(unknown.is_empty(), "in no catalogue: {unknown:?}");
}

#[test]
fn a_browser_gets_the_language_it_asks_for_first() {
    let cases = [
        ("de-AT,de;q=0.9,en;q=0.8", Some(Words::German)),
        ("en-GB, de", Some(Words::English)),
        ("fr, de;q=0.3, en;q=0.5", Some(Words::English)),
        ("fr", None),
        ("de;q=0, en;q=0.1", Some(Words::English)),
        ("", None),
        (";;q=,,-", None),
    ];
    for (accepted, words) in cases {
        assert_eq!(Words::of_accepted(accepted), words, "{accepted}");
    }
}

#[test]
fn a_name_keeps_its_direction_to_itself() {
    let said = Words::English.of("event-comment-reply", "a\u{202e}b");
    assert!(said.contains("\u{2068}a\u{fffd}b\u{2069}"), "{said:?}");
}
