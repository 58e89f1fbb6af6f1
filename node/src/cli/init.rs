//! `klatch init`

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use klatch_feed::FeedId;
use serde::Serialize;

use super::exit::CliError;
use super::output::Printer;
use crate::config::Config;
use crate::daemon::create::create;
use crate::network::{self, Network};

/// Make a new identity, and show its recovery words once
///
/// Draws a key, starts your log with your name in it, and prints 24 recovery words. They are shown once and
/// kept nowhere: write them on paper. Who has them can speak for you; without them a lost machine is a lost
/// identity.
#[derive(Args, Debug)]
pub(super) struct InitArgs {
    /// What you want to be called; others see it
    #[arg(long)]
    name: String,
    /// `default`, or a network file that somebody gave you
    #[arg(long, value_name = "FILE|default", default_value = "default")]
    network: PathBuf,
}

#[derive(Serialize)]
struct Made<'a> {
    feed: FeedId,
    name: &'a str,
    network: &'a str,
    words: &'a str,
}

/// Runs it.
pub(super) fn run(args: &InitArgs, config: &Config, out: &Printer) -> Result<(), CliError> {
    let network = network_of(args)?;
    let show = |feed: FeedId, words: &str| {
        if config.json {
            let made = Made { feed, name: &args.name, network: network.name(), words };
            return out.result(&made, |_| String::new()).map_err(std::io::Error::other);
        }
        write!(std::io::stderr(), "{}", sheet(words))
    };
    let feed = create(&config.home, &network, &args.name, show)?;
    if !config.json {
        out.raw(format!("{feed}\n").as_bytes())?;
    }
    out.hint(format_args!(
        "\nYou are {}, and the line above is your id: give it to people who want to follow you.\n\
         Next: `klatch open LINE` with a line somebody gave you, or `klatch group create NAME`.",
        super::output::plain(&args.name)
    ));
    Ok(())
}

fn network_of(args: &InitArgs) -> Result<Network, CliError> {
    let failed = |source| CliError::Network { path: args.network.clone(), source };
    if args.network.as_os_str() == "default" {
        return Network::public(network::DEFAULT_NAME).map_err(failed);
    }
    let text = std::fs::read_to_string(&args.network);
    let text = text.map_err(|source| CliError::File { path: args.network.clone(), source })?;
    Network::parse(&text).map_err(failed)
}

/// The words as they are to be written down: four to a line, numbered.
fn sheet(words: &str) -> String {
    let mut text =
        String::from("Write these 24 words on paper, in this order. They are shown this once.\n\n");
    for (line, four) in words.split(' ').collect::<Vec<_>>().chunks(4).enumerate() {
        for (at, word) in four.iter().enumerate() {
            text += &format!("  {:>2} {word:<10}", line * 4 + at + 1);
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_sheet_holds_every_word_in_order() {
        let words: Vec<_> = (1..=24).map(|n| format!("word{n}")).collect();
        let sheet = super::sheet(&words.join(" "));
        let shown: Vec<_> =
            sheet.split_whitespace().filter(|word| word.starts_with("word") && *word != "words").collect();
        assert_eq!(shown, words);
        assert!(sheet.contains("  23 word23"), "{sheet}");
    }
}
