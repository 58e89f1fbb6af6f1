//! When connections end so that what was said on them is said anew. Source: spec/feed.md, "succession".

use klatch_gossip::sync::Millis;

/// So long lies between two: who can bring one about would else keep a pub from ever talking.
const RENEW_AFTER: Millis = 60 * 60 * 1000;

/// When they end next, and did last.
#[derive(Debug, Default)]
pub(super) struct Renewal {
    due: Option<Millis>,
    last: Option<Millis>,
}

impl Renewal {
    /// Something said on them is lost.
    pub(super) fn ask(&mut self, now: Millis) {
        let first = self.last.map_or(now, |last| now.max(last + RENEW_AFTER));
        self.due.get_or_insert(first);
    }

    pub(super) const fn next_at(&self) -> Option<Millis> {
        self.due
    }

    /// Whether they are to end now.
    pub(super) fn is_due(&mut self, now: Millis) -> bool {
        let is_due = self.due.is_some_and(|due| due <= now);
        if is_due {
            (self.due, self.last) = (None, Some(now));
        }
        is_due
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use klatch_feed::SecretKey;
    use klatch_gossip::{link, noise};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::mpsc;

    use super::super::hub::Hub;
    use super::super::links::Met;
    use super::super::links::tests::{crowd, started};
    use super::super::strangers::Strangers;
    use super::*;
    use crate::network::Network;

    pub(in crate::net) fn local(network: &Network, secret: SecretKey) -> noise::Local {
        noise::Local::new(noise::Network::new(network.id(), *network.key()), secret).unwrap()
    }

    #[tokio::test]
    async fn a_connection_that_began_before_a_statement_may_have_been_crowded_out_ends_and_a_later_one_stays()
    {
        let folder = tempfile::tempdir().unwrap();
        let (daemon, network) = started(folder.path());
        let handle = daemon.handle();
        let mine = Arc::new(local(&network, SecretKey::from_seed(&handle.secret().seed())));
        let (events, _heard) = mpsc::channel(64);
        let strangers = Strangers::start(64).unwrap();
        let mut hub = Hub::new(handle.clone(), Arc::clone(&mine), events, vec![], strangers, 64);
        let mut changes = handle.changes();
        let mut met = Vec::new();
        for seed in [1, 2] {
            let peer = SecretKey::from_seed(&[seed; 32]);
            let (feed, theirs) = (peer.feed(), local(&network, peer));
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut stream = TcpStream::connect(address).await.unwrap();
            let (mut other, _) = listener.accept().await.unwrap();
            let channels =
                tokio::join!(link::initiate(&mut stream, &mine, feed), link::respond(&mut other, &theirs));
            hub.meet(Met { stream, channel: channels.0.unwrap(), address }).unwrap();
            met.push((feed, other, channels.1.unwrap()));
            if seed == 1 {
                crowd(&handle, &network).await;
            }
        }
        hub.tick();
        assert_eq!(hub.links.len(), 2, "nothing was heard of it yet");
        loop {
            let heard = changes.recv().await;
            let is_it = heard.as_ref().is_ok_and(|changes| changes.crowded);
            hub.on_changes(heard);
            if is_it {
                break;
            }
        }
        assert!(hub.next_at().is_some_and(|at| at <= hub.now()), "at once");
        hub.tick();
        let left: Vec<_> = hub.links.values().map(|link| link.peer).collect();
        assert_eq!(left, [met[1].0]);
    }

    #[test]
    fn the_first_is_at_once_and_the_next_an_hour_later_however_often_it_is_asked_for() {
        let mut renewal = Renewal::default();
        assert!(!renewal.is_due(0) && renewal.next_at().is_none());
        renewal.ask(5);
        assert_eq!(renewal.next_at(), Some(5));
        assert!(renewal.is_due(6) && !renewal.is_due(7));
        for now in [8, 9, RENEW_AFTER] {
            renewal.ask(now);
            assert_eq!(renewal.next_at(), Some(6 + RENEW_AFTER));
        }
        assert!(!renewal.is_due(5 + RENEW_AFTER) && renewal.is_due(6 + RENEW_AFTER));
        renewal.ask(3 * RENEW_AFTER);
        assert!(renewal.is_due(3 * RENEW_AFTER), "long after the last");
    }
}
