//! What becomes of chunks: the table of outcomes, caps and quarantine.

use klatch_feed::post::{Answer, Tone, kind};
use klatch_feed::{AcceptError, Kind, Post};
use klatch_store::{Announced, Outcome, SetLocal, Store, TOKENS};

use crate::{
    Author, NOTE, accept, accept_all, assert_sound, draft, group, ingest, net, note, state, store, tea,
};

/// Len 6, anchors at 3 and 6 known to whoever takes the two chunks.
fn ben() -> Author {
    let mut ben = Author::new(2);
    ben.notes(6);
    ben
}

#[test]
fn every_chunk_has_its_outcome() {
    let ben = ben();
    let mut other = ben.fork(4);
    other.notes(1).say(note(b"another sixth"));
    let mut fifth = ben.fork(4);
    fifth.say(note(b"another fifth"));
    fifth.notes(3);
    let mut unsigned = ben.fork(6);
    unsigned.unsigned(b"x");
    let mut unsigned_within = ben.fork(5);
    unsigned_within.unsigned(b"x");
    let lying = |mut chunk: klatch_store::Incoming| {
        chunk.base8 = Some([7; 8]);
        chunk
    };
    let mut longer = ben.fork(6);
    longer.notes(3);
    let mut unsigned_longer = longer.fork(8);
    unsigned_longer.unsigned(b"x");

    type Check = fn(&Outcome) -> bool;
    let accepted: Check = |outcome| matches!(outcome, Outcome::Accepted(_));
    let gap: Check = |outcome| matches!(outcome, Outcome::Gap(_));
    let branch: Check = |outcome| matches!(outcome, Outcome::OtherBranch(_));
    let forked: Check = |outcome| matches!(outcome, Outcome::Forked(_));
    let unsigned_: Check = |outcome| matches!(outcome, Outcome::Faulty(AcceptError::Signature { .. }));
    let ill_formed: Check = |outcome| matches!(outcome, Outcome::Faulty(AcceptError::Chunk { .. }));
    let mut garbage = ben.chunk(4, 6);
    garbage.chunk.truncate(90);
    let many = {
        let mut many = ben.fork(6);
        many.notes(257);
        many.chunk(7, 263)
    };
    let cases = [
        ("the next", longer.chunk(7, 9), accepted, 9),
        ("all held", ben.chunk(1, 6), accepted, 6),
        ("a part held", ben.chunk(2, 4), accepted, 6),
        ("overlapping and longer", longer.chunk(5, 9), accepted, 9),
        ("overlapping, longer and unsigned", unsigned_longer.chunk(5, 9), unsigned_, 6),
        ("after a gap", longer.chunk(8, 9), gap, 6),
        ("the next of another branch", fifth.chunk(7, 8), branch, 6),
        ("within another branch", fifth.chunk(6, 8), branch, 6),
        ("a fork at its first", fifth.chunk(5, 8), forked, 4),
        ("a fork inside", other.chunk(4, 6), forked, 5),
        ("unsigned next", unsigned.chunk(7, 7), unsigned_, 6),
        ("unsigned within, on my base", unsigned_within.chunk(5, 6), unsigned_, 6),
        ("unsigned within, on some base", lying(unsigned_within.chunk(5, 6)), branch, 6),
        ("no chunk at all", garbage, ill_formed, 6),
        ("257 entries", many, ill_formed, 6),
    ];
    for (name, chunk, check, len) in cases {
        let (_home, mut store) = store();
        accept(&mut store, &ben.chunk(1, 3));
        accept(&mut store, &ben.chunk(4, 6));
        let outcome = ingest(&mut store, &chunk);
        assert!(check(&outcome), "{name}: {outcome:?}");
        assert_eq!(state(&store, &ben).0, len, "{name}");
        assert_sound(&store);
    }
}

#[test]
fn a_feed_whose_name_is_no_key_is_the_senders_fault() {
    let (_home, mut store) = store();
    let mut chunk = ben().chunk(1, 3);
    chunk.feed = klatch_feed::FeedId::new([0xff; 32]);
    assert!(matches!(ingest(&mut store, &chunk), Outcome::Faulty(AcceptError::Key { .. })));
}

