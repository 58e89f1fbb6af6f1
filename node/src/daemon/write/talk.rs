//! Comments, and polls that become events.

use klatch_feed::post::{EventFields, Role, Tone, kind, local_start};
use klatch_feed::{EntryId, EventState, Post};

use super::super::request::PollRequest;
use super::rights::below;
use super::{On, Plan, Refusal, field, field_said, no_effect, said};
use crate::clock;
use crate::daemon::{Among, Sentence, hidden, local, read};
use crate::names;

impl On<'_> {
    /// On a group or an event; or on a comment, which it answers.
    pub(super) fn comment(&self, on: &str, text: String, tone: Option<Tone>) -> Result<Plan, Refusal> {
        if text.trim().is_empty() {
            return Err(field_said("text", said("refused-empty", "", "say something")));
        }
        let (object, reply) = match names::object(self.snapshot, on, Among::GroupsAndEvents) {
            Err(Refusal::Unknown { .. }) if on.trim().starts_with("entry1") => {
                let comment = names::entry_of(self.snapshot, on, kind::COMMENT)?;
                let entry = self.snapshot.entry(&comment)?;
                let object = entry.and_then(|entry| entry.header().refs.first().copied());
                (object.ok_or_else(|| no_effect("that comment is on nothing"))?, Some(comment))
            }
            found => (found?, None),
        };
        let (name, roles, attendance) = match self.snapshot.event(&object)? {
            Some(event) => {
                let EventState { title, hosts, attendance, .. } = hidden::veiled(self.snapshot, event)?;
                (title, hosts, attendance)
            }
            None => self.group(&object).map(|group| (group.name, group.roles, vec![]))?,
        };
        match tone {
            Some(tone) if !read::may_say(tone, &self.me, &roles, &attendance) => Err(match tone {
                Tone::Announcement => below(&name, self.my_role(&object, &roles)?, Role::Host),
                Tone::Thanks => {
                    let text = format!("thanks are from who was there: no door of {name:?} saw you");
                    no_effect(said("refused-not-there", &name, text))
                }
            }),
            tone => Ok(Plan::post(Post::Comment { object, reply, text, tone })),
        }
    }

    pub(super) fn poll(&self, request: PollRequest) -> Result<Plan, Refusal> {
        match request {
            PollRequest::Create { group, question, zone, minutes, options } => {
                let group = self.group(&names::group(self.snapshot, &group)?)?;
                self.my_role(&group.id, &group.roles)?;
                self.not_removed(&group)?;
                if !group.members.contains(&self.me) {
                    return Err(no_effect(members_ask(&group.name)));
                }
                let mut is_past = !options.is_empty();
                for start in &options {
                    is_past &= local_start(start, &zone)?.timestamp_millis() <= clock::now();
                }
                if is_past {
                    let text = "all of these dates are past: offer one that is to come";
                    return Err(field_said("options", said("refused-past", "", text)));
                }
                Ok(Plan::post(Post::Poll { group: group.id, question, zone, minutes, options }))
            }
            PollRequest::Vote { poll, options } => {
                let (poll, Post::Poll { options: starts, .. }) = self.open_poll(&poll)? else {
                    return Err(no_effect(said("refused-no-poll", "", "this is no poll")));
                };
                let yes = options.iter().map(|text| option(text, &starts)).collect::<Result<Vec<_>, _>>()?;
                Ok(Plan::post(Post::Vote { poll, yes }))
            }
            PollRequest::Settle { poll, option: chosen, title, place, capacity } => {
                let (id, Post::Poll { group, question, zone, minutes, options }) = self.open_poll(&poll)?
                else {
                    return Err(no_effect(said("refused-no-poll", "", "this is no poll")));
                };
                let asked = self.group(&group)?;
                let author = self.snapshot.entry(&id)?.map(|entry| entry.header().author);
                let lineage = self.snapshot.lineage()?;
                if author.is_none_or(|author| lineage.now(author) != self.me)
                    && self.my_role(&group, &asked.roles)?.is_none_or(|role| role > Role::Organizer)
                {
                    let text = "only who asked can settle it, and organizers of the group";
                    return Err(no_effect(said("refused-settle", "", text)));
                }
                self.may_schedule(&asked)?;
                let at = option(&chosen, &options)? as usize;
                let start = options.get(at).cloned().ok_or_else(|| no_option(&options))?;
                let event = Post::Event {
                    group: Some(group),
                    title: title.unwrap_or(question),
                    start,
                    zone,
                    minutes,
                    capacity,
                    split: false,
                    repeat: None,
                };
                let fields = EventFields { place: Some(place), ..EventFields::default() };
                let details = Some(fields).filter(|fields| fields.place.as_deref() != Some(""));
                Ok(Plan { details, settles: Some(id), ..Plan::post(event) })
            }
            PollRequest::Show { .. } => unreachable!("`read` answers what changes nothing"),
        }
    }

    /// A poll that no event came of yet.
    fn open_poll(&self, text: &str) -> Result<(EntryId, Post), Refusal> {
        let id = names::entry_of(self.snapshot, text, kind::POLL)?;
        let entry = self
            .snapshot
            .entry(&id)?
            .ok_or_else(|| no_effect(said("refused-no-poll", "", "the poll is not here")))?;
        let (header, gone) = (entry.header(), || {
            no_effect(said("refused-no-poll", "", "the poll's text is not here, or was taken back"))
        });
        let post = Post::read(header.kind, &header.refs, entry.body()).ok_or_else(gone)?;
        let group = match &post {
            Post::Poll { group, .. } => self.snapshot.group(group)?,
            _ => None,
        };
        if let Some(line) = read::hides(group.as_ref(), &id) {
            let by = local::called(self.snapshot, &line.by)?;
            let text = format!("{by} hid that poll: `klatch poll show` says why");
            return Err(no_effect(said("refused-poll-hidden", &by, text)));
        }
        if read::settled(self.snapshot, &id, group.as_ref(), header.author)?.is_some() {
            let text = "that poll is settled: `klatch poll show` says which event came of it";
            return Err(no_effect(said("refused-settled", "", text)));
        }
        Ok((id, post))
    }
}

