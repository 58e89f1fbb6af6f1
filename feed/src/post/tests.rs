use proptest::prelude::*;

use super::*;
use crate::entry::{BODY_BYTES_MAX, CONTROL_BODY_BYTES_MAX};
use crate::{Kind, codec};

const SALT: [u8; 16] = [7; 16];

fn id(n: u8) -> EntryId {
    EntryId::new([n; 32])
}

fn ids(n: u8) -> Vec<EntryId> {
    (100..100 + n).map(id).collect()
}

fn person(n: u8) -> Person {
    Person { feed: FeedId::new([n; 32]), genesis: id(n) }
}

fn event(title: &str, start: &str, zone: &str) -> Post {
    let (title, start, zone) = (title.into(), start.into(), zone.into());
    Post::Event {
        group: Some(id(1)),
        title,
        start,
        zone,
        minutes: 120,
        capacity: Some(2),
        split: false,
        repeat: None,
    }
}

fn update(fields: EventFields) -> Post {
    Post::Update { event: id(1), replaces: vec![id(2)], fields: Box::new(fields), occ: None }
}

fn fields() -> EventFields {
    EventFields::default()
}

fn rsvp(seen: u8, party: u32, note: &str) -> Post {
    Post::Rsvp { event: id(1), seen: ids(seen), answer: Answer::Yes, party, note: note.into(), occ: None }
}

fn seat(lines: impl IntoIterator<Item = (u8, u32)>) -> Post {
    Post::Seat {
        event: id(1),
        lines: lines.into_iter().map(|(n, persons)| (id(n), persons)).collect(),
        occ: None,
    }
}

fn grant(role: Role, quota: u32) -> Post {
    Post::Grant { object: id(1), subject: person(2), role, quota, from_seq: None, lifts: vec![] }
}

fn revoke(cut_seq: Seq, cut_id: Option<EntryId>) -> Post {
    Post::Revoke { object: id(1), subject: person(2), cut_seq, cut_id }
}

fn starts(count: u32) -> Vec<String> {
    (0..count).map(|n| format!("2026-12-01T{:02}:{:02}", n / 60, n % 60)).collect()
}

fn occ() -> Option<String> {
    Some("2026-12-08T18:30".into())
}

