//! How posts become groups and events: a pure function of the **set** of accepted entries.
//!
//! [`Facts`] is a join (a set keyed by entry id, so order and repeats cannot matter); verdicts (who is
//! seated, who waits) are derived on reading. Source: spec/meetup.md.
//!
//! Absent on purpose: clocks and times of receipt (deadlines steer nodes, never the fold), zone data (zones
//! are opaque here), and whatever a view wants beyond the verdicts (names, comments).

mod about;
pub mod agenda;
pub mod attendance;
mod changes;
pub mod cuts;
mod door;
mod event;
mod group;
mod hide;
mod persons;
mod roles;
mod seats;
pub mod series;
pub mod why;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::post::{Answer, Joining, Person, Policy, Role, Schedulers, Silence, kind};
use crate::succession::Lineage;
use crate::{EntryId, FeedId, Kind, NetId, Post, Seq, Verified};
use series::OccurrenceLine;

pub use group::Group;
pub use persons::Persons;

/// One accepted entry as the fold sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fact {
    /// Its id.
    pub id: EntryId,
    /// Its author, as the accepted chain names them.
    pub author: Person,
    /// Its place in the author's log.
    pub seq: Seq,
    /// What.
    pub kind: Kind,
    /// What it points at.
    pub refs: Vec<EntryId>,
    /// Its body; `None` if it is not held.
    pub body: Option<Vec<u8>>,
    /// Above its feed's cap: authentic, but counted only where it founds the group or event itself.
    pub quarantined: bool,
}

impl Fact {
    /// The fact of an accepted entry whose feed starts with `genesis`.
    pub fn of(entry: &Verified, genesis: EntryId) -> Self {
        let h = entry.header();
        Self {
            id: entry.id(),
            author: Person { feed: h.author, genesis },
            seq: h.seq,
            kind: h.kind,
            refs: h.refs.clone(),
            body: entry.body().map(<[u8]>::to_vec),
            quarantined: false,
        }
    }

    fn post(&self) -> Option<Post> {
        Post::read(self.kind, &self.refs, self.body.as_deref())
    }
}

/// A set of facts. What belongs to an event E of group G: E and G themselves, every entry whose first ref is
/// E or G, and every tombstone that refs one of those. More does no harm: the fold passes over it. What belongs
/// to G alone may be folded once for all its events ([`Persons::events`]).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    by_id: BTreeMap<EntryId, Fact>,
    lineage: Arc<Lineage>,
    /// Whose key signed an entry, where that is not the first of its person.
    signers: BTreeMap<EntryId, FeedId>,
}

impl Facts {
    /// Adds one. Adding it again changes nothing, but that a body that is held wins over one that is not,
    /// and a fact that counts over the same one quarantined: so the order of adding cannot matter.
    pub fn insert(&mut self, fact: Fact) {
        match self.by_id.entry(fact.id) {
            Entry::Vacant(place) => _ = place.insert(fact),
            Entry::Occupied(mut place) => {
                let held = place.get_mut();
                held.quarantined &= fact.quarantined;
                held.body = held.body.take().max(fact.body);
            }
        }
    }

