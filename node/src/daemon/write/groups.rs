//! What is said about groups and roles: who has which, who is in, who is out, what is hidden.

use klatch_feed::meetup::RoleLine;
use klatch_feed::meetup::cuts::Revoke;
use klatch_feed::post::{Joining, Person, Role};
use klatch_feed::{EntryId, EventState, FeedId, Post, Seq};

use super::rights::{below, raised};
use super::{On, Plan, created, no_effect, right, role_in, said};
use crate::daemon::read;
use crate::daemon::refusal::Refusal;
use crate::daemon::response::{Created, Response, Stated};
use crate::daemon::{Among, local};
use crate::names;

/// Most entries that one endorsement, hiding or answer names, and revokes that one grant lifts: spec/posts.md, "kinds".
const NAMED_MAX: usize = 7;

impl On<'_> {
    pub(super) fn grant(&self, object: &str, who: &str, role: Role, quota: u32) -> Result<Plan, Refusal> {
        let object = names::object(self.snapshot, object, Among::GroupsAndEvents)?;
        let subject = self.person(who)?;
        let (name, roles) = self.roles(&object)?;
        let mine = self.my_role(&object, &roles)?;
        let may = match mine {
            Some(Role::Owner) => true,
            Some(mine) => mine < role, // An organizer grants host and door, a host door.
            None => false,
        };
        if !may {
            return Err(right(&name, mine, said("refused-right-above", "", "somebody above that role")));
        }
        let held = raised(&name, &roles, (&self.me, &subject.feed, who), (role, quota))?;
        let (lifts, from_seq) = self.lifts(&object, &subject, who)?;
        let post = |(at, lifts): (usize, &[EntryId])| Post::Grant {
            object,
            subject,
            role,
            quota: if at == 0 { quota } else { 0 },
            lifts: lifts.to_vec(),
            from_seq: from_seq.filter(|_| !lifts.is_empty()),
        };
        let posts = parts(&lifts).enumerate().map(post).collect();
        let role = Some(held.map_or(role, |held| held.min(role)));
        let event = if quota > 0 { self.snapshot.event(&object)? } else { None };
        let notes = event.and_then(|event| moved(&event, &self.me, quota)).into_iter().collect();
        Ok(Plan::posts(posts, move |entries| {
            Response::Created(Created { lifts, role, notes, ..created(entries) })
        }))
    }

    pub(super) fn accept(&self, group: &str, who: &str) -> Result<Plan, Refusal> {
        let group = self.group(&names::group(self.snapshot, group)?)?;
        let subject = self.person(who)?;
        self.organizes(&group)?;
        let is_in = group.members.contains(&subject.feed);
        if is_in && group.joining != Joining::Open {
            return Err(no_effect(said(
                "refused-member-they",
                &self.called(&subject.feed),
                format!("{who} is a member of {:?} already", group.name),
            )));
        }
        let (lifts, from_seq) = self.lifts(&group.id, &subject, who)?;
        let post = |lifts: &[EntryId]| Post::Accept {
            group: group.id,
            subject,
            lifts: lifts.to_vec(),
            from_seq: from_seq.filter(|_| !lifts.is_empty()),
        };
        let posts = parts(&lifts).map(post).collect();
        let role = role_in(&group.roles, &subject.feed);
        Ok(Plan::posts(posts, move |entries| Response::Created(Created { lifts, role, ..created(entries) })))
    }

    /// The revokes that a grant or accept of mine has to lift to help, and from where on the subject counts again.
    fn lifts(
        &self,
        object: &EntryId,
        subject: &Person,
        who: &str,
    ) -> Result<(Vec<EntryId>, Option<Seq>), Refusal> {
        let stand = |object: &EntryId| -> Result<Vec<Revoke>, Refusal> {
            let facts = self.snapshot.facts(object)?;
            Ok(facts.map(|facts| facts.revokes(*object, subject.feed)).unwrap_or_default())
        };
        let (name, roles) = self.roles(object)?;
        let place = |feed: &FeedId| roles.iter().position(|line| line.feed == *feed);
        let revokes = stand(object)?;
        if let Some(senior) = revokes.iter().find(|revoke| place(&revoke.by) < place(&self.me)) {
            let by = local::called(self.snapshot, &senior.by)?;
            let wanted = format!("{by}, who removed {who}, or somebody senior to {by}");
            let wanted = said("refused-right-remover", &by, wanted);
            return Err(right(&name, role_in(&roles, &self.me), wanted));
        }
        let group = self.snapshot.event(object)?.filter(|event| event.in_group).and_then(|event| event.group);
        if let Some(group) = group
            && !stand(&group)?.is_empty()
        {
            let name = self.group(&group)?.name;
            let text = format!(
                "{who} was removed from the group {name:?}, which counts at its events: `klatch group accept` lets them in again"
            );
            return Err(no_effect(said("refused-out-of-group", &name, text)));
        }
        let next = self.snapshot.state(&subject.feed)?.map_or(1, |state| state.len.saturating_add(1));
        let from = if revokes.is_empty() { None } else { Some(next) };
        Ok((revokes.into_iter().map(|revoke| revoke.entry).collect(), from))
    }

    pub(super) fn revoke(&self, object: &str, who: &str) -> Result<Plan, Refusal> {
        let object = names::object(self.snapshot, object, Among::GroupsAndEvents)?;
        let subject = self.person(who)?;
        let (name, roles) = self.roles(&object)?;
        if roles.iter().all(|line| line.feed != subject.feed) {
            return Err(no_effect(said(
                "refused-no-role",
                &self.called(&subject.feed),
                format!("{who} has no role in {name:?}"),
            )));
        }
        let facts = self.snapshot.facts(&object)?;
        let revokes = facts.map(|facts| facts.revokes(object, subject.feed)).unwrap_or_default();
        if revokes.iter().any(|revoke| revoke.by == self.me) {
            return Err(no_effect(said(
                "refused-cut",
                &self.called(&subject.feed),
                format!("you revoked {who} in {name:?} already, and that stands"),
            )));
        }
        self.cut(object, subject, &name, &roles)
    }

    pub(super) fn remove(&self, group: &str, who: &str) -> Result<Plan, Refusal> {
        let group = self.group(&names::group(self.snapshot, group)?)?;
        let subject = self.person(who)?;
        let is_known = group.members.contains(&subject.feed) || group.asking.contains(&subject.feed);
        if group.removed.contains(&subject.feed) || !is_known {
            return Err(no_effect(said(
                "refused-no-member-they",
                &self.called(&subject.feed),
                format!("{who} is no member of {:?} and asks for nothing", group.name),
            )));
        }
        self.organizes(&group)?;
        self.cut(group.id, subject, &group.name, &group.roles)
    }

    /// What this node has seen of them so far is honoured, and nothing after it.
    fn cut(&self, object: EntryId, subject: Person, name: &str, roles: &[RoleLine]) -> Result<Plan, Refusal> {
        // Listed by seniority: only who stands above may cut, and everybody with a role above who has none.
        let place = |feed: &FeedId| roles.iter().position(|line| line.feed == *feed).unwrap_or(roles.len());
        let mine = self.my_role(&object, roles)?;
        if place(&self.me) >= place(&subject.feed) || mine == Some(Role::Door) {
            return Err(right(name, mine, said("refused-right-senior", "", "somebody senior to them")));
        }
        let (cut_seq, cut_id) = self.honoured(&subject)?;
        Ok(Plan::post(Post::Revoke { object, subject, cut_seq, cut_id }))
    }

    fn honoured(&self, subject: &Person) -> Result<(Seq, Option<EntryId>), Refusal> {
        let state = self.snapshot.state(&subject.feed)?;
        Ok(state.map_or((0, None), |state| (state.len, state.tip)))
    }

    pub(super) fn endorse(&self, object: &str, entries: &[String]) -> Result<Plan, Refusal> {
        let object = names::object(self.snapshot, object, Among::GroupsAndEvents)?;
        let (name, roles) = self.roles(&object)?;
        let place = |feed: &FeedId| roles.iter().position(|line| line.feed == *feed).unwrap_or(roles.len());
        let mine = self.my_role(&object, &roles)?;
        if mine.is_none_or(|role| role == Role::Door) {
            return Err(below(&name, mine, Role::Host));
        }
        let lineage = self.snapshot.lineage()?;
        let mut chosen = Vec::new();
        for text in entries {
            let (id, entry) = self.entry(text)?;
            let author = lineage.now(entry.header().author);
            if place(&author) <= place(&self.me) {
                let problem = format!("{text} is your own or a senior's: only their seniors endorse it");
                return Err(no_effect(said("refused-endorse", "", problem)));
            }
            chosen.push(id);
        }
        let post = |some: &[EntryId]| Post::Endorse { object, entries: some.to_vec() };
        Ok(Plan::posts(chosen.chunks(NAMED_MAX).map(post).collect(), |e| Response::Created(created(e))))
    }

    pub(super) fn silent(&self, group: &str, owner: &str, heir: &str) -> Result<Plan, Refusal> {
        let group = self.group(&names::group(self.snapshot, group)?)?;
        let (subject, heir_person) = (self.person(owner)?, self.person(heir)?);
        if group.silence.is_none() {
            let problem = format!(
                "the founding post of {:?} names no number of owners or members who could say that an owner is silent",
                group.name
            );
            return Err(no_effect(said("refused-silence-none", &group.name, problem)));
        }
        let line = group.roles.iter().find(|line| line.feed == subject.feed);
        if line.is_none_or(|line| line.role != Role::Owner || line.cut.is_some()) {
            let problem = format!("{owner} is no owner of {:?}", group.name);
            return Err(no_effect(said("refused-no-owner", &self.called(&subject.feed), problem)));
        }
        if heir_person.feed == subject.feed || subject.feed == self.me {
            let problem = "nobody goes on for themselves, and you are here";
            return Err(no_effect(said("refused-silent-self", "", problem)));
        }
        self.my_role(&group.id, &group.roles)?;
        self.not_removed(&group)?;
        let facts = self.snapshot.facts(&group.id)?;
        if !facts.is_some_and(|facts| facts.has_voice(group.id, self.me)) {
            let wanted = "an owner, or a member who has a role or was accepted";
            let wanted = said("refused-right-silent", "", wanted);
            return Err(right(&group.name, role_in(&group.roles, &self.me), wanted));
        }
        let (cut_seq, cut_id) = self.honoured(&subject)?;
        let post = Post::Silent { group: group.id, subject, heir: heir_person, cut_seq, cut_id };
        let (id, subject, heir) = (group.id, subject.feed, heir_person.feed);
        let same = group.silent.iter().filter(|line| (line.subject, line.heir) == (subject, heir));
        for statement in same.flat_map(|line| &line.statements) {
            let entry = self.snapshot.entry(statement)?.filter(|entry| entry.header().author == self.me);
            if entry.as_ref().and_then(read::read).is_some_and(|said| said == post) {
                let problem = "you state that already, and nothing of theirs came since";
                return Err(no_effect(said("refused-silent-said", "", problem)));
            }
        }
        Ok(Plan::posts(vec![post], move |entries| {
            Response::Stated(Stated { created: created(entries), group: id, subject, heir })
        }))
    }

    pub(super) fn present(&self, group: &str) -> Result<Plan, Refusal> {
        let group = self.group(&names::group(self.snapshot, group)?)?;
        let about_me = group.silent.iter().filter(|line| line.subject == self.me);
        let statements: Vec<EntryId> = about_me.flat_map(|line| &line.statements).copied().collect();
        if statements.is_empty() {
            let problem = format!("nobody states in {:?} that you are silent", group.name);
            return Err(no_effect(said("refused-not-silent", &group.name, problem)));
        }
        let post = |some: &[EntryId]| Post::Present { group: group.id, statements: some.to_vec() };
        Ok(Plan::posts(statements.chunks(NAMED_MAX).map(post).collect(), |e| Response::Created(created(e))))
    }

    pub(super) fn public(&self, group: &str, on: bool) -> Result<Plan, Refusal> {
        let group = self.group(&names::group(self.snapshot, group)?)?;
        let mine = self.my_role(&group.id, &group.roles)?;
        if mine != Some(Role::Owner) {
            return Err(below(&group.name, mine, Role::Owner));
        }
        if group.public == on {
            let is = if on { "is public already" } else { "is not public" };
            let key = if on { "refused-public" } else { "refused-not-public" };
            return Err(no_effect(said(key, &group.name, format!("{:?} {is}", group.name))));
        }
        Ok(Plan::post(Post::Public { group: group.id, on }))
    }

    pub(super) fn hide(
        &self,
        object: &str,
        entries: &[String],
        on: bool,
        reason: &str,
    ) -> Result<Plan, Refusal> {
        let object = names::object(self.snapshot, object, Among::GroupsAndEvents)?;
        let (name, roles) = self.roles(&object)?;
        let event = self.snapshot.event(&object)?;
        let least = if event.is_some() { Role::Host } else { Role::Organizer };
        let mine = self.my_role(&object, &roles)?;
        if mine.is_none_or(|role| role > least) {
            return Err(below(&name, mine, least));
        }
        let in_group = event.as_ref().filter(|event| event.in_group).and_then(|event| event.group);
        let hidden = match event {
            Some(event) => event.hidden,
            None => self.group(&object)?.hidden,
        };
        let mut chosen = Vec::new();
        for text in entries {
            let (id, entry) = self.entry(text)?;
            let is_hidden = hidden.iter().any(|line| line.entry == id);
            if id == object {
                let text = match in_group {
                    Some(group) => format!(
                        "{name:?} is hidden as a whole by its group: `klatch group hide {} {}`",
                        names::short(&group),
                        names::short(&id)
                    ),
                    None => format!("nothing stands above {name:?} that could hide it as a whole"),
                };
                return Err(no_effect(text));
            }
            if entry.header().refs.first() != Some(&object) {
                let problem = format!("{text} is about something else than {name:?}: hide it there");
                return Err(no_effect(said("refused-hide-elsewhere", &name, problem)));
            }
            if is_hidden == on {
                let is = if on { "is hidden already" } else { "is not hidden" };
                let key = if on { "refused-hidden" } else { "refused-not-hidden" };
                return Err(no_effect(said(key, "", format!("{text} {is}"))));
            }
            chosen.push(id);
        }
        let post =
            |some: &[EntryId]| Post::Hide { object, entries: some.to_vec(), on, reason: reason.to_owned() };
        Ok(Plan::posts(chosen.chunks(NAMED_MAX).map(post).collect(), |e| Response::Created(created(e))))
    }

    fn entry(&self, text: &str) -> Result<(EntryId, klatch_feed::Verified), Refusal> {
        let id = names::entry(self.snapshot, text)?;
        let unknown = || Refusal::Unknown { text: text.to_owned(), among: Among::Entries };
        Ok((id, self.snapshot.entry(&id)?.ok_or_else(unknown)?))
    }
}

/// That of `asked` seats fewer move, because the granter has no more, or none because there is no limit.
fn moved(event: &EventState, me: &FeedId, asked: u32) -> Option<String> {
    let Some(_) = event.capacity else {
        return Some("there is no limit on persons: every host gives seats, whatever their share".to_owned());
    };
    let share = event.hosts.iter().find(|line| line.feed == *me)?.quota?;
    let given = event.seated.iter().chain(&event.waiting).filter(|line| line.by == Some(*me));
    let given = given.fold(0_u32, |sum, line| sum.saturating_add(line.party));
    let left = share.saturating_sub(given);
    (left < asked).then(|| {
        format!("you have {share} seats, and lines for {given} of them: as it stands {left} of {asked} move")
    })
}

/// So many at a time as one post names; one empty part where there is nothing.
fn parts(lifts: &[EntryId]) -> impl Iterator<Item = &[EntryId]> {
    let none = if lifts.is_empty() { Some(lifts) } else { None };
    none.into_iter().chain(lifts.chunks(NAMED_MAX))
}
