//! Eight people with real keys and logs, who say things; and what the fold makes of it, in words.

use klatch_feed::meetup::{Fact, Facts, SeatLine};
use klatch_feed::post::{Answer, EventFields, Person, Role, Schedulers, checkin_message};
use klatch_feed::{
    EntryId, EventState, FeedId, GroupState, Head, Lineage, NetId, Post, SecretKey, Seq, Succession, Verified,
};

pub(crate) const NAMES: [&str; 8] = ["ana", "ben", "cai", "dee", "eli", "fay", "gus", "hoa"];
pub(crate) const ANA: usize = 0;
pub(crate) const BEN: usize = 1;
pub(crate) const CAI: usize = 2;
pub(crate) const DEE: usize = 3;
pub(crate) const ELI: usize = 4;
pub(crate) const FAY: usize = 5;
pub(crate) const GUS: usize = 6;
pub(crate) const HOA: usize = 7;

/// Somebody's log.
pub(crate) struct Log {
    pub(crate) secret: SecretKey,
    pub(crate) entries: Vec<Verified>,
    head: Head,
}

pub(crate) struct Town {
    pub(crate) net: NetId,
    pub(crate) logs: Vec<Log>,
    /// Who went on as whom.
    pub(crate) successions: Vec<Succession>,
    said: u64,
}

impl Town {
    /// Everybody has said who they are: the next entry of each is 2.
    pub(crate) fn new() -> Self {
        let log = |n: u8| {
            let secret = SecretKey::from_seed(&[n + 1; 32]);
            Log { head: Head::empty(secret.feed()), secret, entries: vec![] }
        };
        let logs = (0..8).map(log).collect();
        let mut town = Self { net: NetId::of_name("test"), logs, successions: vec![], said: 0 };
        for who in 0..8 {
            town.say(who, &Post::Genesis { recovery: [9; 32], succeeds: None });
        }
        town
    }

    pub(crate) fn say(&mut self, who: usize, post: &Post) -> EntryId {
        self.said += 1;
        let mut salt = [0; 16];
        salt[..8].copy_from_slice(&self.said.to_be_bytes());
        let draft = post.draft(1_790_000_000_000 + self.said, salt).unwrap();
        let log = &mut self.logs[who];
        let (entry, head) = log.head.sign(&self.net, &log.secret, draft).unwrap();
        let id = entry.id();
        log.entries.push(entry);
        log.head = head;
        id
    }

    pub(crate) fn feed(&self, who: usize) -> FeedId {
        self.logs[who].secret.feed()
    }

    pub(crate) fn person(&self, who: usize) -> Person {
        Person { feed: self.feed(who), genesis: self.logs[who].entries[0].id() }
    }

    /// The place of somebody's last entry.
    pub(crate) fn len(&self, who: usize) -> Seq {
        self.logs[who].head.len
    }

    pub(crate) fn group(&mut self, who: usize, owners: &[usize], schedulers: Schedulers) -> EntryId {
        let owners = owners.iter().map(|who| self.person(*who)).collect();
        self.say(
            who,
            &Post::Group {
                name: "Rust Lisbon".into(),
                owners,
                schedulers,
                joining: Default::default(),
                silence: None,
            },
        )
    }

    pub(crate) fn event(&mut self, who: usize, group: Option<EntryId>, capacity: Option<u32>) -> EntryId {
        self.event_split(who, group, capacity, false)
    }

    pub(crate) fn event_split(
        &mut self,
        who: usize,
        group: Option<EntryId>,
        capacity: Option<u32>,
        split: bool,
    ) -> EntryId {
        let (title, start, zone) =
            ("First evening".into(), "2026-12-01T18:30".into(), "Europe/Lisbon".into());
        self.say(who, &Post::Event { group, title, start, zone, minutes: 120, capacity, split, repeat: None })
    }

