//! The store against a model in memory: any chunks of any branches in any order, own posts and reopenings
//! between them, give the accepted length that the rules give in closed form.

use std::collections::BTreeMap;

use klatch_feed::{EntryId, Seq};
use klatch_store::{Outcome, Store};
use proptest::prelude::*;

use crate::{Author, assert_sound, ingest, net, note, state};

/// Two authors, three branches each: the second and third leave the first after entries 7 and 12. Every
/// fourth entry is unsigned.
fn branches(seed: u8) -> [Author; 3] {
    let mut main = Author::new(seed);
    grow(&mut main, 20, "main");
    let mut early = main.fork(7);
    grow(&mut early, 20, "early");
    let mut late = main.fork(12);
    grow(&mut late, 20, "late");
    [main, early, late]
}

fn grow(author: &mut Author, len: usize, word: &str) {
    while author.log.len() < len {
        let body = format!("{word} {}", author.log.len());
        if author.log.len() % 4 == 2 {
            author.unsigned(body.as_bytes());
        } else {
            author.say(note(body.as_bytes()));
        }
    }
}

fn is_signed(seq: Seq) -> bool {
    seq % 4 != 3
}

#[derive(Clone, Debug)]
enum Act {
    Chunk { author: u8, branch: usize, from: Seq, count: Seq },
    Post(usize),
    Reopen,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let chunk = (2..4_u8, 0..3_usize, 1..20_u32, 1..9_u32)
        .prop_map(|(author, branch, from, count)| Act::Chunk { author, branch, from, count });
    let act = prop_oneof![20 => chunk, 2 => (1..3_usize).prop_map(Act::Post), 1 => Just(Act::Reopen)];
    proptest::collection::vec(act, 1..40)
}

/// What the rules say is held of one feed.
#[derive(Default)]
struct Feed {
    stored: Vec<EntryId>,
    cap: Option<Seq>,
}

impl Feed {
    fn id(&self, seq: Seq) -> Option<EntryId> {
        seq.checked_sub(1).and_then(|index| self.stored.get(index as usize).copied())
    }

    fn allowed(&self) -> Seq {
        self.cap.unwrap_or(Seq::MAX)
    }

    /// The largest anchor held at or below the cap.
    fn len(&self) -> Seq {
        let top = (self.stored.len() as Seq).min(self.allowed());
        (1..=top).rev().find(|seq| is_signed(*seq)).unwrap_or(0)
    }

    /// Takes a chunk; the outcome by its name.
    fn take(&mut self, log: &Author, from: Seq, to: Seq) -> &'static str {
        let held = self.stored.len() as Seq;
        if from > held + 1 {
            return "gap";
        }
        let theirs = |seq: Seq| seq.checked_sub(1).map(|index| log.log[index as usize].id());
        let differs = (from..=to.min(held)).find(|seq| self.id(*seq) != theirs(*seq));
        let same_base = self.id(from - 1) == (from > 1).then(|| log.id(from - 1));
        match differs {
            None if to <= held || held >= self.allowed() => "accepted",
            None if !same_base => "other branch",
            None if !is_signed(to) => "faulty",
            None => {
                let top = to.min(self.allowed());
                let top =
                    if top < to { (1..=top).rev().find(|seq| is_signed(*seq)).unwrap_or(0) } else { to };
                self.stored.extend((held + 1..=top).map(|seq| log.id(seq)));
                "accepted"
            }
            Some(_) if !same_base => "other branch",
            Some(_) if !is_signed(to) => "faulty",
            Some(at) => {
                self.cap = Some(self.allowed().min(at - 1));
                "forked"
            }
        }
    }
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted(_) => "accepted",
        Outcome::Gap(_) => "gap",
        Outcome::OtherBranch(_) => "other branch",
        Outcome::Forked(_) => "forked",
        Outcome::Faulty(_) => "faulty",
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunks_in_any_order_leave_what_the_rules_say(acts in acts()) {
        let logs: BTreeMap<u8, [Author; 3]> = (2..4).map(|seed| (seed, branches(seed))).collect();
        let (home, mut store) = crate::store();
        let mut model: BTreeMap<u8, Feed> = BTreeMap::new();
        let mut posted = 0;
        for act in acts {
            match act {
                Act::Chunk { author, branch, from, count } => {
                    let log = &logs[&author][branch];
                    let to = (from + count - 1).min(20);
                    let feed = model.entry(author).or_default();
                    let wanted = feed.take(log, from, to);
                    let outcome = ingest(&mut store, &log.chunk(from, to));
                    prop_assert_eq!(name(&outcome), wanted, "{} of branch {}: {}..={}", author, branch, from, to);
                    let (len, tip, cap) = state(&store, log);
                    prop_assert_eq!((len, tip, cap), (feed.len(), feed.id(feed.len()), feed.cap));
                }
                Act::Post(count) => {
                    store.append(&Author::new(1).secret(), vec![note(b"own"); count]).unwrap();
                    posted += count as Seq;
                }
                Act::Reopen => {
                    drop(store);
                    store = Store::open(home.path(), net(), Author::new(1).feed()).unwrap();
                }
            }
        }
        prop_assert_eq!(state(&store, &Author::new(1)).0, posted);
        for (author, feed) in &model {
            let snapshot = store.reader().snapshot().unwrap();
            let held = snapshot.entries(&Author::new(*author).feed(), 1, 99).unwrap();
            let held: Vec<_> = held.iter().map(|entry| entry.id()).collect();
            prop_assert_eq!(&held[..], &feed.stored[..feed.len() as usize]);
        }
        assert_sound(&store);
    }
}
