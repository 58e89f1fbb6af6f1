//! Who may see the page: whoever followed a link that this node printed, and scripts that hold its token.
//! Source: spec/page.md, "who may ask".
//!
//! All secrets are of one run of the node: nothing of them is kept on the disk.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::clock::{self, Stopwatch};
use crate::network::hex;

/// Most links that wait to be followed; one more makes the oldest worthless.
pub const LINKS_MAX: usize = 16;
/// How long a link waits to be followed.
pub const LINK_FOR: Duration = Duration::from_secs(10 * 60);

/// The secrets of one run.
pub struct Sessions {
    address: SocketAddr,
    cookie: Secret,
    token: Secret,
    /// Each with when it was made.
    links: Mutex<VecDeque<(Secret, Duration)>>,
    clock: Stopwatch,
}

/// 32 drawn bytes in hex.
struct Secret(Zeroizing<String>);

impl Secret {
    fn draw() -> Self {
        Self(Zeroizing::new(hex(&*Zeroizing::new(clock::random::<32>()))))
    }

    /// Whether somebody said it. Hashes are compared, so that how long it takes tells nothing of the secret.
    fn is(&self, said: &str) -> bool {
        Sha256::digest(self.0.as_bytes()) == Sha256::digest(said.as_bytes())
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Sessions {
    /// Of a page that is served at `address`.
    pub fn new(address: SocketAddr) -> Self {
        let (cookie, token, clock) = (Secret::draw(), Secret::draw(), Stopwatch::start());
        Self { address, cookie, token, links: Mutex::default(), clock }
    }

    /// Where the page is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A new link into the page, good for one visit within [`LINK_FOR`].
    pub fn link(&self) -> String {
        self.link_at(self.clock.elapsed())
    }

    fn link_at(&self, now: Duration) -> String {
        let secret = Secret::draw();
        let link = format!("http://{}/enter/{}", self.address, *secret.0);
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if links.len() == LINKS_MAX {
            links.pop_front();
        }
        links.push_back((secret, now));
        link
    }

    /// Takes a link; it is worth nothing afterwards.
    pub(super) fn enter(&self, said: &str) -> bool {
        self.enter_at(self.clock.elapsed(), said)
    }

    fn enter_at(&self, now: Duration, said: &str) -> bool {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain(|(_, made)| now.saturating_sub(*made) < LINK_FOR);
        let found = links.iter().position(|(secret, _)| secret.is(said));
        found.and_then(|at| links.remove(at)).is_some()
    }

    /// The name of the cookie: each node on a machine has its own, since ports do not part cookies.
    pub(super) fn cookie_name(&self) -> String {
        format!("klatch-{}", self.address.port())
    }

    /// What a browser that followed a link keeps.
    pub(super) fn cookie(&self) -> String {
        format!("{}={}; HttpOnly; SameSite=Strict; Path=/", self.cookie_name(), *self.cookie.0)
    }

    /// Whether a browser said what it was given.
    pub(super) fn knows(&self, cookie: &str) -> bool {
        self.cookie.is(cookie)
    }

    /// What scripts send: `Authorization: Bearer TOKEN`.
    pub fn token(&self) -> String {
        self.token.0.to_string()
    }

    /// Whether a script said it.
    pub(super) fn trusts(&self, token: &str) -> bool {
        self.token.is(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(link: &str) -> &str {
        link.rsplit('/').next().unwrap()
    }

    #[test]
    fn a_link_works_once_and_one_past_the_limit_makes_the_oldest_worthless() {
        let sessions = Sessions::new("127.0.0.1:4748".parse().unwrap());
        let first = sessions.link();
        assert!(first.starts_with("http://127.0.0.1:4748/enter/"), "{first}");
        let more: Vec<_> = (1..LINKS_MAX).map(|_| sessions.link()).collect();
        assert!(sessions.enter(secret(&first)), "as many as may wait do");
        assert!(!sessions.enter(secret(&first)), "once");
        let (kept, oldest) = (&more[1], &more[0]);
        let _ = (sessions.link(), sessions.link());
        assert!(!sessions.enter(secret(oldest)), "one too many wait");
        assert!(sessions.enter(secret(kept)));
        assert!(!sessions.enter(""));
    }

    #[test]
    fn a_link_waits_for_ten_minutes_and_no_longer() {
        let sessions = Sessions::new("127.0.0.1:4748".parse().unwrap());
        let (made, tick) = (Duration::from_secs(7), Duration::from_nanos(1));
        let [used, late] = [made; 2].map(|made| sessions.link_at(made));
        assert!(sessions.enter_at(made + LINK_FOR - tick, secret(&used)));
        let fresh = sessions.link_at(made + LINK_FOR);
        assert!(!sessions.enter_at(made + LINK_FOR, secret(&late)));
        assert!(sessions.enter_at(made + LINK_FOR, secret(&fresh)), "that one is as good as new");
    }

    #[test]
    fn nothing_of_a_secret_stands_in_the_debug_form() {
        let sessions = Sessions::new("127.0.0.1:4748".parse().unwrap());
        let said = format!("{sessions:?}");
        assert!(
            !said.contains(&sessions.token()) && !sessions.cookie().contains(&sessions.token()),
            "{said}"
        );
        assert!(sessions.trusts(&sessions.token()) && !sessions.knows(&sessions.token()));
    }
}
