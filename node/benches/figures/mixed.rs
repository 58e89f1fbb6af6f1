//! Corpus B: what meetups are made of, so that the fold has its work. 60 % comments, 30 % RSVPs, 5 % seats,
//! and 5 % events and changes of them, over 1,000 events, with refs as the spec asks.

use klatch_feed::post::{Answer, EventFields, Joining, Schedulers};
use klatch_feed::{EntryId, Head, K, NetId, Post, SecretKey, Unverified, Verified, chunk};
use klatch_store::Incoming;

use crate::corpus::{NETWORK, TIME_MS, author};

/// Authors, and events of each.
const AUTHORS: u32 = 100;
const EVENTS_EACH: usize = 10;
/// Posts of each author, by kind: 1,000 in all.
const RSVPS_EACH: usize = 300;
const SEATS_PER_EVENT: usize = 5;
const UPDATES_PER_EVENT: usize = 4;
const COMMENTS_EACH: usize = 600;
/// Entries in all.
pub(crate) const ENTRIES: f64 = 100_000.0;
/// Groups of [`groups`], and polls in each.
const GROUPS: usize = 100;
const POLLS_EACH: usize = 10;

/// Somebody's log as it is written.
pub(crate) struct Writer {
    secret: SecretKey,
    pub(crate) head: Head,
    pub(crate) entries: Vec<Verified>,
}

impl Writer {
    /// Author number `n`, who has said nothing yet.
    pub(crate) fn new(n: u32) -> Self {
        let secret = author(n);
        Self { head: Head::empty(secret.feed()), secret, entries: Vec::new() }
    }

    pub(crate) fn post(&mut self, net: &NetId, post: &Post) -> EntryId {
        let mut nonce = [0; 16];
        nonce[..4].copy_from_slice(&self.head.len.to_be_bytes());
        let draft = post.draft(TIME_MS + u64::from(self.head.len), nonce).expect("it is within all limits");
        let (entry, head) = self.head.sign(net, &self.secret, draft).expect("it is within all limits");
        let id = entry.id();
        self.head = head;
        self.entries.push(entry);
        id
    }
}

/// Its chunks, feed by feed.
pub(crate) fn sign() -> Vec<Incoming> {
    let net = NetId::of_name(NETWORK);
    let mut writers: Vec<Writer> = (0..AUTHORS).map(|n| Writer::new(1_000_000 + n)).collect();
    let mut events = Vec::new();
    for (n, writer) in writers.iter_mut().enumerate() {
        for at in 0..EVENTS_EACH {
            let event = Post::Event {
                group: None,
                title: format!("Evening {at} of {n}"),
                start: format!("2030-{:02}-{:02}T19:00", at % 12 + 1, n % 28 + 1),
                zone: "Europe/Lisbon".into(),
                minutes: 120,
                capacity: Some(20),
                split: false,
                repeat: None,
            };
            events.push((n, writer.post(&net, &event), Vec::new()));
        }
    }
    for (n, writer) in writers.iter_mut().enumerate() {
        for at in 0..RSVPS_EACH {
            let index = (n * 7 + at * 3 + at / 300) % events.len();
            let (_, event, rsvps) = &mut events[index];
            let event = *event;
            let (seen, note) = (Vec::new(), String::new());
            rsvps.push(
                writer
                    .post(&net, &Post::Rsvp { event, seen, answer: Answer::Yes, party: 1, note, occ: None }),
            );
        }
    }
    for (host, event, rsvps) in &events {
        let (event, writer) = (*event, &mut writers[*host]);
        let share = rsvps.len().div_ceil(SEATS_PER_EVENT).max(1);
        for part in rsvps.chunks(share) {
            writer.post(
                &net,
                &Post::Seat { event, lines: part.iter().map(|rsvp| (*rsvp, 1)).collect(), occ: None },
            );
        }
        let mut replaces = Vec::new();
        for at in 0..UPDATES_PER_EVENT {
            let geo = Some((38_000_000 + 10_000 * *host as i32, -9_000_000));
            let fields = EventFields { place: Some(format!("Room {at}")), geo, ..EventFields::default() };
            replaces = vec![
                writer.post(&net, &Post::Update { event, replaces, fields: Box::new(fields), occ: None }),
            ];
        }
    }
    for (n, writer) in writers.iter_mut().enumerate() {
        for at in 0..COMMENTS_EACH {
            let (_, object, _) = events[(n * 13 + at) % events.len()];
            let text = format!("comment {at} of {n}: see you there, and thank you for having us");
            writer.post(&net, &Post::Comment { object, reply: None, text, tone: None });
        }
    }
    writers.iter().flat_map(|writer| chunks(&writer.head, &writer.entries)).collect()
}

/// A series of 200 dates, something of its own said about 16 of them; with the name of the last of those.
pub(crate) fn series() -> (EntryId, String, Vec<Incoming>) {
    let (net, mut host) = (NetId::of_name(NETWORK), Writer::new(1_100_000));
    let event = host.post(
        &net,
        &Post::Event {
            group: None,
            title: "Weekly tea".into(),
            start: "2030-01-01T19:00".into(),
            zone: "Europe/Lisbon".into(),
            minutes: 60,
            capacity: Some(20),
            split: false,
            repeat: Some("FREQ=DAILY;COUNT=200".into()),
        },
    );
    let mut occ = String::new();
    for day in 1..=16 {
        occ = format!("2030-01-{day:02}T19:00");
        let fields = Box::new(EventFields { place: Some(format!("Room {day}")), ..EventFields::default() });
        host.post(&net, &Post::Update { event, replaces: vec![], fields, occ: Some(occ.clone()) });
    }
    (event, occ, chunks(&host.head, &host.entries))
}

/// Groups of one founder, with polls that are open; and their ids.
pub(crate) fn groups() -> (Vec<EntryId>, Vec<Incoming>) {
    let (net, mut founder) = (NetId::of_name(NETWORK), Writer::new(1_200_000));
    let options = ["2030-06-01T19:00", "2030-06-02T19:00"].map(str::to_owned).to_vec();
    let mut ids = Vec::new();
    for at in 0..GROUPS {
        let group = founder.post(
            &net,
            &Post::Group {
                name: format!("Circle {at}"),
                owners: vec![],
                schedulers: Schedulers::Organizers,
                joining: Joining::Open,
                silence: None,
            },
        );
        for asked in 0..POLLS_EACH {
            let (question, options) = (format!("Evening {asked}?"), options.clone());
            founder.post(&net, &Post::Poll { group, question, zone: "UTC".into(), minutes: 60, options });
        }
        ids.push(group);
    }
    (ids, chunks(&founder.head, &founder.entries))
}

/// A feed's entries as chunks that a peer would send.
pub(crate) fn chunks(head: &Head, entries: &[Verified]) -> Vec<Incoming> {
    let mut base8 = None;
    let mut chunks = Vec::new();
    for run in entries.chunks(K as usize) {
        let unverified: Vec<&Unverified> = run.iter().map(|entry| &**entry).collect();
        chunks.push(Incoming { feed: head.feed, base8, chunk: chunk::encode(&unverified, |_| true) });
        base8 = run.last().map(|entry| entry.id().tip8());
    }
    chunks
}
