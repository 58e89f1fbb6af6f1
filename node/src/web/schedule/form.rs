//! The form of an event: what was typed, and what that says.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;
use klatch_feed::EventState;
use klatch_feed::post::{EventFields, PARTY_MAX, Policy};

use crate::daemon::{Refusal, Schedule, Sentence};
use crate::published::{is_public, marked};
use crate::repeat;
use crate::web::ask::Wrong;

/// Each field of the form by the post's name for it.
const SHOWN: [&str; 21] = [
    "title",
    "group",
    "start",
    "zone",
    "minutes",
    "place",
    "about",
    "address",
    "access",
    "online",
    "cost",
    "tags",
    "questions",
    "capacity",
    "party_max",
    "policy",
    "repeat",
    "opens",
    "closes",
    "confirm_by",
    "cancel_by",
];
const DAY_MINUTES: u32 = 24 * 60;

/// A form as it was typed, and what was wrong with it.
#[derive(Clone, Debug, Default)]
pub(in crate::web) struct Form {
    typed: BTreeMap<String, String>,
    pub(in crate::web) wrong: Option<Wrong>,
}

/// A field that cannot be read.
fn wrong(field: &str, problem: impl Into<Sentence>) -> Refusal {
    Refusal::Field { field: field.to_owned(), problem: problem.into() }
}

/// Which the page says in the reader's language.
pub(in crate::web) fn misread(field: &str, key: &'static str, problem: impl ToString) -> Refusal {
    wrong(field, Sentence::said(key, "", problem.to_string()))
}

impl Form {
    /// As a browser sent it.
    pub(in crate::web) fn of(fields: Vec<(String, String)>) -> Self {
        // Browsers send line ends of another kind than entries have.
        let tidy = |text: String| text.replace("\r\n", "\n").trim().to_owned();
        Self { typed: fields.into_iter().map(|(name, text)| (name, tidy(text))).collect(), wrong: None }
    }

    /// For a new event on `day`.
    pub(super) fn blank(zone: Tz, day: NaiveDate, group: Option<String>) -> Self {
        let day = day.format("%Y-%m-%d").to_string();
        let said =
            [("zone", zone.name()), ("date", &day), ("time", "18:30"), ("hours", "2"), ("policy", "first")];
        let mut form = Self::default();
        said.into_iter().for_each(|(name, text)| form.set(name, text));
        form.set("group", &group.unwrap_or_default());
        form
    }

    /// As an event is now; its exact address is not in its state.
    pub(in crate::web) fn of_event(event: &EventState) -> Self {
        let mut form = Self::default();
        let (date, time) = event.start.split_once('T').unwrap_or((&event.start, ""));
        let policy = match event.policy {
            Policy::First => "first",
            Policy::Members => "members",
            Policy::Approval => "approval",
            Policy::Lottery => "lottery",
        };
        let number = |value: Option<u32>| value.map(|value| value.to_string()).unwrap_or_default();
        let guests = event.party_max.map(|most| most.saturating_sub(1));
        for (name, text) in [
            ("title", event.title.as_str()),
            ("date", date),
            ("time", time),
            ("zone", &event.zone),
            ("place", &event.place),
            ("about", &event.about),
            ("access", &event.access),
            ("online", &event.online),
            ("cost", &event.cost),
            ("tags", &marked(event.tags.clone(), false).join(", ")),
            ("questions", &event.questions.join("\n")),
            ("capacity", &number(event.capacity)),
            ("guests", &number(guests)),
            ("policy", policy),
            ("repeat", "keep"),
        ] {
            form.set(name, text);
        }
        form.set_minutes(event.minutes);
        if event.all_day {
            form.set("all_day", "on");
        }
        if is_public(&event.tags) {
            form.set("public", "on");
        }
        for (name, minutes) in deadlines(event) {
            form.set_before(name, minutes);
        }
        let was = serde_json::to_string(&form.typed).expect("texts are JSON");
        form.set("was", &was);
        form.set("tips", &tips(event));
        form
    }

    /// As a calendar from elsewhere says it.
    pub(super) fn of_draft(draft: &crate::calendar::draft::Draft, day: NaiveDate) -> Self {
        let mut form = Self::blank(Tz::UTC, day, None);
        let (date, time) = draft.start.split_once('T').unwrap_or((&draft.start, ""));
        let fields = &draft.fields;
        let tags = fields.tags.clone().unwrap_or_default().join(", ");
        let text = |said: &Option<String>| said.clone().unwrap_or_default();
        for (name, text) in [
            ("title", draft.title.clone()),
            ("date", date.to_owned()),
            ("time", time.to_owned()),
            ("zone", draft.zone.clone()),
            ("place", text(&fields.place)),
            ("about", text(&fields.about)),
            ("online", text(&fields.online)),
            ("tags", tags),
        ] {
            form.set(name, &text);
        }
        form.set_minutes(draft.minutes);
        if let Some(rule) = &draft.repeat {
            form.set("repeat", "other");
            form.set("rule", rule);
        }
        if fields.all_day == Some(true) {
            form.set("all_day", "on");
        }
        form
    }

