//! `klatch init`

use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use klatch_feed::{FeedId, RecoveryWords};
use serde::Serialize;
use zeroize::Zeroizing;

use super::exit::CliError;
use super::output::Printer;
use crate::config::Config;
use crate::daemon::create::{create, recover};
use crate::network::{self, Network};

/// Make a new identity, and show its recovery words once
///
/// Draws a key, starts your log with your name in it, and prints 24 recovery words. They are shown once and
/// kept nowhere: write them on paper. Who has them can speak for you; without them a lost machine is a lost
/// identity.
#[derive(Args, Debug)]
pub(super) struct InitArgs {
    /// What you want to be called; others see it
    #[arg(long, required_unless_present = "recover")]
    name: Option<String>,
    /// Come back with the recovery words you wrote down: they are read from standard input
    ///
    /// The home gets your key and takes your log from whoever holds it. Posting goes on once that is
    /// complete: `klatch recover` shows how far it is. The words are not kept.
    #[arg(long, conflicts_with = "name")]
    recover: bool,
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

const WORDS: usize = 24;

/// Runs it.
pub(super) fn run(args: &InitArgs, config: &Config, out: &Printer) -> Result<(), CliError> {
    let network = network_of(&args.network)?;
    let Some(name) = &args.name else { return come_back(&network, config, out) };
    let show = |feed: FeedId, words: &str| {
        if config.json {
            let made = Made { feed, name, network: network.name(), words };
            return out.result(&made, |_| String::new()).map_err(std::io::Error::other);
        }
        write!(std::io::stderr(), "{}", sheet(words))
    };
    let feed = create(&config.home, &network, name, show)?;
    if !config.json {
        out.raw(format!("{feed}\n").as_bytes())?;
    }
    out.hint(format_args!(
        "\nYou are {}, and the line above is your id: give it to people who want to follow you.\n\
         Next: `klatch open LINE` with a line somebody gave you, or `klatch group create NAME`.",
        super::output::plain(name)
    ));
    Ok(())
}

#[derive(Serialize)]
struct Back<'a> {
    feed: FeedId,
    network: &'a str,
}

/// Longest text that is read for words.
const WORDS_BYTES_MAX: u64 = 4096;

/// Makes the home of whoever has these words.
fn come_back(network: &Network, config: &Config, out: &Printer) -> Result<(), CliError> {
    config.home.check_free()?;
    let words = typed_words(out)?;
    let feed = recover(&config.home, network, &words)?;
    drop(words);
    out.result(&Back { feed, network: network.name() }, |_| feed.to_string())?;
    out.hint(
        "\nThe line above is your id. Your log is still with others: run `klatch up` where they can be met\n\
         (`klatch peer add FEED@HOST:PORT`, `klatch join INVITE`). `klatch recover` shows how far it is, and\n\
         whether you went on under another key; until it is complete nothing is posted. Never run another home\n\
         with these words.",
    );
    Ok(())
}

/// The recovery words, as they are typed in.
pub(super) fn typed_words(out: &Printer) -> Result<RecoveryWords, CliError> {
    out.hint("Type your 24 recovery words, then Enter:");
    let mut text = Zeroizing::new(String::with_capacity(WORDS_BYTES_MAX as usize));
    let mut lines = std::io::stdin().lock().take(WORDS_BYTES_MAX);
    // People type them on one line or on several.
    while text.split_whitespace().count() < WORDS {
        if lines.read_line(&mut text).map_err(CliError::Input)? == 0 {
            break;
        }
    }
    RecoveryWords::parse(&text).map_err(|error| CliError::Usage(error.to_string()))
}

/// The network in a file, or the default one.
pub(super) fn network_of(path: &Path) -> Result<Network, CliError> {
    let failed = |source| CliError::Network { path: path.to_owned(), source };
    if path.as_os_str() == "default" {
        return Network::public(network::DEFAULT_NAME).map_err(failed);
    }
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|source| CliError::File { path: path.to_owned(), source })?;
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
