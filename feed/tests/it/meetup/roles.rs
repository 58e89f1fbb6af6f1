//! Grants, cuts, seniority, membership, and which events count in a group.

use klatch_feed::meetup::{Fact, Facts};
use klatch_feed::post::{Person, Role, Schedulers};
use klatch_feed::{EntryId, Post};

use crate::people::*;

fn roles(town: &Town, group: EntryId) -> String {
    town.roles(&town.group_state(group).roles)
}

#[test]
fn each_role_grants_what_stands_below_it() {
    let mut town = Town::new();
    let group = town.group(ANA, &[BEN], Schedulers::Organizers);
    town.grant(BEN, group, CAI, Role::Owner, 0);
    town.grant(CAI, group, DEE, Role::Organizer, 0);
    town.grant(DEE, group, ELI, Role::Host, 0);
    town.grant(ELI, group, FAY, Role::Door, 0);
    let granted = "ana owner, ben owner, cai owner, dee organizer, eli host, fay door";
    assert_eq!(roles(&town, group), granted);
    town.grant(DEE, group, GUS, Role::Organizer, 0);
    town.grant(ELI, group, GUS, Role::Host, 0);
    town.grant(FAY, group, GUS, Role::Door, 0);
    town.grant(HOA, group, GUS, Role::Door, 0);
    assert_eq!(roles(&town, group), granted, "above their right, all four");
    town.grant(FAY, group, FAY, Role::Owner, 0);
    town.grant(ELI, group, DEE, Role::Door, 0);
    assert_eq!(roles(&town, group), granted, "nothing for oneself, nothing for seniors");
    town.grant(ANA, group, FAY, Role::Organizer, 0);
    let raised = "ana owner, ben owner, cai owner, fay organizer, dee organizer, eli host, gus door";
    assert_eq!(roles(&town, group), raised, "the highest role counts, also for what fay granted before");
}

#[test]
fn a_role_has_no_lower_bound_in_time() {
    let mut town = Town::new();
    let group = town.group(ANA, &[], Schedulers::Organizers);
    town.grant(BEN, group, CAI, Role::Host, 0);
    town.grant(ANA, group, BEN, Role::Organizer, 0);
    assert_eq!(roles(&town, group), "ana owner, ben organizer, cai host");
}

#[test]
fn a_grant_names_a_person_not_a_key_alone() {
    let mut town = Town::new();
    let group = town.group(ANA, &[], Schedulers::Organizers);
    let (ben, elsewhere) = (town.person(BEN), town.person(CAI).genesis);
    let thief = Person { genesis: elsewhere, ..ben };
    town.say(
        ANA,
        &Post::Grant {
            object: group,
            subject: thief,
            role: Role::Organizer,
            quota: 0,
            from_seq: None,
            lifts: vec![],
        },
    );
    town.grant(BEN, group, DEE, Role::Host, 0);
    assert_eq!(roles(&town, group), "ana owner, ben organizer", "the ben who has another first entry");
}

#[test]
fn a_cut_honours_up_to_its_place_and_backdating_does_not_help() {
    let mut town = Town::new();
    let group = town.group(ANA, &[], Schedulers::Organizers);
    town.grant(ANA, group, BEN, Role::Organizer, 0);
    town.grant(BEN, group, CAI, Role::Host, 0);
    let honoured = town.len(BEN);
    town.grant(BEN, group, DEE, Role::Host, 0);
    town.revoke(ANA, group, BEN, honoured);
    assert_eq!(roles(&town, group), "ana owner, ben organizer cut 2, cai host");
    assert_eq!(town.names(&town.group_state(group).members), "ana, cai");
}

#[test]
fn what_others_build_on_cannot_be_taken_back() {
    let mut town = Town::new();
    let group = town.group(ANA, &[], Schedulers::Organizers);
    let event = town.event(ANA, Some(group), Some(2));
    let rsvp = town.yes(DEE, event);
    let grant = town.grant(ANA, group, BEN, Role::Organizer, 0);
    let revoke = town.revoke(ANA, group, BEN, 1);
    let seat = town.admit(ANA, event, &[rsvp]);
    let join = town.say(CAI, &Post::Join { group });
    let before = (town.group_state(group), town.event_state(event));
    for entry in [group, event, grant, revoke, seat] {
        town.take_back(ANA, entry);
    }
    town.take_back(CAI, join);
    assert_eq!((town.group_state(group), town.event_state(event)), before);
}