/// The largest post of every kind, and the smallest where that is another.
fn within() -> Vec<Post> {
    let long = |bytes| "x".repeat(bytes);
    let every = EventFields {
        title: Some(long(120)),
        start: Some("2028-02-29T23:59".into()),
        zone: Some("America/Argentina/ComodRivadavia".into()),
        minutes: Some(20_160),
        place: Some(long(300)),
        about: Some(long(4000)),
        capacity: Some(100_000),
        geo: Some((-90_000_000, 180_000_000)),
        cost: Some(long(100)),
        tags: Some((0..8).map(|n| format!("{n}{}", long(31))).collect()),
        access: Some(long(1000)),
        online: Some(long(300)),
        questions: Some((0..10).map(|n| format!("{n}{}", long(199))).collect()),
        policy: Some(Policy::Lottery),
        party_max: Some(20),
        opens: Some(525_600),
        closes: Some(525_600),
        confirm_by: Some(525_600),
        cancel_by: Some(525_600),
        no_show_max: Some(100),
        all_day: Some(true),
        repeat: Some("FREQ=WEEKLY;INTERVAL=99;BYDAY=MO,TU,WE,TH,FR,SA,SU;UNTIL=99991231".into()),
        extra: Some(starts(64)),
        except: Some(starts(64)),
    };
    let proof = ([3; 16], [4; 64]);
    let no_limit = Post::Event {
        group: None,
        title: "t".into(),
        start: "2026-12-01T18:30".into(),
        zone: "UTC".into(),
        minutes: 1,
        capacity: None,
        split: true,
        repeat: None,
    };
    vec![
        Post::Genesis { recovery: [9; 32], succeeds: None },
        Post::Group {
            name: long(120),
            owners: (0..8).map(person).collect(),
            schedulers: Schedulers::Members,
            joining: Joining::Open,
            silence: None,
        },
        Post::Group {
            name: long(1),
            owners: vec![],
            schedulers: Schedulers::Organizers,
            joining: Joining::Open,
            silence: None,
        },
        event(&long(120), "2026-12-01T18:30", "Europe/Lisbon"),
        no_limit,
        Post::Join { group: id(1) },
        Post::Leave { group: id(1) },
        grant(Role::Owner, 100_000),
        grant(Role::Organizer, 1),
        grant(Role::Host, 0),
        grant(Role::Door, 0),
        revoke(0, None),
        revoke(Seq::MAX, Some(id(3))),
        seat((0..32).map(|n| (n, 20))),
        seat([(0, 1)]),
        Post::Tombstone { targets: ids(8) },
        rsvp(7, 20, &long(200)),
        rsvp(0, 1, ""),
        Post::Update { event: id(1), replaces: ids(7), fields: Box::new(every), occ: None },
        update(EventFields { place: Some(String::new()), ..fields() }),
        Post::Cancel { event: id(1), reason: long(500) },
        Post::Arrive {
            event: id(1),
            door: FeedId::new([2; 32]),
            nonce: proof.0,
            rsvp: None,
            signature: proof.1,
            occ: None,
        },
        Post::Checkin {
            event: id(1),
            guest: FeedId::new([2; 32]),
            nonce: proof.0,
            rsvp: Some(id(5)),
            signature: proof.1,
            occ: None,
            persons: None,
        },
        Post::Profile { name: long(60), about: "line\n\tline".into(), links: vec![] },
        Post::Follow { subject: person(4), on: false },
        Post::Comment { object: id(1), reply: Some(id(2)), text: long(8000), tone: None },
    ]
    .into_iter()
    .chain(within_more())
    .collect()
}

fn group(joining: Joining, silence: Option<(u32, u32)>) -> Post {
    let silence = silence.map(|(owners, members)| Silence { owners, members });
    Post::Group { name: "g".into(), owners: vec![], schedulers: Schedulers::default(), joining, silence }
}

fn lift(lifts: u8, from_seq: Option<Seq>) -> Post {
    Post::Accept { group: id(1), subject: person(2), lifts: ids(lifts), from_seq }
}

fn silent(heir: u8, cut_seq: Seq, cut_id: Option<EntryId>) -> Post {
    Post::Silent { group: id(1), subject: person(2), heir: person(heir), cut_seq, cut_id }
}

fn checkin(persons: Option<u32>) -> Post {
    let (guest, nonce, signature) = (FeedId::new([2; 32]), [3; 16], [4; 64]);
    Post::Checkin { event: id(1), guest, nonce, rsvp: None, signature, persons, occ: occ() }
}

fn poll(question: &str, options: Vec<String>) -> Post {
    Post::Poll { group: id(1), question: question.into(), zone: "UTC".into(), minutes: 60, options }
}

fn sealed(readers: u8, bytes: usize) -> Post {
    let keys = (0..readers).map(|n| ([n; 8], [7; 80])).collect();
    Post::Sealed { event: id(1), purpose: Purpose::Answers, keys, sealed: vec![5; bytes], occ: occ() }
}