#[test]
fn a_fork_proof_caps_whether_it_comes_before_between_or_after_the_entries() {
    let mut ben = Author::new(2);
    ben.notes(4);
    let mut left = ben.fork(4);
    left.notes(6);
    let mut right = ben.fork(4);
    right.say(note(b"right"));
    let proof = klatch_feed::ForkProof::build(&net(), &left.log[4..], &right.log[4..]).unwrap();
    for (name, order) in [("first", [0, 1, 2]), ("between", [1, 0, 2]), ("last", [1, 2, 0])] {
        for branch in [&left, &right] {
            let (_home, mut store) = store();
            for step in order {
                match step {
                    0 => drop(store.adopt(&proof).unwrap()),
                    1 => accept(&mut store, &branch.chunk(1, 2)),
                    _ => accept(&mut store, &branch.chunk(3, branch.log.len() as u32)),
                }
            }
            assert_eq!(state(&store, &ben), (4, Some(ben.id(4)), Some(4)), "{name}");
            let snapshot = store.reader().snapshot().unwrap();
            assert_eq!(snapshot.proof(&ben.feed()).unwrap().as_ref(), Some(&proof), "{name}");
            assert_eq!(snapshot.entry(&branch.id(5)).unwrap(), None, "{name}");
            assert_eq!(snapshot.entries(&ben.feed(), 1, 99).unwrap().len(), 4, "{name}");
            assert_sound(&store);
        }
    }
}

#[test]
fn a_cap_between_anchors_leaves_the_largest_anchor_below_it() {
    // 5 is an anchor nobody knows of yet, 6 and 7 are none: a cap of 7 leaves 5.
    let mut ben = Author::new(2);
    ben.notes(5).unsigned(b"a").unsigned(b"b");
    let mut left = ben.fork(7);
    left.notes(3);
    let mut right = ben.fork(7);
    right.say(note(b"right"));
    let proof = klatch_feed::ForkProof::build(&net(), &left.log[7..], &right.log[7..]).unwrap();

    let (_home, mut before) = store();
    before.adopt(&proof).unwrap();
    accept(&mut before, &left.chunk(1, 10));
    assert_eq!(state(&before, &ben), (5, Some(ben.id(5)), Some(7)), "the proof came first");
    assert_sound(&before);

    let (_home, mut after) = store();
    accept(&mut after, &left.chunk(1, 10));
    after.adopt(&proof).unwrap();
    assert_eq!(state(&after, &ben), (5, Some(ben.id(5)), Some(7)), "the entries came first");
    assert_sound(&after);

    // A lower proof counts, a higher one no more.
    let mut low = ben.fork(2);
    low.say(note(b"low"));
    let lower = klatch_feed::ForkProof::build(&net(), &ben.log[2..5], &low.log[2..]).unwrap();
    after.adopt(&lower).unwrap();
    assert_eq!(after.adopt(&proof).unwrap(), klatch_store::Changes::default());
    assert_eq!(state(&after, &ben), (2, Some(ben.id(2)), Some(2)));
    accept(&mut after, &left.chunk(3, 10));
    assert_eq!(state(&after, &ben).0, 2, "nothing above a cap comes back");
    assert_sound(&after);
}

#[test]
fn a_fork_below_the_quarantine_still_lowers_the_cap() {
    let mut ben = Author::new(2);
    ben.notes(8);
    let (mut high, mut low) = (ben.fork(6), ben.fork(2));
    high.say(note(b"high"));
    low.say(note(b"low"));
    let (_home, mut store) = store();
    accept(&mut store, &ben.chunk(1, 8));
    assert!(matches!(ingest(&mut store, &high.chunk(7, 7)), Outcome::Forked(state) if state.len == 6));
    assert!(matches!(ingest(&mut store, &low.chunk(3, 3)), Outcome::Forked(state) if state.len == 2));
    assert_sound(&store);
}

