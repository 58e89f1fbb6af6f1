//! `spec/vectors/meetup/`: sets of facts and the state they fold to.

use std::collections::BTreeSet;

use klatch_feed::meetup::{Fact, Facts};
use klatch_feed::post::{Answer, EventFields, Joining, Person, Role, Schedulers, Silence, kind};
use klatch_feed::{EntryId, Kind, Lineage, NetId, Post, Succession};
use serde_json::{Value, json};

use super::{Files, case, file, read, settle};
use crate::people::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
    (0..hex.len()).step_by(2).map(byte).collect()
}

fn fact_json(fact: &Fact) -> Value {
    json!({
        "id": fact.id, "feed": fact.author.feed, "genesis": fact.author.genesis, "seq": fact.seq,
        "kind": fact.kind.0, "refs": fact.refs, "body": fact.body.as_deref().map(hex),
        "quarantined": fact.quarantined,
    })
}

fn fact_of(case: &Value) -> Fact {
    fn field<T: serde::de::DeserializeOwned>(case: &Value, name: &str) -> T {
        serde_json::from_value(case[name].clone()).expect("a field of its form")
    }
    Fact {
        id: field(case, "id"),
        author: Person { feed: field(case, "feed"), genesis: field(case, "genesis") },
        seq: field(case, "seq"),
        kind: Kind(field(case, "kind")),
        refs: field(case, "refs"),
        body: field::<Option<String>>(case, "body").map(|body| unhex(&body)),
        quarantined: field(case, "quarantined"),
    }
}

/// The successions of a case.
fn lineage_of(case: &Value) -> Lineage {
    let all: Option<Vec<Succession>> =
        serde_json::from_value(case["successions"].clone()).expect("successions");
    Lineage::new(all.unwrap_or_default())
}

/// Ben goes on as eli after his entry `keep`, eli as fay, and the guest cai as hoa.
fn succession() -> Vec<Value> {
    let mut town = Town::new();
    let group = town.group(ANA, &[BEN], Schedulers::Organizers);
    let event = town.event(BEN, Some(group), Some(2));
    let first = town.yes(CAI, event);
    town.admit(BEN, event, &[first]);
    let keep = town.len(BEN);
    let lost = town.yes(GUS, event);
    town.admit(BEN, event, &[lost]);
    let second = town.yes(DEE, event);
    town.admit(ELI, event, &[second]);
    town.goes_on(BEN, keep, ELI);
    let mut cases = vec![
        fold(&town, "what is left behind is absent, the heir seats and is shown", &[group, event]),
        fold(&town, "the group's owner is the heir", &[group]),
    ];
    town.goes_on(ELI, 2, FAY);
    cases.push(fold(&town, "a line of three", &[group, event]));
    let guest = town.len(CAI);
    town.goes_on(CAI, guest, HOA);
    town.take_back(HOA, first);
    town.check_in(FAY, HOA, event, Some(first));
    cases.push(fold(&town, "a guest's heir has the seat, checks in, takes nothing back", &[group, event]));
    town.revoke(ANA, group, BEN, keep);
    cases.push(fold(&town, "a cut of the old key is before all heirs", &[group, event]));
    cases
}

/// What belongs to these objects, and the state of the last of them, which `net` and its kind decide.
fn fold(town: &Town, what: &str, objects: &[EntryId]) -> Value {
    fold_without(town, what, objects, &[])
}

/// The same where these entries have not arrived.
fn fold_without(town: &Town, what: &str, objects: &[EntryId], absent: &[EntryId]) -> Value {
    let of = *objects.last().expect("an object");
    let mut all = town.all();
    all.retain(|fact| !absent.contains(&fact.id));
    let about =
        |fact: &&Fact| objects.contains(&fact.id) || fact.refs.first().is_some_and(|id| objects.contains(id));
    let held: BTreeSet<_> = all.iter().filter(about).map(|fact| fact.id).collect();
    let belongs = |fact: &&Fact| {
        held.contains(&fact.id)
            || (fact.kind == kind::TOMBSTONE && fact.refs.iter().any(|target| held.contains(target)))
    };
    let facts: Vec<_> = all.iter().filter(belongs).map(fact_json).collect();
    let mut set = Facts::from_iter(all);
    set.set_lineage(Lineage::new(town.successions.iter().copied()));
    let (object, state) = match set.event(&town.net, of) {
        Some(state) => ("event", json!(state)),
        None => ("group", json!(set.group(of))),
    };
    let mut fields = json!({ "network": "test", "facts": facts, "object": object, "of": of, "state": state });
    if !town.successions.is_empty() {
        fields["successions"] = json!(town.successions);
    }
    case(what, "ok", fields)
}

