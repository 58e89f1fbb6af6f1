//! Every verdict is asked why: how everybody stands with every event and date, on every node.
//!
//! Some hundred questions: so they go to the nodes' sockets, as `klatch event why` sends them, without a process
//! for each.

use std::collections::{BTreeMap, BTreeSet};

use klatch_feed::meetup::agenda::{Standing, standing};
use klatch_feed::meetup::why::Why;
use klatch_feed::{EntryId, FeedId};

use super::super::account::Explained;
use super::super::actor::{Actor, Trouble, spell};
use super::super::{Part, Shown, Stage};
use crate::cli::{CliError, Node};
use crate::daemon::{Request, Response, WhyLocal};
use crate::home::Home;

/// Who can have a place at an event: all but the pub, which is nobody's.
const PEOPLE: [Part; 5] = [Part::Host, Part::CoHost, Part::Ana, Part::Ben, Part::Cleo];

/// What one node says, by what was asked.
type Answers = BTreeMap<String, Why>;

/// Asks every node for every verdict. Each must have reasons, be the one that the event shows, rest on entries
/// that this node holds, and be the same on all nodes.
pub(super) fn explain(stage: &mut Stage<'_>, shown: &[Shown]) -> Result<(), Trouble> {
    let mut scene = stage.scene("Every node is asked why: of everybody, at every event and date");
    let people = PEOPLE.map(|who| stage.actor(who).feed);
    let mut first: Option<(Part, Answers)> = None;
    for who in Part::ALL {
        let answers = of_node(stage.actor(who), shown, &people)?;
        let entries: BTreeSet<EntryId> = answers.values().flat_map(Why::entries).collect();
        let (verdicts, entries) = (answers.len(), entries.len());
        let reasons = answers.values().map(|why| why.reasons.len()).sum();
        let (before, expected) = first.get_or_insert_with(|| (who, answers.clone()));
        if let Some((asked, _)) = answers.iter().find(|(asked, why)| expected.get(*asked) != Some(why)) {
            return Err(Trouble::Differs(format!(
                "{} and {} give other reasons: compare `klatch {asked} --json` in their homes",
                before.name(),
                who.name()
            )));
        }
        stage.account.explained = Some(Explained { verdicts, nodes: Part::ALL.len(), reasons, entries });
        let told = format!("explains {verdicts} verdicts, and holds the {entries} entries they rest on");
        stage.saw(&mut scene, who, told)?;
    }
    stage.done(scene);
    Ok(())
}

fn of_node(actor: &Actor, shown: &[Shown], people: &[FeedId]) -> Result<Answers, Trouble> {
    let differs = |told: String| Trouble::Differs(format!("{}: {told}", actor.name));
    let unheard = |error: CliError| differs(error.to_string());
    let node = Node::find(&Home::at(&actor.home)).map_err(unheard)?;
    let mut answers = Answers::new();
    for Shown { event, on } in shown {
        let (event, on) = (event.clone(), on.clone());
        let show = Request::EventShow { event: event.clone(), on: on.clone() };
        let Response::Event(state) = node.call(show).map_err(unheard)? else {
            return Err(unheard(CliError::Answer));
        };
        for feed in people {
            let who = Some(feed.to_string());
            let why = Request::Why { event: event.clone(), on: on.clone(), who };
            let Response::Why(told) = node.call(why).map_err(unheard)? else {
                return Err(unheard(CliError::Answer));
            };
            let asked = asked(&event, on.as_deref(), feed);
            if let Some(problem) = wrong(&told, standing(&state, feed), feed) {
                return Err(differs(format!("`klatch {asked}` {problem}")));
            }
            answers.insert(asked, told.why);
        }
    }
    Ok(answers)
}

/// The question as one would type it.
fn asked(event: &str, on: Option<&str>, feed: &FeedId) -> String {
    let feed = feed.to_string();
    let on = on.into_iter().flat_map(|on| ["--on", on]);
    spell(&["event", "why", event, feed.as_str()].into_iter().chain(on).collect::<Vec<_>>())
}

/// What is wrong with an answer about somebody who stands there as the event shows.
fn wrong(told: &WhyLocal, shown: Option<Standing>, feed: &FeedId) -> Option<String> {
    let WhyLocal { why, entries, .. } = told;
    let named = why.entries();
    match named.iter().find(|id| !entries.contains_key(id)) {
        Some(id) => Some(format!("names {id}, an entry that is not there")),
        None if why.feed != *feed => Some(format!("explains somebody else, {}", why.feed)),
        None if why.standing != shown => {
            Some(format!("explains {:?}, where the event shows {shown:?}", why.standing))
        }
        None if why.reasons.is_empty() => Some("gives no reason".to_owned()),
        None if shown.is_some() && named.is_empty() => Some("names no entry".to_owned()),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use klatch_feed::meetup::why::Reason;
    use klatch_feed::post::Answer;

    use super::*;
    use crate::daemon::LogLine;

    #[test]
    fn an_answer_that_explains_nothing_is_found_out() {
        let (ana, ben, id) = (FeedId::new([1; 32]), FeedId::new([2; 32]), EntryId::new([3; 32]));
        let line = LogLine {
            id,
            feed: ana,
            seq: 2,
            time_ms: 0,
            kind: 64,
            refs: vec![],
            what: "no".into(),
            aside: false,
        };
        let answered = Reason::Answered { entry: id, answer: Answer::No, party: 1 };
        let told = |feed, standing, reasons: Vec<Reason>, is_held: bool| WhyLocal {
            event: EntryId::new([4; 32]),
            occ: None,
            title: String::new(),
            why: Why { feed, standing, reasons },
            hold: None,
            names: BTreeMap::new(),
            entries: is_held.then(|| (id, line.clone())).into_iter().collect(),
        };
        let no = Some(Standing::No);
        let cases = [
            ("a full answer", told(ana, no, vec![answered.clone()], true), no, ""),
            ("nobody asked", told(ana, None, vec![Reason::NoAnswer], false), None, ""),
            ("an entry nobody holds", told(ana, no, vec![answered.clone()], false), no, "that is not there"),
            ("another person", told(ben, no, vec![answered.clone()], true), no, "somebody else"),
            ("another verdict", told(ana, no, vec![answered], true), Some(Standing::Seated), "Seated"),
            ("no reason", told(ana, None, vec![], false), None, "no reason"),
            ("no entry", told(ana, no, vec![Reason::NoAnswer], false), no, "no entry"),
        ];
        for (name, told, shown, expected) in cases {
            let problem = wrong(&told, shown, &ana).unwrap_or_default();
            assert!(
                problem.contains(expected) && problem.is_empty() == expected.is_empty(),
                "{name}: {problem}"
            );
        }
    }
}
