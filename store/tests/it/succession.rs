//! A feed that is succeeded is the chain that its successor keeps, whatever was held of it before.

use std::sync::Arc;

use klatch_feed::post::{Answer, Schedulers};
use klatch_feed::succession::SUCCESSORS_MAX;
use klatch_feed::{EntryId, ForkProof, Post, SecretKey, Seq, Succeeds, Successor, Unverified};
use klatch_store::{Changes, HandOverError, Held, OpenError, Outcome, Store, TOKENS};
use redb::{ReadableDatabase, ReadableTable};

use crate::crash::{Fragile, Walk};
use crate::{Author, accept_all, assert_sound, draft, ingest, net, note, reopen, state, store};

/// The recovery key that a feed of this seed committed to.
fn recovery(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed + 100; 32])
}

fn commitment(seed: u8) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(recovery(seed).feed().as_bytes()).into()
}

fn genesis(seed: u8, succeeds: Option<Succeeds>) -> Post {
    Post::Genesis { recovery: commitment(seed), succeeds: succeeds.map(Box::new) }
}

fn group(name: &str) -> Post {
    Post::Group {
        name: name.into(),
        owners: vec![],
        schedulers: Schedulers::Organizers,
        joining: Default::default(),
        silence: None,
    }
}

/// The author of seed `new` goes on where `old` had `keep` entries.
fn heir(old: &Author, keep: Seq, new: u8) -> (Author, Successor) {
    signed_by(&recovery(old.seed), old, keep, new)
}

fn signed_by(key: &SecretKey, old: &Author, keep: Seq, new: u8) -> (Author, Successor) {
    let mut author = Author::new(new);
    let keep = (keep, old.id(keep));
    let (feed, next) = (author.feed(), commitment(new));
    let succeeds = Succeeds::sign(&net(), key, old.person(), keep, [new; 16], &feed, &next);
    author.post(&genesis(new, Some(succeeds)));
    let successor = Successor::check(&net(), author.log[0].clone()).unwrap();
    (author, successor)
}

/// A log of two branches after entry 3; each founds a group, and the second goes on for longer.
struct Fork {
    here: Author,
    there: Author,
    groups: [EntryId; 2],
    proof: ForkProof,
}

fn fork() -> Fork {
    let mut here = Author::new(2);
    here.post(&genesis(2, None));
    here.notes(2);
    let mut there = here.fork(3);
    let groups = [here.post(&group("here")), there.post(&group("there"))];
    here.notes(2);
    there.notes(4);
    let proof = ForkProof::build(&net(), &here.log[3..], &there.log[3..]).unwrap();
    Fork { here, there, groups, proof }
}

/// Groups by name, each with its founder.
fn groups(store: &Store) -> Vec<(String, klatch_feed::FeedId)> {
    let groups = store.reader().snapshot().unwrap().groups().unwrap();
    let mut names: Vec<_> = groups.into_iter().map(|group| (group.name, group.founder)).collect();
    names.sort();
    names
}

/// All is in order, and a rebuild makes the same views.
fn assert_whole(store: &mut Store) {
    assert_sound(store);
    let views = |store: &Store| {
        let snapshot = store.reader().snapshot().unwrap();
        (snapshot.groups().unwrap(), snapshot.events().unwrap(), snapshot.feeds().unwrap())
    };
    let before = views(store);
    store.rebuild(&mut |_, _| {}).unwrap();
    assert_eq!(views(store), before, "a rebuild makes the same");
    assert_sound(store);
}

fn chunks(author: &Author, from: Seq, to: Seq) -> Vec<Vec<u8>> {
    (from..=to).map(|seq| author.chunk(seq, seq).chunk).collect()
}