    pub(crate) fn series(&mut self, who: usize, capacity: Option<u32>, split: bool, rule: &str) -> EntryId {
        let (title, start, zone) = ("Evenings".into(), "2026-12-01T18:30".into(), "Europe/Lisbon".into());
        let repeat = Some(rule.to_owned());
        self.say(who, &Post::Event { group: None, title, start, zone, minutes: 120, capacity, split, repeat })
    }

    pub(crate) fn rsvp(&mut self, who: usize, event: EntryId, answer: Answer, party: u32) -> EntryId {
        self.say(who, &Post::Rsvp { event, seen: vec![], answer, party, note: String::new(), occ: None })
    }

    pub(crate) fn yes(&mut self, who: usize, event: EntryId) -> EntryId {
        self.rsvp(who, event, Answer::Yes, 1)
    }

    pub(crate) fn no(&mut self, who: usize, event: EntryId) -> EntryId {
        self.rsvp(who, event, Answer::No, 1)
    }

    pub(crate) fn seat(&mut self, who: usize, event: EntryId, lines: &[(EntryId, u32)]) -> EntryId {
        self.say(who, &Post::Seat { event, lines: lines.to_vec(), occ: None })
    }

    /// Ranks each of these for one person.
    pub(crate) fn admit(&mut self, who: usize, event: EntryId, rsvps: &[EntryId]) -> EntryId {
        let lines: Vec<_> = rsvps.iter().map(|rsvp| (*rsvp, 1)).collect();
        self.seat(who, event, &lines)
    }

    pub(crate) fn grant(
        &mut self,
        who: usize,
        object: EntryId,
        to: usize,
        role: Role,
        quota: u32,
    ) -> EntryId {
        let subject = self.person(to);
        self.say(who, &Post::Grant { object, subject, role, quota, from_seq: None, lifts: vec![] })
    }

    /// Honours what `of` said up to `cut_seq`.
    pub(crate) fn revoke(&mut self, who: usize, object: EntryId, of: usize, cut_seq: Seq) -> EntryId {
        let cut_id = cut_seq.checked_sub(1).map(|at| self.logs[of].entries[at as usize].id());
        let subject = self.person(of);
        self.say(who, &Post::Revoke { object, subject, cut_seq, cut_id })
    }

    pub(crate) fn update(
        &mut self,
        who: usize,
        event: EntryId,
        replaces: &[EntryId],
        fields: EventFields,
    ) -> EntryId {
        let (replaces, fields) = (replaces.to_vec(), Box::new(fields));
        self.say(who, &Post::Update { event, replaces, fields, occ: None })
    }

    pub(crate) fn capacity(&mut self, who: usize, event: EntryId, replaces: &[EntryId], to: u32) -> EntryId {
        self.update(who, event, replaces, EventFields { capacity: Some(to), ..EventFields::default() })
    }

    pub(crate) fn take_back(&mut self, who: usize, target: EntryId) -> EntryId {
        self.say(who, &Post::Tombstone { targets: vec![target] })
    }

    /// The whole check-in of `guest` at `door`, as the door writes it down.
    pub(crate) fn check_in(
        &mut self,
        door: usize,
        guest: usize,
        event: EntryId,
        rsvp: Option<EntryId>,
    ) -> EntryId {
        let post = self.signed(guest, door, guest, event, rsvp);
        self.say(door, &post)
    }

    /// `signer` answers the challenge of `door`, and the post says that it was `guest`.
    pub(crate) fn signed(
        &self,
        signer: usize,
        door: usize,
        guest: usize,
        event: EntryId,
        rsvp: Option<EntryId>,
    ) -> Post {
        let nonce = [5; 16];
        let message = checkin_message(&self.net, &event, None, &self.feed(door), &nonce, rsvp.as_ref());
        let signature = self.logs[signer].secret.sign(&[&message]);
        Post::Checkin { event, guest: self.feed(guest), nonce, rsvp, signature, occ: None, persons: None }
    }

