//! The pub: a node that a community keeps running. Source: spec/pub.md.
//!
//! It is an ordinary node with a role noted among its local facts: it lets people in by invites, keeps
//! their logs and their groups within limits, and serves them. What it wants and refuses is computed where
//! every node's is ([`crate::daemon`]); here are the role, the invites and the members. Absent on purpose:
//! any power over groups. Its pages are [`crate::web::public`]'s.

pub mod invite;
pub mod members;
pub mod site;

use klatch_feed::FeedId;
use klatch_store::{DiskError, Snapshot};
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::daemon::{Handle, Local, Quota, Refusal, Sentence, Spaces, people};
use crate::names;
use crate::share::Address;
use invite::{DAYS_MAX, InviteLine, Secret, Terms, USES_MAX};
use members::Member;
use site::{ListedLine, Site};

/// Most invites that may be open at once.
pub const INVITES_MAX: usize = 1_000;

/// How long after its end an invite is still told from one that never was.
const SPENT_KEPT_MS: u64 = 90 * 24 * 60 * 60 * 1000;

/// What makes a node a pub, as its operator set it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Role {
    /// Where members reach it from elsewhere; `None` until its operator says.
    pub public: Option<String>,
    /// Bytes kept of all others together.
    pub max_disk: u64,
    /// Bytes kept of one member.
    pub per_member: u64,
    /// Bytes kept of one feed that is no member's.
    pub per_other: u64,
    /// Most members.
    pub members_max: usize,
}

impl Default for Role {
    fn default() -> Self {
        Self {
            public: None,
            max_disk: 10 << 30,
            per_member: 64 << 20,
            per_other: 8 << 20,
            members_max: 10_000,
        }
    }
}

impl Role {
    const KEY: &'static [u8] = b"pub";

    /// The role this node has, if it is a pub.
    pub fn read(snapshot: &Snapshot) -> Result<Option<Self>, DiskError> {
        let noted = snapshot.local(Spaces::ROLE, Self::KEY)?;
        Ok(noted.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// The fact that says so.
    pub fn to_local(&self) -> Local {
        let value = serde_json::to_vec(self).expect("numbers and a string are JSON");
        Local { space: Spaces::ROLE, key: Self::KEY.to_vec(), value: Some(value) }
    }

    /// What the owner of the log refuses past.
    pub fn quota(&self) -> Quota {
        Quota {
            total: Some(self.max_disk),
            per_member: Some(self.per_member),
            per_other: Some(self.per_other),
        }
    }
}

/// What a pub's operator asks.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is the argument of the command that bears its name")]
pub enum PubRequest {
    /// Makes this node a pub, or changes its limits; what is `None` stays.
    Set {
        public: Option<String>,
        max_disk: Option<u64>,
        per_member: Option<u64>,
    },
    Invite {
        uses: u32,
        minutes: u64,
    },
    Members,
    /// `undo`: lets a removed feed try again.
    Remove {
        who: String,
        undo: bool,
    },
    Status,
    /// Puts a group or event on the public pages, or takes it off.
    Publish {
        object: String,
        undo: bool,
    },
    /// What was put there.
    Listed,
    /// What the public pages show.
    Site,
}

/// What a pub answers its operator. `--json` prints these.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "named after the requests")]
pub enum PubResponse {
    Set(Role),
    Invite(Invited),
    Members(Vec<MemberLine>),
    Removed(Removed),
    Status(Box<Status>),
    Listed(Vec<ListedLine>),
    Site(Box<Site>),
}

/// A fresh invite.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Invited {
    pub invite: String,
    pub uses: u32,
    pub expires_ms: u64,
}

/// One member.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct MemberLine {
    pub feed: FeedId,
    pub name: Option<String>,
    pub since_ms: u64,
    pub entries: klatch_feed::Seq,
    pub bytes: u64,
    pub bytes_max: u64,
}

/// What became of a removal.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Removed {
    pub feed: FeedId,
    /// Whether its log is still here, since a group or event of somebody else's needs it.
    pub kept: bool,
}

/// How a pub stands.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Status {
    pub public: Option<String>,
    pub feeds: usize,
    pub bytes: u64,
    pub bytes_max: u64,
    pub members: usize,
    pub members_max: usize,
    pub invites: usize,
    /// Open connections; `None` where no node runs.
    pub connections: Option<usize>,
    /// Feeds that are kept no further, with the reason.
    pub refused: Vec<Refused>,
}