    /// All, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Fact> {
        self.by_id.values()
    }

    /// Says who succeeded whom: the valid successions of everybody whose entries or names are in the set, so
    /// those of the first entries that the accepted chains have.
    /// More of them change nothing.
    pub fn set_lineage(&mut self, lineage: impl Into<Arc<Lineage>>) {
        self.lineage = lineage.into();
    }

    /// Folds the group `id`; `None` while its founding entry is unknown or says nothing.
    pub fn group(&self, id: EntryId) -> Option<GroupState> {
        Some(self.persons().group(id)?.state())
    }

    /// Folds the event `id`; `None` while its founding entry is unknown or says nothing. `net` is part of
    /// what a guest signs at the door. Of a series: what holds for all occurrences.
    ///
    /// A pass over the facts, then sorting: about 3 µs an answer, and one signature check (about 0.1 ms) a check-in.
    pub fn event(&self, net: &NetId, id: EntryId) -> Option<EventState> {
        Some(self.events(net, id)?.0)
    }

    /// Folds the event `id` and, of a series, each occurrence that something was said about, soonest first.
    pub fn events(&self, net: &NetId, id: EntryId) -> Option<(EventState, Vec<EventState>)> {
        let persons = self.persons();
        persons.events(net, id, persons.group_of(id).as_ref())
    }

    /// What is shown of the event `id`, or of an occurrence of it: its fields as if no update that is hidden counted;
    /// `None` as for [`Facts::event`], and if there is no such occurrence. Not what the group hides: that is all of it.
    pub fn shown(&self, id: EntryId, occ: Option<&str>) -> Option<crate::post::EventFields> {
        let persons = self.persons();
        let group = persons.group_of(id);
        let event = persons.event(id, group.as_ref())?;
        let about = match occ {
            Some(occ) => event.at(occ)?,
            None => event.about(),
        };
        Some(event.shown(&about))
    }

    fn get(&self, id: &EntryId) -> Option<&Fact> {
        self.by_id.get(id)
    }

    /// Entries that their own author took back, with the key that signed them. Control entries stay: the roles
    /// of others hang on them.
    fn taken_back(&self) -> BTreeSet<EntryId> {
        let counted = self.iter().filter(|fact| fact.kind == kind::TOMBSTONE && !fact.quarantined);
        let mut ids = BTreeSet::new();
        for fact in counted {
            let Some(Post::Tombstone { targets }) = fact.post() else { continue };
            let is_own =
                |target: &Fact| target.author == fact.author && self.signer(target) == self.signer(fact);
            let own =
                |id: &EntryId| self.get(id).is_some_and(|target| is_own(target) && !target.kind.is_control());
            ids.extend(targets.into_iter().filter(own));
        }
        ids
    }
}

impl FromIterator<Fact> for Facts {
    fn from_iter<T: IntoIterator<Item = Fact>>(facts: T) -> Self {
        let mut set = Self::default();
        facts.into_iter().for_each(|f| set.insert(f));
        set
    }
}

/// A group, folded. Equal facts give equal bytes, in CBOR and in JSON.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct GroupState {
    pub id: EntryId,
    pub founder: FeedId,
    pub name: String,
    pub schedulers: Schedulers,
    #[serde(default, skip_serializing_if = "is_default")]
    pub joining: Joining,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence: Option<Silence>,
    /// Everybody with a role, most senior first.
    pub roles: Vec<RoleLine>,
    /// Members, by feed id: who joined last rather than left, and was accepted where that is asked for; and
    /// everybody with a role.
    pub members: Vec<FeedId>,
    /// Who joined and waits to be accepted, by feed id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asking: Vec<FeedId>,
    /// Who has no role and was removed, by feed id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<FeedId>,
    /// What is stated of silent owners, by owner and heir.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silent: Vec<SilentLine>,
    /// Entries that are hidden from everybody, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<HiddenLine>,
    /// Whether its owners say that everybody may read of it on the pages of a pub.
    #[serde(default, skip_serializing_if = "is_default")]
    pub public: bool,
    /// Events that count in it, by id.
    pub events: Vec<EntryId>,
    /// Fold bodies that are missing without a tombstone: outside the promise that all nodes agree.
    pub incomplete: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// That an owner is silent and who is to go on.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct SilentLine {
    pub subject: FeedId,
    pub heir: FeedId,
    /// How many owners say so, and how many owners and members.
    pub owners: u32,
    pub members: u32,
    /// Whether that is enough.
    pub reached: bool,
    pub statements: Vec<EntryId>,
}

/// An entry that is hidden.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct HiddenLine {
    pub entry: EntryId,
    pub by: FeedId,
    /// The post that says so, and why.
    pub hide: EntryId,
}

/// One principal of a group or event.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct RoleLine {
    pub feed: FeedId,
    pub role: Role,
    /// Seats for their own lines, less what they handed on (events; `None` where the event has no limit).
    /// Over all lines these sum up to at most the capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<u32>,
    /// The last entry of theirs that counts, where a senior has cut them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<Seq>,
}

