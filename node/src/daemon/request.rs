//! What can be asked of a node. People's words for things (a beginning of an id, a petname, a title)
//! travel as they were typed; [`crate::names`] finds what they mean where the log is.

use std::path::PathBuf;

use klatch_feed::post::{Answer, EventFields, Joining, Role, Schedulers, Silence, Tone};
use klatch_feed::{FeedId, Seq};
use serde::{Deserialize, Serialize};

use crate::net::NetRequest;
use crate::pub_server::PubRequest;

/// One request. Through the socket: one line of JSON, at most [`super::socket::REQUEST_BYTES_MAX`].
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is the argument of the command that bears its name")]
pub enum Request {
    Id,
    Follow {
        who: String,
        /// `None` keeps the one that there is, an empty one takes it away.
        petname: Option<String>,
    },
    Unfollow {
        who: String,
    },
    Block {
        who: String,
    },
    Follows,
    /// What concerns this node's person now.
    Inbox,
    /// What is known of somebody; nobody named = oneself.
    Person {
        who: Option<String>,
    },
    PeerAdd {
        feed: FeedId,
        address: String,
    },
    GroupCreate {
        name: String,
        owners: Vec<String>,
        schedulers: Schedulers,
        #[serde(default)]
        joining: Joining,
        #[serde(default)]
        silence: Option<Silence>,
    },
    /// Makes somebody a member who asks, or lets in again who was removed.
    GroupAccept {
        group: String,
        who: String,
    },
    GroupRemove {
        group: String,
        who: String,
    },
    /// Lets entries count that a cut voids.
    Endorse {
        object: String,
        entries: Vec<String>,
    },
    /// States that an owner is silent.
    Silent {
        group: String,
        owner: String,
        heir: String,
    },
    /// Answers all such statements about oneself.
    Present {
        group: String,
    },
    /// Hides entries for everybody in a group or event, or shows them again.
    Hide {
        object: String,
        entries: Vec<String>,
        on: bool,
        reason: String,
    },
    /// Says that everybody may read of a group on the pages of a pub, or no longer.
    GroupPublic {
        group: String,
        on: bool,
    },
    GroupJoin {
        group: String,
    },
    GroupLeave {
        group: String,
    },
    GroupList,
    GroupShow {
        group: String,
    },
    /// ... with what this node calls everybody in it.
    GroupLocal {
        group: String,
    },
    Schedule(Schedule),
    /// Which events of a calendar are scheduled here already, by what it knows them by.
    ScheduledAs {
        uids: Vec<String>,
    },
    /// Soonest first: those that begin at `from_ms` or later or go on then, at most `max`.
    EventList {
        group: Option<String>,
        from_ms: Option<i64>,
        max: u32,
    },
    /// Soonest first, of a series what comes next: those near a place, or called so.
    EventFind {
        find: Find,
        group: Option<String>,
        from_ms: Option<i64>,
        max: u32,
    },
    /// The folded state and nothing else.
    EventShow {
        event: String,
        /// The occurrence of a series, by its date or local start.
        #[serde(default)]
        on: Option<String>,
    },
    /// ... with what only this node knows beside it.
    EventLocal {
        event: String,
        #[serde(default)]
        on: Option<String>,
    },
    /// What was changed of it, entry by entry.
    Updates {
        event: String,
    },
    /// What somebody posted in a group or event that does not count, since they were cut.
    Voided {
        object: String,
        who: String,
    },
    EventUpdate {
        event: String,
        #[serde(default)]
        on: Option<String>,
        fields: Box<EventFields>,
        /// Occurrences that a series has besides, and dates that it has not.
        #[serde(default)]
        extra: Vec<String>,
        #[serde(default)]
        except: Vec<String>,
        /// For the eyes of who has a seat.
        #[serde(default)]
        address: Option<String>,
    },
    /// Calls one occurrence of a series off.
    EventSkip {
        event: String,
        on: String,
    },
    EventCancel {
        event: String,
        reason: String,
    },
    /// Gives seats by hand; nobody named = everybody who waits unranked.
    Admit {
        event: String,
        /// The occurrence of a series, by its date or local start.
        #[serde(default)]
        on: Option<String>,
        people: Vec<String>,
    },
    /// Gives lines up.
    Release {
        event: String,
        #[serde(default)]
        on: Option<String>,
        people: Vec<String>,
    },
    /// Ranks nobody more.
    Close {
        event: String,
        #[serde(default)]
        on: Option<String>,
    },
    /// Says that one still means a yes.
    Confirm {
        event: String,
        #[serde(default)]
        on: Option<String>,
    },
    /// Why somebody stands with an event as they do; nobody named = oneself.
    Why {
        event: String,
        #[serde(default)]
        on: Option<String>,
        who: Option<String>,
    },
    /// Group or event.
    Grant {
        object: String,
        who: String,
        role: Role,
        quota: u32,
    },
    Revoke {
        object: String,
        who: String,
    },
    Rsvp {
        event: String,
        #[serde(default)]
        on: Option<String>,
        answer: Answer,
        party: u32,
        note: String,
        /// To the event's questions, in their order, for the eyes of the hosts; an empty one says nothing.
        #[serde(default)]
        answers: Vec<String>,
    },
    /// For the eyes of the hosts.
    Feedback {
        event: String,
        #[serde(default)]
        on: Option<String>,
        text: String,
    },
    /// On a group, an event, or a comment that it answers.
    Comment {
        object: String,
        text: String,
        tone: Option<Tone>,
    },
    Poll(PollRequest),
    Profile {
        name: Option<String>,
        about: Option<String>,
        links: Option<Vec<String>>,
    },
    /// Says in the own log whom one follows, or no longer.
    PublishFollow {
        who: String,
        on: bool,
    },
    /// What a door notes of somebody who came.
    AtDoor {
        event: String,
        #[serde(default)]
        on: Option<String>,
        who: String,
        what: DoorNote,
    },
    /// Says that one is there, where no door does.
    Here {
        event: String,
        #[serde(default)]
        on: Option<String>,
    },
    /// An answer to a door's code, to be shown to it.
    DoorAnswer {
        event: String,
        code: String,
        trust: Option<FeedId>,
    },
    EventAttendance {
        event: String,
        #[serde(default)]
        on: Option<String>,
    },
    /// Nobody named = everybody.
    GroupAttendance {
        group: String,
        who: Option<String>,
    },
    /// Takes own entries back.
    Delete {
        entries: Vec<String>,
    },
    Share {
        object: String,
    },
    Open {
        line: String,
    },
    Log {
        who: Option<String>,
        after: Seq,
        max: u32,
    },
    Calendar {
        objects: Vec<String>,
    },
    /// Everybody who answered or came.
    Guests {
        event: String,
    },
    /// What is made public of a group or event.
    Published {
        object: String,
        among: super::Among,
    },
    /// A piece of one's own or another's feed, for export.
    ExportFeed {
        who: Option<String>,
        from: Seq,
    },
    ImportFeed {
        feed: FeedId,
        base8: Option<String>,
        chunk: String,
    },
    /// How a recovery stands.
    Recovery,
    /// The user says that nothing newer of theirs exists than this own entry.
    AcceptHead {
        len: Seq,
    },
    /// Marks somebody whose node keeps the own log, or takes the mark away.
    PeerHome {
        who: String,
        on: bool,
    },
    /// Copies the home into a new file of this name.
    Backup {
        file: PathBuf,
    },
    /// A link into the page, or the token for scripts.
    Page {
        token: bool,
    },
    Verify,
    /// How much is kept.
    Storage,
    Rebuild,
    Compact,
    /// What a pub's operator asks.
    Pub(PubRequest),
    /// What only a node that is connected can do.
    Net(NetRequest),
}

