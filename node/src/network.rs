//! Which network a home belongs to: a public, permanent name and a key. Source: spec/files.md, "network".

use klatch_feed::NetId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The name of the network that everybody is in who says nothing else.
pub const DEFAULT_NAME: &str = "klatch";
/// Longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// A network: its name is in every signature and never changes; its key opens the wire and may.
#[derive(Clone, Eq, PartialEq)]
pub struct Network {
    name: String,
    key: [u8; 32],
}

/// Why a text is not a network file.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// Not that JSON.
    #[error("not a network file: {0}")]
    Form(#[from] serde_json::Error),
    /// Empty, too long, or not on one line.
    #[error("a network's name is 1 to {NAME_BYTES_MAX} bytes on one line")]
    Name,
    /// Not 64 hex digits.
    #[error("a network's key is 64 hex digits")]
    Key,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    key: String,
}

impl Network {
    /// The public network of that name: its key follows from the name. Source: spec/gossip.md, "handshake".
    pub fn public(name: &str) -> Result<Self, NetworkError> {
        let key = Sha256::new().chain_update(b"klatch/psk/1\0").chain_update(NetId::of_name(name).as_bytes());
        Self::new(name, key.finalize().into())
    }

    /// The network of that name with that key.
    pub fn new(name: &str, key: [u8; 32]) -> Result<Self, NetworkError> {
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains(char::is_control) {
            return Err(NetworkError::Name);
        }
        Ok(Self { name: name.to_owned(), key })
    }

    /// Reads a network file: `{"name": …, "key": "<64 hex digits>"}`.
    pub fn parse(text: &str) -> Result<Self, NetworkError> {
        let file: File = serde_json::from_str(text)?;
        Self::new(&file.name, unhex(file.key.trim()).ok_or(NetworkError::Key)?)
    }

    /// The text of its file.
    pub fn to_text(&self) -> String {
        let file = File { name: self.name.clone(), key: hex(&self.key) };
        serde_json::to_string_pretty(&file).expect("two strings are JSON") + "\n"
    }

    /// Its public name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// What the name stands for in signatures.
    pub fn id(&self) -> NetId {
        NetId::of_name(&self.name)
    }
    /// What opens the wire.
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }
}

impl std::fmt::Debug for Network {
    /// Without the key, which may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Network {:?}", self.name)
    }
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    })
}

/// Reads exactly `N` bytes of hex.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    unhex_any(text)?.try_into().ok()
}

/// Reads hex of any even length.
pub fn unhex_any(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) || text.contains(['+', '-']) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_file_reads_back_as_it_was_written() {
        let network = Network::new("tuesday club", [7; 32]).unwrap();
        assert_eq!(Network::parse(&network.to_text()).unwrap(), network);
    }

    #[test]
    fn what_is_no_network_file_is_refused() {
        let key = "0".repeat(64);
        let cases = [
            ("no JSON", "klatch".to_owned()),
            ("no name", format!(r#"{{"name":"","key":"{key}"}}"#)),
            ("a name one byte too long", format!(r#"{{"name":"{}","key":"{key}"}}"#, "n".repeat(65))),
            ("two lines", format!(r#"{{"name":"a\nb","key":"{key}"}}"#)),
            ("a short key", r#"{"name":"a","key":"00"}"#.to_owned()),
            ("no hex", format!(r#"{{"name":"a","key":"{}"}}"#, "+1".repeat(32))),
            ("an unknown field", format!(r#"{{"name":"a","key":"{key}","more":1}}"#)),
        ];
        for (name, text) in cases {
            assert!(Network::parse(&text).is_err(), "{name}");
        }
    }

    #[test]
    fn the_key_is_absent_from_debug() {
        let network = Network::new("a", [0xab; 32]).unwrap();
        assert_eq!(format!("{network:?}"), r#"Network "a""#);
    }
}
