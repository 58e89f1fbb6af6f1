//! Groups: joining, being accepted, removed and let in again; owners who vanish.

use klatch_feed::post::{Joining, Role, Schedulers, Silence};
use klatch_feed::{EntryId, Post, Seq};

use crate::people::*;

fn group(town: &mut Town, owners: &[usize], joining: Joining, silence: Option<(u32, u32)>) -> EntryId {
    let owners = owners.iter().map(|who| town.person(*who)).collect();
    let silence = silence.map(|(owners, members)| Silence { owners, members });
    let schedulers = Schedulers::Members;
    town.say(ANA, &Post::Group { name: "Rust Lisbon".into(), owners, schedulers, joining, silence })
}

fn accept(
    town: &mut Town,
    who: usize,
    group: EntryId,
    of: usize,
    lifts: &[EntryId],
    from: Option<Seq>,
) -> EntryId {
    let subject = town.person(of);
    town.say(who, &Post::Accept { group, subject, lifts: lifts.to_vec(), from_seq: from })
}

fn regrant(town: &mut Town, who: usize, object: EntryId, to: usize, lifts: &[EntryId], from: Seq) -> EntryId {
    let (subject, lifts) = (town.person(to), lifts.to_vec());
    town.say(who, &Post::Grant { object, subject, role: Role::Host, quota: 1, lifts, from_seq: Some(from) })
}

fn silent(town: &mut Town, who: usize, group: EntryId, of: usize, heir: usize, cut: Seq) -> EntryId {
    let (subject, heir) = (town.person(of), town.person(heir));
    let cut_id = cut.checked_sub(1).map(|at| town.logs[of].entries[at as usize].id());
    town.say(who, &Post::Silent { group, subject, heir, cut_seq: cut, cut_id })
}

fn members(town: &Town, group: EntryId) -> (String, String, String) {
    let state = town.group_state(group);
    (town.names(&state.members), town.names(&state.asking), town.names(&state.removed))
}

fn are(members: &str, asking: &str, removed: &str) -> (String, String, String) {
    (members.into(), asking.into(), removed.into())
}

#[test]
fn where_members_are_accepted_a_join_asks_and_either_may_come_first() {
    for joining in [Joining::Approval, Joining::Invite] {
        let mut town = Town::new();
        let of = group(&mut town, &[], joining, None);
        town.say(BEN, &Post::Join { group: of });
        assert_eq!(members(&town, of), are("ana", "ben", ""));
        let event = town.event(BEN, Some(of), None);
        assert!(!town.event_state(event).in_group, "who asks schedules nothing");
        accept(&mut town, CAI, of, BEN, &[], None);
        assert_eq!(members(&town, of), are("ana", "ben", ""), "cai has no role");
        town.grant(ANA, of, HOA, Role::Host, 0);
        accept(&mut town, HOA, of, BEN, &[], None);
        assert_eq!(members(&town, of), are("ana, hoa", "ben", ""), "a host lets nobody in");
        accept(&mut town, ANA, of, BEN, &[], None);
        accept(&mut town, ANA, of, DEE, &[], None);
        assert_eq!(members(&town, of), are("ana, ben, hoa", "", ""));
        assert!(town.event_state(event).in_group);
        town.say(DEE, &Post::Join { group: of });
        assert_eq!(members(&town, of), are("ana, ben, dee, hoa", "", ""));
        town.say(DEE, &Post::Leave { group: of });
        assert_eq!(members(&town, of), are("ana, ben, hoa", "", ""));
    }
}

#[test]
fn who_was_removed_is_let_in_again_by_somebody_as_senior_as_the_remover() {
    let mut town = Town::new();
    let of = group(&mut town, &[], Joining::Open, None);
    town.grant(ANA, of, BEN, Role::Organizer, 0);
    town.say(DEE, &Post::Join { group: of });
    let revoke = town.revoke(ANA, of, DEE, 0);
    assert_eq!(members(&town, of), are("ana, ben", "", "dee"));
    accept(&mut town, BEN, of, DEE, &[revoke], Some(1));
    assert_eq!(members(&town, of), are("ana, ben", "", "dee"), "ben is junior to who removed");
    accept(&mut town, ANA, of, DEE, &[revoke], Some(1));
    assert_eq!(members(&town, of), are("ana, ben, dee", "", ""));
    town.revoke(BEN, of, DEE, 0);
    assert_eq!(members(&town, of), are("ana, ben", "", "dee"), "another revoke is not lifted");
}

