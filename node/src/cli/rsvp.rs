//! `klatch rsvp`

use clap::Args;
use klatch_feed::EventState;
use klatch_feed::post::Answer;

use super::event::on::On;
use super::exit::CliError;
use super::output::{Printer, count};
use super::posts;
use super::reach::{Node, take};
use crate::daemon::{Request, word};

/// Say whether you are coming to an event
///
/// A yes is a request: a host's node gives the seats in the order in which requests reach it. Answer again to
/// change your mind; the last answer counts.
#[derive(Args, Debug)]
pub(super) struct RsvpArgs {
    /// Event id, its beginning, or its title in quotes
    event: String,
    /// yes, no or maybe
    #[arg(value_parser = super::words::<Answer>(&["yes", "no", "maybe"]))]
    answer: Answer,
    /// People you bring, 0 to 19 [default: as many as in your last answer, or none]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=19))]
    guests: Option<u32>,
    /// One line for the hosts; it is as public as the answer
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,
    /// Answer to the event's first question, then to the second ...; only hosts can read it; "" = none
    #[arg(long = "answer", value_name = "TEXT")]
    answers: Vec<String>,
    #[command(flatten)]
    on: On,
}

/// Runs it.
pub(super) fn run(args: &RsvpArgs, node: &Node, out: &Printer) -> Result<(), CliError> {
    let guests = match (args.guests, args.answer) {
        (Some(guests), _) => guests,
        (None, Answer::No) => 0,
        (None, _) => brought(args, node)?,
    };
    let request = Request::Rsvp {
        event: args.event.clone(),
        on: args.on.on.clone(),
        answer: args.answer,
        party: guests + 1,
        note: args.note.clone(),
        answers: args.answers.clone(),
    };
    let answer = match guests {
        0 => word(args.answer).to_owned(),
        guests => format!("{}, with {}", word(args.answer), count(guests, "guest", "guests")),
    };
    let created = posts(request, node, out, |_| format!("answered {answer}"))?;
    if args.answer == Answer::Yes && created.notes.is_empty() {
        out.hint("A host's node gives the seats: `klatch event show` says when yours is yours.");
    }
    Ok(())
}

/// How many people the last answer said that one brings: who answers again, to a change say, means them too.
fn brought(args: &RsvpArgs, node: &Node) -> Result<u32, CliError> {
    let request = Request::EventShow { event: args.event.clone(), on: args.on.on.clone() };
    let event = take!(node.call(request)?, Event)?;
    let me = take!(node.call(Request::Id)?, Me)?.feed;
    let EventState { seated, waiting, provisional, unranked, released, maybe, .. } = &*event;
    let mut lines = [seated, waiting, provisional, unranked, released, maybe].into_iter().flatten();
    let mine = lines.find(|line| line.feed == me);
    Ok(mine.map_or(0, |line| line.asked.unwrap_or(line.party).saturating_sub(1)))
}
