//! What the page of an event shows, made of what the daemon knows.

use klatch_feed::meetup::SeatLine;
use klatch_feed::meetup::agenda::end_ms;
use klatch_feed::post::{PARTY_MAX, Policy, Purpose, Role};
use klatch_feed::{EventState, FeedId};

use super::why;
use crate::clock;
use crate::daemon::inbox::is_time_to_confirm;
use crate::daemon::{Delivery, EventLocal, SealedLine, Standing, WhyLocal, persons};
use crate::foreign;
use crate::published::{is_public, marked};
use crate::web::ask::{self, Visit, escaped};
use crate::web::face::Face;
use crate::web::home::{Pill, seats};
use crate::web::prose::{Prose, address};
use crate::web::rights::{May, standing};
use crate::web::talk::{self, Comments, Shown};
use crate::web::when::{self, When};
use crate::web::words::Words;

/// Most dates of a series that are offered.
const DATES_MAX: usize = 8;
/// How long before an event begins its guests are shown the way to its door.
const DOOR_BEFORE_MS: i64 = 3 * 60 * 60 * 1000;
/// Most faces of one list; the rest is a number.
const FACES_MAX: usize = 60;

#[derive(Debug)]
pub(super) struct View {
    pub(super) id: String,
    /// The occurrence, as forms carry it.
    pub(super) on: String,
    pub(super) title: String,
    /// Who hid the event or words of it, and why.
    pub(super) hidden: Vec<String>,
    pub(super) when: When,
    pub(super) is_past: bool,
    pub(super) may: May,
    /// It is about to begin, or goes on.
    pub(super) check_in: bool,
    pub(super) cancelled: bool,
    pub(super) cancelled_why: String,
    /// It is neither called off nor over.
    pub(super) may_answer: bool,
    pub(super) incomplete: bool,
    pub(super) group: Option<(String, String)>,
    pub(super) place: String,
    pub(super) map: Option<String>,
    /// For those who have a seat, and who says it.
    pub(super) addresses: Vec<(Prose, String)>,
    /// A link, or text where it is none.
    pub(super) online: Option<Prose>,
    pub(super) facts: Vec<(String, String)>,
    /// From when and until when answers count, if not always.
    pub(super) answered: Vec<(String, String)>,
    pub(super) tags: Vec<String>,
    /// Whether everybody may read of it on the pages of a pub.
    pub(super) public: bool,
    pub(super) about: Prose,
    pub(super) mine: Mine,
    pub(super) questions: Vec<String>,
    /// How many guests may be brought: 0 to this.
    pub(super) guests_max: u32,
    pub(super) seats: String,
    pub(super) hosts: Vec<(Face, String)>,
    pub(super) lists: Vec<List>,
    pub(super) said_no: usize,
    pub(super) dates: Vec<Date>,
    /// Leads from one date to all of them.
    pub(super) is_date: bool,
    /// Whether it is a series, shown whole.
    pub(super) is_series: bool,
    pub(super) comments: Comments,
    /// A door saw whoever looks.
    pub(super) was_there: bool,
    /// For the hosts: what guests answered and wrote.
    pub(super) told: Vec<Told>,
}

/// How I stand, and why.
#[derive(Debug, Default)]
pub(super) struct Mine {
    pub(super) pill: Option<Pill>,
    /// `yes`, `maybe`, `no` or nothing.
    pub(super) answer: &'static str,
    /// What that means, in a sentence.
    pub(super) sentence: String,
    /// How far the answer got.
    pub(super) delivery: Option<String>,
    pub(super) why: Vec<String>,
    pub(super) confirm: Option<String>,
    pub(super) is_stale: bool,
    pub(super) guests: u32,
    pub(super) note: String,
}

/// People who stand alike.
#[derive(Debug)]
pub(super) struct List {
    pub(super) title: String,
    /// Each with what is to be said of them.
    pub(super) people: Vec<(Face, String)>,
    pub(super) more: usize,
}

#[derive(Debug)]
pub(super) struct Date {
    pub(super) href: String,
    pub(super) text: String,
    pub(super) cancelled: bool,
}