    fn set(&mut self, name: &str, text: &str) {
        self.typed.insert(name.to_owned(), text.to_owned());
    }

    fn set_minutes(&mut self, minutes: u32) {
        let text = |number: u32| if number == 0 { String::new() } else { number.to_string() };
        self.set("hours", &text(minutes / 60));
        self.set("minutes", &text(minutes % 60));
    }

    fn set_before(&mut self, name: &str, minutes: u32) {
        let (number, unit) = match minutes {
            0 => (String::new(), "hours"),
            minutes if minutes % DAY_MINUTES == 0 => ((minutes / DAY_MINUTES).to_string(), "days"),
            minutes if minutes % 60 == 0 => ((minutes / 60).to_string(), "hours"),
            minutes => (minutes.to_string(), "minutes"),
        };
        self.set(name, &number);
        self.set(&format!("{name}_unit"), unit);
    }

    /// What was typed there.
    pub(in crate::web) fn get(&self, name: &str) -> &str {
        self.typed.get(name).map_or("", String::as_str)
    }

    /// Whether this is what stands there.
    pub(in crate::web) fn is(&self, name: &str, value: &str) -> bool {
        self.get(name) == value
    }

    /// Whether a time before the start is counted so.
    pub(in crate::web) fn is_unit(&self, name: &str, unit: &str) -> bool {
        let said = self.get(&format!("{name}_unit"));
        said == unit || (said.is_empty() && unit == "hours")
    }

    /// What is wrong with the field.
    pub(in crate::web) fn at(&self, field: &str) -> Option<&Wrong> {
        // It travels in a box.
        let is_it = |wrong: &&Wrong| wrong.is_at(field) || (field == "address" && wrong.is_at("box"));
        self.wrong.as_ref().filter(is_it)
    }

    /// What is wrong with no field that is shown.
    pub(in crate::web) fn elsewhere(&self) -> Option<&Wrong> {
        self.wrong.as_ref().filter(|_| SHOWN.iter().all(|field| self.at(field).is_none()))
    }

