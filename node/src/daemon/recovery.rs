//! When a recovering home may post again: what peers said of its owner's feed, and for how long nothing
//! longer came. Source: spec/feed.md, "recovering".
//!
//! No I/O and no clock: times are milliseconds of a clock that only goes forward, given by the caller.

use std::collections::BTreeMap;

use klatch_feed::{FeedId, Seq};
use klatch_gossip::sync::Millis;
use klatch_store::Held;

/// How long nothing longer of the own feed must have come.
pub const SETTLE: Millis = 60_000;
/// Most peers whose word is remembered: the rest would change nothing.
const PEERS_MAX: usize = 1024;

/// First eight bytes of an entry's id.
pub type Id8 = [u8; 8];

/// What a connected peer said at the opening.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    /// Who.
    pub peer: FeedId,
    /// Whether it is a pub that was joined, or marked as a home.
    pub home: bool,
    /// What it holds of the own feed; `None`: nothing, and all else is exchanged.
    pub claim: Option<(Seq, Id8)>,
}

/// The evidence of one recovery, in memory: a restart asks anew.
#[derive(Debug)]
pub struct Recovery {
    settle: Millis,
    /// How many own entries are known to exist: fewer are not all.
    least: Seq,
    len: Seq,
    /// When the own feed grew last, or the recovery began.
    grew_at: Millis,
    /// When a peer confirmed last.
    new_at: Millis,
    /// Since when two peers confirm, one of them a home.
    met_at: Option<Millis>,
    peers: BTreeMap<FeedId, Peer>,
    twin: Twin,
}

#[derive(Clone, Copy, Debug)]
struct Peer {
    home: bool,
    /// What it said that it holds of the own feed.
    claim: (Seq, Id8),
    /// All that it claims is held here: it delivered its head.
    confirmed: bool,
}

/// Another node with the own key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Twin {
    Unseen,
    Here,
    GoneSince(Millis),
}

/// How far a recovery is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Evidence {
    /// Who delivered their head, and whether they are a home.
    pub confirmed: Vec<(FeedId, bool)>,
    /// Another node runs with the own key, or did a moment ago.
    pub twin: bool,
    /// How many own entries are known to exist, if that is more than are held.
    pub least: Option<Seq>,
    /// When [`Evidence::ready`] can become true at the earliest, if nothing else comes.
    pub ready_at: Option<Millis>,
    /// Two peers delivered their heads, one of them a home, and nothing longer came: posting may go on.
    pub ready: bool,
    /// Somebody delivered their head and nothing longer came: posting may go on if the user says that
    /// nothing newer exists.
    pub may_accept: bool,
    /// When that can become true at the earliest.
    pub accept_at: Option<Millis>,
}

impl Recovery {
    /// Nothing is known yet.
    pub fn new(settle: Millis, now: Millis, least: Seq, len: Seq) -> Self {
        Self {
            settle,
            least,
            len,
            grew_at: now,
            new_at: now,
            met_at: None,
            peers: BTreeMap::new(),
            twin: Twin::Unseen,
        }
    }

    /// Waits so long for something longer.
    pub fn settle_after(&mut self, settle: Millis) {
        self.settle = settle;
    }

    /// How many own entries are held, as far as it was told.
    pub fn held(&self) -> Seq {
        self.len
    }

    /// A peer says what it holds of the own feed, at the opening of a connection. Only the first word of a
    /// peer counts: later ones may tell no more than what this node sent it.
    pub fn claims(
        &mut self,
        now: Millis,
        peer: FeedId,
        home: bool,
        claim: (Seq, Id8),
        mine: impl Fn(Seq) -> Option<Id8>,
    ) {
        let full = self.peers.len() >= PEERS_MAX && !home;
        match self.peers.get_mut(&peer) {
            Some(known) if known.home == home => return,
            Some(known) => known.home = home, // The user marked it meanwhile, or took the mark away.
            None if full || claim.0 == 0 => return,
            None => drop(self.peers.insert(peer, Peer { home, claim, confirmed: false })),
        }
        self.look(now, mine);
    }

    /// A peer connected and said that it holds nothing of the own feed.
    pub fn claims_nothing(&mut self, peer: FeedId) {
        if self.peers.len() < PEERS_MAX {
            self.peers.entry(peer).or_insert(Peer { home: false, claim: (0, [0; 8]), confirmed: false });
        }
    }

    /// The own feed has this many entries now; `mine` tells their ids.
    pub fn holds(&mut self, now: Millis, len: Seq, mine: impl Fn(Seq) -> Option<Id8>) {
        if len > self.len {
            (self.len, self.grew_at) = (len, now);
            self.look(now, mine);
        }
    }

    /// Another node with the own key connected, or went.
    pub fn twin(&mut self, now: Millis, here: bool) {
        self.twin = if here { Twin::Here } else { Twin::GoneSince(now) };
    }

