//! Where others may be, as this node's owner said: peers and pubs by address or name, and whom to leave alone.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use klatch_feed::FeedId;
use klatch_gossip::peers::Source;
use klatch_gossip::sync::Input;
use klatch_store::DiskError;

use super::dial;
use super::hub::{Event, Hub};
use super::report::Joined;
use crate::daemon::Spaces;
use crate::pub_server::Role;

/// A name that stands for nothing is asked about again after this long.
const NAME_AGAIN: Duration = Duration::from_secs(30);

impl Hub {
    /// Whom to follow, block, dial and call what, as its owner decided.
    pub(super) fn look_up_facts(&mut self) {
        if let Err(error) = self.try_look_up_facts() {
            tracing::error!(%error, "the peers this node knows cannot be read");
        }
    }

    fn try_look_up_facts(&mut self) -> Result<(), DiskError> {
        let snapshot = self.handle.reader().snapshot()?;
        let feeds = |space: &str| -> Result<BTreeMap<FeedId, Vec<u8>>, DiskError> {
            let rows = snapshot.locals(space)?.into_iter();
            Ok(rows.filter_map(|(key, value)| Some((FeedId::new(key.try_into().ok()?), value))).collect())
        };
        self.book.follow(feeds(Spaces::FOLLOW)?.into_keys().collect());
        self.members = feeds(Spaces::MEMBER)?.into_keys().collect();
        self.homes = feeds(Spaces::HOME)?.into_keys().collect();
        let blocked: BTreeSet<_> = feeds(Spaces::BLOCK)?.into_keys().collect();
        blocked.iter().for_each(|feed| self.book.forget(feed));
        let mut places = Vec::new();
        for (feed, value) in feeds(Spaces::PEER)? {
            let listed: Vec<String> = serde_json::from_slice(&value).unwrap_or_default();
            places.extend(listed.into_iter().map(|place| (feed, place, Source::Given)));
        }
        let pubs = feeds(Spaces::PUB)?;
        self.pubs = pubs.keys().copied().collect();
        self.is_pub = Role::read(&snapshot)?.is_some();
        for link in self.links.values_mut().filter(|link| !link.is_open) {
            if self.pubs.contains(&link.peer) {
                link.is_open = true;
                link.tell(Input::Open); // It has just been joined.
            }
        }
        for (feed, value) in pubs {
            let joined = serde_json::from_slice::<Joined>(&value).ok();
            places.extend(joined.map(|joined| (feed, joined.address, Source::Pub)));
        }
        for (feed, place, source) in places.into_iter().filter(|(feed, ..)| !blocked.contains(feed)) {
            self.place(feed, place, source);
        }
        self.roster.block(blocked).into_iter().for_each(|link| self.drop_link(link));
        Ok(())
    }

    /// Learns where a feed may be.
    pub(super) fn place(&mut self, feed: FeedId, place: String, source: Source) {
        if let Ok(address) = place.parse::<SocketAddr>() {
            self.book.learn(self.now(), feed, source, &[address]);
            return;
        }
        let names = self.named.entry(feed).or_default();
        if names.iter().all(|(held, _)| *held != place) {
            names.push((place.clone(), source));
            self.resolve(feed, place, source, false);
        }
    }

    /// Asks what a name stands for. `again` tells that it was asked about before, and nobody was reached there.
    pub(super) fn resolve(&mut self, feed: FeedId, place: String, source: Source, again: bool) {
        if !self.asking.insert((feed, place.clone())) {
            return; // Nobody has answered yet: each failed dial would ask once more, for as long as there is no network.
        }
        let events = self.events.clone();
        self.tasks.spawn(async move {
            loop {
                match dial::resolve(&place).await {
                    Ok(addrs) => {
                        let resolved = Event::Resolved { feed, place, source, addrs, again };
                        return drop(events.send(resolved).await);
                    }
                    Err(error) => tracing::debug!(%error, "asking again later"),
                }
                tokio::select! {
                    () = events.closed() => return,
                    () = tokio::time::sleep(NAME_AGAIN) => {}
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use klatch_feed::SecretKey;
    use tokio::sync::mpsc;

    use super::super::links::tests::started;
    use super::super::renewal::tests::local;
    use super::super::strangers::Strangers;
    use super::*;

    #[tokio::test]
    async fn a_name_is_asked_about_once_at_a_time_and_again_when_that_is_answered() {
        let folder = tempfile::tempdir().unwrap();
        let (daemon, network) = started(folder.path());
        let (events, mut heard) = mpsc::channel(64);
        let mine = Arc::new(local(&network, SecretKey::from_seed(&[1; 32])));
        let mut hub = Hub::new(daemon.handle(), mine, events, vec![], Strangers::start(64).unwrap(), 64);
        let ask = |hub: &mut Hub, feed, place: &str| {
            hub.resolve(FeedId::new([feed; 32]), place.to_owned(), Source::Given, true);
            hub.tasks.len()
        };
        let (nothing, something) = ("a name without a port", "127.0.0.1:9");
        let asked = [(2, nothing), (2, nothing), (3, nothing), (3, nothing), (2, something), (2, something)];
        assert_eq!(asked.map(|(feed, place)| ask(&mut hub, feed, place)), [1, 1, 2, 2, 3, 3]);
        let answered = heard.recv().await.unwrap();
        hub.on(answered);
        assert_eq!(hub.book.addrs(&FeedId::new([2; 32])).len(), 1);
        ask(&mut hub, 2, something);
        let again = heard.recv().await.unwrap();
        assert!(matches!(again, Event::Resolved { again: true, .. }), "{again:?}");
    }
}