#[derive(Debug)]
pub(super) struct Told {
    pub(super) face: Face,
    pub(super) at: String,
    pub(super) text: Prose,
    pub(super) answers: Vec<(String, String)>,
}

impl View {
    /// `series` is what the event is a date of, where it is one.
    pub(super) fn of(
        local: &EventLocal,
        series: Option<&EventState>,
        why: Option<&WhyLocal>,
        shown: Shown<'_>,
        visit: &Visit,
    ) -> Self {
        let (event, words, zone) = (&local.event, visit.words(), visit.look.zone);
        let faces = Faces { local, words };
        let online = Prose::of(&event.online);
        let of = |purpose| local.sealed.iter().filter(move |line| line.purpose == purpose);
        let told = of(Purpose::Answers).chain(of(Purpose::Feedback)).map(|line| told(line, visit)).collect();
        Self {
            id: event.id.to_string(),
            on: event.occ.clone().unwrap_or_default(),
            title: words.title(&event.title),
            when: When::of_event(event, local.start_ms, zone, words),
            hidden: local.hidden.iter().map(|by| talk::hidden_by(by, words)).collect(),
            is_past: is_past(local),
            may: May::of(&event.hosts, &visit.handle.me()),
            check_in: is_soon(local),
            cancelled: event.cancelled,
            cancelled_why: local
                .cancellation
                .as_ref()
                .map(|said| foreign::line(&said.reason))
                .unwrap_or_default(),
            may_answer: !event.cancelled && !is_past(local),
            incomplete: event.incomplete,
            group: event.group.filter(|_| event.in_group).map(|group| {
                let name = local.group_name.as_deref().map(foreign::line);
                (format!("/group/{group}"), name.unwrap_or_else(|| crate::names::short(&group)))
            }),
            place: foreign::line(&event.place),
            map: map(event),
            addresses: of(Purpose::Address)
                .map(|line| (Prose::of(&line.text), words.of("event-address-by", &line.name)))
                .collect(),
            online: (!online.is_empty()).then_some(online),
            facts: facts(event, words),
            answered: answered(event, words),
            tags: marked(event.tags.clone(), false).iter().map(|tag| foreign::line(tag)).collect(),
            public: is_public(&event.tags),
            about: Prose::of(&event.about),
            mine: mine(local, why, visit),
            questions: event.questions.iter().map(|question| foreign::line(question)).collect(),
            guests_max: event.party_max.unwrap_or(PARTY_MAX).clamp(1, PARTY_MAX) - 1,
            seats: seats(words, persons(&event.seated), event.capacity, persons(&event.waiting)),
            hosts: standing(&event.hosts)
                .map(|line| (faces.of(&line.feed), role(words, line.role)))
                .collect(),
            lists: faces.lists(),
            said_no: event.no.len(),
            dates: dates(series.unwrap_or(event), event.occ.as_deref(), words),
            is_date: event.occ.is_some(),
            is_series: event.founded_start.is_some() && event.occ.is_none(),
            was_there: event.attendance.iter().any(|line| line.feed == visit.handle.me()),
            comments: Comments::of(&local.comments, shown, visit),
            told,
        }
    }
}

/// Whether it is over: a series shown whole only once its last date is.
fn is_past(local: &EventLocal) -> bool {
    let (now, event) = (clock::now(), &local.event);
    let is_series = event.founded_start.is_some() && event.occ.is_none();
    let is_over = |name: String| end_ms(event, &event.occurrence_start(&name)).is_some_and(|end| end <= now);
    match is_series {
        true => event.occurrence_names().into_iter().rev().all(is_over),
        false => local.end_ms.is_some_and(|end| end <= now),
    }
}

/// Whether a door may be open: from some hours before it begins until it is over.
fn is_soon(local: &EventLocal) -> bool {
    let (now, event) = (clock::now(), &local.event);
    let is_date = event.founded_start.is_none() || event.occ.is_some();
    let begins = local.start_ms.is_some_and(|start| start - DOOR_BEFORE_MS <= now);
    let is_over = local.end_ms.is_some_and(|end| end < now);
    is_date && begins && !is_over && !event.cancelled
}