/// The state of one occurrence of a series that something was said about.
fn fold_at(town: &Town, what: &str, series: EntryId, occ: &str) -> Value {
    let mut case = fold(town, what, &[series]);
    let (_, occurrences) = town.facts().events(&town.net, series).expect("a series");
    let state = occurrences.iter().find(|state| state.occ.as_deref() == Some(occ));
    case["object"] = "occurrence".into();
    case["occ"] = occ.into();
    case["state"] = json!(state.expect("something was said about it"));
    case
}

fn series() -> Vec<Value> {
    let mut town = Town::new();
    let of = town.series(ANA, Some(2), false, "FREQ=WEEKLY;INTERVAL=2;COUNT=4");
    let (second, third) = ("2026-12-15T18:30", "2026-12-29T18:30");
    let answer = |town: &mut Town, who, occ: Option<&str>, answer| {
        let occ = occ.map(str::to_owned);
        let post = Post::Rsvp { event: of, seen: vec![], answer, party: 1, note: String::new(), occ };
        town.say(who, &post)
    };
    let seat = |town: &mut Town, rsvp, occ: Option<&str>| {
        town.say(ANA, &Post::Seat { event: of, lines: vec![(rsvp, 1)], occ: occ.map(str::to_owned) });
    };
    let update = |town: &mut Town, fields: EventFields, occ: Option<&str>| {
        let (fields, occ) = (Box::new(fields), occ.map(str::to_owned));
        town.say(ANA, &Post::Update { event: of, replaces: vec![], fields, occ });
    };
    let start = |start: &str| EventFields { start: Some(start.into()), ..EventFields::default() };
    let ben = answer(&mut town, BEN, None, Answer::Yes);
    let cai = answer(&mut town, CAI, Some(second), Answer::Yes);
    seat(&mut town, ben, None);
    seat(&mut town, cai, Some(second));
    answer(&mut town, BEN, Some(third), Answer::No);
    let mut cases = vec![
        fold(&town, "what holds for all occurrences", &[of]),
        fold_at(&town, "an answer for all and one for this", of, second),
        fold_at(&town, "a no to this one alone", of, third),
    ];
    update(&mut town, start("2026-12-02T19:00"), None);
    update(&mut town, start("2026-12-14T20:00"), Some(second));
    town.say(ANA, &Post::Skip { event: of, occ: third.into() });
    let except = Some(vec!["2027-01-12T18:30".into()]);
    let extra = Some(vec!["2026-12-20T11:00".into()]);
    update(&mut town, EventFields { extra, except, ..EventFields::default() }, None);
    cases.push(fold(&town, "the series is moved, one more, one less", &[of]));
    cases.push(fold_at(&town, "moved by itself", of, second));
    cases.push(fold_at(&town, "moved with the series, and called off", of, third));
    cases
}

fn hosts() -> Vec<Value> {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(2));
    town.grant(ANA, event, HOA, Role::Host, 1);
    let rsvps = [BEN, CAI, DEE].map(|who| town.yes(who, event));
    town.admit(ANA, event, &rsvps);
    let confirm = town.say(BEN, &Post::Confirm { event, rsvp: rsvps[0], occ: None });
    let mut cases = vec![fold(&town, "one of the seated confirmed", &[event])];
    let absent = [rsvps[0], confirm];
    let unknown = "a line whose rsvp is not held keeps its place and shows nobody";
    cases.push(fold_without(&town, unknown, &[event], &absent));
    town.say(ANA, &Post::Release { event, rsvps: vec![rsvps[0]], occ: None });
    cases.push(fold(&town, "a line given up: the list moves up", &[event]));
    let given_up = "given up, and its rsvp is not held: the list moves up all the same";
    cases.push(fold_without(&town, given_up, &[event], &absent));
    let eli = town.yes(ELI, event);
    town.say(ANA, &Post::Close { event, occ: None });
    town.admit(ANA, event, &[eli]);
    cases.push(fold(&town, "closed: a later line of that host is void", &[event]));
    let spam = town.say(FAY, &Post::Comment { object: event, reply: None, text: "spam".into(), tone: None });
    let hide = |on| Post::Hide { object: event, entries: vec![spam], on, reason: "spam".into() };
    town.say(HOA, &hide(true));
    cases.push(fold(&town, "a comment is hidden", &[event]));
    town.say(ANA, &hide(false));
    cases.push(fold(&town, "and shown again by a senior", &[event]));
    cases
}

