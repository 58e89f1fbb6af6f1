//! The fold of facts into groups and events.

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::Unstructured;
use klatch_feed::meetup::{Fact, Facts};
use klatch_feed::post::{
    Answer, EventFields, Joining, Person, Role, Schedulers, Silence, StampKind, checkin_message, kind,
};
use klatch_feed::{EntryId, EventState, FeedId, Kind, Post, SecretKey, Seq, codec};
use sha2::{Digest, Sha256};

use crate::{net, part};

const ROLES: [Role; 4] = [Role::Owner, Role::Organizer, Role::Host, Role::Door];
const PEOPLE: u8 = 6;

/// Input: zero and facts as [`encode`] writes them, or any other byte and what a history is drawn from.
pub fn check(bytes: &[u8]) {
    let facts = match bytes.split_first() {
        Some((0, bytes)) => decode(bytes),
        Some((_, bytes)) => history(bytes),
        None => return,
    };
    let straight: Facts = facts.iter().cloned().collect();
    let other = shuffled(&facts, bytes);
    assert_eq!(straight, other, "a set, whatever the order");
    for fact in facts.iter().filter(|fact| [kind::GROUP, kind::EVENT].contains(&fact.kind)) {
        let [a, b] = [&straight, &other].map(|facts| facts.group(fact.id));
        assert_eq!(a.as_ref().map(codec::encode), b.as_ref().map(codec::encode));
        let [a, b] = [&straight, &other].map(|facts| facts.events(&net(), fact.id));
        assert_eq!(a.as_ref().map(codec::encode), b.as_ref().map(codec::encode));
        let Some((event, occurrences)) = a else { continue };
        [event].iter().chain(&occurrences).for_each(laws);
        for who in 0..usize::from(PEOPLE) {
            let why = straight.why(&net(), fact.id, None, secret(who).feed());
            assert!(why.is_some_and(|why| !why.reasons.is_empty()), "every verdict has a reason");
        }
    }
}

/// The same facts in an order that the input's bytes decide, some twice, some at first without a body
/// that nobody had to keep.
fn shuffled(facts: &[Fact], input: &[u8]) -> Facts {
    let place = |fact: &Fact, salt: u8| Sha256::digest([input, fact.id.as_bytes(), &[salt]].concat());
    let mut given: Vec<_> = facts.iter().map(|fact| (place(fact, 0), fact.clone())).collect();
    for fact in facts.iter().filter(|fact| place(fact, 1)[0] < 64) {
        let body = fact.body.clone().filter(|_| fact.kind.is_control());
        given.push((place(fact, 1), Fact { body, ..fact.clone() }));
    }
    given.sort_by_key(|(place, _)| *place);
    given.into_iter().map(|(_, fact)| fact).collect()
}

/// No seat is given twice, whatever anybody wrote.
fn laws(state: &EventState) {
    let persons =
        |lines: &[klatch_feed::meetup::SeatLine]| lines.iter().map(|line| u64::from(line.party)).sum::<u64>();
    if let Some(capacity) = state.capacity.map(u64::from) {
        let quotas: u64 = state.hosts.iter().filter_map(|line| line.quota).map(u64::from).sum();
        assert!(quotas <= capacity, "shares of {quotas} of {capacity}");
        assert!(persons(&state.seated) + persons(&state.provisional) <= capacity, "oversold: {state:?}");
    }
    let lists = [&state.seated, &state.waiting, &state.provisional, &state.unranked, &state.maybe];
    let feeds: Vec<FeedId> =
        lists.into_iter().flatten().map(|line| line.feed).chain(state.no.iter().copied()).collect();
    assert_eq!(feeds.iter().collect::<BTreeSet<_>>().len(), feeds.len(), "one verdict a guest");
}

/// Facts one after another: id, feed, genesis, seq, kind, flags (1: above the cap, 2: the body is held),
/// count of refs, refs, body.
pub fn encode(facts: &[Fact]) -> Vec<u8> {
    let mut out = Vec::new();
    for fact in facts {
        for id in [fact.id.as_bytes(), fact.author.feed.as_bytes(), fact.author.genesis.as_bytes()] {
            out.extend_from_slice(id);
        }
        out.extend_from_slice(&fact.seq.to_be_bytes());
        out.extend_from_slice(&fact.kind.0.to_be_bytes());
        out.push(u8::from(fact.quarantined) | u8::from(fact.body.is_some()) << 1);
        out.push(fact.refs.len() as u8);
        fact.refs.iter().for_each(|id| out.extend_from_slice(id.as_bytes()));
        let body = fact.body.as_deref().unwrap_or_default();
        out.extend_from_slice(&(body.len() as u16).to_be_bytes());
        out.extend_from_slice(body);
    }
    out
}