#[test]
fn cuts_only_ever_lower() {
    for places in [[2, 1], [1, 2]] {
        let mut town = Town::new();
        let group = town.group(ANA, &[], Schedulers::Organizers);
        town.grant(ANA, group, BEN, Role::Organizer, 0);
        town.grant(BEN, group, CAI, Role::Host, 0);
        for cut in places {
            town.revoke(ANA, group, BEN, cut);
        }
        town.grant(ANA, group, BEN, Role::Organizer, 0);
        assert_eq!(roles(&town, group), "ana owner, ben organizer cut 1", "{places:?}, and granted again");
    }
}

#[test]
fn one_cuts_only_juniors_and_in_a_mutual_revocation_the_senior_wins() {
    let mut town = Town::new();
    let group = town.group(ANA, &[], Schedulers::Organizers);
    town.grant(ANA, group, BEN, Role::Organizer, 0);
    town.grant(ANA, group, CAI, Role::Organizer, 0);
    town.revoke(CAI, group, BEN, 0);
    town.revoke(BEN, group, CAI, 0);
    town.revoke(CAI, group, ANA, 0);
    assert_eq!(roles(&town, group), "ana owner, ben organizer, cai organizer cut 0");
    // Who cuts the cutter earlier undoes the cut.
    town.revoke(ANA, group, BEN, 1);
    assert_eq!(roles(&town, group), "ana owner, ben organizer cut 1, cai organizer");
}

#[test]
fn an_owner_is_senior_to_an_organizer_whoever_was_granted_first() {
    let mut town = Town::new();
    let group = town.group(ANA, &[], Schedulers::Organizers);
    town.grant(ANA, group, BEN, Role::Organizer, 0);
    town.grant(ANA, group, CAI, Role::Owner, 0);
    town.revoke(BEN, group, CAI, 0);
    town.revoke(CAI, group, BEN, 0);
    assert_eq!(roles(&town, group), "ana owner, cai owner, ben organizer cut 0");
}

#[test]
fn doors_cut_nobody_and_hosts_no_members() {
    let mut town = Town::new();
    let group = town.group(ANA, &[], Schedulers::Organizers);
    town.grant(ANA, group, BEN, Role::Host, 0);
    town.grant(ANA, group, CAI, Role::Door, 0);
    town.grant(ANA, group, DEE, Role::Door, 0);
    town.say(ELI, &Post::Join { group });
    town.say(FAY, &Post::Join { group });
    town.revoke(CAI, group, DEE, 0);
    town.revoke(BEN, group, ELI, 0);
    assert_eq!(roles(&town, group), "ana owner, ben host, cai door, dee door");
    town.revoke(BEN, group, DEE, 0);
    town.revoke(ANA, group, FAY, 0);
    assert_eq!(roles(&town, group), "ana owner, ben host, cai door, dee door cut 0");
    assert_eq!(town.names(&town.group_state(group).members), "ana, ben, cai, eli");
}

#[test]
fn a_cut_that_names_another_branch_honours_nothing() {
    let mut town = Town::new();
    let group = town.group(ANA, &[], Schedulers::Organizers);
    town.grant(ANA, group, BEN, Role::Organizer, 0);
    town.grant(BEN, group, CAI, Role::Host, 0);
    let (subject, elsewhere) = (town.person(BEN), town.person(DEE).genesis);
    let revoke = |object| Post::Revoke { object, subject, cut_seq: 2, cut_id: Some(elsewhere) };
    town.say(ANA, &revoke(group));
    assert_eq!(roles(&town, group), "ana owner, ben organizer cut 0");
}

#[test]
fn members_are_who_joined_last_and_everybody_with_a_role() {
    let mut town = Town::new();
    let group = town.group(ANA, &[BEN], Schedulers::Organizers);
    let members = |town: &Town| town.names(&town.group_state(group).members);
    town.say(CAI, &Post::Join { group });
    town.say(DEE, &Post::Join { group });
    assert_eq!(members(&town), "ana, ben, cai, dee");
    town.say(CAI, &Post::Leave { group });
    town.say(BEN, &Post::Leave { group });
    assert_eq!(members(&town), "ana, ben, dee", "a role is membership");
    town.say(CAI, &Post::Join { group });
    assert_eq!(members(&town), "ana, ben, cai, dee");
}