fn within_more() -> Vec<Post> {
    let long = |bytes| "x".repeat(bytes);
    let answer =
        |occ| Post::Rsvp { event: id(1), seen: vec![], answer: Answer::Yes, party: 1, note: long(1), occ };
    let tone = |tone| Post::Comment { object: id(1), reply: None, text: long(1), tone: Some(tone) };
    let regrant = Post::Grant {
        object: id(1),
        subject: person(2),
        role: Role::Host,
        quota: 1,
        lifts: ids(7),
        from_seq: Some(9),
    };
    vec![
        group(Joining::Approval, Some((8, 10_000))),
        group(Joining::Invite, Some((0, 2))),
        regrant,
        lift(0, None),
        lift(7, Some(1)),
        Post::Endorse { object: id(1), entries: ids(7) },
        silent(3, 0, None),
        silent(3, 4, Some(id(9))),
        Post::Present { group: id(1), statements: ids(7) },
        Post::Seat { event: id(1), lines: vec![(id(2), 1)], occ: occ() },
        Post::Release { event: id(1), rsvps: (0..32).map(id).collect(), occ: occ() },
        Post::Close { event: id(1), occ: None },
        Post::Close { event: id(1), occ: occ() },
        Post::Skip { event: id(1), occ: occ().unwrap() },
        answer(occ()),
        Post::Confirm { event: id(1), rsvp: id(2), occ: occ() },
        Post::Here { event: id(1), occ: None },
        Post::Update {
            event: id(1),
            replaces: vec![],
            fields: Box::new(EventFields { policy: Some(Policy::Members), ..fields() }),
            occ: occ(),
        },
        update(EventFields { repeat: Some(String::new()), ..fields() }),
        checkin(Some(20)),
        Post::Stamp { event: id(1), guest: FeedId::new([2; 32]), what: StampKind::Late, occ: occ() },
        Post::Hide { object: id(1), entries: ids(7), on: true, reason: long(500) },
        Post::Public { group: id(1), on: true },
        Post::Public { group: id(1), on: false },
        Post::Profile {
            name: long(1),
            about: String::new(),
            links: (0..5).map(|n| format!("{n}{}", long(199))).collect(),
        },
        tone(Tone::Announcement),
        tone(Tone::Thanks),
        poll(&long(200), starts(12)),
        Post::Vote { poll: id(1), yes: (0..12).collect() },
        Post::Vote { poll: id(1), yes: vec![] },
        Post::Settled { poll: id(1), event: id(2) },
        sealed(150, 2316),
        sealed(1, 16),
    ]
}

