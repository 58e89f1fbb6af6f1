//! Share lines: one line of text that gives somebody a way in. Source: spec/files.md, "share line".

use std::fmt;
use std::str::FromStr;

use klatch_feed::{EntryId, FeedId};

const START: &str = "klatch:entry1";
/// Longest line, in bytes.
pub const LINE_BYTES_MAX: usize = 1024;
/// Most addresses in one.
pub const ADDRESSES_MAX: usize = 8;
/// Longest address, in bytes: a DNS name of 253 bytes, a colon and a port.
pub const ADDRESS_BYTES_MAX: usize = 259;

/// `klatch:entry1…?host=feed1…&at=192.0.2.7:4747&at=[2001:db8::7]:4747`
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ShareLine {
    /// The group or event.
    pub object: EntryId,
    /// Whose log it is in.
    pub host: FeedId,
    /// Where a node that has it can be reached, best first.
    pub addresses: Vec<Address>,
}

/// The first word of a message that begins so, or all of it where none does: people paste what they were sent.
pub fn in_message<'t>(text: &'t str, start: &str) -> &'t str {
    text.split_whitespace().find(|word| word.starts_with(start)).unwrap_or(text.trim())
}

/// `host:port`: an IPv4 address, an IPv6 address in brackets or a DNS name, and a port from 1.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address(String);

/// Why a text is not a share line.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ShareError {
    /// Longer than [`LINE_BYTES_MAX`].
    #[error("a share line has at most {LINE_BYTES_MAX} bytes, this one {0}")]
    TooLong(usize),
    /// Something else altogether.
    #[error("a share line starts with `klatch:entry1`; copy the whole line")]
    Start,
    /// A mistyped id.
    #[error("the id of the {what}: {problem}")]
    Id {
        /// Which.
        what: &'static str,
        /// What is wrong.
        problem: klatch_feed::id::IdError,
    },
    /// No host, or two.
    #[error("a share line names one host: copy the whole line")]
    Host,
    /// An address that is none, or too many.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// More than [`ADDRESSES_MAX`].
    #[error("a share line has at most {ADDRESSES_MAX} addresses")]
    Addresses,
}

/// Why a text is not an address.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is not HOST:PORT (an IPv6 address goes in brackets)")]
pub struct AddressError(String);

impl Address {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = || AddressError(text.chars().take(80).collect());
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port_ok = port.parse::<u16>().is_ok_and(|n| n > 0) && port.bytes().all(|b| b.is_ascii_digit());
        let host_ok = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(inner) => {
                inner.split('%').next().is_some_and(|ip| ip.parse::<std::net::Ipv6Addr>().is_ok())
                    && inner.bytes().all(|b| b.is_ascii_alphanumeric() || b":.%-_".contains(&b))
            }
            None => {
                !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
            }
        };
        match port_ok && host_ok && text.len() <= ADDRESS_BYTES_MAX {
            true => Ok(Self(text.to_owned())),
            false => Err(wrong()),
        }
    }
}

impl fmt::Display for ShareLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "klatch:{}?host={}", self.object, self.host)?;
        self.addresses.iter().try_for_each(|address| write!(f, "&at={address}"))
    }
}

impl FromStr for ShareLine {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, ShareError> {
        let text = in_message(text, START);
        if text.len() > LINE_BYTES_MAX {
            return Err(ShareError::TooLong(text.len()));
        }
        let rest = text
            .strip_prefix("klatch:")
            .filter(|rest| rest.starts_with("entry1"))
            .ok_or(ShareError::Start)?;
        let (object, query) = rest.split_once('?').ok_or(ShareError::Start)?;
        let object = object.parse().map_err(|problem| ShareError::Id { what: "group or event", problem })?;
        let (mut host, mut addresses) = (None, Vec::new());
        for field in query.split('&') {
            match field.split_once('=') {
                Some(("host", _)) if host.is_some() => return Err(ShareError::Host),
                Some(("host", id)) => {
                    host = Some(id.parse().map_err(|problem| ShareError::Id { what: "host", problem })?);
                }
                Some(("at", _)) if addresses.len() == ADDRESSES_MAX => return Err(ShareError::Addresses),
                Some(("at", address)) => addresses.push(address.parse()?),
                _ => {} // Lines may grow; what is unknown is passed over.
            }
        }
        Ok(Self { object, host: host.ok_or(ShareError::Host)?, addresses })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(addresses: &[&str]) -> ShareLine {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        ShareLine { object: EntryId::new([1; 32]), host: FeedId::new([2; 32]), addresses }
    }

    #[test]
    fn a_line_reads_back_as_it_was_written() {
        for line in [line(&[]), line(&["192.0.2.7:4747", "[2001:db8::7]:4747", "pub.example.org:4747"])] {
            assert_eq!(line.to_string().parse(), Ok(line));
        }
    }

    #[test]
    fn what_a_later_version_adds_is_passed_over() {
        let line = line(&["192.0.2.7:4747"]);
        assert_eq!(format!("  {line}&colour=red&flag\n").parse(), Ok(line));
    }

    #[test]
    fn what_is_no_share_line_is_refused() {
        let good = line(&["192.0.2.7:4747"]).to_string();
        let (start, _) = good.split_once("host=").unwrap();
        let cases = [
            ("something else", "https://example.org/".to_owned()),
            ("cut in the id", good[..40].to_owned()),
            ("no host", format!("{start}at=192.0.2.7:4747")),
            ("two hosts", format!("{good}&host={}", FeedId::new([3; 32]))),
            ("no port", format!("{good}&at=192.0.2.7")),
            ("port nought", format!("{good}&at=192.0.2.7:0")),
            ("a signed port", format!("{good}&at=192.0.2.7:+1")),
            ("an address with a path", format!("{good}&at=example.org/x:1")),
            ("nine addresses", format!("{good}{}", "&at=192.0.2.7:4747".repeat(8))),
            ("too long", format!("{good}&x={}", "x".repeat(LINE_BYTES_MAX))),
            ("a mistyped letter", good.replacen("entry1q", "entry1p", 1)),
        ];
        for (name, text) in cases {
            assert!(text.parse::<ShareLine>().is_err(), "{name}: {text}");
        }
    }
}
