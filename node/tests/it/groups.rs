//! Groups as their owners and members handle them: who is in, who was let in again, who is silent, what is hidden.

use klatch::daemon::{Admit, Options, PollLine, PollRequest, Refusal, Request, Response, Schedule};
use klatch_feed::post::{Joining, Role, Schedulers, Silence};
use klatch_feed::{EntryId, FeedId, GroupState};

use crate::fresh::Fresh;
use crate::owner::{Somebody, wait};

const MANUAL: Options = Options { live: true, admit: Admit::Manual };

pub(crate) fn founds(
    founder: &Somebody,
    owners: &[&Somebody],
    joining: Joining,
    silence: Option<Silence>,
) -> EntryId {
    founder.posts(Request::GroupCreate {
        name: "Rust".to_owned(),
        owners: owners.iter().map(|owner| owner.handle().me().to_string()).collect(),
        schedulers: Schedulers::Organizers,
        joining,
        silence,
    })
}

/// Everybody follows everybody and holds their log as it is now.
pub(crate) fn meet(people: &[&Somebody]) {
    for one in people {
        let others: Vec<_> = people.iter().filter(|other| feed(other) != feed(one)).collect();
        for other in &others {
            one.ask(Request::Follow { who: text(other), petname: None }).unwrap();
        }
        one.takes(others.iter().map(|other| other.log()).collect());
    }
}

fn group(at: &Somebody, id: &EntryId) -> GroupState {
    at.handle().reader().snapshot().unwrap().group(id).unwrap().unwrap()
}

fn feed(of: &Somebody) -> FeedId {
    of.handle().me()
}

pub(crate) fn text(of: &Somebody) -> String {
    feed(of).to_string()
}

pub(crate) fn people<const N: usize>(names: [&str; N]) -> [Somebody; N] {
    names.map(|name| Somebody::new(name, MANUAL))
}

#[test]
fn who_asks_is_accepted_removed_and_let_in_again_and_the_lift_names_the_revoke() {
    let [ana, ben] = people(["Ana", "Ben"]);
    let id = founds(&ana, &[], Joining::Approval, None);
    meet(&[&ana, &ben]);
    ben.posts(Request::GroupJoin { group: id.to_string() });
    meet(&[&ana, &ben]);
    assert_eq!(group(&ana, &id).asking, [feed(&ben)]);
    let again = ben.ask(Request::GroupJoin { group: id.to_string() });
    assert!(again.is_err_and(|refusal| refusal.to_string().contains("already")), "asking once is enough");
    ben.posts(Request::GroupLeave { group: id.to_string() });
    assert_eq!(group(&ben, &id).asking, [], "who asks can take it back");
    ben.posts(Request::GroupJoin { group: id.to_string() });
    meet(&[&ana, &ben]);
    let refused = ben.ask(Request::GroupAccept { group: id.to_string(), who: text(&ben) });
    assert!(matches!(refused, Err(Refusal::Right { .. })), "{refused:?}");

    let accept = || Request::GroupAccept { group: id.to_string(), who: text(&ben) };
    ana.posts(accept());
    assert!(group(&ana, &id).members.contains(&feed(&ben)));
    let refused = ana.ask(accept());
    assert!(matches!(refused, Err(Refusal::NoEffect { .. })), "a member already: {refused:?}");
    let remove = || Request::GroupRemove { group: id.to_string(), who: text(&ben) };
    let refused = ben.ask(remove());
    assert!(matches!(refused, Err(Refusal::Right { .. })), "{refused:?}");
    let revoke = ana.posts(remove());
    assert_eq!(group(&ana, &id).removed, [feed(&ben)]);
    let refused = ana.ask(remove());
    assert!(matches!(refused, Err(Refusal::NoEffect { .. })), "removed already: {refused:?}");
    ben.takes(vec![ana.log()]);
    let refused = ben.ask(Request::GroupJoin { group: id.to_string() }).unwrap_err().to_string();
    assert!(refused.contains("Ana removed you") && refused.contains("klatch group accept"), "{refused}");

    let Ok(Response::Created(created)) = ana.ask(accept()) else { panic!("not accepted") };
    assert_eq!(created.lifts, [revoke]);
    assert_eq!(group(&ana, &id).removed, []);
    assert!(group(&ana, &id).members.contains(&feed(&ben)));
}