    /// Who has delivered by now all that they claimed?
    fn look(&mut self, now: Millis, mine: impl Fn(Seq) -> Option<Id8>) {
        for peer in self.peers.values_mut().filter(|peer| !peer.confirmed && peer.claim.0 > 0) {
            let (seq, id) = peer.claim;
            if seq <= self.len && mine(seq) == Some(id) {
                (peer.confirmed, self.new_at) = (true, now);
            }
        }
        let mut confirmed = self.peers.values().filter(|peer| peer.confirmed);
        let is_met = confirmed.clone().any(|peer| peer.home) && confirmed.nth(1).is_some();
        self.met_at = is_met.then(|| self.met_at.unwrap_or(now));
    }

    /// How far it is.
    pub fn standing(&self, now: Millis) -> Evidence {
        let peers = self.peers.iter().filter(|(_, peer)| peer.confirmed);
        let confirmed: Vec<_> = peers.map(|(feed, peer)| (*feed, peer.home)).collect();
        let quiet_from = match self.twin {
            Twin::Unseen => self.grew_at,
            Twin::GoneSince(at) => self.grew_at.max(at),
            Twin::Here => Millis::MAX,
        };
        let after = |at: Millis| quiet_from.max(at).saturating_add(self.settle);
        let possible = self.len > 0 && self.len >= self.least && self.twin != Twin::Here;
        let ready_at = self.met_at.filter(|_| possible).map(after);
        let accept_at = (possible && !confirmed.is_empty()).then(|| after(self.new_at));
        let due = |at: Option<Millis>| at.is_some_and(|at| now >= at);
        Evidence {
            twin: match self.twin {
                Twin::Unseen => false,
                Twin::Here => true,
                Twin::GoneSince(at) => now < at.saturating_add(self.settle),
            },
            least: (self.len < self.least).then_some(self.least),
            ready: due(ready_at),
            may_accept: due(accept_at),
            confirmed,
            ready_at,
            accept_at,
        }
    }
}