#[test]
fn the_branch_that_is_kept_returns_from_quarantine() {
    let Fork { here, groups: [mine, _], proof, .. } = fork();
    let (heir, successor) = heir(&here, 5, 9);
    let (_home, mut store) = store();
    accept_all(&mut store, &here);
    store.adopt(&proof).unwrap();
    assert_eq!(state(&store, &here), (3, Some(here.id(3)), Some(3)));
    store.set_local(&[(TOKENS, b"peer", Some(b"token"))]).unwrap();
    let changes = store.succeed(&successor).unwrap();
    assert_eq!(state(&store, &here), (5, Some(here.id(5)), None), "exactly the chain that ends there");
    assert!(changes.lineage && changes.feeds.iter().any(|(feed, _)| *feed == here.feed()), "{changes:?}");
    assert!(changes.objects.contains(&mine));
    assert_eq!(groups(&store), [("here".to_owned(), heir.feed())], "shown under the new key");
    let snapshot = store.reader().snapshot().unwrap();
    assert_eq!(snapshot.local(TOKENS, b"peer").unwrap(), None, "what vouched for less is gone");
    assert_eq!(snapshot.proof(&here.feed()).unwrap(), None);
    assert_eq!(snapshot.lineage().unwrap().now(here.feed()), heir.feed());
    drop(snapshot);
    assert_eq!(store.succeed(&successor).unwrap(), Changes::default(), "once is enough");
    assert_whole(&mut store);
    // Neither a proof nor what was left behind says anything any more.
    assert_eq!(store.adopt(&proof).unwrap(), Changes::default());
    assert!(matches!(ingest(&mut store, &here.chunk(6, 6)), Outcome::Accepted(held) if held.len == 5));
    assert_eq!(state(&store, &here), (5, Some(here.id(5)), None));
    assert_whole(&mut store);
}

#[test]
fn a_holder_of_another_branch_replaces_it_when_all_of_the_kept_one_came() {
    let Fork { here, there, groups: [mine, theirs], proof } = fork();
    let (heir, successor) = heir(&here, 6, 9);
    for is_proven in [false, true] {
        let (_home, mut store) = store();
        accept_all(&mut store, &there);
        if is_proven {
            store.adopt(&proof).unwrap();
        }
        let before = state(&store, &there);
        let changes = store.succeed(&successor).unwrap();
        assert_eq!(state(&store, &there), before, "until then the feed stays as it is");
        assert!(!changes.lineage && changes.feeds.len() == 1, "to be passed on: {changes:?}");
        assert!(changes.before.contains_key(&here.feed()), "it is the same chain");
        store.set_local(&[(TOKENS, b"peer", Some(b"token"))]).unwrap();
        for (name, tried) in [
            ("not all of it", chunks(&here, 4, 5)),
            ("another branch", chunks(&there, 4, 6)),
            ("a gap", chunks(&here, 5, 6)),
            ("twice", [chunks(&here, 4, 5), chunks(&here, 5, 6)].concat()),
            ("no chunk", vec![vec![7; 9]]),
            ("nothing", vec![]),
        ] {
            let (is_replaced, changes) = store.replace(&here.feed(), &tried).unwrap();
            assert_eq!((is_replaced, changes), (false, Changes::default()), "{name}");
        }
        // Some of what comes is held already.
        let (is_replaced, changes) = store.replace(&here.feed(), &chunks(&here, 2, 6)).unwrap();
        assert!(is_replaced && changes.lineage);
        assert!(!changes.before.contains_key(&here.feed()), "it is another chain: {changes:?}");
        assert_eq!(state(&store, &here), (6, Some(here.id(6)), None));
        let snapshot = store.reader().snapshot().unwrap();
        assert_eq!(snapshot.local(TOKENS, b"peer").unwrap(), None);
        let found = |id| snapshot.group(&id).unwrap().unwrap().name;
        assert_eq!(
            (found(mine), found(theirs)),
            ("here".into(), "there".into()),
            "a group outlives its branch"
        );
        assert!(snapshot.entry(&there.id(5)).unwrap().is_none(), "what was left behind is not accepted");
        assert_eq!(snapshot.chunk(&here.feed(), 4, false).unwrap().unwrap(), here.chunk(4, 6).chunk);
        drop(snapshot);
        assert_whole(&mut store);
        let outcome = ingest(&mut store, &there.chunk(4, 8));
        assert!(matches!(outcome, Outcome::OtherBranch(_)), "no proof is made of it: {outcome:?}");

        // Somebody keeps more, of the other branch: it is still there, and comes back without a peer.
        let (better, successor) = crate::succession::heir(&there, 7, 8);
        let changes = store.succeed(&successor).unwrap();
        assert!(changes.lineage);
        assert_eq!(state(&store, &there), (7, Some(there.id(7)), None));
        assert_eq!(
            groups(&store).iter().map(|(_, founder)| *founder).collect::<Vec<_>>(),
            [better.feed(); 2]
        );
        assert_whole(&mut store);
        assert_ne!(better.feed(), heir.feed());
        store.forget(&here.feed()).unwrap();
        assert_eq!(groups(&store), []);
        assert_whole(&mut store);
    }
}