fn past_more() -> Vec<(&'static str, Post)> {
    let long = |bytes| "x".repeat(bytes);
    let set = |fields: EventFields| update(fields);
    let none = fields;
    let rule = |rule: &str| update(EventFields { repeat: Some(rule.into()), ..fields() });
    let wrong_occ = Some("2026-12-08".into());
    vec![
        ("silence", group(Joining::Open, Some((0, 0)))),
        ("silence", group(Joining::Open, Some((9, 0)))),
        ("silence", group(Joining::Open, Some((0, 1)))),
        ("silence", group(Joining::Open, Some((0, 10_001)))),
        ("lifts", lift(8, Some(1))),
        ("from_seq", lift(0, Some(1))),
        ("from_seq", lift(1, None)),
        ("from_seq", lift(1, Some(0))),
        ("entries", Post::Endorse { object: id(1), entries: vec![] }),
        ("entries", Post::Endorse { object: id(1), entries: ids(8) }),
        ("heir", silent(2, 0, None)),
        ("cut_id", silent(3, 1, None)),
        ("statements", Post::Present { group: id(1), statements: ids(8) }),
        ("rsvps", Post::Release { event: id(1), rsvps: vec![], occ: None }),
        ("rsvps", Post::Release { event: id(1), rsvps: (0..33).map(id).collect(), occ: None }),
        ("occ", Post::Close { event: id(1), occ: wrong_occ }),
        ("occ", Post::Skip { event: id(1), occ: "2026-12-08T24:00".into() }),
        ("persons", checkin(Some(0))),
        ("persons", checkin(Some(21))),
        ("entries", Post::Hide { object: id(1), entries: ids(8), on: true, reason: String::new() }),
        ("reason", Post::Hide { object: id(1), entries: ids(1), on: true, reason: long(501) }),
        (
            "links",
            Post::Profile {
                name: long(1),
                about: String::new(),
                links: (0..6).map(|n| n.to_string()).collect(),
            },
        ),
        ("links", Post::Profile { name: long(1), about: String::new(), links: vec![long(201)] }),
        ("question", poll(&long(201), starts(2))),
        ("options", poll("When?", starts(1))),
        ("options", poll("When?", starts(13))),
        ("options", poll("When?", vec!["2026-12-01".into(), "2026-12-02".into()])),
        ("yes", Post::Vote { poll: id(1), yes: vec![12] }),
        ("yes", Post::Vote { poll: id(1), yes: vec![1, 1] }),
        ("keys", sealed(0, 16)),
        ("keys", sealed(151, 16)),
        ("box", sealed(1, 15)),
        ("box", sealed(1, 2317)),
        ("geo", set(EventFields { geo: Some((90_000_001, 0)), ..none() })),
        ("geo", set(EventFields { geo: Some((0, -180_000_001)), ..none() })),
        ("geo", set(EventFields { geo: Some((i32::MIN, 0)), ..none() })),
        ("access", set(EventFields { access: Some(long(1001)), ..none() })),
        ("online", set(EventFields { online: Some(long(301)), ..none() })),
        ("cost", set(EventFields { cost: Some(long(101)), ..none() })),
        ("tags", set(EventFields { tags: Some((0..9).map(|n| n.to_string()).collect()), ..none() })),
        ("tags", set(EventFields { tags: Some(vec![long(33)]), ..none() })),
        ("tags", set(EventFields { tags: Some(vec![long(1), long(1)]), ..none() })),
        (
            "questions",
            set(EventFields { questions: Some((0..11).map(|n| n.to_string()).collect()), ..none() }),
        ),
        ("questions", set(EventFields { questions: Some(vec![long(201)]), ..none() })),
        ("party_max", set(EventFields { party_max: Some(0), ..none() })),
        ("party_max", set(EventFields { party_max: Some(21), ..none() })),
        ("opens", set(EventFields { opens: Some(525_601), ..none() })),
        ("closes", set(EventFields { closes: Some(525_601), ..none() })),
        ("confirm_by", set(EventFields { confirm_by: Some(525_601), ..none() })),
        ("cancel_by", set(EventFields { cancel_by: Some(525_601), ..none() })),
        ("no_show_max", set(EventFields { no_show_max: Some(101), ..none() })),
        ("extra", set(EventFields { extra: Some(starts(65)), ..none() })),
        ("except", set(EventFields { except: Some(vec!["soon".into()]), ..none() })),
        ("repeat", rule("FREQ=HOURLY")),
        ("repeat", rule("FREQ=WEEKLY;INTERVAL=100")),
        ("repeat", rule("FREQ=WEEKLY;COUNT=201")),
        ("repeat", rule("FREQ=WEEKLY;COUNT=2;UNTIL=20270101")),
        ("repeat", rule("FREQ=DAILY;BYDAY=MO")),
        ("repeat", rule("FREQ=WEEKLY;BYDAY=MO,MO")),
        ("repeat", rule("FREQ=MONTHLY;BYDAY=6TH")),
        ("repeat", rule("FREQ=MONTHLY;BYDAY=2TH;BYMONTHDAY=3")),
        ("repeat", rule("FREQ=MONTHLY;BYMONTHDAY=32")),
        ("repeat", rule(&format!("FREQ=MONTHLY;BYMONTHDAY={}1", "1,".repeat(90)))),
    ]
}

#[test]
fn what_was_drafted_reads_back() {
    for post in within() {
        let draft = post.draft(5, SALT).unwrap_or_else(|error| panic!("{post:?}: {error}"));
        assert!(!draft.kind.is_control() || draft.body.len() <= CONTROL_BODY_BYTES_MAX, "{post:?}");
        assert!(draft.refs.len() <= crate::entry::REFS_MAX && draft.body.len() <= BODY_BYTES_MAX, "{post:?}");
        assert_eq!(Post::read(draft.kind, &draft.refs, Some(&draft.body)), Some(post.clone()));
        assert_eq!(Post::read(draft.kind, &draft.refs, None), None, "a body that is not held says nothing");
        assert_eq!(Post::read(Kind(999), &draft.refs, Some(&draft.body)), None, "an unknown kind");
        let one_more = [draft.refs.as_slice(), &ids(9)].concat();
        assert_eq!(
            Post::read(draft.kind, &one_more, Some(&draft.body)),
            None,
            "{post:?} with nine refs more"
        );
    }
}

