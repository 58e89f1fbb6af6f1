//! An event, folded: roles, fields, seats, attendance put together. Source: spec/meetup.md, "events".

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::about::About;
use super::changes::Changes;
use super::door::Attendance;
use super::group::Group;
use super::hide;
use super::roles::{Roles, Roots, Seniority};
use super::seats::{self, Guest, Guests, HostsList, Place, Seating, Wish};
use super::series::{OccurrenceLine, occurrences};
use super::{Answer, EventState, Fact, Facts, Role, SeatLine, kind};
use crate::post::EventFields;
use crate::{EntryId, FeedId, NetId, Post};

const LOTTERY_DOMAIN: &[u8] = b"klatch/lottery/1\0";

/// What holds for an event and all its occurrences.
pub(super) struct Event<'a> {
    founding: &'a Fact,
    group: Option<EntryId>,
    founded: EventFields,
    split: bool,
    within: Option<&'a Group<'a>>,
    about: About<'a>,
    pub(super) roles: Roles<'a>,
    pub(super) cancelled: Option<EntryId>,
}

/// One of them, or the event itself.
pub(super) struct Folded<'a> {
    pub(super) guests: Guests<'a>,
    /// By rank.
    pub(super) lists: Vec<HostsList>,
    pub(super) seating: Seating,
    pub(super) skipped: Option<EntryId>,
    /// What the word on each who is there rests on, be it a door's or their own.
    pub(super) came: BTreeMap<FeedId, Vec<EntryId>>,
    pub(super) state: EventState,
}

impl<'a> Event<'a> {
    /// `None` while its founding entry is unknown or says nothing. It counts even in quarantine, as a group's does.
    /// `named`: the group that it names, where that is held.
    pub(super) fn gather(
        facts: &'a Facts,
        id: EntryId,
        named: Option<&'a Group<'a>>,
        taken_back: &BTreeSet<EntryId>,
    ) -> Option<Self> {
        let founding = facts.get(&id)?;
        let Some(Post::Event { group, title, start, zone, minutes, capacity, split, repeat }) =
            founding.post()
        else {
            return None;
        };
        let within = named.filter(|named| group == Some(named.id) && named.schedules(founding));
        let about = About::gather(facts, id, taken_back);
        let roles = roles(founding, within, &about);
        let founded = EventFields {
            title: Some(title),
            start: Some(start),
            zone: Some(zone),
            minutes: Some(minutes),
            capacity,
            repeat,
            ..EventFields::default()
        };
        let cancelled = about.iter().find(|said| {
            let by_right = roles.right(said.fact, Role::Organizer).is_some();
            said.fact.kind == kind::CANCEL && by_right && said.fact.refs.len() == 1
        });
        let cancelled = cancelled.map(|said| said.fact.id);
        Some(Self { founding, group, founded, split, within, about, roles, cancelled })
    }

    fn is_series(&self) -> bool {
        self.founded.repeat.is_some()
    }