#[test]
fn a_successor_takes_over_whatever_came_first() {
    let Fork { here, .. } = fork();
    let (mut heir, successor) = heir(&here, 5, 9);
    let event = {
        let group = here.id(4);
        heir.post(&Post::Event {
            group: Some(group),
            title: "Go on".into(),
            start: "2026-12-04T19:00".into(),
            zone: "Europe/Lisbon".into(),
            minutes: 60,
            capacity: Some(1),
            split: false,
            repeat: None,
        })
    };
    let mut guest = Author::new(3);
    guest.post(&genesis(3, None));
    let rsvp = guest.post(&Post::Rsvp {
        event,
        seen: vec![],
        answer: Answer::Yes,
        party: 1,
        note: String::new(),
        occ: None,
    });
    heir.post(&Post::Seat { event, lines: vec![(rsvp, 1)], occ: None });
    let steps: [fn(&mut Store, [&Author; 3], &Successor); 4] = [
        |store, [old, ..], _| accept_all(store, old),
        |store, [_, heir, _], _| accept_all(store, heir),
        |store, [.., guest], _| accept_all(store, guest),
        |store, _, successor| drop(store.succeed(successor).unwrap()),
    ];
    let mut made = Vec::new();
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        let (_home, mut store) = store();
        for step in order {
            steps[step](&mut store, [&here, &heir, &guest], &successor);
        }
        assert_eq!(state(&store, &here).0, 5, "{order:?}");
        let snapshot = store.reader().snapshot().unwrap();
        let state = snapshot.event(&event).unwrap().unwrap();
        assert!(state.in_group, "who founded the group is who schedules in it");
        assert_eq!(state.seated.iter().map(|line| line.feed).collect::<Vec<_>>(), [guest.feed()]);
        made.push((snapshot.groups().unwrap(), snapshot.events().unwrap()));
        drop(snapshot);
        assert_whole(&mut store);
    }
    assert!(made.iter().all(|state| *state == made[0]), "a function of the set");
}

#[test]
fn a_statement_of_another_key_or_about_another_first_entry_says_nothing() {
    let Fork { here, there, .. } = fork();
    let (_, stolen) = signed_by(&recovery(7), &here, 6, 9);
    let mut thief = Author::new(2);
    thief.post(&genesis(7, None));
    thief.notes(8);
    let (_, other) = signed_by(&recovery(7), &thief, 9, 9);
    let (_, good) = heir(&here, 4, 8);
    // Before anything of the old feed is here nobody can tell.
    let (_home, mut early) = store();
    for statement in [&stolen, &other, &good] {
        early.succeed(statement).unwrap();
    }
    assert_eq!(early.reader().snapshot().unwrap().successors(&here.feed()).unwrap().len(), 3);
    accept_all(&mut early, &here);
    let (_home, mut late) = store();
    accept_all(&mut late, &there);
    accept_all(&mut late, &here.fork(3));
    for statement in [&stolen, &other, &good] {
        late.succeed(statement).unwrap();
    }
    // Nor does a chain that leads to what another first entry's successor keeps.
    let (_home, mut empty) = store();
    let (_, forged) = signed_by(&recovery(7), &here, 6, 9);
    empty.succeed(&forged).unwrap();
    assert!(!empty.replace(&here.feed(), &chunks(&here, 1, 6)).unwrap().0, "a key that nobody committed to");
    assert_eq!(state(&empty, &here).0, 0);
    empty.succeed(&good).unwrap();
    assert!(empty.replace(&here.feed(), &chunks(&here, 1, 4)).unwrap().0);
    assert_eq!(state(&empty, &here), (4, Some(here.id(4)), None));
    assert_whole(&mut empty);
    for (store, counts) in [(&mut early, true), (&mut late, false)] {
        let kept = store.reader().snapshot().unwrap().successors(&here.feed()).unwrap();
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert_eq!((kept[0].succession, kept[0].counts), (good.succession(), counts));
        assert_whole(store);
    }
}

