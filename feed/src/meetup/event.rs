//! An event, folded: roles, fields, seats, attendance put together. Source: spec/meetup.md, "events".

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::about::About;
use super::changes::Changes;
use super::group::Group;
use super::roles::{Roles, Seniority};
use super::seats::{Guest, Guests, Place, Seating, Wish};
use super::{Answer, EventState, Fact, Facts, Role, SeatLine, door, kind};
use crate::post::EventFields;
use crate::{EntryId, FeedId, NetId, Post};

const LOTTERY_DOMAIN: &[u8] = b"klatch/lottery/1\0";

pub(super) fn fold(facts: &Facts, net: &NetId, id: EntryId) -> Option<EventState> {
    // The founding entry counts even in quarantine, as a group's does.
    let founding = facts.get(&id)?;
    let Some(Post::Event { group, title, start, zone, minutes, capacity, split }) = founding.post() else {
        return None;
    };
    let taken_back = facts.taken_back();
    let within = group.and_then(|group| Group::fold(facts, group, &taken_back));
    let within = within.filter(|group| group.schedules(founding));
    let about = About::gather(facts, id, &taken_back);
    let roles = roles(founding, within.as_ref(), &about);
    let founded = EventFields {
        title: Some(title),
        start: Some(start),
        zone: Some(zone),
        minutes: Some(minutes),
        capacity,
        ..EventFields::default()
    };
    let changes = Changes::gather(founded, &about, &roles);
    let now = changes.now();
    let guests = Guests::gather(&about);
    let author = roles.rank_of(&founding.author).expect("the author is a root of every event");
    let seating = Seating::of(&about, &roles, &guests, author, now.capacity, split);
    let (attendance, incomplete) = door::attendance(net, id, &about, &roles);
    let is_cancelled = about.iter().any(|said| {
        let by_right = roles.rank(said.author(), said.fact.seq, Role::Organizer).is_some();
        said.fact.kind == kind::CANCEL && by_right && said.fact.refs.len() == 1
    });
    let lists = Lists::of(id, &guests, &changes, &roles, &seating, split);
    Some(EventState {
        id,
        group,
        in_group: within.is_some(),
        author: founding.author.feed,
        title: now.title?,
        start: now.start?,
        zone: now.zone?,
        minutes: now.minutes?,
        place: now.place.unwrap_or_default(),
        about: now.about.unwrap_or_default(),
        capacity: now.capacity,
        split,
        revision: changes.revision(),
        tips: changes.tips(),
        cancelled: is_cancelled,
        hosts: roles.lines(|rank| seating.quotas.as_ref().map(|quotas| quotas[rank])),
        seated: lists.seated,
        waiting: lists.waiting,
        provisional: lists.provisional,
        unranked: lists.unranked,
        maybe: lists.maybe,
        no: lists.no,
        attendance,
        incomplete: incomplete || changes.incomplete || guests.incomplete,
    })
}

/// The group's owners and organizers, then the author, then all else: the group's hosts and doors, and
/// whoever was given a role at this event.
fn roles(founding: &Fact, group: Option<&Group<'_>>, about: &About<'_>) -> Roles {
    let mut roots = vec![(founding.author, Role::Owner, Seniority::root(1, Role::Owner, 0, 0))];
    let mut cuts = BTreeMap::new();
    if let Some(group) = group {
        cuts.clone_from(&group.roles.cuts);
        for (place, principal) in (0..).zip(&group.roles.principals) {
            let tier = if principal.role <= Role::Organizer { 0 } else { 2 };
            let seniority = Seniority::root(tier, principal.role, 0, place);
            roots.push((principal.person, principal.role, seniority));
        }
    }
    Roles::resolve(roots, cuts, 2, about)
}

/// Everybody who answered, each on one list.
#[derive(Default)]
struct Lists {
    seated: Vec<SeatLine>,
    waiting: Vec<SeatLine>,
    provisional: Vec<SeatLine>,
    unranked: Vec<SeatLine>,
    maybe: Vec<SeatLine>,
    no: Vec<FeedId>,
}

impl Lists {
    fn of<'a>(
        event: EntryId,
        guests: &Guests<'a>,
        changes: &Changes<'_>,
        roles: &Roles,
        seating: &Seating,
        split: bool,
    ) -> Self {
        let mut moved = BTreeMap::new(); // Guests by the thousand saw the same few versions.
        let mut line = |guest: &Guest<'_>, wish: &Wish<'a>, place: Option<&Place>| SeatLine {
            feed: guest.feed,
            rsvp: wish.rsvp,
            answer: wish.answer,
            party: place.map_or(wish.party, |place| place.persons),
            by: place.map(|place| roles.principals[place.host].person.feed),
            stale: *moved.entry(wish.seen).or_insert_with(|| changes.moved_since(wish.seen)),
        };
        let mut lists = Self::default();
        let mut is_ranked = vec![false; guests.list.len()];
        let mut placed = |place: &Place| {
            is_ranked[place.guest] = true;
            let guest = &guests.list[place.guest];
            guest.wish.as_ref().map(|wish| line(guest, wish, Some(place)))
        };
        lists.waiting = seating.waiting.iter().filter_map(&mut placed).collect();
        lists.seated = seating.seated.iter().filter_map(&mut placed).collect();
        lists.seated.sort_unstable_by_key(|line| line.feed);
        let mut unranked = Vec::new();
        for (guest, is_ranked) in guests.list.iter().zip(is_ranked) {
            let Some(wish) = &guest.wish else { continue };
            match wish.answer {
                Answer::Yes if is_ranked => {}
                Answer::Yes => unranked.push((lottery(event, &guest.feed), line(guest, wish, None))),
                Answer::Maybe => lists.maybe.push(line(guest, wish, None)),
                Answer::No => lists.no.push(guest.feed),
            }
        }
        unranked.sort_by_key(|(lot, line)| (*lot, line.feed));
        let mut free = seating.free;
        for (_, line) in unranked {
            if free.is_none_or(|free| line.party <= free) && (split || lists.unranked.is_empty()) {
                free = free.map(|free| free - line.party);
                lists.provisional.push(line);
            } else {
                lists.unranked.push(line);
            }
        }
        lists
    }
}

/// An order that nobody chose, for those whom no host has ranked: it cannot be backdated.
fn lottery(event: EntryId, guest: &FeedId) -> [u8; 32] {
    Sha256::new()
        .chain_update(LOTTERY_DOMAIN)
        .chain_update(event.as_bytes())
        .chain_update(guest.as_bytes())
        .finalize()
        .into()
}