#[test]
fn a_role_given_again_lifts_the_revokes_but_not_those_of_a_senior() {
    let [ana, ben, cat] = people(["Ana", "Ben", "Cat"]);
    meet(&[&ana, &ben, &cat]);
    let id = founds(&ana, &[&ben], Joining::Open, None);
    meet(&[&ana, &ben, &cat]);
    let object = id.to_string();
    let grant = || Request::Grant { object: object.clone(), who: text(&cat), role: Role::Host, quota: 0 };
    ana.posts(grant());
    let revoke = ana.posts(Request::Revoke { object: object.clone(), who: text(&cat) });
    meet(&[&ana, &ben, &cat]);
    let cut = group(&ana, &id).roles.iter().find(|line| line.feed == feed(&cat)).unwrap().cut;
    assert!(cut.is_some());
    let refused = ben.ask(grant());
    let Err(Refusal::Right { wanted, .. }) = refused else { panic!("{refused:?}") };
    assert!(wanted.starts_with("Ana, who removed"), "{wanted}");
    let Ok(Response::Created(created)) = ana.ask(grant()) else { panic!("not granted") };
    assert_eq!(created.lifts, [revoke]);
    assert_eq!(group(&ana, &id).roles.iter().find(|line| line.feed == feed(&cat)).unwrap().cut, None);
}

#[test]
fn an_owner_who_is_stated_to_be_silent_is_followed_and_takes_it_back_by_answering() {
    let [ana, ben, cat] = people(["Ana", "Ben", "Cat"]);
    meet(&[&ana, &ben, &cat]);
    let id = founds(&ana, &[&ben, &cat], Joining::Open, Some(Silence { owners: 2, members: 0 }));
    meet(&[&ana, &ben, &cat]);
    let states = |who: &Somebody, of: &Somebody, heir: &Somebody| {
        who.ask(Request::Silent { group: id.to_string(), owner: text(of), heir: text(heir) })
    };
    for (who, of, heir) in [(&ben, &ana, &ana), (&ben, &ben, &cat)] {
        let refused = states(who, of, heir);
        assert!(matches!(refused, Err(Refusal::NoEffect { .. })), "{refused:?}");
    }
    let Ok(Response::Stated(stated)) = states(&ben, &ana, &cat) else { panic!("not stated") };
    assert_eq!((stated.subject, stated.heir), (feed(&ana), feed(&cat)));
    let line = group(&ben, &id).silent[0].clone();
    assert_eq!((line.owners, line.reached), (1, false));
    let again = states(&ben, &ana, &cat).unwrap_err().to_string();
    assert!(again.contains("you state that already"), "{again}");
    assert!(matches!(states(&cat, &ana, &cat), Ok(Response::Stated(_))));
    meet(&[&ana, &ben, &cat]);
    assert!(group(&ana, &id).silent[0].reached);

    let present = || Request::Present { group: id.to_string() };
    let refused = ben.ask(present());
    assert!(matches!(refused, Err(Refusal::NoEffect { .. })), "nobody says so of ben: {refused:?}");
    ana.posts(present());
    assert_eq!(group(&ana, &id).silent, []);
    assert_eq!(group(&ana, &id).roles[0].cut, None);
}

/// What each of those requests is refused with.
pub(crate) fn refusals<const N: usize>(by: &Somebody, requests: [Request; N]) -> [String; N] {
    requests.map(|request| match by.ask(request.clone()) {
        Err(refusal) => refusal.to_string(),
        done => panic!("{request:?} is {done:?}"),
    })
}

pub(crate) fn grant(object: &EntryId, who: &Somebody, role: Role) -> Request {
    Request::Grant { object: object.to_string(), who: text(who), role, quota: 0 }
}

pub(crate) fn schedule(group: &EntryId) -> Request {
    Request::Schedule(Schedule {
        group: Some(group.to_string()),
        title: "Tea".to_owned(),
        start: "2126-12-01T18:30".to_owned(),
        zone: "UTC".to_owned(),
        minutes: 60,
        place: String::new(),
        about: String::new(),
        capacity: None,
        split: false,
        repeat: None,
        fields: Box::default(),
        address: None,
        uid: None,
    })
}