#[test]
fn an_entry_that_nobody_signed_cannot_be_the_last_one_kept() {
    let Fork { here: common, there, .. } = fork();
    let mut here = common.fork(3);
    here.unsigned(b"never signed").notes(2);
    let (_, successor) = heir(&here, 4, 9);
    // Held within a chain that is accepted, or offered as a branch: its signature decides.
    let (_home, mut holds) = store();
    accept_all(&mut holds, &here);
    let (_home, mut other) = store();
    accept_all(&mut other, &there);
    for (store, held) in [(&mut holds, &here), (&mut other, &there)] {
        let before = state(store, held);
        let changes = store.succeed(&successor).unwrap();
        assert!(!changes.lineage);
        assert!(!store.replace(&here.feed(), &chunks(&here, 4, 4)).unwrap().0);
        assert_eq!(state(store, held), before);
        assert_whole(store);
    }
}

#[test]
fn sixteen_statements_are_kept_and_the_best_of_seventeen() {
    let mut old = Author::new(2);
    old.post(&genesis(2, None));
    let max = SUCCESSORS_MAX as u8;
    let full = { old.clone().notes(40).clone() };
    accept_all(&mut store().1, &old);
    let (_home, mut store) = store();
    accept_all(&mut store, &old);
    // None of these chains is held. The first one keeps the least.
    for n in 0..max {
        store.succeed(&heir(&full, 10 + Seq::from(n), 50 + n).1).unwrap();
    }
    let kept = |store: &Store| {
        let kept = store.reader().snapshot().unwrap().successors(&old.feed()).unwrap();
        kept.iter().map(|kept| kept.succession.keep).collect::<Vec<_>>()
    };
    assert_eq!(kept(&store), (10..10 + Seq::from(max)).rev().collect::<Vec<_>>());
    assert_eq!(store.succeed(&heir(&full, 9, 90).1).unwrap().feeds, [], "a seventeenth, the worst");
    store.succeed(&heir(&full, 41, 91).1).unwrap();
    let left = kept(&store);
    assert_eq!((left.len(), left[0], left[left.len() - 1]), (SUCCESSORS_MAX, 41, 11));
    // One that can count stays, whatever number is said to be better.
    store.succeed(&heir(&full, 1, 92).1).unwrap();
    assert_eq!(state(&store, &old).0, 1);
    assert_whole(&mut store);
}

#[test]
fn the_one_that_counts_has_a_place_among_better_ones_whose_chains_nobody_has() {
    let mut log = Author::new(1);
    log.post(&genesis(1, None));
    log.notes(3);
    let (counts, successor) = heir(&log, 2, 50);
    let mut elsewhere = Author::new(1);
    elsewhere.post(&genesis(1, None));
    elsewhere.say(note(b"another branch"));
    elsewhere.notes(30);
    let better: Vec<_> =
        (0..2 * SUCCESSORS_MAX as u8).map(|n| heir(&elsewhere, 3 + Seq::from(n) / 2, 60 + n).1).collect();
    for place in [0, 1, SUCCESSORS_MAX - 1, SUCCESSORS_MAX, 2 * SUCCESSORS_MAX] {
        let (_home, mut store) = store();
        accept_all(&mut store, &log);
        let mut said = better.clone();
        said.insert(place, successor.clone());
        for one in &said {
            store.succeed(one).unwrap();
        }
        let kept = store.reader().snapshot().unwrap().successors(&log.feed()).unwrap();
        assert_eq!(kept.len(), SUCCESSORS_MAX);
        let last = kept.last().map(|kept| (kept.counts, kept.succession.new.feed));
        assert_eq!(last, Some((true, counts.feed())), "said at place {place}");
        assert_eq!(state(&store, &log).0, 2);
        assert_sound(&store);
    }
}