    /// A check-in at one occurrence of a series, without an answer.
    pub(crate) fn check_in_post(&self, door: usize, guest: usize, event: EntryId, occ: Option<&str>) -> Post {
        let nonce = [5; 16];
        let message = checkin_message(&self.net, &event, occ, &self.feed(door), &nonce, None);
        let signature = self.logs[guest].secret.sign(&[&message]);
        let (guest, occ) = (self.feed(guest), occ.map(str::to_owned));
        Post::Checkin { event, guest, nonce, rsvp: None, signature, occ, persons: None }
    }

    pub(crate) fn check_in_at(&mut self, door: usize, guest: usize, event: EntryId, occ: Option<&str>) {
        let post = self.check_in_post(door, guest, event, occ);
        self.say(door, &post);
    }

    /// Every entry of everybody.
    pub(crate) fn all(&self) -> Vec<Fact> {
        self.logs
            .iter()
            .flat_map(|log| log.entries.iter().map(|e| Fact::of(e, log.entries[0].id())))
            .collect()
    }

    /// `who` goes on as `heir` after entry `keep`.
    pub(crate) fn goes_on(&mut self, who: usize, keep: Seq, heir: usize) {
        self.successions.push(Succession { old: self.person(who), keep, new: self.person(heir) });
    }

    pub(crate) fn facts(&self) -> Facts {
        let mut facts = Facts::from_iter(self.all());
        facts.set_lineage(Lineage::new(self.successions.iter().copied()));
        facts
    }

    pub(crate) fn event_state(&self, event: EntryId) -> EventState {
        self.facts().event(&self.net, event).unwrap()
    }

    pub(crate) fn group_state(&self, group: EntryId) -> GroupState {
        self.facts().group(group).unwrap()
    }

    pub(crate) fn name(&self, feed: &FeedId) -> &'static str {
        NAMES[(0..8).find(|who| self.feed(*who) == *feed).unwrap()]
    }

    /// The lists that are not empty, as `seated ana 2, ben; waiting cai`: names in the list's order, but
    /// seated, maybe and no by name, since feed ids mean nothing to a reader.
    pub(crate) fn lists(&self, event: EntryId) -> String {
        self.lists_of(&self.event_state(event))
    }

    pub(crate) fn lists_of(&self, state: &EventState) -> String {
        let line = |line: &SeatLine| match line.party {
            1 => self.name(&line.feed).to_owned(),
            party => format!("{} {party}", self.name(&line.feed)),
        };
        let ordered = |lines: &[SeatLine]| lines.iter().map(line).collect::<Vec<_>>();
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        let lists = [
            ("seated", sorted(ordered(&state.seated))),
            ("waiting", ordered(&state.waiting)),
            ("provisional", sorted(ordered(&state.provisional))),
            ("unranked", sorted(ordered(&state.unranked))),
            ("released", sorted(ordered(&state.released))),
            ("maybe", sorted(ordered(&state.maybe))),
            ("no", sorted(state.no.iter().map(|feed| self.name(feed).to_owned()).collect())),
        ];
        let filled = lists.into_iter().filter(|(_, names)| !names.is_empty());
        filled.map(|(list, names)| format!("{list} {}", names.join(", "))).collect::<Vec<_>>().join("; ")
    }

    /// The hosts' lines as `ana owner 3, ben host 2 cut 5`, the most senior first.
    pub(crate) fn roles(&self, lines: &[klatch_feed::meetup::RoleLine]) -> String {
        let line = |line: &klatch_feed::meetup::RoleLine| {
            let role = format!("{:?}", line.role).to_lowercase();
            let quota = line.quota.map(|quota| format!(" {quota}")).unwrap_or_default();
            let cut = line.cut.map(|cut| format!(" cut {cut}")).unwrap_or_default();
            format!("{} {role}{quota}{cut}", self.name(&line.feed))
        };
        lines.iter().map(line).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn names(&self, feeds: &[FeedId]) -> String {
        let mut names: Vec<_> = feeds.iter().map(|feed| self.name(feed)).collect();
        names.sort_unstable();
        names.join(", ")
    }
}