    /// Attributes of a field: whether it was refused.
    pub(in crate::web) fn bad(&self, field: &str) -> &'static str {
        if self.at(field).is_some() { "aria-invalid=true aria-describedby=refused" } else { "" }
    }

    /// Whether one of these was refused or says something: then it is not folded away.
    pub(in crate::web) fn is_open<'a>(&self, fields: impl AsRef<[&'a str]>) -> bool {
        fields.as_ref().iter().any(|field| self.at(field).is_some() || !self.get(field).is_empty())
    }

    fn number(&self, name: &str, field: &str) -> Result<Option<u32>, Refusal> {
        match self.get(name) {
            "" => Ok(None),
            text => {
                text.parse().map(Some).map_err(|_| misread(field, "refused-number", "write a whole number"))
            }
        }
    }

    fn length(&self) -> Result<u32, Refusal> {
        let (hours, minutes) = (self.number("hours", "minutes")?, self.number("minutes", "minutes")?);
        let length = hours.unwrap_or(0).saturating_mul(60).saturating_add(minutes.unwrap_or(0));
        Ok(match self.is("all_day", "on") {
            true => length.div_ceil(DAY_MINUTES).max(1).saturating_mul(DAY_MINUTES),
            false => length,
        })
    }

    fn start(&self) -> Result<String, Refusal> {
        match (self.get("date"), self.get("time")) {
            ("", _) => Err(misread("start", "refused-day", "say on which day")),
            (date, _) if self.is("all_day", "on") => Ok(format!("{date}T00:00")),
            (_, "") => Err(misread("start", "refused-time", "say at what time")),
            // Some browsers send seconds.
            (date, time) => Ok(format!("{date}T{}", time.get(..5).unwrap_or(time))),
        }
    }

    fn before(&self, name: &str) -> Result<u32, Refusal> {
        let unit = match self.get(&format!("{name}_unit")) {
            "days" => DAY_MINUTES,
            "minutes" => 1,
            _ => 60,
        };
        Ok(self.number(name, name)?.unwrap_or(0).saturating_mul(unit))
    }

    fn list(&self, name: &str, between: char) -> Vec<String> {
        let parts = self.get(name).split(between).map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    }

    /// What was typed, and whether it is public: said by the box, or by who knows the tag.
    fn tags(&self) -> Vec<String> {
        let typed = self.list("tags", ',');
        let public = self.is("public", "on") || is_public(&typed);
        marked(typed, public)
    }

    /// The rule; `None` where the form leaves it as it is, empty for none.
    fn rule(&self, start: &str, kept: Option<&str>) -> Result<Option<String>, Refusal> {
        let (until, count) = (self.get("until"), self.number("count", "repeat")?);
        let until = Some(until).filter(|until| !until.is_empty());
        let ends = until.is_some() || count.is_some();
        let day = start.get(..10).and_then(|date| date.parse::<NaiveDate>().ok());
        let weekday = |day: NaiveDate| {
            let name = day.weekday().to_string();
            name.get(..2).unwrap_or_default().to_uppercase()
        };
        let day = || day.ok_or_else(|| misread("start", "refused-day", "say on which day"));
        let rule = match self.get("repeat") {
            "" | "never" if ends => {
                return Err(misread(
                    "repeat",
                    "refused-no-repeat",
                    "there is an end, and it does not repeat",
                ));
            }
            "" | "never" => return Ok(Some(String::new())),
            "keep" if !ends => return Ok(None),
            "keep" => endless(kept.unwrap_or_default()),
            "week" => format!("FREQ=WEEKLY;BYDAY={}", weekday(day()?)),
            "fortnight" => format!("FREQ=WEEKLY;INTERVAL=2;BYDAY={}", weekday(day()?)),
            "month" => format!("FREQ=MONTHLY;BYDAY={}{}", day()?.day0() / 7 + 1, weekday(day()?)),
            "last" => format!("FREQ=MONTHLY;BYDAY=-1{}", weekday(day()?)),
            _ => repeat::rule(self.get("rule")).map_err(|error| misread("repeat", "refused-rule", error))?,
        };
        repeat::ending(&rule, until, count)
            .map(Some)
            .map_err(|error| misread("repeat", "refused-rule", error))
    }

    /// All that it says, as a change of everything. Fields that a change cannot take away are `None` where empty.
    fn fields(&self, kept: Option<&str>) -> Result<EventFields, Refusal> {
        let text = |name: &str| Some(self.get(name).to_owned());
        let start = self.start()?;
        let policy = match self.get("policy") {
            "members" => Policy::Members,
            "approval" => Policy::Approval,
            "lottery" => Policy::Lottery,
            _ => Policy::First,
        };
        let guests = self.number("guests", "party_max")?;
        Ok(EventFields {
            title: text("title"),
            repeat: self.rule(&start, kept)?,
            start: Some(start),
            zone: text("zone"),
            minutes: Some(self.length()?),
            place: text("place"),
            about: text("about"),
            access: text("access"),
            online: text("online"),
            cost: text("cost"),
            tags: Some(self.tags()),
            questions: Some(self.list("questions", '\n')),
            capacity: self.number("capacity", "capacity")?,
            party_max: guests.map(|guests| guests.saturating_add(1)),
            policy: Some(policy),
            all_day: Some(self.is("all_day", "on")),
            opens: Some(self.before("opens")?),
            closes: Some(self.before("closes")?),
            confirm_by: Some(self.before("confirm_by")?),
            cancel_by: Some(self.before("cancel_by")?),
            ..EventFields::default()
        })
    }

    fn address(&self) -> Option<String> {
        Some(self.get("address").to_owned()).filter(|text| !text.is_empty())
    }

    /// The new event that it says.
    pub(super) fn schedule(&self) -> Result<Schedule, Refusal> {
        let said = self.fields(None)?;
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let many = |list: Option<Vec<String>>| list.filter(|list| !list.is_empty());
        let minutes = |value: Option<u32>| value.filter(|value| *value > 0);
        Ok(Schedule {
            group: some(Some(self.get("group").to_owned())),
            title: said.title.unwrap_or_default(),
            start: said.start.unwrap_or_default(),
            zone: said.zone.unwrap_or_default(),
            minutes: said.minutes.unwrap_or_default(),
            place: said.place.unwrap_or_default(),
            about: said.about.unwrap_or_default(),
            capacity: said.capacity,
            split: self.is("split", "on"),
            repeat: some(said.repeat),
            fields: Box::new(EventFields {
                access: some(said.access),
                online: some(said.online),
                cost: some(said.cost),
                tags: many(said.tags),
                questions: many(said.questions),
                party_max: said.party_max,
                policy: said.policy.filter(|policy| *policy != Policy::First),
                all_day: said.all_day.filter(|all_day| *all_day),
                opens: minutes(said.opens),
                closes: minutes(said.closes),
                confirm_by: minutes(said.confirm_by),
                cancel_by: minutes(said.cancel_by),
                ..EventFields::default()
            }),
            address: self.address(),
            uid: None,
        })
    }

    /// What it says that the event does not, and the exact address.
    pub(in crate::web) fn change(
        &self,
        event: &EventState,
    ) -> Result<(EventFields, Option<String>), Refusal> {
        let (said, was) = (self.fields(event.repeat.as_deref())?, Self::of_event(event).fields(None)?);
        // Asked for only where the event is a series, shown whole.
        let is_series = event.founded_start.is_some() && event.occ.is_none();
        let repeats = event.repeat.clone().unwrap_or_default();
        for (field, new, old) in
            [("capacity", said.capacity, was.capacity), ("party_max", said.party_max, was.party_max)]
        {
            if new.is_none() && old.is_some() {
                return Err(misread(field, "refused-limit", "a limit can be changed, but not taken away"));
            }
        }
        let fields = EventFields {
            title: changed(said.title, &was.title),
            start: changed(said.start, &was.start),
            zone: changed(said.zone, &was.zone),
            minutes: changed(said.minutes, &was.minutes),
            place: changed(said.place, &was.place),
            about: changed(said.about, &was.about),
            access: changed(said.access, &was.access),
            online: changed(said.online, &was.online),
            cost: changed(said.cost, &was.cost),
            tags: changed(said.tags, &was.tags),
            questions: changed(said.questions, &was.questions),
            capacity: changed(said.capacity, &was.capacity),
            party_max: changed(said.party_max, &was.party_max),
            policy: changed(said.policy, &was.policy),
            all_day: changed(said.all_day, &was.all_day),
            opens: changed(said.opens, &was.opens),
            closes: changed(said.closes, &was.closes),
            confirm_by: changed(said.confirm_by, &was.confirm_by),
            cancel_by: changed(said.cancel_by, &was.cancel_by),
            repeat: said.repeat.filter(|rule| is_series && *rule != repeats),
            ..EventFields::default()
        };
        Ok((fields, self.address()))
    }

    /// The texts that were typed, each with the key of its field's words.
    pub(in crate::web) fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let fields = [
            ("schedule-what", "title"),
            ("schedule-place", "place"),
            ("schedule-about", "about"),
            ("schedule-address", "address"),
            ("schedule-online", "online"),
            ("schedule-cost", "cost"),
            ("schedule-access", "access"),
            ("schedule-tags", "tags"),
            ("schedule-questions", "questions"),
        ];
        fields.into_iter().map(|(key, name)| (key, self.get(name)))
    }

    /// Whether the event was changed after this form was shown: then it would take that back.
    pub(in crate::web) fn is_behind(&self, event: &EventState) -> bool {
        self.get("tips") != tips(event)
    }

    /// Takes what was typed in a form that was shown before the last change for a word on the event as it is: what stands
    /// there as it was shown is nobody's word.
    pub(in crate::web) fn catch_up(&mut self, event: &EventState) {
        let was: BTreeMap<String, String> = serde_json::from_str(self.get("was")).unwrap_or_default();
        let now = Self::of_event(event);
        let names: BTreeSet<&str> = was.keys().chain(now.typed.keys()).map(String::as_str).collect();
        let is_said = |name: &&&str| self.get(name) != was.get(**name).map_or("", |text| text.trim());
        let said: BTreeSet<&str> = names.iter().filter(is_said).map(|name| whole(name)).collect();
        for name in names {
            if !said.contains(whole(name)) || matches!(name, "was" | "tips") {
                self.set(name, now.get(name));
            }
        }
    }
}