#[test]
fn statements_that_say_nothing_keep_the_true_one_out_only_till_it_is_said_again() {
    let mut log = Author::new(1);
    log.post(&genesis(1, None));
    log.notes(3);
    let (mine, successor) = heir(&log, 4, 50);
    // Anybody can make these: another entry 1, and a recovery key of their own.
    let lies = |count: u8| {
        (0..count).map(|n| {
            let mut other = Author::new(1);
            other.post(&genesis(60 + n, None));
            other.notes(9);
            signed_by(&recovery(60 + n), &other, 9, 60 + n).1
        })
    };
    for (count, is_crowded) in [(SUCCESSORS_MAX as u8 - 2, false), (SUCCESSORS_MAX as u8, true)] {
        let (_home, mut store) = store();
        for lie in lies(count) {
            store.succeed(&lie).unwrap();
        }
        store.succeed(&successor).unwrap();
        store.set_local(&[(TOKENS, b"peer", Some(b"token"))]).unwrap();
        let (_, changes) = store.ingest(&log.chunks()).unwrap();
        assert_eq!(changes.crowded, is_crowded);
        let snapshot = store.reader().snapshot().unwrap();
        assert_eq!(snapshot.local(TOKENS, b"peer").unwrap(), None);
        let kept = snapshot.successors(&log.feed()).unwrap();
        assert_eq!(kept.len(), usize::from(!is_crowded), "what says nothing is gone");
        store.succeed(&successor).unwrap();
        let kept = store.reader().snapshot().unwrap().successors(&log.feed()).unwrap();
        assert!(kept.len() == 1 && kept[0].counts && kept[0].succession.new.feed == mine.feed());
        assert!(!store.succeed(&successor).unwrap().crowded);
        assert_sound(&store);
    }
}

#[test]
fn what_says_nothing_where_entry_1_is_held_crowds_nobody_out_and_costs_no_token() {
    let mut log = Author::new(1);
    log.post(&genesis(1, None));
    log.notes(3);
    let mut elsewhere = Author::new(1);
    elsewhere.post(&genesis(1, None));
    elsewhere.notes(30);
    let (_home, mut store) = store();
    accept_all(&mut store, &log);
    for n in 0..SUCCESSORS_MAX as u8 {
        store.succeed(&heir(&elsewhere, 5 + Seq::from(n), 60 + n).1).unwrap();
    }
    store.set_local(&[(TOKENS, b"peer", Some(b"token"))]).unwrap();
    let mut other = Author::new(1);
    other.post(&genesis(9, None));
    other.notes(99);
    let lie = signed_by(&recovery(9), &other, 99, 99).1;
    let before = store.reader().snapshot().unwrap().successors(&log.feed()).unwrap();
    let changes = store.succeed(&lie).unwrap();
    assert!(!changes.crowded && changes.feeds.is_empty(), "{changes:?}");
    let snapshot = store.reader().snapshot().unwrap();
    assert_eq!(snapshot.successors(&log.feed()).unwrap(), before);
    assert!(snapshot.local(TOKENS, b"peer").unwrap().is_some());
    assert_sound(&store);
}

#[test]
fn what_a_feed_points_at_is_told_where_it_comes_with_its_end_known_and_nothing_past_that() {
    let mut log = Author::new(1);
    log.post(&genesis(1, None));
    let objects = [1, 2, 3].map(|n| EntryId::new([n; 32]));
    for event in objects {
        let (seen, answer, note) = (vec![], Answer::Yes, String::new());
        log.post(&Post::Rsvp { event, seen, answer, party: 1, note, occ: None });
    }
    let (_, successor) = heir(&log, 3, 50);
    let (_home, mut store) = store();
    store.succeed(&successor).unwrap();
    let (_, changes) = store.ingest(&log.chunks()).unwrap();
    assert_eq!(changes.feeds, [(log.feed(), vec![(objects[0], 2), (objects[1], 3)])]);
    assert_sound(&store);
}