#[test]
fn rows_hold_what_was_said_in_any_size_of_chunk_and_body() {
    let mut ben = Author::new(2);
    for size in [0, 1, 300, 16_384, 7, 16_000, 16_100, 16_200, 23, 24, 256, 5_000].iter().cycle().take(90) {
        ben.say(note(&vec![*size as u8; *size]));
    }
    for step in [1, 2, 7, 31] {
        let (home, mut store) = store();
        for from in (1..=90).step_by(step) {
            let to = 90.min(from + step as u32 - 1);
            accept(&mut store, &ben.chunk(from, to));
        }
        assert_sound(&store);
        let store = crate::reopen(&home, store);
        let held = store.reader().snapshot().unwrap().entries(&ben.feed(), 1, 90).unwrap();
        assert!(held.iter().map(|entry| &**entry).eq(&ben.log), "chunks of {step}");
    }
}

#[test]
fn late_bodies_count_when_they_fit_and_taken_back_ones_never_do() {
    let mut ben = Author::new(2);
    ben.notes(2);
    ben.post(&Post::Profile { name: "Ben".into(), about: "x".repeat(200), links: vec![] });
    let said = |store: &klatch_store::Store| {
        let entry =
            store.reader().snapshot().unwrap().profile_entry(&Author::new(2).feed(), u32::MAX).unwrap();
        entry.map(|entry| entry.header().seq)
    };
    let secret = ben.say(note(b"what Ben regrets"));
    let (_home, mut store) = store();
    accept(&mut store, &ben.chunk_with(1, 4, false));
    let look = |store: &klatch_store::Store| {
        let snapshot = store.reader().snapshot().unwrap();
        (snapshot.missing_bodies(&ben.feed(), 0, 9).unwrap(), snapshot.profile(&ben.feed()).unwrap())
    };
    assert_eq!(look(&store), (vec![1, 2, 3, 4], None));
    let bodies: Vec<_> = ben.log.iter().map(|entry| entry.body().map(<[u8]>::to_vec)).collect();
    let (misfits, _) = store.fill(&ben.feed(), 1, &[bodies[0].clone(), bodies[0].clone(), None]).unwrap();
    assert_eq!((misfits, look(&store).0), (1, vec![2, 3, 4]));
    let (misfits, changes) = store.fill(&ben.feed(), 1, &bodies).unwrap();
    assert_eq!((misfits, changes.feeds.len()), (0, 1));
    assert_eq!(look(&store), (vec![], Some(("Ben".into(), "x".repeat(200)))));
    assert_eq!(said(&store), Some(3));
    assert_sound(&store);

    let held = |store: &klatch_store::Store| {
        let entry = store.reader().snapshot().unwrap().entry(&secret).unwrap().unwrap();
        entry.body().map(<[u8]>::to_vec)
    };
    assert!(held(&store).is_some());
    let profile = ben.id(3);
    ben.post(&Post::Tombstone { targets: vec![secret, profile, ben.id(1)] });
    accept(&mut store, &ben.chunk(5, 5));
    assert_eq!(held(&store), None, "erased");
    assert_eq!(store.reader().snapshot().unwrap().profile(&ben.feed()).unwrap(), None);
    assert_eq!(said(&store), None);
    store.fill(&ben.feed(), 1, &bodies).unwrap();
    assert_eq!(held(&store), None, "and not taken in again");
    assert_eq!(
        store.reader().snapshot().unwrap().missing_bodies(&ben.feed(), 0, 9).unwrap(),
        Vec::<u32>::new()
    );
    assert_sound(&store);

    // In one batch with what it takes back, and by somebody else.
    let (_home, mut fresh) = crate::store();
    accept_all(&mut fresh, &ben);
    assert_eq!(held(&fresh), None);
    let mut eve = Author::new(3);
    eve.post(&Post::Tombstone { targets: vec![ben.id(2)] });
    accept_all(&mut fresh, &eve);
    let kept = fresh.reader().snapshot().unwrap().entry(&ben.id(2)).unwrap().unwrap();
    assert!(kept.body().is_some(), "nobody takes back what others said");
    assert_sound(&fresh);
}

#[test]
fn what_is_forgotten_is_gone_but_for_its_fork() {
    let ben = ben();
    let mut other = ben.fork(3);
    other.say(note(b"other"));
    let (_home, mut store) = store();
    accept(&mut store, &ben.chunk(1, 6));
    ingest(&mut store, &other.chunk(4, 4));
    store.forget(&ben.feed()).unwrap();
    let snapshot = store.reader().snapshot().unwrap();
    assert_eq!(state(&store, &ben), (0, None, Some(3)));
    assert_eq!(snapshot.entry(&ben.id(1)).unwrap(), None);
    assert_eq!(snapshot.genesis(&ben.feed()).unwrap(), None);
    assert_sound(&store);
    accept(&mut store, &other.chunk(1, 4));
    assert_eq!(state(&store, &ben).0, 3);
    assert_sound(&store);
}

