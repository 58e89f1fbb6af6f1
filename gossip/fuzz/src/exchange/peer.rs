//! What a hostile peer can say: messages whose parts fit what was asked about as often as not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use arbitrary::Arbitrary;
use klatch_feed::{EntryId, FeedId, ForkProof, NetId, Seq, Unverified, chunk};
use klatch_gossip::sim::author::Author;
use klatch_gossip::sync::Redeemed;
use klatch_gossip::sync::message::{Get, Id8, Message, Mode, Part, Row, Side};

use super::{answer, challenge, heirs, object};

/// Feeds with entries: 1 is the node's own, 2 the peer's; what follows up to 255 has none.
pub(super) const AUTHORS: u8 = 5;

pub(super) fn net() -> NetId {
    NetId::of_name("fuzz")
}

pub(super) fn author(number: u8) -> Author {
    Author::new(net(), u64::from(number))
}

/// The feed of that number.
pub(super) fn feed(number: u8) -> FeedId {
    static FEEDS: LazyLock<Vec<FeedId>> =
        LazyLock::new(|| (0..=255).map(|number| author(number).feed()).collect());
    FEEDS[usize::from(number)]
}

/// Two branches of each author: eight entries, of which 3 and 6 have no good signature, and the same from
/// entry 5 on with another content. Of author 4 the second branch goes apart at entry 3.
static CHAINS: LazyLock<Vec<[Vec<Unverified>; 2]>> = LazyLock::new(|| (0..=AUTHORS).map(chains).collect());

fn chains(number: u8) -> [Vec<Unverified>; 2] {
    let mut author = author(number);
    let grow = |author: &mut Author, chain: &mut Vec<Unverified>, to: usize| {
        while chain.len() < to {
            let refs = if chain.len() % 2 == 0 { vec![object(number)] } else { vec![] };
            chain.push(match chain.len() {
                2 | 5 => author.write_unsigned(40),
                _ => author.write(refs, 40),
            });
        }
    };
    let apart = if number == 4 { 2 } else { 4 };
    let mut first = Vec::new();
    grow(&mut author, &mut first, 8);
    let mut second = first[..apart].to_vec();
    author.go_back(&second, 7);
    grow(&mut author, &mut second, 8);
    [first, second]
}

/// A branch of an author.
pub(super) fn branch(number: u8, is_second: bool) -> &'static [Unverified] {
    &CHAINS[usize::from(number % (AUTHORS + 1))][usize::from(is_second)]
}

/// Some entries of some branch.
#[derive(Arbitrary, Debug)]
pub(super) struct Authored {
    pub(super) author: u8,
    pub(super) is_second: bool,
    first: u8,
    count: u8,
    bodies: bool,
}

impl Authored {
    fn entries(&self) -> &'static [Unverified] {
        let chain = branch(self.author, self.is_second);
        let first = usize::from(self.first) % chain.len();
        &chain[first..(first + 1 + usize::from(self.count) % 8).min(chain.len())]
    }

    pub(super) fn chunk(&self) -> Vec<u8> {
        let entries: Vec<_> = self.entries().iter().collect();
        chunk::encode(&entries, |_| self.bodies)
    }

    /// The beginning of the id before the first.
    pub(super) fn base8(&self) -> Option<Id8> {
        let before = self.entries()[0].header().seq.checked_sub(2)?;
        Some(branch(self.author, self.is_second)[before as usize].id().tip8())
    }
}

/// A place of a want list.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum At {
    /// Where that feed stands.
    Of(u8),
    /// Any.
    Any(u32),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Tip {
    First,
    Second,
    Random(Id8),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) struct Stated {
    at: At,
    len: u8,
    more: Option<u32>,
    tip: Tip,
    cap: Option<u8>,
}