#[test]
fn a_feed_ends_where_its_successor_says_though_more_comes_at_once() {
    let mut old = Author::new(2);
    old.post(&genesis(2, None));
    old.notes(300);
    let (_, successor) = heir(&old, 100, 9);
    let (_home, mut store) = store();
    store.succeed(&successor).unwrap();
    accept_all(&mut store, &old);
    assert_eq!(state(&store, &old), (100, Some(old.id(100)), None));
    assert_whole(&mut store);
    let (_, better) = heir(&old, 250, 8);
    store.succeed(&better).unwrap();
    assert_eq!(state(&store, &old), (250, Some(old.id(250)), None), "what came beyond it was put aside");
    let (_, worse) = heir(&old, 100, 7);
    assert_eq!(store.succeed(&worse).unwrap(), Changes::default());
    assert_whole(&mut store);
    let compacted = store.compact(&mut |_, _| {}).unwrap();
    assert!(compacted.after > 0);
    assert_whole(&mut store);
}

/// Everything that a run does to a store, until its power goes.
fn evening(
    store: &mut Store,
    fork: &Fork,
    successors: &[Successor; 2],
) -> Result<(), Box<dyn std::error::Error>> {
    store.adopt(&fork.proof)?;
    store.succeed(&successors[0])?;
    store.replace(&fork.here.feed(), &chunks(&fork.here, 4, 6))?;
    store.succeed(&successors[1])?;
    Ok(())
}

#[test]
fn power_cuts_leave_the_one_chain_or_the_other() {
    let fork = fork();
    let successors = [heir(&fork.here, 6, 9).1, heir(&fork.there, 8, 8).1];
    let (mut walk, mut after, mut done) = (Walk::new(5), 0, false);
    let mut seen = std::collections::BTreeSet::new();
    while !done {
        after += 1;
        let disk = Fragile::default();
        let mut store = Store::create_on(Arc::new(disk.clone()), net(), Author::new(1).feed()).unwrap();
        accept_all(&mut store, &fork.there);
        disk.fails_after(after);
        done = evening(&mut store, &fork, &successors).is_ok();
        drop(store);
        disk.cut(&mut walk);
        let mut store = Store::open_on(Arc::new(disk.clone()), net(), Author::new(1).feed()).unwrap();
        let held = state(&store, &fork.here);
        let of = |author: &Author, len: Seq, cap| (len, Some(author.id(len)), cap);
        let (here, there) = (&fork.here, &fork.there);
        let known = [of(there, 8, None), of(there, 3, Some(3)), of(here, 6, None)];
        seen.extend(known.iter().position(|state| *state == held));
        assert!(known.contains(&held), "cut after {after}: {held:?}");
        assert_whole(&mut store);
        // What was cut short is done again from where it stands.
        evening(&mut store, &fork, &successors).unwrap();
        assert_eq!(state(&store, there), of(there, 8, None));
        assert_whole(&mut store);
    }
    assert_eq!(seen.len(), 3, "every state was met: {seen:?} in {after} runs");
}

#[test]
fn a_store_becomes_the_successors_with_every_local_fact_or_stays_as_it_is() {
    let old = Author::new(1);
    let (drafts, new) = {
        let mut log = Author::new(1);
        log.post(&genesis(1, None));
        log.notes(1);
        let succeeds = Succeeds::sign(
            &net(),
            &recovery(1),
            log.person(),
            (2, log.id(2)),
            [9; 16],
            &Author::new(9).feed(),
            &commitment(9),
        );
        ([draft(&genesis(1, None)), note(b"note 2 of 1")], genesis(9, Some(succeeds)))
    };
    let new_key = Author::new(9).secret();
    let (mut walk, mut after, mut moved) = (Walk::new(6), 0, false);
    let (mut before, mut behind) = (0, 0);
    while !moved {
        after += 1;
        let disk = Fragile::default();
        let mut store = Store::create_on(Arc::new(disk.clone()), net(), old.feed()).unwrap();
        store.append(&old.secret(), drafts.to_vec()).unwrap();
        store.set_local(&[("follow", b"ben", Some(b"")), (TOKENS, b"peer", Some(b"token"))]).unwrap();
        disk.fails_after(after);
        moved = store.hand_over(&new_key, vec![draft(&new), note(b"on")]).is_ok();
        disk.cut(&mut walk);
        let opened = Store::open_on(Arc::new(disk.clone()), net(), old.feed());
        if let Ok(mut store) = opened {
            before += 1;
            assert_eq!(store.held(), None, "cut after {after}");
            store.append(&old.secret(), vec![note(b"as before")]).unwrap();
            assert_sound(&store);
            continue;
        }
        behind += 1;
        assert!(matches!(opened, Err(OpenError::OtherOwner { .. })), "{opened:?}");
        let mut store = Store::open_on(Arc::new(disk.clone()), net(), new_key.feed()).unwrap();
        assert_eq!(store.held(), None, "cut after {after}: no restore");
        assert_eq!(state(&store, &old), (2, Some(store_id(&store, &old, 2)), None));
        let snapshot = store.reader().snapshot().unwrap();
        assert_eq!(snapshot.local("follow", b"ben").unwrap(), Some(vec![]));
        assert_eq!(snapshot.local(TOKENS, b"peer").unwrap(), None);
        assert_eq!(snapshot.lineage().unwrap().line(old.feed()), [old.feed(), new_key.feed()]);
        drop(snapshot);
        store.append(&new_key, vec![note(b"and on")]).unwrap();
        assert_whole(&mut store);
        drop(store);
        let store = Store::open_on(Arc::new(disk), net(), new_key.feed()).unwrap();
        assert_eq!(store.held(), None);
    }
    assert!(before > 0 && behind > 1, "{before} before, {behind} after the commit");
}