#[test]
fn changes_name_what_new_entries_point_at_and_the_log_keeps_the_latest_of_each_feed() {
    let (ben, mut cat) = (ben(), Author::new(3));
    cat.notes(1);
    for _ in 0..2 {
        cat.say(klatch_feed::Draft { refs: vec![ben.id(2), ben.id(1)], ..note(b"re") });
    }
    let (_home, mut store) = store();
    let (_, changes) = store.ingest(&[ben.chunk(1, 3), cat.chunk(1, 3)]).unwrap();
    let mut pointed = vec![(ben.id(1), 2), (ben.id(2), 2)];
    pointed.sort();
    assert_eq!(changes.feeds, [(ben.feed(), vec![]), (cat.feed(), pointed)]);
    assert_eq!(changes.clock, 2);
    accept(&mut store, &ben.chunk(4, 6));
    let snapshot = store.reader().snapshot().unwrap();
    assert_eq!(snapshot.changes_since(0, 9).unwrap(), [(2, cat.feed()), (3, ben.feed())]);
    assert_eq!(snapshot.changes_since(2, 9).unwrap(), [(3, ben.feed())]);
    assert_eq!(snapshot.changes_since(0, 1).unwrap().len(), 1);
    assert_eq!(snapshot.clock().unwrap(), 3);
    let changed = [&ben, &cat, &Author::new(4)].map(|author| snapshot.changed(&author.feed()).unwrap());
    assert_eq!(changed, [Some(3), Some(2), None]);
    assert_eq!(snapshot.about(&ben.id(1), 9).unwrap(), [(cat.feed(), 2)]);
    assert_eq!(snapshot.pointing_at(&ben.id(1), &[NOTE], 9).unwrap(), [(cat.feed(), 2), (cat.feed(), 3)]);
    assert_eq!(snapshot.pointing_at(&ben.id(1), &[NOTE], 1).unwrap().len(), 1);
    assert_eq!(snapshot.pointing_at(&ben.id(1), &[kind::RSVP], 9).unwrap(), []);
    let (_, again) = store.ingest(&[ben.chunk(4, 6)]).unwrap();
    assert_eq!(again, klatch_store::Changes::default(), "what was held changes nothing");

    // What the fold reads is told apart by its kind.
    let (seen, note) = (vec![], String::new());
    cat.say(draft(&Post::Rsvp { event: ben.id(1), seen, answer: Answer::Yes, party: 1, note, occ: None }));
    accept(&mut store, &cat.chunk(4, 4));
    let snapshot = store.reader().snapshot().unwrap();
    let pointing = |kinds: &[klatch_feed::Kind], max| {
        let found = snapshot.pointing_at(&ben.id(1), kinds, max).unwrap();
        found.into_iter().map(|(_, seq)| seq).collect::<Vec<_>>()
    };
    assert_eq!(pointing(&[kind::RSVP], 1), [4], "those before it are not counted");
    assert_eq!(pointing(&[NOTE], 9), [2, 3]);
    assert_eq!(pointing(&[kind::SEAT, kind::RSVP, NOTE], 9), [2, 3, 4]);
    assert_eq!(pointing(&[kind::COMMENT], 9), [0; 0]);
}

