//! Every request by name: what it does, which fields it takes, what it answers. The document is made of this table,
//! and a test compares it with the requests themselves.
//!
//! Fields are written `name:type`, apart by spaces; `name?:type` may be missing or null, `name=:type` may be missing.
//! A type is `s` (text), `i` (whole number), `b` (yes or no), `[…]` (a list), `{…}` (names to values), `a|b` (one of
//! these words), `#shape` (one of [`SHAPES`]) or `any`; an answer may be one ` or ` another.

/// A request that can be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Its name; what stands after a slash is a request within it.
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) fields: &'static str,
    /// The type of the answer.
    pub(super) answer: &'static str,
}

const fn row(name: &'static str, what: &'static str, fields: &'static str, answer: &'static str) -> Row {
    Row { name, what, fields, answer }
}

/// Requests that cannot be sent so, each with the reason.
pub(super) const LEFT_OUT: &[(&str, &str)] = &[
    ("import_feed", "a piece of a log may be longer than a body may be: `klatch import` takes it"),
    ("page", "a link into the page is for whoever sits at this machine: `klatch page` prints it"),
];

pub(super) const ROWS: &[Row] = &[
    row("id", "Who this node is", "", "#me"),
    row("follow", "Follow somebody: fetch and keep their log", "who:s petname?:s", "#person"),
    row("unfollow", "Follow somebody no longer", "who:s", "#person"),
    row("block", "Keep nothing of somebody", "who:s", "#person"),
    row("follows", "Whom this node follows or blocks", "", "[#person]"),
    row("inbox", "What concerns this node's person now", "", "[#notice]"),
    row("person", "What is known of somebody; nobody named: oneself", "who?:s", "#person"),
    row("peer_add", "Say where somebody is reached, as host:port", "feed:s address:s", "#done"),
    row(
        "peer_home",
        "Mark somebody whose node keeps the own log, or take the mark away",
        "who:s on:b",
        "#person",
    ),
    row(
        "group_create",
        "Found a group",
        "name:s owners:[s] schedulers:organizers|members joining=:open|approval|invite silence?:#silence",
        "#created",
    ),
    row("group_accept", "Make somebody a member who asks, or let them in again", "group:s who:s", "#created"),
    row("group_remove", "Remove somebody from a group", "group:s who:s", "#created"),
    row("endorse", "Let entries count that a cut voids", "object:s entries:[s]", "#created"),
    row("silent", "State that an owner is silent", "group:s owner:s heir:s", "#stated"),
    row("present", "Answer all such statements about oneself", "group:s", "#created"),
    row(
        "hide",
        "Hide entries for everybody in a group or event, or show them again",
        "object:s entries:[s] on:b reason:s",
        "#created",
    ),
    row(
        "group_public",
        "Say that everybody may read of a group on the pages of a pub, or no longer",
        "group:s on:b",
        "#created",
    ),
    row("group_join", "Join a group", "group:s", "#created"),
    row("group_leave", "Leave a group", "group:s", "#created"),
    row("group_list", "All groups that are here", "", "[#group_line]"),
    row("group_show", "A group, as all nodes see it", "group:s", "#group"),
    row("group_local", "A group, with what this node calls everybody in it", "group:s", "#group_local"),
    row(
        "schedule",
        "Schedule an event, in a group or on one's own; `start` is local time, as 2026-12-01T18:30",
        "group?:s title:s start:s zone:s minutes:i place:s about:s capacity?:i split:b repeat?:s \
         fields=:#event_fields address?:s uid?:s",
        "#created",
    ),
    row(
        "scheduled_as",
        "Which events of a calendar are scheduled here already, by the UIDs that it has for them",
        "uids:[s]",
        "[#scheduled_as]",
    ),
    row(
        "event_list",
        "What is on, soonest first; of a group, with whether there is more",
        "group?:s from_ms?:i max:i",
        "[#event_line] or #found",
    ),
    row(
        "event_find",
        "Events near a place, or by words, soonest first",
        "find:#find group?:s from_ms?:i max:i",
        "#found",
    ),
    row("event_show", "An event, as all nodes see it", "event:s on?:s", "#event"),
    row("event_local", "An event, with what only this node knows beside it", "event:s on?:s", "#event_local"),
    row("updates", "What was changed of an event, entry by entry, newest first", "event:s", "[#update_line]"),
    row(
        "voided",
        "What somebody posted in a group or event that a cut voids, newest first",
        "object:s who:s",
        "[#log_line]",
    ),
    row(
        "event_update",
        "Change an event, or one date of a series",
        "event:s on?:s fields:#event_fields extra=:[s] except=:[s] address?:s",
        "#created",
    ),
    row("event_skip", "Call one date of a series off", "event:s on:s", "#created"),
    row("event_cancel", "Call an event off, for good", "event:s reason:s", "#created"),
    row(
        "admit",
        "Give seats by hand; nobody named: to all who wait unranked",
        "event:s on?:s people:[s]",
        "#admitted",
    ),
    row("release", "Give lines up", "event:s on?:s people:[s]", "#released"),
    row("close", "Rank nobody more", "event:s on?:s", "#created"),
    row("confirm", "Say that one still means a yes", "event:s on?:s", "#created"),
    row("why", "Why somebody stands with an event as they do", "event:s on?:s who?:s", "#why"),
    row(
        "grant",
        "Give a role in a group or event",
        "object:s who:s role:owner|organizer|host|door quota:i",
        "#created",
    ),
    row("revoke", "Take a role away", "object:s who:s", "#created"),
    row(
        "rsvp",
        "Say whether one comes, and how many persons one is",
        "event:s on?:s answer:yes|no|maybe party:i note:s answers=:[s]",
        "#created",
    ),
    row("feedback", "Tell the hosts something, for their eyes", "event:s on?:s text:s", "#created"),
    row(
        "comment",
        "Say something on a group, an event or a comment",
        "object:s text:s tone?:announcement|thanks",
        "#created",
    ),
    row(
        "poll/create",
        "Ask when it should be",
        "group:s question:s zone:s minutes:i options:[s]",
        "#created",
    ),
    row(
        "poll/vote",
        "Say when one could come: options by number from 1, or by date",
        "poll:s options:[s]",
        "#created",
    ),
    row("poll/show", "A poll, and who could come when", "poll:s", "#poll"),
    row(
        "poll/settle",
        "Schedule the event that comes of a poll",
        "poll:s option:s title?:s place:s capacity?:i",
        "#created",
    ),
    row("profile", "Say who one is; what is missing stays", "name?:s about?:s links?:[s]", "#created"),
    row("publish_follow", "Say in the own log whom one follows, or no longer", "who:s on:b", "#created"),
    row("at_door", "Note something of somebody who came", "event:s on?:s who:s what:#door_note", "#created"),
    row("here", "Say that one is there, where no door does", "event:s on?:s", "#created"),
    row("door_answer", "The answer to a door's code", "event:s code:s trust?:s", "#answer_code"),
    row("event_attendance", "How an event went", "event:s on?:s", "#attendance"),
    row("group_attendance", "How often people came to a group's events", "group:s who?:s", "#records"),
    row("delete", "Take own entries back", "entries:[s]", "#deleted"),
    row("share", "A line that gives somebody a way to a group or event", "object:s", "#share"),
    row("open", "Go where a share line leads", "line:s", "#opened"),
    row("log", "Entries of a log after one, oldest first", "who?:s after:i max:i", "[#log_line]"),
    row("calendar", "Events for a calendar; none named: one's own", "objects:[s]", "[#dated]"),
    row("guests", "Everybody who answered or came", "event:s", "[#guest]"),
    row(
        "published",
        "What is made public of a group or event",
        "object:s among:people|groups|events|groups_and_events|own|entries",
        "#published",
    ),
    row("export_feed", "A piece of a log, as signed", "who?:s from:i", "#piece"),
    row("recovery", "How a recovery stands", "", "#recovery"),
    row("accept_head", "Say that nothing newer of one's own exists than this entry", "len:i", "#done"),
    row("backup", "Copy the home into a new file on the node's machine", "file:s", "#backed_up"),
    row("storage", "How much is kept", "", "#kept"),
    row("verify", "Check all that is stored", "", "#verified"),
    row("rebuild", "Make all views again", "", "#rebuilt"),
    row("compact", "Make the file of the log small", "", "#compacted"),
    row(
        "pub/set",
        "Make this node a pub, or change its limits",
        "public?:s max_disk?:i per_member?:i",
        "#role",
    ),
    row("pub/invite", "Make an invite", "uses:i minutes:i", "#invited"),
    row("pub/members", "Who is in", "", "[#member]"),
    row("pub/remove", "Remove a member, or let them join again", "who:s undo:b", "#removed"),
    row("pub/status", "How the pub stands", "", "#pub_status"),
    row(
        "pub/publish",
        "Put a group or event on the public pages, or take it off",
        "object:s undo:b",
        "[#listed]",
    ),
    row("pub/listed", "What was put there", "", "[#listed]"),
    row("pub/site", "What the public pages show", "", "#site"),
    row("net/peers", "Who is connected, and by which path", "", "[#peer]"),
    row("net/join", "Join a pub by an invite", "line:s", "#joined"),
    row(
        "net/door",
        "Open a door, or look at one (`open_only`: at one that is open): answers when there is something newer than `after`, or \
         after `within_ms`",
        "event:s on?:s after:i within_ms:i open_only=:b",
        "#door",
    ),
    row("net/door_close", "Close it", "event:s on?:s", "#done"),
    row("net/door_scan", "Let somebody in by the answer that their screen shows", "code:s", "#arrival"),
    row(
        "net/checkin",
        "Answer a door's challenge; waits for one at most `within_ms`",
        "event:s on?:s code?:s trust?:s within_ms:i",
        "any",
    ),
];

