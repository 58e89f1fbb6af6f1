//! Hostile text, signed by a peer's own key, in every field that people write: harmless in a terminal, a calendar,
//! a table, a news feed and linked data.

use klatch::foreign::is_unsafe;
use klatch_feed::chunk;
use klatch_feed::entry::EntryError;
use klatch_feed::post::{Answer, EventFields, Joining, Schedulers, Tone};
use klatch_feed::{EntryId, Head, NetId, Post, SecretKey, Verified};
use quick_xml::events::Event as Xml;

use crate::fresh::Fresh;

/// What a peer may sign in a line. In texts of several lines more is allowed, and put around it.
const LINES: [&str; 9] = [
    "\u{202e}txet\u{2066}\u{200f}",
    "=HYPERLINK(\"http://example.org\",\"x\")",
    "@SUM(A1)",
    "BEGIN:VEVENT",
    "]]></title><script>alert(1)</script><!--",
    "javascript:alert(1)",
    "a\\nb;c,d:e\"f'g$(id)`id`",
    "\u{feff}\u{fffe}\u{ffff}\u{ad}",
    "&amp;&lt;&#27;%1b[2J\\x1b[2J\\u001b[2J",
];

/// Somebody whose program signs anything.
struct Peer {
    net: NetId,
    secret: SecretKey,
    head: Head,
    entries: Vec<Verified>,
}

impl Peer {
    fn new() -> Self {
        let secret = SecretKey::from_seed(&[77; 32]);
        let head = Head::empty(secret.feed());
        let mut peer = Self { net: NetId::of_name("klatch"), secret, head, entries: Vec::new() };
        peer.say(&Post::Genesis { recovery: [1; 32], succeeds: None });
        peer
    }

    fn say(&mut self, post: &Post) -> EntryId {
        self.say_instead(post, b"", b"")
    }

    /// Signs a post, with some bytes of its body replaced by others that no program of ours would sign.
    fn say_instead(&mut self, post: &Post, ours: &[u8], theirs: &[u8]) -> EntryId {
        let mut draft = post.draft(1_790_000_000_000, [7; 16]).unwrap();
        assert_eq!(ours.len(), theirs.len(), "the body stays canonical");
        if !ours.is_empty() {
            let at = draft.body.windows(ours.len()).position(|bytes| bytes == ours).unwrap();
            draft.body[at..at + ours.len()].copy_from_slice(theirs);
        }
        let (entry, head) = self.head.sign(&self.net, &self.secret, draft).unwrap();
        self.head = head;
        let id = entry.id();
        self.entries.push(entry);
        id
    }

    /// Their log as an export file: spec/files.md.
    fn file(&self) -> Vec<u8> {
        let entries: Vec<_> = self.entries.iter().map(|entry| &**entry).collect();
        let chunk = chunk::encode(&entries, |_| true);
        let length = u32::try_from(chunk.len()).unwrap().to_be_bytes();
        let feed = self.secret.feed();
        let start: [&[u8]; 5] =
            [b"klatch/export/1\0", self.net.as_bytes(), feed.as_bytes(), &length, &[0; 8]];
        [start.concat(), chunk].concat()
    }
}

fn event(group: Option<EntryId>, title: &str, repeat: Option<&str>) -> Post {
    Post::Event {
        group,
        title: title.to_owned(),
        start: "2126-12-05T18:30".to_owned(),
        zone: "Europe/Lisbon".to_owned(),
        minutes: 60,
        capacity: None,
        split: false,
        repeat: repeat.map(str::to_owned),
    }
}

/// Every text that a peer can put somewhere, all of them `line`. Returns the group and the event.
fn scene(peer: &mut Peer, line: &str) -> (EntryId, EntryId) {
    let said = || line.to_owned();
    let text = format!("\t{line}\n{line}\n=1\nBEGIN:VEVENT\n");
    let links = vec![said()];
    peer.say(&Post::Profile { name: said(), about: text.clone(), links });
    let schedulers = Schedulers::Organizers;
    let group =
        Post::Group { name: said(), owners: vec![], schedulers, joining: Joining::default(), silence: None };
    let group = peer.say(&group);
    let event = peer.say(&event(Some(group), line, Some("FREQ=WEEKLY;COUNT=3")));
    let fields = EventFields {
        place: Some(said()),
        access: Some(text.clone()),
        online: Some(said()),
        about: Some(text.clone()),
        cost: Some(said()),
        tags: Some(vec![line.chars().take(8).collect()]),
        questions: Some(vec![said()]),
        ..EventFields::default()
    };
    let (replaces, fields) = (vec![], Box::new(fields));
    peer.say(&Post::Update { event, replaces: replaces.clone(), fields: fields.clone(), occ: None });
    let occ = Some("2126-12-12T18:30".to_owned());
    let fields = Box::new(EventFields { title: Some(said()), ..*fields });
    peer.say(&Post::Update { event, replaces, fields, occ });
    for object in [group, event] {
        for tone in [None, Some(Tone::Announcement), Some(Tone::Thanks)] {
            peer.say(&Post::Comment { object, reply: None, text: text.clone(), tone });
        }
    }
    let (seen, answer) = (vec![], Answer::Yes);
    peer.say(&Post::Rsvp { event, seen, answer, party: 1, note: said(), occ: None });
    (group, event)
}

