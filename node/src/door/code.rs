//! What a door's screen shows, and what a guest's shows back, as text and as QR codes. Source: spec/door.md.

use std::fmt;
use std::str::FromStr;

use klatch_feed::id::IdError;
use klatch_feed::{EntryId, FeedId};
use klatch_gossip::sync::{Challenge, DoorAnswer};

use crate::daemon::Sentence;
use crate::network::{hex, unhex};
use crate::share::{Address, AddressError};

/// Longest code, in bytes.
pub const CODE_BYTES_MAX: usize = 512;
/// Most addresses in one.
pub const ADDRESSES_MAX: usize = 3;

const START: &str = "klatch:door/1/";
const ANSWER_START: &str = "klatch:guest/1/";
/// Bytes of an occurrence's name.
const OCC_BYTES: usize = 16;

/// `klatch:door/1/EVENT[@OCCURRENCE]/DOOR/NONCE[/HOST:PORT …]`
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DoorCode {
    /// The event that is checked in to.
    pub event: EntryId,
    /// Which occurrence of it, where it is a series.
    pub occ: Option<String>,
    /// Who countersigns.
    pub door: FeedId,
    /// The challenge.
    pub nonce: [u8; 16],
    /// Where the door can be reached, for a guest whose network hides it.
    pub addresses: Vec<Address>,
}

/// `klatch:guest/1/EVENT[@OCCURRENCE]/NONCE/GUEST/RSVP/SIGNATURE`: an answer that takes no connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AnswerCode {
    /// Who answers.
    pub guest: FeedId,
    /// What.
    pub answer: DoorAnswer,
}

/// Why a text is not a door's code.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DoorCodeError {
    /// Something else altogether, a piece of one, or too much.
    #[error("a door's code reads klatch:door/1/EVENT/DOOR/CHALLENGE; copy the whole line")]
    Form,
    /// The same, of a guest's answer.
    #[error("a guest's code reads klatch:guest/1/EVENT/CHALLENGE/GUEST/RSVP/SIGNATURE; copy the whole line")]
    AnswerForm,
    /// Something after the event that names no occurrence.
    #[error("after the event's id and @ stands an occurrence, as 2026-12-10T18:30; copy the whole line")]
    Occurrence,
    /// A cut or mistyped signature.
    #[error("the signature is 128 hex digits; copy the whole line")]
    Signature,
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

impl From<DoorCodeError> for Sentence {
    fn from(error: DoorCodeError) -> Self {
        Self::said("refused-code", "", error.to_string())
    }
}

impl fmt::Display for DoorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{START}{}/{}/{}", Which(&self.event, &self.occ), self.door, hex(&self.nonce))?;
        self.addresses.iter().try_for_each(|address| write!(f, "/{address}"))
    }
}

impl fmt::Display for AnswerCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DoorAnswer { challenge: Challenge { event, occ, nonce }, rsvp, signature } = &self.answer;
        write!(f, "{ANSWER_START}{}/{}/{}/", Which(event, occ), hex(nonce), self.guest)?;
        match rsvp {
            Some(rsvp) => write!(f, "{rsvp}")?,
            None => f.write_str("-")?,
        }
        write!(f, "/{}", hex(signature))
    }
}

/// `EVENT[@OCCURRENCE]`
struct Which<'a>(&'a EntryId, &'a Option<String>);

impl fmt::Display for Which<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        self.1.as_ref().map_or(Ok(()), |occ| write!(f, "@{occ}"))
    }
}

fn id(what: &'static str) -> impl Fn(IdError) -> DoorCodeError {
    move |problem| DoorCodeError::Id { what, problem }
}

fn which(text: &str) -> Result<(EntryId, Option<String>), DoorCodeError> {
    let (event, occ) = match text.split_once('@') {
        Some((event, occ)) => (event, Some(occ)),
        None => (text, None),
    };
    let is_name = |occ: &str| occ.len() == OCC_BYTES && occ.bytes().all(|b| b.is_ascii_graphic());
    match occ.is_none_or(is_name) {
        true => Ok((event.parse().map_err(id("event"))?, occ.map(str::to_owned))),
        false => Err(DoorCodeError::Occurrence),
    }
}

impl FromStr for AnswerCode {
    type Err = DoorCodeError;

    fn from_str(text: &str) -> Result<Self, DoorCodeError> {
        let text = text.trim();
        let rest = text.strip_prefix(ANSWER_START).filter(|_| text.len() <= CODE_BYTES_MAX);
        let parts: Vec<&str> = rest.ok_or(DoorCodeError::AnswerForm)?.split('/').collect();
        let [event, nonce, guest, rsvp, signature] = parts[..] else {
            return Err(DoorCodeError::AnswerForm);
        };
        let (event, occ) = which(event)?;
        let nonce = unhex(nonce).ok_or(DoorCodeError::Nonce)?;
        let rsvp = match rsvp {
            "-" => None,
            rsvp => Some(rsvp.parse().map_err(id("RSVP"))?),
        };
        let signature = unhex(signature).ok_or(DoorCodeError::Signature)?;
        let challenge = Challenge { event, occ, nonce };
        let guest = guest.parse().map_err(id("guest"))?;
        Ok(Self { guest, answer: DoorAnswer { challenge, rsvp, signature } })
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
        let (event, occ) = which(event)?;
        Ok(Self {
            event,
            occ,
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
        let (event, door) = (EntryId::new([1; 32]), FeedId::new([2; 32]));
        DoorCode { event, occ: None, door, nonce: [0x5a; 16], addresses }
    }

    fn answer(rsvp: Option<EntryId>, occ: Option<&str>) -> AnswerCode {
        let challenge =
            Challenge { event: EntryId::new([1; 32]), occ: occ.map(str::to_owned), nonce: [0x5a; 16] };
        AnswerCode { guest: FeedId::new([2; 32]), answer: DoorAnswer { challenge, rsvp, signature: [7; 64] } }
    }

    #[test]
    fn a_code_reads_back_as_it_was_written() {
        for code in [code(&[]), code(&["192.0.2.7:4747", "[fe80::1%3]:4747", "a.example:1"])] {
            assert_eq!(code.to_string().parse(), Ok(code));
        }
        let series = DoorCode { occ: Some("2026-12-10T18:30".to_owned()), ..code(&["192.0.2.7:4747"]) };
        assert_eq!(series.to_string().parse(), Ok(series));
        let rsvp = Some(EntryId::new([3; 32]));
        for answer in [answer(None, None), answer(rsvp, None), answer(rsvp, Some("2026-12-10T18:30"))] {
            assert!(answer.to_string().len() <= CODE_BYTES_MAX);
            assert_eq!(answer.to_string().parse(), Ok(answer));
        }
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        let good = answer(None, None).to_string();
        let cases = [
            ("a door's code", code(&[]).to_string()),
            ("cut in the signature", good[..good.len() - 1].to_owned()),
            ("cut before it", good[..good.len() - 129].to_owned()),
            ("something after it", format!("{good}/x")),
            ("an occurrence that is none", answer(None, Some("tomorrow")).to_string()),
            ("a mistyped letter", good.replacen("feed1q", "feed1p", 1)),
            ("too long", format!("{good}{}", "0".repeat(CODE_BYTES_MAX))),
        ];
        for (name, text) in cases {
            assert!(text.parse::<AnswerCode>().is_err(), "{name}: {text}");
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