#[test]
fn granting_again_opens_the_log_from_a_place_on_and_what_lies_between_stays_void() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(9));
    town.grant(ANA, event, BEN, Role::Host, 9);
    let rsvps = [CAI, DEE, ELI].map(|who| town.yes(who, event));
    town.admit(BEN, event, &rsvps[..1]);
    let honoured = town.len(BEN);
    let between = town.admit(BEN, event, &rsvps[1..2]);
    let revoke = town.revoke(ANA, event, BEN, honoured);
    regrant(&mut town, ANA, event, BEN, &[revoke], honoured + 2);
    town.admit(BEN, event, &rsvps[2..]);
    assert_eq!(town.lists(event), "seated cai, eli; provisional dee");
    assert_eq!(town.event_state(event).hosts[1].cut, None);
    town.say(BEN, &Post::Endorse { object: event, entries: vec![between] });
    assert_eq!(town.lists(event), "seated cai, eli; provisional dee", "nobody endorses their own");
    town.say(ANA, &Post::Endorse { object: event, entries: vec![between] });
    assert_eq!(town.lists(event), "seated cai, dee, eli", "a senior does, in its place");
}

#[test]
fn the_revokes_that_stand_are_those_that_count_and_nobody_lifted() {
    let mut town = Town::new();
    let of = group(&mut town, &[], Joining::Open, None);
    town.grant(ANA, of, BEN, Role::Organizer, 0);
    town.grant(ANA, of, CAI, Role::Host, 0);
    let first = town.revoke(ANA, of, CAI, 1);
    let second = town.revoke(BEN, of, CAI, 1);
    town.revoke(DEE, of, CAI, 1);
    town.revoke(CAI, of, BEN, 1);
    let event = town.event(ANA, Some(of), None);
    let revokes = |town: &Town, object, who: usize| -> Vec<_> {
        let found = town.facts().revokes(object, town.feed(who));
        found.into_iter().map(|revoke| (revoke.entry, revoke.by)).collect()
    };
    let (ana, ben) = (town.feed(ANA), town.feed(BEN));
    assert_eq!(revokes(&town, of, CAI), [(first, ana), (second, ben)], "dee has no say");
    assert_eq!(revokes(&town, of, BEN), [], "cai is junior, and cut");
    town.grant(ANA, of, HOA, Role::Host, 0);
    town.revoke(HOA, of, BEN, 1);
    assert_eq!(revokes(&town, of, BEN), [], "hoa is junior");
    assert_eq!(revokes(&town, event, CAI), [], "lifted in the group");
    let from = town.len(CAI) + 1;
    regrant(&mut town, ANA, of, CAI, &[second], from);
    assert_eq!(revokes(&town, of, CAI), [(first, ana)]);
    let third = town.revoke(ANA, event, CAI, 1);
    assert_eq!(revokes(&town, event, CAI), [(third, ana)]);
}

#[test]
fn an_endorsement_does_not_get_round_a_seniors_cut() {
    let mut town = Town::new();
    let event = town.event(ANA, None, Some(9));
    town.grant(ANA, event, CAI, Role::Organizer, 0);
    town.grant(ANA, event, BEN, Role::Host, 9);
    let dee = town.yes(DEE, event);
    let line = town.admit(BEN, event, &[dee]);
    let honoured = town.len(BEN) - 1;
    town.revoke(ANA, event, BEN, honoured);
    town.say(CAI, &Post::Endorse { object: event, entries: vec![line] });
    assert_eq!(town.lists(event), "provisional dee");
}

#[test]
fn enough_owners_let_another_go_on_for_one_who_is_silent() {
    let mut town = Town::new();
    let of = group(&mut town, &[BEN, CAI], Joining::Open, Some((2, 0)));
    let honoured = town.len(ANA);
    silent(&mut town, BEN, of, ANA, DEE, honoured);
    assert_eq!(town.roles(&town.group_state(of).roles), "ana owner, ben owner, cai owner");
    silent(&mut town, DEE, of, ANA, DEE, honoured);
    assert!(!town.group_state(of).silent[0].reached, "dee is no owner");
    silent(&mut town, CAI, of, ANA, DEE, honoured);
    assert_eq!(
        town.roles(&town.group_state(of).roles),
        format!("ana owner cut {honoured}, dee owner, ben owner, cai owner")
    );
    // What ana did before stays, what she does after is void, and dee can do all that she could.
    town.grant(ANA, of, ELI, Role::Organizer, 0);
    town.revoke(DEE, of, CAI, 0);
    assert_eq!(
        town.roles(&town.group_state(of).roles),
        format!("ana owner cut {honoured}, dee owner, ben owner, cai owner cut 0"),
    );
}

#[test]
fn who_is_silent_stands_for_nothing_of_their_own_even_where_a_senior_stands_for_their_word() {
    let mut town = Town::new();
    let of = group(&mut town, &[BEN, CAI], Joining::Open, Some((2, 0)));
    let honoured = town.len(BEN);
    silent(&mut town, ANA, of, BEN, DEE, honoured);
    silent(&mut town, CAI, of, BEN, DEE, honoured);
    let event = town.event(BEN, Some(of), None);
    let own = town.say(BEN, &Post::Endorse { object: of, entries: vec![event] });
    assert_eq!(town.group_state(of).events, []);
    town.say(ANA, &Post::Endorse { object: of, entries: vec![own] });
    assert_eq!(town.group_state(of).events, [], "ben's word counts, not for ben");
    town.say(ANA, &Post::Endorse { object: of, entries: vec![event] });
    assert_eq!(town.group_state(of).events, [event]);
}