#[test]
fn whose_posts_are_cut_is_told_what_stands_against_them_and_posts_nothing() {
    let [ana, ben, cat] = people(["Ana", "Ben", "Cat"]);
    meet(&[&ana, &ben, &cat]);
    let id = founds(&ana, &[&ben], Joining::Open, Some(Silence { owners: 1, members: 0 }));
    meet(&[&ana, &ben, &cat]);
    let event = ana.posts(schedule(&id));
    ana.posts(grant(&id, &cat, Role::Organizer));
    meet(&[&ana, &ben, &cat]);
    let acts = || {
        [
            schedule(&id),
            Request::EventCancel { event: event.to_string(), reason: String::new() },
            grant(&event, &ben, Role::Door),
            Request::GroupAccept { group: id.to_string(), who: text(&ben) },
            Request::Hide {
                object: id.to_string(),
                entries: vec![event.to_string()],
                on: true,
                reason: String::new(),
            },
        ]
    };
    let Ok(Response::Stated(_)) =
        ben.ask(Request::Silent { group: id.to_string(), owner: text(&ana), heir: text(&ben) })
    else {
        panic!("not stated")
    };
    ben.posts(Request::Revoke { object: id.to_string(), who: text(&cat) });
    meet(&[&ana, &ben, &cat]);
    for said in refusals(&ana, acts()) {
        assert!(
            said.contains("you are silent, and Ben goes on") && said.contains("klatch group present"),
            "{said}"
        );
    }
    for said in refusals(&cat, acts()) {
        assert!(
            said.contains("Ben removed you from \"Rust\"") && said.contains("klatch group accept"),
            "{said}"
        );
    }
    ana.posts(Request::Present { group: id.to_string() });
    meet(&[&ana, &ben, &cat]);
    assert!(!ana.event(&event).cancelled, "nothing was posted that counts now");
}

#[test]
fn a_grant_that_changes_nothing_is_refused_and_who_is_let_in_again_has_their_role_again() {
    let [ana, ben, cat] = people(["Ana", "Ben", "Cat"]);
    meet(&[&ana, &ben, &cat]);
    let id = founds(&ana, &[&ben], Joining::Open, None);
    ana.posts(grant(&id, &cat, Role::Organizer));
    meet(&[&ana, &ben, &cat]);
    let [lower, same] = refusals(&ana, [Role::Door, Role::Organizer].map(|role| grant(&id, &cat, role)));
    assert!(lower.contains("is an organizer in \"Rust\", which is more than a door"), "{lower}");
    assert!(same.contains("is an organizer in \"Rust\" already"), "{same}");
    let [senior, own] = refusals(&ben, [&ana, &ben].map(|who| grant(&id, who, Role::Host)));
    assert!(senior.contains("senior to you") && own.contains("you are an owner"), "{senior}, {own}");

    let leave = || Request::GroupLeave { group: id.to_string() };
    let [founder, organizer] = [&ana, &cat].map(|who| refusals(who, [leave()])).map(|[said]| said);
    assert!(founder.contains("nobody is senior to you"), "{founder}");
    assert!(organizer.contains("ask Ben") && organizer.contains("klatch group revoke"), "{organizer}");

    let revoke = || Request::Revoke { object: id.to_string(), who: text(&cat) };
    ana.posts(revoke());
    let [said] = refusals(&ana, [revoke()]);
    assert!(said.contains("already, and that stands"), "{said}");
    let accept = Request::GroupAccept { group: id.to_string(), who: text(&cat) };
    let Ok(Response::Created(created)) = ana.ask(accept) else { panic!("not accepted") };
    assert_eq!((created.role, created.lifts.len()), (Some(Role::Organizer), 1));
    // To who holds less it gives what it says.
    ana.posts(revoke());
    let Ok(Response::Created(created)) = ana.ask(grant(&id, &cat, Role::Door)) else { panic!("not granted") };
    assert_eq!(created.role, Some(Role::Organizer), "what they were given before counts again");
}