fn joining() -> Vec<Value> {
    let mut town = Town::new();
    let (name, owners) = ("Rust Lisbon".into(), vec![town.person(BEN), town.person(CAI)]);
    let silence = Some(Silence { owners: 2, members: 3 });
    let (joining, schedulers) = (Joining::Approval, Schedulers::Organizers);
    let group = town.say(ANA, &Post::Group { name, owners, schedulers, joining, silence });
    let accept = |town: &mut Town, who, of, lifts: Vec<EntryId>| {
        let (subject, from_seq) = (town.person(of), (!lifts.is_empty()).then_some(1));
        town.say(who, &Post::Accept { group, subject, lifts, from_seq })
    };
    for who in [DEE, ELI, FAY] {
        town.say(who, &Post::Join { group });
    }
    accept(&mut town, ANA, DEE, vec![]);
    accept(&mut town, BEN, ELI, vec![]);
    let revoke = town.revoke(BEN, group, ELI, 0);
    let mut cases = vec![fold(&town, "one accepted, one removed, one who asks", &[group])];
    accept(&mut town, CAI, ELI, vec![revoke]);
    cases.push(fold(&town, "a junior of who removed them lets nobody in again", &[group]));
    accept(&mut town, ANA, ELI, vec![revoke]);
    cases.push(fold(&town, "a senior does", &[group]));
    let honoured = town.len(ANA);
    let cut_id = Some(town.logs[ANA].entries[honoured as usize - 1].id());
    let (subject, heir) = (town.person(ANA), town.person(DEE));
    let silent = Post::Silent { group, subject, heir, cut_seq: honoured, cut_id };
    let first = town.say(BEN, &silent);
    town.say(DEE, &silent);
    cases.push(fold(&town, "an owner and a member state that an owner is silent: not enough", &[group]));
    let second = town.say(CAI, &silent);
    cases.push(fold(&town, "two owners: the heir comes right after the silent one", &[group]));
    town.say(ANA, &Post::Present { group, statements: vec![first, second] });
    cases.push(fold(&town, "who answers is not silent", &[group]));
    town.say(BEN, &Post::Public { group, on: true });
    cases.push(fold(&town, "an owner makes it public", &[group]));
    town.say(ANA, &Post::Public { group, on: false });
    cases.push(fold(&town, "a senior does not want that", &[group]));
    cases
}

fn again() -> Vec<Value> {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(9));
    town.grant(ANA, event, BEN, Role::Host, 9);
    let rsvps = [CAI, DEE, ELI].map(|who| town.yes(who, event));
    town.admit(BEN, event, &rsvps[..1]);
    let honoured = town.len(BEN);
    let between = town.admit(BEN, event, &rsvps[1..2]);
    let revoke = town.revoke(ANA, event, BEN, honoured);
    let (subject, from_seq) = (town.person(BEN), Some(honoured + 2));
    town.admit(BEN, event, &rsvps[2..]);
    let lifts = vec![revoke];
    town.say(ANA, &Post::Grant { object: event, subject, role: Role::Host, quota: 0, lifts, from_seq });
    let open = fold(&town, "granted again from a place on: what lies between stays void", &[event]);
    town.say(ANA, &Post::Endorse { object: event, entries: vec![between] });
    vec![open, fold(&town, "a senior endorses an entry in between", &[event])]
}

fn roles() -> Vec<Value> {
    let mut town = Town::new();
    let group = town.group(ANA, &[HOA], Schedulers::Members);
    town.grant(ANA, group, BEN, Role::Organizer, 0);
    town.grant(ANA, group, CAI, Role::Organizer, 0);
    town.revoke(CAI, group, BEN, 0);
    town.revoke(BEN, group, CAI, 0);
    town.grant(CAI, group, DEE, Role::Host, 0);
    town.grant(BEN, group, ELI, Role::Host, 0);
    town.say(FAY, &Post::Join { group });
    let event = town.event(FAY, Some(group), Some(3));
    let mutual = fold(&town, "in a mutual revocation the senior wins; a member schedules", &[group]);
    let people = fold(&town, "the group's people at that member's event", &[group, event]);
    let (entries, reason) = (vec![event], "an advertisement".into());
    town.say(CAI, &Post::Hide { object: group, entries, on: true, reason });
    vec![mutual, people, fold(&town, "the group hides it, and its own state says so", &[group, event])]
}

