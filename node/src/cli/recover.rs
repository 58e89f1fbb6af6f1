//! `klatch recover`

use clap::Args;
use klatch_feed::Seq;

use super::exit::CliError;
use super::output::{Printer, count, plain};
use super::reach::{Node, take};
use super::when;
use crate::config::Config;
use crate::daemon::{Confirmed, Posting, RecoveryView, Request};

/// Show whether you can post, and if not, why and what to do
///
/// A home that was restored, or made from recovery words, or met a longer copy of its own log, posts nothing
/// before it is sure to hold all that was ever posted: a second entry at one place would fork the log, and
/// nothing after it would count. While `klatch up` runs it takes what others hold. Posting goes on by itself
/// once two nodes have delivered all they hold, one of them a pub you joined or a node marked by `klatch peer
/// home`, and nothing longer came for a minute.
#[derive(Args, Debug)]
pub(super) struct RecoverArgs {
    /// Where one node has delivered all it holds: say yourself that entry SEQ, the last one shown, is the
    /// last you ever posted
    #[arg(long, value_name = "SEQ")]
    accept_head: Option<Seq>,
}

/// Runs it.
pub(super) fn run(args: &RecoverArgs, config: &Config, node: &Node, out: &Printer) -> Result<(), CliError> {
    if let Some(len) = args.accept_head {
        node.call(Request::AcceptHead { len })?;
    }
    let view = *take!(node.call(Request::Recovery)?, Recovery)?;
    out.result(&view, |_| text(&view, config))?;
    match view.posting {
        Posting::On if view.twin => out.hint(TWIN_NEXT),
        Posting::On => {}
        Posting::Recovering => out.hint(next(&view, node.is_running())),
        Posting::Forked => out.hint(FORKED_NEXT),
        Posting::Succeeded => out.hint(SUCCEEDED_NEXT),
    }
    Ok(())
}

fn text(view: &RecoveryView, config: &Config) -> String {
    let posting = match view.posting {
        Posting::On => {
            let twin = if view.twin { "; another node runs with your key" } else { "" };
            return format!("posting is on; {} of yours{twin}", count(view.entries, "entry", "entries"));
        }
        Posting::Recovering => "posting is off while this home recovers",
        Posting::Forked | Posting::Succeeded => "posting is off under this key",
    };
    let mut lines = vec![posting.to_owned()];
    lines.extend(view.why.iter().map(|why| format!("why: {why}")));
    lines.push(match &view.last {
        None => "here: nothing of yours yet".to_owned(),
        Some(last) => {
            let at = when::instant(last.time_ms, config.zone);
            format!(
                "here: {}, the last one of {at}: {}",
                count(view.entries, "entry", "entries"),
                plain(&last.what)
            )
        }
    });
    if view.posting == Posting::Recovering {
        let name = |node: &Confirmed| match node.home {
            true => format!("{} (a home)", plain(&node.name)),
            false => plain(&node.name),
        };
        let names: Vec<_> = view.confirmed.iter().map(name).collect();
        lines.push(match names.is_empty() {
            true => "nobody who holds your log was met yet".to_owned(),
            false => format!("delivered all they hold: {}", names.join(", ")),
        });
    }
    lines.join("\n")
}

const FORKED_NEXT: &str = "\
Next: go on under a new key, on the machine whose entries you keep. Stop `klatch up` there, then `klatch succeed` with your \
recovery words: it shows how far this copy goes, and you say what is kept. The other copy is told, and `klatch succeed` brings it \
along. Whoever follows you follows the new key by itself; seats and roles stay yours.";

const TWIN_NEXT: &str =
    "Next: another node runs with your key. Stop one of the two for good; what both post forks your log.";

const SUCCEEDED_NEXT: &str = "\
Next: if that was you, stop `klatch up`, and `klatch succeed` with the same recovery words makes this home the other key's. \
If it was not you, somebody else has your words.";

/// What to do now.
fn next(view: &RecoveryView, is_running: bool) -> String {
    let seconds = |ms: u64| ms.div_ceil(1000);
    if !is_running {
        return "Next: `klatch up`, where nodes can be met that hold your log: a pub you joined, people who follow \
                you."
            .to_owned();
    }
    if view.twin {
        return TWIN_NEXT.to_owned();
    }
    if let Some(known) = view.known {
        return format!(
            "Next: {known} entries are known to exist. Somebody has to bring the rest: keep the node running."
        );
    }
    match (view.ready_in_ms, view.accept_in_ms) {
        (Some(ms), _) => {
            format!("Next: posting goes on by itself in {} s, unless something newer comes.", seconds(ms))
        }
        (None, Some(0)) => format!(
            "Next: wait for one more node, a pub or one marked by `klatch peer home` among the two. Or, if you are \
             sure that you posted nothing after the entry above: `klatch recover --accept-head {}`",
            view.entries
        ),
        (None, Some(ms)) => format!(
            "Next: wait for one more node, or {} s, and then say yourself that the entry above is your last.",
            seconds(ms)
        ),
        (None, None) => {
            "Next: keep the node running where nodes can be met that hold your log: `klatch peer add \
                         FEED@HOST:PORT`, `klatch join INVITE`, or be on one network. If nobody is left who holds more: `klatch \
                         succeed` goes on under a new key from what is here."
                .to_owned()
        }
    }
}