/// What of it could be accepted: each id once, one chain a feed, control entries with a body.
fn decode(mut bytes: &[u8]) -> Vec<Fact> {
    let (mut ids, mut places, mut roots) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
    let mut facts = Vec::new();
    while let Some(mut fact) = decode_one(&mut bytes) {
        let genesis = *roots.entry(fact.author.feed).or_insert(fact.author.genesis);
        fact.author.genesis = genesis;
        let is_alone = fact.quarantined || places.insert((fact.author.feed, fact.seq));
        let is_distinct = fact.refs.iter().collect::<BTreeSet<_>>().len() == fact.refs.len();
        let fits = fact
            .body
            .as_ref()
            .map_or(!fact.kind.is_control(), |body| body.len() <= fact.kind.body_bytes_max());
        if fact.seq > 0 && is_distinct && fits && is_alone && ids.insert(fact.id) {
            facts.push(fact);
        }
    }
    facts
}

fn decode_one(bytes: &mut &[u8]) -> Option<Fact> {
    let mut id = || {
        let (id, rest) = bytes.split_first_chunk::<32>()?;
        *bytes = rest;
        Some(*id)
    };
    let (entry, feed, genesis) = (id()?, id()?, id()?);
    let (&[s0, s1, s2, s3, k0, k1, flags, count], rest) = bytes.split_first_chunk::<8>()?;
    let (refs, mut rest) = rest.split_at_checked(32 * usize::from(count % 9))?;
    let body = part(&mut rest)?;
    *bytes = rest;
    Some(Fact {
        id: EntryId::new(entry),
        author: Person { feed: FeedId::new(feed), genesis: EntryId::new(genesis) },
        seq: Seq::from_be_bytes([s0, s1, s2, s3]),
        kind: Kind(u16::from_be_bytes([k0, k1])),
        refs: refs.as_chunks::<32>().0.iter().map(|id| EntryId::new(*id)).collect(),
        body: (flags & 2 > 0).then(|| body.to_vec()),
        quarantined: flags & 1 > 0,
    })
}

/// A town of a few people who say things about a group and some events, as the input draws it.
struct Town<'a> {
    input: Unstructured<'a>,
    facts: Vec<Fact>,
    lens: [Seq; PEOPLE as usize],
    caps: [Seq; PEOPLE as usize],
    objects: Vec<EntryId>,
    rsvps: Vec<EntryId>,
    updates: Vec<EntryId>,
}

fn history(bytes: &[u8]) -> Vec<Fact> {
    let (input, facts) = (Unstructured::new(bytes), Vec::new());
    let (objects, rsvps, updates) = (Vec::new(), Vec::new(), Vec::new());
    let caps = [Seq::MAX; PEOPLE as usize];
    let mut town = Town { input, facts, lens: [0; PEOPLE as usize], caps, objects, rsvps, updates };
    let _ = town.live(); // It ends where the input does.
    town.facts
}

fn secret(who: usize) -> SecretKey {
    SecretKey::from_seed(&[who as u8 + 1; 32])
}

/// Whose genesis is entry 1 of nobody's log here: an id made of the name.
fn person(who: usize) -> Person {
    Person { feed: secret(who).feed(), genesis: EntryId::new([who as u8 + 1; 32]) }
}

