//! `node/CLI.md` is what the command tree prints; `UPDATE=1 cargo test` writes it anew.

use std::fmt::Write;
use std::path::Path;

use klatch::cli::{GROUPS, command};

#[test]
fn every_command_stands_in_one_group_of_the_help() {
    let mut grouped: Vec<_> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
    let tree = command();
    let mut known: Vec<_> = tree.get_subcommands().map(clap::Command::get_name).collect();
    grouped.sort_unstable();
    known.sort_unstable();
    assert_eq!(grouped, known);
}

#[test]
fn the_reference_is_what_the_command_tree_prints() {
    let mut text = String::from(
        "# The command line\n\nWhat `klatch --help` and `klatch COMMAND --help` print; the options of the first section go \
         with every command. \
         Generated: `UPDATE=1 cargo test -p klatch` writes it anew.\n",
    );
    let mut tree = command().term_width(100).color(clap::ColorChoice::Never);
    tree.build();
    section(&mut text, &mut tree, "klatch");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("CLI.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let held = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = held.lines().zip(text.lines()).find(|(held, wanted)| held != wanted);
    assert!(
        held == text,
        "node/CLI.md is out of date: UPDATE=1 writes it anew; first difference: {differs:?}"
    );
}

fn section(text: &mut String, command: &mut clap::Command, name: &str) {
    if name.contains(' ') {
        // Once is enough for what every command takes.
        for flag in ["home", "json", "quiet", "color", "help"] {
            *command = command.clone().mut_arg(flag, |arg| arg.hide(true));
        }
    }
    let help = command.render_long_help().to_string();
    let help: Vec<_> = help.lines().map(str::trim_end).collect();
    write!(text, "\n## {name}\n\n```text\n{}\n```\n", help.join("\n").trim_end()).unwrap();
    let subcommands: Vec<_> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for sub in subcommands.iter().filter(|sub| *sub != "help") {
        section(text, command.find_subcommand_mut(sub).unwrap(), &format!("{name} {sub}"));
    }
}
