//! What a node answers. These types are what `--json` prints: their field names are stable.

pub use klatch_feed::meetup::agenda::{AgendaLine as EventLine, Standing, persons, standing};
use klatch_feed::meetup::attendance;
use klatch_feed::meetup::why::Why;
use klatch_feed::post::{Answer, Purpose, Role, Tone};
use klatch_feed::{EntryId, EventState, FeedId, GroupState, Seq};
use serde::{Deserialize, Serialize};

use super::inbox::Notice;
pub use super::read::cancelled::Cancellation;
pub use super::read::hidden::HiddenBy;
pub use super::read::updates::UpdateLine;
use super::sentence::Sentence;
use crate::net::NetResponse;
use crate::net::report::FirstScan;
use crate::pub_server::PubResponse;

/// One answer. Through the socket: one line of JSON.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "named after the requests")]
pub enum Response {
    Me(Me),
    /// Done; there is nothing to show.
    Done,
    Created(Created),
    Stated(Stated),
    Person(FollowLine),
    Follows(Vec<FollowLine>),
    Group(Box<GroupState>),
    GroupLocal(Box<GroupLocal>),
    Groups(Vec<GroupLine>),
    Event(Box<EventState>),
    Local(Box<EventLocal>),
    Updates(Vec<UpdateLine>),
    Events(Vec<EventLine>),
    Found(FoundEvents),
    Admitted(Admitted),
    Released(Released),
    Why(Box<WhyLocal>),
    Inbox(Vec<Notice>),
    Deleted(Deleted),
    Share(ShareText),
    Opened(Opened),
    Log(Vec<LogLine>),
    Poll(Box<PollLine>),
    AnswerCode(AnswerText),
    Attendance(Box<AttendanceReport>),
    Records(AttendanceRecords),
    Calendar(Vec<crate::calendar::Dated>),
    Guests(Vec<crate::guests::GuestLine>),
    Published(Box<crate::published::Published>),
    Piece(Option<Piece>),
    Imported(Imported),
    ScheduledAs(Vec<ScheduledAs>),
    Verified(VerifiedReport),
    Storage(Kept),
    Recovery(Box<RecoveryView>),
    BackedUp(BackedUp),
    Compacted(CompactedFile),
    Rebuilt(Rebuilt),
    /// A link, or a token.
    Page(String),
    Pub(PubResponse),
    Net(NetResponse),
}

/// Who this home is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Me {
    pub feed: FeedId,
    pub name: Option<String>,
    pub network: String,
    pub entries: Seq,
    /// Why own posts are refused now, if they are.
    pub held: Option<String>,
}

/// Whether own posts are taken.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Posting {
    /// They are.
    On,
    /// Not before it is sure that none is missing.
    Recovering,
    /// Two branches exist: not under this key.
    Forked,
    /// The log goes on under another key: not under this one.
    Succeeded,
}

/// How a recovery stands.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct RecoveryView {
    pub posting: Posting,
    /// Why they are not.
    pub why: Option<String>,
    pub entries: Seq,
    /// The last own entry here.
    pub last: Option<LogLine>,
    /// Nodes that delivered all that they hold of the own log.
    pub confirmed: Vec<Confirmed>,
    /// Another node runs with this key, or did a moment ago.
    pub twin: bool,
    /// Entries known to exist, if that is more than are here.
    pub known: Option<Seq>,
    /// After how many milliseconds posting goes on by itself, if nothing else comes.
    pub ready_in_ms: Option<u64>,
    /// After how many it can go on by `--accept-head`; 0 = now.
    pub accept_in_ms: Option<u64>,
}

/// Somebody who delivered all that they hold of the own log.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Confirmed {
    pub feed: FeedId,
    pub name: String,
    /// A pub that was joined, or marked by `peer home`.
    pub home: bool,
}

/// What a backup holds.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct BackedUp {
    pub file: std::path::PathBuf,
    pub bytes: u64,
    pub feed: FeedId,
    /// Own entries in it.
    pub entries: Seq,
    /// What is damaged in the home, and so in it.
    pub problems: Vec<String>,
}

/// Something that was posted.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Created {
    /// Its name, which is also the group's or event's if it founds one.
    pub id: EntryId,
    /// In whose log.
    pub feed: FeedId,
    /// Where in it.
    pub seq: Seq,
    /// Revokes that it lifts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lifts: Vec<EntryId>,
    /// The role that somebody has by it, with what they were given before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// What else there is to know of it, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A statement that an owner is silent.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Stated {
    #[serde(flatten)]
    pub created: Created,
    pub group: EntryId,
    pub subject: FeedId,
    pub heir: FeedId,
}

