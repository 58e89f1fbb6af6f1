//! Why a yes is not ranked, as far as everybody can know: what a guest is told when they answer, and where they look.
//! Source: spec/meetup.md, "steering".

use chrono::DateTime;
use chrono_tz::Tz;
use klatch_feed::EventState;
use klatch_feed::post::Policy;

use super::sentence::Sentence;
use super::{seats, steering};

/// What holds an answer back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Hold {
    /// No host has seats to give.
    NoSeats,
    /// All hosts who have closed their lists.
    ListsClosed,
    /// Nobody is ranked before that time.
    Opens(String),
    /// Lots are drawn then.
    Drawn(String),
    /// Nobody is ranked after that time.
    Closed(String),
    /// A person decides.
    ByHand,
}

impl Hold {
    /// What holds back a yes to an event or occurrence that no host has ranked; `None` where a host's node will do it.
    pub(super) fn of(event: &EventState, now_ms: i64) -> Option<Self> {
        let mut giving = event.hosts.iter().filter(|line| seats::gives(event, &line.feed)).peekable();
        if giving.peek().is_none() {
            return Some(Self::NoSeats);
        }
        if giving.all(|line| event.closed.contains(&line.feed)) {
            return Some(Self::ListsClosed);
        }
        if event.policy == Policy::Approval {
            return Some(Self::ByHand);
        }
        // Each occurrence has its own deadlines.
        if event.founded_start.is_some() && event.occ.is_none() {
            return None;
        }
        let is_by_lot = event.policy == Policy::Lottery;
        let closes = steering::deadline(event, event.closes);
        let opens = steering::deadline(event, event.opens).filter(|_| !is_by_lot);
        let at = |at_ms| local(event, at_ms);
        match (opens, closes) {
            (Some(None), _) | (_, Some(None)) => Some(Self::ByHand), // This node does not know the zone.
            (_, Some(Some(closes))) if closes <= now_ms => Some(Self::Closed(at(closes))),
            (_, Some(Some(closes))) if is_by_lot => Some(Self::Drawn(at(closes))),
            (_, None) if is_by_lot => Some(Self::ByHand),
            (Some(Some(opens)), _) if opens > now_ms => Some(Self::Opens(at(opens))),
            _ => None,
        }
    }
}

/// In the event's own zone: `Wed 2 Dec 2026, 18:30`.
pub(super) fn local(event: &EventState, at_ms: i64) -> String {
    let zone: Tz = event.zone.parse().unwrap_or_default();
    let at = DateTime::from_timestamp_millis(at_ms).unwrap_or_default().with_timezone(&zone);
    at.format("%a %-d %b %Y, %H:%M").to_string()
}

impl Hold {
    /// In a sentence.
    pub(super) fn sentence(&self) -> Sentence {
        let (key, text) = match self {
            Self::NoSeats => {
                ("refused-hold-seats", "no host has a seat left to give: ask them for more".to_owned())
            }
            Self::ListsClosed => {
                ("refused-hold-lists", "its hosts closed their lists, and rank nobody more".to_owned())
            }
            Self::Opens(at) => ("refused-hold-opens", format!("hosts rank answers from {at} on")),
            Self::Drawn(at) => ("refused-hold-draw", format!("lots are drawn at {at}")),
            Self::Closed(at) => (
                "refused-hold-closed",
                format!("answers closed at {at}: a host can still give a seat by hand"),
            ),
            Self::ByHand => ("refused-hold-hand", "a host decides by hand".to_owned()),
        };
        Sentence::said(key, "", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use klatch_feed::FeedId;

    /// An event at 2026-12-01T18:30Z with one host, who gives seats, and so many minutes before it.
    fn held(change: impl Fn(&mut EventState), minutes: i64) -> Option<String> {
        let (none, host): ([u8; 0], _) = ([], FeedId::new([1; 32]));
        let mut event: EventState = serde_json::from_value(serde_json::json!({
            "id": klatch_feed::EntryId::new([9; 32]), "group": null, "in_group": false, "author": host, "title": "Tea",
            "start": "2026-12-01T18:30", "zone": "UTC", "minutes": 60, "place": "", "about": "", "capacity": 2,
            "split": false, "revision": 0, "tips": none, "cancelled": false,
            "hosts": [{ "feed": host, "role": "owner", "quota": 2 }], "seated": none, "waiting": none,
            "provisional": none, "unranked": none, "maybe": none, "no": none, "attendance": none, "incomplete": false,
        }))
        .unwrap();
        change(&mut event);
        Hold::of(&event, 1_796_149_800_000 - minutes * 60_000).map(|hold| hold.sentence().to_string())
    }

    #[test]
    fn what_holds_an_answer_back_is_said() {
        type Change = fn(&mut EventState);
        let lot = |event: &mut EventState| (event.policy, event.closes) = (Policy::Lottery, 60);
        let cases: [(&str, Change, i64, Option<&str>); 14] = [
            ("a host's node ranks", |_| {}, 500, None),
            ("no share", |event| event.hosts[0].quota = Some(0), 500, Some("no host has a seat left")),
            ("without limit", |event| (event.capacity, event.hosts[0].quota) = (None, None), 500, None),
            ("closed", |event| event.closed = vec![event.hosts[0].feed], 500, Some("closed their lists")),
            ("approval", |event| event.policy = Policy::Approval, 500, Some("by hand")),
            ("too early", |event| event.opens = 100, 101, Some("from Tue 1 Dec 2026, 16:50 on")),
            ("open", |event| event.opens = 100, 100, None),
            ("still open", |event| event.closes = 60, 61, None),
            ("too late", |event| event.closes = 60, 60, Some("closed at Tue 1 Dec 2026, 17:30")),
            ("before the draw", lot, 61, Some("drawn at Tue 1 Dec 2026, 17:30")),
            ("after it", lot, 60, Some("closed at Tue 1 Dec 2026, 17:30")),
            ("never drawn", |event| event.policy = Policy::Lottery, 61, Some("by hand")),
            (
                "no such zone",
                |event| (event.opens, event.zone) = (9, "Mars/Base".to_owned()),
                500,
                Some("by hand"),
            ),
            (
                "a whole series",
                |event| (event.opens, event.founded_start) = (9, Some(event.start.clone())),
                500,
                None,
            ),
        ];
        for (name, change, minutes, wanted) in cases {
            let said = held(change, minutes);
            assert_eq!(said.is_some(), wanted.is_some(), "{name}: {said:?}");
            assert!(said.unwrap_or_default().contains(wanted.unwrap_or_default()), "{name}");
        }
    }
}