    /// The event itself; of a series what is said of all occurrences.
    pub(super) fn about(&self) -> About<'a> {
        About::clone(&self.about)
    }

    /// One occurrence; `None` if the series has no such, or the event is none.
    pub(super) fn at(&self, occ: &str) -> Option<About<'a>> {
        let is_one = self.is_series() && self.names(&self.now()).iter().any(|name| name == occ);
        is_one.then(|| self.about.at_occurrence(occ))
    }

    fn now(&self) -> EventFields {
        Changes::gather(self.founded.clone(), &self.about, &self.roles).now()
    }

    fn names(&self, now: &EventFields) -> Vec<String> {
        occurrences(self.founded.start.as_deref().unwrap_or_default(), now)
    }

    /// The occurrences that something was said about, by name.
    pub(super) fn special(&self) -> Vec<String> {
        if !self.is_series() {
            return vec![];
        }
        let said = self.about.occurrences();
        let mut names = self.names(&self.now());
        names.retain(|name| said.contains(name.as_str()));
        names
    }

    /// Folds what `about` is about.
    pub(super) fn fold<'b>(&self, net: &NetId, about: &'b About<'b>) -> Option<Folded<'b>> {
        let (id, roles) = (self.founding.id, &self.roles);
        let changes = Changes::gather(self.founded.clone(), about, roles);
        let now = changes.now();
        let guests = Guests::gather(about, roles);
        let lists = seats::lists(about, roles);
        let author = roles.rank_of(&self.founding.author).expect("the author is a root of every event");
        let seating = Seating::of(&lists, roles, &guests, author, (now.capacity, self.split));
        let attendance = Attendance::of(net, id, about, roles, &guests);
        let skipped = about.iter().find(|said| {
            let is_skip = matches!(about.post(said), Some(Post::Skip { .. }));
            is_skip && roles.right(said.fact, Role::Organizer).is_some()
        });
        let skipped = skipped.map(|said| said.fact.id);
        let placed = Lists::of(id, &guests, &changes, roles, &seating, self.split);
        let mut hidden = hide::hidden(about, roles, Role::Host);
        // The event itself is its group's to hide.
        hidden.lines.extend(self.within.and_then(|group| group.hides(&id)));
        hidden.lines.sort_unstable_by_key(|line| line.entry);
        let closed = lists.iter().zip(&roles.principals).filter(|(list, _)| list.closed.is_some());
        let state = EventState {
            occ: about.occ.clone(),
            revision: changes.revision(),
            tips: changes.tips(),
            cancelled: self.cancelled.is_some() || skipped.is_some(),
            hosts: roles.lines(|rank| seating.quotas.as_ref().map(|quotas| quotas[rank])),
            closed: closed.map(|(_, principal)| principal.person.feed).collect(),
            seated: placed.seated,
            waiting: placed.waiting,
            provisional: placed.provisional,
            unranked: placed.unranked,
            released: placed.released,
            maybe: placed.maybe,
            no: placed.no,
            attendance: attendance.lines,
            here: attendance.here,
            hidden: hidden.lines,
            incomplete: attendance.incomplete || changes.incomplete || guests.incomplete || hidden.incomplete,
            ..self.described(now)?
        };
        Some(Folded { guests, lists, seating, skipped, came: attendance.said, state })
    }

    /// The fields of what `about` is about, as if no update that is hidden there counted.
    pub(super) fn shown(&self, about: &About<'_>) -> EventFields {
        let hidden = hide::hidden(about, &self.roles, Role::Host).lines;
        Changes::gather(self.founded.clone(), about, &self.roles).without(&hidden).now()
    }

    /// What the fields say, and nothing yet of who comes.
    fn described(&self, now: EventFields) -> Option<EventState> {
        let is_series = self.is_series();
        Some(EventState {
            id: self.founding.id,
            group: self.group,
            in_group: self.within.is_some(),
            author: self.founding.author.feed,
            title: now.title?,
            start: now.start?,
            zone: now.zone?,
            minutes: now.minutes?,
            all_day: now.all_day.unwrap_or_default(),
            place: now.place.unwrap_or_default(),
            geo: now.geo,
            access: now.access.unwrap_or_default(),
            online: now.online.unwrap_or_default(),
            about: now.about.unwrap_or_default(),
            cost: now.cost.unwrap_or_default(),
            tags: now.tags.unwrap_or_default(),
            questions: now.questions.unwrap_or_default(),
            capacity: now.capacity,
            split: self.split,
            policy: now.policy.unwrap_or_default(),
            party_max: now.party_max,
            opens: now.opens.unwrap_or_default(),
            closes: now.closes.unwrap_or_default(),
            confirm_by: now.confirm_by.unwrap_or_default(),
            cancel_by: now.cancel_by.unwrap_or_default(),
            no_show_max: now.no_show_max.unwrap_or_default(),
            founded_start: self.founded.start.clone().filter(|_| is_series),
            repeat: now.repeat.filter(|_| is_series),
            extra: now.extra.filter(|_| is_series).unwrap_or_default(),
            except: now.except.filter(|_| is_series).unwrap_or_default(),
            occ: None,
            occurrences: vec![],
            revision: 0,
            tips: vec![],
            cancelled: false,
            hosts: vec![],
            closed: vec![],
            seated: vec![],
            waiting: vec![],
            provisional: vec![],
            unranked: vec![],
            released: vec![],
            maybe: vec![],
            no: vec![],
            attendance: vec![],
            here: vec![],
            hidden: vec![],
            incomplete: false,
        })
    }

    /// Every occurrence that something was said about, folded, and the event itself, which lists them.
    pub(super) fn states(&self, net: &NetId) -> Option<(EventState, Vec<EventState>)> {
        let about = self.about();
        let mut state = self.fold(net, &about)?.state;
        let mut occurrences = Vec::new();
        for name in self.special() {
            let about = self.about.at_occurrence(&name);
            occurrences.extend(self.fold(net, &about).map(|folded| folded.state));
        }
        state.occurrences = occurrences.iter().filter_map(OccurrenceLine::of).collect();
        Some((state, occurrences))
    }
}

