//! Messages: bytes to [`Message`] and back, within limits.
//!
//! Every message is one canonical CBOR array whose first item is its number. What a message means for an
//! exchange, and whether it may come now, is not decided here. Numbers that are reserved pass as
//! [`Message::Ignored`].
//! Source: spec/gossip.md, "messages".

use klatch_feed::codec;
use klatch_feed::{EntryId, FeedId, Seq};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_bytes::{ByteArray, ByteBuf, Bytes};

use super::{Breach, Challenge, DoorAnswer, Redeemed};

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

/// Longest header with its signature.
const SIGNED_BYTES_MAX: usize = klatch_feed::entry::HEADER_BYTES_MAX + 64;

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

/// A proof's canonical array of three without its head.
const PROOF_HEAD: u8 = 0x83;
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

    /// Reads one message; limits of form are checked, whether it may come now is not.
    ///
    /// # Errors
    ///
    /// [`Breach::Malformed`] or [`Breach::Limit`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Breach> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(Breach::Limit("bytes in a message"));
        }
        match u8::try_from(number_of(bytes)?) {
            Ok(known @ (number::RESUME..=number::DELTA)) => decode_lists(known, bytes),
            Ok(known @ (number::PRINTS | number::MODE | number::HAVE | number::TOKEN)) => {
                decode_states(known, bytes)
            }
            Ok(known @ (number::GET..=number::PUSH | number::ID_AT..=number::FORK)) => {
                decode_entries(known, bytes)
            }
            Ok(known @ (number::ABOUT..=number::DOOR_ANSWER | number::DOOR_VERDICT)) => {
                decode_words(known, bytes)
            }
            Ok(number::SUCC) => {
                let (_, signed, body) = read::<(u8, ByteBuf, ByteBuf)>(bytes)?;
                within(signed.len(), SIGNED_BYTES_MAX, "bytes of a signed header")?;
                within(body.len(), klatch_feed::entry::CONTROL_BODY_BYTES_MAX, "bytes in a body")?;
                Ok(Self::Succ { signed: signed.into_vec(), body: body.into_vec() })
            }
            Ok(number::PING) => read::<(u8,)>(bytes).map(|_| Self::Ping),
            Ok(number::ERROR) => read::<(u8, u16)>(bytes).map(|(_, code)| Self::Error(code)),
            Ok(known) if number::RESERVED.contains(&known) => Ok(Self::Ignored),
            Ok(known) if u64::from(known) < number::FREE => Err(Breach::Malformed),
            _ => Ok(Self::Ignored),
        }
    }
}

/// Resume, Wants, Scope, Delta: who wants and holds what.
fn decode_lists(number: u8, bytes: &[u8]) -> Result<Message, Breach> {
    match number {
        number::RESUME => {
            let (_, proto, _feats, token, root, want_n, yours) = read::<ResumeForm>(bytes)?;
            must(yours.as_ref().is_none_or(|(len, _)| *len > 0))?;
            let yours = yours.map(|(len, tip8)| (len, tip8.into_array()));
            let (token, root) = (token.map(B16::into_array), root.map(B16::into_array));
            must(token.is_none() || root.is_some())?;
            Ok(Message::Resume { proto, token, root, want_n, yours })
        }
        // A byte at the end says how feeds are named.
        number::WANTS => match bytes.last() {
            Some(&SALTED) => {
                let (_, root, tags, del, _) = read::<TaggedForm>(bytes)?;
                let (tags, rest) = tags.as_chunks::<8>();
                within(tags.len(), WANTS_MAX, "feeds wanted in a message")?;
                within(del.len(), WANTS_MAX, "feeds unwanted in a message")?;
                must(rest.is_empty() && ascending(tags) && ascending(&del))?;
                let root = root.map(B16::into_array);
                Ok(Message::Wants { root, add: Named::Tags(tags.to_vec()), del })
            }
            _ => {
                let (_, root, add, del, _) = read::<WantsForm>(bytes)?;
                within(add.len(), WANTS_MAX, "feeds wanted in a message")?;
                within(del.len(), WANTS_MAX, "feeds unwanted in a message")?;
                must(ascending(&add) && ascending(&del))?;
                Ok(Message::Wants { root: root.map(B16::into_array), add: Named::Keys(add), del })
            }
        },
        number::SCOPE => {
            let (_, bitmap) = read::<(u8, Option<ByteBuf>)>(bytes)?;
            within(bitmap.as_ref().map_or(0, |bits| bits.len()), WANTS_MAX.div_ceil(8), "feeds in a scope")?;
            Ok(Message::Scope(bitmap.map(ByteBuf::into_vec)))
        }
        _ => {
            let (_, more, side, forms) = read::<DeltaForm>(bytes)?;
            within(forms.len(), DELTA_ROWS_MAX, "rows in a delta")?;
            let side = side_of(side)?;
            let row = |(idx, len, tip8, cap): RowForm| Row { idx, len, tip8: tip8.map(B8::into_array), cap };
            let rows: Vec<_> = forms.into_iter().map(row).collect();
            let says_something = |row: &Row| side == Side::Mine || row.len > 0 || row.cap.is_some();
            let fits = |row: &Row| {
                row.tip8.is_some() == (row.len > 0)
                    && row.cap.is_none_or(|cap| row.len <= cap)
                    && says_something(row)
            };
            must(rows.iter().all(fits) && rows.is_sorted_by(|a, b| a.idx < b.idx))?;
            Ok(Message::Delta { more, side, rows })
        }
    }
}

