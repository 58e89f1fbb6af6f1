//! Why I stand with an event as I do, in the reader's language.

use klatch_feed::FeedId;
use klatch_feed::meetup::why::{Reason, VoidLine};
use klatch_feed::post::Answer;

use crate::daemon::WhyLocal;
use crate::names::short;
use crate::web::words::{Arg, Words};

/// One sentence a rule that decided, in the order in which they did.
pub(in crate::web) fn told(local: &WhyLocal, words: Words) -> Vec<String> {
    local.why.reasons.iter().map(|reason| one(local, reason, words)).collect()
}

fn one(local: &WhyLocal, reason: &Reason, words: Words) -> String {
    let name = |feed: &FeedId| local.names.get(feed).cloned().unwrap_or_else(|| short(feed));
    let number = |number: u32| Arg::Number(number.into());
    match reason {
        Reason::Cancelled { .. } => words.say("event-why-cancelled"),
        Reason::NoAnswer => words.say("event-why-none"),
        Reason::TookBack { .. } => words.say("event-why-took-back"),
        Reason::Answered { answer, party, .. } => {
            let key = match answer {
                Answer::Yes => "event-why-yes",
                Answer::Maybe => "event-why-maybe",
                Answer::No => "event-why-no",
            };
            words.count(key, *party)
        }
        Reason::Stale { .. } => words.say("event-why-stale"),
        Reason::Confirmed { .. } => words.say("event-why-confirmed"),
        Reason::Void { host, why, .. } => {
            let key = match why {
                VoidLine::NoRight => "event-why-void-right",
                VoidLine::AnsweredSince => "event-why-void-since",
                VoidLine::Released => "event-why-void-released",
                VoidLine::OtherLine => "event-why-void-other",
                VoidLine::Closed => "event-why-void-closed",
            };
            words.of(key, &name(host))
        }
        Reason::Ranked { host, place, persons, before, .. } => {
            let host = name(host);
            let args = [
                ("who", Arg::Foreign(&host)),
                ("place", number(*place)),
                ("count", number(*persons)),
                ("before", number(*before)),
            ];
            words.with("event-why-ranked", &args)
        }
        Reason::Share { host, seats: Some(seats), .. } => {
            let host = name(host);
            words.with("event-why-share", &[("who", Arg::Foreign(&host)), ("count", number(*seats))])
        }
        Reason::Share { host, seats: None, .. } => words.of("event-why-share-all", &name(host)),
        Reason::Fits => words.say("event-why-fits"),
        Reason::Waits { place } => words.count("event-why-waits", *place),
        Reason::Released { host, .. } => words.of("event-why-released", &name(host)),
        Reason::Lot { place, of, free: Some(free) } => {
            let args = [("place", number(*place)), ("of", number(*of)), ("count", number(*free))];
            words.with("event-why-lot", &args)
        }
        Reason::Lot { place, of, free: None } => {
            words.with("event-why-lot-all", &[("place", number(*place)), ("of", number(*of))])
        }
        Reason::Here { .. } => words.say("event-why-here"),
        Reason::Attended { doors, .. } => {
            let doors: Vec<_> = doors.iter().map(name).collect();
            words.of("event-why-attended", &doors.join(", "))
        }
    }
}