/// Each pair: a post, and the field that is one past its limit.
fn past() -> Vec<(&'static str, Post)> {
    let long = |bytes| "x".repeat(bytes);
    let group = |name: String, owners| Post::Group {
        name,
        owners,
        schedulers: Schedulers::default(),
        joining: Joining::Open,
        silence: None,
    };
    let comment = |text: String| Post::Comment { object: id(1), reply: None, text, tone: None };
    let profile = |name: &str, about: String| Post::Profile { name: name.into(), about, links: vec![] };
    let start = |start: &str| event("t", start, "UTC");
    vec![
        ("name", group(String::new(), vec![])),
        ("name", group(long(121), vec![])),
        ("name", group("two\nlines".into(), vec![])),
        ("name", group("two\u{2028}lines".into(), vec![])),
        ("name", group(" x".into(), vec![])),
        ("owners", group(long(1), (0..9).map(person).collect())),
        ("owners", group(long(1), vec![person(1), person(1)])),
        ("title", event(&long(121), "2026-12-01T18:30", "UTC")),
        ("title", event("x\u{1b}[2J", "2026-12-01T18:30", "UTC")),
        ("start", start("2026-12-01 18:30")),
        ("start", start("2026-13-01T18:30")),
        ("start", start("2027-02-29T18:30")),
        ("start", start("2026-12-01T24:00")),
        ("start", start("2026-12-1T018:30")),
        ("start", start("+026-12-01T18:30")),
        ("zone", event("t", "2026-12-01T18:30", &long(65))),
        ("zone", event("t", "2026-12-01T18:30", "")),
        ("quota", grant(Role::Host, 100_001)),
        ("quota", grant(Role::Door, 1)),
        ("cut_id", revoke(0, Some(id(1)))),
        ("cut_id", revoke(1, None)),
        ("lines", seat([])),
        ("lines", seat((0..33).map(|n| (n, 1)))),
        ("lines", seat([(1, 1), (1, 1)])),
        ("lines", seat([(1, 0)])),
        ("lines", seat([(1, 21)])),
        ("targets", Post::Tombstone { targets: vec![] }),
        ("targets", Post::Tombstone { targets: ids(9) }),
        ("targets", Post::Tombstone { targets: vec![id(1), id(1)] }),
        ("seen", rsvp(8, 1, "")),
        ("party", rsvp(0, 0, "")),
        ("party", rsvp(0, 21, "")),
        ("note", rsvp(0, 1, &long(201))),
        ("note", rsvp(0, 1, "two\nlines")),
        ("fields", update(fields())),
        (
            "replaces",
            Post::Update {
                event: id(1),
                replaces: ids(8),
                fields: Box::new(EventFields { minutes: Some(1), ..fields() }),
                occ: None,
            },
        ),
        ("minutes", update(EventFields { minutes: Some(0), ..fields() })),
        ("minutes", update(EventFields { minutes: Some(20_161), ..fields() })),
        ("capacity", update(EventFields { capacity: Some(0), ..fields() })),
        ("capacity", update(EventFields { capacity: Some(100_001), ..fields() })),
        ("place", update(EventFields { place: Some(long(301)), ..fields() })),
        ("about", update(EventFields { about: Some(long(4001)), ..fields() })),
        ("reason", Post::Cancel { event: id(1), reason: long(501) }),
        ("name", profile("", String::new())),
        ("name", profile(&long(61), String::new())),
        ("about", profile("n", long(2001))),
        ("about", profile("n", "a\rb".into())),
        ("text", comment(String::new())),
        ("text", comment(long(8001))),
    ]
    .into_iter()
    .chain(past_more())
    .collect()
}

