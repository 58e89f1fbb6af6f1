//! Reading messages: every limit of form is checked here, and nothing else. Source: spec/gossip.md, "messages".

use klatch_feed::{EntryId, FeedId, Seq, codec};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_bytes::ByteBuf;

use super::{
    B8, B16, BODIES_MAX, BodiesForm, ChunkForm, DELTA_ROWS_MAX, DeltaForm, DoorAnswerForm, FORK_HEAD, Get,
    GetForm, HINTS_MAX, IDS_MAX, MESSAGE_BYTES_MAX, MODES_MAX, Message, Mode, Named, PRINTS_BYTES_MAX, Part,
    ResumeForm, Row, RowForm, Side, TEXT_BYTES_MAX, TaggedForm, WANTS_MAX, WantsForm, number,
};
use crate::sync::{Breach, Challenge, DoorAnswer, Redeemed};

/// Longest header with its signature.
const SIGNED_BYTES_MAX: usize = klatch_feed::entry::HEADER_BYTES_MAX + 64;
/// CBOR's true, the last byte of a `Wants` that names feeds by tags.
const SALTED: u8 = 0xf5;
/// A proof's canonical array of three without its head.
const PROOF_HEAD: u8 = 0x83;

impl Message {
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