/// The field without which a field says nothing: the number of a unit, the hours that minutes are added to.
fn whole(name: &str) -> &str {
    if name == "minutes" { "hours" } else { name.strip_suffix("_unit").unwrap_or(name) }
}

/// A rule without its end.
fn endless(rule: &str) -> String {
    let is_end = |part: &&str| part.starts_with("UNTIL=") || part.starts_with("COUNT=");
    rule.split(';').filter(|part| !is_end(part)).collect::<Vec<_>>().join(";")
}

fn changed<T: PartialEq>(said: Option<T>, was: &Option<T>) -> Option<T> {
    if said == *was { None } else { said }
}

/// What the event stands on: its last updates, and what of it is hidden.
fn tips(event: &EventState) -> String {
    let hidden = event.hidden.iter().map(|line| &line.hide);
    event.tips.iter().chain(hidden).map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn deadlines(event: &EventState) -> [(&'static str, u32); 4] {
    [
        ("opens", event.opens),
        ("closes", event.closes),
        ("confirm_by", event.confirm_by),
        ("cancel_by", event.cancel_by),
    ]
}

/// Most guests that one answer may bring.
pub(in crate::web) fn guests_max() -> u32 {
    PARTY_MAX - 1
}

/// The zones that are offered, the reader's first.
pub(in crate::web) fn zones(reader: Tz) -> Vec<&'static str> {
    let is_place = |name: &&str| name.contains('/') && !name.starts_with("Etc/");
    let all = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).filter(is_place);
    [reader.name()].into_iter().chain(all.filter(move |name| *name != reader.name())).collect()
}

#[cfg(test)]
mod tests;