struct Faces<'a> {
    local: &'a EventLocal,
    words: Words,
}

impl Faces<'_> {
    fn of(&self, feed: &FeedId) -> Face {
        Face::of(feed, &self.local.name(feed))
    }

    fn lists(&self) -> Vec<List> {
        let event = &self.local.event;
        let sections = [
            ("event-seated", &event.seated),
            ("event-waiting", &event.waiting),
            ("event-provisional", &event.provisional),
            ("event-unranked", &event.unranked),
            ("event-released", &event.released),
            ("event-maybes", &event.maybe),
        ];
        let filled = sections.into_iter().filter(|(_, lines)| !lines.is_empty());
        filled.map(|(key, lines)| self.list(key, lines)).collect()
    }

    fn list(&self, key: &str, lines: &[SeatLine]) -> List {
        let note = |line: &SeatLine| {
            let party = (line.party > 1).then(|| format!("\u{2066}+{}\u{2069}", line.party - 1));
            let confirmed = line.confirmed.then(|| self.words.say("event-confirmed"));
            party.into_iter().chain(confirmed).collect::<Vec<_>>().join(" · ")
        };
        let shown = lines.iter().take(FACES_MAX).map(|line| (self.of(&line.feed), note(line)));
        List {
            title: self.words.count(key, persons(lines)),
            people: shown.collect(),
            more: lines.len().saturating_sub(FACES_MAX),
        }
    }
}

pub(in crate::web) fn role(words: Words, role: Role) -> String {
    words.say(match role {
        Role::Owner => "event-role-owner",
        Role::Organizer => "event-role-organizer",
        Role::Host => "event-role-host",
        Role::Door => "event-role-door",
    })
}

/// Where it is on a map that anybody may use: by place in degrees, else by name.
pub(in crate::web) fn map(event: &EventState) -> Option<String> {
    let site = "https://www.openstreetmap.org/";
    match event.geo {
        Some((lat, lon)) => {
            let (lat, lon) = (crate::calendar::degrees(lat), crate::calendar::degrees(lon));
            Some(format!("{site}?mlat={lat}&mlon={lon}#map=17/{lat}/{lon}"))
        }
        None if event.place.is_empty() || address(&event.place).is_some() => None,
        None => Some(format!("{site}search?query={}", escaped(&event.place))),
    }
}

/// How seats are given.
pub(in crate::web) fn policy(policy: Policy, words: Words) -> String {
    words.say(match policy {
        Policy::First => "schedule-policy-first",
        Policy::Members => "event-policy-members",
        Policy::Approval => "event-policy-approval",
        Policy::Lottery => "event-policy-lottery",
    })
}

pub(in crate::web) fn facts(event: &EventState, words: Words) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut said = |key: &str, text: String| {
        if !text.is_empty() {
            facts.push((words.say(key), text));
        }
    };
    said("event-access", foreign::line(&event.access));
    said("event-cost", foreign::line(&event.cost));
    // How seats are given anywhere is not worth a line.
    said(
        "event-policy",
        if event.policy == Policy::First { String::new() } else { policy(event.policy, words) },
    );
    for (key, minutes) in [("event-confirm-by", event.confirm_by), ("event-cancel-by", event.cancel_by)] {
        if minutes > 0 {
            said(key, before(event, minutes, words));
        }
    }
    facts
}

/// From when and until when answers count.
pub(in crate::web) fn answered(event: &EventState, words: Words) -> Vec<(String, String)> {
    let times = [("event-opens", event.opens), ("event-closes", event.closes)];
    let said = times.into_iter().filter(|(_, minutes)| *minutes > 0);
    said.map(|(key, minutes)| (words.say(key), before(event, minutes, words))).collect()
}

