//! Random histories of thirty people, in all kinds of posts, on up to eight nodes that hear of them in parts and
//! in different orders, and meet again: the views of all are the same, those of a rebuild, and the fold of the set.
//!
//! `KLATCH_HISTORIES=n` runs so many histories instead of the few that fit every test run.

use std::collections::BTreeSet;

use klatch_feed::meetup::{Fact, Facts};
use klatch_feed::post::{
    Answer, EventFields, Joining, Role, Schedulers, Silence, StampKind, checkin_message,
};
use klatch_feed::{EntryId, EventState, GroupState, Post, Seq, Verified};
use klatch_store::{Incoming, Store};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::{Author, assert_sound, ingest, net, store};

const PEOPLE: u8 = 30;
const NODES: usize = 8;
const ROLES: [Role; 4] = [Role::Owner, Role::Organizer, Role::Host, Role::Door];
const OCCURRENCES: [&str; 3] = ["2026-12-01T18:30", "2026-12-08T18:30", "2026-12-09T18:30"];

/// One thing that somebody does: what, and three places in what there is to do it with.
type Act = (u8, u8, Index, Index, Index);

fn act() -> impl Strategy<Value = Act> {
    // Hosts do most of the granting and seating.
    let who = prop_oneof![2 => Just(0), 2 => 0..3u8, 3 => 0..PEOPLE];
    (who, 0..24u8, any::<Index>(), any::<Index>(), any::<Index>())
}

struct Town {
    people: Vec<Author>,
    group: EntryId,
    events: Vec<EntryId>,
    rsvps: Vec<EntryId>,
    updates: Vec<EntryId>,
    revokes: Vec<EntryId>,
    statements: Vec<EntryId>,
}

impl Town {
    fn new(capacity: u32) -> Self {
        let mut people: Vec<_> = (1..=PEOPLE).map(Author::new).collect();
        for person in &mut people {
            person.post(&Post::Genesis { recovery: [person.seed; 32], succeeds: None });
        }
        let joining = if capacity.is_multiple_of(2) { Joining::Approval } else { Joining::Open };
        let (name, owners) = ("Go players".into(), vec![people[1].person()]);
        let silence = Some(Silence { owners: 1, members: 3 });
        let schedulers = Schedulers::Members;
        let group = people[0].post(&Post::Group { name, owners, schedulers, joining, silence });
        let event = |group, repeat: Option<&str>| Post::Event {
            group,
            title: "Evening".into(),
            start: OCCURRENCES[0].into(),
            zone: "Europe/Lisbon".into(),
            minutes: 120,
            capacity: Some(capacity),
            split: false,
            repeat: repeat.map(str::to_owned),
        };
        let mut events = vec![
            people[0].post(&event(Some(group), None)),
            people[1].post(&event(Some(group), Some("FREQ=WEEKLY;COUNT=3"))),
            people[2].post(&event(Some(group), None)),
        ];
        // Of a group that is none.
        events.push(people[0].post(&event(Some(events[0]), None)));
        let (rsvps, updates, revokes, statements) = Default::default();
        Self { people, group, events, rsvps, updates, revokes, statements }
    }

    fn act(&mut self, (who, what, a, b, c): &Act) {
        let Some(post) = self.post(usize::from(*who), *what, (a, b, c)) else { return };
        if post.draft(0, [0; 16]).is_err() {
            return; // A ref drawn twice.
        }
        let id = self.people[usize::from(*who)].post(&post);
        match post {
            Post::Rsvp { .. } => self.rsvps.push(id),
            Post::Update { .. } => self.updates.push(id),
            Post::Revoke { .. } => self.revokes.push(id),
            Post::Silent { .. } => self.statements.push(id),
            _ => {}
        }
    }

