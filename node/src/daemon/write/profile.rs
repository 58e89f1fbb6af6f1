//! What one says of oneself, and whom one says one follows.

use klatch_feed::Post;

use super::{On, Plan, Refusal, check_link, no_effect, said};
use crate::daemon::read::person::{Profile, profile};

impl On<'_> {
    /// What is not named stays.
    pub(super) fn profile(
        &self,
        name: Option<String>,
        about: Option<String>,
        links: Option<Vec<String>>,
    ) -> Result<Plan, Refusal> {
        for link in links.iter().flatten() {
            check_link("link", Some(link))?;
        }
        let held = self.own_profile()?;
        if name.is_none() && about.is_none() && links.is_none() {
            return Err(no_effect("say what changes: --name, --about or --link"));
        }
        let was = held.clone().unwrap_or_default();
        let (name, about) = (name.unwrap_or(was.name), about.unwrap_or(was.about));
        let says = Profile { name, about, links: links.unwrap_or(was.links) };
        match held.as_ref() == Some(&says) {
            true => Err(no_effect(said("refused-profile", "", "that is what your profile says already"))),
            false => Ok(Plan::post(Post::Profile { name: says.name, about: says.about, links: says.links })),
        }
    }

    fn own_profile(&self) -> Result<Option<Profile>, Refusal> {
        for feed in self.snapshot.lineage()?.line(self.me).iter().rev() {
            if let Some(profile) = profile(self.snapshot, feed)? {
                return Ok(Some(profile));
            }
        }
        Ok(None)
    }

    /// Others read it: who follows whom is nobody's business until somebody says so.
    pub(super) fn publish_follow(&self, who: &str, on: bool) -> Result<Plan, Refusal> {
        let subject = self.person(who)?;
        match subject.feed == self.me {
            true => Err(no_effect(said("refused-you", "", "this is you"))),
            false => Ok(Plan::post(Post::Follow { subject, on })),
        }
    }
}
