//! Flags of the commands that need other nodes, and run one of their own where none runs.

use std::time::Duration;

use clap::Args;

use super::exit::CliError;
use super::reach::Node;
use crate::config::Config;
use crate::daemon::{Request, Response};
use crate::net::{self, Lan, NetRequest, NetResponse};

/// How such a command meets others, if no node runs.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Online {
    /// Where to look for others, if no node runs
    #[arg(long, value_name = "WHERE", value_enum, default_value_t)]
    lan: Lan,
}

impl Online {
    /// The node that runs, or one of this command's own.
    pub(super) fn node(self, config: &Config) -> Result<Node, CliError> {
        Node::find_online(&config.home, net::Config { lan: self.lan, ..net::Config::default() })
    }
}

/// Asks the network part.
pub(super) fn ask(node: &Node, request: NetRequest) -> Result<NetResponse, CliError> {
    match node.call(Request::Net(request))? {
        Response::Net(answer) => Ok(answer),
        _ => Err(CliError::Answer),
    }
}

/// Reads `30s`, `5m`, `2h` or `7d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write it as 30s, 5m, 2h or 7d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let digits = &text[..text.len() - 1];
    let count =
        Some(digits).filter(|d| d.bytes().all(|b| b.is_ascii_digit())).and_then(|d| d.parse::<u64>().ok());
    let total = count.filter(|count| *count > 0).and_then(|count| count.checked_mul(seconds));
    total.map(Duration::from_secs).ok_or_else(wrong)
}

/// Reads `500M`, `10G` or plain bytes.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || "write it as 64M, 10G or a number of bytes".to_owned();
    let (digits, shift) = match text.chars().last().ok_or_else(wrong)? {
        'K' => (&text[..text.len() - 1], 10),
        'M' => (&text[..text.len() - 1], 20),
        'G' => (&text[..text.len() - 1], 30),
        'T' => (&text[..text.len() - 1], 40),
        _ => (text, 0),
    };
    let count =
        Some(digits).filter(|d| d.bytes().all(|b| b.is_ascii_digit())).and_then(|d| d.parse::<u64>().ok());
    count.and_then(|count| count.checked_mul(1 << shift)).ok_or_else(wrong)
}

/// Bytes as people read them: `3.4 MiB`.
pub(super) fn size(bytes: u64) -> String {
    let units = [(1u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_are_read_as_people_write_them() {
        let durations = [("30s", 30), ("5m", 300), ("2h", 7200), ("7d", 604_800)];
        for (text, seconds) in durations {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        let sizes =
            [("0", 0), ("12", 12), ("1K", 1024), ("64M", 64 << 20), ("10G", 10 << 30), ("1T", 1 << 40)];
        for (text, count) in sizes {
            assert_eq!(bytes(text), Ok(count), "{text}");
        }
        for text in
            ["", "s", "0s", "-1s", "+1s", "1", "1x", "1é", "99999999999999999999d", "18446744073709551615d"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
        for text in ["", "G", "-1", "+1", "1.5G", "1 G", "1é", "18446744073709551615K"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_shown_in_the_largest_unit_that_fits() {
        let cases =
            [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (10 << 30, "10.0 GiB")];
        for (count, shown) in cases {
            assert_eq!(size(count), shown);
        }
    }
}