impl Town<'_> {
    fn live(&mut self) -> arbitrary::Result<()> {
        for cap in &mut self.caps {
            if self.input.ratio(1, 8)? {
                *cap = self.input.int_in_range(0..=16)?;
            }
        }
        for _ in 0..self.input.int_in_range(1..=40)? {
            if self.input.is_empty() {
                break;
            }
            let who = self.who()?;
            let post = self.post()?;
            self.say(who, &post)?;
        }
        Ok(())
    }

    fn say(&mut self, who: usize, post: &Post) -> arbitrary::Result<()> {
        let Ok(draft) = post.draft(1_790_000_000_000, [self.facts.len() as u8; 16]) else { return Ok(()) };
        self.lens[who] += 1;
        let seq = self.lens[who] + 1;
        let id =
            EntryId::new(Sha256::digest([&[who as u8], &draft.body[..], &seq.to_be_bytes()].concat()).into());
        match post {
            Post::Group { .. } | Post::Event { .. } => self.objects.push(id),
            Post::Rsvp { .. } => self.rsvps.push(id),
            Post::Update { .. } => self.updates.push(id),
            _ => {}
        }
        let is_held = draft.kind.is_control() || !self.input.ratio(1, 16)?;
        self.facts.push(Fact {
            id,
            author: person(who),
            seq,
            kind: draft.kind,
            refs: draft.refs,
            body: is_held.then_some(draft.body),
            quarantined: seq > self.caps[who],
        });
        Ok(())
    }

    fn who(&mut self) -> arbitrary::Result<usize> {
        Ok(usize::from(self.input.int_in_range(0..=PEOPLE - 1)?))
    }

    /// One of these, or where there is none an id that nobody holds.
    fn one_of(&mut self, ids: &[EntryId]) -> arbitrary::Result<EntryId> {
        if ids.is_empty() { Ok(EntryId::new([0xee; 32])) } else { self.input.choose(ids).copied() }
    }

    fn object(&mut self) -> arbitrary::Result<EntryId> {
        let objects = self.objects.clone();
        self.one_of(&objects)
    }

    fn some_of(&mut self, ids: &[EntryId], most: usize) -> arbitrary::Result<Vec<EntryId>> {
        let mut chosen = BTreeSet::new();
        for _ in 0..self.input.int_in_range(0..=most)? {
            chosen.insert(self.one_of(ids)?);
        }
        Ok(chosen.into_iter().collect())
    }

    fn post(&mut self) -> arbitrary::Result<Post> {
        let (rsvps, updates) = (self.rsvps.clone(), self.updates.clone());
        Ok(match self.input.int_in_range(0..=16)? {
            0 => Post::Group {
                name: "Tea".into(),
                owners: if self.input.ratio(1, 2)? { vec![person(self.who()?)] } else { vec![] },
                schedulers: *self.input.choose(&[Schedulers::Organizers, Schedulers::Members])?,
                joining: *self.input.choose(&[Joining::Open, Joining::Approval])?,
                silence: self.input.ratio(1, 2)?.then_some(Silence { owners: 1, members: 2 }),
            },
            1 => Post::Event {
                group: if self.input.ratio(1, 2)? { Some(self.object()?) } else { None },
                title: "First".into(),
                start: "2026-12-01T18:30".into(),
                zone: "Europe/Lisbon".into(),
                minutes: 90,
                capacity: if self.input.ratio(3, 4)? { Some(self.input.int_in_range(1..=9)?) } else { None },
                split: self.input.ratio(1, 4)?,
                repeat: self.input.ratio(1, 4)?.then(|| "FREQ=WEEKLY;COUNT=3".into()),
            },
            2 => Post::Join { group: self.object()? },
            3 => Post::Leave { group: self.object()? },
            4 => {
                let role = *self.input.choose(&ROLES)?;
                let quota = if role == Role::Door { 0 } else { self.input.int_in_range(0..=9)? };
                let (lifts, from_seq) = self.lifts()?;
                Post::Grant {
                    object: self.object()?,
                    subject: person(self.who()?),
                    role,
                    quota,
                    lifts,
                    from_seq,
                }
            }
            5 => {
                let cut_seq = self.input.int_in_range(0..=9)?;
                let ids: Vec<_> = self.facts.iter().map(|fact| fact.id).collect();
                let cut_id = if cut_seq > 0 { Some(self.one_of(&ids)?) } else { None };
                Post::Revoke { object: self.object()?, subject: person(self.who()?), cut_seq, cut_id }
            }
            6 | 7 => Post::Rsvp {
                event: self.object()?,
                seen: self.some_of(&updates, 2)?,
                answer: *self.input.choose(&[Answer::Yes, Answer::Yes, Answer::No, Answer::Maybe])?,
                party: self.input.int_in_range(1..=4)?,
                note: String::new(),
                occ: self.occ()?,
            },
            8 | 9 => {
                let lines = self.some_of(&rsvps, 4)?;
                let line = |id: EntryId| Ok((id, self.input.int_in_range(1..=4)?));
                let lines = lines.into_iter().map(line).collect::<arbitrary::Result<_>>()?;
                Post::Seat { event: self.object()?, lines, occ: self.occ()? }
            }
            10 => Post::Update {
                event: self.object()?,
                replaces: self.some_of(&updates, 2)?,
                fields: Box::new(EventFields {
                    capacity: Some(self.input.int_in_range(1..=9)?),
                    place: Some("Bar".into()).filter(|_| self.input.ratio(1, 2).unwrap_or(false)),
                    ..EventFields::default()
                }),
                occ: self.occ()?,
            },
            11 => {
                let ids: Vec<_> = self.facts.iter().map(|fact| fact.id).collect();
                Post::Tombstone { targets: self.some_of(&ids, 3)? }
            }
            12 => self.check_in(&rsvps)?,
            _ => self.rarer(&rsvps)?,
        })
    }

    /// An occurrence of a series, or none, or a name that is none.
    fn occ(&mut self) -> arbitrary::Result<Option<String>> {
        let names = [None, None, Some("2026-12-08T18:30"), Some("2026-12-09T18:30")];
        Ok(self.input.choose(&names)?.map(str::to_owned))
    }

    fn lifts(&mut self) -> arbitrary::Result<(Vec<EntryId>, Option<Seq>)> {
        let ids: Vec<_> =
            self.facts.iter().filter(|fact| fact.kind == kind::REVOKE).map(|fact| fact.id).collect();
        let lifts = if self.input.ratio(1, 2)? { self.some_of(&ids, 2)? } else { vec![] };
        let from = self.input.int_in_range(1..=9)?;
        let from_seq = (!lifts.is_empty()).then_some(from);
        Ok((lifts, from_seq))
    }

    fn rarer(&mut self, rsvps: &[EntryId]) -> arbitrary::Result<Post> {
        let ids: Vec<_> = self.facts.iter().map(|fact| fact.id).collect();
        let (object, one, occ) = (self.object()?, self.one_of(&ids)?, self.occ()?);
        Ok(match self.input.int_in_range(0..=10)? {
            0 => Post::Release { event: object, rsvps: vec![self.one_of(rsvps)?], occ },
            1 => Post::Close { event: object, occ },
            2 => Post::Confirm { event: object, rsvp: self.one_of(rsvps)?, occ },
            3 => Post::Skip { event: object, occ: occ.unwrap_or_else(|| "2026-12-01T18:30".into()) },
            4 => Post::Stamp { event: object, guest: secret(self.who()?).feed(), what: StampKind::Late, occ },
            5 => {
                let (lifts, from_seq) = self.lifts()?;
                Post::Accept { group: object, subject: person(self.who()?), lifts, from_seq }
            }
            6 => Post::Endorse { object, entries: vec![one] },
            7 => {
                let cut_seq = self.input.int_in_range(0..=9)?;
                let cut_id = (cut_seq > 0).then_some(one);
                let (subject, heir) = (person(self.who()?), person(self.who()?));
                Post::Silent { group: object, subject, heir, cut_seq, cut_id }
            }
            8 => Post::Present { group: object, statements: vec![one] },
            9 => Post::Public { group: object, on: self.input.ratio(3, 4)? },
            _ => {
                Post::Hide { object, entries: vec![one], on: self.input.ratio(3, 4)?, reason: String::new() }
            }
        })
    }

    fn check_in(&mut self, rsvps: &[EntryId]) -> arbitrary::Result<Post> {
        let (event, door, guest, signer) = (self.object()?, self.who()?, self.who()?, self.who()?);
        let rsvp = if self.input.ratio(1, 2)? { Some(self.one_of(rsvps)?) } else { None };
        let nonce = [5; 16];
        let message = checkin_message(&net(), &event, None, &secret(door).feed(), &nonce, rsvp.as_ref());
        let signature = secret(signer).sign(&[&message]);
        Ok(Post::Checkin {
            event,
            guest: secret(guest).feed(),
            nonce,
            rsvp,
            signature,
            persons: None,
            occ: None,
        })
    }
}
