//! What a door's screen shows, as text and as a QR code. Source: spec/door.md.

use std::fmt;
use std::str::FromStr;

use klatch_feed::id::IdError;
use klatch_feed::{EntryId, FeedId};

use crate::network::{hex, unhex};
use crate::share::{Address, AddressError};

/// Longest code, in bytes.
pub const CODE_BYTES_MAX: usize = 512;
/// Most addresses in one.
pub const ADDRESSES_MAX: usize = 3;

const START: &str = "klatch:door/1/";

/// `klatch:door/1/EVENT/DOOR/NONCE[/HOST:PORT …]`
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DoorCode {
    /// The event that is checked in to.
    pub event: EntryId,
    /// Who countersigns.
    pub door: FeedId,
    /// The challenge.
    pub nonce: [u8; 16],
    /// Where the door can be reached, for a guest whose network hides it.
    pub addresses: Vec<Address>,
}

/// Why a text is not a door's code.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DoorCodeError {
    /// Something else altogether, a piece of one, or too much.
    #[error("a door's code reads klatch:door/1/EVENT/DOOR/CHALLENGE; copy the whole line")]
    Form,
    /// A mistyped id.
    #[error("the id of the {what}: {problem}")]
    Id {
        /// Which.
        what: &'static str,
        /// What is wrong.
        problem: IdError,
    },
    /// A cut or mistyped challenge.
    #[error("the challenge is 32 hex digits; copy the whole line")]
    Nonce,
    /// Nowhere to dial.
    #[error(transparent)]
    Address(#[from] AddressError),
}

impl fmt::Display for DoorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{START}{}/{}/{}", self.event, self.door, hex(&self.nonce))?;
        self.addresses.iter().try_for_each(|address| write!(f, "/{address}"))
    }
}

impl FromStr for DoorCode {
    type Err = DoorCodeError;

    fn from_str(text: &str) -> Result<Self, DoorCodeError> {
        let text = text.trim();
        let rest =
            text.strip_prefix(START).filter(|_| text.len() <= CODE_BYTES_MAX).ok_or(DoorCodeError::Form)?;
        let parts: Vec<&str> = rest.split('/').collect();
        let [event, door, nonce, addresses @ ..] = &parts[..] else { return Err(DoorCodeError::Form) };
        if addresses.len() > ADDRESSES_MAX {
            return Err(DoorCodeError::Form);
        }
        let id = |what| move |problem| DoorCodeError::Id { what, problem };
        Ok(Self {
            event: event.parse().map_err(id("event"))?,
            door: door.parse().map_err(id("door"))?,
            nonce: unhex(nonce).ok_or(DoorCodeError::Nonce)?,
            addresses: addresses.iter().map(|a| a.parse()).collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(addresses: &[&str]) -> DoorCode {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        DoorCode { event: EntryId::new([1; 32]), door: FeedId::new([2; 32]), nonce: [0x5a; 16], addresses }
    }

    #[test]
    fn a_code_reads_back_as_it_was_written() {
        for code in [code(&[]), code(&["192.0.2.7:4747", "[fe80::1%3]:4747", "a.example:1"])] {
            assert_eq!(code.to_string().parse(), Ok(code));
        }
    }

    #[test]
    fn what_is_no_code_is_refused() {
        let good = code(&["192.0.2.7:4747"]).to_string();
        let bare = code(&[]).to_string();
        let cases = [
            ("something else", "klatch:join/1/x".to_owned()),
            ("cut in the challenge", bare[..bare.len() - 1].to_owned()),
            ("cut before the challenge", bare[..bare.len() - 33].to_owned()),
            ("one address too many", format!("{bare}{}", "/192.0.2.7:4747".repeat(4))),
            ("no port", format!("{bare}/192.0.2.7")),
            ("too long", format!("{good}{}", "0".repeat(CODE_BYTES_MAX))),
            ("a mistyped letter", good.replacen("feed1q", "feed1p", 1)),
        ];
        for (name, text) in cases {
            assert!(text.parse::<DoorCode>().is_err(), "{name}: {text}");
        }
    }
}
