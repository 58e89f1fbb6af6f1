//! Who may say what. A role helps nobody whose posts are cut: what stands against them is said in place of a success
//! that nobody else would see. Source: spec/meetup.md, "roles".

use klatch_feed::meetup::{RoleLine, SilentLine};
use klatch_feed::post::{Role, Schedulers};
use klatch_feed::{EntryId, EventState, FeedId, GroupState, Seq};

use super::{On, Refusal, no_effect, said};
use crate::daemon::Sentence;
use crate::daemon::local;
use crate::daemon::read::hidden;

impl On<'_> {
    /// The role of mine by which what I post about a group or event counts.
    pub(super) fn my_role(&self, object: &EntryId, roles: &[RoleLine]) -> Result<Option<Role>, Refusal> {
        match roles.iter().find(|line| line.feed == self.me) {
            Some(line) => match line.cut {
                Some(cut) => Err(self.against_me(object, Some(cut))?),
                None => Ok(Some(line.role)),
            },
            None => Ok(None),
        }
    }

    /// Whether I have at least `role` in the event.
    pub(super) fn hosts(&self, event: &EventState, role: Role) -> Result<(), Refusal> {
        let mine = self.my_role(&event.id, &event.hosts)?;
        match mine.is_some_and(|mine| mine <= role) {
            true => Ok(()),
            false => Err(below(&event.title, mine, role)),
        }
    }

    pub(super) fn organizes(&self, group: &GroupState) -> Result<(), Refusal> {
        let mine = self.my_role(&group.id, &group.roles)?;
        match mine.is_some_and(|role| role <= Role::Organizer) {
            true => Ok(()),
            false => Err(below(&group.name, mine, Role::Organizer)),
        }
    }

    /// Whether I may schedule in the group.
    pub(super) fn may_schedule(&self, group: &GroupState) -> Result<(), Refusal> {
        let role = self.my_role(&group.id, &group.roles)?;
        self.not_removed(group)?;
        let open = group.schedulers == Schedulers::Members;
        let may = role.is_some_and(|role| role <= Role::Organizer);
        match may || (open && group.members.contains(&self.me)) {
            true => Ok(()),
            false if open => {
                Err(right(&group.name, role, said("refused-right-member", &group.name, "a member")))
            }
            false => Err(below(&group.name, role, Role::Organizer)),
        }
    }

    /// Whether nobody has removed me, who may have no role, from the group.
    pub(super) fn not_removed(&self, group: &GroupState) -> Result<(), Refusal> {
        match group.removed.contains(&self.me) {
            true => Err(self.against_me(&group.id, None)?),
            false => Ok(()),
        }
    }

    /// Whether I can leave: who has a role is a member, whatever they say.
    pub(super) fn without_role(&self, group: &GroupState) -> Result<(), Refusal> {
        let Some(role) = role_in(&group.roles, &self.me) else { return Ok(()) };
        let senior = group.roles.iter().take_while(|line| line.feed != self.me);
        let senior = senior.filter(|line| line.role <= Role::Host && line.cut.is_none()).last();
        let (role, name) = (role_word(role), &group.name);
        Err(no_effect(match senior {
            Some(line) => {
                let by = local::called(self.snapshot, &line.feed)?;
                let text = format!(
                    "you are {role} of {name:?}, and who has a role is a member: ask {by}, or somebody senior to them, to end both by `klatch group revoke`"
                );
                said("refused-leave-role", &by, text)
            }
            None => said(
                "refused-leave-owner",
                "",
                format!(
                    "you are {role} of {name:?}, and nobody is senior to you who could end that: grant others a role by `klatch group grant`, and they go on without you"
                ),
            ),
        }))
    }

    /// What stands against me in a group or event, and what helps.
    pub(super) fn against_me(&self, object: &EntryId, cut: Option<Seq>) -> Result<Refusal, Refusal> {
        let after = cut.map_or_else(String::new, |cut| format!(" after entry {cut} of your log"));
        let event =
            self.snapshot.event(object)?.map(|event| hidden::veiled(self.snapshot, event)).transpose()?;
        let above = event.as_ref().filter(|event| event.in_group).and_then(|event| event.group);
        if let Some(event) = &event
            && let Some(by) = self.who_revoked_me(object)?
        {
            let text = format!(
                "{by} revoked your role in {:?}: nothing that you post about it{after} counts, until {by} or somebody senior grants you one again by `klatch event grant`",
                event.title
            );
            return Ok(no_effect(said("refused-revoked", &by, text)));
        }
        let group = self.group(&above.unwrap_or(*object))?;
        let name = &group.name;
        if let Some(SilentLine { heir, .. }) =
            group.silent.iter().find(|line| line.subject == self.me && line.reached)
        {
            let heir = local::called(self.snapshot, heir)?;
            let text = format!(
                "it is stated in {name:?} that you are silent, and {heir} goes on for you: nothing that you post there{after} counts, until you answer by `klatch group present {}`",
                group.id
            );
            return Ok(no_effect(said("refused-silent", &heir, text)));
        }
        let by = self.who_revoked_me(&group.id)?.unwrap_or_else(|| "a senior".to_owned());
        let text = format!(
            "{by} removed you from {name:?}: nothing that you post there{after} counts, until {by} or somebody senior lets you in again by `klatch group accept`"
        );
        Ok(no_effect(said("refused-removed", &by, text)))
    }

    /// The most senior of those whose revoke of mine stands in that very group or event.
    fn who_revoked_me(&self, object: &EntryId) -> Result<Option<String>, Refusal> {
        let revokes = self.snapshot.facts(object)?.map(|facts| facts.revokes(*object, self.me));
        let by = revokes.unwrap_or_default().first().map(|revoke| revoke.by);
        Ok(by.map(|by| local::called(self.snapshot, &by)).transpose()?)
    }
}