#[test]
fn a_role_that_was_revoked_at_an_event_is_no_role_there() {
    let [ana, ben] = people(["Ana", "Ben"]);
    let event = ana.schedules(Some(2));
    meet(&[&ana, &ben]);
    ana.posts(grant(&event, &ben, Role::Host));
    ana.posts(Request::Revoke { object: event.to_string(), who: text(&ben) });
    meet(&[&ana, &ben]);
    let close = Request::Close { event: event.to_string(), on: None };
    let [said] = refusals(&ben, [close]);
    assert!(
        said.contains("Ana revoked your role in \"Tea\"") && said.contains("klatch event grant"),
        "{said}"
    );
}

#[test]
fn a_member_who_was_removed_asks_for_no_date_and_one_who_is_in_joins_once() {
    let [ana, ben] = people(["Ana", "Ben"]);
    let id = founds(&ana, &[], Joining::Open, None);
    meet(&[&ana, &ben]);
    let join = || Request::GroupJoin { group: id.to_string() };
    ben.posts(join());
    let [said] = refusals(&ben, [join()]);
    assert!(said.contains("a member of \"Rust\" already"), "{said}");
    meet(&[&ana, &ben]);
    ana.posts(Request::GroupRemove { group: id.to_string(), who: text(&ben) });
    meet(&[&ana, &ben]);
    let poll = date_poll(&id);
    for said in refusals(&ben, [poll, schedule(&id)]) {
        assert!(said.contains("Ana removed you from \"Rust\""), "{said}");
    }
    let Request::Poll(PollRequest::Create { group, question, zone, minutes, .. }) = date_poll(&id) else {
        unreachable!()
    };
    let none = PollRequest::Create { group, question, zone, minutes, options: vec![] };
    let [said] = refusals(&ana, [Request::Poll(none)]);
    assert!(said.contains("options") && !said.contains("past"), "{said}");
}

fn date_poll(group: &EntryId) -> Request {
    Request::Poll(PollRequest::Create {
        group: group.to_string(),
        question: "When do we sell pills?".to_owned(),
        zone: "UTC".to_owned(),
        minutes: 60,
        options: vec!["2126-12-01T18:30".to_owned(), "2126-12-02T18:30".to_owned()],
    })
}

fn settle(poll: &EntryId, option: &str) -> Request {
    let (poll, option, place) = (poll.to_string(), option.to_owned(), String::new());
    Request::Poll(PollRequest::Settle { poll, option, title: None, place, capacity: None })
}