/// Somebody as this node knows them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct FollowLine {
    pub feed: FeedId,
    pub petname: Option<String>,
    /// What they call themselves.
    pub name: Option<String>,
    pub entries: Seq,
    pub bytes: u64,
    /// The place before which their two branches agree, if they forked.
    pub cap: Option<Seq>,
    pub followed: bool,
    pub blocked: bool,
    /// Under which keys they wrote before, first to last, and how many entries of each count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<EarlierLog>,
    /// What they say of themselves.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Where else they are found, where one person was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
    /// Under which key they go on, if this is not it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<FeedId>,
}

impl FollowLine {
    /// What they are called here, else what they call themselves.
    pub fn called(&self) -> Option<&str> {
        self.petname.as_deref().or(self.name.as_deref())
    }
}

/// A log that its owner continued under another key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct EarlierLog {
    pub feed: FeedId,
    pub entries: Seq,
}

/// One group in a list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct GroupLine {
    pub id: EntryId,
    pub name: String,
    pub founder: FeedId,
    pub members: usize,
    pub events: usize,
    pub role: Option<Role>,
    pub member: bool,
}

/// A group with what this node calls everybody and everything in it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct GroupLocal {
    pub group: GroupState,
    pub names: std::collections::BTreeMap<FeedId, String>,
    /// Titles of its events.
    pub titles: std::collections::BTreeMap<EntryId, String>,
    /// Its events in order of time.
    pub order: Vec<EntryId>,
    pub comments: Vec<CommentLine>,
    /// Its polls that no event came of yet: the question of each.
    pub polls: std::collections::BTreeMap<EntryId, String>,
    /// Whether it counts if this node's person states that an owner is silent.
    #[serde(default)]
    pub voice: bool,
}

/// An event with what only this node knows: never equal on two nodes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct EventLocal {
    pub event: EventState,
    /// How often it was changed; the details that its author said with it, an update in the log, are no change.
    #[serde(default)]
    pub changes: u32,
    /// Milliseconds since 1970; `None` where this node does not know the zone.
    pub start_ms: Option<i64>,
    pub end_ms: Option<i64>,
    /// Names of everybody who occurs in the event, as this node calls them.
    pub names: std::collections::BTreeMap<FeedId, String>,
    pub group_name: Option<String>,
    pub mine: Option<Standing>,
    pub delivery: Option<Delivery>,
    /// What this node's owner wrote beside their answer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Which door let each of those who came in first, by what the doors claim.
    pub first_scans: std::collections::BTreeMap<FeedId, FirstScan>,
    /// Why no host ranked the own yes, where no host's node will by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Sentence>,
    /// The entry by which one stands so: the own answer, or what a host made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mine_by: Option<EntryId>,
    pub comments: Vec<CommentLine>,
    /// What of the sealed text about it is for this node's owner.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sealed: Vec<SealedLine>,
    /// Who hid the event or words of it, and why; then these are not here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<HiddenBy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellation: Option<Cancellation>,
}

/// A text for some eyes that this node could open.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct SealedLine {
    pub id: EntryId,
    pub feed: FeedId,
    pub name: String,
    pub time_ms: u64,
    pub purpose: Purpose,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<AnswerLine>,
}

/// A question as it was when it was answered, and the answer.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct AnswerLine {
    pub question: String,
    pub answer: String,
}

/// How far one's own RSVP got.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// In one's own log.
    Written,
    /// Somebody else holds it, as far as this node has seen since it started.
    Sent,
    /// A host has ranked it, or given it up.
    Seen,
}

/// An answer to a door, to be shown to it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AnswerText {
    /// `klatch:guest/1/…`
    pub code: String,
}

/// How an event went, with what this node calls everybody.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct AttendanceReport {
    pub report: attendance::Report,
    pub names: std::collections::BTreeMap<FeedId, String>,
}

/// How often people came to the events of a group, with what this node calls them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct AttendanceRecords {
    /// How many of its events are over.
    pub events: usize,
    pub people: Vec<attendance::Record>,
    pub names: std::collections::BTreeMap<FeedId, String>,
}

/// One comment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct CommentLine {
    pub id: EntryId,
    pub feed: FeedId,
    pub name: String,
    /// When, as the author claims: milliseconds since 1970.
    pub time_ms: u64,
    /// Empty where it is hidden.
    pub text: String,
    /// The comment that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<EntryId>,
    /// How many answers stand above it in the thread.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub depth: u32,
    /// What it is said as, where its author may say it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tone: Option<Tone>,
    /// Who hid it and why; then neither text nor name is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<HiddenBy>,
}

#[cfg(test)]
impl CommentLine {
    /// The comment of a test, by number; with what it answers.
    pub(crate) fn test(n: u8, time_ms: u64, reply: Option<u8>) -> Self {
        let id = |n: u8| EntryId::new([n; 32]);
        let (name, text, depth, tone, hidden) = Default::default();
        let (feed, reply) = (FeedId::new([n; 32]), reply.map(id));
        Self { id: id(n), feed, name, time_ms, text, reply, depth, tone, hidden }
    }
}