/// CBOR's true, the last byte of a `Wants` that names feeds by tags.
const SALTED: u8 = 0xf5;

/// Prints, Mode, Have, Token: what is held, in fewer bytes.
fn decode_states(number: u8, bytes: &[u8]) -> Result<Message, Breach> {
    match number {
        number::PRINTS => {
            let (_, side, open, prints) = read::<(u8, u8, ByteBuf, ByteBuf)>(bytes)?;
            within(prints.len(), PRINTS_BYTES_MAX, "bytes of fingerprints")?;
            within(open.len(), PRINTS_BYTES_MAX / 4 / 8, "fingerprints opened")?;
            let side = side_of(side)?;
            Ok(Message::Prints { side, open: open.into_vec(), prints: prints.into_vec() })
        }
        number::MODE => {
            let (_, rows) = read::<(u8, Vec<(u32, u8, Seq)>)>(bytes)?;
            within(rows.len(), MODES_MAX, "modes in a message")?;
            must(rows.is_sorted_by(|a, b| a.0 < b.0))?;
            let row = |(idx, mode, have)| match mode {
                1 => Ok((idx, Mode::Lazy, have)),
                2 => Ok((idx, Mode::Eager, have)),
                _ => Err(Breach::Malformed),
            };
            rows.into_iter().map(row).collect::<Result<_, _>>().map(Message::Mode)
        }
        number::HAVE => {
            let (_, rows) = read::<(u8, Vec<(u32, Seq)>)>(bytes)?;
            within(rows.len(), MODES_MAX, "lengths in a message")?;
            must(rows.is_sorted_by(|a, b| a.0 < b.0) && rows.iter().all(|(_, len)| *len > 0))?;
            Ok(Message::Have(rows))
        }
        _ => {
            let (_, token, root) = read::<(u8, B16, B16)>(bytes)?;
            Ok(Message::Token { token: token.into_array(), root: root.into_array() })
        }
    }
}

fn side_of(number: u8) -> Result<Side, Breach> {
    match number {
        0 => Ok(Side::Yours),
        1 => Ok(Side::Mine),
        _ => Err(Breach::Malformed),
    }
}

/// Get, Chunk, Bodies, Push, IdAt and its answer, Fork: entries and proofs.
fn decode_entries(number: u8, bytes: &[u8]) -> Result<Message, Breach> {
    match number {
        number::GET => {
            let (_, idx, from, to, flags, base8) = read::<GetForm>(bytes)?;
            let part = match flags {
                0 => Part::Entries,
                1 => Part::Headers,
                2 => Part::Bodies,
                _ => return Err(Breach::Malformed),
            };
            must(from >= 1 && from <= to && base8.is_none() == (from == 1))?;
            if part == Part::Bodies {
                within((to - from) as usize, BODIES_MAX - 1, "bodies asked for")?;
            }
            Ok(Message::Get(Get { idx, from, to, part, base8: base8.map(B8::into_array) }))
        }
        number::CHUNK => {
            let (_, idx, base8, chunk) = read::<ChunkForm>(bytes)?;
            let chunk = chunk.map(ByteBuf::into_vec);
            Ok(Message::Chunk { idx, base8: base8.map(B8::into_array), chunk })
        }
        number::BODIES => {
            let (_, idx, from, bodies) = read::<BodiesForm>(bytes)?;
            within(bodies.len(), BODIES_MAX, "bodies in a message")?;
            must(from >= 1 && !bodies.is_empty())?;
            let bodies = bodies.into_iter().map(|body| body.map(ByteBuf::into_vec)).collect::<Vec<_>>();
            let longest = bodies.iter().flatten().map(Vec::len).max().unwrap_or(0);
            within(longest, klatch_feed::entry::BODY_BYTES_MAX, "bytes in a body")?;
            Ok(Message::Bodies { idx, from, bodies })
        }
        number::PUSH => {
            let (_, idx, base8, chunk) = read::<(u8, u32, Option<B8>, ByteBuf)>(bytes)?;
            Ok(Message::Push { idx, base8: base8.map(B8::into_array), chunk: chunk.into_vec() })
        }
        number::ID_AT => {
            let (_, feed, seqs) = read::<(u8, FeedId, Vec<Seq>)>(bytes)?;
            within(seqs.len(), IDS_MAX, "places asked for")?;
            must(seqs.first().is_some_and(|first| *first >= 1) && ascending(&seqs))?;
            Ok(Message::IdAt { feed, seqs })
        }
        number::IDS => {
            let (_, feed, ids) = read::<(u8, FeedId, Vec<Option<B8>>)>(bytes)?;
            within(ids.len(), IDS_MAX, "ids in a message")?;
            Ok(Message::Ids { feed, ids: ids.into_iter().map(|id| id.map(B8::into_array)).collect() })
        }
        _ => match bytes.strip_prefix(&FORK_HEAD) {
            Some(rest) => Ok(Message::Fork([&[PROOF_HEAD], rest].concat())),
            None => Err(Breach::Malformed),
        },
    }
}