/// The instant of a deadline by the event's clock; of a series, how long before.
fn before(event: &EventState, minutes: u32, words: Words) -> String {
    let start = klatch_feed::post::instant(&event.start, &event.zone).ok();
    let at = start.and_then(|at| at.checked_sub_signed(chrono::TimeDelta::minutes(minutes.into())));
    match at.filter(|_| event.founded_start.is_none() || event.occ.is_some()) {
        Some(at) => {
            let local = at.naive_local();
            format!("{}, {}", when::short_date(local.date(), words), local.format("%H:%M"))
        }
        None => match (minutes / 1440, minutes % 1440 / 60, minutes % 60) {
            (days, 0, 0) if days > 0 => words.count("event-days-before", days),
            (days, hours, 0) => words.count("event-hours-before", days * 24 + hours),
            _ => words.count("event-minutes-before", minutes),
        },
    }
}

fn mine(local: &EventLocal, why: Option<&WhyLocal>, visit: &Visit) -> Mine {
    let (event, words) = (&local.event, visit.words());
    let Some(stands) = local.mine else { return Mine::default() };
    let lists =
        [&event.seated, &event.waiting, &event.provisional, &event.unranked, &event.released, &event.maybe];
    let me = visit.handle.me();
    let line = lists.into_iter().flatten().find(|line| line.feed == me);
    let (answer, sentence) = match stands {
        Standing::Seated => ("yes", words.count("event-mine-seated", line.map_or(1, |line| line.party))),
        Standing::Waiting(place) => ("yes", words.count("event-mine-waiting", place)),
        Standing::Provisional => ("yes", words.say("event-mine-provisional")),
        Standing::Unranked => ("yes", words.say("event-mine-unranked")),
        Standing::Released => ("", words.say("event-mine-released")),
        Standing::Maybe => ("maybe", words.say("event-mine-maybe")),
        Standing::No => ("no", words.say("event-mine-no")),
    };
    let hold = local.hold.as_ref().and_then(|hold| ask::told(words, hold));
    let sentence = [Some(sentence), hold].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let delivery = local.delivery.map(|delivery| match delivery {
        Delivery::Written => "event-written",
        Delivery::Sent => "event-sent",
        Delivery::Seen => "event-seen",
    });
    let is_yes = answer == "yes";
    let is_open = is_yes && line.is_some_and(|line| !line.confirmed);
    let asks = is_open && is_time_to_confirm(event, clock::now());
    let confirm = if stands == Standing::Seated { "event-confirm-ask" } else { "event-confirm-ahead" };
    Mine {
        pill: Some(crate::web::home::pill(words, stands)),
        answer,
        sentence,
        delivery: delivery.filter(|_| is_yes).map(|key| words.say(key)),
        why: why.map(|why| why::told(why, words)).unwrap_or_default(),
        confirm: asks.then(|| words.say(confirm)),
        is_stale: line.is_some_and(|line| line.stale),
        guests: line.map_or(0, |line| line.party.saturating_sub(1)),
        note: foreign::line(&local.note),
    }
}

/// The next dates of a series.
fn dates(event: &EventState, here: Option<&str>, words: Words) -> Vec<Date> {
    if event.founded_start.is_none() {
        return Vec::new();
    }
    let now = clock::now();
    let mut dates = Vec::new();
    for name in event.occurrence_names() {
        let start = event.occurrence_start(&name);
        let at = klatch_feed::post::instant(&start, &event.zone).ok();
        if here == Some(&*name) || at.is_some_and(|at| at.timestamp_millis() < now) {
            continue;
        }
        if dates.len() == DATES_MAX {
            break;
        }
        let text = When::of(&start, &event.zone, None, 0, chrono_tz::UTC, words).there;
        let cancelled = event.occurrences.iter().any(|line| line.occ == name && line.cancelled);
        dates.push(Date { href: format!("/event/{}?on={}", event.id, escaped(&name)), text, cancelled });
    }
    dates
}

fn told(line: &SealedLine, visit: &Visit) -> Told {
    let answers = line.answers.iter();
    Told {
        face: Face::of(&line.feed, &line.name),
        at: when::instant(line.time_ms, visit.look.zone, visit.words()).1,
        text: Prose::of(&line.text),
        answers: answers.map(|line| (foreign::line(&line.question), foreign::line(&line.answer))).collect(),
    }
}