#[test]
fn each_limit_holds_one_past_it_for_who_writes_and_who_reads() {
    for (field, post) in past() {
        let error = post.draft(5, SALT).map(|_| ()).map_err(|error| error.field);
        assert_eq!(error, Err(field), "{post:?}");
        // Somebody else's program may have signed it all the same.
        let read = Post::read(post.kind(), &post.refs(), Some(&post.body(SALT)));
        assert_eq!(read, None, "{post:?}");
    }
}

#[test]
fn a_ref_named_twice_is_not_signed() {
    let twice = Post::Comment { object: id(1), reply: Some(id(1)), text: "t".into(), tone: None };
    assert_eq!(twice.draft(5, SALT), Err(PostError { field: "refs", problem: Problem::Twice }));
}

#[test]
fn keys_unknown_here_are_passed_over_and_optional_ones_may_be_null() {
    #[derive(Serialize)]
    struct Body<'a> {
        answer: &'a str,
        note: &'a str,
        party: u32,
        #[serde(with = "serde_bytes")]
        salt: [u8; 16],
        later: Option<u32>,
        occ: Option<&'a str>,
    }
    let read = |later, occ| {
        let body = Body { answer: "no", note: "", party: 1, salt: SALT, later, occ };
        Post::read(kind::RSVP, &[id(1)], Some(&codec::encode(&body)))
    };
    let said = Post::Rsvp {
        event: id(1),
        seen: vec![],
        answer: Answer::No,
        party: 1,
        note: String::new(),
        occ: None,
    };
    assert_eq!(read(None, None), Some(said.clone()));
    assert_eq!(read(Some(3), None), Some(said));
    let Some(Post::Rsvp { occ, .. }) = read(None, Some("2026-12-01T18:30")) else { panic!("says something") };
    assert_eq!(occ.as_deref(), Some("2026-12-01T18:30"));
}

#[test]
fn a_body_has_one_shape() {
    // serde_cbor would take each of these for the map {"text": "a"}.
    let cases: [(&str, &[u8]); 6] = [
        ("the map", b"\xa1\x64text\x61a"),
        ("an array", b"\x81\x61a"),
        ("the field's number for its name", b"\xa1\x00\x61a"),
        ("bytes for text", b"\xa1\x64text\x41a"),
        ("a longer length", b"\xa1\x78\x04text\x61a"),
        ("an indefinite map", b"\xbf\x64text\x61a\xff"),
    ];
    for (name, body) in cases {
        let says = Post::read(kind::COMMENT, &[id(1)], Some(body)).is_some();
        assert_eq!(says, name == "the map", "{name}");
    }
}

#[test]
fn local_times_mean_one_instant_or_name_the_gap() {
    let cases = [
        ("2026-12-01T18:30", "Europe/Lisbon", Ok("2026-12-01 18:30:00 UTC")),
        ("2026-07-01T18:30", "Europe/Lisbon", Ok("2026-07-01 17:30:00 UTC")),
        // Set back: 01:30 is there twice, the earlier one counts.
        ("2026-10-25T01:30", "Europe/Lisbon", Ok("2026-10-25 00:30:00 UTC")),
        ("2026-03-29T01:30", "Europe/Lisbon", Err("from 2026-03-29T01:00 to 2026-03-29T02:00")),
        ("2026-10-04T02:15", "Australia/Lord_Howe", Err("from 2026-10-04T02:00 to 2026-10-04T02:30")),
        // A whole day that Samoa never had.
        ("2011-12-30T12:00", "Pacific/Apia", Err("from 2011-12-30T00:00 to 2011-12-31T00:00")),
        ("2026-12-01T18:30", "Europe/Lisboa", Err("Europe/Lisboa is not a time zone")),
        ("2026-02-30T18:30", "Europe/Lisbon", Err("not a local date")),
    ];
    for (start, zone, wanted) in cases {
        match (local_start(start, zone), wanted) {
            (Ok(at), Ok(wanted)) => assert_eq!(at.to_utc().to_string(), wanted, "{start} {zone}"),
            (Err(error), Err(wanted)) => {
                assert!(error.to_string().contains(wanted), "{start} {zone}: {error}");
                assert_eq!(event("t", start, zone).draft(5, SALT), Err(error), "{start} {zone}");
            }
            (got, wanted) => panic!("{start} {zone}: {got:?} where {wanted:?} was due"),
        }
    }
}

