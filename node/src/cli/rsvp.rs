//! `klatch rsvp`

use clap::Args;
use klatch_feed::post::Answer;

use super::event::on::On;
use super::exit::CliError;
use super::output::{Printer, count};
use super::posts;
use super::reach::Node;
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
    /// People you bring, 0 to 19
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=19))]
    guests: u32,
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
    let request = Request::Rsvp {
        event: args.event.clone(),
        on: args.on.on.clone(),
        answer: args.answer,
        party: args.guests + 1,
        note: args.note.clone(),
        answers: args.answers.clone(),
    };
    let answer = match args.guests {
        0 => word(args.answer).to_owned(),
        guests => format!("{}, with {}", word(args.answer), count(guests, "guest", "guests")),
    };
    let created = posts(request, node, out, |_| format!("answered {answer}"))?;
    if args.answer == Answer::Yes && created.notes.is_empty() {
        out.hint("A host's node gives the seats: `klatch event show` says when yours is yours.");
    }
    Ok(())
}