/// The group's owners and organizers, then the author, then all else: the group's hosts and doors, and
/// whoever was given a role at this event.
fn roles<'a>(founding: &Fact, group: Option<&'a Group<'a>>, about: &About<'_>) -> Roles<'a> {
    let mut people = vec![(founding.author, Role::Owner, Seniority::root(1, Role::Owner, 0, 0))];
    for (place, principal) in (0..).zip(group.map_or(&[][..], |group| &group.roles.principals)) {
        let tier = if principal.role <= Role::Organizer { 0 } else { 2 };
        let seniority = Seniority::root(tier, principal.role, 0, place);
        people.push((principal.person, principal.role, seniority));
    }
    let above = group.map(|group| &group.roles);
    Roles::resolve(Roots { people, tier: 2, silenced: vec![], above }, about)
}

/// Everybody who answered, each on one list.
#[derive(Default)]
struct Lists {
    seated: Vec<SeatLine>,
    waiting: Vec<SeatLine>,
    provisional: Vec<SeatLine>,
    unranked: Vec<SeatLine>,
    released: Vec<SeatLine>,
    maybe: Vec<SeatLine>,
    no: Vec<FeedId>,
}

impl Lists {
    fn of<'a>(
        event: EntryId,
        guests: &Guests<'a>,
        changes: &Changes<'_>,
        roles: &Roles<'_>,
        seating: &Seating,
        split: bool,
    ) -> Self {
        let mut moved = BTreeMap::new(); // Guests by the thousand saw the same few versions.
        let mut line = |guest: &Guest<'_>, wish: &Wish<'a>, place: Option<&Place>| SeatLine {
            feed: guest.feed,
            rsvp: wish.rsvp,
            answer: wish.answer,
            party: place.map_or(wish.party, |place| place.persons),
            asked: place.and_then(|place| guest.asks_more(place.seq, place.persons)),
            by: place.map(|place| roles.principals[place.host].person.feed),
            confirmed: guest.confirmation().is_some(),
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
            match (wish.answer, guest.last_release()) {
                (Answer::Yes, _) if is_ranked => {}
                (Answer::Yes, Some((rank, _))) => {
                    let by = Some(roles.principals[rank].person.feed);
                    lists.released.push(SeatLine { by, ..line(guest, wish, None) });
                }
                (Answer::Yes, None) => unranked.push((lottery(event, &guest.feed), line(guest, wish, None))),
                (Answer::Maybe, _) => lists.maybe.push(line(guest, wish, None)),
                (Answer::No, _) => lists.no.push(guest.feed),
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
pub(super) fn lottery(event: EntryId, guest: &FeedId) -> [u8; 32] {
    Sha256::new()
        .chain_update(LOTTERY_DOMAIN)
        .chain_update(event.as_bytes())
        .chain_update(guest.as_bytes())
        .finalize()
        .into()
}