/// About and its answer, Redeem and its answer, the door's three.
fn decode_words(number: u8, bytes: &[u8]) -> Result<Message, Breach> {
    match number {
        number::ABOUT => read::<(u8, EntryId)>(bytes).map(|(_, object)| Message::About(object)),
        number::HINTS => {
            let (_, object, rows) = read::<(u8, EntryId, Vec<(FeedId, Seq)>)>(bytes)?;
            within(rows.len(), HINTS_MAX, "hints in a message")?;
            must(rows.iter().all(|(_, seq)| *seq >= 1))?;
            Ok(Message::Hints { object, rows })
        }
        number::REDEEM => read::<(u8, B16)>(bytes).map(|(_, secret)| Message::Redeem(secret.into_array())),
        number::REDEEMED => {
            let (_, code, name, quota) = read::<(u8, u16, String, u64)>(bytes)?;
            within(name.len(), TEXT_BYTES_MAX, "bytes in a name")?;
            Ok(Message::Redeemed(Redeemed { code, name, quota }))
        }
        number::DOOR => {
            let (_, event, occ, nonce) = read::<(u8, EntryId, Option<String>, B16)>(bytes)?;
            Ok(Message::Door(challenge(event, occ, nonce)?))
        }
        number::DOOR_ANSWER => {
            let (_, event, occ, nonce, rsvp, signature) = read::<DoorAnswerForm>(bytes)?;
            let challenge = challenge(event, occ, nonce)?;
            Ok(Message::DoorAnswer(DoorAnswer { challenge, rsvp, signature: signature.into_array() }))
        }
        _ => {
            let (_, event, refusal) = read::<(u8, EntryId, Option<String>)>(bytes)?;
            within(refusal.as_ref().map_or(0, String::len), TEXT_BYTES_MAX, "bytes in a verdict")?;
            Ok(Message::DoorVerdict(event, refusal))
        }
    }
}

fn challenge(event: EntryId, occ: Option<String>, nonce: B16) -> Result<Challenge, Breach> {
    within(occ.as_ref().map_or(0, String::len), TEXT_BYTES_MAX, "bytes in an occurrence")?;
    Ok(Challenge { event, occ, nonce: nonce.into_array() })
}

/// The number of the array that `bytes` begin with, without reading further. It has one encoding.
fn number_of(bytes: &[u8]) -> Result<u64, Breach> {
    // A message of a later version may have more items than any that is known.
    let ([0x81..=0x97, head, rest @ ..]
    | [0x98, 24..=0xff, head, rest @ ..]
    | [0x99, 1..=0xff, _, head, rest @ ..]) = bytes
    else {
        return Err(Breach::Malformed);
    };
    let (size, least) = match head {
        0..=23 => return Ok(u64::from(*head)),
        0x18 => (1, 24),
        0x19 => (2, 1 << 8),
        0x1a => (4, 1 << 16),
        0x1b => (8, 1 << 32),
        _ => return Err(Breach::Malformed),
    };
    let bytes = rest.get(..size).ok_or(Breach::Malformed)?;
    let number = bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    if number >= least { Ok(number) } else { Err(Breach::Malformed) }
}

fn read<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, Breach> {
    codec::decode(bytes, MESSAGE_BYTES_MAX).map_err(|_| Breach::Malformed)
}

fn must(holds: bool) -> Result<(), Breach> {
    if holds { Ok(()) } else { Err(Breach::Malformed) }
}

fn within(found: usize, max: usize, what: &'static str) -> Result<(), Breach> {
    if found <= max { Ok(()) } else { Err(Breach::Limit(what)) }
}

fn ascending<T: PartialOrd>(items: &[T]) -> bool {
    items.is_sorted_by(|a, b| a < b)
}