    fn post(&self, who: usize, what: u8, (a, b, c): (&Index, &Index, &Index)) -> Option<Post> {
        let event = *a.get(&self.events);
        let object = if b.index(3) == 0 { self.group } else { event };
        let occ = (event == self.events[1])
            .then(|| OCCURRENCES.get(c.index(5)))
            .flatten()
            .map(|&occ| occ.to_owned());
        let one = |ids: &[EntryId]| (!ids.is_empty()).then(|| *b.get(ids));
        let other = &self.people[b.index(usize::from(PEOPLE))];
        let group = self.group;
        Some(match what {
            0..=6 => {
                let answer = [Answer::Yes, Answer::Yes, Answer::Yes, Answer::No, Answer::Maybe][b.index(5)];
                let seen = self.updates.last().copied().into_iter().collect();
                let party = 1 + c.index(3) as u32;
                Post::Rsvp { event, seen, answer, party, note: String::new(), occ }
            }
            7..=10 => {
                let drawn = if self.rsvps.is_empty() { &[][..] } else { &[b, c] };
                let rsvps: BTreeSet<_> = drawn.iter().map(|at| *at.get(&self.rsvps)).collect();
                let lines: Vec<_> = rsvps.into_iter().map(|rsvp| (rsvp, 1 + c.index(3) as u32)).collect();
                Post::Seat { event, lines, occ }
            }
            11 => {
                let role = ROLES[c.index(4)];
                let quota = if role == Role::Door { 0 } else { b.index(6) as u32 };
                Post::Grant { object, subject: other.person(), role, quota, lifts: vec![], from_seq: None }
            }
            12 => {
                let cut_seq = c.index(other.log.len() + 1) as Seq;
                let cut_id = cut_seq.checked_sub(1).map(|_| other.id(cut_seq));
                Post::Revoke { object, subject: other.person(), cut_seq, cut_id }
            }
            13 => {
                let fields = EventFields {
                    capacity: Some(1 + b.index(9) as u32),
                    place: Some(format!("Café {}", c.index(4))),
                    ..EventFields::default()
                };
                let replaces = self.updates.last().copied().into_iter().collect();
                Post::Update { event, replaces, fields: Box::new(fields), occ }
            }
            14 => Post::Tombstone { targets: vec![c.get(&self.people[who].log).id()] },
            15 if b.index(3) > 0 => Post::Join { group },
            15 => Post::Leave { group },
            16 => {
                let nonce = [7; 16];
                let (door, guest) = (self.people[who].feed(), other.feed());
                let message = checkin_message(&net(), &event, occ.as_deref(), &door, &nonce, None);
                let signature = other.secret().sign(&[&message]);
                Post::Checkin { event, guest, nonce, rsvp: None, signature, persons: Some(2), occ }
            }
            17 => Post::Release { event, rsvps: vec![one(&self.rsvps)?], occ },
            18 => Post::Confirm { event, rsvp: one(&self.rsvps)?, occ },
            19 => match c.index(4) {
                0 => Post::Close { event, occ },
                1 => Post::Skip { event, occ: OCCURRENCES[b.index(3)].into() },
                2 => Post::Here { event, occ },
                _ => Post::Stamp { event, guest: other.feed(), what: StampKind::Late, occ },
            },
            20 => {
                let lifts: Vec<_> =
                    if c.index(2) == 0 { vec![] } else { one(&self.revokes).into_iter().collect() };
                let from_seq = (!lifts.is_empty()).then_some(1 + c.index(9) as Seq);
                Post::Accept { group, subject: other.person(), lifts, from_seq }
            }
            21 => {
                let (lifts, from_seq) = (vec![one(&self.revokes)?], Some(1 + c.index(9) as Seq));
                Post::Grant { object, subject: other.person(), role: Role::Host, quota: 1, lifts, from_seq }
            }
            22 => {
                let log = &other.log;
                let entries = vec![c.get(log).id()];
                match a.index(3) {
                    0 => Post::Endorse { object, entries },
                    1 => Post::Public { group, on: c.index(3) > 0 },
                    _ => Post::Hide { object, entries, on: c.index(3) > 0, reason: String::new() },
                }
            }
            _ if b.index(4) == 0 => Post::Present { group, statements: vec![one(&self.statements)?] },
            _ => {
                let (subject, heir) = (&self.people[a.index(3)], &self.people[c.index(usize::from(PEOPLE))]);
                let cut_seq = b.index(subject.log.len() + 1) as Seq;
                let cut_id = cut_seq.checked_sub(1).map(|_| subject.id(cut_seq));
                Post::Silent { group, subject: subject.person(), heir: heir.person(), cut_seq, cut_id }
            }
        })
    }

