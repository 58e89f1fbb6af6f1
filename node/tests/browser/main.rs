//! Journeys through the page in a real, headless Chromium, against real nodes. Each stands in a file of its own
//! beside this one; `lib.cjs` has what they share.
//!
//! They are driven by `puppeteer-core`, so that the program does not compile a browser's protocol. Where
//! Chromium, Node.js or its packages are missing they say that they skip; with `KLATCH_REQUIRE=1` they fail.
//! `KLATCH_SHOTS=FOLDER cargo test -p klatch --test browser shots` keeps a picture of every page.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// One browser at a time: each is many processes, and a machine may be small.
static ONE: Mutex<()> = Mutex::new(());

fn found(names: &[&str]) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let all =
        std::env::split_paths(&folders).flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    all.into_iter().find(|file| file.is_file())
}

/// What is missing here, or the browser.
fn chromium() -> Result<PathBuf, String> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let chromium = named.or_else(|| found(&["chromium", "chromium-browser", "google-chrome"]));
    let chromium = chromium.ok_or("there is no Chromium here")?;
    let packages = "require('puppeteer-core'); require('axe-core')";
    match Command::new("node").args(["-e", packages]).output() {
        Ok(done) if done.status.success() => Ok(chromium),
        Ok(_) => {
            Err("Node.js does not find puppeteer-core and axe-core (npm; NODE_PATH says where)".to_owned())
        }
        Err(_) => Err("there is no Node.js here".to_owned()),
    }
}

fn walk(journey: &str) {
    let chromium = match chromium() {
        Ok(chromium) => chromium,
        Err(absent) => {
            assert!(std::env::var_os("KLATCH_REQUIRE").is_none(), "{absent}");
            eprintln!("SKIPPED: {journey}: {absent}");
            return;
        }
    };
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(format!("{journey}.cjs"));
    let mut command = Command::new("node");
    command.arg(file).env("KLATCH", env!("CARGO_BIN_EXE_klatch")).env("CHROMIUM", chromium);
    let done = command.output().expect("Node.js started a moment ago");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    print!("{}", said(&done.stdout));
    assert!(done.status.success(), "{journey}: {}", said(&done.stderr));
}

/// What stands between quotes of this kind in a text.
fn quoted(text: &str, quote: char) -> impl Iterator<Item = &str> {
    text.split(quote).skip(1).step_by(2)
}

/// Addresses that answer a page to whoever looks at them, as the router names them.
fn addresses(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("the sources are beside the tests") {
        let path = entry.expect("a folder can be read").path();
        if path.is_dir() {
            addresses(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source is text");
            let is_shown = |route: &&str| route.contains("get(") || !route.contains("post(");
            for line in text.lines() {
                let routes = line.split(".route(\"/").skip(1).filter(is_shown);
                found.extend(routes.filter_map(|route| Some(format!("/{}", route.split('"').next()?))));
            }
        }
    }
}

#[test]
fn every_page_is_among_those_that_are_looked_at() {
    // Files, streams, and what leads on at once.
    let others =
        ["/assets", "/api", "/enter", "/live", "/long", "/robots.txt", "/sitemap.xml", "/settings/feed"];
    let of_pub = ["/e/{name}", "/g/{name}"]; // Where files have names as pages do.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = std::fs::read_to_string(here.join("tests/browser/pages.cjs")).unwrap();
    let list = list.replace('`', "\"");
    let looked: Vec<Vec<&str>> = quoted(&list, '"')
        .filter(|text| text.starts_with('/'))
        .map(|text| text.split('?').next().unwrap_or_default().split('/').collect())
        .collect();
    let mut routes = Vec::new();
    addresses(&here.join("src/web"), &mut routes);
    assert!(routes.len() > 30, "{routes:?}");
    let is_page = |route: &String| {
        !others.iter().any(|other| route.starts_with(other))
            && !route.contains(".ics")
            && !route.contains(".csv")
    };
    let same = |route: &str, parts: &[&str]| {
        let names: Vec<&str> = route.split('/').collect();
        names.len() == parts.len()
            && names.iter().zip(parts).all(|(name, part)| {
                name.starts_with('{') == part.starts_with("${") && (name.starts_with('{') || name == part)
            })
    };
    let missing: Vec<_> = routes
        .iter()
        .filter(|route| is_page(route) && !of_pub.contains(&&***route))
        .filter(|route| !looked.iter().any(|parts| same(route, parts)))
        .collect();
    assert!(missing.is_empty(), "no picture is made of, and axe does not see: {missing:?}");
}

macro_rules! journeys {
    ($($(#[$doc:meta])* $name:ident = $file:literal;)*) => {
        $($(#[$doc])* #[test] fn $name() { walk($file); })*
    };
}

journeys! {
    from_an_empty_home_to_the_first_event = "first_run";
    the_words_bring_everything_back_to_an_empty_machine = "recover";
    an_organizer_schedules_changes_and_announces = "organize";
    a_door_and_two_guests_check_in = "door";
    two_doors_show_whom_the_other_let_in_and_when = "two_doors";
    a_camera_reads_a_door_a_guest_and_an_id = "scan";
    a_yes_shows_on_both_pages_without_reload_and_the_waiting_list_moves = "evening";
    everything_that_forms_can_do_works_without_script = "plain";
    an_event_is_answered_by_keys_alone = "keys";
    what_changes_leaves_focus_and_typed_text_with_whom_they_are_about = "focus";
    an_open_page_outlives_its_node_and_goes_on_after_a_new_link = "restart";
    axe_finds_nothing_serious_on_any_page = "axe";
    hostile_text_runs_nothing_and_breaks_no_layout = "hostile";
    every_page_has_its_picture = "shots";
}
