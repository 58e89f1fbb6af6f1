//! Messages: bytes to [`Message`] and back, within limits.
//!
//! Every message is one canonical CBOR array whose first item is its number. What a message means for an
//! exchange, and whether it may come now, is not decided here. Numbers that are reserved pass as
//! [`Message::Ignored`].
//! Source: spec/gossip.md, "messages".

mod read;

use klatch_feed::codec;
use klatch_feed::{EntryId, FeedId, Seq};
use serde_bytes::{ByteArray, ByteBuf, Bytes};

use super::{Challenge, DoorAnswer, Redeemed};

/// Longest message, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// Most feeds added, and most removed, by one `Wants`.
pub const WANTS_MAX: usize = 16_384;
/// Most rows in one `Delta`.
pub const DELTA_ROWS_MAX: usize = 16_384;
/// Most places in one `IdAt`.
pub const IDS_MAX: usize = 64;
/// Most bodies in one `Bodies`.
pub const BODIES_MAX: usize = 256;
/// Most rows in one answer to `About`.
pub const HINTS_MAX: usize = 4_096;
/// Longest name of a pub, and longest word of a door, in bytes.
pub const TEXT_BYTES_MAX: usize = 200;

/// The version of the protocol, in `Resume`.
pub const VERSION: u64 = 1;

/// Most bytes of fingerprints in one `Prints`.
pub const PRINTS_BYTES_MAX: usize = 768 * 1024;
/// Most rows in one `Mode`, and in one `Have`.
pub const MODES_MAX: usize = 4_096;

/// First eight bytes of an entry's id.
pub type Id8 = [u8; 8];
/// A feed's name for one peer alone. Source: spec/gossip.md, "tags".
pub type Tag8 = [u8; 8];
/// Names what a node has sent a peer, or a list of feeds.
pub type Mark16 = [u8; 16];

/// Feeds as a `Wants` names them, in ascending order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Named {
    /// By their keys.
    Keys(Vec<FeedId>),
    /// By tags, which only who holds the feeds can read.
    Tags(Vec<Tag8>),
}

impl Named {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Keys(keys) => keys.len(),
            Self::Tags(tags) => tags.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Vec<FeedId>> for Named {
    fn from(keys: Vec<FeedId>) -> Self {
        Self::Keys(keys)
    }
}

/// How new entries of a feed go to who wants it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Mode {
    /// Their number is told, and who lacks them asks.
    Lazy = 1,
    /// They are sent at once.
    #[default]
    Eager = 2,
}

/// What somebody holds of one feed, named by its place in a want list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Row {
    /// Place in the want list.
    pub idx: u32,
    /// Accepted entries.
    pub len: Seq,
    /// Id of the last one; `None` iff `len` is 0.
    pub tip8: Option<Id8>,
    /// The lowest proven fork's cap.
    pub cap: Option<Seq>,
}

/// Whose want list the indices of a `Delta` belong to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// The receiver's: what I hold of what you want.
    Yours = 0,
    /// The sender's: what I hold of what I want.
    Mine = 1,
}

/// What a `Get` asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// Chunks.
    Entries = 0,
    /// Chunks without bodies, but for control entries.
    Headers = 1,
    /// Bodies alone.
    Bodies = 2,
}

/// A request for entries `from..=to` of one feed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Get {
    /// Place in the sender's want list.
    pub idx: u32,
    /// First entry.
    pub from: Seq,
    /// The answer is whole once it reaches this entry.
    pub to: Seq,
    /// What of them.
    pub part: Part,
    /// Id before `from`, as the sender holds it; `None` iff `from` is 1.
    pub base8: Option<Id8>,
}

/// Most entries that a small request is for.
const SMALL_MAX: Seq = 16;

impl Get {
    /// Whether it is for so few entries that many of its kind may be unanswered. Source: spec/gossip.md, "exchange".
    pub(super) fn is_small(&self) -> bool {
        self.part == Part::Entries && self.to.saturating_sub(self.from) < SMALL_MAX
    }
}