/// When should it be?
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is the argument of the command that bears its name")]
pub enum PollRequest {
    Create {
        group: String,
        question: String,
        zone: String,
        minutes: u32,
        options: Vec<String>,
    },
    /// For these options, each by number from 1 or by date; none = for no option.
    Vote {
        poll: String,
        options: Vec<String>,
    },
    Show {
        poll: String,
    },
    /// Schedules the event that comes of it.
    Settle {
        poll: String,
        option: String,
        title: Option<String>,
        place: String,
        capacity: Option<u32>,
    },
}

/// What a door notes of somebody who came.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DoorNote {
    /// They did not, after all: takes this door's check-in back.
    Undo,
    /// After it had begun.
    Late,
    /// Before the end.
    Left,
    /// With so many persons, themselves included.
    Persons(u32),
}

/// A new event.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields of the event post: spec/posts.md")]
pub struct Schedule {
    pub group: Option<String>,
    pub title: String,
    pub start: String,
    pub zone: String,
    pub minutes: u32,
    pub place: String,
    pub about: String,
    pub capacity: Option<u32>,
    pub split: bool,
    /// The rule of a series.
    #[serde(default)]
    pub repeat: Option<String>,
    /// What else it says.
    #[serde(default)]
    pub fields: Box<EventFields>,
    /// The exact address, for the eyes of who has a seat.
    #[serde(default)]
    pub address: Option<String>,
    /// What a calendar that it comes from knows it by: kept beside the log, so that it is scheduled once.
    #[serde(default)]
    pub uid: Option<String>,
}

/// By what events are looked for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the argument of the flag that bears its name")]
pub enum Find {
    /// Latitude and longitude in millionths of a degree, and how far around in metres.
    Near { geo: (i32, i32), radius_m: u32 },
    /// Words of the title and the tags.
    Search { words: String },
}