fn store_id(store: &Store, author: &Author, seq: Seq) -> EntryId {
    store.reader().snapshot().unwrap().ids(&author.feed(), &[seq]).unwrap()[0].unwrap()
}

#[test]
fn who_was_succeeded_posts_nothing_and_takes_the_new_log_from_others() {
    let old = Author::new(1);
    let (home, mut store) = store();
    store.append(&old.secret(), vec![draft(&genesis(1, None)), note(b"mine")]).unwrap();
    let mut log = Author::new(1);
    log.log = store
        .reader()
        .snapshot()
        .unwrap()
        .entries(&old.feed(), 1, 9)
        .unwrap()
        .into_iter()
        .map(|entry| Unverified::clone(&entry))
        .collect();
    let (heir, successor) = heir(&log, 1, 9);
    let (_, stranger) = signed_by(&recovery(7), &log, 2, 8);
    store.succeed(&stranger).unwrap();
    assert_eq!(store.held(), None, "anybody can say so");
    store.succeed(&successor).unwrap();
    assert_eq!(store.held(), Some(Held::Succeeded { by: heir.feed() }));
    assert!(store.append(&old.secret(), vec![note(b"more")]).is_err());
    assert!(store.settle(1).is_err());
    let mut store = reopen(&home, store);
    assert_eq!(store.held(), Some(Held::Succeeded { by: heir.feed() }));
    assert_eq!(state(&store, &log).0, 1, "what was posted after it is left behind, here too");
    accept_all(&mut store, &heir);
    let begun = store.hand_over(&heir.secret(), vec![note(b"again")]).map(drop);
    assert!(matches!(begun, Err(HandOverError::Begun(feed)) if feed == heir.feed()), "{begun:?}");
    let store = Store::open(home.path(), net(), old.feed()).unwrap();
    let store = store.hand_over(&heir.secret(), vec![]).unwrap();
    assert_eq!(store.held(), Some(Held::Words), "until it is sure to have all of it");
    drop(store);
    let store = Store::open(home.path(), net(), heir.feed()).unwrap();
    assert_eq!(store.held(), Some(Held::Words));
    assert_sound(&store);
}