#[test]
fn an_occurrence_that_the_clocks_skip_is_shown_as_far_after_the_gap() {
    // In each zone: a gap, its end, a time that is there twice, a usual one.
    let cases = [
        ("2026-03-29T01:30", "Europe/Lisbon", "2026-03-29 01:30:00 UTC"), // 02:30 WEST
        ("2026-03-29T02:00", "Europe/Lisbon", "2026-03-29 01:00:00 UTC"),
        ("2026-10-25T01:30", "Europe/Lisbon", "2026-10-25 00:30:00 UTC"),
        ("2026-07-01T18:30", "Europe/Lisbon", "2026-07-01 17:30:00 UTC"),
        ("2026-03-08T02:59", "America/New_York", "2026-03-08 07:59:00 UTC"), // 03:59 EDT
        ("2026-03-08T03:00", "America/New_York", "2026-03-08 07:00:00 UTC"),
        ("2026-11-01T01:30", "America/New_York", "2026-11-01 05:30:00 UTC"),
        ("2026-12-01T18:30", "America/New_York", "2026-12-01 23:30:00 UTC"),
        // Half an hour only.
        ("2026-10-04T02:10", "Australia/Lord_Howe", "2026-10-03 15:40:00 UTC"), // 02:40, then UTC+11
        ("2026-10-04T02:30", "Australia/Lord_Howe", "2026-10-03 15:30:00 UTC"),
        ("2026-04-05T01:45", "Australia/Lord_Howe", "2026-04-04 14:45:00 UTC"),
        ("2026-12-01T18:30", "Australia/Lord_Howe", "2026-12-01 07:30:00 UTC"),
        ("2026-03-29T02:30", "Asia/Kolkata", "2026-03-28 21:00:00 UTC"),
        // A whole day.
        ("2011-12-30T12:00", "Pacific/Apia", "2011-12-30 22:00:00 UTC"),
    ];
    for (start, zone, wanted) in cases {
        let at = instant(start, zone).unwrap();
        assert_eq!(at.to_utc().to_string(), wanted, "{start} {zone}");
        if let Ok(exists) = local_start(start, zone) {
            assert_eq!(at, exists, "{start} {zone}");
        }
    }
    assert!(instant("2026-03-29T01:30", "Mars/Olympus").is_err());
    assert!(instant("2026-03-29 01:30", "Europe/Lisbon").is_err());
}

#[test]
fn zones_are_opaque_to_who_reads() {
    let post = event("t", "2026-12-01T18:30", "Atlantis/Capital");
    assert!(post.draft(5, SALT).is_err(), "nobody can schedule there");
    assert_eq!(Post::read(post.kind(), &post.refs(), Some(&post.body(SALT))), Some(post));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(number in 0u16..300, refs in 0u8..10, body in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = Post::read(Kind(number), &ids(refs), Some(&body));
    }

    #[test]
    fn a_flipped_bit_reads_as_nothing_or_as_another_post(which in 0usize..26, at in any::<prop::sample::Index>()) {
        let post = within()[which].clone();
        let mut draft = post.draft(5, SALT).unwrap();
        let bit = at.index(draft.body.len() * 8);
        draft.body[bit / 8] ^= 1 << (bit % 8);
        if let Some(read) = Post::read(draft.kind, &draft.refs, Some(&draft.body)) {
            prop_assert!(read.draft(5, SALT).is_ok_and(|again| again.refs == draft.refs) || read.kind() == kind::EVENT || read.kind() == kind::UPDATE);
        }
    }
}