/// An event, folded: what `klatch event show --json` prints.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct EventState {
    pub id: EntryId,
    /// The group its founding entry names.
    pub group: Option<EntryId>,
    /// Whether it counts there: its author had the right to schedule. If not, or while the group's
    /// founding entry is not held, the event stands alone.
    pub in_group: bool,
    pub author: FeedId,
    pub title: String,
    /// Local start, `YYYY-MM-DDTHH:MM`.
    pub start: String,
    pub zone: String,
    pub minutes: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub all_day: bool,
    pub place: String,
    /// Latitude and longitude in millionths of a degree.
    #[serde(default, skip_serializing_if = "is_default")]
    pub geo: Option<(i32, i32)>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub access: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub online: String,
    pub about: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub cost: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub tags: Vec<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub questions: Vec<String>,
    pub capacity: Option<u32>,
    pub split: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub policy: Policy,
    #[serde(default, skip_serializing_if = "is_default")]
    pub party_max: Option<u32>,
    /// Deadlines in minutes before the start; 0 = none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub opens: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub closes: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub confirm_by: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub cancel_by: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub no_show_max: u32,
    /// Of a series: the start that it was founded with, from which its occurrences are counted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub founded_start: Option<String>,
    /// Of a series: its rule.
    #[serde(default, skip_serializing_if = "is_default")]
    pub repeat: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub extra: Vec<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub except: Vec<String>,
    /// The occurrence that this is, by its original local start.
    #[serde(default, skip_serializing_if = "is_default")]
    pub occ: Option<String>,
    /// Of a series: those that something was said about, by name.
    #[serde(default, skip_serializing_if = "is_default")]
    pub occurrences: Vec<OccurrenceLine>,
    /// How many updates count.
    pub revision: u32,
    /// The updates that no other counted update replaces, by id: what a new update or rsvp refs.
    pub tips: Vec<EntryId>,
    pub cancelled: bool,
    /// Everybody with a role, most senior first.
    pub hosts: Vec<RoleLine>,
    /// Hosts who rank nobody more, most senior first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub closed: Vec<FeedId>,
    /// Who has a seat, by feed id; `party` is how many persons it is for.
    pub seated: Vec<SeatLine>,
    /// Who waits, in the list's order.
    pub waiting: Vec<SeatLine>,
    /// Who would have a seat if a host ranked what no host has ranked yet, in lottery order.
    pub provisional: Vec<SeatLine>,
    /// Unranked RSVPs that find no free seat, in lottery order.
    pub unranked: Vec<SeatLine>,
    /// Whose line was given up, by feed id; `by` = the host who did.
    #[serde(default, skip_serializing_if = "is_default")]
    pub released: Vec<SeatLine>,
    /// Who said maybe, by feed id.
    pub maybe: Vec<SeatLine>,
    /// Who said no, by feed id.
    pub no: Vec<FeedId>,
    /// Who arrived, by feed id.
    pub attendance: Vec<AttendanceLine>,
    /// Who says that they are there and no door does, by feed id.
    #[serde(default, skip_serializing_if = "is_default")]
    pub here: Vec<FeedId>,
    /// Entries that are hidden from everybody, by id; the event itself is among them if its group hides it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hidden: Vec<HiddenLine>,
    /// Fold bodies that are missing without a tombstone.
    pub incomplete: bool,
}

/// A guest's last RSVP and its verdict.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct SeatLine {
    pub feed: FeedId,
    pub rsvp: EntryId,
    pub answer: Answer,
    pub party: u32,
    /// For how many the guest asks by a later answer than the line is for, where that is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<u32>,
    /// The host who seated it, or else the most senior who ranked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<FeedId>,
    /// The guest said that they still mean it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirmed: bool,
    /// Time or place changed after this answer was given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
}

/// One person who arrived.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct AttendanceLine {
    pub feed: FeedId,
    /// The doors that countersigned, by feed id.
    pub doors: Vec<FeedId>,
    /// The RSVP checked in; `None` = a walk-in.
    pub rsvp: Option<EntryId>,
    /// How many came, where a door counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persons: Option<u32>,
    /// Came after it had begun.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// Left before the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
}