/// One application message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Message {
    /// The first message each way.
    Resume {
        /// Version of the protocol.
        proto: u64,
        /// The last token that the receiver gave the sender and that the sender kept.
        token: Option<Mark16>,
        /// The sender's list of wants that goes with it.
        root: Option<Mark16>,
        /// How many feeds the sender is about to want; a hint.
        want_n: u32,
        /// What the sender holds of the receiver's own feed.
        yours: Option<(Seq, Id8)>,
    },
    /// Feeds wanted from now on (appended to the list), and places wanted no longer.
    Wants {
        /// What the list is called from here on; `None` = it need not be remembered.
        root: Option<Mark16>,
        /// In ascending order.
        add: Named,
        /// In ascending order.
        del: Vec<u32>,
    },
    /// Of the feeds one `Wants` added, those held: bit `i % 8` (lowest first) of byte `i / 8`. `None` = the list
    /// that `Resume` named is not known here.
    Scope(Option<Vec<u8>>),
    /// States of feeds.
    Delta {
        /// More of the same answer follows.
        more: bool,
        /// Whose indices.
        side: Side,
        /// In ascending order of `idx`.
        rows: Vec<Row>,
    },
    /// Fingerprints of the states of feeds. Source: spec/gossip.md, "comparing".
    Prints {
        /// Whose list it is about.
        side: Side,
        /// Of the fingerprints that came last, those that differ here: bits as in `Scope`.
        open: Vec<u8>,
        /// Of what is open, one level further down; empty = state all that is open.
        prints: Vec<u8>,
    },
    /// A request.
    Get(Get),
    /// An answer to a `Get`.
    Chunk {
        /// Place in the receiver's want list.
        idx: u32,
        /// Id before its first entry, or before the place asked for where `chunk` is `None`.
        base8: Option<Id8>,
        /// The compact form; `None` = nothing (more) to send.
        chunk: Option<Vec<u8>>,
    },
    /// Bodies asked for, from this place on; `None` = not held here.
    Bodies {
        /// Place in the receiver's want list.
        idx: u32,
        /// Place of the first.
        from: Seq,
        /// At least one.
        bodies: Vec<Option<Vec<u8>>>,
    },
    /// New entries, unasked.
    Push {
        /// Place in the receiver's want list.
        idx: u32,
        /// Id before its first entry; `None` iff it starts at 1.
        base8: Option<Id8>,
        /// The compact form.
        chunk: Vec<u8>,
    },
    /// How feeds of the sender's list shall come: place, mode, and what is held of it.
    Mode(Vec<(u32, Mode, Seq)>),
    /// What is held of feeds in the receiver's list whose entries are not sent unasked: place and length.
    Have(Vec<(u32, Seq)>),
    /// All changes up to now of what the receiver wants have been sent or told: shown at the next meeting.
    Token {
        /// Random.
        token: Mark16,
        /// The receiver's list that it is about.
        root: Mark16,
    },
    /// Asks for ids of a feed that the sender wants.
    IdAt {
        /// Which.
        feed: FeedId,
        /// In ascending order, 1 to 64.
        seqs: Vec<Seq>,
    },
    /// The answer, in the order asked.
    Ids {
        /// Which.
        feed: FeedId,
        /// `None` = not held.
        ids: Vec<Option<Id8>>,
    },
    /// The canonical bytes of a [`klatch_feed::ForkProof`], unchecked.
    Fork(Vec<u8>),
    /// The first entry of a feed that succeeds another, unchecked.
    Succ {
        /// `header || signature`.
        signed: Vec<u8>,
        /// Its body.
        body: Vec<u8>,
    },
    /// Who has an entry that refs this object? Tell me now, and as more appear.
    About(EntryId),
    /// An answer: authors, with the place of one such entry each.
    Hints {
        /// Which object.
        object: EntryId,
        /// Unchecked.
        rows: Vec<(FeedId, Seq)>,
    },
    /// Redeem this secret.
    Redeem([u8; 16]),
    /// The answer.
    Redeemed(Redeemed),
    /// A door's challenge.
    Door(Challenge),
    /// A guest's answer.
    DoorAnswer(DoorAnswer),
    /// The door's word on it: `None` = countersigned.
    DoorVerdict(EntryId, Option<String>),
    /// I am still here.
    Ping,
    /// The sender ends the connection.
    Error(u16),
    /// A number that is reserved, or from 128 on: passed over unread.
    Ignored,
}

