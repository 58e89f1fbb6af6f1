//! Invites: the line that a person pastes, and what the pub notes of it. Source: spec/pub.md, "invite line".

use std::fmt;
use std::str::FromStr;

use klatch_feed::FeedId;
use klatch_feed::id::IdError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use crate::network::{hex, unhex};
use crate::share::{Address, AddressError, in_message};

/// Longest line, in bytes.
pub const LINE_BYTES_MAX: usize = 400;
/// Most uses of one invite.
pub const USES_MAX: u32 = 10_000;
/// Longest life of one, in days.
pub const DAYS_MAX: u64 = 366;

const START: &str = "klatch:join/";

/// What lets a stranger in: 128 random bits. Whoever holds it may join, so it is wiped and never shown by `Debug`.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret([u8; 16]);

impl Secret {
    /// These bytes, drawn at random by the pub or read from a line.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
    /// The bytes, for the wire.
    pub fn bytes(&self) -> [u8; 16] {
        self.0
    }
    /// What the pub keeps in its place.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(withheld)")
    }
}

/// `klatch:join/1/HOST:PORT/FEED/SECRET`
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InviteLine {
    /// Where the pub can be reached.
    pub address: Address,
    /// Whose node must answer there.
    pub feed: FeedId,
    /// What it lets in for.
    pub secret: Secret,
}

/// Why a text is not an invite.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InviteLineError {
    /// Something else altogether, or a piece of one.
    #[error("an invite reads klatch:join/1/HOST:PORT/FEED/SECRET; copy the whole line")]
    Form,
    /// Longer than [`LINE_BYTES_MAX`].
    #[error("an invite has at most {LINE_BYTES_MAX} bytes, this one {0}")]
    TooLong(usize),
    /// Of another version.
    #[error("this invite is of version {0:?}, and this Klatch reads version 1")]
    Version(String),
    /// Nowhere to dial.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A mistyped pub.
    #[error("the pub's id: {0}")]
    Feed(IdError),
    /// A cut or mistyped secret.
    #[error("the secret at the end is 32 hex digits; copy the whole line")]
    Secret,
}

impl fmt::Display for InviteLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{START}1/{}/{}/{}", self.address, self.feed, hex(&self.secret.0))
    }
}

impl FromStr for InviteLine {
    type Err = InviteLineError;

    fn from_str(text: &str) -> Result<Self, InviteLineError> {
        let text = in_message(text, START);
        if text.len() > LINE_BYTES_MAX {
            return Err(InviteLineError::TooLong(text.len()));
        }
        let rest = text.strip_prefix(START).ok_or(InviteLineError::Form)?;
        let (version, rest) = rest.split_once('/').ok_or(InviteLineError::Form)?;
        if version != "1" {
            return Err(InviteLineError::Version(version.chars().take(16).collect()));
        }
        let parts: Vec<&str> = rest.split('/').collect();
        let [address, feed, secret] = parts[..] else { return Err(InviteLineError::Form) };
        let lower = secret.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let secret = Some(secret).filter(|_| lower).and_then(unhex).ok_or(InviteLineError::Secret)?;
        Ok(Self {
            address: address.parse()?,
            feed: feed.parse().map_err(InviteLineError::Feed)?,
            secret: Secret::new(secret),
        })
    }
}

/// What the pub notes of an invite, under the SHA-256 of its secret. Who used it stands with the members.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// How often it lets a new feed in.
    pub uses: u32,
    /// How often it has.
    pub used: u32,
    /// Until when, in milliseconds since 1970 by the pub's clock.
    pub expires_ms: u64,
}

impl Terms {
    /// Whether it lets nobody new in any more.
    pub fn is_spent(&self, now_ms: u64) -> bool {
        self.is_expired(now_ms) || self.left() == 0
    }
    /// Whether its time is over.
    pub fn is_expired(&self, now_ms: u64) -> bool {
        now_ms >= self.expires_ms
    }
    /// Uses that are left.
    pub fn left(&self) -> u32 {
        self.uses.saturating_sub(self.used)
    }
    /// As the store keeps it.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        serde_json::to_vec(&self).expect("numbers are JSON")
    }
    /// `None` for what this node did not write.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(address: &str) -> InviteLine {
        let address = address.parse().unwrap();
        InviteLine { address, feed: FeedId::new([2; 32]), secret: Secret::new([0xab; 16]) }
    }

    #[test]
    fn a_line_reads_back_as_it_was_written() {
        let longest_host = format!("{}:65535", "h".repeat(253));
        for address in ["192.0.2.7:4747", "[2001:db8::7]:1", "pub.example.org:4747", &longest_host] {
            let line = line(address);
            assert_eq!(format!(" {line}\n").parse(), Ok(line));
        }
    }

    #[test]
    fn what_is_no_invite_is_refused_by_name() {
        let good = line("192.0.2.7:4747").to_string();
        let cases = [
            ("something else", "https://example.org".to_owned(), InviteLineError::Form),
            ("cut before the secret", good[..good.len() - 33].to_owned(), InviteLineError::Form),
            ("cut in the secret", good[..good.len() - 1].to_owned(), InviteLineError::Secret),
            ("a secret in capitals", good.replace("abab", "ABAB"), InviteLineError::Secret),
            ("more after it", format!("{good}/x"), InviteLineError::Form),
            ("a later version", good.replacen("/1/", "/2/", 1), InviteLineError::Version("2".to_owned())),
            (
                "one byte too long",
                format!("{good}{}", "0".repeat(401 - good.len())),
                InviteLineError::TooLong(401),
            ),
        ];
        for (name, text, error) in cases {
            assert_eq!(text.parse::<InviteLine>(), Err(error), "{name}");
        }
        let port = good.replacen(":4747", ":0", 1).parse::<InviteLine>();
        assert!(matches!(port, Err(InviteLineError::Address(_))), "port nought");
        let typo = good.replacen("feed1q", "feed1p", 1).parse::<InviteLine>();
        assert!(matches!(typo, Err(InviteLineError::Feed(_))), "a mistyped id");
    }

    #[test]
    fn the_secret_is_absent_from_debug() {
        assert!(!format!("{:?}", line("192.0.2.7:4747")).contains("abab"));
    }
}