fn seats() -> Vec<Value> {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(2));
    let rsvps = [BEN, CAI, DEE].map(|who| town.yes(who, event));
    town.admit(ANA, event, &rsvps);
    let full = fold(&town, "two seats, three guests", &[event]);
    town.no(BEN, event);
    town.yes(BEN, event);
    town.rsvp(ELI, event, Answer::Maybe, 2);
    town.no(FAY, event);
    let moved = fold(&town, "who says no makes room, and needs a new line to return", &[event]);
    let taken = town.yes(GUS, event);
    town.admit(ANA, event, &[taken]);
    town.take_back(GUS, taken);
    let back = fold(&town, "an answer taken back is no answer", &[event]);
    town.rsvp(CAI, event, Answer::Yes, 2);
    vec![full, moved, back, fold(&town, "who asks for more keeps the seat, and the state says so", &[event])]
}

fn shares() -> Vec<Value> {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(5));
    let parties = [DEE, ELI, FAY].map(|who| town.rsvp(who, event, Answer::Yes, 2));
    town.grant(ANA, event, BEN, Role::Host, 4);
    town.seat(BEN, event, &[(parties[0], 2)]);
    let honoured = town.len(BEN);
    town.seat(BEN, event, &[(parties[1], 2)]);
    town.seat(ANA, event, &[(parties[2], 2)]);
    let before = fold(&town, "a host with a share of four of five", &[event]);
    town.revoke(ANA, event, BEN, honoured);
    let cut = fold(&town, "cut after the first line: what that does not take was never moved", &[event]);
    town.capacity(ANA, event, &[], 3);
    vec![before, cut, fold(&town, "then the capacity comes down to three", &[event])]
}

fn changes() -> Vec<Value> {
    let mut town = Town::new();
    let event = town.event(ANA, None, None);
    town.grant(ANA, event, BEN, Role::Organizer, 0);
    let set = |title: &str, place: &str| EventFields {
        title: Some(title.into()),
        place: Some(place.into()),
        ..EventFields::default()
    };
    let first = town.update(ANA, event, &[], set("One", "Café"));
    let rsvp = |seen: &[EntryId]| {
        let seen = seen.to_vec();
        Post::Rsvp { event, seen, answer: Answer::Yes, party: 1, note: String::new(), occ: None }
    };
    town.say(DEE, &rsvp(&[first]));
    let ours = town.update(ANA, event, &[first], set("Two", "Library"));
    let theirs = EventFields { about: Some("Bring a laptop".into()), ..set("Three", "Bar") };
    let theirs = town.update(BEN, event, &[first], theirs);
    town.say(ELI, &rsvp(&[ours, theirs]));
    let both =
        fold(&town, "two changes at once: each field the senior's; one guest is asked again", &[event]);
    town.take_back(ANA, ours);
    town.say(BEN, &Post::Cancel { event, reason: "rain".into() });
    vec![both, fold(&town, "the senior's is taken back, and the event cancelled", &[event])]
}

/// The words that are shown of an event, or of one occurrence.
fn words(facts: &Facts, of: EntryId, case: &Value) -> Value {
    const WORDS: [&str; 9] =
        ["title", "place", "geo", "access", "online", "about", "cost", "tags", "questions"];
    let mut fields = json!(facts.shown(of, case["occ"].as_str()));
    if let Some(fields) = fields.as_object_mut() {
        fields.retain(|name, _| WORDS.contains(&name.as_str()));
    }
    fields
}

/// A case with the words that are shown.
fn shown(town: &Town, mut case: Value, of: EntryId) -> Value {
    case["shown"] = words(&town.facts(), of, &case);
    case
}

