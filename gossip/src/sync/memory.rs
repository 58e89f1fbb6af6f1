//! What one node remembers of another between two connections, so that meeting again costs what changed.
//!
//! It is kept beside the log and may be lost or set back at any time: then the two compare more, and miss
//! nothing. Source: spec/gossip.md, "meeting again".

use klatch_feed::{FeedId, codec};
use serde_bytes::{ByteArray, ByteBuf};

use super::Shelf;
use super::message::{Mark16, Tag8};

/// Tokens that are remembered of each peer; older ones are forgotten.
pub const TOKENS_MAX: usize = 4;

/// One place of a list of wants, as it is remembered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Name {
    /// A feed, by its number in this node's log.
    Number(u32),
    /// A feed that the log knows nothing of.
    Feed(FeedId),
    /// A feed of which the peer gave a tag that fits nothing held.
    Tag(Tag8),
    /// A feed that is wanted no longer.
    Hole,
}

impl Name {
    pub(super) fn of(feed: FeedId, shelf: &dyn Shelf) -> Self {
        shelf.number(&feed).map_or(Self::Feed(feed), Self::Number)
    }
}

/// What is remembered of a peer, both ways.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Memory {
    /// As the one who asked it.
    pub asked: Option<Asked>,
    /// As the one who answered it.
    pub served: Option<Served>,
}

/// What this node wanted of a peer, and how far it got. Everything up to the token is held durably, but for
/// what is owed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Asked {
    /// The last token.
    pub token: Mark16,
    /// What both call the list.
    pub root: Mark16,
    /// For tags; `None` where feeds were named by keys alone.
    pub salt: Option<[u8; 32]>,
    /// The list.
    pub list: Vec<Name>,
    /// Places of which the peer held something: bits, the first lowest.
    pub held: Vec<u8>,
    /// Places of which the peer holds more than was got.
    pub owed: Vec<u32>,
}

/// What a peer wanted of this node, and up to where it was told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Served {
    /// What both call the list.
    pub root: Mark16,
    /// For tags; `None` where feeds were named by keys alone.
    pub salt: Option<[u8; 32]>,
    /// The list.
    pub list: Vec<Name>,
    /// Tokens given, each with the position in this node's change log that it stands for; the newest last.
    pub tokens: Vec<(Mark16, u64)>,
}

/// A place as bytes: a number, a key of 32 bytes, a tag of 8, or null.
type NameForm = (Option<u32>, Option<ByteBuf>);
type AskedForm = (ByteArray<16>, ByteArray<16>, Option<ByteArray<32>>, Vec<NameForm>, ByteBuf, Vec<u32>);
type ServedForm = (ByteArray<16>, Option<ByteArray<32>>, Vec<NameForm>, Vec<(ByteArray<16>, u64)>);

fn name_form(name: &Name) -> NameForm {
    match name {
        Name::Number(number) => (Some(*number), None),
        Name::Feed(feed) => (None, Some(ByteBuf::from(feed.as_bytes().to_vec()))),
        Name::Tag(tag) => (None, Some(ByteBuf::from(tag.to_vec()))),
        Name::Hole => (None, None),
    }
}

fn name_of(form: NameForm) -> Option<Name> {
    match form {
        (Some(number), None) => Some(Name::Number(number)),
        (None, None) => Some(Name::Hole),
        (None, Some(bytes)) => match bytes.len() {
            8 => Some(Name::Tag(bytes[..].try_into().ok()?)),
            _ => Some(Name::Feed(FeedId::new(bytes[..].try_into().ok()?))),
        },
        (Some(_), Some(_)) => None,
    }
}

/// Longest bytes that are read back: a list at its limit.
const BYTES_MAX: usize = 64 * 1024 * 1024;

impl Asked {
    /// As bytes, for whoever keeps it.
    pub fn encode(&self) -> Vec<u8> {
        let list: Vec<NameForm> = self.list.iter().map(name_form).collect();
        let form: AskedForm = (
            ByteArray::new(self.token),
            ByteArray::new(self.root),
            self.salt.map(ByteArray::new),
            list,
            ByteBuf::from(self.held.clone()),
            self.owed.clone(),
        );
        codec::encode(&form)
    }

    /// From such bytes; `None` if they are none, which costs a longer meeting and nothing else.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (token, root, salt, list, held, owed) = codec::decode::<AskedForm>(bytes, BYTES_MAX).ok()?;
        let list = list.into_iter().map(name_of).collect::<Option<_>>()?;
        let salt = salt.map(ByteArray::into_array);
        Some(Self {
            token: token.into_array(),
            root: root.into_array(),
            salt,
            list,
            held: held.into_vec(),
            owed,
        })
    }
}

impl Served {
    /// As bytes, for whoever keeps it.
    pub fn encode(&self) -> Vec<u8> {
        let list: Vec<NameForm> = self.list.iter().map(name_form).collect();
        let tokens = self.tokens.iter().map(|(token, at)| (ByteArray::new(*token), *at)).collect();
        let form: ServedForm = (ByteArray::new(self.root), self.salt.map(ByteArray::new), list, tokens);
        codec::encode(&form)
    }

    /// From such bytes; `None` if they are none, which costs a longer meeting and nothing else.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (root, salt, list, tokens) = codec::decode::<ServedForm>(bytes, BYTES_MAX).ok()?;
        let list = list.into_iter().map(name_of).collect::<Option<_>>()?;
        let tokens = tokens.into_iter().map(|(token, at)| (token.into_array(), at)).collect();
        Some(Self { root: root.into_array(), salt: salt.map(ByteArray::into_array), list, tokens })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_comes_back() {
        let list = vec![Name::Number(7), Name::Hole, Name::Feed(FeedId::new([3; 32])), Name::Tag([9; 8])];
        let asked = Asked {
            token: [1; 16],
            root: [2; 16],
            salt: Some([4; 32]),
            list: list.clone(),
            held: vec![5],
            owed: vec![0, 2],
        };
        assert_eq!(Asked::decode(&asked.encode()), Some(asked.clone()));
        let served = Served { root: [2; 16], salt: None, list, tokens: vec![([5; 16], 70), ([6; 16], 90)] };
        assert_eq!(Served::decode(&served.encode()), Some(served));
        let bytes = asked.encode();
        assert_eq!(Asked::decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Served::decode(&bytes), None);
    }
}
