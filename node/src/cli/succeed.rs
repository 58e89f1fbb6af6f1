//! `klatch succeed`

use clap::Args;
use klatch_feed::{FeedId, Seq};
use serde::Serialize;

use super::exit::CliError;
use super::init::typed_words;
use super::output::Printer;
use crate::config::Config;
use crate::daemon::succeed::{Went, look, succeed};

/// Go on under a new key, with your recovery words
///
/// For a log that is forked, a key that somebody else may have, or a log of which nobody can say how far it went. Your
/// words say that a new log goes on from the old one, after the entry you choose; what the old one says after that no
/// longer counts. You keep whom you follow, your names for people, your pubs, roles and seats, and whoever follows you
/// follows the new log by itself. Stop `klatch up` first. The words are read from standard input and are not kept; the
/// same words stay good for the new key.
///
/// Where you went on already, from another machine, this home takes that key, and its log from whoever holds it. Where
/// two copies went on apart from each other, the one that keeps more counts for everybody, as soon as they hear of each
/// other; the other posts nothing more, and this command brings it along.
#[derive(Args, Debug)]
pub(super) struct SucceedArgs {
    /// The last entry of yours to keep; asked for where the log is forked, where more of it may exist than is here, and
    /// for every key but the first [default: all that is here]
    #[arg(long, value_name = "SEQ")]
    keep: Option<Seq>,
}

#[derive(Serialize)]
struct Succeeded {
    /// The new id.
    feed: FeedId,
    /// The last entry that is kept of the old log; left out where the log went on elsewhere before.
    #[serde(skip_serializing_if = "Option::is_none")]
    keep: Option<Seq>,
}

/// Runs it.
pub(super) fn run(args: &SucceedArgs, config: &Config, out: &Printer) -> Result<(), CliError> {
    config.home.check()?;
    look(&config.home, args.keep)?;
    let words = typed_words(out)?;
    let went = succeed(&config.home, &words, args.keep)?;
    drop(words);
    match went {
        Went::On { feed, keep } => {
            out.result(&Succeeded { feed, keep: Some(keep) }, |_| feed.to_string())?;
            out.hint(format_args!(
                "\nThe line above is your id from now on. Entries 1 to {keep} of your old log count, nothing later.\n\
                 Next: `klatch up`, where people can be met who hold your old log: they pass it on. Any other copy of\n\
                 the old home posts nothing any more once it hears of it; `klatch succeed` there brings it along. If\n\
                 it went on by itself, the copy that keeps more counts."
            ));
        }
        Went::Along { feed } => {
            out.result(&Succeeded { feed, keep: None }, |_| feed.to_string())?;
            out.hint(
                "\nYou went on under the id above before: this home has its key now. Its log is with others: run\n\
                 `klatch up` where they can be met. `klatch recover` shows how far it is; until it is complete nothing\n\
                 is posted. Never let two homes with this key post.",
            );
        }
    }
    Ok(())
}