/// Message numbers. Source: spec/gossip.md, "messages".
pub(crate) mod number {
    pub(super) const RESUME: u8 = 1;
    pub(super) const WANTS: u8 = 2;
    pub(super) const SCOPE: u8 = 3;
    pub(super) const DELTA: u8 = 4;
    pub(super) const PRINTS: u8 = 5;
    pub(super) const GET: u8 = 6;
    pub(crate) const CHUNK: u8 = 7;
    pub(crate) const BODIES: u8 = 8;
    pub(crate) const PUSH: u8 = 9;
    pub(super) const MODE: u8 = 10;
    pub(super) const HAVE: u8 = 11;
    pub(super) const TOKEN: u8 = 13;
    pub(super) const ID_AT: u8 = 14;
    pub(super) const IDS: u8 = 15;
    pub(super) const FORK: u8 = 16;
    pub(super) const SUCC: u8 = 19;
    pub(super) const ABOUT: u8 = 20;
    pub(super) const HINTS: u8 = 21;
    pub(super) const REDEEM: u8 = 22;
    pub(super) const REDEEMED: u8 = 23;
    pub(super) const DOOR: u8 = 24;
    pub(super) const DOOR_ANSWER: u8 = 25;
    pub(super) const DOOR_VERDICT: u8 = 28;
    pub(super) const PING: u8 = 29;
    pub(super) const ERROR: u8 = 31;
    /// Ack, HeadOf and its answer, GetId and its answer.
    pub(super) const RESERVED: [u8; 5] = [12, 17, 18, 26, 27];
    /// From here on unknown numbers are passed over.
    pub(super) const FREE: u64 = 128;
}

/// The message that carries it: an array of four, and its number.
const FORK_HEAD: [u8; 2] = [0x84, number::FORK];

type B8 = ByteArray<8>;
type B16 = ByteArray<16>;
type ResumeForm = (u8, u64, u64, Option<B16>, Option<B16>, u32, Option<(Seq, B8)>);
type WantsForm = (u8, Option<B16>, Vec<FeedId>, Vec<u32>, bool);
/// A `Wants` whose feeds are tags, one after the other.
type TaggedForm = (u8, Option<B16>, ByteBuf, Vec<u32>, bool);
type RowForm = (u32, Seq, Option<B8>, Option<Seq>);
type DeltaForm = (u8, bool, u8, Vec<RowForm>);
type GetForm = (u8, u32, Seq, Seq, u8, Option<B8>);
type ChunkForm = (u8, u32, Option<B8>, Option<ByteBuf>);
type BodiesForm = (u8, u32, Seq, Vec<Option<ByteBuf>>);
type DoorAnswerForm = (u8, EntryId, Option<String>, B16, Option<EntryId>, ByteArray<64>);