/// A feed that is kept no further.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Refused {
    pub feed: FeedId,
    pub name: Option<String>,
    pub bytes: u64,
    pub reason: String,
}

/// Answers a pub's operator, with or without a running node. Blocks.
pub(crate) fn answer(handle: &Handle, request: PubRequest) -> Result<PubResponse, Refusal> {
    match request {
        PubRequest::Set { public, max_disk, per_member } => {
            let public = public.map(|text| text.parse::<Address>()).transpose();
            let public = public.map_err(|error| field("public", error))?;
            handle.update_blocking(move |snapshot| set(snapshot, public, max_disk, per_member))
        }
        PubRequest::Invite { uses, minutes } => {
            let me = handle.me();
            let secret = Secret::new(clock::random());
            handle.update_blocking(move |snapshot| invite(snapshot, me, secret, uses, minutes))
        }
        PubRequest::Members => {
            let snapshot = handle.reader().snapshot()?;
            let role = role(&snapshot)?;
            let lines = members_of(&snapshot)?.into_iter();
            let lines = lines.map(|(feed, member)| line(&snapshot, &role, feed, member));
            Ok(PubResponse::Members(lines.collect::<Result<_, _>>()?))
        }
        PubRequest::Remove { who, undo } => {
            let me = handle.me();
            let feed = handle.update_blocking(move |snapshot| remove(snapshot, me, &who, undo))?;
            let kept = undo || handle.forget_blocking(feed)?;
            Ok(PubResponse::Removed(Removed { feed, kept }))
        }
        PubRequest::Status => Ok(PubResponse::Status(Box::new(status(handle)?))),
        PubRequest::Publish { object, undo } => site::publish(handle, object, undo),
        PubRequest::Listed => site::listed(handle),
        PubRequest::Site => Ok(PubResponse::Site(Box::new(site::site(handle)?))),
    }
}

fn field(field: &str, problem: impl ToString) -> Refusal {
    Refusal::Field { field: field.to_owned(), problem: problem.to_string().into() }
}

/// Which the page says in the reader's language, with the most that there may be.
fn no_effect(key: &'static str, most: u64, problem: impl Into<String>) -> Refusal {
    Refusal::NoEffect { problem: Sentence::counted(key, "", &[("max", most)], problem) }
}

fn past(field: &str, key: &'static str, most: u64, problem: String) -> Refusal {
    let problem = Sentence::counted(key, "", &[("max", most)], problem);
    Refusal::Field { field: field.to_owned(), problem }
}

fn role(snapshot: &Snapshot) -> Result<Role, Refusal> {
    let no_pub = "this node is no pub: make it one with `klatch pub up --public HOST:PORT`";
    Role::read(snapshot)?.ok_or_else(|| no_effect("refused-pub-own-none", 0, no_pub))
}

fn set(
    snapshot: &Snapshot,
    public: Option<Address>,
    max_disk: Option<u64>,
    per_member: Option<u64>,
) -> Result<(Vec<Local>, PubResponse), Refusal> {
    let held = Role::read(snapshot)?.unwrap_or_default();
    let role = Role {
        public: public.map(|address| address.to_string()).or(held.public),
        max_disk: max_disk.unwrap_or(held.max_disk),
        per_member: per_member.unwrap_or(held.per_member),
        ..held
    };
    Ok((vec![role.to_local()], PubResponse::Set(role)))
}