fn no_option(options: &[String]) -> Refusal {
    let most = u64::try_from(options.len()).unwrap_or(u64::MAX);
    let text = format!("1 to {most}, or a date as 2026-12-03");
    field_said("option", Sentence::counted("refused-option", "", &[("max", most)], text))
}

fn members_ask(group: &str) -> Sentence {
    said("refused-members-ask", group, format!("only members of {group:?} ask it for a date"))
}

/// The place, from 0, of an option that is named by its number from 1, or by its start or a beginning of it.
fn option(text: &str, options: &[String]) -> Result<u32, Refusal> {
    let number = text.parse::<usize>().ok().and_then(|n| n.checked_sub(1)).filter(|at| *at < options.len());
    let text = text.trim().replacen(' ', "T", 1);
    let named: Vec<_> =
        (0..options.len()).filter(|at| !text.is_empty() && options[*at].starts_with(&text)).collect();
    match (number, &named[..]) {
        (Some(at), _) => Ok(u32::try_from(at).unwrap_or(u32::MAX)),
        (None, [at]) => Ok(u32::try_from(*at).unwrap_or(u32::MAX)),
        (None, []) => Err(no_option(options)),
        (None, _) => Err(field("option", format!("{text} is several: say the time as well, or the number"))),
    }
}

#[cfg(test)]
mod tests {
    use super::option;

    #[test]
    fn an_option_is_named_by_number_date_or_start() {
        let options = ["2026-12-03T18:30", "2026-12-04T18:30", "2026-12-04T20:00"].map(str::to_owned);
        let cases = [
            ("1", Some(0)),
            ("3", Some(2)),
            ("2026-12-03", Some(0)),
            ("2026-12-04 20:00", Some(2)),
            ("2026-12-04T18:30", Some(1)),
            ("2026-12-04", None),
            ("0", None),
            ("4", None),
            ("", None),
            ("2027", None),
        ];
        for (text, at) in cases {
            assert_eq!(option(text, &options).ok(), at, "{text:?}");
        }
    }
}