#[test]
fn what_takes_data_away_takes_every_token_with_it_and_nothing_else_does() {
    let ben = ben();
    let mut other = ben.fork(3);
    other.say(note(b"other"));
    let (_home, mut store) = store();
    let set: [SetLocal<'_>; 4] = [
        (TOKENS, &[], Some(b"of all")),
        (TOKENS, &[255; 64], Some(b"of one")),
        ("tokem", &[255; 64], Some(b"before")),
        ("tokens", &[], Some(b"after")),
    ];
    let tokens = |store: &Store| store.reader().snapshot().unwrap().locals(TOKENS).unwrap().len();
    store.set_local(&set).unwrap();
    accept(&mut store, &ben.chunk(1, 6));
    assert_eq!(tokens(&store), 2, "what adds data leaves them");
    assert!(matches!(ingest(&mut store, &other.chunk(4, 4)), Outcome::Forked(_)));
    assert_eq!(tokens(&store), 0, "a cap below what is held");
    store.set_local(&set).unwrap();
    ingest(&mut store, &other.chunk(4, 4));
    assert_eq!(tokens(&store), 2, "the same proof again");
    store.forget(&Author::new(9).feed()).unwrap();
    assert_eq!(tokens(&store), 2, "a feed that was never held");
    store.forget(&ben.feed()).unwrap();
    assert_eq!(tokens(&store), 0, "a feed forgotten");
    let snapshot = store.reader().snapshot().unwrap();
    assert_eq!(snapshot.local("tokem", &[255; 64]).unwrap().as_deref(), Some(&b"before"[..]));
    assert_eq!(snapshot.local("tokens", &[]).unwrap().as_deref(), Some(&b"after"[..]));
}

#[test]
fn what_is_worked_on_ahead_comes_out_as_if_it_came_alone() {
    let mut ben = Author::new(2);
    for at in 0..1_100_u32 {
        ben.say(note(&at.to_be_bytes().repeat(50)));
    }
    let mut other = ben.fork(700);
    other.say(note(b"other"));
    let mut unsigned = ben.chunk(257, 512);
    let at = unsigned.chunk.len() - 250;
    unsigned.chunk[at] ^= 1;
    let cat = Author::new(3).notes(300).clone();
    let mut batch = vec![cat.chunk(1, 256), ben.chunk(1, 256), unsigned, ben.chunk(257, 512)];
    batch.extend([ben.chunk(400, 655), cat.chunk(257, 300), ben.chunk(656, 700), ben.chunk(701, 900)]);
    batch.extend([
        other.chunk(701, 701),
        ben.chunk(901, 1_100),
        ben.chunk(1_000, 1_100),
        cat.chunk(299, 300),
    ]);
    assert!(batch.iter().map(|incoming| incoming.chunk.len()).sum::<usize>() > 300_000, "worth a thread");
    let ((_home, mut together), (_other_home, mut alone)) = (store(), store());
    let one_by_one: Vec<_> = batch.iter().map(|incoming| ingest(&mut alone, incoming)).collect();
    assert_eq!(together.ingest(&batch).unwrap().0, one_by_one);
    assert!(matches!(one_by_one[2], Outcome::Faulty(_)) && matches!(one_by_one[8], Outcome::Forked(_)));
    for author in [&ben, &cat] {
        assert_eq!(state(&together, author), state(&alone, author));
    }
    assert_sound(&together);
}

#[test]
fn what_is_asked_and_scheduled_in_a_group_is_kept_apart_until_it_is_taken_back() {
    let mut ana = Author::new(2);
    let group = ana.post(&group());
    let comment = Post::Comment { object: group, reply: None, text: "well".into(), tone: None };
    ana.post(&comment);
    let options = vec!["2026-12-03T19:00".into(), "2026-12-04T19:00".into()];
    let poll = Post::Poll { group, question: "When?".into(), zone: "UTC".into(), minutes: 60, options };
    let first = ana.post(&poll);
    ana.post(&poll);
    ana.post(&tea(Some(group)));
    ana.post(&tea(None));
    let (_home, mut store) = store();
    accept_all(&mut store, &ana);
    let reader = store.reader();
    let announced = |wants: &dyn Fn(Kind, u64) -> bool| {
        let snapshot = reader.snapshot().unwrap();
        let rows = snapshot.announced([group], 9, wants).unwrap();
        let place = |row: &Announced| {
            let entry = snapshot.read(row).unwrap();
            let (header, seq) = (entry.header(), entry.header().seq);
            assert_eq!((row.object, row.kind, row.time_ms), (group, header.kind, header.time_ms));
            assert_eq!(row.seq(), seq);
            assert_eq!(*entry, ana.log[seq as usize - 1], "word for word, its signature too");
            seq
        };
        rows.iter().map(place).collect::<Vec<_>>()
    };
    assert_eq!(announced(&|_, _| true), [3, 4, 5]);
    let naming = |feed| reader.snapshot().unwrap().groups_naming(&feed).unwrap();
    assert_eq!(naming(ana.feed()), reader.snapshot().unwrap().groups().unwrap());
    assert_eq!(naming(Author::new(3).feed()), []);
    assert_eq!(announced(&|of, _| of == kind::EVENT), [5]);
    let late = ana.log[3].header().time_ms;
    assert_eq!(announced(&|_, time_ms| time_ms >= late), [3, 4, 5]);
    assert_eq!(announced(&|_, time_ms| time_ms > late), []);
    assert_sound(&store);
    let before = announced(&|_, _| true).len();
    ana.post(&Post::Tombstone { targets: vec![first] });
    accept_all(&mut store, &ana);
    let found = reader.snapshot().unwrap().announced([group], 9, |_, _| true).unwrap();
    assert_eq!(found.len(), before - 1, "what is taken back is announced no longer");
    assert_sound(&store);
}