/// A message, or several of a kind.
#[derive(Arbitrary, Debug)]
pub(super) enum Said {
    Resume {
        proto: bool,
        yours: Option<(u8, Tip)>,
    },
    Wants {
        add: Vec<u8>,
        del: Vec<u8>,
    },
    /// So many thousand feeds that nobody holds.
    ManyWants {
        salt: u16,
        thousands: u8,
    },
    Scope(Vec<u8>),
    /// One that fits the last feeds announced, and all that follows it.
    Answer {
        count: u8,
        rows: Vec<Stated>,
    },
    Delta {
        more: bool,
        mine: bool,
        rows: Vec<Stated>,
    },
    Get {
        at: At,
        from: u8,
        to: u32,
        part: u8,
        tip: Tip,
    },
    Chunk {
        at: At,
        what: Option<Authored>,
        right: bool,
    },
    /// A chunk about the feed it is of.
    Fitting {
        what: Authored,
        push: bool,
    },
    Bytes {
        at: At,
        base8: Option<Id8>,
        bytes: Vec<u8>,
        push: bool,
    },
    Push {
        at: At,
        what: Authored,
        right: bool,
    },
    Bodies {
        at: At,
        from: u8,
        bodies: Vec<Option<u8>>,
    },
    IdAt {
        feed: u8,
        seqs: Vec<u8>,
    },
    Ids {
        feed: u8,
        second: Vec<bool>,
        more: Vec<Option<Id8>>,
    },
    Fork(u8),
    ForkBytes(Vec<u8>),
    Succ {
        old: u8,
        number: u8,
    },
    /// So many statements about one feed, or, past the authors, about as many feeds.
    ManySuccs {
        old: u8,
        count: u8,
    },
    SuccBytes {
        signed: Vec<u8>,
        body: Vec<u8>,
    },
    /// How feeds shall come, or how much of them there is.
    Mode {
        rows: Vec<(At, bool, u8)>,
    },
    Have {
        rows: Vec<(At, u8)>,
    },
    Prints {
        mine: bool,
        open: Vec<u8>,
        prints: Vec<u8>,
    },
    About(u8),
    ManyAbouts {
        salt: u16,
        hundreds: u8,
    },
    Hints {
        object: u8,
        feeds: Vec<u8>,
        thousands: u8,
    },
    Redeem(u8),
    Redeemed(u16),
    Door(u8),
    DoorAnswer(u8),
    DoorVerdict(u8, bool),
    Ping,
    Error(u16),
}

/// Where feeds stand in the node's list and in the peer's.
pub(super) struct Places {
    pub(super) node: Vec<FeedId>,
    pub(super) peer: Vec<FeedId>,
}

impl At {
    fn idx(self, list: &[FeedId]) -> u32 {
        match self {
            Self::Of(number) => {
                let wanted = feed(number % (AUTHORS + 1));
                list.iter().rposition(|feed| *feed == wanted).map_or(u32::from(number), |at| at as u32)
            }
            Self::Any(idx) => idx,
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::Of(number) => number,
            Self::Any(_) => 3,
        }
    }
}

impl Tip {
    /// The id at a place of an author's branch, or what was drawn.
    fn id8(self, author: u8, len: Seq) -> Id8 {
        let at = |is_second| {
            let entry = branch(author, is_second).get((len as usize).wrapping_sub(1));
            entry.map_or([9; 8], |entry| entry.id().tip8())
        };
        match self {
            Self::First => at(false),
            Self::Second => at(true),
            Self::Random(id8) => id8,
        }
    }
}

impl Stated {
    fn row(self, list: &[FeedId], side: Side) -> Row {
        let len = self.more.unwrap_or(u32::from(self.len % 12));
        let cap = self.cap.map(|cap| u32::from(cap).max(len));
        let len = if side == Side::Yours && cap.is_none() { len.max(1) } else { len };
        let tip8 = (len > 0).then(|| self.tip.id8(self.at.number(), len));
        Row { idx: self.at.idx(list), len, tip8, cap }
    }
}