/// The role that `subject` holds, whether or not their posts are cut; refuses a grant that gives them nothing more.
pub(super) fn raised(
    name: &str,
    roles: &[RoleLine],
    (me, subject, who): (&FeedId, &FeedId, &str),
    (role, quota): (Role, u32),
) -> Result<Option<Role>, Refusal> {
    let place = |feed: &FeedId| roles.iter().position(|line| line.feed == *feed);
    let Some(line) = roles.iter().find(|line| line.feed == *subject) else { return Ok(None) };
    let (held, given) = (role_word(line.role), role_word(role));
    if place(subject) <= place(me) {
        let whose = if subject == me { "you are" } else { "senior to you: they are" };
        let text = format!("{whose} {held} in {name:?}, and nothing that you grant changes that");
        return Err(no_effect(said("refused-senior", who, text)));
    }
    // A share of the seats can be given with a role that is there already.
    if line.cut.is_none() && line.role <= role && quota == 0 {
        return Err(no_effect(if line.role == role {
            said("refused-role", who, format!("{who} is {held} in {name:?} already"))
        } else {
            let text = format!(
                "{who} is {held} in {name:?}, which is more than {given}, and of all roles given the highest counts: only a revoke takes a role away, with everything later of theirs"
            );
            said("refused-more", who, text)
        }));
    }
    Ok(Some(line.role))
}

pub(super) fn role_in(roles: &[RoleLine], who: &FeedId) -> Option<Role> {
    roles.iter().find(|line| line.feed == *who).map(|line| line.role)
}

/// A role in a word, with its article.
pub(in crate::daemon) fn role_word(role: Role) -> &'static str {
    match role {
        Role::Owner => "an owner",
        Role::Organizer => "an organizer",
        Role::Host => "a host",
        Role::Door => "a door",
    }
}

pub(super) fn right(object: &str, yours: Option<Role>, wanted: Sentence) -> Refusal {
    let yours = yours.map_or_else(|| "have no role".to_owned(), |role| format!("are {}", role_word(role)));
    Refusal::Right { object: object.to_owned(), yours, wanted, least: None }
}

/// Whoever stands below `least`.
pub(crate) fn below(object: &str, yours: Option<Role>, least: Role) -> Refusal {
    match right(object, yours, role_word(least).into()) {
        Refusal::Right { object, yours, wanted, .. } => {
            Refusal::Right { object, yours, wanted, least: Some(least) }
        }
        other => other,
    }
}