#[test]
fn comments_and_answers_to_them_are_found_by_what_they_point_at_and_what_is_announced_apart() {
    let (mut ana, mut ben) = (Author::new(2), Author::new(3));
    let event = ana.post(&tea(None));
    let comment = |reply, tone| Post::Comment { object: event, reply, text: "well".into(), tone };
    let said = ana.post(&comment(None, None));
    ana.post(&comment(None, Some(Tone::Announcement)));
    ben.post(&comment(Some(said), None));
    let his = ben.post(&comment(Some(said), Some(Tone::Announcement)));
    ben.post(&Post::Hide { object: event, entries: vec![said], on: true, reason: String::new() });
    let (_home, mut store) = store();
    accept_all(&mut store, &ana);
    accept_all(&mut store, &ben);
    let reader = store.reader();
    let announced = |max| {
        let snapshot = reader.snapshot().unwrap();
        let found = snapshot.announced([event], max, |_, _| true).unwrap();
        let of =
            |row| snapshot.read(row).map(|entry| (entry.header().author == ana.feed(), entry.header().seq));
        found.iter().map(of).collect::<Result<Vec<_>, _>>().unwrap()
    };
    let pointing = |id, kind| reader.snapshot().unwrap().pointing_at(id, &[kind], 9).unwrap().len();
    assert_eq!((pointing(&event, kind::COMMENT), pointing(&said, kind::COMMENT)), (4, 2));
    let by = |feed, kinds: &[Kind], max| {
        reader.snapshot().unwrap().pointing_by(&feed, &event, kinds, max).unwrap()
    };
    assert_eq!(by(ana.feed(), &[kind::COMMENT], 9), [2, 3]);
    assert_eq!(by(ana.feed(), &[kind::COMMENT], 1), [2]);
    assert_eq!(by(ben.feed(), &[kind::COMMENT], 9), [1, 2]);
    assert_eq!(by(ben.feed(), &[kind::HIDE, kind::COMMENT], 9), [1, 2, 3]);
    assert_eq!(by(Author::new(4).feed(), &[kind::COMMENT], 9), [], "nothing is held of that feed");
    assert_eq!(
        (pointing(&event, kind::HIDE), pointing(&said, kind::HIDE)),
        (1, 0),
        "of fold kinds the first ref"
    );
    assert_eq!(announced(9), [(true, 3), (false, 2)], "whoever says so");
    assert_eq!(announced(1), [(true, 3)]);
    assert_sound(&store);
    ben.post(&Post::Tombstone { targets: vec![his] });
    accept_all(&mut store, &ben);
    assert_eq!(announced(9), [(true, 3)]);
    assert_eq!(pointing(&said, kind::COMMENT), 2, "the chain stays");
    assert_sound(&store);
    store.forget(&ana.feed()).unwrap();
    assert_eq!(announced(9), []);
    assert_sound(&store);
    accept(&mut store, &ana.chunk_with(1, 3, false));
    assert_eq!(announced(9), [], "nobody knows yet what it says");
    let bodies: Vec<_> = ana.log.iter().map(|entry| entry.body().map(<[u8]>::to_vec)).collect();
    store.fill(&ana.feed(), 1, &bodies).unwrap();
    assert_eq!(announced(9), [(true, 3)]);
    assert_sound(&store);
}
