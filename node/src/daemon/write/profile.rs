//! What one says of oneself, and whom one says one follows.

use klatch_feed::Post;
use klatch_feed::post::kind;

use super::{On, Plan, Refusal, is_link, no_effect};

/// Entries of the own log that are read at a time.
const LOOK: usize = 512;

impl On<'_> {
    /// What is not named stays.
    pub(super) fn profile(
        &self,
        name: Option<String>,
        about: Option<String>,
        links: Option<Vec<String>>,
    ) -> Result<Plan, Refusal> {
        for link in links.iter().flatten() {
            is_link("link", Some(link))?;
        }
        let held = self.own_profile()?;
        if name.is_none() && about.is_none() && links.is_none() {
            return Err(no_effect("say what changes: --name, --about or --link"));
        }
        let (held_name, held_about, held_links) = held.clone().unwrap_or_default();
        let (name, about) = (name.unwrap_or(held_name), about.unwrap_or(held_about));
        let links = links.unwrap_or(held_links);
        match held == Some((name.clone(), about.clone(), links.clone())) {
            true => Err(no_effect("that is what your profile says already")),
            false => Ok(Plan::post(Post::Profile { name, about, links })),
        }
    }

    fn own_profile(&self) -> Result<Option<(String, String, Vec<String>)>, Refusal> {
        let (mut found, mut from) = (None, 1);
        for feed in self.snapshot.lineage()?.line(self.me) {
            loop {
                let entries = self.snapshot.entries(&feed, from, LOOK)?;
                for entry in entries.iter().filter(|entry| entry.header().kind == kind::PROFILE) {
                    if let Some(Post::Profile { name, about, links }) =
                        Post::read(entry.header().kind, &entry.header().refs, entry.body())
                    {
                        found = Some((name, about, links));
                    }
                }
                match entries.last() {
                    Some(last) if entries.len() == LOOK => from = last.header().seq + 1,
                    _ => break,
                }
            }
            from = 1;
        }
        Ok(found)
    }

    /// Others read it: who follows whom is nobody's business until somebody says so.
    pub(super) fn publish_follow(&self, who: &str, on: bool) -> Result<Plan, Refusal> {
        let subject = self.person(who)?;
        match subject.feed == self.me {
            true => Err(no_effect("this is you")),
            false => Ok(Plan::post(Post::Follow { subject, on })),
        }
    }
}