/// What is going on with own posts, and what to do: for every place that says so.
pub(crate) fn plainly(held: &Held) -> String {
    let next = match held {
        Held::Forked { .. } => {
            "Go on under a new key, which keeps the branch you choose: stop `klatch up` on the copy that has it, and run \
             `klatch succeed` there with your recovery words"
        }
        Held::Succeeded { .. } => {
            "If that was you, `klatch succeed` with the same words makes this home the new key's; if not, somebody has \
             your words: tell those who follow you by another way than this log"
        }
        Held::Outdone { .. } => {
            "`klatch succeed` with your recovery words makes this home the other key's. What you posted under this one, \
             `klatch log` shows, so that you can post it again. If no copy of yours went on, somebody has your words"
        }
        _ => {
            "Posting is off until it is sure that nothing of yours is missing, since it could fork your log: \
             `klatch up` asks other nodes, and `klatch recover` shows how far that is"
        }
    };
    format!("{held}. {next}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(n: u8) -> FeedId {
        FeedId::new([n; 32])
    }

    fn id(seq: Seq) -> Id8 {
        u64::from(seq).to_be_bytes()
    }

    /// One thing that happens, at a time.
    #[derive(Clone, Copy, Debug)]
    enum Act {
        /// Peer, home, claimed length.
        Says(u8, bool, Seq),
        /// Another entry at that place than here.
        Differs(u8, bool, Seq),
        Nothing(u8),
        Grows(Seq),
        Twin(bool),
    }
    use Act::*;

    fn play(least: Seq, len: Seq, acts: &[(Millis, Act)]) -> Recovery {
        let mut recovery = Recovery::new(SETTLE, 0, least, len);
        let mut held = len;
        for (now, act) in acts {
            let at = held;
            let mine = |seq: Seq| (seq <= at).then(|| id(seq));
            match *act {
                Says(peer, home, len) => recovery.claims(*now, feed(peer), home, (len, id(len)), mine),
                Differs(peer, home, len) => recovery.claims(*now, feed(peer), home, (len, [9; 8]), mine),
                Nothing(peer) => recovery.claims_nothing(feed(peer)),
                Grows(len) => {
                    held = len;
                    recovery.holds(*now, len, |seq| (seq <= len).then(|| id(seq)));
                }
                Twin(here) => recovery.twin(*now, here),
            }
        }
        recovery
    }

    /// What happens where so many entries are known of and so many held, and the moments of
    /// [`moments`].
    type Case<'a> = (&'a str, Seq, Seq, &'a [(Millis, Act)], Option<Millis>, Option<Millis>);

    /// The first moments at which posting may go on by itself, and by the user's word.
    fn moments(recovery: &Recovery) -> (Option<Millis>, Option<Millis>) {
        let standing = recovery.standing(0);
        for (at, is) in [
            (standing.ready_at, (|s: &Evidence| s.ready) as fn(&Evidence) -> bool),
            (standing.accept_at, |s| s.may_accept),
        ] {
            match at {
                Some(at) => {
                    assert!(is(&recovery.standing(at)), "at its moment");
                    assert!(!is(&recovery.standing(at - 1)), "and not a millisecond before");
                }
                None => assert!(!is(&recovery.standing(Millis::MAX)), "never"),
            }
        }
        (standing.ready_at, standing.accept_at)
    }

    #[test]
    fn posting_goes_on_exactly_when_the_rules_say() {
        const M: Millis = SETTLE;
        let cases: &[Case<'_>] = &[
            ("nobody", 0, 5, &[], None, None),
            ("nobody who holds it", 0, 5, &[(1, Nothing(1)), (2, Nothing(2))], None, None),
            ("one", 0, 5, &[(7, Says(1, false, 5))], None, Some(7 + M)),
            ("one home alone", 0, 5, &[(7, Says(1, true, 5))], None, Some(7 + M)),
            ("two, no home", 0, 5, &[(7, Says(1, false, 5)), (8, Says(2, false, 3))], None, Some(8 + M)),
            ("two", 0, 5, &[(7, Says(1, true, 5)), (8, Says(2, false, 3))], Some(8 + M), Some(8 + M)),
            ("one, twice", 0, 5, &[(7, Says(1, true, 5)), (8, Says(1, true, 4))], None, Some(7 + M)),
            (
                "a third is no reason to wait, but for who asks the user",
                0,
                5,
                &[(7, Says(1, true, 5)), (8, Says(2, false, 3)), (9, Says(3, false, 3))],
                Some(8 + M),
                Some(9 + M),
            ),
            (
                "longer, not delivered",
                0,
                5,
                &[(1, Says(1, true, 5)), (8, Says(2, true, 6))],
                None,
                Some(1 + M),
            ),
            (
                "longer, delivered",
                0,
                5,
                &[(1, Says(1, true, 5)), (8, Says(2, false, 9)), (20, Grows(7)), (30, Grows(9))],
                Some(30 + M),
                Some(30 + M),
            ),
            (
                "longer from elsewhere, when all was settled",
                0,
                5,
                &[(1, Says(1, true, 5)), (2, Says(2, false, 5)), (30, Grows(6))],
                Some(30 + M),
                Some(30 + M),
            ),
            ("another branch", 0, 5, &[(1, Says(1, true, 5)), (2, Differs(2, true, 4))], None, Some(1 + M)),
            (
                "had it from here only",
                0,
                5,
                &[(1, Says(1, true, 5)), (2, Nothing(2)), (3, Says(2, false, 5))],
                None,
                Some(1 + M),
            ),
            (
                "marked as a home later",
                0,
                5,
                &[(1, Says(1, false, 5)), (2, Says(2, false, 5)), (9, Says(1, true, 5))],
                Some(9 + M),
                Some(2 + M),
            ),
            (
                "marked no longer",
                0,
                5,
                &[(1, Says(1, true, 5)), (2, Says(2, false, 5)), (9, Says(1, false, 5))],
                None,
                Some(2 + M),
            ),
            ("nothing found", 0, 0, &[(1, Says(1, true, 5)), (2, Says(2, true, 5))], None, None),
            ("less than is known of", 6, 5, &[(1, Says(1, true, 5)), (2, Says(2, true, 5))], None, None),
            (
                "as much as is known of",
                6,
                5,
                &[(1, Says(1, true, 5)), (2, Says(2, true, 5)), (3, Grows(6))],
                Some(3 + M),
                Some(3 + M),
            ),
            (
                "a twin that runs",
                0,
                5,
                &[(1, Says(1, true, 5)), (2, Says(2, true, 5)), (3, Twin(true))],
                None,
                None,
            ),
            (
                "a twin that went",
                0,
                5,
                &[(1, Says(1, true, 5)), (2, Says(2, true, 5)), (3, Twin(true)), (9, Twin(false))],
                Some(9 + M),
                Some(9 + M),
            ),
        ];
        for (name, least, len, acts, ready, accept) in cases {
            let recovery = play(*least, *len, acts);
            assert_eq!(moments(&recovery), (*ready, *accept), "{name}");
        }
    }

    #[test]
    fn words_of_any_number_of_peers_take_bounded_memory_and_a_home_is_still_heard() {
        let mut recovery = Recovery::new(SETTLE, 0, 0, 5);
        let numbered = |n: usize| FeedId::new(std::array::from_fn(|at| n.to_be_bytes()[at % 8]));
        for n in 0..2 * PEERS_MAX {
            recovery.claims(0, numbered(n), false, (6, id(6)), |_| None);
        }
        recovery.claims_nothing(feed(200));
        assert_eq!(recovery.peers.len(), PEERS_MAX);
        recovery.claims(1, feed(201), true, (5, id(5)), |seq| Some(id(seq)));
        assert!(recovery.standing(1 + SETTLE).may_accept);
    }
}
