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
mod tests {
    use super::*;

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