fn is_zero(depth: &u32) -> bool {
    *depth == 0
}

/// A poll: what it asks, and who could come when.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct PollLine {
    pub id: EntryId,
    pub group: EntryId,
    pub author: FeedId,
    pub question: String,
    pub zone: String,
    pub minutes: u32,
    pub options: Vec<PollOption>,
    /// How many voted, be it for none.
    pub votes: usize,
    /// The event that came of it.
    pub settled: Option<EntryId>,
    pub names: std::collections::BTreeMap<FeedId, String>,
    /// Who hid it and why; then neither what it asks nor names are here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<HiddenBy>,
}

/// One start that a poll offers.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct PollOption {
    pub start: String,
    /// Who could come then, by feed id.
    pub yes: Vec<FeedId>,
}

/// Events that were looked for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct FoundEvents {
    pub lines: Vec<EventLine>,
    /// There is more than one question may look at: some may be missing.
    pub cut: bool,
}

/// What was taken back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Deleted {
    /// The entries that say so.
    pub ids: Vec<EntryId>,
    /// Those whose bodies are gone.
    pub entries: Vec<EntryId>,
}

/// What `event admit` wrote.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Admitted {
    /// The seat post; `None` if there was nobody to rank.
    pub id: Option<EntryId>,
    pub ranked: Vec<FeedId>,
    /// What each of them is called here, in that order.
    pub names: Vec<String>,
}

/// What `event release` wrote.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Released {
    pub ids: Vec<EntryId>,
    /// Whose lines were given up.
    pub people: Vec<FeedId>,
    /// What each of them is called here, in that order.
    pub names: Vec<String>,
}

/// Why somebody stands with an event as they do, with what this node calls everybody and what the entries say.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct WhyLocal {
    pub event: EntryId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occ: Option<String>,
    pub title: String,
    #[serde(flatten)]
    pub why: Why,
    /// Why no host ranked that yes, where no host's node will by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Sentence>,
    pub names: std::collections::BTreeMap<FeedId, String>,
    /// The entries that the reasons name, as far as they are here.
    pub entries: std::collections::BTreeMap<EntryId, LogLine>,
}

/// A line that gives somebody a way in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct ShareText {
    pub line: String,
    /// Whether it says where a node can be reached.
    pub reachable: bool,
}

/// What a share line led to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Opened {
    pub id: EntryId,
    pub host: FeedId,
    pub addresses: Vec<String>,
    /// Whether the object is here already.
    pub held: bool,
}

/// One entry of a log.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct LogLine {
    pub id: EntryId,
    pub feed: FeedId,
    pub seq: Seq,
    pub time_ms: u64,
    pub kind: u16,
    pub refs: Vec<EntryId>,
    /// What it says in a few words.
    pub what: Sentence,
    /// It does not count: it stands past a fork, or on a branch that is not kept. Of the owner's own logs alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
}

/// A piece of a feed for export.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "of one program's two halves")]
pub struct Piece {
    pub feed: FeedId,
    pub first: Seq,
    pub count: u32,
    /// First eight bytes of the id before it, in hex; `None` iff it starts at 1.
    pub base8: Option<String>,
    /// The compact form, in hex.
    pub chunk: String,
}

/// What an import added.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Imported {
    pub feed: FeedId,
    pub entries: Seq,
}

/// That an event of a calendar is scheduled here already.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct ScheduledAs {
    pub uid: String,
    pub id: EntryId,
    pub title: String,
}

/// What `rebuild` dropped.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Rebuilt {
    /// Feeds in which an entry was damaged.
    pub dropped: Vec<Dropped>,
}

/// A feed of somebody else of which a rebuild dropped what is damaged, and what follows it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Dropped {
    pub feed: FeedId,
    pub name: String,
    /// The last entry that stayed.
    pub after: Seq,
    /// How many after it are gone.
    pub entries: Seq,
}

/// What `compact` did to the file of the log, in bytes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct CompactedFile {
    pub before: u64,
    pub after: u64,
}

/// What is kept of all logs together.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct Kept {
    pub feeds: u64,
    pub entries: u64,
    pub bytes: u64,
}

/// What `verify` found.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "JSON that people see")]
pub struct VerifiedReport {
    pub feeds: u64,
    pub entries: u64,
    pub bytes: u64,
    /// One line each; empty = all good.
    pub problems: Vec<String>,
}

impl EventLocal {
    /// What this node calls somebody.
    pub fn name(&self, feed: &FeedId) -> String {
        self.names.get(feed).cloned().unwrap_or_else(|| crate::names::short(feed))
    }
}

/// The answer a line stands for, in a word.
pub fn word(answer: Answer) -> &'static str {
    match answer {
        Answer::Yes => "yes",
        Answer::No => "no",
        Answer::Maybe => "maybe",
    }
}