#[test]
fn a_group_is_public_by_the_last_word_of_its_most_senior_owner_who_speaks_of_it() {
    let mut town = Town::new();
    let of = group(&mut town, &[BEN], Joining::Open, None);
    town.grant(ANA, of, CAI, Role::Organizer, 0);
    town.say(DEE, &Post::Join { group: of });
    let is_public = |town: &Town| town.group_state(of).public;
    let say = |town: &mut Town, who, on| town.say(who, &Post::Public { group: of, on });
    assert!(!is_public(&town), "nobody said so");
    for who in [CAI, DEE, ELI] {
        say(&mut town, who, true);
        assert!(!is_public(&town), "they own nothing");
    }
    say(&mut town, BEN, true);
    assert!(is_public(&town));
    say(&mut town, BEN, false);
    assert!(!is_public(&town), "the last word of one counts");
    say(&mut town, BEN, true);
    let no = say(&mut town, ANA, false);
    assert!(!is_public(&town), "ana is senior");
    town.say(ANA, &Post::Tombstone { targets: vec![no] });
    assert!(is_public(&town), "and took her word back");
    let len = town.len(BEN);
    town.revoke(ANA, of, BEN, len - 1);
    assert!(!is_public(&town), "ben's last word does not count, the one before says no");
}

#[test]
fn an_owner_who_answers_is_not_silent() {
    let mut town = Town::new();
    let of = group(&mut town, &[BEN, CAI], Joining::Open, Some((1, 0)));
    let said = silent(&mut town, BEN, of, ANA, BEN, 0);
    assert_eq!(town.roles(&town.group_state(of).roles), "ana owner cut 0, ben owner, cai owner");
    town.say(CAI, &Post::Present { group: of, statements: vec![said] });
    assert_eq!(
        town.roles(&town.group_state(of).roles),
        "ana owner cut 0, ben owner, cai owner",
        "cai cannot answer for ana"
    );
    town.say(ANA, &Post::Present { group: of, statements: vec![said] });
    assert_eq!(town.roles(&town.group_state(of).roles), "ana owner, ben owner, cai owner");
}

#[test]
fn members_who_speak_of_silence_were_accepted_and_a_crowd_of_newcomers_takes_no_group() {
    let mut town = Town::new();
    let of = group(&mut town, &[], Joining::Open, Some((0, 2)));
    for who in [DEE, ELI, FAY, GUS] {
        town.say(who, &Post::Join { group: of });
        silent(&mut town, who, of, ANA, DEE, 1);
    }
    assert_eq!(town.roles(&town.group_state(of).roles), "ana owner");
    town.grant(ANA, of, BEN, Role::Organizer, 0);
    silent(&mut town, BEN, of, ANA, BEN, 1);
    assert_eq!(
        town.roles(&town.group_state(of).roles),
        "ana owner, ben organizer",
        "a co-host alone takes nothing"
    );
    accept(&mut town, ANA, of, ELI, &[], None);
    accept(&mut town, ANA, of, FAY, &[], None);
    let roles = town.roles(&town.group_state(of).roles);
    assert_eq!(
        roles, "ana owner cut 1, dee owner",
        "what ana said past entry 1, ben's role too, is void: {roles}"
    );
}

#[test]
fn without_a_rule_in_the_founding_post_nobody_speaks_of_silence() {
    let mut town = Town::new();
    let of = group(&mut town, &[BEN, CAI], Joining::Open, None);
    for who in [BEN, CAI] {
        silent(&mut town, who, of, ANA, BEN, 0);
    }
    assert_eq!(town.roles(&town.group_state(of).roles), "ana owner, ben owner, cai owner");
    assert!(town.group_state(of).silent.is_empty());
}

#[test]
fn a_voice_on_silence_has_who_is_a_member_and_known() {
    let mut town = Town::new();
    let of = group(&mut town, &[BEN], Joining::Open, Some((0, 2)));
    let voices = |town: &Town| {
        let has = |who: &usize| town.facts().has_voice(of, town.person(*who).feed);
        (0..NAMES.len()).filter(has).map(|who| NAMES[who]).collect::<Vec<_>>().join(" ")
    };
    town.say(CAI, &Post::Join { group: of });
    assert_eq!(voices(&town), "ana ben", "in an open group anybody joins");
    accept(&mut town, BEN, of, CAI, &[], None);
    accept(&mut town, BEN, of, DEE, &[], None);
    assert_eq!(voices(&town), "ana ben cai", "dee did not join");
    town.revoke(ANA, of, CAI, town.len(CAI));
    assert_eq!(voices(&town), "ana ben");
}