fn hiding() -> Vec<Value> {
    let mut town = Town::new();
    let event = town.event(ANA, None, None);
    town.grant(ANA, event, BEN, Role::Organizer, 0);
    town.grant(ANA, event, HOA, Role::Host, 0);
    let set = |title: &str, about: Option<&str>| EventFields {
        title: Some(title.into()),
        about: about.map(str::to_owned),
        ..EventFields::default()
    };
    let at = |place: &str, fields| EventFields { place: Some(place.into()), ..fields };
    let first = town.update(ANA, event, &[], at("Café", set("One", None)));
    let spam = at("Shop", EventFields { minutes: Some(45), ..set("Buy now", Some("Cheap")) });
    let spam = town.update(BEN, event, &[first], spam);
    let hide = |object, entries: &[EntryId], on| Post::Hide {
        object,
        entries: entries.to_vec(),
        on,
        reason: "an advertisement".into(),
    };
    town.say(GUS, &hide(event, &[spam], true));
    let none = "a guest hides nothing";
    let mut cases = vec![shown(&town, fold(&town, none, &[event]), event)];
    town.say(HOA, &hide(event, &[spam], true));
    let back = "a host hides an update: the words before it come back, and the state stays";
    cases.push(shown(&town, fold(&town, back, &[event]), event));
    let next = EventFields { cost: Some("5 €".into()), ..EventFields::default() };
    let next = town.update(ANA, event, &[spam], next);
    let after =
        "what replaced it stays, and what it replaced comes back for the fields that nobody set since";
    cases.push(shown(&town, fold(&town, after, &[event]), event));
    town.update(BEN, event, &[next], set("Two", Some("All welcome")));
    let both = "a later one sets them anew";
    cases.push(shown(&town, fold(&town, both, &[event]), event));
    town.say(ANA, &hide(event, &[spam], false));
    cases.push(shown(&town, fold(&town, "a senior shows it again", &[event]), event));
    let series = town.series(ANA, None, false, "FREQ=WEEKLY;COUNT=4");
    let occ = "2026-12-08T18:30";
    let of_one = |fields: EventFields| {
        let (fields, occ) = (Box::new(fields), Some(occ.to_owned()));
        Post::Update { event: series, replaces: vec![], fields, occ }
    };
    town.update(ANA, series, &[], set("All", Some("Weekly")));
    let one = town.say(ANA, &of_one(set("Only one", Some("Just here"))));
    town.say(ANA, &hide(series, &[one], true));
    let case = fold_at(&town, "of one occurrence: what holds for all comes back", series, occ);
    cases.push(shown(&town, case, series));
    cases
}

fn door() -> Vec<Value> {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(2));
    town.grant(ANA, event, BEN, Role::Door, 0);
    let rsvp = town.yes(DEE, event);
    town.check_in(ANA, DEE, event, Some(rsvp));
    town.check_in(BEN, DEE, event, Some(rsvp));
    town.check_in(BEN, ELI, event, None);
    town.check_in(CAI, FAY, event, None);
    let forged = town.signed(GUS, BEN, HOA, event, None);
    town.say(BEN, &forged);
    vec![fold(&town, "two doors, one guest; a walk-in; no door; a forged answer", &[event])]
}

#[test]
fn the_vectors_of_the_meetup_are_what_the_rules_make() {
    let form = |name, why, cases| file(name, "fold", why, cases);
    let made: Files = [
        form("roles", "Grants and cuts, the most senior first.", roles()),
        form("seats", "A host's log is the order; past the share it is the waiting list.", seats()),
        form("shares", "Shares of the seats are disjoint, and what a cut host did not use stays.", shares()),
        form("changes", "Fields by who replaced whom; answers given for another time or place.", changes()),
        form("door", "A check-in needs the guest's signature and a door with the role.", door()),
        form("series", "Occurrences: what is said of one, and of all.", series()),
        form("hosts", "Confirming, giving lines up, closing, hiding.", hosts()),
        form("hiding", "What is shown where updates are hidden.", hiding()),
        form("joining", "Members by approval, removed and let in again; owners who are silent.", joining()),
        form("again", "A role granted again after a revoke; entries endorsed.", again()),
        form("succession", "Who goes on under another key is the same person, and one log.", succession()),
    ]
    .into();
    settle("meetup", &made, &[]);
}

#[test]
fn every_vector_of_the_meetup_has_its_state_in_either_order() {
    for (name, file) in read("meetup") {
        for case in file["cases"].as_array().expect("cases") {
            let net = NetId::of_name(case["network"].as_str().expect("a name"));
            let of: EntryId = serde_json::from_value(case["of"].clone()).expect("an id");
            let facts: Vec<_> = case["facts"].as_array().expect("facts").iter().map(fact_of).collect();
            for facts in [facts.clone(), facts.into_iter().rev().collect()] {
                let mut set = Facts::from_iter(facts);
                set.set_lineage(lineage_of(case));
                let state = match case["object"].as_str() {
                    Some("group") => json!(set.group(of)),
                    Some("occurrence") => {
                        let (_, occurrences) = set.events(&net, of).expect("a series");
                        json!(occurrences.iter().find(|state| state.occ.as_deref() == case["occ"].as_str()))
                    }
                    _ => json!(set.event(&net, of)),
                };
                assert_eq!(state, case["state"], "{name}: {}", case["what"]);
                let shown = words(&set, of, case);
                let is_told = case.get("shown").is_some();
                assert!(!is_told || shown == case["shown"], "{name}: {}: {shown}", case["what"]);
            }
        }
    }
}