impl Message {
    /// The canonical bytes. Panics on none: what is past a limit is the caller's bug, and refused by peers.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Resume { proto, token, root, want_n, yours } => codec::encode(&(
                number::RESUME,
                proto,
                0_u64,
                token.map(B16::new),
                root.map(B16::new),
                want_n,
                yours.map(|(len, tip8)| (len, B8::new(tip8))),
            )),
            Self::Wants { root, add: Named::Keys(add), del } => {
                codec::encode(&(number::WANTS, root.map(B16::new), add, del, false))
            }
            Self::Wants { root, add: Named::Tags(add), del } => {
                let add = add.concat();
                codec::encode(&(number::WANTS, root.map(B16::new), Bytes::new(&add), del, true))
            }
            Self::Scope(bitmap) => codec::encode(&(number::SCOPE, bitmap.as_deref().map(Bytes::new))),
            Self::Prints { side, open, prints } => {
                codec::encode(&(number::PRINTS, *side as u8, Bytes::new(open), Bytes::new(prints)))
            }
            Self::Mode(rows) => {
                let rows: Vec<_> = rows.iter().map(|(idx, mode, have)| (idx, *mode as u8, have)).collect();
                codec::encode(&(number::MODE, rows))
            }
            Self::Have(rows) => codec::encode(&(number::HAVE, rows)),
            Self::Token { token, root } => codec::encode(&(number::TOKEN, B16::new(*token), B16::new(*root))),
            Self::Delta { more, side, rows } => {
                let form = |row: &Row| (row.idx, row.len, row.tip8.map(B8::new), row.cap);
                codec::encode(&(number::DELTA, more, *side as u8, rows.iter().map(form).collect::<Vec<_>>()))
            }
            Self::Get(Get { idx, from, to, part, base8 }) => {
                codec::encode(&(number::GET, idx, from, to, *part as u8, base8.map(B8::new)))
            }
            Self::Chunk { idx, base8, chunk } => {
                let chunk = chunk.as_deref().map(Bytes::new);
                codec::encode(&(number::CHUNK, idx, base8.map(B8::new), chunk))
            }
            Self::Bodies { idx, from, bodies } => {
                let bodies: Vec<_> = bodies.iter().map(|body| body.as_deref().map(Bytes::new)).collect();
                codec::encode(&(number::BODIES, idx, from, bodies))
            }
            Self::Push { idx, base8, chunk } => {
                codec::encode(&(number::PUSH, idx, base8.map(B8::new), Bytes::new(chunk)))
            }
            Self::IdAt { feed, seqs } => codec::encode(&(number::ID_AT, feed, seqs)),
            Self::Ids { feed, ids } => {
                let ids: Vec<_> = ids.iter().map(|id| id.map(B8::new)).collect();
                codec::encode(&(number::IDS, feed, ids))
            }
            Self::Fork(proof) => [&FORK_HEAD[..], proof.get(1..).unwrap_or(&[])].concat(),
            Self::Succ { signed, body } => {
                codec::encode(&(number::SUCC, Bytes::new(signed), Bytes::new(body)))
            }
            Self::About(object) => codec::encode(&(number::ABOUT, object)),
            Self::Hints { object, rows } => codec::encode(&(number::HINTS, object, rows)),
            Self::Redeem(secret) => codec::encode(&(number::REDEEM, B16::new(*secret))),
            Self::Redeemed(Redeemed { code, name, quota }) => {
                codec::encode(&(number::REDEEMED, code, name, quota))
            }
            Self::Door(Challenge { event, occ, nonce }) => {
                codec::encode(&(number::DOOR, event, occ, B16::new(*nonce)))
            }
            Self::DoorAnswer(DoorAnswer { challenge: Challenge { event, occ, nonce }, rsvp, signature }) => {
                let signature = ByteArray::new(*signature);
                let form: DoorAnswerForm =
                    (number::DOOR_ANSWER, *event, occ.clone(), B16::new(*nonce), *rsvp, signature);
                codec::encode(&form)
            }
            Self::DoorVerdict(event, refusal) => codec::encode(&(number::DOOR_VERDICT, event, refusal)),
            Self::Ping => codec::encode(&(number::PING,)),
            Self::Error(code) => codec::encode(&(number::ERROR, code)),
            Self::Ignored => Vec::new(),
        }
    }
}
