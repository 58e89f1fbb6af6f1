//! Who is let in, and who is not any more. Source: spec/pub.md, "joining" and "removing a member".

use klatch_feed::FeedId;
use klatch_gossip::sync::Redeemed;
use klatch_store::{DiskError, Snapshot};
use serde::{Deserialize, Serialize};

use super::Role;
use super::invite::Terms;
use crate::daemon::{Local, Spaces, people};

/// How a pub answers a secret. Source: spec/pub.md, "joining".
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Code {
    /// A member, now or already.
    Welcome,
    /// No such invite.
    Unknown,
    /// Every use of it is taken.
    UsedUp,
    /// Its time is over.
    Expired,
    /// The pub takes no more members.
    Full,
    /// This feed was removed, or is blocked.
    Removed,
    /// This node is no pub.
    NoPub,
    /// The pub's disk failed.
    NotWritten,
    /// A refusal of a later version.
    Other(u16),
}

impl Code {
    /// The number on the wire.
    pub fn number(self) -> u16 {
        match self {
            Self::Welcome => 0,
            Self::Unknown => 1,
            Self::UsedUp => 2,
            Self::Expired => 3,
            Self::Full => 4,
            Self::Removed => 5,
            Self::NoPub => 6,
            Self::NotWritten => 7,
            Self::Other(number) => number,
        }
    }

    /// What a number stands for.
    pub fn of(number: u16) -> Self {
        let known = [
            Self::Welcome,
            Self::Unknown,
            Self::UsedUp,
            Self::Expired,
            Self::Full,
            Self::Removed,
            Self::NoPub,
            Self::NotWritten,
        ];
        known.into_iter().find(|code| code.number() == number).unwrap_or(Self::Other(number))
    }

    /// What a person who was refused is told, with what to do about it; `None` for a welcome.
    pub fn refusal(self) -> Option<String> {
        let text = match self {
            Self::Welcome => return None,
            Self::Unknown => "the pub does not know this invite: ask for a new one",
            Self::UsedUp => "this invite is used up: ask for a new one",
            Self::Expired => "this invite has expired: ask for a new one",
            Self::Full => "the pub takes no more members for now: try again later, or ask its operator",
            Self::Removed => "the pub's operator has removed you: talk to them",
            Self::NoPub => "that node is no pub (any more): ask whoever gave you the invite",
            Self::NotWritten => "the pub could not write it down just now: try again later",
            Self::Other(number) => {
                return Some(format!("the pub refused, for a reason this Klatch does not know ({number})"));
            }
        };
        Some(text.to_owned())
    }
}

/// What the pub notes of a member.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Member {
    /// Since when, in milliseconds since 1970 by the pub's clock.
    pub since_ms: u64,
}

/// What decides about one feed with one secret.
struct Asked {
    role: Option<Role>,
    barred: bool,
    member: bool,
    invite: Option<Terms>,
    members: usize,
}

impl Asked {
    fn read(snapshot: &Snapshot, feed: &FeedId, digest: &[u8; 32]) -> Result<Self, DiskError> {
        let noted = |space: &str| snapshot.local(space, feed.as_bytes());
        Ok(Self {
            role: Role::read(snapshot)?,
            barred: noted(Spaces::BLOCK)?.is_some() || noted(Spaces::REMOVED)?.is_some(),
            member: noted(Spaces::MEMBER)?.is_some(),
            invite: snapshot.local(Spaces::INVITE, digest)?.and_then(|bytes| Terms::from_bytes(&bytes)),
            members: people(snapshot, Spaces::MEMBER)?.len(),
        })
    }

    fn code(&self, now_ms: u64) -> Code {
        match (&self.role, &self.invite) {
            (None, _) => Code::NoPub,
            (Some(_), _) if self.barred => Code::Removed,
            (Some(_), _) if self.member => Code::Welcome,
            (Some(_), None) => Code::Unknown,
            (Some(_), Some(terms)) if terms.is_expired(now_ms) => Code::Expired,
            (Some(_), Some(terms)) if terms.left() == 0 => Code::UsedUp,
            (Some(role), Some(_)) if self.members >= role.members_max => Code::Full,
            (Some(_), Some(_)) => Code::Welcome,
        }
    }
}

/// Answers a secret that `feed` shows, with what has to be durable before the answer leaves.
pub fn redeem(
    snapshot: &Snapshot,
    me: FeedId,
    feed: FeedId,
    digest: &[u8; 32],
    now_ms: u64,
) -> Result<(Vec<Local>, Redeemed), DiskError> {
    let asked = Asked::read(snapshot, &feed, digest)?;
    let code = asked.code(now_ms);
    let mut sets = Vec::new();
    if let (Code::Welcome, false, Some(terms)) = (code, asked.member, asked.invite) {
        let member = Member { since_ms: now_ms };
        let member = serde_json::to_vec(&member).expect("a number is JSON");
        let terms = Terms { used: terms.used.saturating_add(1), ..terms };
        sets.push(Local::of_feed(Spaces::MEMBER, &feed, Some(member)));
        sets.push(Local { space: Spaces::INVITE, key: digest.to_vec(), value: Some(terms.to_bytes()) });
    }
    let name = match code {
        Code::NoPub => String::new(),
        _ => snapshot.profile(&me)?.map(|(name, _)| name).unwrap_or_default(),
    };
    let quota = asked.role.filter(|_| code == Code::Welcome).map_or(0, |role| role.per_member);
    Ok((sets, Redeemed { code: code.number(), name, quota }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000;

    fn asked() -> Asked {
        let role = Role { members_max: 2, ..Role::default() };
        let terms = Terms { uses: 1, used: 0, expires_ms: NOW + 1 };
        Asked { role: Some(role), barred: false, member: false, invite: Some(terms), members: 0 }
    }

    #[test]
    fn the_first_reason_of_the_spec_decides() {
        let spent = Terms { uses: 1, used: 1, expires_ms: NOW + 1 };
        let over = Terms { uses: 1, used: 1, expires_ms: NOW };
        let cases = [
            ("no pub at all", Asked { role: None, barred: true, ..asked() }, Code::NoPub),
            ("removed, though a member", Asked { barred: true, member: true, ..asked() }, Code::Removed),
            ("a member, whatever the invite", Asked { member: true, invite: None, ..asked() }, Code::Welcome),
            ("a member, though it is full", Asked { member: true, members: 2, ..asked() }, Code::Welcome),
            ("a secret nobody drew", Asked { invite: None, ..asked() }, Code::Unknown),
            ("expired and used up", Asked { invite: Some(over), ..asked() }, Code::Expired),
            ("used up, and the pub full", Asked { invite: Some(spent), members: 2, ..asked() }, Code::UsedUp),
            ("one member too many", Asked { members: 2, ..asked() }, Code::Full),
            ("the last place", Asked { members: 1, ..asked() }, Code::Welcome),
        ];
        for (name, asked, code) in cases {
            assert_eq!(asked.code(NOW), code, "{name}");
        }
    }

    #[test]
    fn every_code_reads_back_from_its_number() {
        for number in 0..9 {
            assert_eq!(Code::of(number).number(), number);
        }
    }
}