/// Shapes that occur more than once, or in an answer. `+` at the end: there may be more in it.
pub(super) const SHAPES: &[(&str, &str)] = &[
    ("me", "feed:s name?:s network:s entries:i held?:s"),
    ("done", "done:b"),
    (
        "person",
        "feed:s petname?:s name?:s entries:i bytes:i cap?:i followed:b blocked:b before?:[any] about?:s links?:[s] now?:s",
    ),
    (
        "notice",
        "object:s occ?:s title:s start?:s zone?:s start_ms?:i all_day?:b reason?:s what:any told_ms?:i",
    ),
    ("created", "id:s feed:s seq:i lifts?:[s] role?:owner|organizer|host|door notes?:[s]"),
    ("stated", "id:s feed:s seq:i lifts?:[s] notes?:[s] group:s subject:s heir:s"),
    ("silence", "owners:i members:i"),
    ("group_line", "id:s name:s founder:s members:i events:i role?:owner|organizer|host|door member:b"),
    (
        "group",
        "id:s founder:s name:s schedulers:organizers|members roles:[#role_line] members:[s] events:[s] incomplete:b +",
    ),
    ("role_line", "feed:s role:owner|organizer|host|door +"),
    ("group_local", "group:#group names:{s} titles:{s} order:[s] comments:[#comment] polls:{s} voice:b"),
    (
        "comment",
        "id:s feed:s name:s time_ms:i text:s reply?:s depth?:i tone?:announcement|thanks hidden?:#hidden_by",
    ),
    (
        "event_fields",
        "geo?:[i] cost?:s tags?:[s] zone?:s about?:s extra?:[s] opens?:i place?:s start?:s title?:s access?:s \
         closes?:i except?:[s] online?:s policy?:first|members|approval|lottery repeat?:s all_day?:b minutes?:i \
         capacity?:i cancel_by?:i party_max?:i questions?:[s] confirm_by?:i no_show_max?:i",
    ),
    ("update_line", "id:s feed:s name:s time_ms:i occ?:s fields:#event_fields hidden?:#hidden_by"),
    (
        "event_line",
        "id:s occ?:s title:s start:s zone:s start_ms?:i end_ms?:i place:s group?:s capacity?:i seated:i waiting:i cancelled:b \
         reason?:s all_day?:b hidden?:b mine?:any",
    ),
    ("find", "near?:#near search?:#search"),
    ("near", "geo:[i] radius_m:i"),
    ("search", "words:s"),
    ("found", "lines:[#event_line] cut:b"),
    (
        "event",
        "id:s group?:s in_group:b author:s title:s start:s zone:s minutes:i place:s about:s capacity?:i split:b \
         revision:i tips:[s] cancelled:b hosts:[#role_line] seated:[#seat] waiting:[#seat] provisional:[#seat] \
         unranked:[#seat] maybe:[#seat] no:[s] attendance:[any] incomplete:b +",
    ),
    ("seat", "feed:s rsvp:s answer:yes|no|maybe party:i +"),
    (
        "event_local",
        "event:#event changes:i start_ms?:i end_ms?:i names:{s} group_name?:s mine?:any delivery?:written|sent|seen note?:s hold?:s \
         first_scans:{any} mine_by?:s comments:[#comment] sealed?:[any] hidden?:[#hidden_by] cancellation?:#cancellation",
    ),
    ("hidden_by", "feed:s name:s reason:s"),
    ("cancellation", "entry:s feed:s name:s time_ms:i reason:s"),
    ("admitted", "id?:s ranked:[s] names:[s]"),
    ("released", "ids:[s] people:[s] names:[s]"),
    ("why", "event:s occ?:s title:s hold?:s names:{s} entries:{#log_line} +"),
    (
        "poll",
        "id:s group:s author:s question:s zone:s minutes:i options:[#poll_option] votes:i settled?:s names:{s} hidden?:#hidden_by",
    ),
    ("poll_option", "start:s yes:[s]"),
    ("answer_code", "code:s"),
    ("attendance", "report:any names:{s}"),
    ("records", "events:i people:[any] names:{s}"),
    ("deleted", "ids:[s] entries:[s]"),
    ("share", "line:s reachable:b"),
    ("scheduled_as", "uid:s id:s title:s"),
    ("opened", "id:s host:s addresses:[s] held:b"),
    ("log_line", "id:s feed:s seq:i time_ms:i kind:i refs:[s] what:s aside?:b"),
    ("dated", "event:#event occurrences:[#event] whole:b reason?:s"),
    (
        "guest",
        "name:s feed:s standing:s party:i confirmed:b stale:b note:s arrived:b late:b left:b doors:[s] here:b +",
    ),
    ("published", "id:s title:s author:s founded_ms:i events:[#published_event]"),
    ("published_event", "dated:#dated organizers:[s] founded_ms:i updated_ms:i"),
    ("piece", "feed?:s first?:i count?:i base8?:s chunk?:s"),
    (
        "recovery",
        "posting:on|recovering|forked|succeeded why?:s entries:i last?:#log_line confirmed:[any] twin:b known?:i \
         ready_in_ms?:i accept_in_ms?:i",
    ),
    ("backed_up", "file:s bytes:i feed:s entries:i problems:[s]"),
    ("rebuilt", "dropped:[#dropped]"),
    ("dropped", "feed:s name:s after:i entries:i"),
    ("kept", "feeds:i entries:i bytes:i"),
    ("verified", "feeds:i entries:i bytes:i problems:[s]"),
    ("compacted", "before:i after:i"),
    ("role", "public?:s max_disk:i per_member:i per_other:i members_max:i"),
    ("invited", "invite:s uses:i expires_ms:i"),
    ("member", "feed:s name?:s since_ms:i entries:i bytes:i bytes_max:i"),
    ("removed", "feed:s kept:b"),
    (
        "pub_status",
        "public?:s feeds:i bytes:i bytes_max:i members:i members_max:i invites:i connections?:i refused:[any]",
    ),
    ("listed", "id:s title?:s group:b public:b"),
    ("site", "name:s groups:[any] events:[any] dates:[any]"),
    (
        "peer",
        "feed:s name:s path:lan|peer|pub|member address:s dialled:b received:i sent:i seconds:i level:b holds:i own:i \
         coming_feeds:i coming_entries:i",
    ),
    ("joined", "feed:s name:s address:s quota:i"),
    (
        "door",
        "event:s occ?:s title:s code:s good_for_ms:i expected:i arrived:[#arrival] headcount:i version:i",
    ),
    ("arrival", "feed:s name:s walk_in:b here:b persons:i late?:b left?:b first?:any again?:i"),
];