/// What a terminal would show of all that the commands print.
fn check_terminal(home: &Fresh, group: &str, event: &str, feed: &str) {
    for args in [
        &["event", "show", event][..],
        &["event", "list", "--all"],
        &["event", "list"],
        &["group", "show", group],
        &["group", "list"],
        &["follows"],
        &["log", feed],
        &["event", "share", event],
        &["rsvp", event, "yes"],
        &["comment", event, "hello"],
    ] {
        let ended = home.run(args);
        let shown = format!("{}{}", ended.out, ended.err);
        let bad = shown.chars().find(|c| is_unsafe(*c) && *c != '\n');
        assert_eq!(bad, None, "klatch {args:?} prints {shown:?}");
        assert!(!shown.contains("panicked"), "{shown}");
    }
}

fn check_calendar(text: &str) {
    let lines: Vec<_> = text.split("\r\n").collect();
    assert!(
        lines.iter().all(|line| line.len() <= 75 && !line.contains(|c| is_unsafe(c) && c != '\t')),
        "{text}"
    );
    let count = |start: &str| lines.iter().filter(|line| line.starts_with(start)).count();
    assert_eq!((count("BEGIN:VCALENDAR"), count("END:VCALENDAR")), (1, 1), "{text}");
    assert_eq!(
        (count("BEGIN:VEVENT"), count("END:VEVENT")),
        (2, 2),
        "the series and what is changed: {text}"
    );
    assert_eq!((count("URL"), count("ATTACH"), count("BEGIN:VALARM")), (0, 0, 0), "{text}");
}

fn check_table(text: &str) {
    let mut table = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let rows: Vec<_> = table.records().map(Result::unwrap).collect();
    assert!(rows.len() >= 2, "{text}");
    for cell in rows.iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !cell.contains(is_unsafe), "{cell:?}");
    }
}

fn check_feed(text: &str) {
    let known = [
        "feed",
        "id",
        "title",
        "updated",
        "published",
        "author",
        "name",
        "generator",
        "entry",
        "category",
        "content",
        "link",
    ];
    assert!(!text.contains(|c| is_unsafe(c) && !matches!(c, '\n' | '\t')), "{text:?}");
    let mut reader = quick_xml::Reader::from_str(text);
    loop {
        match reader.read_event().unwrap() {
            Xml::Eof => break,
            Xml::Start(tag) | Xml::Empty(tag) => {
                let name = String::from_utf8(tag.name().as_ref().to_vec()).unwrap();
                assert!(known.contains(&&name[..]), "{name} in {text}");
                assert!(name != "link", "nothing here is an address on the web: {text}");
            }
            Xml::End(_) | Xml::Text(_) | Xml::Decl(_) | Xml::GeneralRef(_) => {}
            other => panic!("{other:?} in {text}"),
        }
    }
}

fn check_linked(text: &str) {
    assert!(!text.contains(['<', '>', '&']), "{text}");
    assert!(!text.contains(|c| is_unsafe(c) && c != '\n'), "{text:?}");
    let object: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(object["subEvent"].as_array().unwrap().len(), 3);
    assert!(!text.contains("\"url\""), "{text}");
}

#[test]
fn hostile_text_of_a_peer_is_harmless_in_every_output() {
    for line in LINES {
        let mut peer = Peer::new();
        let (group, event) = scene(&mut peer, line);
        let home = Fresh::named("Ana");
        let file = home.beside("peer.klatch");
        std::fs::write(&file, peer.file()).unwrap();
        let feed = peer.secret.feed().to_string();
        home.ok(&["import", file.to_str().unwrap()]);
        home.ok(&["follow", &feed]);
        let (group, event) = (group.to_string(), event.to_string());
        check_terminal(&home, &group, &event, &feed);
        check_calendar(&home.ok(&["export", "ics", &event]));
        check_table(&home.ok(&["export", "csv", &event]));
        check_feed(&home.ok(&["export", "atom", &group]));
        check_linked(&home.ok(&["export", "jsonld", &event]));
    }
}

#[test]
fn control_bytes_that_a_peer_signs_say_nothing_and_are_shown_by_no_command() {
    let mut peer = Peer::new();
    let (group, event) = scene(&mut peer, "Tea");
    let (ours, theirs) = ("AAAAAAAAAA", "\x1b[2J\x07\r\x08\x00\x7fA");
    let silent = peer.say_instead(&self::event(None, ours, None), ours.as_bytes(), theirs.as_bytes());
    let about = EventFields { about: Some(ours.to_owned()), ..EventFields::default() };
    let update = Post::Update { event, replaces: vec![], fields: Box::new(about), occ: None };
    peer.say_instead(&update, ours.as_bytes(), theirs.as_bytes());
    let profile = Post::Profile { name: ours.to_owned(), about: String::new(), links: vec![] };
    peer.say_instead(&profile, ours.as_bytes(), theirs.as_bytes());
    let home = Fresh::named("Ana");
    let file = home.beside("peer.klatch");
    std::fs::write(&file, peer.file()).unwrap();
    home.ok(&["import", file.to_str().unwrap()]);
    home.fails(&["event", "show", &silent.to_string()], 3, &["nothing matches"]);
    let about = home.json(&["event", "show", &event.to_string()])["about"].clone();
    assert!(about.as_str().unwrap().starts_with("\tTea"), "{about}");
    check_terminal(&home, &group.to_string(), &event.to_string(), &peer.secret.feed().to_string());
}

#[test]
fn a_title_of_100_kilobytes_is_in_no_entry() {
    let peer = Peer::new();
    let mut draft = event(None, "Tea", None).draft(0, [7; 16]).unwrap();
    draft.body = vec![b'A'; 100_000];
    let signed = peer.head.sign(&peer.net, &peer.secret, draft);
    assert!(matches!(signed, Err(EntryError::Size(100_000))));
}