#[test]
fn who_succeeded_a_feed_posts_nothing_once_another_successor_of_it_counts() {
    let mut log = Author::new(1);
    log.post(&genesis(1, None));
    log.notes(2);
    let (home, mut store) = store();
    store
        .append(&log.secret(), vec![draft(&genesis(1, None)), note(b"note 2 of 1"), note(b"note 3 of 1")])
        .unwrap();
    let (mine, _) = heir(&log, 2, 9);
    let own = Succeeds::said_in(&mine.log[0]).unwrap();
    let mut store = store.hand_over(&mine.secret(), vec![draft(&genesis(9, Some(own)))]).unwrap();
    assert_eq!((state(&store, &log).0, store.held()), (2, None));
    let (_, worse) = heir(&log, 1, 7);
    store.succeed(&worse).unwrap();
    assert_eq!(store.held(), None);
    let (_, unheard) = signed_by(&recovery(5), &log, 3, 6);
    store.succeed(&unheard).unwrap();
    assert_eq!(store.held(), None, "anybody can say so");
    let mut elsewhere = Author::new(1);
    elsewhere.post(&genesis(1, None));
    elsewhere.notes(1);
    elsewhere.say(note(b"another branch"));
    elsewhere.notes(2);
    store.succeed(&heir(&elsewhere, 5, 6).1).unwrap();
    assert_eq!(store.held(), None, "whose chain nobody here holds");
    store.append(&mine.secret(), vec![note(b"as long as it counts")]).unwrap();
    let (other, better) = heir(&log, 3, 8);
    store.succeed(&better).unwrap();
    let outdone = Some(Held::Outdone { by: other.feed() });
    assert_eq!((state(&store, &log).0, store.held()), (3, outdone.clone()));
    assert!(store.append(&mine.secret(), vec![note(b"more")]).is_err());
    assert!(store.settle(2).is_err());
    drop(store);
    let store = Store::open(home.path(), net(), mine.feed()).unwrap();
    assert_eq!(store.held(), outdone);
    let store = store.hand_over(&other.secret(), vec![]).unwrap();
    assert_eq!(store.held(), Some(Held::Words), "the key that counts");
    assert_sound(&store);
}

#[test]
fn who_went_on_once_more_posts_nothing_once_an_earlier_key_is_outdone() {
    let mut log = Author::new(1);
    log.post(&genesis(1, None));
    log.notes(2);
    let (_home, mut store) = store();
    let own = vec![draft(&genesis(1, None)), note(b"note 2 of 1"), note(b"note 3 of 1")];
    store.append(&log.secret(), own).unwrap();
    let (mine, _) = heir(&log, 2, 9);
    let own = Succeeds::said_in(&mine.log[0]).unwrap();
    let store = store.hand_over(&mine.secret(), vec![draft(&genesis(9, Some(own)))]).unwrap();
    let (next, _) = heir(&mine, 1, 10);
    let own = Succeeds::said_in(&next.log[0]).unwrap();
    let mut store = store.hand_over(&next.secret(), vec![draft(&genesis(10, Some(own)))]).unwrap();
    assert_eq!((state(&store, &mine).0, store.held()), (1, None));
    store.append(&next.secret(), vec![note(b"as long as both count")]).unwrap();
    let (other, better) = heir(&log, 3, 8);
    store.succeed(&better).unwrap();
    assert_eq!(store.held(), Some(Held::Outdone { by: other.feed() }));
    assert!(store.append(&next.secret(), vec![note(b"more")]).is_err());
    assert_sound(&store);
}

#[test]
fn a_store_of_schema_1_is_brought_up() {
    let mut ben = Author::new(2);
    ben.notes(30);
    let (home, mut store) = store();
    accept_all(&mut store, &ben);
    drop(store);
    let database = redb::Database::open(home.path().join("klatch.redb")).unwrap();
    let tx = database.begin_write().unwrap();
    {
        let feeds = redb::TableDefinition::<[u8; 32], &[u8]>::new("feeds");
        let mut feeds = tx.open_table(feeds).unwrap();
        let row = feeds.get(ben.feed().as_bytes()).unwrap().unwrap().value().to_vec();
        feeds.insert(ben.feed().as_bytes(), &row[..96]).unwrap();
        let meta = redb::TableDefinition::<&str, &[u8]>::new("meta");
        tx.open_table(meta).unwrap().insert("schema", &1_u32.to_be_bytes()[..]).unwrap();
        assert!(tx.delete_table(redb::TableDefinition::<[u8; 64], &[u8]>::new("successors")).unwrap());
        assert!(tx.delete_table(redb::TableDefinition::<[u8; 16], &[u8]>::new("branches")).unwrap());
    }
    tx.commit().unwrap();
    assert!(database.begin_read().is_ok());
    drop(database);
    let mut store = Store::open(home.path(), net(), Author::new(1).feed()).unwrap();
    assert_eq!(state(&store, &ben), (30, Some(ben.id(30)), None));
    assert_whole(&mut store);
}