#[test]
fn an_event_counts_in_its_group_by_the_right_to_schedule() {
    let mut town = Town::new();
    let group = town.group(ANA, &[], Schedulers::Organizers);
    town.grant(ANA, group, BEN, Role::Organizer, 0);
    town.grant(ANA, group, CAI, Role::Host, 0);
    let counts = |town: &Town, event| {
        let listed = town.group_state(group).events.contains(&event);
        assert_eq!(town.event_state(event).in_group, listed, "both folds agree");
        listed
    };
    let (by_ben, by_cai) = (town.event(BEN, Some(group), None), town.event(CAI, Some(group), None));
    let honoured = town.len(BEN);
    let too_late = town.event(BEN, Some(group), None);
    assert!(counts(&town, by_ben) && counts(&town, too_late) && !counts(&town, by_cai));
    town.revoke(ANA, group, BEN, honoured);
    assert!(counts(&town, by_ben) && !counts(&town, too_late));
    let alone = town.event_state(by_cai);
    assert_eq!((alone.group, town.roles(&alone.hosts)), (Some(group), "cai owner".into()), "it stands alone");
}

#[test]
fn where_members_schedule_membership_at_that_place_counts() {
    let mut town = Town::new();
    let group = town.group(ANA, &[], Schedulers::Members);
    let before = town.event(BEN, Some(group), None);
    town.say(BEN, &Post::Join { group });
    let within = town.event(BEN, Some(group), None);
    town.say(BEN, &Post::Leave { group });
    let after = town.event(BEN, Some(group), None);
    assert_eq!(town.group_state(group).events, [within]);
    assert!(town.event_state(within).in_group);
    assert!(!town.event_state(before).in_group && !town.event_state(after).in_group);
    // Removed from the group up to before it.
    town.revoke(ANA, group, BEN, 2);
    assert_eq!(town.group_state(group).events, []);
}

#[test]
fn at_an_event_the_groups_owners_and_organizers_are_senior_to_its_author() {
    let mut town = Town::new();
    let group = town.group(ANA, &[], Schedulers::Organizers);
    town.grant(ANA, group, BEN, Role::Organizer, 0);
    town.grant(ANA, group, CAI, Role::Organizer, 0);
    town.grant(ANA, group, DEE, Role::Door, 0);
    let event = town.event(CAI, Some(group), Some(5));
    town.grant(CAI, event, ELI, Role::Host, 2);
    town.grant(CAI, event, BEN, Role::Host, 2);
    let hosts = |town: &Town| town.roles(&town.event_state(event).hosts);
    let all = "ana owner 0, ben organizer 0, cai owner 3, eli host 2, dee door 0";
    assert_eq!(hosts(&town), all, "no seats for seniors");
    town.revoke(CAI, event, BEN, 0);
    town.revoke(BEN, event, ELI, 0);
    assert_eq!(hosts(&town), "ana owner 0, ben organizer 0, cai owner 5, eli host 0 cut 0, dee door 0");
}

#[test]
fn a_founding_entry_counts_in_quarantine_and_nothing_else_of_that_author_does() {
    let mut town = Town::new();
    let group = town.group(ANA, &[BEN], Schedulers::Organizers);
    let event = town.event(ANA, Some(group), Some(5));
    town.grant(ANA, group, CAI, Role::Organizer, 0);
    town.grant(BEN, group, DEE, Role::Organizer, 0);
    let (ana, genesis) = (town.feed(ANA), town.person(ANA).genesis);
    let capped = |fact: Fact| {
        let quarantined = fact.author.feed == ana && fact.id != genesis;
        Fact { quarantined, ..fact }
    };
    let facts = Facts::from_iter(town.all().into_iter().map(capped));
    let state = facts.group(group).unwrap();
    assert_eq!(town.roles(&state.roles), "ana owner, ben owner, dee organizer");
    assert_eq!(state.events, []);
    let state = facts.event(&town.net, event).unwrap();
    assert_eq!((state.in_group, town.roles(&state.hosts)), (false, "ana owner 5".into()));
}