    fn facts(&self) -> Facts {
        let facts = |author: &Author| {
            let genesis = author.id(1);
            author
                .log
                .iter()
                .map(|entry| Fact::of(&Verified::trusted(entry.clone()), genesis))
                .collect::<Vec<_>>()
        };
        self.people.iter().flat_map(facts).collect()
    }

    /// The next piece of somebody's log for a node that holds `held` of it.
    fn piece(&self, who: usize, held: Seq, at: &Index) -> Option<Incoming> {
        let len = self.people[who].log.len() as Seq;
        (held < len)
            .then(|| self.people[who].chunk(held + 1, held + 1 + at.index((len - held) as usize) as Seq))
    }
}

type Views = (Vec<GroupState>, Vec<EventState>);

fn views(store: &Store) -> Views {
    let snapshot = store.reader().snapshot().unwrap();
    (snapshot.groups().unwrap(), snapshot.events().unwrap())
}

fn is_fair(state: &EventState) {
    let persons: u32 = state.seated.iter().chain(&state.provisional).map(|line| line.party).sum();
    assert!(state.capacity.is_none_or(|capacity| persons <= capacity), "oversold: {state:?}");
    for line in &state.seated {
        let host = state.hosts.iter().find(|host| Some(host.feed) == line.by).expect("a host with a role");
        let own =
            state.seated.iter().filter(|seated| seated.by == line.by).map(|seated| seated.party).sum::<u32>();
        assert!(
            host.role <= Role::Host && host.quota.is_none_or(|quota| own <= quota),
            "past a share: {state:?}"
        );
    }
}

fn histories() -> u32 {
    std::env::var("KLATCH_HISTORIES").ok().and_then(|count| count.parse().ok()).unwrap_or(6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: histories(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn nodes_that_heard_of_a_history_in_parts_agree_when_they_have_met(
        capacity in 1..8u32,
        acts in prop::collection::vec(act(), 20..120),
        nodes in 2..=NODES,
        heard in prop::collection::vec((any::<Index>(), any::<Index>(), any::<Index>()), 60),
        healed in prop::collection::vec(any::<Index>(), usize::from(PEOPLE) * 3),
    ) {
        let mut town = Town::new(capacity);
        acts.iter().for_each(|act| town.act(act));
        let mut stores: Vec<_> = (0..nodes).map(|_| (store(), vec![0 as Seq; usize::from(PEOPLE)])).collect();
        // Apart: each hears of some logs as far as it happens to.
        for (node, who, to) in &heard {
            let ((_, store), held) = &mut stores[node.index(nodes)];
            let who = who.index(usize::from(PEOPLE));
            if let Some(piece) = town.piece(who, held[who], to) {
                ingest(store, &piece);
                held[who] = state_len(store, &town.people[who]);
            }
        }
        // Together again: each hears the rest in an order of its own.
        let facts = town.facts();
        let group = facts.group(town.group).unwrap();
        let mut wanted: Vec<_> = town.events.iter().map(|id| facts.event(&net(), *id).unwrap()).collect();
        wanted.sort_by_key(|state| state.id);
        for (turn, ((_, store), held)) in stores.iter_mut().enumerate() {
            let mut order: Vec<usize> = (0..usize::from(PEOPLE)).collect();
            order.sort_by_key(|who| healed[(who * 3 + turn) % healed.len()].index(1 << 16));
            for who in order {
                let author = &town.people[who];
                if held[who] < author.log.len() as Seq {
                    ingest(store, &author.chunk(held[who] + 1, author.log.len() as Seq));
                }
            }
            let (groups, mut events) = views(store);
            events.sort_by_key(|state| state.id);
            prop_assert_eq!(&groups, &vec![group.clone()]);
            prop_assert_eq!(&events, &wanted, "node {}", turn);
            if turn == 0 {
                assert_sound(store);
                store.rebuild(&mut |_, _| {}).unwrap();
                prop_assert_eq!(views(store).0, groups);
                assert_sound(store);
            }
        }
        for id in &town.events {
            let (event, occurrences) = facts.events(&net(), *id).unwrap();
            [event].iter().chain(&occurrences).for_each(is_fair);
        }
    }
}

fn state_len(store: &Store, author: &Author) -> Seq {
    crate::state(store, author).0
}