fn poll(at: &Somebody, poll: &EntryId) -> PollLine {
    match at.ask(Request::Poll(PollRequest::Show { poll: poll.to_string() })) {
        Ok(Response::Poll(line)) => *line,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn polls(at: &Somebody, group: &EntryId) -> usize {
    match at.ask(Request::GroupLocal { group: group.to_string() }) {
        Ok(Response::GroupLocal(local)) => local.polls.len(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn organizers_settle_the_poll_of_a_member_who_schedules_nothing_and_the_senior_word_counts() {
    let [ana, ben, cai, dan] = people(["Ana", "Ben", "Cai", "Dan"]);
    let id = founds(&ana, &[], Joining::Open, None);
    meet(&[&ana, &ben, &cai, &dan]);
    ana.posts(grant(&id, &ben, Role::Organizer));
    for member in [&cai, &dan] {
        member.posts(Request::GroupJoin { group: id.to_string() });
    }
    meet(&[&ana, &ben, &cai, &dan]);
    let asked = cai.posts(date_poll(&id));
    meet(&[&ana, &ben, &cai, &dan]);
    let [own] = refusals(&cai, [settle(&asked, "1")]);
    assert!(own.contains("takes an organizer"), "{own}");
    let [other] = refusals(&dan, [settle(&asked, "1")]);
    assert!(other.contains("only who asked can settle it, and organizers"), "{other}");
    assert_eq!(polls(&dan, &id), 1);

    // Neither knows of the other yet.
    let by_ben = ben.posts(settle(&asked, "1"));
    assert_eq!(poll(&ben, &asked).settled, Some(by_ben));
    let by_ana = ana.posts(settle(&asked, "2"));
    meet(&[&ana, &ben, &cai, &dan]);
    for one in [&ana, &ben, &cai, &dan] {
        assert_eq!(poll(one, &asked).settled, Some(by_ana));
        assert_eq!(polls(one, &id), 0);
    }
}

#[test]
fn a_poll_that_is_hidden_is_shown_nowhere_and_not_voted_on() {
    let [ana, ben] = people(["Ana", "Ben"]);
    let id = founds(&ana, &[], Joining::Open, None);
    meet(&[&ana, &ben]);
    ben.posts(Request::GroupJoin { group: id.to_string() });
    let asked = ben.posts(date_poll(&id));
    meet(&[&ana, &ben]);
    let hide = |on| Request::Hide {
        object: id.to_string(),
        entries: vec![asked.to_string()],
        on,
        reason: "advertising".to_owned(),
    };
    ana.posts(hide(true));
    meet(&[&ana, &ben]);
    for one in [&ana, &ben] {
        let line = poll(one, &asked);
        assert_eq!((line.question.as_str(), line.options.len(), line.names.len()), ("", 0, 0));
        let by = line.hidden.unwrap();
        assert_eq!((by.feed, by.reason.as_str()), (feed(&ana), "advertising"));
        assert_eq!(polls(one, &id), 0);
    }
    let vote = Request::Poll(PollRequest::Vote { poll: asked.to_string(), options: vec!["1".to_owned()] });
    for said in refusals(&ben, [vote, settle(&asked, "1")]) {
        assert!(said.contains("Ana hid that poll"), "{said}");
    }
    ana.posts(hide(false));
    assert_eq!((poll(&ana, &asked).question.as_str(), polls(&ana, &id)), ("When do we sell pills?", 1));
}

#[test]
fn a_role_does_not_do_what_takes_a_higher_one_and_who_leaves_is_sent_to_who_can_end_it() {
    let [ana, ben, cat, dan] = people(["Ana", "Ben", "Cat", "Dan"]);
    let all = [&ana, &ben, &cat, &dan];
    meet(&all);
    let id = founds(&ana, &[], Joining::Approval, None);
    for (who, role) in [(&ben, Role::Host), (&cat, Role::Door), (&dan, Role::Door)] {
        ana.posts(grant(&id, who, role));
    }
    let event = ana.posts(schedule(&id));
    meet(&all);
    let accept = Request::GroupAccept { group: id.to_string(), who: text(&cat) };
    let cancel = || Request::EventCancel { event: event.to_string(), reason: String::new() };
    for said in refusals(&ben, [accept, schedule(&id), cancel()]) {
        assert!(said.contains("you are a host in") && said.contains("takes an organizer"), "{said}");
    }
    let admit = Request::Admit { event: event.to_string(), on: None, people: vec![] };
    let close = Request::Close { event: event.to_string(), on: None };
    for said in refusals(&cat, [admit, close]) {
        assert!(said.contains("you are a door in") && said.contains("takes a host"), "{said}");
    }
    let [said] = refusals(&cat, [Request::Revoke { object: id.to_string(), who: text(&dan) }]);
    assert!(said.contains("somebody senior"), "{said}");
    let [said] =
        refusals(&cat, [Request::Endorse { object: event.to_string(), entries: vec![event.to_string()] }]);
    assert!(said.contains("takes a host"), "{said}");

    let [said] =
        refusals(&ben, [Request::Endorse { object: event.to_string(), entries: vec![event.to_string()] }]);
    assert!(said.contains("only their seniors endorse it"), "{said}");

    // Cat is senior to Dan, and ends nothing; whose word does not count does not either.
    let leave = || Request::GroupLeave { group: id.to_string() };
    let [said] = refusals(&dan, [leave()]);
    assert!(said.contains("ask Ben"), "{said}");
    ana.posts(Request::Revoke { object: id.to_string(), who: text(&ben) });
    meet(&all);
    let [said] = refusals(&dan, [leave()]);
    assert!(said.contains("ask Ana"), "{said}");
}

#[test]
fn an_organizer_makes_no_organizer_and_a_host_hides_nothing_in_a_group() {
    let [ana, ben, cat] = people(["Ana", "Ben", "Cat"]);
    let all = [&ana, &ben, &cat];
    meet(&all);
    let id = founds(&ana, &[], Joining::Open, None);
    ana.posts(grant(&id, &ben, Role::Organizer));
    ana.posts(grant(&id, &cat, Role::Host));
    let event = ana.posts(schedule(&id));
    let comment =
        ana.posts(Request::Comment { object: id.to_string(), text: "Hello".to_owned(), tone: None });
    meet(&all);
    let [said] = refusals(&ben, [grant(&id, &cat, Role::Organizer)]);
    assert!(said.contains("takes somebody above that role"), "{said}");
    let [said] = refusals(&ben, [Request::GroupPublic { group: id.to_string(), on: true }]);
    assert!(said.contains("takes an owner"), "{said}");
    let (object, entries) = (id.to_string(), vec![comment.to_string()]);
    let [said] = refusals(&cat, [Request::Hide { object, entries, on: true, reason: String::new() }]);
    assert!(said.contains("takes an organizer"), "{said}");
    ana.posts(Request::Revoke { object: id.to_string(), who: text(&cat) });
    let [said] = refusals(&ana, [grant(&event, &cat, Role::Host)]);
    assert!(said.contains("was removed from the group \"Rust\""), "{said}");
}

#[test]
fn where_members_schedule_who_is_none_does_not() {
    let [ana, ben] = people(["Ana", "Ben"]);
    let id = ana.posts(Request::GroupCreate {
        name: "Rust".to_owned(),
        owners: vec![],
        schedulers: Schedulers::Members,
        joining: Joining::Open,
        silence: None,
    });
    meet(&[&ana, &ben]);
    let [said] = refusals(&ben, [schedule(&id)]);
    assert!(said.contains("takes a member"), "{said}");
    ben.posts(Request::GroupJoin { group: id.to_string() });
    let event = ben.posts(schedule(&id));
    assert!(group(&ben, &id).events.contains(&event));
}

#[test]
fn without_the_rule_nobody_is_silent() {
    let [ana, ben] = people(["Ana", "Ben"]);
    meet(&[&ana, &ben]);
    let id = founds(&ana, &[&ben], Joining::Open, None);
    meet(&[&ana, &ben]);
    let refused = ben.ask(Request::Silent { group: id.to_string(), owner: text(&ana), heir: text(&ben) });
    assert!(matches!(refused, Err(Refusal::NoEffect { .. })), "{refused:?}");
}

#[test]
fn a_senior_endorses_what_a_revoke_voids_and_nobody_endorses_their_own() {
    let [ana, ben] = people(["Ana", "Ben"]);
    let event = ana.schedules(Some(2));
    meet(&[&ana, &ben]);
    let (object, who) = (event.to_string(), text(&ben));
    ana.posts(Request::Grant { object: object.clone(), who: who.clone(), role: Role::Host, quota: 2 });
    ana.posts(Request::Revoke { object: object.clone(), who });
    ben.posts(Request::Rsvp {
        event: object.clone(),
        answers: vec![],
        on: None,
        answer: klatch_feed::post::Answer::Yes,
        party: 1,
        note: String::new(),
    });
    let line = {
        // Ben does not know yet that he was revoked.
        let held = ana.log_after(1);
        ben.takes(vec![held]);
        let rsvp = ben.event(&event).provisional[0].rsvp;
        let seat = klatch_feed::Post::Seat { event, lines: vec![(rsvp, 1)], occ: None };
        wait(ben.handle().post(vec![seat])).unwrap()[0]
    };
    meet(&[&ana, &ben]);
    assert_eq!(ana.event(&event).seated, []);
    let endorse =
        || Request::Endorse { object: object.clone(), entries: vec![line.to_string()[..16].to_owned()] };
    let refused = ben.ask(endorse());
    assert!(matches!(refused, Err(Refusal::NoEffect { .. })), "{refused:?}");
    ana.posts(endorse());
    assert_eq!(ana.event(&event).seated.len(), 1);
}

#[test]
fn the_command_line_founds_a_group_with_its_rules_and_hides_what_is_said() {
    let ana = Fresh::named("Ana");
    ana.ok(&[
        "group",
        "create",
        "Rust",
        "--joining",
        "approval",
        "--silence-owners",
        "1",
        "--silence-members",
        "3",
    ]);
    let shown = ana.ok(&["group", "show", "Rust"]);
    for words in [
        "who joins waits to be accepted",
        "can be followed by another if 1 other owner, or 3 members who have a role or were accepted, owners among them say so",
    ] {
        assert!(shown.contains(words), "{words:?} in {shown}");
    }
    ana.fails(&["group", "create", "Odd", "--silence-members", "1"], 1, &["silence"]);
    ana.fails(&["group", "present", "Rust"], 1, &["nobody states in \"Rust\" that you are silent"]);

    ana.ok(&["event", "schedule", "Rust", "--title", "Tea", "--start", "2126-12-01T18:30"]);
    let comment = ana.json(&["comment", "Tea", "rubbish"])["id"].as_str().unwrap().to_owned();
    ana.ok(&["event", "hide", "Tea", &comment[..14], "--reason", "off topic"]);
    let shown = ana.ok(&["event", "show", "Tea"]);
    assert!(shown.contains("hidden by Ana: off topic") && !shown.contains("rubbish"), "{shown}");
    let local = ana.json(&["event", "show", "Tea", "--local"]);
    assert_eq!(local["comments"][0]["text"], "");
    ana.fails(&["event", "hide", "Tea", &comment], 1, &["is hidden already"]);
    ana.fails(&["group", "hide", "Rust", &comment], 1, &["hide it there"]);
    ana.ok(&["event", "show-again", "Tea", &comment]);
    assert!(ana.ok(&["event", "show", "Tea"]).contains("rubbish"));
    ana.fails(&["event", "show-again", "Tea", &comment], 1, &["is not hidden"]);
}

#[test]
fn in_an_open_group_who_merely_joined_states_nothing_about_its_owners() {
    let [ana, ben, cat] = people(["Ana", "Ben", "Cat"]);
    let id = founds(&ana, &[], Joining::Open, Some(Silence { owners: 0, members: 2 }));
    meet(&[&ana, &ben, &cat]);
    for one in [&ben, &cat] {
        one.posts(Request::GroupJoin { group: id.to_string() });
    }
    ana.takes(vec![ben.log(), cat.log()]);
    ana.posts(Request::GroupAccept { group: id.to_string(), who: text(&ben) });
    meet(&[&ana, &ben, &cat]);
    let state = |by: &Somebody| {
        by.ask(Request::Silent { group: id.to_string(), owner: text(&ana), heir: text(&ben) })
    };
    let has_voice = |at: &Somebody| match at.ask(Request::GroupLocal { group: id.to_string() }) {
        Ok(Response::GroupLocal(local)) => local.voice,
        other => panic!("{other:?}"),
    };
    assert_eq!([&ana, &ben, &cat].map(has_voice), [true, true, false]);
    let refused = state(&cat);
    assert!(matches!(refused, Err(Refusal::Right { .. })), "{refused:?}");
    assert!(matches!(state(&ben), Ok(Response::Stated(_))));
}

#[test]
fn what_does_not_count_of_somebody_is_listed_and_nothing_else() {
    let [ana, ben] = people(["Ana", "Ben"]);
    let id = founds(&ana, &[], Joining::Open, None);
    meet(&[&ana, &ben]);
    let (object, who) = (id.to_string(), text(&ben));
    let says = |text: &str| {
        let text = text.to_owned();
        ben.posts(Request::Comment { object: id.to_string(), text, tone: None })
    };
    ben.posts(Request::GroupJoin { group: object.clone() });
    says("before");
    meet(&[&ana, &ben]);
    let voided = || match ana.ask(Request::Voided { object: id.to_string(), who: text(&ben) }) {
        Ok(Response::Log(lines)) => lines.into_iter().map(|line| line.id).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    ana.posts(Request::GroupRemove { group: object.clone(), who });
    assert_eq!(voided(), []);
    // Ben does not know it yet.
    let late = [says("after"), says("later")];
    ana.takes(vec![ben.log()]);
    assert_eq!(voided(), [late[1], late[0]]);
    ana.posts(Request::Endorse { object: object.clone(), entries: vec![late[0].to_string()] });
    assert_eq!(voided(), [late[1]]);
    let words = || match ana.ask(Request::Voided { object: id.to_string(), who: text(&ben) }) {
        Ok(Response::Log(lines)) => lines[0].what.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(words(), "said \"later\"");
    let entries = vec![late[1].to_string()];
    ana.posts(Request::Hide { object, entries, on: true, reason: String::new() });
    assert_eq!(words(), "wrote something whose words are hidden");
}