fn rows(stated: Vec<Stated>, list: &[FeedId], side: Side) -> Vec<Row> {
    let mut rows: Vec<_> = stated.into_iter().map(|stated| stated.row(list, side)).collect();
    rows.sort_by_key(|row| row.idx);
    rows.dedup_by_key(|row| row.idx);
    rows
}

fn ascending(numbers: Vec<u8>) -> Vec<u32> {
    numbers.into_iter().map(u32::from).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Names that nobody has.
fn nobody(salt: u16, count: usize) -> impl Iterator<Item = [u8; 32]> {
    (0..count as u32).map(move |at| {
        let mut name = [0xee; 32];
        name[..2].copy_from_slice(&salt.to_be_bytes());
        name[2..6].copy_from_slice(&at.to_be_bytes());
        name
    })
}

impl Said {
    pub(super) fn messages(self, places: &Places) -> Vec<Message> {
        vec![match self {
            Self::Resume { proto, yours } => Message::Resume {
                token: None,
                root: None,
                proto: u64::from(!proto),
                want_n: 0,
                yours: yours.map(|(len, tip)| (u32::from(len).max(1), tip.id8(1, len.into()))),
            },
            Self::Wants { add, del } => {
                let add: BTreeSet<_> = add.into_iter().map(feed).collect();
                Message::Wants {
                    root: None,
                    add: add.into_iter().collect::<Vec<_>>().into(),
                    del: ascending(del),
                }
            }
            Self::ManyWants { salt, thousands } => {
                let feeds = nobody(salt, usize::from(thousands % 17) * 1_000);
                Message::Wants {
                    root: None,
                    add: feeds.map(FeedId::new).collect::<Vec<_>>().into(),
                    del: vec![],
                }
            }
            Self::Scope(bitmap) => Message::Scope(Some(bitmap)),
            Self::Answer { count, rows: stated } => {
                let bitmap = vec![0; usize::from(count % 20).div_ceil(8)];
                let rows = rows(stated, &places.node, Side::Yours);
                return vec![
                    Message::Scope(Some(bitmap)),
                    Message::Delta { more: false, side: Side::Yours, rows },
                ];
            }
            Self::Delta { more, mine, rows: stated } => {
                let (side, list) =
                    if mine { (Side::Mine, &places.peer) } else { (Side::Yours, &places.node) };
                Message::Delta { more, side, rows: rows(stated, list, side) }
            }
            Self::Get { at, from, to, part, tip } => {
                let from = u32::from(from).max(1);
                let to = if part & 4 > 0 { to.max(from) } else { from + to % 9 };
                let part = [Part::Entries, Part::Headers, Part::Bodies][usize::from(part % 3)];
                let base8 = (from > 1).then(|| tip.id8(at.number(), from - 1));
                Message::Get(Get { idx: at.idx(&places.peer), from, to, part, base8 })
            }
            Self::Chunk { at, what, right } => {
                let base8 = what.as_ref().map_or(Some([1; 8]), Authored::base8).filter(|_| right);
                Message::Chunk { idx: at.idx(&places.node), base8, chunk: what.map(|what| what.chunk()) }
            }
            Self::Fitting { what, push } => {
                let (idx, base8) = (At::Of(what.author).idx(&places.node), what.base8());
                carry(idx, base8, what.chunk(), push)
            }
            Self::Bytes { at, base8, bytes, push } => carry(at.idx(&places.node), base8, bytes, push),
            Self::Push { at, what, right } => {
                carry(at.idx(&places.node), what.base8().filter(|_| right), what.chunk(), true)
            }
            Self::Bodies { at, from, bodies } => {
                let body = |size: Option<u8>| size.map(|size| vec![b'.'; usize::from(size)]);
                let bodies: Vec<_> = bodies.into_iter().map(body).collect();
                Message::Bodies { idx: at.idx(&places.node), from: u32::from(from), bodies }
            }
            Self::Mode { rows } => {
                let mode = |is_lazy| if is_lazy { Mode::Lazy } else { Mode::Eager };
                let row = |(at, is_lazy, have): &(At, bool, u8)| {
                    (at.idx(&places.peer), (mode(*is_lazy), u32::from(*have)))
                };
                let rows: BTreeMap<_, _> = rows.iter().map(row).collect();
                Message::Mode(rows.into_iter().map(|(idx, (mode, have))| (idx, mode, have)).collect())
            }
            Self::Have { rows } => {
                let row = |(at, len): &(At, u8)| (at.idx(&places.node), u32::from(*len).max(1));
                Message::Have(rows.iter().map(row).collect::<BTreeMap<_, _>>().into_iter().collect())
            }
            Self::Prints { mine, open, prints } => {
                Message::Prints { side: if mine { Side::Mine } else { Side::Yours }, open, prints }
            }
            Self::IdAt { feed: number, seqs } => Message::IdAt { feed: feed(number), seqs: ascending(seqs) },
            other => return other.words(),
        }]
    }

    /// What is about no place of a list.
    fn words(self) -> Vec<Message> {
        vec![match self {
            Self::Ids { feed: number, second, more } => {
                let at = |(at, is_second): (usize, bool)| {
                    branch(number, is_second).get(at).map(|entry| entry.id().tip8())
                };
                let ids = second.into_iter().enumerate().map(at).chain(more).collect();
                Message::Ids { feed: feed(number % (AUTHORS + 1)), ids }
            }
            Self::Fork(number) => Message::Fork(proof(number).encode()),
            Self::ForkBytes(bytes) => Message::Fork(bytes),
            Self::Succ { old, number } => heirs::said(old % (AUTHORS + 2), number),
            Self::ManySuccs { old, count } if old % 2 == 0 => {
                return (0..count % 24).map(|number| heirs::said(old / 2 % (AUTHORS + 1), number)).collect();
            }
            Self::ManySuccs { count, .. } => {
                return (AUTHORS + 1..=count).map(|old| heirs::said(old, 0)).collect();
            }
            Self::SuccBytes { signed, body } => Message::Succ { signed, body },
            Self::About(number) => Message::About(object(number)),
            Self::ManyAbouts { salt, hundreds } => {
                let names = nobody(salt, usize::from(hundreds % 50) * 100);
                return names.map(|name| Message::About(EntryId::new(name))).collect();
            }
            Self::Hints { object: number, feeds, thousands } => {
                let many = nobody(u16::from(thousands), usize::from(thousands % 5) * 1_000).map(FeedId::new);
                let rows = feeds.into_iter().map(feed).chain(many).map(|feed| (feed, 1)).collect();
                Message::Hints { object: object(number), rows }
            }
            Self::Redeem(secret) => Message::Redeem([secret; 16]),
            Self::Redeemed(code) => Message::Redeemed(Redeemed { code, name: "pub".into(), quota: 1 }),
            Self::Door(event) => Message::Door(challenge(event)),
            Self::DoorAnswer(event) => Message::DoorAnswer(answer(event)),
            Self::DoorVerdict(event, is_good) => {
                Message::DoorVerdict(object(event), (!is_good).then(|| "no".into()))
            }
            Self::Error(code) => Message::Error(code),
            _ => Message::Ping,
        }]
    }
}

fn carry(idx: u32, base8: Option<Id8>, chunk: Vec<u8>, push: bool) -> Message {
    match push {
        true => Message::Push { idx, base8, chunk },
        false => Message::Chunk { idx, base8, chunk: Some(chunk) },
    }
}

/// The proof that an author's two branches go apart.
pub(super) fn proof(number: u8) -> ForkProof {
    let [a, b] = [false, true].map(|is_second| branch(number, is_second));
    let apart = a.iter().zip(b).position(|(a, b)| a.id() != b.id()).expect("they do");
    ForkProof::build(&net(), &a[apart..], &b[apart..]).expect("two branches with anchors")
}
