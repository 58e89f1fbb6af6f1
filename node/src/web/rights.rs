//! Who may do what: asked before a page is shown, so that nobody fills in a form for nothing. What counts is what
//! the node says when the form comes.

use klatch_feed::FeedId;
use klatch_feed::meetup::RoleLine;
use klatch_feed::post::Role;

use super::ask::{Problem, Visit};
use crate::daemon::below;

/// All roles, each with its word in forms.
const ROLES: [(Role, &str); 4] =
    [(Role::Owner, "owner"), (Role::Organizer, "organizer"), (Role::Host, "host"), (Role::Door, "door")];

/// The role that a form names.
pub(super) fn named(word: &str) -> Option<Role> {
    ROLES.into_iter().find(|(_, name)| *name == word).map(|(role, _)| role)
}

/// The roles that `mine` may give, each with its word: those below, and an owner all.
pub(super) fn given_by(mine: Role) -> impl Iterator<Item = (Role, &'static str)> {
    ROLES.into_iter().filter(move |(role, _)| mine == Role::Owner || mine < *role)
}

/// Those whose role nobody took.
pub(in crate::web) fn standing(roles: &[RoleLine]) -> impl Iterator<Item = &RoleLine> {
    roles.iter().filter(|line| line.cut.is_none())
}

/// The role that counts.
pub(super) fn role(roles: &[RoleLine], me: &FeedId) -> Option<Role> {
    standing(roles).find(|line| line.feed == *me).map(|line| line.role)
}

/// My role, which must be `least` or above it.
pub(super) fn need(visit: &Visit, title: &str, roles: &[RoleLine], least: Role) -> Result<Role, Problem> {
    let mine = role(roles, &visit.handle.me());
    mine.filter(|mine| *mine <= least).ok_or_else(|| visit.problem(&below(title, mine, least)))
}

/// What I may do with an event or group, as links.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct May {
    /// Change it.
    pub(super) change: bool,
    /// Give seats.
    pub(super) seat: bool,
    /// Stand at its door.
    pub(super) door: bool,
}

impl May {
    pub(super) fn of(roles: &[RoleLine], me: &FeedId) -> Self {
        let mine = role(roles, me);
        let is = |least| mine.is_some_and(|mine| mine <= least);
        Self { change: is(Role::Organizer), seat: is(Role::Host), door: is(Role::Door) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_gives_those_below_it_and_an_owner_all() {
        let cases: [(&str, &[&str]); 4] = [
            ("owner", &["owner", "organizer", "host", "door"]),
            ("organizer", &["host", "door"]),
            ("host", &["door"]),
            ("door", &[]),
        ];
        for (mine, given) in cases {
            let words: Vec<_> = given_by(named(mine).unwrap()).map(|(_, word)| word).collect();
            assert_eq!(words, given, "{mine}");
        }
        assert_eq!(named("member"), None);
    }
}