fn invite(
    snapshot: &Snapshot,
    me: FeedId,
    secret: Secret,
    uses: u32,
    minutes: u64,
) -> Result<(Vec<Local>, PubResponse), Refusal> {
    let role = role(snapshot)?;
    if !(1..=USES_MAX).contains(&uses) {
        let problem = format!("an invite has 1 to {USES_MAX} uses");
        return Err(past("uses", "refused-pub-uses", USES_MAX.into(), problem));
    }
    if !(1..=DAYS_MAX * 24 * 60).contains(&minutes) {
        let problem = format!("an invite lasts from a minute to {DAYS_MAX} days");
        return Err(past("expires", "refused-pub-days", DAYS_MAX, problem));
    }
    let no_address =
        "nobody could dial this pub: say where it is reached, `klatch pub up --public HOST:PORT`";
    let public = role.public.ok_or_else(|| no_effect("refused-pub-address", 0, no_address))?;
    let address = public.parse().map_err(|error| field("public", error))?;
    let now_ms = clock::now_ms();
    let (mut sets, mut open) = (Vec::new(), 0);
    for (key, value) in snapshot.locals(Spaces::INVITE)? {
        match Terms::from_bytes(&value) {
            Some(terms) if !terms.is_spent(now_ms) => open += 1,
            // Kept for a while, so that who comes late is told which it is.
            Some(terms) if now_ms < terms.expires_ms.saturating_add(SPENT_KEPT_MS) => {}
            _ => sets.push(Local { space: Spaces::INVITE, key, value: None }),
        }
    }
    if open >= INVITES_MAX {
        let problem = format!("{INVITES_MAX} invites are open already: let some expire");
        return Err(no_effect("refused-pub-invites", INVITES_MAX as u64, problem));
    }
    let terms = Terms { uses, used: 0, expires_ms: now_ms.saturating_add(minutes.saturating_mul(60_000)) };
    sets.push(Local { space: Spaces::INVITE, key: secret.digest().to_vec(), value: Some(terms.to_bytes()) });
    let invite = InviteLine { address, feed: me, secret }.to_string();
    Ok((sets, PubResponse::Invite(Invited { invite, uses, expires_ms: terms.expires_ms })))
}

fn members_of(snapshot: &Snapshot) -> Result<Vec<(FeedId, Member)>, DiskError> {
    let rows = people(snapshot, Spaces::MEMBER)?.into_iter();
    Ok(rows.filter_map(|(feed, value)| Some((feed, serde_json::from_slice(&value).ok()?))).collect())
}

fn line(snapshot: &Snapshot, role: &Role, feed: FeedId, member: Member) -> Result<MemberLine, Refusal> {
    let (entries, bytes) = snapshot.state(&feed)?.map_or((0, 0), |state| (state.len, state.bytes));
    let name = snapshot.profile(&feed)?.map(|(name, _)| name);
    Ok(MemberLine { feed, name, since_ms: member.since_ms, entries, bytes, bytes_max: role.per_member })
}

fn remove(snapshot: &Snapshot, me: FeedId, who: &str, undo: bool) -> Result<(Vec<Local>, FeedId), Refusal> {
    role(snapshot)?;
    let feed = names::person(snapshot, me, who)?;
    let noted = |space: &str| snapshot.local(space, feed.as_bytes());
    let member = noted(Spaces::MEMBER)?.is_some();
    let removed = noted(Spaces::REMOVED)?.is_some();
    let (key, problem) = match (undo, member, removed) {
        (false, false, false) => ("refused-pub-no-member", "they are no member of this pub"),
        (false, _, true) => ("refused-pub-out", "they are removed already"),
        (true, _, false) => ("refused-pub-in", "they are not removed"),
        _ => {
            // Whoever goes on under another key is the same person.
            let fact = |space, key, on: bool| Local::of_feed(space, key, on.then(Vec::new));
            let keys = snapshot.lineage()?.line(feed);
            let facts = keys
                .iter()
                .flat_map(|key| [fact(Spaces::REMOVED, key, !undo), fact(Spaces::MEMBER, key, false)]);
            return Ok((facts.collect(), feed));
        }
    };
    Err(no_effect(key, 0, problem))
}

fn status(handle: &Handle) -> Result<Status, Refusal> {
    let snapshot = handle.reader().snapshot()?;
    let role = role(&snapshot)?;
    let feeds = snapshot.feeds()?;
    let held =
        |feed: &FeedId| feeds.iter().find(|(held, _)| held == feed).map_or(0, |(_, state)| state.bytes);
    let mut refused = Vec::new();
    for (feed, why) in handle.refused() {
        let name = snapshot.profile(&feed)?.map(|(name, _)| name);
        refused.push(Refused { feed, name, bytes: held(&feed), reason: why.to_string() });
    }
    let now_ms = clock::now_ms();
    let invites = snapshot.locals(Spaces::INVITE)?;
    let open = invites.iter().filter_map(|(_, value)| Terms::from_bytes(value));
    Ok(Status {
        feeds: feeds.len(),
        bytes: feeds.iter().fold(0, |sum, (_, state)| sum.saturating_add(state.bytes)),
        bytes_max: role.max_disk,
        members: members_of(&snapshot)?.len(),
        members_max: role.members_max,
        invites: open.filter(|terms| !terms.is_spent(now_ms)).count(),
        connections: handle.connections(),
        refused,
        public: role.public,
    })
}
